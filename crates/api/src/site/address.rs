//! Where pages are.

use kapal_domain::locale::Locale;
use kapal_persistence::{ShownAggregator, Store};

/// What a page is about: an aggregator by its slug, and a thing of it by its own.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject<'a> {
    /// The nation.
    Nation,
    /// A storefront.
    Home(&'a str),
    /// A product.
    Product(&'a str, &'a str),
    /// A merchant.
    Merchant(&'a str, &'a str),
    /// A collection.
    Collection(&'a str, &'a str),
}

impl<'a> Subject<'a> {
    /// The home of a store, which is that of an aggregator or the nation's.
    pub fn home_of(store: &Store, aggregator: &'a ShownAggregator) -> Self {
        match &store.aggregator {
            Some(_) => Self::Home(&aggregator.slug),
            None => Self::Nation,
        }
    }

    /// Its path in one language.
    pub fn path(self, locale: Locale) -> String {
        match self {
            Self::Nation => format!("/{locale}"),
            Self::Home(aggregator) => format!("/{locale}/{aggregator}"),
            Self::Product(aggregator, slug) => format!("/{locale}/{aggregator}/p/{slug}"),
            Self::Merchant(aggregator, slug) => format!("/{locale}/{aggregator}/m/{slug}"),
            Self::Collection(aggregator, slug) => format!("/{locale}/{aggregator}/c/{slug}"),
        }
    }

    /// The whole address of the page.
    pub fn url(self, locale: Locale, public_url: &str) -> String {
        format!("{public_url}{}", self.path(locale))
    }

    /// What is printed, drawn and sent of it: the address that leads people to it.
    pub fn link(self, locale: Locale, public_url: &str) -> String {
        self.url(locale, public_url)
    }

    /// The storefront that it stands in: the nation's where it is of no aggregator.
    pub fn home(self) -> Self {
        match self {
            Self::Nation => Self::Nation,
            Self::Home(aggregator)
            | Self::Product(aggregator, _)
            | Self::Merchant(aggregator, _)
            | Self::Collection(aggregator, _) => Self::Home(aggregator),
        }
    }
}
