//! `/v1/aggregators/{aggregator}/slots`: mutiara at a place of the storefront, for a time.

mod body;
mod schedule;

use actix_web::{delete, get, patch, post};
use chrono::{DateTime, Utc};
use kapal_domain::ids::SlotId;
use kapal_domain::permission::{ProductsRead, StorefrontWrite};
use kapal_persistence::Slot;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::Staff;
use crate::answer::{Answered, Created, Done, Found};
use crate::collection::NoFilter;
use crate::json::Json;
use crate::path::{At, IfMatch};
use crate::query::{List, PageOf, Paging};
use body::{SlotCreate, SlotPatch};

pub(crate) use body::{parse_mode, parse_products, parse_schedule, parse_window};
pub(crate) use schedule::{SchedulePeriod, SlotScheduleView};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(create_slot)
        .service(list_slots)
        .service(get_slot)
        .service(update_slot)
        .service(delete_slot)
        .service(schedule::get_slot_schedule);
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
    /// The line of that place, from 1: rows have several below each other.
    #[schema(example = 1, minimum = 1, maximum = 20)]
    line: i16,
    /// How it chooses its products: `fixed`, as staff put them, or `rotating`, all mutiara in turn.
    #[schema(example = "fixed", max_length = 20)]
    mode: String,
    /// Products side by side; null when it is fixed.
    #[schema(example = json!(null), minimum = 1, maximum = 12)]
    places: Option<i16>,
    /// Hours after which a rotation shows others; null when it is fixed.
    #[schema(example = json!(null), minimum = 1, maximum = 168)]
    window_hours: Option<i16>,
    /// Windows that a province with mutiara goes unshown at most; null when it is fixed.
    #[schema(example = json!(null), minimum = 1, maximum = 365)]
    longest_wait: Option<i16>,
    /// From when it shows.
    starts_at: DateTime<Utc>,
    /// Until when; null when it stays.
    ends_at: Option<DateTime<Utc>>,
    /// The zone that its staff think in.
    #[schema(example = "Asia/Jakarta", max_length = 40)]
    time_zone: String,
    /// Its products in their order, when it is fixed.
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
            line: row.line,
            mode: row.mode,
            places: row.places,
            window_hours: row.window_hours,
            longest_wait: row.longest_wait,
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

/// Book a slot
///
/// Puts published mutiara at a place of the storefront, from a start on, until an end or for good: those that are named, or
/// with `"mode": "rotating"` all of them in turn. A rotation shows each province in proportion to its merchants with
/// mutiara, leaves none unshown for longer than `longest_wait` windows, and stays the same within a window. Two slots of
/// one mode don't overlap at one place, line and category; a fixed one goes before a rotation for its time.
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
/// A merge patch (RFC 7396). Products that are put in anew must be published mutiara. A rotation whose rules change shows
/// what they say at once; the mode itself stays.
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

fn found(slot: Slot) -> Found<SlotView> {
    Found(Some(slot.row.version), slot.into())
}
