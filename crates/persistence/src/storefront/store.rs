//! A storefront itself: who it is, and what is in it.

use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel_async::RunQueryDsl;
use kapal_domain::locale::Locale;

use super::Store;
use crate::db::lend;
use crate::statement::Statement;
use crate::{Db, Result};

/// An open aggregator as its storefront shows it.
#[derive(Debug, Clone, diesel::QueryableByName)]
pub struct ShownAggregator {
    /// Its slug.
    #[diesel(sql_type = Text)]
    pub slug: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// What it says of itself, in the asked language where there is a text.
    #[diesel(sql_type = Text)]
    pub description: String,
    /// `#rrggbb`.
    #[diesel(sql_type = Text)]
    pub primary_colour: String,
    /// Whether its data are a demonstration.
    #[diesel(sql_type = Bool)]
    pub demonstration: bool,
}

/// A category with what a storefront has in it.
#[derive(Debug, Clone, diesel::QueryableByName)]
pub struct CountedCategory {
    /// Its slug.
    #[diesel(sql_type = Text)]
    pub slug: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The category above it.
    #[diesel(sql_type = Nullable<Text>)]
    pub parent: Option<String>,
    /// How many products are in it and below it, as far as they were counted.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    /// Whether there are more.
    #[diesel(sql_type = Bool)]
    pub capped: bool,
}

/// How far the products of one category are counted: a count must not cost more than a page.
const COUNTED: i64 = 1_000;

/// How many aggregators are named on the national home.
const MOST_SHOPS: i64 = 40;

/// Aggregators as `a`.
fn described(locale: Locale) -> Statement {
    Statement::new("SELECT a.slug, a.name, CASE WHEN ").bind(locale.as_str()).sql(
        " = 'en' AND a.description_en <> '' OR a.description_id = '' THEN a.description_en \
         ELSE a.description_id END AS description, a.primary_colour, a.demonstration \
         FROM published_aggregators a WHERE ",
    )
}

impl Db {
    /// The aggregator of a storefront.
    pub async fn storefront_aggregator(&self, store: &Store, locale: Locale) -> Result<ShownAggregator> {
        let statement = described(locale).in_store(store);
        let mut connection = lend(&self.public).await?;
        Ok(statement.get_result::<ShownAggregator>(&mut connection).await?)
    }

    /// The aggregators that take part in the national storefront, by name.
    pub async fn storefront_aggregators(&self, locale: Locale) -> Result<Vec<ShownAggregator>> {
        let statement = described(locale)
            .in_store(&Store::national())
            .sql(" ORDER BY a.name COLLATE \"C\", a.id LIMIT ")
            .bind(MOST_SHOPS);
        let mut connection = lend(&self.public).await?;
        Ok(statement.load::<ShownAggregator>(&mut connection).await?)
    }

    /// The categories that a storefront has products in, and those above them, in their order.
    pub async fn storefront_categories(&self, store: &Store, locale: Locale) -> Result<Vec<CountedCategory>> {
        let statement = Statement::new(
            "WITH RECURSIVE counted AS (
                SELECT c.id, n.count FROM categories c CROSS JOIN LATERAL (
                    SELECT count(*) FROM (
                        SELECT FROM search_documents d JOIN published_aggregators a ON a.id = d.aggregator_id
                        WHERE d.category_slug = c.slug AND d.locale = ",
        )
        .bind(locale.as_str())
        .sql(" AND ")
        .in_store(store)
        .sql(" LIMIT ")
        .bind(COUNTED + 1)
        .sql(
            "    ) AS counted) AS n
             ),
             -- Each category with its ids from the top, and what orders it after the one above it.
             tree AS (
                SELECT c.id, ARRAY[c.id] AS path, ARRAY[lpad(c.position::text, 10, '0') || c.slug] AS place
                FROM categories c WHERE c.parent_id IS NULL
                UNION ALL
                SELECT c.id, tree.path || c.id, tree.place || (lpad(c.position::text, 10, '0') || c.slug)
                FROM tree JOIN categories c ON c.parent_id = tree.id
             ),
             summed AS (
                SELECT up.id, sum(n.count)::bigint AS count
                FROM tree t JOIN counted n ON n.id = t.id CROSS JOIN unnest(t.path) AS up (id)
                GROUP BY up.id
             )
             SELECT c.slug, CASE ",
        )
        .bind(locale.as_str())
        .sql(" WHEN 'en' THEN c.name_en ELSE c.name_id END AS name, above.slug AS parent, least(s.count, ")
        .bind(COUNTED)
        .sql(") AS count, s.count > ")
        .bind(COUNTED)
        .sql(
            " AS capped FROM summed s JOIN tree t ON t.id = s.id JOIN categories c ON c.id = s.id
              LEFT JOIN categories above ON above.id = c.parent_id
              WHERE s.count > 0 ORDER BY t.place",
        );
        let mut connection = lend(&self.public).await?;
        let categories = statement.load::<CountedCategory>(&mut connection).await?;
        if categories.is_empty() {
            super::product::expect_store(&mut connection, store).await?;
        }
        Ok(categories)
    }
}
