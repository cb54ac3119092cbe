//! The operator's handle: across tenants, each change in the log of the tenant that it is about.

use std::ops::{Deref, DerefMut};

use kapal_domain::ids::AggregatorId;

use crate::log::{self, Author, Change};
use crate::tx::{Settings, Tx};
use crate::{Actor, Db, Result};

/// A transaction of `kapal_ops`.
pub struct OperatorTx<'db> {
    pub(crate) db: &'db Db,
    tx: Tx,
    author: Author,
    changes: Vec<(AggregatorId, Change)>,
}

impl Db {
    /// Opens a transaction across tenants.
    pub async fn operator(&self, actor: Actor, request_id: &str) -> Result<OperatorTx<'_>> {
        let tx = Tx::new(&self.ops, Settings::default()).await?;
        Ok(OperatorTx {
            db: self,
            tx,
            author: Author { actor, request_id: request_id.to_owned() },
            changes: Vec::new(),
        })
    }
}

impl OperatorTx<'_> {
    /// Who acts.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.author.actor
    }

    /// Notes a change in the log of `aggregator`; the platform's own things are in that of the platform.
    pub(crate) fn record(&mut self, aggregator: AggregatorId, change: Change) {
        self.changes.push((aggregator, change));
    }

    /// Writes the logs and commits.
    pub async fn commit(self) -> Result<()> {
        log::commit(self.tx, self.db, &self.author, self.changes).await
    }

    /// Undoes everything.
    pub async fn rollback(self) {
        self.tx.rollback().await;
    }
}

impl Deref for OperatorTx<'_> {
    type Target = Tx;

    fn deref(&self) -> &Tx {
        &self.tx
    }
}

impl DerefMut for OperatorTx<'_> {
    fn deref_mut(&mut self) -> &mut Tx {
        &mut self.tx
    }
}
