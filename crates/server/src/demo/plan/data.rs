//! The files that the demonstration is made of, as they are written.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use kapal_domain::locale::Bilingual;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::demo::chance::Chance;

/// A well-known regional product, and where it comes from.
#[derive(Debug)]
pub struct Origin {
    /// The kind of picture and of category.
    pub kind: String,
    /// The regency that it comes from.
    pub region: String,
    /// What is told of it.
    pub about: About,
}

/// What is told of a regional product.
#[derive(Debug, Deserialize)]
pub struct About {
    name: String,
    /// Which editions are made of it.
    pub line: String,
    // Its name inside longer names.
    label_id: String,
    label_en: String,
    /// Where it comes from and what it is like.
    pub note_id: String,
    /// The same in English.
    pub note_en: String,
}

/// Something that is made of the regional products of one line.
#[derive(Debug, Deserialize)]
pub struct Edition {
    /// The line.
    pub line: String,
    // Around the label, which stands at `{}`.
    name_id: String,
    name_en: String,
    /// How it is made and used.
    pub text_id: String,
    /// The same in English.
    pub text_en: String,
    /// Rupiah, of a size with factor 1.
    pub price: u32,
    sizes: String,
}

impl About {
    /// Its whole name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Edition {
    /// Its name, made of a regional product.
    pub fn name(&self, about: &About) -> Bilingual<String> {
        Bilingual {
            id: self.name_id.replace("{}", &about.label_id),
            en: capital(&self.name_en.replace("{}", &about.label_en)),
        }
    }

    /// The sizes with the factors of their prices.
    pub fn sizes(&self) -> impl Iterator<Item = Result<(&str, f64)>> {
        self.sizes.split(';').map(|size| {
            let (name, factor) = size.rsplit_once(':').with_context(|| format!("{size} lacks a factor"))?;
            Ok((name, factor.parse()?))
        })
    }
}

/// An aggregator to be made.
#[derive(Debug, Deserialize)]
pub struct Stall {
    /// Its part of public addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// The state that it comes to.
    pub status: String,
    /// `#rrggbb`.
    pub colour: String,
    provinces: String,
    languages: String,
    /// What it is.
    pub description_id: String,
    /// The same in English.
    pub description_en: String,
}

impl Stall {
    /// The codes of its provinces.
    pub fn provinces(&self) -> impl Iterator<Item = &str> {
        self.provinces.split(';')
    }

    /// What is spoken in each of its provinces besides Indonesian.
    pub fn languages(&self) -> impl Iterator<Item = Result<(&str, &str)>> {
        let languages = self.languages.split(';');
        languages
            .map(|text| text.split_once(':').with_context(|| format!("{text} is no language of a province")))
    }
}

/// What a hero finds at a merchant's, what he advises, and what is agreed on.
#[derive(Debug, Deserialize)]
pub struct Counsel {
    /// What it is about.
    pub topic: String,
    /// What was found.
    pub problem: String,
    /// What was advised.
    pub advice: String,
    /// Who must act.
    pub owner: String,
    /// What is to be done.
    pub task: String,
}

/// A training programme.
#[derive(Debug, Deserialize)]
pub struct Training {
    /// Its name.
    pub name_id: String,
    /// The same in English.
    pub name_en: String,
    /// What it is about.
    pub description_id: String,
    /// The same in English.
    pub description_en: String,
    topics: String,
}

impl Training {
    /// Key, hours, title in Indonesian and in English of each topic.
    pub fn topics(&self) -> impl Iterator<Item = Result<[&str; 4]>> {
        self.topics.split(';').map(|topic| {
            let parts: Vec<_> = topic.split(':').collect();
            parts.try_into().map_err(|_| anyhow::anyhow!("{topic} is no topic"))
        })
    }
}

#[derive(Deserialize)]
struct Featured {
    name: String,
    kind: String,
    region_code: String,
}

#[derive(Deserialize)]
struct People {
    provinces: String,
    names: String,
}

#[derive(Deserialize)]
struct Businesses {
    lines: String,
    patterns: String,
}

#[derive(Deserialize)]
struct Sentence {
    topic: String,
    text_id: String,
    text_en: String,
}

