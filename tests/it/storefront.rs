//! The storefront shows what is published, at once and no longer, and lets caches keep it.

use kapal_tests::{Aggregator, Reply, World, text};
use serde_json::{Value, json};

fn shop(aggregator: &Aggregator, product: &Value) -> String {
    aggregator.shop(&format!("/products/{}", text(&product["slug"])))
}

async fn get(aggregator: &Aggregator, path: &str) -> Reply {
    aggregator.world.visitor.get(path).await
}

async fn listed(aggregator: &Aggregator, query: &str) -> Vec<String> {
    let reply = get(aggregator, &aggregator.shop(&format!("/products?limit=100{query}"))).await.json(200);
    reply["data"].as_array().into_iter().flatten().map(|product| text(&product["id"])).collect()
}

#[tokio::test]
async fn a_published_product_shows_all_that_the_contract_names() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let shown = get(&aggregator, &shop(&aggregator, &product)).await.json(200);
    for name in [
        "id",
        "slug",
        "locale",
        "name",
        "description",
        "price",
        "available",
        "is_mutiara",
        "stars",
        "merchant",
        "region",
        "aggregator",
        "category",
        "images",
        "url",
    ] {
        assert!(shown.get(name).is_some(), "{name} is missing: {shown}");
    }
    assert_eq!(
        (&shown["id"], &shown["locale"], &shown["available"]),
        (&product["id"], &json!("id"), &json!(true))
    );
    assert_eq!(shown.pointer("/aggregator/slug"), Some(&json!(aggregator.slug)));
    assert_eq!(shown.pointer("/region/province/code"), Some(&json!("53")));
    for hidden in ["phone", "nib", "status", "version", "legal_name"] {
        assert!(!shown.to_string().contains(&format!("\"{hidden}\"")), "{hidden} is not for buyers: {shown}");
    }
    let english = aggregator
        .world
        .visitor
        .get(&shop(&aggregator, &product))
        .header("Accept-Language", "en-GB,en;q=0.8")
        .await;
    assert_eq!((english.json["locale"].as_str(), english.header("content-language")), (Some("en"), "en"));
    assert!(english.header("vary").to_lowercase().contains("accept-language"), "{english}");
}

#[tokio::test]
async fn drafts_and_what_is_taken_away_are_not_there() {
    let aggregator = World::new().await.aggregator().await;
    let draft = aggregator.draft_product().await;
    get(&aggregator, &shop(&aggregator, &draft)).await.problem(404, "not_found");
    let product = aggregator.publish(&text(&draft["id"])).await;
    let _ = get(&aggregator, &shop(&aggregator, &product)).await.expect(200);
    assert_eq!(listed(&aggregator, "").await, [text(&product["id"])]);
    let unpublish = aggregator.path(&format!("products/{}/unpublish", text(&product["id"])));
    let _ = aggregator.owner.step(&unpublish).await.expect(200);
    get(&aggregator, &shop(&aggregator, &product)).await.problem(404, "not_found");
    assert_eq!(listed(&aggregator, "").await, Vec::<String>::new());
    let home = get(&aggregator, &aggregator.shop("/home")).await.text();
    assert!(!home.contains(&text(&product["id"])));
}

#[tokio::test]
async fn a_suspended_merchant_or_aggregator_takes_its_products_along() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let merchant = aggregator.path(&format!("merchants/{}", text(&product["merchant_id"])));
    let suspend = json!({ "reason": "Izin dicabut." });
    let _ = aggregator.owner.post(&format!("{merchant}/suspend"), suspend).await.expect(200);
    get(&aggregator, &shop(&aggregator, &product)).await.problem(404, "not_found");
    let _ = aggregator.owner.step(&format!("{merchant}/reinstate")).await.expect(200);
    let _ = get(&aggregator, &shop(&aggregator, &product)).await.expect(200);
    let platform = format!("/v1/platform/aggregators/{}", aggregator.id);
    let _ = aggregator.world.operator.step(&format!("{platform}/suspend")).await.expect(200);
    for path in [
        shop(&aggregator, &product),
        aggregator.shop(""),
        aggregator.shop("/home"),
        aggregator.shop("/products"),
    ] {
        get(&aggregator, &path).await.problem(404, "not_found");
    }
    let national = format!("/v1/storefront/products/{}/{}", aggregator.slug, text(&product["slug"]));
    get(&aggregator, &national).await.problem(404, "not_found");
    let _ = aggregator.world.operator.step(&format!("{platform}/activate")).await.expect(200);
    let _ = get(&aggregator, &shop(&aggregator, &product)).await.expect(200);
}

