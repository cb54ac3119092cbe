//! Narrowing: a hero and a merchant's own account meet other merchants as if there were none, on every route that the
//! document knows; and one aggregator does not meet another's merchants, even where both carry the same business.

use std::collections::BTreeMap;

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Client, Document, Member, Operation, World, nib, text};
use serde_json::{Value, json};

use crate::matrix::{example, is_staff, random, shape, things};

type Things = BTreeMap<&'static str, String>;

/// Whose things belong to one merchant each.
const OWNED: &[&str] = &[
    "merchant_id",
    "visit_id",
    "action_item_id",
    "enrolment_id",
    "assessment_id",
    "consent_id",
    "request_id",
    "product_id",
    "variant_id",
    "lead_id",
    "file_id",
];

fn is_owned(operation: &Operation) -> bool {
    operation.parameters().iter().any(|name| OWNED.contains(name))
}

/// The path of an operation with the things of a merchant, or with ids that nothing has in place of what is the merchant's.
fn at<'a>(slug: &'a str, things: &'a Things, real: bool) -> impl Fn(&str) -> String + 'a {
    move |name: &str| match things.get(name) {
        _ if name == "aggregator" => slug.to_owned(),
        Some(id) if real || !OWNED.contains(&name) => id.clone(),
        _ => random(name),
    }
}

async fn operations(world: &World) -> Vec<Operation> {
    Document::of(&world.visitor).await.operations().into_iter().filter(is_staff).collect()
}

/// To this member the things of a merchant are answered like ids that never were. How many routes he had a say in.
async fn meets_nothing(member: &Client, slug: &str, theirs: &Things, all: &[Operation]) -> usize {
    let mut met = 0;
    for operation in all.iter().filter(|operation| is_owned(operation)) {
        let seen = example(member, operation, at(slug, theirs, true)).await;
        let missing = example(member, operation, at(slug, theirs, false)).await;
        assert_eq!(shape(&seen), shape(&missing), "{operation}");
        assert!((400..500).contains(&seen.status), "{operation}: {seen}");
        if seen.status == 403 {
            continue;
        }
        if !operation.writes() {
            seen.problem(404, "not_found");
        }
        met += 1;
    }
    met
}

/// Whether a merchant named in the body is answered like one that never was.
async fn names_nothing(member: &Client, slug: &str, theirs: &Things, all: &[Operation]) -> usize {
    let mut named = 0;
    for operation in all.iter().filter(|operation| operation.writes()) {
        let Some(body) = operation.example().filter(|body| body["merchant_id"].is_string()) else { continue };
        let answer = async |merchant: &str| {
            let mut body = body.clone();
            body["merchant_id"] = json!(merchant);
            let path = operation.at(at(slug, theirs, false));
            shape(&member.call(&operation.method, &path).header("If-Match", "\"1\"").json(&body).await)
        };
        let (seen, missing) =
            (answer(&theirs["merchant_id"]).await, answer(&uuid::Uuid::now_v7().to_string()).await);
        assert_eq!(seen, missing, "{operation}");
        assert!((400..500).contains(&seen.0), "{operation}: {seen:?}");
        named += usize::from(seen.0 != 403);
    }
    named
}

/// Which of these ids stand in a list or figure of the aggregator that a member reads, and where.
async fn listed(member: &Client, slug: &str, all: &[Operation], things: &Things) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for operation in all.iter().filter(|o| !o.writes() && o.parameters() == ["aggregator"]) {
        let reply = member.get(&operation.at(|_| slug.to_owned())).await;
        assert!(matches!(reply.status, 200 | 403 | 404), "{operation}: {reply}");
        let text = reply.text();
        let owned = things.iter().filter(|(name, id)| OWNED.contains(name) && text.contains(id.as_str()));
        found.extend(owned.map(|(name, _)| ((*name).to_owned(), operation.to_string())));
    }
    found
}

async fn narrowed_members(aggregator: &Aggregator, ours: &Things) -> [Member; 2] {
    let hero = aggregator.member(Role::LocalHero).await;
    let profile = json!({ "user_id": hero.id, "capacity": 5 });
    let _ = aggregator.owner.post(&aggregator.path("heroes"), profile).await.expect(201);
    let path = aggregator.path(&format!("heroes/{}/merchants/{}", hero.id, ours["merchant_id"]));
    let _ = aggregator.owner.put(&path, json!({ "primary": true })).await.expect(201);
    [hero, aggregator.merchant_member(&ours["merchant_id"]).await]
}

