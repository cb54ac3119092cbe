//! `/v1/aggregators/{aggregator}/slots`: mutiara at a place of the storefront, for a time.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use actix_web::{HttpRequest, delete, get, patch, post};
use chrono::{DateTime, Utc};
use kapal_domain::ids::{CategoryId, ProductId, SlotId};
use kapal_domain::permission::{ProductsRead, StorefrontWrite};
use kapal_domain::slot::{MAX_ITEMS, Place, Schedule, Tz, Window, parse_moment, parse_time_zone};
use kapal_domain::{Code, Faults};
use kapal_persistence::{NewSlot, Slot, SlotChanges};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answered, Created, Done, Found, InLanguage};
use crate::collection::NoFilter;
use crate::json::{Json, Patch};
use crate::path::{At, IfMatch, parse_id};
use crate::query::{List, PageOf, Paging};
use crate::{Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(create_slot)
        .service(list_slots)
        .service(get_slot)
        .service(update_slot)
        .service(delete_slot)
        .service(get_slot_schedule);
}

/// A featured slot, as staff see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Slot)]
pub struct SlotView {
    /// Id.
    id: Uuid,
    /// `home_hero`, `home_row` or `category_top`.
    #[schema(example = "home_hero", max_length = 20)]
    place: String,
    /// The category, exactly for `category_top`.
    category_id: Option<Uuid>,
    /// How it chooses its products: `fixed`, as staff put them.
    #[schema(example = "fixed", max_length = 20)]
    mode: String,
    /// From when it shows.
    starts_at: DateTime<Utc>,
    /// Until when; null when it stays.
    ends_at: Option<DateTime<Utc>>,
    /// The zone that its staff think in.
    #[schema(example = "Asia/Jakarta", max_length = 40)]
    time_zone: String,
    /// Its products, in their order.
    #[schema(max_items = 12)]
    product_ids: Vec<Uuid>,
    /// Grows with each change: the `ETag`.
    #[schema(example = 1, minimum = 1)]
    version: i32,
    /// When it was booked.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl From<Slot> for SlotView {
    fn from(slot: Slot) -> Self {
        let row = slot.row;
        Self {
            id: row.id,
            place: row.place,
            category_id: row.category_id,
            mode: row.mode,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            time_zone: row.time_zone,
            product_ids: slot.product_ids,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A slot to book.
#[derive(Debug, Deserialize, ToSchema)]
pub struct SlotCreate {
    /// `home_hero`, `home_row` or `category_top`; `national` ones are the platform's.
    #[schema(example = "home_hero", pattern = "^(home_hero|home_row|category_top)$", max_length = 20)]
    place: String,
    /// The category, exactly for `category_top`.
    #[schema(example = json!(null), format = "uuid", max_length = 36)]
    category_id: Option<String>,
    /// From when it shows; now when it is left away.
    #[schema(example = "2026-11-24T03:00:00Z", format = "date-time", max_length = 40)]
    starts_at: Option<String>,
    /// Until when; left away it stays.
    #[schema(example = "2026-12-24T03:00:00Z", format = "date-time", max_length = 40)]
    ends_at: Option<String>,
    /// IANA name of the zone that its staff think in; `Asia/Jakarta` when it is left away.
    #[schema(example = "Asia/Jakarta", max_length = 40)]
    time_zone: Option<String>,
    /// What stands in it, in order: published mutiara.
    #[schema(example = json!(["019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11"]), min_items = 1, max_items = 12)]
    product_ids: Vec<String>,
}

impl SlotCreate {
    fn parse(&self) -> Result<NewSlot, Faults> {
        let mut faults = Faults::default();
        let place = faults.take("/place", staff_place(&self.place));
        let category = faults.take_optional("/category_id", self.category_id.as_deref().map(parse_id));
        let category = match (place, category) {
            (Some(place), Some(category)) => faults.take("/category_id", place.category(category)),
            _ => None,
        };
        let schedule = parse_schedule(
            &mut faults,
            "",
            self.starts_at.as_deref(),
            self.ends_at.as_deref(),
            self.time_zone.as_deref(),
        );
        let products = parse_products(&mut faults, "/product_ids", &self.product_ids, 1..=MAX_ITEMS);
        let (Some(place), Some(category), Some(schedule), Some(products)) =
            (place, category, schedule, products)
        else {
            return Err(faults);
        };
        Ok(NewSlot { place, category, schedule, products })
    }
}

/// What to change of a slot (RFC 7396): absent keeps, null clears.
#[derive(Debug, Deserialize, ToSchema)]
pub struct SlotPatch {
    /// Where it is.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "home_row", max_length = 20)]
    place: Patch<String>,
    /// The category, exactly for `category_top`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = json!(null), format = "uuid", max_length = 36)]
    category_id: Patch<String>,
    /// From when it shows.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "2026-11-24T03:00:00Z", format = "date-time", max_length = 40)]
    starts_at: Patch<String>,
    /// Until when; null: it stays.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "2026-12-24T03:00:00Z", format = "date-time", max_length = 40)]
    ends_at: Patch<String>,
    /// IANA name of the zone that its staff think in.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Asia/Makassar", max_length = 40)]
    time_zone: Patch<String>,
    /// What stands in it, in order: published mutiara.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, example = json!(["019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11"]), max_items = 12)]
    product_ids: Patch<Vec<String>>,
}

impl SlotPatch {
    fn parse(&self) -> Result<SlotChanges, Faults> {
        let mut faults = Faults::default();
        let place = self.place.required(&mut faults, "/place", |t| staff_place(t));
        let category = self.category_id.optional(&mut faults, "/category_id", |t| parse_id::<CategoryId>(t));
        let starts_at = self.starts_at.required(&mut faults, "/starts_at", |t| parse_moment(t));
        let ends_at = self.ends_at.optional(&mut faults, "/ends_at", |t| parse_moment(t));
        let zone = self.time_zone.required(&mut faults, "/time_zone", |t| parse_time_zone(t));
        let products = match &self.product_ids {
            Patch::Keep => Some(None),
            Patch::Clear => faults.take("/product_ids", Err(Code::Required)),
            Patch::Set(ids) => parse_products(&mut faults, "/product_ids", ids, 1..=MAX_ITEMS).map(Some),
        };
        let (Some(place), Some(category), Some(starts_at), Some(ends_at), Some(zone), Some(products)) =
            (place, category, starts_at, ends_at, zone, products)
        else {
            return Err(faults);
        };
        Ok(SlotChanges { place, category, starts_at, ends_at, zone, products })
    }
}

/// A place that staff may fill.
fn staff_place(text: &str) -> Result<Place, Code> {
    match Place::parse(text)? {
        Place::National => Err(Code::InvalidChoice),
        place => Ok(place),
    }
}

/// A window whose start is now where it is left away. Faults point below `prefix`.
pub(crate) fn parse_window(
    faults: &mut Faults,
    prefix: &str,
    starts_at: Option<&str>,
    ends_at: Option<&str>,
) -> Option<Window> {
    let starts_at = match starts_at {
        None => Some(Utc::now()),
        Some(text) => faults.take(format!("{prefix}/starts_at"), parse_moment(text)),
    };
    let ends_at = faults.take_optional(format!("{prefix}/ends_at"), ends_at.map(parse_moment));
    faults.take(format!("{prefix}/ends_at"), Window::new(starts_at?, ends_at?))
}

/// A window with its time zone, Jakarta's where none is named. Faults point below `prefix`.
pub(crate) fn parse_schedule(
    faults: &mut Faults,
    prefix: &str,
    starts_at: Option<&str>,
    ends_at: Option<&str>,
    time_zone: Option<&str>,
) -> Option<Schedule> {
    let window = parse_window(faults, prefix, starts_at, ends_at);
    let zone: Option<Option<Tz>> =
        faults.take_optional(format!("{prefix}/time_zone"), time_zone.map(parse_time_zone));
    Some(Schedule::new(window?, zone?))
}

/// A list of different products, as long as `length` allows.
pub(crate) fn parse_products(
    faults: &mut Faults,
    pointer: &str,
    ids: &[String],
    length: RangeInclusive<usize>,
) -> Option<Vec<ProductId>> {
    if ids.len() < *length.start() {
        return faults.take(pointer, Err(Code::Required));
    }
    if ids.len() > *length.end() {
        return faults.take(pointer, Err(Code::TooLong));
    }
    let mut seen = HashSet::new();
    let mut products = Vec::with_capacity(ids.len());
    for (at, id) in ids.iter().enumerate() {
        let id: Result<ProductId, Code> = parse_id(id);
        let id = id.and_then(|id| if seen.insert(id) { Ok(id) } else { Err(Code::DuplicateEntry) });
        products.extend(faults.take(format!("{pointer}/{at}"), id));
    }
    (products.len() == ids.len()).then_some(products)
}

/// When a slot runs, and why each product stands there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SlotSchedule)]
pub struct SlotScheduleView {
    /// The slot.
    slot_id: Uuid,
    /// The zone of the local times.
    #[schema(example = "Asia/Jakarta", max_length = 40)]
    time_zone: String,
    /// Whether it shows now.
    #[schema(example = true)]
    is_running: bool,
    /// The next moment at which it begins or ends; null when none is left.
    next_turn_at: Option<DateTime<Utc>>,
    /// The present time and those to come; none when it is over.
    #[schema(max_items = 100)]
    windows: Vec<WindowView>,
    /// What stands in it, in order.
    #[schema(max_items = 12)]
    items: Vec<SlotItemView>,
}

/// A time in which a slot shows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SlotWindow)]
pub struct WindowView {
    /// Its start.
    starts_at: DateTime<Utc>,
    /// Its end; null when it stays.
    ends_at: Option<DateTime<Utc>>,
    /// The start as a clock in the zone shows it.
    #[schema(example = "2026-11-24T10:00:00+07:00", max_length = 40)]
    local_start: String,
    /// The end as a clock in the zone shows it.
    #[schema(example = "2026-12-24T10:00:00+07:00", max_length = 40)]
    local_end: Option<String>,
}

impl From<&Schedule> for WindowView {
    fn from(schedule: &Schedule) -> Self {
        Self {
            starts_at: schedule.window().starts_at(),
            ends_at: schedule.window().ends_at(),
            local_start: schedule.local_start().to_rfc3339(),
            local_end: schedule.local_end().map(|end| end.to_rfc3339()),
        }
    }
}

/// A product in a slot.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SlotScheduleItem)]
pub struct SlotItemView {
    /// The product.
    product: SlotProductView,
    /// Why it stands there.
    reason: ReasonView,
}

/// A product as it stands in a slot's schedule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SlotProduct)]
pub struct SlotProductView {
    /// Id.
    id: Uuid,
    /// Part of public addresses.
    #[schema(example = "tenun-ikat-pewarna-alam", max_length = 80)]
    slug: String,
    /// Its name in the asked language.
    #[schema(example = "Tenun ikat pewarna alam", max_length = 150)]
    name: String,
    /// Whether a storefront shows it: it is a published mutiara of an active merchant.
    #[schema(example = true)]
    is_shown: bool,
}

/// Why a product stands in a slot.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SlotReason)]
pub struct ReasonView {
    /// `booked`: staff put it there.
    #[schema(example = "booked", max_length = 20)]
    code: &'static str,
    /// The same as a sentence in the asked language.
    #[schema(example = "Dipilih kurator untuk waktu ini.", max_length = 200)]
    text: &'static str,
}

/// Book a slot
///
/// Puts published mutiara at a place of the storefront, from a start on, until an end or for good.
#[utoipa::path(tag = "curation", request_body = SlotCreate, responses((status = 201, description = "The slot.", body = SlotView)), security(("bearer" = ["storefront:write"])))]
#[post("/v1/aggregators/{aggregator}/slots")]
pub async fn create_slot(staff: Staff<StorefrontWrite>, body: Json<SlotCreate>) -> Answered {
    let new = body.0.parse()?;
    staff
        .run(async |tx| {
            let slot = SlotView::from(tx.insert_slot(&new).await?);
            let location = staff.path(format_args!("slots/{}", slot.id));
            Ok(Created { location, version: Some(slot.version), thing: slot })
        })
        .await
}

/// List slots
///
/// The newest booking first, also those whose time is over or still to come.
#[utoipa::path(tag = "curation", params(Paging), responses((status = 200, description = "A page of slots.", body = PageOf<SlotView>)), security(("bearer" = ["products:read"])))]
#[get("/v1/aggregators/{aggregator}/slots")]
pub async fn list_slots(staff: Staff<ProductsRead>, list: List<NoFilter>) -> Answered {
    staff
        .run(async |tx| {
            let page = tx.slots(list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(SlotView::from)))
        })
        .await
}

/// Read a slot
///
/// One slot with its products in their order.
#[utoipa::path(tag = "curation", responses((status = 200, description = "The slot.", body = SlotView)), security(("bearer" = ["products:read"])))]
#[get("/v1/aggregators/{aggregator}/slots/{slot_id}")]
pub async fn get_slot(staff: Staff<ProductsRead>, At(id): At<SlotId>) -> Answered {
    staff.run(async |tx| Ok(found(tx.slot(id).await?))).await
}

/// Edit a slot
///
/// A merge patch (RFC 7396). Products that are put in anew must be published mutiara.
#[utoipa::path(tag = "curation", request_body = SlotPatch, responses((status = 200, description = "The slot as it is now.", body = SlotView)), security(("bearer" = ["storefront:write"])))]
#[patch("/v1/aggregators/{aggregator}/slots/{slot_id}")]
pub async fn update_slot(
    staff: Staff<StorefrontWrite>,
    At(id): At<SlotId>,
    IfMatch(version): IfMatch,
    body: Json<SlotPatch>,
) -> Answered {
    let changes = body.0.parse()?;
    staff.run(async |tx| Ok(found(tx.update_slot(id, version, &changes).await?))).await
}

/// Delete a slot
///
/// Takes it off the storefront at once.
#[utoipa::path(tag = "curation", responses((status = 204, description = "It is gone.")), security(("bearer" = ["storefront:write"])))]
#[delete("/v1/aggregators/{aggregator}/slots/{slot_id}")]
pub async fn delete_slot(
    staff: Staff<StorefrontWrite>,
    At(id): At<SlotId>,
    IfMatch(version): IfMatch,
) -> Answered {
    staff
        .run(async |tx| {
            tx.delete_slot(id, version).await?;
            Ok(Done)
        })
        .await
}

/// Read a slot's schedule
///
/// When the slot shows, in UTC and by the clocks of its zone, and why each product stands there.
#[utoipa::path(tag = "curation", responses((status = 200, description = "The schedule.", body = SlotScheduleView)), security(("bearer" = ["products:read"])))]
#[get("/v1/aggregators/{aggregator}/slots/{slot_id}/schedule")]
pub async fn get_slot_schedule(
    staff: Staff<ProductsRead>,
    At(id): At<SlotId>,
    request: HttpRequest,
) -> Answered {
    let locale = crate::envelope::locale(&request);
    staff
        .run(async |tx| {
            let row = tx.slot(id).await?.row;
            let items = tx.slot_items(id, locale).await?;
            let schedule = row.schedule()?;
            let (window, now) = (schedule.window(), Utc::now());
            let is_over = window.ends_at().is_some_and(|end| end <= now);
            let windows = if is_over { Vec::new() } else { vec![WindowView::from(&schedule)] };
            let items = items.into_iter().map(|item| SlotItemView {
                product: SlotProductView {
                    id: item.product_id,
                    slug: item.slug,
                    name: item.name,
                    is_shown: item.is_shown,
                },
                reason: ReasonView { code: item.reason.as_str(), text: item.reason.text(locale) },
            });
            let view = SlotScheduleView {
                slot_id: row.id,
                time_zone: row.time_zone,
                is_running: window.contains(now),
                next_turn_at: window.next_turn(now),
                windows,
                items: items.collect(),
            };
            Ok::<_, Problem>(InLanguage(locale, Found(None, view)))
        })
        .await
}

fn found(slot: Slot) -> Found<SlotView> {
    Found(Some(slot.row.version), slot.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn faults<T>(parsed: Result<T, Faults>) -> Vec<(String, Code)> {
        let faults = parsed.err().map(Faults::into_vec).unwrap_or_default();
        faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
    }

    fn create(body: serde_json::Value) -> Result<NewSlot, Faults> {
        serde_json::from_value::<SlotCreate>(body).unwrap().parse()
    }

    const ID: &str = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11";

    #[test]
    fn a_slot_starts_now_in_jakarta_unless_told_otherwise() {
        let slot = create(json!({ "place": "home_row", "product_ids": [ID] })).unwrap();
        assert_eq!(slot.schedule.zone().name(), "Asia/Jakarta");
        assert!(slot.schedule.window().contains(Utc::now()));
        assert_eq!(slot.products.len(), 1);
    }

    #[test]
    fn every_bad_field_is_named_at_once() {
        let body = json!({
            "place": "national", "category_id": "x", "starts_at": "2026-11-24T03:00:00Z",
            "ends_at": "2026-11-24T10:00:00+07:00", "time_zone": "WIB", "product_ids": [ID, "y", ID],
        });
        assert_eq!(
            faults(create(body)),
            [
                ("/place".into(), Code::InvalidChoice),
                ("/category_id".into(), Code::InvalidId),
                ("/ends_at".into(), Code::InvalidPeriod),
                ("/time_zone".into(), Code::InvalidTimeZone),
                ("/product_ids/1".into(), Code::InvalidId),
                ("/product_ids/2".into(), Code::DuplicateEntry),
            ]
        );
        let top = json!({ "place": "category_top", "product_ids": [] });
        assert_eq!(
            faults(create(top)),
            [("/category_id".into(), Code::Required), ("/product_ids".into(), Code::Required)]
        );
        let long = json!({ "place": "home_row", "category_id": ID, "product_ids": vec![ID; 13] });
        assert_eq!(
            faults(create(long)),
            [("/category_id".into(), Code::InvalidChoice), ("/product_ids".into(), Code::TooLong)]
        );
    }

    #[test]
    fn a_patch_never_empties_what_a_slot_needs() {
        let patch = |body| serde_json::from_value::<SlotPatch>(body).unwrap().parse();
        let changes = patch(json!({ "ends_at": null, "category_id": null })).unwrap();
        assert_eq!((changes.ends_at, changes.category), (Some(None), Some(None)));
        assert!(changes.place.is_none() && changes.products.is_none() && changes.zone.is_none());
        let empty = json!({ "place": null, "starts_at": null, "time_zone": null, "product_ids": null });
        assert_eq!(
            faults(patch(empty)),
            ["/place", "/starts_at", "/time_zone", "/product_ids"].map(|at| (at.into(), Code::Required))
        );
    }
}
