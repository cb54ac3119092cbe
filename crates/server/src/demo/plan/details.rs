//! What is known of a product besides its texts and pictures: answers to what its category asks, options, packages.

use std::collections::BTreeMap;

use kapal_domain::attribute::{AttributeValue, AttributeValues, Number, TextsOf};
use kapal_domain::locale::Bilingual;
use kapal_domain::product_option::{OptionValue, ProductOption};
use kapal_domain::slug::Slug;

use super::data::Edition;
use super::{Package, Variant};
use crate::demo::chance::Chance;

/// What is known of a product.
#[derive(Debug)]
pub struct Known {
    /// What it answers to what its category asks.
    pub answers: AttributeValues,
    /// What its variants differ in; none where there is only one.
    pub option: Option<ProductOption>,
    /// Days from an order until it is sent.
    pub lead_time_days: i32,
    /// Pieces that can be made in a month.
    pub monthly_capacity: i32,
    /// The fewest pieces of one order.
    pub minimum_order: i32,
    /// Its code of the Harmonized System.
    pub hs_code: Option<&'static str>,
    /// What it is good for.
    pub tags: Vec<&'static str>,
    /// The number of its organic certificate, where it has one.
    pub organic: Option<String>,
}

/// Tells of a product by its name, so that whatever else is planned stays as it is.
pub fn known(category: &str, names: &Bilingual<String>, edition: &Edition, variants: &[Variant]) -> Known {
    let seed =
        names.id.bytes().fold(0x6B61_7061_6C00, |seed: u64, byte| seed.rotate_left(7) ^ u64::from(byte));
    let mut chance = Chance::new(seed);
    let hand_made =
        matches!(category, "batik" | "tenun" | "kain" | "anyaman" | "ukiran" | "perhiasan" | "keramik");
    let mut tags = vec!["khas-daerah"];
    tags.extend(hand_made.then_some("buatan-tangan"));
    tags.extend((edition.price < 60_000).then_some("oleh-oleh"));
    let is_gift = ["Hadiah", "Hantaran", "Kotak"].iter().any(|word| names.id.contains(word));
    tags.extend((is_gift || chance.below(6) == 0).then_some("hadiah"));
    let grown = matches!(category, "kopi" | "teh" | "beras" | "rempah" | "kacang");
    let organic = (grown && chance.below(9) == 0)
        .then(|| format!("LSO-{:03}-IDN {:05}", chance.between(1, 9), chance.below(99_999)));
    Known {
        answers: answers(category, names, &mut chance),
        option: option(variants),
        lead_time_days: if hand_made { chance.between(7, 30) } else { chance.between(1, 7) } as i32,
        monthly_capacity: match edition.price {
            0..100_000 => chance.between(20, 80) * 10,
            100_000..500_000 => chance.between(4, 20) * 10,
            _ => chance.between(2, 12),
        } as i32,
        minimum_order: if edition.price < 30_000 { 3 } else { 1 },
        hs_code: hs_code(category, names),
        tags,
        organic,
    }
}

