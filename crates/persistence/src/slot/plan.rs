//! What a slot shows now and in its next windows, and why.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::ids::AggregatorId;
use kapal_domain::locale::Locale;
use kapal_domain::rotation::{RotationRules, Shown, Why};
use kapal_domain::slot::{SlotReason, Window};
use uuid::Uuid;

use super::SlotRow;
use super::draw::rotation;
use crate::identity::stored;
use crate::sql::sql;
use crate::tx::Tx;
use crate::{NationalSlot, OperatorTx, Result, TenantTx};

/// A window with what stands in it.
#[derive(Debug, Clone)]
pub struct PlannedWindow {
    /// When.
    pub window: Window,
    /// What, in order.
    pub items: Vec<SlotItem>,
}

/// A product in a slot, and why.
#[derive(Debug, Clone)]
pub struct SlotItem {
    /// Slug of the aggregator that it comes from.
    pub aggregator_slug: String,
    /// The product.
    pub product_id: Uuid,
    /// Its part of public addresses.
    pub slug: String,
    /// Its name in the asked language, or in the other where that is missing.
    pub name: String,
    /// Whether a storefront shows it now: a published mutiara of an active merchant; in a national slot of an aggregator
    /// that takes part in the nation.
    pub is_shown: bool,
    /// Why it stands there.
    pub reason: SlotReason,
}

sql! {
    NameProducts {
        origins: Vec<Uuid> => Array<SqlUuid>, products: Vec<Uuid> => Array<SqlUuid>, locale: &'static str => Text,
        is_nation: bool => Bool,
    }
    "SELECT p.id AS product_id, p.slug, a.slug AS aggregator_slug,
        coalesce((SELECT t.name FROM product_translations t WHERE t.aggregator_id = p.aggregator_id AND t.product_id = p.id
            ORDER BY t.locale <> $3, t.locale DESC LIMIT 1), p.slug) AS name,
        p.status = 'published' AND p.is_mutiara AND m.status = 'active' AND (NOT $4 OR a.national AND a.status = 'active') AS is_shown
     FROM unnest($1, $2) AS standing (origin_id, product_id)
     JOIN products p ON p.aggregator_id = standing.origin_id AND p.id = standing.product_id
     JOIN merchants m ON m.aggregator_id = p.aggregator_id AND m.id = p.merchant_id
     JOIN aggregators a ON a.id = p.aggregator_id"
}

#[derive(QueryableByName)]
struct NamedRow {
    #[diesel(sql_type = SqlUuid)]
    product_id: Uuid,
    #[diesel(sql_type = Text)]
    slug: String,
    #[diesel(sql_type = Text)]
    aggregator_slug: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    is_shown: bool,
}

sql! {
    StandingNow { aggregator: Uuid => SqlUuid, slot: Uuid => SqlUuid, number: i64 => BigInt }
    "SELECT w.starts_at, w.ends_at, e.origin_id, e.product_id, coalesce(r.name, e.province_code) AS province, e.why, e.waited, e.owed
     FROM slot_windows w
     JOIN slot_exposures e ON e.aggregator_id = w.aggregator_id AND e.slot_id = w.slot_id AND e.number = w.number
     LEFT JOIN regions r ON r.code = e.province_code
     WHERE w.aggregator_id = $1 AND w.slot_id = $2 AND w.number = $3 AND NOT e.is_reserve
     ORDER BY e.position"
}

#[derive(QueryableByName)]
struct StandingItem {
    #[diesel(sql_type = Timestamptz)]
    starts_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    ends_at: DateTime<Utc>,
    #[diesel(sql_type = SqlUuid)]
    origin_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    product_id: Uuid,
    #[diesel(sql_type = Text)]
    province: String,
    #[diesel(sql_type = Text)]
    why: String,
    #[diesel(sql_type = Integer)]
    waited: i32,
    #[diesel(sql_type = BigInt)]
    owed: i64,
}

sql! {
    NameProvinces { codes: Vec<String> => Array<Text> }
    "SELECT code, name FROM regions WHERE code = ANY ($1)"
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = Text)]
    name: String,
}

/// A product in a slot and whose it is, with the reason, before it is named.
type Standing = ((Uuid, Uuid), SlotReason);
/// A window with what stands in it.
type Planned = (Window, Vec<Standing>);

/// What is asked of a plan.
#[derive(Debug, Clone, Copy)]
pub struct PlanPeriod {
    /// From this moment on.
    pub now: DateTime<Utc>,
    /// So many windows of a rotation.
    pub windows: usize,
    /// Names in this language.
    pub locale: Locale,
}

