//! What clients send about products, and how it becomes domain values.

use std::collections::BTreeMap;
use std::collections::btree_map::Iter;

use kapal_domain::attribute::AttributeValue;
use kapal_domain::ids::MediaId;
use kapal_domain::locale::{Bilingual, Locale};
use kapal_domain::media::AltText;
use kapal_domain::product::{MAX_PICTURES, MAX_VARIANTS, ProductDescription, ProductName, ProductStatus};
use kapal_domain::product_option::{ProductOption, check_choices};
use kapal_domain::slug::Slug;
use kapal_domain::{Code, Faults};
use kapal_persistence::{
    NewPicture, NewProduct, NewVariant, ProductChanges, ProductFilter, Translation, TranslationChange,
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::details::{DetailFields, OptionView};
use super::view::{AltView, TranslationView};
use crate::Problem;
use crate::json::Patch;
use crate::path::parse_id;
use crate::query::{one, several};
use crate::variant::VariantCreate;

/// A product to make.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ProductCreate {
    /// Whose it is.
    #[schema(format = "uuid", max_length = 36, example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11")]
    merchant_id: String,
    /// What it is: see `/v1/categories`.
    #[schema(format = "uuid", max_length = 36, example = "00000000-0000-7000-8000-000000000102")]
    category_id: String,
    /// Its texts by language, `id` or `en`: at least one.
    #[schema(example = json!({ "id": { "name": "Kopi Arabika Toraja", "description": "Dipetik merah di 1.500 meter." } }))]
    translations: BTreeMap<String, TranslationView>,
    /// What can be bought, in order.
    #[serde(default)]
    #[schema(max_items = 50)]
    variants: Vec<VariantCreate>,
    /// Ids of uploaded pictures, in order: the first one for lists.
    #[serde(default)]
    #[schema(max_items = 12, example = json!([]))]
    media: Vec<String>,
    /// What it says of being halal: `certified`, `in_process`, `declared_non_halal`, or, where it is no food,
    /// `not_applicable`. Left away: `in_process` for food.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "in_process", max_length = 20)]
    halal_status: Patch<String>,
    /// Answers to what its category asks, by key: texts by language, a number, the key of a choice, or true or false; null
    /// takes one back.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, serde_json::Value>>, example = json!({}))]
    attributes: Patch<BTreeMap<String, Option<AttributeValue>>>,
    /// What its variants differ in, each variant with one value of each.
    #[serde(default)]
    #[schema(value_type = Option<Vec<OptionView>>, example = json!([]), max_items = 3)]
    options: Patch<Vec<OptionView>>,
    /// Days from an order until it is sent.
    #[serde(default)]
    #[schema(value_type = Option<i32>, example = 3, minimum = 0, maximum = 365)]
    lead_time_days: Patch<i64>,
    /// Pieces that can be made in a month.
    #[serde(default)]
    #[schema(value_type = Option<i32>, example = 400, minimum = 1, maximum = 1_000_000)]
    monthly_capacity: Patch<i64>,
    /// The fewest pieces of one order; a variant may have its own.
    #[serde(default)]
    #[schema(value_type = Option<i32>, example = 1, minimum = 1, maximum = 100_000)]
    minimum_order: Patch<i64>,
    /// Its code of the Harmonized System, 6 to 8 digits.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "0901.21.20", max_length = 12)]
    hs_code: Patch<String>,
    /// Where it was made (ISO 3166-1).
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "ID", min_length = 2, max_length = 2)]
    origin_country: Patch<String>,
    /// Slugs that rules of collections ask for.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, example = json!(["oleh-oleh"]), max_items = 20)]
    tags: Patch<Vec<String>>,
}

impl ProductCreate {
    pub(super) fn parse(&self) -> Result<NewProduct, Faults> {
        let mut faults = Faults::default();
        let merchant = faults.take("/merchant_id", parse_id(&self.merchant_id));
        let category = faults.take("/category_id", parse_id(&self.category_id));
        if self.translations.is_empty() {
            faults.add("/translations", Code::Required);
        }
        let mut translations = Vec::new();
        for (locale, texts) in locales(&mut faults, self.translations.iter()) {
            let mut inner = Faults::default();
            translations.extend(texts.parse(&mut inner).map(|texts| (locale, texts)));
            faults.nest(&format!("/translations/{locale}"), inner);
        }
        let details = self.details().parse(&mut faults);
        let options = details.as_ref().and_then(|details| details.options.as_deref());
        let variants = parse_variants(&mut faults, &self.variants, options.unwrap_or_default());
        let pictures = pictures(&mut faults, "", self.media.iter().map(|id| (id.as_str(), None)));
        let (Some(merchant), Some(category), Some(details), true) =
            (merchant, category, details, faults.is_empty())
        else {
            return Err(faults);
        };
        Ok(NewProduct { merchant, category, translations, variants, pictures, details })
    }

    fn details(&self) -> DetailFields<'_> {
        DetailFields {
            halal_status: &self.halal_status,
            attributes: &self.attributes,
            options: &self.options,
            lead_time_days: &self.lead_time_days,
            monthly_capacity: &self.monthly_capacity,
            minimum_order: &self.minimum_order,
            hs_code: &self.hs_code,
            origin_country: &self.origin_country,
            tags: &self.tags,
        }
    }
}

