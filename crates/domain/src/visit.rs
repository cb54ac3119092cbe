//! Visits: what a member did with a merchant, noted by a phone that may be offline, and the merchant's word on it.

use std::fmt;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::action_item::{Task, TaskOwner};
use crate::code::Code;
use crate::faults::Faults;
use crate::ids::{ActionItemId, FileId, MerchantId};
use crate::text::{Line, Prose, choices};

/// What was found, or what was advised.
pub type VisitNote = Prose<0, 4000>;

/// How a phone names itself.
pub type DeviceId = Line<1, 100>;

/// The most photos of one visit.
pub const MAX_PHOTOS: usize = 20;
/// The most tasks agreed on at one visit.
pub const MAX_TASKS: usize = 20;

/// How far a phone's clock may be ahead.
const SKEW: TimeDelta = TimeDelta::minutes(5);
/// How late a visit may be recorded.
const OLDEST: TimeDelta = TimeDelta::days(731);

choices! {
    /// How it took place.
    pub enum VisitMode {
        /// At the merchant's.
        Visit = "visit",
        /// By telephone.
        Phone = "phone",
        /// By video.
        Video = "video",
        /// With several merchants together.
        Group = "group",
    }
}

choices! {
    /// What it was about.
    pub enum Topic {
        /// Licences and certificates.
        Legality = "legality",
        /// Making it.
        Production = "production",
        /// Packing and labelling it.
        Packaging = "packaging",
        /// Money and books.
        Finance = "finance",
        /// Selling it.
        Marketing = "marketing",
        /// Doing so on-line.
        Digital = "digital",
        /// Doing so abroad.
        Export = "export",
        /// People and their work.
        Organisation = "organisation",
    }
}

choices! {
    /// In which order visits are listed; ties go by id.
    #[derive(Default)]
    pub enum VisitSort {
        /// The latest first.
        #[default]
        Latest = "-started_at",
        /// The earliest first.
        Earliest = "started_at",
    }
}

choices! {
    /// How a merchant confirms.
    pub enum ConfirmationMethod {
        /// With the PIN that the merchant has set.
        Pin = "pin",
        /// With a signature, kept as an evidence file.
        Signature = "signature",
    }
}

/// When something took place, by the phone's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    started_at: DateTime<Utc>,
    ended_at: DateTime<Utc>,
}

impl Period {
    /// A period that is over, and not so long ago. The faults stand under `/started_at` and `/ended_at`.
    pub fn new(
        started_at: DateTime<Utc>,
        ended_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        for (pointer, time) in [("/started_at", started_at), ("/ended_at", ended_at)] {
            faults.take(pointer, not_later(time, now));
        }
        if started_at < now - OLDEST {
            faults.add("/started_at", Code::DateTooOld);
        }
        if ended_at < started_at {
            faults.add("/ended_at", Code::InvalidPeriod);
        }
        faults.finish().map(|()| Self { started_at, ended_at })
    }

    /// When it began: when the visit happened.
    #[must_use]
    pub const fn started_at(self) -> DateTime<Utc> {
        self.started_at
    }

    /// When it ended.
    #[must_use]
    pub const fn ended_at(self) -> DateTime<Utc> {
        self.ended_at
    }
}

/// A time that has come, for a clock that may be a little ahead.
pub fn not_later(time: DateTime<Utc>, now: DateTime<Utc>) -> Result<DateTime<Utc>, Code> {
    if time > now + SKEW { Err(Code::DateInFuture) } else { Ok(time) }
}

/// A place on earth, in millionths of a degree, as exact as the phone says. Kept only with consent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Location {
    latitude: i32,
    longitude: i32,
    accuracy_m: u32,
}

impl Location {
    /// Degrees north and east, and metres.
    pub fn new(latitude: f64, longitude: f64, accuracy_m: f64) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let mut within = |pointer: &str, value: f64, least: f64, most: f64| {
            let is_within = (least..=most).contains(&value);
            faults.take(pointer, if is_within { Ok(value) } else { Err(Code::OutOfRange) })
        };
        let latitude = within("/latitude", latitude, -90.0, 90.0);
        let longitude = within("/longitude", longitude, -180.0, 180.0);
        let accuracy_m = within("/accuracy_m", accuracy_m, 0.0, 100_000.0);
        match (latitude, longitude, accuracy_m) {
            (Some(latitude), Some(longitude), Some(metres)) => Ok(Self {
                latitude: (latitude * 1e6).round() as i32,
                longitude: (longitude * 1e6).round() as i32,
                accuracy_m: metres.ceil() as u32,
            }),
            _ => Err(faults),
        }
    }

    /// Degrees north.
    #[must_use]
    pub fn latitude(self) -> f64 {
        f64::from(self.latitude) / 1e6
    }

    /// Degrees east.
    #[must_use]
    pub fn longitude(self) -> f64 {
        f64::from(self.longitude) / 1e6
    }

    /// How far off it may be, in metres.
    #[must_use]
    pub const fn accuracy_m(self) -> u32 {
        self.accuracy_m
    }

    /// What [`Location`] writes as text.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let (latitude, longitude) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Self { latitude, longitude, accuracy_m: parts.next()?.parse().ok()? })
    }
}

/// The numbers, to be sealed.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.latitude, self.longitude, self.accuracy_m)
    }
}

/// Nothing is shown: a place must not reach a log.
impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Location(..)")
    }
}

/// A task agreed on at a visit; its id is the phone's too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreedTask {
    /// The action item's id.
    pub id: ActionItemId,
    /// Who must act.
    pub owner: TaskOwner,
    /// What is to be done.
    pub text: Task,
    /// Until when.
    pub due_on: Option<NaiveDate>,
}

