//! Training programmes: their steps, seats under a rush, attendance, and who completes.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Reply, World, all_at_once, text};
use serde_json::{Value, json};

/// A programme with four topics that began long ago.
pub fn programme_body(capacity: u32) -> Value {
    let topic = |key: &str, hours: u32| json!({ "key": key, "title": { "id": format!("Topik {key}"), "en": format!("Topic {key}") }, "hours": hours });
    json!({
        "name": { "id": "Pembukuan untuk Penenun", "en": "Bookkeeping for Weavers" },
        "description": { "id": "Buku kas, harga pokok, harga jual." },
        "starts_on": "2025-01-06", "ends_on": "2025-03-28", "region_code": "53.07", "capacity": capacity,
        "topics": [topic("cash_book", 4), topic("costing", 6), topic("pricing", 2), topic("reports", 8)],
    })
}

/// A programme that was led to this state.
pub async fn programme_in(aggregator: &Aggregator, state: &str, capacity: u32) -> Value {
    let mut programme =
        aggregator.owner.post(&aggregator.path("programmes"), programme_body(capacity)).await.json(201);
    let steps: &[&str] = match state {
        "draft" => &[],
        "open" => &["open"],
        "running" => &["open", "running"],
        "finished" => &["open", "running", "finished"],
        "cancelled" => &["cancelled"],
        other => panic!("{other}"),
    };
    for step in steps {
        programme = patch(aggregator, &programme, json!({ "status": step })).await.json(200);
    }
    assert_eq!(programme["status"], state);
    programme
}

pub async fn patch(aggregator: &Aggregator, programme: &Value, body: Value) -> Reply {
    aggregator.owner.patch(&path(aggregator, programme), body).of(&programme["version"]).await
}

pub fn path(aggregator: &Aggregator, programme: &Value) -> String {
    aggregator.path(&format!("programmes/{}", text(&programme["id"])))
}

/// The programme as it is now.
async fn now(aggregator: &Aggregator, programme: &Value) -> Value {
    aggregator.owner.get(&path(aggregator, programme)).await.json(200)
}

pub async fn enrol(aggregator: &Aggregator, programme: &Value, merchant: &Value) -> Reply {
    let path = format!("{}/enrolments", path(aggregator, programme));
    aggregator.owner.post(&path, json!({ "merchant_id": merchant["id"] })).await
}

pub async fn change(aggregator: &Aggregator, enrolment: &Value, body: Value) -> Reply {
    aggregator.owner.patch(&enrolment_path(aggregator, enrolment), body).of(&enrolment["version"]).await
}

pub fn enrolment_path(aggregator: &Aggregator, enrolment: &Value) -> String {
    let (programme, id) = (text(&enrolment["programme_id"]), text(&enrolment["id"]));
    aggregator.path(&format!("programmes/{programme}/enrolments/{id}"))
}

pub fn attended(topics: &[&str]) -> Value {
    topics.iter().map(|topic| json!({ "topic": topic, "attended_on": "2025-01-14" })).collect()
}

/// An enrolment that was completed: with a certificate.
pub async fn completed(aggregator: &Aggregator, merchant: &Value) -> Value {
    let programme = programme_in(aggregator, "running", 10).await;
    let enrolment = enrol(aggregator, &programme, merchant).await.json(201);
    let body = json!({ "attendance": attended(&["cash_book", "costing", "reports"]), "status": "completed" });
    change(aggregator, &enrolment, body).await.json(200)
}

#[tokio::test]
async fn a_programme_is_led_on_step_by_step_and_no_other_step_exists() {
    let aggregator = World::new().await.aggregator().await;
    let states = ["draft", "open", "running", "finished", "cancelled"];
    let steps = [
        ("draft", "open"),
        ("open", "running"),
        ("running", "finished"),
        ("draft", "cancelled"),
        ("open", "cancelled"),
        ("running", "cancelled"),
    ];
    for from in states {
        for to in states.into_iter().filter(|to| *to != from) {
            let programme = programme_in(&aggregator, from, 5).await;
            let reply = patch(&aggregator, &programme, json!({ "status": to })).await;
            if steps.contains(&(from, to)) {
                assert_eq!(reply.json(200)["status"], to);
            } else {
                let _ = reply.problem(409, "wrong_state");
            }
        }
    }
}

