//! Local heroes: profiles, who mentors whom, who would fit; what a hero sees follows at once.

use chrono::{Days, NaiveDate, Utc};
use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Cluster, Member, World, all_at_once, eventually, scores, text};
use serde_json::{Value, json};

use crate::programme::programme_in;

fn profile(hero: &Member) -> Value {
    json!({
        "user_id": hero.id, "display_name": "Maria Bupu", "phone": "0812-1111-2222", "area_codes": ["53.07", "53.08"],
        "capacity": 3, "languages": ["id", "ENDE-id"], "home_region_code": "53.07", "note": "Punya motor.",
    })
}

/// A local hero with a profile.
async fn hero_of(aggregator: &Aggregator, extra: Value) -> Member {
    let hero = aggregator.member(Role::LocalHero).await;
    let mut body = json!({ "user_id": hero.id, "capacity": 5, "area_codes": ["53.07"] });
    body.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
    let _ = aggregator.owner.post(&aggregator.path("heroes"), body).await.expect(201);
    hero
}

fn assignment(aggregator: &Aggregator, hero: &Member, merchant: &Value) -> String {
    aggregator.path(&format!("heroes/{}/merchants/{}", hero.id, text(&merchant["id"])))
}

fn today() -> NaiveDate {
    // That of the merchants of these tests: 53.07 has WITA.
    (Utc::now() + chrono::TimeDelta::hours(8)).date_naive()
}

fn in_days(days: u64) -> String {
    (today() + Days::new(days)).to_string()
}

/// What of a merchant a narrowed member reads.
fn reads(aggregator: &Aggregator, merchant: &Value) -> Vec<String> {
    let id = text(&merchant["id"]);
    ["", "/onboarding", "/heroes", "/channels/whatsapp"]
        .map(|rest| aggregator.path(&format!("merchants/{id}{rest}")))
        .to_vec()
}

async fn sees(who: &Member, aggregator: &Aggregator, merchant: &Value) -> bool {
    let mut seen = Vec::new();
    for path in reads(aggregator, merchant) {
        let reply = who.get(&path).await;
        assert!(matches!(reply.status, 200 | 404), "{reply}");
        seen.push(reply.status == 200);
    }
    let list = who.get(&aggregator.path("merchants")).await.json(200);
    let listed = list["data"].as_array().expect("a list").iter().any(|m| m["id"] == merchant["id"]);
    assert!(seen.iter().all(|one| *one == listed), "{seen:?} but listed: {listed}");
    listed
}

#[tokio::test]
async fn a_profile_belongs_to_a_member_who_is_a_hero() {
    let aggregator = World::new().await.aggregator().await;
    let hero = aggregator.member(Role::LocalHero).await;
    let path = aggregator.path("heroes");
    let mut bad = profile(&hero);
    bad["languages"] = json!(["id", "java1", "id"]);
    bad["area_codes"] = json!(["53.07", "x"]);
    bad["phone"] = json!("12");
    bad["capacity"] = json!(501);
    bad["home"] = json!({ "latitude": 91, "longitude": 0 });
    aggregator.owner.post(&path, bad).await.faults(&[
        ("/phone", "invalid_phone"),
        ("/area_codes/1", "invalid_region"),
        ("/capacity", "out_of_range"),
        ("/languages/1", "invalid_language"),
        ("/languages/2", "duplicate_entry"),
        ("/home", "out_of_range"),
    ]);
    let mut body = profile(&hero);
    body["languages"] = json!(["id", "BAN"]);
    let mut nowhere = body.clone();
    (nowhere["area_codes"], nowhere["home_region_code"]) = (json!(["53.07", "53.99"]), json!("99"));
    aggregator
        .owner
        .post(&path, nowhere)
        .await
        .faults(&[("/area_codes/1", "invalid_region"), ("/home_region_code", "invalid_region")]);
    for (user, status, code) in [
        (uuid::Uuid::now_v7().to_string(), 422, "validation_failed"),
        (aggregator.owner.id.clone(), 409, "not_a_hero"),
        (aggregator.world.aggregator().await.owner.id, 422, "validation_failed"),
    ] {
        let mut other = body.clone();
        other["user_id"] = json!(user);
        aggregator.owner.post(&path, other).await.problem(status, code);
    }
    let made = aggregator.owner.post(&path, body.clone()).await.expect(201);
    assert_eq!(made.header("location"), aggregator.path(&format!("heroes/{}", hero.id)));
    assert_eq!(
        (&made.json["phone"], &made.json["languages"]),
        (&json!("+6281211112222"), &json!(["id", "ban"]))
    );
    assert_eq!((&made.json["assigned"], &made.json["area"][0]["code"]), (&json!(0), &json!("53.07")));
    aggregator.owner.post(&path, body).await.problem(409, "hero_exists");
}

