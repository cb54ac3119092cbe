//! Certificates: printed, numbered, revoked, and checked by whoever holds the paper.

use kapal_tests::{Aggregator, Reply, World, all_at_once, text};
use serde_json::{Value, json};

use crate::programme::{attended, change, completed, enrol, enrolment_path, programme_in};

async fn check(aggregator: &Aggregator, code: &str) -> Reply {
    aggregator.world.visitor.get(&format!("/verify/{code}")).await
}

fn code(enrolment: &Value) -> String {
    text(&enrolment["certificate"]["code"])
}

async fn revoke(aggregator: &Aggregator, enrolment: &Value) -> Reply {
    let path = format!("{}/certificate/revoke", enrolment_path(aggregator, enrolment));
    aggregator.owner.post(&path, json!({ "reason": "Kehadiran tercatat atas nama lain." })).await
}

#[tokio::test]
async fn a_certificate_prints_the_same_pdf_each_time() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.merchant().await;
    let programme = programme_in(&aggregator, "running", 5).await;
    let enrolment = enrol(&aggregator, &programme, &merchant).await.json(201);
    let path = format!("{}/certificate", enrolment_path(&aggregator, &enrolment));
    aggregator.owner.get(&path).await.problem(404, "not_found");
    let body = json!({ "attendance": attended(&["cash_book", "costing", "reports"]), "status": "completed" });
    let enrolment = change(&aggregator, &enrolment, body).await.json(200);
    let pdf = aggregator.owner.get(&path).await.expect(200);
    assert_eq!(pdf.header("content-type"), "application/pdf");
    let number = text(&enrolment["certificate"]["number"]);
    assert!(
        pdf.header("content-disposition").contains(&number.replace('/', "-")),
        "{}",
        pdf.header("content-disposition")
    );
    assert!(pdf.body.starts_with(b"%PDF-") && pdf.body.ends_with(b"%%EOF"));
    assert!(pdf.text().contains(&code(&enrolment)), "its description names the code");
    assert_eq!(pdf.body, aggregator.owner.get(&path).await.expect(200).body);
}

#[tokio::test]
async fn whoever_has_the_code_sees_what_the_paper_says_and_no_more() {
    let aggregator = World::new().await.aggregator_named("Koperasi <b>Uji</b> & Kawan").await;
    let body = json!({ "name": "Kopi <script>alert(1)</script>", "region_code": "53.07", "phone": "0812-3456-7890" });
    let merchant = aggregator.owner.post(&aggregator.path("merchants"), body).await.json(201);
    let enrolment = completed(&aggregator, &merchant).await;
    let code = code(&enrolment);
    let page = check(&aggregator, &code).await.expect(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!((page.header("content-language"), page.header("cache-control")), ("id", "no-store"));
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    let html = page.text();
    for said in ["asli dan berlaku", "Pembukuan untuk Penenun", "6 Januari 2025", "18 jam", &code] {
        assert!(html.contains(said), "{said} is missing: {html}");
    }
    assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
    assert!(html.contains("Kopi &#60;script&#62;") || html.contains("Kopi &lt;script&gt;"), "{html}");
    for private in ["+628", "812", &text(&merchant["id"]), &text(&enrolment["id"]), "53.07"] {
        assert!(!html.contains(private), "{private} is shown");
    }
    let english =
        aggregator.world.visitor.get(&format!("/verify/{code}")).header("Accept-Language", "en").await;
    let english = english.expect(200).text();
    assert!(
        english.contains("genuine and valid") && english.contains("Bookkeeping for Weavers"),
        "{english}"
    );
    let chosen = check(&aggregator, &format!("{code}?lang=en&utm_source=qr")).await.expect(200);
    assert_eq!(chosen.header("content-language"), "en");
    let typed = code.to_lowercase().replace('-', "").replace('0', "o").replace('1', "l");
    let _ = check(&aggregator, &typed).await.expect(200);
}

#[tokio::test]
async fn an_unknown_code_is_no_page_whatever_it_is() {
    let aggregator = World::new().await.aggregator().await;
    let code = code(&completed(&aggregator, &aggregator.merchant().await).await);
    let other = if code.starts_with('7') { '8' } else { '7' };
    let mistyped = format!("{other}{}", &code[1..]);
    for unknown in [&mistyped, "0000-0000-0000-0000", "x", "%3Cscript%3E", &"9".repeat(2_000)] {
        let page = check(&aggregator, unknown).await.expect(404);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{page}");
        assert!(page.text().contains("tidak dikenal") && !page.text().contains("<script"), "{page}");
    }
}

#[tokio::test]
async fn a_revoked_certificate_says_so_at_once_and_is_not_printed() {
    let aggregator = World::new().await.aggregator().await;
    let enrolment = completed(&aggregator, &aggregator.merchant().await).await;
    let path = format!("{}/certificate", enrolment_path(&aggregator, &enrolment));
    aggregator
        .owner
        .post(&format!("{path}/revoke"), json!({ "reason": "" }))
        .await
        .faults(&[("/reason", "required")]);
    let revoked = revoke(&aggregator, &enrolment).await.json(200);
    assert!(
        revoked["certificate"]["revoked_at"].is_string() && revoked["status"] == "completed",
        "{revoked}"
    );
    let html = check(&aggregator, &code(&enrolment)).await.expect(200).text();
    assert!(html.contains("sudah dicabut") && !html.contains("asli dan berlaku"), "{html}");
    assert!(!html.contains("atas nama lain"), "why is not told to everybody");
    aggregator.owner.get(&path).await.problem(409, "certificate_revoked");
    revoke(&aggregator, &enrolment).await.problem(409, "wrong_state");
}

#[tokio::test]
async fn a_certificate_outlives_its_names_and_its_aggregators_openness() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.active_merchant().await;
    let enrolment = completed(&aggregator, &merchant).await;
    let path = aggregator.path(&format!("merchants/{}", text(&merchant["id"])));
    let current = aggregator.owner.get(&path).await.json(200);
    let _ = aggregator
        .owner
        .patch(&path, json!({ "name": "Nama Baru" }))
        .of(&current["version"])
        .await
        .expect(200);
    let platform = format!("/v1/platform/aggregators/{}/suspend", aggregator.id);
    let _ = aggregator.world.operator.step(&platform).await.expect(200);
    let html = check(&aggregator, &code(&enrolment)).await.expect(200).text();
    assert!(html.contains(&text(&merchant["name"])) && !html.contains("Nama Baru"), "{html}");
}

