//! A drawing surface: outlines are filled with anti-aliased edges.
//!
//! Coverage is exact: each edge adds the signed area that it cuts from the pixels of its rows, and a
//! running sum over a row gives how much of each pixel lies inside. The cost is that of the pixels of
//! the outline's box, whatever the number of its edges.

use crate::path::{Path, Point};

/// Coverage below this leaves a pixel alone.
const OUTSIDE: f32 = 0.004;
/// Coverage above this replaces a pixel.
const INSIDE: f32 = 0.997;

/// A colour: red, green and blue from 0 to 255.
pub(crate) type Rgb = [f32; 3];

/// A colour from its usual hexadecimal notation.
pub(crate) const fn hex(code: u32) -> Rgb {
    [(code >> 16 & 0xFF) as f32, (code >> 8 & 0xFF) as f32, (code & 0xFF) as f32]
}

/// The colour at `t` on the way from one colour to another.
pub(crate) fn mix(from: Rgb, to: Rgb, t: f32) -> Rgb {
    std::array::from_fn(|index| from[index] + (to[index] - from[index]) * t)
}

/// What an outline is filled with.
#[derive(Clone, Copy)]
pub(crate) enum Paint<'a> {
    Solid(Rgb),
    /// A colour laid over thinly: 0 is invisible, 1 is solid.
    Tint(Rgb, f32),
    /// From the first colour at the top of the outline to the second at its bottom.
    Fall(Rgb, Rgb),
    /// From the first colour at the left of the outline to the second at its right.
    Sweep(Rgb, Rgb),
    /// A small square picture, repeated.
    Cloth(&'a Canvas),
}

/// A picture in 8-bit RGB.
pub(crate) struct Canvas {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<[u8; 3]>,
    coverage: Mask,
    clip: Mask,
    /// The outline that `clip` was made of, as a body is decorated many times over.
    clip_path: Path,
}

impl Canvas {
    pub(crate) fn new(width: usize, height: usize, ground: Rgb) -> Self {
        let pixels = vec![ground.map(|value| value as u8); width * height];
        let (coverage, clip) = (Mask::default(), Mask::default());
        Self { width, height, pixels, coverage, clip, clip_path: Path::default() }
    }

    pub(crate) fn fill(&mut self, path: &Path, paint: Paint<'_>) {
        self.coverage.cover(path);
        self.blend(paint, false);
    }

    /// Fills the part of `path` that lies inside `clip`.
    pub(crate) fn fill_within(&mut self, clip: &Path, path: &Path, paint: Paint<'_>) {
        if self.clip_path != *clip {
            self.clip.cover(clip);
            self.clip.settle();
            self.clip_path = clip.clone();
        }
        self.coverage.cover(path);
        self.blend(paint, true);
    }

    /// Fills an outline on a surface that continues on its opposite edges.
    pub(crate) fn fill_wrapped(&mut self, path: &Path, paint: Paint<'_>) {
        let (width, height) = (self.width as f32, self.height as f32);
        for dy in [-height, 0.0, height] {
            for dx in [-width, 0.0, width] {
                let copy = path.clone().moved(dx, dy);
                let (left, top, right, bottom) = copy.bounds();
                if right > 0.0 && bottom > 0.0 && left < width && top < height {
                    self.fill(&copy, paint);
                }
            }
        }
    }

    /// Repeats a smaller picture over the whole surface, darker towards the corners.
    pub(crate) fn tile(&mut self, tile: &Canvas) {
        let (half_width, half_height) = (self.width as f32 / 2.0, self.height as f32 / 2.0);
        for (y, row) in self.pixels.chunks_exact_mut(self.width).enumerate() {
            let from = &tile.pixels[y % tile.height * tile.width..][..tile.width];
            for part in row.chunks_mut(tile.width) {
                part.copy_from_slice(&from[..part.len()]);
            }
            let dy = (y as f32 - half_height) / half_height;
            for (x, pixel) in row.iter_mut().enumerate() {
                let dx = (x as f32 - half_width) / half_width;
                let light = (256.0 * (1.06 - 0.17 * (dx * dx + dy * dy))) as u16;
                *pixel = lit(*pixel, light);
            }
        }
    }

    /// Darkens a soft-edged ellipse.
    pub(crate) fn shadow(&mut self, center: Point, rx: f32, ry: f32, strength: f32) {
        let (top, bottom) = span(center.1 - ry, center.1 + ry, self.height);
        let (left, right) = span(center.0 - rx, center.0 + rx, self.width);
        for y in top..bottom {
            let dy = (y as f32 - center.1) / ry;
            let row = &mut self.pixels[y * self.width..][left..right];
            for (x, pixel) in (left..).zip(row) {
                let dx = (x as f32 - center.0) / rx;
                let inside = (1.0 - dx * dx - dy * dy).max(0.0);
                let light = (256.0 * (1.0 - strength * inside * inside.sqrt())) as u16;
                *pixel = lit(*pixel, light);
            }
        }
    }

