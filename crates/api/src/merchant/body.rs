//! What comes in: a merchant to onboard, what to change of one, which to list.

use kapal_domain::merchant::{LegalName, MerchantName, MerchantStatus, Nib, Scale, Story};
use kapal_domain::money::{Currency, Money};
use kapal_domain::phone::Phone;
use kapal_domain::region::{RegionCode, RegionLevel};
use kapal_domain::{Code, Faults};
use kapal_persistence::{MerchantChanges, MerchantFilter, NewMerchant, ScaleClaim};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::Problem;
use crate::json::Patch;
use crate::views::MoneyView;

/// A merchant to onboard.
#[derive(Debug, Deserialize, ToSchema)]
pub struct MerchantCreate {
    /// Shop name.
    #[schema(example = "Tenun Mama Ina", min_length = 2, max_length = 120)]
    name: String,
    /// Name in the papers.
    #[schema(example = "CV Tenun Ina", min_length = 2, max_length = 200)]
    legal_name: Option<String>,
    /// Code of a regency, city or district: see `/v1/regions`.
    #[schema(example = "53.07", pattern = r"^\d{2}\.\d{2}(\.\d{2})?$", max_length = 8)]
    region_code: String,
    /// Business phone; any usual Indonesian spelling.
    #[schema(example = "0812-3456-7890", max_length = 30)]
    phone: String,
    /// Declared UMKM class; leave it away where sales or capital tell it.
    #[schema(example = "micro", pattern = "^(micro|small|medium)$", max_length = 10)]
    scale: Option<String>,
    /// Sales of the last full year: the class is derived from it. The amount itself is not kept.
    yearly_sales: Option<MoneyView>,
    /// Capital without land and building, for a business without a full year. The amount itself is not kept.
    capital: Option<MoneyView>,
    /// Business identity number: 13 digits.
    #[schema(example = "1234567890123", max_length = 40)]
    nib: Option<String>,
    /// The maker's story.
    #[schema(example = "Mama Ina menenun sejak usia sembilan tahun.", max_length = 5000)]
    story: Option<String>,
}

impl MerchantCreate {
    pub(super) fn parse(&self) -> Result<NewMerchant, Faults> {
        let mut faults = Faults::default();
        let name = faults.take("/name", MerchantName::parse(&self.name));
        let legal_name =
            faults.take_optional("/legal_name", self.legal_name.as_deref().map(LegalName::parse));
        let region_code = faults.take("/region_code", merchant_region(&self.region_code));
        let phone = faults.take("/phone", Phone::parse(&self.phone));
        let scale = parse_scale(
            &mut faults,
            self.scale.as_deref(),
            self.yearly_sales.as_ref(),
            self.capital.as_ref(),
        );
        let nib = faults.take_optional("/nib", self.nib.as_deref().map(Nib::parse));
        let story = faults.take("/story", Story::parse(self.story.as_deref().unwrap_or_default()));
        let (
            Some(name),
            Some(legal_name),
            Some(region_code),
            Some(phone),
            Some(scale),
            Some(nib),
            Some(story),
        ) = (name, legal_name, region_code, phone, scale, nib, story)
        else {
            return Err(faults);
        };
        Ok(NewMerchant { name, legal_name, region_code, scale, nib, phone, story })
    }
}

/// What to change of a merchant (RFC 7396): absent keeps, null clears.
#[derive(Debug, Deserialize, ToSchema)]
pub struct MerchantPatch {
    /// Shop name.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Tenun Mama Ina", min_length = 2, max_length = 120)]
    name: Patch<String>,
    /// Name in the papers.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "CV Tenun Ina", min_length = 2, max_length = 200)]
    legal_name: Patch<String>,
    /// Code of a regency, city or district.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "53.07", max_length = 8)]
    region_code: Patch<String>,
    /// Business phone.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "+6281234567890", max_length = 30)]
    phone: Patch<String>,
    /// Declared UMKM class.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "small", max_length = 10)]
    scale: Patch<String>,
    /// Sales of the last full year: the class is derived from it.
    yearly_sales: Option<MoneyView>,
    /// Capital without land and building.
    capital: Option<MoneyView>,
    /// Business identity number.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "1234567890123", max_length = 40)]
    nib: Patch<String>,
    /// The maker's story.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Mama Ina menenun sejak usia sembilan tahun.", max_length = 5000)]
    story: Patch<String>,
}

