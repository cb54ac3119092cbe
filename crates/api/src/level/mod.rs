//! Naik kelas: the criteria, assessments of a merchant by them, and the decision of a second person.

mod list;

use actix_web::{get, post};
use chrono::{DateTime, Utc};
use kapal_domain::ids::{AssessmentId, FileId, MerchantId};
use kapal_domain::level::{AssessmentNote, MAX_EVIDENCE, Rule};
use kapal_domain::permission::{MentoringManage, MentoringRead, MentoringWrite};
use kapal_domain::rubric::CriterionKey;
use kapal_domain::{Code, Faults};
use kapal_persistence::{Assessment, CriterionRow, Decision, Declaration, FindingRow, NewAssessment};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answered, Created, Found};
use crate::collection::NoFilter;
use crate::json::Json;
use crate::merchant::ReasonBody;
use crate::path::{At, parse_id};
use crate::query::{List, PageOf, Paging, Query};
use crate::views::TextsView;
use crate::{Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(get_level_criteria)
        .service(create_assessment)
        .service(list_assessments)
        .service(list::list_all_assessments)
        .service(get_assessment)
        .service(confirm_assessment)
        .service(reject_assessment);
}

/// The criteria of one version.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LevelCriteria)]
pub struct CriteriaView {
    /// Which version.
    #[schema(example = 1, minimum = 1)]
    version: i32,
    /// The criteria, from the first class to the last.
    #[schema(max_items = 100)]
    criteria: Vec<CriterionView>,
}

/// What a class of naik kelas demands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LevelCriterion)]
pub struct CriterionView {
    /// Its key within the version.
    #[schema(example = "online_orders", max_length = 40)]
    key: String,
    /// The class: `modern`, `digital`, `online` or `global`. Each includes the ones before it.
    #[schema(example = "online", max_length = 10)]
    level: String,
    /// What it says.
    title: TextsView,
    /// Whether people declare it with evidence (`declared`), or the system computes it (`computed`).
    #[schema(example = "computed", max_length = 10)]
    kind: String,
    /// How it is found out: `declared`, `nib`, `price_list`, `channel`, `leads_won` or `export_readiness`.
    #[schema(example = "leads_won", max_length = 20)]
    rule: String,
    /// How much of it: `at_least`, `days`, `kinds`.
    #[schema(value_type = Object, example = json!({ "at_least": 5, "days": 90 }))]
    parameters: Value,
    /// Where it comes from.
    #[schema(example = "Kelas BUMN Go Online; kriteria operasional platform, 2026", max_length = 300)]
    source: String,
}

impl From<CriterionRow> for CriterionView {
    fn from(row: CriterionRow) -> Self {
        Self {
            kind: kind(&row.rule),
            key: row.key,
            level: row.level,
            title: TextsView { id: row.title_id, en: row.title_en },
            rule: row.rule,
            parameters: row.parameters,
            source: row.source,
        }
    }
}

/// Whether people or the system find it out.
pub(crate) fn kind(rule: &str) -> String {
    (if rule == Rule::Declared.as_str() { "declared" } else { "computed" }).to_owned()
}

/// An assessment of a merchant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Assessment)]
pub struct AssessmentView {
    /// Id.
    id: Uuid,
    /// Whose.
    merchant_id: Uuid,
    /// By which version of the criteria.
    #[schema(example = 1, minimum = 1)]
    criteria_version: i32,
    /// `proposed`, `confirmed` or `rejected`.
    #[schema(example = "proposed", max_length = 20)]
    status: String,
    /// The class that its findings make; null: not even the first.
    #[schema(example = "digital", max_length = 10)]
    level: Option<String>,
    /// What the assessor wrote.
    #[schema(example = "Kunjungan kedua; pembukuan rapi sejak Agustus.", max_length = 2000)]
    note: String,
    /// A finding for each criterion.
    #[schema(max_items = 100)]
    criteria: Vec<FindingView>,
    /// User id of who assessed.
    assessed_by: Uuid,
    /// User id of who decided: never the assessor.
    decided_by: Option<Uuid>,
    /// When it was decided.
    decided_at: Option<DateTime<Utc>>,
    /// Why it was rejected.
    #[schema(example = "Bukti pembukuan tidak terbaca.", max_length = 2000)]
    reason: Option<String>,
    /// Grows with each change: the `ETag`.
    #[schema(example = 1, minimum = 1)]
    version: i32,
    /// When it was made.
    created_at: DateTime<Utc>,
}

