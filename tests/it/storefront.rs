//! What buyers' apps read: shapes, filters, orders, search, languages, caching, and that what is taken down is gone at
//! once.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Client, Reply, Server, ServerOptions, World, eventually, text, unique};
use serde_json::{Value, json};

/// Percent-encodes a value of a query.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Reads what is there, with its tag: the server gives one as soon as it knows how far the log has come.
async fn tagged(client: &Client, path: &str) -> Reply {
    eventually("an answer with a tag", async || {
        let reply = client.get(path).await.expect(200);
        (!reply.header("etag").is_empty()).then_some(reply)
    })
    .await
}

/// What who has `tag` gets, which must be nothing.
async fn unchanged(client: &Client, path: &str, tag: &str) -> Reply {
    eventually("a 304", async || {
        let reply = client.get(path).header("If-None-Match", tag).await;
        (reply.status == 304).then_some(reply)
    })
    .await
}

async fn names(client: &Client, path: &str) -> Vec<String> {
    let page = client.get(path).await.json(200);
    page["data"].as_array().into_iter().flatten().map(|product| text(&product["name"])).collect()
}

/// Waits until searches know so many products of an aggregator, and that one has stars where one should.
async fn indexed(aggregator: &Aggregator, products: u64, with_stars: bool) {
    eventually("the index", async || {
        let path = aggregator.shop("/products?include=facets&limit=1");
        let facets = aggregator.world.visitor.get(&path).await.json(200)["facets"].clone();
        let provinces = facets["province"].as_array().cloned().unwrap_or_default();
        let known: u64 = provinces.iter().filter_map(|facet| facet["count"].as_u64()).sum();
        (known == products && facets["stars"].as_array().is_some_and(|stars| stars.is_empty() != with_stars))
            .then_some(())
    })
    .await;
}

/// Publishes a product with this name and price, of a merchant.
async fn publish(aggregator: &Aggregator, merchant: &Value, name: &str, price: u32, category: &str) -> Value {
    let mut body = aggregator.product_body(&text(&merchant["id"])).await;
    body["translations"] = json!({ "id": { "name": name, "description": "Dibuat dengan tangan." } });
    body["variants"] =
        json!([{ "sku": "A", "price": { "amount": price.to_string(), "currency": "IDR" }, "stock": 1 }]);
    body["category_id"] = json!(category_id(aggregator, category).await);
    let product = aggregator.owner.post(&aggregator.path("products"), body).await.json(201);
    aggregator.publish(&text(&product["id"])).await
}

async fn category_id(aggregator: &Aggregator, slug: &str) -> String {
    let categories = aggregator.world.visitor.get("/v1/categories").await.json(200);
    let all = categories["data"].as_array().cloned().unwrap_or_default();
    let found = all.iter().find(|category| category["slug"] == slug);
    text(&found.unwrap_or_else(|| panic!("no category {slug} in {categories}"))["id"])
}

