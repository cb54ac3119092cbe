//! What a product's own page shows.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use kapal_domain::attribute::AttributeValue;
use kapal_domain::locale::{Bilingual, Locale};
use kapal_domain::product_certificate::CertificateKind;
use kapal_domain::product_option::ProductOption;
use kapal_persistence::{Crumb, ProductPage, RelatedProduct, ShownAttribute, ShownCertificate, ShownVariant};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::views::{ChannelCard, ImageView, Named, ProductCard, image_views, page_url};
use crate::Problem;
use crate::product::SizeView;
use crate::views::MoneyView;

/// A variant of a product, as a storefront shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontVariant)]
pub struct VariantCard {
    /// Id.
    id: Uuid,
    /// The merchant's own number for it.
    #[schema(example = "KOPI-250", max_length = 40)]
    sku: Option<String>,
    /// What sets it apart; empty for the only one.
    #[schema(example = "250 gram", max_length = 80)]
    name: String,
    /// Its price.
    price: MoneyView,
    /// The price that it is compared with, which is not below it.
    compare_at_price: Option<MoneyView>,
    /// Whether it is in stock.
    #[schema(example = true)]
    available: bool,
    /// Its GTIN.
    #[schema(example = "8990000000013", max_length = 14)]
    barcode: Option<String>,
    /// Grams with packaging.
    #[schema(example = 280, minimum = 1, maximum = 1_000_000)]
    weight_grams: Option<i32>,
    /// Its size with packaging.
    size: Option<SizeView>,
    /// The fewest pieces of one order, where it has its own.
    #[schema(example = 1, minimum = 1, maximum = 100_000)]
    minimum_order: Option<i32>,
    /// Its value of each of the product's options, by key.
    #[schema(example = json!({ "size": "250-g" }))]
    options: BTreeMap<String, String>,
}

impl TryFrom<ShownVariant> for VariantCard {
    type Error = Problem;

    fn try_from(variant: ShownVariant) -> Result<Self, Problem> {
        Ok(Self {
            price: variant.price()?.into(),
            compare_at_price: variant.compare_at()?.map(MoneyView::from),
            available: variant.stock > 0,
            size: SizeView::of(variant.length_mm, variant.width_mm, variant.height_mm),
            id: variant.id,
            sku: variant.sku,
            name: variant.name,
            barcode: variant.barcode,
            weight_grams: variant.weight_grams,
            minimum_order: variant.minimum_order,
            options: variant.choices,
        })
    }
}

/// Something that the variants of a product differ in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontOption)]
pub struct OptionCard {
    /// How variants name it.
    #[schema(example = "size", max_length = 40)]
    key: String,
    /// What it is called.
    #[schema(example = "Ukuran", max_length = 80)]
    name: String,
    /// Its values, in their order.
    #[schema(max_items = 20)]
    values: Vec<OptionValueCard>,
}

/// A value of an option.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontOptionValue)]
pub struct OptionValueCard {
    /// How variants name it.
    #[schema(example = "250-g", max_length = 40)]
    key: String,
    /// What it is called.
    #[schema(example = "250 g", max_length = 80)]
    name: String,
}

impl OptionCard {
    fn new(option: ProductOption, locale: Locale) -> Self {
        let in_locale = |id, en| match locale {
            Locale::Id => id,
            Locale::En => en,
        };
        let values = option.values.into_iter();
        Self {
            key: option.key,
            name: in_locale(option.id, option.en),
            values: values
                .map(|value| OptionValueCard { key: value.key, name: in_locale(value.id, value.en) })
                .collect(),
        }
    }
}

/// What a product answers to something that its category asks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontAttribute)]
pub struct AttributeCard {
    /// Its key.
    #[schema(example = "roast", max_length = 40)]
    pub key: String,
    /// What is asked.
    #[schema(example = "Tingkat sangrai", max_length = 80)]
    pub name: String,
    /// The answer in words, with its unit where it has one.
    #[schema(example = "Sangrai sedang", max_length = 600)]
    pub text: String,
}

