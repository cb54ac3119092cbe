//! The program as who runs it meets it: stopping, limits, the command line, the demonstration.

use std::io::Write as _;
use std::process::Stdio;

use kapal_tests::{Client, Server, ServerOptions, World, eventually};
use nix::sys::signal::Signal;
use serde_json::json;

#[tokio::test]
async fn a_server_told_to_stop_says_so_first_and_ends_well() {
    let mut server = Server::start(ServerOptions::default()).await;
    let client = Client::new(&server.address);
    let _ = client.get("/readyz").await.expect(200);
    server.signal(Signal::SIGTERM);
    // It still answers, so that a proxy sees that it wants no more requests.
    eventually("readyz says no", || async { (client.get("/readyz").await.status == 503).then_some(()) })
        .await;
    let ended = eventually("the server ends", || {
        let ended = server.ended();
        async move { ended }
    })
    .await;
    assert!(ended.success(), "{ended}: {}", server.log());
}

#[tokio::test]
async fn ctrl_c_ends_a_server_well() {
    let mut server = Server::start(ServerOptions::default()).await;
    server.signal(Signal::SIGINT);
    let ended = eventually("the server ends", || {
        let ended = server.ended();
        async move { ended }
    })
    .await;
    assert!(ended.success(), "{ended}: {}", server.log());
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back() {
    // A hundredth of the limits: one login a minute from an address.
    let server =
        Server::start(ServerOptions { rate_limits: "0.01".into(), ..ServerOptions::default() }).await;
    let client = Client::new(&server.address);
    let login = |name: &str| {
        let body = json!({ "email": format!("{name}@example.test"), "password": "not-the-password" });
        client.post("/v1/auth/login", body)
    };
    login("first").await.problem(401, "invalid_credentials");
    // Another account: it is the address that is limited.
    let refused = login("second").await;
    assert_eq!(refused.header("ratelimit-policy"), "\"login\";q=1;w=60");
    assert!(refused.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0), "{refused}");
    refused.problem(429, "rate_limited");
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_has_limits_of_its_own() {
    let env = vec![("KAPAL_TRUSTED_PROXIES", "127.0.0.1".to_owned())];
    let server = Server::start(ServerOptions { rate_limits: "0.01".into(), env }).await;
    let client = Client::new(&server.address);
    let login = |name: &str, from: &str| {
        let body = json!({ "email": format!("{name}@example.test"), "password": "not-the-password" });
        client.post("/v1/auth/login", body).header("x-forwarded-for", from)
    };
    login("first", "203.0.113.7").await.problem(401, "invalid_credentials");
    // What a client says before the proxy's own entry counts for nothing.
    login("second", "198.51.100.1, 203.0.113.7").await.problem(429, "rate_limited");
    login("third", "203.0.113.8").await.problem(401, "invalid_credentials");
}

#[tokio::test]
async fn an_operator_made_on_the_command_line_logs_in_and_a_weak_password_is_refused() {
    let server = Server::start(ServerOptions::default()).await;
    let create = |password: &'static str| {
        let mut command =
            server.command(&["admin", "create-operator", "--email", "ops@example.test", "--name", "Ops"]);
        tokio::task::spawn_blocking(move || {
            let mut child = command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("kapal");
            child.stdin.take().expect("stdin").write_all(password.as_bytes()).expect("a password");
            child.wait_with_output().expect("kapal ends")
        })
    };
    let refused = create("passwordpassword\n").await.expect("joined");
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("What to do:"), "{refused:?}");
    let made = create("tempe gembus kali progo\n").await.expect("joined");
    assert!(made.status.success(), "{made:?}");
    let client = Client::new(&server.address);
    let login = json!({ "email": "ops@example.test", "password": "tempe gembus kali progo" });
    let token = client.post("/v1/auth/login", login).await.json(200);
    let operator = client.with_token(token["access_token"].as_str().expect("a token"));
    let _ = operator.get("/v1/platform/aggregators").await.expect(200);
}

