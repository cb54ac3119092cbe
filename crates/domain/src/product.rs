//! Products and what their variants carry. Price is [`crate::money::Money`].

use std::fmt;

use crate::code::Code;
use crate::text::{Line, Prose, choices};

/// A product's name in one language: as long as Google's feed takes.
pub type ProductName = Line<2, 150>;

/// A product's description in one language: as long as Google's feed takes; may be empty.
pub type ProductDescription = Prose<0, 5000>;

/// What tells a variant from its sisters, such as "250 g"; may be empty where there is only one.
pub type VariantName = Line<0, 80>;

/// Why a stock changes.
pub type StockReason = Line<1, 200>;

/// The most variants of a product.
pub const MAX_VARIANTS: usize = 50;

/// The most pictures of a product.
pub const MAX_PICTURES: usize = 12;

choices! {
    /// Where a product stands on its way to the storefront.
    pub enum ProductStatus {
        /// Being written.
        Draft = "draft",
        /// Waiting for review.
        Submitted = "submitted",
        /// Sent back with requests.
        NeedsChanges = "needs_changes",
        /// On the storefront.
        Published = "published",
        /// Taken off the storefront for a time.
        Unpublished = "unpublished",
        /// Ended; kept for the record.
        Archived = "archived",
    }
}

choices! {
    /// A step of a product.
    pub enum ProductAction {
        /// Asks for review.
        Submit = "submit",
        /// Sends a submitted product back.
        RequestChanges = "request_changes",
        /// Puts a submitted or an unpublished product on the storefront.
        Publish = "publish",
        /// Takes a published product off the storefront.
        Unpublish = "unpublish",
        /// Ends it, from any other status.
        Archive = "archive",
    }
}

impl ProductStatus {
    /// The status after a step, or `WrongState` where the step does not exist.
    pub fn apply(self, action: ProductAction) -> Result<Self, Code> {
        use ProductAction::{Archive, Publish, RequestChanges, Submit, Unpublish};
        match (action, self) {
            (Submit, Self::Draft | Self::NeedsChanges) => Ok(Self::Submitted),
            (RequestChanges, Self::Submitted) => Ok(Self::NeedsChanges),
            (Publish, Self::Submitted | Self::Unpublished) => Ok(Self::Published),
            (Unpublish, Self::Published) => Ok(Self::Unpublished),
            (Archive, status) if status != Self::Archived => Ok(Self::Archived),
            _ => Err(Code::WrongState),
        }
    }
}

choices! {
    /// What a product says of being halal (UU 33/2014).
    pub enum HalalStatus {
        /// A certificate covers it.
        Certified = "certified",
        /// A certificate was asked for.
        InProcess = "in_process",
        /// It is of what is not halal, and says so.
        DeclaredNonHalal = "declared_non_halal",
        /// It is no food.
        NotApplicable = "not_applicable",
    }
}

impl HalalStatus {
    /// What a product says while nobody has said anything of it.
    pub const fn unsaid(is_food: bool) -> Self {
        if is_food { Self::InProcess } else { Self::NotApplicable }
    }

    /// Whether a product may go to a storefront so. `is_certified`: a certificate of its own or of its merchant holds.
    pub const fn check(self, is_food: bool, is_certified: bool) -> Result<(), Code> {
        match self {
            Self::NotApplicable if is_food => Err(Code::HalalStatusRequired),
            Self::Certified if !is_certified => Err(Code::HalalUnproven),
            _ => Ok(()),
        }
    }
}

/// The most tags of a product; each has the form of a slug.
pub const MAX_TAGS: usize = 20;

/// A whole number within bounds.
fn within(number: i64, bounds: std::ops::RangeInclusive<i32>) -> Result<i32, Code> {
    i32::try_from(number).ok().filter(|number| bounds.contains(number)).ok_or(Code::OutOfRange)
}

/// Days from an order until it is sent, 0 to 365.
pub fn lead_time_days(days: i64) -> Result<i32, Code> {
    within(days, 0..=365)
}

/// Pieces that can be made in a month, 1 to 1,000,000.
pub fn monthly_capacity(pieces: i64) -> Result<i32, Code> {
    within(pieces, 1..=1_000_000)
}

/// The fewest pieces of one order, 1 to 100,000.
pub fn minimum_order(pieces: i64) -> Result<i32, Code> {
    within(pieces, 1..=100_000)
}

/// Grams with packaging, 1 to 1,000,000.
pub fn weight_grams(grams: i64) -> Result<i32, Code> {
    within(grams, 1..=1_000_000)
}

/// Millimetres of one side of a package, 1 to 10,000.
pub fn side_mm(millimetres: i64) -> Result<i32, Code> {
    within(millimetres, 1..=10_000)
}

/// A merchant's own code for a variant: 1 to 40 of letters, digits and `. _ - /`. Kept as it is: capitals count.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sku(String);

impl Sku {
    /// Trims the ends and changes nothing else.
    pub fn parse(text: &str) -> Result<Self, Code> {
        let text = text.trim();
        match text.len() {
            0 => Err(Code::Required),
            _ if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/".contains(&b)) => {
                Err(Code::InvalidCharacters)
            }
            1..=40 => Ok(Self(text.to_owned())),
            _ => Err(Code::TooLong),
        }
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Pieces of a variant in stock, 0 to 1,000,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Stock(i32);

impl Stock {
    /// The most pieces.
    pub const MAX: i32 = 1_000_000;