#[tokio::test]
async fn a_product_has_the_shape_of_the_contract() {
    let aggregator = World::new().await.aggregator().await;
    let staff = aggregator.mutiara().await;
    let (visitor, slug) = (&aggregator.world.visitor, text(&staff["slug"]));
    let merchants =
        aggregator.owner.get(&aggregator.path(&format!("merchants/{}", text(&staff["merchant_id"]))));
    let merchant = merchants.await.json(200);
    let category = visitor.get("/v1/categories").await.json(200)["data"][0].clone();
    let listed = visitor.get(&aggregator.shop("/products")).await.json(200)["data"][0].clone();
    let detail = visitor.get(&aggregator.shop(&format!("/products/{slug}"))).await.json(200);
    let national = format!("/v1/storefront/products/{}/{slug}", aggregator.slug);
    assert_eq!(visitor.get(&national).await.json(200), detail, "the nation shows the same");
    for product in [&listed, &detail] {
        assert_eq!((&product["id"], &product["slug"]), (&staff["id"], &staff["slug"]));
        assert_eq!(product["locale"], "id");
        assert_eq!(product["name"], staff["translations"]["id"]["name"]);
        assert_eq!(product["description"], staff["translations"]["id"]["description"]);
        assert_eq!(product["price"], json!({ "amount": "75000", "currency": "IDR" }));
        assert_eq!((&product["available"], &product["is_mutiara"]), (&json!(true), &json!(true)));
        assert_eq!(product["stars"], 5);
        assert_eq!(product["merchant"], json!({ "slug": merchant["slug"], "name": merchant["name"] }));
        assert_eq!(product["region"], merchant["region"]);
        assert_eq!(product["region"]["province"]["code"], "53");
        assert_eq!(product["aggregator"], json!({ "slug": aggregator.slug, "name": "Koperasi Uji" }));
        assert_eq!(product["category"]["slug"], category["slug"]);
        let image = &product["images"][0];
        assert!(image["alt"].is_string() && image["width"].is_u64() && image["height"].is_u64(), "{image}");
        let address = text(&product["url"]);
        assert!(address.ends_with(&format!("/id/{}/p/{slug}", aggregator.slug)), "{address}");
    }
    let path = |url: &Value| url::Url::parse(&text(url)).expect("an address").path().to_owned();
    let picture = visitor.get(&path(&listed["images"][0]["url"])).await.expect(200);
    assert_eq!(picture.header("content-type"), "image/jpeg");
    assert!(picture.header("cache-control").contains("immutable"), "{:?}", picture.headers);
    let decoded = image::load_from_memory(&picture.body).expect("a picture");
    assert_eq!(
        json!([decoded.width(), decoded.height()]),
        json!([listed["images"][0]["width"], listed["images"][0]["height"]])
    );
    let _ = visitor.get(&path(&listed["url"])).await.expect(200);
    assert_eq!(detail["variants"][0]["sku"], "KOPI-250");
    for hidden in ["stock", "phone", "nib", "status", "version", "legal_name"] {
        assert!(
            !detail.to_string().contains(&format!("\"{hidden}\"")),
            "{hidden} is not for buyers: {detail}"
        );
    }
}

#[tokio::test]
async fn each_filter_finds_what_it_names() {
    let world = World::new().await;
    let aggregator = world.aggregator().await;
    let (flores, other) = (aggregator.active_merchant().await, aggregator.active_merchant().await);
    let path = aggregator.path(&format!("merchants/{}", text(&other["id"])));
    let moved = json!({ "region_code": "73.26" });
    let _ = aggregator.owner.patch(&path, moved).of(&other["version"]).await.expect(200);
    let star = publish(&aggregator, &flores, "Kopi Bintang", 50_000, "kopi").await;
    let _ = aggregator.make_mutiara(&text(&star["id"])).await;
    let _ = publish(&aggregator, &flores, "Tenun Biasa", 900_000, "tenun").await;
    let _ = publish(&aggregator, &other, "Kopi Toraja", 75_000, "kopi").await;
    indexed(&aggregator, 3, true).await;
    let visitor = &world.visitor;
    let all = ["Kopi Bintang", "Kopi Toraja", "Tenun Biasa"];
    let (bintang, toraja, tenun) = (all[0], all[1], all[2]);
    let merchant = text(&other["slug"]);
    let merchant_id = text(&other["id"]);
    let cases: Vec<(String, Vec<&str>)> = vec![
        ("".into(), all.to_vec()),
        ("category=kopi".into(), vec![bintang, toraja]),
        ("category=tidak-ada".into(), vec![]),
        ("province=53".into(), vec![bintang, tenun]),
        ("region=73.26".into(), vec![toraja]),
        ("region=73".into(), vec![toraja]),
        ("region=53.08".into(), vec![]),
        (format!("merchant={merchant}"), vec![toraja]),
        (format!("merchant={merchant_id}"), vec![toraja]),
        ("min_price=75000".into(), vec![toraja, tenun]),
        ("max_price=75000".into(), vec![bintang, toraja]),
        ("min_price=60000&max_price=80000".into(), vec![toraja]),
        ("mutiara=true".into(), vec![bintang]),
        ("mutiara=false".into(), vec![toraja, tenun]),
        ("stars=5".into(), vec![bintang]),
        (format!("origin_aggregator={}", aggregator.slug), all.to_vec()),
        ("origin_aggregator=tidak-ada".into(), vec![]),
        ("q=bintang".into(), vec![bintang]),
        ("q=toraja".into(), vec![toraja]),
        ("category=kopi&province=53&mutiara=true&max_price=50000&q=bintang".into(), vec![bintang]),
    ];
    for (query, expected) in cases {
        let mut found = names(visitor, &aggregator.shop(&format!("/products?{query}"))).await;
        found.sort();
        assert_eq!(found, expected, "{query}");
        if !query.is_empty() {
            let national = format!("/v1/storefront/products?{query}&limit=100");
            let found = names(visitor, &national).await;
            assert!(expected.iter().all(|name| found.iter().any(|f| f == name)), "{national}: {found:?}");
        }
    }
}