#[tokio::test]
async fn a_misspelt_setting_is_refused_with_the_nearest_one() {
    let server = Server::start(ServerOptions::default()).await;
    let mut command = server.command(&["migrate"]);
    command.env("KAPAL_DATABASEURL", "x");
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("joined").expect("kapal");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("KAPAL_DATABASE_URL"), "{said}");
}

#[tokio::test]
async fn a_taken_port_is_named_with_the_way_out() {
    let server = Server::start(ServerOptions::default()).await;
    let mut command = server.command(&["serve"]);
    command.env("KAPAL_HTTP_ADDR", server.address.trim_start_matches("http://"));
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("joined").expect("kapal");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("KAPAL_HTTP_ADDR"), "{said}");
}

#[tokio::test]
async fn headers_beyond_their_bound_are_refused() {
    let world = World::new().await;
    let call = world.visitor.get("/v1/regions").header("x-long", &"a".repeat(20_000));
    call.await.problem(431, "headers_too_large");
}

#[tokio::test]
async fn the_demonstration_shows_every_province_once_loaded_and_is_loaded_once() {
    let server = Server::start(ServerOptions::default()).await;
    let demo = || {
        let mut command = server.command(&["demo"]);
        tokio::task::spawn_blocking(move || command.output().expect("kapal demo"))
    };
    let first = demo().await.expect("joined");
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let database = kapal_tests::Cluster::get().superuser(&server.database).await;
    let count = async |sql: &str| database.query_one(sql, &[]).await.expect("a count").get::<_, i64>(0);
    let shown = "FROM search_documents d JOIN published_aggregators a ON a.id = d.aggregator_id WHERE a.national AND d.locale = 'id'";
    assert_eq!(count(&format!("SELECT count(DISTINCT d.province_code) {shown}")).await, 38);
    assert!(count(&format!("SELECT count(*) {shown}")).await >= 400);
    assert!(count("SELECT count(*) FROM published_aggregators WHERE demonstration").await >= 8);
    assert_eq!(count("SELECT count(*) FROM merchants").await, 120);
    assert_eq!(count("SELECT count(*) FROM products").await, 440);
    assert_eq!(count("SELECT count(DISTINCT status) FROM products").await, 6);
    assert_eq!(count("SELECT count(DISTINCT status) FROM merchants").await, 6);
    shows_mentoring(&server.address, &count).await;
    // The server reminds of documents and mutiara that end soon: those are events too.
    let waiting = [
        "legal_documents WHERE next_turn_at <= now()",
        "product_certificates WHERE next_turn_at <= now()",
        "nominations WHERE status = 'accepted' AND coalesce(next_turn_at, '-infinity') <= now()",
    ];
    for rows in waiting {
        eventually("nobody is left to be reminded", async || {
            (count(&format!("SELECT count(*) FROM {rows}")).await == 0).then_some(())
        })
        .await;
    }
    let events = count("SELECT sum(event_seq)::bigint FROM tenant_heads").await;
    assert_eq!(count("SELECT count(*) FROM events").await, events);
    let again = demo().await.expect("joined");
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    assert_eq!(count("SELECT sum(event_seq)::bigint FROM tenant_heads").await, events);
}

