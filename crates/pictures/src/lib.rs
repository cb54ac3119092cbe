//! Pictures, as pure functions from bytes to bytes.
//!
//! * [`prepare`] turns what a merchant uploaded into the files that are stored and served. Nothing of the upload
//!   survives but its pixels: every file is encoded anew, so places, cameras and whatever else was hidden in it are gone.
//! * [`preview`] lays a product's name, price and origin beneath its photo, for the preview of a link.
//! * [`draw`] makes the pictures of the demonstration, so that a fresh installation shows full shelves without any
//!   photograph of a third party.
//!
//! All of them work for milliseconds on a processor: callers run them on a blocking thread.

mod canvas;
mod container;
mod draw;
mod encode;
mod lettering;
mod path;
mod poster;
mod preview;
mod qr;
mod upload;

pub use draw::{Kind, Motif, draw};
pub use encode::webp_of_jpeg;
pub use poster::{Form, Poster, poster};
pub use preview::{MAX_PREVIEW_BYTES, PREVIEW_HEIGHT, PREVIEW_WIDTH, Preview, preview};
pub use qr::{QrCode, TooLong};
pub use upload::{
    MAX_BYTES, MAX_PIXELS, MAX_SIDE, MIN_SIDE, Picture, Refusal, Rendition, WIDTHS, prepare, prepare_one,
    weigh,
};
