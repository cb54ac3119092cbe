//! An aggregator's own words for one thing.

use chrono::Utc;
use diesel::OptionalExtension;
use diesel::sql_types::{Integer, Jsonb, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use kapal_domain::event::EventKind;
use kapal_domain::ids::AggregatorId;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::sql::sql;
use crate::stored::Stored;
use crate::{Change, Error, Result, Subject, TenantTx};

/// Groups of words for one thing.
pub type SynonymGroups = Vec<Vec<String>>;

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
    #[diesel(sql_type = Jsonb, deserialize_as = Stored<Vec<String>>)]
    groups: SynonymGroups,
    #[diesel(sql_type = Integer)]
    version: i32,
}

sql! {
    ReadSynonyms {}
    "SELECT aggregator_id, groups, version FROM search_synonyms"
}

sql! {
    ReadOwnSynonyms { aggregator: Uuid => SqlUuid }
    "SELECT aggregator_id, groups, version FROM search_synonyms WHERE aggregator_id = $1"
}

sql! {
    PutSynonyms { aggregator: Uuid => SqlUuid, groups: Value => Jsonb, version: i32 => Integer, now: chrono::DateTime<Utc> => Timestamptz }
    "INSERT INTO search_synonyms (aggregator_id, groups, version, updated_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT (aggregator_id) DO UPDATE SET groups = excluded.groups, version = excluded.version,
        updated_at = excluded.updated_at"
}

/// The own words of all aggregators that have any.
pub(super) async fn all_synonyms(
    connection: &mut AsyncPgConnection,
) -> Result<Vec<(AggregatorId, SynonymGroups)>> {
    let rows: Vec<Row> = ReadSynonyms {}.load(connection).await?;
    Ok(rows.into_iter().map(|row| (row.aggregator_id.into(), row.groups)).collect())
}

impl TenantTx<'_> {
    /// The aggregator's own words, with their version: 1 before the first were set.
    pub async fn search_synonyms(&mut self) -> Result<(SynonymGroups, i32)> {
        let row: Option<Row> =
            ReadOwnSynonyms { aggregator: self.tenant() }.get_result(&mut **self).await.optional()?;
        Ok(row.map_or((Vec::new(), 1), |row| (row.groups, row.version)))
    }

    /// Sets the aggregator's own words in place of those of version `expected`. Equal ones change nothing.
    pub async fn put_search_synonyms(
        &mut self,
        groups: SynonymGroups,
        expected: i32,
    ) -> Result<(SynonymGroups, i32)> {
        self.lock_search_tuning().await?;
        let (before, version) = self.search_synonyms().await?;
        if version != expected {
            return Err(Error::Stale(version));
        }
        if before == groups {
            return Ok((groups, version));
        }
        let version = version + 1;
        let put = PutSynonyms { aggregator: self.tenant(), groups: json!(groups), version, now: Utc::now() };
        put.execute(&mut **self).await?;
        self.record(
            Change::new(EventKind::SearchSynonymsChanged, Subject("aggregator", self.tenant()))
                .data(json!({ "version": version }))
                .from_to(json!({ "groups": before }), json!({ "groups": groups })),
        );
        Ok((groups, version))
    }
}
