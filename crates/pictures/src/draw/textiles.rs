//! What is woven: cloths and baskets.

use super::pattern;
use super::pen::{Pen, WHITE, darker, lighter};
use crate::canvas::{Canvas, Paint, Rgb, hex, mix};
use crate::path::Path;

/// The dyes of the cloths.
const DYES: [u32; 8] = [0x1F3560, 0x6D1A2D, 0x6B3E1F, 0x22513F, 0xB4532F, 0x4B2A52, 0x2D2A32, 0x146B74];

/// A patterned cloth in colours of its own.
pub(super) fn cloth(pen: &mut Pen) -> (Canvas, Rgb) {
    let dye = hex(DYES[pen.chance.below(DYES.len())]);
    let thread = [hex(0xE8C27A), hex(0xF3E3C3), hex(0xD98A4A)][pen.chance.below(3)];
    let choice = pen.chance.below(pattern::count());
    (pattern::tile(choice, dye, mix(dye, thread, 0.85)), dye)
}

pub(super) fn textile(pen: &mut Pen) {
    if pen.chance.below(2) == 0 {
        folded(pen);
    } else {
        hanging(pen);
    }
}

/// A pile of folded cloths.
fn folded(pen: &mut Pen) {
    pen.shadow((480.0, 730.0), 640.0);
    for layer in 0..4 {
        let (pattern, dye) = cloth(pen);
        let top = 610.0 - layer as f32 * 105.0;
        let inset = layer as f32 * 9.0 + pen.chance.between(0.0, 12.0);
        let (left, width) = (240.0 + inset, 480.0 - inset * 2.0);
        let fold = Path::rounded(left, top, width, 112.0, 50.0);
        pen.canvas.fill(&fold, Paint::Cloth(&pattern));
        let lower = Path::rectangle(left, top + 60.0, width, 60.0);
        pen.within(&fold, &lower, hex(0x1A0F0A), 0.28);
        pen.within(&fold, &Path::rectangle(left, top, width, 22.0), WHITE, 0.16);
        let crease =
            [(left + 46.0, top + 56.0), (left + width * 0.5, top + 60.0), (left + width, top + 56.0)];
        pen.within(&fold, &Path::ribbon(&crease, (7.0, 4.0)), darker(dye, 0.6), 0.85);
        let hem = Path::rounded(left + width - 70.0, top + 6.0, 16.0, 100.0, 6.0);
        pen.within(&fold, &hem, pen.scheme.accent, 0.9);
    }
}

/// A cloth over a rod, with fringes.
fn hanging(pen: &mut Pen) {
    let (pattern, dye) = cloth(pen);
    pen.shadow((480.0, 752.0), 520.0);
    pen.body(&Path::rounded(232.0, 232.0, 496.0, 26.0, 13.0), hex(0x7A4E2C));
    pen.ball((232.0, 245.0), 24.0, hex(0x8C5A33));
    pen.ball((728.0, 245.0), 24.0, hex(0x8C5A33));
    for strand in 0..27 {
        let x = 282.0 + strand as f32 * 15.2;
        let drop = 708.0 + (strand % 3) as f32 * 7.0;
        pen.line(&[(x, 660.0), (x + 2.0, 690.0), (x - 1.0, drop)], 6.0, lighter(dye, 0.25));
    }
    let sheet = Path::smooth(&[
        (270.0, 232.0),
        (380.0, 228.0),
        (480.0, 228.0),
        (580.0, 228.0),
        (690.0, 232.0),
        (694.0, 340.0),
        (686.0, 460.0),
        (694.0, 580.0),
        (690.0, 668.0),
        (590.0, 676.0),
        (480.0, 668.0),
        (370.0, 676.0),
        (270.0, 668.0),
        (266.0, 580.0),
        (274.0, 460.0),
        (266.0, 340.0),
    ]);
    pen.canvas.fill(&sheet, Paint::Cloth(&pattern));
    for (top, height) in [(560.0, 84.0), (254.0, 40.0)] {
        let border = Path::rectangle(240.0, top, 480.0, height);
        pen.within(&sheet, &border, pen.scheme.accent, 0.95);
        let teeth = (height / 2.0 - 8.0).max(8.0);
        for tooth in 0..16 {
            let diamond =
                Path::star((270.0 + tooth as f32 * 28.0, top + height / 2.0), 4, teeth, teeth * 0.45);
            pen.within(&sheet, &diamond, darker(dye, 0.1), 1.0);
        }
    }
    for (x, width, tone) in [(330.0, 46.0, 0.0), (450.0, 60.0, 1.0), (545.0, 40.0, 0.0), (632.0, 54.0, 1.0)] {
        let fold = Path::ribbon(&[(x, 210.0), (x + 14.0, 440.0), (x - 4.0, 700.0)], (width * 0.5, width));
        let color = if tone > 0.5 { WHITE } else { hex(0x1A0F0A) };
        pen.within(&sheet, &fold, color, 0.13);
    }
}

