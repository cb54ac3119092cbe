//! How a product begins.

use chrono::Utc;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{CategoryId, MerchantId, ProductId};
use kapal_domain::locale::Locale;
use kapal_domain::merchant::MerchantStatus;
use kapal_domain::product::ProductStatus;
use kapal_domain::slug::Slug;
use kapal_domain::{Code, Faults, Refusal};
use kapal_schema::{categories, merchants, products};
use serde_json::Value;

use super::{DetailChanges, Details, NewPicture, NewVariant, Product, ProductRow, Translation};
use crate::{Error, Result, TenantTx};

/// A product to be made.
#[derive(Debug, Clone)]
pub struct NewProduct {
    /// Whose it is.
    pub merchant: MerchantId,
    /// What it is.
    pub category: CategoryId,
    /// Its texts: at least one language, each once.
    pub translations: Vec<(Locale, Translation)>,
    /// What can be bought.
    pub variants: Vec<NewVariant>,
    /// Its pictures.
    pub pictures: Vec<NewPicture>,
    /// What else is said of it.
    pub details: DetailChanges,
}

impl NewProduct {
    /// The name that the slug is made of: the Indonesian one, else the first.
    fn slug(&self) -> Slug {
        let indonesian = self.translations.iter().find(|(locale, _)| *locale == Locale::Id);
        let texts = indonesian.or(self.translations.as_slice().first());
        Slug::from_name(texts.map_or("", |(_, text)| text.name.as_str()))
    }
}

impl TenantTx<'_> {
    /// Makes a product as a draft of a merchant that this actor sees.
    pub async fn insert_product(&mut self, new: &NewProduct) -> Result<Product> {
        let details = self.check_references(new).await?;
        let id = ProductId::new();
        let now = Utc::now();
        let base = new.slug();
        let mut slug = base.clone();
        let mut row = None;
        for attempt in 2.. {
            row = diesel::insert_into(products::table)
                .values((
                    products::aggregator_id.eq(self.tenant()),
                    products::id.eq(id.uuid()),
                    products::merchant_id.eq(new.merchant.uuid()),
                    products::category_id.eq(new.category.uuid()),
                    products::slug.eq(slug.as_str()),
                    products::status.eq(ProductStatus::Draft.as_str()),
                    &details,
                    products::created_at.eq(now),
                    products::updated_at.eq(now),
                ))
                .on_conflict((products::aggregator_id, products::slug))
                .do_nothing()
                .returning(ProductRow::as_returning())
                .get_result::<ProductRow>(&mut **self)
                .await
                .optional()?;
            if row.is_some() {
                break;
            }
            slug = base.with_suffix(crate::suffix(attempt));
        }
        let row = row.unwrap_or_else(|| unreachable!("the loop ends by an insert or an error"));
        self.write_translations(id, &new.translations).await?;
        self.insert_variants(id, 0, &new.variants).await?;
        self.insert_pictures(id, &new.pictures).await?;
        let product = self.whole_product(row).await?;
        self.record_product(EventKind::ProductCreated, &product.row, Value::Null, product.facts()).await?;
        Ok(product)
    }

    /// Every id of a new product that names nothing, and every detail that its category does not take, at once. The
    /// merchant is not archived meanwhile.
    async fn check_references(&mut self, new: &NewProduct) -> Result<Details> {
        let mut faults = Faults::default();
        let merchant = merchants::table
            .find((self.tenant(), new.merchant.uuid()))
            .select(merchants::status)
            .for_key_share()
            .first::<String>(&mut **self)
            .await
            .optional()?;
        if merchant.is_none() {
            faults.add("/merchant_id", Code::UnknownReference);
        }
        self.check_category(&mut faults, new.category).await?;
        self.check_pictures(&mut faults, "", &new.pictures).await?;
        let demands = self.demands_of(new.category).await?;
        let details = Details::unsaid(demands.is_food).change(&new.details, &demands, &[]);
        let details = match (details, faults.is_empty()) {
            (Ok(details), _) => Some(details),
            // Without a category there is nothing to judge the details by.
            (Err(Error::Invalid(_)), false) => None,
            (Err(error), _) => return Err(error),
        };
        faults.finish()?;
        if merchant.as_deref() == Some(MerchantStatus::Archived.as_str()) {
            return Err(Refusal::because(Code::MerchantNotActive, "The merchant is archived.").into());
        }
        details.ok_or_else(|| Error::Internal("details were refused without a fault".into()))
    }

    pub(super) async fn check_category(&mut self, faults: &mut Faults, id: CategoryId) -> Result<()> {
        let known = categories::table
            .find(id.uuid())
            .select(categories::id)
            .first::<uuid::Uuid>(&mut **self)
            .await
            .optional()?;
        if known.is_none() {
            faults.add("/category_id", Code::UnknownReference);
        }
        Ok(())
    }
}
