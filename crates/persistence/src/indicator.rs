//! The nation in figures, for the operator alone: a business that several aggregators carry counts once, by its NIB.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::AggregatorId;

use crate::sql::sql;
use crate::{Change, OperatorTx, Result, Subject};

/// Counts by figure and value, such as `("province", "73")`.
#[derive(Debug, Clone)]
pub struct Indicators {
    /// When they were counted.
    pub as_of: DateTime<Utc>,
    counts: BTreeMap<(String, String), i64>,
}

impl Indicators {
    /// One count; 0 where there is nothing.
    #[must_use]
    pub fn count(&self, figure: &str, value: &str) -> i64 {
        self.counts.get(&(figure.to_owned(), value.to_owned())).copied().unwrap_or_default()
    }

    /// All values of a figure with their counts, in the order of the values.
    pub fn by<'a>(&'a self, figure: &'a str) -> impl Iterator<Item = (&'a str, i64)> {
        self.counts
            .iter()
            .filter(move |((f, _), _)| f == figure)
            .map(|((_, value), count)| (value.as_str(), *count))
    }
}

sql! {
    NationalIndicators { recent: DateTime<Utc> => Timestamptz }
    include_str!("sql/national_indicators.sql")
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = Text)]
    figure: String,
    #[diesel(sql_type = Text)]
    value: String,
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl OperatorTx<'_> {
    /// Counts over all active aggregators; that somebody looked is noted in the platform's log.
    pub async fn national_indicators(&mut self) -> Result<Indicators> {
        let as_of = Utc::now();
        let query = NationalIndicators { recent: as_of - TimeDelta::days(30) };
        let rows = query.load::<Count>(&mut **self).await?;
        let platform = AggregatorId::PLATFORM;
        self.record(platform, Change::new(EventKind::IndicatorsRead, Subject("aggregator", platform.uuid())));
        let counts = rows.into_iter().map(|row| ((row.figure, row.value), row.count)).collect();
        Ok(Indicators { as_of, counts })
    }
}
