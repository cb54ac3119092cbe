//! Product categories: reference data that everybody reads and the operator edits.

use chrono::{DateTime, Utc};
use diesel::sql_types::Uuid as SqlUuid;
use diesel::{AsChangeset, ExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::category::{CategoryName, may_stand_below};
use kapal_domain::event::EventKind;
use kapal_domain::ids::{AggregatorId, CategoryId};
use kapal_domain::locale::Bilingual;
use kapal_domain::slug::Slug;
use kapal_domain::{Code, Faults};
use kapal_schema::categories;
use serde_json::json;
use uuid::Uuid;

use crate::db::lend;
use crate::sql::sql;
use crate::{Change, Db, Error, OperatorTx, Result, Subject};

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
}

sql! {
    /// Shows a category's present slug, names and place on the list pages of all storefronts, those of its branches
    /// included. The words that a search finds follow with each product's next change.
    ShowCategory { category: Uuid => SqlUuid }
    "UPDATE search_documents d SET
        category_slug = c.slug,
        category_name = CASE d.locale WHEN 'en' THEN c.name_en ELSE c.name_id END,
        category_path = CASE WHEN above.id IS NULL THEN ARRAY[c.slug] ELSE ARRAY[above.slug, c.slug] END
     FROM published_products p
     JOIN categories c ON c.id = p.category_id
     LEFT JOIN categories above ON above.id = c.parent_id
     WHERE d.aggregator_id = p.aggregator_id AND d.product_id = p.id AND (c.id = $1 OR c.parent_id = $1)"
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
}

impl OperatorTx<'_> {
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

    /// Edits a category whose version is still `expected`.
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
        ShowCategory { category: row.id }.execute(&mut **self).await?;
        if row.parent_id != before.parent_id {
            // Other gates are inherited now.
            self.turn_gates_of(id).await?;
        }
        self.record(
            AggregatorId::PLATFORM,
            Change::new(EventKind::CategoryUpdated, Subject("category", row.id))
                .data(json!({ "slug": row.slug }))
                .from_to(facts(before), facts(&row)),
        );
        Ok(row)
    }

    /// The whole tree, locked: it is small, and two moves at once could make a third level together. Products may be
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
    match may_stand_below(&tree, category, parent) {
        Err(Code::InvalidChoice) => {
            faults.add_detail("/parent_id", Code::InvalidChoice, "The tree has two levels.");
        }
        checked => _ = faults.take("/parent_id", checked),
    }
    Ok(faults.finish()?)
}

fn facts(row: &CategoryRow) -> serde_json::Value {
    json!({
        "slug": row.slug, "parent_id": row.parent_id, "name_id": row.name_id, "name_en": row.name_en,
        "position": row.position,
    })
}
