//! How fairly rotations showed the provinces: exposures against what each should have had. Until views are counted, an
//! exposure is a product that stood in a window of a rotation, or on a day of a fixed booking.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Double, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::ids::{AggregatorId, SlotId};
use kapal_domain::rotation::gini;
use uuid::Uuid;

use crate::sql::sql;
use crate::tx::Tx;
use crate::{OperatorTx, Result, TenantTx};

/// How fair a time was.
#[derive(Debug, Clone)]
pub struct Fairness {
    /// The provinces that had a product to show, by their codes.
    pub provinces: Vec<ProvinceFairness>,
    /// The windows that began in the time.
    pub windows: i64,
}

/// One province in a time.
#[derive(Debug, Clone, QueryableByName)]
pub struct ProvinceFairness {
    /// Its code.
    #[diesel(sql_type = Text)]
    pub code: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Merchants with products that may be shown, in its last window.
    #[diesel(sql_type = Integer)]
    pub merchants: i32,
    /// Products that stood in a window.
    #[diesel(sql_type = BigInt)]
    pub exposures: i64,
    /// Days of products in fixed bookings.
    #[diesel(sql_type = BigInt)]
    pub fixed: i64,
    /// How many it should have been by its targets.
    #[diesel(sql_type = Double)]
    pub expected: f64,
    /// The most windows in a row in which it was not shown.
    #[diesel(sql_type = Integer)]
    pub longest_wait: i32,
}

impl Fairness {
    /// All exposures.
    pub fn exposures(&self) -> i64 {
        self.provinces.iter().map(|province| province.exposures).sum()
    }

    /// The inequality of the rotations' exposures over what was expected.
    pub fn gini(&self) -> f64 {
        self.gini_of(|province| province.exposures)
    }

    /// The same with what fixed bookings added.
    pub fn gini_with_fixed(&self) -> f64 {
        self.gini_of(|province| province.exposures + province.fixed)
    }

    fn gini_of(&self, exposures: impl Fn(&ProvinceFairness) -> i64) -> f64 {
        let ratio = |province: &ProvinceFairness| {
            #[expect(clippy::cast_precision_loss, reason = "far fewer exposures than 2^52")]
            let exposures = exposures(province) as f64;
            (province.expected > 0.0).then(|| exposures / province.expected)
        };
        gini(&self.provinces.iter().filter_map(ratio).collect::<Vec<_>>())
    }

    /// The longest wait of any province.
    pub fn longest_wait(&self) -> i32 {
        self.provinces.iter().map(|province| province.longest_wait).max().unwrap_or_default()
    }
}

sql! {
    ReadFairness {
        aggregator: Uuid => SqlUuid, from: DateTime<Utc> => Timestamptz, to: DateTime<Utc> => Timestamptz,
        slot: Option<Uuid> => Nullable<SqlUuid>
    }
    "SELECT coalesce(t.code, f.code) AS code, coalesce(r.name, t.code, f.code) AS name, coalesce(t.merchants, 0) AS merchants,
        coalesce(t.exposures, 0) AS exposures, coalesce(f.exposures, 0) AS fixed, coalesce(t.expected, 0) AS expected,
        coalesce(t.longest_wait, 0) AS longest_wait
     FROM (
        SELECT p.province_code AS code, (array_agg(p.merchants ORDER BY w.starts_at DESC))[1] AS merchants,
            sum(p.shown)::bigint AS exposures, sum(p.target::float8 * w.shown) / 1000000000 AS expected,
            max(p.waited) AS longest_wait
        FROM slot_windows w
        JOIN slot_provinces p ON p.aggregator_id = w.aggregator_id AND p.slot_id = w.slot_id AND p.number = w.number
        WHERE w.aggregator_id = $1 AND w.starts_at >= $2 AND w.starts_at < $3 AND ($4 IS NULL OR w.slot_id = $4)
        GROUP BY p.province_code
     ) t
     FULL JOIN app.fixed_exposures($1, $2, $3, $4) f ON f.code = t.code
     LEFT JOIN regions r ON r.code = coalesce(t.code, f.code)
     ORDER BY 1"
}

sql! {
    CountWindows {
        aggregator: Uuid => SqlUuid, from: DateTime<Utc> => Timestamptz, to: DateTime<Utc> => Timestamptz,
        slot: Option<Uuid> => Nullable<SqlUuid>
    }
    "SELECT count(*) AS windows FROM slot_windows w
     WHERE w.aggregator_id = $1 AND w.starts_at >= $2 AND w.starts_at < $3 AND ($4 IS NULL OR w.slot_id = $4)"
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    windows: i64,
}

async fn fairness(
    tx: &mut Tx,
    aggregator: Uuid,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    slot: Option<Uuid>,
) -> Result<Fairness> {
    let provinces = ReadFairness { aggregator, from, to, slot }.load::<ProvinceFairness>(tx).await?;
    let count = CountWindows { aggregator, from, to, slot }.get_result::<Count>(tx).await?;
    Ok(Fairness { provinces, windows: count.windows })
}

impl TenantTx<'_> {
    /// How fairly the aggregator's rotations, or one of them, showed the provinces in the windows that began in a time, and
    /// what its fixed bookings showed.
    pub async fn fairness(
        &mut self,
        time: (DateTime<Utc>, DateTime<Utc>),
        slot: Option<SlotId>,
    ) -> Result<Fairness> {
        let aggregator = self.tenant();
        fairness(self, aggregator, time, slot.map(SlotId::uuid)).await
    }
}

impl OperatorTx<'_> {
    /// How fairly the platform's rotations, or one of them, showed the provinces of the nation.
    pub async fn national_fairness(
        &mut self,
        time: (DateTime<Utc>, DateTime<Utc>),
        slot: Option<SlotId>,
    ) -> Result<Fairness> {
        fairness(self, AggregatorId::PLATFORM.uuid(), time, slot.map(SlotId::uuid)).await
    }
}
