//! Nominations over all products, as pages and as a file.

use actix_web::get;
use kapal_domain::nomination::{NominationSort, NominationSource, NominationStatus};
use kapal_domain::permission::{CurationNominate, Permission};
use kapal_domain::region::RegionCode;
use kapal_domain::text::Line;
use kapal_persistence::NominationFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::{NominationView, Reader};
use crate::answer::Answered;
use crate::csv::{Record, csv, optional_cell, time_cell, wants_csv};
use crate::path::parse_id;
use crate::query::{List, PageOf, Paging, one, several};
use crate::{Problem, Staff};

impl Record for NominationView {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "product_id",
        "product",
        "merchant_id",
        "merchant",
        "source",
        "status",
        "round",
        "reviews",
        "shut_gates",
        "score",
        "stars",
        "decision_reason",
        "decided_at",
        "valid_until",
        "created_at",
        "updated_at",
    ];

    fn cells(&self) -> Vec<String> {
        let shut: Vec<_> = self.gates.iter().filter(|gate| !gate.passed).map(|gate| gate.gate).collect();
        vec![
            self.id.to_string(),
            self.product_id.to_string(),
            self.product_name.clone(),
            self.merchant_id.to_string(),
            self.merchant_name.clone(),
            self.source.clone(),
            self.status.clone(),
            self.round.to_string(),
            self.reviews.to_string(),
            shut.join(" "),
            optional_cell(self.score.as_ref()),
            optional_cell(self.stars.as_ref()),
            optional_cell(self.decision_reason.as_ref()),
            self.decided_at.map(time_cell).unwrap_or_default(),
            self.valid_until.map(time_cell).unwrap_or_default(),
            time_cell(self.created_at),
            time_cell(self.updated_at),
        ]
    }
}

/// Which nominations.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NominationQuery {
    /// Any of these states, separated by commas.
    #[param(example = "open,in_review", max_length = 100)]
    status: Option<String>,
    /// Proposed by any of these: `staff`, `hero`, `merchant`, `public`.
    #[param(example = "public", max_length = 40)]
    source: Option<String>,
    /// Of this product.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    product: Option<String>,
    /// Of products of the merchant with this id.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    merchant: Option<String>,
    /// Of merchants in this region or below it, at any level.
    #[param(example = "53", max_length = 13)]
    region: Option<String>,
    /// Of merchants that the hero with this user id mentors.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    hero: Option<String>,
    /// `to_score`: undecided ones that you may score and have not scored in this round.
    #[param(example = "to_score", max_length = 20)]
    mine: Option<String>,
    /// Words in the name of the product or the merchant.
    #[param(example = "tenun", max_length = 200)]
    q: Option<String>,
    /// The order: `-created_at` (the default), `created_at`, `valid_until` or `-valid_until`.
    #[param(example = "valid_until", max_length = 20)]
    sort: Option<String>,
}

impl NominationQuery {
    fn parse(&self, staff: &Staff<CurationNominate>) -> Result<NominationFilter, Problem> {
        let mine = |text: &str| match text {
            "to_score" if staff.may(Permission::CurationScore) => Ok(staff.user),
            _ => Err(()),
        };
        Ok(NominationFilter {
            statuses: several("status", self.status.as_ref(), NominationStatus::parse)?,
            sources: several("source", self.source.as_ref(), NominationSource::parse)?,
            product: one("product", self.product.as_ref(), parse_id)?,
            merchant: one("merchant", self.merchant.as_ref(), parse_id)?,
            region: one("region", self.region.as_ref(), RegionCode::parse)?,
            hero: one("hero", self.hero.as_ref(), parse_id)?,
            to_score_by: one("mine", self.mine.as_ref(), mine)?,
            text: one("q", self.q.as_ref(), Line::parse)?,
            sort: one("sort", self.sort.as_ref(), NominationSort::parse)?.unwrap_or_default(),
        })
    }
}

/// List nominations
///
/// The newest first, unless another order is asked for. Heroes and merchants see those of their own merchants. Scores are
/// as blind here as in the nomination itself. With `Accept: text/csv` the whole list comes as a file.
#[utoipa::path(tag = "curation", params(NominationQuery, Paging), responses((status = 200, description = "A page of nominations, or all of them as a file.", content((PageOf<NominationView> = "application/json"), (String = "text/csv")))), security(("bearer" = ["curation:nominate"])))]
#[get("/v1/aggregators/{aggregator}/nominations")]
pub async fn list_nominations(staff: Staff<CurationNominate>, list: List<NominationQuery>) -> Answered {
    let filter = list.filter.parse(&staff)?;
    if wants_csv(staff.request()) {
        let reader = Reader::of(&staff);
        return csv(staff, "nominations", async move |tx, after, limit| {
            let page = tx.nominations(&filter, after, limit).await?;
            let next = page.next;
            let views = page.items.into_iter().map(|one| NominationView::new(reader, one));
            Ok(kapal_persistence::Page { items: views.collect::<Result<_, _>>()?, next })
        })
        .await;
    }
    staff
        .run(async |tx| {
            let page = tx.nominations(&filter, list.after.as_ref(), list.limit).await?;
            let next = page.next;
            let views = page.items.into_iter().map(|one| NominationView::new(Reader::of(&staff), one));
            Ok(list.reply(kapal_persistence::Page { items: views.collect::<Result<_, _>>()?, next }))
        })
        .await
}
