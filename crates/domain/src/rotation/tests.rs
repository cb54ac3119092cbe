//! The bounds of the rotation, simulated.

use proptest::prelude::*;

use super::*;

/// The provinces of Indonesia with about how many of a thousand small merchants are there: Java has most, and the newest
/// provinces of Papua have next to none.
const PROVINCES: [(&str, u32); 38] = [
    ("11", 18),
    ("12", 42),
    ("13", 22),
    ("14", 18),
    ("15", 12),
    ("16", 22),
    ("17", 8),
    ("18", 28),
    ("19", 6),
    ("21", 8),
    ("31", 45),
    ("32", 160),
    ("33", 150),
    ("34", 30),
    ("35", 170),
    ("36", 45),
    ("51", 24),
    ("52", 24),
    ("53", 22),
    ("61", 16),
    ("62", 9),
    ("63", 13),
    ("64", 12),
    ("65", 3),
    ("71", 12),
    ("72", 12),
    ("73", 30),
    ("74", 10),
    ("75", 5),
    ("76", 4),
    ("81", 6),
    ("82", 4),
    ("91", 2),
    ("92", 2),
    ("93", 1),
    ("94", 2),
    ("95", 1),
    ("96", 1),
];

fn rules(places: u8, longest_wait: u16) -> RotationRules {
    RotationRules::new(places, 24, longest_wait).expect("rules")
}

fn id(number: u32) -> Uuid {
    Uuid::from_u128(u128::from(number) + 1)
}

/// `products` products of the given merchants of each province: every merchant has one, and the rest come in turn.
fn candidates(merchants: &[(String, u32)], products: u32) -> Vec<Candidate> {
    let all: Vec<_> =
        merchants.iter().flat_map(|(code, count)| (0..*count).map(move |_| code.clone())).collect();
    let number = products.max(u32::try_from(all.len()).expect("few"));
    let candidate = |product| {
        let merchant = product as usize % all.len();
        Candidate {
            product: id(1_000_000 + product),
            merchant: id(u32::try_from(merchant).expect("few")),
            province: all[merchant].clone(),
            last_shown: None,
        }
    };
    (0..number).map(candidate).collect()
}

struct Outcome {
    exposures: BTreeMap<String, f64>,
    longest_wait: u32,
}

fn simulate(rotation: &mut Rotation, windows: i64) -> Outcome {
    let mut exposures: BTreeMap<String, f64> =
        rotation.provinces().iter().map(|province| (province.code.clone(), 0.0)).collect();
    let mut longest_wait = 0;
    for window in 0..windows {
        for shown in rotation.draw(window).shown {
            *exposures.entry(shown.province).or_default() += 1.0;
        }
        let waits = rotation.provinces().iter().map(|province| province.standing.waited);
        longest_wait = longest_wait.max(waits.max().unwrap_or_default());
    }
    Outcome { exposures, longest_wait }
}

fn standings_of(rotation: &Rotation) -> BTreeMap<String, Standing> {
    rotation.provinces().iter().map(|province| (province.code.clone(), province.standing)).collect()
}

fn nation() -> Vec<(String, u32)> {
    PROVINCES.iter().map(|(code, merchants)| ((*code).to_owned(), *merchants)).collect()
}

fn parts(merchants: &[(String, u32)], rules: RotationRules) -> Vec<f64> {
    let counts: Vec<_> = merchants.iter().map(|(_, count)| *count).collect();
    targets(&counts, rules).into_iter().map(|target| target as f64 / EXPOSURE as f64).collect()
}

/// The provinces further from their target than a tenth of it and than one exposure.
fn unfair(merchants: &[(String, u32)], rules: RotationRules, outcome: &Outcome) -> Vec<(String, f64, f64)> {
    let all: f64 = outcome.exposures.values().sum();
    let off = merchants.iter().zip(parts(merchants, rules)).filter_map(|((code, _), part)| {
        let (target, shown) = (part * all, outcome.exposures[code]);
        ((shown - target).abs() > (target / 10.0).max(1.0)).then(|| (code.clone(), target, shown))
    });
    off.collect()
}

