//! Versions: no change without the version it changes, no answer to who has it already.

use kapal_tests::{Aggregator, Call, World, all_at_once, text, unique};
use serde_json::{Value, json};

/// Everything that has a version, with a change of it.
struct Versioned {
    path: String,
    /// Method and path of the change.
    change: (&'static str, String),
    body: Value,
}

async fn everything(aggregator: &Aggregator) -> Vec<Versioned> {
    let product = aggregator.mutiara().await;
    let product_id = text(&product["id"]);
    let draft = text(&aggregator.draft_product().await["id"]);
    let merchant = text(&product["merchant_id"]);
    let collection = text(&aggregator.collection(&[&product_id]).await["id"]);
    let slot = text(&aggregator.slot(&[&product_id]).await["id"]);
    let contact = aggregator.shop(&format!("/products/{product_id}/contact"));
    let _ = aggregator.world.visitor.step(&contact).await.expect(201);
    let leads = aggregator.owner.get(&aggregator.path("leads")).await.json(200);
    let lead = text(&leads["data"][0]["id"]);
    let patched = |rest: String, body: Value| {
        let path = aggregator.path(&rest);
        Versioned { change: ("PATCH", path.clone()), path, body }
    };
    let own = format!("/v1/aggregators/{}", aggregator.slug);
    vec![
        patched(format!("merchants/{merchant}"), json!({ "story": "Baru." })),
        patched(format!("products/{draft}"), json!({ "translations": { "en": { "name": "New name" } } })),
        patched(format!("collections/{collection}"), json!({ "title": { "id": "Judul baru" } })),
        Versioned {
            path: aggregator.path(&format!("collections/{collection}")),
            change: ("PUT", aggregator.path(&format!("collections/{collection}/products"))),
            body: json!({ "product_ids": [] }),
        },
        patched(format!("slots/{slot}"), json!({ "place": "home_hero" })),
        patched(format!("leads/{lead}"), json!({ "note": "Baru." })),
        Versioned {
            path: aggregator.path("settings"),
            change: ("PUT", aggregator.path("settings")),
            body: json!({ "national": true, "primary_colour": "#123456" }),
        },
        Versioned { path: own.clone(), change: ("PATCH", own), body: json!({ "name": "Koperasi Baru" }) },
        Versioned {
            path: aggregator.path(&format!("slots/{slot}")),
            change: ("DELETE", aggregator.path(&format!("slots/{slot}"))),
            body: Value::Null,
        },
        Versioned {
            path: aggregator.path(&format!("collections/{collection}")),
            change: ("DELETE", aggregator.path(&format!("collections/{collection}"))),
            body: Value::Null,
        },
        Versioned {
            path: aggregator.path(&format!("products/{draft}")),
            change: ("DELETE", aggregator.path(&format!("products/{draft}"))),
            body: Value::Null,
        },
    ]
}

impl Versioned {
    fn change(&self, aggregator: &Aggregator) -> Call {
        let call = aggregator.owner.call(self.change.0, &self.change.1);
        if self.body.is_null() { call } else { call.json(&self.body) }
    }
}

#[tokio::test]
async fn a_change_names_the_present_version() {
    let aggregator = World::new().await.aggregator().await;
    for thing in everything(&aggregator).await {
        let before = aggregator.owner.get(&thing.path).await.expect(200);
        let tag = before.header("etag").to_owned();
        let what = format!("{} {}", thing.change.0, thing.change.1);
        assert!(tag.starts_with('"') && tag.ends_with('"'), "{}: {tag}", thing.path);
        thing.change(&aggregator).await.problem(428, "precondition_required");
        for stale in ["\"0\"", "\"999\"", "7", "\"x\"", "W/\"1\"", "*x"] {
            let refused = thing.change(&aggregator).header("If-Match", stale).await;
            if matches!(stale, "\"0\"" | "\"999\"") {
                assert_eq!(refused.header("etag"), tag, "{what}: the refusal names the present version");
            }
            refused.problem(412, "precondition_failed");
        }
        let unchanged = aggregator.owner.get(&thing.path).await.expect(200);
        assert_eq!(
            (unchanged.json, unchanged.headers["etag"].to_str().ok()),
            (before.json, Some(tag.as_str()))
        );
        let changed = thing.change(&aggregator).header("If-Match", &tag).await;
        assert!(changed.status < 300, "{changed}");
        assert_ne!(changed.header("etag"), tag, "{what}");
        let again = thing.change(&aggregator).header("If-Match", &tag).await;
        match thing.change.0 {
            "DELETE" => {
                again.problem(404, "not_found");
            }
            // Put once more as it is, it is as asked.
            "PUT" if again.status == 200 => {
                assert_eq!(again.header("etag"), changed.header("etag"), "{what}")
            }
            _ => {
                again.problem(412, "precondition_failed");
            }
        }
    }
}

#[tokio::test]
async fn who_has_the_present_version_gets_304() {
    let aggregator = World::new().await.aggregator().await;
    let things = everything(&aggregator).await;
    let lists =
        ["merchants", "products", "collections", "slots", "leads", "nominations", "members", "invitations"];
    let paths = things.iter().map(|thing| thing.path.clone()).chain(lists.map(|list| aggregator.path(list)));
    for path in paths {
        let first = aggregator.owner.get(&path).await.expect(200);
        let tag = first.header("etag");
        assert!(!tag.is_empty(), "{path} has no tag");
        for known in [tag.to_owned(), format!("\"x\", {tag}"), format!("W/{tag}"), "*".to_owned()] {
            let again = aggregator.owner.get(&path).header("If-None-Match", &known).await.expect(304);
            assert!(again.body.is_empty(), "{path}");
            assert_eq!(
                (again.header("etag"), again.header("cache-control")),
                (tag, "private, no-store"),
                "{path}"
            );
        }
        let _ = aggregator.owner.get(&path).header("If-None-Match", "\"x\"").await.expect(200);
    }
}

#[tokio::test]
async fn a_list_has_another_tag_when_something_in_it_changes() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.merchant().await;
    let list = aggregator.path("merchants");
    let tag = aggregator.owner.get(&list).await.expect(200).header("etag").to_owned();
    let path = aggregator.path(&format!("merchants/{}", text(&merchant["id"])));
    let renamed = json!({ "name": format!("Warung {}", unique()) });
    let _ = aggregator.owner.patch(&path, renamed).of(&merchant["version"]).await.expect(200);
    let now = aggregator.owner.get(&list).header("If-None-Match", &tag).await.expect(200);
    assert_ne!(now.header("etag"), tag);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_ten_edits_of_one_version_one_wins() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.merchant().await;
    let path = aggregator.path(&format!("merchants/{}", text(&merchant["id"])));
    let edit = |n| aggregator.owner.patch(&path, json!({ "story": format!("Cerita {n}.") }));
    let replies = all_at_once((0..10).map(|n| edit(n).of(&merchant["version"]))).await;
    let mut statuses: Vec<_> = replies.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [&[200][..], &[412; 9]].concat());
}

