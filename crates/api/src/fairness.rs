//! `/v1/aggregators/{aggregator}/reports/fairness`: how fairly rotations showed the provinces; the nation's for operators.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, get};
use chrono::{DateTime, Utc};
use kapal_domain::ids::SlotId;
use kapal_domain::locale::Locale;
use kapal_domain::permission::ReportsRead;
use kapal_domain::region::{IslandGroup, RegionCode};
use kapal_persistence::{Fairness, ProvinceFairness};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::answer::{Answered, Found, InLanguage};
use crate::lead_report::{Time, time};
use crate::path::parse_id;
use crate::query::{Query, one};
use crate::{Operator, Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(get_fairness_report).service(get_national_fairness_report);
}

/// Which windows a report counts.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FairnessFilter {
    /// Windows that began at this moment or later; 30 days before `to` when it is left away.
    #[param(example = "2026-10-25T00:00:00Z", format = "date-time", max_length = 40)]
    from: Option<String>,
    /// Windows that began before this moment; now when it is left away.
    #[param(example = "2026-11-24T00:00:00Z", format = "date-time", max_length = 40)]
    to: Option<String>,
    /// Of this slot alone.
    #[param(format = "uuid", max_length = 36)]
    slot: Option<String>,
}

/// A time, and the slot where one is asked for.
type Asked = (Time, Option<SlotId>);

impl FairnessFilter {
    fn parse(&self) -> Result<Asked, Problem> {
        Ok((time(self.from.as_ref(), self.to.as_ref())?, one("slot", self.slot.as_ref(), parse_id)?))
    }
}

/// How fairly rotations showed the provinces.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FairnessReport)]
pub struct FairnessView {
    /// Windows that began from here on.
    from: DateTime<Utc>,
    /// And before this.
    to: DateTime<Utc>,
    /// What an exposure is: `scheduled`, a product that stood in a window of a rotation, or on a day of a fixed booking.
    #[schema(example = "scheduled", max_length = 20)]
    counted: &'static str,
    /// Windows that were counted.
    #[schema(example = 30, minimum = 0)]
    windows: i64,
    /// Exposures in them: those of rotations.
    #[schema(example = 240, minimum = 0)]
    exposures: i64,
    /// Exposures by what made them, `rotation` and `fixed`.
    #[schema(max_items = 2)]
    kinds: [KindView; 2],
    /// Inequality of exposures over targets: 0 when each province had just what it should, near 1 when one had all
    /// (Gini 1912).
    #[schema(example = 0.04, minimum = 0, maximum = 1)]
    gini: f64,
    /// The same with what fixed bookings added.
    #[schema(example = 0.07, minimum = 0, maximum = 1)]
    gini_with_fixed: f64,
    /// The most windows in a row that any province went unshown.
    #[schema(example = 21, minimum = 0)]
    longest_wait: i32,
    /// The provinces that had a product to show, or one in a fixed booking.
    #[schema(max_items = 100)]
    provinces: Vec<ProvinceFairnessView>,
    /// The same by groups of islands.
    #[schema(max_items = 7)]
    island_groups: Vec<IslandFairnessView>,
}

/// What a province had, against what it should have had.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProvinceFairness)]
pub struct ProvinceFairnessView {
    /// The province.
    province: PlaceView,
    /// `sumatra`, `java`, `bali_nusa_tenggara`, `kalimantan`, `sulawesi`, `maluku` or `papua`.
    #[schema(example = "papua", max_length = 20)]
    island_group: &'static str,
    #[serde(flatten)]
    figures: FiguresView,
    /// The most windows in a row that it went unshown.
    #[schema(example = 21, minimum = 0)]
    longest_wait: i32,
}

/// What a group of islands had, against what it should have had.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IslandFairness)]
pub struct IslandFairnessView {
    /// The group.
    island_group: PlaceView,
    #[serde(flatten)]
    figures: FiguresView,
}

/// A place by its code.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FairnessPlace)]
pub struct PlaceView {
    /// Its code.
    #[schema(example = "91", max_length = 20)]
    code: String,
    /// Its name.
    #[schema(example = "Papua", max_length = 100)]
    name: String,
}

/// Exposures and targets.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FairnessFigures)]
pub struct FiguresView {
    /// Merchants with products that may be shown.
    #[schema(example = 12, minimum = 0)]
    merchants: i32,
    /// Their part of all such merchants.
    #[schema(example = 0.02, minimum = 0, maximum = 1)]
    share: f64,
    /// The part of exposures that should be theirs: never less than one in the longest wait.
    #[schema(example = 0.021, minimum = 0, maximum = 1)]
    target: f64,
    /// The exposures that they had in rotations.
    #[schema(example = 5, minimum = 0)]
    exposures: i64,
    /// Their part of all exposures in rotations.
    #[schema(example = 0.0208, minimum = 0, maximum = 1)]
    exposure_share: f64,
    /// Their exposures by what made them, `rotation` and `fixed`.
    #[schema(max_items = 2)]
    kinds: [KindView; 2],
}

/// Exposures of one kind.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FairnessKind)]
pub struct KindView {
    /// `rotation`: products in windows of rotations. `fixed`: products in fixed bookings, each once a day.
    #[schema(example = "fixed", max_length = 20)]
    kind: &'static str,
    /// How many.
    #[schema(example = 14, minimum = 0)]
    exposures: i64,
    /// Their part of all exposures of this kind.
    #[schema(example = 0.35, minimum = 0, maximum = 1)]
    exposure_share: f64,
}

