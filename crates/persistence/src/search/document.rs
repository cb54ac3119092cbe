//! The published products as the index takes them in.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::ids::AggregatorId;
use uuid::Uuid;

use crate::db::lend;
use crate::statement::Statement;
use crate::{Db, Result};

/// A published product in one language.
#[derive(Debug, Clone, QueryableByName)]
pub struct SearchDocument {
    /// Whose it is.
    #[diesel(sql_type = SqlUuid)]
    pub aggregator_id: Uuid,
    /// The product.
    #[diesel(sql_type = SqlUuid)]
    pub product_id: Uuid,
    /// The language that it is shown in.
    #[diesel(sql_type = Text)]
    pub locale: String,
    /// The language that its texts are really in.
    #[diesel(sql_type = Text)]
    pub text_locale: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Description.
    #[diesel(sql_type = Text)]
    pub description: String,
    /// The lowest price.
    #[diesel(sql_type = BigInt)]
    pub price_minor: i64,
    /// Whether any variant is in stock.
    #[diesel(sql_type = Bool)]
    pub available: bool,
    /// Whether it is mutiara.
    #[diesel(sql_type = Bool)]
    pub is_mutiara: bool,
    /// Stars of the curation.
    #[diesel(sql_type = Nullable<SmallInt>)]
    pub stars: Option<i16>,
    /// Who makes it.
    #[diesel(sql_type = SqlUuid)]
    pub merchant_id: Uuid,
    /// The merchant's slug.
    #[diesel(sql_type = Text)]
    pub merchant_slug: String,
    /// The merchant's name.
    #[diesel(sql_type = Text)]
    pub merchant_name: String,
    /// Where the merchant is.
    #[diesel(sql_type = Text)]
    pub region_code: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub region_name: String,
    /// The province.
    #[diesel(sql_type = Text)]
    pub province_code: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub province_name: String,
    /// Name of the category in the language.
    #[diesel(sql_type = Text)]
    pub category_name: String,
    /// Slugs of the category and of those above it, the topmost first.
    #[diesel(sql_type = Array<Text>)]
    pub category_path: Vec<String>,
    /// Kinds of certificates.
    #[diesel(sql_type = Array<Text>)]
    pub certificates: Vec<String>,
    /// The merchant's class of naik kelas.
    #[diesel(sql_type = Nullable<Text>)]
    pub level: Option<String>,
    /// When it was published.
    #[diesel(sql_type = Timestamptz)]
    pub published_at: DateTime<Utc>,
}

const COLUMNS: &str = "SELECT d.aggregator_id, d.product_id, d.locale, d.text_locale, d.name, d.description, \
    d.price_minor, d.available, d.is_mutiara, d.stars, d.merchant_id, d.merchant_slug, d.merchant_name, \
    d.region_code, d.region_name, d.province_code, d.province_name, d.category_name, d.category_path, \
    d.certificates, d.level, d.published_at FROM search_documents d WHERE ";

impl Db {
    /// The documents of these products, and of all products of these merchants, as they are now: those of a product
    /// together.
    pub async fn search_documents_of(
        &self,
        aggregator: AggregatorId,
        products: Vec<Uuid>,
        merchants: Vec<Uuid>,
    ) -> Result<Vec<SearchDocument>> {
        let statement = Statement::new(COLUMNS)
            .sql("d.aggregator_id = ")
            .bind(aggregator.uuid())
            .sql(" AND (d.product_id = ANY (")
            .bind(products)
            .sql(") OR d.merchant_id = ANY (")
            .bind(merchants)
            .sql(")) ORDER BY d.product_id, d.locale");
        let mut connection = lend(&self.ops).await?;
        Ok(statement.load(&mut connection).await?)
    }

    /// So many documents, of one aggregator or of all, that follow one; those of a product together.
    pub async fn search_documents_after(
        &self,
        aggregator: Option<AggregatorId>,
        after: Option<&SearchDocument>,
        limit: i64,
    ) -> Result<Vec<SearchDocument>> {
        let statement = Statement::new(COLUMNS)
            .sql("true")
            .with(aggregator, |s, id| s.sql(" AND d.aggregator_id = ").bind(id.uuid()))
            .with(after, |s, last| {
                s.sql(" AND (d.aggregator_id, d.product_id, d.locale) > (")
                    .bind(last.aggregator_id)
                    .sql(", ")
                    .bind(last.product_id)
                    .sql(", ")
                    .bind(last.locale.as_str())
                    .sql(")")
            })
            .sql(" ORDER BY d.aggregator_id, d.product_id, d.locale LIMIT ")
            .bind(limit);
        let mut connection = lend(&self.ops).await?;
        Ok(statement.load(&mut connection).await?)
    }

    /// How many languages a published product has a document in.
    pub const DOCUMENTS_EACH: i64 = kapal_domain::locale::Locale::ALL.len() as i64;
}
