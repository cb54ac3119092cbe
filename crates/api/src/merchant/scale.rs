//! `/v1/aggregators/{aggregator}/merchants/{merchant_id}/scales`: the classes that a merchant was in.

use actix_web::get;
use chrono::{DateTime, Utc};
use kapal_domain::ids::MerchantId;
use kapal_domain::merchant::Scale;
use kapal_domain::money::{Currency, Money};
use kapal_domain::permission::MerchantsRead;
use kapal_domain::profile::past_year;
use kapal_domain::{Code, Faults};
use kapal_persistence::{ScaleClaim, ScaleRow};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::profile::this_year;
use crate::Staff;
use crate::answer::Answered;
use crate::collection::NoFilter;
use crate::path::At;
use crate::query::{List, PageOf, Paging};
use crate::views::MoneyView;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(list_merchant_scales);
}

/// A class that a merchant is or was in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MerchantScale)]
pub struct ScaleView {
    /// Id.
    id: Uuid,
    /// UMKM class (PP 7/2021, article 35): `micro`, `small` or `medium`; null where it was taken away.
    #[schema(example = "small", max_length = 10)]
    scale: Option<String>,
    /// What it comes from: `declared`, `capital` or `sales`.
    #[schema(example = "sales", max_length = 10)]
    basis: Option<String>,
    /// `declared`, or `derived` from a figure.
    #[schema(example = "derived", max_length = 10)]
    source: Option<&'static str>,
    /// The year of the figure.
    #[schema(example = 2025, minimum = 1800, maximum = 2100)]
    year: Option<i32>,
    /// Whether a figure is on record. It is shown by the merchant's `pii` alone.
    #[schema(example = true)]
    amount_masked: bool,
    /// The account that told it.
    recorded_by: Option<Uuid>,
    /// When.
    recorded_at: DateTime<Utc>,
}

impl From<ScaleRow> for ScaleView {
    fn from(row: ScaleRow) -> Self {
        Self {
            source: row
                .basis
                .as_deref()
                .map(|basis| if basis == "declared" { "declared" } else { "derived" }),
            id: row.id,
            scale: row.scale,
            basis: row.basis,
            year: row.year,
            amount_masked: row.amount_sealed.is_some(),
            recorded_by: row.recorded_by,
            recorded_at: row.recorded_at,
        }
    }
}

/// List the classes of a merchant
///
/// The UMKM classes that a merchant was in, the present one first: what each came from and who told it. The figures
/// themselves are personal financial data; see the merchant's `pii`.
#[utoipa::path(tag = "merchants", params(Paging), responses((status = 200, description = "A page of classes.", body = PageOf<ScaleView>)), security(("bearer" = ["merchants:read"])))]
#[get("/v1/aggregators/{aggregator}/merchants/{merchant_id}/scales")]
pub async fn list_merchant_scales(
    staff: Staff<MerchantsRead>,
    At(id): At<MerchantId>,
    list: List<NoFilter>,
) -> Answered {
    staff
        .run(async |tx| {
            let page = tx.scales(id, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(ScaleView::from)))
        })
        .await
}

/// What a body says of a merchant's class.
pub(super) struct ScaleBody<'a> {
    pub declared: Option<&'a str>,
    pub sales: Option<&'a MoneyView>,
    pub capital: Option<&'a MoneyView>,
    pub year: Option<i32>,
}

impl ScaleBody<'_> {
    /// The class by sales, else by capital, else as declared; a declaration that the figures contradict is a fault. The
    /// outer None is a noted fault.
    pub(super) fn parse(&self, faults: &mut Faults) -> Option<Option<ScaleClaim>> {
        let declared = faults.take_optional("/scale", self.declared.map(Scale::parse));
        let year = faults.take_optional("/scale_year", self.year.map(|year| past_year(year, this_year())));
        let figure = match (self.sales, self.capital) {
            (Some(sales), _) => {
                Some(derived(faults, "/yearly_sales", sales, Scale::by_sales, "sales", this_year() - 1))
            }
            (None, Some(capital)) => {
                Some(derived(faults, "/capital", capital, Scale::by_capital, "capital", this_year()))
            }
            (None, None) => None,
        };
        let (declared, year) = (declared?, year?);
        match (declared, figure) {
            (_, Some(None)) => None,
            (Some(declared), Some(Some(claim))) if declared != claim.scale => {
                let scale = claim.scale;
                let detail = format!("By PP 7/2021 these figures make it {scale}.");
                faults.add_detail("/scale", Code::InvalidChoice, detail);
                None
            }
            (_, Some(Some(claim))) => Some(Some(ScaleClaim { year: year.or(claim.year), ..claim })),
            (Some(scale), None) => Some(Some(ScaleClaim { year, ..ScaleClaim::declared(scale) })),
            (None, None) if year.is_some() => {
                faults.add_detail(
                    "/scale_year",
                    Code::Required,
                    "The year is that of a figure: send it too.",
                );
                None
            }
            (None, None) => Some(None),
        }
    }
}

fn derived(
    faults: &mut Faults,
    pointer: &str,
    money: &MoneyView,
    scale: impl Fn(i64) -> Option<Scale>,
    basis: &'static str,
    year: i32,
) -> Option<ScaleClaim> {
    let amount = faults.take(pointer, rupiah(money))?;
    let scale = faults.take(pointer, scale(amount.minor() / 100).ok_or(Code::OutOfRange))?;
    Some(ScaleClaim { scale, basis, year: Some(year), amount: Some(amount) })
}

fn rupiah(money: &MoneyView) -> Result<Money, Code> {
    let money = Money::parse(&money.amount, Currency::parse(&money.currency)?)?;
    if money.currency() == Currency::IDR { Ok(money) } else { Err(Code::InvalidCurrency) }
}
