//! Merchants of a storefront.

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::locale::Locale;
use kapal_domain::region::RegionCode;
use uuid::Uuid;

use super::product::expect_store;
use super::{Address, ShownChannel, ShownImage, Store};
use crate::db::lend;
use crate::statement::Statement;
use crate::stored::Stored;
use crate::{Cursor, Db, Page, Result};

/// An active merchant as storefronts show it.
#[derive(Debug, Clone, diesel::QueryableByName)]
pub struct ShownMerchant {
    /// Its id.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// The aggregator's id.
    #[diesel(sql_type = SqlUuid)]
    pub aggregator_id: Uuid,
    /// Its slug, unique within its aggregator.
    #[diesel(sql_type = Text)]
    pub slug: String,
    /// Shop name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The maker's story, in the asked language where it has been translated.
    #[diesel(sql_type = Text)]
    pub story: String,
    /// Its logo: none or one.
    #[diesel(sql_type = Jsonb, deserialize_as = Stored<ShownImage>)]
    pub logo: Vec<ShownImage>,
    /// Where it is.
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
    /// E.164.
    #[diesel(sql_type = Nullable<Text>)]
    pub whatsapp: Option<String>,
    /// Its channels besides WhatsApp.
    #[diesel(sql_type = Jsonb, deserialize_as = Stored<ShownChannel>)]
    pub channels: Vec<ShownChannel>,
    /// When it was onboarded.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// The aggregator that it belongs to.
    #[diesel(sql_type = Text)]
    pub aggregator_slug: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub aggregator_name: String,
    /// How many of its products are published.
    #[diesel(sql_type = BigInt)]
    pub product_count: i64,
    /// Whether the aggregator is a demonstration.
    #[diesel(sql_type = Bool)]
    pub demonstration: bool,
}

pub(super) fn shown(locale: Locale) -> Statement {
    let story = match locale {
        Locale::Id => "coalesce(nullif(d.story, ''), d.story_en)",
        Locale::En => "coalesce(nullif(d.story_en, ''), d.story)",
    };
    Statement::new("SELECT ").sql(story).sql(
        " AS story, d.id, d.aggregator_id, d.slug, d.name, d.logo, d.region_code, d.region_name, d.province_code, d.province_name, d.whatsapp, \
         d.channels, d.created_at, a.slug AS aggregator_slug, a.name AS aggregator_name, a.demonstration, \
         (SELECT count(*) FROM published_products p WHERE p.aggregator_id = d.aggregator_id AND p.merchant_id = d.id) AS product_count \
         FROM published_merchants d JOIN published_aggregators a ON a.id = d.aggregator_id WHERE ",
    )
}

impl Db {
    /// A page of a storefront's merchants, the newest first.
    pub async fn storefront_merchants(
        &self,
        store: &Store,
        locale: Locale,
        regions: &[RegionCode],
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<ShownMerchant>> {
        let mut statement = shown(locale).in_store(store);
        for region in regions {
            statement = statement.within(region);
        }
        if let Some(cursor) = after {
            statement = statement.beyond(" AND (d.created_at, d.id) < (", cursor.time_and_id()?);
        }
        statement = statement.page(" ORDER BY d.created_at DESC, d.id DESC", limit);
        let mut connection = lend(&self.public).await?;
        let rows = statement.load::<ShownMerchant>(&mut connection).await?;
        if rows.is_empty() {
            expect_store(&mut connection, store).await?;
        }
        Ok(Page::cut(rows, limit, |row| Cursor::at(row.created_at, row.id)))
    }

    /// One merchant of a storefront.
    pub async fn storefront_merchant(
        &self,
        store: &Store,
        locale: Locale,
        merchant: &Address,
    ) -> Result<ShownMerchant> {
        let statement = shown(locale).in_store(store).sql(" AND ").addressed("d.slug", "d.id", merchant);
        let mut connection = lend(&self.public).await?;
        Ok(statement.get_result::<ShownMerchant>(&mut connection).await?)
    }
}
