//! Delta sync: whoever applies what is told has what the lists show.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use kapal_persistence::{Cursor, CursorValue};
use kapal_tests::{Aggregator, Client, Cluster, Reply, World, eventually, nib, text, unique};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

/// What an app keeps: each thing as it was last told, by its type and id, and where to go on.
#[derive(Debug, Clone, Default)]
struct Mirror {
    things: BTreeMap<(String, String), Value>,
    token: Option<String>,
}

impl Mirror {
    fn apply(&mut self, change: &Value) {
        let key = (text(&change["type"]), text(&change["id"]));
        match change["op"].as_str() {
            Some("upsert") => {
                assert!(change["data"].is_object(), "{change}");
                self.things.insert(key, change["data"].clone());
            }
            Some("delete") => {
                assert_eq!(change.get("data"), None);
                self.things.remove(&key);
            }
            _ => panic!("{change}"),
        }
        assert!(change["version"].as_i64().is_some_and(|version| version > 0), "{change}");
    }

    /// One page; whether there is more.
    async fn page(&mut self, client: &Client, path: &str, limit: usize) -> (Vec<Value>, bool) {
        let since = self.token.as_ref().map(|token| format!("&since={token}")).unwrap_or_default();
        let page = client.get(&format!("{path}?limit={limit}{since}")).await.json(200);
        let changes = page["changes"].as_array().cloned().unwrap_or_default();
        assert!(changes.len() <= limit, "{page}");
        changes.iter().for_each(|change| self.apply(change));
        let next = text(&page["next"]);
        assert!(next.len() <= 1_000, "{next}");
        self.token = Some(next);
        (changes, page["has_more"] == true)
    }

    /// Everything that there is to be had now.
    async fn follow(&mut self, client: &Client, path: &str, limit: usize) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let (changes, has_more) = self.page(client, path, limit).await;
            all.extend(changes);
            if !has_more {
                return all;
            }
        }
    }

    async fn fresh(client: &Client, path: &str) -> Self {
        let mut mirror = Self::default();
        mirror.follow(client, path, 1_000).await;
        mirror
    }

    fn ids(&self, kind: &str) -> BTreeSet<String> {
        self.things.keys().filter(|(of, _)| of == kind).map(|(_, id)| id.clone()).collect()
    }

    /// The things of an aggregator, in the nation.
    fn of(&self, slug: &str) -> Vec<(&(String, String), &Value)> {
        self.things.iter().filter(|(_, thing)| thing["aggregator"]["slug"] == slug).collect()
    }
}

/// All of a list.
async fn listed(client: &Client, path: &str) -> Vec<Value> {
    let (mut things, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{path}?limit=100{cursor}")).await.json(200);
        things.extend(page["data"].as_array().cloned().unwrap_or_default());
        match page["page"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return things,
        }
    }
}

/// A mirror is what the lists show.
async fn is_what_is_listed(mirror: &Mirror, aggregator: &Aggregator) {
    let visitor = &aggregator.world.visitor;
    for (kind, path) in [("merchant", "/merchants"), ("collection", "/collections"), ("product", "/products")]
    {
        let list = listed(visitor, &aggregator.shop(path)).await;
        let list: BTreeMap<_, _> = list.into_iter().map(|thing| (text(&thing["id"]), thing)).collect();
        let told = mirror.things.iter().filter(|((of, _), _)| of == kind);
        let told: BTreeMap<_, _> = told.map(|((_, id), thing)| (id.clone(), thing.clone())).collect();
        assert_eq!(told, list, "{kind}");
    }
    let categories = visitor.get(&aggregator.shop("/categories")).await.json(200);
    let by_slug = |thing: &Value| (text(&thing["slug"]), thing.clone());
    let list: BTreeMap<_, _> = categories["data"].as_array().into_iter().flatten().map(by_slug).collect();
    let told = mirror.things.iter().filter(|((of, _), _)| of == "category");
    assert_eq!(told.map(|(_, thing)| by_slug(thing)).collect::<BTreeMap<_, _>>(), list);
}

fn changes(aggregator: &Aggregator) -> String {
    aggregator.shop("/changes")
}

