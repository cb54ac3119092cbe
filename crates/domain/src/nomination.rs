//! Nominations: the way of a product to mutiara.

use chrono::{DateTime, Months, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::code::Code;
use crate::gate::midnight;
use crate::legality::Turn;
use crate::phone::Phone;
use crate::text::{Line, Prose, choices};
use crate::user::Email;

/// Why a product should be mutiara, why it was accepted or declined, or what a reviewer thought.
pub type Reason = Prose<1, 2000>;

/// One action that would help a declined product; it becomes a mentoring task.
pub type Advice = Prose<1, 500>;

/// The most actions of one decision.
pub const MAX_ACTIONS: usize = 20;
/// The most files that are shown for a nomination.
pub const MAX_EVIDENCE: usize = 10;

/// How long a product stays mutiara until it is reviewed again.
pub const MUTIARA_MONTHS: Months = Months::new(12);

/// How many days a merchant has for what a decision advises, where it names no day.
pub const ADVICE_DAYS: u64 = 30;

/// What somebody of the public calls himself.
pub type SupporterName = Line<1, 120>;

choices! {
    /// Who proposed a product.
    pub enum NominationSource {
        /// The aggregator's staff.
        Staff = "staff",
        /// A local hero.
        Hero = "hero",
        /// The merchant itself.
        Merchant = "merchant",
        /// Somebody without an account.
        Public = "public",
    }
}

choices! {
    /// In which order nominations are listed; ties go by id.
    #[derive(Default)]
    pub enum NominationSort {
        /// Made last, first.
        #[default]
        Newest = "-created_at",
        /// Made first, first.
        Oldest = "created_at",
        /// Mutiara that end soon, first; what has no end, last.
        EndsFirst = "valid_until",
        /// The other way round.
        EndsLast = "-valid_until",
    }
}

/// How somebody of the public can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contact {
    /// By phone.
    Phone(Phone),
    /// By e-mail.
    Email(Email),
}

impl Contact {
    /// A phone number or an e-mail address, in the one spelling by which a person is known again.
    pub fn parse(text: &str) -> Result<Self, Code> {
        if text.trim().is_empty() {
            return Err(Code::Required);
        }
        let parsed = match text.contains('@') {
            true => Email::parse(text).map(Self::Email),
            false => Phone::parse(text).map(Self::Phone),
        };
        parsed.map_err(|_| Code::InvalidContact)
    }

    /// The one spelling.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Phone(phone) => phone.as_str(),
            Self::Email(email) => email.as_str(),
        }
    }
}

/// What a mutiara's time asks for at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MutiaraTurn {
    /// To end it.
    Expire,
    /// To go on: to remind its people now, where days are given, and to look again at `next_at`.
    GoOn {
        /// The reminder of so many days before the end is due.
        remind: Option<u32>,
        /// When the next one is, or the end.
        next_at: DateTime<Utc>,
    },
}

impl MutiaraTurn {
    /// What is due `now` before an end, after the reminder of `reminded` days. Days are those of the merchant's zone.
    pub fn due(ends_at: DateTime<Utc>, reminded: Option<u32>, now: DateTime<Utc>, zone: Tz) -> Self {
        if now >= ends_at {
            return Self::Expire;
        }
        let day = |moment: DateTime<Utc>| moment.with_timezone(&zone).date_naive();
        // Where it ends at midnight, the day before is its last.
        let last = day(ends_at - TimeDelta::microseconds(1));
        let remind = match Turn::due(last, reminded, day(now)) {
            Some(Turn::Remind(days)) => Some(days),
            Some(Turn::Expire) | None => None,
        };
        let next_at = midnight(Turn::next_day(last, remind.or(reminded)), zone).min(ends_at);
        Self::GoOn { remind, next_at }
    }
}

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
    /// The status after a step, or `WrongState` where the step does not exist; `AlreadyAppealed` for what has been
    /// `appealed` before.
    pub fn apply(self, action: NominationAction, appealed: bool) -> Result<Self, Code> {
        use NominationAction::{Accept, Appeal, Decline, Expire, Revoke, Score, Withdraw};
        match (action, self) {
            (Score, Self::Open | Self::InReview | Self::Appealed) => Ok(Self::InReview),
            (Accept, Self::InReview) => Ok(Self::Accepted),
            (Decline, Self::InReview) => Ok(Self::Declined),
            (Withdraw, Self::Open | Self::InReview) => Ok(Self::Withdrawn),
            (Appeal, Self::Declined) if appealed => Err(Code::AlreadyAppealed),
            (Appeal, Self::Declined) => Ok(Self::Appealed),
            (Expire, Self::Accepted) => Ok(Self::Expired),
            (Revoke, Self::Accepted) => Ok(Self::Revoked),
            _ => Err(Code::WrongState),
        }
    }

    /// Whether the first score of a round is still to come, so that the rubric is not settled yet.
    pub const fn is_unscored(self) -> bool {
        matches!(self, Self::Open | Self::Appealed)
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
        assert_eq!(
            NominationStatus::Declined.apply(NominationAction::Appeal, true),
            Err(Code::AlreadyAppealed)
        );
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

    #[test]
    fn a_contact_is_a_phone_number_or_an_address() {
        assert_eq!(Contact::parse("0812-3456-7890").unwrap().as_str(), "+6281234567890");
        assert_eq!(Contact::parse("Rina@Contoh.id").unwrap(), Contact::parse("rina@contoh.id").unwrap());
        assert_eq!(Contact::parse(" "), Err(Code::Required));
        for bad in ["rina", "12", "a@b@c", "@"] {
            assert_eq!(Contact::parse(bad), Err(Code::InvalidContact), "{bad}");
        }
    }

    #[test]
    fn a_mutiara_reminds_90_30_and_7_days_before_its_end_and_then_ends() {
        let zone = chrono_tz::Asia::Makassar;
        let ends_at: DateTime<Utc> = "2027-11-23T16:00:00Z".parse().unwrap();
        let (mut now, mut reminded, mut reminders) = (ends_at - TimeDelta::days(300), None, Vec::new());
        // From turn to turn, as the worker looks.
        let ended = loop {
            match MutiaraTurn::due(ends_at, reminded, now, zone) {
                MutiaraTurn::Expire => break now,
                MutiaraTurn::GoOn { remind, next_at } => {
                    assert!(next_at > now, "{next_at} after {now}");
                    reminders.extend(remind);
                    (reminded, now) = (remind.or(reminded), next_at);
                }
            }
        };
        assert_eq!((reminders, ended), (vec![90, 30, 7], ends_at));
        // Who looks late reminds once.
        let late = MutiaraTurn::due(ends_at, None, ends_at - TimeDelta::days(5), zone);
        assert_eq!(late, MutiaraTurn::GoOn { remind: Some(7), next_at: ends_at });
    }
}
