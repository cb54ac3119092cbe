//! The merchants' side: a phone's sync, the staff's list of merchants, the check of the audit chain.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;
use uuid::Uuid;

use crate::client::{self, Request};
use crate::load::{self, Measured};
use crate::server::Kapal;

/// Changes in one sync.
const CHANGES: usize = 200;
/// Syncs of new changes, one after the other: the slowest counts.
const SYNCS: usize = 10;
/// Merchants of the small and of the large aggregator.
const MERCHANTS: [usize; 2] = [1_000, 100_000];
/// Entries of the chain that is checked.
const ENTRIES: i64 = 200_000;

/// How long a hero waits for the answer to 200 new changes: half visits, half action items.
pub async fn sync(kapal: &Kapal) -> Result<Duration> {
    let slug = kapal.aggregator().await?;
    let hero = client::login(kapal, &format!("hero@{slug}.demo.kapal.test")).await?;
    let staff = format!("/v1/aggregators/{slug}");
    let authorization = [("Authorization", hero.as_str())];
    let list =
        Request::new("GET", &format!("{staff}/merchants?status=active&limit=1"), &authorization, None, 200);
    let (_, merchants) = client::call(kapal, &list).await?;
    let merchant = merchants["data"][0]["id"].as_str().context("a merchant of the hero")?;
    let mut slowest = Duration::ZERO;
    for _ in 0..SYNCS {
        let changes: Vec<_> = (0..CHANGES)
            .map(|number| {
                let started = chrono::Utc::now() - chrono::TimeDelta::minutes(2 * number as i64 + 90);
                let ended = started + chrono::TimeDelta::minutes(60);
                let id = Uuid::now_v7();
                match number % 2 {
                    0 => json!({ "kind": "visit", "id": id, "data": {
                        "merchant_id": merchant, "started_at": started, "ended_at": ended, "mode": "visit",
                        "topics": ["packaging", "legality"], "problems": "Kemasan belum kedap udara.",
                        "advice": "Pakai kemasan berlapis aluminium.",
                    } }),
                    _ => json!({ "kind": "action_item", "id": id, "data": {
                        "merchant_id": merchant, "owner": "merchant", "status": "open", "text": "Pesan contoh kemasan.",
                        "due_on": "2027-01-15",
                    } }),
                }
            })
            .collect();
        let body = json!({ "device_id": "hp-bench", "changes": changes });
        let request = Request::new("POST", &format!("{staff}/sync"), &authorization, Some(&body), 200);
        let sent = Instant::now();
        let (_, answer) = client::call(kapal, &request).await?;
        slowest = slowest.max(sent.elapsed());
        let results = answer["results"].as_array().context("results")?;
        if results.len() != CHANGES || results.iter().any(|result| result["status"] != "created") {
            bail!("not every change was taken: {answer}");
        }
    }
    Ok(slowest)
}

