//! Pictures: only what is one, without what nobody asked to publish.

use kapal_tests::{Aggregator, Reply, World, photo, text};

async fn upload(aggregator: &Aggregator, name: &str, bytes: Vec<u8>) -> Reply {
    aggregator.owner.call("POST", &aggregator.path("media")).file(name, bytes).await
}

#[tokio::test]
async fn a_photo_is_served_in_set_widths_and_cached_for_ever() {
    let aggregator = World::new().await.aggregator().await;
    let media = upload(&aggregator, "a.jpg", photo(1_000, 500)).await.json(201);
    assert_eq!((media["width"].as_u64(), media["height"].as_u64()), (Some(1_000), Some(500)));
    let url = text(&media["url"]);
    let url = url.strip_prefix(aggregator.world.visitor.address()).unwrap_or(&url).to_owned();
    let picture = aggregator.world.visitor.get(&url).await.expect(200);
    assert_eq!(picture.header("content-type"), "image/jpeg");
    assert!(picture.header("cache-control").contains("immutable"), "{picture}");
    let _ = image::load_from_memory(&picture.body).expect("a picture");
    let again = aggregator.world.visitor.get(&url).header("If-None-Match", picture.header("etag")).await;
    assert!(picture.header("etag").is_empty() || again.status == 304, "{again}");
}

#[tokio::test]
async fn what_is_no_picture_is_refused_whatever_its_name_says() {
    let aggregator = World::new().await.aggregator().await;
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".to_vec();
    for bytes in [
        svg,
        b"<html><script>alert(1)</script>".to_vec(),
        b"GIF89a\x01\x00\x01\x00".to_vec(),
        b"%PDF-1.7".to_vec(),
        vec![0; 1_000],
    ] {
        upload(&aggregator, "a.jpg", bytes).await.faults(&[("/file", "not_a_picture")]);
    }
    let empty = upload(&aggregator, "a.jpg", Vec::new()).await;
    assert_eq!(empty.status, 422, "{empty}");
    let whole = photo(400, 400);
    let cut = upload(&aggregator, "a.jpg", whole[..whole.len() / 3].to_vec()).await;
    assert_eq!(cut.status, 422, "{cut}");
    upload(&aggregator, "a.jpg", photo(20, 20)).await.faults(&[("/file", "picture_too_small")]);
}

#[tokio::test]
async fn a_bomb_is_refused_before_it_is_unpacked() {
    let aggregator = World::new().await.aggregator().await;
    // A PNG that announces 60,000 by 60,000 pixels in a few bytes.
    let mut bytes = vec![0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13];
    let header =
        [&b"IHDR"[..], &60_000_u32.to_be_bytes(), &60_000_u32.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    bytes.extend(&header);
    bytes.extend(crc(&header).to_be_bytes());
    bytes.extend(vec![0; 2_000]);
    let began = std::time::Instant::now();
    let reply = upload(&aggregator, "a.png", bytes).await;
    assert_eq!(reply.status, 422, "{reply}");
    assert!(began.elapsed().as_secs() < 5);
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 },
        )
    })
}

#[tokio::test]
async fn where_and_by_whom_a_photo_was_taken_is_removed() {
    let aggregator = World::new().await.aggregator().await;
    let mut bytes = photo(300, 300);
    let comment = b"Exif\0\0RAHASIA-GPS-LINTANG";
    let mut segment = vec![0xff, 0xe1];
    segment.extend(u16::try_from(comment.len() + 2).expect("short").to_be_bytes());
    segment.extend(comment);
    bytes.splice(2..2, segment);
    let media = upload(&aggregator, "a.jpg", bytes).await.json(201);
    let url = text(&media["url"]);
    let url = url.strip_prefix(aggregator.world.visitor.address()).unwrap_or(&url).to_owned();
    let picture = aggregator.world.visitor.get(&url).await.expect(200);
    assert!(!picture.body.windows(7).any(|window| window == b"RAHASIA"));
}

