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