#[tokio::test]
async fn the_name_of_a_restricted_merchant_is_held_back() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.active_merchant().await;
    let (id, name) = (text(&merchant["id"]), text(&merchant["name"]));
    let code = code(&completed(&aggregator, &merchant).await);
    assert!(check(&aggregator, &code).await.expect(200).text().contains(&name));
    let request = json!({ "kind": "restriction", "merchant_id": id, "note": "Mohon dibatasi." });
    let request = aggregator.owner.post(&aggregator.path("privacy-requests"), request).await.json(201);
    let fulfil = aggregator.path(&format!("privacy-requests/{}/fulfil", text(&request["id"])));
    let _ = aggregator.owner.post(&fulfil, json!({ "answer": "Sudah." })).await.expect(200);
    let html = check(&aggregator, &code).await.expect(200).text();
    assert!(!html.contains(&name) && html.contains("Nama sedang ditahan"), "{html}");
    assert!(html.contains("asli dan berlaku"), "the paper is as genuine as before: {html}");
    let lift = aggregator.path(&format!("merchants/{id}/lift-restriction"));
    let _ = aggregator.owner.step(&lift).await.expect(200);
    assert!(check(&aggregator, &code).await.expect(200).text().contains(&name));
}

#[tokio::test]
async fn numbers_have_no_holes_and_codes_no_twins() {
    let aggregator = World::new().await.aggregator().await;
    let programme = programme_in(&aggregator, "running", 20).await;
    let mut calls = Vec::new();
    for at in 0..8 {
        let enrolment = enrol(&aggregator, &programme, &aggregator.merchant().await).await.json(201);
        // Each second one is refused: its number must not be missing later.
        let topics: &[&str] = if at % 2 == 0 { &["cash_book", "costing", "pricing"] } else { &["costing"] };
        let body = json!({ "attendance": attended(topics), "status": "completed" });
        calls.push(
            aggregator.owner.patch(&enrolment_path(&aggregator, &enrolment), body).of(&enrolment["version"]),
        );
    }
    let done: Vec<_> = all_at_once(calls).await.into_iter().filter(|reply| reply.status == 200).collect();
    let mut numbers: Vec<_> = done.iter().map(|reply| text(&reply.json["certificate"]["number"])).collect();
    numbers.sort();
    let ends: Vec<_> = numbers.iter().map(|number| &number[number.len() - 5..]).collect();
    assert_eq!(ends, ["00001", "00002", "00003", "00004"]);
    assert!(numbers[0].starts_with(&aggregator.slug.to_uppercase()), "{numbers:?}");
    let mut codes: Vec<_> = done.iter().map(|reply| code(&reply.json)).collect();
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), 4);
}
