//! What people ask for by right: the clock, who may ask and answer, and what a restriction does.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Cluster, World, text};
use serde_json::{Value, json};

async fn file(aggregator: &Aggregator, kind: &str, merchant: &str) -> Value {
    let body = json!({ "kind": kind, "merchant_id": merchant, "note": "Mohon dikerjakan." });
    aggregator.owner.post(&aggregator.path("privacy-requests"), body).await.json(201)
}

async fn fulfil(aggregator: &Aggregator, request: &Value) -> Value {
    let path = aggregator.path(&format!("privacy-requests/{}/fulfil", text(&request["id"])));
    aggregator.owner.post(&path, json!({ "answer": "Sudah dikerjakan." })).await.json(200)
}

async fn ids(aggregator: &Aggregator, query: &str) -> Vec<String> {
    let page = aggregator.owner.get(&aggregator.path(query)).await.json(200);
    page["data"].as_array().expect("a list").iter().map(|thing| text(&thing["id"])).collect()
}

#[tokio::test]
async fn the_clock_runs_for_72_hours_from_receipt() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = text(&aggregator.merchant().await["id"]);
    let path = aggregator.path("privacy-requests");
    let body = json!({ "kind": "access", "merchant_id": merchant, "received_at": "2026-01-01T05:00:00Z" });
    let late = aggregator.owner.post(&path, body).await.json(201);
    assert_eq!((&late["due_at"], &late["overdue"]), (&json!("2026-01-04T05:00:00Z"), &json!(true)));
    let fresh = file(&aggregator, "rectification", &merchant).await;
    assert_eq!((&fresh["overdue"], &fresh["status"]), (&json!(false), &json!("open")));
    assert_eq!(ids(&aggregator, "privacy-requests").await, [text(&late["id"]), text(&fresh["id"])]);
    assert_eq!(ids(&aggregator, "privacy-requests?overdue=true").await, [text(&late["id"])]);
    assert_eq!(ids(&aggregator, "privacy-requests?overdue=false").await, [text(&fresh["id"])]);
    assert_eq!(ids(&aggregator, "privacy-requests?kind=rectification,erasure").await, [text(&fresh["id"])]);
    let _ = aggregator.owner.get(&aggregator.path(&format!("merchants/{merchant}/export"))).await.expect(200);
    let done = fulfil(&aggregator, &late).await;
    assert_eq!((&done["status"], &done["overdue"]), (&json!("fulfilled"), &json!(false)));
    assert_eq!(done["handled_by"], aggregator.owner.id);
    assert_eq!(ids(&aggregator, "privacy-requests?status=open").await, [text(&fresh["id"])]);
}

#[tokio::test]
async fn a_request_is_about_one_that_is_there_and_open_once() {
    let aggregator = World::new().await.aggregator().await;
    let path = aggregator.path("privacy-requests");
    let merchant = text(&aggregator.merchant().await["id"]);
    let post = |body: Value| aggregator.owner.post(&path, body);
    post(json!({ "kind": "access" })).await.faults(&[("/merchant_id", "required")]);
    let two = json!({ "kind": "access", "merchant_id": merchant, "user_id": aggregator.owner.id });
    post(two).await.faults(&[("/merchant_id", "required")]);
    let nobody = json!({ "kind": "access", "lead_id": merchant });
    post(nobody).await.faults(&[("/lead_id", "unknown_reference")]);
    let bad = json!({ "kind": "x", "merchant_id": "y", "received_at": "2999-01-01T00:00:00Z" });
    post(bad).await.faults(&[
        ("/kind", "invalid_choice"),
        ("/merchant_id", "invalid_id"),
        ("/received_at", "out_of_range"),
    ]);
    let other = aggregator.world.aggregator().await;
    let foreign = text(&other.merchant().await["id"]);
    post(json!({ "kind": "access", "merchant_id": foreign }))
        .await
        .faults(&[("/merchant_id", "unknown_reference")]);
    let first = file(&aggregator, "erasure", &merchant).await;
    post(json!({ "kind": "erasure", "merchant_id": merchant })).await.problem(409, "duplicate_request");
    let refuse = aggregator.path(&format!("privacy-requests/{}/refuse", text(&first["id"])));
    aggregator.owner.post(&refuse, json!({ "answer": "" })).await.faults(&[("/answer", "required")]);
    let refused = aggregator.owner.post(&refuse, json!({ "answer": "Masih ada kontrak." })).await.json(200);
    assert_eq!(refused["status"], "refused");
    aggregator.owner.post(&refuse, json!({ "answer": "Lagi." })).await.problem(409, "wrong_state");
    let _ = file(&aggregator, "erasure", &merchant).await;
}

