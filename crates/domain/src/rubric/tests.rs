use proptest::prelude::*;

use super::*;
use crate::locale::Locale;

const KEYS: [&str; 6] = ["kualitas", "kemasan", "legalitas", "kapasitas", "cerita", "pasar"];

fn rubric() -> Rubric {
    Rubric::default_rubric()
}

fn sheet(points: [i64; 6]) -> ScoreSheet {
    rubric().score(KEYS.into_iter().zip(points)).expect("a score sheet")
}

fn verdict<const N: usize>(sheets: [[i64; 6]; N]) -> Verdict {
    rubric().verdict(&sheets.map(sheet)).expect("a verdict")
}

fn faults(scores: &[(&str, i64)]) -> Vec<(String, Code)> {
    let faults = rubric().score(scores.iter().copied()).expect_err("faults");
    faults.into_vec().into_iter().map(|fault| (fault.pointer, fault.code)).collect()
}

#[test]
fn the_default_rubric_is_the_documented_one() {
    let rubric = rubric();
    let weights: Vec<_> =
        rubric.criteria().iter().map(|criterion| (criterion.key.as_str(), criterion.weight)).collect();
    assert_eq!(
        weights,
        [
            ("kualitas", 25),
            ("kemasan", 15),
            ("legalitas", 20),
            ("kapasitas", 15),
            ("cerita", 10),
            ("pasar", 15)
        ]
    );
    let marks = rubric.marks();
    assert_eq!((marks.mutiara_at, marks.max_difference, marks.reviewers, marks.min_photos), (75, 15, 2, 1));
    assert_eq!(marks.gates, ReviewGate::ALL);
    for criterion in rubric.criteria() {
        for text in criterion.anchors.iter().map(|anchor| &anchor.meaning).chain([&criterion.name]) {
            assert_ne!(text.get(Locale::Id), text.get(Locale::En));
        }
    }
}

#[test]
fn weights_add_up_to_100_and_keys_differ() {
    let found = |change: &dyn Fn(&mut Vec<Criterion>, &mut Marks)| {
        let (mut criteria, mut marks) = (rubric().criteria().to_vec(), rubric().marks().clone());
        change(&mut criteria, &mut marks);
        let faults = Rubric::new(criteria, marks).err().map(Faults::into_vec).unwrap_or_default();
        faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect::<Vec<_>>()
    };
    let one = |pointer: &str, code| vec![(pointer.to_owned(), code)];
    assert_eq!(found(&|_, _| ()), []);
    assert_eq!(found(&|c, _| c[0].weight = 24), one("/criteria", Code::InvalidRubric));
    assert_eq!(found(&|c, _| c[0].weight = 26), one("/criteria", Code::InvalidRubric));
    assert_eq!(
        found(&|c, _| (c[0].weight, c[1].weight) = (40, 0)),
        one("/criteria/1/weight", Code::OutOfRange)
    );
    assert_eq!(found(&|c, _| c.clear()), one("/criteria", Code::Required));
    assert_eq!(found(&|c, _| c[5].key = c[0].key.clone()), one("/criteria/5/key", Code::DuplicateEntry));
    assert_eq!(found(&|c, _| c[2].anchors.truncate(2)), one("/criteria/2/anchors", Code::InvalidAnchors));
    assert_eq!(found(&|_, m| m.mutiara_at = 101), one("/mutiara_at", Code::OutOfRange));
    assert_eq!(found(&|_, m| m.max_difference = 101), one("/max_difference", Code::OutOfRange));
    assert_eq!(found(&|_, m| m.reviewers = 0), one("/reviewers", Code::OutOfRange));
    assert_eq!(found(&|_, m| m.min_photos = 11), one("/min_photos", Code::OutOfRange));
    assert_eq!(found(&|_, m| m.gates[2] = m.gates[0]), one("/gates/2", Code::DuplicateEntry));
}

