//! Training programmes and their curricula.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::sql_types::{Date, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{
    AsChangeset, ExpressionMethods, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{ProgrammeId, UserId};
use kapal_domain::programme::{
    Curriculum, Days, ProgrammeName, ProgrammeNameEn, ProgrammeSort, ProgrammeStatus, ProgrammeText,
};
use kapal_domain::region::RegionCode;
use kapal_domain::{Code, Refusal};
use kapal_schema::{memberships, programme_topics, programmes};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::identity::stored;
use crate::statement::Statement;
use crate::{Change, Cursor, Error, Page, Place, Result, Subject, TenantTx};

/// A programme as it is stored, with its trainer's name.
#[derive(Debug, Clone, diesel::QueryableByName)]
pub struct ProgrammeRow {
    /// Id.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// State.
    #[diesel(sql_type = Text)]
    pub status: String,
    /// Name in Indonesian.
    #[diesel(sql_type = Text)]
    pub name_id: String,
    #[diesel(sql_type = Text)]
    sort_name: String,
    /// Name in English; may be empty.
    #[diesel(sql_type = Text)]
    pub name_en: String,
    /// What it is about, in Indonesian; may be empty.
    #[diesel(sql_type = Text)]
    pub description_id: String,
    /// The same in English; may be empty.
    #[diesel(sql_type = Text)]
    pub description_en: String,
    /// First day.
    #[diesel(sql_type = Date)]
    pub starts_on: NaiveDate,
    /// Last day.
    #[diesel(sql_type = Date)]
    pub ends_on: NaiveDate,
    /// Where; None online.
    #[diesel(sql_type = Nullable<Text>)]
    pub region_code: Option<String>,
    /// Who teaches.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub trainer_id: Option<Uuid>,
    /// His name; None when he is no member any more.
    #[diesel(sql_type = Nullable<Text>)]
    pub trainer_name: Option<String>,
    /// Seats.
    #[diesel(sql_type = Integer)]
    pub capacity: i32,
    /// Seats that are taken.
    #[diesel(sql_type = Integer)]
    pub seats_taken: i32,
    /// How much must be attended for completion.
    #[diesel(sql_type = SmallInt)]
    pub min_attendance_percent: i16,
    /// Grows with each change, enrolments included.
    #[diesel(sql_type = Integer)]
    pub version: i32,
    /// When it was made.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// When it was last edited.
    #[diesel(sql_type = Timestamptz)]
    pub updated_at: DateTime<Utc>,
}

impl ProgrammeRow {
    pub(crate) fn status(&self) -> Result<ProgrammeStatus> {
        stored(ProgrammeStatus::parse(&self.status))
    }
}

/// A topic as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = programme_topics, check_for_backend(diesel::pg::Pg))]
pub struct TopicRow {
    /// The programme.
    pub programme_id: Uuid,
    /// What attendance names it by.
    pub key: String,
    /// Title in Indonesian.
    pub title_id: String,
    /// Title in English; may be empty.
    pub title_en: String,
    /// How long it takes.
    pub hours: i16,
}

/// A programme with its curriculum and place.
#[derive(Debug, Clone)]
pub struct Programme {
    /// The programme.
    pub row: ProgrammeRow,
    /// Its topics in their order.
    pub topics: Vec<TopicRow>,
    /// Where it is; None online.
    pub place: Option<Place>,
}

/// Which programmes.
#[derive(Debug, Clone, Default)]
pub struct ProgrammeFilter {
    /// In any of these states.
    pub statuses: Vec<ProgrammeStatus>,
    /// Whose name, in either language, has words that begin so.
    pub text: Option<String>,
    /// In this order.
    pub sort: ProgrammeSort,
}

/// A programme to be made.
#[derive(Debug, Clone)]
pub struct NewProgramme {
    /// Name in Indonesian.
    pub name_id: ProgrammeName,
    /// Name in English.
    pub name_en: ProgrammeNameEn,
    /// What it is about, in Indonesian.
    pub description_id: ProgrammeText,
    /// The same in English.
    pub description_en: ProgrammeText,
    /// From when to when.
    pub days: Days,
    /// Where; None online.
    pub region_code: Option<RegionCode>,
    /// Who teaches.
    pub trainer: Option<UserId>,
    /// Seats.
    pub capacity: i32,
    /// How much must be attended for completion.
    pub min_attendance_percent: i16,
    /// Its topics.
    pub curriculum: Curriculum,
}

