//! Edits of published products: they wait as one change request per product, reviewers see each field beside what it says
//! now, and nothing is overwritten unseen.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Client, Cluster, Reply, World, all_at_once, halal, photo, text, unique};
use serde_json::{Value, json};

fn path(aggregator: &Aggregator, product: &Value, rest: &str) -> String {
    aggregator.path(&format!("products/{}{rest}", text(&product["id"])))
}

fn named(name: &str) -> Value {
    json!({ "translations": { "id": { "name": name } } })
}

/// Edits a product from its present version, by its owner.
async fn edit(aggregator: &Aggregator, product: &Value, patch: Value) -> Reply {
    let now = now(aggregator, product).await;
    aggregator.owner.patch(&path(aggregator, product, ""), patch).of(&now["version"]).await
}

/// The change request that a new name of a published product becomes.
async fn asked(aggregator: &Aggregator, product: &Value, name: &str) -> Value {
    edit(aggregator, product, named(name)).await.json(202)
}

async fn now(aggregator: &Aggregator, product: &Value) -> Value {
    aggregator.owner.get(&path(aggregator, product, "")).await.json(200)
}

fn request_path(aggregator: &Aggregator, request: &Value, rest: &str) -> String {
    aggregator.path(&format!("change-requests/{}{rest}", text(&request["id"])))
}

async fn read(aggregator: &Aggregator, request: &Value) -> Value {
    aggregator.owner.get(&request_path(aggregator, request, "")).await.json(200)
}

async fn shown(aggregator: &Aggregator, product: &Value) -> Value {
    let page = aggregator.shop(&format!("/products/{}", text(&product["slug"])));
    aggregator.world.visitor.get(&page).header("Accept-Language", "id").await.json(200)
}

/// Pointer, before and after of each change.
fn changes(request: &Value) -> Vec<(String, Value, Value)> {
    let all = request["changes"].as_array().expect("changes").iter();
    all.map(|c| (text(&c["pointer"]), c["from"].clone(), c["to"].clone())).collect()
}

/// The events about a thing, the first one first.
async fn events(id: &Value) -> Vec<String> {
    let database = Cluster::get().superuser(&Cluster::get().database).await;
    let sql = "SELECT kind FROM events WHERE subject_id::text = $1 ORDER BY seq";
    database.query(sql, &[&text(id)]).await.expect(sql).iter().map(|row| row.get(0)).collect()
}

async fn upload(aggregator: &Aggregator, by: &Client) -> String {
    text(&by.call("POST", &aggregator.path("media")).file("kopi.jpg", photo(640, 480)).await.json(201)["id"])
}

#[tokio::test]
async fn every_edit_of_reviewed_fields_waits_in_one_request_and_the_product_stays_as_it_is() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let (owner, version) = (&aggregator.owner, &product["version"]);
    let before = shown(&aggregator, &product).await;
    let picture = upload(&aggregator, owner).await;
    let media = json!({ "media": [{ "media_id": picture, "alt": { "id": "Biji kopi" } }], "video_url": "https://youtu.be/dQw4w9WgXcQ" });
    let texts = json!({ "name": "New Coffee", "description": "Medium roast." });
    let calls = [
        owner.patch(&path(&aggregator, &product, ""), named("Kopi Baru")).of(version),
        owner.put(&path(&aggregator, &product, "/translations/en"), texts).of(version),
        owner.put(&path(&aggregator, &product, "/media"), media).of(version),
        owner.put(&path(&aggregator, &product, "/certificates/halal"), json!({ "number": halal() })),
        owner.patch(&path(&aggregator, &product, ""), json!({ "tags": ["oleh-oleh"] })).of(version),
    ];
    let mut places = std::collections::BTreeSet::new();
    for call in calls {
        let reply = call.await.expect(202);
        places.insert(reply.header("location").to_owned());
    }
    assert_eq!(places.len(), 1, "{places:?}");
    let request = owner.get(places.first().expect("a place")).await.json(200);
    assert_eq!((&request["status"], &request["version"]), (&json!("open"), &json!(5)));
    assert_eq!((&request["product_changed"], &request["has_conflict"]), (&json!(false), &json!(false)));
    let changes = changes(&request);
    let pointers: Vec<_> = changes.iter().map(|(pointer, ..)| pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/certificates/halal",
            "/media",
            "/tags",
            "/translations/en/description",
            "/translations/en/name",
            "/translations/id/name",
            "/video_url"
        ]
    );
    assert_eq!(changes[1].2[0]["media_id"], json!(picture));
    assert!(text(&changes[1].2[0]["url"]).ends_with("/640.jpg"), "{}", changes[1].2);
    assert_eq!(changes[5].1, product["translations"]["id"]["name"]);
    assert_eq!(changes[5].2, "Kopi Baru");
    let history = request["history"].as_array().expect("a history");
    let steps: Vec<_> = history.iter().map(|step| text(&step["action"])).collect();
    assert_eq!(steps, ["open", "amend", "amend", "amend", "amend"]);
    assert_eq!((&history[0]["fields"], &history[0]["actor_id"]), (&json!([pointers[5]]), &json!(owner.id)));
    assert_eq!(now(&aggregator, &product).await, product, "the product is untouched");
    assert_eq!(shown(&aggregator, &product).await, before);
    assert_eq!(
        events(&request["id"]).await,
        [vec!["change_request.opened"], vec!["change_request.updated"; 4]].concat()
    );
}

