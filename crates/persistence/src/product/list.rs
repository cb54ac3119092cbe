//! Lists of products.

use diesel::{BoolExpressionMethods, ExpressionMethods, PgTextExpressionMethods, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::ids::{CategoryId, MerchantId};
use kapal_domain::product::ProductStatus;
use kapal_schema::{product_translations, products};

use super::{Product, ProductRow};
use crate::region::escape_like;
use crate::{Cursor, Page, Result, TenantTx};

/// Which products to list.
#[derive(Debug, Clone, Default)]
pub struct ProductFilter {
    /// Any of these states.
    pub statuses: Vec<ProductStatus>,
    /// Of this merchant.
    pub merchant: Option<MerchantId>,
    /// In this category or a branch of it.
    pub category: Option<CategoryId>,
    /// Only mutiara, or only others.
    pub mutiara: Option<bool>,
    /// Words of the name, in any language.
    pub text: Option<String>,
}

impl TenantTx<'_> {
    /// Products by time of making, the newest first: five queries, however many products.
    pub async fn products(
        &mut self,
        filter: &ProductFilter,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Product>> {
        let mut query = products::table
            .filter(products::aggregator_id.eq(self.tenant()))
            .select(ProductRow::as_select())
            .into_boxed();
        if !filter.statuses.is_empty() {
            let statuses: Vec<_> = filter.statuses.iter().map(|s| s.as_str()).collect();
            query = query.filter(products::status.eq_any(statuses));
        }
        if let Some(merchant) = filter.merchant {
            query = query.filter(products::merchant_id.eq(merchant.uuid()));
        }
        if let Some(category) = filter.category {
            query = query.filter(products::category_id.eq_any(self.categories_below(category).await?));
        }
        if let Some(mutiara) = filter.mutiara {
            query = query.filter(products::is_mutiara.eq(mutiara));
        }
        for word in filter.text.iter().flat_map(|t| t.split_whitespace()).take(crate::MAX_WORDS) {
            let named = product_translations::table
                .filter(product_translations::aggregator_id.eq(self.tenant()))
                .filter(product_translations::name.ilike(format!("%{}%", escape_like(word))))
                .select(product_translations::product_id);
            query = query.filter(products::id.eq_any(named));
        }
        if let Some(cursor) = after {
            let (time, id) = cursor.time_and_id()?;
            // The first condition alone bounds the walk through the index.
            query = query
                .filter(products::created_at.le(time))
                .filter(products::created_at.lt(time).or(products::id.lt(id)));
        }
        let wanted = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        let rows = query
            .order((products::created_at.desc(), products::id.desc()))
            .limit(wanted)
            .load::<ProductRow>(&mut **self)
            .await?;
        let page = Page::cut(rows, limit, |row| Cursor::at(row.created_at, row.id));
        Ok(Page { items: self.whole_products(page.items).await?, next: page.next })
    }
}
