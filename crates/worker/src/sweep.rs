//! What has expired is deleted, a piece at a time; keys that nothing lives by are retired.

use kapal_persistence::{Db, Objects, Result};

/// Goes on as long as there is something left.
pub(crate) async fn all(db: &Db, objects: &Objects) -> Result<()> {
    db.delete_erased_bytes(objects).await?;
    while db.forget_keys().await? > 0 {}
    while db.forget_sessions().await? > 0 {}
    while db.forget_mail().await? > 0 {}
    db.retire_signing_keys().await?;
    db.forget_resets().await?;
    db.forget_attempts().await?;
    Ok(())
}
