//! What members show for a nomination: files of evidence about its merchant, opened by reviewers through signed links.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Client, World, text};
use serde_json::{Value, json};

async fn nominate(
    aggregator: &Aggregator,
    by: &Client,
    product: &Value,
    evidence: Value,
) -> kapal_tests::Reply {
    let body = json!({ "product_id": product["id"], "reason": "Rasa khas.", "evidence_file_ids": evidence });
    by.post(&aggregator.path("nominations"), body).await
}

#[tokio::test]
async fn reviewers_open_what_was_shown_for_a_nomination() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let merchant = text(&product["merchant_id"]);
    let (first, second) = (aggregator.evidence(&merchant).await, aggregator.evidence(&merchant).await);
    let account = aggregator.merchant_member(&merchant).await;
    let made = nominate(&aggregator, &account, &product, json!([second, first])).await.json(201);
    let path = aggregator.path(&format!("nominations/{}", text(&made["id"])));
    let curator = aggregator.member(Role::Curator).await;
    let read = curator.get(&path).await.json(200);
    let ids: Vec<_> =
        read["evidence"].as_array().expect("evidence").iter().map(|e| text(&e["file_id"])).collect();
    assert_eq!(ids, [second, first], "in their order");
    let shown = &read["evidence"][0];
    assert_eq!(shown["media_type"], "application/pdf");
    let url = text(&shown["url"]);
    let opened = aggregator
        .world
        .visitor
        .get(url.split_once("/v1").map(|(_, rest)| format!("/v1{rest}")).as_deref().expect("a link"))
        .await;
    assert_eq!((opened.status, opened.header("content-type")), (200, "application/pdf"));
    // What others may see of it they may not open.
    let hero = aggregator.member(Role::MerchantManager).await;
    assert!(
        hero.get(&path).await.json(200)["evidence"][0]["url"].is_string(),
        "who verifies documents opens it"
    );
    let list = curator.get(&aggregator.path("nominations")).await.json(200);
    assert_eq!(list["data"][0]["evidence"], Value::Null, "not in lists");
    let trail = aggregator.owner.get(&aggregator.path("audit?limit=100")).await.json(200);
    let opened =
        trail["data"].as_array().expect("a trail").iter().find(|entry| entry["action"] == "file.opened");
    assert!(opened.is_some_and(|entry| entry["after"]["purpose"] == "curation"), "{trail}");
}

#[tokio::test]
async fn only_files_about_the_products_merchant_are_evidence() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let other = aggregator.active_merchant().await;
    let foreign = aggregator.evidence(&text(&other["id"])).await;
    let elsewhere = aggregator.world.aggregator().await;
    let theirs = elsewhere.evidence(&text(&elsewhere.active_merchant().await["id"])).await;
    let own = aggregator.evidence(&text(&product["merchant_id"])).await;
    let owner = &aggregator.owner;
    for unknown in [&foreign, &theirs, &uuid::Uuid::now_v7().to_string()] {
        let refused = nominate(&aggregator, owner, &product, json!([own, unknown])).await;
        refused.faults(&[("", "unknown_reference")]);
    }
    nominate(&aggregator, owner, &product, json!(["x", own, own]))
        .await
        .faults(&[("/evidence_file_ids/0", "invalid_id"), ("/evidence_file_ids/2", "duplicate_entry")]);
    let many: Vec<_> = (0..11).map(|_| uuid::Uuid::now_v7().to_string()).collect();
    nominate(&aggregator, owner, &product, json!(many)).await.faults(&[("/evidence_file_ids", "too_long")]);
    let list = owner.get(&aggregator.path("nominations")).await.json(200);
    assert_eq!(list["data"], json!([]), "nothing was nominated");
    let made = nominate(&aggregator, owner, &product, Value::Null).await.json(201);
    assert_eq!(made["evidence"], json!([]));
}
