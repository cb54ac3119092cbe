//! `/v1/aggregators/{aggregator}/visits`: what members do with merchants, recorded with or without a network.

mod body;
mod view;

use actix_web::{get, post, put};
use chrono::{DateTime, Days, NaiveTime, Utc};
use kapal_domain::Code;
use kapal_domain::day::parse_day;
use kapal_domain::ids::{MerchantId, VisitId};
use kapal_domain::permission::{Demand, MentoringRead, MentoringWrite, MerchantsWrite, Permission, Role};
use kapal_domain::region::RegionCode;
use kapal_domain::visit::{Topic, VisitSort};
use kapal_persistence::{ChangeOutcome, PhoneChange, TenantTx, VisitChange, VisitFilter, VisitRow};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use self::body::{VisitBody, sent};
pub(crate) use self::view::VisitView;

use self::body::PinBody;
use crate::answer::{Answered, Created, Done, Found, Put};
use crate::csv::{csv, wants_csv};
use crate::json::Json;
use crate::path::{At, OnlyNew, parse_id};
use crate::query::{List, PageOf, Paging, one};
use crate::{Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(put_visit)
        .service(list_visits)
        .service(get_visit)
        .service(list_visit_versions)
        .service(create_merchant_visit)
        .service(list_merchant_visits)
        .service(set_confirmation_pin);
}

/// Record or correct a visit
///
/// The id is a UUID that the phone makes, so the same visit may be sent again, in any order: what is there already
/// answers 200 and changes nothing. A correction is a new version that names the one it builds on in `base_version`.
/// When the visit has gone on from there, the answer is 409 `visit_conflict` with both versions as `current` and
/// `sent`, and nothing is overwritten; when that version has not arrived, 409 `base_version_unknown`. A confirmation
/// belongs to its version: a correction after it is unconfirmed. The PIN is checked here and not kept; after five wrong
/// ones no more are looked at for a time. A location is kept with consent alone, sealed, and told to few.
#[utoipa::path(
    tag = "mentoring", request_body = VisitBody,
    responses(
        (status = 201, description = "Recorded.", body = VisitView),
        (status = 200, description = "Corrected or confirmed, or it was there already.", body = VisitView),
        (status = 412, description = "It is there, and `If-None-Match: *` was sent."),
    ),
    security(("bearer" = ["mentoring:write"])), extensions(("x-unversioned" = json!(true))),
)]
#[put("/v1/aggregators/{aggregator}/visits/{visit_id}")]
pub async fn put_visit(
    staff: Staff<MentoringWrite>,
    At(id): At<VisitId>,
    OnlyNew(only_new): OnlyNew,
    body: Json<VisitBody>,
) -> Answered {
    let (record, confirmation) = body.0.parse(None, None)?;
    let change = VisitChange { id, base: body.0.base_version.unwrap_or(0) as usize, record, confirmation };
    staff
        .run(async |tx| {
            let is_new = apply(&staff, tx, change).await?;
            let view = shown(&staff, tx, id).await?;
            Ok(match is_new {
                true => Put::Made(created(&staff, view)),
                false if only_new => return Err(Problem::new(Code::PreconditionFailed)),
                false => Put::Kept(Found(None, view)),
            })
        })
        .await
}

/// Record a merchant's visit
///
/// For staff with a network: the server makes the id. Corrections go to `/visits/{visit_id}`.
#[utoipa::path(
    tag = "mentoring",
    request_body(content = VisitBody, example = json!({
        "started_at": "2026-11-20T02:00:00Z", "ended_at": "2026-11-20T02:20:00Z", "mode": "phone", "topics": ["finance"],
        "advice": "Pisahkan uang usaha dan uang rumah tangga.", "next_on": "2026-12-04",
    })),
    responses((status = 201, description = "The visit.", body = VisitView)),
    security(("bearer" = ["mentoring:write"])),
)]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/visits")]
pub async fn create_merchant_visit(
    staff: Staff<MentoringWrite>,
    At(merchant): At<MerchantId>,
    body: Json<VisitBody>,
) -> Answered {
    if body.0.base_version.is_some() {
        return Err(Problem::field("/base_version", Code::ReadOnlyField));
    }
    let (record, confirmation) = body.0.parse(Some(merchant), None)?;
    let id = VisitId::new();
    staff
        .run(async |tx| {
            // Named by the path: what the member does not see is not there.
            tx.merchant(merchant).await?;
            apply(
                &staff,
                tx,
                VisitChange { id, base: 0, record: record.clone(), confirmation: confirmation.clone() },
            )
            .await?;
            Ok(created(&staff, shown(&staff, tx, id).await?))
        })
        .await
}

