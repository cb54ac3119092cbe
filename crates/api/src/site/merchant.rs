//! A merchant's page: who makes it, where, and what there is.

use actix_web::{get, web};
use askama::Template;
use kapal_domain::media::PictureFormat;
use kapal_persistence::{Db, Page, ProductOrder, ShownMerchant, ShownProduct, ShownProductFilter};
use serde_json::json;

use super::card::Card;
use super::shelf::{SHELF, Shelf, counted};
use super::tile::initial;
use super::{About, Sheet, SheetHtml, Shell, Subject, Visit, crumbs, in_script};
use crate::Problem;
use crate::answer::Answered;
use crate::storefront::{ChannelCard, ImageView, image_views};

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(merchant_page);
}

#[get("/{locale:id|en}/{aggregator}/m/{slug}")]
async fn merchant_page(visit: Visit) -> Answered {
    visit.page(async |db| MerchantHtml::new(&visit, read(&visit, db).await?)).await
}

type Found = (ShownMerchant, Page<ShownProduct>);

async fn read(visit: &Visit, db: &Db) -> Result<Found, Problem> {
    let merchant = db.storefront_merchant(&visit.store, visit.locale, &visit.address()).await?;
    let filter = ShownProductFilter { merchant: Some(visit.address()), ..Default::default() };
    let after = visit.after("");
    let order = ProductOrder::Newest;
    let products =
        db.storefront_products(&visit.store, visit.locale, &filter, order, after.as_ref(), SHELF).await?;
    Ok((merchant, products))
}

/// What previews show of its link, which is that of its first page.
pub(super) async fn card(visit: &Visit, db: &Db) -> Result<Card, Problem> {
    let (merchant, products) = read(visit, db).await?;
    Ok(card_of(visit, &merchant, &products.items))
}

fn card_of(visit: &Visit, merchant: &ShownMerchant, products: &[ShownProduct]) -> Card {
    let photo = products.iter().flat_map(|product| product.images.first()).chain(&merchant.logo).next();
    Card {
        name: merchant.name.clone(),
        line: counted(merchant.product_count, visit.locale),
        maker: merchant.region_name.clone(),
        place: merchant.province_name.clone(),
        photo: photo.cloned(),
    }
}

/// Its sheet to print.
pub(super) async fn sheet(visit: &Visit, db: &Db) -> Result<SheetHtml, Problem> {
    let merchant = db.storefront_merchant(&visit.store, visit.locale, &visit.address()).await?;
    let place = format!("{}, {}", merchant.region_name, merchant.province_name);
    let sheet = Sheet {
        subject: Subject::Merchant(&merchant.aggregator_slug, &merchant.slug),
        store: &merchant.aggregator_name,
        name: &merchant.name,
        line: "",
        place: &place,
    };
    SheetHtml::new(&sheet, visit)
}

#[derive(Template)]
#[template(path = "merchant.html")]
struct MerchantHtml {
    shell: Shell,
    title: String,
    merchant: ShownMerchant,
    logo: Option<ImageView>,
    initial: String,
    story: Vec<String>,
    channels: Vec<ChannelCard>,
    print: String,
    shelf: Shelf,
}

impl MerchantHtml {
    fn new(visit: &Visit, (merchant, products): Found) -> Result<Self, Problem> {
        let (locale, public_url) = (visit.locale, &visit.app.public_url);
        let (subject, home) = (
            Subject::Merchant(&merchant.aggregator_slug, &merchant.slug),
            Subject::Home(&merchant.aggregator_slug),
        );
        let picture = card_of(visit, &merchant, &products.items).shared(subject, "", visit);
        let shelf = Shelf::new(visit, "", products)?;
        let logo = image_views(merchant.logo.clone(), public_url, locale, &merchant.name).pop();
        let channels: Vec<_> = merchant.channels.iter().cloned().map(ChannelCard::from).collect();
        let place = format!("{}, {}", merchant.region_name, merchant.province_name);
        let url = subject.url(locale, public_url);
        let mut data = json!({
            "@context": "https://schema.org",
            "@type": "Organization",
            "@id": url,
            "name": merchant.name,
            "url": url,
            "address": {
                "@type": "PostalAddress",
                "addressLocality": merchant.region_name,
                "addressRegion": merchant.province_name,
                "addressCountry": "ID",
            },
            "sameAs": channels.iter().map(|channel| channel.url.as_str()).filter(|url| !url.is_empty()).collect::<Vec<_>>(),
        });
        if !merchant.story.is_empty() {
            data["description"] = json!(merchant.story);
        }
        if let Some(logo) = &logo {
            data["logo"] = json!(logo.url);
        }
        let json_ld = vec![
            in_script(&data),
            crumbs([
                (merchant.aggregator_name.as_str(), home.url(locale, public_url)),
                (merchant.name.as_str(), url),
            ]),
        ];
        let count = counted(merchant.product_count, locale);
        let summary =
            if merchant.story.is_empty() { format!("{place} · {count}") } else { merchant.story.clone() };
        let about = About {
            subject,
            query: "",
            kind: "profile",
            title: &format!("{} · {}", merchant.name, merchant.aggregator_name),
            summary: &summary,
            store: &merchant.aggregator_name,
            demonstration: merchant.demonstration,
            picture,
        };
        Ok(Self {
            shell: Shell::new(about, locale, public_url, json_ld),
            title: merchant.name.clone(),
            logo,
            initial: initial(&merchant.name),
            story: merchant.story.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect(),
            channels,
            print: format!("{}/print", subject.path(locale)),
            shelf,
            merchant,
        })
    }
}
