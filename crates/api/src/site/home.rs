//! The first screen of a storefront and of the nation.

use actix_web::{get, web};
use askama::Template;
use kapal_domain::locale::Locale;
use kapal_domain::slug::Slug;
use kapal_persistence::{CountedCategory, Db, Home, ShownAggregator, ShownMerchant};
use serde_json::json;

use super::card::Card;
use super::listing::{self, CategoryLink, category_links};
use super::shelf::counted;
use super::tile::{Photo, Tile, initial, tiles};
use super::words::place;
use super::{About, Shell, Subject, Visit, crumbs, in_script};
use crate::Problem;
use crate::answer::Answered;
use crate::storefront::whose;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(national_home).service(storefront_home);
}

/// As many products as keep the page below 50 KB.
const MOST_TILES: usize = 34;
/// Of each slot.
const OF_SLOT: usize = 8;
/// Merchants on a home.
const MAKERS: usize = 8;

#[get("/{locale:id|en}")]
async fn national_home(visit: Visit) -> Answered {
    home(visit).await
}

#[get("/{locale:id|en}/{aggregator}")]
async fn storefront_home(visit: Visit) -> Answered {
    home(visit).await
}

async fn home(visit: Visit) -> Answered {
    if listing::is_asked(&visit) {
        listing::page(&visit).await
    } else {
        visit.page(async |db| HomeHtml::new(&visit, Found::read(&visit, db).await?)).await
    }
}

/// What a home is made of.
struct Found {
    shop: ShownAggregator,
    home: Home,
    categories: Vec<CountedCategory>,
    makers: Vec<ShownMerchant>,
    /// On the national home: who takes part.
    shops: Vec<ShownAggregator>,
}

impl Found {
    async fn read(visit: &Visit, db: &Db) -> Result<Self, Problem> {
        let (store, locale) = (&visit.store, visit.locale);
        Ok(Self {
            shop: whose(db, &visit.store, visit.locale).await?,
            home: db.storefront_home(store, locale).await?,
            categories: db.storefront_categories(store, locale).await?,
            makers: db.storefront_merchants(store, locale, &[], None, MAKERS).await?.items,
            shops: match &store.aggregator {
                Some(_) => Vec::new(),
                None => db.storefront_aggregators(locale).await?,
            },
        })
    }

    fn card(&self, locale: Locale) -> Card {
        let featured = self.home.slots.iter().flat_map(|slot| &slot.products);
        let photo = featured.chain(&self.home.newest).find_map(|product| product.images.first());
        Card {
            name: self.shop.name.clone(),
            line: self.products(locale),
            maker: self.shop.description.clone(),
            place: String::new(),
            photo: photo.cloned(),
        }
    }

    /// How much there is.
    fn products(&self, locale: Locale) -> String {
        let tops = self.categories.iter().filter(|category| category.parent.is_none());
        counted(tops.map(|category| category.count).sum(), locale)
    }
}

