//! The pictures of links.

mod support;

use kapal_pictures::{MAX_PREVIEW_BYTES, PREVIEW_HEIGHT, PREVIEW_WIDTH, Preview, Refusal, prepare, preview};

use support::{Format, file, landscape};

fn size(file: &[u8]) -> (u32, u32) {
    let picture = image::load_from_memory_with_format(file, image::ImageFormat::Jpeg).expect("a JPEG");
    (picture.width(), picture.height())
}

fn of<'a>(name: &'a str, photo: Option<&'a [u8]>) -> Preview<'a> {
    Preview { name, price: "Rp75.000", maker: "Koperasi Toraja", place: "Kabupaten Tana Toraja", photo }
}

#[test]
fn it_has_the_size_that_messengers_show() {
    for (width, height) in [(1280, 960), (960, 960), (100, 2000), (2000, 100), (640, 480)] {
        let picture = prepare(&file(&landscape(width, height), Format::Jpeg, &[])).expect("a picture");
        let photo = picture.renditions.last().expect("one");
        let made = preview(&of("Kopi Arabika Toraja", Some(&photo.jpeg))).expect("a preview");
        assert_eq!(size(&made), (PREVIEW_WIDTH, PREVIEW_HEIGHT));
        assert!(made.len() <= MAX_PREVIEW_BYTES, "{}", made.len());
    }
}

#[test]
fn no_name_breaks_it() {
    let long = "Kopi arabika pilihan ".repeat(20);
    let word = "W".repeat(150);
    let plain = preview(&of("", None)).expect("a preview");
    for name in ["", "咖啡", "🔥🔥🔥", "قهوة عربية", "a\u{301}\u{301}", &long, &word, "\u{202E}ajarot"]
    {
        let made = preview(&of(name, None)).expect("a preview");
        assert_eq!(size(&made), (PREVIEW_WIDTH, PREVIEW_HEIGHT));
        let is_bare = matches!(name, "" | "咖啡" | "🔥🔥🔥" | "قهوة عربية");
        assert_eq!(made == plain, is_bare, "{name}");
    }
}

#[test]
fn noise_stays_below_the_limit() {
    let mut state = 1_u32;
    let noise = image::RgbImage::from_fn(1280, 960, |_, _| {
        image::Rgb(std::array::from_fn(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        }))
    });
    let picture = prepare(&file(&noise, Format::Jpeg, &[])).expect("a picture");
    let made = preview(&of("Kopi", Some(&picture.renditions[2].jpeg))).expect("a preview");
    assert!(made.len() <= MAX_PREVIEW_BYTES, "{}", made.len());
}

#[test]
fn a_photo_that_is_none_is_told() {
    assert_eq!(preview(&of("Kopi", Some(b"nothing"))), Err(Refusal::Damaged));
}
