//! Featured slots of an aggregator: mutiara at a place of its storefront for a time, and the turns of all slots.

use std::ops::RangeFrom;

use chrono::{DateTime, Utc};
use diesel::sql_types::{Bool, Text, Uuid as SqlUuid};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, Queryable, QueryableByName,
    Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{CategoryId, ProductId, SlotId};
use kapal_domain::locale::Locale;
use kapal_domain::product::ProductStatus;
use kapal_domain::slot::{
    MAX_ITEMS, Place as SlotPlace, Schedule, SlotMode, SlotReason, Tz, Window, parse_time_zone,
};
use kapal_domain::{Code, Refusal};
use kapal_schema::{categories, featured_slots, products, slot_products};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::collection::{positions, unknown};
use crate::identity::stored;
use crate::sql::sql;
use crate::{Change, Cursor, Error, Page, Result, Subject, TenantTx};

/// A slot as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = featured_slots, check_for_backend(diesel::pg::Pg))]
pub struct SlotRow {
    /// Id.
    pub id: Uuid,
    /// Where it is.
    pub place: String,
    /// The category, for `category_top`.
    pub category_id: Option<Uuid>,
    /// How it chooses its products.
    pub mode: String,
    /// From when it shows.
    pub starts_at: DateTime<Utc>,
    /// Until when.
    pub ends_at: Option<DateTime<Utc>>,
    /// The zone that its staff think in.
    pub time_zone: String,
    /// The next moment at which it begins or ends.
    pub next_turn_at: Option<DateTime<Utc>>,
    /// Grows with each change.
    pub version: i32,
    /// When it was booked.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl SlotRow {
    /// When it is shown.
    pub fn schedule(&self) -> Result<Schedule> {
        let window = stored(Window::new(self.starts_at, self.ends_at))?;
        Ok(Schedule::new(window, Some(stored(parse_time_zone(&self.time_zone))?)))
    }

    fn place(&self) -> Result<SlotPlace> {
        stored(SlotPlace::parse(&self.place))
    }
}

/// A slot with its products in their order.
#[derive(Debug, Clone)]
pub struct Slot {
    /// The slot.
    pub row: SlotRow,
    /// Its products.
    pub product_ids: Vec<Uuid>,
}

/// A slot to be booked.
#[derive(Debug, Clone)]
pub struct NewSlot {
    /// Where it is.
    pub place: SlotPlace,
    /// The category, exactly for `category_top`.
    pub category: Option<CategoryId>,
    /// When it is shown.
    pub schedule: Schedule,
    /// What stands in it.
    pub products: Vec<ProductId>,
}

/// What to change of a slot: None keeps, `Some(None)` clears.
#[derive(Debug, Clone, Default)]
pub struct SlotChanges {
    /// Where it is.
    pub place: Option<SlotPlace>,
    /// The category.
    pub category: Option<Option<CategoryId>>,
    /// From when it shows.
    pub starts_at: Option<DateTime<Utc>>,
    /// Until when.
    pub ends_at: Option<Option<DateTime<Utc>>>,
    /// The zone that its staff think in.
    pub zone: Option<Tz>,
    /// What stands in it.
    pub products: Option<Vec<ProductId>>,
}

/// A product in a slot, and why.
#[derive(Debug, Clone)]
pub struct SlotItem {
    /// The product.
    pub product_id: Uuid,
    /// Its part of public addresses.
    pub slug: String,
    /// Its name in the asked language, or in the other where that is missing.
    pub name: String,
    /// Whether a storefront shows it now: a published mutiara of an active merchant.
    pub is_shown: bool,
    /// Why it stands there.
    pub reason: SlotReason,
}

