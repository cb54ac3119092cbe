//! Change requests: edits of a published product, which stays as it is until a reviewer accepts them.

use crate::code::Code;
use crate::text::{Prose, choices};

/// What a reviewer says of a request as a whole.
pub type ReviewReason = Prose<1, 2000>;

/// What a reviewer says of one field.
pub type FieldReason = Prose<1, 500>;

/// The most fields that a reviewer speaks of at once.
pub const MAX_REASONS: usize = 100;

/// The most requests that are accepted at once.
pub const MAX_AT_ONCE: usize = 50;

choices! {
    /// Where a change request stands.
    pub enum ChangeRequestStatus {
        /// Waiting for a reviewer.
        Open = "open",
        /// Sent back; the next edit opens it again.
        NeedsChanges = "needs_changes",
        /// Made.
        Accepted = "accepted",
        /// Refused.
        Rejected = "rejected",
        /// Taken back, or overtaken by the product's end.
        Withdrawn = "withdrawn",
    }
}

choices! {
    /// A step of a change request.
    pub enum ChangeRequestAction {
        /// Begins it with an edit.
        Open = "open",
        /// Adds an edit to it.
        Amend = "amend",
        /// Makes its edits.
        Accept = "accept",
        /// Refuses them for good.
        Reject = "reject",
        /// Sends it back.
        RequestChanges = "request_changes",
        /// Takes it back.
        Withdraw = "withdraw",
    }
}

choices! {
    /// In which order change requests are listed; ties go by id.
    #[derive(Default)]
    pub enum ChangeRequestSort {
        /// Made last, first.
        #[default]
        Newest = "-created_at",
        /// Made first, first.
        Oldest = "created_at",
        /// Changed last, first.
        ChangedLast = "-updated_at",
        /// Changed first, first.
        ChangedFirst = "updated_at",
    }
}

impl ChangeRequestStatus {
    /// The status after a step, or `WrongState` where the step does not exist.
    pub fn apply(self, action: ChangeRequestAction) -> Result<Self, Code> {
        use ChangeRequestAction::{Accept, Amend, Reject, RequestChanges, Withdraw};
        match (action, self) {
            (Amend, Self::Open | Self::NeedsChanges) => Ok(Self::Open),
            (Accept, Self::Open) => Ok(Self::Accepted),
            (Reject, Self::Open) => Ok(Self::Rejected),
            (RequestChanges, Self::Open) => Ok(Self::NeedsChanges),
            (Withdraw, Self::Open) => Ok(Self::Withdrawn),
            _ => Err(Code::WrongState),
        }
    }

    /// Whether it is still to be decided: a product has one such request at most.
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Open | Self::NeedsChanges)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_documented_steps_exist() {
        use ChangeRequestAction::*;
        use ChangeRequestStatus as At;
        let steps = [
            (At::Open, Amend, At::Open),
            (At::NeedsChanges, Amend, At::Open),
            (At::Open, Accept, At::Accepted),
            (At::Open, Reject, At::Rejected),
            (At::Open, RequestChanges, At::NeedsChanges),
            (At::Open, Withdraw, At::Withdrawn),
        ];
        for &status in At::ALL {
            for &action in ChangeRequestAction::ALL {
                let expected =
                    steps.iter().find(|(from, by, _)| (*from, *by) == (status, action)).map(|(_, _, to)| *to);
                assert_eq!(status.apply(action), expected.ok_or(Code::WrongState), "{status} {action}");
            }
        }
    }
}
