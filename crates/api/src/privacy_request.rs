//! `/v1/aggregators/{aggregator}/privacy-requests`: what people ask for by right, each within 72 hours.

use actix_web::{get, post};
use chrono::{DateTime, Utc};
use kapal_domain::ids::{LeadId, MerchantId, PrivacyRequestId, UserId};
use kapal_domain::permission::{MerchantsVerify, PiiRead};
use kapal_domain::privacy::{
    ChangedField, PrivacyKind, PrivacySort, PrivacyStatus, RequestAnswer, RequestNote,
};
use kapal_domain::region::RegionCode;
use kapal_domain::{Code, Faults};
use kapal_persistence::{NewPrivacyRequest, PrivacyRequestFilter, PrivacyRequestRow, RequestSubject};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answered, Created, Found};
use crate::consent::past;
use crate::csv::{Record, csv, optional_cell, time_cell, wants_csv};
use crate::json::Json;
use crate::merchant::MerchantView;
use crate::path::{At, parse_id};
use crate::query::{List, PageOf, Paging, one, several};
use crate::{Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(file_privacy_request)
        .service(list_privacy_requests)
        .service(get_privacy_request)
        .service(fulfil_privacy_request)
        .service(refuse_privacy_request)
        .service(lift_restriction)
        .service(lift_objection);
}

/// What somebody asks for by right.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PrivacyRequest)]
pub struct PrivacyRequestView {
    /// Id.
    id: Uuid,
    /// `access`, `rectification`, `erasure`, `restriction`, `objection` or `withdrawal`.
    #[schema(example = "erasure", max_length = 20)]
    kind: String,
    /// Whose data it is about: `merchant`, `member` or `lead`.
    #[schema(example = "merchant", max_length = 20)]
    subject_type: String,
    /// The merchant.
    merchant_id: Option<Uuid>,
    /// The member.
    user_id: Option<Uuid>,
    /// The buyer's contact.
    lead_id: Option<Uuid>,
    /// In the asker's words.
    #[schema(example = "Usaha sudah tutup; mohon data saya dihapus.", max_length = 2000)]
    note: String,
    /// `open`, `fulfilled` or `refused`.
    #[schema(example = "open", max_length = 20)]
    status: String,
    /// What was done, or why not.
    #[schema(example = "Data dihapus; catatan penjualan disimpan sesuai aturan pajak.", max_length = 2000)]
    answer: String,
    /// The fields that a rectification says it corrected, as JSON pointers.
    #[schema(example = json!([]), max_items = 50)]
    changed: Vec<String>,
    /// Who noted it.
    filed_by: Uuid,
    /// Who answered it.
    handled_by: Option<Uuid>,
    /// When it came in: the clock runs from then.
    received_at: DateTime<Utc>,
    /// When the law's 72 hours are up, holidays included.
    due_at: DateTime<Utc>,
    /// When it was answered.
    handled_at: Option<DateTime<Utc>>,
    /// Whether the time is up and nobody has answered.
    #[schema(example = false)]
    overdue: bool,
    /// When it was noted.
    created_at: DateTime<Utc>,
}

/// What the asker wrote, and what he was answered, stays out of files.
impl Record for PrivacyRequestView {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "kind",
        "subject_type",
        "merchant_id",
        "user_id",
        "lead_id",
        "status",
        "overdue",
        "received_at",
        "due_at",
        "handled_at",
        "filed_by",
        "handled_by",
        "created_at",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.kind.clone(),
            self.subject_type.clone(),
            optional_cell(self.merchant_id.as_ref()),
            optional_cell(self.user_id.as_ref()),
            optional_cell(self.lead_id.as_ref()),
            self.status.clone(),
            self.overdue.to_string(),
            time_cell(self.received_at),
            time_cell(self.due_at),
            self.handled_at.map(time_cell).unwrap_or_default(),
            self.filed_by.to_string(),
            optional_cell(self.handled_by.as_ref()),
            time_cell(self.created_at),
        ]
    }
}

