//! What a product's own page shows besides its list entry.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use diesel::sql_types::Jsonb;
use kapal_domain::attribute::AttributeValue;
use kapal_domain::product_option::ProductOption;
use serde::Deserialize;
use uuid::Uuid;

use super::ShownImage;
use crate::Result;
use crate::stored::read;

/// What is known of a product besides; of one that was projected before something was known, that is missing.
#[derive(Debug, Clone, Default, Deserialize, FromSqlRow)]
#[serde(default)]
pub struct ShownDetails {
    /// What it answers to what its category asks, in the category's order.
    pub attributes: Vec<ShownAttribute>,
    /// What its variants differ in.
    pub options: Vec<ProductOption>,
    /// Its permits and certificates that hold, and those of its merchant that apply to it.
    pub certificates: Vec<ShownCertificate>,
    /// What it says of being halal; None where it has not been shown since that is known.
    pub halal_status: Option<String>,
    /// Days from an order until it is sent.
    pub lead_time_days: Option<i32>,
    /// Pieces that can be made in a month.
    pub monthly_capacity: Option<i32>,
    /// The fewest pieces of one order.
    pub minimum_order: Option<i32>,
    /// Its code of the Harmonized System.
    pub hs_code: Option<String>,
    /// Where it was made (ISO 3166-1).
    pub origin_country: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// The class of its merchant.
    pub level: Option<String>,
}

impl FromSql<Jsonb, Pg> for ShownDetails {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        read(&value)
    }
}

/// An answer with what it answers to.
#[derive(Debug, Clone, Deserialize)]
pub struct ShownAttribute {
    /// Its key.
    pub key: String,
    /// What its number counts.
    pub unit: Option<String>,
    /// What is asked, in Indonesian.
    pub name_id: String,
    /// The same in English.
    pub name_en: String,
    /// The answer.
    pub value: AttributeValue,
    /// The choice that it names; None for other kinds, and for a choice that is no more.
    pub choice: Option<ShownChoice>,
}

/// A choice as it is called.
#[derive(Debug, Clone, Deserialize)]
pub struct ShownChoice {
    /// In Indonesian.
    pub id: String,
    /// In English.
    pub en: String,
}

/// A permit or certificate.
#[derive(Debug, Clone, Deserialize)]
pub struct ShownCertificate {
    /// Which kind.
    pub kind: String,
    /// Its number.
    pub number: String,
    /// Who issued it.
    pub issuer: Option<String>,
    /// The last day that it is valid; None: it has no end.
    pub expires_on: Option<NaiveDate>,
}

/// A step from the top of the tree to a product's category.
#[derive(Debug, Clone, Deserialize)]
pub struct Crumb {
    /// Slug of the category.
    pub slug: String,
    /// Its name in the asked language.
    pub name: String,
}

/// A variant as a storefront shows it.
#[derive(Debug, Clone, Deserialize)]
pub struct ShownVariant {
    /// Its id.
    pub id: Uuid,
    /// The merchant's own number for it.
    pub sku: Option<String>,
    /// What sets it apart, such as a size; empty for the only one.
    pub name: String,
    price_minor: i64,
    currency: String,
    /// How many there are.
    pub stock: i32,
    /// Its GTIN.
    #[serde(default)]
    pub barcode: Option<String>,
    #[serde(default)]
    compare_at_minor: Option<i64>,
    /// Grams with packaging.
    #[serde(default)]
    pub weight_grams: Option<i32>,
    /// Millimetres with packaging.
    #[serde(default)]
    pub length_mm: Option<i32>,
    /// The second side.
    #[serde(default)]
    pub width_mm: Option<i32>,
    /// The third side.
    #[serde(default)]
    pub height_mm: Option<i32>,
    /// The fewest pieces of one order, where it has its own.
    #[serde(default)]
    pub minimum_order: Option<i32>,
    /// Its value of each of the product's options, by key.
    #[serde(default)]
    pub choices: BTreeMap<String, String>,
}

impl ShownVariant {
    /// Its price.
    pub fn price(&self) -> Result<kapal_domain::money::Money> {
        super::product::money(self.price_minor, &self.currency)
    }

    /// The price that it is compared with.
    pub fn compare_at(&self) -> Result<Option<kapal_domain::money::Money>> {
        self.compare_at_minor.map(|minor| super::product::money(minor, &self.currency)).transpose()
    }
}

/// A product that is related to another, in few words.
#[derive(Debug, Clone, Deserialize)]
pub struct RelatedProduct {
    /// Its id.
    pub id: Uuid,
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
    price_minor: i64,
    currency: String,
    /// Its merchant.
    pub merchant_name: String,
    /// Its aggregator.
    pub aggregator_slug: String,
    /// Its pictures, the main one first.
    pub images: Vec<ShownImage>,
}

impl RelatedProduct {
    /// Its lowest price.
    pub fn price(&self) -> Result<kapal_domain::money::Money> {
        super::product::money(self.price_minor, &self.currency)
    }
}
