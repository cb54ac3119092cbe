//! What categories ask of their products: the operator edits it, products answer it, and what a category asks for is
//! inherited by its branches.

use diesel::sql_types::{Bool, Uuid as SqlUuid};
use diesel::{
    ExpressionMethods, Insertable, QueryDsl, Queryable, QueryableByName, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use kapal_domain::attribute::{Attribute, AttributeKind, AttributeName, AttributeSet, AttributeUnit, Choice};
use kapal_domain::event::EventKind;
use kapal_domain::ids::{AggregatorId, CategoryId};
use kapal_domain::key::Key;
use kapal_domain::locale::Bilingual;
use kapal_schema::category_attributes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::db::lend;
use crate::identity::stored;
use crate::sql::sql;
use crate::{CategoryRow, Change, Db, Error, OperatorTx, Result, Subject, TenantTx};

/// An attribute as it is stored.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, QueryableByName)]
#[diesel(table_name = category_attributes, check_for_backend(diesel::pg::Pg))]
pub struct AttributeRow {
    /// The category that has it; its branches inherit it.
    pub category_id: Uuid,
    /// How products name it.
    pub key: String,
    /// What it is answered with.
    pub kind: String,
    /// Whether a product without it is not submitted.
    pub required: bool,
    /// What its number counts.
    pub unit: Option<String>,
    /// Its name in Indonesian.
    pub name_id: String,
    /// Its name in English.
    pub name_en: String,
    choices: Value,
    position: i32,
}

/// A choice as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredChoice {
    /// How products name it.
    pub key: String,
    /// In Indonesian.
    pub id: String,
    /// In English.
    pub en: String,
}

impl AttributeRow {
    fn new(category: CategoryId, position: i32, attribute: &Attribute) -> Self {
        let choice = |choice: &Choice| json!({ "key": choice.key.as_str(), "id": choice.names.id.as_str(), "en": choice.names.en.as_str() });
        Self {
            category_id: category.uuid(),
            key: attribute.key.to_string(),
            kind: attribute.kind.as_str().to_owned(),
            required: attribute.required,
            unit: attribute.unit.as_ref().map(ToString::to_string),
            name_id: attribute.names.id.to_string(),
            name_en: attribute.names.en.to_string(),
            choices: attribute.choices.iter().map(choice).collect(),
            position,
        }
    }

    /// Its choices, in their order.
    pub fn choices(&self) -> Result<Vec<StoredChoice>> {
        serde_json::from_value(self.choices.clone()).map_err(|e| Error::Internal(e.to_string()))
    }

    fn attribute(&self) -> Result<Attribute> {
        let names = |id: &str, en: &str| -> Result<_> {
            Ok(Bilingual { id: stored(AttributeName::parse(id))?, en: stored(AttributeName::parse(en))? })
        };
        let choice = |choice: StoredChoice| -> Result<_> {
            Ok(Choice { key: stored(Key::parse(&choice.key))?, names: names(&choice.id, &choice.en)? })
        };
        Ok(Attribute {
            key: stored(Key::parse(&self.key))?,
            kind: stored(AttributeKind::parse(&self.kind))?,
            required: self.required,
            unit: self.unit.as_deref().map(AttributeUnit::parse).map(stored).transpose()?,
            names: names(&self.name_id, &self.name_en)?,
            choices: self.choices()?.into_iter().map(choice).collect::<Result<_>>()?,
        })
    }
}

/// What a category demands of its products.
#[derive(Debug)]
pub(crate) struct Demands {
    /// Whether they are food.
    pub is_food: bool,
    /// What they answer.
    pub attributes: AttributeSet,
}

sql! {
    // The nearest category's first: of one key, its row counts.
    AttributesAsked { category: Uuid => SqlUuid }
    "WITH RECURSIVE above AS (
        SELECT c.id, c.parent_id, 0 AS distance FROM categories c WHERE c.id = $1
        UNION ALL
        SELECT c.id, c.parent_id, above.distance + 1 FROM above JOIN categories c ON c.id = above.parent_id
     )
     SELECT a.* FROM above JOIN category_attributes a ON a.category_id = above.id ORDER BY above.distance, a.position"
}

sql! {
    IsFood { category: Uuid => SqlUuid }
    "SELECT app.is_food($1) AS is_food"
}