#[tokio::test]
async fn a_merchants_own_account_files_for_itself_and_does_not_answer() {
    let aggregator = World::new().await.aggregator().await;
    let (mine, others) = (aggregator.active_merchant().await, aggregator.merchant().await);
    let member = aggregator.merchant_member(&text(&mine["id"])).await;
    let path = aggregator.path("privacy-requests");
    let own = member.post(&path, json!({ "kind": "access", "merchant_id": mine["id"] })).await.json(201);
    member
        .post(&path, json!({ "kind": "access", "merchant_id": others["id"] }))
        .await
        .faults(&[("/merchant_id", "unknown_reference")]);
    member
        .post(&path, json!({ "kind": "access", "user_id": member.id }))
        .await
        .faults(&[("/user_id", "unknown_reference")]);
    let _ = file(&aggregator, "access", &text(&others["id"])).await;
    let seen = member.get(&path).await.json(200);
    assert_eq!(seen["data"].as_array().map(Vec::len), Some(1));
    let fulfil = format!("{path}/{}/fulfil", text(&own["id"]));
    member.post(&fulfil, json!({ "answer": "Beres." })).await.problem(403, "forbidden");
    let analyst = aggregator.member(Role::Analyst).await;
    analyst.get(&path).await.problem(403, "forbidden");
}

#[tokio::test]
async fn alarms_come_a_day_before_and_when_the_time_is_up_each_once() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = text(&aggregator.merchant().await["id"]);
    let request = file(&aggregator, "access", &merchant).await;
    let id = text(&request["id"]);
    let cluster = Cluster::get();
    let (db, database) = (cluster.pools(), cluster.superuser(&cluster.database).await);
    let kinds = async || {
        let page = aggregator.owner.get(&aggregator.path(&format!("audit?subject_id={id}"))).await.json(200);
        let actions = page["data"].as_array().expect("a list").iter().map(|e| text(&e["action"]));
        actions.collect::<Vec<_>>()
    };
    let pass = async |hours: i32| {
        let sql = format!(
            "UPDATE privacy_requests SET due_at = due_at - interval '{hours} hours', \
             next_alarm_at = next_alarm_at - interval '{hours} hours' WHERE id = '{id}'"
        );
        database.batch_execute(&sql).await.expect("time passes");
        let _ = db.alarm_privacy_requests().await.expect("alarms");
    };
    pass(40).await;
    assert_eq!(kinds().await, ["privacy_request.filed"]);
    pass(10).await;
    pass(1).await;
    assert_eq!(kinds().await, ["privacy_request.due", "privacy_request.filed"]);
    pass(24).await;
    pass(24).await;
    assert_eq!(kinds().await, ["privacy_request.overdue", "privacy_request.due", "privacy_request.filed"]);
    let world = &aggregator.world;
    let mails = async || {
        let mails = world.mail_to(&aggregator.owner.email);
        (mails.iter().filter(|mail| mail.contains(&id)).count() == 2).then_some(())
    };
    kapal_tests::eventually("two letters", mails).await;
}

