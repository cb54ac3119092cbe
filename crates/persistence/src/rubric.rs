//! Rubrics: the versions of what reviewers score on, of the aggregator and of categories. The nearest one holds for a
//! product: that of its category, of one above it, the aggregator's own, the platform's.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, Nullable, Uuid as SqlUuid};
use diesel::{
    ExpressionMethods, OptionalExtension, PgExpressionMethods, QueryDsl, Queryable, QueryableByName,
    Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use kapal_domain::Code;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{CategoryId, RubricId};
use kapal_domain::locale::Bilingual;
use kapal_domain::rubric::{Anchor, Criterion, CriterionKey, Marks, ReviewGate, Rubric, RubricText};
use kapal_schema::{categories, rubrics};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::identity::stored;
use crate::sql::sql;
use crate::{Change, Cursor, CursorValue, Error, Page, Result, Subject, TenantTx};

/// A version of a rubric.
#[derive(Debug, Clone)]
pub struct RubricVersion {
    /// Its id; None for the platform's own.
    pub id: Option<Uuid>,
    /// The category that it was written for; None for the aggregator's and the platform's.
    pub category_id: Option<Uuid>,
    /// Its number; 0 for the platform's own.
    pub version: i32,
    /// What it says.
    pub rubric: Rubric,
    /// Who wrote it.
    pub created_by: Option<Uuid>,
    /// When.
    pub created_at: Option<DateTime<Utc>>,
}

impl RubricVersion {
    /// The platform's own, which holds where an aggregator has none.
    pub(crate) fn standard() -> Self {
        let rubric = Rubric::default_rubric();
        Self { id: None, category_id: None, version: 0, rubric, created_by: None, created_at: None }
    }
}

/// A rubric as its row keeps it.
#[derive(Serialize, Deserialize)]
struct Stored {
    criteria: Vec<StoredCriterion>,
    mutiara_at: u8,
    max_difference: u8,
    reviewers: u8,
    gates: Vec<String>,
    min_photos: u8,
}

#[derive(Serialize, Deserialize)]
struct StoredCriterion {
    key: String,
    weight: u8,
    name: StoredText,
    anchors: Vec<StoredAnchor>,
}

#[derive(Serialize, Deserialize)]
struct StoredAnchor {
    points: u8,
    meaning: StoredText,
}

#[derive(Serialize, Deserialize)]
struct StoredText {
    id: String,
    en: String,
}

impl From<&Bilingual<RubricText>> for StoredText {
    fn from(text: &Bilingual<RubricText>) -> Self {
        Self { id: text.id.to_string(), en: text.en.to_string() }
    }
}

impl StoredText {
    fn parse(&self) -> Result<Bilingual<RubricText>, Code> {
        Ok(Bilingual { id: RubricText::parse(&self.id)?, en: RubricText::parse(&self.en)? })
    }
}

impl From<&Rubric> for Stored {
    fn from(rubric: &Rubric) -> Self {
        let criterion = |criterion: &Criterion| StoredCriterion {
            key: criterion.key.as_str().to_owned(),
            weight: criterion.weight,
            name: (&criterion.name).into(),
            anchors: criterion
                .anchors
                .iter()
                .map(|anchor| StoredAnchor { points: anchor.points, meaning: (&anchor.meaning).into() })
                .collect(),
        };
        let marks = rubric.marks();
        Self {
            criteria: rubric.criteria().iter().map(criterion).collect(),
            mutiara_at: marks.mutiara_at,
            max_difference: marks.max_difference,
            reviewers: marks.reviewers,
            gates: marks.gates.iter().map(|gate| gate.as_str().to_owned()).collect(),
            min_photos: marks.min_photos,
        }
    }
}

impl Stored {
    fn parse(content: &Value) -> Result<Rubric> {
        let broken = |error: &dyn std::fmt::Debug| Error::Internal(format!("stored rubric: {error:?}"));
        let rubric = Self::deserialize(content).map_err(|error| broken(&error))?;
        let anchor =
            |anchor: &StoredAnchor| Ok(Anchor { points: anchor.points, meaning: anchor.meaning.parse()? });
        let criterion = |criterion: &StoredCriterion| {
            Ok(Criterion {
                key: CriterionKey::parse(&criterion.key)?,
                weight: criterion.weight,
                name: criterion.name.parse()?,
                anchors: criterion.anchors.iter().map(anchor).collect::<Result<_, Code>>()?,
            })
        };
        let criteria = stored(rubric.criteria.iter().map(criterion).collect::<Result<Vec<_>, Code>>())?;
        let gates = rubric.gates.iter().map(|gate| ReviewGate::parse(gate)).collect::<Result<_, Code>>();
        let marks = Marks {
            mutiara_at: rubric.mutiara_at,
            max_difference: rubric.max_difference,
            reviewers: rubric.reviewers,
            gates: stored(gates)?,
            min_photos: rubric.min_photos,
        };
        Rubric::new(criteria, marks).map_err(|faults| broken(&faults))
    }
}

#[derive(Queryable, QueryableByName, Selectable)]
#[diesel(table_name = rubrics, check_for_backend(diesel::pg::Pg))]
struct RubricRow {
    id: Uuid,
    category_id: Option<Uuid>,
    version: i32,
    content: Value,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
}

impl RubricRow {
    fn read(self) -> Result<RubricVersion> {
        Ok(RubricVersion {
            id: Some(self.id),
            category_id: self.category_id,
            version: self.version,
            rubric: Stored::parse(&self.content)?,
            created_by: self.created_by,
            created_at: Some(self.created_at),
        })
    }
}

sql! {
    // What holds for a category, or, without one, for all that no category's rubric holds for.
    NearestRubric { aggregator: Uuid => SqlUuid, category: Option<Uuid> => Nullable<SqlUuid> }
    "WITH RECURSIVE above AS (
        SELECT c.id, c.parent_id, 0 AS distance FROM categories c WHERE c.id = $2
        UNION ALL
        SELECT c.id, c.parent_id, above.distance + 1 FROM above JOIN categories c ON c.id = above.parent_id
     )
     SELECT r.* FROM rubrics r LEFT JOIN above ON above.id = r.category_id
     WHERE r.aggregator_id = $1 AND (r.category_id IS NULL OR above.id IS NOT NULL)
     ORDER BY above.distance NULLS LAST, r.version DESC LIMIT 1"
}

