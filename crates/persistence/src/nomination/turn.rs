//! The time of mutiara: reminders before its end, and the end itself, which a gate document may bring forward.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::sql_types::{Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{ExpressionMethods, QueryDsl, QueryableByName};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::nomination::{MutiaraTurn, NominationStatus};
use kapal_domain::permission::Permission;
use kapal_domain::region::RegionCode;
use kapal_schema::nominations;
use serde_json::json;
use uuid::Uuid;

use super::decide::{Gates, GatesEnd};
use super::end::end_mutiara;
use crate::identity::stored;
use crate::mail::Letter;
use crate::projection::lock_shown;
use crate::sql::sql;
use crate::{Actor, Change, Db, OperatorTx, Result, Subject};

/// Mutiara of one tenant at a time: all their letters and events are one transaction.
const BATCH: i32 = 50;

/// A mutiara that ends.
#[derive(Debug)]
pub(crate) struct MutiaraEnd {
    pub product: String,
    pub merchant: String,
    /// Its last day.
    pub ends_on: NaiveDate,
    /// None: it has ended.
    pub days_left: Option<i64>,
}

sql! {
    // What belongs to a restricted merchant waits until the restriction is lifted.
    TenantsWithMutiaraDue { now: DateTime<Utc> => Timestamptz }
    "SELECT DISTINCT n.aggregator_id FROM nominations n
     JOIN products p ON p.aggregator_id = n.aggregator_id AND p.id = n.product_id
     WHERE n.status = 'accepted' AND coalesce(n.next_turn_at, '-infinity') <= $1 AND NOT EXISTS (
        SELECT FROM restrictions r WHERE r.aggregator_id = p.aggregator_id AND r.merchant_id = p.merchant_id)"
}

#[derive(QueryableByName)]
struct Tenant {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
}

sql! {
    // Whoever has a nomination locked revokes it, or is another worker: it is looked at again where it still runs then.
    DueMutiara { aggregator: Uuid => SqlUuid, now: DateTime<Utc> => Timestamptz, limit: i32 => Integer }
    "SELECT n.id, n.product_id, n.decided_at, n.valid_until, n.reminded_days, p.merchant_id, m.name AS merchant,
        m.region_code, coalesce((SELECT t.name FROM product_translations t
            WHERE t.aggregator_id = $1 AND t.product_id = p.id ORDER BY t.locale = 'id' DESC LIMIT 1), p.slug) AS product
     FROM nominations n
     JOIN products p ON p.aggregator_id = n.aggregator_id AND p.id = n.product_id
     JOIN merchants m ON m.aggregator_id = p.aggregator_id AND m.id = p.merchant_id
     WHERE n.aggregator_id = $1 AND n.status = 'accepted' AND coalesce(n.next_turn_at, '-infinity') <= $2
        AND m.restricted_at IS NULL
     ORDER BY n.id LIMIT $3 FOR UPDATE OF n SKIP LOCKED"
}

#[derive(QueryableByName)]
struct Due {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    product_id: Uuid,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    decided_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    valid_until: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Integer>)]
    reminded_days: Option<i32>,
    #[diesel(sql_type = SqlUuid)]
    merchant_id: Uuid,
    #[diesel(sql_type = Text)]
    merchant: String,
    #[diesel(sql_type = Text)]
    region_code: String,
    #[diesel(sql_type = Text)]
    product: String,
}

impl Db {
    /// Reminds of mutiara that end soon, and ends those whose time is over; how many were looked at.
    pub async fn turn_mutiara(&self) -> Result<usize> {
        let now = Utc::now();
        let mut tx = self.operator(Actor::System, "mutiara").await?;
        let tenants = TenantsWithMutiaraDue { now }.load::<Tenant>(&mut *tx).await?;
        tx.commit().await?;
        let mut turned = 0;
        for tenant in tenants {
            loop {
                let mut tx = self.operator(Actor::System, "mutiara").await?;
                let count = tx.turn_mutiara_of(tenant.aggregator_id, now).await?;
                tx.commit().await?;
                if count == 0 {
                    break;
                }
                turned += count;
            }
        }
        Ok(turned)
    }
}

