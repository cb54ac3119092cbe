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
