//! No change is lost: an edit names the version that it was made from.

use kapal_tests::{World, text};
use serde_json::json;

#[tokio::test]
async fn an_edit_needs_the_present_version() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.merchant().await;
    let path = aggregator.path(&format!("merchants/{}", text(&merchant["id"])));
    let edit = || aggregator.owner.patch(&path, json!({ "story": "Cerita baru." }));
    edit().await.problem(428, "precondition_required");
    for stale in ["\"0\"", "\"99\"", "\"x\"", "3", "W/\"1\"", "\"\"", "\"1\", \"2\""] {
        edit().header("If-Match", stale).await.problem(412, "precondition_failed");
    }
    let edited = edit().of(&merchant["version"]).await.expect(200);
    let version = merchant["version"].as_i64().expect("a version") + 1;
    assert_eq!(edited.header("etag"), format!("\"{version}\""));
    let stale = edit().of(&merchant["version"]).await;
    assert_eq!(stale.header("etag"), format!("\"{version}\""), "{stale}");
    stale.problem(412, "precondition_failed");
}

#[tokio::test]
async fn an_unchanged_thing_is_not_sent_again() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.merchant().await;
    let path = aggregator.path(&format!("merchants/{}", text(&merchant["id"])));
    let list = aggregator.path("merchants");
    for path in [&path, &list] {
        let seen = aggregator.owner.get(path).await.expect(200);
        let tag = seen.header("etag");
        assert!(!tag.is_empty(), "{seen}");
        for known in [tag.to_owned(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let again = aggregator.owner.get(path).header("If-None-Match", &known).await.expect(304);
            assert!(again.body.is_empty());
            assert_eq!(again.header("etag"), tag);
        }
        let _ = aggregator.owner.get(path).header("If-None-Match", "\"x\"").await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_edits_from_one_version_one_wins() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.merchant().await;
    let path = aggregator.path(&format!("merchants/{}", text(&merchant["id"])));
    let edits: Vec<_> = (0..10)
        .map(|n| {
            let call = aggregator
                .owner
                .patch(&path, json!({ "story": format!("Cerita {n}.") }))
                .of(&merchant["version"]);
            tokio::spawn(async move { call.await.status })
        })
        .collect();
    let mut statuses = Vec::new();
    for edit in edits {
        statuses.push(edit.await.expect("answered"));
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [&[200][..], &[412; 9]].concat());
}

#[tokio::test]
async fn null_clears_and_absent_keeps() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.merchant().await;
    let path = aggregator.path(&format!("merchants/{}", text(&merchant["id"])));
    let edited =
        aggregator.owner.patch(&path, json!({ "nib": null })).of(&merchant["version"]).await.json(200);
    assert_eq!((&edited["nib"], &edited["story"]), (&json!(null), &merchant["story"]));
    let call = aggregator.owner.call("PATCH", &path).of(&edited["version"]);
    let edited = call.body("application/merge-patch+json", r#"{"legal_name":"CV Egon"}"#).await.json(200);
    assert_eq!(edited["legal_name"], "CV Egon");
    aggregator
        .owner
        .patch(&path, json!({ "name": null }))
        .of(&edited["version"])
        .await
        .faults(&[("/name", "required")]);
}