#[tokio::test]
async fn a_restricted_merchant_leaves_every_list_and_the_storefront_and_comes_back_whole() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    // With a nomination, a place in a collection and one in a slot.
    let product = aggregator.mutiara().await;
    let (product_id, merchant) = (text(&product["id"]), text(&product["merchant_id"]));
    let collection = aggregator.collection(&[&product_id]).await;
    let slot = aggregator.slot(&[&product_id]).await;
    let nomination = ids(&aggregator, "nominations").await.remove(0);
    let contact = aggregator.shop(&format!("/products/{}/contact", text(&product["slug"])));
    let _ = aggregator.world.visitor.step(&contact).await.expect(201);
    let path = aggregator.path(&format!("merchants/{merchant}"));
    let shown = aggregator.shop(&format!("/products/{}", text(&product["slug"])));
    let hero = aggregator.member(Role::LocalHero).await;
    let analyst = aggregator.member(Role::Analyst).await;
    let before = owner.get(&path).await.json(200);
    let lists = ["merchants", "products", "leads", "nominations"];
    let places = [
        aggregator.path(&format!("collections/{}", text(&collection["id"]))),
        aggregator.path(&format!("slots/{}", text(&slot["id"]))),
    ];
    for list in lists {
        assert_eq!(ids(&aggregator, list).await.len(), 1, "{list}");
    }
    let request = file(&aggregator, "restriction", &merchant).await;
    let _ = fulfil(&aggregator, &request).await;

    aggregator.world.visitor.get(&shown).await.problem(404, "not_found");
    for list in lists {
        assert!(ids(&aggregator, list).await.is_empty(), "{list}");
        if list != "nominations" {
            let seen = analyst.get(&aggregator.path(list)).await.json(200);
            assert_eq!(seen["data"], json!([]), "{list}");
        }
    }
    for place in &places {
        assert_eq!(owner.get(place).await.json(200)["product_ids"], json!([]), "{place}");
    }
    let read = aggregator.path(&format!("nominations/{nomination}"));
    owner.get(&read).await.problem(404, "not_found");
    // Who edits the showcases meanwhile neither meets it nor loses it.
    let other = text(&aggregator.mutiara().await["id"]);
    let put = owner.put(&format!("{}/products", places[0]), json!({ "product_ids": [other] }));
    let edited = put.of(&collection["version"]).await.json(200);
    assert_eq!(edited["product_ids"], json!([other]));
    let put = owner.put(&format!("{}/products", places[0]), json!({ "product_ids": [other, product_id] }));
    put.of(&edited["version"]).await.faults(&[("/product_ids/1", "unknown_reference")]);
    let edited =
        owner.patch(&places[1], json!({ "product_ids": [other] })).of(&slot["version"]).await.json(200);
    assert_eq!(edited["product_ids"], json!([other]));
    let unpublish = aggregator.path(&format!("products/{other}/unpublish"));
    let _ = owner.step(&unpublish).await.expect(200);
    analyst.get(&path).await.problem(404, "not_found");
    hero.get(&path).await.problem(404, "not_found");
    owner.get(&aggregator.path(&format!("products/{product_id}"))).await.problem(404, "not_found");
    let seen = owner.get(&path).await.json(200);
    assert!(seen["restricted_at"].is_string(), "who answers for it reads it by its address: {seen}");
    let edit = owner.patch(&path, json!({ "story": "Baru." })).of(&seen["version"]);
    edit.await.problem(409, "merchant_restricted");
    let channel = owner.put(&format!("{path}/channels/instagram"), json!({ "handle": "toko.baru" }));
    channel.await.problem(409, "merchant_restricted");
    owner
        .post(&format!("{path}/suspend"), json!({ "reason": "x" }))
        .await
        .problem(409, "merchant_restricted");
    assert_eq!(ids(&aggregator, "privacy-requests").await.len(), 1);
    let _ = owner.get(&format!("{path}/export")).await.expect(200);

    let lifted = owner.step(&format!("{path}/lift-restriction")).await.json(200);
    assert_eq!((&lifted["restricted_at"], &lifted["status"]), (&Value::Null, &before["status"]));
    owner.step(&format!("{path}/lift-restriction")).await.problem(409, "wrong_state");
    for list in lists {
        // And that of the other product.
        let found = ids(&aggregator, list).await.len();
        assert_eq!(found, if list == "leads" { 1 } else { 2 }, "{list}");
    }
    for place in &places {
        assert_eq!(owner.get(place).await.json(200)["product_ids"], json!([product_id, other]), "{place}");
    }
    let _ = aggregator.world.visitor.get(&shown).await.expect(200);
    let address = aggregator.shop(&format!("/collections/{}", text(&collection["slug"])));
    let collection = aggregator.world.visitor.get(&address).await.json(200);
    assert!(
        collection.to_string().contains(&product_id),
        "storefronts show it in its places too: {collection}"
    );
}

