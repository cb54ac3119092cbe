//! Collections: products under a title, for a time.

use chrono::{TimeDelta, Utc};
use kapal_tests::{Aggregator, World, eventually, text, unique};
use serde_json::{Value, json};

async fn new_collection(aggregator: &Aggregator, body: Value) -> (String, Value) {
    let made = aggregator.owner.post(&aggregator.path("collections"), body).await.json(201);
    (aggregator.path(&format!("collections/{}", text(&made["id"]))), made)
}

fn in_ms(ms: i64) -> String {
    (Utc::now() + TimeDelta::milliseconds(ms)).to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

#[tokio::test]
async fn a_collection_is_made_read_changed_and_deleted() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let body = json!({
        "title": { "id": "Oleh-oleh Flores", "en": "From Flores" }, "description": { "id": "Yang dibawa pulang." },
    });
    let made = owner.post(&aggregator.path("collections"), body).await.expect(201);
    let path = aggregator.path(&format!("collections/{}", text(&made.json["id"])));
    assert_eq!((made.header("location"), made.header("etag")), (path.as_str(), "\"1\""));
    assert_eq!(made.json["slug"], "oleh-oleh-flores");
    assert_eq!(made.json["product_ids"], json!([]));
    assert_eq!(owner.get(&path).await.json(200), made.json);
    let patch = json!({ "title": { "en": null }, "description": { "en": "To take home." }, "ends_at": in_ms(3_600_000) });
    let changed = owner.patch(&path, patch).of(&made.json["version"]).await.json(200);
    assert_eq!(changed["title"], json!({ "id": "Oleh-oleh Flores", "en": "" }));
    assert_eq!(changed["description"], json!({ "id": "Yang dibawa pulang.", "en": "To take home." }));
    assert_eq!((&changed["version"], &changed["slug"]), (&json!(2), &made.json["slug"]));
    let _ = owner.delete(&path).of(&changed["version"]).await.expect(204);
    owner.get(&path).await.problem(404, "not_found");
    let shown = aggregator.shop("/collections/oleh-oleh-flores");
    aggregator.world.visitor.get(&shown).await.problem(404, "not_found");
}

#[tokio::test]
async fn equal_titles_get_different_slugs_but_a_chosen_slug_is_taken_once() {
    let aggregator = World::new().await.aggregator().await;
    let slugs = [
        new_collection(&aggregator, json!({ "title": { "id": "Kado" } })).await.1,
        new_collection(&aggregator, json!({ "title": { "id": "Kado" } })).await.1,
    ];
    assert_ne!(slugs[0]["slug"], slugs[1]["slug"]);
    let chosen = json!({ "title": { "id": "Lain" }, "slug": "kado" });
    aggregator.owner.post(&aggregator.path("collections"), chosen).await.problem(409, "duplicate_slug");
}

#[tokio::test]
async fn its_products_show_in_their_order_as_long_as_they_are_published() {
    let aggregator = World::new().await.aggregator().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(text(&aggregator.product().await["id"]));
    }
    ids.reverse();
    ids.push(text(&aggregator.draft_product().await["id"]));
    let (path, made) = new_collection(&aggregator, json!({ "title": { "id": "Pilihan" } })).await;
    let products = format!("{path}/products");
    let put =
        aggregator.owner.put(&products, json!({ "product_ids": ids })).of(&made["version"]).await.json(200);
    assert_eq!(put["product_ids"], json!(ids));
    let shop = aggregator.shop(&format!("/collections/{}", text(&made["slug"])));
    let shown = async || {
        let shown = aggregator.world.visitor.get(&shop).await.json(200);
        let ids =
            shown["products"].as_array().into_iter().flatten().map(|p| text(&p["id"])).collect::<Vec<_>>();
        (ids, shown["product_count"].clone())
    };
    assert_eq!(shown().await, (ids[..3].to_vec(), json!(3)));
    let unpublish = aggregator.path(&format!("products/{}/unpublish", ids[1]));
    let _ = aggregator.owner.step(&unpublish).await.expect(200);
    assert_eq!(shown().await, (vec![ids[0].clone(), ids[2].clone()], json!(2)));
    let cleared =
        aggregator.owner.put(&products, json!({ "product_ids": [] })).of(&put["version"]).await.json(200);
    assert_eq!(cleared["product_ids"], json!([]));
    assert_eq!(shown().await, (Vec::new(), json!(0)));
}

