//! Ed25519 keys of access tokens: the private half lies wrapped in the database.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::Timestamptz;
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::AggregatorId;
use kapal_schema::signing_keys as keys;
use serde_json::json;

use crate::keys::random;
use crate::sql::sql;
use crate::{Change, Db, Error, IdentityTx, Result, Secret, Subject};

/// A key that signs or checks access tokens.
#[derive(Debug, Clone)]
pub struct SigningKey {
    /// The JWT's `kid`.
    pub id: String,
    /// The seed.
    pub private: Secret,
    /// The public half.
    pub public: [u8; 32],
    /// When it was made. A key is published for a while before it signs, so that every server knows it by then.
    pub created_at: DateTime<Utc>,
}

impl Db {
    /// The keys in use, the newest first.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKey>> {
        let mut connection = crate::db::lend(&self.identity).await?;
        let rows = keys::table
            .filter(keys::retired_at.is_null())
            .order(keys::created_at.desc())
            .select((keys::id, keys::wrapped, keys::public_key, keys::created_at))
            .load::<(String, Vec<u8>, Vec<u8>, DateTime<Utc>)>(&mut connection)
            .await?;
        rows.into_iter()
            .map(|(id, wrapped, public, created_at)| {
                let broken = || Error::Internal(format!("signing key {id} has the wrong length"));
                let private = self.vault.wrapping.open(&context(&id), &wrapped)?;
                let private = Secret::from_bytes(private.try_into().map_err(|_| broken())?);
                let public = public.try_into().map_err(|_| broken())?;
                Ok(SigningKey { id, private, public, created_at })
            })
            .collect()
    }
}

sql! {
    RetireSigningKeys { before: DateTime<Utc> => Timestamptz }
    "UPDATE signing_keys k SET retired_at = now() WHERE retired_at IS NULL
     AND EXISTS (SELECT FROM signing_keys n WHERE n.created_at > k.created_at AND n.created_at < $1)"
}

impl Db {
    /// Takes keys out of use whose successor has signed for so long that no token of theirs lives.
    pub async fn retire_signing_keys(&self) -> Result<usize> {
        let mut connection = crate::db::lend(&self.identity).await?;
        let before = Utc::now() - TimeDelta::hours(1);
        Ok(RetireSigningKeys { before }.execute(&mut connection).await?)
    }
}

impl IdentityTx<'_> {
    /// Makes the first key, where there is none. Two servers that start together may make two: both are good.
    pub async fn ensure_signing_key(&mut self) -> Result<()> {
        let count =
            keys::table.filter(keys::retired_at.is_null()).count().get_result::<i64>(&mut **self).await?;
        if count > 0 {
            return Ok(());
        }
        self.insert_signing_key().await?;
        Ok(())
    }

    /// Makes a new key beside those in use: it signs when all servers know it, and both are valid until the former
    /// signs no token that lives. Answers its id.
    pub async fn rotate_signing_key(&mut self) -> Result<String> {
        let id = self.insert_signing_key().await?;
        let platform = Subject("aggregator", AggregatorId::PLATFORM.uuid());
        self.record(Change::new(EventKind::KeysRotated, platform).data(json!({ "signing_key": id })));
        Ok(id)
    }

    async fn insert_signing_key(&mut self) -> Result<String> {
        let seed: [u8; 32] = random();
        let public = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().to_bytes();
        let id = crate::keys::hex(&random::<8>());
        let wrapped = self.db.vault.wrapping.seal(&context(&id), &seed)?;
        diesel::insert_into(keys::table)
            .values((
                keys::id.eq(&id),
                keys::wrapped.eq(wrapped),
                keys::public_key.eq(public.as_slice()),
                keys::created_at.eq(Utc::now()),
            ))
            .execute(&mut **self)
            .await?;
        Ok(id)
    }
}

fn context(id: &str) -> String {
    format!("signing_keys/{id}")
}
