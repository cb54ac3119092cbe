//! New keys in place of the old, while everything runs. Each step is a transaction that leaves all readable, so that a
//! rotation may stop anywhere and be started again: it then finishes what is left, under one key more.
//!
//! Old data keys stay: a transaction that began before may still name them, and they open nothing new.

use diesel::sql_types::{Array, Binary, Nullable, Uuid as SqlUuid};
use diesel::{ExpressionMethods, NullableExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::AggregatorId;
use kapal_schema::{aggregators, leads, subject_keys};
use serde_json::json;
use uuid::Uuid;

use crate::db::lend;
use crate::lead::{NAME, PHONE};
use crate::sql::sql;
use crate::subject_key::WRAPPED;
use crate::{Actor, Change, Db, Error, Restricted, Result, Scope, Subject, TenantTx};

/// Rows of one transaction.
const BATCH: i64 = 500;

/// What the rotation of one tenant did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rotated {
    /// The new data key; None where nothing was ever sealed.
    pub data_key: Option<i32>,
    /// Keys of subjects wrapped anew.
    pub subject_keys: usize,
    /// Leads sealed anew.
    pub leads: usize,
}

sql! {
    WrapAnew { aggregator: Uuid => SqlUuid, ids: Vec<Uuid> => Array<SqlUuid>, wrapped: Vec<Vec<u8>> => Array<Binary> }
    "UPDATE subject_keys s SET wrapped = n.wrapped FROM unnest($2, $3) AS n (id, wrapped)
     WHERE s.aggregator_id = $1 AND s.subject_id = n.id"
}

sql! {
    SealAnew {
        aggregator: Uuid => SqlUuid, ids: Vec<Uuid> => Array<SqlUuid>,
        names: Vec<Option<Vec<u8>>> => Array<Nullable<Binary>>, phones: Vec<Option<Vec<u8>>> => Array<Nullable<Binary>>,
    }
    "UPDATE leads l SET name_sealed = n.name, phone_sealed = n.phone FROM unnest($2, $3, $4) AS n (id, name, phone)
     WHERE l.aggregator_id = $1 AND l.id = n.id"
}

impl Db {
    /// Every tenant there is, the platform too.
    pub async fn all_tenants(&self) -> Result<Vec<(AggregatorId, String)>> {
        let mut connection = lend(&self.ops).await?;
        let rows = aggregators::table
            .order(aggregators::id)
            .select((aggregators::id, aggregators::slug))
            .load::<(Uuid, String)>(&mut connection)
            .await?;
        Ok(rows.into_iter().map(|(id, slug)| (id.into(), slug)).collect())
    }

    /// Gives a tenant a new data key and brings all that the former ones hold under it.
    pub async fn rotate_data_key(&self, aggregator: AggregatorId, request_id: &str) -> Result<Rotated> {
        let open = async || {
            let request_id = request_id.to_owned();
            let mut tx =
                self.tenant(Scope { aggregator, actor: Actor::System, narrowed: false, request_id }).await?;
            // What a restricted merchant's buyers said is under the old key too.
            tx.meet_restricted(Restricted::Handled);
            Ok::<_, Error>(tx)
        };
        let mut tx = open().await?;
        let data_key = tx.renew_data_key().await?;
        tx.commit().await?;
        let mut rotated = Rotated { data_key, ..Rotated::default() };
        if data_key.is_none() {
            return Ok(rotated);
        }
        let mut after = Some(Uuid::nil());
        while let Some(last) = after {
            let mut tx = open().await?;
            let (done, next) = tx.wrap_subject_keys_anew(last).await?;
            tx.commit().await?;
            rotated.subject_keys += done;
            after = next;
        }
        let mut after = Some(Uuid::nil());
        while let Some(last) = after {
            let mut tx = open().await?;
            let (done, next) = tx.seal_leads_anew(last).await?;
            tx.commit().await?;
            rotated.leads += done;
            after = next;
        }
        Ok(rotated)
    }
}

impl TenantTx<'_> {
    /// One data key more; None where there is none yet, since the first is made when it is first needed.
    async fn renew_data_key(&mut self) -> Result<Option<i32>> {
        let Some(last) = self.data_keys().await?.newest() else { return Ok(None) };
        self.insert_data_key(last + 1).await?;
        self.record(
            Change::new(EventKind::KeysRotated, Subject("aggregator", self.tenant()))
                .data(json!({ "data_key": last + 1 })),
        );
        Ok(Some(last + 1))
    }

    /// The next subjects after one: how many were wrapped anew, and the last of them where there may be more.
    async fn wrap_subject_keys_anew(&mut self, after: Uuid) -> Result<(usize, Option<Uuid>)> {
        let rows = subject_keys::table
            .filter(subject_keys::aggregator_id.eq(self.tenant()))
            .filter(subject_keys::subject_id.gt(after))
            .filter(subject_keys::wrapped.is_not_null())
            .order(subject_keys::subject_id)
            .limit(BATCH)
            .select((subject_keys::subject_id, subject_keys::wrapped.assume_not_null()))
            .for_update()
            .load::<(Uuid, Vec<u8>)>(&mut **self)
            .await?;
        let last = rows.last().map(|(id, _)| *id);
        let keys = self.data_keys().await?;
        let (mut ids, mut wrapped) = (Vec::new(), Vec::new());
        for (id, old) in rows {
            if !keys.is_newest(&old) {
                ids.push(id);
                wrapped.push(keys.seal(WRAPPED, id, &keys.open(WRAPPED, id, &old)?)?);
            }
        }
        let done = WrapAnew { aggregator: self.tenant(), ids, wrapped }.execute(&mut **self).await?;
        Ok((done, last))
    }

    /// The next leads after one, likewise.
    async fn seal_leads_anew(&mut self, after: Uuid) -> Result<(usize, Option<Uuid>)> {
        let rows = leads::table
            .filter(leads::aggregator_id.eq(self.tenant()))
            .filter(leads::id.gt(after))
            .filter(leads::consent_at.is_not_null())
            .order(leads::id)
            .limit(BATCH)
            .select((leads::id, leads::name_sealed, leads::phone_sealed))
            .for_update()
            .load::<(Uuid, Option<Vec<u8>>, Option<Vec<u8>>)>(&mut **self)
            .await?;
        let last = rows.last().map(|(id, ..)| *id);
        let keys = self.data_keys().await?;
        let (mut ids, mut names, mut phones) = (Vec::new(), Vec::new(), Vec::new());
        for (id, name, phone) in rows {
            if [&name, &phone].into_iter().flatten().all(|sealed| keys.is_newest(sealed)) {
                continue;
            }
            let anew = |column, sealed: Option<Vec<u8>>| {
                sealed.map(|sealed| keys.seal(column, id, &keys.open(column, id, &sealed)?)).transpose()
            };
            ids.push(id);
            names.push(anew(NAME, name)?);
            phones.push(anew(PHONE, phone)?);
        }
        let done = SealAnew { aggregator: self.tenant(), ids, names, phones }.execute(&mut **self).await?;
        Ok((done, last))
    }
}
