//! An index in memory, asked as a storefront asks.

use chrono::{DateTime, TimeDelta, Utc};
use kapal_domain::ids::{AggregatorId, MerchantId, ProductId};
use kapal_domain::locale::Locale;
use kapal_domain::region::RegionCode;
use kapal_domain::search_weights::SearchWeights;
use uuid::Uuid;

use crate::*;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).expect("a time")
}

fn aggregator(n: u128) -> AggregatorId {
    Uuid::from_u128(n).into()
}

/// A product of aggregator 1, merchant 7, in Ende.
fn product(n: u128, name: &str, description: &str) -> Product {
    Product {
        aggregator: aggregator(1),
        id: Uuid::from_u128(1_000 + n).into(),
        texts: vec![Text {
            locale: Locale::Id,
            name: name.into(),
            description: description.into(),
            category: "Kopi".into(),
        }],
        merchant: Uuid::from_u128(7).into(),
        merchant_slug: "mama-ina".into(),
        merchant_name: "Mama Ina".into(),
        region_code: "53.08.01".into(),
        region_name: "Ende".into(),
        province_code: "53".into(),
        province_name: "Nusa Tenggara Timur".into(),
        category_path: vec!["minuman".into(), "kopi".into()],
        price: 5_000_000,
        available: true,
        is_mutiara: false,
        stars: 0,
        certificates: Vec::new(),
        level: None,
        published_at: now() - TimeDelta::days(10),
    }
}

struct Shelf {
    index: Index,
    writer: Writer,
    progress: Progress,
}

impl Shelf {
    fn of(products: &[Product]) -> Self {
        let index = Index::in_memory().expect("an index");
        assert_eq!(index.progress(), None, "nothing is told before it is built");
        let writer = index.writer().expect("a writer").expect("the lock");
        let mut shelf = Self { index, writer, progress: Progress::default() };
        for product in products {
            shelf.writer.put(product).expect("put");
        }
        shelf.commit();
        shelf
    }

    fn commit(&mut self) {
        self.writer.commit(&self.progress).expect("a commit");
        self.index.refresh().expect("a look");
    }

    fn ask(&self, text: &str, filter: &Filter) -> Found {
        self.search(&Question { text, filter, ..question() })
    }

    fn search(&self, question: &Question<'_>) -> Found {
        self.index.search(question).expect("an answer")
    }

    fn found(&self, text: &str) -> Vec<u128> {
        numbers(&self.ask(text, &Filter::default()))
    }
}

fn question() -> Question<'static> {
    static EVERYTHING: Scope = Scope::AllBut(Vec::new());
    static ANY: Filter = Filter::ANY;
    Question {
        scope: &EVERYTHING,
        text: "",
        filter: &ANY,
        synonyms: Synonyms::shared(),
        weights: SearchWeights::STANDARD,
        after: None,
        limit: 100,
        facets: &[],
        now: now(),
    }
}

fn numbers(found: &Found) -> Vec<u128> {
    found.hits.iter().map(|hit| hit.product.uuid().as_u128() - 1_000).collect()
}

#[test]
fn all_words_are_found_wherever_they_stand_and_names_count_most() {
    let shelf = Shelf::of(&[
        product(1, "Sambal Roa", "Enak dengan kopi pahit."),
        product(2, "Kopi Flores Bajawa", "Disangrai."),
        product(3, "Kopi Toraja", "Kopi kopi kopi."),
        product(4, "Teh Hijau", ""),
    ]);
    assert_eq!(shelf.found("kopi bajawa")[0], 2);
    assert_eq!(shelf.ask("kopi bajawa", &Filter::default()).relaxed, [Relaxed::AnyWord]);
    let kopi = shelf.found("KOPI");
    assert_eq!(kopi.len(), 4, "the category is called so too");
    assert!([2, 3].contains(&kopi[0]) && [2, 3].contains(&kopi[1]), "{kopi:?}");
    for named in ["mama ina", "ende", "nusa tenggara timur", "minuman"] {
        assert_eq!(shelf.found(named).len(), 4, "{named}");
    }
    assert_eq!(shelf.found("tehnya"), [4], "an ending");
    assert_eq!(shelf.found("coffee").len(), 4, "a synonym");
    assert_eq!(shelf.found("").len(), 4, "no words ask for everything");
    assert_eq!(shelf.found("☕️ !!").len(), 0, "signs ask for nothing that there is");
}

