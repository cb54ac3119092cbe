//! `/v1/aggregators/{aggregator}/merchants`: onboarding, edits, and the steps of a merchant's life.

use actix_web::{delete, get, patch, post};
use chrono::{DateTime, Utc};
use kapal_domain::ids::MerchantId;
use kapal_domain::merchant::{LegalName, MerchantAction, MerchantName, MerchantStatus, Nib, Scale, Story};
use kapal_domain::money::{Currency, Money};
use kapal_domain::permission::{Demand, MerchantsRead, MerchantsVerify, MerchantsWrite};
use kapal_domain::phone::Phone;
use kapal_domain::region::{RegionCode, RegionLevel};
use kapal_domain::text::Prose;
use kapal_domain::{Code, Faults};
use kapal_persistence::{Merchant, MerchantChanges, MerchantFilter, NewMerchant, ScaleClaim};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answered, Created, Done, Found};
use crate::json::{Json, OptionalJson, Patch};
use crate::path::{At, IfMatch};
use crate::query::{List, PageOf, Paging};
use crate::views::{MoneyView, RegionRef};
use crate::{Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(create_merchant)
        .service(list_merchants)
        .service(get_merchant)
        .service(update_merchant)
        .service(delete_merchant)
        .service(submit_merchant)
        .service(request_merchant_changes)
        .service(verify_merchant)
        .service(suspend_merchant)
        .service(reinstate_merchant)
        .service(archive_merchant);
}

