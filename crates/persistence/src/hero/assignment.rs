//! Assignments: which hero mentors which merchant. What a hero sees (`merchant_access`) follows an active assignment in
//! the same transaction. A row is ended, never deleted.
//!
//! Locks are taken in one order: the membership, the hero, the merchant, the assignments.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, QueryDsl, Queryable, QueryableByName, Selectable,
    SelectableHelper,
};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::hero::{AssignmentStatus, Term};
use kapal_domain::ids::{AssignmentId, FileId, MerchantId, ProgrammeId, UserId};
use kapal_domain::merchant::MerchantStatus;
use kapal_domain::permission::Role;
use kapal_domain::region::RegionCode;
use kapal_domain::{Code, Faults, Refusal};
use kapal_schema::hero_assignments;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::identity::stored;
use crate::merchant::MerchantRow;
use crate::sql::sql;
use crate::{Change, Cursor, Error, Outcome, Page, Result, Subject, TenantTx};

/// An assignment as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, QueryableByName)]
#[diesel(table_name = hero_assignments, check_for_backend(diesel::pg::Pg))]
pub struct AssignmentRow {
    /// Id.
    pub id: Uuid,
    /// The hero.
    pub user_id: Uuid,
    /// The merchant.
    pub merchant_id: Uuid,
    /// Where it stands.
    pub status: String,
    /// Whether he is the merchant's first address.
    pub is_primary: bool,
    /// First day, in the zone of the merchant's region.
    pub starts_on: NaiveDate,
    /// Last day.
    pub ends_on: Option<NaiveDate>,
    /// When hero and merchant signed.
    pub agreement_signed_on: Option<NaiveDate>,
    /// What they signed.
    pub agreement_file_id: Option<Uuid>,
    /// The programme that it is part of.
    pub programme_id: Option<Uuid>,
    /// When it was ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl AssignmentRow {
    fn term(&self) -> Term {
        Term { starts_on: self.starts_on, ends_on: self.ends_on }
    }

    pub(super) fn change(&self, kind: EventKind) -> Change {
        Change::new(kind, Subject("assignment", self.id))
            .data(json!({ "hero_id": self.user_id, "merchant_id": self.merchant_id, "status": self.status }))
    }

    pub(super) fn facts(&self) -> Value {
        json!({
            "status": self.status, "primary": self.is_primary, "starts_on": self.starts_on, "ends_on": self.ends_on,
            "agreement_signed_on": self.agreement_signed_on, "agreement_file_id": self.agreement_file_id,
            "programme_id": self.programme_id,
        })
    }
}

/// An assignment with the hero's name, which is None when he has left.
#[derive(Debug, Clone, QueryableByName)]
pub struct Assignment {
    /// As the merchant knows him.
    #[diesel(sql_type = Nullable<Text>)]
    pub hero_name: Option<String>,
    /// The assignment; the last field, since the derived code calls its own row so.
    #[diesel(embed)]
    pub row: AssignmentRow,
}

/// What an assignment is set to.
#[derive(Debug, Clone, Default)]
pub struct NewAssignment {
    /// First day; None: as it is, or today.
    pub starts_on: Option<NaiveDate>,
    /// Last day.
    pub ends_on: Option<NaiveDate>,
    /// When hero and merchant signed.
    pub agreement_signed_on: Option<NaiveDate>,
    /// What they signed.
    pub agreement_file: Option<FileId>,
    /// The programme that it is part of.
    pub programme: Option<ProgrammeId>,
    /// Whether he is the merchant's first address.
    pub primary: bool,
}

