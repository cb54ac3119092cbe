//! Documents that are printed, as pure functions from what they say to the bytes of a PDF: the same words always give
//! the same bytes.
//!
//! The fonts are Noto (SIL Open Font License, see `kapal-fonts`), whole: each document carries only the letters that it
//! uses. They have the Latin, Greek and Cyrillic letters; a letter of another script is printed as an empty box.

pub mod certificate;
mod font;
mod page;
