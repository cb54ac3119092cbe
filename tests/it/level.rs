//! Naik kelas: criteria as data, assessments by two people, classes that rise and fall, progress.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Cluster, Member, Reply, Server, ServerOptions, World, text};
use serde_json::{Value, json};

use crate::programme::completed;

/// A merchant with a published product, and somebody besides the owner who may decide.
struct Case {
    aggregator: Aggregator,
    manager: Member,
    merchant: String,
    product: Value,
}

impl Case {
    async fn new() -> Self {
        Self::of(World::new().await.aggregator().await).await
    }

    async fn of(aggregator: Aggregator) -> Self {
        let product = aggregator.product().await;
        let manager = aggregator.member(Role::MerchantManager).await;
        Self { manager, merchant: text(&product["merchant_id"]), product, aggregator }
    }

    fn path(&self, rest: &str) -> String {
        self.aggregator.path(&format!("merchants/{}{rest}", self.merchant))
    }

    /// Somebody looks whether the merchant's WhatsApp is in use.
    async fn look(&self) -> Reply {
        self.manager.step(&self.path("/channels/whatsapp/confirm")).await
    }

    /// What is declared with evidence as met.
    async fn declared(&self, keys: &[&str]) -> Value {
        let mut criteria = Vec::new();
        for key in keys {
            let file = self.aggregator.evidence(&self.merchant).await;
            criteria
                .push(json!({ "key": key, "met": true, "evidence": [file], "note": "Dilihat di tempat." }));
        }
        json!({ "criteria": criteria, "note": "Kunjungan kedua." })
    }

    /// The manager assesses.
    async fn assess(&self, keys: &[&str]) -> Value {
        let body = self.declared(keys).await;
        self.manager.post(&self.path("/assessments"), body).await.json(201)
    }

    /// The owner confirms.
    async fn confirm(&self, assessment: &Value) -> Reply {
        let path = self.path(&format!("/assessments/{}/confirm", text(&assessment["id"])));
        self.aggregator.owner.step(&path).await
    }

    async fn level(&self) -> Value {
        self.aggregator.owner.get(&self.path("")).await.json(200)["level"].clone()
    }

    async fn progress(&self) -> Value {
        self.aggregator.owner.get(&self.path("/progress?limit=100")).await.json(200)
    }

    /// A buyer asks and buys.
    async fn sell(&self) {
        let shop = self.aggregator.shop(&format!("/products/{}/contact", text(&self.product["slug"])));
        let made = self.aggregator.world.visitor.post(&shop, json!({ "source": "app" })).await.json(201);
        let leads = self.aggregator.owner.get(&self.aggregator.path("leads?limit=100")).await.json(200);
        let mut lead =
            leads["data"].as_array().expect("leads").iter().find(|l| l["code"] == made["lead_code"]).cloned();
        for status in ["contacted", "won"] {
            let current = lead.take().expect("the lead");
            let path = self.aggregator.path(&format!("leads/{}", text(&current["id"])));
            let body = json!({ "status": status });
            lead = Some(self.aggregator.owner.patch(&path, body).of(&current["version"]).await.json(200));
        }
    }
}

fn outcome<'a>(assessment: &'a Value, key: &str) -> &'a Value {
    let found = assessment["criteria"].as_array().expect("criteria").iter().find(|c| c["key"] == key);
    &found.unwrap_or_else(|| panic!("no {key}"))["outcome"]
}

const MODERN: &[&str] = &["bookkeeping", "standard"];
const DIGITAL: &[&str] = &["bookkeeping", "standard", "cashless"];

#[tokio::test]
async fn the_criteria_are_data_with_versions() {
    let aggregator = World::new().await.aggregator().await;
    let get = |query: &str| aggregator.owner.get(&aggregator.path(&format!("level-criteria{query}")));
    let now = get("").await.json(200);
    let first = get("?version=1").await.json(200);
    assert_eq!(first["version"], 1);
    let keys: Vec<_> =
        first["criteria"].as_array().expect("criteria").iter().map(|c| text(&c["key"])).collect();
    assert_eq!(keys.len(), 8);
    assert!(now["version"].as_i64() >= Some(1));
    let orders = &first["criteria"][6];
    assert_eq!(
        (&orders["kind"], &orders["parameters"]),
        (&json!("computed"), &json!({ "at_least": 5, "days": 90 }))
    );
    for query in ["?version=0", "?version=99999", "?version=4294967295"] {
        get(query).await.problem(404, "not_found");
    }
    get("?version=x").await.problem(400, "invalid_parameter");
}

