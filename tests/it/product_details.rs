//! What is known of a product besides its texts: halal status, options and variants, packages, barcodes, certificates,
//! stock movements, what its page shows of them, and what is related to it.

use kapal_tests::{Aggregator, Cluster, Reply, World, eventually, halal, text, unique};
use serde_json::{Value, json};

fn path(aggregator: &Aggregator, product: &Value, rest: &str) -> String {
    aggregator.path(&format!("products/{}{rest}", text(&product["id"])))
}

async fn category(aggregator: &Aggregator, slug: &str) -> Value {
    let tree = aggregator.world.visitor.get("/v1/categories").await.json(200);
    let all = tree["data"].as_array().cloned().unwrap_or_default();
    all.into_iter().find(|category| category["slug"] == slug).unwrap_or_else(|| panic!("no {slug}"))
}

/// A merchant that is verified and has a NIB and nothing else.
async fn bare(aggregator: &Aggregator) -> String {
    let id = text(&aggregator.merchant().await["id"]);
    for step in ["submit", "verify"] {
        let _ = aggregator.owner.step(&aggregator.path(&format!("merchants/{id}/{step}"))).await.expect(200);
    }
    id
}

async fn make(aggregator: &Aggregator, merchant: &str, slug: &str, more: Value) -> Reply {
    let mut body = aggregator.product_body(merchant).await;
    body["category_id"] = category(aggregator, slug).await["id"].clone();
    body.as_object_mut().expect("a body").extend(more.as_object().cloned().unwrap_or_default());
    aggregator.owner.post(&aggregator.path("products"), body).await
}

async fn now(aggregator: &Aggregator, product: &Value) -> Value {
    aggregator.owner.get(&path(aggregator, product, "")).await.json(200)
}

async fn shown(aggregator: &Aggregator, product: &Value) -> Value {
    let page = aggregator.shop(&format!("/products/{}", text(&product["slug"])));
    aggregator.world.visitor.get(&page).await.json(200)
}

#[tokio::test]
async fn food_says_whether_it_is_halal_and_claims_no_certificate_that_it_has_not() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = bare(&aggregator).await;
    let said = |status: &str| json!({ "halal_status": status });
    make(&aggregator, &merchant, "makanan-ringan", said("not_applicable"))
        .await
        .faults(&[("/halal_status", "halal_status_required")]);
    make(&aggregator, &merchant, "anyaman", said("maybe"))
        .await
        .faults(&[("/halal_status", "invalid_choice")]);
    let basket = make(&aggregator, &merchant, "anyaman", json!({})).await.json(201);
    assert_eq!(basket["halal_status"], "not_applicable");
    let snack = make(&aggregator, &merchant, "makanan-ringan", json!({})).await.json(201);
    assert_eq!(snack["halal_status"], "in_process", "nobody has said anything");
    let claimed = path(&aggregator, &snack, "");
    let edited = aggregator.owner.patch(&claimed, said("certified")).of(&snack["version"]).await.json(200);
    let submit = path(&aggregator, &snack, "/submit");
    aggregator.owner.step(&submit).await.faults(&[("/halal_status", "halal_unproven")]);
    // A certificate of its own is proof, and so is its merchant's.
    let own = path(&aggregator, &snack, "/certificates/halal");
    let _ = aggregator.owner.put(&own, json!({ "number": halal() })).await.expect(201);
    let _ = aggregator.owner.step(&submit).await.expect(200);
    assert!(edited["version"].as_i64() < now(&aggregator, &snack).await["version"].as_i64());
    let other = make(&aggregator, &merchant, "makanan-ringan", said("certified")).await.json(201);
    let _ = aggregator.verified_document(&merchant, "halal", json!({ "number": halal() })).await;
    let _ = aggregator.owner.step(&path(&aggregator, &other, "/submit")).await.expect(200);
}

