//! Logins and their rotating refresh tokens. A token's successor is made from it by a key, not by chance: so a client
//! whose answer was lost gets the same one again, and parallel requests get one between them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{Binary, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::Code;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{SessionId, UserId};
use kapal_schema::{refresh_tokens, sessions, users};
use serde_json::json;
use uuid::Uuid;

use crate::db::lend;
use crate::sql::sql;
use crate::{
    Actor, AttemptKeys, Change, Cursor, Db, IdentityTx, Page, Result, Secret, Subject, random, sha256,
};

/// The longest that a login lasts.
const ABSOLUTE: TimeDelta = TimeDelta::days(30);
/// The longest that it may rest.
const IDLE: TimeDelta = TimeDelta::days(14);
/// How long the token before the present one still gets the present one, for answers that were lost.
const GRACE: TimeDelta = TimeDelta::seconds(10);
/// How long an ended login is kept, so that its tokens are known when they come back.
const KEPT: TimeDelta = TimeDelta::days(30);

/// What a login was made with.
#[derive(Debug, Clone)]
pub struct Device {
    /// What the client says it is.
    pub user_agent: String,
    /// The network that it came from: enough to recognise, too little to follow somebody.
    pub network: String,
}

/// A login with the token that keeps it going.
#[derive(Debug, Clone)]
pub struct Started {
    /// Whose.
    pub user: UserId,
    /// The login.
    pub session: SessionId,
    /// Its present refresh token.
    pub refresh_token: String,
}

/// What a refresh token was good for.
#[derive(Debug)]
pub enum Refreshed {
    /// For the next one.
    Next(Started),
    /// For nothing: it is unknown, or its login has ended.
    Refused,
    /// It was used before: somebody else may have it, so that its login was ended. Commit this.
    Reused,
}

/// Why a login ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// Its user logged out.
    Logout,
    /// The password changed.
    Password,
    /// A used refresh token came back.
    Reuse,
    /// Its user ended it from another device.
    Removed,
}

impl EndReason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Password => "password",
            Self::Reuse => "reuse",
            Self::Removed => "removed",
        }
    }
}

/// A running login as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = sessions, check_for_backend(diesel::pg::Pg))]
pub struct SessionRow {
    /// Id.
    pub id: Uuid,
    /// What the client says it is.
    pub user_agent: String,
    /// The network that it came from.
    pub address: String,
    /// When its tokens were last renewed.
    pub rotated_at: DateTime<Utc>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
}

/// A refresh token: 256 bits, stored hashed.
struct RefreshToken([u8; 32]);

impl RefreshToken {
    fn decode(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    fn hash(&self) -> [u8; 32] {
        sha256(&self.0)
    }

    fn successor(&self, key: &Secret) -> Self {
        Self(key.mac(&[b"successor", &self.0]))
    }
}

sql! {
    // The user's row is locked and compared, so that a password that changes meanwhile lets nobody in with the old one.
    StartSession {
        user: Uuid => SqlUuid, password_hash: String => Text, id: Uuid => SqlUuid, user_agent: String => Text,
        address: String => Text, now: DateTime<Utc> => Timestamptz, expires_at: DateTime<Utc> => Timestamptz,
        token: Vec<u8> => Binary,
    }
    "WITH person AS (
        SELECT id FROM users WHERE id = $1 AND password_hash = $2 FOR SHARE
     ), session AS (
        INSERT INTO sessions (id, user_id, user_agent, address, generation, rotated_at, created_at, expires_at)
        SELECT $3, id, $4, $5, 0, $6, $6, $7 FROM person RETURNING id
     )
     INSERT INTO refresh_tokens (hash, session_id, generation) SELECT $8, id, 0 FROM session"
}

