//! Merchants: what is checked at onboarding, and every step of their life that exists and that does not.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, World, nib, text};
use serde_json::{Value, json};

async fn step(aggregator: &Aggregator, merchant: &Value, action: &str) -> kapal_tests::Reply {
    let path = aggregator.path(&format!("merchants/{}/{action}", text(&merchant["id"])));
    match action {
        "request-changes" | "suspend" => {
            aggregator.owner.post(&path, json!({ "reason": "Foto NIB belum terbaca." })).await
        }
        _ => aggregator.owner.step(&path).await,
    }
}

/// A merchant that was led to this state.
async fn merchant_in(aggregator: &Aggregator, state: &str) -> Value {
    let merchant = aggregator.merchant().await;
    let steps: &[&str] = match state {
        "draft" => &[],
        "submitted" => &["submit"],
        "needs_changes" => &["submit", "request-changes"],
        "active" => &["submit", "verify"],
        "suspended" => &["submit", "verify", "suspend"],
        "archived" => &["archive"],
        other => panic!("{other}"),
    };
    for action in steps {
        let _ = step(aggregator, &merchant, action).await.expect(200);
    }
    let merchant = aggregator
        .owner
        .get(&aggregator.path(&format!("merchants/{}", text(&merchant["id"]))))
        .await
        .json(200);
    assert_eq!(merchant["status"], state);
    merchant
}

const STATES: [&str; 6] = ["draft", "submitted", "needs_changes", "active", "suspended", "archived"];
const STEPS: &[(&str, &[&str], &str)] = &[
    ("submit", &["draft", "needs_changes"], "submitted"),
    ("request-changes", &["submitted"], "needs_changes"),
    ("verify", &["submitted"], "active"),
    ("suspend", &["active"], "suspended"),
    ("reinstate", &["suspended"], "active"),
    ("archive", &["draft", "submitted", "needs_changes", "active", "suspended"], "archived"),
];

#[tokio::test]
async fn every_step_leads_where_it_should_and_no_other_exists() {
    let aggregator = World::new().await.aggregator().await;
    for (action, from, to) in STEPS {
        for state in STATES {
            let merchant = merchant_in(&aggregator, state).await;
            let reply = step(&aggregator, &merchant, action).await;
            if from.contains(&state) {
                assert_eq!(reply.json(200)["status"], *to, "{action} from {state}");
            } else {
                let problem = reply.problem(409, "wrong_state");
                assert!(problem["detail"].as_str().is_some_and(|d| d.contains(state)), "{action}: {problem}");
            }
        }
    }
}

#[tokio::test]
async fn every_bad_field_is_named_at_once() {
    let aggregator = World::new().await.aggregator().await;
    let body = json!({
        "name": "x", "region_code": "99.99", "phone": "12", "nib": "123", "legal_name": "",
        "scale": "huge", "yearly_sales": { "amount": "1.5", "currency": "IDR" }, "id": "x",
    });
    let reply =
        aggregator.owner.post(&aggregator.path("merchants"), body).await.problem(422, "validation_failed");
    let named: Vec<_> =
        reply["errors"].as_array().expect("errors").iter().map(|e| text(&e["pointer"])).collect();
    assert!(named.contains(&"/id".to_owned()), "{named:?}");
    let body = json!({ "name": "x", "region_code": "5", "phone": "12", "nib": "123", "legal_name": "", "scale": "huge" });
    aggregator.owner.post(&aggregator.path("merchants"), body).await.faults(&[
        ("/name", "too_short"),
        ("/legal_name", "required"),
        ("/region_code", "invalid_region"),
        ("/phone", "invalid_phone"),
        ("/scale", "invalid_choice"),
        ("/nib", "invalid_nib"),
    ]);
}

#[tokio::test]
async fn a_region_must_exist_and_be_a_regency_or_a_district() {
    let aggregator = World::new().await.aggregator().await;
    let create = |region: &str| {
        let body = json!({ "name": "Kopi Egon", "region_code": region, "phone": "081234567890" });
        aggregator.owner.post(&aggregator.path("merchants"), body)
    };
    for region in ["53", "99.01", "53.07.99", "53.7", "53.07.01.2001"] {
        create(region).await.faults(&[("/region_code", "invalid_region")]);
    }
    let made = create("53.07").await.expect(201);
    assert_eq!(made.json.pointer("/region/province/code"), Some(&json!("53")));
    assert_eq!(made.header("location"), aggregator.path(&format!("merchants/{}", text(&made.json["id"]))));
    let _ = create("53.07.01").await;
}

#[tokio::test]
async fn a_nib_is_one_merchants_until_he_is_archived() {
    let aggregator = World::new().await.aggregator().await;
    let other = aggregator.world.aggregator().await;
    let nib = nib();
    let create = async |aggregator: &Aggregator| {
        let body =
            json!({ "name": "Kopi Egon", "region_code": "53.07", "phone": "081234567890", "nib": nib });
        aggregator.owner.post(&aggregator.path("merchants"), body).await
    };
    let first = create(&aggregator).await.json(201);
    create(&aggregator).await.problem(409, "duplicate_nib");
    let _ = create(&other).await.expect(201);
    let _ = step(&aggregator, &first, "archive").await.expect(200);
    let second = create(&aggregator).await.json(201);
    assert_ne!(first["slug"], second["slug"], "names are not unique, slugs are");
}