sql! {
    // What nominations are scored on: settled with the first score of a round, until then what holds for the category.
    RubricsOf { aggregator: Uuid => SqlUuid, nominations: Vec<Uuid> => Array<SqlUuid> }
    "SELECT n.id AS nomination_id, r.*
     FROM nominations n
     JOIN products p ON p.aggregator_id = n.aggregator_id AND p.id = n.product_id
     CROSS JOIN LATERAL (
        WITH RECURSIVE above AS (
            SELECT c.id, c.parent_id, 0 AS distance FROM categories c WHERE c.id = p.category_id
            UNION ALL
            SELECT c.id, c.parent_id, above.distance + 1 FROM above JOIN categories c ON c.id = above.parent_id
        )
        SELECT r.* FROM rubrics r LEFT JOIN above ON above.id = r.category_id
        WHERE r.aggregator_id = $1 AND CASE WHEN n.status IN ('open', 'appealed')
            THEN r.category_id IS NULL OR above.id IS NOT NULL ELSE r.id = n.rubric_id END
        ORDER BY above.distance NULLS LAST, r.version DESC LIMIT 1
     ) r
     WHERE n.aggregator_id = $1 AND n.id = ANY ($2)"
}

#[derive(QueryableByName)]
struct RubricOf {
    #[diesel(sql_type = SqlUuid)]
    nomination_id: Uuid,
    #[diesel(embed)]
    rubric: RubricRow,
}

