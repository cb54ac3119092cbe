//! The steps of a merchant's life.

use actix_web::post;
use kapal_domain::ids::MerchantId;
use kapal_domain::legality::DocumentNote;
use kapal_domain::merchant::MerchantAction;
use kapal_domain::onboarding::{MAX_REQUESTS, RequestReason, parse_pointer};
use kapal_domain::permission::{Demand, MerchantsVerify, MerchantsWrite};
use kapal_domain::text::Prose;
use kapal_domain::{Code, Faults};
use kapal_persistence::NewRequest;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::found;
use super::view::MerchantView;
use crate::Staff;
use crate::answer::Answered;
use crate::json::{Json, OptionalJson};
use crate::path::{At, IfMatchOptional};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(submit_merchant)
        .service(request_merchant_changes)
        .service(verify_merchant)
        .service(suspend_merchant)
        .service(reinstate_merchant)
        .service(archive_merchant);
}

/// Why a step is taken.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ReasonBody {
    /// In words that the merchant can act on.
    #[schema(example = "Foto NIB belum terbaca; mohon unggah ulang.", min_length = 1, max_length = 2000)]
    reason: String,
}

impl ReasonBody {
    /// The reason, checked.
    pub(crate) fn parse(&self) -> Result<Prose<1, 2000>, Faults> {
        let mut faults = Faults::default();
        faults.take("/reason", Prose::parse(&self.reason)).ok_or(faults)
    }
}

/// What a reviewer asks for: in general, field by field, or both.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ChangesBody {
    /// In words that the merchant can act on.
    #[schema(example = "Foto NIB belum terbaca; mohon unggah ulang.", min_length = 1, max_length = 2000)]
    reason: Option<String>,
    /// The fields.
    #[schema(min_items = 1, max_items = 20)]
    fields: Option<Vec<FieldRequest>>,
}

/// A field that is to be changed.
#[derive(Debug, Deserialize, ToSchema)]
pub struct FieldRequest {
    /// A JSON pointer into the merchant, or `/channels/{kind}`, `/documents/{kind}`.
    #[schema(example = "/nib", max_length = 60)]
    pointer: String,
    /// Why.
    #[schema(example = "Nomor tidak cocok dengan dokumen.", min_length = 1, max_length = 500)]
    reason: String,
}

type Asked = (Option<Prose<1, 2000>>, Vec<NewRequest>);

impl ChangesBody {
    fn parse(&self) -> Result<Asked, Faults> {
        let mut faults = Faults::default();
        let reason = faults.take_optional("/reason", self.reason.as_deref().map(Prose::parse));
        let fields = self.fields.as_deref().unwrap_or_default();
        if self.reason.is_none() && fields.is_empty() {
            faults.add("/reason", Code::Required);
        }
        if fields.len() > MAX_REQUESTS {
            faults.add("/fields", Code::TooLong);
            return Err(faults);
        }
        let mut requests: Vec<NewRequest> = Vec::new();
        for (at, field) in fields.iter().enumerate() {
            let once = |pointer: String| match requests.iter().any(|request| request.pointer == pointer) {
                true => Err(Code::DuplicateEntry),
                false => Ok(pointer),
            };
            let pointer =
                faults.take(format!("/fields/{at}/pointer"), parse_pointer(&field.pointer).and_then(once));
            let reason = faults.take(format!("/fields/{at}/reason"), RequestReason::parse(&field.reason));
            requests.extend(pointer.zip(reason).map(|(pointer, reason)| NewRequest { pointer, reason }));
        }
        match reason {
            Some(reason) if faults.is_empty() => Ok((reason, requests)),
            _ => Err(faults),
        }
    }
}
/// Submit a merchant
///
/// Asks for verification: from draft or after changes. `merchant_incomplete` names what it lacks, such as a field that
/// the reviewer asked for and that has not changed since; see the onboarding.
#[utoipa::path(tag = "merchants", responses((status = 200, description = "The merchant, submitted.", body = MerchantView)), security(("bearer" = ["merchants:write"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/submit")]
pub async fn submit_merchant(staff: Staff<MerchantsWrite>, At(id): At<MerchantId>) -> Answered {
    step(&staff, id, MerchantAction::Submit, None).await
}

