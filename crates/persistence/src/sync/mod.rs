//! Changes that phones made offline, applied together and each on its own: what can't be stored is refused for itself,
//! the rest is written. Everything is read first, by a few statements whatever the number of changes; judged in memory;
//! and written by a few statements more. The merchants are locked, so that two phones of one merchant wait for each
//! other.

mod judge;
mod pins;
mod read;
mod write;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use kapal_domain::action_item::ActionItemRecord;
use kapal_domain::ids::{ActionItemId, VisitId};
use kapal_domain::visit::{Confirmation, VisitRecord};
use kapal_domain::{Code, Faults};
use uuid::Uuid;

use self::write::Missed;
use crate::{Change, Error, Result, TenantTx};

pub(crate) use self::judge::{item_change, item_digest, next_version};
pub(crate) use self::write::item_row;

/// A version of a visit, as a phone sends it.
#[derive(Debug, Clone)]
pub struct VisitChange {
    /// The phone's id.
    pub id: VisitId,
    /// The version that it corrects; 0 where it is the first.
    pub base: usize,
    /// What it says.
    pub record: VisitRecord,
    /// The merchant's word on it.
    pub confirmation: Option<Confirmation>,
}

/// A version of an action item, as a phone sends it.
#[derive(Debug, Clone)]
pub struct ActionItemChange {
    /// The phone's id.
    pub id: ActionItemId,
    /// The version that it changes; 0 where it is the first.
    pub base: usize,
    /// What it says.
    pub record: ActionItemRecord,
}

/// A change that a phone made.
#[derive(Debug, Clone)]
pub enum PhoneChange {
    /// Of a visit.
    Visit(VisitChange),
    /// Of an action item.
    ActionItem(ActionItemChange),
}

impl PhoneChange {
    /// The thing that it is of, and which of its versions it builds on: the order in which changes are applied.
    fn place(&self) -> (Thing, usize) {
        match self {
            Self::Visit(change) => (Thing::Visit(change.id.uuid()), change.base),
            Self::ActionItem(change) => (Thing::ActionItem(change.id.uuid()), change.base),
        }
    }
}

/// What a change is of; a visit and an action item may have the same id. Visits stand before action items, which may
/// belong to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Visit(Uuid),
    ActionItem(Uuid),
}

/// What became of a change. The number is the version that now says it.
#[derive(Debug)]
pub enum ChangeOutcome {
    /// It made the thing.
    Created(usize),
    /// It made a version, or confirmed one.
    Updated(usize),
    /// It was there already.
    Unchanged(usize),
    /// The thing has gone on from the version that it builds on: nothing is overwritten.
    Conflict,
    /// It can't be stored.
    Refused(Error),
}

/// A visit as far as the batch knows it.
struct KnownVisit {
    merchant: Uuid,
    author: Uuid,
    digests: Vec<String>,
    confirmed: Vec<usize>,
    /// How many versions were there before the batch.
    stored: usize,
    /// The newest version that the batch made: when it was, and when to come again.
    newest: Option<(DateTime<Utc>, Option<NaiveDate>)>,
}

/// An action item as far as the batch knows it.
struct KnownItem {
    merchant: Uuid,
    digests: Vec<String>,
    stored: usize,
    /// What its newest version says, where the batch made it.
    record: Option<ActionItemRecord>,
}

/// A merchant that the actor sees.
struct KnownMerchant {
    pin_hash: Option<Vec<u8>>,
    /// Who set the PIN: his own visits it does not confirm.
    pin_set_by: Option<Uuid>,
}

/// An evidence file.
struct KnownFile {
    merchant: Uuid,
    sha256: Vec<u8>,
}

/// What is to be written.
#[derive(Default)]
struct Plan {
    versions: Vec<serde_json::Value>,
    photos: Vec<serde_json::Value>,
    confirmations: Vec<serde_json::Value>,
    /// Log entries, with the thing that they tell of.
    changes: Vec<(Thing, Change)>,
}

/// Everything that a batch is judged by, and what comes of it.
struct Batch {
    actor: Uuid,
    now: DateTime<Utc>,
    lookups: crate::Secret,
    merchants: BTreeMap<Uuid, KnownMerchant>,
    visits: BTreeMap<Uuid, KnownVisit>,
    items: BTreeMap<Uuid, KnownItem>,
    files: BTreeMap<Uuid, KnownFile>,
    pins: pins::Checked,
    plan: Plan,
}

impl TenantTx<'_> {
    /// Applies changes. The outcomes are in the order of the changes; the same ones sent again in any order, split or
    /// doubled, end alike.
    pub async fn apply_changes(&mut self, changes: &[PhoneChange]) -> Result<Vec<ChangeOutcome>> {
        let mut batch = self.read_batch(changes).await?;
        let mut order: Vec<usize> = (0..changes.len()).collect();
        order.sort_by_key(|at| changes[*at].place());
        let mut outcomes: BTreeMap<usize, ChangeOutcome> = BTreeMap::new();
        for at in order {
            let outcome = match &changes[at] {
                PhoneChange::Visit(change) => batch.visit(change),
                PhoneChange::ActionItem(change) => batch.item(change),
            };
            outcomes.insert(at, outcome.unwrap_or_else(ChangeOutcome::Refused));
        }
        let missed = self.write_batch(batch).await?;
        for (at, change) in changes.iter().enumerate() {
            let (thing, _) = change.place();
            let error = match (missed.get(&thing), thing) {
                (None, _) => continue,
                (Some(Missed::Taken), Thing::ActionItem(_)) => Code::ActionItemIdTaken.into(),
                (Some(Missed::Taken), Thing::Visit(_)) => Code::VisitIdTaken.into(),
                (Some(Missed::WithItsVisit), _) => Error::field("/visit_id", Code::UnknownReference),
            };
            outcomes.insert(at, ChangeOutcome::Refused(error));
        }
        Ok(outcomes.into_values().collect())
    }
}

/// The faults of a change, where there are any.
fn refuse(faults: Faults) -> Result<()> {
    faults.finish().map_err(Error::Invalid)
}