impl IdentityTx<'_> {
    /// Starts a login of somebody whose password was right; `rehashed` replaces its hash. Refused when the password has
    /// changed since it was checked.
    pub async fn start_session(
        &mut self,
        user: UserId,
        password_hash: &str,
        rehashed: Option<String>,
        device: &Device,
        keys: &AttemptKeys,
    ) -> Result<Started> {
        self.set_actor(Actor::User(user));
        let session = SessionId::new();
        let token = RefreshToken(random());
        let now = Utc::now();
        let start = StartSession {
            user: user.uuid(),
            password_hash: password_hash.to_owned(),
            id: session.uuid(),
            user_agent: device.user_agent.clone(),
            address: device.network.clone(),
            now,
            expires_at: now + ABSOLUTE,
            token: token.hash().to_vec(),
        };
        if start.execute(&mut **self).await? == 0 {
            return Err(Code::InvalidCredentials.into());
        }
        if let Some(hash) = rehashed {
            diesel::update(users::table.find(user.uuid()).filter(users::password_hash.eq(password_hash)))
                .set(users::password_hash.eq(hash))
                .execute(&mut **self)
                .await?;
        }
        self.forgive_account(keys).await?;
        self.record(
            Change::new(EventKind::SessionStarted, Subject("session", session.uuid()))
                .data(json!({ "user_id": user })),
        );
        Ok(Started { user, session, refresh_token: token.encode() })
    }

    /// Exchanges a refresh token for its successor.
    pub async fn refresh_session(&mut self, token: &str) -> Result<Refreshed> {
        let Some(token) = RefreshToken::decode(token) else { return Ok(Refreshed::Refused) };
        let known = refresh_tokens::table
            .find(token.hash().to_vec())
            .select((refresh_tokens::session_id, refresh_tokens::generation))
            .first::<(Uuid, i32)>(&mut **self)
            .await;
        let (id, generation) = match known {
            Ok(known) => known,
            Err(diesel::result::Error::NotFound) => return Ok(Refreshed::Refused),
            Err(error) => return Err(error.into()),
        };
        // Parallel requests with one token wait here for the first of them.
        let (user, present, rotated_at, expires_at, ended_at) = sessions::table
            .find(id)
            .select((
                sessions::user_id,
                sessions::generation,
                sessions::rotated_at,
                sessions::expires_at,
                sessions::ended_at,
            ))
            .for_update()
            .first::<(Uuid, i32, DateTime<Utc>, DateTime<Utc>, Option<DateTime<Utc>>)>(&mut **self)
            .await?;
        let now = Utc::now();
        if ended_at.is_some() || expires_at <= now || rotated_at + IDLE <= now {
            return Ok(Refreshed::Refused);
        }
        self.set_actor(Actor::User(user.into()));
        let successor = token.successor(&self.db.vault.refresh);
        match present - generation {
            0 => {
                diesel::insert_into(refresh_tokens::table)
                    .values((
                        refresh_tokens::hash.eq(successor.hash().to_vec()),
                        refresh_tokens::session_id.eq(id),
                        refresh_tokens::generation.eq(generation + 1),
                    ))
                    .execute(&mut **self)
                    .await?;
                diesel::update(sessions::table.find(id))
                    .set((sessions::generation.eq(generation + 1), sessions::rotated_at.eq(now)))
                    .execute(&mut **self)
                    .await?;
            }
            1 if now - rotated_at <= GRACE => {}
            _ => {
                self.mark_ended(id, EndReason::Reuse).await?;
                self.record(
                    Change::new(EventKind::SessionReuseDetected, Subject("session", id))
                        .data(json!({ "user_id": user })),
                );
                return Ok(Refreshed::Reused);
            }
        }
        Ok(Refreshed::Next(Started {
            user: user.into(),
            session: id.into(),
            refresh_token: successor.encode(),
        }))
    }

    /// Running logins of a user, the newest first.
    pub async fn sessions(
        &mut self,
        user: UserId,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<SessionRow>> {
        let now = Utc::now();
        let mut query = sessions::table
            .filter(sessions::user_id.eq(user.uuid()))
            .filter(sessions::ended_at.is_null())
            .filter(sessions::expires_at.gt(now))
            .filter(sessions::rotated_at.gt(now - IDLE))
            .select(SessionRow::as_select())
            .into_boxed();
        if let Some(cursor) = after {
            let (time, id) = cursor.time_and_id()?;
            query = query.filter(
                sessions::created_at.lt(time).or(sessions::created_at.eq(time).and(sessions::id.lt(id))),
            );
        }
        let wanted = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        let rows = query
            .order((sessions::created_at.desc(), sessions::id.desc()))
            .limit(wanted)
            .load::<SessionRow>(&mut **self)
            .await?;
        Ok(Page::cut(rows, limit, |row| Cursor::at(row.created_at, row.id)))
    }

    /// Ends one running login of a user.
    pub async fn end_session(&mut self, user: UserId, session: SessionId, reason: EndReason) -> Result<()> {
        let own = sessions::table
            .find(session.uuid())
            .filter(sessions::user_id.eq(user.uuid()))
            .filter(sessions::ended_at.is_null())
            .select(sessions::id)
            .for_update()
            .first::<Uuid>(&mut **self)
            .await?;
        self.mark_ended(own, reason).await?;
        self.record(
            Change::new(EventKind::SessionEnded, Subject("session", own))
                .data(json!({ "user_id": user, "reason": reason.as_str() })),
        );
        Ok(())
    }

    /// Ends all running logins of a user: one change, of the user.
    pub async fn end_all_sessions(&mut self, user: UserId) -> Result<()> {
        let ended = self.end_sessions(user, None, EndReason::Logout).await?;
        self.record(
            Change::new(EventKind::SessionEnded, Subject("user", user.uuid()))
                .data(json!({ "user_id": user, "reason": EndReason::Logout.as_str(), "sessions": ended })),
        );
        Ok(())
    }

    /// Ends running logins of a user, all or all but one, as part of another change. Answers how many.
    pub(crate) async fn end_sessions(
        &mut self,
        user: UserId,
        except: Option<SessionId>,
        reason: EndReason,
    ) -> Result<usize> {
        let running = sessions::user_id
            .eq(user.uuid())
            .and(sessions::ended_at.is_null())
            .and(sessions::id.ne(except.map_or(Uuid::nil(), SessionId::uuid)));
        let ended = diesel::update(sessions::table.filter(running))
            .set((sessions::ended_at.eq(Utc::now()), sessions::ended_reason.eq(reason.as_str())))
            .execute(&mut **self)
            .await?;
        Ok(ended)
    }

    async fn mark_ended(&mut self, session: Uuid, reason: EndReason) -> Result<()> {
        diesel::update(sessions::table.find(session))
            .set((sessions::ended_at.eq(Utc::now()), sessions::ended_reason.eq(reason.as_str())))
            .execute(&mut **self)
            .await?;
        Ok(())
    }
}

