//! Products of one aggregator, whole: with translations, variants, pictures and certificates, which share the product's
//! version.
//!
//! Whatever changes a product or a part of it locks the product's row first, so that changes of one product come one
//! after another and what is projected of it is never older than the last of them.

mod certificate;
mod change_request;
mod create;
mod details;
mod edit;
mod list;
mod picture;
mod status;
mod stock;
mod translation;
mod variant;

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::ProductId;
use kapal_domain::money::{Currency, Money};
use kapal_domain::product::ProductStatus;
use kapal_domain::{Code, Refusal};
use kapal_schema::{
    merchants, product_certificates, product_media, product_translations, product_variants, products,
};
use serde_json::{Value, json};
use uuid::Uuid;

pub use certificate::{NewProductCertificate, ProductCertificateRow};
pub use change_request::{
    AcceptableChange, ChangeRequest, ChangeRequestFilter, ChangeRequestRow, ChangeStepRow, Edited,
    FieldChange, FieldNote, ListedChangeRequest, Review,
};
pub(crate) use change_request::{ReviewedEdit, WaitingEdit};
pub use create::NewProduct;
pub use details::{DetailChanges, Details, HalalChange};
pub use edit::{ProductChanges, TranslationChange};
pub use list::ProductFilter;
pub use picture::NewPicture;
pub use stock::MovementRow;
pub use translation::Translation;
pub use variant::{NewVariant, VariantChanges, VariantDetails};

use crate::identity::stored;
use crate::{Change, Error, Result, Subject, TenantTx};

/// A product as it is stored, without its parts.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = products, check_for_backend(diesel::pg::Pg))]
pub struct ProductRow {
    /// Id.
    pub id: Uuid,
    /// Whose it is.
    pub merchant_id: Uuid,
    /// What it is.
    pub category_id: Uuid,
    /// Part of public addresses.
    pub slug: String,
    /// State.
    pub status: String,
    /// Whether curation found it a pearl.
    pub is_mutiara: bool,
    /// What curation gave it, 1 to 5.
    pub stars: Option<i16>,
    /// What a reviewer asked for.
    pub status_reason: Option<String>,
    /// A video about it, by its canonical address.
    pub video_url: Option<String>,
    /// What else is known of it.
    #[diesel(embed)]
    pub details: Details,
    /// Grows with each change of the product or its parts, stock apart.
    pub version: i32,
    /// When it was first published.
    pub published_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl ProductRow {
    fn id(&self) -> ProductId {
        self.id.into()
    }

    fn status(&self) -> Result<ProductStatus> {
        stored(ProductStatus::parse(&self.status))
    }

    fn must_be_at(&self, expected: i32) -> Result<()> {
        if self.version == expected { Ok(()) } else { Err(Error::Stale(self.version)) }
    }

    /// Refuses to change what is kept only for the record.
    fn must_live(&self) -> Result<()> {
        match self.status()? {
            ProductStatus::Archived => {
                Err(Refusal::because(Code::WrongState, "An archived product is not edited.").into())
            }
            _ => Ok(()),
        }
    }

    fn is_published(&self) -> Result<bool> {
        Ok(self.status()? == ProductStatus::Published)
    }

    /// Whether edits need a review, since what they change was reviewed and is shown; refuses where nothing is edited any
    /// more.
    fn is_reviewed(&self) -> Result<bool> {
        self.must_live()?;
        self.is_published()
    }
}

/// A product's texts in one language, as they are stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = product_translations, check_for_backend(diesel::pg::Pg))]
pub struct TranslationRow {
    product_id: Uuid,
    /// The language.
    pub locale: String,
    /// The name.
    pub name: String,
    /// The description; may be empty.
    pub description: String,
}

/// A variant as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = product_variants, check_for_backend(diesel::pg::Pg))]
pub struct VariantRow {
    /// Id.
    pub id: Uuid,
    /// Of which product.
    pub product_id: Uuid,
    /// The merchant's own code.
    pub sku: Option<String>,
    /// What tells it from its sisters.
    pub name: String,
    price_minor: i64,
    currency: String,
    /// Pieces in stock.
    pub stock: i32,
    position: i32,
    /// What else is known of it.
    #[diesel(embed)]
    pub details: VariantDetails,
}

impl VariantRow {
    /// The price.
    pub fn price(&self) -> Result<Money> {
        self.money(self.price_minor)
    }

    /// The price that it is compared with, which is not below it.
    pub fn compare_at(&self) -> Result<Option<Money>> {
        self.details.compare_at_minor.map(|minor| self.money(minor)).transpose()
    }

    fn money(&self, minor: i64) -> Result<Money> {
        stored(Currency::parse(&self.currency).and_then(|c| Money::from_minor(minor, c)))
    }
}

/// A picture of a product as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = product_media, check_for_backend(diesel::pg::Pg))]
pub struct PictureRow {
    product_id: Uuid,
    /// Which upload.
    pub media_id: Uuid,
    /// Names its files.
    pub hash: String,
    /// Width of the upload in pixels.
    pub width: i32,
    /// Height of the upload in pixels.
    pub height: i32,
    /// The widths that it is kept in.
    pub widths: Vec<i32>,
    /// Its colours as a BlurHash; None for uploads from before there were any.
    pub blurhash: Option<String>,
    /// What it shows, in Indonesian.
    pub alt_id: String,
    /// What it shows, in English.
    pub alt_en: String,
}

/// A product with its parts, each in its order.
#[derive(Debug, Clone)]
pub struct Product {
    /// The product.
    pub row: ProductRow,
    /// Its texts by language.
    pub translations: Vec<TranslationRow>,
    /// What can be bought.
    pub variants: Vec<VariantRow>,
    /// Its pictures, the first one for lists.
    pub pictures: Vec<PictureRow>,
    /// Its own permits and certificates.
    pub certificates: Vec<ProductCertificateRow>,
}

impl Product {
    /// What a storefront would miss.
    fn missing(&self) -> Vec<&'static str> {
        let described = self.translations.iter().any(|t| !t.description.is_empty());
        let priced = self.variants.iter().any(|v| v.price_minor > 0);
        [
            (described, "a description in at least one language"),
            (priced, "a variant with a price above zero"),
            (!self.pictures.is_empty(), "a picture"),
        ]
        .into_iter()
        .filter_map(|(there, what)| (!there).then_some(what))
        .collect()
    }