#[derive(QueryableByName)]
struct Food {
    #[diesel(sql_type = Bool)]
    is_food: bool,
}

impl Db {
    /// What all categories ask for themselves.
    pub(crate) async fn category_attributes(&self) -> Result<Vec<AttributeRow>> {
        let mut connection = lend(&self.public).await?;
        Ok(category_attributes::table
            .order((category_attributes::category_id, category_attributes::position))
            .select(AttributeRow::as_select())
            .load(&mut connection)
            .await?)
    }
}

impl TenantTx<'_> {
    /// What a category demands of its products, what it inherits included.
    pub(crate) async fn demands_of(&mut self, category: CategoryId) -> Result<Demands> {
        let rows = AttributesAsked { category: category.uuid() }.load::<AttributeRow>(&mut **self).await?;
        let attributes = rows.iter().map(AttributeRow::attribute).collect::<Result<Vec<_>>>()?;
        let food = IsFood { category: category.uuid() }.get_result::<Food>(&mut **self).await?;
        Ok(Demands { is_food: food.is_food, attributes: AttributeSet::inherit(attributes) })
    }
}

sql! {
    Below { category: Uuid => SqlUuid }
    "WITH RECURSIVE below AS (
        SELECT $1::uuid AS id UNION ALL SELECT c.id FROM below JOIN categories c ON c.parent_id = below.id
     )
     SELECT id FROM below"
}

#[derive(QueryableByName)]
struct Branch {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

impl TenantTx<'_> {
    /// A category and all that stand below it.
    pub(crate) async fn categories_below(&mut self, category: CategoryId) -> Result<Vec<Uuid>> {
        let branches = Below { category: category.uuid() }.load::<Branch>(&mut **self).await?;
        Ok(branches.into_iter().map(|branch| branch.id).collect())
    }
}

impl OperatorTx<'_> {
    /// What all categories ask for themselves.
    pub(crate) async fn category_attributes(&mut self) -> Result<Vec<AttributeRow>> {
        Ok(category_attributes::table
            .order((category_attributes::category_id, category_attributes::position))
            .select(AttributeRow::as_select())
            .load(&mut **self)
            .await?)
    }

    /// What a category asks for itself.
    pub async fn attributes_of(&mut self, category: CategoryId) -> Result<(CategoryRow, Vec<AttributeRow>)> {
        let row = self.category(category).await?;
        Ok((row, self.own_attributes(category).await?))
    }

    /// Replaces what a category whose version is still `expected` asks for. The same once more changes nothing. What
    /// products answered and nobody asks for any more is kept with them and shown no more.
    pub async fn replace_attributes(
        &mut self,
        category: CategoryId,
        expected: i32,
        attributes: &[Attribute],
    ) -> Result<(CategoryRow, Vec<AttributeRow>)> {
        let row = self.lock_category(category, expected).await?;
        let before = self.own_attributes(category).await?;
        let after: Vec<_> = (0..).zip(attributes).map(|(at, a)| AttributeRow::new(category, at, a)).collect();
        if before == after {
            return Ok((row, before));
        }
        diesel::delete(
            category_attributes::table.filter(category_attributes::category_id.eq(category.uuid())),
        )
        .execute(&mut **self)
        .await?;
        diesel::insert_into(category_attributes::table).values(&after).execute(&mut **self).await?;
        let row = self.touch_category(category).await?;
        self.record(
            AggregatorId::PLATFORM,
            Change::new(EventKind::CategoryAttributesChanged, Subject("category", row.id))
                .data(json!({ "slug": row.slug }))
                .from_to(facts(&before), facts(&after)),
        );
        Ok((row, after))
    }

    async fn own_attributes(&mut self, category: CategoryId) -> Result<Vec<AttributeRow>> {
        Ok(category_attributes::table
            .filter(category_attributes::category_id.eq(category.uuid()))
            .order(category_attributes::position)
            .select(AttributeRow::as_select())
            .load(&mut **self)
            .await?)
    }
}

fn facts(attributes: &[AttributeRow]) -> Value {
    let fact = |a: &AttributeRow| {
        json!({
            "key": a.key, "kind": a.kind, "required": a.required, "unit": a.unit, "name_id": a.name_id,
            "name_en": a.name_en, "choices": a.choices,
        })
    };
    attributes.iter().map(fact).collect()
}
