//! The identity handle: accounts, sessions and invitations, before a tenant is known. What it changes is written to
//! the platform's own log.

use std::ops::{Deref, DerefMut};

use diesel::sql_types::{Bool, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::aggregator::AggregatorStatus;
use kapal_domain::ids::{AggregatorId, SessionId, UserId};
use kapal_domain::permission::Role;
use uuid::Uuid;

use crate::db::lend;
use crate::log::{self, Author, Change};
use crate::sql::sql;
use crate::tx::{Settings, Tx};
use crate::{Actor, Db, Error, Result};

/// A transaction of `kapal_identity`.
pub struct IdentityTx<'db> {
    pub(crate) db: &'db Db,
    tx: Tx,
    author: Author,
    changes: Vec<(AggregatorId, Change)>,
}

impl Db {
    /// Opens a transaction on accounts and sessions.
    pub async fn identity(&self, actor: Actor, request_id: &str) -> Result<IdentityTx<'_>> {
        let tx = Tx::new(&self.identity, Settings::default()).await?;
        Ok(IdentityTx {
            db: self,
            tx,
            author: Author { actor, request_id: request_id.to_owned() },
            changes: Vec::new(),
        })
    }
}

impl IdentityTx<'_> {
    /// Says who it turned out to be: after a login, the user.
    pub(crate) fn set_actor(&mut self, actor: Actor) {
        self.author.actor = actor;
    }

    /// Notes a change of an account or session in the platform's log.
    pub(crate) fn record(&mut self, change: Change) {
        self.changes.push((AggregatorId::PLATFORM, change));
    }

    /// Notes a change in a tenant's log, such as a new member.
    pub(crate) fn record_in(&mut self, aggregator: AggregatorId, change: Change) {
        self.changes.push((aggregator, change));
    }

    /// Writes the log and commits.
    pub async fn commit(self) -> Result<()> {
        log::commit(self.tx, self.db, &self.author, self.changes).await
    }

    /// Undoes everything.
    pub async fn rollback(self) {
        self.tx.rollback().await;
    }
}

impl Deref for IdentityTx<'_> {
    type Target = Tx;

    fn deref(&self) -> &Tx {
        &self.tx
    }
}

impl DerefMut for IdentityTx<'_> {
    fn deref_mut(&mut self) -> &mut Tx {
        &mut self.tx
    }
}

/// What a valid access token's bearer may do, as the database has it now.
#[derive(Debug, Clone)]
pub struct Access {
    /// The person.
    pub user: UserId,
    /// Whether the person runs the platform.
    pub is_operator: bool,
    /// Where the person asked for an aggregator and is a member of it.
    pub membership: Option<Membership>,
}

/// A role in an aggregator.
#[derive(Debug, Clone)]
pub struct Membership {
    /// The aggregator.
    pub aggregator: AggregatorId,
    /// Its slug.
    pub slug: String,
    /// Its state: a suspended one can be read but not written.
    pub status: AggregatorStatus,
    /// The role.
    pub role: Role,
}

sql! {
    FindAccess { session: Uuid => SqlUuid, user: Uuid => SqlUuid, slug: Option<String> => Nullable<Text>, id: Option<Uuid> => Nullable<SqlUuid> }
    "SELECT u.is_operator, a.id AS aggregator_id, a.slug, a.status, m.role
     FROM sessions s
     JOIN users u ON u.id = s.user_id
     LEFT JOIN aggregators a ON a.kind = 'member' AND (a.slug = $3 OR a.id = $4)
     LEFT JOIN memberships m ON m.aggregator_id = a.id AND m.user_id = u.id
     WHERE s.id = $1 AND u.id = $2 AND s.ended_at IS NULL AND s.expires_at > now()"
}

#[derive(diesel::QueryableByName)]
struct AccessRow {
    #[diesel(sql_type = Bool)]
    is_operator: bool,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    aggregator_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    slug: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    status: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    role: Option<String>,
}

impl Db {
    /// Looks up what the bearer of a token may do now, and in the aggregator where one is named by slug or id.
    /// `NotFound` when the session has ended.
    pub async fn access(&self, user: UserId, session: SessionId, aggregator: Option<&str>) -> Result<Access> {
        let id = aggregator.and_then(|a| Uuid::try_parse(a).ok());
        let slug = if id.is_none() { aggregator.map(str::to_owned) } else { None };
        let mut connection = lend(&self.identity).await?;
        let row = FindAccess { session: session.uuid(), user: user.uuid(), slug, id }
            .get_result::<AccessRow>(&mut connection)
            .await?;
        let membership = match (row.aggregator_id, row.slug, row.status, row.role) {
            (Some(id), Some(slug), Some(status), Some(role)) => Some(Membership {
                aggregator: id.into(),
                slug,
                status: stored(AggregatorStatus::parse(&status))?,
                role: stored(Role::parse(&role))?,
            }),
            _ => None,
        };
        Ok(Access { user, is_operator: row.is_operator, membership })
    }
}

/// A value that the database's own checks keep right.
pub(crate) fn stored<T>(parsed: Result<T, kapal_domain::Code>) -> Result<T> {
    parsed.map_err(|code| Error::Internal(format!("the database holds a value that is {code}")))
}
