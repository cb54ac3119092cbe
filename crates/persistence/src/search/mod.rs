//! Search, as far as the database knows it: what the derived index is made of and follows, how aggregators
//! tune it, what was looked for in vain, and the answers of the database itself while there is no index.

mod document;
mod fallback;
mod feed;
mod miss;
mod synonyms;
mod tuning;
mod weights;

pub use document::SearchDocument;
pub use fallback::*;
pub use feed::*;
pub use miss::*;
pub use synonyms::SynonymGroups;
pub use tuning::*;
