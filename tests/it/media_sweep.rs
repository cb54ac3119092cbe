//! Pictures that nothing shows go, with their files; what is shown, or about to be, stays.

use kapal_persistence::{Collected, Objects};
use kapal_tests::{Aggregator, Cluster, World, all_at_once, photo, text};
use serde_json::{Value, json};

/// What the worker does every hour.
async fn sweep() -> Collected {
    let cluster = Cluster::get();
    let objects = Objects::in_folder(cluster.data.join("pictures"));
    cluster.pools().collect_pictures(&objects).await.expect("swept")
}

/// A day passes for what this aggregator has, as far as nothing shows it, and for these files.
async fn a_day_passes(aggregator: &Aggregator, pictures: &[&str]) {
    let _ = sweep().await;
    let database = Cluster::get().superuser(&Cluster::get().database).await;
    let hashes = pictures.iter().map(|url| hash(url)).collect::<Vec<_>>().join(",");
    let sql = format!(
        "UPDATE media SET unused_since = now() - interval '25 hours'
         WHERE aggregator_id = '{}' AND unused_since IS NOT NULL;
         UPDATE stored_pictures SET stored_at = now() - interval '25 hours' WHERE hash = ANY ('{{{hashes}}}')",
        aggregator.id
    );
    database.batch_execute(&sql).await.expect("aged");
}

/// The hash in a picture's address.
fn hash(url: &str) -> &str {
    url.rsplit('/').nth(1).expect("an address of a picture")
}

async fn upload(aggregator: &Aggregator) -> Value {
    let upload = aggregator.owner.call("POST", &aggregator.path("media"));
    upload.file("a.jpg", photo(200, 200)).await.json(201)
}

async fn is_served(aggregator: &Aggregator, url: &str) -> bool {
    let path = url::Url::parse(url).expect("an address").path().to_owned();
    match aggregator.world.visitor.get(&path).await.status {
        200 => true,
        404 => false,
        other => panic!("{other} for {url}"),
    }
}

async fn show(aggregator: &Aggregator, product: &Value, media: &[&Value]) -> kapal_tests::Reply {
    let path = aggregator.path(&format!("products/{}/media", text(&product["id"])));
    let media: Vec<_> = media.iter().map(|media| json!({ "media_id": media["id"] })).collect();
    aggregator.owner.put(&path, json!({ "media": media })).of(&product["version"]).await
}

#[tokio::test]
async fn what_nothing_shows_goes_after_a_day_with_its_files() {
    let aggregator = World::new().await.aggregator().await;
    let (lost, shown, logo) =
        (upload(&aggregator).await, upload(&aggregator).await, upload(&aggregator).await);
    let urls = [&lost, &shown, &logo].map(|media| text(&media["url"]));
    let product = aggregator.draft_product().await;
    let _ = show(&aggregator, &product, &[&shown]).await.expect(200);
    let merchant = aggregator.path(&format!("merchants/{}", text(&product["merchant_id"])));
    let read = aggregator.owner.get(&merchant).await.expect(200);
    let patch = aggregator.owner.patch(&merchant, json!({ "profile": { "logo_id": logo["id"] } }));
    let _ = patch.header("If-Match", read.header("etag")).await.expect(200);
    // Not yet: it may be on its way onto a product.
    a_day_passes(&aggregator, &[]).await;
    for url in &urls {
        assert!(is_served(&aggregator, url).await);
    }
    a_day_passes(&aggregator, &urls.each_ref().map(String::as_str)).await;
    let _ = sweep().await;
    assert!(!is_served(&aggregator, &urls[0]).await);
    assert!(!is_served(&aggregator, &urls[0].replace(".jpg", ".webp")).await);
    assert!(is_served(&aggregator, &urls[1]).await && is_served(&aggregator, &urls[2]).await);
    let after = aggregator.owner.get(&aggregator.path(&format!("products/{}", text(&product["id"])))).await;
    let refused = show(&aggregator, &after.json, &[&lost]).await;
    refused.faults(&[("/media/0/media_id", "unknown_reference")]);
    let database = Cluster::get().superuser(&Cluster::get().database).await;
    let sql = format!(
        "SELECT count(*) FROM audit_entries WHERE action = 'media.deleted' AND subject_id = '{}' AND entry::jsonb ->> 'actor_kind' = 'system'",
        text(&lost["id"])
    );
    let noted: i64 = database.query_one(&sql, &[]).await.expect("entries").get(0);
    assert_eq!(noted, 1);
}