#[test]
fn a_criterion_may_have_an_anchor_for_every_point() {
    let mut criteria = rubric().criteria().to_vec();
    let meaning = criteria[0].name.clone();
    criteria[0].anchors = (1..=5).map(|points| Anchor { points, meaning: meaning.clone() }).collect();
    assert!(Rubric::new(criteria, rubric().marks().clone()).is_ok());
}

#[test]
fn a_gate_is_open_when_the_product_has_what_it_asks_for() {
    let passed = GateFacts { has_nib: true, missing_documents: Vec::new(), photos: 1, has_price: true };
    assert_eq!(rubric().shut_gates(&passed), []);
    let nothing =
        GateFacts { has_nib: false, missing_documents: vec!["halal".into()], photos: 0, has_price: false };
    assert_eq!(rubric().shut_gates(&nothing), ReviewGate::ALL);
}

#[test]
fn a_key_is_a_word_in_small_letters() {
    for bad in ["Kualitas", "1a", "_a", "a-b", "a b", "é"] {
        assert_eq!(CriterionKey::parse(bad), Err(Code::InvalidCharacters), "{bad}");
    }
    assert_eq!(CriterionKey::parse(""), Err(Code::Required));
    assert_eq!(CriterionKey::parse(&"a".repeat(41)), Err(Code::TooLong));
    assert!(CriterionKey::parse("cerita_2").is_ok());
}

#[test]
fn a_score_is_the_weighted_sum() {
    assert_eq!(sheet([5; 6]).total().to_string(), "100.00");
    assert_eq!(sheet([1; 6]).total().to_string(), "20.00");
    // 25 × 4/5 + 15 × 3/5 + 20 × 5/5 + 15 × 4/5 + 10 × 2/5 + 15 × 3/5
    assert_eq!(sheet([4, 3, 5, 4, 2, 3]).total().hundredths(), 7400);
    let points: Vec<_> =
        sheet([4, 3, 5, 4, 2, 3]).points().map(|(key, points)| (key.as_str().to_owned(), points)).collect();
    assert_eq!(points[4], ("cerita".to_owned(), 2));
}

#[test]
fn every_criterion_is_scored_once_from_1_to_5() {
    assert_eq!(
        faults(&[
            ("kualitas", 0),
            ("kemasan", 6),
            ("legalitas", i64::MIN),
            ("kapasitas", 3),
            ("cerita", 261),
            ("rasa/~", 3),
            ("kapasitas", 4)
        ]),
        [
            ("/rasa~1~0".into(), Code::UnknownCriterion),
            ("/kapasitas".into(), Code::DuplicateEntry),
            ("/kualitas".into(), Code::OutOfRange),
            ("/kemasan".into(), Code::OutOfRange),
            ("/legalitas".into(), Code::OutOfRange),
            ("/cerita".into(), Code::OutOfRange),
            ("/pasar".into(), Code::MissingScore),
        ]
    );
    assert_eq!(faults(&[]).len(), 6);
}

#[test]
fn stars_begin_at_their_bounds() {
    for (hundredths, stars) in [
        (10_000, 5),
        (9000, 5),
        (8999, 4),
        (7500, 4),
        (7499, 3),
        (6000, 3),
        (5999, 2),
        (4500, 2),
        (4499, 1),
        (0, 1),
    ] {
        assert_eq!(Score::from_hundredths(hundredths).map(Score::stars), Ok(stars), "{hundredths}");
    }
    assert_eq!(Score::from_hundredths(-1), Err(Code::OutOfRange));
    assert_eq!(Score::from_hundredths(10_001), Err(Code::OutOfRange));
}

#[test]
fn one_reviewer_alone_decides_nothing() {
    assert_eq!(rubric().verdict(&[]), None);
    let alone = verdict([[5; 6]]);
    assert!(!alone.is_complete && !alone.qualifies && !alone.needs_third);
    assert_eq!(alone.stars, 5);
}