#[tokio::test]
async fn a_class_rises_and_falls_by_confirmed_assessments_alone() {
    let case = Case::new().await;
    assert_eq!(case.level().await, Value::Null);
    let modern = case.assess(MODERN).await;
    assert_eq!((&modern["level"], &modern["status"]), (&json!("modern"), &json!("proposed")));
    assert_eq!(case.level().await, Value::Null, "a proposal changes nothing");
    assert_eq!(case.confirm(&modern).await.json(200)["status"], "confirmed");
    assert_eq!(case.level().await, "modern");
    let _ = case.look().await.expect(200);
    let digital = case.assess(DIGITAL).await;
    let _ = case.confirm(&digital).await.expect(200);
    assert_eq!(case.level().await, "digital");
    let same = case.assess(DIGITAL).await;
    let _ = case.confirm(&same).await.expect(200);
    let fallen = case.assess(&["cashless"]).await;
    assert_eq!(fallen["level"], Value::Null);
    let _ = case.confirm(&fallen).await.expect(200);
    assert_eq!(case.level().await, Value::Null);
    let progress = case.progress().await;
    let changes: Vec<_> = progress["timeline"]["data"]
        .as_array()
        .expect("entries")
        .iter()
        .filter(|e| e["kind"] == "level_changed")
        .map(|e| (e["data"]["from"].clone(), e["data"]["to"].clone()))
        .collect();
    let (modern, digital) = (json!("modern"), json!("digital"));
    assert_eq!(changes, [(digital.clone(), Value::Null), (modern.clone(), digital), (Value::Null, modern)]);
}

#[tokio::test]
async fn a_channel_is_active_for_thirty_days_and_a_fall_is_recorded() {
    let case = Case::new().await;
    let owner = &case.aggregator.owner;
    let missing = async || {
        let progress = case.progress().await;
        assert_eq!(progress["criteria_version"], 2);
        let channel =
            progress["criteria"].as_array().expect("criteria").iter().find(|c| c["key"] == "channel");
        channel.expect("a criterion")["outcome"] == "unmet"
    };
    assert!(missing().await, "that it was set says nothing of its use");
    let merchant = case.aggregator.merchant_member(&case.merchant).await;
    merchant.step(&case.path("/channels/whatsapp/confirm")).await.problem(403, "forbidden");
    case.manager.step(&case.path("/channels/instagram/confirm")).await.problem(404, "not_found");
    let looked = case.look().await.json(200);
    assert!(looked["confirmed_at"].is_string(), "{looked}");
    assert!(!missing().await);
    let digital = case.assess(DIGITAL).await;
    let _ = case.confirm(&digital).await.expect(200);
    assert_eq!(case.level().await, "digital");

    let cluster = Cluster::get();
    let database = cluster.superuser(&cluster.database).await;
    let ages = |days: u32| {
        format!(
            "UPDATE channels SET confirmed_at = now() - interval '{days} days', updated_at = now() - interval '{days} days' \
             WHERE merchant_id = '{}'",
            case.merchant
        )
    };
    database.batch_execute(&ages(29)).await.expect("a month less a day");
    assert!(!missing().await);
    database.batch_execute(&ages(31)).await.expect("more than a month");
    assert!(missing().await);
    assert_eq!(case.level().await, "digital", "a class falls by an assessment alone");
    let fallen = case.assess(DIGITAL).await;
    assert_eq!((outcome(&fallen, "channel"), &fallen["level"]), (&json!("unmet"), &json!("modern")));
    let _ = case.confirm(&fallen).await.expect(200);
    let timeline = case.progress().await["timeline"]["data"].clone();
    let fall = timeline.as_array().expect("entries").iter().find(|e| e["kind"] == "level_changed");
    let fall = &fall.expect("a change")["data"];
    assert_eq!((&fall["from"], &fall["to"]), (&json!("digital"), &json!("modern")));

    // A buyer who was sent there shows that it is in use, as long as it is the same account.
    case.sell().await;
    assert!(!missing().await);
    let channel = case.path("/channels/whatsapp");
    let _ = case.look().await.expect(200);
    let moved = owner.put(&channel, json!({ "handle": "0813-1111-2222" })).await.json(200);
    assert_eq!(moved["confirmed_at"], Value::Null);
    assert!(missing().await);
    let _ = owner.put(&channel, json!({ "handle": "0813-1111-2222", "active": false })).await.expect(200);
    case.manager.step(&format!("{channel}/confirm")).await.problem(409, "wrong_state");
}

