//! Action items: who must do what until when, and where each came from.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Member, World, ago, phone_id, scores, text, visit};
use serde_json::{Value, json};

struct Case {
    aggregator: Aggregator,
    hero: Member,
    merchant: String,
    items: String,
}

impl Case {
    async fn new() -> Self {
        let aggregator = World::new().await.aggregator().await;
        let hero = aggregator.member(Role::LocalHero).await;
        let merchant = aggregator.merchant_of(&hero).await;
        let items = aggregator.path(&format!("merchants/{merchant}/action-items"));
        Self { aggregator, hero, merchant, items }
    }

    async fn make(&self, body: Value) -> Value {
        self.hero.post(&self.items, body).await.json(201)
    }

    fn patch(&self, item: &Value, patch: Value) -> kapal_tests::Call {
        self.hero.patch(&format!("{}/{}", self.items, text(&item["id"])), patch)
    }
}

fn task() -> Value {
    json!({ "text": "Pesan contoh kemasan.", "owner": "merchant" })
}

/// A day so many days from now.
fn day(from_now: i64) -> String {
    ago(-from_now * 24 * 60)[..10].to_owned()
}

#[tokio::test]
async fn an_item_is_made_done_and_opened_again() {
    let case = Case::new().await;
    let made = case.hero.post(&case.items, task()).await.expect(201);
    assert_eq!(made.header("location"), format!("{}/{}", case.items, text(&made.json["id"])));
    let item = made.json;
    assert_eq!(
        (&item["status"], &item["source"], &item["version"]),
        (&json!("open"), &Value::Null, &json!(1))
    );
    assert_eq!(item["created_by"], case.hero.id);
    let done =
        case.patch(&item, json!({ "status": "done", "owner": "hero" })).of(&item["version"]).await.json(200);
    assert!(done["done_at"].is_string(), "{done}");
    case.patch(&item, json!({ "status": "dropped" }))
        .of(&item["version"])
        .await
        .problem(412, "precondition_failed");
    case.patch(&item, json!({ "status": "dropped" })).await.problem(428, "precondition_required");
    // What stays done was done when it was done.
    let edited =
        case.patch(&done, json!({ "text": "Pesan dua contoh." })).of(&done["version"]).await.json(200);
    assert_eq!((&edited["done_at"], &edited["owner"]), (&done["done_at"], &json!("hero")));
    let open = case
        .patch(&edited, json!({ "status": "open", "due_on": day(3) }))
        .of(&edited["version"])
        .await
        .json(200);
    assert_eq!(
        (&open["done_at"], &open["due_on"], &open["version"]),
        (&Value::Null, &json!(day(3)), &json!(4))
    );
    let cleared = case.patch(&open, json!({ "due_on": null })).of(&open["version"]).await.json(200);
    assert_eq!(cleared["due_on"], Value::Null);
    case.patch(&cleared, json!({ "text": null, "owner": "siapa", "due_on": "besok", "status": "selesai" }))
        .of(&cleared["version"])
        .await
        .faults(&[
            ("/text", "required"),
            ("/owner", "invalid_choice"),
            ("/due_on", "invalid_date"),
            ("/status", "invalid_choice"),
        ]);
}

#[tokio::test]
async fn what_an_item_refers_to_is_the_merchants_own() {
    let case = Case::new().await;
    let other = case.aggregator.merchant_of(&case.hero).await;
    let (own, foreign) = (phone_id(), phone_id());
    let _ = case.aggregator.put_visit(&case.hero, &own, &visit(&case.merchant)).await.expect(201);
    let _ = case.aggregator.put_visit(&case.hero, &foreign, &visit(&other)).await.expect(201);
    let of = |visit: &str| json!({ "text": "Foto produk.", "owner": "hero", "visit_id": visit });
    for visit in [foreign, phone_id()] {
        case.hero.post(&case.items, of(&visit)).await.faults(&[("/visit_id", "unknown_reference")]);
    }
    assert_eq!(case.make(of(&own)).await["source"], json!({ "kind": "visit", "id": own }));
    let item = case.make(task()).await;
    let elsewhere = case.aggregator.path(&format!("merchants/{other}/action-items/{}", text(&item["id"])));
    case.hero.get(&elsewhere).await.problem(404, "not_found");
    case.hero.patch(&elsewhere, json!({ "text": "x" })).of(&json!(1)).await.problem(404, "not_found");
    let unseen = text(&case.aggregator.merchant().await["id"]);
    let unseen = case.aggregator.path(&format!("merchants/{unseen}/action-items"));
    case.hero.get(&unseen).await.problem(404, "not_found");
    case.hero.post(&unseen, task()).await.problem(404, "not_found");
    case.hero
        .post(&case.items, json!({ "text": "", "owner": "x", "due_on": "1", "visit_id": "y" }))
        .await
        .faults(&[
            ("/text", "required"),
            ("/owner", "invalid_choice"),
            ("/due_on", "invalid_date"),
            ("/visit_id", "invalid_id"),
        ]);
}

