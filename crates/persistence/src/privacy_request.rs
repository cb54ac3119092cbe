//! What people ask for by right, each with the law's 72 hours. Fulfilling an erasure, a restriction, an objection or a
//! withdrawal is the deed itself, in the same transaction; access and rectification are fulfilled by what the log has.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{Array, Bool, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, Queryable, QueryableByName,
    Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{AggregatorId, LeadId, MerchantId, PrivacyRequestId, UserId};
use kapal_domain::locale::Locale;
use kapal_domain::permission::Role;
use kapal_domain::privacy::{
    ChangedField, HOURS_TO_ANSWER, HOURS_TO_REMIND, PrivacyKind, PrivacySort, PrivacyStatus, RequestAnswer,
    RequestNote, SubjectType,
};
use kapal_domain::region::RegionCode;
use kapal_domain::user::Email;
use kapal_domain::{Code, Refusal};
use kapal_schema::{audit_entries, heroes, leads, memberships, merchants, privacy_requests as requests};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::identity::stored;
use crate::mail::Letter;
use crate::sql::sql;
use crate::statement::Statement;
use crate::{Actor, Change, Cursor, Db, Error, OperatorTx, Page, Result, Subject, TenantTx};

/// Whose data a request is about.
#[derive(Debug, Clone, Copy)]
pub enum RequestSubject {
    /// A merchant's.
    Merchant(MerchantId),
    /// A member's.
    Member(UserId),
    /// A buyer's.
    Lead(LeadId),
}

impl RequestSubject {
    const fn kind(self) -> SubjectType {
        match self {
            Self::Merchant(_) => SubjectType::Merchant,
            Self::Member(_) => SubjectType::Member,
            Self::Lead(_) => SubjectType::Lead,
        }
    }

    const fn id(self) -> Uuid {
        match self {
            Self::Merchant(id) => id.uuid(),
            Self::Member(id) => id.uuid(),
            Self::Lead(id) => id.uuid(),
        }
    }

    /// The field of a request that names it.
    const fn pointer(self) -> &'static str {
        match self {
            Self::Merchant(_) => "/merchant_id",
            Self::Member(_) => "/user_id",
            Self::Lead(_) => "/lead_id",
        }
    }
}

/// What corrects somebody's data, as the log has it. What else belongs to a merchant is named field by field.
const CORRECTIONS: [EventKind; 5] = [
    EventKind::MerchantUpdated,
    EventKind::BankAccountSet,
    EventKind::MemberUpdated,
    EventKind::HeroUpdated,
    EventKind::LeadUpdated,
];

/// A request to be noted.
#[derive(Debug)]
pub struct NewPrivacyRequest {
    /// What is asked for.
    pub kind: PrivacyKind,
    /// Whose data it is about.
    pub subject: RequestSubject,
    /// In the asker's words.
    pub note: RequestNote,
    /// When it came in: the clock runs from then.
    pub received_at: DateTime<Utc>,
}

/// A request as it is stored.
#[derive(Debug, Clone, Queryable, Selectable, QueryableByName)]
#[diesel(table_name = requests, check_for_backend(diesel::pg::Pg))]
pub struct PrivacyRequestRow {
    /// Id.
    pub id: Uuid,
    /// What is asked for.
    pub kind: String,
    /// Whose data it is about.
    pub subject_type: String,
    /// The merchant.
    pub merchant_id: Option<Uuid>,
    /// The member.
    pub user_id: Option<Uuid>,
    /// The buyer's contact.
    pub lead_id: Option<Uuid>,
    /// In the asker's words.
    pub note: String,
    /// Where it stands.
    pub status: String,
    /// What was done, or why not.
    pub answer: String,
    /// Which fields were corrected.
    pub changed: Vec<String>,
    /// Who noted it.
    pub filed_by: Uuid,
    /// Who answered it.
    pub handled_by: Option<Uuid>,
    /// When it came in.
    pub received_at: DateTime<Utc>,
    /// When the law's time is up.
    pub due_at: DateTime<Utc>,
    /// When it was answered.
    pub handled_at: Option<DateTime<Utc>>,
    /// When it was noted.
    pub created_at: DateTime<Utc>,
}

impl PrivacyRequestRow {
    /// Whether the law's time is up and nobody has answered.
    #[must_use]
    pub fn is_overdue(&self, now: DateTime<Utc>) -> bool {
        self.handled_at.is_none() && self.due_at <= now
    }

