//! Judging a change by what is known: no query happens here.

use kapal_domain::action_item::{ActionItemRecord, ActionItemStatus};
use kapal_domain::event::EventKind;
use kapal_domain::sync::{MAX_VERSIONS, Verdict, judge};
use kapal_domain::visit::{AgreedTask, Confirmation, VisitRecord};
use kapal_domain::{Code, Faults, Refusal};
use serde_json::{Value, json};
use uuid::Uuid;

use super::pins::Check;
use super::{ActionItemChange, Batch, ChangeOutcome, KnownItem, KnownVisit, Thing, VisitChange, refuse};
use crate::{Change, Error, Result, Secret, Subject, hex};

impl Batch {
    /// Judges one version of a visit, and plans what comes of it.
    pub(super) fn visit(&mut self, change: &VisitChange) -> Result<ChangeOutcome> {
        let (id, record) = (change.id.uuid(), &change.record);
        let merchant = record.merchant.uuid();
        if !self.merchants.contains_key(&merchant) {
            return Err(Error::field("/merchant_id", Code::UnknownReference));
        }
        let known = self.visits.get(&id);
        if known.is_some_and(|known| {
            known.merchant != merchant || (change.base == 0 && known.author != self.actor)
        }) {
            return Err(Code::VisitIdTaken.into());
        }
        let digest = visit_digest(&self.lookups, record);
        let versions = known.map_or(&[][..], |known| &known.digests[..]);
        let version = match judge(versions, change.base, &digest) {
            Verdict::BaseUnknown => return Err(unknown_base(versions.len())),
            Verdict::Conflict => return Ok(ChangeOutcome::Conflict),
            Verdict::Known(version) => return self.confirm(change, version),
            Verdict::Create | Verdict::Append => next_version(versions.len())?,
        };
        self.check_references(record)?;
        if let Some(confirmation) = &change.confirmation {
            self.check_confirmation(merchant, confirmation)?;
        }
        let known = self.visits.entry(id).or_insert_with(|| KnownVisit {
            merchant,
            author: self.actor,
            digests: Vec::new(),
            confirmed: Vec::new(),
            stored: 0,
            newest: None,
        });
        known.digests.push(digest);
        known.newest = Some((record.period.started_at(), record.next_on));
        let method = change.confirmation.as_ref().map(method_of);
        self.plan.versions.push(version_row(id, version, record));
        self.plan.photos.extend(record.photos.iter().enumerate().map(|(position, file)| {
            json!({ "visit_id": id, "version": version, "position": position, "merchant_id": merchant, "file_id": file })
        }));
        let (kind, before) = match version {
            1 => (EventKind::VisitRecorded, Value::Null),
            _ => (EventKind::VisitCorrected, json!({ "version": version - 1 })),
        };
        self.plan.changes.push((
            Thing::Visit(id),
            Change::new(kind, Subject("visit", id))
                .data(json!({ "merchant_id": merchant, "version": version, "mode": record.mode.as_str(), "confirmed": method }))
                .from_to(before, facts(version, record, method)),
        ));
        if change.confirmation.is_some() {
            self.plan_confirmation(change, version);
        }
        for task in &record.tasks {
            self.agree(change, task);
        }
        Ok(if version == 1 { ChangeOutcome::Created(1) } else { ChangeOutcome::Updated(version) })
    }

    /// A version that is there may be confirmed later; once is enough.
    fn confirm(&mut self, change: &VisitChange, version: usize) -> Result<ChangeOutcome> {
        let (id, merchant) = (change.id.uuid(), change.record.merchant.uuid());
        let is_confirmed = self.visits.get(&id).is_some_and(|known| known.confirmed.contains(&version));
        let Some(confirmation) = change.confirmation.as_ref().filter(|_| !is_confirmed) else {
            return Ok(ChangeOutcome::Unchanged(version));
        };
        self.check_confirmation(merchant, confirmation)?;
        self.plan_confirmation(change, version);
        let confirmed =
            json!({ "merchant_id": merchant, "version": version, "confirmed": method_of(confirmation) });
        self.plan.changes.push((
            Thing::Visit(id),
            Change::new(EventKind::VisitConfirmed, Subject("visit", id))
                .data(confirmed.clone())
                .from_to(Value::Null, confirmed),
        ));
        Ok(ChangeOutcome::Updated(version))
    }

