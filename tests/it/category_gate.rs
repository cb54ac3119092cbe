//! Gates: no product is shown without the documents that its category demands.

use kapal_tests::{Aggregator, Cluster, Server, ServerOptions, World, eventually, halal, nib, pirt, text};
use serde_json::{Value, json};

async fn category(aggregator: &Aggregator, slug: &str) -> Value {
    let tree = aggregator.world.visitor.get("/v1/categories").await.json(200);
    let all = tree["data"].as_array().cloned().unwrap_or_default();
    all.into_iter().find(|category| category["slug"] == slug).unwrap_or_else(|| panic!("no {slug}"))
}

/// A merchant that is verified and has a NIB and nothing else.
async fn bare(aggregator: &Aggregator) -> String {
    let id = text(&aggregator.merchant().await["id"]);
    for step in ["submit", "verify"] {
        let _ = aggregator.owner.step(&aggregator.path(&format!("merchants/{id}/{step}"))).await.expect(200);
    }
    id
}

async fn submitted(aggregator: &Aggregator, merchant: &str, category_slug: &str) -> Value {
    let mut body = aggregator.product_body(merchant).await;
    body["category_id"] = category(aggregator, category_slug).await["id"].clone();
    let product = aggregator.owner.post(&aggregator.path("products"), body).await.json(201);
    aggregator
        .owner
        .step(&aggregator.path(&format!("products/{}/submit", text(&product["id"]))))
        .await
        .json(200)
}

fn publish(aggregator: &Aggregator, product: &Value) -> kapal_tests::Call {
    aggregator.owner.step(&aggregator.path(&format!("products/{}/publish", text(&product["id"]))))
}

/// Whether it is shown, on its page and in the list alike. The worker may act between the two reads: then they are made
/// again.
async fn is_shown(aggregator: &Aggregator, product: &Value) -> bool {
    let path = aggregator.shop(&format!("/products/{}", text(&product["slug"])));
    eventually("the page and the list agree", async || {
        let detail = aggregator.world.visitor.get(&path).await.status == 200;
        let list = aggregator.world.visitor.get(&aggregator.shop("/products?limit=100")).await.json(200);
        let listed = list["data"].as_array().into_iter().flatten().any(|shown| shown["id"] == product["id"]);
        (detail == listed).then_some(detail)
    })
    .await
}

async fn in_time(database: &str, sql: &str) {
    Cluster::get().superuser(database).await.batch_execute(sql).await.expect(sql);
}

#[tokio::test]
async fn each_missing_document_is_named_with_its_law_in_the_asked_language() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = bare(&aggregator).await;
    let product = submitted(&aggregator, &merchant, "makanan-ringan").await;
    let refused = publish(&aggregator, &product).await.problem(409, "gate_document_missing");
    let detail = text(&refused["detail"]);
    for words in
        ["P-IRT atau nomor BPOM", "BPOM 22/2018", "sertifikat halal", "PP 42/2024 pasal 160", "wajib"]
    {
        assert!(detail.contains(words), "{words} in {detail}");
    }
    let refused = publish(&aggregator, &product).header("Accept-Language", "en").await;
    let detail = text(&refused.problem(409, "gate_document_missing")["detail"]);
    assert!(detail.contains("halal certificate (Food must have a halal certificate."), "{detail}");
    let _ = aggregator.verified_document(&merchant, "halal", json!({ "number": halal() })).await;
    let _ = aggregator.document(&merchant, "pirt", json!({ "number": pirt() })).await;
    let refused = publish(&aggregator, &product).await.problem(409, "gate_document_missing");
    assert!(!text(&refused["detail"]).contains("halal"), "{refused}");
    let step = aggregator.path(&format!("merchants/{merchant}/documents/pirt/verify"));
    let _ = aggregator.owner.step(&step).await.expect(200);
    let _ = publish(&aggregator, &product).await.expect(200);
    assert!(is_shown(&aggregator, &product).await);
}

