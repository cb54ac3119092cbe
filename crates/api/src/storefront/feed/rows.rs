//! The whole catalogue for partners: one product in each line, in the shape of the storefront's lists.

use actix_web::get;
use kapal_domain::Code;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{Feed, FeedQuery};
use crate::Problem;
use crate::answer::Answered;
use crate::storefront::shop::Shop;
use crate::storefront::views::ProductCard;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(get_product_feed).service(get_national_product_feed);
}

/// All products, a line each
///
/// The whole catalogue as NDJSON (newline-delimited JSON): each line is one product in the shape that the list of
/// products has. To follow what changes after it, take `./changes`.
#[utoipa::path(tag = "storefront", params(FeedQuery), responses((status = 200, description = "The products.", body = String, content_type = "application/x-ndjson")))]
#[get("/v1/storefronts/{aggregator}/feeds/products.ndjson")]
pub async fn get_product_feed(shop: Shop) -> Answered {
    rows(Feed::of(shop)?).await
}

/// All products of the nation, a line each
///
/// The same for the nation.
#[utoipa::path(tag = "storefront", params(FeedQuery), responses((status = 200, description = "The products.", body = String, content_type = "application/x-ndjson")))]
#[get("/v1/storefront/feeds/products.ndjson")]
pub async fn get_national_product_feed(shop: Shop) -> Answered {
    rows(Feed::of(shop)?).await
}

async fn rows(feed: Feed) -> Answered {
    feed.answer("application/x-ndjson", async || {
        feed.app().db.expect_storefront(&feed.shop.store).await?;
        let (public_url, locale) = (feed.app().public_url.clone(), feed.shop.locale);
        feed.products(String::new(), "", move |text, fed| {
            let card = ProductCard::new(fed.product, &public_url, locale)?;
            text.push_str(&serde_json::to_string(&card).map_err(|_| Problem::new(Code::Internal))?);
            text.push('\n');
            Ok(())
        })
        .await
    })
    .await
}
