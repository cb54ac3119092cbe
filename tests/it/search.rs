//! Searches: what is found and how soon, how words are read, what is counted, what staff tell the search and see of it.

use std::time::{Duration, Instant};

use kapal_tests::{Aggregator, Client, Cluster, Server, ServerOptions, World, eventually, text, unique};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

/// Percent-encodes a value of a query.
pub fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn products(client: &Client, aggregator: &Aggregator, query: &str) -> Value {
    client.get(&aggregator.shop(&format!("/products?{query}"))).await.json(200)
}

fn names(page: &Value) -> Vec<String> {
    page["data"].as_array().into_iter().flatten().map(|product| text(&product["name"])).collect()
}

/// A published product of this name, of a merchant.
async fn publish(
    aggregator: &Aggregator,
    merchant: &Value,
    name: &str,
    description: &str,
    price: u32,
) -> Value {
    let mut body = aggregator.product_body(&text(&merchant["id"])).await;
    let description = if description.is_empty() { "Buatan sendiri." } else { description };
    body["translations"] = json!({ "id": { "name": name, "description": description } });
    body["variants"] =
        json!([{ "sku": "A", "price": { "amount": price.to_string(), "currency": "IDR" }, "stock": 1 }]);
    let product = aggregator.owner.post(&aggregator.path("products"), body).await.json(201);
    aggregator.publish(&text(&product["id"])).await
}

/// Waits until the words find so many products, as they were typed.
async fn until_found(client: &Client, aggregator: &Aggregator, words: &str, count: usize) -> Value {
    let query = format!("q={}&limit=100", encoded(words));
    eventually(&format!("{count} of {words}"), async || {
        let page = products(client, aggregator, &query).await;
        let is_exact = page["page"]["relaxed"].as_array().is_some_and(Vec::is_empty);
        (names(&page).len() == count && (is_exact || count == 0)).then_some(page)
    })
    .await
}

/// A server that takes the tokens of another one, in its folder or in one of its own.
fn beside(server: &Server, in_its_folder: bool) -> ServerOptions {
    let mut env = vec![("KAPAL_PUBLIC_URL", server.address.clone())];
    if in_its_folder {
        env.push(("KAPAL_DATA_DIR", server.data.display().to_string()));
    }
    ServerOptions { env, ..ServerOptions::default() }
}

/// A shelf of five in an aggregator of its own, all in the index.
async fn shelf() -> (Aggregator, Value) {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.active_merchant().await;
    for (name, description, price) in [
        ("Keripik Pisang Manis", "Renyah, dari pisang kepok.", 15_000),
        ("Keripik Tempe Sagu", "Gurih.", 18_000),
        ("Sambal Roa Botol", "Pedas dari ikan roa asap.", 35_000),
        ("Cokelat Batang 70%", "Dari biji kakao fermentasi.", 60_000),
        ("Tenun Ikat Sumba", "Ditenun tangan tiga bulan.", 1_750_000),
    ] {
        let _ = publish(&aggregator, &merchant, name, description, price).await;
    }
    eventually("the index", async || {
        let page = products(&aggregator.world.visitor, &aggregator, "include=facets").await;
        (page["facets"]["province"][0]["count"] == 5).then_some(())
    })
    .await;
    (aggregator, merchant)
}

