//! A sheet to print, for a stall or a packet: what it is about, and a QR code that leads to its page.

use actix_web::{get, web};
use askama::Template;
use kapal_domain::locale::Locale;
use kapal_pictures::QrCode;

use super::visit::Visit;
use super::words::Words;
use super::{Subject, collection, merchant};
use crate::answer::Answered;
use crate::{Problem, product_page};

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(product_sheet).service(merchant_sheet).service(collection_sheet);
}

/// What stands on a sheet.
pub(crate) struct Sheet<'a> {
    /// Where its code leads.
    pub subject: Subject<'a>,
    /// The storefront.
    pub store: &'a str,
    /// What it is about.
    pub name: &'a str,
    /// Below the name: a price, a number of products.
    pub line: &'a str,
    /// Who makes it, and where.
    pub place: &'a str,
}

#[derive(Template)]
#[template(path = "sheet.html")]
pub(crate) struct SheetHtml {
    locale: Locale,
    words: &'static Words,
    theme: String,
    store: String,
    name: String,
    line: String,
    place: String,
    /// The page.
    url: String,
    back: String,
    /// The address for those who type it.
    shown_url: String,
    qr: SquarePath,
}

/// A QR code as the outline of its dark squares.
struct SquarePath {
    side: usize,
    path: String,
}

impl SheetHtml {
    pub fn new(sheet: &Sheet<'_>, visit: &Visit) -> Result<Self, Problem> {
        let locale = visit.locale;
        let back = sheet.subject.path(locale);
        let url = format!("{}{back}", visit.app.public_url);
        let shown_url = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest).to_owned();
        let code = QrCode::of(&sheet.subject.link(locale, &visit.app.public_url)).map_err(super::too_long)?;
        Ok(Self {
            locale,
            words: Words::of(locale),
            theme: format!("{}/theme.css", sheet.subject.home().path(locale)),
            store: sheet.store.to_owned(),
            name: sheet.name.to_owned(),
            line: sheet.line.to_owned(),
            place: sheet.place.to_owned(),
            qr: SquarePath { side: code.side(), path: code.outline() },
            shown_url,
            back,
            url,
        })
    }
}

#[get("/{locale:id|en}/{aggregator}/p/{slug}/print")]
async fn product_sheet(visit: Visit) -> Answered {
    visit.page(async |db| product_page::sheet(&visit, db).await).await
}

#[get("/{locale:id|en}/{aggregator}/m/{slug}/print")]
async fn merchant_sheet(visit: Visit) -> Answered {
    visit.page(async |db| merchant::sheet(&visit, db).await).await
}

#[get("/{locale:id|en}/{aggregator}/c/{slug}/print")]
async fn collection_sheet(visit: Visit) -> Answered {
    visit.page(async |db| collection::sheet(&visit, db).await).await
}
