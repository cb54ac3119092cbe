//! Pages of lists: whatever their sizes they give the same order, and a cursor is good for its own list alone.

use std::future::IntoFuture as _;

use kapal_tests::{Client, World, eventually, nib, text, unique};
use proptest::prelude::*;
use serde_json::json;

/// Follows a list to its end with pages of random sizes; the ids in their order.
async fn paged(client: &Client, path: &str) -> Vec<String> {
    let separator = if path.contains('?') { '&' } else { '?' };
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let limit = rand::rng().random_range(1..=4);
        let address = format!("{path}{separator}limit={limit}{cursor}");
        let page = client.get(&address).await.expect(200);
        let data = page.json["data"].as_array().cloned().unwrap_or_default();
        assert!(data.len() <= limit, "{page}");
        ids.extend(data.iter().map(|thing| text(&thing["id"])));
        let next = page.json["page"]["next_cursor"].as_str();
        assert_eq!(page.json["page"]["has_more"], next.is_some(), "{page}");
        assert_eq!(page.header("link").contains("rel=\"next\""), next.is_some(), "{:?}", page.headers);
        match next {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

async fn whole(client: &Client, path: &str) -> Vec<String> {
    let separator = if path.contains('?') { '&' } else { '?' };
    let page = client.get(&format!("{path}{separator}limit=100")).await.json(200);
    assert_eq!(page["page"]["next_cursor"], json!(null));
    page["data"].as_array().into_iter().flatten().map(|thing| text(&thing["id"])).collect()
}

#[tokio::test]
async fn pages_of_any_size_give_the_whole_order() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.active_merchant().await;
    // Equal names, prices and so on: only the id tells them apart.
    let template = aggregator.product_body(&text(&merchant["id"])).await;
    for n in 0..11 {
        let mut body = template.clone();
        body["translations"] = json!({ "id": { "name": format!("Kopi {}", n % 3), "description": "Sama." } });
        body["variants"][0]["price"]["amount"] = json!(format!("{}", 10_000 + n % 2 * 1_000));
        let product = aggregator.owner.post(&aggregator.path("products"), body).await.json(201);
        let _ = aggregator.publish(&text(&product["id"])).await;
        let merchant =
            json!({ "name": "Warung", "region_code": "53.07", "phone": "081234567890", "nib": nib() });
        let _ = aggregator.owner.post(&aggregator.path("merchants"), merchant).await.expect(201);
    }
    let visitor = &aggregator.world.visitor;
    eventually("the index", async || {
        let page = visitor.get(&aggregator.shop("/products?include=facets")).await.json(200);
        (page["facets"]["province"][0]["count"] == 11).then_some(())
    })
    .await;
    let cases = [
        (&aggregator.owner.client, aggregator.path("merchants"), 12),
        (&aggregator.owner.client, aggregator.path("merchants?status=draft"), 11),
        (&aggregator.owner.client, aggregator.path("products"), 11),
        (visitor, aggregator.shop("/products"), 11),
        (visitor, aggregator.shop("/products?sort=newest"), 11),
        (visitor, aggregator.shop("/products?sort=price"), 11),
        (visitor, aggregator.shop("/products?sort=-price"), 11),
        (visitor, aggregator.shop("/products?sort=name"), 11),
        (visitor, aggregator.shop("/products?q=kopi"), 11),
        (visitor, aggregator.shop("/products?q=kopi&sort=price&province=53"), 11),
        (visitor, format!("/v1/storefront/products?origin_aggregator={}", aggregator.slug), 11),
    ];
    for (client, path, count) in cases {
        let all = whole(client, &path).await;
        assert_eq!(all.len(), count, "{path}");
        assert_eq!(paged(client, &path).await, all, "{path}");
    }
}

#[tokio::test]
async fn the_link_header_leads_on() {
    let aggregator = World::new().await.aggregator().await;
    let oldest = aggregator.merchant().await;
    for _ in 0..2 {
        let _ = aggregator.merchant().await;
    }
    let first = aggregator.owner.get(&aggregator.path("merchants?status=draft&limit=2")).await.expect(200);
    let link = first.header("link");
    let address = link.strip_prefix('<').and_then(|l| l.split_once('>')).expect("a link").0;
    let address = url::Url::parse(address).expect("an address");
    let path = format!("{}?{}", address.path(), address.query().unwrap_or_default());
    let second = aggregator.owner.get(&path).await.json(200);
    assert_eq!(second["data"], json!([oldest]));
    assert_eq!(second["page"]["has_more"], false);
}

#[tokio::test]
async fn what_is_added_meanwhile_moves_nothing() {
    let aggregator = World::new().await.aggregator().await;
    for _ in 0..4 {
        let _ = aggregator.merchant().await;
    }
    let list = aggregator.path("merchants");
    let before = whole(&aggregator.owner, &list).await;
    let first = aggregator.owner.get(&format!("{list}?limit=2")).await.json(200);
    let _ = aggregator.merchant().await;
    let rest = format!("{list}?limit=100&cursor={}", text(&first["page"]["next_cursor"]));
    let second = aggregator.owner.get(&rest).await.json(200);
    let pages = [&first, &second].into_iter().flat_map(|page| page["data"].as_array().into_iter().flatten());
    assert_eq!(pages.map(|thing| text(&thing["id"])).collect::<Vec<_>>(), before);
}

#[tokio::test]
async fn a_cursor_of_another_list_filter_or_tenant_is_a_mismatch() {
    let world = World::new().await;
    let (aggregator, other) = (world.aggregator().await, world.aggregator().await);
    let (_, _) = (aggregator.product().await, aggregator.product().await);
    let (_, _) = (other.product().await, other.product().await);
    let cursor = async |client: &Client, path: String| {
        let page = client.get(&path).await.json(200);
        text(&page["page"]["next_cursor"])
    };
    let owner = &aggregator.owner;
    let merchants = cursor(owner, aggregator.path("merchants?limit=1")).await;
    let shown = cursor(&world.visitor, aggregator.shop("/products?limit=1")).await;
    let cheap = cursor(&world.visitor, aggregator.shop("/products?limit=1&sort=price")).await;
    let nation = cursor(&world.visitor, "/v1/storefront/products?limit=1".to_owned()).await;
    let _ = owner.get(&aggregator.path(&format!("merchants?cursor={merchants}&limit=7"))).await.expect(200);
    for path in
        [aggregator.path("products"), aggregator.path("merchants?status=active"), aggregator.path("leads")]
    {
        let separator = if path.contains('?') { '&' } else { '?' };
        owner.get(&format!("{path}{separator}cursor={merchants}")).await.problem(400, "cursor_mismatch");
    }
    let foreign = other.path(&format!("merchants?cursor={merchants}"));
    other.owner.get(&foreign).await.problem(400, "cursor_mismatch");
    for (path, cursor) in [
        (other.shop("/products?"), &shown),
        (aggregator.shop("/products?sort=price&"), &shown),
        (aggregator.shop("/products?q=kopi&"), &shown),
        (aggregator.shop("/products?sort=-price&"), &cheap),
        (aggregator.shop("/products?"), &nation),
        (aggregator.shop("/merchants?"), &shown),
    ] {
        world.visitor.get(&format!("{path}cursor={cursor}")).await.problem(400, "cursor_mismatch");
    }
}

#[tokio::test]
async fn what_is_no_cursor_is_invalid() {
    let aggregator = World::new().await.aggregator().await;
    for garbage in ["", "x", "AAAA", "null", "%00", "../..", "eyJhIjoxfQ", "%F0%9F%98%80", &"A".repeat(1_900)]
    {
        let path = aggregator.path(&format!("merchants?cursor={garbage}"));
        let reply = aggregator.owner.get(&path).await;
        let code = if garbage == "%00" { reply.code().to_owned() } else { "invalid_cursor".to_owned() };
        reply.problem(400, &code);
    }
}

/// One change of a cursor.
#[derive(Debug, Clone)]
enum Damage {
    Flip(usize, u8),
    Cut(usize),
    Insert(usize, u8),
    Swap(usize, usize),
    Other(Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<usize>(), 1_u8..).prop_map(|(at, bits)| Damage::Flip(at, bits)),
        any::<usize>().prop_map(Damage::Cut),
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Damage::Insert(at, byte)),
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Damage::Swap(a, b)),
        proptest::collection::vec(any::<u8>(), 0..120).prop_map(Damage::Other),
    ]
}

