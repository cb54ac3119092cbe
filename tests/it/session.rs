//! Refresh tokens rotate; an old one that comes back ends the family; what ends a session ends it at once.

use kapal_tests::{Cluster, Member, PASSWORD, Reply, World, text};
use serde_json::json;

async fn refresh(world: &World, token: &str) -> Reply {
    world.visitor.post("/v1/auth/refresh", json!({ "refresh_token": token })).await
}

async fn is_in(member: &Member) -> bool {
    member.get("/v1/me").await.status == 200
}

/// Lets as much time pass for the user's sessions as `interval` says.
async fn pass(member: &Member, interval: &str) {
    let cluster = Cluster::get();
    let sql = format!(
        "UPDATE sessions SET rotated_at = rotated_at - interval '{interval}', created_at = created_at - interval '{interval}', \
         expires_at = expires_at - interval '{interval}' WHERE user_id = '{}'",
        member.id
    );
    cluster.superuser(&cluster.database).await.batch_execute(&sql).await.expect("time passed");
}

#[tokio::test]
async fn each_refresh_replaces_the_token() {
    let world = World::new().await;
    let member = world.aggregator().await.owner;
    let next = refresh(&world, &member.refresh_token).await.json(200);
    assert_eq!(next["token_type"], "Bearer");
    assert_ne!(text(&next["refresh_token"]), member.refresh_token);
    let _ = world.visitor.with_token(&text(&next["access_token"])).get("/v1/me").await.expect(200);
    let _ = refresh(&world, &text(&next["refresh_token"])).await.expect(200);
}

#[tokio::test]
async fn a_lost_answer_may_be_asked_for_again_for_ten_seconds() {
    let world = World::new().await;
    let member = world.aggregator().await.owner;
    let first = refresh(&world, &member.refresh_token).await.json(200);
    let again = refresh(&world, &member.refresh_token).await.json(200);
    assert_eq!(first["refresh_token"], again["refresh_token"]);
    pass(&member, "11 seconds").await;
    refresh(&world, &member.refresh_token).await.problem(401, "invalid_token");
    refresh(&world, &text(&first["refresh_token"])).await.problem(401, "invalid_token");
    assert!(!is_in(&member).await, "the family is ended, its access tokens too");
}

#[tokio::test]
async fn two_generations_back_is_theft_at_any_time() {
    let world = World::new().await;
    let member = world.aggregator().await.owner;
    let second = text(&refresh(&world, &member.refresh_token).await.json(200)["refresh_token"]);
    let third = text(&refresh(&world, &second).await.json(200)["refresh_token"]);
    refresh(&world, &member.refresh_token).await.problem(401, "invalid_token");
    refresh(&world, &third).await.problem(401, "invalid_token");
    assert!(!is_in(&member).await);
    let other = world.log_in(&member.email).await;
    assert!(is_in(&other).await, "other logins are not the thief's");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_refreshes_at_once_have_one_successor() {
    let world = World::new().await;
    let member = world.aggregator().await.owner;
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (world, token) = (world.clone(), member.refresh_token.clone());
            tokio::spawn(async move { text(&refresh(&world, &token).await.json(200)["refresh_token"]) })
        })
        .collect();
    let mut successors = std::collections::BTreeSet::new();
    for task in tasks {
        successors.insert(task.await.expect("answered"));
    }
    assert_eq!(successors.len(), 1);
}

#[tokio::test]
async fn idle_and_old_sessions_end() {
    let world = World::new().await;
    let aggregator = world.aggregator().await;
    let idle = aggregator.owner.clone();
    pass(&idle, "15 days").await;
    refresh(&world, &idle.refresh_token).await.problem(401, "invalid_token");
    let old = world.log_in(&idle.email).await;
    let sql =
        format!("UPDATE sessions SET expires_at = now() - interval '1 second' WHERE user_id = '{}'", old.id);
    let cluster = Cluster::get();
    cluster.superuser(&cluster.database).await.batch_execute(&sql).await.expect("expired");
    refresh(&world, &old.refresh_token).await.problem(401, "invalid_token");
}