impl OperatorTx<'_> {
    /// Takes the turns of some mutiara of one tenant; 0 when none is left.
    async fn turn_mutiara_of(&mut self, aggregator: Uuid, now: DateTime<Utc>) -> Result<usize> {
        let due = DueMutiara { aggregator, now, limit: BATCH }.load::<Due>(&mut **self).await?;
        let mut ends = Vec::new();
        for mutiara in &due {
            ends.extend(self.turn_one(aggregator, mutiara, now).await?.map(|end| (mutiara.merchant_id, end)));
        }
        self.tell(aggregator, Permission::CurationDecide, &ends, |aggregator, ends| Letter::MutiaraEnding {
            aggregator,
            ends,
        })
        .await?;
        Ok(due.len())
    }

    async fn turn_one(
        &mut self,
        aggregator: Uuid,
        due: &Due,
        now: DateTime<Utc>,
    ) -> Result<Option<MutiaraEnd>> {
        // From here on no document of the merchant changes; the next statement sees those that did before.
        lock_shown(self, aggregator, due.product_id).await?;
        let gates = GatesEnd { aggregator, product: due.product_id };
        let gates = gates.get_result::<Gates>(&mut **self).await?;
        let ends_at = if gates.is_shut { now } else { gates.valid_until(due.decided_at.unwrap_or(now)) };
        let zone = stored(RegionCode::parse(&due.region_code))?.time_zone();
        // A renewed document moves the end: its reminders begin anew.
        let is_later = due.valid_until.is_some_and(|before| ends_at > before);
        let reminded = due.reminded_days.filter(|_| !is_later).and_then(|days| u32::try_from(days).ok());
        let subject = Subject("nomination", due.id);
        let end = |at: DateTime<Utc>, is_over: bool| {
            let day = |moment: DateTime<Utc>| moment.with_timezone(&zone).date_naive();
            MutiaraEnd {
                product: due.product.clone(),
                merchant: due.merchant.clone(),
                ends_on: day(at - chrono::TimeDelta::microseconds(1)),
                days_left: (!is_over).then(|| day(at).signed_duration_since(day(now)).num_days()),
            }
        };
        match MutiaraTurn::due(ends_at, reminded, now, zone) {
            MutiaraTurn::Expire => {
                end_mutiara(self, aggregator, due.product_id, now).await?;
                diesel::update(nominations::table.find((aggregator, due.id)))
                    .set((
                        nominations::status.eq(NominationStatus::Expired.as_str()),
                        nominations::valid_until.eq(ends_at),
                        nominations::ended_at.eq(now),
                        nominations::version.eq(nominations::version + 1),
                        nominations::updated_at.eq(now),
                    ))
                    .execute(&mut **self)
                    .await?;
                let status = NominationStatus::Expired.as_str();
                let why = if gates.is_shut { "gate" } else { "time" };
                self.record(
                    aggregator.into(),
                    Change::new(EventKind::NominationExpired, subject)
                        .data(json!({ "product_id": due.product_id, "status": status, "why": why }))
                        .from_to(
                            json!({ "status": NominationStatus::Accepted.as_str() }),
                            json!({ "status": status, "why": why }),
                        ),
                );
                Ok(Some(end(ends_at, true)))
            }
            MutiaraTurn::GoOn { remind, next_at } => {
                let reminded = remind.or(reminded).and_then(|days| i32::try_from(days).ok());
                diesel::update(nominations::table.find((aggregator, due.id)))
                    .set((
                        // Follows from the documents: no step of the nomination, and nobody's edit waits for it.
                        nominations::valid_until.eq(ends_at),
                        nominations::reminded_days.eq(reminded),
                        nominations::next_turn_at.eq(next_at),
                    ))
                    .execute(&mut **self)
                    .await?;
                let Some(days) = remind else { return Ok(None) };
                self.record(
                    aggregator.into(),
                    Change::new(EventKind::NominationExpiring, subject).data(json!({
                        "product_id": due.product_id, "valid_until": ends_at, "days": days,
                    })),
                );
                Ok(Some(end(ends_at, false)))
            }
        }
    }
}
