//! From nomination to mutiara: blind scoring, who may not score, when a third reviewer is needed.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Member, Reply, World, scores, text};
use serde_json::{Value, json};

async fn nominated(aggregator: &Aggregator, by: &Member) -> (Value, String) {
    let product = aggregator.product().await;
    let body = json!({ "product_id": product["id"], "reason": "Rasa khas dan kemasan rapi." });
    let nomination = by.post(&aggregator.path("nominations"), body).await.json(201);
    (product, aggregator.path(&format!("nominations/{}", text(&nomination["id"]))))
}

async fn score(who: &Member, path: &str, points: u8) -> Reply {
    who.put(&format!("{path}/scores"), scores(points)).await
}

async fn decide(who: &Member, path: &str, decision: &str) -> Reply {
    let actions = if decision == "decline" { json!(["Perbaiki kemasan."]) } else { json!([]) };
    who.post(
        &format!("{path}/decide"),
        json!({ "decision": decision, "reason": "Menurut nilai.", "actions": actions }),
    )
    .await
}

#[tokio::test]
async fn a_reviewer_sees_others_scores_only_after_giving_his_own() {
    let aggregator = World::new().await.aggregator().await;
    let (_, path) = nominated(&aggregator, &aggregator.owner).await;
    let (one, two) = (aggregator.member(Role::Curator).await, aggregator.member(Role::Curator).await);
    let first = score(&one, &path, 5).await.json(201);
    assert_eq!(
        (first["status"].as_str(), first["scores"].as_array().map(Vec::len)),
        (Some("in_review"), Some(1))
    );
    for page in [two.get(&path).await.json(200), two.get(&aggregator.path("nominations")).await.json(200)] {
        assert!(!page.to_string().contains(&one.id), "{page}");
        assert!(!page.to_string().contains("100"), "a total would tell: {page}");
    }
    let second = score(&two, &path, 4).await.json(201);
    assert_eq!(second["scores"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn who_nominated_does_not_score() {
    let aggregator = World::new().await.aggregator().await;
    let curator = aggregator.member(Role::Curator).await;
    let (_, path) = nominated(&aggregator, &curator).await;
    score(&curator, &path, 5).await.problem(409, "conflict_of_interest");
}

#[tokio::test]
async fn two_high_scores_make_a_mutiara_with_stars() {
    let aggregator = World::new().await.aggregator().await;
    let (product, path) = nominated(&aggregator, &aggregator.owner).await;
    decide(&aggregator.owner, &path, "accept").await.problem(409, "not_enough_scores");
    let (one, two) = (aggregator.member(Role::Curator).await, aggregator.member(Role::Curator).await);
    let _ = score(&one, &path, 5).await.expect(201);
    decide(&aggregator.owner, &path, "accept").await.problem(409, "not_enough_scores");
    let _ = score(&two, &path, 5).await.expect(201);
    let accepted = decide(&aggregator.owner, &path, "accept").await.json(200);
    assert_eq!((accepted["status"].as_str(), accepted["stars"].as_i64()), (Some("accepted"), Some(5)));
    let shop = aggregator.shop(&format!("/products/{}", text(&product["slug"])));
    let shown = aggregator.world.visitor.get(&shop).await.json(200);
    assert_eq!((shown["is_mutiara"].as_bool(), shown["stars"].as_i64()), (Some(true), Some(5)));
    decide(&aggregator.owner, &path, "decline").await.problem(409, "wrong_state");
    score(&one, &path, 1).await.problem(409, "wrong_state");
    let body = json!({ "product_id": product["id"], "reason": "Sekali lagi." });
    aggregator.owner.post(&aggregator.path("nominations"), body).await.problem(409, "duplicate_nomination");
}

#[tokio::test]
async fn reviewers_far_apart_need_a_third() {
    let aggregator = World::new().await.aggregator().await;
    let (_, path) = nominated(&aggregator, &aggregator.owner).await;
    for points in [5, 3] {
        let curator = aggregator.member(Role::Curator).await;
        let _ = score(&curator, &path, points).await.expect(201);
    }
    decide(&aggregator.owner, &path, "accept").await.problem(409, "not_enough_scores");
    let third = aggregator.member(Role::Curator).await;
    let _ = score(&third, &path, 5).await.expect(201);
    let _ = decide(&aggregator.owner, &path, "accept").await.expect(200);
}

#[tokio::test]
async fn a_weak_product_is_not_accepted_and_a_refusal_lists_what_to_do() {
    let aggregator = World::new().await.aggregator().await;
    let (product, path) = nominated(&aggregator, &aggregator.owner).await;
    for _ in 0..2 {
        let curator = aggregator.member(Role::Curator).await;
        let _ = score(&curator, &path, 3).await.expect(201);
    }
    decide(&aggregator.owner, &path, "accept").await.problem(409, "below_threshold");
    let bare = json!({ "decision": "decline", "reason": "Belum." });
    aggregator.owner.post(&format!("{path}/decide"), bare).await.faults(&[("/actions", "required")]);
    assert_eq!(decide(&aggregator.owner, &path, "decline").await.json(200)["status"], "declined");
    let body = json!({ "product_id": product["id"], "reason": "Sudah diperbaiki." });
    let _ = aggregator.owner.post(&aggregator.path("nominations"), body).await.expect(201);
}

#[tokio::test]
async fn scores_are_whole_and_within_the_rubric() {
    let aggregator = World::new().await.aggregator().await;
    let (_, path) = nominated(&aggregator, &aggregator.owner).await;
    let curator = aggregator.member(Role::Curator).await;
    let put = |change: Value| {
        let mut body = scores(3);
        for (key, value) in change.as_object().expect("an object") {
            body["scores"][key] = value.clone();
        }
        curator.put(&format!("{path}/scores"), body)
    };
    put(json!({ "rasa": 3 })).await.faults(&[("/scores/rasa", "unknown_criterion")]);
    put(json!({ "kualitas": 0 })).await.faults(&[("/scores/kualitas", "out_of_range")]);
    put(json!({ "kualitas": 6 })).await.faults(&[("/scores/kualitas", "out_of_range")]);
    let _ = put(json!({ "kualitas": 3.5 })).await.problem(422, "validation_failed");
    let mut few = scores(3);
    few["scores"].as_object_mut().expect("scores").shift_remove("kualitas");
    curator.put(&format!("{path}/scores"), few).await.faults(&[("/scores/kualitas", "missing_score")]);
}

#[tokio::test]
async fn only_published_products_are_nominated_and_only_by_those_who_see_them() {
    let world = World::new().await;
    let (aggregator, theirs) = (world.aggregator().await, world.aggregator().await);
    let nominate = |id: &Value| {
        aggregator
            .owner
            .post(&aggregator.path("nominations"), json!({ "product_id": id, "reason": "Bagus." }))
    };
    nominate(&aggregator.draft_product().await["id"]).await.problem(409, "product_not_published");
    nominate(&theirs.product().await["id"]).await.faults(&[("/product_id", "unknown_reference")]);
    let product = aggregator.product().await;
    let hero = aggregator.member(Role::LocalHero).await;
    let body = json!({ "product_id": product["id"], "reason": "Bagus." });
    hero.post(&aggregator.path("nominations"), body).await.faults(&[("/product_id", "unknown_reference")]);
}

#[tokio::test]
async fn a_nomination_is_withdrawn_by_its_author_before_it_is_decided() {
    let aggregator = World::new().await.aggregator().await;
    let manager = aggregator.member(Role::MerchantManager).await;
    let (_, path) = nominated(&aggregator, &manager).await;
    let withdrawn = manager.step(&format!("{path}/withdraw")).await;
    assert_eq!(withdrawn.json(200)["status"], "withdrawn");
    let curator = aggregator.member(Role::Curator).await;
    score(&curator, &path, 5).await.problem(409, "wrong_state");
}
