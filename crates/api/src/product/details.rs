//! What is known of a product besides its texts, variants and pictures: in bodies and in views.

use std::collections::BTreeMap;

use kapal_domain::attribute::{AttributeValue, AttributeValues};
use kapal_domain::completeness::{Completeness, Wanted};
use kapal_domain::locale::{Bilingual, Locale};
use kapal_domain::product::{HalalStatus, MAX_TAGS, lead_time_days, minimum_order, monthly_capacity};
use kapal_domain::product_option::{
    MAX_OPTIONS, MAX_VALUES, OptionName, OptionValue, ProductOption, check_options, option_key,
};
use kapal_domain::slug::Slug;
use kapal_domain::trade::{Country, HsCode};
use kapal_domain::{Code, Faults};
use kapal_persistence::{DetailChanges, Details, HalalChange, Product};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Problem;
use crate::json::Patch;
use crate::views::NamesView;

/// Something that the variants of a product differ in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ProductOption)]
pub struct OptionView {
    /// How variants name it.
    #[schema(example = "size", min_length = 1, max_length = 40)]
    key: String,
    /// What it is called.
    #[schema(example = json!({ "id": "Ukuran", "en": "Size" }))]
    names: NamesView,
    /// Its values, in their order.
    #[schema(min_items = 1, max_items = 20)]
    values: Vec<OptionValueView>,
}

/// A value of an option.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ProductOptionValue)]
pub struct OptionValueView {
    /// How variants name it.
    #[schema(example = "250-g", min_length = 1, max_length = 40)]
    key: String,
    /// What it is called.
    #[schema(example = json!({ "id": "250 g", "en": "250 g" }))]
    names: NamesView,
}

impl From<ProductOption> for OptionView {
    fn from(option: ProductOption) -> Self {
        let value = |value: OptionValue| OptionValueView {
            key: value.key,
            names: NamesView { id: value.id, en: value.en },
        };
        Self {
            key: option.key,
            names: NamesView { id: option.id, en: option.en },
            values: option.values.into_iter().map(value).collect(),
        }
    }
}

impl OptionView {
    fn parse(&self, faults: &mut Faults, at: &str) -> Option<ProductOption> {
        let key = faults.take(format!("{at}/key"), option_key(&self.key));
        let names = self.names.parse(faults, &format!("{at}/names"), OptionName::parse);
        let mut values = Vec::new();
        // Too many are refused by their number.
        for (n, value) in self.values.iter().enumerate().take(MAX_VALUES + 1) {
            let at = format!("{at}/values/{n}");
            let key = faults.take(format!("{at}/key"), option_key(&value.key));
            let names = value.names.parse(faults, &format!("{at}/names"), OptionName::parse);
            if let (Some(key), Some(Bilingual { id, en })) = (key, names) {
                values.push(OptionValue { key, id: id.into(), en: en.into() });
            }
        }
        let Bilingual { id, en } = names?;
        Some(ProductOption { key: key?, id: id.into(), en: en.into(), values })
    }
}

/// The fields of a body that say what is known of a product; a new product takes them as an edit does.
pub(super) struct DetailFields<'a> {
    pub halal_status: &'a Patch<String>,
    pub attributes: &'a Patch<BTreeMap<String, Option<AttributeValue>>>,
    pub options: &'a Patch<Vec<OptionView>>,
    pub lead_time_days: &'a Patch<i64>,
    pub monthly_capacity: &'a Patch<i64>,
    pub minimum_order: &'a Patch<i64>,
    pub hs_code: &'a Patch<String>,
    pub origin_country: &'a Patch<String>,
    pub tags: &'a Patch<Vec<String>>,
}

impl DetailFields<'_> {
    /// None with the faults noted.
    pub(super) fn parse(&self, faults: &mut Faults) -> Option<DetailChanges> {
        let halal = |v: &String| HalalStatus::parse(v).map(HalalChange);
        let halal_status = self.halal_status.required(faults, "/halal_status", halal);
        let attributes = match self.attributes {
            Patch::Keep => Some(BTreeMap::new()),
            Patch::Clear => faults.take("/attributes", Err(Code::Required)),
            Patch::Set(given) => Some(given.clone()),
        };
        let lead_time_days = self.lead_time_days.optional(faults, "/lead_time_days", |v| lead_time_days(*v));
        let monthly_capacity =
            self.monthly_capacity.optional(faults, "/monthly_capacity", |v| monthly_capacity(*v));
        let minimum_order = self.minimum_order.optional(faults, "/minimum_order", |v| minimum_order(*v));
        let hs_code = |v: &String| HsCode::parse(v).map(|code| code.as_str().to_owned());
        let hs_code = self.hs_code.optional(faults, "/hs_code", hs_code);
        let country = |v: &String| Country::parse(v).map(|country| country.as_str().to_owned());
        let origin_country = self.origin_country.required(faults, "/origin_country", country);
        let options = match self.options {
            Patch::Keep => Some(None),
            Patch::Clear => Some(Some(Vec::new())),
            Patch::Set(views) => options(faults, views).map(Some),
        };
        let tags = match self.tags {
            Patch::Keep => Some(None),
            Patch::Clear => Some(Some(Vec::new())),
            Patch::Set(texts) => tags(faults, texts).map(Some),
        };
        Some(DetailChanges {
            halal_status: halal_status?,
            attributes: attributes?,
            options: options?,
            lead_time_days: lead_time_days?,
            monthly_capacity: monthly_capacity?,
            minimum_order: minimum_order?,
            hs_code: hs_code?,
            origin_country: origin_country?,
            tags: tags?,
        })
    }
}

