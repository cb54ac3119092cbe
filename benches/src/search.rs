//! Searches over the grown catalogue: the index and, beside it, the database's own path; how soon the index is built and
//! caught up; what the server takes of memory; how well searches answer.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use kapal_bench::relevance::{judged, mean, things};

use crate::client::{self, Request};
use crate::load;
use crate::report::Report;
use crate::server::Kapal;

/// What is measured, with the bound of its 95th percentile at a million products.
struct Scenario {
    name: &'static str,
    bound_ms: f64,
    paths: Vec<String>,
}

fn scenarios(slug: &str) -> Vec<Scenario> {
    let search = |query: &str| format!("/v1/storefront/products?q={}", query.replace(' ', "%20"));
    let all = |queries: &[&str]| queries.iter().map(|query| search(query)).collect();
    let two = [
        "kopi arabika",
        "batik pekalongan",
        "tenun ikat",
        "gula aren",
        "madu hutan",
        "teh hijau",
        "kopi toraja",
    ];
    let misspelt =
        ["kpoi arabika", "batik pekalogan", "songkt", "rendnag", "kopi torajaa", "cengkehh", "kintamni"];
    vec![
        Scenario { name: "search of two words", bound_ms: 15.0, paths: all(&two) },
        Scenario { name: "search of a common word", bound_ms: 20.0, paths: all(&["kopi"]) },
        Scenario {
            name: "search with facets",
            bound_ms: 30.0,
            paths: two.iter().map(|query| format!("{}&include=facets", search(query))).collect(),
        },
        Scenario { name: "search misspelt", bound_ms: 30.0, paths: all(&misspelt) },
        Scenario {
            name: "search in one aggregator",
            bound_ms: 15.0,
            paths: two
                .iter()
                .map(|query| format!("/v1/storefronts/{slug}/products?q={}", query.replace(' ', "%20")))
                .collect(),
        },
        Scenario {
            name: "completion",
            bound_ms: 5.0,
            paths: ["k", "ko", "kop", "kopi t", "bat", "song", "ten", "gula"]
                .iter()
                .map(|q| format!("/v1/storefront/suggest?q={}", q.replace(' ', "%20")))
                .collect(),
        },
    ]
}

/// Builds the index anew, measures everything, and restarts.
pub async fn measure(kapal: &mut Kapal, report: &mut Report, each: Duration) -> Result<()> {
    kapal.stop().await?;
    let _ = std::fs::remove_dir_all(kapal.folder().join("search"));
    let begun = Instant::now();
    kapal.start().await?;
    let slug = kapal.aggregator().await?;
    indexed(kapal).await?;
    report.start("search index built", begun.elapsed(), Duration::from_secs(300));
    kapal.stop().await?;
    let begun = Instant::now();
    kapal.start().await?;
    indexed(kapal).await?;
    report.start("search index caught up after a restart", begun.elapsed(), Duration::from_secs(2));

    let beside = kapal.beside(&[("KAPAL_SEARCH", "off"), ("KAPAL_WORKER", "off")]).await?;
    for scenario in scenarios(&slug) {
        let requests: Vec<_> = scenario.paths.iter().map(|path| Request::get(path)).collect();
        let by_index = load::drive_in_turn(kapal.address(), &requests, each).await?;
        let by_database = load::drive_in_turn(beside.address(), &requests, each).await?;
        report.search(scenario.name, &by_index, &by_database, scenario.bound_ms);
    }
    drop(beside);
    let (first, deep) = pages(kapal, &slug, each).await?;
    report.pages(first, deep);
    report.index_memory(kapal.memory()?);
    Ok(())
}

/// How well searches answer, over the demonstration's catalogue as it is before it grows.
pub async fn relevance(kapal: &Kapal, report: &mut Report) -> Result<()> {
    indexed(kapal).await?;
    let mut products = Vec::new();
    for language in ["id", "en"] {
        let mut cursor = String::new();
        loop {
            let path = format!("/v1/storefront/products?limit=100{cursor}");
            let request = Request::new("GET", &path, &[("Accept-Language", language)], None, 200);
            let (_, page) = client::call(kapal, &request).await?;
            products.extend(page["data"].as_array().cloned().unwrap_or_default());
            match page["page"]["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
    }
    let (_, categories) = client::call(kapal, &Request::get("/v1/storefront/categories")).await?;
    let things = things(&products, &categories);
    let mut measures = Vec::new();
    for judged in judged() {
        let path = format!("/v1/storefront/products?limit=20&q={}", judged.words.replace(' ', "%20"));
        let (_, page) = client::call(kapal, &Request::get(&path)).await?;
        let found = page["data"].as_array().cloned().unwrap_or_default();
        let answers = found.iter().filter_map(|product| things.get(product["id"].as_str()?));
        let answers: Vec<_> = answers.map(|thing| &**thing).collect();
        measures.extend(judged.measure(&answers, things.values()));
    }
    report.relevance(measures.len(), mean(&measures));
    Ok(())
}

/// Waits until the index answers, and knows all that the logs tell: an answer has a tag only then.
async fn indexed(kapal: &Kapal) -> Result<()> {
    let begun = Instant::now();
    loop {
        let request = Request::get("/v1/storefront/products?q=kopi&limit=1");
        let (head, _) = client::call(kapal, &request).await?;
        if head.to_ascii_lowercase().contains("\r\netag:") {
            return Ok(());
        }
        ensure!(begun.elapsed() < Duration::from_secs(1_200), "the index was not built");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The list of an aggregator at its first page and at its thousandth, in milliseconds.
async fn pages(kapal: &Kapal, slug: &str, each: Duration) -> Result<(f64, f64)> {
    let list = format!("/v1/storefronts/{slug}/products");
    let mut cursor = String::new();
    // A thousand pages of 20 are two hundred of 100.
    for _ in 0..200 {
        let (_, page) = client::call(kapal, &Request::get(&format!("{list}?limit=100{cursor}"))).await?;
        match page["page"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let first = load::drive_in_turn(kapal.address(), &[Request::get(&list)], each).await?;
    let deep = Request::get(&format!("{list}?limit=20{cursor}"));
    let deep = load::drive_in_turn(kapal.address(), &[deep], each).await.context("a deep page")?;
    Ok((first.quantile_ms(0.5), deep.quantile_ms(0.5)))
}
