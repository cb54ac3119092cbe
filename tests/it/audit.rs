//! The log: every change of state is one event and one audit entry, without holes, and the chain can be recomputed.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Call, Cluster, World, nib, scores, text, unique};
use rand::RngExt as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// What an aggregator's log says.
#[derive(Debug)]
struct Log {
    /// Kinds of the events, in order.
    kinds: Vec<String>,
    /// The entries' texts, in order.
    entries: Vec<Value>,
    /// The entries as they are stored: text and hash.
    chain: Chain,
}

type Chain = Vec<(String, Vec<u8>)>;

impl Log {
    /// Reads a log and checks all that always holds of it.
    async fn of(aggregator: &Aggregator) -> Self {
        let cluster = Cluster::get();
        let database = cluster.superuser(&cluster.database).await;
        // One statement sees one moment.
        let sql = "SELECT h.event_seq, h.audit_seq, h.audit_hash, \
                     ARRAY(SELECT seq FROM events WHERE aggregator_id = h.aggregator_id ORDER BY seq), \
                     ARRAY(SELECT kind FROM events WHERE aggregator_id = h.aggregator_id ORDER BY seq), \
                     ARRAY(SELECT seq FROM audit_entries WHERE aggregator_id = h.aggregator_id ORDER BY seq), \
                     ARRAY(SELECT entry FROM audit_entries WHERE aggregator_id = h.aggregator_id ORDER BY seq), \
                     ARRAY(SELECT hash FROM audit_entries WHERE aggregator_id = h.aggregator_id ORDER BY seq), \
                     h.public_seq \
                   FROM tenant_heads h WHERE h.aggregator_id::text = $1";
        let row = database.query_one(sql, &[&aggregator.id]).await.expect("a head");
        let (event_seq, audit_seq, public_seq): (i64, i64, i64) = (row.get(0), row.get(1), row.get(8));
        let (event_seqs, audit_seqs): (Vec<i64>, Vec<i64>) = (row.get(3), row.get(5));
        assert_eq!(event_seqs, (1..=event_seq).collect::<Vec<_>>(), "events have no hole");
        assert_eq!(audit_seqs, (1..=audit_seq).collect::<Vec<_>>(), "entries have no hole");
        assert!(public_seq <= event_seq);
        let (texts, hashes): (Vec<String>, Vec<Vec<u8>>) = (row.get(6), row.get(7));
        let chain: Chain = texts.into_iter().zip(hashes).collect();
        let end = chain_end(&aggregator.id, &chain);
        assert_eq!(end.as_deref(), Ok(&row.get::<_, Vec<u8>>(2)[..]), "the head is the last entry's hash");
        let entries: Vec<Value> =
            chain.iter().map(|(text, _)| serde_json::from_str(text).expect("JSON")).collect();
        let kinds: Vec<String> = row.get(4);
        let actions: Vec<_> = entries.iter().map(|entry| text(&entry["action"])).collect();
        assert_eq!(actions, kinds, "each event has its entry");
        Self { kinds, entries, chain }
    }
}

/// Recomputes a chain: its last hash, or the number of the first entry that does not fit.
fn chain_end(aggregator: &str, chain: &Chain) -> Result<Vec<u8>, i64> {
    let mut hash = Sha256::digest(format!("kapal-induk audit {aggregator}")).to_vec();
    for (seq, (text, stored)) in (1_i64..).zip(chain) {
        let next = Sha256::new().chain_update(&hash).chain_update(seq.to_be_bytes()).chain_update(text);
        hash = next.finalize().to_vec();
        if &hash != stored {
            return Err(seq);
        }
    }
    Ok(hash)
}

