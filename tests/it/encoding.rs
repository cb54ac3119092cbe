//! How answers travel: packed as the client asks, and narrowed to the fields that it wants.

use std::io::Read as _;

use kapal_tests::{Aggregator, Reply, World, eventually, text};
use serde_json::{Value, json};

async fn get(aggregator: &Aggregator, path: &str, encoding: &str) -> Reply {
    aggregator.world.visitor.call("GET", path).header("Accept-Encoding", encoding).await
}

fn unpacked(reply: &Reply) -> Vec<u8> {
    let mut bytes = Vec::new();
    let packed = reply.body.as_slice();
    match reply.header("content-encoding") {
        "gzip" => flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes),
        "br" => brotli::Decompressor::new(packed, 4_096).read_to_end(&mut bytes),
        other => panic!("{other}"),
    }
    .unwrap_or_else(|error| panic!("{reply}: {error}"));
    bytes
}

fn varies(reply: &Reply) -> String {
    let vary = reply.headers.get_all("vary").iter().filter_map(|value| value.to_str().ok());
    vary.collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn answers_are_packed_as_the_client_asks() {
    let aggregator = World::new().await.aggregator().await;
    for _ in 0..2 {
        let _ = aggregator.product().await;
    }
    let snapshot = aggregator.shop("/changes/snapshot");
    for path in [aggregator.shop("/products"), aggregator.shop("/home"), snapshot.clone()] {
        let plain = eventually("a tag", async || {
            let plain = get(&aggregator, &path, "identity").await.expect(200);
            (!plain.header("etag").is_empty()).then_some(plain)
        })
        .await;
        assert_eq!(plain.header("content-encoding"), "");
        assert_eq!(varies(&plain), "Accept-Language, Accept-Encoding", "{path}");
        for (asked, coding) in
            [("gzip", "gzip"), ("br", "br"), ("gzip, deflate, br", "br"), ("br;q=0, *", "gzip")]
        {
            let packed = get(&aggregator, &path, asked).await.expect(200);
            assert_eq!(packed.header("content-encoding"), coding);
            assert_eq!(varies(&packed), varies(&plain));
            assert!(packed.body.len() < plain.body.len());
            assert_eq!(unpacked(&packed), plain.body, "{path}");
            // Other bytes, so another strong tag; it is as good as the plain one, also for who asks otherwise then.
            let tag = packed.header("etag");
            assert_eq!(tag, format!("{}-{coding}\"", plain.header("etag").trim_end_matches('"')));
            for asked in [asked, "identity"] {
                let call = aggregator.world.visitor.call("GET", &path).header("Accept-Encoding", asked);
                let kept = call.header("If-None-Match", tag).await.expect(304);
                assert_eq!(kept.header("etag"), tag);
                assert_eq!(varies(&kept), varies(&plain));
                assert!(kept.body.is_empty() && kept.header("content-encoding").is_empty());
            }
        }
        let refused = get(&aggregator, &path, "identity;q=0, zstd").await.expect(200);
        assert_eq!(refused.body, plain.body);
    }
}

#[tokio::test]
async fn what_gains_nothing_is_not_packed_and_a_staff_tag_stays_a_version() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let missing = get(&aggregator, &aggregator.shop("/products/tidak-ada"), "gzip, br").await;
    let _ = missing.problem(404, "not_found");
    let small = get(&aggregator, &aggregator.shop("/merchants?region=11"), "gzip, br").await.expect(200);
    assert_eq!(small.header("content-encoding"), "");
    let path = aggregator.path(&format!("products/{}", text(&product["id"])));
    let own = aggregator.owner.call("GET", &path).header("Accept-Encoding", "gzip").await.expect(200);
    assert_eq!(own.header("content-encoding"), "gzip");
    assert_eq!(own.header("etag"), format!("\"{}\"", product["version"]));
    assert_eq!(own.header("cache-control"), "private, no-store");
    let picture = text(&product["media"][0]["url"]);
    let picture = &picture[picture.find("/media/").expect("a path")..];
    let picture = get(&aggregator, picture, "gzip, br").await.expect(200);
    assert_eq!(picture.header("content-encoding"), "");
}

