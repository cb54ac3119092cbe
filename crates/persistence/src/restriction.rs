//! Restricted processing (UU 27/2022, article 41): a merchant leaves the storefront and every list, figure and export at
//! once, and comes back whole. What hides it is one policy on each table (`app.hide_restricted`).

use chrono::{DateTime, Utc};
use diesel::sql_types::Uuid as SqlUuid;
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::MerchantId;
use kapal_domain::{Code, Refusal};
use kapal_schema::{merchants, restrictions};
use serde_json::json;
use uuid::Uuid;

use crate::sql::sql;
use crate::{Change, Merchant, Result, Subject, TenantTx};

sql! {
    LockCollections { aggregator: Uuid => SqlUuid, merchant: Uuid => SqlUuid }
    "SELECT c.id FROM collections c WHERE c.aggregator_id = $1 AND c.id IN (
        SELECT s.collection_id FROM collection_products s
        JOIN products p ON p.aggregator_id = s.aggregator_id AND p.id = s.product_id
        WHERE s.aggregator_id = $1 AND p.merchant_id = $2)
     ORDER BY c.id FOR NO KEY UPDATE"
}

sql! {
    LockSlots { aggregator: Uuid => SqlUuid, merchant: Uuid => SqlUuid }
    "SELECT f.id FROM featured_slots f WHERE f.aggregator_id = $1 AND f.id IN (
        SELECT s.slot_id FROM slot_products s
        JOIN products p ON p.aggregator_id = s.aggregator_id AND p.id = s.product_id
        WHERE s.aggregator_id = $1 AND p.merchant_id = $2)
     ORDER BY f.id FOR NO KEY UPDATE"
}

#[derive(diesel::QueryableByName)]
struct Showcase {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

impl TenantTx<'_> {
    /// Suspends all processing of a merchant's data; of one that is restricted already nothing changes.
    pub(crate) async fn restrict_merchant(&mut self, id: MerchantId) -> Result<()> {
        if self.lock_merchant(id).await?.restricted_at.is_some() {
            return Ok(());
        }
        let now = Utc::now();
        diesel::insert_into(restrictions::table)
            .values((
                restrictions::aggregator_id.eq(self.tenant()),
                restrictions::merchant_id.eq(id.uuid()),
                restrictions::since.eq(now),
            ))
            .execute(&mut **self)
            .await?;
        self.set_restricted_at(id, Some(now)).await?;
        self.record(
            Change::new(EventKind::MerchantRestricted, Subject("merchant", id.uuid()))
                .from_to(json!({ "restricted": false }), json!({ "restricted": true })),
        );
        self.project_names_on_certificates(id).await?;
        self.project_merchant(id).await
    }

    /// Brings a restricted merchant back, with all that belongs to it.
    pub async fn lift_restriction(&mut self, id: MerchantId) -> Result<Merchant> {
        let merchant = self.lock_merchant(id).await?;
        if merchant.restricted_at.is_none() || merchant.erased_at.is_some() {
            let detail =
                if merchant.erased_at.is_some() { "It was erased." } else { "It is not restricted." };
            return Err(Refusal::because(Code::WrongState, detail).into());
        }
        diesel::delete(restrictions::table.find((self.tenant(), id.uuid()))).execute(&mut **self).await?;
        self.set_restricted_at(id, None).await?;
        self.record(
            Change::new(EventKind::MerchantRestrictionLifted, Subject("merchant", id.uuid()))
                .from_to(json!({ "restricted": true }), json!({ "restricted": false })),
        );
        self.project_names_on_certificates(id).await?;
        self.project_merchant(id).await?;
        self.project_showcases_of(id).await?;
        self.merchant(id).await
    }

    /// Puts a merchant's products back into what storefronts show of the collections and slots that they stand in: who
    /// edited one meanwhile did not see them. Whoever edits one now is waited for.
    async fn project_showcases_of(&mut self, id: MerchantId) -> Result<()> {
        let (aggregator, merchant) = (self.tenant(), id.uuid());
        let query = LockCollections { aggregator, merchant };
        let collections = query.load::<Showcase>(&mut **self).await?;
        for Showcase { id } in collections {
            self.project_collection(id.into()).await?;
        }
        let slots = LockSlots { aggregator, merchant }.load::<Showcase>(&mut **self).await?;
        for Showcase { id } in slots {
            self.project_slot(id.into()).await?;
        }
        Ok(())
    }

    async fn set_restricted_at(&mut self, id: MerchantId, at: Option<DateTime<Utc>>) -> Result<()> {
        diesel::update(merchants::table.find((self.tenant(), id.uuid())))
            .set((
                merchants::restricted_at.eq(at),
                merchants::version.eq(merchants::version + 1),
                merchants::updated_at.eq(Utc::now()),
            ))
            .execute(&mut **self)
            .await?;
        Ok(())
    }
}
