//! The checklist of a merchant, and what a reviewer asks for field by field.

use std::collections::BTreeMap;

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, World, nib, text};
use serde_json::{Value, json};

async fn step(list: &Value, pointer: &str) -> Value {
    let steps = list["steps"].as_array().expect("steps");
    steps
        .iter()
        .find(|step| step["pointer"] == pointer)
        .unwrap_or_else(|| panic!("{pointer} in {list}"))
        .clone()
}

async fn merchant_without_nib(aggregator: &Aggregator) -> String {
    let body = json!({ "name": "Tenun Ende", "region_code": "53.08", "phone": "081234567890" });
    text(&aggregator.owner.post(&aggregator.path("merchants"), body).await.json(201)["id"])
}

#[tokio::test]
async fn the_checklist_tells_what_is_missing_and_who_must_act() {
    let aggregator = World::new().await.aggregator().await;
    let id = merchant_without_nib(&aggregator).await;
    let path = aggregator.path(&format!("merchants/{id}/onboarding"));
    let list = aggregator.owner.get(&path).header("Accept-Language", "en").await.expect(200);
    assert_eq!(list.header("content-language"), "en");
    let list = list.json;
    assert_eq!((&list["status"], &list["progress"]), (&json!("draft"), &json!({ "done": 3, "total": 6 })));
    assert_eq!((&list["can_submit"], &list["can_verify"]), (&json!(true), &json!(false)));
    let nib_step = step(&list, "/nib").await;
    assert_eq!((&nib_step["state"], &nib_step["who"]), (&json!("missing"), &json!("merchant_manager")));
    assert_eq!(nib_step["text"], "Enter the NIB that OSS gave.");
    assert_eq!(step(&list, "/story").await["state"], "optional");
    let seller = aggregator.merchant_member(&id).await;
    let list = seller.get(&path).await.json(200);
    assert_eq!(step(&list, "/nib").await["who"], "merchant");
    let stranger = aggregator.member(Role::LocalHero).await;
    stranger.get(&path).await.problem(404, "not_found");
}

#[tokio::test]
async fn without_a_nib_a_merchant_is_submitted_but_not_verified() {
    let aggregator = World::new().await.aggregator().await;
    let path = aggregator.path(&format!("merchants/{}", merchant_without_nib(&aggregator).await));
    let _ = aggregator.owner.step(&format!("{path}/submit")).await.expect(200);
    let refused = aggregator.owner.step(&format!("{path}/verify")).await.problem(409, "merchant_incomplete");
    assert!(text(&refused["detail"]).contains("/nib"), "{refused}");
    let seen = aggregator.owner.get(&path).await.json(200);
    assert_eq!(seen["status"], "submitted");
    let _ = aggregator.owner.patch(&path, json!({ "nib": nib() })).of(&seen["version"]).await.expect(200);
    assert_eq!(aggregator.owner.step(&format!("{path}/verify")).await.json(200)["status"], "active");
    let list = aggregator.owner.get(&format!("{path}/onboarding")).await.json(200);
    assert_eq!(list["progress"], json!({ "done": 6, "total": 6 }));
}

#[tokio::test]
async fn what_a_reviewer_asks_for_stays_until_it_changes() {
    let aggregator = World::new().await.aggregator().await;
    let manager = aggregator.member(Role::MerchantManager).await;
    let merchant = aggregator.merchant().await;
    let path = aggregator.path(&format!("merchants/{}", text(&merchant["id"])));
    let ask = |body: Value| manager.post(&format!("{path}/request-changes"), body);
    let _ = aggregator.owner.step(&format!("{path}/submit")).await.expect(200);
    ask(json!({})).await.faults(&[("/reason", "required")]);
    ask(json!({ "fields": [
        { "pointer": "/version", "reason": "x" }, { "pointer": "/nib", "reason": "" }, { "pointer": "/nib", "reason": "x" },
        { "pointer": "/story", "reason": "a" }, { "pointer": "/story", "reason": "b" },
    ] }))
    .await
    .faults(&[
        ("/fields/0/pointer", "invalid_choice"),
        ("/fields/1/reason", "required"),
        ("/fields/4/pointer", "duplicate_entry"),
    ]);
    let fields = json!([
        { "pointer": "/nib", "reason": "Tidak cocok dengan dokumen." },
        { "pointer": "/channels/whatsapp", "reason": "Nomor tidak aktif." },
    ]);
    let asked = ask(json!({ "fields": fields })).await.json(200);
    assert_eq!((&asked["status"], &asked["status_reason"]), (&json!("needs_changes"), &Value::Null));
    let pointers = |merchant: &Value| {
        let asked = merchant["requested_changes"].as_array().expect("a list");
        asked.iter().map(|change| text(&change["pointer"])).collect::<Vec<_>>()
    };
    assert_eq!(pointers(&asked), ["/channels/whatsapp", "/nib"]);
    let list = aggregator.owner.get(&aggregator.path("merchants")).await.json(200);
    assert_eq!(pointers(&list["data"][0]), ["/channels/whatsapp", "/nib"]);
    let list = aggregator.owner.get(&format!("{path}/onboarding")).await.json(200);
    assert_eq!(step(&list, "/nib").await["reason"], "Tidak cocok dengan dokumen.");
    assert_eq!(step(&list, "/channels/whatsapp").await["state"], "missing");
    let submit = async || aggregator.owner.step(&format!("{path}/submit")).await;
    let refused = submit().await.problem(409, "merchant_incomplete");
    for pointer in ["/nib", "/channels/whatsapp"] {
        assert!(text(&refused["detail"]).contains(pointer), "{refused}");
    }
    // The same NIB once more is no answer, another one is.
    let patch = |body: Value, version: &Value| aggregator.owner.patch(&path, body).of(version);
    let same = patch(json!({ "nib": merchant["nib"], "story": "Lain." }), &asked["version"]).await.json(200);
    assert_eq!(pointers(&same), ["/channels/whatsapp", "/nib"]);
    let other = patch(json!({ "nib": nib() }), &same["version"]).await.json(200);
    assert_eq!(pointers(&other), ["/channels/whatsapp"]);
    let channel =
        aggregator.owner.put(&format!("{path}/channels/whatsapp"), json!({ "handle": "081298765432" })).await;
    let _ = channel.expect(201);
    assert_eq!(submit().await.json(200)["requested_changes"], json!([]));
}

