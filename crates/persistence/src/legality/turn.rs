//! The ends of documents: reminders before them, and what happens when they come. A day ends by the clock of the
//! merchant's province.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::sql_types::{Array, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{ExpressionMethods, QueryDsl, QueryableByName, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::gate::midnight;
use kapal_domain::legality::{DocumentKind, DocumentStatus, Turn};
use kapal_domain::permission::Permission;
use kapal_domain::region::RegionCode;
use kapal_schema::legal_documents;
use serde_json::json;
use uuid::Uuid;

use super::{DocumentRow, change};
use crate::identity::stored;
use crate::mail::{Ending, Letter};
use crate::sql::sql;
use crate::{Actor, Db, OperatorTx, Result};

/// Merchants of one tenant at a time: all their letters and events are one transaction.
const BATCH: i32 = 50;

sql! {
    // What belongs to a restricted merchant waits until the restriction is lifted.
    TenantsWithEnds { now: DateTime<Utc> => Timestamptz }
    "SELECT DISTINCT d.aggregator_id FROM legal_documents d WHERE d.next_turn_at <= $1 AND NOT EXISTS (
        SELECT FROM restrictions r WHERE r.aggregator_id = d.aggregator_id AND r.merchant_id = d.merchant_id)"
}

#[derive(QueryableByName)]
struct Tenant {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
}

sql! {
    // Documents are changed under their merchant's lock: the next statement sees what was made of them until then.
    LockOwners { aggregator: Uuid => SqlUuid, now: DateTime<Utc> => Timestamptz, limit: i32 => Integer }
    "SELECT m.id, m.name, m.region_code, m.status FROM merchants m
     WHERE m.aggregator_id = $1 AND m.restricted_at IS NULL AND m.id IN (
        SELECT d.merchant_id FROM legal_documents d WHERE d.aggregator_id = $1 AND d.next_turn_at <= $2)
     ORDER BY m.id LIMIT $3 FOR NO KEY UPDATE"
}

#[derive(QueryableByName)]
struct Owner {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    region_code: String,
    #[diesel(sql_type = Text)]
    status: String,
}

sql! {
    DueDocuments { aggregator: Uuid => SqlUuid, merchants: Vec<Uuid> => Array<SqlUuid>, now: DateTime<Utc> => Timestamptz }
    "SELECT id, merchant_id, expires_on, reminded_days FROM legal_documents
     WHERE aggregator_id = $1 AND merchant_id = ANY ($2) AND next_turn_at <= $3 ORDER BY merchant_id, kind"
}

#[derive(QueryableByName)]
struct Due {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    merchant_id: Uuid,
    #[diesel(sql_type = Date)]
    expires_on: NaiveDate,
    #[diesel(sql_type = Nullable<Integer>)]
    reminded_days: Option<i32>,
}

impl Db {
    /// Reminds of documents that end soon, and ends those whose last day is over; how many there were.
    pub async fn turn_documents(&self) -> Result<usize> {
        let now = Utc::now();
        let mut tx = self.operator(Actor::System, "legality").await?;
        let tenants = TenantsWithEnds { now }.load::<Tenant>(&mut *tx).await?;
        tx.commit().await?;
        let mut turned = 0;
        for tenant in tenants {
            loop {
                let mut tx = self.operator(Actor::System, "legality").await?;
                let count = tx.turn_documents_of(tenant.aggregator_id, now).await?;
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
    /// Takes the turns of some merchants of one tenant; 0 when none is left.
    async fn turn_documents_of(&mut self, aggregator: Uuid, now: DateTime<Utc>) -> Result<usize> {
        let owners = LockOwners { aggregator, now, limit: BATCH }.load::<Owner>(&mut **self).await?;
        if owners.is_empty() {
            return Ok(0);
        }
        let owners: BTreeMap<_, _> = owners.into_iter().map(|owner| (owner.id, owner)).collect();
        let ids: Vec<_> = owners.keys().copied().collect();
        let due = DueDocuments { aggregator, merchants: ids, now }.load::<Due>(&mut **self).await?;
        let mut endings = Vec::new();
        let mut shut = std::collections::BTreeSet::new();
        for document in &due {
            let Some(owner) = owners.get(&document.merchant_id) else { continue };
            let ending = self.turn_document(aggregator, document, owner, now).await?;
            if ending.as_ref().is_some_and(|ending| ending.days_left < 0) {
                shut.insert(owner.id);
            }
            // Nobody is to renew what belongs to a merchant that is gone.
            endings.extend(ending.filter(|_| owner.status != "archived").map(|ending| (owner.id, ending)));
        }
        for merchant in shut {
            self.project_products_of(aggregator.into(), merchant.into()).await?;
        }
        self.tell(aggregator, Permission::MerchantsVerify, &endings, |aggregator, endings| {
            Letter::DocumentsEnding { aggregator, endings }
        })
        .await?;
        Ok(due.len())
    }

    async fn turn_document(
        &mut self,
        aggregator: Uuid,
        due: &Due,
        owner: &Owner,
        now: DateTime<Utc>,
    ) -> Result<Option<Ending>> {
        let zone = stored(RegionCode::parse(&owner.region_code))?.time_zone();
        let today = now.with_timezone(&zone).date_naive();
        let reminded = due.reminded_days.and_then(|days| u32::try_from(days).ok());
        let turn = Turn::due(due.expires_on, reminded, today);
        let reminded = match turn {
            Some(Turn::Remind(days)) => Some(days),
            Some(Turn::Expire) | None => reminded,
        };
        let expires = turn == Some(Turn::Expire);
        let status = if expires { DocumentStatus::Expired } else { DocumentStatus::Verified };
        let next_turn_at = (!expires).then(|| midnight(Turn::next_day(due.expires_on, reminded), zone));
        let row = diesel::update(legal_documents::table.find((aggregator, due.id)))
            .set((
                legal_documents::status.eq(status.as_str()),
                legal_documents::reminded_days.eq(reminded.and_then(|days| i32::try_from(days).ok())),
                legal_documents::next_turn_at.eq(next_turn_at),
                // A reminder is no change of the document: who is editing it goes on.
                legal_documents::version.eq(legal_documents::version + i32::from(expires)),
                legal_documents::updated_at.eq(now),
            ))
            .returning(DocumentRow::as_returning())
            .get_result::<DocumentRow>(&mut **self)
            .await?;
        let days_left = due.expires_on.signed_duration_since(today).num_days();
        let change = match turn {
            None => return Ok(None),
            Some(Turn::Expire) => change(EventKind::DocumentExpired, &row).from_to(
                json!({ "status": DocumentStatus::Verified.as_str() }),
                json!({ "status": row.status }),
            ),
            Some(Turn::Remind(days)) => change(EventKind::DocumentExpiring, &row).data(json!({
                "merchant_id": row.merchant_id, "kind": row.kind, "expires_on": row.expires_on,
                "days": days,
            })),
        };
        self.record(aggregator.into(), change);
        Ok(Some(Ending {
            merchant: owner.name.clone(),
            document: stored(DocumentKind::parse(&row.kind))?,
            expires_on: due.expires_on,
            days_left,
        }))
    }
}
