//! The turns of schedules: when a slot's or a collection's time begins or ends, a rotation's next window begins, or what a
//! rule calls new is a day older, an event says so, as for any other change of what a storefront shows. Caches and ETags
//! follow the log and need no clock.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Bool, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::collection_rule::next_midnight;
use kapal_domain::event::EventKind;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::sql::sql;
use crate::{Actor, Change, Db, Result, Subject};

sql! {
    TenantsWithTurns { now: DateTime<Utc> => Timestamptz }
    "SELECT aggregator_id FROM featured_slots WHERE next_turn_at <= $1
     UNION SELECT aggregator_id FROM collections WHERE next_turn_at <= $1"
}

#[derive(QueryableByName)]
struct Tenant {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
}

sql! {
    // A second worker waits for the rows and then finds that they are not due any more.
    // What a rule calls new changes at each midnight, for whoever names its collection even before and after its own time.
    TakeTurns { aggregator: Uuid => SqlUuid, now: DateTime<Utc> => Timestamptz, midnight: DateTime<Utc> => Timestamptz }
    "WITH slots AS (
        UPDATE featured_slots
        SET next_turn_at = CASE
            WHEN starts_at > $2 THEN starts_at
            WHEN ends_at <= $2 THEN NULL
            -- The end of the window that runs: see `RotationRules::window`.
            WHEN mode = 'rotating' THEN least(ends_at, starts_at + make_interval(hours => window_hours
                * (floor(extract(epoch FROM $2 - starts_at) / (window_hours * 3600)) + 1)::integer))
            ELSE ends_at
        END
        WHERE aggregator_id = $1 AND next_turn_at <= $2
        RETURNING 'slot' AS thing, id, starts_at <= $2 AND coalesce(ends_at > $2, true) AS is_running
     ), shelves AS (
        UPDATE collections
        SET next_turn_at = least(CASE WHEN starts_at > $2 THEN starts_at WHEN ends_at > $2 THEN ends_at END,
            CASE WHEN rule ? 'new_days' THEN $3 END)
        WHERE aggregator_id = $1 AND next_turn_at <= $2
        RETURNING 'collection' AS thing, id, starts_at <= $2 AND coalesce(ends_at > $2, true) AS is_running
     )
     SELECT * FROM slots UNION ALL SELECT * FROM shelves"
}

#[derive(QueryableByName)]
struct Turn {
    #[diesel(sql_type = Text)]
    thing: String,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Bool)]
    is_running: bool,
}

impl Db {
    /// Notes every turn that is due, one transaction per tenant; how many there were.
    pub async fn turn_schedules(&self) -> Result<usize> {
        let now = Utc::now();
        let mut tx = self.operator(Actor::System, "turn").await?;
        let tenants = TenantsWithTurns { now }.load::<Tenant>(&mut *tx).await?;
        tx.commit().await?;
        let mut turned = 0;
        for tenant in tenants {
            let mut tx = self.operator(Actor::System, "turn").await?;
            let query = TakeTurns { aggregator: tenant.aggregator_id, now, midnight: next_midnight(now) };
            let turns = query.load::<Turn>(&mut *tx).await?;
            turned += turns.len();
            for turn in turns {
                if turn.thing == "slot" && turn.is_running {
                    tx.draw_slot(tenant.aggregator_id, turn.id, now).await?;
                }
                let (kind, subject) = if turn.thing == "slot" {
                    (EventKind::SlotTurned, Subject("slot", turn.id))
                } else {
                    (EventKind::CollectionTurned, Subject("collection", turn.id))
                };
                let state = json!({ "is_running": turn.is_running });
                let change = Change::new(kind, subject).data(state.clone()).from_to(Value::Null, state);
                tx.record(tenant.aggregator_id.into(), change);
            }
            tx.commit().await?;
        }
        Ok(turned)
    }
}
