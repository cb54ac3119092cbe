//! What changed, by the tenants' logs: which products an index must read again. Each index has its own place in each log.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::ids::AggregatorId;
use uuid::Uuid;

use crate::db::lend;
use crate::sql::sql;
use crate::{Db, Result};

/// What changed in one aggregator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TenantChanges {
    /// These products.
    pub products: BTreeSet<Uuid>,
    /// Any product of these merchants.
    pub merchants: BTreeSet<Uuid>,
    /// Anything at all.
    pub everything: bool,
    /// The number of the last event that was read, and its id.
    pub upto: (i64, Uuid),
}

/// A place in a tenant's log: after the event of this number, and up to that of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Whose log.
    pub aggregator: AggregatorId,
    /// The last event that is known.
    pub after: i64,
    /// The last that is wanted.
    pub upto: i64,
}

sql! {
    ReadStretches { aggregators: Vec<Uuid> => Array<SqlUuid>, after: Vec<i64> => Array<BigInt>, upto: Vec<i64> => Array<BigInt>, most: i64 => BigInt }
    "SELECT e.aggregator_id, e.seq, e.id, e.subject_type, e.subject_id, e.data ->> 'product_id' AS product_id,
            e.data ->> 'merchant_id' AS merchant_id
     FROM unnest($1, $2, $3) AS s (aggregator_id, after, upto)
     JOIN events e ON e.aggregator_id = s.aggregator_id AND e.seq > s.after AND e.seq <= s.upto
     ORDER BY e.aggregator_id, e.seq LIMIT $4"
}

#[derive(Debug, QueryableByName)]
struct Event {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    subject_type: String,
    #[diesel(sql_type = SqlUuid)]
    subject_id: Uuid,
    #[diesel(sql_type = Nullable<Text>)]
    product_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    merchant_id: Option<String>,
}

impl TenantChanges {
    /// Takes in what an event may have changed of what is shown. An event says so by its subject, or by `product_id` or
    /// `merchant_id` in its data; what is shown of others depends on no document.
    fn take(&mut self, event: &Event) {
        let named = |id: &Option<String>| id.as_deref().and_then(|id| Uuid::try_parse(id).ok());
        match event.subject_type.as_str() {
            "product" => {
                self.products.insert(event.subject_id);
            }
            "merchant" => {
                self.merchants.insert(event.subject_id);
            }
            _ => {
                self.products.extend(named(&event.product_id));
                self.merchants.extend(named(&event.merchant_id));
            }
        }
    }
}

sql! {
    FindEvents { aggregators: Vec<Uuid> => Array<SqlUuid>, seqs: Vec<i64> => Array<BigInt> }
    "SELECT e.aggregator_id, e.seq, e.id, e.subject_type, e.subject_id, NULL AS product_id, NULL AS merchant_id
     FROM unnest($1, $2) AS s (aggregator_id, seq)
     JOIN events e ON e.aggregator_id = s.aggregator_id AND e.seq = s.seq"
}

impl Db {
    /// What changed in these stretches, no more than `most` events of it: a tenant whose events were not all read says by
    /// `upto` how far it goes. Where events are gone, anything may have changed.
    pub async fn search_changes(
        &self,
        stretches: &[Stretch],
        most: i64,
    ) -> Result<BTreeMap<AggregatorId, TenantChanges>> {
        let read = ReadStretches {
            aggregators: stretches.iter().map(|s| s.aggregator.uuid()).collect(),
            after: stretches.iter().map(|s| s.after).collect(),
            upto: stretches.iter().map(|s| s.upto).collect(),
            most,
        };
        let mut connection = lend(&self.ops).await?;
        let events = read.load::<Event>(&mut connection).await?;
        let after: HashMap<_, _> = stretches.iter().map(|s| (s.aggregator, s.after)).collect();
        let mut changes = BTreeMap::<AggregatorId, TenantChanges>::new();
        for event in &events {
            let aggregator = event.aggregator_id.into();
            let tenant = changes.entry(aggregator).or_insert_with(|| {
                // The numbers of a log have no holes: what doesn't follow has lost its beginning.
                let is_whole = after.get(&aggregator).is_some_and(|after| event.seq == after + 1);
                TenantChanges { everything: !is_whole, ..TenantChanges::default() }
            });
            tenant.take(event);
            tenant.upto = (event.seq, event.id);
        }
        if i64::try_from(events.len()).unwrap_or(i64::MAX) < most {
            for stretch in stretches {
                changes.entry(stretch.aggregator).or_insert_with(|| TenantChanges {
                    everything: true,
                    upto: (stretch.upto, Uuid::nil()),
                    ..TenantChanges::default()
                });
            }
        }
        Ok(changes)
    }

    /// Whether each of these tenants' logs has this event at this place: another log, or one that was set back, has not.
    /// Events that are too old to be kept are taken on trust.
    pub async fn is_log_of(&self, places: &[(AggregatorId, i64, Uuid)]) -> Result<bool> {
        let find = FindEvents {
            aggregators: places.iter().map(|(aggregator, ..)| aggregator.uuid()).collect(),
            seqs: places.iter().map(|(_, seq, _)| *seq).collect(),
        };
        let mut connection = lend(&self.ops).await?;
        let found: Vec<Event> = find.load(&mut connection).await?;
        let found: HashMap<_, _> =
            found.into_iter().map(|e| (AggregatorId::from(e.aggregator_id), e.id)).collect();
        let heads = self.heads.all();
        Ok(places.iter().all(|(aggregator, seq, id)| {
            heads.get(aggregator).is_some_and(|head| head >= seq)
                && found.get(aggregator).is_none_or(|there| there == id)
        }))
    }
}
