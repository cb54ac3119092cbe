//! What a phone sends of a visit, and what it becomes.

use chrono::Utc;
use kapal_domain::action_item::{Task, TaskOwner};
use kapal_domain::day::parse_day;
use kapal_domain::ids::MerchantId;
use kapal_domain::slot::parse_moment;
use kapal_domain::visit::{
    AgreedTask, Confirmation, ConfirmationMethod, DeviceId, Location, MAX_PHOTOS, MAX_TASKS, Period, Pin,
    Topic, VisitMode, VisitNote, VisitRecord, parse_sha256,
};
use kapal_domain::{Code, Faults};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::view::LocationView;
use crate::path::parse_id;

/// One version of a visit, as the phone noted it.
#[derive(Debug, Deserialize, ToSchema)]
pub struct VisitBody {
    /// The merchant. Left away where the path names it.
    #[schema(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", format = "uuid", max_length = 36)]
    pub merchant_id: Option<String>,
    /// The version that this corrects; 0, or left away, for the first. In a sync it stands beside `data`.
    #[schema(example = 0, minimum = 0, maximum = 1_000_000)]
    pub base_version: Option<u32>,
    /// When it began, by the phone's clock.
    #[schema(example = "2026-11-20T02:00:00Z", format = "date-time", max_length = 40)]
    started_at: String,
    /// When it ended.
    #[schema(example = "2026-11-20T03:30:00Z", format = "date-time", max_length = 40)]
    ended_at: String,
    /// `visit`, `phone`, `video` or `group`.
    #[schema(example = "visit", pattern = "^(visit|phone|video|group)$", max_length = 10)]
    mode: String,
    /// Any of `legality`, `production`, `packaging`, `finance`, `marketing`, `digital`, `export`, `organisation`.
    #[schema(example = json!(["packaging", "legality"]), min_items = 1, max_items = 8)]
    topics: Vec<String>,
    /// What was found.
    #[schema(example = "Kemasan belum kedap udara.", max_length = 4000)]
    problems: Option<String>,
    /// What was advised.
    #[schema(example = "Pakai kemasan berlapis aluminium.", max_length = 4000)]
    advice: Option<String>,
    /// When to come again.
    #[schema(example = "2026-12-04", format = "date", max_length = 10)]
    next_on: Option<String>,
    /// Where it was; only with consent.
    location: Option<LocationBody>,
    /// Evidence files of this merchant.
    #[schema(example = json!([]), max_items = 20)]
    photos: Option<Vec<String>>,
    /// What was agreed on: each becomes an action item once.
    #[schema(max_items = 20)]
    tasks: Option<Vec<TaskBody>>,
    /// How the phone names itself.
    #[schema(example = "hp-ria-1", min_length = 1, max_length = 100)]
    pub device_id: Option<String>,
    /// The merchant's word on this version.
    confirmation: Option<ConfirmationBody>,
}

/// Where a visit was.
#[derive(Debug, Deserialize, ToSchema)]
pub struct LocationBody {
    /// Degrees north.
    #[schema(example = -8.657_3, minimum = -90, maximum = 90)]
    latitude: f64,
    /// Degrees east.
    #[schema(example = 121.079_4, minimum = -180, maximum = 180)]
    longitude: f64,
    /// How far off it may be, in metres.
    #[schema(example = 12, minimum = 0, maximum = 100_000)]
    accuracy_m: f64,
    /// That the merchant agreed to its being kept; nothing else than true is taken.
    #[schema(example = true)]
    consent: bool,
}

/// A task agreed on at a visit.
#[derive(Debug, Deserialize, ToSchema)]
pub struct TaskBody {
    /// The action item's id, made by the phone.
    #[schema(example = "019ab0f2-6c11-7a52-8f3e-0d9c1b2a3f44", format = "uuid", max_length = 36)]
    id: String,
    /// Who must act: `merchant`, `hero` or `staff`.
    #[schema(example = "merchant", pattern = "^(merchant|hero|staff)$", max_length = 10)]
    owner: String,
    /// What is to be done.
    #[schema(example = "Pesan contoh kemasan dari dua pemasok.", min_length = 1, max_length = 500)]
    text: String,
    /// Until when.
    #[schema(example = "2026-12-01", format = "date", max_length = 10)]
    due_on: Option<String>,
}

