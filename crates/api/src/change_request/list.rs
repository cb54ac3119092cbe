//! `/v1/aggregators/{aggregator}/change-requests`: what waits for a reviewer, as pages and as a file.

use actix_web::{HttpRequest, get};
use chrono::{DateTime, Utc};
use kapal_domain::change_request::{ChangeRequestSort, ChangeRequestStatus};
use kapal_domain::permission::ProductsRead;
use kapal_domain::region::RegionCode;
use kapal_persistence::{ChangeRequestFilter, ListedChangeRequest, Page};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::answer::Answered;
use crate::csv::{Record, csv, time_cell, wants_csv};
use crate::path::parse_id;
use crate::query::{List, PageOf, Paging, one, several};
use crate::{Problem, Staff};

/// A change request in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListedChangeRequest)]
pub struct ListedChangeRequestView {
    /// Id.
    id: Uuid,
    /// The product.
    product_id: Uuid,
    /// Part of its public addresses.
    #[schema(example = "kopi-arabika-toraja", max_length = 80)]
    product_slug: String,
    /// Its name now.
    #[schema(example = "Kopi Arabika Toraja", max_length = 150)]
    product_name: String,
    /// Whose it is.
    merchant_id: Uuid,
    /// The merchant's shop name.
    #[schema(example = "Tenun Mama Ina", max_length = 120)]
    merchant_name: String,
    /// `open`, `needs_changes`, `accepted`, `rejected` or `withdrawn`.
    #[schema(example = "open", max_length = 20)]
    status: String,
    /// JSON pointers of the fields that were edited.
    #[schema(example = json!(["/translations/id/name"]), max_items = 100)]
    fields: Vec<String>,
    /// The product's version that the last edit was made from.
    #[schema(example = 3, minimum = 1)]
    base_version: i32,
    /// The product's version now.
    #[schema(example = 4, minimum = 1)]
    product_version: i32,
    /// Who made the first edit; null: not by a person.
    created_by: Option<Uuid>,
    /// Grows with each step.
    #[schema(example = 1, minimum = 1)]
    version: i32,
    /// When it was opened.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl ListedChangeRequestView {
    fn new(listed: ListedChangeRequest) -> Result<Self, Problem> {
        let row = listed.row;
        Ok(Self {
            fields: row.fields()?,
            id: row.id,
            product_id: row.product_id,
            product_slug: listed.product_slug,
            product_name: listed.product_name,
            merchant_id: listed.merchant_id,
            merchant_name: listed.merchant_name,
            status: row.status,
            base_version: row.base_version,
            product_version: listed.product_version,
            created_by: row.created_by,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }

    fn page(page: Page<ListedChangeRequest>) -> Result<Page<Self>, Problem> {
        let items = page.items.into_iter().map(Self::new).collect::<Result<_, _>>()?;
        Ok(Page { items, next: page.next })
    }
}

impl Record for ListedChangeRequestView {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "product_id",
        "product",
        "merchant_id",
        "merchant",
        "status",
        "fields",
        "base_version",
        "product_version",
        "version",
        "created_at",
        "updated_at",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.product_id.to_string(),
            self.product_name.clone(),
            self.merchant_id.to_string(),
            self.merchant_name.clone(),
            self.status.clone(),
            self.fields.join(" "),
            self.base_version.to_string(),
            self.product_version.to_string(),
            self.version.to_string(),
            time_cell(self.created_at),
            time_cell(self.updated_at),
        ]
    }
}

/// Which change requests.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ChangeRequestQuery {
    /// Any of these states, separated by commas.
    #[param(example = "open,needs_changes", max_length = 100)]
    status: Option<String>,
    /// Of the product with this id.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    product: Option<String>,
    /// Of the merchant with this id.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    merchant: Option<String>,
    /// Of merchants in this region or below it, at any level.
    #[param(example = "53", max_length = 13)]
    region: Option<String>,
    /// Of merchants mentored by the hero with this user id.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    hero: Option<String>,
    /// Beginnings of words of the product's names, in any language.
    #[param(example = "kopi tor", max_length = 100)]
    q: Option<String>,
    /// The order: `-created_at` (the default), `created_at`, `-updated_at` or `updated_at`.
    #[param(example = "created_at", max_length = 20)]
    sort: Option<String>,
}

impl ChangeRequestQuery {
    fn parse(&self) -> Result<ChangeRequestFilter, Problem> {
        Ok(ChangeRequestFilter {
            statuses: several("status", self.status.as_ref(), ChangeRequestStatus::parse)?,
            product: one("product", self.product.as_ref(), parse_id)?,
            merchant: one("merchant", self.merchant.as_ref(), parse_id)?,
            region: one("region", self.region.as_ref(), RegionCode::parse)?,
            hero: one("hero", self.hero.as_ref(), parse_id)?,
            text: self.q.clone(),
            sort: one("sort", self.sort.as_ref(), ChangeRequestSort::parse)?.unwrap_or_default(),
        })
    }
}

/// List change requests
///
/// Edits of published products that wait for a reviewer, and what became of others. Heroes see those of the merchants
/// assigned to them, merchants their own. With `Accept: text/csv` the whole list comes as a file.
#[utoipa::path(tag = "products", params(ChangeRequestQuery, Paging), responses((status = 200, description = "A page of change requests, or all of them as a file.", content((PageOf<ListedChangeRequestView> = "application/json"), (String = "text/csv")))), security(("bearer" = ["products:read"])))]
#[get("/v1/aggregators/{aggregator}/change-requests")]
pub async fn list_change_requests(
    staff: Staff<ProductsRead>,
    request: HttpRequest,
    list: List<ChangeRequestQuery>,
) -> Answered {
    let filter = list.filter.parse()?;
    if wants_csv(&request) {
        return csv(staff, "change-requests", async move |tx, after, limit| {
            ListedChangeRequestView::page(tx.change_requests(&filter, after, limit).await?)
        })
        .await;
    }
    staff
        .run(async |tx| {
            let page = tx.change_requests(&filter, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(ListedChangeRequestView::page(page)?))
        })
        .await
}