#[tokio::test]
async fn crafts_need_a_nib_alone_and_bpoms_number_stands_for_a_pirt() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = bare(&aggregator).await;
    let basket = submitted(&aggregator, &merchant, "anyaman").await;
    let _ = publish(&aggregator, &basket).await.expect(200);
    let rice = submitted(&aggregator, &merchant, "beras").await;
    let _ = publish(&aggregator, &rice).await.expect(200);
    let sauce = submitted(&aggregator, &merchant, "makanan-olahan").await;
    let _ = aggregator.verified_document(&merchant, "halal", json!({ "number": halal() })).await;
    let _ = aggregator.verified_document(&merchant, "bpom", json!({ "number": "MD 241112003045" })).await;
    let _ = publish(&aggregator, &sauce).await.expect(200);
    let jamu = submitted(&aggregator, &merchant, "jamu").await;
    let refused = publish(&aggregator, &jamu).await.problem(409, "gate_document_missing");
    assert!(text(&refused["detail"]).contains("BPOM TR"), "food's number is none of jamu's: {refused}");
}

#[tokio::test]
async fn the_day_depends_on_the_size_of_the_business() {
    let aggregator = World::new().await.aggregator().await;
    let food = category(&aggregator, "makanan-ringan").await;
    let halal = food["gates"].as_array().into_iter().flatten().find(|gate| gate["document"] == "halal");
    let from = &halal.expect("a gate")["mandatory_from"];
    assert_eq!(
        (&from["micro"], &from["small"], &from["medium"]),
        (&json!("2026-10-17"), &json!("2026-10-17"), &json!("2024-10-18"))
    );
    let above = category(&aggregator, "makanan").await;
    assert_eq!(halal.expect("a gate")["category_id"], above["id"], "it is inherited");
    let rice = category(&aggregator, "beras").await;
    let halal = rice["gates"].as_array().into_iter().flatten().find(|gate| gate["document"] == "halal");
    assert_eq!(
        halal.expect("a gate")["mandatory_from"],
        json!({ "micro": null, "small": null, "medium": null })
    );
}

#[tokio::test]
async fn what_is_revoked_or_changed_leaves_the_storefront_at_once_and_comes_back_with_its_renewal() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let product = aggregator.product().await;
    let merchant = text(&product["merchant_id"]);
    let path = aggregator.path(&format!("merchants/{merchant}/documents/halal"));
    assert!(is_shown(&aggregator, &product).await);
    let note = json!({ "note": "Sertifikat dicabut BPJPH." });
    let revoked = owner.post(&format!("{path}/revoke"), note).await.json(200);
    assert!(!is_shown(&aggregator, &product).await);
    let status = async || {
        owner.get(&aggregator.path(&format!("products/{}", text(&product["id"])))).await.json(200)["status"]
            .clone()
    };
    assert_eq!(status().await, "published", "it is still published");
    let body = json!({ "number": halal(), "file_id": revoked["file_id"] });
    let renewed = owner.put(&path, body).of(&revoked["version"]).await.json(200);
    assert!(!is_shown(&aggregator, &product).await);
    let verified = owner.step(&format!("{path}/verify")).of(&renewed["version"]).await.json(200);
    assert!(is_shown(&aggregator, &product).await);
    // Other changes of the product and the merchant bring nothing back that is shut, and take nothing away.
    let stock = aggregator.path(&format!(
        "products/{}/variants/{}/stock",
        text(&product["id"]),
        text(&product["variants"][0]["id"])
    ));
    let _ = owner.post(&stock, json!({ "delta": 1, "reason": "Panen" })).await.expect(200);
    assert!(is_shown(&aggregator, &product).await);
    let changed = json!({ "number": halal(), "file_id": verified["file_id"] });
    let _ = owner.put(&path, changed).of(&verified["version"]).await.expect(200);
    let _ = owner.post(&stock, json!({ "delta": 1, "reason": "Panen" })).await.expect(200);
    assert!(!is_shown(&aggregator, &product).await);
}

