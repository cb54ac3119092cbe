//! Visits: recorded once whatever comes again, corrected by versions, confirmed by the merchant, and seen by those who
//! see the merchant.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Cluster, Member, World, ago, all_at_once, pdf, phone_id, text, visit};
use serde_json::{Value, json};

/// A hero with a merchant of his.
struct Case {
    aggregator: Aggregator,
    hero: Member,
    merchant: String,
    id: String,
}

impl Case {
    async fn new() -> Self {
        let aggregator = World::new().await.aggregator().await;
        let hero = aggregator.member(Role::LocalHero).await;
        let merchant = aggregator.merchant_of(&hero).await;
        Self { aggregator, hero, merchant, id: phone_id() }
    }

    fn path(&self) -> String {
        self.aggregator.path(&format!("visits/{}", self.id))
    }

    fn body(&self) -> Value {
        visit(&self.merchant)
    }

    fn put(&self, body: &Value) -> kapal_tests::Call {
        self.aggregator.put_visit(&self.hero, &self.id, body)
    }

    async fn get(&self) -> Value {
        self.hero.get(&self.path()).await.json(200)
    }

    async fn assert_nothing_stored(&self) {
        self.hero.get(&self.path()).await.problem(404, "not_found");
        let list = self.aggregator.owner.get(&self.aggregator.path("visits")).await.json(200);
        assert_eq!(list["data"], json!([]));
    }

    async fn set_pin(&self, pin: &str) {
        let path = self.aggregator.path(&format!("merchants/{}/confirmation-pin", self.merchant));
        let _ = self.aggregator.owner.put(&path, json!({ "pin": pin })).await.expect(204);
    }

    /// The kinds of the aggregator's events about visits and action items.
    async fn events(&self) -> Vec<String> {
        let cluster = Cluster::get();
        let sql = "SELECT kind FROM events WHERE aggregator_id::text = $1 AND subject_type IN ('visit', 'action_item') ORDER BY seq";
        let database = cluster.superuser(&cluster.database).await;
        let rows = database.query(sql, &[&self.aggregator.id]).await.expect("events");
        rows.iter().map(|row| row.get(0)).collect()
    }
}

