//! What belongs to a collection, found when it is read (ADR 14): products by hand in their places, or those that meet a
//! rule, in its order and up to its limit. Nothing is kept, so nothing can be out of date.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::Code;
use kapal_domain::collection_rule::{Rule, RuleSort};
use kapal_domain::ids::{AggregatorId, CollectionId};
use kapal_domain::locale::Locale;
use serde_json::Value;
use uuid::Uuid;

use super::product::{SHOWN, ShownProduct};
use crate::collection_rule::from_json;
use crate::db::{Connection, lend};
use crate::sql::sql;
use crate::statement::Statement;
use crate::{Cursor, CursorValue, Db, Result};

/// How far the matches of a rule are counted for its authors: a count must not cost more than a page.
const COUNTED: u16 = 1_000;

/// How many products meet a rule, whatever its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matches {
    /// As far as they were counted.
    pub count: i64,
    /// Whether there are more.
    pub capped: bool,
}

/// What belongs to one collection of one aggregator.
#[derive(Debug, Clone)]
pub(super) struct Shelf {
    pub aggregator: Uuid,
    pub content: Content,
}

#[derive(Debug, Clone)]
pub(super) enum Content {
    ByHand(Vec<Uuid>),
    ByRule(Rule),
}

impl Shelf {
    /// Reads the columns of published_collections.
    pub fn read(aggregator: Uuid, rule: Option<Value>, product_ids: Vec<Uuid>) -> Result<Self> {
        let content = match rule {
            Some(rule) => Content::ByRule(from_json(rule)?),
            None => Content::ByHand(product_ids),
        };
        Ok(Self { aggregator, content })
    }

    fn by_rule(aggregator: AggregatorId, rule: &Rule) -> Self {
        Self { aggregator: aggregator.uuid(), content: Content::ByRule(rule.clone()) }
    }

    fn rule(&self) -> Option<&Rule> {
        match &self.content {
            Content::ByRule(rule) => Some(rule),
            Content::ByHand(_) => None,
        }
    }

    fn named(&self) -> impl Iterator<Item = CollectionId> {
        self.rule().into_iter().flat_map(|rule| rule.collections.iter().copied())
    }
}

sql! {
    NamedShelves { aggregators: Vec<Uuid> => Array<SqlUuid>, ids: Vec<Uuid> => Array<SqlUuid> }
    "SELECT aggregator_id, id, rule, product_ids FROM published_collections
     WHERE aggregator_id = ANY ($1) AND id = ANY ($2)"
}

#[derive(QueryableByName)]
struct NamedShelf {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<Jsonb>)]
    rule: Option<Value>,
    #[diesel(sql_type = Array<SqlUuid>)]
    product_ids: Vec<Uuid>,
}

sql! {
    Branches { ids: Vec<Uuid> => Array<SqlUuid> }
    "WITH RECURSIVE below AS (
        SELECT id AS top, id, slug FROM categories WHERE id = ANY ($1)
        UNION ALL
        SELECT below.top, c.id, c.slug FROM below JOIN categories c ON c.parent_id = below.id
     )
     SELECT top, slug FROM below"
}

#[derive(QueryableByName)]
struct Branch {
    #[diesel(sql_type = SqlUuid)]
    top: Uuid,
    #[diesel(sql_type = Text)]
    slug: String,
}

/// A product on one of several shelves.
#[derive(QueryableByName)]
struct Placed {
    #[diesel(sql_type = BigInt)]
    shelf: i64,
    #[diesel(sql_type = BigInt)]
    place: i64,
    #[diesel(sql_type = BigInt)]
    total: i64,
    #[diesel(embed)]
    product: ShownProduct,
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    total: i64,
}

/// The first products of a shelf, or a page of them, and how many there are.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub products: Vec<ShownProduct>,
    pub total: i64,
}

/// What the shelves of one request refer to, and how they are looked at.
pub(super) struct Look {
    locale: Locale,
    now: DateTime<Utc>,
    named: HashMap<Uuid, Shelf>,
    /// The slugs of each category and of those below it.
    categories: HashMap<Uuid, Vec<String>>,
}

