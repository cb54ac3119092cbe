//! From nomination to mutiara: blind scores, conflicts of interest, thresholds, decisions.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Member, World, all_at_once, scores, text};
use serde_json::{Value, json};

/// A nominated product with those who have to do with it.
struct Case {
    aggregator: Aggregator,
    product: String,
    nominator: Member,
    path: String,
}

impl Case {
    async fn new() -> Self {
        let aggregator = World::new().await.aggregator().await;
        let product = text(&aggregator.product().await["id"]);
        let nominator = aggregator.member(Role::MerchantManager).await;
        let made = nominator.post(&aggregator.path("nominations"), nomination(&product)).await.expect(201);
        let path = aggregator.path(&format!("nominations/{}", text(&made.json["id"])));
        assert_eq!(made.header("location"), path);
        Self { aggregator, product, nominator, path }
    }

    async fn curator(&self) -> Member {
        self.aggregator.member(Role::Curator).await
    }

    /// A new reviewer gives the same points everywhere.
    async fn score(&self, points: u8) -> Member {
        let curator = self.curator().await;
        let _ = curator.put(&self.scores_path(), scores(points)).await.expect(201);
        curator
    }

    fn scores_path(&self) -> String {
        format!("{}/scores", self.path)
    }

    async fn decide(&self, decision: Value) -> kapal_tests::Reply {
        self.aggregator.owner.post(&format!("{}/decide", self.path), decision).await
    }

    async fn status(&self) -> String {
        text(&self.aggregator.owner.get(&self.path).await.json(200)["status"])
    }
}

fn nomination(product: &str) -> Value {
    json!({ "product_id": product, "reason": "Rasa khas dan kemasan rapi." })
}

fn accept() -> Value {
    json!({ "decision": "accept", "reason": "Memenuhi semua syarat." })
}

fn decline() -> Value {
    json!({ "decision": "decline", "reason": "Label belum lengkap.", "actions": ["Lengkapi label."] })
}

#[tokio::test]
async fn an_accepted_nomination_makes_the_product_mutiara() {
    let case = Case::new().await;
    assert_eq!(case.status().await, "open");
    let _ = case.score(4).await;
    assert_eq!(case.status().await, "in_review");
    let _ = case.score(5).await;
    // The two are 20 points apart.
    let _ = case.score(4).await;
    let decided = case.decide(accept()).await.json(200);
    assert_eq!(decided["status"], "accepted");
    assert_eq!(decided["score"], 86.66);
    assert!(decided["valid_until"].is_string() && decided["decided_at"].is_string(), "{decided}");
    assert_eq!(decided["decided_by"], case.aggregator.owner.id);
    let aggregator = &case.aggregator;
    let product = aggregator.owner.get(&aggregator.path(&format!("products/{}", case.product))).await;
    assert_eq!(product.json["is_mutiara"], true);
    let shown = aggregator.world.visitor.get(&aggregator.shop(&format!("/products/{}", case.product))).await;
    let shown = shown.json(200);
    assert_eq!((&shown["is_mutiara"], &shown["stars"]), (&json!(true), &decided["stars"]));
    case.decide(accept()).await.problem(409, "wrong_state");
    let late = case.curator().await;
    late.put(&case.scores_path(), scores(5)).await.problem(409, "wrong_state");
    let again = aggregator.owner.post(&aggregator.path("nominations"), nomination(&case.product)).await;
    again.problem(409, "duplicate_nomination");
}

#[tokio::test]
async fn a_reviewer_sees_no_others_scores_before_his_own() {
    let case = Case::new().await;
    let _ = case.score(5).await;
    let second = case.curator().await;
    for seen in [
        second.get(&case.path).await.json(200),
        second.get(&case.aggregator.path("nominations")).await.json(200)["data"][0].clone(),
    ] {
        assert_eq!(seen["reviews"], 1);
        assert_eq!((&seen["scores"], &seen["verdict"]), (&json!([]), &Value::Null));
        assert_eq!((&seen["score"], &seen["stars"]), (&Value::Null, &Value::Null));
    }
    let scored = second.put(&case.scores_path(), scores(4)).await.json(201);
    assert_eq!(scored["scores"].as_array().map(Vec::len), Some(2));
    assert_eq!(scored["verdict"]["average"], 90.0);
}

