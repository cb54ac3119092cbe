//! A visit as members see it.

use chrono::{DateTime, NaiveDate, Utc};
use kapal_domain::visit::Location;
use kapal_persistence::VisitRow;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::csv::{Record, optional_cell, time_cell};

/// A visit, as one of its versions says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Visit)]
pub struct VisitView {
    /// The phone's id.
    id: Uuid,
    /// The merchant.
    merchant_id: Uuid,
    /// Its shop name.
    #[schema(example = "Tenun Mama Ina", max_length = 120)]
    merchant_name: String,
    /// Who visited.
    author_id: Uuid,
    /// The version: `base_version` of the next correction.
    #[schema(example = 1, minimum = 1)]
    version: i32,
    /// When it happened, by the phone's clock.
    happened_at: DateTime<Utc>,
    /// The same: when it began.
    started_at: DateTime<Utc>,
    /// When it ended.
    ended_at: DateTime<Utc>,
    /// When this version arrived, by the server's clock.
    recorded_at: DateTime<Utc>,
    /// Who sent this version.
    recorded_by: Uuid,
    /// From which phone.
    #[schema(example = "hp-ria-1", max_length = 100)]
    device_id: Option<String>,
    /// `visit`, `phone`, `video` or `group`.
    #[schema(example = "visit", max_length = 10)]
    mode: String,
    /// What it was about.
    #[schema(example = json!(["legality", "packaging"]), max_items = 8)]
    topics: Vec<String>,
    /// What was found.
    #[schema(example = "Kemasan belum kedap udara.", max_length = 4000)]
    problems: String,
    /// What was advised.
    #[schema(example = "Pakai kemasan berlapis aluminium.", max_length = 4000)]
    advice: String,
    /// When to come again.
    next_on: Option<NaiveDate>,
    /// Whether it is kept where it was.
    #[schema(example = true)]
    has_location: bool,
    /// Where it was: told to its author and to those with `pii:read`, when one visit is read.
    location: Option<LocationView>,
    /// Evidence files.
    #[schema(max_items = 20)]
    photos: Vec<Uuid>,
    /// What was agreed on; what became of it stands in the action items.
    #[schema(value_type = Vec<TaskView>, max_items = 20)]
    tasks: serde_json::Value,
    /// How the merchant confirmed this version; null where it did not.
    confirmation: Option<ConfirmationView>,
}

/// Where a visit was.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VisitLocation)]
pub struct LocationView {
    /// Degrees north.
    #[schema(example = -8.657_3, minimum = -90, maximum = 90)]
    latitude: f64,
    /// Degrees east.
    #[schema(example = 121.079_4, minimum = -180, maximum = 180)]
    longitude: f64,
    /// How far off it may be, in metres.
    #[schema(example = 12, minimum = 0, maximum = 100_000)]
    accuracy_m: u32,
}

impl From<Location> for LocationView {
    fn from(place: Location) -> Self {
        Self { latitude: place.latitude(), longitude: place.longitude(), accuracy_m: place.accuracy_m() }
    }
}

/// A task agreed on at a visit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VisitTask)]
pub struct TaskView {
    /// The action item's id.
    id: Uuid,
    /// Who must act: `merchant`, `hero` or `staff`.
    #[schema(example = "merchant", max_length = 10)]
    owner: String,
    /// What is to be done.
    #[schema(example = "Pesan contoh kemasan dari dua pemasok.", max_length = 500)]
    text: String,
    /// Until when.
    due_on: Option<NaiveDate>,
}

/// A merchant's word on a version.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VisitConfirmation)]
pub struct ConfirmationView {
    /// `pin` or `signature`.
    #[schema(example = "pin", max_length = 10)]
    method: String,
    /// The signature.
    file_id: Option<Uuid>,
    /// When it arrived.
    recorded_at: DateTime<Utc>,
}

impl VisitView {
    /// The phone's id.
    pub(super) const fn id(&self) -> Uuid {
        self.id
    }

    /// The same with the place.
    pub(super) fn at(self, location: Option<Location>) -> Self {
        Self { location: location.map(LocationView::from), ..self }
    }
}

impl From<VisitRow> for VisitView {
    fn from(row: VisitRow) -> Self {
        Self {
            has_location: row.has_location(),
            id: row.id,
            merchant_id: row.merchant_id,
            merchant_name: row.merchant_name,
            author_id: row.author_id,
            version: row.version,
            happened_at: row.started_at,
            started_at: row.started_at,
            ended_at: row.ended_at,
            recorded_at: row.recorded_at,
            recorded_by: row.recorded_by,
            device_id: row.device_id,
            mode: row.mode,
            topics: row.topics,
            problems: row.problems,
            advice: row.advice,
            next_on: row.next_on,
            location: None,
            photos: row.photos,
            tasks: row.tasks,
            confirmation: row.confirmation_method.zip(row.confirmed_at).map(|(method, recorded_at)| {
                ConfirmationView { method, file_id: row.confirmation_file_id, recorded_at }
            }),
        }
    }
}

/// Where it was is in no file.
impl Record for VisitView {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "merchant_id",
        "merchant",
        "author_id",
        "version",
        "started_at",
        "ended_at",
        "recorded_at",
        "mode",
        "topics",
        "problems",
        "advice",
        "next_on",
        "photos",
        "confirmed_by",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.merchant_id.to_string(),
            self.merchant_name.clone(),
            self.author_id.to_string(),
            self.version.to_string(),
            time_cell(self.started_at),
            time_cell(self.ended_at),
            time_cell(self.recorded_at),
            self.mode.clone(),
            self.topics.join(" "),
            self.problems.clone(),
            self.advice.clone(),
            optional_cell(self.next_on.as_ref()),
            self.photos.len().to_string(),
            optional_cell(self.confirmation.as_ref().map(|confirmation| &confirmation.method)),
        ]
    }
}