#[tokio::test]
async fn a_verified_merchant_is_asked_for_nothing() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.merchant().await;
    let path = aggregator.path(&format!("merchants/{}", text(&merchant["id"])));
    let _ = aggregator.owner.step(&format!("{path}/submit")).await.expect(200);
    let fields = json!([{ "pointer": "/story", "reason": "Terlalu singkat." }]);
    let asked = aggregator
        .owner
        .post(&format!("{path}/request-changes"), json!({ "reason": "Hampir.", "fields": fields }));
    let asked = asked.await.json(200);
    let _ =
        aggregator.owner.patch(&path, json!({ "story": "Panjang." })).of(&asked["version"]).await.expect(200);
    for action in ["submit", "verify"] {
        let _ = aggregator.owner.step(&format!("{path}/{action}")).await.expect(200);
    }
    let list = aggregator.owner.get(&format!("{path}/onboarding")).await.json(200);
    assert!(list["steps"].as_array().expect("steps").iter().all(|step| step["reason"].is_null()), "{list}");
}

#[tokio::test]
async fn the_papers_that_its_products_need_are_steps_that_say_how_far_they_are() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let id = text(&aggregator.merchant().await["id"]);
    let path = aggregator.path(&format!("merchants/{id}"));
    let papers = async || {
        let list = owner.get(&format!("{path}/onboarding")).header("Accept-Language", "en").await.json(200);
        let steps = list["steps"].as_array().expect("steps").iter();
        let steps = steps.filter(|step| step["step"] == "document");
        steps.map(|step| (text(&step["pointer"]), step.clone())).collect::<BTreeMap<_, _>>()
    };
    assert!(papers().await.is_empty(), "without a product no paper is needed");
    let body = aggregator.product_body(&id).await;
    let product = owner.post(&aggregator.path("products"), body).await.json(201);
    let needed = papers().await;
    let pointers: Vec<_> = needed.keys().map(String::as_str).collect();
    assert_eq!(pointers, ["/documents/halal", "/documents/nib", "/documents/pirt"]);
    assert_eq!(needed["/documents/nib"]["state"], "waiting", "it is verified with the merchant");
    let pirt = &needed["/documents/pirt"];
    assert_eq!((&pirt["state"], &pirt["who"]), (&json!("missing"), &json!("merchant_manager")));
    assert_eq!(pirt["text"], "Submit the P-IRT or BPOM number with evidence: its products need it.");
    // What serves in its place counts; refused, it says why.
    let bpom = json!({ "number": format!("MD{:012}", uuid::Uuid::now_v7().as_u128() % 1_000_000_000_000) });
    let _ = aggregator.document(&id, "bpom", bpom).await;
    let step = papers().await["/documents/pirt"].clone();
    assert_eq!((&step["state"], &step["who"]), (&json!("waiting"), &json!("merchant_manager")));
    let reject = json!({ "note": "Fotonya buram." });
    let _ = owner.post(&format!("{path}/documents/bpom/reject"), reject).await.expect(200);
    let step = papers().await["/documents/pirt"].clone();
    assert_eq!((&step["state"], &step["reason"]), (&json!("missing"), &json!("Fotonya buram.")));
    // As the gates have it: done are all that publishing asks for, and no other.
    let _ = aggregator.verified_document(&id, "pirt", json!({ "number": kapal_tests::pirt() })).await;
    let needed = papers().await;
    let missing: Vec<_> = needed.iter().filter(|(_, step)| step["state"] != "done").map(|(p, _)| p).collect();
    assert_eq!(missing, ["/documents/halal", "/documents/nib"]);
    for step in ["submit", "verify"] {
        let _ = owner.step(&format!("{path}/{step}")).await.expect(200);
    }
    let product = aggregator.path(&format!("products/{}", text(&product["id"])));
    let _ = owner.step(&format!("{product}/submit")).await.expect(200);
    owner.step(&format!("{product}/publish")).await.problem(409, "gate_document_missing");
    let halal = json!({ "number": kapal_tests::halal() });
    let _ = aggregator.verified_document(&id, "halal", halal).await;
    assert!(papers().await.values().all(|step| step["state"] == "done"));
    let _ = owner.step(&format!("{product}/publish")).await.expect(200);
    let _ = owner
        .post(&format!("{path}/documents/halal/revoke"), json!({ "note": "Dicabut BPJPH." }))
        .await
        .expect(200);
    let step = papers().await["/documents/halal"].clone();
    assert_eq!((&step["state"], &step["reason"]), (&json!("missing"), &json!("Dicabut BPJPH.")));
    assert_eq!(step["text"], "Renew the halal certificate: it is no longer in force.");
}

