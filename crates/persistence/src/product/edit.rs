//! Edits of a product as a whole, and the end of a draft.

use std::collections::BTreeMap;

use chrono::Utc;
use diesel::{ExpressionMethods, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{CategoryId, ProductId};
use kapal_domain::locale::Locale;
use kapal_domain::product::{ProductDescription, ProductName, ProductStatus};
use kapal_domain::{Code, Faults, Refusal};
use kapal_schema::products;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::change_request::ProductEdit;
use super::{DetailChanges, Details, Edited, Product, ProductRow, Translation, TranslationRow};
use crate::identity::stored;
use crate::{Result, TenantTx};

/// What to change of a product: checked already as far as this needs no look at other things, and plain, so that a change
/// can be made at once, or stored, reviewed and made later. None keeps.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProductChanges {
    /// What it is.
    pub category: Option<CategoryId>,
    /// Part of public addresses.
    pub slug: Option<String>,
    /// Texts by language: None removes them all.
    pub translations: BTreeMap<String, Option<TranslationChange>>,
    /// What else is said of it.
    pub details: DetailChanges,
}

/// What to change of the texts in one language: None keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TranslationChange {
    /// The name; new texts need one.
    pub name: Option<String>,
    /// The description.
    pub description: Option<String>,
}

impl TranslationChange {
    /// The texts after the change; None when they would be without a name.
    fn over(&self, old: Option<&TranslationRow>) -> Result<Option<Translation>> {
        let Some(name) = self.name.as_deref().or(old.map(|old| old.name.as_str())) else { return Ok(None) };
        let old = old.map_or("", |old| old.description.as_str());
        let description = self.description.as_deref().unwrap_or(old);
        Ok(Some(Translation {
            name: stored(ProductName::parse(name))?,
            description: stored(ProductDescription::parse(description))?,
        }))
    }
}

impl ProductChanges {
    /// Whether any of it is reviewed: all but the terms of sale, which count at once, as price and stock do.
    fn needs_review(&self) -> bool {
        let DetailChanges { lead_time_days, monthly_capacity, minimum_order, .. } = self.details;
        let terms =
            DetailChanges { lead_time_days, monthly_capacity, minimum_order, ..DetailChanges::default() };
        *self != Self { details: terms, ..Self::default() }
    }
}

/// How a product is after an edit, as far as the rules allow it: nothing is written yet.
pub(super) struct Plan<'a> {
    category: CategoryId,
    pub(super) details: Details,
    written: Vec<(Locale, Translation)>,
    removed: Vec<&'a str>,
}

impl TenantTx<'_> {
    /// Edits a product whose version is still `expected`. A patch that says nothing changes nothing; one that names a
    /// reviewed field of a published product goes to review as a whole.
    pub async fn update_product(
        &mut self,
        id: ProductId,
        expected: i32,
        changes: &ProductChanges,
    ) -> Result<Edited<Product>> {
        let row = self.lock_product(id).await?;
        row.must_be_at(expected)?;
        let before = self.whole_product(row).await?;
        if *changes == ProductChanges::default() {
            return Ok(Edited::Made(before));
        }
        let is_published = before.row.is_reviewed()?;
        if is_published && changes.needs_review() {
            let edit = ProductEdit { product: changes.clone(), ..ProductEdit::default() };
            return self.ask_for_review(before, edit).await;
        }
        let row = self.write_product_changes(&before, changes).await?;
        let after = self.whole_product(row).await?;
        self.record_product(EventKind::ProductUpdated, &after.row, before.facts(), after.facts()).await?;
        if is_published {
            self.project_product(id).await?;
        }
        Ok(Edited::Made(after))
    }

    /// Judges changes of a product that is locked.
    pub(super) async fn plan_product_changes<'a>(
        &mut self,
        before: &Product,
        changes: &'a ProductChanges,
    ) -> Result<Plan<'a>> {
        let mut faults = Faults::default();
        if let Some(category) = changes.category {
            self.check_category(&mut faults, category).await?;
        }
        let (written, removed) = merge(&mut faults, &before.translations, &changes.translations)?;
        faults.finish()?;
        let category = changes.category.unwrap_or(before.row.category_id.into());
        let demands = self.demands_of(category).await?;
        let details = before.row.details.change(&changes.details, &demands, &before.variants)?;
        Ok(Plan { category, details, written, removed })
    }

    /// Makes changes of a product that is locked, and where they may be made.
    pub(super) async fn write_product_changes(
        &mut self,
        before: &Product,
        changes: &ProductChanges,
    ) -> Result<ProductRow> {
        let id = before.row.id();
        let Plan { category, details, written, removed } = self.plan_product_changes(before, changes).await?;
        if !removed.is_empty() {
            self.remove_translations(id, &removed).await?;
        }
        if !written.is_empty() {
            self.write_translations(id, &written).await?;
        }
        Ok(diesel::update(products::table.find((self.tenant(), id.uuid())))
            .set((
                products::category_id.eq(category.uuid()),
                products::slug.eq(changes.slug.as_deref().unwrap_or(&before.row.slug)),
                &details,
                products::version.eq(products::version + 1),
                products::updated_at.eq(Utc::now()),
            ))
            .returning(ProductRow::as_returning())
            .get_result::<ProductRow>(&mut **self)
            .await?)
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

type Merged<'a> = (Vec<(Locale, Translation)>, Vec<&'a str>);

/// What to write and what to remove. New texts without a name are a fault, and so is the removal of the last ones.
fn merge<'a>(
    faults: &mut Faults,
    old: &[TranslationRow],
    changes: &'a BTreeMap<String, Option<TranslationChange>>,
) -> Result<Merged<'a>> {
    let (mut written, mut removed) = (Vec::new(), Vec::new());
    for (locale, change) in changes {
        let old = old.iter().find(|t| t.locale == *locale);
        match change {
            None => removed.push(locale.as_str()),
            Some(change) => match change.over(old)? {
                Some(texts) => written.push((stored(Locale::parse(locale))?, texts)),
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
