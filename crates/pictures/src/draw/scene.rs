//! What stands around the object: the patterned ground and the panel in front of it.

use super::Chance;
use super::pattern;
use crate::canvas::{Canvas, Paint, Rgb, hex, mix};
use crate::path::Path;

/// The side of a finished picture.
pub(super) const SIDE: f32 = 960.0;
const CENTER: (f32, f32) = (480.0, 480.0);

/// The colours of a picture besides those of its object.
#[derive(Clone, Copy)]
pub(super) struct Scheme {
    pub(super) ground: Rgb,
    pub(super) ink: Rgb,
    pub(super) panel: Rgb,
    pub(super) accent: Rgb,
}

const fn scheme(ground: u32, ink: u32, panel: u32, accent: u32) -> Scheme {
    Scheme { ground: hex(ground), ink: hex(ink), panel: hex(panel), accent: hex(accent) }
}

const SOGAN: Scheme = scheme(0x6B3E1F, 0x8F5E33, 0xF8EACB, 0xD9A441);
const INDIGO: Scheme = scheme(0x1F3560, 0x3B5889, 0xF5ECD9, 0xE0A83C);
const TERRACOTTA: Scheme = scheme(0xB4532F, 0xCB7148, 0xFCEEDC, 0x2F5D62);
const FOREST: Scheme = scheme(0x22513F, 0x3A6F53, 0xF6F1DB, 0xE3B04B);
const MAROON: Scheme = scheme(0x6D1A2D, 0x9A4540, 0xFCEDD0, 0xD8A53A);
const SEA: Scheme = scheme(0x146B74, 0x308A90, 0xF1F5E6, 0xF0A04B);
const MUSTARD: Scheme = scheme(0xD19628, 0xE3B252, 0xFFF5DC, 0x7C3A1D);
const PLUM: Scheme = scheme(0x4B2A52, 0x6A4570, 0xF8EBE5, 0xE5A04F);
const LEAF: Scheme = scheme(0x6A8A37, 0x84A34E, 0xFBF7DF, 0xB5482E);
const SKY: Scheme = scheme(0x4F93AE, 0x70B0C7, 0xFEF8E7, 0xD9633B);
const ROSE: Scheme = scheme(0xC0506A, 0xD57287, 0xFFF1E8, 0x3E6259);
const CHARCOAL: Scheme = scheme(0x2D2A32, 0x47424E, 0xF4EAD8, 0xD4A24C);

/// Schemes by temper; a kind of product names the one that suits it.
pub(super) const EARTHY: &[Scheme] = &[SOGAN, TERRACOTTA, FOREST, INDIGO, MUSTARD];
pub(super) const FRESH: &[Scheme] = &[LEAF, SEA, SKY, ROSE, MUSTARD];
pub(super) const NOBLE: &[Scheme] = &[MAROON, INDIGO, PLUM, CHARCOAL, SOGAN];
pub(super) const CALM: &[Scheme] = &[SEA, FOREST, INDIGO, SKY, PLUM];
pub(super) const WARM: &[Scheme] = &[TERRACOTTA, MAROON, SOGAN, ROSE, SEA];

/// The ground with its pattern and the panel, ready for the object.
pub(super) fn stage(scheme: &Scheme, chance: &mut Chance) -> Canvas {
    let mut canvas = Canvas::new(SIDE as usize, SIDE as usize, scheme.ground);
    let choice = chance.below(pattern::count());
    canvas.tile(&pattern::tile(choice, scheme.ground, scheme.ink));

    let form = chance.below(6);
    let edge = mix(scheme.ground, [0.0; 3], 0.35);
    canvas.shadow((480.0, 505.0), 430.0, 430.0, 0.45);
    canvas.fill(&panel(form, 382.0), Paint::Solid(edge));
    canvas.fill(&panel(form, 374.0), Paint::Solid(scheme.accent));
    canvas.fill(&panel(form, 362.0), Paint::Solid(edge));
    canvas.fill(&panel(form, 356.0), Paint::Fall(mix(scheme.panel, [255.0; 3], 0.4), scheme.panel));
    canvas
}

fn panel(form: usize, radius: f32) -> Path {
    match form {
        0 => Path::circle(CENTER, radius),
        1 => Path::scallop(CENTER, radius * 1.06, 16.0, 0.07),
        2 => {
            // An arch with a straight foot.
            let (left, foot) = (480.0 - radius * 0.9, 480.0 + radius);
            let arch = Path::circle((480.0, 480.0 - radius * 0.1), radius * 0.9);
            let crown = arch.contours[0].iter().filter(|point| point.1 <= 480.0 - radius * 0.1);
            let mut points: Vec<_> = crown.copied().collect();
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            points.push((480.0 + radius * 0.9, foot));
            points.push((left, foot));
            Path::polygon(&points)
        }
        3 => Path::star(CENTER, 8, radius * 1.09, radius * 0.94),
        4 => {
            let side = radius * 0.94;
            Path::rounded(480.0 - side, 480.0 - side, side * 2.0, side * 2.0, side * 0.3)
        }
        _ => Path::scallop(CENTER, radius * 1.08, 8.0, 0.1),
    }
}