impl Look {
    /// Reads what these shelves name: other collections, with what those name, and the branches of categories. A chain
    /// of collections is short, and none leads back to itself.
    pub async fn at(
        connection: &mut Connection,
        shelves: &[Shelf],
        locale: Locale,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let mut named = HashMap::new();
        let aggregators: HashSet<_> = shelves.iter().map(|shelf| shelf.aggregator).collect();
        let mut missing: HashSet<_> = shelves.iter().flat_map(Shelf::named).map(CollectionId::uuid).collect();
        while !missing.is_empty() {
            let query = NamedShelves {
                aggregators: aggregators.iter().copied().collect(),
                ids: missing.drain().collect(),
            };
            for row in query.load::<NamedShelf>(connection).await? {
                let shelf = Shelf::read(row.aggregator_id, row.rule, row.product_ids)?;
                missing.extend(shelf.named().map(CollectionId::uuid));
                named.insert(row.id, shelf);
            }
            missing.retain(|id| !named.contains_key(id));
        }
        let rules = shelves.iter().chain(named.values()).filter_map(Shelf::rule);
        let ids: HashSet<_> = rules.flat_map(|rule| &rule.categories).map(|id| id.uuid()).collect();
        let mut categories = HashMap::<_, Vec<_>>::new();
        if !ids.is_empty() {
            let query = Branches { ids: ids.into_iter().collect() };
            for branch in query.load::<Branch>(connection).await? {
                categories.entry(branch.top).or_default().push(branch.slug);
            }
        }
        Ok(Self { locale, now, named, categories })
    }

    /// How many products each of these shelves has, in their order.
    pub async fn totals(&self, connection: &mut Connection, shelves: &[Shelf]) -> Result<Vec<i64>> {
        self.count(connection, shelves, None).await
    }

    async fn count(
        &self,
        connection: &mut Connection,
        shelves: &[Shelf],
        limit: Option<u16>,
    ) -> Result<Vec<i64>> {
        if shelves.is_empty() {
            return Ok(Vec::new());
        }
        let mut statement = Statement::new("SELECT total FROM (");
        for (at, shelf) in (0_i64..).zip(shelves) {
            statement = statement
                .sql(if at == 0 { "SELECT " } else { " UNION ALL SELECT " })
                .bind(at)
                .sql("::bigint AS shelf, (SELECT count(*) FROM (")
                .append(self.members(shelf, limit))
                .sql(") AS members) AS total");
        }
        let statement = statement.sql(") AS shelves ORDER BY shelf").planned_anew();
        let rows = statement.load::<Counted>(connection).await?;
        Ok(rows.into_iter().map(|row| row.total).collect())
    }

    /// The first products of each of these shelves, in their order.
    pub async fn firsts(
        &self,
        connection: &mut Connection,
        shelves: &[Shelf],
        first: i64,
    ) -> Result<Vec<Taken>> {
        let mut taken: Vec<Taken> = Vec::new();
        taken.resize_with(shelves.len(), Taken::default);
        if shelves.is_empty() {
            return Ok(taken);
        }
        let mut statement = Statement::default();
        for (at, shelf) in (0_i64..).zip(shelves) {
            let piece = self.placed(at, shelf).sql(" WHERE m.place <= ").bind(first);
            statement = if at == 0 { piece } else { statement.sql(" UNION ALL ").append(piece) };
        }
        let statement = statement.sql(" ORDER BY shelf, place").planned_for(shelves);
        for row in statement.load::<Placed>(connection).await? {
            let shelf = usize::try_from(row.shelf).ok().and_then(|at| taken.get_mut(at));
            if let Some(shelf) = shelf {
                shelf.total = row.total;
                shelf.products.push(row.product);
            }
        }
        Ok(taken)
    }

