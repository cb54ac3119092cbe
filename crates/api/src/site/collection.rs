//! A collection's page.

use actix_web::{get, web};
use askama::Template;
use kapal_domain::media::PictureFormat;
use kapal_persistence::{Db, Page, ShownAggregator, ShownCollection, ShownProduct};
use serde_json::json;

use super::card::Card;
use super::shelf::{SHELF, Shelf, counted};
use super::{About, Sheet, SheetHtml, Shell, Subject, Visit, crumbs, in_script};
use crate::Problem;
use crate::answer::Answered;
use crate::storefront::{ImageView, image_views};

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(collection_page);
}

#[get("/{locale:id|en}/{aggregator}/c/{slug}")]
async fn collection_page(visit: Visit) -> Answered {
    visit.page(async |db| CollectionHtml::new(&visit, read(&visit, db).await?)).await
}

/// The collection with a page of its products, and whose it is.
struct Found {
    aggregator: ShownAggregator,
    collection: ShownCollection,
    products: Page<ShownProduct>,
}

async fn read(visit: &Visit, db: &Db) -> Result<Found, Problem> {
    let (address, after) = (visit.address(), visit.after(""));
    let (collection, products) =
        db.storefront_collection(&visit.store, visit.locale, &address, after.as_ref(), SHELF).await?;
    let aggregator = db.storefront_aggregator(&visit.store, visit.locale).await?;
    Ok(Found { aggregator, collection, products })
}

/// What previews show of its link, which is that of its first page.
pub(super) async fn card(visit: &Visit, db: &Db) -> Result<Card, Problem> {
    Ok(card_of(visit, &read(visit, db).await?))
}

fn card_of(visit: &Visit, found: &Found) -> Card {
    let collection = &found.collection;
    let first = found.products.items.iter().flat_map(|product| product.images.first());
    Card {
        name: collection.title.clone(),
        line: counted(collection.product_count, visit.locale),
        maker: collection.aggregator_name.clone(),
        place: String::new(),
        photo: collection.images.iter().chain(first).next().cloned(),
    }
}

/// Its sheet to print.
pub(super) async fn sheet(visit: &Visit, db: &Db) -> Result<SheetHtml, Problem> {
    let (collection, _) =
        db.storefront_collection(&visit.store, visit.locale, &visit.address(), None, 1).await?;
    let line = counted(collection.product_count, visit.locale);
    let sheet = Sheet {
        subject: Subject::Collection(&collection.aggregator_slug, &collection.slug),
        store: &collection.aggregator_name,
        name: &collection.title,
        line: &line,
        place: "",
    };
    SheetHtml::new(&sheet, visit)
}

#[derive(Template)]
#[template(path = "collection.html")]
struct CollectionHtml {
    shell: Shell,
    title: String,
    picture: Option<ImageView>,
    description: Vec<String>,
    count: String,
    print: String,
    shelf: Shelf,
}

impl CollectionHtml {
    fn new(visit: &Visit, found: Found) -> Result<Self, Problem> {
        let (locale, public_url) = (visit.locale, &visit.app.public_url);
        let card = card_of(visit, &found);
        let Found { aggregator, collection, products } = found;
        let subject = Subject::Collection(&collection.aggregator_slug, &collection.slug);
        let url = format!("{public_url}{}", subject.path(locale));
        let shelf = Shelf::new(visit, "", products)?;
        let data = json!({
            "@context": "https://schema.org",
            "@type": "CollectionPage",
            "@id": url,
            "name": collection.title,
            "description": collection.description,
            "url": url,
            "inLanguage": locale.as_str(),
            "mainEntity": shelf.item_list(public_url),
        });
        let home = format!("{public_url}{}", subject.home().path(locale));
        let json_ld = vec![
            in_script(&data),
            crumbs([(aggregator.name.as_str(), home), (collection.title.as_str(), url.clone())]),
        ];
        let count = counted(collection.product_count, locale);
        let summary = if collection.description.is_empty() {
            format!("{} · {count}", collection.title)
        } else {
            collection.description.clone()
        };
        let about = About {
            subject,
            query: "",
            kind: "website",
            title: &format!("{} · {}", collection.title, aggregator.name),
            summary: &summary,
            store: &aggregator.name,
            demonstration: aggregator.demonstration,
            picture: card.shared(subject, "", visit),
        };
        let shell = Shell::new(about, locale, public_url, json_ld);
        let print = format!("{}/print", subject.path(locale));
        Ok(Self {
            shell,
            picture: image_views(collection.images, public_url, locale, &collection.title).pop(),
            description: collection
                .description
                .lines()
                .filter(|line| !line.trim().is_empty())
                .map(str::to_owned)
                .collect(),
            title: collection.title,
            count,
            print,
            shelf,
        })
    }
}
