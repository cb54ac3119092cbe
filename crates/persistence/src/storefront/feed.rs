//! The catalogue as feeds and sitemaps tell it: all of it, in pieces that follow each other by key.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::locale::Locale;
use uuid::Uuid;

use super::Store;
use super::details::ShownVariant;
use super::product::{SHOWN, ShownImage, ShownProduct};
use crate::db::lend;
use crate::statement::Statement;
use crate::stored::Stored;
use crate::{Db, Result};

/// A thing of the projection: its aggregator's id and its own. Feeds are in this order.
pub type Key = (Uuid, Uuid);

/// A published product as feeds tell it.
#[derive(Debug, Clone, QueryableByName)]
pub struct FedProduct {
    /// As lists show it.
    #[diesel(embed)]
    pub product: ShownProduct,
    /// Its aggregator.
    #[diesel(sql_type = SqlUuid)]
    pub aggregator_id: Uuid,
    /// Its category.
    #[diesel(sql_type = SqlUuid)]
    pub category_id: Uuid,
    /// Its variants, the first of them first.
    #[diesel(sql_type = Jsonb, deserialize_as = Stored<ShownVariant>)]
    pub variants: Vec<ShownVariant>,
    /// Kinds of its certificates.
    #[diesel(sql_type = Array<Text>)]
    pub certificates: Vec<String>,
    /// When it last changed.
    #[diesel(sql_type = Timestamptz)]
    pub updated_at: DateTime<Utc>,
    /// Since when it is mutiara.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub mutiara_at: Option<DateTime<Utc>>,
}

impl FedProduct {
    /// Where it stands in the order of feeds.
    pub fn key(&self) -> Key {
        (self.aggregator_id, self.product.product_id)
    }
}

/// What other catalogues call a category: as it says itself, else as the nearest above it does.
#[derive(Debug, Clone, Copy, Default)]
pub struct FedCategory {
    /// The id in Google's product taxonomy.
    pub google: Option<i32>,
    /// The id in Meta's.
    pub meta: Option<i32>,
}

/// The page of a thing, for a sitemap.
#[derive(Debug, Clone, QueryableByName)]
pub struct Mapped {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    /// Its slug.
    #[diesel(sql_type = Text)]
    pub slug: String,
    /// That of its aggregator.
    #[diesel(sql_type = Text)]
    pub aggregator_slug: String,
    /// Its pictures.
    #[diesel(sql_type = Jsonb, deserialize_as = Stored<ShownImage>)]
    pub images: Vec<ShownImage>,
    /// When it last changed, where that is known.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub updated_at: Option<DateTime<Utc>>,
}

impl Mapped {
    /// Where it stands in the order of sitemaps.
    pub fn key(&self) -> Key {
        (self.aggregator_id, self.id)
    }
}

/// What has pages of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MappedKind {
    /// Products.
    Products,
    /// Merchants that have products to show.
    Merchants,
    /// Collections that run.
    Collections,
}

impl MappedKind {
    /// The table `t` with its aggregators `a`, and the condition of being shown.
    const fn source(self) -> &'static str {
        match self {
            Self::Products => {
                " FROM published_products t JOIN published_aggregators a ON a.id = t.aggregator_id WHERE true AND "
            }
            Self::Merchants => {
                " FROM published_merchants t JOIN published_aggregators a ON a.id = t.aggregator_id WHERE EXISTS (SELECT \
                 FROM published_products p WHERE p.aggregator_id = t.aggregator_id AND p.merchant_id = t.id) AND "
            }
            Self::Collections => {
                " FROM published_collections t JOIN published_aggregators a ON a.id = t.aggregator_id \
                 WHERE t.starts_at <= now() AND (t.ends_at IS NULL OR t.ends_at > now()) AND "
            }
        }
    }

    const fn columns(self) -> &'static str {
        match self {
            Self::Products => "t.images, t.updated_at",
            Self::Merchants => "t.logo AS images, NULL::timestamptz AS updated_at",
            Self::Collections => "t.images, NULL::timestamptz AS updated_at",
        }
    }
}

#[derive(QueryableByName)]
struct Bound {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

#[derive(QueryableByName)]
struct CategoryRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    parent_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Integer>)]
    google_category_id: Option<i32>,
    #[diesel(sql_type = Nullable<Integer>)]
    meta_category_id: Option<i32>,
}

const FED: &str = ", d.aggregator_id, p.category_id, p.variants, d.certificates, p.updated_at, p.mutiara_at ";

impl Db {
    /// So many products that follow one, by key.
    pub async fn fed_products(
        &self,
        store: &Store,
        locale: Locale,
        after: Option<Key>,
        limit: i64,
    ) -> Result<Vec<FedProduct>> {
        let statement = Statement::new("SELECT ").sql(SHOWN).sql(FED);
        let statement =
            statement.sql("FROM (SELECT d.* FROM search_documents d WHERE d.aggregator_id").of_store(store);
        let statement = statement.sql(" AND d.locale = ").bind(locale.as_str());
        let statement = following(statement, "(d.aggregator_id, d.product_id)", after)
            .sql(" ORDER BY d.aggregator_id, d.product_id LIMIT ")
            .bind(limit)
            .sql(
                ") d JOIN published_products p ON p.aggregator_id = d.aggregator_id AND p.id = d.product_id \
                 JOIN published_aggregators a ON a.id = d.aggregator_id ORDER BY d.aggregator_id, d.product_id",
            );
        let mut connection = lend(&self.public).await?;
        Ok(statement.load::<FedProduct>(&mut connection).await?)
    }

