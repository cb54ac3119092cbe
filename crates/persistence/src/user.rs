//! Accounts, and the ways to set a password.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{Binary, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{
    AsChangeset, ExpressionMethods, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use kapal_domain::aggregator::AggregatorStatus;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{AggregatorId, SessionId, UserId};
use kapal_domain::locale::Locale;
use kapal_domain::permission::Role;
use kapal_domain::user::{Email, PersonName};
use kapal_domain::{Code, Refusal};
use kapal_schema::{aggregators, memberships, password_resets, users};
use serde_json::json;
use uuid::Uuid;

use crate::db::lend;
use crate::identity::stored;
use crate::mail::Letter;
use crate::sql::sql;
use crate::{
    Actor, AttemptKeys, Change, Db, EndReason, Error, IdentityTx, Membership, Result, Subject, random, sha256,
};

/// How long the code of a forgotten password is good.
const RESET_VALID_FOR: TimeDelta = TimeDelta::hours(1);

/// An account as it is stored, without its password.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(diesel::pg::Pg))]
pub struct UserRow {
    /// Id.
    pub id: Uuid,
    /// Address, in lower case.
    pub email: String,
    /// Name.
    pub name: String,
    /// Whether the person runs the platform.
    pub is_operator: bool,
    /// Language of letters.
    pub locale: String,
    /// Grows with each change.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What a password is checked against.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(diesel::pg::Pg))]
pub struct Credentials {
    id: Uuid,
    /// Address.
    pub email: String,
    /// Name.
    pub name: String,
    /// PHC string.
    pub password_hash: String,
    /// Whether the account belongs to the demonstration, whose password everybody knows.
    pub demonstration: bool,
}

impl Credentials {
    /// Whose they are.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.id.into()
    }
}

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Address.
    pub email: Email,
    /// Name.
    pub name: PersonName,
    /// PHC string.
    pub password_hash: String,
    /// Language of letters.
    pub locale: Locale,
}

/// What to change of one's own account.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = users)]
pub struct UserChanges {
    /// Name.
    pub name: Option<String>,
    /// Language of letters.
    pub locale: Option<String>,
}

/// An account with what it may do where.
#[derive(Debug, Clone)]
pub struct Me {
    /// The account.
    pub row: UserRow,
    /// Its roles, by the aggregators' names.
    pub memberships: Vec<MyMembership>,
}

/// A role in an aggregator, as its holder sees it.
#[derive(Debug, Clone)]
pub struct MyMembership {
    /// The role and the aggregator.
    pub membership: Membership,
    /// The aggregator's name.
    pub aggregator_name: String,
}

impl Me {
    /// Dates the whole answer, memberships included, which change without the account's own version.
    #[must_use]
    pub fn version(&self) -> i32 {
        let mut facts = format!("{}", self.row.version);
        for MyMembership { membership: m, aggregator_name } in &self.memberships {
            facts.push_str(&format!("\n{} {} {} {aggregator_name}", m.aggregator, m.role, m.status));
        }
        let [a, b, c, d, ..] = sha256(facts.as_bytes());
        i32::from_be_bytes([a & 0x7f, b, c, d])
    }
}

impl Db {
    /// The credentials of an address, where it has an account.
    pub async fn credentials_of(&self, email: &Email) -> Result<Option<Credentials>> {
        let mut connection = lend(&self.identity).await?;
        let found = users::table
            .filter(users::email.eq(email.as_str()))
            .filter(users::erased_at.is_null())
            .select(Credentials::as_select())
            .first::<Credentials>(&mut connection)
            .await
            .optional()?;
        Ok(found)
    }

    /// The credentials of an account.
    pub async fn credentials(&self, user: UserId) -> Result<Credentials> {
        let mut connection = lend(&self.identity).await?;
        let found = users::table
            .find(user.uuid())
            .select(Credentials::as_select())
            .first::<Credentials>(&mut connection)
            .await?;
        Ok(found)
    }

    /// The credentials of whoever holds the code of a forgotten password, where it is still good.
    pub async fn credentials_by_reset(&self, code: &str) -> Result<Option<Credentials>> {
        let Some(hash) = reset_hash(code) else { return Ok(None) };
        let mut connection = lend(&self.identity).await?;
        let found = users::table
            .inner_join(password_resets::table)
            .filter(password_resets::token_hash.eq(hash))
            .filter(password_resets::used_at.is_null())
            .filter(password_resets::expires_at.gt(Utc::now()))
            .select(Credentials::as_select())
            .first::<Credentials>(&mut connection)
            .await
            .optional()?;
        Ok(found)
    }

