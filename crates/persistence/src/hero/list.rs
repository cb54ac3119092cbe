//! Heroes as they are found: one, or those that fit, with what their assignments come to.

use diesel_async::RunQueryDsl;
use kapal_domain::hero::{HeroSort, Language};
use kapal_domain::ids::{ProgrammeId, UserId};
use kapal_domain::region::RegionCode;

use super::{Hero, HeroRow};
use crate::region::escape_like;
use crate::statement::Statement;
use crate::{Cursor, Page, Result, TenantTx};

/// Which heroes to list.
#[derive(Debug, Clone, Default)]
pub struct HeroFilter {
    /// Who works in this region or in a part of it.
    pub region: Option<RegionCode>,
    /// Whether one more merchant can be given to him.
    pub has_capacity: Option<bool>,
    /// Whether he takes new merchants at all.
    pub active: Option<bool>,
    /// Who speaks this language.
    pub language: Option<Language>,
    /// Words of the name.
    pub text: Option<String>,
    /// Who mentors in this programme, or is going to.
    pub programme: Option<ProgrammeId>,
    /// In this order.
    pub sort: HeroSort,
}

/// Who has another role by now is no hero; his profile waits.
const HEROES: &str = "SELECT h.user_id, h.display_name, lower(h.display_name) COLLATE \"C\" AS sort_name, h.phone_sealed, \
        h.languages, h.capacity, h.latitude, h.longitude, h.home_region_code, h.active, h.note, h.version, h.created_at, \
        h.updated_at, n.assigned, n.planned, \
        coalesce((SELECT array_agg(a.region_code ORDER BY a.region_code) FROM hero_areas a \
            WHERE a.aggregator_id = h.aggregator_id AND a.user_id = h.user_id), '{}') AS area_codes \
     FROM heroes h \
     JOIN memberships m ON m.aggregator_id = h.aggregator_id AND m.user_id = h.user_id AND m.role = 'local_hero' ";

/// Counts one hero's merchants after the other's: for a page that is found early.
const COUNTED_EACH: &str = "CROSS JOIN LATERAL ( \
        SELECT count(*) FILTER (WHERE a.status = 'active') AS assigned, \
            count(*) FILTER (WHERE a.status = 'planned') AS planned \
        FROM hero_assignments a \
        JOIN merchants c ON c.aggregator_id = a.aggregator_id AND c.id = a.merchant_id AND c.status <> 'archived' \
        WHERE a.aggregator_id = h.aggregator_id AND a.user_id = h.user_id AND a.status IN ('planned', 'active') \
     ) n WHERE h.aggregator_id = ";

/// Counts all heroes' merchants at once: for what can't be told before every hero was looked at.
const COUNTED_TOGETHER: [&str; 2] = [
    "LEFT JOIN ( \
        SELECT a.user_id, count(*) FILTER (WHERE a.status = 'active') AS assigned, \
            count(*) FILTER (WHERE a.status = 'planned') AS planned \
        FROM hero_assignments a \
        JOIN merchants c ON c.aggregator_id = a.aggregator_id AND c.id = a.merchant_id AND c.status <> 'archived' \
        WHERE a.status IN ('planned', 'active') AND a.aggregator_id = ",
    " GROUP BY a.user_id \
     ) g ON g.user_id = h.user_id \
     CROSS JOIN LATERAL (SELECT coalesce(g.assigned, 0) AS assigned, coalesce(g.planned, 0) AS planned) n \
     WHERE h.aggregator_id = ",
];

/// How an order is asked for: the SQL before a cursor's values, and the order itself.
const fn order(sort: HeroSort) -> (&'static str, &'static str) {
    match sort {
        HeroSort::Newest => {
            (" AND (h.created_at, h.user_id) < (", " ORDER BY h.created_at DESC, h.user_id DESC")
        }
        HeroSort::Oldest => (" AND (h.created_at, h.user_id) > (", " ORDER BY h.created_at, h.user_id"),
        HeroSort::Name => (
            " AND (lower(h.display_name) COLLATE \"C\", h.user_id) > (",
            " ORDER BY lower(h.display_name) COLLATE \"C\", h.user_id",
        ),
        HeroSort::NameDown => (
            " AND (lower(h.display_name) COLLATE \"C\", h.user_id) < (",
            " ORDER BY lower(h.display_name) COLLATE \"C\" DESC, h.user_id DESC",
        ),
        HeroSort::LeastFree => (
            " AND (h.capacity - n.assigned - n.planned, h.user_id) > (",
            " ORDER BY h.capacity - n.assigned - n.planned, h.user_id",
        ),
        HeroSort::MostFree => (
            " AND (h.capacity - n.assigned - n.planned, h.user_id) < (",
            " ORDER BY h.capacity - n.assigned - n.planned DESC, h.user_id DESC",
        ),
    }
}