/// What to change of a programme: None keeps.
#[derive(Debug, Clone, Default)]
pub struct ProgrammeChanges {
    /// Columns.
    pub columns: ProgrammeColumns,
    /// Its topics.
    pub curriculum: Option<Curriculum>,
    /// Its next status.
    pub status: Option<ProgrammeStatus>,
}

/// The columns to change: None keeps, `Some(None)` clears.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = programmes)]
pub struct ProgrammeColumns {
    /// Name in Indonesian.
    pub name_id: Option<String>,
    /// Name in English.
    pub name_en: Option<String>,
    /// What it is about, in Indonesian.
    pub description_id: Option<String>,
    /// The same in English.
    pub description_en: Option<String>,
    /// First day.
    pub starts_on: Option<NaiveDate>,
    /// Last day.
    pub ends_on: Option<NaiveDate>,
    /// Where.
    pub region_code: Option<Option<String>>,
    /// Who teaches.
    pub trainer_id: Option<Option<Uuid>>,
    /// Seats.
    pub capacity: Option<i32>,
    /// How much must be attended for completion.
    pub min_attendance_percent: Option<i16>,
}

impl TenantTx<'_> {
    /// Makes a programme as a draft.
    pub async fn insert_programme(&mut self, new: &NewProgramme) -> Result<Programme> {
        if let Some(trainer) = new.trainer {
            self.expect_trainer(trainer.uuid()).await?;
        }
        let (id, now) = (ProgrammeId::new(), Utc::now());
        diesel::insert_into(programmes::table)
            .values((
                programmes::aggregator_id.eq(self.tenant()),
                programmes::id.eq(id.uuid()),
                programmes::status.eq(ProgrammeStatus::Draft.as_str()),
                programmes::name_id.eq(new.name_id.as_str()),
                programmes::name_en.eq(new.name_en.as_str()),
                programmes::description_id.eq(new.description_id.as_str()),
                programmes::description_en.eq(new.description_en.as_str()),
                programmes::starts_on.eq(new.days.starts_on()),
                programmes::ends_on.eq(new.days.ends_on()),
                programmes::region_code.eq(new.region_code.as_ref().map(|code| code.as_str())),
                programmes::trainer_id.eq(new.trainer.map(|user| user.uuid())),
                programmes::capacity.eq(new.capacity),
                programmes::min_attendance_percent.eq(new.min_attendance_percent),
                programmes::created_at.eq(now),
                programmes::updated_at.eq(now),
            ))
            .execute(&mut **self)
            .await?;
        self.insert_topics(id, &new.curriculum).await?;
        let programme = self.programme(id).await?;
        self.record(
            Change::new(EventKind::ProgrammeCreated, Subject("programme", id.uuid()))
                .from_to(Value::Null, facts(&programme)),
        );
        Ok(programme)
    }

    /// One programme.
    pub async fn programme(&mut self, id: ProgrammeId) -> Result<Programme> {
        let statement = self.found_programmes().sql(" AND p.id = ").bind(id.uuid());
        let row = statement.get_result::<ProgrammeRow>(&mut **self).await?;
        self.complete_programmes(vec![row]).await?.pop().ok_or(Error::NotFound)
    }

    /// One programme's row, locked until the end of the transaction: its seats and status stay as they are.
    pub(crate) async fn lock_programme(&mut self, id: ProgrammeId) -> Result<ProgrammeRow> {
        let statement =
            self.found_programmes().sql(" AND p.id = ").bind(id.uuid()).sql(" FOR NO KEY UPDATE OF p");
        Ok(statement.get_result::<ProgrammeRow>(&mut **self).await?)
    }

    /// Programmes that fit, in the filter's order.
    pub async fn programmes(
        &mut self,
        filter: &ProgrammeFilter,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Programme>> {
        let mut statement = self
            .found_programmes()
            .any_of("p.status", filter.statuses.iter().map(|status| status.as_str()))
            .with(filter.text.as_deref(), |s, text| s.worded("p.name_id || ' ' || p.name_en", text));
        let (follows, by) = order(filter.sort);
        if let Some(cursor) = after {
            statement = match filter.sort {
                ProgrammeSort::Newest | ProgrammeSort::Oldest => {
                    statement.beyond(follows, cursor.time_and_id()?)
                }
                ProgrammeSort::StartsFirst | ProgrammeSort::StartsLast => {
                    statement.beyond(follows, cursor.day_and_id()?)
                }
                ProgrammeSort::Name | ProgrammeSort::NameDown => {
                    statement.beyond(follows, cursor.name_and_id()?)
                }
            };
        }
        let rows = statement.page(by, limit).planned_anew().load::<ProgrammeRow>(&mut **self).await?;
        let Page { items, next } = Page::cut(rows, limit, |row| match filter.sort {
            ProgrammeSort::Newest | ProgrammeSort::Oldest => Cursor::at(row.created_at, row.id),
            ProgrammeSort::StartsFirst | ProgrammeSort::StartsLast => Cursor::on(Some(row.starts_on), row.id),
            ProgrammeSort::Name | ProgrammeSort::NameDown => Cursor::named(&row.sort_name, row.id),
        });
        Ok(Page { items: self.complete_programmes(items).await?, next })
    }

    /// Edits a programme whose version is still `expected`, and leads it on.
    pub async fn update_programme(
        &mut self,
        id: ProgrammeId,
        expected: i32,
        changes: &ProgrammeChanges,
    ) -> Result<Programme> {
        let row = self.lock_programme(id).await?;
        if row.version != expected {
            return Err(Error::Stale(row.version));
        }
        let status = row.status()?;
        let next = match changes.status {
            Some(next) if next != status => status
                .change_to(next)
                .map_err(|code| Refusal::because(code, format!("The programme is {status}.")))?,
            _ => status,
        };
        let columns = &changes.columns;
        check_edit(&row, status, changes)?;
        if let Some(Some(trainer)) = columns.trainer_id {
            self.expect_trainer(trainer).await?;
        }
        let before = self.complete_programmes(vec![row]).await?.pop().ok_or(Error::NotFound)?;
        diesel::update(programmes::table.find((self.tenant(), id.uuid())))
            .set((
                columns,
                programmes::status.eq(next.as_str()),
                programmes::version.eq(programmes::version + 1),
                programmes::updated_at.eq(Utc::now()),
            ))
            .execute(&mut **self)
            .await?;
        if let Some(curriculum) = &changes.curriculum {
            let topics = programme_topics::table
                .filter(programme_topics::aggregator_id.eq(self.tenant()))
                .filter(programme_topics::programme_id.eq(id.uuid()));
            diesel::delete(topics).execute(&mut **self).await?;
            self.insert_topics(id, curriculum).await?;
        }
        let after = self.programme(id).await?;
        self.record(
            Change::new(EventKind::ProgrammeUpdated, Subject("programme", id.uuid()))
                .data(json!({ "status": after.row.status }))
                .from_to(facts(&before), facts(&after)),
        );
        Ok(after)
    }

    async fn insert_topics(&mut self, id: ProgrammeId, curriculum: &Curriculum) -> Result<()> {
        let tenant = self.tenant();
        let rows: Vec<_> = (0..)
            .zip(curriculum.topics())
            .map(|(position, topic): (i32, _)| {
                (
                    programme_topics::aggregator_id.eq(tenant),
                    programme_topics::programme_id.eq(id.uuid()),
                    programme_topics::key.eq(topic.key.as_str()),
                    programme_topics::position.eq(position),
                    programme_topics::title_id.eq(topic.title_id.as_str()),
                    programme_topics::title_en.eq(topic.title_en.as_str()),
                    programme_topics::hours.eq(topic.hours),
                )
            })
            .collect();
        diesel::insert_into(programme_topics::table).values(rows).execute(&mut **self).await?;
        Ok(())
    }

    /// Who teaches is a member on the day that it is written down.
    async fn expect_trainer(&mut self, user: Uuid) -> Result<()> {
        let found = memberships::table
            .find((self.tenant(), user))
            .select(memberships::user_id)
            .first::<Uuid>(&mut **self)
            .await
            .optional()?;
        found.map(drop).ok_or_else(|| Error::field("/trainer_id", Code::UnknownReference))
    }

    fn found_programmes(&self) -> Statement {
        Statement::new(
            "SELECT p.id, p.status, p.name_id, lower(p.name_id) COLLATE \"C\" AS sort_name, p.name_en, p.description_id, p.description_en, p.starts_on, p.ends_on, \
             p.region_code, p.trainer_id, m.name AS trainer_name, p.capacity, p.seats_taken, p.min_attendance_percent, \
             p.version, p.created_at, p.updated_at \
             FROM programmes p \
             LEFT JOIN memberships m ON m.aggregator_id = p.aggregator_id AND m.user_id = p.trainer_id \
             WHERE p.aggregator_id = ",
        )
        .bind(self.tenant())
    }

    async fn complete_programmes(&mut self, rows: Vec<ProgrammeRow>) -> Result<Vec<Programme>> {
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let topics = programme_topics::table
            .filter(programme_topics::aggregator_id.eq(self.tenant()))
            .filter(programme_topics::programme_id.eq_any(ids))
            .order((programme_topics::programme_id, programme_topics::position))
            .select(TopicRow::as_select())
            .load::<TopicRow>(&mut **self)
            .await?;
        let codes: Vec<String> = rows.iter().filter_map(|row| row.region_code.clone()).collect();
        let places = if codes.is_empty() { Vec::new() } else { self.places(codes).await? };
        let complete = |row: ProgrammeRow| Programme {
            topics: topics.iter().filter(|topic| topic.programme_id == row.id).cloned().collect(),
            place: places.iter().find(|place| Some(&place.code) == row.region_code.as_ref()).cloned(),
            row,
        };
        Ok(rows.into_iter().map(complete).collect())
    }
}

