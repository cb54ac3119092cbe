//! What books and changes a slot.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use chrono::Utc;
use kapal_domain::ids::{CategoryId, ProductId};
use kapal_domain::rotation::RotationRules;
use kapal_domain::slot::{
    Filling, MAX_ITEMS, Place, Schedule, SlotMode, Tz, Window, parse_moment, parse_time_zone,
};
use kapal_domain::{Code, Faults};
use kapal_persistence::{NewSlot, SlotChanges};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::json::Patch;
use crate::path::parse_id;

/// A slot to book.
#[derive(Debug, Deserialize, ToSchema)]
pub struct SlotCreate {
    /// `home_hero`, `home_row` or `category_top`; `national` ones are the platform's.
    #[schema(example = "home_hero", pattern = "^(home_hero|home_row|category_top)$", max_length = 20)]
    place: String,
    /// The line of that place: rows have up to 20 below each other. 1 when it is left away.
    #[schema(example = 1, minimum = 1, maximum = 20)]
    line: Option<i64>,
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
    /// `fixed`, which is meant when it is left away, or `rotating`.
    #[schema(example = "fixed", pattern = "^(fixed|rotating)$", max_length = 20)]
    mode: Option<String>,
    /// What stands in a fixed slot, in order: published mutiara.
    #[schema(example = json!(["019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11"]), max_items = 12)]
    product_ids: Option<Vec<String>>,
    /// Products side by side in a rotation; 8 when it is left away.
    #[schema(example = json!(null), minimum = 1, maximum = 12)]
    places: Option<i64>,
    /// Hours after which a rotation shows others; 24 when it is left away.
    #[schema(example = json!(null), minimum = 1, maximum = 168)]
    window_hours: Option<i64>,
    /// Windows that a province with mutiara goes unshown at most; 30 when it is left away.
    #[schema(example = json!(null), minimum = 1, maximum = 365)]
    longest_wait: Option<i64>,
}

impl SlotCreate {
    pub(super) fn parse(&self) -> Result<NewSlot, Faults> {
        let mut faults = Faults::default();
        let place = faults.take("/place", staff_place(&self.place));
        let line = parse_line(&mut faults, "", place, self.line);
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
        let rules = [self.places, self.window_hours, self.longest_wait];
        let filling = match parse_mode(&mut faults, "", self.mode.as_deref(), rules) {
            None => None,
            Some(Some(rules)) if self.product_ids.is_none() => Some(Filling::Rotating(rules)),
            Some(Some(_)) => faults.take("/product_ids", Err(Code::OtherSlotMode)),
            Some(None) => {
                let ids = self.product_ids.as_deref().unwrap_or_default();
                parse_products(&mut faults, "/product_ids", ids, 1..=MAX_ITEMS).map(Filling::Fixed)
            }
        };
        let (Some(place), Some(line), Some(category), Some(schedule), Some(filling)) =
            (place, line, category, schedule, filling)
        else {
            return Err(faults);
        };
        Ok(NewSlot { place, line, category, schedule, filling })
    }
}

/// What to change of a slot (RFC 7396): absent keeps, null clears.
#[derive(Debug, Deserialize, ToSchema)]
pub struct SlotPatch {
    /// Where it is.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "home_row", max_length = 20)]
    place: Patch<String>,
    /// The line of that place.
    #[serde(default)]
    #[schema(value_type = Option<i64>, example = 1, minimum = 1, maximum = 20)]
    line: Patch<i64>,
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
    /// What stands in a fixed slot, in order: published mutiara.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, example = json!(["019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11"]), max_items = 12)]
    product_ids: Patch<Vec<String>>,
    /// Products side by side in a rotation.
    #[serde(default)]
    #[schema(value_type = Option<i64>, example = 8, minimum = 1, maximum = 12)]
    places: Patch<i64>,
    /// Hours after which a rotation shows others.
    #[serde(default)]
    #[schema(value_type = Option<i64>, example = 24, minimum = 1, maximum = 168)]
    window_hours: Patch<i64>,
    /// Windows that a province with mutiara goes unshown at most.
    #[serde(default)]
    #[schema(value_type = Option<i64>, example = 30, minimum = 1, maximum = 365)]
    longest_wait: Patch<i64>,
}

