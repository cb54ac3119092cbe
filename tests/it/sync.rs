//! What phones recorded without a network: each change for itself, the same end whatever the order and the repetitions.

use std::collections::BTreeMap;

use kapal_domain::permission::Role;
use kapal_tests::{
    Aggregator, Call, Cluster, Member, Server, ServerOptions, World, all_at_once, phone_id, text, visit,
};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

struct Case {
    aggregator: Aggregator,
    hero: Member,
    merchant: String,
}

impl Case {
    async fn new() -> Self {
        Self::of(World::new().await.aggregator().await).await
    }

    async fn of(aggregator: Aggregator) -> Self {
        let hero = aggregator.member(Role::LocalHero).await;
        let merchant = aggregator.merchant_of(&hero).await;
        Self { aggregator, hero, merchant }
    }

    fn call(&self, changes: &[Value]) -> Call {
        let body = json!({ "device_id": "hp-ria-1", "changes": changes });
        self.hero.post(&self.aggregator.path("sync"), body)
    }

    async fn sync(&self, changes: &[Value]) -> Vec<Value> {
        results(self.call(changes).await.json(200))
    }

    /// What each version of a visit advised, the first one's first.
    async fn history(&self, id: &str) -> Vec<String> {
        let path = self.aggregator.path(&format!("visits/{id}/versions?limit=100"));
        let versions = self.hero.get(&path).await.json(200);
        versions["data"].as_array().expect("versions").iter().rev().map(|v| text(&v["advice"])).collect()
    }

    /// Version and text of each action item.
    async fn items(&self) -> BTreeMap<String, (u64, String)> {
        let path = self.aggregator.path(&format!("merchants/{}/action-items?limit=100", self.merchant));
        let list = self.hero.get(&path).await.json(200);
        let items = list["data"].as_array().expect("items").iter();
        items
            .map(|i| (text(&i["id"]), (i["version"].as_u64().expect("a version"), text(&i["text"]))))
            .collect()
    }

    fn visit(&self, id: &str, base: usize, advice: &str, plain: &Value) -> Value {
        let mut data = plain.clone();
        data["merchant_id"] = json!(self.merchant);
        data["advice"] = json!(advice);
        json!({ "kind": "visit", "id": id, "base_version": base, "data": data })
    }

    fn item(&self, id: &str, base: usize, words: &str) -> Value {
        let data =
            json!({ "merchant_id": self.merchant, "text": words, "owner": "merchant", "status": "open" });
        json!({ "kind": "action_item", "id": id, "base_version": base, "data": data })
    }
}

fn results(reply: Value) -> Vec<Value> {
    reply["results"].as_array().expect("results").clone()
}

fn statuses(results: &[Value]) -> Vec<&str> {
    results.iter().map(|result| result["status"].as_str().expect("a status")).collect()
}

#[tokio::test]
async fn each_change_succeeds_or_fails_for_itself_and_is_answered_in_order() {
    let case = Case::new().await;
    let plain = visit(&case.merchant);
    let ids: Vec<_> = (0..6).map(|_| phone_id()).collect();
    let unseen = text(&case.aggregator.merchant().await["id"]);
    let mut foreign = case.visit(&ids[2], 0, "a", &plain);
    foreign["data"]["merchant_id"] = json!(unseen);
    let mut odd = case.visit(&ids[3], 0, "a", &plain);
    odd["data"]["warna"] = json!("biru");
    let mut forged = case.visit(&ids[4], 0, "a", &plain);
    forged["data"]["confirmation"] = json!({ "method": "pin", "pin": "123456" });
    let changes = [
        case.visit(&ids[0], 1, "dua", &plain),
        case.item(&ids[1], 0, "Foto produk."),
        foreign,
        case.visit(&ids[0], 0, "satu", &plain),
        odd,
        json!({ "kind": "surat", "id": phone_id(), "data": {} }),
        json!({ "kind": "visit", "id": "x", "data": plain }),
        forged,
        case.visit(&ids[0], 0, "satu", &plain),
        case.item(&ids[5], 2, "Lain."),
        json!({ "kind": "visit", "id": ids[0], "data": [] }),
    ];
    let results = case.sync(&changes).await;
    assert_eq!(
        statuses(&results),
        [
            "updated",
            "created",
            "refused",
            "created",
            "refused",
            "refused",
            "refused",
            "refused",
            "unchanged",
            "refused",
            "refused",
        ]
    );
    for (at, version) in [(0, 2), (1, 1), (3, 1), (8, 1)] {
        assert_eq!((&results[at]["id"], &results[at]["version"]), (&changes[at]["id"], &json!(version)));
        assert!(results[at].get("problem").is_none());
    }
    for (at, pointer, code) in [
        (2, "/data/merchant_id", "unknown_reference"),
        (4, "/data/warna", "unknown_field"),
        (5, "/kind", "invalid_choice"),
        (6, "/id", "invalid_id"),
        (7, "/data/confirmation/pin", "confirmation_invalid"),
        (10, "/data", "wrong_type"),
    ] {
        let fault = &results[at]["problem"]["errors"][0];
        assert_eq!((&fault["pointer"], &fault["code"]), (&json!(pointer), &json!(code)), "{}", results[at]);
    }
    assert_eq!(results[9]["problem"]["code"], "base_version_unknown");
    assert_eq!(case.history(&ids[0]).await, ["satu", "dua"]);
    let list = case.aggregator.owner.get(&case.aggregator.path("visits")).await.json(200);
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(list["data"][0]["device_id"], "hp-ria-1");
}