impl TenantTx<'_> {
    /// The category with this id or slug.
    pub async fn category_named(&mut self, name: &str) -> Result<CategoryId> {
        let found = match Uuid::try_parse(name) {
            Ok(id) => categories::table.find(id).select(categories::id).first::<Uuid>(&mut **self).await,
            Err(_) => {
                let named = categories::table.filter(categories::slug.eq(name)).select(categories::id);
                named.first::<Uuid>(&mut **self).await
            }
        };
        Ok(found?.into())
    }

    /// The rubric that holds for a category; without one, for products that no category's rubric holds for.
    pub async fn rubric_for(&mut self, category: Option<CategoryId>) -> Result<RubricVersion> {
        let nearest = NearestRubric { aggregator: self.tenant(), category: category.map(CategoryId::uuid) };
        let row = nearest.get_result::<RubricRow>(&mut **self).await.optional()?;
        row.map_or_else(|| Ok(RubricVersion::standard()), RubricRow::read)
    }

    /// The versions that were written for a category, or for the aggregator, the newest first.
    pub async fn rubric_versions(
        &mut self,
        category: Option<CategoryId>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<RubricVersion>> {
        let mut query = rubrics::table
            .filter(rubrics::aggregator_id.eq(self.tenant()))
            .filter(rubrics::category_id.is_not_distinct_from(category.map(CategoryId::uuid)))
            .select(RubricRow::as_select())
            .into_boxed();
        if let Some(cursor) = after {
            let [CursorValue::Int(version), CursorValue::Id(_)] = cursor.0.as_slice() else {
                return Err(Code::CursorMismatch.into());
            };
            query = query.filter(rubrics::version.lt(i32::try_from(*version).unwrap_or_default()));
        }
        let rows = query
            .order(rubrics::version.desc())
            .limit(i64::try_from(limit + 1).unwrap_or(i64::MAX))
            .load::<RubricRow>(&mut **self)
            .await?;
        let Page { items, next } = Page::cut(rows, limit, |row| {
            Cursor(vec![CursorValue::Int(row.version.into()), CursorValue::Id(row.id)])
        });
        Ok(Page { items: items.into_iter().map(RubricRow::read).collect::<Result<_>>()?, next })
    }

    /// Writes the next version for a category, or for the aggregator. Says whether there is one: the same once more
    /// makes none.
    pub async fn publish_rubric(
        &mut self,
        category: Option<CategoryId>,
        rubric: &Rubric,
    ) -> Result<(RubricVersion, bool)> {
        let category = category.map(CategoryId::uuid);
        let content = json!(Stored::from(rubric));
        loop {
            let last = rubrics::table
                .filter(rubrics::aggregator_id.eq(self.tenant()))
                .filter(rubrics::category_id.is_not_distinct_from(category))
                .order(rubrics::version.desc())
                .select(RubricRow::as_select())
                .first::<RubricRow>(&mut **self)
                .await
                .optional()?;
            let number = last.as_ref().map_or(1, |last| last.version + 1);
            if let Some(last) = last
                && last.content == content
            {
                return Ok((last.read()?, false));
            }
            // Of two at once the second waits here, and then comes after the first.
            let row = diesel::insert_into(rubrics::table)
                .values((
                    rubrics::aggregator_id.eq(self.tenant()),
                    rubrics::id.eq(RubricId::new().uuid()),
                    rubrics::category_id.eq(category),
                    rubrics::version.eq(number),
                    rubrics::content.eq(&content),
                    rubrics::created_by.eq(self.actor().id()),
                    rubrics::created_at.eq(Utc::now()),
                ))
                .on_conflict_do_nothing()
                .returning(RubricRow::as_returning())
                .get_result::<RubricRow>(&mut **self)
                .await
                .optional()?;
            if let Some(row) = row {
                let before = if number == 1 { Value::Null } else { json!({ "version": number - 1 }) };
                self.record(
                    Change::new(EventKind::RubricPublished, Subject("rubric", row.id))
                        .data(json!({ "category_id": category, "version": number }))
                        .from_to(before, json!({ "version": number, "content": content })),
                );
                return Ok((row.read()?, true));
            }
        }
    }

    /// What each of these nominations is scored on; the platform's own is left out.
    pub(crate) async fn rubrics_of(
        &mut self,
        nominations: Vec<Uuid>,
    ) -> Result<BTreeMap<Uuid, RubricVersion>> {
        let query = RubricsOf { aggregator: self.tenant(), nominations };
        let rows = query.load::<RubricOf>(&mut **self).await?;
        rows.into_iter().map(|row| Ok((row.nomination_id, row.rubric.read()?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_rubric_is_read_as_it_was() {
        let rubric = Rubric::default_rubric();
        let content = json!(Stored::from(&rubric));
        assert_eq!(Stored::parse(&content).unwrap(), rubric);
        assert!(Stored::parse(&json!({ "criteria": [] })).is_err());
    }
}