/// An uploaded evidence file of a merchant: its id, and its hash, since a PDF is kept as it came.
async fn evidence(aggregator: &Aggregator, merchant: &str) -> (String, String) {
    use sha2::Digest as _;
    let bytes = pdf();
    let hash = sha2::Sha256::digest(&bytes);
    let call = aggregator.owner.call("POST", &aggregator.path("files"));
    let file = call.evidence("bukti.pdf", bytes, merchant).await.json(201);
    (text(&file["id"]), hash.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[tokio::test]
async fn the_same_visit_again_changes_nothing() {
    let case = Case::new().await;
    let first = case.put(&case.body()).await.expect(201);
    assert_eq!(first.header("location"), case.path());
    assert_eq!((&first.json["version"], &first.json["author_id"]), (&json!(1), &json!(case.hero.id)));
    assert_eq!(first.json["happened_at"], first.json["started_at"]);
    let body = case.get().await;
    for _ in 0..2 {
        assert_eq!(case.put(&sent_again(&body)).await.json(200), body);
    }
    case.put(&sent_again(&body)).header("If-None-Match", "*").await.problem(412, "precondition_failed");
    assert_eq!(case.events().await, ["visit.recorded"]);
}

/// The body of a visit as it is.
fn sent_again(view: &Value) -> Value {
    let names =
        ["merchant_id", "started_at", "ended_at", "mode", "topics", "problems", "advice", "device_id"];
    names
        .iter()
        .map(|name| ((*name).to_owned(), view[*name].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[tokio::test]
async fn a_correction_is_a_version_and_history_stays() {
    let case = Case::new().await;
    let (first, mut second) = (case.body(), case.body());
    let _ = case.put(&first).await.expect(201);
    second["advice"] = json!("Pakai toples kaca.");
    second["base_version"] = json!(1);
    let corrected = case.put(&second).await.json(200);
    assert_eq!((&corrected["version"], &corrected["advice"]), (&json!(2), &json!("Pakai toples kaca.")));
    // What came late or twice changes nothing.
    for body in [&first, &second] {
        assert_eq!(case.put(body).await.json(200)["version"], 2);
    }
    let history = case.hero.get(&format!("{}/versions", case.path())).await.json(200);
    let advice: Vec<_> = history["data"].as_array().expect("versions").iter().map(|v| &v["advice"]).collect();
    assert_eq!(advice, [&json!("Pakai toples kaca."), &first["advice"]]);
    let page = case.hero.get(&format!("{}/versions?limit=1", case.path())).await.json(200);
    let next = format!("{}/versions?limit=1&cursor={}", case.path(), text(&page["page"]["next_cursor"]));
    assert_eq!(case.hero.get(&next).await.json(200)["data"][0]["version"], 1);
    assert_eq!(case.events().await, ["visit.recorded", "visit.corrected"]);
}

#[tokio::test]
async fn a_correction_of_an_old_version_conflicts_with_both_shown_and_nothing_overwritten() {
    let case = Case::new().await;
    let place = json!({ "latitude": -8.6573, "longitude": 121.0794, "accuracy_m": 12 });
    let mut plain = case.body();
    plain["location"] = place.clone();
    plain["location"]["consent"] = json!(true);
    let body = |advice: &str, base: u32| {
        let mut body = plain.clone();
        body["advice"] = json!(advice);
        body["base_version"] = json!(base);
        body
    };
    case.put(&body("Satu.", 1)).await.problem(409, "base_version_unknown");
    case.assert_nothing_stored().await;
    let _ = case.put(&body("Satu.", 0)).await.expect(201);
    let _ = case.put(&body("Dua.", 1)).await.expect(200);
    for (advice, base) in [("Lain.", 1), ("Lain.", 0)] {
        let problem = case.put(&body(advice, base)).await.problem(409, "visit_conflict");
        assert_eq!(
            (&problem["current"]["version"], &problem["current"]["advice"]),
            (&json!(2), &json!("Dua."))
        );
        assert_eq!(
            (&problem["sent"]["base_version"], &problem["sent"]["advice"]),
            (&json!(base), &json!("Lain."))
        );
        assert_eq!((&problem["current"]["location"], &problem["sent"]["location"]), (&place, &place));
    }
    case.put(&body("Empat.", 3)).await.problem(409, "base_version_unknown");
    assert_eq!(case.get().await["advice"], "Dua.");
    // The same correction from elsewhere is no conflict.
    assert_eq!(case.put(&body("Dua.", 0)).await.json(200)["version"], 2);
}

#[tokio::test]
async fn an_id_of_another_visit_is_refused_and_one_of_another_tenant_is_free() {
    let case = Case::new().await;
    let body = case.body();
    let _ = case.put(&body).await.expect(201);
    let second = case.aggregator.merchant_of(&case.hero).await;
    case.put(&visit(&second)).await.problem(409, "visit_id_taken");
    case.aggregator.put_visit(&case.aggregator.owner, &case.id, &body).await.problem(409, "visit_id_taken");
    // Also where the other visit is not seen.
    let stranger = case.aggregator.member(Role::LocalHero).await;
    let own = case.aggregator.merchant_of(&stranger).await;
    case.aggregator.put_visit(&stranger, &case.id, &visit(&own)).await.problem(409, "visit_id_taken");
    let other = case.aggregator.world.aggregator().await;
    let theirs = text(&other.merchant().await["id"]);
    let _ = other.put_visit(&other.owner, &case.id, &visit(&theirs)).await.expect(201);
    assert_eq!(case.get().await["merchant_id"], case.merchant);
    assert_eq!(case.events().await, ["visit.recorded"]);
}

#[tokio::test]
async fn a_merchant_that_is_not_assigned_is_as_one_that_is_not_there() {
    let case = Case::new().await;
    let foreign = text(&case.aggregator.merchant().await["id"]);
    let other = case.aggregator.world.aggregator().await;
    for merchant in [foreign.clone(), text(&other.merchant().await["id"]), phone_id()] {
        case.put(&visit(&merchant)).await.faults(&[("/merchant_id", "unknown_reference")]);
        let mut body = visit(&merchant);
        body.as_object_mut().expect("an object").remove("merchant_id");
        let path = case.aggregator.path(&format!("merchants/{merchant}/visits"));
        case.hero.post(&path, body).await.problem(404, "not_found");
        case.hero.get(&path).await.problem(404, "not_found");
    }
    case.assert_nothing_stored().await;
    // What staff record of it, the hero does not see.
    let _ = case.aggregator.put_visit(&case.aggregator.owner, &case.id, &visit(&foreign)).await.expect(201);
    case.hero.get(&case.path()).await.problem(404, "not_found");
    case.hero.get(&format!("{}/versions", case.path())).await.problem(404, "not_found");
    assert_eq!(case.hero.get(&case.aggregator.path("visits")).await.json(200)["data"], json!([]));
}

#[tokio::test]
async fn times_that_cannot_be_are_named() {
    let case = Case::new().await;
    let with = |start: String, end: String| {
        let mut body = case.body();
        (body["started_at"], body["ended_at"]) = (json!(start), json!(end));
        case.put(&body)
    };
    with(ago(-60), ago(-90))
        .await
        .faults(&[("/started_at", "date_in_future"), ("/ended_at", "date_in_future")]);
    with(ago(10), ago(-6)).await.faults(&[("/ended_at", "date_in_future")]);
    with(ago(10), ago(20)).await.faults(&[("/ended_at", "invalid_period")]);
    with(ago(60 * 24 * 740), ago(1)).await.faults(&[("/started_at", "date_too_old")]);
    with("kemarin".into(), "2026-13-01T00:00:00Z".into())
        .await
        .faults(&[("/started_at", "invalid_date"), ("/ended_at", "invalid_date")]);
    let mut body = case.body();
    body["next_on"] = json!("2020-01-01");
    case.put(&body).await.faults(&[("/next_on", "invalid_period")]);
    case.assert_nothing_stored().await;
    // A clock that is a little ahead is forgiven.
    let _ = with(ago(10), ago(-4)).await.expect(201);
}

#[tokio::test]
async fn every_bad_field_is_named_at_once() {
    let case = Case::new().await;
    let id = phone_id();
    let task = json!({ "id": id, "owner": "merchant", "text": "Foto produk." });
    let body = json!({
        "merchant_id": "x", "started_at": ago(20), "ended_at": ago(10), "mode": "surat", "topics": [],
        "problems": "a\u{0}b", "next_on": "besok", "photos": [id, id, "x"],
        "location": { "latitude": 91, "longitude": 0, "accuracy_m": 5, "consent": true },
        "tasks": [task, task, { "id": "x", "owner": "siapa", "text": "", "due_on": "2026-02-30" }],
        "confirmation": { "method": "pin", "pin": "12" }, "device_id": "",
    });
    case.put(&body).await.faults(&[
        ("/merchant_id", "invalid_id"),
        ("/mode", "invalid_choice"),
        ("/topics", "required"),
        ("/problems", "invalid_characters"),
        ("/next_on", "invalid_date"),
        ("/location/latitude", "out_of_range"),
        ("/photos/2", "invalid_id"),
        ("/photos", "duplicate_entry"),
        ("/tasks/2/id", "invalid_id"),
        ("/tasks/2/owner", "invalid_choice"),
        ("/tasks/2/text", "required"),
        ("/tasks/2/due_on", "invalid_date"),
        ("/tasks", "duplicate_entry"),
        ("/confirmation/pin", "invalid_pin"),
        ("/device_id", "required"),
    ]);
    let mut body = case.body();
    body["confirmation"] = json!({ "method": "signature" });
    body["topics"] = json!(["export", "export"]);
    case.put(&body).await.faults(&[
        ("/topics", "duplicate_entry"),
        ("/confirmation/file_id", "required"),
        ("/confirmation/sha256", "required"),
    ]);
    case.assert_nothing_stored().await;
}

#[tokio::test]
async fn a_place_is_kept_with_consent_sealed_and_told_to_few() {
    let case = Case::new().await;
    let mut body = case.body();
    body["location"] =
        json!({ "latitude": -8.6573, "longitude": 121.0794, "accuracy_m": 12, "consent": false });
    case.put(&body).await.faults(&[("/location/consent", "consent_missing")]);
    body["location"]["consent"] = json!(true);
    let made = case.put(&body).await.json(201);
    let place = json!({ "latitude": -8.6573, "longitude": 121.0794, "accuracy_m": 12 });
    assert_eq!(made["location"], place);
    let analyst = case.aggregator.member(Role::Analyst).await;
    for (member, told) in [(&case.hero, &place), (&case.aggregator.owner, &place), (&analyst, &Value::Null)] {
        let seen = member.get(&case.path()).await.json(200);
        assert_eq!((&seen["location"], &seen["has_location"]), (told, &json!(true)));
    }
    let listed = case.hero.get(&case.aggregator.path("visits")).await.json(200);
    assert_eq!(listed["data"][0]["location"], Value::Null);
    // Another place is another version.
    body["location"]["latitude"] = json!(-8.6);
    case.put(&body).await.problem(409, "visit_conflict");
    // In the clear it stands nowhere.
    let cluster = Cluster::get();
    let database = cluster.superuser(&cluster.database).await;
    let sql = "SELECT (SELECT count(*) FROM audit_entries a WHERE a.aggregator_id = v.aggregator_id AND a.entry LIKE '%8657%') \
               + (SELECT count(*) FROM events e WHERE e.aggregator_id = v.aggregator_id AND e.data::text LIKE '%8657%') \
               + (SELECT count(*) FROM visit_versions w WHERE w.aggregator_id = v.aggregator_id AND w::text LIKE '%8657300%') \
               FROM visits v WHERE v.id::text = $1";
    assert_eq!(database.query_one(sql, &[&case.id]).await.expect("a count").get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_pin_confirms_one_version() {
    let case = Case::new().await;
    let plain = case.body();
    let body = |pin: &str| {
        let mut body = plain.clone();
        body["confirmation"] = json!({ "method": "pin", "pin": pin });
        body
    };
    case.put(&body("402817")).await.faults(&[("/confirmation/pin", "confirmation_invalid")]);
    case.set_pin("402817").await;
    case.put(&body("402818")).await.faults(&[("/confirmation/pin", "confirmation_invalid")]);
    case.assert_nothing_stored().await;
    let made = case.put(&body("402817")).await.json(201);
    assert_eq!(made["confirmation"]["method"], "pin");
    // What is confirmed needs no PIN when it comes again.
    assert_eq!(case.put(&body("000000")).await.json(200)["confirmation"], made["confirmation"]);
    let mut second = body("402817");
    let _ = second.as_object_mut().expect("an object").remove("confirmation");
    (second["advice"], second["base_version"]) = (json!("Lain."), json!(1));
    assert_eq!(case.put(&second).await.json(200)["confirmation"], Value::Null, "a correction is unconfirmed");
    let unconfirmed = case.hero.get(&case.aggregator.path("visits?unconfirmed=true")).await.json(200);
    assert_eq!(unconfirmed["data"][0]["id"], case.id);
    // The merchant may confirm later what is there.
    second["confirmation"] = json!({ "method": "pin", "pin": "402817" });
    let confirmed = case.put(&second).await.json(200);
    assert_eq!((&confirmed["version"], &confirmed["confirmation"]["method"]), (&json!(2), &json!("pin")));
    assert_eq!(case.events().await, ["visit.recorded", "visit.corrected", "visit.confirmed"]);
}

#[tokio::test]
async fn after_five_wrong_pins_none_is_looked_at() {
    let case = Case::new().await;
    case.set_pin("402817").await;
    let with = |pin: String| {
        let mut body = case.body();
        body["confirmation"] = json!({ "method": "pin", "pin": pin });
        body
    };
    for wrong in 0..5 {
        let body = with(format!("77001{wrong}"));
        case.put(&body).await.faults(&[("/confirmation/pin", "confirmation_invalid")]);
    }
    let locked = case.put(&with("402817".into())).await;
    assert!(!locked.header("retry-after").is_empty(), "{locked}");
    locked.problem(429, "confirmation_locked");
    case.assert_nothing_stored().await;
    // Another merchant's are not counted with them.
    let second = Case { merchant: case.aggregator.merchant_of(&case.hero).await, ..case };
    second.set_pin("402817").await;
    let mut body = second.body();
    body["confirmation"] = json!({ "method": "pin", "pin": "402817" });
    let _ = second.put(&body).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_forty_pins_tried_at_once_few_are_looked_at() {
    let case = Case::new().await;
    case.set_pin("402817").await;
    let tries = (0..40).map(|n| {
        let mut body = case.body();
        body["confirmation"] = json!({ "method": "pin", "pin": format!("7700{n:02}") });
        case.aggregator.put_visit(&case.hero, &phone_id(), &body)
    });
    let replies = all_at_once(tries).await;
    let looked_at = replies.iter().filter(|reply| reply.code() == "validation_failed").count();
    assert!(looked_at <= 5, "{looked_at}");
    assert!(replies.iter().all(|reply| reply.status == 422 || reply.status == 429));
}

#[tokio::test]
async fn a_pin_is_set_by_the_merchant_or_its_manager_and_is_not_easy() {
    let case = Case::new().await;
    let path = case.aggregator.path(&format!("merchants/{}/confirmation-pin", case.merchant));
    let set = async |member: &Member, pin: &str| member.put(&path, json!({ "pin": pin })).await;
    set(&case.hero, "402817").await.problem(403, "forbidden");
    let merchant = case.aggregator.merchant_member(&case.merchant).await;
    for (bad, code) in [
        ("12", "invalid_pin"),
        ("１２３４５６", "invalid_pin"),
        ("123456", "pin_too_common"),
        ("777777", "pin_too_common"),
    ] {
        set(&merchant, bad).await.faults(&[("/pin", code)]);
    }
    for member in [&merchant, &case.aggregator.member(Role::MerchantManager).await] {
        let _ = set(member, "402817").await.expect(204);
    }
    let stranger = case.aggregator.member(Role::Merchant).await;
    set(&stranger, "402817").await.problem(404, "not_found");
    let cluster = Cluster::get();
    let database = cluster.superuser(&cluster.database).await;
    let sql = "SELECT count(*), bool_or(entry LIKE '%402817%') FROM audit_entries \
               WHERE aggregator_id::text = $1 AND action = 'merchant.pin_set'";
    let row = database.query_one(sql, &[&case.aggregator.id]).await.expect("entries");
    assert_eq!(
        (row.get::<_, i64>(0), row.get::<_, bool>(1)),
        (1, false),
        "the same PIN again changes nothing"
    );
}

#[tokio::test]
async fn who_set_the_pin_does_not_confirm_his_own_visits_with_it() {
    let case = Case::new().await;
    case.set_pin("402817").await;
    let mut body = case.body();
    body["confirmation"] = json!({ "method": "pin", "pin": "402817" });
    let by_setter = case.aggregator.put_visit(&case.aggregator.owner, &case.id, &body).await;
    by_setter.faults(&[("/confirmation/pin", "confirmation_invalid")]);
    case.assert_nothing_stored().await;
    let _ = case.put(&body).await.expect(201);
}

#[tokio::test]
async fn a_signature_and_photos_are_files_of_that_merchant() {
    let case = Case::new().await;
    let (file, hash) = evidence(&case.aggregator, &case.merchant).await;
    let second = case.aggregator.merchant_of(&case.hero).await;
    let (foreign, foreign_hash) = evidence(&case.aggregator, &second).await;
    let other = case.aggregator.world.aggregator().await;
    let (abroad, _) = evidence(&other, &text(&other.merchant().await["id"])).await;
    let signed = |file: &str, hash: &str| {
        let mut body = case.body();
        body["confirmation"] = json!({ "method": "signature", "file_id": file, "sha256": hash });
        body
    };
    case.put(&signed(&file, &foreign_hash)).await.faults(&[("/confirmation/sha256", "confirmation_invalid")]);
    for unknown in [&foreign, &abroad, &phone_id()] {
        case.put(&signed(unknown, &foreign_hash))
            .await
            .faults(&[("/confirmation/file_id", "unknown_reference")]);
        let mut body = case.body();
        body["photos"] = json!([file, unknown]);
        case.put(&body).await.faults(&[("/photos/1", "unknown_reference")]);
    }
    case.assert_nothing_stored().await;
    let mut body = signed(&file, &hash.to_uppercase());
    body["photos"] = json!([file]);
    let made = case.put(&body).await.json(201);
    assert_eq!((&made["photos"], &made["confirmation"]["file_id"]), (&json!([file]), &json!(file)));
}

#[tokio::test]
async fn a_visits_tasks_become_action_items_once() {
    let case = Case::new().await;
    let (first, second) = (phone_id(), phone_id());
    let mut body = case.body();
    body["tasks"] =
        json!([{ "id": first, "owner": "merchant", "text": "Foto produk.", "due_on": "2026-12-01" }]);
    let made = case.put(&body).await.json(201);
    assert_eq!(made["tasks"], body["tasks"]);
    let items = case.aggregator.path(&format!("merchants/{}/action-items", case.merchant));
    let item = case.hero.get(&format!("{items}/{first}")).await.json(200);
    assert_eq!(item["source"], json!({ "kind": "visit", "id": case.id }));
    let done =
        case.hero.patch(&format!("{items}/{first}"), json!({ "status": "done" })).of(&item["version"]).await;
    let _ = done.expect(200);
    // A correction adds tasks and keeps what became of those that were there.
    body["base_version"] = json!(1);
    body["tasks"] = json!([body["tasks"][0], { "id": second, "owner": "hero", "text": "Kirim daftar pemasok.", "due_on": null }]);
    let _ = case.put(&body).await.expect(200);
    let _ = case.put(&body).await.expect(200);
    let list = case.hero.get(&items).await.json(200);
    let states: Vec<_> =
        list["data"].as_array().expect("items").iter().map(|i| (&i["id"], &i["status"])).collect();
    assert_eq!(states, [(&json!(second), &json!("open")), (&json!(first), &json!("done"))]);
    assert_eq!(
        case.events().await,
        [
            "visit.recorded",
            "action_item.created",
            "action_item.updated",
            "visit.corrected",
            "action_item.created"
        ]
    );
    // An id that another merchant's item has is refused, with the visit.
    let other = case.aggregator.merchant_of(&case.hero).await;
    let mut body = visit(&other);
    body["tasks"] = json!([{ "id": first, "owner": "merchant", "text": "Foto produk." }]);
    case.aggregator.put_visit(&case.hero, &phone_id(), &body).await.problem(409, "action_item_id_taken");
}

#[tokio::test]
async fn visits_are_listed_the_latest_first_by_hero_merchant_day_topic_and_confirmation() {
    let case = Case::new().await;
    let colleague = case.aggregator.member(Role::LocalHero).await;
    let other = case.aggregator.merchant_of(&colleague).await;
    let mut ids = Vec::new();
    let day = |days: i64| ago(days * 24 * 60)[..10].to_owned();
    for (member, merchant, days, topic) in [
        (&case.hero, &case.merchant, 9, "finance"),
        (&case.hero, &case.merchant, 7, "export"),
        (&colleague, &other, 8, "finance"),
    ] {
        let mut body = visit(merchant);
        body["started_at"] = json!(format!("{}T23:00:00Z", day(days)));
        body["ended_at"] = json!(format!("{}T23:30:00Z", day(days)));
        body["topics"] = json!([topic]);
        let id = phone_id();
        let _ = case.aggregator.put_visit(member, &id, &body).await.expect(201);
        ids.push(id);
    }
    let owner = &case.aggregator.owner;
    let listed = async |query: &str| {
        let list = owner.get(&case.aggregator.path(&format!("visits?{query}"))).await.json(200);
        list["data"].as_array().expect("visits").iter().map(|v| text(&v["id"])).collect::<Vec<_>>()
    };
    let expected = |at: &[usize]| at.iter().map(|n| ids[*n].clone()).collect::<Vec<_>>();
    assert_eq!(listed("").await, expected(&[1, 2, 0]));
    assert_eq!(listed(&format!("hero={}", case.hero.id)).await, expected(&[1, 0]));
    assert_eq!(listed(&format!("merchant={other}")).await, expected(&[2]));
    assert_eq!(listed("topic=finance").await, expected(&[2, 0]));
    assert_eq!(listed(&format!("from={}&to={}", day(8), day(8))).await, expected(&[2]));
    assert_eq!(listed("unconfirmed=false").await, expected(&[]));
    let mine = case.aggregator.path(&format!("merchants/{}/visits", case.merchant));
    assert_eq!(case.hero.get(&mine).await.json(200)["data"].as_array().map(Vec::len), Some(2));
    let page = owner.get(&case.aggregator.path("visits?limit=2")).await.json(200);
    let next = format!("visits?limit=2&cursor={}", text(&page["page"]["next_cursor"]));
    let rest = owner.get(&case.aggregator.path(&next)).await.json(200);
    assert_eq!((&rest["data"][0]["id"], &rest["page"]["has_more"]), (&json!(ids[0]), &json!(false)));
    for bad in ["hero=x", "merchant=x", "from=x", "to=2026-13-01", "topic=x", "unconfirmed=x"] {
        let reply = owner.get(&case.aggregator.path(&format!("visits?{bad}"))).await;
        reply.problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn staff_record_a_visit_under_the_merchant() {
    let case = Case::new().await;
    let path = case.aggregator.path(&format!("merchants/{}/visits", case.merchant));
    let mut body = case.body();
    case.aggregator.owner.post(&path, body.clone()).await.faults(&[("/merchant_id", "read_only_field")]);
    let _ = body.as_object_mut().expect("an object").remove("merchant_id");
    let made =
        case.aggregator.owner.post(&path, body.clone()).header("Idempotency-Key", "k").await.expect(201);
    let again =
        case.aggregator.owner.post(&path, body.clone()).header("Idempotency-Key", "k").await.expect(201);
    assert_eq!(made.json, again.json);
    body["base_version"] = json!(1);
    case.aggregator.owner.post(&path, body).await.faults(&[("/base_version", "read_only_field")]);
    assert_eq!(case.hero.get(made.header("location")).await.json(200), made.json);
}
