//! The token: where a client stands. Sealed as cursors are, bound to the storefront, and of a fixed size whatever the number
//! of tenants.

use chrono::{Datelike, Utc};
use kapal_domain::Code;
use uuid::Uuid;

use super::{ChangedKind, Key};
use crate::{Cursor, CursorValue, Vault};

/// How long a token is good for; what was removed is told as long.
const VALID_DAYS: i64 = 90;

/// A place in the log that a storefront follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    /// In the aggregator's own log, or in the nation's.
    pub own: i64,
    /// In the platform's, which the nation's has in it.
    pub platform: i64,
}

impl Point {
    /// Both as one number, which grows with each change.
    pub const fn state(self) -> i64 {
        self.own + self.platform
    }
}

/// A place in the order in which things are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At {
    pub kind: ChangedKind,
    /// The last that was told of it.
    pub after: Key,
}

impl At {
    /// Before everything.
    pub const START: Self = Self { kind: ChangedKind::Category, after: (Uuid::nil(), Uuid::nil()) };
}

/// Where a client stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    /// Where its round began; None in the first.
    pub from: Option<Point>,
    /// Where the round leads to.
    pub upto: Point,
    /// Where in the round it is; None after its end.
    pub at: Option<At>,
}

impl Token {
    /// As the client sees it. The day is in it, not the time: what is answered in one state is the same all day.
    pub fn encode(&self, vault: &Vault, list: &str) -> String {
        let from = self.from.unwrap_or(Point { own: -1, platform: -1 });
        let kind = self.at.and_then(|at| ChangedKind::ALL.iter().position(|kind| *kind == at.kind));
        let kind = kind.and_then(|kind| i64::try_from(kind).ok()).unwrap_or(-1);
        let (aggregator, id) = self.at.unwrap_or(At::START).after;
        let numbers = [today(), from.own, from.platform, self.upto.own, self.upto.platform, kind];
        let ids = [aggregator, id].map(CursorValue::Id);
        Cursor(numbers.map(CursorValue::Int).into_iter().chain(ids).collect()).encode(vault, list)
    }

    /// A token that a client sent back to the storefront that `list` names.
    pub fn decode(text: &str, vault: &Vault, list: &str) -> Result<Self, Code> {
        use CursorValue::{Id, Int};
        let cursor = Cursor::decode(text, vault, list)?;
        let [
            Int(day),
            Int(from_own),
            Int(from_platform),
            Int(own),
            Int(platform),
            Int(kind),
            Id(aggregator),
            Id(id),
        ] = cursor.0.as_slice()
        else {
            return Err(Code::InvalidCursor);
        };
        if today() - day > VALID_DAYS {
            return Err(Code::SyncTokenExpired);
        }
        let from = Point { own: *from_own, platform: *from_platform };
        let kind = usize::try_from(*kind).ok().and_then(|kind| ChangedKind::ALL.get(kind));
        Ok(Self {
            from: (from.own >= 0).then_some(from),
            upto: Point { own: *own, platform: *platform },
            at: kind.map(|kind| At { kind: *kind, after: (*aggregator, *id) }),
        })
    }
}

fn today() -> i64 {
    i64::from(Utc::now().num_days_from_ce())
}
