//! Variants: what can be bought, at which price. They share the product's version, and a price counts at once.

use chrono::Utc;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{AsChangeset, ExpressionMethods, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{ProductId, VariantId};
use kapal_domain::money::Money;
use kapal_domain::product::{MAX_VARIANTS, ProductStatus, Sku, Stock, VariantName};
use kapal_domain::{Code, Faults, Refusal};
use kapal_schema::product_variants;
use serde_json::{Value, json};
use uuid::Uuid;

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
}

/// What to change of a variant: None keeps, `Some(None)` clears.
#[derive(Debug, Clone, Default, PartialEq, Eq, AsChangeset)]
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
}

sql! {
    InsertVariants {
        aggregator: Uuid => SqlUuid, product: Uuid => SqlUuid, now: chrono::DateTime<Utc> => Timestamptz,
        first: i32 => Integer, ids: Vec<Uuid> => Array<SqlUuid>, skus: Vec<Option<String>> => Array<Nullable<Text>>,
        names: Vec<String> => Array<Text>, prices: Vec<i64> => Array<BigInt>,
        currencies: Vec<&'static str> => Array<Text>, stocks: Vec<i32> => Array<Integer>,
    }
    "INSERT INTO product_variants
        (aggregator_id, product_id, created_at, updated_at, position, id, sku, name, price_minor, currency, stock)
     SELECT $1, $2, $3, $3, $4 + v.place, v.id, v.sku, v.name, v.price_minor, v.currency, v.stock
     FROM unnest($5, $6, $7, $8, $9, $10)
        WITH ORDINALITY AS v (id, sku, name, price_minor, currency, stock, place)"
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
        }
        .execute(&mut **self)
        .await?;
        Ok(ids)
    }
}

pub(super) fn facts(variant: &VariantRow) -> Value {
    json!({
        "id": variant.id, "sku": variant.sku, "name": variant.name, "price_minor": variant.price_minor,
        "currency": variant.currency, "stock": variant.stock,
    })
}