async fn step(aggregator: &Aggregator, path: String) -> Reply {
    aggregator.owner.step(&aggregator.path(&path)).await
}

#[tokio::test]
async fn first_everything_comes_in_pages_then_what_changed() {
    let aggregator = World::new().await.aggregator().await;
    let visitor = aggregator.world.visitor.clone();
    let first = aggregator.product().await;
    let (first, merchant) = (text(&first["id"]), text(&first["merchant_id"]));
    let second = text(&aggregator.product().await["id"]);
    let collection = text(&aggregator.collection(&[&first, &second]).await["id"]);
    let mut mirror = Mirror::default();
    // One thing on a page: each place in the order is a page's end.
    let all = mirror.follow(&visitor, &changes(&aggregator), 1).await;
    assert!(all.iter().all(|change| change["op"] == "upsert"), "{all:?}");
    assert_eq!(mirror.ids("product"), BTreeSet::from([first.clone(), second.clone()]));
    assert_eq!(mirror.ids("collection"), BTreeSet::from([collection]));
    is_what_is_listed(&mirror, &aggregator).await;
    // Nothing changed: nothing is told, and the token is as good as before.
    assert_eq!(mirror.follow(&visitor, &changes(&aggregator), 100).await, Vec::<Value>::new());
    // Of a draft nothing is told.
    let _ = aggregator.draft_product().await;
    mirror.follow(&visitor, &changes(&aggregator), 100).await;
    is_what_is_listed(&mirror, &aggregator).await;
    let _ = step(&aggregator, format!("products/{first}/unpublish")).await.expect(200);
    let told = mirror.follow(&visitor, &changes(&aggregator), 2).await;
    let gone: Vec<_> = told.iter().filter(|change| change["op"] == "delete").collect();
    assert!(matches!(gone.as_slice(), [one] if one["id"] == first && one["type"] == "product"), "{told:?}");
    is_what_is_listed(&mirror, &aggregator).await;
    let suspension = json!({ "reason": "Diperiksa." });
    let path = aggregator.path(&format!("merchants/{merchant}/suspend"));
    let _ = aggregator.owner.post(&path, suspension).await.expect(200);
    let told = mirror.follow(&visitor, &changes(&aggregator), 2).await;
    assert!(told.iter().any(|c| c["type"] == "merchant" && c["id"] == merchant && c["op"] == "delete"));
    is_what_is_listed(&mirror, &aggregator).await;
}

#[tokio::test]
async fn a_stock_change_tells_the_product_alone() {
    let aggregator = World::new().await.aggregator().await;
    let visitor = aggregator.world.visitor.clone();
    let product = aggregator.product().await;
    let mut mirror = Mirror::fresh(&visitor, &changes(&aggregator)).await;
    let (id, variant) = (text(&product["id"]), text(&product["variants"][0]["id"]));
    let stock = aggregator.path(&format!("products/{id}/variants/{variant}/stock"));
    let _ = aggregator.owner.post(&stock, json!({ "set": 0, "reason": "Habis." })).await.expect(200);
    let told = mirror.follow(&visitor, &changes(&aggregator), 100).await;
    assert!(matches!(told.as_slice(), [one] if one["data"]["available"] == false), "{told:?}");
}

#[tokio::test]
async fn a_category_that_a_product_leaves_is_told() {
    let aggregator = World::new().await.aggregator().await;
    let visitor = aggregator.world.visitor.clone();
    let product = text(&aggregator.product().await["id"]);
    let mut mirror = Mirror::fresh(&visitor, &changes(&aggregator)).await;
    let path = aggregator.path(&format!("products/{product}"));
    let _ = step(&aggregator, format!("products/{product}/unpublish")).await.expect(200);
    let categories = visitor.get("/v1/categories").await.json(200);
    let craft = categories["data"].as_array().into_iter().flatten().find(|c| c["slug"] == "kerajinan");
    let craft = craft.or(categories.pointer("/data/1")).expect("another category");
    let now = aggregator.owner.get(&path).await.json(200);
    let moved = json!({ "category_id": craft["id"] });
    let _ = aggregator.owner.patch(&path, moved).of(&now["version"]).await.expect(200);
    let _ = step(&aggregator, format!("products/{product}/submit")).await;
    let _ = step(&aggregator, format!("products/{product}/publish")).await.expect(200);
    let before = mirror.ids("category");
    mirror.follow(&visitor, &changes(&aggregator), 100).await;
    assert_ne!(before, mirror.ids("category"));
    is_what_is_listed(&mirror, &aggregator).await;
}