#[tokio::test]
async fn a_conflict_shows_both_versions_and_overwrites_neither() {
    let case = Case::new().await;
    let (id, item, mut plain) = (phone_id(), phone_id(), visit(&case.merchant));
    let place = json!({ "latitude": -8.6573, "longitude": 121.0794, "accuracy_m": 12 });
    plain["location"] = place.clone();
    plain["location"]["consent"] = json!(true);
    let first = [case.visit(&id, 0, "satu", &plain), case.item(&item, 0, "satu")];
    let second = [case.visit(&id, 1, "dua", &plain), case.item(&item, 1, "dua")];
    let other = [case.visit(&id, 1, "lain", &plain), case.item(&item, 1, "lain")];
    assert_eq!(statuses(&case.sync(&first).await), ["created", "created"]);
    assert_eq!(statuses(&case.sync(&second).await), ["updated", "updated"]);
    let results = case.sync(&other).await;
    assert_eq!(statuses(&results), ["conflict", "conflict"]);
    for (result, name, code) in
        [(&results[0], "advice", "visit_conflict"), (&results[1], "text", "action_item_conflict")]
    {
        assert_eq!(result["problem"]["code"], code);
        assert_eq!((&result["current"][name], &result["sent"][name]), (&json!("dua"), &json!("lain")));
        assert_eq!(result["current"]["version"], 2);
    }
    assert_eq!((&results[0]["current"]["location"], &results[0]["sent"]["location"]), (&place, &place));
    assert_eq!(case.history(&id).await, ["satu", "dua"]);
    assert_eq!(case.items().await[&item], (2, "dua".to_owned()));
}

#[tokio::test]
async fn a_batch_has_bounds_and_a_key() {
    let case = Case::new().await;
    let plain = visit(&case.merchant);
    let many: Vec<_> = (0..501).map(|_| case.item(&phone_id(), 0, "x")).collect();
    case.call(&many).await.faults(&[("/changes", "too_long")]);
    assert_eq!(statuses(&case.sync(&[]).await), [""; 0]);
    let body = json!({ "device_id": "", "changes": [] });
    case.hero.post(&case.aggregator.path("sync"), body).await.faults(&[("/device_id", "required")]);
    let change = [case.visit(&phone_id(), 0, "satu", &plain)];
    let first = case.call(&change).header("Idempotency-Key", "sinkron").await.expect(200);
    let again = case.call(&change).header("Idempotency-Key", "sinkron").await.expect(200);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!((&first.json, statuses(&results(first.json.clone()))), (&again.json, vec!["created"]));
}

/// What one phone recorded: the versions of each of its things.
struct Phone {
    visits: BTreeMap<String, Vec<String>>,
    items: BTreeMap<String, Vec<String>>,
    changes: Vec<Value>,
}

impl Phone {
    fn new(case: &Case, random: &mut StdRng) -> Self {
        let plain = visit(&case.merchant);
        let mut phone = Self { visits: BTreeMap::new(), items: BTreeMap::new(), changes: Vec::new() };
        for thing in 0..10 {
            let id = phone_id();
            // A word may come back after another one.
            let mut words: Vec<String> = (0..random.random_range(1..5))
                .map(|_| format!("kata {}", random.random_range(0..3)))
                .collect();
            words.dedup();
            for (base, word) in words.iter().enumerate() {
                phone.changes.push(match thing % 2 {
                    0 => case.visit(&id, base, word, &plain),
                    _ => case.item(&id, base, word),
                });
            }
            let things = if thing % 2 == 0 { &mut phone.visits } else { &mut phone.items };
            things.insert(id, words);
        }
        phone
    }

