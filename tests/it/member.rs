//! Members: roles change at once, and the last owner stays.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Member, World, unique};
use serde_json::{Value, json};

async fn row(aggregator: &Aggregator, member: &Member) -> Value {
    let list = aggregator.owner.get(&aggregator.path("members?limit=100")).await.json(200);
    let rows = list["data"].as_array().expect("a list");
    rows.iter().find(|row| row["user_id"] == member.id.as_str()).expect("a member").clone()
}

fn path(aggregator: &Aggregator, member: &Member) -> String {
    aggregator.path(&format!("members/{}", member.id))
}

#[tokio::test]
async fn a_changed_role_counts_for_the_next_request() {
    let aggregator = World::new().await.aggregator().await;
    let member = aggregator.member(Role::Analyst).await;
    member.post(&aggregator.path("merchants"), json!({})).await.problem(403, "forbidden");
    let version = row(&aggregator, &member).await["version"].clone();
    let changed = aggregator.owner.patch(&path(&aggregator, &member), json!({ "role": "merchant_manager" }));
    let _ = changed.of(&version).await.expect(200);
    // Whether the login goes on or is asked for again, the new role holds.
    let again = aggregator.world.log_in(&member.email).await;
    let _ = again.post(&aggregator.path("merchants"), json!({})).await.expect(422);
}

#[tokio::test]
async fn who_is_removed_is_out_at_once() {
    let aggregator = World::new().await.aggregator().await;
    let member = aggregator.member(Role::Analyst).await;
    let _ = member.get(&aggregator.path("merchants")).await.expect(200);
    let version = row(&aggregator, &member).await["version"].clone();
    let _ = aggregator.owner.delete(&path(&aggregator, &member)).of(&version).await.expect(204);
    let status = member.get(&aggregator.path("merchants")).await.status;
    assert!(matches!(status, 401 | 404), "{status}");
    let again = aggregator.world.log_in(&member.email).await;
    again.get(&aggregator.path("merchants")).await.problem(404, "not_found");
}

#[tokio::test]
async fn the_last_owner_stays() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let version = row(&aggregator, owner).await["version"].clone();
    owner.delete(&path(&aggregator, owner)).of(&version).await.problem(409, "last_owner");
    owner
        .patch(&path(&aggregator, owner), json!({ "role": "admin" }))
        .of(&version)
        .await
        .problem(409, "last_owner");
    owner.delete(&path(&aggregator, owner)).await.problem(428, "precondition_required");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_owners_who_remove_each_other_one_stays() {
    let aggregator = World::new().await.aggregator().await;
    for _ in 0..3 {
        let email = format!("{}@uji.example", unique());
        let _ = aggregator
            .owner
            .post(&aggregator.path("invitations"), json!({ "email": email, "role": "owner" }))
            .await
            .expect(201);
    }
    let other = aggregator.member(Role::Owner).await;
    let (one, two) = (&aggregator.owner, &other);
    let (first, second) =
        (row(&aggregator, one).await["version"].clone(), row(&aggregator, two).await["version"].clone());
    let (a, b) = tokio::join!(async { one.delete(&path(&aggregator, two)).of(&second).await }, async {
        two.delete(&path(&aggregator, one)).of(&first).await
    },);
    let gone = [&a, &b].iter().filter(|reply| reply.status == 204).count();
    assert_eq!(gone, 1, "{a}\n{b}");
}

#[tokio::test]
async fn an_admin_touches_no_owner() {
    let aggregator = World::new().await.aggregator().await;
    let admin = aggregator.member(Role::Admin).await;
    let _second = aggregator.member(Role::Owner).await;
    let version = row(&aggregator, &aggregator.owner).await["version"].clone();
    admin.delete(&path(&aggregator, &aggregator.owner)).of(&version).await.problem(403, "forbidden");
    let version = row(&aggregator, &admin).await["version"].clone();
    admin
        .patch(&path(&aggregator, &admin), json!({ "role": "owner" }))
        .of(&version)
        .await
        .problem(403, "forbidden");
}
