//! Rubrics: versions, of the aggregator and of categories, and which one a nomination is scored on.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, World, all_at_once, text};
use serde_json::{Value, json};

fn criterion(key: &str, weight: u8) -> Value {
    let both = |text: &str| json!({ "id": text, "en": text });
    let anchors: Vec<_> =
        [1, 3, 5].iter().map(|points| json!({ "points": points, "meaning": both("arti") })).collect();
    json!({ "key": key, "weight": weight, "name": both(key), "anchors": anchors })
}

fn rubric(weights: [u8; 2]) -> Value {
    json!({ "criteria": [criterion("rasa", weights[0]), criterion("kemasan", weights[1])] })
}

async fn write(aggregator: &Aggregator, category: Option<&str>, body: Value) -> Value {
    let query = category.map(|category| format!("?category={category}")).unwrap_or_default();
    aggregator.owner.put(&aggregator.path(&format!("rubric{query}")), body).await.json(201)
}

async fn held(aggregator: &Aggregator, query: &str) -> Value {
    aggregator.owner.get(&aggregator.path(&format!("rubric{query}"))).await.json(200)
}

/// Two categories, the first above the second.
async fn branch(aggregator: &Aggregator) -> (Value, Value) {
    let all = aggregator.world.visitor.get("/v1/categories").await.json(200);
    let all = all["data"].as_array().or(all.as_array()).cloned().expect("categories");
    let below = all.iter().find(|category| category["parent_id"].is_string()).expect("a branch");
    let top = all.iter().find(|category| category["id"] == below["parent_id"]).expect("what is above it");
    (top.clone(), below.clone())
}

#[tokio::test]
async fn an_aggregator_starts_with_the_platforms_rubric_and_writes_versions_of_its_own() {
    let aggregator = World::new().await.aggregator().await;
    let first = held(&aggregator, "").await;
    assert_eq!((&first["version"], &first["id"]), (&json!(0), &Value::Null));
    assert_eq!(first["gates"], json!(["nib", "category_documents", "photos", "price"]));
    let made = write(&aggregator, None, rubric([60, 40])).await;
    assert_eq!((&made["version"], &made["reviewers"]), (&json!(1), &json!(2)));
    let again = aggregator.owner.put(&aggregator.path("rubric"), rubric([60, 40])).await.json(200);
    assert_eq!(again["id"], made["id"]);
    let second = write(&aggregator, None, rubric([70, 30])).await;
    assert_eq!(second["version"], 2);
    assert_eq!(held(&aggregator, "").await["id"], second["id"]);
    let versions = aggregator.owner.get(&aggregator.path("rubric/versions?limit=1")).await.json(200);
    assert_eq!(versions["data"][0]["version"], 2);
    let cursor = text(&versions["page"]["next_cursor"]);
    let rest = aggregator.path(&format!("rubric/versions?limit=1&cursor={cursor}"));
    assert_eq!(aggregator.owner.get(&rest).await.json(200)["data"][0]["criteria"], made["criteria"]);
}

#[tokio::test]
async fn the_nearest_rubric_holds_for_a_category() {
    let aggregator = World::new().await.aggregator().await;
    let (top, below) = branch(&aggregator).await;
    let (top, below) = (text(&top["slug"]), text(&below["slug"]));
    let query = format!("?category={below}");
    let of_below = || held(&aggregator, &query);
    assert_eq!(of_below().await["version"], 0);
    let own = write(&aggregator, None, rubric([60, 40])).await;
    assert_eq!(of_below().await["id"], own["id"]);
    let above = write(&aggregator, Some(&top), rubric([50, 50])).await;
    assert_eq!(of_below().await["id"], above["id"]);
    let nearest = write(&aggregator, Some(&below), rubric([40, 60])).await;
    assert_eq!(of_below().await["id"], nearest["id"]);
    assert_eq!(held(&aggregator, &format!("?category={top}")).await["id"], above["id"]);
    assert_eq!(held(&aggregator, "").await["id"], own["id"]);
    let unknown = aggregator.path("rubric?category=tidak-ada");
    aggregator.owner.get(&unknown).await.problem(400, "invalid_parameter");
    aggregator.owner.put(&unknown, rubric([60, 40])).await.problem(400, "invalid_parameter");
}

