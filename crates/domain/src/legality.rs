//! Legal documents: their numbers, their states, and when the people concerned are reminded. A number of the usual form
//! proves no permit: a document is verified by somebody who has looked at the evidence.

use chrono::{Datelike, Days, NaiveDate};

use crate::code::Code;
use crate::locale::{Bilingual, Locale};
use crate::merchant::Nib;
use crate::personal::{Nik, Npwp};
use crate::text::{Line, Prose, choices, compact_number};

/// Who a document is made out to.
pub type HolderName = Line<2, 200>;
/// Who has issued it.
pub type IssuerName = Line<2, 200>;
/// The number of a product's certificate (SPPT SNI), beside that of the standard.
pub type CertificateNumber = Line<5, 60>;
/// What a verifier says of it.
pub type DocumentNote = Prose<1, 2000>;

choices! {
    /// What kind of document.
    pub enum DocumentKind {
        /// Business identity number.
        Nib = "nib",
        /// Taxpayer's number.
        Npwp = "npwp",
        /// Citizen's number.
        Nik = "nik",
        /// Home-industry food certificate.
        Pirt = "pirt",
        /// Number of the food and drug agency.
        Bpom = "bpom",
        /// Halal certificate.
        Halal = "halal",
        /// National standard.
        Sni = "sni",
        /// Registered trademark.
        Trademark = "trademark",
        /// Timber legality.
        Svlk = "svlk",
        /// Merchant id of QRIS.
        Nmid = "nmid",
    }
}

choices! {
    /// In which order documents of all merchants are listed; ties go by id.
    #[derive(Default)]
    pub enum DocumentSort {
        /// Entered last, first.
        #[default]
        Newest = "-created_at",
        /// Entered first, first.
        Oldest = "created_at",
        /// What ends first; what has no end, last.
        EndsFirst = "expires_on",
        /// The other way round.
        EndsLast = "-expires_on",
    }
}

impl DocumentKind {
    /// What people call it.
    pub const fn name(self, locale: Locale) -> &'static str {
        match (self, locale) {
            (Self::Nib, _) => "NIB",
            (Self::Npwp, _) => "NPWP",
            (Self::Nik, _) => "NIK",
            (Self::Pirt, _) => "P-IRT",
            (Self::Bpom, Locale::Id) => "nomor BPOM",
            (Self::Bpom, Locale::En) => "BPOM number",
            (Self::Halal, Locale::Id) => "sertifikat halal",
            (Self::Halal, Locale::En) => "halal certificate",
            (Self::Sni, Locale::Id) => "sertifikat SNI",
            (Self::Sni, Locale::En) => "SNI certificate",
            (Self::Trademark, Locale::Id) => "merek terdaftar",
            (Self::Trademark, Locale::En) => "registered trademark",
            (Self::Svlk, Locale::Id) => "sertifikat SVLK",
            (Self::Svlk, Locale::En) => "SVLK certificate",
            (Self::Nmid, _) => "NMID QRIS",
        }
    }

    /// Whether its number names a person: such numbers are sealed, and masked whoever reads them.
    pub const fn is_personal(self) -> bool {
        matches!(self, Self::Nik | Self::Npwp)
    }
}

choices! {
    /// Where a document stands.
    pub enum DocumentStatus {
        /// Being filled in.
        Draft = "draft",
        /// Waiting for somebody to verify it.
        Submitted = "submitted",
        /// Somebody has seen the evidence.
        Verified = "verified",
        /// The evidence was not good enough.
        Rejected = "rejected",
        /// Its last day is over.
        Expired = "expired",
        /// It holds no more, although its last day is to come.
        Revoked = "revoked",
    }
}

choices! {
    /// A step in a document's life.
    pub enum DocumentAction {
        /// The evidence was seen and is good.
        Verify = "verify",
        /// It was seen and is not good.
        Reject = "reject",
        /// What was verified holds no more.
        Revoke = "revoke",
        /// Its last day is over.
        Expire = "expire",
    }
}

impl DocumentStatus {
    /// The state after a step; `WrongState` where there is no such step.
    pub const fn apply(self, action: DocumentAction) -> Result<Self, Code> {
        use DocumentAction::*;
        match (action, self) {
            (Verify, Self::Submitted) => Ok(Self::Verified),
            (Reject, Self::Submitted) => Ok(Self::Rejected),
            (Revoke, Self::Verified | Self::Expired) => Ok(Self::Revoked),
            (Expire, Self::Verified) => Ok(Self::Expired),
            _ => Err(Code::WrongState),
        }
    }
}

/// The number of a document, in the one spelling and as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentNumber {
    kind: DocumentKind,
    number: Secretive,
    written: Secretive,
}

/// A text that is not printed by accident.
#[derive(Clone, PartialEq, Eq)]
struct Secretive(String);

