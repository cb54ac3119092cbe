//! Naik kelas: the classes that a merchant rises through. What each demands is data (`level_criteria`); here is what a
//! criterion can be, and which class a set of findings makes.

use crate::code::Code;
use crate::text::{Prose, choices};

/// What an assessor writes; may be empty.
pub type AssessmentNote = Prose<0, 2000>;

/// The most files that prove one criterion.
pub const MAX_EVIDENCE: usize = 10;

choices! {
    /// A class. Each includes the ones before it.
    pub enum Level {
        /// Go Modern.
        Modern = "modern",
        /// Go Digital.
        Digital = "digital",
        /// Go Online.
        Online = "online",
        /// Go Global.
        Global = "global",
    }
}

impl Level {
    /// The class after this one; None after the last. Before the first, a merchant has none.
    pub fn after(level: Option<Self>) -> Option<Self> {
        let next = level.map_or(0, |level| level as usize + 1);
        Self::ALL.get(next).copied()
    }
}

choices! {
    /// Where an assessment stands.
    pub enum AssessmentStatus {
        /// Waits for a second person.
        Proposed = "proposed",
        /// Counts.
        Confirmed = "confirmed",
        /// Does not count.
        Rejected = "rejected",
    }
}

choices! {
    /// In which order assessments are listed; ties go by id.
    #[derive(Default)]
    pub enum AssessmentSort {
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

impl AssessmentStatus {
    /// The decision on a proposal, or `WrongState` where it was taken already.
    pub fn decide(self, next: Self) -> Result<Self, Code> {
        match (self, next) {
            (Self::Proposed, Self::Confirmed | Self::Rejected) => Ok(next),
            _ => Err(Code::WrongState),
        }
    }
}

choices! {
    /// How a criterion is found out.
    pub enum Rule {
        /// By people, with evidence.
        Declared = "declared",
        /// A NIB that somebody has verified.
        Nib = "nib",
        /// Published products with a price: `at_least`.
        PriceList = "price_list",
        /// An active channel of one of the `kinds`; with `days`, one that was in use within so many.
        Channel = "channel",
        /// Leads of the last `days` that became sales: `at_least`.
        LeadsWon = "leads_won",
        /// Export readiness: `at_least` a level.
        ExportReadiness = "export_readiness",
    }
}

choices! {
    /// What was found.
    pub enum Outcome {
        /// It holds.
        Met = "met",
        /// It does not.
        Unmet = "unmet",
        /// The system has no data for it yet; it counts as not met.
        NotAvailable = "not_available",
    }
}

/// The highest class whose criteria, and those of all classes before it, are met. A class that demands nothing is never
/// reached: else a version without criteria for it would lift everybody.
pub fn reached(findings: &[(Level, Outcome)]) -> Option<Level> {
    let is_met = |level: &Level| {
        let mut of_level = findings.iter().filter(|(l, _)| l == level).peekable();
        of_level.peek().is_some() && of_level.all(|(_, outcome)| *outcome == Outcome::Met)
    };
    Level::ALL.iter().take_while(|level| is_met(level)).last().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Level::*;
    use Outcome::*;

    #[test]
    fn a_class_includes_the_ones_before_it() {
        assert_eq!(reached(&[]), None);
        assert_eq!(reached(&[(Modern, Met)]), Some(Modern));
        assert_eq!(reached(&[(Modern, Met), (Modern, Unmet), (Digital, Met)]), None);
        assert_eq!(reached(&[(Modern, Met), (Digital, Met), (Online, Unmet), (Global, Met)]), Some(Digital));
        assert_eq!(
            reached(&[(Modern, Met), (Digital, Met), (Online, Met), (Global, NotAvailable)]),
            Some(Online)
        );
        assert_eq!(reached(&[(Modern, Met), (Digital, Met), (Online, Met), (Global, Met)]), Some(Global));
        assert_eq!(reached(&[(Modern, Met), (Online, Met)]), Some(Modern));
    }

    #[test]
    fn classes_follow_each_other() {
        assert_eq!(Level::after(None), Some(Modern));
        assert_eq!(Level::after(Some(Online)), Some(Global));
        assert_eq!(Level::after(Some(Global)), None);
    }

    #[test]
    fn a_decision_is_taken_once() {
        use AssessmentStatus::*;
        for &from in AssessmentStatus::ALL {
            for &to in AssessmentStatus::ALL {
                assert_eq!(from.decide(to).is_ok(), from == Proposed && to != Proposed, "{from} {to}");
            }
        }
    }
}