#[tokio::test]
async fn won_leads_count_as_orders_and_export_has_no_data_yet() {
    let case = Case::new().await;
    for _ in 0..4 {
        case.sell().await;
    }
    let four = case.assess(DIGITAL).await;
    assert_eq!((outcome(&four, "online_orders"), &four["level"]), (&json!("unmet"), &json!("digital")));
    let reject = case.path(&format!("/assessments/{}/reject", text(&four["id"])));
    let rejected =
        case.aggregator.owner.post(&reject, json!({ "reason": "Tunggu pesanan kelima." })).await.json(200);
    assert_eq!(
        (&rejected["status"], &rejected["reason"]),
        (&json!("rejected"), &json!("Tunggu pesanan kelima."))
    );
    assert_eq!(case.level().await, Value::Null);
    case.sell().await;
    let five = case.assess(DIGITAL).await;
    assert_eq!((outcome(&five, "online_orders"), &five["level"]), (&json!("met"), &json!("online")));
    assert_eq!(outcome(&five, "export"), "not_available");
    let _ = case.confirm(&five).await.expect(200);
    let progress = case.progress().await;
    assert_eq!((&progress["level"], &progress["next_level"]), (&json!("online"), &json!("global")));
    assert_eq!(progress["missing"], json!(["export"]));
    let months = progress["figures"]["leads_won"].as_array().expect("months");
    assert_eq!((months.len(), &months[11]["count"]), (12, &json!(5)));
    assert_eq!(progress["figures"]["visits"].as_array().map(Vec::len), Some(8));
}

#[tokio::test]
async fn nobody_declares_what_the_system_computes_and_nothing_without_evidence() {
    let case = Case::new().await;
    let other = case.aggregator.active_merchant().await;
    let foreign = case.aggregator.evidence(&text(&other["id"])).await;
    let own = case.aggregator.evidence(&case.merchant).await;
    let assess =
        |criteria: Value| case.manager.post(&case.path("/assessments"), json!({ "criteria": criteria }));
    assess(json!([
        { "key": "nib", "met": true, "evidence": [own] },
        { "key": "turnover", "met": true, "evidence": [own] },
        { "key": "bookkeeping", "met": true },
        { "key": "standard", "met": false },
    ]))
    .await
    .faults(&[
        ("/criteria/0/key", "computed_criterion"),
        ("/criteria/1/key", "unknown_criterion"),
        ("/criteria/2/evidence", "evidence_required"),
    ]);
    assess(json!([
        { "key": "bookkeeping", "met": true, "evidence": [own, own] },
        { "key": "bookkeeping", "met": true, "evidence": ["x"] },
        { "key": "standard", "met": false },
        { "key": "standard", "met": false },
    ]))
    .await
    .faults(&[
        ("/criteria/0/evidence/1", "duplicate_entry"),
        ("/criteria/1/evidence/0", "invalid_id"),
        ("/criteria/3/key", "duplicate_entry"),
    ]);
    for file in [foreign, uuid::Uuid::now_v7().to_string()] {
        let body = json!([{ "key": "bookkeeping", "met": true, "evidence": [file] }]);
        assess(body).await.faults(&[("", "unknown_reference")]);
    }
    let list = case.aggregator.owner.get(&case.path("/assessments")).await.json(200);
    assert_eq!(list["data"], json!([]), "nothing was kept");
}

