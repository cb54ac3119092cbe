//! What the events of a round may have touched. An event names a thing; what is shown of others with it follows: a product
//! counts in its merchant, its categories and its aggregator's collections, a merchant stands on its products.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::Code;
use kapal_domain::event::EventKind;
use kapal_domain::ids::AggregatorId;
use uuid::Uuid;

use super::token::At;
use super::{ChangedKind, Key};
use crate::db::lend;
use crate::search::Stretch;
use crate::sql::sql;
use crate::{Db, Result};

/// What the events of a round name.
#[derive(Debug, Default)]
pub(super) struct Affected {
    /// Products, also those of which nothing but the stock changed.
    products: BTreeSet<Key>,
    /// Those that may count elsewhere in another way than before.
    counted: BTreeSet<Key>,
    /// Merchants, with all that they have.
    merchants: BTreeSet<Key>,
    /// Collections.
    collections: BTreeSet<Key>,
    /// Aggregators, with all that they have.
    aggregators: BTreeSet<Uuid>,
    /// Categories that a product left.
    left: BTreeSet<Uuid>,
    /// The tree of categories itself.
    tree: bool,
}

#[derive(Debug, QueryableByName)]
struct Event {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    subject_type: String,
    #[diesel(sql_type = SqlUuid)]
    subject_id: Uuid,
    #[diesel(sql_type = Nullable<Text>)]
    product_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    merchant_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    left_category_id: Option<String>,
}

sql! {
    ReadEvents {
        aggregators: Vec<Uuid> => Array<SqlUuid>, after: Vec<i64> => Array<BigInt>, upto: Vec<i64> => Array<BigInt>,
        kinds: Vec<&'static str> => Array<Text>,
    }
    "SELECT e.aggregator_id, e.kind, e.subject_type, e.subject_id, e.data ->> 'product_id' AS product_id,
            e.data ->> 'merchant_id' AS merchant_id, e.data ->> 'left_category_id' AS left_category_id
     FROM unnest($1, $2, $3) AS s (aggregator_id, after, upto)
     JOIN events e ON e.aggregator_id = s.aggregator_id AND e.seq > s.after AND e.seq <= s.upto
     WHERE e.kind = ANY ($4)"
}

sql! {
    // The numbers of a log have no holes: where the first of these events is gone, it was too old to be kept.
    LostBeginnings { aggregators: Vec<Uuid> => Array<SqlUuid>, after: Vec<i64> => Array<BigInt> }
    "SELECT s.aggregator_id, s.aggregator_id AS id FROM unnest($1, $2) AS s (aggregator_id, after)
     WHERE NOT EXISTS (SELECT FROM events e WHERE e.aggregator_id = s.aggregator_id AND e.seq = s.after + 1)"
}

/// The kinds of events that may change what is told.
fn kinds() -> Vec<&'static str> {
    let told = |kind: &EventKind| kind.is_public() && *kind != EventKind::SearchSynonymsChanged;
    EventKind::ALL.iter().copied().filter(told).map(EventKind::as_str).collect()
}

impl Affected {
    fn take(&mut self, event: &Event) {
        let key = (event.aggregator_id, event.subject_id);
        let named = |id: &Option<String>| id.as_deref().and_then(|id| Uuid::try_parse(id).ok());
        match event.subject_type.as_str() {
            "product" => {
                self.products.insert(key);
                if event.kind != EventKind::StockChanged.as_str() {
                    self.counted.insert(key);
                }
                self.left.extend(named(&event.left_category_id));
            }
            "merchant" => {
                self.merchants.insert(key);
            }
            "collection" => {
                self.collections.insert(key);
            }
            "category" => self.tree = true,
            "aggregator" => {
                self.aggregators.insert(event.subject_id);
            }
            // A nomination names its product, a document its merchant. A slot is not told.
            _ => {
                let of = |id: Uuid| (event.aggregator_id, id);
                self.products.extend(named(&event.product_id).map(of));
                self.counted.extend(named(&event.product_id).map(of));
                self.merchants.extend(named(&event.merchant_id).map(of));
            }
        }
    }

    /// The aggregators whose collections may have more or fewer products than before.
    fn counting(&self) -> Vec<Uuid> {
        let things = self.counted.iter().chain(&self.merchants).map(|(aggregator, _)| *aggregator);
        things.chain(self.aggregators.iter().copied()).collect()
    }

    fn aggregators(&self) -> Vec<Uuid> {
        self.aggregators.iter().copied().collect()
    }
}

