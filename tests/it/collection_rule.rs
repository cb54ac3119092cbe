//! Collections by rules: what belongs to one follows the products at once.

use std::cmp::Reverse;

use kapal_tests::{Aggregator, Cluster, World, all_at_once, eventually, text, unique};
use serde_json::{Value, json};

/// A collection with this rule.
async fn collection(aggregator: &Aggregator, rule: Value) -> Value {
    let body = json!({ "title": { "id": format!("Aturan {}", unique()) }, "rule": rule });
    aggregator.owner.post(&aggregator.path("collections"), body).await.json(201)
}

fn path(aggregator: &Aggregator, collection: &Value) -> String {
    aggregator.path(&format!("collections/{}", text(&collection["id"])))
}

async fn put_rule(aggregator: &Aggregator, collection: &Value, rule: Value) -> Value {
    let path = path(aggregator, collection);
    let now = aggregator.owner.get(&path).await.json(200);
    aggregator.owner.patch(&path, json!({ "rule": rule })).of(&now["version"]).await.json(200)
}

fn shop(aggregator: &Aggregator, collection: &Value, rest: &str) -> String {
    aggregator.shop(&format!("/collections/{}{rest}", text(&collection["slug"])))
}

fn ids(products: &Value) -> Vec<String> {
    products.as_array().into_iter().flatten().map(|product| text(&product["id"])).collect()
}

async fn shown(aggregator: &Aggregator, collection: &Value) -> Vec<String> {
    let page = aggregator.world.visitor.get(&shop(aggregator, collection, "?limit=100")).await.json(200);
    let ids = ids(&page["products"]);
    assert_eq!(page["product_count"], json!(ids.len()));
    ids
}

async fn preview(aggregator: &Aggregator, rule: Value) -> Vec<String> {
    let path = aggregator.path("collection-preview");
    let preview = aggregator.owner.post(&path, json!({ "rule": rule })).await.json(200);
    let ids = ids(&preview["products"]);
    assert_eq!(preview["matches"], json!({ "count": ids.len(), "capped": false }), "{rule}");
    ids
}

fn rupiah(amount: u32) -> Value {
    json!({ "amount": amount.to_string(), "currency": "IDR" })
}

/// What a product of the model is.
struct Goods {
    id: String,
    category: &'static str,
    region: &'static str,
    price: u32,
    name: String,
    stars: Option<u8>,
    mutiara: bool,
    days: u32,
    tags: &'static [&'static str],
    certificates: &'static [&'static str],
    level: Option<&'static str>,
}

/// Products that differ in everything that a rule can ask. What takes long to bring about, such as stars and ages, is
/// written to the projection itself.
async fn goods(aggregator: &Aggregator) -> Vec<Goods> {
    let cluster = Cluster::get();
    let database = cluster.superuser(&cluster.database).await;
    let kinds = [
        // Category, region, price, stars, mutiara, days, tags, certificates, class.
        ("anyaman", "53.07", 50_000, None, false, 1, &["hadiah"][..], &[][..], None),
        ("anyaman", "53.08", 75_000, Some(3), false, 10, &[], &["trademark"], Some("modern")),
        (
            "kerajinan",
            "53.07",
            120_000,
            Some(5),
            true,
            40,
            &["hadiah", "rumah"],
            &["sni", "trademark"],
            Some("global"),
        ),
        ("tenun", "73.26", 900_000, Some(4), true, 5, &["rumah"], &[], Some("online")),
        ("anyaman", "73.71", 25_000, None, true, 90, &[], &["organic"], Some("digital")),
    ];
    let tree = aggregator.world.visitor.get("/v1/categories").await.json(200);
    let category = |slug: &str| {
        let all = tree["data"].as_array().into_iter().flatten();
        all.clone().find(|category| category["slug"] == slug).map(|category| category["id"].clone())
    };
    let mut goods = Vec::new();
    for (kind, region, price, stars, mutiara, days, tags, certificates, level) in kinds {
        let merchant = json!({
            "name": format!("Pengrajin {}", unique()), "region_code": region, "phone": "0812-3456-7890",
            "nib": kapal_tests::nib(),
        });
        let merchant = aggregator.owner.post(&aggregator.path("merchants"), merchant).await.json(201);
        let merchant = text(&merchant["id"]);
        for step in ["submit", "verify"] {
            let step = aggregator.path(&format!("merchants/{merchant}/{step}"));
            let _ = aggregator.owner.step(&step).await.expect(200);
        }
        let mut body = aggregator.product_body(&merchant).await;
        body["category_id"] = category(kind).unwrap_or_else(|| panic!("no {kind}"));
        body["variants"][0]["price"] = rupiah(price);
        body["tags"] = json!(tags);
        let name = text(&body["translations"]["id"]["name"]);
        let made = aggregator.owner.post(&aggregator.path("products"), body).await.json(201);
        let id = text(&made["id"]);
        let _ = aggregator.publish(&id).await;
        let sql = format!(
            "UPDATE search_documents SET stars = {}, is_mutiara = {mutiara}, level = {},
                published_at = published_at - interval '{days} days', certificates = '{{{}}}'
             WHERE product_id = '{id}'",
            stars.map_or("NULL".into(), |stars: u8| stars.to_string()),
            level.map_or("NULL".into(), |level: &str| format!("'{level}'")),
            certificates.join(","),
        );
        database.batch_execute(&sql).await.expect(&sql);
        goods.push(Goods {
            id,
            category: kind,
            region,
            price,
            name,
            stars,
            mutiara,
            days,
            tags,
            certificates,
            level,
        });
    }
    goods
}

