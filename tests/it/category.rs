//! Categories: the tree and its moves, what categories ask of products, and what other catalogues call them.

use kapal_tests::{Aggregator, World, eventually, text, unique};
use serde_json::{Value, json};

async fn tree(world: &World) -> Vec<Value> {
    let tree = world.visitor.get("/v1/categories").await.json(200);
    tree["data"].as_array().cloned().unwrap_or_default()
}

async fn find(world: &World, id: &Value) -> Value {
    let tree = tree(world).await;
    tree.into_iter().find(|category| category["id"] == *id).unwrap_or_else(|| panic!("no {id}"))
}

/// A new category, below another where one is named.
async fn category(world: &World, parent: Option<&Value>, more: Value) -> Value {
    let name = format!("Uji {}", unique());
    let mut body = json!({ "slug": format!("uji-{}", unique()), "names": { "id": name, "en": name } });
    body["parent_id"] = parent.map_or(Value::Null, |parent| parent["id"].clone());
    body.as_object_mut().expect("a body").extend(more.as_object().cloned().unwrap_or_default());
    world.operator.post("/v1/platform/categories", body).await.json(201)
}

fn path(category: &Value) -> String {
    format!("/v1/platform/categories/{}", text(&category["id"]))
}

fn names(text: &str) -> Value {
    json!({ "id": text, "en": text })
}

async fn ask(world: &World, category: &Value, attributes: Value) -> Value {
    let now = find(world, &category["id"]).await;
    let put =
        world.operator.put(&format!("{}/attributes", path(category)), json!({ "attributes": attributes }));
    put.of(&now["version"]).await.json(200)
}

async fn product_in(aggregator: &Aggregator, category: &Value, more: Value) -> Value {
    let merchant = aggregator.active_merchant().await;
    let mut body = aggregator.product_body(&text(&merchant["id"])).await;
    body["category_id"] = category["id"].clone();
    body.as_object_mut().expect("a body").extend(more.as_object().cloned().unwrap_or_default());
    aggregator.owner.post(&aggregator.path("products"), body).await.json(201)
}

#[tokio::test]
async fn a_category_moves_anywhere_but_below_itself_and_not_too_deep() {
    let world = World::new().await;
    let top = category(&world, None, json!({})).await;
    let second = category(&world, Some(&top), json!({})).await;
    let third = category(&world, Some(&second), json!({})).await;
    let fourth = category(&world, Some(&third), json!({})).await;
    let below =
        json!({ "slug": format!("uji-{}", unique()), "parent_id": fourth["id"], "names": names("Uji") });
    world
        .operator
        .post("/v1/platform/categories", below)
        .await
        .faults(&[("/parent_id", "category_too_deep")]);
    let move_to = |category: &Value, parent: &Value| {
        world.operator.patch(&path(category), json!({ "parent_id": parent })).of(&category["version"])
    };
    for inside in [&top, &second, &fourth] {
        move_to(&top, &inside["id"]).await.faults(&[("/parent_id", "category_cycle")]);
    }
    let other = category(&world, None, json!({})).await;
    move_to(&top, &other["id"]).await.faults(&[("/parent_id", "category_too_deep")]);
    move_to(&top, &json!(uuid::Uuid::now_v7())).await.faults(&[("/parent_id", "unknown_reference")]);
    assert_eq!(find(&world, &top["id"]).await["version"], top["version"], "nothing was stored");
    let moved = move_to(&third, &other["id"]).await.json(200);
    assert_eq!(moved["parent_id"], other["id"]);
    move_to(&third, &Value::Null).await.problem(412, "precondition_failed");
}

#[tokio::test]
async fn products_follow_their_category_to_its_new_place() {
    let world = World::new().await;
    let aggregator = world.aggregator().await;
    let (from, to) = (category(&world, None, json!({})).await, category(&world, None, json!({})).await);
    let branch = category(&world, Some(&from), json!({})).await;
    let product = product_in(&aggregator, &branch, json!({})).await;
    let _ = aggregator.publish(&text(&product["id"])).await;
    let listed = async |category: &Value| {
        let list = aggregator.shop(&format!("/products?category={}", text(&category["slug"])));
        world.visitor.get(&list).await.json(200)["data"].as_array().map_or(0, Vec::len)
    };
    assert_eq!((listed(&from).await, listed(&to).await), (1, 0));
    let moved = json!({ "parent_id": to["id"], "names": { "id": "Nama baru" } });
    let _ = world.operator.patch(&path(&branch), moved).of(&branch["version"]).await.expect(200);
    eventually("the product has moved", async || {
        (listed(&from).await == 0 && listed(&to).await == 1).then_some(())
    })
    .await;
    let page = aggregator.shop(&format!("/products/{}", text(&product["slug"])));
    let shown = world.visitor.get(&page).await.json(200);
    assert_eq!(shown["category"]["name"], "Nama baru");
    let crumbs = shown["breadcrumbs"].as_array().expect("crumbs");
    let slugs: Vec<_> = crumbs.iter().map(|crumb| &crumb["slug"]).collect();
    assert_eq!(slugs, [&to["slug"], &branch["slug"]]);
    let counted = world.visitor.get(&aggregator.shop("/categories")).await.json(200);
    assert!(counted["data"].as_array().expect("categories").iter().any(|c| c["slug"] == to["slug"]));
}

