//! `/v1/aggregators/{aggregator}/sync`: what a phone recorded without a network, in one request.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, post};
use kapal_domain::ids::Id;
use kapal_domain::locale::Locale;
use kapal_domain::permission::MentoringWrite;
use kapal_domain::visit::DeviceId;
use kapal_domain::{Code, Faults};
use kapal_persistence::{ActionItemChange, ChangeOutcome, PhoneChange, TenantTx, VisitChange};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::action_item::{self, ActionItemBody, ActionItemView};
use crate::answer::{Answered, Found, InLanguage};
use crate::envelope::{locale, request_id};
use crate::json::{Json, parse};
use crate::path::parse_id;
use crate::problem::ProblemView;
use crate::visit::{self, VisitBody};
use crate::{Problem, Staff};

/// The most changes of one batch.
const MAX_CHANGES: usize = 500;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(sync);
}

/// What a phone recorded.
#[derive(Debug, Deserialize, ToSchema)]
pub struct SyncBody {
    /// How the phone names itself: for visits that don't say so themselves.
    #[schema(example = "hp-ria-1", min_length = 1, max_length = 100)]
    device_id: Option<String>,
    /// The changes, in any order.
    #[schema(max_items = 500)]
    changes: Vec<ChangeBody>,
}

/// One change.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SyncChange)]
pub struct ChangeBody {
    /// `visit` or `action_item`.
    #[schema(example = "visit", pattern = "^(visit|action_item)$", max_length = 20)]
    kind: String,
    /// The thing's id, made by the phone.
    #[schema(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a12", format = "uuid", max_length = 36)]
    id: String,
    /// The version that this changes; 0, or left away, for the first.
    #[schema(example = 0, minimum = 0, maximum = 1_000_000)]
    base_version: Option<u32>,
    /// What the thing says now, whole.
    #[schema(value_type = ChangeData)]
    data: Value,
}

/// A visit or an action item, whole.
#[derive(Deserialize, ToSchema)]
#[schema(as = SyncData)]
#[serde(untagged)]
#[expect(dead_code, reason = "documents what `data` may be; each change is read for itself")]
pub enum ChangeData {
    /// Of kind `visit`.
    #[schema(title = "visit")]
    Visit(Box<VisitBody>),
    /// Of kind `action_item`.
    #[schema(title = "action_item")]
    ActionItem(ActionItemBody),
}

/// What became of the changes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SyncResults)]
pub struct SyncView {
    /// In the order of the changes.
    #[schema(max_items = 500)]
    results: Vec<ResultView>,
}

/// What became of one change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SyncResult)]
pub struct ResultView {
    /// The thing's id, as it was sent.
    #[schema(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a12", max_length = 36)]
    id: String,
    /// `visit` or `action_item`, as it was sent.
    #[schema(example = "visit", max_length = 20)]
    kind: String,
    /// `created`, `updated`, `unchanged` (it was there), `conflict` (nothing was overwritten) or `refused`.
    #[schema(example = "created", max_length = 10)]
    status: &'static str,
    /// The version that now says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1, minimum = 1, maximum = 1_000_000)]
    version: Option<usize>,
    /// Why it is not stored; its pointers begin at the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemView>,
    /// In a conflict: the thing as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    current: Option<Value>,
    /// In a conflict: the thing as it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    sent: Option<Value>,
}

impl ChangeBody {
    /// The change, or why it can't be one.
    fn parse(&self, device: Option<&DeviceId>) -> Result<PhoneChange, Problem> {
        let base = self.base_version.unwrap_or(0) as usize;
        let data = self.data.to_string();
        match self.kind.as_str() {
            "visit" => {
                let body: VisitBody = parse(data.as_bytes()).map_err(in_data)?;
                if body.base_version.is_some() {
                    return Err(in_data(Problem::field("/base_version", Code::ReadOnlyField)));
                }
                let id = self.id()?;
                let (record, confirmation) = body.parse(None, device).map_err(in_data)?;
                Ok(PhoneChange::Visit(VisitChange { id, base, record, confirmation }))
            }
            "action_item" => {
                let body: ActionItemBody = parse(data.as_bytes()).map_err(in_data)?;
                let (id, record) = (self.id()?, body.parse().map_err(in_data)?);
                Ok(PhoneChange::ActionItem(ActionItemChange { id, base, record }))
            }
            _ => Err(Problem::field("/kind", Code::InvalidChoice)),
        }
    }

    fn id<T: Id>(&self) -> Result<T, Problem> {
        parse_id(&self.id).map_err(|code| Problem::field("/id", code))
    }
}

/// What is wrong with the thing itself.
fn in_data(problem: impl Into<Problem>) -> Problem {
    problem.into().under("/data")
}

