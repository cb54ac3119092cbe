//! `/v1/platform/categories/{category_id}/attributes`: what a category's products are asked.

use actix_web::{HttpRequest, get, put};
use kapal_domain::attribute::{
    Attribute, AttributeKind, AttributeName, AttributeUnit, Choice, MAX_ATTRIBUTES,
};
use kapal_domain::ids::CategoryId;
use kapal_domain::key::Key;
use kapal_domain::locale::{Bilingual, Locale};
use kapal_domain::{Code, Faults};
use kapal_persistence::{AttributeRow, CategoryRow, StoredChoice};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answered, Found};
use crate::envelope::locale;
use crate::json::Json;
use crate::path::{At, IfMatch};
use crate::views::NamesView;
use crate::{Operator, Problem};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(get_category_attributes).service(put_category_attributes);
}

/// Something that a category's products are asked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attribute)]
pub struct AttributeView {
    /// How a product's `attributes` name it.
    #[schema(example = "roast", max_length = 40)]
    key: String,
    /// What it is answered with: `text` (by language), `number`, `choice` (its key) or `yes_no`.
    #[schema(example = "choice", max_length = 10)]
    kind: String,
    /// Whether a product without it is not submitted.
    #[schema(example = true)]
    required: bool,
    /// What its number counts.
    #[schema(example = "g", max_length = 20)]
    unit: Option<String>,
    /// What it is called, in the asked language.
    #[schema(example = "Tingkat sangrai", max_length = 80)]
    name: String,
    /// What it is called, in every language.
    names: NamesView,
    /// Its choices, in their order; none for other kinds.
    #[schema(max_items = 60)]
    choices: Vec<ChoiceView>,
    /// The category that asks for it: this one or one above it.
    category_id: Uuid,
}

/// One of the choices of an attribute.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AttributeChoice)]
pub struct ChoiceView {
    /// What a product answers.
    #[schema(example = "medium", max_length = 40)]
    key: String,
    /// What it is called, in the asked language.
    #[schema(example = "Sangrai sedang", max_length = 80)]
    name: String,
    /// What it is called, in every language.
    names: NamesView,
}

impl AttributeView {
    pub(crate) fn new(row: AttributeRow, locale: Locale) -> Result<Self, Problem> {
        let named = |id: String, en: String| {
            let names = Bilingual { id, en };
            (names.get(locale).clone(), NamesView { id: names.id, en: names.en })
        };
        let choice = |choice: StoredChoice| {
            let (name, names) = named(choice.id, choice.en);
            ChoiceView { key: choice.key, name, names }
        };
        let choices = row.choices()?.into_iter().map(choice).collect();
        let (name, names) = named(row.name_id, row.name_en);
        Ok(Self {
            key: row.key,
            kind: row.kind,
            required: row.required,
            unit: row.unit,
            name,
            names,
            choices,
            category_id: row.category_id,
        })
    }
}

/// What a category asks for itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CategoryAttributes)]
pub struct CategoryAttributesView {
    /// The attributes, in their order.
    #[schema(max_items = 40)]
    attributes: Vec<AttributeView>,
    /// The category's version: the `ETag`.
    #[schema(example = 2, minimum = 1)]
    version: i32,
}

/// What a category's products are to be asked.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CategoryAttributesPut {
    /// In their order, each key once.
    #[schema(max_items = 40)]
    attributes: Vec<AttributePut>,
}

/// An attribute to set.
#[derive(Debug, Deserialize, ToSchema)]
pub struct AttributePut {
    /// How products name it.
    #[schema(example = "roast", min_length = 1, max_length = 40)]
    key: String,
    /// `text`, `number`, `choice` or `yes_no`.
    #[schema(example = "choice", max_length = 10)]
    kind: String,
    /// Whether a product without it is not submitted.
    #[schema(example = true, default = false)]
    required: Option<bool>,
    /// What its number counts; of numbers alone.
    #[schema(min_length = 1, max_length = 20)]
    unit: Option<String>,
    /// What it is called.
    names: NamesView,
    /// Its choices, in their order; of choices alone.
    #[schema(max_items = 60)]
    choices: Option<Vec<ChoicePut>>,
}

