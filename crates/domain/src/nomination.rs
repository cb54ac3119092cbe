//! Nominations: the way of a product to mutiara.

use crate::code::Code;
use crate::text::{Prose, choices};

/// Why a product should be mutiara, why it was accepted or declined, or what a reviewer thought.
pub type Reason = Prose<1, 2000>;

/// One action that would help a declined product; it becomes a mentoring task.
pub type Advice = Prose<1, 500>;

/// The most actions of one decision.
pub const MAX_ACTIONS: usize = 20;

choices! {
    /// Where a nomination stands.
    pub enum NominationStatus {
        /// Waiting for the first score.
        Open = "open",
        /// Scored by at least one reviewer.
        InReview = "in_review",
        /// The product is mutiara.
        Accepted = "accepted",
        /// Refused, with a reason and actions.
        Declined = "declined",
        /// Taken back by who nominated.
        Withdrawn = "withdrawn",
        /// Asked to be reviewed a second time.
        Appealed = "appealed",
        /// Was mutiara; its time is over.
        Expired = "expired",
        /// Was mutiara; it was taken away.
        Revoked = "revoked",
    }
}

choices! {
    /// A step of a nomination.
    pub enum NominationAction {
        /// A reviewer scores: the first score starts the review, also after an appeal.
        Score = "score",
        /// Makes the product mutiara.
        Accept = "accept",
        /// Refuses.
        Decline = "decline",
        /// Takes the nomination back before it is decided.
        Withdraw = "withdraw",
        /// Asks for a second review, once.
        Appeal = "appeal",
        /// Ends mutiara by time.
        Expire = "expire",
        /// Ends mutiara by decision.
        Revoke = "revoke",
    }
}

impl NominationStatus {
    /// The status after a step, or `WrongState` where the step does not exist. A nomination that has been `appealed`
    /// before can't be appealed again.
    pub fn apply(self, action: NominationAction, appealed: bool) -> Result<Self, Code> {
        use NominationAction::{Accept, Appeal, Decline, Expire, Revoke, Score, Withdraw};
        match (action, self) {
            (Score, Self::Open | Self::InReview | Self::Appealed) => Ok(Self::InReview),
            (Accept, Self::InReview) => Ok(Self::Accepted),
            (Decline, Self::InReview) => Ok(Self::Declined),
            (Withdraw, Self::Open | Self::InReview) => Ok(Self::Withdrawn),
            (Appeal, Self::Declined) if !appealed => Ok(Self::Appealed),
            (Expire, Self::Accepted) => Ok(Self::Expired),
            (Revoke, Self::Accepted) => Ok(Self::Revoked),
            _ => Err(Code::WrongState),
        }
    }

    /// Whether a decision is still to come, so that the same product can't be nominated again.
    pub const fn is_undecided(self) -> bool {
        matches!(self, Self::Open | Self::InReview | Self::Appealed)
    }

    /// Whether somebody decided it, and no appeal took that back.
    pub const fn is_decided(self) -> bool {
        matches!(self, Self::Accepted | Self::Declined | Self::Expired | Self::Revoked)
    }
}

/// What somebody sees of a nomination's scores. Scoring is blind: nobody who may score sees what others gave before
/// having scored, or before all is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScoresSeen {
    /// Nothing yet.
    Nothing,
    /// The average and the stars.
    Outcome,
    /// Each reviewer's points and comment.
    Everything,
}

impl ScoresSeen {
    /// What is seen by somebody who may score or not, and has scored or not.
    pub const fn by(may_score: bool, has_scored: bool, status: NominationStatus) -> Self {
        match (may_score, has_scored, status.is_decided()) {
            (true, _, true) | (true, true, false) => Self::Everything,
            (false, _, true) => Self::Outcome,
            (true, false, false) | (false, _, false) => Self::Nothing,
        }
    }
}

choices! {
    /// What the decider decides.
    pub enum Decision {
        /// The product is mutiara.
        Accept = "accept",
        /// It is not, for the reason given.
        Decline = "decline",
    }
}

impl Decision {
    /// The step that carries it out.
    pub const fn action(self) -> NominationAction {
        match self {
            Self::Accept => NominationAction::Accept,
            Self::Decline => NominationAction::Decline,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_documented_steps_exist() {
        use NominationAction::*;
        use NominationStatus::*;
        let steps = [
            (Open, Score, InReview),
            (InReview, Score, InReview),
            (Appealed, Score, InReview),
            (InReview, Accept, Accepted),
            (InReview, Decline, Declined),
            (Open, Withdraw, Withdrawn),
            (InReview, Withdraw, Withdrawn),
            (Declined, Appeal, Appealed),
            (Accepted, Expire, Expired),
            (Accepted, Revoke, Revoked),
        ];
        for &status in NominationStatus::ALL {
            for &action in NominationAction::ALL {
                let expected =
                    steps.iter().find(|(from, by, _)| (*from, *by) == (status, action)).map(|(_, _, to)| *to);
                assert_eq!(
                    status.apply(action, false),
                    expected.ok_or(Code::WrongState),
                    "{status} {action}"
                );
            }
        }
    }

    #[test]
    fn an_appeal_comes_once() {
        assert_eq!(NominationStatus::Declined.apply(NominationAction::Appeal, true), Err(Code::WrongState));
        for &action in NominationAction::ALL.iter().filter(|action| **action != NominationAction::Appeal) {
            for status in NominationStatus::ALL {
                assert_eq!(status.apply(action, true), status.apply(action, false));
            }
        }
    }

    #[test]
    fn scores_are_blind_until_one_has_scored_or_all_is_decided() {
        use ScoresSeen::*;
        for &status in NominationStatus::ALL {
            let (nominator, late, reviewer) = (
                ScoresSeen::by(false, false, status),
                ScoresSeen::by(true, false, status),
                ScoresSeen::by(true, true, status),
            );
            let expected = if status.is_decided() { (Outcome, Everything) } else { (Nothing, Nothing) };
            assert_eq!((nominator, late), expected, "{status}");
            assert_eq!(reviewer, Everything, "{status}");
        }
    }

    #[test]
    fn a_decision_ends_a_review() {
        for decision in Decision::ALL {
            let decided = NominationStatus::InReview.apply(decision.action(), false);
            assert_eq!(decided.map(NominationStatus::is_undecided), Ok(false));
        }
    }
}
