//! `…/products/{product_id}/variants`: what can be bought, at which price, and how many there are.

use actix_web::{delete, patch, post};
use kapal_domain::ids::{ProductId, VariantId};
use kapal_domain::money::{Currency, Money};
use kapal_domain::permission::ProductsWrite;
use kapal_domain::product::{Sku, Stock, StockChange, StockReason, VariantName};
use kapal_domain::{Code, Faults};
use kapal_persistence::{NewVariant, VariantChanges};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Staff;
use crate::answer::{Answered, Created, Done, Found};
use crate::json::{Json, Patch};
use crate::path::{At, IfMatch};
use crate::product::VariantView;
use crate::views::MoneyView;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(create_variant).service(update_variant).service(delete_variant).service(change_stock);
}

/// A variant to make.
#[derive(Debug, Deserialize, ToSchema)]
pub struct VariantCreate {
    /// The merchant's own code, once within the product.
    #[schema(example = "KT-250", min_length = 1, max_length = 40)]
    sku: Option<String>,
    /// What tells it from its sisters.
    #[schema(example = "250 g", max_length = 80)]
    name: Option<String>,
    /// The price, in rupiah.
    price: MoneyView,
    /// Pieces in stock.
    #[schema(example = 40, minimum = 0, maximum = 1_000_000, default = 0)]
    stock: Option<i64>,
}

impl VariantCreate {
    pub(crate) fn parse(&self, faults: &mut Faults) -> Option<NewVariant> {
        let sku = faults.take_optional("/sku", self.sku.as_deref().map(Sku::parse));
        let name = faults.take("/name", VariantName::parse(self.name.as_deref().unwrap_or_default()));
        let price = price(faults, &self.price);
        let stock = faults.take("/stock", Stock::new(self.stock.unwrap_or_default()));
        Some(NewVariant { sku: sku?, name: name?, price: price?, stock: stock? })
    }
}

/// A price at home is in rupiah; other currencies belong to export markets.
fn price(faults: &mut Faults, price: &MoneyView) -> Option<Money> {
    let currency = match Currency::parse(&price.currency) {
        Ok(Currency::IDR) => Ok(Currency::IDR),
        _ => Err(Code::InvalidCurrency),
    };
    let currency = faults.take("/price/currency", currency);
    let money = faults.take("/price/amount", Money::parse(&price.amount, currency.unwrap_or(Currency::IDR)));
    currency.and(money)
}

/// What to change of a variant (RFC 7396): absent keeps, null clears. Stock has a path of its own.
#[derive(Debug, Deserialize, ToSchema)]
pub struct VariantPatch {
    /// The merchant's own code.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "KT-250", min_length = 1, max_length = 40)]
    sku: Patch<String>,
    /// What tells it from its sisters; null empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "250 g", max_length = 80)]
    name: Patch<String>,
    /// The price, in rupiah.
    #[serde(default)]
    #[schema(value_type = Option<MoneyView>)]
    price: Patch<MoneyView>,
}

impl VariantPatch {
    fn parse(&self) -> Result<VariantChanges, Faults> {
        let mut faults = Faults::default();
        let sku = self.sku.optional(&mut faults, "/sku", |v| Sku::parse(v).map(|v| v.to_string()));
        let name = self.name.optional(&mut faults, "/name", |v| VariantName::parse(v).map(String::from));
        let price = match &self.price {
            Patch::Keep => Some(None),
            Patch::Clear => faults.take("/price", Err(Code::Required)),
            Patch::Set(money) => price(&mut faults, money).map(Some),
        };
        let (Some(sku), Some(name), Some(price)) = (sku, name, price) else { return Err(faults) };
        Ok(VariantChanges {
            sku,
            name: name.map(Option::unwrap_or_default),
            price_minor: price.map(Money::minor),
            currency: price.map(|price| price.currency().as_str()),
        })
    }
}

/// How a stock changes: `delta` or `set`, not both.
#[derive(Debug, Deserialize, ToSchema)]
pub struct StockBody {
    /// Pieces that came in, or went out (below zero).
    #[schema(example = -2, minimum = -1_000_000, maximum = 1_000_000)]
    delta: Option<i64>,
    /// Pieces that were counted.
    #[schema(minimum = 0, maximum = 1_000_000)]
    set: Option<i64>,
    /// Why.
    #[schema(example = "Terjual di pasar", min_length = 1, max_length = 200)]
    reason: String,
}

