//! Rules of collections, as requests and answers carry them, and what a rule would show before it is saved.

use actix_web::post;
use kapal_domain::Faults;
use kapal_domain::collection_rule::{PriceText, Rule, RuleText};
use kapal_domain::permission::StorefrontWrite;
use kapal_persistence::Matches;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Staff;
use crate::answer::{Answered, Found};
use crate::envelope::locale;
use crate::json::Json;
use crate::storefront::{ProductCard, cards};
use crate::views::MoneyView;

/// Products of a preview.
const PREVIEWED: i64 = 20;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(preview_collection);
}

/// What belongs to a collection: published products that meet every criterion that is there, each by any one of its values.
/// At least one criterion is there.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = CollectionRule)]
pub struct RuleBody {
    /// In one of these categories or below it.
    #[serde(default)]
    #[schema(example = json!([]), max_items = 20)]
    categories: Vec<String>,
    /// Made in one of these regions or below it: codes at any level.
    #[serde(default)]
    #[schema(example = json!(["53", "73.26"]), max_items = 20)]
    regions: Vec<String>,
    /// At least this price.
    price_from: Option<MoneyView>,
    /// At most this price.
    price_to: Option<MoneyView>,
    /// With a permit or certificate of one of these kinds that holds: `halal`, `pirt`, `bpom`, `sni`, `svlk`, `trademark` or
    /// `organic`.
    #[serde(default)]
    #[schema(example = json!(["halal"]), max_items = 20)]
    certificates: Vec<String>,
    /// At least so many stars.
    #[schema(example = 3, minimum = 1, maximum = 5)]
    stars: Option<i64>,
    /// Mutiara alone.
    #[serde(default)]
    #[schema(example = true)]
    mutiara: bool,
    /// Published within so many days; it counts whole days of Jakarta.
    #[schema(example = 30, minimum = 1, maximum = 365)]
    new_days: Option<i64>,
    /// With one of these tags.
    #[serde(default)]
    #[schema(example = json!(["hadiah"]), max_items = 20)]
    tags: Vec<String>,
    /// Of a merchant of one of these classes (naik kelas): `modern`, `digital`, `online` or `global`.
    #[serde(default)]
    #[schema(example = json!(["online", "global"]), max_items = 20)]
    levels: Vec<String>,
    /// In one of these collections of the aggregator, whether those are shown themselves or not. At most three collections
    /// stand one behind the other, and none leads back to itself.
    #[serde(default)]
    #[schema(example = json!([]), max_items = 5)]
    collections: Vec<String>,
    /// The order: `newest`, `price`, `-price`, `name` or `stars`. Left away: the newest first.
    #[schema(example = "newest", max_length = 10)]
    sort: Option<String>,
    /// How many products at most; 200 when it is left away.
    #[schema(example = 60, minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

impl From<&Rule> for RuleBody {
    fn from(rule: &Rule) -> Self {
        let price = |price: PriceText| MoneyView { amount: price.amount, currency: price.currency };
        let text = rule.text();
        Self {
            categories: text.categories,
            regions: text.regions,
            price_from: text.price_from.map(price),
            price_to: text.price_to.map(price),
            certificates: text.certificates,
            stars: text.stars,
            mutiara: text.mutiara,
            new_days: text.new_days,
            tags: text.tags,
            levels: text.levels,
            collections: text.collections,
            sort: text.sort,
            limit: text.limit,
        }
    }
}

impl RuleBody {
    /// The rule; its faults point below `/rule`.
    pub(crate) fn parse(&self, faults: &mut Faults) -> Option<Rule> {
        let price = |price: MoneyView| PriceText { amount: price.amount, currency: price.currency };
        let body = self.clone();
        let text = RuleText {
            categories: body.categories,
            regions: body.regions,
            price_from: body.price_from.map(price),
            price_to: body.price_to.map(price),
            certificates: body.certificates,
            stars: body.stars,
            mutiara: body.mutiara,
            new_days: body.new_days,
            tags: body.tags,
            levels: body.levels,
            collections: body.collections,
            sort: body.sort,
            limit: body.limit,
        };
        text.parse().map_err(|inner| faults.nest("/rule", inner)).ok()
    }
}

/// How many published products meet a rule, whatever its limit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleMatches)]
pub struct MatchesView {
    /// How many, as far as they were counted.
    #[schema(example = 37, minimum = 0, maximum = 1000)]
    count: i64,
    /// Whether there are more.
    #[schema(example = false)]
    capped: bool,
}

impl From<Matches> for MatchesView {
    fn from(matches: Matches) -> Self {
        Self { count: matches.count, capped: matches.capped }
    }
}

/// A rule to look at.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CollectionPreviewRequest {
    /// The rule.
    rule: RuleBody,
}

/// What a rule would show.
#[derive(Debug, Serialize, ToSchema)]
pub struct CollectionPreview {
    /// How many products meet it now.
    matches: MatchesView,
    /// The first of them, in its order.
    #[schema(max_items = 20)]
    products: Vec<ProductCard>,
}

/// Preview a rule
///
/// What a collection with this rule would show now. Nothing is saved.
#[utoipa::path(tag = "curation", request_body = CollectionPreviewRequest, responses((status = 200, description = "What it would show.", body = CollectionPreview)), security(("bearer" = ["storefront:write"])))]
#[post("/v1/aggregators/{aggregator}/collection-preview")]
pub async fn preview_collection(
    staff: Staff<StorefrontWrite>,
    body: Json<CollectionPreviewRequest>,
) -> Answered {
    let mut faults = Faults::default();
    let rule = body.0.rule.parse(&mut faults).ok_or(faults)?;
    let locale = locale(staff.request());
    staff
        .run(async |tx| {
            tx.check_rule(None, &rule).await?;
            let (products, matches) =
                staff.app.db.rule_preview(staff.aggregator(), &rule, locale, PREVIEWED).await?;
            let products = cards(products, &staff.app.public_url, locale)?;
            Ok(Found(None, CollectionPreview { matches: matches.into(), products }))
        })
        .await
}
