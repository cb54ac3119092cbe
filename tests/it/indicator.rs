//! The nation in figures: a business that several aggregators carry counts once, and none of them learns of another.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Server, ServerOptions, World, nib, text};
use serde_json::{Value, json};

async fn carry(aggregator: &Aggregator, nib: Option<&str>, region: &str) -> Value {
    let body = json!({ "name": "Tenun Ina", "region_code": region, "phone": "081234567890", "nib": nib, "scale": "micro" });
    aggregator.owner.post(&aggregator.path("merchants"), body).await.json(201)
}

fn count(list: &Value, value: &str) -> i64 {
    let counts = list.as_array().expect("a list");
    counts
        .iter()
        .find(|count| count["value"] == value)
        .map_or(0, |count| count["count"].as_i64().expect("a count"))
}

#[tokio::test]
async fn a_business_counts_once_however_many_carry_it() {
    let server = Server::start(ServerOptions::default()).await;
    let world = World::on(&server).await;
    let (first, second) = (world.aggregator().await, world.aggregator().await);
    let read = async || world.operator.get("/v1/platform/indicators").await.json(200);
    let shared = nib();
    let before = carry(&first, Some(&shared), "53.08").await;
    for action in ["submit", "verify"] {
        let path = first.path(&format!("merchants/{}/{action}", text(&before["id"])));
        let _ = first.owner.step(&path).await.expect(200);
    }
    // Made in another province by another aggregator, and changed into it: as any other merchant is.
    let made = carry(&second, Some(&shared), "51.71").await;
    let alone = carry(&second, Some(&nib()), "51.71").await;
    let fields = |merchant: &Value| merchant.as_object().map(|m| m.keys().cloned().collect::<Vec<_>>());
    assert_eq!(fields(&made), fields(&alone));
    let _ = carry(&second, None, "51.71").await;
    let seen = read().await;
    let merchants = &seen["merchants"];
    assert_eq!((&merchants["registrations"], &merchants["total"]), (&json!(4), &json!(3)), "{seen}");
    assert_eq!((&merchants["without_nib"], &merchants["in_several_aggregators"]), (&json!(1), &json!(1)));
    assert_eq!(
        merchants["by_aggregators_of_one_nib"],
        json!([{ "value": "1", "count": 1 }, { "value": "2", "count": 1 }])
    );
    let provinces = &merchants["by_province"];
    assert_eq!((count(provinces, "53"), count(provinces, "51")), (1, 2), "where it is furthest");
    assert_eq!((count(&merchants["by_status"], "active"), count(&merchants["by_scale"], "micro")), (1, 3));
    assert_eq!(count(&seen["aggregators"], "active"), 2);
    // What is archived, or whose aggregator is suspended, is not carried.
    let _ = first
        .owner
        .step(&first.path(&format!("merchants/{}/archive", text(&before["id"]))))
        .await
        .expect(200);
    assert_eq!(read().await["merchants"]["in_several_aggregators"], 0);
    let platform = format!("/v1/platform/aggregators/{}/suspend", second.id);
    let _ = world.operator.step(&platform).await.expect(200);
    assert_eq!(read().await["merchants"]["total"], 0);
}

#[tokio::test]
async fn what_is_restricted_is_in_no_national_figure() {
    let server = Server::start(ServerOptions::default()).await;
    let world = World::on(&server).await;
    let aggregator = world.aggregator().await;
    let hero = aggregator.member(Role::LocalHero).await;
    let merchant = text(&aggregator.product().await["merchant_id"]);
    let profile = json!({ "user_id": hero.id, "capacity": 5 });
    let _ = aggregator.owner.post(&aggregator.path("heroes"), profile).await.expect(201);
    let path = aggregator.path(&format!("heroes/{}/merchants/{merchant}", hero.id));
    let _ = aggregator.owner.put(&path, json!({})).await.expect(201);
    let visit = kapal_tests::visit(&merchant);
    let _ = aggregator.put_visit(&hero, &kapal_tests::phone_id(), &visit).await.expect(201);
    let figures = async || {
        let seen = world.operator.get("/v1/platform/indicators").await.json(200);
        [
            "/merchants/total",
            "/merchants/registrations",
            "/products/published",
            "/heroes/assignments",
            "/visits/total",
        ]
        .map(|pointer| seen.pointer(pointer).unwrap_or_else(|| panic!("{pointer} in {seen}")).clone())
    };
    assert_eq!(figures().await, [1, 1, 1, 1, 1]);
    let request = json!({ "kind": "restriction", "merchant_id": merchant });
    let request = aggregator.owner.post(&aggregator.path("privacy-requests"), request).await.json(201);
    let fulfil = aggregator.path(&format!("privacy-requests/{}/fulfil", text(&request["id"])));
    let _ = aggregator.owner.post(&fulfil, json!({ "answer": "Dibatasi." })).await.expect(200);
    assert_eq!(figures().await, [0, 0, 0, 0, 0]);
}

#[tokio::test]
async fn a_nib_that_another_aggregator_has_behaves_as_any_other() {
    let world = World::new().await;
    let (theirs, ours) = (world.aggregator().await, world.aggregator().await);
    let taken = nib();
    let _ = carry(&theirs, Some(&taken), "53.08").await;
    let (known, fresh) = (carry(&ours, None, "53.08").await, carry(&ours, None, "53.08").await);
    for (merchant, number) in [(&known, taken.clone()), (&fresh, nib())] {
        let path = ours.path(&format!("merchants/{}", text(&merchant["id"])));
        let patched =
            ours.owner.patch(&path, json!({ "nib": number })).of(&merchant["version"]).await.expect(200);
        assert_eq!(patched.json["version"], 2);
        let list = ours.owner.get(&ours.path(&format!("merchants?nib={number}"))).await.json(200);
        assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
    }
}

#[tokio::test]
async fn each_look_is_in_the_platforms_log() {
    let world = World::new().await;
    let reply = world.operator.get("/v1/platform/indicators").await.expect(200);
    let cluster = kapal_tests::Cluster::get();
    let database = cluster.superuser(&cluster.database).await;
    let sql = "SELECT count(*) FROM audit_entries WHERE action = 'indicators.read' AND entry::jsonb ->> 'request_id' = $1";
    let row = database.query_one(sql, &[&reply.header("x-request-id")]).await.expect("a count");
    assert_eq!(row.get::<_, i64>(0), 1);
    world.aggregator().await.owner.get("/v1/platform/indicators").await.problem(403, "forbidden");
}