#[tokio::test]
async fn an_accepted_request_is_one_change_of_the_product_and_shows_at_once() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let merchant_events = events(&product["id"]).await.len();
    let request = asked(&aggregator, &product, "Kopi Baru").await;
    let _ = edit(&aggregator, &product, json!({ "lead_time_days": 4, "tags": ["kopi"] })).await.expect(202);
    let accept = request_path(&aggregator, &request, "/accept");
    let accepted = aggregator.owner.step(&accept).await.json(200);
    assert_eq!((&accepted["status"], &accepted["has_conflict"]), (&json!("accepted"), &json!(false)));
    let old = product["translations"]["id"]["name"].clone();
    assert!(changes(&accepted).contains(&("/translations/id/name".into(), old, json!("Kopi Baru"))));
    let after = now(&aggregator, &product).await;
    assert_eq!(after["version"].as_i64(), product["version"].as_i64().map(|version| version + 1));
    assert_eq!((&after["status"], &after["lead_time_days"]), (&json!("published"), &json!(4)));
    assert_eq!(after["translations"]["en"], product["translations"]["en"], "what was not edited stays");
    assert_eq!(shown(&aggregator, &product).await["name"], "Kopi Baru");
    let kinds = events(&request["id"]).await;
    assert_eq!(kinds, ["change_request.opened", "change_request.updated", "change_request.accepted"]);
    assert_eq!(events(&product["id"]).await[merchant_events..], ["product.updated"]);
    let next = asked(&aggregator, &product, "Kopi Lain Lagi").await;
    assert_ne!(next["id"], request["id"], "a decided request is not amended");
}

#[tokio::test]
async fn a_reviewer_says_why_field_by_field_and_the_next_edit_opens_the_request_again() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let request = asked(&aggregator, &product, "Kopi Terbaik Sedunia").await;
    let back = request_path(&aggregator, &request, "/request-changes");
    let owner = &aggregator.owner;
    let of = |pointer: &str| json!({ "fields": [{ "pointer": pointer, "reason": "Klaim tanpa bukti." }] });
    owner.post(&back, json!({})).await.faults(&[("/reason", "required")]);
    owner.post(&back, of("/slug")).await.faults(&[("/fields/0/pointer", "invalid_choice")]);
    let twice = json!({ "reason": "", "fields": [
        { "pointer": "/translations/id/name", "reason": "A" }, { "pointer": "/translations/id/name", "reason": "" },
    ]});
    owner.post(&back, twice).await.faults(&[
        ("/reason", "required"),
        ("/fields/1/pointer", "duplicate_entry"),
        ("/fields/1/reason", "required"),
    ]);
    assert_eq!(read(&aggregator, &request).await["version"], 1, "nothing was stored");
    let sent = owner.post(&back, of("/translations/id/name")).await.json(200);
    assert_eq!(sent["status"], "needs_changes");
    assert_eq!(sent["reasons"][0]["reason"], "Klaim tanpa bukti.");
    for step in ["/accept", "/withdraw"] {
        owner.step(&request_path(&aggregator, &request, step)).await.problem(409, "wrong_state");
    }
    let again = asked(&aggregator, &product, "Kopi Egon").await;
    assert_eq!((&again["id"], &again["status"]), (&request["id"], &json!("open")));
    assert_eq!(again["changes"][0]["to"], "Kopi Egon");
    let reject = request_path(&aggregator, &request, "/reject");
    let rejected = owner.post(&reject, json!({ "reason": "Nama lama lebih dikenal." })).await.json(200);
    assert_eq!(
        (&rejected["status"], rejected["history"].as_array().map(Vec::len)),
        (&json!("rejected"), Some(4))
    );
    for step in ["/accept", "/withdraw"] {
        owner.step(&request_path(&aggregator, &request, step)).await.problem(409, "wrong_state");
    }
    for step in [&reject, &back] {
        owner.post(step, json!({ "reason": "Lagi." })).await.problem(409, "wrong_state");
    }
    assert_eq!(now(&aggregator, &product).await["translations"], product["translations"]);
    assert_eq!(
        events(&request["id"]).await,
        [
            "change_request.opened",
            "change_request.needs_changes",
            "change_request.updated",
            "change_request.rejected"
        ]
    );
}