/// All files.
#[derive(Debug)]
pub struct Data {
    /// The regional products, in the order of their file.
    pub origins: Vec<Origin>,
    /// What is made of them, by line.
    pub editions: BTreeMap<String, Vec<Edition>>,
    /// The aggregators.
    pub stalls: Vec<Stall>,
    /// What heroes advise.
    pub counsels: Vec<Counsel>,
    /// What merchants are taught.
    pub trainings: Vec<Training>,
    people: BTreeMap<String, Vec<String>>,
    businesses: BTreeMap<String, Vec<String>>,
    sentences: BTreeMap<String, Vec<(String, String)>>,
}

impl Data {
    /// Reads the files, which are part of the program.
    pub fn read() -> Result<Self> {
        let mut about: BTreeMap<String, About> = rows(include_str!("../../../data/asal.csv"), "asal.csv")?
            .into_iter()
            .map(|about: About| (about.name.clone(), about))
            .collect();
        let origins = rows(include_str!("../../../data/produk-unggulan.csv"), "produk-unggulan.csv")?
            .into_iter()
            .map(|f: Featured| {
                let about = about.remove(&f.name).with_context(|| format!("asal.csv lacks {}", f.name))?;
                Ok(Origin { kind: f.kind, region: f.region_code, about })
            })
            .collect::<Result<_>>()?;
        let mut editions = BTreeMap::<String, Vec<Edition>>::new();
        for edition in rows::<Edition>(include_str!("../../../data/ragam.csv"), "ragam.csv")? {
            editions.entry(edition.line.clone()).or_default().push(edition);
        }
        let mut sentences = BTreeMap::<String, Vec<(String, String)>>::new();
        for s in rows::<Sentence>(include_str!("../../../data/kalimat.csv"), "kalimat.csv")? {
            sentences.entry(s.topic).or_default().push((s.text_id, s.text_en));
        }
        let people = rows::<People>(include_str!("../../../data/orang.csv"), "orang.csv")?;
        let businesses = rows::<Businesses>(include_str!("../../../data/usaha.csv"), "usaha.csv")?;
        Ok(Self {
            origins,
            editions,
            stalls: rows(include_str!("../../../data/agregator.csv"), "agregator.csv")?,
            counsels: rows(include_str!("../../../data/pendampingan.csv"), "pendampingan.csv")?,
            trainings: rows(include_str!("../../../data/program.csv"), "program.csv")?,
            people: by_key(people.iter().map(|p| (p.provinces.as_str(), p.names.as_str()))),
            businesses: by_key(businesses.iter().map(|b| (b.lines.as_str(), b.patterns.as_str()))),
            sentences,
        })
    }

    /// Names of people of a province.
    pub fn people(&self, province: &str) -> Result<&[String]> {
        self.people.get(province).map(Vec::as_slice).with_context(|| format!("orang.csv lacks {province}"))
    }

    /// Patterns of names of businesses of a line.
    pub fn businesses(&self, line: &str) -> Result<&[String]> {
        self.businesses.get(line).map(Vec::as_slice).with_context(|| format!("usaha.csv lacks {line}"))
    }

    /// One sentence of a topic, in Indonesian.
    pub fn sentence(&self, topic: &str, chance: &mut Chance) -> Result<&str> {
        Ok(&chance.pick(self.sentences(topic)?).0)
    }

    /// The sentences of a topic, Indonesian and English.
    pub fn sentences(&self, topic: &str) -> Result<&[(String, String)]> {
        self.sentences.get(topic).map(Vec::as_slice).with_context(|| format!("kalimat.csv lacks {topic}"))
    }
}

fn rows<T: DeserializeOwned>(text: &str, file: &str) -> Result<Vec<T>> {
    csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .with_context(|| format!("reading {file}"))
}

/// Lists of values under each of several keys; both are written with semicolons.
fn by_key<'a>(rows: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, Vec<String>> {
    rows.flat_map(|(keys, values)| {
        let values: Vec<String> = values.split(';').map(str::to_owned).collect();
        keys.split(';').map(move |key| (key.to_owned(), values.clone()))
    })
    .collect()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
