//! Products of a storefront.

use actix_web::get;
use kapal_domain::Code;
use kapal_domain::level::Level;
use kapal_domain::money::{Currency, Money};
use kapal_domain::product_certificate::CertificateKind;
use kapal_domain::region::{RegionCode, RegionLevel};
use kapal_persistence::{Address, Db, ProductOrder, ShownProduct, ShownProductFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::detail::ProductDetail;
use super::facets::FacetsView;
use super::search::{self, Search};
use super::shop::Shop;
use super::views::{Highlight, ProductCard, cards};
use crate::Problem;
use crate::answer::{Answer, Answered, Found, Reply, json_answer};
use crate::query::{List, Paging, one, several};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(list_storefront_products)
        .service(get_storefront_product)
        .service(list_related_products)
        .service(list_related_national_products)
        .service(list_national_products)
        .service(get_national_product);
}

/// The longest search, in characters.
pub(super) const MAX_SEARCH: usize = 200;

/// Which products.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ProductQuery {
    /// Words: a product that has all of them, in any of its languages, in its merchant's, region's or category's name,
    /// is found. Operators mean nothing. Where fewer than five are found, the words are read more loosely:
    /// `page.relaxed` says how.
    #[param(example = "kopi toraja", max_length = 200)]
    q: Option<String>,
    /// Slug of a category; what is below it counts too.
    #[param(example = "makanan-ringan", max_length = 80)]
    category: Option<String>,
    /// Code of a province.
    #[param(example = "73", max_length = 2)]
    province: Option<String>,
    /// Code of a region at any level; what is below it counts too.
    #[param(example = "73.26", max_length = 13)]
    region: Option<String>,
    /// Slug or id of a merchant.
    #[param(example = "tenun-mama-ina", max_length = 80)]
    merchant: Option<String>,
    /// At least this price, in rupiah.
    #[param(example = "25000", max_length = 20)]
    min_price: Option<String>,
    /// At most this price, in rupiah.
    #[param(example = "150000", max_length = 20)]
    max_price: Option<String>,
    /// Only mutiara, or only others.
    #[param(example = true)]
    mutiara: Option<bool>,
    /// At least so many stars.
    #[param(example = 4, minimum = 1, maximum = 5)]
    stars: Option<u8>,
    /// With a permit or certificate of this kind that holds: `halal`, `pirt`, `bpom`, `sni`, `svlk`, `trademark` or
    /// `organic`.
    #[param(example = "halal", max_length = 10)]
    certificate: Option<String>,
    /// Of a merchant of this class (naik kelas): `modern`, `digital`, `online` or `global`.
    #[param(example = "digital", max_length = 10)]
    level: Option<String>,
    /// Slug or id of the aggregator that the product comes from.
    #[param(example = "koperasi-toraja", max_length = 80)]
    origin_aggregator: Option<String>,
    /// The order: `relevance`, `newest`, `price`, `-price` or `name`. Left away: by relevance where there are words,
    /// else the newest first.
    #[param(example = "newest", max_length = 10)]
    sort: Option<String>,
    /// What else is wanted, separated by commas: `facets`, counts by category, province, price, certificate and stars;
    /// `highlight`, where the words stand.
    #[param(example = "facets,highlight", max_length = 40)]
    include: Option<String>,
}

/// What else is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Include {
    Facets,
    Highlight,
}

impl Include {
    fn parse(text: &str) -> Result<Self, ()> {
        match text {
            "facets" => Ok(Self::Facets),
            "highlight" => Ok(Self::Highlight),
            _ => Err(()),
        }
    }
}

fn bad(name: &str, why: &str) -> Problem {
    Problem::because(Code::InvalidParameter, format!("{name}: {why}"))
}

