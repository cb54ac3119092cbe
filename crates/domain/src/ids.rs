//! Identifiers: UUIDv7 (RFC 9562), one type per thing, so that a merchant's id can't stand where a product's belongs.

use uuid::Uuid;

/// What all ids can do: persistence and API code is generic over it.
pub trait Id: Copy + Eq + std::hash::Hash + From<Uuid> + Into<Uuid> + std::fmt::Display {
    /// How a path names it, such as `merchant_id`.
    const PARAMETER: &'static str;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $parameter:literal),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id, later in order than those made before it.
            #[must_use]
            #[expect(clippy::new_without_default, reason = "two defaults would differ")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// The plain UUID.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }
        impl From<Uuid> for $name { fn from(id: Uuid) -> Self { Self(id) } }
        impl From<$name> for Uuid { fn from(id: $name) -> Self { id.0 } }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { self.0.fmt(f) }
        }
        impl Id for $name {
            const PARAMETER: &'static str = $parameter;
        }
    )+};
}

ids! {
    /// A tenant.
    AggregatorId = "aggregator_id",
    /// A person with an account.
    UserId = "user_id",
    /// One device's login: a family of refresh tokens.
    SessionId = "session_id",
    /// An invitation to join an aggregator.
    InvitationId = "invitation_id",
    /// A small merchant (UMKM).
    MerchantId = "merchant_id",
    /// A class that a merchant is or was in.
    ScaleId = "scale_id",
    /// A hero's assignment to a merchant.
    AssignmentId = "assignment_id",
    /// A product category.
    CategoryId = "category_id",
    /// A product.
    ProductId = "product_id",
    /// An edit of a published product that waits for review.
    ChangeRequestId = "change_request_id",
    /// A variant of a product: what has a price and a stock.
    VariantId = "variant_id",
    /// An uploaded picture.
    MediaId = "media_id",
    /// A legal document of a merchant.
    DocumentId = "document_id",
    /// A nomination of a product as mutiara.
    NominationId = "nomination_id",
    /// A version of a rubric.
    RubricId = "rubric_id",
    /// Somebody's nomination from the public.
    SupportId = "support_id",
    /// Scores that are over.
    OldScoreId = "old_score_id",
    /// A collection of products.
    CollectionId = "collection_id",
    /// A featured slot.
    SlotId = "slot_id",
    /// A training programme.
    ProgrammeId = "programme_id",
    /// A merchant's place in a programme.
    EnrolmentId = "enrolment_id",
    /// A look at a merchant by the criteria of naik kelas.
    AssessmentId = "assessment_id",
    /// An evidence file of a merchant.
    FileId = "file_id",
    /// A buyer's contact.
    LeadId = "lead_id",
    /// A visit to a merchant.
    VisitId = "visit_id",
    /// Something that a merchant, its hero or the staff must do.
    ActionItemId = "action_item_id",
    /// A record of consent.
    ConsentId = "consent_id",
    /// What somebody asks for by right about personal data.
    PrivacyRequestId = "request_id",
    /// An event of the log.
    EventId = "event_id",
    /// An entry of the audit chain.
    AuditId = "audit_id",
    /// A mail in the outbox.
    MailId = "mail_id",
}

impl AggregatorId {
    /// The platform's own aggregator (`nasional`): owner of national slots, the default rubric and the log of users,
    /// sessions and operators. Its id is the lowest, so that it is always locked first.
    pub const PLATFORM: Self = Self(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001));
}
