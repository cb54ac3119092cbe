//! Ed25519 keys of access tokens: the private half lies wrapped in the database.

use chrono::Utc;
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use kapal_schema::signing_keys as keys;

use crate::keys::random;
use crate::{Db, Error, IdentityTx, Result, Secret};

/// A key that signs or checks access tokens.
#[derive(Debug, Clone)]
pub struct SigningKey {
    /// The JWT's `kid`.
    pub id: String,
    /// The seed.
    pub private: Secret,
    /// The public half.
    pub public: [u8; 32],
}

impl Db {
    /// The keys in use, the newest first.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKey>> {
        let mut connection = crate::db::lend(&self.identity).await?;
        let rows = keys::table
            .filter(keys::retired_at.is_null())
            .order(keys::created_at.desc())
            .select((keys::id, keys::wrapped, keys::public_key))
            .load::<(String, Vec<u8>, Vec<u8>)>(&mut connection)
            .await?;
        rows.into_iter()
            .map(|(id, wrapped, public)| {
                let broken = || Error::Internal(format!("signing key {id} has the wrong length"));
                let private = self.vault.wrapping.open(&context(&id), &wrapped)?;
                let private = Secret::from_bytes(private.try_into().map_err(|_| broken())?);
                let public = public.try_into().map_err(|_| broken())?;
                Ok(SigningKey { id, private, public })
            })
            .collect()
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
        let seed: [u8; 32] = random();
        let public = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().to_bytes();
        let id = crate::keys::hex(&random::<8>());
        let wrapped = self.db.vault.wrapping.seal(&context(&id), &seed)?;
        diesel::insert_into(keys::table)
            .values((
                keys::id.eq(id),
                keys::wrapped.eq(wrapped),
                keys::public_key.eq(public.as_slice()),
                keys::created_at.eq(Utc::now()),
            ))
            .execute(&mut **self)
            .await?;
        Ok(())
    }
}

fn context(id: &str) -> String {
    format!("signing_keys/{id}")
}
