//! Texts as outlines: what fits into a line, and the shapes of its letters.

use kapal_fonts::{Font, visible};
use ttf_parser::{Face, GlyphId, OutlineBuilder};

use crate::path::{Path, Point};

const ELLIPSIS: char = '…';
/// A curve of a letter becomes so many straight edges: at these sizes nobody sees them.
const STEPS: u16 = 6;

/// The letters of one font at one size.
pub(crate) struct Letters {
    face: Face<'static>,
    size: f32,
}

impl Letters {
    pub(crate) fn new((name, file): Font, size: f32) -> Self {
        let face = Face::parse(file, 0).unwrap_or_else(|error| unreachable!("{name} is built in: {error}"));
        Self { face, size }
    }

    /// The text in at most so many lines of at most this width, with an ellipsis where it goes on. What the font has no
    /// letters for (emoji, other scripts) is left out; nothing is left of a text of such alone.
    pub(crate) fn lines(&self, text: &str, width: f32, most: usize) -> Vec<String> {
        let text = self.readable(text);
        let mut lines = Vec::new();
        let mut line = String::new();
        for word in text.split(' ').flat_map(|word| self.pieces(word, width)) {
            let longer = if line.is_empty() { word.clone() } else { format!("{line} {word}") };
            if self.width(&longer) <= width {
                line = longer;
            } else {
                lines.push(std::mem::replace(&mut line, word));
            }
        }
        lines.push(line);
        lines.retain(|line| !line.is_empty());
        if lines.len() > most {
            lines.truncate(most);
            if let Some(last) = lines.last_mut() {
                while !last.is_empty() && self.width(last) + self.width(&ELLIPSIS.to_string()) > width {
                    last.pop();
                }
                last.truncate(last.trim_end_matches([' ', ',', '.', '·', '-']).len());
                last.push(ELLIPSIS);
            }
        }
        lines
    }

    /// The part of a text that has letters here, its spaces made single.
    fn readable(&self, text: &str) -> String {
        let known: String = visible(text)
            .map(|c| if c.is_whitespace() { ' ' } else { c })
            .filter(|c| *c == ' ' || self.face.glyph_index(*c).is_some())
            .collect();
        if !known.chars().any(char::is_alphanumeric) {
            return String::new();
        }
        known.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// A word, cut where it is wider than a line.
    fn pieces(&self, word: &str, width: f32) -> Vec<String> {
        let mut pieces = vec![String::new()];
        let mut taken = 0.0;
        for c in word.chars() {
            let advance = self.advance(self.glyph(c));
            if taken + advance > width {
                pieces.push(String::new());
                taken = 0.0;
            }
            taken += advance;
            if let Some(piece) = pieces.last_mut() {
                piece.push(c);
            }
        }
        pieces
    }

    pub(crate) fn width(&self, text: &str) -> f32 {
        text.chars().map(|c| self.advance(self.glyph(c))).sum()
    }

    /// The shapes of a line whose first letter begins at `x` and stands on the line `y`.
    pub(crate) fn outline(&self, text: &str, (mut x, y): Point) -> Path {
        let mut path = Path::default();
        for c in text.chars() {
            let glyph = self.glyph(c);
            let mut tracer =
                Tracer { origin: (x, y), scale: self.scale(), last: (0.0, 0.0), path: &mut path };
            self.face.outline_glyph(glyph, &mut tracer);
            x += self.advance(glyph);
        }
        path
    }

    /// The glyph of a letter; the empty box where there is none.
    fn glyph(&self, c: char) -> GlyphId {
        self.face.glyph_index(c).unwrap_or(GlyphId(0))
    }

    fn advance(&self, glyph: GlyphId) -> f32 {
        f32::from(self.face.glyph_hor_advance(glyph).unwrap_or_default()) * self.scale()
    }

    fn scale(&self) -> f32 {
        self.size / f32::from(self.face.units_per_em())
    }
}

/// Follows a glyph's outline in the font's units, upwards, onto the surface, downwards.
struct Tracer<'a> {
    origin: Point,
    scale: f32,
    last: Point,
    path: &'a mut Path,
}

impl Tracer<'_> {
    fn add(&mut self, (x, y): Point) {
        self.last = (x, y);
        let point = (self.origin.0 + x * self.scale, self.origin.1 - y * self.scale);
        if let Some(contour) = self.path.contours.last_mut() {
            contour.push(point);
        }
    }

    fn curve(&mut self, at: impl Fn(Point, f32) -> Point) {
        let from = self.last;
        for step in 1..=STEPS {
            self.add(at(from, f32::from(step) / f32::from(STEPS)));
        }
    }
}

impl OutlineBuilder for Tracer<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.contours.push(Vec::new());
        self.add((x, y));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.add((x, y));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.curve(|from, t| {
            let s = 1.0 - t;
            let along = |a: f32, b: f32, c: f32| s * s * a + 2.0 * s * t * b + t * t * c;
            (along(from.0, x1, x), along(from.1, y1, y))
        });
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.curve(|from, t| {
            let s = 1.0 - t;
            let along = |a: f32, b: f32, c: f32, d: f32| {
                s * s * s * a + 3.0 * s * s * t * b + 3.0 * s * t * t * c + t * t * t * d
            };
            (along(from.0, x1, x2, x), along(from.1, y1, y2, y))
        });
    }

    fn close(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: f32 = 600.0;

    fn letters() -> Letters {
        Letters::new(kapal_fonts::SANS, 40.0)
    }

    #[test]
    fn a_long_name_is_wrapped_and_ends_with_an_ellipsis() {
        let letters = letters();
        assert_eq!(letters.lines("Kopi Toraja", WIDTH, 2), ["Kopi Toraja"]);
        for text in ["Kopi arabika Toraja yang dipetik merah ".repeat(8), "A".repeat(300), "kopi,".repeat(90)]
        {
            let lines = letters.lines(&text, WIDTH, 2);
            assert_eq!(lines.len(), 2, "{lines:?}");
            assert!(lines[1].ends_with(ELLIPSIS) && !lines[0].contains(ELLIPSIS), "{lines:?}");
            assert!(lines.iter().all(|line| letters.width(line) <= WIDTH), "{lines:?}");
        }
    }

    #[test]
    fn what_has_no_letters_is_left_out() {
        let letters = letters();
        assert_eq!(letters.lines("Kopi 🔥🔥 Toraja 咖啡", WIDTH, 2), ["Kopi Toraja"]);
        for text in ["", "   ", "咖啡", "🥥🥥", "قهوة", "— 🔥 !"] {
            assert!(letters.lines(text, WIDTH, 2).is_empty(), "{text}");
        }
        assert_eq!(letters.lines("Kopi\u{200B}ku\u{FE0F}", WIDTH, 2), ["Kopiku"]);
    }
}
