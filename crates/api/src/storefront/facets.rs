//! How many products there are of each kind, for those who narrow a list down.

use std::collections::{BTreeMap, HashMap};

use kapal_domain::locale::Locale;
use kapal_domain::money::{Currency, Money};
use kapal_domain::product_certificate::CertificateKind;
use kapal_persistence::{CANDIDATES, Db, ShownProductFilter};
use kapal_search::{BANDS, Counts};
use serde::Serialize;
use utoipa::ToSchema;

use super::shop::Shop;
use crate::Problem;

/// Counts, and the names of what was counted.
pub struct Facets {
    counts: Counts,
    /// Which of them stand for "or more".
    capped: Capped,
    labels: HashMap<String, String>,
}

#[derive(Default)]
struct Capped {
    category: bool,
    province: bool,
    price: bool,
    certificate: bool,
    stars: bool,
}

impl Facets {
    /// Counts that are exact.
    pub fn exact(counts: Counts) -> Self {
        Self { counts, capped: Capped::default(), labels: HashMap::new() }
    }

    /// Counted by the database, as far as that is cheap. A facet counts what there would be with another value of it, so
    /// its own filter is left out.
    pub async fn of_database(shop: &Shop, db: &Db, filter: &ShownProductFilter) -> Result<Self, Problem> {
        let without = [
            ShownProductFilter { category: None, ..filter.clone() },
            ShownProductFilter { regions: Vec::new(), ..filter.clone() },
            ShownProductFilter { min_price: None, max_price: None, ..filter.clone() },
            ShownProductFilter { certificate: None, ..filter.clone() },
            ShownProductFilter { stars: None, ..filter.clone() },
        ];
        let mut counts = Counts::default();
        let mut capped = [false; 5];
        for (at, filter) in without.iter().enumerate() {
            let mut candidates = db.storefront_candidates(&shop.store, shop.locale, filter).await?;
            capped[at] = candidates.len() > CANDIDATES;
            candidates.truncate(CANDIDATES);
            for candidate in candidates {
                match at {
                    0 => candidate
                        .category_path
                        .into_iter()
                        .for_each(|slug| *counts.categories.entry(slug).or_default() += 1),
                    1 => *counts.provinces.entry(candidate.province_code).or_default() += 1,
                    2 => {
                        let price = u64::try_from(candidate.price_minor).unwrap_or(0);
                        counts.bands[BANDS.partition_point(|from| *from <= price)] += 1;
                    }
                    3 => {
                        for kind in candidate.certificates {
                            *counts.certificates.entry(kind).or_default() += 1;
                        }
                    }
                    _ => {
                        let stars =
                            candidate.stars.and_then(|stars| usize::try_from(stars).ok()).unwrap_or(0);
                        counts.stars.iter_mut().take(stars).for_each(|count| *count += 1);
                    }
                }
            }
        }
        let [category, province, price, certificate, stars] = capped;
        let mut facets = Self {
            counts,
            capped: Capped { category, province, price, certificate, stars },
            labels: HashMap::new(),
        };
        facets.label(shop, db).await?;
        Ok(facets)
    }

    /// Reads the names of what was counted.
    pub async fn label(&mut self, shop: &Shop, db: &Db) -> Result<(), Problem> {
        let keys = |counts: &BTreeMap<String, u64>| counts.keys().cloned().collect();
        let (categories, provinces) = (keys(&self.counts.categories), keys(&self.counts.provinces));
        self.labels = db.facet_labels(shop.locale, categories, provinces).await?;
        Ok(())
    }