/// What was found of one criterion.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Finding)]
pub struct FindingView {
    /// Key of the criterion.
    #[schema(example = "bookkeeping", max_length = 40)]
    key: String,
    /// The class that demands it.
    #[schema(example = "modern", max_length = 10)]
    level: String,
    /// What it says.
    title: TextsView,
    /// `declared` or `computed`.
    #[schema(example = "declared", max_length = 10)]
    kind: String,
    /// `met`, `unmet`, or `not_available` where the system has no data yet.
    #[schema(example = "met", max_length = 20)]
    outcome: String,
    /// What the system counted.
    #[schema(example = 7, minimum = 0)]
    figure: Option<i32>,
    /// Files that prove it.
    #[schema(max_items = 10)]
    evidence: Vec<Uuid>,
    /// What the assessor wrote of it.
    #[schema(example = "Buku kas harian, tiga bulan.", max_length = 2000)]
    note: String,
}

impl From<FindingRow> for FindingView {
    fn from(row: FindingRow) -> Self {
        Self {
            kind: kind(&row.rule),
            key: row.key,
            level: row.level,
            title: TextsView { id: row.title_id, en: row.title_en },
            outcome: row.outcome,
            figure: row.figure,
            evidence: row.evidence,
            note: row.note,
        }
    }
}

impl From<Assessment> for AssessmentView {
    fn from(assessment: Assessment) -> Self {
        let row = assessment.row;
        Self {
            id: row.id,
            merchant_id: row.merchant_id,
            criteria_version: row.criteria_version,
            status: row.status,
            level: row.level,
            note: row.note,
            criteria: assessment.findings.into_iter().map(FindingView::from).collect(),
            assessed_by: row.assessed_by,
            decided_by: row.decided_by,
            decided_at: row.decided_at,
            reason: row.reason,
            version: row.version,
            created_at: row.created_at,
        }
    }
}

/// An assessment to make.
#[derive(Debug, Deserialize, ToSchema)]
pub struct AssessmentCreate {
    /// What people find out, by the keys of the present criteria; what is left out is not met. What the system computes
    /// is refused.
    #[schema(max_items = 100)]
    criteria: Vec<DeclarationBody>,
    /// About the whole.
    #[schema(example = "Kunjungan kedua; pembukuan rapi sejak Agustus.", max_length = 2000)]
    note: Option<String>,
}

/// What an assessor declares of one criterion.
#[derive(Debug, Deserialize, ToSchema)]
pub struct DeclarationBody {
    /// Key of the criterion.
    #[schema(example = "bookkeeping", min_length = 1, max_length = 40)]
    key: String,
    /// Whether it is met.
    #[schema(example = true)]
    met: bool,
    /// Ids of the merchant's files that prove it; at least one where it is met.
    #[serde(default)]
    #[schema(example = json!(["019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11"]), max_items = 10)]
    evidence: Vec<String>,
    /// About this criterion.
    #[schema(example = "Buku kas harian, tiga bulan.", max_length = 2000)]
    note: Option<String>,
}

impl AssessmentCreate {
    fn parse(&self) -> Result<NewAssessment, Faults> {
        let mut faults = Faults::default();
        let note = faults.take("/note", AssessmentNote::parse(self.note.as_deref().unwrap_or_default()));
        let mut declarations: Vec<Declaration> = Vec::new();
        if self.criteria.len() > 100 {
            faults.add("/criteria", Code::TooLong);
            return Err(faults);
        }
        for (at, body) in self.criteria.iter().enumerate() {
            let place = format!("/criteria/{at}");
            let Some(declaration) = body.parse(&mut faults, &place) else { continue };
            if declarations.iter().any(|known| known.key == declaration.key) {
                faults.add(format!("{place}/key"), Code::DuplicateEntry);
            }
            declarations.push(declaration);
        }
        match note {
            Some(note) if faults.is_empty() => Ok(NewAssessment { note, declarations }),
            _ => Err(faults),
        }
    }
}

impl DeclarationBody {
    fn parse(&self, faults: &mut Faults, place: &str) -> Option<Declaration> {
        let key = faults.take(format!("{place}/key"), CriterionKey::parse(&self.key));
        let note = AssessmentNote::parse(self.note.as_deref().unwrap_or_default());
        let note = faults.take(format!("{place}/note"), note);
        if self.evidence.len() > MAX_EVIDENCE {
            faults.add(format!("{place}/evidence"), Code::TooLong);
            return None;
        }
        let mut evidence: Vec<FileId> = Vec::with_capacity(self.evidence.len());
        for (at, id) in self.evidence.iter().enumerate() {
            let place = format!("{place}/evidence/{at}");
            let file = faults.take(place.as_str(), parse_id::<FileId>(id))?;
            if evidence.contains(&file) {
                faults.add(place, Code::DuplicateEntry);
            }
            evidence.push(file);
        }
        Some(Declaration { key: key?.as_str().to_owned(), met: self.met, evidence, note: note? })
    }
}

/// Which version of the criteria.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CriteriaQuery {
    /// A version; the present one when it is left away.
    #[param(example = 1, minimum = 1, maximum = 1000000)]
    version: Option<u32>,
}

