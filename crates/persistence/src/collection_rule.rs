//! What the rules of collections refer to: that it is there, and that no rule leads back to itself.

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::collection_rule::{MAX_DEPTH, Rule, RuleText};
use kapal_domain::ids::CollectionId;
use kapal_domain::{Code, Faults};
use serde_json::Value;
use uuid::Uuid;

use crate::sql::sql;
use crate::{Error, Result, TenantTx};

sql! {
    // What is named can't be deleted until this transaction has said so itself.
    KnownThings { aggregator: Uuid => SqlUuid, categories: Vec<Uuid> => Array<SqlUuid>, regions: Vec<String> => Array<Text>,
        collections: Vec<Uuid> => Array<SqlUuid> }
    "SELECT ARRAY(SELECT id FROM categories WHERE id = ANY ($2)) AS categories,
        ARRAY(SELECT code FROM regions WHERE code = ANY ($3)) AS regions,
        ARRAY(SELECT id FROM collections WHERE aggregator_id = $1 AND id = ANY ($4) FOR KEY SHARE) AS collections"
}

#[derive(QueryableByName)]
struct Known {
    #[diesel(sql_type = Array<SqlUuid>)]
    categories: Vec<Uuid>,
    #[diesel(sql_type = Array<Text>)]
    regions: Vec<String>,
    #[diesel(sql_type = Array<SqlUuid>)]
    collections: Vec<Uuid>,
}

sql! {
    LockTenant { aggregator: Uuid => SqlUuid }
    "SELECT 1 FROM aggregators WHERE id = $1 FOR NO KEY UPDATE"
}

sql! {
    // Down from what is named, and up to those whose rules name this one, or lead to it.
    Chain { aggregator: Uuid => SqlUuid, collection: Option<Uuid> => Nullable<SqlUuid>, named: Vec<Uuid> => Array<SqlUuid> }
    "WITH RECURSIVE down AS (
        SELECT id, 1 AS steps FROM unnest($3) AS id
        UNION ALL
        SELECT l.named_id, down.steps + 1 FROM down JOIN collection_links l ON l.collection_id = down.id
        WHERE l.aggregator_id = $1 AND down.id IS DISTINCT FROM $2
     ), up AS (
        SELECT $2 AS id, 0 AS steps
        UNION ALL
        SELECT l.collection_id, up.steps + 1 FROM up JOIN collection_links l ON l.named_id = up.id
        WHERE l.aggregator_id = $1
     )
     SELECT coalesce(bool_or(down.id = $2), false) AS is_circular,
        1 + max(down.steps)::bigint + (SELECT max(up.steps) FROM up) AS depth
     FROM down"
}

#[derive(QueryableByName)]
struct Chained {
    #[diesel(sql_type = Bool)]
    is_circular: bool,
    #[diesel(sql_type = BigInt)]
    depth: i64,
}

sql! {
    Link { aggregator: Uuid => SqlUuid, collection: Uuid => SqlUuid, named: Vec<Uuid> => Array<SqlUuid> }
    "WITH gone AS (
        DELETE FROM collection_links WHERE aggregator_id = $1 AND collection_id = $2 AND named_id <> ALL ($3)
     )
     INSERT INTO collection_links (aggregator_id, collection_id, named_id) SELECT $1, $2, unnest($3)
     ON CONFLICT DO NOTHING"
}

/// A rule as it is stored.
pub(crate) fn to_json(rule: &Rule) -> Value {
    serde_json::to_value(rule.text()).unwrap_or_default()
}

/// The rule that is stored so.
pub(crate) fn from_json(value: Value) -> Result<Rule> {
    let text: RuleText = serde_json::from_value(value).map_err(|error| Error::Internal(error.to_string()))?;
    text.parse().map_err(|faults| Error::Internal(format!("a stored rule has faults: {faults:?}")))
}

/// A fault for each value of a list that is not known, at its place.
fn expect(faults: &mut Faults, pointer: &str, code: Code, are_known: impl Iterator<Item = bool>) {
    for (at, _) in are_known.enumerate().filter(|(_, is_known)| !is_known) {
        faults.add(format!("{pointer}/{at}"), code);
    }
}

impl TenantTx<'_> {
    /// Waits for others whose rules name collections too: each then sees what the other has made. It comes before the lock
    /// of the collection itself, so that nobody waits in a circle.
    pub(crate) async fn lock_links(&mut self, rule: Option<&Rule>) -> Result<()> {
        if rule.is_some_and(|rule| !rule.collections.is_empty()) {
            LockTenant { aggregator: self.tenant() }.execute(&mut **self).await?;
        }
        Ok(())
    }

    /// Checks that what a rule names is there, and that the rule of `collection` would not lead back to itself.
    pub async fn check_rule(&mut self, collection: Option<CollectionId>, rule: &Rule) -> Result<()> {
        let aggregator = self.tenant();
        let named: Vec<_> = rule.collections.iter().map(|id| id.uuid()).collect();
        let query = KnownThings {
            aggregator,
            categories: rule.categories.iter().map(|id| id.uuid()).collect(),
            regions: rule.regions.iter().map(|code| code.as_str().to_owned()).collect(),
            collections: named.clone(),
        };
        let known = query.get_result::<Known>(&mut **self).await?;
        let mut faults = Faults::default();
        let categories = rule.categories.iter().map(|id| known.categories.contains(&id.uuid()));
        expect(&mut faults, "/rule/categories", Code::UnknownReference, categories);
        let regions =
            rule.regions.iter().map(|code| known.regions.iter().any(|known| known == code.as_str()));
        expect(&mut faults, "/rule/regions", Code::InvalidRegion, regions);
        let collections = named.iter().map(|id| known.collections.contains(id));
        expect(&mut faults, "/rule/collections", Code::UnknownReference, collections);
        faults.finish()?;
        if named.is_empty() {
            return Ok(());
        }
        let query = Chain { aggregator, collection: collection.map(CollectionId::uuid), named };
        let chain = query.get_result::<Chained>(&mut **self).await?;
        if chain.is_circular {
            return Err(Error::field("/rule/collections", Code::RuleMatchesItself));
        }
        if chain.depth > MAX_DEPTH {
            return Err(Error::field("/rule/collections", Code::RuleTooDeep));
        }
        Ok(())
    }

    /// Notes which collections the rule of a collection names; none without a rule.
    pub(crate) async fn link_collections(&mut self, id: Uuid, rule: Option<&Rule>) -> Result<()> {
        let named = rule.iter().flat_map(|rule| &rule.collections).map(|named| named.uuid()).collect();
        Link { aggregator: self.tenant(), collection: id, named }.execute(&mut **self).await?;
        Ok(())
    }
}