#[tokio::test]
async fn each_order_is_kept_and_a_bad_parameter_is_refused() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.active_merchant().await;
    for (name, price) in [("Beras", 20_000), ("Abon", 30_000), ("Cabai", 10_000)] {
        let _ = publish(&aggregator, &merchant, name, price, "kopi").await;
    }
    let visitor = &aggregator.world.visitor;
    for (sort, expected) in [
        ("newest", ["Cabai", "Abon", "Beras"]),
        ("price", ["Cabai", "Beras", "Abon"]),
        ("-price", ["Abon", "Beras", "Cabai"]),
        ("name", ["Abon", "Beras", "Cabai"]),
    ] {
        assert_eq!(
            names(visitor, &aggregator.shop(&format!("/products?sort={sort}"))).await,
            expected,
            "{sort}"
        );
    }
    for bad in [
        "sort=shiny",
        "sort=relevance",
        "stars=0",
        "stars=6",
        "stars=x",
        "mutiara=maybe",
        "min_price=-1",
        "min_price=1.5",
        "min_price=99999999999999999999",
        "max_price=Rp5",
        "province=53.07",
        "province=xx",
        "region=..",
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=x",
        "q=%00",
    ] {
        visitor.get(&aggregator.shop(&format!("/products?{bad}"))).await.problem(400, "invalid_parameter");
    }
    for list in ["/products", "/merchants", "/collections"] {
        visitor.get(&aggregator.shop(&format!("{list}?fbclid=x"))).await.problem(400, "unknown_parameter");
    }
}

#[tokio::test]
async fn a_search_takes_any_text_and_its_operators_mean_nothing() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.active_merchant().await;
    let _ = publish(&aggregator, &merchant, "Kopi Luwak", 20_000, "kopi").await;
    indexed(&aggregator, 1, false).await;
    let visitor = &aggregator.world.visitor;
    let search = async |q: &str| -> Reply {
        visitor.get(&aggregator.shop(&format!("/products?q={}", encoded(q)))).await
    };
    for hostile in [
        "' OR 1=1 --",
        "kopi & | ! <-> :*",
        "\\",
        "'''",
        "a:b*",
        "!!",
        "()",
        "((((",
        "%",
        "_",
        "☕️🫖",
        "قهوة",
        "\u{202e}kopi",
        "ko\u{300}pi",
        "<script>alert(1)</script>",
        "𝕜𝕠𝕡𝕚",
        "; DROP TABLE products",
        "kopi:A & luwak:*",
        "$1",
        "{}",
        "null",
        "\u{feff}",
        "-kopi",
        "\"kopi",
    ] {
        let _ = search(hostile).await.expect(200);
    }
    let _ = search(&"ko ".repeat(60)).await.expect(200);
    let _ = search(&"👩‍🌾".repeat(40)).await.expect(200);
    for long in ["x".repeat(201), "x".repeat(10_000), "☕".repeat(3_000)] {
        search(&long).await.problem(400, "invalid_parameter");
    }
    for (q, found) in
        [("kopi luwak", 1), ("luwak kopi", 1), ("kopi | teh", 1), ("!kopi", 1), ("  ", 1), ("teh", 0)]
    {
        let page = search(q).await.json(200);
        assert_eq!(page["data"].as_array().map(Vec::len), Some(found), "{q}: {page}");
    }
}

