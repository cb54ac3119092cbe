//! Merchants: the small businesses (UMKM) that an aggregator carries.

use std::fmt;

use crate::code::Code;
use crate::text::{Line, Prose, choices, compact_number};

/// A merchant's name as buyers see it.
pub type MerchantName = Line<2, 120>;

/// The name in the legal documents.
pub type LegalName = Line<2, 200>;

/// Who makes what, where and how; may be empty.
pub type Story = Prose<0, 5000>;

choices! {
    /// Where a merchant stands in its onboarding.
    pub enum MerchantStatus {
        /// Being written.
        Draft = "draft",
        /// Waiting for verification.
        Submitted = "submitted",
        /// Sent back with requests.
        NeedsChanges = "needs_changes",
        /// Verified: its published products are shown.
        Active = "active",
        /// Taken off the storefront for a time.
        Suspended = "suspended",
        /// Ended; kept for the record.
        Archived = "archived",
    }
}

choices! {
    /// A step in a merchant's onboarding.
    pub enum MerchantAction {
        /// Asks for verification.
        Submit = "submit",
        /// Sends a submitted merchant back.
        RequestChanges = "request_changes",
        /// Confirms a submitted merchant.
        Verify = "verify",
        /// Takes an active merchant off the storefront.
        Suspend = "suspend",
        /// Brings a suspended merchant back.
        Reinstate = "reinstate",
        /// Ends it, from any other status.
        Archive = "archive",
    }
}

impl MerchantStatus {
    /// The status after a step, or `WrongState` where the step does not exist.
    pub fn apply(self, action: MerchantAction) -> Result<Self, Code> {
        use MerchantAction::{Archive, Reinstate, RequestChanges, Submit, Suspend, Verify};
        match (action, self) {
            (Submit, Self::Draft | Self::NeedsChanges) => Ok(Self::Submitted),
            (RequestChanges, Self::Submitted) => Ok(Self::NeedsChanges),
            (Verify, Self::Submitted) | (Reinstate, Self::Suspended) => Ok(Self::Active),
            (Suspend, Self::Active) => Ok(Self::Suspended),
            (Archive, status) if status != Self::Archived => Ok(Self::Archived),
            _ => Err(Code::WrongState),
        }
    }

    /// Whether it was verified, and may be shown or shown again.
    pub const fn was_verified(self) -> bool {
        matches!(self, Self::Active | Self::Suspended)
    }
}

choices! {
    /// In which order merchants are listed; ties go by id.
    #[derive(Default)]
    pub enum MerchantSort {
        /// Onboarded last, first.
        #[default]
        Newest = "-created_at",
        /// Onboarded first, first.
        Oldest = "created_at",
        /// Changed last, first.
        ChangedLast = "-updated_at",
        /// Unchanged for the longest, first.
        ChangedFirst = "updated_at",
        /// By name.
        Name = "name",
        /// By name, from its end.
        NameDown = "-name",
    }
}

choices! {
    /// The size of a business (PP 7/2021, article 35). Above `Medium` a business is no UMKM.
    pub enum Scale {
        /// Mikro.
        Micro = "micro",
        /// Kecil.
        Small = "small",
        /// Menengah.
        Medium = "medium",
    }
}

impl Scale {
    /// By yearly sales in rupiah, for a business already running (paragraph 5). None for a large one.
    pub const fn by_sales(rupiah: i64) -> Option<Self> {
        Self::within(rupiah, [2_000_000_000, 15_000_000_000, 50_000_000_000])
    }

    /// By capital in rupiah without land and buildings, at founding or registration (paragraph 3). None for a large one.
    pub const fn by_capital(rupiah: i64) -> Option<Self> {
        Self::within(rupiah, [1_000_000_000, 5_000_000_000, 10_000_000_000])
    }

