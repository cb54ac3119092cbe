//! What stands on the national home: the platform's own slots, as one document. Its version is that of the platform's
//! own aggregator, whose lock also keeps two operators apart.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Uuid as SqlUuid};
use diesel::{ExpressionMethods, QueryDsl, QueryableByName, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::aggregator::AggregatorStatus;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{AggregatorId, ProductId, SlotId};
use kapal_domain::merchant::MerchantStatus;
use kapal_domain::slot::{Filling, Place as SlotPlace, Schedule};
use kapal_domain::{Code, Faults, Refusal};
use kapal_schema::{aggregators, featured_slots, national_slot_products};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::slot::{RuleColumns, draw, eligible, next_turn};
use crate::sql::sql;
use crate::{Change, Error, OperatorTx, Result, SlotRow, Subject};

/// The national slots.
#[derive(Debug, Clone)]
pub struct Featured {
    /// Grows with each change.
    pub version: i32,
    /// The slots, by place and line.
    pub slots: Vec<NationalSlot>,
}

/// One slot of the platform.
#[derive(Debug, Clone)]
pub struct NationalSlot {
    /// The slot.
    pub row: SlotRow,
    /// What stands in it, in order.
    pub products: Vec<NationalProduct>,
}

/// A product in a national slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NationalProduct {
    /// Whose it is.
    pub aggregator_id: Uuid,
    /// The slug of that aggregator.
    pub aggregator_slug: String,
    /// The product.
    pub product_id: Uuid,
}

/// A national slot to be put.
#[derive(Debug, Clone)]
pub struct NewNationalSlot {
    /// Where it is.
    pub place: SlotPlace,
    /// The line of that place.
    pub line: u8,
    /// When it is shown.
    pub schedule: Schedule,
    /// What stands in it: of each product the aggregator's slug or id, and its own id.
    pub filling: Filling<(String, ProductId)>,
}

/// What a replacement came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaced {
    /// There were no slots before.
    Nothing,
    /// Other slots were there before.
    Others,
    /// The very same slots were there: nothing changed.
    Same,
}

sql! {
    StandingProducts { slots: Vec<Uuid> => Array<SqlUuid> }
    "SELECT n.slot_id, n.origin_aggregator_id, a.slug, n.product_id
     FROM national_slot_products n
     JOIN aggregators a ON a.id = n.origin_aggregator_id
     WHERE n.slot_id = ANY ($1)
     ORDER BY n.slot_id, n.position"
}

#[derive(QueryableByName)]
struct StandingRow {
    #[diesel(sql_type = SqlUuid)]
    slot_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    origin_aggregator_id: Uuid,
    #[diesel(sql_type = Text)]
    slug: String,
    #[diesel(sql_type = SqlUuid)]
    product_id: Uuid,
}

sql! {
    /// What each asked aggregator and product are, in the order of asking.
    FindCandidates { aggregators: Vec<String> => Array<Text>, products: Vec<Uuid> => Array<SqlUuid> }
    "SELECT asked.at, a.id AS aggregator_id, a.slug, a.status AS aggregator_status, a.national, p.id AS product_id,
        p.status, p.is_mutiara, m.status AS merchant_status
     FROM unnest($1, $2) WITH ORDINALITY AS asked (aggregator, product, at)
     JOIN aggregators a ON a.kind = 'member' AND (a.slug = asked.aggregator OR a.id::text = lower(asked.aggregator))
     LEFT JOIN products p ON p.aggregator_id = a.id AND p.id = asked.product
     LEFT JOIN merchants m ON m.aggregator_id = p.aggregator_id AND m.id = p.merchant_id"
}

#[derive(QueryableByName)]
struct CandidateRow {
    #[diesel(sql_type = BigInt)]
    at: i64,
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
    #[diesel(sql_type = Text)]
    slug: String,
    #[diesel(sql_type = Text)]
    aggregator_status: String,
    #[diesel(sql_type = Bool)]
    national: bool,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    product_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    status: Option<String>,
    #[diesel(sql_type = Nullable<Bool>)]
    is_mutiara: Option<bool>,
    #[diesel(sql_type = Nullable<Text>)]
    merchant_status: Option<String>,
}

