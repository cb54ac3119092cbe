//! Acceptance of change requests: of one, and of several at once, each with an outcome of its own.

use std::cell::Cell;
use std::collections::BTreeMap;

use actix_web::{HttpRequest, post};
use kapal_domain::change_request::MAX_AT_ONCE;
use kapal_domain::ids::ChangeRequestId;
use kapal_domain::permission::ProductsPublish;
use kapal_domain::{Code, Faults};
use kapal_persistence::TenantTx;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::view::ChangeRequestView;
use super::{SeenBody, found};
use crate::answer::{Answered, Found, InLanguage};
use crate::envelope::{locale, request_id};
use crate::json::{Json, OptionalJson};
use crate::path::{At, parse_id};
use crate::problem::ProblemView;
use crate::{Problem, Staff};

/// Accept a change request
///
/// Makes all of its edits as one change of the product, which a storefront shows at once. A product that is published
/// must fulfil what publishing asks for afterwards as well; one that was unpublished meanwhile is edited all the same.
/// `change_conflict` names fields that have moved since they were edited: nothing is overwritten unseen. Name the
/// `version` that you have looked at, so that you accept no edit that came after it.
#[utoipa::path(tag = "products", request_body = SeenBody, responses((status = 200, description = "The request, accepted.", body = ChangeRequestView), (status = 412, description = "It was edited meanwhile.")), security(("bearer" = ["products:publish"])))]
#[post("/v1/aggregators/{aggregator}/change-requests/{change_request_id}/accept")]
pub async fn accept_change_request(
    staff: Staff<ProductsPublish>,
    At(id): At<ChangeRequestId>,
    body: OptionalJson<SeenBody>,
) -> Answered {
    let seen = body.0.and_then(|body| body.version);
    staff
        .run(async |tx| {
            let acceptable = tx.acceptable_change_request(id, seen).await?;
            found(tx.accept_change_request(acceptable).await?, &staff.app)
        })
        .await
}

/// Change requests to accept.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ChangeRequestsAccept)]
pub struct AcceptBody {
    /// Their ids.
    #[schema(min_items = 1, max_items = 50, example = json!(["019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11"]))]
    ids: Vec<String>,
    /// The versions that you have looked at, by id: one that was edited since is not accepted.
    #[serde(default)]
    #[schema(example = json!({ "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11": 1 }))]
    versions: BTreeMap<String, i32>,
}

/// What became of change requests.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangeRequestOutcomes)]
pub struct OutcomesView {
    /// In the order in which they were named.
    #[schema(max_items = 50)]
    results: Vec<OutcomeView>,
}

/// What became of one change request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangeRequestOutcome)]
pub struct OutcomeView {
    /// Which.
    id: Uuid,
    /// `accepted` or `refused`.
    #[schema(example = "accepted", max_length = 10)]
    status: &'static str,
    /// The request's version since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 2, minimum = 1)]
    version: Option<i32>,
    /// The product's version since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 4, minimum = 1)]
    product_version: Option<i32>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemView>,
}

type Asked = (ChangeRequestId, Option<i32>);

impl AcceptBody {
    fn parse(&self) -> Result<Vec<Asked>, Faults> {
        let mut faults = Faults::default();
        match self.ids.len() {
            0 => faults.add("/ids", Code::Required),
            1..=MAX_AT_ONCE => {}
            _ => return Err(too_many()),
        }
        let mut asked: Vec<Asked> = Vec::new();
        for (at, text) in self.ids.iter().enumerate() {
            let once = |id| match asked.iter().any(|(other, _)| *other == id) {
                true => Err(Code::DuplicateEntry),
                false => Ok(id),
            };
            let id = faults.take(format!("/ids/{at}"), parse_id(text).and_then(once));
            asked.extend(id.map(|id| (id, self.versions.get(text).copied())));
        }
        for id in self.versions.keys().filter(|id| !self.ids.contains(id)) {
            let key = id.replace('~', "~0").replace('/', "~1");
            faults.add(format!("/versions/{key}"), Code::UnknownReference);
        }
        faults.finish()?;
        Ok(asked)
    }
}