#[tokio::test]
async fn better_matches_come_first() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.active_merchant().await;
    let _ = publish(&aggregator, &merchant, "Rempeyek Kacang", 20_000, "kopi").await;
    let mut body = aggregator.product_body(&text(&merchant["id"])).await;
    body["translations"] = json!({ "id": { "name": "Sambal", "description": "Enak dengan rempeyek." } });
    let other = aggregator.owner.post(&aggregator.path("products"), body).await.json(201);
    let _ = aggregator.publish(&text(&other["id"])).await;
    indexed(&aggregator, 2, false).await;
    let found = names(&aggregator.world.visitor, &aggregator.shop("/products?q=rempeyek")).await;
    assert_eq!(found, ["Rempeyek Kacang", "Sambal"]);
}

/// Everywhere that a product of an aggregator may show, with whether it does.
async fn shows(aggregator: &Aggregator, product: &Value) -> Vec<bool> {
    let (visitor, slug) = (&aggregator.world.visitor, text(&product["slug"]));
    let mut shown = Vec::new();
    for path in [
        aggregator.shop(&format!("/products/{slug}")),
        format!("/id/{}/p/{slug}", aggregator.slug),
        format!("/v1/storefront/products/{}/{slug}", aggregator.slug),
        format!("{}?origin_aggregator={}", "/v1/storefront/products", aggregator.slug),
        aggregator.shop("/products?limit=100"),
        aggregator.shop("/home"),
    ] {
        let reply = visitor.get(&path).await;
        assert!(matches!(reply.status, 200 | 404), "{reply}");
        shown.push(reply.status == 200 && reply.text().contains(&slug));
    }
    shown
}

const EVERYWHERE: [bool; 6] = [true; 6];
const NOWHERE: [bool; 6] = [false; 6];

#[tokio::test]
async fn what_is_taken_down_is_gone_with_the_next_read_and_comes_back() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let (owner, id) = (&aggregator.owner, text(&product["id"]));
    let merchant = aggregator.path(&format!("merchants/{}", text(&product["merchant_id"])));
    let product_path = aggregator.path(&format!("products/{id}"));
    assert_eq!(shows(&aggregator, &product).await, EVERYWHERE);
    let _ = owner.step(&format!("{product_path}/unpublish")).await.expect(200);
    assert_eq!(shows(&aggregator, &product).await, NOWHERE, "unpublished");
    let _ = owner.step(&format!("{product_path}/publish")).await.expect(200);
    assert_eq!(shows(&aggregator, &product).await, EVERYWHERE);
    let _ = owner.post(&format!("{merchant}/suspend"), json!({ "reason": "Diperiksa." })).await.expect(200);
    assert_eq!(shows(&aggregator, &product).await, NOWHERE, "merchant suspended");
    let _ = owner.step(&format!("{merchant}/reinstate")).await.expect(200);
    assert_eq!(shows(&aggregator, &product).await, EVERYWHERE);
    let platform = format!("/v1/platform/aggregators/{}", aggregator.id);
    let _ = aggregator.world.operator.step(&format!("{platform}/suspend")).await.expect(200);
    assert_eq!(shows(&aggregator, &product).await, NOWHERE, "aggregator suspended");
    let visitor = &aggregator.world.visitor;
    for path in ["", "/home", "/products", "/merchants", "/collections", "/categories"] {
        visitor.get(&aggregator.shop(path)).await.problem(404, "not_found");
    }
    let _ = aggregator.world.operator.step(&format!("{platform}/activate")).await.expect(200);
    assert_eq!(shows(&aggregator, &product).await, EVERYWHERE);
    let _ = owner.step(&format!("{product_path}/archive")).await.expect(200);
    assert_eq!(shows(&aggregator, &product).await, NOWHERE, "archived");
}

