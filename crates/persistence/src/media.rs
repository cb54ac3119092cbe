//! Uploaded pictures of one aggregator. Their files are in [`crate::Objects`].

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::MediaId;
use kapal_schema::media;
use serde_json::json;
use uuid::Uuid;

use crate::{Change, Result, Subject, TenantTx};

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
}

impl TenantTx<'_> {
    /// Notes an uploaded picture, so that products can show it.
    pub async fn insert_media(&mut self, new: &NewMedia) -> Result<MediaRow> {
        let row = diesel::insert_into(media::table)
            .values((
                media::aggregator_id.eq(self.tenant()),
                media::id.eq(MediaId::new().uuid()),
                media::hash.eq(&new.hash),
                media::width.eq(new.width),
                media::height.eq(new.height),
                media::widths.eq(&new.widths),
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
