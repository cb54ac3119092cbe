//! Local heroes (pahlawan lokal): who mentors whom, from which day to which.

use std::fmt;

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::code::Code;
use crate::faults::Faults;
use crate::region::RegionCode;
use crate::text::{Line, Prose, choices};

/// A hero's name as his merchants know it.
pub type HeroName = Line<2, 120>;

/// What staff write about a hero; may be empty.
pub type HeroNote = Prose<0, 2000>;

/// Languages of a hero at most.
pub const MAX_LANGUAGES: usize = 20;

/// Regions of a hero at most.
pub const MAX_AREAS: usize = 100;

/// A hero who speaks the merchant's language is worth this much of a detour.
pub const LANGUAGE_IS_WORTH_KM: f64 = 50.0;

/// How many merchants a hero mentors at most. Zero: none for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Capacity(i32);

impl Capacity {
    /// Takes 0 to 500.
    pub fn parse(number: i64) -> Result<Self, Code> {
        i32::try_from(number).ok().filter(|n| (0..=500).contains(n)).map(Self).ok_or(Code::OutOfRange)
    }

    /// The number.
    pub const fn get(self) -> i32 {
        self.0
    }
}

/// A language that a hero speaks: a code such as `id`, `jv` or `bug`, or a BCP 47 tag such as `ms-my`, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language(String);

impl Language {
    /// Takes a primary code of two or three letters and up to three parts after it.
    pub fn parse(text: &str) -> Result<Self, Code> {
        let text = text.trim().to_ascii_lowercase().replace('_', "-");
        let mut parts = text.split('-');
        let primary = parts.next().unwrap_or_default();
        let is_primary = matches!(primary.len(), 2 | 3) && primary.bytes().all(|b| b.is_ascii_lowercase());
        let is_part =
            |part: &str| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
        if text.is_empty() {
            Err(Code::Required)
        } else if is_primary && parts.clone().count() <= 3 && parts.all(is_part) {
            Ok(Self(text))
        } else {
            Err(Code::InvalidLanguage)
        }
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Where a hero starts from: somebody's home, so no more exact than about a kilometre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Home {
    /// WGS 84 degrees, two decimals.
    pub latitude: f64,
    /// WGS 84 degrees, two decimals.
    pub longitude: f64,
}

impl Home {
    /// A place on Earth; what is more exact than two decimals is forgotten.
    pub fn parse(latitude: f64, longitude: f64) -> Result<Self, Code> {
        let coarse = |degrees: f64| (degrees * 100.0).round() / 100.0;
        if (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude) {
            Ok(Self { latitude: coarse(latitude), longitude: coarse(longitude) })
        } else {
            Err(Code::OutOfRange)
        }
    }
}

choices! {
    /// Where an assignment stands.
    pub enum AssignmentStatus {
        /// Its first day is still to come.
        Planned = "planned",
        /// The hero sees the merchant.
        Active = "active",
        /// Over.
        Ended = "ended",
        /// Taken back before its first day.
        Cancelled = "cancelled",
    }
}

choices! {
    /// In which order heroes are listed; ties go by id.
    #[derive(Default)]
    pub enum HeroSort {
        /// Made last, first.
        #[default]
        Newest = "-created_at",
        /// Made first, first.
        Oldest = "created_at",
        /// By name.
        Name = "name",
        /// By name, from its end.
        NameDown = "-name",
        /// Who can take most merchants, first.
        MostFree = "-free_capacity",
        /// Who can take fewest, first.
        LeastFree = "free_capacity",
    }
}

choices! {
    /// What waits for a hero.
    pub enum AgendaKind {
        /// The last visit named a day for the next.
        VisitDue = "visit_due",
        /// A document's last day comes, or is over.
        DocumentExpiring = "document_expiring",
        /// Something that was agreed on.
        ActionItem = "action_item",
        /// A merchant that is not submitted.
        Onboarding = "onboarding",
    }
}

/// From which day to which, both included; without a last day until somebody ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// First day.
    pub starts_on: NaiveDate,
    /// Last day.
    pub ends_on: Option<NaiveDate>,
}

