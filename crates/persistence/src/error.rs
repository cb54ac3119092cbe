//! What a query can end with. Database errors are told apart here and nowhere else.

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};
use kapal_domain::{Code, Faults, Refusal};

/// The result of everything that asks the database.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a query gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such row, or none that this handle may see.
    #[error("not found")]
    NotFound,
    /// A rule says no.
    #[error("refused: {}", .0.code)]
    Refused(Refusal),
    /// Fields that only the database could find bad, such as ids of things that are not there.
    #[error("invalid: {0:?}")]
    Invalid(Faults),
    /// The thing has moved on to this version since the caller read it.
    #[error("stale: now version {0}")]
    Stale(i32),
    /// No connection became free in time.
    #[error("no free connection")]
    Busy,
    /// The database is away, restarting, or too slow.
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// No space left.
    #[error("storage full: {0}")]
    StorageFull(String),
    /// A bug of ours; the text is for the log alone.
    #[error("internal: {0}")]
    Internal(String),
}

impl Error {
    /// One bad field.
    pub(crate) fn field(pointer: &str, code: Code) -> Self {
        let mut faults = Faults::default();
        faults.add(pointer, code);
        Self::Invalid(faults)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Faults> for Error {
    fn from(faults: Faults) -> Self {
        Self::Invalid(faults)
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self::Refused(code.into())
    }
}

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::NotFound => Self::NotFound,
            DieselError::DatabaseError(kind, info) => from_database(kind, &*info),
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<deadpool::managed::PoolError<diesel_async::pooled_connection::PoolError>> for Error {
    fn from(error: deadpool::managed::PoolError<diesel_async::pooled_connection::PoolError>) -> Self {
        match error {
            deadpool::managed::PoolError::Timeout(_) => Self::Busy,
            other => Self::Unavailable(other.to_string()),
        }
    }
}

fn from_database(kind: DatabaseErrorKind, info: &(dyn DatabaseErrorInformation + Send + Sync)) -> Error {
    let message = info.message();
    match kind {
        DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::ForeignKeyViolation => {
            let constraint = info.constraint_name().unwrap_or_default();
            match code_of(constraint) {
                Some(Code::InvalidRegion) => Error::field("/region_code", Code::InvalidRegion),
                Some(code) if constraint.starts_with("merchant_profiles_") => {
                    Error::field("/profile/logo_id", code)
                }
                Some(code) if constraint.starts_with("legal_documents_file_fkey") => {
                    Error::field("/file_id", code)
                }
                Some(code) if constraint.starts_with("hero_assignments_programme_fkey") => {
                    Error::field("/programme_id", code)
                }
                Some(code) if constraint.starts_with("collections_media_fkey") => {
                    Error::field("/media_id", code)
                }
                Some(code) => code.into(),
                None => Error::Internal(format!("{constraint}: {message}")),
            }
        }
        DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection => {
            Error::Unavailable(message.into())
        }
        // The SQLSTATE is not handed through; these texts are PostgreSQL's own, in the C locale.
        _ if message.starts_with("canceling statement due to")
            || message.starts_with("terminating connection")
            || message.starts_with("the database system is")
            || message.starts_with("deadlock detected") =>
        {
            Error::Unavailable(message.into())
        }
        _ if message.contains("security policy \"restriction\"") => Code::MerchantRestricted.into(),
        _ if message.contains("No space left on device") => Error::StorageFull(message.into()),
        _ => Error::Internal(format!("{}: {message}", info.constraint_name().unwrap_or_default())),
    }
}

/// The public code of a constraint. Citus appends a shard's number to the name.
fn code_of(constraint: &str) -> Option<Code> {
    let name = constraint.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_');
    Some(match name {
        "merchants_nib_key" => Code::DuplicateNib,
        "aggregators_slug_key"
        | "categories_slug_key"
        | "merchants_slug_key"
        | "products_slug_key"
        | "collections_slug_key" => Code::DuplicateSlug,
        "product_variants_sku_key" => Code::DuplicateSku,
        "product_variants_barcode_key" => Code::DuplicateBarcode,
        "product_variants_choices_key" => Code::DuplicateVariant,
        "heroes_pkey" => Code::HeroExists,
        "hero_assignments_primary_key" => Code::PrimaryTaken,
        "nominations_running_key" => Code::DuplicateNomination,
        "consents_withdrawn_key" | "user_consents_withdrawn_key" => Code::ConsentWithdrawn,
        "privacy_requests_open_key" => Code::DuplicateRequest,
        "memberships_pkey" => Code::AlreadyMember,
        "enrolments_merchant_key" => Code::AlreadyEnrolled,
        "assessments_open_key" => Code::AssessmentOpen,
        "merchants_region_code_fkey" | "programmes_region_code_fkey" => Code::InvalidRegion,
        "merchant_profiles_aggregator_id_logo_id_fkey"
        | "products_aggregator_id_merchant_id_fkey"
        | "products_category_id_fkey"
        | "legal_documents_file_fkey"
        | "product_media_aggregator_id_media_id_fkey"
        | "visit_photos_aggregator_id_merchant_id_file_id_fkey"
        | "visit_confirmations_aggregator_id_merchant_id_file_id_fkey"
        | "nominations_aggregator_id_product_id_fkey"
        | "collections_media_fkey"
        | "collection_products_aggregator_id_product_id_fkey"
        | "slot_products_aggregator_id_product_id_fkey"
        | "featured_slots_category_id_fkey"
        | "assessment_evidence_file_fkey"
        | "nomination_files_file_fkey"
        | "hero_assignments_agreement_fkey"
        | "hero_assignments_programme_fkey"
        | "invitations_merchant_fkey"
        | "consents_evidence_fkey"
        | "rubrics_category_id_fkey"
        | "categories_parent_id_fkey" => Code::UnknownReference,
        "collection_links_named_fkey" => Code::CollectionNamed,
        "leads_aggregator_id_product_id_fkey" | "leads_aggregator_id_merchant_id_fkey" => Code::InUse,
        _ => return None,
    })
}
