//! The nation's log: stretches of all tenants' logs in one order, so that a place in all of them is one number. Its numbers
//! are given under one lock; what has one is committed, and so are all events that it names.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::ids::AggregatorId;
use uuid::Uuid;

use crate::db::lend;
use crate::search::Stretch;
use crate::sql::sql;
use crate::{Actor, Db, Result};

/// No stretch names more events than this: whoever reads the log reads at least one stretch at a time.
const LONGEST: usize = 1_000;

/// Stretches are kept a little longer than tokens are good for.
const KEPT_FOR: TimeDelta = TimeDelta::days(100);

sql! {
    // Of each tenant what the nation's log has not.
    Missing {}
    "SELECT h.aggregator_id, coalesce(p.log_seq, 0) AS after_seq, h.public_seq AS upto_seq, 0::bigint AS seq
     FROM tenant_heads h LEFT JOIN nation_places p ON p.aggregator_id = h.aggregator_id
     WHERE h.public_seq > coalesce(p.log_seq, 0) ORDER BY h.aggregator_id"
}

sql! {
    LockNation { platform: Uuid => SqlUuid }
    "INSERT INTO nation_places (aggregator_id, log_seq, nation_seq) VALUES ($1, 0, 0)
     ON CONFLICT (aggregator_id) DO UPDATE SET log_seq = nation_places.log_seq"
}

sql! {
    NationEnd {}
    "SELECT coalesce(max(nation_seq), 0) AS seq FROM nation_places"
}

sql! {
    NoteStretches {
        platform: Uuid => SqlUuid, seqs: Vec<i64> => Array<BigInt>, origins: Vec<Uuid> => Array<SqlUuid>,
        after: Vec<i64> => Array<BigInt>, upto: Vec<i64> => Array<BigInt>, now: DateTime<Utc> => Timestamptz,
    }
    "INSERT INTO nation_stretches (aggregator_id, seq, origin_id, after_seq, upto_seq, noted_at)
     SELECT $1, s.seq, s.origin_id, s.after_seq, s.upto_seq, $6
     FROM unnest($2, $3, $4, $5) AS s (seq, origin_id, after_seq, upto_seq)"
}

sql! {
    MovePlaces { tenants: Vec<Uuid> => Array<SqlUuid>, upto: Vec<i64> => Array<BigInt>, seqs: Vec<i64> => Array<BigInt> }
    "INSERT INTO nation_places (aggregator_id, log_seq, nation_seq)
     SELECT s.aggregator_id, s.upto_seq, s.seq FROM unnest($1, $2, $3) AS s (aggregator_id, upto_seq, seq)
     ON CONFLICT (aggregator_id) DO UPDATE SET log_seq = excluded.log_seq, nation_seq = excluded.nation_seq"
}

sql! {
    ReadStretches { platform: Uuid => SqlUuid, after: i64 => BigInt, upto: i64 => BigInt, most: i64 => BigInt }
    "SELECT origin_id AS aggregator_id, after_seq, upto_seq, seq FROM nation_stretches
     WHERE aggregator_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4"
}

sql! {
    ForgetStretches { before: DateTime<Utc> => Timestamptz }
    "DELETE FROM nation_stretches WHERE noted_at < $1"
}

#[derive(Clone, QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
    #[diesel(sql_type = BigInt)]
    after_seq: i64,
    #[diesel(sql_type = BigInt)]
    upto_seq: i64,
    #[diesel(sql_type = BigInt)]
    seq: i64,
}

#[derive(QueryableByName)]
struct End {
    #[diesel(sql_type = BigInt)]
    seq: i64,
}

impl Db {
    /// Takes what is new in the tenants' logs into the nation's; the number of its last stretch then. All that was
    /// committed before the call is in it.
    pub async fn tell_nation(&self) -> Result<i64> {
        let mut connection = lend(&self.ops).await?;
        let missing: Vec<Row> = Missing {}.load(&mut connection).await?;
        if missing.is_empty() {
            return Ok(NationEnd {}.get_result::<End>(&mut connection).await?.seq);
        }
        drop(connection);
        let mut tx = self.operator(Actor::System, "nation").await?;
        let platform = AggregatorId::PLATFORM.uuid();
        LockNation { platform }.execute(&mut *tx).await?;
        // Whoever held the lock may have taken all of it.
        let missing = Missing {}.load::<Row>(&mut *tx).await?;
        let mut end = NationEnd {}.get_result::<End>(&mut *tx).await?.seq;
        let mut stretches = Vec::new();
        let mut places = Vec::new();
        for tenant in missing {
            for after_seq in (tenant.after_seq..tenant.upto_seq).step_by(LONGEST) {
                end += 1;
                let upto_seq = tenant.upto_seq.min(after_seq + LONGEST as i64);
                stretches.push(Row { after_seq, upto_seq, seq: end, ..tenant });
            }
            places.push(Row { seq: end, ..tenant });
        }
        if !places.is_empty() {
            let note = NoteStretches {
                platform,
                seqs: stretches.iter().map(|s| s.seq).collect(),
                origins: stretches.iter().map(|s| s.aggregator_id).collect(),
                after: stretches.iter().map(|s| s.after_seq).collect(),
                upto: stretches.iter().map(|s| s.upto_seq).collect(),
                now: Utc::now(),
            };
            note.execute(&mut *tx).await?;
            let r#move = MovePlaces {
                tenants: places.iter().map(|p| p.aggregator_id).collect(),
                upto: places.iter().map(|p| p.upto_seq).collect(),
                seqs: places.iter().map(|p| p.seq).collect(),
            };
            r#move.execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(end)
    }

    /// The stretches after a number, as many as have about `most` events together, and the number of the last of them;
    /// None where they are no longer kept.
    pub(crate) async fn nation_stretches(
        &self,
        after: i64,
        upto: i64,
        most: i64,
    ) -> Result<Option<(Vec<Stretch>, i64)>> {
        let read = ReadStretches { platform: AggregatorId::PLATFORM.uuid(), after, upto, most };
        let mut connection = lend(&self.ops).await?;
        let rows = read.load::<Row>(&mut connection).await?;
        if rows.iter().map(|row| row.seq).next() != Some(after + 1) {
            return Ok(None);
        }
        let (mut stretches, mut last, mut events) = (Vec::<Stretch>::new(), after, 0);
        for row in rows {
            events += row.upto_seq - row.after_seq;
            if events > most && !stretches.is_empty() {
                break;
            }
            last = row.seq;
            let aggregator = row.aggregator_id.into();
            // One tenant's stretches follow one another.
            match stretches.iter_mut().find(|s| s.aggregator == aggregator) {
                Some(stretch) => stretch.upto = row.upto_seq,
                None => stretches.push(Stretch { aggregator, after: row.after_seq, upto: row.upto_seq }),
            }
        }
        Ok(Some((stretches, last)))
    }

    /// Deletes what no token is good for any more.
    pub async fn forget_nation(&self) -> Result<usize> {
        let mut connection = lend(&self.ops).await?;
        Ok(ForgetStretches { before: Utc::now() - KEPT_FOR }.execute(&mut connection).await?)
    }
}