fn gini_of(merchants: &[(String, u32)], rules: RotationRules, outcome: &Outcome) -> f64 {
    let ratios = merchants.iter().zip(parts(merchants, rules));
    gini(&ratios.map(|((code, _), part)| outcome.exposures[code] / part).collect::<Vec<_>>())
}

#[test]
fn the_nation_is_shown_fairly_over_a_thousand_windows() {
    let (rules, merchants) = (rules(8, 30), nation());
    for seed in 0..2 {
        let mut rotation = Rotation::new(rules, id(seed), candidates(&merchants, 2_000), &BTreeMap::new());
        let outcome = simulate(&mut rotation, 1_000);
        assert_eq!(unfair(&merchants, rules, &outcome), [], "seed {seed}");
        assert!(outcome.longest_wait <= 30, "seed {seed}: {}", outcome.longest_wait);
        let gini = gini_of(&merchants, rules, &outcome);
        assert!(gini < 0.02, "seed {seed}: {gini}");
    }
}

#[test]
fn every_merchant_of_a_province_comes_in_turn() {
    let (rules, merchants) = (rules(8, 30), nation());
    let mut rotation = Rotation::new(rules, id(7), candidates(&merchants, 2_000), &BTreeMap::new());
    let mut shown: BTreeMap<Uuid, (String, u32)> = BTreeMap::new();
    for window in 0..1_000 {
        for product in rotation.draw(window).shown {
            shown.entry(product.merchant).or_insert((product.province, 0)).1 += 1;
        }
    }
    for (code, count) in &merchants {
        let of: Vec<_> = shown.values().filter(|(province, _)| province == code).map(|(_, n)| *n).collect();
        assert_eq!(of.len(), *count as usize, "{code}: a merchant was never shown");
        let (least, most) = (of.iter().min().copied(), of.iter().max().copied());
        assert!(most.zip(least).is_some_and(|(most, least)| most - least <= 1), "{code}: {least:?} {most:?}");
    }
}

#[test]
fn the_same_inputs_give_the_same_order_and_another_slot_another_one() {
    let (rules, merchants) = (rules(4, 30), nation());
    let draw = |seed| {
        let mut rotation = Rotation::new(rules, id(seed), candidates(&merchants, 2_000), &BTreeMap::new());
        (0..50).map(|window| rotation.draw(window)).collect::<Vec<_>>()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
}

#[test]
fn a_rotation_that_is_kept_and_read_again_goes_on_as_if_it_had_not_stopped() {
    let (rules, merchants) = (rules(4, 30), nation());
    let mut whole = Rotation::new(rules, id(1), candidates(&merchants, 500), &BTreeMap::new());
    let mut last: BTreeMap<Uuid, i64> = BTreeMap::new();
    let mut standings = BTreeMap::new();
    for window in 0..120 {
        let mut known = candidates(&merchants, 500);
        known.iter_mut().for_each(|candidate| candidate.last_shown = last.get(&candidate.product).copied());
        let mut again = Rotation::new(rules, id(1), known, &standings);
        let draw = again.draw(window);
        assert_eq!(draw, whole.draw(window), "window {window}");
        last.extend(draw.shown.iter().map(|shown| (shown.product, window)));
        standings = standings_of(&again);
    }
}

#[test]
fn a_product_stands_in_a_window_once_and_reserves_stand_beside_it() {
    let merchants = [("31".to_owned(), 2), ("91".to_owned(), 1)];
    let mut rotation = Rotation::new(rules(3, 30), id(1), candidates(&merchants, 5), &BTreeMap::new());
    for window in 0..20 {
        let draw = rotation.draw(window);
        let mut all: Vec<_> = draw.shown.iter().chain(&draw.reserves).map(|shown| shown.product).collect();
        assert_eq!((draw.shown.len(), draw.reserves.len()), (3, 2));
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 5);
    }
}

