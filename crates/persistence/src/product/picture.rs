//! The pictures of a product, in order, each with what it shows in words, and its video.

use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use diesel::{ExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{MediaId, ProductId};
use kapal_domain::locale::Bilingual;
use kapal_domain::media::AltText;
use kapal_domain::video::VideoLink;
use kapal_domain::{Code, Faults};
use kapal_schema::{media, product_media, products};
use serde_json::{Value, json};
use uuid::Uuid;

use super::change_request::{PictureChange, ProductEdit};
use super::{Edited, PictureRow, Product};
use crate::sql::sql;
use crate::{Result, TenantTx};

/// A picture that a product is to show.
#[derive(Debug, Clone)]
pub struct NewPicture {
    /// Which upload.
    pub media: MediaId,
    /// What it shows.
    pub alt: Bilingual<AltText>,
}

/// What is known of an upload.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = media, check_for_backend(diesel::pg::Pg))]
pub(super) struct Upload {
    id: Uuid,
    hash: String,
    widths: Vec<i32>,
}

sql! {
    InsertPictures {
        aggregator: Uuid => SqlUuid, product: Uuid => SqlUuid, media: Vec<Uuid> => Array<SqlUuid>,
        alt_id: Vec<String> => Array<Text>, alt_en: Vec<String> => Array<Text>,
    }
    "INSERT INTO product_media (aggregator_id, product_id, position, media_id, hash, width, height, widths, blurhash,
        alt_id, alt_en)
     SELECT $1, $2, p.position, m.id, m.hash, m.width, m.height, m.widths, m.blurhash, p.alt_id, p.alt_en
     FROM unnest($3, $4, $5) WITH ORDINALITY AS p (media_id, alt_id, alt_en, position)
     JOIN media m ON m.aggregator_id = $1 AND m.id = p.media_id"
}

impl TenantTx<'_> {
    /// Sets the pictures of a product whose version is still `expected`, and its video: None keeps the one there is. Those of
    /// a published one go to review.
    pub async fn set_pictures(
        &mut self,
        id: ProductId,
        expected: i32,
        pictures: &[NewPicture],
        video: Option<Option<&VideoLink>>,
    ) -> Result<Edited<Product>> {
        let row = self.lock_product(id).await?;
        row.must_be_at(expected)?;
        let is_published = row.is_reviewed()?;
        let before = self.whole_product(row).await?;
        let mut faults = Faults::default();
        let uploads = self.check_pictures(&mut faults, "/media_id", pictures).await?;
        faults.finish()?;
        if is_published {
            let pictures = pictures.iter().zip(uploads).map(|(picture, upload)| PictureChange {
                media: upload.id,
                hash: upload.hash,
                width: upload.widths.into_iter().max().unwrap_or_default(),
                alt_id: picture.alt.id.to_string(),
                alt_en: picture.alt.en.to_string(),
            });
            let video = video.map(|video| video.map(|video| video.as_str().to_owned()));
            let edit = ProductEdit { pictures: Some(pictures.collect()), video, ..ProductEdit::default() };
            return self.ask_for_review(before, edit).await;
        }
        self.replace_pictures(id, pictures).await?;
        if let Some(video) = video {
            self.set_video(id, video.map(VideoLink::as_str)).await?;
        }
        let row = self.touch_product(id).await?;
        let after = self.whole_product(row).await?;
        let was = json!({ "media": facts(&before.pictures), "video_url": before.row.video_url });
        let is = json!({ "media": facts(&after.pictures), "video_url": after.row.video_url });
        self.record_product(EventKind::ProductUpdated, &after.row, was, is).await?;
        Ok(Edited::Made(after))
    }

    /// The uploads of pictures, in their order. Notes every one that is not there, or not for this actor, at `/media/{n}`
    /// and what follows it. Those that are there stay until the end of the transaction.
    pub(super) async fn check_pictures(
        &mut self,
        faults: &mut Faults,
        rest: &str,
        pictures: &[NewPicture],
    ) -> Result<Vec<Upload>> {
        if pictures.is_empty() {
            return Ok(Vec::new());
        }
        let known: Vec<Upload> = media::table
            .filter(media::aggregator_id.eq(self.tenant()))
            .filter(media::id.eq_any(pictures.iter().map(|p| p.media.uuid()).collect::<Vec<_>>()))
            .select(Upload::as_select())
            .for_key_share()
            .load(&mut **self)
            .await?;
        let mut uploads = Vec::with_capacity(pictures.len());
        for (n, picture) in pictures.iter().enumerate() {
            match known.iter().find(|upload| upload.id == picture.media.uuid()) {
                Some(upload) => uploads.push(upload.clone()),
                None => faults.add(format!("/media/{n}{rest}"), Code::UnknownReference),
            }
        }
        Ok(uploads)
    }

    pub(super) async fn replace_pictures(&mut self, id: ProductId, pictures: &[NewPicture]) -> Result<()> {
        diesel::delete(
            product_media::table
                .filter(product_media::aggregator_id.eq(self.tenant()))
                .filter(product_media::product_id.eq(id.uuid())),
        )
        .execute(&mut **self)
        .await?;
        self.insert_pictures(id, pictures).await
    }

    pub(super) async fn set_video(&mut self, id: ProductId, video: Option<&str>) -> Result<()> {
        diesel::update(products::table.find((self.tenant(), id.uuid())))
            .set(products::video_url.eq(video))
            .execute(&mut **self)
            .await?;
        Ok(())
    }

    pub(super) async fn insert_pictures(&mut self, id: ProductId, pictures: &[NewPicture]) -> Result<()> {
        if pictures.is_empty() {
            return Ok(());
        }
        InsertPictures {
            aggregator: self.tenant(),
            product: id.uuid(),
            media: pictures.iter().map(|p| p.media.uuid()).collect(),
            alt_id: pictures.iter().map(|p| p.alt.id.to_string()).collect(),
            alt_en: pictures.iter().map(|p| p.alt.en.to_string()).collect(),
        }
        .execute(&mut **self)
        .await?;
        Ok(())
    }
}

pub(super) fn facts(pictures: &[PictureRow]) -> Value {
    pictures.iter().map(|p| json!({ "id": p.media_id, "alt_id": p.alt_id, "alt_en": p.alt_en })).collect()
}
