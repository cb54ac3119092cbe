//! The things themselves, as lists show them, by their keys or in the order of these.

use std::collections::BTreeMap;

use chrono::Utc;
use diesel::QueryableByName;
use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::RunQueryDsl;
use kapal_domain::ids::AggregatorId;
use kapal_domain::locale::Locale;
use uuid::Uuid;

use super::super::collection::{self, Running};
use super::super::shelf::Look;
use super::super::{ShownMerchant, ShownProduct, Store, merchant, product};
use super::{ChangedKind, ChangedThing, Key, Pick};
use crate::db::lend;
use crate::statement::Statement;
use crate::{Db, Result};

#[derive(QueryableByName)]
struct KeyedProduct {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
    #[diesel(embed)]
    product: ShownProduct,
}

impl Statement {
    /// The rows that are picked, by their columns of the aggregator and the id, which the primary key begins with.
    fn picked(
        self,
        of: Option<AggregatorId>,
        aggregator: &'static str,
        id: &'static str,
        pick: &Pick,
    ) -> Self {
        let statement = self.sql(" AND ").sql(aggregator);
        match (pick, of) {
            (Pick::After((_, after), most), Some(of)) => {
                let statement =
                    statement.sql(" = ").bind(of.uuid()).sql(" AND ").sql(id).sql(" > ").bind(*after);
                statement.sql(" ORDER BY ").sql(id).limited(*most)
            }
            (Pick::After((of, after), most), None) => {
                let statement =
                    statement.sql(" >= ").bind(*of).sql(" AND (").sql(aggregator).sql(", ").sql(id);
                let statement = statement.sql(") > (").bind(*of).sql(", ").bind(*after).sql(") ORDER BY ");
                statement.sql(aggregator).sql(", ").sql(id).limited(*most)
            }
            (Pick::These(keys), _) => {
                let (aggregators, ids): (Vec<_>, Vec<_>) = keys.iter().copied().unzip();
                let statement = statement.sql(" = ANY (").bind(aggregators.clone()).sql(") AND (");
                let statement =
                    statement.sql(aggregator).sql(", ").sql(id).sql(") IN (SELECT * FROM unnest(");
                statement.bind(aggregators).sql(", ").bind(ids).sql("))").planned_anew()
            }
        }
    }

    fn limited(self, most: usize) -> Self {
        self.sql(" LIMIT ").bind(i64::try_from(most).unwrap_or(i64::MAX))
    }
}

impl Db {
    /// The picked things of a kind that a storefront shows now.
    pub(super) async fn things(
        &self,
        kind: ChangedKind,
        store: &Store,
        of: Option<AggregatorId>,
        locale: Locale,
        pick: &Pick,
    ) -> Result<BTreeMap<Key, ChangedThing>> {
        match kind {
            ChangedKind::Category => self.changed_categories(store, locale, pick).await,
            ChangedKind::Merchant => {
                let statement =
                    merchant::shown(locale).in_store(store).picked(of, "d.aggregator_id", "d.id", pick);
                let mut connection = lend(&self.public).await?;
                let rows = statement.load::<ShownMerchant>(&mut connection).await?;
                let keyed = |row: ShownMerchant| ((row.aggregator_id, row.id), ChangedThing::Merchant(row));
                Ok(rows.into_iter().map(keyed).collect())
            }
            ChangedKind::Collection => self.changed_collections(store, of, locale, pick).await,
            ChangedKind::Product => {
                let statement = Statement::new("SELECT d.aggregator_id, ")
                    .sql(product::SHOWN)
                    .sql(
                        " FROM search_documents d JOIN published_aggregators a ON a.id = d.aggregator_id \
                         WHERE d.locale = ",
                    )
                    .bind(locale.as_str())
                    .sql(" AND ")
                    .in_store(store)
                    .picked(of, "d.aggregator_id", "d.product_id", pick);
                let mut connection = lend(&self.public).await?;
                let rows = statement.load::<KeyedProduct>(&mut connection).await?;
                let keyed = |row: KeyedProduct| {
                    let key = (row.aggregator_id, row.product.product_id);
                    (key, ChangedThing::Product(Box::new(row.product)))
                };
                Ok(rows.into_iter().map(keyed).collect())
            }
        }
    }

    /// They are few, and counted together.
    async fn changed_categories(
        &self,
        store: &Store,
        locale: Locale,
        pick: &Pick,
    ) -> Result<BTreeMap<Key, ChangedThing>> {
        let categories = self.storefront_categories(store, locale).await?;
        let keyed = categories.into_iter().map(|c| ((Uuid::nil(), c.id), ChangedThing::Category(c)));
        let mut keyed = keyed.collect::<BTreeMap<_, _>>();
        Ok(match pick {
            Pick::After(after, most) => {
                keyed.split_off(after).into_iter().filter(|(key, _)| key != after).take(*most).collect()
            }
            Pick::These(_) => keyed,
        })
    }

    async fn changed_collections(
        &self,
        store: &Store,
        of: Option<AggregatorId>,
        locale: Locale,
        pick: &Pick,
    ) -> Result<BTreeMap<Key, ChangedThing>> {
        let now = Utc::now();
        let statement = collection::running(store, locale, now).picked(of, "c.aggregator_id", "c.id", pick);
        let mut connection = lend(&self.public).await?;
        let rows = statement.load::<Running>(&mut connection).await?;
        let shelves = rows.iter().map(Running::shelf).collect::<Result<Vec<_>>>()?;
        let look = Look::at(&mut connection, &shelves, locale, now).await?;
        let totals = look.totals(&mut connection, &shelves).await?;
        let keyed = |(row, total): (Running, i64)| (row.key(), ChangedThing::Collection(row.shown(total)));
        Ok(rows.into_iter().zip(totals).map(keyed).collect())
    }
}