impl ProductQuery {
    fn parse(&self) -> Result<(Search, Vec<Include>), Problem> {
        let text = self.q.as_deref().map(str::trim).filter(|q| !q.is_empty());
        if text.is_some_and(|q| q.chars().count() > MAX_SEARCH) {
            return Err(bad("q", "at most 200 characters."));
        }
        let region = |name: &str, code: &Option<String>| {
            let code = code.as_deref().map(RegionCode::parse).transpose();
            code.map_err(|_| bad(name, "not the code of a region."))
        };
        let rupiah = |name: &str, amount: &Option<String>| {
            let amount = amount.as_deref().map(|amount| Money::parse(amount, Currency::IDR)).transpose();
            amount.map_err(|_| bad(name, "not an amount in whole rupiah, such as 25000."))
        };
        let province = region("province", &self.province)?;
        if province.as_ref().is_some_and(|p| p.level() != RegionLevel::Province) {
            return Err(bad("province", "not the code of a province."));
        }
        if self.stars.is_some_and(|stars| !(1..=5).contains(&stars)) {
            return Err(bad("stars", "1 to 5."));
        }
        let order = match (self.sort.as_deref(), text) {
            (Some("relevance") | None, Some(_)) => ProductOrder::Relevance,
            (Some("relevance"), None) => return Err(bad("sort", "relevance needs q.")),
            (Some("newest") | None, _) => ProductOrder::Newest,
            (Some("price"), _) => ProductOrder::Cheapest,
            (Some("-price"), _) => ProductOrder::Dearest,
            (Some("name"), _) => ProductOrder::Name,
            (Some(_), _) => return Err(bad("sort", "relevance, newest, price, -price or name.")),
        };
        let filter = ShownProductFilter {
            text: text.map(str::to_owned),
            category: self.category.clone(),
            regions: province.into_iter().chain(region("region", &self.region)?).collect(),
            merchant: self.merchant.as_deref().map(Address::parse),
            origin: self.origin_aggregator.as_deref().map(Address::parse),
            min_price: rupiah("min_price", &self.min_price)?,
            max_price: rupiah("max_price", &self.max_price)?,
            mutiara: self.mutiara,
            stars: self.stars.map(i16::from),
            certificate: one("certificate", self.certificate.as_ref(), CertificateKind::parse)?,
            level: one("level", self.level.as_ref(), Level::parse)?,
        };
        let include = several("include", self.include.as_ref(), Include::parse)?;
        Ok((Search { filter, order, with_facets: include.contains(&Include::Facets) }, include))
    }
}

/// List a storefront's products
///
/// Published products with their texts in the asked language.
#[utoipa::path(tag = "storefront", params(ProductQuery, Paging), responses((status = 200, description = "A page of products.", body = ProductsView)))]
#[get("/v1/storefronts/{aggregator}/products")]
pub async fn list_storefront_products(shop: Shop, list: List<ProductQuery>) -> Answered {
    products(shop, list).await
}

/// List the nation's products
///
/// Published products of every aggregator that takes part in the national storefront, each once.
#[utoipa::path(tag = "storefront", params(ProductQuery, Paging), responses((status = 200, description = "A page of products.", body = ProductsView)))]
#[get("/v1/storefront/products")]
pub async fn list_national_products(shop: Shop, list: List<ProductQuery>) -> Answered {
    products(shop, list).await
}

async fn products(shop: Shop, list: List<ProductQuery>) -> Answered {
    let (search, include) = list.filter.parse()?;
    let read = async |db: &Db| -> Result<Products, Problem> {
        let answer = shop.search(db, &search, list.after.as_ref(), list.limit).await?;
        Products::new(&shop, &list, answer, include.contains(&Include::Highlight))
    };
    match search.filter.text.is_some() || search.with_facets {
        true => shop.answer_searched(read).await,
        false => shop.answer(read).await,
    }
}

/// A page of products.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontProducts)]
pub struct ProductsView {
    /// The products.
    #[schema(max_items = 100)]
    data: Vec<ProductCard>,
    /// Where it goes on, and how the words were read.
    page: ProductsPage,
    /// The words in the spelling that finds something; null where that is the one that was asked for.
    #[schema(example = "keripik pisang", max_length = 600)]
    did_you_mean: Option<String>,
    /// How many products there are of each kind; only with `include=facets`.
    #[serde(skip_serializing_if = "Option::is_none")]
    facets: Option<FacetsView>,
}