impl TranslationView {
    pub(super) fn parse(&self, faults: &mut Faults) -> Option<Translation> {
        let name = faults.take("/name", ProductName::parse(&self.name));
        let description = faults.take("/description", ProductDescription::parse(&self.description));
        Some(Translation { name: name?, description: description? })
    }
}

fn parse_variants(
    faults: &mut Faults,
    bodies: &[VariantCreate],
    options: &[ProductOption],
) -> Vec<NewVariant> {
    if bodies.len() > MAX_VARIANTS {
        faults.add("/variants", Code::TooLong);
        return Vec::new();
    }
    let mut variants: Vec<NewVariant> = Vec::new();
    for (n, body) in bodies.iter().enumerate() {
        let mut inner = Faults::default();
        if let Some(variant) = body.parse(&mut inner) {
            if variant.sku.is_some() && variants.iter().any(|v| v.sku == variant.sku) {
                inner.add("/sku", Code::DuplicateEntry);
            }
            let barcode = &variant.details.barcode;
            if barcode.is_some() && variants.iter().any(|v| v.details.barcode == *barcode) {
                inner.add("/barcode", Code::DuplicateEntry);
            }
            let chosen = body.choices();
            inner.nest("", check_choices(options, &chosen));
            if !chosen.is_empty() && bodies[..n].iter().any(|other| other.choices() == chosen) {
                inner.add("/options", Code::DuplicateEntry);
            }
            variants.push(variant);
        }
        faults.nest(&format!("/variants/{n}"), inner);
    }
    variants
}

/// Pictures named at `/media/{n}` and what follows it, each once.
fn pictures<'a>(
    faults: &mut Faults,
    rest: &str,
    named: impl ExactSizeIterator<Item = (&'a str, Option<&'a AltView>)>,
) -> Vec<NewPicture> {
    if named.len() > MAX_PICTURES {
        faults.add("/media", Code::TooLong);
        return Vec::new();
    }
    let mut pictures: Vec<NewPicture> = Vec::new();
    for (n, (id, alt)) in named.enumerate() {
        let media = faults.take(format!("/media/{n}{rest}"), parse_id::<MediaId>(id));
        let mut text = |language: &str, text: &str| {
            faults.take(format!("/media/{n}/alt/{language}"), AltText::parse(text))
        };
        let id = text("id", alt.map_or("", |alt| &alt.id));
        let en = text("en", alt.map_or("", |alt| &alt.en));
        let (Some(media), Some(id), Some(en)) = (media, id, en) else { continue };
        if pictures.iter().any(|picture| picture.media == media) {
            faults.add(format!("/media/{n}{rest}"), Code::DuplicateEntry);
        }
        pictures.push(NewPicture { media, alt: Bilingual { id, en } });
    }
    pictures
}

/// The entries whose key is a language of ours; every other key is a fault.
fn locales<'a, T>(faults: &mut Faults, entries: Iter<'a, String, T>) -> Vec<(Locale, &'a T)> {
    let named = entries.filter_map(|(key, value)| {
        let pointer = format!("/translations/{}", key.replace('~', "~0").replace('/', "~1"));
        faults.take(pointer, Locale::parse(key)).map(|locale| (locale, value))
    });
    named.collect()
}

/// What to change of a product (RFC 7396): absent keeps.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ProductPatch {
    /// What it is.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uuid", max_length = 36, example = "00000000-0000-7000-8000-000000000102")]
    category_id: Patch<String>,
    /// Part of public addresses.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "kopi-arabika-toraja", min_length = 2, max_length = 80)]
    slug: Patch<String>,
    /// Texts to change by language; null removes those of a language, but one language stays.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, TranslationPatch>>, example = json!({ "en": { "name": "Toraja Arabica Coffee" } }))]
    translations: Patch<BTreeMap<String, Patch<TranslationPatch>>>,
    /// What it says of being halal: `certified`, `in_process`, `declared_non_halal`, or, where it is no food,
    /// `not_applicable`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "in_process", max_length = 20)]
    halal_status: Patch<String>,
    /// Answers to what its category asks, by key: texts by language, a number, the key of a choice, or true or false; null
    /// takes one back.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, serde_json::Value>>, example = json!({}))]
    attributes: Patch<BTreeMap<String, Option<AttributeValue>>>,
    /// What its variants differ in, each variant with one value of each.
    #[serde(default)]
    #[schema(value_type = Option<Vec<OptionView>>, example = json!([]), max_items = 3)]
    options: Patch<Vec<OptionView>>,
    /// Days from an order until it is sent.
    #[serde(default)]
    #[schema(value_type = Option<i32>, example = 3, minimum = 0, maximum = 365)]
    lead_time_days: Patch<i64>,
    /// Pieces that can be made in a month.
    #[serde(default)]
    #[schema(value_type = Option<i32>, example = 400, minimum = 1, maximum = 1_000_000)]
    monthly_capacity: Patch<i64>,
    /// The fewest pieces of one order; a variant may have its own.
    #[serde(default)]
    #[schema(value_type = Option<i32>, example = 1, minimum = 1, maximum = 100_000)]
    minimum_order: Patch<i64>,
    /// Its code of the Harmonized System, 6 to 8 digits.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "0901.21.20", max_length = 12)]
    hs_code: Patch<String>,
    /// Where it was made (ISO 3166-1).
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "ID", min_length = 2, max_length = 2)]
    origin_country: Patch<String>,
    /// Slugs that rules of collections ask for.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, example = json!(["oleh-oleh"]), max_items = 20)]
    tags: Patch<Vec<String>>,
}

