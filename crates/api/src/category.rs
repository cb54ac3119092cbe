//! `/v1/categories` and `/v1/platform/categories`: what products are, one tree for the whole platform.

use actix_web::{HttpRequest, get, patch, post, web};
use kapal_domain::category::{CategoryName, MAX_POSITION, Mapping, MappingPath};
use kapal_domain::ids::CategoryId;
use kapal_domain::locale::{Bilingual, Locale};
use kapal_domain::slug::Slug;
use kapal_domain::trade::HsChapter;
use kapal_domain::{Code, Faults};
use kapal_persistence::{Categories, CategoryChanges, CategoryRow, NewCategory, sha256};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answered, Created, Found, json_answer, respond};
use crate::category_attribute::AttributeView;
use crate::category_gate::GateView;
use crate::envelope::locale;
use crate::json::{Json, Patch};
use crate::path::{At, IfMatch, parse_id};
use crate::query::Query;
use crate::{App, Operator, Problem};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(list_categories).service(create_category).service(update_category);
}

/// A product category.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Category)]
pub struct CategoryView {
    /// Id: what a product's `category_id` takes.
    id: Uuid,
    /// Part of public addresses, and what a storefront's `category` filter takes.
    #[schema(example = "kopi", max_length = 80)]
    slug: String,
    /// The category above it; null at the top.
    parent_id: Option<Uuid>,
    /// Name in the asked language.
    #[schema(example = "Kopi", max_length = 80)]
    name: String,
    /// Name in every language.
    names: CategoryNames,
    /// Its place among its sisters: the least first, equal ones by name.
    #[schema(example = 0, minimum = 0, maximum = 10_000)]
    position: i32,
    /// The documents that its products need, those asked for by the category above it included.
    #[schema(max_items = 10)]
    gates: Vec<GateView>,
    /// What its products are asked, from the category at the top down.
    #[schema(max_items = 160)]
    attributes: Vec<AttributeView>,
    /// Whether its products are food or drink, which say whether they are halal.
    #[schema(example = true)]
    is_food: bool,
    /// Its place in Google's product taxonomy.
    google: Option<MappingView>,
    /// Its place in Meta's product categories.
    meta: Option<MappingView>,
    /// Chapters of the Harmonized System that its products fall under; those of the category above it where it has none
    /// itself.
    #[schema(example = json!(["09"]), max_items = 10)]
    hs_chapters: Vec<String>,
    /// Grows with each change.
    #[schema(example = 1, minimum = 1)]
    version: i32,
}

/// Where another catalogue files the same goods.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = CategoryMapping)]
pub struct MappingView {
    /// Its id there.
    #[schema(example = 1868, minimum = 1, maximum = 999_999)]
    id: i64,
    /// Its names there, from the top.
    #[schema(example = "Food, Beverages & Tobacco > Beverages > Coffee", min_length = 1, max_length = 300)]
    path: Option<String>,
}

impl MappingView {
    fn new(id: Option<i32>, path: Option<String>) -> Option<Self> {
        id.map(|id| Self { id: id.into(), path })
    }

    fn parse(&self, faults: &mut Faults, pointer: &str) -> Option<Mapping> {
        let id = faults.take(format!("{pointer}/id"), Mapping::id(self.id));
        let path = self.path.as_deref().map(MappingPath::parse);
        let path = faults.take_optional(format!("{pointer}/path"), path);
        Some(Mapping { id: id?, path: path? })
    }
}

/// A category's name in every language.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CategoryNames {
    /// In Indonesian.
    #[schema(example = "Kopi", min_length = 2, max_length = 80)]
    id: String,
    /// In English.
    #[schema(example = "Coffee", min_length = 2, max_length = 80)]
    en: String,
}

impl CategoryView {
    fn new(row: CategoryRow, tree: &Categories, locale: Locale) -> Result<Self, Problem> {
        let names = Bilingual { id: row.name_id, en: row.name_en };
        let attributes = tree.attributes(row.id).into_iter().map(|asked| AttributeView::new(asked, locale));
        Ok(Self {
            id: row.id,
            slug: row.slug,
            parent_id: row.parent_id,
            name: names.get(locale).clone(),
            names: CategoryNames { id: names.id, en: names.en },
            position: row.position,
            gates: tree.gates(row.id).into_iter().map(GateView::from).collect(),
            attributes: attributes.collect::<Result<_, _>>()?,
            is_food: tree.is_food(row.id),
            google: MappingView::new(row.google_category_id, row.google_category_path),
            meta: MappingView::new(row.meta_category_id, row.meta_category_path),
            hs_chapters: tree.hs_chapters(row.id),
            version: row.version,
        })
    }
}

/// All categories.
#[derive(Debug, Serialize, ToSchema)]
pub struct CategoryTree {
    /// The categories; `parent_id` makes the tree. Sisters stand in their order.
    #[schema(max_items = 1000)]
    data: Vec<CategoryView>,
}

