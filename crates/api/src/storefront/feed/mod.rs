//! The catalogue for other programs: product feeds, sitemaps, news of mutiara. Read in pieces that follow each other by
//! key and sent as they are read, so that the length of a catalogue costs no memory; who has the present state gets a
//! 304 without a query.

mod google;
mod meta;
mod news;
mod offer;
mod rows;
mod sitemap;

use actix_web::web::Bytes;
use actix_web::{HttpResponse, get, web};
use futures_util::StreamExt;
use futures_util::TryStreamExt;
use futures_util::stream::{once, try_unfold};
use kapal_domain::Code;
use kapal_domain::locale::Locale;
use kapal_persistence::{Db, FedProduct, Key, ShownAggregator};
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use super::shop::{Shop, conditional, tag};
use super::store::nation;
use crate::answer::Answered;
use crate::{App, Problem};

pub(crate) fn routes(config: &mut ServiceConfig) {
    google::routes(config);
    meta::routes(config);
    news::routes(config);
    rows::routes(config);
    sitemap::routes(config);
}

/// Things that are read at a time.
const BATCH: i64 = 1_000;

/// In which language a feed is. Other parameters, which carriers add to addresses, are passed over.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what `Feed` reads itself")]
pub struct FeedQuery {
    /// The language of the texts and of the pages that are linked to: `id` or `en`; without it the one that
    /// `Accept-Language` asks for.
    #[param(example = "id", max_length = 2)]
    locale: Option<String>,
}

/// A storefront as a feed is to tell it.
struct Feed {
    shop: Shop,
}

impl Feed {
    /// Reads which language is asked for.
    fn of(mut shop: Shop) -> Result<Self, Problem> {
        if let Some(locale) = parameter(&shop, "locale") {
            let known = Locale::parse(&locale);
            shop.locale =
                known.map_err(|_| Problem::because(Code::InvalidParameter, "locale is id or en."))?;
        }
        Ok(Self { shop })
    }

    fn app(&self) -> &web::Data<App> {
        &self.shop.app
    }

    /// Whose feed it is.
    async fn aggregator(&self) -> Result<ShownAggregator, Problem> {
        match &self.shop.store.aggregator {
            Some(_) => Ok(self.app().db.storefront_aggregator(&self.shop.store, self.shop.locale).await?),
            None => Ok(nation(self.shop.locale)),
        }
    }

    /// The storefront's page for people.
    fn home(&self, aggregator: &ShownAggregator) -> String {
        let (base, locale) = (&self.app().public_url, self.shop.locale);
        match &self.shop.store.aggregator {
            Some(_) => format!("{base}/{locale}/{}", aggregator.slug),
            None => format!("{base}/{locale}"),
        }
    }

    /// Answers with a 304 where the reader has the present state, else with what `make` makes.
    async fn answer(
        &self,
        kind: &str,
        make: impl AsyncFnOnce() -> Result<HttpResponse, Problem>,
    ) -> Answered {
        let (shop, locale) = (&self.shop, self.shop.locale);
        let tag = tag(&shop.app, &shop.store, locale, shop.request());
        conditional(shop.request(), locale, tag, async || {
            let mut response = make().await?;
            if let Ok(kind) = kind.parse() {
                response.headers_mut().insert(actix_web::http::header::CONTENT_TYPE, kind);
            }
            Ok(response)
        })
        .await
    }

    /// A file of all products: `head`, what `write` makes of each, `tail`.
    async fn products(
        &self,
        head: String,
        tail: &'static str,
        write: impl Fn(&mut String, FedProduct) -> Result<(), Problem> + 'static,
    ) -> Result<HttpResponse, Problem> {
        let (store, locale) = (self.shop.store.clone(), self.shop.locale);
        let read = async move |db: &Db, after| Ok(db.fed_products(&store, locale, after, BATCH).await?);
        file(self.app().clone(), Pieces { head, tail, read, key: FedProduct::key, write }).await
    }
}

/// A query parameter.
fn parameter(shop: &Shop, wanted: &str) -> Option<String> {
    let pairs = url::form_urlencoded::parse(shop.request().query_string().as_bytes());
    pairs.into_owned().find(|(name, _)| name == wanted).map(|(_, value)| value)
}

/// How a file is made piece by piece.
struct Pieces<T, R, W> {
    head: String,
    tail: &'static str,
    /// What follows a thing; no more than [`BATCH`].
    read: R,
    key: fn(&T) -> Key,
    write: W,
}

/// The file. What fails before its first byte is a problem; later it breaks off, which the reader sees.
async fn file<T, R, W>(app: web::Data<App>, mut pieces: Pieces<T, R, W>) -> Result<HttpResponse, Problem>
where
    T: 'static,
    R: AsyncFn(&Db, Option<Key>) -> Result<Vec<T>, Problem> + 'static,
    W: Fn(&mut String, T) -> Result<(), Problem> + 'static,
{
    let head = std::mem::take(&mut pieces.head);
    let Some((first, rest)) = piece((app, pieces, Some((head, None)))).await? else {
        return Err(Code::Internal.into());
    };
    let body =
        once(std::future::ready(Ok(first))).chain(try_unfold(rest, piece)).map_err(actix_web::Error::from);
    Ok(HttpResponse::Ok().streaming(body.boxed_local()))
}

/// What is left of a file: what stands before the next piece, and after which thing it begins; None at its end.
type Rest<T, R, W> = (web::Data<App>, Pieces<T, R, W>, Option<(String, Option<Key>)>);

async fn piece<T, R, W>((app, pieces, at): Rest<T, R, W>) -> Result<Option<(Bytes, Rest<T, R, W>)>, Problem>
where
    R: AsyncFn(&Db, Option<Key>) -> Result<Vec<T>, Problem>,
    W: Fn(&mut String, T) -> Result<(), Problem>,
{
    let Some((mut text, after)) = at else { return Ok(None) };
    let things = (pieces.read)(&app.db, after).await?;
    let full = i64::try_from(things.len()).is_ok_and(|count| count >= BATCH);
    let last = things.last().map(pieces.key).filter(|_| full);
    for thing in things {
        (pieces.write)(&mut text, thing)?;
    }
    if last.is_none() {
        text.push_str(pieces.tail);
    }
    Ok(Some((Bytes::from(text), (app, pieces, last.map(|key| (String::new(), Some(key)))))))
}

/// An element of XML with a text.
fn element(xml: &mut String, name: &str, text: &str) {
    xml.push('<');
    xml.push_str(name);
    xml.push('>');
    xml.push_str(&quick_xml::escape::escape(text));
    xml.push_str("</");
    xml.push_str(name);
    xml.push('>');
}

pub(crate) fn robots(config: &mut web::ServiceConfig) {
    config.service(robots_txt);
}

/// Where robots may go, and where the sitemaps are: named here they count for all pages of this host.
#[get("/robots.txt")]
async fn robots_txt(app: web::Data<App>) -> Answered {
    let mut text =
        String::from("User-agent: *\nDisallow: /go/\nDisallow: /v1/\nAllow: /v1/*/sitemap.xml\n\n");
    let base = &app.public_url;
    text.push_str(&format!("Sitemap: {base}/v1/storefront/sitemap.xml\n"));
    for slug in app.db.storefront_slugs().await? {
        text.push_str(&format!("Sitemap: {base}/v1/storefronts/{slug}/sitemap.xml\n"));
    }
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((actix_web::http::header::CACHE_CONTROL, "public, max-age=3600"))
        .body(text))
}
