//! Collections of a storefront.

use actix_web::get;
use chrono::{DateTime, Utc};
use kapal_persistence::ShownCollection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::shop::Shop;
use super::views::{ImageView, Named, ProductCard, cards, image_views};
use crate::answer::{Answered, Found};
use crate::query::{List, PageInfo, PageOf, Paging};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(list_storefront_collections)
        .service(get_storefront_collection)
        .service(list_national_collections)
        .service(get_national_collection);
}

/// A running collection, as a storefront shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontCollection)]
pub struct CollectionCard {
    /// Id.
    id: Uuid,
    /// Part of its address, unique within its aggregator.
    #[schema(example = "oleh-oleh-toraja", max_length = 80)]
    slug: String,
    /// Title.
    #[schema(example = "Oleh-oleh Toraja", max_length = 120)]
    title: String,
    /// What it is about; may be empty.
    #[schema(example = "Yang dibawa pulang dari Tana Toraja.", max_length = 2000)]
    description: String,
    /// Its picture; null without one.
    picture: Option<ImageView>,
    /// Whose it is.
    aggregator: Named,
    /// How many published products it has.
    #[schema(example = 8, minimum = 0)]
    product_count: i64,
    /// Since when it runs.
    starts_at: DateTime<Utc>,
    /// Until when; null without an end.
    ends_at: Option<DateTime<Utc>>,
}

impl CollectionCard {
    pub(super) fn new(collection: ShownCollection, shop: &Shop) -> Self {
        let pictures = image_views(collection.images, &shop.app.public_url, shop.locale, &collection.title);
        Self {
            id: collection.id,
            slug: collection.slug,
            title: collection.title,
            description: collection.description,
            picture: pictures.into_iter().next(),
            aggregator: Named { slug: collection.aggregator_slug, name: collection.aggregator_name },
            product_count: collection.product_count,
            starts_at: collection.starts_at,
            ends_at: collection.ends_at,
        }
    }
}

/// A collection with its products.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontCollectionDetail)]
pub struct CollectionDetail {
    /// As in lists.
    #[serde(flatten)]
    card: CollectionCard,
    /// A page of its published products, in its order.
    #[schema(max_items = 100)]
    products: Vec<ProductCard>,
    /// Where the products go on.
    page: PageInfo,
}

/// Collections are listed without a filter.
#[derive(Debug, Deserialize)]
pub struct NoFilter {}

/// List a storefront's collections
///
/// Running collections, the one that began last first.
#[utoipa::path(tag = "storefront", params(Paging), responses((status = 200, description = "A page of collections.", body = PageOf<CollectionCard>)))]
#[get("/v1/storefronts/{aggregator}/collections")]
pub async fn list_storefront_collections(shop: Shop, list: List<NoFilter>) -> Answered {
    collections(shop, list).await
}

/// List the nation's collections
///
/// Running collections of every aggregator that takes part in the national storefront.
#[utoipa::path(tag = "storefront", params(Paging), responses((status = 200, description = "A page of collections.", body = PageOf<CollectionCard>)))]
#[get("/v1/storefront/collections")]
pub async fn list_national_collections(shop: Shop, list: List<NoFilter>) -> Answered {
    collections(shop, list).await
}

async fn collections(shop: Shop, list: List<NoFilter>) -> Answered {
    shop.answer(async |db| {
        let found =
            db.storefront_collections(&shop.store, shop.locale, list.after.as_ref(), list.limit).await?;
        Ok(list.reply(found.map(|collection| CollectionCard::new(collection, &shop))).untagged())
    })
    .await
}

/// Read a storefront's collection
///
/// One running collection with a page of its published products.
#[utoipa::path(tag = "storefront", params(Paging), responses((status = 200, description = "The collection.", body = CollectionDetail)))]
#[get("/v1/storefronts/{aggregator}/collections/{slug_or_id}")]
pub async fn get_storefront_collection(shop: Shop, list: List<NoFilter>) -> Answered {
    collection(shop, list).await
}

/// Read a collection of the nation
///
/// The same, addressed by its aggregator and its own slug or id.
#[utoipa::path(tag = "storefront", params(Paging), responses((status = 200, description = "The collection.", body = CollectionDetail)))]
#[get("/v1/storefront/collections/{aggregator}/{slug_or_id}")]
pub async fn get_national_collection(shop: Shop, list: List<NoFilter>) -> Answered {
    collection(shop, list).await
}

async fn collection(shop: Shop, list: List<NoFilter>) -> Answered {
    shop.answer(async |db| {
        let (collection, page) = db
            .storefront_collection(&shop.store, shop.locale, &shop.address(), list.after.as_ref(), list.limit)
            .await?;
        let products = cards(page.items, &shop.app.public_url, shop.locale)?;
        let card = CollectionCard::new(collection, &shop);
        Ok(Found(None, CollectionDetail { card, products, page: list.page_info(page.next) }))
    })
    .await
}
