//! `/v1/aggregators/{aggregator}/assessments`: the assessments of all merchants, as pages and as a file.

use actix_web::get;
use kapal_domain::level::{AssessmentSort, AssessmentStatus, Level, Outcome};
use kapal_domain::permission::MentoringRead;
use kapal_domain::region::RegionCode;
use kapal_persistence::{AssessmentFilter, ListedAssessment};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::AssessmentView;
use crate::answer::Answered;
use crate::csv::{Record, csv, optional_cell, time_cell, wants_csv};
use crate::path::parse_id;
use crate::query::{List, PageOf, Paging, one, several};
use crate::{Problem, Staff};

/// An assessment in a list over all merchants.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListedAssessment)]
pub struct ListedAssessmentView {
    #[serde(flatten)]
    assessment: AssessmentView,
    /// The shop name of whose it is.
    #[schema(example = "Tenun Mama Ina", max_length = 120)]
    merchant_name: String,
}

impl From<ListedAssessment> for ListedAssessmentView {
    fn from(listed: ListedAssessment) -> Self {
        Self { assessment: listed.assessment.into(), merchant_name: listed.merchant_name }
    }
}

/// What was written about people's work stays out of files.
impl Record for ListedAssessmentView {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "merchant_id",
        "merchant",
        "criteria_version",
        "status",
        "level",
        "criteria_met",
        "criteria",
        "assessed_by",
        "decided_by",
        "decided_at",
        "created_at",
    ];

    fn cells(&self) -> Vec<String> {
        let assessment = &self.assessment;
        let met = assessment.criteria.iter().filter(|found| found.outcome == Outcome::Met.as_str()).count();
        vec![
            assessment.id.to_string(),
            assessment.merchant_id.to_string(),
            self.merchant_name.clone(),
            assessment.criteria_version.to_string(),
            assessment.status.clone(),
            optional_cell(assessment.level.as_ref()),
            met.to_string(),
            assessment.criteria.len().to_string(),
            assessment.assessed_by.to_string(),
            optional_cell(assessment.decided_by.as_ref()),
            assessment.decided_at.map(time_cell).unwrap_or_default(),
            time_cell(assessment.created_at),
        ]
    }
}

/// Which assessments.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AssessmentQuery {
    /// Any of these states, separated by commas.
    #[param(example = "proposed", max_length = 100)]
    status: Option<String>,
    /// Whose findings make any of these levels, separated by commas.
    #[param(example = "digital,online", max_length = 60)]
    level: Option<String>,
    /// Of merchants in this region or below it, at any level.
    #[param(example = "53", max_length = 13)]
    region: Option<String>,
    /// Of merchants mentored by the hero with this user id.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    hero: Option<String>,
    /// Of the merchant with this id.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    merchant: Option<String>,
    /// Of merchants whose shop or legal name has words that begin so: all of them.
    #[param(example = "tenun", max_length = 100)]
    q: Option<String>,
    /// The order: `-created_at` (the default), `created_at`, `merchant` or `-merchant`.
    #[param(example = "merchant", max_length = 20)]
    sort: Option<String>,
}

impl AssessmentQuery {
    fn parse(&self) -> Result<AssessmentFilter, Problem> {
        Ok(AssessmentFilter {
            statuses: several("status", self.status.as_ref(), AssessmentStatus::parse)?,
            levels: several("level", self.level.as_ref(), Level::parse)?,
            region: one("region", self.region.as_ref(), RegionCode::parse)?,
            hero: one("hero", self.hero.as_ref(), parse_id)?,
            merchant: one("merchant", self.merchant.as_ref(), parse_id)?,
            text: self.q.clone(),
            sort: one("sort", self.sort.as_ref(), AssessmentSort::parse)?.unwrap_or_default(),
        })
    }
}

/// List assessments of all merchants
///
/// What waits for a second person, and what was decided, each with its findings. Heroes see those of the merchants
/// assigned to them, merchants their own. With `Accept: text/csv` the whole list comes as a file, without notes.
#[utoipa::path(tag = "mentoring", params(AssessmentQuery, Paging), responses((status = 200, description = "A page of assessments, or all of them as a file.", content((PageOf<ListedAssessmentView> = "application/json"), (String = "text/csv")))), security(("bearer" = ["mentoring:read"])))]
#[get("/v1/aggregators/{aggregator}/assessments")]
pub async fn list_all_assessments(staff: Staff<MentoringRead>, list: List<AssessmentQuery>) -> Answered {
    let filter = list.filter.parse()?;
    if wants_csv(staff.request()) {
        return csv(staff, "assessments", async move |tx, after, limit| {
            Ok(tx.all_assessments(&filter, after, limit).await?.map(ListedAssessmentView::from))
        })
        .await;
    }
    staff
        .run(async |tx| {
            let page = tx.all_assessments(&filter, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(ListedAssessmentView::from)))
        })
        .await
}
