//! Keys: short names that programs use, such as an attribute's or an option's. They are not shown to buyers.

use std::fmt;

use crate::code::Code;

/// 1 to 40 of `a-z` and `0-9`, with single dashes or underscores inside.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Key(String);

impl Key {
    /// Takes a key as it is.
    pub fn parse(text: &str) -> Result<Self, Code> {
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        match text.len() {
            0 => Err(Code::Required),
            1..=40 if text.split(['-', '_']).all(is_word) => Ok(Self(text.to_owned())),
            _ => Err(Code::InvalidKey),
        }
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// So that a map by keys is asked with a text.
impl std::borrow::Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_words_of_small_letters_and_digits() {
        for good in ["s", "250-g", "net_weight", "a1"] {
            assert_eq!(Key::parse(good).map(|key| key.0), Ok(good.to_owned()));
        }
        let long = "a".repeat(41);
        for bad in ["-a", "a-", "a--b", "A", "a b", "é", "a\0", long.as_str()] {
            assert_eq!(Key::parse(bad), Err(Code::InvalidKey), "{bad}");
        }
        assert_eq!(Key::parse(""), Err(Code::Required));
    }
}