#[tokio::test]
async fn null_clears_and_absent_keeps() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.merchant().await;
    let path = aggregator.path(&format!("merchants/{}", text(&merchant["id"])));
    let cleared =
        aggregator.owner.patch(&path, json!({ "nib": null })).of(&merchant["version"]).await.json(200);
    assert_eq!((&cleared["nib"], &cleared["story"]), (&Value::Null, &merchant["story"]));
    let call = aggregator.owner.call("PATCH", &path).of(&cleared["version"]);
    let named = call.body("application/merge-patch+json", r#"{"legal_name":"CV Egon"}"#).await.json(200);
    assert_eq!(named["legal_name"], "CV Egon");
    let nameless = aggregator.owner.patch(&path, json!({ "name": null })).of(&named["version"]).await;
    nameless.faults(&[("/name", "required")]);
}

#[tokio::test]
async fn stock_does_not_change_a_products_version() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.draft_product().await;
    let path = aggregator.path(&format!("products/{}", text(&product["id"])));
    let stock = format!("{path}/variants/{}/stock", text(&product["variants"][0]["id"]));
    let changed = aggregator.owner.post(&stock, json!({ "delta": -3, "reason": "Terjual" })).await;
    assert!(changed.status < 300, "{changed}");
    let now = aggregator.owner.get(&path).await.json(200);
    assert_eq!((&now["variants"][0]["stock"], &now["version"]), (&json!(17), &product["version"]));
}