#[tokio::test]
async fn to_who_is_narrowed_another_merchant_is_not_there_on_any_route() {
    let world = World::new().await;
    let aggregator = world.aggregator().await;
    let all = operations(&world).await;
    let (ours, theirs) = (things(&aggregator).await, things(&aggregator).await);
    for member in narrowed_members(&aggregator, &ours).await {
        let met = meets_nothing(&member, &aggregator.slug, &theirs, &all).await;
        assert!(met > 30, "{met}");
        let named = names_nothing(&member, &aggregator.slug, &theirs, &all).await;
        assert!(named > 1, "{named}");
        assert_eq!(listed(&member, &aggregator.slug, &all, &theirs).await, BTreeMap::new());
        let own = listed(&member, &aggregator.slug, &all, &ours).await;
        assert!(own.len() > 3, "his own are there: {own:?}");
    }
}

#[tokio::test]
async fn after_its_end_an_assignment_opens_no_route() {
    let world = World::new().await;
    let aggregator = world.aggregator().await;
    let all = operations(&world).await;
    let ours = things(&aggregator).await;
    let [hero, _] = narrowed_members(&aggregator, &ours).await;
    let mut open = 0;
    for operation in all.iter().filter(|operation| is_owned(operation) && !operation.writes()) {
        let reply = example(&hero, operation, at(&aggregator.slug, &ours, true)).await;
        open += usize::from(reply.status == 200);
    }
    assert!(open > 15, "while it lasts he reads: {open}");
    let path = aggregator.path(&format!("heroes/{}/merchants/{}", hero.id, ours["merchant_id"]));
    let _ = aggregator.owner.delete(&path).await.expect(204);
    let met = meets_nothing(&hero, &aggregator.slug, &ours, &all).await;
    assert!(met > 30, "{met}");
    assert_eq!(listed(&hero, &aggregator.slug, &all, &ours).await, BTreeMap::new());
}

/// What an owner reads of his aggregator on every route.
async fn everything(owner: &Client, slug: &str, ours: &Things, all: &[Operation]) -> BTreeMap<String, Value> {
    let mut answers = BTreeMap::new();
    for operation in all.iter().filter(|operation| !operation.writes()) {
        let reply = example(owner, operation, at(slug, ours, true)).await;
        answers.insert(operation.to_string(), reply.json);
    }
    answers
}

#[tokio::test]
async fn no_aggregator_can_tell_that_another_carries_the_same_business() {
    let world = World::new().await;
    let (first, second) = (world.aggregator().await, world.aggregator().await);
    let all = operations(&world).await;
    let ours = things(&first).await;
    let path = first.path(&format!("merchants/{}", ours["merchant_id"]));
    let shared = text(&first.owner.get(&path).await.json(200)["nib"]);
    let read = async || everything(&first.owner, &first.slug, &ours, &all).await;
    // What differs of itself, as an audit does in which each export stands, is no evidence.
    let (earlier, mut before) = (read().await, read().await);
    before.retain(|operation, answer| earlier[operation] == *answer);
    assert!(before.len() > 40, "{}", before.len());

    // The same NIB, and the same numbers of its papers, elsewhere.
    let papers = first.owner.get(&format!("{path}/documents")).await.json(200);
    let twin = async |nib: &str, numbers: bool| {
        let body =
            json!({ "name": "Kopi Kembar", "region_code": "53.07", "phone": "081234567890", "nib": nib });
        let made = second.owner.post(&second.path("merchants"), body).await;
        let id = text(&made.json["id"]);
        let mut answers = vec![shape_without_values(&made)];
        for paper in papers["data"].as_array().expect("papers") {
            let kind = text(&paper["kind"]);
            let number = match kind.as_str() {
                _ if numbers => text(&paper["number"]),
                "nib" => nib.to_owned(),
                "halal" => kapal_tests::halal(),
                "pirt" => kapal_tests::pirt(),
                _ => continue,
            };
            let document = second.path(&format!("merchants/{id}/documents/{kind}"));
            let put = second.owner.put(&document, json!({ "number": number })).await;
            assert_eq!(put.json["warnings"], json!([]), "{put}");
            answers.push(shape_without_values(&put));
        }
        for step in ["submit", "verify"] {
            let reply = second.owner.step(&second.path(&format!("merchants/{id}/{step}"))).await;
            answers.push(shape_without_values(&reply));
        }
        for rest in ["", "/onboarding", "/progress", "/documents"] {
            let reply = second.owner.get(&second.path(&format!("merchants/{id}{rest}"))).await;
            answers.push(shape_without_values(&reply));
        }
        answers
    };
    assert_eq!(twin(&shared, true).await, twin(&nib(), false).await, "who brings the twin in learns nothing");
    let after = read().await;
    for (operation, answer) in before {
        assert_eq!(after[&operation], answer, "{operation}");
    }
}

/// Status, headers and the names of all fields, however deep.
fn shape_without_values(reply: &kapal_tests::Reply) -> (u16, Vec<String>, Value) {
    fn names(value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| (name.clone(), names(value))).collect()
            }
            Value::Array(items) => items.iter().map(names).collect(),
            Value::String(_) => json!("text"),
            other => other.clone(),
        }
    }
    let (status, _, headers) = shape(reply);
    (status, headers, names(&reply.json))
}
