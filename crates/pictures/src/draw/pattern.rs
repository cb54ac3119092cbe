//! Backgrounds after the archipelago's textiles, each a small square that repeats without a seam.

use crate::canvas::{Canvas, Paint, Rgb, mix};
use crate::path::{Path, Point};

/// The side of the square that repeats.
const SIDE: f32 = 120.0;
const HALF: f32 = SIDE / 2.0;
const CORNERS: [Point; 2] = [(0.0, 0.0), (HALF, HALF)];

/// The patterns, by the seed's choice.
const PATTERNS: [fn(&mut Canvas, Rgb, Rgb); 9] =
    [kawung, parang, songket, ikat, scales, truntum, ulos, poleng, ceplok];

/// The repeating square of a pattern in `ink` on `ground`.
pub(super) fn tile(choice: usize, ground: Rgb, ink: Rgb) -> Canvas {
    let mut tile = Canvas::new(SIDE as usize, SIDE as usize, ground);
    PATTERNS[choice % PATTERNS.len()](&mut tile, ground, ink);
    tile
}

/// How many patterns there are.
pub(super) const fn count() -> usize {
    PATTERNS.len()
}

/// Central Java: four petals around each crossing.
fn kawung(tile: &mut Canvas, ground: Rgb, ink: Rgb) {
    for turn in [45.0, 135.0, 225.0, 315.0] {
        let petal = Path::smooth(&[
            (66.0, 60.0),
            (84.0, 46.0),
            (118.0, 46.0),
            (136.0, 60.0),
            (118.0, 74.0),
            (84.0, 74.0),
        ])
        .turned(turn, (HALF, HALF));
        tile.fill_wrapped(&petal, Paint::Solid(ink));
        for reach in [90.0, 112.0] {
            let seed = Path::ellipse((reach, HALF), 6.0, 3.0).turned(turn, (HALF, HALF));
            tile.fill_wrapped(&seed, Paint::Solid(ground));
        }
    }
    for center in [(0.0, HALF), (HALF, 0.0)] {
        tile.fill_wrapped(&Path::star(center, 4, 11.0, 4.0), Paint::Solid(ink));
    }
    tile.fill_wrapped(&Path::circle((HALF, HALF), 4.0), Paint::Solid(ink));
}

/// Central Java: slanting rows of blades.
fn parang(tile: &mut Canvas, ground: Rgb, ink: Rgb) {
    let step = SIDE / 8.0_f32.sqrt();
    for blade in 0..4 {
        let x = blade as f32 * step;
        let shape = Path::smooth(&[
            (x - 17.0, -25.0),
            (x + 4.0, -29.0),
            (x + 15.0, -14.0),
            (x + 8.0, 1.0),
            (x + 17.0, 17.0),
            (x + 10.0, 28.0),
            (x - 6.0, 20.0),
            (x - 8.0, 2.0),
            (x - 3.0, -12.0),
        ])
        .turned(-45.0, (0.0, 0.0));
        tile.fill_wrapped(&shape, Paint::Solid(ink));
        let eye = Path::circle((x + 3.0, -17.0), 4.0).turned(-45.0, (0.0, 0.0));
        tile.fill_wrapped(&eye, Paint::Solid(ground));
    }
    for dot in 0..8 {
        let x = dot as f32 * step / 2.0;
        let bead = Path::star((x, 2.0 * step / 2.0), 4, 9.0, 4.5).turned(-45.0, (0.0, 0.0));
        tile.fill_wrapped(&bead, Paint::Solid(ink));
    }
}

/// Sumatra: stepped diamonds, as woven with a gold thread.
fn songket(tile: &mut Canvas, ground: Rgb, ink: Rgb) {
    for center in CORNERS {
        for (size, color) in [(9.0, ink), (7.0, ground), (5.0, ink), (2.0, ground)] {
            tile.fill_wrapped(&stepped(center, size, 5.0), Paint::Solid(color));
        }
    }
    for center in [(0.0, HALF), (HALF, 0.0)] {
        tile.fill_wrapped(&stepped(center, 1.0, 4.0), Paint::Solid(ink));
    }
}

/// A diamond of small squares.
fn stepped(center: Point, size: f32, unit: f32) -> Path {
    let mut quarter = Vec::new();
    for step in 0..=size as usize {
        let (out, up) = (size - step as f32 + 0.5, step as f32);
        quarter.push((out * unit, (up - 0.5) * unit));
        quarter.push((out * unit, (up + 0.5) * unit));
    }
    let quarters = [(1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0)];
    let points: Vec<Point> = quarters
        .into_iter()
        .enumerate()
        .flat_map(|(index, (sx, sy))| {
            let mut points: Vec<Point> =
                quarter.iter().map(|&(x, y)| (center.0 + sx * x, center.1 + sy * y.max(0.0))).collect();
            if index % 2 == 1 {
                points.reverse();
            }
            points
        })
        .collect();
    Path::polygon(&points)
}