/// A choice to set.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ChoicePut {
    /// What a product answers.
    #[schema(example = "medium", min_length = 1, max_length = 40)]
    key: String,
    /// What it is called.
    names: NamesView,
}

impl CategoryAttributesPut {
    fn parse(&self) -> Result<Vec<Attribute>, Faults> {
        let mut faults = Faults::default();
        let mut attributes: Vec<Attribute> = Vec::with_capacity(self.attributes.len());
        if self.attributes.len() > MAX_ATTRIBUTES {
            faults.add("/attributes", Code::TooLong);
        }
        for (at, put) in self.attributes.iter().enumerate() {
            match put.parse() {
                Err(inner) => faults.nest(&format!("/attributes/{at}"), inner),
                Ok(attribute) if attributes.iter().any(|other| other.key == attribute.key) => {
                    faults.add(format!("/attributes/{at}/key"), Code::DuplicateEntry);
                }
                Ok(attribute) => attributes.push(attribute),
            }
        }
        faults.finish()?;
        Ok(attributes)
    }
}

impl AttributePut {
    fn parse(&self) -> Result<Attribute, Faults> {
        let mut faults = Faults::default();
        let key = faults.take("/key", Key::parse(&self.key));
        let kind = faults.take("/kind", AttributeKind::parse(&self.kind));
        let unit = faults.take_optional("/unit", self.unit.as_deref().map(AttributeUnit::parse));
        let names = self.names.parse(&mut faults, "/names", AttributeName::parse);
        let mut choices = Vec::new();
        for (at, put) in self.choices.iter().flatten().enumerate() {
            let key = faults.take(format!("/choices/{at}/key"), Key::parse(&put.key));
            let names = put.names.parse(&mut faults, &format!("/choices/{at}/names"), AttributeName::parse);
            choices.extend(key.zip(names).map(|(key, names)| Choice { key, names }));
        }
        let (Some(key), Some(kind), Some(unit), Some(names), true) =
            (key, kind, unit, names, faults.is_empty())
        else {
            return Err(faults);
        };
        let required = self.required.unwrap_or_default();
        let attribute = Attribute { key, kind, required, unit, names, choices };
        attribute.check()?;
        Ok(attribute)
    }
}

/// Read a category's attributes
///
/// Those that it asks for itself; `GET /v1/categories` shows the inherited ones too.
#[utoipa::path(tag = "platform", responses((status = 200, description = "The attributes.", body = CategoryAttributesView)), security(("bearer" = ["operator"])))]
#[get("/v1/platform/categories/{category_id}/attributes")]
pub async fn get_category_attributes(
    operator: Operator,
    request: HttpRequest,
    At(id): At<CategoryId>,
) -> Answered {
    operator.run(async |tx| found(tx.attributes_of(id).await?, locale(&request))).await
}

/// Set a category's attributes
///
/// Replaces what it asks for itself; its branches ask for it too, and may ask for one of the same key in another way. From
/// then on no product is submitted without what is required; what is published stays, and is shown with what it answers
/// within seconds. An answer that nobody asks for any more is shown no more. `If-Match` takes the category's version.
#[utoipa::path(tag = "platform", request_body = CategoryAttributesPut, responses((status = 200, description = "The attributes as they are now.", body = CategoryAttributesView)), security(("bearer" = ["operator"])))]
#[put("/v1/platform/categories/{category_id}/attributes")]
pub async fn put_category_attributes(
    operator: Operator,
    request: HttpRequest,
    At(id): At<CategoryId>,
    IfMatch(version): IfMatch,
    body: Json<CategoryAttributesPut>,
) -> Answered {
    let attributes = body.0.parse()?;
    operator
        .run(async |tx| found(tx.replace_attributes(id, version, &attributes).await?, locale(&request)))
        .await
}

fn found(
    (category, rows): (CategoryRow, Vec<AttributeRow>),
    locale: Locale,
) -> Result<Found<CategoryAttributesView>, Problem> {
    let attributes = rows.into_iter().map(|row| AttributeView::new(row, locale));
    let attributes = attributes.collect::<Result<_, _>>()?;
    Ok(Found(Some(category.version), CategoryAttributesView { attributes, version: category.version }))
}
