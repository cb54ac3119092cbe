//! Merchants of a storefront.

use actix_web::get;
use chrono::{DateTime, Utc};
use kapal_domain::Code;
use kapal_domain::locale::Locale;
use kapal_domain::region::RegionCode;
use kapal_persistence::{Page, ShownMerchant};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::shop::Shop;
use super::views::{ChannelCard, ImageView, Named, image_views};
use crate::Problem;
use crate::answer::{Answered, Found};
use crate::query::{List, PageOf, Paging};
use crate::views::{ProvinceRef, RegionRef};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(list_storefront_merchants)
        .service(get_storefront_merchant)
        .service(list_national_merchants)
        .service(get_national_merchant);
}

/// A merchant, as a storefront shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontMerchant)]
pub struct MerchantCard {
    /// Id.
    id: Uuid,
    /// Part of its address, unique within its aggregator.
    #[schema(example = "tenun-mama-ina", max_length = 80)]
    slug: String,
    /// Shop name.
    #[schema(example = "Tenun Mama Ina", max_length = 120)]
    name: String,
    /// The maker's story; may be empty.
    #[schema(example = "Mama Ina menenun sejak usia sembilan tahun.", max_length = 5000)]
    story: String,
    /// Its logo.
    logo: Option<ImageView>,
    /// Where it is.
    region: RegionRef,
    /// Whose storefront it belongs to.
    aggregator: Named,
    /// How many of its products are published.
    #[schema(example = 7, minimum = 0)]
    product_count: i64,
    /// Whether it answers on WhatsApp: see a product's `contact`.
    #[schema(example = true)]
    has_whatsapp: bool,
    /// Where else it is reached.
    #[schema(max_items = 10)]
    channels: Vec<ChannelCard>,
    /// Its products, in this API.
    #[schema(
        example = "https://kapal.example/v1/storefronts/koperasi-toraja/products?merchant=tenun-mama-ina",
        max_length = 300
    )]
    products_url: String,
    /// Whether all in its storefront is invented, for trying things out.
    #[schema(example = false)]
    demonstration: bool,
    /// When it was onboarded.
    created_at: DateTime<Utc>,
}

impl MerchantCard {
    pub(super) fn new(merchant: ShownMerchant, public_url: &str, locale: Locale) -> Result<Self, Problem> {
        Ok(Self {
            logo: image_views(merchant.logo, public_url, locale, &merchant.name).pop(),
            channels: merchant.channels.into_iter().map(ChannelCard::from).collect(),
            products_url: format!(
                "{public_url}/v1/storefronts/{}/products?merchant={}",
                merchant.aggregator_slug, merchant.slug
            ),
            id: merchant.id,
            slug: merchant.slug,
            name: merchant.name,
            story: merchant.story,
            region: RegionRef {
                code: merchant.region_code,
                name: merchant.region_name,
                province: ProvinceRef { code: merchant.province_code, name: merchant.province_name },
            },
            aggregator: Named { slug: merchant.aggregator_slug, name: merchant.aggregator_name },
            product_count: merchant.product_count,
            has_whatsapp: merchant.whatsapp.is_some(),
            demonstration: merchant.demonstration,
            created_at: merchant.created_at,
        })
    }
}

/// Which merchants.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ShownMerchantQuery {
    /// Code of a region at any level; what is below it counts too.
    #[param(example = "73.26", max_length = 13)]
    region: Option<String>,
}

/// List a storefront's merchants
///
/// Active merchants, the newest first.
#[utoipa::path(tag = "storefront", params(ShownMerchantQuery, Paging), responses((status = 200, description = "A page of merchants.", body = PageOf<MerchantCard>)))]
#[get("/v1/storefronts/{aggregator}/merchants")]
pub async fn list_storefront_merchants(shop: Shop, list: List<ShownMerchantQuery>) -> Answered {
    merchants(shop, list).await
}

/// List the nation's merchants
///
/// Active merchants of every aggregator that takes part in the national storefront, the newest first.
#[utoipa::path(tag = "storefront", params(ShownMerchantQuery, Paging), responses((status = 200, description = "A page of merchants.", body = PageOf<MerchantCard>)))]
#[get("/v1/storefront/merchants")]
pub async fn list_national_merchants(shop: Shop, list: List<ShownMerchantQuery>) -> Answered {
    merchants(shop, list).await
}

async fn merchants(shop: Shop, list: List<ShownMerchantQuery>) -> Answered {
    let region = list.filter.region.as_deref().map(RegionCode::parse).transpose();
    let region =
        region.map_err(|_| Problem::because(Code::InvalidParameter, "region: not the code of a region."))?;
    shop.answer(async |db| {
        let found = db
            .storefront_merchants(
                &shop.store,
                shop.locale,
                region.as_slice(),
                list.after.as_ref(),
                list.limit,
            )
            .await?;
        let cards = found.items.into_iter().map(|m| MerchantCard::new(m, &shop.app.public_url, shop.locale));
        Ok(list.reply(Page { items: cards.collect::<Result<_, _>>()?, next: found.next }).untagged())
    })
    .await
}

/// Read a storefront's merchant
///
/// One active merchant with its story and where it is reached.
#[utoipa::path(tag = "storefront", responses((status = 200, description = "The merchant.", body = MerchantCard)))]
#[get("/v1/storefronts/{aggregator}/merchants/{slug_or_id}")]
pub async fn get_storefront_merchant(shop: Shop) -> Answered {
    merchant(shop).await
}

/// Read a merchant of the nation
///
/// The same, addressed by its aggregator and its own slug or id.
#[utoipa::path(tag = "storefront", responses((status = 200, description = "The merchant.", body = MerchantCard)))]
#[get("/v1/storefront/merchants/{aggregator}/{slug_or_id}")]
pub async fn get_national_merchant(shop: Shop) -> Answered {
    merchant(shop).await
}

async fn merchant(shop: Shop) -> Answered {
    shop.answer(async |db| {
        let merchant = db.storefront_merchant(&shop.store, shop.locale, &shop.address()).await?;
        Ok(Found(None, MerchantCard::new(merchant, &shop.app.public_url, shop.locale)?))
    })
    .await
}