#[tokio::test]
async fn a_hero_edits_what_he_says_of_himself_and_staff_the_rest() {
    let aggregator = World::new().await.aggregator().await;
    let hero = hero_of(&aggregator, json!({})).await;
    let other = hero_of(&aggregator, json!({})).await;
    let path = aggregator.path(&format!("heroes/{}", hero.id));
    let own = json!({ "phone": "081233334444", "languages": ["jv"], "home": { "latitude": -8.5, "longitude": 122.123_456 } });
    let edited = hero.patch(&path, own).of(&json!(1)).await.json(200);
    assert_eq!((&edited["phone"], &edited["version"]), (&json!("+6281233334444"), &json!(2)));
    assert_eq!(edited["home"]["longitude"], 122.12, "a home is known to a kilometre");
    for body in [json!({ "capacity": 50 }), json!({ "active": false }), json!({ "area_codes": ["11"] })] {
        hero.patch(&path, body).of(&json!(2)).await.problem(403, "forbidden");
    }
    other.patch(&path, json!({ "languages": ["su"] })).of(&json!(2)).await.problem(404, "not_found");
    let home = &edited["home"];
    let merchant = text(&aggregator.active_merchant().await["id"]);
    let assign = aggregator.path(&format!("heroes/{}/merchants/{merchant}", hero.id));
    let _ = aggregator.owner.put(&assign, json!({})).await.expect(201);
    let shopkeeper = aggregator.merchant_member(&merchant).await;
    let note = json!("");
    for (reader, home, note) in [
        (&aggregator.owner, home, &note),
        (&hero, home, &Value::Null),
        (&shopkeeper, &Value::Null, &Value::Null),
    ] {
        let one = reader.get(&path).await.json(200);
        let list = reader.get(&aggregator.path("heroes?limit=100")).await.json(200);
        let rows = list["data"].as_array().expect("heroes");
        let listed = rows.iter().find(|row| row["user_id"] == hero.id).expect("the hero");
        for seen in [&one, listed] {
            assert_eq!((&seen["home"], &seen["note"]), (home, note), "{}", reader.id);
        }
    }
    aggregator
        .owner
        .patch(&path, json!({ "capacity": 1 }))
        .of(&json!(1))
        .await
        .problem(412, "precondition_failed");
    let cleared = json!({ "phone": null, "home": null, "area_codes": null, "capacity": 0, "note": "Cuti." });
    let edited = aggregator.owner.patch(&path, cleared).of(&json!(2)).await.json(200);
    assert_eq!(
        (&edited["phone"], &edited["home"], &edited["area"]),
        (&Value::Null, &Value::Null, &json!([]))
    );
    aggregator
        .owner
        .patch(&path, json!({ "capacity": null }))
        .of(&json!(3))
        .await
        .faults(&[("/capacity", "required")]);
}

