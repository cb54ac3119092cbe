//! Training programmes: cohorts of merchants with a curriculum, seats, attendance and a certificate at the end.

use std::collections::HashSet;

use chrono::NaiveDate;

use crate::code::Code;
use crate::faults::Faults;
pub use crate::rubric::CriterionKey as TopicKey;
use crate::text::{Line, Prose, choices};

/// What a programme or a topic of its curriculum is called, in Indonesian.
pub type ProgrammeName = Line<2, 150>;

/// The same in English; may be empty.
pub type ProgrammeNameEn = Line<0, 150>;

/// What a programme is about; may be empty.
pub type ProgrammeText = Prose<0, 2000>;

/// The most topics of a curriculum.
pub const MAX_TOPICS: usize = 60;

/// The most seats.
pub const MAX_CAPACITY: i32 = 10_000;

choices! {
    /// Where a programme stands. People lead it on: dates are plans.
    pub enum ProgrammeStatus {
        /// Being written.
        Draft = "draft",
        /// Takes enrolments.
        Open = "open",
        /// Goes on: attendance is recorded, its curriculum is fixed, late comers are still enrolled.
        Running = "running",
        /// Is over; attendance and completion may still be recorded.
        Finished = "finished",
        /// Does not take place.
        Cancelled = "cancelled",
    }
}

impl ProgrammeStatus {
    /// The next status, or `WrongState` where there is no such step.
    pub fn change_to(self, next: Self) -> Result<Self, Code> {
        match (self, next) {
            (Self::Draft, Self::Open)
            | (Self::Open, Self::Running)
            | (Self::Running, Self::Finished)
            | (Self::Draft | Self::Open | Self::Running, Self::Cancelled) => Ok(next),
            _ => Err(Code::WrongState),
        }
    }

    /// Whether merchants are enrolled now.
    pub const fn takes_enrolments(self) -> bool {
        matches!(self, Self::Open | Self::Running)
    }

    /// Whether attendance and completion are recorded now.
    pub const fn takes_attendance(self) -> bool {
        matches!(self, Self::Running | Self::Finished)
    }

    /// Whether texts, dates and seats may change.
    pub const fn is_editable(self) -> bool {
        matches!(self, Self::Draft | Self::Open | Self::Running)
    }

    /// Whether curriculum and rule of completion may change: not while somebody goes by them.
    pub const fn has_open_curriculum(self) -> bool {
        matches!(self, Self::Draft | Self::Open)
    }
}

choices! {
    /// Where an enrolment stands.
    pub enum EnrolmentStatus {
        /// Takes part.
        Enrolled = "enrolled",
        /// Has attended enough; has a certificate.
        Completed = "completed",
        /// Left, with a reason; its seat is free.
        Dropped = "dropped",
    }
}

choices! {
    /// In which order programmes are listed; ties go by id.
    #[derive(Default)]
    pub enum ProgrammeSort {
        /// Made last, first.
        #[default]
        Newest = "-created_at",
        /// Made first, first.
        Oldest = "created_at",
        /// What starts first, first.
        StartsFirst = "starts_on",
        /// What starts last, first.
        StartsLast = "-starts_on",
        /// By the Indonesian name.
        Name = "name",
        /// By the Indonesian name, from its end.
        NameDown = "-name",
    }
}

choices! {
    /// In which order enrolments are listed; ties go by id.
    #[derive(Default)]
    pub enum EnrolmentSort {
        /// Made last, first.
        #[default]
        Newest = "-created_at",
        /// Made first, first.
        Oldest = "created_at",
        /// By the merchant's name.
        Merchant = "merchant",
        /// By the merchant's name, from its end.
        MerchantDown = "-merchant",
    }
}

impl EnrolmentStatus {
    /// The next status, or `WrongState`: both ends are for good.
    pub fn change_to(self, next: Self) -> Result<Self, Code> {
        match (self, next) {
            (Self::Enrolled, Self::Completed | Self::Dropped) => Ok(next),
            _ => Err(Code::WrongState),
        }
    }
}

/// The days of a programme, the last one included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    starts_on: NaiveDate,
    ends_on: NaiveDate,
}

impl Days {
    /// `InvalidPeriod` when it ends before it starts.
    pub fn new(starts_on: NaiveDate, ends_on: NaiveDate) -> Result<Self, Code> {
        if ends_on < starts_on { Err(Code::InvalidPeriod) } else { Ok(Self { starts_on, ends_on }) }
    }

    /// The first day.
    pub const fn starts_on(&self) -> NaiveDate {
        self.starts_on
    }

    /// The last day.
    pub const fn ends_on(&self) -> NaiveDate {
        self.ends_on
    }
}

/// A part of a curriculum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// What attendance names it by.
    pub key: TopicKey,
    /// What it is called, in Indonesian.
    pub title_id: ProgrammeName,
    /// The same in English; may be empty.
    pub title_en: ProgrammeNameEn,
    /// How long it takes: 1 to 200.
    pub hours: i16,
}

/// A curriculum: topics in their order, each key once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Curriculum(Vec<Topic>);

impl Curriculum {
    /// Checks number and keys; pointers are relative to the list.
    pub fn new(topics: Vec<Topic>) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        match topics.len() {
            0 => faults.add("", Code::Required),
            n if n > MAX_TOPICS => faults.add("", Code::TooLong),
            _ => {}
        }
        let mut seen = HashSet::new();
        for (at, topic) in topics.iter().enumerate() {
            if !seen.insert(&topic.key) {
                faults.add(format!("/{at}/key"), Code::DuplicateEntry);
            }
        }
        faults.finish().map(|()| Self(topics))
    }

    /// The topics in their order.
    pub fn topics(&self) -> &[Topic] {
        &self.0
    }
}

/// How much of a curriculum was attended, rounded down: 0 to 100.
pub fn attendance_percent(attended: usize, topics: usize) -> usize {
    (attended * 100).checked_div(topics).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_documented_steps_exist() {
        use ProgrammeStatus::*;
        let steps = [
            (Draft, Open),
            (Open, Running),
            (Running, Finished),
            (Draft, Cancelled),
            (Open, Cancelled),
            (Running, Cancelled),
        ];
        for &from in ProgrammeStatus::ALL {
            for &to in ProgrammeStatus::ALL {
                let expected = if steps.contains(&(from, to)) { Ok(to) } else { Err(Code::WrongState) };
                assert_eq!(from.change_to(to), expected, "{from} {to}");
            }
        }
        for &from in EnrolmentStatus::ALL {
            for &to in EnrolmentStatus::ALL {
                let exists = from == EnrolmentStatus::Enrolled && to != EnrolmentStatus::Enrolled;
                assert_eq!(from.change_to(to).is_ok(), exists, "{from} {to}");
            }
        }
    }

    #[test]
    fn a_programme_has_one_day_at_least() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 24).expect("a day");
        assert!(Days::new(day, day).is_ok());
        assert_eq!(Days::new(day, day.pred_opt().expect("a day")), Err(Code::InvalidPeriod));
    }

    #[test]
    fn attendance_is_never_rounded_up() {
        for (attended, topics, percent) in [(0, 0, 0), (0, 4, 0), (3, 4, 75), (2, 3, 66), (3, 3, 100)] {
            assert_eq!(attendance_percent(attended, topics), percent, "{attended} of {topics}");
        }
    }
}