#[tokio::test]
async fn a_document_and_a_field_of_the_profile_answer_what_was_asked_of_them() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let id = text(&aggregator.merchant().await["id"]);
    let path = aggregator.path(&format!("merchants/{id}"));
    let _ = owner.step(&format!("{path}/submit")).await.expect(200);
    let pointers =
        ["/documents/halal", "/documents/nib", "/nib", "/profile/address", "/profile/kbli", "/scale"];
    let fields: Vec<_> =
        pointers.iter().map(|pointer| json!({ "pointer": pointer, "reason": "Periksa." })).collect();
    let _ = owner.post(&format!("{path}/request-changes"), json!({ "fields": fields })).await.expect(200);
    let open = async || {
        let seen = owner.get(&path).await.json(200);
        let asked = seen["requested_changes"].as_array().expect("a list");
        let asked = asked.iter().map(|change| text(&change["pointer"])).collect::<Vec<_>>();
        (asked, seen["version"].clone())
    };
    let halal = format!("{path}/documents/halal");
    let draft = json!({ "number": kapal_tests::halal(), "draft": true });
    let draft = owner.put(&halal, draft).await.json(201);
    assert_eq!(open().await.0, pointers, "a draft is no answer");
    let handed_in = owner.put(&halal, json!({ "number": draft["number"] })).of(&draft["version"]).await;
    let _ = handed_in.expect(200);
    assert_eq!(open().await.0, pointers[1..]);
    // A NIB is one thing in two places.
    let number = json!({ "number": nib() });
    let _ = owner.put(&format!("{path}/documents/nib"), number).await.expect(201);
    let (left, version) = open().await;
    assert_eq!(left, pointers[3..]);
    let profile = json!({ "profile": { "address": "Jalan Kalpataru 12, Ende" } });
    let _ = owner.patch(&path, profile).of(&version).await.expect(200);
    let (left, version) = open().await;
    assert_eq!(left, pointers[4..], "only the field that changed");
    let rest = json!({
        "profile": { "kbli": { "version": "2025", "code": "13121" } },
        "yearly_sales": { "amount": "120000000", "currency": "IDR" },
    });
    let _ = owner.patch(&path, rest).of(&version).await.expect(200);
    assert!(open().await.0.is_empty());
    assert_eq!(owner.step(&format!("{path}/submit")).await.json(200)["status"], "submitted");
}

#[tokio::test]
async fn who_must_act_follows_who_is_there_and_a_consent_is_a_step() {
    let aggregator = World::new().await.aggregator().await;
    let hero = aggregator.member(Role::LocalHero).await;
    let id = aggregator.merchant_of(&hero).await;
    let path = aggregator.path(&format!("merchants/{id}"));
    let list = async || hero.get(&format!("{path}/onboarding")).await.json(200);
    assert_eq!(step(&list().await, "/story").await["who"], "hero");
    let seller = aggregator.merchant_member(&id).await;
    assert_eq!(step(&list().await, "/story").await["who"], "merchant", "a hero is told of the account");
    let consent = step(&list().await, "/consents/storefront_profile").await;
    assert_eq!((&consent["step"], &consent["state"]), (&json!("consent"), &json!("optional")));
    let given = json!({
        "purpose": "storefront_profile", "text_version": "1", "text_hash": "0".repeat(64), "locale": "id",
        "channel": "app",
    });
    let given = seller.post(&format!("{path}/consents"), given).await.json(201);
    assert_eq!(step(&list().await, "/consents/storefront_profile").await["state"], "done");
    let withdraw = format!("{path}/consents/{}/withdraw", text(&given["id"]));
    let taken_back = seller.post(&withdraw, json!({ "channel": "app" })).await;
    assert!(taken_back.status < 300, "{taken_back}");
    assert_eq!(step(&list().await, "/consents/storefront_profile").await["state"], "optional");
    // Gone again, the account acts no more.
    let member = aggregator.path(&format!("members/{}", seller.id));
    let _ = aggregator.owner.delete(&member).of(&json!(1)).await.expect(204);
    assert_eq!(step(&list().await, "/story").await["who"], "hero");
}