    fn kind(&self) -> Result<PrivacyKind> {
        stored(PrivacyKind::parse(&self.kind))
    }

    fn subject(&self) -> Result<RequestSubject> {
        match (self.merchant_id, self.user_id, self.lead_id) {
            (Some(id), _, _) => Ok(RequestSubject::Merchant(id.into())),
            (_, Some(id), _) => Ok(RequestSubject::Member(id.into())),
            (_, _, Some(id)) => Ok(RequestSubject::Lead(id.into())),
            _ => Err(Error::Internal(format!("privacy request {} is about nobody", self.id))),
        }
    }
}

/// Which requests to list.
#[derive(Debug, Clone, Default)]
pub struct PrivacyRequestFilter {
    /// Any of these.
    pub statuses: Vec<PrivacyStatus>,
    /// Any of these.
    pub kinds: Vec<PrivacyKind>,
    /// About this merchant.
    pub merchant: Option<MerchantId>,
    /// About merchants in this region or below it.
    pub region: Option<RegionCode>,
    /// Open and out of time, or not.
    pub overdue: Option<bool>,
    /// In this order.
    pub sort: PrivacySort,
}

impl TenantTx<'_> {
    /// Notes a request. Its clock runs from when it was received.
    pub async fn insert_privacy_request(&mut self, new: &NewPrivacyRequest) -> Result<PrivacyRequestRow> {
        // Who is narrowed to some merchants speaks for those alone.
        if self.narrowed_to().is_some() && !matches!(new.subject, RequestSubject::Merchant(_)) {
            return Err(Error::field(new.subject.pointer(), Code::UnknownReference));
        }
        self.expect_subject(new.subject).await?;
        let (id, now) = (PrivacyRequestId::new(), Utc::now());
        let due_at = new.received_at + TimeDelta::hours(HOURS_TO_ANSWER);
        let (mut merchant, mut user, mut lead) = (None, None, None);
        match new.subject {
            RequestSubject::Merchant(id) => merchant = Some(id.uuid()),
            RequestSubject::Member(id) => user = Some(id.uuid()),
            RequestSubject::Lead(id) => lead = Some(id.uuid()),
        }
        let row = diesel::insert_into(requests::table)
            .values((
                requests::aggregator_id.eq(self.tenant()),
                requests::id.eq(id.uuid()),
                requests::kind.eq(new.kind.as_str()),
                requests::subject_type.eq(new.subject.kind().as_str()),
                requests::merchant_id.eq(merchant),
                requests::user_id.eq(user),
                requests::lead_id.eq(lead),
                requests::note.eq(new.note.as_str()),
                requests::status.eq(PrivacyStatus::Open.as_str()),
                requests::filed_by.eq(self.user()),
                requests::received_at.eq(new.received_at),
                requests::due_at.eq(due_at),
                requests::next_alarm_at.eq(due_at - TimeDelta::hours(HOURS_TO_REMIND)),
                requests::created_at.eq(now),
            ))
            .returning(PrivacyRequestRow::as_returning())
            .get_result::<PrivacyRequestRow>(&mut **self)
            .await?;
        self.record(changed(EventKind::PrivacyRequestFiled, &row).from_to(Value::Null, facts(&row)));
        Ok(row)
    }

    /// Requests that fit, in the filter's order.
    pub async fn privacy_requests(
        &mut self,
        filter: &PrivacyRequestFilter,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<PrivacyRequestRow>> {
        let late = |s: Statement| s.sql("(r.status = 'open' AND r.due_at <= ").bind(Utc::now()).sql(")");
        let mut statement = Statement::new("SELECT r.* FROM privacy_requests r WHERE r.aggregator_id = ")
            .bind(self.tenant())
            .any_of("r.status", filter.statuses.iter().map(|status| status.as_str()))
            .any_of("r.kind", filter.kinds.iter().map(|kind| kind.as_str()))
            .with(filter.merchant, |s, merchant| s.sql(" AND r.merchant_id = ").bind(merchant.uuid()))
            .with(filter.region.as_ref(), |s, region| {
                s.sql(" AND r.merchant_id IN (SELECT m.id FROM merchants m WHERE m.aggregator_id = ")
                    .bind(self.tenant())
                    .in_region(region)
                    .sql(")")
            })
            .with(filter.overdue, |s, overdue| late(s.sql(if overdue { " AND " } else { " AND NOT " })));
        let (follows, by) = match filter.sort {
            PrivacySort::DueFirst => (" AND (r.due_at, r.id) > (", " ORDER BY r.due_at, r.id"),
            PrivacySort::DueLast => (" AND (r.due_at, r.id) < (", " ORDER BY r.due_at DESC, r.id DESC"),
            PrivacySort::Newest => {
                (" AND (r.created_at, r.id) < (", " ORDER BY r.created_at DESC, r.id DESC")
            }
            PrivacySort::Oldest => (" AND (r.created_at, r.id) > (", " ORDER BY r.created_at, r.id"),
        };
        if let Some(cursor) = after {
            statement = statement.beyond(follows, cursor.time_and_id()?);
        }
        let rows = statement.page(by, limit).planned_anew().load::<PrivacyRequestRow>(&mut **self).await?;
        Ok(Page::cut(rows, limit, |row| match filter.sort {
            PrivacySort::DueFirst | PrivacySort::DueLast => Cursor::at(row.due_at, row.id),
            PrivacySort::Newest | PrivacySort::Oldest => Cursor::at(row.created_at, row.id),
        }))
    }

    /// One request.
    pub async fn privacy_request(&mut self, id: PrivacyRequestId) -> Result<PrivacyRequestRow> {
        let found = requests::table.find((self.tenant(), id.uuid())).select(PrivacyRequestRow::as_select());
        Ok(found.first::<PrivacyRequestRow>(&mut **self).await?)
    }

    /// Does what a request asks for, where that is a deed of the system's, and says what was done. `by` is the role of
    /// who does it; `changed` is what a rectification corrected.
    pub async fn fulfil_privacy_request(
        &mut self,
        id: PrivacyRequestId,
        answer: &RequestAnswer,
        changed: &[ChangedField],
        by: Role,
    ) -> Result<PrivacyRequestRow> {
        let request = self.lock_request(id).await?;
        let (kind, subject) = (request.kind()?, request.subject()?);
        if kind != PrivacyKind::Rectification && !changed.is_empty() {
            return Err(Error::field("/changed", Code::InvalidChoice));
        }
        let needed: Option<(&[EventKind], Code)> = match (kind, subject) {
            (PrivacyKind::Access, RequestSubject::Merchant(_)) => {
                Some((&[EventKind::MerchantExported], Code::ExportMissing))
            }
            (PrivacyKind::Rectification, _) if changed.is_empty() => {
                Some((&CORRECTIONS, Code::ChangeMissing))
            }
            _ => None,
        };
        if let Some((done, missing)) = needed
            && !self.was_done_since(&request, subject, done).await?
        {
            return Err(missing.into());
        }
        match (kind, subject) {
            (PrivacyKind::Erasure, RequestSubject::Merchant(merchant)) => {
                self.erase_merchant(merchant).await?
            }
            (PrivacyKind::Erasure, RequestSubject::Lead(lead)) => self.erase_lead(lead).await?,
            (PrivacyKind::Erasure, RequestSubject::Member(user)) => self.erase_member(user, by).await?,
            (PrivacyKind::Restriction, RequestSubject::Merchant(merchant)) => {
                self.restrict_merchant(merchant).await?;
            }
            (PrivacyKind::Withdrawal, RequestSubject::Merchant(merchant)) => {
                self.withdraw_merchant(merchant).await?;
            }
            (PrivacyKind::Objection, RequestSubject::Merchant(merchant)) => {
                self.object_merchant(merchant).await?;
            }
            // Somebody reads or decides; the answer says what.
            _ => {}
        }
        self.end_request(&request, PrivacyStatus::Fulfilled, answer, changed).await
    }

    /// Whether the log has one of these of the subject since the request came in.
    async fn was_done_since(
        &mut self,
        request: &PrivacyRequestRow,
        subject: RequestSubject,
        kinds: &[EventKind],
    ) -> Result<bool> {
        let done = audit_entries::table
            .filter(audit_entries::aggregator_id.eq(self.tenant()))
            .filter(audit_entries::subject_id.eq(subject.id()))
            .filter(audit_entries::at.ge(request.received_at))
            .filter(audit_entries::action.eq_any(kinds.iter().map(|kind| kind.as_str())))
            .select(audit_entries::seq)
            .first::<i64>(&mut **self)
            .await
            .optional()?;
        Ok(done.is_some())
    }

    /// Empties what was written in requests about somebody who is being erased, in the asker's words and in answer.
    pub(crate) async fn empty_requests(&mut self, subject: RequestSubject) -> Result<()> {
        let (user, lead) = match subject {
            RequestSubject::Member(id) => (Some(id.uuid()), None),
            RequestSubject::Lead(id) => (None, Some(id.uuid())),
            // In the list of what is held about a merchant.
            RequestSubject::Merchant(_) => return Ok(()),
        };
        diesel::update(
            requests::table
                .filter(requests::aggregator_id.eq(self.tenant()))
                .filter(requests::user_id.eq(user).or(requests::lead_id.eq(lead))),
        )
        .set((requests::note.eq(""), requests::answer.eq("")))
        .execute(&mut **self)
        .await?;
        Ok(())
    }

    /// Says why a request is not done.
    pub async fn refuse_privacy_request(
        &mut self,
        id: PrivacyRequestId,
        reason: &RequestAnswer,
    ) -> Result<PrivacyRequestRow> {
        let request = self.lock_request(id).await?;
        self.end_request(&request, PrivacyStatus::Refused, reason, &[]).await
    }

    async fn lock_request(&mut self, id: PrivacyRequestId) -> Result<PrivacyRequestRow> {
        let row = requests::table
            .find((self.tenant(), id.uuid()))
            .select(PrivacyRequestRow::as_select())
            .for_update()
            .first::<PrivacyRequestRow>(&mut **self)
            .await?;
        if row.status != PrivacyStatus::Open.as_str() {
            return Err(Refusal::because(Code::WrongState, format!("The request is {}.", row.status)).into());
        }
        Ok(row)
    }

    async fn end_request(
        &mut self,
        before: &PrivacyRequestRow,
        status: PrivacyStatus,
        answer: &RequestAnswer,
        fields: &[ChangedField],
    ) -> Result<PrivacyRequestRow> {
        let row = diesel::update(requests::table.find((self.tenant(), before.id)))
            .set((
                requests::status.eq(status.as_str()),
                requests::answer.eq(answer.as_str()),
                requests::changed.eq(fields.iter().map(ChangedField::as_str).collect::<Vec<_>>()),
                requests::handled_by.eq(self.user()),
                requests::handled_at.eq(Utc::now()),
                requests::next_alarm_at.eq(None::<DateTime<Utc>>),
            ))
            .returning(PrivacyRequestRow::as_returning())
            .get_result::<PrivacyRequestRow>(&mut **self)
            .await?;
        let kind = match status {
            PrivacyStatus::Refused => EventKind::PrivacyRequestRefused,
            PrivacyStatus::Open | PrivacyStatus::Fulfilled => EventKind::PrivacyRequestFulfilled,
        };
        self.record(changed(kind, &row).from_to(facts(before), facts(&row)));
        Ok(row)
    }

    /// A fault of the request where this transaction does not see whom it is about.
    async fn expect_subject(&mut self, subject: RequestSubject) -> Result<()> {
        let tenant = self.tenant();
        let seen = match subject {
            RequestSubject::Merchant(id) => {
                merchants::table
                    .find((tenant, id.uuid()))
                    .select(merchants::id)
                    .first::<Uuid>(&mut **self)
                    .await
            }
            // Who left may still have a hero's profile here.
            RequestSubject::Member(id) => {
                let member = memberships::table.find((tenant, id.uuid())).select(memberships::user_id);
                match member.first::<Uuid>(&mut **self).await {
                    Err(diesel::NotFound) => {
                        let hero = heroes::table.find((tenant, id.uuid())).select(heroes::user_id);
                        hero.first::<Uuid>(&mut **self).await
                    }
                    found => found,
                }
            }
            RequestSubject::Lead(id) => {
                leads::table.find((tenant, id.uuid())).select(leads::id).first::<Uuid>(&mut **self).await
            }
        };
        match seen.optional()? {
            Some(_) => Ok(()),
            None => Err(Error::field(subject.pointer(), Code::UnknownReference)),
        }
    }
}