#[tokio::test]
async fn only_products_of_ones_own_stand_in_it_each_once() {
    let world = World::new().await;
    let (aggregator, stranger) = (world.aggregator().await, world.aggregator().await);
    let own = text(&aggregator.product().await["id"]);
    let foreign = text(&stranger.product().await["id"]);
    let (path, made) = new_collection(&aggregator, json!({ "title": { "id": "Pilihan" } })).await;
    let put = async |ids: Value| {
        aggregator
            .owner
            .put(&format!("{path}/products"), json!({ "product_ids": ids }))
            .of(&made["version"])
            .await
    };
    put(json!([own, foreign])).await.faults(&[("/product_ids/1", "unknown_reference")]);
    put(json!([own, "x", own]))
        .await
        .faults(&[("/product_ids/1", "invalid_id"), ("/product_ids/2", "duplicate_entry")]);
    put(json!(vec![own.clone(); 101])).await.faults(&[("/product_ids", "too_long")]);
    assert_eq!(aggregator.owner.get(&path).await.json(200), made);
}

#[tokio::test]
async fn every_bad_field_is_named_at_once() {
    let aggregator = World::new().await.aggregator().await;
    let body = json!({ "title": { "en": "x" }, "slug": "Not a slug", "starts_at": "besok" });
    aggregator.owner.post(&aggregator.path("collections"), body).await.faults(&[
        ("/title/id", "required"),
        ("/title/en", "too_short"),
        ("/slug", "invalid_slug"),
        ("/starts_at", "invalid_date"),
    ]);
    let (path, made) = new_collection(&aggregator, json!({ "title": { "id": "Pilihan" } })).await;
    let patch = json!({ "title": null, "starts_at": null, "ends_at": "2000-01-01" });
    aggregator.owner.patch(&path, patch).of(&made["version"]).await.faults(&[
        ("/title", "required"),
        ("/starts_at", "required"),
        ("/ends_at", "invalid_date"),
    ]);
    let past = json!({ "ends_at": "2001-01-01T00:00:00Z" });
    let refused = aggregator.owner.patch(&path, past).of(&made["version"]).await;
    refused.faults(&[("/ends_at", "invalid_period")]);
}

#[tokio::test]
async fn it_appears_and_goes_with_its_schedule_and_the_tag_follows() {
    let aggregator = World::new().await.aggregator().await;
    let title = format!("Kilat {}", unique());
    let body = json!({ "title": { "id": title }, "starts_at": in_ms(1_500), "ends_at": in_ms(4_000) });
    let (_, made) = new_collection(&aggregator, body).await;
    let list = aggregator.shop("/collections");
    let shop = aggregator.shop(&format!("/collections/{}", text(&made["slug"])));
    let visitor = &aggregator.world.visitor;
    let before = visitor.get(&list).await.expect(200);
    assert_eq!(before.json["data"], json!([]));
    visitor.get(&shop).await.problem(404, "not_found");
    let known = before.header("etag").to_owned();
    let running = eventually("the collection runs", async || {
        let now = visitor.get(&list).header("If-None-Match", &known).await;
        (now.status == 200 && now.json["data"][0]["id"] == made["id"]).then_some(now)
    })
    .await;
    let _ = visitor.get(&shop).await.expect(200);
    let known = running.header("etag").to_owned();
    let over = eventually("the collection is over", async || {
        let now = visitor.get(&list).header("If-None-Match", &known).await;
        (now.status == 200 && now.json["data"] == json!([])).then_some(now)
    })
    .await;
    assert_ne!(over.header("etag"), known);
    visitor.get(&shop).await.problem(404, "not_found");
}
