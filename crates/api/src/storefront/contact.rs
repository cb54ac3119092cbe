//! A buyer's contact: a lead for the merchant, a WhatsApp link for the buyer.

use std::collections::BTreeMap;

use actix_web::post;
use kapal_domain::ids::AggregatorId;
use kapal_domain::lead::{
    LeadChannel, LeadCode, LeadKind, LeadSource, UTM, UtmText, contact_text, whatsapp_link,
};
use kapal_domain::link::Tail;
use kapal_domain::locale::Locale;
use kapal_domain::phone::Phone;
use kapal_domain::{Code, Faults};
use kapal_persistence::{Buyer, BuyerName, LeadFacts, NewLead, ProductPage, VisitorTx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::page_url;
use super::shop::Shop;
use crate::access::{claim, run};
use crate::answer::{Answer, Answered, Reply, json_answer};
use crate::envelope::request_id;
use crate::json::OptionalJson;
use crate::path::parse_id;
use crate::{App, Problem};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(contact_storefront_product).service(contact_national_product);
}

/// What a buyer says when he makes contact. Nothing has to be said.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ContactCreate)]
pub struct ContactBody {
    /// Where he comes from: `web`, `app`, `share`, `qr`, `whatsapp`, `instagram`, `facebook`, `tiktok` or `other`;
    /// `app` when left away.
    #[schema(example = "app", max_length = 20)]
    source: Option<String>,
    /// The language of the text: `id` or `en`; the asked language when left away.
    #[schema(example = "id", max_length = 2)]
    locale: Option<String>,
    /// His name; kept only with consent.
    #[schema(example = "Rina", max_length = 120)]
    name: Option<String>,
    /// His number; kept only with consent.
    #[schema(example = "0812-3456-7890", max_length = 30)]
    phone: Option<String>,
    /// Whether he agrees to his name and number being kept for the merchant's answer. Must be true where one of them
    /// is given.
    #[schema(example = true)]
    consent: Option<bool>,
    /// Where the link stood that he followed, in your own words.
    #[schema(example = "bazar-makassar", max_length = 60)]
    channel: Option<String>,
    /// What the campaign's link said of itself: the `utm_` parameters without their prefix.
    utm: Option<UtmView>,
    /// The collection that the product was shown in.
    #[schema(format = "uuid", example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    collection_id: Option<String>,
    /// The featured slot that it was shown in.
    #[schema(format = "uuid", example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    slot_id: Option<String>,
}

/// What a campaign's link says of itself.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = Utm)]
pub struct UtmView {
    /// `utm_source`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "instagram", max_length = 100)]
    source: Option<String>,
    /// `utm_medium`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "story", max_length = 100)]
    medium: Option<String>,
    /// `utm_campaign`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "harbolnas", max_length = 100)]
    campaign: Option<String>,
    /// `utm_term`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "kopi toraja", max_length = 100)]
    term: Option<String>,
    /// `utm_content`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "tombol-atas", max_length = 100)]
    content: Option<String>,
}

impl UtmView {
    fn parse(&self, faults: &mut Faults) -> BTreeMap<&'static str, UtmText> {
        let texts = [&self.source, &self.medium, &self.campaign, &self.term, &self.content];
        let facts = UTM.into_iter().zip(texts).filter_map(|(name, text)| {
            let text = UtmText::parse(text.as_deref()?);
            Some((name, faults.take(format!("/utm/{name}"), text)?))
        });
        facts.collect()
    }
}

/// A parsed contact.
#[derive(Debug)]
struct Contact {
    source: LeadSource,
    facts: LeadFacts,
    locale: Locale,
    buyer: Option<Buyer>,
}

impl ContactBody {
    fn parse(&self, asked: Locale) -> Result<Contact, Faults> {
        let mut faults = Faults::default();
        let given = |text: &'_ Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let source = faults.take_optional("/source", self.source.as_deref().map(LeadSource::parse));
        let locale = faults.take_optional("/locale", self.locale.as_deref().map(Locale::parse));
        let name = faults.take_optional("/name", given(&self.name).as_deref().map(BuyerName::parse));
        let phone = faults.take_optional("/phone", given(&self.phone).as_deref().map(Phone::parse));
        let speaks = given(&self.name).is_some() || given(&self.phone).is_some();
        if speaks && self.consent != Some(true) {
            faults.add("/consent", Code::Required);
        }
        let channel =
            faults.take_optional("/channel", given(&self.channel).as_deref().map(LeadChannel::parse));
        let utm = self.utm.as_ref().map(|utm| utm.parse(&mut faults)).unwrap_or_default();
        let collection = faults.take_optional("/collection_id", self.collection_id.as_deref().map(parse_id));
        let slot = faults.take_optional("/slot_id", self.slot_id.as_deref().map(parse_id));
        let (Some(source), Some(locale), Some(name), Some(phone)) = (source, locale, name, phone) else {
            return Err(faults);
        };
        let (Some(channel), Some(collection), Some(slot)) = (channel, collection, slot) else {
            return Err(faults);
        };
        faults.finish()?;
        Ok(Contact {
            source: source.unwrap_or(LeadSource::App),
            facts: LeadFacts { channel, utm, collection, slot },
            locale: locale.unwrap_or(asked),
            buyer: speaks.then_some(Buyer { name, phone }),
        })
    }
}

