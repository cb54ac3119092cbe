//! The first screen of a storefront.

use chrono::Utc;
use diesel::QueryableByName;
use diesel::sql_types::{Bool, Nullable, SmallInt, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join3;
use kapal_domain::ids::AggregatorId;
use kapal_domain::locale::Locale;
use uuid::Uuid;

use super::collection::{Running, running};
use super::product::{ProductOrder, SHOWN, ShownProduct, ShownProductFilter, expect_store, list};
use super::shelf::{Look, Taken};
use super::{ShownCollection, Store};
use crate::db::lend;
use crate::statement::Statement;
use crate::{Db, Result};

/// What a home shows.
#[derive(Debug)]
pub struct Home {
    /// The slots that are running, with those of their products that are published.
    pub slots: Vec<ShownSlot>,
    /// Running collections, each with its first products.
    pub collections: Vec<(ShownCollection, Vec<ShownProduct>)>,
    /// The newest products.
    pub newest: Vec<ShownProduct>,
}

/// A running slot.
#[derive(Debug)]
pub struct ShownSlot {
    /// Its id.
    pub id: Uuid,
    /// Where it stands.
    pub place: String,
    /// The category that it stands at the top of.
    pub category: Option<String>,
    /// Whether it shows its products in turn.
    pub is_rotating: bool,
    /// What stands in it.
    pub products: Vec<ShownProduct>,
}

#[derive(QueryableByName)]
struct SlotItem {
    #[diesel(sql_type = SqlUuid)]
    slot_id: Uuid,
    #[diesel(sql_type = Text)]
    place: String,
    #[diesel(sql_type = SmallInt)]
    line: i16,
    #[diesel(sql_type = Bool)]
    is_rotating: bool,
    #[diesel(sql_type = SmallInt)]
    places: i16,
    #[diesel(sql_type = Nullable<Text>)]
    slot_category: Option<String>,
    #[diesel(embed)]
    product: ShownProduct,
}

/// Collections on a home.
const COLLECTIONS: i64 = 12;
/// Products of each of them.
const FIRST: i64 = 6;
/// New products on a home.
const NEWEST: usize = 12;

impl Db {
    /// The home of a storefront: three statements in one round trip, and one more for what is in its collections.
    pub async fn storefront_home(&self, store: &Store, locale: Locale) -> Result<Home> {
        let now = Utc::now();
        let items = Statement::new(
            "SELECT s.id AS slot_id, s.place, s.line, s.mode = 'rotating' AS is_rotating, s.places, \
             s.category_slug AS slot_category, ",
        )
        .sql(SHOWN)
        .sql(
            " FROM published_slots s
             CROSS JOIN LATERAL unnest(s.origin_ids, s.product_ids) WITH ORDINALITY AS i (origin_id, product_id, position)
             JOIN search_documents d ON d.aggregator_id = i.origin_id AND d.product_id = i.product_id
                AND d.is_mutiara
             JOIN published_aggregators a ON a.id = d.aggregator_id
             WHERE s.starts_at <= ",
        )
        .bind(now)
        .sql(" AND (s.ends_at IS NULL OR s.ends_at > ")
        .bind(now)
        .sql(") AND d.locale = ")
        .bind(locale.as_str())
        .sql(" AND ")
        .in_store(store);
        // The national home's slots are the platform's own; what stands in them comes from the aggregators.
        let items = match store.aggregator {
            None => items.sql(" AND s.aggregator_id = ").bind(AggregatorId::PLATFORM.uuid()),
            Some(_) => items.sql(" AND s.aggregator_id = a.id"),
        };
        let items = items.sql(
            " ORDER BY array_position(ARRAY['national', 'home_hero', 'home_row', 'category_top'], s.place), s.line, \
              s.category_slug, s.mode, s.starts_at, s.id, i.position",
        );
        let collections =
            running(store, locale, now).sql(" ORDER BY c.starts_at DESC, c.id DESC LIMIT ").bind(COLLECTIONS);
        let newest =
            list(store, locale, &ShownProductFilter::default(), ProductOrder::Newest, None, NEWEST - 1)?;
        let mut connection = lend(&self.public).await?;
        let shared: &AsyncPgConnection = &connection;
        let (mut on_items, mut on_collections, mut on_newest) = (shared, shared, shared);
        let (items, collections, newest) = try_join3(
            items.load::<SlotItem>(&mut on_items),
            collections.load::<Running>(&mut on_collections),
            newest.load::<ShownProduct>(&mut on_newest),
        )
        .await?;
        if newest.is_empty() {
            expect_store(&mut connection, store).await?;
        }
        let shelves = collections.iter().map(Running::shelf).collect::<Result<Vec<_>>>()?;
        let look = Look::at(&mut connection, &shelves, locale, now).await?;
        let firsts = look.firsts(&mut connection, &shelves, FIRST).await?;
        let fill = |(row, taken): (Running, Taken)| (row.shown(taken.total), taken.products);
        let collections = collections.into_iter().zip(firsts).map(fill).collect();
        Ok(Home { slots: slots(items), collections, newest })
    }
}

/// Items in the order of their slots, put together by slot. A booking goes before the rotation of the same place; what a
/// rotation holds in reserve steps in for what is not shown any more.
fn slots(items: Vec<SlotItem>) -> Vec<ShownSlot> {
    let mut slots: Vec<(i16, ShownSlot)> = Vec::new();
    for item in items {
        let places = usize::try_from(item.places).unwrap_or_default();
        match slots.last_mut() {
            Some((_, slot)) if slot.id == item.slot_id => {
                if slot.products.len() < places {
                    slot.products.push(item.product);
                }
            }
            Some((line, slot))
                if item.is_rotating
                    && (&slot.place, *line, &slot.category)
                        == (&item.place, item.line, &item.slot_category) => {}
            _ => {
                let slot = ShownSlot {
                    id: item.slot_id,
                    place: item.place,
                    category: item.slot_category,
                    is_rotating: item.is_rotating,
                    products: vec![item.product],
                };
                slots.push((item.line, slot));
            }
        }
    }
    slots.into_iter().map(|(_, slot)| slot).collect()
}