/// A writer's next request, and how many changes it makes: some are refused.
fn random_write(aggregator: &Aggregator, merchants: &[String]) -> (Call, usize) {
    let mut random = rand::rng();
    let merchant = &merchants[random.random_range(0..merchants.len())];
    let path = |rest: &str| aggregator.path(&format!("merchants/{merchant}{rest}"));
    let owner = &aggregator.owner;
    let chosen = random.random_range(0..8);
    let call = match chosen {
        0 | 1 => {
            let body = json!({ "name": format!("Warung {}", unique()), "region_code": "53.07", "phone": "081234567890", "nib": nib() });
            owner.post(&aggregator.path("merchants"), body)
        }
        2 => owner.step(&path("/submit")),
        3 => owner.step(&path("/verify")),
        4 => owner.post(&path("/suspend"), json!({ "reason": "Diperiksa." })),
        5 => owner.step(&path("/reinstate")),
        6 => {
            let version = random.random_range(1..4);
            owner.patch(&path(""), json!({ "story": unique() })).of(&json!(version))
        }
        _ => owner.put(&path("/channels/instagram"), json!({ "handle": format!("toko.{}", unique()) })),
    };
    // The NIB is verified with its merchant.
    (call, if chosen == 3 { 2 } else { 1 })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_sixteen_writers_on_two_tenants_no_number_is_missing_and_every_chain_holds() {
    let world = World::new().await;
    let tenants = [world.aggregator().await, world.aggregator().await];
    let mut writers = Vec::new();
    let mut before = Vec::new();
    for tenant in &tenants {
        let mut merchants = Vec::new();
        for _ in 0..3 {
            merchants.push(text(&tenant.merchant().await["id"]));
        }
        before.push(Log::of(tenant).await.kinds.len());
        for _ in 0..8 {
            let (tenant, merchants) = (tenant.clone(), merchants.clone());
            writers.push(tokio::spawn(async move {
                let mut written = 0;
                for _ in 0..12 {
                    let (call, changes) = random_write(&tenant, &merchants);
                    let reply = call.await;
                    assert!(reply.status < 500 || reply.code() == "overloaded", "{reply}");
                    written += if reply.status < 300 { changes } else { 0 };
                }
                (tenant.id, written)
            }));
        }
    }
    let mut written = std::collections::BTreeMap::<String, usize>::new();
    for writer in writers {
        let (tenant, count) = writer.await.expect("a writer");
        *written.entry(tenant).or_default() += count;
    }
    for (tenant, before) in tenants.iter().zip(before) {
        let log = Log::of(tenant).await;
        assert!(log.kinds.len() > before, "somebody wrote");
        // A channel that is put as it is changes nothing, so at most one each.
        assert!(
            log.kinds.len() - before <= written[&tenant.id],
            "{} > {}",
            log.kinds.len() - before,
            written[&tenant.id]
        );
        let kinds = log.entries.iter().zip(&log.kinds);
        for (entry, kind) in kinds {
            assert_eq!(entry["aggregator_id"], tenant.id, "{kind}");
        }
    }
}

#[tokio::test]
async fn each_step_writes_one_event_and_one_entry_that_says_who_did_what() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let mut known = Log::of(&aggregator).await.kinds.len();
    let mut expect = async |kinds: &[&str]| -> Value {
        let log = Log::of(&aggregator).await;
        assert_eq!(log.kinds[known..], *kinds);
        known = log.kinds.len();
        log.entries.last().cloned().unwrap_or_default()
    };
    let merchant = aggregator.merchant().await;
    let entry = expect(&["merchant.created"]).await;
    assert_eq!((&entry["subject_id"], &entry["subject_type"]), (&merchant["id"], &json!("merchant")));
    assert_eq!((&entry["actor_kind"], &entry["actor_id"]), (&json!("user"), &json!(owner.id)));
    let path = aggregator.path(&format!("merchants/{}", text(&merchant["id"])));
    let channel = format!("{path}/channels/whatsapp");
    let _ = owner.put(&channel, json!({ "handle": "081234567890" })).await.expect(201);
    let _ = expect(&["channel.set"]).await;
    let _ = owner.step(&format!("{path}/submit")).header("X-Request-Id", "uji-42").await.expect(200);
    let entry = expect(&["merchant.submitted"]).await;
    assert_eq!(
        (&entry["before"]["status"], &entry["after"]["status"]),
        (&json!("draft"), &json!("submitted"))
    );
    assert_eq!(entry["request_id"], "uji-42");
    let _ = owner.step(&format!("{path}/verify")).await.expect(200);
    let _ = expect(&["document.verified", "merchant.verified"]).await;
    aggregator.prove(&text(&merchant["id"])).await;
    let document = ["file.uploaded", "document.set", "document.verified"];
    let _ = expect(&[document, document].concat()).await;
    let body = aggregator.product_body(&text(&merchant["id"])).await;
    let _ = expect(&["media.uploaded"]).await;
    let product = owner.post(&aggregator.path("products"), body).await.json(201);
    let _ = expect(&["product.created"]).await;
    let product_path = aggregator.path(&format!("products/{}", text(&product["id"])));
    for (step, kind) in [
        ("submit", "product.submitted"),
        ("publish", "product.published"),
        ("unpublish", "product.unpublished"),
        ("publish", "product.published"),
    ] {
        let _ = owner.step(&format!("{product_path}/{step}")).await.expect(200);
        let _ = expect(&[kind]).await;
    }
    let stock = format!("{product_path}/variants/{}/stock", text(&product["variants"][0]["id"]));
    let _ = owner.post(&stock, json!({ "delta": -1, "reason": "Terjual" })).await;
    let _ = expect(&["stock.changed"]).await;
    let nomination = json!({ "product_id": product["id"], "reason": "Khas." });
    let nomination = owner.post(&aggregator.path("nominations"), nomination).await.json(201);
    let _ = expect(&["nomination.created"]).await;
    let withdraw = aggregator.path(&format!("nominations/{}/withdraw", text(&nomination["id"])));
    let _ = owner.step(&withdraw).await.expect(200);
    let _ = expect(&["nomination.withdrawn"]).await;
    let (one, two) = (aggregator.member(Role::Curator).await, aggregator.member(Role::Curator).await);
    let _ = expect(&["invitation.created", "invitation.accepted"].repeat(2)).await;
    let nomination = json!({ "product_id": product["id"], "reason": "Khas." });
    let nomination = owner.post(&aggregator.path("nominations"), nomination).await.json(201);
    let _ = expect(&["nomination.created"]).await;
    let nomination = aggregator.path(&format!("nominations/{}", text(&nomination["id"])));
    for curator in [&one, &two] {
        let _ = curator.put(&format!("{nomination}/scores"), scores(5)).await.expect(201);
        let entry = expect(&["nomination.scored"]).await;
        assert!(!entry.to_string().contains("kualitas"), "points are blind until the decision: {entry}");
    }
    let decision = json!({ "decision": "accept", "reason": "Memenuhi semua syarat." });
    let _ = owner.post(&format!("{nomination}/decide"), decision).await.expect(200);
    let entry = expect(&["nomination.accepted"]).await;
    assert_eq!(entry["after"]["scores"].as_array().map(Vec::len), Some(2));
    let slot = aggregator.slot(&[&text(&product["id"])]).await;
    let _ = expect(&["slot.created"]).await;
    let slot_path = aggregator.path(&format!("slots/{}", text(&slot["id"])));
    let _ = owner.delete(&slot_path).of(&slot["version"]).await.expect(204);
    let _ = expect(&["slot.deleted"]).await;
    let contact = aggregator.shop(&format!("/products/{}/contact", text(&product["id"])));
    let _ = aggregator.world.visitor.step(&contact).await.expect(201);
    let entry = expect(&["lead.created"]).await;
    assert_eq!((&entry["actor_kind"], &entry["actor_id"]), (&json!("visitor"), &Value::Null));
    let _ = aggregator.collection(&[&text(&product["id"])]).await;
    let _ = expect(&["collection.created", "collection.updated"]).await;
    let _ = owner.post(&format!("{path}/suspend"), json!({ "reason": "Diperiksa." })).await.expect(200);
    let _ = expect(&["merchant.suspended"]).await;
    let platform = format!("/v1/platform/aggregators/{}", aggregator.id);
    let _ = aggregator.world.operator.step(&format!("{platform}/suspend")).await.expect(200);
    let entry = expect(&["aggregator.suspended"]).await;
    assert_eq!(
        (&entry["before"]["status"], &entry["after"]["status"]),
        (&json!("active"), &json!("suspended"))
    );
}

