//! Featured slots: places on a storefront that mutiara stand in for a time.

use chrono::{DateTime, Datelike, TimeDelta, Utc};
/// A time zone of the IANA database.
pub use chrono_tz::Tz;

use crate::code::Code;
use crate::ids::ProductId;
use crate::locale::Locale;
use crate::rotation::{EXPOSURE, RotationRules};
use crate::text::choices;

/// The most products that one slot shows.
pub const MAX_ITEMS: usize = 12;

/// The most lines of one place.
pub const MAX_LINES: u8 = 20;

choices! {
    /// Where on a storefront a slot is.
    pub enum Place {
        /// The one thing at the top of home.
        HomeHero = "home_hero",
        /// A row on home.
        HomeRow = "home_row",
        /// The top of a category.
        CategoryTop = "category_top",
        /// The national home; only the platform fills it.
        National = "national",
    }
}

impl Place {
    /// The category that a slot of this place has: one exactly where the place is a category's.
    pub fn category<T>(self, category: Option<T>) -> Result<Option<T>, Code> {
        match (self, category) {
            (Self::CategoryTop, None) => Err(Code::Required),
            (Self::HomeHero | Self::HomeRow | Self::National, Some(_)) => Err(Code::InvalidChoice),
            (_, category) => Ok(category),
        }
    }

    /// The line of this place that a slot stands on, from 1: rows have several below each other, all else has one.
    pub const fn line(self, line: u8) -> Result<u8, Code> {
        match (self, line) {
            (_, 1) | (Self::HomeRow | Self::National, 2..=MAX_LINES) => Ok(line),
            _ => Err(Code::OutOfRange),
        }
    }
}

choices! {
    /// How a slot chooses its products.
    pub enum SlotMode {
        /// The products that staff put in, in their order.
        Fixed = "fixed",
        /// All mutiara in turn, so that every province is seen.
        Rotating = "rotating",
    }
}

/// What a slot is filled with. `P` names a product: by its id, or in the nation with its aggregator too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filling<P = ProductId> {
    /// These products, in this order.
    Fixed(Vec<P>),
    /// All mutiara in turn.
    Rotating(RotationRules),
}

impl<P> Filling<P> {
    /// The products of a fixed one, in their order; a rotation names none.
    pub fn products(&self) -> &[P] {
        match self {
            Self::Fixed(products) => products,
            Self::Rotating(_) => &[],
        }
    }

    /// How it chooses.
    pub const fn mode(&self) -> SlotMode {
        match self {
            Self::Fixed(_) => SlotMode::Fixed,
            Self::Rotating(_) => SlotMode::Rotating,
        }
    }

    /// The rules, of a rotation.
    pub const fn rules(&self) -> Option<RotationRules> {
        match self {
            Self::Fixed(_) => None,
            Self::Rotating(rules) => Some(*rules),
        }
    }
}

/// Why a product stands in a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotReason {
    /// Staff put it there.
    Booked,
    /// Its province was owed the most: so many billionths of an exposure.
    Owed {
        /// The province's name.
        province: String,
        /// What it was owed.
        owed: i64,
    },
    /// Its province had waited for long.
    Waited {
        /// The province's name.
        province: String,
        /// The windows that it had gone unshown.
        windows: u32,
    },
}

impl SlotReason {
    /// What it is called.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Owed { .. } => "owed",
            Self::Waited { .. } => "waited",
        }
    }

    /// The reason as a sentence.
    pub fn text(&self, locale: Locale) -> String {
        match (self, locale) {
            (Self::Booked, Locale::En) => "Chosen by the curators for this time.".to_owned(),
            (Self::Booked, Locale::Id) => "Dipilih kurator untuk waktu ini.".to_owned(),
            (Self::Owed { province, owed }, Locale::En) => {
                format!(
                    "{province}'s turn: of all provinces it was owed the most, {} of a showing.",
                    hundredths(*owed)
                )
            }
            (Self::Owed { province, owed }, Locale::Id) => format!(
                "Giliran {province}: dari semua provinsi haknya paling besar, {} tayangan.",
                hundredths(*owed).replace('.', ",")
            ),
            (Self::Waited { province, windows }, Locale::En) => {
                format!("{province}'s turn: it had gone unshown for {windows} windows.")
            }
            (Self::Waited { province, windows }, Locale::Id) => {
                format!("Giliran {province}: sudah {windows} putaran tidak tampil.")
            }
        }
    }
}

/// Billionths of an exposure with two decimals.
fn hundredths(owed: i64) -> String {
    let hundredths = owed * 100 / EXPOSURE;
    let sign = if hundredths < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", hundredths.abs() / 100, hundredths.abs() % 100)
}

/// A stretch of time: from its start on, until just before its end; without an end, for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    starts_at: DateTime<Utc>,
    ends_at: Option<DateTime<Utc>>,
}

