//! The languages that texts are kept in.

use std::cmp::Reverse;

use crate::text::choices;

choices! {
    /// A language of the interface and of translations. Indonesian comes first and is the default and the fallback.
    #[derive(Default)]
    pub enum Locale(InvalidLocale) {
        /// Indonesian.
        #[default]
        Id = "id",
        /// English.
        En = "en",
    }
}

impl Locale {
    /// The best locale for an `Accept-Language` header (RFC 9110, 12.5.4), or none when the header wants no language
    /// of ours. Equal weights go by order; a range that can't be read is passed over.
    pub fn from_accept_language(header: &str) -> Option<Self> {
        let ranges: Vec<(&str, u16)> = header.split(',').filter_map(range).collect();
        let best = |is_meant: &dyn Fn(&str) -> bool| {
            let meant = ranges.iter().enumerate().filter(|(_, (tag, _))| is_meant(tag));
            meant.map(|(at, (_, weight))| (*weight, Reverse(at))).max()
        };
        // `*` stands for what is not named; a weight of 0 refuses.
        let ranked = Self::ALL.iter().filter_map(|&locale| {
            let rank = best(&|tag| locale.is_named_by(tag)).or_else(|| best(&|tag| tag == "*"))?;
            (rank.0 > 0).then_some((rank, Reverse(locale)))
        });
        ranked.max().map(|(_, Reverse(locale))| locale)
    }

    /// The locale as Open Graph writes it (`og:locale`).
    pub const fn og_locale(self) -> &'static str {
        match self {
            Self::Id => "id_ID",
            Self::En => "en_US",
        }
    }

    fn is_named_by(self, tag: &str) -> bool {
        let language = tag.split('-').next().unwrap_or_default();
        // Older Android and Java send Indonesian as `in`, its code until 1989.
        language.eq_ignore_ascii_case(self.as_str())
            || (self == Self::Id && language.eq_ignore_ascii_case("in"))
    }
}

/// The same text in every locale.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bilingual<T> {
    /// In Indonesian.
    pub id: T,
    /// In English.
    pub en: T,
}

impl<T> Bilingual<T> {
    /// The text in one locale.
    pub const fn get(&self, locale: Locale) -> &T {
        match locale {
            Locale::Id => &self.id,
            Locale::En => &self.en,
        }
    }
}

/// One range, such as `en-GB;q=0.8`, with its weight in thousandths.
fn range(text: &str) -> Option<(&str, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let tag = parts.next().filter(|tag| !tag.is_empty())?;
    let weight = match parts.next() {
        None => 1000,
        Some(weight) => thousandths(weight.strip_prefix("q=").or_else(|| weight.strip_prefix("Q="))?)?,
    };
    Some((tag, weight))
}

fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Code;
    use proptest::prelude::*;

    #[test]
    fn indonesian_is_the_default() {
        assert_eq!(Locale::default(), Locale::Id);
        assert_eq!(Locale::parse("fr"), Err(Code::InvalidLocale));
        assert_eq!(Locale::parse("en"), Ok(Locale::En));
    }

    #[test]
    fn the_highest_weight_wins_then_the_order() {
        for (header, expected) in [
            ("id", Some(Locale::Id)),
            ("in-ID", Some(Locale::Id)),
            ("ID-id", Some(Locale::Id)),
            ("en-GB", Some(Locale::En)),
            ("en,id", Some(Locale::En)),
            ("id,en", Some(Locale::Id)),
            ("id;q=0.5, en;q=0.8", Some(Locale::En)),
            ("id;q=0.801, en;q=0.8", Some(Locale::Id)),
            ("fr, ms;q=0.9, en-US;q=0.1", Some(Locale::En)),
            ("fr-FR, fr;q=0.9", None),
            ("", None),
            (" , ,", None),
        ] {
            assert_eq!(Locale::from_accept_language(header), expected, "{header}");
        }
    }

    #[test]
    fn a_star_stands_for_what_is_not_named_and_zero_refuses() {
        for (header, expected) in [
            ("*", Some(Locale::Id)),
            ("fr, *;q=0.1", Some(Locale::Id)),
            ("id;q=0, *", Some(Locale::En)),
            ("en;q=0, *;q=0.5", Some(Locale::Id)),
            ("id;q=0", None),
            ("*;q=0", None),
            ("en;q=0.2, *;q=0.9", Some(Locale::Id)),
        ] {
            assert_eq!(Locale::from_accept_language(header), expected, "{header}");
        }
    }

    #[test]
    fn a_range_that_cannot_be_read_is_passed_over() {
        for broken in ["en;q=2", "en;q=1.5", "en;q=0.1234", "en;q=x", "en;level=1", "en;q=", "en;q=-1"] {
            assert_eq!(Locale::from_accept_language(broken), None, "{broken}");
            assert_eq!(
                Locale::from_accept_language(&format!("{broken},id;q=0.1")),
                Some(Locale::Id),
                "{broken}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_header_breaks_it(header in proptest::collection::vec(any::<char>(), 0..40).prop_map(String::from_iter)) {
            let _ = Locale::from_accept_language(&header);
        }

        #[test]
        fn the_heavier_language_is_chosen(id in 1u16..=1000, en in 1u16..=1000) {
            let weight = |n: u16| if n == 1000 { "1".into() } else { format!("0.{n:03}") };
            let header = format!("en;q={}, id;q={}", weight(en), weight(id));
            let expected = if id > en { Locale::Id } else { Locale::En };
            prop_assert_eq!(Locale::from_accept_language(&header), Some(expected));
        }
    }
}
