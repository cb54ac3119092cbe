//! Slugs: the readable part of a public address.

use std::fmt;

use uuid::Uuid;

use crate::code::Code;

/// Words that mean something else in an address: paths of ours, the platform's own slug, and languages.
const RESERVED: &[&str] = &[
    "v1",
    "docs",
    "go",
    "media",
    "errors",
    "openapi",
    "oauth",
    "verify",
    Slug::NATIONAL, //
    "id",
    "en",
    "ms",
    "ar",
    "ja",
    "zh",
    "zh-hans",
];

/// Stands in for a name that leaves no letter or digit.
const NAMELESS: &str = "item";

/// 2 to 80 of `a-z`, `0-9` and single dashes inside; no reserved word and nothing that reads as a UUID, so that one
/// address can take a slug or an id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slug(String);

impl Slug {
    /// The platform's own aggregator, which alone has this slug.
    pub const NATIONAL: &str = "nasional";

    /// The longest slug, in characters.
    pub const MAX: usize = 80;

    /// Takes a slug as it is, without changing it.
    pub fn parse(text: &str) -> Result<Self, Code> {
        if text.is_empty() {
            return Err(Code::Required);
        }
        let word = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        if !(2..=Self::MAX).contains(&text.len()) || !text.split('-').all(word) {
            return Err(Code::InvalidSlug);
        }
        if is_reserved(text) { Err(Code::ReservedSlug) } else { Ok(Self(text.to_owned())) }
    }

    /// Makes a slug of a name in any script. It always succeeds: a reserved word gets a suffix, and a name without
    /// letters becomes a word.
    pub fn from_name(name: &str) -> Self {
        let text = slug::slugify(name);
        let text = match text.len() {
            0 => NAMELESS.to_owned(),
            1 => format!("{NAMELESS}-{text}"),
            _ => whole_words(&text).to_owned(),
        };
        if is_reserved(&text) { Self(text).with_suffix(2) } else { Self(text) }
    }

    /// The same slug with `-n` at its end, shortened where it would be too long: for the next try after a collision.
    pub fn with_suffix(&self, n: u32) -> Self {
        let suffix = format!("-{n}");
        let room = self.0.len().min(Self::MAX - suffix.len());
        Self(format!("{}{suffix}", self.0[..room].trim_end_matches('-')))
    }

    /// The slug.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

fn is_reserved(text: &str) -> bool {
    RESERVED.contains(&text) || Uuid::try_parse(text).is_ok()
}

/// As many whole words as fit; a single word that is too long is cut.
fn whole_words(text: &str) -> &str {
    if text.len() <= Slug::MAX {
        return text;
    }
    // One byte more than fits: a dash there means that the last word is whole.
    match text[..=Slug::MAX].rfind('-') {
        Some(end) if end >= 2 => &text[..end],
        _ => text[..Slug::MAX].trim_end_matches('-'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn made(name: &str) -> String {
        Slug::from_name(name).0
    }

    #[test]
    fn a_slug_has_lower_case_words_and_single_dashes() {
        for good in ["ab", "a1", "keripik-tempe", "1-2", &"a".repeat(80)] {
            assert!(Slug::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "a",
            "A-b",
            "-ab",
            "ab-",
            "a--b",
            "a b",
            "a_b",
            "a.b",
            "é-b",
            "ab\n",
            "..",
            "a/b",
            &"a".repeat(81),
        ] {
            assert_eq!(Slug::parse(bad), Err(Code::InvalidSlug), "{bad}");
        }
        assert_eq!(Slug::parse(""), Err(Code::Required));
    }

    #[test]
    fn reserved_words_and_ids_are_refused() {
        for reserved in RESERVED
            .iter()
            .copied()
            .chain(["0195f3a0-7e5b-7cc1-9d0e-3b1c2a4d5e6f", "0195f3a07e5b7cc19d0e3b1c2a4d5e6f"])
        {
            assert_eq!(Slug::parse(reserved), Err(Code::ReservedSlug), "{reserved}");
        }
        for locale in crate::locale::Locale::ALL {
            assert!(RESERVED.contains(&locale.as_str()));
        }
    }

    #[test]
    fn a_name_becomes_readable() {
        for (name, slug) in [
            ("Keripik Tempe & Sambal", "keripik-tempe-sambal"),
            ("  Café Ibu Sri!  ", "cafe-ibu-sri"),
            ("K", "item-k"),
            ("", "item"),
            ("!!!", "item"),
            ("Docs", "docs-2"),
            ("Nasional", "nasional-2"),
            ("0195f3a0-7e5b-7cc1-9d0e-3b1c2a4d5e6f", "0195f3a0-7e5b-7cc1-9d0e-3b1c2a4d5e6f-2"),
        ] {
            assert_eq!(made(name), slug, "{name}");
        }
    }

    #[test]
    fn a_long_name_ends_with_a_whole_word() {
        assert_eq!(made(&"tujuh77 ".repeat(20)), ["tujuh77"; 10].join("-"));
        assert_eq!(made(&format!("{} {}", "a".repeat(40), "b".repeat(39))).len(), 80);
        assert_eq!(made(&format!("{} {}", "a".repeat(40), "b".repeat(40))), "a".repeat(40));
        assert_eq!(made(&"a".repeat(100)), "a".repeat(80));
        assert_eq!(made(&format!("a {}", "b".repeat(100))).len(), 80);
    }

    #[test]
    fn a_suffix_takes_room_from_the_name() {
        assert_eq!(Slug::from_name("keripik").with_suffix(2).as_str(), "keripik-2");
        assert_eq!(Slug::from_name(&"a".repeat(80)).with_suffix(u32::MAX).as_str().len(), 80);
    }

    proptest! {
        #[test]
        fn any_name_gives_a_slug_that_parses(
            name in proptest::collection::vec(any::<char>(), 0..120).prop_map(String::from_iter),
            n in any::<u32>(),
        ) {
            let slug = Slug::from_name(&name);
            prop_assert_eq!(Slug::parse(slug.as_str()), Ok(slug.clone()));
            let next = slug.with_suffix(n);
            prop_assert_eq!(Slug::parse(next.as_str()), Ok(next.clone()));
            prop_assert_ne!(next, slug);
        }

        #[test]
        fn a_slug_made_of_a_slug_is_the_same(text in "[a-z0-9]{1,9}(-[a-z0-9]{1,9}){1,6}") {
            if let Ok(slug) = Slug::parse(&text) {
                prop_assert_eq!(Slug::from_name(&text), slug);
            }
        }
    }
}