impl Window {
    /// `InvalidPeriod` unless the end is later than the start.
    pub fn new(starts_at: DateTime<Utc>, ends_at: Option<DateTime<Utc>>) -> Result<Self, Code> {
        match ends_at {
            Some(end) if end <= starts_at => Err(Code::InvalidPeriod),
            _ => Ok(Self { starts_at, ends_at }),
        }
    }

    /// When it starts.
    pub const fn starts_at(&self) -> DateTime<Utc> {
        self.starts_at
    }

    /// When it ends; None when it stays open.
    pub const fn ends_at(&self) -> Option<DateTime<Utc>> {
        self.ends_at
    }

    /// Whether a moment is in it.
    pub fn contains(&self, now: DateTime<Utc>) -> bool {
        self.starts_at <= now && self.ends_at.is_none_or(|end| now < end)
    }

    /// The next moment after `now` at which it begins or ends; None when none is left.
    pub fn next_turn(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        [Some(self.starts_at), self.ends_at].into_iter().flatten().find(|turn| *turn > now)
    }

    /// Whether the two have a moment in common.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.ends_at.is_none_or(|end| other.starts_at < end)
            && other.ends_at.is_none_or(|end| self.starts_at < end)
    }
}

impl RotationRules {
    /// The window of a rotation that a moment is in: windows follow each other from the slot's start on, and the last one
    /// ends with the slot. None while the slot doesn't run.
    pub fn window(self, slot: &Window, now: DateTime<Utc>) -> Option<Window> {
        if !slot.contains(now) {
            return None;
        }
        let length = TimeDelta::hours(i64::from(self.window_hours()));
        let past = (now - slot.starts_at).num_seconds() / length.num_seconds();
        let starts_at = slot.starts_at + length * i32::try_from(past).ok()?;
        let end = starts_at + length;
        let ends_at = slot.ends_at.map_or(end, |last| last.min(end));
        Some(Window { starts_at, ends_at: Some(ends_at) })
    }
}

/// When a slot is shown, and the time zone that its staff think in. The moments are UTC; the zone serves to show them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Schedule {
    window: Window,
    zone: Tz,
}

impl Schedule {
    /// The zone is Asia/Jakarta unless another is named.
    pub fn new(window: Window, zone: Option<Tz>) -> Self {
        Self { window, zone: zone.unwrap_or(Tz::Asia__Jakarta) }
    }

    /// The time that it covers.
    pub const fn window(&self) -> Window {
        self.window
    }

    /// The time zone.
    pub const fn zone(&self) -> Tz {
        self.zone
    }

    /// The start as a clock in the zone shows it.
    pub fn local_start(&self) -> DateTime<Tz> {
        self.window.starts_at.with_timezone(&self.zone)
    }

    /// The end as a clock in the zone shows it.
    pub fn local_end(&self) -> Option<DateTime<Tz>> {
        self.window.ends_at.map(|end| end.with_timezone(&self.zone))
    }
}

/// A time zone by its IANA name, such as `Asia/Makassar`. `Tz::name` gives the name back.
pub fn parse_time_zone(name: &str) -> Result<Tz, Code> {
    name.parse().map_err(|_| Code::InvalidTimeZone)
}

/// The years that a schedule may name: outside them somebody mistyped.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2199;

