//! The data keys of a tenant, stored wrapped by a sub-key of the root secret. They wrap the keys of subjects, and seal
//! what belongs to no subject that stays, such as a buyer's words in a lead. A sealed value names its key, so that keys
//! can be renewed, and belongs to one column of one row.

use std::collections::BTreeMap;
use std::sync::Arc;

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
    /// The number of the newest key.
    pub fn newest(&self) -> Option<i32> {
        self.keys.last_key_value().map(|(id, _)| *id)
    }

    /// Whether this was sealed with the newest key.
    pub fn is_newest(&self, sealed: &[u8]) -> bool {
        let id = sealed.first_chunk::<4>().map(|id| i32::from_be_bytes(*id));
        id == self.newest()
    }

    /// Seals for this column of this row with the newest key.
    pub fn seal(&self, column: &str, row: Uuid, plain: &[u8]) -> Result<Vec<u8>> {
        let (id, key) = self.keys.last_key_value().ok_or(Error::Internal("no data key".into()))?;
        let sealed = key.seal(&context(self.aggregator, column, row), plain)?;
        Ok([&id.to_be_bytes()[..], &sealed].concat())
    }

    /// What was sealed for this column of this row, with whichever key.
    pub fn open(&self, column: &str, row: Uuid, sealed: &[u8]) -> Result<Vec<u8>> {
        let unknown = || Error::Internal(format!("no data key for {column} of {row}"));
        let (id, body) = sealed.split_first_chunk::<4>().ok_or_else(unknown)?;
        let key = self.keys.get(&i32::from_be_bytes(*id)).ok_or_else(unknown)?;
        key.open(&context(self.aggregator, column, row), body)
    }

    /// As [`DataKeys::open`], for what was a text.
    pub fn open_text(&self, column: &str, row: Uuid, sealed: &[u8]) -> Result<String> {
        as_text(column, row, self.open(column, row, sealed)?)
    }
}

/// Where a sealed value belongs: `column` is written `table/column`.
pub(crate) fn context(aggregator: Uuid, column: &str, row: Uuid) -> String {
    format!("{aggregator}/{column}/{row}")
}

/// What was opened, where it is a text.
pub(crate) fn as_text(column: &str, row: Uuid, plain: Vec<u8>) -> Result<String> {
    String::from_utf8(plain).map_err(|_| Error::Internal(format!("{column} of {row} is not text")))
}

impl TenantTx<'_> {
    /// All keys of the tenant, to open what was sealed at any time. Read once in a transaction.
    pub(crate) async fn data_keys(&mut self) -> Result<Arc<DataKeys>> {
        if let Some(keys) = &self.opened.data {
            return Ok(keys.clone());
        }
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
        let keys = rows.into_iter().map(unwrap).collect::<Result<BTreeMap<_, _>>>()?;
        let keys = Arc::new(DataKeys { aggregator, keys });
        self.opened.data = Some(keys.clone());
        Ok(keys)
    }

    /// The keys of the tenant, one at least: the first is made when it is first needed.
    pub(crate) async fn ensure_data_keys(&mut self) -> Result<Arc<DataKeys>> {
        let keys = self.data_keys().await?;
        if !keys.keys.is_empty() {
            return Ok(keys);
        }
        // Another transaction may make it at the same time: the one that is stored counts.
        self.insert_data_key(1).await?;
        self.data_keys().await
    }

    /// Makes the key with this number, unless it is there.
    pub(crate) async fn insert_data_key(&mut self, id: i32) -> Result<()> {
        let aggregator = self.tenant();
        let key = Secret::generate();
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
        self.opened.data = None;
        Ok(())
    }

    /// Seals a text for one column (`table/column`) of one row.
    pub(crate) async fn seal(&mut self, column: &str, row: Uuid, plain: &str) -> Result<Vec<u8>> {
        self.ensure_data_keys().await?.seal(column, row, plain.as_bytes())
    }
}