fn split(keys: &BTreeSet<Key>) -> (Vec<Uuid>, Vec<Uuid>) {
    keys.iter().copied().unzip()
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

// What was never shown is not told to be gone: nobody outside knows of it.
sql! {
    ProductKeys {
        aggregators: Vec<Uuid> => Array<SqlUuid>, products: Vec<Uuid> => Array<SqlUuid>,
        sellers_of: Vec<Uuid> => Array<SqlUuid>, sellers: Vec<Uuid> => Array<SqlUuid>, whole: Vec<Uuid> => Array<SqlUuid>,
        after_aggregator: Uuid => SqlUuid, after: Uuid => SqlUuid, most: i64 => BigInt,
    }
    "SELECT k.aggregator_id, k.id FROM (
        SELECT p.aggregator_id, p.id FROM unnest($1, $2) AS n (aggregator_id, id)
        JOIN products p ON p.aggregator_id = n.aggregator_id AND p.id = n.id WHERE p.published_at IS NOT NULL
        UNION
        SELECT p.aggregator_id, p.id FROM unnest($3, $4) AS n (aggregator_id, id)
        JOIN products p ON p.aggregator_id = n.aggregator_id AND p.merchant_id = n.id WHERE p.published_at IS NOT NULL
        UNION
        (SELECT p.aggregator_id, p.id FROM products p
         WHERE p.aggregator_id = ANY ($5) AND p.published_at IS NOT NULL AND (p.aggregator_id, p.id) > ($6, $7)
         ORDER BY p.aggregator_id, p.id LIMIT $8)
     ) k WHERE (k.aggregator_id, k.id) > ($6, $7) ORDER BY k.aggregator_id, k.id LIMIT $8"
}

sql! {
    MerchantKeys {
        aggregators: Vec<Uuid> => Array<SqlUuid>, merchants: Vec<Uuid> => Array<SqlUuid>,
        products_of: Vec<Uuid> => Array<SqlUuid>, products: Vec<Uuid> => Array<SqlUuid>, whole: Vec<Uuid> => Array<SqlUuid>,
        after_aggregator: Uuid => SqlUuid, after: Uuid => SqlUuid, most: i64 => BigInt,
    }
    "SELECT m.aggregator_id, m.id FROM (
        SELECT n.aggregator_id, n.id FROM unnest($1, $2) AS n (aggregator_id, id)
        UNION
        SELECT p.aggregator_id, p.merchant_id FROM unnest($3, $4) AS n (aggregator_id, id)
        JOIN products p ON p.aggregator_id = n.aggregator_id AND p.id = n.id
        UNION
        (SELECT m.aggregator_id, m.id FROM merchants m
         WHERE m.aggregator_id = ANY ($5) AND (m.aggregator_id, m.id) > ($6, $7)
         ORDER BY m.aggregator_id, m.id LIMIT $8)
     ) k JOIN merchants m ON m.aggregator_id = k.aggregator_id AND m.id = k.id
     WHERE m.status NOT IN ('draft', 'submitted', 'needs_changes') AND (m.aggregator_id, m.id) > ($6, $7)
     ORDER BY m.aggregator_id, m.id LIMIT $8"
}

sql! {
    // One that has ended was told when it did: an event says so.
    CollectionKeys {
        aggregators: Vec<Uuid> => Array<SqlUuid>, collections: Vec<Uuid> => Array<SqlUuid>,
        counting: Vec<Uuid> => Array<SqlUuid>, all: bool => Bool, now: DateTime<Utc> => Timestamptz,
        after_aggregator: Uuid => SqlUuid, after: Uuid => SqlUuid, most: i64 => BigInt,
    }
    "SELECT k.aggregator_id, k.id FROM (
        SELECT n.aggregator_id, n.id FROM unnest($1, $2) AS n (aggregator_id, id)
        UNION
        SELECT c.aggregator_id, c.id FROM published_collections c
        WHERE (c.aggregator_id = ANY ($3) OR $4) AND c.starts_at <= $5 AND (c.ends_at IS NULL OR c.ends_at > $5)
     ) k WHERE (k.aggregator_id, k.id) > ($6, $7) ORDER BY k.aggregator_id, k.id LIMIT $8"
}

