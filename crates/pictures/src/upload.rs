//! From an uploaded file to the renditions that are served.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, Limits, RgbImage};

use crate::container::Container;
use crate::encode::{blurhash, jpeg, webp};

/// The largest file that is accepted: 15 MiB.
pub const MAX_BYTES: usize = 15 * 1024 * 1024;
/// The most pixels a picture may have: 40 megapixels, read from its header before anything is decoded.
pub const MAX_PIXELS: u64 = 40_000_000;
/// The longest side a picture may have.
pub const MAX_SIDE: u32 = 12_000;
/// The shortest side a picture must have.
pub const MIN_SIDE: u32 = 100;
/// The widths of the renditions. A picture narrower than one of them gets a rendition of its own width
/// in its place, as pictures are never enlarged.
pub const WIDTHS: [u32; 3] = [320, 640, 1280];

/// What decoding one picture may take from the heap for its pixels.
const MAX_DECODED_BYTES: u64 = 256 * 1024 * 1024;

/// An uploaded picture, ready to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The width of the upload in pixels, as a viewer would see it (after its orientation).
    pub width: u32,
    /// The height of the upload in pixels, as a viewer would see it.
    pub height: u32,
    /// The same picture at one to three widths, the narrowest first. There is always at least one.
    pub renditions: Vec<Rendition>,
    /// Its colours in about thirty characters (<https://blurha.sh>), to be shown until it has arrived.
    pub blurhash: String,
}

/// One size of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendition {
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// A JPEG without any metadata, which everything can show.
    pub jpeg: Vec<u8>,
    /// The same as WebP, which is smaller.
    pub webp: Vec<u8>,
}

/// Why an upload is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The content is not one of the accepted kinds, whatever the file is called.
    #[error("the file is not a JPEG, PNG or WebP picture")]
    NotAPicture,
    /// The file has more than [`MAX_BYTES`].
    #[error("the file is larger than 15 MiB")]
    TooLarge,
    /// The picture exceeds [`MAX_PIXELS`] or [`MAX_SIDE`], or decoding it would take too much memory.
    #[error("the picture has more than 40 megapixels or a side of more than 12,000 pixels")]
    TooManyPixels,
    /// A side of the picture is shorter than [`MIN_SIDE`].
    #[error("the picture is smaller than 100 by 100 pixels")]
    TooSmall,
    /// The picture moves: a product's picture is a still.
    #[error("the picture is animated")]
    Animated,
    /// The file is cut off, or its data is broken.
    #[error("the picture is damaged or incomplete")]
    Damaged,
}

/// Checks an uploaded file and makes its renditions.
///
/// The kind is found by content. The size is read from the header and checked before a single pixel is
/// decoded. The picture is scaled down first and turned, flattened on white and brought to 8-bit RGB
/// afterwards, as that is cheaper on fewer pixels.
///
/// # Errors
///
/// Every file that is not a still, complete JPEG, PNG or WebP within the limits is refused with its
/// reason. Hostile bytes never cause a panic: a decoder that stumbles counts as [`Refusal::Damaged`].
pub fn prepare(bytes: &[u8]) -> Result<Picture, Refusal> {
    let (size, steps) = scaled(bytes, &WIDTHS)?;
    encode(size, steps)
}

/// Checks an uploaded file as [`prepare`] does, and makes one JPEG of it: the widest.
///
/// # Errors
///
/// Those of [`prepare`].
pub fn prepare_one(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    let (_, steps) = scaled(bytes, &WIDTHS[WIDTHS.len() - 1..])?;
    steps.first().map_or(Err(Refusal::Damaged), jpeg)
}

/// How many bytes the pixels of an uploaded file take once it is decoded, after its header; zero for what will be
/// refused. What it takes in all is little more: pictures are scaled down before anything else is done with them.
#[must_use]
pub fn weigh(bytes: &[u8]) -> u64 {
    let weight = || -> Result<u64, image::ImageError> {
        Ok(match Container::of(bytes) {
            Some(Container::Jpeg) => JpegDecoder::new(Cursor::new(bytes))?.total_bytes(),
            Some(Container::Png) => PngDecoder::with_limits(Cursor::new(bytes), limits())?.total_bytes(),
            Some(Container::WebP) => WebPDecoder::new(Cursor::new(bytes))?.total_bytes(),
            None => 0,
        })
    };
    catch_unwind(AssertUnwindSafe(weight)).map_or(0, Result::unwrap_or_default).min(MAX_DECODED_BYTES)
}

/// The size of an upload, and its picture in one to all of `widths`, the narrowest first.
type Scaled = ((u32, u32), Vec<RgbImage>);