#[tokio::test]
async fn texts_are_in_the_asked_language() {
    let aggregator = World::new().await.aggregator().await;
    let _ = aggregator.product().await;
    let path = changes(&aggregator);
    for (language, begins) in [("en", "Arabica"), ("id", "Kopi")] {
        let call = aggregator.world.visitor.call("GET", &path).header("Accept-Language", language);
        let page = call.await.expect(200);
        assert_eq!(page.header("content-language"), language);
        let told = page.json["changes"].as_array().cloned().unwrap_or_default();
        let product = told.iter().find(|change| change["type"] == "product").expect("a product");
        assert!(text(&product["data"]["name"]).starts_with(begins), "{product}");
    }
}

#[tokio::test]
async fn a_token_belongs_to_its_storefront() {
    let world = World::new().await;
    let (one, other) = (world.aggregator().await, world.aggregator().await);
    let token = Mirror::fresh(&world.visitor, &changes(&one)).await.token.expect("a token");
    let nation = "/v1/storefront/changes";
    for path in [changes(&other), nation.to_owned()] {
        let _ = world.visitor.get(&format!("{path}?since={token}")).await.problem(400, "cursor_mismatch");
    }
    // It is the storefront that counts, not how it is addressed.
    let by_id = format!("/v1/storefronts/{}/changes?since={token}", one.id);
    let _ = world.visitor.get(&by_id).await.expect(200);
    let mut forged = token.clone();
    forged.replace_range(20..21, if &token[20..21] == "A" { "B" } else { "A" });
    let cursor = world.visitor.get("/v1/storefront/merchants?limit=1").await.json(200);
    let cursor = cursor["page"]["next_cursor"].as_str().unwrap_or("bukan").to_owned();
    for (garbage, code) in [
        (String::new(), "invalid_cursor"),
        ("bukan-token".into(), "invalid_cursor"),
        (forged, "invalid_cursor"),
        (token[..token.len() - 4].to_owned(), "invalid_cursor"),
        ("%00".into(), "invalid_parameter"),
        (cursor, ""),
    ] {
        let answer = world.visitor.get(&format!("{}?since={garbage}", changes(&one))).await.expect(400);
        answer.is_problem();
        assert!(code.is_empty() || answer.code() == code, "{answer}");
    }
    for limit in ["0", "1001", "-1", "x"] {
        let path = format!("{}?limit={limit}", changes(&one));
        let _ = world.visitor.get(&path).await.problem(400, "invalid_parameter");
    }
    let _ = world.visitor.get("/v1/storefronts/tidak-ada/changes").await.problem(404, "not_found");
    let _ = world.visitor.get("/v1/storefronts/tidak-ada/changes/snapshot").await.problem(404, "not_found");
}

/// A token of an aggregator that was given so many days ago, of a place in its log.
fn token_of(aggregator: &Aggregator, days: i64, own: i64, platform: i64) -> String {
    use chrono::Datelike as _;
    let today = i64::from(chrono::Utc::now().num_days_from_ce());
    let numbers = [today - days, own, platform, own, platform, -1].map(CursorValue::Int);
    let ids = [uuid::Uuid::nil(), uuid::Uuid::nil()].map(CursorValue::Id);
    let list = format!("changes {}", aggregator.id);
    Cursor(numbers.into_iter().chain(ids).collect()).encode(&Cluster::get().pools().vault, &list)
}

