//! Numbers that name a person: they are sealed where they are stored, found by keyed hash, and shown masked. Their
//! `Debug` is the mask too, so that no log can have one.

use std::fmt;

use chrono::NaiveDate;

use crate::bank_account::AccountNumber;
use crate::code::Code;
use crate::text::{Line, choices, compact_number};

/// Why personal data is read unmasked: kept in the log.
pub type Purpose = Line<5, 200>;

choices! {
    /// Personal data of a merchant that is shown masked.
    pub enum PersonalField {
        /// The citizen's number of the legal document.
        Nik = "nik",
        /// The taxpayer's number of the legal document.
        Npwp = "npwp",
        /// Number and holder of the account.
        BankAccount = "bank_account",
        /// Capital without land and building.
        Capital = "capital",
        /// Sales of a year.
        YearlySales = "yearly_sales",
    }
}

choices! {
    /// A number that a merchant is looked up by.
    pub enum NumberKind {
        /// The citizen's number of a legal document.
        Nik = "nik",
        /// The taxpayer's number of a legal document.
        Npwp = "npwp",
        /// The number of an account.
        BankAccount = "bank_account",
    }
}

/// A number that somebody looks for, in the form in which it was hashed. Prints masked.
#[derive(Clone, PartialEq, Eq)]
pub struct SoughtNumber {
    kind: NumberKind,
    number: String,
}

impl SoughtNumber {
    /// Wants what a number of the kind wants.
    pub fn parse(kind: NumberKind, text: &str) -> Result<Self, Code> {
        let number = match kind {
            NumberKind::Nik => Nik::parse(text)?.0,
            NumberKind::Npwp => Npwp::parse(text)?.0,
            NumberKind::BankAccount => AccountNumber::parse(text)?.as_str().to_owned(),
        };
        Ok(Self { kind, number })
    }

    /// What it is.
    pub fn kind(&self) -> NumberKind {
        self.kind
    }

    /// Its digits. Only to be hashed.
    pub fn as_str(&self) -> &str {
        &self.number
    }
}

impl fmt::Debug for SoughtNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SoughtNumber({})", self.kind)
    }
}

/// A citizen's number (nomor induk kependudukan): region, birth date, serial. Its region is that of issue and may be
/// gone; district 99 is for tests. Sex and birth date are never read out of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Nik(String);

impl Nik {
    /// Drops spaces, dots and dashes, then wants 16 digits with a date that exists.
    pub fn parse(text: &str) -> Result<Self, Code> {
        let number = compact_number(text);
        match number.len() {
            0 => Err(Code::Required),
            16 if has_digits_alone(&number) => {
                if has_birth_date(&number) {
                    Ok(Self(number))
                } else {
                    Err(Code::ImpossibleNikDate)
                }
            }
            _ => Err(Code::InvalidNik),
        }
    }

    /// The 16 digits. Only to be sealed, hashed, or shown to who may read it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `3201********0001`.
    pub fn masked(&self) -> String {
        masked_number(&self.0)
    }
}

/// A taxpayer's number (nomor pokok wajib pajak) in its present form of 16 digits: a resident's NIK, or 0 and the
/// former 15.
#[derive(Clone, PartialEq, Eq)]
pub struct Npwp(String);

impl Npwp {
    /// Takes the former 15 digits, `12.345.678.9-012.345`, and the present 16.
    pub fn parse(text: &str) -> Result<Self, Code> {
        let number = compact_number(text);
        match number.len() {
            0 => Err(Code::Required),
            15 if has_digits_alone(&number) => Ok(Self(format!("0{number}"))),
            16 if has_digits_alone(&number) => {
                if number.starts_with('0') || has_birth_date(&number) {
                    Ok(Self(number))
                } else {
                    Err(Code::ImpossibleNikDate)
                }
            }
            _ => Err(Code::InvalidNpwp),
        }
    }

    /// The 16 digits. Only to be sealed, hashed, or shown to who may read it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `0123********2345`.
    pub fn masked(&self) -> String {
        masked_number(&self.0)
    }
}

impl fmt::Debug for Nik {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nik({})", self.masked())
    }
}

impl fmt::Debug for Npwp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Npwp({})", self.masked())
    }
}

fn has_digits_alone(number: &str) -> bool {
    number.bytes().all(|b| b.is_ascii_digit())
}

