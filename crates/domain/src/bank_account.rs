//! Where a merchant is paid: personal financial data where the owner is one person (UU 27/2022, article 4).

use std::fmt;

use crate::code::Code;
use crate::text::{Line, compact_number};

/// A bank's name.
pub type BankName = Line<2, 60>;

/// In whose name the account is.
pub type AccountHolder = Line<2, 120>;

/// The three digits by which banks clear, such as `014`. Many rural banks have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankCode(String);

impl BankCode {
    /// Wants three digits.
    pub fn parse(text: &str) -> Result<Self, Code> {
        let code = text.trim();
        if code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(code.to_owned()))
        } else {
            Err(Code::InvalidBankCode)
        }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The number of an account. Prints masked.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountNumber(String);

impl AccountNumber {
    /// Drops spaces, dots and dashes, then wants 6 to 20 digits: banks differ.
    pub fn parse(text: &str) -> Result<Self, Code> {
        let number = compact_number(text);
        match number.len() {
            0 => Err(Code::Required),
            6..=20 if number.bytes().all(|b| b.is_ascii_digit()) => Ok(Self(number)),
            _ => Err(Code::InvalidAccountNumber),
        }
    }

    /// The digits. Only to be sealed, or shown to who may read them.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last four digits: `******1234`, however long it is. A short one shows fewer.
    pub fn masked(&self) -> String {
        let shown = 4.min(self.0.len() - 4);
        format!("******{}", &self.0[self.0.len() - shown..])
    }
}

impl fmt::Debug for AccountNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountNumber({})", self.masked())
    }
}

/// A name of which the first letter of each word is shown: `M*** I***`.
pub fn masked_name(name: &str) -> String {
    let initials = name.split_whitespace().filter_map(|word| word.chars().next());
    initials.map(|initial| format!("{initial}***")).collect::<Vec<_>>().join(" ")
}

/// An account. Its holder is a person's name more often than not.
#[derive(Clone, PartialEq, Eq)]
pub struct BankAccount {
    /// The bank's clearing code.
    pub bank_code: Option<BankCode>,
    /// The bank.
    pub bank_name: BankName,
    /// The number.
    pub number: AccountNumber,
    /// In whose name.
    pub holder: AccountHolder,
}

impl fmt::Debug for BankAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BankAccount({} {})", self.bank_name, self.number.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_account_number_has_six_to_twenty_digits() {
        for (text, number) in
            [("123-456-7890", "1234567890"), (" 0012 3456 78 ", "0012345678"), ("123456", "123456")]
        {
            assert_eq!(AccountNumber::parse(text).map(|n| n.0), Ok(number.into()), "{text}");
        }
        for bad in ["12345", "123456789012345678901", "12345678x", "１２３４５６７"] {
            assert_eq!(AccountNumber::parse(bad), Err(Code::InvalidAccountNumber), "{bad}");
        }
        assert_eq!(AccountNumber::parse(" "), Err(Code::Required));
    }

    #[test]
    fn a_mask_shows_the_end_alone() {
        let masked = |text| AccountNumber::parse(text).map(|number| number.masked());
        assert_eq!(masked("123456781234"), Ok("******1234".into()));
        assert_eq!(masked("123456"), Ok("******56".into()));
        assert_eq!(masked_name("Maria  Ina Ko"), "M*** I*** K***");
        assert_eq!(masked_name("Éda"), "É***");
    }

    #[test]
    fn what_is_printed_names_nobody() {
        let account = BankAccount {
            bank_code: BankCode::parse("014").ok(),
            bank_name: BankName::parse("BCA").expect("a bank"),
            number: AccountNumber::parse("123456781234").expect("a number"),
            holder: AccountHolder::parse("Maria Ina").expect("a holder"),
        };
        assert_eq!(format!("{account:?}"), "BankAccount(BCA ******1234)");
    }

    #[test]
    fn a_clearing_code_has_three_digits() {
        assert_eq!(BankCode::parse(" 014 ").map(|code| code.0), Ok("014".into()));
        for bad in ["14", "0014", "BCA", ""] {
            assert_eq!(BankCode::parse(bad), Err(Code::InvalidBankCode), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_mask_never_shows_more_than_four_digits(number in "[0-9]{6,20}") {
            let masked = AccountNumber::parse(&number).map(|n| n.masked()).expect("a number");
            prop_assert!(masked.chars().filter(char::is_ascii_digit).count() <= 4);
            prop_assert!(number.ends_with(masked.trim_start_matches('*')));
        }
    }
}