    /// Sends the changes shuffled, doubled and split, and what was refused again, until all are there.
    async fn send(&self, case: &Case, random: &mut StdRng) {
        let mut left = self.changes.clone();
        for _ in 0..50 {
            let mut sent = left.clone();
            for _ in 0..random.random_range(0..10) {
                sent.push(self.changes[random.random_range(0..self.changes.len())].clone());
            }
            sent.shuffle(random);
            left.clear();
            for batch in sent.chunks(random.random_range(1..=sent.len())) {
                for (change, result) in batch.iter().zip(case.sync(batch).await) {
                    match result["status"].as_str() {
                        Some("created" | "updated" | "unchanged") => {}
                        _ => {
                            assert_eq!(result["problem"]["code"], "base_version_unknown", "{result}");
                            left.push(change.clone());
                        }
                    }
                }
            }
            if left.is_empty() {
                return;
            }
        }
        panic!("not all changes arrived: {left:?}");
    }

    async fn assert_all_there(&self, case: &Case) {
        for (id, words) in &self.visits {
            assert_eq!(&case.history(id).await, words, "{id}");
        }
        let items: BTreeMap<_, _> = self
            .items
            .iter()
            .map(|(id, words)| (id.clone(), (words.len() as u64, words.last().cloned().unwrap_or_default())))
            .collect();
        assert_eq!(case.items().await, items);
    }
}

