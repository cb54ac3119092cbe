//! `/v1/aggregators/{aggregator}/programmes`: training programmes and their curricula.

use actix_web::{get, patch, post};
use chrono::{DateTime, NaiveDate, Utc};
use kapal_domain::day::parse_day;
use kapal_domain::ids::{ProgrammeId, UserId};
use kapal_domain::permission::{MentoringManage, MentoringRead};
use kapal_domain::programme::{
    Curriculum, Days, MAX_CAPACITY, ProgrammeName, ProgrammeNameEn, ProgrammeSort, ProgrammeStatus,
    ProgrammeText, Topic, TopicKey,
};
use kapal_domain::region::{RegionCode, RegionLevel};
use kapal_domain::{Code, Faults};
use kapal_persistence::{
    NewProgramme, Programme, ProgrammeChanges, ProgrammeColumns, ProgrammeFilter, TopicRow,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answered, Created, Found};
use crate::csv::{Record, csv, optional_cell, time_cell, wants_csv};
use crate::json::{Json, Patch};
use crate::path::{At, IfMatch, parse_id};
use crate::query::{List, PageOf, Paging, one, several};
use crate::texts::{TextsBody, TextsPatch, clearable};
use crate::views::{RegionRef, TextsView};
use crate::{Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(create_programme)
        .service(list_programmes)
        .service(get_programme)
        .service(update_programme);
}

/// A training programme.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Programme)]
pub struct ProgrammeView {
    /// Id.
    id: Uuid,
    /// `draft`, `open`, `running`, `finished` or `cancelled`.
    #[schema(example = "open", max_length = 20)]
    status: String,
    /// Its name.
    name: TextsView,
    /// What it is about.
    description: TextsView,
    /// First day.
    #[schema(example = "2026-12-01")]
    starts_on: NaiveDate,
    /// Last day.
    #[schema(example = "2027-02-26")]
    ends_on: NaiveDate,
    /// Where it takes place; null online.
    region: Option<RegionRef>,
    /// Who teaches.
    trainer: Option<TrainerView>,
    /// Seats.
    #[schema(example = 30, minimum = 1, maximum = 10000)]
    capacity: i32,
    /// Seats that are taken: enrolments that were not dropped.
    #[schema(example = 12, minimum = 0, maximum = 10000)]
    seats_taken: i32,
    /// How many hundredths of the topics must be attended for completion.
    #[schema(example = 75, minimum = 1, maximum = 100)]
    min_attendance_percent: i16,
    /// The curriculum, in its order.
    #[schema(max_items = 60)]
    topics: Vec<TopicView>,
    /// Grows with each change, enrolments included: the `ETag`.
    #[schema(example = 1, minimum = 1)]
    version: i32,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was last edited.
    updated_at: DateTime<Utc>,
}

impl Record for ProgrammeView {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "status",
        "name",
        "name_en",
        "starts_on",
        "ends_on",
        "region_code",
        "region",
        "trainer",
        "capacity",
        "seats_taken",
        "topics",
        "created_at",
        "updated_at",
    ];

    fn cells(&self) -> Vec<String> {
        let trainer = self.trainer.as_ref().and_then(|trainer| trainer.name.as_ref());
        vec![
            self.id.to_string(),
            self.status.clone(),
            self.name.id.clone(),
            self.name.en.clone(),
            self.starts_on.to_string(),
            self.ends_on.to_string(),
            optional_cell(self.region.as_ref().map(|region| &region.code)),
            optional_cell(self.region.as_ref().map(|region| &region.name)),
            optional_cell(trainer),
            self.capacity.to_string(),
            self.seats_taken.to_string(),
            self.topics.iter().map(|topic| topic.key.as_str()).collect::<Vec<_>>().join(" "),
            time_cell(self.created_at),
            time_cell(self.updated_at),
        ]
    }
}

/// Who teaches.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Trainer)]
pub struct TrainerView {
    /// User id.
    id: Uuid,
    /// Name; null when the person is no member any more.
    #[schema(example = "Yohanes Laka", max_length = 120)]
    name: Option<String>,
}