#[tokio::test]
async fn a_product_is_found_within_a_second_and_gone_with_the_next_read() {
    let world = World::new().await;
    let (visitor, mut slowest) = (&world.visitor, Duration::MAX);
    // A machine that does other things too may be late once.
    for _ in 0..3 {
        let aggregator = world.aggregator().await;
        let product = aggregator.draft_product().await;
        let name = text(&product["translations"]["id"]["name"]);
        let id = text(&product["id"]);
        assert_eq!(names(&products(visitor, &aggregator, &format!("q={}", encoded(&name))).await).len(), 0);
        let _ = aggregator.publish(&id).await;
        let published = Instant::now();
        let _ = until_found(visitor, &aggregator, &name, 1).await;
        let national = format!("/v1/storefront/products?q={}", encoded(&name));
        let nation = names(&visitor.get(&national).await.json(200));
        assert_eq!(nation.first(), Some(&name), "the nation finds it too");
        slowest = slowest.min(published.elapsed());
        let step = |rest: &str| aggregator.owner.step(&aggregator.path(rest));
        let _ = step(&format!("products/{id}/unpublish")).await.expect(200);
        for path in [national.clone(), aggregator.shop(&format!("/products?q={}", encoded(&name)))] {
            let page = visitor.get(&path).await.json(200);
            assert!(!names(&page).contains(&name), "unpublished, but at {path}: {page}");
        }
        let _ = step(&format!("products/{id}/publish")).await.expect(200);
        let _ = until_found(visitor, &aggregator, &name, 1).await;
        let merchant = aggregator.path(&format!("merchants/{}", text(&product["merchant_id"])));
        let reason = json!({ "reason": "Diperiksa." });
        let _ = aggregator.owner.post(&format!("{merchant}/suspend"), reason).await.expect(200);
        assert_eq!(names(&products(visitor, &aggregator, &format!("q={}", encoded(&name))).await).len(), 0);
        let _ = aggregator.owner.step(&format!("{merchant}/reinstate")).await.expect(200);
        let _ = until_found(visitor, &aggregator, &name, 1).await;
        let platform = format!("/v1/platform/aggregators/{}", aggregator.id);
        let _ = world.operator.step(&format!("{platform}/suspend")).await.expect(200);
        let page = visitor.get(&national).await.json(200);
        assert!(!names(&page).contains(&name), "aggregator suspended: {page}");
        if slowest < Duration::from_secs(1) {
            break;
        }
    }
    assert!(slowest < Duration::from_secs(1), "found after {slowest:?}");
}

#[tokio::test]
async fn a_changed_name_and_price_are_searched_as_they_are_now() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.active_merchant().await;
    let _ = publish(&aggregator, &merchant, "Kopi Gayo", "", 50_000).await;
    let visitor = &aggregator.world.visitor;
    let _ = until_found(visitor, &aggregator, "gayo", 1).await;
    let path = aggregator.path(&format!("merchants/{}", text(&merchant["id"])));
    let renamed = format!("Rumah {}", unique());
    let read = aggregator.owner.get(&path).await.json(200);
    let _ = aggregator.owner.patch(&path, json!({ "name": renamed })).of(&read["version"]).await.expect(200);
    let _ = until_found(visitor, &aggregator, &renamed, 1).await;
}

#[tokio::test]
async fn two_servers_on_one_directory_find_the_same_and_one_takes_over() {
    let first = Server::start(ServerOptions::default()).await;
    let options = beside(&first, true);
    let second = Server::on(first.database.clone(), options).await;
    let world = World::on(&first).await;
    let (one, two) = (&world.visitor, Client::new(&second.address));
    let aggregator = world.aggregator().await;
    let merchant = aggregator.active_merchant().await;
    let _ = publish(&aggregator, &merchant, "Kopi Gayo", "", 50_000).await;
    let _ = until_found(one, &aggregator, "gayo", 1).await;
    let _ = until_found(&two, &aggregator, "gayo", 1).await;
    // The other one writes the change; whoever has the lock indexes it for both.
    let owner = two.with_token(aggregator.owner.token());
    let second_product = publish(&aggregator, &merchant, "Kopi Toraja", "", 50_000).await;
    let unpublish = aggregator.path(&format!("products/{}/unpublish", text(&second_product["id"])));
    let _ = until_found(&two, &aggregator, "toraja", 1).await;
    let _ = owner.step(&unpublish).await.expect(200);
    let _ = until_found(one, &aggregator, "toraja", 0).await;
    drop(first);
    let publish_again = aggregator.path(&format!("products/{}/publish", text(&second_product["id"])));
    let _ = owner.step(&publish_again).await.expect(200);
    let _ = until_found(&two, &aggregator, "toraja", 1).await;
}

