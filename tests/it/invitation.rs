//! Invitations: who may be invited to what, and that a code works once.

use kapal_domain::permission::Role;
use kapal_tests::{PASSWORD, World, text, unique};
use serde_json::json;

#[tokio::test]
async fn an_invitation_makes_an_account_and_a_membership_once() {
    let world = World::new().await;
    let aggregator = world.aggregator().await;
    let email = format!("{}@uji.example", unique());
    let invited =
        aggregator.owner.post(&aggregator.path("invitations"), json!({ "email": email, "role": "curator" }));
    let invited = invited.await.expect(201);
    assert!(!invited.text().contains("token"), "the code is mailed, never answered: {invited}");
    let token = world.mailed(&email, "/invitations/").await;
    let path = format!("/v1/invitations/{token}");
    let seen = world.visitor.get(&path).await.json(200);
    assert_eq!((seen["role"].as_str(), seen["needs_password"].as_bool()), (Some("curator"), Some(true)));
    assert!(!seen.to_string().contains(&email), "the address is masked");
    let accept = |body| world.visitor.post(&format!("{path}/accept"), body);
    accept(json!({ "name": "Ani", "password": "pendek" }))
        .await
        .faults(&[("/password", "password_too_short")]);
    accept(json!({})).await.faults(&[("/name", "required"), ("/password", "required")]);
    let _ = accept(json!({ "name": "Ani", "password": PASSWORD })).await.expect(201);
    accept(json!({ "name": "Budi", "password": PASSWORD })).await.problem(409, "invitation_used");
    let member = world.log_in(&email).await;
    let me = member.get("/v1/me").await.json(200);
    assert_eq!(me.pointer("/memberships/0/aggregator/slug"), Some(&json!(aggregator.slug)));
    assert_eq!(
        me.pointer("/memberships/0/permissions").and_then(|p| p.as_array()).map(Vec::len),
        Some(Role::Curator.permissions().len())
    );
}

#[tokio::test]
async fn an_account_that_is_there_joins_with_its_own_password_or_login() {
    let world = World::new().await;
    let (first, second) = (world.aggregator().await, world.aggregator().await);
    let invite = json!({ "email": first.owner.email, "role": "analyst" });
    let _ = second.owner.post(&second.path("invitations"), invite).await.expect(201);
    let token = kapal_tests::eventually("the second mail", async || {
        let mails = world.mail_to(&first.owner.email);
        (mails.len() == 2).then(|| {
            mails[1]
                .split("/invitations/")
                .nth(1)
                .expect("a link")
                .split_whitespace()
                .next()
                .expect("a code")
                .to_owned()
        })
    });
    let path = format!("/v1/invitations/{}/accept", token.await);
    world
        .visitor
        .post(&path, json!({ "name": "Lain", "password": "bukan kata sandi ini" }))
        .await
        .problem(401, "invalid_credentials");
    let _ = first.owner.step(&path).await.expect(200);
    let me = first.owner.get("/v1/me").await.json(200);
    assert_eq!(me["memberships"].as_array().map(Vec::len), Some(2));
    let _ = first.owner.get(&second.path("merchants")).await.expect(200);
    first.owner.post(&second.path("merchants"), json!({})).await.problem(403, "forbidden");
}

#[tokio::test]
async fn what_was_taken_back_or_never_sent_opens_nothing() {
    let world = World::new().await;
    let aggregator = world.aggregator().await;
    let email = format!("{}@uji.example", unique());
    let invited = aggregator
        .owner
        .post(&aggregator.path("invitations"), json!({ "email": email, "role": "admin" }))
        .await
        .json(201);
    let token = world.mailed(&email, "/invitations/").await;
    let _ = aggregator
        .owner
        .delete(&aggregator.path(&format!("invitations/{}", text(&invited["id"]))))
        .await
        .expect(204);
    let accept = world
        .visitor
        .post(&format!("/v1/invitations/{token}/accept"), json!({ "name": "Ani", "password": PASSWORD }));
    accept.await.problem(409, "invitation_used");
    for token in ["x", &"A".repeat(43), "%00"] {
        let reply = world.visitor.get(&format!("/v1/invitations/{token}")).await;
        assert_eq!(reply.status, 404, "{reply}");
    }
}

#[tokio::test]
async fn a_merchants_invitation_names_a_merchant_of_this_aggregator() {
    let world = World::new().await;
    let (ours, theirs) = (world.aggregator().await, world.aggregator().await);
    let foreign = theirs.merchant().await;
    let invite = |body| ours.owner.post(&ours.path("invitations"), body);
    let email = format!("{}@uji.example", unique());
    invite(json!({ "email": email, "role": "merchant" })).await.faults(&[("/merchant_id", "required")]);
    invite(json!({ "email": email, "role": "merchant", "merchant_id": foreign["id"] }))
        .await
        .faults(&[("/merchant_id", "unknown_reference")]);
    invite(json!({ "email": "nobody", "role": "king" }))
        .await
        .faults(&[("/email", "invalid_email"), ("/role", "invalid_choice")]);
    invite(json!({ "email": ours.owner.email, "role": "analyst" })).await.problem(409, "already_member");
}

#[tokio::test]
async fn an_admin_makes_no_owner() {
    let aggregator = World::new().await.aggregator().await;
    let admin = aggregator.member(Role::Admin).await;
    let body = json!({ "email": format!("{}@uji.example", unique()), "role": "owner" });
    admin.post(&aggregator.path("invitations"), body).await.problem(403, "forbidden");
}
