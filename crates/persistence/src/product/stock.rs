//! Stock: it changes often and by many at once, so it has no version; a change that the stock can't bear changes
//! nothing.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, Queryable, Selectable,
    SelectableHelper,
};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{ProductId, VariantId};
use kapal_domain::product::{ProductStatus, Stock, StockChange, StockReason};
use kapal_domain::{Code, Faults};
use kapal_schema::stock_movements;
use serde_json::json;
use uuid::Uuid;

use super::{ProductRow, VariantRow};
use crate::sql::sql;
use crate::{Change, Cursor, Error, Page, Result, Subject, TenantTx};

#[derive(diesel::QueryableByName)]
struct Movement {
    #[diesel(sql_type = Integer)]
    delta: i32,
    #[diesel(sql_type = Integer)]
    stock: i32,
}

sql! {
    /// Changes a stock by a delta or to a count, and keeps why; no row when it would leave its bounds.
    MoveStock {
        aggregator: Uuid => SqlUuid, product: Uuid => SqlUuid, variant: Uuid => SqlUuid,
        delta: Option<i32> => Nullable<Integer>, count: Option<i32> => Nullable<Integer>,
        most: i32 => Integer, movement: Uuid => SqlUuid, reason: String => Text,
        actor: Option<Uuid> => Nullable<SqlUuid>, now: DateTime<Utc> => Timestamptz,
    }
    "WITH old AS (
        SELECT id, stock FROM product_variants WHERE aggregator_id = $1 AND product_id = $2 AND id = $3 FOR UPDATE
     ), moved AS (
        UPDATE product_variants v SET stock = coalesce($5, old.stock + $4), updated_at = $10
        FROM old
        WHERE v.aggregator_id = $1 AND v.id = old.id AND coalesce($5, old.stock + $4) BETWEEN 0 AND $6
        RETURNING v.stock, v.stock - old.stock AS delta
     )
     INSERT INTO stock_movements (aggregator_id, id, variant_id, product_id, delta, stock, reason, actor_id, created_at)
     SELECT $1, $7, $3, $2, delta, stock, $8, $9, $10 FROM moved
     RETURNING delta, stock"
}

/// A change of a stock, as it is kept.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = stock_movements, check_for_backend(diesel::pg::Pg))]
pub struct MovementRow {
    /// Id.
    pub id: Uuid,
    /// Pieces that came in, or went out (below zero).
    pub delta: i32,
    /// The stock after it.
    pub stock: i32,
    /// Why.
    pub reason: String,
    /// Who did it; None: not by a person.
    pub actor_id: Option<Uuid>,
    /// When.
    pub created_at: DateTime<Utc>,
}

impl TenantTx<'_> {
    /// How the stock of a variant changed, the latest change first.
    pub async fn stock_movements(
        &mut self,
        product: ProductId,
        id: VariantId,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<MovementRow>> {
        self.variant(product, id).await?;
        let mut query = stock_movements::table
            .filter(stock_movements::aggregator_id.eq(self.tenant()))
            .filter(stock_movements::variant_id.eq(id.uuid()))
            .select(MovementRow::as_select())
            .into_boxed();
        if let Some(cursor) = after {
            let (time, id) = cursor.time_and_id()?;
            query = query
                .filter(stock_movements::created_at.le(time))
                .filter(stock_movements::created_at.lt(time).or(stock_movements::id.lt(id)));
        }
        let rows = query
            .order((stock_movements::created_at.desc(), stock_movements::id.desc()))
            .limit(i64::try_from(limit + 1).unwrap_or(i64::MAX))
            .load::<MovementRow>(&mut **self)
            .await?;
        Ok(Page::cut(rows, limit, |row| Cursor::at(row.created_at, row.id)))
    }

    /// Changes the stock of a variant. Counting what was known already is a movement of 0: kept, and no event.
    pub async fn change_stock(
        &mut self,
        product: ProductId,
        id: VariantId,
        change: StockChange,
        reason: &StockReason,
    ) -> Result<(ProductRow, VariantRow)> {
        let row = self.lock_product(product).await?;
        row.must_live()?;
        let before = self.variant(product, id).await?;
        let (delta, count) = match change {
            StockChange::By(pieces) => (Some(pieces), None),
            StockChange::To(counted) => (None, Some(counted.get())),
        };
        let moved = MoveStock {
            aggregator: self.tenant(),
            product: product.uuid(),
            variant: id.uuid(),
            delta,
            count,
            most: Stock::MAX,
            movement: Uuid::now_v7(),
            reason: reason.to_string(),
            actor: self.actor().id(),
            now: Utc::now(),
        }
        .get_result::<Movement>(&mut **self)
        .await
        .optional()?;
        let Some(moved) = moved else { return Err(refused(change, before.stock)) };
        if moved.delta != 0 {
            if row.status()? == ProductStatus::Published {
                self.project_product(row.id()).await?;
            }
            let after = json!({ "variant_id": before.id, "stock": moved.stock, "reason": reason.as_str() });
            let after = self.sealed_facts(row.merchant_id, after).await?;
            self.record(
                Change::new(EventKind::StockChanged, Subject("product", row.id))
                    .data(json!({ "variant_id": before.id, "delta": moved.delta, "stock": moved.stock }))
                    .from_to(json!({ "variant_id": before.id, "stock": before.stock }), after),
            );
        }
        Ok((row, VariantRow { stock: moved.stock, ..before }))
    }
}

fn refused(change: StockChange, stock: i32) -> Error {
    let why = Stock::new(i64::from(stock)).and_then(|s| change.apply(s)).err();
    let mut faults = Faults::default();
    faults.add_detail("/delta", why.unwrap_or(Code::InsufficientStock), format!("There are {stock}."));
    faults.into()
}