fn any(asked: &Value, of: &[&str]) -> bool {
    asked.as_array().is_none_or(|asked| asked.iter().any(|one| of.iter().any(|of| one == of)))
}

/// Whether a product meets a rule whose categories are slugs.
fn meets(rule: &Value, goods: &Goods) -> bool {
    let region = |code: &Value| {
        let code = text(code);
        goods.region == code || goods.region.starts_with(&format!("{code}."))
    };
    let amount = |key: &str| rule[key]["amount"].as_str().and_then(|amount| amount.parse::<u32>().ok());
    let number = |key: &str| rule[key].as_u64().and_then(|number| u32::try_from(number).ok());
    let above = if goods.category == "tenun" { "kain" } else { "kerajinan" };
    let categories = [goods.category, above];
    any(&rule["categories"], &categories)
        && rule["regions"].as_array().is_none_or(|codes| codes.iter().any(region))
        && amount("price_from").is_none_or(|from| goods.price >= from)
        && amount("price_to").is_none_or(|to| goods.price <= to)
        && any(&rule["certificates"], goods.certificates)
        && number("stars").is_none_or(|stars| goods.stars.is_some_and(|own| u32::from(own) >= stars))
        && (rule["mutiara"] != true || goods.mutiara)
        && number("new_days").is_none_or(|days| goods.days <= days)
        && any(&rule["tags"], goods.tags)
        && any(&rule["levels"], goods.level.as_slice())
}

#[tokio::test]
async fn every_criterion_narrows_exactly_and_every_order_holds() {
    let aggregator = World::new().await.aggregator().await;
    let mut goods = goods(&aggregator).await;
    let tree = aggregator.world.visitor.get("/v1/categories").await.json(200);
    let all = tree["data"].as_array().cloned().unwrap_or_default();
    let with_ids = |rule: &Value| {
        let mut rule = rule.clone();
        for slug in rule.get_mut("categories").and_then(Value::as_array_mut).into_iter().flatten() {
            let category = all.iter().find(|category| category["slug"] == *slug);
            *slug = category.unwrap_or_else(|| panic!("no {slug}"))["id"].clone();
        }
        rule
    };
    let rules = [
        json!({ "categories": ["anyaman"] }),
        json!({ "categories": ["kerajinan"] }),
        json!({ "categories": ["tenun", "anyaman"] }),
        json!({ "regions": ["53"] }),
        json!({ "regions": ["53.07", "73"] }),
        json!({ "regions": ["53", "73.71"] }),
        json!({ "price_from": rupiah(75_000) }),
        json!({ "price_to": rupiah(75_000) }),
        json!({ "price_from": rupiah(50_000), "price_to": rupiah(120_000) }),
        json!({ "certificates": ["trademark"] }),
        json!({ "certificates": ["organic", "sni"] }),
        json!({ "stars": 4 }),
        json!({ "mutiara": true }),
        json!({ "new_days": 9 }),
        json!({ "new_days": 60 }),
        json!({ "tags": ["hadiah"] }),
        json!({ "tags": ["hadiah", "rumah"] }),
        json!({ "levels": ["modern", "digital"] }),
        json!({ "mutiara": true, "regions": ["73"], "price_to": rupiah(100_000) }),
        json!({ "stars": 3, "tags": ["rumah"], "levels": ["online"], "categories": ["tenun"] }),
        json!({ "tags": ["tidak-ada"] }),
    ];
    for rule in rules {
        for sort in ["newest", "price", "-price", "name", "stars"] {
            match sort {
                "newest" => goods.sort_by_key(|g| g.days),
                "price" => goods.sort_by_key(|g| g.price),
                "-price" => goods.sort_by_key(|g| Reverse(g.price)),
                "name" => goods.sort_by(|a, b| a.name.cmp(&b.name)),
                _ => goods.sort_by_key(|g| (Reverse(g.stars), g.days)),
            }
            let expected: Vec<_> = goods.iter().filter(|g| meets(&rule, g)).map(|g| g.id.clone()).collect();
            let mut asked = with_ids(&rule);
            asked["sort"] = json!(sort);
            assert_eq!(preview(&aggregator, asked).await, expected, "{rule} by {sort}");
        }
    }
}

