//! Featured slots: mutiara at a place, for a time; the aggregator's and the nation's.

use chrono::{TimeDelta, Utc};
use kapal_tests::{Aggregator, Server, ServerOptions, World, eventually, text};
use serde_json::{Value, json};

fn in_ms(ms: i64) -> String {
    (Utc::now() + TimeDelta::milliseconds(ms)).to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

async fn mutiara(aggregator: &Aggregator) -> String {
    text(&aggregator.mutiara().await["id"])
}

#[tokio::test]
async fn a_slot_is_booked_read_changed_and_deleted() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let (first, second) = (mutiara(&aggregator).await, mutiara(&aggregator).await);
    let body = json!({ "place": "home_row", "product_ids": [first] });
    let made = owner.post(&aggregator.path("slots"), body).await.expect(201);
    let path = aggregator.path(&format!("slots/{}", text(&made.json["id"])));
    assert_eq!((made.header("location"), made.header("etag")), (path.as_str(), "\"1\""));
    assert_eq!((&made.json["mode"], &made.json["time_zone"]), (&json!("fixed"), &json!("Asia/Jakarta")));
    assert_eq!(owner.get(&path).await.json(200), made.json);
    let patch = json!({ "place": "home_hero", "product_ids": [second, first], "time_zone": "Asia/Makassar" });
    let changed = owner.patch(&path, patch).of(&made.json["version"]).await.json(200);
    assert_eq!(changed["product_ids"], json!([second, first]));
    assert_eq!((&changed["place"], &changed["version"]), (&json!("home_hero"), &json!(2)));
    let home = aggregator.world.visitor.get(&aggregator.shop("/home")).await.json(200);
    assert_eq!(home["slots"][0]["place"], "home_hero");
    let items = home["slots"][0]["items"].as_array().cloned().unwrap_or_default();
    assert_eq!(items.iter().map(|item| text(&item["product"]["id"])).collect::<Vec<_>>(), [second, first]);
    assert!(
        items.iter().all(|item| item["reason"]["code"].is_string() && item["reason"]["text"].is_string())
    );
    let _ = owner.delete(&path).of(&changed["version"]).await.expect(204);
    owner.get(&path).await.problem(404, "not_found");
    let home = aggregator.world.visitor.get(&aggregator.shop("/home")).await.json(200);
    assert_eq!(home["slots"], json!([]));
}

#[tokio::test]
async fn only_published_mutiara_stand_in_a_slot() {
    let world = World::new().await;
    let (aggregator, stranger) = (world.aggregator().await, world.aggregator().await);
    let (own, foreign) = (mutiara(&aggregator).await, mutiara(&stranger).await);
    let plain = text(&aggregator.product().await["id"]);
    let book = async |ids: Value| {
        let body = json!({ "place": "home_hero", "product_ids": ids });
        aggregator.owner.post(&aggregator.path("slots"), body).await
    };
    book(json!([own, plain])).await.problem(409, "not_mutiara");
    book(json!([own, foreign])).await.faults(&[("/product_ids/1", "unknown_reference")]);
    book(json!([own, own])).await.faults(&[("/product_ids/1", "duplicate_entry")]);
    book(json!([])).await.faults(&[("/product_ids", "required")]);
    book(json!(vec![own.clone(); 13])).await.faults(&[("/product_ids", "too_long")]);
    let unpublish = aggregator.path(&format!("products/{own}/unpublish"));
    let _ = aggregator.owner.step(&unpublish).await.expect(200);
    book(json!([own])).await.problem(409, "product_not_published");
    let all = aggregator.owner.get(&aggregator.path("slots")).await.json(200);
    assert_eq!(all["data"], json!([]));
}

#[tokio::test]
async fn every_bad_field_is_named_at_once() {
    let aggregator = World::new().await.aggregator().await;
    let body = json!({
        "place": "national", "category_id": "x", "starts_at": "2026-11-24T03:00:00Z",
        "ends_at": "2026-11-24T10:00:00+07:00", "time_zone": "WIB", "product_ids": ["y"],
    });
    aggregator.owner.post(&aggregator.path("slots"), body).await.faults(&[
        ("/place", "invalid_choice"),
        ("/category_id", "invalid_id"),
        ("/ends_at", "invalid_period"),
        ("/time_zone", "invalid_time_zone"),
        ("/product_ids/0", "invalid_id"),
    ]);
}

