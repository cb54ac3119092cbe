use std::collections::{BTreeMap, BTreeSet};

use kapal_domain::aggregator::AggregatorStatus;
use kapal_domain::channel::ChannelKind;
use kapal_domain::merchant::MerchantStatus;
use kapal_domain::product::ProductStatus;
use kapal_domain::region::IslandGroup;
use kapal_domain::rubric::Rubric;

use super::*;

/// The districts of the project's own regions.
fn districts() -> Districts {
    let text = include_str!("../../../../persistence/data/regions.csv");
    let mut districts = Districts::new();
    for row in
        csv::Reader::from_reader(text.as_bytes()).deserialize::<(String, String, String, String, f64, f64)>()
    {
        let (code, parent, level, name, latitude, longitude) = row.unwrap();
        if level == "district" {
            let place = (latitude, longitude);
            districts.entry(parent).or_default().push(District { code, name, place });
        }
    }
    districts
}

fn made() -> Plan {
    plan(&districts()).unwrap()
}

/// Every merchant with its product, of aggregators that are active.
fn shown(plan: &Plan) -> impl Iterator<Item = (&Merchant, &Product)> {
    plan.aggregators
        .iter()
        .filter(|a| a.status == AggregatorStatus::Active)
        .flat_map(|a| a.products().map(|(m, p)| (&a.merchants[m], p)))
        .filter(|(m, p)| {
            m.status == MerchantStatus::Active && !m.lapses && p.status == ProductStatus::Published
        })
}

#[test]
fn it_is_as_large_as_promised() {
    let plan = made();
    let status = |status| plan.aggregators.iter().filter(|a| a.status == status).count();
    assert!(status(AggregatorStatus::Active) >= 8);
    assert_eq!((status(AggregatorStatus::Pending), status(AggregatorStatus::Suspended)), (1, 1));
    assert_eq!(plan.aggregators.iter().map(|a| a.merchants.len()).sum::<usize>(), 120);
    assert_eq!(plan.aggregators.iter().map(|a| a.products().count()).sum::<usize>(), 440);
    assert!(shown(&plan).count() >= 400, "{}", shown(&plan).count());
    assert_eq!(plan.aggregators.iter().map(|a| a.leads.len()).sum::<usize>(), 200);
    let motifs: BTreeSet<_> =
        shown(&plan).flat_map(|(_, p)| &p.pictures).map(|(m, _)| (m.kind.name(), m.seed)).collect();
    assert!((100..=180).contains(&motifs.len()), "{}", motifs.len());
}

#[test]
fn every_province_and_island_group_is_there() {
    let plan = made();
    let provinces: BTreeSet<_> = shown(&plan).map(|(m, _)| m.region.province().as_str().to_owned()).collect();
    assert_eq!(provinces.len(), 38);
    let mutiara = shown(&plan).filter(|(_, p)| p.course.as_ref().is_some_and(Course::is_accepted));
    let mutiara: Vec<_> = mutiara.map(|(m, _)| m.region.province().as_str().to_owned()).collect();
    assert!(mutiara.len() >= 60, "{}", mutiara.len());
    assert_eq!(mutiara.iter().collect::<BTreeSet<_>>().len(), 38);
    let islands: BTreeSet<_> = plan
        .aggregators
        .iter()
        .filter(|a| a.status == AggregatorStatus::Active)
        .map(|a| a.merchants[0].region.island_group().as_str())
        .collect();
    assert_eq!(islands.len(), IslandGroup::ALL.len());
}

#[test]
fn every_state_is_there() {
    let plan = made();
    let merchants: BTreeSet<_> =
        plan.aggregators.iter().flat_map(|a| &a.merchants).map(|m| m.status.as_str()).collect();
    assert_eq!(merchants.len(), MerchantStatus::ALL.len());
    let mut products = BTreeMap::<_, usize>::new();
    for (_, product) in plan.aggregators.iter().flat_map(Aggregator::products) {
        *products.entry(product.status.as_str()).or_default() += 1;
    }
    assert_eq!(products.len(), ProductStatus::ALL.len());
    assert!(products.values().all(|n| *n >= 4), "{products:?}");
    let courses = || shown(&plan).filter_map(|(_, p)| p.course.as_ref());
    for scores in 0..=2 {
        assert!(courses().any(|c| c.end.is_none() && c.scores.len() == scores), "{scores}");
    }
    assert!(courses().any(|c| matches!(c.end, Some(End::Withdrawn))));
    assert!(courses().any(|c| matches!(c.end, Some(End::Decided(Decision::Decline, ..)))));
}

