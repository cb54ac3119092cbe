//! Files of evidence: what is taken, and how much of it.

use crate::text::{Line, choices};

/// What a file is called.
pub type FileName = Line<1, 200>;

choices! {
    /// What a kept file is. Pictures of every kind are kept as JPEG.
    pub enum FileType {
        /// A scan or a printed document.
        Pdf = "application/pdf",
        /// A photo.
        Jpeg = "image/jpeg",
    }
}

choices! {
    /// What a file is opened for: kept in the log.
    pub enum FilePurpose {
        /// To judge what it proves.
        Verification = "verification",
        /// To judge what speaks for a nomination.
        Curation = "curation",
        /// To help the merchant with it.
        Mentoring = "mentoring",
        /// To pay or to report tax.
        Payment = "payment",
        /// To answer what somebody asks for by right.
        SubjectRequest = "subject_request",
        /// To settle a complaint.
        Dispute = "dispute",
        /// To check how others worked.
        Audit = "audit",
    }
}

/// The largest file that is taken: 15 MiB.
pub const MAX_BYTES: usize = 15 * 1024 * 1024;
/// What all files of one aggregator may take together: 5 GiB. Uploads that run at the same time may pass it by their own
/// size.
pub const QUOTA_BYTES: i64 = 5 * 1024 * 1024 * 1024;
/// What the files of one merchant may take of it: 500 MiB, so that nobody uses up the space of all.
pub const MERCHANT_QUOTA_BYTES: i64 = 500 * 1024 * 1024;

/// Whether a file says of itself that it is a PDF. Readers look for the mark within the first 1,024 bytes, and so would
/// somebody who hides something before it: it has to come first.
pub fn is_pdf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"%PDF-")
}
