//! When a slot runs, what it shows then, and why.

use actix_web::{HttpRequest, get};
use chrono::{DateTime, Utc};
use kapal_domain::Code;
use kapal_domain::ids::SlotId;
use kapal_domain::locale::Locale;
use kapal_domain::permission::ProductsRead;
use kapal_domain::slot::{Schedule, Tz};
use kapal_persistence::{PlanPeriod, PlannedWindow, SlotItem, SlotRow};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::answer::{Answered, Found, InLanguage};
use crate::path::At;
use crate::query::Query;
use crate::{Problem, Staff};

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
    /// The next moment at which it begins, ends or shows others; null when none is left.
    next_turn_at: Option<DateTime<Utc>>,
    /// The window that runs or comes first, and of a rotation those after it, as they will be if nothing changes until
    /// then; none when it is over.
    #[schema(max_items = 30)]
    windows: Vec<WindowView>,
    /// What stands in the first window, in order.
    #[schema(max_items = 12)]
    items: Vec<SlotItemView>,
}

impl SlotScheduleView {
    pub(crate) fn new(
        slot: SlotRow,
        planned: Vec<PlannedWindow>,
        period: PlanPeriod,
    ) -> Result<Self, Problem> {
        let (schedule, PlanPeriod { now, locale, .. }) = (slot.schedule()?, period);
        let window = schedule.window();
        let windows = planned.into_iter().map(|w| WindowView::new(w, schedule.zone(), locale));
        let mut windows: Vec<_> = windows.collect();
        let items = windows.first().map(|window| window.items.clone()).unwrap_or_default();
        if window.ends_at().is_some_and(|end| end <= now) {
            windows.clear();
        }
        Ok(Self {
            slot_id: slot.id,
            time_zone: slot.time_zone,
            is_running: window.contains(now),
            next_turn_at: slot.next_turn_at,
            windows,
            items,
        })
    }
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
    /// What stands in it, in order.
    #[schema(max_items = 12)]
    items: Vec<SlotItemView>,
}

impl WindowView {
    fn new(planned: PlannedWindow, zone: Tz, locale: Locale) -> Self {
        let schedule = Schedule::new(planned.window, Some(zone));
        Self {
            starts_at: planned.window.starts_at(),
            ends_at: planned.window.ends_at(),
            local_start: schedule.local_start().to_rfc3339(),
            local_end: schedule.local_end().map(|end| end.to_rfc3339()),
            items: planned.items.into_iter().map(|item| SlotItemView::new(item, locale)).collect(),
        }
    }
}

/// A product in a slot.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = SlotScheduleItem)]
pub struct SlotItemView {
    /// The product.
    product: SlotProductView,
    /// Why it stands there.
    reason: ReasonView,
}

impl SlotItemView {
    fn new(item: SlotItem, locale: Locale) -> Self {
        let reason = ReasonView { code: item.reason.as_str(), text: item.reason.text(locale) };
        let product = SlotProductView {
            id: item.product_id,
            aggregator: item.aggregator_slug,
            slug: item.slug,
            name: item.name,
            is_shown: item.is_shown,
        };
        Self { product, reason }
    }
}

/// A product as it stands in a slot's schedule.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = SlotProduct)]
pub struct SlotProductView {
    /// Id.
    id: Uuid,
    /// Slug of the aggregator that it comes from.
    #[schema(example = "ekraf-sulawesi", max_length = 80)]
    aggregator: String,
    /// Part of public addresses.
    #[schema(example = "tenun-ikat-pewarna-alam", max_length = 80)]
    slug: String,
    /// Its name in the asked language.
    #[schema(example = "Tenun ikat pewarna alam", max_length = 150)]
    name: String,
    /// Whether a storefront shows it: it is a published mutiara of an active merchant, and in a national slot of an
    /// aggregator that is shown nationally.
    #[schema(example = true)]
    is_shown: bool,
}

/// Why a product stands in a slot.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = SlotReason)]
pub struct ReasonView {
    /// `booked`: staff put it there. `owed`: of all provinces its own was owed the most. `waited`: its province had gone
    /// unshown for as long as the rules allow.
    #[schema(example = "booked", max_length = 20)]
    code: &'static str,
    /// The same as a sentence in the asked language.
    #[schema(example = "Dipilih kurator untuk waktu ini.", max_length = 300)]
    text: String,
}

/// How far a schedule looks.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SchedulePeriod {
    /// How many windows of a rotation.
    #[param(minimum = 1, maximum = 30, default = 5, example = 5)]
    windows: Option<u32>,
}

impl SchedulePeriod {
    /// From now on, in a language.
    pub(crate) fn starting_now(&self, locale: Locale) -> Result<PlanPeriod, Problem> {
        Ok(PlanPeriod { now: Utc::now(), windows: self.windows()?, locale })
    }

    fn windows(&self) -> Result<usize, Problem> {
        let windows = usize::try_from(self.windows.unwrap_or(5)).unwrap_or(usize::MAX);
        if (1..=30).contains(&windows) {
            Ok(windows)
        } else {
            Err(Problem::because(Code::InvalidParameter, "windows is a whole number from 1 to 30."))
        }
    }
}

/// Read a slot's schedule
///
/// When the slot shows, in UTC and by the clocks of its zone, and why each product stands there. Of a rotation the next
/// windows too, as they will be if products and merchants stay as they are.
#[utoipa::path(tag = "curation", params(SchedulePeriod), responses((status = 200, description = "The schedule.", body = SlotScheduleView)), security(("bearer" = ["products:read"])))]
#[get("/v1/aggregators/{aggregator}/slots/{slot_id}/schedule")]
pub async fn get_slot_schedule(
    staff: Staff<ProductsRead>,
    At(id): At<SlotId>,
    Query(period): Query<SchedulePeriod>,
    request: HttpRequest,
) -> Answered {
    let locale = crate::envelope::locale(&request);
    let period = period.starting_now(locale)?;
    staff
        .run(async |tx| {
            let slot = tx.slot(id).await?.row;
            let planned = tx.slot_plan(&slot, period).await?;
            let view = SlotScheduleView::new(slot, planned, period)?;
            Ok::<_, Problem>(InLanguage(locale, Found(None, view)))
        })
        .await
}