#[tokio::test]
async fn terms_of_sale_count_at_once_and_a_patch_that_names_more_waits_as_a_whole() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let terms = json!({ "lead_time_days": 2, "monthly_capacity": 90, "minimum_order": 3 });
    let after = edit(&aggregator, &product, terms).await.json(200);
    assert_eq!((&after["lead_time_days"], &after["minimum_order"]), (&json!(2), &json!(3)));
    assert_eq!(shown(&aggregator, &product).await["lead_time_days"], 2);
    let mixed = json!({ "lead_time_days": 9, "origin_country": "TL" });
    let request = edit(&aggregator, &product, mixed).await.json(202);
    let pointers: Vec<_> = changes(&request).into_iter().map(|(pointer, ..)| pointer).collect();
    assert_eq!(pointers, ["/lead_time_days", "/origin_country"]);
    assert_eq!(now(&aggregator, &product).await, after);
}

#[tokio::test]
async fn a_bad_edit_of_a_published_product_is_refused_before_it_waits() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let (owner, version) = (&aggregator.owner, &product["version"]);
    let unknown = json!({ "category_id": uuid::Uuid::now_v7() });
    edit(&aggregator, &product, unknown).await.faults(&[("/category_id", "unknown_reference")]);
    let texts = json!({ "translations": { "id": null, "en": null } });
    edit(&aggregator, &product, texts).await.faults(&[("/translations", "required")]);
    let media = json!({ "media": [{ "media_id": uuid::Uuid::now_v7() }] });
    let place = path(&aggregator, &product, "/media");
    owner.put(&place, media).of(version).await.faults(&[("/media/0/media_id", "unknown_reference")]);
    let stale = owner.patch(&path(&aggregator, &product, ""), named("Kopi")).of(&json!(1)).await;
    stale.problem(412, "precondition_failed");
    let place = path(&aggregator, &product, "/translations/id");
    let texts = json!({ "name": "Kopi Baru", "description": "" });
    owner.put(&place, texts).await.problem(428, "precondition_required");
    let gone = path(&aggregator, &product, "/certificates/organic");
    owner.delete(&gone).of(version).await.problem(404, "not_found");
    let list = owner.get(&aggregator.path("change-requests")).await.json(200);
    assert_eq!(list["data"], json!([]));
}

#[tokio::test]
async fn an_edit_that_changes_nothing_asks_nothing_and_one_that_takes_all_back_withdraws() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let old = text(&product["translations"]["id"]["name"]);
    let same = edit(&aggregator, &product, named(&old)).await.json(200);
    assert_eq!(same["version"], product["version"]);
    let request = asked(&aggregator, &product, "Kopi Baru").await;
    let repeated = asked(&aggregator, &product, "Kopi Baru").await;
    assert_eq!((&repeated["id"], &repeated["version"]), (&request["id"], &json!(1)), "said already");
    let back = edit(&aggregator, &product, named(&old)).await.json(202);
    assert_eq!((&back["id"], &back["status"]), (&request["id"], &json!("withdrawn")));
    let certificate = path(&aggregator, &product, "/certificates/organic");
    let _ = aggregator.owner.put(&certificate, json!({ "number": "ID-BIO-1" })).await.expect(202);
    let gone = aggregator.owner.delete(&certificate).of(&product["version"]).await.json(202);
    assert_eq!(gone["status"], "withdrawn", "what is only asked for is asked for no more");
}

