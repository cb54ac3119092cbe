//! A product's page for people: made on the server, without scripts, for phones of any age and for link previews.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use askama::Template;
use kapal_domain::lead::LeadSource;
use kapal_domain::locale::Locale;
use kapal_domain::media::PictureFormat;
use kapal_persistence::{Address, Error, ProductPage, ShownProduct, Store};
use serde::Deserialize;
use serde_json::json;

use crate::answer::Answered;
use crate::media::PreviewView;
use crate::storefront::{
    ChannelCard, Contact, ImageView, conditional, image_views, make_lead, page_url, tag,
};
use crate::theme::Theme;
use crate::{App, Problem, page};

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(product_page).service(page_contact).service(theme_css);
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

/// The WhatsApp button: a person's click becomes a lead. Known bots post no forms.
#[post("/{locale:id|en}/{aggregator}/p/{slug}/contact")]
async fn page_contact(app: web::Data<App>, path: web::Path<ProductPath>, request: HttpRequest) -> Answered {
    app.limits.visitor(&request)?;
    let locale = path.locale();
    let Some(found) = path.find(&app).await? else { return missing(locale) };
    let contact = Contact { source: LeadSource::Web, locale, buyer: None };
    let noted = make_lead(&app, &request, &found, &contact).await?;
    let back = || page_url(&app.public_url, locale, &path.aggregator, &path.slug);
    Ok(HttpResponse::SeeOther()
        .insert_header((header::LOCATION, noted.whatsapp_url.unwrap_or_else(back)))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish())
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

fn missing(locale: Locale) -> Answered {
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
    json_ld: String,
}

struct VariantLine {
    name: String,
    price: String,
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
        let lines = variants.into_iter().zip(&prices).map(|(variant, price)| VariantLine {
            name: if variant.name.is_empty() { variant.sku.unwrap_or_default() } else { variant.name },
            price: price.display(locale),
            available: variant.stock > 0,
        });
        let variants = lines.collect();
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
            other,
            other_path: format!("/{other}/{}/p/{}", product.aggregator_slug, product.slug),
            alternates: [
                (Locale::Id.as_str(), url_in(Locale::Id)),
                (Locale::En.as_str(), url_in(Locale::En)),
                ("x-default", url_in(Locale::Id)),
            ],
            json_ld: json_ld(page, &images, &url_in(locale))?,
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

/// The product for search engines (schema.org). No `<` is left in it, so that no text can end the element.
fn json_ld(page: &ProductPage, images: &[ImageView], url: &str) -> Result<String, Problem> {
    let product = &page.product;
    let price = product.price()?;
    let sku = page.variants.iter().find_map(|variant| variant.sku.as_deref());
    let stock = if product.available { "InStock" } else { "OutOfStock" };
    let mut data = json!({
        "@context": "https://schema.org",
        "@type": "Product",
        "@id": url,
        "name": product.name,
        "description": product.description,
        "image": images.iter().map(|image| image.url.as_str()).collect::<Vec<_>>(),
        "brand": { "@type": "Brand", "name": product.merchant_name },
        "category": product.category_name,
        "countryOfOrigin": "ID",
        "offers": {
            "@type": "Offer",
            "price": price.to_decimal(),
            "priceCurrency": product.currency,
            "availability": format!("https://schema.org/{stock}"),
            "url": url,
            "seller": { "@type": "Organization", "name": product.merchant_name },
        },
    });
    if let Some(sku) = sku {
        data["sku"] = json!(sku);
    }
    Ok(data.to_string().replace('<', "\\u003c"))
}

/// What the page itself says.
struct Words {
    skip: &'static str,
    demonstration: &'static str,
    language: &'static str,
    other_language: &'static str,
    crumbs: &'static str,
    mutiara: &'static str,
    of_five_stars: &'static str,
    from: &'static str,
    in_stock: &'static str,
    sold_out: &'static str,
    choices: &'static str,
    video: &'static str,
    chat: &'static str,
    chat_hint: &'static str,
    no_whatsapp: &'static str,
    maker: &'static str,
    about: &'static str,
    footer: &'static str,
}

impl Words {
    const fn of(locale: Locale) -> &'static Self {
        match locale {
            Locale::Id => &Self {
                skip: "Langsung ke produk",
                demonstration: "Data demonstrasi: toko, produk, dan nomor di halaman ini rekaan.",
                language: "Bahasa",
                other_language: "English",
                crumbs: "Letak halaman",
                mutiara: "Mutiara",
                of_five_stars: "dari 5 bintang",
                from: "mulai",
                in_stock: "Tersedia",
                sold_out: "Stok habis",
                choices: "Pilihan",
                video: "Tonton videonya",
                chat: "Chat penjual di WhatsApp",
                chat_hint: "Pesan sudah ditulis; Anda tinggal mengirim.",
                no_whatsapp: "Penjual ini belum memiliki WhatsApp di sini.",
                maker: "Dibuat oleh",
                about: "Tentang produk ini",
                footer: "bagian dari Kapal Induk, etalase usaha kecil Indonesia",
            },
            Locale::En => &Self {
                skip: "To the product",
                demonstration: "Demonstration data: shops, products and numbers on this page are invented.",
                language: "Language",
                other_language: "Bahasa Indonesia",
                crumbs: "Where this page is",
                mutiara: "Mutiara",
                of_five_stars: "of 5 stars",
                from: "from",
                in_stock: "In stock",
                sold_out: "Sold out",
                choices: "Choices",
                video: "Watch the video",
                chat: "Chat with the maker on WhatsApp",
                chat_hint: "The message is written for you; just send it.",
                no_whatsapp: "This maker has no WhatsApp here yet.",
                maker: "Made by",
                about: "About this product",
                footer: "part of Kapal Induk, the storefront of Indonesia's small merchants",
            },
        }
    }
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
