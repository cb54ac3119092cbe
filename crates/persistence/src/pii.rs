//! The unmasked read of a merchant's personal data: each one says why, and leaves an entry in the log that names the
//! fields and no value.

use diesel::sql_types::{Binary, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::bank_account::BankAccount;
use kapal_domain::event::EventKind;
use kapal_domain::ids::MerchantId;
use kapal_domain::legality::DocumentKind;
use kapal_domain::money::{Currency, Money};
use kapal_domain::personal::{PersonalField, Purpose, SoughtNumber};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::identity::stored;
use crate::scale::AMOUNT;
use crate::sql::sql;
use crate::{Change, Result, Subject, TenantTx};

/// A figure with its year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// How much.
    pub amount: Money,
    /// Of which year.
    pub year: Option<i32>,
}

/// What was asked for and is on record.
#[derive(Debug, Default)]
pub struct PersonalData {
    /// The citizen's number of the legal document.
    pub nik: Option<String>,
    /// The taxpayer's number of the legal document.
    pub npwp: Option<String>,
    /// Where the merchant is paid.
    pub bank_account: Option<BankAccount>,
    /// Capital without land and building, as last told.
    pub capital: Option<Figure>,
    /// Sales of a year, as last told.
    pub yearly_sales: Option<Figure>,
}

sql! {
    FindByNumber { aggregator: Uuid => SqlUuid, kind: &'static str => Text, hash: Vec<u8> => Binary }
    "SELECT merchant_id FROM legal_documents WHERE aggregator_id = $1 AND kind = $2 AND number_hash = $3
     UNION
     SELECT merchant_id FROM bank_accounts WHERE aggregator_id = $1 AND $2 = 'bank_account' AND number_hash = $3
     ORDER BY merchant_id LIMIT 100"
}

#[derive(diesel::QueryableByName)]
struct Found {
    #[diesel(sql_type = SqlUuid)]
    merchant_id: Uuid,
}

impl TenantTx<'_> {
    /// Reads these fields of a merchant unmasked, and notes that it was done.
    pub async fn read_personal_data(
        &mut self,
        merchant: MerchantId,
        fields: &[PersonalField],
        purpose: &Purpose,
    ) -> Result<PersonalData> {
        self.expect_merchant(merchant).await?;
        let mut data = PersonalData::default();
        for field in fields {
            match field {
                PersonalField::Nik => data.nik = self.known_number(merchant, DocumentKind::Nik).await?,
                PersonalField::Npwp => data.npwp = self.known_number(merchant, DocumentKind::Npwp).await?,
                PersonalField::BankAccount => data.bank_account = self.known_bank_account(merchant).await?,
                PersonalField::Capital => data.capital = self.figure(merchant, "capital").await?,
                PersonalField::YearlySales => data.yearly_sales = self.figure(merchant, "sales").await?,
            }
        }
        let names: Vec<_> = fields.iter().map(|field| field.as_str()).collect();
        self.record(
            Change::new(EventKind::PiiRead, Subject("merchant", merchant.uuid()))
                .data(json!({ "fields": names }))
                .from_to(Value::Null, json!({ "purpose": purpose.as_str(), "fields": names })),
        );
        Ok(data)
    }

    /// The merchants on record with a number, and a note that somebody looked, for what and why. The number itself is
    /// written nowhere.
    pub async fn find_by_number(&mut self, sought: &SoughtNumber, purpose: &Purpose) -> Result<Vec<Uuid>> {
        let kind = sought.kind().as_str();
        let find = FindByNumber { aggregator: self.tenant(), kind, hash: self.blind(kind, sought.as_str()) };
        let found: Vec<_> =
            find.load::<Found>(&mut **self).await?.into_iter().map(|f| f.merchant_id).collect();
        self.record(
            Change::new(EventKind::PiiSearched, Subject("aggregator", self.tenant()))
                .data(json!({ "kind": kind }))
                .from_to(
                    Value::Null,
                    json!({ "purpose": purpose.as_str(), "kind": kind, "merchant_ids": found }),
                ),
        );
        Ok(found)
    }

    async fn figure(&mut self, merchant: MerchantId, basis: &str) -> Result<Option<Figure>> {
        let Some(row) = self.newest_figure(merchant, basis).await? else { return Ok(None) };
        let Some(sealed) = &row.amount_sealed else { return Ok(None) };
        let amount = self.open_for(merchant.uuid(), AMOUNT, row.id, sealed).await?;
        let amount = amount.map(|text| stored(Money::parse(&text, Currency::IDR))).transpose()?;
        Ok(amount.map(|amount| Figure { amount, year: row.year }))
    }
}
