//! How long is kept what those of the public said of themselves: a year after the decision that they asked for, and two
//! years where there is none. A mutiara that has ended needs it no longer.

use std::collections::BTreeMap;

use chrono::{DateTime, Months, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Integer, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::sql::sql;
use crate::{Actor, Change, Db, Result, Subject};

/// After a decision, or after a nomination was withdrawn.
const AFTER_DECISION: Months = Months::new(12);
/// Where nobody decides.
const AT_MOST: Months = Months::new(24);
/// Voices of one tenant at a time.
const BATCH: i32 = 500;

sql! {
    TenantsWithPastVoices { decided_before: DateTime<Utc> => Timestamptz, given_before: DateTime<Utc> => Timestamptz }
    "SELECT DISTINCT s.aggregator_id FROM nomination_supports s
     JOIN nominations n ON n.aggregator_id = s.aggregator_id AND n.id = s.nomination_id
     WHERE s.created_at < $2 OR n.status IN ('expired', 'revoked')
        OR n.status IN ('accepted', 'declined', 'withdrawn') AND coalesce(n.decided_at, n.updated_at) < $1"
}

sql! {
    ForgetVoices {
        aggregator: Uuid => SqlUuid, decided_before: DateTime<Utc> => Timestamptz,
        given_before: DateTime<Utc> => Timestamptz, limit: i32 => Integer,
    }
    "DELETE FROM nomination_supports s USING nominations n
     WHERE s.aggregator_id = $1 AND n.aggregator_id = s.aggregator_id AND n.id = s.nomination_id AND s.id IN (
        SELECT v.id FROM nomination_supports v
        JOIN nominations d ON d.aggregator_id = v.aggregator_id AND d.id = v.nomination_id
        WHERE v.aggregator_id = $1 AND (v.created_at < $3 OR d.status IN ('expired', 'revoked')
            OR d.status IN ('accepted', 'declined', 'withdrawn') AND coalesce(d.decided_at, d.updated_at) < $2)
        ORDER BY v.nomination_id LIMIT $4 FOR UPDATE OF v SKIP LOCKED)
     RETURNING n.id, n.product_id"
}

#[derive(QueryableByName)]
struct Tenant {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
}

/// The nomination of a voice that is gone.
#[derive(QueryableByName, PartialEq, Eq, PartialOrd, Ord)]
struct Forgotten {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    product_id: Uuid,
}

impl Db {
    /// Deletes what the public said of itself and is no longer needed; how many voices. How many there were stays with
    /// the nomination.
    pub async fn forget_supporters(&self) -> Result<usize> {
        let now = Utc::now();
        let (decided_before, given_before) = (now - AFTER_DECISION, now - AT_MOST);
        let mut tx = self.operator(Actor::System, "retention").await?;
        let past = TenantsWithPastVoices { decided_before, given_before };
        let tenants = past.load::<Tenant>(&mut *tx).await?;
        tx.commit().await?;
        let mut forgotten = 0;
        for Tenant { aggregator_id: aggregator } in tenants {
            let mut tx = self.operator(Actor::System, "retention").await?;
            let voices = ForgetVoices { aggregator, decided_before, given_before, limit: BATCH };
            let voices = voices.load::<Forgotten>(&mut *tx).await?;
            forgotten += voices.len();
            let mut counts = BTreeMap::<_, usize>::new();
            for voice in voices {
                *counts.entry(voice).or_default() += 1;
            }
            for (Forgotten { id, product_id }, count) in counts {
                let change = Change::new(EventKind::NominationSupportersForgotten, Subject("nomination", id));
                let data = json!({ "product_id": product_id, "count": count });
                tx.record(aggregator.into(), change.data(data.clone()).from_to(data, Value::Null));
            }
            tx.commit().await?;
        }
        Ok(forgotten)
    }
}
