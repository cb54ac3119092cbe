//! Failed logins.
