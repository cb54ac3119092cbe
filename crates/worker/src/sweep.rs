//! What has expired is deleted, a piece at a time; keys that nothing lives by are retired.

use kapal_persistence::{Collected, Db, Objects, Result};

/// Goes on as long as there is something left.
pub(crate) async fn all(db: &Db, objects: &Objects) -> Result<()> {
    db.delete_erased_bytes(objects).await?;
    while db.forget_keys().await? > 0 {}
    while db.forget_sessions().await? > 0 {}
    while db.forget_mail().await? > 0 {}
    while db.forget_supporters().await? > 0 {}
    let collected = db.collect_pictures(objects).await?;
    if collected != Collected::default() {
        let (pictures, stored) = (collected.pictures, collected.stored);
        tracing::info!(target: "kapal::worker", pictures, stored, "pictures that nothing shows are deleted");
    }
    db.retire_signing_keys().await?;
    db.forget_resets().await?;
    db.forget_attempts().await?;
    db.forget_nation().await?;
    Ok(())
}