#[tokio::test]
async fn a_restarted_server_catches_up_and_one_that_lost_its_index_builds_it() {
    let mut first = Server::start(ServerOptions::default()).await;
    let world = World::on(&first).await;
    let aggregator = world.aggregator().await;
    let merchant = aggregator.active_merchant().await;
    let _ = publish(&aggregator, &merchant, "Kopi Gayo", "", 50_000).await;
    let _ = until_found(&world.visitor, &aggregator, "gayo", 1).await;
    let other = Server::on(first.database.clone(), beside(&first, false)).await;
    first.signal(Signal::SIGINT);
    let data = first.data.display().to_string();
    while first.ended().is_none() {
        tokio::task::yield_now().await;
    }
    // The client of the world talks to the server that has ended: the same people, at the other one.
    let elsewhere = Client::new(&other.address).with_token(aggregator.owner.token());
    let rest = format!("merchants/{}", text(&merchant["id"]));
    let merchant = elsewhere.get(&aggregator.path(&rest)).await.json(200);
    let body = json!({ "name": "Rumah Belalang" });
    let _ = elsewhere.patch(&aggregator.path(&rest), body).of(&merchant["version"]).await.expect(200);
    let options = beside(&first, true);
    let again = Server::on(other.database.clone(), options.clone()).await;
    let _ = until_found(&Client::new(&again.address), &aggregator, "belalang", 1).await;
    assert!(!again.log().contains("was built"), "{}", again.log());
    drop(again);
    std::fs::remove_dir_all(format!("{data}/search")).expect("the index");
    let anew = Server::on(other.database.clone(), options).await;
    let _ = until_found(&Client::new(&anew.address), &aggregator, "belalang", 1).await;
    eventually("its log", async || anew.log().contains("was built").then_some(())).await;
}

#[tokio::test]
async fn words_are_read_more_loosely_where_they_find_too_little() {
    let (aggregator, _) = shelf().await;
    let visitor = &aggregator.world.visitor;
    for (words, first, relaxed, meant) in [
        ("keripik pisang", "Keripik Pisang Manis", json!(["any_word"]), Value::Null),
        ("kripik tempe", "Keripik Tempe Sagu", json!(["any_word"]), Value::Null),
        ("sambel", "Sambal Roa Botol", json!([]), Value::Null),
        ("coklat", "Cokelat Batang 70%", json!([]), Value::Null),
        ("chocolate", "Cokelat Batang 70%", json!([]), Value::Null),
        ("tenunan", "Tenun Ikat Sumba", json!([]), Value::Null),
        ("samabl", "Sambal Roa Botol", json!(["spelling"]), json!("sambal")),
        ("tenn ikat", "Tenun Ikat Sumba", json!(["spelling"]), json!("tenun ikat")),
        ("cokel", "Cokelat Batang 70%", json!(["prefix"]), Value::Null),
        ("sambal tenun", "Sambal Roa Botol", json!(["any_word"]), Value::Null),
    ] {
        let page = products(visitor, &aggregator, &format!("q={}", encoded(words))).await;
        assert!(names(&page).contains(&first.to_owned()), "{words}: {page}");
        if words != "sambal tenun" {
            assert_eq!(names(&page)[0], first, "{words}");
        }
        assert_eq!((&page["page"]["relaxed"], &page["did_you_mean"]), (&relaxed, &meant), "{words}");
    }
    let merchant = until_found(visitor, &aggregator, "nusa tenggara timur", 5).await;
    assert_eq!(merchant["page"]["has_more"], false);
}

#[tokio::test]
async fn highlights_are_safe_and_only_for_who_asks() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.active_merchant().await;
    let _ = publish(&aggregator, &merchant, "Kopi <b>Gayo</b> & Teh", "Kopi \"enak\".", 50_000).await;
    let visitor = &aggregator.world.visitor;
    let plain = until_found(visitor, &aggregator, "gayo", 1).await;
    assert!(plain["data"][0].get("highlight").is_none() && plain.get("facets").is_none(), "{plain}");
    let page = products(visitor, &aggregator, "q=kopi%20gayo&include=highlight").await;
    assert_eq!(
        page["data"][0]["highlight"],
        json!({
            "name": "<mark>Kopi</mark> &lt;b&gt;<mark>Gayo</mark>&lt;/b&gt; &amp; Teh",
            "description": "<mark>Kopi</mark> &quot;enak&quot;.",
        })
    );
    let bad = aggregator.shop("/products?include=everything");
    visitor.get(&bad).await.problem(400, "invalid_parameter");
}

