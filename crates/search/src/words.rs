//! What counts as the same word: letters folded, spellings made one, endings taken off. All of it is the same for
//! what is indexed and for what is asked.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;

use kapal_domain::locale::Locale;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longer runs of letters are cut: nobody types them in earnest.
const LONGEST: usize = 40;

/// A word of a text: where it stands, and its letters without case, accents and apostrophes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The bytes of the text that it takes.
    pub at: Range<usize>,
    /// Its folded letters.
    pub folded: String,
}

/// The words of a text. What is neither letter nor digit only parts them.
pub fn words(text: &str) -> impl Iterator<Item = Word> + '_ {
    let mut rest = text.char_indices().peekable();
    std::iter::from_fn(move || {
        while rest.next_if(|(_, c)| !c.is_alphanumeric()).is_some() {}
        let (start, _) = *rest.peek()?;
        let mut end = start;
        while let Some((at, c)) = rest.next_if(|(_, c)| c.is_alphanumeric() || is_inside(*c)) {
            end = at + c.len_utf8();
        }
        let word = text[start..end].trim_end_matches(is_inside);
        let at = start..start + word.len();
        let folded = word.nfkd().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(LONGEST);
        Some(Word { at, folded: folded.collect() })
    })
    .filter(|word| !word.folded.is_empty())
}

/// What doesn't part a word: apostrophes (Ma'rang), accents, and the invisible joiners.
fn is_inside(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{02bc}' | '\u{200c}' | '\u{200d}') || is_combining_mark(c)
}

/// The folded words of a text.
pub fn folded(text: &str) -> impl Iterator<Item = String> + '_ {
    words(text).map(|word| word.folded)
}

/// Lines of `written,read` of a file that is part of the program.
fn pairs(file: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    file.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(','))
}

static VARIANTS: LazyLock<HashMap<&str, &str>> =
    LazyLock::new(|| pairs(include_str!("../data/variants.csv")).collect());
static LETTERS: LazyLock<Vec<(&str, &str)>> =
    LazyLock::new(|| pairs(include_str!("../data/letters.csv")).collect());
static STOP_WORDS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("../data/stop_words.txt").split_whitespace().collect());

/// Whether a folded word says nothing of what a thing is.
pub fn is_stop_word(folded: &str) -> bool {
    STOP_WORDS.contains(folded)
}

/// The spelling under which a folded word is looked up.
fn spelling(folded: &str) -> String {
    let known = |word: &str| VARIANTS.get(word).map(|read| (*read).to_owned());
    known(folded).unwrap_or_else(|| {
        let mut word = folded.to_owned();
        for (written, read) in LETTERS.iter() {
            if word.contains(written) {
                word = word.replace(written, read);
            }
        }
        known(&word).unwrap_or(word)
    })
}

/// What a folded word is indexed as, in a text of this language.
pub fn stem(folded: &str, locale: Locale) -> String {
    let word = spelling(folded);
    if word.len() < 4 || !word.is_ascii() || word.bytes().any(|b| b.is_ascii_digit()) {
        return word;
    }
    match locale {
        Locale::Id => indonesian(&word).to_owned(),
        Locale::En => english(&word),
    }
}

/// What a folded word of a question may be indexed as: in what language it is meant isn't known.
pub fn stems(folded: &str) -> Vec<String> {
    let mut stems = vec![stem(folded, Locale::Id), stem(folded, Locale::En)];
    stems.dedup();
    stems
}

/// A stem must keep so many letters: shorter ones mean something else.
const KEPT: usize = 4;