/// A part of a curriculum.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Topic)]
pub struct TopicView {
    /// What attendance names it by.
    #[schema(example = "bookkeeping", max_length = 40)]
    key: String,
    /// What it is called.
    title: TextsView,
    /// How long it takes.
    #[schema(example = 4, minimum = 1, maximum = 200)]
    hours: i16,
}

impl From<TopicRow> for TopicView {
    fn from(row: TopicRow) -> Self {
        Self { key: row.key, title: TextsView { id: row.title_id, en: row.title_en }, hours: row.hours }
    }
}

impl From<Programme> for ProgrammeView {
    fn from(programme: Programme) -> Self {
        let row = programme.row;
        Self {
            id: row.id,
            status: row.status,
            name: TextsView { id: row.name_id, en: row.name_en },
            description: TextsView { id: row.description_id, en: row.description_en },
            starts_on: row.starts_on,
            ends_on: row.ends_on,
            region: programme.place.map(RegionRef::from),
            trainer: row.trainer_id.map(|id| TrainerView { id, name: row.trainer_name }),
            capacity: row.capacity,
            seats_taken: row.seats_taken,
            min_attendance_percent: row.min_attendance_percent,
            topics: programme.topics.into_iter().map(TopicView::from).collect(),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A part of a curriculum to set.
#[derive(Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub struct TopicBody {
    /// What attendance names it by: `a-z`, `0-9` and `_`, a letter first.
    #[schema(example = "bookkeeping", min_length = 1, max_length = 40, pattern = "^[a-z][a-z0-9_]*$")]
    key: String,
    /// What it is called, 2 to 150 characters; the Indonesian title is required.
    title: TextsBody,
    /// How long it takes.
    #[schema(example = 4, minimum = 1, maximum = 200)]
    hours: i64,
}

fn parse_topics(faults: &mut Faults, bodies: &[TopicBody]) -> Option<Curriculum> {
    let mut topics = Vec::with_capacity(bodies.len());
    for (at, body) in bodies.iter().enumerate() {
        let place = format!("/topics/{at}");
        let key = faults.take(format!("{place}/key"), TopicKey::parse(&body.key));
        let title_id = body.title.id.as_deref().unwrap_or_default();
        let title_id = faults.take(format!("{place}/title/id"), ProgrammeName::parse(title_id));
        let title_en = body.title.en.as_deref().unwrap_or_default();
        let title_en = faults.take(format!("{place}/title/en"), ProgrammeNameEn::parse(title_en));
        let hours = faults.take(format!("{place}/hours"), within(body.hours, 1, 200));
        if let (Some(key), Some(title_id), Some(title_en), Some(hours)) = (key, title_id, title_en, hours) {
            topics.push(Topic { key, title_id, title_en, hours });
        }
    }
    if topics.len() < bodies.len() {
        return None;
    }
    Curriculum::new(topics).map_err(|inner| faults.nest("/topics", inner)).ok()
}

fn within<T: TryFrom<i64>>(number: i64, least: i64, most: i64) -> Result<T, Code> {
    if !(least..=most).contains(&number) {
        return Err(Code::OutOfRange);
    }
    T::try_from(number).map_err(|_| Code::OutOfRange)
}

fn capacity(seats: i64) -> Result<i32, Code> {
    within(seats, 1, MAX_CAPACITY.into())
}

fn percent(percent: i64) -> Result<i16, Code> {
    within(percent, 1, 100)
}

/// Where a programme can be: anything but a village.
fn programme_region(text: &str) -> Result<RegionCode, Code> {
    let code = RegionCode::parse(text)?;
    if code.level() == RegionLevel::Village { Err(Code::InvalidRegion) } else { Ok(code) }
}

/// A programme to make.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ProgrammeCreate {
    /// Its name, 2 to 150 characters; the Indonesian one is required.
    name: TextsBody,
    /// What it is about.
    description: Option<TextsBody>,
    /// First day.
    #[schema(example = "2026-12-01", format = "date", max_length = 10)]
    starts_on: String,
    /// Last day.
    #[schema(example = "2027-02-26", format = "date", max_length = 10)]
    ends_on: String,
    /// Province, regency, city or district where it takes place; left away it is online.
    #[schema(example = "53.07", max_length = 8)]
    region_code: Option<String>,
    /// The member who teaches.
    #[schema(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", format = "uuid", max_length = 36)]
    trainer_id: Option<String>,
    /// Seats.
    #[schema(example = 30, minimum = 1, maximum = 10000)]
    capacity: i64,
    /// How many hundredths of the topics must be attended for completion; 75 when it is left away.
    #[schema(example = 75, minimum = 1, maximum = 100)]
    min_attendance_percent: Option<i64>,
    /// The curriculum, in its order.
    #[schema(min_items = 1, max_items = 60)]
    topics: Vec<TopicBody>,
}

impl ProgrammeCreate {
    fn parse(&self) -> Result<NewProgramme, Faults> {
        let mut faults = Faults::default();
        let name_id = ProgrammeName::parse(self.name.id.as_deref().unwrap_or_default());
        let name_id = faults.take("/name/id", name_id);
        let name_en = ProgrammeNameEn::parse(self.name.en.as_deref().unwrap_or_default());
        let name_en = faults.take("/name/en", name_en);
        let (id, en) = self.description.as_ref().map_or((None, None), |d| (d.id.as_deref(), d.en.as_deref()));
        let description_id = faults.take("/description/id", ProgrammeText::parse(id.unwrap_or_default()));
        let description_en = faults.take("/description/en", ProgrammeText::parse(en.unwrap_or_default()));
        let starts_on = faults.take("/starts_on", parse_day(&self.starts_on));
        let ends_on = faults.take("/ends_on", parse_day(&self.ends_on));
        let days = starts_on.zip(ends_on).and_then(|(from, to)| faults.take("/ends_on", Days::new(from, to)));
        let region_code =
            faults.take_optional("/region_code", self.region_code.as_deref().map(programme_region));
        let trainer = faults.take_optional("/trainer_id", self.trainer_id.as_deref().map(parse_id::<UserId>));
        let capacity = faults.take("/capacity", capacity(self.capacity));
        let min_attendance_percent =
            faults.take("/min_attendance_percent", percent(self.min_attendance_percent.unwrap_or(75)));
        let curriculum = parse_topics(&mut faults, &self.topics);
        let (
            Some(name_id),
            Some(name_en),
            Some(description_id),
            Some(description_en),
            Some(days),
            Some(region_code),
            Some(trainer),
            Some(capacity),
            Some(min_attendance_percent),
            Some(curriculum),
        ) = (
            name_id,
            name_en,
            description_id,
            description_en,
            days,
            region_code,
            trainer,
            capacity,
            min_attendance_percent,
            curriculum,
        )
        else {
            return Err(faults);
        };
        Ok(NewProgramme {
            name_id,
            name_en,
            description_id,
            description_en,
            days,
            region_code,
            trainer,
            capacity,
            min_attendance_percent,
            curriculum,
        })
    }
}

/// What to change of a programme (RFC 7396): absent keeps, null clears.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ProgrammePatch {
    /// Its name.
    #[serde(default)]
    #[schema(value_type = Option<TextsPatch>)]
    name: Patch<TextsPatch>,
    /// What it is about.
    #[serde(default)]
    #[schema(value_type = Option<TextsPatch>)]
    description: Patch<TextsPatch>,
    /// First day.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "2026-12-01", format = "date", max_length = 10)]
    starts_on: Patch<String>,
    /// Last day.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "2027-02-26", format = "date", max_length = 10)]
    ends_on: Patch<String>,
    /// Where it takes place; null: online.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "53.07", max_length = 8)]
    region_code: Patch<String>,
    /// The member who teaches.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", format = "uuid", max_length = 36)]
    trainer_id: Patch<String>,
    /// Seats; never fewer than are taken.
    #[serde(default)]
    #[schema(value_type = Option<i64>, example = 30, minimum = 1, maximum = 10000)]
    capacity: Patch<i64>,
    /// How many hundredths of the topics must be attended; fixed once the programme runs.
    #[serde(default)]
    #[schema(value_type = Option<i64>, example = 75, minimum = 1, maximum = 100)]
    min_attendance_percent: Patch<i64>,
    /// The whole curriculum anew; fixed once the programme runs.
    #[serde(default)]
    #[schema(value_type = Option<Vec<TopicBody>>, min_items = 1, max_items = 60)]
    topics: Patch<Vec<TopicBody>>,
    /// The next status: from `draft` to `open`, `running` and `finished`, each after the other; to `cancelled` from any but `finished`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "open", pattern = "^(draft|open|running|finished|cancelled)$", max_length = 20)]
    status: Patch<String>,
}