#[tokio::test]
async fn every_read_is_cacheable_and_answers_304() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let slug = text(&product["slug"]);
    let merchant = text(&get(&aggregator, &shop(&aggregator, &product)).await.json["merchant"]["slug"]);
    let collection = aggregator.collection(&[&text(&product["id"])]).await;
    let paths = [
        aggregator.shop(""),
        aggregator.shop("/home"),
        aggregator.shop("/products"),
        shop(&aggregator, &product),
        aggregator.shop("/merchants"),
        aggregator.shop(&format!("/merchants/{merchant}")),
        aggregator.shop("/collections"),
        aggregator.shop(&format!("/collections/{}", text(&collection["slug"]))),
        aggregator.shop("/categories"),
        "/v1/storefront".into(),
        "/v1/storefront/home".into(),
        "/v1/storefront/products".into(),
        format!("/v1/storefront/products/{}/{slug}", aggregator.slug),
        "/v1/regions".into(),
        "/v1/categories".into(),
    ];
    for path in paths {
        let seen = get(&aggregator, &path).await.expect(200);
        assert!(
            seen.header("cache-control").starts_with("public, max-age="),
            "{path}: {}",
            seen.header("cache-control")
        );
        assert!(!seen.header("etag").is_empty(), "{path}");
        if !path.starts_with("/v1/storefront/") && path != "/v1/storefront" {
            let again =
                aggregator.world.visitor.get(&path).header("If-None-Match", seen.header("etag")).await;
            assert_eq!(again.status, 304, "{path}: {again}");
            assert_eq!(again.header("cache-control"), seen.header("cache-control"), "{path}");
        }
    }
}

#[tokio::test]
async fn a_change_gives_another_etag() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let path = aggregator.shop("/products");
    let before = get(&aggregator, &path).await.header("etag").to_owned();
    let variant =
        format!("products/{}/variants/{}", text(&product["id"]), text(&product["variants"][0]["id"]));
    let price = json!({ "price": { "amount": "81000", "currency": "IDR" } });
    let _ =
        aggregator.owner.patch(&aggregator.path(&variant), price).of(&product["version"]).await.expect(200);
    let after = aggregator.world.visitor.get(&path).header("If-None-Match", &before).await.expect(200);
    assert_ne!(after.header("etag"), before);
    assert_eq!(after.json.pointer("/data/0/price/amount"), Some(&json!("81000")));
}

#[tokio::test]
async fn filters_search_and_order_find_what_they_say() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = text(&aggregator.active_merchant().await["id"]);
    let mut ids = Vec::new();
    for (name, price) in
        [("Sambal Roa Pedas", "30000"), ("Kain Tenun Sikka", "450000"), ("Kopi Flores Bajawa", "90000")]
    {
        let mut body = aggregator.product_body(&merchant).await;
        body["translations"]["id"]["name"] = json!(name);
        body["variants"][0]["price"]["amount"] = json!(price);
        let product = aggregator.owner.post(&aggregator.path("products"), body).await.json(201);
        ids.push(text(&aggregator.publish(&text(&product["id"])).await["id"]));
    }
    let [sambal, kain, kopi] = &ids[..] else { panic!("three products") };
    assert_eq!(listed(&aggregator, "&sort=price").await, [sambal, kopi, kain].map(Clone::clone));
    assert_eq!(listed(&aggregator, "&sort=-price").await, [kain, kopi, sambal].map(Clone::clone));
    assert_eq!(listed(&aggregator, "&sort=name").await, [kain, kopi, sambal].map(Clone::clone));
    assert_eq!(listed(&aggregator, "&sort=newest").await, [kopi, kain, sambal].map(Clone::clone));
    assert_eq!(listed(&aggregator, "&q=tenun").await, std::slice::from_ref(kain));
    assert_eq!(listed(&aggregator, "&min_price=80000&max_price=100000").await, std::slice::from_ref(kopi));
    assert_eq!(listed(&aggregator, "&province=53").await.len(), 3);
    assert_eq!(listed(&aggregator, "&province=11").await.len(), 0);
    assert_eq!(listed(&aggregator, "&mutiara=true").await.len(), 0);
    for bad in ["sort=random", "min_price=x", "mutiara=perhaps", "province=' OR 1=1", "q=%00"] {
        let reply = get(&aggregator, &aggregator.shop(&format!("/products?{bad}"))).await;
        assert!(
            matches!(reply.status, 200 | 400) && (reply.status == 400 || bad.starts_with("province")),
            "{reply}"
        );
    }
    for odd in ["q=%25", "q='", "q=\\", "q=a%26b|!(", "q=:*"] {
        let _ = get(&aggregator, &aggregator.shop(&format!("/products?{odd}"))).await.expect(200);
    }
}