#[tokio::test]
async fn heroes_are_found_by_region_room_language_and_name() {
    let aggregator = World::new().await.aggregator().await;
    let flores =
        hero_of(&aggregator, json!({ "display_name": "Maria Bupu", "languages": ["id", "bug"] })).await;
    let bali =
        hero_of(&aggregator, json!({ "area_codes": ["51"], "capacity": 0, "display_name": "Wayan" })).await;
    let found = async |query: &str| {
        let list = aggregator.owner.get(&aggregator.path(&format!("heroes?{query}"))).await.json(200);
        let rows = list["data"].as_array().expect("a list").clone();
        assert!(rows.iter().all(|row| row["phone"].is_null()), "a list shows no phone");
        rows.iter().map(|row| text(&row["user_id"])).collect::<Vec<_>>()
    };
    let (flores, bali) = (flores.id.clone(), bali.id.clone());
    assert_eq!(found("").await, [bali.clone(), flores.clone()]);
    for (query, who) in [
        ("region=53.07.01", &flores),
        ("region=53", &flores),
        ("region=51.71", &bali),
        ("has_capacity=true", &flores),
        ("has_capacity=false", &bali),
        ("language=bug", &flores),
        ("q=bupu%20maria", &flores),
    ] {
        assert_eq!(found(query).await, std::slice::from_ref(who), "{query}");
    }
    assert!(found("region=53.08").await.is_empty());
    let first = aggregator.owner.get(&aggregator.path("heroes?limit=1")).await.json(200);
    let next = text(&first["page"]["next_cursor"]);
    assert_eq!(found(&format!("limit=1&cursor={next}")).await, [flores]);
}

#[tokio::test]
async fn what_a_hero_sees_follows_his_assignment_at_once() {
    let aggregator = World::new().await.aggregator().await;
    let hero = hero_of(&aggregator, json!({})).await;
    let merchant = aggregator.active_merchant().await;
    let path = assignment(&aggregator, &hero, &merchant);
    assert!(!sees(&hero, &aggregator, &merchant).await);
    let made = aggregator.owner.put(&path, json!({ "primary": true })).await.expect(201);
    assert_eq!(
        (&made.json["status"], &made.json["starts_on"]),
        (&json!("active"), &json!(today().to_string()))
    );
    assert_eq!(made.header("location"), path);
    assert!(sees(&hero, &aggregator, &merchant).await);
    let again = aggregator.owner.put(&path, json!({ "primary": true })).await.json(200);
    assert_eq!(again, made.json, "the same again changes nothing");
    let _ = aggregator.owner.delete(&path).await.expect(204);
    assert!(!sees(&hero, &aggregator, &merchant).await);
    let _ = aggregator.owner.delete(&path).await.expect(204);
    aggregator.owner.get(&path).await.problem(404, "not_found");
    let _ = aggregator.owner.put(&path, json!({})).await.expect(201);
    assert!(sees(&hero, &aggregator, &merchant).await);
    let history = aggregator.owner.get(&reads(&aggregator, &merchant)[2]).await.json(200);
    let states: Vec<_> =
        history["data"].as_array().expect("a list").iter().map(|a| text(&a["status"])).collect();
    assert_eq!(states, ["active", "ended"], "rows are ended, never deleted");
    // The merchant's own account knows who mentors it, and how to call him.
    let member = aggregator.merchant_member(&text(&merchant["id"])).await;
    let known = member.get(&aggregator.path(&format!("heroes/{}", hero.id))).await.json(200);
    assert_eq!(known["user_id"], hero.id.as_str());
    let stranger = aggregator.member(Role::Merchant).await;
    stranger.get(&aggregator.path(&format!("heroes/{}", hero.id))).await.problem(404, "not_found");
}

