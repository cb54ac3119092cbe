//! Text as people type it, and enums that are stored as text.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use crate::code::Code;

/// Text of `MIN` to `MAX` characters, counted as Unicode scalar values after trimming and NFC, as PostgreSQL's
/// `char_length` counts them. With `LINES` it may have line feeds and tabs.
///
/// Control characters, bidirectional overrides (which can make a name read as another) and noncharacters are refused;
/// zero-width marks that languages and emoji need are kept inside and trimmed at the ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text<const LINES: bool, const MIN: usize, const MAX: usize>(String);

/// Text on one line: names, titles.
pub type Line<const MIN: usize, const MAX: usize> = Text<false, MIN, MAX>;

/// Text on any number of lines: stories, descriptions, reasons. Every kind of line end becomes `\n`.
pub type Prose<const MIN: usize, const MAX: usize> = Text<true, MIN, MAX>;

impl<const LINES: bool, const MIN: usize, const MAX: usize> Text<LINES, MIN, MAX> {
    /// Trims, normalises and checks. An empty text is `Required` where `MIN` is above 0.
    pub fn parse(text: &str) -> Result<Self, Code> {
        let text = trim(text);
        let text: String = if LINES { unify_line_ends(text).nfc().collect() } else { text.nfc().collect() };
        if text.chars().any(|c| is_refused(c) && !(LINES && matches!(c, '\n' | '\t'))) {
            return Err(Code::InvalidCharacters);
        }
        match text.chars().count() {
            0 if MIN > 0 => Err(Code::Required),
            n if n < MIN => Err(Code::TooShort),
            n if n > MAX => Err(Code::TooLong),
            _ => Ok(Self(text)),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is no text; possible only where `MIN` is 0.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<const LINES: bool, const MIN: usize, const MAX: usize> fmt::Display for Text<LINES, MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<const LINES: bool, const MIN: usize, const MAX: usize> From<Text<LINES, MIN, MAX>> for String {
    fn from(text: Text<LINES, MIN, MAX>) -> Self {
        text.0
    }
}

/// White space goes, and so do the invisible marks that would let a text look empty.
fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{200B}' | '\u{2060}' | '\u{FEFF}'))
}

fn unify_line_ends(text: &str) -> String {
    text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n")
}

fn is_refused(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FDD0}'..='\u{FDEF}')
        || (c as u32) & 0xFFFE == 0xFFFE
}

/// The first `max` characters, or all of them.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    text.char_indices().nth(max).map_or(text, |(end, _)| &text[..end])
}

/// An official number as it is stored: trimmed, upper case, without spaces, dots and dashes.
pub(crate) fn compact_number(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '.' | '-'))
        .flat_map(char::to_uppercase)
        .collect()
}

/// A lower-case DNS name of two labels or more whose last one has a letter: so not `localhost`, not an IP address.
pub(crate) fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    text.len() <= 253
        && text.split('.').all(label)
        && text.rsplit_once('.').is_some_and(|(_, last)| last.bytes().any(|b| b.is_ascii_lowercase()))
}

/// An enum that is stored, sent and received as text. A test compares `ALL` with the database's CHECKs.
///
/// `pub enum Name { Variant = "text", .. }`; another code than `InvalidChoice` stands in brackets after the name.
macro_rules! choices {
    (@code) => { $crate::code::Code::InvalidChoice };
    (@code $code:ident) => { $crate::code::Code::$code };
    ($(#[$meta:meta])* pub enum $name:ident $(($code:ident))? {
        $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)+
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$variant_meta])* $variant,)+ }

        impl $name {
            /// Every choice, in the order of its declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The choice as it is stored and sent.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Takes exactly the texts that `as_str` gives.
            pub fn parse(text: &str) -> Result<Self, $crate::code::Code> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::text::choices!(@code $($code)?)),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