impl SlotPatch {
    pub(super) fn parse(&self) -> Result<SlotChanges, Faults> {
        let mut faults = Faults::default();
        let place = self.place.required(&mut faults, "/place", |t| staff_place(t));
        let line = self.line.required(&mut faults, "/line", |line| within(*line, 1, 20));
        let category = self.category_id.optional(&mut faults, "/category_id", |t| parse_id::<CategoryId>(t));
        let starts_at = self.starts_at.required(&mut faults, "/starts_at", |t| parse_moment(t));
        let ends_at = self.ends_at.optional(&mut faults, "/ends_at", |t| parse_moment(t));
        let zone = self.time_zone.required(&mut faults, "/time_zone", |t| parse_time_zone(t));
        let products = match &self.product_ids {
            Patch::Keep => Some(None),
            Patch::Clear => faults.take("/product_ids", Err(Code::Required)),
            Patch::Set(ids) => parse_products(&mut faults, "/product_ids", ids, 1..=MAX_ITEMS).map(Some),
        };
        let places = self.places.required(&mut faults, "/places", |n| within(*n, 1, 12));
        let window_hours = self.window_hours.required(&mut faults, "/window_hours", |n| within(*n, 1, 168));
        let longest_wait = self.longest_wait.required(&mut faults, "/longest_wait", |n| within(*n, 1, 365));
        let (Some(place), Some(line), Some(category), Some(starts_at), Some(ends_at), Some(zone)) =
            (place, line, category, starts_at, ends_at, zone)
        else {
            return Err(faults);
        };
        let (Some(products), Some(places), Some(window_hours), Some(longest_wait)) =
            (products, places, window_hours, longest_wait)
        else {
            return Err(faults);
        };
        Ok(SlotChanges {
            place,
            line,
            category,
            starts_at,
            ends_at,
            zone,
            products,
            places,
            window_hours,
            longest_wait,
        })
    }
}

/// A number within bounds.
fn within<T: TryFrom<i64>>(number: i64, least: i64, most: i64) -> Result<T, Code> {
    if number < least || number > most {
        return Err(Code::OutOfRange);
    }
    T::try_from(number).map_err(|_| Code::OutOfRange)
}

/// A place that staff may fill.
fn staff_place(text: &str) -> Result<Place, Code> {
    match Place::parse(text)? {
        Place::National => Err(Code::InvalidChoice),
        place => Ok(place),
    }
}

/// The line of a place, the first where none is named.
fn parse_line(faults: &mut Faults, prefix: &str, place: Option<Place>, line: Option<i64>) -> Option<u8> {
    let line = faults.take(format!("{prefix}/line"), within(line.unwrap_or(1), 1, 20))?;
    faults.take(format!("{prefix}/line"), place?.line(line))
}

/// The rules of a rotation, or None for a fixed slot; the outer None is a noted fault. `rules` are the places, the hours
/// of a window, and the longest wait.
pub(crate) fn parse_mode(
    faults: &mut Faults,
    prefix: &str,
    mode: Option<&str>,
    [places, window_hours, longest_wait]: [Option<i64>; 3],
) -> Option<Option<RotationRules>> {
    let mode = faults.take(format!("{prefix}/mode"), mode.map_or(Ok(SlotMode::Fixed), SlotMode::parse))?;
    let fields = [("places", places), ("window_hours", window_hours), ("longest_wait", longest_wait)];
    if mode == SlotMode::Fixed {
        let given = fields.into_iter().filter(|(_, number)| number.is_some());
        let foreign: Vec<_> = given.map(|(name, _)| format!("{prefix}/{name}")).collect();
        let is_plain = foreign.is_empty();
        foreign.into_iter().for_each(|pointer| faults.add(pointer, Code::OtherSlotMode));
        return is_plain.then_some(None);
    }
    let places = places.map_or(Ok(RotationRules::PLACES), |number| within(number, 1, 12));
    let hours = window_hours.map_or(Ok(RotationRules::WINDOW_HOURS), |number| within(number, 1, 168));
    let wait = longest_wait.map_or(Ok(RotationRules::LONGEST_WAIT), |number| within(number, 1, 365));
    let places = faults.take(format!("{prefix}/places"), places);
    let hours = faults.take(format!("{prefix}/window_hours"), hours);
    let wait = faults.take(format!("{prefix}/longest_wait"), wait);
    faults.take(format!("{prefix}/mode"), RotationRules::new(places?, hours?, wait?)).map(Some)
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
        assert!(matches!(slot.filling, Filling::Fixed(products) if products.len() == 1));
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
    fn each_mode_has_fields_of_its_own() {
        let slot =
            create(json!({ "place": "home_row", "line": 2, "mode": "rotating", "places": 4 })).unwrap();
        let rules = RotationRules::new(4, 24, 30).unwrap();
        assert_eq!((slot.line, slot.filling), (2, Filling::Rotating(rules)));
        let both = json!({ "place": "home_row", "mode": "rotating", "product_ids": [ID] });
        assert_eq!(faults(create(both)), [("/product_ids".into(), Code::OtherSlotMode)]);
        let fixed = json!({ "place": "home_row", "product_ids": [ID], "places": 4, "longest_wait": 2 });
        assert_eq!(
            faults(create(fixed)),
            ["/places", "/longest_wait"].map(|at| (at.into(), Code::OtherSlotMode))
        );
        let wild =
            json!({ "place": "home_hero", "line": 2, "mode": "rotating", "places": 13, "window_hours": 0 });
        assert_eq!(
            faults(create(wild)),
            ["/line", "/places", "/window_hours"].map(|at| (at.into(), Code::OutOfRange))
        );
        let unknown = json!({ "place": "home_row", "mode": "random", "product_ids": [ID] });
        assert_eq!(faults(create(unknown)), [("/mode".into(), Code::InvalidChoice)]);
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