/// What a merchant confirms a visit with.
#[derive(Deserialize, ToSchema)]
pub struct ConfirmationBody {
    /// `pin` or `signature`.
    #[schema(example = "pin", pattern = "^(pin|signature)$", max_length = 10)]
    method: String,
    /// For `pin`: the merchant's 6 digits. They are checked and not kept.
    #[schema(example = "402817", pattern = r"^\d{6}$", max_length = 6)]
    pin: Option<String>,
    /// For `signature`: an evidence file of this merchant.
    #[schema(example = json!(null), format = "uuid", max_length = 36)]
    file_id: Option<String>,
    /// For `signature`: the SHA-256 of that file, in hexadecimal.
    #[schema(example = json!(null), pattern = "^[0-9a-fA-F]{64}$", max_length = 64)]
    sha256: Option<String>,
}

/// The PIN is not shown.
impl std::fmt::Debug for ConfirmationBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ConfirmationBody({})", self.method)
    }
}

impl VisitBody {
    /// What it says of `merchant`, which the body names where the path does not.
    pub(crate) fn parse(
        &self,
        merchant: Option<MerchantId>,
        device: Option<&DeviceId>,
    ) -> Result<(VisitRecord, Option<Confirmation>), Faults> {
        let mut faults = Faults::default();
        let merchant = match (merchant, &self.merchant_id) {
            (Some(merchant), None) => Some(merchant),
            (Some(_), Some(_)) => faults.take("/merchant_id", Err(Code::ReadOnlyField)),
            (None, Some(id)) => faults.take("/merchant_id", parse_id(id)),
            (None, None) => faults.take("/merchant_id", Err(Code::Required)),
        };
        let started_at = faults.take("/started_at", parse_moment(&self.started_at));
        let ended_at = faults.take("/ended_at", parse_moment(&self.ended_at));
        let period = started_at.zip(ended_at).and_then(|(start, end)| {
            Period::new(start, end, Utc::now()).map_err(|inner| faults.nest("", inner)).ok()
        });
        let mode = faults.take("/mode", VisitMode::parse(&self.mode));
        let topics = self.topics(&mut faults);
        let problems =
            faults.take("/problems", VisitNote::parse(self.problems.as_deref().unwrap_or_default()));
        let advice = faults.take("/advice", VisitNote::parse(self.advice.as_deref().unwrap_or_default()));
        let next_on = faults.take_optional("/next_on", self.next_on.as_deref().map(parse_day));
        if let (Some(Some(next_on)), Some(period)) = (next_on, period)
            && next_on < period.started_at().date_naive()
        {
            faults.add("/next_on", Code::InvalidPeriod);
        }
        let location = self.location.as_ref().map(|location| location.parse(&mut faults));
        let photos = each(&mut faults, "/photos", self.photos.as_deref(), MAX_PHOTOS, |faults, at, id| {
            faults.take(at, parse_id(id))
        });
        once(&mut faults, "/photos", &photos, |photo| *photo);
        let tasks = each(&mut faults, "/tasks", self.tasks.as_deref(), MAX_TASKS, TaskBody::parse);
        once(&mut faults, "/tasks", &tasks, |task| task.id);
        let own_device = faults.take_optional("/device_id", self.device_id.as_deref().map(DeviceId::parse));
        let confirmation = self.confirmation.as_ref().map(|confirmation| confirmation.parse(&mut faults));
        let (
            Some(merchant),
            Some(period),
            Some(mode),
            Some(problems),
            Some(advice),
            Some(next_on),
            Some(own_device),
            true,
        ) = (merchant, period, mode, problems, advice, next_on, own_device, faults.is_empty())
        else {
            return Err(faults);
        };
        let device = own_device.or_else(|| device.cloned());
        let location = location.flatten();
        let record = VisitRecord {
            merchant,
            period,
            mode,
            topics,
            problems,
            advice,
            next_on,
            location,
            photos,
            tasks,
            device,
        };
        Ok((record, confirmation.flatten()))
    }

    fn topics(&self, faults: &mut Faults) -> Vec<Topic> {
        let mut topics =
            each(faults, "/topics", Some(&self.topics), Topic::ALL.len(), |faults, at, topic| {
                faults.take(at, Topic::parse(topic))
            });
        if self.topics.is_empty() {
            faults.add("/topics", Code::Required);
        }
        once(faults, "/topics", &topics, |topic| *topic);
        topics.sort();
        topics
    }
}

