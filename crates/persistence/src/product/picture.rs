//! The pictures of a product, in order, each with what it shows in words, and its video.

use chrono::Utc;
use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use diesel::{ExpressionMethods, QueryDsl, SelectableHelper};
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

use super::{PictureRow, Product, ProductRow};
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
    /// Sets the pictures of a product whose version is still `expected`, and its video: None keeps the one there is.
    pub async fn set_pictures(
        &mut self,
        id: ProductId,
        expected: i32,
        pictures: &[NewPicture],
        video: Option<Option<&VideoLink>>,
    ) -> Result<Product> {
        let row = self.lock_product(id).await?;
        row.must_be_at(expected)?;
        row.must_be_open_to_edits()?;
        let before = self.whole_product(row).await?;
        let mut faults = Faults::default();
        self.check_pictures(&mut faults, "/media_id", pictures).await?;
        faults.finish()?;
        diesel::delete(
            product_media::table
                .filter(product_media::aggregator_id.eq(self.tenant()))
                .filter(product_media::product_id.eq(id.uuid())),
        )
        .execute(&mut **self)
        .await?;
        self.insert_pictures(id, pictures).await?;
        let video = video.map_or(before.row.video_url.as_deref(), |video| video.map(VideoLink::as_str));
        let row = diesel::update(products::table.find((self.tenant(), id.uuid())))
            .set((
                products::video_url.eq(video),
                products::version.eq(products::version + 1),
                products::updated_at.eq(Utc::now()),
            ))
            .returning(ProductRow::as_returning())
            .get_result::<ProductRow>(&mut **self)
            .await?;
        let after = self.whole_product(row).await?;
        let was = json!({ "media": facts(&before.pictures), "video_url": before.row.video_url });
        let is = json!({ "media": facts(&after.pictures), "video_url": after.row.video_url });
        self.record_product(EventKind::ProductUpdated, &after.row, was, is).await?;
        Ok(after)
    }

    /// Notes every picture that is not there, or not for this actor, at `/media/{n}` and what follows it. Those that are
    /// there stay until the end of the transaction.
    pub(super) async fn check_pictures(
        &mut self,
        faults: &mut Faults,
        rest: &str,
        pictures: &[NewPicture],
    ) -> Result<()> {
        if pictures.is_empty() {
            return Ok(());
        }
        let known: Vec<Uuid> = media::table
            .filter(media::aggregator_id.eq(self.tenant()))
            .filter(media::id.eq_any(pictures.iter().map(|p| p.media.uuid()).collect::<Vec<_>>()))
            .select(media::id)
            .for_key_share()
            .load(&mut **self)
            .await?;
        for (n, picture) in pictures.iter().enumerate() {
            if !known.contains(&picture.media.uuid()) {
                faults.add(format!("/media/{n}{rest}"), Code::UnknownReference);
            }
        }
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