fn options(faults: &mut Faults, views: &[OptionView]) -> Option<Vec<ProductOption>> {
    let mut inner = Faults::default();
    let views = views.iter().enumerate().take(MAX_OPTIONS + 1);
    let options: Vec<_> =
        views.filter_map(|(at, view)| view.parse(&mut inner, &format!("/options/{at}"))).collect();
    if inner.is_empty() {
        inner = check_options(&options).err().unwrap_or_default();
    }
    let is_good = inner.is_empty();
    faults.nest("", inner);
    is_good.then_some(options)
}

fn tags(faults: &mut Faults, texts: &[String]) -> Option<Vec<String>> {
    if texts.len() > MAX_TAGS {
        return faults.take("/tags", Err(Code::TooLong));
    }
    let mut tags: Vec<String> = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        let tag = match Slug::parse(text) {
            Ok(_) if tags.contains(text) => Err(Code::DuplicateEntry),
            parsed => parsed.map(|tag| tag.as_str().to_owned()),
        };
        tags.extend(faults.take(format!("/tags/{at}"), tag));
    }
    (tags.len() == texts.len()).then_some(tags)
}

/// What is known of a product besides its texts, variants and pictures.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProductDetails)]
pub struct DetailsView {
    /// What it says of being halal: `certified`, `in_process`, `declared_non_halal`, or, where it is no food,
    /// `not_applicable`.
    #[schema(example = "certified", max_length = 20)]
    halal_status: String,
    /// What it answers to what its category asks, by key: texts by language, a number, the key of a choice, or true or
    /// false.
    #[schema(value_type = BTreeMap<String, serde_json::Value>, example = json!({ "roast": "medium" }))]
    attributes: AttributeValues,
    /// What its variants differ in.
    #[schema(max_items = 3)]
    options: Vec<OptionView>,
    /// Days from an order until it is sent.
    #[schema(example = 3, minimum = 0, maximum = 365)]
    lead_time_days: Option<i32>,
    /// Pieces that can be made in a month.
    #[schema(example = 400, minimum = 1, maximum = 1_000_000)]
    monthly_capacity: Option<i32>,
    /// The fewest pieces of one order; a variant may have its own.
    #[schema(example = 1, minimum = 1, maximum = 100_000)]
    minimum_order: Option<i32>,
    /// Its code of the Harmonized System.
    #[schema(example = "09012120", max_length = 8)]
    hs_code: Option<String>,
    /// Where it was made (ISO 3166-1).
    #[schema(example = "ID", max_length = 2)]
    origin_country: String,
    /// Slugs that rules of collections ask for.
    #[schema(example = json!(["oleh-oleh"]), max_items = 20)]
    tags: Vec<String>,
}

impl TryFrom<Details> for DetailsView {
    type Error = Problem;

    fn try_from(details: Details) -> Result<Self, Problem> {
        Ok(Self {
            attributes: details.attributes()?,
            options: details.options()?.into_iter().map(OptionView::from).collect(),
            halal_status: details.halal_status,
            lead_time_days: details.lead_time_days,
            monthly_capacity: details.monthly_capacity,
            minimum_order: details.minimum_order,
            hs_code: details.hs_code,
            origin_country: details.origin_country,
            tags: details.tags,
        })
    }
}

/// How far a product is translated into one language.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Completeness)]
pub struct CompletenessView {
    /// Of its name, description, texts of pictures and of attributes; 100 only when nothing is missing.
    #[schema(example = 75, minimum = 0, maximum = 100)]
    percent: usize,
    /// JSON pointers of what is missing.
    #[schema(example = json!(["/media/0/alt/en"]), max_items = 100)]
    missing: Vec<String>,
}

/// How far a product is translated, by language.
pub(super) fn completeness(product: &Product) -> Result<BTreeMap<String, CompletenessView>, Problem> {
    let in_texts = |has: &dyn Fn(&kapal_persistence::TranslationRow) -> bool| {
        let texts = product.translations.iter().filter(|texts| has(texts));
        texts.filter_map(|texts| Locale::parse(&texts.locale).ok()).collect::<Vec<_>>()
    };
    let mut wanted = vec![
        Wanted { place: ("/translations".into(), "/name"), there: in_texts(&|t| !t.name.is_empty()) },
        Wanted {
            place: ("/translations".into(), "/description"),
            there: in_texts(&|t| !t.description.is_empty()),
        },
    ];
    let there = |has: &dyn Fn(Locale) -> bool| Locale::ALL.iter().copied().filter(|l| has(*l)).collect();
    for (at, picture) in product.pictures.iter().enumerate() {
        let alt = Bilingual { id: &picture.alt_id, en: &picture.alt_en };
        let there = there(&|locale| !alt.get(locale).is_empty());
        wanted.push(Wanted { place: (format!("/media/{at}/alt"), ""), there });
    }
    for (key, value) in product.row.details.attributes()? {
        if let AttributeValue::Text(texts) = value {
            let there = there(&|locale| texts.get(locale).is_some());
            wanted.push(Wanted { place: (format!("/attributes/{key}"), ""), there });
        }
    }
    let of = |locale: &Locale| {
        let Completeness { percent, missing } = Completeness::of(&wanted, *locale);
        (locale.as_str().to_owned(), CompletenessView { percent, missing })
    };
    Ok(Locale::ALL.iter().map(of).collect())
}