pub(super) fn basketry(pen: &mut Pen) {
    let straw = [hex(0xD9A856), hex(0xC58A45), hex(0xE2C077)][pen.chance.below(3)];
    pen.shadow((480.0, 745.0), 600.0);
    let handle = Path::ribbon(
        &[
            (285.0, 470.0),
            (300.0, 300.0),
            (390.0, 205.0),
            (480.0, 180.0),
            (570.0, 205.0),
            (660.0, 300.0),
            (675.0, 470.0),
        ],
        (30.0, 30.0),
    );
    pen.shade(&handle, darker(straw, 0.2));
    for wrap in 0..24 {
        let angle = std::f32::consts::PI * (wrap as f32 + 0.5) / 24.0;
        let (x, y) = (480.0 + 195.0 * angle.cos(), 460.0 - 275.0 * angle.sin());
        let band =
            Path::rounded(x - 4.0, y - 24.0, 8.0, 48.0, 4.0).turned(90.0 - angle.to_degrees() + 20.0, (x, y));
        pen.within(&handle, &band, lighter(straw, 0.3), 0.7);
    }
    pen.fill(&Path::ellipse((480.0, 470.0), 252.0, 50.0), darker(straw, 0.6));
    let body = Path::smooth(&[
        (228.0, 470.0),
        (350.0, 512.0),
        (480.0, 520.0),
        (610.0, 512.0),
        (732.0, 470.0),
        (715.0, 600.0),
        (660.0, 730.0),
        (480.0, 750.0),
        (300.0, 730.0),
        (245.0, 600.0),
    ]);
    pen.fill(&body, darker(straw, 0.35));
    let (accent, ground) = (pen.scheme.accent, pen.scheme.ground);
    for row in 0..9 {
        for column in 0..14 {
            let x = 216.0 + column as f32 * 40.0 + if row % 2 == 0 { 0.0 } else { 20.0 };
            let bend = ((x - 460.0) / 250.0).powi(2) * 40.0;
            let y = 478.0 + row as f32 * 32.0 + 34.0 - bend;
            let color = match (row, column % 2) {
                (3 | 5, 0) => accent,
                (4, _) => mix(ground, straw, 0.15),
                _ => straw,
            };
            let reed = Path::rounded(x, y, 37.0, 27.0, 10.0);
            pen.canvas.fill_within(&body, &reed, Paint::Fall(lighter(color, 0.22), darker(color, 0.2)));
        }
    }
    let shade = Path::ellipse((800.0, 600.0), 220.0, 260.0);
    pen.within(&body, &shade, hex(0x1A0F0A), 0.22);
    for (height, tone) in [(30.0, 0.25), (14.0, 0.0)] {
        let rim = Path::ribbon(
            &[(226.0, 468.0), (350.0, 512.0), (480.0, 524.0), (610.0, 512.0), (734.0, 468.0)],
            (height, height),
        );
        pen.fill(&rim, darker(straw, tone));
    }
}