#[tokio::test]
async fn every_bad_field_is_named_at_once() {
    let aggregator = World::new().await.aggregator().await;
    let mut body = programme_body(0);
    body["name"] = json!({ "id": "" });
    body["ends_on"] = json!("2025-01-05");
    body["region_code"] = json!("53.07.01.2001");
    body["trainer_id"] = json!("x");
    body["min_attendance_percent"] = json!(101);
    body["topics"] = json!([
        { "key": "a", "title": { "id": "Satu" }, "hours": 0 },
        { "key": "A B", "title": { "id": "" }, "hours": 1 },
    ]);
    let create = |body: Value| aggregator.owner.post(&aggregator.path("programmes"), body);
    create(body).await.faults(&[
        ("/name/id", "required"),
        ("/ends_on", "invalid_period"),
        ("/region_code", "invalid_region"),
        ("/trainer_id", "invalid_id"),
        ("/capacity", "out_of_range"),
        ("/min_attendance_percent", "out_of_range"),
        ("/topics/0/hours", "out_of_range"),
        ("/topics/1/key", "invalid_characters"),
        ("/topics/1/title/id", "required"),
    ]);
    let mut body = programme_body(5);
    body["topics"] = json!([]);
    create(body).await.faults(&[("/topics", "required")]);
    let mut body = programme_body(5);
    body["topics"][1]["key"] = json!("cash_book");
    create(body).await.faults(&[("/topics/1/key", "duplicate_entry")]);
    let mut body = programme_body(5);
    body["trainer_id"] = json!(uuid::Uuid::now_v7());
    create(body).await.faults(&[("/trainer_id", "unknown_reference")]);
    let mut body = programme_body(5);
    body["trainer_id"] = json!(aggregator.owner.id);
    body["region_code"] = Value::Null;
    let online = create(body).await.json(201);
    assert_eq!((&online["region"], &online["trainer"]["name"]), (&Value::Null, &json!("Ani Uji")));
    assert_eq!(online["min_attendance_percent"], 75);
}

#[tokio::test]
async fn a_running_curriculum_is_fixed_and_what_is_over_is_over() {
    let aggregator = World::new().await.aggregator().await;
    let open = programme_in(&aggregator, "open", 5).await;
    let topics = json!([{ "key": "all", "title": { "id": "Semua" }, "hours": 3 }]);
    let changed =
        patch(&aggregator, &open, json!({ "topics": topics, "name": { "en": null } })).await.json(200);
    assert_eq!(changed.pointer("/topics/0/key"), Some(&json!("all")));
    assert_eq!((&changed["name"]["id"], &changed["name"]["en"]), (&open["name"]["id"], &json!("")));
    let running = programme_in(&aggregator, "running", 5).await;
    for body in [json!({ "topics": topics }), json!({ "min_attendance_percent": 10 })] {
        patch(&aggregator, &running, body).await.problem(409, "wrong_state");
    }
    let longer = patch(&aggregator, &running, json!({ "ends_on": "2025-04-30" })).await.json(200);
    assert_eq!(longer["ends_on"], "2025-04-30");
    patch(&aggregator, &longer, json!({ "ends_on": "2025-01-01" }))
        .await
        .faults(&[("/ends_on", "invalid_period")]);
    patch(&aggregator, &running, json!({ "capacity": 9 })).await.problem(412, "precondition_failed");
    for state in ["finished", "cancelled"] {
        let over = programme_in(&aggregator, state, 5).await;
        patch(&aggregator, &over, json!({ "capacity": 9 })).await.problem(409, "wrong_state");
    }
}