/// A merchant, as staff see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Merchant)]
pub struct MerchantView {
    /// Id.
    id: Uuid,
    /// Part of public addresses.
    #[schema(example = "tenun-mama-ina", max_length = 80)]
    slug: String,
    /// Shop name.
    #[schema(example = "Tenun Mama Ina", max_length = 120)]
    name: String,
    /// Name in the papers.
    #[schema(example = "CV Tenun Ina", max_length = 200)]
    legal_name: Option<String>,
    /// `draft`, `submitted`, `needs_changes`, `active`, `suspended` or `archived`.
    #[schema(example = "active", max_length = 20)]
    status: String,
    /// What the reviewer asked for, or why the merchant is suspended.
    #[schema(example = "Foto NIB belum terbaca.", max_length = 2000)]
    status_reason: Option<String>,
    /// Where it is.
    region: RegionRef,
    /// UMKM class (PP 7/2021, article 35): `micro`, `small` or `medium`.
    #[schema(example = "micro", max_length = 10)]
    scale: Option<String>,
    /// What the class comes from: `declared`, `capital` or `sales`.
    #[schema(example = "sales", max_length = 10)]
    scale_basis: Option<String>,
    /// Business identity number.
    #[schema(example = "1234567890123", max_length = 13)]
    nib: Option<String>,
    /// Business phone, E.164.
    #[schema(example = "+6281234567890", max_length = 16)]
    phone: String,
    /// The maker's story.
    #[schema(example = "Mama Ina menenun sejak usia sembilan tahun.", max_length = 5000)]
    story: String,
    /// Grows with each change: the `ETag`.
    #[schema(example = 1, minimum = 1)]
    version: i32,
    /// When it was onboarded.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl From<Merchant> for MerchantView {
    fn from(merchant: Merchant) -> Self {
        let row = merchant.row;
        Self {
            id: row.id,
            slug: row.slug,
            name: row.name,
            legal_name: row.legal_name,
            status: row.status,
            status_reason: row.status_reason,
            region: merchant.place.into(),
            scale: row.scale,
            scale_basis: row.scale_basis,
            nib: row.nib,
            phone: row.phone,
            story: row.story,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

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
    fn parse(&self) -> Result<NewMerchant, Faults> {
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
    fn parse(&self) -> Result<MerchantChanges, Faults> {
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
    fn parse(&self) -> Result<MerchantFilter, Problem> {
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

/// Onboard a merchant
///
/// Makes a merchant as a draft. A local hero's new merchant is assigned to that hero. A NIB may be entered later, but
/// no product is published without one (Permendag 31/2023, article 33).
#[utoipa::path(tag = "merchants", request_body = MerchantCreate, responses((status = 201, description = "The merchant.", body = MerchantView)), security(("bearer" = ["merchants:write"])))]
#[post("/v1/aggregators/{aggregator}/merchants")]
pub async fn create_merchant(staff: Staff<MerchantsWrite>, body: Json<MerchantCreate>) -> Answered {
    if staff.membership.role == kapal_domain::permission::Role::Merchant {
        return Err(Problem::because(Code::Forbidden, "A merchant's own account can't make merchants."));
    }
    let new = body.0.parse()?;
    staff
        .run(async |tx| {
            let merchant = MerchantView::from(tx.insert_merchant(&new).await?);
            let location = staff.path(format_args!("merchants/{}", merchant.id));
            Ok(Created { location, version: Some(merchant.version), thing: merchant })
        })
        .await
}

/// List merchants
///
/// The aggregator's merchants, the newest first. Heroes see the merchants assigned to them, merchants their own.
#[utoipa::path(tag = "merchants", params(MerchantQuery, Paging), responses((status = 200, description = "A page of merchants.", body = PageOf<MerchantView>)), security(("bearer" = ["merchants:read"])))]
#[get("/v1/aggregators/{aggregator}/merchants")]
pub async fn list_merchants(staff: Staff<MerchantsRead>, list: List<MerchantQuery>) -> Answered {
    let filter = list.filter.parse()?;
    staff
        .run(async |tx| {
            let page = tx.merchants(&filter, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(MerchantView::from)))
        })
        .await
}

/// Read a merchant
///
/// One merchant with its state and region.
#[utoipa::path(tag = "merchants", responses((status = 200, description = "The merchant.", body = MerchantView)), security(("bearer" = ["merchants:read"])))]
#[get("/v1/aggregators/{aggregator}/merchants/{merchant_id}")]
pub async fn get_merchant(staff: Staff<MerchantsRead>, At(id): At<MerchantId>) -> Answered {
    staff.run(async |tx| Ok(found(tx.merchant(id).await?))).await
}

/// Edit a merchant
///
/// A merge patch (RFC 7396). What a storefront shows of the merchant changes at once.
#[utoipa::path(tag = "merchants", request_body = MerchantPatch, responses((status = 200, description = "The merchant as it is now.", body = MerchantView)), security(("bearer" = ["merchants:write"])))]
#[patch("/v1/aggregators/{aggregator}/merchants/{merchant_id}")]
pub async fn update_merchant(
    staff: Staff<MerchantsWrite>,
    At(id): At<MerchantId>,
    IfMatch(version): IfMatch,
    body: Json<MerchantPatch>,
) -> Answered {
    let changes = body.0.parse()?;
    staff.run(async |tx| Ok(found(tx.update_merchant(id, version, &changes).await?))).await
}

/// Delete a draft merchant
///
/// Works only for a draft that nothing refers to; archive any other.
#[utoipa::path(tag = "merchants", responses((status = 204, description = "It is gone.")), security(("bearer" = ["merchants:write"])))]
#[delete("/v1/aggregators/{aggregator}/merchants/{merchant_id}")]
pub async fn delete_merchant(
    staff: Staff<MerchantsWrite>,
    At(id): At<MerchantId>,
    IfMatch(version): IfMatch,
) -> Answered {
    staff
        .run(async |tx| {
            tx.delete_merchant(id, version).await?;
            Ok(Done)
        })
        .await
}

/// Why a step is taken.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ReasonBody {
    /// In words that the merchant can act on.
    #[schema(example = "Foto NIB belum terbaca; mohon unggah ulang.", min_length = 1, max_length = 2000)]
    reason: String,
}

impl ReasonBody {
    /// The reason, checked.
    pub(crate) fn parse(&self) -> Result<Prose<1, 2000>, Faults> {
        let mut faults = Faults::default();
        faults.take("/reason", Prose::parse(&self.reason)).ok_or(faults)
    }
}

/// Submit a merchant
///
/// Asks for verification: from draft or after changes.
#[utoipa::path(tag = "merchants", responses((status = 200, description = "The merchant, submitted.", body = MerchantView)), security(("bearer" = ["merchants:write"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/submit")]
pub async fn submit_merchant(staff: Staff<MerchantsWrite>, At(id): At<MerchantId>) -> Answered {
    step(&staff, id, MerchantAction::Submit, None).await
}

/// Request changes of a merchant
///
/// Sends a submitted merchant back with what is missing.
#[utoipa::path(tag = "merchants", request_body = ReasonBody, responses((status = 200, description = "The merchant, sent back.", body = MerchantView)), security(("bearer" = ["merchants:verify"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/request-changes")]
pub async fn request_merchant_changes(
    staff: Staff<MerchantsVerify>,
    At(id): At<MerchantId>,
    body: Json<ReasonBody>,
) -> Answered {
    step(&staff, id, MerchantAction::RequestChanges, Some(body.0.parse()?.as_str())).await
}

/// Verify a merchant
///
/// Makes a submitted merchant active: its published products show from then on.
#[utoipa::path(tag = "merchants", responses((status = 200, description = "The merchant, active.", body = MerchantView)), security(("bearer" = ["merchants:verify"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/verify")]
pub async fn verify_merchant(staff: Staff<MerchantsVerify>, At(id): At<MerchantId>) -> Answered {
    step(&staff, id, MerchantAction::Verify, None).await
}

/// Suspend a merchant
///
/// Takes the merchant and all its products off every storefront at once.
#[utoipa::path(tag = "merchants", request_body = ReasonBody, responses((status = 200, description = "The merchant, suspended.", body = MerchantView)), security(("bearer" = ["merchants:verify"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/suspend")]
pub async fn suspend_merchant(
    staff: Staff<MerchantsVerify>,
    At(id): At<MerchantId>,
    body: OptionalJson<ReasonBody>,
) -> Answered {
    let reason = body.0.map(|body| body.parse()).transpose()?;
    step(&staff, id, MerchantAction::Suspend, reason.as_ref().map(|r| r.as_str())).await
}

/// Reinstate a merchant
///
/// Brings a suspended merchant back, with the products that were published.
#[utoipa::path(tag = "merchants", responses((status = 200, description = "The merchant, active again.", body = MerchantView)), security(("bearer" = ["merchants:verify"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/reinstate")]
pub async fn reinstate_merchant(staff: Staff<MerchantsVerify>, At(id): At<MerchantId>) -> Answered {
    step(&staff, id, MerchantAction::Reinstate, None).await
}

/// Archive a merchant
///
/// Ends the merchant's life here; its NIB is free again, its history stays.
#[utoipa::path(tag = "merchants", responses((status = 200, description = "The merchant, archived.", body = MerchantView)), security(("bearer" = ["merchants:write"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/archive")]
pub async fn archive_merchant(staff: Staff<MerchantsWrite>, At(id): At<MerchantId>) -> Answered {
    step(&staff, id, MerchantAction::Archive, None).await
}

async fn step<P: Demand>(
    staff: &Staff<P>,
    id: MerchantId,
    action: MerchantAction,
    reason: Option<&str>,
) -> Answered {
    staff.run(async |tx| Ok(found(tx.change_merchant_status(id, action, reason).await?))).await
}

fn found(merchant: Merchant) -> Found<MerchantView> {
    Found(Some(merchant.row.version), merchant.into())
}