/// Request changes of a merchant
///
/// Sends a submitted merchant back with what is missing, in general or field by field. A field stays asked for until it
/// changes or the merchant is verified; it stands with the merchant and in its onboarding.
#[utoipa::path(tag = "merchants", request_body = ChangesBody, responses((status = 200, description = "The merchant, sent back.", body = MerchantView)), security(("bearer" = ["merchants:verify"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/request-changes")]
pub async fn request_merchant_changes(
    staff: Staff<MerchantsVerify>,
    At(id): At<MerchantId>,
    body: Json<ChangesBody>,
) -> Answered {
    let (reason, requests) = body.0.parse()?;
    let reason = reason.as_ref().map(|reason| reason.as_str());
    staff.run(async |tx| Ok(found(tx.request_merchant_changes(id, reason, &requests).await?))).await
}

/// What whoever verifies a merchant says of its NIB.
#[derive(Debug, Deserialize, ToSchema)]
pub struct VerificationBody {
    /// How it was looked at; it is kept with the NIB's document.
    #[schema(example = "Dicocokkan dengan OSS.", min_length = 1, max_length = 2000)]
    note: Option<String>,
}

impl VerificationBody {
    fn parse(&self) -> Result<Option<DocumentNote>, Faults> {
        let mut faults = Faults::default();
        faults.take_optional("/note", self.note.as_deref().map(DocumentNote::parse)).ok_or(faults)
    }
}

/// Verify a merchant
///
/// Makes a submitted merchant active: its published products show from then on. It needs a NIB, since nothing is shown
/// without the producer's (Permendag 31/2023, article 33): you say that you have looked at it, and its document is
/// verified with the merchant. A NIB that changes later has to be verified anew. Send the `ETag` that you have read as
/// `If-Match`, so that you verify nothing that was changed meanwhile.
#[utoipa::path(tag = "merchants", params(("If-Match" = Option<String>, Header, description = "The `ETag` of what you have looked at.", max_length = 20, example = "\"3\"")), request_body = VerificationBody, responses((status = 200, description = "The merchant, active.", body = MerchantView), (status = 412, description = "It was changed.")), security(("bearer" = ["merchants:verify"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/verify")]
pub async fn verify_merchant(
    staff: Staff<MerchantsVerify>,
    At(id): At<MerchantId>,
    IfMatchOptional(version): IfMatchOptional,
    body: OptionalJson<VerificationBody>,
) -> Answered {
    let note = body.0.map(|body| body.parse()).transpose()?.flatten();
    staff.run(async |tx| Ok(found(tx.verify_merchant(id, version, note.as_ref()).await?))).await
}

/// Suspend a merchant
///
/// Takes the merchant and all its products off every storefront at once.
#[utoipa::path(tag = "merchants", request_body = ReasonBody, responses((status = 200, description = "The merchant, suspended.", body = MerchantView)), security(("bearer" = ["merchants:verify"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/suspend")]
pub async fn suspend_merchant(
    staff: Staff<MerchantsVerify>,
    At(id): At<MerchantId>,
    body: OptionalJson<ReasonBody>,
) -> Answered {
    let reason = body.0.map(|body| body.parse()).transpose()?;
    step(&staff, id, MerchantAction::Suspend, reason.as_ref().map(|r| r.as_str())).await
}

/// Reinstate a merchant
///
/// Brings a suspended merchant back, with the products that were published.
#[utoipa::path(tag = "merchants", responses((status = 200, description = "The merchant, active again.", body = MerchantView)), security(("bearer" = ["merchants:verify"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/reinstate")]
pub async fn reinstate_merchant(staff: Staff<MerchantsVerify>, At(id): At<MerchantId>) -> Answered {
    step(&staff, id, MerchantAction::Reinstate, None).await
}

/// Archive a merchant
///
/// Ends the merchant's life here; its NIB is free again, its history stays.
#[utoipa::path(tag = "merchants", responses((status = 200, description = "The merchant, archived.", body = MerchantView)), security(("bearer" = ["merchants:write"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/archive")]
pub async fn archive_merchant(staff: Staff<MerchantsWrite>, At(id): At<MerchantId>) -> Answered {
    step(&staff, id, MerchantAction::Archive, None).await
}

async fn step<P: Demand>(
    staff: &Staff<P>,
    id: MerchantId,
    action: MerchantAction,
    reason: Option<&str>,
) -> Answered {
    staff.run(async |tx| Ok(found(tx.change_merchant_status(id, action, reason).await?))).await
}
