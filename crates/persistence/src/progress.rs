//! How a merchant comes along: a time line of what happened, and figures.

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::ids::MerchantId;
use kapal_domain::level::{Level, Outcome};
use serde_json::Value;
use uuid::Uuid;

use crate::identity::stored;
use crate::level::{CriterionRow, Measured};
use crate::sql::sql;
use crate::{Cursor, Page, Result, TenantTx};

/// Something that happened to a merchant.
#[derive(Debug, Clone, diesel::QueryableByName)]
pub struct TimelineEntry {
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// Of what: the change, assessment, enrolment or visit.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// What happened.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// More of it, by the kind.
    #[diesel(sql_type = Jsonb)]
    pub data: Value,
}

/// A count in a stretch of time.
#[derive(Debug, Clone, diesel::QueryableByName)]
pub struct PeriodCount {
    /// `2026-11`, or `2026-Q4`.
    #[diesel(sql_type = Text)]
    pub period: String,
    /// How many.
    #[diesel(sql_type = Integer)]
    pub count: i32,
}

/// Where a merchant stands now.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Its class, as the last confirmed assessment made it.
    pub level: Option<Level>,
    /// Which version of the criteria counts now.
    pub criteria_version: i32,
    /// The criteria that count now, with what holds of each now.
    pub criteria: Vec<(CriterionRow, Measured)>,
    /// Leads that became sales, of the last twelve months.
    pub leads_won: Vec<PeriodCount>,
    /// Visits, of the last eight quarters.
    pub visits: Vec<PeriodCount>,
}

impl Standing {
    /// The class to reach next, and the keys of what it and those before it still lack.
    pub fn next(&self) -> Result<Option<(Level, Vec<&str>)>> {
        let Some(next) = Level::after(self.level) else { return Ok(None) };
        let mut missing = Vec::new();
        for (criterion, (outcome, _)) in &self.criteria {
            if criterion.level()? <= next && *outcome != Outcome::Met {
                missing.push(criterion.key.as_str());
            }
        }
        Ok(Some((next, missing)))
    }
}

sql! {
    FindTimeline {
        aggregator: Uuid => SqlUuid, merchant: Uuid => SqlUuid, time: Option<DateTime<Utc>> => Nullable<Timestamptz>,
        id: Option<Uuid> => Nullable<SqlUuid>, limit: i64 => BigInt,
    }
    include_str!("sql/merchant_timeline.sql")
}

sql! {
    CountLeadsWon { aggregator: Uuid => SqlUuid, merchant: Uuid => SqlUuid }
    "SELECT to_char(month, 'YYYY-MM') AS period, (SELECT count(*)::integer FROM leads l
        WHERE l.aggregator_id = $1 AND l.merchant_id = $2 AND l.status = 'won'
          AND l.created_at >= month AT TIME ZONE 'Asia/Jakarta'
          AND l.created_at < (month + interval '1 month') AT TIME ZONE 'Asia/Jakarta') AS count
     FROM generate_series(date_trunc('month', now() AT TIME ZONE 'Asia/Jakarta') - interval '11 months',
        date_trunc('month', now() AT TIME ZONE 'Asia/Jakarta'), interval '1 month') AS month ORDER BY month"
}

sql! {
    CountVisits { aggregator: Uuid => SqlUuid, merchant: Uuid => SqlUuid }
    "SELECT to_char(quarter, 'YYYY-\"Q\"Q') AS period, (SELECT count(*)::integer FROM visits v
        WHERE v.aggregator_id = $1 AND v.merchant_id = $2
          AND v.started_at >= quarter AT TIME ZONE 'Asia/Jakarta'
          AND v.started_at < (quarter + interval '3 months') AT TIME ZONE 'Asia/Jakarta') AS count
     FROM generate_series(date_trunc('quarter', now() AT TIME ZONE 'Asia/Jakarta') - interval '21 months',
        date_trunc('quarter', now() AT TIME ZONE 'Asia/Jakarta'), interval '3 months') AS quarter ORDER BY quarter"
}

impl TenantTx<'_> {
    /// What happened to a merchant, the latest first.
    pub async fn timeline(
        &mut self,
        merchant: MerchantId,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<TimelineEntry>> {
        let (time, id) = after.map(Cursor::time_and_id).transpose()?.unzip();
        let query = FindTimeline {
            aggregator: self.tenant(),
            merchant: merchant.uuid(),
            time,
            id,
            limit: i64::try_from(limit + 1).unwrap_or(i64::MAX),
        };
        let entries = query.load::<TimelineEntry>(&mut **self).await?;
        Ok(Page::cut(entries, limit, |entry| Cursor::at(entry.at, entry.id)))
    }

    /// Where a merchant stands now: its class, what of the criteria holds at this moment, and figures.
    pub async fn standing(&mut self, merchant: MerchantId) -> Result<Standing> {
        let row = self.merchant(merchant).await?.row;
        let declared = self.confirmed_outcomes(merchant).await?;
        let rows = self.level_criteria(None).await?;
        let criteria_version = rows[0].version;
        let mut criteria = Vec::with_capacity(rows.len());
        for criterion in rows {
            let measured = match self.measure(merchant, &criterion).await? {
                Some(measured) => measured,
                None => (declared.get(&criterion.key).copied().unwrap_or(Outcome::Unmet), None),
            };
            criteria.push((criterion, measured));
        }
        let (aggregator, merchant) = (self.tenant(), merchant.uuid());
        Ok(Standing {
            level: row.level.as_deref().map(|level| stored(Level::parse(level))).transpose()?,
            criteria_version,
            criteria,
            leads_won: CountLeadsWon { aggregator, merchant }.load(&mut **self).await?,
            visits: CountVisits { aggregator, merchant }.load(&mut **self).await?,
        })
    }
}
