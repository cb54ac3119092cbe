//! Variants: what can be bought, at which price. They share the product's version, and a price counts at once.

use chrono::Utc;
use diesel::sql_types::{Array, BigInt, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{AsChangeset, ExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{ProductId, VariantId};
use kapal_domain::money::Money;
use kapal_domain::product::{MAX_VARIANTS, ProductStatus, Sku, Stock, VariantName};
use kapal_domain::product_option::{Choices, check_choices};
use kapal_domain::{Code, Faults, Refusal};
use kapal_schema::product_variants;
use serde_json::{Value, json};
use uuid::Uuid;

use super::details::typed;
use super::{ProductRow, VariantRow};
use crate::sql::sql;
use crate::{Result, TenantTx};

/// A variant to be made.
#[derive(Debug, Clone)]
pub struct NewVariant {
    /// The merchant's own code.
    pub sku: Option<Sku>,
    /// What tells it from its sisters.
    pub name: VariantName,
    /// The price.
    pub price: Money,
    /// Pieces in stock.
    pub stock: Stock,
    /// What else is known of it.
    pub details: VariantDetails,
}

/// What is known of a variant besides, as it is stored.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable)]
#[diesel(table_name = product_variants, check_for_backend(diesel::pg::Pg))]
pub struct VariantDetails {
    /// Its GTIN.
    pub barcode: Option<String>,
    /// The price that it is compared with, in ISO minor units; not below its price.
    pub compare_at_minor: Option<i64>,
    /// Grams with packaging.
    pub weight_grams: Option<i32>,
    /// Millimetres with packaging: all three or none.
    pub length_mm: Option<i32>,
    /// The second.
    pub width_mm: Option<i32>,
    /// The third.
    pub height_mm: Option<i32>,
    /// The fewest pieces of one order.
    pub minimum_order: Option<i32>,
    /// Its value of each of the product's options, by key.
    pub choices: Value,
}

impl Default for VariantDetails {
    fn default() -> Self {
        Self {
            barcode: None,
            compare_at_minor: None,
            weight_grams: None,
            length_mm: None,
            width_mm: None,
            height_mm: None,
            minimum_order: None,
            choices: json!({}),
        }
    }
}

impl VariantDetails {
    /// Those of a variant of which nothing is known but its value of each option.
    pub fn choosing(choices: &Choices) -> Self {
        Self { choices: json!(choices), ..Self::default() }
    }
}

/// What to change of a variant: None keeps, `Some(None)` clears.
#[derive(Debug, Clone, Default, PartialEq, AsChangeset)]
#[diesel(table_name = product_variants)]
pub struct VariantChanges {
    /// The merchant's own code.
    pub sku: Option<Option<String>>,
    /// What tells it from its sisters.
    pub name: Option<String>,
    /// The price in ISO minor units.
    pub price_minor: Option<i64>,
    /// Its currency.
    pub currency: Option<&'static str>,
    /// Its GTIN.
    pub barcode: Option<Option<String>>,
    /// The price that it is compared with, in ISO minor units.
    pub compare_at_minor: Option<Option<i64>>,
    /// Grams with packaging.
    pub weight_grams: Option<Option<i32>>,
    /// Millimetres with packaging.
    pub length_mm: Option<Option<i32>>,
    /// The second.
    pub width_mm: Option<Option<i32>>,
    /// The third.
    pub height_mm: Option<Option<i32>>,
    /// The fewest pieces of one order.
    pub minimum_order: Option<Option<i32>>,
    /// Its value of each of the product's options, by key.
    pub choices: Option<Value>,
}

sql! {
    InsertVariants {
        aggregator: Uuid => SqlUuid, product: Uuid => SqlUuid, now: chrono::DateTime<Utc> => Timestamptz,
        first: i32 => Integer, ids: Vec<Uuid> => Array<SqlUuid>, skus: Vec<Option<String>> => Array<Nullable<Text>>,
        names: Vec<String> => Array<Text>, prices: Vec<i64> => Array<BigInt>,
        currencies: Vec<&'static str> => Array<Text>, stocks: Vec<i32> => Array<Integer>,
        barcodes: Vec<Option<String>> => Array<Nullable<Text>>, compare_at: Vec<Option<i64>> => Array<Nullable<BigInt>>,
        weights: Vec<Option<i32>> => Array<Nullable<Integer>>, lengths: Vec<Option<i32>> => Array<Nullable<Integer>>,
        widths: Vec<Option<i32>> => Array<Nullable<Integer>>, heights: Vec<Option<i32>> => Array<Nullable<Integer>>,
        minima: Vec<Option<i32>> => Array<Nullable<Integer>>, choices: Vec<Value> => Array<Jsonb>,
    }
    "INSERT INTO product_variants
        (aggregator_id, product_id, created_at, updated_at, position, id, sku, name, price_minor, currency, stock, barcode,
         compare_at_minor, weight_grams, length_mm, width_mm, height_mm, minimum_order, choices)
     SELECT $1, $2, $3, $3, $4 + v.place, v.id, v.sku, v.name, v.price_minor, v.currency, v.stock, v.barcode, v.compare_at,
        v.weight, v.length, v.width, v.height, v.minimum, v.choices
     FROM unnest($5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
        WITH ORDINALITY AS v (id, sku, name, price_minor, currency, stock, barcode, compare_at, weight, length, width, height,
            minimum, choices, place)"
}

impl TenantTx<'_> {
    /// Adds a variant behind the others.
    pub async fn add_variant(&mut self, id: ProductId, new: NewVariant) -> Result<(ProductRow, VariantRow)> {
        let row = self.lock_product(id).await?;
        row.must_live()?;
        let before = self.variants(id).await?;
        if before.len() >= MAX_VARIANTS {
            let mut faults = Faults::default();
            faults.add_detail("", Code::TooLong, format!("A product has at most {MAX_VARIANTS} variants."));
            return Err(faults.into());
        }
        check_choices(&row.details.options()?, &typed(&new.details.choices)?).finish()?;
        let last = before.last().map_or(0, |v| v.position);
        let made = self.insert_variants(id, last, &[new]).await?;
        let variant = self.variant(id, made[0]).await?;
        let row = self.variants_changed(id, &row, Value::Null, facts(&variant)).await?;
        Ok((row, variant))
    }

    /// Edits a variant of a product whose version is still `expected`.
    pub async fn update_variant(
        &mut self,
        product: ProductId,
        id: VariantId,
        expected: i32,
        changes: &VariantChanges,
    ) -> Result<(ProductRow, VariantRow)> {
        let row = self.lock_product(product).await?;
        let before = self.variant(product, id).await?;
        row.must_be_at(expected)?;
        if *changes == VariantChanges::default() {
            return Ok((row, before));
        }
        row.must_live()?;
        let mut faults = match &changes.choices {
            Some(choices) => check_choices(&row.details.options()?, &typed(choices)?),
            None => Faults::default(),
        };
        let price = changes.price_minor.unwrap_or(before.price_minor);
        let compare_at = changes.compare_at_minor.unwrap_or(before.details.compare_at_minor);
        if compare_at.is_some_and(|compare_at| compare_at < price) {
            faults.add("/compare_at_price", Code::ComparePriceTooLow);
        }
        faults.finish()?;
        let variant = diesel::update(product_variants::table.find((self.tenant(), id.uuid())))
            .set((changes, product_variants::updated_at.eq(Utc::now())))
            .returning(VariantRow::as_returning())
            .get_result::<VariantRow>(&mut **self)
            .await?;
        let row = self.variants_changed(product, &row, facts(&before), facts(&variant)).await?;
        Ok((row, variant))
    }

    /// Removes a variant of a product whose version is still `expected`.
    pub async fn delete_variant(&mut self, product: ProductId, id: VariantId, expected: i32) -> Result<()> {
        let row = self.lock_product(product).await?;
        let before = self.variant(product, id).await?;
        row.must_be_at(expected)?;
        row.must_live()?;
        diesel::delete(product_variants::table.find((self.tenant(), id.uuid()))).execute(&mut **self).await?;
        self.variants_changed(product, &row, facts(&before), Value::Null).await?;
        Ok(())
    }

    /// What every change of variants ends with: a published product keeps something to buy and shows what changed.
    async fn variants_changed(
        &mut self,
        id: ProductId,
        row: &ProductRow,
        before: Value,
        after: Value,
    ) -> Result<ProductRow> {
        let published = row.status()? == ProductStatus::Published;
        if published && !self.variants(id).await?.iter().any(|v| v.price_minor > 0) {
            let why = "A published product keeps a variant with a price above zero.";
            return Err(Refusal::because(Code::ProductIncomplete, why).into());
        }
        let row = self.touch_product(id).await?;
        if published {
            self.project_product(row.id()).await?;
        }
        let (before, after) = (json!({ "variant": before }), json!({ "variant": after }));
        self.record_product(EventKind::ProductUpdated, &row, before, after).await?;
        Ok(row)
    }

    async fn variants(&mut self, id: ProductId) -> Result<Vec<VariantRow>> {
        Ok(product_variants::table
            .filter(product_variants::aggregator_id.eq(self.tenant()))
            .filter(product_variants::product_id.eq(id.uuid()))
            .order((product_variants::position, product_variants::id))
            .select(VariantRow::as_select())
            .load(&mut **self)
            .await?)
    }

    pub(super) async fn variant(&mut self, product: ProductId, id: VariantId) -> Result<VariantRow> {
        Ok(product_variants::table
            .find((self.tenant(), id.uuid()))
            .filter(product_variants::product_id.eq(product.uuid()))
            .select(VariantRow::as_select())
            .first(&mut **self)
            .await?)
    }

    /// Inserts variants in order behind the place `last`.
    pub(super) async fn insert_variants(
        &mut self,
        product: ProductId,
        last: i32,
        new: &[NewVariant],
    ) -> Result<Vec<VariantId>> {
        let ids: Vec<_> = new.iter().map(|_| VariantId::new()).collect();
        if new.is_empty() {
            return Ok(ids);
        }
        InsertVariants {
            aggregator: self.tenant(),
            product: product.uuid(),
            now: Utc::now(),
            first: last,
            ids: ids.iter().map(|id| id.uuid()).collect(),
            skus: new.iter().map(|v| v.sku.as_ref().map(ToString::to_string)).collect(),
            names: new.iter().map(|v| v.name.to_string()).collect(),
            prices: new.iter().map(|v| v.price.minor()).collect(),
            currencies: new.iter().map(|v| v.price.currency().as_str()).collect(),
            stocks: new.iter().map(|v| v.stock.get()).collect(),
            barcodes: new.iter().map(|v| v.details.barcode.clone()).collect(),
            compare_at: new.iter().map(|v| v.details.compare_at_minor).collect(),
            weights: new.iter().map(|v| v.details.weight_grams).collect(),
            lengths: new.iter().map(|v| v.details.length_mm).collect(),
            widths: new.iter().map(|v| v.details.width_mm).collect(),
            heights: new.iter().map(|v| v.details.height_mm).collect(),
            minima: new.iter().map(|v| v.details.minimum_order).collect(),
            choices: new.iter().map(|v| v.details.choices.clone()).collect(),
        }
        .execute(&mut **self)
        .await?;
        Ok(ids)
    }
}

pub(super) fn facts(variant: &VariantRow) -> Value {
    let details = &variant.details;
    json!({
        "id": variant.id, "sku": variant.sku, "name": variant.name, "price_minor": variant.price_minor,
        "currency": variant.currency, "stock": variant.stock, "barcode": details.barcode,
        "compare_at_minor": details.compare_at_minor, "weight_grams": details.weight_grams,
        "length_mm": details.length_mm, "width_mm": details.width_mm, "height_mm": details.height_mm,
        "minimum_order": details.minimum_order, "choices": details.choices,
    })
}