#[tokio::test]
async fn a_token_is_good_for_ninety_days() {
    let aggregator = World::new().await.aggregator().await;
    let _ = aggregator.product().await;
    let database = Cluster::get().superuser(&Cluster::get().database).await;
    let ends = "SELECT public_seq FROM tenant_heads WHERE aggregator_id = $1::text::uuid";
    let own: i64 = database.query_one(ends, &[&aggregator.id]).await.expect("a head").get(0);
    let platform = "SELECT public_seq FROM tenant_heads h JOIN aggregators a ON a.id = h.aggregator_id WHERE a.kind = 'platform'";
    let platform: i64 = database.query_one(platform, &[]).await.expect("a head").get(0);
    let ask = async |token: String| {
        aggregator.world.visitor.get(&format!("{}?since={token}", changes(&aggregator))).await
    };
    let _ = ask(token_of(&aggregator, 90, own, platform)).await.expect(200);
    let _ = ask(token_of(&aggregator, 30, 0, platform)).await.expect(200);
    let _ = ask(token_of(&aggregator, 91, own, platform)).await.problem(410, "sync_token_expired");
    // A log that ends before the token's place is another one: of a database that was set back.
    let _ = ask(token_of(&aggregator, 0, own + 1_000, platform)).await.problem(410, "sync_token_expired");
    // Events that are no longer kept.
    let forget = "DELETE FROM events WHERE aggregator_id = $1::text::uuid AND seq <= 2";
    database.execute(forget, &[&aggregator.id]).await.expect("the events are gone");
    let _ = ask(token_of(&aggregator, 30, 1, platform)).await.problem(410, "sync_token_expired");
    let _ = ask(token_of(&aggregator, 30, 2, platform)).await.expect(200);
}

#[tokio::test]
async fn who_has_the_present_state_gets_a_304() {
    let aggregator = World::new().await.aggregator().await;
    let product = text(&aggregator.product().await["id"]);
    let visitor = &aggregator.world.visitor;
    let token = Mirror::fresh(visitor, &changes(&aggregator)).await.token.expect("a token");
    for path in [format!("{}?since={token}", changes(&aggregator)), aggregator.shop("/changes/snapshot")] {
        let tag = eventually("a tag", async || {
            let tag = visitor.get(&path).await.expect(200).header("etag").to_owned();
            (!tag.is_empty()).then_some(tag)
        })
        .await;
        let again = async || visitor.call("GET", &path).header("If-None-Match", &tag).await;
        assert_eq!(again().await.status, 304);
        let stock = aggregator.path(&format!("products/{product}/unpublish"));
        let _ = aggregator.owner.step(&stock).await.expect(200);
        let _ = again().await.expect(200);
        let _ = aggregator.owner.step(&stock.replace("unpublish", "publish")).await.expect(200);
    }
}

#[tokio::test]
async fn a_snapshot_is_the_whole_catalogue_with_a_token() {
    let aggregator = World::new().await.aggregator().await;
    let visitor = &aggregator.world.visitor;
    let product = text(&aggregator.product().await["id"]);
    let _ = aggregator.collection(&[&product]).await;
    for (path, sync) in [
        (aggregator.shop("/changes/snapshot"), changes(&aggregator)),
        ("/v1/storefront/changes/snapshot".to_owned(), "/v1/storefront/changes".to_owned()),
    ] {
        let file = visitor.get(&path).await.expect(200);
        assert_eq!(file.header("content-type"), "application/x-ndjson");
        let mut mirror = Mirror::default();
        let text = file.text();
        let mut lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
        let last = lines.pop().expect("a last line");
        lines.iter().for_each(|change| mirror.apply(change));
        mirror.token = Some(kapal_tests::text(&last["next"]));
        let _ = aggregator.owner.step(&aggregator.path(&format!("products/{product}/unpublish"))).await;
        mirror.follow(visitor, &sync, 100).await;
        assert!(!mirror.ids("product").contains(&product));
        if path.contains(&aggregator.slug) {
            is_what_is_listed(&mirror, &aggregator).await;
        }
        let _ = aggregator.owner.step(&aggregator.path(&format!("products/{product}/publish"))).await;
    }
}

