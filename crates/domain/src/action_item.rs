//! Action items: what a merchant, its hero or the staff must do next.

use chrono::{DateTime, NaiveDate, Utc};

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

choices! {
    /// In which order action items are listed; ties go by id.
    #[derive(Default)]
    pub enum ActionItemSort {
        /// Made last, first.
        #[default]
        Newest = "-created_at",
        /// Made first, first.
        Oldest = "created_at",
        /// What is due first; what has no day, last.
        DueFirst = "due_on",
        /// The other way round.
        DueLast = "-due_on",
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
