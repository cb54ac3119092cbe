//! The files and the placeholder that are made of pixels.

use std::io::Cursor;

use fast_image_resize::Resizer;
use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::{ColorType, DynamicImage, ExtendedColorType, RgbImage};

use crate::upload::{Refusal, refusal, shrink};

/// The quality of the JPEG that is served.
const JPEG_QUALITY: u8 = 82;
/// The quality of the WebP that is served: to the eye that of the JPEG.
const WEBP_QUALITY: f32 = 78.0;
/// A placeholder is made of so many pixels, and of so many waves across and down.
const BLUR_SIDE: u32 = 32;
const BLUR_WAVES: (u32, u32) = (4, 3);

pub(crate) fn jpeg(picture: &RgbImage) -> Result<Vec<u8>, Refusal> {
    jpeg_of(picture, JPEG_QUALITY)
}

pub(crate) fn jpeg_of(picture: &RgbImage, quality: u8) -> Result<Vec<u8>, Refusal> {
    let (width, height) = picture.dimensions();
    let mut bytes = Vec::with_capacity(picture.len() / 8);
    JpegEncoder::new_with_quality(&mut bytes, quality)
        .encode(picture.as_raw(), width, height, ExtendedColorType::from(ColorType::Rgb8))
        .map_err(|_| Refusal::Damaged)?;
    Ok(bytes)
}

pub(crate) fn webp(picture: &RgbImage) -> Result<Vec<u8>, Refusal> {
    let encoder = webp::Encoder::from_rgb(picture.as_raw(), picture.width(), picture.height());
    let file = encoder.encode_simple(false, WEBP_QUALITY).map_err(|_| Refusal::Damaged)?;
    Ok(file.to_vec())
}

/// The pixels of one of our own JPEG files.
pub(crate) fn pixels(jpeg: &[u8]) -> Result<RgbImage, Refusal> {
    let decoder = JpegDecoder::new(Cursor::new(jpeg)).map_err(refusal)?;
    Ok(DynamicImage::from_decoder(decoder).map_err(refusal)?.into_rgb8())
}

/// The WebP beside a stored JPEG, for pictures that are older than WebP is here.
///
/// # Errors
///
/// [`Refusal::Damaged`] for what is no JPEG.
pub fn webp_of_jpeg(file: &[u8]) -> Result<Vec<u8>, Refusal> {
    webp(&pixels(file)?)
}

pub(crate) fn blurhash(picture: &RgbImage) -> Result<String, Refusal> {
    // Alike in both directions: the placeholder is stretched to the picture's own proportions.
    let picture = DynamicImage::ImageRgb8(picture.clone());
    let small = shrink(&picture, BLUR_SIDE, BLUR_SIDE, &mut Resizer::new())?.into_rgba8();
    let (across, down) = BLUR_WAVES;
    blurhash::encode(across, down, BLUR_SIDE, BLUR_SIDE, small.as_raw()).map_err(|_| Refusal::Damaged)
}
