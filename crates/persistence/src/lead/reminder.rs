//! Reminders of leads that nobody answered in time: an event each and one letter to each who is concerned, once.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Bool, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::permission::Permission;
use kapal_domain::region::RegionCode;
use serde_json::json;
use uuid::Uuid;

use crate::identity::stored;
use crate::mail::Letter;
use crate::sql::sql;
use crate::{Actor, Change, Db, OperatorTx, Result, Subject};

/// A lead that waits for an answer, as a letter tells of it.
#[derive(Debug)]
pub struct Waiting {
    /// Its code.
    pub code: String,
    /// The merchant's name.
    pub merchant: String,
    /// The product's.
    pub product: String,
    /// Since when it waits, by the merchant's clock.
    pub since: String,
}

sql! {
    TenantsWithUnanswered { now: DateTime<Utc> => Timestamptz }
    "SELECT DISTINCT aggregator_id FROM leads WHERE remind_at <= $1"
}

#[derive(QueryableByName)]
struct Tenant {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
}

sql! {
    // A second worker waits for the rows and then finds that they are not due any more. Of merchants whose processing is
    // restricted nobody is told anything.
    TakeUnanswered { aggregator: Uuid => SqlUuid, now: DateTime<Utc> => Timestamptz }
    "WITH due AS (
        UPDATE leads SET remind_at = NULL WHERE aggregator_id = $1 AND remind_at <= $2
        RETURNING aggregator_id, id, code, merchant_id, product_id, created_at
     )
     SELECT d.id, d.code, d.merchant_id, d.product_id, d.created_at, m.name AS merchant, m.region_code,
        coalesce((SELECT t.name FROM product_translations t WHERE t.aggregator_id = d.aggregator_id AND t.product_id = d.product_id
            ORDER BY t.locale = 'id' DESC LIMIT 1), '') AS product,
        EXISTS (SELECT FROM restrictions r WHERE r.aggregator_id = d.aggregator_id AND r.merchant_id = d.merchant_id) AS is_restricted
     FROM due d JOIN merchants m ON m.aggregator_id = d.aggregator_id AND m.id = d.merchant_id
     ORDER BY d.created_at, d.id"
}

#[derive(QueryableByName)]
struct Due {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = SqlUuid)]
    merchant_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    product_id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    merchant: String,
    #[diesel(sql_type = Text)]
    region_code: String,
    #[diesel(sql_type = Text)]
    product: String,
    #[diesel(sql_type = Bool)]
    is_restricted: bool,
}

impl Db {
    /// Reminds of leads that nobody answered in time; how many there were.
    pub async fn remind_of_leads(&self) -> Result<usize> {
        let now = Utc::now();
        let mut tx = self.operator(Actor::System, "leads").await?;
        let tenants = TenantsWithUnanswered { now }.load::<Tenant>(&mut *tx).await?;
        tx.commit().await?;
        let mut count = 0;
        for Tenant { aggregator_id } in tenants {
            let mut tx = self.operator(Actor::System, "leads").await?;
            count += tx.remind_of_leads(aggregator_id, now).await?;
            tx.commit().await?;
        }
        Ok(count)
    }
}

impl OperatorTx<'_> {
    async fn remind_of_leads(&mut self, aggregator: Uuid, now: DateTime<Utc>) -> Result<usize> {
        let due = TakeUnanswered { aggregator, now }.load::<Due>(&mut **self).await?;
        let mut news = Vec::new();
        for lead in due.into_iter().filter(|lead| !lead.is_restricted) {
            let about = json!({
                "merchant_id": lead.merchant_id, "product_id": lead.product_id, "since": lead.created_at,
            });
            let change = Change::new(EventKind::LeadUnanswered, Subject("lead", lead.id)).data(about);
            self.record(aggregator.into(), change);
            let zone = stored(RegionCode::parse(&lead.region_code))?.time_zone();
            let since = lead.created_at.with_timezone(&zone).format("%Y-%m-%d %H:%M %Z").to_string();
            let Due { code, merchant, product, .. } = lead;
            news.push((lead.merchant_id, Waiting { code, merchant, product, since }));
        }
        self.tell(aggregator, Permission::LeadsWrite, &news, |aggregator, leads| Letter::LeadsWaiting {
            aggregator,
            leads,
        })
        .await?;
        Ok(news.len())
    }
}
