//! Share kits: links, captions, pictures and codes of what is published.

use std::collections::BTreeMap;

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, World, photo, text, unique};
use serde_json::{Value, json};

fn kit(aggregator: &Aggregator, of: &str, thing: &Value) -> String {
    aggregator.path(&format!("{of}/{}/share-kit", text(&thing["id"])))
}

/// The files of a ZIP that compresses nothing.
fn unpacked(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let number = |at: usize, long: usize| {
        archive[at..at + long].iter().rev().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte))
    };
    // The directory at the end says where each file begins (APPNOTE 4.3.12).
    let end = (0..archive.len()).rev().find(|at| archive[*at..].starts_with(b"PK\x05\x06")).expect("an end");
    let mut at = number(end + 16, 4);
    for _ in 0..number(end + 10, 2) {
        let (size, name) = (number(at + 24, 4), number(at + 28, 2));
        let local = number(at + 42, 4);
        let begin = local + 30 + number(local + 26, 2) + number(local + 28, 2);
        let called = String::from_utf8_lossy(&archive[at + 46..][..name]).into_owned();
        files.insert(called, archive[begin..begin + size].to_vec());
        at += 46 + name + number(at + 30, 2) + number(at + 32, 2);
    }
    files
}

/// What the QR code on a picture says.
#[track_caller]
fn read_code(jpeg: &[u8]) -> String {
    let picture = image::load_from_memory(jpeg).expect("a picture").into_luma8();
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let pixel = |x: usize, y: usize| picture.get_pixel(x as u32, y as u32).0[0];
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, pixel);
    let grids = prepared.detect_grids();
    grids.first().expect("a code").decode().expect("a code that reads").1
}

#[tokio::test]
async fn a_products_kit_has_captions_pictures_and_a_code_that_leads_to_its_page() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let found = aggregator.owner.get(&kit(&aggregator, "products", &product)).await.json(200);
    let page = format!("/{}/p/{}", aggregator.slug, text(&product["slug"]));
    let link = text(&found["link"]);
    assert!(link.ends_with(&format!("/id{page}")), "{link}");
    assert_eq!(found["qr"]["payload"], found["link"]);
    let limits = [("whatsapp", 1_000, 0), ("instagram", 2_200, 30), ("facebook", 5_000, 10)];
    let captions = found["captions"].as_array().expect("captions");
    assert_eq!(captions.len(), 6);
    for caption in captions {
        let locale = text(&caption["locale"]);
        let said = text(&caption["text"]);
        let name = text(&product["translations"][&locale]["name"]);
        let limit = limits.iter().find(|(network, ..)| caption["network"] == *network).expect("a network");
        assert!(said.encode_utf16().count() <= limit.1, "{said}");
        assert!(said.contains(&name) && said.contains(&format!("/{locale}{page}")), "{said}");
        let tags = caption["hashtags"].as_array().expect("hashtags");
        assert!(tags.len() <= limit.2 && tags.iter().all(|tag| said.contains(&text(tag))), "{said}");
    }
    let instagram = captions.iter().find(|c| c["network"] == "instagram").expect("Instagram");
    assert!(instagram["hashtags"].as_array().expect("hashtags").len() > 3, "{instagram}");
    let pictures = found["pictures"].as_array().expect("pictures");
    assert_eq!(pictures.len(), 4);
    for picture in pictures {
        let url = text(&picture["url"]);
        let path = &url[url.find(&format!("/{}{page}", text(&picture["locale"]))).expect("below its page")..];
        let file = aggregator.world.visitor.get(path).await.expect(200);
        assert!(file.header("cache-control").contains("immutable"));
        let size = image::load_from_memory(&file.body).expect("a picture");
        assert_eq!(
            (json!(size.width()), json!(size.height())),
            (picture["width"].clone(), picture["height"].clone())
        );
        assert!(read_code(&file.body).ends_with(&format!("/{}{page}", text(&picture["locale"]))));
        assert_eq!(aggregator.world.visitor.get(path).await.expect(200).body, file.body);
    }
}

#[tokio::test]
async fn a_collection_has_a_kit_too() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let collection = aggregator.collection(&[&text(&product["id"])]).await;
    let found = aggregator.owner.get(&kit(&aggregator, "collections", &collection)).await.json(200);
    let page = format!("/id/{}/c/{}", aggregator.slug, text(&collection["slug"]));
    assert!(text(&found["link"]).ends_with(&page), "{found}");
    let url = text(&found["pictures"][0]["url"]);
    let file = aggregator.world.visitor.get(&url[url.find(&page).expect("its page")..]).await.expect(200);
    assert!(read_code(&file.body).ends_with(&page));
}

