//! Products of a storefront: lists by filter and order, and one with all that its page shows.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{
    Array, BigInt, Bool, Float, Integer, Jsonb, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::RunQueryDsl;
use kapal_domain::Code;
use kapal_domain::level::Level;
use kapal_domain::locale::Locale;
use kapal_domain::money::Money;
use kapal_domain::product_certificate::CertificateKind;
use kapal_domain::region::RegionCode;
use serde::Deserialize;
use uuid::Uuid;

use super::details::{Crumb, RelatedProduct, ShownDetails, ShownVariant};
use super::related::ON_PAGE;
use super::{Address, Store};
use crate::db::{Connection, lend};
use crate::statement::Statement;
use crate::stored::Stored;
use crate::{Cursor, CursorValue, Db, Page, Result};

/// A published product in one language, as lists show it.
#[derive(Debug, Clone, QueryableByName)]
pub struct ShownProduct {
    /// Its id.
    #[diesel(sql_type = SqlUuid)]
    pub product_id: Uuid,
    /// Its slug, unique within its aggregator.
    #[diesel(sql_type = Text)]
    pub slug: String,
    /// The language that the texts are in, which is the asked one where it has been translated.
    #[diesel(sql_type = Text)]
    pub text_locale: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Description.
    #[diesel(sql_type = Text)]
    pub description: String,
    /// The lowest price of its variants.
    #[diesel(sql_type = BigInt)]
    pub price_minor: i64,
    /// ISO 4217.
    #[diesel(sql_type = Text)]
    pub currency: String,
    /// Whether any variant is in stock.
    #[diesel(sql_type = Bool)]
    pub available: bool,
    /// Whether it is mutiara.
    #[diesel(sql_type = Bool)]
    pub is_mutiara: bool,
    /// Stars of the curation.
    #[diesel(sql_type = Nullable<SmallInt>)]
    pub stars: Option<i16>,
    /// The merchant.
    #[diesel(sql_type = Text)]
    pub merchant_slug: String,
    /// Its name.
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
    /// The category.
    #[diesel(sql_type = Text)]
    pub category_slug: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub category_name: String,
    /// Pictures, the main one first.
    #[diesel(sql_type = Jsonb, deserialize_as = Stored<ShownImage>)]
    pub images: Vec<ShownImage>,
    /// When it was published.
    #[diesel(sql_type = Timestamptz)]
    pub published_at: DateTime<Utc>,
    /// The aggregator that it comes from.
    #[diesel(sql_type = Text)]
    pub aggregator_slug: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub aggregator_name: String,
}

/// A picture of a published product.
#[derive(Debug, Clone, Deserialize)]
pub struct ShownImage {
    /// SHA-256 of the upload.
    pub hash: String,
    /// Width of the upload in pixels.
    pub width: u32,
    /// Its height.
    pub height: u32,
    /// The widths that it is served in.
    pub widths: Vec<u32>,
    /// Its colours as a BlurHash.
    #[serde(default)]
    pub blurhash: Option<String>,
    /// What it shows, in Indonesian.
    pub alt_id: String,
    /// The same in English.
    pub alt_en: String,
}

impl ShownProduct {
    /// The lowest price.
    pub fn price(&self) -> Result<Money> {
        money(self.price_minor, &self.currency)
    }
}

pub(super) fn money(minor: i64, currency: &str) -> Result<Money> {
    let currency = crate::identity::stored(kapal_domain::money::Currency::parse(currency))?;
    crate::identity::stored(Money::from_minor(minor, currency))
}

/// What a [`ShownProduct`] reads, of a document `d` of an aggregator `a`.
pub(crate) const SHOWN: &str = "d.product_id, d.slug, d.text_locale, d.name, d.description, d.price_minor, d.currency, \
    d.available, d.is_mutiara, d.stars, d.merchant_slug, d.merchant_name, d.region_code, d.region_name, \
    d.province_code, d.province_name, d.category_slug, d.category_name, d.images, d.published_at, \
    a.slug AS aggregator_slug, a.name AS aggregator_name";