#[tokio::test]
async fn a_rubric_that_is_not_sound_is_refused_with_every_fault() {
    let aggregator = World::new().await.aggregator().await;
    let path = aggregator.path("rubric");
    let put = |body: Value| aggregator.owner.put(&path, body);
    put(rubric([59, 40])).await.faults(&[("/criteria", "invalid_rubric")]);
    put(json!({ "criteria": [] })).await.faults(&[("/criteria", "required")]);
    let mut bad = rubric([60, 40]);
    bad["criteria"][1]["key"] = json!("rasa");
    bad["criteria"][0]["anchors"] = json!([]);
    bad["mutiara_at"] = json!(0);
    bad["gates"] = json!(["nib", "nib"]);
    put(bad).await.faults(&[
        ("/criteria/0/anchors", "invalid_anchors"),
        ("/criteria/1/key", "duplicate_entry"),
        ("/mutiara_at", "out_of_range"),
        ("/gates/1", "duplicate_entry"),
    ]);
    assert_eq!(held(&aggregator, "").await["version"], 0, "nothing was stored");
    let curator = aggregator.member(Role::MerchantManager).await;
    curator.put(&path, rubric([60, 40])).await.problem(403, "forbidden");
}

#[tokio::test]
async fn a_nomination_stays_with_the_version_of_its_first_score() {
    let aggregator = World::new().await.aggregator().await;
    let _ = write(&aggregator, None, rubric([60, 40])).await;
    let product = text(&aggregator.product().await["id"]);
    let body = json!({ "product_id": product, "reason": "Rasa khas." });
    let made = aggregator.owner.post(&aggregator.path("nominations"), body).await.json(201);
    let path = aggregator.path(&format!("nominations/{}", text(&made["id"])));
    assert_eq!(made["rubric"]["version"], 1);
    let _ = write(&aggregator, None, rubric([50, 50])).await;
    assert_eq!(aggregator.owner.get(&path).await.json(200)["rubric"]["version"], 2, "nobody has scored");
    let scores = json!({ "scores": { "rasa": 5, "kemasan": 3 } });
    let first = aggregator.member(Role::Curator).await;
    let scored = first.put(&format!("{path}/scores"), scores.clone()).await.json(201);
    assert_eq!(scored["scores"][0]["total"], 80.0);
    let _ = write(&aggregator, None, rubric([90, 10])).await;
    let second = aggregator.member(Role::Curator).await;
    let scored = second.put(&format!("{path}/scores"), scores).await.json(201);
    assert_eq!((&scored["rubric"]["version"], &scored["verdict"]["average"]), (&json!(2), &json!(80.0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_versions_written_at_once_each_has_its_own_number() {
    let aggregator = World::new().await.aggregator().await;
    let path = aggregator.path("rubric");
    let replies = all_at_once((10..16).map(|n| aggregator.owner.put(&path, rubric([n, 100 - n])))).await;
    let mut numbers: Vec<_> =
        replies.into_iter().map(|reply| reply.json(201)["version"].as_i64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn a_gate_that_is_shut_keeps_a_product_from_being_scored() {
    let aggregator = World::new().await.aggregator().await;
    let mut strict = rubric([60, 40]);
    strict["min_photos"] = json!(3);
    let _ = write(&aggregator, None, strict).await;
    let product = text(&aggregator.product().await["id"]);
    let body = json!({ "product_id": product, "reason": "Rasa khas." });
    let made = aggregator.owner.post(&aggregator.path("nominations"), body).await.json(201);
    let shut: Vec<_> =
        made["gates"].as_array().unwrap().iter().filter(|gate| gate["passed"] == false).collect();
    assert_eq!((shut.len(), &shut[0]["gate"]), (1, &json!("photos")));
    let path = aggregator.path(&format!("nominations/{}/scores", text(&made["id"])));
    let curator = aggregator.member(Role::Curator).await;
    let refused = curator.put(&path, json!({ "scores": { "rasa": 5, "kemasan": 3 } })).await;
    assert_eq!(refused.problem(409, "gates_shut")["detail"], "Shut: photos.");
}
