//! What speaks for a product besides its words, and how much.

use chrono::{DateTime, Utc};

use kapal_domain::search_weights::SearchWeights;

use crate::fields::Product;

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
    pub fn new(weights: &SearchWeights, now: DateTime<Utc>) -> Self {
        let part = |percent: i16| f32::from(percent) / 100.0;
        let (mutiara, star, in_stock) =
            (part(weights.mutiara), part(weights.each_star), part(weights.in_stock));
        let by_flags = std::array::from_fn(|packed| {
            let packed = packed as u64;
            let flag = |bit: u64, weight: f32| if packed >> bit & 1 == 1 { weight } else { 0.0 };
            1.0 + flag(0, in_stock) + flag(1, mutiara) + Signals::stars(packed) as f32 * star
        });
        let (fresh, half_life) = (part(weights.fresh), f32::from(weights.half_life_days));
        let by_age = (0..OLD).map(|age| fresh * 0.5_f32.powf(age as f32 / half_life)).collect();
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
        let raise = Raise::new(&SearchWeights::STANDARD, now);
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
    #[test]
    fn other_weights_raise_otherwise() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let weights = SearchWeights { mutiara: 0, each_star: 20, in_stock: 100, fresh: 0, half_life_days: 1 };
        let raise = Raise::new(&weights, now);
        let of = |stars, is_mutiara, available| {
            raise.of(Signals { stars, is_mutiara, available, published_on: day(now) }.packed())
        };
        assert!((of(0, true, false) - 1.0).abs() < 1e-6);
        assert!((of(5, true, true) - 3.0).abs() < 1e-6);
    }
}