#[tokio::test]
async fn what_says_that_it_is_not_halal_needs_no_halal_certificate() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = bare(&aggregator).await;
    let _ = aggregator.verified_document(&merchant, "pirt", json!({ "number": kapal_tests::pirt() })).await;
    let silent = make(&aggregator, &merchant, "makanan-ringan", json!({})).await.json(201);
    let declared = json!({ "halal_status": "declared_non_halal" });
    let pork = make(&aggregator, &merchant, "makanan-ringan", declared).await.json(201);
    for product in [&silent, &pork] {
        let _ = aggregator.owner.step(&path(&aggregator, product, "/submit")).await.expect(200);
    }
    aggregator
        .owner
        .step(&path(&aggregator, &silent, "/publish"))
        .await
        .problem(409, "gate_document_missing");
    let _ = aggregator.owner.step(&path(&aggregator, &pork, "/publish")).await.expect(200);
    assert_eq!(shown(&aggregator, &pork).await["halal_status"], "declared_non_halal");
    // It stays so when its merchant gets a certificate, which is not this product's.
    let _ = aggregator.verified_document(&merchant, "halal", json!({ "number": halal() })).await;
    let after = shown(&aggregator, &pork).await;
    let kinds: Vec<_> =
        after["certificates"].as_array().expect("a list").iter().map(|c| &c["kind"]).collect();
    assert_eq!(kinds, ["pirt"]);
}

#[tokio::test]
async fn bad_details_are_named_all_at_once() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = text(&aggregator.active_merchant().await["id"]);
    let names = json!({ "id": "A", "en": "A" });
    let value = json!({ "key": "s", "names": names });
    let bad = json!({
        "lead_time_days": 366, "monthly_capacity": 0, "minimum_order": 100_001, "hs_code": "9999", "origin_country": "XX",
        "tags": ["oleh-oleh", "Oleh", "oleh-oleh"],
        "options": [
            { "key": "size", "names": names, "values": [value, value] },
            { "key": "size", "names": names, "values": [] },
        ],
        "variants": [{
            "price": { "amount": "1000", "currency": "IDR" }, "compare_at_price": { "amount": "900", "currency": "IDR" },
            "barcode": "8990000000014", "weight_grams": 0, "minimum_order": 0,
            "size": { "length_mm": 0, "width_mm": 10, "height_mm": 10_001 },
        }],
    });
    make(&aggregator, &merchant, "makanan", bad).await.faults(&[
        ("/lead_time_days", "out_of_range"),
        ("/monthly_capacity", "out_of_range"),
        ("/minimum_order", "out_of_range"),
        ("/hs_code", "invalid_hs_code"),
        ("/origin_country", "invalid_country"),
        ("/options/0/values/1/key", "duplicate_entry"),
        ("/options/1/key", "duplicate_entry"),
        ("/options/1/values", "required"),
        ("/tags/1", "invalid_slug"),
        ("/tags/2", "duplicate_entry"),
        ("/variants/0/compare_at_price", "compare_price_too_low"),
        ("/variants/0/barcode", "wrong_check_digit"),
        ("/variants/0/weight_grams", "out_of_range"),
        ("/variants/0/minimum_order", "out_of_range"),
        ("/variants/0/size/length_mm", "out_of_range"),
        ("/variants/0/size/height_mm", "out_of_range"),
    ]);
    let many: Vec<_> = (0..21).map(|n| format!("tag-{n}")).collect();
    make(&aggregator, &merchant, "makanan", json!({ "tags": many })).await.faults(&[("/tags", "too_long")]);
}

#[tokio::test]
async fn each_variant_is_one_combination_of_the_options() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = text(&aggregator.active_merchant().await["id"]);
    let value = |key: &str| json!({ "key": key, "names": { "id": key, "en": key } });
    let options = json!([
        { "key": "size", "names": { "id": "Ukuran", "en": "Size" }, "values": [value("250-g"), value("1-kg")] },
        { "key": "taste", "names": { "id": "Rasa", "en": "Taste" }, "values": [value("asin"), value("pedas")] },
    ]);
    let variant = |size: &str, taste: &str| json!({ "price": { "amount": "20000", "currency": "IDR" }, "stock": 3, "options": { "size": size, "taste": taste } });
    let bad = json!({ "options": options, "variants": [
        variant("250-g", "asin"), variant("250-g", "asin"), variant("2-kg", "asin"),
        { "price": { "amount": "1", "currency": "IDR" }, "options": { "size": "1-kg", "colour": "red" } },
    ] });
    make(&aggregator, &merchant, "makanan", bad).await.faults(&[
        ("/variants/1/options", "duplicate_entry"),
        ("/variants/2/options/size", "invalid_choice"),
        ("/variants/3/options/colour", "unknown_option"),
        ("/variants/3/options/taste", "required"),
    ]);
    let good = json!({ "options": options, "variants": [variant("250-g", "asin")] });
    let product = make(&aggregator, &merchant, "makanan", good).await.json(201);
    let variants = path(&aggregator, &product, "/variants");
    let owner = &aggregator.owner;
    owner.post(&variants, variant("250-g", "asin")).await.problem(409, "duplicate_variant");
    let price = json!({ "price": { "amount": "20000", "currency": "IDR" } });
    owner
        .post(&variants, price)
        .await
        .faults(&[("/options/size", "required"), ("/options/taste", "required")]);
    let second = owner.post(&variants, variant("1-kg", "pedas")).await.json(201);
    let one = format!("{variants}/{}", text(&second["id"]));
    let version = now(&aggregator, &product).await["version"].clone();
    let same = json!({ "options": { "size": "250-g", "taste": "asin" } });
    owner.patch(&one, same).of(&version).await.problem(409, "duplicate_variant");
    let fewer = json!({ "options": [options[0]] });
    owner
        .patch(&path(&aggregator, &product, ""), fewer)
        .of(&version)
        .await
        .faults(&[("/options", "option_in_use"), ("/options", "option_in_use")]);
    let _ = aggregator.publish(&text(&product["id"])).await;
    let page = shown(&aggregator, &product).await;
    assert_eq!(page["options"][1]["name"], "Rasa");
    assert_eq!(page["variants"][1]["options"], json!({ "size": "1-kg", "taste": "pedas" }));
    let html = aggregator.world.visitor.get(&format!("/id/{}/p/{}", aggregator.slug, text(&product["slug"])));
    assert!(html.await.text().contains("1-kg · pedas"));
}