sql! {
    ForgetSessions { before: DateTime<Utc> => Timestamptz }
    "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE ended_at < $1 OR expires_at < $1 LIMIT 1000)"
}

impl Db {
    /// Deletes some logins that ended long ago, with their tokens. Answers how many.
    pub async fn forget_sessions(&self) -> Result<usize> {
        let mut connection = lend(&self.identity).await?;
        Ok(ForgetSessions { before: Utc::now() - KEPT }.execute(&mut connection).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_one_successor_that_only_our_key_makes() {
        let token = RefreshToken([1; 32]);
        let (ours, theirs) = (Secret::from_bytes([2; 32]), Secret::from_bytes([3; 32]));
        let next = token.successor(&ours);
        assert_eq!(next.0, token.successor(&ours).0);
        assert_ne!(next.0, token.successor(&theirs).0);
        assert_ne!(next.0, next.successor(&ours).0);
        assert_ne!(next.0, RefreshToken([4; 32]).successor(&ours).0);
    }

    #[test]
    fn only_what_we_made_is_read() {
        let text = RefreshToken([9; 32]).encode();
        assert_eq!(text.len(), 43);
        assert_eq!(RefreshToken::decode(&text).map(|t| t.0), Some([9; 32]));
        for bad in ["", "abc", &text[1..], &format!("{text}A"), &format!("{text}="), "\u{0}"] {
            assert!(RefreshToken::decode(bad).is_none(), "{bad}");
        }
    }
}