#[tokio::test]
async fn what_a_category_asks_is_inherited_and_settled_nearer() {
    let world = World::new().await;
    let top = category(&world, None, json!({ "is_food": true, "hs_chapters": ["09"] })).await;
    let branch = category(&world, Some(&top), json!({})).await;
    let attribute = |key: &str, kind: &str| json!({ "key": key, "kind": kind, "names": names(key) });
    let asked = json!([attribute("weight", "number"), attribute("origin", "text")]);
    let set = ask(&world, &top, asked.clone()).await;
    assert_eq!(ask(&world, &top, asked).await, set, "the same changes nothing");
    let _ = ask(&world, &branch, json!([attribute("origin", "yes_no")])).await;
    let shown = find(&world, &branch["id"]).await;
    let of = |key: &str| {
        let all = shown["attributes"].as_array().expect("attributes");
        all.iter().find(|attribute| attribute["key"] == key).cloned().unwrap_or_default()
    };
    assert_eq!((&of("weight")["kind"], &of("weight")["category_id"]), (&json!("number"), &top["id"]));
    assert_eq!((&of("origin")["kind"], &of("origin")["category_id"]), (&json!("yes_no"), &branch["id"]));
    assert_eq!((&shown["is_food"], &shown["hs_chapters"]), (&json!(true), &json!(["09"])));
    let own = world.operator.get(&format!("{}/attributes", path(&branch))).await.json(200);
    assert_eq!(own["attributes"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn bad_attributes_and_mappings_are_named_and_nothing_is_stored() {
    let world = World::new().await;
    let top = category(&world, None, json!({})).await;
    let choice = |key: &str| json!({ "key": key, "names": names(key) });
    let bad = json!({ "attributes": [
        { "key": "Berat", "kind": "weight", "names": { "id": "", "en": "x" } },
        { "key": "roast", "kind": "choice", "names": names("Roast"), "choices": [choice("a"), choice("a")] },
        { "key": "roast", "kind": "choice", "names": names("Roast") },
        { "key": "note", "kind": "text", "unit": "g", "names": names("Note"), "choices": [choice("a")] },
        { "key": "a", "kind": "text", "names": names("A") },
        { "key": "a", "kind": "text", "names": names("A") },
    ] });
    let put = format!("{}/attributes", path(&top));
    world.operator.put(&put, bad).of(&top["version"]).await.faults(&[
        ("/attributes/0/key", "invalid_key"),
        ("/attributes/0/kind", "invalid_choice"),
        ("/attributes/0/names/id", "required"),
        ("/attributes/1/choices/1/key", "duplicate_entry"),
        ("/attributes/2/choices", "required"),
        ("/attributes/3/choices", "invalid_choice"),
        ("/attributes/3/unit", "invalid_choice"),
        ("/attributes/5/key", "duplicate_entry"),
    ]);
    world.operator.put(&put, json!({ "attributes": [] })).await.problem(428, "precondition_required");
    let bad = json!({ "hs_chapters": ["00", "9", "09", "09"], "google": { "id": 0 }, "meta": { "id": 5, "path": "" } });
    world.operator.patch(&path(&top), bad).of(&top["version"]).await.faults(&[
        ("/google/id", "out_of_range"),
        ("/meta/path", "required"),
        ("/hs_chapters/0", "invalid_hs_code"),
        ("/hs_chapters/1", "invalid_hs_code"),
        ("/hs_chapters/3", "duplicate_entry"),
    ]);
    assert_eq!(find(&world, &top["id"]).await["version"], top["version"]);
    let good = json!({ "hs_chapters": ["09"], "google": { "id": 1868, "path": "Beverages > Coffee" }, "is_food": true });
    let set = world.operator.patch(&path(&top), good).of(&top["version"]).await.json(200);
    assert_eq!(set["google"], json!({ "id": 1868, "path": "Beverages > Coffee" }));
    let clear = json!({ "google": null, "is_food": null, "hs_chapters": null });
    let cleared = world.operator.patch(&path(&top), clear).of(&set["version"]).await.json(200);
    assert_eq!(
        (&cleared["google"], &cleared["is_food"], &cleared["hs_chapters"]),
        (&Value::Null, &json!(false), &json!([]))
    );
}

#[tokio::test]
async fn a_required_answer_that_is_missing_keeps_a_product_from_review() {
    let world = World::new().await;
    let aggregator = world.aggregator().await;
    let top = category(&world, None, json!({})).await;
    let choices =
        json!([{ "key": "light", "names": names("Terang") }, { "key": "dark", "names": names("Gelap") }]);
    let attributes = json!([
        { "key": "roast", "kind": "choice", "required": true, "names": { "id": "Sangrai", "en": "Roast" }, "choices": choices },
        { "key": "variety", "kind": "text", "required": true, "names": { "id": "Varietas", "en": "Variety" } },
        { "key": "altitude", "kind": "number", "unit": "m", "names": { "id": "Ketinggian", "en": "Altitude" } },
        { "key": "organic", "kind": "yes_no", "names": { "id": "Organik", "en": "Organic" } },
    ]);
    let _ = ask(&world, &top, attributes).await;
    let product = product_in(&aggregator, &top, json!({})).await;
    let at = aggregator.path(&format!("products/{}", text(&product["id"])));
    aggregator
        .owner
        .step(&format!("{at}/submit"))
        .await
        .faults(&[("/attributes/roast", "attribute_missing"), ("/attributes/variety", "attribute_missing")]);
    let bad = json!({ "attributes": {
        "roast": "burnt", "variety": "Typica", "altitude": 1e12, "organic": "yes", "colour": true } });
    aggregator.owner.patch(&at, bad).of(&product["version"]).await.faults(&[
        ("/attributes/roast", "invalid_choice"),
        ("/attributes/variety", "wrong_type"),
        ("/attributes/altitude", "out_of_range"),
        ("/attributes/organic", "wrong_type"),
        ("/attributes/colour", "unknown_attribute"),
    ]);
    let array = json!({ "attributes": { "variety": ["Typica"] } });
    aggregator
        .owner
        .patch(&at, array)
        .of(&product["version"])
        .await
        .faults(&[("/attributes/variety", "wrong_type")]);
    let good = json!({ "attributes": {
        "roast": "dark", "variety": { "id": "Tipika" }, "altitude": 1250.5, "organic": true } });
    let edited = aggregator.owner.patch(&at, good).of(&product["version"]).await.json(200);
    assert_eq!(edited["attributes"]["altitude"], 1250.5);
    let completeness = &edited["completeness"]["en"];
    assert!(completeness["missing"].as_array().expect("a list").contains(&json!("/attributes/variety/en")));
    assert_eq!(edited["completeness"]["id"]["missing"], json!(["/media/0/alt/id"]));
    assert_eq!(edited["completeness"]["id"]["percent"], 75);
    let _ = aggregator.publish(&text(&product["id"])).await;
    let page = aggregator.shop(&format!("/products/{}", text(&product["slug"])));
    let texts = async |language: &str| {
        let shown = world.visitor.get(&page).header("Accept-Language", language).await.json(200);
        let answers = shown["attributes"].as_array().cloned().unwrap_or_default();
        answers.iter().map(|a| format!("{}: {}", text(&a["name"]), text(&a["text"]))).collect::<Vec<_>>()
    };
    assert_eq!(
        texts("id").await,
        ["Sangrai: Gelap", "Varietas: Tipika", "Ketinggian: 1250,5 m", "Organik: Ya"]
    );
    assert_eq!(texts("en").await, ["Roast: Gelap", "Variety: Tipika", "Altitude: 1250.5 m", "Organic: Yes"]);
    // Another category: what it does not ask for goes along.
    let _ = aggregator.owner.step(&format!("{at}/unpublish")).await.expect(200);
    let now = aggregator.owner.get(&at).await.json(200);
    let moved = json!({ "category_id": aggregator.category().await });
    let moved = aggregator.owner.patch(&at, moved).of(&now["version"]).await.json(200);
    assert_eq!((&moved["attributes"], &moved["halal_status"]), (&json!({}), &json!("in_process")));
}
