//! Products that are related to another: of its merchant first, then of its category, then of its province. Which these
//! are depends on what is published alone, so that the answer can be kept.

use diesel_async::RunQueryDsl;
use kapal_domain::locale::Locale;

use super::product::{SHOWN, ShownProduct};
use super::{Address, Store};
use crate::db::lend;
use crate::statement::Statement;
use crate::{Db, Error, Result};

/// How many a list of them has at most.
pub const MOST_RELATED: i64 = 12;
/// How many stand on a product's own page.
pub(super) const ON_PAGE: i64 = 4;

/// Of the document `o`, as (aggregator_id, product_id, rank, published_at): each part is bounded by an index, and the
/// newest of each come first.
const OF_MERCHANT: &str = "SELECT DISTINCT ON (r.aggregator_id, r.product_id) r.aggregator_id, r.product_id, r.rank, r.published_at FROM (
    (SELECT 1 AS rank, s.aggregator_id, s.product_id, s.published_at FROM search_documents s
     WHERE s.aggregator_id = o.aggregator_id AND s.merchant_id = o.merchant_id AND s.locale = o.locale
     ORDER BY s.published_at DESC, s.product_id DESC LIMIT 5)
    UNION ALL
    (SELECT 2, s.aggregator_id, s.product_id, s.published_at FROM search_documents s
     WHERE s.aggregator_id = o.aggregator_id AND s.locale = o.locale AND s.category_slug = o.category_slug
     ORDER BY s.published_at DESC, s.product_id DESC LIMIT 13)
    UNION ALL
    (SELECT 3, s.aggregator_id, s.product_id, s.published_at FROM search_documents s";
const OF_PROVINCE: &str = " AND s.locale = o.locale AND s.province_code = o.province_code
     ORDER BY s.published_at DESC, s.product_id DESC LIMIT 13)
 ) r WHERE r.product_id <> o.product_id ORDER BY r.aggregator_id, r.product_id, r.rank";

impl Statement {
    /// Those that are related to the document `o`, as `x` with its rank: of its aggregator, or by its
    /// province of the nation.
    pub(super) fn related_to_o(self, national: bool, most: i64) -> Self {
        let of_store = if national {
            " JOIN published_aggregators n ON n.id = s.aggregator_id AND n.national WHERE true"
        } else {
            " WHERE s.aggregator_id = o.aggregator_id"
        };
        self.sql("(SELECT * FROM (")
            .sql(OF_MERCHANT)
            .sql(of_store)
            .sql(OF_PROVINCE)
            .sql(") x ORDER BY x.rank, x.published_at DESC, x.product_id DESC LIMIT ")
            .bind(most)
            .sql(") x")
    }
}

impl Db {
    /// Products that are related to one of a storefront, the nearest first.
    pub async fn storefront_related(
        &self,
        store: &Store,
        locale: Locale,
        product: &Address,
    ) -> Result<Vec<ShownProduct>> {
        let statement = Statement::new("SELECT ")
            .sql(SHOWN)
            .sql(
                " FROM (SELECT o.* FROM search_documents o JOIN published_aggregators a ON a.id = o.aggregator_id WHERE ",
            )
            .in_store(store)
            .sql(" AND ")
            .addressed("o.slug", "o.product_id", product)
            .sql(" AND o.locale = ")
            .bind(locale.as_str())
            .sql(") o CROSS JOIN LATERAL ")
            .related_to_o(store.national, MOST_RELATED)
            .sql(
                " JOIN search_documents d ON d.aggregator_id = x.aggregator_id AND d.product_id = x.product_id AND d.locale = o.locale
                  JOIN published_aggregators a ON a.id = d.aggregator_id
                  ORDER BY x.rank, x.published_at DESC, x.product_id DESC",
            );
        let mut connection = lend(&self.public).await?;
        let related = statement.load::<ShownProduct>(&mut connection).await?;
        drop(connection);
        if related.is_empty() && !self.shows_product(store, product).await? {
            return Err(Error::NotFound);
        }
        Ok(related)
    }

    async fn shows_product(&self, store: &Store, product: &Address) -> Result<bool> {
        #[derive(diesel::QueryableByName)]
        struct Found {
            #[diesel(sql_type = diesel::sql_types::Bool)]
            found: bool,
        }
        let statement = Statement::new(
            "SELECT EXISTS (SELECT FROM published_products p JOIN published_aggregators a ON a.id = p.aggregator_id WHERE ",
        )
        .in_store(store)
        .sql(" AND ")
        .addressed("p.slug", "p.id", product)
        .sql(") AS found");
        let mut connection = lend(&self.public).await?;
        Ok(statement.get_result::<Found>(&mut connection).await?.found)
    }
}
