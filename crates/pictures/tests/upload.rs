//! What happens to good pictures.

mod support;

use image::{DynamicImage, GrayAlphaImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use kapal_pictures::{Picture, Rendition, prepare};

use support::{FORMATS, Format, contains, exif, file, landscape, png_chunk};

fn decoded(rendition: &Rendition) -> RgbImage {
    let webp =
        image::load_from_memory_with_format(&rendition.webp, ImageFormat::WebP).expect("a WebP beside it");
    assert_eq!((webp.width(), webp.height()), (rendition.width, rendition.height));
    let picture = image::load_from_memory_with_format(&rendition.jpeg, ImageFormat::Jpeg)
        .expect("a rendition is a JPEG");
    assert_eq!((picture.width(), picture.height()), (rendition.width, rendition.height));
    picture.into_rgb8()
}

fn widths(picture: &Picture) -> Vec<u32> {
    picture.renditions.iter().map(|rendition| rendition.width).collect()
}

fn is_near(actual: Rgb<u8>, expected: [u8; 3]) -> bool {
    actual.0.iter().zip(expected).all(|(a, b)| a.abs_diff(b) < 24)
}

#[test]
fn renditions_never_exceed_the_original() {
    for (width, height, expected) in [
        (2000, 1500, vec![(320, 240), (640, 480), (1280, 960)]),
        (1280, 960, vec![(320, 240), (640, 480), (1280, 960)]),
        (1000, 500, vec![(320, 160), (640, 320), (1000, 500)]),
        (640, 480, vec![(320, 240), (640, 480)]),
        (500, 1000, vec![(320, 640), (500, 1000)]),
        (320, 101, vec![(320, 101)]),
        (100, 2000, vec![(100, 2000)]),
    ] {
        let picture = prepare(&file(&landscape(width, height), Format::Jpeg, &[])).expect("a picture");
        assert_eq!((picture.width, picture.height), (width, height));
        let sizes: Vec<_> = picture.renditions.iter().map(|one| (one.width, one.height)).collect();
        assert_eq!(sizes, expected, "of {width} x {height}");
        picture.renditions.iter().for_each(|one| drop(decoded(one)));
    }
}

#[test]
fn every_orientation_is_applied_in_every_format() {
    const CORNERS: [[u8; 3]; 4] = [[220, 30, 30], [30, 200, 40], [30, 40, 220], [240, 240, 240]];
    let (width, height) = (400, 240);
    let seen = RgbImage::from_fn(width, height, |x, y| {
        Rgb(CORNERS[usize::from(x >= width / 2) + 2 * usize::from(y >= height / 2)])
    });
    // Where the pixel (x, y) of the file is seen, after the table of the Exif specification.
    let place = |orientation: u16, x: u32, y: u32| match orientation {
        1 => (x, y),
        2 => (width - 1 - x, y),
        3 => (width - 1 - x, height - 1 - y),
        4 => (x, height - 1 - y),
        5 => (y, x),
        6 => (width - 1 - y, x),
        7 => (width - 1 - y, height - 1 - x),
        _ => (y, height - 1 - x),
    };
    for format in FORMATS {
        for orientation in 1..=8 {
            let (across, down) = if orientation < 5 { (width, height) } else { (height, width) };
            let stored = RgbImage::from_fn(across, down, |x, y| {
                let (x, y) = place(orientation, x, y);
                *seen.get_pixel(x, y)
            });
            let picture = prepare(&file(&stored, format, &exif(orientation))).expect("a picture");
            assert_eq!((picture.width, picture.height), (width, height), "{format:?} {orientation}");
            assert_eq!(widths(&picture), [320, 400]);
            for rendition in &picture.renditions {
                let result = decoded(rendition);
                let (right, bottom) = (rendition.width - 9, rendition.height - 9);
                for (at, expected) in
                    [(8, 8), (right, 8), (8, bottom), (right, bottom)].into_iter().zip(CORNERS)
                {
                    let actual = *result.get_pixel(at.0, at.1);
                    assert!(
                        is_near(actual, expected),
                        "{format:?}, orientation {orientation}, at {at:?}: {actual:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn metadata_is_gone() {
    for format in FORMATS {
        let upload = file(&landscape(700, 500), format, &exif(1));
        assert!(contains(&upload, b"GPS-HOME-ADDRESS"), "the fixture has what must go");
        for rendition in prepare(&upload).expect("a picture").renditions {
            // The plain form of WebP has room for pixels alone.
            assert_eq!(&rendition.webp[12..16], b"VP8 ");
            for trace in ["Exif", "GPS", "HOME", "http://ns.adobe.com", "ICC_PROFILE"] {
                assert!(!contains(&rendition.jpeg, trace.as_bytes()), "{format:?} keeps {trace}");
            }
        }
    }
}

#[test]
fn what_is_hidden_in_a_polyglot_is_gone() {
    const SCRIPT: &[u8] = b"<script>alert(1)</script>";
    let jpeg = file(&landscape(400, 300), Format::Jpeg, &[]);
    let trailing = [&jpeg[..], b"PK\x03\x04", SCRIPT].concat();
    let comment = [&jpeg[..2], &[0xFF, 0xFE, 0, SCRIPT.len() as u8 + 2], SCRIPT, &jpeg[2..]].concat();
    let png = file(&landscape(400, 300), Format::Png, &[]);
    let text = png_chunk(b"tEXt", &[b"Comment\0", SCRIPT].concat());
    let chunk = [&png[..33], &text[..], &png[33..]].concat();
    for upload in [trailing, comment, chunk] {
        assert!(contains(&upload, SCRIPT));
        for rendition in prepare(&upload).expect("a picture").renditions {
            assert!(!contains(&rendition.jpeg, b"script"));
            assert!(!contains(&rendition.jpeg, b"PK\x03\x04"));
        }
    }
}

#[test]
fn transparency_becomes_white() {
    let half = RgbaImage::from_fn(800, 400, |x, _| match x {
        0..300 => Rgba([200, 0, 0, 255]),
        300..500 => Rgba([0, 0, 0, 128]),
        _ => Rgba([0, 200, 0, 0]),
    });
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let mut upload = std::io::Cursor::new(Vec::new());
        half.write_to(&mut upload, format).expect("the fixture is encoded");
        let picture = prepare(upload.get_ref()).expect("a picture");
        for rendition in &picture.renditions {
            let result = decoded(rendition);
            let at = |x: u32| *result.get_pixel(x * rendition.width / 800, rendition.height / 2);
            assert!(is_near(at(100), [200, 0, 0]), "{:?}", at(100));
            assert!(is_near(at(400), [127, 127, 127]), "{:?}", at(400));
            assert!(is_near(at(700), [255, 255, 255]), "{:?}", at(700));
        }
    }
}

#[test]
fn every_depth_and_channel_becomes_rgb() {
    let picture = DynamicImage::ImageRgb8(landscape(400, 200));
    let variants = [
        DynamicImage::ImageLuma8(picture.to_luma8()),
        DynamicImage::ImageLumaA8(GrayAlphaImage::from_pixel(400, 200, image::LumaA([90, 200]))),
        DynamicImage::ImageLuma16(picture.to_luma16()),
        DynamicImage::ImageRgb16(picture.to_rgb16()),
        DynamicImage::ImageRgba16(picture.to_rgba16()),
    ];
    for variant in variants {
        let mut upload = std::io::Cursor::new(Vec::new());
        variant.write_to(&mut upload, ImageFormat::Png).expect("the fixture is encoded");
        let prepared = prepare(upload.get_ref()).expect("a picture");
        assert_eq!(widths(&prepared), [320, 400], "{:?}", variant.color());
        prepared.renditions.iter().for_each(|one| drop(decoded(one)));
    }
}

#[test]
fn a_grey_jpeg_is_taken() {
    let mut upload = std::io::Cursor::new(Vec::new());
    let grey = DynamicImage::ImageRgb8(landscape(330, 200)).to_luma8();
    grey.write_to(&mut upload, ImageFormat::Jpeg).expect("the fixture is encoded");
    assert_eq!(widths(&prepare(upload.get_ref()).expect("a picture")), [320, 330]);
}

#[test]
fn webp_is_smaller_than_jpeg() {
    let photo = RgbImage::from_fn(1280, 960, |x, y| {
        let wave = |by: f32| ((x as f32 / by).sin() * (y as f32 / by).cos() * 90.0 + 128.0) as u8;
        Rgb([wave(40.0), wave(25.0), wave(60.0)])
    });
    for rendition in prepare(&file(&photo, Format::Jpeg, &[])).expect("a picture").renditions {
        assert!(rendition.webp.len() < rendition.jpeg.len());
    }
}

#[test]
fn a_stored_jpeg_becomes_webp() {
    let picture = prepare(&file(&landscape(640, 480), Format::Jpeg, &[])).expect("a picture");
    let webp = kapal_pictures::webp_of_jpeg(&picture.renditions[0].jpeg).expect("a WebP");
    let decoded = image::load_from_memory_with_format(&webp, ImageFormat::WebP).expect("a WebP");
    assert_eq!((decoded.width(), decoded.height()), (320, 240));
    assert!(kapal_pictures::webp_of_jpeg(b"nothing").is_err());
}

#[test]
fn the_placeholder_is_of_the_pictures_colours() {
    let red = RgbImage::from_pixel(640, 480, Rgb([220, 20, 20]));
    let blurhash = prepare(&file(&red, Format::Png, &[])).expect("a picture").blurhash;
    assert_eq!(blurhash.len(), 28);
    // 4 by 3 waves, and their average colour in four digits of base 83.
    assert!(blurhash.starts_with('L'), "{blurhash}");
    let grey = RgbImage::from_pixel(640, 480, Rgb([120, 120, 120]));
    assert_ne!(prepare(&file(&grey, Format::Png, &[])).expect("a picture").blurhash[2..6], blurhash[2..6]);
}

#[test]
fn one_jpeg_is_made_where_one_is_wanted() {
    let bytes =
        kapal_pictures::prepare_one(&file(&landscape(2000, 1500), Format::Png, &[])).expect("a picture");
    let picture = image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg).expect("a JPEG");
    assert_eq!((picture.width(), picture.height()), (1280, 960));
}

#[test]
fn a_file_is_weighed_by_its_header() {
    for format in FORMATS {
        assert_eq!(kapal_pictures::weigh(&file(&landscape(400, 300), format, &[])), 360_000, "{format:?}");
    }
    assert_eq!(kapal_pictures::weigh(b"nothing"), 0);
    assert_eq!(kapal_pictures::weigh(&[0xFF, 0xD8, 0xFF]), 0);
}

/// Printers' colours, as scanners and agencies send them: the file says Adobe and inverts its inks.
#[test]
fn inks_become_light() {
    let bytes = include_bytes!("support/cmyk.jpg");
    let picture = prepare(bytes).expect("a picture");
    let shown = decoded(&picture.renditions[0]);
    assert!(is_near(*shown.get_pixel(50, 50), [220, 40, 40]), "{:?}", shown.get_pixel(50, 50));
}
