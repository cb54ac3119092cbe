//! For Google Merchant Center: RSS 2.0 with Google's names (support.google.com/merchants/answer/7052112).

use actix_web::get;
use kapal_domain::feed::FeedReader;
use utoipa_actix_web::service_config::ServiceConfig;

use super::offer::Offer;
use super::{Feed, FeedQuery, element};
use crate::answer::Answered;
use crate::storefront::shop::Shop;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(get_google_feed).service(get_national_google_feed);
}

/// The feed for Google
///
/// Every product that Google takes, as RSS 2.0 with the names of Google Merchant Center: give its address there as a
/// scheduled fetch. Left out is what has no picture of at least 250 × 250 pixels. One entry per product, whose `g:id`
/// is the product's id; its price is the one that its page shows.
#[utoipa::path(tag = "storefront", params(FeedQuery), responses((status = 200, description = "The feed.", body = String, content_type = "application/xml")))]
#[get("/v1/storefronts/{aggregator}/feeds/google.xml")]
pub async fn get_google_feed(shop: Shop) -> Answered {
    google(Feed::of(shop)?).await
}

/// The nation's feed for Google
///
/// The same for the nation.
#[utoipa::path(tag = "storefront", params(FeedQuery), responses((status = 200, description = "The feed.", body = String, content_type = "application/xml")))]
#[get("/v1/storefront/feeds/google.xml")]
pub async fn get_national_google_feed(shop: Shop) -> Answered {
    google(Feed::of(shop)?).await
}

async fn google(feed: Feed) -> Answered {
    feed.answer("application/xml; charset=utf-8", async || {
        let aggregator = feed.aggregator().await?;
        let categories = feed.app().db.fed_categories().await?;
        let mut head = String::from(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" xmlns:g=\"http://base.google.com/ns/1.0\"><channel>\n",
        );
        element(&mut head, "title", &aggregator.name);
        element(&mut head, "link", &feed.home(&aggregator).url(feed.shop.locale, &feed.app().public_url));
        element(&mut head, "description", &aggregator.description);
        let (public_url, locale) = (feed.app().public_url.clone(), feed.shop.locale);
        feed.products(head, "\n</channel></rss>\n", move |xml, product| {
            if let Some(offer) = Offer::new(FeedReader::Google, product, &categories, &public_url, locale)? {
                item(xml, &offer);
            }
            Ok(())
        })
        .await
    })
    .await
}

fn item(xml: &mut String, offer: &Offer) {
    xml.push_str("\n<item>");
    let mut one = |name: &str, text: &str| element(xml, name, text);
    one("g:id", &offer.id);
    one("g:title", &offer.title);
    one("g:description", &offer.description);
    one("g:link", &offer.link);
    one("g:image_link", &offer.image);
    for image in &offer.more_images {
        one("g:additional_image_link", image);
    }
    one("g:availability", offer.availability);
    one("g:condition", "new");
    one("g:price", &offer.price);
    if let Some(price) = &offer.sale_price {
        one("g:sale_price", price);
    }
    one("g:brand", &offer.brand);
    if let Some(gtin) = &offer.gtin {
        one("g:gtin", gtin);
    }
    if let Some(mpn) = &offer.mpn {
        one("g:mpn", mpn);
    }
    if offer.gtin.is_none() && offer.mpn.is_none() {
        one("g:identifier_exists", "no");
    }
    if let Some(category) = offer.category.google {
        one("g:google_product_category", &category.to_string());
    }
    one("g:product_type", &offer.product_type);
    for (at, label) in offer.labels.iter().enumerate().filter(|(_, label)| !label.is_empty()) {
        one(&format!("g:custom_label_{at}"), label);
    }
    xml.push_str("</item>");
}
