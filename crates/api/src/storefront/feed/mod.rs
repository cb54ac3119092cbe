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
use kapal_domain::Code;
use kapal_domain::locale::Locale;
use kapal_persistence::{Db, FedProduct, Key, ShownAggregator};
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use super::shop::{Shop, conditional, tag};
use super::store::whose;
use crate::answer::Answered;
use crate::pieces::in_pieces;
use crate::query::parameter;
use crate::site::Subject;
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
        if let Some(locale) = parameter(shop.request(), "locale") {
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
        whose(&self.app().db, &self.shop.store, self.shop.locale).await
    }

    /// The storefront's page for people.
    fn home<'a>(&self, aggregator: &'a ShownAggregator) -> Subject<'a> {
        Subject::home_of(&self.shop.store, aggregator)
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
        let read =
            async move |db: &Db, after, limit| Ok(db.fed_products(&store, locale, after, limit).await?);
        let (app, key) = (self.app().clone(), FedProduct::key);
        file(Pieces { app, text: head, after: None, left: i64::MAX, tail, read, key, write }).await
    }
}

/// What is still to be made of a file.
struct Pieces<T, R, W> {
    app: web::Data<App>,
    /// What stands before the next piece.
    text: String,
    /// After which thing the next piece begins.
    after: Option<Key>,
    /// How many things there may still be.
    left: i64,
    tail: &'static str,
    /// So many things that follow one.
    read: R,
    key: fn(&T) -> Key,
    write: W,
}

async fn file<T, R, W>(pieces: Pieces<T, R, W>) -> Result<HttpResponse, Problem>
where
    T: 'static,
    R: AsyncFn(&Db, Option<Key>, i64) -> Result<Vec<T>, Problem> + 'static,
    W: Fn(&mut String, T) -> Result<(), Problem> + 'static,
{
    Ok(HttpResponse::Ok().streaming(in_pieces(pieces, piece).await?))
}

/// The next piece, and what is left.
async fn piece<T, R, W>(mut pieces: Pieces<T, R, W>) -> Result<(Bytes, Option<Pieces<T, R, W>>), Problem>
where
    R: AsyncFn(&Db, Option<Key>, i64) -> Result<Vec<T>, Problem>,
    W: Fn(&mut String, T) -> Result<(), Problem>,
{
    let wanted = BATCH.min(pieces.left);
    let things = (pieces.read)(&pieces.app.db, pieces.after, wanted).await?;
    let found = i64::try_from(things.len()).unwrap_or(wanted);
    pieces.left -= found;
    pieces.after = things.last().map(pieces.key);
    let mut text = std::mem::take(&mut pieces.text);
    for thing in things {
        (pieces.write)(&mut text, thing)?;
    }
    if found == wanted && pieces.left > 0 {
        return Ok((text.into(), Some(pieces)));
    }
    text.push_str(pieces.tail);
    Ok((text.into(), None))
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
