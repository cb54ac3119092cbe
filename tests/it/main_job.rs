//! The main job from end to end, each step by who does it: from a merchant's onboarding to a featured product and the
//! buyer's first message.

use kapal_domain::permission::Role;
use kapal_tests::{World, scores, text};
use serde_json::json;

#[tokio::test]
async fn a_merchants_product_becomes_a_featured_mutiara_and_a_buyer_writes() {
    let world = World::new().await;
    let aggregator = world.aggregator_named("Koperasi Toraja Bersama").await;
    let manager = aggregator.member(Role::MerchantManager).await;
    let curators = [aggregator.member(Role::Curator).await, aggregator.member(Role::Curator).await];
    let hero = aggregator.member(Role::LocalHero).await;

    // 1. The hero onboards a merchant, the manager verifies it.
    let body = json!({ "name": "Kopi Mama Tina", "region_code": "73.26", "phone": "0812-3456-7890", "nib": kapal_tests::nib() });
    let merchant = hero.post(&aggregator.path("merchants"), body).await.json(201);
    let merchant_id = text(&merchant["id"]);
    let merchant_path = aggregator.path(&format!("merchants/{merchant_id}"));
    let channel =
        hero.put(&format!("{merchant_path}/channels/whatsapp"), json!({ "handle": "0812-3456-7890" })).await;
    assert!(channel.status < 300, "{channel}");
    let _ = hero.step(&format!("{merchant_path}/submit")).await.expect(200);
    hero.step(&format!("{merchant_path}/verify")).await.problem(403, "forbidden");
    assert_eq!(manager.step(&format!("{merchant_path}/verify")).await.json(200)["status"], "active");

    aggregator.prove(&merchant_id).await;

    // 2. The merchant lists a product with price, photo and two languages; a curator publishes it.
    let seller = aggregator.merchant_member(&merchant_id).await;
    let body = aggregator.product_body_by(&seller, &merchant_id).await;
    let product = seller.post(&aggregator.path("products"), body).await.json(201);
    let (id, slug) = (text(&product["id"]), text(&product["slug"]));
    let product_path = aggregator.path(&format!("products/{id}"));
    let _ = seller.step(&format!("{product_path}/submit")).await.expect(200);
    assert_eq!(curators[0].step(&format!("{product_path}/publish")).await.json(200)["status"], "published");

    // 3. The hero nominates it. 4. Two curators score it, the owner decides.
    let nominate = json!({ "product_id": id, "reason": "Rasa khas, maker terdokumentasi." });
    let nomination = hero.post(&aggregator.path("nominations"), nominate).await.json(201);
    let nomination_path = aggregator.path(&format!("nominations/{}", text(&nomination["id"])));
    for curator in &curators {
        let _ = curator.put(&format!("{nomination_path}/scores"), scores(4)).await.expect(201);
    }
    let decision = json!({ "decision": "accept", "reason": "Memenuhi semua syarat." });
    let accepted = aggregator.owner.post(&format!("{nomination_path}/decide"), decision).await.json(200);
    assert_eq!((accepted["status"].as_str(), accepted["stars"].as_i64()), (Some("accepted"), Some(4)));

    // 5. It enters a collection and a slot.
    let collection = aggregator.collection(&[&id]).await;
    let _ = aggregator.slot(&[&id]).await;

    // 7. It appears on the aggregator's storefront, on the national one, and on a page that previews well.
    let home = world.visitor.get(&aggregator.shop("/home")).await.json(200);
    assert_eq!(home.pointer("/slots/0/items/0/product/id"), Some(&json!(id)));
    assert!(home["collections"].to_string().contains(&text(&collection["slug"])), "{home}");
    let national =
        world.visitor.get(&format!("/v1/storefront/products/{}/{slug}", aggregator.slug)).await.json(200);
    assert_eq!((national["is_mutiara"].as_bool(), national["stars"].as_i64()), (Some(true), Some(4)));
    let page = world.visitor.get(&format!("/id/{}/p/{slug}", aggregator.slug)).await.expect(200);
    for tag in ["og:title", "og:image", "og:url", "og:description"] {
        assert!(page.text().contains(tag), "{tag} is missing");
    }
    assert!(page.header("content-security-policy").contains("default-src 'none'"), "{:?}", page.headers);

    // 8. A buyer contacts the merchant, who finds the lead.
    let contact = world
        .visitor
        .post(&aggregator.shop(&format!("/products/{slug}/contact")), json!({ "source": "whatsapp" }));
    let contact = contact.await.json(201);
    assert!(text(&contact["whatsapp_url"]).starts_with("https://wa.me/6281234567890?text="));
    let leads = seller.get(&aggregator.path("leads")).await.json(200);
    assert_eq!(leads.pointer("/data/0/code"), Some(&contact["lead_code"]));
}