#[test]
fn words_are_read_more_loosely_step_by_step() {
    let shelf = Shelf::of(&[
        product(1, "Keripik Pisang", ""),
        product(2, "Keripik Tempe", ""),
        product(3, "Cokelat Batang", ""),
    ]);
    let relaxed = |text| {
        let found = shelf.ask(text, &Filter::default());
        (numbers(&found), found.relaxed, found.did_you_mean)
    };
    assert_eq!(relaxed("kripik pisang").0[0], 1, "a variant needs no step");
    assert!(relaxed("coklat").1.is_empty());
    let spelt = Some("keripik".to_owned());
    assert_eq!(relaxed("kerpik").1, [Relaxed::Spelling]);
    assert_eq!(relaxed("kerpik").2, spelt);
    assert_eq!(relaxed("keri"), (vec![2, 1], vec![Relaxed::Prefix], None));
    assert_eq!(relaxed("tempe cokelat"), (vec![3, 2], vec![Relaxed::AnyWord], None));
    let (found, steps, meant) = relaxed("kripik pisnag");
    assert_eq!(
        (found[0], steps, meant),
        (1, vec![Relaxed::Spelling, Relaxed::AnyWord], Some("kripik pisang".into()))
    );
    assert_eq!(relaxed("zzzzzz"), (vec![], vec![], None));
    assert!(
        !shelf.ask("kerpik", &Filter::default()).is_exact && shelf.ask("tempe", &Filter::default()).is_exact
    );
}

#[test]
fn what_words_find_as_they_are_stands_before_what_they_find_more_loosely() {
    let mut products: Vec<_> = (1..=30).map(|n| product(n, "Kopi Kopi", "Kopi")).collect();
    for product in &mut products {
        product.is_mutiara = true;
        product.stars = 5;
        product.published_at = now();
    }
    products.push(Product { available: false, ..product(31, "Apa saja", "luwak dan kopi") });
    let shelf = Shelf::of(&products);
    let found = shelf.ask("luwak kopi", &Filter::default());
    assert_eq!((numbers(&found)[0], found.hits.len(), &found.relaxed[..]), (31, 31, &[Relaxed::AnyWord][..]));
}

#[test]
fn signals_settle_what_words_leave_open() {
    let plain = product(1, "Kopi Toraja", "");
    let shelf = Shelf::of(&[
        Product { available: false, ..product(2, "Kopi Toraja", "") },
        plain,
        Product { is_mutiara: true, stars: 5, ..product(3, "Kopi Toraja", "") },
        Product { published_at: now(), ..product(4, "Kopi Toraja", "") },
    ]);
    assert_eq!(shelf.found("toraja"), [3, 4, 1, 2]);
}