    /// A page of a shelf, and where the next one begins.
    pub async fn page(
        &self,
        connection: &mut Connection,
        shelf: &Shelf,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<(Taken, Option<Cursor>)> {
        let mut statement = self.placed(0, shelf).sql(" WHERE true");
        if let Some(cursor) = after {
            statement = statement.beyond_on(shelf, cursor)?;
        }
        let statement = statement.page(" ORDER BY m.place", limit).planned_for(std::slice::from_ref(shelf));
        let rows = statement.load::<Placed>(connection).await?;
        let total = match rows.as_slice() {
            [row, ..] => row.total,
            [] if after.is_none() => 0,
            [] => self.totals(connection, std::slice::from_ref(shelf)).await?.into_iter().sum(),
        };
        let page = crate::Page::cut(rows, limit, |row| place_of(shelf, row));
        let products = page.items.into_iter().map(|row| row.product).collect();
        Ok((Taken { products, total }, page.next))
    }

    /// The products of a shelf as `d`, each with its place and their number as `m`.
    fn placed(&self, at: i64, shelf: &Shelf) -> Statement {
        Statement::new("SELECT ")
            .bind(at)
            .sql("::bigint AS shelf, m.place, m.total, ")
            .sql(SHOWN)
            .sql(" FROM (SELECT product_id, place, count(*) OVER () AS total FROM (")
            .append(self.members(shelf, None))
            .sql(
                ") AS members) AS m JOIN search_documents d ON d.product_id = m.product_id AND d.aggregator_id = ",
            )
            .bind(shelf.aggregator)
            .sql(" AND d.locale = ")
            .bind(self.locale.as_str())
            .sql(" JOIN published_aggregators a ON a.id = d.aggregator_id")
    }

    /// The ids of a shelf's products with their places, at most as many as its rule says, or as `limit` does instead.
    fn members(&self, shelf: &Shelf, limit: Option<u16>) -> Statement {
        match &shelf.content {
            Content::ByHand(ids) => Statement::new(
                "SELECT d.product_id, i.place FROM unnest(",
            )
            .bind(ids.clone())
            .sql(") WITH ORDINALITY AS i (product_id, place) JOIN search_documents d ON d.product_id = i.product_id")
            .documents(shelf.aggregator, self.locale),
            Content::ByRule(rule) => {
                let order = order(rule.sort);
                let limit = i64::from(limit.unwrap_or(rule.limit));
                Statement::new("SELECT d.product_id, row_number() OVER (")
                    .sql(order)
                    .sql(") AS place FROM search_documents d WHERE true")
                    .documents(shelf.aggregator, self.locale)
                    .append(self.criteria(rule))
                    .sql(order)
                    .sql(" LIMIT ")
                    .bind(limit)
            }
        }
    }

    /// What a rule asks of a document `d`.
    fn criteria(&self, rule: &Rule) -> Statement {
        let slugs = rule.categories.iter().filter_map(|id| self.categories.get(&id.uuid())).flatten();
        let tags = rule.tags.iter().map(|tag| tag.as_str().to_owned());
        let certificates = texts(rule.certificates.iter().map(|kind| kind.as_str()));
        let levels = texts(rule.levels.iter().map(|level| level.as_str()));
        let mut statement = Statement::default()
            .any(" AND d.category_slug = ANY (", slugs.cloned().collect(), !rule.categories.is_empty())
            .any(" AND d.certificates && (", certificates, !rule.certificates.is_empty())
            .any(" AND d.tags && (", tags.collect(), !rule.tags.is_empty())
            .any(" AND d.level = ANY (", levels, !rule.levels.is_empty())
            .with(rule.price_from, |s, price| {
                s.sql(" AND d.currency = ")
                    .bind(price.currency().as_str())
                    .sql(" AND d.price_minor >= ")
                    .bind(price.minor())
            })
            .with(rule.price_to, |s, price| {
                s.sql(" AND d.currency = ")
                    .bind(price.currency().as_str())
                    .sql(" AND d.price_minor <= ")
                    .bind(price.minor())
            })
            .with(rule.stars, |s, stars| s.sql(" AND d.stars >= ").bind(i16::from(stars)))
            .with(rule.new_from(self.now), |s, from| s.sql(" AND d.published_at >= ").bind(from));
        if rule.mutiara {
            statement = statement.sql(" AND d.is_mutiara");
        }
        if !rule.regions.is_empty() {
            statement = statement.sql(" AND (false");
            for region in &rule.regions {
                statement = statement.sql(" OR (true").within(region).sql(")");
            }
            statement = statement.sql(")");
        }
        if !rule.collections.is_empty() {
            statement = statement.sql(" AND d.product_id IN (SELECT NULL::uuid WHERE false");
            for shelf in rule.collections.iter().filter_map(|id| self.named.get(&id.uuid())) {
                statement = statement.sql(" UNION ALL SELECT n.product_id FROM (");
                statement = statement.append(self.members(shelf, None)).sql(") AS n");
            }
            statement = statement.sql(")");
        }
        statement
    }
}

fn texts(values: impl Iterator<Item = &'static str>) -> Vec<String> {
    values.map(str::to_owned).collect()
}

/// The order of a rule's products.
const fn order(sort: RuleSort) -> &'static str {
    match sort {
        RuleSort::Newest => " ORDER BY d.published_at DESC, d.product_id DESC",
        RuleSort::Cheapest => " ORDER BY d.price_minor, d.product_id",
        RuleSort::Dearest => " ORDER BY d.price_minor DESC, d.product_id DESC",
        RuleSort::Name => " ORDER BY d.name COLLATE \"C\", d.product_id",
        RuleSort::Stars => " ORDER BY coalesce(d.stars, 0) DESC, d.published_at DESC, d.product_id DESC",
    }
}