    fn plan_confirmation(&mut self, change: &VisitChange, version: usize) {
        let id = change.id.uuid();
        let Some(confirmation) = &change.confirmation else { return };
        let file = match confirmation {
            Confirmation::Pin(_) => None,
            Confirmation::Signature { file, .. } => Some(file),
        };
        self.plan.confirmations.push(json!({
            "visit_id": id, "version": version, "merchant_id": change.record.merchant,
            "method": method_of(confirmation), "file_id": file,
        }));
        if let Some(known) = self.visits.get_mut(&id) {
            known.confirmed.push(version);
        }
    }

    /// Photos are the merchant's files, and a task's id is not another merchant's.
    fn check_references(&self, record: &VisitRecord) -> Result<()> {
        let merchant = record.merchant.uuid();
        let mut faults = Faults::default();
        for (at, photo) in record.photos.iter().enumerate() {
            if self.files.get(&photo.uuid()).is_none_or(|file| file.merchant != merchant) {
                faults.add(format!("/photos/{at}"), Code::UnknownReference);
            }
        }
        refuse(faults)?;
        let is_taken =
            |task: &AgreedTask| self.items.get(&task.id.uuid()).is_some_and(|item| item.merchant != merchant);
        if record.tasks.iter().any(is_taken) { Err(Code::ActionItemIdTaken.into()) } else { Ok(()) }
    }

    fn check_confirmation(&self, merchant: Uuid, confirmation: &Confirmation) -> Result<()> {
        match confirmation {
            Confirmation::Pin(_) if self.set_pin(merchant) => {
                Err(Error::field("/confirmation/pin", Code::ConfirmationInvalid))
            }
            Confirmation::Pin(pin) => match self.pins.check(merchant, pin) {
                Check::Right => Ok(()),
                Check::Wrong => Err(Error::field("/confirmation/pin", Code::ConfirmationInvalid)),
                Check::Locked => Err(Code::ConfirmationLocked.into()),
            },
            Confirmation::Signature { file, sha256 } => {
                match self.files.get(&file.uuid()).filter(|known| known.merchant == merchant) {
                    None => Err(Error::field("/confirmation/file_id", Code::UnknownReference)),
                    Some(known) if known.sha256 != sha256 => {
                        Err(Error::field("/confirmation/sha256", Code::ConfirmationInvalid))
                    }
                    Some(_) => Ok(()),
                }
            }
        }
    }

    /// Whether the actor knows the merchant's PIN since he set it: it proves nothing about his visits.
    pub(super) fn set_pin(&self, merchant: Uuid) -> bool {
        self.merchants.get(&merchant).is_some_and(|known| known.pin_set_by == Some(self.actor))
    }

    /// Makes a task of a visit an action item, unless it is one already: what became of it since is kept.
    fn agree(&mut self, change: &VisitChange, task: &AgreedTask) {
        let record = ActionItemRecord {
            merchant: change.record.merchant,
            text: task.text.clone(),
            owner: task.owner,
            due_on: task.due_on,
            status: ActionItemStatus::Open,
            done_at: None,
            visit: Some(change.id),
        };
        if !self.items.contains_key(&task.id.uuid()) {
            self.push_item(task.id.uuid(), &record);
        }
    }

    /// Judges one version of an action item, and plans what comes of it.
    pub(super) fn item(&mut self, change: &ActionItemChange) -> Result<ChangeOutcome> {
        let (id, record) = (change.id.uuid(), &change.record);
        let merchant = record.merchant.uuid();
        if !self.merchants.contains_key(&merchant) {
            return Err(Error::field("/merchant_id", Code::UnknownReference));
        }
        let known = self.items.get(&id);
        if known.is_some_and(|known| known.merchant != merchant) {
            return Err(Code::ActionItemIdTaken.into());
        }
        let digest = item_digest(&self.lookups, record);
        let versions = known.map_or(&[][..], |known| &known.digests[..]);
        match judge(versions, change.base, &digest) {
            Verdict::BaseUnknown => Err(unknown_base(versions.len())),
            Verdict::Conflict => Ok(ChangeOutcome::Conflict),
            Verdict::Known(version) => Ok(ChangeOutcome::Unchanged(version)),
            Verdict::Create => {
                let is_foreign = |visit: Uuid| self.visits.get(&visit).is_none_or(|v| v.merchant != merchant);
                if record.visit.is_some_and(|visit| is_foreign(visit.uuid())) {
                    return Err(Error::field("/visit_id", Code::UnknownReference));
                }
                self.push_item(id, record);
                Ok(ChangeOutcome::Created(1))
            }
            Verdict::Append => {
                let version = next_version(versions.len())?;
                self.push_item(id, record);
                Ok(ChangeOutcome::Updated(version))
            }
        }
    }