/// The counts of a facet by value.
fn counts(page: &Value, facet: &str) -> Vec<(String, u64, bool)> {
    let items = page["facets"][facet].as_array().cloned().unwrap_or_default();
    let mut counts: Vec<_> = items
        .iter()
        .map(|item| (text(&item["value"]), item["count"].as_u64().expect("a count"), item["capped"] == true))
        .collect();
    counts.sort();
    counts
}

/// A server beside the shared one, on its database, that searches without an index. It has no worker, which would take
/// the letters that other tests wait for.
async fn without_index() -> Server {
    let env = vec![("KAPAL_SEARCH", "off".into()), ("KAPAL_WORKER", "off".into())];
    Server::on(Cluster::get().database.clone(), ServerOptions { env, ..ServerOptions::default() }).await
}

#[tokio::test]
async fn each_facet_counts_what_its_filter_would_list() {
    let (aggregator, _) = shelf().await;
    let visitor = &aggregator.world.visitor;
    let starred = products(visitor, &aggregator, "q=sambal").await["data"][0]["id"].clone();
    let _ = aggregator.make_mutiara(&text(&starred)).await;
    let fallback = without_index().await;
    let by_database = Client::new(&fallback.address);
    eventually("the star", async || {
        let page = products(visitor, &aggregator, "include=facets").await;
        (!counts(&page, "stars").is_empty()).then_some(())
    })
    .await;
    for query in
        ["", "category=kopi&", "min_price=20000&", "province=53&stars=1&", "q=keripik&", "mutiara=true&"]
    {
        let page = products(visitor, &aggregator, &format!("{query}include=facets")).await;
        for facet in ["category", "province", "price", "certificate", "stars"] {
            for item in page["facets"][facet].as_array().expect("a facet") {
                let filter = match facet {
                    "price" => {
                        let end = |name: &str| {
                            item[name].as_str().map(|price| format!("&{name}={price}")).unwrap_or_default()
                        };
                        format!("{}{}", end("min_price"), end("max_price"))
                    }
                    _ => format!("&{facet}={}", text(&item["value"])),
                };
                let own = if facet == "price" { "_price=" } else { facet };
                let others: Vec<_> = query.split('&').filter(|pair| !pair.contains(own)).collect();
                let listed =
                    products(visitor, &aggregator, &format!("limit=100&{}{filter}", others.join("&"))).await;
                assert_eq!(json!(names(&listed).len()), item["count"], "{query} {facet} {item}");
                assert!(!text(&item["label"]).is_empty() && item["capped"] == false, "{item}");
            }
        }
        if !query.starts_with("q=") {
            let same = products(&by_database, &aggregator, &format!("{query}include=facets")).await;
            assert_eq!(same["facets"], page["facets"], "the database counts the same: {query}");
        }
    }
}

#[tokio::test]
async fn without_an_index_the_database_answers() {
    let (aggregator, _) = shelf().await;
    let fallback = without_index().await;
    let visitor = Client::new(&fallback.address);
    let page = products(&visitor, &aggregator, "q=keripik&include=facets,highlight&limit=1").await;
    assert_eq!((names(&page).len(), &page["page"]["has_more"]), (1, &json!(true)), "{page}");
    let cursor = text(&page["page"]["next_cursor"]);
    // A page that the database made goes on with the database, whoever is asked.
    for client in [&visitor, &aggregator.world.visitor] {
        let next = format!("q=keripik&include=facets,highlight&limit=1&cursor={cursor}");
        assert_eq!(names(&products(client, &aggregator, &next).await).len(), 1);
    }
    let suggested = visitor.get(&aggregator.shop("/suggest?q=keri")).await.json(200);
    assert_eq!(
        suggested["data"][0],
        json!({ "text": "Keripik Pisang Manis", "kind": "product", "value": null })
    );
    for odd in ["☕️", "'", ":*", "a:*&b", ""] {
        let _ = visitor.get(&aggregator.shop(&format!("/suggest?q={}", encoded(odd)))).await.expect(200);
    }
    visitor.get("/v1/storefronts/tidak-ada/products?q=kopi").await.problem(404, "not_found");
}