/// Where a product stands in its shelf's order.
fn place_of(shelf: &Shelf, row: &Placed) -> Cursor {
    let product = &row.product;
    let published = CursorValue::Int(product.published_at.timestamp_micros());
    let mut values = match shelf.rule().map(|rule| rule.sort) {
        None => vec![CursorValue::Int(row.place)],
        Some(RuleSort::Newest) => vec![published],
        Some(RuleSort::Cheapest | RuleSort::Dearest) => vec![CursorValue::Int(product.price_minor)],
        Some(RuleSort::Name) => vec![CursorValue::Text(product.name.clone())],
        Some(RuleSort::Stars) => {
            vec![CursorValue::Int(product.stars.unwrap_or_default().into()), published]
        }
    };
    values.push(CursorValue::Id(product.product_id));
    Cursor(values)
}

impl Statement {
    /// The documents of an aggregator in one language.
    fn documents(self, aggregator: Uuid, locale: Locale) -> Self {
        self.sql(" AND d.aggregator_id = ").bind(aggregator).sql(" AND d.locale = ").bind(locale.as_str())
    }

    /// A comparison with any of these, where it is asked for.
    fn any(self, compare: &'static str, values: Vec<String>, is_asked: bool) -> Self {
        if is_asked { self.sql(compare).bind(values).sql(")") } else { self }
    }

    /// Plans anew what depends on rules; products by hand are found in one way, however they are.
    fn planned_for(self, shelves: &[Shelf]) -> Self {
        if shelves.iter().any(|shelf| shelf.rule().is_some()) { self.planned_anew() } else { self }
    }

    /// After the place on a shelf where the page before ended.
    fn beyond_on(self, shelf: &Shelf, cursor: &Cursor) -> Result<Self> {
        use CursorValue::{Id, Int, Text};
        let time = |micros: i64| DateTime::from_timestamp_micros(micros).ok_or(Code::InvalidCursor);
        Ok(match (shelf.rule().map(|rule| rule.sort), cursor.0.as_slice()) {
            (None, [Int(place), Id(_)]) => self.sql(" AND m.place > ").bind(*place),
            (Some(RuleSort::Newest), [Int(micros), Id(id)]) => {
                self.beyond(" AND (d.published_at, d.product_id) < (", (time(*micros)?, *id))
            }
            (Some(RuleSort::Cheapest), [Int(price), Id(id)]) => {
                self.beyond(" AND (d.price_minor, d.product_id) > (", (*price, *id))
            }
            (Some(RuleSort::Dearest), [Int(price), Id(id)]) => {
                self.beyond(" AND (d.price_minor, d.product_id) < (", (*price, *id))
            }
            (Some(RuleSort::Name), [Text(name), Id(id)]) => {
                self.beyond(" AND (d.name COLLATE \"C\", d.product_id) > (", (name.as_str(), *id))
            }
            (Some(RuleSort::Stars), [Int(stars), Int(micros), Id(id)]) => self
                .sql(" AND (coalesce(d.stars, 0), d.published_at, d.product_id) < (")
                .bind(*stars)
                .beyond(", ", (time(*micros)?, *id)),
            _ => return Err(Code::CursorMismatch.into()),
        })
    }
}

impl Db {
    /// How many published products of an aggregator meet each of these rules.
    pub async fn rule_matches(&self, aggregator: AggregatorId, rules: &[&Rule]) -> Result<Vec<Matches>> {
        if rules.is_empty() {
            return Ok(Vec::new());
        }
        let shelves: Vec<_> = rules.iter().map(|rule| Shelf::by_rule(aggregator, rule)).collect();
        let mut connection = lend(&self.public).await?;
        let look = Look::at(&mut connection, &shelves, Locale::Id, Utc::now()).await?;
        let totals = look.count(&mut connection, &shelves, Some(COUNTED + 1)).await?;
        Ok(totals.into_iter().map(matches).collect())
    }

    /// The first products that meet a rule, and how many do.
    pub async fn rule_preview(
        &self,
        aggregator: AggregatorId,
        rule: &Rule,
        locale: Locale,
        first: i64,
    ) -> Result<(Vec<ShownProduct>, Matches)> {
        let shelves = [Shelf::by_rule(aggregator, rule)];
        let mut connection = lend(&self.public).await?;
        let look = Look::at(&mut connection, &shelves, locale, Utc::now()).await?;
        let firsts = look.firsts(&mut connection, &shelves, first).await?;
        let totals = look.count(&mut connection, &shelves, Some(COUNTED + 1)).await?;
        let products = firsts.into_iter().flat_map(|taken| taken.products).collect();
        Ok((products, matches(totals.into_iter().sum())))
    }
}

fn matches(total: i64) -> Matches {
    let counted = i64::from(COUNTED);
    Matches { count: total.min(counted), capped: total > counted }
}