impl TenantTx<'_> {
    /// What a slot shows from now on: the window that runs or comes first, and of a rotation as many more as were asked
    /// for. Those to come are as they would be if nothing changed until then.
    pub async fn slot_plan(&mut self, slot: &SlotRow, period: PlanPeriod) -> Result<Vec<PlannedWindow>> {
        let aggregator = self.tenant();
        let members = match slot.rules()? {
            None => self.slot_members(slot.id).await?,
            Some(_) => Vec::new(),
        };
        let booked = members.into_iter().map(|product| (aggregator, product)).collect();
        plan(self, aggregator, slot, booked, period).await
    }
}

impl OperatorTx<'_> {
    /// The same of a slot of the platform.
    pub async fn national_slot_plan(
        &mut self,
        slot: &NationalSlot,
        period: PlanPeriod,
    ) -> Result<Vec<PlannedWindow>> {
        let booked =
            slot.products.iter().map(|product| (product.aggregator_id, product.product_id)).collect();
        plan(self, AggregatorId::PLATFORM.uuid(), &slot.row, booked, period).await
    }
}

async fn plan(
    tx: &mut Tx,
    aggregator: Uuid,
    slot: &SlotRow,
    booked: Vec<(Uuid, Uuid)>,
    period: PlanPeriod,
) -> Result<Vec<PlannedWindow>> {
    let whole = slot.schedule()?.window();
    let planned = match slot.rules()? {
        None => vec![(whole, booked.into_iter().map(|booked| (booked, SlotReason::Booked)).collect())],
        Some(_) if whole.ends_at().is_some_and(|end| end <= period.now) => Vec::new(),
        Some(rules) => planned_windows(tx, aggregator, slot, rules, period).await?,
    };
    let (origins, products) = planned.iter().flat_map(|(_, items)| items).map(|(at, _)| *at).unzip();
    let is_nation = aggregator == AggregatorId::PLATFORM.uuid();
    let query = NameProducts { origins, products, locale: period.locale.as_str(), is_nation };
    let named = query.load::<NamedRow>(tx).await?;
    let named: HashMap<_, _> = named.into_iter().map(|row| (row.product_id, row)).collect();
    let item = |((_, id), reason): Standing| {
        named.get(&id).map(|row| SlotItem {
            aggregator_slug: row.aggregator_slug.clone(),
            product_id: id,
            slug: row.slug.clone(),
            name: row.name.clone(),
            is_shown: row.is_shown,
            reason,
        })
    };
    let windows = planned
        .into_iter()
        .map(|(window, items)| PlannedWindow { window, items: items.into_iter().filter_map(item).collect() });
    Ok(windows.collect())
}

async fn planned_windows(
    tx: &mut Tx,
    aggregator: Uuid,
    slot: &SlotRow,
    rules: RotationRules,
    period: PlanPeriod,
) -> Result<Vec<Planned>> {
    let whole = slot.schedule()?.window();
    let mut planned = drawn_window(tx, aggregator, slot, period.now).await?;
    let mut next =
        planned.last().map_or(Some(whole.starts_at().max(period.now)), |(window, _)| window.ends_at());
    let (mut rotation, origins) = rotation(tx, aggregator, slot, rules).await?;
    let codes = rotation.provinces().iter().map(|province| province.code().to_owned()).collect();
    let names = NameProvinces { codes }.load::<Named>(tx).await?;
    let names: HashMap<_, _> = names.into_iter().map(|named| (named.code, named.name)).collect();
    let standing = |shown: Shown| {
        let province = names.get(&shown.province).unwrap_or(&shown.province).clone();
        let reason = match shown.why {
            Why::Waited => SlotReason::Waited { province, windows: shown.waited },
            Why::Owed => SlotReason::Owed { province, owed: shown.owed },
        };
        origins.get(&shown.product).map(|origin| ((*origin, shown.product), reason))
    };
    let mut number = slot.drawn;
    while planned.len() < period.windows {
        let Some(window) = next.and_then(|moment| rules.window(&whole, moment)) else { break };
        number += 1;
        planned.push((window, rotation.draw(number).shown.into_iter().filter_map(standing).collect()));
        next = window.ends_at();
    }
    Ok(planned)
}

/// The window that runs now, as it was drawn.
async fn drawn_window(
    tx: &mut Tx,
    aggregator: Uuid,
    slot: &SlotRow,
    now: DateTime<Utc>,
) -> Result<Vec<Planned>> {
    let query = StandingNow { aggregator, slot: slot.id, number: slot.drawn };
    let rows = query.load::<StandingItem>(tx).await?;
    let Some(first) = rows.as_slice().first().filter(|row| now < row.ends_at) else {
        return Ok(Vec::new());
    };
    let window = stored(Window::new(first.starts_at, Some(first.ends_at)))?;
    let items = rows.into_iter().map(|row| {
        let province = row.province;
        let reason = if row.why == "waited" {
            SlotReason::Waited { province, windows: u32::try_from(row.waited).unwrap_or_default() }
        } else {
            SlotReason::Owed { province, owed: row.owed }
        };
        ((row.origin_id, row.product_id), reason)
    });
    Ok(vec![(window, items.collect())])
}
