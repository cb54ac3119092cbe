//! Guessing is slow, and an answer never tells whether an account exists.

use std::time::{Duration, Instant};

use kapal_tests::{Client, PASSWORD, Reply, Server, ServerOptions, World, unique};
use serde_json::json;

async fn log_in(visitor: &Client, email: &str, password: &str) -> Reply {
    visitor.post("/v1/auth/login", json!({ "email": email, "password": password })).await
}

#[tokio::test]
async fn an_unknown_account_gets_the_same_answer_as_a_wrong_password() {
    let world = World::new().await;
    let member = world.aggregator().await.owner;
    let wrong = log_in(&world.visitor, &member.email, "bukan kata sandi ini").await;
    let unknown = log_in(&world.visitor, &format!("{}@uji.example", unique()), "bukan kata sandi ini").await;
    let told = |reply: &Reply| {
        (reply.status, reply.json["code"].clone(), reply.json["title"].clone(), reply.json["detail"].clone())
    };
    assert_eq!(told(&wrong), told(&unknown));
    wrong.problem(401, "invalid_credentials");
}

#[tokio::test]
async fn an_unknown_account_takes_as_long_as_a_wrong_password() {
    let server = Server::start(ServerOptions::default()).await;
    let world = World::on(&server).await;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        // A fresh account each time: failures slow the next try down.
        let member = world.aggregator().await.owner;
        for (times, email) in
            [(&mut known, member.email), (&mut unknown, format!("{}@uji.example", unique()))]
        {
            let began = Instant::now();
            let _ = log_in(&world.visitor, &email, "bukan kata sandi ini").await.expect(401);
            times.push(began.elapsed());
        }
    }
    let least = |times: &[Duration]| times.iter().min().copied().unwrap_or_default().as_secs_f64();
    let ratio = least(&known) / least(&unknown);
    assert!((0.5..2.0).contains(&ratio), "{known:?} against {unknown:?}");
}

#[tokio::test]
async fn a_thousand_guesses_reach_the_password_at_most_twenty_times() {
    let server = Server::start(ServerOptions { rate_limits: "1".into(), ..ServerOptions::default() }).await;
    let world = World::on(&server).await;
    let member = world.aggregator().await.owner;
    let began = Instant::now();
    let (mut reached, mut limited) = (0, 0);
    for _ in 0..1_000 {
        let reply = log_in(&world.visitor, &member.email, "bukan kata sandi ini").await;
        match reply.status {
            401 => reached += 1,
            429 => {
                limited += 1;
                assert!(reply.header("retry-after").parse::<u32>().is_ok_and(|s| s >= 1), "{reply}");
                reply.problem(429, "rate_limited");
            }
            _ => panic!("{reply}"),
        }
    }
    assert!((5..=20).contains(&reached), "{reached} reached the hash, {limited} did not");
    assert!(began.elapsed() < Duration::from_secs(60), "a refusal is cheap: {:?}", began.elapsed());
    // The right password is not told from a wrong one while the account rests.
    let _ = log_in(&world.visitor, &member.email, PASSWORD).await.expect(429);
    let _ = member.get("/v1/me").await.expect(200);
}

#[tokio::test]
async fn a_login_clears_the_failures_of_the_account() {
    let world = World::new().await;
    let member = world.aggregator().await.owner;
    for _ in 0..4 {
        for _ in 0..3 {
            log_in(&world.visitor, &member.email, "bukan kata sandi ini")
                .await
                .problem(401, "invalid_credentials");
        }
        let _ = log_in(&world.visitor, &member.email, PASSWORD).await.expect(200);
    }
}

#[tokio::test]
async fn an_address_is_known_in_any_spelling_of_its_case() {
    let world = World::new().await;
    let member = world.aggregator().await.owner;
    let _ = log_in(&world.visitor, &member.email.to_uppercase(), PASSWORD).await.expect(200);
    let _ = log_in(&world.visitor, &format!(" {} ", member.email), PASSWORD).await;
}