/// Words of the asker and of the answer are about a person: the log says where the request stands, not what they say.
fn facts(row: &PrivacyRequestRow) -> Value {
    json!({
        "kind": row.kind, "subject_type": row.subject_type, "merchant_id": row.merchant_id, "user_id": row.user_id,
        "lead_id": row.lead_id, "status": row.status, "changed": row.changed, "received_at": row.received_at, "due_at": row.due_at,
    })
}

fn changed(kind: EventKind, row: &PrivacyRequestRow) -> Change {
    Change::new(kind, Subject("privacy_request", row.id))
        .data(json!({ "kind": row.kind, "status": row.status, "due_at": row.due_at }))
}

sql! {
    TenantsWithAlarms { now: DateTime<Utc> => Timestamptz }
    "SELECT DISTINCT aggregator_id FROM privacy_requests WHERE next_alarm_at <= $1"
}

#[derive(diesel::QueryableByName)]
struct Tenant {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
}

sql! {
    // A second worker waits for the rows and then finds that no alarm is due any more.
    TakeAlarms { aggregator: Uuid => SqlUuid, now: DateTime<Utc> => Timestamptz }
    "UPDATE privacy_requests SET next_alarm_at = CASE WHEN due_at > $2 THEN due_at END
     WHERE aggregator_id = $1 AND next_alarm_at <= $2
     RETURNING id, kind, status, due_at, due_at <= $2 AS is_overdue"
}

