//! Evidence: what is taken, who may open it, and that only a link of ours does.

use chrono::{DateTime, Utc};
use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Client, Cluster, World, pdf, photo, text};
use serde_json::{Value, json};

async fn upload(
    aggregator: &Aggregator,
    by: &Client,
    bytes: Vec<u8>,
    merchant: &Value,
) -> kapal_tests::Reply {
    let call = by.call("POST", &aggregator.path("files"));
    call.evidence("foto/NIB Mama Ina.pdf", bytes, &text(&merchant["id"])).await
}

#[tokio::test]
async fn a_pdf_is_kept_as_it_came_and_opened_by_its_link() {
    let aggregator = World::new().await.aggregator().await;
    let (owner, merchant, bytes) = (&aggregator.owner, aggregator.merchant().await, pdf());
    let made = upload(&aggregator, owner, bytes.clone(), &merchant).await.expect(201);
    let path = made.header("location").to_owned();
    assert_eq!(path, aggregator.path(&format!("files/{}", text(&made.json["id"]))));
    assert_eq!(made.json["name"], "NIB Mama Ina.pdf");
    assert_eq!(
        (&made.json["media_type"], &made.json["bytes"]),
        (&json!("application/pdf"), &json!(bytes.len()))
    );
    assert_eq!((&made.json["merchant_id"], &made.json["created_by"]), (&merchant["id"], &json!(owner.id)));
    let entry = owner.get(&path).await.json(200);
    let until: DateTime<Utc> = text(&entry["url_expires_at"]).parse().expect("a time");
    let left = (until - Utc::now()).num_seconds();
    assert!((280..=300).contains(&left), "{left}");
    let file = aggregator.world.visitor.get(&text(&entry["url"])).await.expect(200);
    assert_eq!(file.body, bytes);
    for (name, value) in [
        ("content-type", "application/pdf"),
        ("content-disposition", "attachment; filename*=UTF-8''NIB%20Mama%20Ina.pdf"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("cache-control", "private, no-store"),
    ] {
        assert_eq!(file.header(name), value, "{name}");
    }
    let listed = owner.get(&aggregator.path(&format!("files?merchant_id={}", text(&merchant["id"])))).await;
    assert_eq!(listed.json(200)["data"], json!([made.json]));
}

#[tokio::test]
async fn a_picture_is_made_anew_without_its_metadata() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.merchant().await;
    let mut bytes = photo(1600, 1200);
    // An APP1 segment right after the start of the picture, as cameras write place and time.
    let note = b"Exif\0\0-6.2,106.8 Rumah Mama Ina";
    let length = u16::try_from(note.len() + 2).expect("short").to_be_bytes();
    bytes.splice(2..2, [&[0xFF, 0xE1][..], &length, note].concat());
    let made = upload(&aggregator, &aggregator.owner, bytes, &merchant).await.json(201);
    assert_eq!((&made["media_type"], &made["name"]), (&json!("image/jpeg"), &json!("NIB Mama Ina.jpg")));
    let entry =
        aggregator.owner.get(&aggregator.path(&format!("files/{}", text(&made["id"])))).await.json(200);
    let kept = aggregator.world.visitor.get(&text(&entry["url"])).await.expect(200).body;
    assert!(!kept.windows(8).any(|w| w == b"Mama Ina"));
    assert_eq!(image::load_from_memory(&kept).expect("a picture").width(), 1280);
}

#[tokio::test]
async fn what_is_no_evidence_is_refused() {
    let aggregator = World::new().await.aggregator().await;
    let (owner, merchant) = (&aggregator.owner, aggregator.merchant().await);
    let send = async |bytes: Vec<u8>| upload(&aggregator, owner, bytes, &merchant).await;
    send(b"<html><script>alert(1)</script>%PDF-1.4".to_vec()).await.faults(&[("/file", "not_evidence")]);
    send(b"GIF89a".to_vec()).await.faults(&[("/file", "not_evidence")]);
    send(Vec::new()).await.faults(&[("/file", "not_evidence")]);
    send(photo(20, 20)).await.faults(&[("/file", "picture_too_small")]);
    send([pdf(), vec![0; 15 * 1024 * 1024]].concat()).await.problem(413, "payload_too_large");
    let path = aggregator.path("files");
    let bare = owner.call("POST", &path).file("a.pdf", pdf()).await;
    bare.faults(&[("/merchant_id", "required")]);
    let garbled = owner.call("POST", &path).evidence("a.pdf", pdf(), "x").await;
    garbled.faults(&[("/merchant_id", "invalid_id")]);
    owner.post(&path, json!({})).await.problem(415, "unsupported_media_type");
    let other = aggregator.world.aggregator().await;
    let foreign = other.merchant().await;
    let unknown = upload(&aggregator, owner, pdf(), &foreign).await;
    unknown.faults(&[("/merchant_id", "unknown_reference")]);
    assert_eq!(owner.get(&path).await.json(200)["data"], json!([]), "nothing was kept");
}