#[tokio::test]
async fn an_archived_merchants_products_are_gone() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let merchant = aggregator.path(&format!("merchants/{}", text(&product["merchant_id"])));
    let _ = aggregator.owner.step(&format!("{merchant}/archive")).await.expect(200);
    assert_eq!(shows(&aggregator, &product).await, NOWHERE);
}

#[tokio::test]
async fn who_opts_out_of_the_national_storefront_shows_at_home_only() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let settings = aggregator.path("settings");
    let now = aggregator.owner.get(&settings).await.expect(200);
    let mut body = now.json.clone();
    body["national"] = json!(false);
    let put = aggregator.owner.put(&settings, body).header("If-Match", now.header("etag")).await;
    let put = put.expect(200);
    assert_eq!(shows(&aggregator, &product).await, [true, true, false, false, true, true]);
    let _ = aggregator
        .owner
        .put(&settings, now.json.clone())
        .header("If-Match", put.header("etag"))
        .await
        .expect(200);
    assert_eq!(shows(&aggregator, &product).await, EVERYWHERE);
}

#[tokio::test]
async fn a_draft_and_a_submitted_product_never_show() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.draft_product().await;
    assert_eq!(shows(&aggregator, &product).await, NOWHERE);
    let submit = aggregator.path(&format!("products/{}/submit", text(&product["id"])));
    let _ = aggregator.owner.step(&submit).await.expect(200);
    assert_eq!(shows(&aggregator, &product).await, NOWHERE);
    let by_id = aggregator.shop(&format!("/products/{}", text(&product["id"])));
    aggregator.world.visitor.get(&by_id).await.problem(404, "not_found");
    let contact = aggregator.world.visitor.step(&format!("{by_id}/contact")).await;
    contact.problem(404, "not_found");
}

#[tokio::test]
async fn the_nation_shows_each_product_once_under_its_origin() {
    let world = World::new().await;
    for aggregator in [world.aggregator().await, world.aggregator().await] {
        let product = aggregator.product().await;
        let path = format!("/v1/storefront/products/{}/{}", aggregator.slug, text(&product["slug"]));
        let shown = world.visitor.get(&path).await.json(200);
        assert_eq!((&shown["id"], &shown["aggregator"]["slug"]), (&product["id"], &json!(aggregator.slug)));
        let newest = world.visitor.get("/v1/storefront/products?limit=100").await.json(200);
        let times = newest["data"].as_array().into_iter().flatten().filter(|p| p["id"] == product["id"]);
        assert_eq!(times.count(), 1);
    }
}

#[tokio::test]
async fn reference_data_may_be_kept_too() {
    let visitor = World::new().await.visitor;
    for path in ["/v1/regions", "/v1/categories"] {
        let first = visitor.get(path).await.expect(200);
        assert!(first.header("cache-control").starts_with("public, max-age="), "{path}");
        let _ = unchanged(&visitor, path, first.header("etag")).await;
    }
}

#[tokio::test]
async fn an_aggregator_that_is_not_yet_active_has_no_storefront() {
    let world = World::new().await;
    let slug = format!("uji-{}", unique());
    let body = json!({ "slug": slug, "name": "Belum Aktif", "owner_email": format!("{slug}@uji.example") });
    let _ = world.operator.post("/v1/platform/aggregators", body).await.expect(201);
    world.visitor.get(&format!("/v1/storefronts/{slug}")).await.problem(404, "not_found");
    world.visitor.get(&format!("/v1/storefronts/{slug}/home")).await.problem(404, "not_found");
}