#[test]
fn two_reviewers_who_agree_make_a_mutiara_at_75() {
    // 75 exactly: 25 × 3/5 + 15 × 4/5 + 20 × 4/5 + 15 × 4/5 + 10 × 4/5 + 15 × 4/5
    let exactly = [3, 4, 4, 4, 4, 4];
    let at = verdict([exactly, exactly]);
    assert_eq!((at.average.hundredths(), at.stars, at.qualifies), (7500, 4, true));
    // 73 and 75
    let below = verdict([[3, 4, 4, 4, 3, 4], exactly]);
    assert_eq!(
        (below.average.hundredths(), below.stars, below.is_complete, below.qualifies),
        (7400, 3, true, false)
    );
}

#[test]
fn nothing_below_three_becomes_mutiara() {
    let weak = verdict([[5, 5, 5, 5, 2, 5], [5; 6]]);
    assert_eq!(
        (weak.average.hundredths(), weak.below_three, weak.is_complete, weak.qualifies),
        (9700, true, true, false)
    );
}

#[test]
fn a_third_scores_when_two_differ_by_more_than_15() {
    let all_three = [3; 6];
    // 60 and 75: exactly 15 apart.
    assert!(!verdict([all_three, [3, 4, 4, 4, 4, 4]]).needs_third);
    // 60 and 77
    let apart = verdict([all_three, [3, 4, 4, 4, 5, 4]]);
    assert!(apart.needs_third && !apart.is_complete && !apart.qualifies);
    let settled = verdict([all_three, [3, 4, 4, 4, 5, 4], [5; 6]]);
    assert!(!settled.needs_third && settled.is_complete && settled.qualifies);
    assert_eq!(settled.average.hundredths(), 7900);
}

#[test]
fn an_average_is_rounded_down() {
    // 60, 60 and 61 over three: 60.33..
    let mut sheets = [[3; 6]; 3];
    sheets[2] = [3, 3, 3, 3, 3, 3];
    assert_eq!(verdict(sheets).average.hundredths(), 6000);
    sheets[2] = [3, 3, 3, 3, 4, 3];
    assert_eq!(verdict(sheets).average.hundredths(), 6066);
}

fn any_points() -> impl Strategy<Value = [i64; 6]> {
    proptest::array::uniform6(1..=5_i64)
}

proptest! {
    #[test]
    fn a_score_is_within_20_and_100_and_exact(points in any_points()) {
        let total = sheet(points).total().hundredths();
        prop_assert!((2000..=10_000).contains(&total));
        let weighted: i64 = rubric().criteria().iter().zip(points).map(|(c, p)| i64::from(c.weight) * p).sum();
        prop_assert_eq!(i64::from(total) * 5, weighted * 100);
    }

    #[test]
    fn a_point_more_never_makes_it_worse(points in any_points(), at in 0..6_usize) {
        let mut better = points;
        better[at] = (better[at] + 1).min(5);
        let (before, after) = (sheet(points).total(), sheet(better).total());
        prop_assert!(before <= after && before.stars() <= after.stars());
    }

    #[test]
    fn the_order_of_scores_and_of_sheets_does_not_matter(a in any_points(), b in any_points()) {
        prop_assert_eq!(verdict([a, b]), verdict([b, a]));
        let backwards = KEYS.into_iter().zip(a).rev();
        prop_assert_eq!(rubric().score(backwards), Ok(sheet(a)));
    }

    #[test]
    fn a_verdict_follows_its_rules(sheets in proptest::collection::vec(any_points(), 1..6)) {
        let sheets: Vec<_> = sheets.into_iter().map(sheet).collect();
        let totals: Vec<i64> = sheets.iter().map(|sheet| sheet.total().hundredths().into()).collect();
        let verdict = rubric().verdict(&sheets).expect("a verdict");
        let (sum, n) = (totals.iter().sum::<i64>(), totals.len() as i64);
        let apart = totals.iter().max().zip(totals.iter().min()).is_some_and(|(high, low)| high - low > 1500);
        prop_assert_eq!(verdict.needs_third, n == 2 && apart);
        prop_assert_eq!(verdict.is_complete, n > 2 || n == 2 && !apart);
        prop_assert_eq!(verdict.qualifies, verdict.is_complete && sum >= 7500 * n && !verdict.below_three);
        prop_assert_eq!(verdict.stars, verdict.average.stars());
    }
}
