//! How much what is known of a product besides its words counts in searches.

use std::ops::RangeInclusive;

use crate::code::Code;
use crate::faults::Faults;

/// How much each signal raises the score of the words, in per cent of it. They settle what words leave open: a product
/// that has every signal in full stands at five times its words' score at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchWeights {
    /// It is mutiara.
    pub mutiara: i16,
    /// Each star of the curation.
    pub each_star: i16,
    /// Any variant is in stock.
    pub in_stock: i16,
    /// It was published just now; half of it after [`SearchWeights::half_life_days`].
    pub fresh: i16,
    /// Days after which a product is half as fresh.
    pub half_life_days: i16,
}

impl SearchWeights {
    /// Those that the relevance test was passed with: what counts where nobody says otherwise.
    pub const STANDARD: Self =
        Self { mutiara: 30, each_star: 2, in_stock: 40, fresh: 10, half_life_days: 90 };

    /// Checks all of them, and names each that is out of its bounds.
    pub fn checked(self) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let mut bounded = |pointer: &str, value: i16, bounds: RangeInclusive<i16>| {
            if !bounds.contains(&value) {
                let detail = format!("From {} to {}.", bounds.start(), bounds.end());
                faults.add_detail(pointer, Code::OutOfRange, detail);
            }
        };
        bounded("/mutiara", self.mutiara, 0..=100);
        bounded("/each_star", self.each_star, 0..=20);
        bounded("/in_stock", self.in_stock, 0..=100);
        bounded("/fresh", self.fresh, 0..=100);
        bounded("/half_life_days", self.half_life_days, 1..=1_000);
        faults.finish().map(|()| self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_weight_has_its_bounds() {
        assert_eq!(SearchWeights::STANDARD.checked(), Ok(SearchWeights::STANDARD));
        let off = SearchWeights { mutiara: 101, each_star: 21, in_stock: -1, fresh: 100, half_life_days: 0 };
        let faults = off.checked().expect_err("faults").into_vec();
        let named: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
        let out = Code::OutOfRange;
        assert_eq!(
            named,
            [("/mutiara", out), ("/each_star", out), ("/in_stock", out), ("/half_life_days", out)]
        );
    }
}