#[tokio::test]
async fn the_nation_follows_who_joins_and_leaves() {
    let aggregator = World::new().await.aggregator().await;
    let visitor = aggregator.world.visitor.clone();
    let product = text(&aggregator.product().await["id"]);
    let _ = aggregator.collection(&[&product]).await;
    let nation = "/v1/storefront/changes";
    let mut mirror = Mirror::fresh(&visitor, nation).await;
    assert_eq!(mirror.of(&aggregator.slug).len(), 3, "{:?}", mirror.of(&aggregator.slug));
    let settings = aggregator.path("settings");
    let opt = async |national: bool| {
        let now = aggregator.owner.get(&settings).await.expect(200);
        let mut new = now.json.clone();
        new["national"] = json!(national);
        let put = aggregator.owner.put(&settings, new).header("If-Match", now.header("etag")).await;
        assert!(put.status < 300, "{put}");
    };
    let platform = format!("/v1/platform/aggregators/{}", aggregator.id);
    let turn = async |step: &str| {
        let _ = aggregator.world.operator.step(&format!("{platform}/{step}")).await.expect(200);
    };
    opt(false).await;
    let told = mirror.follow(&visitor, nation, 1).await;
    assert!(told.iter().any(|c| c["id"] == product && c["op"] == "delete"), "{told:?}");
    assert_eq!(mirror.of(&aggregator.slug).len(), 0);
    opt(true).await;
    mirror.follow(&visitor, nation, 2).await;
    assert_eq!(mirror.of(&aggregator.slug).len(), 3);
    turn("suspend").await;
    let _ = visitor.get(&changes(&aggregator)).await.problem(404, "not_found");
    mirror.follow(&visitor, nation, 500).await;
    assert_eq!(mirror.of(&aggregator.slug).len(), 0);
    turn("activate").await;
    mirror.follow(&visitor, nation, 500).await;
    let fresh = Mirror::fresh(&visitor, nation).await;
    assert_eq!(mirror.of(&aggregator.slug), fresh.of(&aggregator.slug));
    assert_eq!(mirror.of(&aggregator.slug).len(), 3);
}

/// What the random operations work on.
struct Stock {
    merchants: Vec<String>,
    products: Vec<String>,
    collections: Vec<String>,
}

/// One random operation. Others may do the opposite at the same time: a refusal is as good.
async fn operate(aggregator: &Aggregator, stock: &Stock, random: &mut StdRng) {
    let owner = &aggregator.owner;
    let product =
        aggregator.path(&format!("products/{}", stock.products[random.random_range(..stock.products.len())]));
    let merchant = aggregator
        .path(&format!("merchants/{}", stock.merchants[random.random_range(..stock.merchants.len())]));
    let collection = stock.collections[random.random_range(..stock.collections.len())].clone();
    let collection = aggregator.path(&format!("collections/{collection}"));
    let answer = match random.random_range(0..10) {
        0 => owner.step(&format!("{product}/unpublish")).await,
        1 | 2 => {
            let _ = owner.step(&format!("{product}/submit")).await;
            owner.step(&format!("{product}/publish")).await
        }
        3 | 4 => {
            let now = owner.get(&product).await.json(200);
            let variant = format!("{product}/variants/{}", text(&now["variants"][0]["id"]));
            let amount = format!("{}", random.random_range(10..200) * 1_000);
            let price = json!({ "price": { "amount": amount, "currency": "IDR" } });
            owner.patch(&variant, price).of(&now["version"]).await
        }
        5 => owner.post(&format!("{merchant}/suspend"), json!({ "reason": "Diperiksa." })).await,
        6 => owner.step(&format!("{merchant}/reinstate")).await,
        7 => {
            let now = owner.get(&merchant).await.json(200);
            owner.patch(&merchant, json!({ "name": format!("Kopi {}", unique()) })).of(&now["version"]).await
        }
        8 => {
            let now = owner.get(&collection).await;
            let some = stock.products.iter().filter(|_| random.random_bool(0.5)).collect::<Vec<_>>();
            let put = format!("{collection}/products");
            owner.put(&put, json!({ "product_ids": some })).of(&now.json["version"]).await
        }
        _ => {
            let now = owner.get(&collection).await;
            let title = json!({ "title": { "id": format!("Pilihan {}", unique()) } });
            owner.patch(&collection, title).of(&now.json["version"]).await
        }
    };
    assert!(answer.status < 500, "{answer}");
}

