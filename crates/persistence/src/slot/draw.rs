//! Drawing a window of a rotating slot: who may be shown, what the rotation says, and what is kept of it. What stands in a
//! window is written once and read by everybody, so that pages stay the same until the next one.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::sql_types::{
    Array, BigInt, Bool, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{QueryDsl, QueryableByName, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::ids::AggregatorId;
use kapal_domain::rotation::{Candidate, Draw, Rotation, RotationRules, Shown, Standing, Why};
use kapal_domain::slot::Window;
use kapal_schema::featured_slots;
use uuid::Uuid;

use super::SlotRow;
use crate::sql::sql;
use crate::tx::Tx;
use crate::{OperatorTx, Result};

sql! {
    // An aggregator shows its own mutiara, the platform those of every aggregator that takes part in the nation.
    FindEligible { aggregator: Uuid => SqlUuid, slot: Uuid => SqlUuid, category: Option<Uuid> => Nullable<SqlUuid>, is_nation: bool => Bool }
    "SELECT d.aggregator_id AS origin_id, d.product_id, d.merchant_id, d.province_code,
        (SELECT max(e.number) FROM slot_exposures e
         WHERE e.aggregator_id = $1 AND e.slot_id = $2 AND e.product_id = d.product_id AND NOT e.is_reserve) AS last_shown
     FROM search_documents d
     JOIN published_aggregators a ON a.id = d.aggregator_id
     WHERE d.locale = 'id' AND d.is_mutiara AND CASE WHEN $4 THEN a.national ELSE d.aggregator_id = $1 END
       AND ($3 IS NULL OR (SELECT c.slug FROM categories c WHERE c.id = $3) = ANY (d.category_path))"
}

#[derive(QueryableByName)]
struct Eligible {
    #[diesel(sql_type = SqlUuid)]
    origin_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    product_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    merchant_id: Uuid,
    #[diesel(sql_type = Text)]
    province_code: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    last_shown: Option<i64>,
}

sql! {
    ReadStandings { aggregator: Uuid => SqlUuid, slot: Uuid => SqlUuid, number: i64 => BigInt }
    "SELECT province_code, credit, waited FROM slot_provinces WHERE aggregator_id = $1 AND slot_id = $2 AND number = $3"
}

#[derive(QueryableByName)]
struct StandingRow {
    #[diesel(sql_type = Text)]
    province_code: String,
    #[diesel(sql_type = BigInt)]
    credit: i64,
    #[diesel(sql_type = Integer)]
    waited: i32,
}

sql! {
    InsertWindow {
        aggregator: Uuid => SqlUuid, slot: Uuid => SqlUuid, number: i64 => BigInt, starts_at: DateTime<Utc> => Timestamptz,
        ends_at: DateTime<Utc> => Timestamptz, shown: i16 => SmallInt
    }
    "WITH counted AS (UPDATE featured_slots SET drawn = $3 WHERE aggregator_id = $1 AND id = $2)
     INSERT INTO slot_windows (aggregator_id, slot_id, number, starts_at, ends_at, shown) VALUES ($1, $2, $3, $4, $5, $6)"
}

sql! {
    InsertExposures {
        aggregator: Uuid => SqlUuid, slot: Uuid => SqlUuid, number: i64 => BigInt, positions: Vec<i16> => Array<SmallInt>,
        reserves: Vec<bool> => Array<Bool>, origins: Vec<Uuid> => Array<SqlUuid>, products: Vec<Uuid> => Array<SqlUuid>,
        provinces: Vec<String> => Array<Text>, whys: Vec<String> => Array<Text>, waits: Vec<i32> => Array<Integer>,
        owed: Vec<i64> => Array<BigInt>
    }
    "INSERT INTO slot_exposures (aggregator_id, slot_id, number, position, is_reserve, origin_id, product_id, province_code,
        why, waited, owed)
     SELECT $1, $2, $3, e.* FROM unnest($4, $5, $6, $7, $8, $9, $10, $11) AS e"
}

sql! {
    InsertProvinces {
        aggregator: Uuid => SqlUuid, slot: Uuid => SqlUuid, number: i64 => BigInt, codes: Vec<String> => Array<Text>,
        merchants: Vec<i32> => Array<Integer>, targets: Vec<i64> => Array<BigInt>, shown: Vec<i16> => Array<SmallInt>,
        credits: Vec<i64> => Array<BigInt>, waits: Vec<i32> => Array<Integer>
    }
    "INSERT INTO slot_provinces (aggregator_id, slot_id, number, province_code, merchants, target, shown, credit, waited)
     SELECT $1, $2, $3, p.* FROM unnest($4, $5, $6, $7, $8, $9) AS p"
}