#[tokio::test]
async fn options_that_come_later_are_chosen_before_review() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.draft_product().await;
    let value = json!({ "key": "s", "names": { "id": "S", "en": "S" } });
    let options = json!({ "options": [{ "key": "size", "names": { "id": "Ukuran", "en": "Size" }, "values": [value] }] });
    let edited = aggregator
        .owner
        .patch(&path(&aggregator, &product, ""), options)
        .of(&product["version"])
        .await
        .json(200);
    let submit = path(&aggregator, &product, "/submit");
    aggregator.owner.step(&submit).await.faults(&[("/variants/0/options/size", "required")]);
    let variant = path(&aggregator, &product, &format!("/variants/{}", text(&product["variants"][0]["id"])));
    let chosen = json!({ "options": { "size": "s" } });
    let _ = aggregator.owner.patch(&variant, chosen).of(&edited["version"]).await.expect(200);
    let _ = aggregator.owner.step(&submit).await.expect(200);
}

#[tokio::test]
async fn a_variant_has_a_package_a_barcode_and_a_price_to_compare_with() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let variant = path(&aggregator, &product, &format!("/variants/{}", text(&product["variants"][0]["id"])));
    let size = json!({ "length_mm": 180, "width_mm": 120, "height_mm": 60 });
    let known = json!({
        "barcode": "899 0000 000013", "compare_at_price": { "amount": "90000", "currency": "IDR" },
        "weight_grams": 280, "size": size, "minimum_order": 2,
    });
    let edited = aggregator.owner.patch(&variant, known).of(&product["version"]).await;
    let version = edited.header("etag").trim_matches('"').parse::<i64>().expect("a version");
    let edited = edited.json(200);
    assert_eq!((&edited["barcode"], &edited["size"]), (&json!("8990000000013"), &size));
    let page = shown(&aggregator, &product).await;
    assert_eq!(page["variants"][0]["compare_at_price"], json!({ "amount": "90000", "currency": "IDR" }));
    assert_eq!(page["variants"][0]["weight_grams"], 280);
    let dearer = json!({ "price": { "amount": "95000", "currency": "IDR" } });
    aggregator
        .owner
        .patch(&variant, dearer)
        .of(&json!(version))
        .await
        .faults(&[("/compare_at_price", "compare_price_too_low")]);
    let more = json!({ "price": { "amount": "1000", "currency": "IDR" }, "barcode": "8990000000013" });
    aggregator
        .owner
        .post(&path(&aggregator, &product, "/variants"), more)
        .await
        .problem(409, "duplicate_barcode");
    let cleared = json!({ "size": null, "compare_at_price": null, "barcode": null });
    let cleared = aggregator.owner.patch(&variant, cleared).of(&json!(version)).await.json(200);
    assert_eq!((&cleared["size"], &cleared["barcode"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn stock_movements_are_listed_with_their_reasons() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.draft_product().await;
    let stock =
        path(&aggregator, &product, &format!("/variants/{}/stock", text(&product["variants"][0]["id"])));
    for delta in [5, -2, 7] {
        let change = json!({ "delta": delta, "reason": format!("Gerak {delta}") });
        let _ = aggregator.owner.post(&stock, change).await.expect(200);
    }
    let page = aggregator.owner.get(&format!("{stock}?limit=2")).await.json(200);
    let reasons = |page: &Value| {
        page["data"].as_array().into_iter().flatten().map(|m| text(&m["reason"])).collect::<Vec<_>>()
    };
    assert_eq!(reasons(&page), ["Gerak 7", "Gerak -2"]);
    assert_eq!((&page["data"][0]["stock"], &page["data"][0]["delta"]), (&json!(30), &json!(7)));
    let cursor = text(&page["page"]["next_cursor"]);
    let rest = aggregator.owner.get(&format!("{stock}?limit=2&cursor={cursor}")).await.json(200);
    assert_eq!(reasons(&rest), ["Gerak 5"]);
    let other = path(&aggregator, &product, &format!("/variants/{}/stock", uuid::Uuid::now_v7()));
    aggregator.owner.get(&other).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_certificate_is_entered_reviewed_shown_and_ends() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.draft_product().await;
    let owner = &aggregator.owner;
    let at = |kind: &str| path(&aggregator, &product, &format!("/certificates/{kind}"));
    owner.put(&at("ktp"), json!({ "number": "1" })).await.problem(404, "not_found");
    let bad = json!({ "number": "KH1", "issued_on": "2026-02-01", "expires_on": "2026-01-01" });
    owner
        .put(&at("halal"), bad)
        .await
        .faults(&[("/number", "invalid_document_number"), ("/expires_on", "expires_before_issued")]);
    let organic =
        json!({ "number": "lso-003  idn 00012", "issuer": "LSO Sucofindo", "expires_on": "2099-12-31" });
    let made = owner.put(&at("organic"), organic.clone()).await;
    let version = made.header("etag").trim_matches('"').parse::<i64>().expect("a version");
    assert_eq!(made.json(201)["number"], "LSO-003 IDN 00012");
    let _ = owner.put(&at("organic"), organic).await.expect(200);
    let other = json!({ "number": "LSO-004 IDN 00099" });
    owner.put(&at("organic"), other.clone()).await.problem(428, "precondition_required");
    owner.put(&at("organic"), other).of(&json!(1)).await.problem(412, "precondition_failed");
    owner.delete(&at("pirt")).of(&json!(version)).await.problem(404, "not_found");
    let listed = async |filter: &str| {
        let list = aggregator.shop(&format!("/products?certificate={filter}"));
        aggregator.world.visitor.get(&list).await.json(200)["data"].as_array().map_or(0, Vec::len)
    };
    let _ = aggregator.publish(&text(&product["id"])).await;
    let page = shown(&aggregator, &product).await;
    let kinds: Vec<_> = page["certificates"].as_array().expect("a list").iter().map(|c| &c["kind"]).collect();
    assert_eq!(kinds, ["organic", "pirt"], "the merchant's P-IRT applies to food");
    assert_eq!((listed("organic").await, listed("svlk").await), (1, 0));
    let unknown = aggregator.shop("/products?certificate=ktp");
    aggregator.world.visitor.get(&unknown).await.problem(400, "invalid_parameter");
    let published = now(&aggregator, &product).await["version"].clone();
    let _ = owner.delete(&at("organic")).of(&published).await.expect(202);
    assert_eq!(listed("organic").await, 1, "it stays until a reviewer has seen it");
    let database = Cluster::get().superuser(&Cluster::get().database).await;
    let sql = format!(
        "UPDATE product_certificates SET expires_on = current_date - 2, next_turn_at = now() WHERE product_id = '{}'",
        text(&product["id"])
    );
    database.batch_execute(&sql).await.expect(&sql);
    eventually("it is shown no more", async || (listed("organic").await == 0).then_some(())).await;
    let events = format!(
        "SELECT count(*) FROM events WHERE kind = 'product.certificate_expired' AND subject_id = '{}'",
        text(&product["id"])
    );
    assert_eq!(database.query_one(&events, &[]).await.expect(&events).get::<_, i64>(0), 1);
}

#[tokio::test]
async fn related_products_are_of_the_merchant_the_category_and_the_province() {
    let world = World::new().await;
    let aggregator = world.aggregator().await;
    let product = aggregator.product().await;
    let merchant = text(&product["merchant_id"]);
    let sister = make(&aggregator, &merchant, "anyaman", json!({})).await.json(201);
    let _ = aggregator.publish(&text(&sister["id"])).await;
    let same_category = aggregator.product().await;
    let other = text(&aggregator.active_merchant().await["id"]);
    let neighbour = make(&aggregator, &other, "keramik", json!({})).await.json(201);
    let _ = aggregator.publish(&text(&neighbour["id"])).await;
    let visitor = &world.visitor;
    let related = aggregator.shop(&format!("/products/{}/related", text(&product["slug"])));
    let ids = |reply: &Value| {
        reply["data"].as_array().into_iter().flatten().map(|p| p["id"].clone()).collect::<Vec<_>>()
    };
    let expected = [&sister, &same_category, &neighbour].map(|product| product["id"].clone());
    let answer = visitor.get(&related).await;
    assert!(answer.header("etag").starts_with('"') || answer.header("cache-control").contains("public"));
    assert_eq!(ids(&answer.json(200)), expected);
    let page = shown(&aggregator, &product).await;
    let on_page: Vec<_> =
        page["related"].as_array().expect("a list").iter().map(|p| p["id"].clone()).collect();
    assert_eq!(on_page, expected);
    let html = visitor.get(&format!("/id/{}/p/{}", aggregator.slug, text(&product["slug"]))).await.text();
    assert!(html.contains(&text(&sister["translations"]["id"]["name"])), "{html}");
    let nation = format!("/v1/storefront/products/{}/{}/related", aggregator.slug, text(&product["slug"]));
    assert_eq!(ids(&visitor.get(&nation).await.json(200))[..2], expected[..2]);
    visitor.get(&aggregator.shop("/products/tiada/related")).await.problem(404, "not_found");
    let alone = world.aggregator().await;
    let only = alone.product().await;
    let none =
        visitor.get(&alone.shop(&format!("/products/{}/related", text(&only["slug"])))).await.json(200);
    assert_eq!(none["data"], json!([]));
}

#[tokio::test]
async fn search_engines_get_gtin_country_and_breadcrumbs_and_no_offer_without_a_price() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = text(&aggregator.active_merchant().await["id"]);
    let name = format!("Teh </script> {}", unique());
    let more = json!({
        "translations": { "id": { "name": name, "description": "Teh </script><b>" } }, "lead_time_days": 3,
        "tags": ["oleh-oleh"], "hs_code": "0902.40",
        "variants": [
            { "sku": "T-1", "barcode": "8990000000013", "price": { "amount": "25000", "currency": "IDR" }, "stock": 0 },
        ],
    });
    let product = make(&aggregator, &merchant, "teh", more).await.json(201);
    let _ = aggregator.publish(&text(&product["id"])).await;
    let page = format!("/id/{}/p/{}", aggregator.slug, text(&product["slug"]));
    let elements = async || {
        let html = aggregator.world.visitor.get(&page).await.text();
        let parts = html.split("<script type=\"application/ld+json\">").skip(1);
        let data = parts.map(|rest| rest.split("</script>").next().unwrap_or_default().to_owned());
        data.map(|json| serde_json::from_str::<Value>(&json).expect("JSON")).collect::<Vec<_>>()
    };
    let [data, crumbs] = &elements().await[..] else { panic!("two elements") };
    assert_eq!(
        (&data["name"], &data["gtin"], &data["sku"]),
        (&json!(name), &json!("8990000000013"), &json!("T-1"))
    );
    assert_eq!((&data["countryOfOrigin"], &data["offers"]["price"]), (&json!("ID"), &json!("25000")));
    assert_eq!(data["offers"]["availability"], "https://schema.org/OutOfStock");
    assert_eq!(crumbs["@type"], "BreadcrumbList");
    let names: Vec<_> =
        crumbs["itemListElement"].as_array().expect("a list").iter().map(|i| &i["name"]).collect();
    assert_eq!(names, [&json!("Koperasi Uji"), &json!("Minuman"), &json!("Teh"), &json!(name)]);
    let shown = shown(&aggregator, &product).await;
    assert_eq!((&shown["hs_code"], &shown["lead_time_days"]), (&json!("090240"), &json!(3)));
    assert_eq!((&shown["tags"], &shown["level"]), (&json!(["oleh-oleh"]), &Value::Null));
    // A cheaper one that costs nothing: there is no offer to show.
    let free = json!({ "sku": "T-0", "price": { "amount": "0", "currency": "IDR" }, "stock": 1 });
    let _ = aggregator.owner.post(&path(&aggregator, &product, "/variants"), free).await.expect(201);
    assert_eq!(elements().await[0]["offers"], Value::Null);
}
