//! Legal documents: numbers, evidence, verdicts, versions, ends.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Cluster, World, all_at_once, halal, nib, pirt, text};
use serde_json::{Value, json};

fn path(aggregator: &Aggregator, merchant: &str, kind: &str) -> String {
    aggregator.path(&format!("merchants/{merchant}/documents/{kind}"))
}

async fn draft(aggregator: &Aggregator) -> String {
    text(&aggregator.merchant().await["id"])
}

/// Runs SQL in the shared server's database, above all rules: what only time would do.
async fn in_time(sql: &str) {
    let cluster = Cluster::get();
    cluster.superuser(&cluster.database).await.batch_execute(sql).await.expect(sql);
}

#[tokio::test]
async fn a_document_is_entered_read_changed_and_deleted() {
    let aggregator = World::new().await.aggregator().await;
    let (owner, merchant) = (&aggregator.owner, draft(&aggregator).await);
    let path = path(&aggregator, &merchant, "pirt");
    let body = json!({
        "number": "2063171-010001-31", "holder": "Ina Wulandari", "issuer": "Dinas Kesehatan Sikka",
        "issued_on": "2026-05-01", "expires_on": "2031-05-01",
    });
    let made = owner.put(&path, body.clone()).await.expect(201);
    assert_eq!((made.header("location"), made.header("etag")), (path.as_str(), "\"1\""));
    let view = &made.json;
    assert_eq!((&view["number"], &view["written"]), (&json!("206317101000131"), &json!("2063171-010001-31")));
    assert_eq!(
        (&view["status"], &view["format_ok"], &view["warnings"]),
        (&json!("submitted"), &json!(true), &json!([]))
    );
    assert_eq!((&view["entered_by"], &view["verified_at"]), (&json!(owner.id), &Value::Null));
    assert_eq!(owner.get(&path).await.json(200), *view);
    let same = owner.put(&path, body.clone()).await.expect(200);
    assert_eq!(same.json, *view, "the same once more changes nothing");
    let mut other = body;
    other["number"] = json!("2063171010002-31");
    owner.put(&path, other.clone()).await.problem(428, "precondition_required");
    owner.put(&path, other.clone()).of(&json!(9)).await.problem(412, "precondition_failed");
    owner.put(&path, other.clone()).header("If-None-Match", "*").await.problem(412, "precondition_failed");
    let changed = owner.put(&path, other).of(&json!(1)).await.json(200);
    assert_eq!((&changed["number"], &changed["version"]), (&json!("206317101000231"), &json!(2)));
    let listed = owner.get(&aggregator.path(&format!("merchants/{merchant}/documents"))).await.json(200);
    assert_eq!(listed["data"], json!([changed]));
    owner.delete(&path).await.problem(428, "precondition_required");
    owner.delete(&path).of(&json!(1)).await.problem(412, "precondition_failed");
    let _ = owner.delete(&path).of(&json!(2)).await.expect(204);
    owner.get(&path).await.problem(404, "not_found");
    owner
        .get(&aggregator.path(&format!("merchants/{merchant}/documents/ktp")))
        .await
        .problem(404, "not_found");
}

#[tokio::test]
async fn what_cannot_be_right_is_named_and_nothing_is_kept() {
    let aggregator = World::new().await.aggregator().await;
    let (owner, merchant) = (&aggregator.owner, draft(&aggregator).await);
    let bad = json!({
        "number": "KH32110000123456789", "holder": "x", "issuer": "", "issued_on": "2026-13-01",
        "expires_on": "kelak", "file_id": "x",
    });
    owner.put(&path(&aggregator, &merchant, "halal"), bad).await.faults(&[
        ("/number", "invalid_document_number"),
        ("/holder", "too_short"),
        ("/issuer", "required"),
        ("/issued_on", "invalid_date"),
        ("/expires_on", "invalid_date"),
        ("/file_id", "invalid_id"),
    ]);
    for (kind, number, code) in [
        ("nib", "123", "invalid_nib"),
        ("nik", "3201993013900001", "impossible_nik_date"),
        ("nik", "32019930139000", "invalid_nik"),
        ("npwp", "123", "invalid_npwp"),
        ("pirt", "12345", "invalid_document_number"),
        ("bpom", "MD12", "invalid_document_number"),
        ("sni", "SNI\u{0}8664", "invalid_characters"),
    ] {
        owner
            .put(&path(&aggregator, &merchant, kind), json!({ "number": number }))
            .await
            .faults(&[("/number", code)]);
    }
    let turned = json!({ "number": halal(), "issued_on": "2026-02-01", "expires_on": "2026-01-31" });
    owner
        .put(&path(&aggregator, &merchant, "halal"), turned)
        .await
        .faults(&[("/expires_on", "expires_before_issued")]);
    let coming = json!({ "number": halal(), "issued_on": "2199-01-01" });
    owner
        .put(&path(&aggregator, &merchant, "halal"), coming)
        .await
        .faults(&[("/issued_on", "date_in_future")]);
    let all = owner.get(&aggregator.path(&format!("merchants/{merchant}/documents"))).await.json(200);
    assert_eq!(all["data"], json!([]));
}

