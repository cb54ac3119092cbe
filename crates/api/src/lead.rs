//! `/v1/aggregators/{aggregator}/leads`: what became of buyers' contacts.

use actix_web::{get, patch};
use chrono::{DateTime, Utc};
use kapal_domain::ids::LeadId;
use kapal_domain::lead::{LeadKind, LeadNote, LeadOutcome, LeadSort, LeadSource, LeadStatus};
use kapal_domain::money::{Currency, Money};
use kapal_domain::permission::{Demand, LeadsRead, LeadsWrite, Permission};
use kapal_domain::slot::parse_moment;
use kapal_domain::{Code, Faults};
use kapal_persistence::{Lead, LeadChanges, LeadFilter, Page};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answered, Found};
use crate::csv::{Record, csv, time_cell, wants_csv};
use crate::json::{Json, Patch};
use crate::path::{At, IfMatch, parse_id};
use crate::query::{List, PageOf, Paging, one, several};
use crate::storefront::UtmView;
use crate::views::MoneyView;
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
    /// What he did: `contact`, asked through an app, or `click`, pressed a link that opens WhatsApp.
    #[schema(example = "contact", max_length = 20)]
    kind: String,
    /// Where the link stood that he followed.
    #[schema(example = "bazar-makassar", max_length = 60)]
    channel: Option<String>,
    /// What the campaign's link said of itself.
    utm: UtmView,
    /// The collection that the product was shown in.
    collection_id: Option<Uuid>,
    /// The featured slot that it was shown in.
    slot_id: Option<Uuid>,
    /// When it first moved on from `new`; null while nobody has answered, and for those answered before this was noted.
    answered_at: Option<DateTime<Utc>>,
    /// Whole minutes until then.
    #[schema(example = 42, minimum = 0)]
    answer_minutes: Option<i64>,
    /// What came of it.
    #[schema(example = "Pesan 20 bungkus untuk bulan depan.", max_length = 500)]
    outcome: String,
    /// What was sold; null unless it was won and the value is known.
    won_value: Option<MoneyView>,
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
    fn new(lead: Lead, shows_personal: bool) -> Result<Self, Problem> {
        let row = lead.row;
        let won_value = row.won_value()?.map(MoneyView::from);
        let (name, phone) = if shows_personal {
            (lead.name, lead.phone)
        } else {
            (lead.name.map(|n| masked_name(&n)), lead.phone.map(|p| masked_phone(&p)))
        };
        Ok(Self {
            id: row.id,
            kind: row.kind,
            channel: row.channel,
            utm: serde_json::from_value(row.utm).unwrap_or_default(),
            collection_id: row.collection_id,
            slot_id: row.slot_id,
            answered_at: row.answered_at,
            answer_minutes: row.answered_at.map(|at| (at - row.created_at).num_minutes()),
            outcome: row.outcome,
            won_value,
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
        })
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
        "kind",
        "channel",
        "answered_at",
        "won_amount",
        "won_currency",
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
            self.kind.clone(),
            optional(&self.channel),
            self.answered_at.map(time_cell).unwrap_or_default(),
            self.won_value.as_ref().map(|money| money.amount.clone()).unwrap_or_default(),
            self.won_value.as_ref().map(|money| money.currency.clone()).unwrap_or_default(),
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
    /// What came of it; null clears.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Pesan 20 bungkus untuk bulan depan.", max_length = 500)]
    outcome: Patch<String>,
    /// What was sold, in whole rupiah; only of a lead that is or becomes `won`. Null clears.
    #[serde(default)]
    #[schema(value_type = Option<MoneyView>)]
    won_value: Patch<MoneyView>,
}

impl LeadPatch {
    fn parse(&self) -> Result<LeadChanges, Faults> {
        let mut faults = Faults::default();
        let status = self.status.required(&mut faults, "/status", |s| LeadStatus::parse(s));
        let note = self.note.optional(&mut faults, "/note", |n| LeadNote::parse(n));
        let outcome = self.outcome.optional(&mut faults, "/outcome", |o| LeadOutcome::parse(o));
        let mut inner = Faults::default();
        let won_value = match &self.won_value {
            Patch::Keep => None,
            Patch::Clear => Some(None),
            Patch::Set(money) => value(&mut inner, money).map(Some),
        };
        faults.nest("", inner);
        let (Some(status), Some(note), Some(outcome)) = (status, note, outcome) else { return Err(faults) };
        faults.finish()?;
        let note = note.map(|note| note.map_or_else(|| cleared(LeadNote::parse("")), Ok)).transpose()?;
        let outcome =
            outcome.map(|outcome| outcome.map_or_else(|| cleared(LeadOutcome::parse("")), Ok)).transpose()?;
        Ok(LeadChanges { status, note, outcome, won_value })
    }
}

fn cleared<T>(empty: Result<T, Code>) -> Result<T, Faults> {
    empty.map_err(|_| Faults::default())
}

