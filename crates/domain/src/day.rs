//! Calendar days, as the API writes them and as people do.

use chrono::{Datelike, NaiveDate};

use crate::code::Code;
use crate::locale::Locale;

/// A day as `2026-11-24`, between 1900 and 2199.
pub fn parse_day(text: &str) -> Result<NaiveDate, Code> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| Code::InvalidDate)?;
    // chrono takes years of any length, days of one digit, and any white space before them.
    let is_year = text.get(..4).is_some_and(|year| ("1900".."2200").contains(&year));
    if text.len() == 10 && is_year { Ok(day) } else { Err(Code::InvalidDate) }
}

const MONTHS: [(&str, &str); 12] = [
    ("Januari", "January"),
    ("Februari", "February"),
    ("Maret", "March"),
    ("April", "April"),
    ("Mei", "May"),
    ("Juni", "June"),
    ("Juli", "July"),
    ("Agustus", "August"),
    ("September", "September"),
    ("Oktober", "October"),
    ("November", "November"),
    ("Desember", "December"),
];

/// A day in words: `24 November 2026`.
#[must_use]
pub fn in_words(day: NaiveDate, locale: Locale) -> String {
    let (id, en) = MONTHS[day.month0() as usize];
    let month = match locale {
        Locale::Id => id,
        Locale::En => en,
    };
    format!("{} {month} {}", day.day(), day.year())
}

/// The days from one to another in words; one alone where they are the same.
#[must_use]
pub fn period_in_words(from: NaiveDate, to: NaiveDate, locale: Locale) -> String {
    let from_words = in_words(from, locale);
    if from == to { from_words } else { format!("{from_words} – {}", in_words(to, locale)) }
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

    #[test]
    fn days_are_told_in_each_language() {
        let day = |text| parse_day(text).expect("a day");
        assert_eq!(in_words(day("2026-08-17"), Locale::Id), "17 Agustus 2026");
        assert_eq!(in_words(day("2026-08-17"), Locale::En), "17 August 2026");
        let period = |to| period_in_words(day("2026-12-31"), day(to), Locale::En);
        assert_eq!(period("2026-12-31"), "31 December 2026");
        assert_eq!(period("2027-01-02"), "31 December 2026 – 2 January 2027");
    }
}