/// Which visits.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VisitQuery {
    /// Id of the member who visited.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    hero: Option<String>,
    /// Id of a merchant.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    merchant: Option<String>,
    /// From this day on (UTC).
    #[param(example = "2026-11-01", max_length = 10)]
    from: Option<String>,
    /// Up to this day, which is included (UTC).
    #[param(example = "2026-11-30", max_length = 10)]
    to: Option<String>,
    /// Also about this topic.
    #[param(example = "packaging", max_length = 20)]
    topic: Option<String>,
    /// Whether the merchant has not confirmed the present version, or has.
    #[param(example = true)]
    unconfirmed: Option<bool>,
    /// Of merchants whose shop or legal name has words that begin so: all of them.
    #[param(example = "tenun", max_length = 100)]
    q: Option<String>,
    /// Of merchants in this region or below it, at any level.
    #[param(example = "53", max_length = 13)]
    region: Option<String>,
    /// The order: `-started_at` (the default) or `started_at`.
    #[param(example = "started_at", max_length = 20)]
    sort: Option<String>,
}

impl VisitQuery {
    fn parse(&self) -> Result<VisitFilter, Problem> {
        let midnight = |text: &str| parse_day(text).map(|day| day.and_time(NaiveTime::MIN).and_utc());
        let after = |text: &str| midnight(text).map(|day: DateTime<Utc>| day + Days::new(1));
        Ok(VisitFilter {
            author: one("hero", self.hero.as_ref(), parse_id)?,
            merchant: one("merchant", self.merchant.as_ref(), parse_id)?,
            text: self.q.clone(),
            region: one("region", self.region.as_ref(), RegionCode::parse)?,
            from: one("from", self.from.as_ref(), midnight)?,
            to: one("to", self.to.as_ref(), after)?,
            topic: one("topic", self.topic.as_ref(), Topic::parse)?,
            unconfirmed: self.unconfirmed,
            sort: one("sort", self.sort.as_ref(), VisitSort::parse)?.unwrap_or_default(),
        })
    }
}

/// List visits
///
/// The latest first, each as its present version says. Heroes see those of merchants assigned to them, merchants their
/// own. With `Accept: text/csv` the whole list comes as a file.
#[utoipa::path(tag = "mentoring", params(VisitQuery, Paging), responses((status = 200, description = "A page of visits, or all of them as a file.", content((PageOf<VisitView> = "application/json"), (String = "text/csv")))), security(("bearer" = ["mentoring:read"])))]
#[get("/v1/aggregators/{aggregator}/visits")]
pub async fn list_visits(staff: Staff<MentoringRead>, list: List<VisitQuery>) -> Answered {
    let filter = list.filter.parse()?;
    if wants_csv(staff.request()) {
        return csv(staff, "visits", async move |tx, after, limit| {
            Ok(tx.visits(&filter, after, limit).await?.map(VisitView::from))
        })
        .await;
    }
    staff
        .run(async |tx| {
            let page = tx.visits(&filter, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(VisitView::from)))
        })
        .await
}

/// Nothing to choose.
#[derive(Debug, Deserialize)]
pub struct NoFilter {}

/// List a merchant's visits
///
/// The latest first, each as its present version says.
#[utoipa::path(tag = "mentoring", params(Paging), responses((status = 200, description = "A page of visits.", body = PageOf<VisitView>)), security(("bearer" = ["mentoring:read"])))]
#[get("/v1/aggregators/{aggregator}/merchants/{merchant_id}/visits")]
pub async fn list_merchant_visits(
    staff: Staff<MentoringRead>,
    At(merchant): At<MerchantId>,
    list: List<NoFilter>,
) -> Answered {
    let filter = VisitFilter { merchant: Some(merchant), ..VisitFilter::default() };
    staff
        .run(async |tx| {
            tx.merchant(merchant).await?;
            let page = tx.visits(&filter, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(VisitView::from)))
        })
        .await
}