#[tokio::test]
async fn a_category_stands_exactly_at_the_top_of_one() {
    let aggregator = World::new().await.aggregator().await;
    let product = mutiara(&aggregator).await;
    let path = aggregator.path("slots");
    let body = json!({ "place": "category_top", "product_ids": [product] });
    aggregator.owner.post(&path, body.clone()).await.faults(&[("/category_id", "required")]);
    let mut named = body;
    named["category_id"] = json!("00000000-0000-7000-8000-00000000ffff");
    aggregator.owner.post(&path, named.clone()).await.faults(&[("/category_id", "unknown_reference")]);
    named["category_id"] = json!(aggregator.category().await);
    let made = aggregator.owner.post(&path, named).await.json(201);
    let moved = json!({ "place": "home_row" });
    let slot = format!("{path}/{}", text(&made["id"]));
    let refused = aggregator.owner.patch(&slot, moved).of(&made["version"]).await;
    refused.faults(&[("/category_id", "invalid_choice")]);
    let moved = json!({ "place": "home_row", "category_id": null });
    let _ = aggregator.owner.patch(&slot, moved).of(&made["version"]).await.expect(200);
}

#[tokio::test]
async fn it_appears_and_goes_with_its_schedule_and_the_tag_follows() {
    let aggregator = World::new().await.aggregator().await;
    let product = mutiara(&aggregator).await;
    let body = json!({
        "place": "home_hero", "product_ids": [product], "starts_at": in_ms(1_500), "ends_at": in_ms(4_000),
    });
    let made = aggregator.owner.post(&aggregator.path("slots"), body).await.json(201);
    let schedule = aggregator.path(&format!("slots/{}/schedule", text(&made["id"])));
    let coming = aggregator.owner.get(&schedule).await.json(200);
    assert_eq!((&coming["is_running"], &coming["next_turn_at"]), (&json!(false), &made["starts_at"]));
    assert!(text(&coming["windows"][0]["local_start"]).ends_with("+07:00"), "{coming}");
    assert_eq!(coming["items"][0]["product"]["is_shown"], true);
    let (home, visitor) = (aggregator.shop("/home"), &aggregator.world.visitor);
    let before = visitor.get(&home).await.expect(200);
    assert_eq!(before.json["slots"], json!([]));
    let known = before.header("etag").to_owned();
    let running = eventually("the slot runs", async || {
        let now = visitor.get(&home).header("If-None-Match", &known).await;
        (now.status == 200 && now.json["slots"][0]["id"] == made["id"]).then_some(now)
    })
    .await;
    let known = running.header("etag").to_owned();
    let over = eventually("the slot is over", async || {
        let now = visitor.get(&home).header("If-None-Match", &known).await;
        (now.status == 200 && now.json["slots"] == json!([])).then_some(now)
    })
    .await;
    assert_ne!(over.header("etag"), known);
    let over = aggregator.owner.get(&schedule).await.json(200);
    assert_eq!((&over["windows"], &over["next_turn_at"]), (&json!([]), &Value::Null));
}

#[tokio::test]
async fn operators_feature_mutiara_of_all_aggregators_on_the_national_home() {
    let server = Server::start(ServerOptions::default()).await;
    let world = World::on(&server).await;
    let (first, second) = (world.aggregator().await, world.aggregator().await);
    let (one, two) = (mutiara(&first).await, mutiara(&second).await);
    let path = "/v1/platform/featured";
    let put = |products: Value| {
        let slot = json!({ "place": "national", "starts_at": "2026-01-01T00:00:00Z", "products": products });
        world.operator.put(path, json!({ "slots": [slot] }))
    };
    let of = |aggregator: &Aggregator, id: &str| json!({ "aggregator": aggregator.slug, "product_id": id });
    let empty = world.operator.get(path).await.json(200);
    assert_eq!(empty["slots"], json!([]));
    let made = put(json!([of(&first, &one), of(&second, &two)])).await.json(201);
    let same = put(json!([of(&first, &one), of(&second, &two)])).await.json(200);
    assert_eq!(same["version"], made["version"], "the same once more changes nothing");
    let home = world.visitor.get("/v1/storefront/home").await.json(200);
    assert_eq!(home["slots"][0]["place"], "national");
    let ids: Vec<_> = home["slots"][0]["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|i| text(&i["product"]["id"]))
        .collect();
    assert_eq!(ids, [one.clone(), two.clone()]);
    let turned = json!([of(&second, &two), of(&first, &one)]);
    put(turned.clone()).await.problem(428, "precondition_required");
    put(turned.clone()).of(&json!(0)).await.problem(412, "precondition_failed");
    let _ = put(turned).of(&made["version"]).await.expect(200);

    let plain = text(&first.product().await["id"]);
    put(json!([of(&first, &plain)])).await.problem(409, "not_mutiara");
    put(json!([of(&first, &two)])).await.faults(&[("/slots/0/products/0/product_id", "unknown_reference")]);
    let nobody = json!([{ "aggregator": "tidak-ada", "product_id": one }]);
    put(nobody).await.faults(&[("/slots/0/products/0/aggregator", "unknown_reference")]);
    let twice = json!([of(&first, &one), of(&first, &one)]);
    put(twice).await.faults(&[("/slots/0/products/1/product_id", "duplicate_entry")]);
    first.owner.get(path).await.problem(403, "forbidden");
    first.owner.put(path, json!({ "slots": [] })).await.problem(403, "forbidden");
}