#[tokio::test]
async fn what_is_refused_or_replayed_or_only_read_leaves_no_trace() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let merchant = aggregator.merchant().await;
    let path = aggregator.path(&format!("merchants/{}", text(&merchant["id"])));
    let key = |call: Call| call.header("Idempotency-Key", "sekali");
    let _ = key(owner.step(&format!("{path}/submit"))).await.expect(200);
    let before = Log::of(&aggregator).await.kinds;
    let analyst_like = aggregator.world.visitor.post(&aggregator.path("merchants"), json!({}));
    for refused in [
        owner.post(&aggregator.path("merchants"), json!({})),
        owner.step(&format!("{path}/submit")),
        owner.step(&format!("{path}/reinstate")),
        owner.patch(&path, json!({ "story": "x" })),
        owner.patch(&path, json!({ "story": "x" })).of(&json!(99)),
        owner.patch(&path, json!({ "phone": "1" })).of(&json!(2)),
        owner.delete(&path).of(&json!(2)),
        owner.post(&aggregator.path("nominations"), json!({ "product_id": merchant["id"], "reason": "x" })),
        analyst_like,
    ] {
        let reply = refused.await;
        assert!((400..500).contains(&reply.status), "{reply}");
    }
    let _ = key(owner.step(&format!("{path}/submit"))).await.expect(200);
    let _ = owner.get(&path).await.expect(200);
    assert_eq!(Log::of(&aggregator).await.kinds, before);
}

#[tokio::test]
async fn an_edited_removed_or_swapped_entry_breaks_the_chain_where_it_is() {
    let aggregator = World::new().await.aggregator().await;
    let _ = aggregator.active_merchant().await;
    let log = Log::of(&aggregator).await;
    let first_bad = |change: fn(&mut Chain)| {
        let mut chain = log.chain.clone();
        change(&mut chain);
        chain_end(&aggregator.id, &chain).err()
    };
    assert_eq!(first_bad(|_| ()), None);
    assert_eq!(first_bad(|chain| chain[1].0 = chain[1].0.replacen("created", "updated", 1)), Some(2));
    assert_eq!(first_bad(|chain| drop(chain.remove(2))), Some(3));
    assert_eq!(first_bad(|chain| chain.swap(0, 1)), Some(1));
}

#[tokio::test]
async fn no_service_role_can_rewrite_the_log() {
    let cluster = Cluster::get();
    for role in ["kapal_app", "kapal_identity", "kapal_ops", "kapal_public"] {
        let client = cluster.connect(role, &cluster.database).await;
        for table in ["events", "audit_entries"] {
            for sql in [
                format!("UPDATE {table} SET seq = seq"),
                format!("DELETE FROM {table}"),
                format!("TRUNCATE {table}"),
            ] {
                assert!(client.batch_execute(&sql).await.is_err(), "{role}: {sql}");
            }
        }
    }
}
