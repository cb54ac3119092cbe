//! Fixtures: real files from the encoders of the `image` crate, and the means to spoil them.

#![allow(dead_code)]

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder, Rgb, RgbImage};

/// The formats that are accepted.
#[derive(Clone, Copy, Debug)]
pub enum Format {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    WebP,
}

/// All of them.
pub const FORMATS: [Format; 3] = [Format::Jpeg, Format::Png, Format::WebP];

/// A picture with some detail everywhere.
pub fn landscape(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([(x * 7 + y * 3) as u8, (x ^ y) as u8, (x * y / 16) as u8]))
}

/// A file of the format, with an Exif block if it is not empty.
pub fn file(picture: &RgbImage, format: Format, exif: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    match format {
        Format::Jpeg => write(picture, JpegEncoder::new_with_quality(&mut bytes, 95), exif),
        Format::Png => write(picture, PngEncoder::new(&mut bytes), exif),
        Format::WebP => write(picture, WebPEncoder::new_lossless(&mut bytes), exif),
    }
    bytes
}

fn write(picture: &RgbImage, mut encoder: impl ImageEncoder, exif: &[u8]) {
    if !exif.is_empty() {
        encoder.set_exif_metadata(exif.to_vec()).expect("the format takes Exif");
    }
    let (width, height) = picture.dimensions();
    encoder
        .write_image(picture.as_raw(), width, height, ExtendedColorType::Rgb8)
        .expect("the fixture is encoded");
}

/// An Exif block with an orientation, and the place where the picture was taken.
pub fn exif(orientation: u16) -> Vec<u8> {
    let mut block = b"MM\0\x2A\0\0\0\x08".to_vec();
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        let mut entry = Vec::new();
        entry.extend(tag.to_be_bytes());
        entry.extend(kind.to_be_bytes());
        entry.extend(count.to_be_bytes());
        entry.extend(value);
        entry
    };
    let [high, low] = orientation.to_be_bytes();
    block.extend(2_u16.to_be_bytes());
    block.extend(entry(0x0112, 3, 1, [high, low, 0, 0]));
    block.extend(entry(0x8825, 4, 1, 38_u32.to_be_bytes()));
    block.extend([0; 4]);
    // The GPS directory, at 38: the reference of the latitude, and the name of the area.
    block.extend(2_u16.to_be_bytes());
    block.extend(entry(0x0001, 2, 2, *b"S\0\0\0"));
    block.extend(entry(0x001C, 2, 16, 68_u32.to_be_bytes()));
    block.extend([0; 4]);
    block.extend(b"GPS-HOME-ADDRESS");
    block
}

/// Whether `needle` occurs in `bytes`.
pub fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// A PNG whose header is changed to another size, depth and colour type, with a right checksum.
pub fn png_with_header(width: u32, height: u32, depth: u8, color: u8) -> Vec<u8> {
    let mut bytes = file(&landscape(120, 120), Format::Png, &[]);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    (bytes[24], bytes[25]) = (depth, color);
    let sum = crc(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.to_be_bytes());
    bytes
}

/// A PNG chunk.
pub fn png_chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut chunk = (data.len() as u32).to_be_bytes().to_vec();
    chunk.extend(name);
    chunk.extend(data);
    chunk.extend(crc(&chunk[4..]).to_be_bytes());
    chunk
}

/// A WebP file of the given chunks.
pub fn webp(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    for (name, data) in chunks {
        body.extend(*name);
        body.extend((data.len() as u32).to_le_bytes());
        body.extend(data);
        body.extend(&[0][..data.len() % 2]);
    }
    [b"RIFF".as_slice(), &(body.len() as u32).to_le_bytes(), &body].concat()
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(
            sum ^ u32::from(*byte),
            |sum, _| {
                if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 }
            },
        )
    })
}