pub(crate) use choices;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(text: &str) -> Result<String, Code> {
        Line::<2, 5>::parse(text).map(String::from)
    }

    fn prose(text: &str) -> Result<String, Code> {
        Prose::<0, 9>::parse(text).map(String::from)
    }

    choices! {
        /// For the test.
        pub enum Tide(InvalidDate) {
            /// In.
            High = "high",
            /// Out.
            Low = "low",
        }
    }

    #[test]
    fn characters_are_counted_and_not_bytes() {
        assert_eq!(line("ééééé"), Ok("ééééé".into()));
        assert_eq!(line("🛶🛶🛶🛶🛶"), Ok("🛶🛶🛶🛶🛶".into()));
        assert_eq!(line("abcdef"), Err(Code::TooLong));
        assert_eq!(line("a"), Err(Code::TooShort));
    }

    #[test]
    fn text_is_trimmed_and_composed() {
        assert_eq!(line(" \tabc\r\n"), Ok("abc".into()));
        assert_eq!(line("e\u{301}e\u{301}"), Ok("éé".into()));
    }

    #[test]
    fn what_looks_empty_is_empty() {
        for empty in ["", "  ", "\u{200B}\u{2060}", "\u{FEFF}\u{A0}\u{3000}"] {
            assert_eq!(line(empty), Err(Code::Required), "{empty:?}");
            assert_eq!(prose(empty), Ok(String::new()), "{empty:?}");
        }
    }

    #[test]
    fn a_line_has_no_line_end_and_prose_has_one_kind() {
        for broken in ["a\nb", "a\tb", "a\rb", "a\u{85}b", "a\u{2028}b"] {
            assert_eq!(line(broken), Err(Code::InvalidCharacters), "{broken:?}");
        }
        assert_eq!(prose("a\r\nb\rc\n\t\u{2029}d"), Ok("a\nb\nc\n\t\nd".into()));
    }

    #[test]
    fn what_deceives_or_breaks_a_reader_is_refused() {
        for c in [
            '\0',
            '\u{7}',
            '\u{1b}',
            '\u{7f}',
            '\u{9b}',
            '\u{202A}',
            '\u{202E}',
            '\u{2066}',
            '\u{2069}',
            '\u{FDD0}',
            '\u{FFFE}',
            '\u{1FFFF}',
            '\u{10FFFF}',
        ] {
            assert_eq!(line(&format!("a{c}b")), Err(Code::InvalidCharacters), "{c:?}");
            assert_eq!(prose(&format!("a{c}b")), Err(Code::InvalidCharacters), "{c:?}");
        }
    }

    #[test]
    fn marks_that_languages_and_emoji_need_are_kept() {
        for kept in ["a\u{200D}b", "a\u{200C}b", "a\u{200F}b", "👩\u{200D}🍳"] {
            assert_eq!(line(kept), Ok(kept.into()));
        }
    }

    #[test]
    fn a_choice_knows_its_texts_and_its_code() {
        assert_eq!(Tide::ALL, [Tide::High, Tide::Low]);
        assert_eq!(Tide::parse("low"), Ok(Tide::Low));
        assert_eq!(Tide::parse("Low"), Err(Code::InvalidDate));
        assert_eq!(format!("{:>5}", Tide::High), " high");
    }

    #[test]
    fn cutting_never_splits_a_character() {
        assert_eq!(cut("héllo", 2), "hé");
        assert_eq!(cut("hé", 2), "hé");
        assert_eq!(cut("", 0), "");
    }

    #[test]
    fn a_host_has_a_domain_and_is_no_address() {
        for host in ["toko.id", "a.b-c.co.id", "xn--bcher-kva.example"] {
            assert!(is_host_name(host), "{host}");
        }
        for bad in [
            "",
            "localhost",
            "127.0.0.1",
            "a..id",
            ".id",
            "a.id.",
            "-a.id",
            "a-.id",
            "A.id",
            "a_b.id",
            "a.id:80",
            "é.id",
        ] {
            assert!(!is_host_name(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn parsing_what_was_parsed_changes_nothing(text in proptest::collection::vec(any::<char>(), 0..12).prop_map(String::from_iter)) {
            if let Ok(once) = Prose::<0, 40>::parse(&text) {
                prop_assert_eq!(Prose::<0, 40>::parse(once.as_str()), Ok(once));
            }
            if let Ok(once) = Line::<1, 40>::parse(&text) {
                prop_assert_eq!(Line::<1, 40>::parse(once.as_str()), Ok(once.clone()));
                prop_assert!(!once.as_str().chars().any(char::is_control));
            }
        }
    }
}
