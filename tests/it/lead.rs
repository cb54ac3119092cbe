//! Contacts of buyers: a lead and a WhatsApp link; nothing of the buyer without consent.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Cluster, World, text};
use serde_json::{Value, json};

async fn contact_path(aggregator: &Aggregator) -> (Value, String) {
    let product = aggregator.product().await;
    let path = aggregator.shop(&format!("/products/{}/contact", text(&product["slug"])));
    (product, path)
}

#[tokio::test]
async fn a_contact_is_a_lead_and_a_link() {
    let aggregator = World::new().await.aggregator().await;
    let (product, path) = contact_path(&aggregator).await;
    let contact = aggregator
        .world
        .visitor
        .post(&path, json!({ "source": "instagram", "locale": "en" }))
        .await
        .json(201);
    let (url, code) = (text(&contact["whatsapp_url"]), text(&contact["lead_code"]));
    assert!(url.starts_with("https://wa.me/6281234567890?text="), "{url}");
    assert!(text(&contact["text"]).contains(&code), "{contact}");
    let leads = aggregator.owner.get(&aggregator.path("leads")).await.json(200);
    let lead = &leads["data"][0];
    assert_eq!(
        (&lead["code"], &lead["source"], &lead["status"]),
        (&json!(code), &json!("instagram"), &json!("new"))
    );
    assert_eq!(lead.pointer("/product/id"), Some(&product["id"]));
    assert_eq!((&lead["name"], &lead["phone"]), (&json!(null), &json!(null)));
    let bare = aggregator.world.visitor.step(&path).await.json(201);
    assert_ne!(bare["lead_code"], contact["lead_code"]);
}

#[tokio::test]
async fn a_buyers_name_is_kept_with_consent_only_and_never_in_the_clear() {
    let aggregator = World::new().await.aggregator().await;
    let (_, path) = contact_path(&aggregator).await;
    let post = |body| aggregator.world.visitor.post(&path, body);
    post(json!({ "name": "Rina Rahasia" })).await.faults(&[("/consent", "required")]);
    post(json!({ "phone": "081299998888", "consent": false })).await.faults(&[("/consent", "required")]);
    let _ =
        post(json!({ "name": "Rina Rahasia", "phone": "081299998888", "consent": true })).await.expect(201);
    let lead = aggregator.owner.get(&aggregator.path("leads")).await.json(200)["data"][0].clone();
    assert_eq!((&lead["name"], &lead["phone"]), (&json!("Rina Rahasia"), &json!("+6281299998888")));
    let cluster = Cluster::get();
    let sql = "SELECT count(*) FROM (SELECT l::text AS t FROM leads l UNION ALL SELECT e::text FROM events e \
               UNION ALL SELECT a.entry FROM audit_entries a) AS rows WHERE t LIKE '%Rina Rahasia%' OR t LIKE '%81299998888%'";
    let row = cluster.superuser(&cluster.database).await.query_one(sql, &[]).await.expect("counted");
    assert_eq!(row.get::<_, i64>(0), 0);
}

#[tokio::test]
async fn without_a_channel_the_link_is_null_and_the_lead_still_comes() {
    let aggregator = World::new().await.aggregator().await;
    let (product, path) = contact_path(&aggregator).await;
    let channel = aggregator.path(&format!("merchants/{}/channels/whatsapp", text(&product["merchant_id"])));
    let version = aggregator
        .owner
        .get(&aggregator.path(&format!("merchants/{}", text(&product["merchant_id"]))))
        .await
        .json["version"]
        .clone();
    let gone = aggregator.owner.delete(&channel).of(&version).await;
    assert_eq!(gone.status, 204, "{gone}");
    let contact = aggregator.world.visitor.post(&path, json!({})).await.json(201);
    assert_eq!(contact["whatsapp_url"], json!(null));
    let leads = aggregator.owner.get(&aggregator.path("leads")).await.json(200);
    assert_eq!(leads["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_lead_is_seen_by_its_merchant_and_no_other() {
    let aggregator = World::new().await.aggregator().await;
    let (product, path) = contact_path(&aggregator).await;
    let _ = aggregator.world.visitor.post(&path, json!({})).await.expect(201);
    let lead = aggregator.owner.get(&aggregator.path("leads")).await.json(200)["data"][0].clone();
    let lead_path = aggregator.path(&format!("leads/{}", text(&lead["id"])));
    let own = aggregator.merchant_member(&text(&product["merchant_id"])).await;
    let other = aggregator.member(Role::Merchant).await;
    let _ = own.get(&lead_path).await.expect(200);
    other.get(&lead_path).await.problem(404, "not_found");
    let work = json!({ "status": "contacted", "note": "Sudah dibalas." });
    other.patch(&lead_path, work.clone()).of(&lead["version"]).await.problem(404, "not_found");
    let worked = own.patch(&lead_path, work).of(&lead["version"]).await.json(200);
    assert_eq!(worked["status"], "contacted");
    let back = own.patch(&lead_path, json!({ "status": "new" })).of(&worked["version"]).await;
    back.problem(409, "wrong_state");
}

#[tokio::test]
async fn who_is_not_there_cannot_be_contacted() {
    let aggregator = World::new().await.aggregator().await;
    let draft = aggregator.draft_product().await;
    let path = aggregator.shop(&format!("/products/{}/contact", text(&draft["slug"])));
    aggregator.world.visitor.post(&path, json!({})).await.problem(404, "not_found");
    let (_, path) = contact_path(&aggregator).await;
    let body = json!({ "source": "tv", "locale": "xx" });
    aggregator
        .world
        .visitor
        .post(&path, body)
        .await
        .faults(&[("/source", "invalid_choice"), ("/locale", "invalid_locale")]);
}