#[tokio::test]
async fn who_may_not_score_sees_nothing_before_the_decision_and_no_names_after_it() {
    let case = Case::new().await;
    let _ = (case.score(5).await, case.score(5).await);
    let before = case.nominator.get(&case.path).await.json(200);
    assert_eq!((&before["scores"], &before["verdict"]), (&json!([]), &Value::Null));
    assert_eq!(before["score"], Value::Null);
    let _ = case.decide(accept()).await.expect(200);
    let after = case.nominator.get(&case.path).await.json(200);
    assert_eq!((&after["scores"], &after["verdict"]), (&json!([]), &Value::Null));
    assert_eq!((&after["score"], &after["stars"]), (&json!(100.0), &json!(5)));
    let reviewer = case.curator().await;
    let after = reviewer.get(&case.path).await.json(200);
    assert_eq!(after["scores"].as_array().map(Vec::len), Some(2), "a decided one is open to reviewers");
}

#[tokio::test]
async fn who_nominated_never_scores() {
    let world = World::new().await;
    let aggregator = world.aggregator().await;
    let product = text(&aggregator.product().await["id"]);
    let curator = aggregator.member(Role::Curator).await;
    let made = curator.post(&aggregator.path("nominations"), nomination(&product)).await.json(201);
    let path = aggregator.path(&format!("nominations/{}", text(&made["id"])));
    curator.put(&format!("{path}/scores"), scores(5)).await.problem(409, "conflict_of_interest");
    let unscored = curator.get(&path).await.json(200);
    assert_eq!((&unscored["status"], &unscored["reviews"]), (&json!("open"), &json!(0)));
}

#[tokio::test]
async fn who_owns_the_merchant_never_scores_its_products() {
    let world = World::new().await;
    let aggregator = world.aggregator().await;
    let product = aggregator.product().await;
    let member = aggregator.merchant_member(&text(&product["merchant_id"])).await;
    let made =
        member.post(&aggregator.path("nominations"), nomination(&text(&product["id"]))).await.json(201);
    let scores_path = aggregator.path(&format!("nominations/{}/scores", text(&made["id"])));
    member.put(&scores_path, scores(5)).await.problem(403, "forbidden");
}

#[tokio::test]
async fn two_who_differ_by_more_than_15_points_need_a_third() {
    let case = Case::new().await;
    let _ = case.score(5).await;
    let second = case.score(4).await;
    let seen = second.get(&case.path).await.json(200);
    assert_eq!(
        (&seen["verdict"]["needs_third"], &seen["verdict"]["is_complete"]),
        (&json!(true), &json!(false))
    );
    case.decide(accept()).await.problem(409, "third_reviewer_needed");
    case.decide(decline()).await.problem(409, "third_reviewer_needed");
    let _ = case.score(4).await;
    assert_eq!(case.decide(accept()).await.json(200)["status"], "accepted");
}

#[tokio::test]
async fn below_the_threshold_nothing_is_accepted() {
    let case = Case::new().await;
    let _ = (case.score(3).await, case.score(3).await);
    case.decide(accept()).await.problem(409, "below_threshold");
    assert_eq!(case.status().await, "in_review");
    let product = case.aggregator.path(&format!("products/{}", case.product));
    assert_eq!(case.aggregator.owner.get(&product).await.json(200)["is_mutiara"], false);
    let declined = case.decide(decline()).await.json(200);
    assert_eq!((&declined["status"], &declined["valid_until"]), (&json!("declined"), &Value::Null));
    assert_eq!(declined["actions"], json!(["Lengkapi label."]));
    let again = case.nominator.post(&case.aggregator.path("nominations"), nomination(&case.product)).await;
    let _ = again.expect(201);
}

#[tokio::test]
async fn one_criterion_below_three_points_is_not_accepted_whatever_the_average() {
    let case = Case::new().await;
    for _ in 0..2 {
        let mut weak = scores(5);
        weak["scores"]["cerita"] = json!(2);
        let _ = case.curator().await.put(&case.scores_path(), weak).await.expect(201);
    }
    let problem = case.decide(accept()).await.problem(409, "below_threshold");
    assert!(problem["detail"].as_str().is_some_and(|d| d.contains("94")), "{problem}");
}

#[tokio::test]
async fn a_decline_names_actions() {
    let case = Case::new().await;
    let _ = (case.score(3).await, case.score(3).await);
    case.decide(json!({ "decision": "decline", "reason": "Belum." }))
        .await
        .faults(&[("/actions", "required")]);
    case.decide(json!({ "decision": "maybe", "reason": "", "actions": ["", "Lengkapi label."] }))
        .await
        .faults(&[("/decision", "invalid_choice"), ("/reason", "required"), ("/actions/0", "required")]);
    assert_eq!(case.status().await, "in_review");
}

