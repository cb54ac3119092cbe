//! The steps of a merchant's life.

use chrono::Utc;
use diesel::{ExpressionMethods, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::Refusal;
use kapal_domain::event::EventKind;
use kapal_domain::ids::MerchantId;
use kapal_domain::legality::DocumentNote;
use kapal_domain::merchant::MerchantAction;
use kapal_schema::merchants;
use serde_json::{Value, json};

use super::{Merchant, MerchantRow};
use crate::{Change, Error, NewRequest, Result, Subject, TenantTx};

/// What goes with a step of a merchant's life.
#[derive(Default)]
struct Said<'a> {
    /// What a reviewer asks for, or why it is suspended.
    reason: Option<&'a str>,
    /// The same, field by field.
    requests: &'a [NewRequest],
    /// What the verifier says of the NIB.
    note: Option<&'a DocumentNote>,
    /// The version that was looked at.
    expected: Option<i32>,
}

impl TenantTx<'_> {
    /// Takes a step of a merchant's life. `reason` is what a reviewer asks for, or why it is suspended.
    pub async fn change_merchant_status(
        &mut self,
        id: MerchantId,
        action: MerchantAction,
        reason: Option<&str>,
    ) -> Result<Merchant> {
        self.step_merchant(id, action, Said { reason, ..Said::default() }).await
    }

    /// Verifies a submitted merchant and with it the NIB that it shows; where `expected` is given, only as it was then.
    /// `note` goes to the NIB's document.
    pub async fn verify_merchant(
        &mut self,
        id: MerchantId,
        expected: Option<i32>,
        note: Option<&DocumentNote>,
    ) -> Result<Merchant> {
        self.step_merchant(id, MerchantAction::Verify, Said { expected, note, ..Said::default() }).await
    }

    /// Sends a submitted merchant back with what is to be changed, field by field.
    pub async fn request_merchant_changes(
        &mut self,
        id: MerchantId,
        reason: Option<&str>,
        requests: &[NewRequest],
    ) -> Result<Merchant> {
        let said = Said { reason, requests, ..Said::default() };
        self.step_merchant(id, MerchantAction::RequestChanges, said).await
    }

    async fn step_merchant(
        &mut self,
        id: MerchantId,
        action: MerchantAction,
        said: Said<'_>,
    ) -> Result<Merchant> {
        let before = self.lock_merchant(id).await?;
        if said.expected.is_some_and(|expected| expected != before.version) {
            return Err(Error::Stale(before.version));
        }
        let Said { reason, requests, .. } = said;
        let status = before
            .status()?
            .apply(action)
            .map_err(|code| Refusal::because(code, format!("The merchant is {}.", before.status)))?;
        match action {
            MerchantAction::Submit => self.onboarding(id).await?.1.check_submit()?,
            MerchantAction::Verify => {
                self.onboarding(id).await?.1.check_verify()?;
                self.forget_requests(id).await?;
                self.verify_nib(&before, said.note).await?;
            }
            MerchantAction::RequestChanges => self.ask_for_changes(id, requests).await?,
            MerchantAction::Suspend | MerchantAction::Reinstate | MerchantAction::Archive => {}
        }
        let row = diesel::update(merchants::table.find((self.tenant(), id.uuid())))
            .set((
                merchants::status.eq(status.as_str()),
                merchants::status_reason.eq(reason),
                merchants::version.eq(merchants::version + 1),
                merchants::updated_at.eq(Utc::now()),
            ))
            .returning(MerchantRow::as_returning())
            .get_result::<MerchantRow>(&mut **self)
            .await?;
        let kind = match action {
            MerchantAction::Submit => EventKind::MerchantSubmitted,
            MerchantAction::RequestChanges => EventKind::MerchantChangesRequested,
            MerchantAction::Verify => EventKind::MerchantVerified,
            MerchantAction::Suspend => EventKind::MerchantSuspended,
            MerchantAction::Reinstate => EventKind::MerchantReinstated,
            MerchantAction::Archive => EventKind::MerchantArchived,
        };
        let said = json!({ "status": row.status, "reason": reason, "fields": asked(requests) });
        let said = self.sealed_facts(row.id, said).await?;
        self.record(
            Change::new(kind, Subject("merchant", row.id))
                .data(json!({ "status": row.status }))
                .from_to(json!({ "status": before.status }), said),
        );
        // What a storefront shows of the merchant and of its products follows in this same transaction.
        self.project_merchant(id).await?;
        self.told(row).await
    }
}

/// What a reviewer asks for, as the log has it.
fn asked(requests: &[NewRequest]) -> Value {
    let asked =
        |request: &NewRequest| json!({ "pointer": request.pointer, "reason": request.reason.as_str() });
    requests.iter().map(asked).collect()
}
