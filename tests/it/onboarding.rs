//! The checklist of a merchant, and what a reviewer asks for field by field.

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