#[tokio::test]
async fn it_pages_in_its_order_up_to_its_limit_and_home_shows_the_first() {
    let aggregator = World::new().await.aggregator().await;
    let goods = goods(&aggregator).await;
    let visitor = &aggregator.world.visitor;
    for sort in ["newest", "price", "-price", "name", "stars"] {
        let rule = json!({ "regions": ["53", "73"], "sort": sort, "limit": 4 });
        let made = collection(&aggregator, rule.clone()).await;
        assert_eq!((&made["matches"]["count"], &made["product_ids"]), (&json!(goods.len()), &json!([])));
        let whole = shown(&aggregator, &made).await;
        assert_eq!(whole.len(), 4, "the limit holds");
        let mut paged = Vec::new();
        let mut next = shop(&aggregator, &made, "?limit=1");
        for at in 1..=4 {
            let page = visitor.get(&next).await.json(200);
            assert_eq!(page["product_count"], 4);
            paged.extend(ids(&page["products"]));
            assert_eq!(page["page"]["has_more"], json!(at < 4), "{page}");
            let cursor = page["page"]["next_cursor"].as_str().unwrap_or_default();
            next = shop(&aggregator, &made, &format!("?limit=1&cursor={cursor}"));
        }
        assert_eq!(paged, whole, "by {sort}");
        for home in [aggregator.shop("/home"), "/v1/storefront/home".to_owned()] {
            let home = visitor.get(&home).await.json(200);
            let all = home["collections"].as_array().cloned().unwrap_or_default();
            if let Some(own) = all.iter().find(|one| one["id"] == made["id"]) {
                assert_eq!((ids(&own["products"]), &own["product_count"]), (whole.clone(), &json!(4)));
            } else {
                assert!(all.len() >= 12, "only others that began later can hide it");
            }
        }
        let national = format!("/v1/storefront/collections/{}/{}", aggregator.slug, text(&made["slug"]));
        assert_eq!(ids(&visitor.get(&national).await.json(200)["products"]), whole);
    }
    let hand = aggregator.collection(&goods.iter().map(|g| g.id.as_str()).collect::<Vec<_>>()).await;
    let first = visitor.get(&shop(&aggregator, &hand, "?limit=3")).await.json(200);
    let cursor = text(&first["page"]["next_cursor"]);
    let rest = visitor.get(&shop(&aggregator, &hand, &format!("?limit=3&cursor={cursor}"))).await.json(200);
    let paged: Vec<_> = [ids(&first["products"]), ids(&rest["products"])].concat();
    assert_eq!(paged, goods.iter().map(|g| g.id.clone()).collect::<Vec<_>>());
    assert_eq!((&rest["product_count"], &rest["page"]["has_more"]), (&json!(5), &json!(false)));
    let list = aggregator.owner.get(&aggregator.path("collections?limit=100")).await.json(200);
    for one in list["data"].as_array().into_iter().flatten() {
        let expected = if one["rule"].is_null() { Value::Null } else { json!(5) };
        assert_eq!(one["matches"].get("count").cloned().unwrap_or_default(), expected, "{one}");
    }
}

