//! `/v1/aggregators/{aggregator}/search` and `/reports/searches`: what staff tell the search, and what it tells them.

use actix_web::{get, put};
use chrono::NaiveDate;
use kapal_domain::permission::{AggregatorRead, ReportsRead, StorefrontWrite};
use kapal_domain::search_weights::SearchWeights;
use kapal_domain::synonym::parse_groups;
use kapal_domain::{Code, Faults};
use kapal_persistence::{MissRow, SynonymGroups};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::answer::{Answered, Found};
use crate::json::Json;
use crate::path::IfMatch;
use crate::query::{List, PageOf, Paging};
use crate::{Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(get_search_synonyms)
        .service(put_search_synonyms)
        .service(get_search_weights)
        .service(put_search_weights)
        .service(list_searches);
}

/// Words that the aggregator's buyers use for one thing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchSynonyms)]
pub struct SynonymsView {
    /// Groups of terms: whoever looks for one of them finds the others too, a little lower.
    #[schema(example = json!([["kopi", "ngopi"], ["gula aren", "gula semut"]]), max_items = 500)]
    groups: SynonymGroups,
    /// The version, for `If-Match`.
    #[schema(example = 2, minimum = 1)]
    version: i32,
}

/// The groups that are to be.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SearchSynonymsPut)]
pub struct SynonymsPut {
    /// Groups of 2 to 10 terms, each a word or a few that belong together, of at most 60 characters.
    #[schema(example = json!([["kopi", "ngopi"], ["gula aren", "gula semut"]]), max_items = 500)]
    groups: Vec<Vec<String>>,
}

/// What counts in searches besides the words, each in per cent of the score that the words give a product.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchWeights)]
pub struct WeightsView {
    /// It is mutiara.
    #[schema(example = 30, minimum = 0, maximum = 100)]
    mutiara: i16,
    /// Each star of the curation.
    #[schema(example = 2, minimum = 0, maximum = 20)]
    each_star: i16,
    /// Any variant is in stock.
    #[schema(example = 40, minimum = 0, maximum = 100)]
    in_stock: i16,
    /// It was published today; half of it after `half_life_days`.
    #[schema(example = 10, minimum = 0, maximum = 100)]
    fresh: i16,
    /// Days after which a product is half as fresh.
    #[schema(example = 90, minimum = 1, maximum = 1000)]
    half_life_days: i16,
    /// The version, for `If-Match`.
    #[schema(example = 2, minimum = 1)]
    version: i32,
}

/// The weights that are to be, in per cent: all of them.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SearchWeightsPut)]
pub struct WeightsPut {
    /// It is mutiara.
    #[schema(example = 30, minimum = 0, maximum = 100)]
    mutiara: i16,
    /// Each star of the curation.
    #[schema(example = 2, minimum = 0, maximum = 20)]
    each_star: i16,
    /// Any variant is in stock.
    #[schema(example = 40, minimum = 0, maximum = 100)]
    in_stock: i16,
    /// It was published today; half of it after `half_life_days`.
    #[schema(example = 10, minimum = 0, maximum = 100)]
    fresh: i16,
    /// Days after which a product is half as fresh.
    #[schema(example = 90, minimum = 1, maximum = 1000)]
    half_life_days: i16,
}

impl WeightsPut {
    fn parse(self) -> Result<SearchWeights, Faults> {
        let Self { mutiara, each_star, in_stock, fresh, half_life_days } = self;
        SearchWeights { mutiara, each_star, in_stock, fresh, half_life_days }.checked()
    }
}

/// Which searches.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchesQuery {
    /// Those that found nothing: the only ones that are kept.
    #[param(example = true)]
    zero: Option<bool>,
}

/// A search that found nothing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchReport)]
pub struct SearchView {
    /// The words, without signs and in small letters. Who asked is not kept.
    #[schema(example = "keripik belalang", max_length = 200)]
    query: String,
    /// How often it was asked.
    #[schema(example = 17, minimum = 1)]
    count: i64,
    /// The day on which it was last asked (UTC).
    #[schema(example = "2026-11-24")]
    last_on: NaiveDate,
}

impl From<MissRow> for SearchView {
    fn from(row: MissRow) -> Self {
        Self { query: row.query, count: row.count, last_on: row.last_on }
    }
}

