//! The steps of a product's life.

use actix_web::post;
use kapal_domain::ids::ProductId;
use kapal_domain::permission::{Demand, ProductsPublish, ProductsWrite};
use kapal_domain::product::ProductAction;
use utoipa_actix_web::service_config::ServiceConfig;

use super::found;
use super::view::ProductView;
use crate::Staff;
use crate::answer::Answered;
use crate::json::Json;
use crate::merchant::ReasonBody;
use crate::path::At;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(submit_product)
        .service(request_product_changes)
        .service(publish_product)
        .service(unpublish_product)
        .service(archive_product);
}

/// Submit a product
///
/// Asks for review: from draft or after changes. The product must be complete: a description in at least one
/// language, a variant with a price above zero, a picture; what is missing is named all at once.
#[utoipa::path(tag = "products", responses((status = 200, description = "The product, submitted.", body = ProductView)), security(("bearer" = ["products:write"])))]
#[post("/v1/aggregators/{aggregator}/products/{product_id}/submit")]
pub async fn submit_product(staff: Staff<ProductsWrite>, At(id): At<ProductId>) -> Answered {
    step(&staff, id, ProductAction::Submit, None).await
}

/// Request changes of a product
///
/// Sends a submitted product back with what is missing.
#[utoipa::path(tag = "products", request_body = ReasonBody, responses((status = 200, description = "The product, sent back.", body = ProductView)), security(("bearer" = ["products:publish"])))]
#[post("/v1/aggregators/{aggregator}/products/{product_id}/request-changes")]
pub async fn request_product_changes(
    staff: Staff<ProductsPublish>,
    At(id): At<ProductId>,
    body: Json<ReasonBody>,
) -> Answered {
    step(&staff, id, ProductAction::RequestChanges, Some(body.0.parse()?.as_str())).await
}

/// Publish a product
///
/// Puts a submitted or unpublished product on the storefronts. Its merchant must be active and have a NIB on file
/// (Permendag 31/2023, article 33), and the product must be complete.
#[utoipa::path(tag = "products", responses((status = 200, description = "The product, published.", body = ProductView)), security(("bearer" = ["products:publish"])))]
#[post("/v1/aggregators/{aggregator}/products/{product_id}/publish")]
pub async fn publish_product(staff: Staff<ProductsPublish>, At(id): At<ProductId>) -> Answered {
    step(&staff, id, ProductAction::Publish, None).await
}

/// Unpublish a product
///
/// Takes a published product off every storefront at once. While it is off, edits count at once; a change request that
/// waits stays and can still be accepted.
#[utoipa::path(tag = "products", responses((status = 200, description = "The product, unpublished.", body = ProductView)), security(("bearer" = ["products:publish"])))]
#[post("/v1/aggregators/{aggregator}/products/{product_id}/unpublish")]
pub async fn unpublish_product(staff: Staff<ProductsPublish>, At(id): At<ProductId>) -> Answered {
    step(&staff, id, ProductAction::Unpublish, None).await
}

/// Archive a product
///
/// Ends the product's life here, from any other state; its history stays. A change request that waits is withdrawn.
#[utoipa::path(tag = "products", responses((status = 200, description = "The product, archived.", body = ProductView)), security(("bearer" = ["products:write"])))]
#[post("/v1/aggregators/{aggregator}/products/{product_id}/archive")]
pub async fn archive_product(staff: Staff<ProductsWrite>, At(id): At<ProductId>) -> Answered {
    step(&staff, id, ProductAction::Archive, None).await
}

async fn step<P: Demand>(
    staff: &Staff<P>,
    id: ProductId,
    action: ProductAction,
    reason: Option<&str>,
) -> Answered {
    staff.run(async |tx| found(tx.change_product_status(id, action, reason).await?, &staff.app)).await
}