#[tokio::test]
async fn items_are_found_by_status_lateness_owner_and_day() {
    let case = Case::new().await;
    assert_eq!(case.hero.get(&case.items).await.json(200)["data"], json!([]));
    let mut ids = Vec::new();
    for (owner, due) in [("merchant", Some(-3)), ("hero", Some(3)), ("staff", None)] {
        let body = json!({ "text": "Tugas.", "owner": owner, "due_on": due.map(day) });
        ids.push(text(&case.make(body).await["id"]));
    }
    let late = case.make(json!({ "text": "Tugas.", "owner": "hero", "due_on": day(-2) })).await;
    let _ = case.patch(&late, json!({ "status": "dropped" })).of(&late["version"]).await.expect(200);
    ids.push(text(&late["id"]));
    let found = async |query: &str| {
        let list = case.hero.get(&format!("{}?{query}", case.items)).await.json(200);
        let of = |item: &Value| ids.iter().position(|id| *id == text(&item["id"])).expect("known");
        list["data"].as_array().expect("items").iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(found("").await, [3, 2, 1, 0]);
    assert_eq!(found("status=open").await, [2, 1, 0]);
    assert_eq!(found("status=open,dropped&owner=hero").await, [3, 1]);
    assert_eq!(found("late=true").await, [0]);
    assert_eq!(found("late=false").await, [3, 2, 1]);
    assert_eq!(found(&format!("due_before={}", day(1))).await, [3, 0]);
    let page = case.hero.get(&format!("{}?limit=3", case.items)).await.json(200);
    assert_eq!(found(&format!("limit=3&cursor={}", text(&page["page"]["next_cursor"]))).await, [0]);
    for bad in ["status=x", "late=x", "owner=x", "due_before=x"] {
        case.hero.get(&format!("{}?{bad}", case.items)).await.problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn what_a_declined_nomination_advises_becomes_the_merchants_items() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let body = json!({ "product_id": product["id"], "reason": "Rasa khas." });
    let nomination =
        text(&aggregator.owner.post(&aggregator.path("nominations"), body).await.json(201)["id"]);
    let path = aggregator.path(&format!("nominations/{nomination}"));
    for _ in 0..2 {
        let curator = aggregator.member(Role::Curator).await;
        let _ = curator.put(&format!("{path}/scores"), scores(3)).await.expect(201);
    }
    let decision =
        json!({ "decision": "decline", "reason": "Belum.", "actions": ["Lengkapi label.", "Urus PIRT."] });
    let _ = aggregator.owner.post(&format!("{path}/decide"), decision).await.expect(200);
    let items = aggregator.path(&format!("merchants/{}/action-items", text(&product["merchant_id"])));
    let list = aggregator.owner.get(&items).await.json(200);
    let mut texts: Vec<_> =
        list["data"].as_array().expect("items").iter().map(|item| text(&item["text"])).collect();
    texts.sort();
    assert_eq!(texts, ["Lengkapi label.", "Urus PIRT."]);
    for item in list["data"].as_array().expect("items") {
        assert_eq!(item["source"], json!({ "kind": "nomination", "id": nomination }));
        assert_eq!((&item["owner"], &item["status"]), (&json!("merchant"), &json!("open")));
    }
}
