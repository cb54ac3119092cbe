//! A product's texts, one set per language; at least one stays.

use std::collections::BTreeMap;

use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use diesel::{ExpressionMethods, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::ProductId;
use kapal_domain::locale::Locale;
use kapal_domain::product::{ProductDescription, ProductName};
use kapal_domain::{Code, Refusal};
use kapal_schema::product_translations;
use serde_json::{Value, json};
use uuid::Uuid;

use super::change_request::ProductEdit;
use super::{Edited, ProductChanges, ProductRow, TranslationChange, TranslationRow};
use crate::sql::sql;
use crate::{Error, Result, TenantTx};

/// A product's texts in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translation {
    /// The name.
    pub name: ProductName,
    /// The description; may be empty.
    pub description: ProductDescription,
}

sql! {
    /// Writes texts over those of the same languages.
    WriteTranslations {
        aggregator: Uuid => SqlUuid, product: Uuid => SqlUuid, locales: Vec<&'static str> => Array<Text>,
        names: Vec<String> => Array<Text>, descriptions: Vec<String> => Array<Text>,
    }
    "INSERT INTO product_translations (aggregator_id, product_id, locale, name, description)
     SELECT $1, $2, t.locale, t.name, t.description FROM unnest($3, $4, $5) AS t (locale, name, description)
     ON CONFLICT (aggregator_id, product_id, locale)
     DO UPDATE SET name = excluded.name, description = excluded.description"
}

impl TenantTx<'_> {
    /// Sets a product's texts in one language. New texts need no version, an equal repetition changes nothing, and
    /// replacing other texts needs the product's present version; with `only_new` nothing is replaced. True when the
    /// texts are new. Those of a published product go to review.
    pub async fn put_translation(
        &mut self,
        id: ProductId,
        expected: Option<i32>,
        only_new: bool,
        locale: Locale,
        new: &Translation,
    ) -> Result<Edited<(ProductRow, bool)>> {
        let row = self.lock_product(id).await?;
        let before = self.translations(id).await?;
        let old = before.iter().find(|t| t.locale == locale.as_str());
        if let Some(old) = old {
            if only_new {
                return Err(Error::Stale(row.version));
            }
            let is_same = old.name == new.name.as_str() && old.description == new.description.as_str();
            if is_same && !self.is_asked(&row, locale).await? {
                return Ok(Edited::Made((row, false)));
            }
            if expected.is_none() {
                return Err(Code::PreconditionRequired.into());
            }
        }
        if let Some(expected) = expected {
            row.must_be_at(expected)?;
        }
        if row.is_reviewed()? {
            let change = TranslationChange {
                name: Some(new.name.to_string()),
                description: Some(new.description.to_string()),
            };
            return self
                .ask_for_texts(row, locale, Some(change))
                .await
                .map(|asked| asked.map(|row| (row, false)));
        }
        self.write_translations(id, &[(locale, new.clone())]).await?;
        let row = self.touch_product(id).await?;
        let was = old.map_or(Value::Null, |old| json!({ "translations": facts(std::slice::from_ref(old)) }));
        let texts = json!({ "name": new.name.as_str(), "description": new.description.as_str() });
        let is = json!({ "translations": { locale.as_str(): texts } });
        self.record_product(EventKind::ProductUpdated, &row, was, is).await?;
        Ok(Edited::Made((row, old.is_none())))
    }

    /// Removes a product's texts in one language, unless it is the last. Of a published product this goes to review, and
    /// texts that are only asked for are asked for no more.
    pub async fn delete_translation(
        &mut self,
        id: ProductId,
        expected: i32,
        locale: Locale,
    ) -> Result<Edited<()>> {
        let row = self.lock_product(id).await?;
        let before = self.translations(id).await?;
        let old = before.iter().find(|t| t.locale == locale.as_str());
        if old.is_none() && !self.is_asked(&row, locale).await? {
            return Err(Error::NotFound);
        }
        row.must_be_at(expected)?;
        if row.is_reviewed()? {
            return self.ask_for_texts(row, locale, None).await.map(|asked| asked.map(|_| ()));
        }
        let Some(old) = old else { return Err(Error::NotFound) };
        if before.len() == 1 {
            return Err(
                Refusal::because(Code::ProductIncomplete, "A product keeps at least one language.").into()
            );
        }
        self.remove_translations(id, &[locale.as_str()]).await?;
        let row = self.touch_product(id).await?;
        let was = json!({ "translations": facts(std::slice::from_ref(old)) });
        self.record_product(EventKind::ProductUpdated, &row, was, Value::Null).await?;
        Ok(Edited::Made(()))
    }

    /// Whether a change of the texts in one language waits for review.
    async fn is_asked(&mut self, product: &ProductRow, locale: Locale) -> Result<bool> {
        Ok(product.is_published()?
            && self.edit_under_way(product).await?.product.translations.contains_key(locale.as_str()))
    }

    async fn ask_for_texts(
        &mut self,
        row: ProductRow,
        locale: Locale,
        change: Option<TranslationChange>,
    ) -> Result<Edited<ProductRow>> {
        let translations = BTreeMap::from([(locale.as_str().to_owned(), change)]);
        let product = ProductChanges { translations, ..ProductChanges::default() };
        let before = self.whole_product(row).await?;
        let asked = self.ask_for_review(before, ProductEdit { product, ..ProductEdit::default() }).await?;
        Ok(asked.map(|product| product.row))
    }

    pub(super) async fn translations(&mut self, id: ProductId) -> Result<Vec<TranslationRow>> {
        Ok(product_translations::table
            .filter(product_translations::aggregator_id.eq(self.tenant()))
            .filter(product_translations::product_id.eq(id.uuid()))
            .select(TranslationRow::as_select())
            .load(&mut **self)
            .await?)
    }

    pub(super) async fn write_translations(
        &mut self,
        id: ProductId,
        texts: &[(Locale, Translation)],
    ) -> Result<()> {
        WriteTranslations {
            aggregator: self.tenant(),
            product: id.uuid(),
            locales: texts.iter().map(|(locale, _)| locale.as_str()).collect(),
            names: texts.iter().map(|(_, text)| text.name.to_string()).collect(),
            descriptions: texts.iter().map(|(_, text)| text.description.to_string()).collect(),
        }
        .execute(&mut **self)
        .await?;
        Ok(())
    }

    pub(super) async fn remove_translations(&mut self, id: ProductId, locales: &[&str]) -> Result<()> {
        diesel::delete(
            product_translations::table
                .filter(product_translations::aggregator_id.eq(self.tenant()))
                .filter(product_translations::product_id.eq(id.uuid()))
                .filter(product_translations::locale.eq_any(locales)),
        )
        .execute(&mut **self)
        .await?;
        Ok(())
    }
}

pub(super) fn facts(texts: &[TranslationRow]) -> Value {
    let text = |t: &TranslationRow| json!({ "name": t.name, "description": t.description });
    Value::Object(texts.iter().map(|t| (t.locale.clone(), text(t))).collect())
}
