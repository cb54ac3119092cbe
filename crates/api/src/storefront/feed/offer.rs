//! A product as those who advertise take it: one entry each, at the price that its page shows.

use std::collections::HashMap;

use kapal_domain::barcode::Gtin;
use kapal_domain::feed::{FeedReader, MAX_BRAND, MAX_MORE_PICTURE_CHARACTERS, clip, plain};
use kapal_domain::locale::Locale;
use kapal_domain::money::Money;
use kapal_persistence::{FedCategory, FedProduct};
use uuid::Uuid;

use crate::Problem;
use crate::storefront::views::{ImageView, image_views, page_url};

/// What an entry says.
pub(super) struct Offer {
    pub id: String,
    pub title: String,
    pub description: String,
    pub link: String,
    pub image: String,
    pub more_images: Vec<String>,
    pub availability: &'static str,
    pub price: String,
    /// The lower price, where `price` is what it is compared with.
    pub sale_price: Option<String>,
    pub brand: String,
    pub gtin: Option<String>,
    pub mpn: Option<String>,
    pub category: FedCategory,
    pub product_type: String,
    /// For groups of advertisements: mutiara or not, stars, province, aggregator, certificates.
    pub labels: [String; 5],
}

impl Offer {
    /// The entry for a reader; None for what that reader refuses: without a price, or without a picture that is large
    /// enough.
    pub fn new(
        reader: FeedReader,
        fed: FedProduct,
        categories: &HashMap<Uuid, FedCategory>,
        public_url: &str,
        locale: Locale,
    ) -> Result<Option<Self>, Problem> {
        let product = fed.product;
        let title = reader.title(&product.name);
        let images = image_views(product.images.clone(), public_url, locale, &product.name);
        let fits = |image: &ImageView| image.width.min(image.height) >= reader.min_picture();
        let mut images = images.into_iter().filter(fits).map(|image| image.url);
        let price = product.price()?;
        let Some(image) = images.next() else { return Ok(None) };
        if price.minor() <= 0 || title.is_empty() {
            return Ok(None);
        }
        let mut characters = 0;
        let more_images = images.take(reader.max_more_pictures()).take_while(|url| {
            characters += url.len() + 1;
            characters <= MAX_MORE_PICTURE_CHARACTERS
        });
        let more_images = more_images.collect();
        // The variant whose price the page shows.
        let mut was: Option<Money> = None;
        for variant in &fed.variants {
            if variant.price()? == price {
                was = variant.compare_at()?.filter(|compared| compared.minor() > price.minor());
                break;
            }
        }
        let only = match fed.variants.as_slice() {
            [only] => Some(only),
            _ => None,
        };
        let medium = match reader {
            FeedReader::Google => "google",
            FeedReader::Meta => "meta",
        };
        let page = page_url(public_url, locale, &product.aggregator_slug, &product.slug);
        Ok(Some(Self {
            id: product.product_id.to_string(),
            description: reader.description(&product.description, &title),
            title,
            link: format!("{page}?utm_source={medium}&utm_medium=feed"),
            image,
            more_images,
            availability: reader.availability(product.available),
            price: reader.price(was.unwrap_or(price)),
            sale_price: was.map(|_| reader.price(price)),
            brand: clip(&plain(&product.merchant_name), MAX_BRAND),
            gtin: only.and_then(|variant| variant.barcode.clone()).filter(|code| Gtin::parse(code).is_ok()),
            // Who makes it numbers it: the maker's own number is the manufacturer's.
            mpn: only
                .and_then(|variant| variant.sku.clone())
                .map(|sku| plain(&sku))
                .filter(|sku| !sku.is_empty()),
            category: categories.get(&fed.category_id).copied().unwrap_or_default(),
            product_type: plain(&product.category_name),
            labels: [
                if product.is_mutiara { "mutiara".to_owned() } else { String::new() },
                product.stars.map(|stars| stars.to_string()).unwrap_or_default(),
                product.province_name,
                product.aggregator_slug,
                fed.certificates.join(" "),
            ],
        }))
    }
}
