//! The legal documents of all merchants: what is to be verified, what ends soon, what has ended.

use diesel::QueryableByName;
use diesel::sql_types::{Nullable, Text};
use diesel_async::RunQueryDsl;
use kapal_domain::ids::{MerchantId, UserId};
use kapal_domain::legality::{DocumentKind, DocumentSort, DocumentStatus};
use kapal_domain::region::RegionCode;

use super::{Document, DocumentRow};
use crate::statement::Statement;
use crate::{Cursor, Page, Result, TenantTx};

/// Which documents to list.
#[derive(Debug, Clone, Default)]
pub struct DocumentFilter {
    /// In any of these states.
    pub statuses: Vec<DocumentStatus>,
    /// Of any of these kinds.
    pub kinds: Vec<DocumentKind>,
    /// Of this merchant.
    pub merchant: Option<MerchantId>,
    /// Of merchants that this hero mentors.
    pub hero: Option<UserId>,
    /// Of merchants whose names have words that begin so.
    pub text: Option<String>,
    /// Of merchants in this region or below it.
    pub region: Option<RegionCode>,
    /// Verified, and its last day is one of the next so many.
    pub expiring_days: Option<u16>,
    /// Whether its last day is over.
    pub expired: Option<bool>,
    /// In this order.
    pub sort: DocumentSort,
}

/// A document in a list over all merchants.
#[derive(Debug)]
pub struct ListedDocument {
    /// Whose it is.
    pub merchant_name: String,
    /// The document.
    pub document: Document,
}

#[derive(QueryableByName)]
struct Listed {
    #[diesel(sql_type = Text)]
    merchant_name: String,
    #[diesel(sql_type = Nullable<Text>)]
    nib: Option<String>,
    /// The last field, since the derived code calls its own row so.
    #[diesel(embed)]
    row: DocumentRow,
}

/// As the index has it.
const END: &str = "coalesce(d.expires_on, '9999-12-31')";
/// A day ends when it ends in Jakarta, whatever the hour in UTC.
const TODAY: &str = "(now() AT TIME ZONE 'Asia/Jakarta')::date";

impl TenantTx<'_> {
    /// Documents of all merchants that fit, in the filter's order.
    pub async fn all_documents(
        &mut self,
        filter: &DocumentFilter,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<ListedDocument>> {
        let mut statement = Statement::new(
            "SELECT d.*, m.name AS merchant_name, m.nib FROM legal_documents d \
             JOIN merchants m ON m.aggregator_id = d.aggregator_id AND m.id = d.merchant_id WHERE d.aggregator_id = ",
        )
        .bind(self.tenant())
        .any_of("d.status", filter.statuses.iter().map(|status| status.as_str()))
        .any_of("d.kind", filter.kinds.iter().map(|kind| kind.as_str()))
        .with(filter.merchant, |s, merchant| s.sql(" AND d.merchant_id = ").bind(merchant.uuid()))
        .with(filter.hero, |s, hero| s.mentored_by(self.tenant(), hero))
        .with(filter.text.as_deref(), |s, text| s.named(self.tenant(), text))
        .with(filter.region.as_ref(), Statement::in_region)
        .with(filter.expiring_days, |s, days| {
            let s = s.sql(" AND d.status = 'verified' AND ").sql(END).sql(" >= ").sql(TODAY);
            s.sql(" AND ").sql(END).sql(" <= ").sql(TODAY).sql(" + ").bind(i64::from(days)).sql("::integer")
        })
        .with(filter.expired, |s, expired| {
            s.sql(" AND ").sql(END).sql(if expired { " < " } else { " >= " }).sql(TODAY)
        });
        if let Some(cursor) = after {
            statement = match filter.sort {
                DocumentSort::Newest => {
                    statement.beyond(" AND (d.created_at, d.id) < (", cursor.time_and_id()?)
                }
                DocumentSort::Oldest => {
                    statement.beyond(" AND (d.created_at, d.id) > (", cursor.time_and_id()?)
                }
                DocumentSort::EndsFirst => statement
                    .beyond(" AND (coalesce(d.expires_on, '9999-12-31'), d.id) > (", cursor.day_and_id()?),
                DocumentSort::EndsLast => statement
                    .beyond(" AND (coalesce(d.expires_on, '9999-12-31'), d.id) < (", cursor.day_and_id()?),
            };
        }
        let by = match filter.sort {
            DocumentSort::Newest => " ORDER BY d.created_at DESC, d.id DESC",
            DocumentSort::Oldest => " ORDER BY d.created_at, d.id",
            DocumentSort::EndsFirst => " ORDER BY coalesce(d.expires_on, '9999-12-31'), d.id",
            DocumentSort::EndsLast => " ORDER BY coalesce(d.expires_on, '9999-12-31') DESC, d.id DESC",
        };
        let statement = statement.page(by, limit).planned_anew();
        let rows = statement.load::<Listed>(&mut **self).await?;
        let Page { items, next } = Page::cut(rows, limit, |listed| match filter.sort {
            DocumentSort::Newest | DocumentSort::Oldest => Cursor::at(listed.row.created_at, listed.row.id),
            DocumentSort::EndsFirst | DocumentSort::EndsLast => {
                Cursor::on(listed.row.expires_on, listed.row.id)
            }
        });
        let (names, rows): (Vec<_>, Vec<_>) =
            items.into_iter().map(|listed| (listed.merchant_name, (listed.row, listed.nib))).unzip();
        let documents = self.whole_documents(rows).await?;
        let together = names.into_iter().zip(documents);
        let items = together.map(|(merchant_name, document)| ListedDocument { merchant_name, document });
        Ok(Page { items: items.collect(), next })
    }
}
