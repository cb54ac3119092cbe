//! From an uploaded file to the renditions that are served.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ExtendedColorType, ImageDecoder, Limits, RgbImage};

use crate::container::Container;

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
/// The quality of the JPEG that is served.
const QUALITY: u8 = 82;

/// An uploaded picture, ready to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The width of the upload in pixels, as a viewer would see it (after its orientation).
    pub width: u32,
    /// The height of the upload in pixels, as a viewer would see it.
    pub height: u32,
    /// The same picture at one to three widths, the narrowest first. There is always at least one.
    pub renditions: Vec<Rendition>,
}

/// One size of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendition {
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// The file: a JPEG without any metadata.
    pub bytes: Vec<u8>,
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
    if bytes.len() > MAX_BYTES {
        return Err(Refusal::TooLarge);
    }
    let container = Container::of(bytes).ok_or(Refusal::NotAPicture)?;
    container.check(bytes)?;
    // The decoders are other people's code, fed with strangers' bytes.
    catch_unwind(AssertUnwindSafe(|| match container {
        Container::Jpeg => render(JpegDecoder::new(Cursor::new(bytes)).map_err(refusal)?),
        Container::Png => render(PngDecoder::with_limits(Cursor::new(bytes), limits()).map_err(refusal)?),
        Container::WebP => render(WebPDecoder::new(Cursor::new(bytes)).map_err(refusal)?),
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

fn refusal(error: image::ImageError) -> Refusal {
    match error {
        image::ImageError::Limits(_) => Refusal::TooManyPixels,
        _ => Refusal::Damaged,
    }
}

fn render(mut decoder: impl ImageDecoder) -> Result<Picture, Refusal> {
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    let mut limits = limits();
    limits.reserve(decoder.total_bytes()).map_err(refusal)?;
    decoder.set_limits(limits).map_err(refusal)?;
    // A broken note about the orientation is no reason to refuse a good picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let decoded = DynamicImage::from_decoder(decoder).map_err(refusal)?;

    let (width, height) = if is_sideways(orientation) { (height, width) } else { (width, height) };
    let mut widths = WIDTHS.map(|rendition| rendition.min(width)).to_vec();
    widths.dedup();

    let mut resizer = Resizer::new();
    let mut renditions = Vec::with_capacity(widths.len());
    let mut widest_first = widths.into_iter().rev();
    let mut step = match widest_first.next() {
        Some(widest) => upright(decoded, orientation, widest, &mut resizer)?,
        None => return Err(Refusal::Damaged),
    };
    renditions.push(encode(&step)?);
    for narrower in widest_first {
        let height = scaled_height((width, height), narrower);
        step = shrink(&DynamicImage::ImageRgb8(step), narrower, height, &mut resizer)?.into_rgb8();
        renditions.push(encode(&step)?);
    }
    renditions.reverse();
    Ok(Picture { width, height, renditions })
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

fn shrink(
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

fn encode(picture: &RgbImage) -> Result<Rendition, Refusal> {
    let (width, height) = picture.dimensions();
    let mut bytes = Vec::with_capacity(picture.len() / 8);
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .encode(picture.as_raw(), width, height, ExtendedColorType::from(ColorType::Rgb8))
        .map_err(|_| Refusal::Damaged)?;
    Ok(Rendition { width, height, bytes })
}