#[tokio::test]
async fn a_withdrawal_takes_every_standing_consent_back_and_the_story_off_the_storefront() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.active_merchant().await;
    let shown = aggregator.shop(&format!("/merchants/{}", text(&merchant["slug"])));
    let merchant = text(&merchant["id"]);
    let own = aggregator.path(&format!("merchants/{merchant}"));
    let before = aggregator.owner.get(&own).await.json(200);
    let told = aggregator.owner.patch(&own, json!({ "story": "Ditenun oleh Mama Ina." }));
    let told = told.of(&before["version"]).await.json(200);
    let story = async || aggregator.world.visitor.get(&shown).await.json(200)["story"].to_string();
    assert!(story().await.contains("Mama Ina"));
    let path = aggregator.path(&format!("merchants/{merchant}/consents"));
    for purpose in ["photos", "marketing"] {
        let body = json!({
            "purpose": purpose, "text_version": "1", "text_hash": "0".repeat(64), "locale": "id", "channel": "app",
        });
        let _ = aggregator.owner.post(&path, body).await.expect(201);
    }
    let request = file(&aggregator, "withdrawal", &merchant).await;
    let _ = fulfil(&aggregator, &request).await;
    assert!(!story().await.contains("Mama Ina"));
    let after = aggregator.owner.get(&own).await.json(200);
    assert!(after["version"].as_i64() > told["version"].as_i64(), "{after}");
    let list = aggregator.owner.get(&path).await.json(200);
    assert!(list["data"].as_array().expect("a list").iter().all(|c| c["withdrawn_at"].is_string()), "{list}");
}

#[tokio::test]
async fn access_is_fulfilled_by_an_export_that_was_made_since() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let merchant = text(&aggregator.merchant().await["id"]);
    let export = aggregator.path(&format!("merchants/{merchant}/export"));
    let _ = owner.get(&export).await.expect(200);
    let request = file(&aggregator, "access", &merchant).await;
    let path = aggregator.path(&format!("privacy-requests/{}/fulfil", text(&request["id"])));
    let answer = json!({ "answer": "Diserahkan." });
    owner.post(&path, answer.clone()).await.problem(409, "export_missing");
    let named = json!({ "answer": "Diserahkan.", "changed": ["/name"] });
    owner.post(&path, named).await.faults(&[("/changed", "invalid_choice")]);
    let other = text(&aggregator.merchant().await["id"]);
    let _ = owner.get(&aggregator.path(&format!("merchants/{other}/export"))).await.expect(200);
    owner.post(&path, answer.clone()).await.problem(409, "export_missing");
    let _ = owner.get(&export).header("Accept", "text/csv").await.expect(200);
    assert_eq!(owner.post(&path, answer).await.json(200)["status"], "fulfilled");
}