impl From<PrivacyRequestRow> for PrivacyRequestView {
    fn from(row: PrivacyRequestRow) -> Self {
        Self {
            overdue: row.is_overdue(Utc::now()),
            id: row.id,
            kind: row.kind,
            subject_type: row.subject_type,
            merchant_id: row.merchant_id,
            user_id: row.user_id,
            lead_id: row.lead_id,
            note: row.note,
            status: row.status,
            answer: row.answer,
            changed: row.changed,
            filed_by: row.filed_by,
            handled_by: row.handled_by,
            received_at: row.received_at,
            due_at: row.due_at,
            handled_at: row.handled_at,
            created_at: row.created_at,
        }
    }
}

/// A request to be noted: about exactly one of merchant, member and lead.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PrivacyRequestCreate {
    /// What is asked for.
    #[schema(
        example = "erasure",
        pattern = "^(access|rectification|erasure|restriction|objection|withdrawal)$",
        max_length = 20
    )]
    kind: String,
    /// The merchant whose data it is about.
    #[schema(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", format = "uuid", max_length = 36)]
    merchant_id: Option<String>,
    /// The member whose data it is about.
    #[schema(example = json!(null), format = "uuid", max_length = 36)]
    user_id: Option<String>,
    /// The buyer's contact that it is about.
    #[schema(example = json!(null), format = "uuid", max_length = 36)]
    lead_id: Option<String>,
    /// In the asker's words.
    #[schema(example = "Usaha sudah tutup; mohon data saya dihapus.", max_length = 2000)]
    note: Option<String>,
    /// When it came in, by whatever way; now when it is left away.
    #[schema(example = "2026-11-23T03:00:00Z", format = "date-time", max_length = 40)]
    received_at: Option<String>,
}

impl PrivacyRequestCreate {
    fn parse(&self) -> Result<NewPrivacyRequest, Faults> {
        let mut faults = Faults::default();
        let kind = faults.take("/kind", PrivacyKind::parse(&self.kind));
        let merchant = self.merchant_id.as_deref().map(parse_id::<MerchantId>);
        let merchant = faults.take_optional("/merchant_id", merchant);
        let user = faults.take_optional("/user_id", self.user_id.as_deref().map(parse_id::<UserId>));
        let lead = faults.take_optional("/lead_id", self.lead_id.as_deref().map(parse_id::<LeadId>));
        let note = faults.take("/note", RequestNote::parse(self.note.as_deref().unwrap_or_default()));
        let received_at = past(&mut faults, "/received_at", self.received_at.as_deref());
        let (Some(merchant), Some(user), Some(lead)) = (merchant, user, lead) else { return Err(faults) };
        let subject = match (merchant, user, lead) {
            (Some(id), None, None) => RequestSubject::Merchant(id),
            (None, Some(id), None) => RequestSubject::Member(id),
            (None, None, Some(id)) => RequestSubject::Lead(id),
            _ => {
                let one = "Name exactly one of merchant_id, user_id and lead_id.";
                faults.add_detail("/merchant_id", Code::Required, one);
                return Err(faults);
            }
        };
        let (Some(kind), Some(note), Some(received_at)) = (kind, note, received_at) else {
            return Err(faults);
        };
        Ok(NewPrivacyRequest { kind, subject, note, received_at })
    }
}

/// File a privacy request
///
/// Notes what somebody asks for by right (UU 27/2022), by whatever way it came. From then on 72 hours run. A merchant's
/// own account files for itself.
#[utoipa::path(tag = "privacy", request_body = PrivacyRequestCreate, responses((status = 201, description = "The request.", body = PrivacyRequestView)), security(("bearer" = ["pii:read"])))]
#[post("/v1/aggregators/{aggregator}/privacy-requests")]
pub async fn file_privacy_request(staff: Staff<PiiRead>, body: Json<PrivacyRequestCreate>) -> Answered {
    let new = body.0.parse()?;
    let staff = staff.seeing_restricted();
    staff
        .run(async |tx| {
            let thing = PrivacyRequestView::from(tx.insert_privacy_request(&new).await?);
            let location = staff.path(format_args!("privacy-requests/{}", thing.id));
            Ok(Created { location, version: None, thing })
        })
        .await
}