impl Damage {
    fn apply(&self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        let length = bytes.len();
        match self {
            Self::Flip(at, bits) => bytes[at % length] ^= bits,
            Self::Cut(at) => bytes.truncate(at % length),
            Self::Insert(at, byte) => bytes.insert(at % length, *byte),
            Self::Swap(a, b) => bytes.swap(a % length, b % length),
            Self::Other(other) => bytes.clone_from(other),
        }
        bytes
    }
}

#[test]
fn a_damaged_cursor_is_refused_and_never_a_fault_of_ours() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (visitor, path, cursor) = runtime.block_on(async {
        let aggregator = World::new().await.aggregator().await;
        let merchant = aggregator.active_merchant().await;
        let mut body = aggregator.product_body(&text(&merchant["id"])).await;
        for _ in 0..2 {
            body["translations"] =
                json!({ "id": { "name": format!("Kopi {}", unique()), "description": "x" } });
            let product = aggregator.owner.post(&aggregator.path("products"), body.clone()).await.json(201);
            let _ = aggregator.publish(&text(&product["id"])).await;
        }
        let path = aggregator.shop("/products?sort=name&limit=1");
        let page = aggregator.world.visitor.get(&path).await.json(200);
        (aggregator.world.visitor.clone(), path, text(&page["page"]["next_cursor"]))
    });
    let bytes = URL_SAFE_NO_PAD.decode(&cursor).expect("base64");
    let config = ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(damage in damage())| {
        let damaged = damage.apply(&bytes);
        prop_assume!(damaged != bytes);
        let address = format!("{path}&cursor={}", URL_SAFE_NO_PAD.encode(&damaged));
        let reply = runtime.block_on(visitor.get(&address).into_future());
        prop_assert_eq!((reply.status, reply.code()), (400, "invalid_cursor"), "{}", reply);
    });
}