/// Send what a phone recorded
///
/// At most 500 visits and action items that were recorded or changed without a network. Each succeeds or fails for
/// itself, the results stand in the order of the changes. The same changes may come again in any order, split or doubled
/// over several requests: the end is the same. What is `refused` with `base_version_unknown` or `unknown_reference`
/// waits for something that has not arrived: send it again. A `conflict` is answered with both versions and overwrites
/// nothing: merge them and send the result with the current `base_version`.
#[utoipa::path(
    tag = "mentoring",
    request_body(content = SyncBody, example = json!({ "device_id": "hp-ria-1", "changes": [
        { "kind": "visit", "id": "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a12", "base_version": 0, "data": {
            "merchant_id": "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", "started_at": "2026-11-20T02:00:00Z",
            "ended_at": "2026-11-20T03:30:00Z", "mode": "visit", "topics": ["packaging"],
            "advice": "Pakai kemasan berlapis aluminium.", "next_on": "2026-12-04",
            "location": { "latitude": -8.6573, "longitude": 121.0794, "accuracy_m": 12, "consent": true },
            "confirmation": { "method": "pin", "pin": "402817" },
        }},
        { "kind": "action_item", "id": "019ab0f2-6c11-7a52-8f3e-0d9c1b2a3f44", "base_version": 1, "data": {
            "merchant_id": "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", "text": "Pesan contoh kemasan dari dua pemasok.",
            "owner": "merchant", "status": "done", "done_at": "2026-11-22T04:00:00Z",
        }},
    ]})),
    responses((status = 200, description = "What became of each.", body = SyncView)),
    security(("bearer" = ["mentoring:write"])),
)]
#[post("/v1/aggregators/{aggregator}/sync")]
pub async fn sync(staff: Staff<MentoringWrite>, request: HttpRequest, body: Json<SyncBody>) -> Answered {
    let body = body.0;
    let mut faults = Faults::default();
    let device = faults.take_optional("/device_id", body.device_id.as_deref().map(DeviceId::parse));
    if body.changes.len() > MAX_CHANGES {
        faults.add("/changes", Code::TooLong);
    }
    let (Some(device), true) = (device, faults.is_empty()) else { return Err(faults.into()) };
    let parsed: Vec<_> = body.changes.iter().map(|change| change.parse(device.as_ref())).collect();
    let good: Vec<PhoneChange> = parsed.iter().filter_map(|change| change.as_ref().ok()).cloned().collect();
    let (locale, request) = (locale(&request), request_id(&request));
    staff
        .run(async |tx| {
            let outcomes = if good.is_empty() { Vec::new() } else { tx.apply_changes(&good).await? };
            let current = current(&staff, tx, &good, &outcomes).await?;
            let mut outcomes = good.iter().zip(outcomes);
            let mut results = Vec::with_capacity(parsed.len());
            for (change, parsed) in body.changes.iter().zip(&parsed) {
                let outcome = match parsed {
                    Err(problem) => Err(problem.clone()),
                    Ok(_) => outcomes.next().ok_or(Problem::new(Code::Internal)),
                };
                let result = ResultView::new(change);
                results.push(match outcome {
                    Ok((change, outcome)) => result.with(change, outcome, &current, locale, &request),
                    Err(problem) => result.refused(&problem, locale, &request),
                });
            }
            Ok(InLanguage(locale, Found(None, SyncView { results })))
        })
        .await
}

/// What stands in the way of conflicting changes, by id.
async fn current(
    staff: &Staff<MentoringWrite>,
    tx: &mut TenantTx<'_>,
    changes: &[PhoneChange],
    outcomes: &[ChangeOutcome],
) -> Result<BTreeMap<Uuid, Value>, Problem> {
    let (mut visits, mut items) = (Vec::new(), Vec::new());
    for (change, outcome) in changes.iter().zip(outcomes) {
        match (change, outcome) {
            (PhoneChange::Visit(change), ChangeOutcome::Conflict) => visits.push(change.id),
            (PhoneChange::ActionItem(change), ChangeOutcome::Conflict) => items.push(change.id),
            _ => {}
        }
    }
    let mut current = BTreeMap::new();
    if !visits.is_empty() {
        for visit in tx.present_visits(visits).await? {
            current.insert(visit.id, json!(visit::told(staff, tx, visit).await?));
        }
    }
    if !items.is_empty() {
        let items = tx.present_action_items(items).await?.into_iter();
        current.extend(items.map(|item| (item.id, json!(ActionItemView::from(item)))));
    }
    Ok(current)
}

impl ResultView {
    fn new(change: &ChangeBody) -> Self {
        Self {
            id: change.id.chars().take(36).collect(),
            kind: change.kind.chars().take(20).collect(),
            status: "refused",
            version: None,
            problem: None,
            current: None,
            sent: None,
        }
    }

    fn refused(self, problem: &Problem, locale: Locale, request: &str) -> Self {
        Self { problem: Some(problem.view(locale, request)), ..self }
    }

    fn stored(self, status: &'static str, version: usize) -> Self {
        Self { status, version: Some(version), ..self }
    }

    fn with(
        self,
        change: &PhoneChange,
        outcome: ChangeOutcome,
        current: &BTreeMap<Uuid, Value>,
        locale: Locale,
        request: &str,
    ) -> Self {
        match outcome {
            ChangeOutcome::Created(version) => self.stored("created", version),
            ChangeOutcome::Updated(version) => self.stored("updated", version),
            ChangeOutcome::Unchanged(version) => self.stored("unchanged", version),
            ChangeOutcome::Refused(error) => self.refused(&in_data(error), locale, request),
            ChangeOutcome::Conflict => {
                let (id, code, sent) = match change {
                    PhoneChange::Visit(change) => {
                        (change.id.uuid(), Code::VisitConflict, visit::sent(change.base, &change.record))
                    }
                    PhoneChange::ActionItem(change) => {
                        let sent = action_item::sent(change.base, &change.record);
                        (change.id.uuid(), Code::ActionItemConflict, sent)
                    }
                };
                let refused = self.refused(&Problem::new(code), locale, request);
                Self { status: "conflict", current: current.get(&id).cloned(), sent: Some(sent), ..refused }
            }
        }
    }
}
