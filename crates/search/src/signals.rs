//! What speaks for a product besides its words, and how much.

use chrono::{DateTime, Utc};

use crate::fields::Product;

/// How much each signal raises the score of the words: by 0.3 means by 30 %. A product that has all of them stands at
/// 1.9 times its words' score, so that they settle what the words leave open and never put what doesn't fit in front.
#[derive(Debug, Clone, Copy)]
pub struct Weights {
    /// It is mutiara.
    pub mutiara: f32,
    /// Each star of the curation.
    pub star: f32,
    /// Any variant is in stock.
    pub available: f32,
    /// It was published just now; half of it after [`Weights::half_life`].
    pub fresh: f32,
    /// Days after which a product is half as fresh.
    pub half_life: f32,
}

impl Weights {
    /// Those that the relevance test was passed with.
    pub const STANDARD: Self = Self { mutiara: 0.3, star: 0.02, available: 0.4, fresh: 0.1, half_life: 90.0 };
}

/// The signals of one product, as the index holds them: one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Signals {
    pub stars: u8,
    pub is_mutiara: bool,
    pub available: bool,
    /// Days since 1970.
    pub published_on: u16,
}

impl Signals {
    pub fn of(product: &Product) -> Self {
        Self {
            stars: product.stars.min(5),
            is_mutiara: product.is_mutiara,
            available: product.available,
            published_on: day(product.published_at),
        }
    }

    pub fn packed(self) -> u64 {
        u64::from(self.published_on) << 8
            | u64::from(self.stars) << 2
            | u64::from(self.is_mutiara) << 1
            | u64::from(self.available)
    }

    /// The stars of a packed number.
    pub const fn stars(packed: u64) -> usize {
        (packed >> 2 & 7) as usize
    }
}

/// The day of a moment, in days since 1970.
fn day(at: DateTime<Utc>) -> u16 {
    u16::try_from(at.timestamp().div_euclid(86_400).max(0)).unwrap_or(u16::MAX)
}

/// The weights as they work today: looked up, since they are asked for each match.
#[derive(Debug)]
pub(crate) struct Raise {
    /// By the lowest five bits of the packed number.
    by_flags: [f32; 32],
    /// By age in days.
    by_age: Vec<f32>,
    today: u16,
}

/// After so many days nothing is fresh.
const OLD: usize = 1_000;

impl Raise {
    pub fn new(weights: &Weights, now: DateTime<Utc>) -> Self {
        let by_flags = std::array::from_fn(|packed| {
            let packed = packed as u64;
            let flag = |bit: u64, weight: f32| if packed >> bit & 1 == 1 { weight } else { 0.0 };
            1.0 + flag(0, weights.available)
                + flag(1, weights.mutiara)
                + Signals::stars(packed) as f32 * weights.star
        });
        let by_age =
            (0..OLD).map(|age| weights.fresh * 0.5_f32.powf(age as f32 / weights.half_life)).collect();
        Self { by_flags, by_age, today: day(now) }
    }

    /// What the score of the words is multiplied by.
    pub fn of(&self, packed: u64) -> f32 {
        let age = usize::from(self.today).saturating_sub((packed >> 8) as usize);
        self.by_flags[(packed & 31) as usize] + self.by_age.get(age).copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_signal_raises_and_age_lowers() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let raise = Raise::new(&Weights::STANDARD, now);
        let plain = Signals { stars: 0, is_mutiara: false, available: false, published_on: 0 };
        let of = |signals: Signals| raise.of(signals.packed());
        assert!((of(plain) - 1.0).abs() < 1e-6);
        assert!((of(Signals { available: true, ..plain }) - 1.4).abs() < 1e-6);
        assert!((of(Signals { is_mutiara: true, stars: 5, ..plain }) - 1.4).abs() < 1e-6);
        let new = Signals { published_on: day(now), ..plain };
        let older = Signals { published_on: day(now) - 90, ..plain };
        assert!((of(new) - 1.1).abs() < 1e-6 && (of(older) - 1.05).abs() < 1e-6);
        assert_eq!(Signals::stars(Signals { stars: 4, ..new }.packed()), 4);
    }
}