/// Read the search's synonyms
///
/// The aggregator's own; those that everybody shares, such as kopi and coffee, are not among them.
#[utoipa::path(tag = "aggregator", responses((status = 200, description = "The synonyms.", body = SynonymsView)), security(("bearer" = ["aggregator:read"])))]
#[get("/v1/aggregators/{aggregator}/search/synonyms")]
pub async fn get_search_synonyms(staff: Staff<AggregatorRead>) -> Answered {
    staff.run(async |tx| Ok(found(tx.search_synonyms().await?))).await
}

/// Replace the search's synonyms
///
/// Searches of the aggregator's storefront follow within a second.
#[utoipa::path(tag = "aggregator", request_body = SynonymsPut, responses((status = 200, description = "The synonyms as they are now.", body = SynonymsView)), security(("bearer" = ["storefront:write"])))]
#[put("/v1/aggregators/{aggregator}/search/synonyms")]
pub async fn put_search_synonyms(
    staff: Staff<StorefrontWrite>,
    IfMatch(version): IfMatch,
    body: Json<SynonymsPut>,
) -> Answered {
    let groups = parse_groups(&body.0.groups)?;
    staff.run(async |tx| Ok(found(tx.put_search_synonyms(groups, version).await?))).await
}

fn found((groups, version): (SynonymGroups, i32)) -> Found<SynonymsView> {
    Found(Some(version), SynonymsView { groups, version })
}

/// Read the search's weights
///
/// What raises a product in the searches of the aggregator's storefront besides its words. Until an aggregator sets its
/// own they are those of everybody, version 1. Searches of the nation use the platform's.
#[utoipa::path(tag = "aggregator", responses((status = 200, description = "The weights.", body = WeightsView)), security(("bearer" = ["aggregator:read"])))]
#[get("/v1/aggregators/{aggregator}/search/weights")]
pub async fn get_search_weights(staff: Staff<AggregatorRead>) -> Answered {
    staff.run(async |tx| Ok(weighed(tx.search_weights().await?))).await
}

/// Replace the search's weights
///
/// A product's score by its words is multiplied by one and the weights of all that holds for it: with `mutiara` 30 and
/// `in_stock` 40, a mutiara in stock counts 1.7 times. Weights order what the words find equally well; products that
/// only a looser reading of the words finds stay behind the others. Searches follow within a second.
#[utoipa::path(tag = "aggregator", request_body = WeightsPut, responses((status = 200, description = "The weights as they are now.", body = WeightsView)), security(("bearer" = ["storefront:write"])))]
#[put("/v1/aggregators/{aggregator}/search/weights")]
pub async fn put_search_weights(
    staff: Staff<StorefrontWrite>,
    IfMatch(version): IfMatch,
    body: Json<WeightsPut>,
) -> Answered {
    let weights = body.0.parse()?;
    staff.run(async |tx| Ok(weighed(tx.put_search_weights(weights, version).await?))).await
}

fn weighed((weights, version): (SearchWeights, i32)) -> Found<WeightsView> {
    let SearchWeights { mutiara, each_star, in_stock, fresh, half_life_days } = weights;
    Found(Some(version), WeightsView { mutiara, each_star, in_stock, fresh, half_life_days, version })
}

/// List searches without a result
///
/// What was looked for in the aggregator's storefront and not found as it was typed, the commonest first: what a shelf
/// lacks, or a synonym. Written every few seconds. Searches narrowed by a filter are not counted, nor is what could be
/// somebody's number or address. The thousand last ones are kept.
#[utoipa::path(tag = "aggregator", params(SearchesQuery, Paging), responses((status = 200, description = "A page of searches.", body = PageOf<SearchView>)), security(("bearer" = ["reports:read"])))]
#[get("/v1/aggregators/{aggregator}/reports/searches")]
pub async fn list_searches(staff: Staff<ReportsRead>, list: List<SearchesQuery>) -> Answered {
    if list.filter.zero == Some(false) {
        let why = "zero: only searches without a result are kept.";
        return Err(Problem::because(Code::InvalidParameter, why.to_owned()));
    }
    staff
        .run(async |tx| {
            let page = tx.search_misses(list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(SearchView::from)))
        })
        .await
}
