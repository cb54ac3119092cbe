//! Counted links: `/go/{code}` makes a lead of a person's click and leads on to WhatsApp.

use kapal_domain::lead::LeadSource;
use kapal_domain::link::{LinkCode, Shelf, Tail};
use kapal_tests::{Aggregator, Client, Cluster, Reply, World, all_at_once, text};
use serde_json::{Value, json};
use uuid::Uuid;

const PHONE: &str = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36";

fn id(thing: &Value) -> Uuid {
    text(&thing["id"]).parse().expect("an id")
}

fn code(product: &Value) -> LinkCode {
    LinkCode::new(id(product), LeadSource::Qr)
}

async fn press(aggregator: &Aggregator, path: &str) -> Reply {
    aggregator.world.visitor.get(path).header("User-Agent", PHONE).await.expect(302)
}

async fn leads(aggregator: &Aggregator) -> Vec<Value> {
    let leads = aggregator.owner.get(&aggregator.path("leads?limit=100")).await.json(200);
    leads["data"].as_array().cloned().unwrap_or_default()
}

fn said(reply: &Reply) -> String {
    let location = url::Url::parse(reply.header("location")).expect("an address");
    assert_eq!((location.host_str(), location.path()), (Some("wa.me"), "/6281234567890"));
    location.query_pairs().find(|(name, _)| name == "text").expect("a text").1.into_owned()
}

#[tokio::test]
async fn a_persons_click_makes_a_lead_and_leads_to_whatsapp_with_its_code() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let path = format!(
        "/go/{}?lang=en&utm_source=bazar&utm_campaign=Harbolnas&utm_term=a@b.id&channel=Meja+3&fbclid=x&x=%00",
        code(&product)
    );
    let reply = press(&aggregator, &path).await;
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("x-robots-tag"), "nofollow");
    let said = said(&reply);
    let leads = leads(&aggregator).await;
    let [lead] = &leads[..] else { panic!("{leads:?}") };
    assert!(said.starts_with("Hello") && said.ends_with(&text(&lead["code"])), "{said}");
    assert!(said.contains("IDR 75,000") && said.contains(&text(&product["slug"])), "{said}");
    assert_eq!(
        (&lead["kind"], &lead["source"], &lead["locale"], &lead["channel"]),
        (&json!("click"), &json!("qr"), &json!("en"), &json!("Meja 3"))
    );
    assert_eq!(lead["utm"], json!({ "source": "bazar", "campaign": "Harbolnas" }));
    assert_eq!((&lead["name"], &lead["phone"]), (&Value::Null, &Value::Null));
    let indonesian = press(&aggregator, &format!("/go/{}", code(&product).to_string().to_lowercase())).await;
    assert!(self::said(&indonesian).starts_with("Halo"));
}

#[tokio::test]
async fn repeats_of_one_visitor_are_one_lead_and_nothing_personal_is_kept() {
    let aggregator = World::new().await.aggregator().await;
    let (product, other) = (aggregator.product().await, aggregator.product().await);
    let path = format!("/go/{}", code(&product));
    let presses = (0..8).map(|_| aggregator.world.visitor.get(&path).header("User-Agent", PHONE));
    let replies = all_at_once(presses).await;
    let texts: std::collections::BTreeSet<_> = replies.iter().map(said).collect();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert_eq!(leads(&aggregator).await.len(), 1);
    let _ = press(&aggregator, &format!("/go/{}", code(&other))).await;
    assert_eq!(leads(&aggregator).await.len(), 2, "another product");
    let tablet = aggregator.world.visitor.get(&path).header("User-Agent", "Mozilla/5.0 (iPad)");
    let _ = tablet.await.expect(302);
    assert_eq!(leads(&aggregator).await.len(), 3, "another visitor");
    let cluster = Cluster::get();
    let database = cluster.superuser(&cluster.database).await;
    for table in ["leads", "recent_clicks", "events", "audit_entries"] {
        let sql =
            format!("SELECT to_jsonb(t)::text FROM {table} t WHERE aggregator_id = '{}'", aggregator.id);
        for row in database.query(&sql, &[]).await.expect("rows") {
            let row: String = row.get(0);
            assert!(!row.contains("127.0.0.1") && !row.contains("Mozilla"), "{table}: {row}");
        }
    }
    let age = format!("UPDATE recent_clicks SET until = now() WHERE aggregator_id = '{}'", aggregator.id);
    database.batch_execute(&age).await.expect("older clicks");
    let _ = press(&aggregator, &path).await;
    assert_eq!(leads(&aggregator).await.len(), 4, "half an hour later");
}

