//! The list of change requests: what waits for a reviewer, and what became of the rest.

use diesel::QueryableByName;
use diesel::sql_types::{Integer, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::change_request::{ChangeRequestSort, ChangeRequestStatus};
use kapal_domain::ids::{MerchantId, ProductId, UserId};
use kapal_domain::region::RegionCode;
use uuid::Uuid;

use super::ChangeRequestRow;
use crate::merchant_list::words;
use crate::statement::Statement;
use crate::{Cursor, Page, Result, TenantTx};

/// Which change requests to list.
#[derive(Debug, Clone, Default)]
pub struct ChangeRequestFilter {
    /// In any of these states.
    pub statuses: Vec<ChangeRequestStatus>,
    /// Of this product.
    pub product: Option<ProductId>,
    /// Of this merchant.
    pub merchant: Option<MerchantId>,
    /// Of merchants in this region or below it.
    pub region: Option<RegionCode>,
    /// Of merchants mentored by this hero.
    pub hero: Option<UserId>,
    /// Beginnings of words of the product's names.
    pub text: Option<String>,
    /// In this order.
    pub sort: ChangeRequestSort,
}

/// A change request in a list.
#[derive(Debug, QueryableByName)]
pub struct ListedChangeRequest {
    /// Part of the product's public addresses.
    #[diesel(sql_type = Text)]
    pub product_slug: String,
    /// The product's Indonesian name, else the English one.
    #[diesel(sql_type = Text)]
    pub product_name: String,
    /// The product's version now.
    #[diesel(sql_type = Integer)]
    pub product_version: i32,
    /// Whose it is.
    #[diesel(sql_type = SqlUuid)]
    pub merchant_id: Uuid,
    /// The merchant's shop name.
    #[diesel(sql_type = Text)]
    pub merchant_name: String,
    /// The request: the last field, since the derived code calls its own row so.
    #[diesel(embed)]
    pub row: ChangeRequestRow,
}

/// How an order is asked for: the SQL before a cursor's values, and the order itself.
const fn order(sort: ChangeRequestSort) -> (&'static str, &'static str) {
    match sort {
        ChangeRequestSort::Newest => {
            (" AND (c.created_at, c.id) < (", " ORDER BY c.created_at DESC, c.id DESC")
        }
        ChangeRequestSort::Oldest => (" AND (c.created_at, c.id) > (", " ORDER BY c.created_at, c.id"),
        ChangeRequestSort::ChangedLast => {
            (" AND (c.updated_at, c.id) < (", " ORDER BY c.updated_at DESC, c.id DESC")
        }
        ChangeRequestSort::ChangedFirst => (" AND (c.updated_at, c.id) > (", " ORDER BY c.updated_at, c.id"),
    }
}

impl TenantTx<'_> {
    /// Change requests that fit, in the filter's order.
    pub async fn change_requests(
        &mut self,
        filter: &ChangeRequestFilter,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<ListedChangeRequest>> {
        let mut statement = Statement::new(
            "SELECT c.*, p.slug AS product_slug, p.version AS product_version, p.merchant_id, m.name AS merchant_name, \
                (SELECT t.name FROM product_translations t \
                 WHERE t.aggregator_id = p.aggregator_id AND t.product_id = p.id ORDER BY t.locale DESC LIMIT 1) AS product_name \
             FROM change_requests c \
             JOIN products p ON p.aggregator_id = c.aggregator_id AND p.id = c.product_id \
             JOIN merchants m ON m.aggregator_id = p.aggregator_id AND m.id = p.merchant_id \
             WHERE c.aggregator_id = ",
        )
        .bind(self.tenant())
        .any_of("c.status", filter.statuses.iter().map(|status| status.as_str()))
        .with(filter.product, |s, product| s.sql(" AND c.product_id = ").bind(product.uuid()))
        .with(filter.merchant, |s, merchant| s.sql(" AND p.merchant_id = ").bind(merchant.uuid()))
        .with(filter.region.as_ref(), Statement::in_region)
        .with(filter.hero, |s, hero| s.mentored_by(self.tenant(), hero));
        for word in filter.text.iter().flat_map(|text| words(text)).take(crate::MAX_WORDS) {
            statement = statement
                .sql(
                    " AND EXISTS (SELECT FROM product_translations t, regexp_split_to_table(lower(t.name), '[^[:alnum:]]+') AS w \
                     WHERE t.aggregator_id = c.aggregator_id AND t.product_id = c.product_id AND starts_with(w, ",
                )
                .bind(word)
                .sql("))");
        }
        let (follows, by) = order(filter.sort);
        if let Some(cursor) = after {
            statement = statement.beyond(follows, cursor.time_and_id()?);
        }
        let rows = statement.page(by, limit).planned_anew().load::<ListedChangeRequest>(&mut **self).await?;
        Ok(Page::cut(rows, limit, |listed| {
            let row = &listed.row;
            let time = match filter.sort {
                ChangeRequestSort::Newest | ChangeRequestSort::Oldest => row.created_at,
                ChangeRequestSort::ChangedLast | ChangeRequestSort::ChangedFirst => row.updated_at,
            };
            Cursor::at(time, row.id)
        }))
    }
}
