//! How far each tenant's public log has come, as this process knows it: what a conditional read is answered from
//! without a query. Commits of this process move it at once, those of others when the next look is taken.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use diesel::sql_types::{BigInt, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::ids::AggregatorId;
use uuid::Uuid;

use crate::db::lend;
use crate::{Db, Result};

/// Older knowledge than this answers nothing: the database may be away.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// The known ends of the public logs.
#[derive(Debug, Default)]
pub struct Heads(RwLock<Known>);

#[derive(Debug, Default)]
struct Known {
    by_slug: HashMap<String, AggregatorId>,
    public_seq: HashMap<AggregatorId, i64>,
    looked_at: Option<Instant>,
}

impl Known {
    fn is_trusted(&self) -> bool {
        self.looked_at.is_some_and(|at| at.elapsed() < TRUSTED_FOR)
    }
}

impl Heads {
    /// The state of one aggregator's storefront as a number that grows with each change, also of what the platform
    /// keeps for all, such as categories; None when unknown, or when there is no such storefront.
    pub fn of(&self, slug: &str) -> Option<i64> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if !known.is_trusted() {
            return None;
        }
        let platform = known.public_seq.get(&AggregatorId::PLATFORM)?;
        Some(known.public_seq.get(known.by_slug.get(slug)?)? + platform)
    }

    /// The state of the national storefront: the sum over all tenants grows with each change of any.
    pub fn national(&self) -> Option<i64> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.is_trusted().then(|| known.public_seq.values().sum())
    }

    /// Notes what a commit of this process made of a tenant's number.
    pub(crate) fn advance(&self, aggregator: AggregatorId, public_seq: i64) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let seq = known.public_seq.entry(aggregator).or_default();
        *seq = public_seq.max(*seq);
    }
}

#[derive(diesel::QueryableByName)]
struct Head {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
    #[diesel(sql_type = Nullable<Text>)]
    slug: Option<String>,
    #[diesel(sql_type = BigInt)]
    public_seq: i64,
}

impl Db {
    /// Looks at all heads. Called several times a second by whoever serves storefronts.
    pub async fn look_at_heads(&self) -> Result<()> {
        let mut connection = lend(&self.public).await?;
        let began = Instant::now();
        let heads: Vec<Head> = diesel::sql_query(
            "SELECT h.aggregator_id, a.slug, h.public_seq FROM tenant_heads h LEFT JOIN published_aggregators a ON a.id = h.aggregator_id",
        )
        .load(&mut connection)
        .await?;
        let mut known = self.heads.0.write().unwrap_or_else(PoisonError::into_inner);
        known.by_slug =
            heads.iter().filter_map(|h| Some((h.slug.clone()?, h.aggregator_id.into()))).collect();
        for head in &heads {
            let seq = known.public_seq.entry(head.aggregator_id.into()).or_default();
            *seq = head.public_seq.max(*seq);
        }
        known.looked_at = Some(began);
        Ok(())
    }
}
