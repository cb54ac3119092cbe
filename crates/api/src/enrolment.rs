//! `/v1/aggregators/{aggregator}/programmes/{programme_id}/enrolments`: seats, attendance, completion, certificates.

use actix_web::http::header;
use actix_web::{HttpResponse, get, patch, post};
use chrono::{DateTime, NaiveDate, Utc};
use kapal_domain::day::parse_day;
use kapal_domain::ids::{EnrolmentId, MerchantId, ProgrammeId};
use kapal_domain::permission::{MentoringManage, MentoringRead};
use kapal_domain::programme::{EnrolmentSort, EnrolmentStatus, MAX_TOPICS, TopicKey};
use kapal_domain::region::RegionCode;
use kapal_domain::text::Prose;
use kapal_domain::{Code, Faults};
use kapal_papers::certificate::{Certificate, render};
use kapal_persistence::{CertificateRow, EnrolmentChanges, EnrolmentEnd, EnrolmentFilter, EnrolmentRow};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answered, Created, Done, Found};
use crate::csv::{Record, csv, optional_cell, time_cell, wants_csv};
use crate::json::{Json, Patch};
use crate::merchant::ReasonBody;
use crate::path::{At, IfMatch, parse_id};
use crate::query::{List, PageOf, Paging, one, several};
use crate::{Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(create_enrolment)
        .service(list_enrolments)
        .service(list_all_enrolments)
        .service(get_enrolment)
        .service(update_enrolment)
        .service(get_certificate)
        .service(revoke_certificate);
}

/// A merchant's place in a programme.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Enrolment)]
pub struct EnrolmentView {
    /// Id.
    id: Uuid,
    /// The programme.
    programme_id: Uuid,
    /// Who takes part.
    merchant: EnrolledMerchantView,
    /// `enrolled`, `completed` or `dropped`.
    #[schema(example = "enrolled", max_length = 20)]
    status: String,
    /// Why it was dropped.
    #[schema(example = "Pindah ke luar pulau.", max_length = 2000)]
    reason: Option<String>,
    /// The topics that were attended, in the order of the curriculum.
    #[schema(max_items = 60)]
    attendance: Vec<AttendedView>,
    /// Null until completion.
    certificate: Option<CertificateView>,
    /// When it was completed or dropped.
    ended_at: Option<DateTime<Utc>>,
    /// Grows with each change: the `ETag`.
    #[schema(example = 1, minimum = 1)]
    version: i32,
    /// When the merchant was enrolled.
    created_at: DateTime<Utc>,
    /// When the enrolment last changed.
    updated_at: DateTime<Utc>,
}

/// A merchant as it stands in an enrolment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EnrolledMerchant)]
pub struct EnrolledMerchantView {
    /// Id.
    id: Uuid,
    /// Shop name.
    #[schema(example = "Tenun Mama Ina", max_length = 120)]
    name: String,
}

/// A topic that was attended.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attended)]
pub struct AttendedView {
    /// Its key.
    #[schema(example = "bookkeeping", max_length = 40)]
    topic: String,
    /// On which day.
    #[schema(example = "2026-12-08")]
    attended_on: NaiveDate,
}

/// A certificate.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Certificate)]
pub struct CertificateView {
    /// Its number: aggregator, year, count.
    #[schema(example = "EKRAF-SULAWESI/2026/00012", max_length = 120)]
    number: String,
    /// By which anybody checks it.
    #[schema(example = "7K3M-ZQ9A-04RW-XD1C", max_length = 19)]
    code: String,
    /// The page that checks it.
    #[schema(example = "https://kapal.example/verify/7K3M-ZQ9A-04RW-XD1C", max_length = 300)]
    verify_url: String,
    /// Day of issue, in western Indonesian time.
    #[schema(example = "2027-02-26")]
    issued_on: NaiveDate,
    /// When it was revoked.
    revoked_at: Option<DateTime<Utc>>,
    /// Why.
    #[schema(example = "Kehadiran tercatat atas nama usaha lain.", max_length = 2000)]
    revoke_reason: Option<String>,
}

