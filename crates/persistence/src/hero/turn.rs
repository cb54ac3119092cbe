//! The turns of assignments: at the begin of its first day a hero sees the merchant, after its last he does not any
//! more. Ends come before begins, so that one primary hero follows the other.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::AssignmentId;
use serde_json::Value;
use uuid::Uuid;

use super::AssignmentRow;
use crate::sql::sql;
use crate::{Actor, Db, Result};

sql! {
    // What belongs to a restricted merchant waits until the restriction is lifted: until then nobody sees it anyway.
    TenantsWithTurns { now: DateTime<Utc> => Timestamptz }
    "SELECT DISTINCT a.aggregator_id FROM hero_assignments a WHERE a.next_turn_at <= $1 AND NOT EXISTS (
        SELECT FROM restrictions r WHERE r.aggregator_id = a.aggregator_id AND r.merchant_id = a.merchant_id)"
}

sql! {
    // A second worker waits for the rows and then finds that they are not due any more.
    EndDue { aggregator: Uuid => SqlUuid, now: DateTime<Utc> => Timestamptz }
    "WITH ended AS (
        UPDATE hero_assignments SET status = 'ended', next_turn_at = NULL, ended_at = $2, updated_at = $2
        WHERE aggregator_id = $1 AND status = 'active' AND next_turn_at <= $2
          AND merchant_id NOT IN (SELECT r.merchant_id FROM restrictions r WHERE r.aggregator_id = $1)
        RETURNING id, user_id, merchant_id, status, is_primary, starts_on, ends_on, agreement_signed_on,
            agreement_file_id, programme_id, ended_at, created_at, updated_at
     ), gone AS (
        DELETE FROM merchant_access a USING ended e
        WHERE a.aggregator_id = $1 AND a.user_id = e.user_id AND a.merchant_id = e.merchant_id AND a.kind = 'hero'
     )
     SELECT * FROM ended"
}

sql! {
    StartDue { aggregator: Uuid => SqlUuid, now: DateTime<Utc> => Timestamptz }
    "WITH started AS (
        UPDATE hero_assignments
        SET status = 'active', next_turn_at = (ends_on + 1)::timestamp AT TIME ZONE time_zone, updated_at = $2
        WHERE aggregator_id = $1 AND status = 'planned' AND next_turn_at <= $2
          AND merchant_id NOT IN (SELECT r.merchant_id FROM restrictions r WHERE r.aggregator_id = $1)
        RETURNING id, user_id, merchant_id, status, is_primary, starts_on, ends_on, agreement_signed_on,
            agreement_file_id, programme_id, ended_at, created_at, updated_at
     ), seen AS (
        INSERT INTO merchant_access (aggregator_id, user_id, merchant_id, kind, created_at)
        SELECT $1, user_id, merchant_id, 'hero', $2 FROM started
        ON CONFLICT DO NOTHING
     )
     SELECT * FROM started"
}

sql! {
    // What heroes saw before there were assignments.
    FindLooseAccess {}
    "SELECT a.aggregator_id, a.user_id, a.merchant_id FROM merchant_access a
     JOIN merchants m ON m.aggregator_id = a.aggregator_id AND m.id = a.merchant_id AND m.restricted_at IS NULL
     WHERE a.kind = 'hero' AND NOT EXISTS (
        SELECT FROM hero_assignments h WHERE h.aggregator_id = a.aggregator_id AND h.user_id = a.user_id
          AND h.merchant_id = a.merchant_id AND h.status = 'active')
     ORDER BY a.aggregator_id, a.created_at
     LIMIT 1000"
}

sql! {
    // The first who had the merchant is its primary hero.
    AdoptAccess { aggregator: Uuid => SqlUuid, user: Uuid => SqlUuid, merchant: Uuid => SqlUuid, id: Uuid => SqlUuid, now: DateTime<Utc> => Timestamptz }
    "INSERT INTO hero_assignments (aggregator_id, id, user_id, merchant_id, status, is_primary, starts_on, time_zone,
        created_at, updated_at)
     SELECT $1, $4, $2, $3, 'active', NOT EXISTS (
            SELECT FROM hero_assignments h WHERE h.aggregator_id = $1 AND h.merchant_id = $3 AND h.is_primary
              AND h.status IN ('planned', 'active')),
        (a.created_at AT TIME ZONE app.time_zone(m.region_code))::date, app.time_zone(m.region_code), $5, $5
     FROM merchant_access a JOIN merchants m ON m.aggregator_id = $1 AND m.id = a.merchant_id
     WHERE a.aggregator_id = $1 AND a.user_id = $2 AND a.merchant_id = $3
     ON CONFLICT DO NOTHING
     RETURNING id, user_id, merchant_id, status, is_primary, starts_on, ends_on, agreement_signed_on,
        agreement_file_id, programme_id, ended_at, created_at, updated_at"
}

#[derive(QueryableByName)]
struct Tenant {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
}

#[derive(QueryableByName)]
struct Loose {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    user_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    merchant_id: Uuid,
}

impl Db {
    /// Begins and ends what is due, one transaction per tenant; how many there were.
    pub async fn turn_assignments(&self) -> Result<usize> {
        let now = Utc::now();
        let mut tx = self.operator(Actor::System, "turn").await?;
        let tenants = TenantsWithTurns { now }.load::<Tenant>(&mut *tx).await?;
        tx.commit().await?;
        let mut turned = 0;
        for Tenant { aggregator_id } in tenants {
            let mut tx = self.operator(Actor::System, "turn").await?;
            let ended = EndDue { aggregator: aggregator_id, now }.load::<AssignmentRow>(&mut *tx).await?;
            let started = StartDue { aggregator: aggregator_id, now }.load::<AssignmentRow>(&mut *tx).await?;
            turned += ended.len() + started.len();
            let ended = ended.iter().map(|row| (row, EventKind::AssignmentEnded));
            let started = started.iter().map(|row| (row, EventKind::AssignmentStarted));
            for (row, kind) in ended.chain(started) {
                tx.record(aggregator_id.into(), row.change(kind).from_to(Value::Null, row.facts()));
            }
            tx.commit().await?;
        }
        Ok(turned)
    }

    /// Makes assignments of what heroes saw before there were any.
    pub async fn adopt_hero_access(&self) -> Result<usize> {
        let mut tx = self.operator(Actor::System, "adopt").await?;
        let loose = FindLooseAccess {}.load::<Loose>(&mut *tx).await?;
        tx.commit().await?;
        let mut adopted = 0;
        for tenant in loose.chunk_by(|a, b| a.aggregator_id == b.aggregator_id) {
            let aggregator = tenant[0].aggregator_id;
            let mut tx = self.operator(Actor::System, "adopt").await?;
            for access in tenant {
                let adopt = AdoptAccess {
                    aggregator,
                    user: access.user_id,
                    merchant: access.merchant_id,
                    id: AssignmentId::new().uuid(),
                    now: Utc::now(),
                };
                for row in adopt.load::<AssignmentRow>(&mut *tx).await? {
                    adopted += 1;
                    let change = row.change(EventKind::AssignmentStarted).from_to(Value::Null, row.facts());
                    tx.record(aggregator.into(), change);
                }
            }
            tx.commit().await?;
        }
        Ok(adopted)
    }
}
