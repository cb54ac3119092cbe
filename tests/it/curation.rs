//! After the decision: what is advised, the one appeal, the end of a mutiara by time, by a document, by hand.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Cluster, Member, World, all_at_once, eventually, scores, text};
use serde_json::{Value, json};

/// Runs SQL in the shared server's database, above all rules: what only time would do.
async fn in_time(sql: &str) {
    let cluster = Cluster::get();
    cluster.superuser(&cluster.database).await.batch_execute(sql).await.expect(sql);
}

/// How many events of a kind there are about a thing.
async fn events(subject: &str, kind: &str) -> usize {
    let cluster = Cluster::get();
    let client = cluster.superuser(&cluster.database).await;
    let sql = format!("SELECT FROM events WHERE subject_id = '{subject}' AND kind = '{kind}'");
    client.query(&sql, &[]).await.expect("events").len()
}

/// A nomination by the merchant's own account, with two reviewers' scores.
struct Case {
    aggregator: Aggregator,
    product: Value,
    merchant: Member,
    reviewers: Vec<Member>,
    id: String,
    path: String,
}

impl Case {
    async fn new(points: u8) -> Self {
        let aggregator = World::new().await.aggregator().await;
        let product = aggregator.product().await;
        let merchant = aggregator.merchant_member(&text(&product["merchant_id"])).await;
        let body = json!({ "product_id": product["id"], "reason": "Rasa khas." });
        let made = merchant.post(&aggregator.path("nominations"), body).await.json(201);
        assert_eq!(made["source"], "merchant");
        let id = text(&made["id"]);
        let path = aggregator.path(&format!("nominations/{id}"));
        let mut case = Self { aggregator, product, merchant, reviewers: Vec::new(), id, path };
        for _ in 0..2 {
            let curator = case.score(points).await;
            case.reviewers.push(curator);
        }
        case
    }

    async fn score(&self, points: u8) -> Member {
        let curator = self.aggregator.member(Role::Curator).await;
        let _ = curator.put(&format!("{}/scores", self.path), scores(points)).await.expect(201);
        curator
    }

    async fn accept(&self) -> Value {
        let body = json!({ "decision": "accept", "reason": "Memenuhi semua syarat." });
        self.aggregator.owner.post(&format!("{}/decide", self.path), body).await.json(200)
    }

    fn decline(&self) -> kapal_tests::Call {
        let body = json!({ "decision": "decline", "reason": "Belum.", "actions": ["Lengkapi label."] });
        self.aggregator.owner.post(&format!("{}/decide", self.path), body)
    }

    fn appeal(&self) -> kapal_tests::Call {
        self.merchant.post(&format!("{}/appeal", self.path), json!({ "reason": "Label sudah lengkap." }))
    }

    fn revoke(&self) -> kapal_tests::Call {
        self.aggregator.owner.post(&format!("{}/revoke", self.path), json!({ "reason": "Izin dicabut." }))
    }

    async fn read(&self) -> Value {
        self.aggregator.owner.get(&self.path).await.json(200)
    }

    async fn is_mutiara(&self) -> bool {
        let path = self.aggregator.shop(&format!("/products/{}", text(&self.product["id"])));
        self.aggregator.world.visitor.get(&path).await.json(200)["is_mutiara"] == true
    }

    async fn ended(&self, status: &str) -> Value {
        eventually(status, async || Some(self.read().await).filter(|read| read["status"] == status)).await
    }
}

#[tokio::test]
async fn what_a_refusal_advises_is_the_merchants_to_do_within_thirty_days() {
    let case = Case::new(3).await;
    let _ = case.decline().await.expect(200);
    let merchant = text(&case.product["merchant_id"]);
    let path = case.aggregator.path(&format!("merchants/{merchant}/action-items"));
    let items = case.merchant.get(&path).await.json(200);
    let item = &items["data"][0];
    assert_eq!((&item["text"], &item["owner"]), (&json!("Lengkapi label."), &json!("merchant")));
    assert_eq!(item["source"]["id"], case.id);
    let due: chrono::NaiveDate = text(&item["due_on"]).parse().expect("a day");
    let days = due.signed_duration_since(chrono::Utc::now().date_naive()).num_days();
    assert!((30..=31).contains(&days), "{due}");
    let past = json!({ "decision": "decline", "reason": "x", "actions": ["y"], "due_on": "2020-01-01" });
    let decide = format!("{}/decide", case.path);
    case.aggregator.owner.post(&decide, past).await.faults(&[("/due_on", "out_of_range")]);
}

