//! Collections of a storefront, within their schedules.

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::locale::Locale;
use uuid::Uuid;

use super::product::{SHOWN, ShownProduct, expect_store};
use super::{Address, Store};
use crate::db::lend;
use crate::statement::Statement;
use crate::{Cursor, Db, Page, Result};

/// A running collection, in one language.
#[derive(Debug, Clone, diesel::QueryableByName)]
pub struct ShownCollection {
    /// Its id.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// Its slug, unique within its aggregator.
    #[diesel(sql_type = Text)]
    pub slug: String,
    /// Its title.
    #[diesel(sql_type = Text)]
    pub title: String,
    /// What it is about.
    #[diesel(sql_type = Text)]
    pub description: String,
    /// Since when it runs.
    #[diesel(sql_type = Timestamptz)]
    pub starts_at: DateTime<Utc>,
    /// Until when.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub ends_at: Option<DateTime<Utc>>,
    /// The aggregator that it comes from.
    #[diesel(sql_type = Text)]
    pub aggregator_slug: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub aggregator_name: String,
    /// How many of its products are published.
    #[diesel(sql_type = BigInt)]
    pub product_count: i64,
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
             c.starts_at, c.ends_at, a.slug AS aggregator_slug, a.name AS aggregator_name, \
             (SELECT count(*) FROM published_products p WHERE p.aggregator_id = c.aggregator_id AND p.id = ANY (c.product_ids)) AS product_count \
             FROM published_collections c JOIN published_aggregators a ON a.id = c.aggregator_id WHERE ",
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
        let mut statement = running(store, locale, Utc::now());
        if let Some(cursor) = after {
            let (time, id) = cursor.time_and_id()?;
            statement = statement.sql(" AND (c.starts_at, c.id) < (").bind(time).sql(", ").bind(id).sql(")");
        }
        let wanted = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        statement = statement.sql(" ORDER BY c.starts_at DESC, c.id DESC LIMIT ").bind(wanted);
        let mut connection = lend(&self.public).await?;
        let rows = statement.load::<ShownCollection>(&mut connection).await?;
        if rows.is_empty() {
            expect_store(&mut connection, store).await?;
        }
        Ok(Page::cut(rows, limit, |row| Cursor::at(row.starts_at, row.id)))
    }

    /// One running collection of a storefront, and its published products in their order.
    pub async fn storefront_collection(
        &self,
        store: &Store,
        locale: Locale,
        collection: &Address,
    ) -> Result<(ShownCollection, Vec<ShownProduct>)> {
        let statement =
            running(store, locale, Utc::now()).sql(" AND ").addressed("c.slug", "c.id", collection);
        let mut connection = lend(&self.public).await?;
        let collection = statement.get_result::<ShownCollection>(&mut connection).await?;
        let products = Statement::new("SELECT ")
            .sql(SHOWN)
            .sql(
                " FROM published_collections c
                 CROSS JOIN LATERAL unnest(c.product_ids) WITH ORDINALITY AS i (product_id, position)
                 JOIN search_documents d ON d.aggregator_id = c.aggregator_id AND d.product_id = i.product_id
                 JOIN published_aggregators a ON a.id = c.aggregator_id
                 WHERE c.id = ",
            )
            .bind(collection.id)
            .sql(" AND a.slug = ")
            .bind(collection.aggregator_slug.as_str())
            .sql(" AND d.locale = ")
            .bind(locale.as_str())
            .sql(" ORDER BY i.position");
        let products = products.load::<ShownProduct>(&mut connection).await?;
        Ok((collection, products))
    }
}
