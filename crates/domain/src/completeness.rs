//! How far a thing is translated: which of its texts are there in a language, and which are not.

use crate::locale::Locale;

/// A text that should be there in every language.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What comes before the language in its JSON pointer, and what after it.
    pub place: (String, &'static str),
    /// The languages that it is there in.
    pub there: Vec<Locale>,
}

/// How far the texts of a thing are there in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completeness {
    /// Whole percent, rounded down: 100 only when nothing is missing.
    pub percent: usize,
    /// JSON pointers of the texts that are missing.
    pub missing: Vec<String>,
}

impl Completeness {
    /// Of these texts in this language.
    pub fn of(wanted: &[Wanted], locale: Locale) -> Self {
        let missing: Vec<_> = wanted
            .iter()
            .filter(|text| !text.there.contains(&locale))
            .map(|Wanted { place: (before, after), .. }| format!("{before}/{locale}{after}"))
            .collect();
        let percent = match wanted.len() {
            0 => 100,
            all => (all - missing.len()) * 100 / all,
        };
        Self { percent, missing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_and_counted() {
        let wanted = [
            Wanted { place: ("/translations".into(), "/name"), there: vec![Locale::Id, Locale::En] },
            Wanted { place: ("/translations".into(), "/description"), there: vec![Locale::Id] },
            Wanted { place: ("/media/0/alt".into(), ""), there: vec![] },
        ];
        let of = |locale| Completeness::of(&wanted, locale);
        assert_eq!(of(Locale::Id), Completeness { percent: 66, missing: vec!["/media/0/alt/id".into()] });
        assert_eq!(of(Locale::En).missing, ["/translations/en/description", "/media/0/alt/en"]);
        assert_eq!(Completeness::of(&[], Locale::En).percent, 100);
    }
}
