//! `/v1/aggregators/{aggregator}/change-requests`: edits of published products, and what reviewers make of them.

mod accept;
mod list;
mod view;

use actix_web::{get, post};
use kapal_domain::change_request::{ChangeRequestAction, FieldReason, MAX_REASONS, ReviewReason};
use kapal_domain::ids::ChangeRequestId;
use kapal_domain::permission::{Demand, ProductsPublish, ProductsRead, ProductsWrite};
use kapal_domain::{Code, Faults};
use kapal_persistence::{ChangeRequest, Review};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use self::view::{ChangeRequestView, edited};
use crate::answer::{Answered, Found};
use crate::json::{Json, OptionalJson};
use crate::path::At;
use crate::{App, Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(list::list_change_requests)
        .service(accept::accept_change_requests)
        .service(get_change_request)
        .service(accept::accept_change_request)
        .service(reject_change_request)
        .service(request_changes_of_change_request)
        .service(withdraw_change_request);
}

/// Which version of a change request was looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ChangeRequestSeen)]
pub struct SeenBody {
    /// Its `version`: another one is refused with 412.
    #[schema(example = 1, minimum = 1)]
    version: Option<i32>,
}

/// What a reviewer says: in general, field by field, or both.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ChangeRequestReview)]
pub struct ReviewBody {
    /// In words that the merchant can act on.
    #[schema(example = "Foto kemasan belum jelas; mohon unggah ulang.", min_length = 1, max_length = 2000)]
    reason: Option<String>,
    /// The fields.
    #[schema(min_items = 1, max_items = 100)]
    fields: Option<Vec<FieldReview>>,
    /// The request's `version` that was looked at: another one is refused with 412.
    #[schema(example = 1, minimum = 1)]
    version: Option<i32>,
}

/// What a reviewer says of a field.
#[derive(Debug, Deserialize, ToSchema)]
pub struct FieldReview {
    /// A field that the request edits, as a JSON pointer.
    #[schema(example = "/translations/id/name", max_length = 100)]
    pointer: String,
    /// What is wrong.
    #[schema(example = "Nama memuat klaim yang belum terbukti.", min_length = 1, max_length = 500)]
    reason: String,
}

impl ReviewBody {
    fn parse(&self) -> Result<Review, Faults> {
        let mut faults = Faults::default();
        let reason = faults.take_optional("/reason", self.reason.as_deref().map(ReviewReason::parse));
        let bodies = self.fields.as_deref().unwrap_or_default();
        if self.reason.is_none() && bodies.is_empty() {
            faults.add("/reason", Code::Required);
        }
        if bodies.len() > MAX_REASONS {
            faults.add("/fields", Code::TooLong);
            return Err(faults);
        }
        let mut fields: Vec<(String, FieldReason)> = Vec::new();
        for (at, field) in bodies.iter().enumerate() {
            if fields.iter().any(|(pointer, _)| *pointer == field.pointer) {
                faults.add(format!("/fields/{at}/pointer"), Code::DuplicateEntry);
            }
            let reason = faults.take(format!("/fields/{at}/reason"), FieldReason::parse(&field.reason));
            fields.extend(reason.map(|reason| (field.pointer.clone(), reason)));
        }
        match reason {
            Some(reason) if faults.is_empty() => Ok(Review { reason, fields }),
            _ => Err(faults),
        }
    }
}

/// Read a change request
///
/// What it changes, field by field, beside what the product says now; which of these fields have moved since they were
/// edited; what reviewers said, and each step with who took it and when.
#[utoipa::path(tag = "products", responses((status = 200, description = "The change request.", body = ChangeRequestView)), security(("bearer" = ["products:read"])))]
#[get("/v1/aggregators/{aggregator}/change-requests/{change_request_id}")]
pub async fn get_change_request(staff: Staff<ProductsRead>, At(id): At<ChangeRequestId>) -> Answered {
    staff.run(async |tx| found(tx.change_request(id).await?, &staff.app)).await
}

/// Reject a change request
///
/// Ends it; the product stays as it is. Say why, in general or field by field.
#[utoipa::path(tag = "products", request_body = ReviewBody, responses((status = 200, description = "The request, rejected.", body = ChangeRequestView), (status = 412, description = "It was edited meanwhile.")), security(("bearer" = ["products:publish"])))]
#[post("/v1/aggregators/{aggregator}/change-requests/{change_request_id}/reject")]
pub async fn reject_change_request(
    staff: Staff<ProductsPublish>,
    At(id): At<ChangeRequestId>,
    body: Json<ReviewBody>,
) -> Answered {
    let review = body.0.parse()?;
    close(&staff, id, ChangeRequestAction::Reject, body.0.version, &review).await
}

/// Request changes of a change request
///
/// Sends it back with what is missing, in general or field by field. The next edit of the product opens it again.
#[utoipa::path(tag = "products", request_body = ReviewBody, responses((status = 200, description = "The request, sent back.", body = ChangeRequestView), (status = 412, description = "It was edited meanwhile.")), security(("bearer" = ["products:publish"])))]
#[post("/v1/aggregators/{aggregator}/change-requests/{change_request_id}/request-changes")]
pub async fn request_changes_of_change_request(
    staff: Staff<ProductsPublish>,
    At(id): At<ChangeRequestId>,
    body: Json<ReviewBody>,
) -> Answered {
    let review = body.0.parse()?;
    close(&staff, id, ChangeRequestAction::RequestChanges, body.0.version, &review).await
}

/// Withdraw a change request
///
/// Takes an open one back, by whoever may edit the product; the product stays as it is. Archiving the product withdraws
/// what is asked of it; unpublishing leaves it standing.
#[utoipa::path(tag = "products", request_body = SeenBody, responses((status = 200, description = "The request, withdrawn.", body = ChangeRequestView), (status = 412, description = "It was edited meanwhile.")), security(("bearer" = ["products:write"])))]
#[post("/v1/aggregators/{aggregator}/change-requests/{change_request_id}/withdraw")]
pub async fn withdraw_change_request(
    staff: Staff<ProductsWrite>,
    At(id): At<ChangeRequestId>,
    body: OptionalJson<SeenBody>,
) -> Answered {
    let seen = body.0.and_then(|body| body.version);
    close(&staff, id, ChangeRequestAction::Withdraw, seen, &Review::default()).await
}

async fn close<P: Demand>(
    staff: &Staff<P>,
    id: ChangeRequestId,
    action: ChangeRequestAction,
    seen: Option<i32>,
    review: &Review,
) -> Answered {
    staff.run(async |tx| found(tx.close_change_request(id, action, seen, review).await?, &staff.app)).await
}

fn found(request: ChangeRequest, app: &App) -> Result<Found<ChangeRequestView>, Problem> {
    Ok(Found(None, ChangeRequestView::new(request, app)?))
}