impl ProgrammePatch {
    fn parse(&self) -> Result<ProgrammeChanges, Faults> {
        let mut faults = Faults::default();
        let faults_of = &mut faults;
        let name_en = |t: &str| ProgrammeNameEn::parse(t).map(String::from);
        let text = |t: &str| ProgrammeText::parse(t).map(String::from);
        let (name_id, name_en) = match &self.name {
            Patch::Keep => (Some(None), Some(None)),
            Patch::Clear => (faults_of.take("/name", Err(Code::Required)), None),
            Patch::Set(name) => (
                name.id.required(faults_of, "/name/id", |t| ProgrammeName::parse(t).map(String::from)),
                clearable(&name.en, faults_of, "/name/en", name_en),
            ),
        };
        let (description_id, description_en) = match &self.description {
            Patch::Keep => (Some(None), Some(None)),
            Patch::Clear => (Some(Some(String::new())), Some(Some(String::new()))),
            Patch::Set(description) => (
                clearable(&description.id, faults_of, "/description/id", text),
                clearable(&description.en, faults_of, "/description/en", text),
            ),
        };
        let starts_on = self.starts_on.required(faults_of, "/starts_on", |t| parse_day(t));
        let ends_on = self.ends_on.required(faults_of, "/ends_on", |t| parse_day(t));
        let region_code = self.region_code.optional(faults_of, "/region_code", |t| {
            programme_region(t).map(|code| code.as_str().to_owned())
        });
        let trainer_id = self
            .trainer_id
            .optional(faults_of, "/trainer_id", |t| parse_id::<UserId>(t).map(|user| user.uuid()));
        let capacity = self.capacity.required(faults_of, "/capacity", |n| capacity(*n));
        let min_attendance_percent =
            self.min_attendance_percent.required(faults_of, "/min_attendance_percent", |n| percent(*n));
        let status = self.status.required(faults_of, "/status", |t| ProgrammeStatus::parse(t));
        let curriculum = match &self.topics {
            Patch::Keep => Some(None),
            Patch::Clear => faults_of.take("/topics", Err(Code::Required)),
            Patch::Set(topics) => parse_topics(faults_of, topics).map(Some),
        };
        let (
            Some(name_id),
            Some(name_en),
            Some(description_id),
            Some(description_en),
            Some(starts_on),
            Some(ends_on),
        ) = (name_id, name_en, description_id, description_en, starts_on, ends_on)
        else {
            return Err(faults);
        };
        let (Some(region_code), Some(trainer_id), Some(capacity), Some(min_attendance_percent)) =
            (region_code, trainer_id, capacity, min_attendance_percent)
        else {
            return Err(faults);
        };
        let (Some(status), Some(curriculum)) = (status, curriculum) else { return Err(faults) };
        let columns = ProgrammeColumns {
            name_id,
            name_en,
            description_id,
            description_en,
            starts_on,
            ends_on,
            region_code,
            trainer_id,
            capacity,
            min_attendance_percent,
        };
        Ok(ProgrammeChanges { columns, curriculum, status })
    }
}

