//! The public form: anybody asks for a product to become mutiara.

use actix_web::post;
use kapal_domain::ids::{AggregatorId, ProductId};
use kapal_domain::locale::Locale;
use kapal_domain::nomination::{Contact, Reason, SupporterName};
use kapal_domain::slug::Slug;
use kapal_domain::{Code, Faults};
use kapal_persistence::{Address, PublicNomination, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::shop::Shop;
use crate::Problem;
use crate::access::{claim, run};
use crate::answer::{Answer, Answered, Reply, json_answer};
use crate::envelope::request_id;
use crate::json::Json;
use crate::path::parse_id;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(nominate_storefront_product).service(nominate_national_product);
}

/// A product that somebody of the public thinks is a pearl.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = PublicNominationCreate)]
pub struct PublicNominationBody {
    /// Slug or id of a shown product; on the national storefront with its aggregator before it, as
    /// `{aggregator}/{slug}`.
    #[schema(example = "kopi-arabika-toraja", min_length = 1, max_length = 200)]
    product: String,
    /// Why it should be mutiara.
    #[schema(example = "Oleh-oleh wajib dari Toraja.", min_length = 1, max_length = 2000)]
    reason: String,
    /// The person's name.
    #[schema(example = "Rina", min_length = 1, max_length = 120)]
    name: String,
    /// A phone number or an e-mail address.
    #[schema(example = "0812-3456-7890", min_length = 1, max_length = 254)]
    contact: String,
    /// Whether the person agrees to name and contact being kept, encrypted, for questions about this nomination. Must be
    /// true.
    #[schema(example = true)]
    consent: bool,
    /// The language that the person reads: `id` or `en`; the asked language when left away.
    #[schema(example = "id", max_length = 2)]
    locale: Option<String>,
}

struct Parsed {
    reason: Reason,
    name: SupporterName,
    contact: Contact,
    locale: Locale,
}

impl PublicNominationBody {
    fn parse(&self, asked: Locale) -> Result<Parsed, Faults> {
        let mut faults = Faults::default();
        let is_name = |part: &str| Slug::parse(part).is_ok() || parse_id::<ProductId>(part).is_ok();
        if self.product.trim().is_empty() {
            faults.add("/product", Code::Required);
        } else if !self.product.split('/').all(is_name) {
            faults.add("/product", Code::InvalidSlug);
        }
        let reason = faults.take("/reason", Reason::parse(&self.reason));
        let name = faults.take("/name", SupporterName::parse(&self.name));
        let contact = faults.take("/contact", Contact::parse(&self.contact));
        if !self.consent {
            faults.add("/consent", Code::ConsentMissing);
        }
        let locale = faults.take_optional("/locale", self.locale.as_deref().map(Locale::parse));
        let (Some(reason), Some(name), Some(contact), Some(locale)) = (reason, name, contact, locale) else {
            return Err(faults);
        };
        faults.finish()?;
        Ok(Parsed { reason, name, contact, locale: locale.unwrap_or(asked) })
    }
}

/// That a nomination was received.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublicNomination)]
pub struct PublicNominationView {
    /// The product.
    product_id: Uuid,
    /// Its name.
    #[schema(example = "Kopi Arabika Toraja", max_length = 150)]
    product_name: String,
    /// Always `received`: the same whether it is the first, one of many, or a repetition.
    #[schema(example = "received", max_length = 20)]
    status: &'static str,
}

/// 201 without an address: the public can't read it again.
struct Received(PublicNominationView);

impl Reply for Received {
    fn answer(self) -> Answer {
        json_answer(201, &self.0)
    }
}

/// Nominate a product as one of the public
///
/// Anybody asks for a shown product to become mutiara, with consent to name and contact being kept, encrypted. It waits
/// for the aggregator's reviewers; where it is nominated already, this counts as support, each person once. No login;
/// limited per network address, and to 20 products per person a day.
#[utoipa::path(tag = "storefront", request_body = PublicNominationBody, responses((status = 201, description = "It was received.", body = PublicNominationView)))]
#[post("/v1/storefronts/{aggregator}/nominations")]
pub async fn nominate_storefront_product(shop: Shop, body: Json<PublicNominationBody>) -> Answered {
    let product = body.0.product.clone();
    nominate(&shop, &shop.store, &product, &body.0).await
}

/// Nominate a product of the nation as one of the public
///
/// The same from the national storefront, where `product` is `{aggregator}/{slug}`; it goes to the product's own
/// aggregator.
#[utoipa::path(tag = "storefront", request_body = PublicNominationBody, responses((status = 201, description = "It was received.", body = PublicNominationView)))]
#[post("/v1/storefront/nominations")]
pub async fn nominate_national_product(shop: Shop, body: Json<PublicNominationBody>) -> Answered {
    let named = body.0.product.split_once('/');
    let (store, product) = named.map_or((None, ""), |(aggregator, product)| (Some(aggregator), product));
    let store = store.map_or_else(Store::national, Store::national_of);
    nominate(&shop, &store, product, &body.0).await
}

async fn nominate(shop: &Shop, store: &Store, product: &str, body: &PublicNominationBody) -> Answered {
    shop.app.limits.visitor(shop.request())?;
    let parsed = body.parse(shop.locale)?;
    let found = shop.app.db.storefront_product(store, parsed.locale, &Address::parse(product)).await;
    let page = found.map_err(|error| match error {
        kapal_persistence::Error::NotFound => unknown_product(),
        other => other.into(),
    })?;
    let aggregator = AggregatorId::from(page.aggregator_id);
    let claim = claim(shop.request(), aggregator, Uuid::nil())?;
    let tx = shop.app.db.visitor(aggregator, request_id(shop.request())).await?;
    run(&shop.app, tx, claim, async |tx| {
        tx.nominate(&PublicNomination {
            product: page.product.product_id.into(),
            merchant: page.merchant_id.into(),
            reason: &parsed.reason,
            name: &parsed.name,
            contact: &parsed.contact,
            locale: parsed.locale,
        })
        .await?;
        Ok(Received(PublicNominationView {
            product_id: page.product.product_id,
            product_name: page.product.name.clone(),
            status: "received",
        }))
    })
    .await
}

fn unknown_product() -> Problem {
    let mut faults = Faults::default();
    faults.add("/product", Code::UnknownReference);
    faults.into()
}