sql! {
    /// The assignments of a merchant, or one that is open.
    FindAssignments {
        aggregator: Uuid => SqlUuid, merchant: Uuid => SqlUuid, open_of: Option<Uuid> => Nullable<SqlUuid>,
        before: Option<DateTime<Utc>> => Nullable<Timestamptz>, before_id: Option<Uuid> => Nullable<SqlUuid>, limit: i64 => BigInt,
        programme: Option<Uuid> => Nullable<SqlUuid>,
    }
    "SELECT a.id, a.user_id, a.merchant_id, a.status, a.is_primary, a.starts_on, a.ends_on, a.agreement_signed_on,
        a.agreement_file_id, a.programme_id, a.ended_at, a.created_at, a.updated_at, coalesce(h.display_name, m.name) AS hero_name
     FROM hero_assignments a
     LEFT JOIN heroes h ON h.aggregator_id = $1 AND h.user_id = a.user_id
     LEFT JOIN memberships m ON m.aggregator_id = $1 AND m.user_id = a.user_id
     WHERE a.aggregator_id = $1 AND a.merchant_id = $2
       AND ($3::uuid IS NULL OR (a.user_id = $3 AND a.status IN ('planned', 'active')))
       AND ($7::uuid IS NULL OR a.programme_id = $7)
       AND ($4::timestamptz IS NULL OR (a.created_at, a.id) < ($4, $5::uuid))
     ORDER BY a.created_at DESC, a.id DESC
     LIMIT $6"
}

sql! {
    /// Ends the open assignments of a hero, all or those with one merchant.
    EndAssignments {
        aggregator: Uuid => SqlUuid, user: Uuid => SqlUuid, merchant: Option<Uuid> => Nullable<SqlUuid>,
        now: DateTime<Utc> => Timestamptz,
    }
    "UPDATE hero_assignments
     SET status = CASE status WHEN 'planned' THEN 'cancelled' ELSE 'ended' END,
         ends_on = CASE status WHEN 'planned' THEN ends_on ELSE ($4 AT TIME ZONE time_zone)::date END,
         next_turn_at = NULL, ended_at = $4, updated_at = $4
     WHERE aggregator_id = $1 AND user_id = $2 AND ($3::uuid IS NULL OR merchant_id = $3)
       AND status IN ('planned', 'active')
     RETURNING id, user_id, merchant_id, status, is_primary, starts_on, ends_on, agreement_signed_on,
         agreement_file_id, programme_id, ended_at, created_at, updated_at"
}

sql! {
    // A statement of its own: the one before may have waited for the worker, who began the assignment meanwhile, and
    // would not see what the worker let the hero see.
    CloseAccess { aggregator: Uuid => SqlUuid, user: Uuid => SqlUuid, merchants: Vec<Uuid> => Array<SqlUuid> }
    "DELETE FROM merchant_access
     WHERE aggregator_id = $1 AND user_id = $2 AND merchant_id = ANY ($3) AND kind = 'hero'"
}

sql! {
    /// How many merchants a hero has or is going to have.
    CountOpen { aggregator: Uuid => SqlUuid, user: Uuid => SqlUuid }
    "SELECT count(*) AS open FROM hero_assignments a
     JOIN merchants m ON m.aggregator_id = $1 AND m.id = a.merchant_id AND m.status <> 'archived'
     WHERE a.aggregator_id = $1 AND a.user_id = $2 AND a.status IN ('planned', 'active')"
}

#[derive(QueryableByName)]
struct Open {
    #[diesel(sql_type = BigInt)]
    open: i64,
}

sql! {
    WasAssigned { aggregator: Uuid => SqlUuid, user: Uuid => SqlUuid, merchant: Uuid => SqlUuid }
    "SELECT EXISTS (
        SELECT FROM hero_assignments WHERE aggregator_id = $1 AND user_id = $2 AND merchant_id = $3
     ) AS was"
}

#[derive(QueryableByName)]
struct Was {
    #[diesel(sql_type = Bool)]
    was: bool,
}

/// The region whose zone tells an assignment's days, and the day that it is there.
fn today_of(merchant: &MerchantRow) -> Result<(RegionCode, NaiveDate)> {
    let region = stored(RegionCode::parse(&merchant.region_code))?;
    let today = region.day_of(Utc::now());
    Ok((region, today))
}