#[tokio::test]
async fn an_appeal_begins_a_second_round_with_new_scores_once() {
    let case = Case::new(3).await;
    case.appeal().await.problem(409, "wrong_state");
    let declined = case.decline().await.json(200);
    let manager = case.aggregator.member(Role::MerchantManager).await;
    let body = json!({ "reason": "Saya tidak setuju." });
    manager.post(&format!("{}/appeal", case.path), body).await.problem(403, "forbidden");
    let empty = case.merchant.post(&format!("{}/appeal", case.path), json!({ "reason": " " })).await;
    empty.faults(&[("/reason", "required")]);
    let appealed = case.appeal().await.json(200);
    assert_eq!((&appealed["status"], &appealed["round"]), (&json!("appealed"), &json!(2)));
    assert_eq!((&appealed["score"], &appealed["decision_reason"]), (&Value::Null, &Value::Null));
    assert_eq!(appealed["appeal"]["decision_reason"], "Belum.");
    // Whoever is to score is blind for the first round too.
    let blind = case.aggregator.member(Role::Curator).await.get(&case.path).await.json(200);
    assert_eq!(
        (&blind["appeal"]["score"], &blind["appeal"]["scores"], &blind["reviews"]),
        (&Value::Null, &json!([]), &json!(0))
    );
    for reviewer in &case.reviewers {
        let _ = reviewer.put(&format!("{}/scores", case.path), scores(5)).await.expect(201);
    }
    case.decline().await.problem(409, "new_reviewer_needed");
    let fresh = case.score(5).await;
    let seen = fresh.get(&case.path).await.json(200);
    assert_eq!(seen["appeal"]["score"], declined["score"]);
    assert_eq!(seen["appeal"]["scores"].as_array().map(Vec::len), Some(2));
    assert_eq!(case.accept().await["status"], "accepted");
    assert!(case.is_mutiara().await);
    assert_eq!(events(&case.id, "nomination.appealed").await, 1);
}

#[tokio::test]
async fn a_second_refusal_is_final() {
    let case = Case::new(3).await;
    let _ = case.decline().await.expect(200);
    let _ = case.appeal().await.expect(200);
    let _ = (case.score(3).await, case.score(3).await);
    let _ = case.decline().await.expect(200);
    case.appeal().await.problem(409, "already_appealed");
}

#[tokio::test]
async fn a_mutiara_is_taken_away_with_a_reason() {
    let case = Case::new(5).await;
    case.revoke().await.problem(409, "wrong_state");
    let _ = case.accept().await;
    assert!(case.is_mutiara().await);
    let manager = case.aggregator.member(Role::MerchantManager).await;
    let body = json!({ "reason": "Bukan urusan saya." });
    manager.post(&format!("{}/revoke", case.path), body).await.problem(403, "forbidden");
    let empty = case.aggregator.owner.post(&format!("{}/revoke", case.path), json!({ "reason": "" })).await;
    empty.faults(&[("/reason", "required")]);
    let revoked = case.revoke().await.json(200);
    assert_eq!((&revoked["status"], &revoked["end_reason"]), (&json!("revoked"), &json!("Izin dicabut.")));
    assert!(!case.is_mutiara().await);
    case.revoke().await.problem(409, "wrong_state");
    assert_eq!(events(&case.id, "nomination.revoked").await, 1);
    let body = json!({ "product_id": case.product["id"], "reason": "Sudah diperbaiki." });
    let _ = case.merchant.post(&case.aggregator.path("nominations"), body).await.expect(201);
}

