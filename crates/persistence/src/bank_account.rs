//! Where a merchant is paid. Number and holder are sealed for the merchant; who reads them unmasked says why.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Binary, Bool, Uuid as SqlUuid};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::bank_account::{AccountHolder, AccountNumber, BankAccount, BankCode, BankName};
use kapal_domain::event::EventKind;
use kapal_domain::ids::MerchantId;
use kapal_domain::merchant::MerchantStatus;
use kapal_domain::personal::NumberKind;
use kapal_domain::{Code, Refusal};
use kapal_schema::bank_accounts;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::identity::stored;
use crate::sql::sql;
use crate::subject_key::logged;
use crate::{Actor, Change, Db, Error, Outcome, Restricted, Result, Scope, Subject, TenantTx};

const NUMBER: &str = "bank_accounts/number_sealed";
const HOLDER: &str = "bank_accounts/holder_sealed";
/// Accounts that are hashed in one transaction.
const AT_ONCE: i64 = 500;

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = bank_accounts, check_for_backend(diesel::pg::Pg))]
struct BankAccountRow {
    bank_code: Option<String>,
    bank_name: String,
    number_sealed: Vec<u8>,
    holder_sealed: Vec<u8>,
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// A merchant's account, opened.
#[derive(Debug, Clone)]
pub struct StoredAccount {
    /// The account.
    pub account: BankAccount,
    /// Grows with each change.
    pub version: i32,
    /// When it was first set.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Whether another merchant, that this transaction sees, has the same number.
    pub used_elsewhere: bool,
}

sql! {
    IsUsedElsewhere { aggregator: Uuid => SqlUuid, merchant: Uuid => SqlUuid, hash: Vec<u8> => Binary }
    "SELECT EXISTS (
        SELECT FROM bank_accounts b
        JOIN merchants m ON m.aggregator_id = b.aggregator_id AND m.id = b.merchant_id AND m.status <> 'archived'
        WHERE b.aggregator_id = $1 AND b.merchant_id <> $2 AND b.number_hash = $3
     ) AS used"
}

#[derive(diesel::QueryableByName)]
struct Used {
    #[diesel(sql_type = Bool)]
    used: bool,
}

