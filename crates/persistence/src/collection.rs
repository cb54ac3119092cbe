//! Collections of products.