/// Which programmes.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ProgrammeQuery {
    /// Any of these states, separated by commas.
    #[param(example = "open,running", max_length = 100)]
    status: Option<String>,
    /// Beginnings of words of the name, in either language: all of them.
    #[param(example = "kemasan", max_length = 100)]
    q: Option<String>,
    /// The order: `-created_at` (the default), `created_at`, `starts_on`, `-starts_on`, `name` or `-name`.
    #[param(example = "starts_on", max_length = 20)]
    sort: Option<String>,
}

impl ProgrammeQuery {
    fn parse(&self) -> Result<ProgrammeFilter, Problem> {
        Ok(ProgrammeFilter {
            statuses: several("status", self.status.as_ref(), ProgrammeStatus::parse)?,
            text: self.q.clone(),
            sort: one("sort", self.sort.as_ref(), ProgrammeSort::parse)?.unwrap_or_default(),
        })
    }
}

/// Make a programme
///
/// Makes a training programme as a draft, with its curriculum and seats. It takes enrolments once it is `open`.
#[utoipa::path(tag = "mentoring", request_body = ProgrammeCreate, responses((status = 201, description = "The programme.", body = ProgrammeView)), security(("bearer" = ["mentoring:manage"])))]
#[post("/v1/aggregators/{aggregator}/programmes")]
pub async fn create_programme(staff: Staff<MentoringManage>, body: Json<ProgrammeCreate>) -> Answered {
    let new = body.0.parse()?;
    staff
        .run(async |tx| {
            let programme = ProgrammeView::from(tx.insert_programme(&new).await?);
            let location = staff.path(format_args!("programmes/{}", programme.id));
            Ok(Created { location, version: Some(programme.version), thing: programme })
        })
        .await
}