#[tokio::test]
async fn a_picture_that_came_off_a_product_stays_a_day_and_may_come_back() {
    let aggregator = World::new().await.aggregator().await;
    let (first, second) = (upload(&aggregator).await, upload(&aggregator).await);
    let product = aggregator.draft_product().await;
    let product = show(&aggregator, &product, &[&first]).await.json(200);
    let product = show(&aggregator, &product, &[&second]).await.json(200);
    let _ = sweep().await;
    let _ = show(&aggregator, &product, &[&first, &second]).await.expect(200);
    a_day_passes(&aggregator, &[&text(&first["url"])]).await;
    let _ = sweep().await;
    assert!(is_served(&aggregator, &text(&first["url"])).await);
}

#[tokio::test]
async fn a_picture_is_on_a_product_or_gone_never_both() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.draft_product().await;
    for _ in 0..4 {
        let media = upload(&aggregator).await;
        a_day_passes(&aggregator, &[&text(&media["url"])]).await;
        let path = aggregator.path(&format!("products/{}", text(&product["id"])));
        let now = aggregator.owner.get(&path).await.json(200);
        let wanted = [&media];
        let (shown, _) = tokio::join!(show(&aggregator, &now, &wanted), sweep());
        let served = is_served(&aggregator, &text(&media["url"])).await;
        match shown.status {
            200 => {
                assert!(served, "{shown}");
                assert_eq!(shown.json["media"].as_array().map(Vec::len), Some(1));
            }
            _ => shown.faults(&[("/media/0/media_id", "unknown_reference")]),
        }
    }
}

#[tokio::test]
async fn what_a_change_request_is_to_show_stays_while_it_is_under_way() {
    let aggregator = World::new().await.aggregator().await;
    let (product, media) = (aggregator.product().await, upload(&aggregator).await);
    let request = show(&aggregator, &product, &[&media]).await.json(202);
    let url = text(&media["url"]);
    a_day_passes(&aggregator, &[&url]).await;
    let _ = sweep().await;
    assert!(is_served(&aggregator, &url).await);
    let withdraw = aggregator.path(&format!("change-requests/{}/withdraw", text(&request["id"])));
    let _ = aggregator.owner.step(&withdraw).await.expect(200);
    let _ = sweep().await;
    a_day_passes(&aggregator, &[&url]).await;
    let _ = sweep().await;
    assert!(!is_served(&aggregator, &url).await);
}

#[tokio::test]
async fn what_is_being_taken_at_this_moment_is_passed_over() {
    let aggregator = World::new().await.aggregator().await;
    let media = upload(&aggregator).await;
    let database = Cluster::get().superuser(&Cluster::get().database).await;
    // As the foreign key of a product's picture holds it.
    let hold = format!("BEGIN; SELECT 1 FROM media WHERE id = '{}' FOR KEY SHARE", text(&media["id"]));
    database.batch_execute(&hold).await.expect("held");
    a_day_passes(&aggregator, &[&text(&media["url"])]).await;
    let _ = sweep().await;
    assert!(is_served(&aggregator, &text(&media["url"])).await);
    database.batch_execute("COMMIT").await.expect("let go");
    let _ = sweep().await;
    assert!(!is_served(&aggregator, &text(&media["url"])).await);
}

