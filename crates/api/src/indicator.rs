//! `/v1/platform/indicators`: the nation in figures.

use actix_web::get;
use chrono::{DateTime, Utc};
use kapal_persistence::Indicators;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Operator;
use crate::answer::{Answered, Found};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(get_national_indicators);
}

/// Figures over all active aggregators.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NationalIndicators)]
pub struct IndicatorsView {
    /// When they were counted.
    as_of: DateTime<Utc>,
    /// Aggregators by status.
    #[schema(max_items = 10)]
    aggregators: Vec<CountView>,
    /// Merchants that are not archived, each once however many aggregators carry it.
    merchants: MerchantCounts,
    /// Products, those that several aggregators carry of one business included.
    products: ProductCounts,
    /// Local heroes and what they do.
    heroes: HeroCounts,
    /// Visits to merchants.
    visits: VisitCounts,
}

/// A value and how often it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Count)]
pub struct CountView {
    /// What is counted: a province's code, a class, a state, a number.
    #[schema(example = "73", max_length = 40)]
    value: String,
    /// How many.
    #[schema(example = 1204, minimum = 0)]
    count: i64,
}

/// Merchants, each once.
#[derive(Debug, Serialize, ToSchema)]
pub struct MerchantCounts {
    /// Businesses: one for each NIB, and one for each merchant without a NIB.
    #[schema(example = 41207, minimum = 0)]
    total: i64,
    /// Entries at all aggregators together.
    #[schema(example = 43118, minimum = 0)]
    registrations: i64,
    /// Businesses without a NIB: they can't be told apart.
    #[schema(example = 812, minimum = 0)]
    without_nib: i64,
    /// NIBs that stand at more than one aggregator.
    #[schema(example = 1911, minimum = 0)]
    in_several_aggregators: i64,
    /// How many NIBs stand at one, two, three .. aggregators.
    #[schema(max_items = 1000)]
    by_aggregators_of_one_nib: Vec<CountView>,
    /// By province; a business that several carry as where it is furthest in its onboarding.
    #[schema(max_items = 100)]
    by_province: Vec<CountView>,
    /// By UMKM class; empty: not known.
    #[schema(max_items = 10)]
    by_scale: Vec<CountView>,
    /// By class of naik kelas; empty: none yet.
    #[schema(max_items = 10)]
    by_level: Vec<CountView>,
    /// By state.
    #[schema(max_items = 10)]
    by_status: Vec<CountView>,
}

/// Products.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProductCounts {
    /// Not archived.
    #[schema(example = 190_332, minimum = 0)]
    total: i64,
    /// On a storefront.
    #[schema(example = 120_114, minimum = 0)]
    published: i64,
    /// Of those, mutiara.
    #[schema(example = 2103, minimum = 0)]
    mutiara: i64,
}

/// Heroes.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeroCounts {
    /// Who take merchants.
    #[schema(example = 512, minimum = 0)]
    active: i64,
    /// Merchants that are mentored, once for each hero.
    #[schema(example = 9120, minimum = 0)]
    assignments: i64,
}

/// Visits.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitCounts {
    /// Ever.
    #[schema(example = 80_112, minimum = 0)]
    total: i64,
    /// Begun in the last 30 days.
    #[schema(example = 7402, minimum = 0)]
    last_30_days: i64,
}

impl From<Indicators> for IndicatorsView {
    fn from(all: Indicators) -> Self {
        let by = |figure| {
            let counts = all.by(figure);
            counts.map(|(value, count)| CountView { value: value.to_owned(), count }).collect()
        };
        Self {
            as_of: all.as_of,
            aggregators: by("aggregators"),
            merchants: MerchantCounts {
                total: all.count("merchants", "counted_once"),
                registrations: all.count("merchants", "registrations"),
                without_nib: all.count("merchants", "without_nib"),
                in_several_aggregators: all.count("merchants", "in_several_aggregators"),
                by_aggregators_of_one_nib: by("aggregators_of_one_nib"),
                by_province: by("province"),
                by_scale: by("scale"),
                by_level: by("level"),
                by_status: by("status"),
            },
            products: ProductCounts {
                total: all.count("products", "all"),
                published: all.count("products", "published"),
                mutiara: all.count("products", "mutiara"),
            },
            heroes: HeroCounts {
                active: all.count("heroes", "active"),
                assignments: all.count("heroes", "assignments"),
            },
            visits: VisitCounts {
                total: all.count("visits", "all"),
                last_30_days: all.count("visits", "last_30_days"),
            },
        }
    }
}

/// Read the national figures
///
/// Merchants, products, heroes and visits of all active aggregators. A business that several aggregators carry is
/// known by its NIB and counts once; no aggregator is told of another. Each read is noted in the platform's audit log.
#[utoipa::path(tag = "platform", responses((status = 200, description = "The figures.", body = IndicatorsView)), security(("bearer" = ["operator"])))]
#[get("/v1/platform/indicators")]
pub async fn get_national_indicators(operator: Operator) -> Answered {
    operator.run(async |tx| Ok(Found(None, IndicatorsView::from(tx.national_indicators().await?)))).await
}