#[tokio::test]
async fn an_upload_without_its_part_or_beyond_its_size_is_refused() {
    let aggregator = World::new().await.aggregator().await;
    let path = aggregator.path("media");
    let json = aggregator.owner.post(&path, serde_json::json!({ "file": "x" })).await;
    json.problem(415, "unsupported_media_type");
    let bare =
        aggregator.owner.call("POST", &path).body("multipart/form-data; boundary=x", "--x--\r\n").await;
    assert!(matches!(bare.status, 400 | 422), "{bare}");
    let broken = aggregator
        .owner
        .call("POST", &path)
        .body("multipart/form-data; boundary=x", "nothing of the kind")
        .await;
    assert!(matches!(broken.status, 400 | 422), "{broken}");
    let large =
        aggregator.owner.call("POST", &path).file("a.jpg", vec![0; 17 * 1024 * 1024]).try_send().await;
    if let Some(reply) = large {
        reply.problem(413, "payload_too_large");
    }
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let visitor = World::new().await.visitor;
    for path in ["/media/x/640.jpg", "/media/../../etc/passwd", "/media/%2e%2e/640.jpg", "/media/00/1.jpg"] {
        let reply = visitor.get(path).await;
        assert_eq!(reply.status, 404, "{reply}");
    }
}

fn path(url: &serde_json::Value) -> String {
    url::Url::parse(&text(url)).expect("an address").path().to_owned()
}

#[tokio::test]
async fn every_width_is_there_as_jpeg_and_as_webp() {
    let aggregator = World::new().await.aggregator().await;
    let media = upload(&aggregator, "a.jpg", photo(1_400, 700)).await.json(201);
    assert_eq!(media["widths"], serde_json::json!([320, 640, 1280]));
    assert_eq!(text(&media["blurhash"]).len(), 28);
    let folder = path(&media["url"]).replace("1280.jpg", "");
    for width in [320, 640, 1280] {
        for (ending, kind) in [("jpg", "image/jpeg"), ("webp", "image/webp")] {
            let file = aggregator.world.visitor.get(&format!("{folder}{width}.{ending}")).await.expect(200);
            assert_eq!(file.header("content-type"), kind);
            assert!(file.header("cache-control").contains("immutable"), "{file}");
            let picture = image::load_from_memory(&file.body).expect("a picture");
            assert_eq!((picture.width(), picture.height()), (width, width / 2));
        }
    }
    for other in
        ["1281.jpg", "1280.png", "1280.JPG", "01280.jpg", "1280.jpg.webp", "1280", "-1.jpg", "4294967296.jpg"]
    {
        let reply = aggregator.world.visitor.get(&format!("{folder}{other}")).await;
        assert_eq!(reply.status, 404, "{reply}");
    }
}

#[tokio::test]
async fn a_picture_from_before_webp_gets_it_when_it_is_asked_for() {
    let aggregator = World::new().await.aggregator().await;
    let media = upload(&aggregator, "a.jpg", photo(400, 300)).await.json(201);
    let url = path(&media["url"]).replace(".jpg", ".webp");
    let hash = url.split('/').nth(2).expect("a hash");
    let file = kapal_tests::Cluster::get().data.join("pictures").join(&hash[..2]).join(hash).join("400.webp");
    std::fs::remove_file(&file).expect("there");
    let made = aggregator.world.visitor.get(&url).await.expect(200);
    assert_eq!(made.header("content-type"), "image/webp");
    let picture = image::load_from_memory(&made.body).expect("a picture");
    assert_eq!((picture.width(), picture.height()), (400, 300));
    assert_eq!(std::fs::read(&file).expect("kept"), made.body);
}