/// How products are ordered; ties by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProductOrder {
    /// How well they fit the words; needs words.
    Relevance,
    /// The newest first.
    Newest,
    /// The cheapest first.
    Cheapest,
    /// The dearest first.
    Dearest,
    /// By name.
    Name,
}

/// Which products to list.
#[derive(Debug, Clone, Default)]
pub struct ShownProductFilter {
    /// Words that all occur, in any language of the product, in its merchant's, region's or category's name.
    pub text: Option<String>,
    /// In this category or below it, by slug.
    pub category: Option<String>,
    /// In this region or below it, at any level.
    pub regions: Vec<RegionCode>,
    /// Of the merchant.
    pub merchant: Option<Address>,
    /// From this aggregator.
    pub origin: Option<Address>,
    /// At least this price.
    pub min_price: Option<Money>,
    /// At most this price.
    pub max_price: Option<Money>,
    /// Mutiara, or none of them.
    pub mutiara: Option<bool>,
    /// At least as many stars.
    pub stars: Option<i16>,
    /// With a certificate of this kind that holds.
    pub certificate: Option<CertificateKind>,
    /// Of a merchant of this class.
    pub level: Option<Level>,
}

impl ShownProductFilter {
    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        self.text.is_none()
            && self.category.is_none()
            && self.regions.is_empty()
            && self.merchant.is_none()
            && self.origin.is_none()
            && self.min_price.is_none()
            && self.max_price.is_none()
            && self.mutiara.is_none()
            && self.stars.is_none()
            && self.certificate.is_none()
            && self.level.is_none()
    }
}

/// A product with where it stands in an order by relevance.
#[derive(QueryableByName)]
struct RankedProduct {
    #[diesel(embed)]
    product: ShownProduct,
    #[diesel(sql_type = Float)]
    rank: f32,
}

impl Statement {
    /// A text search query: all words, each as it is written or by its stem in either language. Each word is bound,
    /// and operators in it mean nothing.
    fn words(self, text: &str) -> Self {
        let mut statement = self.sql("(''::tsquery");
        for word in text.split_whitespace().take(crate::MAX_WORDS) {
            statement = statement.sql(" && (plainto_tsquery('simple', ").bind(word);
            statement = statement.sql(") || plainto_tsquery('indonesian', ").bind(word);
            statement = statement.sql(") || plainto_tsquery('english', ").bind(word).sql("))");
        }
        statement.sql(")")
    }
}

impl Db {
    /// A page of a storefront's products in one language.
    pub async fn storefront_products(
        &self,
        store: &Store,
        locale: Locale,
        filter: &ShownProductFilter,
        order: ProductOrder,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<ShownProduct>> {
        let statement = list(store, locale, filter, order, after, limit)?;
        let mut connection = lend(&self.public).await?;
        let rows = statement.load::<RankedProduct>(&mut connection).await?;
        if rows.is_empty() {
            // Nothing to show, or nowhere to show it.
            expect_store(&mut connection, store).await?;
        }
        let page = Page::cut(rows, limit, |row| position(order, &row.product, row.rank));
        Ok(page.map(|row| row.product))
    }
}

/// Where a product stands in an order.
pub(crate) fn position(order: ProductOrder, product: &ShownProduct, rank: f32) -> Cursor {
    let value = match order {
        ProductOrder::Relevance => CursorValue::Float(rank),
        ProductOrder::Newest => CursorValue::Int(product.published_at.timestamp_micros()),
        ProductOrder::Cheapest | ProductOrder::Dearest => CursorValue::Int(product.price_minor),
        ProductOrder::Name => CursorValue::Text(product.name.clone()),
    };
    Cursor(vec![value, CursorValue::Id(product.product_id)])
}

impl ProductOrder {
    /// The order of documents `d`, whose rank is a column.
    pub(crate) const fn clause(self) -> &'static str {
        match self {
            Self::Relevance => " ORDER BY d.rank DESC, d.product_id DESC",
            Self::Newest => " ORDER BY d.published_at DESC, d.product_id DESC",
            Self::Cheapest => " ORDER BY d.price_minor, d.product_id",
            Self::Dearest => " ORDER BY d.price_minor DESC, d.product_id DESC",
            Self::Name => " ORDER BY d.name COLLATE \"C\", d.product_id",
        }
    }
}