impl EnrolmentView {
    fn new(row: EnrolmentRow, public_url: &str) -> Self {
        let certificate = match (row.certificate_number, row.certificate_code, row.issued_on) {
            (Some(number), Some(code), Some(issued_on)) => Some(CertificateView {
                number,
                verify_url: verify_url(public_url, &code),
                code,
                issued_on,
                revoked_at: row.revoked_at,
                revoke_reason: row.revoke_reason,
            }),
            _ => None,
        };
        let attended = row.attendance.into_iter();
        Self {
            id: row.id,
            programme_id: row.programme_id,
            merchant: EnrolledMerchantView { id: row.merchant_id, name: row.merchant_name },
            status: row.status,
            reason: row.reason,
            attendance: attended
                .map(|a| AttendedView { topic: a.topic, attended_on: a.attended_on })
                .collect(),
            certificate,
            ended_at: row.ended_at,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// The page that checks a certificate.
fn verify_url(public_url: &str, code: &str) -> String {
    format!("{public_url}/verify/{code}")
}

/// Who is to be enrolled.
#[derive(Debug, Deserialize, ToSchema)]
pub struct EnrolmentCreate {
    /// The merchant.
    #[schema(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", format = "uuid", max_length = 36)]
    merchant_id: String,
}

/// A topic that was attended.
#[derive(Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub struct AttendedBody {
    /// Its key in the curriculum.
    #[schema(example = "bookkeeping", min_length = 1, max_length = 40)]
    topic: String,
    /// On which day: from the programme's first on, never in the future.
    #[schema(example = "2026-12-08", format = "date", max_length = 10)]
    attended_on: String,
}

/// What to change of an enrolment (RFC 7396): absent keeps.
#[derive(Debug, Deserialize, ToSchema)]
pub struct EnrolmentPatch {
    /// All that was attended up to now; null: nothing.
    #[serde(default)]
    #[schema(value_type = Option<Vec<AttendedBody>>, max_items = 60)]
    attendance: Patch<Vec<AttendedBody>>,
    /// How it ends: `completed` or `dropped`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "completed", pattern = "^(enrolled|completed|dropped)$", max_length = 20)]
    status: Patch<String>,
    /// Why it is dropped; with `dropped` alone.
    #[schema(example = "Pindah ke luar pulau.", min_length = 1, max_length = 2000)]
    reason: Option<String>,
}

impl EnrolmentPatch {
    fn parse(&self) -> Result<EnrolmentChanges, Faults> {
        let mut faults = Faults::default();
        let status = self.status.required(&mut faults, "/status", |t| EnrolmentStatus::parse(t));
        let reason = faults.take_optional("/reason", self.reason.as_deref().map(Prose::parse));
        let attendance = match &self.attendance {
            Patch::Keep => None,
            Patch::Clear => Some(Vec::new()),
            Patch::Set(bodies) => Some(parse_attendance(&mut faults, bodies)),
        };
        let end = match (status, reason) {
            (Some(Some(EnrolmentStatus::Dropped)), Some(reason)) => {
                faults.take("/reason", reason.ok_or(Code::Required)).map(|r| Some(EnrolmentEnd::Dropped(r)))
            }
            (Some(_), Some(Some(_))) => faults.take("/reason", Err(Code::InvalidChoice)),
            (Some(Some(EnrolmentStatus::Completed)), Some(None)) => Some(Some(EnrolmentEnd::Completed)),
            (Some(_), Some(None)) => Some(None),
            _ => None,
        };
        match end {
            Some(end) if faults.is_empty() => Ok(EnrolmentChanges { attendance, end }),
            _ => Err(faults),
        }
    }
}

fn parse_attendance(faults: &mut Faults, bodies: &[AttendedBody]) -> Vec<(TopicKey, NaiveDate)> {
    if bodies.len() > MAX_TOPICS {
        faults.add("/attendance", Code::TooLong);
        return Vec::new();
    }
    let mut attendance: Vec<(TopicKey, NaiveDate)> = Vec::with_capacity(bodies.len());
    for (at, body) in bodies.iter().enumerate() {
        let topic = faults.take(format!("/attendance/{at}/topic"), TopicKey::parse(&body.topic));
        let day = faults.take(format!("/attendance/{at}/attended_on"), parse_day(&body.attended_on));
        let (Some(topic), Some(day)) = (topic, day) else { continue };
        if attendance.iter().any(|(known, _)| *known == topic) {
            faults.add(format!("/attendance/{at}/topic"), Code::DuplicateEntry);
        }
        attendance.push((topic, day));
    }
    attendance
}

/// Which enrolments.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EnrolmentQuery {
    /// Any of these states, separated by commas.
    #[param(example = "enrolled,completed", max_length = 100)]
    status: Option<String>,
    /// Of the merchant with this id.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    merchant: Option<String>,
    /// Of merchants mentored by the hero with this user id.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    hero: Option<String>,
    /// Of merchants whose shop or legal name has words that begin so: all of them.
    #[param(example = "tenun", max_length = 100)]
    q: Option<String>,
    /// Of merchants in this region or below it, at any level.
    #[param(example = "53", max_length = 13)]
    region: Option<String>,
    /// The order: `-created_at` (the default), `created_at`, `merchant` or `-merchant`.
    #[param(example = "merchant", max_length = 20)]
    sort: Option<String>,
}

impl EnrolmentQuery {
    fn parse(&self, programme: Option<ProgrammeId>) -> Result<EnrolmentFilter, Problem> {
        Ok(EnrolmentFilter {
            programme,
            merchant: one("merchant", self.merchant.as_ref(), parse_id)?,
            hero: one("hero", self.hero.as_ref(), parse_id)?,
            text: self.q.clone(),
            region: one("region", self.region.as_ref(), RegionCode::parse)?,
            statuses: several("status", self.status.as_ref(), EnrolmentStatus::parse)?,
            sort: one("sort", self.sort.as_ref(), EnrolmentSort::parse)?.unwrap_or_default(),
        })
    }
}

impl Record for EnrolmentView {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "programme_id",
        "merchant_id",
        "merchant",
        "status",
        "attended",
        "certificate",
        "certificate_revoked_at",
        "ended_at",
        "created_at",
        "updated_at",
    ];