    /// What the audit chain keeps of it.
    fn facts(&self) -> Value {
        json!({
            "merchant_id": self.row.merchant_id, "category_id": self.row.category_id, "slug": self.row.slug,
            "status": self.row.status, "details": self.row.details.facts(), "translations": translation::facts(&self.translations),
            "variants": self.variants.iter().map(variant::facts).collect::<Vec<_>>(),
            "media": picture::facts(&self.pictures), "video_url": self.row.video_url,
            "certificates": self.certificates.iter().map(certificate::facts).collect::<Vec<_>>(),
        })
    }
}

impl TenantTx<'_> {
    /// One product.
    pub async fn product(&mut self, id: ProductId) -> Result<Product> {
        let row = products::table
            .find((self.tenant(), id.uuid()))
            .select(ProductRow::as_select())
            .first::<ProductRow>(&mut **self)
            .await?;
        self.whole_product(row).await
    }

    /// One product, locked until the end of the transaction; leads and nominations may refer to it meanwhile.
    pub(crate) async fn lock_product(&mut self, id: ProductId) -> Result<ProductRow> {
        let row = products::table
            .find((self.tenant(), id.uuid()))
            .select(ProductRow::as_select())
            .for_no_key_update()
            .first::<ProductRow>(&mut **self)
            .await?;
        Ok(row)
    }

    /// Notes a change of a product. What was written of it may tell of its maker: it is sealed for the merchant.
    async fn record_product(
        &mut self,
        kind: EventKind,
        row: &ProductRow,
        before: Value,
        after: Value,
    ) -> Result<()> {
        let mut data = json!({ "slug": row.slug, "merchant_id": row.merchant_id, "status": row.status });
        // Whoever counts the products of a category learns that it has one less.
        if let Some(left) = before.get("category_id").filter(|left| **left != json!(row.category_id)) {
            data["left_category_id"] = left.clone();
        }
        let before = self.sealed_facts(row.merchant_id, before).await?;
        let after = self.sealed_facts(row.merchant_id, after).await?;
        let change = Change::new(kind, Subject("product", row.id)).data(data);
        self.record(change.from_to(before, after));
        Ok(())
    }

    /// Gives a locked product its next version, for a change of one of its parts.
    async fn touch_product(&mut self, id: ProductId) -> Result<ProductRow> {
        let row = diesel::update(products::table.find((self.tenant(), id.uuid())))
            .set((products::version.eq(products::version + 1), products::updated_at.eq(Utc::now())))
            .returning(ProductRow::as_returning())
            .get_result::<ProductRow>(&mut **self)
            .await?;
        Ok(row)
    }

    /// A merchant's state and NIB, which nobody changes until the end of the transaction.
    async fn hold_merchant(&mut self, id: Uuid) -> Result<(String, Option<String>)> {
        Ok(merchants::table
            .find((self.tenant(), id))
            .select((merchants::status, merchants::nib))
            .for_share()
            .first(&mut **self)
            .await?)
    }

    async fn whole_product(&mut self, row: ProductRow) -> Result<Product> {
        let whole = self.whole_products(vec![row]).await?.pop();
        whole.ok_or_else(|| Error::Internal("a product got lost among its parts".into()))
    }

    /// The parts of some products: four queries, however many products.
    async fn whole_products(&mut self, rows: Vec<ProductRow>) -> Result<Vec<Product>> {
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let translations = product_translations::table
            .filter(product_translations::aggregator_id.eq(self.tenant()))
            .filter(product_translations::product_id.eq_any(&ids))
            .order(product_translations::locale.desc())
            .select(TranslationRow::as_select())
            .load::<TranslationRow>(&mut **self)
            .await?;
        let variants = product_variants::table
            .filter(product_variants::aggregator_id.eq(self.tenant()))
            .filter(product_variants::product_id.eq_any(&ids))
            .order((product_variants::position, product_variants::id))
            .select(VariantRow::as_select())
            .load::<VariantRow>(&mut **self)
            .await?;
        let pictures = product_media::table
            .filter(product_media::aggregator_id.eq(self.tenant()))
            .filter(product_media::product_id.eq_any(&ids))
            .order(product_media::position)
            .select(PictureRow::as_select())
            .load::<PictureRow>(&mut **self)
            .await?;
        let certificates = product_certificates::table
            .filter(product_certificates::aggregator_id.eq(self.tenant()))
            .filter(product_certificates::product_id.eq_any(&ids))
            .order(product_certificates::kind)
            .select(ProductCertificateRow::as_select())
            .load::<ProductCertificateRow>(&mut **self)
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| Product {
                translations: translations.iter().filter(|t| t.product_id == row.id).cloned().collect(),
                variants: variants.iter().filter(|v| v.product_id == row.id).cloned().collect(),
                pictures: pictures.iter().filter(|p| p.product_id == row.id).cloned().collect(),
                certificates: certificates.iter().filter(|c| c.product_id == row.id).cloned().collect(),
                row,
            })
            .collect())
    }
}
