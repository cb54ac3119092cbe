//! Erasure is whole: of everything that anybody wrote about a merchant nothing is left to read, whoever wrote meanwhile.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, World, text, unique};
use serde_json::{Value, json};

use crate::erasure::everything;

pub(crate) async fn erase(aggregator: &Aggregator, merchant: &str) {
    let request = json!({ "kind": "erasure", "merchant_id": merchant });
    let request = aggregator.owner.post(&aggregator.path("privacy-requests"), request).await.json(201);
    let fulfil = aggregator.path(&format!("privacy-requests/{}/fulfil", text(&request["id"])));
    let answer = || aggregator.owner.post(&fulfil, json!({ "answer": "Dihapus." }));
    // Who met somebody else's lock the wrong way round is told to try again.
    let mut reply = answer().await;
    while reply.status == 503 {
        reply = answer().await;
    }
    let _ = reply.expect(200);
}

/// Which tables still have one of these, however it is written. Events are forgotten after 90 days, and name things by
/// their public slugs until then.
async fn left(aggregator: &Aggregator, canaries: &[String]) -> Vec<String> {
    let all = everything(aggregator).await.to_lowercase();
    let tables = all.lines().filter(|line| !line.starts_with("events"));
    let found = |line: &&str| canaries.iter().any(|canary| line.contains(&canary.to_lowercase()));
    tables.filter(found).map(str::to_owned).collect()
}

#[tokio::test]
async fn no_text_about_an_erased_merchant_or_its_goods_is_left_in_any_table() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let mark = unique();
    let canary = |thing: &str| format!("kenari{thing}{mark}");
    let merchant = aggregator.active_merchant().await;
    let (id, own) = (text(&merchant["id"]), aggregator.path(&format!("merchants/{}", text(&merchant["id"]))));
    let told = json!({ "story": canary("cerita"), "profile": { "address": canary("alamat") } });
    let _ = owner.patch(&own, told).of(&merchant["version"]).await.expect(200);
    let mut body = aggregator.product_body(&id).await;
    body["translations"]["id"]["name"] = json!(canary("barang"));
    body["variants"][0]["name"] = json!(canary("varian"));
    let product = owner.post(&aggregator.path("products"), body).await.json(201);
    let goods = aggregator.path(&format!("products/{}", text(&product["id"])));
    let english = json!({ "name": canary("goods"), "description": canary("teks") });
    let english = owner.put(&format!("{goods}/translations/en"), english).of(&product["version"]).await;
    assert!(english.status < 300, "{english}");
    let variant = text(&product["variants"][0]["id"]);
    let stock = json!({ "delta": -1, "reason": canary("stok") });
    let _ = owner.post(&format!("{goods}/variants/{variant}/stock"), stock).await.expect(200);
    let pictures =
        json!({ "media": [{ "media_id": product["media"][0]["id"], "alt": { "id": canary("gambar") } }] });
    let version = owner.get(&goods).await.json(200)["version"].clone();
    let _ = owner.put(&format!("{goods}/media"), pictures).of(&version).await.expect(200);
    let product = aggregator.publish(&text(&product["id"])).await;
    let nomination = json!({ "product_id": product["id"], "reason": canary("nominasi") });
    let nomination = owner.post(&aggregator.path("nominations"), nomination).await.json(201);
    let nomination = aggregator.path(&format!("nominations/{}", text(&nomination["id"])));
    for _ in 0..2 {
        let curator = aggregator.member(Role::Curator).await;
        let mut scores = kapal_tests::scores(2);
        scores["comment"] = json!(canary("komentar"));
        let _ = curator.put(&format!("{nomination}/scores"), scores).await.expect(201);
    }
    let declined =
        json!({ "decision": "decline", "reason": canary("putusan"), "actions": [canary("tindakan")] });
    let _ = owner.post(&format!("{nomination}/decide"), declined).await.expect(200);
    let hero = aggregator.member(Role::LocalHero).await;
    let profile = json!({ "user_id": hero.id, "capacity": 3, "area_codes": ["53.07"] });
    let _ = owner.post(&aggregator.path("heroes"), profile).await.expect(201);
    let assigned = aggregator.path(&format!("heroes/{}/merchants/{id}", hero.id));
    let _ = owner.put(&assigned, json!({})).await.expect(201);
    let mut visit = kapal_tests::visit(&id);
    visit["problems"] = json!(canary("kunjungan"));
    let _ = aggregator.put_visit(&hero, &kapal_tests::phone_id(), &visit).await.expect(201);
    let request = json!({ "kind": "restriction", "merchant_id": id, "note": canary("permintaan") });
    let request = owner.post(&aggregator.path("privacy-requests"), request).await.json(201);
    let refuse = aggregator.path(&format!("privacy-requests/{}/refuse", text(&request["id"])));
    let _ = owner.post(&refuse, json!({ "answer": canary("jawaban") })).await.expect(200);
    let written = [
        "cerita",
        "alamat",
        "barang",
        "varian",
        "stok",
        "nominasi",
        "komentar",
        "putusan",
        "tindakan",
        "kunjungan",
        "permintaan",
        "jawaban",
    ];
    let before = everything(&aggregator).await;
    for thing in written {
        assert!(before.contains(&canary(thing)), "{thing} was written");
    }

    erase(&aggregator, &id).await;

    let canaries: Vec<_> =
        written.iter().chain(&["goods", "teks", "gambar"]).map(|thing| canary(thing)).collect();
    let found = left(&aggregator, &canaries).await;
    assert!(found.is_empty(), "{found:?}");
    let goods = owner.get(&goods).await;
    assert_eq!(goods.status, 404, "{goods}");
    assert_eq!(owner.get(&aggregator.path("audit/verify")).await.json(200)["valid"], true);
}

