//! The picture that messengers and social networks show of a product's link.

use fast_image_resize::Resizer;
use image::{DynamicImage, RgbImage};
use kapal_fonts::{SANS, SERIF};

use crate::canvas::{Canvas, Paint, Rgb, hex, mix};
use crate::encode::{jpeg_of, pixels};
use crate::lettering::Letters;
use crate::path::Path;
use crate::upload::{Refusal, shrink};

/// The size that Open Graph's readers expect.
pub const PREVIEW_WIDTH: u32 = 1200;
/// Its height.
pub const PREVIEW_HEIGHT: u32 = 630;
/// WhatsApp shows no larger file.
pub const MAX_PREVIEW_BYTES: usize = 300 * 1024;

const GROUND: Rgb = hex(0x0E_2A_3B);
const PAPER: Rgb = hex(0xFF_FF_FF);
const PALE: Rgb = hex(0xD5_E0_E6);
const GOLD: Rgb = hex(0xF4_C9_5D);
/// How much of the ground lies over the blurred photo, so that letters stand out on every photo.
const SHADE: f32 = 0.72;

const MARGIN: f32 = 30.0;
/// Messengers often show the square in the middle alone: all letters stand in it.
const COLUMN: f32 = 600.0;
const NAME_LINES: usize = 2;
/// The white edge of the photo.
const FRAME: f32 = 6.0;

/// The first quality is the usual one. Noise may need a lower one to stay below [`MAX_PREVIEW_BYTES`].
const QUALITIES: [u8; 5] = [85, 75, 60, 40, 20];

/// What a preview says and shows.
#[derive(Clone, Copy, Debug)]
pub struct Preview<'a> {
    /// The product's name.
    pub name: &'a str,
    /// Its price, as people read it.
    pub price: &'a str,
    /// Who makes it.
    pub maker: &'a str,
    /// Where.
    pub place: &'a str,
    /// The main picture: one of our own JPEG files.
    pub photo: Option<&'a [u8]>,
}

/// A line of text with what it takes.
struct Line {
    text: String,
    letters: Letters,
    height: f32,
    colour: Rgb,
}

/// Draws a preview as a JPEG of 1200 by 630 pixels and at most 300 KiB.
///
/// # Errors
///
/// [`Refusal::Damaged`] for a photo that is no JPEG.
pub fn preview(of: &Preview<'_>) -> Result<Vec<u8>, Refusal> {
    let mut canvas = Canvas::new(PREVIEW_WIDTH as usize, PREVIEW_HEIGHT as usize, GROUND);
    let lines = lines(of);
    let text_height: f32 = lines.iter().map(|line| line.height).sum();
    let text_top = PREVIEW_HEIGHT as f32 - MARGIN - text_height;
    if let Some(file) = of.photo {
        let photo = DynamicImage::ImageRgb8(pixels(file)?);
        backdrop(&mut canvas, &photo)?;
        place(&mut canvas, &photo, text_top - MARGIN)?;
    }
    let mut top = text_top;
    for line in &lines {
        let left = (PREVIEW_WIDTH as f32 - line.letters.width(&line.text)) / 2.0;
        let outline = line.letters.outline(&line.text, (left, top + line.height * 0.75));
        if !outline.contours.is_empty() {
            canvas.fill(&outline, Paint::Solid(line.colour));
        }
        top += line.height;
    }
    let picture = RgbImage::from_raw(PREVIEW_WIDTH, PREVIEW_HEIGHT, canvas.pixels.into_flattened())
        .ok_or(Refusal::Damaged)?;
    for quality in QUALITIES {
        let file = jpeg_of(&picture, quality)?;
        if file.len() <= MAX_PREVIEW_BYTES {
            return Ok(file);
        }
    }
    Err(Refusal::TooLarge)
}

fn lines(of: &Preview<'_>) -> Vec<Line> {
    let origin = match (of.maker, of.place) {
        (maker, "") => maker.to_owned(),
        (maker, place) => format!("{maker} · {place}"),
    };
    [
        (of.name, SERIF, 44.0, NAME_LINES, PAPER),
        (of.price, SANS, 46.0, 1, GOLD),
        (&origin, SANS, 26.0, 1, PALE),
    ]
    .into_iter()
    .flat_map(|(text, font, size, most, colour)| {
        let lines = Letters::new(font, size).lines(text, COLUMN, most).into_iter();
        lines.map(move |text| Line { text, letters: Letters::new(font, size), height: size * 1.3, colour })
    })
    .collect()
}

/// Fills the surface with the photo's colours, blurred by way of a very small picture, and shaded.
fn backdrop(canvas: &mut Canvas, photo: &DynamicImage) -> Result<(), Refusal> {
    let mut resizer = Resizer::new();
    let small = shrink(photo, 16, 9, &mut resizer)?;
    let large = shrink(&small, PREVIEW_WIDTH, PREVIEW_HEIGHT, &mut resizer)?.into_rgb8();
    for (to, from) in canvas.pixels.iter_mut().zip(large.pixels()) {
        *to = mix(from.0.map(f32::from), GROUND, SHADE).map(|value| value as u8);
    }
    Ok(())
}

/// The whole photo, framed, in the middle above the letters.
fn place(canvas: &mut Canvas, photo: &DynamicImage, bottom: f32) -> Result<(), Refusal> {
    let room = (PREVIEW_WIDTH as f32 - 2.0 * MARGIN - 2.0 * FRAME, bottom - MARGIN - 2.0 * FRAME);
    let (width, height) = (photo.width() as f32, photo.height() as f32);
    let scale = (room.0 / width).min(room.1 / height);
    let side = |length: f32| ((length * scale) as u32).max(1);
    let small = shrink(photo, side(width), side(height), &mut Resizer::new())?.into_rgb8();
    let left = (PREVIEW_WIDTH - small.width()) / 2;
    let top = MARGIN as u32 + FRAME as u32 + (room.1 as u32).saturating_sub(small.height()) / 2;
    let edge = Path::rectangle(
        left as f32 - FRAME,
        top as f32 - FRAME,
        small.width() as f32 + 2.0 * FRAME,
        small.height() as f32 + 2.0 * FRAME,
    );
    canvas.fill(&edge, Paint::Solid(PAPER));
    for (y, row) in small.rows().enumerate() {
        let start = (top as usize + y) * canvas.width + left as usize;
        for (to, from) in canvas.pixels[start..].iter_mut().zip(row) {
            *to = from.0;
        }
    }
    Ok(())
}