/// How an order is asked for: the SQL before a cursor's values, and the order itself.
const fn order(sort: ProgrammeSort) -> (&'static str, &'static str) {
    match sort {
        ProgrammeSort::Newest => (" AND (p.created_at, p.id) < (", " ORDER BY p.created_at DESC, p.id DESC"),
        ProgrammeSort::Oldest => (" AND (p.created_at, p.id) > (", " ORDER BY p.created_at, p.id"),
        ProgrammeSort::StartsFirst => (" AND (p.starts_on, p.id) > (", " ORDER BY p.starts_on, p.id"),
        ProgrammeSort::StartsLast => {
            (" AND (p.starts_on, p.id) < (", " ORDER BY p.starts_on DESC, p.id DESC")
        }
        ProgrammeSort::Name => (
            " AND (lower(p.name_id) COLLATE \"C\", p.id) > (",
            " ORDER BY lower(p.name_id) COLLATE \"C\", p.id",
        ),
        ProgrammeSort::NameDown => (
            " AND (lower(p.name_id) COLLATE \"C\", p.id) < (",
            " ORDER BY lower(p.name_id) COLLATE \"C\" DESC, p.id DESC",
        ),
    }
}

/// What may be edited of a programme in its present state.
fn check_edit(row: &ProgrammeRow, status: ProgrammeStatus, changes: &ProgrammeChanges) -> Result<()> {
    let columns = &changes.columns;
    let wrong = |rule: &str| Refusal::because(Code::WrongState, format!("The programme is {status}: {rule}"));
    if !status.is_editable() {
        return Err(wrong("it is not edited any more.").into());
    }
    let is_ruled = changes.curriculum.is_some() || columns.min_attendance_percent.is_some();
    if is_ruled && !status.has_open_curriculum() {
        return Err(wrong("its curriculum and its rule of completion are fixed.").into());
    }
    let starts_on = columns.starts_on.unwrap_or(row.starts_on);
    Days::new(starts_on, columns.ends_on.unwrap_or(row.ends_on))
        .map_err(|code| Error::field("/ends_on", code))?;
    if columns.capacity.is_some_and(|capacity| capacity < row.seats_taken) {
        let detail = format!("{} seats are taken.", row.seats_taken);
        return Err(Refusal::because(Code::ProgrammeFull, detail).into());
    }
    Ok(())
}

/// What the audit chain keeps of a programme.
fn facts(programme: &Programme) -> Value {
    let row = &programme.row;
    json!({
        "status": row.status, "name_id": row.name_id, "name_en": row.name_en, "description_id": row.description_id,
        "description_en": row.description_en, "starts_on": row.starts_on, "ends_on": row.ends_on,
        "region_code": row.region_code, "trainer_id": row.trainer_id, "capacity": row.capacity,
        "min_attendance_percent": row.min_attendance_percent,
        "topics": programme.topics.iter().map(|topic| json!({
            "key": topic.key, "title_id": topic.title_id, "title_en": topic.title_en, "hours": topic.hours,
        })).collect::<Vec<_>>(),
    })
}
