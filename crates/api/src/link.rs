//! `/go/{code}`: counted redirects to WhatsApp, for buttons, QR codes and printed packs.

use std::collections::BTreeMap;

use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, LOCATION};
use actix_web::{HttpRequest, HttpResponse, get, web};
use kapal_domain::lead::{LeadChannel, LeadCode, LeadKind, UTM, UtmText};
use kapal_domain::link::{LinkCode, Shelf};
use kapal_domain::locale::Locale;
use kapal_persistence::{Address, Error, LeadFacts, NewLead, ProductPage, Store, Transaction};

use crate::answer::Answered;
use crate::envelope::{locale as asked_locale, request_id};
use crate::site::missing;
use crate::storefront::{page_url, whatsapp};
use crate::{App, Problem, visitor};

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(follow_link);
}

/// A person's GET makes a lead and leads to WhatsApp with its code in the text; programs are led on without one.
#[get("/go/{code}")]
async fn follow_link(app: web::Data<App>, path: web::Path<String>, request: HttpRequest) -> Answered {
    let words = Words::of(&request);
    let mut response = match find(&app, &path, words.locale).await? {
        Some((code, page)) => {
            // Whoever presses too often is led on all the same, and not counted: many share one address.
            let counts = visitor::is_person(&request) && app.limits.visitor(&request).is_ok();
            let lead = if counts { Some(click(&app, &request, &code, &page, &words).await?) } else { None };
            let (address, _) = whatsapp(&page, words.locale, lead, &app.public_url)?;
            // Without WhatsApp: back to the product, whose page shows the merchant's other channels.
            let product = &page.product;
            let back = || page_url(&app.public_url, words.locale, &product.aggregator_slug, &product.slug);
            HttpResponse::Found().insert_header((LOCATION, address.unwrap_or_else(back))).finish()
        }
        None => missing(words.locale, None)?,
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("nofollow"));
    Ok(response)
}

/// What a link says besides its code. Networks append to links what they like: what is not understood is ignored.
struct Words {
    locale: Locale,
    channel: Option<LeadChannel>,
    utm: BTreeMap<&'static str, UtmText>,
}

impl Words {
    fn of(request: &HttpRequest) -> Self {
        let mut words = Self { locale: asked_locale(request), channel: None, utm: BTreeMap::new() };
        for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
            // Some put addresses of people into campaigns; they are not ours to keep.
            let value = if value.contains('@') { "" } else { &*value };
            match &*name {
                "lang" => words.locale = Locale::parse(value).unwrap_or(words.locale),
                "channel" => words.channel = LeadChannel::parse(value).ok(),
                name => {
                    let fact =
                        name.strip_prefix("utm_").and_then(|name| UTM.iter().find(|utm| **utm == name));
                    if let (Some(fact), Ok(text)) = (fact, UtmText::parse(value)) {
                        words.utm.insert(fact, text);
                    }
                }
            }
        }
        words
    }
}

/// The published product that a code names; None where it names none any more, or never did.
async fn find(app: &App, code: &str, locale: Locale) -> Result<Option<(LinkCode, ProductPage)>, Problem> {
    let Ok(code) = LinkCode::parse(code) else { return Ok(None) };
    let found = async {
        let linked = app.db.linked_product(code.product).await?;
        let store = Store { aggregator: Some(Address::Id(linked.aggregator_id)), national: false };
        app.db.storefront_product(&store, locale, &Address::Id(linked.product_id)).await
    };
    match found.await {
        Ok(page) => Ok(Some((code, page))),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn click(
    app: &App,
    request: &HttpRequest,
    code: &LinkCode,
    page: &ProductPage,
    words: &Words,
) -> Result<LeadCode, Problem> {
    let (channel, utm) = (words.channel.clone(), words.utm.clone());
    let mut facts = LeadFacts { channel, utm, ..LeadFacts::default() };
    match code.shelf {
        Some(Shelf::Collection(tail)) => {
            facts.collection = app.db.linked_collection(page.aggregator_id, tail).await?;
        }
        Some(Shelf::Slot(tail)) => facts.slot = app.db.linked_slot(page.aggregator_id, tail).await?,
        None => {}
    }
    let new = NewLead {
        product: page.product.product_id.into(),
        merchant: page.merchant_id.into(),
        kind: LeadKind::Click,
        source: code.source,
        facts: &facts,
        locale: words.locale,
        buyer: &None,
    };
    let mut tx = app.db.visitor(page.aggregator_id.into(), request_id(request)).await?;
    let code = tx.click(&new, &visitor::hash(app, request)).await?;
    tx.commit().await?;
    Ok(code)
}
