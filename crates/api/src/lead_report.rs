//! `/v1/aggregators/{aggregator}/reports/leads`: leads counted by source, product, merchant, region or week.

use actix_web::get;
use chrono::{DateTime, TimeDelta, Utc};
use kapal_domain::Code;
use kapal_domain::lead::LeadGroup;
use kapal_domain::permission::ReportsRead;
use kapal_domain::slot::parse_moment;
use kapal_persistence::LeadReportRow;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::answer::{Answered, Found};
use crate::query::{Query, one};
use crate::views::MoneyView;
use crate::{Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(get_lead_report);
}

/// The longest time of one report.
const LONGEST: TimeDelta = TimeDelta::days(366);

/// Which leads a report counts, and by what.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LeadReportQuery {
    /// `source` (the default), `product`, `merchant`, `region` (the merchant's province) or `week` (from Monday, in
    /// Jakarta).
    #[param(example = "source", max_length = 20)]
    group_by: Option<String>,
    /// Made at this moment or later; 30 days before `to` when it is left away.
    #[param(example = "2026-10-25T00:00:00Z", format = "date-time", max_length = 40)]
    from: Option<String>,
    /// Made before this moment; now when it is left away.
    #[param(example = "2026-11-24T00:00:00Z", format = "date-time", max_length = 40)]
    to: Option<String>,
}

/// From when on, and until when.
pub(crate) type Time = (DateTime<Utc>, DateTime<Utc>);

/// The time of a report.
pub(crate) fn time(from: Option<&String>, to: Option<&String>) -> Result<Time, Problem> {
    let to = one("to", to, parse_moment)?.unwrap_or_else(Utc::now);
    let from = one("from", from, parse_moment)?.unwrap_or(to - TimeDelta::days(30));
    if from >= to || to - from > LONGEST {
        let detail = "from lies before to, and at most 366 days before it.";
        return Err(Problem::because(Code::InvalidParameter, detail));
    }
    Ok((from, to))
}

/// Leads counted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeadReport)]
pub struct LeadReportView {
    /// Made from here on.
    from: DateTime<Utc>,
    /// And before this.
    to: DateTime<Utc>,
    /// What is counted by.
    #[schema(example = "source", max_length = 20)]
    group_by: &'static str,
    /// The groups: those with the most leads first, at most 500; weeks in their order.
    #[schema(max_items = 500)]
    groups: Vec<LeadCountsView>,
    /// All together.
    total: LeadCountsView,
}

/// What became of the leads of one group.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeadCounts)]
pub struct LeadCountsView {
    /// The source, the id, the province's code, or the week's Monday; empty for all together.
    #[schema(example = "qr", max_length = 40)]
    key: String,
    /// Its name.
    #[schema(example = "qr", max_length = 150)]
    label: String,
    /// Leads, without spam.
    #[schema(example = 120, minimum = 0)]
    leads: i64,
    /// Of them, clicks on links that open WhatsApp.
    #[schema(example = 80, minimum = 0)]
    clicks: i64,
    /// Of the leads, those that are not `new` any more.
    #[schema(example = 90, minimum = 0)]
    answered: i64,
    /// Of these, within 24 hours.
    #[schema(example = 75, minimum = 0)]
    answered_within_24h: i64,
    /// The median of the minutes until an answer; null where nothing was answered.
    #[schema(example = 42.5, minimum = 0)]
    median_answer_minutes: Option<f64>,
    /// Of the leads, those that were won.
    #[schema(example = 30, minimum = 0)]
    won: i64,
    /// And those that were lost.
    #[schema(example = 20, minimum = 0)]
    lost: i64,
    /// What turned out to be no buyer.
    #[schema(example = 2, minimum = 0)]
    spam: i64,
    /// What was sold, by currency.
    #[schema(max_items = 10)]
    won_value: Vec<MoneyView>,
}

impl From<LeadReportRow> for LeadCountsView {
    fn from(row: LeadReportRow) -> Self {
        let counts = row.counts;
        Self {
            key: counts.key,
            label: counts.label,
            leads: counts.leads,
            clicks: counts.clicks,
            answered: counts.answered,
            answered_within_24h: counts.answered_within_24h,
            median_answer_minutes: counts
                .median_answer_minutes
                .map(|minutes| (minutes * 10.0).round() / 10.0),
            won: counts.won,
            lost: counts.lost,
            spam: counts.spam,
            won_value: row.won_value.into_iter().map(MoneyView::from).collect(),
        }
    }
}

/// Report leads
///
/// How many leads there were, how fast they were answered and what was sold, by source, product, merchant, region or
/// week. Heroes and merchants see their own.
#[utoipa::path(tag = "reports", params(LeadReportQuery), responses((status = 200, description = "The report.", body = LeadReportView)), security(("bearer" = ["reports:read"])))]
#[get("/v1/aggregators/{aggregator}/reports/leads")]
pub async fn get_lead_report(staff: Staff<ReportsRead>, Query(query): Query<LeadReportQuery>) -> Answered {
    let time = time(query.from.as_ref(), query.to.as_ref())?;
    let group = one("group_by", query.group_by.as_ref(), LeadGroup::parse)?.unwrap_or(LeadGroup::Source);
    staff
        .run(async |tx| {
            let report = tx.report_leads(group, time).await?;
            let view = LeadReportView {
                from: time.0,
                to: time.1,
                group_by: group.as_str(),
                groups: report.groups.into_iter().map(LeadCountsView::from).collect(),
                total: report.total.into(),
            };
            Ok::<_, Problem>(Found(None, view))
        })
        .await
}
