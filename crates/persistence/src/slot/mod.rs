//! Featured slots of an aggregator: mutiara at a place of its storefront for a time, and the turns of all slots.

use std::ops::RangeFrom;

use chrono::{DateTime, Utc};
use diesel::sql_types::Uuid as SqlUuid;
use diesel::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, Queryable, QueryableByName,
    Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{CategoryId, ProductId, SlotId};
use kapal_domain::product::ProductStatus;
use kapal_domain::rotation::RotationRules;
use kapal_domain::slot::{Filling, MAX_ITEMS, Place as SlotPlace, Schedule, Tz, Window, parse_time_zone};
use kapal_domain::{Code, Refusal};
use kapal_schema::{categories, featured_slots, products, slot_products};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::collection::{positions, unknown};
use crate::identity::stored;
use crate::sql::sql;
use crate::{Change, Cursor, Error, Page, Result, Subject, TenantTx};

mod draw;
mod fairness;
mod plan;

pub(crate) use draw::draw;
pub use fairness::{Fairness, ProvinceFairness};
pub use plan::{PlanPeriod, PlannedWindow, SlotItem};

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
    /// The line of that place, from 1.
    pub line: i16,
    /// How it chooses its products.
    pub mode: String,
    /// Products side by side, of a rotation.
    pub places: Option<i16>,
    /// Hours of a window, of a rotation.
    pub window_hours: Option<i16>,
    /// Windows that a province waits at most, of a rotation.
    pub longest_wait: Option<i16>,
    /// The number of the window that was drawn last.
    pub drawn: i64,
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

    /// The rules of its rotation; None when it is fixed.
    pub fn rules(&self) -> Result<Option<RotationRules>> {
        let (Some(places), Some(hours), Some(wait)) = (self.places, self.window_hours, self.longest_wait)
        else {
            return Ok(None);
        };
        let rules = u8::try_from(places).ok().zip(u16::try_from(hours).ok()).zip(u16::try_from(wait).ok());
        let rules = rules.ok_or(Code::OutOfRange);
        stored(rules.and_then(|((places, hours), wait)| RotationRules::new(places, hours, wait))).map(Some)
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
    /// The line of that place.
    pub line: u8,
    /// The category, exactly for `category_top`.
    pub category: Option<CategoryId>,
    /// When it is shown.
    pub schedule: Schedule,
    /// What stands in it.
    pub filling: Filling,
}

/// What to change of a slot: None keeps, `Some(None)` clears.
#[derive(Debug, Clone, Default)]
pub struct SlotChanges {
    /// Where it is.
    pub place: Option<SlotPlace>,
    /// The line of that place.
    pub line: Option<u8>,
    /// The category.
    pub category: Option<Option<CategoryId>>,
    /// From when it shows.
    pub starts_at: Option<DateTime<Utc>>,
    /// Until when.
    pub ends_at: Option<Option<DateTime<Utc>>>,
    /// The zone that its staff think in.
    pub zone: Option<Tz>,
    /// What stands in it, when it is fixed.
    pub products: Option<Vec<ProductId>>,
    /// Products side by side, when it rotates.
    pub places: Option<u8>,
    /// Hours of a window, when it rotates.
    pub window_hours: Option<u16>,
    /// Windows that a province waits at most, when it rotates.
    pub longest_wait: Option<u16>,
}

impl SlotChanges {
    /// What a rotation's rules become. Each kind of slot has fields of its own: a field of the other kind is refused.
    fn rules(&self, before: &SlotRow) -> Result<Option<RotationRules>> {
        let Some(rules) = before.rules()? else {
            let of_rotations = [
                ("/places", self.places.is_some()),
                ("/window_hours", self.window_hours.is_some()),
                ("/longest_wait", self.longest_wait.is_some()),
            ];
            let foreign = of_rotations.into_iter().find(|(_, is_there)| *is_there);
            return foreign.map_or(Ok(None), |(at, _)| Err(Error::field(at, Code::OtherSlotMode)));
        };
        if self.products.is_some() {
            return Err(Error::field("/product_ids", Code::OtherSlotMode));
        }
        let rules = RotationRules::new(
            self.places.unwrap_or(rules.places()),
            self.window_hours.unwrap_or(rules.window_hours()),
            self.longest_wait.unwrap_or(rules.longest_wait()),
        );
        rules.map(Some).map_err(Into::into)
    }
}