#[test]
fn filters_and_facets_count_the_same() {
    let shelf = Shelf::of(&[
        Product {
            price: 2_000_000,
            stars: 4,
            is_mutiara: true,
            certificates: vec!["halal".into()],
            ..product(1, "Kopi", "")
        },
        Product { price: 2_500_000, stars: 2, ..product(2, "Kopi", "") },
        Product {
            price: 200_000_000,
            category_path: vec!["kerajinan".into()],
            region_code: "73.26".into(),
            province_code: "73".into(),
            merchant: Uuid::from_u128(8).into(),
            merchant_slug: "lain".into(),
            ..product(3, "Kopi", "")
        },
        Product { aggregator: aggregator(2), ..product(4, "Kopi", "") },
    ]);
    let own = Scope::One(aggregator(1));
    let count = |filter: &Filter| shelf.search(&Question { scope: &own, filter, ..question() }).total;
    let region =
        |code| Filter { regions: vec![RegionCode::parse(code).expect("a code")], ..Filter::default() };
    for (filter, expected) in [
        (Filter::default(), 3),
        (Filter { category: Some("minuman".into()), ..Filter::default() }, 2),
        (Filter { category: Some("kopi".into()), ..Filter::default() }, 2),
        (region("53"), 2),
        (region("53.08.01"), 2),
        (region("73.26"), 1),
        (Filter { merchant: Some("lain".into()), ..Filter::default() }, 1),
        (Filter { merchant_id: Some(MerchantId::from(Uuid::from_u128(7))), ..Filter::default() }, 2),
        (Filter { min_price: Some(2_500_000), ..Filter::default() }, 2),
        (Filter { max_price: Some(2_500_000), ..Filter::default() }, 2),
        (Filter { mutiara: Some(true), ..Filter::default() }, 1),
        (Filter { mutiara: Some(false), ..Filter::default() }, 2),
        (Filter { stars: Some(2), ..Filter::default() }, 2),
        (Filter { stars: Some(3), ..Filter::default() }, 1),
        (Filter { certificate: Some("halal".into()), ..Filter::default() }, 1),
    ] {
        assert_eq!(count(&filter), expected, "{filter:?}");
    }
    let hidden = Scope::AllBut(vec![aggregator(1)]);
    assert_eq!(shelf.search(&Question { scope: &hidden, ..question() }).total, 1);
    let category = Filter { category: Some("kopi".into()), ..Filter::default() };
    let asked = Question { scope: &own, filter: &category, facets: &Facet::ALL, text: "kopi", ..question() };
    let counts = shelf.search(&asked).counts;
    let of = |slug: &str| counts.categories.get(slug).copied();
    assert_eq!(
        (of("kopi"), of("minuman"), of("kerajinan")),
        (Some(2), Some(2), Some(1)),
        "its own filter is left out"
    );
    assert_eq!(counts.provinces.into_iter().collect::<Vec<_>>(), [("53".to_owned(), 2)]);
    assert_eq!(counts.bands, [1, 1, 0, 0, 0, 0, 0]);
    assert_eq!(counts.stars, [2, 2, 1, 1, 0]);
    assert_eq!(counts.certificates.into_iter().collect::<Vec<_>>(), [("halal".to_owned(), 1)]);
}

#[test]
fn pages_follow_each_other_without_holes_or_repeats() {
    let products: Vec<_> = (1..=45).map(|n| product(n, "Kopi", "")).collect();
    let shelf = Shelf::of(&products);
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = shelf.search(&Question { text: "kopi", after, limit: 10, ..question() });
        assert_eq!(page.total, 45);
        seen.extend(numbers(&page));
        after = page.hits.last().map(|hit| hit.standing);
        if page.hits.len() < 10 {
            break;
        }
    }
    assert_eq!(seen, (1..=45).rev().collect::<Vec<_>>(), "ties go by id");
}

#[test]
fn a_page_goes_on_where_its_last_product_stands_now() {
    let mut shelf = Shelf::of(&(1..=20).map(|n| product(n, "Kopi", "")).collect::<Vec<_>>());
    let first = shelf.search(&Question { text: "kopi", limit: 10, ..question() });
    // Many others make the word rarer, and all its scores higher.
    for n in 100..200 {
        let other = Product { category_path: vec!["teh".into()], ..product(n, "Teh", "") };
        let texts = other.texts.iter().map(|text| Text { category: "Teh".into(), ..text.clone() }).collect();
        shelf.writer.put(&Product { texts, ..other }).expect("put");
    }
    shelf.commit();
    let after = first.hits.last().map(|hit| hit.standing);
    let second = shelf.search(&Question { text: "kopi", after, limit: 10, ..question() });
    assert_eq!(numbers(&second), (1..=10).rev().collect::<Vec<_>>());
}