#[tokio::test]
async fn products_come_and_go_with_what_they_are_at_once() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let product = aggregator.product().await;
    let id = text(&product["id"]);
    let path = aggregator.path(&format!("products/{id}"));
    let category = product["category_id"].clone();
    let tree = aggregator.world.visitor.get("/v1/categories").await.json(200);
    let all = tree["data"].as_array().cloned().unwrap_or_default();
    let baskets = all.iter().find(|c| c["slug"] == "anyaman").expect("baskets")["id"].clone();
    let by = async |rule: Value| collection(&aggregator, rule).await;
    let cheap = by(json!({ "price_to": rupiah(75_000) })).await;
    let here = by(json!({ "regions": ["53.07"] })).await;
    let there = by(json!({ "regions": ["73"] })).await;
    let old = by(json!({ "categories": [category] })).await;
    let new = by(json!({ "categories": [baskets] })).await;
    let organic = by(json!({ "certificates": ["organic"] })).await;
    let fresh = by(json!({ "new_days": 1 })).await;
    let has = async |collection: &Value| shown(&aggregator, collection).await.contains(&id);
    assert!(has(&cheap).await && has(&here).await && has(&old).await && has(&fresh).await);
    assert!(!has(&there).await && !has(&new).await && !has(&organic).await);

    let variant = format!("{path}/variants/{}", text(&product["variants"][0]["id"]));
    let dearer = json!({ "price": rupiah(76_000) });
    let now = owner.get(&path).await.json(200);
    let _ = owner.patch(&variant, dearer).of(&now["version"]).await.expect(200);
    assert!(!has(&cheap).await && has(&here).await);

    let _ = owner.step(&format!("{path}/unpublish")).await.expect(200);
    assert!(!has(&here).await && !has(&fresh).await, "taken off is gone");
    let certificate = json!({ "number": "ID-ORG-1", "issuer": "Inofice" });
    let _ = owner.put(&format!("{path}/certificates/organic"), certificate).await.expect(201);
    let now = owner.get(&path).await.json(200);
    let _ = owner.patch(&path, json!({ "category_id": baskets })).of(&now["version"]).await.expect(200);
    let _ = owner.step(&format!("{path}/publish")).await.expect(200);
    assert!(has(&organic).await && has(&new).await && !has(&old).await && has(&here).await);

    let merchant = aggregator.path(&format!("merchants/{}", text(&product["merchant_id"])));
    let now = owner.get(&merchant).await.json(200);
    let _ = owner.patch(&merchant, json!({ "region_code": "73.26" })).of(&now["version"]).await.expect(200);
    assert!(has(&there).await && !has(&here).await);
    let _ =
        owner.post(&format!("{merchant}/suspend"), json!({ "reason": "Diperiksa ulang." })).await.expect(200);
    assert!(!has(&there).await && !has(&new).await);
}

#[tokio::test]
async fn a_bad_rule_is_named_and_changes_nothing() {
    let world = World::new().await;
    let (aggregator, stranger) = (world.aggregator().await, world.aggregator().await);
    let foreign = collection(&stranger, json!({ "mutiara": true })).await;
    let made = collection(&aggregator, json!({ "mutiara": true })).await;
    let nobody = uuid::Uuid::now_v7().to_string();
    let cases = [
        (json!({}), "/rule", "rule_empty"),
        (json!({ "sort": "price", "limit": 5, "mutiara": false }), "/rule", "rule_empty"),
        (json!({ "price_from": rupiah(2), "price_to": rupiah(1) }), "/rule/price_to", "rule_contradictory"),
        (json!({ "categories": [nobody] }), "/rule/categories/0", "unknown_reference"),
        (json!({ "categories": ["kopi"] }), "/rule/categories/0", "invalid_id"),
        (json!({ "regions": ["53", "53.99"] }), "/rule/regions/1", "invalid_region"),
        (json!({ "tags": ["Bukan tag"] }), "/rule/tags/0", "invalid_slug"),
        (json!({ "tags": vec!["a-b"; 21] }), "/rule/tags", "too_long"),
        (json!({ "levels": ["best"] }), "/rule/levels/0", "invalid_choice"),
        (json!({ "certificates": ["halal", "halal"] }), "/rule/certificates/1", "duplicate_entry"),
        (json!({ "stars": 0 }), "/rule/stars", "out_of_range"),
        (json!({ "new_days": 366 }), "/rule/new_days", "out_of_range"),
        (json!({ "mutiara": true, "sort": "relevance" }), "/rule/sort", "invalid_choice"),
        (json!({ "mutiara": true, "limit": 201 }), "/rule/limit", "out_of_range"),
        (json!({ "collections": [foreign["id"]] }), "/rule/collections/0", "unknown_reference"),
        (json!({ "wish": true }), "/rule/wish", "unknown_field"),
    ];
    let own = path(&aggregator, &made);
    for (rule, pointer, code) in cases {
        let body = json!({ "title": { "id": "Aturan" }, "rule": rule });
        aggregator.owner.post(&aggregator.path("collections"), body).await.faults(&[(pointer, code)]);
        let patch = json!({ "rule": rule });
        aggregator.owner.patch(&own, patch.clone()).of(&made["version"]).await.faults(&[(pointer, code)]);
        aggregator.owner.post(&aggregator.path("collection-preview"), patch).await.faults(&[(pointer, code)]);
    }
    assert_eq!(aggregator.owner.get(&own).await.json(200), made);
    let picture = json!({ "media_id": nobody });
    aggregator
        .owner
        .patch(&own, picture)
        .of(&made["version"])
        .await
        .faults(&[("/media_id", "unknown_reference")]);
}

