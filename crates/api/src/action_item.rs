//! `/v1/aggregators/{aggregator}/merchants/{merchant_id}/action-items`: what is to be done next, by whom, until when.

use actix_web::{get, patch, post};
use chrono::{DateTime, NaiveDate, Utc};
use kapal_domain::action_item::{ActionItemRecord, ActionItemSort, ActionItemStatus, Task, TaskOwner};
use kapal_domain::day::parse_day;
use kapal_domain::ids::{ActionItemId, MerchantId, VisitId};
use kapal_domain::permission::{MentoringRead, MentoringWrite};
use kapal_domain::region::RegionCode;
use kapal_domain::slot::parse_moment;
use kapal_domain::visit::not_later;
use kapal_domain::{Code, Faults};
use kapal_persistence::{ActionItemChanges, ActionItemFilter, ActionItemRow};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answered, Created, Found};
use crate::csv::{Record, csv, optional_cell, time_cell, wants_csv};
use crate::json::{Json, Patch};
use crate::path::{At, IfMatch, parse_id};
use crate::query::{List, PageOf, Paging, one, several};
use crate::{Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(create_action_item)
        .service(list_action_items)
        .service(get_action_item)
        .service(update_action_item)
        .service(list_all_action_items);
}

/// Something to be done for a merchant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ActionItem)]
pub struct ActionItemView {
    /// Id.
    id: Uuid,
    /// The merchant.
    merchant_id: Uuid,
    /// Its shop name.
    #[schema(example = "Tenun Mama Ina", max_length = 120)]
    merchant_name: String,
    /// What is to be done.
    #[schema(example = "Pesan contoh kemasan dari dua pemasok.", max_length = 500)]
    text: String,
    /// Who must act: `merchant`, `hero` or `staff`.
    #[schema(example = "merchant", max_length = 10)]
    owner: String,
    /// Until when.
    due_on: Option<NaiveDate>,
    /// Still open after that day, in Jakarta.
    #[schema(example = false)]
    is_late: bool,
    /// `open`, `done` or `dropped`.
    #[schema(example = "open", max_length = 10)]
    status: String,
    /// When it was done.
    done_at: Option<DateTime<Utc>>,
    /// What it came from; null where somebody thought of it.
    source: Option<ActionItemSourceView>,
    /// Who made it.
    created_by: Option<Uuid>,
    /// Grows with each change: the `ETag`, and `base_version` of a phone's next change.
    #[schema(example = 1, minimum = 1)]
    version: i32,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

/// What an action item came from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ActionItemSource)]
pub struct ActionItemSourceView {
    /// `visit` or `nomination`.
    #[schema(example = "visit", max_length = 20)]
    kind: &'static str,
    /// Its id.
    id: Uuid,
}

impl From<ActionItemRow> for ActionItemView {
    fn from(row: ActionItemRow) -> Self {
        let source = |kind| move |id| ActionItemSourceView { kind, id };
        Self {
            id: row.id,
            merchant_id: row.merchant_id,
            merchant_name: row.merchant_name,
            text: row.text,
            owner: row.owner,
            due_on: row.due_on,
            is_late: row.is_late,
            status: row.status,
            done_at: row.done_at,
            source: row.visit_id.map(source("visit")).or(row.nomination_id.map(source("nomination"))),
            created_by: row.created_by,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl Record for ActionItemView {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "merchant_id",
        "merchant",
        "text",
        "owner",
        "due_on",
        "late",
        "status",
        "done_at",
        "created_at",
        "updated_at",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.merchant_id.to_string(),
            self.merchant_name.clone(),
            self.text.clone(),
            self.owner.clone(),
            optional_cell(self.due_on.as_ref()),
            self.is_late.to_string(),
            self.status.clone(),
            self.done_at.map(time_cell).unwrap_or_default(),
            time_cell(self.created_at),
            time_cell(self.updated_at),
        ]
    }
}

/// An action item to make.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ActionItemCreate {
    /// What is to be done.
    #[schema(example = "Pesan contoh kemasan dari dua pemasok.", min_length = 1, max_length = 500)]
    text: String,
    /// Who must act: `merchant`, `hero` or `staff`.
    #[schema(example = "merchant", pattern = "^(merchant|hero|staff)$", max_length = 10)]
    owner: String,
    /// Until when.
    #[schema(example = "2026-12-01", format = "date", max_length = 10)]
    due_on: Option<String>,
    /// The visit of this merchant that it came from.
    #[schema(example = json!(null), format = "uuid", max_length = 36)]
    visit_id: Option<String>,
}

impl ActionItemCreate {
    fn parse(&self, merchant: MerchantId) -> Result<ActionItemRecord, Faults> {
        let mut faults = Faults::default();
        let text = faults.take("/text", Task::parse(&self.text));
        let owner = faults.take("/owner", TaskOwner::parse(&self.owner));
        let due_on = faults.take_optional("/due_on", self.due_on.as_deref().map(parse_day));
        let visit = faults.take_optional("/visit_id", self.visit_id.as_deref().map(parse_id));
        let (Some(text), Some(owner), Some(due_on), Some(visit)) = (text, owner, due_on, visit) else {
            return Err(faults);
        };
        let status = ActionItemStatus::Open;
        Ok(ActionItemRecord { merchant, text, owner, due_on, status, done_at: None, visit })
    }
}

/// One version of an action item, whole, as a phone sends it.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ActionItemBody {
    /// The merchant.
    #[schema(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", format = "uuid", max_length = 36)]
    merchant_id: String,
    /// What is to be done.
    #[schema(example = "Pesan contoh kemasan dari dua pemasok.", min_length = 1, max_length = 500)]
    text: String,
    /// Who must act: `merchant`, `hero` or `staff`.
    #[schema(example = "merchant", pattern = "^(merchant|hero|staff)$", max_length = 10)]
    owner: String,
    /// Until when.
    #[schema(example = "2026-12-01", format = "date", max_length = 10)]
    due_on: Option<String>,
    /// `open`, `done` or `dropped`.
    #[schema(example = "done", pattern = "^(open|done|dropped)$", max_length = 10)]
    status: String,
    /// When it was done, by the phone's clock; left away, the server's counts.
    #[schema(example = "2026-11-22T04:00:00Z", format = "date-time", max_length = 40)]
    done_at: Option<String>,
    /// The visit that it came from: said by the first version.
    #[schema(example = json!(null), format = "uuid", max_length = 36)]
    visit_id: Option<String>,
}