#[tokio::test]
async fn a_rectification_changed_something_since_or_names_what() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let merchant = aggregator.merchant().await;
    let (id, own) = (text(&merchant["id"]), aggregator.path(&format!("merchants/{}", text(&merchant["id"]))));
    let ask = async || {
        let request = file(&aggregator, "rectification", &id).await;
        aggregator.path(&format!("privacy-requests/{}/fulfil", text(&request["id"])))
    };
    let answer = json!({ "answer": "Diperbaiki." });
    let path = ask().await;
    owner.post(&path, answer.clone()).await.problem(409, "change_missing");
    let bad = json!({ "answer": "", "changed": ["/name", "Nama: Ina", "/a//b"] });
    let refused = owner.post(&path, bad).await;
    refused.faults(&[
        ("/answer", "required"),
        ("/changed/1", "invalid_pointer"),
        ("/changed/2", "invalid_pointer"),
    ]);
    let many = json!({ "answer": "x", "changed": vec!["/name"; 51] });
    owner.post(&path, many).await.faults(&[("/changed", "too_long")]);
    let named = json!({ "answer": "Diperbaiki.", "changed": ["/documents/nik"] });
    let done = owner.post(&path, named).await.json(200);
    assert_eq!((&done["status"], &done["changed"]), (&json!("fulfilled"), &json!(["/documents/nik"])));
    let path = ask().await;
    let change = owner.patch(&own, json!({ "phone": "0813-2222-3333" })).of(&merchant["version"]);
    let _ = change.await.expect(200);
    let done = owner.post(&path, answer).await.json(200);
    assert_eq!((&done["status"], &done["changed"]), (&json!("fulfilled"), &json!([])));
}

#[tokio::test]
async fn who_objects_is_neither_scored_nor_assessed_until_the_objection_is_lifted() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let product = aggregator.product().await;
    let second = aggregator.product().await;
    let merchant = text(&product["merchant_id"]);
    let nominations = aggregator.path("nominations");
    let nominate = |product: &Value| {
        owner.post(&nominations, json!({ "product_id": product["id"], "reason": "Rasanya khas." }))
    };
    let nomination = nominate(&product).await.json(201);
    let request = file(&aggregator, "objection", &merchant).await;
    let _ = fulfil(&aggregator, &request).await;
    let own = aggregator.path(&format!("merchants/{merchant}"));
    let objecting = owner.get(&own).await.json(200);
    assert!(objecting["objected_at"].is_string(), "{objecting}");
    let curator = aggregator.member(Role::Curator).await;
    let score = format!("{nominations}/{}/scores", text(&nomination["id"]));
    curator.put(&score, kapal_tests::scores(4)).await.problem(409, "merchant_objected");
    let assess = json!({ "criteria": [], "note": "Kunjungan." });
    owner.post(&format!("{own}/assessments"), assess.clone()).await.problem(409, "merchant_objected");
    // It still sells, and what people decide goes on.
    let shown = aggregator.shop(&format!("/products/{}", text(&product["slug"])));
    let _ = aggregator.world.visitor.get(&shown).await.expect(200);
    let _ = owner.step(&format!("{nominations}/{}/withdraw", text(&nomination["id"]))).await.expect(200);
    nominate(&product).await.problem(409, "merchant_objected");
    let _ = nominate(&second).await.expect(201);
    let lift = format!("{own}/lift-objection");
    curator.step(&lift).await.problem(403, "forbidden");
    let lifted = owner.step(&lift).await.json(200);
    assert_eq!(lifted["objected_at"], Value::Null);
    owner.step(&lift).await.problem(409, "wrong_state");
    let _ = nominate(&product).await.expect(201);
    let _ = owner.post(&format!("{own}/assessments"), assess).await.expect(201);
    let trail =
        owner.get(&aggregator.path(&format!("audit?subject_id={merchant}&limit=100"))).await.json(200);
    let trail = trail["data"].as_array().expect("a trail");
    for action in ["merchant.objected", "merchant.objection_lifted"] {
        assert_eq!(trail.iter().filter(|entry| entry["action"] == action).count(), 1, "{action}");
    }
}
