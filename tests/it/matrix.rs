//! Who may do what, generated from the document: a new route is tested by being there.

use std::collections::BTreeMap;

use kapal_domain::permission::{Permission, Role};
use kapal_tests::{Aggregator, Client, Document, Operation, Reply, World, photo, text};
use serde_json::{Value, json};

/// The request of an operation as its documentation shows it.
pub(crate) fn example(
    client: &Client,
    operation: &Operation,
    at: impl Fn(&str) -> String,
) -> kapal_tests::Call {
    let call = client.call(&operation.method, &operation.at(at)).header("If-Match", "\"1\"");
    match operation.example() {
        Some(body) => call.json(&body),
        None if operation.takes_file() => call.file("foto.jpg", photo(200, 200)),
        None => call,
    }
}

pub(crate) fn random(name: &str) -> String {
    match name {
        "kind" => "whatsapp".to_owned(),
        "locale" => "id".to_owned(),
        _ => uuid::Uuid::now_v7().to_string(),
    }
}

fn in_aggregator(slug: &str) -> impl Fn(&str) -> String {
    move |name| if name == "aggregator" { slug.to_owned() } else { random(name) }
}

pub(crate) fn is_staff(operation: &Operation) -> bool {
    operation.path.starts_with("/v1/aggregators/")
}

#[tokio::test]
async fn without_a_token_or_with_garbage_nothing_opens() {
    let world = World::new().await;
    for operation in Document::of(&world.visitor).await.operations() {
        if operation.scopes().is_none() {
            continue;
        }
        example(&world.visitor, &operation, random).await.problem(401, "unauthenticated");
        for garbage in ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
            example(&world.visitor.with_token(garbage), &operation, random)
                .await
                .problem(401, "invalid_token");
        }
    }
}

#[tokio::test]
async fn every_operation_that_needs_no_login_is_meant_to() {
    const PUBLIC: &[&str] = &[
        "/v1/storefront",
        "/v1/regions",
        "/v1/categories",
        "/v1/auth/",
        "/v1/invitations/",
        "/media/",
        "/v1/files/",
        "/healthz",
        "/readyz",
        "/version",
    ];
    let world = World::new().await;
    for operation in Document::of(&world.visitor).await.operations() {
        if operation.scopes().is_none() {
            assert!(PUBLIC.iter().any(|prefix| operation.path.starts_with(prefix)), "{operation} is public");
        }
    }
}

