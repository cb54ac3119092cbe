//! What happens to files that are bombs, broken or not pictures at all.

mod support;

use kapal_pictures::{MAX_BYTES, Refusal, prepare};
use proptest::prelude::*;

use support::{FORMATS, Format, file, landscape, png_chunk, png_with_header, webp};

#[test]
fn only_three_formats_are_pictures() {
    let others: [&[u8]; 12] = [
        b"",
        b"\xFF\xD8",
        b"GIF89a\x01\0\x01\0\0\0\0;",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<?xml version='1.0'?><svg/>",
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"%PDF-1.7",
        b"BM\x46\0\0\0",
        b"II*\0\x08\0\0\0",
        b"\0\0\0\x18ftypheic",
        b"PK\x03\x04",
        b"RIFF\0\0\0\0WAVE",
    ];
    for bytes in others {
        assert_eq!(prepare(bytes).err(), Some(Refusal::NotAPicture), "{}", bytes.escape_ascii());
    }
    // A picture behind another format's magic is that other format.
    let jpeg = file(&landscape(200, 200), Format::Jpeg, &[]);
    assert_eq!(prepare(&[b"GIF89a", &jpeg[..]].concat()).err(), Some(Refusal::NotAPicture));
}

#[test]
fn a_file_may_have_15_mib() {
    let mut bytes = file(&landscape(200, 200), Format::Jpeg, &[]);
    bytes.resize(MAX_BYTES, 0);
    assert!(prepare(&bytes).is_ok(), "bytes after the end of a JPEG do no harm");
    bytes.push(0);
    assert_eq!(prepare(&bytes).err(), Some(Refusal::TooLarge));
}

#[test]
fn a_header_that_promises_too_much_is_refused_before_decoding() {
    for (width, height, depth, color) in [
        (60_000, 60_000, 8, 2),
        (u32::MAX >> 1, u32::MAX >> 1, 16, 6),
        (12_001, 100, 8, 2),
        (100, 12_001, 8, 2),
        (6_400, 6_400, 8, 2),
        // Within the pixels, but eight bytes for each.
        (6_300, 6_300, 16, 6),
    ] {
        let bytes = png_with_header(width, height, depth, color);
        assert_eq!(prepare(&bytes).err(), Some(Refusal::TooManyPixels), "{width} x {height}");
    }

    let mut jpeg = file(&landscape(200, 200), Format::Jpeg, &[]);
    let frame = jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).expect("a frame header");
    jpeg[frame + 5..frame + 9].fill(0xEA);
    assert_eq!(prepare(&jpeg).err(), Some(Refusal::TooManyPixels));

    // 16,383 by 16,383 in a lossless header.
    let lossless = webp(&[(b"VP8L", vec![0x2F, 0xFE, 0xBF, 0xFF, 0x0F, 0, 0, 0])]);
    assert_eq!(prepare(&lossless).err(), Some(Refusal::TooManyPixels));
}

#[test]
fn a_webp_frame_may_not_exceed_its_canvas_in_secret() {
    let canvas = vec![0, 0, 0, 0, 199, 0, 0, 199, 0, 0];
    let frame = vec![0x10, 0, 0, 0x9D, 0x01, 0x2A, 0xFF, 0x3F, 0xFF, 0x3F, 0, 0];
    let bytes = webp(&[(b"VP8X", canvas), (b"VP8 ", frame)]);
    assert_eq!(prepare(&bytes).err(), Some(Refusal::TooManyPixels));
}

#[test]
fn a_huge_picture_of_one_colour_is_bounded() {
    // 39.6 megapixels in some 100 KiB: within the limits, so it is made into renditions.
    let grey = image::GrayImage::from_pixel(11_000, 3_600, image::Luma([128]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    grey.write_to(&mut bytes, image::ImageFormat::Png).expect("the fixture is encoded");
    let picture = prepare(bytes.get_ref()).expect("a picture");
    assert_eq!((picture.width, picture.height), (11_000, 3_600));
    assert_eq!(picture.renditions.last().map(|one| one.height), Some(419));
}

#[test]
fn tiny_pictures_are_refused() {
    for format in FORMATS {
        assert!(prepare(&file(&landscape(100, 100), format, &[])).is_ok());
        for (width, height) in [(99, 400), (400, 99), (1, 1)] {
            let bytes = file(&landscape(width, height), format, &[]);
            assert_eq!(prepare(&bytes).err(), Some(Refusal::TooSmall), "{format:?}");
        }
    }
}

#[test]
fn moving_pictures_are_refused() {
    let png = file(&landscape(200, 200), Format::Png, &[]);
    let control = png_chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]);
    let animated = [&png[..33], &control[..], &png[33..]].concat();
    assert_eq!(prepare(&animated).err(), Some(Refusal::Animated));

    let canvas = vec![0b10, 0, 0, 0, 199, 0, 0, 199, 0, 0];
    let animated = webp(&[(b"VP8X", canvas), (b"ANIM", vec![0; 6]), (b"ANMF", vec![0; 40])]);
    assert_eq!(prepare(&animated).err(), Some(Refusal::Animated));
}

#[test]
fn a_file_that_is_cut_off_is_refused() {
    for format in FORMATS {
        let bytes = file(&landscape(320, 240), format, &support::exif(6));
        assert!(prepare(&bytes).is_ok());
        for part in 1..64 {
            let length = bytes.len() * part / 64;
            let result = prepare(&bytes[..length]).err();
            assert_eq!(result, Some(Refusal::Damaged), "{format:?}, {length} bytes");
        }
        assert_eq!(prepare(&bytes[..bytes.len() - 2]).err(), Some(Refusal::Damaged), "{format:?}");
    }
}

#[test]
fn a_png_with_a_broken_checksum_is_refused() {
    let mut bytes = file(&landscape(320, 240), Format::Png, &[]);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    assert_eq!(prepare(&bytes).err(), Some(Refusal::Damaged));
}

/// The first bytes of each format, so that random bytes get past the first check.
fn magic() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(Vec::new()),
        Just(b"\xFF\xD8\xFF".to_vec()),
        Just(b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR".to_vec()),
        Just(b"RIFF\0\x02\0\0WEBPVP8 ".to_vec()),
        Just(b"RIFF\0\x02\0\0WEBPVP8L".to_vec()),
        Just(b"RIFF\0\x02\0\0WEBPVP8X\x0A\0\0\0".to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn random_bytes_are_refused(start in magic(), rest in prop::collection::vec(any::<u8>(), 0..1024)) {
        prop_assert!(prepare(&[start, rest].concat()).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..Default::default() })]

    #[test]
    fn spoiled_files_never_panic(
        format in prop::sample::select(&FORMATS[..]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut bytes = file(&landscape(128, 104), format, &support::exif(3));
        for (index, value) in changes {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(picture) = prepare(&bytes) {
            prop_assert!(!picture.renditions.is_empty());
        }
    }
}