#[test]
fn nothing_stands_twice() {
    let plan = made();
    let mut merchants = BTreeSet::new();
    for merchant in plan.aggregators.iter().flat_map(|a| &a.merchants) {
        assert!(merchants.insert(merchant.name.as_str()), "{}", merchant.name);
        assert!(merchants.insert(merchant.phone.as_str()), "{}", merchant.name);
        assert!(merchant.nib.as_ref().is_none_or(|nib| merchants.insert(nib.as_str())), "{}", merchant.name);
    }
    for aggregator in &plan.aggregators {
        let mut names = BTreeSet::new();
        for (_, product) in aggregator.products() {
            assert!(names.insert(product.name.id.as_str()), "{}", product.name.id);
            assert!(names.insert(product.name.en.as_str()), "{}", product.name.en);
        }
        let staff: BTreeSet<_> = aggregator.staff.iter().map(|p| p.email.as_str()).collect();
        assert_eq!(staff.len(), STAFF.len());
    }
    assert_eq!(format!("{plan:?}"), format!("{:?}", made()));
}

#[test]
fn texts_are_whole_in_both_languages() {
    for (merchant, product) in shown(&made()) {
        for (locale, text) in [("id", &product.description.id), ("en", &product.description.en)] {
            let sentences = text.as_str().matches(['.', '!']).count();
            assert!((2..=7).contains(&sentences), "{locale}: {text}");
            assert!((150..=900).contains(&text.as_str().chars().count()), "{locale}: {text}");
        }
        assert_ne!(product.name.id.as_str(), product.name.en.as_str());
        let all = format!("{:?}{:?}{}", product.name, product.description, merchant.story);
        for place in ["{}", "{usaha}", "{tempat}", "{orang}", "{nama}", "{tahun}", "{jumlah}"] {
            assert!(!all.contains(place), "{all}");
        }
        assert!((1..=3).contains(&product.variants.len()) && (1..=2).contains(&product.pictures.len()));
        assert!(product.variants.iter().all(|v| (10_000..20_000_000).contains(&v.price)), "{product:?}");
    }
}

#[test]
fn who_is_active_can_be_reached_and_may_publish() {
    for aggregator in made().aggregators {
        assert!(aggregator.assigned > 0 && aggregator.assigned < aggregator.merchants.len());
        for merchant in aggregator.merchants.iter().filter(|m| m.status == MerchantStatus::Active) {
            assert!(merchant.nib.is_some());
            assert!(merchant.channels.iter().any(|c| c.kind() == ChannelKind::Whatsapp));
        }
        if aggregator.status == AggregatorStatus::Active {
            assert!(aggregator.mutiara().len() >= 6 && aggregator.collections.len() >= 3);
        }
    }
}

#[test]
fn scores_make_what_was_decided_of_them() {
    let rubric = Rubric::default_rubric();
    for course in shown(&made()).filter_map(|(_, p)| p.course.as_ref()) {
        let sheets: Vec<_> = course
            .scores
            .iter()
            .map(|(points, _)| {
                let keys = rubric.criteria().iter().map(|c| c.key.as_str());
                rubric.score(keys.zip(points.iter().map(|p| i64::from(*p)))).unwrap()
            })
            .collect();
        let verdict = rubric.verdict(&sheets);
        match &course.end {
            Some(End::Decided(decision, ..)) => {
                let verdict = verdict.unwrap();
                assert!(verdict.is_complete);
                assert_eq!(verdict.qualifies, *decision == Decision::Accept, "{course:?}");
                assert_eq!(sheets.len() == 3, rubric.verdict(&sheets[..2]).unwrap().needs_third);
            }
            Some(End::Appealed(..)) => assert!(verdict.is_some_and(|v| v.is_complete && !v.qualifies)),
            _ => assert!(sheets.len() <= 2),
        }
    }
}

