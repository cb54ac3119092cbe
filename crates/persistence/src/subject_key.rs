//! Personal data at rest: each merchant or person has a key of its own, wrapped by a data key of the tenant. Who is
//! erased loses the key: whatever it sealed, wherever a copy of it lies, opens for nobody from then on.
//!
//! A sealed value starts with the subject's id, which names its key, and is bound to tenant, table, column and row: put
//! elsewhere it does not open.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use kapal_domain::Code;
use kapal_schema::subject_keys;
use serde_json::Value;
use uuid::Uuid;

use crate::data_key::{DataKeys, as_text, context};
use crate::{Error, Result, Secret, TenantTx};

/// Where a subject's wrapped key belongs.
pub(crate) const WRAPPED: &str = "subject_keys/wrapped";

/// What a transaction has opened already, so that a second field costs no query.
#[derive(Default)]
pub(crate) struct Opened {
    pub data: Option<Arc<DataKeys>>,
    subjects: BTreeMap<Uuid, SubjectKey>,
}

#[derive(Clone)]
enum SubjectKey {
    Live(Secret),
    Destroyed,
}

impl TenantTx<'_> {
    /// Seals a text about `subject` for one column (`table/column`) of one row. The subject's key is made when it is
    /// first needed; nothing new is taken about who was erased.
    pub async fn seal_for(&mut self, subject: Uuid, column: &str, row: Uuid, plain: &str) -> Result<Vec<u8>> {
        self.seal_bytes_for(subject, column, row, plain.as_bytes()).await
    }

    /// As [`TenantTx::seal_for`], of anything.
    pub async fn seal_bytes_for(
        &mut self,
        subject: Uuid,
        column: &str,
        row: Uuid,
        plain: &[u8],
    ) -> Result<Vec<u8>> {
        let key = match self.subject_key(subject).await? {
            Some(key) => key,
            None => self.make_subject_key(subject).await?,
        };
        let SubjectKey::Live(key) = key else { return Err(Code::SubjectErased.into()) };
        let sealed = key.seal(&context(self.tenant(), column, row), plain)?;
        Ok([&subject.as_bytes()[..], &sealed].concat())
    }

    /// What [`TenantTx::seal_for`] sealed for the same place; None once the subject was erased.
    pub async fn open_for(
        &mut self,
        subject: Uuid,
        column: &str,
        row: Uuid,
        sealed: &[u8],
    ) -> Result<Option<String>> {
        let plain = self.open_bytes_for(subject, column, row, sealed).await?;
        plain.map(|plain| as_text(column, row, plain)).transpose()
    }

    /// As [`TenantTx::open_for`], of anything.
    pub async fn open_bytes_for(
        &mut self,
        subject: Uuid,
        column: &str,
        row: Uuid,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>> {
        let unknown = || Error::Internal(format!("no subject key for {column} of {row}"));
        let body = sealed.strip_prefix(subject.as_bytes()).ok_or_else(unknown)?;
        match self.subject_key(subject).await?.ok_or_else(unknown)? {
            SubjectKey::Destroyed => Ok(None),
            SubjectKey::Live(key) => key.open(&context(self.tenant(), column, row), body).map(Some),
        }
    }

    /// The keyed hash by which a value is found without being stored: equal only within one tenant and kind.
    #[must_use]
    pub fn blind(&self, kind: &str, value: &str) -> Vec<u8> {
        let key = self.db.vault.blind.derive(&format!("{}/{kind}", self.tenant()));
        key.mac(&[value.as_bytes()]).to_vec()
    }

    /// Erases all that was sealed about a subject by destroying its key, for good. Whoever calls it records why.
    pub async fn destroy_subject_key(&mut self, subject: Uuid) -> Result<()> {
        let now = Utc::now();
        diesel::insert_into(subject_keys::table)
            .values((
                subject_keys::aggregator_id.eq(self.tenant()),
                subject_keys::subject_id.eq(subject),
                subject_keys::created_at.eq(now),
                subject_keys::destroyed_at.eq(now),
            ))
            .on_conflict((subject_keys::aggregator_id, subject_keys::subject_id))
            .do_update()
            .set((subject_keys::wrapped.eq(None::<Vec<u8>>), subject_keys::destroyed_at.eq(now)))
            .execute(&mut **self)
            .await?;
        self.opened.subjects.insert(subject, SubjectKey::Destroyed);
        Ok(())
    }

    /// Reads the keys of many subjects by one query, for what will be sealed or opened next.
    pub(crate) async fn read_subject_keys(&mut self, subjects: Vec<Uuid>) -> Result<()> {
        let found = subject_keys::table
            .filter(subject_keys::aggregator_id.eq(self.tenant()))
            .filter(subject_keys::subject_id.eq_any(subjects))
            .select((subject_keys::subject_id, subject_keys::wrapped))
            .load::<(Uuid, Option<Vec<u8>>)>(&mut **self)
            .await?;
        for (subject, wrapped) in found {
            self.unwrap_subject_key(subject, wrapped).await?;
        }
        Ok(())
    }

    async fn subject_key(&mut self, subject: Uuid) -> Result<Option<SubjectKey>> {
        if let Some(key) = self.opened.subjects.get(&subject) {
            return Ok(Some(key.clone()));
        }
        let wrapped = subject_keys::table
            .find((self.tenant(), subject))
            .select(subject_keys::wrapped)
            .first::<Option<Vec<u8>>>(&mut **self)
            .await
            .optional()?;
        match wrapped {
            None => Ok(None),
            Some(wrapped) => self.unwrap_subject_key(subject, wrapped).await.map(Some),
        }
    }

    async fn unwrap_subject_key(&mut self, subject: Uuid, wrapped: Option<Vec<u8>>) -> Result<SubjectKey> {
        let key = match wrapped {
            None => SubjectKey::Destroyed,
            Some(wrapped) => {
                let key = self.data_keys().await?.open(WRAPPED, subject, &wrapped)?;
                let broken = |_| Error::Internal(format!("the key of {subject} is no key"));
                SubjectKey::Live(Secret::from_bytes(key.try_into().map_err(broken)?))
            }
        };
        self.opened.subjects.insert(subject, key.clone());
        Ok(key)
    }

    async fn make_subject_key(&mut self, subject: Uuid) -> Result<SubjectKey> {
        let key = Secret::generate();
        let wrapped = self.ensure_data_keys().await?.seal(WRAPPED, subject, key.expose())?;
        diesel::insert_into(subject_keys::table)
            .values((
                subject_keys::aggregator_id.eq(self.tenant()),
                subject_keys::subject_id.eq(subject),
                subject_keys::wrapped.eq(wrapped),
                subject_keys::created_at.eq(Utc::now()),
            ))
            .on_conflict_do_nothing()
            .execute(&mut **self)
            .await?;
        // Another transaction may have made it at the same time: the one that is stored counts.
        self.subject_key(subject).await?.ok_or(Error::Internal(format!("no key of {subject}")))
    }
}

/// A sealed value as the log keeps it.
pub(crate) fn logged(sealed: Option<&[u8]>) -> Value {
    sealed.map_or(Value::Null, |sealed| STANDARD.encode(sealed).into())
}