/// Read the criteria of naik kelas
///
/// What each class demands, in the present version or in an older one that assessments were made by. The platform's, the
/// same for all aggregators.
#[utoipa::path(tag = "mentoring", params(CriteriaQuery), responses((status = 200, description = "The criteria of one version.", body = CriteriaView)), security(("bearer" = ["mentoring:read"])))]
#[get("/v1/aggregators/{aggregator}/level-criteria")]
pub async fn get_level_criteria(staff: Staff<MentoringRead>, query: Query<CriteriaQuery>) -> Answered {
    let version = query.0.version.map(|v| i32::try_from(v).map_err(|_| Code::NotFound)).transpose()?;
    staff
        .run(async |tx| {
            let rows = tx.level_criteria(version).await?;
            let version = rows.first().map_or(0, |row| row.version);
            let criteria = rows.into_iter().map(CriterionView::from).collect();
            Ok(Found(Some(version), CriteriaView { version, criteria }))
        })
        .await
}

/// Assess a merchant
///
/// By the present criteria: people declare with evidence, the system computes the rest at this moment. It changes no
/// class: another person with `mentoring:manage` decides. One assessment of a merchant is open at a time.
#[utoipa::path(tag = "mentoring", request_body = AssessmentCreate, responses((status = 201, description = "The assessment, proposed.", body = AssessmentView)), security(("bearer" = ["mentoring:write"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/assessments")]
pub async fn create_assessment(
    staff: Staff<MentoringWrite>,
    At(merchant): At<MerchantId>,
    body: Json<AssessmentCreate>,
) -> Answered {
    let new = body.0.parse()?;
    staff
        .run(async |tx| {
            let assessment = AssessmentView::from(tx.insert_assessment(merchant, &new).await?);
            let location = staff.path(format_args!("merchants/{merchant}/assessments/{}", assessment.id));
            Ok(Created { location, version: Some(assessment.version), thing: assessment })
        })
        .await
}

/// List a merchant's assessments
///
/// The newest first, each by the version of the criteria that it was made by.
#[utoipa::path(tag = "mentoring", params(Paging), responses((status = 200, description = "A page of assessments.", body = PageOf<AssessmentView>)), security(("bearer" = ["mentoring:read"])))]
#[get("/v1/aggregators/{aggregator}/merchants/{merchant_id}/assessments")]
pub async fn list_assessments(
    staff: Staff<MentoringRead>,
    At(merchant): At<MerchantId>,
    list: List<NoFilter>,
) -> Answered {
    staff
        .run(async |tx| {
            let page = tx.assessments(merchant, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(AssessmentView::from)))
        })
        .await
}

/// Read an assessment
///
/// One assessment with a finding for each criterion.
#[utoipa::path(tag = "mentoring", responses((status = 200, description = "The assessment.", body = AssessmentView)), security(("bearer" = ["mentoring:read"])))]
#[get("/v1/aggregators/{aggregator}/merchants/{merchant_id}/assessments/{assessment_id}")]
pub async fn get_assessment(
    staff: Staff<MentoringRead>,
    At(merchant): At<MerchantId>,
    At(id): At<AssessmentId>,
) -> Answered {
    staff.run(async |tx| Ok(found(tx.assessment(merchant, id).await?))).await
}

/// Confirm an assessment
///
/// Makes the class that its findings make the merchant's, up or down. Four eyes: whoever assessed can't
/// (`own_assessment`), an owner neither.
#[utoipa::path(tag = "mentoring", responses((status = 200, description = "The assessment, confirmed.", body = AssessmentView)), security(("bearer" = ["mentoring:manage"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/assessments/{assessment_id}/confirm")]
pub async fn confirm_assessment(
    staff: Staff<MentoringManage>,
    At(merchant): At<MerchantId>,
    At(id): At<AssessmentId>,
) -> Answered {
    decide(&staff, merchant, id, Decision::Confirm).await
}

/// Reject an assessment
///
/// With a reason that the assessor can act on; the merchant's class stays.
#[utoipa::path(tag = "mentoring", request_body = ReasonBody, responses((status = 200, description = "The assessment, rejected.", body = AssessmentView)), security(("bearer" = ["mentoring:manage"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/assessments/{assessment_id}/reject")]
pub async fn reject_assessment(
    staff: Staff<MentoringManage>,
    At(merchant): At<MerchantId>,
    At(id): At<AssessmentId>,
    body: Json<ReasonBody>,
) -> Answered {
    let reason = body.0.parse()?;
    decide(&staff, merchant, id, Decision::Reject(reason.as_str())).await
}

async fn decide(
    staff: &Staff<MentoringManage>,
    merchant: MerchantId,
    id: AssessmentId,
    decision: Decision<'_>,
) -> Answered {
    staff.run(async |tx| Ok::<_, Problem>(found(tx.decide_assessment(merchant, id, decision).await?))).await
}

fn found(assessment: Assessment) -> Found<AssessmentView> {
    Found(Some(assessment.row.version), assessment.into())
}