impl AttributeCard {
    /// None for an answer that names a choice which is no more.
    pub(crate) fn new(shown: &ShownAttribute, locale: Locale) -> Option<Self> {
        let text = match (&shown.value, &shown.choice) {
            (AttributeValue::YesNo(yes), _) => match (yes, locale) {
                (true, Locale::Id) => "Ya".to_owned(),
                (true, Locale::En) => "Yes".to_owned(),
                (false, Locale::Id) => "Tidak".to_owned(),
                (false, Locale::En) => "No".to_owned(),
            },
            (AttributeValue::Number(number), _) => {
                let number = match locale {
                    Locale::Id => number.to_string().replace('.', ","),
                    Locale::En => number.to_string(),
                };
                shown.unit.as_ref().map_or(number.clone(), |unit| format!("{number} {unit}"))
            }
            (AttributeValue::Choice(_), Some(choice)) => {
                (*Bilingual { id: &choice.id, en: &choice.en }.get(locale)).clone()
            }
            (AttributeValue::Choice(_), None) => return None,
            (AttributeValue::Text(texts), _) => texts.resolve(locale).to_owned(),
        };
        let name = Bilingual { id: &shown.name_id, en: &shown.name_en };
        Some(Self { key: shown.key.clone(), name: (*name.get(locale)).clone(), text })
    }
}

/// A permit or certificate that holds for a product (Permendag 31/2023, articles 5 and 11).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontCertificate)]
pub struct CertificateCard {
    /// `halal`, `pirt`, `bpom`, `sni`, `svlk`, `trademark` or `organic`.
    #[schema(example = "pirt", max_length = 10)]
    pub kind: String,
    /// What people call it.
    #[schema(example = "P-IRT", max_length = 60)]
    pub name: &'static str,
    /// Its number.
    #[schema(example = "206317101000131", max_length = 60)]
    pub number: String,
    /// Who issued it.
    #[schema(example = "Dinas Kesehatan Kabupaten Sikka", max_length = 200)]
    pub issuer: Option<String>,
    /// The last day that it is valid; null: it has no end.
    #[schema(example = "2031-03-01")]
    pub expires_on: Option<NaiveDate>,
}

impl CertificateCard {
    pub(crate) fn new(shown: ShownCertificate, locale: Locale) -> Self {
        Self {
            name: CertificateKind::parse(&shown.kind).map_or("", |kind| kind.name(locale)),
            kind: shown.kind,
            number: shown.number,
            issuer: shown.issuer,
            expires_on: shown.expires_on,
        }
    }
}

/// A product that is related to another, in few words.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RelatedProduct)]
pub struct RelatedCard {
    /// Id.
    id: Uuid,
    /// Part of its address.
    #[schema(example = "kopi-robusta-toraja", max_length = 80)]
    slug: String,
    /// Name.
    #[schema(example = "Kopi Robusta Toraja", max_length = 150)]
    pub name: String,
    /// Its lowest price.
    price: MoneyView,
    /// Who makes it.
    #[schema(example = "Kopi Mama Ina", max_length = 120)]
    pub merchant_name: String,
    /// Its main picture.
    pub image: Option<ImageView>,
    /// Its page for people.
    #[schema(example = "https://kapal.example/id/koperasi-toraja/p/kopi-robusta-toraja", max_length = 300)]
    pub url: String,
}

impl RelatedCard {
    pub(crate) fn new(related: RelatedProduct, public_url: &str, locale: Locale) -> Result<Self, Problem> {
        let first = related.images.clone().into_iter().take(1).collect();
        Ok(Self {
            price: related.price()?.into(),
            image: image_views(first, public_url, locale, &related.name).pop(),
            url: page_url(public_url, locale, &related.aggregator_slug, &related.slug),
            id: related.id,
            slug: related.slug,
            name: related.name,
            merchant_name: related.merchant_name,
        })
    }
}

