//! A product as staff see it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kapal_persistence::{PictureRow, Product, VariantRow};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::certificate::ProductCertificateView;
use super::details::{CompletenessView, DetailsView, completeness};
use crate::media::picture_url;
use crate::views::MoneyView;
use crate::{App, Problem};

/// A product, as staff see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Product)]
pub struct ProductView {
    /// Id.
    pub(super) id: Uuid,
    /// Part of public addresses.
    #[schema(example = "kopi-arabika-toraja", max_length = 80)]
    slug: String,
    /// Whose it is.
    merchant_id: Uuid,
    /// What it is.
    category_id: Uuid,
    /// `draft`, `submitted`, `needs_changes`, `published`, `unpublished` or `archived`.
    #[schema(example = "published", max_length = 20)]
    status: String,
    /// What the reviewer asked for.
    #[schema(example = "Foto kemasan belum jelas.", max_length = 2000)]
    status_reason: Option<String>,
    /// Whether curation found it a pearl.
    #[schema(example = true)]
    is_mutiara: bool,
    /// What curation gave it.
    #[schema(example = 4, minimum = 1, maximum = 5)]
    stars: Option<i16>,
    /// Its texts by language.
    #[schema(example = json!({ "id": { "name": "Kopi Arabika Toraja", "description": "Dipetik merah di 1.500 meter." } }))]
    translations: BTreeMap<String, TranslationView>,
    /// What can be bought, in order.
    #[schema(max_items = 50)]
    variants: Vec<VariantView>,
    /// Its pictures, in order: the first one for lists.
    #[schema(max_items = 12)]
    media: Vec<PictureView>,
    /// What is known of it besides.
    #[serde(flatten)]
    details: DetailsView,
    /// Its own permits and certificates.
    #[schema(max_items = 7)]
    certificates: Vec<ProductCertificateView>,
    /// How far it is translated, by language.
    #[schema(example = json!({ "id": { "percent": 100, "missing": [] }, "en": { "percent": 66, "missing": ["/media/0/alt/en"] } }))]
    completeness: BTreeMap<String, CompletenessView>,
    /// Grows with each change of the product or its parts, stock apart: the `ETag`.
    #[schema(example = 1, minimum = 1)]
    pub(super) version: i32,
    /// When it was first published.
    published_at: Option<DateTime<Utc>>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

/// A product's texts in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Translation)]
pub struct TranslationView {
    /// The name.
    #[schema(example = "Kopi Arabika Toraja", min_length = 2, max_length = 150)]
    pub(super) name: String,
    /// The description; may be empty in a draft.
    #[serde(default)]
    #[schema(example = "Dipetik merah di 1.500 meter.", max_length = 5000, default = "")]
    pub(super) description: String,
}

/// A variant: what can be bought, at which price.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Variant)]
pub struct VariantView {
    /// Id.
    pub(crate) id: Uuid,
    /// The merchant's own code.
    #[schema(example = "KT-250", max_length = 40)]
    sku: Option<String>,
    /// What tells it from its sisters; may be empty.
    #[schema(example = "250 g", max_length = 80)]
    name: String,
    /// The price.
    price: MoneyView,
    /// Pieces in stock.
    #[schema(example = 40, minimum = 0, maximum = 1_000_000)]
    stock: i32,
    /// Its GTIN.
    #[schema(example = "8990000000013", max_length = 14)]
    barcode: Option<String>,
    /// The price that it is compared with, which is not below it.
    compare_at_price: Option<MoneyView>,
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

/// The size of a package in millimetres.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Size)]
pub struct SizeView {
    /// Its longest side.
    #[schema(example = 180, minimum = 1, maximum = 10_000)]
    pub(crate) length_mm: i64,
    /// Its second side.
    #[schema(example = 120, minimum = 1, maximum = 10_000)]
    pub(crate) width_mm: i64,
    /// Its third side.
    #[schema(example = 60, minimum = 1, maximum = 10_000)]
    pub(crate) height_mm: i64,
}

impl SizeView {
    /// A size that is whole.
    pub(crate) fn of(length: Option<i32>, width: Option<i32>, height: Option<i32>) -> Option<Self> {
        Some(Self { length_mm: length?.into(), width_mm: width?.into(), height_mm: height?.into() })
    }
}

/// A picture on a product.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Picture)]
pub struct PictureView {
    /// Id of the upload.
    id: Uuid,
    /// Width of the upload in pixels, upright.
    #[schema(example = 2400, minimum = 100, maximum = 12_000)]
    width: i32,
    /// Height of the upload in pixels, upright.
    #[schema(example = 1600, minimum = 100, maximum = 12_000)]
    height: i32,
    /// The widest file.
    #[schema(
        example = "https://kapal.example/media/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08/1280.jpg",
        max_length = 300
    )]
    url: String,
    /// The widths that it is kept in.
    #[schema(example = json!([320, 640, 1280]), min_items = 1, max_items = 3)]
    widths: Vec<i32>,
    /// What it shows.
    alt: AltView,
}

/// What a picture shows, for who can't see it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = Alt)]
pub struct AltView {
    /// In Indonesian.
    #[serde(default)]
    #[schema(example = "Sekantong kopi Toraja", max_length = 250, default = "")]
    pub(super) id: String,
    /// In English.
    #[serde(default)]
    #[schema(example = "A bag of Toraja coffee", max_length = 250, default = "")]
    pub(super) en: String,
}

impl ProductView {
    pub(super) fn new(product: Product, app: &App) -> Result<Self, Problem> {
        let completeness = completeness(&product)?;
        let row = product.row;
        Ok(Self {
            completeness,
            details: row.details.try_into()?,
            certificates: product.certificates.into_iter().map(ProductCertificateView::from).collect(),
            id: row.id,
            slug: row.slug,
            merchant_id: row.merchant_id,
            category_id: row.category_id,
            status: row.status,
            status_reason: row.status_reason,
            is_mutiara: row.is_mutiara,
            stars: row.stars,
            translations: product
                .translations
                .into_iter()
                .map(|t| (t.locale, TranslationView { name: t.name, description: t.description }))
                .collect(),
            variants: product.variants.into_iter().map(VariantView::new).collect::<Result<_, _>>()?,
            media: product.pictures.into_iter().map(|picture| PictureView::new(picture, app)).collect(),
            version: row.version,
            published_at: row.published_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

impl VariantView {
    pub(crate) fn new(row: VariantRow) -> Result<Self, Problem> {
        let details = &row.details;
        Ok(Self {
            price: row.price()?.into(),
            compare_at_price: row.compare_at()?.map(MoneyView::from),
            size: SizeView::of(details.length_mm, details.width_mm, details.height_mm),
            options: row.choices()?,
            barcode: row.details.barcode,
            weight_grams: row.details.weight_grams,
            minimum_order: row.details.minimum_order,
            id: row.id,
            sku: row.sku,
            name: row.name,
            stock: row.stock,
        })
    }
}

impl PictureView {
    fn new(row: PictureRow, app: &App) -> Self {
        let widest = row.widths.iter().copied().max().unwrap_or_default();
        Self {
            id: row.media_id,
            width: row.width,
            height: row.height,
            url: picture_url(app, &row.hash, widest),
            widths: row.widths,
            alt: AltView { id: row.alt_id, en: row.alt_en },
        }
    }
}
