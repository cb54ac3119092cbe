//! What can happen: the kinds of the event log. An event's public name is `thing.happened`.

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident = $name:literal $reach:ident),+ $(,)?) => {
        /// A kind of event.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EventKind { $($(#[$doc])* $variant),+ }

        impl EventKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The public name, such as `merchant.verified`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// Whether it may change what a storefront shows: such an event ends the validity of cached answers.
            #[must_use]
            pub const fn is_public(self) -> bool {
                !matches!(self.reach(), Reach::Private)
            }

            /// How far it shows.
            #[must_use]
            pub const fn reach(self) -> Reach {
                match self { $(Self::$variant => events!(@ $reach)),+ }
            }
        }
    };
    (@ private) => { Reach::Private };
    (@ page) => { Reach::Page };
    (@ public) => { Reach::Products };
}

/// How far a kind of event shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// No storefront shows it.
    Private,
    /// Pages show it; what is known of single products stays as it is.
    Page,
    /// What is shown of products changes: the event is about a product or a merchant, or names one, so that whoever keeps a
    /// copy of them knows which to read again.
    Products,
}

events! {
    /// An aggregator was made.
    AggregatorCreated = "aggregator.created" private,
    /// An aggregator's name, texts or settings changed.
    AggregatorUpdated = "aggregator.updated" page,
    /// An aggregator went live, or came back.
    AggregatorActivated = "aggregator.activated" page,
    /// An aggregator was suspended.
    AggregatorSuspended = "aggregator.suspended" page,
    /// An aggregator was closed for good.
    AggregatorClosed = "aggregator.closed" page,
    /// An aggregator's own words for one thing changed: searches find something else.
    SearchSynonymsChanged = "search.synonyms_changed" page,
    /// How much an aggregator's signals raise a product in searches changed.
    SearchWeightsChanged = "search.weights_changed" page,
    /// Somebody was invited.
    InvitationCreated = "invitation.created" private,
    /// An invitation was taken back.
    InvitationRevoked = "invitation.revoked" private,
    /// An invitation was accepted.
    InvitationAccepted = "invitation.accepted" private,
    /// A member's role changed.
    MemberUpdated = "member.updated" private,
    /// A member was removed.
    MemberRemoved = "member.removed" private,
    /// An account was made.
    UserCreated = "user.created" private,
    /// An account's own data changed.
    UserUpdated = "user.updated" private,
    /// All that is held about an account was handed to its owner.
    UserExported = "user.exported" private,
    /// An account was erased by its owner.
    UserErased = "user.erased" private,
    /// A password changed.
    UserPasswordChanged = "user.password_changed" private,
    /// Somebody logged in.
    SessionStarted = "session.started" private,
    /// A session ended.
    SessionEnded = "session.ended" private,
    /// An old refresh token came back: its family was ended.
    SessionReuseDetected = "session.reuse_detected" private,
    /// A category was made.
    CategoryCreated = "category.created" page,
    /// A category changed.
    CategoryUpdated = "category.updated" page,
    /// Somebody from outside read the audit chain.
    AuditRead = "audit.read" private,
    /// What a category asks of its products changed.
    CategoryAttributesChanged = "category.attributes_changed" page,
    /// The documents that a category demands changed.
    CategoryGatesChanged = "category.gates_changed" page,
    /// A merchant was onboarded.
    MerchantCreated = "merchant.created" private,
    /// A merchant's data changed.
    MerchantUpdated = "merchant.updated" public,
    /// A merchant was submitted for verification.
    MerchantSubmitted = "merchant.submitted" private,
    /// A merchant was sent back with requests.
    MerchantChangesRequested = "merchant.changes_requested" private,
    /// A merchant was verified.
    MerchantVerified = "merchant.verified" public,
    /// A merchant was suspended.
    MerchantSuspended = "merchant.suspended" public,
    /// A suspended merchant came back.
    MerchantReinstated = "merchant.reinstated" public,
    /// A merchant was archived.
    MerchantArchived = "merchant.archived" public,
    /// A draft merchant was deleted.
    MerchantDeleted = "merchant.deleted" private,
    /// A merchant rose or fell in naik kelas.
    MerchantLevelChanged = "merchant.level_changed" public,
    /// A merchant was assessed by the criteria of naik kelas.
    AssessmentProposed = "assessment.proposed" private,
    /// An assessment was confirmed by a second person.
    AssessmentConfirmed = "assessment.confirmed" private,
    /// An assessment was rejected.
    AssessmentRejected = "assessment.rejected" private,
    /// A programme was made.
    ProgrammeCreated = "programme.created" private,
    /// A programme's texts, dates, curriculum or status changed.
    ProgrammeUpdated = "programme.updated" private,
    /// A merchant was enrolled.
    EnrolmentCreated = "enrolment.created" private,
    /// What a merchant attended changed.
    EnrolmentUpdated = "enrolment.updated" private,
    /// A merchant completed a programme, and its certificate was issued.
    EnrolmentCompleted = "enrolment.completed" private,
    /// A merchant left a programme.
    EnrolmentDropped = "enrolment.dropped" private,
    /// A certificate was revoked.
    CertificateRevoked = "certificate.revoked" private,
    /// A merchant's bank account was set.
    BankAccountSet = "bank_account.set" private,
    /// Personal data was read unmasked.
    PiiRead = "pii.read" private,
    /// Merchants were looked up by a personal number.
    PiiSearched = "pii.searched" private,
    /// The keys of an aggregator were renewed.
    KeysRotated = "keys.rotated" private,
    /// A merchant's processing was restricted.
    MerchantRestricted = "merchant.restricted" public,
    /// A restriction was lifted.
    MerchantRestrictionLifted = "merchant.restriction_lifted" public,
    /// A merchant's personal data was erased.
    MerchantErased = "merchant.erased" public,
    /// A merchant objected to being judged by figures.
    MerchantObjected = "merchant.objected" private,
    /// A merchant's objection ended.
    MerchantObjectionLifted = "merchant.objection_lifted" private,
    /// All that is held about a merchant was handed out.
    MerchantExported = "merchant.exported" private,
    /// A merchant agreed to a use of its data.
    ConsentGiven = "consent.given" private,
    /// A merchant took consent back.
    ConsentWithdrawn = "consent.withdrawn" private,
    /// Somebody asked for something by right.
    PrivacyRequestFiled = "privacy_request.filed" private,
    /// A day is left to answer.
    PrivacyRequestDue = "privacy_request.due" private,
    /// The time to answer is up.
    PrivacyRequestOverdue = "privacy_request.overdue" private,
    /// What was asked for was done.
    PrivacyRequestFulfilled = "privacy_request.fulfilled" private,
    /// What was asked for was refused.
    PrivacyRequestRefused = "privacy_request.refused" private,
    /// A file of evidence was uploaded.
    FileUploaded = "file.uploaded" private,
    /// Somebody opened a file of evidence.
    FileOpened = "file.opened" private,
    /// A legal document was entered or changed.
    DocumentSet = "document.set" public,
    /// A legal document was deleted.
    DocumentDeleted = "document.deleted" public,
    /// A legal document was verified.
    DocumentVerified = "document.verified" public,
    /// A legal document was rejected.
    DocumentRejected = "document.rejected" public,
    /// A verified document was revoked.
    DocumentRevoked = "document.revoked" public,
    /// A verified document expires soon.
    DocumentExpiring = "document.expiring" private,
    /// A verified document's last day is over.
    DocumentExpired = "document.expired" public,
    /// What is shown of a merchant's products changed, since gates of their categories did.
    MerchantGatesTurned = "merchant.gates_turned" public,
    /// A local hero's profile was made.
    HeroCreated = "hero.created" private,
    /// A local hero's profile changed.
    HeroUpdated = "hero.updated" private,
    /// A hero is to mentor a merchant from a later day on.
    AssignmentPlanned = "assignment.planned" private,
    /// A hero mentors a merchant from now on.
    AssignmentStarted = "assignment.started" private,
    /// An assignment's dates, agreement or rank changed.
    AssignmentUpdated = "assignment.updated" private,
    /// A hero no longer mentors a merchant.
    AssignmentEnded = "assignment.ended" private,
    /// An assignment was taken back before it began.
    AssignmentCancelled = "assignment.cancelled" private,
    /// The operator read the national figures.
    IndicatorsRead = "indicators.read" private,
    /// A channel was set.
    ChannelSet = "channel.set" public,
    /// Somebody looked and found a channel in use.
    ChannelConfirmed = "channel.confirmed" private,
    /// A channel was removed.
    ChannelRemoved = "channel.removed" public,
    /// A product was made.
    ProductCreated = "product.created" private,
    /// A product changed.
    ProductUpdated = "product.updated" public,
    /// A product was submitted for review.
    ProductSubmitted = "product.submitted" private,
    /// A product was sent back with requests.
    ProductChangesRequested = "product.changes_requested" private,
    /// A product was published.
    ProductPublished = "product.published" public,
    /// A product was taken off the storefront.
    ProductUnpublished = "product.unpublished" public,
    /// A product was archived.
    ProductArchived = "product.archived" public,
    /// A draft product was deleted.
    ProductDeleted = "product.deleted" private,
    /// A product's certificate ended.
    ProductCertificateExpired = "product.certificate_expired" public,
    /// An edit of a published product waits for review.
    ChangeRequestOpened = "change_request.opened" private,
    /// A further edit was added to one that waits.
    ChangeRequestUpdated = "change_request.updated" private,
    /// Edits were accepted, and are made.
    ChangeRequestAccepted = "change_request.accepted" private,
    /// Edits were refused.
    ChangeRequestRejected = "change_request.rejected" private,
    /// Edits were sent back with requests.
    ChangeRequestNeedsChanges = "change_request.needs_changes" private,
    /// Edits were taken back, or overtaken by the product's end.
    ChangeRequestWithdrawn = "change_request.withdrawn" private,
    /// A variant's stock changed.
    StockChanged = "stock.changed" public,
    /// A picture was uploaded.
    MediaUploaded = "media.uploaded" private,
    /// A picture that nothing showed for a day was deleted.
    MediaDeleted = "media.deleted" private,
    /// A product was nominated.
    NominationCreated = "nomination.created" private,
    /// A reviewer scored.
    NominationScored = "nomination.scored" private,
    /// A nomination was accepted: the product is mutiara.
    NominationAccepted = "nomination.accepted" public,
    /// A nomination was declined.
    NominationDeclined = "nomination.declined" private,
    /// A nomination was withdrawn.
    NominationWithdrawn = "nomination.withdrawn" private,
    /// Somebody of the public asked for what is nominated already.
    NominationSupported = "nomination.supported" private,
    /// What those of the public said of themselves is no longer kept.
    NominationSupportersForgotten = "nomination.supporters_forgotten" private,
    /// A refusal was appealed.
    NominationAppealed = "nomination.appealed" private,
    /// A mutiara ends soon.
    NominationExpiring = "nomination.expiring" private,
    /// The time of a mutiara is over.
    NominationExpired = "nomination.expired" public,
    /// A mutiara was taken away.
    NominationRevoked = "nomination.revoked" public,
    /// A version of a rubric was written.
    RubricPublished = "rubric.published" private,
    /// A collection was made.
    CollectionCreated = "collection.created" page,
    /// A collection changed.
    CollectionUpdated = "collection.updated" page,
    /// A collection was deleted.
    CollectionDeleted = "collection.deleted" page,
    /// A collection's time began or ended, or what its rule calls new is a day older.
    CollectionTurned = "collection.turned" page,
    /// A slot was booked.
    SlotCreated = "slot.created" page,
    /// A slot changed.
    SlotUpdated = "slot.updated" page,
    /// A slot was deleted.
    SlotDeleted = "slot.deleted" page,
    /// A slot's time began or ended.
    SlotTurned = "slot.turned" page,
    /// A merchant's PIN for confirmations was set.
    MerchantPinSet = "merchant.pin_set" private,
    /// A visit was recorded.
    VisitRecorded = "visit.recorded" private,
    /// A visit got a new version.
    VisitCorrected = "visit.corrected" private,
    /// A merchant confirmed a visit that was there.
    VisitConfirmed = "visit.confirmed" private,
    /// An action item was made.
    ActionItemCreated = "action_item.created" private,
    /// An action item changed.
    ActionItemUpdated = "action_item.updated" private,
    /// A buyer made contact.
    LeadCreated = "lead.created" private,
    /// A lead's status or notes changed.
    LeadUpdated = "lead.updated" private,
    /// Nobody answered a lead in time.
    LeadUnanswered = "lead.unanswered" private,
    /// What a buyer said of himself was erased.
    LeadErased = "lead.erased" private,
}