/// List programmes
///
/// The aggregator's programmes that fit. With `Accept: text/csv` the whole list comes as a file.
#[utoipa::path(tag = "mentoring", params(ProgrammeQuery, Paging), responses((status = 200, description = "A page of programmes, or all of them as a file.", content((PageOf<ProgrammeView> = "application/json"), (String = "text/csv")))), security(("bearer" = ["mentoring:read"])))]
#[get("/v1/aggregators/{aggregator}/programmes")]
pub async fn list_programmes(staff: Staff<MentoringRead>, list: List<ProgrammeQuery>) -> Answered {
    let filter = list.filter.parse()?;
    if wants_csv(staff.request()) {
        return csv(staff, "programmes", async move |tx, after, limit| {
            Ok(tx.programmes(&filter, after, limit).await?.map(ProgrammeView::from))
        })
        .await;
    }
    staff
        .run(async |tx| {
            let page = tx.programmes(&filter, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(ProgrammeView::from)))
        })
        .await
}

/// Read a programme
///
/// One programme with its curriculum and its seats.
#[utoipa::path(tag = "mentoring", responses((status = 200, description = "The programme.", body = ProgrammeView)), security(("bearer" = ["mentoring:read"])))]
#[get("/v1/aggregators/{aggregator}/programmes/{programme_id}")]
pub async fn get_programme(staff: Staff<MentoringRead>, At(id): At<ProgrammeId>) -> Answered {
    staff.run(async |tx| Ok(found(tx.programme(id).await?))).await
}

/// Edit a programme
///
/// A merge patch (RFC 7396). `status` leads the programme on. Once it runs, its curriculum and its rule of completion are
/// fixed; once it is over, all of it.
#[utoipa::path(tag = "mentoring", request_body = ProgrammePatch, responses((status = 200, description = "The programme as it is now.", body = ProgrammeView)), security(("bearer" = ["mentoring:manage"])))]
#[patch("/v1/aggregators/{aggregator}/programmes/{programme_id}")]
pub async fn update_programme(
    staff: Staff<MentoringManage>,
    At(id): At<ProgrammeId>,
    IfMatch(version): IfMatch,
    body: Json<ProgrammePatch>,
) -> Answered {
    let changes = body.0.parse()?;
    staff.run(async |tx| Ok(found(tx.update_programme(id, version, &changes).await?))).await
}

fn found(programme: Programme) -> Found<ProgrammeView> {
    Found(Some(programme.row.version), programme.into())
}
