//! A storefront itself.

use actix_web::get;
use kapal_domain::locale::Locale;
use kapal_domain::money::Currency;
use kapal_persistence::{CountedCategory, Db, ShownAggregator, Store};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::shop::Shop;
use crate::Problem;
use crate::answer::{Answered, Found};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(get_storefront)
        .service(list_storefront_categories)
        .service(get_national_storefront)
        .service(list_national_categories);
}

/// A storefront.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Storefront)]
pub struct StorefrontView {
    /// Part of its address.
    #[schema(example = "koperasi-toraja", max_length = 80)]
    slug: String,
    /// Name.
    #[schema(example = "Koperasi Toraja", max_length = 120)]
    name: String,
    /// What it is, in the asked language where there is a text; may be empty.
    #[schema(example = "Kopi, tenun dan ukiran dari Tana Toraja.", max_length = 2000)]
    description: String,
    /// How it looks.
    branding: BrandingView,
    /// The languages that it can be asked for in.
    #[schema(example = json!(["id", "en"]), max_items = 10)]
    languages: Vec<&'static str>,
    /// The currencies of its prices (ISO 4217).
    #[schema(example = json!(["IDR"]), max_items = 10)]
    currencies: Vec<&'static str>,
    /// The categories that it has products in.
    #[schema(max_items = 500)]
    categories: Vec<CategoryCard>,
    /// Whether all in it is invented, for trying things out.
    #[schema(example = false)]
    demonstration: bool,
    /// Where its parts are.
    links: LinksView,
}

/// How a storefront looks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontBranding)]
pub struct BrandingView {
    /// The main colour.
    #[schema(example = "#0b5d51", max_length = 7)]
    primary_colour: String,
}

/// The addresses of a storefront's parts in this API.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontLinks)]
pub struct LinksView {
    /// The storefront itself.
    #[serde(rename = "self")]
    #[schema(example = "https://kapal.example/v1/storefronts/koperasi-toraja", max_length = 300)]
    this: String,
    /// Its first screen.
    #[schema(example = "https://kapal.example/v1/storefronts/koperasi-toraja/home", max_length = 300)]
    home: String,
    /// Its products.
    #[schema(example = "https://kapal.example/v1/storefronts/koperasi-toraja/products", max_length = 300)]
    products: String,
    /// Its merchants.
    #[schema(example = "https://kapal.example/v1/storefronts/koperasi-toraja/merchants", max_length = 300)]
    merchants: String,
    /// Its collections.
    #[schema(example = "https://kapal.example/v1/storefronts/koperasi-toraja/collections", max_length = 300)]
    collections: String,
    /// Its categories.
    #[schema(example = "https://kapal.example/v1/storefronts/koperasi-toraja/categories", max_length = 300)]
    categories: String,
}

/// A category with what a storefront has in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontCategory)]
pub struct CategoryCard {
    /// Slug.
    #[schema(example = "kopi", max_length = 80)]
    slug: String,
    /// Name.
    #[schema(example = "Kopi", max_length = 80)]
    name: String,
    /// The slug of the category above it; null at the top.
    #[schema(example = "minuman", max_length = 80)]
    parent: Option<String>,
    /// How many products are in it and below it.
    #[schema(example = 12, minimum = 0, maximum = 1000)]
    count: i64,
    /// Whether the count stands for "or more".
    #[schema(example = false)]
    capped: bool,
}

impl From<CountedCategory> for CategoryCard {
    fn from(category: CountedCategory) -> Self {
        Self {
            slug: category.slug,
            name: category.name,
            parent: category.parent,
            count: category.count,
            capped: category.capped,
        }
    }
}

/// The categories of a storefront.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontCategories)]
pub struct CategoriesView {
    /// In their order, each after the one above it.
    #[schema(max_items = 500)]
    data: Vec<CategoryCard>,
}

/// Whose storefront it is.
pub(crate) async fn whose(db: &Db, store: &Store, locale: Locale) -> Result<ShownAggregator, Problem> {
    match &store.aggregator {
        Some(_) => Ok(db.storefront_aggregator(store, locale).await?),
        None => Ok(nation(locale)),
    }
}

/// The national storefront is nobody's in particular.
fn nation(locale: Locale) -> ShownAggregator {
    let (name, description) = match locale {
        Locale::Id => {
            ("Kapal Induk Nasional", "Produk usaha kecil dari seluruh Indonesia, dalam satu etalase.")
        }
        Locale::En => (
            "Kapal Induk National",
            "Products of small merchants from all over Indonesia, in one storefront.",
        ),
    };
    ShownAggregator {
        slug: kapal_domain::slug::Slug::NATIONAL.to_owned(),
        name: name.to_owned(),
        description: description.to_owned(),
        primary_colour: "#0b5d51".to_owned(),
        demonstration: false,
    }
}

/// Read a storefront
///
/// Who it is, how it looks, and which categories it has products in.
#[utoipa::path(tag = "storefront", responses((status = 200, description = "The storefront.", body = StorefrontView)))]
#[get("/v1/storefronts/{aggregator}")]
pub async fn get_storefront(shop: Shop) -> Answered {
    store(shop).await
}

/// Read the national storefront
///
/// The same for the nation.
#[utoipa::path(tag = "storefront", responses((status = 200, description = "The storefront.", body = StorefrontView)))]
#[get("/v1/storefront")]
pub async fn get_national_storefront(shop: Shop) -> Answered {
    store(shop).await
}

async fn store(shop: Shop) -> Answered {
    shop.answer(async |db| {
        let aggregator = whose(db, &shop.store, shop.locale).await?;
        let view = StorefrontView {
            slug: aggregator.slug,
            name: aggregator.name,
            description: aggregator.description,
            branding: BrandingView { primary_colour: aggregator.primary_colour },
            languages: Locale::ALL.iter().map(|locale| locale.as_str()).collect(),
            currencies: vec![Currency::IDR.as_str()],
            categories: counted(&shop, db).await?,
            demonstration: aggregator.demonstration,
            links: LinksView {
                this: shop.url(""),
                home: shop.url("/home"),
                products: shop.url("/products"),
                merchants: shop.url("/merchants"),
                collections: shop.url("/collections"),
                categories: shop.url("/categories"),
            },
        };
        Ok(Found(None, view))
    })
    .await
}

/// List a storefront's categories
///
/// The categories that it has products in, with counts.
#[utoipa::path(tag = "storefront", responses((status = 200, description = "The categories.", body = CategoriesView)))]
#[get("/v1/storefronts/{aggregator}/categories")]
pub async fn list_storefront_categories(shop: Shop) -> Answered {
    categories(shop).await
}

/// List the nation's categories
///
/// The same for the nation.
#[utoipa::path(tag = "storefront", responses((status = 200, description = "The categories.", body = CategoriesView)))]
#[get("/v1/storefront/categories")]
pub async fn list_national_categories(shop: Shop) -> Answered {
    categories(shop).await
}

async fn categories(shop: Shop) -> Answered {
    shop.answer(async |db| Ok(Found(None, CategoriesView { data: counted(&shop, db).await? }))).await
}

async fn counted(shop: &Shop, db: &Db) -> Result<Vec<CategoryCard>, Problem> {
    let categories = db.storefront_categories(&shop.store, shop.locale).await?;
    Ok(categories.into_iter().map(CategoryCard::from).collect())
}
