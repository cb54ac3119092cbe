//! The pages for people, for search engines (sitemaps.org/protocol.html, with Google's extensions for pictures and
//! languages). One file where all fits, else an index of parts.

use actix_web::{HttpResponse, get};
use kapal_domain::Code;
use kapal_domain::locale::Locale;
use kapal_domain::media::PictureFormat;
use kapal_persistence::{Db, Key, Mapped, MappedKind, ShownAggregator};
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{Feed, Pieces, element, file};
use crate::Problem;
use crate::answer::Answered;
use crate::media::picture_url;
use crate::query::parameter;
use crate::site::Subject;
use crate::storefront::shop::Shop;

/// Things of one kind in a file: each has a page per language, a whole sitemap has three kinds, and a file takes 50,000
/// pages and 50 MB.
const IN_A_FILE: i64 = 8_000;
/// Pictures that are named of one page; 1,000 are taken.
const PICTURES: usize = 10;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\" xmlns:image=\"http://www.google.com/schemas/sitemap-image/1.1\" xmlns:xhtml=\"http://www.w3.org/1999/xhtml\">\n";
const TAIL: &str = "</urlset>\n";
const KINDS: [MappedKind; 3] = [MappedKind::Collections, MappedKind::Merchants, MappedKind::Products];

/// Which part of a sitemap.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what is read without it")]
pub struct SitemapQuery {
    /// A part, as the index names it.
    #[param(example = "products", max_length = 100)]
    part: Option<String>,
}

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(get_sitemap).service(get_national_sitemap);
}

/// The sitemap
///
/// The pages for people of this storefront, its collections, merchants and products, in each language, with their
/// pictures. A storefront with 8,000 things of a kind or more answers with an index of parts. `/robots.txt` names it.
#[utoipa::path(tag = "storefront", params(SitemapQuery), responses((status = 200, description = "The sitemap.", body = String, content_type = "application/xml")))]
#[get("/v1/storefronts/{aggregator}/sitemap.xml")]
pub async fn get_sitemap(shop: Shop) -> Answered {
    sitemap(Feed { shop }).await
}

/// The nation's sitemap
///
/// The same for the nation.
#[utoipa::path(tag = "storefront", params(SitemapQuery), responses((status = 200, description = "The sitemap.", body = String, content_type = "application/xml")))]
#[get("/v1/storefront/sitemap.xml")]
pub async fn get_national_sitemap(shop: Shop) -> Answered {
    sitemap(Feed { shop }).await
}

/// A part of a sitemap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The storefront's own pages.
    Home,
    /// Things of a kind that follow one.
    Things(MappedKind, Option<Key>),
}

impl Part {
    fn name(self) -> String {
        match self {
            Self::Home => "home".to_owned(),
            Self::Things(kind, None) => kind_name(kind).to_owned(),
            Self::Things(kind, Some((aggregator, id))) => format!("{}.{aggregator}.{id}", kind_name(kind)),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if text == "home" {
            return Some(Self::Home);
        }
        let mut words = text.split('.');
        let name = words.next()?;
        let kind = KINDS.into_iter().find(|kind| kind_name(*kind) == name)?;
        let ids: Option<Vec<Uuid>> = words.map(|word| Uuid::try_parse(word).ok()).collect();
        match ids?.as_slice() {
            [] => Some(Self::Things(kind, None)),
            [aggregator, id] => Some(Self::Things(kind, Some((*aggregator, *id)))),
            _ => None,
        }
    }
}

const fn kind_name(kind: MappedKind) -> &'static str {
    match kind {
        MappedKind::Products => "products",
        MappedKind::Merchants => "merchants",
        MappedKind::Collections => "collections",
    }
}

async fn sitemap(feed: Feed) -> Answered {
    let part =
        match parameter(feed.shop.request(), "part") {
            Some(part) => Some(Part::parse(&part).ok_or_else(|| {
                Problem::because(Code::InvalidParameter, "part is none that the index names.")
            })?),
            None => None,
        };
    feed.answer("application/xml; charset=utf-8", async || {
        let aggregator = feed.aggregator().await?;
        match part {
            Some(Part::Home) => {
                let mut xml = HEAD.to_owned();
                home(&mut xml, &feed, &aggregator);
                xml.push_str(TAIL);
                Ok(HttpResponse::Ok().body(xml))
            }
            Some(Part::Things(kind, after)) => things(&feed, kind, after).await,
            None => whole_or_index(&feed, &aggregator).await,
        }
    })
    .await
}