fn answers(category: &str, names: &Bilingual<String>, chance: &mut Chance) -> AttributeValues {
    let has = |word: &str| names.id.contains(word);
    let one = |key: &str| AttributeValue::Choice(key.to_owned());
    let number = |number: usize| AttributeValue::Number(Number::Whole(number as i64));
    let text =
        |id: &str, en: &str| AttributeValue::Text(TextsOf { id: Some(id.into()), en: Some(en.into()) });
    let technique = ["tulis", "cap", "combination"];
    let dye = ["natural", "synthetic", "mixed"];
    let given: Vec<(&str, AttributeValue)> = match category {
        "kopi" => {
            let species = if has("Robusta") {
                "robusta"
            } else if has("Liberika") {
                "liberica"
            } else {
                "arabica"
            };
            let roast = match () {
                () if has("Hijau") => "green",
                () if has("Gelap") => "dark",
                () if has("Madu") || has("Natural") => "light",
                () => "medium",
            };
            let process = match () {
                () if has("Olah Madu") => "honey",
                () if has("Natural") => "natural",
                () if has("Gayo") || has("Mandailing") => "wet_hulled",
                () => "washed",
            };
            let form = if has("Bubuk") || has("Kantong Seduh") { "ground" } else { "beans" };
            let altitude =
                if species == "arabica" { chance.between(11, 17) } else { chance.between(3, 8) } * 100;
            vec![
                ("species", one(species)),
                ("roast", one(roast)),
                ("process", one(process)),
                ("form", one(form)),
                ("altitude", number(altitude)),
                ("shelf_life_days", number(365)),
            ]
        }
        "teh" => {
            let kind = if has("Hijau") {
                "green"
            } else if has("Putih") {
                "white"
            } else {
                "black"
            };
            vec![("tea_kind", one(kind)), ("shelf_life_days", number(540))]
        }
        "batik" => vec![
            ("technique", one(chance.pick::<&str>(&technique))),
            ("dye", one(chance.pick::<&str>(&dye))),
            ("handmade", AttributeValue::YesNo(true)),
            (
                "care",
                text("Cuci dengan lerak, jemur di tempat teduh.", "Wash with mild soap, dry in the shade."),
            ),
        ],
        "tenun" => vec![
            ("technique", one(if has("Songket") { "songket" } else { "ikat" })),
            ("dye", one(chance.pick::<&str>(&dye))),
            ("handmade", AttributeValue::YesNo(true)),
        ],
        "kain" => vec![("handmade", AttributeValue::YesNo(true)), ("material", text("Katun", "Cotton"))],
        "beras" => {
            let kind = match () {
                () if has("Hitam") => "black",
                () if has("Merah") => "red",
                () if has("Ketan") => "glutinous",
                () => "white",
            };
            vec![("rice_kind", one(kind)), ("storage", one("room"))]
        }
        "rempah" => {
            let form = if has("Bubuk") { "ground" } else { "whole" };
            vec![("form", one(form)), ("shelf_life_days", number(720)), ("storage", one("room"))]
        }
        "makanan-ringan" => vec![
            ("spiciness", one(if has("Pedas") || has("Balado") { "hot" } else { "none" })),
            ("shelf_life_days", number(*chance.pick(&[90, 120, 180]))),
            ("storage", one("room")),
            ("no_preservatives", AttributeValue::YesNo(true)),
        ],
        "makanan-olahan" | "kacang" | "pemanis" | "madu" | "garam" => vec![
            ("shelf_life_days", number(*chance.pick(&[120, 180, 365]))),
            ("storage", one("room")),
            ("no_preservatives", AttributeValue::YesNo(true)),
        ],
        "minuman-tradisional" => vec![
            ("shelf_life_days", number(*chance.pick(&[30, 180, 365]))),
            ("no_preservatives", AttributeValue::YesNo(true)),
        ],
        "buah" | "hasil-bumi" => vec![("storage", one("cool"))],
        "anyaman" | "ukiran" | "perhiasan" | "keramik" => vec![("handmade", AttributeValue::YesNo(true))],
        "mebel" => vec![("assembled", AttributeValue::YesNo(chance.below(2) == 0))],
        _ => Vec::new(),
    };
    given.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Sizes where the names count something, colours where they are such, else choices.
fn option(variants: &[Variant]) -> Option<ProductOption> {
    const COLOURS: [(&str, &str); 11] = [
        ("Hitam", "Black"),
        ("Merah", "Red"),
        ("Putih", "White"),
        ("Biru", "Blue"),
        ("Hijau", "Green"),
        ("Ungu", "Purple"),
        ("Cokelat", "Brown"),
        ("Warna gelap", "Dark colours"),
        ("Warna terang", "Light colours"),
        ("Warna tanah", "Earth colours"),
        ("Warna laut", "Sea colours"),
    ];
    if variants.len() < 2 {
        return None;
    }
    let colour = |name: &str| COLOURS.iter().find(|(id, _)| *id == name).map(|(_, en)| *en);
    let names: Vec<_> = variants.iter().map(|variant| variant.name.as_str()).collect();
    let (key, id, en) = match () {
        () if names.iter().all(|name| colour(name).is_some()) => ("colour", "Warna", "Colour"),
        () if names.iter().all(|name| name.bytes().any(|b| b.is_ascii_digit())) => ("size", "Ukuran", "Size"),
        () => ("choice", "Pilihan", "Choice"),
    };
    let value = |name: &&str| OptionValue {
        key: value_key(name),
        id: (*name).to_owned(),
        en: colour(name).unwrap_or(name).to_owned(),
    };
    let values = names.iter().map(value).collect();
    Some(ProductOption { key: key.to_owned(), id: id.to_owned(), en: en.to_owned(), values })
}

/// The key of a variant's value, made of its name.
pub fn value_key(name: &str) -> String {
    Slug::from_name(name).as_str().chars().take(40).collect::<String>().trim_end_matches('-').to_owned()
}

/// What a variant weighs and measures when it is sent, by what its name counts.
pub fn package(name: &str, category: &str) -> Package {
    let words: Vec<_> = name.split_whitespace().collect();
    let counted = words.windows(2).find_map(|pair| {
        let count = pair[0].replace(',', ".").parse::<f64>().ok()?;
        match pair[1] {
            "g" | "ml" => Some(count),
            "kg" | "liter" => Some(count * 1_000.0),
            _ => None,
        }
    });
    let usual = match category {
        "mebel" => 9_000.0,
        "keramik" | "ukiran" => 900.0,
        "anyaman" => 450.0,
        "perhiasan" => 60.0,
        _ => 300.0,
    };
    // A tenth more for the package.
    let grams = (counted.unwrap_or(usual) * 1.1 + 15.0).round().min(1_000_000.0) as i32;
    let side = (f64::from(grams) * 2_500.0).cbrt().round().clamp(60.0, 2_000.0) as i32;
    Package { weight_grams: grams, size_mm: [side * 3 / 2, side, side * 2 / 3] }
}

fn hs_code(category: &str, names: &Bilingual<String>) -> Option<&'static str> {
    let codes = BTreeMap::from([
        ("kopi", if names.id.contains("Hijau") { "090111" } else { "090121" }),
        ("teh", if names.id.contains("Hijau") { "090220" } else { "090240" }),
        ("beras", "100630"),
        ("madu", "040900"),
        ("garam", "250100"),
        ("anyaman", "460219"),
        ("keramik", "691310"),
        ("batik", "630790"),
    ]);
    codes.get(category).copied()
}