    fn cells(&self) -> Vec<String> {
        let certificate = self.certificate.as_ref();
        vec![
            self.id.to_string(),
            self.programme_id.to_string(),
            self.merchant.id.to_string(),
            self.merchant.name.clone(),
            self.status.clone(),
            self.attendance.len().to_string(),
            optional_cell(certificate.map(|certificate| &certificate.number)),
            certificate.and_then(|certificate| certificate.revoked_at).map(time_cell).unwrap_or_default(),
            self.ended_at.map(time_cell).unwrap_or_default(),
            time_cell(self.created_at),
            time_cell(self.updated_at),
        ]
    }
}

/// Enrol a merchant
///
/// Takes a seat of an open or running programme: `programme_full` when none is left. A merchant is enrolled in a programme
/// once, for good: `already_enrolled`.
#[utoipa::path(tag = "mentoring", request_body = EnrolmentCreate, responses((status = 201, description = "The enrolment.", body = EnrolmentView)), security(("bearer" = ["mentoring:manage"])))]
#[post("/v1/aggregators/{aggregator}/programmes/{programme_id}/enrolments")]
pub async fn create_enrolment(
    staff: Staff<MentoringManage>,
    At(programme): At<ProgrammeId>,
    body: Json<EnrolmentCreate>,
) -> Answered {
    let mut faults = Faults::default();
    let merchant = faults.take("/merchant_id", parse_id::<MerchantId>(&body.0.merchant_id)).ok_or(faults)?;
    staff
        .run(async |tx| {
            let row = tx.insert_enrolment(programme, merchant).await?;
            let location = staff.path(format_args!("programmes/{programme}/enrolments/{}", row.id));
            let version = Some(row.version);
            Ok(Created { location, version, thing: EnrolmentView::new(row, &staff.app.public_url) })
        })
        .await
}

/// List enrolments
///
/// Who takes part in a programme. Heroes and merchants see those of their merchants. With
/// `Accept: text/csv` the whole list comes as a file.
#[utoipa::path(tag = "mentoring", params(EnrolmentQuery, Paging), responses((status = 200, description = "A page of enrolments, or all of them as a file.", content((PageOf<EnrolmentView> = "application/json"), (String = "text/csv")))), security(("bearer" = ["mentoring:read"])))]
#[get("/v1/aggregators/{aggregator}/programmes/{programme_id}/enrolments")]
pub async fn list_enrolments(
    staff: Staff<MentoringRead>,
    At(programme): At<ProgrammeId>,
    list: List<EnrolmentQuery>,
) -> Answered {
    let filter = list.filter.parse(Some(programme))?;
    answer_list(staff, list, filter).await
}

/// List enrolments in all programmes
///
/// Who takes part in what. Heroes and merchants see those of their merchants. With `Accept: text/csv`
/// the whole list comes as a file.
#[utoipa::path(tag = "mentoring", params(EnrolmentQuery, Paging), responses((status = 200, description = "A page of enrolments, or all of them as a file.", content((PageOf<EnrolmentView> = "application/json"), (String = "text/csv")))), security(("bearer" = ["mentoring:read"])))]
#[get("/v1/aggregators/{aggregator}/enrolments")]
pub async fn list_all_enrolments(staff: Staff<MentoringRead>, list: List<EnrolmentQuery>) -> Answered {
    let filter = list.filter.parse(None)?;
    answer_list(staff, list, filter).await
}

async fn answer_list(
    staff: Staff<MentoringRead>,
    list: List<EnrolmentQuery>,
    filter: EnrolmentFilter,
) -> Answered {
    let url = staff.app.public_url.clone();
    if wants_csv(staff.request()) {
        return csv(staff, "enrolments", async move |tx, after, limit| {
            Ok(tx.enrolments(&filter, after, limit).await?.map(|row| EnrolmentView::new(row, &url)))
        })
        .await;
    }
    staff
        .run(async |tx| {
            let page = tx.enrolments(&filter, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(|row| EnrolmentView::new(row, &url))))
        })
        .await
}