fn too_many() -> Faults {
    let mut faults = Faults::default();
    faults.add("/ids", Code::TooLong);
    faults
}

type Outcome = Result<(i32, i32), Problem>;

/// Whether a problem is one of the request itself, so that others may still be accepted.
fn is_its_own(problem: &Problem) -> bool {
    (400..500).contains(&problem.code.status())
}

/// Accept several change requests
///
/// At most 50. Each is accepted or refused for itself: the results stand in the order of the ids, a refused one with its
/// problem.
#[utoipa::path(tag = "products", request_body = AcceptBody, responses((status = 200, description = "What became of each.", body = OutcomesView)), security(("bearer" = ["products:publish"])))]
#[post("/v1/aggregators/{aggregator}/change-requests/accept")]
pub async fn accept_change_requests(
    staff: Staff<ProductsPublish>,
    request: HttpRequest,
    body: Json<AcceptBody>,
) -> Answered {
    let asked = body.0.parse()?;
    let (locale, request) = (locale(&request), request_id(&request));
    let mut refused = BTreeMap::new();
    // What is refused after it has begun to write takes the whole transaction along: all the others are then accepted
    // anew without it. That ends, since each time there is one less.
    loop {
        let failed = Cell::new(None);
        let answer = staff
            .run(async |tx| {
                let mut outcomes = accept_all(tx, &asked, &refused, &failed).await?;
                let outcome = |id| outcomes.remove(&id).unwrap_or(Err(Problem::new(Code::Internal)));
                let ids = asked.iter().map(|(id, _)| *id);
                let results: Vec<_> = ids
                    .zip(asked.iter().map(|(id, _)| *id).map(outcome))
                    .map(|(id, outcome)| OutcomeView::new(id, outcome, |p| p.view(locale, &request)))
                    .collect();
                Ok(InLanguage(locale, Found(None, OutcomesView { results })))
            })
            .await;
        match (answer, failed.take()) {
            (Err(problem), Some(id)) if is_its_own(&problem) => refused.insert(id, problem),
            (answer, _) => return answer,
        };
    }
}

/// Accepts what can be accepted, in the order of the ids, so that nobody waits in a circle.
async fn accept_all(
    tx: &mut TenantTx<'_>,
    asked: &[Asked],
    refused: &BTreeMap<ChangeRequestId, Problem>,
    failed: &Cell<Option<ChangeRequestId>>,
) -> Result<BTreeMap<ChangeRequestId, Outcome>, Problem> {
    let mut outcomes = BTreeMap::new();
    for (id, seen) in asked.iter().copied().collect::<BTreeMap<_, _>>() {
        if let Some(problem) = refused.get(&id) {
            outcomes.insert(id, Err(problem.clone()));
            continue;
        }
        let outcome = match tx.acceptable_change_request(id, seen).await.map_err(Problem::from) {
            Ok(acceptable) => {
                failed.set(Some(id));
                let request = tx.accept_change_request(acceptable).await?;
                failed.set(None);
                Ok((request.row.version, request.product.version))
            }
            Err(problem) if is_its_own(&problem) => Err(problem),
            Err(problem) => return Err(problem),
        };
        outcomes.insert(id, outcome);
    }
    Ok(outcomes)
}

impl OutcomeView {
    fn new(id: ChangeRequestId, outcome: Outcome, view: impl FnOnce(Problem) -> ProblemView) -> Self {
        let none =
            Self { id: id.uuid(), status: "refused", version: None, product_version: None, problem: None };
        match outcome {
            Ok((version, product_version)) => Self {
                status: "accepted",
                version: Some(version),
                product_version: Some(product_version),
                ..none
            },
            Err(problem) => Self { problem: Some(view(problem)), ..none },
        }
    }
}
