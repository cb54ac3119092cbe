//! What a merchant tells about the business: what is taken, what a storefront shows of it, and the history of its class.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, World, photo, text, unique};
use serde_json::{Value, json};

fn of(aggregator: &Aggregator, merchant: &Value, rest: &str) -> String {
    aggregator.path(&format!("merchants/{}{rest}", text(&merchant["id"])))
}

/// The merchant after a patch of its present version.
async fn patched(aggregator: &Aggregator, merchant: &Value, patch: Value) -> Value {
    let path = of(aggregator, merchant, "");
    let now = aggregator.owner.get(&path).await.json(200);
    aggregator.owner.patch(&path, patch).of(&now["version"]).await.json(200)
}

async fn shown(aggregator: &Aggregator, merchant: &Value, locale: &str) -> Value {
    let path = aggregator.shop(&format!("/merchants/{}", text(&merchant["slug"])));
    aggregator.world.visitor.get(&path).header("Accept-Language", locale).await.json(200)
}

async fn picture(aggregator: &Aggregator) -> Value {
    let call = aggregator.owner.call("POST", &aggregator.path("media"));
    call.file("logo.jpg", photo(300, 300)).await.json(201)
}

#[tokio::test]
async fn all_that_is_told_is_kept_and_given_back() {
    let aggregator = World::new().await.aggregator().await;
    let logo = picture(&aggregator).await;
    let told = json!({
        "business_form": "pt_perorangan",
        "kbli": { "version": "2025", "code": "10.710" },
        "founded_year": 2014,
        "workers": { "total": 8, "women": 6, "youth": 3, "disability": 0 },
        "address": "Jalan Kalpataru 12, Waingapu",
        "coordinates": { "latitude": -9.656_270_44, "longitude": 120.264_05 },
        "logo_id": logo["id"],
        "story_consent": { "given_on": "2026-10-02", "channel": "paper" },
    });
    let body = json!({
        "name": format!("Tenun {}", unique()), "region_code": "53.07", "phone": "081234567890",
        "legal_name": "CV Tenun Ina", "profile": told,
        "translations": { "id": { "story": "Mama Ina menenun." }, "en": { "story": "Mama Ina weaves." } },
    });
    let made = aggregator.owner.post(&aggregator.path("merchants"), body).await.json(201);
    let mut expected = told;
    expected["kbli"]["code"] = json!("10710");
    expected["coordinates"]["latitude"] = json!(-9.656_27);
    expected["story_consent"]["taken_by"] = json!(aggregator.owner.id);
    expected["story_consent"]["withdrawn_on"] = Value::Null;
    assert_eq!(made["profile"], expected);
    assert_eq!(made["story"], "Mama Ina menenun.");
    assert_eq!(made["translations"]["en"]["story"], "Mama Ina weaves.");
    let read = aggregator.owner.get(&of(&aggregator, &made, "")).await.json(200);
    assert_eq!(read, made);
    let list = aggregator.owner.get(&aggregator.path("merchants")).await.json(200);
    assert_eq!(list["data"][0], made);
}

#[tokio::test]
async fn a_patch_changes_what_it_names_and_null_clears() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.merchant().await;
    assert_eq!(merchant["profile"]["workers"]["total"], Value::Null);
    assert_eq!(merchant["profile"]["story_consent"], Value::Null);
    let told = json!({ "profile": { "founded_year": 1998, "workers": { "total": 5, "women": 2 }, "business_form": "cv" } });
    let _ = patched(&aggregator, &merchant, told).await;
    let some = json!({ "profile": { "workers": { "women": 3, "total": null }, "business_form": null } });
    let now = patched(&aggregator, &merchant, some).await;
    let profile = &now["profile"];
    assert_eq!((&profile["founded_year"], &profile["business_form"]), (&json!(1998), &Value::Null));
    assert_eq!((&profile["workers"]["total"], &profile["workers"]["women"]), (&Value::Null, &json!(3)));
    let other = patched(&aggregator, &merchant, json!({ "legal_name": "CV Kopi" })).await;
    assert_eq!(other["profile"], now["profile"]);
    let stale = json!({ "profile": { "founded_year": 1999 } });
    let stale = aggregator.owner.patch(&of(&aggregator, &merchant, ""), stale).of(&json!(1)).await;
    stale.problem(412, "precondition_failed");
    let cleared = patched(&aggregator, &merchant, json!({ "profile": null })).await;
    assert_eq!(cleared["profile"], merchant["profile"]);
}

