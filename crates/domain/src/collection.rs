//! Collections: products put together under a title, such as for a season.

use crate::text::{Line, Prose};

/// When a collection is shown, as slots are.
pub use crate::slot::Window;

/// A collection's title in one language.
pub type CollectionTitle = Line<2, 120>;

/// What a collection is about, in one language; may be empty.
pub type CollectionIntro = Prose<0, 2000>;

/// The most products of one collection.
pub const MAX_PRODUCTS: usize = 100;