/// What one version of a visit says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitRecord {
    /// The merchant.
    pub merchant: MerchantId,
    /// When it was.
    pub period: Period,
    /// How it took place.
    pub mode: VisitMode,
    /// What it was about: in the order of [`Topic::ALL`], each once.
    pub topics: Vec<Topic>,
    /// What was found.
    pub problems: VisitNote,
    /// What was advised.
    pub advice: VisitNote,
    /// When to come again.
    pub next_on: Option<NaiveDate>,
    /// Where it was.
    pub location: Option<Location>,
    /// Evidence files of the merchant.
    pub photos: Vec<FileId>,
    /// What was agreed on.
    pub tasks: Vec<AgreedTask>,
    /// Which phone noted it.
    pub device: Option<DeviceId>,
}

/// What a merchant confirms a visit with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// The PIN, as it was typed.
    Pin(Pin),
    /// A signature: an evidence file, and the SHA-256 that the phone made of it.
    Signature {
        /// The file.
        file: FileId,
        /// Its hash by the phone.
        sha256: [u8; 32],
    },
}

/// A merchant's PIN: 6 digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pin(String);

impl Pin {
    /// Takes 6 digits, and nothing round them.
    pub fn parse(text: &str) -> Result<Self, Code> {
        if text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Code::InvalidPin)
        }
    }

    /// The same for a new PIN: what anybody tries first is refused.
    pub fn parse_new(text: &str) -> Result<Self, Code> {
        let pin = Self::parse(text)?;
        let digits = pin.0.as_bytes();
        let steps: Vec<i16> = digits.windows(2).map(|pair| i16::from(pair[1]) - i16::from(pair[0])).collect();
        let is_row = steps.iter().all(|step| *step == steps[0]) && steps[0].abs() <= 1;
        let repeats = (2..=3).any(|length| digits.chunks(length).all(|part| part == &digits[..length]));
        if is_row || repeats { Err(Code::PinTooCommon) } else { Ok(pin) }
    }

    /// The digits, to hash them.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(..)")
    }
}

/// 64 hexadecimal digits, of either case.
pub fn parse_sha256(text: &str) -> Result<[u8; 32], Code> {
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Code::InvalidCharacters);
    }
    let mut hash = [0; 32];
    for (byte, at) in hash.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| Code::InvalidCharacters)?;
    }
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn a_visit_is_over_and_not_long_ago() {
        let now = at("2026-11-24T10:00:00Z");
        let codes = |start: &str, end: &str| {
            let faults = Period::new(at(start), at(end), now).err().map(Faults::into_vec).unwrap_or_default();
            faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect::<Vec<_>>()
        };
        assert_eq!(codes("2026-11-24T09:00:00Z", "2026-11-24T10:05:00Z"), []);
        assert_eq!(codes("2024-11-24T09:00:00Z", "2024-11-24T09:00:00Z"), []);
        let future = |field: &str| (field.to_owned(), Code::DateInFuture);
        assert_eq!(codes("2026-11-24T09:00:00Z", "2026-11-24T10:05:01Z"), [future("/ended_at")]);
        assert_eq!(
            codes("2026-11-25T09:00:00Z", "2026-11-25T10:00:00Z"),
            [future("/started_at"), future("/ended_at")]
        );
        assert_eq!(
            codes("2024-11-20T09:00:00Z", "2024-11-20T08:00:00Z"),
            [("/started_at".into(), Code::DateTooOld), ("/ended_at".into(), Code::InvalidPeriod)]
        );
    }

    #[test]
    fn a_place_is_on_earth() {
        for (bad, pointer) in [
            ((90.1, 0.0, 1.0), "/latitude"),
            ((f64::NAN, 0.0, 1.0), "/latitude"),
            ((0.0, -180.1, 1.0), "/longitude"),
            ((0.0, 0.0, -1.0), "/accuracy_m"),
            ((0.0, 0.0, 1e6), "/accuracy_m"),
        ] {
            let faults = Location::new(bad.0, bad.1, bad.2).expect_err("a fault").into_vec();
            assert_eq!((faults.len(), faults[0].pointer.as_str()), (1, pointer), "{bad:?}");
        }
        let place = Location::new(-8.6573, 121.0794, 12.5).expect("on earth");
        assert_eq!((place.latitude(), place.longitude(), place.accuracy_m()), (-8.6573, 121.0794, 13));
        assert_eq!(format!("{place:?}"), "Location(..)");
    }

    #[test]
    fn a_new_pin_is_not_what_anybody_tries_first() {
        for bad in ["", "12345", "1234567", "12345a", " 12345", "１２３４５６"] {
            assert_eq!(Pin::parse(bad), Err(Code::InvalidPin), "{bad}");
        }
        for easy in ["000000", "123456", "987654", "121212", "123123"] {
            assert_eq!(Pin::parse_new(easy), Err(Code::PinTooCommon), "{easy}");
            assert!(Pin::parse(easy).is_ok());
        }
        let pin = Pin::parse_new("402817").expect("a PIN");
        assert_eq!(format!("{pin:?}"), "Pin(..)");
    }

    proptest! {
        #[test]
        fn a_place_reads_back(latitude in -90.0..=90.0, longitude in -180.0..=180.0, metres in 0.0..=100_000.0) {
            let place = Location::new(latitude, longitude, metres).expect("on earth");
            prop_assert_eq!(Location::read(&place.to_string()), Some(place));
        }

        #[test]
        fn a_hash_reads_back(hash in any::<[u8; 32]>()) {
            let text: String = hash.iter().map(|byte| format!("{byte:02X}")).collect();
            prop_assert_eq!(parse_sha256(&text), Ok(hash));
        }
    }
}
