//! `…/products/{product_id}/variants`: what can be bought, at which price, and how many there are.

use std::collections::BTreeMap;

use actix_web::{delete, get, patch, post};
use chrono::{DateTime, Utc};
use kapal_domain::barcode::Gtin;
use kapal_domain::ids::{ProductId, VariantId};
use kapal_domain::money::{Currency, Money};
use kapal_domain::permission::{ProductsRead, ProductsWrite};
use kapal_domain::product::{
    Sku, Stock, StockChange, StockReason, VariantName, minimum_order, side_mm, weight_grams,
};
use kapal_domain::{Code, Fault, Faults};
use kapal_persistence::{MovementRow, NewVariant, VariantChanges, VariantDetails};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::Staff;
use crate::answer::{Answered, Created, Done, Found};
use crate::category::NoParameters;
use crate::json::{Json, Patch};
use crate::path::{At, IfMatch};
use crate::product::{SizeView, VariantView};
use crate::query::{List, PageOf, Paging};
use crate::views::MoneyView;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(create_variant)
        .service(update_variant)
        .service(delete_variant)
        .service(change_stock)
        .service(list_stock_movements);
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
    /// Its GTIN of 8, 12, 13 or 14 digits.
    #[schema(example = "8990000000013", max_length = 20)]
    barcode: Option<String>,
    /// The price that it is compared with, which is not below it.
    compare_at_price: Option<MoneyView>,
    /// Grams with packaging.
    #[schema(example = 280, minimum = 1, maximum = 1_000_000)]
    weight_grams: Option<i64>,
    /// Its size with packaging.
    size: Option<SizeView>,
    /// The fewest pieces of one order; left away: the product's.
    #[schema(example = 1, minimum = 1, maximum = 100_000)]
    minimum_order: Option<i64>,
    /// Its value of each of the product's options, by key.
    #[schema(example = json!({}))]
    options: Option<BTreeMap<String, String>>,
}

impl VariantCreate {
    pub(crate) fn parse(&self, faults: &mut Faults) -> Option<NewVariant> {
        let sku = faults.take_optional("/sku", self.sku.as_deref().map(Sku::parse));
        let name = faults.take("/name", VariantName::parse(self.name.as_deref().unwrap_or_default()));
        let price = price(faults, &self.price);
        let stock = faults.take("/stock", Stock::new(self.stock.unwrap_or_default()));
        let compare_at = match &self.compare_at_price {
            None => Some(None),
            Some(compare_at) => compare_at_price(faults, compare_at).map(Some),
        };
        if let (Some(price), Some(Some(compare_at))) = (price, compare_at)
            && compare_at.minor() < price.minor()
        {
            faults.add("/compare_at_price", Code::ComparePriceTooLow);
        }
        let gtin = self.barcode.as_deref().map(Gtin::parse);
        let barcode = faults.take_optional("/barcode", gtin);
        let weight_grams = faults.take_optional("/weight_grams", self.weight_grams.map(weight_grams));
        let minimum_order = faults.take_optional("/minimum_order", self.minimum_order.map(minimum_order));
        let [length_mm, width_mm, height_mm] = sides(faults, self.size.as_ref());
        let details = VariantDetails {
            barcode: barcode?.map(|gtin| gtin.as_str().to_owned()),
            compare_at_minor: compare_at?.map(Money::minor),
            weight_grams: weight_grams?,
            length_mm,
            width_mm,
            height_mm,
            minimum_order: minimum_order?,
            choices: json!(self.choices()),
        };
        Some(NewVariant { sku: sku?, name: name?, price: price?, stock: stock?, details })
    }

    /// Its value of each of the product's options.
    pub(crate) fn choices(&self) -> BTreeMap<String, String> {
        self.options.clone().unwrap_or_default()
    }
}

fn sides(faults: &mut Faults, size: Option<&SizeView>) -> [Option<i32>; 3] {
    let Some(size) = size else { return [None; 3] };
    let mut side = |name: &str, mm: i64| faults.take(format!("/size/{name}"), side_mm(mm));
    [side("length_mm", size.length_mm), side("width_mm", size.width_mm), side("height_mm", size.height_mm)]
}

