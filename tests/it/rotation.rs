//! Rotating slots: every province in turn, the same within a window, and a report of how fair it was.

use std::collections::BTreeSet;

use chrono::{TimeDelta, Utc};
use kapal_tests::{Aggregator, Server, ServerOptions, World, all_at_once, eventually, text};
use serde_json::{Value, json};

fn at(moment: TimeDelta) -> String {
    (Utc::now() + moment).to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

/// A mutiara of a merchant of its own in this region.
async fn mutiara_in(aggregator: &Aggregator, region: &str) -> String {
    let product = aggregator.mutiara().await;
    let path = aggregator.path(&format!("merchants/{}", text(&product["merchant_id"])));
    let merchant = aggregator.owner.get(&path).await.json(200);
    let moved =
        aggregator.owner.patch(&path, json!({ "region_code": region })).of(&merchant["version"]).await;
    let _ = moved.expect(200);
    text(&product["id"])
}

async fn shown(aggregator: &Aggregator) -> Vec<(String, String)> {
    let home = aggregator.world.visitor.get(&aggregator.shop("/home")).await.json(200);
    let items = home["slots"][0]["items"].as_array().cloned().unwrap_or_default();
    items.iter().map(|item| (text(&item["product"]["id"]), text(&item["reason"]["code"]))).collect()
}

fn ids(window: &Value) -> Vec<String> {
    let items = window["items"].as_array().cloned().unwrap_or_default();
    items.iter().map(|item| text(&item["product"]["id"])).collect()
}

#[tokio::test]
async fn a_rotation_shows_every_province_in_turn_and_says_why() {
    let aggregator = World::new().await.aggregator().await;
    let mut all = BTreeSet::new();
    for region in ["31.71", "53.07", "91.71"] {
        all.insert(mutiara_in(&aggregator, region).await);
    }
    let body = json!({ "place": "home_row", "mode": "rotating", "places": 1, "window_hours": 6 });
    let made = aggregator.owner.post(&aggregator.path("slots"), body).await.json(201);
    assert_eq!(
        (&made["mode"], &made["places"], &made["longest_wait"]),
        (&json!("rotating"), &json!(1), &json!(30))
    );
    let schedule = aggregator.path(&format!("slots/{}/schedule?windows=6", text(&made["id"])));
    let plan = aggregator.owner.get(&schedule).await.json(200);
    let windows = plan["windows"].as_array().cloned().unwrap_or_default();
    assert_eq!((windows.len(), &plan["is_running"]), (6, &json!(true)));
    assert_eq!(shown(&aggregator).await, [(ids(&windows[0])[0].clone(), "rotation".to_owned())]);
    for three in windows.chunks(3) {
        assert_eq!(
            three.iter().flat_map(ids).collect::<BTreeSet<_>>(),
            all,
            "each once before any comes again"
        );
    }
    for pair in windows.windows(2) {
        assert_eq!(pair[0]["ends_at"], pair[1]["starts_at"]);
    }
    assert_eq!(plan["next_turn_at"], windows[0]["ends_at"]);
    let reason = &windows[1]["items"][0]["reason"];
    assert_eq!(reason["code"], "owed");
    assert!(text(&reason["text"]).starts_with("Giliran "), "{reason}");
    let english = aggregator.owner.get(&schedule).header("Accept-Language", "en").await.json(200);
    assert!(text(&english["windows"][1]["items"][0]["reason"]["text"]).contains("'s turn"));
    let again = aggregator.owner.get(&schedule).await.json(200);
    assert_eq!(ids(&again["windows"][0]), ids(&windows[0]), "a window stays the same");
    for bad in ["0", "31", "-1", "x"] {
        let path = aggregator.path(&format!("slots/{}/schedule?windows={bad}", text(&made["id"])));
        aggregator.owner.get(&path).await.problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn the_next_window_comes_by_itself_and_the_tag_follows() {
    let aggregator = World::new().await.aggregator().await;
    let (one, two) = (mutiara_in(&aggregator, "31.71").await, mutiara_in(&aggregator, "91.71").await);
    // A window of an hour that ends in two seconds.
    let starts_at = at(TimeDelta::seconds(2) - TimeDelta::hours(1));
    let body = json!({
        "place": "home_hero", "mode": "rotating", "places": 1, "window_hours": 1, "starts_at": starts_at,
    });
    let made = aggregator.owner.post(&aggregator.path("slots"), body).await.json(201);
    let first = shown(&aggregator).await[0].0.clone();
    let home = aggregator.shop("/home");
    let tag = aggregator.world.visitor.get(&home).await.expect(200).header("etag").to_owned();
    let second = eventually("the other one is shown", async || {
        let answer = aggregator.world.visitor.get(&home).header("If-None-Match", &tag).await;
        (answer.status == 200).then(|| text(&answer.json["slots"][0]["items"][0]["product"]["id"]))
    })
    .await;
    assert_eq!(BTreeSet::from([first, second]), BTreeSet::from([one, two]));
    let report = aggregator.path(&format!("reports/fairness?slot={}", text(&made["id"])));
    let fair = eventually("both windows are counted", async || {
        let report = aggregator.owner.get(&report).await.json(200);
        (report["windows"] == 2).then_some(report)
    })
    .await;
    assert_eq!(
        (&fair["exposures"], &fair["gini"], &fair["longest_wait"]),
        (&json!(2), &json!(0.0), &json!(1))
    );
    let provinces = fair["provinces"].as_array().cloned().unwrap_or_default();
    let codes: Vec<_> = provinces.iter().map(|p| text(&p["province"]["code"])).collect();
    assert_eq!(codes, ["31", "91"]);
    for province in &provinces {
        assert_eq!((&province["share"], &province["target"]), (&json!(0.5), &json!(0.5)));
        assert_eq!((&province["exposures"], &province["merchants"]), (&json!(1), &json!(1)));
    }
    let islands: Vec<_> = fair["island_groups"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|island| text(&island["island_group"]["code"]))
        .collect();
    assert_eq!(islands, ["java", "papua"]);
    let events = aggregator.path("audit?action=slot.turned");
    let turned = aggregator.owner.get(&events).await.json(200);
    assert_eq!(turned["data"].as_array().map(Vec::len), Some(1), "one turn, one entry: {turned}");
}

#[tokio::test]
async fn a_reserve_steps_in_when_the_shown_is_taken_away() {
    let aggregator = World::new().await.aggregator().await;
    let all = BTreeSet::from([
        mutiara_in(&aggregator, "31.71").await,
        mutiara_in(&aggregator, "53.07").await,
        mutiara_in(&aggregator, "91.71").await,
    ]);
    let body = json!({ "place": "home_row", "mode": "rotating", "places": 2 });
    let _ = aggregator.owner.post(&aggregator.path("slots"), body).await.expect(201);
    let before = shown(&aggregator).await;
    assert_eq!(before.len(), 2);
    let gone = before[0].0.clone();
    let _ = aggregator.owner.step(&aggregator.path(&format!("products/{gone}/unpublish"))).await.expect(200);
    let after: BTreeSet<_> = shown(&aggregator).await.into_iter().map(|(id, _)| id).collect();
    assert_eq!(after, all.into_iter().filter(|id| *id != gone).collect());
}

#[tokio::test]
async fn what_becomes_mutiara_later_comes_with_the_next_draw_and_other_rules_draw_at_once() {
    let aggregator = World::new().await.aggregator().await;
    let body = json!({ "place": "home_row", "mode": "rotating", "places": 3 });
    let made = aggregator.owner.post(&aggregator.path("slots"), body).await.json(201);
    assert_eq!(shown(&aggregator).await, []);
    let product = mutiara_in(&aggregator, "91.71").await;
    assert_eq!(shown(&aggregator).await, []);
    let path = aggregator.path(&format!("slots/{}", text(&made["id"])));
    let patch = json!({ "places": 4, "window_hours": 12, "longest_wait": 10 });
    let changed = aggregator.owner.patch(&path, patch).of(&made["version"]).await.json(200);
    assert_eq!((&changed["places"], &changed["window_hours"]), (&json!(4), &json!(12)));
    assert_eq!(shown(&aggregator).await, [(product.clone(), "rotation".to_owned())]);
    let wrong = aggregator.owner.patch(&path, json!({ "product_ids": [product] })).of(&changed["version"]);
    wrong.await.faults(&[("/product_ids", "other_slot_mode")]);
    let fixed = aggregator.slot(&[&product]).await;
    let path = aggregator.path(&format!("slots/{}", text(&fixed["id"])));
    let wrong = aggregator.owner.patch(&path, json!({ "places": 2 })).of(&fixed["version"]);
    wrong.await.faults(&[("/places", "other_slot_mode")]);
}

#[tokio::test]
async fn bookings_of_one_place_do_not_overlap_and_one_goes_before_a_rotation() {
    let aggregator = World::new().await.aggregator().await;
    let (one, two) = (mutiara_in(&aggregator, "31.71").await, mutiara_in(&aggregator, "91.71").await);
    let path = aggregator.path("slots");
    let book = async |body: Value| aggregator.owner.post(&path, body).await;
    let fixed = |from: i64, to: Option<i64>, line: i64| {
        json!({
            "place": "home_row", "line": line, "product_ids": [one],
            "starts_at": at(TimeDelta::hours(from)), "ends_at": to.map(|hours| at(TimeDelta::hours(hours))),
        })
    };
    let _ = book(json!({ "place": "home_row", "mode": "rotating", "places": 2 })).await.expect(201);
    assert_eq!(shown(&aggregator).await.len(), 2);
    let first = book(fixed(-1, Some(10), 1)).await.json(201);
    assert_eq!(shown(&aggregator).await, [(one.clone(), "chosen".to_owned())], "the booking goes first");
    let refused = book(fixed(5, Some(20), 1)).await;
    assert!(text(&refused.json["detail"]).contains(&text(&first["id"])), "{refused}");
    refused.problem(409, "slot_overlap");
    book(fixed(-30, None, 1)).await.problem(409, "slot_overlap");
    let _ = book(fixed(5, Some(20), 2)).await.expect(201);
    let later = book(fixed(11, None, 1)).await.json(201);
    book(json!({ "place": "home_row", "mode": "rotating" })).await.problem(409, "slot_overlap");
    let own = format!("{path}/{}", text(&later["id"]));
    let early = json!({ "starts_at": at(TimeDelta::hours(9)) });
    aggregator.owner.patch(&own, early).of(&later["version"]).await.problem(409, "slot_overlap");
    let same = json!({ "product_ids": [two] });
    let _ = aggregator.owner.patch(&own, same).of(&later["version"]).await.expect(200);
    book(json!({ "place": "home_hero", "line": 2, "product_ids": [one] }))
        .await
        .faults(&[("/line", "out_of_range")]);
}

#[tokio::test]
async fn of_bookings_at_once_for_one_place_one_wins() {
    let aggregator = World::new().await.aggregator().await;
    let product = mutiara_in(&aggregator, "31.71").await;
    let path = aggregator.path("slots");
    let body = json!({ "place": "home_hero", "product_ids": [product] });
    let replies = all_at_once((0..8).map(|_| aggregator.owner.post(&path, body.clone()))).await;
    let mut statuses: Vec<_> = replies.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn the_nation_rotates_over_every_aggregator_and_a_slot_that_stays_goes_on() {
    let server = Server::start(ServerOptions::default()).await;
    let world = World::on(&server).await;
    let (first, second) = (world.aggregator().await, world.aggregator().await);
    let all = BTreeSet::from([mutiara_in(&first, "31.71").await, mutiara_in(&second, "91.71").await]);
    let path = "/v1/platform/featured";
    let rotating =
        json!({ "place": "national", "mode": "rotating", "places": 8, "starts_at": "2026-01-01T00:00:00Z" });
    let made = world.operator.put(path, json!({ "slots": [rotating] })).await.json(201);
    let home = world.visitor.get("/v1/storefront/home").await.json(200);
    let items = home["slots"][0]["items"].as_array().cloned().unwrap_or_default();
    let ids: BTreeSet<_> = items.iter().map(|item| text(&item["product"]["id"])).collect();
    assert_eq!((ids, &items[0]["reason"]["code"]), (all, &json!("rotation")));
    let same = world.operator.put(path, json!({ "slots": [rotating] })).await.json(200);
    assert_eq!(same, made, "the same once more changes nothing");
    let row =
        json!({ "place": "home_row", "mode": "rotating", "places": 1, "starts_at": "2026-01-01T00:00:00Z" });
    let slots = json!({ "slots": [row, rotating, row] });
    let more = world.operator.put(path, slots).of(&made["version"]).await.json(200);
    let lines: Vec<_> = more["slots"].as_array().into_iter().flatten().map(|s| s["line"].clone()).collect();
    assert_eq!(lines, [1, 2, 1].map(|line| json!(line)), "{more}");
    assert_eq!(more["slots"][2]["id"], made["slots"][0]["id"], "what stays is the same slot");
    let twice = json!({ "slots": [rotating, { "place": "national", "line": 1, "mode": "rotating" }] });
    world.operator.put(path, twice).of(&more["version"]).await.problem(409, "slot_overlap");
    let report = world.operator.get("/v1/platform/reports/fairness").await.json(200);
    assert_eq!((&report["windows"], &report["exposures"]), (&json!(3), &json!(4)));
    first.owner.get("/v1/platform/reports/fairness").await.problem(403, "forbidden");
}

#[tokio::test]
async fn a_report_has_a_time_and_a_slot_that_make_sense() {
    let aggregator = World::new().await.aggregator().await;
    let report = |query: &str| aggregator.owner.get(&aggregator.path(&format!("reports/fairness{query}")));
    let empty = report("").await.json(200);
    assert_eq!(
        (&empty["windows"], &empty["provinces"], &empty["gini"]),
        (&json!(0), &json!([]), &json!(0.0))
    );
    for bad in [
        "?from=gestern",
        "?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
        "?from=2024-01-01T00:00:00Z&to=2026-01-01T00:00:00Z",
        "?slot=x",
    ] {
        report(bad).await.problem(400, "invalid_parameter");
    }
    report("?since=1").await.problem(400, "unknown_parameter");
}

/// A kind of exposures in a report or in a part of it: how many, and their share.
fn kind_of(part: &Value, kind: &str) -> (Value, Value) {
    let kinds = part["kinds"].as_array().expect("kinds");
    let found = kinds.iter().find(|one| one["kind"] == kind).expect("the kind");
    (found["exposures"].clone(), found["exposure_share"].clone())
}

#[tokio::test]
async fn fixed_bookings_count_as_exposures_of_their_own_kind() {
    let aggregator = World::new().await.aggregator().await;
    let (jakarta, papua) = (mutiara_in(&aggregator, "31.71").await, mutiara_in(&aggregator, "91.71").await);
    let path = aggregator.path("slots");
    let book = async |body: Value| aggregator.owner.post(&path, body).await.json(201);
    let rotating = json!({ "place": "home_row", "line": 2, "mode": "rotating", "places": 2 });
    let rotating = book(rotating).await;
    let fixed = book(json!({
        "place": "home_row", "product_ids": [jakarta], "starts_at": at(TimeDelta::hours(-60)),
        "ends_at": at(TimeDelta::hours(5)),
    }))
    .await;
    let both = json!({ "place": "home_hero", "product_ids": [jakarta, papua], "starts_at": at(TimeDelta::hours(-1)) });
    let _ = book(both).await;
    let report = async |query: String| {
        aggregator.owner.get(&aggregator.path(&format!("reports/fairness?{query}"))).await.json(200)
    };
    let all = report(String::new()).await;
    // Three days have begun of the first, one of the second with two products.
    assert_eq!(kind_of(&all, "fixed"), (json!(5), json!(1.0)), "{all}");
    assert_eq!((kind_of(&all, "rotation").0, &all["exposures"]), (json!(2), &json!(2)));
    let of = |report: &Value, code: &str| {
        let provinces = report["provinces"].as_array().expect("provinces").iter();
        provinces.clone().find(|one| one["province"]["code"] == code).cloned().expect("a province")
    };
    assert_eq!(kind_of(&of(&all, "31"), "fixed"), (json!(4), json!(0.8)));
    assert_eq!(kind_of(&of(&all, "91"), "fixed"), (json!(1), json!(0.2)));
    assert_eq!(all["gini"], json!(0.0), "rotations are judged by themselves");
    assert!(all["gini_with_fixed"].as_f64().is_some_and(|gini| gini > 0.1), "{all}");
    let one = report(format!("slot={}", text(&fixed["id"]))).await;
    assert_eq!((kind_of(&one, "fixed").0, &one["exposures"]), (json!(3), &json!(0)));
    assert_eq!(of(&one, "31")["province"]["name"], of(&all, "31")["province"]["name"]);
    let none = report(format!("slot={}", text(&rotating["id"]))).await;
    assert_eq!(kind_of(&none, "fixed").0, 0);
    let day = report(format!("from={}", at(TimeDelta::hours(-20)).replace('+', "%2B"))).await;
    assert_eq!(kind_of(&day, "fixed").0, 3, "one day of the first began since");
    // Who sees his own products alone is told of all, as of rotations.
    let product = aggregator.owner.get(&aggregator.path(&format!("products/{papua}"))).await.json(200);
    let merchant = aggregator.merchant_member(&text(&product["merchant_id"])).await;
    let seen = merchant.get(&aggregator.path("reports/fairness")).await.json(200);
    assert_eq!(kind_of(&seen, "fixed").0, 5);
}

#[tokio::test]
async fn a_national_slot_has_a_schedule_that_says_why() {
    let server = Server::start(ServerOptions::default()).await;
    let world = World::on(&server).await;
    let (first, second) = (world.aggregator().await, world.aggregator().await);
    let (one, two) = (mutiara_in(&first, "31.71").await, mutiara_in(&second, "91.71").await);
    let body = json!({ "slots": [
        { "place": "national", "mode": "rotating", "places": 1, "starts_at": "2026-01-01T00:00:00Z" },
        { "place": "home_hero", "products": [{ "aggregator": first.slug, "product_id": one }], "starts_at": "2026-01-01T00:00:00Z" },
    ] });
    let made = world.operator.put("/v1/platform/featured", body).await.json(201);
    let schedule = async |slot: &Value, query: &str| {
        let path = format!("/v1/platform/featured/{}/schedule{query}", text(&slot["id"]));
        world.operator.get(&path).await.json(200)
    };
    let slots = made["slots"].as_array().expect("slots");
    let (hero, national) = (&slots[0], &slots[1]);
    let fixed = schedule(hero, "").await;
    assert_eq!((&fixed["slot_id"], &fixed["is_running"]), (&hero["id"], &json!(true)));
    let item = &fixed["items"][0];
    assert_eq!(
        (&item["product"]["id"], &item["product"]["aggregator"], &item["reason"]["code"]),
        (&json!(one), &json!(first.slug), &json!("booked"))
    );
    let rotating = schedule(national, "?windows=4").await;
    let windows = rotating["windows"].as_array().expect("windows");
    let shown: BTreeSet<_> =
        windows.iter().map(|window| text(&window["items"][0]["product"]["id"])).collect();
    assert_eq!((windows.len(), shown), (4, BTreeSet::from([one.clone(), two.clone()])), "{rotating}");
    for window in windows {
        let item = &window["items"][0];
        assert!(["owed", "waited"].contains(&text(&item["reason"]["code"]).as_str()), "{item}");
        assert_eq!(item["product"]["is_shown"], true);
    }
    let path = format!("/v1/platform/featured/{}/schedule", text(&hero["id"]));
    first.owner.get(&path).await.problem(403, "forbidden");
    world.operator.get(&format!("{path}?windows=31")).await.problem(400, "invalid_parameter");
    let unknown = "/v1/platform/featured/019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11/schedule";
    world.operator.get(unknown).await.problem(404, "not_found");
    let own = first.slot(&[&one]).await;
    let foreign = format!("/v1/platform/featured/{}/schedule", text(&own["id"]));
    world.operator.get(&foreign).await.problem(404, "not_found");
}