#[tokio::test]
async fn a_standard_keeps_the_number_of_its_products_certificate_beside_its_own() {
    let aggregator = World::new().await.aggregator().await;
    let (owner, merchant) = (&aggregator.owner, draft(&aggregator).await);
    let sni = path(&aggregator, &merchant, "sni");
    let body = |certificate: &str| json!({ "number": "SNI 8664:2018", "certificate_number": certificate });
    owner.put(&sni, body("SPPT")).await.faults(&[("/certificate_number", "too_short")]);
    owner.put(&sni, body(&"9".repeat(61))).await.faults(&[("/certificate_number", "too_long")]);
    let other = json!({ "number": halal(), "certificate_number": "SPPT SNI 012" });
    owner
        .put(&path(&aggregator, &merchant, "halal"), other)
        .await
        .faults(&[("/certificate_number", "invalid_choice")]);
    let made = owner.put(&sni, body("SPPT SNI 012/LSPr/2025")).await.json(201);
    assert_eq!(
        (&made["number"], &made["certificate_number"]),
        (&json!("SNI 8664:2018"), &json!("SPPT SNI 012/LSPr/2025"))
    );
    assert_eq!(owner.put(&sni, body("SPPT SNI 012/LSPr/2025")).await.json(200), made);
    let changed = owner.put(&sni, body("SPPT SNI 013/LSPr/2026")).of(&made["version"]).await.json(200);
    assert_eq!(
        (&changed["certificate_number"], &changed["version"]),
        (&json!("SPPT SNI 013/LSPr/2026"), &json!(2))
    );
}

#[tokio::test]
async fn what_is_unusual_is_a_warning_in_the_asked_language() {
    let aggregator = World::new().await.aggregator().await;
    let (owner, merchant) = (&aggregator.owner, draft(&aggregator).await);
    let put = async |kind: &str, body: Value| {
        let reply =
            owner.put(&path(&aggregator, &merchant, kind), body).header("Accept-Language", "en").await;
        reply.json(201)
    };
    let codes = |view: &Value| -> Vec<String> {
        view["warnings"].as_array().into_iter().flatten().map(|w| text(&w["code"])).collect()
    };
    let early = put("pirt", json!({ "number": "206317101000131", "expires_on": "2030-01-01" })).await;
    assert_eq!((codes(&early), &early["format_ok"]), (vec!["year_differs".to_owned()], &json!(true)));
    assert!(text(&early["warnings"][0]["detail"]).starts_with("The year of expiry"));
    let odd = put("trademark", json!({ "number": "J002020012345" })).await;
    assert_eq!((codes(&odd), &odd["format_ok"]), (vec!["unusual_form".to_owned()], &json!(false)));
    let number = halal();
    let _ = put("halal", json!({ "number": number })).await;
    let twin = draft(&aggregator).await;
    let twice = owner.put(&path(&aggregator, &twin, "halal"), json!({ "number": number })).await.json(201);
    assert_eq!((codes(&twice), &twice["format_ok"]), (vec!["used_elsewhere".to_owned()], &json!(true)));
    assert_eq!(twice["warnings"][0]["detail"], "Pelaku usaha lain memakai nomor ini.");
}