#[tokio::test]
async fn texts_come_in_the_asked_language_else_in_the_one_there_is() {
    let aggregator = World::new().await.aggregator().await;
    let both = aggregator.product().await;
    let merchant = aggregator.active_merchant().await;
    let only = publish(&aggregator, &merchant, "Kopi Saja", 20_000, "kopi").await;
    let read = async |product: &Value, language: &str| {
        let path = aggregator.shop(&format!("/products/{}", text(&product["slug"])));
        let reply = aggregator.world.visitor.get(&path).header("Accept-Language", language).await.expect(200);
        assert!(reply.header("vary").to_lowercase().contains("accept-language"), "{:?}", reply.headers);
        (reply.header("content-language").to_owned(), reply.json)
    };
    for (asked, expected) in [
        ("id", "id"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("fr, en;q=0.5", "en"),
        ("fr", "id"),
        ("*", "id"),
        ("id;q=0.1, en;q=0.9", "en"),
        ("\u{a0};;,,q=", "id"),
    ] {
        let (language, product) = read(&both, asked).await;
        assert_eq!((language.as_str(), &product["locale"]), (expected, &json!(expected)), "{asked}");
        assert_eq!(product["name"], both["translations"][expected]["name"], "{asked}");
        assert!(text(&product["url"]).contains(&format!("/{expected}/")), "{product}");
    }
    let (_, product) = read(&only, "en").await;
    assert_eq!((&product["locale"], &product["name"]), (&json!("id"), &json!("Kopi Saja")));
    assert_eq!(product["locales"], json!(["id"]));
}

#[tokio::test]
async fn merchants_collections_and_categories_are_listed_and_read() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let collection = aggregator.collection(&[&text(&product["id"])]).await;
    let draft = aggregator.merchant().await;
    let visitor = &aggregator.world.visitor;
    let store = visitor.get(&aggregator.shop("")).await.json(200);
    assert_eq!((&store["slug"], &store["name"]), (&json!(aggregator.slug), &json!("Koperasi Uji")));
    assert_eq!((&store["languages"], &store["currencies"]), (&json!(["id", "en"]), &json!(["IDR"])));
    let categories = visitor.get(&aggregator.shop("/categories")).await.json(200);
    assert_eq!(categories["data"], store["categories"]);
    assert!(
        categories["data"]
            .as_array()
            .is_some_and(|all| !all.is_empty() && all.iter().all(|c| c["count"] == 1))
    );
    let merchants = visitor.get(&aggregator.shop("/merchants")).await.json(200);
    let merchant = merchants["data"][0].clone();
    assert_eq!(merchants["data"].as_array().map(Vec::len), Some(1), "a draft merchant does not show");
    assert_eq!((&merchant["id"], &merchant["product_count"]), (&product["merchant_id"], &json!(1)));
    for (name, of, detail) in [("merchants", &merchant, false), ("collections", &collection, true)] {
        for address in [text(&of["slug"]), text(&of["id"])] {
            let own = visitor.get(&aggregator.shop(&format!("/{name}/{address}"))).await.json(200);
            assert_eq!(own["id"], of["id"]);
            let path = format!("/v1/storefront/{name}/{}/{address}", aggregator.slug);
            assert_eq!(visitor.get(&path).await.json(200), own);
            assert!(!detail || own["products"][0]["id"] == product["id"], "{own}");
        }
    }
    for missing in ["merchants/tidak-ada", "collections/tidak-ada", "products/tidak-ada"] {
        visitor.get(&aggregator.shop(&format!("/{missing}"))).await.problem(404, "not_found");
    }
    let hidden = aggregator.shop(&format!("/merchants/{}", text(&draft["slug"])));
    visitor.get(&hidden).await.problem(404, "not_found");
}

