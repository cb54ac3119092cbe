//! A product's page for people: made on the server, without scripts, for phones of any age and for link previews.

mod json_ld;
mod words;

use actix_web::{HttpRequest, HttpResponse, get, web};
use askama::Template;
use kapal_domain::lead::LeadSource;
use kapal_domain::link::LinkCode;
use kapal_domain::locale::Locale;
use kapal_domain::media::PictureFormat;
use kapal_domain::product_option::ProductOption;
use kapal_persistence::{Crumb, Db, ProductPage, RelatedProduct, ShownProduct, ShownVariant, Store};

use crate::answer::Answered;
use crate::media::PreviewView;
use crate::site::{self, About, SharedPicture, Sheet, SheetHtml, Shell, Subject, Visit};
use crate::storefront::{
    AttributeCard, CertificateCard, ChannelCard, ImageView, RelatedCard, conditional, image_views, tag,
};
use crate::theme::Theme;
use crate::{App, Problem};
use words::{Words, halal};

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(product_page).service(theme_css);
}

#[get("/{locale:id|en}/{aggregator}/p/{slug}")]
async fn product_page(visit: Visit) -> Answered {
    visit
        .page(async |db| {
            let found = db.storefront_product(&visit.store, visit.locale, &visit.address()).await?;
            ProductHtml::new(found, visit.locale, &visit.app.public_url)
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

/// Its sheet to print.
pub(crate) async fn sheet(visit: &Visit, db: &Db) -> Result<SheetHtml, Problem> {
    let page = db.storefront_product(&visit.store, visit.locale, &visit.address()).await?;
    let product = &page.product;
    let price = product.price()?.display(visit.locale);
    let place = format!("{}, {}", product.merchant_name, product.region_name);
    let sheet = Sheet {
        subject: Subject::Product(&product.aggregator_slug, &product.slug),
        store: &product.aggregator_name,
        name: &product.name,
        line: &price,
        place: &place,
    };
    SheetHtml::new(&sheet, visit)
}

#[derive(Template)]
#[template(path = "product.html")]
struct ProductHtml {
    shell: Shell,
    locale: Locale,
    words: &'static Words,
    page: ProductPage,
    product: ShownProduct,
    crumbs: Vec<(String, String)>,
    /// What the WhatsApp button's link is called.
    link: LinkCode,
    images: Vec<ImageView>,
    initial: String,
    price: String,
    has_prices: bool,
    variants: Vec<VariantLine>,
    maker_path: String,
    print_path: String,
    channels: Vec<ChannelCard>,
    description: Vec<String>,
    story: Vec<String>,
    /// What it answers, and what else is known of it, each with its name.
    facts: Vec<(String, String)>,
    certificates: Vec<CertificateCard>,
    related: Vec<(RelatedCard, String)>,
}

struct VariantLine {
    name: String,
    price: String,
    compare_at: Option<String>,
    available: bool,
}

impl ProductHtml {
    fn new(page: ProductPage, locale: Locale, public_url: &str) -> Result<Self, Problem> {
        let product = page.product.clone();
        let subject = Subject::Product(&product.aggregator_slug, &product.slug);
        let url = subject.url(locale, public_url);
        let home = subject.home().path(locale);
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
            product.description.clone()
        };
        let crumb = |crumb: &Crumb| (crumb.name.clone(), format!("{home}?category={}", crumb.slug));
        let crumbs: Vec<_> = std::iter::once((product.aggregator_name.clone(), home.clone()))
            .chain(page.crumbs.iter().map(crumb))
            .collect();
        let steps = crumbs.iter().map(|(name, path)| (name.as_str(), format!("{public_url}{path}")));
        let json_ld = vec![
            json_ld::product(&page, &images, &url)?,
            site::crumbs(steps.chain([(product.name.as_str(), url)])),
        ];
        let about = About {
            subject,
            query: "",
            kind: "product",
            title: &format!("{} · {}", product.name, product.merchant_name),
            summary: &told,
            store: &product.aggregator_name,
            demonstration: page.demonstration,
            picture: SharedPicture {
                view: PreviewView::new(&page.preview, public_url),
                alt: format!("{}, {price}, {}", product.name, product.merchant_name),
            },
        };
        let certificates = page.details.certificates.iter();
        let related = page.related.iter().map(|other| related(other, public_url, locale));
        Ok(Self {
            shell: Shell::new(about, locale, public_url, json_ld),
            locale,
            words: Words::of(locale),
            crumbs,
            link: LinkCode::new(product.product_id, LeadSource::Web),
            facts: facts(&page, locale),
            certificates: certificates.map(|shown| CertificateCard::new(shown.clone(), locale)).collect(),
            related: related.collect::<Result<_, _>>()?,
            images,
            initial: product.name.chars().take(1).collect(),
            price,
            has_prices: prices.iter().any(|price| price.minor() != product.price_minor),
            variants,
            maker_path: Subject::Merchant(&product.aggregator_slug, &product.merchant_slug).path(locale),
            print_path: format!("{}/print", subject.path(locale)),
            channels: page.channels.iter().cloned().map(ChannelCard::from).collect(),
            description: paragraphs(&product.description),
            story: paragraphs(&page.story),
            product,
            page,
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

fn paragraphs(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}