impl std::fmt::Debug for Secretive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("..")
    }
}

/// The most characters of a number as it is typed.
const LONGEST: usize = 80;

impl DocumentNumber {
    /// Checks what must be right in a number of this kind; what is only unusual is told by [`DocumentNumber::warnings`].
    pub fn parse(kind: DocumentKind, text: &str) -> Result<Self, Code> {
        let written = String::from(Line::<1, LONGEST>::parse(text)?);
        let compact = compact_number(&written);
        if compact.is_empty() {
            return Err(Code::Required);
        }
        let number = match kind {
            DocumentKind::Nib => Nib::parse(&written)?.as_str().to_owned(),
            DocumentKind::Nik => Nik::parse(&written)?.as_str().to_owned(),
            DocumentKind::Npwp => Npwp::parse(&written)?.as_str().to_owned(),
            DocumentKind::Sni | DocumentKind::Svlk => free_number(&written)?,
            _ if has_form(kind, &compact) => compact,
            _ => return Err(Code::InvalidDocumentNumber),
        };
        Ok(Self { kind, number: Secretive(number), written: Secretive(written) })
    }

    /// Which kind.
    pub const fn kind(&self) -> DocumentKind {
        self.kind
    }

    /// In the one spelling.
    pub fn as_str(&self) -> &str {
        &self.number.0
    }

    /// As it was typed.
    pub fn written(&self) -> &str {
        &self.written.0
    }

    /// As it is shown: masked where it names a person.
    pub fn shown(&self) -> String {
        match self.kind {
            DocumentKind::Nik => Nik::parse(self.as_str()).map(|nik| nik.masked()).unwrap_or_default(),
            DocumentKind::Npwp => Npwp::parse(self.as_str()).map(|npwp| npwp.masked()).unwrap_or_default(),
            _ => self.as_str().to_owned(),
        }
    }

    /// What is unusual in it, or does not go with its last day.
    pub fn warnings(&self, expires_on: Option<NaiveDate>) -> Vec<Warning> {
        let number = self.as_str();
        let mut warnings = Vec::new();
        let usual = match self.kind {
            DocumentKind::Pirt => number.len() == 15,
            DocumentKind::Trademark => is_letters_and_digits(number, "ID", 1..=1, 9..=9),
            DocumentKind::Nmid => is_letters_and_digits(number, "ID", 0..=0, 13..=13),
            _ => true,
        };
        if !usual {
            warnings.push(Warning::UnusualForm);
        }
        if self.kind == DocumentKind::Pirt
            && let Some(year) = number.get(13..15).and_then(|digits| digits.parse::<i32>().ok())
            && expires_on.is_some_and(|end| end.year() % 100 != year)
        {
            warnings.push(Warning::YearDiffers);
        }
        warnings
    }
}

/// Free text, since a standard's number has its dashes and colons: in capitals, with single spaces.
pub(crate) fn free_number(written: &str) -> Result<String, Code> {
    let text = written.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_uppercase();
    match text.chars().count() {
        5..=60 => Ok(text),
        _ => Err(Code::InvalidDocumentNumber),
    }
}

/// What a number of this kind must look like.
fn has_form(kind: DocumentKind, number: &str) -> bool {
    match kind {
        DocumentKind::Pirt => (15..=17).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit()),
        // MD and ML are food; NA cosmetics, TR traditional medicine, SD and SI supplements.
        DocumentKind::Bpom if number.starts_with("MD") || number.starts_with("ML") => {
            is_letters_and_digits(number, "M", 1..=1, 12..=15)
        }
        DocumentKind::Bpom => is_letters_and_digits(number, "", 2..=3, 9..=15),
        // KH.. is the decision that a certificate follows from, not the certificate.
        DocumentKind::Halal => is_letters_and_digits(number, "ID", 0..=0, 17..=17),
        _ => number.chars().count() <= 60 && number.bytes().all(|b| b.is_ascii_graphic()),
    }
}

/// Whether a text is `prefix`, so many letters, and so many digits.
fn is_letters_and_digits(
    text: &str,
    prefix: &str,
    letters: std::ops::RangeInclusive<usize>,
    digits: std::ops::RangeInclusive<usize>,
) -> bool {
    let Some(rest) = text.strip_prefix(prefix) else { return false };
    let count = rest.bytes().take_while(u8::is_ascii_uppercase).count();
    let tail = &rest[count..];
    letters.contains(&count) && digits.contains(&tail.len()) && tail.bytes().all(|b| b.is_ascii_digit())
}

choices! {
    /// What is odd about a document without being wrong.
    pub enum Warning {
        /// The number looks other than such numbers do.
        UnusualForm = "unusual_form",
        /// The year of expiry within the number is not that of `expires_on`.
        YearDiffers = "year_differs",
        /// Another merchant has a document with this number.
        UsedElsewhere = "used_elsewhere",
    }
}