    /// The facets as they are shown, in one language.
    pub fn view(self, locale: Locale) -> FacetsView {
        let Self { counts, capped, labels } = self;
        let named = |counts: BTreeMap<String, u64>, capped: bool, label: &dyn Fn(&str) -> String| {
            let mut items: Vec<_> = counts
                .into_iter()
                .map(|(value, count)| FacetView { label: label(&value), value, count, capped })
                .collect();
            items.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
            items
        };
        let label = |value: &str| labels.get(value).cloned().unwrap_or_else(|| value.to_owned());
        let certificate = |kind: &str| {
            CertificateKind::parse(kind).map_or_else(|_| kind.to_owned(), |kind| kind.name(locale).to_owned())
        };
        let bands = counts.bands.into_iter().enumerate().filter(|(_, count)| *count > 0);
        let price = bands.map(|(at, count)| BandView::new(at, count, capped.price, locale)).collect();
        let stars =
            (1_u8..=5).zip(counts.stars).filter(|(_, count)| *count > 0).rev().map(|(stars, count)| {
                FacetView {
                    value: stars.to_string(),
                    label: "★".repeat(stars.into()),
                    count,
                    capped: capped.stars,
                }
            });
        FacetsView {
            category: named(counts.categories, capped.category, &label),
            province: named(counts.provinces, capped.province, &label),
            price,
            certificate: named(counts.certificates, capped.certificate, &certificate),
            stars: stars.collect(),
        }
    }
}

/// How many products there are of each kind. A facet counts what the list would hold with that value in place of its own
/// filter, and with all other filters.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontFacets)]
pub struct FacetsView {
    /// By category, each with what is below it; the most first.
    #[schema(max_items = 1000)]
    category: Vec<FacetView>,
    /// By province; the most first.
    #[schema(max_items = 100)]
    province: Vec<FacetView>,
    /// By band of prices; the cheapest first.
    #[schema(max_items = 10)]
    price: Vec<BandView>,
    /// By kind of certificate.
    #[schema(max_items = 20)]
    certificate: Vec<FacetView>,
    /// By at least so many stars.
    #[schema(max_items = 5)]
    stars: Vec<FacetView>,
}

/// One value of a facet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontFacet)]
pub struct FacetView {
    /// What the filter of this name takes.
    #[schema(example = "kopi", max_length = 80)]
    value: String,
    /// How it is called.
    #[schema(example = "Kopi", max_length = 120)]
    label: String,
    /// How many products.
    #[schema(example = 12, minimum = 0)]
    count: u64,
    /// Whether the count stands for "or more".
    #[schema(example = false)]
    capped: bool,
}

/// A band of prices.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontPriceBand)]
pub struct BandView {
    /// Both ends, joined by a hyphen.
    #[schema(example = "25000-49999", max_length = 40)]
    value: String,
    /// How it is called.
    #[schema(example = "Rp25.000 – Rp49.999", max_length = 80)]
    label: String,
    /// What the filter `min_price` takes; null where the band has no lower end.
    #[schema(example = "25000", max_length = 20)]
    min_price: Option<String>,
    /// What the filter `max_price` takes; null where the band has no upper end.
    #[schema(example = "49999", max_length = 20)]
    max_price: Option<String>,
    /// How many products.
    #[schema(example = 12, minimum = 0)]
    count: u64,
    /// Whether the count stands for "or more".
    #[schema(example = false)]
    capped: bool,
}

impl BandView {
    fn new(at: usize, count: u64, capped: bool, locale: Locale) -> Self {
        let rupiah = |minor: u64| {
            let minor = i64::try_from(minor).unwrap_or(i64::MAX);
            Money::from_minor(minor, Currency::IDR).ok()
        };
        let from = at.checked_sub(1).and_then(|at| BANDS.get(at)).and_then(|from| rupiah(*from));
        // Prices are whole rupiah.
        let upto = BANDS.get(at).and_then(|next| rupiah(next - 100));
        let text = |price: Option<Money>| price.map(Money::to_decimal);
        let shown = |price: Money| price.display(locale);
        let label = match (from, upto, locale) {
            (Some(from), Some(upto), _) => format!("{} – {}", shown(from), shown(upto)),
            (Some(from), None, Locale::Id) => format!("{} ke atas", shown(from)),
            (Some(from), None, Locale::En) => format!("{} and more", shown(from)),
            (None, Some(upto), Locale::Id) => format!("sampai {}", shown(upto)),
            (None, Some(upto), Locale::En) => format!("up to {}", shown(upto)),
            (None, None, _) => String::new(),
        };
        let value = format!("{}-{}", text(from).unwrap_or_default(), text(upto).unwrap_or_default());
        Self { value, label, min_price: text(from), max_price: text(upto), count, capped }
    }
}
