//! Product categories: one tree for the whole platform.

use crate::text::Line;

/// A category's name in one language.
pub type CategoryName = Line<2, 80>;

/// The levels of the tree: a category, and one below it.
pub const MAX_DEPTH: u32 = 2;
