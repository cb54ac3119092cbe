//! The log of a tenant: numbers without holes, a chain that anybody can compute again, one entry for each change.

use kapal_tests::{Aggregator, Cluster, World, text};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

struct Log {
    events: Vec<(i64, String)>,
    entries: Vec<(i64, String, Vec<u8>)>,
    head: (i64, i64, Vec<u8>),
}

async fn log(aggregator: &Aggregator) -> Log {
    let cluster = Cluster::get();
    let database = cluster.superuser(&cluster.database).await;
    let id = &aggregator.id;
    let rows = async |sql: String| database.query(&sql, &[]).await.expect("the log");
    let events =
        rows(format!("SELECT seq, kind FROM events WHERE aggregator_id = '{id}' ORDER BY seq")).await;
    let entries =
        rows(format!("SELECT seq, entry, hash FROM audit_entries WHERE aggregator_id = '{id}' ORDER BY seq"))
            .await;
    let head = rows(format!(
        "SELECT event_seq, audit_seq, audit_hash FROM tenant_heads WHERE aggregator_id = '{id}'"
    ))
    .await;
    Log {
        events: events.iter().map(|row| (row.get(0), row.get(1))).collect(),
        entries: entries.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect(),
        head: (head[0].get(0), head[0].get(1), head[0].get(2)),
    }
}

/// Checks numbers and hashes from the first entry to the head.
fn verify(aggregator: &Aggregator, log: &Log) {
    let numbers: Vec<_> = log.events.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(numbers, (1..=log.head.0).collect::<Vec<_>>(), "events without holes");
    let mut hash = Sha256::digest(format!("kapal-induk audit {}", aggregator.id)).to_vec();
    for (place, (seq, entry, stored)) in log.entries.iter().enumerate() {
        assert_eq!(*seq, place as i64 + 1, "audit entries without holes");
        hash = Sha256::new()
            .chain_update(&hash)
            .chain_update(seq.to_be_bytes())
            .chain_update(entry)
            .finalize()
            .to_vec();
        assert_eq!(&hash, stored, "entry {seq}");
    }
    assert_eq!((log.head.1, &log.head.2), (log.entries.len() as i64, &hash), "the head is the chain's end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_writers_leave_dense_numbers_and_an_unbroken_chain() {
    let aggregator = World::new().await.aggregator().await;
    let writers: Vec<_> = (0..12)
        .map(|n| {
            let aggregator = aggregator.clone();
            tokio::spawn(async move {
                for round in 0..5 {
                    let merchant = aggregator.merchant().await;
                    let path = aggregator.path(&format!("merchants/{}", text(&merchant["id"])));
                    if (n + round) % 2 == 0 {
                        let _ = aggregator.owner.step(&format!("{path}/submit")).await.expect(200);
                    } else {
                        // Refused: it must leave nothing.
                        let _ = aggregator.owner.step(&format!("{path}/verify")).await.expect(409);
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("written");
    }
    let log = log(&aggregator).await;
    verify(&aggregator, &log);
    let count = |kind: &str| log.events.iter().filter(|(_, k)| k == kind).count();
    assert_eq!((count("merchant.created"), count("merchant.submitted")), (60, 30), "{:?}", log.events);
}

#[tokio::test]
async fn each_change_of_state_is_one_event_and_one_entry_that_say_who_and_what() {
    let aggregator = World::new().await.aggregator().await;
    let before = log(&aggregator).await;
    let product = aggregator.mutiara().await;
    let _ = aggregator.slot(&[&text(&product["id"])]).await;
    let after = log(&aggregator).await;
    verify(&aggregator, &after);
    assert_eq!(after.events.len(), after.entries.len());
    let kinds: Vec<_> = after.events[before.events.len()..].iter().map(|(_, kind)| kind.as_str()).collect();
    for kind in [
        "merchant.created",
        "merchant.submitted",
        "merchant.verified",
        "product.created",
        "product.submitted",
        "product.published",
        "nomination.created",
        "nomination.accepted",
    ] {
        assert_eq!(kinds.iter().filter(|k| **k == kind).count(), 1, "{kind} in {kinds:?}");
    }
    let submitted =
        after.entries.iter().map(|(_, entry, _)| serde_json::from_str::<Value>(entry).expect("JSON"));
    let entry =
        submitted.into_iter().find(|entry| entry["action"] == "merchant.submitted").expect("an entry");
    assert_eq!((&entry["actor_id"], &entry["actor_kind"]), (&json!(aggregator.owner.id), &json!("user")));
    assert_eq!(
        (entry.pointer("/before/status"), entry.pointer("/after/status")),
        (Some(&json!("draft")), Some(&json!("submitted")))
    );
    assert!(entry["request_id"].as_str().is_some_and(|id| id.len() >= 8));
}

#[tokio::test]
async fn a_refused_request_leaves_no_trace() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.merchant().await;
    let before = log(&aggregator).await;
    let path = aggregator.path(&format!("merchants/{}", text(&merchant["id"])));
    aggregator.owner.step(&format!("{path}/verify")).await.problem(409, "wrong_state");
    aggregator
        .owner
        .patch(&path, json!({ "story": "x" }))
        .of(&json!(99))
        .await
        .problem(412, "precondition_failed");
    aggregator
        .owner
        .post(&aggregator.path("merchants"), json!({ "name": "x" }))
        .await
        .problem(422, "validation_failed");
    let after = log(&aggregator).await;
    assert_eq!((before.head, before.events.len()), (after.head, after.events.len()));
}

#[tokio::test]
async fn an_edited_deleted_or_swapped_entry_breaks_the_chain() {
    let aggregator = World::new().await.aggregator().await;
    let _ = aggregator.active_merchant().await;
    let whole = log(&aggregator).await;
    verify(&aggregator, &whole);
    let breaks = |change: &dyn Fn(&mut Log)| {
        let mut log =
            Log { events: whole.events.clone(), entries: whole.entries.clone(), head: whole.head.clone() };
        change(&mut log);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| verify(&aggregator, &log))).is_err()
    };
    assert!(breaks(&|log| log.entries[0].1.push(' ')));
    assert!(breaks(&|log| drop(log.entries.remove(1))));
    assert!(breaks(&|log| drop(log.entries.pop())));
    assert!(breaks(&|log| log.entries.swap(0, 1)));
}
