//! What an edit changes, field by field: plain, so that it can be stored, shown beside the product, and made later.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kapal_domain::legality::{IssuerName, Validity};
use kapal_domain::locale::Bilingual;
use kapal_domain::media::AltText;
use kapal_domain::product_certificate::{CertificateKind, CertificateNumber};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::details::said;
use super::super::{
    NewPicture, NewProductCertificate, PictureRow, Product, ProductCertificateRow, ProductChanges,
    TranslationChange,
};
use crate::Result;
use crate::identity::stored;

/// What fields say, by JSON pointer; null where there is nothing.
pub(crate) type Fields = BTreeMap<String, Value>;

/// What to change of a published product: a patch, in which later edits stand over earlier ones.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ProductEdit {
    pub product: ProductChanges,
    /// The pictures in order, all of them.
    pub pictures: Option<Vec<PictureChange>>,
    /// The address of the video; `Some(None)` takes it away.
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub video: Option<Option<String>>,
    /// By kind: None removes one.
    pub certificates: BTreeMap<String, Option<CertificateChange>>,
}

/// A picture that the product is to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PictureChange {
    pub media: Uuid,
    /// Names its files.
    pub hash: String,
    /// The widest of them.
    pub width: i32,
    pub alt_id: String,
    pub alt_en: String,
}

/// A certificate that the product is to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CertificateChange {
    pub number: String,
    pub written: String,
    pub issuer: Option<String>,
    pub issued_on: Option<NaiveDate>,
    pub expires_on: Option<NaiveDate>,
}

/// A field that a change request changes.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    /// Which, as a JSON pointer into the product.
    pub pointer: String,
    /// What it said when the edit was made.
    pub base: Value,
    /// What it says now; once the request is decided, what it said when the edit was made.
    pub from: Value,
    /// What it is to say.
    pub to: Value,
}

impl FieldChange {
    /// Whether the field says something else by now than when it was edited, and not what the edit says either.
    #[must_use]
    pub fn has_moved(&self) -> bool {
        self.from != self.base && self.from != self.to
    }
}

/// What edited fields change; those that change nothing are left out.
pub(super) fn difference(live: &Fields, base: &Fields, edited: Fields) -> Vec<FieldChange> {
    let change = |(pointer, to): (String, Value)| {
        let from = live.get(&pointer).cloned().unwrap_or_default();
        let base = base.get(&pointer).cloned().unwrap_or_else(|| from.clone());
        (from != to).then_some(FieldChange { pointer, base, from, to })
    };
    edited.into_iter().filter_map(change).collect()
}

impl PictureChange {
    fn value(&self) -> Value {
        picture(self.media, &self.hash, self.width, &self.alt_id, &self.alt_en)
    }

    pub(super) fn picture(&self) -> Result<NewPicture> {
        let alt = Bilingual {
            id: stored(AltText::parse(&self.alt_id))?,
            en: stored(AltText::parse(&self.alt_en))?,
        };
        Ok(NewPicture { media: self.media.into(), alt })
    }
}

impl From<&NewProductCertificate> for CertificateChange {
    fn from(new: &NewProductCertificate) -> Self {
        Self {
            number: new.number.as_str().to_owned(),
            written: new.number.written().to_owned(),
            issuer: new.issuer.as_ref().map(ToString::to_string),
            issued_on: new.validity.issued_on(),
            expires_on: new.validity.expires_on(),
        }
    }
}

impl From<&ProductCertificateRow> for CertificateChange {
    fn from(row: &ProductCertificateRow) -> Self {
        Self {
            number: row.number.clone(),
            written: row.written.clone(),
            issuer: row.issuer.clone(),
            issued_on: row.issued_on,
            expires_on: row.expires_on,
        }
    }
}

impl CertificateChange {
    pub(super) fn certificate(&self, kind: CertificateKind) -> Result<NewProductCertificate> {
        Ok(NewProductCertificate {
            kind,
            number: stored(CertificateNumber::parse(kind, &self.written))?,
            issuer: stored(self.issuer.as_deref().map(IssuerName::parse).transpose())?,
            validity: stored(Validity::new(self.issued_on, self.expires_on))?,
        })
    }
}