#[tokio::test]
async fn who_writes_while_a_merchant_is_erased_leaves_nothing_behind() {
    for _ in 0..3 {
        let aggregator = World::new().await.aggregator().await;
        let owner = &aggregator.owner;
        let product = aggregator.product().await;
        let merchant = text(&product["merchant_id"]);
        let own = aggregator.path(&format!("merchants/{merchant}"));
        let mark = format!("kenari{}", unique());
        let stock = format!(
            "{}/variants/{}/stock",
            aggregator.path(&format!("products/{}", text(&product["id"]))),
            text(&product["variants"][0]["id"])
        );
        let write = async |writer: usize| {
            let mut last = 0;
            for n in 0..12 {
                let text = format!("{mark} {writer} {n}");
                let now = owner.get(&own).await;
                let version = now.json.get("version").cloned().unwrap_or(Value::from(1));
                let reply = match writer % 4 {
                    0 => owner.patch(&own, json!({ "story": text })).of(&version).await,
                    1 => {
                        let profile = json!({ "profile": { "address": text }, "legal_name": text });
                        owner.patch(&own, profile).of(&version).await
                    }
                    2 => {
                        let mut visit = kapal_tests::visit(&merchant);
                        visit["advice"] = json!(text);
                        aggregator.put_visit(owner, &kapal_tests::phone_id(), &visit).await
                    }
                    _ => owner.post(&stock, json!({ "delta": 1, "reason": text })).await,
                };
                assert!(reply.status < 500 || reply.status == 503, "{reply}");
                last = reply.status;
            }
            last
        };
        let erasure = erase(&aggregator, &merchant);
        tokio::join!(write(0), write(1), write(2), write(3), erasure, write(4), write(5), write(6), write(7));
        let found = left(&aggregator, std::slice::from_ref(&mark)).await;
        assert!(found.is_empty(), "{found:?}");
        // And whoever comes after it writes nothing at all.
        for writer in 0..4 {
            let status = write(writer).await;
            assert!((400..500).contains(&status), "writer {writer}: {status}");
        }
        assert!(left(&aggregator, std::slice::from_ref(&mark)).await.is_empty());
        assert_eq!(owner.get(&aggregator.path("audit/verify")).await.json(200)["valid"], true);
    }
}