/// Digits 7 to 12 are day, month and year; women's days start at 41. The century is not written: a date counts that
/// exists in one of the two.
fn has_birth_date(number: &str) -> bool {
    let part = |range| number.get(range).and_then(|digits: &str| digits.parse::<u32>().ok());
    let (Some(day), Some(month), Some(year)) = (part(6..8), part(8..10), part(10..12)) else { return false };
    let day = if day > 40 { day - 40 } else { day };
    [1900, 2000].into_iter().any(|century| {
        let year = i32::try_from(century + year).ok();
        year.and_then(|year| NaiveDate::from_ymd_opt(year, month, day)).is_some()
    })
}

/// The first and last four of a number of 16 digits.
fn masked_number(number: &str) -> String {
    format!("{}********{}", &number[..4], &number[12..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_nik_has_sixteen_digits_however_they_are_grouped() {
        for text in ["3201995001900001", " 3201 9950 0190 0001 ", "320199.500190.0001"] {
            assert_eq!(Nik::parse(text).map(|nik| nik.0), Ok("3201995001900001".into()), "{text}");
        }
        for bad in
            ["320199500190000", "32019950019000011", "320199500190000X", "３２０１９９５００１９００００１"]
        {
            assert_eq!(Nik::parse(bad), Err(Code::InvalidNik), "{bad}");
        }
        assert_eq!(Nik::parse(" . "), Err(Code::Required));
    }

    #[test]
    fn the_date_within_a_nik_exists() {
        for (date, exists) in [
            ("010190", true),
            ("310190", true),
            ("410190", true),
            ("710190", true),
            ("290200", true),
            ("290204", true),
            ("690296", true),
            ("290201", false),
            ("690297", false),
            ("300290", false),
            ("310490", false),
            ("710490", false),
            ("000190", false),
            ("320190", false),
            ("400190", false),
            ("720190", false),
            ("990190", false),
            ("010090", false),
            ("011390", false),
        ] {
            let expected = if exists { Ok(()) } else { Err(Code::ImpossibleNikDate) };
            assert_eq!(Nik::parse(&format!("320101{date}0001")).map(|_| ()), expected, "{date}");
        }
    }

    #[test]
    fn a_former_npwp_gets_its_zero_and_a_resident_s_is_a_nik() {
        for (text, number) in [
            ("12.345.678.9-012.345", "0123456789012345"),
            ("0123456789012345", "0123456789012345"),
            ("3201995001900001", "3201995001900001"),
        ] {
            assert_eq!(Npwp::parse(text).map(|npwp| npwp.0), Ok(number.into()), "{text}");
        }
        assert_eq!(Npwp::parse("3201990001900001"), Err(Code::ImpossibleNikDate));
        for bad in ["12345678901234", "12345678901234567", "12345678901234x"] {
            assert_eq!(Npwp::parse(bad), Err(Code::InvalidNpwp), "{bad}");
        }
    }

    #[test]
    fn what_is_printed_is_the_mask() {
        let nik = Nik::parse("3201995001900001").expect("a NIK");
        assert_eq!(nik.masked(), "3201********0001");
        assert_eq!(format!("{nik:?}"), "Nik(3201********0001)");
        let npwp = Npwp::parse("12.345.678.9-012.345").expect("an NPWP");
        assert_eq!(format!("{npwp:?}"), "Npwp(0123********2345)");
    }

    proptest! {
        #[test]
        fn no_text_makes_a_panic_and_what_was_parsed_parses(text in "\\PC{0,24}") {
            if let Ok(nik) = Nik::parse(&text) {
                prop_assert_eq!(Nik::parse(nik.as_str()), Ok(nik));
            }
            if let Ok(npwp) = Npwp::parse(&text) {
                prop_assert_eq!(Npwp::parse(npwp.as_str()), Ok(npwp));
            }
        }

        #[test]
        fn a_mask_hides_eight_digits(serial in 0..10_000_u32, day in 1..=28_u32, women: bool, year in 0..100_u32) {
            let day = if women { day + 40 } else { day };
            let text = format!("327399{day:02}06{year:02}{serial:04}");
            let masked = Nik::parse(&text).map(|nik| nik.masked());
            prop_assert_eq!(masked, Ok(format!("3273********{serial:04}")));
        }
    }
}
