//! Reading the audit chain, and what `verify` finds when somebody who owns the database rewrites it.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Cluster, Server, ServerOptions, World, text};
use serde_json::{Value, json};

/// An aggregator with some history.
async fn with_history() -> Aggregator {
    let aggregator = World::new().await.aggregator().await;
    for _ in 0..3 {
        let _ = aggregator.active_merchant().await;
    }
    aggregator
}

async fn verify(aggregator: &Aggregator) -> Value {
    aggregator.owner.get(&aggregator.path("audit/verify")).await.json(200)
}

/// Rewrites history as only the database's owner can.
async fn tamper(aggregator: &Aggregator, sql: &str) {
    let cluster = Cluster::get();
    let database = cluster.superuser(&cluster.database).await;
    let sql = sql.replace("$T", &format!("aggregator_id = '{}'", aggregator.id));
    database.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

async fn bad_after(sql: &str) -> (Value, i64) {
    let aggregator = with_history().await;
    let sound = verify(&aggregator).await;
    assert_eq!(
        (&sound["valid"], &sound["complete"], &sound["first_bad"]),
        (&json!(true), &json!(true), &Value::Null)
    );
    assert_eq!((&sound["to"], &sound["entries"]), (&sound["head"]["seq"], &sound["head"]["seq"]));
    tamper(&aggregator, sql).await;
    let found = verify(&aggregator).await;
    assert_eq!(found["valid"], false, "{sql}: {found}");
    (found["first_bad"].clone(), sound["head"]["seq"].as_i64().expect("a number"))
}

#[tokio::test]
async fn a_changed_entry_is_named() {
    let (bad, _) = bad_after(
        "UPDATE audit_entries SET entry = replace(entry, '\"actor_kind\":\"user\"', '\"actor_kind\":\"system\"') WHERE $T AND seq = 4",
    )
    .await;
    assert_eq!((&bad["seq"], &bad["kind"]), (&json!(4), &json!("changed")));
    assert!(bad["id"].is_string());
    let (bad, _) = bad_after("UPDATE audit_entries SET hash = sha256('x') WHERE $T AND seq = 5").await;
    assert_eq!((&bad["seq"], &bad["kind"]), (&json!(5), &json!("changed")));
}

#[tokio::test]
async fn a_removed_entry_is_named() {
    let (bad, _) = bad_after("DELETE FROM audit_entries WHERE $T AND seq = 3").await;
    assert_eq!((&bad["seq"], &bad["id"], &bad["kind"]), (&json!(3), &Value::Null, &json!("removed")));
}

#[tokio::test]
async fn swapped_entries_are_named() {
    let (bad, _) = bad_after(
        "UPDATE audit_entries SET seq = -seq WHERE $T AND seq IN (3, 6); \
         UPDATE audit_entries SET seq = CASE seq WHEN -3 THEN 6 ELSE 3 END WHERE $T AND seq < 0",
    )
    .await;
    assert_eq!((&bad["seq"], &bad["kind"]), (&json!(3), &json!("reordered")));
    let (bad, _) = bad_after(
        "UPDATE audit_entries a SET entry = b.entry FROM audit_entries b \
         WHERE a.$T AND b.aggregator_id = a.aggregator_id AND (a.seq, b.seq) IN ((4, 5), (5, 4))",
    )
    .await;
    assert_eq!((&bad["seq"], &bad["kind"]), (&json!(4), &json!("reordered")));
}

#[tokio::test]
async fn a_cut_tail_is_found_by_the_head() {
    let (bad, head) = bad_after(
        "DELETE FROM audit_entries WHERE $T AND seq > (SELECT audit_seq - 2 FROM tenant_heads WHERE $T)",
    )
    .await;
    assert_eq!((&bad["seq"], &bad["kind"]), (&json!(head - 1), &json!("truncated")));
    let (bad, head) = bad_after(
        "UPDATE tenant_heads SET audit_seq = audit_seq - 1, audit_hash = \
                   (SELECT hash FROM audit_entries WHERE $T AND seq = audit_seq - 1) WHERE $T",
    )
    .await;
    assert_eq!((&bad["seq"], &bad["kind"]), (&json!(head), &json!("added")));
}

#[tokio::test]
async fn a_tail_cut_with_its_head_is_found_by_the_signed_head() {
    let cluster = Cluster::get();
    let aggregator = with_history().await;
    // Signed as the worker does, with the server's own key.
    let db = cluster.pools();
    let _ = db.sign_audit_heads().await.expect("signed");
    let sound = verify(&aggregator).await;
    assert_eq!(sound["valid"], true);
    let cut = "DELETE FROM audit_entries WHERE $T AND seq > (SELECT audit_seq - 2 FROM tenant_heads WHERE $T); \
               UPDATE tenant_heads SET audit_seq = audit_seq - 2, audit_hash = \
                   (SELECT e.hash FROM audit_entries e WHERE e.$T ORDER BY seq DESC LIMIT 1) WHERE $T";
    tamper(&aggregator, cut).await;
    let bad = verify(&aggregator).await["first_bad"].clone();
    let seq = sound["head"]["seq"].as_i64().expect("a number");
    assert_eq!((&bad["seq"], &bad["kind"]), (&json!(seq - 1), &json!("truncated")));
    tamper(&aggregator, "UPDATE audit_heads SET seq = seq - 2 WHERE $T").await;
    assert_eq!(verify(&aggregator).await["first_bad"]["kind"], "forged");
}

#[tokio::test]
async fn a_check_goes_on_from_where_it_is_told() {
    let aggregator = with_history().await;
    let found = aggregator.owner.get(&aggregator.path("audit/verify?from=4")).await.json(200);
    assert_eq!((&found["from"], &found["valid"]), (&json!(4), &json!(true)));
    assert_eq!(found["entries"].as_i64(), found["head"]["seq"].as_i64().map(|head| head - 3));
    aggregator.owner.get(&aggregator.path("audit/verify?from=0")).await.problem(400, "invalid_parameter");
    aggregator.owner.get(&aggregator.path("audit/verify?from=x")).await.problem(400, "invalid_parameter");
}

#[tokio::test]
async fn entries_are_read_by_each_filter_the_newest_first() {
    let aggregator = with_history().await;
    let owner = &aggregator.owner;
    let merchant = aggregator.merchant().await;
    let id = text(&merchant["id"]);
    let submit = aggregator.path(&format!("merchants/{id}/submit"));
    let _ = owner.step(&submit).header("X-Request-Id", &format!("uji-{id}")).await.expect(200);
    let list = async |query: &str| {
        let page = owner.get(&aggregator.path(&format!("audit?{query}"))).await.json(200);
        page["data"].as_array().cloned().expect("a list")
    };
    let all = list("limit=100").await;
    let seqs: Vec<_> = all.iter().map(|entry| entry["seq"].as_i64().expect("a number")).collect();
    assert!(seqs.is_sorted_by(|a, b| a > b), "{seqs:?}");
    let about = list(&format!("subject_id={id}")).await;
    assert_eq!(
        about.iter().map(|e| text(&e["action"])).collect::<Vec<_>>(),
        ["merchant.submitted", "merchant.created"]
    );
    assert_eq!(about[0]["after"]["status"], "submitted");
    let by_request = list(&format!("request_id=uji-{id}")).await;
    assert_eq!(by_request.len(), 1);
    assert_eq!(by_request[0]["id"], about[0]["id"]);
    assert!(list("action=merchant.verified").await.len() == 3);
    assert!(list(&format!("actor={}", owner.id)).await.len() > 5);
    assert!(list("subject_type=lead").await.is_empty());
    let at = text(&about[1]["at"]);
    let since = list(&format!("from={at}")).await;
    assert_eq!(since.len(), 2);
    assert_eq!(list(&format!("to={at}&limit=100")).await.len(), all.len() - 2);
    for bad in ["actor=x", "subject_id=1", "from=kemarin", "to=2026-13-01"] {
        owner.get(&aggregator.path(&format!("audit?{bad}"))).await.problem(400, "invalid_parameter");
    }
    // Page by page nothing is lost or told twice.
    let (mut paged, mut next) = (Vec::new(), aggregator.path("audit?limit=3"));
    loop {
        let page = owner.get(&next).await.json(200);
        paged.extend(page["data"].as_array().cloned().expect("a list"));
        let Some(cursor) = page["page"]["next_cursor"].as_str() else { break };
        next = aggregator.path(&format!("audit?limit=3&cursor={cursor}"));
    }
    assert_eq!(paged, all);
}

#[tokio::test]
async fn only_owners_and_admins_read_it_and_the_operators_look_leaves_a_trace() {
    let aggregator = with_history().await;
    let manager = aggregator.member(Role::MerchantManager).await;
    manager.get(&aggregator.path("audit")).await.problem(403, "forbidden");
    let operator = &aggregator.world.operator;
    let own = operator.get("/v1/platform/audit?action=session.started").await.json(200);
    assert!(!own["data"].as_array().expect("a list").is_empty());
    let theirs = operator.get(&format!("/v1/platform/audit?aggregator={}", aggregator.slug)).await.json(200);
    assert_eq!(theirs["data"][0]["action"], "invitation.accepted");
    let newest = aggregator.owner.get(&aggregator.path("audit?limit=1")).await.json(200);
    assert_eq!(newest["data"][0]["action"], "audit.read");
    operator.get("/v1/platform/audit?aggregator=tiada-sama-sekali").await.problem(404, "not_found");
}

/// `kapal admin audit-verify`: whether it found all sound, and what it said.
async fn audit_verify(server: &Server, of: &[&str]) -> (bool, String) {
    let mut command = server.command(&[&["admin", "audit-verify"], of].concat());
    let output =
        tokio::task::spawn_blocking(move || command.output()).await.expect("a thread").expect("a run");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test]
async fn the_command_checks_every_chain_names_what_is_wrong_and_fails() {
    let server = Server::start(ServerOptions::default()).await;
    let aggregator = World::on(&server).await.aggregator().await;
    let _ = aggregator.active_merchant().await;
    let (sound, said) = audit_verify(&server, &[]).await;
    assert!(sound && said.starts_with("2 chains, "), "the platform's chain is one of them: {said}");
    let (sound, said) = audit_verify(&server, &["--aggregator", &aggregator.slug]).await;
    assert!(sound && said.starts_with("1 chains, "), "{said}");
    let (sound, said) = audit_verify(&server, &["--aggregator", "tidak-ada"]).await;
    assert!(!sound && said.contains("There is no such aggregator.") && said.contains("What to do"), "{said}");

    let database = Cluster::get().superuser(&server.database).await;
    let change = "UPDATE audit_entries SET entry = replace(entry, '\"actor_kind\":\"user\"', '\"actor_kind\":\"system\"') \
                  WHERE aggregator_id::text = $1 AND seq = 4";
    assert_eq!(database.execute(change, &[&aggregator.id]).await.expect("an update"), 1);
    let (sound, said) = audit_verify(&server, &[]).await;
    assert!(!sound, "{said}");
    assert!(said.contains(&format!("{}: entry 4 was changed, id ", aggregator.slug)), "{said}");
    assert!(said.contains("1 of 2 chains were tampered with"), "{said}");

    let platform = kapal_domain::ids::AggregatorId::PLATFORM.to_string();
    let remove = "DELETE FROM audit_entries WHERE aggregator_id::text = $1 AND seq = 1";
    assert_eq!(database.execute(remove, &[&platform]).await.expect("a removal"), 1);
    let (sound, said) = audit_verify(&server, &[]).await;
    assert!(!sound && said.contains("nasional: entry 1 was removed"), "{said}");
    assert!(said.contains("2 of 2 chains were tampered with"), "{said}");
}
