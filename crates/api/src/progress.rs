//! How a merchant comes along.

use actix_web::get;
use chrono::{DateTime, Utc};
use kapal_domain::ids::MerchantId;
use kapal_domain::permission::MentoringRead;
use kapal_persistence::{PeriodCount, Standing, TimelineEntry};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answered, Found};
use crate::collection::NoFilter;
use crate::level::kind;
use crate::path::At;
use crate::query::{List, PageOf, Paging};
use crate::views::TextsView;
use crate::{Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(get_progress);
}

/// How a merchant comes along.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Progress)]
pub struct ProgressView {
    /// Its class, as the last confirmed assessment made it.
    #[schema(example = "digital", max_length = 10)]
    level: Option<String>,
    /// The class to reach next; null at the last.
    #[schema(example = "online", max_length = 10)]
    next_level: Option<String>,
    /// Keys of the criteria that the next class and those before it still lack.
    #[schema(example = json!(["online_orders"]), max_items = 100)]
    missing: Vec<String>,
    /// Which version of the criteria counts now.
    #[schema(example = 2, minimum = 1)]
    criteria_version: i32,
    /// What holds of each present criterion at this moment; of those that people find out, as last confirmed.
    #[schema(max_items = 100)]
    criteria: Vec<HeldCriterionView>,
    /// Counts over time.
    figures: FiguresView,
    /// What happened, the latest first.
    #[schema(inline)]
    timeline: PageOf<TimelineEntryView>,
}

/// Whether a criterion holds now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HeldCriterion)]
pub struct HeldCriterionView {
    /// Its key.
    #[schema(example = "online_orders", max_length = 40)]
    key: String,
    /// The class that demands it.
    #[schema(example = "online", max_length = 10)]
    level: String,
    /// What it says.
    title: TextsView,
    /// `declared` or `computed`.
    #[schema(example = "computed", max_length = 10)]
    kind: String,
    /// `met`, `unmet` or `not_available`.
    #[schema(example = "unmet", max_length = 20)]
    outcome: String,
    /// What the system counts.
    #[schema(example = 3, minimum = 0)]
    figure: Option<i32>,
}

/// Counts over time, in western Indonesian time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProgressFigures)]
pub struct FiguresView {
    /// Leads that became sales, by the month of the contact: the last twelve.
    #[schema(max_items = 12)]
    leads_won: Vec<PeriodCountView>,
    /// Visits, by quarter: the last eight.
    #[schema(max_items = 8)]
    visits: Vec<PeriodCountView>,
}

/// A count in a stretch of time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PeriodCount)]
pub struct PeriodCountView {
    /// `2026-11`, or `2026-Q4`.
    #[schema(example = "2026-11", max_length = 7)]
    period: String,
    /// How many.
    #[schema(example = 3, minimum = 0)]
    count: i32,
}

impl From<PeriodCount> for PeriodCountView {
    fn from(count: PeriodCount) -> Self {
        Self { period: count.period, count: count.count }
    }
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimelineEntry)]
pub struct TimelineEntryView {
    /// When.
    at: DateTime<Utc>,
    /// `level_changed`, `assessment_proposed`, `assessment_confirmed`, `assessment_rejected`, `enrolled`,
    /// `programme_completed`, `programme_dropped`, `certificate_revoked`, `document_verified`, `scale_changed` or `visit`; more kinds may
    /// come.
    #[schema(example = "level_changed", max_length = 40)]
    kind: String,
    /// Id of the change, assessment, enrolment, document or visit.
    id: Uuid,
    /// More of it, by the kind.
    #[schema(value_type = Object, example = json!({ "from": "modern", "to": "digital" }))]
    data: Value,
}

impl From<TimelineEntry> for TimelineEntryView {
    fn from(entry: TimelineEntry) -> Self {
        Self { at: entry.at, kind: entry.kind, id: entry.id, data: entry.data }
    }
}

impl ProgressView {
    fn new(standing: Standing, timeline: PageOf<TimelineEntryView>) -> Result<Self, Problem> {
        let (next_level, missing) = match standing.next()? {
            Some((level, keys)) => {
                (Some(level.as_str().to_owned()), keys.into_iter().map(str::to_owned).collect())
            }
            None => (None, Vec::new()),
        };
        let criteria = standing.criteria.into_iter().map(|(row, (outcome, figure))| HeldCriterionView {
            kind: kind(&row.rule),
            key: row.key,
            level: row.level,
            title: TextsView { id: row.title_id, en: row.title_en },
            outcome: outcome.as_str().to_owned(),
            figure,
        });
        Ok(Self {
            level: standing.level.map(|level| level.as_str().to_owned()),
            next_level,
            missing,
            criteria_version: standing.criteria_version,
            criteria: criteria.collect(),
            figures: FiguresView {
                leads_won: standing.leads_won.into_iter().map(PeriodCountView::from).collect(),
                visits: standing.visits.into_iter().map(PeriodCountView::from).collect(),
            },
            timeline,
        })
    }
}

/// Read a merchant's progress
///
/// Where it stands in naik kelas and what the next class lacks, figures over time, and a time line in pages.
#[utoipa::path(tag = "mentoring", params(Paging), responses((status = 200, description = "Class, criteria, figures and a page of the time line.", body = ProgressView)), security(("bearer" = ["mentoring:read"])))]
#[get("/v1/aggregators/{aggregator}/merchants/{merchant_id}/progress")]
pub async fn get_progress(
    staff: Staff<MentoringRead>,
    At(merchant): At<MerchantId>,
    list: List<NoFilter>,
) -> Answered {
    staff
        .run(async |tx| {
            let standing = tx.standing(merchant).await?;
            let timeline = tx.timeline(merchant, list.after.as_ref(), list.limit).await?;
            let timeline = list.page_of(timeline.map(TimelineEntryView::from));
            Ok(Found(None, ProgressView::new(standing, timeline)?))
        })
        .await
}
