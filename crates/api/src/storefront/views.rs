//! The shapes that storefronts show.

use chrono::{DateTime, Utc};
use kapal_domain::channel::{ChannelKind, Handle};
use kapal_domain::locale::Locale;
use kapal_domain::media::PictureFormat;
use kapal_persistence::{ShownChannel, ShownImage, ShownProduct};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Problem;
use crate::media::picture_url;
use crate::site::Subject;
use crate::views::{MoneyView, ProvinceRef, RegionRef};

/// A thing by its slug and name.
#[derive(Debug, Serialize, ToSchema)]
pub struct Named {
    /// Slug.
    #[schema(example = "koperasi-toraja", max_length = 80)]
    pub slug: String,
    /// Name.
    #[schema(example = "Koperasi Toraja", max_length = 120)]
    pub name: String,
}

/// A picture of a product.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontImage)]
pub struct ImageView {
    /// The largest file; it never changes. For a smaller one put another of `widths` in place of the file's name.
    #[schema(
        example = "https://kapal.example/media/5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef/1280.jpg",
        max_length = 300
    )]
    pub url: String,
    /// Its width in pixels.
    #[schema(example = 1280, minimum = 1, maximum = 10000)]
    pub width: u32,
    /// Its height in pixels.
    #[schema(example = 960, minimum = 1, maximum = 10000)]
    pub height: u32,
    /// The widths that there are.
    #[schema(example = json!([320, 640, 1280]), max_items = 10)]
    pub widths: Vec<u32>,
    /// The same as WebP, which is smaller: one file for each of `widths`.
    #[schema(example = json!(["https://kapal.example/media/5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef/320.webp"]), max_items = 10)]
    pub webp: Vec<String>,
    /// Its colours as a BlurHash, to be shown until the file has arrived; null for some older pictures.
    #[schema(example = "LEHV6nWB2yk8pyo0adR*.7kCMdnj", max_length = 100)]
    pub blurhash: Option<String>,
    /// What it shows, for those who don't see it.
    #[schema(example = "Biji kopi di atas daun pisang", max_length = 250)]
    pub alt: String,
    #[serde(skip)]
    #[schema(ignore)]
    hash: String,
}

impl ImageView {
    /// The path of the smallest file that is at least so wide, or of the widest: for our own pages.
    pub fn local(&self, width: u32) -> String {
        let fits = self.widths.iter().copied().filter(|w| *w >= width).min();
        picture_url("", &self.hash, fits.unwrap_or(self.width), PictureFormat::Jpeg)
    }

    /// All files of one format with their widths, as `srcset` lists them.
    pub fn srcset(&self, format: PictureFormat) -> String {
        let files = self.widths.iter().map(|w| format!("{} {w}w", picture_url("", &self.hash, *w, format)));
        files.collect::<Vec<_>>().join(", ")
    }
}

/// Pictures in one language. A picture without a text is told by the product's name.
pub(crate) fn image_views(
    images: Vec<ShownImage>,
    public_url: &str,
    locale: Locale,
    name: &str,
) -> Vec<ImageView> {
    let view = |image: ShownImage| {
        let width = image.widths.iter().copied().max().unwrap_or(image.width);
        let (first, second) = match locale {
            Locale::Id => (image.alt_id, image.alt_en),
            Locale::En => (image.alt_en, image.alt_id),
        };
        let alt = [first, second].into_iter().find(|alt| !alt.is_empty()).unwrap_or_else(|| name.to_owned());
        let url = picture_url(public_url, &image.hash, width, PictureFormat::Jpeg);
        let webp = |width: &u32| picture_url(public_url, &image.hash, *width, PictureFormat::Webp);
        let webp = image.widths.iter().map(webp).collect();
        let height = u64::from(image.height) * u64::from(width) / u64::from(image.width.max(1));
        let height = u32::try_from(height).unwrap_or(image.height);
        ImageView {
            url,
            width,
            height,
            widths: image.widths,
            webp,
            blurhash: image.blurhash,
            alt,
            hash: image.hash,
        }
    };
    images.into_iter().map(view).collect()
}

/// The address of a product's page for people.
pub(crate) fn page_url(public_url: &str, locale: Locale, aggregator: &str, slug: &str) -> String {
    Subject::Product(aggregator, slug).url(locale, public_url)
}