#[tokio::test]
async fn a_rule_names_collections_but_never_leads_back_to_itself() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let product = text(&aggregator.product().await["id"]);
    let other = text(&aggregator.product().await["id"]);
    let hand = aggregator.collection(&[&product]).await;
    let named = |collection: &Value| json!({ "collections": [collection["id"]] });
    let second = collection(&aggregator, named(&hand)).await;
    let third = collection(&aggregator, named(&second)).await;
    assert_eq!(shown(&aggregator, &third).await, std::slice::from_ref(&product));
    let too_deep = json!({ "title": { "id": "Keempat" }, "rule": named(&third) });
    let refused = owner.post(&aggregator.path("collections"), too_deep).await;
    refused.faults(&[("/rule/collections", "rule_too_deep")]);
    let patch = async |collection: &Value, rule: Value| {
        let path = path(&aggregator, collection);
        let now = owner.get(&path).await.json(200);
        owner.patch(&path, json!({ "rule": rule })).of(&now["version"]).await
    };
    for (collection, rule) in [(&second, named(&second)), (&second, named(&third)), (&hand, named(&third))] {
        patch(collection, rule).await.faults(&[("/rule/collections", "rule_matches_itself")]);
    }
    let below = collection(&aggregator, json!({ "regions": ["53"] })).await;
    patch(&hand, named(&below)).await.faults(&[("/rule/collections", "rule_too_deep")]);
    // What is named is not deleted from under it, and what is put into it shows above at once.
    let now = owner.get(&path(&aggregator, &hand)).await.json(200);
    let deleted = owner.delete(&path(&aggregator, &hand)).of(&now["version"]).await;
    deleted.problem(409, "collection_named");
    let put = owner.put(&format!("{}/products", path(&aggregator, &hand)), json!({ "product_ids": [other] }));
    let _ = put.of(&now["version"]).await.expect(200);
    assert_eq!(shown(&aggregator, &third).await, [other]);
    // Without the link both are free.
    let _ = put_rule(&aggregator, &second, json!({ "mutiara": true })).await;
    let now = owner.get(&path(&aggregator, &hand)).await.json(200);
    let _ = owner.delete(&path(&aggregator, &hand)).of(&now["version"]).await.expect(204);
}

#[tokio::test]
async fn two_that_make_a_circle_at_once_do_not() {
    let aggregator = World::new().await.aggregator().await;
    for _ in 0..5 {
        let one = collection(&aggregator, json!({ "mutiara": true })).await;
        let two = collection(&aggregator, json!({ "mutiara": true })).await;
        let name = |collection: &Value, named: &Value| {
            let patch = json!({ "rule": { "collections": [named["id"]] } });
            aggregator.owner.patch(&path(&aggregator, collection), patch).of(&collection["version"])
        };
        let replies = all_at_once([name(&one, &two), name(&two, &one)]).await;
        let mut statuses: Vec<_> = replies.iter().map(|reply| reply.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 422], "{replies:?}");
        for reply in replies.into_iter().filter(|reply| reply.status == 422) {
            reply.faults(&[("/rule/collections", "rule_matches_itself")]);
        }
    }
}