/// `NotFound` unless the store is open. The national one always is.
pub(crate) async fn expect_store(connection: &mut Connection, store: &Store) -> Result<()> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Integer)]
        #[expect(dead_code, reason = "its presence is the answer")]
        found: i32,
    }
    if store.aggregator.is_some() {
        Statement::new("SELECT 1 AS found FROM published_aggregators a WHERE ")
            .in_store(store)
            .get_result::<Found>(connection)
            .await?;
    }
    Ok(())
}

pub(super) fn list(
    store: &Store,
    locale: Locale,
    filter: &ShownProductFilter,
    order: ProductOrder,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Statement> {
    let rank = match (&filter.text, order) {
        (Some(text), ProductOrder::Relevance) => Statement::new("(ts_rank(d.vector, ")
            .words(text)
            .sql(") + CASE WHEN d.is_mutiara THEN 0.1 ELSE 0 END)::float4"),
        _ => Statement::new("0::float4"),
    };
    // One aggregator is named by a sub-select that is evaluated once, so that the index gives the order.
    let mut statement =
        Statement::new("SELECT ").sql(SHOWN).sql(", d.rank FROM (SELECT d.*, ").append(rank.clone());
    statement = match &store.aggregator {
        Some(_) => statement
            .sql(" AS rank FROM search_documents d WHERE d.aggregator_id = (SELECT a.id FROM published_aggregators a WHERE ")
            .in_store(store)
            .sql(")"),
        None => statement.sql(
            " AS rank FROM search_documents d JOIN published_aggregators a ON a.id = d.aggregator_id AND a.national WHERE true",
        ),
    };
    statement = statement.sql(" AND d.locale = ").bind(locale.as_str()).filtered(store, filter);
    if let Some(cursor) = after {
        statement = statement.after(order, &rank, cursor)?;
    }
    let inner = match order {
        ProductOrder::Relevance => " ORDER BY rank DESC, d.product_id DESC",
        other => other.clause(),
    };
    let wanted = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    statement = statement
        .sql(inner)
        .sql(" LIMIT ")
        .bind(wanted)
        .sql(") d JOIN published_aggregators a ON a.id = d.aggregator_id")
        .sql(order.clause());
    Ok(if filter.is_empty() { statement } else { statement.planned_anew() })
}

impl Statement {
    pub(crate) fn filtered(self, store: &Store, filter: &ShownProductFilter) -> Self {
        let mut statement = self
            .with(filter.text.as_ref(), |s, text| s.sql(" AND d.vector @@ ").words(text))
            .with(filter.category.as_deref(), |s, slug| {
                s.sql(" AND d.category_path @> ARRAY[").bind(slug).sql("]")
            })
            .with(filter.merchant.as_ref(), |s, merchant| {
                s.sql(" AND (d.aggregator_id, d.merchant_id) IN (SELECT m.aggregator_id, m.id FROM published_merchants m JOIN published_aggregators a ON a.id = m.aggregator_id WHERE ")
                    .in_store(store)
                    .sql(" AND ")
                    .addressed("m.slug", "m.id", merchant)
                    .sql(")")
            })
            .with(filter.origin.as_ref(), |s, origin| {
                s.sql(" AND d.aggregator_id = (SELECT o.id FROM published_aggregators o WHERE ")
                    .addressed("o.slug", "o.id", origin)
                    .sql(")")
            })
            .with(filter.min_price, |s, price| {
                s.sql(" AND d.price_minor >= ").bind(price.minor()).sql(" AND d.currency = ").bind(price.currency().as_str())
            })
            .with(filter.max_price, |s, price| {
                s.sql(" AND d.price_minor <= ").bind(price.minor()).sql(" AND d.currency = ").bind(price.currency().as_str())
            })
            .with(filter.mutiara, |s, mutiara| {
                s.sql(if mutiara { " AND d.is_mutiara" } else { " AND NOT d.is_mutiara" })
            })
            .with(filter.stars, |s, stars| s.sql(" AND d.stars >= ").bind(stars))
            .with(filter.certificate, |s, kind| {
                s.sql(" AND d.certificates @> ARRAY[").bind(kind.as_str()).sql("]")
            })
            .with(filter.level, |s, level| s.sql(" AND d.level = ").bind(level.as_str()));
        for region in &filter.regions {
            statement = statement.within(region);
        }
        statement
    }

    /// In a region or below it; the province is named too, since that is what is indexed.
    pub(super) fn within(self, region: &RegionCode) -> Self {
        let statement = self.sql(" AND d.province_code = ").bind(region.province().as_str());
        if region.parent().is_none() {
            return statement;
        }
        let below = format!("{}.%", region.as_str());
        statement
            .sql(" AND (d.region_code = ")
            .bind(region.as_str())
            .sql(" OR d.region_code LIKE ")
            .bind(below)
            .sql(")")
    }

    pub(crate) fn after(self, order: ProductOrder, rank: &Self, cursor: &Cursor) -> Result<Self> {
        Ok(match (order, cursor.0.as_slice()) {
            (ProductOrder::Relevance, [CursorValue::Float(value), CursorValue::Id(id)]) => self
                .sql(" AND (")
                .append(rank.clone())
                .sql(", d.product_id) < (")
                .bind(*value)
                .sql(", ")
                .bind(*id)
                .sql(")"),
            (ProductOrder::Newest, [CursorValue::Int(_), CursorValue::Id(_)]) => {
                let (time, id) = cursor.time_and_id()?;
                self.sql(" AND (d.published_at, d.product_id) < (").bind(time).sql(", ").bind(id).sql(")")
            }
            (ProductOrder::Cheapest, [CursorValue::Int(price), CursorValue::Id(id)]) => {
                self.sql(" AND (d.price_minor, d.product_id) > (").bind(*price).sql(", ").bind(*id).sql(")")
            }
            (ProductOrder::Dearest, [CursorValue::Int(price), CursorValue::Id(id)]) => {
                self.sql(" AND (d.price_minor, d.product_id) < (").bind(*price).sql(", ").bind(*id).sql(")")
            }
            (ProductOrder::Name, [CursorValue::Text(name), CursorValue::Id(id)]) => self
                .sql(" AND (d.name COLLATE \"C\", d.product_id) > (")
                .bind(name.as_str())
                .sql(", ")
                .bind(*id)
                .sql(")"),
            _ => return Err(Code::CursorMismatch.into()),
        })
    }
}

/// A product with all that its page shows.
#[derive(Debug, Clone, QueryableByName)]
pub struct ProductPage {
    /// As in lists.
    #[diesel(embed)]
    pub product: ShownProduct,
    /// The aggregator's id.
    #[diesel(sql_type = SqlUuid)]
    pub aggregator_id: Uuid,
    /// Whether the aggregator is a demonstration.
    #[diesel(sql_type = Bool)]
    pub demonstration: bool,
    /// The merchant's id.
    #[diesel(sql_type = SqlUuid)]
    pub merchant_id: Uuid,
    /// The maker's story.
    #[diesel(sql_type = Text)]
    pub story: String,
    /// The merchant's WhatsApp number, E.164.
    #[diesel(sql_type = Nullable<Text>)]
    pub whatsapp: Option<String>,
    /// The languages that it has been translated into.
    #[diesel(sql_type = Array<Text>)]
    pub locales: Vec<String>,
    /// Names the preview of its link: all that is drawn on it.
    #[diesel(sql_type = Text)]
    pub preview: String,
    /// A video about it.
    #[diesel(sql_type = Nullable<Text>)]
    pub video_url: Option<String>,
    /// The categories from the top of the tree to its own.
    #[diesel(sql_type = Jsonb, deserialize_as = Stored<Crumb>)]
    pub crumbs: Vec<Crumb>,
    /// What is known of it besides.
    #[diesel(sql_type = Jsonb)]
    pub details: ShownDetails,
    /// What is related to it.
    #[diesel(sql_type = Jsonb, deserialize_as = Stored<RelatedProduct>)]
    pub related: Vec<RelatedProduct>,
    /// The variants in their order.
    #[diesel(sql_type = Jsonb, deserialize_as = Stored<ShownVariant>)]
    pub variants: Vec<ShownVariant>,
    /// The merchant's channels besides WhatsApp.
    #[diesel(sql_type = Jsonb, deserialize_as = Stored<ShownChannel>)]
    pub channels: Vec<ShownChannel>,
    /// When it last changed.
    #[diesel(sql_type = Timestamptz)]
    pub updated_at: DateTime<Utc>,
}

/// Where else a merchant is reached.
#[derive(Debug, Clone, Deserialize)]
pub struct ShownChannel {
    /// The network.
    pub kind: String,
    /// The account there.
    pub handle: String,
}

impl Db {
    /// One product of a storefront, in one language.
    pub async fn storefront_product(
        &self,
        store: &Store,
        locale: Locale,
        product: &Address,
    ) -> Result<ProductPage> {
        let statement = Statement::new("SELECT ")
            .sql(SHOWN)
            .sql(
                ", a.id AS aggregator_id, a.demonstration, d.preview, p.video_url, m.id AS merchant_id, m.whatsapp,
                 CASE d.locale WHEN 'en' THEN coalesce(nullif(m.story_en, ''), m.story)
                    ELSE coalesce(nullif(m.story, ''), m.story_en) END AS story, m.channels, p.variants,
                 p.updated_at, ARRAY(SELECT jsonb_object_keys(p.translations)) AS locales, p.details,
                 (WITH RECURSIVE above AS (
                    SELECT c.parent_id, c.slug, c.name_id, c.name_en, 0 AS distance
                    UNION ALL
                    SELECT up.parent_id, up.slug, up.name_id, up.name_en, above.distance + 1
                    FROM above JOIN categories up ON up.id = above.parent_id
                  )
                  SELECT jsonb_agg(jsonb_build_object('slug', above.slug,
                    'name', CASE d.locale WHEN 'en' THEN above.name_en ELSE above.name_id END) ORDER BY above.distance DESC)
                  FROM above) AS crumbs,
                 (SELECT coalesce(jsonb_agg(jsonb_build_object('id', r.product_id, 'slug', r.slug, 'name', r.name,
                    'price_minor', r.price_minor, 'currency', r.currency, 'merchant_name', r.merchant_name,
                    'aggregator_slug', ra.slug, 'images', r.images) ORDER BY x.rank, x.published_at DESC, x.product_id DESC), '[]')
                  FROM (SELECT d.aggregator_id, d.product_id, d.locale, d.merchant_id, d.category_slug, d.province_code) o
                  CROSS JOIN LATERAL ",
            )
            .related_to_o(false, ON_PAGE)
            .sql(
                " JOIN search_documents r ON r.aggregator_id = x.aggregator_id AND r.product_id = x.product_id AND r.locale = o.locale
                  JOIN published_aggregators ra ON ra.id = r.aggregator_id) AS related
                 FROM published_aggregators a
                 JOIN published_products p ON p.aggregator_id = a.id
                 JOIN search_documents d ON d.aggregator_id = a.id AND d.product_id = p.id
                 JOIN published_merchants m ON m.aggregator_id = a.id AND m.id = p.merchant_id
                 JOIN categories c ON c.id = p.category_id
                 WHERE ",
            )
            .in_store(store)
            .sql(" AND ")
            .addressed("p.slug", "p.id", product)
            .sql(" AND d.locale = ")
            .bind(locale.as_str());
        let mut connection = lend(&self.public).await?;
        Ok(statement.get_result::<ProductPage>(&mut connection).await?)
    }
}