impl Term {
    /// A term that is not over yet.
    pub fn new(starts_on: NaiveDate, ends_on: Option<NaiveDate>, today: NaiveDate) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        match ends_on {
            Some(last) if last < starts_on => faults.add("/ends_on", Code::InvalidPeriod),
            Some(last) if last < today => {
                faults.add_detail("/ends_on", Code::InvalidPeriod, "It would be over already.");
            }
            _ => {}
        }
        faults.finish().map(|()| Self { starts_on, ends_on })
    }

    /// Where an assignment of this term stands on a day that is not after its end.
    pub fn status(&self, today: NaiveDate) -> AssignmentStatus {
        if self.starts_on > today { AssignmentStatus::Planned } else { AssignmentStatus::Active }
    }

    /// Whether some day belongs to both.
    pub fn overlaps(&self, other: &Self) -> bool {
        let begins_before_end = |a: &Self, b: &Self| b.ends_on.is_none_or(|last| a.starts_on <= last);
        begins_before_end(self, other) && begins_before_end(other, self)
    }

    /// When it begins or ends next, in the region whose days it counts.
    pub fn next_turn(&self, today: NaiveDate, region: &RegionCode) -> Option<DateTime<Utc>> {
        match self.status(today) {
            AssignmentStatus::Planned => Some(region.start_of(self.starts_on)),
            _ => self
                .ends_on
                .and_then(|last| last.checked_add_days(Days::new(1)))
                .map(|day| region.start_of(day)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn term(starts: &str, ends: Option<&str>) -> Term {
        Term { starts_on: day(starts), ends_on: ends.map(day) }
    }

    #[test]
    fn a_language_is_a_code_or_a_tag_in_lower_case() {
        for (text, kept) in [("jv", "jv"), (" BUG ", "bug"), ("ms-MY", "ms-my"), ("zh_Hant", "zh-hant")] {
            assert_eq!(Language::parse(text).map(|l| l.to_string()), Ok(kept.to_owned()));
        }
        for bad in ["j", "java", "j1", "jv-", "-jv", "jv--id", "jv-x", "jv id", "id-a1b2c3d4e", "é"] {
            assert_eq!(Language::parse(bad), Err(Code::InvalidLanguage), "{bad}");
        }
        assert_eq!(Language::parse(" "), Err(Code::Required));
    }

    #[test]
    fn a_home_is_known_to_about_a_kilometre() {
        assert_eq!(Home::parse(-8.650_979, 115.216_123), Ok(Home { latitude: -8.65, longitude: 115.22 }));
        for (latitude, longitude) in [(90.1, 0.0), (0.0, -180.1), (f64::NAN, 0.0), (0.0, f64::INFINITY)] {
            assert_eq!(Home::parse(latitude, longitude), Err(Code::OutOfRange));
        }
    }

    #[test]
    fn a_term_is_in_order_and_not_over() {
        let today = day("2026-11-24");
        let fault = |starts: &str, ends: &str| {
            let faults = Term::new(day(starts), Some(day(ends)), today).expect_err("a fault").into_vec();
            (faults[0].pointer.clone(), faults[0].code)
        };
        assert_eq!(fault("2026-12-02", "2026-12-01"), ("/ends_on".into(), Code::InvalidPeriod));
        assert_eq!(fault("2026-01-01", "2026-11-23"), ("/ends_on".into(), Code::InvalidPeriod));
        assert!(Term::new(day("2026-01-01"), Some(today), today).is_ok(), "the last day counts");
        assert!(Term::new(today, None, today).is_ok());
    }

    #[test]
    fn a_term_turns_at_midnight_of_its_own_zone() {
        let today = day("2026-11-24");
        let at = |term: Term, code| {
            let region = RegionCode::parse(code).expect("a region");
            term.next_turn(today, &region).map(|at| at.to_rfc3339())
        };
        let planned = term("2026-12-01", Some("2026-12-31"));
        assert_eq!(at(planned, "31.71"), Some("2026-11-30T17:00:00+00:00".into()));
        assert_eq!(at(planned, "91.01"), Some("2026-11-30T15:00:00+00:00".into()));
        let active = term("2026-01-01", Some("2026-11-24"));
        assert_eq!(at(active, "53.07"), Some("2026-11-24T16:00:00+00:00".into()));
        assert_eq!(at(term("2026-01-01", None), "31.71"), None);
    }

    #[test]
    fn terms_that_follow_each_other_do_not_overlap() {
        let first = term("2026-01-01", Some("2026-06-30"));
        assert!(!first.overlaps(&term("2026-07-01", None)));
        assert!(first.overlaps(&term("2026-06-30", None)));
        assert!(term("2026-01-01", None).overlaps(&term("2030-01-01", None)));
    }

    proptest! {
        #[test]
        fn overlap_is_mutual_and_means_a_common_day(a in 0_i64..60, b in 0_i64..60, long in 0_i64..30, other in 0_i64..30) {
            let at = |offset: i64| day("2026-01-01") + chrono::TimeDelta::days(offset);
            let one = Term { starts_on: at(a), ends_on: Some(at(a + long)) };
            let two = Term { starts_on: at(b), ends_on: Some(at(b + other)) };
            let common = (0..100).any(|d| [&one, &two].iter().all(|t| t.starts_on <= at(d) && t.ends_on >= Some(at(d))));
            prop_assert_eq!(one.overlaps(&two), common);
            prop_assert_eq!(one.overlaps(&two), two.overlaps(&one));
        }
    }
}
