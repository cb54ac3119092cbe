//! Idempotency keys: the first request stores its answer in its own transaction, a second one gets that answer.

use chrono::{TimeDelta, Utc};
use diesel::sql_types::{Array, Uuid as SqlUuid};
use diesel::upsert::excluded;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use kapal_domain::Code;
use kapal_schema::idempotency_keys as keys;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::db::lend;
use crate::sql::sql;
use crate::tx::{LockTimeoutOff, LockTimeoutOn, Tx};
use crate::{Db, Error, Result, Vault};

/// A request that may come again.
#[derive(Debug, Clone)]
pub struct KeyClaim {
    /// Whose keys these are.
    pub aggregator: Uuid,
    /// Who asks; nil for a visitor.
    pub principal: Uuid,
    /// The HTTP method.
    pub method: String,
    /// The route's pattern, such as `/v1/aggregators/{aggregator}/merchants`.
    pub route: String,
    /// What the client sent as `Idempotency-Key`.
    pub key: String,
    /// SHA-256 over method, path, query and body.
    pub fingerprint: [u8; 32],
}

/// An answer that can be given again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Names and values of headers.
    pub headers: Vec<(String, String)>,
    /// JSON text.
    pub body: String,
}

/// Whether a request is the first with its key.
#[derive(Debug)]
pub enum Claim {
    /// It is: do the work, then store the answer.
    First,
    /// It is not: this was the answer.
    Again(Answer),
}

/// How long a key is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);

impl Tx {
    /// Takes the key, or waits for the request that has it. Must be the transaction's first statement.
    pub async fn claim_key(&mut self, vault: &Vault, claim: &KeyClaim) -> Result<Claim> {
        let now = Utc::now();
        // Keyed, since a body may hold what is soon guessed, such as a PIN.
        let fingerprint = vault.answers.mac(&[&claim.fingerprint]);
        LockTimeoutOn.execute(self).await?;
        let insert = diesel::insert_into(keys::table)
            .values((
                keys::aggregator_id.eq(claim.aggregator),
                keys::principal.eq(claim.principal),
                keys::method.eq(&claim.method),
                keys::route.eq(&claim.route),
                keys::key.eq(&claim.key),
                keys::fingerprint.eq(fingerprint.as_slice()),
                keys::created_at.eq(now),
                keys::expires_at.eq(now + KEPT),
            ))
            .on_conflict((keys::aggregator_id, keys::principal, keys::method, keys::route, keys::key))
            .do_update()
            .set((
                keys::fingerprint.eq(excluded(keys::fingerprint)),
                keys::answer.eq(None::<Vec<u8>>),
                keys::created_at.eq(excluded(keys::created_at)),
                keys::expires_at.eq(excluded(keys::expires_at)),
            ));
        // An expired key is a free one.
        let taken = diesel::query_dsl::methods::FilterDsl::filter(insert, keys::expires_at.le(now))
            .execute(self)
            .await;
        match taken {
            Ok(1) => {
                LockTimeoutOff.execute(self).await?;
                return Ok(Claim::First);
            }
            Ok(_) => {}
            Err(diesel::result::Error::DatabaseError(_, info)) if info.message().contains("lock timeout") => {
                return Err(Code::IdempotencyInFlight.into());
            }
            Err(error) => return Err(error.into()),
        }
        let row = self.key_row(claim).await?.ok_or(Error::from(Code::IdempotencyInFlight))?;
        if row.0 != fingerprint {
            return Err(Code::IdempotencyKeyReused.into());
        }
        let sealed = row.1.ok_or(Error::from(Code::IdempotencyInFlight))?;
        let answer = vault.answers.open(&claim.context(), &sealed)?;
        let answer = serde_json::from_slice(&answer).map_err(|e| Error::Internal(e.to_string()))?;
        Ok(Claim::Again(answer))
    }

    async fn key_row(&mut self, claim: &KeyClaim) -> Result<Option<(Vec<u8>, Option<Vec<u8>>)>> {
        let row = QueryDsl::filter(keys::table, keys::aggregator_id.eq(claim.aggregator))
            .filter(keys::principal.eq(claim.principal))
            .filter(keys::method.eq(&claim.method))
            .filter(keys::route.eq(&claim.route))
            .filter(keys::key.eq(&claim.key))
            .select((keys::fingerprint, keys::answer))
            .get_result(self)
            .await
            .optional()?;
        Ok(row)
    }

    /// Stores the answer beside its effect.
    pub async fn store_answer(&mut self, vault: &Vault, claim: &KeyClaim, answer: &Answer) -> Result<()> {
        let plain = serde_json::to_vec(answer).map_err(|e| Error::Internal(e.to_string()))?;
        let sealed = vault.answers.seal(&claim.context(), &plain)?;
        diesel::update(
            QueryDsl::filter(keys::table, keys::aggregator_id.eq(claim.aggregator))
                .filter(keys::principal.eq(claim.principal))
                .filter(keys::method.eq(&claim.method))
                .filter(keys::route.eq(&claim.route))
                .filter(keys::key.eq(&claim.key)),
        )
        .set(keys::answer.eq(sealed))
        .execute(self)
        .await?;
        Ok(())
    }
}

sql! {
    TenantsWithOldKeys {}
    "SELECT DISTINCT aggregator_id FROM idempotency_keys WHERE expires_at < now() LIMIT 100"
}

sql! {
    ForgetKeys { aggregators: Vec<Uuid> => Array<SqlUuid> }
    "DELETE FROM idempotency_keys WHERE aggregator_id = ANY ($1) AND expires_at < now()"
}

#[derive(diesel::QueryableByName)]
struct TenantRow {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
}

impl Db {
    /// Deletes expired keys of some tenants. Answers how many.
    pub async fn forget_keys(&self) -> Result<usize> {
        let mut connection = lend(&self.ops).await?;
        let tenants = TenantsWithOldKeys {}.load::<TenantRow>(&mut connection).await?;
        if tenants.is_empty() {
            return Ok(0);
        }
        let aggregators = tenants.into_iter().map(|row| row.aggregator_id).collect();
        Ok(ForgetKeys { aggregators }.execute(&mut connection).await?)
    }
}

impl KeyClaim {
    fn context(&self) -> String {
        format!(
            "idempotency_keys/{}/{}/{}/{}/{}",
            self.aggregator, self.principal, self.method, self.route, self.key
        )
    }
}