#[tokio::test]
async fn a_forged_or_old_link_opens_nothing() {
    let aggregator = World::new().await.aggregator().await;
    let (visitor, merchant) = (&aggregator.world.visitor, aggregator.merchant().await);
    let (first, second) = (
        aggregator.evidence(&text(&merchant["id"])).await,
        aggregator.evidence(&text(&merchant["id"])).await,
    );
    let entry = aggregator.owner.get(&aggregator.path(&format!("files/{first}"))).await.json(200);
    let url = text(&entry["url"]);
    let _ = visitor.get(&url).await.expect(200);
    let expires = url.split_once("expires=").and_then(|(_, rest)| rest.split('&').next()).expect("a time");
    let later = expires.parse::<i64>().expect("a number") + 1;
    let (head, signature) = url.rsplit_once('=').expect("a signature");
    for forged in [
        url.replace(&first, &second),
        url.replace("purpose=verification", "purpose=payment"),
        url.replace("purpose=verification", "purpose=iseng"),
        url.replace(&format!("expires={expires}"), &format!("expires={later}")),
        url.replace(&aggregator.owner.id, &uuid::Uuid::now_v7().to_string()),
        format!("{head}={}", signature.chars().rev().collect::<String>()),
        format!("{head}="),
        format!("{head}=%F0%9F%9A%A2"),
    ] {
        visitor.get(&forged).await.problem(403, "link_forged");
    }
    visitor.get(&url.replace("&signature=", "&tanda=")).await.problem(400, "unknown_parameter");
    // A link that was good until a second ago, signed as the server signs.
    let key = kapal_persistence::Secret::from_base64("a2FwYWwta2FwYWwta2FwYWwta2FwYWwta2FwYWwtMTI=")
        .expect("a key");
    let id = |text: &str| uuid::Uuid::parse_str(text).expect("an id");
    let past = Utc::now().timestamp() - 1;
    let (tenant, file, by) = (id(&aggregator.id), id(&first), id(&aggregator.owner.id));
    let past_bytes = past.to_be_bytes();
    let parts: [&[u8]; 5] = [tenant.as_bytes(), file.as_bytes(), by.as_bytes(), &past_bytes, b"verification"];
    let signature = kapal_persistence::Vault::new(&key).links.mac(&parts);
    let signature = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, signature);
    let old = format!(
        "/v1/files/{tenant}/{file}?by={by}&purpose=verification&expires={past}&signature={signature}"
    );
    visitor.get(&old).await.problem(403, "link_expired");
}

#[tokio::test]
async fn evidence_is_opened_by_its_uploader_verifiers_and_readers_of_personal_data() {
    let aggregator = World::new().await.aggregator().await;
    let hero = aggregator.member(Role::LocalHero).await;
    let body = json!({ "name": "Kopi Egon", "region_code": "53.07", "phone": "081234567890" });
    let merchant = hero.post(&aggregator.path("merchants"), body).await.json(201);
    let own = upload(&aggregator, &hero, pdf(), &merchant).await.json(201);
    let others = upload(&aggregator, &aggregator.owner, pdf(), &merchant).await.json(201);
    let path = |file: &Value| aggregator.path(&format!("files/{}", text(&file["id"])));
    let manager = aggregator.member(Role::MerchantManager).await;
    let analyst = aggregator.member(Role::Analyst).await;
    let account = aggregator.merchant_member(&text(&merchant["id"])).await;
    for (who, file, opens) in [
        (&hero, &own, true),
        (&hero, &others, false),
        (&manager, &own, true),
        (&account, &others, true),
        (&analyst, &own, false),
    ] {
        let entry = who.get(&path(file)).await.json(200);
        assert_eq!(entry["url"].is_string(), opens, "{entry}");
        assert_eq!(entry["url_expires_at"].is_string(), opens);
    }
    let foreign = upload(&aggregator, &aggregator.owner, pdf(), &aggregator.merchant().await).await.json(201);
    hero.get(&path(&foreign)).await.problem(404, "not_found");
    assert_eq!(hero.get(&aggregator.path("files")).await.json(200)["data"].as_array().map(Vec::len), Some(2));
    let refused = upload(&aggregator, &hero, pdf(), &aggregator.merchant().await).await;
    refused.faults(&[("/merchant_id", "unknown_reference")]);
}