impl MerchantPatch {
    pub(super) fn parse(&self) -> Result<MerchantChanges, Faults> {
        let mut faults = Faults::default();
        let text = |value: &dyn std::fmt::Display| value.to_string();
        let name = self.name.required(&mut faults, "/name", |v| MerchantName::parse(v).map(|v| text(&v)));
        let legal_name =
            self.legal_name.optional(&mut faults, "/legal_name", |v| LegalName::parse(v).map(|v| text(&v)));
        let region_code = self
            .region_code
            .required(&mut faults, "/region_code", |v| merchant_region(v).map(|v| v.as_str().to_owned()));
        let phone =
            self.phone.required(&mut faults, "/phone", |v| Phone::parse(v).map(|v| v.as_str().to_owned()));
        let nib = self.nib.optional(&mut faults, "/nib", |v| Nib::parse(v).map(|v| v.as_str().to_owned()));
        let story = self.story.required(&mut faults, "/story", |v| Story::parse(v).map(|v| text(&v)));
        let declared = match &self.scale {
            Patch::Set(scale) => Some(scale.as_str()),
            Patch::Keep | Patch::Clear => None,
        };
        let scale = parse_scale(&mut faults, declared, self.yearly_sales.as_ref(), self.capital.as_ref());
        let (
            Some(name),
            Some(legal_name),
            Some(region_code),
            Some(phone),
            Some(nib),
            Some(story),
            Some(scale),
        ) = (name, legal_name, region_code, phone, nib, story, scale)
        else {
            return Err(faults);
        };
        let scale = match scale {
            Some(claim) => Some(Some(claim)),
            None if self.scale == Patch::Clear => Some(None),
            None => None,
        };
        Ok(MerchantChanges {
            name,
            legal_name,
            region_code,
            scale: scale.map(|claim| claim.map(|c| c.scale.as_str().to_owned())),
            scale_basis: scale.map(|claim| claim.map(|c| c.basis.to_owned())),
            nib,
            phone,
            story,
        })
    }
}

/// A regency, a city or a district: what a merchant can be in.
fn merchant_region(text: &str) -> Result<RegionCode, Code> {
    let code = RegionCode::parse(text)?;
    match code.level() {
        RegionLevel::Regency | RegionLevel::District => Ok(code),
        RegionLevel::Province | RegionLevel::Village => Err(Code::InvalidRegion),
    }
}

/// The class by sales, else by capital, else as declared; a declaration that the figures contradict is a fault.
fn parse_scale(
    faults: &mut Faults,
    declared: Option<&str>,
    sales: Option<&MoneyView>,
    capital: Option<&MoneyView>,
) -> Option<Option<ScaleClaim>> {
    let declared = faults.take_optional("/scale", declared.map(Scale::parse))?;
    let by_figures = match (sales, capital) {
        (Some(sales), _) => {
            let rupiah = faults.take("/yearly_sales", rupiah(sales))?;
            Some((faults.take("/yearly_sales", Scale::by_sales(rupiah).ok_or(Code::OutOfRange))?, "sales"))
        }
        (None, Some(capital)) => {
            let rupiah = faults.take("/capital", rupiah(capital))?;
            Some((faults.take("/capital", Scale::by_capital(rupiah).ok_or(Code::OutOfRange))?, "capital"))
        }
        (None, None) => None,
    };
    match (declared, by_figures) {
        (Some(declared), Some((scale, _))) if declared != scale => {
            faults.add_detail(
                "/scale",
                Code::InvalidChoice,
                format!("By PP 7/2021 these figures make it {scale}."),
            );
            None
        }
        (_, Some((scale, basis))) => Some(Some(ScaleClaim { scale, basis })),
        (Some(scale), None) => Some(Some(ScaleClaim { scale, basis: "declared" })),
        (None, None) => Some(None),
    }
}

fn rupiah(money: &MoneyView) -> Result<i64, Code> {
    let money = Money::parse(&money.amount, Currency::parse(&money.currency)?)?;
    if money.currency() == Currency::IDR { Ok(money.minor() / 100) } else { Err(Code::InvalidCurrency) }
}

/// Which merchants.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MerchantQuery {
    /// Any of these states, separated by commas.
    #[param(example = "active,suspended", max_length = 100)]
    status: Option<String>,
    /// In this region or below it, at any level.
    #[param(example = "53", max_length = 13)]
    region: Option<String>,
    /// Words of the name.
    #[param(example = "tenun", max_length = 100)]
    q: Option<String>,
    /// With this NIB.
    #[param(example = "1234567890123", max_length = 40)]
    nib: Option<String>,
}

impl MerchantQuery {
    pub(super) fn parse(&self) -> Result<MerchantFilter, Problem> {
        let bad = |name: &str| Problem::because(Code::InvalidParameter, format!("{name} is not known."));
        let statuses = self.status.iter().flat_map(|s| s.split(',')).map(MerchantStatus::parse);
        Ok(MerchantFilter {
            statuses: statuses.collect::<Result<_, _>>().map_err(|_| bad("status"))?,
            region: self.region.as_deref().map(RegionCode::parse).transpose().map_err(|_| bad("region"))?,
            text: self.q.clone(),
            nib: self.nib.as_deref().map(Nib::parse).transpose().map_err(|_| bad("nib"))?,
        })
    }
}