#[tokio::test]
async fn what_is_typed_is_completed() {
    let (aggregator, merchant) = shelf().await;
    let visitor = &aggregator.world.visitor;
    let suggest =
        async |q: &str| visitor.get(&aggregator.shop(&format!("/suggest?q={}", encoded(q)))).await.json(200);
    let has = |answer: &Value, kind: &str, text: &str, value: Value| {
        let wanted = json!({ "text": text, "kind": kind, "value": value });
        assert!(answer["data"].as_array().is_some_and(|all| all.contains(&wanted)), "{wanted}: {answer}");
    };
    has(&suggest("keri").await, "word", "keripik", Value::Null);
    has(&suggest("keripik te").await, "word", "keripik tempe", Value::Null);
    let name = text(&merchant["name"]);
    has(&suggest(&name[..4]).await, "merchant", &name, merchant["slug"].clone());
    has(&suggest("nusa t").await, "province", "Nusa Tenggara Timur", json!("53"));
    let region = &merchant["region"];
    has(
        &suggest(&text(&region["name"])[..4]).await,
        "region",
        &text(&region["name"]),
        region["code"].clone(),
    );
    let misspelt = suggest("kerpik").await;
    assert_eq!(misspelt["did_you_mean"], "keripik");
    assert_eq!(suggest("zzzz").await, json!({ "data": [], "did_you_mean": null }));
    let national = visitor.get("/v1/storefront/suggest?q=keri&limit=1").await.json(200);
    assert_eq!(national["data"].as_array().map(Vec::len), Some(1));
    for bad in ["limit=0&q=a", "limit=21&q=a", "", &format!("q={}", "x".repeat(201))] {
        visitor.get(&aggregator.shop(&format!("/suggest?{bad}"))).await.problem(400, "invalid_parameter");
    }
    visitor.get("/v1/storefronts/tidak-ada/suggest?q=a").await.problem(404, "not_found");
}