#[tokio::test]
async fn a_nib_that_was_rejected_or_revoked_shuts_everything() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let merchant = text(&product["merchant_id"]);
    let number =
        aggregator.owner.get(&aggregator.path(&format!("merchants/{merchant}"))).await.json(200)["nib"]
            .clone();
    assert!(is_shown(&aggregator, &product).await);
    let path = aggregator.path(&format!("merchants/{merchant}/documents/nib"));
    let revoke = format!("{path}/revoke");
    let revoked = aggregator.owner.post(&revoke, json!({ "note": "Dicabut OSS." })).await.json(200);
    assert!(!is_shown(&aggregator, &product).await);
    // Whoever enters it anew has it verified first, and takes it away no more.
    let member = aggregator.merchant_member(&merchant).await;
    let draft = json!({ "number": number, "draft": true });
    let entered = member.put(&path, draft).of(&revoked["version"]).await.json(200);
    assert!(!is_shown(&aggregator, &product).await, "as a draft");
    let file = aggregator.evidence(&merchant).await;
    let again = json!({ "number": number, "file_id": file });
    let entered = member.put(&path, again).of(&entered["version"]).await.json(200);
    assert_eq!(entered["status"], "submitted");
    assert!(!is_shown(&aggregator, &product).await, "as submitted");
    member.delete(&path).of(&entered["version"]).await.problem(409, "wrong_state");
    let _ = aggregator.owner.step(&format!("{path}/verify")).await.expect(200);
    assert!(is_shown(&aggregator, &product).await);
    let own = aggregator.path(&format!("merchants/{merchant}"));
    let version = aggregator.owner.get(&own).await.json(200)["version"].clone();
    let _ = member.patch(&own, json!({ "nib": nib() })).of(&version).await.expect(200);
    assert!(!is_shown(&aggregator, &product).await, "another number is not the one that was verified");
}

#[tokio::test]
async fn a_nib_is_verified_with_its_merchant_and_opens_nothing_once_it_changes() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let merchant = bare(&aggregator).await;
    let own = aggregator.path(&format!("merchants/{merchant}"));
    let path = format!("{own}/documents/nib");
    let verified = owner.get(&path).await.json(200);
    assert_eq!((&verified["status"], &verified["file_id"]), (&json!("verified"), &Value::Null));
    assert_eq!(verified["verified_by"], json!(owner.id));
    let sql = format!("SELECT kind FROM events WHERE subject_id = '{}'", text(&verified["id"]));
    let cluster = Cluster::get();
    let events = cluster.superuser(&cluster.database).await.query(&sql, &[]).await.expect("events");
    let events: Vec<String> = events.iter().map(|row| row.get(0)).collect();
    assert_eq!(events, ["document.verified"]);
    let basket = submitted(&aggregator, &merchant, "anyaman").await;
    let _ = publish(&aggregator, &basket).await.expect(200);
    assert!(is_shown(&aggregator, &basket).await);

    let version = owner.get(&own).await.json(200)["version"].clone();
    let number = nib();
    let _ = owner.patch(&own, json!({ "nib": number })).of(&version).await.expect(200);
    let waiting = owner.get(&path).await.json(200);
    assert_eq!((&waiting["status"], &waiting["verified_by"]), (&json!("submitted"), &Value::Null));
    assert!(!is_shown(&aggregator, &basket).await);
    let other = submitted(&aggregator, &merchant, "anyaman").await;
    let refused = publish(&aggregator, &other).await.problem(409, "gate_document_missing");
    let detail = text(&refused["detail"]);
    assert!(detail.contains("NIB") && detail.contains("Permendag 31/2023 pasal 33"), "{detail}");
    let list = owner.get(&format!("{own}/onboarding")).header("Accept-Language", "en").await.json(200);
    let step = list["steps"].as_array().expect("steps").iter().find(|s| s["pointer"] == "/documents/nib");
    let step = step.expect("a step");
    assert_eq!((&step["state"], &step["text"]), (&json!("waiting"), &json!("Verify the NIB.")));
    let progress = owner.get(&format!("{own}/progress")).await.json(200);
    assert_eq!(progress["criteria"][0]["outcome"], "unmet", "{progress}");
    // Neither a suspension nor its end says anything of a NIB.
    for step in ["suspend", "reinstate"] {
        let _ = owner.step(&format!("{own}/{step}")).await.expect(200);
    }
    assert!(!is_shown(&aggregator, &basket).await);

    owner.step(&format!("{path}/verify")).await.problem(409, "document_unproven");
    let file = aggregator.evidence(&merchant).await;
    let proven = json!({ "number": number, "file_id": file });
    let proven = owner.put(&path, proven).of(&waiting["version"]).await.json(200);
    assert!(!is_shown(&aggregator, &basket).await);
    let _ = owner.step(&format!("{path}/verify")).of(&proven["version"]).await.expect(200);
    assert!(is_shown(&aggregator, &basket).await);
    let _ = publish(&aggregator, &other).await.expect(200);
}