#[tokio::test]
async fn a_field_that_moved_meanwhile_is_named_and_never_overwritten() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let request = asked(&aggregator, &product, "Kopi Usulan").await;
    let _ = edit(&aggregator, &product, json!({ "tags": ["kopi"] })).await.expect(202);
    let _ = aggregator.owner.step(&path(&aggregator, &product, "/unpublish")).await.expect(200);
    // Off the storefront, edits count at once.
    let _ = edit(&aggregator, &product, named("Kopi Langsung")).await.expect(200);
    let moved = read(&aggregator, &request).await;
    assert_eq!((&moved["product_changed"], &moved["has_conflict"]), (&json!(true), &json!(true)));
    let name = moved["changes"].as_array().expect("changes").iter().find(|c| c["moved"] == true);
    let name = name.expect("the name has moved");
    assert_eq!((&name["from"], &name["to"]), (&json!("Kopi Langsung"), &json!("Kopi Usulan")));
    assert_eq!(name["base"], product["translations"]["id"]["name"]);
    let accept = request_path(&aggregator, &request, "/accept");
    let problem = aggregator.owner.step(&accept).await.problem(409, "change_conflict");
    assert!(text(&problem["detail"]).contains("/translations/id/name"), "{problem}");
    assert!(!text(&problem["detail"]).contains("/tags"), "{problem}");
    let _ = aggregator.owner.step(&path(&aggregator, &product, "/publish")).await.expect(200);
    // Who edits the field anew has seen what it says.
    let _ = asked(&aggregator, &product, "Kopi Usulan").await;
    let accepted = aggregator.owner.step(&accept).await.json(200);
    assert_eq!(accepted["status"], "accepted");
    assert_eq!(shown(&aggregator, &product).await["name"], "Kopi Usulan");
}

#[tokio::test]
async fn a_price_that_changes_meanwhile_is_no_conflict() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let request = asked(&aggregator, &product, "Kopi Baru").await;
    let variant = path(&aggregator, &product, &format!("/variants/{}", text(&product["variants"][0]["id"])));
    let price = json!({ "price": { "amount": "81000", "currency": "IDR" } });
    let _ = aggregator.owner.patch(&variant, price).of(&product["version"]).await.expect(200);
    let seen = read(&aggregator, &request).await;
    assert_eq!((&seen["product_changed"], &seen["has_conflict"]), (&json!(true), &json!(false)));
    let _ = aggregator.owner.step(&request_path(&aggregator, &request, "/accept")).await.expect(200);
    let after = now(&aggregator, &product).await;
    assert_eq!(after.pointer("/variants/0/price/amount"), Some(&json!("81000")));
}

#[tokio::test]
async fn what_publishing_asks_for_must_hold_after_the_edits_too() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let media = path(&aggregator, &product, "/media");
    let request =
        aggregator.owner.put(&media, json!({ "media": [] })).of(&product["version"]).await.json(202);
    let accept = request_path(&aggregator, &request, "/accept");
    aggregator.owner.step(&accept).await.problem(409, "product_incomplete");
    assert_eq!(read(&aggregator, &request).await["status"], "open");
    assert_eq!(now(&aggregator, &product).await, product, "nothing was written");
    let merchant = aggregator.path(&format!("merchants/{}", text(&product["merchant_id"])));
    let picture = upload(&aggregator, &aggregator.owner).await;
    let pictures = json!({ "media": [{ "media_id": picture }] });
    let _ = aggregator.owner.put(&media, pictures).of(&product["version"]).await.expect(202);
    let _ = aggregator.owner.step(&format!("{merchant}/suspend")).await.expect(200);
    aggregator.owner.step(&accept).await.problem(409, "merchant_not_active");
    let _ = aggregator.owner.step(&format!("{merchant}/reinstate")).await.expect(200);
    let _ = aggregator.owner.step(&accept).await.expect(200);
    assert_eq!(now(&aggregator, &product).await["media"][0]["id"], json!(picture));
}