impl CandidateRow {
    /// Whether the product may stand on the national home.
    fn check(&self, product: Uuid) -> Result<(), Refusal> {
        eligible(product, self.status.as_deref().unwrap_or_default(), self.is_mutiara.unwrap_or_default())?;
        match self.merchant_status.as_deref() {
            Some(status) if status != MerchantStatus::Active.as_str() => Err(Refusal::because(
                Code::MerchantNotActive,
                format!("The merchant of product {product} is {status}."),
            )),
            _ => Ok(()),
        }
    }
}

impl OperatorTx<'_> {
    /// The national slots as they are.
    pub async fn featured(&mut self) -> Result<Featured> {
        let version = aggregators::table
            .find(AggregatorId::PLATFORM.uuid())
            .select(aggregators::version)
            .first::<i32>(&mut **self)
            .await?;
        Ok(Featured { version, slots: self.national_slots().await? })
    }

    /// One national slot.
    pub async fn national_slot(&mut self, id: SlotId) -> Result<NationalSlot> {
        let slots = self.national_slots().await?;
        slots.into_iter().find(|slot| slot.row.id == id.uuid()).ok_or(Error::NotFound)
    }

    /// Puts exactly these slots on the national home. `expected` is the version that they replace; without one there
    /// must be nothing to replace.
    pub async fn replace_featured(
        &mut self,
        expected: Option<i32>,
        new: &[NewNationalSlot],
    ) -> Result<(Featured, Replaced)> {
        let version = aggregators::table
            .find(AggregatorId::PLATFORM.uuid())
            .select(aggregators::version)
            .for_no_key_update()
            .first::<i32>(&mut **self)
            .await?;
        let before = self.national_slots().await?;
        let products = self.candidates(new).await?;
        overlaps(new)?;
        // What stays as it is stays the same slot: a rotation goes on where it stood.
        let mut left = before;
        let mut kept = Vec::new();
        let mut made = Vec::new();
        for (new, products) in new.iter().zip(products) {
            let mut same_as_new = Vec::new();
            for old in &left {
                same_as_new.push(same(old, new, &products)?);
            }
            match same_as_new.iter().position(|is_same| *is_same) {
                Some(at) => kept.push(left.remove(at)),
                None => made.push((new, products)),
            }
        }
        let is_empty = kept.is_empty() && left.is_empty();
        if made.is_empty() && left.is_empty() {
            return Ok((Featured { version, slots: in_order(kept) }, Replaced::Same));
        }
        match expected {
            Some(expected) if expected != version => return Err(Error::Stale(version)),
            None if !is_empty => return Err(Code::PreconditionRequired.into()),
            Some(_) | None => {}
        }
        let replaced = if is_empty { Replaced::Nothing } else { Replaced::Others };
        for slot in left {
            self.delete_national_slot(slot).await?;
        }
        for (new, products) in made {
            kept.push(self.insert_national_slot(new, products).await?);
        }
        let version = diesel::update(aggregators::table.find(AggregatorId::PLATFORM.uuid()))
            .set((aggregators::version.eq(aggregators::version + 1), aggregators::updated_at.eq(Utc::now())))
            .returning(aggregators::version)
            .get_result::<i32>(&mut **self)
            .await?;
        Ok((Featured { version, slots: in_order(kept) }, replaced))
    }

    async fn national_slots(&mut self) -> Result<Vec<NationalSlot>> {
        let rows = featured_slots::table
            .filter(featured_slots::aggregator_id.eq(AggregatorId::PLATFORM.uuid()))
            .select(SlotRow::as_select())
            .load::<SlotRow>(&mut **self)
            .await?;
        let standing = StandingProducts { slots: rows.iter().map(|row| row.id).collect() };
        let standing = standing.load::<StandingRow>(&mut **self).await?;
        let with_products = |row: SlotRow| {
            let own = standing.iter().filter(|product| product.slot_id == row.id);
            let products = own.map(|product| NationalProduct {
                aggregator_id: product.origin_aggregator_id,
                aggregator_slug: product.slug.clone(),
                product_id: product.product_id,
            });
            NationalSlot { products: products.collect(), row }
        };
        Ok(in_order(rows.into_iter().map(with_products).collect()))
    }

    /// The products of each slot, all of which may stand on the national home.
    async fn candidates(&mut self, new: &[NewNationalSlot]) -> Result<Vec<Vec<NationalProduct>>> {
        let asked: Vec<_> = new.iter().flat_map(|slot| slot.filling.products()).collect();
        let query = FindCandidates {
            aggregators: asked.iter().map(|(aggregator, _)| aggregator.clone()).collect(),
            products: asked.iter().map(|(_, product)| product.uuid()).collect(),
        };
        let rows = query.load::<CandidateRow>(&mut **self).await?;
        let mut faults = Faults::default();
        let mut refusal = None;
        let mut number = 0;
        let mut all = Vec::with_capacity(new.len());
        for (i, slot) in new.iter().enumerate() {
            let products = slot.filling.products();
            let mut found = Vec::with_capacity(products.len());
            for (j, (_, product)) in products.iter().enumerate() {
                number += 1;
                let place = format!("/slots/{i}/products/{j}");
                let candidate = rows.iter().find(|row| row.at == number);
                match candidate.map(|row| (row, row.product_id)) {
                    None => faults.add(format!("{place}/aggregator"), Code::UnknownReference),
                    Some((row, _)) if !is_national(row) => faults.add_detail(
                        format!("{place}/aggregator"),
                        Code::InvalidChoice,
                        "The aggregator is not active, or not shown nationally.",
                    ),
                    Some((_, None)) => faults.add(format!("{place}/product_id"), Code::UnknownReference),
                    Some((row, Some(product_id))) => {
                        refusal = refusal.or(row.check(product.uuid()).err());
                        let product = NationalProduct {
                            aggregator_id: row.aggregator_id,
                            aggregator_slug: row.slug.clone(),
                            product_id,
                        };
                        if found.contains(&product) {
                            faults.add(format!("{place}/product_id"), Code::DuplicateEntry);
                        }
                        found.push(product);
                    }
                }
            }
            all.push(found);
        }
        faults.finish()?;
        refusal.map_or(Ok(all), |refusal| Err(refusal.into()))
    }

    async fn insert_national_slot(
        &mut self,
        new: &NewNationalSlot,
        products: Vec<NationalProduct>,
    ) -> Result<NationalSlot> {
        let platform = AggregatorId::PLATFORM;
        let now = Utc::now();
        let (window, rules) = (new.schedule.window(), new.filling.rules());
        let row = diesel::insert_into(featured_slots::table)
            .values((
                featured_slots::aggregator_id.eq(platform.uuid()),
                featured_slots::id.eq(SlotId::new().uuid()),
                featured_slots::place.eq(new.place.as_str()),
                featured_slots::line.eq(i16::from(new.line)),
                featured_slots::mode.eq(new.filling.mode().as_str()),
                RuleColumns::from(rules),
                featured_slots::starts_at.eq(window.starts_at()),
                featured_slots::ends_at.eq(window.ends_at()),
                featured_slots::time_zone.eq(new.schedule.zone().name()),
                featured_slots::next_turn_at.eq(next_turn(&new.schedule, rules, now)),
                featured_slots::created_at.eq(now),
                featured_slots::updated_at.eq(now),
            ))
            .returning(SlotRow::as_returning())
            .get_result::<SlotRow>(&mut **self)
            .await?;
        let places: Vec<_> = (0..)
            .zip(&products)
            .map(|(position, product)| {
                (
                    national_slot_products::aggregator_id.eq(platform.uuid()),
                    national_slot_products::slot_id.eq(row.id),
                    national_slot_products::position.eq(position),
                    national_slot_products::origin_aggregator_id.eq(product.aggregator_id),
                    national_slot_products::product_id.eq(product.product_id),
                )
            })
            .collect();
        diesel::insert_into(national_slot_products::table).values(places).execute(&mut **self).await?;
        let slot = NationalSlot { row, products };
        self.record(
            platform,
            Change::new(EventKind::SlotCreated, Subject("slot", slot.row.id))
                .data(json!({ "place": slot.row.place }))
                .from_to(Value::Null, facts(&slot)),
        );
        if let Some(window) = slot.row.window_at(now)? {
            draw(self, platform.uuid(), &slot.row, window).await?;
        }
        self.project_slot(platform.uuid(), slot.row.id.into()).await?;
        Ok(slot)
    }

    async fn delete_national_slot(&mut self, slot: NationalSlot) -> Result<()> {
        let platform = AggregatorId::PLATFORM;
        diesel::delete(featured_slots::table.find((platform.uuid(), slot.row.id)))
            .execute(&mut **self)
            .await?;
        self.record(
            platform,
            Change::new(EventKind::SlotDeleted, Subject("slot", slot.row.id))
                .data(json!({ "place": slot.row.place }))
                .from_to(facts(&slot), Value::Null),
        );
        self.project_slot(platform.uuid(), slot.row.id.into()).await
    }
}