impl LocationBody {
    fn parse(&self, faults: &mut Faults) -> Option<Location> {
        if !self.consent {
            faults.add("/location/consent", Code::ConsentMissing);
            return None;
        }
        Location::new(self.latitude, self.longitude, self.accuracy_m)
            .map_err(|inner| faults.nest("/location", inner))
            .ok()
    }
}

impl TaskBody {
    fn parse(faults: &mut Faults, at: String, body: &Self) -> Option<AgreedTask> {
        let id = faults.take(format!("{at}/id"), parse_id(&body.id));
        let owner = faults.take(format!("{at}/owner"), TaskOwner::parse(&body.owner));
        let text = faults.take(format!("{at}/text"), Task::parse(&body.text));
        let due_on = faults.take_optional(format!("{at}/due_on"), body.due_on.as_deref().map(parse_day));
        Some(AgreedTask { id: id?, owner: owner?, text: text?, due_on: due_on? })
    }
}

impl ConfirmationBody {
    fn parse(&self, faults: &mut Faults) -> Option<Confirmation> {
        let mut need = |pointer: &str, text: &Option<String>| match text {
            Some(text) => Some(text.clone()),
            None => faults.take(pointer, Err(Code::Required)),
        };
        match ConfirmationMethod::parse(&self.method) {
            Ok(ConfirmationMethod::Pin) => {
                let pin = need("/confirmation/pin", &self.pin)?;
                faults.take("/confirmation/pin", Pin::parse(&pin)).map(Confirmation::Pin)
            }
            Ok(ConfirmationMethod::Signature) => {
                let (file, sha256) = (
                    need("/confirmation/file_id", &self.file_id),
                    need("/confirmation/sha256", &self.sha256),
                );
                let file = faults.take("/confirmation/file_id", parse_id(&file?));
                let sha256 = faults.take("/confirmation/sha256", parse_sha256(&sha256?));
                Some(Confirmation::Signature { file: file?, sha256: sha256? })
            }
            Err(code) => faults.take("/confirmation/method", Err(code)),
        }
    }
}

/// Parses each thing of a list that may be left away, and is not longer than `most`.
fn each<T, U>(
    faults: &mut Faults,
    pointer: &str,
    list: Option<&[T]>,
    most: usize,
    parse: impl Fn(&mut Faults, String, &T) -> Option<U>,
) -> Vec<U> {
    let list = list.unwrap_or_default();
    if list.len() > most {
        faults.add(pointer, Code::TooLong);
        return Vec::new();
    }
    list.iter()
        .enumerate()
        .filter_map(|(at, thing)| parse(faults, format!("{pointer}/{at}"), thing))
        .collect()
}

/// Names the list where it has the same thing twice.
fn once<T, K: Ord>(faults: &mut Faults, pointer: &str, list: &[T], key: impl Fn(&T) -> K) {
    let keys: std::collections::BTreeSet<K> = list.iter().map(key).collect();
    if keys.len() < list.len() {
        faults.add(pointer, Code::DuplicateEntry);
    }
}

/// A record as it was sent, without the confirmation: one side of a conflict.
pub(crate) fn sent(base: usize, record: &VisitRecord) -> Value {
    let tasks = record.tasks.iter().map(|task| {
        json!({ "id": task.id, "owner": task.owner.as_str(), "text": task.text.as_str(), "due_on": task.due_on })
    });
    json!({
        "merchant_id": record.merchant, "base_version": base, "started_at": record.period.started_at(),
        "ended_at": record.period.ended_at(), "mode": record.mode.as_str(),
        "topics": record.topics.iter().map(|topic| topic.as_str()).collect::<Vec<_>>(),
        "problems": record.problems.as_str(), "advice": record.advice.as_str(), "next_on": record.next_on,
        "photos": record.photos, "tasks": tasks.collect::<Vec<_>>(),
        "device_id": record.device.as_ref().map(|device| device.as_str()),
        "location": record.location.map(LocationView::from),
    })
}

/// The PIN to set.
#[derive(Deserialize, ToSchema)]
pub struct PinBody {
    /// 6 digits: no row, no repetition.
    #[schema(example = "402817", pattern = r"^\d{6}$", min_length = 6, max_length = 6)]
    pin: String,
}

impl PinBody {
    pub(super) fn parse(&self) -> Result<Pin, Faults> {
        let mut faults = Faults::default();
        faults.take("/pin", Pin::parse_new(&self.pin)).ok_or(faults)
    }
}