impl StockBody {
    fn parse(&self) -> Result<(StockChange, StockReason), Faults> {
        let mut faults = Faults::default();
        let change = match (self.delta, self.set) {
            (Some(delta), None) => faults.take("/delta", StockChange::by(delta)),
            (None, Some(set)) => faults.take("/set", Stock::new(set)).map(StockChange::To),
            (None, None) => faults.take("/delta", Err(Code::Required)),
            (Some(_), Some(_)) => {
                faults.add_detail("/set", Code::InvalidChoice, "Send either delta or set.");
                None
            }
        };
        let reason = faults.take("/reason", StockReason::parse(&self.reason));
        change.zip(reason).ok_or(faults)
    }
}

/// Add a variant
///
/// Stands behind the others. On a published product it can be bought at once.
#[utoipa::path(tag = "products", request_body = VariantCreate, responses((status = 201, description = "The variant; the `ETag` is the product's.", body = VariantView)), security(("bearer" = ["products:write"])))]
#[post("/v1/aggregators/{aggregator}/products/{product_id}/variants")]
pub async fn create_variant(
    staff: Staff<ProductsWrite>,
    At(product): At<ProductId>,
    body: Json<VariantCreate>,
) -> Answered {
    let mut faults = Faults::default();
    let new = body.0.parse(&mut faults).ok_or(faults)?;
    staff
        .run(async |tx| {
            let (row, variant) = tx.add_variant(product, new).await?;
            let location = staff.path(format_args!("products/{product}/variants/{}", variant.id));
            Ok(Created { location, version: Some(row.version), thing: VariantView::new(variant)? })
        })
        .await
}

/// Edit a variant
///
/// A merge patch (RFC 7396). A price takes effect at once, on a published product too.
#[utoipa::path(tag = "products", request_body = VariantPatch, responses((status = 200, description = "The variant as it is now; the `ETag` is the product's.", body = VariantView)), security(("bearer" = ["products:write"])))]
#[patch("/v1/aggregators/{aggregator}/products/{product_id}/variants/{variant_id}")]
pub async fn update_variant(
    staff: Staff<ProductsWrite>,
    At(product): At<ProductId>,
    At(id): At<VariantId>,
    IfMatch(version): IfMatch,
    body: Json<VariantPatch>,
) -> Answered {
    let changes = body.0.parse()?;
    staff
        .run(async |tx| {
            let (row, variant) = tx.update_variant(product, id, version, &changes).await?;
            Ok(Found(Some(row.version), VariantView::new(variant)?))
        })
        .await
}

/// Remove a variant
///
/// A published product keeps at least one with a price above zero.
#[utoipa::path(tag = "products", responses((status = 204, description = "It is gone.")), security(("bearer" = ["products:write"])))]
#[delete("/v1/aggregators/{aggregator}/products/{product_id}/variants/{variant_id}")]
pub async fn delete_variant(
    staff: Staff<ProductsWrite>,
    At(product): At<ProductId>,
    At(id): At<VariantId>,
    IfMatch(version): IfMatch,
) -> Answered {
    staff
        .run(async |tx| {
            tx.delete_variant(product, id, version).await?;
            Ok(Done)
        })
        .await
}

/// Change a variant's stock
///
/// By a `delta` or, after counting, to what `set` says, with a reason that is kept. However many do so at once, the
/// stock never goes below zero. It takes effect at once and leaves the product's version as it is.
#[utoipa::path(tag = "products", request_body = StockBody, responses((status = 200, description = "The variant as it is now.", body = VariantView)), security(("bearer" = ["products:write"])))]
#[post("/v1/aggregators/{aggregator}/products/{product_id}/variants/{variant_id}/stock")]
pub async fn change_stock(
    staff: Staff<ProductsWrite>,
    At(product): At<ProductId>,
    At(id): At<VariantId>,
    body: Json<StockBody>,
) -> Answered {
    let (change, reason) = body.0.parse()?;
    staff
        .run(async |tx| {
            let (row, variant) = tx.change_stock(product, id, change, &reason).await?;
            Ok(Found(Some(row.version), VariantView::new(variant)?))
        })
        .await
}
