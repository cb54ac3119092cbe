//! Measures how long a photograph of 12 megapixels and the preview of its link take: `cargo run --release --example
//! measure`. An argument names a file for the preview.

use std::time::Instant;

use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use kapal_pictures::{Preview, prepare, preview};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut noise = 1_u32;
    let photo = RgbImage::from_fn(4000, 3000, |x, y| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let wave = ((x as f32 / 90.0).sin() + (y as f32 / 70.0).cos()) * 50.0 + 120.0;
        let grain = (noise >> 27) as f32;
        Rgb([wave + grain, wave * 0.8 + grain, 255.0 - wave].map(|value| value as u8))
    });
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 90).encode_image(&photo)?;
    println!("a JPEG of 4000 x 3000 pixels, {} KiB", bytes.len() / 1024);
    for _ in 0..5 {
        let start = Instant::now();
        let picture = prepare(&bytes)?;
        let took = start.elapsed();
        let sizes =
            picture.renditions.iter().map(|one| (one.width, one.jpeg.len() / 1024, one.webp.len() / 1024));
        println!("{took:.1?} {:?} (width, KiB of JPEG, of WebP)", sizes.collect::<Vec<_>>());
        let start = Instant::now();
        let drawn = preview(&Preview {
            name: "Kopi Arabika Toraja Sapan, dipetik merah dan dijemur di para-para bambu",
            price: "Rp75.000",
            maker: "Koperasi Tani Sapan",
            place: "Kabupaten Toraja Utara",
            photo: picture.renditions.last().map(|widest| &widest.jpeg[..]),
        })?;
        println!("{:.1?} for a preview of {} KiB", start.elapsed(), drawn.len() / 1024);
        if let Some(file) = std::env::args().nth(1) {
            std::fs::write(file, drawn)?;
        }
    }
    Ok(())
}
