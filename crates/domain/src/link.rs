//! The codes of `/go/{code}`: short addresses that count who pressed them. A code is made of what it names and nothing
//! else, so that what is printed on a pack stays valid as long as its product does, whatever the product is called.

use std::fmt;

use uuid::Uuid;

use crate::code::Code;
use crate::crockford;
use crate::lead::LeadSource;

/// The digits of a [`Tail`].
const DIGITS: usize = 12;

/// The last 60 bits of an id: all of them random or counted up, and enough to name one of many millions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tail(u64);

impl Tail {
    /// The end of an id.
    pub fn of(id: impl Into<Uuid>) -> Self {
        let id: Uuid = id.into();
        let [.., a, b, c, d, e, f, g, h] = *id.as_bytes();
        Self(u64::from_be_bytes([a & 0x0F, b, c, d, e, f, g, h]))
    }

    /// As the last 16 characters of an id are written.
    pub fn as_text(self) -> String {
        format!("{:03x}-{:012x}", self.0 >> 48, self.0 & 0xFFFF_FFFF_FFFF)
    }

    fn parse(digits: &[u8]) -> Result<Self, Code> {
        if digits.len() != DIGITS {
            return Err(Code::NotFound);
        }
        Ok(Self(digits.iter().fold(0, |bits, digit| bits << 5 | u64::from(*digit))))
    }
}

impl fmt::Display for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digit = |at: usize| crockford::digit((self.0 >> (5 * (DIGITS - 1 - at)) & 31) as u8);
        f.pad(&(0..DIGITS).map(digit).collect::<String>())
    }
}

/// What a product was shown in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    /// A collection.
    Collection(Tail),
    /// A featured slot.
    Slot(Tail),
}

/// What a code of `/go` names: 13 digits for a product and a source, 26 with what the product was shown in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkCode {
    /// The product.
    pub product: Tail,
    /// Where whoever presses it comes from.
    pub source: LeadSource,
    /// What the product was shown in.
    pub shelf: Option<Shelf>,
}

/// The digit of a source. Printed: a digit never gets another meaning.
const fn source_digit(source: LeadSource) -> u8 {
    match source {
        LeadSource::Web => 0,
        LeadSource::App => 1,
        LeadSource::Share => 2,
        LeadSource::Qr => 3,
        LeadSource::Whatsapp => 4,
        LeadSource::Instagram => 5,
        LeadSource::Facebook => 6,
        LeadSource::Tiktok => 7,
        LeadSource::Other => 8,
    }
}

impl LinkCode {
    /// The code of a product for one source.
    pub fn new(product: impl Into<Uuid>, source: LeadSource) -> Self {
        Self { product: Tail::of(product), source, shelf: None }
    }

    /// The same within a collection or a slot.
    #[must_use]
    pub const fn within(self, shelf: Shelf) -> Self {
        Self { shelf: Some(shelf), ..self }
    }

    /// Reads a code, as people type it too. `NotFound` where it is none.
    pub fn parse(text: &str) -> Result<Self, Code> {
        let digits: Vec<u8> =
            crockford::digits(text).take(27).collect::<Result<_, _>>().map_err(|_| Code::NotFound)?;
        let (product, rest) = digits.split_at_checked(DIGITS).ok_or(Code::NotFound)?;
        let (source, shelf) = rest.split_first().ok_or(Code::NotFound)?;
        let source = LeadSource::ALL.iter().find(|choice| source_digit(**choice) == *source);
        let shelf = match shelf.split_first() {
            None => None,
            Some((0, tail)) => Some(Shelf::Collection(Tail::parse(tail)?)),
            Some((1, tail)) => Some(Shelf::Slot(Tail::parse(tail)?)),
            Some(_) => return Err(Code::NotFound),
        };
        Ok(Self { product: Tail::parse(product)?, source: *source.ok_or(Code::NotFound)?, shelf })
    }
}

impl fmt::Display for LinkCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.product, crockford::digit(source_digit(self.source)))?;
        match self.shelf {
            None => Ok(()),
            Some(Shelf::Collection(tail)) => write!(f, "0{tail}"),
            Some(Shelf::Slot(tail)) => write!(f, "1{tail}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_code_is_what_is_printed() {
        let id = Uuid::from_u128(0x019a_b0f2_5b5c_7d30_9d0c_2f2f_1f6f_8a11);
        let code = LinkCode::new(id, LeadSource::Qr);
        assert_eq!(code.to_string(), "T31F5WFPZ2GH3");
        assert_eq!(code.product.as_text(), "d0c-2f2f1f6f8a11");
        assert!(id.to_string().ends_with(&code.product.as_text()));
    }

    #[test]
    fn what_is_no_code_names_nothing() {
        for bad in ["", "0", "000000000000", "000000000000Z", "0000000000000000", "é", "U000000000000"] {
            assert_eq!(LinkCode::parse(bad), Err(Code::NotFound), "{bad}");
        }
        assert_eq!(LinkCode::parse(&"0".repeat(1000)), Err(Code::NotFound));
    }

    proptest! {
        #[test]
        fn a_code_reads_back(product in any::<u128>(), shelf in any::<u128>(), source in 0..LeadSource::ALL.len(), kind in 0..3) {
            let code = LinkCode::new(Uuid::from_u128(product), LeadSource::ALL[source]);
            let tail = Tail::of(Uuid::from_u128(shelf));
            let code = match kind {
                0 => code,
                1 => code.within(Shelf::Collection(tail)),
                _ => code.within(Shelf::Slot(tail)),
            };
            let text = code.to_string();
            prop_assert_eq!(text.len(), if kind == 0 { 13 } else { 26 });
            prop_assert_eq!(LinkCode::parse(&text), Ok(code));
            prop_assert_eq!(LinkCode::parse(&text.to_lowercase()), Ok(code));
        }
    }
}