#[tokio::test]
async fn unpublishing_leaves_a_request_standing_and_archiving_withdraws_it() {
    let aggregator = World::new().await.aggregator().await;
    let (first, second) = (aggregator.product().await, aggregator.product().await);
    let (one, other) =
        (asked(&aggregator, &first, "Kopi Satu").await, asked(&aggregator, &second, "Kopi Dua").await);
    let _ = aggregator.owner.step(&path(&aggregator, &first, "/unpublish")).await.expect(200);
    let _ = aggregator.owner.step(&request_path(&aggregator, &one, "/accept")).await.expect(200);
    let after = now(&aggregator, &first).await;
    assert_eq!(
        (&after["status"], &after["translations"]["id"]["name"]),
        (&json!("unpublished"), &json!("Kopi Satu"))
    );
    let back = json!({ "reason": "Belum jelas." });
    let _ =
        aggregator.owner.post(&request_path(&aggregator, &other, "/request-changes"), back).await.expect(200);
    let _ = aggregator.owner.step(&path(&aggregator, &second, "/archive")).await.expect(200);
    assert_eq!(read(&aggregator, &other).await["status"], "withdrawn");
    assert_eq!(events(&other["id"]).await.last().map(String::as_str), Some("change_request.withdrawn"));
    edit(&aggregator, &second, named("Kopi Tiga")).await.problem(409, "wrong_state");
}

#[tokio::test]
async fn of_an_erased_merchant_nothing_that_was_asked_for_is_left() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let mark = unique();
    let request = asked(&aggregator, &product, &format!("Kopi {mark}")).await;
    let back =
        json!({ "fields": [{ "pointer": "/translations/id/name", "reason": format!("Apa itu {mark}?") }] });
    let _ = aggregator
        .owner
        .post(&request_path(&aggregator, &request, "/request-changes"), back)
        .await
        .expect(200);
    crate::erasure_race::erase(&aggregator, &text(&product["merchant_id"])).await;
    let all = crate::erasure::everything(&aggregator).await;
    assert!(!all.contains(&mark), "{}", all.lines().filter(|line| line.contains(&mark)).collect::<String>());
    let database = Cluster::get().superuser(&Cluster::get().database).await;
    let sql = "SELECT status FROM change_requests WHERE id::text = $1";
    let row = database.query_one(sql, &[&text(&request["id"])]).await.expect(sql);
    assert_eq!(row.get::<_, String>(0), "withdrawn");
    aggregator.owner.get(&request_path(&aggregator, &request, "")).await.problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_accept_at_once_one_does() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let request = asked(&aggregator, &product, "Kopi Baru").await;
    let accept = request_path(&aggregator, &request, "/accept");
    let replies = all_at_once((0..6).map(|_| aggregator.owner.step(&accept))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
    for reply in replies.into_iter().filter(|reply| reply.status != 200) {
        reply.problem(409, "wrong_state");
    }
    let version = now(&aggregator, &product).await["version"].as_i64();
    assert_eq!(version, product["version"].as_i64().map(|version| version + 1), "made once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_and_an_acceptance_at_once_end_as_if_one_came_first() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    for round in 0..4 {
        let request = asked(&aggregator, &product, &format!("Kopi {round}")).await;
        let version = now(&aggregator, &product).await["version"].clone();
        let body = json!({ "version": request["version"] });
        let accept = aggregator.owner.post(&request_path(&aggregator, &request, "/accept"), body);
        let edit = aggregator
            .owner
            .patch(&path(&aggregator, &product, ""), json!({ "tags": [format!("t{round}")] }));
        let replies = all_at_once([accept, edit.of(&version)]).await;
        let statuses = (replies[0].status, replies[1].status);
        // Either the edit came too late, or the reviewer had not seen it.
        assert!([(200, 412), (412, 202)].contains(&statuses), "{statuses:?}");
        if statuses.0 == 412 {
            let _ = aggregator.owner.step(&request_path(&aggregator, &request, "/accept")).await.expect(200);
        }
        let name = now(&aggregator, &product).await.pointer("/translations/id/name").cloned();
        assert_eq!(name, Some(json!(format!("Kopi {round}"))));
    }
}

