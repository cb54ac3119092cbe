//! What trade across borders asks of a product: its code in the Harmonized System, and where it comes from.

use crate::code::Code;

/// The chapters of the Harmonized System.
const CHAPTERS: std::ops::RangeInclusive<u8> = 1..=97;

/// A code of the Harmonized System: 6 digits, with Indonesia's own (BTKI) up to 8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HsCode(String);

impl HsCode {
    /// Drops the dots and spaces that the tariff book writes.
    pub fn parse(text: &str) -> Result<Self, Code> {
        let digits: String = text.chars().filter(|c| !matches!(c, '.' | ' ')).collect();
        match digits.len() {
            0 => Err(Code::Required),
            6..=8 if digits.bytes().all(|b| b.is_ascii_digit()) && HsChapter::parse(&digits[..2]).is_ok() => {
                Ok(Self(digits))
            }
            _ => Err(Code::InvalidHsCode),
        }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A chapter of the Harmonized System, `01` to `97`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HsChapter(u8);

impl HsChapter {
    /// The most chapters that one category maps to.
    pub const MOST: usize = 10;

    /// Two digits.
    pub fn parse(text: &str) -> Result<Self, Code> {
        let is_two_digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse() {
            Ok(chapter) if is_two_digits && CHAPTERS.contains(&chapter) => Ok(Self(chapter)),
            _ => Err(Code::InvalidHsCode),
        }
    }
}

impl std::fmt::Display for HsChapter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

/// Every country of ISO 3166-1.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
    BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ \
    FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT \
    JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP \
    MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE \
    RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV \
    TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// A country by its two letters (ISO 3166-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Country(String);

impl Country {
    /// Takes two letters in any case.
    pub fn parse(text: &str) -> Result<Self, Code> {
        let letters = text.trim().to_ascii_uppercase();
        match letters.len() {
            0 => Err(Code::Required),
            2 if COUNTRIES.split_whitespace().any(|country| country == letters) => Ok(Self(letters)),
            _ => Err(Code::InvalidCountry),
        }
    }

    /// Two capitals.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hs_code_has_a_chapter_that_exists() {
        for (text, digits) in [("0901.21", "090121"), ("0901.21.20", "09012120"), ("620520", "620520")] {
            assert_eq!(HsCode::parse(text).map(|code| code.0), Ok(digits.to_owned()));
        }
        for bad in ["0901", "000121", "981234", "090121201", "09012a"] {
            assert_eq!(HsCode::parse(bad), Err(Code::InvalidHsCode), "{bad}");
        }
    }

    #[test]
    fn a_chapter_is_two_digits() {
        assert_eq!(HsChapter::parse("09").map(|chapter| chapter.to_string()), Ok("09".to_owned()));
        for bad in ["", "9", "00", "98", "+9", "1a", "009"] {
            assert_eq!(HsChapter::parse(bad), Err(Code::InvalidHsCode), "{bad}");
        }
    }

    #[test]
    fn a_country_is_on_the_list() {
        assert_eq!(COUNTRIES.split_whitespace().count(), 249);
        assert_eq!(Country::parse("id").map(|country| country.0), Ok("ID".to_owned()));
        for bad in ["XX", "IDN", "I", "I D"] {
            assert_eq!(Country::parse(bad), Err(Code::InvalidCountry), "{bad}");
        }
    }
}