#[tokio::test]
async fn dates_are_in_order_and_papers_are_the_merchants() {
    let aggregator = World::new().await.aggregator().await;
    let hero = hero_of(&aggregator, json!({})).await;
    let merchant = aggregator.merchant().await;
    let path = assignment(&aggregator, &hero, &merchant);
    let put = |body: Value| aggregator.owner.put(&path, body);
    put(json!({ "starts_on": "24-11-2026", "ends_on": "2026-02-30", "agreement_signed_on": "", "agreement_file_id": "x" }))
        .await
        .faults(&[
            ("/starts_on", "invalid_date"),
            ("/ends_on", "invalid_date"),
            ("/agreement_signed_on", "invalid_date"),
            ("/agreement_file_id", "invalid_id"),
        ]);
    put(json!({ "starts_on": in_days(5), "ends_on": in_days(4) }))
        .await
        .faults(&[("/ends_on", "invalid_period")]);
    put(json!({ "starts_on": "2020-01-01", "ends_on": "2020-12-31" }))
        .await
        .faults(&[("/ends_on", "invalid_period")]);
    put(json!({ "agreement_signed_on": in_days(1) }))
        .await
        .faults(&[("/agreement_signed_on", "date_in_future")]);
    put(json!({ "agreement_file_id": uuid::Uuid::now_v7() }))
        .await
        .faults(&[("/agreement_signed_on", "required")]);
    let file = json!({ "agreement_signed_on": "2026-01-05", "agreement_file_id": uuid::Uuid::now_v7() });
    put(file).await.problem(422, "validation_failed");
    let history = aggregator.owner.get(&reads(&aggregator, &merchant)[2]).await.json(200);
    assert_eq!(history["data"], json!([]), "nothing was stored");
    assert!(!sees(&hero, &aggregator, &merchant).await);
    // Who is no hero, and what is no merchant, are not there.
    let (owner, nobody) = (&aggregator.owner, json!({ "id": uuid::Uuid::now_v7().to_string() }));
    owner.put(&assignment(&aggregator, owner, &merchant), json!({})).await.problem(404, "not_found");
    owner.put(&assignment(&aggregator, &hero, &nobody), json!({})).await.problem(404, "not_found");
    let foreign = aggregator.world.aggregator().await.merchant().await;
    owner.put(&assignment(&aggregator, &hero, &foreign), json!({})).await.problem(404, "not_found");
    owner.delete(&assignment(&aggregator, &hero, &merchant)).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_hero_takes_no_more_than_he_can() {
    let aggregator = World::new().await.aggregator().await;
    let hero = hero_of(&aggregator, json!({ "capacity": 2 })).await;
    let merchants = [aggregator.merchant().await, aggregator.merchant().await, aggregator.merchant().await];
    let put = |at: usize| aggregator.owner.put(&assignment(&aggregator, &hero, &merchants[at]), json!({}));
    let _ = put(0).await.expect(201);
    let _ = put(1).await.expect(201);
    put(2).await.problem(409, "hero_at_capacity");
    let own = json!({ "name": "Tenun Ende", "region_code": "53.08", "phone": "081234567890" });
    hero.post(&aggregator.path("merchants"), own.clone()).await.problem(409, "hero_at_capacity");
    let _ = put(1).await.expect(200);
    let _ = aggregator.owner.delete(&assignment(&aggregator, &hero, &merchants[0])).await.expect(204);
    let his = hero.post(&aggregator.path("merchants"), own).await.json(201);
    let path = aggregator.path(&format!("merchants/{}/heroes", text(&his["id"])));
    let mentors = hero.get(&path).await.json(200);
    assert_eq!(mentors["data"][0]["hero"]["user_id"], hero.id.as_str());
    assert_eq!(
        (&mentors["data"][0]["primary"], &mentors["data"][0]["status"]),
        (&json!(true), &json!("active"))
    );
    put(2).await.problem(409, "hero_at_capacity");
    let profile = aggregator.path(&format!("heroes/{}", hero.id));
    let roomy = json!({ "capacity": 9, "active": false });
    let _ = aggregator.owner.patch(&profile, roomy).of(&json!(1)).await.expect(200);
    put(2).await.problem(409, "hero_inactive");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_a_race_a_hero_stays_within_his_capacity() {
    let aggregator = World::new().await.aggregator().await;
    let hero = hero_of(&aggregator, json!({ "capacity": 2 })).await;
    let mut calls = Vec::new();
    for _ in 0..6 {
        let merchant = aggregator.merchant().await;
        calls.push(aggregator.owner.put(&assignment(&aggregator, &hero, &merchant), json!({})));
    }
    let replies = all_at_once(calls).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 2);
    assert!(replies.iter().all(|reply| reply.status == 201 || reply.code() == "hero_at_capacity"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_become_primary_at_once_one_does() {
    let aggregator = World::new().await.aggregator().await;
    let heroes = [hero_of(&aggregator, json!({})).await, hero_of(&aggregator, json!({})).await];
    for _ in 0..3 {
        let merchant = aggregator.merchant().await;
        let put = |hero| {
            aggregator.owner.put(&assignment(&aggregator, hero, &merchant), json!({ "primary": true }))
        };
        let replies = all_at_once(heroes.iter().map(put)).await;
        let mut answers: Vec<_> =
            replies.iter().map(|reply| (reply.status, reply.code().to_owned())).collect();
        answers.sort();
        assert_eq!(answers, [(201, String::new()), (409, "primary_taken".to_owned())]);
    }
}

#[tokio::test]
async fn one_primary_hero_follows_the_other_at_the_turn_of_a_day() {
    let aggregator = World::new().await.aggregator().await;
    let (first, second) = (hero_of(&aggregator, json!({})).await, hero_of(&aggregator, json!({})).await);
    let merchant = aggregator.active_merchant().await;
    let put =
        |hero: &Member, body: Value| aggregator.owner.put(&assignment(&aggregator, hero, &merchant), body);
    let _ = put(&first, json!({ "primary": true })).await.expect(201);
    let later = json!({ "primary": true, "starts_on": in_days(10) });
    put(&second, later.clone()).await.problem(409, "primary_taken");
    let _ = put(&first, json!({ "primary": true, "ends_on": in_days(9) })).await.expect(200);
    let planned = put(&second, later).await.json(201);
    assert_eq!(planned["status"], "planned");
    assert!(!sees(&second, &aggregator, &merchant).await);
    put(&first, json!({ "starts_on": in_days(1) })).await.problem(409, "wrong_state");
    // Ten days pass.
    let pass = format!(
        "UPDATE hero_assignments SET next_turn_at = now() WHERE merchant_id = '{}' AND next_turn_at IS NOT NULL",
        text(&merchant["id"])
    );
    assert_eq!(in_time(&pass).await, 2);
    let path = aggregator.path(&format!("merchants/{}", text(&merchant["id"])));
    eventually("the turn", async || (second.get(&path).await.status == 200).then_some(())).await;
    assert!(sees(&second, &aggregator, &merchant).await);
    assert!(!sees(&first, &aggregator, &merchant).await);
    let history = aggregator.owner.get(&reads(&aggregator, &merchant)[2]).await.json(200);
    let states: Vec<_> =
        history["data"].as_array().expect("a list").iter().map(|a| text(&a["status"])).collect();
    assert_eq!(states, ["active", "ended"]);
}

#[tokio::test]
async fn a_planned_assignment_is_cancelled_before_it_begins() {
    let aggregator = World::new().await.aggregator().await;
    let hero = hero_of(&aggregator, json!({})).await;
    let merchant = aggregator.merchant().await;
    let path = assignment(&aggregator, &hero, &merchant);
    let _ = aggregator.owner.put(&path, json!({ "starts_on": in_days(3) })).await.expect(201);
    let _ = aggregator.owner.delete(&path).await.expect(204);
    let history = aggregator.owner.get(&reads(&aggregator, &merchant)[2]).await.json(200);
    assert_eq!(history["data"][0]["status"], "cancelled");
    assert!(!sees(&hero, &aggregator, &merchant).await);
}

#[tokio::test]
async fn who_is_no_hero_any_more_mentors_nobody_but_keeps_the_tie() {
    let world = World::new().await;
    let aggregator = world.aggregator().await;
    let product = aggregator.product().await;
    let merchant = json!({ "id": product["merchant_id"] });
    let hero = hero_of(&aggregator, json!({})).await;
    let seller = aggregator.merchant_member(&text(&product["merchant_id"])).await;
    let _ = aggregator
        .owner
        .put(&assignment(&aggregator, &hero, &merchant), json!({ "primary": true }))
        .await
        .expect(201);
    let members = aggregator.owner.get(&aggregator.path("members?limit=100")).await.json(200);
    for person in [&hero, &seller] {
        let rows = members["data"].as_array().expect("a list");
        let row = rows.iter().find(|row| row["user_id"] == person.id.as_str()).expect("a member");
        let path = aggregator.path(&format!("members/{}", person.id));
        let promoted = aggregator.owner.patch(&path, json!({ "role": "curator" })).of(&row["version"]).await;
        let _ = promoted.expect(200);
    }
    let history = aggregator.owner.get(&reads(&aggregator, &merchant)[2]).await.json(200);
    assert_eq!(history["data"][0]["status"], "ended");
    aggregator.owner.get(&aggregator.path(&format!("heroes/{}", hero.id))).await.problem(404, "not_found");
    let body = json!({ "product_id": product["id"], "reason": "Rasa khas." });
    let nomination = aggregator.owner.post(&aggregator.path("nominations"), body).await.json(201);
    let path = aggregator.path(&format!("nominations/{}/scores", text(&nomination["id"])));
    for person in [&hero, &seller] {
        let curator = world.log_in(&person.email).await;
        curator.put(&path, scores(5)).await.problem(409, "conflict_of_interest");
    }
    // The merchant is free for another primary hero.
    let next = hero_of(&aggregator, json!({})).await;
    let _ = aggregator
        .owner
        .put(&assignment(&aggregator, &next, &merchant), json!({ "primary": true }))
        .await
        .expect(201);
}

#[tokio::test]
async fn the_nearest_hero_with_room_is_suggested_and_one_of_the_area_before_him() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.merchant().await;
    let near = json!({ "area_codes": ["53.10"], "home": { "latitude": -8.62, "longitude": 122.21 } });
    let near = hero_of(&aggregator, near).await;
    let area = json!({ "area_codes": ["53"], "home_region_code": "53.71", "display_name": "Yosef" });
    let area = hero_of(&aggregator, area).await;
    let speaks = json!({ "area_codes": ["51"], "home_region_code": "51.71", "languages": ["id", "ban"] });
    let speaks = hero_of(&aggregator, speaks).await;
    let lost = hero_of(&aggregator, json!({ "area_codes": [] })).await;
    let _full = hero_of(&aggregator, json!({ "capacity": 0 })).await;
    let _away = hero_of(&aggregator, json!({ "active": false })).await;
    let path = aggregator.path(&format!("merchants/{}/hero-suggestions?language=ban", text(&merchant["id"])));
    let found = aggregator.owner.get(&path).header("Accept-Language", "en").await.json(200);
    let rows = found["data"].as_array().expect("a list");
    let order: Vec<_> = rows.iter().map(|row| text(&row["hero"]["user_id"])).collect();
    assert_eq!(order, [&area.id, &near.id, &speaks.id, &lost.id].map(Clone::clone), "{found}");
    let codes: Vec<_> = rows.iter().map(|row| text(&row["reason"]["code"])).collect();
    assert_eq!(codes, ["area", "near", "near_and_language", "free"]);
    assert_eq!(rows[0]["reason"]["text"], "His area holds the merchant.");
    let km = rows[2]["distance_km"].as_f64().expect("kilometres");
    assert!((700.0..860.0).contains(&km), "Denpasar to Maumere: {km}");
    assert!(rows[1]["distance_km"].as_f64().is_some_and(|km| km < 60.0), "{found}");
    assert!(rows[3]["distance_km"].is_null());
    let _ = aggregator.owner.put(&assignment(&aggregator, &area, &merchant), json!({})).await.expect(201);
    let found = aggregator.owner.get(&path).await.json(200);
    assert_eq!(
        found["data"][0]["hero"]["user_id"],
        near.id.as_str(),
        "who mentors it already is not suggested"
    );
    aggregator.owner.get(&format!("{path}&limit=0")).await.problem(400, "invalid_parameter");
}

/// Runs SQL above all rules, in the shared server's database: what only time would do.
async fn in_time(sql: &str) -> u64 {
    let cluster = Cluster::get();
    cluster.superuser(&cluster.database).await.execute(sql, &[]).await.expect(sql)
}

#[tokio::test]
async fn what_a_hero_saw_before_there_were_assignments_becomes_one() {
    let aggregator = World::new().await.aggregator().await;
    let (hero, other) = (hero_of(&aggregator, json!({})).await, hero_of(&aggregator, json!({})).await);
    let merchant = aggregator.active_merchant().await;
    for (hero, days) in [(&hero, 2), (&other, 1)] {
        let access = format!(
            "INSERT INTO merchant_access (aggregator_id, user_id, merchant_id, kind, created_at)
             VALUES ('{}', '{}', '{}', 'hero', now() - interval '{days} days')",
            aggregator.id,
            hero.id,
            text(&merchant["id"])
        );
        assert_eq!(in_time(&access).await, 1);
    }
    let _ = Cluster::get().pools().adopt_hero_access().await.expect("adopted");
    let history = async || {
        let list = aggregator.owner.get(&reads(&aggregator, &merchant)[2]).await.json(200);
        list["data"].as_array().expect("a list").clone()
    };
    let rows = history().await;
    assert_eq!(rows.len(), 2);
    for (hero, primary, ago) in [(&hero, true, 2), (&other, false, 1)] {
        let row = rows.iter().find(|row| row["hero"]["user_id"] == hero.id.as_str()).expect("adopted");
        assert_eq!(
            (&row["status"], &row["primary"]),
            (&json!("active"), &json!(primary)),
            "the first is primary"
        );
        assert_eq!(row["starts_on"], (today() - Days::new(ago)).to_string(), "of the merchant's own day");
    }
    let _ = Cluster::get().pools().adopt_hero_access().await.expect("nothing is left");
    assert_eq!(history().await.len(), 2, "once");
    // From now on it ends as any other.
    let _ = aggregator.owner.delete(&assignment(&aggregator, &hero, &merchant)).await.expect(204);
    assert!(!sees(&hero, &aggregator, &merchant).await);
}

#[tokio::test]
async fn of_a_restricted_merchant_no_assignment_and_no_document_turns() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let (first, second) = (hero_of(&aggregator, json!({})).await, hero_of(&aggregator, json!({})).await);
    let merchant = aggregator.active_merchant().await;
    let id = text(&merchant["id"]);
    for (hero, body) in [
        (&first, json!({ "primary": true, "ends_on": in_days(9) })),
        (&second, json!({ "primary": true, "starts_on": in_days(10) })),
    ] {
        let _ = owner.put(&assignment(&aggregator, hero, &merchant), body).await.expect(201);
    }
    let request = json!({ "kind": "restriction", "merchant_id": id });
    let request = owner.post(&aggregator.path("privacy-requests"), request).await.json(201);
    let fulfil = aggregator.path(&format!("privacy-requests/{}/fulfil", text(&request["id"])));
    let _ = owner.post(&fulfil, json!({ "answer": "Dibatasi." })).await.expect(200);
    // Ten days pass.
    let turn = format!("UPDATE hero_assignments SET next_turn_at = now() WHERE merchant_id = '{id}'");
    assert_eq!(in_time(&turn).await, 2);
    let end = format!(
        "UPDATE legal_documents SET expires_on = '2026-01-01', next_turn_at = now() WHERE merchant_id = '{id}'"
    );
    assert_eq!(in_time(&end).await, 3);
    let pools = Cluster::get().pools();
    let turn = async || {
        pools.turn_assignments().await.expect("a turn");
        pools.turn_documents().await.expect("a turn");
    };
    turn().await;
    let waiting = async |table: &str| {
        let sql = format!("SELECT FROM {table} WHERE merchant_id = '{id}' AND next_turn_at IS NOT NULL");
        in_time(&sql).await
    };
    assert_eq!((waiting("hero_assignments").await, waiting("legal_documents").await), (2, 3), "they wait");
    let lift = aggregator.path(&format!("merchants/{id}/lift-restriction"));
    let _ = owner.step(&lift).await.expect(200);
    turn().await;
    eventually("the turns", async || {
        let left = (waiting("hero_assignments").await, waiting("legal_documents").await);
        (left == (0, 0)).then_some(())
    })
    .await;
    assert!(sees(&second, &aggregator, &merchant).await && !sees(&first, &aggregator, &merchant).await);
    let documents = owner.get(&aggregator.path(&format!("merchants/{id}/documents"))).await.json(200);
    let documents = documents["data"].as_array().expect("documents");
    assert!(documents.iter().all(|document| document["status"] == "expired"), "{documents:?}");
}

#[tokio::test]
async fn an_assignment_may_be_part_of_a_programme() {
    let world = World::new().await;
    let (aggregator, stranger) = (world.aggregator().await, world.aggregator().await);
    let owner = &aggregator.owner;
    let (hero, other) = (hero_of(&aggregator, json!({})).await, hero_of(&aggregator, json!({})).await);
    let merchant = aggregator.merchant().await;
    let path = assignment(&aggregator, &hero, &merchant);
    let programme = text(&programme_in(&aggregator, "running", 5).await["id"]);
    let foreign = text(&programme_in(&stranger, "running", 5).await["id"]);
    for unknown in [foreign, uuid::Uuid::now_v7().to_string()] {
        let body = json!({ "programme_id": unknown });
        owner.put(&path, body).await.faults(&[("/programme_id", "unknown_reference")]);
    }
    owner.put(&path, json!({ "programme_id": "x" })).await.faults(&[("/programme_id", "invalid_id")]);
    owner.get(&path).await.problem(404, "not_found");
    let body = json!({ "programme_id": programme });
    let made = owner.put(&path, body.clone()).await.json(201);
    assert_eq!(made["programme_id"], json!(programme));
    assert_eq!(owner.put(&path, body).await.json(200), made, "the same again changes nothing");
    let _ = owner.put(&assignment(&aggregator, &other, &merchant), json!({})).await.expect(201);

    let list = aggregator.path(&format!("merchants/{}/heroes", text(&merchant["id"])));
    assert_eq!(owner.get(&list).await.json(200)["data"].as_array().map(Vec::len), Some(2));
    let of_programme = format!("{list}?programme_id={programme}");
    assert_eq!(owner.get(&of_programme).await.json(200)["data"], json!([made]));
    owner.get(&format!("{list}?programme_id=x")).await.problem(400, "invalid_parameter");
    let file = owner.get(&of_programme).header("Accept", "text/csv").await.expect(200).text();
    let lines: Vec<_> = file.lines().collect();
    assert!(lines.len() == 2 && lines[0].contains("programme_id") && lines[1].contains(&programme), "{file}");
    let heroes = owner.get(&aggregator.path(&format!("heroes?programme_id={programme}"))).await.json(200);
    let heroes: Vec<_> =
        heroes["data"].as_array().expect("heroes").iter().map(|h| text(&h["user_id"])).collect();
    assert_eq!(heroes, [hero.id.as_str()]);

    let changed = owner.put(&path, json!({})).await.json(200);
    assert_eq!(changed["programme_id"], Value::Null);
    assert_eq!(owner.get(&of_programme).await.json(200)["data"], json!([]));
}
