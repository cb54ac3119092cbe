//! The rubric that reviewers score nominated products on, and what their scores come to.
//!
//! Points are 1 to 5 and weights add up to 100, so a score, the sum of weight × points / 5, is from 20 to 100 in steps
//! of 0.2. All of it is computed in whole hundredths: no float decides about a product.

use std::fmt;

use crate::code::Code;
use crate::faults::Faults;
use crate::locale::Bilingual;
use crate::text::{Line, choices};

/// A criterion's name or one of its anchors, in one language.
pub type RubricText = Line<1, 200>;

/// The most criteria of one rubric.
pub const MAX_CRITERIA: usize = 20;

/// The points that anchors describe: these three, or every one.
pub const ANCHOR_POINTS: [u8; 3] = [1, 3, 5];
const EVERY_POINT: [u8; 5] = [1, 2, 3, 4, 5];

choices! {
    /// What a product must have before anybody scores it.
    pub enum ReviewGate {
        /// Its merchant's business number.
        Nib = "nib",
        /// The documents that its category demands.
        CategoryDocuments = "category_documents",
        /// Enough pictures.
        Photos = "photos",
        /// A price.
        Price = "price",
    }
}

/// How a product stands to the gates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateFacts {
    /// Its merchant has a NIB that counts.
    pub has_nib: bool,
    /// The documents of its category that nobody has verified, or that have ended.
    pub missing_documents: Vec<String>,
    /// How many pictures it has.
    pub photos: usize,
    /// It has a variant with a price.
    pub has_price: bool,
}

/// The fewest points of each criterion that a mutiara needs from every reviewer.
const MUTIARA_POINTS: u8 = 3;

/// What a criterion is called in requests and rows: 1 to 40 of `a-z`, `0-9` and `_`, a letter first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CriterionKey(String);

impl CriterionKey {
    /// Takes a key as it is.
    pub fn parse(text: &str) -> Result<Self, Code> {
        let is_key = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        match text.as_bytes() {
            [] => Err(Code::Required),
            bytes if bytes.len() > 40 => Err(Code::TooLong),
            [b'a'..=b'z', rest @ ..] if rest.iter().copied().all(is_key) => Ok(Self(text.to_owned())),
            _ => Err(Code::InvalidCharacters),
        }
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One thing that reviewers judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Criterion {
    /// Its key within the rubric.
    pub key: CriterionKey,
    /// Its part of the score, in hundredths of the whole: 1 to 100.
    pub weight: u8,
    /// What it is called.
    pub name: Bilingual<RubricText>,
    /// What 1, 3 and 5 points mean, or every number of points, in that order.
    pub anchors: Vec<Anchor>,
}

/// What a number of points means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The points.
    pub points: u8,
    /// What they mean.
    pub meaning: Bilingual<RubricText>,
}

/// What a mutiara needs besides points on the criteria.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// The average score, in points of 100, from which a product may be mutiara: 1 to 100.
    pub mutiara_at: u8,
    /// The difference between two reviewers, in points of 100, above which one more has to score: 0 to 100.
    pub max_difference: u8,
    /// How many reviewers have to score: 1 to 10.
    pub reviewers: u8,
    /// What the product must have before anybody scores it, each once.
    pub gates: Vec<ReviewGate>,
    /// How many pictures its gate asks for: 1 to 10.
    pub min_photos: u8,
}

/// The criteria and what a mutiara needs. Weights add up to 100.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rubric {
    criteria: Vec<Criterion>,
    marks: Marks,
}

