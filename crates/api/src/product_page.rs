//! A product's page for people: made on the server, without scripts, for phones of any age and for link previews.

mod json_ld;
mod words;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, web};
use askama::Template;
use kapal_domain::lead::LeadSource;
use kapal_domain::link::LinkCode;
use kapal_domain::locale::Locale;
use kapal_domain::media::PictureFormat;
use kapal_domain::product_option::ProductOption;
use kapal_persistence::{Address, Error, ProductPage, RelatedProduct, ShownProduct, ShownVariant, Store};
use serde::Deserialize;

use crate::answer::Answered;
use crate::media::PreviewView;
use crate::storefront::{
    AttributeCard, CertificateCard, ChannelCard, ImageView, RelatedCard, conditional, image_views, page_url,
    tag,
};
use crate::theme::Theme;
use crate::{App, Problem, page};
use words::{Words, halal};

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(product_page).service(theme_css);
}

#[derive(Debug, Deserialize)]
struct ProductPath {
    locale: String,
    aggregator: String,
    slug: String,
}

impl ProductPath {
    fn locale(&self) -> Locale {
        Locale::parse(&self.locale).unwrap_or_default()
    }

    /// The product; None where there is none.
    async fn find(&self, app: &App) -> Result<Option<ProductPage>, Problem> {
        let product = Address::parse(&self.slug);
        match app.db.storefront_product(&Store::of(&self.aggregator), self.locale(), &product).await {
            Ok(page) => Ok(Some(page)),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

#[get("/{locale:id|en}/{aggregator}/p/{slug}")]
async fn product_page(app: web::Data<App>, path: web::Path<ProductPath>, request: HttpRequest) -> Answered {
    let locale = path.locale();
    let tag = tag(&app, &Store::of(&path.aggregator), locale, &request);
    conditional(&request, locale, tag, async || match path.find(&app).await? {
        Some(found) => page::html(&ProductHtml::new(&found, locale, &app.public_url)?, locale),
        None => missing(locale),
    })
    .await
}

#[get("/{locale:id|en}/{aggregator}/theme.css")]
async fn theme_css(app: web::Data<App>, path: web::Path<(String, String)>, request: HttpRequest) -> Answered {
    let (locale, aggregator) = path.into_inner();
    let locale = Locale::parse(&locale).unwrap_or_default();
    let store = Store::of(&aggregator);
    let tag = tag(&app, &store, locale, &request);
    conditional(&request, locale, tag, async || {
        let aggregator = app.db.storefront_aggregator(&store, locale).await?;
        let css = Theme::of(&aggregator.primary_colour).css();
        Ok(HttpResponse::Ok().content_type("text/css; charset=utf-8").body(css))
    })
    .await
}

#[derive(Template)]
#[template(path = "missing.html")]
struct Missing {
    locale: Locale,
    title: &'static str,
}

/// A page that says that there is none.
pub(crate) fn missing(locale: Locale) -> Answered {
    let title = match locale {
        Locale::Id => "Halaman ini tidak ada",
        Locale::En => "There is no such page",
    };
    let mut response = page::html(&Missing { locale, title }, locale)?;
    *response.status_mut() = StatusCode::NOT_FOUND;
    Ok(response)
}

/// The most characters that previews show of a title and of a description.
const MAX_TITLE: usize = 65;
const MAX_SUMMARY: usize = 100;

#[derive(Template)]
#[template(path = "product.html")]
struct ProductHtml<'a> {
    locale: Locale,
    words: &'static Words,
    page: &'a ProductPage,
    product: &'a ShownProduct,
    title: String,
    summary: String,
    url: String,
    /// What the WhatsApp button's link is called.
    link: LinkCode,
    other: Locale,
    other_path: String,
    alternates: [(&'static str, String); 3],
    images: Vec<ImageView>,
    preview: PreviewView,
    preview_alt: String,
    initial: String,
    price: String,
    has_prices: bool,
    variants: Vec<VariantLine>,
    channels: Vec<ChannelCard>,
    description: Vec<&'a str>,
    story: Vec<&'a str>,
    /// What it answers, and what else is known of it, each with its name.
    facts: Vec<(String, String)>,
    certificates: Vec<CertificateCard>,
    related: Vec<(RelatedCard, String)>,
    json_ld: [String; 2],
}

struct VariantLine {
    name: String,
    price: String,
    compare_at: Option<String>,
    available: bool,
}

impl<'a> ProductHtml<'a> {
    fn new(page: &'a ProductPage, locale: Locale, public_url: &str) -> Result<Self, Problem> {
        let product = &page.product;
        let url_in = |locale| page_url(public_url, locale, &product.aggregator_slug, &product.slug);
        let other = match locale {
            Locale::Id => Locale::En,
            Locale::En => Locale::Id,
        };
        let variants = page.variants.clone();
        let prices = variants.iter().map(|variant| variant.price()).collect::<Result<Vec<_>, _>>()?;
        let lines = variants.into_iter().zip(&prices).map(|(variant, price)| {
            Ok(VariantLine {
                price: price.display(locale),
                compare_at: variant
                    .compare_at()?
                    .filter(|at| at.minor() > price.minor())
                    .map(|at| at.display(locale)),
                available: variant.stock > 0,
                name: variant_name(&page.details.options, variant, locale),
            })
        });
        let variants = lines.collect::<Result<_, Problem>>()?;
        let images = image_views(product.images.clone(), public_url, locale, &product.name);
        let price = product.price()?.display(locale);
        let told = if product.description.is_empty() {
            format!("{} · {}, {}", product.name, product.merchant_name, product.region_name)
        } else {
            product.description.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        Ok(Self {
            locale,
            words: Words::of(locale),
            page,
            product,
            title: shorten(&format!("{} · {}", product.name, product.merchant_name), MAX_TITLE),
            summary: shorten(&told, MAX_SUMMARY),
            url: url_in(locale),
            link: LinkCode::new(product.product_id, LeadSource::Web),
            other,
            other_path: format!("/{other}/{}/p/{}", product.aggregator_slug, product.slug),
            alternates: [
                (Locale::Id.as_str(), url_in(Locale::Id)),
                (Locale::En.as_str(), url_in(Locale::En)),
                ("x-default", url_in(Locale::Id)),
            ],
            json_ld: [
                json_ld::product(page, &images, &url_in(locale))?,
                json_ld::breadcrumbs(page, &url_in(locale)),
            ],
            facts: facts(page, locale),
            certificates: page
                .details
                .certificates
                .iter()
                .map(|shown| CertificateCard::new(shown.clone(), locale))
                .collect(),
            related: page
                .related
                .iter()
                .map(|other| related(other, public_url, locale))
                .collect::<Result<_, _>>()?,
            images,
            initial: product.name.chars().take(1).collect(),
            preview: PreviewView::new(&page.preview, public_url),
            preview_alt: format!("{}, {price}, {}", product.name, product.merchant_name),
            price,
            has_prices: prices.iter().any(|price| price.minor() != product.price_minor),
            variants,
            channels: page.channels.iter().cloned().map(ChannelCard::from).collect(),
            description: paragraphs(&product.description),
            story: paragraphs(&page.story),
        })
    }
}

/// What sets a variant apart: its own name, else the values of its options, else the merchant's number.
fn variant_name(options: &[ProductOption], variant: ShownVariant, locale: Locale) -> String {
    if !variant.name.is_empty() {
        return variant.name;
    }
    let value = |option: &ProductOption| {
        let key = variant.choices.get(&option.key)?;
        let value = option.values.iter().find(|value| value.key == *key)?;
        Some(if locale == Locale::Id { value.id.clone() } else { value.en.clone() })
    };
    let values: Vec<_> = options.iter().filter_map(value).collect();
    if values.is_empty() { variant.sku.unwrap_or_default() } else { values.join(" · ") }
}

/// What is known of a product besides, each with its name.
fn facts(page: &ProductPage, locale: Locale) -> Vec<(String, String)> {
    let (details, words) = (&page.details, Words::of(locale));
    let asked = details.attributes.iter().filter_map(|shown| AttributeCard::new(shown, locale));
    let mut facts: Vec<_> = asked.map(|answer| (answer.name, answer.text)).collect();
    let halal = details.halal_status.as_deref().and_then(|status| halal(status, locale));
    facts.extend(halal.map(|text| (words.halal.to_owned(), text.to_owned())));
    let counted = [
        (words.lead_time, details.lead_time_days, words.days),
        (words.minimum_order, details.minimum_order, words.pieces),
    ];
    let counted = counted.into_iter().filter_map(|(name, count, unit)| Some((name, count?, unit)));
    facts.extend(counted.map(|(name, count, unit)| (name.to_owned(), format!("{count} {unit}"))));
    facts
}

fn related(
    other: &RelatedProduct,
    public_url: &str,
    locale: Locale,
) -> Result<(RelatedCard, String), Problem> {
    let price = other.price()?.display(locale);
    Ok((RelatedCard::new(other.clone(), public_url, locale)?, price))
}

fn paragraphs(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

/// The text, or as many whole words of it as fit, with an ellipsis.
fn shorten(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let end = text.char_indices().nth(max - 1).map_or(text.len(), |(at, _)| at);
    let head = &text[..end];
    let head = head.rsplit_once(' ').map_or(head, |(words, _)| words);
    format!("{}…", head.trim_end_matches([',', '.', ' ', '·']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_ends_after_a_whole_word() {
        assert_eq!(shorten("Kopi Toraja", 65), "Kopi Toraja");
        let long = "kopi ".repeat(40);
        let short = shorten(&long, MAX_SUMMARY);
        assert!(short.chars().count() <= MAX_SUMMARY && short.ends_with("kopi…"), "{short}");
        assert_eq!(shorten(&"a".repeat(80), 10), format!("{}…", "a".repeat(9)));
    }
}
