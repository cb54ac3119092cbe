//! Completion as the buyer types.

use actix_web::{get, web};
use kapal_domain::Code;
use kapal_search::{Named, Scope, Suggested, Suggestion};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::search::in_index;
use super::shop::Shop;
use crate::Problem;
use crate::answer::{Answered, Found};
use crate::query::Query;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(suggest_in_storefront).service(suggest_in_nation);
}

/// What was typed so far.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SuggestQuery {
    /// The letters so far; the last word is taken as the beginning of one.
    #[param(example = "kopi to", max_length = 200)]
    q: String,
    /// How many suggestions.
    #[param(minimum = 1, maximum = 20, default = 10, example = 10)]
    limit: Option<u32>,
}

/// What may be meant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Suggestions)]
pub struct SuggestionsView {
    /// The likeliest first: words of products, then names.
    #[schema(max_items = 20)]
    data: Vec<SuggestionView>,
    /// What was typed, in the spelling that was completed; null where that is the one that was typed.
    #[schema(example = "kopi toraja", max_length = 600)]
    did_you_mean: Option<String>,
}

/// One thing that may be meant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Suggestion)]
pub struct SuggestionView {
    /// The whole text, to stand in the search field.
    #[schema(example = "kopi toraja", max_length = 600)]
    text: String,
    /// What it is: `word`, or the name of a `product`, a `merchant`, a `region`, a `province` or a `category`.
    #[schema(example = "word", max_length = 10)]
    kind: &'static str,
    /// What the filter of that name takes; null for words and products.
    #[schema(example = "kopi", max_length = 80)]
    value: Option<String>,
}

impl From<Suggestion> for SuggestionView {
    fn from(suggestion: Suggestion) -> Self {
        let (kind, value) = match suggestion.thing {
            None => ("word", None),
            Some((Named::Merchant, slug)) => ("merchant", Some(slug)),
            Some((Named::Region, code)) => ("region", Some(code)),
            Some((Named::Province, code)) => ("province", Some(code)),
            Some((Named::Category, slug)) => ("category", Some(slug)),
        };
        Self { text: suggestion.text, kind, value }
    }
}

/// Complete what a buyer types
///
/// Words of products, and names of merchants, regions and categories, that begin with what was typed and lead to at
/// least one product of this storefront.
#[utoipa::path(tag = "storefront", params(SuggestQuery), responses((status = 200, description = "What may be meant.", body = SuggestionsView)))]
#[get("/v1/storefronts/{aggregator}/suggest")]
pub async fn suggest_in_storefront(shop: Shop, query: Query<SuggestQuery>) -> Answered {
    suggest(shop, query.0).await
}

/// Complete what a buyer types, in the nation
///
/// The same for the nation.
#[utoipa::path(tag = "storefront", params(SuggestQuery), responses((status = 200, description = "What may be meant.", body = SuggestionsView)))]
#[get("/v1/storefront/suggest")]
pub async fn suggest_in_nation(shop: Shop, query: Query<SuggestQuery>) -> Answered {
    suggest(shop, query.0).await
}

async fn suggest(shop: Shop, query: SuggestQuery) -> Answered {
    let bad = |why: &str| Problem::because(Code::InvalidParameter, why.to_owned());
    if query.q.chars().count() > super::product::MAX_SEARCH {
        return Err(bad("q: at most 200 characters."));
    }
    let limit = match query.limit {
        None => 10,
        Some(limit @ 1..=20) => limit as usize,
        Some(_) => return Err(bad("limit is a whole number from 1 to 20.")),
    };
    shop.answer_searched(async |db| {
        let view = match shop.scope() {
            Some(scope) => {
                let suggested = complete(&shop, scope, query.q.clone(), limit).await?;
                SuggestionsView {
                    data: suggested.suggestions.into_iter().map(SuggestionView::from).collect(),
                    did_you_mean: suggested.did_you_mean,
                }
            }
            None => {
                let last = kapal_search::normalised(&query.q);
                let last = last.rsplit(' ').next().unwrap_or_default();
                let names = match last {
                    "" => Vec::new(),
                    _ => db.storefront_names(&shop.store, shop.locale, last, limit).await?,
                };
                let named = |text| SuggestionView { text, kind: "product", value: None };
                SuggestionsView { data: names.into_iter().map(named).collect(), did_you_mean: None }
            }
        };
        if view.data.is_empty() {
            // Nothing that begins so, or nowhere to look for it.
            db.expect_storefront(&shop.store).await?;
        }
        Ok(Found(None, view))
    })
    .await
}

async fn complete(shop: &Shop, scope: Scope, text: String, limit: usize) -> Result<Suggested, Problem> {
    let index = shop.app.search.index.clone();
    in_index(web::block(move || index.suggest(&scope, &text, limit)).await)
}
