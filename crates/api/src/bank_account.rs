//! `/v1/aggregators/{aggregator}/merchants/{merchant_id}/bank-account`: where a merchant is paid, shown masked.

use actix_web::{get, put};
use chrono::{DateTime, Utc};
use kapal_domain::bank_account::{
    AccountHolder, AccountNumber, BankAccount, BankCode, BankName, masked_name,
};
use kapal_domain::ids::MerchantId;
use kapal_domain::permission::{MerchantsRead, MerchantsWrite, Role};
use kapal_domain::{Code, Faults};
use kapal_persistence::{Outcome, StoredAccount};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::answer::{Answered, Created, Found, Put};
use crate::json::Json;
use crate::path::{At, IfMatchOptional, OnlyNew};
use crate::{Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(set_bank_account).service(get_bank_account);
}

/// A merchant's bank account, masked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BankAccount)]
pub struct BankAccountView {
    /// The bank's clearing code.
    #[schema(example = "014", max_length = 3)]
    bank_code: Option<String>,
    /// The bank.
    #[schema(example = "Bank Central Asia", max_length = 60)]
    bank_name: String,
    /// The last four digits of the number; the merchant's `pii` shows the rest.
    #[schema(example = "******1234", max_length = 20)]
    account_number: String,
    /// The initials of the name that the account is in.
    #[schema(example = "M*** I***", max_length = 300)]
    account_holder: String,
    /// Whether another merchant of the aggregator, that you see, is paid on the same number: worth a second look.
    #[schema(example = false)]
    used_elsewhere: bool,
    /// Grows with each change: the `ETag`.
    #[schema(example = 1, minimum = 1)]
    version: i32,
    /// When it was first set.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl From<StoredAccount> for BankAccountView {
    fn from(stored: StoredAccount) -> Self {
        let account = stored.account;
        Self {
            bank_code: account.bank_code.map(|code| code.as_str().to_owned()),
            bank_name: account.bank_name.into(),
            account_number: account.number.masked(),
            account_holder: masked_name(account.holder.as_str()),
            used_elsewhere: stored.used_elsewhere,
            version: stored.version,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
        }
    }
}

/// A merchant's bank account.
#[derive(Deserialize, ToSchema)]
pub struct BankAccountPut {
    /// The bank's clearing code, where it has one.
    #[schema(example = "014", pattern = r"^\d{3}$", max_length = 3)]
    bank_code: Option<String>,
    /// The bank.
    #[schema(example = "Bank Central Asia", min_length = 2, max_length = 60)]
    bank_name: String,
    /// Six to twenty digits, however they are grouped.
    #[schema(example = "123-456-1234", min_length = 6, max_length = 40)]
    account_number: String,
    /// The name that the account is in.
    #[schema(example = "Maria Ina", min_length = 2, max_length = 120)]
    account_holder: String,
}

impl BankAccountPut {
    fn parse(&self) -> Result<BankAccount, Faults> {
        let mut faults = Faults::default();
        let code = faults.take_optional("/bank_code", self.bank_code.as_deref().map(BankCode::parse));
        let name = faults.take("/bank_name", BankName::parse(&self.bank_name));
        let number = faults.take("/account_number", AccountNumber::parse(&self.account_number));
        let holder = faults.take("/account_holder", AccountHolder::parse(&self.account_holder));
        let (Some(bank_code), Some(bank_name), Some(number), Some(holder)) = (code, name, number, holder)
        else {
            return Err(faults);
        };
        Ok(BankAccount { bank_code, bank_name, number, holder })
    }
}

/// Set a merchant's bank account
///
/// The first one needs no `If-Match`; replacing another needs the account's own `ETag`; an equal one changes nothing.
/// Number and holder are encrypted where they are stored, and shown masked ever after. The merchant's own account sets
/// it, or staff who manage merchants; a hero can't.
#[utoipa::path(tag = "merchants", request_body = BankAccountPut, responses((status = 200, description = "The account, replaced or the same.", body = BankAccountView), (status = 201, description = "The account, new.", body = BankAccountView)), security(("bearer" = ["merchants:write"])))]
#[put("/v1/aggregators/{aggregator}/merchants/{merchant_id}/bank-account")]
pub async fn set_bank_account(
    staff: Staff<MerchantsWrite>,
    At(merchant): At<MerchantId>,
    IfMatchOptional(version): IfMatchOptional,
    OnlyNew(only_new): OnlyNew,
    body: Json<BankAccountPut>,
) -> Answered {
    if staff.membership.role == Role::LocalHero {
        return Err(Problem::because(Code::Forbidden, "Heroes don't set where a merchant is paid."));
    }
    let new = body.0.parse()?;
    staff
        .run(async |tx| {
            Ok(match tx.set_bank_account(merchant, version, only_new, &new).await? {
                Outcome::Made(stored) => Put::Made(Created {
                    location: staff.path(format_args!("merchants/{merchant}/bank-account")),
                    version: Some(stored.version),
                    thing: BankAccountView::from(stored),
                }),
                Outcome::Kept(stored) => Put::Kept(found(stored)),
            })
        })
        .await
}

/// Read a merchant's bank account
///
/// Number and holder are masked for everybody.
#[utoipa::path(tag = "merchants", responses((status = 200, description = "The account, masked.", body = BankAccountView)), security(("bearer" = ["merchants:read"])))]
#[get("/v1/aggregators/{aggregator}/merchants/{merchant_id}/bank-account")]
pub async fn get_bank_account(staff: Staff<MerchantsRead>, At(merchant): At<MerchantId>) -> Answered {
    staff.run(async |tx| Ok(found(tx.bank_account(merchant).await?))).await
}

fn found(stored: StoredAccount) -> Found<BankAccountView> {
    Found(Some(stored.version), stored.into())
}
