//! Regions: reference data that everybody may read.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, PgTextExpressionMethods, QueryDsl, Queryable, Selectable,
    SelectableHelper,
};
use diesel_async::RunQueryDsl;
use kapal_domain::region::{RegionCode, RegionLevel};
use kapal_schema::regions;

use crate::db::lend;
use crate::{Cursor, CursorValue, Db, Error, Page, Result};

/// A region as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = regions, check_for_backend(diesel::pg::Pg))]
pub struct RegionRow {
    /// Kemendagri code.
    pub code: String,
    /// The code of the region above; None for a province.
    pub parent_code: Option<String>,
    /// `province`, `regency` or `district`.
    pub level: String,
    /// Official name.
    pub name: String,
    /// WGS 84 degrees, of the centroid.
    pub latitude: f64,
    /// WGS 84 degrees, of the centroid.
    pub longitude: f64,
    /// False for a code that the present edition no longer has.
    pub active: bool,
}

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct RegionFilter {
    /// Children of this region; the provinces when there is neither this nor a text.
    pub parent: Option<RegionCode>,
    /// Only this level.
    pub level: Option<RegionLevel>,
    /// Words of the name.
    pub text: Option<String>,
}

/// A name as it is searched: lower case, without "Kabupaten", "Kota", "Kepulauan" and punctuation, so that `kab.`,
/// `Kep.` and hyphens don't matter.
#[must_use]
pub fn search_name(name: &str) -> String {
    name.to_lowercase()
        .split(|c: char| c.is_whitespace() || c == '.' || c == '-')
        .map(|word| word.chars().filter(|c| c.is_alphanumeric()).collect::<String>())
        .filter(|word| {
            !word.is_empty()
                && !["kabupaten", "kab", "kota", "kepulauan", "kep", "provinsi"].contains(&word.as_str())
        })
        .collect::<Vec<_>>()
        .join(" ")
}

impl Db {
    /// One region.
    pub async fn region(&self, code: &RegionCode) -> Result<RegionRow> {
        let mut connection = lend(&self.public).await?;
        Ok(regions::table.find(code.as_str()).select(RegionRow::as_select()).first(&mut connection).await?)
    }

    /// Active regions by name. A search finds every level; those that begin with the text come first within a page's
    /// order by name.
    pub async fn regions(
        &self,
        filter: &RegionFilter,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<RegionRow>> {
        let mut connection = lend(&self.public).await?;
        let mut query =
            regions::table.filter(regions::active.eq(true)).select(RegionRow::as_select()).into_boxed();
        match (&filter.parent, &filter.text) {
            (Some(parent), _) => query = query.filter(regions::parent_code.eq(parent.as_str())),
            (None, None) if filter.level.is_none() => query = query.filter(regions::parent_code.is_null()),
            (None, _) => {}
        }
        if let Some(level) = filter.level {
            query = query.filter(regions::level.eq(level.as_str()));
        }
        if let Some(text) = &filter.text {
            for word in search_name(text).split(' ').filter(|w| !w.is_empty()).take(crate::MAX_WORDS) {
                query = query.filter(regions::search_name.ilike(format!("%{}%", escape_like(word))));
            }
        }
        if let Some(cursor) = after {
            let [CursorValue::Text(name), CursorValue::Text(code)] = cursor.0.as_slice() else {
                return Err(Error::from(kapal_domain::Code::CursorMismatch));
            };
            query = query.filter(
                regions::name
                    .gt(name.clone())
                    .or(regions::name.eq(name.clone()).and(regions::code.gt(code.clone()))),
            );
        }
        let wanted = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        let rows = query
            .order((regions::name, regions::code))
            .limit(wanted)
            .load::<RegionRow>(&mut connection)
            .await?;
        Ok(Page::cut(rows, limit, |row| {
            Cursor(vec![CursorValue::Text(row.name.clone()), CursorValue::Text(row.code.clone())])
        }))
    }
}

/// A text inside a LIKE pattern, meant letter by letter.
pub(crate) fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