#[tokio::test]
async fn a_mutiara_ends_after_twelve_months_with_reminders_before() {
    let case = Case::new(5).await;
    let _ = case.accept().await;
    let pass = |days: u32| {
        format!(
            "UPDATE nominations SET decided_at = now() - interval '12 months' + interval '{days} days', \
             next_turn_at = now() WHERE id = '{}'",
            case.id
        )
    };
    // The product's documents end in years: the twelve months alone count.
    in_time(&pass(6)).await;
    eventually("the reminder", async || (events(&case.id, "nomination.expiring").await == 1).then_some(()))
        .await;
    let mail = eventually("the letter", async || {
        case.aggregator.world.mail_to(&case.merchant.email).into_iter().find(|mail| mail.contains("mutiara"))
    })
    .await;
    assert!(mail.contains("Mutiara yang perlu dinilai ulang"), "{mail}");
    assert!(case.is_mutiara().await);
    in_time(&pass(0)).await;
    let ended = case.ended("expired").await;
    assert!(ended["ended_at"].is_string() && ended["ended_by"].is_null(), "{ended}");
    assert!(!case.is_mutiara().await);
    assert_eq!(events(&case.id, "nomination.expired").await, 1);
    assert_eq!(events(&case.id, "nomination.expiring").await, 1);
}

#[tokio::test]
async fn a_mutiara_ends_with_a_gate_document_and_a_renewed_one_moves_the_end() {
    let case = Case::new(5).await;
    let merchant = text(&case.product["merchant_id"]);
    let accepted = case.accept().await;
    let until = |days: u32| {
        format!(
            "UPDATE legal_documents SET expires_on = current_date + {days} \
             WHERE merchant_id = '{merchant}' AND kind = 'halal'; \
             UPDATE nominations SET next_turn_at = now() WHERE id = '{}'",
            case.id
        )
    };
    in_time(&until(20)).await;
    let sooner = eventually("the nearer end", async || {
        Some(case.read().await).filter(|read| read["valid_until"] != accepted["valid_until"])
    })
    .await;
    assert!(text(&sooner["valid_until"]) < text(&accepted["valid_until"]), "{sooner}");
    in_time(&until(2_000)).await;
    let later = eventually("the later end", async || {
        Some(case.read().await).filter(|read| read["valid_until"] != sooner["valid_until"])
    })
    .await;
    assert!(text(&later["valid_until"]) > text(&sooner["valid_until"]), "{later}");
    let halal = case.aggregator.path(&format!("merchants/{merchant}/documents/halal/revoke"));
    let _ = case.aggregator.owner.post(&halal, json!({ "note": "Dicabut penerbit." })).await.expect(200);
    let _ = case.ended("expired").await;
    assert_eq!(events(&case.id, "nomination.expired").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_appeals_at_once_one_stands() {
    let case = Case::new(3).await;
    let _ = case.decline().await.expect(200);
    let replies = all_at_once((0..4).map(|_| case.appeal())).await;
    let stood = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(stood, 1);
    for reply in replies.into_iter().filter(|reply| reply.status != 200) {
        reply.problem(409, "wrong_state");
    }
    assert_eq!(events(&case.id, "nomination.appealed").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scores_at_once_all_count_and_a_decision_sees_whole_ones() {
    let case = Case::new(4).await;
    let mut calls = Vec::new();
    for _ in 0..4 {
        let curator = case.aggregator.member(Role::Curator).await;
        calls.push(curator.put(&format!("{}/scores", case.path), scores(4)));
    }
    calls.push(case.decline());
    let mut replies = all_at_once(calls).await;
    let _ = replies.pop().expect("the decision").expect(200);
    let scored = replies.iter().filter(|reply| reply.status == 201).count();
    for late in replies.into_iter().filter(|reply| reply.status != 201) {
        late.problem(409, "wrong_state");
    }
    let read = case.read().await;
    assert_eq!((&read["reviews"], &read["score"]), (&json!(2 + scored), &json!(80.0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_an_expiry_and_a_revocation_at_once_one_ends_it() {
    let case = Case::new(5).await;
    let _ = case.accept().await;
    in_time(&format!(
        "UPDATE nominations SET decided_at = now() - interval '13 months', next_turn_at = now() WHERE id = '{}'",
        case.id
    ))
    .await;
    let reply = case.revoke().await;
    let expected = if reply.status == 200 { "revoked" } else { "expired" };
    if expected == "expired" {
        reply.problem(409, "wrong_state");
    }
    let _ = case.ended(expected).await;
    let ends = [events(&case.id, "nomination.revoked").await, events(&case.id, "nomination.expired").await];
    assert_eq!(ends.iter().sum::<usize>(), 1);
    assert!(!case.is_mutiara().await);
}