#[tokio::test]
async fn programs_are_led_on_without_a_lead() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let path = format!("/go/{}", code(&product));
    let visitor: &Client = &aggregator.world.visitor;
    for (name, value) in [
        ("User-Agent", ""),
        ("User-Agent", "facebookexternalhit/1.1"),
        ("User-Agent", "WhatsApp/2.23.20.0 A"),
        ("User-Agent", "Mozilla/5.0 (compatible; Googlebot/2.1)"),
        ("Sec-Purpose", "prefetch;prerender"),
        ("Purpose", "prefetch"),
        ("X-Moz", "prefetch"),
    ] {
        let call = visitor.get(&path).header(name, value);
        let call = if name == "User-Agent" { call } else { call.header("User-Agent", PHONE) };
        let reply = call.await.expect(302);
        assert!(!said(&reply).contains("Kode:"), "{name}: {value}");
        assert_eq!(reply.header("cache-control"), "no-store");
    }
    let head = visitor.call("HEAD", &path).header("User-Agent", PHONE).await.expect(302);
    assert_eq!(head.header("x-robots-tag"), "nofollow");
    assert_eq!(leads(&aggregator).await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_code_stays_valid_after_a_rename_and_a_product_that_is_gone_is_a_page() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let path = format!("/go/{}", code(&product));
    let cluster = Cluster::get();
    let database = cluster.superuser(&cluster.database).await;
    for table in ["products", "published_products", "search_documents"] {
        let id = if table == "search_documents" { "product_id" } else { "id" };
        let sql = format!("UPDATE {table} SET slug = 'nama-baru' WHERE {id} = '{}'", text(&product["id"]));
        database.batch_execute(&sql).await.expect("another slug");
    }
    assert!(said(&press(&aggregator, &path).await).contains("/p/nama-baru"));
    let gone = aggregator.path(&format!("products/{}/unpublish", text(&product["id"])));
    let _ = aggregator.owner.post(&gone, json!({ "reason": "Stok habis musim ini." })).await.expect(200);
    for path in [path.as_str(), "/go/0000000000000", "/go/x", "/go/%F0%9F%90%9F"] {
        let page = aggregator.world.visitor.get(path).header("User-Agent", PHONE).await.expect(404);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{path}");
        assert_eq!(page.header("cache-control"), "no-store");
    }
    assert_eq!(leads(&aggregator).await.len(), 1);
}

#[tokio::test]
async fn a_code_names_the_collection_or_the_slot_too() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.mutiara().await;
    let product_id = text(&product["id"]);
    let collection = aggregator.collection(&[&product_id]).await;
    let slot = aggregator.slot(&[&product_id]).await;
    let shelf = Shelf::Collection(Tail::of(id(&collection)));
    let _ = press(&aggregator, &format!("/go/{}", code(&product).within(shelf))).await;
    assert_eq!(leads(&aggregator).await[0]["collection_id"], collection["id"]);
    let body = json!({ "collection_id": collection["id"], "slot_id": slot["id"], "channel": "Bazar", "utm": { "medium": "story" } });
    let contact = aggregator.shop(&format!("/products/{product_id}/contact"));
    let _ = aggregator.world.visitor.post(&contact, body).await.expect(201);
    let lead = &leads(&aggregator).await[0];
    assert_eq!((&lead["collection_id"], &lead["slot_id"]), (&collection["id"], &slot["id"]));
    assert_eq!(
        (&lead["kind"], &lead["channel"], &lead["utm"]),
        (&json!("contact"), &json!("Bazar"), &json!({ "medium": "story" }))
    );
    let foreign = json!({ "collection_id": Uuid::now_v7(), "slot_id": Uuid::now_v7() });
    let refused = aggregator.world.visitor.post(&contact, foreign).await;
    refused.faults(&[("/collection_id", "unknown_reference"), ("/slot_id", "unknown_reference")]);
    let bad = json!({ "collection_id": "x", "channel": "a".repeat(61), "utm": { "term": "\u{0}" } });
    let refused = aggregator.world.visitor.post(&contact, bad).await;
    refused.faults(&[
        ("/channel", "too_long"),
        ("/utm/term", "invalid_characters"),
        ("/collection_id", "invalid_id"),
    ]);
    assert_eq!(leads(&aggregator).await.len(), 2);
}

#[tokio::test]
async fn without_whatsapp_a_click_is_a_lead_all_the_same_and_leads_to_the_product() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let channel = aggregator.path(&format!("merchants/{}/channels/whatsapp", text(&product["merchant_id"])));
    let _ = aggregator.owner.delete(&channel).await.expect(204);
    let reply = press(&aggregator, &format!("/go/{}?lang=en", code(&product))).await;
    let page = format!("/en/{}/p/{}", aggregator.slug, text(&product["slug"]));
    assert!(reply.header("location").ends_with(&page), "{reply}");
    assert_eq!(leads(&aggregator).await.len(), 1);
}