#[tokio::test]
async fn what_was_never_given_is_refused() {
    let world = World::new().await;
    for token in ["", "x", &"A".repeat(43), &"A".repeat(44), "\u{1f6a2}"] {
        let reply = refresh(&world, token).await;
        assert!(matches!(reply.status, 401 | 422), "{reply}");
    }
}

#[tokio::test]
async fn logout_ends_one_login_and_logout_all_every_one() {
    let world = World::new().await;
    let one = world.aggregator().await.owner;
    let (two, three) = (world.log_in(&one.email).await, world.log_in(&one.email).await);
    let _ = one.step("/v1/auth/logout").await.expect(204);
    assert!(!is_in(&one).await);
    refresh(&world, &one.refresh_token).await.problem(401, "invalid_token");
    assert!(is_in(&two).await && is_in(&three).await);
    let _ = two.step("/v1/auth/logout-all").await.expect(204);
    assert!(!is_in(&two).await && !is_in(&three).await);
    refresh(&world, &three.refresh_token).await.problem(401, "invalid_token");
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one() {
    let world = World::new().await;
    let one = world.aggregator().await.owner;
    let two = world.log_in(&one.email).await;
    let list = one.get("/v1/me/sessions").await.json(200);
    let sessions = list["data"].as_array().expect("a list");
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions.iter().filter(|s| s["current"] == true).count(), 1);
    let other = sessions.iter().find(|s| s["current"] == false).expect("the other");
    let path = format!("/v1/me/sessions/{}", text(&other["id"]));
    let stranger = world.aggregator().await.owner;
    stranger.delete(&path).await.problem(404, "not_found");
    let _ = one.delete(&path).await.expect(204);
    assert!(!is_in(&two).await && is_in(&one).await);
}

#[tokio::test]
async fn a_new_password_ends_the_other_logins() {
    let world = World::new().await;
    let one = world.aggregator().await.owner;
    let two = world.log_in(&one.email).await;
    let change = |current: &str, new: &str| {
        one.post("/v1/auth/password/change", json!({ "current_password": current, "new_password": new }))
    };
    change("bukan kata sandi ini", "lima perahu di teluk biru").await.problem(401, "invalid_credentials");
    change(PASSWORD, "pendek").await.faults(&[("/new_password", "password_too_short")]);
    change(PASSWORD, "password1234").await.faults(&[("/new_password", "password_too_common")]);
    let _ = change(PASSWORD, "lima perahu di teluk biru").await.expect(204);
    assert!(is_in(&one).await && !is_in(&two).await);
    let login = |password: &str| json!({ "email": one.email, "password": password });
    world.visitor.post("/v1/auth/login", login(PASSWORD)).await.problem(401, "invalid_credentials");
    let _ = world.visitor.post("/v1/auth/login", login("lima perahu di teluk biru")).await.expect(200);
}

#[tokio::test]
async fn a_forgotten_password_is_reset_by_the_mailed_code_once() {
    let world = World::new().await;
    let member = world.aggregator().await.owner;
    let forgot = |email: &str| world.visitor.post("/v1/auth/password/forgot", json!({ "email": email }));
    let (known, unknown) = (forgot(&member.email).await, forgot("tiada@uji.example").await);
    assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));
    let mails = kapal_tests::eventually("the code", async || {
        let mails = world.mail_to(&member.email);
        (mails.len() == 2).then_some(mails)
    });
    let code = mails.await.pop().expect("a mail");
    let code =
        code.split_whitespace().find(|word| word.len() == 43).expect("a code of 43 characters").to_owned();
    let reset = |password: &str| {
        world.visitor.post("/v1/auth/password/reset", json!({ "token": code, "new_password": password }))
    };
    let _ = reset("enam perahu di teluk biru").await.expect(204);
    assert!(!is_in(&member).await, "every login is ended");
    reset("tujuh perahu di teluk biru").await.problem(401, "invalid_token");
    let login = json!({ "email": member.email, "password": "enam perahu di teluk biru" });
    let _ = world.visitor.post("/v1/auth/login", login).await.expect(200);
}