#[tokio::test]
async fn personal_numbers_are_masked_sealed_and_found_by_their_hash() {
    let aggregator = World::new().await.aggregator().await;
    let (owner, merchant) = (&aggregator.owner, draft(&aggregator).await);
    let hero = aggregator.member(Role::LocalHero).await;
    let body = json!({ "name": "Kopi Egon", "region_code": "53.07", "phone": "081234567890" });
    let his = text(&hero.post(&aggregator.path("merchants"), body).await.json(201)["id"]);
    let nik = json!({ "number": "3201 9950 0190 0001" });
    let made = hero.put(&path(&aggregator, &his, "nik"), nik.clone()).await.json(201);
    assert_eq!((&made["number"], &made["written"]), (&json!("3201********0001"), &Value::Null));
    assert_eq!(hero.put(&path(&aggregator, &his, "nik"), nik.clone()).await.json(200), made);
    let npwp = owner
        .put(&path(&aggregator, &his, "npwp"), json!({ "number": "12.345.678.9-012.345" }))
        .await
        .json(201);
    assert_eq!(npwp["number"], "0123********2345");
    let twin = owner.put(&path(&aggregator, &merchant, "nik"), nik).await.json(201);
    assert_eq!(twin["warnings"][0]["code"], "used_elsewhere");
    let cluster = Cluster::get();
    let database = cluster.superuser(&cluster.database).await;
    let tenant = format!("aggregator_id = '{}'", aggregator.id);
    for table in ["legal_documents", "events", "audit_entries"] {
        let sql = format!(
            "SELECT count(*) FROM {table} t WHERE {tenant} AND t::text ~ '3201 ?9950|0123456789012345|12[.]345[.]678'"
        );
        let row = database.query_one(&sql, &[]).await.expect("a count");
        assert_eq!(row.get::<_, i64>(0), 0, "{table} has a number in the clear");
    }
    let listed = owner.get(&aggregator.path(&format!("merchants/{his}/documents"))).await.expect(200);
    assert!(!listed.text().contains("9950"));
}

