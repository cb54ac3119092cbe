//! The list of merchants: each filter and each order is answered by an index, also under row security, which lets an
//! index answer only comparisons that can't tell of rows that are not seen.

use std::collections::BTreeSet;

use diesel::QueryableByName;
use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use kapal_domain::ids::UserId;
use kapal_domain::legality::DocumentKind;
use kapal_domain::level::Level;
use kapal_domain::merchant::{MerchantSort, MerchantStatus, Nib, Scale};
use kapal_domain::region::RegionCode;
use uuid::Uuid;

use crate::merchant::place_of;
use crate::sql::sql;
use crate::statement::Statement;
use crate::{Cursor, Merchant, MerchantRow, Page, ProfileRow, Result, TenantTx};

/// Which merchants to list.
#[derive(Debug, Clone, Default)]
pub struct MerchantFilter {
    /// Any of these states.
    pub statuses: Vec<MerchantStatus>,
    /// In this region or below it.
    pub region: Option<RegionCode>,
    /// Of any of these classes.
    pub scales: Vec<Scale>,
    /// Of any of these levels.
    pub levels: Vec<Level>,
    /// Mentored by this hero.
    pub hero: Option<UserId>,
    /// Without a verified document of this kind.
    pub missing: Option<DocumentKind>,
    /// With a verified document that ends within so many days.
    pub expiring_days: Option<u16>,
    /// Beginnings of words of the names.
    pub text: Option<String>,
    /// With this NIB.
    pub nib: Option<Nib>,
    /// In this order.
    pub sort: MerchantSort,
}

/// How an order is asked for: the SQL before a cursor's values, and the order itself.
const fn order(sort: MerchantSort) -> (&'static str, &'static str) {
    match sort {
        MerchantSort::Newest => (" AND (m.created_at, m.id) < (", " ORDER BY m.created_at DESC, m.id DESC"),
        MerchantSort::Oldest => (" AND (m.created_at, m.id) > (", " ORDER BY m.created_at, m.id"),
        MerchantSort::ChangedLast => {
            (" AND (m.updated_at, m.id) < (", " ORDER BY m.updated_at DESC, m.id DESC")
        }
        MerchantSort::ChangedFirst => (" AND (m.updated_at, m.id) > (", " ORDER BY m.updated_at, m.id"),
        MerchantSort::Name => (" AND (m.sort_name, m.id) > (", " ORDER BY m.sort_name, m.id"),
        MerchantSort::NameDown => (" AND (m.sort_name, m.id) < (", " ORDER BY m.sort_name DESC, m.id DESC"),
    }
}

#[derive(QueryableByName)]
struct Listed {
    #[diesel(embed)]
    merchant: MerchantRow,
    #[diesel(sql_type = Text)]
    sort_name: String,
}

impl Listed {
    fn cursor(&self, sort: MerchantSort) -> Cursor {
        match sort {
            MerchantSort::Newest | MerchantSort::Oldest => {
                Cursor::at(self.merchant.created_at, self.merchant.id)
            }
            MerchantSort::ChangedLast | MerchantSort::ChangedFirst => {
                Cursor::at(self.merchant.updated_at, self.merchant.id)
            }
            MerchantSort::Name | MerchantSort::NameDown => Cursor::named(&self.sort_name, self.merchant.id),
        }
    }
}

