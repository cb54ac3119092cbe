//! Calendar days as the API writes them.

use chrono::NaiveDate;

use crate::code::Code;

/// A day as `2026-11-24`, between 1900 and 2199.
pub fn parse_day(text: &str) -> Result<NaiveDate, Code> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| Code::InvalidDate)?;
    // chrono takes years of any length, days of one digit, and any white space before them.
    let is_year = text.get(..4).is_some_and(|year| ("1900".."2200").contains(&year));
    if text.len() == 10 && is_year { Ok(day) } else { Err(Code::InvalidDate) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_one_spelling() {
        assert_eq!(parse_day("2026-11-24").ok(), NaiveDate::from_ymd_opt(2026, 11, 24));
        for bad in [
            "",
            "2026-02-30",
            "2026-1-1",
            "24-11-2026",
            "+2026-11-2",
            "0001-01-01",
            "2200-01-01",
            "2026-11-24T00:00Z",
            "\u{2003}\u{85}1-1-1",
        ] {
            assert_eq!(parse_day(bad), Err(Code::InvalidDate), "{bad}");
        }
    }
}