/// A category to make.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CategoryCreate {
    /// Part of public addresses.
    #[schema(example = "kopi", min_length = 2, max_length = 80)]
    slug: String,
    /// The category above it: the tree has four levels.
    #[schema(format = "uuid", max_length = 36, example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11")]
    parent_id: Option<String>,
    /// Name in every language.
    names: CategoryNames,
    /// Its place among its sisters.
    #[schema(example = 0, minimum = 0, maximum = 10_000, default = 0)]
    position: Option<i64>,
    /// Whether its products are food or drink; left away: as the category above it says.
    #[schema(example = true)]
    is_food: Option<bool>,
    /// Its place in Google's product taxonomy.
    google: Option<MappingView>,
    /// Its place in Meta's product categories.
    meta: Option<MappingView>,
    /// Chapters of the Harmonized System, 01 to 97; left away: those of the category above it.
    #[schema(example = json!(["09"]), max_items = 10)]
    hs_chapters: Option<Vec<String>>,
}

impl CategoryCreate {
    fn parse(&self) -> Result<NewCategory, Faults> {
        let mut faults = Faults::default();
        let slug = faults.take("/slug", Slug::parse(&self.slug));
        let parent = faults.take_optional("/parent_id", self.parent_id.as_deref().map(parse_id));
        let id = faults.take("/names/id", CategoryName::parse(&self.names.id));
        let en = faults.take("/names/en", CategoryName::parse(&self.names.en));
        let position = faults.take("/position", position(self.position.unwrap_or_default()));
        let google = self.google.as_ref().and_then(|to| to.parse(&mut faults, "/google"));
        let meta = self.meta.as_ref().and_then(|to| to.parse(&mut faults, "/meta"));
        let hs_chapters = chapters(&mut faults, self.hs_chapters.as_deref().unwrap_or_default());
        let (Some(slug), Some(parent), Some(id), Some(en), Some(position), true) =
            (slug, parent, id, en, position, faults.is_empty())
        else {
            return Err(faults);
        };
        let names = Bilingual { id, en };
        Ok(NewCategory { slug, parent, names, position, is_food: self.is_food, google, meta, hs_chapters })
    }
}

/// Chapters of the Harmonized System, each once.
fn chapters(faults: &mut Faults, texts: &[String]) -> Vec<HsChapter> {
    if texts.len() > HsChapter::MOST {
        faults.add("/hs_chapters", Code::TooLong);
    }
    let mut chapters = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        let pointer = format!("/hs_chapters/{at}");
        let Some(chapter) = faults.take(pointer.as_str(), HsChapter::parse(text)) else { continue };
        if chapters.contains(&chapter) {
            faults.add(pointer, Code::DuplicateEntry);
        }
        chapters.push(chapter);
    }
    chapters
}

/// What to change of a category (RFC 7396): absent keeps, null clears.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CategoryPatch {
    /// Part of public addresses.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "kopi", min_length = 2, max_length = 80)]
    slug: Patch<String>,
    /// The category above it; null moves it to the top.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uuid", max_length = 36, example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11")]
    parent_id: Patch<String>,
    /// Names to change.
    #[serde(default)]
    #[schema(value_type = Option<CategoryNamesPatch>)]
    names: Patch<CategoryNamesPatch>,
    /// Its place among its sisters.
    #[serde(default)]
    #[schema(value_type = Option<i32>, example = 0, minimum = 0, maximum = 10_000)]
    position: Patch<i64>,
    /// Whether its products are food or drink; null: as the category above it says.
    #[serde(default)]
    #[schema(value_type = Option<bool>, example = true)]
    is_food: Patch<bool>,
    /// Its place in Google's product taxonomy.
    #[serde(default)]
    #[schema(value_type = Option<MappingView>)]
    google: Patch<MappingView>,
    /// Its place in Meta's product categories.
    #[serde(default)]
    #[schema(value_type = Option<MappingView>)]
    meta: Patch<MappingView>,
    /// Chapters of the Harmonized System; null or none: those of the category above it.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, example = json!(["09"]), max_items = 10)]
    hs_chapters: Patch<Vec<String>>,
}

/// Names to change: absent keeps.
#[derive(Debug, Default, Clone, Deserialize, ToSchema)]
pub struct CategoryNamesPatch {
    /// In Indonesian.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Kopi", min_length = 2, max_length = 80)]
    id: Patch<String>,
    /// In English.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Coffee", min_length = 2, max_length = 80)]
    en: Patch<String>,
}

