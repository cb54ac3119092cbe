//! How much what is known of a product besides its words counts in an aggregator's searches.

use chrono::{DateTime, Utc};
use diesel::OptionalExtension;
use diesel::sql_types::{Integer, SmallInt, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use kapal_domain::event::EventKind;
use kapal_domain::ids::AggregatorId;
use kapal_domain::search_weights::SearchWeights;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::sql::sql;
use crate::{Change, Error, Result, Subject, TenantTx};

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
    #[diesel(sql_type = SmallInt)]
    mutiara: i16,
    #[diesel(sql_type = SmallInt)]
    each_star: i16,
    #[diesel(sql_type = SmallInt)]
    in_stock: i16,
    #[diesel(sql_type = SmallInt)]
    fresh: i16,
    #[diesel(sql_type = SmallInt)]
    half_life_days: i16,
    #[diesel(sql_type = Integer)]
    version: i32,
}

impl Row {
    const fn weights(&self) -> SearchWeights {
        let Self { mutiara, each_star, in_stock, fresh, half_life_days, .. } = *self;
        SearchWeights { mutiara, each_star, in_stock, fresh, half_life_days }
    }
}

sql! {
    ReadWeights {}
    "SELECT aggregator_id, mutiara, each_star, in_stock, fresh, half_life_days, version FROM search_weights"
}

sql! {
    ReadOwnWeights { aggregator: Uuid => SqlUuid }
    "SELECT aggregator_id, mutiara, each_star, in_stock, fresh, half_life_days, version FROM search_weights
     WHERE aggregator_id = $1"
}

sql! {
    PutWeights {
        aggregator: Uuid => SqlUuid, mutiara: i16 => SmallInt, each_star: i16 => SmallInt, in_stock: i16 => SmallInt,
        fresh: i16 => SmallInt, half_life_days: i16 => SmallInt, version: i32 => Integer,
        now: DateTime<Utc> => Timestamptz,
    }
    "INSERT INTO search_weights
        (aggregator_id, mutiara, each_star, in_stock, fresh, half_life_days, version, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (aggregator_id) DO UPDATE SET mutiara = excluded.mutiara, each_star = excluded.each_star,
        in_stock = excluded.in_stock, fresh = excluded.fresh, half_life_days = excluded.half_life_days,
        version = excluded.version, updated_at = excluded.updated_at"
}

/// The own weights of all aggregators that have any.
pub(super) async fn all_weights(
    connection: &mut AsyncPgConnection,
) -> Result<Vec<(AggregatorId, SearchWeights)>> {
    let rows: Vec<Row> = ReadWeights {}.load(connection).await?;
    Ok(rows.into_iter().map(|row| (row.aggregator_id.into(), row.weights())).collect())
}

impl TenantTx<'_> {
    /// The aggregator's weights, with their version: the standard ones are version 1.
    pub async fn search_weights(&mut self) -> Result<(SearchWeights, i32)> {
        let row: Option<Row> =
            ReadOwnWeights { aggregator: self.tenant() }.get_result(&mut **self).await.optional()?;
        Ok(row.map_or((SearchWeights::STANDARD, 1), |row| (row.weights(), row.version)))
    }

    /// Sets the aggregator's weights in place of those of version `expected`. Equal ones change nothing.
    pub async fn put_search_weights(
        &mut self,
        weights: SearchWeights,
        expected: i32,
    ) -> Result<(SearchWeights, i32)> {
        self.lock_search_tuning().await?;
        let (before, version) = self.search_weights().await?;
        if version != expected {
            return Err(Error::Stale(version));
        }
        if before == weights {
            return Ok((weights, version));
        }
        let version = version + 1;
        let SearchWeights { mutiara, each_star, in_stock, fresh, half_life_days } = weights;
        let (aggregator, now) = (self.tenant(), Utc::now());
        let put =
            PutWeights { aggregator, mutiara, each_star, in_stock, fresh, half_life_days, version, now };
        put.execute(&mut **self).await?;
        self.record(
            Change::new(EventKind::SearchWeightsChanged, Subject("aggregator", aggregator))
                .data(json!({ "version": version }))
                .from_to(facts(before), facts(weights)),
        );
        Ok((weights, version))
    }
}

fn facts(weights: SearchWeights) -> Value {
    let SearchWeights { mutiara, each_star, in_stock, fresh, half_life_days } = weights;
    json!({
        "mutiara": mutiara, "each_star": each_star, "in_stock": in_stock, "fresh": fresh, "half_life_days": half_life_days,
    })
}