/// Where a list of products goes on, and how its words were read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontProductsPage)]
pub struct ProductsPage {
    /// Send it as `cursor`; null on the last page. By relevance there are at most a thousand products.
    #[schema(max_length = 1000, example = "mFQGm2NbW3siaW50IjoxfV0")]
    next_cursor: Option<String>,
    /// Whether there is a next page.
    #[schema(example = true)]
    has_more: bool,
    /// How the words were read more loosely, since they found too little as they are: `spelling`, a word as one that is
    /// spelt alike; `prefix`, the last word as the beginning of one; `any_word`, not all words needed to occur. What the
    /// words find as they are stands first.
    #[schema(example = json!(["spelling"]), max_items = 3)]
    relaxed: Vec<&'static str>,
}

/// A page of products with the header that names the next.
struct Products {
    view: ProductsView,
    link: Option<String>,
}

impl Products {
    fn new(
        shop: &Shop,
        list: &List<ProductQuery>,
        answer: search::Answer,
        with_highlight: bool,
    ) -> Result<Self, Problem> {
        let next_cursor = list.next(answer.page.next);
        let card = |product: ShownProduct| {
            let highlight = with_highlight.then(|| {
                Highlight::new(answer.marks.mark(&product.name), answer.marks.excerpt(&product.description))
            });
            let mut card = ProductCard::new(product, &shop.app.public_url, shop.locale)?;
            card.highlight = highlight;
            Ok(card)
        };
        let data = answer.page.items.into_iter().map(card).collect::<Result<_, Problem>>()?;
        Ok(Self {
            link: next_cursor.as_deref().map(|cursor| list.link(cursor)),
            view: ProductsView {
                data,
                page: ProductsPage {
                    has_more: next_cursor.is_some(),
                    next_cursor,
                    relaxed: answer.relaxed.into_iter().map(|step| step.as_str()).collect(),
                },
                did_you_mean: answer.did_you_mean,
                facets: answer.facets.map(|facets| facets.view(shop.locale)),
            },
        })
    }
}

impl Reply for Products {
    fn answer(self) -> Answer {
        let mut answer = json_answer(200, &self.view);
        answer.headers.extend(self.link.map(|link| ("Link".into(), link)));
        answer
    }
}

/// Read a storefront's product
///
/// All that a product's page shows, in the asked language.
#[utoipa::path(tag = "storefront", responses((status = 200, description = "The product.", body = ProductDetail)))]
#[get("/v1/storefronts/{aggregator}/products/{slug_or_id}")]
pub async fn get_storefront_product(shop: Shop) -> Answered {
    product(shop).await
}

/// Read a product of the nation
///
/// The same, addressed by its aggregator and its own slug or id.
#[utoipa::path(tag = "storefront", responses((status = 200, description = "The product.", body = ProductDetail)))]
#[get("/v1/storefront/products/{aggregator}/{slug_or_id}")]
pub async fn get_national_product(shop: Shop) -> Answered {
    product(shop).await
}

async fn product(shop: Shop) -> Answered {
    shop.answer(async |db| {
        let page = db.storefront_product(&shop.store, shop.locale, &shop.address()).await?;
        Ok(Found(None, ProductDetail::new(page, &shop.app.public_url, shop.locale)?))
    })
    .await
}

/// Products that are related to another.
#[derive(Debug, Serialize, ToSchema)]
pub struct RelatedProducts {
    /// The nearest first.
    #[schema(max_items = 12)]
    data: Vec<ProductCard>,
}

/// List what is related to a product
///
/// Products of the same merchant first, then of the same category, then of the same province, the newest of each first;
/// at most 12.
#[utoipa::path(tag = "storefront", responses((status = 200, description = "Related products.", body = RelatedProducts)))]
#[get("/v1/storefronts/{aggregator}/products/{slug_or_id}/related")]
pub async fn list_related_products(shop: Shop) -> Answered {
    related(shop).await
}

/// List what is related to a product of the nation
///
/// The same; of its province, products of every aggregator that takes part in the national storefront.
#[utoipa::path(tag = "storefront", responses((status = 200, description = "Related products.", body = RelatedProducts)))]
#[get("/v1/storefront/products/{aggregator}/{slug_or_id}/related")]
pub async fn list_related_national_products(shop: Shop) -> Answered {
    related(shop).await
}

async fn related(shop: Shop) -> Answered {
    shop.answer(async |db| {
        let found = db.storefront_related(&shop.store, shop.locale, &shop.address()).await?;
        Ok(Found(None, RelatedProducts { data: cards(found, &shop.app.public_url, shop.locale)? }))
    })
    .await
}