sql! {
    // The categories of these products and those above them.
    CategoryKeys {
        aggregators: Vec<Uuid> => Array<SqlUuid>, products: Vec<Uuid> => Array<SqlUuid>,
        sellers_of: Vec<Uuid> => Array<SqlUuid>, sellers: Vec<Uuid> => Array<SqlUuid>, whole: Vec<Uuid> => Array<SqlUuid>,
        left: Vec<Uuid> => Array<SqlUuid>, all: bool => Bool, after: Uuid => SqlUuid, most: i64 => BigInt,
    }
    "WITH RECURSIVE own AS (
        SELECT p.category_id AS id FROM unnest($1, $2) AS n (aggregator_id, id)
        JOIN products p ON p.aggregator_id = n.aggregator_id AND p.id = n.id WHERE p.published_at IS NOT NULL
        UNION
        SELECT p.category_id FROM unnest($3, $4) AS n (aggregator_id, id)
        JOIN products p ON p.aggregator_id = n.aggregator_id AND p.merchant_id = n.id WHERE p.published_at IS NOT NULL
        UNION
        SELECT p.category_id FROM products p WHERE p.aggregator_id = ANY ($5) AND p.published_at IS NOT NULL
        UNION
        SELECT n.id FROM unnest($6) AS n (id)
     ),
     up AS (
        SELECT c.id, c.parent_id FROM categories c WHERE $7 OR c.id IN (SELECT own.id FROM own)
        UNION
        SELECT c.id, c.parent_id FROM up JOIN categories c ON c.id = up.parent_id
     )
     SELECT '00000000-0000-0000-0000-000000000000'::uuid AS aggregator_id, up.id FROM up WHERE up.id > $8
     ORDER BY up.id LIMIT $9"
}

impl Db {
    /// What the events of these stretches name.
    pub(super) async fn affected(&self, stretches: &[Stretch]) -> Result<Affected> {
        let read = ReadEvents {
            aggregators: stretches.iter().map(|s| s.aggregator.uuid()).collect(),
            after: stretches.iter().map(|s| s.after).collect(),
            upto: stretches.iter().map(|s| s.upto).collect(),
            kinds: kinds(),
        };
        let beginnings = LostBeginnings { aggregators: read.aggregators.clone(), after: read.after.clone() };
        let mut connection = lend(&self.ops).await?;
        let events: Vec<Event> = read.load(&mut connection).await?;
        let lost: Vec<Found> = beginnings.load(&mut connection).await?;
        if !lost.is_empty() {
            return Err(Code::SyncTokenExpired.into());
        }
        let mut affected = Affected::default();
        for event in &events {
            affected.take(event);
        }
        Ok(affected)
    }

    /// So many things of a kind that are affected, from a place on.
    pub(super) async fn keys(
        &self,
        affected: &Affected,
        of: Option<AggregatorId>,
        at: At,
        wanted: usize,
    ) -> Result<Vec<Key>> {
        let (after_aggregator, after) = at.after;
        let most = i64::try_from(wanted).unwrap_or(i64::MAX);
        let (sellers_of, sellers) = split(&affected.merchants);
        let whole = affected.aggregators();
        let mut connection =
            lend(if at.kind == ChangedKind::Collection { &self.public } else { &self.ops }).await?;
        let found: Vec<Found> = match at.kind {
            ChangedKind::Category => {
                let (aggregators, products) = split(&affected.counted);
                let left = affected.left.iter().copied().collect();
                let all = affected.tree;
                let query = CategoryKeys {
                    aggregators,
                    products,
                    sellers_of,
                    sellers,
                    whole,
                    left,
                    all,
                    after,
                    most,
                };
                query.load(&mut connection).await?
            }
            ChangedKind::Merchant => {
                let (products_of, products) = split(&affected.counted);
                let (aggregators, merchants) = (sellers_of, sellers);
                let query = MerchantKeys {
                    aggregators,
                    merchants,
                    products_of,
                    products,
                    whole,
                    after_aggregator,
                    after,
                    most,
                };
                query.load(&mut connection).await?
            }
            ChangedKind::Collection => {
                let (aggregators, collections) = split(&affected.collections);
                // Rules of collections name categories with their branches.
                let of_store = of.filter(|_| affected.tree).map(AggregatorId::uuid);
                let query = CollectionKeys {
                    aggregators,
                    collections,
                    counting: affected.counting().into_iter().chain(of_store).collect(),
                    all: affected.tree && of.is_none(),
                    now: Utc::now(),
                    after_aggregator,
                    after,
                    most,
                };
                query.load(&mut connection).await?
            }
            ChangedKind::Product => {
                let (aggregators, products) = split(&affected.products);
                let query = ProductKeys {
                    aggregators,
                    products,
                    sellers_of,
                    sellers,
                    whole,
                    after_aggregator,
                    after,
                    most,
                };
                query.load(&mut connection).await?
            }
        };
        Ok(found.into_iter().map(|found| (found.aggregator_id, found.id)).collect())
    }
}
