//! A merchant's objection to being judged by figures (UU 27/2022, article 10): nobody scores its products or assesses
//! it anew, until the objection is lifted. What people decide without figures goes on.

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::MerchantId;
use kapal_domain::{Code, Refusal};
use kapal_schema::merchants;
use serde_json::json;
use uuid::Uuid;

use crate::{Change, Merchant, Result, Subject, TenantTx};

impl TenantTx<'_> {
    /// Notes the objection; of one that objects already nothing changes.
    pub(crate) async fn object_merchant(&mut self, id: MerchantId) -> Result<()> {
        if self.lock_merchant(id).await?.objected_at.is_some() {
            return Ok(());
        }
        self.set_objected_at(id, Some(Utc::now())).await?;
        self.record(
            Change::new(EventKind::MerchantObjected, Subject("merchant", id.uuid()))
                .from_to(json!({ "objected": false }), json!({ "objected": true })),
        );
        Ok(())
    }

    /// Lets a merchant that objected be scored and assessed again, as it wants by now.
    pub async fn lift_objection(&mut self, id: MerchantId) -> Result<Merchant> {
        if self.lock_merchant(id).await?.objected_at.is_none() {
            return Err(Refusal::because(Code::WrongState, "It does not object.").into());
        }
        self.set_objected_at(id, None).await?;
        self.record(
            Change::new(EventKind::MerchantObjectionLifted, Subject("merchant", id.uuid()))
                .from_to(json!({ "objected": true }), json!({ "objected": false })),
        );
        self.merchant(id).await
    }

    /// Refuses to judge a merchant by figures that objects to it.
    pub(crate) async fn expect_no_objection(&mut self, merchant: Uuid) -> Result<()> {
        let objected = merchants::table.find((self.tenant(), merchant)).select(merchants::objected_at);
        match objected.first::<Option<DateTime<Utc>>>(&mut **self).await? {
            Some(_) => Err(Code::MerchantObjected.into()),
            None => Ok(()),
        }
    }

    async fn set_objected_at(&mut self, id: MerchantId, at: Option<DateTime<Utc>>) -> Result<()> {
        diesel::update(merchants::table.find((self.tenant(), id.uuid())))
            .set((
                merchants::objected_at.eq(at),
                merchants::version.eq(merchants::version + 1),
                merchants::updated_at.eq(Utc::now()),
            ))
            .execute(&mut **self)
            .await?;
        Ok(())
    }
}