    /// The newest mutiara.
    pub async fn new_mutiara(&self, store: &Store, locale: Locale, limit: i64) -> Result<Vec<FedProduct>> {
        let newest = " p.mutiara_at DESC, p.id DESC";
        let statement = Statement::new("SELECT ")
            .sql(SHOWN)
            .sql(FED)
            .sql("FROM (SELECT p.* FROM published_products p WHERE p.mutiara_at IS NOT NULL AND p.aggregator_id")
            .of_store(store)
            .sql(" ORDER BY")
            .sql(newest)
            .sql(" LIMIT ")
            .bind(limit)
            .sql(
                ") p JOIN search_documents d ON d.aggregator_id = p.aggregator_id AND d.product_id = p.id AND d.locale = ",
            )
            .bind(locale.as_str())
            .sql(" JOIN published_aggregators a ON a.id = p.aggregator_id ORDER BY")
            .sql(newest);
        let mut connection = lend(&self.public).await?;
        Ok(statement.load::<FedProduct>(&mut connection).await?)
    }

    /// What other catalogues call each category.
    pub async fn fed_categories(&self) -> Result<HashMap<Uuid, FedCategory>> {
        let mut connection = lend(&self.public).await?;
        let statement =
            Statement::new("SELECT id, parent_id, google_category_id, meta_category_id FROM categories");
        let rows = statement.load::<CategoryRow>(&mut connection).await?;
        let by_id: HashMap<_, _> = rows.iter().map(|row| (row.id, row)).collect();
        let above = |row: &CategoryRow| row.parent_id.and_then(|id| by_id.get(&id).copied());
        let nearest = |row: &CategoryRow, id: fn(&CategoryRow) -> Option<i32>| {
            std::iter::successors(by_id.get(&row.id).copied(), |row| above(row)).find_map(id)
        };
        let fed = |row: &CategoryRow| FedCategory {
            google: nearest(row, |row| row.google_category_id),
            meta: nearest(row, |row| row.meta_category_id),
        };
        Ok(rows.iter().map(|row| (row.id, fed(row))).collect())
    }

    /// So many things that have a page and follow one, by key.
    pub async fn mapped(
        &self,
        store: &Store,
        kind: MappedKind,
        after: Option<Key>,
        limit: i64,
    ) -> Result<Vec<Mapped>> {
        let statement = Statement::new("SELECT t.aggregator_id, t.id, t.slug, a.slug AS aggregator_slug, ")
            .sql(kind.columns())
            .sql(kind.source())
            .in_store(store);
        let statement = following(statement, "(t.aggregator_id, t.id)", after)
            .sql(" ORDER BY t.aggregator_id, t.id LIMIT ")
            .bind(limit);
        let mut connection = lend(&self.public).await?;
        Ok(statement.load::<Mapped>(&mut connection).await?)
    }

    /// The last of each `every` things that have a page: where parts of a sitemap end.
    pub async fn mapped_bounds(&self, store: &Store, kind: MappedKind, every: i64) -> Result<Vec<Key>> {
        let statement = Statement::new(
            "SELECT aggregator_id, id FROM (SELECT t.aggregator_id, t.id, row_number() OVER (ORDER BY t.aggregator_id, t.id) AS n",
        )
        .sql(kind.source())
        .in_store(store)
        .sql(") t WHERE n % ")
        .bind(every)
        .sql(" = 0 ORDER BY aggregator_id, id");
        let mut connection = lend(&self.public).await?;
        let bounds = statement.load::<Bound>(&mut connection).await?;
        Ok(bounds.into_iter().map(|bound| (bound.aggregator_id, bound.id)).collect())
    }

    /// The slugs of the open aggregators that have a storefront.
    pub async fn storefront_slugs(&self) -> Result<Vec<String>> {
        #[derive(QueryableByName)]
        struct Slug {
            #[diesel(sql_type = Text)]
            slug: String,
        }
        let mut connection = lend(&self.public).await?;
        let rows = Statement::new("SELECT slug FROM published_aggregators ORDER BY slug")
            .load::<Slug>(&mut connection)
            .await?;
        Ok(rows.into_iter().map(|row| row.slug).collect())
    }
}

impl Statement {
    /// ` = ..` or ` IN ..` the ids of the store's aggregators. One is named by a sub-select that is evaluated once, so
    /// that an index gives the order.
    fn of_store(self, store: &Store) -> Self {
        let one = store.aggregator.is_some();
        self.sql(if one { " = " } else { " IN " })
            .sql("(SELECT a.id FROM published_aggregators a WHERE ")
            .in_store(store)
            .sql(")")
    }
}

fn following(statement: Statement, key: &'static str, after: Option<Key>) -> Statement {
    statement.with(after, |s, (aggregator, id)| {
        s.sql(" AND ").sql(key).sql(" > (").bind(aggregator).sql(", ").bind(id).sql(")")
    })
}