impl CategoryPatch {
    fn parse(&self) -> Result<CategoryChanges, Faults> {
        let mut faults = Faults::default();
        let name = |text: &String| CategoryName::parse(text).map(String::from);
        let names = match &self.names {
            Patch::Keep => CategoryNamesPatch::default(),
            Patch::Clear => CategoryNamesPatch { id: Patch::Clear, en: Patch::Clear },
            Patch::Set(names) => names.clone(),
        };
        let slug =
            self.slug.required(&mut faults, "/slug", |v| Slug::parse(v).map(|v| v.as_str().to_owned()));
        let parent_id = self
            .parent_id
            .optional(&mut faults, "/parent_id", |v| parse_id::<CategoryId>(v).map(CategoryId::uuid));
        let name_id = names.id.required(&mut faults, "/names/id", name);
        let name_en = names.en.required(&mut faults, "/names/en", name);
        let position = self.position.required(&mut faults, "/position", |v| position(*v));
        let is_food = self.is_food.optional(&mut faults, "/is_food", |v| Ok(*v));
        let (google_category_id, google_category_path) = mapping(&mut faults, "/google", &self.google);
        let (meta_category_id, meta_category_path) = mapping(&mut faults, "/meta", &self.meta);
        let hs_chapters = match &self.hs_chapters {
            Patch::Keep => None,
            Patch::Clear => Some(Vec::new()),
            Patch::Set(texts) => {
                Some(chapters(&mut faults, texts).iter().map(HsChapter::to_string).collect())
            }
        };
        let (Some(slug), Some(parent_id), Some(name_id), Some(name_en), Some(position), Some(is_food), true) =
            (slug, parent_id, name_id, name_en, position, is_food, faults.is_empty())
        else {
            return Err(faults);
        };
        Ok(CategoryChanges {
            slug,
            parent_id,
            name_id,
            name_en,
            position,
            is_food,
            google_category_id,
            google_category_path,
            meta_category_id,
            meta_category_path,
            hs_chapters,
        })
    }
}

type MappingChange = (Option<Option<i32>>, Option<Option<String>>);

/// A mapping is replaced as a whole: an id of another category goes with no path of the old one.
fn mapping(faults: &mut Faults, pointer: &str, patch: &Patch<MappingView>) -> MappingChange {
    let parsed = match patch {
        Patch::Keep => return (None, None),
        Patch::Clear => None,
        Patch::Set(view) => view.parse(faults, pointer),
    };
    let (id, path) = parsed.map(|to| (to.id, to.path)).unzip();
    (Some(id), Some(path.flatten().map(String::from)))
}

fn position(number: i64) -> Result<i32, Code> {
    match i32::try_from(number) {
        Ok(position) if (0..=MAX_POSITION).contains(&number) => Ok(position),
        _ => Err(Code::OutOfRange),
    }
}

/// No parameters.
#[derive(Debug, Deserialize)]
pub struct NoParameters {}

/// List categories
///
/// The whole tree of product categories in one answer, each with the documents that its products need and what they are asked. `name` is in the language that `Accept-Language` asks for.
#[utoipa::path(tag = "categories", responses((status = 200, description = "All categories.", body = CategoryTree)))]
#[get("/v1/categories")]
pub async fn list_categories(app: web::Data<App>, request: HttpRequest, _: Query<NoParameters>) -> Answered {
    let locale = locale(&request);
    let tree = app.db.category_tree().await?;
    let data = tree.rows.iter().map(|row| CategoryView::new(row.clone(), &tree, locale));
    let data = data.collect::<Result<_, _>>()?;
    let mut answer = json_answer(200, &CategoryTree { data });
    let tag: String = sha256(answer.body.as_bytes())[..12].iter().map(|b| format!("{b:02x}")).collect();
    answer.headers.extend([
        ("ETag".into(), format!("\"{tag}\"")),
        ("Cache-Control".into(), "public, max-age=300".into()),
        ("Content-Language".into(), locale.as_str().into()),
        ("Vary".into(), "Accept-Language".into()),
    ]);
    Ok(respond(answer))
}

/// Make a category
///
/// At the top, or below another: the tree has four levels. What its products are asked has a path of its own.
#[utoipa::path(tag = "platform", request_body = CategoryCreate, responses((status = 201, description = "The category.", body = CategoryView)), security(("bearer" = ["operator"])))]
#[post("/v1/platform/categories")]
pub async fn create_category(
    operator: Operator,
    request: HttpRequest,
    body: Json<CategoryCreate>,
) -> Answered {
    let new = body.0.parse()?;
    operator
        .run(async |tx| {
            let row = tx.insert_category(&new).await?;
            let category = CategoryView::new(row, &tx.category_tree().await?, locale(&request))?;
            let location = format!("/v1/platform/categories/{}", category.id);
            Ok(Created { location, version: Some(category.version), thing: category })
        })
        .await
}

/// Edit a category
///
/// A merge patch (RFC 7396). Another `parent_id` moves the category with all that stands below it, which then inherits
/// what it is asked and which documents it needs from there; not below itself, and not deeper than four levels. Storefronts
/// show the products under their new names and path within seconds, merchant by merchant.
#[utoipa::path(tag = "platform", request_body = CategoryPatch, responses((status = 200, description = "The category as it is now.", body = CategoryView)), security(("bearer" = ["operator"])))]
#[patch("/v1/platform/categories/{category_id}")]
pub async fn update_category(
    operator: Operator,
    request: HttpRequest,
    At(id): At<CategoryId>,
    IfMatch(version): IfMatch,
    body: Json<CategoryPatch>,
) -> Answered {
    let changes = body.0.parse()?;
    operator
        .run(async |tx| {
            let category = tx.update_category(id, version, &changes).await?;
            let view = CategoryView::new(category, &tx.category_tree().await?, locale(&request))?;
            Ok(Found(Some(view.version), view))
        })
        .await
}