#[test]
fn a_newcomer_neither_floods_a_slot_nor_is_kept_out_of_it() {
    let rules = rules(4, 30);
    let (old, new) = (nation(), ("97".to_owned(), 30));
    let mut before = Rotation::new(rules, id(1), candidates(&old, 2_000), &BTreeMap::new());
    let _ = simulate(&mut before, 500);
    let standings = standings_of(&before);
    let all: Vec<_> = old.into_iter().chain([new]).collect();
    let mut after = Rotation::new(rules, id(1), candidates(&all, 2_000), &standings);
    let outcome = simulate(&mut after, 100);
    let part = parts(&all, rules).last().copied().unwrap_or_default();
    let (target, shown) = (part * 400.0, outcome.exposures["97"]);
    assert!((shown - target).abs() <= 2.0, "{shown} of {target}");
}

#[test]
fn one_lonely_product_stands_alone_and_none_leaves_the_slot_empty() {
    let lonely = [("31".to_owned(), 1)];
    let mut rotation = Rotation::new(rules(8, 30), id(1), candidates(&lonely, 1), &BTreeMap::new());
    for window in 0..5 {
        let draw = rotation.draw(window);
        assert_eq!((draw.shown.len(), draw.reserves.len()), (1, 0));
    }
    assert_eq!(Rotation::new(rules(8, 30), id(1), vec![], &BTreeMap::new()).draw(0), Draw::default());
}

#[test]
fn equal_values_have_no_inequality_and_one_that_has_all_has_nearly_the_most() {
    assert!(gini(&[3.0; 38]).abs() < 1e-9);
    let mut one = [0.0; 38];
    one[7] = 5.0;
    assert!((gini(&one) - 37.0 / 38.0).abs() < 1e-9);
    assert!((gini(&[1.0, 3.0]) - 0.25).abs() < 1e-9);
    assert!(gini(&[]).abs() < 1e-9 && gini(&[0.0, 0.0]).abs() < 1e-9);
}

#[test]
fn rules_have_bounds() {
    for bad in [(0, 24, 30), (13, 24, 30), (8, 0, 30), (8, 169, 30), (8, 24, 0), (8, 24, 366)] {
        assert_eq!(RotationRules::new(bad.0, bad.1, bad.2), Err(Code::OutOfRange), "{bad:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nobody_waits_longer_than_the_rules_say(
        counts in proptest::collection::vec(1..60_u32, 1..39),
        places in 1..13_u8, longest in 1..60_u16, extra in 0..200_u32,
    ) {
        // With more provinces than places in the time of a wait, no order keeps the promise: then they go round.
        let longest = longest.max(u16::try_from(counts.len().div_ceil(usize::from(places))).expect("few"));
        let rules = rules(places, longest);
        let merchants: Vec<_> =
            counts.iter().enumerate().map(|(at, count)| (format!("{:02}", at + 11), *count)).collect();
        let all: u32 = counts.iter().sum();
        let mut rotation =
            Rotation::new(rules, id(extra), candidates(&merchants, all + extra), &BTreeMap::new());
        let outcome = simulate(&mut rotation, 150);
        prop_assert!(outcome.longest_wait <= u32::from(longest), "{} > {longest}", outcome.longest_wait);
    }

    #[test]
    fn with_too_few_places_they_go_round(places in 1..4_u8, count in 20..39_usize) {
        let merchants: Vec<_> = (0..count).map(|at| (format!("{:02}", at + 11), 1)).collect();
        let mut rotation = Rotation::new(rules(places, 2), id(1), candidates(&merchants, 1), &BTreeMap::new());
        let outcome = simulate(&mut rotation, 200);
        prop_assert!(outcome.longest_wait as usize <= count.div_ceil(usize::from(places)));
    }

    #[test]
    fn targets_add_up_and_nobody_has_none(counts in proptest::collection::vec(1..100_000_u32, 1..39)) {
        let targets = targets(&counts, rules(8, 30));
        prop_assert_eq!(targets.iter().sum::<i64>(), EXPOSURE);
        prop_assert!(targets.iter().all(|target| *target > 0));
    }
}