#[tokio::test]
async fn fifty_at_once_share_ten_seats() {
    let aggregator = World::new().await.aggregator().await;
    let programme = programme_in(&aggregator, "open", 10).await;
    let mut merchants = Vec::new();
    for _ in 0..50 {
        merchants.push(aggregator.merchant().await);
    }
    let path = format!("{}/enrolments", path(&aggregator, &programme));
    let calls = merchants.iter().map(|m| aggregator.owner.post(&path, json!({ "merchant_id": m["id"] })));
    let replies = all_at_once(calls).await;
    let (seated, refused): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 201);
    assert_eq!(seated.len(), 10);
    for reply in refused {
        reply.problem(409, "programme_full");
    }
    let full = now(&aggregator, &programme).await;
    assert_eq!(full["seats_taken"], 10);
    patch(&aggregator, &full, json!({ "capacity": 9 })).await.problem(409, "programme_full");
    let gone =
        change(&aggregator, &seated[0].json, json!({ "status": "dropped", "reason": "Pindah." })).await;
    assert_eq!(gone.json(200)["reason"], "Pindah.");
    assert_eq!(now(&aggregator, &programme).await["seats_taken"], 9);
    let _ = enrol(&aggregator, &programme, &aggregator.merchant().await).await.expect(201);
}

#[tokio::test]
async fn the_same_merchant_many_times_at_once_takes_one_seat() {
    let aggregator = World::new().await.aggregator().await;
    let programme = programme_in(&aggregator, "open", 10).await;
    let merchant = aggregator.merchant().await;
    let path = format!("{}/enrolments", path(&aggregator, &programme));
    let calls = (0..10).map(|_| aggregator.owner.post(&path, json!({ "merchant_id": merchant["id"] })));
    let replies = all_at_once(calls).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1);
    for reply in replies.into_iter().filter(|reply| reply.status != 201) {
        reply.problem(409, "already_enrolled");
    }
    assert_eq!(now(&aggregator, &programme).await["seats_taken"], 1);
}

#[tokio::test]
async fn who_may_not_take_part_is_told_why() {
    let aggregator = World::new().await.aggregator().await;
    let other = aggregator.world.aggregator().await;
    let merchant = aggregator.active_merchant().await;
    for state in ["draft", "finished", "cancelled"] {
        let programme = programme_in(&aggregator, state, 5).await;
        enrol(&aggregator, &programme, &merchant).await.problem(409, "wrong_state");
    }
    let programme = programme_in(&aggregator, "open", 5).await;
    enrol(&aggregator, &programme, &other.merchant().await)
        .await
        .faults(&[("/merchant_id", "unknown_reference")]);
    let suspend = aggregator.path(&format!("merchants/{}/suspend", text(&merchant["id"])));
    let _ = aggregator.owner.step(&suspend).await.expect(200);
    enrol(&aggregator, &programme, &merchant).await.problem(409, "merchant_not_active");
    assert_eq!(now(&aggregator, &programme).await["seats_taken"], 0);
}

#[tokio::test]
async fn attendance_is_of_the_curriculum_and_never_in_the_future() {
    let aggregator = World::new().await.aggregator().await;
    let programme = programme_in(&aggregator, "open", 5).await;
    let enrolment = enrol(&aggregator, &programme, &aggregator.merchant().await).await.json(201);
    let early = change(&aggregator, &enrolment, json!({ "attendance": attended(&["costing"]) })).await;
    early.problem(409, "wrong_state");
    let programme = now(&aggregator, &programme).await;
    let _ = patch(&aggregator, &programme, json!({ "status": "running" })).await.expect(200);
    let day = |topic: &str, day: &str| json!({ "topic": topic, "attended_on": day });
    let bad = json!({ "attendance": [
        day("sewing", "2025-01-14"), day("costing", "2125-01-14"), day("pricing", "2024-12-31"),
    ]});
    change(&aggregator, &enrolment, bad).await.faults(&[
        ("/attendance/0/topic", "unknown_reference"),
        ("/attendance/1/attended_on", "date_in_future"),
        ("/attendance/2/attended_on", "out_of_range"),
    ]);
    let bad = json!({ "attendance": [day("costing", "2025-1-1"), day("pricing", "2025-01-14"), day("pricing", "2025-01-15")] });
    change(&aggregator, &enrolment, bad)
        .await
        .faults(&[("/attendance/0/attended_on", "invalid_date"), ("/attendance/2/topic", "duplicate_entry")]);
    let kept = json!({ "attendance": attended(&["reports", "cash_book"]) });
    let kept = change(&aggregator, &enrolment, kept).await.json(200);
    let topics: Vec<_> =
        kept["attendance"].as_array().expect("a list").iter().map(|a| text(&a["topic"])).collect();
    assert_eq!(topics, ["cash_book", "reports"], "in the order of the curriculum");
    let none = change(&aggregator, &kept, json!({ "attendance": null })).await.json(200);
    assert_eq!(none["attendance"], json!([]));
}

