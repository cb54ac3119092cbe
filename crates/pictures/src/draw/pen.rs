//! The strokes that several objects share.

use super::Chance;
use super::scene::Scheme;
use crate::canvas::{Canvas, Paint, Rgb, hex, mix};
use crate::path::{Path, Point};

pub(super) const WHITE: Rgb = hex(0xFFFFFF);
pub(super) const LEAF: Rgb = hex(0x4F8A3C);
pub(super) const DEEP_LEAF: Rgb = hex(0x2F6B3A);

/// A canvas with its colours and its choices.
pub(super) struct Pen {
    pub(super) canvas: Canvas,
    pub(super) scheme: Scheme,
    pub(super) chance: Chance,
}

impl Pen {
    pub(super) fn fill(&mut self, path: &Path, color: Rgb) {
        self.canvas.fill(path, Paint::Solid(color));
    }

    pub(super) fn tint(&mut self, path: &Path, color: Rgb, strength: f32) {
        self.canvas.fill(path, Paint::Tint(color, strength));
    }

    /// Fills with a colour that darkens towards the bottom.
    pub(super) fn shade(&mut self, path: &Path, color: Rgb) {
        self.canvas.fill(path, Paint::Fall(lighter(color, 0.12), darker(color, 0.18)));
    }

    /// Fills like a round body: light at the left, dark at the right.
    pub(super) fn body(&mut self, path: &Path, color: Rgb) {
        self.canvas.fill(path, Paint::Sweep(lighter(color, 0.16), darker(color, 0.22)));
    }

    /// Fills the part of `path` inside `clip`.
    pub(super) fn within(&mut self, clip: &Path, path: &Path, color: Rgb, strength: f32) {
        self.canvas.fill_within(clip, path, Paint::Tint(color, strength));
    }

    pub(super) fn line(&mut self, points: &[Point], width: f32, color: Rgb) {
        self.fill(&Path::ribbon(points, (width, width)), color);
    }

    /// A soft shadow on the ground.
    pub(super) fn shadow(&mut self, center: Point, width: f32) {
        self.canvas.shadow(center, width / 2.0, width * 0.09, 0.42);
    }

    /// A leaf with its veins; one half lies in shade.
    pub(super) fn leaf(&mut self, stalk: Point, tip: Point, width: f32, color: Rgb) {
        let outline = Path::leaf(stalk, tip, width);
        self.shade(&outline, color);
        let (dx, dy) = (tip.0 - stalk.0, tip.1 - stalk.1);
        let length = dx.hypot(dy);
        let across = (-dy / length * width, dx / length * width);
        let half = Path::polygon(&[
            stalk,
            tip,
            (tip.0 + across.0, tip.1 + across.1),
            (stalk.0 + across.0, stalk.1 + across.1),
        ]);
        self.within(&outline, &half, darker(color, 0.5), 0.3);
        let vein = lighter(color, 0.35);
        for step in 1..5 {
            let t = 0.12 + step as f32 * 0.15;
            let from = (stalk.0 + dx * t, stalk.1 + dy * t);
            for side in [-0.32, 0.32] {
                let to = (from.0 + dx * 0.14 + across.0 * side, from.1 + dy * 0.14 + across.1 * side);
                let rib = Path::ribbon(&[from, to], (width * 0.035, width * 0.015));
                self.within(&outline, &rib, vein, 0.6);
            }
        }
        let end = (stalk.0 + dx * 0.93, stalk.1 + dy * 0.93);
        self.fill(&Path::ribbon(&[stalk, end], (width * 0.06, width * 0.02)), vein);
    }

    /// A ball with a highlight.
    pub(super) fn ball(&mut self, center: Point, radius: f32, color: Rgb) {
        let outline = Path::circle(center, radius);
        self.fill(&outline, darker(color, 0.22));
        let lit = Path::circle((center.0 - radius * 0.16, center.1 - radius * 0.16), radius * 0.94);
        self.within(&outline, &lit, color, 1.0);
        let bright = Path::circle((center.0 - radius * 0.28, center.1 - radius * 0.28), radius * 0.6);
        self.within(&outline, &bright, lighter(color, 0.25), 0.5);
        let spark =
            Path::ellipse((center.0 - radius * 0.36, center.1 - radius * 0.42), radius * 0.2, radius * 0.12)
                .turned(-40.0, (center.0 - radius * 0.36, center.1 - radius * 0.42));
        self.tint(&spark, WHITE, 0.75);
    }

    /// A bowl from rim to foot around `x`, with a band in the scheme's colours.
    pub(super) fn bowl(&mut self, x: f32, rim: f32, half: f32, depth: f32, color: Rgb) {
        let mut points: Vec<Point> = (0..=24)
            .map(|step| {
                let angle = std::f32::consts::PI * step as f32 / 24.0;
                (x + half * angle.cos(), rim + depth * angle.sin().max(0.0).powf(0.8))
            })
            .collect();
        points.push((x - half, rim - 4.0));
        points.push((x + half, rim - 4.0));
        let foot = Path::rounded(x - half * 0.42, rim + depth - 14.0, half * 0.84, 34.0, 10.0);
        self.shade(&foot, darker(color, 0.25));
        let outline = Path::polygon(&points);
        self.body(&outline, color);
        let band = Path::rectangle(x - half, rim + depth * 0.22, half * 2.0, depth * 0.26);
        self.within(&outline, &band, self.scheme.accent, 0.9);
        let teeth = (half / 22.0) as i32;
        for tooth in -teeth..=teeth {
            let at = x + tooth as f32 * 44.0;
            let diamond = Path::star((at, rim + depth * 0.35), 4, depth * 0.11, depth * 0.07);
            self.within(&outline, &diamond, self.scheme.panel, 0.95);
        }
        self.shade(
            &Path::rounded(x - half - 8.0, rim - 13.0, half * 2.0 + 16.0, 26.0, 12.0),
            lighter(color, 0.1),
        );
    }

    /// A shine along the left side of a round thing.
    pub(super) fn shine(&mut self, points: &[Point], width: f32) {
        self.tint(&Path::ribbon(points, (width, width * 0.6)), WHITE, 0.35);
    }

    /// Steam over something hot.
    pub(super) fn steam(&mut self, x: f32, y: f32) {
        let color = mix(self.scheme.ground, self.scheme.panel, 0.55);
        for (dx, rise) in [(-46.0, 84.0), (0.0, 112.0), (46.0, 84.0)] {
            let wisp = [
                (x + dx, y),
                (x + dx + 18.0, y - rise * 0.35),
                (x + dx - 14.0, y - rise * 0.7),
                (x + dx + 6.0, y - rise),
            ];
            self.tint(&Path::ribbon(&wisp, (15.0, 4.0)), color, 0.75);
        }
    }
}

pub(super) fn lighter(color: Rgb, amount: f32) -> Rgb {
    mix(color, WHITE, amount)
}

pub(super) fn darker(color: Rgb, amount: f32) -> Rgb {
    mix(color, hex(0x1A0F0A), amount)
}
