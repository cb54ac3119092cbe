//! For Meta's catalogue (Facebook, Instagram, WhatsApp): CSV with Meta's names
//! (developers.facebook.com/docs/marketing-api/catalog/reference).

use actix_web::get;
use kapal_domain::feed::FeedReader;
use utoipa_actix_web::service_config::ServiceConfig;

use super::offer::Offer;
use super::{Feed, FeedQuery};
use crate::answer::Answered;
use crate::csv::line;
use crate::storefront::shop::Shop;

const COLUMNS: [&str; 21] = [
    "id",
    "title",
    "description",
    "availability",
    "condition",
    "price",
    "sale_price",
    "link",
    "image_link",
    "additional_image_link",
    "brand",
    "gtin",
    "mpn",
    "google_product_category",
    "fb_product_category",
    "product_type",
    "custom_label_0",
    "custom_label_1",
    "custom_label_2",
    "custom_label_3",
    "custom_label_4",
];

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(get_meta_feed).service(get_national_meta_feed);
}

/// The feed for Meta
///
/// Every product that Meta's catalogue takes, as CSV with its names: give its address to the Commerce Manager as a
/// scheduled feed. Left out is what has no picture of at least 500 × 500 pixels. One line per product, whose `id` is the
/// product's id; its price is the one that its page shows.
#[utoipa::path(tag = "storefront", params(FeedQuery), responses((status = 200, description = "The feed.", body = String, content_type = "text/csv")))]
#[get("/v1/storefronts/{aggregator}/feeds/meta.csv")]
pub async fn get_meta_feed(shop: Shop) -> Answered {
    meta(Feed::of(shop)?).await
}

/// The nation's feed for Meta
///
/// The same for the nation.
#[utoipa::path(tag = "storefront", params(FeedQuery), responses((status = 200, description = "The feed.", body = String, content_type = "text/csv")))]
#[get("/v1/storefront/feeds/meta.csv")]
pub async fn get_national_meta_feed(shop: Shop) -> Answered {
    meta(Feed::of(shop)?).await
}

async fn meta(feed: Feed) -> Answered {
    feed.answer("text/csv; charset=utf-8; header=present", async || {
        feed.app().db.expect_storefront(&feed.shop.store).await?;
        let categories = feed.app().db.fed_categories().await?;
        let mut head = String::new();
        line(&mut head, COLUMNS.into_iter());
        let (public_url, locale) = (feed.app().public_url.clone(), feed.shop.locale);
        feed.products(head, "", move |csv, product| {
            if let Some(offer) = Offer::new(FeedReader::Meta, product, &categories, &public_url, locale)? {
                row(csv, &offer);
            }
            Ok(())
        })
        .await
    })
    .await
}

fn row(csv: &mut String, offer: &Offer) {
    let id = |id: Option<i32>| id.map(|id| id.to_string()).unwrap_or_default();
    let (google, meta) = (id(offer.category.google), id(offer.category.meta));
    let more_images = offer.more_images.join(",");
    let [first, second, third, fourth, fifth] = &offer.labels;
    let cells: [&str; COLUMNS.len()] = [
        &offer.id,
        &offer.title,
        &offer.description,
        offer.availability,
        "new",
        &offer.price,
        offer.sale_price.as_deref().unwrap_or_default(),
        &offer.link,
        &offer.image,
        &more_images,
        &offer.brand,
        offer.gtin.as_deref().unwrap_or_default(),
        offer.mpn.as_deref().unwrap_or_default(),
        &google,
        &meta,
        &offer.product_type,
        first,
        second,
        third,
        fourth,
        fifth,
    ];
    line(csv, cells.into_iter());
}