    /// Plans the next version of an action item.
    fn push_item(&mut self, id: Uuid, record: &ActionItemRecord) {
        let digest = item_digest(&self.lookups, record);
        let known = self.items.entry(id).or_insert_with(|| KnownItem {
            merchant: record.merchant.uuid(),
            digests: Vec::new(),
            stored: 0,
            record: None,
        });
        known.digests.push(digest);
        let visit = known.record.as_ref().map_or(record.visit, |first| first.visit);
        known.record = Some(ActionItemRecord { visit, ..record.clone() });
        self.plan.changes.push((Thing::ActionItem(id), item_change(id, known.digests.len(), record)));
    }
}

/// The log entry of an action item's version.
pub(crate) fn item_change(id: Uuid, version: usize, record: &ActionItemRecord) -> Change {
    let (kind, before) = match version {
        1 => (EventKind::ActionItemCreated, Value::Null),
        _ => (EventKind::ActionItemUpdated, json!({ "version": version - 1 })),
    };
    let (owner, status) = (record.owner.as_str(), record.status.as_str());
    Change::new(kind, Subject("action_item", id))
        .data(json!({ "merchant_id": record.merchant, "version": version, "owner": owner, "status": status }))
        .from_to(
            before,
            json!({ "version": version, "owner": owner, "due_on": record.due_on, "status": status }),
        )
}

/// What the audit chain keeps of a version. What was said and where it was stands in the version alone.
fn facts(version: usize, record: &VisitRecord, confirmed: Option<&str>) -> Value {
    json!({
        "version": version, "started_at": record.period.started_at(), "ended_at": record.period.ended_at(),
        "mode": record.mode.as_str(), "topics": topics(record), "next_on": record.next_on,
        "photos": record.photos.len(), "tasks": record.tasks.len(), "confirmed": confirmed,
    })
}

fn topics(record: &VisitRecord) -> Vec<&'static str> {
    record.topics.iter().map(|topic| topic.as_str()).collect()
}

fn method_of(confirmation: &Confirmation) -> &'static str {
    use kapal_domain::visit::ConfirmationMethod::{Pin, Signature};
    match confirmation {
        Confirmation::Pin(_) => Pin.as_str(),
        Confirmation::Signature { .. } => Signature.as_str(),
    }
}

/// A version as it is written; the place is sealed and added later.
fn version_row(id: Uuid, version: usize, record: &VisitRecord) -> Value {
    json!({
        "visit_id": id, "version": version, "merchant_id": record.merchant,
        "device_id": record.device.as_ref().map(|device| device.as_str()),
        "started_at": record.period.started_at(), "ended_at": record.period.ended_at(), "mode": record.mode.as_str(),
        "topics": topics(record), "problems": record.problems.as_str(), "advice": record.advice.as_str(),
        "next_on": record.next_on, "location": record.location.map(|place| place.to_string()),
        "tasks": record.tasks.iter().map(|task| json!({
            "id": task.id, "owner": task.owner.as_str(), "text": task.text.as_str(), "due_on": task.due_on,
        })).collect::<Vec<_>>(),
    })
}

/// A keyed hash of all that a version says: it tells nothing about the place to who has the database alone.
fn visit_digest(lookups: &Secret, record: &VisitRecord) -> String {
    let row = version_row(Uuid::nil(), 0, record);
    let photos = json!(record.photos);
    digest(lookups, b"visit", &json!([row, photos]))
}

/// The same of an action item.
pub(crate) fn item_digest(lookups: &Secret, record: &ActionItemRecord) -> String {
    let (owner, status) = (record.owner.as_str(), record.status.as_str());
    digest(
        lookups,
        b"action_item",
        &json!([record.text.as_str(), owner, record.due_on, status, record.done_at]),
    )
}

fn digest(lookups: &Secret, kind: &[u8], content: &Value) -> String {
    hex(&lookups.mac(&[kind, content.to_string().as_bytes()])[..16])
}

/// The number of the version after these.
pub(crate) fn next_version(present: usize) -> Result<usize> {
    if present < MAX_VERSIONS { Ok(present + 1) } else { Err(Code::TooManyVersions.into()) }
}

fn unknown_base(present: usize) -> Error {
    Refusal::because(Code::BaseVersionUnknown, format!("The present version is {present}.")).into()
}