#[tokio::test]
async fn bytes_lie_sealed_and_apart_and_no_picture_address_leads_there() {
    let aggregator = World::new().await.aggregator().await;
    let (merchant, bytes) = (aggregator.merchant().await, pdf());
    let made = upload(&aggregator, &aggregator.owner, bytes.clone(), &merchant).await.json(201);
    let (id, private) = (text(&made["id"]), Cluster::get().data.join("pictures/private"));
    let file = private.join(&aggregator.id).join(&id);
    let sealed = std::fs::read(&file).expect("the file");
    assert!(!sealed.windows(5).any(|w| w == b"%PDF-"));
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).expect("the file").permissions());
    assert_eq!(mode & 0o777, 0o600);
    let visitor = &aggregator.world.visitor;
    for address in
        [format!("/media/private/{id}"), format!("/media/{id}/320.jpg"), format!("/media/..%2Fprivate/{id}")]
    {
        assert_eq!(visitor.get(&address).await.status, 404, "{address}");
    }
    // Where the tenant's key of this merchant is gone, so is what it sealed.
    let database = Cluster::get().superuser(&Cluster::get().database).await;
    let erase = format!(
        "UPDATE subject_keys SET wrapped = NULL, destroyed_at = now() WHERE subject_id = '{}'",
        text(&merchant["id"])
    );
    database.batch_execute(&erase).await.expect("erased");
    let entry = aggregator.owner.get(&aggregator.path(&format!("files/{id}"))).await.json(200);
    visitor.get(&text(&entry["url"])).await.problem(404, "not_found");
    upload(&aggregator, &aggregator.owner, pdf(), &merchant).await.problem(409, "subject_erased");
}

#[tokio::test]
async fn an_aggregators_evidence_has_a_limit() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.merchant().await;
    let made = upload(&aggregator, &aggregator.owner, pdf(), &merchant).await.json(201);
    let database = Cluster::get().superuser(&Cluster::get().database).await;
    let fill = format!("UPDATE files SET bytes = 5368709120 WHERE id = '{}'", text(&made["id"]));
    database.batch_execute(&fill).await.expect("filled");
    // Whoever sees one merchant alone meets the same limit.
    let second = aggregator.merchant().await;
    let narrowed = aggregator.merchant_member(&text(&second["id"])).await;
    for (by, merchant) in [(&aggregator.owner, &merchant), (&aggregator.owner, &second), (&narrowed, &second)]
    {
        upload(&aggregator, by, pdf(), merchant).await.problem(413, "file_quota_exceeded");
    }
    let fill = format!("UPDATE files SET bytes = 524288000 WHERE id = '{}'", text(&made["id"]));
    database.batch_execute(&fill).await.expect("one merchant's share");
    upload(&aggregator, &aggregator.owner, pdf(), &merchant).await.problem(413, "file_quota_exceeded");
    let _ = upload(&aggregator, &narrowed, pdf(), &second).await.expect(201);
    let other = aggregator.world.aggregator().await;
    let _ = upload(&other, &other.owner, pdf(), &other.merchant().await).await.expect(201);
}

#[tokio::test]
async fn the_same_upload_with_the_same_key_is_kept_once() {
    let aggregator = World::new().await.aggregator().await;
    let (merchant, bytes) = (aggregator.merchant().await, pdf());
    let other = aggregator.merchant().await;
    let send = async |merchant: &Value| {
        let call = aggregator.owner.call("POST", &aggregator.path("files"));
        call.evidence("a.pdf", bytes.clone(), &text(&merchant["id"])).header("Idempotency-Key", "satu").await
    };
    let first = send(&merchant).await.json(201);
    assert_eq!(send(&merchant).await.json(201), first);
    send(&other).await.problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn each_opening_stands_in_the_audit_chain_with_its_reader_and_purpose() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.merchant().await;
    let id = aggregator.evidence(&text(&merchant["id"])).await;
    let path = aggregator.path(&format!("files/{id}"));
    for asked in ["", "?purpose=dispute"] {
        let entry = aggregator.owner.get(&format!("{path}{asked}")).await.json(200);
        let _ = aggregator.world.visitor.get(&text(&entry["url"])).await.expect(200);
    }
    aggregator.owner.get(&format!("{path}?purpose=iseng")).await.problem(400, "invalid_parameter");
    let database = Cluster::get().superuser(&Cluster::get().database).await;
    let sql = format!(
        "SELECT actor_id::text, entry::jsonb #>> '{{after,purpose}}' FROM audit_entries \
         WHERE action = 'file.opened' AND subject_id = '{id}' ORDER BY seq"
    );
    let rows = database.query(&sql, &[]).await.expect("entries");
    let readers: Vec<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let by_owner = |purpose: &str| (aggregator.owner.id.clone(), purpose.to_owned());
    assert_eq!(readers, [by_owner("verification"), by_owner("dispute")]);
}