#[tokio::test]
async fn of_several_each_is_accepted_or_refused_for_itself_and_once_per_key() {
    let aggregator = World::new().await.aggregator().await;
    let (first, second, third, fourth) =
        tokio::join!(aggregator.product(), aggregator.product(), aggregator.product(), aggregator.product());
    let good = asked(&aggregator, &first, "Kopi Satu").await;
    let done = asked(&aggregator, &second, "Kopi Dua").await;
    let _ = aggregator.owner.step(&request_path(&aggregator, &done, "/withdraw")).await.expect(200);
    let media = path(&aggregator, &third, "/media");
    let bare = aggregator.owner.put(&media, json!({ "media": [] })).of(&third["version"]).await.json(202);
    let seen = asked(&aggregator, &fourth, "Kopi Empat").await;
    let (missing, accept) = (uuid::Uuid::now_v7().to_string(), aggregator.path("change-requests/accept"));
    let body = json!({
        "ids": [bare["id"], good["id"], done["id"], missing, seen["id"]], "versions": { text(&seen["id"]): 7 },
    });
    let key = unique();
    let call = || aggregator.owner.post(&accept, body.clone()).header("Idempotency-Key", &key);
    let reply = call().await.expect(200);
    let results = reply.json["results"].as_array().expect("results").clone();
    let codes: Vec<_> =
        results.iter().map(|r| r.pointer("/problem/code").cloned().unwrap_or_default()).collect();
    assert_eq!(
        codes,
        [
            json!("product_incomplete"),
            Value::Null,
            json!("wrong_state"),
            json!("not_found"),
            json!("precondition_failed")
        ]
    );
    assert_eq!((&results[1]["id"], &results[1]["status"]), (&good["id"], &json!("accepted")));
    assert_eq!(results[1]["version"], 2);
    assert_eq!(now(&aggregator, &first).await["version"], results[1]["product_version"]);
    assert_eq!(now(&aggregator, &third).await, third, "what was refused wrote nothing");
    assert_eq!(events(&good["id"]).await, ["change_request.opened", "change_request.accepted"]);
    let replay = call().await.expect(200);
    assert_eq!((replay.header("idempotency-replayed"), &replay.json), ("true", &reply.json));
    let ids = |ids: Value| aggregator.owner.post(&accept, json!({ "ids": ids }));
    ids(json!([])).await.faults(&[("/ids", "required")]);
    ids(json!(["x", good["id"], good["id"]]))
        .await
        .faults(&[("/ids/0", "invalid_id"), ("/ids/2", "duplicate_entry")]);
    ids((0..51).map(|_| json!(uuid::Uuid::now_v7())).collect()).await.faults(&[("/ids", "too_long")]);
}

#[tokio::test]
async fn a_merchant_sees_and_withdraws_what_is_asked_of_its_own_goods_alone() {
    let aggregator = World::new().await.aggregator().await;
    let (ours, theirs) = (aggregator.product().await, aggregator.product().await);
    let member = aggregator.merchant_member(&text(&ours["merchant_id"])).await;
    let own =
        member.patch(&path(&aggregator, &ours, ""), named("Kopi Kami")).of(&ours["version"]).await.json(202);
    assert_eq!(own["created_by"], json!(member.id));
    let foreign = asked(&aggregator, &theirs, "Kopi Mereka").await;
    let list = member.get(&aggregator.path("change-requests")).await.json(200);
    let ids: Vec<_> = list["data"].as_array().expect("a list").iter().map(|row| &row["id"]).collect();
    assert_eq!(ids, [&own["id"]]);
    member.get(&request_path(&aggregator, &foreign, "")).await.problem(404, "not_found");
    member.step(&request_path(&aggregator, &foreign, "/withdraw")).await.problem(404, "not_found");
    member.step(&request_path(&aggregator, &own, "/accept")).await.problem(403, "forbidden");
    let curator = aggregator.member(Role::Curator).await;
    let _ = curator.get(&request_path(&aggregator, &own, "")).await.expect(200);
    let stale = json!({ "version": 9 });
    member
        .post(&request_path(&aggregator, &own, "/withdraw"), stale)
        .await
        .problem(412, "precondition_failed");
    let gone = member.step(&request_path(&aggregator, &own, "/withdraw")).await.json(200);
    assert_eq!(gone["status"], "withdrawn");
    let database = Cluster::get().superuser(&Cluster::get().database).await;
    let sql = format!(
        "INSERT INTO restrictions VALUES ('{}', '{}', now())",
        aggregator.id,
        text(&theirs["merchant_id"])
    );
    database.batch_execute(&sql).await.expect(&sql);
    curator.get(&request_path(&aggregator, &foreign, "")).await.problem(404, "not_found");
}

