//! A request with a key has its effect once, however often and however simultaneously it is sent.

use std::collections::BTreeSet;

use kapal_tests::{Aggregator, Call, World, text, unique};
use serde_json::{Value, json};

fn create(aggregator: &Aggregator, key: &str, name: &str) -> Call {
    let body = json!({ "name": name, "region_code": "53.07", "phone": "081234567890" });
    aggregator.owner.post(&aggregator.path("merchants"), body).header("Idempotency-Key", key)
}

async fn count(aggregator: &Aggregator) -> usize {
    aggregator.owner.get(&aggregator.path("merchants?limit=100")).await.json(200)["data"]
        .as_array()
        .map_or(0, Vec::len)
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer_and_changes_nothing() {
    let aggregator = World::new().await.aggregator().await;
    let key = unique();
    let first = create(&aggregator, &key, "Kopi Egon").await.expect(201);
    let again = create(&aggregator, &key, "Kopi Egon").await.expect(201);
    assert_eq!(first.body, again.body);
    assert_eq!(first.header("location"), again.header("location"));
    assert_eq!(first.header("etag"), again.header("etag"));
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    assert_eq!(count(&aggregator).await, 1);
}

#[tokio::test]
async fn a_key_is_for_one_request() {
    let aggregator = World::new().await.aggregator().await;
    let key = unique();
    let _ = create(&aggregator, &key, "Kopi Egon").await.expect(201);
    create(&aggregator, &key, "Kopi Lain").await.problem(422, "idempotency_key_reused");
    let merchant = aggregator.merchant().await;
    let submit = aggregator.path(&format!("merchants/{}/submit", text(&merchant["id"])));
    let _ = aggregator.owner.step(&submit).header("Idempotency-Key", &key).await.expect(200);
    let again = aggregator.owner.step(&submit).header("Idempotency-Key", &key).await.expect(200);
    assert_eq!(again.header("idempotency-replayed"), "true", "not 409: it is the same step");
}

#[tokio::test]
async fn a_key_belongs_to_its_tenant_and_to_who_sent_it() {
    let world = World::new().await;
    let (one, two) = (world.aggregator().await, world.aggregator().await);
    let key = unique();
    let first = create(&one, &key, "Kopi Egon").await.json(201);
    let foreign = create(&two, &key, "Kopi Egon").await.expect(201);
    assert_eq!(foreign.header("idempotency-replayed"), "");
    assert_ne!(first["id"], foreign.json["id"]);
    let admin = one.member(kapal_domain::permission::Role::Admin).await;
    let body = json!({ "name": "Kopi Egon", "region_code": "53.07", "phone": "081234567890" });
    let other = admin.post(&one.path("merchants"), body).header("Idempotency-Key", &key).await.expect(201);
    assert_ne!(first["id"], other.json["id"]);
}

#[tokio::test]
async fn refusals_are_not_kept() {
    let aggregator = World::new().await.aggregator().await;
    let key = unique();
    let _ = create(&aggregator, &key, "x").await.problem(422, "validation_failed");
    let _ = create(&aggregator, &key, "Kopi Egon").await.expect(201);
}

#[tokio::test]
async fn a_key_has_1_to_255_visible_characters() {
    let aggregator = World::new().await.aggregator().await;
    for key in ["", "a b", &"k".repeat(256)] {
        create(&aggregator, key, "Kopi Egon").await.problem(400, "invalid_idempotency_key");
    }
    let twice = create(&aggregator, "a", "Kopi Egon").header("Idempotency-Key", "b").await;
    twice.problem(400, "invalid_idempotency_key");
    let _ = create(&aggregator, &"k".repeat(255), "Kopi Egon").await.expect(201);
    assert_eq!(count(&aggregator).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_at_once_one_has_the_effect() {
    let aggregator = World::new().await.aggregator().await;
    let key = unique();
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let (aggregator, key) = (aggregator.clone(), key.clone());
            tokio::spawn(async move {
                loop {
                    let reply = create(&aggregator, &key, "Kopi Egon").await;
                    match reply.status {
                        201 => return reply.json["id"].clone(),
                        409 => assert!(!reply.header("retry-after").is_empty(), "{reply}"),
                        503 => {}
                        _ => panic!("{reply}"),
                    }
                }
            })
        })
        .collect();
    let mut ids = BTreeSet::new();
    for task in tasks {
        ids.insert(text(&task.await.expect("answered")));
    }
    assert_eq!(ids.len(), 1);
    assert_eq!(count(&aggregator).await, 1);
}

#[tokio::test]
async fn a_visitors_contact_is_noted_once() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let path = aggregator.shop(&format!("/products/{}/contact", text(&product["slug"])));
    let key = unique();
    let contact =
        || aggregator.world.visitor.post(&path, json!({ "source": "app" })).header("Idempotency-Key", &key);
    let (first, again): (Value, Value) = (contact().await.json(201), contact().await.json(201));
    assert_eq!(first["lead_code"], again["lead_code"]);
}