#[tokio::test]
async fn evidence_is_of_the_same_merchant() {
    let world = World::new().await;
    let (aggregator, stranger) = (world.aggregator().await, world.aggregator().await);
    let (merchant, other) = (draft(&aggregator).await, draft(&aggregator).await);
    let foreign = stranger.evidence(&draft(&stranger).await).await;
    let others = aggregator.evidence(&other).await;
    for file in [foreign, others, uuid::Uuid::now_v7().to_string()] {
        let body = json!({ "number": halal(), "file_id": file });
        aggregator
            .owner
            .put(&path(&aggregator, &merchant, "halal"), body)
            .await
            .faults(&[("/file_id", "unknown_reference")]);
    }
    aggregator.owner.get(&path(&aggregator, &merchant, "halal")).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_verdict_needs_evidence_a_note_where_it_is_bad_and_a_state_that_has_it() {
    let aggregator = World::new().await.aggregator().await;
    let (owner, merchant) = (&aggregator.owner, draft(&aggregator).await);
    let path = path(&aggregator, &merchant, "halal");
    let step = |action: &str| format!("{path}/{action}");
    let note = json!({ "note": "Foto tidak terbaca." });
    owner.step(&step("verify")).await.problem(404, "not_found");
    let number = halal();
    let made = owner.put(&path, json!({ "number": number, "draft": true })).await.json(201);
    assert_eq!(made["status"], "draft");
    owner.step(&step("verify")).await.problem(409, "wrong_state");
    let _ = owner.put(&path, json!({ "number": number })).of(&json!(1)).await.expect(200);
    owner.step(&step("verify")).await.problem(409, "document_unproven");
    owner.post(&step("reject"), json!({ "note": " " })).await.faults(&[("/note", "required")]);
    owner.post(&step("revoke"), note.clone()).await.problem(409, "wrong_state");
    let rejected = owner.post(&step("reject"), note.clone()).await.json(200);
    assert_eq!((&rejected["status"], &rejected["note"]), (&json!("rejected"), &note["note"]));
    owner.delete(&path).of(&rejected["version"]).await.problem(409, "wrong_state");
    let file = aggregator.evidence(&merchant).await;
    let body = json!({ "number": number, "file_id": file });
    let again = owner.put(&path, body.clone()).of(&rejected["version"]).await.json(200);
    assert_eq!((&again["status"], &again["note"]), (&json!("submitted"), &Value::Null));
    owner.step(&step("verify")).of(&rejected["version"]).await.problem(412, "precondition_failed");
    let verified = owner.step(&step("verify")).of(&again["version"]).await.json(200);
    assert_eq!((&verified["status"], &verified["verified_by"]), (&json!("verified"), &json!(owner.id)));
    assert!(verified["verified_at"].is_string());
    assert_eq!(
        owner.put(&path, body.clone()).await.json(200),
        verified,
        "who repeats himself changes nothing"
    );
    owner.step(&step("verify")).await.problem(409, "wrong_state");
    owner.delete(&path).of(&verified["version"]).await.problem(409, "wrong_state");
    let revoked = owner.post(&step("revoke"), note).await.json(200);
    assert_eq!((&revoked["status"], &revoked["verified_by"]), (&json!("revoked"), &json!(owner.id)));
    let mut old = body;
    old["expires_on"] = json!("2026-01-01");
    let _ = owner.put(&path, old).of(&revoked["version"]).await.expect(200);
    owner.step(&step("verify")).await.problem(409, "document_expired");
}

#[tokio::test]
async fn whatever_is_changed_has_to_be_verified_anew() {
    let aggregator = World::new().await.aggregator().await;
    let (owner, merchant) = (&aggregator.owner, draft(&aggregator).await);
    let number = pirt();
    let mut verified = aggregator
        .verified_document(&merchant, "pirt", json!({ "number": number, "expires_on": "2031-12-31" }))
        .await;
    let path = path(&aggregator, &merchant, "pirt");
    let file = aggregator.evidence(&merchant).await;
    for (field, value) in [
        ("number", json!(pirt())),
        ("file_id", json!(file)),
        ("expires_on", json!("2031-12-30")),
        ("holder", json!("Ina")),
    ] {
        let mut body = json!({});
        for kept in ["number", "file_id", "expires_on", "holder"] {
            if !verified[kept].is_null() {
                body[kept] = verified[kept].clone();
            }
        }
        body[field] = value;
        let changed = owner.put(&path, body).of(&verified["version"]).await.json(200);
        assert_eq!(
            (&changed["status"], &changed["verified_at"]),
            (&json!("submitted"), &Value::Null),
            "{field}"
        );
        verified = owner.step(&format!("{path}/verify")).await.json(200);
    }
}

#[tokio::test]
async fn the_nib_is_one_whoever_writes_it() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let merchant = aggregator.merchant().await;
    let id = text(&merchant["id"]);
    let (at, document) = (aggregator.path(&format!("merchants/{id}")), path(&aggregator, &id, "nib"));
    let (first, second) = (nib(), nib());
    let spaced = format!("{} {}", &first[..4], &first[4..]);
    let view = aggregator.verified_document(&id, "nib", json!({ "number": spaced })).await;
    assert_eq!((&view["number"], &view["written"]), (&json!(first), &json!(spaced)));
    let read = owner.get(&at).await.json(200);
    assert_eq!((&read["nib"], &read["version"]), (&json!(first), &json!(2)));
    let _ = owner.patch(&at, json!({ "nib": second })).of(&read["version"]).await.expect(200);
    let view = owner.get(&document).await.json(200);
    assert_eq!((&view["number"], &view["status"]), (&json!(second), &json!("submitted")));
    assert_eq!(view["version"], 3);
    let taken = text(&aggregator.merchant().await["nib"]);
    owner.put(&document, json!({ "number": taken })).of(&json!(3)).await.problem(409, "duplicate_nib");
    assert_eq!(owner.get(&at).await.json(200)["nib"], second);
    let _ = owner.step(&aggregator.path(&format!("merchants/{id}/archive"))).await.expect(200);
    owner.put(&document, json!({ "number": first })).of(&json!(3)).await.problem(409, "wrong_state");
}