#[tokio::test]
async fn a_rule_takes_the_place_of_products_by_hand_and_back() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let product = text(&aggregator.product().await["id"]);
    let hand = aggregator.collection(&[&product]).await;
    let ruled = put_rule(&aggregator, &hand, json!({ "tags": ["tidak-ada"] })).await;
    let rule = json!({ "tags": ["tidak-ada"], "sort": "newest", "limit": 200 });
    for (key, value) in rule.as_object().into_iter().flatten() {
        assert_eq!(&ruled["rule"][key], value);
    }
    assert_eq!((&ruled["product_ids"], &ruled["matches"]["count"]), (&json!([]), &json!(0)));
    assert_eq!(shown(&aggregator, &hand).await, Vec::<String>::new());
    let products = format!("{}/products", path(&aggregator, &hand));
    let put = json!({ "product_ids": [product] });
    let refused = owner.put(&products, put.clone()).of(&ruled["version"]).await;
    refused.problem(409, "collection_by_rule");
    let emptied = put_rule(&aggregator, &hand, Value::Null).await;
    assert_eq!((&emptied["rule"], &emptied["matches"]), (&Value::Null, &Value::Null));
    assert_eq!(emptied["product_ids"], json!([]), "what was put in before does not come back");
    let _ = owner.put(&products, put).of(&emptied["version"]).await.expect(200);
    assert_eq!(shown(&aggregator, &hand).await, [product]);
}

#[tokio::test]
async fn a_picture_shows_with_its_widths() {
    let aggregator = World::new().await.aggregator().await;
    let upload = aggregator.owner.call("POST", &aggregator.path("media"));
    let media = upload.file("kado.jpg", kapal_tests::photo(1400, 700)).await.json(201);
    let body = json!({ "title": { "id": "Kado", "en": "Gifts" }, "rule": { "mutiara": true }, "media_id": media["id"] });
    let made = aggregator.owner.post(&aggregator.path("collections"), body).await.json(201);
    assert_eq!(made["media_id"], media["id"]);
    let picture = async || {
        let list = aggregator.world.visitor.get(&aggregator.shop("/collections")).await.json(200);
        let page = aggregator.world.visitor.get(&shop(&aggregator, &made, "")).await.json(200);
        assert_eq!(list["data"][0]["picture"], page["picture"]);
        page["picture"].clone()
    };
    let shown = picture().await;
    assert_eq!((&shown["alt"], &shown["widths"][0]), (&json!("Kado"), &json!(320)), "{shown}");
    let patch = json!({ "media_id": null });
    let path = path(&aggregator, &made);
    let _ = aggregator.owner.patch(&path, patch).of(&made["version"]).await.expect(200);
    assert_eq!(picture().await, Value::Null);
}

#[tokio::test]
async fn what_is_new_ages_by_an_event_of_its_day() {
    let aggregator = World::new().await.aggregator().await;
    let product = text(&aggregator.product().await["id"]);
    let made = collection(&aggregator, json!({ "new_days": 7 })).await;
    let visitor = &aggregator.world.visitor;
    let page = shop(&aggregator, &made, "");
    let before = visitor.get(&page).await.expect(200);
    assert_eq!(ids(&before.json["products"]), std::slice::from_ref(&product));
    let known = before.header("etag").to_owned();
    // A week and a day pass for the product, and midnight comes.
    let cluster = Cluster::get();
    let database = cluster.superuser(&cluster.database).await;
    let sql = format!(
        "UPDATE search_documents SET published_at = published_at - interval '8 days' WHERE product_id = '{product}';
         UPDATE collections SET next_turn_at = now() WHERE id = '{}' AND next_turn_at > now()",
        text(&made["id"])
    );
    database.batch_execute(&sql).await.expect(&sql);
    let after = eventually("the day turns", async || {
        let now = visitor.get(&page).header("If-None-Match", &known).await;
        (now.status == 200).then_some(now)
    })
    .await;
    assert_eq!(after.json["products"], json!([]));
    let sql = "SELECT next_turn_at > now() AND next_turn_at <= now() + interval '1 day',
                (next_turn_at AT TIME ZONE 'Asia/Jakarta')::time = '00:00' FROM collections WHERE id::text = $1";
    let row = database.query_one(sql, &[&text(&made["id"])]).await.expect(sql);
    assert_eq!((row.get::<_, bool>(0), row.get::<_, bool>(1)), (true, true), "and again tomorrow");
}
