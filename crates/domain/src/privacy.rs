//! Personal data by law (UU 27/2022): consent, and what people ask for by right.

use crate::code::Code;
use crate::text::{Line, Prose, choices};

/// Which text was shown when consent was asked for.
pub type TextVersion = Line<1, 40>;

/// What the asker wrote; may be empty.
pub type RequestNote = Prose<0, 2000>;

/// What was done about a request, or why not.
pub type RequestAnswer = Prose<1, 2000>;

/// A field that was corrected, as a JSON pointer such as `/profile/address`. It names and never says: no value fits in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedField(String);

impl ChangedField {
    /// Wants up to six names, each behind a slash.
    pub fn parse(text: &str) -> Result<Self, Code> {
        let is_name = |name: &str| {
            !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        let names = text.strip_prefix('/').ok_or(Code::InvalidPointer)?;
        if text.len() > 120 || names.split('/').count() > 6 || !names.split('/').all(is_name) {
            return Err(Code::InvalidPointer);
        }
        Ok(Self(text.to_owned()))
    }

    /// The pointer.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Hours that the law gives for an answer, holidays included.
pub const HOURS_TO_ANSWER: i64 = 72;

/// Hours before the end when those who must answer are reminded.
pub const HOURS_TO_REMIND: i64 = 24;

choices! {
    /// What personal data may be used for. Each is agreed to on its own.
    pub enum Purpose {
        /// Name, story and place on the storefront.
        StorefrontProfile = "storefront_profile",
        /// Pictures of people.
        Photos = "photos",
        /// Contact by WhatsApp.
        WhatsappContact = "whatsapp_contact",
        /// Use in campaigns.
        Marketing = "marketing",
        /// Answers to surveys.
        Surveys = "surveys",
        /// Handing on to partner platforms.
        PartnerSharing = "partner_sharing",
        /// Handing on to those who give credit.
        CreditReferral = "credit_referral",
    }
}

choices! {
    /// What makes a use lawful (article 20).
    pub enum LawfulBasis {
        /// The person agreed.
        Consent = "consent",
        /// A contract with the person needs it.
        Contract = "contract",
        /// A law demands it.
        LegalDuty = "legal_duty",
        /// Somebody's life needs it.
        VitalInterest = "vital_interest",
        /// A public task needs it.
        PublicTask = "public_task",
        /// It is in our interest, and weighs more than the person's against it.
        LegitimateInterest = "legitimate_interest",
    }
}

choices! {
    /// By which way consent was given or taken back.
    pub enum ConsentChannel {
        /// In the person's own app.
        App = "app",
        /// Signed on paper.
        Paper = "paper",
        /// In a WhatsApp chat.
        Whatsapp = "whatsapp",
    }
}

choices! {
    /// What is asked for.
    pub enum PrivacyKind {
        /// To see what is held, and what was done with it.
        Access = "access",
        /// To have it corrected.
        Rectification = "rectification",
        /// To have it erased.
        Erasure = "erasure",
        /// To have its use suspended.
        Restriction = "restriction",
        /// To have a person decide in place of a figure.
        Objection = "objection",
        /// To take all consent back.
        Withdrawal = "withdrawal",
    }
}

choices! {
    /// Whose data it is about.
    pub enum SubjectType {
        /// A merchant.
        Merchant = "merchant",
        /// Somebody who works for the aggregator.
        Member = "member",
        /// A buyer who made contact.
        Lead = "lead",
    }
}

choices! {
    /// Where a request stands.
    pub enum PrivacyStatus {
        /// The clock runs.
        Open = "open",
        /// It was done.
        Fulfilled = "fulfilled",
        /// It was not, for a reason.
        Refused = "refused",
    }
}

choices! {
    /// In which order requests are listed; ties go by id.
    #[derive(Default)]
    pub enum PrivacySort {
        /// What is due first, first.
        #[default]
        DueFirst = "due_at",
        /// What is due last, first.
        DueLast = "-due_at",
        /// Noted last, first.
        Newest = "-created_at",
        /// Noted first, first.
        Oldest = "created_at",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_field_is_a_pointer_without_a_value() {
        for good in ["/name", "/profile/address", "/documents/nik/number"] {
            assert_eq!(ChangedField::parse(good).map(|field| field.0), Ok(good.to_owned()));
        }
        for bad in ["", "/", "name", "/Name", "/name=Ina", "/a//b", "/a/b/c/d/e/f/g", "/nama baru"] {
            assert_eq!(ChangedField::parse(bad), Err(Code::InvalidPointer), "{bad}");
        }
    }
}