#[test]
fn heroes_mentor_some_merchants_over_twelve_months() {
    let plan = made();
    for aggregator in plan.aggregators.iter().filter(|a| a.status == AggregatorStatus::Active) {
        let mentoring = &aggregator.mentoring;
        let mentored: BTreeSet<_> = mentoring.mentored().map(|(_, merchant)| merchant).collect();
        assert_eq!(mentored.len(), mentoring.mentored().count(), "one primary hero each");
        assert!(mentored.len() >= 3 && mentored.len() < aggregator.merchants.len(), "{}", aggregator.slug);
        assert!((2..=4).contains(&mentoring.heroes.len()), "{}", mentoring.heroes.len());
        for hero in &mentoring.heroes {
            assert!(hero.languages.len() == 2 && !hero.area.is_empty());
            assert!(hero.assignments.len() < hero.capacity.get() as usize);
        }
        for merchant in mentored {
            let visits: Vec<_> = mentoring.visits.iter().filter(|v| v.merchant == merchant).collect();
            assert!((4..=10).contains(&visits.len()));
            assert!(visits.is_sorted_by(|one, other| one.day < other.day));
            assert!(visits[0].day <= -335 && visits[visits.len() - 1].day >= -28);
            let advice: BTreeSet<_> = visits.iter().map(|v| v.advice.as_str()).collect();
            assert_eq!(advice.len(), visits.len(), "no advice twice");
        }
        let any = |is: fn(&Visit) -> bool| mentoring.visits.iter().any(is);
        assert!(any(|v| v.confirmed) && any(|v| !v.confirmed) && any(|v| v.correction.is_some()));
        assert!(any(|v| v.task.done.is_some()) && any(|v| v.task.done.is_none() && v.task.due < 0));
        assert!(any(|v| v.next.is_some_and(|day| (0..=7).contains(&day))));
    }
}

#[test]
fn every_aggregator_teaches_and_has_merchants_that_rise_and_fall() {
    let plan = made();
    for aggregator in plan.aggregators.iter().filter(|a| a.status == AggregatorStatus::Active) {
        let mentoring = &aggregator.mentoring;
        let states: Vec<_> = mentoring.programmes.iter().map(|p| p.status.as_str()).collect();
        assert_eq!(states, ["finished", "running", "open"]);
        assert!(mentoring.programmes[0].turnouts.iter().filter(|t| t.completed).count() >= 3);
        let levels = |merchant: usize| -> Vec<_> {
            let of = mentoring.assessments.iter().filter(|a| a.merchant == merchant);
            of.filter_map(|a| match a.end {
                Assessed::Confirmed(level) => Some(level.as_str()),
                _ => None,
            })
            .collect()
        };
        let mentored: Vec<_> = mentoring.mentored().map(|(_, merchant)| merchant).collect();
        assert_eq!(levels(mentored[0]), ["modern", "digital", "online"]);
        assert_eq!(levels(mentored[1]), ["digital", "modern"]);
        assert!(mentoring.assessments.iter().any(|a| matches!(a.end, Assessed::Waiting)));
        let ends: BTreeSet<_> =
            aggregator.merchants.iter().flat_map(|m| &m.papers).filter_map(|p| p.ends).collect();
        for within in [90, 30, 7] {
            assert!(ends.range(1..=within).next().is_some(), "{ends:?}");
        }
        let is = |fate: fn(&Fate) -> bool| {
            aggregator.merchants.iter().flat_map(|m| &m.papers).any(|p| fate(&p.fate))
        };
        assert!(is(|f| matches!(f, Fate::Expired)) && is(|f| matches!(f, Fate::Rejected(_))));
        assert!(is(|f| matches!(f, Fate::Submitted)));
    }
}

#[test]
fn merchants_tell_what_they_are() {
    let plan = made();
    let merchants = || plan.aggregators.iter().flat_map(|a| &a.merchants);
    for merchant in merchants() {
        let profile = &merchant.profile;
        let numbers = merchant.story.as_str().split(|c: char| !c.is_ascii_digit());
        let years: Vec<i32> = numbers.filter(|n| n.len() == 4).map(|n| n.parse().unwrap()).collect();
        assert!(years.iter().all(|year| *year == profile.founded_year), "{}", merchant.story);
        if let Some((_, first)) = profile.sales.first() {
            assert_eq!(Scale::by_sales(*first), Some(merchant.scale));
        }
    }
    let grown = merchants().filter(|m| m.profile.sales.len() > 1);
    assert!(grown.clone().count() >= 8);
    for merchant in grown {
        assert_eq!(Scale::by_sales(merchant.profile.sales[1].1), Some(Scale::Small));
    }
    assert!(
        merchants().any(|m| m.profile.account.is_some()) && merchants().any(|m| m.profile.account.is_none())
    );
    assert_eq!(merchants().filter(|m| m.lapses).count(), 2);
    assert!(merchants().any(|m| m.requests.len() >= 2));
}
