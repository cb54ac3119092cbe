//! Consent: recorded with its text, taken back by a record of its own, never rewritten.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Cluster, World, text};
use serde_json::{Value, json};

const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn body() -> Value {
    json!({
        "purpose": "photos", "text_version": "foto-2026-03", "text_hash": HASH, "locale": "id",
        "channel": "paper", "given_at": "2026-01-02T03:04:05Z",
    })
}

async fn consents(aggregator: &Aggregator) -> (String, String) {
    let merchant = text(&aggregator.merchant().await["id"]);
    let path = aggregator.path(&format!("merchants/{merchant}/consents"));
    (merchant, path)
}

#[tokio::test]
async fn consent_is_recorded_and_taken_back_once() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let (_, path) = consents(&aggregator).await;
    let given = owner.post(&path, body()).await.json(201);
    assert_eq!((&given["lawful_basis"], &given["withdrawn_at"]), (&json!("consent"), &Value::Null));
    assert_eq!((&given["given_at"], &given["taken_by"]), (&json!("2026-01-02T03:04:05Z"), &json!(owner.id)));
    let withdraw = format!("{path}/{}/withdraw", text(&given["id"]));
    let taken_back = owner.post(&withdraw, json!({ "channel": "whatsapp" })).await.json(200);
    assert!(taken_back["withdrawn_at"].is_string());
    owner.post(&withdraw, json!({ "channel": "app" })).await.problem(409, "consent_withdrawn");
    let _ = owner.post(&path, body()).await.expect(201);
    let list = owner.get(&path).await.json(200);
    let list = list["data"].as_array().expect("a list");
    assert_eq!(list.iter().map(|c| c["withdrawn_at"].is_null()).collect::<Vec<_>>(), [true, false]);
}

#[tokio::test]
async fn two_withdrawals_at_once_are_one() {
    let aggregator = World::new().await.aggregator().await;
    let (_, path) = consents(&aggregator).await;
    let given = aggregator.owner.post(&path, body()).await.json(201);
    let withdraw = format!("{path}/{}/withdraw", text(&given["id"]));
    let calls = (0..8).map(|_| aggregator.owner.post(&withdraw, json!({ "channel": "app" })));
    let replies = kapal_tests::all_at_once(calls).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
}

#[tokio::test]
async fn every_bad_field_is_named() {
    let aggregator = World::new().await.aggregator().await;
    let (_, path) = consents(&aggregator).await;
    let bad = json!({
        "purpose": "all", "lawful_basis": "because", "text_version": "", "text_hash": "abc", "locale": "fr",
        "channel": "fax", "given_at": "2999-01-01T00:00:00Z", "evidence_file_id": "x",
    });
    aggregator.owner.post(&path, bad).await.faults(&[
        ("/purpose", "invalid_choice"),
        ("/lawful_basis", "invalid_choice"),
        ("/text_version", "required"),
        ("/text_hash", "invalid_hash"),
        ("/locale", "invalid_locale"),
        ("/channel", "invalid_choice"),
        ("/given_at", "out_of_range"),
        ("/evidence_file_id", "invalid_id"),
    ]);
    let mut foreign = body();
    foreign["evidence_file_id"] = json!("019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11");
    let refused = aggregator.owner.post(&path, foreign).await;
    assert_eq!(refused.status, 422, "{refused}");
    assert_eq!(refused.json.pointer("/errors/0/code"), Some(&json!("unknown_reference")));
}

#[tokio::test]
async fn a_hero_records_it_for_his_merchants_alone_and_nobody_rewrites_it() {
    let aggregator = World::new().await.aggregator().await;
    let (_, others) = consents(&aggregator).await;
    let hero = aggregator.member(Role::LocalHero).await;
    hero.post(&others, body()).await.problem(404, "not_found");
    let shop = json!({ "name": "Tenun Hera", "region_code": "53.07", "phone": "081234567890" });
    let his = hero.post(&aggregator.path("merchants"), shop).await.json(201);
    let path = aggregator.path(&format!("merchants/{}/consents", text(&his["id"])));
    let _ = hero.post(&path, body()).await.expect(201);
    let cluster = Cluster::get();
    let app = cluster.connect("kapal_app", &cluster.database).await;
    for sql in ["UPDATE consents SET purpose = purpose", "DELETE FROM consents"] {
        assert!(app.batch_execute(sql).await.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn what_rested_on_a_consent_leaves_the_storefront_with_it_and_not_while_another_stands() {
    let aggregator = World::new().await.aggregator().await;
    let (owner, visitor) = (&aggregator.owner, &aggregator.world.visitor);
    let product = aggregator.product().await;
    let own = aggregator.path(&format!("merchants/{}", text(&product["merchant_id"])));
    let merchant = owner.get(&own).await.json(200);
    let logo = owner.call("POST", &aggregator.path("media")).file("logo.jpg", kapal_tests::photo(400, 400));
    let logo = logo.await.json(201)["id"].clone();
    let told = json!({ "story": "Ditenun oleh Mama Ina.", "profile": { "logo_id": logo } });
    let _ = owner.patch(&own, told).of(&merchant["version"]).await.expect(200);
    let path = format!("{own}/consents");
    let give = async |purpose: &str| {
        let mut body = body();
        body["purpose"] = json!(purpose);
        text(&owner.post(&path, body).await.json(201)["id"])
    };
    let take_back = async |id: &str| {
        let withdraw = format!("{path}/{id}/withdraw");
        let _ = owner.post(&withdraw, json!({ "channel": "whatsapp" })).await.expect(200);
    };
    let slug = text(&merchant["slug"]);
    // In the answers for apps and on the page for people.
    let shown = async || {
        let json = visitor.get(&aggregator.shop(&format!("/merchants/{slug}"))).await.json(200);
        let page = format!("/id/{}/p/{}", aggregator.slug, text(&product["slug"]));
        let page = visitor.get(&page).await.expect(200).text();
        let story = json["story"].to_string().contains("Mama Ina");
        assert_eq!(page.contains("Mama Ina"), story);
        (story, !json["logo"].is_null())
    };
    assert_eq!(shown().await, (true, true));
    let (first, second) = (give("storefront_profile").await, give("storefront_profile").await);
    let (photos, marketing) = (give("photos").await, give("marketing").await);
    take_back(&first).await;
    take_back(&marketing).await;
    assert_eq!(shown().await, (true, true), "another consent stands");
    take_back(&photos).await;
    assert_eq!(shown().await, (true, false));
    take_back(&second).await;
    assert_eq!(shown().await, (false, false));
    let sees = owner.get(&own).await.json(200);
    assert_eq!(sees["story"], "Ditenun oleh Mama Ina.", "staff still have it");
    // Whoever edits it does not bring it back.
    let edit = json!({ "story": "Ditenun oleh Mama Ina sejak kecil." });
    let _ = owner.patch(&own, edit).of(&sees["version"]).await.expect(200);
    assert_eq!(shown().await, (false, false));
    let trail = aggregator.path(&format!("audit?subject_id={}&limit=100", text(&merchant["id"])));
    let trail = owner.get(&trail).await.json(200);
    let withdrawn = trail["data"].as_array().expect("a trail").iter();
    assert_eq!(withdrawn.filter(|entry| entry["action"] == "consent.withdrawn").count(), 4);
}
