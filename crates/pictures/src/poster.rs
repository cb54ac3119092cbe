//! A picture to share: a product's photo, name, price and maker, with the QR code of its page; square for posts, tall for
//! stories.

use fast_image_resize::Resizer;
use image::{DynamicImage, RgbImage};
use kapal_fonts::{SANS, SERIF};

use crate::canvas::{Canvas, Paint, Rgb, hex};
use crate::encode::{jpeg_of, pixels};
use crate::lettering::Letters;
use crate::path::Path;
use crate::qr::QrCode;
use crate::upload::{Refusal, shrink};

const GROUND: Rgb = hex(0x0E_2A_3B);
const PAPER: Rgb = hex(0xFF_FF_FF);
const INK: Rgb = hex(0x0B_1C_28);
const PALE: Rgb = hex(0xD5_E0_E6);
const GOLD: Rgb = hex(0xF4_C9_5D);
const MARGIN: f32 = 48.0;
const QUALITY: u8 = 85;
/// Between the lines of a text, and what of a line stands above its letters' foot.
const LEADING: f32 = 1.28;
const RISE: f32 = 0.78;

/// What networks show posts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// 1080 by 1080 pixels.
    Square,
    /// 1080 by 1920 pixels. Networks lay buttons over its top and its bottom: nothing to read stands there.
    Story,
}

impl Form {
    /// Width and height in pixels.
    #[must_use]
    pub const fn size(self) -> (u32, u32) {
        match self {
            Self::Square => (1080, 1080),
            Self::Story => (1080, 1920),
        }
    }

    /// How high the photo is, and where the code ends above the lower edge.
    const fn parts(self) -> (usize, f32) {
        match self {
            Self::Square => (660, MARGIN),
            Self::Story => (1020, 360.0),
        }
    }
}

/// What a poster says and shows.
#[derive(Debug, Clone, Copy)]
pub struct Poster<'a> {
    /// Its form.
    pub form: Form,
    /// What it is about.
    pub name: &'a str,
    /// Its price, as people read it.
    pub price: &'a str,
    /// Who makes it.
    pub maker: &'a str,
    /// Where.
    pub place: &'a str,
    /// What the code is for.
    pub call: &'a str,
    /// What the code says.
    pub link: &'a str,
    /// The main picture: one of our own JPEG files.
    pub photo: Option<&'a [u8]>,
}

/// Draws a poster as a JPEG.
///
/// # Errors
///
/// [`Refusal::Damaged`] for a photo that is no JPEG, [`Refusal::TooLarge`] for a link that no QR code holds.
pub fn poster(of: &Poster<'_>) -> Result<Vec<u8>, Refusal> {
    let (width, height) = of.form.size();
    let (photo_height, foot) = of.form.parts();
    let mut canvas = Canvas::new(width as usize, height as usize, GROUND);
    if let Some(file) = of.photo {
        cover(&mut canvas, pixels(file)?, photo_height)?;
    }
    let code = QrCode::of(of.link).map_err(|_| Refusal::TooLarge)?;
    let bottom = height as f32 - foot;
    let (room, column) = match of.form {
        Form::Square => (300.0, width as f32 - 3.0 * MARGIN - 300.0),
        Form::Story => (300.0, width as f32 - 2.0 * MARGIN),
    };
    let wide = code.wide(room);
    let corner = (width as f32 - MARGIN - wide, bottom - wide);
    code.draw(&mut canvas, corner, room, (INK, PAPER));
    let mut top = photo_height as f32 + 34.0;
    for (text, font, size, most, colour, before) in [
        (of.name, SERIF, 56.0, 2, PAPER, 0.0),
        (of.price, SANS, 58.0, 1, GOLD, 6.0),
        (of.maker, SANS, 32.0, 1, PALE, 10.0),
        (of.place, SANS, 32.0, 1, PALE, 0.0),
    ] {
        top = write(&mut canvas, text, (font, size, most, colour), (MARGIN, top + before, column));
    }
    if of.form == Form::Story {
        let column = corner.0 - 2.0 * MARGIN;
        write(&mut canvas, of.call, (SANS, 36.0, 3, PAPER), (MARGIN, corner.1 + wide / 2.0 - 60.0, column));
    }
    let picture =
        RgbImage::from_raw(width, height, canvas.pixels.into_flattened()).ok_or(Refusal::Damaged)?;
    jpeg_of(&picture, QUALITY)
}