#[tokio::test]
async fn equal_uploads_of_two_aggregators_share_their_files_until_both_are_gone() {
    let world = World::new().await;
    let (one, two) = (world.aggregator().await, world.aggregator().await);
    let bytes = photo(200, 200);
    let send = async |aggregator: &Aggregator| {
        let call = aggregator.owner.call("POST", &aggregator.path("media"));
        text(&call.file("a.jpg", bytes.clone()).await.json(201)["url"])
    };
    let url = send(&one).await;
    assert_eq!(send(&two).await, url);
    a_day_passes(&one, &[&url]).await;
    let _ = sweep().await;
    assert!(is_served(&two, &url).await);
    a_day_passes(&two, &[&url]).await;
    let _ = sweep().await;
    assert!(!is_served(&two, &url).await);
}

#[tokio::test]
async fn an_upload_while_its_files_go_has_its_files() {
    let aggregator = World::new().await.aggregator().await;
    let bytes = photo(200, 200);
    let send = async || {
        let call = aggregator.owner.call("POST", &aggregator.path("media"));
        text(&call.file("a.jpg", bytes.clone()).await.json(201)["url"])
    };
    let url = send().await;
    for _ in 0..4 {
        a_day_passes(&aggregator, &[&url]).await;
        let (again, _) = tokio::join!(send(), sweep());
        assert_eq!(again, url);
        assert!(is_served(&aggregator, &url).await);
    }
}

#[tokio::test]
async fn previews_of_what_is_no_more_go_too() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let path = aggregator.shop(&format!("/products/{}", text(&product["slug"])));
    let before = text(&aggregator.world.visitor.get(&path).await.json(200)["preview"]["url"]);
    assert!(is_served(&aggregator, &before).await);
    let unpublish = aggregator.path(&format!("products/{}/unpublish", text(&product["id"])));
    let _ = aggregator.owner.step(&unpublish).await.expect(200);
    // Who was sent the link a moment ago still sees its picture.
    let _ = sweep().await;
    assert!(is_served(&aggregator, &before).await);
    a_day_passes(&aggregator, &[&before]).await;
    let _ = sweep().await;
    assert!(!is_served(&aggregator, &before).await);
}

#[tokio::test]
async fn sweeping_knows_everything_that_shows_pictures() {
    let database = Cluster::get().superuser(&Cluster::get().database).await;
    let sql = "SELECT DISTINCT conrelid::regclass::text FROM pg_constraint
        WHERE contype = 'f' AND confrelid = 'media'::regclass AND conparentid = 0";
    let tables: Vec<String> =
        database.query(sql, &[]).await.expect("keys").iter().map(|row| row.get(0)).collect();
    assert!(tables.len() >= 2, "{tables:?}");
    let folder = crate::workspace::root().join("crates/persistence/src/sql");
    for file in ["notice_unused_media.sql", "delete_unused_media.sql"] {
        let text = std::fs::read_to_string(folder.join(file)).expect("a query");
        for table in &tables {
            assert!(text.contains(&format!("FROM {table} ")), "{file} does not ask {table}");
        }
    }
}

#[tokio::test]
async fn an_aggregator_has_no_more_pictures_than_it_may() {
    let aggregator = World::new().await.aggregator().await;
    let database = Cluster::get().superuser(&Cluster::get().database).await;
    // All but three, which nothing sweeps while the test runs.
    let fill = format!(
        "INSERT INTO media (aggregator_id, id, hash, width, height, widths, created_at)
         SELECT '{}', gen_random_uuid(), repeat('0', 64), 100, 100, '{{100}}', now() FROM generate_series(1, {})",
        aggregator.id,
        kapal_domain::media::QUOTA - 3
    );
    database.batch_execute(&fill).await.expect("filled");
    let merchant = aggregator.merchant().await;
    let narrowed = aggregator.merchant_member(&text(&merchant["id"])).await;
    let uploads = (0..8).map(|n| {
        let member = if n % 2 == 0 { &aggregator.owner } else { &narrowed };
        member.call("POST", &aggregator.path("media")).file("a.jpg", photo(100, 100))
    });
    let replies = all_at_once(uploads).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 3);
    for reply in replies.into_iter().filter(|reply| reply.status != 201) {
        reply.problem(409, "picture_quota_exceeded");
    }
    let empty = format!("DELETE FROM media WHERE aggregator_id = '{}'", aggregator.id);
    database.batch_execute(&empty).await.expect("emptied");
}
