//! Leads: buyers' contacts, and the words and link they start with.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::code::Code;
use crate::crockford;
use crate::locale::Locale;
use crate::money::Money;
use crate::phone::Phone;
use crate::text::{Line, Prose, choices, cut};

/// The most characters of a WhatsApp text.
pub const MAX_TEXT: usize = 1000;

/// What staff write about a lead; may be empty.
pub type LeadNote = Prose<0, 2000>;

/// What came of a lead, in a sentence; may be empty.
pub type LeadOutcome = Prose<0, 500>;

/// Where a link stood, in the words of whoever put it there.
pub type LeadChannel = Line<1, 60>;

/// What a campaign's link says of itself.
pub type UtmText = Line<1, 100>;

/// Hours after which those concerned are reminded of a lead that nobody answered.
pub const HOURS_TO_ANSWER: i64 = 24;

/// Minutes in which the repeated clicks of one visitor are one.
pub const MINUTES_OF_ONE_CLICK: i64 = 30;

choices! {
    /// What the buyer did.
    #[derive(Default)]
    pub enum LeadKind {
        /// He asked through an app.
        #[default]
        Contact = "contact",
        /// He pressed a link that opens WhatsApp.
        Click = "click",
    }
}

choices! {
    /// In which order leads are listed; ties go by id.
    #[derive(Default)]
    pub enum LeadSort {
        /// The newest first.
        #[default]
        Newest = "-created_at",
        /// The oldest first: who has waited the longest.
        Oldest = "created_at",
        /// Changed last, first.
        ChangedLast = "-updated_at",
        /// Unchanged for the longest, first.
        ChangedFirst = "updated_at",
    }
}

choices! {
    /// What a report of leads counts by.
    pub enum LeadGroup {
        /// Where buyers came from.
        Source = "source",
        /// What they asked for.
        Product = "product",
        /// Whom they asked.
        Merchant = "merchant",
        /// The province of the merchant.
        Region = "region",
        /// The week, from Monday, in Jakarta.
        Week = "week",
    }
}

/// The names that a campaign's link gives its facts by, and by which they are kept.
pub const UTM: [&str; 5] = ["source", "medium", "campaign", "term", "content"];

choices! {
    /// Where a lead stands.
    pub enum LeadStatus {
        /// Nobody has answered yet.
        New = "new",
        /// The merchant and the buyer are talking.
        Contacted = "contacted",
        /// It became a sale.
        Won = "won",
        /// It did not.
        Lost = "lost",
        /// It was no buyer.
        Spam = "spam",
    }
}

impl LeadStatus {
    /// The next status, or `WrongState` where there is no such step: new, contacted, then won or lost; spam from any.
    pub fn change_to(self, next: Self) -> Result<Self, Code> {
        match (self, next) {
            (Self::Spam, Self::Spam) => Err(Code::WrongState),
            (Self::New, Self::Contacted) | (Self::Contacted, Self::Won | Self::Lost) | (_, Self::Spam) => {
                Ok(next)
            }
            _ => Err(Code::WrongState),
        }
    }

    /// Whether a sale's value can be told of it.
    pub fn may_have_value(self) -> bool {
        self == Self::Won
    }
}

choices! {
    /// Where the buyer came from.
    pub enum LeadSource {
        /// A page of ours.
        Web = "web",
        /// A shop app.
        App = "app",
        /// A shared link.
        Share = "share",
        /// A QR code, on a pack or a stall.
        Qr = "qr",
        /// A WhatsApp chat or status.
        Whatsapp = "whatsapp",
        /// Instagram.
        Instagram = "instagram",
        /// Facebook.
        Facebook = "facebook",
        /// TikTok.
        Tiktok = "tiktok",
        /// Anywhere else.
        Other = "other",
    }
}

/// A lead's short code, which people read to each other: 8 digits of Crockford's base 32, 40 random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LeadCode([u8; 5]);

impl LeadCode {
    /// Takes bytes that the caller draws at random.
    pub const fn from_bytes(bytes: [u8; 5]) -> Self {
        Self(bytes)
    }

    /// Takes a code as people write it: in small letters, with dashes or spaces, with O for 0, and I or L for 1.
    pub fn parse(text: &str) -> Result<Self, Code> {
        let mut bits = 0_u64;
        let mut digits = 0;
        for value in crockford::digits(text) {
            let value = value?;
            digits += 1;
            if digits > 8 {
                return Err(Code::TooLong);
            }
            bits = bits << 5 | u64::from(value);
        }
        match digits {
            0 => Err(Code::Required),
            8 => {
                let [_, _, _, bytes @ ..] = bits.to_be_bytes();
                Ok(Self(bytes))
            }
            _ => Err(Code::TooShort),
        }
    }
}

/// The 8 digits, without a dash.
impl fmt::Display for LeadCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.0.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let digit = |at: usize| crockford::digit((bits >> (35 - 5 * at)) as u8);
        f.pad(&(0..8).map(digit).collect::<String>())
    }
}

/// What a buyer's first message says: which product, at what price, where it was seen, and the lead's code, by which
/// the merchant finds the lead, where there is one. At most [`MAX_TEXT`] characters: a long name is shortened, an overlong address left out.
pub fn contact_text(
    locale: Locale,
    product: &str,
    price: Option<Money>,
    url: &str,
    code: Option<LeadCode>,
) -> String {
    let product = cut(product, 200);
    let price = price.map(|price| format!(" ({})", price.display(locale))).unwrap_or_default();
    let url = if url.chars().count() <= 500 { format!("\n{url}") } else { String::new() };
    let code = |word: &str| code.map(|code| format!("\n{word}: {code}")).unwrap_or_default();
    match locale {
        Locale::Id => {
            let code = code("Kode");
            format!(
                "Halo, saya tertarik dengan {product}{price}. Apakah masih tersedia? Terima kasih.{url}{code}"
            )
        }
        Locale::En => {
            let code = code("Code");
            format!(
                "Hello, I am interested in {product}{price}. Is it still available? Thank you.{url}{code}"
            )
        }
    }
}