impl ActionItemBody {
    pub(crate) fn parse(&self) -> Result<ActionItemRecord, Faults> {
        let mut faults = Faults::default();
        let merchant = faults.take("/merchant_id", parse_id(&self.merchant_id));
        let text = faults.take("/text", Task::parse(&self.text));
        let owner = faults.take("/owner", TaskOwner::parse(&self.owner));
        let due_on = faults.take_optional("/due_on", self.due_on.as_deref().map(parse_day));
        let status = faults.take("/status", ActionItemStatus::parse(&self.status));
        let done =
            self.done_at.as_deref().map(|at| parse_moment(at).and_then(|at| not_later(at, Utc::now())));
        let done_at = faults.take_optional("/done_at", done);
        if self.done_at.is_some() && status.is_some_and(|status| status != ActionItemStatus::Done) {
            faults.add("/done_at", Code::ReadOnlyField);
        }
        let visit = faults.take_optional("/visit_id", self.visit_id.as_deref().map(parse_id::<VisitId>));
        match (merchant, text, owner, due_on, status, done_at, visit) {
            (
                Some(merchant),
                Some(text),
                Some(owner),
                Some(due_on),
                Some(status),
                Some(done_at),
                Some(visit),
            ) if faults.is_empty() => {
                Ok(ActionItemRecord { merchant, text, owner, due_on, status, done_at, visit })
            }
            _ => Err(faults),
        }
    }
}

/// A record as it was sent: one side of a conflict.
pub(crate) fn sent(base: usize, record: &ActionItemRecord) -> Value {
    json!({
        "merchant_id": record.merchant, "base_version": base, "text": record.text.as_str(),
        "owner": record.owner.as_str(), "due_on": record.due_on, "status": record.status.as_str(),
        "done_at": record.done_at, "visit_id": record.visit,
    })
}