#[tokio::test]
async fn who_verifies_a_merchant_verifies_the_nib_that_he_has_looked_at() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let own = aggregator.path(&format!("merchants/{}", text(&aggregator.merchant().await["id"])));
    let path = format!("{own}/documents/nib");
    let number = owner.get(&own).await.json(200)["nib"].clone();
    let _ = owner.put(&path, json!({ "number": number, "draft": true })).await.expect(201);
    let seen = owner.step(&format!("{own}/submit")).await.json(200)["version"].clone();
    let verify = |body: Value| owner.post(&format!("{own}/verify"), body);
    verify(json!({ "note": "" })).await.faults(&[("/note", "required")]);
    verify(json!({})).of(&json!(99)).await.problem(412, "precondition_failed");
    // Of a verification and another NIB at once one is too late.
    let replies = kapal_tests::all_at_once([
        verify(json!({ "note": "Dicocokkan dengan OSS." })).of(&seen),
        owner.patch(&own, json!({ "nib": nib() })).of(&seen),
    ])
    .await;
    let mut answers = [replies[0].status, replies[1].status];
    answers.sort();
    assert_eq!(answers, [200, 412]);
    if replies[0].status == 412 {
        let _ = verify(json!({ "note": "Dicocokkan dengan OSS." })).await.expect(200);
    }
    let document = owner.get(&path).await.json(200);
    assert_eq!(
        (&document["status"], &document["note"]),
        (&json!("verified"), &json!("Dicocokkan dengan OSS."))
    );
}

#[tokio::test]
async fn no_merchant_is_verified_on_a_nib_that_was_refused() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let merchant = aggregator.merchant().await;
    let own = aggregator.path(&format!("merchants/{}", text(&merchant["id"])));
    let path = format!("{own}/documents/nib");
    let _ = aggregator.document(&text(&merchant["id"]), "nib", json!({ "number": merchant["nib"] })).await;
    let rejected = owner.post(&format!("{path}/reject"), json!({ "note": "Bukan NIB." })).await.json(200);
    let _ = owner.step(&format!("{own}/submit")).await.expect(200);
    let refused = owner.step(&format!("{own}/verify")).await.problem(409, "merchant_incomplete");
    assert!(text(&refused["detail"]).contains("/documents/nib"), "{refused}");
    let body = json!({ "number": merchant["nib"] });
    let again = owner.put(&path, body).of(&rejected["version"]).await;
    assert_eq!(again.status, 200, "{again}");
    let _ = owner.step(&format!("{own}/verify")).await.expect(200);
    assert_eq!(owner.get(&path).await.json(200)["status"], "verified");
}

