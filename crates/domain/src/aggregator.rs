//! Aggregators: the tenants.

use crate::code::Code;
use crate::text::{Line, choices};

/// An aggregator's public name.
pub type AggregatorName = Line<2, 120>;

choices! {
    /// What an aggregator is.
    pub enum AggregatorKind {
        /// A tenant.
        Member = "member",
        /// The platform itself, owner of what is national; there is one, and no list of aggregators has it.
        Platform = "platform",
    }
}

choices! {
    /// Where an aggregator stands.
    pub enum AggregatorStatus {
        /// Made, and not yet open.
        Pending = "pending",
        /// Open: its storefront is shown.
        Active = "active",
        /// Stopped: its storefront answers 404, its staff can read and not write.
        Suspended = "suspended",
        /// Ended for good.
        Closed = "closed",
    }
}

choices! {
    /// A step that the platform's operator takes.
    pub enum AggregatorAction {
        /// Opens a pending aggregator, or a suspended one again.
        Activate = "activate",
        /// Stops an active aggregator.
        Suspend = "suspend",
        /// Ends an active or suspended aggregator.
        Close = "close",
    }
}

impl AggregatorStatus {
    /// The status after a step, or `WrongState` where the step does not exist.
    pub fn apply(self, action: AggregatorAction) -> Result<Self, Code> {
        use AggregatorAction::{Activate, Close, Suspend};
        match (action, self) {
            (Activate, Self::Pending | Self::Suspended) => Ok(Self::Active),
            (Suspend, Self::Active) => Ok(Self::Suspended),
            (Close, Self::Active | Self::Suspended) => Ok(Self::Closed),
            _ => Err(Code::WrongState),
        }
    }

    /// Whether its storefront is shown.
    pub const fn is_shown(self) -> bool {
        matches!(self, Self::Active)
    }

    /// Whether its staff may write; a pending one is being prepared.
    pub const fn takes_writes(self) -> bool {
        matches!(self, Self::Pending | Self::Active)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_documented_steps_exist() {
        use AggregatorAction::*;
        use AggregatorStatus::*;
        let steps = [
            (Pending, Activate, Active),
            (Active, Suspend, Suspended),
            (Suspended, Activate, Active),
            (Suspended, Close, Closed),
            (Active, Close, Closed),
        ];
        for &status in AggregatorStatus::ALL {
            for &action in AggregatorAction::ALL {
                let expected =
                    steps.iter().find(|(from, by, _)| (*from, *by) == (status, action)).map(|(_, _, to)| *to);
                assert_eq!(status.apply(action), expected.ok_or(Code::WrongState), "{status} {action}");
            }
        }
    }

    #[test]
    fn a_suspended_one_is_neither_shown_nor_written() {
        assert!(AggregatorStatus::Active.is_shown() && AggregatorStatus::Active.takes_writes());
        assert!(!AggregatorStatus::Suspended.is_shown() && !AggregatorStatus::Suspended.takes_writes());
        assert!(!AggregatorStatus::Pending.is_shown() && AggregatorStatus::Pending.takes_writes());
    }
}
