//! How far each tenant's public log has come, as this process knows it: what a conditional read is answered from
//! without a query. Commits of this process move it at once, those of others when the next look is taken.

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use diesel::sql_types::{BigInt, Bool, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::ids::AggregatorId;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::db::lend;
use crate::{Db, Result};

/// Older knowledge than this answers nothing: the database may be away.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// The known ends of the public logs.
#[derive(Debug, Default)]
pub struct Heads {
    known: RwLock<Known>,
    moved: Notify,
}

#[derive(Debug, Default)]
struct Known {
    by_slug: HashMap<String, AggregatorId>,
    /// The open aggregators that take part in the national storefront.
    national: HashSet<AggregatorId>,
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
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if !known.is_trusted() {
            return None;
        }
        let platform = known.public_seq.get(&AggregatorId::PLATFORM)?;
        Some(known.public_seq.get(known.by_slug.get(slug)?)? + platform)
    }

    /// The state of the national storefront: the sum over all tenants grows with each change of any.
    pub fn national(&self) -> Option<i64> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.is_trusted().then(|| known.public_seq.values().sum())
    }

    /// Notes what a commit of this process made of a tenant's number.
    pub(crate) fn advance(&self, aggregator: AggregatorId, public_seq: i64) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let seq = known.public_seq.entry(aggregator).or_default();
        if public_seq > *seq {
            *seq = public_seq;
            self.moved.notify_one();
        }
    }

    /// Returns when any log has moved since the last time; for one follower.
    pub async fn moved(&self) {
        self.moved.notified().await;
    }

    /// The ends of all public logs, as far as they are known.
    pub fn all(&self) -> HashMap<AggregatorId, i64> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).public_seq.clone()
    }

    /// Whether somebody who has read each log up to `read` has read them all: those of one aggregator and of the
    /// platform, or of every tenant.
    pub fn are_read(&self, of: Option<AggregatorId>, read: impl Fn(AggregatorId) -> i64) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let counts = |id| of.is_none_or(|of| of == id || id == AggregatorId::PLATFORM);
        known.public_seq.iter().filter(|(id, _)| counts(**id)).all(|(id, seq)| read(*id) >= *seq)
    }

    /// The open aggregator of this slug.
    pub fn aggregator(&self, slug: &str) -> Option<AggregatorId> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).by_slug.get(slug).copied()
    }

    /// The tenants that have no part in the national storefront.
    pub fn not_national(&self) -> Vec<AggregatorId> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.public_seq.keys().filter(|id| !known.national.contains(id)).copied().collect()
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
    #[diesel(sql_type = Bool)]
    national: bool,
}

impl Db {
    /// Looks at all heads. Called several times a second by whoever serves storefronts.
    pub async fn look_at_heads(&self) -> Result<()> {
        let mut connection = lend(&self.public).await?;
        let began = Instant::now();
        let heads: Vec<Head> = diesel::sql_query(
            "SELECT h.aggregator_id, a.slug, h.public_seq, coalesce(a.national, false) AS national \
             FROM tenant_heads h LEFT JOIN published_aggregators a ON a.id = h.aggregator_id",
        )
        .load(&mut connection)
        .await?;
        let mut known = self.heads.known.write().unwrap_or_else(PoisonError::into_inner);
        known.by_slug =
            heads.iter().filter_map(|h| Some((h.slug.clone()?, h.aggregator_id.into()))).collect();
        known.national = heads.iter().filter(|h| h.national).map(|h| h.aggregator_id.into()).collect();
        let mut moved = false;
        for head in &heads {
            let seq = known.public_seq.entry(head.aggregator_id.into()).or_default();
            moved |= head.public_seq > *seq;
            *seq = head.public_seq.max(*seq);
        }
        if moved {
            self.heads.moved.notify_one();
        }
        known.looked_at = Some(began);
        Ok(())
    }
}