#[tokio::test]
async fn the_national_storefront_shows_every_aggregators_products_once() {
    let world = World::new().await;
    let (one, two) = (world.aggregator().await, world.aggregator().await);
    for aggregator in [&one, &two] {
        let product = aggregator.product().await;
        let path = format!("/v1/storefront/products/{}/{}", aggregator.slug, text(&product["slug"]));
        let shown = world.visitor.get(&path).await.json(200);
        assert_eq!((&shown["id"], &shown["aggregator"]["slug"]), (&product["id"], &json!(aggregator.slug)));
        let newest = world.visitor.get("/v1/storefront/products?limit=100&sort=newest").await.json(200);
        let times =
            newest["data"].as_array().into_iter().flatten().filter(|p| p["id"] == product["id"]).count();
        assert_eq!(times, 1);
    }
}

#[tokio::test]
async fn a_slot_shows_its_mutiara_on_the_home_page_while_it_runs() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.mutiara().await;
    let id = text(&product["id"]);
    let later = json!({ "place": "home_row", "product_ids": [id], "starts_at": "2099-01-01T00:00:00Z" });
    let _ = aggregator.owner.post(&aggregator.path("slots"), later).await.expect(201);
    let places = || async {
        let home = get(&aggregator, &aggregator.shop("/home")).await.json(200);
        let slots = home["slots"].as_array().cloned().unwrap_or_default();
        slots
            .iter()
            .filter(|s| s["items"].to_string().contains(&id))
            .map(|s| text(&s["place"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(places().await, Vec::<String>::new());
    let slot = aggregator.slot(&[&id]).await;
    assert_eq!(places().await, ["home_hero"]);
    let home = get(&aggregator, &aggregator.shop("/home")).await.json(200);
    assert!(home.pointer("/slots/0/items/0/reason/code").is_some(), "{home}");
    let path = aggregator.path(&format!("slots/{}", text(&slot["id"])));
    let _ = aggregator.owner.delete(&path).of(&slot["version"]).await.expect(204);
    assert_eq!(places().await, Vec::<String>::new());
}

#[tokio::test]
async fn only_published_mutiara_stand_in_a_slot() {
    let world = World::new().await;
    let (aggregator, other) = (world.aggregator().await, world.aggregator().await);
    let book = |id: Value| {
        aggregator.owner.post(&aggregator.path("slots"), json!({ "place": "home_hero", "product_ids": [id] }))
    };
    book(aggregator.product().await["id"].clone()).await.problem(409, "not_mutiara");
    book(other.mutiara().await["id"].clone()).await.faults(&[("/product_ids/0", "unknown_reference")]);
    book(json!("x")).await.faults(&[("/product_ids/0", "invalid_id")]);
    let body = json!({ "place": "national", "product_ids": [] });
    let reply = aggregator.owner.post(&aggregator.path("slots"), body).await;
    assert_eq!(reply.status, 422, "{reply}");
    let id = aggregator.mutiara().await["id"].clone();
    let period = json!({ "place": "home_hero", "product_ids": [id], "starts_at": "2030-01-02T00:00:00Z", "ends_at": "2030-01-01T00:00:00Z" });
    aggregator.owner.post(&aggregator.path("slots"), period).await.faults(&[("/ends_at", "invalid_period")]);
}