/// Takes off particles, possessives, `-kan` and `-an`, and the prefixes, as far as four letters remain: gentler than the
/// common stemmers, which make `ripik` of `keripik`.
fn indonesian(word: &str) -> &str {
    let without = |word: &str, endings: &[&str], kept: usize| -> usize {
        let fits = |ending: &&&str| word.len() >= ending.len() + kept && word.ends_with(**ending);
        endings.iter().find(fits).map_or(word.len(), |ending| word.len() - ending.len())
    };
    // A possessive ends no other word, so less may be left of it: tehnya.
    let word = &word[..without(word, &["nya"], KEPT - 1)];
    let word = &word[..without(word, &["lah", "kah", "pun"], KEPT)];
    let word = &word[..without(word, &["kan", "an"], KEPT)];
    let is_vowel = |at: usize| word.as_bytes().get(at).is_some_and(|b| b"aiueo".contains(b));
    let prefix = match word.as_bytes() {
        [b'm' | b'p', b'e', b'n', b'g', ..] if is_vowel(4) => 4,
        [b'm' | b'p', b'e', b'n', b'g', b'g' | b'h', ..] => 4,
        [b'm' | b'p', b'e', b'n', b'd' | b'c' | b'j', ..] => 3,
        [b'm' | b'p', b'e', b'm', b'b', ..] => 3,
        [b'b' | b't', b'e', b'r', ..] if !is_vowel(3) => 3,
        [b'd', b'i', ..] if !is_vowel(2) => 2,
        _ => 0,
    };
    if word.len() >= prefix + KEPT { &word[prefix..] } else { word }
}

/// Takes the plural off.
fn english(word: &str) -> String {
    match word {
        _ if word.len() > 4 && word.ends_with("ies") => format!("{}y", &word[..word.len() - 3]),
        _ if word.len() > 5 && ["shes", "ches", "sses", "xes"].iter().any(|end| word.ends_with(end)) => {
            word[..word.len() - 2].to_owned()
        }
        _ if word.ends_with('s')
            && !word.ends_with("ss")
            && !word.ends_with("us")
            && !word.ends_with("is") =>
        {
            word[..word.len() - 1].to_owned()
        }
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<String> {
        folded(text).collect()
    }

    #[test]
    fn words_are_folded_and_signs_part_them() {
        assert_eq!(all("Kopi & (Luwak) | !Gayo"), ["kopi", "luwak", "gayo"]);
        assert_eq!(all("ko\u{300}pi Pa'piong Ma\u{2019}rang 'teh'"), ["kopi", "papiong", "marang", "teh"]);
        assert_eq!(all("𝕜𝕠𝕡𝕚 ＫＯＰＩ قهوة 咖啡"), ["kopi", "kopi", "قهوة", "咖啡"]);
        assert_eq!(all("☕️🫖 👩‍🌾 %_ '''"), Vec::<String>::new());
        assert_eq!(all(&"x".repeat(10_000))[0].len(), LONGEST);
        let text = "Teh «Hijau»";
        assert_eq!(words(text).map(|word| &text[word.at]).collect::<Vec<_>>(), ["Teh", "Hijau"]);
    }

    #[test]
    fn one_word_in_its_spellings_is_one() {
        for (a, b) in [
            ("kripik", "keripik"),
            ("sambel", "sambal"),
            ("coklat", "cokelat"),
            ("tjoklat", "cokelat"),
            ("krupuk", "kerupuk"),
            ("jogja", "yogyakarta"),
            ("djamoe", "jamu"),
            ("arabica", "arabika"),
        ] {
            assert_eq!(stem(a, Locale::Id), stem(b, Locale::Id), "{a} {b}");
        }
    }

    #[test]
    fn endings_are_taken_off_gently() {
        for (word, expected) in [
            ("keripik", "keripik"),
            ("kopinya", "kopi"),
            ("tehnya", "teh"),
            ("tenunan", "tenun"),
            ("ukiran", "ukir"),
            ("anyaman", "anyam"),
            ("menganyam", "anyam"),
            ("mengukir", "ukir"),
            ("gorengan", "goreng"),
            ("ketan", "ketan"),
            ("beras", "beras"),
            ("pedas", "pedas"),
            ("rotan", "rotan"),
            ("dibuat", "buat"),
            ("terasi", "terasi"),
        ] {
            assert_eq!(stem(word, Locale::Id), expected, "{word}");
        }
        for (word, expected) in
            [("beans", "bean"), ("chips", "chip"), ("berries", "berry"), ("dishes", "dish")]
        {
            assert_eq!(stem(word, Locale::En), expected, "{word}");
        }
    }
}
