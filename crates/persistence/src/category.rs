//! Product categories: reference data that everybody reads and the operator edits.

use chrono::{DateTime, Utc};
use diesel::{AsChangeset, ExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::Faults;
use kapal_domain::category::{CategoryName, MAX_LEVELS, Mapping, may_stand_below};
use kapal_domain::event::EventKind;
use kapal_domain::ids::{AggregatorId, CategoryId};
use kapal_domain::locale::Bilingual;
use kapal_domain::slug::Slug;
use kapal_domain::trade::HsChapter;
use kapal_schema::categories;
use serde_json::json;
use uuid::Uuid;

use crate::db::lend;
use crate::{AttributeRow, Change, Db, Error, GateRow, OperatorTx, Result, Subject};

/// A category as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = categories, check_for_backend(diesel::pg::Pg))]
pub struct CategoryRow {
    /// Id.
    pub id: Uuid,
    /// Part of public addresses and filters.
    pub slug: String,
    /// The category above it.
    pub parent_id: Option<Uuid>,
    /// Name in Indonesian.
    pub name_id: String,
    /// Name in English.
    pub name_en: String,
    /// Its place among its sisters.
    pub position: i32,
    /// Whether its products are food; None: as the category above it says.
    pub is_food: Option<bool>,
    /// Its id in Google's product taxonomy.
    pub google_category_id: Option<i32>,
    /// Its path there.
    pub google_category_path: Option<String>,
    /// Its id in Meta's product categories.
    pub meta_category_id: Option<i32>,
    /// Its path there.
    pub meta_category_path: Option<String>,
    /// Its chapters of the Harmonized System; none: those of the category above it.
    pub hs_chapters: Vec<String>,
    /// Grows with each change.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A category to be made.
#[derive(Debug, Clone)]
pub struct NewCategory {
    /// Part of public addresses and filters.
    pub slug: Slug,
    /// The category above it.
    pub parent: Option<CategoryId>,
    /// Its names.
    pub names: Bilingual<CategoryName>,
    /// Its place among its sisters.
    pub position: i32,
    /// Whether its products are food; None: as the category above it says.
    pub is_food: Option<bool>,
    /// What Google calls it.
    pub google: Option<Mapping>,
    /// What Meta calls it.
    pub meta: Option<Mapping>,
    /// Its chapters of the Harmonized System.
    pub hs_chapters: Vec<HsChapter>,
}

/// What to change of a category: None keeps, `Some(None)` clears.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = categories)]
pub struct CategoryChanges {
    /// Part of public addresses and filters.
    pub slug: Option<String>,
    /// The category above it.
    pub parent_id: Option<Option<Uuid>>,
    /// Name in Indonesian.
    pub name_id: Option<String>,
    /// Name in English.
    pub name_en: Option<String>,
    /// Its place among its sisters.
    pub position: Option<i32>,
    /// Whether its products are food.
    pub is_food: Option<Option<bool>>,
    /// Its id in Google's product taxonomy.
    pub google_category_id: Option<Option<i32>>,
    /// Its path there.
    pub google_category_path: Option<Option<String>>,
    /// Its id in Meta's product categories.
    pub meta_category_id: Option<Option<i32>>,
    /// Its path there.
    pub meta_category_path: Option<Option<String>>,
    /// Its chapters of the Harmonized System.
    pub hs_chapters: Option<Vec<String>>,
}

/// The whole tree with what each category asks for.
#[derive(Debug, Clone)]
pub struct Categories {
    /// The categories, each level in its order.
    pub rows: Vec<CategoryRow>,
    gates: Vec<GateRow>,
    attributes: Vec<AttributeRow>,
}

impl Categories {
    /// A category and those above it, from below.
    fn path(&self, id: Uuid) -> impl Iterator<Item = &CategoryRow> {
        let find = |id: Uuid| self.rows.iter().find(move |row| row.id == id);
        std::iter::successors(find(id), move |row| row.parent_id.and_then(find)).take(MAX_LEVELS)
    }

    /// The gates of a category: its own, and from above what it does not settle itself.
    pub fn gates(&self, id: Uuid) -> Vec<GateRow> {
        let mut nearest: Vec<GateRow> = Vec::new();
        for row in self.path(id) {
            let own = self.gates.iter().filter(|gate| gate.category_id == row.id);
            let new = own.filter(|gate| nearest.iter().all(|known| known.document != gate.document));
            nearest.extend(new.cloned().collect::<Vec<_>>());
        }
        nearest
    }

    /// What a category asks of its products: from the top down, of one key what stands nearest.
    pub fn attributes(&self, id: Uuid) -> Vec<AttributeRow> {
        let mut levels: Vec<Vec<AttributeRow>> = Vec::new();
        for row in self.path(id) {
            let is_new = |attribute: &&AttributeRow| {
                levels.iter().flatten().all(|known: &AttributeRow| known.key != attribute.key)
            };
            let own = self.attributes.iter().filter(|attribute| attribute.category_id == row.id);
            levels.push(own.filter(is_new).cloned().collect());
        }
        levels.into_iter().rev().flatten().collect()
    }

    /// Whether a category's products are food, as it says itself or as the nearest above it does.
    pub fn is_food(&self, id: Uuid) -> bool {
        self.path(id).find_map(|row| row.is_food).unwrap_or_default()
    }

    /// The chapters of the Harmonized System that a category's products fall under.
    pub fn hs_chapters(&self, id: Uuid) -> Vec<String> {
        let own = self.path(id).map(|row| &row.hs_chapters).find(|chapters| !chapters.is_empty());
        own.cloned().unwrap_or_default()
    }
}

impl Db {
    /// The whole tree, each level in its order.
    pub async fn categories(&self) -> Result<Vec<CategoryRow>> {
        let mut connection = lend(&self.public).await?;
        Ok(categories::table
            .order((categories::position, categories::name_id, categories::id))
            .select(CategoryRow::as_select())
            .load(&mut connection)
            .await?)
    }

    /// The whole tree with what each category asks for.
    pub async fn category_tree(&self) -> Result<Categories> {
        let (rows, gates) = (self.categories().await?, self.gates().await?);
        Ok(Categories { rows, gates, attributes: self.category_attributes().await? })
    }
}

impl OperatorTx<'_> {
    /// The whole tree with what each category asks for, as this transaction makes it.
    pub async fn category_tree(&mut self) -> Result<Categories> {
        let rows = categories::table
            .order((categories::position, categories::name_id, categories::id))
            .select(CategoryRow::as_select())
            .load(&mut **self)
            .await?;
        let gates = self.gates().await?;
        Ok(Categories { rows, gates, attributes: self.category_attributes().await? })
    }

    /// Makes a category.
    pub async fn insert_category(&mut self, new: &NewCategory) -> Result<CategoryRow> {
        if let Some(parent) = new.parent {
            check_place(&self.lock_categories().await?, None, parent)?;
        }
        let now = Utc::now();
        let row = diesel::insert_into(categories::table)
            .values((
                categories::id.eq(CategoryId::new().uuid()),
                categories::slug.eq(new.slug.as_str()),
                categories::parent_id.eq(new.parent.map(CategoryId::uuid)),
                categories::name_id.eq(new.names.id.as_str()),
                categories::name_en.eq(new.names.en.as_str()),
                categories::position.eq(new.position),
                categories::is_food.eq(new.is_food),
                categories::google_category_id.eq(new.google.as_ref().map(|to| to.id)),
                categories::google_category_path.eq(path_of(new.google.as_ref())),
                categories::meta_category_id.eq(new.meta.as_ref().map(|to| to.id)),
                categories::meta_category_path.eq(path_of(new.meta.as_ref())),
                categories::hs_chapters.eq(new
                    .hs_chapters
                    .iter()
                    .map(HsChapter::to_string)
                    .collect::<Vec<_>>()),
                categories::created_at.eq(now),
                categories::updated_at.eq(now),
            ))
            .returning(CategoryRow::as_returning())
            .get_result::<CategoryRow>(&mut **self)
            .await?;
        self.record(
            AggregatorId::PLATFORM,
            Change::new(EventKind::CategoryCreated, Subject("category", row.id))
                .data(json!({ "slug": row.slug }))
                .from_to(serde_json::Value::Null, facts(&row)),
        );
        Ok(row)
    }

    /// Edits a category whose version is still `expected`. The worker then shows the products in it and below it anew,
    /// merchant by merchant: however many they are, an edit costs the same.
    pub async fn update_category(
        &mut self,
        id: CategoryId,
        expected: i32,
        changes: &CategoryChanges,
    ) -> Result<CategoryRow> {
        let tree = self.lock_categories().await?;
        let before = tree.iter().find(|c| c.id == id.uuid()).ok_or(Error::NotFound)?;
        if before.version != expected {
            return Err(Error::Stale(before.version));
        }
        if let Some(Some(parent)) = changes.parent_id {
            check_place(&tree, Some(id), parent.into())?;
        }
        let row = diesel::update(categories::table.find(id.uuid()))
            .set((
                changes,
                categories::version.eq(categories::version + 1),
                categories::updated_at.eq(Utc::now()),
            ))
            .returning(CategoryRow::as_returning())
            .get_result::<CategoryRow>(&mut **self)
            .await?;
        self.turn_gates_of(id).await?;
        self.record(
            AggregatorId::PLATFORM,
            Change::new(EventKind::CategoryUpdated, Subject("category", row.id))
                .data(json!({ "slug": row.slug }))
                .from_to(facts(before), facts(&row)),
        );
        Ok(row)
    }

    /// A category as it is.
    pub(crate) async fn category(&mut self, id: CategoryId) -> Result<CategoryRow> {
        Ok(categories::table.find(id.uuid()).select(CategoryRow::as_select()).first(&mut **self).await?)
    }

    /// A category whose version is still `expected`, locked against other edits.
    pub(crate) async fn lock_category(&mut self, id: CategoryId, expected: i32) -> Result<CategoryRow> {
        let row = categories::table
            .find(id.uuid())
            .select(CategoryRow::as_select())
            .for_no_key_update()
            .first::<CategoryRow>(&mut **self)
            .await?;
        if row.version == expected { Ok(row) } else { Err(Error::Stale(row.version)) }
    }

    /// Gives a category its next version, since what hangs on it changed, and has the worker look at its products.
    pub(crate) async fn touch_category(&mut self, id: CategoryId) -> Result<CategoryRow> {
        let row = diesel::update(categories::table.find(id.uuid()))
            .set((categories::version.eq(categories::version + 1), categories::updated_at.eq(Utc::now())))
            .returning(CategoryRow::as_returning())
            .get_result::<CategoryRow>(&mut **self)
            .await?;
        self.turn_gates_of(id).await?;
        Ok(row)
    }

    /// The whole tree, locked: it is small, and two moves at once could make a cycle together. Products may be
    /// put into categories meanwhile.
    async fn lock_categories(&mut self) -> Result<Vec<CategoryRow>> {
        Ok(categories::table
            .order(categories::id)
            .select(CategoryRow::as_select())
            .for_no_key_update()
            .load(&mut **self)
            .await?)
    }
}

fn check_place(tree: &[CategoryRow], category: Option<CategoryId>, parent: CategoryId) -> Result<()> {
    let tree: Vec<_> = tree.iter().map(|c| (c.id.into(), c.parent_id.map(Into::into))).collect();
    let mut faults = Faults::default();
    faults.take("/parent_id", may_stand_below(&tree, category, parent));
    Ok(faults.finish()?)
}

fn path_of(mapping: Option<&Mapping>) -> Option<&str> {
    mapping.and_then(|to| to.path.as_ref()).map(|path| path.as_str())
}

fn facts(row: &CategoryRow) -> serde_json::Value {
    json!({
        "slug": row.slug, "parent_id": row.parent_id, "name_id": row.name_id, "name_en": row.name_en,
        "position": row.position, "is_food": row.is_food, "google_category_id": row.google_category_id,
        "google_category_path": row.google_category_path, "meta_category_id": row.meta_category_id,
        "meta_category_path": row.meta_category_path, "hs_chapters": row.hs_chapters,
    })
}