impl TenantTx<'_> {
    /// Merchants that fit, in the filter's order.
    pub async fn merchants(
        &mut self,
        filter: &MerchantFilter,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Merchant>> {
        let mut statement = Statement::new("SELECT m.* FROM merchants m WHERE m.aggregator_id = ")
            .bind(self.tenant())
            .any_of("m.status", filter.statuses.iter().map(|status| status.as_str()))
            .any_of("m.scale", filter.scales.iter().map(|scale| scale.as_str()))
            .any_of("m.level", filter.levels.iter().map(|level| level.as_str()))
            .with(filter.region.as_ref(), Statement::in_region)
            .with(filter.nib.as_ref(), |s, nib| s.sql(" AND m.nib = ").bind(nib.as_str()))
            .with(filter.hero, |s, hero| s.mentored_by(self.tenant(), hero))
            .with(filter.text.as_deref(), |s, text| s.named(self.tenant(), text));
        if let Some(kind) = filter.missing {
            statement = statement
                .sql(
                    " AND NOT EXISTS (SELECT FROM legal_documents d WHERE d.aggregator_id = m.aggregator_id \
                     AND d.merchant_id = m.id AND d.status = 'verified' AND d.kind = ",
                )
                .bind(kind.as_str())
                .sql(")");
        }
        if let Some(days) = filter.expiring_days {
            statement = statement
                .sql(
                    " AND m.id IN (SELECT d.merchant_id FROM legal_documents d WHERE d.status = 'verified' \
                     AND d.aggregator_id = ",
                )
                .bind(self.tenant())
                .sql(" AND d.expires_on <= CURRENT_DATE + ")
                .bind(i64::from(days))
                .sql("::integer)");
        }
        let (follows, by) = order(filter.sort);
        if let Some(cursor) = after {
            statement = match filter.sort {
                MerchantSort::Name | MerchantSort::NameDown => {
                    statement.beyond(follows, cursor.name_and_id()?)
                }
                _ => statement.beyond(follows, cursor.time_and_id()?),
            };
        }
        // Few filters leave much and many little: the best index is another one each time.
        let statement = statement.page(by, limit).planned_anew();
        let rows = statement.load::<Listed>(&mut **self).await?;
        let page = Page::cut(rows, limit, |listed| listed.cursor(filter.sort)).map(|listed| listed.merchant);
        let places = self.places(page.items.iter().map(|row| row.region_code.clone()).collect()).await?;
        let mut requests = self.requests_of(&page.items).await?;
        let profiles = self.profiles(&page.items.iter().map(|row| row.id).collect::<Vec<_>>()).await?;
        Ok(page.map(|row| {
            let profile = profiles.iter().find(|profile| profile.merchant_id == row.id).cloned();
            let profile = profile.unwrap_or_else(|| ProfileRow::of(row.id));
            let requests = requests.extract_if(.., |request| request.merchant_id == row.id).collect();
            Merchant { place: place_of(&places, &row.region_code), row, profile, requests }
        }))
    }

    /// Writes down the words by which a merchant is found.
    pub(crate) async fn write_words(&mut self, row: &MerchantRow) -> Result<()> {
        let write = WriteWords {
            aggregator: self.tenant(),
            merchant: row.id,
            words: words_of(&row.name, row.legal_name.as_deref()),
        };
        write.execute(&mut **self).await?;
        Ok(())
    }
}

sql! {
    WriteWords { aggregator: Uuid => SqlUuid, merchant: Uuid => SqlUuid, words: Vec<String> => Array<Text> }
    "WITH gone AS (
        DELETE FROM merchant_words WHERE aggregator_id = $1 AND merchant_id = $2 AND word <> ALL ($3)
     )
     INSERT INTO merchant_words (aggregator_id, merchant_id, word)
     SELECT $1, $2, unnest($3) ON CONFLICT DO NOTHING"
}

fn words_of(name: &str, legal_name: Option<&str>) -> Vec<String> {
    let mut all = words(name);
    all.extend(legal_name.into_iter().flat_map(words));
    all.into_iter().collect()
}

sql! {
    FindWordless { after: Uuid => SqlUuid }
    "SELECT m.* FROM merchants m
     WHERE m.id > $1 AND m.erased_at IS NULL AND NOT EXISTS (
        SELECT FROM merchant_words w WHERE w.aggregator_id = m.aggregator_id AND w.merchant_id = m.id)
     ORDER BY m.id LIMIT 1000"
}

#[derive(QueryableByName)]
struct Wordless {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
    #[diesel(embed)]
    merchant: MerchantRow,
}

/// Writes down the words of merchants from before there were any, as `kapal_ops`.
pub(crate) async fn write_missing_words(ops: &mut AsyncPgConnection) -> Result<()> {
    let mut after = Uuid::nil();
    loop {
        let rows = FindWordless { after }.load::<Wordless>(ops).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.merchant.id;
        for Wordless { aggregator_id, merchant } in rows {
            let words = words_of(&merchant.name, merchant.legal_name.as_deref());
            WriteWords { aggregator: aggregator_id, merchant: merchant.id, words }.execute(ops).await?;
        }
    }
}

/// The words of a text, in small letters.
pub(crate) fn words(text: &str) -> BTreeSet<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| word.chars().take(60).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart_by_what_is_no_letter_and_no_digit() {
        let found: Vec<_> = words("Kopi \u{201c}Mama-Ina\u{201d} 88, KOPI Été").into_iter().collect();
        assert_eq!(found, ["88", "ina", "kopi", "mama", "été"]);
        assert!(words(" -- ").is_empty());
    }
}