/// What to change of a product's texts in one language: absent keeps.
#[derive(Debug, Deserialize, ToSchema)]
pub struct TranslationPatch {
    /// The name.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Toraja Arabica Coffee", min_length = 2, max_length = 150)]
    name: Patch<String>,
    /// The description; null empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Picked red at 1,500 metres.", max_length = 5000)]
    description: Patch<String>,
}

impl ProductPatch {
    pub(super) fn parse(&self) -> Result<ProductChanges, Faults> {
        let mut faults = Faults::default();
        let category = self.category_id.required(&mut faults, "/category_id", |v| parse_id(v));
        let slug =
            self.slug.required(&mut faults, "/slug", |v| Slug::parse(v).map(|slug| slug.as_str().to_owned()));
        let details = self.details().parse(&mut faults);
        let mut translations = BTreeMap::new();
        match &self.translations {
            Patch::Keep => {}
            Patch::Clear => faults.add("/translations", Code::Required),
            Patch::Set(texts) => {
                for (locale, change) in locales(&mut faults, texts.iter()) {
                    let mut inner = Faults::default();
                    let change = match change {
                        Patch::Set(change) => change.parse(&mut inner).map(Some),
                        _ => Some(None),
                    };
                    translations.extend(change.map(|change| (locale.as_str().to_owned(), change)));
                    faults.nest(&format!("/translations/{locale}"), inner);
                }
            }
        }
        let (Some(category), Some(slug), Some(details), true) = (category, slug, details, faults.is_empty())
        else {
            return Err(faults);
        };
        Ok(ProductChanges { category, slug, translations, details })
    }

    fn details(&self) -> DetailFields<'_> {
        DetailFields {
            halal_status: &self.halal_status,
            attributes: &self.attributes,
            options: &self.options,
            lead_time_days: &self.lead_time_days,
            monthly_capacity: &self.monthly_capacity,
            minimum_order: &self.minimum_order,
            hs_code: &self.hs_code,
            origin_country: &self.origin_country,
            tags: &self.tags,
        }
    }
}

impl TranslationPatch {
    fn parse(&self, faults: &mut Faults) -> Option<TranslationChange> {
        let name = self.name.required(faults, "/name", |v| ProductName::parse(v).map(String::from));
        let description = match &self.description {
            Patch::Keep => Some(None),
            Patch::Clear => Some(Some(String::new())),
            Patch::Set(v) => {
                faults.take("/description", ProductDescription::parse(v)).map(String::from).map(Some)
            }
        };
        Some(TranslationChange { name: name?, description: description? })
    }
}

/// A product's pictures.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PicturesPut {
    /// The pictures in order: the first one for lists.
    #[schema(max_items = 12)]
    media: Vec<PicturePut>,
}

/// A picture to show.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PicturePut {
    /// Id of the upload.
    #[schema(format = "uuid", max_length = 36, example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11")]
    media_id: String,
    /// What it shows.
    alt: Option<AltView>,
}

impl PicturesPut {
    pub(super) fn parse(&self) -> Result<Vec<NewPicture>, Faults> {
        let mut faults = Faults::default();
        let named = self.media.iter().map(|picture| (picture.media_id.as_str(), picture.alt.as_ref()));
        let pictures = pictures(&mut faults, "/media_id", named);
        faults.finish()?;
        Ok(pictures)
    }
}

/// Which products.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ProductQuery {
    /// Any of these states, separated by commas.
    #[param(example = "submitted,needs_changes", max_length = 100)]
    status: Option<String>,
    /// Of this merchant, by id.
    #[param(format = "uuid", max_length = 36, example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11")]
    merchant: Option<String>,
    /// In this category or a branch of it, by id.
    #[param(format = "uuid", max_length = 36, example = "00000000-0000-7000-8000-000000000101")]
    category: Option<String>,
    /// Only mutiara, or only others.
    #[param(example = true)]
    mutiara: Option<bool>,
    /// Words of the name, in any language.
    #[param(example = "kopi", max_length = 100)]
    q: Option<String>,
}

impl ProductQuery {
    pub(super) fn parse(&self) -> Result<ProductFilter, Problem> {
        Ok(ProductFilter {
            statuses: several("status", self.status.as_ref(), ProductStatus::parse)?,
            merchant: one("merchant", self.merchant.as_ref(), parse_id)?,
            category: one("category", self.category.as_ref(), parse_id)?,
            mutiara: self.mutiara,
            text: self.q.clone(),
        })
    }
}
