//! What was looked for in vain.

use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Date, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::Code;
use kapal_domain::ids::AggregatorId;
use uuid::Uuid;

use crate::db::lend;
use crate::sql::sql;
use crate::statement::Statement;
use crate::{Cursor, CursorValue, Db, Page, Result, TenantTx};

/// Words that found nothing, with how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// Whose storefront was asked; the platform's for the national one.
    pub aggregator: AggregatorId,
    /// The words.
    pub query: String,
    /// How often.
    pub count: i64,
}

/// One line of the report.
#[derive(Debug, Clone, QueryableByName)]
pub struct MissRow {
    /// The words.
    #[diesel(sql_type = Text)]
    pub query: String,
    /// How often they were looked for.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    /// When last.
    #[diesel(sql_type = Date)]
    pub last_on: NaiveDate,
}

/// So many are kept of an aggregator: the rarest of long ago go first.
const KEPT: i64 = 1_000;

sql! {
    NoteMisses { aggregators: Vec<Uuid> => Array<SqlUuid>, queries: Vec<String> => Array<Text>, counts: Vec<i64> => Array<BigInt>, on: NaiveDate => Date }
    "INSERT INTO search_misses AS m (aggregator_id, query, count, last_on)
     SELECT n.aggregator_id, n.query, n.count, $4 FROM unnest($1, $2, $3) AS n (aggregator_id, query, count)
     ON CONFLICT (aggregator_id, query) DO UPDATE SET count = m.count + excluded.count, last_on = excluded.last_on"
}

sql! {
    ForgetMisses { aggregator: Uuid => SqlUuid, kept: i64 => BigInt }
    "DELETE FROM search_misses WHERE aggregator_id = $1 AND query IN (
        SELECT query FROM search_misses WHERE aggregator_id = $1 ORDER BY last_on DESC, count DESC, query OFFSET $2
     )"
}

impl Db {
    /// Adds to the log of what was looked for in vain. Each query stands once for its aggregator.
    pub async fn note_misses(&self, misses: Vec<Miss>, on: NaiveDate) -> Result<()> {
        let mut aggregators: Vec<_> = misses.iter().map(|miss| miss.aggregator.uuid()).collect();
        let note = NoteMisses {
            aggregators: aggregators.clone(),
            counts: misses.iter().map(|miss| miss.count).collect(),
            queries: misses.into_iter().map(|miss| miss.query).collect(),
            on,
        };
        let mut connection = lend(&self.ops).await?;
        note.execute(&mut connection).await?;
        aggregators.sort();
        aggregators.dedup();
        for aggregator in aggregators {
            ForgetMisses { aggregator, kept: KEPT }.execute(&mut connection).await?;
        }
        Ok(())
    }
}

impl TenantTx<'_> {
    /// What was looked for in vain, the commonest first.
    pub async fn search_misses(&mut self, after: Option<&Cursor>, limit: usize) -> Result<Page<MissRow>> {
        let mut statement =
            Statement::new("SELECT query, count, last_on FROM search_misses WHERE aggregator_id = ")
                .bind(self.tenant());
        if let Some(cursor) = after {
            let [CursorValue::Int(count), CursorValue::Text(query)] = cursor.0.as_slice() else {
                return Err(Code::CursorMismatch.into());
            };
            statement = statement
                .sql(" AND (count < ")
                .bind(*count)
                .sql(" OR count = ")
                .bind(*count)
                .sql(" AND query > ")
                .bind(query.as_str())
                .sql(")");
        }
        let rows = statement.page(" ORDER BY count DESC, query", limit).load::<MissRow>(&mut **self).await?;
        let position =
            |row: &MissRow| Cursor(vec![CursorValue::Int(row.count), CursorValue::Text(row.query.clone())]);
        Ok(Page::cut(rows, limit, position))
    }
}