/// All but RFC 3986's unreserved characters; so a space is `%20`.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The click-to-chat address that opens WhatsApp with the text written. Of the text, the first [`MAX_TEXT`] characters.
pub fn whatsapp_link(phone: &Phone, text: &str) -> String {
    format!("https://wa.me/{}?text={}", phone.wa_digits(), utf8_percent_encode(cut(text, MAX_TEXT), ESCAPED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    fn phone() -> Phone {
        Phone::parse("+6281234567890").expect("a phone number")
    }

    #[test]
    fn only_the_documented_steps_exist() {
        use LeadStatus::*;
        let steps = [
            (New, Contacted),
            (Contacted, Won),
            (Contacted, Lost),
            (New, Spam),
            (Contacted, Spam),
            (Won, Spam),
            (Lost, Spam),
        ];
        for &from in LeadStatus::ALL {
            for &to in LeadStatus::ALL {
                let expected = if steps.contains(&(from, to)) { Ok(to) } else { Err(Code::WrongState) };
                assert_eq!(from.change_to(to), expected, "{from} {to}");
            }
        }
    }

    #[test]
    fn a_link_is_what_whatsapp_documents() {
        assert_eq!(
            whatsapp_link(&phone(), "Halo, saya tertarik dengan Keripik Tempe & Sambal"),
            "https://wa.me/6281234567890?text=Halo%2C%20saya%20tertarik%20dengan%20Keripik%20Tempe%20%26%20Sambal"
        );
    }

    #[test]
    fn a_link_text_is_cut_between_characters() {
        let link = whatsapp_link(&phone(), &"é".repeat(1001));
        assert_eq!(link.matches("%C3%A9").count(), 1000);
    }

    #[test]
    fn a_code_is_read_as_people_write_it() {
        assert_eq!(LeadCode::from_bytes([0; 5]).to_string(), "00000000");
        assert_eq!(LeadCode::from_bytes([255; 5]).to_string(), "ZZZZZZZZ");
        assert_eq!(LeadCode::from_bytes([0, 0, 0, 0, 33]).to_string(), "00000011");
        let code = LeadCode::parse("01AB-CDEF");
        for text in ["olabcdef", "OIab cdef", " 01ABCDEF "] {
            assert_eq!(LeadCode::parse(text), code, "{text}");
        }
        for (bad, fault) in [
            ("", Code::Required),
            ("0000000", Code::TooShort),
            ("000000000", Code::TooLong),
            ("0000000U", Code::InvalidCharacters),
            ("é0000000", Code::InvalidCharacters),
        ] {
            assert_eq!(LeadCode::parse(bad), Err(fault), "{bad}");
        }
    }

    #[test]
    fn a_first_message_is_polite_and_names_all() {
        let code = Some(LeadCode::from_bytes([0, 0, 0, 0, 33]));
        let price = Money::rupiah(75_000).ok();
        let url = "https://kapal.test/id/nusa/p/keripik-tempe";
        assert_eq!(
            contact_text(Locale::Id, "Keripik Tempe", price, url, code),
            "Halo, saya tertarik dengan Keripik Tempe (Rp75.000). Apakah masih tersedia? Terima kasih.\n\
             https://kapal.test/id/nusa/p/keripik-tempe\nKode: 00000011"
        );
        assert_eq!(
            contact_text(Locale::En, "Tempeh Crisps", None, url, code),
            "Hello, I am interested in Tempeh Crisps. Is it still available? Thank you.\n\
             https://kapal.test/id/nusa/p/keripik-tempe\nCode: 00000011"
        );
    }

    proptest! {
        #[test]
        fn a_code_reads_back(bytes in any::<[u8; 5]>()) {
            let code = LeadCode::from_bytes(bytes);
            prop_assert_eq!(LeadCode::parse(&code.to_string()), Ok(code));
            prop_assert_eq!(LeadCode::parse(&code.to_string().to_lowercase()), Ok(code));
        }

        #[test]
        fn a_link_gives_its_text_back(text in proptest::collection::vec(any::<char>(), 0..60).prop_map(String::from_iter)) {
            let link = whatsapp_link(&phone(), &text);
            prop_assert!(link.bytes().all(|b| b.is_ascii_alphanumeric() || b":/.?=%-_~".contains(&b)));
            let sent = link.split_once("?text=").expect("a text").1;
            prop_assert_eq!(percent_decode_str(sent).decode_utf8().expect("UTF-8"), text);
        }

        #[test]
        fn a_message_always_fits_and_has_the_code(product in "\\PC{0,400}", url in "https://[a-z/]{1,900}", bytes in any::<[u8; 5]>()) {
            let code = LeadCode::from_bytes(bytes);
            for &locale in Locale::ALL {
                let text = contact_text(locale, &product, Money::rupiah(1_000_000_000_000).ok(), &url, Some(code));
                prop_assert!(text.chars().count() <= MAX_TEXT);
                prop_assert!(text.ends_with(&code.to_string()));
            }
        }
    }
}
