//! Barcodes of goods: the GTINs of GS1.

use crate::code::Code;

/// A GTIN of 8, 12, 13 or 14 digits, the last of which proves the others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Gtin(String);

impl Gtin {
    /// Drops spaces and dashes, as they stand below printed barcodes.
    pub fn parse(text: &str) -> Result<Self, Code> {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        if digits.is_empty() {
            return Err(Code::Required);
        }
        if !matches!(digits.len(), 8 | 12 | 13 | 14) || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Code::InvalidBarcode);
        }
        // From the right, the check digit counts once, the next three times, and so on.
        let weighed = digits.bytes().rev().zip([1, 3].into_iter().cycle());
        let sum: u32 = weighed.map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
        if sum.is_multiple_of(10) { Ok(Self(digits)) } else { Err(Code::WrongCheckDigit) }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_last_digit_proves_the_others() {
        for good in ["8990000000013", "899 0000-000013", "96385074", "036000291452", "10012345678902"] {
            assert!(Gtin::parse(good).is_ok(), "{good}");
        }
        assert_eq!(Gtin::parse("8990000000014"), Err(Code::WrongCheckDigit));
        for bad in ["899000000001", "123456789", "89900000000a3", "٨٩٩٠٠٠٠٠٠٠٠١٣", "8990000000013\0"]
        {
            let parsed = Gtin::parse(bad);
            assert!(matches!(parsed, Err(Code::InvalidBarcode | Code::WrongCheckDigit)), "{bad}: {parsed:?}");
        }
        assert_eq!(Gtin::parse(" - "), Err(Code::Required));
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_always_noticed(body in "[0-9]{12}", at in 0_usize..12, by in 1_u8..10) {
            let good = (0..10).map(|last| format!("{body}{last}")).find(|text| Gtin::parse(text).is_ok());
            let mut wrong = good.expect("one check digit fits").into_bytes();
            wrong[at] = b'0' + (wrong[at] - b'0' + by) % 10;
            let wrong = String::from_utf8(wrong).expect("digits");
            prop_assert_eq!(Gtin::parse(&wrong), Err(Code::WrongCheckDigit));
        }

        #[test]
        fn no_text_makes_a_panic(text in "\\PC{0,20}") {
            let _ = Gtin::parse(&text);
        }
    }
}