    fn blend(&mut self, paint: Paint<'_>, clipped: bool) {
        let mask = &self.coverage;
        let rows = (mask.top.max(0), (mask.top + mask.height).min(self.height as i32));
        let columns = (mask.left.max(0), (mask.left + mask.width).min(self.width as i32));
        if columns.0 >= columns.1 {
            return;
        }
        for y in rows.0..rows.1 {
            let line = mask.row(y);
            let clip = if clipped { self.clip.row(y) } else { &[] };
            let down = (y - mask.top) as f32 / mask.height as f32;
            let row = &mut self.pixels[y as usize * self.width..][..self.width];
            let mut x = columns.0;
            let mut sum: f32 = line[..(x - mask.left) as usize].iter().sum();
            while x < columns.1 {
                // Up to the next edge the coverage stays as it is.
                let ahead = &line[(x - mask.left) as usize..(columns.1 - mask.left) as usize];
                sum += ahead[0];
                let run = 1 + ahead[1..].iter().take_while(|&&delta| delta == 0.0).count() as i32;
                let coverage = sum.abs().min(1.0);
                let from = x;
                x += run;
                if coverage < OUTSIDE {
                    continue;
                }
                let pixels = &mut row[from as usize..x as usize];
                match paint {
                    Paint::Solid(color) if coverage > INSIDE && !clipped => {
                        pixels.fill(color.map(|value| value as u8));
                        continue;
                    }
                    Paint::Fall(top, bottom) if coverage > INSIDE && !clipped => {
                        pixels.fill(mix(top, bottom, down).map(|value| value as u8));
                        continue;
                    }
                    _ => {}
                }
                for (x, pixel) in (from..x).zip(pixels) {
                    let mut coverage = coverage;
                    if clipped {
                        let index = usize::try_from(x - self.clip.left).unwrap_or(usize::MAX);
                        coverage *= clip.get(index).copied().unwrap_or(0.0);
                    }
                    let across = || (x - mask.left) as f32 / mask.width as f32;
                    let color = match paint {
                        Paint::Solid(color) => color,
                        Paint::Tint(color, strength) => {
                            coverage *= strength;
                            color
                        }
                        Paint::Fall(from, to) => mix(from, to, down),
                        Paint::Sweep(from, to) => mix(from, to, across()),
                        Paint::Cloth(tile) => {
                            let (x, y) = (x as usize % tile.width, y as usize % tile.height);
                            tile.pixels[y * tile.width + x].map(f32::from)
                        }
                    };
                    for (value, color) in pixel.iter_mut().zip(color) {
                        let old = f32::from(*value);
                        *value = (old + (color - old) * coverage + 0.5) as u8;
                    }
                }
            }
        }
    }
}

/// A pixel under a light of so many 256ths.
fn lit(pixel: [u8; 3], light: u16) -> [u8; 3] {
    pixel.map(|value| ((u32::from(value) * u32::from(light)) >> 8).min(255) as u8)
}

/// The whole pixels between two edges, within `0..limit`.
fn span(from: f32, to: f32, limit: usize) -> (usize, usize) {
    (from.max(0.0) as usize, (to.max(0.0).ceil() as usize).min(limit))
}

/// How much of each pixel of a box an outline covers, as differences along the rows.
#[derive(Default)]
struct Mask {
    left: i32,
    top: i32,
    width: i32,
    height: i32,
    deltas: Vec<f32>,
}

impl Mask {
    fn row(&self, y: i32) -> &[f32] {
        if (self.top..self.top + self.height).contains(&y) {
            &self.deltas[((y - self.top) * self.width) as usize..][..self.width as usize]
        } else {
            &[]
        }
    }

    fn cover(&mut self, path: &Path) {
        let (left, top, right, bottom) = path.bounds();
        (self.left, self.top) = (left.floor() as i32, top.floor() as i32);
        // An edge at the right border spills over into the two columns beyond it.
        self.width = (right.ceil() as i32 - self.left + 2).max(2);
        self.height = (bottom.ceil() as i32 - self.top).max(1);
        self.deltas.clear();
        self.deltas.resize((self.width * self.height) as usize, 0.0);
        let (dx, dy) = (self.left as f32, self.top as f32);
        for contour in &path.contours {
            let ends = contour.iter().skip(1).chain(contour.first());
            for (from, to) in contour.iter().zip(ends) {
                self.edge((from.0 - dx, from.1 - dy), (to.0 - dx, to.1 - dy));
            }
        }
    }

    /// Turns differences into coverage.
    fn settle(&mut self) {
        for row in self.deltas.chunks_exact_mut(self.width as usize) {
            let mut sum = 0.0_f32;
            for value in row {
                sum += *value;
                *value = sum.abs().min(1.0);
            }
        }
    }

    fn edge(&mut self, from: Point, to: Point) {
        if from.1 == to.1 {
            return;
        }
        let (sign, upper, lower) = if from.1 < to.1 { (1.0, from, to) } else { (-1.0, to, from) };
        let slope = (lower.0 - upper.0) / (lower.1 - upper.1);
        let mut x = upper.0;
        for y in upper.1 as usize..lower.1.ceil().min(self.height as f32) as usize {
            let row = &mut self.deltas[y * self.width as usize..][..self.width as usize];
            let height = lower.1.min(y as f32 + 1.0) - upper.1.max(y as f32);
            // Rounding must not carry an edge out of the box at its left.
            let next = (x + slope * height).max(0.0);
            let (start, end) = if x < next { (x, next) } else { (next, x) };
            let area = height * sign;
            let first = start.floor();
            let index = first as usize;
            if end <= first + 1.0 {
                let inside = 1.0 - ((start + end) / 2.0 - first);
                row[index] += area * inside;
                row[index + 1] += area * (1.0 - inside);
            } else {
                // The edge crosses several pixels of this row.
                let per_pixel = 1.0 / (end - start);
                let head = 1.0 - (start - first);
                let mut covered = 0.5 * per_pixel * head * head;
                row[index] += area * covered;
                let last = end.ceil() as usize - 1;
                for (column, value) in row[index + 1..last].iter_mut().enumerate() {
                    let total = per_pixel * (column as f32 + 0.5 + head);
                    *value += area * (total - covered);
                    covered = total;
                }
                let tail = end - last as f32;
                let total = 1.0 - 0.5 * per_pixel * tail * tail;
                row[last] += area * (total - covered);
                row[last + 1] += area * (1.0 - total);
            }
            x = next;
        }
    }
}
