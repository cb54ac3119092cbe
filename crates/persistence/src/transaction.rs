//! What all writing handles share: an answer that may be given again, an end.

use std::ops::DerefMut;

use crate::tx::Tx;
use crate::{IdentityTx, OperatorTx, Result, TenantTx};

/// A handle that is one transaction.
#[expect(async_fn_in_trait, reason = "requests are served on the thread that took them: no Send is needed")]
pub trait Transaction: DerefMut<Target = Tx> {
    /// Writes the log and commits.
    async fn commit(self) -> Result<()>;
    /// Undoes everything.
    async fn rollback(self);
}

macro_rules! transactions {
    ($($handle:ident),+) => {$(
        impl Transaction for $handle<'_> {
            async fn commit(self) -> Result<()> {
                $handle::commit(self).await
            }

            async fn rollback(self) {
                $handle::rollback(self).await;
            }
        }
    )+};
}
transactions!(TenantTx, IdentityTx, OperatorTx);
