//! Merchants' places in programmes: seats, attendance, completion.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use diesel::sql_types::{Date, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{EnrolmentId, MerchantId, ProgrammeId, UserId};
use kapal_domain::merchant::MerchantStatus;
use kapal_domain::programme::{EnrolmentSort, EnrolmentStatus, TopicKey, attendance_percent};
use kapal_domain::region::RegionCode;
use kapal_domain::text::Prose;
use kapal_domain::{Code, Faults, Refusal};
use kapal_schema::{attendances, enrolments, programme_topics, programmes};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::identity::stored;
use crate::programme::ProgrammeRow;
use crate::statement::Statement;
use crate::stored::Stored;
use crate::{Change, Cursor, Error, Page, Result, Subject, TenantTx};

/// An enrolment as it is stored, with its merchant's name, its attendance and its certificate.
#[derive(Debug, Clone, diesel::QueryableByName)]
pub struct EnrolmentRow {
    /// Id.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// The programme.
    #[diesel(sql_type = SqlUuid)]
    pub programme_id: Uuid,
    /// The merchant.
    #[diesel(sql_type = SqlUuid)]
    pub merchant_id: Uuid,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub merchant_name: String,
    #[diesel(sql_type = Text)]
    sort_name: String,
    /// State.
    #[diesel(sql_type = Text)]
    pub status: String,
    /// Why it was dropped.
    #[diesel(sql_type = Nullable<Text>)]
    pub reason: Option<String>,
    /// When it was completed or dropped.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub ended_at: Option<DateTime<Utc>>,
    /// What was attended, in the order of the curriculum.
    #[diesel(sql_type = Jsonb, deserialize_as = Stored<Attended>)]
    pub attendance: Vec<Attended>,
    /// Number of the certificate.
    #[diesel(sql_type = Nullable<Text>)]
    pub certificate_number: Option<String>,
    /// Its code.
    #[diesel(sql_type = Nullable<Text>)]
    pub certificate_code: Option<String>,
    /// Day of issue.
    #[diesel(sql_type = Nullable<Date>)]
    pub issued_on: Option<NaiveDate>,
    /// When the certificate was revoked.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub revoked_at: Option<DateTime<Utc>>,
    /// Why.
    #[diesel(sql_type = Nullable<Text>)]
    pub revoke_reason: Option<String>,
    /// Grows with each change.
    #[diesel(sql_type = Integer)]
    pub version: i32,
    /// When the merchant was enrolled.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// When the enrolment last changed.
    #[diesel(sql_type = Timestamptz)]
    pub updated_at: DateTime<Utc>,
}

/// A topic that was attended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attended {
    /// Its key.
    pub topic: String,
    /// On which day.
    pub attended_on: NaiveDate,
}

/// Which enrolments.
#[derive(Debug, Clone, Default)]
pub struct EnrolmentFilter {
    /// In this programme.
    pub programme: Option<ProgrammeId>,
    /// Of this merchant.
    pub merchant: Option<MerchantId>,
    /// Of merchants that this hero mentors.
    pub hero: Option<UserId>,
    /// Of merchants whose names have words that begin so.
    pub text: Option<String>,
    /// Of merchants in this region or below it.
    pub region: Option<RegionCode>,
    /// In any of these states.
    pub statuses: Vec<EnrolmentStatus>,
    /// In this order.
    pub sort: EnrolmentSort,
}

impl EnrolmentRow {
    fn status(&self) -> Result<EnrolmentStatus> {
        stored(EnrolmentStatus::parse(&self.status))
    }
}

/// What to change of an enrolment.
#[derive(Debug, Clone, Default)]
pub struct EnrolmentChanges {
    /// All that was attended; None keeps.
    pub attendance: Option<Vec<(TopicKey, NaiveDate)>>,
    /// How it ends.
    pub end: Option<EnrolmentEnd>,
}

/// How an enrolment ends.
#[derive(Debug, Clone)]
pub enum EnrolmentEnd {
    /// With a certificate, where enough was attended.
    Completed,
    /// Early, for a reason.
    Dropped(Prose<1, 2000>),
}