    /// Takes a count.
    pub fn new(pieces: i64) -> Result<Self, Code> {
        match i32::try_from(pieces) {
            Ok(pieces @ 0..=Self::MAX) => Ok(Self(pieces)),
            _ => Err(Code::OutOfRange),
        }
    }

    /// The stock after pieces came in (above 0) or went out (below 0). `InsufficientStock` when more would go out
    /// than there are.
    pub fn changed_by(self, pieces: i64) -> Result<Self, Code> {
        match i64::from(self.0).saturating_add(pieces) {
            ..0 => Err(Code::InsufficientStock),
            after => Self::new(after),
        }
    }

    /// The pieces.
    pub const fn get(self) -> i32 {
        self.0
    }
}

/// How a stock changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StockChange {
    /// By pieces that came in (above 0) or went out (below 0).
    By(i32),
    /// To what was counted.
    To(Stock),
}

impl StockChange {
    /// A change by `pieces`: any number but 0, as far as a stock can change at all.
    pub fn by(pieces: i64) -> Result<Self, Code> {
        match i32::try_from(pieces) {
            Ok(pieces) if pieces != 0 && pieces.abs() <= Stock::MAX => Ok(Self::By(pieces)),
            _ => Err(Code::OutOfRange),
        }
    }

    /// The stock after the change.
    pub fn apply(self, stock: Stock) -> Result<Stock, Code> {
        match self {
            Self::By(pieces) => stock.changed_by(i64::from(pieces)),
            Self::To(counted) => Ok(counted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_documented_steps_exist() {
        use ProductAction::*;
        use ProductStatus::*;
        let steps = [
            (Draft, Submit, Submitted),
            (NeedsChanges, Submit, Submitted),
            (Submitted, RequestChanges, NeedsChanges),
            (Submitted, Publish, Published),
            (Unpublished, Publish, Published),
            (Published, Unpublish, Unpublished),
            (Draft, Archive, Archived),
            (Submitted, Archive, Archived),
            (NeedsChanges, Archive, Archived),
            (Published, Archive, Archived),
            (Unpublished, Archive, Archived),
        ];
        for &status in ProductStatus::ALL {
            for &action in ProductAction::ALL {
                let expected =
                    steps.iter().find(|(from, by, _)| (*from, *by) == (status, action)).map(|(_, _, to)| *to);
                assert_eq!(status.apply(action), expected.ok_or(Code::WrongState), "{status} {action}");
            }
        }
    }

    #[test]
    fn a_sku_is_kept_as_it_is() {
        assert_eq!(Sku::parse(" KT-01/a_b.C ").map(|sku| sku.0), Ok("KT-01/a_b.C".into()));
        assert_eq!(Sku::parse(""), Err(Code::Required));
        assert_eq!(Sku::parse(&"a".repeat(41)), Err(Code::TooLong));
        assert!(Sku::parse(&"a".repeat(40)).is_ok());
        for bad in ["a b", "a#", "é", "a\0b", "=1+1"] {
            assert_eq!(Sku::parse(bad), Err(Code::InvalidCharacters), "{bad}");
        }
    }

    #[test]
    fn stock_has_bounds() {
        assert_eq!(Stock::new(-1), Err(Code::OutOfRange));
        assert_eq!(Stock::new(1_000_001), Err(Code::OutOfRange));
        assert_eq!(Stock::new(i64::MAX), Err(Code::OutOfRange));
        assert_eq!(Stock::new(1_000_000).map(Stock::get), Ok(1_000_000));
        let three = Stock(3);
        assert_eq!(three.changed_by(-3), Ok(Stock(0)));
        assert_eq!(three.changed_by(-4), Err(Code::InsufficientStock));
        assert_eq!(three.changed_by(i64::MIN), Err(Code::InsufficientStock));
        assert_eq!(three.changed_by(i64::MAX), Err(Code::OutOfRange));
    }

    #[test]
    fn a_change_of_stock_has_bounds_too() {
        for bad in [0, 1_000_001, -1_000_001, i64::MIN, i64::MAX] {
            assert_eq!(StockChange::by(bad), Err(Code::OutOfRange), "{bad}");
        }
        assert_eq!(StockChange::by(-3).and_then(|change| change.apply(Stock(3))), Ok(Stock(0)));
        assert_eq!(
            StockChange::by(-4).and_then(|change| change.apply(Stock(3))),
            Err(Code::InsufficientStock)
        );
        assert_eq!(StockChange::To(Stock(7)).apply(Stock(3)), Ok(Stock(7)));
    }

    proptest! {
        #[test]
        fn stock_never_leaves_its_bounds(start in 0..=1_000_000_i64, changes in proptest::collection::vec(-2_000_000..2_000_000_i64, 0..20)) {
            let mut stock = Stock::new(start).expect("within bounds");
            for change in changes {
                stock = stock.changed_by(change).unwrap_or(stock);
                prop_assert!((0..=Stock::MAX).contains(&stock.get()));
            }
        }
    }
}