#[tokio::test]
async fn all_of_a_kit_comes_as_one_file() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let path = kit(&aggregator, "products", &product);
    let found = aggregator.owner.get(&path).await.json(200);
    let archive = aggregator.owner.get(&format!("{path}?format=zip")).await.expect(200);
    assert_eq!(archive.header("content-type"), "application/zip");
    let name = format!("attachment; filename=\"{}.zip\"", text(&product["slug"]));
    assert_eq!(archive.header("content-disposition"), name);
    let files = unpacked(&archive.body);
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "facebook-en.txt",
            "facebook-id.txt",
            "instagram-en.txt",
            "instagram-id.txt",
            "link.txt",
            "qr.svg",
            "square-en.jpg",
            "square-id.jpg",
            "story-en.jpg",
            "story-id.jpg",
            "whatsapp-en.txt",
            "whatsapp-id.txt",
        ]
    );
    for caption in found["captions"].as_array().expect("captions") {
        let name = format!("{}-{}.txt", text(&caption["network"]), text(&caption["locale"]));
        assert_eq!(String::from_utf8_lossy(&files[&name]), text(&caption["text"]));
    }
    assert_eq!(read_code(&files["story-id.jpg"]), text(&found["link"]));
    assert_eq!(String::from_utf8_lossy(&files["qr.svg"]), text(&found["qr"]["svg"]));
    aggregator.owner.get(&format!("{path}?format=rar")).await.problem(400, "invalid_parameter");
}

#[tokio::test]
async fn a_pictures_address_changes_with_what_it_shows() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let path = kit(&aggregator, "products", &product);
    let before = aggregator.owner.get(&path).await.json(200);
    let variant = text(&product["variants"][0]["id"]);
    let variant = aggregator.path(&format!("products/{}/variants/{variant}", text(&product["id"])));
    let price = json!({ "price": { "amount": "90000", "currency": "IDR" } });
    let _ = aggregator.owner.patch(&variant, price).of(&product["version"]).await.expect(200);
    let after = aggregator.owner.get(&path).await.json(200);
    assert!(text(&after["captions"][0]["text"]).contains("Rp90.000"), "{after}");
    let (old, new) = (text(&before["pictures"][0]["url"]), text(&after["pictures"][0]["url"]));
    assert_ne!(old, new);
    // Nobody had asked for the old one: it is made no more.
    let path = |url: &str| url[url.find("/id/").expect("a path")..].to_owned();
    aggregator.world.visitor.get(&path(&old)).await.problem(404, "not_found");
    let _ = aggregator.world.visitor.get(&path(&new)).await.expect(200);
    aggregator.world.visitor.get(&path(&new).replace("/square/", "/round/")).await.problem(404, "not_found");
}

#[tokio::test]
async fn what_has_no_public_page_has_no_kit() {
    let aggregator = World::new().await.aggregator().await;
    let draft = aggregator.draft_product().await;
    aggregator.owner.get(&kit(&aggregator, "products", &draft)).await.problem(409, "not_shareable");
    let unknown = json!({ "id": uuid::Uuid::now_v7() });
    for of in ["products", "collections"] {
        aggregator.owner.get(&kit(&aggregator, of, &unknown)).await.problem(404, "not_found");
    }
    let soon = chrono::Utc::now() + chrono::TimeDelta::days(2);
    let body = json!({ "title": { "id": format!("Nanti {}", unique()) }, "starts_at": soon.to_rfc3339() });
    let waiting = aggregator.owner.post(&aggregator.path("collections"), body).await.json(201);
    aggregator.owner.get(&kit(&aggregator, "collections", &waiting)).await.problem(409, "not_shareable");
}

#[tokio::test]
async fn a_merchant_shares_its_own_products_alone() {
    let aggregator = World::new().await.aggregator().await;
    let (own, other) = (aggregator.product().await, aggregator.product().await);
    let member = aggregator.merchant_member(&text(&own["merchant_id"])).await;
    let _ = member.get(&kit(&aggregator, "products", &own)).await.expect(200);
    member.get(&kit(&aggregator, "products", &other)).await.problem(404, "not_found");
    let hero = aggregator.member(Role::LocalHero).await;
    hero.get(&kit(&aggregator, "products", &own)).await.problem(404, "not_found");
}

#[tokio::test]
async fn long_texts_and_strange_letters_are_shared_too() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.active_merchant().await;
    let mut body = aggregator.product_body(&text(&merchant["id"])).await;
    let upload = aggregator.owner.call("POST", &aggregator.path("media")).file("a.jpg", photo(200, 1_400));
    body["media"] = json!([upload.await.json(201)["id"]]);
    let name = format!("{} 😀 漢字 {}", "Keripik".repeat(15), "*_~`#");
    let description = "Renyah 😀 dan gurih, ".repeat(230);
    body["translations"] = json!({ "id": { "name": name, "description": description.trim() } });
    let product = aggregator.owner.post(&aggregator.path("products"), body).await.json(201);
    let product = aggregator.publish(&text(&product["id"])).await;
    let path = kit(&aggregator, "products", &product);
    let found = aggregator.owner.get(&path).await.json(200);
    for caption in found["captions"].as_array().expect("captions") {
        let said = text(&caption["text"]);
        let longest = if caption["network"] == "whatsapp" { 1_000 } else { 5_000 };
        assert!(said.encode_utf16().count() <= longest && said.contains("Renyah"), "{said}");
    }
    let archive = aggregator.owner.get(&format!("{path}?format=zip")).await.expect(200);
    assert!(read_code(&unpacked(&archive.body)["square-id.jpg"]).contains("/p/keripik"));
}