#[tokio::test]
async fn completion_asks_the_programmes_rule_and_is_for_good() {
    let aggregator = World::new().await.aggregator().await;
    let programme = programme_in(&aggregator, "running", 5).await;
    let enrolment = enrol(&aggregator, &programme, &aggregator.merchant().await).await.json(201);
    let half = json!({ "attendance": attended(&["cash_book", "costing"]), "status": "completed" });
    let problem = change(&aggregator, &enrolment, half).await.problem(409, "attendance_too_low");
    assert!(text(&problem["detail"]).contains("2 of 4"), "{problem}");
    let same = aggregator.owner.get(&enrolment_path(&aggregator, &enrolment)).await.json(200);
    assert_eq!(
        (&same["attendance"], &same["version"]),
        (&json!([]), &enrolment["version"]),
        "nothing was kept"
    );
    let enough =
        json!({ "attendance": attended(&["cash_book", "costing", "pricing"]), "status": "completed" });
    let done = change(&aggregator, &enrolment, enough).await.json(200);
    assert_eq!(done["status"], "completed");
    assert!(text(&done["certificate"]["verify_url"]).ends_with(&text(&done["certificate"]["code"])));
    for body in [
        json!({ "status": "enrolled" }),
        json!({ "status": "dropped", "reason": "Salah." }),
        json!({ "attendance": [] }),
    ] {
        change(&aggregator, &done, body).await.problem(409, "wrong_state");
    }
    let other = enrol(&aggregator, &programme, &aggregator.merchant().await).await.json(201);
    change(&aggregator, &other, json!({ "status": "dropped" })).await.faults(&[("/reason", "required")]);
    change(&aggregator, &other, json!({ "reason": "x" })).await.faults(&[("/reason", "invalid_choice")]);
}

#[tokio::test]
async fn a_hero_sees_the_enrolments_of_his_merchants_alone() {
    let aggregator = World::new().await.aggregator().await;
    let programme = programme_in(&aggregator, "open", 5).await;
    let hero = aggregator.member(Role::LocalHero).await;
    let body = json!({ "name": "Tenun Hera", "region_code": "53.07", "phone": "081234567890" });
    let his = hero.post(&aggregator.path("merchants"), body).await.json(201);
    let other = enrol(&aggregator, &programme, &aggregator.merchant().await).await.json(201);
    let _ = enrol(&aggregator, &programme, &his).await.expect(201);
    let list = format!("{}/enrolments", path(&aggregator, &programme));
    let seen = hero.get(&list).await.json(200);
    assert_eq!(seen["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(seen.pointer("/data/0/merchant/id"), Some(&his["id"]));
    hero.get(&enrolment_path(&aggregator, &other)).await.problem(404, "not_found");
    assert_eq!(
        hero.get(&path(&aggregator, &programme)).await.json(200)["seats_taken"],
        2,
        "seats are no secret"
    );
    let all = aggregator.owner.get(&format!("{list}?status=enrolled")).await.json(200);
    assert_eq!(all["data"].as_array().map(Vec::len), Some(2));
}