sql! {
    SlotItems { aggregator: Uuid => SqlUuid, slot: Uuid => SqlUuid, locale: &'static str => Text }
    "SELECT s.product_id, p.slug,
        coalesce((SELECT t.name FROM product_translations t WHERE t.aggregator_id = $1 AND t.product_id = p.id
            ORDER BY t.locale <> $3, t.locale DESC LIMIT 1), p.slug) AS name,
        p.status = 'published' AND p.is_mutiara AND m.status = 'active' AS is_shown
     FROM slot_products s
     JOIN products p ON p.aggregator_id = s.aggregator_id AND p.id = s.product_id
     JOIN merchants m ON m.aggregator_id = p.aggregator_id AND m.id = p.merchant_id
     WHERE s.aggregator_id = $1 AND s.slot_id = $2
     ORDER BY s.position"
}

#[derive(QueryableByName)]
struct SlotItemRow {
    #[diesel(sql_type = SqlUuid)]
    product_id: Uuid,
    #[diesel(sql_type = Text)]
    slug: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    is_shown: bool,
}

impl TenantTx<'_> {
    /// Books a slot.
    pub async fn insert_slot(&mut self, new: &NewSlot) -> Result<Slot> {
        self.check_slot_category(new.category).await?;
        self.check_mutiara(&new.products).await?;
        let now = Utc::now();
        let window = new.schedule.window();
        let row = diesel::insert_into(featured_slots::table)
            .values((
                featured_slots::aggregator_id.eq(self.tenant()),
                featured_slots::id.eq(SlotId::new().uuid()),
                featured_slots::place.eq(new.place.as_str()),
                featured_slots::category_id.eq(new.category.map(CategoryId::uuid)),
                featured_slots::mode.eq(SlotMode::Fixed.as_str()),
                featured_slots::starts_at.eq(window.starts_at()),
                featured_slots::ends_at.eq(window.ends_at()),
                featured_slots::time_zone.eq(new.schedule.zone().name()),
                featured_slots::next_turn_at.eq(window.next_turn(now)),
                featured_slots::created_at.eq(now),
                featured_slots::updated_at.eq(now),
            ))
            .returning(SlotRow::as_returning())
            .get_result::<SlotRow>(&mut **self)
            .await?;
        let product_ids = self.fill_slot(row.id, 0.., &new.products).await?;
        self.record(
            Change::new(EventKind::SlotCreated, Subject("slot", row.id))
                .data(json!({ "place": row.place }))
                .from_to(Value::Null, facts(&row, &product_ids)),
        );
        self.project_slot(row.id.into()).await?;
        Ok(Slot { row, product_ids })
    }

    /// One slot.
    pub async fn slot(&mut self, id: SlotId) -> Result<Slot> {
        let row = featured_slots::table
            .find((self.tenant(), id.uuid()))
            .select(SlotRow::as_select())
            .first::<SlotRow>(&mut **self)
            .await?;
        let product_ids = self.slot_members(row.id).await?;
        Ok(Slot { row, product_ids })
    }

    /// Slots, the newest booking first.
    pub async fn slots(&mut self, after: Option<&Cursor>, limit: usize) -> Result<Page<Slot>> {
        let mut query = featured_slots::table
            .filter(featured_slots::aggregator_id.eq(self.tenant()))
            .select(SlotRow::as_select())
            .into_boxed();
        if let Some(cursor) = after {
            let (time, id) = cursor.time_and_id()?;
            query = query.filter(
                featured_slots::created_at
                    .lt(time)
                    .or(featured_slots::created_at.eq(time).and(featured_slots::id.lt(id))),
            );
        }
        let rows = query
            .order((featured_slots::created_at.desc(), featured_slots::id.desc()))
            .limit(i64::try_from(limit + 1).unwrap_or(i64::MAX))
            .load::<SlotRow>(&mut **self)
            .await?;
        let page = Page::cut(rows, limit, |row| Cursor::at(row.created_at, row.id));
        let members = slot_products::table
            .filter(slot_products::aggregator_id.eq(self.tenant()))
            .filter(slot_products::slot_id.eq_any(page.items.iter().map(|row| row.id).collect::<Vec<_>>()))
            .order((slot_products::slot_id, slot_products::position))
            .select((slot_products::slot_id, slot_products::product_id))
            .load::<(Uuid, Uuid)>(&mut **self)
            .await?;
        Ok(page.map(|row| {
            let own = members.iter().filter(|(slot, _)| *slot == row.id);
            Slot { product_ids: own.map(|(_, product)| *product).collect(), row }
        }))
    }

    /// Edits a slot whose version is still `expected`. What already stands in it may stay; what comes in is checked.
    pub async fn update_slot(&mut self, id: SlotId, expected: i32, changes: &SlotChanges) -> Result<Slot> {
        let before = self.lock_slot(id, expected).await?;
        let stood = self.slot_members(before.id).await?;
        let place = changes.place.map_or_else(|| before.place(), Ok)?;
        let category = place
            .category(changes.category.unwrap_or(before.category_id.map(Into::into)))
            .map_err(|code| Error::field("/category_id", code))?;
        let starts_at = changes.starts_at.unwrap_or(before.starts_at);
        let window = Window::new(starts_at, changes.ends_at.unwrap_or(before.ends_at))
            .map_err(|code| Error::field("/ends_at", code))?;
        if category.map(CategoryId::uuid) != before.category_id {
            self.check_slot_category(category).await?;
        }
        let product_ids = match &changes.products {
            None => stood.clone(),
            Some(products) => {
                self.check_mutiara(products).await?;
                diesel::delete(
                    slot_products::table
                        .filter(slot_products::aggregator_id.eq(self.tenant()))
                        .filter(slot_products::slot_id.eq(before.id)),
                )
                .execute(&mut **self)
                .await?;
                self.fill_slot(before.id, positions(before.version, MAX_ITEMS), products).await?
            }
        };
        let now = Utc::now();
        let zone = changes.zone.map_or(before.time_zone.as_str(), |zone| zone.name());
        let row = diesel::update(featured_slots::table.find((self.tenant(), before.id)))
            .set((
                featured_slots::place.eq(place.as_str()),
                featured_slots::category_id.eq(category.map(CategoryId::uuid)),
                featured_slots::starts_at.eq(window.starts_at()),
                featured_slots::ends_at.eq(window.ends_at()),
                featured_slots::time_zone.eq(zone),
                featured_slots::next_turn_at.eq(window.next_turn(now)),
                featured_slots::version.eq(featured_slots::version + 1),
                featured_slots::updated_at.eq(now),
            ))
            .returning(SlotRow::as_returning())
            .get_result::<SlotRow>(&mut **self)
            .await?;
        self.record(
            Change::new(EventKind::SlotUpdated, Subject("slot", row.id))
                .data(json!({ "place": row.place }))
                .from_to(facts(&before, &stood), facts(&row, &product_ids)),
        );
        self.project_slot(id).await?;
        Ok(Slot { row, product_ids })
    }

    /// Deletes a slot.
    pub async fn delete_slot(&mut self, id: SlotId, expected: i32) -> Result<()> {
        let before = self.lock_slot(id, expected).await?;
        let stood = self.slot_members(before.id).await?;
        diesel::delete(featured_slots::table.find((self.tenant(), before.id))).execute(&mut **self).await?;
        self.record(
            Change::new(EventKind::SlotDeleted, Subject("slot", before.id))
                .data(json!({ "place": before.place }))
                .from_to(facts(&before, &stood), Value::Null),
        );
        self.project_slot(id).await
    }

    /// What stands in a slot, with the reason of each. A rotation's turns will be worked out here.
    pub async fn slot_items(&mut self, id: SlotId, locale: Locale) -> Result<Vec<SlotItem>> {
        let query = SlotItems { aggregator: self.tenant(), slot: id.uuid(), locale: locale.as_str() };
        let rows = query.load::<SlotItemRow>(&mut **self).await?;
        Ok(rows
            .into_iter()
            .map(|row| SlotItem {
                product_id: row.product_id,
                slug: row.slug,
                name: row.name,
                is_shown: row.is_shown,
                reason: SlotReason::Booked,
            })
            .collect())
    }

    async fn lock_slot(&mut self, id: SlotId, expected: i32) -> Result<SlotRow> {
        let row = featured_slots::table
            .find((self.tenant(), id.uuid()))
            .select(SlotRow::as_select())
            .for_update()
            .first::<SlotRow>(&mut **self)
            .await?;
        if row.version == expected { Ok(row) } else { Err(Error::Stale(row.version)) }
    }

    async fn slot_members(&mut self, slot: Uuid) -> Result<Vec<Uuid>> {
        let members = slot_products::table
            .filter(slot_products::aggregator_id.eq(self.tenant()))
            .filter(slot_products::slot_id.eq(slot))
            .order(slot_products::position)
            .select(slot_products::product_id)
            .load::<Uuid>(&mut **self)
            .await?;
        Ok(members)
    }

    async fn fill_slot(
        &mut self,
        slot: Uuid,
        positions: RangeFrom<i32>,
        products: &[ProductId],
    ) -> Result<Vec<Uuid>> {
        let places: Vec<_> = positions
            .zip(products)
            .map(|(position, product)| {
                (
                    slot_products::aggregator_id.eq(self.tenant()),
                    slot_products::slot_id.eq(slot),
                    slot_products::position.eq(position),
                    slot_products::product_id.eq(product.uuid()),
                )
            })
            .collect();
        diesel::insert_into(slot_products::table).values(places).execute(&mut **self).await?;
        Ok(products.iter().map(|product| product.uuid()).collect())
    }

    async fn check_slot_category(&mut self, category: Option<CategoryId>) -> Result<()> {
        let Some(category) = category else { return Ok(()) };
        let found = categories::table
            .find(category.uuid())
            .select(categories::id)
            .first::<Uuid>(&mut **self)
            .await
            .optional()?;
        found.map(|_| ()).ok_or_else(|| Error::field("/category_id", Code::UnknownReference))
    }

    /// Only mutiara that are published come into a slot.
    async fn check_mutiara(&mut self, asked: &[ProductId]) -> Result<()> {
        let ids: Vec<_> = asked.iter().map(|product| product.uuid()).collect();
        let found = products::table
            .filter(products::aggregator_id.eq(self.tenant()))
            .filter(products::id.eq_any(&ids))
            .select((products::id, products::status, products::is_mutiara))
            .order(products::id)
            .load::<(Uuid, String, bool)>(&mut **self)
            .await?;
        unknown("/product_ids", &ids, |id| found.iter().any(|(known, _, _)| known == id)).finish()?;
        for (id, status, is_mutiara) in &found {
            eligible(*id, status, *is_mutiara)?;
        }
        Ok(())
    }
}

/// Whether a product may come into a slot.
pub(crate) fn eligible(id: Uuid, status: &str, is_mutiara: bool) -> Result<(), Refusal> {
    if !is_mutiara {
        return Err(Refusal::because(Code::NotMutiara, format!("Product {id} is not mutiara.")));
    }
    if status != ProductStatus::Published.as_str() {
        return Err(Refusal::because(Code::ProductNotPublished, format!("Product {id} is {status}.")));
    }
    Ok(())
}

fn facts(row: &SlotRow, product_ids: &[Uuid]) -> Value {
    json!({
        "place": row.place, "category_id": row.category_id, "mode": row.mode, "starts_at": row.starts_at,
        "ends_at": row.ends_at, "time_zone": row.time_zone, "product_ids": product_ids,
    })
}