sql! {
    // Bookings of one aggregator wait for each other, so that two at once can't both find the place free.
    LockBookings { aggregator: Uuid => SqlUuid } "SELECT 1 FROM aggregators WHERE id = $1 FOR NO KEY UPDATE"
}

sql! {
    FindOverlap { aggregator: Uuid => SqlUuid, slot: Uuid => SqlUuid }
    "SELECT other.id FROM featured_slots s
     JOIN featured_slots other ON other.aggregator_id = s.aggregator_id AND other.id <> s.id
        AND other.place = s.place AND other.line = s.line AND other.mode = s.mode
        AND other.category_id IS NOT DISTINCT FROM s.category_id
        AND tstzrange(other.starts_at, other.ends_at) && tstzrange(s.starts_at, s.ends_at)
     WHERE s.aggregator_id = $1 AND s.id = $2
     ORDER BY other.starts_at LIMIT 1"
}

#[derive(QueryableByName)]
struct Overlap {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

impl TenantTx<'_> {
    /// Books a slot.
    pub async fn insert_slot(&mut self, new: &NewSlot) -> Result<Slot> {
        LockBookings { aggregator: self.tenant() }.execute(&mut **self).await?;
        self.check_slot_category(new.category).await?;
        let products = new.filling.products();
        self.check_mutiara(products).await?;
        let now = Utc::now();
        let rules = new.filling.rules();
        let row = diesel::insert_into(featured_slots::table)
            .values((
                featured_slots::aggregator_id.eq(self.tenant()),
                featured_slots::id.eq(SlotId::new().uuid()),
                featured_slots::place.eq(new.place.as_str()),
                featured_slots::line.eq(i16::from(new.line)),
                featured_slots::category_id.eq(new.category.map(CategoryId::uuid)),
                featured_slots::mode.eq(new.filling.mode().as_str()),
                RuleColumns::from(rules),
                featured_slots::starts_at.eq(new.schedule.window().starts_at()),
                featured_slots::ends_at.eq(new.schedule.window().ends_at()),
                featured_slots::time_zone.eq(new.schedule.zone().name()),
                featured_slots::next_turn_at.eq(next_turn(&new.schedule, rules, now)),
                featured_slots::created_at.eq(now),
                featured_slots::updated_at.eq(now),
            ))
            .returning(SlotRow::as_returning())
            .get_result::<SlotRow>(&mut **self)
            .await?;
        self.check_place(row.id).await?;
        let product_ids = self.fill_slot(row.id, 0.., products).await?;
        self.record(
            Change::new(EventKind::SlotCreated, Subject("slot", row.id))
                .data(json!({ "place": row.place }))
                .from_to(Value::Null, facts(&row, &product_ids)),
        );
        if let Some(window) = row.window_at(now)? {
            let aggregator = self.tenant();
            draw(self, aggregator, &row, window).await?;
        }
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

    /// Edits a slot whose version is still `expected`. What already stands in it may stay; what comes in is checked. A
    /// rotation that goes by other rules from now on shows what they say at once.
    pub async fn update_slot(&mut self, id: SlotId, expected: i32, changes: &SlotChanges) -> Result<Slot> {
        LockBookings { aggregator: self.tenant() }.execute(&mut **self).await?;
        let before = self.lock_slot(id, expected).await?;
        let stood = self.slot_members(before.id).await?;
        let place = changes.place.map_or_else(|| before.place(), Ok)?;
        let category = place
            .category(changes.category.unwrap_or(before.category_id.map(Into::into)))
            .map_err(|code| Error::field("/category_id", code))?;
        let line = changes.line.map_or(before.line, i16::from);
        let line = u8::try_from(line).map_err(|_| Code::OutOfRange).and_then(|line| place.line(line));
        let line = line.map_err(|code| Error::field("/line", code))?;
        let window = Window::new(
            changes.starts_at.unwrap_or(before.starts_at),
            changes.ends_at.unwrap_or(before.ends_at),
        );
        let window = window.map_err(|code| Error::field("/ends_at", code))?;
        let rules = changes.rules(&before)?;
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
        let zone = changes.zone.map_or_else(|| stored(parse_time_zone(&before.time_zone)), Ok)?;
        let schedule = Schedule::new(window, Some(zone));
        let row = diesel::update(featured_slots::table.find((self.tenant(), before.id)))
            .set((
                featured_slots::place.eq(place.as_str()),
                featured_slots::line.eq(i16::from(line)),
                featured_slots::category_id.eq(category.map(CategoryId::uuid)),
                RuleColumns::from(rules),
                featured_slots::starts_at.eq(window.starts_at()),
                featured_slots::ends_at.eq(window.ends_at()),
                featured_slots::time_zone.eq(zone.name()),
                featured_slots::next_turn_at.eq(next_turn(&schedule, rules, now)),
                featured_slots::version.eq(featured_slots::version + 1),
                featured_slots::updated_at.eq(now),
            ))
            .returning(SlotRow::as_returning())
            .get_result::<SlotRow>(&mut **self)
            .await?;
        self.check_place(row.id).await?;
        self.record(
            Change::new(EventKind::SlotUpdated, Subject("slot", row.id))
                .data(json!({ "place": row.place }))
                .from_to(facts(&before, &stood), facts(&row, &product_ids)),
        );
        let (was, is) = ((before.rules()?, before.category_id), (rules, row.category_id));
        if (was != is || row.drawn == 0)
            && let Some(window) = row.window_at(now)?
        {
            // What is drawn anew in the middle of a window begins there.
            let rest = Window::new(window.starts_at().max(now), window.ends_at())?;
            let aggregator = self.tenant();
            draw(self, aggregator, &row, rest).await?;
        }
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

    /// Two bookings of one kind at one place, line and category don't overlap. A fixed one may stand over a rotation: it
    /// goes first for its time.
    async fn check_place(&mut self, slot: Uuid) -> Result<()> {
        let query = FindOverlap { aggregator: self.tenant(), slot };
        let Some(other) = query.get_result::<Overlap>(&mut **self).await.optional()? else { return Ok(()) };
        let detail = format!("Slot {} stands there at that time.", other.id);
        Err(Refusal::because(Code::SlotOverlap, detail).into())
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

/// The next moment at which a slot begins, ends, or shows others.
pub(crate) fn next_turn(
    schedule: &Schedule,
    rules: Option<RotationRules>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let window = schedule.window();
    rules.and_then(|rules| rules.window(&window, now)?.ends_at()).or_else(|| window.next_turn(now))
}

/// A rotation's rules as they are stored.
#[derive(diesel::Insertable, diesel::AsChangeset)]
#[diesel(table_name = featured_slots)]
pub(crate) struct RuleColumns {
    places: Option<i16>,
    window_hours: Option<i16>,
    longest_wait: Option<i16>,
}

impl From<Option<RotationRules>> for RuleColumns {
    fn from(rules: Option<RotationRules>) -> Self {
        let small = |number: u16| i16::try_from(number).unwrap_or(i16::MAX);
        Self {
            places: rules.map(|rules| i16::from(rules.places())),
            window_hours: rules.map(|rules| small(rules.window_hours())),
            longest_wait: rules.map(|rules| small(rules.longest_wait())),
        }
    }
}

fn facts(row: &SlotRow, product_ids: &[Uuid]) -> Value {
    json!({
        "place": row.place, "line": row.line, "category_id": row.category_id, "mode": row.mode, "places": row.places,
        "window_hours": row.window_hours, "longest_wait": row.longest_wait, "starts_at": row.starts_at,
        "ends_at": row.ends_at, "time_zone": row.time_zone, "product_ids": product_ids,
    })
}
