//! What the public reads: the published projection, as `kapal_public`, in single statements without a transaction.
//! Drafts and tenants' own data are not in it, so nothing here can leak them.

mod changes;
mod collection;
mod details;
mod feed;
mod home;
mod link;
mod merchant;
mod preview;
mod product;
mod related;
mod shelf;
mod store;

pub use changes::{Changed, ChangedKind, ChangedThing, Changes};
pub use collection::*;
pub use details::*;
pub use feed::*;
pub use home::*;
pub use link::*;
pub use merchant::*;
pub use preview::*;
pub use product::*;
pub use shelf::Matches;
pub use store::*;

pub(crate) use product::{SHOWN, expect_store, position};

use uuid::Uuid;

use crate::statement::Statement;

/// A thing in a public address: its slug, or its id. No slug reads as a UUID, so a text is one or the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// The slug.
    Slug(String),
    /// The id.
    Id(Uuid),
}

impl Address {
    /// Reads a path segment.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Uuid::try_parse(text).map_or_else(|_| Self::Slug(text.to_owned()), Self::Id)
    }
}

/// Whose things a storefront shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// The aggregator; None for all of them.
    pub aggregator: Option<Address>,
    /// Whether only those count that take part in the national storefront.
    pub national: bool,
}

impl Store {
    /// The storefront of one aggregator.
    #[must_use]
    pub fn of(aggregator: &str) -> Self {
        Self { aggregator: Some(Address::parse(aggregator)), national: false }
    }

    /// The national storefront: everything of every aggregator that takes part.
    #[must_use]
    pub const fn national() -> Self {
        Self { aggregator: None, national: true }
    }

    /// The national storefront, narrowed to what comes from one aggregator.
    #[must_use]
    pub fn national_of(aggregator: &str) -> Self {
        Self { aggregator: Some(Address::parse(aggregator)), national: true }
    }
}

impl Statement {
    /// `<column> = ..` for a slug or an id, whichever the address is.
    fn addressed(self, slug: &'static str, id: &'static str, address: &Address) -> Self {
        match address {
            Address::Slug(text) => self.sql(slug).sql(" = ").bind(text.as_str()),
            Address::Id(value) => self.sql(id).sql(" = ").bind(*value),
        }
    }

    /// The aggregators (as `a`) whose things the store shows.
    pub(crate) fn in_store(self, store: &Store) -> Self {
        let statement = match &store.aggregator {
            Some(address) => self.addressed("a.slug", "a.id", address),
            None => self.sql("true"),
        };
        if store.national { statement.sql(" AND a.national") } else { statement }
    }
}
