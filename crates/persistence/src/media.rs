//! Uploaded pictures.