/// Writes lines from the top of a column, and returns where they end.
fn write(
    canvas: &mut Canvas,
    text: &str,
    (font, size, most, colour): (kapal_fonts::Font, f32, usize, Rgb),
    (left, mut top, column): (f32, f32, f32),
) -> f32 {
    let letters = Letters::new(font, size);
    for line in letters.lines(text, column, most) {
        let outline = letters.outline(&line, (left, top + size * RISE * LEADING));
        if !outline.contours.is_empty() {
            canvas.fill(&outline, Paint::Solid(colour));
        }
        top += size * LEADING;
    }
    top
}

/// Fills the upper part with the middle of the photo.
fn cover(canvas: &mut Canvas, photo: RgbImage, height: usize) -> Result<(), Refusal> {
    let (across, down) = (canvas.width as f32, height as f32);
    let scale = (across / photo.width() as f32).max(down / photo.height() as f32);
    let part = |length: f32, whole: u32| ((length / scale) as u32).clamp(1, whole);
    let (wide, high) = (part(across, photo.width()), part(down, photo.height()));
    let (left, top) = ((photo.width() - wide) / 2, (photo.height() - high) / 2);
    let middle = DynamicImage::ImageRgb8(photo).crop_imm(left, top, wide, high);
    let fitting = shrink(&middle, canvas.width as u32, height as u32, &mut Resizer::new())?.into_rgb8();
    for (to, from) in canvas.pixels.iter_mut().zip(fitting.pixels()) {
        *to = from.0;
    }
    let edge = Path::rectangle(0.0, down, across, 6.0);
    canvas.fill(&edge, Paint::Solid(GOLD));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(form: Form, photo: Option<&[u8]>) -> Vec<u8> {
        let poster = poster(&Poster {
            form,
            name: "Kopi Arabika Toraja Sangrai Sedang dari Lereng Gunung Sesean yang Tinggi",
            price: "Rp75.000",
            maker: "Kopi Mama Ina",
            place: "Kabupaten Toraja Utara",
            call: "Pindai untuk melihat dan memesan",
            link: "https://kapal.example/id/koperasi-toraja/p/kopi-arabika-toraja",
            photo,
        });
        poster.expect("a poster")
    }

    #[test]
    fn a_poster_has_its_form_and_a_code_that_reads() {
        for form in [Form::Square, Form::Story] {
            let file = of(form, None);
            let picture = image::load_from_memory(&file).expect("a JPEG").into_luma8();
            assert_eq!(picture.dimensions(), form.size());
            let pixel = |x: usize, y: usize| picture.get_pixel(x as u32, y as u32).0[0];
            let (wide, high) = (picture.width() as usize, picture.height() as usize);
            let mut found = rqrr::PreparedImage::prepare_from_greyscale(wide, high, pixel);
            let (_, link) = found.detect_grids()[0].decode().expect("a QR code");
            assert_eq!(link, "https://kapal.example/id/koperasi-toraja/p/kopi-arabika-toraja");
        }
    }

    #[test]
    fn a_photo_of_any_shape_fills_its_part() {
        for (width, height) in [(1280, 400), (300, 1200), (100, 100)] {
            let red = RgbImage::from_pixel(width, height, image::Rgb([200, 30, 30]));
            let photo = jpeg_of(&red, QUALITY).expect("a JPEG");
            for form in [Form::Square, Form::Story] {
                let picture = image::load_from_memory(&of(form, Some(&photo))).expect("a JPEG").into_rgb8();
                for (x, y) in [(2, 2), (1077, 2), (2, 640), (1077, 640)] {
                    assert!(picture.get_pixel(x, y).0[0] > 150, "{width}x{height} {form:?} at {x},{y}");
                }
            }
        }
    }
}
