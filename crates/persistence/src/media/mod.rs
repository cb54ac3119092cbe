//! Uploaded pictures of one aggregator. Their files are in [`crate::Objects`].

mod sweep;

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Integer, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{ExpressionMethods, Queryable, QueryableByName, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::Code;
use kapal_domain::event::EventKind;
use kapal_domain::ids::MediaId;
use kapal_domain::media::QUOTA;
use kapal_schema::media;
use serde_json::json;
use uuid::Uuid;

pub use sweep::{Collected, GRACE};

use crate::db::lend;
use crate::sql::sql;
use crate::{Change, Db, Objects, PictureFile, Result, Subject, TenantTx};

/// A picture as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = media, check_for_backend(diesel::pg::Pg))]
pub struct MediaRow {
    /// Id.
    pub id: Uuid,
    /// SHA-256 of the upload in hex: names its files.
    pub hash: String,
    /// Width of the upload in pixels, upright.
    pub width: i32,
    /// Height of the upload in pixels, upright.
    pub height: i32,
    /// The widths that it is kept in, the narrowest first.
    pub widths: Vec<i32>,
    /// Its colours as a BlurHash; None for uploads from before there were any.
    pub blurhash: Option<String>,
    /// When it was uploaded.
    pub created_at: DateTime<Utc>,
}

/// A picture whose files are stored.
#[derive(Debug, Clone)]
pub struct NewMedia {
    /// SHA-256 of the upload in hex.
    pub hash: String,
    /// Width of the upload in pixels, upright.
    pub width: i32,
    /// Height of the upload in pixels, upright.
    pub height: i32,
    /// The widths that it is kept in, the narrowest first.
    pub widths: Vec<i32>,
    /// Its colours as a BlurHash.
    pub blurhash: String,
}

sql! {
    NoteStored { hash: String => Text, now: DateTime<Utc> => Timestamptz }
    "INSERT INTO stored_pictures (hash, stored_at) VALUES ($1, $2)
     ON CONFLICT (hash) DO UPDATE SET stored_at = excluded.stored_at"
}

sql! {
    // Until the end of the transaction nobody else of the tenant writes its log, and so none adds a picture.
    HoldLog { aggregator: Uuid => SqlUuid }
    "SELECT 1 AS held FROM tenant_heads WHERE aggregator_id = $1 FOR NO KEY UPDATE"
}

sql! {
    CountMedia {}
    "SELECT app.count_of_media() AS pictures"
}

#[derive(QueryableByName)]
#[expect(dead_code, reason = "the lock is what counts")]
struct Held {
    #[diesel(sql_type = Integer)]
    held: i32,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    pictures: i64,
}

impl Db {
    /// Stores files of one picture. That there are some is noted before, so that they are found when nothing shows them
    /// any more; and they stay for a day at least, so that what is about to show them finds them.
    pub async fn store_picture(&self, objects: &Objects, hash: &str, files: Vec<PictureFile>) -> Result<()> {
        {
            let mut connection = lend(&self.app).await?;
            NoteStored { hash: hash.to_owned(), now: Utc::now() }.execute(&mut connection).await?;
        }
        objects.put(hash, files).await
    }
}

impl TenantTx<'_> {
    /// Notes an uploaded picture, so that products can show it; refused when the tenant has as many as it may.
    pub async fn insert_media(&mut self, new: &NewMedia) -> Result<MediaRow> {
        HoldLog { aggregator: self.tenant() }.load::<Held>(&mut **self).await?;
        let kept = CountMedia {}.get_result::<Count>(&mut **self).await?;
        if kept.pictures >= QUOTA {
            return Err(Code::PictureQuotaExceeded.into());
        }
        let row = diesel::insert_into(media::table)
            .values((
                media::aggregator_id.eq(self.tenant()),
                media::id.eq(MediaId::new().uuid()),
                media::hash.eq(&new.hash),
                media::width.eq(new.width),
                media::height.eq(new.height),
                media::widths.eq(&new.widths),
                media::blurhash.eq(&new.blurhash),
                media::uploaded_by.eq(self.actor().id()),
                media::created_at.eq(Utc::now()),
            ))
            .returning(MediaRow::as_returning())
            .get_result::<MediaRow>(&mut **self)
            .await?;
        let facts = json!({ "hash": row.hash, "width": row.width, "height": row.height });
        self.record(
            Change::new(EventKind::MediaUploaded, Subject("media", row.id))
                .data(facts.clone())
                .from_to(serde_json::Value::Null, facts),
        );
        Ok(row)
    }
}
