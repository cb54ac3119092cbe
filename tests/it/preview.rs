//! The picture that messengers show of a product's link.

use kapal_tests::{Aggregator, Reply, World, text};
use serde_json::{Value, json};

fn path(url: &Value) -> String {
    url::Url::parse(&text(url)).expect("an address").path().to_owned()
}

/// What the storefront says of a product in a language.
async fn shown(aggregator: &Aggregator, product: &Value, locale: &str) -> Value {
    let path = aggregator.shop(&format!("/products/{}", text(&product["slug"])));
    aggregator.world.visitor.get(&path).header("Accept-Language", locale).await.json(200)
}

async fn fetch(aggregator: &Aggregator, shown: &Value) -> Reply {
    let reply = aggregator.world.visitor.get(&path(&shown["preview"]["url"])).await.expect(200);
    assert_eq!(reply.header("content-type"), "image/jpeg");
    assert!(reply.header("cache-control").contains("immutable"), "{reply}");
    assert!(reply.body.len() <= 300 * 1024, "{} bytes", reply.body.len());
    let picture = image::load_from_memory_with_format(&reply.body, image::ImageFormat::Jpeg).expect("a JPEG");
    assert_eq!((picture.width(), picture.height()), (1200, 630));
    reply
}

#[tokio::test]
async fn it_is_there_at_once_and_the_same_ever_after() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let shown = shown(&aggregator, &product, "id").await;
    assert_eq!((&shown["preview"]["width"], &shown["preview"]["height"]), (&json!(1200), &json!(630)));
    // Its page is what a messenger reads first.
    let page = aggregator.world.visitor.get(&path(&shown["url"])).await.expect(200).text();
    let tag = format!("<meta property=\"og:image\" content=\"{}\">", text(&shown["preview"]["url"]));
    assert!(page.contains(&tag), "{tag}");
    let first = fetch(&aggregator, &shown).await;
    let second = fetch(&aggregator, &shown).await;
    assert_eq!((first.body, first.headers.get("etag")), (second.body, second.headers.get("etag")));
}

#[tokio::test]
async fn another_price_or_name_is_another_picture_at_another_address() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let before = shown(&aggregator, &product, "id").await;
    let english = shown(&aggregator, &product, "en").await;
    assert_ne!(before["preview"]["url"], english["preview"]["url"]);
    let old = fetch(&aggregator, &before).await;
    let variant =
        format!("products/{}/variants/{}", text(&product["id"]), text(&product["variants"][0]["id"]));
    let price = json!({ "price": { "amount": "80000", "currency": "IDR" } });
    let patched = aggregator.owner.patch(&aggregator.path(&variant), price).of(&product["version"]).await;
    assert!(patched.status < 300, "{patched}");
    let after = shown(&aggregator, &product, "id").await;
    assert_ne!(after["preview"]["url"], before["preview"]["url"]);
    assert_ne!(fetch(&aggregator, &after).await.body, old.body);
    // Who has the old page still gets the picture that it names.
    assert_eq!(fetch(&aggregator, &before).await.body, old.body);
    // Stock is not drawn.
    let stock = format!("{variant}/stock");
    let moved =
        aggregator.owner.post(&aggregator.path(&stock), json!({ "delta": -1, "reason": "Terjual" })).await;
    assert!(moved.status < 300, "{moved}");
    assert_eq!(shown(&aggregator, &product, "id").await["preview"]["url"], after["preview"]["url"]);
}

#[tokio::test]
async fn no_name_breaks_it() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = text(&aggregator.active_merchant().await["id"]);
    for name in ["咖啡 🔥", "قهوة عربية", "🥥🥥🥥", &"Keripik ".repeat(18), &"W".repeat(150)]
    {
        let mut body = aggregator.product_body(&merchant).await;
        body["translations"] = json!({ "id": { "name": name.trim(), "description": "Uji." } });
        let product = aggregator.owner.post(&aggregator.path("products"), body).await.json(201);
        let product = aggregator.publish(&text(&product["id"])).await;
        let _ = fetch(&aggregator, &shown(&aggregator, &product, "id").await).await;
    }
}

#[tokio::test]
async fn only_what_is_shown_has_one() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let before = shown(&aggregator, &product, "id").await;
    let unpublish = aggregator.path(&format!("products/{}/unpublish", text(&product["id"])));
    let _ = aggregator.owner.step(&unpublish).await.expect(200);
    let visitor = &aggregator.world.visitor;
    visitor.get(&path(&before["preview"]["url"])).await.problem(404, "not_found");
    visitor.get(&format!("/media/{}/1200.jpg", "0".repeat(64))).await.problem(404, "not_found");
}
