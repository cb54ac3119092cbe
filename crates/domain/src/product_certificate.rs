//! Permits and certificates of one product. Their numbers are shown to everybody (Permendag 31/2023, articles 5 and 11).

use crate::code::Code;
use crate::legality::{DocumentKind, DocumentNumber, free_number};
use crate::locale::Locale;
use crate::text::{Line, choices};

choices! {
    /// What kind of permit or certificate.
    pub enum CertificateKind {
        /// Halal certificate.
        Halal = "halal",
        /// Home-industry food certificate.
        Pirt = "pirt",
        /// Number of the food and drug agency.
        Bpom = "bpom",
        /// National standard.
        Sni = "sni",
        /// Timber legality.
        Svlk = "svlk",
        /// Registered trademark.
        Trademark = "trademark",
        /// Organic farming, by SNI 6729 or another standard.
        Organic = "organic",
    }
}

impl CertificateKind {
    /// The kind of legal document that a merchant has of it; an organic certificate is of products alone.
    pub const fn document(self) -> Option<DocumentKind> {
        match self {
            Self::Halal => Some(DocumentKind::Halal),
            Self::Pirt => Some(DocumentKind::Pirt),
            Self::Bpom => Some(DocumentKind::Bpom),
            Self::Sni => Some(DocumentKind::Sni),
            Self::Svlk => Some(DocumentKind::Svlk),
            Self::Trademark => Some(DocumentKind::Trademark),
            Self::Organic => None,
        }
    }

    /// What people call it.
    pub const fn name(self, locale: Locale) -> &'static str {
        match (self.document(), locale) {
            (Some(document), locale) => document.name(locale),
            (None, Locale::Id) => "sertifikat organik",
            (None, Locale::En) => "organic certificate",
        }
    }
}

/// The number of a certificate, in the one spelling and as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateNumber {
    number: String,
    written: String,
}

impl CertificateNumber {
    /// By the rules of the legal document of that kind.
    pub fn parse(kind: CertificateKind, text: &str) -> Result<Self, Code> {
        match kind.document() {
            Some(document) => {
                let parsed = DocumentNumber::parse(document, text)?;
                Ok(Self { number: parsed.as_str().to_owned(), written: parsed.written().to_owned() })
            }
            None => {
                let written = String::from(Line::<1, 80>::parse(text)?);
                Ok(Self { number: free_number(&written)?, written })
            }
        }
    }

    /// In the one spelling.
    pub fn as_str(&self) -> &str {
        &self.number
    }

    /// As it was typed.
    pub fn written(&self) -> &str {
        &self.written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_the_rules_of_legal_documents() {
        use CertificateKind::*;
        for (kind, text, expected) in [
            (Halal, "ID 32110000123456789", Ok("ID32110000123456789")),
            (Halal, "KH32110000123456789", Err(Code::InvalidDocumentNumber)),
            (Pirt, "2063171010001-31", Ok("206317101000131")),
            (Organic, " lso-003  idn/2025 ", Ok("LSO-003 IDN/2025")),
            (Organic, "abc", Err(Code::InvalidDocumentNumber)),
            (Organic, "", Err(Code::Required)),
        ] {
            let parsed = CertificateNumber::parse(kind, text).map(|number| number.number);
            assert_eq!(parsed, expected.map(str::to_owned), "{kind} {text}");
        }
    }

    #[test]
    fn every_kind_but_organic_is_a_legal_document_too() {
        for kind in CertificateKind::ALL {
            assert_eq!(
                kind.document().map(DocumentKind::as_str),
                (*kind != CertificateKind::Organic).then(|| kind.as_str())
            );
        }
    }
}
