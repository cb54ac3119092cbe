//! Edits of a product as a whole, and the end of a draft.

use chrono::Utc;
use diesel::{ExpressionMethods, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{CategoryId, ProductId};
use kapal_domain::locale::Locale;
use kapal_domain::product::{ProductDescription, ProductName, ProductStatus};
use kapal_domain::slug::Slug;
use kapal_domain::{Code, Faults, Refusal};
use kapal_schema::products;
use serde_json::Value;

use super::{Product, ProductRow, Translation, TranslationRow};
use crate::identity::stored;
use crate::{Result, TenantTx};

/// What to change of a product: None keeps.
#[derive(Debug, Clone, Default)]
pub struct ProductChanges {
    /// What it is.
    pub category: Option<CategoryId>,
    /// Part of public addresses.
    pub slug: Option<Slug>,
    /// Texts by language: None removes them all.
    pub translations: Vec<(Locale, Option<TranslationChange>)>,
}

/// What to change of the texts in one language: None keeps.
#[derive(Debug, Clone, Default)]
pub struct TranslationChange {
    /// The name; new texts need one.
    pub name: Option<ProductName>,
    /// The description.
    pub description: Option<ProductDescription>,
}

impl TranslationChange {
    /// The texts after the change; None when they would be without a name.
    fn over(&self, old: Option<&TranslationRow>) -> Result<Option<Translation>> {
        let name = match (&self.name, old) {
            (Some(name), _) => name.clone(),
            (None, Some(old)) => stored(ProductName::parse(&old.name))?,
            (None, None) => return Ok(None),
        };
        let description = match &self.description {
            Some(description) => description.clone(),
            None => stored(ProductDescription::parse(old.map_or("", |old| &old.description)))?,
        };
        Ok(Some(Translation { name, description }))
    }
}

impl TenantTx<'_> {
    /// Edits a product whose version is still `expected`. A patch that says nothing changes nothing.
    pub async fn update_product(
        &mut self,
        id: ProductId,
        expected: i32,
        changes: &ProductChanges,
    ) -> Result<Product> {
        let row = self.lock_product(id).await?;
        row.must_be_at(expected)?;
        let before = self.whole_product(row).await?;
        if changes.category.is_none() && changes.slug.is_none() && changes.translations.is_empty() {
            return Ok(before);
        }
        before.row.must_be_open_to_edits()?;
        let mut faults = Faults::default();
        if let Some(category) = changes.category {
            self.check_category(&mut faults, category).await?;
        }
        let (written, removed) = merge(&mut faults, &before.translations, &changes.translations)?;
        faults.finish()?;
        if !removed.is_empty() {
            self.remove_translations(id, &removed).await?;
        }
        if !written.is_empty() {
            self.write_translations(id, &written).await?;
        }
        let category = changes.category.map_or(before.row.category_id, CategoryId::uuid);
        let slug = changes.slug.as_ref().map_or(before.row.slug.as_str(), Slug::as_str);
        let row = diesel::update(products::table.find((self.tenant(), id.uuid())))
            .set((
                products::category_id.eq(category),
                products::slug.eq(slug),
                products::version.eq(products::version + 1),
                products::updated_at.eq(Utc::now()),
            ))
            .returning(ProductRow::as_returning())
            .get_result::<ProductRow>(&mut **self)
            .await?;
        let after = self.whole_product(row).await?;
        self.record_product(EventKind::ProductUpdated, &after.row, before.facts(), after.facts()).await?;
        Ok(after)
    }

    /// Deletes a draft that no lead or nomination refers to.
    pub async fn delete_product(&mut self, id: ProductId, expected: i32) -> Result<()> {
        let row = self.lock_product(id).await?;
        row.must_be_at(expected)?;
        if row.status()? != ProductStatus::Draft {
            let why = format!("Only a draft is deleted; this is {}.", row.status);
            return Err(Refusal::because(Code::InUse, why).into());
        }
        let before = self.whole_product(row).await?;
        let deleted =
            diesel::delete(products::table.find((self.tenant(), id.uuid()))).execute(&mut **self).await;
        match deleted {
            Err(diesel::result::Error::DatabaseError(
                diesel::result::DatabaseErrorKind::ForeignKeyViolation,
                _,
            )) => {
                return Err(Code::InUse.into());
            }
            other => other?,
        };
        self.record_product(EventKind::ProductDeleted, &before.row, before.facts(), Value::Null).await?;
        Ok(())
    }
}

type Merged = (Vec<(Locale, Translation)>, Vec<&'static str>);

/// What to write and what to remove. New texts without a name are a fault, and so is the removal of the last ones.
fn merge(
    faults: &mut Faults,
    old: &[TranslationRow],
    changes: &[(Locale, Option<TranslationChange>)],
) -> Result<Merged> {
    let (mut written, mut removed) = (Vec::new(), Vec::new());
    for (locale, change) in changes {
        let old = old.iter().find(|t| t.locale == locale.as_str());
        match change {
            None => removed.push(locale.as_str()),
            Some(change) => match change.over(old)? {
                Some(texts) => written.push((*locale, texts)),
                None => faults.add(format!("/translations/{locale}/name"), Code::Required),
            },
        }
    }
    let one_stays = !written.is_empty() || old.iter().any(|t| !removed.contains(&t.locale.as_str()));
    if !one_stays && faults.is_empty() {
        faults.add_detail("/translations", Code::Required, "A product keeps at least one language.");
    }
    Ok((written, removed))
}
