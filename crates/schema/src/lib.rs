//! The database's tables as diesel sees them, and which of them may stand in one query. A crate of its own, since this
//! is what is slow to compile and seldom changes.

mod tables;
pub use tables::*;

use diesel::{allow_tables_to_appear_in_same_query, joinable};

// Small hand-written groups: every pair costs compile time.
allow_tables_to_appear_in_same_query!(memberships, aggregators);
allow_tables_to_appear_in_same_query!(users, password_resets);
allow_tables_to_appear_in_same_query!(merchants, regions, channels);
allow_tables_to_appear_in_same_query!(products, product_translations, product_variants, product_media, media);
allow_tables_to_appear_in_same_query!(products, categories);
allow_tables_to_appear_in_same_query!(nominations, scores);
allow_tables_to_appear_in_same_query!(nomination_files, files);

joinable!(memberships -> aggregators (aggregator_id));
joinable!(password_resets -> users (user_id));