impl ProductEdit {
    /// The edit with a later one over it.
    pub(super) fn amended_by(mut self, later: Self) -> Self {
        let (old, new) = (&mut self.product, later.product);
        old.category = new.category.or(old.category);
        old.slug = new.slug.or(old.slug.take());
        for (locale, change) in new.translations {
            let change = match (old.translations.remove(&locale), change) {
                (Some(Some(old)), Some(new)) => Some(TranslationChange {
                    name: new.name.or(old.name),
                    description: new.description.or(old.description),
                }),
                // The texts were to go: what is said now begins anew.
                (Some(None), Some(new)) => Some(TranslationChange {
                    name: new.name,
                    description: new.description.or_else(|| Some(String::new())),
                }),
                (_, change) => change,
            };
            old.translations.insert(locale, change);
        }
        let (old, new) = (&mut old.details, new.details);
        old.halal_status = new.halal_status.or(old.halal_status);
        old.attributes.extend(new.attributes);
        old.options = new.options.or(old.options.take());
        old.lead_time_days = new.lead_time_days.or(old.lead_time_days);
        old.monthly_capacity = new.monthly_capacity.or(old.monthly_capacity);
        old.minimum_order = new.minimum_order.or(old.minimum_order);
        old.hs_code = new.hs_code.or(old.hs_code.take());
        old.origin_country = new.origin_country.or(old.origin_country.take());
        old.tags = new.tags.or(old.tags.take());
        self.pictures = later.pictures.or(self.pictures);
        self.video = later.video.or(self.video);
        self.certificates.extend(later.certificates);
        self
    }

    /// The fields that it names, and what they are to say.
    pub(super) fn fields(&self) -> Fields {
        let ProductChanges { category, slug, translations, details } = &self.product;
        let mut fields = Fields::new();
        put(&mut fields, "/category_id", category.as_ref());
        put(&mut fields, "/slug", slug.as_ref());
        for (locale, change) in translations {
            let gone = TranslationChange::default();
            let change = change.as_ref().unwrap_or_else(|| {
                put(&mut fields, &format!("/translations/{locale}/name"), Some(&Value::Null));
                put(&mut fields, &format!("/translations/{locale}/description"), Some(&Value::Null));
                &gone
            });
            put(&mut fields, &format!("/translations/{locale}/name"), change.name.as_ref());
            put(&mut fields, &format!("/translations/{locale}/description"), change.description.as_ref());
        }
        put(&mut fields, "/halal_status", details.halal_status.as_ref());
        for (key, value) in &details.attributes {
            put(&mut fields, &format!("/attributes/{key}"), Some(value));
        }
        put(&mut fields, "/options", details.options.as_ref());
        put(&mut fields, "/lead_time_days", details.lead_time_days.as_ref());
        put(&mut fields, "/monthly_capacity", details.monthly_capacity.as_ref());
        put(&mut fields, "/minimum_order", details.minimum_order.as_ref());
        put(&mut fields, "/hs_code", details.hs_code.as_ref());
        put(&mut fields, "/origin_country", details.origin_country.as_ref());
        put(&mut fields, "/tags", details.tags.as_ref());
        let pictures =
            self.pictures.as_ref().map(|all| all.iter().map(PictureChange::value).collect::<Value>());
        put(&mut fields, "/media", pictures.as_ref());
        put(&mut fields, "/video_url", self.video.as_ref());
        for (kind, certificate) in &self.certificates {
            put(&mut fields, &format!("/certificates/{kind}"), Some(certificate));
        }
        fields
    }
}

/// Notes a field that is named. Our values have no maps with other keys than text, so this can't fail.
fn put<T: Serialize>(fields: &mut Fields, pointer: &str, value: Option<&T>) {
    fields.extend(value.map(|value| (pointer.to_owned(), json!(value))));
}

fn picture(media: Uuid, hash: &str, width: i32, alt_id: &str, alt_en: &str) -> Value {
    json!({ "media_id": media, "hash": hash, "width": width, "alt": { "id": alt_id, "en": alt_en } })
}

