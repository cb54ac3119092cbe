//! `/v1/aggregators/{aggregator}/documents`: the legal documents of all merchants, as pages and as a file.

use actix_web::{HttpRequest, get};
use kapal_domain::legality::{DocumentKind, DocumentSort, DocumentStatus};
use kapal_domain::locale::Locale;
use kapal_domain::permission::MerchantsRead;
use kapal_domain::region::RegionCode;
use kapal_persistence::{DocumentFilter, ListedDocument};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::DocumentView;
use crate::answer::{Answered, InLanguage};
use crate::csv::{Record, csv, optional_cell, time_cell, wants_csv};
use crate::envelope::locale;
use crate::path::parse_id;
use crate::query::{List, PageOf, Paging, days, one, several};
use crate::{Problem, Staff};

/// A legal document in a list over all merchants.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListedLegalDocument)]
pub struct ListedDocumentView {
    #[serde(flatten)]
    document: DocumentView,
    /// The shop name of whose it is.
    #[schema(example = "Tenun Mama Ina", max_length = 120)]
    merchant_name: String,
}

impl ListedDocumentView {
    fn new(listed: ListedDocument, locale: Locale) -> Self {
        let document = DocumentView::new(listed.document, locale);
        Self { document, merchant_name: listed.merchant_name }
    }
}

impl Record for ListedDocumentView {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "merchant_id",
        "merchant",
        "kind",
        "number",
        "format_ok",
        "warnings",
        "issuer",
        "issued_on",
        "expires_on",
        "status",
        "verified_at",
        "created_at",
        "updated_at",
    ];

    fn cells(&self) -> Vec<String> {
        let document = &self.document;
        let warnings: Vec<_> = document.warnings.iter().map(|warning| warning.code).collect();
        vec![
            document.id.to_string(),
            document.merchant_id.to_string(),
            self.merchant_name.clone(),
            document.kind.clone(),
            optional_cell(document.number.as_ref()),
            document.format_ok.to_string(),
            warnings.join(" "),
            optional_cell(document.issuer.as_ref()),
            optional_cell(document.issued_on.as_ref()),
            optional_cell(document.expires_on.as_ref()),
            document.status.clone(),
            document.verified_at.map(time_cell).unwrap_or_default(),
            time_cell(document.created_at),
            time_cell(document.updated_at),
        ]
    }
}

/// Which documents.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DocumentQuery {
    /// Any of these states, separated by commas.
    #[param(example = "submitted", max_length = 100)]
    status: Option<String>,
    /// Any of these kinds, separated by commas.
    #[param(example = "halal,pirt", max_length = 100)]
    kind: Option<String>,
    /// Of the merchant with this id.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    merchant: Option<String>,
    /// Of merchants mentored by the hero with this user id.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    hero: Option<String>,
    /// Of merchants whose shop or legal name has words that begin so: all of them.
    #[param(example = "tenun", max_length = 100)]
    q: Option<String>,
    /// Of merchants in this region or below it, at any level.
    #[param(example = "53", max_length = 13)]
    region: Option<String>,
    /// Verified, with one of the next so many days as its last, 0 to 365.
    #[param(example = 30, minimum = 0, maximum = 365)]
    expiring: Option<u32>,
    /// Whether its last day is over.
    #[param(example = false)]
    expired: Option<bool>,
    /// The order: `-created_at` (the default), `created_at`, `expires_on` or `-expires_on`.
    #[param(example = "expires_on", max_length = 20)]
    sort: Option<String>,
}

impl DocumentQuery {
    fn parse(&self) -> Result<DocumentFilter, Problem> {
        Ok(DocumentFilter {
            statuses: several("status", self.status.as_ref(), DocumentStatus::parse)?,
            kinds: several("kind", self.kind.as_ref(), DocumentKind::parse)?,
            merchant: one("merchant", self.merchant.as_ref(), parse_id)?,
            hero: one("hero", self.hero.as_ref(), parse_id)?,
            text: self.q.clone(),
            region: one("region", self.region.as_ref(), RegionCode::parse)?,
            expiring_days: days("expiring", self.expiring)?,
            expired: self.expired,
            sort: one("sort", self.sort.as_ref(), DocumentSort::parse)?.unwrap_or_default(),
        })
    }
}

/// List documents of all merchants
///
/// What is to be verified, what ends soon, what has ended. Heroes see those of the merchants assigned to them, merchants
/// their own; a NIK and an NPWP are masked. With `Accept: text/csv` the whole list comes as a file.
#[utoipa::path(tag = "legality", params(DocumentQuery, Paging), responses((status = 200, description = "A page of documents, or all of them as a file.", content((PageOf<ListedDocumentView> = "application/json"), (String = "text/csv")))), security(("bearer" = ["merchants:read"])))]
#[get("/v1/aggregators/{aggregator}/documents")]
pub async fn list_all_documents(
    staff: Staff<MerchantsRead>,
    request: HttpRequest,
    list: List<DocumentQuery>,
) -> Answered {
    let (filter, locale) = (list.filter.parse()?, locale(&request));
    if wants_csv(&request) {
        return csv(staff, "documents", async move |tx, after, limit| {
            let page = tx.all_documents(&filter, after, limit).await?;
            Ok(page.map(|listed| ListedDocumentView::new(listed, locale)))
        })
        .await;
    }
    staff
        .run(async |tx| {
            let page = tx.all_documents(&filter, list.after.as_ref(), list.limit).await?;
            Ok(InLanguage(locale, list.reply(page.map(|listed| ListedDocumentView::new(listed, locale)))))
        })
        .await
}