impl Warning {
    /// In words.
    pub const fn text(self) -> Bilingual<&'static str> {
        match self {
            Self::UnusualForm => Bilingual {
                id: "Bentuk nomor ini tidak lazim; periksa sekali lagi.",
                en: "The number has an unusual form: look at it once more.",
            },
            Self::YearDiffers => Bilingual {
                id: "Tahun berakhir di dalam nomor berbeda dari expires_on.",
                en: "The year of expiry within the number is not that of expires_on.",
            },
            Self::UsedElsewhere => Bilingual {
                id: "Pelaku usaha lain memakai nomor ini.",
                en: "Another merchant has this number.",
            },
        }
    }
}

/// The days of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Validity {
    issued_on: Option<NaiveDate>,
    expires_on: Option<NaiveDate>,
}

impl Validity {
    /// `ExpiresBeforeIssued` where the last day comes before the first.
    pub fn new(issued_on: Option<NaiveDate>, expires_on: Option<NaiveDate>) -> Result<Self, Code> {
        match (issued_on, expires_on) {
            (Some(from), Some(to)) if to < from => Err(Code::ExpiresBeforeIssued),
            _ => Ok(Self { issued_on, expires_on }),
        }
    }

    /// When it was issued.
    pub const fn issued_on(&self) -> Option<NaiveDate> {
        self.issued_on
    }

    /// The last day that it is valid; None when it has no end.
    pub const fn expires_on(&self) -> Option<NaiveDate> {
        self.expires_on
    }
}

/// So many days before the last one its people are reminded, each once.
pub const REMINDERS: [u32; 3] = [90, 30, 7];

/// What a document's end asks for on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// To say that it ends within so many days.
    Remind(u32),
    /// To end it.
    Expire,
}

impl Turn {
    /// What is due on `today`, after the reminder of `reminded` days. A reminder that was missed is not made up for when
    /// a later one is due too.
    pub fn due(expires_on: NaiveDate, reminded: Option<u32>, today: NaiveDate) -> Option<Self> {
        if today > expires_on {
            return Some(Self::Expire);
        }
        let left = expires_on.signed_duration_since(today).num_days();
        let reached = REMINDERS.into_iter().rev().find(|days| left <= i64::from(*days))?;
        reminded.is_none_or(|before| before > reached).then_some(Self::Remind(reached))
    }