    /// Deletes codes of forgotten passwords that are good no more. Answers how many.
    pub async fn forget_resets(&self) -> Result<usize> {
        let mut connection = lend(&self.identity).await?;
        let old = password_resets::expires_at.lt(Utc::now());
        Ok(diesel::delete(password_resets::table.filter(old)).execute(&mut connection).await?)
    }
}

sql! {
    // One statement whether the address has an account or not, so that time tells nothing.
    RequestReset {
        email: String => Text, token_hash: Vec<u8> => Binary, now: DateTime<Utc> => Timestamptz,
        expires_at: DateTime<Utc> => Timestamptz, aggregator: Uuid => SqlUuid, mail: Uuid => SqlUuid,
        kind: &'static str => Text, sealed: Vec<u8> => Binary,
    }
    "WITH person AS (
        SELECT id, email FROM users WHERE email = $1
     ), reset AS (
        INSERT INTO password_resets (token_hash, user_id, created_at, expires_at) SELECT $2, id, $3, $4 FROM person
     )
     INSERT INTO mail_outbox (aggregator_id, id, recipient, kind, sealed, next_try_at, created_at)
     SELECT $5, $6, email, $7, $8, $3, $3 FROM person"
}

impl IdentityTx<'_> {
    /// Makes an account. Refused when the address has one.
    pub async fn insert_user(&mut self, new: &NewUser, demonstration: bool) -> Result<UserRow> {
        let row = self.try_insert_user(new, false, demonstration).await?;
        row.ok_or_else(|| {
            Refusal::because(Code::WrongState, "This address has an account by now: use its password.").into()
        })
    }

    /// Makes an account that runs the platform. An account that the address has becomes one, with this password, and
    /// its logins end.
    pub async fn make_operator(&mut self, new: &NewUser, demonstration: bool) -> Result<UserRow> {
        if let Some(row) = self.try_insert_user(new, true, demonstration).await? {
            return Ok(row);
        }
        let row = diesel::update(users::table.filter(users::email.eq(new.email.as_str())))
            .set((
                users::is_operator.eq(true),
                users::password_hash.eq(&new.password_hash),
                users::version.eq(users::version + 1),
                users::updated_at.eq(Utc::now()),
            ))
            .returning(UserRow::as_returning())
            .get_result::<UserRow>(&mut **self)
            .await?;
        let ended = self.end_sessions(row.id.into(), None, EndReason::Password).await?;
        self.record(
            Change::new(EventKind::UserUpdated, Subject("user", row.id))
                .data(json!({ "is_operator": true, "sessions_ended": ended })),
        );
        Ok(row)
    }

    async fn try_insert_user(
        &mut self,
        new: &NewUser,
        is_operator: bool,
        demonstration: bool,
    ) -> Result<Option<UserRow>> {
        let now = Utc::now();
        let row = diesel::insert_into(users::table)
            .values((
                users::id.eq(UserId::new().uuid()),
                users::email.eq(new.email.as_str()),
                users::name.eq(new.name.as_str()),
                users::password_hash.eq(&new.password_hash),
                users::is_operator.eq(is_operator),
                users::locale.eq(new.locale.as_str()),
                users::demonstration.eq(demonstration),
                users::created_at.eq(now),
                users::updated_at.eq(now),
            ))
            .on_conflict(users::email)
            .do_nothing()
            .returning(UserRow::as_returning())
            .get_result::<UserRow>(&mut **self)
            .await
            .optional()?;
        if let Some(row) = &row {
            self.record(
                Change::new(EventKind::UserCreated, Subject("user", row.id))
                    .data(json!({ "is_operator": is_operator, "demonstration": demonstration })),
            );
        }
        Ok(row)
    }

    /// One's own account.
    pub async fn me(&mut self, user: UserId) -> Result<Me> {
        let row =
            users::table.find(user.uuid()).select(UserRow::as_select()).first::<UserRow>(&mut **self).await?;
        self.with_memberships(row).await
    }

    async fn with_memberships(&mut self, row: UserRow) -> Result<Me> {
        let rows = memberships::table
            .inner_join(aggregators::table)
            .filter(memberships::user_id.eq(row.id))
            .order((aggregators::name, aggregators::id))
            .select((
                aggregators::id,
                aggregators::slug,
                aggregators::name,
                aggregators::status,
                memberships::role,
            ))
            .load::<(Uuid, String, String, String, String)>(&mut **self)
            .await?;
        let memberships = rows
            .into_iter()
            .map(|(id, slug, aggregator_name, status, role)| {
                let membership = Membership {
                    aggregator: id.into(),
                    slug,
                    status: stored(AggregatorStatus::parse(&status))?,
                    role: stored(Role::parse(&role))?,
                };
                Ok(MyMembership { membership, aggregator_name })
            })
            .collect::<Result<_>>()?;
        Ok(Me { row, memberships })
    }

    /// Edits one's own account, where it is still as it was read. Aggregators see the new name.
    pub async fn update_me(&mut self, user: UserId, expected: i32, changes: &UserChanges) -> Result<Me> {
        let locked = users::table
            .find(user.uuid())
            .select(UserRow::as_select())
            .for_update()
            .first::<UserRow>(&mut **self)
            .await?;
        let before = self.with_memberships(locked).await?;
        if before.version() != expected {
            return Err(Error::Stale(before.version()));
        }
        let now = Utc::now();
        let row = diesel::update(users::table.find(user.uuid()))
            .set((changes, users::version.eq(users::version + 1), users::updated_at.eq(now)))
            .returning(UserRow::as_returning())
            .get_result::<UserRow>(&mut **self)
            .await?;
        if before.row.name != row.name {
            diesel::update(memberships::table.filter(memberships::user_id.eq(user.uuid())))
                .set((
                    memberships::name.eq(&row.name),
                    memberships::version.eq(memberships::version + 1),
                    memberships::updated_at.eq(now),
                ))
                .execute(&mut **self)
                .await?;
        }
        // A name is personal: the chain keeps that it changed, not what it was.
        self.record(
            Change::new(EventKind::UserUpdated, Subject("user", row.id))
                .data(json!({ "name_changed": before.row.name != row.name }))
                .from_to(json!({ "locale": before.row.locale }), json!({ "locale": row.locale })),
        );
        self.with_memberships(row).await
    }

    /// Changes the password whose hash is still `old`, and ends all logins but the present one.
    pub async fn change_password(
        &mut self,
        user: UserId,
        old: &str,
        new: &str,
        present: SessionId,
    ) -> Result<()> {
        let changed = diesel::update(users::table.find(user.uuid()).filter(users::password_hash.eq(old)))
            .set(users::password_hash.eq(new))
            .execute(&mut **self)
            .await?;
        if changed == 0 {
            return Err(Code::InvalidCredentials.into());
        }
        self.password_changed(user, Some(present), "change").await
    }

    /// Sends a code to an address that has an account, unless it had several lately.
    pub async fn request_reset(&mut self, email: &Email, locale: Locale, address: &str) -> Result<()> {
        if !self.count_reset(email).await? {
            return Ok(());
        }
        let code: [u8; 32] = random();
        let now = Utc::now();
        let token = URL_SAFE_NO_PAD.encode(code);
        let letter = Letter::PasswordReset { token: &token, address }.seal(
            &self.db.vault,
            AggregatorId::PLATFORM,
            locale,
        )?;
        let request = RequestReset {
            email: email.as_str().to_owned(),
            token_hash: sha256(&code).to_vec(),
            now,
            expires_at: now + RESET_VALID_FOR,
            aggregator: letter.aggregator.uuid(),
            mail: letter.id.uuid(),
            kind: letter.kind,
            sealed: letter.sealed,
        };
        request.execute(&mut **self).await?;
        Ok(())
    }

    /// Sets a new password by a code, once, and ends all logins. Refused when the code is good no more.
    pub async fn reset_password(&mut self, code: &str, new: &str, keys: &AttemptKeys) -> Result<()> {
        let hash = reset_hash(code).ok_or(Code::InvalidToken)?;
        let now = Utc::now();
        let user = password_resets::table
            .find(hash)
            .filter(password_resets::used_at.is_null())
            .filter(password_resets::expires_at.gt(now))
            .select(password_resets::user_id)
            .for_update()
            .first::<Uuid>(&mut **self)
            .await
            .optional()?
            .ok_or(Code::InvalidToken)?;
        // All codes of the account are spent with this one.
        diesel::update(password_resets::table.filter(password_resets::user_id.eq(user)))
            .set(password_resets::used_at.eq(now))
            .execute(&mut **self)
            .await?;
        diesel::update(users::table.find(user))
            .set(users::password_hash.eq(new))
            .execute(&mut **self)
            .await?;
        self.forgive_account(keys).await?;
        self.set_actor(Actor::User(user.into()));
        self.password_changed(user.into(), None, "reset").await
    }

    async fn password_changed(
        &mut self,
        user: UserId,
        present: Option<SessionId>,
        by: &'static str,
    ) -> Result<()> {
        let ended = self.end_sessions(user, present, EndReason::Password).await?;
        self.record(
            Change::new(EventKind::UserPasswordChanged, Subject("user", user.uuid()))
                .data(json!({ "by": by, "sessions_ended": ended })),
        );
        Ok(())
    }
}

fn reset_hash(code: &str) -> Option<Vec<u8>> {
    let code: [u8; 32] = URL_SAFE_NO_PAD.decode(code).ok()?.try_into().ok()?;
    Some(sha256(&code).to_vec())
}