#[tokio::test]
async fn every_bad_field_of_a_profile_is_named_at_once() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.merchant().await;
    let path = of(&aggregator, &merchant, "");
    let wrong = json!({
        "phone": "12", "scale_year": 2025, "translations": { "fr": { "story": "x" }, "en": { "story": "\u{0}" } },
        "profile": {
            "business_form": "gmbh", "kbli": { "version": "2015", "code": "107" }, "founded_year": 2999,
            "workers": { "total": 4, "women": 5, "youth": -1 }, "address": "Jl",
            "coordinates": { "latitude": 52.5, "longitude": 13.4 }, "logo_id": "x",
            "story_consent": { "given_on": "2999-01-01", "channel": "rumour" },
        },
    });
    aggregator.owner.patch(&path, wrong).of(&merchant["version"]).await.faults(&[
        ("/phone", "invalid_phone"),
        ("/scale_year", "required"),
        ("/translations/fr", "invalid_locale"),
        ("/translations/en/story", "invalid_characters"),
        ("/profile/business_form", "invalid_choice"),
        ("/profile/kbli/version", "invalid_choice"),
        ("/profile/kbli/code", "invalid_kbli"),
        ("/profile/founded_year", "out_of_range"),
        ("/profile/workers/women", "out_of_range"),
        ("/profile/workers/youth", "out_of_range"),
        ("/profile/address", "too_short"),
        ("/profile/coordinates/latitude", "outside_indonesia"),
        ("/profile/coordinates/longitude", "outside_indonesia"),
        ("/profile/logo_id", "invalid_id"),
        ("/profile/story_consent/given_on", "out_of_range"),
        ("/profile/story_consent/channel", "invalid_choice"),
    ]);
    let unknown = json!({ "profile": { "colour": "red", "workers": { "men": 1 } } });
    aggregator
        .owner
        .patch(&path, unknown)
        .of(&merchant["version"])
        .await
        .faults(&[("/profile/colour", "unknown_field"), ("/profile/workers/men", "unknown_field")]);
    let two = json!({ "story": "Satu.", "translations": { "id": { "story": "Dua." } } });
    let two = aggregator.owner.patch(&path, two).of(&merchant["version"]).await;
    two.faults(&[("/translations/id/story", "invalid_choice")]);
    let now = aggregator.owner.get(&path).await.json(200);
    assert_eq!(now, merchant, "nothing changed");
}

#[tokio::test]
async fn a_group_of_workers_is_checked_against_the_total_on_record() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.merchant().await;
    let now =
        patched(&aggregator, &merchant, json!({ "profile": { "workers": { "total": 3, "women": 3 } } }))
            .await;
    for (change, at) in [(json!({ "youth": 4 }), "youth"), (json!({ "total": 2 }), "women")] {
        let patch = json!({ "profile": { "workers": change } });
        let refused =
            aggregator.owner.patch(&of(&aggregator, &merchant, ""), patch).of(&now["version"]).await;
        refused.faults(&[(&format!("/profile/workers/{at}"), "out_of_range")]);
    }
}

#[tokio::test]
async fn a_logo_is_a_picture_of_this_aggregator() {
    let world = World::new().await;
    let (aggregator, other) = (world.aggregator().await, world.aggregator().await);
    let merchant = aggregator.merchant().await;
    for id in [text(&picture(&other).await["id"]), uuid::Uuid::now_v7().to_string()] {
        let patch = json!({ "profile": { "logo_id": id } });
        let refused = aggregator.owner.patch(&of(&aggregator, &merchant, ""), patch).of(&json!(1)).await;
        refused.faults(&[("/profile/logo_id", "unknown_reference")]);
    }
}

#[tokio::test]
async fn a_storefront_tells_the_story_in_the_asked_language_and_shows_the_logo() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let merchant =
        aggregator.owner.get(&of(&aggregator, &json!({ "id": product["merchant_id"] }), "")).await.json(200);
    assert_eq!(shown(&aggregator, &merchant, "en").await["story"], merchant["story"], "the only language");
    assert_eq!(shown(&aggregator, &merchant, "en").await["logo"], Value::Null);
    let logo = picture(&aggregator).await;
    let patch = json!({
        "translations": { "en": { "story": "Coffee from the slopes." } },
        "profile": { "logo_id": logo["id"], "address": "Jalan Rahasia 7", "coordinates": { "latitude": -9.5, "longitude": 120.0 } },
    });
    let _ = patched(&aggregator, &merchant, patch).await;
    let english = shown(&aggregator, &merchant, "en").await;
    assert_eq!(english["story"], "Coffee from the slopes.");
    let uploaded = text(&logo["url"]);
    let hash = uploaded.split('/').find(|part| part.len() == 64).expect("a hash");
    assert!(text(&english["logo"]["url"]).contains(hash), "{english}");
    assert!(!english.to_string().contains("Rahasia") && !english.to_string().contains("120.0"), "{english}");
    assert_eq!(shown(&aggregator, &merchant, "id").await["story"], merchant["story"]);
    let path = aggregator.shop(&format!("/products/{}", text(&product["slug"])));
    let page = aggregator.world.visitor.get(&path).header("Accept-Language", "en").await.json(200);
    assert_eq!(page["story"], "Coffee from the slopes.");
    let _ = patched(&aggregator, &merchant, json!({ "translations": { "id": null } })).await;
    assert_eq!(shown(&aggregator, &merchant, "id").await["story"], "Coffee from the slopes.");
}

