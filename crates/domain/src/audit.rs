//! The audit chain: what can be wrong with it.

use crate::text::choices;

choices! {
    /// How an entry of the chain fails to fit.
    pub enum ChainFault {
        /// Its text or its hash is not what was written.
        Changed = "changed",
        /// It is not there, though later ones are.
        Removed = "removed",
        /// The entry that belongs here stands further on.
        Reordered = "reordered",
        /// It and all after it are not there.
        Truncated = "truncated",
        /// It stands beyond the end that the chain's head knows.
        Added = "added",
        /// The signature of the chain's end is not ours.
        Forged = "forged",
    }
}
