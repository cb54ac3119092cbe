//! What the benchmark and the tests share.

pub mod relevance;