/// A moment of a schedule, as RFC 3339 writes it with any offset, to the microsecond.
pub fn parse_moment(text: &str) -> Result<DateTime<Utc>, Code> {
    let exact = DateTime::parse_from_rfc3339(text).map_err(|_| Code::InvalidDate)?;
    let moment = DateTime::from_timestamp_micros(exact.timestamp_micros()).ok_or(Code::InvalidDate)?;
    if YEARS.contains(&moment.year()) { Ok(moment) } else { Err(Code::OutOfRange) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).expect("a time")
    }

    fn window(start: i64, end: Option<i64>) -> Window {
        Window::new(at(start), end.map(at)).expect("a window")
    }

    #[test]
    fn a_window_ends_after_its_start() {
        assert_eq!(Window::new(at(5), Some(at(5))), Err(Code::InvalidPeriod));
        assert_eq!(Window::new(at(5), Some(at(4))), Err(Code::InvalidPeriod));
        assert!(Window::new(at(5), Some(at(6))).is_ok());
        assert!(Window::new(at(5), None).is_ok());
    }

    #[test]
    fn a_window_has_its_start_and_not_its_end() {
        let (window, open) = (window(5, Some(7)), window(5, None));
        assert_eq!([4, 5, 6, 7].map(|second| window.contains(at(second))), [false, true, true, false]);
        assert!(open.contains(at(1_000_000)));
    }

    #[test]
    fn a_window_turns_at_its_start_and_at_its_end() {
        let (window, open) = (window(5, Some(7)), window(5, None));
        assert_eq!(
            [4, 5, 6, 7].map(|second| window.next_turn(at(second))),
            [Some(at(5)), Some(at(7)), Some(at(7)), None]
        );
        assert_eq!([4, 5].map(|second| open.next_turn(at(second))), [Some(at(5)), None]);
    }

    #[test]
    fn a_category_stands_exactly_where_the_place_is_one() {
        for &place in Place::ALL {
            let (with, without) = (place.category(Some(1)), place.category(None::<i32>));
            match place {
                Place::CategoryTop => assert_eq!((with, without), (Ok(Some(1)), Err(Code::Required))),
                _ => assert_eq!((with, without), (Err(Code::InvalidChoice), Ok(None))),
            }
        }
    }

    #[test]
    fn rows_alone_have_several_lines() {
        for &place in Place::ALL {
            let has_several = matches!(place, Place::HomeRow | Place::National);
            assert_eq!(place.line(1), Ok(1));
            assert_eq!(place.line(2).is_ok(), has_several, "{place}");
            assert_eq!((place.line(0), place.line(21)), (Err(Code::OutOfRange), Err(Code::OutOfRange)));
        }
    }

    #[test]
    fn windows_of_a_rotation_follow_each_other_and_the_last_ends_with_the_slot() {
        let hour = 3_600;
        let rules = RotationRules::new(8, 2, 30).expect("rules");
        let slot = window(0, Some(5 * hour));
        let at = |second| rules.window(&slot, at(second));
        assert_eq!(at(-1), None);
        assert_eq!(at(0), Some(window(0, Some(2 * hour))));
        assert_eq!(at(2 * hour - 1), Some(window(0, Some(2 * hour))));
        assert_eq!(at(2 * hour), Some(window(2 * hour, Some(4 * hour))));
        assert_eq!(at(4 * hour + 1), Some(window(4 * hour, Some(5 * hour))));
        assert_eq!(at(5 * hour), None);
    }

    #[test]
    fn a_reason_is_told_in_both_languages() {
        let owed = SlotReason::Owed { province: "Papua".into(), owed: 1_234_567_890 };
        assert_eq!(
            owed.text(Locale::En),
            "Papua's turn: of all provinces it was owed the most, 1.23 of a showing."
        );
        assert!(owed.text(Locale::Id).contains("1,23"));
        let waited = SlotReason::Waited { province: "Papua".into(), windows: 30 };
        assert_eq!(waited.text(Locale::En), "Papua's turn: it had gone unshown for 30 windows.");
        assert_eq!(hundredths(-50_000_000), "-0.05");
    }

    #[test]
    fn a_moment_has_an_offset_and_microseconds() {
        let moment = |text| parse_moment(text).map(|m| m.to_rfc3339());
        assert_eq!(
            moment("2026-11-24T10:00:00.1234567+07:00"),
            Ok("2026-11-24T03:00:00.123456+00:00".into())
        );
        for bad in ["", "2026-11-24", "2026-11-24T10:00:00", "2026-02-30T00:00:00Z", "24/11/2026"] {
            assert_eq!(parse_moment(bad), Err(Code::InvalidDate), "{bad}");
        }
        for far in ["1999-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "9999-12-31T00:00:00Z"] {
            assert_eq!(parse_moment(far), Err(Code::OutOfRange), "{far}");
        }
        // A leap second is the database's next second, so that it can't be later than that one here.
        assert_eq!(parse_moment("2016-12-31T23:59:60Z"), parse_moment("2017-01-01T00:00:00Z"));
    }

    #[test]
    fn windows_that_only_touch_do_not_overlap() {
        assert!(!window(1, Some(5)).overlaps(&window(5, Some(9))));
        assert!(window(1, Some(6)).overlaps(&window(5, Some(9))));
        assert!(window(1, None).overlaps(&window(5, None)));
        assert!(!window(5, None).overlaps(&window(1, Some(5))));
    }

    #[test]
    fn a_schedule_is_shown_in_jakarta_unless_told_otherwise() {
        let schedule = Schedule::new(window(0, Some(3600)), None);
        assert_eq!(schedule.zone().name(), "Asia/Jakarta");
        assert_eq!(schedule.local_start().to_rfc3339(), "1970-01-01T07:00:00+07:00");
        let east = Schedule::new(schedule.window(), parse_time_zone("Asia/Jayapura").ok());
        assert_eq!(east.local_end().map(|end| end.to_rfc3339()), Some("1970-01-01T10:00:00+09:00".into()));
    }

    #[test]
    fn a_time_zone_has_an_iana_name() {
        for bad in ["", "WIB", "asia/jakarta", "Asia/Batam", "+07:00", "Asia/Jakarta "] {
            assert_eq!(parse_time_zone(bad), Err(Code::InvalidTimeZone), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn overlapping_is_having_a_moment_in_common(a in 0..20_i64, b in 0..20_i64, c in 1..20_i64, d in 1..20_i64, open in any::<bool>()) {
            let (one, two) = (window(a, Some(a + c)), window(b, (!open).then_some(b + d)));
            let common = (0..60).any(|second| one.contains(at(second)) && two.contains(at(second)));
            prop_assert_eq!(one.overlaps(&two), common);
            prop_assert_eq!(two.overlaps(&one), common);
        }
    }
}