/// The mentoring side of the demonstration, in the database and as a hero, a manager and anybody see it.
async fn shows_mentoring(address: &str, count: &impl AsyncFn(&str) -> i64) {
    for (sql, least) in [
        ("SELECT count(*) FROM visits", 400),
        ("SELECT count(DISTINCT date_trunc('month', started_at)) FROM visits", 12),
        ("SELECT count(*) FROM visits WHERE version > 1", 10),
        ("SELECT count(*) FROM visit_confirmations", 200),
        ("SELECT count(*) FROM action_items WHERE status = 'done'", 200),
        ("SELECT count(*) FROM action_items WHERE status = 'open' AND due_on < now()", 20),
        ("SELECT count(*) FROM level_changes WHERE from_level = 'digital' AND to_level = 'modern'", 8),
        ("SELECT count(*) FROM merchants WHERE level = 'online'", 8),
        ("SELECT count(*) FROM assessments WHERE status = 'proposed'", 8),
        ("SELECT count(DISTINCT status) FROM programmes", 3),
        ("SELECT count(*) FROM published_certificates", 24),
        ("SELECT count(DISTINCT status) FROM legal_documents", 4),
        ("SELECT count(*) FROM legal_documents WHERE status = 'expired'", 8),
        (
            "SELECT count(*) FROM legal_documents WHERE status = 'verified' AND expires_on < now() + '7 days'",
            8,
        ),
        ("SELECT count(DISTINCT status) FROM hero_assignments", 3),
        ("SELECT count(*) FROM requested_changes", 6),
        ("SELECT count(*) FROM change_requests WHERE status = 'open'", 8),
        ("SELECT count(DISTINCT status) FROM change_requests", 4),
        ("SELECT count(*) FROM privacy_requests WHERE status = 'open'", 8),
        ("SELECT count(*) FROM bank_accounts", 60),
        (
            "SELECT count(*) FROM merchant_scales s WHERE scale = 'small' AND EXISTS (SELECT FROM merchant_scales b \
          WHERE b.merchant_id = s.merchant_id AND b.scale = 'micro')",
            8,
        ),
        // Published, and yet not shown: a document that it needs has ended.
        (
            "SELECT count(*) FROM products p JOIN merchants m ON m.id = p.merchant_id AND m.status = 'active' \
          WHERE p.status = 'published' AND EXISTS (SELECT FROM legal_documents d WHERE d.merchant_id = m.id \
          AND d.kind = 'pirt' AND d.status = 'expired') AND NOT EXISTS (SELECT FROM search_documents s \
          WHERE s.product_id = p.id)",
            4,
        ),
    ] {
        let found = count(sql).await;
        assert!(found >= least, "{found} instead of {least}: {sql}");
    }
    let visitor = Client::new(address);
    let log_in = async |who: &str| {
        let login =
            json!({ "email": format!("{who}@kie-raha.demo.kapal.test"), "password": "kapal-demo-2026" });
        let token = visitor.post("/v1/auth/login", login).await.json(200);
        visitor.with_token(token["access_token"].as_str().expect("a token"))
    };
    let (hero, manager, store) = (log_in("hero").await, log_in("manager").await, "/v1/aggregators/kie-raha");
    let agenda = hero.get(&format!("{store}/heroes/me/agenda")).await.json(200);
    let kinds: std::collections::BTreeSet<_> =
        agenda["items"].as_array().expect("items").iter().filter_map(|item| item["kind"].as_str()).collect();
    assert!(kinds.is_superset(&["action_item", "document_expiring", "visit_due"].into()), "{kinds:?}");
    let online = manager.get(&format!("{store}/merchants?level=online")).await.json(200);
    let id = online["data"][0]["id"].as_str().expect("a merchant online");
    let progress = manager.get(&format!("{store}/merchants/{id}/progress?limit=100")).await.json(200);
    let timeline = progress["timeline"]["data"].as_array().expect("a time line");
    let of = |kind: &str| timeline.iter().filter(|entry| entry["kind"] == kind).collect::<Vec<_>>();
    assert_eq!(of("level_changed").len(), 3, "{progress}");
    let first = of("visit").last().and_then(|visit| visit["at"].as_str()).expect("visits").to_owned();
    assert!(first < (chrono::Utc::now() - chrono::TimeDelta::days(330)).to_rfc3339(), "{first}");
    let finished = manager.get(&format!("{store}/programmes?status=finished")).await.json(200);
    let programme = finished["data"][0]["id"].as_str().expect("a programme");
    let enrolments =
        manager.get(&format!("{store}/programmes/{programme}/enrolments?status=completed")).await.json(200);
    let code = enrolments["data"][0]["certificate"]["code"].as_str().expect("a code");
    let page = visitor.get(&format!("/verify/{code}")).await.expect(200).text();
    assert!(page.contains("asli dan berlaku"), "{page}");
}