/// Random operations of several writers at once, while a client follows in pages of random sizes.
async fn converges(seed: u64) {
    let aggregator = World::new().await.aggregator().await;
    let visitor = aggregator.world.visitor.clone();
    let mut stock = Stock { merchants: Vec::new(), products: Vec::new(), collections: Vec::new() };
    for _ in 0..3 {
        let merchant = text(&aggregator.active_merchant().await["id"]);
        let body = aggregator.product_body(&merchant).await;
        for _ in 0..3 {
            let made = aggregator.owner.post(&aggregator.path("products"), body.clone()).await.json(201);
            let id = text(&made["id"]);
            let _ = aggregator.publish(&id).await;
            stock.products.push(id);
        }
        stock.merchants.push(merchant);
    }
    let some: Vec<_> = stock.products.iter().map(String::as_str).take(4).collect();
    stock.collections.push(text(&aggregator.collection(&some).await["id"]));
    let rule = json!({ "title": { "id": "Murah" }, "rule": { "price_to": { "amount": "90000", "currency": "IDR" } } });
    let made = aggregator.owner.post(&aggregator.path("collections"), rule).await.json(201);
    stock.collections.push(text(&made["id"]));
    let (path, nation) = (changes(&aggregator), "/v1/storefront/changes");
    let mut mirror = Mirror::default();
    let mut national = Mirror::fresh(&visitor, nation).await;
    let done = AtomicBool::new(false);
    let writer = async |number: u64| {
        let mut random = StdRng::seed_from_u64(seed * 10 + number);
        for _ in 0..15 {
            operate(&aggregator, &stock, &mut random).await;
        }
    };
    let writing = async {
        tokio::join!(writer(1), writer(2), writer(3));
        done.store(true, Ordering::Relaxed);
    };
    let following = async {
        let mut random = StdRng::seed_from_u64(seed * 10);
        while !done.load(Ordering::Relaxed) {
            mirror.page(&visitor, &path, random.random_range(1..12)).await;
            national.page(&visitor, nation, random.random_range(1..50)).await;
        }
    };
    tokio::join!(writing, following);
    mirror.follow(&visitor, &path, 3).await;
    let fresh = Mirror::fresh(&visitor, &path).await;
    assert_eq!(mirror.things, fresh.things, "seed {seed}");
    is_what_is_listed(&mirror, &aggregator).await;
    national.follow(&visitor, nation, 100).await;
    let fresh = Mirror::fresh(&visitor, nation).await;
    assert_eq!(national.of(&aggregator.slug), fresh.of(&aggregator.slug), "seed {seed}");
    let own: BTreeMap<_, _> = mirror.of(&aggregator.slug).into_iter().collect();
    assert_eq!(national.of(&aggregator.slug).into_iter().collect::<BTreeMap<_, _>>(), own, "seed {seed}");
}

#[tokio::test]
async fn a_client_that_follows_writers_has_what_is_listed_in_the_end() {
    for seed in [1, 2] {
        converges(seed).await;
    }
}

#[tokio::test]
async fn a_client_that_follows_writers_has_what_is_listed_in_the_end_again() {
    for seed in [3, 4] {
        converges(seed).await;
    }
}

#[tokio::test]
async fn a_merchant_in_draft_is_not_told_of() {
    let aggregator = World::new().await.aggregator().await;
    let visitor = aggregator.world.visitor.clone();
    let mut mirror = Mirror::fresh(&visitor, &changes(&aggregator)).await;
    let body = json!({ "name": "Rahasia", "region_code": "53.07", "phone": "081234567890", "nib": nib() });
    let draft = aggregator.owner.post(&aggregator.path("merchants"), body).await.json(201);
    let path = aggregator.path(&format!("merchants/{}", text(&draft["id"])));
    let _ =
        aggregator.owner.patch(&path, json!({ "story": "Baru." })).of(&draft["version"]).await.expect(200);
    assert_eq!(mirror.follow(&visitor, &changes(&aggregator), 100).await, Vec::<Value>::new());
}
