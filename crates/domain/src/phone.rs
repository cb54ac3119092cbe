//! Phone numbers.

use std::fmt;

use crate::code::Code;

/// A phone number in E.164 form, such as `+6281234567890`: Indonesian mobile or fixed, or foreign. Whether it answers,
/// and whether on WhatsApp, no number tells.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Phone(String);

impl Phone {
    /// Takes what people write: `0812-3456-7890`, `+62 812..`, `62812..`, `812..`, `+62 (0)812..`; a foreign number
    /// needs its `+`. Service numbers such as 110 or 1500-xxx are no phone numbers here.
    pub fn parse(text: &str) -> Result<Self, Code> {
        let number: String = text.chars().filter(|c| !is_separator(*c)).collect();
        if number.is_empty() {
            return Err(Code::Required);
        }
        let international = match number.strip_prefix("+62").or_else(|| number.strip_prefix("62")) {
            Some(rest) => format!("+62{}", rest.strip_prefix('0').unwrap_or(rest)),
            None => match number.as_bytes()[0] {
                b'+' => number,
                b'0' => format!("+62{}", &number[1..]),
                b'8' => format!("+62{number}"),
                _ => return Err(Code::InvalidPhone),
            },
        };
        if is_e164(&international) { Ok(Self(international)) } else { Err(Code::InvalidPhone) }
    }

    /// The number with its `+`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is in Indonesia's mobile range, `+628`.
    pub fn is_mobile_indonesian(&self) -> bool {
        self.0.starts_with("+628")
    }

    /// The digits alone, as `wa.me` addresses have them.
    pub fn wa_digits(&self) -> &str {
        &self.0[1..]
    }
}

/// Only the end is shown: a buyer's number must not reach a log.
impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone(..{})", &self.0[self.0.len() - 3..])
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What people and their software put between digits; U+2010 to U+2015 are hyphens and dashes.
fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '.' | '(' | ')' | '/' | '\u{2010}'..='\u{2015}')
}

/// The Indonesian plan for `+62`: mobile `8[1-9]` and 7 to 10 digits, fixed `[2-79]` and 6 to 10; for all others what
/// E.164 allows.
fn is_e164(number: &str) -> bool {
    let Some(digits) = number.strip_prefix('+').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
    else {
        return false;
    };
    match digits.strip_prefix("62").map(str::as_bytes) {
        Some([b'8', b'1'..=b'9', rest @ ..]) => (7..=10).contains(&rest.len()),
        Some([b'2'..=b'7' | b'9', rest @ ..]) => (6..=10).contains(&rest.len()),
        Some(_) => false,
        None => (7..=15).contains(&digits.len()) && !digits.starts_with('0'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn phone(text: &str) -> Result<String, Code> {
        Phone::parse(text).map(|phone| phone.as_str().to_owned())
    }

    #[test]
    fn every_way_to_write_a_number_gives_the_same() {
        for text in [
            "0812-3456-7890",
            "+62 812 3456 7890",
            "6281234567890",
            "81234567890",
            "+62 (0)812-3456-7890",
            "62 0812 3456 7890",
            "(+62) 812.3456.7890",
            "0812\u{A0}3456\u{2011}7890",
            "  081234567890\n",
            "0812/34567890",
        ] {
            assert_eq!(phone(text), Ok("+6281234567890".into()), "{text}");
        }
    }

    #[test]
    fn lengths_of_the_indonesian_plan_are_kept() {
        for good in ["+62811234567", "+62811234567890", "+622112345", "+6221123456789", "+62778123456"] {
            assert!(Phone::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "+6281123456",
            "+628112345678901",
            "+6280123456789",
            "+62112345678",
            "+62211234",
            "+62211234567890",
            "+62",
            "0",
            "00812345678",
        ] {
            assert_eq!(phone(bad), Err(Code::InvalidPhone), "{bad}");
        }
    }

    #[test]
    fn a_foreign_number_needs_its_plus() {
        assert_eq!(phone("+65 9123 4567"), Ok("+6591234567".into()));
        assert_eq!(phone("+1 (202) 555-0143"), Ok("+12025550143".into()));
        for bad in [
            "65 9123 4567",
            "+0123456789",
            "+12345",
            "+1234567890123456",
            "++6591234567",
            "+65+91234567",
            "6591+234567",
        ] {
            assert_eq!(phone(bad), Err(Code::InvalidPhone), "{bad}");
        }
    }

    #[test]
    fn service_numbers_and_words_are_no_phone() {
        for bad in [
            "110",
            "1500-123",
            "14022",
            "telepon",
            "0812 abc",
            "٠٨١٢٣٤٥٦٧٨٩٠",
            "０８１２３４５６７８９０",
            "0812\u{0}34567890",
        ] {
            assert_eq!(phone(bad), Err(Code::InvalidPhone), "{bad}");
        }
        for empty in ["", " ", "--", "()"] {
            assert_eq!(phone(empty), Err(Code::Required), "{empty}");
        }
    }

    #[test]
    fn mobile_is_told_from_fixed_and_foreign() {
        let is_mobile = |text| Phone::parse(text).map(|phone| phone.is_mobile_indonesian());
        assert_eq!(is_mobile("0812 3456 7890"), Ok(true));
        assert_eq!(is_mobile("0778 123 456"), Ok(false));
        assert_eq!(is_mobile("+6591234567"), Ok(false));
    }

    #[test]
    fn debug_shows_only_the_end() {
        assert_eq!(Phone::parse("081234567890").map(|phone| format!("{phone:?}")), Ok("Phone(..890)".into()));
    }

    proptest! {
        #[test]
        fn parsing_what_was_parsed_changes_nothing(text in "[+]?[0-9() -]{5,20}") {
            if let Ok(once) = Phone::parse(&text) {
                prop_assert!(once.wa_digits().bytes().all(|b| b.is_ascii_digit()));
                prop_assert!((7..=15).contains(&once.wa_digits().len()));
                prop_assert_eq!(Phone::parse(once.as_str()), Ok(once));
            }
        }

        #[test]
        fn a_mobile_number_is_the_same_in_all_its_forms(rest in "8[1-9][0-9]{7,10}") {
            let expected = Phone::parse(&format!("+62{rest}"));
            prop_assert!(expected.is_ok());
            for text in [format!("0{rest}"), format!("62{rest}"), rest.clone(), format!("+62 (0){rest}")] {
                prop_assert_eq!(Phone::parse(&text), expected.clone());
            }
        }

        #[test]
        fn no_text_breaks_it(text in proptest::collection::vec(any::<char>(), 0..20).prop_map(String::from_iter)) {
            let _ = Phone::parse(&text);
        }
    }
}
