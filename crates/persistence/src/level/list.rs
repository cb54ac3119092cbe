//! The assessments of all merchants: what waits for a second person, and what was decided.

use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use kapal_domain::ids::{MerchantId, UserId};
use kapal_domain::level::{AssessmentSort, AssessmentStatus, Level};
use kapal_domain::region::RegionCode;

use super::{Assessment, AssessmentRow};
use crate::statement::Statement;
use crate::{Cursor, Page, Result, TenantTx};

/// Which assessments to list.
#[derive(Debug, Clone, Default)]
pub struct AssessmentFilter {
    /// In any of these states.
    pub statuses: Vec<AssessmentStatus>,
    /// Whose findings make any of these classes.
    pub levels: Vec<Level>,
    /// Of merchants in this region or below it.
    pub region: Option<RegionCode>,
    /// Of merchants that this hero mentors.
    pub hero: Option<UserId>,
    /// Of this merchant.
    pub merchant: Option<MerchantId>,
    /// Of merchants whose names have words that begin so.
    pub text: Option<String>,
    /// In this order.
    pub sort: AssessmentSort,
}

/// An assessment in a list over all merchants.
#[derive(Debug)]
pub struct ListedAssessment {
    /// Whose it is.
    pub merchant_name: String,
    /// The assessment.
    pub assessment: Assessment,
}

#[derive(QueryableByName)]
struct Listed {
    #[diesel(sql_type = Text)]
    merchant_name: String,
    #[diesel(sql_type = Text)]
    sort_name: String,
    /// The last field, since the derived code calls its own row so.
    #[diesel(embed)]
    row: AssessmentRow,
}

impl TenantTx<'_> {
    /// Assessments of all merchants that fit, in the filter's order.
    pub async fn all_assessments(
        &mut self,
        filter: &AssessmentFilter,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<ListedAssessment>> {
        let mut statement = Statement::new(
            "SELECT a.*, m.name AS merchant_name, m.sort_name FROM assessments a \
             JOIN merchants m ON m.aggregator_id = a.aggregator_id AND m.id = a.merchant_id WHERE a.aggregator_id = ",
        )
        .bind(self.tenant())
        .any_of("a.status", filter.statuses.iter().map(|status| status.as_str()))
        .any_of("a.level", filter.levels.iter().map(|level| level.as_str()))
        .with(filter.region.as_ref(), Statement::in_region)
        .with(filter.hero, |s, hero| s.mentored_by(self.tenant(), hero))
        .with(filter.merchant, |s, merchant| s.sql(" AND a.merchant_id = ").bind(merchant.uuid()))
        .with(filter.text.as_deref(), |s, text| s.named(self.tenant(), text));
        if let Some(cursor) = after {
            statement = match filter.sort {
                AssessmentSort::Newest => {
                    statement.beyond(" AND (a.created_at, a.id) < (", cursor.time_and_id()?)
                }
                AssessmentSort::Oldest => {
                    statement.beyond(" AND (a.created_at, a.id) > (", cursor.time_and_id()?)
                }
                AssessmentSort::Merchant => statement.beyond_name(
                    " AND m.sort_name >= ",
                    " AND (m.sort_name, a.id) > (",
                    cursor.name_and_id()?,
                ),
                AssessmentSort::MerchantDown => statement.beyond_name(
                    " AND m.sort_name <= ",
                    " AND (m.sort_name, a.id) < (",
                    cursor.name_and_id()?,
                ),
            };
        }
        let by = match filter.sort {
            AssessmentSort::Newest => " ORDER BY a.created_at DESC, a.id DESC",
            AssessmentSort::Oldest => " ORDER BY a.created_at, a.id",
            AssessmentSort::Merchant => " ORDER BY m.sort_name, a.id",
            AssessmentSort::MerchantDown => " ORDER BY m.sort_name DESC, a.id DESC",
        };
        let rows = statement.page(by, limit).planned_anew().load::<Listed>(&mut **self).await?;
        let Page { items, next } = Page::cut(rows, limit, |listed| match filter.sort {
            AssessmentSort::Newest | AssessmentSort::Oldest => {
                Cursor::at(listed.row.created_at, listed.row.id)
            }
            AssessmentSort::Merchant | AssessmentSort::MerchantDown => {
                Cursor::named(&listed.sort_name, listed.row.id)
            }
        });
        let (names, rows): (Vec<_>, Vec<_>) =
            items.into_iter().map(|listed| (listed.merchant_name, listed.row)).unzip();
        let assessments = self.with_findings(rows).await?;
        let together = names.into_iter().zip(assessments);
        let items =
            together.map(|(merchant_name, assessment)| ListedAssessment { merchant_name, assessment });
        Ok(Page { items: items.collect(), next })
    }
}
