//! The same request once more, with the same key: one effect, one answer.

use kapal_tests::{Aggregator, Call, Reply, World, all_at_once, nib, photo, text, unique};
use serde_json::{Value, json};

fn merchant() -> Value {
    json!({ "name": format!("Warung {}", unique()), "region_code": "53.07", "phone": "081234567890", "nib": nib() })
}

fn create(aggregator: &Aggregator, body: &Value, key: &str) -> Call {
    aggregator.owner.post(&aggregator.path("merchants"), body.clone()).header("Idempotency-Key", key)
}

async fn count(aggregator: &Aggregator, list: &str) -> usize {
    let page = aggregator.owner.get(&aggregator.path(&format!("{list}?limit=100"))).await.json(200);
    page["data"].as_array().map_or(0, Vec::len)
}

#[track_caller]
fn assert_replayed(replay: &Reply, first: &Reply) {
    assert_eq!(replay.header("idempotency-replayed"), "true", "{replay}");
    assert_eq!((replay.status, &replay.body), (first.status, &first.body));
    for name in ["location", "etag", "content-type"] {
        assert_eq!(replay.header(name), first.header(name), "{name}");
    }
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer() {
    let aggregator = World::new().await.aggregator().await;
    let body = merchant();
    let first = create(&aggregator, &body, "kunci-1").await.expect(201);
    assert_eq!(first.header("idempotency-replayed"), "");
    for _ in 0..2 {
        assert_replayed(&create(&aggregator, &body, "kunci-1").await, &first);
    }
    assert_eq!(count(&aggregator, "merchants").await, 1);
    // Also when the thing has changed since.
    let path = first.header("location");
    let step = aggregator.owner.step(&format!("{path}/submit")).header("Idempotency-Key", "kunci-1").await;
    let step = step.expect(200);
    assert_eq!(step.json["status"], "submitted", "another route is another scope");
    assert_replayed(&create(&aggregator, &body, "kunci-1").await, &first);
    let again = aggregator.owner.step(&format!("{path}/submit")).header("Idempotency-Key", "kunci-1").await;
    assert_replayed(&again, &step);
    aggregator.owner.step(&format!("{path}/submit")).await.problem(409, "wrong_state");
}

#[tokio::test]
async fn a_patch_takes_a_key_too() {
    let aggregator = World::new().await.aggregator().await;
    let made = aggregator.merchant().await;
    let path = aggregator.path(&format!("merchants/{}", text(&made["id"])));
    let patch = || {
        let call = aggregator.owner.patch(&path, json!({ "story": "Baru." })).of(&made["version"]);
        call.header("Idempotency-Key", "ubah")
    };
    let first = patch().await.expect(200);
    assert_replayed(&patch().await, &first);
}

#[tokio::test]
async fn a_key_is_good_for_one_payload() {
    let aggregator = World::new().await.aggregator().await;
    let body = merchant();
    let _ = create(&aggregator, &body, "kunci").await.expect(201);
    create(&aggregator, &merchant(), "kunci").await.problem(422, "idempotency_key_reused");
    let mut spaced = body.to_string();
    spaced.push(' ');
    let path = aggregator.path("merchants");
    let other = aggregator.owner.call("POST", &path).body("application/json", spaced);
    other.header("Idempotency-Key", "kunci").await.problem(422, "idempotency_key_reused");
    assert_eq!(count(&aggregator, "merchants").await, 1);
    let (first, second) = (aggregator.merchant().await, aggregator.merchant().await);
    let step = |of: &Value| {
        let path = aggregator.path(&format!("merchants/{}/submit", text(&of["id"])));
        aggregator.owner.step(&path).header("Idempotency-Key", "langkah")
    };
    let _ = step(&first).await.expect(200);
    step(&second).await.problem(422, "idempotency_key_reused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_at_once_one_has_an_effect() {
    let aggregator = World::new().await.aggregator().await;
    let body = merchant();
    let replies = all_at_once((0..20).map(|_| create(&aggregator, &body, "serentak"))).await;
    let (answered, busy): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 201);
    for reply in busy {
        match reply.status {
            // Under load the first may take longer than the others wait.
            409 => {
                assert!(!reply.header("retry-after").is_empty(), "{reply}");
                reply.problem(409, "idempotency_in_flight");
            }
            _ => {
                reply.problem(503, "overloaded");
            }
        }
    }
    assert_eq!(answered.iter().filter(|reply| reply.header("idempotency-replayed").is_empty()).count(), 1);
    assert!(answered.iter().all(|reply| reply.body == answered[0].body));
    assert_eq!(count(&aggregator, "merchants").await, 1);
    let _ = create(&aggregator, &body, "serentak").await.expect(201);
}

#[tokio::test]
async fn a_refusal_is_not_kept() {
    let aggregator = World::new().await.aggregator().await;
    let taken = aggregator.merchant().await;
    let mut body = merchant();
    body["phone"] = json!("12");
    create(&aggregator, &body, "lagi").await.faults(&[("/phone", "invalid_phone")]);
    body["phone"] = json!("081234567890");
    body["nib"] = taken["nib"].clone();
    create(&aggregator, &body, "lagi").await.problem(409, "duplicate_nib");
    body["nib"] = json!(nib());
    let made = create(&aggregator, &body, "lagi").await.expect(201);
    assert_eq!(made.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn a_key_is_visible_and_at_most_255_long() {
    let aggregator = World::new().await.aggregator().await;
    for bad in ["", "dua kata", "é", "a\tb", &"k".repeat(256)] {
        create(&aggregator, &merchant(), bad).await.problem(400, "invalid_idempotency_key");
    }
    let twice = create(&aggregator, &merchant(), "a").header("Idempotency-Key", "b");
    twice.await.problem(400, "invalid_idempotency_key");
    assert_eq!(count(&aggregator, "merchants").await, 0);
    for good in ["k", "!~{}", &"k".repeat(255)] {
        let _ = create(&aggregator, &merchant(), good).await.expect(201);
    }
}

#[tokio::test]
async fn keys_of_two_tenants_and_of_two_people_are_independent() {
    let world = World::new().await;
    let (first, second) = (world.aggregator().await, world.aggregator().await);
    let body = merchant();
    let _ = create(&first, &body, "sama").await.expect(201);
    let other = create(&second, &body, "sama").await.expect(201);
    assert_eq!(other.header("idempotency-replayed"), "");
    let manager = first.member(kapal_domain::permission::Role::MerchantManager).await;
    let path = first.path("merchants");
    let made = manager.post(&path, merchant()).header("Idempotency-Key", "sama").await.expect(201);
    assert_eq!(made.header("idempotency-replayed"), "");
    assert_eq!((count(&first, "merchants").await, count(&second, "merchants").await), (2, 1));
}

#[tokio::test]
async fn a_visitors_contact_is_made_once() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let path = aggregator.shop(&format!("/products/{}/contact", text(&product["slug"])));
    let visitor = &aggregator.world.visitor;
    let key = unique();
    let body = json!({ "name": "Rina", "phone": "081234567890", "consent": true });
    let send = || visitor.post(&path, body.clone()).header("Idempotency-Key", &key);
    let first = send().await.expect(201);
    assert_replayed(&send().await, &first);
    assert_eq!(count(&aggregator, "leads").await, 1);
    let other = visitor.post(&path, json!({})).header("Idempotency-Key", &key).await;
    other.problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn an_upload_is_replayed_for_the_same_file_alone() {
    let aggregator = World::new().await.aggregator().await;
    let upload = |file: &[u8]| {
        let call = aggregator.owner.call("POST", &aggregator.path("media")).file("a.jpg", file.to_vec());
        call.header("Idempotency-Key", "foto")
    };
    let file = photo(200, 200);
    let first = upload(&file).await.expect(201);
    assert_replayed(&upload(&file).await, &first);
    upload(&photo(200, 200)).await.problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn an_operators_request_is_replayed_too() {
    let world = World::new().await;
    let slug = format!("uji-{}", unique());
    let body =
        json!({ "slug": slug, "name": "Koperasi Kunci", "owner_email": format!("{slug}@uji.example") });
    let key = unique();
    let send =
        || world.operator.post("/v1/platform/aggregators", body.clone()).header("Idempotency-Key", &key);
    let first = send().await.expect(201);
    assert_replayed(&send().await, &first);
    world.operator.post("/v1/platform/aggregators", body.clone()).await.problem(409, "duplicate_slug");
}