fn scaled(bytes: &[u8], widths: &[u32]) -> Result<Scaled, Refusal> {
    if bytes.len() > MAX_BYTES {
        return Err(Refusal::TooLarge);
    }
    let container = Container::of(bytes).ok_or(Refusal::NotAPicture)?;
    container.check(bytes)?;
    // The decoders are other people's code, fed with strangers' bytes.
    catch_unwind(AssertUnwindSafe(|| match container {
        Container::Jpeg => scale(JpegDecoder::new(Cursor::new(bytes)).map_err(refusal)?, widths),
        Container::Png => {
            scale(PngDecoder::with_limits(Cursor::new(bytes), limits()).map_err(refusal)?, widths)
        }
        Container::WebP => scale(WebPDecoder::new(Cursor::new(bytes)).map_err(refusal)?, widths),
    }))
    .unwrap_or(Err(Refusal::Damaged))
}

/// Refuses a size outside the limits.
pub(crate) fn check_size(width: u32, height: u32) -> Result<(), Refusal> {
    if width.max(height) > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        Err(Refusal::TooManyPixels)
    } else if width.min(height) < MIN_SIDE {
        Err(Refusal::TooSmall)
    } else {
        Ok(())
    }
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    limits
}

pub(crate) fn refusal(error: image::ImageError) -> Refusal {
    match error {
        image::ImageError::Limits(_) => Refusal::TooManyPixels,
        _ => Refusal::Damaged,
    }
}

fn scale(mut decoder: impl ImageDecoder, widths: &[u32]) -> Result<Scaled, Refusal> {
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    let mut limits = limits();
    limits.reserve(decoder.total_bytes()).map_err(refusal)?;
    decoder.set_limits(limits).map_err(refusal)?;
    // A broken note about the orientation is no reason to refuse a good picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let decoded = DynamicImage::from_decoder(decoder).map_err(refusal)?;

    let (width, height) = if is_sideways(orientation) { (height, width) } else { (width, height) };
    let mut widths: Vec<u32> = widths.iter().map(|rendition| *rendition.min(&width)).collect();
    widths.dedup();

    let mut resizer = Resizer::new();
    let mut widest_first = widths.into_iter().rev();
    let widest = widest_first.next().ok_or(Refusal::Damaged)?;
    let mut steps = vec![DynamicImage::ImageRgb8(upright(decoded, orientation, widest, &mut resizer)?)];
    for narrower in widest_first {
        let height = scaled_height((width, height), narrower);
        steps.push(shrink(&steps[steps.len() - 1], narrower, height, &mut resizer)?);
    }
    Ok(((width, height), steps.into_iter().rev().map(DynamicImage::into_rgb8).collect()))
}

fn encode((width, height): (u32, u32), steps: Vec<RgbImage>) -> Result<Picture, Refusal> {
    let blurhash = steps.first().map_or(Err(Refusal::Damaged), blurhash)?;
    let renditions = steps.iter().map(|step| {
        let (width, height) = step.dimensions();
        Ok(Rendition { width, height, jpeg: jpeg(step)?, webp: webp(step)? })
    });
    Ok(Picture { width, height, renditions: renditions.collect::<Result<_, _>>()?, blurhash })
}

fn is_sideways(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
}

/// The height that goes with `width` in the proportions of `(width, height)`.
fn scaled_height((full_width, full_height): (u32, u32), width: u32) -> u32 {
    let rounded =
        (u64::from(full_height) * u64::from(width) + u64::from(full_width) / 2) / u64::from(full_width);
    u32::try_from(rounded).unwrap_or(MAX_SIDE).max(1)
}

/// The decoded picture at `width`, the right way up, opaque, in 8-bit RGB.
fn upright(
    decoded: DynamicImage,
    orientation: Orientation,
    width: u32,
    resizer: &mut Resizer,
) -> Result<RgbImage, Refusal> {
    let stored = (decoded.width(), decoded.height());
    let target = if is_sideways(orientation) {
        (scaled_height((stored.1, stored.0), width), width)
    } else {
        (width, scaled_height(stored, width))
    };
    let mut picture = if target == stored { decoded } else { shrink(&decoded, target.0, target.1, resizer)? };
    if picture.color().has_alpha() {
        picture = flattened(&picture);
    }
    let mut picture = DynamicImage::ImageRgb8(picture.into_rgb8());
    picture.apply_orientation(orientation);
    Ok(picture.into_rgb8())
}

pub(crate) fn shrink(
    picture: &DynamicImage,
    width: u32,
    height: u32,
    resizer: &mut Resizer,
) -> Result<DynamicImage, Refusal> {
    let mut smaller = DynamicImage::new(width, height, picture.color());
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
    resizer.resize(picture, &mut smaller, &options).map_err(|_| Refusal::Damaged)?;
    Ok(smaller)
}

/// Lays a picture with an alpha channel on white.
fn flattened(picture: &DynamicImage) -> DynamicImage {
    let rgba = picture.to_rgba8();
    let mut rgb = RgbImage::new(rgba.width(), rgba.height());
    for (from, to) in rgba.pixels().zip(rgb.pixels_mut()) {
        let [red, green, blue, alpha] = from.0.map(u32::from);
        to.0 = [red, green, blue]
            .map(|value| ((value * alpha + 255 * (255 - alpha) + 127) / 255).try_into().unwrap_or(u8::MAX));
    }
    DynamicImage::ImageRgb8(rgb)
}