#[tokio::test]
async fn phones_are_kept_in_one_spelling() {
    let aggregator = World::new().await.aggregator().await;
    for phone in ["0812-3456-7890", "+62 812 3456 7890", "62 812 34567890", "(0812) 3456.7890"] {
        let body = json!({ "name": "Kopi Egon", "region_code": "53.07", "phone": phone });
        let made = aggregator.owner.post(&aggregator.path("merchants"), body).await.json(201);
        assert_eq!(made["phone"], "+6281234567890", "{phone}");
    }
}

#[tokio::test]
async fn scale_follows_sales_and_contradicts_no_declaration() {
    let aggregator = World::new().await.aggregator().await;
    let create = |extra: Value| {
        let mut body = json!({ "name": "Kopi Egon", "region_code": "53.07", "phone": "081234567890" });
        body.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
        aggregator.owner.post(&aggregator.path("merchants"), body)
    };
    let rupiah = |amount: &str| json!({ "amount": amount, "currency": "IDR" });
    for (sales, scale) in [
        ("2000000000", "micro"),
        ("2000000001", "small"),
        ("15000000000", "small"),
        ("15000000001", "medium"),
    ] {
        let made = create(json!({ "yearly_sales": rupiah(sales) })).await.json(201);
        assert_eq!((&made["scale"], &made["scale_basis"]), (&json!(scale), &json!("sales")), "{sales}");
    }
    let capital = create(json!({ "capital": rupiah("1000000001") })).await.json(201);
    assert_eq!((&capital["scale"], &capital["scale_basis"]), (&json!("small"), &json!("capital")));
    create(json!({ "scale": "micro", "yearly_sales": rupiah("9000000000") }))
        .await
        .faults(&[("/scale", "invalid_choice")]);
}

#[tokio::test]
async fn a_draft_is_deleted_and_anything_else_archived() {
    let aggregator = World::new().await.aggregator().await;
    let path = |merchant: &Value| aggregator.path(&format!("merchants/{}", text(&merchant["id"])));
    let draft = aggregator.merchant().await;
    let _ = aggregator.owner.delete(&path(&draft)).of(&draft["version"]).await.expect(204);
    aggregator.owner.get(&path(&draft)).await.problem(404, "not_found");
    let active = merchant_in(&aggregator, "active").await;
    let refused = aggregator.owner.delete(&path(&active)).of(&active["version"]).await;
    assert_eq!(refused.status, 409, "{refused}");
}

#[tokio::test]
async fn a_hero_sees_only_his_own_and_a_merchant_user_only_itself() {
    let aggregator = World::new().await.aggregator().await;
    let others = aggregator.active_merchant().await;
    let hero = aggregator.member(Role::LocalHero).await;
    let list = async |who: &kapal_tests::Member| {
        who.get(&aggregator.path("merchants")).await.json(200)["data"].as_array().expect("a list").len()
    };
    assert_eq!(list(&hero).await, 0);
    hero.get(&aggregator.path(&format!("merchants/{}", text(&others["id"])))).await.problem(404, "not_found");
    let body = json!({ "name": "Tenun Hera", "region_code": "53.07", "phone": "081234567890" });
    let his = hero.post(&aggregator.path("merchants"), body.clone()).await.json(201);
    assert_eq!(list(&hero).await, 1);
    let _ = hero.get(&aggregator.path(&format!("merchants/{}", text(&his["id"])))).await.expect(200);
    let member = aggregator.merchant_member(&text(&others["id"])).await;
    assert_eq!(list(&member).await, 1);
    member.post(&aggregator.path("merchants"), body).await.problem(403, "forbidden");
    member.get(&aggregator.path(&format!("merchants/{}", text(&his["id"])))).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_suspended_aggregator_is_read_but_not_written() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.merchant().await;
    let platform = format!("/v1/platform/aggregators/{}", aggregator.id);
    let _ = aggregator.world.operator.step(&format!("{platform}/suspend")).await.expect(200);
    let _ = aggregator.owner.get(&aggregator.path("merchants")).await.expect(200);
    step(&aggregator, &merchant, "submit").await.problem(403, "aggregator_suspended");
    aggregator.world.visitor.get(&aggregator.shop("")).await.problem(404, "not_found");
    let _ = aggregator.world.operator.step(&format!("{platform}/activate")).await.expect(200);
    let _ = step(&aggregator, &merchant, "submit").await.expect(200);
    let _ = aggregator.world.operator.step(&format!("{platform}/close")).await.expect(200);
    aggregator.world.operator.step(&format!("{platform}/activate")).await.problem(409, "wrong_state");
}

#[tokio::test]
async fn an_active_merchants_nib_can_be_corrected_but_not_removed() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.active_merchant().await;
    let path = aggregator.path(&format!("merchants/{}", text(&merchant["id"])));
    let patch = |body: Value| aggregator.owner.patch(&path, body).of(&merchant["version"]);
    patch(json!({ "nib": null })).await.problem(409, "nib_required");
    let corrected = patch(json!({ "nib": kapal_tests::nib() })).await;
    assert!(matches!(corrected.status, 200 | 412), "{corrected}");
}