#[tokio::test]
async fn another_category_shows_which_answers_go_with_the_move() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let tree = aggregator.world.visitor.get("/v1/categories").await.json(200);
    let anyaman = tree["data"].as_array().expect("a list").iter().find(|c| c["slug"] == "anyaman");
    let category = anyaman.expect("basketry")["id"].clone();
    let request = edit(&aggregator, &product, json!({ "category_id": category })).await.json(202);
    let moved = ("/category_id".to_owned(), product["category_id"].clone(), category.clone());
    assert!(changes(&request).contains(&moved), "{request}");
    let _ = aggregator.owner.step(&request_path(&aggregator, &request, "/accept")).await.expect(200);
    assert_eq!(now(&aggregator, &product).await["category_id"], category);
}

#[tokio::test]
async fn the_list_is_filtered_ordered_paged_and_given_as_a_file() {
    let aggregator = World::new().await.aggregator().await;
    let (first, second) = (aggregator.product().await, aggregator.product().await);
    let one = asked(&aggregator, &first, "Kopi Satu").await;
    let two = asked(&aggregator, &second, "Kopi Dua").await;
    let _ = aggregator.owner.step(&request_path(&aggregator, &one, "/withdraw")).await.expect(200);
    let hero = aggregator.member(Role::LocalHero).await;
    let profile = json!({ "user_id": hero.id, "capacity": 3, "area_codes": ["53.07"] });
    let _ = aggregator.owner.post(&aggregator.path("heroes"), profile).await.expect(201);
    let merchant = text(&second["merchant_id"]);
    let assign = aggregator.path(&format!("heroes/{}/merchants/{merchant}", hero.id));
    let _ = aggregator.owner.put(&assign, json!({})).await.expect(201);
    let ids = async |who: &Client, query: &str| {
        let list = who.get(&aggregator.path(&format!("change-requests?{query}"))).await.json(200);
        list["data"].as_array().expect("a list").iter().map(|row| row["id"].clone()).collect::<Vec<_>>()
    };
    let (one, two) = (one["id"].clone(), two["id"].clone());
    let both = [two.clone(), one.clone()];
    let word = text(&second["translations"]["id"]["name"]);
    let word = &word.rsplit(' ').next().expect("a word")[..8];
    for (query, expected) in [
        ("", &both[..]),
        ("sort=-created_at", &both[..]),
        ("sort=-updated_at", &[one.clone(), two.clone()][..]),
        ("status=open,needs_changes", &both[..1]),
        ("status=withdrawn", &both[1..]),
        (&format!("product={}", text(&second["id"])), &both[..1]),
        (&format!("merchant={merchant}"), &both[..1]),
        ("region=53", &both[..]),
        ("region=33", &[]),
        (&format!("hero={}", hero.id), &both[..1]),
        ("q=kop%20ARAB", &both[..]),
        (&format!("q={word}"), &both[..1]),
        ("q=opi", &[]),
    ] {
        assert_eq!(ids(&aggregator.owner, query).await, expected, "{query}");
    }
    assert_eq!(ids(&hero, "").await, &both[..1], "a hero sees those of his merchants");
    let page =
        aggregator.owner.get(&aggregator.path("change-requests?limit=1&sort=created_at")).await.json(200);
    assert_eq!(page["data"][0]["id"], one);
    assert_eq!(page["data"][0]["fields"], json!(["/translations/id/name"]));
    let next =
        format!("change-requests?limit=1&sort=created_at&cursor={}", text(&page["page"]["next_cursor"]));
    let rest = aggregator.owner.get(&aggregator.path(&next)).await.json(200);
    assert_eq!((&rest["data"][0]["id"], &rest["page"]["has_more"]), (&two, &json!(false)));
    let file = aggregator.owner.get(&aggregator.path("change-requests")).header("Accept", "text/csv").await;
    let file = file.expect(200).text();
    let lines: Vec<_> = file.split_terminator("\r\n").skip(1).map(|line| line[1..37].to_owned()).collect();
    assert_eq!(lines, [text(&two), text(&one)]);
    for bad in ["status=x", "product=x", "merchant=x", "region=x", "hero=x", "sort=name"] {
        let list = aggregator.path(&format!("change-requests?{bad}"));
        aggregator.owner.get(&list).await.problem(400, "invalid_parameter");
    }
}
