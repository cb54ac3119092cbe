//! `/v1/aggregators/{aggregator}/merchants/{merchant_id}/pii`: the only way to a merchant's personal data unmasked; and
//! the way from a personal number to its merchant.

use actix_web::post;
use kapal_domain::Faults;
use kapal_domain::ids::MerchantId;
use kapal_domain::permission::PiiRead;
use kapal_domain::personal::{NumberKind, PersonalField, Purpose, SoughtNumber};
use kapal_persistence::{Figure, PersonalData};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::Staff;
use crate::answer::{Answered, Found};
use crate::json::Json;
use crate::path::At;
use crate::views::MoneyView;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(find_merchants_by_number).service(read_merchant_pii);
}

/// What is asked for, and why.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PiiRequest {
    /// Why it is needed, in words that an auditor understands.
    #[schema(example = "Mencairkan hasil penjualan bulan Oktober", min_length = 5, max_length = 200)]
    purpose: String,
    /// What is needed, any of `nik`, `npwp`, `bank_account`, `capital` and `yearly_sales`; all when left away.
    #[schema(example = json!(["bank_account"]), min_items = 1, max_items = 10)]
    fields: Option<Vec<String>>,
}

impl PiiRequest {
    fn parse(&self) -> Result<(Purpose, Vec<PersonalField>), Faults> {
        let mut faults = Faults::default();
        let purpose = faults.take("/purpose", Purpose::parse(&self.purpose));
        let mut fields = Vec::new();
        for (place, name) in self.fields.iter().flatten().enumerate() {
            let field = faults.take(format!("/fields/{place}"), PersonalField::parse(name));
            fields.extend(field.filter(|field| !fields.contains(field)));
        }
        let Some(purpose) = purpose.filter(|_| faults.is_empty()) else { return Err(faults) };
        if self.fields.as_ref().is_none_or(Vec::is_empty) {
            fields = PersonalField::ALL.to_vec();
        }
        Ok((purpose, fields))
    }
}

/// A merchant's personal data unmasked: what was asked for and is on record.
#[derive(Serialize, ToSchema)]
#[schema(as = PersonalData)]
pub struct PersonalDataView {
    /// The citizen's number (NIK) of its legal document.
    #[schema(example = "3201995001900001", max_length = 16)]
    nik: Option<String>,
    /// The taxpayer's number (NPWP) of its legal document.
    #[schema(example = "0123456789012345", max_length = 16)]
    npwp: Option<String>,
    /// Where it is paid.
    bank_account: Option<OpenAccountView>,
    /// Capital without land and building, as last told.
    capital: Option<FigureView>,
    /// Sales of a year, as last told.
    yearly_sales: Option<FigureView>,
}

/// A bank account unmasked.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenBankAccount)]
pub struct OpenAccountView {
    /// The bank's clearing code.
    #[schema(example = "014", max_length = 3)]
    bank_code: Option<String>,
    /// The bank.
    #[schema(example = "Bank Central Asia", max_length = 60)]
    bank_name: String,
    /// The number.
    #[schema(example = "1234561234", max_length = 20)]
    account_number: String,
    /// The name that it is in.
    #[schema(example = "Maria Ina", max_length = 120)]
    account_holder: String,
}

/// A figure of a year.
#[derive(Serialize, ToSchema)]
#[schema(as = YearlyFigure)]
pub struct FigureView {
    /// How much.
    amount: MoneyView,
    /// Of which year.
    #[schema(example = 2025, minimum = 1800, maximum = 2100)]
    year: Option<i32>,
}

impl From<PersonalData> for PersonalDataView {
    fn from(data: PersonalData) -> Self {
        let figure = |figure: Figure| FigureView { amount: figure.amount.into(), year: figure.year };
        Self {
            nik: data.nik,
            npwp: data.npwp,
            bank_account: data.bank_account.map(|account| OpenAccountView {
                bank_code: account.bank_code.map(|code| code.as_str().to_owned()),
                bank_name: account.bank_name.into(),
                account_number: account.number.as_str().to_owned(),
                account_holder: account.holder.into(),
            }),
            capital: data.capital.map(figure),
            yearly_sales: data.yearly_sales.map(figure),
        }
    }
}

/// Read a merchant's personal data
///
/// Unmasked, for a purpose that you name. Each read leaves an entry in the log with the purpose and the fields, and
/// without their values. The answer is given once: an `Idempotency-Key` has no effect here, and nothing keeps a copy.
#[utoipa::path(tag = "merchants", request_body = PiiRequest, responses((status = 200, description = "What was asked for.", body = PersonalDataView)), security(("bearer" = ["pii:read"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/pii")]
pub async fn read_merchant_pii(
    staff: Staff<PiiRead>,
    At(merchant): At<MerchantId>,
    body: Json<PiiRequest>,
) -> Answered {
    let (purpose, fields) = body.0.parse()?;
    staff
        .run(async |tx| {
            let data = tx.read_personal_data(merchant, &fields, &purpose).await?;
            Ok(Found(None, PersonalDataView::from(data)))
        })
        .await
}

/// A number to look merchants up by, and why.
#[derive(Deserialize, ToSchema)]
pub struct NumberSearch {
    /// Which number: `nik`, `npwp` or `bank_account`.
    #[schema(example = "nik", pattern = "^(nik|npwp|bank_account)$", max_length = 20)]
    kind: String,
    /// The whole number, however it is grouped.
    #[schema(example = "3201995001900001", min_length = 6, max_length = 40)]
    number: String,
    /// Why it is needed, in words that an auditor understands.
    #[schema(example = "Memeriksa pendaftaran ganda", min_length = 5, max_length = 200)]
    purpose: String,
}

impl NumberSearch {
    fn parse(&self) -> Result<(SoughtNumber, Purpose), Faults> {
        let mut faults = Faults::default();
        let purpose = faults.take("/purpose", Purpose::parse(&self.purpose));
        let kind = faults.take("/kind", NumberKind::parse(&self.kind));
        let number = kind.and_then(|kind| faults.take("/number", SoughtNumber::parse(kind, &self.number)));
        number.zip(purpose).ok_or(faults)
    }
}

/// The merchants that have a number.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NumberSearchResult)]
pub struct NumberSearchView {
    /// Their ids; a hundred at most.
    #[schema(max_items = 100)]
    merchant_ids: Vec<Uuid>,
}

/// Find merchants by a personal number
///
/// By the whole NIK, NPWP or account number, compared as keyed hashes; never in an address. Each look-up leaves an entry
/// in the log with its purpose and what it found, and without the number. A repeated one is a second entry: an
/// `Idempotency-Key` has no effect here.
#[utoipa::path(tag = "merchants", request_body = NumberSearch, responses((status = 200, description = "Who has it.", body = NumberSearchView)), security(("bearer" = ["pii:read"])))]
#[post("/v1/aggregators/{aggregator}/pii/find-by-number")]
pub async fn find_merchants_by_number(staff: Staff<PiiRead>, body: Json<NumberSearch>) -> Answered {
    let (sought, purpose) = body.0.parse()?;
    staff
        .run(async |tx| {
            let merchant_ids = tx.find_by_number(&sought, &purpose).await?;
            Ok(Found(None, NumberSearchView { merchant_ids }))
        })
        .await
}