#[tokio::test]
async fn risky_food_needs_bpoms_md_and_wood_for_export_its_legality() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = bare(&aggregator).await;
    let frozen = submitted(&aggregator, &merchant, "pangan-risiko-tinggi").await;
    for (kind, number) in [("halal", halal()), ("pirt", pirt()), ("bpom", "TR 183615891".to_owned())] {
        let _ = aggregator.verified_document(&merchant, kind, json!({ "number": number })).await;
    }
    let refused = publish(&aggregator, &frozen).await.problem(409, "gate_document_missing");
    let detail = text(&refused["detail"]);
    assert!(detail.contains("BPOM MD") && !detail.contains("P-IRT"), "{detail}");
    let wood = submitted(&aggregator, &merchant, "kayu-ekspor").await;
    let refused = publish(&aggregator, &wood).await.problem(409, "gate_document_missing");
    assert!(text(&refused["detail"]).contains("SVLK"), "{refused}");
    let svlk = json!({ "number": "00123/SVLK/2025", "issuer": "Lembaga Sertifikasi Kayu" });
    let _ = aggregator.verified_document(&merchant, "svlk", svlk).await;
    let _ = publish(&aggregator, &wood).await.expect(200);
    let chair = submitted(&aggregator, &merchant, "mebel").await;
    let _ = publish(&aggregator, &chair).await.expect(200);
}

#[tokio::test]
async fn a_document_that_ends_takes_its_products_along_and_the_tag_follows() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let merchant = text(&product["merchant_id"]);
    let (list, visitor) = (aggregator.shop("/products"), &aggregator.world.visitor);
    let known = visitor.get(&list).await.expect(200).header("etag").to_owned();
    in_time(
        &Cluster::get().database,
        &format!(
            "UPDATE legal_documents SET expires_on = (now() AT TIME ZONE 'Asia/Makassar')::date - 1, next_turn_at = now() \
             WHERE merchant_id = '{merchant}' AND kind = 'halal'"
        ),
    )
    .await;
    let after = eventually("the product is gone", async || {
        let now = visitor.get(&list).header("If-None-Match", &known).await;
        (now.status == 200 && now.json["data"] == json!([])).then_some(now)
    })
    .await;
    assert_ne!(after.header("etag"), known);
    let path = aggregator.path(&format!("merchants/{merchant}/documents/halal"));
    let expired = aggregator.owner.get(&path).await.json(200);
    assert_eq!(expired["status"], "expired");
    let body = json!({ "number": halal(), "file_id": expired["file_id"] });
    let _ = aggregator.owner.put(&path, body).of(&expired["version"]).await.expect(200);
    let _ = aggregator.owner.step(&format!("{path}/verify")).await.expect(200);
    assert!(is_shown(&aggregator, &product).await);
}

#[tokio::test]
async fn of_a_publication_and_a_revocation_at_once_nothing_shut_is_shown() {
    let aggregator = World::new().await.aggregator().await;
    for _ in 0..6 {
        let merchant = text(&aggregator.active_merchant().await["id"]);
        let product = submitted(&aggregator, &merchant, "makanan-ringan").await;
        let revoke = aggregator.path(&format!("merchants/{merchant}/documents/halal/revoke"));
        let replies = kapal_tests::all_at_once([
            publish(&aggregator, &product),
            aggregator.owner.post(&revoke, json!({ "note": "Dicabut." })),
        ])
        .await;
        assert!([200, 409].contains(&replies[0].status), "{}", replies[0]);
        assert_eq!(replies[1].status, 200, "{}", replies[1]);
        assert!(!is_shown(&aggregator, &product).await);
    }
}