#[tokio::test]
async fn a_storefront_names_webp_and_a_placeholder_for_each_picture() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let shop = aggregator.shop(&format!("/products/{}", text(&product["slug"])));
    let shown = aggregator.world.visitor.get(&shop).await.json(200);
    let image = &shown["images"][0];
    assert_eq!(text(&image["blurhash"]).len(), 28);
    assert_eq!(image["webp"].as_array().map(Vec::len), Some(2));
    for url in image["webp"].as_array().expect("a list") {
        let _ = aggregator.world.visitor.get(&path(url)).await.expect(200);
    }
    assert!(path(&image["url"]).ends_with("/640.jpg"));
    let html = aggregator.world.visitor.get(&path(&shown["url"])).await.expect(200).text();
    assert!(html.contains("<source type=\"image/webp\""), "{html}");
}

#[tokio::test]
async fn a_product_has_one_video_on_a_network_that_plays_it() {
    let aggregator = World::new().await.aggregator().await;
    let draft = aggregator.draft_product().await;
    let pictures = serde_json::json!([{ "media_id": draft["media"][0]["id"] }]);
    let at = aggregator.path(&format!("products/{}/media", text(&draft["id"])));
    let set = async |version: &serde_json::Value, video: Option<serde_json::Value>| {
        let mut body = serde_json::json!({ "media": pictures });
        if let Some(video) = video {
            body["video_url"] = video;
        }
        aggregator.owner.put(&at, body).of(version).await
    };
    for bad in [
        "https://vimeo.com/1234567",
        "http://youtu.be/dQw4w9WgXcQ",
        "https://youtube.com.evil.id/watch?v=dQw4w9WgXcQ",
        "x",
    ] {
        set(&draft["version"], Some(bad.into())).await.faults(&[("/video_url", "invalid_video")]);
    }
    set(&draft["version"], Some("https://youtu.be/".repeat(40).into()))
        .await
        .faults(&[("/video_url", "too_long")]);
    let made = set(&draft["version"], Some("https://youtu.be/dQw4w9WgXcQ?si=x".into())).await.json(200);
    let address = "https://www.youtube.com/watch?v=dQw4w9WgXcQ";
    assert_eq!(made["video_url"], address);
    let kept = set(&made["version"], None).await.json(200);
    assert_eq!(kept["video_url"], address);
    let published = aggregator.publish(&text(&draft["id"])).await;
    let shop = aggregator.shop(&format!("/products/{}", text(&published["slug"])));
    let shown = aggregator.world.visitor.get(&shop).await.json(200);
    assert_eq!(shown["video_url"], address);
    let html = aggregator.world.visitor.get(&path(&shown["url"])).await.expect(200).text();
    assert!(html.contains(&format!("<a href=\"{address}\" rel=\"nofollow noopener\">")), "{html}");
    let unpublish = aggregator.path(&format!("products/{}/unpublish", text(&draft["id"])));
    let off = aggregator.owner.step(&unpublish).await.json(200);
    let removed = set(&off["version"], Some(serde_json::Value::Null)).await.json(200);
    assert_eq!(removed["video_url"], serde_json::Value::Null);
}

#[tokio::test]
async fn many_large_uploads_at_once_stay_within_bounds() {
    let server = kapal_tests::Server::start(kapal_tests::ServerOptions::default()).await;
    let aggregator = World::on(&server).await.aggregator().await;
    let before = peak_of(&server);
    // As phones take them: 12 megapixels, 36 MB once decoded. What follows the end of a JPEG is not looked at.
    let photo = photo(4_000, 3_000);
    let uploads = (0..8_u8).map(|n| {
        let bytes = [&photo[..], &[n]].concat();
        aggregator.owner.call("POST", &aggregator.path("media")).file("a.jpg", bytes)
    });
    for reply in kapal_tests::all_at_once(uploads).await {
        let _ = reply.expect(201);
    }
    let peak = peak_of(&server);
    println!("peak of memory: {} MiB, {} MiB before", peak / 1024, before / 1024);
    // What eight of them would take at once is 288 MiB and more.
    assert!(peak - before < 160 * 1024, "{peak} kB, {before} kB before");
}

/// The most memory that a server has had so far, in KiB.
fn peak_of(server: &kapal_tests::Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("its status");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    peak.trim().trim_end_matches(" kB").parse().expect("a number")
}
