//! Consent of an account's owner: recorded with its text, taken back by a record of its own, kept when the account goes.

use kapal_domain::permission::Role;
use kapal_tests::{Cluster, PASSWORD, World, text};
use serde_json::{Value, json};

const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const PATH: &str = "/v1/me/consents";

fn body() -> Value {
    json!({ "purpose": "marketing", "text_version": "kabar-2026-03", "text_hash": HASH, "locale": "id" })
}

#[tokio::test]
async fn one_agrees_for_oneself_alone_and_takes_it_back_once() {
    let aggregator = World::new().await.aggregator().await;
    let (curator, other) = (aggregator.member(Role::Curator).await, aggregator.member(Role::Analyst).await);
    let given = curator.post(PATH, body()).await.json(201);
    assert_eq!((&given["taken_by"], &given["channel"]), (&json!(curator.id), &json!("app")));
    assert_eq!((&given["lawful_basis"], &given["withdrawn_at"]), (&json!("consent"), &Value::Null));
    let withdraw = format!("{PATH}/{}/withdraw", text(&given["id"]));
    other.post(&withdraw, json!({ "channel": "app" })).await.problem(404, "not_found");
    assert_eq!(other.get(PATH).await.json(200)["data"], json!([]));
    let calls = (0..6).map(|_| curator.post(&withdraw, json!({ "channel": "app" })));
    let replies = kapal_tests::all_at_once(calls).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
    curator.post(&withdraw, json!({ "channel": "app" })).await.problem(409, "consent_withdrawn");
    let _ = curator.post(PATH, body()).await.expect(201);
    let list = curator.get(PATH).await.json(200);
    let standing = list["data"].as_array().expect("a list").iter().map(|c| c["withdrawn_at"].is_null());
    assert_eq!(standing.collect::<Vec<_>>(), [true, false]);
}

#[tokio::test]
async fn every_bad_field_of_an_own_consent_is_named() {
    let aggregator = World::new().await.aggregator().await;
    let bad = json!({
        "purpose": "all", "lawful_basis": "because", "text_version": "", "text_hash": "abc", "locale": "fr",
        "channel": "fax", "given_at": "2999-01-01T00:00:00Z",
    });
    aggregator.owner.post(PATH, bad).await.faults(&[
        ("/purpose", "invalid_choice"),
        ("/lawful_basis", "invalid_choice"),
        ("/text_version", "required"),
        ("/text_hash", "invalid_hash"),
        ("/locale", "invalid_locale"),
        ("/channel", "invalid_choice"),
        ("/given_at", "out_of_range"),
    ]);
    let given = text(&aggregator.owner.post(PATH, body()).await.json(201)["id"]);
    let withdraw = format!("{PATH}/{given}/withdraw");
    aggregator
        .owner
        .post(&withdraw, json!({ "channel": "x" }))
        .await
        .faults(&[("/channel", "invalid_choice")]);
    assert_eq!(aggregator.owner.get(PATH).await.json(200)["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn it_is_exported_and_outlives_the_account_and_nobody_rewrites_it() {
    let aggregator = World::new().await.aggregator().await;
    let curator = aggregator.member(Role::Curator).await;
    let given = curator.post(PATH, body()).await.json(201);
    let export = curator.get("/v1/me/export").await.json(200);
    let held = &export["held"]["user_consents"][0];
    assert_eq!((&held["id"], &held["purpose"]), (&given["id"], &json!("marketing")));
    assert_eq!(held["text_hash"], HASH);
    assert!(export["audit"].to_string().contains("consent.given"));
    let _ = curator.delete("/v1/me").json(&json!({ "password": PASSWORD })).await.expect(204);
    let cluster = Cluster::get();
    let database = cluster.superuser(&cluster.database).await;
    let kept = "SELECT count(*) FROM user_consents WHERE user_id::text = $1";
    assert_eq!(database.query_one(kept, &[&curator.id]).await.expect("a count").get::<_, i64>(0), 1);
    let identity = cluster.connect("kapal_identity", &cluster.database).await;
    for sql in ["UPDATE user_consents SET purpose = purpose", "DELETE FROM user_consents"] {
        assert!(identity.batch_execute(sql).await.is_err(), "{sql}");
    }
}