/// Read an enrolment
///
/// One enrolment with its attendance and its certificate.
#[utoipa::path(tag = "mentoring", responses((status = 200, description = "The enrolment.", body = EnrolmentView)), security(("bearer" = ["mentoring:read"])))]
#[get("/v1/aggregators/{aggregator}/programmes/{programme_id}/enrolments/{enrolment_id}")]
pub async fn get_enrolment(
    staff: Staff<MentoringRead>,
    At(programme): At<ProgrammeId>,
    At(id): At<EnrolmentId>,
) -> Answered {
    staff.run(async |tx| Ok(found(tx.enrolment(programme, id).await?, &staff.app.public_url))).await
}

/// Record attendance, complete or drop
///
/// A merge patch (RFC 7396). Completion asks the programme's rule (`attendance_too_low`) and issues a certificate. Both
/// ends are for good.
#[utoipa::path(tag = "mentoring", request_body = EnrolmentPatch, responses((status = 200, description = "The enrolment as it is now.", body = EnrolmentView)), security(("bearer" = ["mentoring:manage"])))]
#[patch("/v1/aggregators/{aggregator}/programmes/{programme_id}/enrolments/{enrolment_id}")]
pub async fn update_enrolment(
    staff: Staff<MentoringManage>,
    At(programme): At<ProgrammeId>,
    At(id): At<EnrolmentId>,
    IfMatch(version): IfMatch,
    body: Json<EnrolmentPatch>,
) -> Answered {
    let changes = body.0.parse()?;
    staff
        .run(async |tx| {
            let row = tx.update_enrolment(programme, id, version, &changes).await?;
            Ok(found(row, &staff.app.public_url))
        })
        .await
}

/// Print a certificate
///
/// The certificate as a PDF (A4, landscape), with its code and a QR code of the page that checks it. The same certificate
/// always gives the same bytes. A revoked one is not printed: `certificate_revoked`.
#[utoipa::path(tag = "mentoring", responses((status = 200, description = "The certificate.", content_type = "application/pdf", body = Vec<u8>), (status = 409, description = "It was revoked.")), security(("bearer" = ["mentoring:read"])))]
#[get("/v1/aggregators/{aggregator}/programmes/{programme_id}/enrolments/{enrolment_id}/certificate")]
pub async fn get_certificate(
    staff: Staff<MentoringRead>,
    At(programme): At<ProgrammeId>,
    At(id): At<EnrolmentId>,
) -> Answered {
    let mut certificate = None;
    staff
        .run(async |tx| {
            certificate = Some(tx.certificate(programme, id).await?);
            Ok(Done)
        })
        .await?;
    let certificate = certificate.ok_or(Problem::new(Code::NotFound))?;
    if certificate.revoked_at.is_some() {
        return Err(Problem::new(Code::CertificateRevoked));
    }
    let number = certificate.number.replace('/', "-");
    let verify_url = verify_url(&staff.app.public_url, &certificate.code);
    let pdf = staff.app.heavily(move || print(&certificate, &verify_url)).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/pdf")
        .insert_header((header::CONTENT_DISPOSITION, format!("inline; filename=\"{number}.pdf\"")))
        .body(pdf))
}

fn print(row: &CertificateRow, verify_url: &str) -> Vec<u8> {
    render(&Certificate {
        number: &row.number,
        code: &row.code,
        verify_url,
        aggregator: &row.aggregator_name,
        merchant: &row.merchant_name,
        programme_id: &row.programme_name_id,
        programme_en: &row.programme_name_en,
        starts_on: row.starts_on,
        ends_on: row.ends_on,
        hours: row.hours,
        issued_on: row.issued_on,
    })
}

/// Revoke a certificate
///
/// For good, with a reason. Whoever checks the certificate is told from then on that it was revoked, not why.
#[utoipa::path(tag = "mentoring", request_body = ReasonBody, responses((status = 200, description = "The enrolment with its revoked certificate.", body = EnrolmentView)), security(("bearer" = ["mentoring:manage"])))]
#[post("/v1/aggregators/{aggregator}/programmes/{programme_id}/enrolments/{enrolment_id}/certificate/revoke")]
pub async fn revoke_certificate(
    staff: Staff<MentoringManage>,
    At(programme): At<ProgrammeId>,
    At(id): At<EnrolmentId>,
    body: Json<ReasonBody>,
) -> Answered {
    let reason = body.0.parse()?;
    staff
        .run(async |tx| {
            let row = tx.revoke_certificate(programme, id, reason.as_str()).await?;
            Ok(found(row, &staff.app.public_url))
        })
        .await
}

fn found(row: EnrolmentRow, public_url: &str) -> Found<EnrolmentView> {
    Found(Some(row.version), EnrolmentView::new(row, public_url))
}
