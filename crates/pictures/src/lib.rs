//! Pictures, as pure functions from bytes to bytes.
//!
//! * [`prepare`] turns what a merchant uploaded into the renditions that are stored and served. Nothing
//!   of the upload survives but its pixels: every rendition is encoded anew, so places, cameras and
//!   whatever else was hidden in the file are gone.
//! * [`draw`] makes the pictures of the demonstration, so that a fresh installation shows full shelves
//!   without any photograph of a third party.
//!
//! Both work for milliseconds on a processor: callers run them on a blocking thread.

mod container;
mod draw;
mod upload;

pub use draw::{Kind, Motif, draw};
pub use upload::{MAX_BYTES, MAX_PIXELS, MAX_SIDE, MIN_SIDE, Picture, Refusal, Rendition, WIDTHS, prepare};