#[tokio::test]
async fn public_answers_may_be_kept_a_while() {
    let aggregator = World::new().await.aggregator().await;
    let product = text(&aggregator.product().await["id"]);
    for rest in [
        "",
        "/home",
        "/products",
        "/merchants",
        "/collections",
        "/categories",
        "/changes",
        "/suggest?q=ko",
        &format!("/products/{product}"),
        &format!("/products/{product}/related"),
    ] {
        let kept = aggregator.world.visitor.get(&aggregator.shop(rest)).await.expect(200);
        assert_eq!(kept.header("cache-control"), "public, max-age=30, stale-while-revalidate=60", "{rest}");
    }
    let gone = aggregator.world.visitor.get(&aggregator.shop("/products/tidak-ada")).await.expect(404);
    assert_eq!(gone.header("cache-control"), "private, no-store");
}

#[tokio::test]
async fn an_answer_has_only_the_fields_that_are_asked_for() {
    let aggregator = World::new().await.aggregator().await;
    let product = text(&aggregator.product().await["id"]);
    let _ = aggregator.product().await;
    let _ = aggregator.collection(&[&product]).await;
    let visitor = &aggregator.world.visitor;
    let names = |thing: &Value| thing.as_object().expect("a thing").keys().cloned().collect::<Vec<_>>();
    for (rest, fields, list) in [
        ("/products", "id,name", Some("data")),
        ("/products?sort=price", "id,price", Some("data")),
        ("/merchants", "id,slug", Some("data")),
        ("/collections", "id,title", Some("data")),
        ("/categories", "slug,count", Some("data")),
        (&format!("/products/{product}/related"), "id", Some("data")),
        (&format!("/products/{product}"), "id,variants", None),
        ("/home", "newest", None),
        ("", "slug,name", None),
    ] {
        let separator = if rest.contains('?') { '&' } else { '?' };
        let path = aggregator.shop(&format!("{rest}{separator}fields={fields}"));
        let whole = visitor.get(&aggregator.shop(rest)).await.json(200);
        let some = visitor.get(&path).await.json(200);
        let (some, whole) = match list {
            Some(list) => (some[list][0].clone(), whole[list][0].clone()),
            None => (some, whole),
        };
        let mut found = names(&some);
        found.sort();
        let mut wanted: Vec<_> = fields.split(',').map(str::to_owned).collect();
        wanted.sort();
        assert_eq!(found, wanted, "{path}");
        for name in wanted {
            assert_eq!(some[&name], whole[&name], "{path}");
        }
        let strange = aggregator.shop(&format!("{rest}{separator}fields=rahasia"));
        let _ = visitor.get(&strange).await.problem(400, "invalid_parameter");
    }
    let told = visitor.get(&aggregator.shop("/changes?fields=id,name")).await.json(200);
    let told = told["changes"].as_array().expect("changes").iter().find(|c| c["type"] == "product");
    assert_eq!(names(&told.expect("a product")["data"]), ["id", "name"]);
    let of_staff = aggregator.path("products?fields=id");
    let _ = aggregator.owner.get(&of_staff).await.problem(400, "unknown_parameter");
}

#[tokio::test]
async fn a_page_of_some_fields_leads_to_the_next_of_the_same() {
    let aggregator = World::new().await.aggregator().await;
    for _ in 0..2 {
        let _ = aggregator.product().await;
    }
    let visitor = &aggregator.world.visitor;
    let first = visitor.get(&aggregator.shop("/products?limit=1&fields=id")).await.expect(200);
    let link = first.header("link").to_owned();
    let address = link.strip_prefix('<').and_then(|l| l.split_once('>')).expect("a link").0;
    let path = &address[address.find("/v1/").expect("a path")..];
    let second = visitor.get(path).await.json(200);
    assert_eq!(second["data"][0].as_object().map(|thing| thing.len()), Some(1), "{second}");
    assert_ne!(second["data"][0], first.json["data"][0]);
    // The place is that of the list, whatever of it is shown.
    let cursor = text(&first.json["page"]["next_cursor"]);
    let whole = visitor.get(&aggregator.shop(&format!("/products?limit=1&cursor={cursor}"))).await.json(200);
    assert_eq!(whole["data"][0]["id"], second["data"][0]["id"]);
    assert_eq!(whole["page"]["next_cursor"], json!(null));
}
