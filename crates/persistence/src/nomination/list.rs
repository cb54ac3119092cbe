//! Nominations over all products: what is to be scored, what was decided, what ends soon.

use diesel_async::RunQueryDsl;
use kapal_domain::ids::{MerchantId, ProductId, UserId};
use kapal_domain::nomination::{NominationSort, NominationSource, NominationStatus};
use kapal_domain::region::RegionCode;
use kapal_domain::text::Line;

use super::{Nomination, NominationRow};
use crate::region::escape_like;
use crate::statement::Statement;
use crate::{Cursor, MAX_WORDS, Page, Result, TenantTx};

/// Which nominations to list.
#[derive(Debug, Clone, Default)]
pub struct NominationFilter {
    /// Any of these states.
    pub statuses: Vec<NominationStatus>,
    /// Proposed by any of these.
    pub sources: Vec<NominationSource>,
    /// Of this product.
    pub product: Option<ProductId>,
    /// Of products of this merchant.
    pub merchant: Option<MerchantId>,
    /// Of merchants in this region or below it.
    pub region: Option<RegionCode>,
    /// Of merchants that this hero mentors.
    pub hero: Option<UserId>,
    /// Undecided, not scored by this person yet, who may score it.
    pub to_score_by: Option<UserId>,
    /// Words in the name of the product or the merchant.
    pub text: Option<Line<1, 200>>,
    /// In this order.
    pub sort: NominationSort,
}

impl TenantTx<'_> {
    /// Nominations that fit, in the filter's order.
    pub async fn nominations(
        &mut self,
        filter: &NominationFilter,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Nomination>> {
        let mut statement = Statement::new(
            "SELECT n.* FROM nominations n \
             JOIN products p ON p.aggregator_id = n.aggregator_id AND p.id = n.product_id \
             JOIN merchants m ON m.aggregator_id = p.aggregator_id AND m.id = p.merchant_id WHERE n.aggregator_id = ",
        )
        .bind(self.tenant())
        .any_of("n.status", filter.statuses.iter().map(|status| status.as_str()))
        .any_of("n.source", filter.sources.iter().map(|source| source.as_str()))
        .with(filter.product, |s, product| s.sql(" AND n.product_id = ").bind(product.uuid()))
        .with(filter.merchant, |s, merchant| s.sql(" AND p.merchant_id = ").bind(merchant.uuid()))
        .with(filter.region.as_ref(), Statement::in_region)
        .with(filter.hero, |s, hero| s.mentored_by(self.tenant(), hero))
        .with(filter.to_score_by, |s, person| {
            let person = person.uuid();
            s.sql(" AND n.status IN ('open', 'in_review', 'appealed') AND m.objected_at IS NULL \
                 AND n.nominated_by IS DISTINCT FROM ")
                .bind(person)
                .sql(
                    " AND NOT EXISTS (SELECT FROM scores o WHERE o.aggregator_id = n.aggregator_id \
                     AND o.nomination_id = n.id AND o.reviewer_id = ",
                )
                .bind(person)
                .sql(") AND NOT app.is_tied(n.aggregator_id, ")
                .bind(person)
                .sql(", p.merchant_id)")
        });
        for word in filter.text.iter().flat_map(|text| text.as_str().split_whitespace()).take(MAX_WORDS) {
            let pattern = format!("%{}%", escape_like(word));
            statement = statement
                .sql(" AND (m.name ILIKE ")
                .bind(pattern.clone())
                .sql(
                    " OR EXISTS (SELECT FROM product_translations t WHERE t.aggregator_id = p.aggregator_id \
                     AND t.product_id = p.id AND t.name ILIKE ",
                )
                .bind(pattern)
                .sql("))");
        }
        if let Some(cursor) = after {
            let follows = match filter.sort {
                NominationSort::Newest => " AND (n.created_at, n.id) < (",
                NominationSort::Oldest => " AND (n.created_at, n.id) > (",
                NominationSort::EndsFirst => " AND (coalesce(n.valid_until, '9999-12-31Z'), n.id) > (",
                NominationSort::EndsLast => " AND (coalesce(n.valid_until, '9999-12-31Z'), n.id) < (",
            };
            statement = statement.beyond(follows, cursor.time_and_id()?);
        }
        let by = match filter.sort {
            NominationSort::Newest => " ORDER BY n.created_at DESC, n.id DESC",
            NominationSort::Oldest => " ORDER BY n.created_at, n.id",
            NominationSort::EndsFirst => " ORDER BY coalesce(n.valid_until, '9999-12-31Z'), n.id",
            NominationSort::EndsLast => " ORDER BY coalesce(n.valid_until, '9999-12-31Z') DESC, n.id DESC",
        };
        let rows = statement.page(by, limit).planned_anew().load::<NominationRow>(&mut **self).await?;
        let Page { items, next } = Page::cut(rows, limit, |row| match filter.sort {
            NominationSort::Newest | NominationSort::Oldest => Cursor::at(row.created_at, row.id),
            NominationSort::EndsFirst | NominationSort::EndsLast => Cursor::until(row.valid_until, row.id),
        });
        Ok(Page { items: self.whole_nominations(items).await?, next })
    }
}