/// What was sold at home, in rupiah.
fn value(faults: &mut Faults, money: &MoneyView) -> Option<Money> {
    let currency = Currency::parse(&money.currency).ok().filter(|currency| *currency == Currency::IDR);
    let currency = faults.take("/won_value/currency", currency.ok_or(Code::InvalidCurrency));
    let amount = Money::parse(&money.amount, Currency::IDR);
    let amount = amount.and_then(|money| if money.minor() > 0 { Ok(money) } else { Err(Code::OutOfRange) });
    let amount = faults.take("/won_value/amount", amount);
    currency.and(amount)
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
    /// From any of these sources, separated by commas.
    #[param(example = "qr,instagram", max_length = 100)]
    source: Option<String>,
    /// Of any of these kinds, separated by commas: `contact`, `click`.
    #[param(example = "contact", max_length = 40)]
    kind: Option<String>,
    /// Still `new`, and made at this moment or before.
    #[param(example = "2026-11-23T00:00:00Z", format = "date-time", max_length = 40)]
    unanswered_since: Option<String>,
    /// Made at this moment or later.
    #[serde(rename = "created_at[gte]")]
    #[param(example = "2026-11-01T00:00:00Z", format = "date-time", max_length = 40)]
    created_from: Option<String>,
    /// Made before this moment.
    #[serde(rename = "created_at[lt]")]
    #[param(example = "2026-12-01T00:00:00Z", format = "date-time", max_length = 40)]
    created_to: Option<String>,
    /// The order: `-created_at` (the default), `created_at`, `-updated_at` or `updated_at`.
    #[param(example = "created_at", max_length = 20)]
    sort: Option<String>,
}

impl LeadQuery {
    fn parse(&self) -> Result<LeadFilter, Problem> {
        Ok(LeadFilter {
            statuses: several("status", self.status.as_ref(), LeadStatus::parse)?,
            merchant: one("merchant", self.merchant.as_ref(), parse_id)?,
            product: one("product", self.product.as_ref(), parse_id)?,
            sources: several("source", self.source.as_ref(), LeadSource::parse)?,
            kinds: several("kind", self.kind.as_ref(), LeadKind::parse)?,
            unanswered_since: one("unanswered_since", self.unanswered_since.as_ref(), parse_moment)?,
            from: one("created_at[gte]", self.created_from.as_ref(), parse_moment)?,
            to: one("created_at[lt]", self.created_to.as_ref(), parse_moment)?,
            sort: one("sort", self.sort.as_ref(), LeadSort::parse)?.unwrap_or_default(),
        })
    }
}

/// List leads
///
/// Buyers' contacts that fit every filter. Heroes see those of merchants assigned to them, merchants their own. With
/// `Accept: text/csv` all of them come as a file, names and numbers masked.
#[utoipa::path(tag = "leads", params(LeadQuery, Paging), responses((status = 200, description = "A page of leads, or all of them as a file.", content((PageOf<LeadView> = "application/json"), (String = "text/csv")))), security(("bearer" = ["leads:read"])))]
#[get("/v1/aggregators/{aggregator}/leads")]
pub async fn list_leads(staff: Staff<LeadsRead>, list: List<LeadQuery>) -> Answered {
    let filter = list.filter.parse()?;
    if wants_csv(staff.request()) {
        return csv(staff, "leads", async move |tx, after, limit| {
            let page = tx.leads(&filter, after, limit).await?;
            views(page, |lead| LeadView::new(lead, false))
        })
        .await;
    }
    staff
        .run(async |tx| {
            let page = tx.leads(&filter, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(views(page, |lead| view(&staff, lead))?))
        })
        .await
}

/// Read a lead
///
/// One contact of a buyer.
#[utoipa::path(tag = "leads", responses((status = 200, description = "The lead.", body = LeadView)), security(("bearer" = ["leads:read"])))]
#[get("/v1/aggregators/{aggregator}/leads/{lead_id}")]
pub async fn get_lead(staff: Staff<LeadsRead>, At(id): At<LeadId>) -> Answered {
    staff.run(async |tx| found(&staff, tx.lead(id).await?)).await
}

/// Work on a lead
///
/// A merge patch (RFC 7396): moves it on, notes something about it, says what came of it and what was sold. What is
/// moved on from `new` counts as answered from then on.
#[utoipa::path(tag = "leads", request_body = LeadPatch, responses((status = 200, description = "The lead as it is now.", body = LeadView)), security(("bearer" = ["leads:write"])))]
#[patch("/v1/aggregators/{aggregator}/leads/{lead_id}")]
pub async fn update_lead(
    staff: Staff<LeadsWrite>,
    At(id): At<LeadId>,
    IfMatch(version): IfMatch,
    body: Json<LeadPatch>,
) -> Answered {
    let changes = body.0.parse()?;
    staff.run(async |tx| found(&staff, tx.update_lead(id, version, &changes).await?)).await
}

fn found<P: Demand>(staff: &Staff<P>, lead: Lead) -> Result<Found<LeadView>, Problem> {
    Ok(Found(Some(lead.row.version), view(staff, lead)?))
}

fn view<P: Demand>(staff: &Staff<P>, lead: Lead) -> Result<LeadView, Problem> {
    LeadView::new(lead, staff.may(Permission::PiiRead))
}

fn views(
    page: Page<Lead>,
    view: impl Fn(Lead) -> Result<LeadView, Problem>,
) -> Result<Page<LeadView>, Problem> {
    let items = page.items.into_iter().map(view).collect::<Result<_, _>>()?;
    Ok(Page { items, next: page.next })
}