/// A product, as a storefront shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontProduct)]
pub struct ProductCard {
    /// Id.
    id: Uuid,
    /// Part of its address, unique within its aggregator.
    #[schema(example = "kopi-arabika-toraja", max_length = 80)]
    slug: String,
    /// The language of the texts: the asked one where it has been translated, else Indonesian.
    #[schema(example = "id", max_length = 2)]
    locale: String,
    /// Name.
    #[schema(example = "Kopi Arabika Toraja", max_length = 150)]
    name: String,
    /// Description; may be empty.
    #[schema(example = "Dipetik merah dan dijemur di para-para.", max_length = 5000)]
    description: String,
    /// The lowest price of its variants.
    price: MoneyView,
    /// Whether any variant is in stock.
    #[schema(example = true)]
    available: bool,
    /// Whether it is mutiara: chosen by the curators.
    #[schema(example = true)]
    is_mutiara: bool,
    /// Stars of the curation, 1 to 5.
    #[schema(example = 4, minimum = 1, maximum = 5)]
    stars: Option<i16>,
    /// Who makes it.
    merchant: Named,
    /// Where that is.
    region: RegionRef,
    /// Whose storefront it comes from.
    aggregator: Named,
    /// What it is.
    category: Named,
    /// Pictures, the main one first.
    #[schema(max_items = 20)]
    images: Vec<ImageView>,
    /// Its page for people, made to be shared.
    #[schema(example = "https://kapal.example/id/koperasi-toraja/p/kopi-arabika-toraja", max_length = 300)]
    url: String,
    /// When it was published.
    published_at: DateTime<Utc>,
    /// Where the words of a search stand; only with `include=highlight`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub highlight: Option<Highlight>,
}

/// Where the words of a search stand in a product's texts: HTML whose only element is `mark`, everything else escaped.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontHighlight)]
pub struct Highlight {
    /// In the name; null where none stands there.
    #[schema(example = "<mark>Kopi</mark> Arabika <mark>Toraja</mark>", max_length = 2000)]
    name: Option<String>,
    /// In the part of the description around the first of them; null where none stands there.
    #[schema(example = "<mark>Kopi</mark> yang dipetik merah …", max_length = 2000)]
    description: Option<String>,
}

impl Highlight {
    pub(crate) fn new(name: Option<String>, description: Option<String>) -> Self {
        Self { name, description }
    }
}

impl ProductCard {
    pub(crate) fn new(product: ShownProduct, public_url: &str, locale: Locale) -> Result<Self, Problem> {
        let price = product.price()?.into();
        let images = image_views(product.images, public_url, locale, &product.name);
        Ok(Self {
            price,
            url: page_url(public_url, locale, &product.aggregator_slug, &product.slug),
            id: product.product_id,
            slug: product.slug,
            locale: product.text_locale,
            name: product.name,
            description: product.description,
            available: product.available,
            is_mutiara: product.is_mutiara,
            stars: product.stars,
            merchant: Named { slug: product.merchant_slug, name: product.merchant_name },
            region: RegionRef {
                code: product.region_code,
                name: product.region_name,
                province: ProvinceRef { code: product.province_code, name: product.province_name },
            },
            aggregator: Named { slug: product.aggregator_slug, name: product.aggregator_name },
            category: Named { slug: product.category_slug, name: product.category_name },
            images,
            published_at: product.published_at,
            highlight: None,
        })
    }
}

/// Where else a merchant is reached.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontChannel)]
pub struct ChannelCard {
    /// The network.
    #[schema(example = "instagram", max_length = 20)]
    pub kind: String,
    /// The account there.
    #[schema(example = "tenun.mama.ina", max_length = 300)]
    pub handle: String,
    /// The public address of the account.
    #[schema(example = "https://instagram.com/tenun.mama.ina", max_length = 400)]
    pub url: String,
}

impl From<ShownChannel> for ChannelCard {
    fn from(channel: ShownChannel) -> Self {
        let handle = ChannelKind::parse(&channel.kind).and_then(|kind| Handle::parse(kind, &channel.handle));
        Self {
            url: handle.map(|handle| handle.url()).unwrap_or_default(),
            kind: channel.kind,
            handle: channel.handle,
        }
    }
}

/// Several products.
pub(crate) fn cards(
    products: Vec<ShownProduct>,
    public_url: &str,
    locale: Locale,
) -> Result<Vec<ProductCard>, Problem> {
    products.into_iter().map(|product| ProductCard::new(product, public_url, locale)).collect()
}