#[test]
fn what_is_put_again_is_there_once_and_what_is_removed_is_gone() {
    let mut shelf = Shelf::of(&[product(1, "Kopi", ""), product(2, "Teh Melati", "")]);
    shelf.writer.put(&product(1, "Kakao", "")).expect("put");
    shelf.commit();
    assert_eq!((shelf.found("kakao"), shelf.index.len()), (vec![1], 2));
    shelf.writer.remove_product(ProductId::from(Uuid::from_u128(1_001)));
    assert_eq!(shelf.found("kakao"), [1], "not before it is committed");
    shelf.commit();
    assert_eq!(shelf.found("kakao"), Vec::<u128>::new());
    shelf.writer.remove_merchant(Uuid::from_u128(7).into());
    shelf.commit();
    assert!(shelf.index.is_empty());
    assert!(shelf.index.writer().expect("an answer").is_none(), "one writes");
}

#[test]
fn what_is_typed_is_completed_by_words_and_names_of_the_scope() {
    let shelf = Shelf::of(&[
        product(1, "Kopi Toraja", ""),
        product(2, "Kopi Tubruk", ""),
        Product {
            aggregator: aggregator(2),
            merchant_slug: "kopi-lain".into(),
            merchant_name: "Kopi Lain".into(),
            ..product(3, "Kopi Temanggung", "")
        },
    ]);
    let own = Scope::One(aggregator(1));
    let suggest = |text: &str| shelf.index.suggest(&own, text, 10).expect("an answer");
    let texts =
        |suggested: &Suggested| suggested.suggestions.iter().map(|s| s.text.clone()).collect::<Vec<_>>();
    assert_eq!(
        texts(&suggest("kopi t")),
        ["kopi tenggara", "kopi timur", "kopi toraja", "kopi tubruk"],
        "not the other aggregator's"
    );
    assert_eq!(texts(&suggest("Kop")), ["kopi", "Kopi"]);
    let region = Suggestion { text: "Ende".into(), thing: Some((Named::Region, "53.08.01".into())) };
    assert!(suggest("end").suggestions.contains(&region));
    let merchant = Suggestion { text: "Mama Ina".into(), thing: Some((Named::Merchant, "mama-ina".into())) };
    assert!(suggest("ina").suggestions.contains(&merchant), "from any of its words on");
    let spelt = suggest("torjaa");
    assert_eq!((spelt.did_you_mean.as_deref(), &texts(&spelt)[0][..]), (Some("toraja"), "toraja"));
    assert_eq!(suggest(""), Suggested::default());
    assert_eq!(suggest("☕️"), Suggested::default());
}

#[test]
fn any_text_is_a_question() {
    let shelf = Shelf::of(&[product(1, "Kopi", "dan yang")]);
    for text in [
        "' OR 1=1 --",
        "kopi & | ! <-> :*",
        "\\",
        "a:b*",
        "((((",
        "%",
        "قهوة",
        "\u{202e}kopi",
        "ko\u{300}pi",
        "; DROP TABLE products",
        "$1",
        "\u{feff}",
        "-kopi",
        "\"kopi",
        "dan yang di",
        "the of",
    ] {
        let _ = shelf.ask(text, &Filter::default());
        let _ = shelf.index.suggest(&Scope::AllBut(Vec::new()), text, 10).expect("an answer");
    }
    for long in ["x".repeat(10_000), "kopi ".repeat(2_000), "☕".repeat(3_000)] {
        let _ = shelf.ask(&long, &Filter::default());
    }
}

#[test]
fn highlights_follow_how_the_words_were_read() {
    let shelf = Shelf::of(&[product(1, "Kripik Pisang & <b>", "Keripiknya renyah.")]);
    let marks = |text| shelf.ask(text, &Filter::default()).marks;
    let name = "Kripik Pisang & <b>";
    assert_eq!(marks("keripik").mark(name).as_deref(), Some("<mark>Kripik</mark> Pisang &amp; &lt;b&gt;"));
    assert_eq!(marks("pisnag").mark(name).as_deref(), Some("Kripik <mark>Pisang</mark> &amp; &lt;b&gt;"));
    assert_eq!(marks("pis").mark(name).as_deref(), Some("Kripik <mark>Pisang</mark> &amp; &lt;b&gt;"));
    assert_eq!(
        marks("keripik").excerpt("Keripiknya renyah.").as_deref(),
        Some("<mark>Keripiknya</mark> renyah.")
    );
}