impl Rubric {
    /// A sound rubric: 1 to 20 criteria with different keys, weights of 1 to 100 that add up to 100, anchors for 1, 3 and
    /// 5 points or for every one, and marks within their bounds. Otherwise all that is wrong, each at its place.
    pub fn new(criteria: Vec<Criterion>, marks: Marks) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        match criteria.len() {
            0 => faults.add("/criteria", Code::Required),
            n if n > MAX_CRITERIA => faults.add("/criteria", Code::TooLong),
            _ => {
                let weights: u32 = criteria.iter().map(|criterion| u32::from(criterion.weight)).sum();
                if weights != 100 {
                    let detail = format!("The weights add up to {weights}.");
                    faults.add_detail("/criteria", Code::InvalidRubric, detail);
                }
            }
        }
        for (at, criterion) in criteria.iter().enumerate() {
            if !(1..=100).contains(&criterion.weight) {
                faults.add(format!("/criteria/{at}/weight"), Code::OutOfRange);
            }
            if criteria[..at].iter().any(|before| before.key == criterion.key) {
                faults.add(format!("/criteria/{at}/key"), Code::DuplicateEntry);
            }
            let points = criterion.anchors.iter().map(|anchor| anchor.points);
            if !points.clone().eq(ANCHOR_POINTS) && !points.eq(EVERY_POINT) {
                faults.add(format!("/criteria/{at}/anchors"), Code::InvalidAnchors);
            }
        }
        let mut bounded = |name: &str, value: u8, bounds: std::ops::RangeInclusive<u8>| {
            if !bounds.contains(&value) {
                faults.add(name, Code::OutOfRange);
            }
        };
        bounded("/mutiara_at", marks.mutiara_at, 1..=100);
        bounded("/max_difference", marks.max_difference, 0..=100);
        bounded("/reviewers", marks.reviewers, 1..=10);
        bounded("/min_photos", marks.min_photos, 1..=10);
        for (at, gate) in marks.gates.iter().enumerate() {
            if marks.gates[..at].contains(gate) {
                faults.add(format!("/gates/{at}"), Code::DuplicateEntry);
            }
        }
        faults.finish().map(|()| Self { criteria, marks })
    }

    /// The criteria, in the order in which they are shown.
    pub fn criteria(&self) -> &[Criterion] {
        &self.criteria
    }

    /// What a mutiara needs besides.
    pub const fn marks(&self) -> &Marks {
        &self.marks
    }

    /// The gates that a product leaves shut, in the rubric's order.
    pub fn shut_gates(&self, facts: &GateFacts) -> Vec<ReviewGate> {
        let is_open = |gate: &ReviewGate| match gate {
            ReviewGate::Nib => facts.has_nib,
            ReviewGate::CategoryDocuments => facts.missing_documents.is_empty(),
            ReviewGate::Photos => facts.photos >= usize::from(self.marks.min_photos),
            ReviewGate::Price => facts.has_price,
        };
        self.marks.gates.iter().copied().filter(|gate| !is_open(gate)).collect()
    }

    /// One reviewer's points: every criterion once, 1 to 5. Faults point at the criterion, such as `/kemasan`.
    pub fn score<'a>(&self, scores: impl IntoIterator<Item = (&'a str, i64)>) -> Result<ScoreSheet, Faults> {
        let mut faults = Faults::default();
        let mut given: Vec<Option<i64>> = vec![None; self.criteria.len()];
        for (key, points) in scores {
            match self.criteria.iter().position(|criterion| criterion.key.as_str() == key) {
                None => faults.add(pointer(key), Code::UnknownCriterion),
                Some(at) if given[at].is_some() => faults.add(pointer(key), Code::DuplicateEntry),
                Some(at) => given[at] = Some(points),
            }
        }
        let mut scored = Vec::with_capacity(given.len());
        for (criterion, points) in self.criteria.iter().zip(given) {
            let points = match points.map(u8::try_from) {
                Some(Ok(points @ 1..=5)) => Ok(points),
                Some(_) => Err(Code::OutOfRange),
                None => Err(Code::MissingScore),
            };
            if let Some(points) = faults.take(pointer(criterion.key.as_str()), points) {
                scored.push(Scored { key: criterion.key.clone(), weight: criterion.weight, points });
            }
        }
        faults.finish().map(|()| ScoreSheet(scored))
    }

    /// What the sheets come to; None without a sheet. All of them count alike, a third one too.
    pub fn verdict(&self, sheets: &[ScoreSheet]) -> Option<Verdict> {
        let totals: Vec<u32> = sheets.iter().map(|sheet| sheet.total().0).collect();
        let (lowest, highest) = (totals.iter().min()?, totals.iter().max()?);
        // Rounded down, the average reaches a whole number exactly when it did before rounding.
        let average = Score(totals.iter().sum::<u32>() / totals.len() as u32);
        let reviewers = usize::from(self.marks.reviewers);
        let too_far_apart = highest - lowest > u32::from(self.marks.max_difference) * 100;
        let needs_third = sheets.len() == reviewers && too_far_apart;
        let is_complete = sheets.len() >= reviewers && !needs_third;
        let below_three =
            sheets.iter().flat_map(|sheet| &sheet.0).any(|scored| scored.points < MUTIARA_POINTS);
        let reaches = average.0 >= u32::from(self.marks.mutiara_at) * 100;
        Some(Verdict {
            average,
            stars: average.stars(),
            needs_third,
            is_complete,
            below_three,
            qualifies: is_complete && reaches && !below_three,
        })
    }
}

/// A key as a JSON pointer (RFC 6901): a stranger's key may have any character.
fn pointer(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Scored {
    key: CriterionKey,
    weight: u8,
    points: u8,
}

/// One reviewer's points on every criterion of a rubric, made by [`Rubric::score`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoreSheet(Vec<Scored>);

impl ScoreSheet {
    /// The score, exactly.
    pub fn total(&self) -> Score {
        Score(self.0.iter().map(|scored| u32::from(scored.weight) * u32::from(scored.points) * 20).sum())
    }

    /// The points by criterion, in the rubric's order.
    pub fn points(&self) -> impl Iterator<Item = (&CriterionKey, u8)> {
        self.0.iter().map(|scored| (&scored.key, scored.points))
    }
}

/// A score from 0 to 100, in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Score(u32);

impl Score {
    /// From hundredths, as they are stored: 0 to 10,000.
    pub fn from_hundredths(hundredths: i32) -> Result<Self, Code> {
        match u32::try_from(hundredths) {
            Ok(hundredths @ 0..=10_000) => Ok(Self(hundredths)),
            _ => Err(Code::OutOfRange),
        }
    }

    /// The score in hundredths: 8,240 is 82.40.
    pub const fn hundredths(self) -> i32 {
        // At most 10,000.
        self.0.cast_signed()
    }

    /// 1 to 5 stars: five from 90, four from 75, three from 60, two from 45.
    pub const fn stars(self) -> u8 {
        match self.0 {
            9000.. => 5,
            7500.. => 4,
            6000.. => 3,
            4500.. => 2,
            _ => 1,
        }
    }
}

/// With two decimals, such as `82.40`.
impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{:02}", self.0 / 100, self.0 % 100))
    }
}

/// What the sheets of a nomination come to. The gates (documents, photos, price) stand beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The average of all sheets, rounded down to a hundredth.
    pub average: Score,
    /// The stars of the average, 1 to 5.
    pub stars: u8,
    /// The reviewers are too far apart: one more has to score.
    pub needs_third: bool,
    /// Enough reviewers have scored, and no further one is needed.
    pub is_complete: bool,
    /// A reviewer gave a criterion fewer than 3 points.
    pub below_three: bool,
    /// It is complete, reaches the score of a mutiara, and nothing is below 3.
    pub qualifies: bool,
}

mod standard;
#[cfg(test)]
mod tests;
