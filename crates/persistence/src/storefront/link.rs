//! What the codes of `/go/{code}` name, found by the ends of ids.

use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName};
use diesel_async::RunQueryDsl;
use kapal_domain::ids::{AggregatorId, CollectionId, SlotId};
use kapal_domain::link::Tail;
use uuid::Uuid;

use crate::db::lend;
use crate::sql::sql;
use crate::{Db, Result};

/// A published product that a code names.
#[derive(Debug, QueryableByName)]
pub struct LinkedProduct {
    /// Its aggregator.
    #[diesel(sql_type = SqlUuid)]
    pub aggregator_id: Uuid,
    /// The product.
    #[diesel(sql_type = SqlUuid)]
    pub product_id: Uuid,
}

sql! {
    FindLinked { tail: String => Text }
    "SELECT aggregator_id, id AS product_id FROM published_products WHERE right(id::text, 16) = $1 ORDER BY id LIMIT 1"
}

sql! {
    FindCollection { aggregators: Vec<Uuid> => Array<SqlUuid>, tail: String => Text }
    "SELECT id FROM published_collections WHERE aggregator_id = ANY ($1) AND right(id::text, 16) = $2 LIMIT 1"
}

sql! {
    FindSlot { aggregators: Vec<Uuid> => Array<SqlUuid>, tail: String => Text }
    "SELECT id FROM published_slots WHERE aggregator_id = ANY ($1) AND right(id::text, 16) = $2 LIMIT 1"
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

impl Db {
    /// The published product whose id ends so.
    pub async fn linked_product(&self, product: Tail) -> Result<LinkedProduct> {
        let mut connection = lend(&self.public).await?;
        Ok(FindLinked { tail: product.as_text() }.get_result::<LinkedProduct>(&mut connection).await?)
    }

    /// The published collection, of an aggregator or of the platform, whose id ends so.
    pub async fn linked_collection(&self, aggregator: Uuid, tail: Tail) -> Result<Option<CollectionId>> {
        let query = FindCollection { aggregators: shelves_of(aggregator), tail: tail.as_text() };
        let mut connection = lend(&self.public).await?;
        Ok(query.get_result::<Found>(&mut connection).await.optional()?.map(|found| found.id.into()))
    }

    /// The published slot, of an aggregator or of the platform, whose id ends so.
    pub async fn linked_slot(&self, aggregator: Uuid, tail: Tail) -> Result<Option<SlotId>> {
        let query = FindSlot { aggregators: shelves_of(aggregator), tail: tail.as_text() };
        let mut connection = lend(&self.public).await?;
        Ok(query.get_result::<Found>(&mut connection).await.optional()?.map(|found| found.id.into()))
    }
}

/// Whose collections and slots show an aggregator's products.
fn shelves_of(aggregator: Uuid) -> Vec<Uuid> {
    vec![aggregator, AggregatorId::PLATFORM.uuid()]
}
