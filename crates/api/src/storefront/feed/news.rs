//! News of mutiara for readers of feeds: RSS 2.0 (rssboard.org/rss-specification).

use actix_web::{HttpResponse, get};
use kapal_domain::feed::{clip, plain};
use utoipa_actix_web::service_config::ServiceConfig;

use super::{Feed, FeedQuery, element};
use crate::Problem;
use crate::answer::Answered;
use crate::storefront::shop::Shop;
use crate::storefront::views::{image_views, page_url};

/// How many entries.
const NEWEST: i64 = 50;
/// The most characters of an entry's text.
const SUMMARY: usize = 500;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(get_mutiara_feed).service(get_national_mutiara_feed);
}

/// News of mutiara
///
/// The 50 products that became mutiara last, the newest first, as RSS 2.0.
#[utoipa::path(tag = "storefront", params(FeedQuery), responses((status = 200, description = "The feed.", body = String, content_type = "application/rss+xml")))]
#[get("/v1/storefronts/{aggregator}/feeds/mutiara.xml")]
pub async fn get_mutiara_feed(shop: Shop) -> Answered {
    news(Feed::of(shop)?).await
}

/// News of the nation's mutiara
///
/// The same for the nation.
#[utoipa::path(tag = "storefront", params(FeedQuery), responses((status = 200, description = "The feed.", body = String, content_type = "application/rss+xml")))]
#[get("/v1/storefront/feeds/mutiara.xml")]
pub async fn get_national_mutiara_feed(shop: Shop) -> Answered {
    news(Feed::of(shop)?).await
}

async fn news(feed: Feed) -> Answered {
    feed.answer("application/rss+xml; charset=utf-8", async || {
        let aggregator = feed.aggregator().await?;
        let (store, locale) = (&feed.shop.store, feed.shop.locale);
        let public_url = &feed.app().public_url;
        let products = feed.app().db.new_mutiara(store, locale, NEWEST).await?;
        let mut xml = String::from(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\" xmlns:media=\"http://search.yahoo.com/mrss/\"><channel>\n",
        );
        element(&mut xml, "title", &format!("Mutiara: {}", aggregator.name));
        element(&mut xml, "link", &feed.home(&aggregator).url(feed.shop.locale, &feed.app().public_url));
        element(&mut xml, "description", &aggregator.description);
        element(&mut xml, "language", locale.as_str());
        let this = quick_xml::escape::escape(feed.shop.url("/feeds/mutiara.xml")).into_owned();
        xml.push_str(&format!("<atom:link href=\"{this}\" rel=\"self\" type=\"application/rss+xml\"/>\n"));
        for fed in products {
            let product = fed.product;
            xml.push_str("<item>");
            element(&mut xml, "title", &plain(&product.name));
            element(&mut xml, "link", &page_url(public_url, locale, &product.aggregator_slug, &product.slug));
            // A product that becomes mutiara again is news again.
            let since = fed.mutiara_at.unwrap_or(product.published_at);
            let guid = format!("{}:{}", product.product_id, since.timestamp());
            xml.push_str(&format!("<guid isPermaLink=\"false\">{guid}</guid>"));
            element(&mut xml, "pubDate", &since.to_rfc2822());
            let price = product.price()?.display(locale);
            let text = clip(&plain(&product.description), SUMMARY);
            let place = format!("{}, {}", product.merchant_name, product.region_name);
            element(&mut xml, "description", [price, place, text].join(" · ").trim_end_matches(" · "));
            let images = image_views(product.images, public_url, locale, &product.name);
            if let Some(image) = images.first() {
                let url = quick_xml::escape::escape(image.url.as_str()).into_owned();
                xml.push_str(&format!("<media:content url=\"{url}\" medium=\"image\" type=\"image/jpeg\"/>"));
            }
            xml.push_str("</item>\n");
        }
        xml.push_str("</channel></rss>\n");
        Ok::<_, Problem>(HttpResponse::Ok().body(xml))
    })
    .await
}
