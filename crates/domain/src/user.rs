//! People with an account.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use crate::code::Code;
use crate::text::{Line, choices, is_host_name};

/// A person's name, as they write it.
pub type PersonName = Line<1, 120>;

choices! {
    /// In which order members are listed; ties go by id.
    #[derive(Default)]
    pub enum MemberSort {
        /// Joined last, first.
        #[default]
        Newest = "-created_at",
        /// Joined first, first.
        Oldest = "created_at",
        /// By name.
        Name = "name",
        /// By name, from its end.
        NameDown = "-name",
    }
}

/// An e-mail address in lower case: the practical part of RFC 5321, without quotes, comments, address literals and
/// non-ASCII letters. At most 254 characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Email(String);

impl Email {
    /// Trims and lowers, so that one mailbox has one account.
    pub fn parse(text: &str) -> Result<Self, Code> {
        let email = text.trim().to_ascii_lowercase();
        if email.is_empty() {
            return Err(Code::Required);
        }
        if email.len() > 254 {
            return Err(Code::TooLong);
        }
        match email.rsplit_once('@') {
            Some((mailbox, host)) if is_mailbox(mailbox) && is_host_name(host) => Ok(Self(email)),
            _ => Err(Code::InvalidEmail),
        }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Only the host is shown: an address must not reach a log.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Email(..{})", &self.0[self.0.rfind('@').unwrap_or_default()..])
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A dot-atom (RFC 5321, 4.1.2) of at most 64 characters.
fn is_mailbox(text: &str) -> bool {
    let is_atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&b);
    text.len() <= 64 && text.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom))
}

/// A password of 12 to 128 characters in NFKC form, so that every keyboard gives the same one. Whether it is easy to
/// guess is judged elsewhere; here only one character repeated is refused.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// The fewest characters.
    pub const MIN: usize = 12;

    /// The most characters.
    pub const MAX: usize = 128;

    /// Keeps spaces, also at the ends: they are part of it.
    pub fn parse(text: &str) -> Result<Self, Code> {
        // No more is normalised than can be needed: one character may become eighteen.
        let password: String = text.nfkc().take(Self::MAX + 1).collect();
        match password.chars().count() {
            0 => Err(Code::Required),
            n if n < Self::MIN => Err(Code::PasswordTooShort),
            n if n > Self::MAX => Err(Code::PasswordTooLong),
            _ if password.chars().all(|c| password.starts_with(c)) => Err(Code::PasswordTooCommon),
            _ => Ok(Self(password)),
        }
    }

    /// The password itself, to hash it or to compare it with a hash.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn password(text: &str) -> Result<String, Code> {
        Password::parse(text).map(|password| password.0)
    }

    #[test]
    fn one_mailbox_has_one_spelling() {
        for (text, email) in [
            ("  Sri@Toko.ID ", "sri@toko.id"),
            ("owner@nusa.demo.kapal.test", "owner@nusa.demo.kapal.test"),
            ("o'neil+kapal@a-b.co.id", "o'neil+kapal@a-b.co.id"),
        ] {
            assert_eq!(Email::parse(text).map(|email| email.0), Ok(email.into()));
        }
    }

    #[test]
    fn what_mail_servers_would_refuse_is_no_address() {
        for bad in [
            "sri",
            "@toko.id",
            "sri@",
            "sri@toko",
            "sri@@toko.id",
            "a b@toko.id",
            ".sri@toko.id",
            "sri.@toko.id",
            "s..ri@toko.id",
            "sri@-toko.id",
            "sri@toko..id",
            "sri@127.0.0.1",
            "sri@[127.0.0.1]",
            "\"sri\"@toko.id",
            "sri@toko.id.",
            "é@toko.id",
            "sri@tökö.id",
            "sri@toko.id\r\nBcc: x@y.id",
            "sri@toko.id,x@y.id",
            "<sri@toko.id>",
            "\u{212A}@toko.id",
        ] {
            assert_eq!(Email::parse(bad), Err(Code::InvalidEmail), "{bad}");
        }
        assert_eq!(Email::parse(" "), Err(Code::Required));
        assert_eq!(Email::parse(&format!("{}@toko.id", "a".repeat(65))), Err(Code::InvalidEmail));
        assert_eq!(Email::parse(&format!("a@{}", "toko.".repeat(60))), Err(Code::TooLong));
    }

    #[test]
    fn a_password_has_12_to_128_characters() {
        assert_eq!(password(""), Err(Code::Required));
        assert_eq!(password("sebelas char"), Ok("sebelas char".into()));
        assert_eq!(password("sebelaschar"), Err(Code::PasswordTooShort));
        assert_eq!(password("🛶🐚".repeat(6).as_str()), Ok("🛶🐚".repeat(6)));
        assert!(password(&"ab".repeat(64)).is_ok());
        assert_eq!(password(&"ab".repeat(65)), Err(Code::PasswordTooLong));
        assert_eq!(password(&"\u{FDFA}".repeat(100_000)), Err(Code::PasswordTooLong));
    }

    #[test]
    fn one_character_repeated_is_no_password() {
        assert_eq!(password(&"a".repeat(12)), Err(Code::PasswordTooCommon));
        assert_eq!(password(&" ".repeat(20)), Err(Code::PasswordTooCommon));
    }

    #[test]
    fn every_keyboard_gives_the_same_password_and_spaces_count() {
        assert_eq!(password("e\u{301}te\u{301} di kota"), password("été di kota"));
        assert_eq!(password(" ｋａｐａｌ induk 1 "), Ok(" kapal induk 1 ".into()));
    }

    #[test]
    fn debug_leaks_neither_password_nor_address() {
        assert_eq!(Password::parse("rahasia sekali").map(|p| format!("{p:?}")), Ok("Password(..)".into()));
        assert_eq!(Email::parse("sri@toko.id").map(|e| format!("{e:?}")), Ok("Email(..@toko.id)".into()));
    }

    proptest! {
        #[test]
        fn parsing_an_address_again_changes_nothing(text in "[A-Za-z0-9.+_-]{1,20}@[A-Za-z0-9.-]{1,20}") {
            if let Ok(once) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(once.as_str()), Ok(once));
            }
        }

        #[test]
        fn no_text_breaks_it(text in proptest::collection::vec(any::<char>(), 0..200).prop_map(String::from_iter)) {
            let _ = Email::parse(&text);
            if let Ok(once) = Password::parse(&text) {
                prop_assert_eq!(Password::parse(once.expose()).map(|again| again.0), Ok(once.0));
            }
        }
    }
}