#[tokio::test]
async fn every_bad_criterion_is_named_at_once() {
    let case = Case::new().await;
    let curator = case.curator().await;
    let bad = json!({ "kualitas": 6, "kemasan": 0, "kapasitas": 3, "cerita": -1, "pasar": 5, "rasa": 5 });
    let body = json!({ "scores": bad, "comment": "x".repeat(2_001) });
    curator.put(&case.scores_path(), body).await.faults(&[
        ("/scores/kualitas", "out_of_range"),
        ("/scores/kemasan", "out_of_range"),
        ("/scores/cerita", "out_of_range"),
        ("/scores/legalitas", "missing_score"),
        ("/scores/rasa", "unknown_criterion"),
        ("/comment", "too_long"),
    ]);
    assert_eq!(case.status().await, "open");
}

#[tokio::test]
async fn deciding_before_two_have_scored_is_too_early() {
    let case = Case::new().await;
    case.decide(accept()).await.problem(409, "not_enough_scores");
    let _ = case.score(5).await;
    let problem = case.decide(accept()).await.problem(409, "not_enough_scores");
    assert_eq!(problem["detail"], "1 of 2 reviewers have scored.");
}

#[tokio::test]
async fn scoring_twice_replaces_and_the_same_again_changes_nothing() {
    let case = Case::new().await;
    let curator = case.score(5).await;
    let replaced = curator.put(&case.scores_path(), scores(4)).await.json(200);
    assert_eq!((&replaced["reviews"], &replaced["scores"][0]["total"]), (&json!(1), &json!(80.0)));
    let same = curator.put(&case.scores_path(), scores(4)).await.json(200);
    assert_eq!(same["version"], replaced["version"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_ten_nominations_at_once_one_stands() {
    let world = World::new().await;
    let aggregator = world.aggregator().await;
    let product = text(&aggregator.product().await["id"]);
    let path = aggregator.path("nominations");
    let replies = all_at_once((0..10).map(|_| aggregator.owner.post(&path, nomination(&product)))).await;
    let (made, refused): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 201);
    assert_eq!(made.len(), 1);
    for reply in refused {
        reply.problem(409, "duplicate_nomination");
    }
    let all = aggregator.owner.get(&path).await.json(200);
    assert_eq!(all["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_nomination_is_withdrawn_by_who_nominated_or_who_decides() {
    let case = Case::new().await;
    let withdraw = format!("{}/withdraw", case.path);
    let other = case.aggregator.member(Role::MerchantManager).await;
    other.step(&withdraw).await.problem(403, "forbidden");
    let withdrawn = case.nominator.step(&withdraw).await.json(200);
    assert_eq!(withdrawn["status"], "withdrawn");
    case.nominator.step(&withdraw).await.problem(409, "wrong_state");
    case.curator().await.put(&case.scores_path(), scores(5)).await.problem(409, "wrong_state");
    let nominations = case.aggregator.path("nominations");
    let made = case.nominator.post(&nominations, nomination(&case.product)).await.json(201);
    let again = format!("{nominations}/{}/withdraw", text(&made["id"]));
    assert_eq!(case.curator().await.step(&again).await.json(200)["status"], "withdrawn");
}

#[tokio::test]
async fn only_a_published_product_of_ones_own_is_nominated() {
    let world = World::new().await;
    let (aggregator, stranger) = (world.aggregator().await, world.aggregator().await);
    let path = aggregator.path("nominations");
    let draft = text(&aggregator.draft_product().await["id"]);
    aggregator.owner.post(&path, nomination(&draft)).await.problem(409, "product_not_published");
    let foreign = text(&stranger.product().await["id"]);
    let refused = aggregator.owner.post(&path, nomination(&foreign)).await;
    refused.faults(&[("/product_id", "unknown_reference")]);
    let hero = aggregator.member(Role::LocalHero).await;
    let unseen = text(&aggregator.product().await["id"]);
    let refused = hero.post(&path, nomination(&unseen)).await;
    refused.faults(&[("/product_id", "unknown_reference")]);
    let body = json!({ "product_id": "x", "reason": "" });
    let refused = aggregator.owner.post(&path, body).await;
    refused.faults(&[("/product_id", "invalid_id"), ("/reason", "required")]);
}

#[tokio::test]
async fn a_product_that_was_taken_down_meanwhile_is_not_accepted() {
    let case = Case::new().await;
    let _ = (case.score(5).await, case.score(5).await);
    let unpublish = case.aggregator.path(&format!("products/{}/unpublish", case.product));
    let _ = case.aggregator.owner.step(&unpublish).await.expect(200);
    case.decide(accept()).await.problem(409, "product_not_published");
    assert_eq!(case.status().await, "in_review");
}

#[tokio::test]
async fn nominations_are_listed_by_state_and_product() {
    let case = Case::new().await;
    let list = async |query: &str| {
        let path = case.aggregator.path(&format!("nominations?{query}"));
        let page = case.aggregator.owner.get(&path).await.json(200);
        page["data"].as_array().map(Vec::len)
    };
    assert_eq!(list("status=open,in_review").await, Some(1));
    assert_eq!(list("status=accepted").await, Some(0));
    assert_eq!(list(&format!("product={}", case.product)).await, Some(1));
    let bad = case.aggregator.path("nominations?status=shiny");
    case.aggregator.owner.get(&bad).await.problem(400, "invalid_parameter");
}

#[tokio::test]
async fn a_list_says_what_is_left_to_score_and_is_as_blind_as_the_nomination() {
    let case = Case::new().await;
    let first = case.score(5).await;
    let second = case.curator().await;
    let listed = async |member: &Member, query: &str| {
        let page = member.get(&case.aggregator.path(&format!("nominations?{query}"))).await.json(200);
        page["data"].as_array().map(Vec::len)
    };
    assert_eq!(listed(&second, "mine=to_score").await, Some(1));
    assert_eq!(listed(&first, "mine=to_score").await, Some(0), "has scored");
    let product = case.aggregator.path(&format!("products/{}", case.product));
    let product = case.aggregator.owner.get(&product).await.json(200);
    let merchant = text(&product["merchant_id"]);
    assert_eq!(listed(&second, &format!("merchant={merchant}&source=staff")).await, Some(1));
    assert_eq!(listed(&second, "source=public").await, Some(0));
    assert_eq!(listed(&second, "q=kopi%20arabika&sort=valid_until").await, Some(1));
    assert_eq!(listed(&second, "q=tidak").await, Some(0));
    assert_eq!(listed(&second, "region=11").await, Some(0));
    assert_eq!(listed(&second, &format!("hero={}", second.id)).await, Some(0));
    let path = case.aggregator.path("nominations");
    case.nominator.get(&format!("{path}?mine=to_score")).await.problem(400, "invalid_parameter");
    case.nominator.get(&format!("{path}?sort=score")).await.problem(400, "invalid_parameter");
    let file = second.get(&path).header("Accept", "text/csv").await.expect(200).text();
    let lines: Vec<_> = file.lines().collect();
    assert!(lines[0].contains("\"reviews\"") && lines[1].contains("\"in_review\""), "{file}");
    assert!(lines[1].contains("\"1\",\"\",\"\",\"\""), "neither gates nor scores: {file}");
}

#[tokio::test]
async fn the_log_tells_no_points_to_who_may_still_score() {
    let case = Case::new().await;
    let _ = (case.score(3).await, case.score(3).await);
    let _ = case.decide(decline()).await.expect(200);
    let id = case.path.rsplit('/').next().unwrap_or_default().to_owned();
    let log = case.aggregator.path(&format!("audit?subject_id={id}"));
    let log = case.aggregator.owner.get(&log).await.expect(200).text();
    assert!(log.contains("digest") && !log.contains("kualitas"), "{log}");
}

#[tokio::test]
async fn replaced_scores_are_kept() {
    let case = Case::new().await;
    let curator = case.score(5).await;
    let _ = curator.put(&case.scores_path(), scores(4)).await.expect(200);
    let sql = format!("SELECT total, stood FROM score_history WHERE reviewer_id = '{}'", curator.id);
    let cluster = kapal_tests::Cluster::get();
    let rows = cluster.superuser(&cluster.database).await.query(&sql, &[]).await.expect("history");
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].get::<_, i32>(0), rows[0].get::<_, bool>(1)), (10_000, false));
}

#[tokio::test]
async fn who_mentors_or_owns_the_merchant_does_not_decide_either() {
    let case = Case::new().await;
    let _ = (case.score(5).await, case.score(5).await);
    let sql = format!(
        "INSERT INTO former_merchant_members (aggregator_id, user_id, merchant_id, ended_at) \
         SELECT aggregator_id, '{}', merchant_id, now() FROM products WHERE id = '{}'",
        case.aggregator.owner.id, case.product
    );
    let cluster = kapal_tests::Cluster::get();
    cluster.superuser(&cluster.database).await.batch_execute(&sql).await.expect("a former member");
    case.decide(accept()).await.problem(409, "conflict_of_interest");
    assert_eq!(case.status().await, "in_review");
}