/// `product.md`'s table as types: a role meets 403 exactly where it lacks the permission.
#[tokio::test]
async fn a_role_is_refused_exactly_where_it_lacks_the_permission() {
    let world = World::new().await;
    let aggregator = world.aggregator().await;
    let operations = Document::of(&world.visitor).await.operations();
    let mut wrong = Vec::new();
    for role in Role::ALL {
        let member =
            if *role == Role::Owner { aggregator.owner.clone() } else { aggregator.member(*role).await };
        for operation in operations.iter().filter(|o| is_staff(o)) {
            let scopes = operation.scopes().unwrap_or_else(|| panic!("{operation} is public"));
            let [scope] = &scopes[..] else { panic!("{operation} demands {scopes:?}") };
            let permission = Permission::ALL.iter().find(|p| p.as_str() == scope);
            let permission = permission.unwrap_or_else(|| panic!("{operation}: no permission {scope}"));
            let reply = example(&member, operation, in_aggregator(&aggregator.slug)).await;
            // A merchant user writes its own merchant and makes no other.
            let makes_merchant = *role == Role::Merchant && operation.id == "createMerchant";
            // Who is confirmed by the merchant's PIN does not set it.
            let sets_pin = *role == Role::LocalHero && operation.id == "setConfirmationPin";
            // Nor does a hero say where the merchant is paid.
            let sets_account = *role == Role::LocalHero && operation.id == "setBankAccount";
            let is_excepted = makes_merchant || sets_pin || sets_account;
            let may = role.may(*permission) && !is_excepted;
            if (reply.status == 403) == may {
                wrong.push(format!("{role}, {scope}: {reply}"));
            } else if reply.status == 403 {
                reply.problem(403, "forbidden");
                // Whatever is sent: the permission comes before the input.
                let path = operation.at(in_aggregator(&aggregator.slug));
                let odd = member.call(&operation.method, &path).body("application/json", "[");
                if !is_excepted {
                    odd.await.problem(403, "forbidden");
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn only_operators_operate_the_platform() {
    let world = World::new().await;
    let aggregator = world.aggregator().await;
    let operations = Document::of(&world.visitor).await.operations();
    let platform: Vec<_> = operations.iter().filter(|o| o.path.starts_with("/v1/platform/")).collect();
    assert!(platform.len() > 5);
    for operation in platform {
        assert_eq!(operation.scopes(), Some(vec!["operator".to_owned()]), "{operation}");
        example(&aggregator.owner, operation, random).await.problem(403, "forbidden");
    }
}

/// An answer without what differs from request to request.
pub(crate) fn shape(reply: &Reply) -> (u16, Value, Vec<String>) {
    let mut json = reply.json.clone();
    if let Some(object) = json.as_object_mut() {
        object.remove("instance");
    }
    let mut names: Vec<_> =
        reply.headers.keys().map(ToString::to_string).filter(|name| name != "connection").collect();
    names.sort();
    (reply.status, json, names)
}

#[tokio::test]
async fn to_an_outsider_an_aggregator_is_not_there() {
    let world = World::new().await;
    let (theirs, ours) = (world.aggregator().await, world.aggregator().await);
    let nowhere = format!("tiada-{}", kapal_tests::unique());
    for operation in Document::of(&world.visitor).await.operations().iter().filter(|o| is_staff(o)) {
        let foreign = example(&ours.owner, operation, in_aggregator(&theirs.slug)).await;
        let by_id = example(&ours.owner, operation, in_aggregator(&theirs.id)).await;
        let missing = example(&ours.owner, operation, in_aggregator(&nowhere)).await;
        let operator = example(&world.operator, operation, in_aggregator(&theirs.slug)).await;
        assert_eq!(shape(&foreign), shape(&missing), "{operation}");
        assert_eq!(shape(&by_id), shape(&missing), "{operation}");
        assert_eq!(operator.status, 404, "{operation}: an operator is no member");
        foreign.problem(404, "not_found");
    }
}

/// One of everything, by the name of its path parameter.
pub(crate) async fn things(aggregator: &Aggregator) -> BTreeMap<&'static str, String> {
    let owner = &aggregator.owner;
    let product = aggregator.mutiara().await;
    let product_id = text(&product["id"]);
    let id_of = |value: &Value| text(&value["id"]);
    let first = |value: Value| id_of(&value["data"][0]);
    let nomination = first(owner.get(&aggregator.path("nominations")).await.json(200));
    let invitation = owner
        .post(&aggregator.path("invitations"), json!({ "email": "siapa@uji.example", "role": "analyst" }));
    let shop = aggregator.shop(&format!("/products/{}/contact", text(&product["slug"])));
    let _ = aggregator.world.visitor.post(&shop, json!({ "source": "app" })).await.expect(201);
    let lead = kapal_tests::eventually("the lead", async || {
        owner.get(&aggregator.path("leads")).await.json(200).pointer("/data/0/id").map(text)
    });
    let merchant = text(&product["merchant_id"]);
    let consent = json!({
        "purpose": "photos", "text_version": "1", "text_hash": "0".repeat(64), "locale": "id", "channel": "app",
    });
    let consent =
        owner.post(&aggregator.path(&format!("merchants/{merchant}/consents")), consent).await.json(201);
    let request = json!({ "kind": "access", "merchant_id": merchant });
    let request = owner.post(&aggregator.path("privacy-requests"), request).await.json(201);
    let visit = kapal_tests::phone_id();
    let _ = aggregator.put_visit(owner, &visit, &kapal_tests::visit(&merchant)).await.expect(201);
    let items = aggregator.path(&format!("merchants/{merchant}/action-items"));
    let item =
        owner.post(&items, json!({ "text": "Pesan contoh kemasan.", "owner": "merchant" })).await.json(201);
    let enrolment = crate::programme::completed(aggregator, &json!({ "id": merchant })).await;
    let assessments = aggregator.path(&format!("merchants/{merchant}/assessments"));
    let assessment = owner.post(&assessments, json!({ "criteria": [] })).await.json(201);
    let edit = json!({ "tags": ["oleh-oleh"] });
    let edit = owner.patch(&aggregator.path(&format!("products/{product_id}")), edit).of(&product["version"]);
    BTreeMap::from([
        ("change_request_id", id_of(&edit.await.json(202))),
        ("consent_id", id_of(&consent)),
        ("request_id", id_of(&request)),
        ("visit_id", visit),
        ("action_item_id", id_of(&item)),
        ("programme_id", text(&enrolment["programme_id"])),
        ("enrolment_id", id_of(&enrolment)),
        ("assessment_id", id_of(&assessment)),
        ("merchant_id", merchant),
        ("product_id", product_id.clone()),
        ("variant_id", id_of(&product["variants"][0])),
        ("nomination_id", nomination),
        ("user_id", owner.id.clone()),
        ("invitation_id", id_of(&invitation.await.json(201))),
        ("lead_id", lead.await),
        ("collection_id", id_of(&aggregator.collection(&[&product_id]).await)),
        ("slot_id", id_of(&aggregator.slot(&[&product_id]).await)),
        ("file_id", aggregator.evidence(&text(&product["merchant_id"])).await),
        ("kind", "whatsapp".to_owned()),
        ("locale", "id".to_owned()),
    ])
}

#[tokio::test]
async fn an_id_of_another_tenant_is_answered_like_one_that_never_was() {
    let world = World::new().await;
    let (theirs, ours) = (world.aggregator().await, world.aggregator().await);
    let things = things(&theirs).await;
    let words = |name: &str| matches!(name, "kind" | "locale");
    let mut seen = 0;
    for operation in Document::of(&world.visitor).await.operations().iter().filter(|o| is_staff(o)) {
        if operation.parameters().iter().all(|name| *name == "aggregator" || words(name)) {
            continue;
        }
        let thing =
            |name: &str| things.get(name).unwrap_or_else(|| panic!("no {name} for {operation}")).clone();
        let at = |foreign: bool| {
            let slug = &ours.slug;
            move |name: &str| match name {
                "aggregator" => slug.clone(),
                name if foreign || words(name) => thing(name),
                name => random(name),
            }
        };
        let foreign = example(&ours.owner, operation, at(true)).await;
        let missing = example(&ours.owner, operation, at(false)).await;
        assert_eq!(shape(&foreign), shape(&missing), "{operation}");
        assert!((400..500).contains(&foreign.status) && foreign.status != 403, "{foreign}");
        if !operation.writes() {
            foreign.problem(404, "not_found");
        }
        seen += 1;
    }
    assert!(seen > 30, "{seen}");
}
