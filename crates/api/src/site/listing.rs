//! The products of a storefront, all (`?products=all`) or those of a category (`?category=`), by pages.

use askama::Template;
use kapal_domain::Code;
use kapal_persistence::{
    CountedCategory, Db, Page, ProductOrder, ShownAggregator, ShownProduct, ShownProductFilter,
};
use serde_json::json;

use super::card::Card;
use super::shelf::{SHELF, Shelf, counted};
use super::words::Words;
use super::{About, Shell, Subject, Visit, crumbs, in_script};
use crate::Problem;
use crate::answer::Answered;
use crate::storefront::whose;

/// A category that can be looked into.
pub(super) struct CategoryLink {
    pub path: String,
    pub name: String,
    pub count: String,
}

/// The categories right below another, or at the top, of the storefront at `path`.
pub(super) fn category_links(
    categories: &[CountedCategory],
    above: Option<&str>,
    path: &str,
) -> Vec<CategoryLink> {
    let below = categories.iter().filter(|category| category.parent.as_deref() == above);
    let link = |category: &CountedCategory| CategoryLink {
        path: format!("{path}?category={}", category.slug),
        name: category.name.clone(),
        count: format!("{}{}", category.count, if category.capped { "+" } else { "" }),
    };
    below.map(link).collect()
}

/// Whether products are asked for, and not the first screen.
pub(super) fn is_asked(visit: &Visit) -> bool {
    asked_category(visit).is_some() || visit.parameter("products").is_some()
}

fn asked_category(visit: &Visit) -> Option<String> {
    visit.parameter("category").filter(|category| !category.is_empty())
}

pub(super) async fn page(visit: &Visit) -> Answered {
    visit.page(async |db| ListingHtml::new(visit, Found::read(visit, db).await?)).await
}

/// What previews show of its link, which is that of its first page.
pub(super) async fn card(visit: &Visit, db: &Db) -> Result<Card, Problem> {
    Ok(Found::read(visit, db).await?.card(visit))
}

struct Found {
    shop: ShownAggregator,
    categories: Vec<CountedCategory>,
    /// The place of the asked category among them.
    category: Option<usize>,
    products: Page<ShownProduct>,
}

impl Found {
    async fn read(visit: &Visit, db: &Db) -> Result<Self, Problem> {
        let (store, locale) = (&visit.store, visit.locale);
        let shop = whose(db, &visit.store, visit.locale).await?;
        let categories = db.storefront_categories(store, locale).await?;
        let category = match asked_category(visit) {
            Some(slug) => {
                Some(categories.iter().position(|c| c.slug == slug).ok_or(Problem::new(Code::NotFound))?)
            }
            None => None,
        };
        let slug = category.map(|at| categories[at].slug.clone());
        let after = visit.after(&query(slug.as_deref()));
        let filter = ShownProductFilter { category: slug, ..Default::default() };
        let order = ProductOrder::Newest;
        let products = db.storefront_products(store, locale, &filter, order, after.as_ref(), SHELF).await?;
        Ok(Self { shop, categories, category, products })
    }

    fn category(&self) -> Option<&CountedCategory> {
        self.category.and_then(|at| self.categories.get(at))
    }

    fn title(&self, visit: &Visit) -> String {
        self.category().map_or(Words::of(visit.locale).all_products, |category| &category.name).to_owned()
    }

    fn card(&self, visit: &Visit) -> Card {
        Card {
            name: self.title(visit),
            line: self.category().map(|c| counted(c.count, visit.locale)).unwrap_or_default(),
            maker: self.shop.name.clone(),
            place: String::new(),
            photo: self.products.items.iter().find_map(|product| product.images.first()).cloned(),
        }
    }
}

/// What of the query says which products these are.
fn query(category: Option<&str>) -> String {
    category.map_or_else(|| "products=all".to_owned(), |slug| format!("category={slug}"))
}

#[derive(Template)]
#[template(path = "listing.html")]
struct ListingHtml {
    shell: Shell,
    title: String,
    categories: Vec<CategoryLink>,
    shelf: Shelf,
}

impl ListingHtml {
    fn new(visit: &Visit, found: Found) -> Result<Self, Problem> {
        let (locale, public_url) = (visit.locale, &visit.app.public_url);
        let (title, card) = (found.title(visit), found.card(visit));
        let slug = found.category().map(|category| category.slug.clone());
        let Found { shop, categories, products, .. } = found;
        let list = query(slug.as_deref());
        let query = format!("?{list}");
        let subject = Subject::home_of(&visit.store, &shop);
        let path = subject.path(locale);
        let url = format!("{public_url}{path}{query}");
        let shelf = Shelf::new(visit, &list, products)?;
        let data = json!({
            "@context": "https://schema.org",
            "@type": "CollectionPage",
            "@id": url,
            "name": title,
            "url": url,
            "inLanguage": locale.as_str(),
            "mainEntity": shelf.item_list(public_url),
        });
        let trail = crumbs([(shop.name.as_str(), format!("{public_url}{path}")), (title.as_str(), url)]);
        let about = About {
            subject,
            query: &query,
            kind: "website",
            title: &format!("{title} · {}", shop.name),
            summary: &format!("{title}. {}", shop.description),
            store: &shop.name,
            demonstration: shop.demonstration,
            picture: card.shared(subject, &query, visit),
        };
        Ok(Self {
            shell: Shell::new(about, locale, public_url, vec![in_script(&data), trail]),
            categories: category_links(&categories, slug.as_deref(), &path),
            title,
            shelf,
        })
    }
}
