//! Personal columns are sealed by a data key of their tenant, which is stored wrapped by a sub-key of the root secret.
//! A sealed value names its key, so that keys can be renewed, and belongs to one column of one row.

use std::collections::BTreeMap;

use chrono::Utc;
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use kapal_schema::data_keys;
use uuid::Uuid;

use crate::{Error, Result, Secret, TenantTx};

/// The keys of a tenant.
pub(crate) struct DataKeys {
    aggregator: Uuid,
    keys: BTreeMap<i32, Secret>,
}

impl DataKeys {
    /// What was sealed for this column of this row.
    pub fn open(&self, column: &str, row: Uuid, sealed: &[u8]) -> Result<String> {
        let unknown = || Error::Internal(format!("no data key for {column} of {row}"));
        let (id, body) = sealed.split_first_chunk::<4>().ok_or_else(unknown)?;
        let key = self.keys.get(&i32::from_be_bytes(*id)).ok_or_else(unknown)?;
        let plain = key.open(&context(self.aggregator, column, row), body)?;
        String::from_utf8(plain).map_err(|_| Error::Internal(format!("{column} of {row} is not text")))
    }
}

/// Where a sealed value belongs: `column` is written `table/column`.
fn context(aggregator: Uuid, column: &str, row: Uuid) -> String {
    format!("{aggregator}/{column}/{row}")
}

impl TenantTx<'_> {
    /// All keys of the tenant, to open what was sealed at any time.
    pub(crate) async fn data_keys(&mut self) -> Result<DataKeys> {
        let aggregator = self.tenant();
        let rows = data_keys::table
            .filter(data_keys::aggregator_id.eq(aggregator))
            .select((data_keys::id, data_keys::wrapped))
            .load::<(i32, Vec<u8>)>(&mut **self)
            .await?;
        let wrapping = &self.db.vault.wrapping;
        let unwrap = |(id, wrapped): (i32, Vec<u8>)| {
            let key = wrapping.open(&format!("data_keys/{aggregator}/{id}"), &wrapped)?;
            let key = key.try_into().map_err(|_| Error::Internal(format!("data key {id} is no key")))?;
            Ok((id, Secret::from_bytes(key)))
        };
        Ok(DataKeys { aggregator, keys: rows.into_iter().map(unwrap).collect::<Result<_>>()? })
    }

    /// The present key; the first one is made when it is first needed.
    pub(crate) async fn data_key(&mut self) -> Result<(i32, Secret)> {
        if let Some(last) = self.data_keys().await?.keys.pop_last() {
            return Ok(last);
        }
        let aggregator = self.tenant();
        let (id, key) = (1, Secret::generate());
        let wrapped = self.db.vault.wrapping.seal(&format!("data_keys/{aggregator}/{id}"), key.expose())?;
        diesel::insert_into(data_keys::table)
            .values((
                data_keys::aggregator_id.eq(aggregator),
                data_keys::id.eq(id),
                data_keys::wrapped.eq(wrapped),
                data_keys::created_at.eq(Utc::now()),
            ))
            .on_conflict_do_nothing()
            .execute(&mut **self)
            .await?;
        // Another transaction may have made it at the same time: the one that is stored counts.
        self.data_keys().await?.keys.pop_last().ok_or(Error::Internal("no data key".into()))
    }

    /// Seals a text for one column (`table/column`) of one row.
    pub(crate) async fn seal(&mut self, column: &str, row: Uuid, plain: &str) -> Result<Vec<u8>> {
        let (id, key) = self.data_key().await?;
        let sealed = key.seal(&context(self.tenant(), column, row), plain.as_bytes())?;
        Ok([&id.to_be_bytes()[..], &sealed].concat())
    }
}