#[tokio::test]
async fn heroes_write_for_their_own_merchants_and_verify_nothing() {
    let aggregator = World::new().await.aggregator().await;
    let hero = aggregator.member(Role::LocalHero).await;
    let other = draft(&aggregator).await;
    let body = json!({ "number": halal() });
    hero.put(&path(&aggregator, &other, "halal"), body.clone()).await.problem(404, "not_found");
    hero.get(&aggregator.path(&format!("merchants/{other}/documents"))).await.problem(404, "not_found");
    let new = json!({ "name": "Kopi Egon", "region_code": "53.07", "phone": "081234567890" });
    let his = text(&hero.post(&aggregator.path("merchants"), new).await.json(201)["id"]);
    let _ = hero.put(&path(&aggregator, &his, "halal"), body).await.expect(201);
    for action in ["verify", "reject", "revoke"] {
        let step = format!("{}/{action}", path(&aggregator, &his, "halal"));
        hero.post(&step, json!({ "note": "Baik." })).await.problem(403, "forbidden");
    }
}

#[tokio::test]
async fn of_a_verdict_and_a_replacement_at_once_none_verifies_what_it_has_not_seen() {
    let aggregator = World::new().await.aggregator().await;
    for _ in 0..8 {
        let merchant = draft(&aggregator).await;
        let path = path(&aggregator, &merchant, "halal");
        let seen = aggregator.document(&merchant, "halal", json!({ "number": halal() })).await;
        let other = json!({ "number": halal(), "file_id": seen["file_id"] });
        let replies = all_at_once([
            aggregator.owner.step(&format!("{path}/verify")).of(&seen["version"]),
            aggregator.owner.put(&path, other.clone()).of(&seen["version"]),
        ])
        .await;
        let mut statuses = [replies[0].status, replies[1].status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "{} / {}", replies[0], replies[1]);
        let now = aggregator.owner.get(&path).await.json(200);
        let is_old = now["number"] == seen["number"];
        assert_eq!(now["status"], if is_old { "verified" } else { "submitted" });
    }
}

#[tokio::test]
async fn many_who_enter_the_same_document_at_once_make_one() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = draft(&aggregator).await;
    let path = path(&aggregator, &merchant, "halal");
    let body = json!({ "number": halal() });
    let replies = all_at_once((0..6).map(|_| aggregator.owner.put(&path, body.clone()))).await;
    let made = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(made, 1);
    assert!(replies.iter().all(|reply| reply.json == replies[0].json));
}

#[tokio::test]
async fn its_people_are_reminded_at_ninety_thirty_and_seven_days_and_told_of_the_end() {
    let aggregator = World::new().await.aggregator().await;
    let manager = aggregator.member(Role::MerchantManager).await;
    let curator = aggregator.member(Role::Curator).await;
    let merchant = draft(&aggregator).await;
    let account = aggregator.merchant_member(&merchant).await;
    let stranger = aggregator.member(Role::Merchant).await;
    let view = aggregator
        .verified_document(&merchant, "halal", json!({ "number": halal(), "expires_on": "2040-01-01" }))
        .await;
    let (id, world) = (text(&view["id"]), &aggregator.world);
    let letters = |email: &str| -> Vec<String> {
        world.mail_to(email).into_iter().filter(|mail| mail.contains("halal")).collect()
    };
    for (at, days) in [89, 30, 7, -1].into_iter().enumerate() {
        in_time(&format!(
            "UPDATE legal_documents SET expires_on = (now() AT TIME ZONE 'Asia/Makassar')::date + {days}, \
             next_turn_at = now() WHERE id = '{id}'"
        ))
        .await;
        kapal_tests::eventually("a letter to each", async || {
            let written =
                [&aggregator.owner.email, &manager.email, &account.email].map(|email| letters(email).len());
            (written == [at + 1; 3]).then_some(())
        })
        .await;
    }
    for email in [&curator.email, &stranger.email] {
        assert_eq!(letters(email), Vec::<String>::new());
    }
    let view = aggregator.owner.get(&path(&aggregator, &merchant, "halal")).await.json(200);
    assert_eq!(view["status"], "expired");
    let cluster = Cluster::get();
    let sql = format!(
        "SELECT kind, data->>'days' FROM events WHERE subject_id = '{id}' AND kind IN ('document.expiring', 'document.expired') ORDER BY seq"
    );
    let rows = cluster.superuser(&cluster.database).await.query(&sql, &[]).await.expect("events");
    let events: Vec<(String, Option<String>)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let expiring = |days: &str| ("document.expiring".to_owned(), Some(days.to_owned()));
    assert_eq!(
        events,
        [expiring("90"), expiring("30"), expiring("7"), ("document.expired".to_owned(), None)]
    );
}
