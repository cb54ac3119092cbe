//! Draws each kind a few times into a folder: `cargo run --example sheet -- DIR [COUNT]`.

use std::time::Instant;

use kapal_pictures::{Kind, Motif, draw, prepare};

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| ".".to_owned());
    let count = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(1);
    for kind in Kind::ALL {
        for seed in 0..count {
            let start = Instant::now();
            let bytes = draw(&Motif { kind: *kind, seed });
            let drawn = start.elapsed();
            let picture = prepare(&bytes).map_err(std::io::Error::other)?;
            let prepared = start.elapsed() - drawn;
            let name = kind.name().replace(' ', "-");
            let sizes = picture.renditions.iter().map(|one| one.jpeg.len() / 1024);
            println!(
                "{name}-{seed}: drawn in {drawn:.1?} ({} KiB), prepared in {prepared:.1?} {:?}",
                bytes.len() / 1024,
                sizes.collect::<Vec<_>>()
            );
            std::fs::write(format!("{folder}/{name}-{seed}.png"), bytes)?;
        }
    }
    Ok(())
}