/// A slot's rotation as it stands after its last window, with the origin of each product.
pub(super) async fn rotation(
    tx: &mut Tx,
    aggregator: Uuid,
    slot: &SlotRow,
    rules: RotationRules,
) -> Result<(Rotation, BTreeMap<Uuid, Uuid>)> {
    let is_nation = aggregator == AggregatorId::PLATFORM.uuid();
    let query = FindEligible { aggregator, slot: slot.id, category: slot.category_id, is_nation };
    let eligible = query.load::<Eligible>(tx).await?;
    let query = ReadStandings { aggregator, slot: slot.id, number: slot.drawn };
    let standings = query.load::<StandingRow>(tx).await?.into_iter().map(|row| {
        let waited = u32::try_from(row.waited).unwrap_or_default();
        (row.province_code, Standing { credit: row.credit, waited })
    });
    let origins = eligible.iter().map(|row| (row.product_id, row.origin_id)).collect();
    let candidates = eligible.into_iter().map(|row| Candidate {
        product: row.product_id,
        merchant: row.merchant_id,
        province: row.province_code,
        last_shown: row.last_shown,
    });
    Ok((Rotation::new(rules, slot.id, candidates.collect(), &standings.collect()), origins))
}

impl SlotRow {
    /// The window that a moment is in, of a rotation that runs.
    pub(crate) fn window_at(&self, now: DateTime<Utc>) -> Result<Option<Window>> {
        let window = self.schedule()?.window();
        Ok(self.rules()?.and_then(|rules| rules.window(&window, now)))
    }
}

/// Draws a window of a rotation; whoever calls holds the slot's lock.
pub(crate) async fn draw(tx: &mut Tx, aggregator: Uuid, slot: &SlotRow, window: Window) -> Result<()> {
    let (Some(rules), Some(ends_at)) = (slot.rules()?, window.ends_at()) else { return Ok(()) };
    let (starts_at, number) = (window.starts_at(), slot.drawn + 1);
    let (mut rotation, origins) = rotation(tx, aggregator, slot, rules).await?;
    let draw = rotation.draw(number);
    let shown = i16::try_from(draw.shown.len()).unwrap_or(i16::MAX);
    InsertWindow { aggregator, slot: slot.id, number, starts_at, ends_at, shown }.execute(tx).await?;
    insert_exposures(tx, aggregator, slot.id, number, &draw, &origins).await?;
    let provinces = rotation.provinces();
    let of = |shown: &Shown, code: &str| shown.province == code;
    let count = |code: &str| draw.shown.iter().filter(|shown| of(shown, code)).count();
    let insert = InsertProvinces {
        aggregator,
        slot: slot.id,
        number,
        codes: provinces.iter().map(|province| province.code().to_owned()).collect(),
        merchants: provinces.iter().map(|province| whole(province.merchants())).collect(),
        targets: provinces.iter().map(|province| province.target()).collect(),
        shown: provinces.iter().map(|p| i16::try_from(count(p.code())).unwrap_or(i16::MAX)).collect(),
        credits: provinces.iter().map(|province| province.standing().credit).collect(),
        waits: provinces.iter().map(|province| whole(province.standing().waited)).collect(),
    };
    insert.execute(tx).await?;
    Ok(())
}

impl OperatorTx<'_> {
    /// Draws the window of a slot that `now` is in, where it rotates, and shows it.
    pub(crate) async fn draw_slot(&mut self, aggregator: Uuid, slot: Uuid, now: DateTime<Utc>) -> Result<()> {
        let row = featured_slots::table
            .find((aggregator, slot))
            .select(SlotRow::as_select())
            .for_no_key_update()
            .first::<SlotRow>(&mut **self)
            .await?;
        if let Some(window) = row.window_at(now)? {
            draw(self, aggregator, &row, window).await?;
        }
        self.project_slot(aggregator, slot.into()).await
    }
}

async fn insert_exposures(
    tx: &mut Tx,
    aggregator: Uuid,
    slot: Uuid,
    number: i64,
    draw: &Draw,
    origins: &BTreeMap<Uuid, Uuid>,
) -> Result<()> {
    let all: Vec<&Shown> = draw.shown.iter().chain(&draw.reserves).collect();
    let insert = InsertExposures {
        aggregator,
        slot,
        number,
        positions: (0..).take(all.len()).collect(),
        reserves: (0..all.len()).map(|at| at >= draw.shown.len()).collect(),
        origins: all.iter().filter_map(|shown| origins.get(&shown.product).copied()).collect(),
        products: all.iter().map(|shown| shown.product).collect(),
        provinces: all.iter().map(|shown| shown.province.clone()).collect(),
        whys: all.iter().map(|shown| why(shown.why).to_owned()).collect(),
        waits: all.iter().map(|shown| whole(shown.waited)).collect(),
        owed: all.iter().map(|shown| shown.owed).collect(),
    };
    insert.execute(tx).await?;
    Ok(())
}

const fn why(why: Why) -> &'static str {
    match why {
        Why::Waited => "waited",
        Why::Owed => "owed",
    }
}

fn whole(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