impl TenantTx<'_> {
    /// The assignments of a merchant, all or those of a programme, ended ones too, the newest first.
    pub async fn assignments(
        &mut self,
        merchant: MerchantId,
        programme: Option<ProgrammeId>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Assignment>> {
        self.see_merchant(merchant).await?;
        let after = after.map(Cursor::time_and_id).transpose()?;
        let rows = self.find_assignments(merchant, None, programme, after, limit + 1).await?;
        Ok(Page::cut(rows, limit, |a| Cursor::at(a.row.created_at, a.row.id)))
    }

    /// The open assignment of a hero with a merchant.
    pub async fn assignment(&mut self, hero: UserId, merchant: MerchantId) -> Result<Assignment> {
        self.find_assignments(merchant, Some(hero), None, None, 1).await?.pop().ok_or(Error::NotFound)
    }

    async fn find_assignments(
        &mut self,
        merchant: MerchantId,
        open_of: Option<UserId>,
        programme: Option<ProgrammeId>,
        after: Option<(DateTime<Utc>, Uuid)>,
        limit: usize,
    ) -> Result<Vec<Assignment>> {
        let query = FindAssignments {
            aggregator: self.tenant(),
            merchant: merchant.uuid(),
            open_of: open_of.map(UserId::uuid),
            before: after.map(|(time, _)| time),
            before_id: after.map(|(_, id)| id),
            limit: i64::try_from(limit).unwrap_or(i64::MAX),
            programme: programme.map(ProgrammeId::uuid),
        };
        Ok(query.load(&mut **self).await?)
    }

    /// Assigns a hero to a merchant, or sets an open assignment anew. The same again changes nothing.
    pub async fn assign_hero(
        &mut self,
        hero: UserId,
        merchant: MerchantId,
        new: &NewAssignment,
    ) -> Result<Outcome<Assignment>> {
        let role = self.hold_member(hero).await?.map(|(role, _)| role);
        if role.as_deref() != Some(Role::LocalHero.as_str()) {
            return Err(Error::NotFound);
        }
        let (takes_more, capacity) = self.lock_hero(hero).await?;
        let owner = self.lock_merchant(merchant).await?;
        if owner.status == MerchantStatus::Archived.as_str() {
            return Err(Refusal::because(Code::WrongState, "An archived merchant is not mentored.").into());
        }
        let open = self.lock_open_assignments(merchant).await?;
        let before = open.iter().find(|row| row.user_id == hero.uuid());
        let (region, today) = today_of(&owner)?;
        let starts_on = new.starts_on.or(before.map(|row| row.starts_on)).unwrap_or(today);
        let term = Term::new(starts_on, new.ends_on, today)?;
        let status = term.status(today);
        let agreement_file_id = new.agreement_file.map(FileId::uuid);
        let programme_id = new.programme.map(ProgrammeId::uuid);
        check_agreement(new, today)?;
        match before {
            Some(row)
                if row.term() == term
                    && row.is_primary == new.primary
                    && row.agreement_signed_on == new.agreement_signed_on
                    && row.agreement_file_id == agreement_file_id
                    && row.programme_id == programme_id =>
            {
                return Ok(Outcome::Kept(self.assignment(hero, merchant).await?));
            }
            Some(row)
                if row.status == AssignmentStatus::Active.as_str() && status == AssignmentStatus::Planned =>
            {
                let detail = "It has begun: end it, then plan another.";
                return Err(Refusal::because(Code::WrongState, detail).into());
            }
            Some(_) => {}
            None if !takes_more => return Err(Code::HeroInactive.into()),
            None => self.check_capacity(hero, capacity).await?,
        }
        if new.primary
            && let Some(other) = open
                .iter()
                .find(|row| row.user_id != hero.uuid() && row.is_primary && row.term().overlaps(&term))
        {
            let until = other.ends_on.map_or("without an end".to_owned(), |day| format!("until {day}"));
            let detail = format!("Hero {} is, from {} {until}.", other.user_id, other.starts_on);
            return Err(Refusal::because(Code::PrimaryTaken, detail).into());
        }
        let now = Utc::now();
        let fields = (
            hero_assignments::status.eq(status.as_str()),
            hero_assignments::is_primary.eq(new.primary),
            hero_assignments::starts_on.eq(term.starts_on),
            hero_assignments::ends_on.eq(term.ends_on),
            hero_assignments::time_zone.eq(region.time_zone().name()),
            hero_assignments::agreement_signed_on.eq(new.agreement_signed_on),
            hero_assignments::agreement_file_id.eq(agreement_file_id),
            hero_assignments::programme_id.eq(programme_id),
            hero_assignments::next_turn_at.eq(term.next_turn(today, &region)),
            hero_assignments::updated_at.eq(now),
        );
        let row = match before {
            Some(row) => {
                diesel::update(hero_assignments::table.find((self.tenant(), row.id)))
                    .set(fields)
                    .returning(AssignmentRow::as_returning())
                    .get_result::<AssignmentRow>(&mut **self)
                    .await?
            }
            None => {
                diesel::insert_into(hero_assignments::table)
                    .values((
                        hero_assignments::aggregator_id.eq(self.tenant()),
                        hero_assignments::id.eq(AssignmentId::new().uuid()),
                        hero_assignments::user_id.eq(hero.uuid()),
                        hero_assignments::merchant_id.eq(merchant.uuid()),
                        hero_assignments::assigned_by.eq(self.actor().id()),
                        hero_assignments::created_at.eq(now),
                        fields,
                    ))
                    .returning(AssignmentRow::as_returning())
                    .get_result::<AssignmentRow>(&mut **self)
                    .await?
            }
        };
        if status == AssignmentStatus::Active {
            self.grant_merchant(hero.uuid(), merchant, "hero").await?;
        }
        let kind = match (before.map(|row| row.status.as_str()), status) {
            (None | Some("planned"), AssignmentStatus::Active) => EventKind::AssignmentStarted,
            (None, _) => EventKind::AssignmentPlanned,
            _ => EventKind::AssignmentUpdated,
        };
        self.record(row.change(kind).from_to(before.map_or(Value::Null, AssignmentRow::facts), row.facts()));
        let assignment = self.assignment(hero, merchant).await?;
        Ok(if before.is_some() { Outcome::Kept(assignment) } else { Outcome::Made(assignment) })
    }

    /// Ends the assignment of a hero with a merchant; one that has ended stays so.
    pub async fn unassign_hero(&mut self, hero: UserId, merchant: MerchantId) -> Result<()> {
        self.lock_merchant(merchant).await?;
        if self.end_assignments(hero, Some(merchant)).await? > 0 {
            return Ok(());
        }
        let was = WasAssigned { aggregator: self.tenant(), user: hero.uuid(), merchant: merchant.uuid() };
        if was.get_result::<Was>(&mut **self).await?.was { Ok(()) } else { Err(Error::NotFound) }
    }

    /// Ends a hero's open assignments, all or those with one merchant, and what he saw by them; how many there were.
    pub(crate) async fn end_assignments(
        &mut self,
        hero: UserId,
        merchant: Option<MerchantId>,
    ) -> Result<usize> {
        let query = EndAssignments {
            aggregator: self.tenant(),
            user: hero.uuid(),
            merchant: merchant.map(MerchantId::uuid),
            now: Utc::now(),
        };
        let ended = query.load::<AssignmentRow>(&mut **self).await?;
        if !ended.is_empty() {
            let merchants = ended.iter().map(|row| row.merchant_id).collect();
            let close = CloseAccess { aggregator: self.tenant(), user: hero.uuid(), merchants };
            close.execute(&mut **self).await?;
        }
        for row in &ended {
            let kind = if row.status == AssignmentStatus::Cancelled.as_str() {
                EventKind::AssignmentCancelled
            } else {
                EventKind::AssignmentEnded
            };
            self.record(row.change(kind).from_to(Value::Null, row.facts()));
        }
        Ok(ended.len())
    }

    /// Lets a hero see a merchant that he is about to bring in, if he may take one more.
    pub(crate) async fn open_own_merchant(&mut self, hero: Uuid, merchant: MerchantId) -> Result<()> {
        let role = self.hold_member(hero.into()).await?.map(|(role, _)| role);
        if role.as_deref() != Some(Role::LocalHero.as_str()) {
            return Err(
                Refusal::because(Code::Forbidden, "Only a local hero brings in merchants as his.").into()
            );
        }
        match self.lock_hero(hero.into()).await {
            Ok((_, capacity)) => self.check_capacity(hero.into(), capacity).await?,
            // Without a profile nobody has set him a limit.
            Err(Error::NotFound) => {}
            Err(error) => return Err(error),
        }
        self.grant_merchant(hero, merchant, "hero").await
    }

    /// The hero who brought a merchant in is its primary one from today.
    pub(crate) async fn assign_own_merchant(&mut self, hero: Uuid, merchant: &MerchantRow) -> Result<()> {
        let (region, today) = today_of(merchant)?;
        let now = Utc::now();
        let row = diesel::insert_into(hero_assignments::table)
            .values((
                hero_assignments::aggregator_id.eq(self.tenant()),
                hero_assignments::id.eq(AssignmentId::new().uuid()),
                hero_assignments::user_id.eq(hero),
                hero_assignments::merchant_id.eq(merchant.id),
                hero_assignments::status.eq(AssignmentStatus::Active.as_str()),
                hero_assignments::is_primary.eq(true),
                hero_assignments::starts_on.eq(today),
                hero_assignments::time_zone.eq(region.time_zone().name()),
                hero_assignments::assigned_by.eq(hero),
                hero_assignments::created_at.eq(now),
                hero_assignments::updated_at.eq(now),
            ))
            .returning(AssignmentRow::as_returning())
            .get_result::<AssignmentRow>(&mut **self)
            .await?;
        self.record(row.change(EventKind::AssignmentStarted).from_to(Value::Null, row.facts()));
        Ok(())
    }

    async fn check_capacity(&mut self, hero: UserId, capacity: i32) -> Result<()> {
        let count = CountOpen { aggregator: self.tenant(), user: hero.uuid() };
        let open = count.get_result::<Open>(&mut **self).await?.open;
        if open < i64::from(capacity) {
            return Ok(());
        }
        let detail = format!("He has or is going to have {open}; his capacity is {capacity}.");
        Err(Refusal::because(Code::HeroAtCapacity, detail).into())
    }

    /// The planned and active assignments of a merchant, locked.
    async fn lock_open_assignments(&mut self, merchant: MerchantId) -> Result<Vec<AssignmentRow>> {
        let status = hero_assignments::status;
        let is_open =
            status.eq(AssignmentStatus::Planned.as_str()).or(status.eq(AssignmentStatus::Active.as_str()));
        Ok(hero_assignments::table
            .filter(hero_assignments::aggregator_id.eq(self.tenant()))
            .filter(hero_assignments::merchant_id.eq(merchant.uuid()))
            .filter(is_open)
            .order(hero_assignments::id)
            .select(AssignmentRow::as_select())
            .for_update()
            .load(&mut **self)
            .await?)
    }
}

/// An agreement was signed before now and before the end, and a signed paper has its day.
fn check_agreement(new: &NewAssignment, today: NaiveDate) -> Result<(), Faults> {
    let mut faults = Faults::default();
    match new.agreement_signed_on {
        Some(day) if day > today => faults.add("/agreement_signed_on", Code::DateInFuture),
        Some(day) if new.ends_on.is_some_and(|last| day > last) => {
            faults.add("/agreement_signed_on", Code::InvalidPeriod);
        }
        None if new.agreement_file.is_some() => faults.add("/agreement_signed_on", Code::Required),
        _ => {}
    }
    faults.finish()
}