#[tokio::test]
async fn a_story_whose_consent_is_withdrawn_leaves_every_storefront_at_once() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.active_merchant().await;
    let consent = |consent: Value| json!({ "profile": { "story_consent": consent } });
    let given = json!({ "given_on": "2026-01-31", "channel": "whatsapp" });
    let _ = patched(&aggregator, &merchant, consent(given.clone())).await;
    assert_eq!(shown(&aggregator, &merchant, "id").await["story"], merchant["story"]);
    let now = patched(&aggregator, &merchant, consent(Value::Null)).await;
    let kept = &now["profile"]["story_consent"];
    assert_eq!(kept["given_on"], "2026-01-31", "what was agreed to stays on record");
    assert!(kept["withdrawn_on"].is_string(), "{kept}");
    assert_eq!(shown(&aggregator, &merchant, "id").await["story"], "");
    let _ = patched(&aggregator, &merchant, json!({ "story": "Cerita lain." })).await;
    assert_eq!(shown(&aggregator, &merchant, "id").await["story"], "", "an edit is no consent");
    let _ = patched(&aggregator, &merchant, consent(given)).await;
    assert_eq!(shown(&aggregator, &merchant, "id").await["story"], "Cerita lain.");
}

#[tokio::test]
async fn each_class_stays_in_the_history_with_what_it_came_from() {
    let aggregator = World::new().await.aggregator().await;
    let rupiah = |amount: &str| json!({ "amount": amount, "currency": "IDR" });
    let body = json!({
        "name": format!("Warung {}", unique()), "region_code": "53.07", "phone": "081234567890", "scale": "micro",
    });
    let merchant = aggregator.owner.post(&aggregator.path("merchants"), body).await.json(201);
    let _ =
        patched(&aggregator, &merchant, json!({ "yearly_sales": rupiah("2000000001"), "scale_year": 2024 }))
            .await;
    let capital = patched(&aggregator, &merchant, json!({ "capital": rupiah("1000000000") })).await;
    assert_eq!((&capital["scale"], &capital["scale_basis"]), (&json!("micro"), &json!("capital")));
    let _ = patched(&aggregator, &merchant, json!({ "scale": null })).await;
    let _ = patched(&aggregator, &merchant, json!({ "story": "Tanpa kelas baru." })).await;
    let path = of(&aggregator, &merchant, "/scales");
    let page = aggregator.owner.get(&path).await.json(200);
    let history: Vec<_> = page["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|s| {
            (s["scale"].as_str(), s["basis"].as_str(), s["source"].as_str(), s["amount_masked"].as_bool())
        })
        .collect();
    let expected = [
        (None, None, None, Some(false)),
        (Some("micro"), Some("capital"), Some("derived"), Some(true)),
        (Some("small"), Some("sales"), Some("derived"), Some(true)),
        (Some("micro"), Some("declared"), Some("declared"), Some(false)),
    ];
    assert_eq!(history, expected);
    assert_eq!(page["data"][2]["year"], 2024);
    assert_eq!(page["data"][2]["recorded_by"], aggregator.owner.id.as_str());
    assert!(!page.to_string().contains("2000000001"), "{page}");
    let first = aggregator.owner.get(&format!("{path}?limit=3")).await.json(200);
    let cursor = text(&first["page"]["next_cursor"]);
    let rest = aggregator.owner.get(&format!("{path}?limit=3&cursor={cursor}")).await.json(200);
    assert_eq!(rest["data"], json!([page["data"][3]]));
    let contrary = json!({ "scale": "medium", "yearly_sales": rupiah("1") });
    let now = aggregator.owner.get(&of(&aggregator, &merchant, "")).await.json(200);
    let refused = aggregator.owner.patch(&of(&aggregator, &merchant, ""), contrary).of(&now["version"]).await;
    refused.faults(&[("/scale", "invalid_choice")]);
    let hero = aggregator.member(Role::LocalHero).await;
    hero.get(&path).await.problem(404, "not_found");
}
