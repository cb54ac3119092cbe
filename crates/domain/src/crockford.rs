//! Crockford's base 32: digits that people read to each other and type, without I, L, O and U.

use crate::code::Code;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The digit of the lowest five bits.
pub(crate) fn digit(value: u8) -> char {
    char::from(ALPHABET[usize::from(value & 31)])
}

/// The values of a text as people write it: in small letters, with dashes or spaces, with O for 0, and I or L for 1.
pub(crate) fn digits(text: &str) -> impl Iterator<Item = Result<u8, Code>> {
    text.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| {
        let c = match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            c => c,
        };
        (0..32).find(|value| digit(*value) == c).ok_or(Code::InvalidCharacters)
    })
}