/// What the reviewed fields of a product say now.
pub(super) fn fields_of(product: &Product) -> Result<Fields> {
    let details = &product.row.details;
    let mut fields = Fields::from([
        ("/category_id".to_owned(), json!(product.row.category_id)),
        ("/slug".to_owned(), json!(product.row.slug)),
        ("/halal_status".to_owned(), json!(details.halal_status)),
        ("/options".to_owned(), json!(details.options()?)),
        ("/lead_time_days".to_owned(), json!(details.lead_time_days)),
        ("/monthly_capacity".to_owned(), json!(details.monthly_capacity)),
        ("/minimum_order".to_owned(), json!(details.minimum_order)),
        ("/hs_code".to_owned(), json!(details.hs_code)),
        ("/origin_country".to_owned(), json!(details.origin_country)),
        ("/tags".to_owned(), json!(details.tags)),
        ("/video_url".to_owned(), json!(product.row.video_url)),
    ]);
    for texts in &product.translations {
        put(&mut fields, &format!("/translations/{}/name", texts.locale), Some(&texts.name));
        put(&mut fields, &format!("/translations/{}/description", texts.locale), Some(&texts.description));
    }
    for (key, value) in details.attributes()? {
        put(&mut fields, &format!("/attributes/{key}"), Some(&value));
    }
    let shown = |row: &PictureRow| {
        let widest = row.widths.iter().copied().max().unwrap_or_default();
        picture(row.media_id, &row.hash, widest, &row.alt_id, &row.alt_en)
    };
    put(&mut fields, "/media", Some(&product.pictures.iter().map(shown).collect::<Value>()));
    for certificate in &product.certificates {
        let value = CertificateChange::from(certificate);
        put(&mut fields, &format!("/certificates/{}", certificate.kind), Some(&value));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::super::super::DetailChanges;
    use super::*;

    fn texts(name: Option<&str>, description: Option<&str>) -> Option<TranslationChange> {
        Some(TranslationChange { name: name.map(str::to_owned), description: description.map(str::to_owned) })
    }

    fn translated(locale: &str, change: Option<TranslationChange>) -> ProductEdit {
        let translations = BTreeMap::from([(locale.to_owned(), change)]);
        ProductEdit { product: ProductChanges { translations, ..Default::default() }, ..Default::default() }
    }

    #[test]
    fn a_later_edit_stands_over_an_earlier_one_field_by_field() {
        let first = translated("id", texts(Some("Kopi"), None));
        let second = translated("id", texts(None, Some("Sangrai.")));
        let both = first.clone().amended_by(second);
        assert_eq!(
            both.fields(),
            Fields::from([
                ("/translations/id/name".into(), json!("Kopi")),
                ("/translations/id/description".into(), json!("Sangrai.")),
            ])
        );
        let gone = both.amended_by(translated("id", None));
        assert_eq!(gone.fields()["/translations/id/name"], Value::Null);
        let anew = gone.amended_by(first).fields();
        assert_eq!(
            anew["/translations/id/description"],
            json!(""),
            "the old description went with the texts"
        );
    }

    #[test]
    fn an_edit_is_stored_and_read_back_as_it_was() {
        let details = DetailChanges {
            attributes: BTreeMap::from([("roast".into(), None)]),
            lead_time_days: Some(None),
            ..Default::default()
        };
        let picture = PictureChange {
            media: Uuid::nil(),
            hash: "aa".into(),
            width: 640,
            alt_id: "Kopi".into(),
            alt_en: String::new(),
        };
        let edit = ProductEdit {
            product: ProductChanges { details, ..Default::default() },
            pictures: Some(vec![picture]),
            video: Some(None),
            certificates: BTreeMap::from([("halal".into(), None)]),
        }
        .amended_by(translated("en", None));
        let value = json!(edit);
        assert_eq!(serde_json::from_value::<ProductEdit>(value).expect("the same"), edit);
        let named: Vec<_> = edit.fields().into_keys().collect();
        assert_eq!(
            named,
            [
                "/attributes/roast",
                "/certificates/halal",
                "/lead_time_days",
                "/media",
                "/translations/en/description",
                "/translations/en/name",
                "/video_url"
            ]
        );
        assert_eq!(serde_json::from_str::<ProductEdit>("{}").expect("nothing"), ProductEdit::default());
    }

    #[test]
    fn a_field_has_moved_when_it_says_neither_what_it_said_nor_what_it_is_to_say() {
        let fields = |name: &str| Fields::from([("/slug".to_owned(), json!(name))]);
        let moved = |live: &str| {
            let changes = difference(&fields(live), &fields("a"), fields("b"));
            changes.first().map(FieldChange::has_moved)
        };
        assert_eq!((moved("a"), moved("c"), moved("b")), (Some(false), Some(true), None));
    }
}