fn is_national(row: &CandidateRow) -> bool {
    row.national && row.aggregator_status == AggregatorStatus::Active.as_str()
}

/// By place, line and time.
fn in_order(mut slots: Vec<NationalSlot>) -> Vec<NationalSlot> {
    let place = |row: &SlotRow| SlotPlace::ALL.iter().position(|place| place.as_str() == row.place);
    slots.sort_by_key(|slot| (place(&slot.row), slot.row.line, slot.row.starts_at, slot.row.id));
    slots
}

/// Two slots of one kind at one place and line don't overlap.
fn overlaps(new: &[NewNationalSlot]) -> Result<(), Refusal> {
    let spot = |slot: &NewNationalSlot| (slot.place, slot.line, slot.filling.mode());
    for (at, slot) in new.iter().enumerate() {
        let stands_there = |other: &NewNationalSlot| {
            spot(other) == spot(slot) && other.schedule.window().overlaps(&slot.schedule.window())
        };
        if let Some(first) = new[..at].iter().position(stands_there) {
            let detail = format!("/slots/{first} and /slots/{at} stand at one place and line at one time.");
            return Err(Refusal::because(Code::SlotOverlap, detail));
        }
    }
    Ok(())
}

/// Whether a slot is already what is asked for.
fn same(old: &NationalSlot, new: &NewNationalSlot, products: &[NationalProduct]) -> Result<bool> {
    let window = new.schedule.window();
    let times = |row: &SlotRow| -> (DateTime<Utc>, Option<DateTime<Utc>>) { (row.starts_at, row.ends_at) };
    Ok(old.row.place == new.place.as_str()
        && old.row.line == i16::from(new.line)
        && times(&old.row) == (window.starts_at(), window.ends_at())
        && old.row.time_zone == new.schedule.zone().name()
        && old.row.rules()? == new.filling.rules()
        && old.products == products)
}

fn facts(slot: &NationalSlot) -> Value {
    let products = slot.products.iter();
    let products: Vec<_> =
        products.map(|p| json!({ "aggregator_id": p.aggregator_id, "product_id": p.product_id })).collect();
    json!({
        "place": slot.row.place, "line": slot.row.line, "mode": slot.row.mode, "places": slot.row.places,
        "window_hours": slot.row.window_hours, "longest_wait": slot.row.longest_wait, "starts_at": slot.row.starts_at, "ends_at": slot.row.ends_at,
        "time_zone": slot.row.time_zone, "products": products,
    })
}