/// Lists of merchants with three filters, of a small and of a large aggregator: filters that many merchants fit, and
/// filters that few do.
pub async fn merchants(kapal: &Kapal, each: Duration) -> Result<[(&'static str, [Measured; 2]); 2]> {
    let database = kapal.superuser().await?;
    let rows = database
        .query("SELECT id::text, slug FROM aggregators WHERE status = 'active' AND demonstration ORDER BY slug LIMIT 2", &[])
        .await?;
    let (mut broad, mut selective) = (Vec::new(), Vec::new());
    for (row, wanted) in rows.iter().zip(MERCHANTS) {
        let (id, slug): (String, String) = (row.get(0), row.get(1));
        grow(&database, &id, wanted).await?;
        let region: String = database
            .query_one(
                "SELECT left(region_code, 2) FROM merchants WHERE aggregator_id = $1::text::uuid LIMIT 1",
                &[&id],
            )
            .await?
            .get(0);
        let owner = client::login(kapal, &format!("owner@{slug}.demo.kapal.test")).await?;
        for (filters, measured) in [
            (format!("status=active&scale=micro,small&region={region}"), &mut broad),
            ("status=suspended&scale=medium&level=global".to_owned(), &mut selective),
        ] {
            let path = format!("/v1/aggregators/{slug}/merchants?{filters}");
            let request = Request::new("GET", &path, &[("Authorization", &owner)], None, 200);
            measured.push(load::drive(kapal.address(), &[request], 1, each).await?);
        }
    }
    let both = |measured: Vec<Measured>| measured.try_into().ok().context("two active aggregators");
    Ok([("merchants list", both(broad)?), ("merchants list, selective", both(selective)?)])
}

/// Copies an aggregator's merchants under new ids until there are `wanted`.
async fn grow(database: &tokio_postgres::Client, aggregator: &str, wanted: usize) -> Result<()> {
    database.batch_execute("SET session_replication_role = replica").await?;
    let columns = database
        .query(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = 'merchants'::regclass AND attnum > 0
             AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
            &[],
        )
        .await?;
    let columns: Vec<String> = columns.iter().map(|row| row.get(0)).collect();
    let values = columns.iter().map(|column| match column.as_str() {
        "id" => "gen_random_uuid()".to_owned(),
        "slug" => "m.slug || '-' || n".to_owned(),
        "nib" => "NULL".to_owned(),
        // None of these is rare, and one in 231 has all three.
        "status" => "CASE WHEN n % 7 = 0 THEN 'suspended' ELSE m.status END".to_owned(),
        "scale" => "CASE WHEN n % 11 = 0 THEN 'medium' ELSE m.scale END".to_owned(),
        "scale_basis" => "CASE WHEN n % 11 = 0 THEN 'declared' ELSE m.scale_basis END".to_owned(),
        "level" => "CASE WHEN n % 3 = 0 THEN 'global' ELSE m.level END".to_owned(),
        "created_at" | "updated_at" => format!("m.{column} - n * interval '1 minute'"),
        _ => format!("m.{column}"),
    });
    let copy = format!(
        "INSERT INTO merchants ({}) SELECT {} FROM merchants m CROSS JOIN generate_series(1, $2::int) AS n
         WHERE m.aggregator_id = $1::text::uuid ORDER BY n LIMIT $3",
        columns.join(", "),
        values.collect::<Vec<_>>().join(", ")
    );
    let count = "SELECT count(*) FROM merchants WHERE aggregator_id = $1::text::uuid";
    let there = usize::try_from(database.query_one(count, &[&aggregator]).await?.get::<_, i64>(0))?;
    let missing = wanted.saturating_sub(there);
    let rounds = i32::try_from(missing.div_ceil(there.max(1)))?;
    database.execute(&copy, &[&aggregator, &rounds, &i64::try_from(missing)?]).await?;
    // Of few merchants too a page has all three: the oldest, so that the newest are no short way to them.
    let oldest = "UPDATE merchants SET status = 'suspended', scale = 'medium', scale_basis = 'declared', level = 'global'
         WHERE aggregator_id = $1::text::uuid AND id IN (
            SELECT id FROM merchants WHERE aggregator_id = $1::text::uuid ORDER BY created_at LIMIT 25)";
    database.execute(oldest, &[&aggregator]).await?;
    database.batch_execute("ANALYZE merchants").await?;
    Ok(())
}

/// Entries a second that the check of a chain reads and hashes, as `GET ./audit/verify` does it.
pub async fn audit(kapal: &Kapal) -> Result<f64> {
    let slug = kapal.aggregator().await?;
    let database = kapal.superuser().await?;
    let lengthen = format!(
        "DO $$ DECLARE
            head tenant_heads%ROWTYPE;
            sample text;
            line text;
        BEGIN
            SELECT h.* INTO head FROM tenant_heads h JOIN aggregators a ON a.id = h.aggregator_id WHERE a.slug = '{slug}' FOR UPDATE;
            SELECT entry INTO sample FROM audit_entries WHERE aggregator_id = head.aggregator_id ORDER BY seq DESC LIMIT 1;
            FOR n IN 1..{ENTRIES} LOOP
                head.audit_seq := head.audit_seq + 1;
                line := (sample::jsonb || jsonb_build_object('id', gen_random_uuid()))::text;
                head.audit_hash := sha256(head.audit_hash || int8send(head.audit_seq) || convert_to(line, 'UTF8'));
                INSERT INTO audit_entries (aggregator_id, seq, entry, hash) VALUES (head.aggregator_id, head.audit_seq, line, head.audit_hash);
            END LOOP;
            UPDATE tenant_heads SET audit_seq = head.audit_seq, audit_hash = head.audit_hash WHERE aggregator_id = head.aggregator_id;
        END $$"
    );
    database.batch_execute(&lengthen).await?;
    database.batch_execute("ANALYZE audit_entries").await?;
    let owner = client::login(kapal, &format!("owner@{slug}.demo.kapal.test")).await?;
    let path = format!("/v1/aggregators/{slug}/audit/verify");
    let request = Request::new("GET", &path, &[("Authorization", &owner)], None, 200);
    let begun = Instant::now();
    let (_, answer) = client::call(kapal, &request).await?;
    let took = begun.elapsed();
    if answer["valid"] != true {
        bail!("the chain does not fit: {answer}");
    }
    let checked = answer["entries"].as_f64().context("how many entries were checked")?;
    Ok(checked / took.as_secs_f64())
}
