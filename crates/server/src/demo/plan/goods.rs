//! Products: a regional product in one of its editions.

use anyhow::{Context, Result};
use kapal_domain::locale::Bilingual;
use kapal_domain::media::AltText;
use kapal_domain::product::{ProductDescription, ProductName, ProductStatus, VariantName};
use kapal_pictures::{Kind, Motif};

use super::data::{Data, Edition, Origin};
use super::details::{known, package};
use super::{Product, Variant, fill, valid};
use crate::demo::chance::Chance;

/// Who makes it where, for its texts.
#[derive(Debug, Clone, Copy)]
pub struct Maker<'a> {
    /// The merchant's name.
    pub name: &'a str,
    /// The name of the place.
    pub place: &'a str,
}

/// Makes a published product.
pub fn product(
    data: &Data,
    origin: &Origin,
    edition: &Edition,
    maker: Maker<'_>,
    chance: &mut Chance,
) -> Result<Product> {
    let kind = Kind::from_name(&origin.kind).with_context(|| format!("no picture of {}", origin.kind))?;
    let names = edition.name(&origin.about);
    let (made_id, made_en) = chance.pick(data.sentences("maker")?);
    let words = [("usaha", maker.name), ("tempat", maker.place)];
    let description = Bilingual {
        id: format!("{} {} {}", origin.about.note_id, edition.text_id, fill(made_id, &words)),
        en: format!("{} {} {}", origin.about.note_en, edition.text_en, fill(made_en, &words)),
    };
    // Houses ask their own prices, a tenth more or less.
    let own = chance.between(90, 110) as f64 / 100.0;
    let category = category(kind, &origin.about.line);
    let variants: Vec<_> = edition
        .sizes()
        .map(|size| {
            let (name, factor) = size?;
            let price = round_price(f64::from(edition.price) * factor * own);
            let stock = if chance.below(12) == 0 { 0 } else { chance.between(3, most(edition.price)) };
            let package = package(name, category);
            Ok(Variant { name: valid(VariantName::parse(name), name)?, price, stock: stock as i64, package })
        })
        .collect::<Result<_>>()?;
    Ok(Product {
        known: known(category, &names, edition, &variants),
        category,
        pictures: pictures(data, kind, &names, maker.place, chance)?,
        name: Bilingual {
            id: valid(ProductName::parse(&names.id), &names.id)?,
            en: valid(ProductName::parse(&names.en), &names.en)?,
        },
        description: Bilingual {
            id: valid(ProductDescription::parse(&description.id), &description.id)?,
            en: valid(ProductDescription::parse(&description.en), &description.en)?,
        },
        variants,
        status: ProductStatus::Published,
        reason: None,
        course: None,
    })
}

/// One or two pictures, out of as many as are drawn of a kind.
fn pictures(
    data: &Data,
    kind: Kind,
    names: &Bilingual<String>,
    place: &str,
    chance: &mut Chance,
) -> Result<Vec<(Motif, Bilingual<AltText>)>> {
    let drawn = match kind {
        Kind::Coffee | Kind::Textile => 24,
        Kind::Spice => 12,
        _ => 5,
    };
    let first = chance.below(drawn);
    ["alt", "alt_second"][..chance.between(1, 2)]
        .iter()
        .enumerate()
        .map(|(n, topic)| {
            let (id, en) = data.sentences(topic)?.first().context("a sentence for pictures")?;
            let id = fill(id, &[("nama", &names.id), ("tempat", place)]);
            let en = fill(en, &[("nama", &names.en), ("tempat", place)]);
            let alt =
                Bilingual { id: valid(AltText::parse(&id), &id)?, en: valid(AltText::parse(&en), &en)? };
            Ok((Motif { kind, seed: ((first + n) % drawn) as u64 }, alt))
        })
        .collect()
}

fn category(kind: Kind, line: &str) -> &'static str {
    match kind {
        Kind::Coffee => "kopi",
        Kind::Tea => "teh",
        Kind::Beverage => "minuman-tradisional",
        Kind::EssentialOil => "minyak-atsiri",
        Kind::Rice => "beras",
        Kind::Food => "makanan-olahan",
        Kind::Snack => "makanan-ringan",
        Kind::Honey => "madu",
        Kind::Sweetener => "pemanis",
        Kind::Salt => "garam",
        Kind::Nuts => "kacang",
        Kind::Spice => "rempah",
        Kind::Fruit => "buah",
        Kind::Produce => "hasil-bumi",
        Kind::Tobacco => "tembakau",
        Kind::Herbal => "jamu",
        Kind::Textile => match line {
            "batik" => "batik",
            "weaving" | "songket" => "tenun",
            _ => "kain",
        },
        Kind::Ceramics => "keramik",
        Kind::Jewellery => "perhiasan",
        Kind::Basketry => "anyaman",
        Kind::Carving => "ukiran",
        Kind::Furniture => "mebel",
    }
}

/// The most pieces that a small house has of something at that price.
const fn most(rupiah: u32) -> usize {
    match rupiah {
        0..100_000 => 120,
        100_000..500_000 => 40,
        _ => 8,
    }
}

/// A price as people write it: to the thousand, and above half a million to the ten thousand.
fn round_price(rupiah: f64) -> i64 {
    let step = if rupiah < 500_000.0 { 1_000.0 } else { 10_000.0 };
    ((rupiah / step).round() * step) as i64
}