#[tokio::test]
async fn shuffled_doubled_and_split_batches_end_as_the_phone_recorded_them() {
    let world = World::new().await;
    let aggregator = world.aggregator().await;
    for seed in 0..12 {
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let case = Case::of(aggregator.clone()).await;
        let phone = Phone::new(&case, &mut random);
        phone.send(&case, &mut random).await;
        phone.assert_all_there(&case).await;
        // All of it once more, from the end to the beginning.
        let replayed: Vec<_> = phone.changes.iter().rev().cloned().collect();
        assert!(statuses(&case.sync(&replayed).await).iter().all(|status| *status == "unchanged"));
        phone.assert_all_there(&case).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_batches_from_two_phones_at_once_end_alike() {
    let case = Case::new().await;
    let mut random = StdRng::seed_from_u64(7);
    let phone = Phone::new(&case, &mut random);
    let (mut one, mut other) = (StdRng::seed_from_u64(8), StdRng::seed_from_u64(9));
    tokio::join!(phone.send(&case, &mut one), phone.send(&case, &mut other));
    phone.assert_all_there(&case).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_phones_that_correct_the_same_one_wins_and_the_other_is_told() {
    let case = Case::new().await;
    let plain = visit(&case.merchant);
    let ids: Vec<_> = (0..20).map(|_| phone_id()).collect();
    let versions =
        |base: usize, word: &str| ids.iter().map(|id| case.visit(id, base, word, &plain)).collect::<Vec<_>>();
    let _ = case.sync(&versions(0, "satu")).await;
    let backwards = |mut changes: Vec<Value>| {
        changes.reverse();
        changes
    };
    let calls = (0..4).map(|phone| {
        let changes = versions(1, &format!("hp {phone}"));
        case.call(&if phone % 2 == 0 { changes } else { backwards(changes) })
    });
    let replies: Vec<_> =
        all_at_once(calls).await.into_iter().map(|reply| results(reply.json(200))).collect();
    let updated = |id: &String| {
        replies.iter().flatten().filter(|r| r["id"] == **id && r["status"] == "updated").count()
    };
    for id in &ids {
        assert_eq!(updated(id), 1, "one wins {id}");
        let history = case.history(id).await;
        assert_eq!(history.len(), 2);
        for result in replies.iter().flatten().filter(|r| r["id"] == *id && r["status"] == "conflict") {
            assert_eq!(result["current"]["advice"], history[1]);
        }
    }
    let told = replies.iter().flatten().filter(|result| result["status"] == "conflict").count();
    assert_eq!(told, 3 * ids.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_visits_of_one_id_from_two_heroes_at_once_are_one() {
    let case = Case::new().await;
    let other = Case::of(case.aggregator.clone()).await;
    for _ in 0..5 {
        let ids: Vec<_> = (0..10).map(|_| phone_id()).collect();
        let changes = |case: &Case, reversed: bool| {
            let plain = visit(&case.merchant);
            let mut changes: Vec<_> = ids.iter().map(|id| case.visit(id, 0, "satu", &plain)).collect();
            if reversed {
                changes.reverse();
            }
            changes
        };
        let calls = [case.call(&changes(&case, false)), other.call(&changes(&other, true))];
        let replies = all_at_once(calls).await.into_iter().map(|reply| results(reply.json(200)));
        let all: Vec<Value> = replies.flatten().collect();
        for id in &ids {
            let mut ends: Vec<_> = all.iter().filter(|r| r["id"] == **id).collect();
            ends.sort_by_key(|result| text(&result["status"]));
            assert_eq!((&ends[0]["status"], &ends[1]["status"]), (&json!("created"), &json!("refused")));
            assert_eq!(ends[1]["problem"]["code"], "visit_id_taken");
        }
    }
}

#[tokio::test]
async fn nothing_has_more_than_a_thousand_versions() {
    let case = Case::new().await;
    let id = phone_id();
    assert_eq!(statuses(&case.sync(&[case.item(&id, 0, "satu")]).await), ["created"]);
    let cluster = Cluster::get();
    let database = cluster.superuser(&cluster.database).await;
    let grown = format!(
        "UPDATE action_items SET version = 1000, digests = digests || array_fill('x'::text, ARRAY[999]) WHERE id = '{id}'"
    );
    database.batch_execute(&grown).await.expect("a long history");
    let results = case.sync(&[case.item(&id, 1000, "dua")]).await;
    assert_eq!(
        (&results[0]["status"], &results[0]["problem"]["code"]),
        (&json!("refused"), &json!("too_many_versions"))
    );
    let path = case.aggregator.path(&format!("merchants/{}/action-items/{id}", case.merchant));
    let edit = case.hero.patch(&path, json!({ "text": "dua" })).of(&json!(1000)).await;
    edit.problem(409, "too_many_versions");
    assert_eq!(case.items().await[&id], (1000, "satu".to_owned()));
}

#[tokio::test]
async fn a_visit_and_an_action_item_of_one_id_are_refused_each_for_itself() {
    let case = Case::new().await;
    let (id, stranger) = (phone_id(), case.aggregator.member(Role::LocalHero).await);
    let foreign = case.aggregator.merchant_of(&stranger).await;
    let _ = case.aggregator.put_visit(&stranger, &id, &visit(&foreign)).await.expect(201);
    let results =
        case.sync(&[case.visit(&id, 0, "satu", &visit(&case.merchant)), case.item(&id, 0, "satu")]).await;
    assert_eq!(results[0]["problem"]["code"], "visit_id_taken");
    assert_eq!(results[1]["status"], "created", "{results:?}");
    assert_eq!(case.items().await[&id], (1, "satu".to_owned()));
}

#[tokio::test]
async fn ten_times_the_changes_take_no_more_statements() {
    let server = Server::start(ServerOptions::default()).await;
    let case = Case::of(World::on(&server).await.aggregator().await).await;
    let pin = case.aggregator.path(&format!("merchants/{}/confirmation-pin", case.merchant));
    let _ = case.aggregator.owner.put(&pin, json!({ "pin": "402817" })).await.expect(204);
    let cost = async |many: usize| {
        let mut plain = visit(&case.merchant);
        plain["location"] =
            json!({ "latitude": -8.65, "longitude": 121.07, "accuracy_m": 9, "consent": true });
        plain["confirmation"] = json!({ "method": "pin", "pin": "402817" });
        let mut changes = Vec::new();
        for _ in 0..many / 4 {
            let (id, item) = (phone_id(), phone_id());
            plain["tasks"] = json!([{ "id": phone_id(), "owner": "hero", "text": "Foto produk." }]);
            changes.extend([
                case.visit(&id, 0, "satu", &plain),
                case.visit(&id, 1, "dua", &plain),
                case.item(&item, 0, "satu"),
                case.item(&item, 1, "dua"),
            ]);
        }
        let before = server.statements_as(&["app", "identity"]).await;
        let results = case.sync(&changes).await;
        let cost = server.statements_as(&["app", "identity"]).await - before;
        assert!(
            statuses(&results).iter().all(|status| matches!(*status, "created" | "updated")),
            "{results:?}"
        );
        cost
    };
    let _ = cost(20).await;
    let (few, many) = (cost(20).await, cost(200).await);
    // The tokens' keys may be read anew meanwhile.
    assert!(many <= few + 2 && many < 45, "20 changes take {few} statements, 200 take {many}");
}
