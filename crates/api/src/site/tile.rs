//! A product among others: as little as tells it apart, since a page has many.

use kapal_domain::locale::Locale;
use kapal_domain::media::PictureFormat;
use kapal_persistence::{ShownImage, ShownProduct};

use super::address::Subject;
use crate::Problem;
use crate::media::picture_url;

/// A product in a grid.
pub(super) struct Tile {
    pub path: String,
    pub name: String,
    /// The language of the name, where it is not the page's.
    pub name_locale: Option<String>,
    pub price: String,
    pub maker: String,
    pub place: String,
    pub photo: Option<Photo>,
    pub initial: String,
    pub is_mutiara: bool,
    pub is_gone: bool,
}

/// A small picture. Its text is beside it, so that it needs none.
pub(super) struct Photo {
    pub small: String,
    pub large: String,
    /// For those who don't know WebP.
    pub plain: String,
}

impl Photo {
    /// The widths that a grid shows, on a phone and on a dense screen.
    const WIDTHS: (u32, u32) = (320, 640);

    pub fn new(image: &ShownImage) -> Self {
        let file = |wanted: u32, format| {
            let fits = image.widths.iter().copied().filter(|width| *width >= wanted).min();
            let width = fits.or_else(|| image.widths.iter().copied().max()).unwrap_or(image.width);
            picture_url("", &image.hash, width, format)
        };
        let (small, large) = Self::WIDTHS;
        Self {
            small: file(small, PictureFormat::Webp),
            large: file(large, PictureFormat::Webp),
            plain: file(small, PictureFormat::Jpeg),
        }
    }
}

impl Tile {
    pub fn new(product: &ShownProduct, locale: Locale) -> Result<Self, Problem> {
        Ok(Self {
            path: Subject::Product(&product.aggregator_slug, &product.slug).path(locale),
            name: product.name.clone(),
            name_locale: (product.text_locale != locale.as_str()).then(|| product.text_locale.clone()),
            price: product.price()?.display(locale),
            maker: product.merchant_name.clone(),
            place: product.region_name.clone(),
            photo: product.images.first().map(Photo::new),
            initial: initial(&product.name),
            is_mutiara: product.is_mutiara,
            is_gone: !product.available,
        })
    }
}

/// Several of them.
pub(super) fn tiles(products: &[ShownProduct], locale: Locale) -> Result<Vec<Tile>, Problem> {
    products.iter().map(|product| Tile::new(product, locale)).collect()
}

/// What stands in place of a picture that is not there.
pub(super) fn initial(name: &str) -> String {
    name.chars().find(|c| c.is_alphanumeric()).into_iter().flat_map(char::to_uppercase).collect()
}
