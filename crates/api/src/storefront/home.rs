//! The first screen of a storefront, in one call.

use actix_web::get;
use kapal_domain::locale::Locale;
use kapal_persistence::ShownSlot;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::collection::CollectionCard;
use super::shop::Shop;
use super::views::{ProductCard, cards};
use crate::Problem;
use crate::answer::{Answered, Found};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(get_storefront_home).service(get_national_home);
}

/// A home.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontHome)]
pub struct HomeView {
    /// Featured slots that are running now.
    #[schema(max_items = 100)]
    slots: Vec<SlotView>,
    /// Running collections, the one that began last first.
    #[schema(max_items = 12)]
    collections: Vec<HomeCollection>,
    /// The newest products.
    #[schema(max_items = 12)]
    newest: Vec<ProductCard>,
}

/// A running collection with its first products.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontHomeCollection)]
pub struct HomeCollection {
    /// As in lists.
    #[serde(flatten)]
    card: CollectionCard,
    /// The first of its products, in its order.
    #[schema(max_items = 6)]
    products: Vec<ProductCard>,
}

/// A running slot.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontSlot)]
pub struct SlotView {
    /// Id.
    id: Uuid,
    /// `home_hero`, `home_row`, `category_top` or `national`.
    #[schema(example = "home_hero", max_length = 20)]
    place: String,
    /// The slug of the category that it stands at the top of.
    #[schema(example = "kopi", max_length = 80)]
    category: Option<String>,
    /// What stands in it.
    #[schema(max_items = 12)]
    items: Vec<SlotItemView>,
}

/// A product in a slot.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontSlotItem)]
pub struct SlotItemView {
    /// The product.
    product: ProductCard,
    /// Why it is shown here.
    reason: ReasonView,
}

/// Why something is shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SlotReason)]
pub struct ReasonView {
    /// `chosen` or `rotation`; never translated.
    #[schema(example = "chosen", max_length = 40)]
    code: &'static str,
    /// In the asked language.
    #[schema(example = "Dipilih kurator Koperasi Toraja", max_length = 300)]
    text: String,
}

impl ReasonView {
    /// It is its province's turn.
    fn in_turn(locale: Locale, province: &str) -> Self {
        let text = match locale {
            Locale::Id => format!("Giliran {province}: semua provinsi tampil bergantian"),
            Locale::En => format!("The turn of {province}: every province is shown in turn"),
        };
        Self { code: "rotation", text }
    }

    /// The curators put it there themselves.
    fn chosen(locale: Locale, curators: Option<&str>) -> Self {
        let text = match (locale, curators) {
            (Locale::Id, Some(name)) => format!("Dipilih kurator {name}"),
            (Locale::Id, None) => "Dipilih kurator nasional".to_owned(),
            (Locale::En, Some(name)) => format!("Chosen by the curators of {name}"),
            (Locale::En, None) => "Chosen by the national curators".to_owned(),
        };
        Self { code: "chosen", text }
    }
}

fn slot(slot: ShownSlot, shop: &Shop) -> Result<SlotView, Problem> {
    let is_national = shop.store.aggregator.is_none();
    let items = slot.products.into_iter().map(|product| {
        let curators = (!is_national).then_some(product.aggregator_name.as_str());
        let reason = if slot.is_rotating {
            ReasonView::in_turn(shop.locale, &product.province_name)
        } else {
            ReasonView::chosen(shop.locale, curators)
        };
        Ok(SlotItemView { product: ProductCard::new(product, &shop.app.public_url, shop.locale)?, reason })
    });
    Ok(SlotView {
        id: slot.id,
        place: slot.place,
        category: slot.category,
        items: items.collect::<Result<_, Problem>>()?,
    })
}

/// Read a storefront's home
///
/// What runs now: featured slots with the reason for each product, collections, and the newest products.
#[utoipa::path(tag = "storefront", responses((status = 200, description = "The home.", body = HomeView)))]
#[get("/v1/storefronts/{aggregator}/home")]
pub async fn get_storefront_home(shop: Shop) -> Answered {
    home(shop).await
}

/// Read the national home
///
/// The same for the nation: slots of the platform, collections and newest products of every aggregator that takes part.
#[utoipa::path(tag = "storefront", responses((status = 200, description = "The home.", body = HomeView)))]
#[get("/v1/storefront/home")]
pub async fn get_national_home(shop: Shop) -> Answered {
    home(shop).await
}

async fn home(shop: Shop) -> Answered {
    shop.answer(async |db| {
        let home = db.storefront_home(&shop.store, shop.locale).await?;
        let collection = |(collection, products)| {
            let products = cards(products, &shop.app.public_url, shop.locale)?;
            Ok(HomeCollection { card: CollectionCard::new(collection, &shop), products })
        };
        let view = HomeView {
            slots: home.slots.into_iter().map(|s| slot(s, &shop)).collect::<Result<_, _>>()?,
            collections: home.collections.into_iter().map(collection).collect::<Result<_, Problem>>()?,
            newest: cards(home.newest, &shop.app.public_url, shop.locale)?,
        };
        Ok(Found(None, view))
    })
    .await
}
