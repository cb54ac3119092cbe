//! `/v1/aggregators/{aggregator}/leads`: what became of buyers' contacts.

use actix_web::{get, patch};
use chrono::{DateTime, Utc};
use kapal_domain::Faults;
use kapal_domain::ids::LeadId;
use kapal_domain::lead::{LeadNote, LeadStatus};
use kapal_domain::permission::{Demand, LeadsRead, LeadsWrite, Permission};
use kapal_persistence::{Lead, LeadChanges, LeadFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answered, Found};
use crate::csv::{Record, csv, time_cell, wants_csv};
use crate::json::{Json, Patch};
use crate::path::{At, IfMatch, parse_id};
use crate::query::{List, PageOf, Paging, one, several};
use crate::{Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(list_leads).service(get_lead).service(update_lead);
}

/// A buyer's contact.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Lead)]
pub struct LeadView {
    /// Id.
    id: Uuid,
    /// What the buyer's text names it by.
    #[schema(example = "7K3MZQ9A", max_length = 8)]
    code: String,
    /// `new`, `contacted`, `won`, `lost` or `spam`.
    #[schema(example = "new", max_length = 20)]
    status: String,
    /// Where the buyer came from.
    #[schema(example = "web", max_length = 20)]
    source: String,
    /// The language that he reads.
    #[schema(example = "id", max_length = 2)]
    locale: String,
    /// Whom he asked.
    merchant: LeadMerchantView,
    /// What he asked for.
    product: LeadProductView,
    /// What he calls himself; null unless he gave it and agreed. Shortened without the permission `pii:read`.
    #[schema(example = "Rina", max_length = 120)]
    name: Option<String>,
    /// His number; null unless he gave it and agreed. Masked without the permission `pii:read`.
    #[schema(example = "+6281234567890", max_length = 16)]
    phone: Option<String>,
    /// When he agreed to his name and number being kept.
    consent_at: Option<DateTime<Utc>>,
    /// What staff wrote about it.
    #[schema(example = "Minta kiriman ke Makassar.", max_length = 2000)]
    note: String,
    /// Grows with each change: the `ETag`.
    #[schema(example = 1, minimum = 1)]
    version: i32,
    /// When he made contact.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

/// The merchant of a lead.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeadMerchant)]
pub struct LeadMerchantView {
    /// Id.
    id: Uuid,
    /// Shop name.
    #[schema(example = "Tenun Mama Ina", max_length = 120)]
    name: String,
}

/// The product of a lead.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeadProduct)]
pub struct LeadProductView {
    /// Id.
    id: Uuid,
    /// Part of public addresses.
    #[schema(example = "kopi-arabika-toraja", max_length = 80)]
    slug: String,
    /// Name.
    #[schema(example = "Kopi Arabika Toraja", max_length = 150)]
    name: String,
}

impl LeadView {
    fn new(lead: Lead, shows_personal: bool) -> Self {
        let row = lead.row;
        let (name, phone) = if shows_personal {
            (lead.name, lead.phone)
        } else {
            (lead.name.map(|n| masked_name(&n)), lead.phone.map(|p| masked_phone(&p)))
        };
        Self {
            id: row.id,
            code: row.code,
            status: row.status,
            source: row.source,
            locale: row.locale,
            merchant: LeadMerchantView { id: row.merchant_id, name: row.merchant_name },
            product: LeadProductView { id: row.product_id, slug: row.product_slug, name: row.product_name },
            name,
            phone,
            consent_at: row.consent_at,
            note: row.note,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl Record for LeadView {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "code",
        "status",
        "source",
        "locale",
        "merchant_id",
        "merchant",
        "product_id",
        "product",
        "name",
        "phone",
        "created_at",
        "updated_at",
    ];

    fn cells(&self) -> Vec<String> {
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![
            self.id.to_string(),
            self.code.clone(),
            self.status.clone(),
            self.source.clone(),
            self.locale.clone(),
            self.merchant.id.to_string(),
            self.merchant.name.clone(),
            self.product.id.to_string(),
            self.product.name.clone(),
            optional(&self.name),
            optional(&self.phone),
            time_cell(self.created_at),
            time_cell(self.updated_at),
        ]
    }
}

/// The first letter.
pub(crate) fn masked_name(name: &str) -> String {
    name.chars().next().map(|first| format!("{first}***")).unwrap_or_default()
}

/// The country and the last three digits.
pub(crate) fn masked_phone(phone: &str) -> String {
    let digits: Vec<char> = phone.chars().collect();
    let shown = |at: usize| at < 3 || at + 3 >= digits.len();
    digits.iter().enumerate().map(|(at, digit)| if shown(at) { *digit } else { '*' }).collect()
}

/// What to change of a lead (RFC 7396): absent keeps.
#[derive(Debug, Deserialize, ToSchema)]
pub struct LeadPatch {
    /// The next status: new, contacted, then won or lost; spam from any.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "contacted", max_length = 20)]
    status: Patch<String>,
    /// What staff write about it; null clears.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Minta kiriman ke Makassar.", max_length = 2000)]
    note: Patch<String>,
}

impl LeadPatch {
    fn parse(&self) -> Result<LeadChanges, Faults> {
        let mut faults = Faults::default();
        let status = self.status.required(&mut faults, "/status", |s| LeadStatus::parse(s));
        let note = self.note.optional(&mut faults, "/note", |n| LeadNote::parse(n));
        let (Some(status), Some(note)) = (status, note) else { return Err(faults) };
        let cleared = || LeadNote::parse("").map_err(|_| Faults::default());
        let note = note.map(|note| note.map_or_else(cleared, Ok)).transpose()?;
        Ok(LeadChanges { status, note })
    }
}

/// Which leads.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LeadQuery {
    /// Any of these statuses, separated by commas.
    #[param(example = "new,contacted", max_length = 100)]
    status: Option<String>,
    /// Id of a merchant.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    merchant: Option<String>,
    /// Id of a product.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    product: Option<String>,
}

impl LeadQuery {
    fn parse(&self) -> Result<LeadFilter, Problem> {
        Ok(LeadFilter {
            statuses: several("status", self.status.as_ref(), LeadStatus::parse)?,
            merchant: one("merchant", self.merchant.as_ref(), parse_id)?,
            product: one("product", self.product.as_ref(), parse_id)?,
        })
    }
}

/// List leads
///
/// Buyers' contacts, the newest first. Heroes see those of merchants assigned to them, merchants their own. With
/// `Accept: text/csv` all of them come as a file, names and numbers masked.
#[utoipa::path(tag = "leads", params(LeadQuery, Paging), responses((status = 200, description = "A page of leads, or all of them as a file.", content((PageOf<LeadView> = "application/json"), (String = "text/csv")))), security(("bearer" = ["leads:read"])))]
#[get("/v1/aggregators/{aggregator}/leads")]
pub async fn list_leads(staff: Staff<LeadsRead>, list: List<LeadQuery>) -> Answered {
    let filter = list.filter.parse()?;
    if wants_csv(staff.request()) {
        return csv(staff, "leads", async move |tx, after, limit| {
            Ok(tx.leads(&filter, after, limit).await?.map(|lead| LeadView::new(lead, false)))
        })
        .await;
    }
    staff
        .run(async |tx| {
            let page = tx.leads(&filter, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(|lead| view(&staff, lead))))
        })
        .await
}

/// Read a lead
///
/// One contact of a buyer.
#[utoipa::path(tag = "leads", responses((status = 200, description = "The lead.", body = LeadView)), security(("bearer" = ["leads:read"])))]
#[get("/v1/aggregators/{aggregator}/leads/{lead_id}")]
pub async fn get_lead(staff: Staff<LeadsRead>, At(id): At<LeadId>) -> Answered {
    staff.run(async |tx| Ok(found(&staff, tx.lead(id).await?))).await
}

/// Work on a lead
///
/// A merge patch (RFC 7396): moves it on, or notes something about it.
#[utoipa::path(tag = "leads", request_body = LeadPatch, responses((status = 200, description = "The lead as it is now.", body = LeadView)), security(("bearer" = ["leads:write"])))]
#[patch("/v1/aggregators/{aggregator}/leads/{lead_id}")]
pub async fn update_lead(
    staff: Staff<LeadsWrite>,
    At(id): At<LeadId>,
    IfMatch(version): IfMatch,
    body: Json<LeadPatch>,
) -> Answered {
    let changes = body.0.parse()?;
    staff.run(async |tx| Ok(found(&staff, tx.update_lead(id, version, &changes).await?))).await
}

fn found<P: Demand>(staff: &Staff<P>, lead: Lead) -> Found<LeadView> {
    Found(Some(lead.row.version), view(staff, lead))
}

fn view<P: Demand>(staff: &Staff<P>, lead: Lead) -> LeadView {
    LeadView::new(lead, staff.may(Permission::PiiRead))
}