impl TenantTx<'_> {
    /// Enrols a merchant while there is a seat: whoever else enrols one waits for this transaction.
    pub async fn insert_enrolment(
        &mut self,
        programme: ProgrammeId,
        merchant: MerchantId,
    ) -> Result<EnrolmentRow> {
        let row = self.lock_programme(programme).await?;
        if !row.status()?.takes_enrolments() {
            return Err(
                Refusal::because(Code::WrongState, format!("The programme is {}.", row.status)).into()
            );
        }
        self.expect_trainable(merchant).await?;
        let (id, now) = (EnrolmentId::new(), Utc::now());
        diesel::insert_into(enrolments::table)
            .values((
                enrolments::aggregator_id.eq(self.tenant()),
                enrolments::id.eq(id.uuid()),
                enrolments::programme_id.eq(programme.uuid()),
                enrolments::merchant_id.eq(merchant.uuid()),
                enrolments::status.eq(EnrolmentStatus::Enrolled.as_str()),
                enrolments::created_at.eq(now),
                enrolments::updated_at.eq(now),
            ))
            .execute(&mut **self)
            .await?;
        if row.seats_taken >= row.capacity {
            return Err(Refusal::because(Code::ProgrammeFull, format!("It has {}.", row.capacity)).into());
        }
        self.take_seats(programme, 1).await?;
        self.record(
            Change::new(EventKind::EnrolmentCreated, Subject("enrolment", id.uuid()))
                .data(json!({ "programme_id": programme, "merchant_id": merchant }))
                .from_to(Value::Null, json!({ "status": EnrolmentStatus::Enrolled.as_str() })),
        );
        self.enrolment(programme, id).await
    }

    /// One enrolment.
    pub async fn enrolment(&mut self, programme: ProgrammeId, id: EnrolmentId) -> Result<EnrolmentRow> {
        let statement = self.found_enrolments(Some(programme)).sql(" AND e.id = ").bind(id.uuid());
        Ok(statement.get_result::<EnrolmentRow>(&mut **self).await?)
    }

    /// Enrolments that fit, in the filter's order.
    pub async fn enrolments(
        &mut self,
        filter: &EnrolmentFilter,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<EnrolmentRow>> {
        let mut statement = self
            .found_enrolments(filter.programme)
            .any_of("e.status", filter.statuses.iter().map(|status| status.as_str()))
            .with(filter.merchant, |s, merchant| s.sql(" AND e.merchant_id = ").bind(merchant.uuid()))
            .with(filter.hero, |s, hero| s.mentored_by(self.tenant(), hero))
            .with(filter.text.as_deref(), |s, text| s.named(self.tenant(), text))
            .with(filter.region.as_ref(), Statement::in_region);
        if let Some(cursor) = after {
            statement = match filter.sort {
                EnrolmentSort::Newest => {
                    statement.beyond(" AND (e.created_at, e.id) < (", cursor.time_and_id()?)
                }
                EnrolmentSort::Oldest => {
                    statement.beyond(" AND (e.created_at, e.id) > (", cursor.time_and_id()?)
                }
                EnrolmentSort::Merchant => statement.beyond_name(
                    " AND m.sort_name >= ",
                    " AND (m.sort_name, e.id) > (",
                    cursor.name_and_id()?,
                ),
                EnrolmentSort::MerchantDown => statement.beyond_name(
                    " AND m.sort_name <= ",
                    " AND (m.sort_name, e.id) < (",
                    cursor.name_and_id()?,
                ),
            };
        }
        let by = match filter.sort {
            EnrolmentSort::Newest => " ORDER BY e.created_at DESC, e.id DESC",
            EnrolmentSort::Oldest => " ORDER BY e.created_at, e.id",
            EnrolmentSort::Merchant => " ORDER BY m.sort_name, e.id",
            EnrolmentSort::MerchantDown => " ORDER BY m.sort_name DESC, e.id DESC",
        };
        let rows = statement.page(by, limit).planned_anew().load::<EnrolmentRow>(&mut **self).await?;
        if let Some(programme) = filter.programme.filter(|_| rows.is_empty()) {
            // No enrolments, or no such programme?
            programmes::table
                .find((self.tenant(), programme.uuid()))
                .select(programmes::id)
                .first::<Uuid>(&mut **self)
                .await?;
        }
        Ok(Page::cut(rows, limit, |row| match filter.sort {
            EnrolmentSort::Newest | EnrolmentSort::Oldest => Cursor::at(row.created_at, row.id),
            EnrolmentSort::Merchant | EnrolmentSort::MerchantDown => Cursor::named(&row.sort_name, row.id),
        }))
    }

    /// Records what was attended, and how the enrolment ends, where its version is still `expected`.
    pub async fn update_enrolment(
        &mut self,
        programme: ProgrammeId,
        id: EnrolmentId,
        expected: i32,
        changes: &EnrolmentChanges,
    ) -> Result<EnrolmentRow> {
        // The programme before the enrolment, as when one is made: nobody waits in a circle.
        let row = self.lock_programme(programme).await?;
        if changes.end.is_some() {
            // And the merchant between them: nothing is written about one that is being erased.
            let merchant = self.enrolment(programme, id).await?.merchant_id;
            self.lock_merchant(merchant.into()).await?;
        }
        let lock = self.found_enrolments(Some(programme)).sql(" AND e.id = ").bind(id.uuid());
        let before = lock.sql(" FOR NO KEY UPDATE OF e").get_result::<EnrolmentRow>(&mut **self).await?;
        if before.version != expected {
            return Err(Error::Stale(before.version));
        }
        let status = before.status()?;
        if status != EnrolmentStatus::Enrolled {
            return Err(Refusal::because(Code::WrongState, format!("The enrolment is {status}.")).into());
        }
        if let Some(attendance) = &changes.attendance {
            self.replace_attendance(&row, &before, attendance).await?;
        }
        let (next, reason, kind) = match &changes.end {
            None => (status, None, EventKind::EnrolmentUpdated),
            Some(EnrolmentEnd::Completed) => {
                (EnrolmentStatus::Completed, None, EventKind::EnrolmentCompleted)
            }
            Some(EnrolmentEnd::Dropped(reason)) => {
                (EnrolmentStatus::Dropped, Some(reason.as_str()), EventKind::EnrolmentDropped)
            }
        };
        let now = Utc::now();
        diesel::update(enrolments::table.find((self.tenant(), id.uuid())))
            .set((
                enrolments::status.eq(next.as_str()),
                enrolments::reason.eq(reason),
                enrolments::ended_at.eq(changes.end.as_ref().map(|_| now)),
                enrolments::version.eq(before.version + 1),
                enrolments::updated_at.eq(now),
            ))
            .execute(&mut **self)
            .await?;
        match next {
            EnrolmentStatus::Completed => self.complete(&row, &before).await?,
            EnrolmentStatus::Dropped => self.take_seats(programme, -1).await?,
            EnrolmentStatus::Enrolled => {}
        }
        let after = self.enrolment(programme, id).await?;
        let was = self.sealed_facts(after.merchant_id, facts(&before)).await?;
        let is = self.sealed_facts(after.merchant_id, facts(&after)).await?;
        self.record(
            Change::new(kind, Subject("enrolment", id.uuid()))
                .data(json!({ "programme_id": programme, "merchant_id": after.merchant_id, "status": after.status }))
                .from_to(was, is),
        );
        Ok(after)
    }

    /// A merchant of this tenant that is neither suspended nor archived.
    async fn expect_trainable(&mut self, merchant: MerchantId) -> Result<()> {
        let status = self.named_merchant_status(merchant).await?;
        match status {
            MerchantStatus::Suspended | MerchantStatus::Archived => {
                Err(Refusal::because(Code::MerchantNotActive, format!("The merchant is {status}.")).into())
            }
            _ => Ok(()),
        }
    }

    /// The locked programme's seats change hands: what it shows changes with them.
    async fn take_seats(&mut self, programme: ProgrammeId, seats: i32) -> Result<()> {
        diesel::update(programmes::table.find((self.tenant(), programme.uuid())))
            .set((
                programmes::seats_taken.eq(programmes::seats_taken + seats),
                programmes::version.eq(programmes::version + 1),
            ))
            .execute(&mut **self)
            .await?;
        Ok(())
    }

    async fn replace_attendance(
        &mut self,
        programme: &ProgrammeRow,
        enrolment: &EnrolmentRow,
        attendance: &[(TopicKey, NaiveDate)],
    ) -> Result<()> {
        if !programme.status()?.takes_attendance() {
            let detail = format!("The programme is {}.", programme.status);
            return Err(Refusal::because(Code::WrongState, detail).into());
        }
        let tenant = self.tenant();
        let topics = self.topic_hours(programme.id).await?;
        let mut faults = Faults::default();
        for (at, (key, day)) in attendance.iter().enumerate() {
            if !topics.iter().any(|(known, _)| known == key.as_str()) {
                faults.add(format!("/attendance/{at}/topic"), Code::UnknownReference);
            }
            if *day > latest_day() {
                faults.add(format!("/attendance/{at}/attended_on"), Code::DateInFuture);
            } else if *day < programme.starts_on {
                let detail = format!("The programme starts on {}.", programme.starts_on);
                faults.add_detail(format!("/attendance/{at}/attended_on"), Code::OutOfRange, detail);
            }
        }
        faults.finish()?;
        let known = attendances::table
            .filter(attendances::aggregator_id.eq(tenant))
            .filter(attendances::enrolment_id.eq(enrolment.id));
        diesel::delete(known).execute(&mut **self).await?;
        let rows: Vec<_> = attendance
            .iter()
            .map(|(key, day)| {
                (
                    attendances::aggregator_id.eq(tenant),
                    attendances::enrolment_id.eq(enrolment.id),
                    attendances::topic_key.eq(key.as_str()),
                    attendances::programme_id.eq(programme.id),
                    attendances::merchant_id.eq(enrolment.merchant_id),
                    attendances::attended_on.eq(*day),
                )
            })
            .collect();
        diesel::insert_into(attendances::table).values(rows).execute(&mut **self).await?;
        Ok(())
    }

    /// Asks the programme's rule, and issues the certificate.
    async fn complete(&mut self, programme: &ProgrammeRow, enrolment: &EnrolmentRow) -> Result<()> {
        if !programme.status()?.takes_attendance() {
            let detail = format!("The programme is {}.", programme.status);
            return Err(Refusal::because(Code::WrongState, detail).into());
        }
        let topics = self.topic_hours(programme.id).await?;
        let attended = attendances::table
            .filter(attendances::aggregator_id.eq(self.tenant()))
            .filter(attendances::enrolment_id.eq(enrolment.id))
            .select(attendances::topic_key)
            .load::<String>(&mut **self)
            .await?;
        let percent = attendance_percent(attended.len(), topics.len());
        let needed = programme.min_attendance_percent;
        if percent < usize::try_from(needed).unwrap_or_default() {
            let detail = format!(
                "{} of {} topics, {percent} %, were attended; {needed} % are needed.",
                attended.len(),
                topics.len()
            );
            return Err(Refusal::because(Code::AttendanceTooLow, detail).into());
        }
        let hours =
            topics.iter().filter(|(key, _)| attended.contains(key)).map(|(_, hours)| i32::from(*hours));
        self.issue_certificate(programme, enrolment, hours.sum()).await
    }

    async fn topic_hours(&mut self, programme: Uuid) -> Result<Vec<(String, i16)>> {
        Ok(programme_topics::table
            .filter(programme_topics::aggregator_id.eq(self.tenant()))
            .filter(programme_topics::programme_id.eq(programme))
            .select((programme_topics::key, programme_topics::hours))
            .load(&mut **self)
            .await?)
    }

    fn found_enrolments(&self, programme: Option<ProgrammeId>) -> Statement {
        Statement::new(
            "SELECT e.id, e.programme_id, e.merchant_id, m.name AS merchant_name, m.sort_name, e.status, e.reason, e.ended_at, \
             coalesce((SELECT jsonb_agg(jsonb_build_object('topic', a.topic_key, 'attended_on', a.attended_on) ORDER BY t.position) \
                 FROM attendances a JOIN programme_topics t ON t.aggregator_id = a.aggregator_id \
                     AND t.programme_id = a.programme_id AND t.key = a.topic_key \
                 WHERE a.aggregator_id = e.aggregator_id AND a.enrolment_id = e.id), '[]') AS attendance, \
             c.number AS certificate_number, c.code AS certificate_code, c.issued_on, c.revoked_at, c.revoke_reason, \
             e.version, e.created_at, e.updated_at \
             FROM enrolments e \
             JOIN merchants m ON m.aggregator_id = e.aggregator_id AND m.id = e.merchant_id \
             LEFT JOIN certificates c ON c.aggregator_id = e.aggregator_id AND c.enrolment_id = e.id \
             WHERE e.aggregator_id = ",
        )
        .bind(self.tenant())
        .with(programme, |s, programme| s.sql(" AND e.programme_id = ").bind(programme.uuid()))
    }
}

/// The day that it is in the east of Indonesia, where each begins first.
fn latest_day() -> NaiveDate {
    (Utc::now() + Duration::hours(9)).date_naive()
}

/// What the audit chain keeps of an enrolment.
fn facts(row: &EnrolmentRow) -> Value {
    json!({
        "status": row.status, "reason": row.reason, "attendance": row.attendance,
        "certificate_number": row.certificate_number, "revoke_reason": row.revoke_reason,
    })
}
