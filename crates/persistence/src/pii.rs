//! The unmasked read of a merchant's personal data: each one says why, and leaves an entry in the log that names the
//! fields and no value.

use kapal_domain::bank_account::BankAccount;
use kapal_domain::event::EventKind;
use kapal_domain::ids::MerchantId;
use kapal_domain::legality::DocumentKind;
use kapal_domain::money::{Currency, Money};
use kapal_domain::personal::{PersonalField, Purpose};
use serde_json::{Value, json};

use crate::identity::stored;
use crate::scale::AMOUNT;
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

    async fn figure(&mut self, merchant: MerchantId, basis: &str) -> Result<Option<Figure>> {
        let Some(row) = self.newest_figure(merchant, basis).await? else { return Ok(None) };
        let Some(sealed) = &row.amount_sealed else { return Ok(None) };
        let amount = self.open_for(merchant.uuid(), AMOUNT, row.id, sealed).await?;
        let amount = amount.map(|text| stored(Money::parse(&text, Currency::IDR))).transpose()?;
        Ok(amount.map(|amount| Figure { amount, year: row.year }))
    }
}
