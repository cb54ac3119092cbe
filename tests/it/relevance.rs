//! How well searches answer, over the demonstration's catalogue.

use kapal_bench::relevance::{judged, mean, things};
use kapal_tests::{Client, Server, ServerOptions, eventually, text};
use serde_json::Value;

use crate::search::encoded;

/// What the index has reached; a change that makes answers worse than this is no improvement.
const FLOOR: (f64, f64) = (0.85, 0.9);

/// Everything that a storefront lists, in a language.
async fn everything(visitor: &Client, language: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/storefront/products?limit=100{cursor}");
        let page = visitor.get(&path).header("Accept-Language", language).await.json(200);
        all.extend(page["data"].as_array().cloned().unwrap_or_default());
        match page["page"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

#[tokio::test]
async fn searches_of_the_demonstration_are_answered_well_and_its_feeds_keep_every_rule() {
    let server = Server::start(ServerOptions::default()).await;
    let mut command = server.command(&["demo"]);
    let loaded =
        tokio::task::spawn_blocking(move || command.output().expect("kapal demo")).await.expect("joined");
    assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
    let visitor = Client::new(&server.address);
    let mut products = everything(&visitor, "id").await;
    let count = products.len();
    products.extend(everything(&visitor, "en").await);
    let things = things(&products, &visitor.get("/v1/storefront/categories").await.json(200));
    assert_eq!(things.len(), count);
    eventually("the index", async || {
        let page = visitor.get("/v1/storefront/products?include=facets&limit=1").await.json(200);
        let provinces = page["facets"]["province"].as_array().cloned().unwrap_or_default();
        let indexed: u64 = provinces.iter().filter_map(|facet| facet["count"].as_u64()).sum();
        (indexed == count as u64).then_some(())
    })
    .await;
    let mut measures = Vec::new();
    for judged in judged() {
        let path = format!("/v1/storefront/products?limit=20&q={}", encoded(judged.words));
        let page = visitor.get(&path).await.json(200);
        let found = page["data"].as_array().cloned().unwrap_or_default();
        let answers: Vec<_> = found.iter().map(|product| &*things[&text(&product["id"])]).collect();
        let Some(measure) = judged.measure(&answers, things.values()) else { continue };
        if measure.ndcg < 0.7 || measure.recall < 0.7 {
            let names: Vec<_> = found.iter().take(5).map(|product| text(&product["name"])).collect();
            println!("{:.2} {:.2} {} {names:?}", measure.ndcg, measure.recall, judged.words);
        }
        measures.push(measure);
    }
    let mean = mean(&measures);
    println!("{} searches: nDCG@10 {:.3}, recall@20 {:.3}", measures.len(), mean.ndcg, mean.recall);
    assert!(measures.len() >= 150, "{}", measures.len());
    assert!(mean.ndcg >= FLOOR.0 && mean.recall >= FLOOR.1, "{mean:?}");
    let feed = async |path: &str| visitor.get(path).await.expect(200).text();
    assert_eq!(crate::feed::check_google(&feed("/v1/storefront/feeds/google.xml").await).len(), count);
    assert_eq!(crate::feed::check_meta(&feed("/v1/storefront/feeds/meta.csv").await).len(), count);
}
