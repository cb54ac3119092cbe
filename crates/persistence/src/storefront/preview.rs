//! What the preview of a product's link shows, found by the hash that names it.

use diesel::sql_types::{BigInt, Jsonb, Text};
use diesel::{OptionalExtension, QueryableByName};
use diesel_async::RunQueryDsl;
use kapal_domain::locale::Locale;
use kapal_domain::money::Money;

use super::ShownImage;
use crate::db::lend;
use crate::sql::sql;
use crate::stored::Stored;
use crate::{Db, Result};

sql! {
    FindShownPreview { hash: String => Text }
    "SELECT d.locale, d.name, d.price_minor, d.currency, d.merchant_name, d.region_name, d.images
     FROM search_documents d WHERE d.preview = $1 LIMIT 1"
}

/// A published product in one language, as its preview shows it.
#[derive(Debug, Clone, QueryableByName)]
pub struct ShownPreview {
    #[diesel(sql_type = Text)]
    locale: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = BigInt)]
    price_minor: i64,
    #[diesel(sql_type = Text)]
    currency: String,
    /// Who makes it.
    #[diesel(sql_type = Text)]
    pub merchant_name: String,
    /// Where that is.
    #[diesel(sql_type = Text)]
    pub region_name: String,
    /// Pictures, the main one first.
    #[diesel(sql_type = Jsonb, deserialize_as = Stored<ShownImage>)]
    pub images: Vec<ShownImage>,
}

impl ShownPreview {
    /// The language.
    #[must_use]
    pub fn locale(&self) -> Locale {
        Locale::parse(&self.locale).unwrap_or_default()
    }

    /// The lowest price.
    pub fn price(&self) -> Result<Money> {
        super::product::money(self.price_minor, &self.currency)
    }
}

impl Db {
    /// What the preview of this name shows; None when no published product has it, or has it no more.
    pub async fn storefront_preview(&self, hash: &str) -> Result<Option<ShownPreview>> {
        let mut connection = lend(&self.public).await?;
        let found = FindShownPreview { hash: hash.to_owned() }.get_result(&mut connection).await;
        Ok(found.optional()?)
    }
}