fn compare_at_price(faults: &mut Faults, money: &MoneyView) -> Option<Money> {
    let mut inner = Faults::default();
    let parsed = price(&mut inner, money);
    let renamed = inner
        .into_vec()
        .into_iter()
        .map(|fault| Fault { pointer: fault.pointer.replace("/price", "/compare_at_price"), ..fault });
    renamed.for_each(|fault| faults.nest("", fault.into()));
    parsed
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
    /// Its GTIN of 8, 12, 13 or 14 digits.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "8990000000013", max_length = 20)]
    barcode: Patch<String>,
    /// The price that it is compared with, which is not below it.
    #[serde(default)]
    #[schema(value_type = Option<MoneyView>)]
    compare_at_price: Patch<MoneyView>,
    /// Grams with packaging.
    #[serde(default)]
    #[schema(value_type = Option<i32>, example = 280, minimum = 1, maximum = 1_000_000)]
    weight_grams: Patch<i64>,
    /// Its size with packaging.
    #[serde(default)]
    #[schema(value_type = Option<SizeView>)]
    size: Patch<SizeView>,
    /// The fewest pieces of one order; null: the product's.
    #[serde(default)]
    #[schema(value_type = Option<i32>, example = 1, minimum = 1, maximum = 100_000)]
    minimum_order: Patch<i64>,
    /// Its value of each of the product's options, by key: all of them.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, String>>, example = json!({}))]
    options: Patch<BTreeMap<String, String>>,
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
        let compare_at = match &self.compare_at_price {
            Patch::Keep => Some(None),
            Patch::Clear => Some(Some(None)),
            Patch::Set(money) => compare_at_price(&mut faults, money).map(|money| Some(Some(money))),
        };
        let gtin = |v: &String| Gtin::parse(v).map(|gtin| gtin.as_str().to_owned());
        let barcode = self.barcode.optional(&mut faults, "/barcode", gtin);
        let weight_grams = self.weight_grams.optional(&mut faults, "/weight_grams", |v| weight_grams(*v));
        let minimum_order = self.minimum_order.optional(&mut faults, "/minimum_order", |v| minimum_order(*v));
        let [length_mm, width_mm, height_mm] = match &self.size {
            Patch::Keep => [None; 3],
            Patch::Clear => [Some(None); 3],
            Patch::Set(size) => sides(&mut faults, Some(size)).map(Some),
        };
        let choices = match &self.options {
            Patch::Keep => None,
            Patch::Clear => Some(json!({})),
            Patch::Set(choices) => Some(json!(choices)),
        };
        let (Some(sku), Some(name), Some(price), Some(compare_at), Some(barcode), true) =
            (sku, name, price, compare_at, barcode, faults.is_empty())
        else {
            return Err(faults);
        };
        let (Some(weight_grams), Some(minimum_order)) = (weight_grams, minimum_order) else {
            return Err(faults);
        };
        Ok(VariantChanges {
            barcode,
            compare_at_minor: compare_at.map(|money| money.map(Money::minor)),
            weight_grams,
            length_mm,
            width_mm,
            height_mm,
            minimum_order,
            choices,
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
/// Stands behind the others, with one value of each of the product's options. On a published product it can be bought at
/// once.
#[utoipa::path(tag = "products", request_body = VariantCreate, responses((status = 201, description = "The variant; the `ETag` is the product's.", body = VariantView)), security(("bearer" = ["products:write"])))]
#[post("/v1/aggregators/{aggregator}/products/{product_id}/variants")]
pub async fn create_variant(
    staff: Staff<ProductsWrite>,
    At(product): At<ProductId>,
    body: Json<VariantCreate>,
) -> Answered {
    let mut faults = Faults::default();
    let new = body.0.parse(&mut faults).filter(|_| faults.is_empty()).ok_or(faults)?;
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

/// A change of a variant's stock.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StockMovement)]
pub struct MovementView {
    /// Id.
    id: Uuid,
    /// Pieces that came in, or went out (below zero); 0 where what was known was counted.
    #[schema(example = -2, minimum = -1_000_000, maximum = 1_000_000)]
    delta: i32,
    /// The stock after it.
    #[schema(example = 38, minimum = 0, maximum = 1_000_000)]
    stock: i32,
    /// Why.
    #[schema(example = "Terjual di pasar", max_length = 200)]
    reason: String,
    /// Who changed it; null: not a person.
    actor_id: Option<Uuid>,
    /// When.
    created_at: DateTime<Utc>,
}

impl From<MovementRow> for MovementView {
    fn from(row: MovementRow) -> Self {
        Self {
            id: row.id,
            delta: row.delta,
            stock: row.stock,
            reason: row.reason,
            actor_id: row.actor_id,
            created_at: row.created_at,
        }
    }
}

/// List how a variant's stock changed
///
/// Each change with its reason, the latest first.
#[utoipa::path(tag = "products", params(Paging), responses((status = 200, description = "A page of changes.", body = PageOf<MovementView>)), security(("bearer" = ["products:read"])))]
#[get("/v1/aggregators/{aggregator}/products/{product_id}/variants/{variant_id}/stock")]
pub async fn list_stock_movements(
    staff: Staff<ProductsRead>,
    At(product): At<ProductId>,
    At(id): At<VariantId>,
    list: List<NoParameters>,
) -> Answered {
    staff
        .run(async |tx| {
            let page = tx.stock_movements(product, id, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(MovementView::from)))
        })
        .await
}
