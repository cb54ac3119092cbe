//! Leads counted: by source, product, merchant, region or week. Spam is counted apart.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Double, Nullable, Text};
use diesel_async::RunQueryDsl;
use kapal_domain::lead::LeadGroup;
use kapal_domain::money::Money;

use super::money;
use crate::statement::Statement;
use crate::{Result, TenantTx};

/// The most groups of one report: those with the most leads.
const MOST: i64 = 500;

/// Leads counted.
#[derive(Debug)]
pub struct LeadReport {
    /// By group, those with the most leads first; weeks in their order.
    pub groups: Vec<LeadReportRow>,
    /// All of them, also of groups that are left out.
    pub total: LeadReportRow,
}

/// One group with what was sold in it.
#[derive(Debug)]
pub struct LeadReportRow {
    /// The counts.
    pub counts: LeadCounts,
    /// What was sold, by currency.
    pub won_value: Vec<Money>,
}

/// The counts of one group.
#[derive(Debug, QueryableByName)]
pub struct LeadCounts {
    /// The source, the id, the province's code, or the week's Monday.
    #[diesel(sql_type = Text)]
    pub key: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub label: String,
    /// Leads that are no spam.
    #[diesel(sql_type = BigInt)]
    pub leads: i64,
    /// Of them, clicks.
    #[diesel(sql_type = BigInt)]
    pub clicks: i64,
    /// Of them, those that are not new any more.
    #[diesel(sql_type = BigInt)]
    pub answered: i64,
    /// Of these, within a day.
    #[diesel(sql_type = BigInt)]
    pub answered_within_24h: i64,
    /// The median of the minutes until an answer; None where nothing was answered.
    #[diesel(sql_type = Nullable<Double>)]
    pub median_answer_minutes: Option<f64>,
    /// Of the leads, those that were won.
    #[diesel(sql_type = BigInt)]
    pub won: i64,
    /// And lost.
    #[diesel(sql_type = BigInt)]
    pub lost: i64,
    /// What was no buyer.
    #[diesel(sql_type = BigInt)]
    pub spam: i64,
}

#[derive(QueryableByName)]
struct Sold {
    #[diesel(sql_type = Text)]
    key: String,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    minor: i64,
}

/// Key and name of a group.
const fn columns(group: Option<LeadGroup>) -> (&'static str, &'static str) {
    match group {
        None => ("''", "''"),
        Some(LeadGroup::Source) => ("l.source", "l.source"),
        Some(LeadGroup::Product) => (
            "l.product_id::text",
            "coalesce((SELECT t.name FROM product_translations t WHERE t.aggregator_id = l.aggregator_id \
                AND t.product_id = l.product_id ORDER BY t.locale = 'id' DESC LIMIT 1), '')",
        ),
        Some(LeadGroup::Merchant) => ("l.merchant_id::text", "m.name"),
        Some(LeadGroup::Region) => (
            "left(m.region_code, 2)",
            "coalesce((SELECT r.name FROM regions r WHERE r.code = left(m.region_code, 2)), '')",
        ),
        Some(LeadGroup::Week) => (
            "to_char(date_trunc('week', l.created_at AT TIME ZONE 'Asia/Jakarta'), 'YYYY-MM-DD')",
            "to_char(date_trunc('week', l.created_at AT TIME ZONE 'Asia/Jakarta'), 'IYYY-\"W\"IW')",
        ),
    }
}

impl TenantTx<'_> {
    /// Counts the leads that were made in a time.
    pub async fn report_leads(
        &mut self,
        group: LeadGroup,
        time: (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<LeadReport> {
        let mut groups = self.count_leads(Some(group), time).await?;
        let total = self.count_leads(None, time).await?.pop();
        let empty = LeadCounts {
            key: String::new(),
            label: String::new(),
            leads: 0,
            clicks: 0,
            answered: 0,
            answered_within_24h: 0,
            median_answer_minutes: None,
            won: 0,
            lost: 0,
            spam: 0,
        };
        let total = total.unwrap_or(LeadReportRow { counts: empty, won_value: Vec::new() });
        if group == LeadGroup::Week {
            groups.sort_by(|a, b| a.counts.key.cmp(&b.counts.key));
        }
        Ok(LeadReport { groups, total })
    }

    async fn count_leads(
        &mut self,
        group: Option<LeadGroup>,
        time: (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<Vec<LeadReportRow>> {
        let (key, label) = columns(group);
        let rows = Statement::new("SELECT ")
            .sql(key)
            .sql(" AS key, max(")
            .sql(label)
            .sql(
                ") AS label, count(*) FILTER (WHERE l.status <> 'spam') AS leads, \
                 count(*) FILTER (WHERE l.status <> 'spam' AND l.kind = 'click') AS clicks, \
                 count(*) FILTER (WHERE l.status NOT IN ('new', 'spam')) AS answered, \
                 count(*) FILTER (WHERE l.status <> 'spam' AND l.answered_at <= l.created_at + interval '24 hours') AS answered_within_24h, \
                 percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM l.answered_at - l.created_at) / 60) \
                    FILTER (WHERE l.status <> 'spam') AS median_answer_minutes, \
                 count(*) FILTER (WHERE l.status = 'won') AS won, count(*) FILTER (WHERE l.status = 'lost') AS lost, \
                 count(*) FILTER (WHERE l.status = 'spam') AS spam",
            )
            .append(self.leads_of(time))
            .sql(" GROUP BY 1 ORDER BY leads DESC, key LIMIT ")
            .bind(MOST)
            .load::<LeadCounts>(&mut **self)
            .await?;
        let sold = Statement::new("SELECT ")
            .sql(key)
            .sql(" AS key, l.won_currency AS currency, sum(l.won_minor)::bigint AS minor")
            .append(self.leads_of(time))
            .sql(" AND l.won_minor IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2")
            .load::<Sold>(&mut **self)
            .await?;
        let mut by_key: BTreeMap<String, Vec<Money>> = BTreeMap::new();
        for Sold { key, currency, minor } in sold {
            by_key.entry(key).or_default().push(money(minor, &currency)?);
        }
        Ok(rows
            .into_iter()
            .map(|counts| LeadReportRow { won_value: by_key.remove(&counts.key).unwrap_or_default(), counts })
            .collect())
    }

    fn leads_of(&self, (from, to): (DateTime<Utc>, DateTime<Utc>)) -> Statement {
        Statement::new(
            " FROM leads l JOIN merchants m ON m.aggregator_id = l.aggregator_id AND m.id = l.merchant_id \
             WHERE l.aggregator_id = ",
        )
        .bind(self.tenant())
        .sql(" AND l.created_at >= ")
        .bind(from)
        .sql(" AND l.created_at < ")
        .bind(to)
    }
}
