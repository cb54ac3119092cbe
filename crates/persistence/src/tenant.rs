//! The tenant handle: one transaction of one aggregator, by one actor. Row security keeps it there; narrowing to
//! assigned or own merchants is part of the same policies.

use std::ops::{Deref, DerefMut};

use kapal_domain::ids::{AggregatorId, UserId};
use uuid::Uuid;

use crate::log::{self, Author, Change};
use crate::subject_key::Opened;
use crate::tx::{Restricted, Settings, Tx};
use crate::{Db, Result};

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Somebody who is logged in.
    User(UserId),
    /// A buyer, nameless.
    Visitor,
    /// The worker or the command line.
    System,
}

impl Actor {
    /// How the audit chain names the kind.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Visitor => "visitor",
            Self::System => "system",
        }
    }

    /// The user, where it is one.
    #[must_use]
    pub fn id(self) -> Option<Uuid> {
        match self {
            Self::User(user) => Some(user.uuid()),
            Self::Visitor | Self::System => None,
        }
    }
}

/// Whose transaction it is.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The tenant.
    pub aggregator: AggregatorId,
    /// Who acts.
    pub actor: Actor,
    /// Whether the actor sees assigned or own merchants only.
    pub narrowed: bool,
    /// The request, for the audit chain.
    pub request_id: String,
}

/// A transaction inside one aggregator. Dropped without [`TenantTx::commit`], it never happened.
pub struct TenantTx<'db> {
    pub(crate) db: &'db Db,
    tx: Tx,
    scope: Scope,
    changes: Vec<Change>,
    pub(crate) opened: Opened,
}

impl Db {
    /// Opens a transaction inside one aggregator.
    pub async fn tenant(&self, scope: Scope) -> Result<TenantTx<'_>> {
        let narrowed_to = if scope.narrowed { scope.actor.id() } else { None };
        let settings =
            Settings { tenant: Some(scope.aggregator.uuid()), narrowed_to, restricted: Restricted::Hidden };
        let tx = Tx::new(&self.app, settings).await?;
        Ok(TenantTx { db: self, tx, scope, changes: Vec::new(), opened: Opened::default() })
    }
}

impl TenantTx<'_> {
    /// The tenant, as the database knows it: every query names it besides the policy.
    pub(crate) fn tenant(&self) -> Uuid {
        self.scope.aggregator.uuid()
    }

    /// The tenant.
    #[must_use]
    pub fn aggregator(&self) -> AggregatorId {
        self.scope.aggregator
    }

    /// Who acts.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.scope.actor
    }

    /// The user whose merchants alone this transaction sees.
    #[must_use]
    pub fn narrowed_to(&self) -> Option<Uuid> {
        if self.scope.narrowed { self.scope.actor.id() } else { None }
    }

    /// Says, before the first query, how merchants are met whose processing is restricted; unsaid they are hidden.
    pub fn meet_restricted(&mut self, how: Restricted) {
        self.tx.meet_restricted(how);
    }

    /// Notes a change of state: its event and its audit entry are written just before COMMIT.
    pub(crate) fn record(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Writes the log and commits.
    pub async fn commit(self) -> Result<()> {
        let author = Author { actor: self.scope.actor, request_id: self.scope.request_id };
        let changes = self.changes.into_iter().map(|c| (self.scope.aggregator, c)).collect();
        log::commit(self.tx, self.db, &author, changes).await
    }

    /// Undoes everything.
    pub async fn rollback(self) {
        self.tx.rollback().await;
    }
}

impl Deref for TenantTx<'_> {
    type Target = Tx;

    fn deref(&self) -> &Tx {
        &self.tx
    }
}

impl DerefMut for TenantTx<'_> {
    fn deref_mut(&mut self) -> &mut Tx {
        &mut self.tx
    }
}