fn cursor(row: &HeroRow, sort: HeroSort) -> Cursor {
    match sort {
        HeroSort::Newest | HeroSort::Oldest => Cursor::at(row.created_at, row.user_id),
        HeroSort::Name | HeroSort::NameDown => Cursor::named(&row.sort_name, row.user_id),
        HeroSort::LeastFree | HeroSort::MostFree => {
            Cursor::numbered(i64::from(row.capacity) - row.assigned - row.planned, row.user_id)
        }
    }
}

/// The region and all that it is part of.
fn upwards(region: &RegionCode) -> Vec<String> {
    std::iter::successors(Some(region.clone()), RegionCode::parent)
        .map(|code| code.as_str().to_owned())
        .collect()
}

impl TenantTx<'_> {
    /// One hero as he is stored.
    pub(super) async fn hero_row(&mut self, user: UserId) -> Result<HeroRow> {
        let statement = Statement::new(HEROES).sql(COUNTED_EACH).bind(self.tenant());
        let statement = statement.sql(" AND h.user_id = ").bind(user.uuid());
        Ok(statement.get_result::<HeroRow>(&mut **self).await?)
    }

    /// Heroes that fit, in the filter's order; without their phones.
    pub async fn heroes(
        &mut self,
        filter: &HeroFilter,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Hero>> {
        let tenant = self.tenant();
        let looks_at_all = filter.has_capacity == Some(false)
            || matches!(filter.sort, HeroSort::LeastFree | HeroSort::MostFree);
        let heroes = Statement::new(HEROES);
        let heroes = match looks_at_all {
            true => heroes.sql(COUNTED_TOGETHER[0]).bind(tenant).sql(COUNTED_TOGETHER[1]),
            false => heroes.sql(COUNTED_EACH),
        };
        let mut statement = heroes
            .bind(tenant)
            .with(filter.region.as_ref(), |s, region| {
                // Whose area holds the region, or lies in it.
                s.sql(
                    " AND EXISTS (SELECT FROM hero_areas a WHERE a.aggregator_id = h.aggregator_id \
                     AND a.user_id = h.user_id AND (a.region_code = ANY (",
                )
                .bind(upwards(region))
                .sql(") OR a.region_code LIKE ")
                .bind(format!("{}.%", region.as_str()))
                .sql("))")
            })
            .with(filter.has_capacity, |s, free| {
                s.sql(if free { " AND " } else { " AND NOT " })
                    .sql("(h.active AND h.capacity > n.assigned + n.planned)")
            })
            .with(filter.active, |s, active| {
                s.sql(if active { " AND h.active" } else { " AND NOT h.active" })
            })
            .with(filter.language.as_ref(), |s, language| {
                s.sql(" AND ").bind(language.as_str()).sql(" = ANY (h.languages)")
            })
            .with(filter.programme, |s, programme| {
                s.sql(
                    " AND EXISTS (SELECT FROM hero_assignments a WHERE a.aggregator_id = h.aggregator_id \
                     AND a.user_id = h.user_id AND a.status IN ('planned', 'active') AND a.programme_id = ",
                )
                .bind(programme.uuid())
                .sql(")")
            });
        for word in filter.text.iter().flat_map(|text| text.split_whitespace()).take(crate::MAX_WORDS) {
            let pattern = format!("%{}%", escape_like(word));
            statement = statement.sql(" AND h.display_name ILIKE ").bind(pattern);
        }
        let (follows, by) = order(filter.sort);
        if let Some(cursor) = after {
            statement = match filter.sort {
                HeroSort::Newest | HeroSort::Oldest => statement.beyond(follows, cursor.time_and_id()?),
                HeroSort::Name | HeroSort::NameDown => statement.beyond(follows, cursor.name_and_id()?),
                HeroSort::LeastFree | HeroSort::MostFree => {
                    statement.beyond(follows, cursor.number_and_id()?)
                }
            };
        }
        let rows = statement.page(by, limit).planned_anew().load::<HeroRow>(&mut **self).await?;
        let page = Page::cut(rows, limit, |row| cursor(row, filter.sort));
        Ok(Page { items: self.placed_heroes(page.items).await?, next: page.next })
    }
}
