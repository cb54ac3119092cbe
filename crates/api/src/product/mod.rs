//! `/v1/aggregators/{aggregator}/products`: products with their texts and pictures, and the steps to the storefront.

mod body;
mod certificate;
mod details;
mod status;
mod translation;
mod view;

use actix_web::{delete, get, patch, post, put};
use kapal_domain::ids::ProductId;
use kapal_domain::permission::{ProductsRead, ProductsWrite};
use kapal_persistence::{Page, Product};
use utoipa_actix_web::service_config::ServiceConfig;

use self::body::{PicturesPut, ProductCreate, ProductPatch, ProductQuery};
use self::view::ProductView;
pub(crate) use self::view::{SizeView, VariantView};
use crate::answer::{Answered, Created, Done, Found};
use crate::change_request::{ChangeRequestView, edited};
use crate::json::Json;
use crate::path::{At, IfMatch};
use crate::query::{List, PageOf, Paging};
use crate::{App, Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(create_product)
        .service(list_products)
        .service(get_product)
        .service(update_product)
        .service(delete_product)
        .service(set_product_media);
    certificate::routes(config);
    status::routes(config);
    translation::routes(config);
}

/// List a product
///
/// Makes a product as a draft of one of the aggregator's merchants, with its variants and pictures where they are
/// known already. What is missing can follow; a slug is made of its name.
#[utoipa::path(tag = "products", request_body = ProductCreate, responses((status = 201, description = "The product.", body = ProductView)), security(("bearer" = ["products:write"])))]
#[post("/v1/aggregators/{aggregator}/products")]
pub async fn create_product(staff: Staff<ProductsWrite>, body: Json<ProductCreate>) -> Answered {
    let new = body.0.parse()?;
    staff
        .run(async |tx| {
            let product = ProductView::new(tx.insert_product(&new).await?, &staff.app)?;
            let location = staff.path(format_args!("products/{}", product.id));
            Ok(Created { location, version: Some(product.version), thing: product })
        })
        .await
}

/// List products
///
/// The aggregator's products, the newest first. Heroes see those of the merchants assigned to them, merchants their
/// own.
#[utoipa::path(tag = "products", params(ProductQuery, Paging), responses((status = 200, description = "A page of products.", body = PageOf<ProductView>)), security(("bearer" = ["products:read"])))]
#[get("/v1/aggregators/{aggregator}/products")]
pub async fn list_products(staff: Staff<ProductsRead>, list: List<ProductQuery>) -> Answered {
    let filter = list.filter.parse()?;
    staff
        .run(async |tx| {
            let page = tx.products(&filter, list.after.as_ref(), list.limit).await?;
            let items = page.items.into_iter().map(|product| ProductView::new(product, &staff.app));
            Ok(list.reply(Page { items: items.collect::<Result<_, _>>()?, next: page.next }))
        })
        .await
}

/// Read a product
///
/// One product with its texts, variants, pictures and certificates, what it answers to its category, and how far it is
/// translated.
#[utoipa::path(tag = "products", responses((status = 200, description = "The product.", body = ProductView)), security(("bearer" = ["products:read"])))]
#[get("/v1/aggregators/{aggregator}/products/{product_id}")]
pub async fn get_product(staff: Staff<ProductsRead>, At(id): At<ProductId>) -> Answered {
    staff.run(async |tx| found(tx.product(id).await?, &staff.app)).await
}

/// Edit a product
///
/// A merge patch (RFC 7396) of category, slug, texts, answers and options; variants, stock, pictures and certificates have
/// paths of their own. Answers that another category does not ask for go with the move. Of a published product this is
/// reviewed: the edit waits as a change request, beside what else was edited of the product and not yet decided, while
/// the product stays as it is. Only `lead_time_days`, `monthly_capacity` and `minimum_order` count at once, as price and
/// stock do; a patch that names another field besides waits as a whole.
#[utoipa::path(tag = "products", request_body = ProductPatch, responses((status = 200, description = "The product as it is now.", body = ProductView), (status = 202, description = "The product is published: the edit waits as a change request, whose path is the `Location`.", body = ChangeRequestView)), security(("bearer" = ["products:write"])))]
#[patch("/v1/aggregators/{aggregator}/products/{product_id}")]
pub async fn update_product(
    staff: Staff<ProductsWrite>,
    At(id): At<ProductId>,
    IfMatch(version): IfMatch,
    body: Json<ProductPatch>,
) -> Answered {
    let changes = body.0.parse()?;
    staff
        .run(async |tx| {
            edited(&staff, tx.update_product(id, version, &changes).await?, |it| found(it, &staff.app))
        })
        .await
}

/// Delete a draft product
///
/// Works only for a draft without leads or nominations; archive any other.
#[utoipa::path(tag = "products", responses((status = 204, description = "It is gone.")), security(("bearer" = ["products:write"])))]
#[delete("/v1/aggregators/{aggregator}/products/{product_id}")]
pub async fn delete_product(
    staff: Staff<ProductsWrite>,
    At(id): At<ProductId>,
    IfMatch(version): IfMatch,
) -> Answered {
    staff
        .run(async |tx| {
            tx.delete_product(id, version).await?;
            Ok(Done)
        })
        .await
}

/// Set a product's pictures
///
/// Replaces which pictures the product shows, their order and what they show in words, and sets or removes its video. Of a
/// published product this waits for review as a change request.
#[utoipa::path(tag = "products", request_body = PicturesPut, responses((status = 200, description = "The product as it is now.", body = ProductView), (status = 202, description = "The product is published: the edit waits as a change request, whose path is the `Location`.", body = ChangeRequestView)), security(("bearer" = ["products:write"])))]
#[put("/v1/aggregators/{aggregator}/products/{product_id}/media")]
pub async fn set_product_media(
    staff: Staff<ProductsWrite>,
    At(id): At<ProductId>,
    IfMatch(version): IfMatch,
    body: Json<PicturesPut>,
) -> Answered {
    let (pictures, video) = body.0.parse()?;
    let video = video.as_ref().map(Option::as_ref);
    staff
        .run(async |tx| {
            let set = tx.set_pictures(id, version, &pictures, video).await?;
            edited(&staff, set, |it| found(it, &staff.app))
        })
        .await
}

fn found(product: Product, app: &App) -> Result<Found<ProductView>, Problem> {
    Ok(Found(Some(product.row.version), ProductView::new(product, app)?))
}