/// Which requests.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PrivacyRequestQuery {
    /// Any of these, separated by commas.
    #[param(example = "open", max_length = 100)]
    status: Option<String>,
    /// Any of these, separated by commas.
    #[param(example = "erasure,restriction", max_length = 100)]
    kind: Option<String>,
    /// About this merchant.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    merchant: Option<String>,
    /// About merchants in this region or below it, at any level.
    #[param(example = "53", max_length = 13)]
    region: Option<String>,
    /// Whether the time is up and nobody has answered.
    #[param(example = true)]
    overdue: Option<bool>,
    /// The order: `due_at` (the default), `-due_at`, `created_at` or `-created_at`.
    #[param(example = "-created_at", max_length = 20)]
    sort: Option<String>,
}

impl PrivacyRequestQuery {
    fn parse(&self) -> Result<PrivacyRequestFilter, Problem> {
        Ok(PrivacyRequestFilter {
            statuses: several("status", self.status.as_ref(), PrivacyStatus::parse)?,
            kinds: several("kind", self.kind.as_ref(), PrivacyKind::parse)?,
            merchant: one("merchant", self.merchant.as_ref(), parse_id)?,
            region: one("region", self.region.as_ref(), RegionCode::parse)?,
            overdue: self.overdue,
            sort: one("sort", self.sort.as_ref(), PrivacySort::parse)?.unwrap_or_default(),
        })
    }
}

/// List privacy requests
///
/// What is due first comes first, unless another order is asked for. A merchant's own account sees its own. With
/// `Accept: text/csv` the whole list comes as a file, without what was written in requests and answers.
#[utoipa::path(tag = "privacy", params(PrivacyRequestQuery, Paging), responses((status = 200, description = "A page of requests, or all of them as a file.", content((PageOf<PrivacyRequestView> = "application/json"), (String = "text/csv")))), security(("bearer" = ["pii:read"])))]
#[get("/v1/aggregators/{aggregator}/privacy-requests")]
pub async fn list_privacy_requests(staff: Staff<PiiRead>, list: List<PrivacyRequestQuery>) -> Answered {
    let filter = list.filter.parse()?;
    // Where a restricted merchant is counts too.
    let staff = staff.seeing_restricted();
    if wants_csv(staff.request()) {
        return csv(staff, "privacy-requests", async move |tx, after, limit| {
            Ok(tx.privacy_requests(&filter, after, limit).await?.map(PrivacyRequestView::from))
        })
        .await;
    }
    staff
        .run(async |tx| {
            let page = tx.privacy_requests(&filter, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(PrivacyRequestView::from)))
        })
        .await
}

/// Read a privacy request
///
/// With its clock and, once there is one, its answer.
#[utoipa::path(tag = "privacy", responses((status = 200, description = "The request.", body = PrivacyRequestView)), security(("bearer" = ["pii:read"])))]
#[get("/v1/aggregators/{aggregator}/privacy-requests/{request_id}")]
pub async fn get_privacy_request(staff: Staff<PiiRead>, At(id): At<PrivacyRequestId>) -> Answered {
    staff.run(async |tx| Ok(Found(None, PrivacyRequestView::from(tx.privacy_request(id).await?)))).await
}

/// Why a request is not fulfilled.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PrivacyAnswer {
    /// In words that the asker can be told.
    #[schema(example = "Catatan penjualan disimpan sesuai aturan pajak.", min_length = 1, max_length = 2000)]
    answer: String,
}

impl PrivacyAnswer {
    fn parse(&self) -> Result<RequestAnswer, Problem> {
        RequestAnswer::parse(&self.answer).map_err(|code| Problem::field("/answer", code))
    }
}

/// How a request was fulfilled.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PrivacyFulfil {
    /// In words that the asker can be told.
    #[schema(
        example = "Data dihapus; catatan penjualan disimpan sesuai aturan pajak.",
        min_length = 1,
        max_length = 2000
    )]
    answer: String,
    /// For a rectification: the fields that were corrected, as JSON pointers. It may be left away where the merchant's
    /// own entry, its bank account, the member, the hero or the contact changed since the request came in.
    #[schema(example = json!([]), max_items = 50)]
    changed: Option<Vec<String>>,
}