async fn whole_or_index(feed: &Feed, aggregator: &ShownAggregator) -> Result<HttpResponse, Problem> {
    let (db, store) = (&feed.app().db, &feed.shop.store);
    let mut parts = vec![Part::Home];
    for kind in KINDS {
        parts.push(Part::Things(kind, None));
        let bounds = db.mapped_bounds(store, kind, IN_A_FILE).await?;
        parts.extend(bounds.into_iter().map(|bound| Part::Things(kind, Some(bound))));
    }
    if parts.len() > KINDS.len() + 1 {
        let mut xml = String::from(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
        );
        for part in parts {
            xml.push_str("<sitemap>");
            element(&mut xml, "loc", &format!("{}?part={}", feed.shop.url("/sitemap.xml"), part.name()));
            xml.push_str("</sitemap>\n");
        }
        xml.push_str("</sitemapindex>\n");
        return Ok(HttpResponse::Ok().body(xml));
    }
    let mut xml = HEAD.to_owned();
    home(&mut xml, feed, aggregator);
    for kind in KINDS {
        for thing in db.mapped(store, kind, None, IN_A_FILE).await? {
            entry(&mut xml, &feed.app().public_url, kind, &thing);
        }
    }
    xml.push_str(TAIL);
    Ok(HttpResponse::Ok().body(xml))
}

/// A part is as long as the index has cut them.
async fn things(feed: &Feed, kind: MappedKind, after: Option<Key>) -> Result<HttpResponse, Problem> {
    let (store, public_url) = (feed.shop.store.clone(), feed.app().public_url.clone());
    let read = async move |db: &Db, after, limit| Ok(db.mapped(&store, kind, after, limit).await?);
    let write = move |xml: &mut String, thing: Mapped| {
        entry(xml, &public_url, kind, &thing);
        Ok(())
    };
    let (app, text, key) = (feed.app().clone(), HEAD.to_owned(), Mapped::key);
    file(Pieces { app, text, after, left: IN_A_FILE, tail: TAIL, read, key, write }).await
}

fn home(xml: &mut String, feed: &Feed, aggregator: &ShownAggregator) {
    pages(xml, feed.home(aggregator), &feed.app().public_url, "");
}

fn entry(xml: &mut String, public_url: &str, kind: MappedKind, thing: &Mapped) {
    let mut more = String::new();
    if let Some(changed) = thing.updated_at {
        element(&mut more, "lastmod", &changed.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    }
    for image in thing.images.iter().take(PICTURES) {
        let width = image.widths.iter().copied().max().unwrap_or(image.width);
        more.push_str("<image:image>");
        element(&mut more, "image:loc", &picture_url(public_url, &image.hash, width, PictureFormat::Jpeg));
        more.push_str("</image:image>");
    }
    let subject = match kind {
        MappedKind::Products => Subject::Product(&thing.aggregator_slug, &thing.slug),
        MappedKind::Merchants => Subject::Merchant(&thing.aggregator_slug, &thing.slug),
        MappedKind::Collections => Subject::Collection(&thing.aggregator_slug, &thing.slug),
    };
    pages(xml, subject, public_url, &more);
}

/// The page of a thing in each language, each naming all of them.
fn pages(xml: &mut String, subject: Subject<'_>, public_url: &str, more: &str) {
    let mut others = String::new();
    for locale in Locale::ALL {
        let href = subject.url(*locale, public_url);
        let href = quick_xml::escape::escape(href.as_str());
        others.push_str(&format!("<xhtml:link rel=\"alternate\" hreflang=\"{locale}\" href=\"{href}\"/>"));
    }
    for locale in Locale::ALL {
        xml.push_str("<url>");
        element(xml, "loc", &subject.url(*locale, public_url));
        xml.push_str(more);
        xml.push_str(&others);
        xml.push_str("</url>\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parts_name_reads_back_and_nothing_else_is_one() {
        let key = (Uuid::from_u128(1), Uuid::from_u128(2));
        for part in [
            Part::Home,
            Part::Things(MappedKind::Products, None),
            Part::Things(MappedKind::Merchants, Some(key)),
        ] {
            assert_eq!(Part::parse(&part.name()), Some(part));
        }
        for bad in ["", "shops", "products.1", "products.x.y", "home.1", "products.."] {
            assert_eq!(Part::parse(bad), None, "{bad}");
        }
    }
}