#[derive(diesel::QueryableByName)]
struct Alarm {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Timestamptz)]
    due_at: DateTime<Utc>,
    #[diesel(sql_type = Bool)]
    is_overdue: bool,
}

sql! {
    // Who answers for it: owners and admins.
    FindKeepers { aggregator: Uuid => SqlUuid, roles: Vec<&'static str> => Array<Text> }
    "SELECT m.email, u.locale, a.name AS aggregator
     FROM memberships m
     JOIN users u ON u.id = m.user_id
     JOIN aggregators a ON a.id = m.aggregator_id
     WHERE m.aggregator_id = $1 AND m.role = ANY ($2)
     ORDER BY m.user_id"
}

#[derive(diesel::QueryableByName)]
struct Keeper {
    #[diesel(sql_type = Text)]
    email: String,
    #[diesel(sql_type = Text)]
    locale: String,
    #[diesel(sql_type = Text)]
    aggregator: String,
}

impl Db {
    /// Says of each open request that a day is left, and that the time is up: an event, and mail to owners and admins.
    /// Answers how many alarms there were.
    pub async fn alarm_privacy_requests(&self) -> Result<usize> {
        let now = Utc::now();
        let mut tx = self.operator(Actor::System, "privacy").await?;
        let tenants = TenantsWithAlarms { now }.load::<Tenant>(&mut *tx).await?;
        tx.commit().await?;
        let mut count = 0;
        for Tenant { aggregator_id } in tenants {
            let mut tx = self.operator(Actor::System, "privacy").await?;
            count += tx.alarm(aggregator_id.into(), now).await?;
            tx.commit().await?;
        }
        Ok(count)
    }
}

impl OperatorTx<'_> {
    async fn alarm(&mut self, aggregator: AggregatorId, now: DateTime<Utc>) -> Result<usize> {
        let alarms = TakeAlarms { aggregator: aggregator.uuid(), now }.load::<Alarm>(&mut **self).await?;
        let roles = vec![Role::Owner.as_str(), Role::Admin.as_str()];
        let keepers =
            FindKeepers { aggregator: aggregator.uuid(), roles }.load::<Keeper>(&mut **self).await?;
        for alarm in &alarms {
            let kind = if alarm.is_overdue {
                EventKind::PrivacyRequestOverdue
            } else {
                EventKind::PrivacyRequestDue
            };
            let data = json!({ "kind": alarm.kind, "status": alarm.status, "due_at": alarm.due_at });
            let change = Change::new(kind, Subject("privacy_request", alarm.id)).data(data.clone());
            self.record(aggregator, change.from_to(Value::Null, data));
            for keeper in &keepers {
                let letter = Letter::PrivacyRequest {
                    aggregator: &keeper.aggregator,
                    kind: stored(PrivacyKind::parse(&alarm.kind))?,
                    due_at: alarm.due_at,
                    is_overdue: alarm.is_overdue,
                    request: alarm.id,
                };
                let locale = stored(Locale::parse(&keeper.locale))?;
                let letter = letter.seal(&self.db.vault, aggregator, locale)?;
                letter.post(self, &stored(Email::parse(&keeper.email))?).await?;
            }
        }
        Ok(alarms.len())
    }
}