impl PrivacyFulfil {
    fn parse(&self) -> Result<(RequestAnswer, Vec<ChangedField>), Faults> {
        let mut faults = Faults::default();
        let answer = faults.take("/answer", RequestAnswer::parse(&self.answer));
        let mut changed = Vec::new();
        for (place, field) in self.changed.iter().flatten().enumerate() {
            changed.extend(faults.take(format!("/changed/{place}"), ChangedField::parse(field)));
        }
        if changed.len() > 50 {
            faults.add("/changed", Code::TooLong);
        }
        match answer {
            Some(answer) if faults.is_empty() => Ok((answer, changed)),
            _ => Err(faults),
        }
    }
}

/// Fulfil a privacy request
///
/// An erasure destroys the subject's key and empties what is personal; a restriction takes the merchant off the
/// storefront and out of every list; a withdrawal takes every consent back, and the story off the storefront; an
/// objection ends scores and assessments of the merchant until it is lifted: each is done here, at once. Access of a
/// merchant is fulfilled by its export, which must have been made since; a rectification by a change since, or by naming
/// what was corrected. The rest is done by people, and the answer says what.
#[utoipa::path(tag = "privacy", request_body = PrivacyFulfil, responses((status = 200, description = "The request, fulfilled.", body = PrivacyRequestView)), security(("bearer" = ["merchants:verify"])))]
#[post("/v1/aggregators/{aggregator}/privacy-requests/{request_id}/fulfil")]
pub async fn fulfil_privacy_request(
    staff: Staff<MerchantsVerify>,
    At(id): At<PrivacyRequestId>,
    body: Json<PrivacyFulfil>,
) -> Answered {
    let (answer, changed) = body.0.parse()?;
    let staff = staff.handling_restricted();
    let answered = staff
        .run(async |tx| {
            let row = tx.fulfil_privacy_request(id, &answer, &changed, staff.membership.role).await?;
            Ok(Found(None, PrivacyRequestView::from(row)))
        })
        .await?;
    // Now that it is committed. What fails here, the worker does.
    if let Err(error) = staff.app.db.delete_erased_bytes(&staff.app.objects).await {
        tracing::warn!(target: "kapal::privacy", %error, "the files of who was erased are still there");
    }
    Ok(answered)
}

/// Refuse a privacy request
///
/// With the reason that the asker is told, such as a law that wants the data kept.
#[utoipa::path(tag = "privacy", request_body = PrivacyAnswer, responses((status = 200, description = "The request, refused.", body = PrivacyRequestView)), security(("bearer" = ["merchants:verify"])))]
#[post("/v1/aggregators/{aggregator}/privacy-requests/{request_id}/refuse")]
pub async fn refuse_privacy_request(
    staff: Staff<MerchantsVerify>,
    At(id): At<PrivacyRequestId>,
    body: Json<PrivacyAnswer>,
) -> Answered {
    let reason = body.0.parse()?;
    staff
        .run(async |tx| {
            Ok(Found(None, PrivacyRequestView::from(tx.refuse_privacy_request(id, &reason).await?)))
        })
        .await
}

/// Lift a restriction
///
/// Brings a merchant back whose processing was restricted: to the storefront, to lists and figures, with all that belongs
/// to it.
#[utoipa::path(tag = "privacy", responses((status = 200, description = "The merchant.", body = MerchantView)), security(("bearer" = ["merchants:verify"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/lift-restriction")]
pub async fn lift_restriction(staff: Staff<MerchantsVerify>, At(id): At<MerchantId>) -> Answered {
    staff
        .handling_restricted()
        .run(async |tx| {
            let merchant = tx.lift_restriction(id).await?;
            Ok(Found(Some(merchant.row.version), MerchantView::from(merchant)))
        })
        .await
}

/// Lift an objection
///
/// Lets a merchant be scored and assessed again that objected to it (UU 27/2022, article 10), as it wants by now.
#[utoipa::path(tag = "privacy", responses((status = 200, description = "The merchant.", body = MerchantView)), security(("bearer" = ["merchants:verify"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/lift-objection")]
pub async fn lift_objection(staff: Staff<MerchantsVerify>, At(id): At<MerchantId>) -> Answered {
    staff
        .handling_restricted()
        .run(async |tx| {
            let merchant = tx.lift_objection(id).await?;
            Ok(Found(Some(merchant.row.version), MerchantView::from(merchant)))
        })
        .await
}