/// What to change of an action item (RFC 7396): absent keeps, null clears.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ActionItemPatch {
    /// What is to be done.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Pesan contoh kemasan dari tiga pemasok.", min_length = 1, max_length = 500)]
    text: Patch<String>,
    /// Who must act: `merchant`, `hero` or `staff`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "hero", max_length = 10)]
    owner: Patch<String>,
    /// Until when.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "2026-12-08", format = "date", max_length = 10)]
    due_on: Patch<String>,
    /// `open`, `done` or `dropped`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "done", max_length = 10)]
    status: Patch<String>,
}

impl ActionItemPatch {
    fn parse(&self) -> Result<ActionItemChanges, Faults> {
        let mut faults = Faults::default();
        let text = self.text.required(&mut faults, "/text", |text| Task::parse(text));
        let owner = self.owner.required(&mut faults, "/owner", |owner| TaskOwner::parse(owner));
        let due_on = self.due_on.optional(&mut faults, "/due_on", |day| parse_day(day));
        let status = self.status.required(&mut faults, "/status", |status| ActionItemStatus::parse(status));
        let (Some(text), Some(owner), Some(due_on), Some(status)) = (text, owner, due_on, status) else {
            return Err(faults);
        };
        Ok(ActionItemChanges { text, owner, due_on, status })
    }
}

/// Which action items.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ActionItemQuery {
    /// Any of these, separated by commas.
    #[param(example = "open", max_length = 100)]
    status: Option<String>,
    /// Still open after their day, or not.
    #[param(example = true)]
    late: Option<bool>,
    /// Who must act.
    #[param(example = "merchant", max_length = 10)]
    owner: Option<String>,
    /// Due before this day.
    #[param(example = "2026-12-01", max_length = 10)]
    due_before: Option<String>,
    /// The order: `-created_at` (the default), `created_at`, `due_on` or `-due_on`.
    #[param(example = "due_on", max_length = 20)]
    sort: Option<String>,
}

/// Of which merchants.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AllActionItemsQuery {
    /// Any of these, separated by commas.
    #[param(example = "open", max_length = 100)]
    status: Option<String>,
    /// Still open after their day, or not.
    #[param(example = true)]
    late: Option<bool>,
    /// Who must act.
    #[param(example = "merchant", max_length = 10)]
    owner: Option<String>,
    /// Due before this day.
    #[param(example = "2026-12-01", max_length = 10)]
    due_before: Option<String>,
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
    /// The order: `-created_at` (the default), `created_at`, `due_on` or `-due_on`.
    #[param(example = "due_on", max_length = 20)]
    sort: Option<String>,
}

impl AllActionItemsQuery {
    fn parse(&self) -> Result<ActionItemFilter, Problem> {
        Ok(ActionItemFilter {
            merchant: one("merchant", self.merchant.as_ref(), parse_id)?,
            hero: one("hero", self.hero.as_ref(), parse_id)?,
            text: self.q.clone(),
            region: one("region", self.region.as_ref(), RegionCode::parse)?,
            statuses: several("status", self.status.as_ref(), ActionItemStatus::parse)?,
            late: self.late,
            owner: one("owner", self.owner.as_ref(), TaskOwner::parse)?,
            due_before: one("due_before", self.due_before.as_ref(), parse_day)?,
            sort: one("sort", self.sort.as_ref(), ActionItemSort::parse)?.unwrap_or_default(),
        })
    }
}

impl ActionItemQuery {
    fn parse(&self, merchant: MerchantId) -> Result<ActionItemFilter, Problem> {
        Ok(ActionItemFilter {
            merchant: Some(merchant),
            statuses: several("status", self.status.as_ref(), ActionItemStatus::parse)?,
            late: self.late,
            owner: one("owner", self.owner.as_ref(), TaskOwner::parse)?,
            due_before: one("due_before", self.due_before.as_ref(), parse_day)?,
            sort: one("sort", self.sort.as_ref(), ActionItemSort::parse)?.unwrap_or_default(),
            ..ActionItemFilter::default()
        })
    }
}