#[tokio::test]
async fn operators_set_gates_and_what_is_published_follows() {
    let server = Server::start(ServerOptions::default()).await;
    let world = World::on(&server).await;
    let aggregator = world.aggregator().await;
    let merchant = bare(&aggregator).await;
    let basket = submitted(&aggregator, &merchant, "anyaman").await;
    let _ = publish(&aggregator, &basket).await.expect(200);
    let above = category(&aggregator, "kerajinan").await;
    let path = format!("/v1/platform/categories/{}/gates", text(&above["id"]));
    let before = world.operator.get(&path).await.json(200);
    assert_eq!(before["version"], above["version"]);
    let gate = |document: &str, day: Value| {
        json!({
            "document": document, "mandatory_from": { "micro": day, "small": day, "medium": day },
            "reason": { "id": "Wajib SNI.", "en": "SNI is mandatory." }, "source": "Contoh pasal 1",
        })
    };
    let gates = json!({ "gates": [gate("sni", json!("2020-01-01"))] });
    world.operator.put(&path, gates.clone()).await.problem(428, "precondition_required");
    world.operator.put(&path, gates.clone()).of(&json!(99)).await.problem(412, "precondition_failed");
    aggregator.owner.put(&path, gates.clone()).of(&before["version"]).await.problem(403, "forbidden");
    let set = world.operator.put(&path, gates.clone()).of(&before["version"]).await.json(200);
    assert_eq!(set["version"], json!(before["version"].as_i64().expect("a version") + 1));
    assert_eq!(world.operator.put(&path, gates).of(&set["version"]).await.json(200), set);
    eventually("the basket is gone", async || (!is_shown(&aggregator, &basket).await).then_some(())).await;
    let _ = aggregator.verified_document(&merchant, "sni", json!({ "number": "SNI 8664:2018" })).await;
    assert!(is_shown(&aggregator, &basket).await);
    // The branch settles it for itself; later on a day comes.
    let branch = category(&aggregator, "anyaman").await;
    let path = format!("/v1/platform/categories/{}/gates", text(&branch["id"]));
    let of_branch = json!({ "gates": [gate("sni", Value::Null), gate("svlk", json!("2199-01-01"))] });
    let _ = world.operator.put(&path, of_branch).of(&branch["version"]).await.expect(200);
    let revoke = aggregator.path(&format!("merchants/{merchant}/documents/sni/revoke"));
    let _ = aggregator.owner.post(&revoke, json!({ "note": "Dicabut." })).await.expect(200);
    assert!(is_shown(&aggregator, &basket).await, "the branch asks for no SNI");
    in_time(
        &server.database,
        "UPDATE category_gates SET micro_from = '2026-01-01' WHERE document = 'svlk'; UPDATE gate_turns SET next_turn_at = now()",
    )
    .await;
    eventually("the day has come", async || (!is_shown(&aggregator, &basket).await).then_some(())).await;
}

#[tokio::test]
async fn bad_gates_are_named() {
    let world = World::new().await;
    let aggregator = world.aggregator().await;
    let food = category(&aggregator, "makanan").await;
    let path = format!("/v1/platform/categories/{}/gates", text(&food["id"]));
    let reason = json!({ "id": "Wajib.", "en": "x" });
    let bad = json!({ "gates": [
        { "document": "ktp", "number_prefix": "1", "mandatory_from": { "micro": "kelak" }, "reason": reason, "source": "" },
        { "document": "halal", "instead": "halal", "mandatory_from": {}, "reason": { "id": "Wajib.", "en": "Needed." }, "source": "UU 33/2014" },
    ] });
    world.operator.put(&path, bad).of(&food["version"]).await.faults(&[
        ("/gates/0/document", "invalid_choice"),
        ("/gates/0/number_prefix", "invalid_document_number"),
        ("/gates/0/mandatory_from/micro", "invalid_date"),
        ("/gates/0/reason/en", "too_short"),
        ("/gates/0/source", "required"),
        ("/gates/1/instead", "duplicate_entry"),
    ]);
    let one = json!({ "document": "halal", "mandatory_from": {}, "reason": { "id": "Wajib.", "en": "Needed." }, "source": "UU 33/2014" });
    let twice = json!({ "gates": [one, one] });
    world
        .operator
        .put(&path, twice)
        .of(&food["version"])
        .await
        .faults(&[("/gates/1/document", "duplicate_entry")]);
    let nowhere = format!("/v1/platform/categories/{}/gates", uuid::Uuid::now_v7());
    world.operator.get(&nowhere).await.problem(404, "not_found");
}
