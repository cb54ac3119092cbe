//! Search: the derived index of the published products, in the process. The database stays the truth: what is found here
//! are ids, whose rows are read there. This crate sees neither the database nor the network.

mod collect;
mod desk;
mod fields;
mod highlight;
mod index;
mod query;
mod signals;
mod spelling;
mod suggest;
mod synonyms;
#[cfg(test)]
mod tests;
mod words;

pub use collect::{BANDS, Counts, Facet, Standing};
pub use desk::{Desk, Tuning};
pub use fields::{EDITION, Named, Product, Text};
pub use index::{Error, Index, Place, Progress, Result, Writer};
pub use query::{ENOUGH, Filter, Found, Hit, Marks, Question, Relaxed, Scope};
pub use suggest::{Suggested, Suggestion};
pub use synonyms::Synonyms;

/// A text as the log of searches keeps it: its words alone, in the order in which they were typed.
#[must_use]
pub fn normalised(text: &str) -> String {
    words::folded(text).take(12).collect::<Vec<_>>().join(" ")
}