/// A contact that was noted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Contact)]
pub struct ContactView {
    /// The lead's code, which also stands in the text.
    #[schema(example = "7K3MZQ9A", max_length = 8)]
    pub lead_code: String,
    /// Opens WhatsApp with the text written; null where the merchant has no WhatsApp, who then finds the lead in its
    /// inbox all the same.
    #[schema(example = "https://wa.me/6281234567890?text=Halo%2C%20saya%20tertarik", max_length = 8000)]
    pub whatsapp_url: Option<String>,
    /// What the buyer is about to say.
    #[schema(
        example = "Halo, saya tertarik dengan Kopi Arabika Toraja (Rp75.000). Apakah masih tersedia? Terima kasih.\nhttps://kapal.example/id/koperasi-toraja/p/kopi-arabika-toraja\nKode: 7K3MZQ9A",
        max_length = 1000
    )]
    pub text: String,
}

/// The address that opens WhatsApp, where the merchant has it, and the text that it writes.
pub(crate) fn whatsapp(
    page: &ProductPage,
    locale: Locale,
    code: Option<LeadCode>,
    public_url: &str,
) -> Result<(Option<String>, String), Problem> {
    let product = &page.product;
    let url = page_url(public_url, locale, &product.aggregator_slug, &product.slug);
    let text = contact_text(locale, &product.name, Some(product.price()?), &url, code);
    // Stored numbers were checked when they were set; one that no longer passes is as good as none.
    let phone = page.whatsapp.as_deref().and_then(|phone| Phone::parse(phone).ok());
    Ok((phone.map(|phone| whatsapp_link(&phone, &text)), text))
}

/// 201 with what was noted. A buyer can't read it again, so it has no address.
struct Noted(ContactView);

impl Reply for Noted {
    fn answer(self) -> Answer {
        json_answer(201, &self.0)
    }
}

/// Contact a merchant about a product
///
/// Notes a lead and answers with the WhatsApp link and its text. No login; limited per network address. The buyer's
/// name and number are kept only with his consent, and encrypted.
#[utoipa::path(tag = "storefront", request_body(content = ContactBody, description = "May be left away."), responses((status = 201, description = "The contact was noted.", body = ContactView)))]
#[post("/v1/storefronts/{aggregator}/products/{slug_or_id}/contact")]
pub async fn contact_storefront_product(shop: Shop, body: OptionalJson<ContactBody>) -> Answered {
    contact(shop, body).await
}

/// Contact a merchant about a product of the nation
///
/// The same from the national storefront; the lead goes to the product's own aggregator.
#[utoipa::path(tag = "storefront", request_body(content = ContactBody, description = "May be left away."), responses((status = 201, description = "The contact was noted.", body = ContactView)))]
#[post("/v1/storefront/products/{aggregator}/{slug_or_id}/contact")]
pub async fn contact_national_product(shop: Shop, body: OptionalJson<ContactBody>) -> Answered {
    contact(shop, body).await
}

async fn contact(shop: Shop, body: OptionalJson<ContactBody>) -> Answered {
    shop.app.limits.visitor(shop.request())?;
    let contact = body.0.unwrap_or_default().parse(shop.locale)?;
    let page = shop.app.db.storefront_product(&shop.store, contact.locale, &shop.address()).await?;
    expect_shelves(&shop.app, page.aggregator_id, &contact.facts).await?;
    let aggregator = AggregatorId::from(page.aggregator_id);
    let claim = claim(shop.request(), aggregator, Uuid::nil())?;
    let tx = shop.app.db.visitor(aggregator, request_id(shop.request())).await?;
    run(&shop.app, tx, claim, async |tx| Ok(Noted(note(&shop.app, tx, &page, &contact).await?))).await
}

/// Refuses collections and slots that show nothing here.
async fn expect_shelves(app: &App, aggregator: Uuid, facts: &LeadFacts) -> Result<(), Problem> {
    let mut faults = Faults::default();
    if let Some(id) = facts.collection
        && app.db.linked_collection(aggregator, Tail::of(id)).await? != Some(id)
    {
        faults.add("/collection_id", Code::UnknownReference);
    }
    if let Some(id) = facts.slot
        && app.db.linked_slot(aggregator, Tail::of(id)).await? != Some(id)
    {
        faults.add("/slot_id", Code::UnknownReference);
    }
    Ok(faults.finish()?)
}

async fn note(
    app: &App,
    tx: &mut VisitorTx<'_>,
    page: &ProductPage,
    contact: &Contact,
) -> Result<ContactView, Problem> {
    let code = tx
        .insert_lead(&NewLead {
            product: page.product.product_id.into(),
            merchant: page.merchant_id.into(),
            kind: LeadKind::Contact,
            source: contact.source,
            facts: &contact.facts,
            locale: contact.locale,
            buyer: &contact.buyer,
        })
        .await?;
    let (whatsapp_url, text) = whatsapp(page, contact.locale, Some(code), &app.public_url)?;
    Ok(ContactView { lead_code: code.to_string(), whatsapp_url, text })
}