/// A product with all that its page shows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontProductDetail)]
pub struct ProductDetail {
    /// As in lists.
    #[serde(flatten)]
    card: ProductCard,
    /// The categories from the top of the tree to its own.
    #[schema(max_items = 4)]
    breadcrumbs: Vec<Named>,
    /// What it answers to what its category asks, in the category's order.
    #[schema(max_items = 160)]
    attributes: Vec<AttributeCard>,
    /// What its variants differ in.
    #[schema(max_items = 3)]
    options: Vec<OptionCard>,
    /// What can be bought, in the merchant's order.
    #[schema(max_items = 100)]
    variants: Vec<VariantCard>,
    /// Its permits and certificates that hold, and those of its merchant that apply to it.
    #[schema(max_items = 7)]
    certificates: Vec<CertificateCard>,
    /// What it says of being halal: `certified`, `in_process`, `declared_non_halal`, or, where it is no food,
    /// `not_applicable`.
    #[schema(example = "certified", max_length = 20)]
    halal_status: Option<String>,
    /// Days from an order until it is sent.
    #[schema(example = 3, minimum = 0, maximum = 365)]
    lead_time_days: Option<i32>,
    /// Pieces that can be made in a month.
    #[schema(example = 400, minimum = 1, maximum = 1_000_000)]
    monthly_capacity: Option<i32>,
    /// The fewest pieces of one order; a variant may have its own.
    #[schema(example = 1, minimum = 1, maximum = 100_000)]
    minimum_order: Option<i32>,
    /// Its code of the Harmonized System.
    #[schema(example = "09012120", max_length = 8)]
    hs_code: Option<String>,
    /// Where it was made (ISO 3166-1).
    #[schema(example = "ID", max_length = 2)]
    origin_country: Option<String>,
    /// Its tags.
    #[schema(example = json!(["oleh-oleh"]), max_items = 20)]
    tags: Vec<String>,
    /// The class of its merchant (naik kelas): `modern`, `digital`, `online` or `global`; null before the first.
    #[schema(example = "digital", max_length = 10)]
    level: Option<String>,
    /// The languages that it has been translated into.
    #[schema(example = json!(["en", "id"]), max_items = 10)]
    locales: Vec<String>,
    /// Where else its merchant is reached, besides WhatsApp.
    #[schema(max_items = 10)]
    channels: Vec<ChannelCard>,
    /// Whether its merchant answers on WhatsApp: see `contact`.
    #[schema(example = true)]
    has_whatsapp: bool,
    /// The maker's story; may be empty.
    #[schema(example = "Mama Ina menenun sejak usia sembilan tahun.", max_length = 5000)]
    story: String,
    /// What is related to it, in few words; `related` below its path gives more.
    #[schema(max_items = 4)]
    related: Vec<RelatedCard>,
    /// Whether all in this storefront is invented, for trying things out.
    #[schema(example = false)]
    demonstration: bool,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl ProductDetail {
    pub(crate) fn new(page: ProductPage, public_url: &str, locale: Locale) -> Result<Self, Problem> {
        let details = page.details;
        let related = page.related.into_iter().map(|related| RelatedCard::new(related, public_url, locale));
        let named = |crumb: Crumb| Named { slug: crumb.slug, name: crumb.name };
        let certificate = |shown| CertificateCard::new(shown, locale);
        Ok(Self {
            breadcrumbs: page.crumbs.into_iter().map(named).collect(),
            attributes: details
                .attributes
                .iter()
                .filter_map(|shown| AttributeCard::new(shown, locale))
                .collect(),
            options: details.options.into_iter().map(|option| OptionCard::new(option, locale)).collect(),
            variants: page.variants.into_iter().map(VariantCard::try_from).collect::<Result<_, _>>()?,
            certificates: details.certificates.into_iter().map(certificate).collect(),
            halal_status: details.halal_status,
            lead_time_days: details.lead_time_days,
            monthly_capacity: details.monthly_capacity,
            minimum_order: details.minimum_order,
            hs_code: details.hs_code,
            origin_country: details.origin_country,
            tags: details.tags,
            level: details.level,
            related: related.collect::<Result<_, _>>()?,
            channels: page.channels.into_iter().map(ChannelCard::from).collect(),
            card: ProductCard::new(page.product, public_url, locale)?,
            locales: page.locales,
            has_whatsapp: page.whatsapp.is_some(),
            story: page.story,
            demonstration: page.demonstration,
            updated_at: page.updated_at,
        })
    }
}