impl TenantTx<'_> {
    /// A merchant's account.
    pub async fn bank_account(&mut self, merchant: MerchantId) -> Result<StoredAccount> {
        let row = self.bank_account_row(merchant).await?.ok_or(Error::NotFound)?;
        let stored = self.opened_account(merchant.uuid(), row).await?.ok_or(Error::NotFound)?;
        self.with_twins(merchant, stored).await
    }

    /// Sets a merchant's account. The first one needs no version, an equal one changes nothing, replacing another
    /// needs the present version; with `only_new` nothing is replaced.
    pub async fn set_bank_account(
        &mut self,
        merchant: MerchantId,
        expected: Option<i32>,
        only_new: bool,
        new: &BankAccount,
    ) -> Result<Outcome<StoredAccount>> {
        let owner = self.lock_merchant(merchant).await?;
        if owner.status == MerchantStatus::Archived.as_str() {
            return Err(Refusal::because(Code::WrongState, "An archived merchant is not edited.").into());
        }
        let before = self.bank_account_row(merchant).await?;
        let version = before.as_ref().map_or(0, |row| row.version);
        if expected.is_some_and(|expected| expected != version) || (only_new && version > 0) {
            return Err(Error::Stale(version));
        }
        if let Some(row) = &before {
            let old = self.opened_account(merchant.uuid(), row.clone()).await?;
            if let Some(old) = old
                && old.account == *new
            {
                return Ok(Outcome::Kept(self.with_twins(merchant, old).await?));
            }
            if expected.is_none() {
                return Err(Code::PreconditionRequired.into());
            }
        }
        let id = merchant.uuid();
        let number = self.seal_for(id, NUMBER, id, new.number.as_str()).await?;
        let holder = self.seal_for(id, HOLDER, id, new.holder.as_str()).await?;
        let now = Utc::now();
        let values = (
            bank_accounts::bank_code.eq(new.bank_code.as_ref().map(|code| code.as_str())),
            bank_accounts::bank_name.eq(new.bank_name.as_str()),
            bank_accounts::number_sealed.eq(number),
            bank_accounts::number_hash.eq(self.blind(NumberKind::BankAccount.as_str(), new.number.as_str())),
            bank_accounts::holder_sealed.eq(holder),
            bank_accounts::version.eq(version + 1),
            bank_accounts::updated_at.eq(now),
        );
        let row = diesel::insert_into(bank_accounts::table)
            .values((
                bank_accounts::aggregator_id.eq(self.tenant()),
                bank_accounts::merchant_id.eq(id),
                bank_accounts::created_at.eq(now),
                values.clone(),
            ))
            .on_conflict((bank_accounts::aggregator_id, bank_accounts::merchant_id))
            .do_update()
            .set(values)
            .returning(BankAccountRow::as_returning())
            .get_result::<BankAccountRow>(&mut **self)
            .await?;
        self.record(
            Change::new(EventKind::BankAccountSet, Subject("merchant", id))
                .from_to(before.as_ref().map_or(Value::Null, facts), facts(&row)),
        );
        let made = before.is_none();
        let stored = StoredAccount {
            account: new.clone(),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            used_elsewhere: false,
        };
        let stored = self.with_twins(merchant, stored).await?;
        Ok(if made { Outcome::Made(stored) } else { Outcome::Kept(stored) })
    }

    /// A merchant's account, where there is one that still opens.
    pub(crate) async fn known_bank_account(&mut self, merchant: MerchantId) -> Result<Option<BankAccount>> {
        match self.bank_account_row(merchant).await? {
            Some(row) => Ok(self.opened_account(merchant.uuid(), row).await?.map(|stored| stored.account)),
            None => Ok(None),
        }
    }

    async fn bank_account_row(&mut self, merchant: MerchantId) -> Result<Option<BankAccountRow>> {
        Ok(bank_accounts::table
            .find((self.tenant(), merchant.uuid()))
            .select(BankAccountRow::as_select())
            .first::<BankAccountRow>(&mut **self)
            .await
            .optional()?)
    }

    /// None once the merchant was erased.
    async fn opened_account(&mut self, id: Uuid, row: BankAccountRow) -> Result<Option<StoredAccount>> {
        let number = self.open_for(id, NUMBER, id, &row.number_sealed).await?;
        let holder = self.open_for(id, HOLDER, id, &row.holder_sealed).await?;
        let Some((number, holder)) = number.zip(holder) else { return Ok(None) };
        let account = BankAccount {
            bank_code: row.bank_code.as_deref().map(|code| stored(BankCode::parse(code))).transpose()?,
            bank_name: stored(BankName::parse(&row.bank_name))?,
            number: stored(AccountNumber::parse(&number))?,
            holder: stored(AccountHolder::parse(&holder))?,
        };
        let (version, created_at, updated_at) = (row.version, row.created_at, row.updated_at);
        Ok(Some(StoredAccount { account, version, created_at, updated_at, used_elsewhere: false }))
    }

    /// The same, saying whether another merchant is paid there too.
    async fn with_twins(&mut self, merchant: MerchantId, stored: StoredAccount) -> Result<StoredAccount> {
        let hash = self.blind(NumberKind::BankAccount.as_str(), stored.account.number.as_str());
        let twins = IsUsedElsewhere { aggregator: self.tenant(), merchant: merchant.uuid(), hash };
        let used_elsewhere = twins.get_result::<Used>(&mut **self).await?.used;
        Ok(StoredAccount { used_elsewhere, ..stored })
    }

    /// Hashes accounts that were there before hashes were: how many. None of them changes for whoever reads it.
    async fn hash_accounts(&mut self) -> Result<usize> {
        let rows = bank_accounts::table
            .filter(bank_accounts::aggregator_id.eq(self.tenant()))
            .filter(bank_accounts::number_hash.is_null())
            .order(bank_accounts::merchant_id)
            .limit(AT_ONCE)
            .select((bank_accounts::merchant_id, bank_accounts::number_sealed))
            .for_update()
            .load::<(Uuid, Vec<u8>)>(&mut **self)
            .await?;
        let mut hashed = 0;
        for (merchant, sealed) in rows {
            // None of who was erased: its account goes with the same transaction.
            let Some(number) = self.open_for(merchant, NUMBER, merchant, &sealed).await? else { continue };
            let hash = self.blind(NumberKind::BankAccount.as_str(), &number);
            diesel::update(bank_accounts::table.find((self.tenant(), merchant)))
                .set(bank_accounts::number_hash.eq(hash))
                .execute(&mut **self)
                .await?;
            hashed += 1;
        }
        Ok(hashed)
    }
}

impl Db {
    /// Makes the hashes by which accounts are found where they are missing; answers how many it made.
    pub async fn hash_bank_accounts(&self) -> Result<usize> {
        let mut tx = self.operator(Actor::System, "hash").await?;
        let tenants = bank_accounts::table
            .filter(bank_accounts::number_hash.is_null())
            .select(bank_accounts::aggregator_id)
            .distinct()
            .load::<Uuid>(&mut *tx)
            .await?;
        tx.commit().await?;
        let mut hashed = 0;
        for tenant in tenants {
            let scope = Scope {
                aggregator: tenant.into(),
                actor: Actor::System,
                narrowed: false,
                request_id: "hash".into(),
            };
            let mut tx = self.tenant(scope).await?;
            // Those of restricted merchants too.
            tx.meet_restricted(Restricted::Handled);
            hashed += tx.hash_accounts().await?;
            tx.commit().await?;
        }
        Ok(hashed)
    }
}

fn facts(row: &BankAccountRow) -> Value {
    json!({
        "bank_code": row.bank_code, "bank_name": row.bank_name, "number": logged(Some(&row.number_sealed)),
        "holder": logged(Some(&row.holder_sealed)),
    })
}