/// Make an action item
///
/// Something that the merchant, its hero or the staff must do. Tasks of a visit and the actions of a decided nomination
/// become action items by themselves.
#[utoipa::path(tag = "mentoring", request_body = ActionItemCreate, responses((status = 201, description = "The action item.", body = ActionItemView)), security(("bearer" = ["mentoring:write"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/action-items")]
pub async fn create_action_item(
    staff: Staff<MentoringWrite>,
    At(merchant): At<MerchantId>,
    body: Json<ActionItemCreate>,
) -> Answered {
    let record = body.0.parse(merchant)?;
    staff
        .run(async |tx| {
            let item = ActionItemView::from(tx.insert_action_item(&record).await?);
            let location = staff.path(format_args!("merchants/{merchant}/action-items/{}", item.id));
            Ok(Created { location, version: Some(item.version), thing: item })
        })
        .await
}

/// List action items
///
/// A merchant's action items, the newest first.
#[utoipa::path(tag = "mentoring", params(ActionItemQuery, Paging), responses((status = 200, description = "A page of action items.", body = PageOf<ActionItemView>)), security(("bearer" = ["mentoring:read"])))]
#[get("/v1/aggregators/{aggregator}/merchants/{merchant_id}/action-items")]
pub async fn list_action_items(
    staff: Staff<MentoringRead>,
    At(merchant): At<MerchantId>,
    list: List<ActionItemQuery>,
) -> Answered {
    let filter = list.filter.parse(merchant)?;
    staff
        .run(async |tx| {
            let page = tx.action_items(&filter, list.after.as_ref(), list.limit).await?;
            if page.items.is_empty() {
                // None, or no such merchant?
                tx.merchant(merchant).await?;
            }
            Ok(list.reply(page.map(ActionItemView::from)))
        })
        .await
}

/// List action items of all merchants
///
/// What is late, what is due next, and who must act. Heroes see those of merchants assigned to them, merchants their own.
/// With `Accept: text/csv` the whole list comes as a file.
#[utoipa::path(tag = "mentoring", params(AllActionItemsQuery, Paging), responses((status = 200, description = "A page of action items, or all of them as a file.", content((PageOf<ActionItemView> = "application/json"), (String = "text/csv")))), security(("bearer" = ["mentoring:read"])))]
#[get("/v1/aggregators/{aggregator}/action-items")]
pub async fn list_all_action_items(staff: Staff<MentoringRead>, list: List<AllActionItemsQuery>) -> Answered {
    let filter = list.filter.parse()?;
    if wants_csv(staff.request()) {
        return csv(staff, "action-items", async move |tx, after, limit| {
            Ok(tx.action_items(&filter, after, limit).await?.map(ActionItemView::from))
        })
        .await;
    }
    staff
        .run(async |tx| {
            let page = tx.action_items(&filter, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(ActionItemView::from)))
        })
        .await
}

/// Read an action item
///
/// One action item, with what it came from.
#[utoipa::path(tag = "mentoring", responses((status = 200, description = "The action item.", body = ActionItemView)), security(("bearer" = ["mentoring:read"])))]
#[get("/v1/aggregators/{aggregator}/merchants/{merchant_id}/action-items/{action_item_id}")]
pub async fn get_action_item(
    staff: Staff<MentoringRead>,
    At(merchant): At<MerchantId>,
    At(id): At<ActionItemId>,
) -> Answered {
    staff.run(async |tx| Ok(found(tx.action_item(merchant, id).await?))).await
}

/// Change an action item
///
/// A merge patch (RFC 7396). Set to `done` it gets the present time as `done_at`, set to anything else it loses it.
#[utoipa::path(tag = "mentoring", request_body = ActionItemPatch, responses((status = 200, description = "The action item as it is now.", body = ActionItemView)), security(("bearer" = ["mentoring:write"])))]
#[patch("/v1/aggregators/{aggregator}/merchants/{merchant_id}/action-items/{action_item_id}")]
pub async fn update_action_item(
    staff: Staff<MentoringWrite>,
    At(merchant): At<MerchantId>,
    At(id): At<ActionItemId>,
    IfMatch(version): IfMatch,
    body: Json<ActionItemPatch>,
) -> Answered {
    let changes = body.0.parse()?;
    staff.run(async |tx| Ok(found(tx.update_action_item(merchant, id, version, &changes).await?))).await
}

fn found(item: ActionItemRow) -> Found<ActionItemView> {
    Found(Some(item.version), item.into())
}