#[tokio::test]
async fn by_relevance_pages_follow_each_other_and_other_orders_hold() {
    let (aggregator, _) = shelf().await;
    let visitor = &aggregator.world.visitor;
    let (mut cursor, mut seen) = (String::new(), Vec::new());
    loop {
        let page = products(visitor, &aggregator, &format!("q=nusa&limit=2{cursor}")).await;
        seen.extend(names(&page));
        match page["page"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let (count, mut once) = (seen.len(), seen.clone());
    once.sort();
    once.dedup();
    assert_eq!((count, once.len()), (5, 5), "{seen:?}");
    let cheapest = products(visitor, &aggregator, "q=nusa&sort=price&limit=3").await;
    assert_eq!(names(&cheapest), ["Keripik Pisang Manis", "Keripik Tempe Sagu", "Sambal Roa Botol"]);
    let next = format!("q=nusa&sort=price&limit=3&cursor={}", text(&cheapest["page"]["next_cursor"]));
    assert_eq!(
        names(&products(visitor, &aggregator, &next).await),
        ["Cokelat Batang 70%", "Tenun Ikat Sumba"]
    );
    let by_name = products(visitor, &aggregator, "q=keripik&sort=name").await;
    assert_eq!(names(&by_name)[..2], ["Keripik Pisang Manis", "Keripik Tempe Sagu"]);
}

#[tokio::test]
async fn an_aggregators_synonyms_are_its_own() {
    let (aggregator, _) = shelf().await;
    let (owner, path) = (&aggregator.owner, aggregator.path("search/synonyms"));
    let before = owner.get(&path).await.expect(200);
    assert_eq!(before.json, json!({ "groups": [], "version": 1 }));
    let groups = json!([["sambal", "ulekan"], ["Kain Sumba", "hinggi"]]);
    let put = |body: Value| owner.put(&path, body).header("If-Match", "\"1\"");
    owner.put(&path, json!({ "groups": groups })).await.problem(428, "precondition_required");
    for (body, faults) in [
        (json!({ "groups": [["satu"]] }), [("/groups/0", "too_short")]),
        (json!({ "groups": [["a", "A"]] }), [("/groups/0/1", "duplicate_entry")]),
        (json!({ "groups": [["a", "!"]] }), [("/groups/0/1", "invalid_characters")]),
        (json!({ "groups": [["a", "x".repeat(61)]] }), [("/groups/0/1", "too_long")]),
        (json!({ "groups": vec![["a", "b"]; 501] }), [("/groups", "too_long")]),
    ] {
        put(body).await.faults(&faults);
    }
    let after = put(json!({ "groups": groups })).await.expect(200);
    assert_eq!(
        after.json,
        json!({ "groups": [["sambal", "ulekan"], ["kain sumba", "hinggi"]], "version": 2 })
    );
    put(json!({ "groups": [] })).await.problem(412, "precondition_failed");
    let visitor = &aggregator.world.visitor;
    let page = until_found(visitor, &aggregator, "ulekan", 1).await;
    assert_eq!(names(&page), ["Sambal Roa Botol"]);
    let other = aggregator.world.aggregator().await;
    assert_eq!(other.owner.get(&other.path("search/synonyms")).await.json(200)["version"], 1);
}

#[tokio::test]
async fn an_aggregators_weights_order_what_the_words_leave_open() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.active_merchant().await;
    // The words speak for the first, which names them alone; being mutiara for the second.
    let _ = publish(&aggregator, &merchant, "Sagu", "Kering.", 15_000).await;
    let pearl = publish(&aggregator, &merchant, "Sagu Lempeng Kenari", "Kering dan manis.", 18_000).await;
    let _ = aggregator.make_mutiara(&text(&pearl["id"])).await;
    let (owner, path) = (&aggregator.owner, aggregator.path("search/weights"));
    let standard = json!({ "mutiara": 30, "each_star": 2, "in_stock": 40, "fresh": 10, "half_life_days": 90, "version": 1 });
    let before = owner.get(&path).await.expect(200);
    assert_eq!((&before.json, before.header("etag")), (&standard, "\"1\""));
    let put = |version: i32, body: &Value| owner.put(&path, body.clone()).of(&json!(version));
    let first = async |name: &str| {
        eventually(&format!("{name} in front"), async || {
            let page = products(&aggregator.world.visitor, &aggregator, "q=sagu").await;
            (names(&page).first().is_some_and(|first| first == name) && names(&page).len() == 2).then_some(())
        })
        .await;
    };
    let weights = |mutiara: i32, each_star: i32| json!({ "mutiara": mutiara, "each_star": each_star, "in_stock": 40, "fresh": 10, "half_life_days": 90 });
    let _ = put(1, &weights(0, 0)).await.expect(200);
    first("Sagu").await;
    let raised = put(2, &weights(100, 20)).await.json(200);
    assert_eq!((&raised["mutiara"], &raised["version"]), (&json!(100), &json!(3)));
    first("Sagu Lempeng Kenari").await;
    assert_eq!(put(3, &weights(100, 20)).await.json(200)["version"], 3, "equal ones change nothing");
    let other = aggregator.world.aggregator().await;
    assert_eq!(other.owner.get(&other.path("search/weights")).await.json(200), standard);
}

#[tokio::test]
async fn bad_weights_are_refused() {
    let aggregator = World::new().await.aggregator().await;
    let (owner, path) = (&aggregator.owner, aggregator.path("search/weights"));
    let with = |change: Value| {
        let mut body =
            json!({ "mutiara": 30, "each_star": 2, "in_stock": 40, "fresh": 10, "half_life_days": 90 });
        for (name, value) in change.as_object().expect("an object") {
            body[name] = value.clone();
        }
        owner.put(&path, body).of(&json!(1))
    };
    with(json!({ "mutiara": 101, "each_star": 21, "in_stock": -1, "fresh": 30_000, "half_life_days": 0 }))
        .await
        .faults(&[
            ("/mutiara", "out_of_range"),
            ("/each_star", "out_of_range"),
            ("/in_stock", "out_of_range"),
            ("/fresh", "out_of_range"),
            ("/half_life_days", "out_of_range"),
        ]);
    with(json!({ "half_life_days": 1_001 })).await.faults(&[("/half_life_days", "out_of_range")]);
    for odd in [json!(1.5), json!("30"), json!(null), json!(1e300), json!(-100_000)] {
        let reply = with(json!({ "mutiara": odd })).await;
        assert_eq!(reply.status, 422, "{odd}: {}", reply.json);
    }
    let _ = owner.put(&path, json!({ "mutiara": 1 })).of(&json!(1)).await.expect(422);
    let whole = json!({ "mutiara": 1, "each_star": 2, "in_stock": 40, "fresh": 10, "half_life_days": 90 });
    owner.put(&path, whole.clone()).await.problem(428, "precondition_required");
    owner.put(&path, whole).of(&json!(2)).await.problem(412, "precondition_failed");
    assert_eq!(owner.get(&path).await.json(200)["version"], 1, "nothing changed");
}

#[tokio::test]
async fn staff_see_what_was_looked_for_in_vain_and_nothing_of_who_did() {
    let (aggregator, _) = shelf().await;
    let visitor = &aggregator.world.visitor;
    for (words, times) in [("Keripik BELALANG!", 3), ("madu hutan", 2)] {
        for _ in 0..times {
            let _ = products(visitor, &aggregator, &format!("q={}", encoded(words))).await;
        }
    }
    for personal in ["ani@contoh.id", "0812 3456 7890", "3175010101900001", "keripik", "☕️"] {
        let _ = products(visitor, &aggregator, &format!("q={}", encoded(personal))).await;
    }
    let _ = products(visitor, &aggregator, "q=belut&max_price=1").await;
    let path = aggregator.path("reports/searches?zero=true");
    let today = chrono::Utc::now().date_naive().to_string();
    let expected = json!([
        { "query": "keripik belalang", "count": 3, "last_on": today },
        { "query": "madu hutan", "count": 2, "last_on": today },
    ]);
    eventually("the report", async || {
        let report = aggregator.owner.get(&path).await.json(200);
        (report["data"] == expected).then_some(())
    })
    .await;
    let first = aggregator.owner.get(&format!("{path}&limit=1")).await.json(200);
    let next = format!("{path}&limit=1&cursor={}", text(&first["page"]["next_cursor"]));
    assert_eq!(aggregator.owner.get(&next).await.json(200)["data"][0]["query"], "madu hutan");
    let bad = aggregator.path("reports/searches?zero=false");
    aggregator.owner.get(&bad).await.problem(400, "invalid_parameter");
    let other = aggregator.world.aggregator().await;
    let theirs = other.owner.get(&other.path("reports/searches")).await.json(200);
    assert_eq!(theirs["data"], json!([]));
}

#[tokio::test]
async fn an_answer_of_an_index_that_lags_is_not_kept_as_the_present() {
    let (aggregator, merchant) = shelf().await;
    let visitor = &aggregator.world.visitor;
    let path = aggregator.shop("/products?q=belalang");
    let empty = eventually("a tag", async || {
        let reply = visitor.get(&path).await.expect(200);
        (!reply.header("etag").is_empty()).then_some(reply)
    })
    .await;
    assert_eq!(names(&empty.json), Vec::<String>::new());
    let _ = publish(&aggregator, &merchant, "Keripik Belalang", "", 20_000).await;
    // Who asks with the tag of before, or of any answer on the way, gets the product in the end.
    let tag = std::sync::Mutex::new(empty.header("etag").to_owned());
    eventually("the product", async || {
        let had = tag.lock().expect("the tag").clone();
        let reply = visitor.get(&path).header("If-None-Match", &had).await;
        if reply.status == 200 && !reply.header("etag").is_empty() {
            reply.header("etag").clone_into(&mut tag.lock().expect("the tag"));
        }
        (reply.status == 200 && !names(&reply.json).is_empty()).then_some(())
    })
    .await;
}
