//! The ends of the audit chains are checked, signed, stored and written to the server's log, from where they can be kept
//! out of reach of whoever owns the database.

use kapal_persistence::{Db, Result};

/// Signs the end of each chain that has grown.
pub(crate) async fn sign(db: &Db) -> Result<()> {
    let (signed, broken) = db.sign_audit_heads().await?;
    for head in signed {
        tracing::info!(
            target: "kapal::audit", aggregator = %head.aggregator, seq = head.seq, hash = head.hash, key = head.key,
            signature = head.signature, "the audit chain's end"
        );
    }
    for (aggregator, bad) in broken {
        tracing::error!(
            target: "kapal::audit", %aggregator, seq = bad.seq, kind = %bad.kind,
            "the audit chain was tampered with: run `kapal admin audit-verify`"
        );
    }
    Ok(())
}
