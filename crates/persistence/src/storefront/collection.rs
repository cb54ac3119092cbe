//! Collections of a storefront, within their schedules.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::locale::Locale;
use serde_json::Value;
use uuid::Uuid;

use super::product::{ShownImage, ShownProduct, expect_store};
use super::shelf::{Look, Shelf};
use super::{Address, Store};
use crate::db::lend;
use crate::statement::Statement;
use crate::stored::Stored;
use crate::{Cursor, Db, Page, Result};

/// A running collection, in one language.
#[derive(Debug, Clone)]
pub struct ShownCollection {
    /// Its id.
    pub id: Uuid,
    /// Its slug, unique within its aggregator.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// Since when it runs.
    pub starts_at: DateTime<Utc>,
    /// Until when.
    pub ends_at: Option<DateTime<Utc>>,
    /// Its picture, or none.
    pub images: Vec<ShownImage>,
    /// The aggregator that it comes from.
    pub aggregator_slug: String,
    /// Its name.
    pub aggregator_name: String,
    /// How many published products it has.
    pub product_count: i64,
}

/// A running collection as the projection has it.
#[derive(Debug, diesel::QueryableByName)]
pub(super) struct Running {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    slug: String,
    #[diesel(sql_type = Text)]
    title: String,
    #[diesel(sql_type = Text)]
    description: String,
    #[diesel(sql_type = Timestamptz)]
    starts_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    ends_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Jsonb, deserialize_as = Stored<ShownImage>)]
    images: Vec<ShownImage>,
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
    #[diesel(sql_type = Text)]
    aggregator_slug: String,
    #[diesel(sql_type = Text)]
    aggregator_name: String,
    #[diesel(sql_type = Nullable<Jsonb>)]
    rule: Option<Value>,
    #[diesel(sql_type = Array<SqlUuid>)]
    product_ids: Vec<Uuid>,
}

impl Running {
    /// Whose it is, and which.
    pub const fn key(&self) -> (Uuid, Uuid) {
        (self.aggregator_id, self.id)
    }

    /// What belongs to it.
    pub fn shelf(&self) -> Result<Shelf> {
        Shelf::read(self.aggregator_id, self.rule.clone(), self.product_ids.clone())
    }

    /// As it is shown, with so many products.
    pub fn shown(self, product_count: i64) -> ShownCollection {
        ShownCollection {
            id: self.id,
            slug: self.slug,
            title: self.title,
            description: self.description,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            images: self.images,
            aggregator_slug: self.aggregator_slug,
            aggregator_name: self.aggregator_name,
            product_count,
        }
    }
}

/// Running collections of a store at `now`, as `c`.
pub(super) fn running(store: &Store, locale: Locale, now: DateTime<Utc>) -> Statement {
    let language = locale.as_str();
    Statement::new("SELECT c.id, c.slug, CASE WHEN ")
        .bind(language)
        .sql(" = 'en' AND c.title_en <> '' THEN c.title_en ELSE c.title_id END AS title, CASE WHEN ")
        .bind(language)
        .sql(
            " = 'en' AND c.description_en <> '' THEN c.description_en ELSE c.description_id END AS description, \
             c.starts_at, c.ends_at, c.images, c.aggregator_id, a.slug AS aggregator_slug, a.name AS aggregator_name, \
             c.rule, c.product_ids FROM published_collections c JOIN published_aggregators a ON a.id = c.aggregator_id WHERE ",
        )
        .in_store(store)
        .sql(" AND c.starts_at <= ")
        .bind(now)
        .sql(" AND (c.ends_at IS NULL OR c.ends_at > ")
        .bind(now)
        .sql(")")
}

impl Db {
    /// A page of a storefront's running collections, the one that began last first.
    pub async fn storefront_collections(
        &self,
        store: &Store,
        locale: Locale,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<ShownCollection>> {
        let now = Utc::now();
        let mut statement = running(store, locale, now);
        if let Some(cursor) = after {
            statement = statement.beyond(" AND (c.starts_at, c.id) < (", cursor.time_and_id()?);
        }
        let statement = statement.page(" ORDER BY c.starts_at DESC, c.id DESC", limit);
        let mut connection = lend(&self.public).await?;
        let rows = statement.load::<Running>(&mut connection).await?;
        if rows.is_empty() {
            expect_store(&mut connection, store).await?;
        }
        let page = Page::cut(rows, limit, |row| Cursor::at(row.starts_at, row.id));
        let shelves = page.items.iter().map(Running::shelf).collect::<Result<Vec<_>>>()?;
        let look = Look::at(&mut connection, &shelves, locale, now).await?;
        let mut totals = look.totals(&mut connection, &shelves).await?.into_iter();
        Ok(page.map(|row| row.shown(totals.next().unwrap_or_default())))
    }

    /// One running collection of a storefront, and a page of its published products in its order.
    pub async fn storefront_collection(
        &self,
        store: &Store,
        locale: Locale,
        collection: &Address,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<(ShownCollection, Page<ShownProduct>)> {
        let now = Utc::now();
        let statement = running(store, locale, now).sql(" AND ").addressed("c.slug", "c.id", collection);
        let mut connection = lend(&self.public).await?;
        let row = statement.get_result::<Running>(&mut connection).await?;
        let shelf = row.shelf()?;
        let look = Look::at(&mut connection, std::slice::from_ref(&shelf), locale, now).await?;
        let (taken, next) = look.page(&mut connection, &shelf, after, limit).await?;
        Ok((row.shown(taken.total), Page { items: taken.products, next }))
    }
}