/// What some provinces have together.
#[derive(Debug, Clone, Copy, Default)]
struct Figures {
    merchants: i32,
    exposures: i64,
    fixed: i64,
    expected: f64,
}

impl Figures {
    fn of(province: &ProvinceFairness) -> Self {
        let ProvinceFairness { merchants, exposures, fixed, expected, .. } = *province;
        Self { merchants, exposures, fixed, expected }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            merchants: self.merchants + other.merchants,
            exposures: self.exposures + other.exposures,
            fixed: self.fixed + other.fixed,
            expected: self.expected + other.expected,
        }
    }

    fn within(self, all: Self) -> FiguresView {
        FiguresView {
            merchants: self.merchants,
            share: part(f64::from(self.merchants), f64::from(all.merchants)),
            target: part(self.expected, all.expected),
            exposures: self.exposures,
            exposure_share: part(count(self.exposures), count(all.exposures)),
            kinds: self.kinds(all),
        }
    }

    fn kinds(self, all: Self) -> [KindView; 2] {
        let kind = |kind, exposures: i64, all: i64| KindView {
            kind,
            exposures,
            exposure_share: part(count(exposures), count(all)),
        };
        [kind("rotation", self.exposures, all.exposures), kind("fixed", self.fixed, all.fixed)]
    }
}

#[expect(clippy::cast_precision_loss, reason = "far fewer exposures than 2^52")]
fn count(exposures: i64) -> f64 {
    exposures as f64
}

/// A part of a whole, to four decimals.
fn part(some: f64, all: f64) -> f64 {
    if all > 0.0 { rounded(some / all) } else { 0.0 }
}

fn rounded(number: f64) -> f64 {
    (number * 10_000.0).round() / 10_000.0
}

impl FairnessView {
    fn new((from, to): (DateTime<Utc>, DateTime<Utc>), fairness: &Fairness, locale: Locale) -> Self {
        let island = |province: &ProvinceFairness| {
            RegionCode::parse(&province.code).map_or(IslandGroup::Papua, |code| code.island_group())
        };
        let mut islands: BTreeMap<usize, Figures> = BTreeMap::new();
        let mut all = Figures::default();
        for province in &fairness.provinces {
            let figures = Figures::of(province);
            let at = IslandGroup::ALL.iter().position(|group| *group == island(province)).unwrap_or_default();
            let group = islands.entry(at).or_default();
            *group = group.plus(figures);
            all = all.plus(figures);
        }
        let provinces = fairness.provinces.iter().map(|province| ProvinceFairnessView {
            province: PlaceView { code: province.code.clone(), name: province.name.clone() },
            island_group: island(province).as_str(),
            figures: Figures::of(province).within(all),
            longest_wait: province.longest_wait,
        });
        let island_groups = islands.into_iter().map(|(at, figures)| {
            let group = IslandGroup::ALL[at];
            let island_group =
                PlaceView { code: group.as_str().to_owned(), name: group.name(locale).to_owned() };
            IslandFairnessView { island_group, figures: figures.within(all) }
        });
        Self {
            from,
            to,
            counted: "scheduled",
            windows: fairness.windows,
            exposures: fairness.exposures(),
            kinds: all.kinds(all),
            gini: rounded(fairness.gini()),
            gini_with_fixed: rounded(fairness.gini_with_fixed()),
            longest_wait: fairness.longest_wait(),
            provinces: provinces.collect(),
            island_groups: island_groups.collect(),
        }
    }
}

/// Report the fairness of rotations
///
/// What each province and group of islands had of the rotating slots, against what it should have had: its share of the
/// merchants with mutiara, and never less than one exposure in the longest wait. What fixed bookings showed stands beside it
/// as a kind of its own, as far as the bookings are still there.
#[utoipa::path(tag = "reports", params(FairnessFilter), responses((status = 200, description = "The report.", body = FairnessView)), security(("bearer" = ["reports:read"])))]
#[get("/v1/aggregators/{aggregator}/reports/fairness")]
pub async fn get_fairness_report(
    staff: Staff<ReportsRead>,
    Query(filter): Query<FairnessFilter>,
    request: HttpRequest,
) -> Answered {
    let locale = crate::envelope::locale(&request);
    let (time, slot) = filter.parse()?;
    staff
        .run(async |tx| {
            let fairness = tx.fairness(time, slot).await?;
            Ok::<_, Problem>(InLanguage(locale, Found(None, FairnessView::new(time, &fairness, locale))))
        })
        .await
}

/// Report the fairness of national rotations
///
/// The same of the platform's own slots, over the provinces of the nation.
#[utoipa::path(tag = "platform", params(FairnessFilter), responses((status = 200, description = "The report.", body = FairnessView)), security(("bearer" = ["operator"])))]
#[get("/v1/platform/reports/fairness")]
pub async fn get_national_fairness_report(
    operator: Operator,
    Query(filter): Query<FairnessFilter>,
    request: HttpRequest,
) -> Answered {
    let locale = crate::envelope::locale(&request);
    let (time, slot) = filter.parse()?;
    operator
        .run(async |tx| {
            let fairness = tx.national_fairness(time, slot).await?;
            Ok::<_, Problem>(InLanguage(locale, Found(None, FairnessView::new(time, &fairness, locale))))
        })
        .await
}
