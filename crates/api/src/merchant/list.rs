//! The list of merchants, as pages and as a file.

use actix_web::get;
use kapal_domain::legality::DocumentKind;
use kapal_domain::level::Level;
use kapal_domain::merchant::{MerchantSort, MerchantStatus, Nib, Scale};
use kapal_domain::permission::MerchantsRead;
use kapal_domain::region::RegionCode;
use kapal_persistence::MerchantFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::MerchantView;
use crate::answer::Answered;
use crate::csv::{csv, wants_csv};
use crate::path::parse_id;
use crate::query::{List, PageOf, Paging, days, one, several};
use crate::{Problem, Staff};

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
    /// Any of these classes (PP 7/2021), separated by commas.
    #[param(example = "micro,small", max_length = 40)]
    scale: Option<String>,
    /// Any of these levels (naik kelas), separated by commas.
    #[param(example = "digital,online", max_length = 60)]
    level: Option<String>,
    /// Mentored by the hero with this user id.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    hero: Option<String>,
    /// Without a verified document of this kind.
    #[param(example = "halal", max_length = 20)]
    missing_document: Option<String>,
    /// With a verified document that ends within so many days, 0 to 365.
    #[param(example = 30, minimum = 0, maximum = 365)]
    document_expiring: Option<u32>,
    /// Beginnings of words of the shop name or the legal name: all of them.
    #[param(example = "tenun", max_length = 100)]
    q: Option<String>,
    /// With this NIB.
    #[param(example = "1234567890123", max_length = 40)]
    nib: Option<String>,
    /// The order: `-created_at` (the default), `created_at`, `-updated_at`, `updated_at`, `name` or `-name`.
    #[param(example = "name", max_length = 20)]
    sort: Option<String>,
}

impl MerchantQuery {
    fn parse(&self) -> Result<MerchantFilter, Problem> {
        Ok(MerchantFilter {
            statuses: several("status", self.status.as_ref(), MerchantStatus::parse)?,
            region: one("region", self.region.as_ref(), RegionCode::parse)?,
            scales: several("scale", self.scale.as_ref(), Scale::parse)?,
            levels: several("level", self.level.as_ref(), Level::parse)?,
            hero: one("hero", self.hero.as_ref(), parse_id)?,
            missing: one("missing_document", self.missing_document.as_ref(), DocumentKind::parse)?,
            expiring_days: days("document_expiring", self.document_expiring)?,
            text: self.q.clone(),
            nib: one("nib", self.nib.as_ref(), Nib::parse)?,
            sort: one("sort", self.sort.as_ref(), MerchantSort::parse)?.unwrap_or_default(),
        })
    }
}

/// List merchants
///
/// The aggregator's merchants that fit every filter. Heroes see the merchants assigned to them, merchants their own; one
/// whose processing is restricted is in no list. With `Accept: text/csv` the whole list comes as a file.
#[utoipa::path(tag = "merchants", params(MerchantQuery, Paging), responses((status = 200, description = "A page of merchants, or all of them as a file.", content((PageOf<MerchantView> = "application/json"), (String = "text/csv")))), security(("bearer" = ["merchants:read"])))]
#[get("/v1/aggregators/{aggregator}/merchants")]
pub async fn list_merchants(staff: Staff<MerchantsRead>, list: List<MerchantQuery>) -> Answered {
    let filter = list.filter.parse()?;
    if wants_csv(staff.request()) {
        return csv(staff, "merchants", async move |tx, after, limit| {
            Ok(tx.merchants(&filter, after, limit).await?.map(MerchantView::from))
        })
        .await;
    }
    staff
        .run(async |tx| {
            let page = tx.merchants(&filter, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(MerchantView::from)))
        })
        .await
}
