//! Certificates: the code that stands on one, by which anybody checks it.

use std::fmt;

use crate::crockford;

/// A certificate's code: 15 random digits of Crockford's base 32, which nobody guesses, and a check digit (ISO 7064,
/// hybrid system MOD 33,32), by which a typing error is told from a code that never was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CertificateCode([u8; 16]);

impl CertificateCode {
    /// Takes bytes that the caller draws at random; five bits of each count.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 15]) -> Self {
        let mut digits = [0; 16];
        for (digit, byte) in digits.iter_mut().zip(bytes) {
            *digit = byte & 31;
        }
        digits[15] = check(&digits[..15]);
        Self(digits)
    }

    /// A code as people write it; None where a digit is wrong or missing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: Vec<u8> = crockford::digits(text).take(17).collect::<Result<_, _>>().ok()?;
        let digits: [u8; 16] = digits.try_into().ok()?;
        (check(&digits[..15]) == digits[15]).then_some(Self(digits))
    }
}

/// Four groups of four digits.
impl fmt::Display for CertificateCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(19);
        for (at, digit) in self.0.iter().enumerate() {
            if at > 0 && at % 4 == 0 {
                text.push('-');
            }
            text.push(crockford::digit(*digit));
        }
        f.pad(&text)
    }
}

fn check(digits: &[u8]) -> u8 {
    let product = digits.iter().fold(32, |product, digit| {
        let sum = (product + u16::from(*digit)) % 32;
        (if sum == 0 { 32 } else { sum }) * 2 % 33
    });
    // What brings the last sum to 1.
    ((33 - product) % 32) as u8
}

/// The number of an aggregator's certificate: the aggregator, the year, and how many there were in it.
#[must_use]
pub fn certificate_number(aggregator_slug: &str, year: i32, count: i32) -> String {
    format!("{}/{year}/{count:05}", aggregator_slug.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_names_aggregator_year_and_count() {
        assert_eq!(certificate_number("ekraf-sulawesi", 2026, 12), "EKRAF-SULAWESI/2026/00012");
    }

    #[test]
    fn what_is_no_code_is_none() {
        let code = CertificateCode::from_bytes([7; 15]).to_string();
        for bad in
            ["", "x", &code[1..], &format!("{code}0"), "UUUU-UUUU-UUUU-UUUU", "é", &"0".repeat(100_000)]
        {
            assert_eq!(CertificateCode::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_code_reads_back_however_it_is_written(bytes in any::<[u8; 15]>()) {
            let code = CertificateCode::from_bytes(bytes);
            let text = code.to_string();
            prop_assert_eq!(text.len(), 19);
            prop_assert_eq!(CertificateCode::parse(&text), Some(code));
            prop_assert_eq!(CertificateCode::parse(&text.to_lowercase().replace('-', " ").replace('0', "o")), Some(code));
        }

        #[test]
        fn one_wrong_digit_is_always_found(bytes in any::<[u8; 15]>(), at in 0..16_usize, by in 1..32_u8) {
            let mut code = CertificateCode::from_bytes(bytes);
            code.0[at] = (code.0[at] + by) % 32;
            prop_assert_eq!(CertificateCode::parse(&code.to_string()), None);
        }
    }
}