    /// The upper bounds belong to the class below them.
    const fn within(rupiah: i64, [micro, small, medium]: [i64; 3]) -> Option<Self> {
        if rupiah <= micro {
            Some(Self::Micro)
        } else if rupiah <= small {
            Some(Self::Small)
        } else if rupiah <= medium {
            Some(Self::Medium)
        } else {
            None
        }
    }
}

/// A business identity number (nomor induk berusaha): 13 digits without structure. The shape proves no permit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Nib(String);

impl Nib {
    /// Drops spaces, dots and dashes, then wants 13 digits.
    pub fn parse(text: &str) -> Result<Self, Code> {
        let number = compact_number(text);
        match number.len() {
            0 => Err(Code::Required),
            13 if number.bytes().all(|b| b.is_ascii_digit()) => Ok(Self(number)),
            _ => Err(Code::InvalidNib),
        }
    }

    /// The 13 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Nib {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_documented_steps_exist() {
        use MerchantAction::*;
        use MerchantStatus::*;
        let steps = [
            (Draft, Submit, Submitted),
            (NeedsChanges, Submit, Submitted),
            (Submitted, RequestChanges, NeedsChanges),
            (Submitted, Verify, Active),
            (Active, Suspend, Suspended),
            (Suspended, Reinstate, Active),
            (Draft, Archive, Archived),
            (Submitted, Archive, Archived),
            (NeedsChanges, Archive, Archived),
            (Active, Archive, Archived),
            (Suspended, Archive, Archived),
        ];
        for &status in MerchantStatus::ALL {
            for &action in MerchantAction::ALL {
                let expected =
                    steps.iter().find(|(from, by, _)| (*from, *by) == (status, action)).map(|(_, _, to)| *to);
                assert_eq!(status.apply(action), expected.ok_or(Code::WrongState), "{status} {action}");
            }
        }
    }

    #[test]
    fn upper_bounds_of_a_scale_are_inclusive() {
        const MILLION: i64 = 1_000_000;
        for (sales, scale) in [
            (0, Some(Scale::Micro)),
            (2_000 * MILLION, Some(Scale::Micro)),
            (2_000 * MILLION + 1, Some(Scale::Small)),
            (15_000 * MILLION, Some(Scale::Small)),
            (15_000 * MILLION + 1, Some(Scale::Medium)),
            (50_000 * MILLION, Some(Scale::Medium)),
            (50_000 * MILLION + 1, None),
        ] {
            assert_eq!(Scale::by_sales(sales), scale, "{sales}");
        }
        for (capital, scale) in [
            (1_000 * MILLION, Some(Scale::Micro)),
            (1_000 * MILLION + 1, Some(Scale::Small)),
            (5_000 * MILLION, Some(Scale::Small)),
            (5_000 * MILLION + 1, Some(Scale::Medium)),
            (10_000 * MILLION, Some(Scale::Medium)),
            (10_000 * MILLION + 1, None),
        ] {
            assert_eq!(Scale::by_capital(capital), scale, "{capital}");
        }
    }

    #[test]
    fn a_nib_has_thirteen_digits_however_it_is_grouped() {
        for text in ["1234567890123", " 1234 5678 90123 ", "1234-5678.90123"] {
            assert_eq!(Nib::parse(text).map(|nib| nib.0), Ok("1234567890123".into()), "{text}");
        }
        for bad in [
            "123456789012",
            "12345678901234",
            "123456789012a",
            "１２３４５６７８９０１２３",
            "+1234567890123",
        ] {
            assert_eq!(Nib::parse(bad), Err(Code::InvalidNib), "{bad}");
        }
        assert_eq!(Nib::parse(" - "), Err(Code::Required));
    }

    proptest! {
        #[test]
        fn more_sales_never_make_a_smaller_scale(a in 0..100_000_000_000_i64, b in 0..100_000_000_000_i64) {
            // A large business has no scale and comes after all.
            let rank = |rupiah| Scale::by_sales(rupiah).map_or(Scale::ALL.len(), |scale| scale as usize);
            prop_assert!(rank(a.min(b)) <= rank(a.max(b)));
        }
    }
}
