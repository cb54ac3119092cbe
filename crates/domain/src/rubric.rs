//! The rubric that reviewers score nominated products on, and what their scores come to.
//!
//! Points are 1 to 5 and weights add up to 100, so a score, the sum of weight × points / 5, is from 20 to 100 in steps
//! of 0.2. All of it is computed in whole hundredths: no float decides about a product.

use std::fmt;

use crate::code::Code;
use crate::faults::Faults;
use crate::locale::Bilingual;
use crate::text::Line;

/// A criterion's name or one of its anchors, in one language.
pub type RubricText = Line<1, 200>;

/// The most criteria of one rubric.
pub const MAX_CRITERIA: usize = 20;

/// The points that the three anchors of a criterion describe.
pub const ANCHOR_POINTS: [u8; 3] = [1, 3, 5];

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
    /// What 1, 3 and 5 points mean.
    pub anchors: [Bilingual<RubricText>; 3],
}

/// The criteria and what a mutiara needs. Weights add up to 100.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rubric {
    criteria: Vec<Criterion>,
    mutiara_at: u8,
    max_difference: u8,
    reviewers: u8,
}

impl Rubric {
    /// `InvalidRubric` unless there are 1 to 20 criteria with different keys and weights that add up to 100, the score
    /// of a mutiara is 1 to 100, the difference 0 to 100, and the reviewers 1 to 10.
    pub fn new(
        criteria: Vec<Criterion>,
        mutiara_at: u8,
        max_difference: u8,
        reviewers: u8,
    ) -> Result<Self, Code> {
        let weights: u32 = criteria.iter().map(|criterion| u32::from(criterion.weight)).sum();
        let mut keys: Vec<_> = criteria.iter().map(|criterion| &criterion.key).collect();
        keys.sort();
        let is_sound = weights == 100
            && criteria.len() <= MAX_CRITERIA
            && criteria.iter().all(|criterion| criterion.weight > 0)
            && keys.windows(2).all(|pair| pair[0] != pair[1])
            && (1..=100).contains(&mutiara_at)
            && max_difference <= 100
            && (1..=10).contains(&reviewers);
        if is_sound {
            Ok(Self { criteria, mutiara_at, max_difference, reviewers })
        } else {
            Err(Code::InvalidRubric)
        }
    }

    /// The criteria, in the order in which they are shown.
    pub fn criteria(&self) -> &[Criterion] {
        &self.criteria
    }

    /// The average score, in points of 100, from which a product may be mutiara.
    pub const fn mutiara_at(&self) -> u8 {
        self.mutiara_at
    }

    /// The difference between two reviewers, in points of 100, above which one more has to score.
    pub const fn max_difference(&self) -> u8 {
        self.max_difference
    }

    /// How many reviewers have to score.
    pub const fn reviewers(&self) -> u8 {
        self.reviewers
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
        let reviewers = usize::from(self.reviewers);
        let too_far_apart = highest - lowest > u32::from(self.max_difference) * 100;
        let needs_third = sheets.len() == reviewers && too_far_apart;
        let is_complete = sheets.len() >= reviewers && !needs_third;
        let below_three =
            sheets.iter().flat_map(|sheet| &sheet.0).any(|scored| scored.points < MUTIARA_POINTS);
        let reaches = average.0 >= u32::from(self.mutiara_at) * 100;
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
