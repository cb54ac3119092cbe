//! What nothing shows any more is deleted: first the pictures of each tenant, then the files that no picture of any
//! tenant and no preview has.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Integer, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::sql::sql;
use crate::{Actor, Change, Db, Objects, Result, Subject};

/// A picture that nothing shows stays for so long, since it may be on its way onto a product.
pub const GRACE: TimeDelta = TimeDelta::hours(24);
/// What is deleted in one transaction.
const AT_ONCE: i64 = 100;

/// What was deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Collected {
    /// Pictures of tenants.
    pub pictures: usize,
    /// Pictures and previews whose files went.
    pub stored: usize,
}

sql! {
    TenantsWithMedia {}
    "SELECT a.id FROM aggregators a ORDER BY a.id"
}

sql! {
    NoticeUnused { aggregator: Uuid => SqlUuid, now: DateTime<Utc> => Timestamptz }
    include_str!("../sql/notice_unused_media.sql")
}

sql! {
    // What is being put on a product at this moment is passed over.
    LockUnused { aggregator: Uuid => SqlUuid, until: DateTime<Utc> => Timestamptz, limit: i64 => BigInt }
    "SELECT m.id FROM media m WHERE m.aggregator_id = $1 AND m.unused_since <= $2
     ORDER BY m.unused_since, m.id LIMIT $3 FOR UPDATE SKIP LOCKED"
}

sql! {
    DeleteUnused { aggregator: Uuid => SqlUuid, ids: Vec<Uuid> => Array<SqlUuid> }
    include_str!("../sql/delete_unused_media.sql")
}

sql! {
    FindUnshown { until: DateTime<Utc> => Timestamptz, limit: i64 => BigInt }
    "SELECT s.hash FROM stored_pictures s
     WHERE s.stored_at <= $1 AND NOT EXISTS (SELECT FROM media m WHERE m.hash = s.hash)
       AND NOT EXISTS (SELECT FROM search_documents d WHERE d.preview = s.hash)
     LIMIT $2"
}

sql! {
    // Whoever stores one of them meanwhile has made its time new, or waits for this transaction and then notes it anew.
    ForgetStored { hashes: Vec<String> => Array<Text>, until: DateTime<Utc> => Timestamptz }
    "DELETE FROM stored_pictures WHERE hash = ANY ($1) AND stored_at <= $2 RETURNING hash"
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

#[derive(QueryableByName)]
struct Deleted {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    hash: String,
    #[diesel(sql_type = Integer)]
    width: i32,
    #[diesel(sql_type = Integer)]
    height: i32,
}

#[derive(QueryableByName)]
struct Stored {
    #[diesel(sql_type = Text)]
    hash: String,
}

impl Db {
    /// Deletes what nothing has shown for [`GRACE`].
    pub async fn collect_pictures(&self, objects: &Objects) -> Result<Collected> {
        let until = Utc::now() - GRACE;
        let mut tx = self.operator(Actor::System, "media").await?;
        let tenants = TenantsWithMedia {}.load::<Id>(&mut *tx).await?;
        tx.commit().await?;
        let mut collected = Collected::default();
        for tenant in tenants {
            collected.pictures += self.delete_unused(tenant.id, until).await?;
        }
        loop {
            let gone = self.delete_files(objects, until).await?;
            collected.stored += gone;
            if gone == 0 {
                return Ok(collected);
            }
        }
    }

    async fn delete_unused(&self, aggregator: Uuid, until: DateTime<Utc>) -> Result<usize> {
        let mut tx = self.operator(Actor::System, "media").await?;
        NoticeUnused { aggregator, now: Utc::now() }.execute(&mut *tx).await?;
        tx.commit().await?;
        let mut count = 0;
        loop {
            let mut tx = self.operator(Actor::System, "media").await?;
            let locked = LockUnused { aggregator, until, limit: AT_ONCE }.load::<Id>(&mut *tx).await?;
            let ids = locked.into_iter().map(|row| row.id).collect();
            let deleted = DeleteUnused { aggregator, ids }.load::<Deleted>(&mut *tx).await?;
            for row in &deleted {
                let facts = json!({ "hash": row.hash, "width": row.width, "height": row.height });
                let change = Change::new(EventKind::MediaDeleted, Subject("media", row.id));
                tx.record(aggregator.into(), change.data(facts.clone()).from_to(facts, Value::Null));
            }
            tx.commit().await?;
            count += deleted.len();
            if deleted.is_empty() {
                return Ok(count);
            }
        }
    }

    /// Files go before the note of them is gone for good, so that whoever dies in between leaves the rest to the next.
    async fn delete_files(&self, objects: &Objects, until: DateTime<Utc>) -> Result<usize> {
        let mut tx = self.operator(Actor::System, "media").await?;
        let found = FindUnshown { until, limit: AT_ONCE }.load::<Stored>(&mut *tx).await?;
        let hashes = found.into_iter().map(|row| row.hash).collect();
        let gone = ForgetStored { hashes, until }.load::<Stored>(&mut *tx).await?;
        for stored in &gone {
            objects.delete(&stored.hash).await?;
        }
        tx.commit().await?;
        Ok(gone.len())
    }
}
