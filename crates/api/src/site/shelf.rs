//! A page of products, and where it goes on.

use kapal_domain::locale::Locale;
use kapal_persistence::{Cursor, Page, ShownProduct};

use super::json_ld;
use super::tile::{Tile, tiles};
use super::visit::Visit;
use crate::Problem;

/// How many products stand on a page.
pub(super) const SHELF: usize = 24;

/// A page of products.
pub(super) struct Shelf {
    pub tiles: Vec<Tile>,
    /// The path of the next page.
    pub next: Option<String>,
}

impl Shelf {
    /// A page of the list `list`, as [`Visit::after`] names it.
    pub fn new(visit: &Visit, list: &str, page: Page<ShownProduct>) -> Result<Self, Problem> {
        let next: Option<Cursor> = page.next;
        Ok(Self { tiles: tiles(&page.items, visit.locale)?, next: visit.next(list, next) })
    }

    /// What it shows, for search engines.
    pub fn item_list(&self, public_url: &str) -> serde_json::Value {
        let urls: Vec<_> = self.tiles.iter().map(|tile| format!("{public_url}{}", tile.path)).collect();
        json_ld::list(urls.iter().map(String::as_str))
    }
}

/// So many products, in words.
pub(super) fn counted(count: i64, locale: Locale) -> String {
    match (count, locale) {
        (1, Locale::En) => "1 product".to_owned(),
        (_, Locale::En) => format!("{count} products"),
        (_, Locale::Id) => format!("{count} produk"),
    }
}
