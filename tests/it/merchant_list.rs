//! The list of merchants: every filter and order, and the same list as a file.

use std::collections::BTreeSet;

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Member, World, text, unique};
use serde_json::{Value, json};

async fn make(aggregator: &Aggregator, name: &str, region: &str, scale: &str) -> Value {
    let body = json!({ "name": name, "region_code": region, "phone": "081234567890", "scale": scale });
    aggregator.owner.post(&aggregator.path("merchants"), body).await.json(201)
}

async fn names(who: &Member, aggregator: &Aggregator, query: &str) -> Vec<String> {
    let page = who.get(&aggregator.path(&format!("merchants?{query}"))).await.json(200);
    page["data"].as_array().expect("a list").iter().map(|merchant| text(&merchant["name"])).collect()
}

/// Four merchants, made in this order.
async fn four() -> Aggregator {
    let aggregator = World::new().await.aggregator().await;
    for (name, region, scale) in [
        ("Tenun Mama Ina", "53.07", "micro"),
        ("kopi Egon", "53.07.01", "small"),
        ("Batik Lasem", "33.17", "micro"),
        ("Keripik Tempe Bu Sri", "35.73", "medium"),
    ] {
        let _ = make(&aggregator, name, region, scale).await;
    }
    aggregator
}

#[tokio::test]
async fn each_filter_leaves_what_fits() {
    let aggregator = four().await;
    let owner = &aggregator.owner;
    for (query, expected) in [
        ("region=53", vec!["kopi Egon", "Tenun Mama Ina"]),
        ("region=53.07", vec!["kopi Egon", "Tenun Mama Ina"]),
        ("region=53.07.01", vec!["kopi Egon"]),
        ("region=5", vec![]),
        ("scale=micro", vec!["Batik Lasem", "Tenun Mama Ina"]),
        ("scale=micro,medium&region=35", vec!["Keripik Tempe Bu Sri"]),
        ("status=active", vec![]),
        ("status=draft,active&scale=small", vec!["kopi Egon"]),
        ("level=digital", vec![]),
        ("document_expiring=30", vec![]),
        ("missing_document=halal&scale=small", vec!["kopi Egon"]),
        ("q=tem", vec!["Keripik Tempe Bu Sri"]),
        ("q=SRI%20keri", vec!["Keripik Tempe Bu Sri"]),
        ("q=empe", vec![]),
        ("q=%25", vec!["Keripik Tempe Bu Sri", "Batik Lasem", "kopi Egon", "Tenun Mama Ina"]),
    ] {
        let reply = owner.get(&aggregator.path(&format!("merchants?{query}"))).await;
        if query == "region=5" {
            reply.problem(400, "invalid_parameter");
            continue;
        }
        assert_eq!(names(owner, &aggregator, query).await, expected, "{query}");
    }
    for bad in [
        "status=x",
        "scale=large",
        "level=x",
        "hero=x",
        "missing_document=x",
        "document_expiring=400",
        "sort=phone",
        "sort=name,created_at",
    ] {
        owner.get(&aggregator.path(&format!("merchants?{bad}"))).await.problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn a_heros_merchants_are_found_by_the_hero() {
    let aggregator = four().await;
    let hero = aggregator.member(Role::LocalHero).await;
    let body = json!({ "name": "Tenun Hera", "region_code": "53.07", "phone": "081234567890" });
    let _ = hero.post(&aggregator.path("merchants"), body).await.expect(201);
    assert_eq!(names(&aggregator.owner, &aggregator, &format!("hero={}", hero.id)).await, ["Tenun Hera"]);
    assert_eq!(names(&hero, &aggregator, "q=tenun").await, ["Tenun Hera"], "a search is narrowed too");
}

#[tokio::test]
async fn a_changed_name_is_found_by_its_new_words_alone() {
    let aggregator = four().await;
    let owner = &aggregator.owner;
    let page = owner.get(&aggregator.path("merchants?q=lasem")).await.json(200);
    let merchant = &page["data"][0];
    let path = aggregator.path(&format!("merchants/{}", text(&merchant["id"])));
    let _ = owner.patch(&path, json!({ "name": "Batik Tuban" })).of(&merchant["version"]).await.expect(200);
    assert!(names(owner, &aggregator, "q=lasem").await.is_empty());
    assert_eq!(names(owner, &aggregator, "q=batik%20tub").await, ["Batik Tuban"]);
}

#[tokio::test]
async fn each_order_pages_through_all_once() {
    let aggregator = four().await;
    let all = ["Tenun Mama Ina", "kopi Egon", "Batik Lasem", "Keripik Tempe Bu Sri"];
    let by_name = ["Batik Lasem", "Keripik Tempe Bu Sri", "kopi Egon", "Tenun Mama Ina"];
    let reversed = |names: [&'static str; 4]| names.into_iter().rev().collect::<Vec<_>>();
    for (sort, expected) in [
        ("created_at", all.to_vec()),
        ("-created_at", reversed(all)),
        ("updated_at", all.to_vec()),
        ("-updated_at", reversed(all)),
        ("name", by_name.to_vec()),
        ("-name", reversed(by_name)),
    ] {
        let (mut seen, mut query) = (Vec::new(), format!("sort={sort}&limit=1"));
        loop {
            let page = aggregator.owner.get(&aggregator.path(&format!("merchants?{query}"))).await.json(200);
            seen.extend(page["data"].as_array().expect("a list").iter().map(|m| text(&m["name"])));
            let Some(cursor) = page["page"]["next_cursor"].as_str() else { break };
            query = format!("sort={sort}&limit=1&cursor={cursor}");
        }
        assert_eq!(seen, expected, "{sort}");
    }
    let page = aggregator.owner.get(&aggregator.path("merchants?sort=name&limit=1")).await.json(200);
    let cursor = text(&page["page"]["next_cursor"]);
    let other = aggregator.path(&format!("merchants?sort=-name&limit=1&cursor={cursor}"));
    aggregator.owner.get(&other).await.problem(400, "cursor_mismatch");
}

#[tokio::test]
async fn the_list_as_a_file_has_every_row_once_and_no_formula() {
    let aggregator = four().await;
    let owner = &aggregator.owner;
    let _ = make(&aggregator, "=HYPERLINK(\"http://jahat\")", "53.07", "micro").await;
    let file =
        owner.get(&aggregator.path("merchants?sort=name")).header("Accept", "text/csv").await.expect(200);
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(file.header("content-disposition"), "attachment; filename*=UTF-8''merchants.csv");
    let body = file.text();
    let lines: Vec<_> = body.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 6, "{body}");
    assert!(lines[0].starts_with("\"id\",\"slug\",\"name\""));
    assert!(lines[1].contains("\"'=HYPERLINK(\"\"http://jahat\"\")\""), "{}", lines[1]);
    assert!(lines.iter().skip(1).all(|line| line.contains("\"'+6281234567890\"")));
    let filtered = owner.get(&aggregator.path("merchants?region=33")).header("Accept", "text/csv").await;
    assert_eq!(filtered.text().matches("\r\n").count(), 2);
    let json = owner.get(&aggregator.path("merchants")).header("Accept", "application/json, text/csv").await;
    assert_eq!(json.header("content-type"), "application/json");
    let bad = owner.get(&aggregator.path("merchants?sort=x")).header("Accept", "text/csv").await;
    bad.problem(400, "invalid_parameter");
}

#[tokio::test]
async fn a_file_longer_than_a_batch_is_whole() {
    let aggregator = World::new().await.aggregator().await;
    let cluster = kapal_tests::Cluster::get();
    let database = cluster.superuser(&cluster.database).await;
    let sql = format!(
        "INSERT INTO merchants (aggregator_id, id, slug, name, status, region_code, phone, created_at, updated_at) \
         SELECT '{}', gen_random_uuid(), 'toko-{}-' || n, 'Toko ' || n % 7, 'draft', '53.07', '+6281234567890', now(), now() \
         FROM generate_series(1, 1234) n",
        aggregator.id,
        unique()
    );
    database.batch_execute(&sql).await.expect("many merchants");
    for sort in ["name", "-created_at", "updated_at"] {
        let path = aggregator.path(&format!("merchants?sort={sort}"));
        let file = aggregator.owner.get(&path).header("Accept", "text/csv").await.expect(200).text();
        let ids: BTreeSet<_> = file.lines().skip(1).map(|line| line[1..37].to_owned()).collect();
        assert_eq!((ids.len(), file.lines().count()), (1234, 1235), "{sort}");
    }
}