/// Nusa Tenggara: feathered zigzags.
fn ikat(tile: &mut Canvas, ground: Rgb, ink: Rgb) {
    let zigzag = |y: f32, rise: f32, thick: f32| {
        let count = 24;
        let edge = |index: i32, shift: f32| {
            let x = index as f32 * SIDE / count as f32;
            let tooth = (x / 30.0).rem_euclid(2.0);
            let fray = if index % 2 == 0 { 4.0 } else { -2.0 };
            (x, y + rise * (tooth - 1.0).abs() + shift + fray * shift.signum())
        };
        let points: Vec<Point> = (0..=count)
            .map(|index| edge(index, -thick))
            .chain((0..=count).rev().map(|index| edge(index, thick)))
            .collect();
        Path::polygon(&points)
    };
    tile.fill_wrapped(&zigzag(8.0, 28.0, 7.0), Paint::Solid(ink));
    tile.fill_wrapped(&zigzag(30.0, 28.0, 2.5), Paint::Solid(mix(ground, ink, 0.7)));
    tile.fill_wrapped(&zigzag(66.0, -28.0, 7.0), Paint::Solid(ink));
    for x in [0.0, HALF] {
        tile.fill_wrapped(&stepped((x, 96.0), 3.0, 3.5), Paint::Solid(ink));
        tile.fill_wrapped(&stepped((x, 96.0), 1.0, 3.5), Paint::Solid(ground));
    }
}

/// The north coast: overlapping waves.
fn scales(tile: &mut Canvas, ground: Rgb, ink: Rgb) {
    for row in 0..6 {
        for column in 0..2 {
            let shift = if row % 2 == 0 { 0.0 } else { 30.0 };
            let center = (column as f32 * HALF + shift, row as f32 * 30.0 - 15.0);
            for (radius, color) in [(33.0, ink), (28.0, ground), (21.0, ink), (16.0, ground), (9.0, ink)] {
                let clip = Path::rectangle(center.0 - 40.0, center.1 - 40.0, 80.0, 140.0);
                for dx in [-SIDE, 0.0, SIDE] {
                    let ring = Path::circle((center.0 + dx, center.1), radius);
                    tile.fill_within(&clip.clone().moved(dx, 0.0), &ring, Paint::Solid(color));
                }
            }
        }
    }
}

/// Solo: a night sky of small blossoms.
fn truntum(tile: &mut Canvas, ground: Rgb, ink: Rgb) {
    for center in CORNERS {
        for petal in 0..8 {
            let length = if petal % 2 == 0 { 25.0 } else { 19.0 };
            let leaf = Path::leaf((center.0 + 5.0, center.1), (center.0 + length, center.1), 9.0)
                .turned(petal as f32 * 45.0, center);
            tile.fill_wrapped(&leaf, Paint::Solid(ink));
        }
        tile.fill_wrapped(&Path::circle(center, 3.0), Paint::Solid(ink));
    }
    for center in [(0.0, HALF), (HALF, 0.0)] {
        tile.fill_wrapped(&Path::ring(center, 11.0, 7.5), Paint::Solid(ink));
        tile.fill_wrapped(&Path::circle(center, 3.5), Paint::Solid(mix(ground, ink, 0.8)));
    }
}

/// North Sumatra: stripes with rows of arrowheads.
fn ulos(tile: &mut Canvas, ground: Rgb, ink: Rgb) {
    for (left, width) in [(0.0, 6.0), (10.0, 2.0), (52.0, 2.0), (58.0, 6.0), (68.0, 2.0), (112.0, 2.0)] {
        tile.fill(&Path::rectangle(left, 0.0, width, SIDE), Paint::Solid(ink));
    }
    for row in 0..6 {
        let y = row as f32 * 20.0;
        let arrow = Path::polygon(&[
            (32.0, y),
            (46.0, y + 13.0),
            (46.0, y + 20.0),
            (32.0, y + 7.0),
            (18.0, y + 20.0),
            (18.0, y + 13.0),
        ]);
        tile.fill_wrapped(&arrow, Paint::Solid(ink));
    }
    for row in 0..4 {
        let center = (91.0, row as f32 * 30.0 + 15.0);
        tile.fill(&Path::star(center, 4, 15.0, 6.0), Paint::Solid(ink));
        tile.fill(&Path::circle(center, 3.0), Paint::Solid(ground));
    }
}

/// Bali: the chequered cloth of balance, with its threads.
fn poleng(tile: &mut Canvas, ground: Rgb, ink: Rgb) {
    for (left, top, strength) in [(0.0, 0.0, 1.0), (30.0, 0.0, 0.5), (0.0, 30.0, 0.5)] {
        for (dx, dy) in [(0.0, 0.0), (HALF, 0.0), (0.0, HALF), (HALF, HALF)] {
            let square = Path::rectangle(left + dx, top + dy, 30.0, 30.0);
            tile.fill(&square, Paint::Tint(ink, strength));
        }
    }
    for thread in 0..12 {
        let at = thread as f32 * 10.0;
        tile.fill(&Path::rectangle(at, 0.0, 1.5, SIDE), Paint::Tint(ground, 0.35));
        tile.fill(&Path::rectangle(0.0, at, SIDE, 1.5), Paint::Tint(ground, 0.35));
    }
}

/// Java: rosettes in a lattice.
fn ceplok(tile: &mut Canvas, ground: Rgb, ink: Rgb) {
    let center = (HALF, HALF);
    tile.fill(&Path::scallop(center, 42.0, 8.0, 0.28), Paint::Solid(ink));
    tile.fill(&Path::ring(center, 27.0, 23.0), Paint::Solid(ground));
    tile.fill(&Path::star(center, 8, 17.0, 7.0), Paint::Solid(ground));
    for turn in [0.0, 90.0, 180.0, 270.0] {
        let leaf = Path::leaf((HALF, 20.0), (HALF, -14.0), 22.0).turned(turn, center);
        tile.fill_wrapped(&leaf, Paint::Tint(ink, 0.75));
    }
    tile.fill_wrapped(&Path::star((0.0, 0.0), 4, 30.0, 9.0).turned(45.0, (0.0, 0.0)), Paint::Solid(ink));
    tile.fill_wrapped(&Path::circle((0.0, 0.0), 6.0), Paint::Solid(ground));
}
