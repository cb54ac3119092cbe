//! Action items: what a merchant, its hero or the staff must do next.

use chrono::{DateTime, NaiveDate, Utc};

use crate::code::Code;
use crate::ids::{MerchantId, VisitId};
use crate::text::{Prose, choices};

/// What is to be done.
pub type Task = Prose<1, 500>;

choices! {
    /// Who must act.
    pub enum TaskOwner {
        /// The merchant.
        Merchant = "merchant",
        /// Its hero.
        Hero = "hero",
        /// The aggregator's staff.
        Staff = "staff",
    }
}

choices! {
    /// Where an action item stands.
    pub enum ActionItemStatus {
        /// To be done.
        Open = "open",
        /// Done.
        Done = "done",
        /// Not needed any more.
        Dropped = "dropped",
    }
}

/// What one version of an action item says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionItemRecord {
    /// The merchant.
    pub merchant: MerchantId,
    /// What is to be done.
    pub text: Task,
    /// Who must act.
    pub owner: TaskOwner,
    /// Until when.
    pub due_on: Option<NaiveDate>,
    /// Where it stands.
    pub status: ActionItemStatus,
    /// When it was done, where the phone says so; else the server's time counts.
    pub done_at: Option<DateTime<Utc>>,
    /// The visit at which it was agreed on: said by its first version.
    pub visit: Option<VisitId>,
}

/// A calendar day as `2026-11-24`, between 1900 and 2199.
pub fn parse_day(text: &str) -> Result<NaiveDate, Code> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| Code::InvalidDate)?;
    // chrono takes years of any length and days of one digit.
    if text.len() == 10 && ("1900".."2200").contains(&&text[..4]) { Ok(day) } else { Err(Code::InvalidDate) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_one_spelling() {
        assert_eq!(parse_day("2026-11-24").ok(), NaiveDate::from_ymd_opt(2026, 11, 24));
        for bad in
            ["", "2026-02-30", "2026-1-1", "24-11-2026", "+2026-11-2", "0001-01-01", "2026-11-24T00:00Z"]
        {
            assert_eq!(parse_day(bad), Err(Code::InvalidDate), "{bad}");
        }
    }
}
