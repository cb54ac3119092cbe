//! Gates: which document the products of a category need before they are shown, from which day on, and by which law.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;

use crate::code::Code;
use crate::legality::DocumentKind;
use crate::locale::Bilingual;
use crate::text::Line;

/// Why a document is demanded, in one sentence.
pub type GateReason = Line<3, 300>;
/// The rule that says so, such as `PP 42/2024 pasal 160`.
pub type GateSource = Line<3, 200>;

/// The most gates that one category has of its own: one for each kind of document.
pub const MAX_GATES: usize = DocumentKind::ALL.len();

/// A document that a category demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// Which document.
    pub document: DocumentKind,
    /// Another kind that serves as well.
    pub instead: Option<DocumentKind>,
    /// How its number begins.
    pub number_prefix: Option<NumberPrefix>,
    /// The first day on which it is mandatory, by the size of the business.
    pub mandatory_from: MandatoryFrom,
    /// Why.
    pub reason: Bilingual<GateReason>,
    /// By which rule.
    pub source: GateSource,
}

/// The first day on which a document is mandatory; None: it is not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MandatoryFrom {
    /// For micro businesses.
    pub micro: Option<NaiveDate>,
    /// For small ones.
    pub small: Option<NaiveDate>,
    /// For medium ones.
    pub medium: Option<NaiveDate>,
}

/// Letters that a number begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberPrefix(String);

impl NumberPrefix {
    /// One to four letters.
    pub fn parse(text: &str) -> Result<Self, Code> {
        let text = text.trim().to_uppercase();
        let is_letters = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase());
        if is_letters { Ok(Self(text)) } else { Err(Code::InvalidDocumentNumber) }
    }

    /// The letters, in upper case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Indonesia's time zones, the earliest first.
const ZONES: [Tz; 3] = [Tz::Asia__Jayapura, Tz::Asia__Makassar, Tz::Asia__Jakarta];

impl MandatoryFrom {
    /// The next moment after `now` at which one of the days begins somewhere in Indonesia.
    pub fn next_turn(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let days = [self.micro, self.small, self.medium].into_iter().flatten();
        let midnights = days.flat_map(|day| ZONES.map(|zone| midnight(day, zone)));
        midnights.filter(|moment| *moment > now).min()
    }
}

/// When a day begins in a zone of Indonesia: none of them ever changes its clocks.
pub fn midnight(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let local = day.and_time(NaiveTime::MIN);
    local.and_local_timezone(zone).earliest().map_or(local.and_utc(), |moment| moment.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        crate::day::parse_day(text).expect("a day")
    }

    fn moment(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    #[test]
    fn a_day_begins_in_the_east_first() {
        let from =
            MandatoryFrom { micro: Some(day("2026-10-17")), small: None, medium: Some(day("2024-10-18")) };
        for (now, next) in [
            ("2024-10-17T14:59:59Z", Some("2024-10-17T15:00:00Z")),
            ("2024-10-17T15:00:00Z", Some("2024-10-17T16:00:00Z")),
            ("2024-10-17T16:00:00Z", Some("2024-10-17T17:00:00Z")),
            ("2024-10-17T17:00:00Z", Some("2026-10-16T15:00:00Z")),
            ("2026-10-16T17:00:00Z", None),
        ] {
            assert_eq!(from.next_turn(moment(now)), next.map(moment), "{now}");
        }
        assert_eq!(MandatoryFrom::default().next_turn(moment("2024-01-01T00:00:00Z")), None);
    }

    #[test]
    fn a_prefix_is_letters() {
        assert_eq!(NumberPrefix::parse(" tr ").map(|p| p.0), Ok("TR".into()));
        for bad in ["", "TR1", "ABCDE", "É"] {
            assert_eq!(NumberPrefix::parse(bad), Err(Code::InvalidDocumentNumber), "{bad}");
        }
    }
}
