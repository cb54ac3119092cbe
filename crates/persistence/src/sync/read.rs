//! What a batch is judged by, read by four statements.

use std::collections::BTreeMap;

use chrono::Utc;
use diesel::sql_types::{Array, Binary, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::visit::Confirmation;
use uuid::Uuid;

use super::{Batch, KnownFile, KnownItem, KnownMerchant, KnownVisit, PhoneChange, Plan, pins};
use crate::sql::sql;
use crate::{Result, TenantTx};

sql! {
    // In the order of their ids: two batches never wait for each other in a ring.
    LockMerchants { aggregator: Uuid => SqlUuid, ids: Vec<Uuid> => Array<SqlUuid> }
    "SELECT m.id, p.hash, p.set_by FROM merchants m
     LEFT JOIN merchant_pins p ON p.aggregator_id = m.aggregator_id AND p.merchant_id = m.id
     WHERE m.aggregator_id = $1 AND m.id = ANY ($2) ORDER BY m.id FOR NO KEY UPDATE OF m"
}

#[derive(diesel::QueryableByName)]
struct MerchantPin {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<Binary>)]
    hash: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    set_by: Option<Uuid>,
}

sql! {
    FindVisits { aggregator: Uuid => SqlUuid, ids: Vec<Uuid> => Array<SqlUuid> }
    "SELECT v.id, v.merchant_id, v.author_id, v.digests,
            ARRAY(SELECT c.version FROM visit_confirmations c
                  WHERE c.aggregator_id = v.aggregator_id AND c.visit_id = v.id) AS confirmed
     FROM visits v WHERE v.aggregator_id = $1 AND v.id = ANY ($2)"
}

#[derive(diesel::QueryableByName)]
struct VisitHead {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    merchant_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    author_id: Uuid,
    #[diesel(sql_type = Array<Text>)]
    digests: Vec<String>,
    #[diesel(sql_type = Array<Integer>)]
    confirmed: Vec<i32>,
}

sql! {
    FindItems { aggregator: Uuid => SqlUuid, ids: Vec<Uuid> => Array<SqlUuid> }
    "SELECT id, merchant_id, digests FROM action_items WHERE aggregator_id = $1 AND id = ANY ($2)"
}

#[derive(diesel::QueryableByName)]
struct ItemHead {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    merchant_id: Uuid,
    #[diesel(sql_type = Array<Text>)]
    digests: Vec<String>,
}

sql! {
    FindFiles { aggregator: Uuid => SqlUuid, ids: Vec<Uuid> => Array<SqlUuid> }
    "SELECT id, merchant_id, sha256 FROM files WHERE aggregator_id = $1 AND id = ANY ($2)"
}

#[derive(diesel::QueryableByName)]
struct FileHead {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    merchant_id: Uuid,
    #[diesel(sql_type = Binary)]
    sha256: Vec<u8>,
}

/// The ids that changes name.
#[derive(Default)]
struct Named {
    merchants: Vec<Uuid>,
    visits: Vec<Uuid>,
    items: Vec<Uuid>,
    files: Vec<Uuid>,
}

impl Named {
    fn of(changes: &[PhoneChange]) -> Self {
        let mut named = Self::default();
        for change in changes {
            match change {
                PhoneChange::Visit(change) => {
                    named.merchants.push(change.record.merchant.uuid());
                    named.visits.push(change.id.uuid());
                    named.items.extend(change.record.tasks.iter().map(|task| task.id.uuid()));
                    named.files.extend(change.record.photos.iter().map(|photo| photo.uuid()));
                    if let Some(Confirmation::Signature { file, .. }) = &change.confirmation {
                        named.files.push(file.uuid());
                    }
                }
                PhoneChange::ActionItem(change) => {
                    named.merchants.push(change.record.merchant.uuid());
                    named.items.push(change.id.uuid());
                    named.visits.extend(change.record.visit.map(|visit| visit.uuid()));
                }
            }
        }
        named
    }
}

impl TenantTx<'_> {
    /// Locks the merchants and reads what the changes are judged by. What the actor does not see is not found.
    pub(super) async fn read_batch(&mut self, changes: &[PhoneChange]) -> Result<Batch> {
        let (aggregator, named) = (self.tenant(), Named::of(changes));
        let merchants =
            LockMerchants { aggregator, ids: named.merchants }.load::<MerchantPin>(&mut **self).await?;
        let mut visits = BTreeMap::new();
        if !named.visits.is_empty() {
            let found = FindVisits { aggregator, ids: named.visits }.load::<VisitHead>(&mut **self).await?;
            visits.extend(found.into_iter().map(|head| (head.id, KnownVisit::from(head))));
        }
        let mut items = BTreeMap::new();
        if !named.items.is_empty() {
            let found = FindItems { aggregator, ids: named.items }.load::<ItemHead>(&mut **self).await?;
            items.extend(found.into_iter().map(|head| (head.id, KnownItem::from(head))));
        }
        let mut files = BTreeMap::new();
        if !named.files.is_empty() {
            let found = FindFiles { aggregator, ids: named.files }.load::<FileHead>(&mut **self).await?;
            files.extend(
                found
                    .into_iter()
                    .map(|file| (file.id, KnownFile { merchant: file.merchant_id, sha256: file.sha256 })),
            );
        }
        let mut batch = Batch {
            actor: self.actor().id().unwrap_or_default(),
            now: Utc::now(),
            lookups: self.db.vault.lookups.clone(),
            merchants: merchants
                .into_iter()
                .map(|merchant| (merchant.id, KnownMerchant::from(merchant)))
                .collect(),
            visits,
            items,
            files,
            pins: pins::Checked::default(),
            plan: Plan::default(),
        };
        batch.pins = self.check_pins(&batch, changes).await?;
        Ok(batch)
    }
}

impl From<MerchantPin> for KnownMerchant {
    fn from(merchant: MerchantPin) -> Self {
        Self { pin_hash: merchant.hash, pin_set_by: merchant.set_by }
    }
}

impl From<VisitHead> for KnownVisit {
    fn from(head: VisitHead) -> Self {
        Self {
            merchant: head.merchant_id,
            author: head.author_id,
            stored: head.digests.len(),
            digests: head.digests,
            confirmed: head
                .confirmed
                .into_iter()
                .filter_map(|version| usize::try_from(version).ok())
                .collect(),
            newest: None,
        }
    }
}

impl From<ItemHead> for KnownItem {
    fn from(head: ItemHead) -> Self {
        Self { merchant: head.merchant_id, stored: head.digests.len(), digests: head.digests, record: None }
    }
}
