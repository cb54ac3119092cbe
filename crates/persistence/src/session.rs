//! Logins and their rotating refresh tokens.