#[tokio::test]
async fn answers_may_be_kept_and_an_unchanged_one_is_not_sent_again() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let slug = text(&product["slug"]);
    let visitor = &aggregator.world.visitor;
    let page = format!("/id/{}/p/{slug}", aggregator.slug);
    let mut paths: Vec<_> = ["", "/home", "/products", "/merchants", "/collections", "/categories"]
        .into_iter()
        .map(|rest| aggregator.shop(rest))
        .collect();
    paths.extend([aggregator.shop(&format!("/products/{slug}")), page]);
    let mut tags = Vec::new();
    for path in &paths {
        let first = tagged(visitor, path).await;
        assert_eq!(first.header("cache-control"), "public, max-age=30, stale-while-revalidate=60", "{path}");
        assert!(first.header("vary").to_lowercase().contains("accept-language"), "{path}");
        let tag = first.header("etag").to_owned();
        let again = unchanged(visitor, path, &tag).await;
        assert!(again.body.is_empty() && again.header("etag") == tag, "{path}");
        assert_eq!(again.header("cache-control"), first.header("cache-control"), "{path}");
        let _ = unchanged(visitor, path, &format!("\"x\", W/{tag}")).await;
        let other = visitor.get(path).header("If-None-Match", &tag).header("Accept-Language", "en").await;
        assert!(
            other.status == 200 || path.starts_with("/id/"),
            "another language is another answer: {path}"
        );
        tags.push(tag);
    }
    let stock =
        format!("products/{}/variants/{}/stock", text(&product["id"]), text(&product["variants"][0]["id"]));
    let sold = json!({ "set": 0, "reason": "Habis terjual" });
    let changed = aggregator.owner.post(&aggregator.path(&stock), sold).await;
    assert!(changed.status < 300, "{changed}");
    for (path, tag) in paths.iter().zip(&tags) {
        let now = visitor.get(path).header("If-None-Match", tag).await.expect(200);
        assert_ne!(now.header("etag"), tag, "{path}");
    }
    let detail = visitor.get(&aggregator.shop(&format!("/products/{slug}"))).await.json(200);
    assert_eq!(detail["available"], false);
}

#[tokio::test]
async fn each_read_takes_few_statements_and_an_unchanged_one_none() {
    let server = Server::start(ServerOptions::default()).await;
    let world = World::on(&server).await;
    let aggregator = world.aggregator().await;
    let product = aggregator.mutiara().await;
    let _ = aggregator.slot(&[&text(&product["id"])]).await;
    let _ = aggregator.collection(&[&text(&product["id"])]).await;
    let slug = text(&product["slug"]);
    const TIMES: u64 = 200;
    // The worker and the look at the log's ends go on meanwhile: they add less than a statement per request.
    let cost = async |path: &str, tag: &str| {
        let (before, mut unchanged) = (server.statements().await, 0);
        for _ in 0..TIMES {
            let reply = world.visitor.get(path).header("If-None-Match", tag).await;
            assert!(matches!(reply.status, 200 | 304), "{reply}");
            unchanged += u64::from(reply.status == 304);
        }
        ((server.statements().await - before) as f64 / TIMES as f64, unchanged)
    };
    for (path, most) in [
        (aggregator.shop("/products"), 1.0),
        (aggregator.shop(&format!("/products/{slug}")), 1.0),
        (aggregator.shop("/home"), 3.0),
        (format!("/id/{}/p/{slug}", aggregator.slug), 1.0),
    ] {
        let (measured, unchanged) = cost(&path, "\"x\"").await;
        assert_eq!(unchanged, 0);
        assert!(measured < most + 0.8, "{path}: {measured} statements");
        let tag = tagged(&world.visitor, &path).await.header("etag").to_owned();
        let (measured, unchanged) = cost(&path, &tag).await;
        assert!(unchanged > TIMES * 9 / 10, "{path}: {unchanged} of {TIMES} were 304");
        assert!(measured < 0.8, "{path}: {measured} statements for a 304");
    }
}

#[tokio::test]
async fn a_login_changes_nothing_about_a_public_answer() {
    let aggregator = World::new().await.aggregator().await;
    let _ = aggregator.product().await;
    let analyst = aggregator.member(Role::Analyst).await;
    for path in [aggregator.shop("/products"), aggregator.shop("/home")] {
        let public = aggregator.world.visitor.get(&path).await.expect(200);
        assert_eq!(analyst.get(&path).await.expect(200).json, public.json);
    }
}