/// What previews show of its link.
pub(super) async fn card(visit: &Visit, db: &Db) -> Result<Card, Problem> {
    if listing::is_asked(visit) {
        return listing::card(visit, db).await;
    }
    Ok(Found::read(visit, db).await?.card(visit.locale))
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomeHtml {
    shell: Shell,
    name: String,
    description: String,
    path: String,
    categories: Vec<CategoryLink>,
    rows: Vec<Row>,
    collections: Vec<CollectionLink>,
    newest: Vec<Tile>,
    makers: Vec<MakerLink>,
    shops: Vec<(String, ShownAggregator)>,
    products: String,
}

/// A running slot.
struct Row {
    title: String,
    /// Why these are shown.
    reason: String,
    tiles: Vec<Tile>,
}

/// A running collection.
struct CollectionLink {
    path: String,
    title: String,
    count: String,
    photo: Option<Photo>,
}

/// A merchant.
struct MakerLink {
    path: String,
    name: String,
    place: String,
    logo: Option<Photo>,
    initial: String,
}

impl HomeHtml {
    fn new(visit: &Visit, found: Found) -> Result<Self, Problem> {
        let (locale, public_url) = (visit.locale, &visit.app.public_url);
        let subject = Subject::home_of(&visit.store, &found.shop);
        let path = subject.path(locale);
        let url = format!("{public_url}{path}");
        let card = found.card(locale);
        let products = found.products(locale);
        let shop = &found.shop;
        let kind = if matches!(subject, Subject::Nation) { "WebSite" } else { "OnlineStore" };
        let data = json!({
            "@context": "https://schema.org",
            "@type": kind,
            "@id": url,
            "name": shop.name,
            "description": shop.description,
            "url": url,
        });
        let title = match (subject, locale) {
            (Subject::Nation, Locale::Id) => format!("{}: produk unggulan se-Indonesia", shop.name),
            (Subject::Nation, Locale::En) => format!("{}: the best of all Indonesia", shop.name),
            _ => shop.name.clone(),
        };
        let summary = if shop.description.is_empty() {
            format!("{} · {products}", shop.name)
        } else {
            shop.description.clone()
        };
        let about = About {
            subject,
            query: "",
            kind: "website",
            title: &title,
            summary: &summary,
            store: &shop.name,
            demonstration: shop.demonstration,
            picture: card.shared(subject, "", visit),
        };
        let shell = Shell::new(
            about,
            locale,
            public_url,
            vec![in_script(&data), crumbs([(shop.name.as_str(), url)])],
        );
        let categories = category_links(&found.categories, None, &path);
        let rows = rows(&found, locale)?;
        let collections = found.home.collections.iter().map(|(collection, products)| {
            let first = products.iter().flat_map(|product| product.images.first());
            CollectionLink {
                path: Subject::Collection(&collection.aggregator_slug, &collection.slug).path(locale),
                title: collection.title.clone(),
                count: counted(collection.product_count, locale),
                photo: collection.images.iter().chain(first).next().map(Photo::new),
            }
        });
        let makers = found.makers.iter().map(|maker| MakerLink {
            path: Subject::Merchant(&maker.aggregator_slug, &maker.slug).path(locale),
            name: maker.name.clone(),
            place: format!("{}, {}", maker.region_name, maker.province_name),
            logo: maker.logo.first().map(Photo::new),
            initial: initial(&maker.name),
        });
        let shops = found.shops.iter().map(|shop| (Subject::Home(&shop.slug).path(locale), shop.clone()));
        Ok(Self {
            shell,
            categories,
            rows,
            collections: collections.collect(),
            newest: tiles(&found.home.newest, locale)?,
            makers: makers.collect(),
            shops: shops.collect(),
            name: found.shop.name,
            description: found.shop.description,
            path,
            products,
        })
    }
}

/// The slots that are running, as far as the page has room beside the newest products.
fn rows(found: &Found, locale: Locale) -> Result<Vec<Row>, Problem> {
    let mut room = MOST_TILES - found.home.newest.len().min(MOST_TILES);
    let mut rows = Vec::new();
    let curators = (found.shop.slug != Slug::NATIONAL).then_some(found.shop.name.as_str());
    for slot in &found.home.slots {
        let shown = &slot.products[..slot.products.len().min(OF_SLOT).min(room)];
        if shown.is_empty() {
            continue;
        }
        room -= shown.len();
        let of = slot.category.as_deref();
        let category = found.categories.iter().find(|category| Some(category.slug.as_str()) == of);
        rows.push(Row {
            title: category.map_or_else(|| place(&slot.place, locale).to_owned(), |c| c.name.clone()),
            reason: reason(slot.is_rotating, curators, locale),
            tiles: tiles(shown, locale)?,
        });
    }
    Ok(rows)
}

/// Why a row is shown; without a name the curators are the nation's.
fn reason(is_rotating: bool, curators: Option<&str>, locale: Locale) -> String {
    match (is_rotating, curators, locale) {
        (true, _, Locale::Id) => "Setiap provinsi tampil bergiliran.".to_owned(),
        (true, _, Locale::En) => "Every province is shown in turn.".to_owned(),
        (false, Some(name), Locale::Id) => format!("Dipilih kurator {name}."),
        (false, Some(name), Locale::En) => format!("Chosen by the curators of {name}."),
        (false, None, Locale::Id) => "Dipilih kurator nasional.".to_owned(),
        (false, None, Locale::En) => "Chosen by the national curators.".to_owned(),
    }
}
