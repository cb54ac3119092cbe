//! The outbox of mail.
