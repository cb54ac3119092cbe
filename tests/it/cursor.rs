//! Pages: whatever their sizes, they add up to the whole; a cursor belongs to its list.

use kapal_tests::{Aggregator, World, text};
use serde_json::{Value, json};

async fn ids_of(aggregator: &Aggregator, query: &str, mut limit: impl FnMut() -> usize) -> Vec<String> {
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = aggregator.path(&format!("merchants?limit={}{query}{cursor}", limit()));
        let reply = aggregator.owner.get(&path).await.expect(200);
        let page = reply.json["page"].clone();
        ids.extend(reply.json["data"].as_array().into_iter().flatten().map(|row| text(&row["id"])));
        let Some(next) = page["next_cursor"].as_str() else {
            assert_eq!(page["has_more"], false);
            assert_eq!(reply.header("link"), "");
            return ids;
        };
        assert_eq!(page["has_more"], true);
        assert!(
            reply.header("link").contains(next) && reply.header("link").ends_with("rel=\"next\""),
            "{reply}"
        );
        cursor = format!("&cursor={next}");
    }
}

async fn filled() -> Aggregator {
    let aggregator = World::new().await.aggregator().await;
    for n in 0..23 {
        let body = json!({ "name": format!("Kopi {n}"), "region_code": "53.07", "phone": "081234567890" });
        let _ = aggregator.owner.post(&aggregator.path("merchants"), body).await.expect(201);
    }
    aggregator
}

#[tokio::test]
async fn pages_of_any_size_add_up_to_the_whole() {
    let aggregator = filled().await;
    let whole = ids_of(&aggregator, "", || 100).await;
    assert_eq!(whole.len(), 23);
    let mut seed = 7_u32;
    for _ in 0..8 {
        let paged = ids_of(&aggregator, "", || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            1 + (seed >> 16) as usize % 9
        });
        assert_eq!(paged.await, whole);
    }
    let link = aggregator.owner.get(&aggregator.path("merchants?limit=20")).await.header("link").to_owned();
    let next = link.trim_start_matches('<').split('>').next().expect("an address").to_owned();
    let last = aggregator.owner.get(&next).await.json(200);
    assert_eq!(last["data"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn what_is_added_meanwhile_moves_nothing() {
    let aggregator = filled().await;
    let before = ids_of(&aggregator, "", || 100).await;
    let first = aggregator.owner.get(&aggregator.path("merchants?limit=10")).await.json(200);
    let _ = aggregator.merchant().await;
    let cursor = text(&first.pointer("/page/next_cursor").expect("more").clone());
    let second = aggregator
        .owner
        .get(&aggregator.path(&format!("merchants?limit=100&cursor={cursor}")))
        .await
        .json(200);
    let ids = |page: &Value| {
        page["data"].as_array().into_iter().flatten().map(|row| text(&row["id"])).collect::<Vec<_>>()
    };
    assert_eq!([ids(&first), ids(&second)].concat(), before);
}

#[tokio::test]
async fn a_cursor_of_another_list_filter_or_tenant_is_refused() {
    let aggregator = filled().await;
    let other = filled().await;
    let page = aggregator.owner.get(&aggregator.path("merchants?limit=2")).await.json(200);
    let cursor = text(page.pointer("/page/next_cursor").expect("more"));
    for path in [
        aggregator.path(&format!("merchants?limit=2&status=draft&cursor={cursor}")),
        aggregator.path(&format!("members?cursor={cursor}")),
        aggregator.path(&format!("products?cursor={cursor}")),
    ] {
        aggregator.owner.get(&path).await.problem(400, "cursor_mismatch");
    }
    other
        .owner
        .get(&other.path(&format!("merchants?limit=2&cursor={cursor}")))
        .await
        .problem(400, "cursor_mismatch");
    let _ = aggregator
        .owner
        .get(&aggregator.path(&format!("merchants?limit=5&cursor={cursor}")))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_cursor_that_we_did_not_make_is_refused() {
    let aggregator = filled().await;
    let page = aggregator.owner.get(&aggregator.path("merchants?limit=2")).await.json(200);
    let cursor = text(page.pointer("/page/next_cursor").expect("more"));
    let middle = cursor.len() / 2;
    let changed = format!(
        "{}{}{}",
        &cursor[..middle],
        if cursor[middle..].starts_with('A') { 'B' } else { 'A' },
        &cursor[middle + 1..]
    );
    for bad in ["x", "", "%00", "e30", &changed, &cursor[..cursor.len() - 4], &"A".repeat(1_900), "..%2f.."] {
        let reply = aggregator.owner.get(&aggregator.path(&format!("merchants?cursor={bad}"))).await;
        assert_eq!(reply.status, 400, "{reply}");
        assert!(
            matches!(reply.code(), "invalid_cursor" | "invalid_parameter" | "cursor_mismatch"),
            "{reply}"
        );
    }
    for limit in ["0", "101", "-1", "x", "1.5", "", "99999999999999999999"] {
        aggregator
            .owner
            .get(&aggregator.path(&format!("merchants?limit={limit}")))
            .await
            .problem(400, "invalid_parameter");
    }
}
