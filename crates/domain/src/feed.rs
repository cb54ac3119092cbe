//! The rules of product feeds: what Google Merchant Center and Meta's catalogue take as a title, a description, a price.
//!
//! Sources: Google's product data specification (support.google.com/merchants/answer/7052112) and Meta's catalogue
//! fields (developers.facebook.com/docs/marketing-api/catalog/reference).

use crate::money::Money;

/// Who reads a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedReader {
    /// Google Merchant Center.
    Google,
    /// Facebook, Instagram and WhatsApp.
    Meta,
}

impl FeedReader {
    /// The most characters of a title.
    #[must_use]
    pub const fn max_title(self) -> usize {
        match self {
            Self::Google => 150,
            Self::Meta => 200,
        }
    }

    /// The most characters of a description.
    #[must_use]
    pub const fn max_description(self) -> usize {
        match self {
            Self::Google => 5_000,
            Self::Meta => 9_999,
        }
    }

    /// The fewest pixels on each side of a picture. Google asks 250 of clothes and 100 of the rest.
    #[must_use]
    pub const fn min_picture(self) -> u32 {
        match self {
            Self::Google => 250,
            Self::Meta => 500,
        }
    }

    /// The most pictures besides the first.
    #[must_use]
    pub const fn max_more_pictures(self) -> usize {
        match self {
            Self::Google => 10,
            Self::Meta => 20,
        }
    }

    /// What it calls a product that can or can't be bought.
    #[must_use]
    pub const fn availability(self, available: bool) -> &'static str {
        match (self, available) {
            (Self::Google, true) => "in_stock",
            (Self::Google, false) => "out_of_stock",
            (Self::Meta, true) => "in stock",
            (Self::Meta, false) => "out of stock",
        }
    }

    /// A price: a number with a decimal point and no thousands sign, and the ISO 4217 code.
    #[must_use]
    pub fn price(self, price: Money) -> String {
        let amount = price.to_decimal();
        match self {
            Self::Google if !amount.contains('.') => format!("{amount}.00 {}", price.currency()),
            Self::Google | Self::Meta => format!("{amount} {}", price.currency()),
        }
    }

    /// A title: plain, not all in capitals, not too long.
    #[must_use]
    pub fn title(self, text: &str) -> String {
        clip(&calm(&plain(text)), self.max_title())
    }

    /// A description, which may not be empty: what has none is described by its title.
    #[must_use]
    pub fn description(self, text: &str, title: &str) -> String {
        let plain = plain(text);
        clip(&calm(if plain.is_empty() { title } else { &plain }), self.max_description())
    }
}

/// The most characters of all addresses of further pictures together, with their commas (Meta).
pub const MAX_MORE_PICTURE_CHARACTERS: usize = 2_000;

/// The most characters of a brand (Meta; Google takes 70).
pub const MAX_BRAND: usize = 70;

/// A text without what reads as a tag or an entity of HTML, without what XML can't hold, its white space single, and
/// beginning with what no spreadsheet takes for a formula.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(length) = tag(rest).or_else(|| entity(rest)) {
            kept.push(' ');
            rest = &rest[length..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => kept.push(' '),
            c => kept.push(c),
        }
    }
    let words: Vec<_> = kept.split_whitespace().collect();
    words.join(" ").trim_start_matches(['=', '+', '-', '@', ' ']).to_owned()
}

/// The length of a tag that a text begins with.
fn tag(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('<')?;
    let opens = inner.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
    let end = inner.find('>').filter(|_| opens)?;
    Some(end + 2)
}

/// The length of an entity that a text begins with.
fn entity(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('&')?;
    let end = inner.find(';').filter(|end| (2..=10).contains(end))?;
    let name = &inner[..end];
    let name = name.strip_prefix('#').unwrap_or(name);
    name.chars().all(|c| c.is_ascii_alphanumeric()).then_some(end + 2)
}

/// A text that is all in capitals, in small letters with each word's first as a capital; any other as it is.
fn calm(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphabetic());
    if letters.clone().count() < 4
        || letters.clone().any(char::is_lowercase)
        || !text.contains(char::is_uppercase)
    {
        return text.to_owned();
    }
    let mut calm = String::with_capacity(text.len());
    let mut begins = true;
    for c in text.chars() {
        match begins {
            true => calm.push(c),
            false => calm.extend(c.to_lowercase()),
        }
        begins = !c.is_alphabetic();
    }
    calm
}

/// At most so many characters, cut between words where there is one near.
#[must_use]
pub fn clip(text: &str, most: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(most) else { return text.to_owned() };
    let cut = &text[..end];
    let whole_words = cut.rfind(' ').filter(|at| cut.len() - at < 40);
    cut[..whole_words.unwrap_or(cut.len())].trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::money::Currency;

    #[test]
    fn prices_are_written_as_each_reader_takes_them() {
        let price = Money::parse("75000", Currency::IDR).expect("a price");
        assert_eq!(FeedReader::Google.price(price), "75000.00 IDR");
        assert_eq!(FeedReader::Meta.price(price), "75000 IDR");
    }

    #[test]
    fn tags_entities_and_formulas_are_left_out_and_comparisons_are_not() {
        for (text, expected) in [
            ("Kopi <b>Toraja</b>&nbsp;asli", "Kopi Toraja asli"),
            ("=1+1", "1+1"),
            ("- murah\n- enak", "murah - enak"),
            ("berat < 5 kg & > 1 kg", "berat < 5 kg & > 1 kg"),
            ("&#39;Sambal&#x27;", "Sambal"),
            ("Tempe & Sambal; pedas", "Tempe & Sambal; pedas"),
            ("a\u{0}b\u{ffff}", "a b"),
            ("<script>alert(1)</script>", "alert(1)"),
        ] {
            assert_eq!(plain(text), expected);
        }
    }

    #[test]
    fn shouting_is_calmed_and_names_of_few_letters_stay() {
        for (text, expected) in
            [("KOPI TORAJA 250G", "Kopi Toraja 250G"), ("VCO", "VCO"), ("Kopi VCO", "Kopi VCO"), ("茶", "茶")]
        {
            assert_eq!(calm(text), expected);
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_fits(text in ".{0,400}") {
            for reader in [FeedReader::Google, FeedReader::Meta] {
                let title = reader.title(&text);
                prop_assert!(title.chars().count() <= reader.max_title());
                prop_assert!(!title.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']));
                prop_assert!(!title.contains(char::is_control));
                let described = reader.description(&text.repeat(30), &title);
                prop_assert!(described.chars().count() <= reader.max_description());
            }
        }

        #[test]
        fn what_is_short_and_plain_stays_as_it_is(text in "[a-z]{1,9}( [a-z]{1,9}){0,9}") {
            prop_assert_eq!(FeedReader::Google.title(&text), text);
        }
    }
}