/// Read a visit
///
/// One visit as its present version says.
#[utoipa::path(tag = "mentoring", responses((status = 200, description = "The visit.", body = VisitView)), security(("bearer" = ["mentoring:read"])))]
#[get("/v1/aggregators/{aggregator}/visits/{visit_id}")]
pub async fn get_visit(staff: Staff<MentoringRead>, At(id): At<VisitId>) -> Answered {
    staff.run(async |tx| Ok(Found(None, shown(&staff, tx, id).await?))).await
}

/// List a visit's versions
///
/// The newest first: what was said at each correction, and whether the merchant confirmed it.
#[utoipa::path(tag = "mentoring", params(Paging), responses((status = 200, description = "A page of versions.", body = PageOf<VisitView>)), security(("bearer" = ["mentoring:read"])))]
#[get("/v1/aggregators/{aggregator}/visits/{visit_id}/versions")]
pub async fn list_visit_versions(
    staff: Staff<MentoringRead>,
    At(id): At<VisitId>,
    list: List<NoFilter>,
) -> Answered {
    staff
        .run(async |tx| {
            let page = tx.visit_versions(id, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(VisitView::from)))
        })
        .await
}

/// Set a merchant's PIN
///
/// With it the merchant confirms visits on a hero's phone. The merchant's own account sets it, or staff who manage
/// merchants; a hero can't. It can be replaced and never be read.
#[utoipa::path(
    tag = "mentoring", request_body = PinBody, responses((status = 204, description = "It is set.")),
    security(("bearer" = ["merchants:write"])), extensions(("x-unversioned" = json!(true))),
)]
#[put("/v1/aggregators/{aggregator}/merchants/{merchant_id}/confirmation-pin")]
pub async fn set_confirmation_pin(
    staff: Staff<MerchantsWrite>,
    At(merchant): At<MerchantId>,
    body: Json<PinBody>,
) -> Answered {
    if staff.membership.role == Role::LocalHero {
        return Err(Problem::because(Code::Forbidden, "Who is confirmed by a PIN does not set it."));
    }
    let pin = body.0.parse()?;
    staff
        .run(async |tx| {
            tx.set_merchant_pin(merchant, &pin).await?;
            Ok(Done)
        })
        .await
}

/// Applies one change. Says whether it made the visit.
async fn apply<P: Demand>(
    staff: &Staff<P>,
    tx: &mut TenantTx<'_>,
    change: VisitChange,
) -> Result<bool, Problem> {
    let (id, base, record) = (change.id, change.base, change.record.clone());
    match tx.apply_changes(&[PhoneChange::Visit(change)]).await?.pop() {
        Some(ChangeOutcome::Created(_)) => Ok(true),
        Some(ChangeOutcome::Updated(_) | ChangeOutcome::Unchanged(_)) => Ok(false),
        Some(ChangeOutcome::Refused(error)) => Err(error.into()),
        Some(ChangeOutcome::Conflict) | None => {
            let current = shown(staff, tx, id).await?;
            Err(Problem::new(Code::VisitConflict)
                .with_member("current", json!(current))
                .with_member("sent", sent(base, &record)))
        }
    }
}

/// A visit, with its place for those whom it is told.
async fn shown<P: Demand>(
    staff: &Staff<P>,
    tx: &mut TenantTx<'_>,
    id: VisitId,
) -> Result<VisitView, Problem> {
    let visit = tx.visit(id).await?;
    told(staff, tx, visit).await
}

/// The same of a visit that was read.
pub(crate) async fn told<P: Demand>(
    staff: &Staff<P>,
    tx: &mut TenantTx<'_>,
    visit: VisitRow,
) -> Result<VisitView, Problem> {
    let is_told = visit.author_id == staff.user.uuid() || staff.may(Permission::PiiRead);
    let location = if is_told { tx.visit_location(&visit).await? } else { None };
    Ok(VisitView::from(visit).at(location))
}

fn created<P: Demand>(staff: &Staff<P>, visit: VisitView) -> Created<VisitView> {
    Created { location: staff.path(format_args!("visits/{}", visit.id())), version: None, thing: visit }
}