#[tokio::test]
async fn four_eyes_decide_once() {
    let case = Case::new().await;
    let hero = case.aggregator.member(Role::LocalHero).await;
    let body = json!({ "name": "Tenun Hera", "region_code": "53.07", "phone": "081234567890" });
    let his = hero.post(&case.aggregator.path("merchants"), body).await.json(201);
    let path = case.aggregator.path(&format!("merchants/{}/assessments", text(&his["id"])));
    let proposed = hero.post(&path, json!({ "criteria": [] })).await.json(201);
    let confirm = format!("{path}/{}/confirm", text(&proposed["id"]));
    hero.step(&confirm).await.problem(403, "forbidden");
    hero.post(&case.path("/assessments"), json!({ "criteria": [] })).await.problem(404, "not_found");
    hero.post(&path, json!({ "criteria": [] })).await.problem(409, "assessment_open");
    let _ = case.aggregator.owner.step(&confirm).await.expect(200);
    case.manager.step(&confirm).await.problem(409, "wrong_state");
    let body = json!({ "criteria": [] });
    let own = case.aggregator.owner.post(&case.path("/assessments"), body).await.json(201);
    case.confirm(&own).await.problem(409, "own_assessment");
    let elsewhere = case.aggregator.path(&format!(
        "merchants/{}/assessments/{}/confirm",
        text(&his["id"]),
        text(&own["id"])
    ));
    case.manager.step(&elsewhere).await.problem(404, "not_found");
    let path = case.path(&format!("/assessments/{}/confirm", text(&own["id"])));
    let _ = case.manager.step(&path).await.expect(200);
}

#[tokio::test]
async fn an_old_assessment_keeps_its_version_of_the_criteria() {
    let server = Server::start(ServerOptions::default()).await;
    let case = Case::of(World::on(&server).await.aggregator().await).await;
    let first = case.assess(MODERN).await;
    let _ = case.confirm(&first).await.expect(200);
    let sql = "INSERT INTO level_criteria (version, key, level, position, title_id, title_en, rule, parameters, source) \
               VALUES (3, 'nib', 'modern', 1, 'NIB', 'NIB', 'nib', '{}', 'Uji')";
    Cluster::get().superuser(&server.database).await.batch_execute(sql).await.expect("a second version");
    let second = case.assess(&[]).await;
    assert_eq!((&second["criteria_version"], &second["level"]), (&json!(3), &json!("modern")));
    assert_eq!(case.progress().await["criteria_version"], 3);
    assert_eq!(second["criteria"].as_array().map(Vec::len), Some(1));
    let path = case.path(&format!("/assessments/{}", text(&first["id"])));
    let old = case.aggregator.owner.get(&path).await.json(200);
    assert_eq!((&old["criteria_version"], old["criteria"].as_array().map(Vec::len)), (&json!(2), Some(8)));
    assert_eq!(outcome(&old, "bookkeeping"), "met");
}

#[tokio::test]
async fn progress_tells_the_story_in_pages() {
    let case = Case::new().await;
    let merchant = case.aggregator.owner.get(&case.path("")).await.json(200);
    let _ = completed(&case.aggregator, &merchant).await;
    let assessment = case.assess(MODERN).await;
    let _ = case.confirm(&assessment).await.expect(200);
    let whole = case.progress().await;
    let kinds: Vec<_> =
        whole["timeline"]["data"].as_array().expect("entries").iter().map(|e| text(&e["kind"])).collect();
    for kind in [
        "enrolled",
        "programme_completed",
        "assessment_proposed",
        "assessment_confirmed",
        "level_changed",
        "document_verified",
    ] {
        assert!(kinds.iter().any(|k| k == kind), "{kind} is missing: {kinds:?}");
    }
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page =
            case.aggregator.owner.get(&case.path(&format!("/progress?limit=2{cursor}"))).await.json(200);
        paged.extend(page["timeline"]["data"].as_array().expect("entries").clone());
        match page["timeline"]["page"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(json!(paged), whole["timeline"]["data"]);
    let hero = case.aggregator.member(Role::LocalHero).await;
    hero.get(&case.path("/progress")).await.problem(404, "not_found");
}