    /// The first day on which something more will be due, after the reminder of `reminded` days.
    pub fn next_day(expires_on: NaiveDate, reminded: Option<u32>) -> NaiveDate {
        let next = REMINDERS.into_iter().find(|days| reminded.is_none_or(|before| before > *days));
        let day = match next {
            Some(days) => expires_on.checked_sub_days(Days::new(days.into())),
            None => expires_on.succ_opt(),
        };
        day.unwrap_or(expires_on)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::day::parse_day;
    use proptest::prelude::*;

    fn number(kind: DocumentKind, text: &str) -> Result<String, Code> {
        DocumentNumber::parse(kind, text).map(|n| n.as_str().to_owned())
    }

    #[test]
    fn numbers_are_kept_in_one_spelling_and_as_they_were_typed() {
        use DocumentKind::*;
        for (kind, text, expected) in [
            (Nib, "1234-5678 90123", "1234567890123"),
            (Pirt, "2063171010001-31", "206317101000131"),
            (Bpom, "md 2411.1200.3045", "MD241112003045"),
            (Bpom, "NA18171234567", "NA18171234567"),
            (Bpom, "TR 183615891", "TR183615891"),
            (Halal, "ID 32110000123456789", "ID32110000123456789"),
            (Sni, " sni  8664:2018 ", "SNI 8664:2018"),
            (Trademark, "idm000123456", "IDM000123456"),
            (Trademark, "J002020", "J002020"),
            (Nmid, "ID1020304050607", "ID1020304050607"),
            (Npwp, "12.345.678.9-012.345", "0123456789012345"),
        ] {
            let parsed = DocumentNumber::parse(kind, text).expect(text);
            assert_eq!(parsed.as_str(), expected);
            assert_eq!(parsed.written(), text.trim());
        }
    }

    #[test]
    fn a_wrong_number_is_refused() {
        use DocumentKind::*;
        for (kind, text, code) in [
            (Nib, "123", Code::InvalidNib),
            (Nik, "3201990000000001", Code::ImpossibleNikDate),
            (Pirt, "12345678901234", Code::InvalidDocumentNumber),
            (Pirt, "123456789012345678", Code::InvalidDocumentNumber),
            (Bpom, "MD1234", Code::InvalidDocumentNumber),
            (Bpom, "1234567890", Code::InvalidDocumentNumber),
            (Halal, "KH32110000123456789", Code::InvalidDocumentNumber),
            (Halal, "ID3211000012345678", Code::InvalidDocumentNumber),
            (Sni, "SNI", Code::InvalidDocumentNumber),
            (Trademark, "Mérek", Code::InvalidDocumentNumber),
            (Halal, " . - ", Code::Required),
            (Halal, "ID\u{0}", Code::InvalidCharacters),
        ] {
            assert_eq!(number(kind, text), Err(code), "{kind} {text}");
        }
    }

    #[test]
    fn what_is_unusual_is_a_warning() {
        let day = |text| Some(parse_day(text).expect("a day"));
        let warnings =
            |kind, text, end| DocumentNumber::parse(kind, text).map(|n| n.warnings(end)).expect("a number");
        assert_eq!(warnings(DocumentKind::Pirt, "206317101000131", day("2031-05-01")), []);
        assert_eq!(
            warnings(DocumentKind::Pirt, "206317101000131", day("2030-05-01")),
            [Warning::YearDiffers]
        );
        assert_eq!(
            warnings(DocumentKind::Pirt, "20631710100013100", day("2031-05-01")),
            [Warning::UnusualForm]
        );
        assert_eq!(warnings(DocumentKind::Trademark, "IDM000123456", None), []);
        assert_eq!(warnings(DocumentKind::Trademark, "J002020", None), [Warning::UnusualForm]);
        assert_eq!(warnings(DocumentKind::Nmid, "X1", None), [Warning::UnusualForm]);
    }

    #[test]
    fn personal_numbers_are_shown_masked_and_never_printed() {
        let nik = DocumentNumber::parse(DocumentKind::Nik, "3201995001900001").expect("a NIK");
        assert_eq!(nik.shown(), "3201********0001");
        assert!(!format!("{nik:?}").contains("3201"));
    }

    #[test]
    fn only_the_documented_steps_exist() {
        use DocumentAction::*;
        use DocumentStatus::*;
        let steps = [
            (Submitted, Verify, Verified),
            (Submitted, Reject, Rejected),
            (Verified, Revoke, Revoked),
            (Expired, Revoke, Revoked),
            (Verified, Expire, Expired),
        ];
        for &status in DocumentStatus::ALL {
            for &action in DocumentAction::ALL {
                let to =
                    steps.iter().find(|(from, by, _)| (*from, *by) == (status, action)).map(|(_, _, to)| *to);
                assert_eq!(status.apply(action), to.ok_or(Code::WrongState), "{status} {action}");
            }
        }
    }

    #[test]
    fn a_document_does_not_end_before_it_begins() {
        let day = |text| Some(parse_day(text).expect("a day"));
        assert!(Validity::new(day("2026-01-01"), day("2026-01-01")).is_ok());
        assert_eq!(Validity::new(day("2026-01-02"), day("2026-01-01")), Err(Code::ExpiresBeforeIssued));
    }

    #[test]
    fn each_reminder_comes_once_and_then_the_end() {
        let end = parse_day("2026-12-31").expect("a day");
        let due = |reminded, today| Turn::due(end, reminded, parse_day(today).expect("a day"));
        assert_eq!(due(None, "2026-10-01"), None);
        assert_eq!(due(None, "2026-10-02"), Some(Turn::Remind(90)));
        assert_eq!(due(Some(90), "2026-10-02"), None);
        assert_eq!(due(Some(90), "2026-12-01"), Some(Turn::Remind(30)));
        assert_eq!(due(None, "2026-12-30"), Some(Turn::Remind(7)));
        assert_eq!(due(Some(7), "2026-12-31"), None);
        assert_eq!(due(Some(7), "2027-01-01"), Some(Turn::Expire));
    }

    proptest! {
        #[test]
        fn walking_from_turn_to_turn_ends_in_the_expiry(days in 0_u64..3_000, start in 0_u64..4_000) {
            let epoch = parse_day("2020-01-01").expect("a day");
            let end = epoch + Days::new(start + days);
            let (mut reminded, mut today, mut turns) = (None, epoch + Days::new(start), Vec::new());
            while turns.last() != Some(&Turn::Expire) {
                today = today.max(Turn::next_day(end, reminded));
                let turn = Turn::due(end, reminded, today);
                if let Some(Turn::Remind(at)) = turn {
                    reminded = Some(at);
                }
                turns.extend(turn);
                prop_assert!(turn.is_some() && turns.len() <= 4, "{turns:?}");
            }
        }

        #[test]
        fn no_text_makes_a_panic_and_what_was_parsed_parses(text in "\\PC{0,30}") {
            for kind in DocumentKind::ALL {
                if let Ok(parsed) = DocumentNumber::parse(*kind, &text) {
                    prop_assert_eq!(number(*kind, parsed.as_str()), Ok(parsed.as_str().to_owned()));
                }
            }
        }
    }
}
