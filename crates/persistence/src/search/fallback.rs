//! What a search needs from the database: the rows of what the index found, the names of what it counted, and the
//! database's own answers while there is no index.

use std::collections::HashMap;

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Nullable, SmallInt, Text};
use diesel_async::RunQueryDsl;
use kapal_domain::locale::Locale;
use uuid::Uuid;

use crate::db::lend;
use crate::statement::Statement;
use crate::storefront::{SHOWN, expect_store, position};
use crate::{Cursor, Db, Page, ProductOrder, Result, ShownProduct, ShownProductFilter, Store};

/// A product that the database looked at to count facets.
#[derive(Debug, Clone, QueryableByName)]
pub struct Candidate {
    /// Slugs of its category and of those above it.
    #[diesel(sql_type = Array<Text>)]
    pub category_path: Vec<String>,
    /// Its province.
    #[diesel(sql_type = Text)]
    pub province_code: String,
    /// Its lowest price.
    #[diesel(sql_type = BigInt)]
    pub price_minor: i64,
    /// Stars of the curation.
    #[diesel(sql_type = Nullable<SmallInt>)]
    pub stars: Option<i16>,
    /// Kinds of certificates.
    #[diesel(sql_type = Array<Text>)]
    pub certificates: Vec<String>,
}

/// So many candidates are counted: a count must not cost more than a page.
pub const CANDIDATES: usize = 2_000;

#[derive(QueryableByName)]
struct Label {
    #[diesel(sql_type = Text)]
    value: String,
    #[diesel(sql_type = Text)]
    label: String,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

impl Db {
    /// Those of the hits that are shown at this moment and fulfil the filter, in no order. What was taken down a moment
    /// ago is not among them, whatever found it.
    pub async fn storefront_hits(
        &self,
        store: &Store,
        locale: Locale,
        filter: &ShownProductFilter,
        hits: &[(Uuid, Uuid)],
    ) -> Result<Vec<ShownProduct>> {
        let mut connection = lend(&self.public).await?;
        let rows = found(store, locale, filter, hits).load::<ShownProduct>(&mut connection).await?;
        if rows.is_empty() {
            expect_store(&mut connection, store).await?;
        }
        Ok(rows)
    }

    /// The same in another order than that of the hits, a page of it.
    pub async fn storefront_hits_in_order(
        &self,
        store: &Store,
        locale: Locale,
        filter: &ShownProductFilter,
        hits: &[(Uuid, Uuid)],
        order: ProductOrder,
        (after, limit): (Option<&Cursor>, usize),
    ) -> Result<Page<ShownProduct>> {
        let mut statement = found(store, locale, filter, hits);
        if let Some(cursor) = after {
            statement = statement.after(order, &Statement::default(), cursor)?;
        }
        let statement = statement.page(order.clause(), limit);
        let mut connection = lend(&self.public).await?;
        let rows = statement.load::<ShownProduct>(&mut connection).await?;
        if rows.is_empty() {
            expect_store(&mut connection, store).await?;
        }
        Ok(Page::cut(rows, limit, |product| position(order, product, 0.0)))
    }

    /// Products that fulfil the filter, as many as are counted and one more.
    pub async fn storefront_candidates(
        &self,
        store: &Store,
        locale: Locale,
        filter: &ShownProductFilter,
    ) -> Result<Vec<Candidate>> {
        let statement = Statement::new(
            "SELECT d.category_path, d.province_code, d.price_minor, d.stars, d.certificates FROM search_documents d \
             JOIN published_aggregators a ON a.id = d.aggregator_id WHERE ",
        )
        .in_store(store)
        .sql(" AND d.locale = ")
        .bind(locale.as_str())
        .filtered(store, filter)
        .page("", CANDIDATES)
        .planned_anew();
        let mut connection = lend(&self.public).await?;
        Ok(statement.load(&mut connection).await?)
    }

    /// The names of categories by their slugs, and of provinces by their codes.
    pub async fn facet_labels(
        &self,
        locale: Locale,
        categories: Vec<String>,
        provinces: Vec<String>,
    ) -> Result<HashMap<String, String>> {
        let statement = Statement::new("SELECT slug AS value, CASE ")
            .bind(locale.as_str())
            .sql(" WHEN 'en' THEN name_en ELSE name_id END AS label FROM categories WHERE slug = ANY (")
            .bind(categories)
            .sql(") UNION ALL SELECT code, name FROM regions WHERE code = ANY (")
            .bind(provinces)
            .sql(")");
        let mut connection = lend(&self.public).await?;
        let labels = statement.load::<Label>(&mut connection).await?;
        Ok(labels.into_iter().map(|label| (label.value, label.label)).collect())
    }

    /// `NotFound` unless the store is open.
    pub async fn expect_storefront(&self, store: &Store) -> Result<()> {
        let mut connection = lend(&self.public).await?;
        expect_store(&mut connection, store).await
    }

    /// Names of products in which a word begins with these letters.
    pub async fn storefront_names(
        &self,
        store: &Store,
        locale: Locale,
        beginning: &str,
        limit: usize,
    ) -> Result<Vec<String>> {
        // Letters and digits alone: quoted, they are one word to the parser.
        let letters: String = beginning.chars().filter(|c| c.is_alphanumeric()).collect();
        let statement = Statement::new(
            "SELECT DISTINCT d.name FROM search_documents d JOIN published_aggregators a ON a.id = d.aggregator_id WHERE ",
        )
        .in_store(store)
        .sql(" AND d.locale = ")
        .bind(locale.as_str())
        .sql(" AND d.vector @@ to_tsquery('simple', ")
        .bind(format!("'{letters}':*"))
        .sql(")")
        .page(" ORDER BY d.name", limit.saturating_sub(1))
        .planned_anew();
        let mut connection = lend(&self.public).await?;
        let names = statement.load::<Name>(&mut connection).await?;
        Ok(names.into_iter().map(|row| row.name).collect())
    }
}

/// The documents of the hits, found by their keys before anything else is asked of them.
fn found(store: &Store, locale: Locale, filter: &ShownProductFilter, hits: &[(Uuid, Uuid)]) -> Statement {
    let (aggregators, products): (Vec<_>, Vec<_>) = hits.iter().copied().unzip();
    Statement::new("SELECT ")
        .sql(SHOWN)
        .sql(" FROM (SELECT d.* FROM unnest(")
        .bind(aggregators)
        .sql(", ")
        .bind(products)
        .sql(
            ") AS h (aggregator_id, product_id) JOIN search_documents d \
             ON d.aggregator_id = h.aggregator_id AND d.product_id = h.product_id WHERE d.locale = ",
        )
        .bind(locale.as_str())
        .sql(" OFFSET 0) d JOIN published_aggregators a ON a.id = d.aggregator_id WHERE ")
        .in_store(store)
        .filtered(store, filter)
        .planned_anew()
}
