//! Things to drink, and oils.

use super::pen::{DEEP_LEAF, LEAF, Pen, WHITE, darker, lighter};
use crate::canvas::{Rgb, hex};
use crate::path::{Path, Point};

pub(super) fn coffee(pen: &mut Pen) {
    match pen.chance.below(3) {
        0 => {
            pen.shadow((480.0, 660.0), 540.0);
            pen.leaf((430.0, 470.0), (260.0, 250.0), 120.0, LEAF);
            pen.leaf((500.0, 440.0), (640.0, 205.0), 125.0, DEEP_LEAF);
            bean(pen, (355.0, 560.0), 118.0, -38.0, hex(0x6B3F22));
            bean(pen, (610.0, 565.0), 118.0, 42.0, hex(0x5A331B));
            bean(pen, (482.0, 520.0), 150.0, 82.0, hex(0x7B4A28));
        }
        1 => {
            pen.steam(470.0, 390.0);
            cup(pen, hex(0xFBF5E8), hex(0x4A2814));
            bean(pen, (270.0, 706.0), 40.0, 20.0, hex(0x6B3F22));
            bean(pen, (700.0, 716.0), 40.0, -25.0, hex(0x5A331B));
        }
        _ => {
            pen.line(&[(250.0, 270.0), (420.0, 380.0), (560.0, 520.0), (690.0, 700.0)], 18.0, hex(0x7A5230));
            pen.leaf((350.0, 335.0), (600.0, 235.0), 130.0, LEAF);
            pen.leaf((400.0, 370.0), (230.0, 590.0), 130.0, DEEP_LEAF);
            pen.leaf((590.0, 555.0), (760.0, 440.0), 115.0, LEAF);
            for (x, y, size) in [
                (430.0, 420.0, 50.0),
                (520.0, 400.0, 52.0),
                (470.0, 500.0, 56.0),
                (575.0, 490.0, 54.0),
                (520.0, 585.0, 56.0),
                (622.0, 592.0, 52.0),
                (585.0, 680.0, 50.0),
            ] {
                let ripe = [hex(0xC3272B), hex(0xA81C2C), hex(0xD9502E)][pen.chance.below(3)];
                pen.ball((x, y), size, ripe);
                pen.fill(&Path::circle((x + size * 0.3, y + size * 0.55), size * 0.13), darker(ripe, 0.5));
            }
        }
    }
}

/// A coffee bean, `length` from its middle to its tip.
fn bean(pen: &mut Pen, center: Point, length: f32, turn: f32, color: Rgb) {
    let place = |path: Path| path.moved(center.0, center.1).turned(turn, center);
    let outline = place(Path::ellipse((0.0, 0.0), length, length * 0.7));
    pen.shade(&outline, color);
    let glow = place(Path::ellipse((-length * 0.1, -length * 0.34), length * 0.7, length * 0.26));
    pen.within(&outline, &glow, lighter(color, 0.35), 0.4);
    let seam = [
        (-length * 0.97, length * 0.05),
        (-length * 0.45, -length * 0.12),
        (0.0, 0.0),
        (length * 0.45, length * 0.12),
        (length * 0.97, -length * 0.05),
    ];
    let width = length * 0.11;
    pen.within(&outline, &place(Path::ribbon(&seam, (width, width))), darker(color, 0.62), 1.0);
    let edge: Vec<Point> = seam.iter().map(|&(x, y)| (x * 0.94, y + width * 0.75)).collect();
    let light = place(Path::ribbon(&edge, (width * 0.4, width * 0.3)));
    pen.within(&outline, &light, lighter(color, 0.45), 0.6);
}

/// A cup on its saucer, seen from a little above.
fn cup(pen: &mut Pen, glaze: Rgb, drink: Rgb) {
    pen.shadow((480.0, 730.0), 640.0);
    pen.shade(&Path::ellipse((480.0, 690.0), 290.0, 52.0), darker(glaze, 0.12));
    pen.fill(&Path::ellipse((480.0, 680.0), 288.0, 46.0), glaze);
    pen.fill(&Path::ellipse((480.0, 682.0), 170.0, 24.0), darker(glaze, 0.15));
    pen.fill(&Path::ring((668.0, 520.0), 86.0, 54.0), darker(glaze, 0.14));
    let body = Path::smooth(&[
        (280.0, 430.0),
        (480.0, 436.0),
        (680.0, 430.0),
        (668.0, 540.0),
        (600.0, 650.0),
        (480.0, 676.0),
        (360.0, 650.0),
        (292.0, 540.0),
    ]);
    pen.body(&body, glaze);
    let band = Path::rectangle(250.0, 525.0, 460.0, 52.0);
    let (accent, ground) = (pen.scheme.accent, pen.scheme.ground);
    pen.within(&body, &band, ground, 0.95);
    for at in 0..9 {
        let diamond = Path::star((288.0 + at as f32 * 48.0, 551.0), 4, 20.0, 12.0);
        pen.within(&body, &diamond, accent, 1.0);
    }
    pen.fill(&Path::ellipse((480.0, 430.0), 203.0, 50.0), lighter(glaze, 0.5));
    pen.fill(&Path::ellipse((480.0, 434.0), 186.0, 41.0), drink);
    pen.tint(&Path::ellipse((440.0, 428.0), 110.0, 18.0), lighter(drink, 0.6), 0.35);
}

pub(super) fn tea(pen: &mut Pen) {
    if pen.chance.below(2) == 0 {
        pen.steam(470.0, 390.0);
        cup(pen, hex(0xE9F0E2), hex(0xB5651D));
        pen.leaf((300.0, 715.0), (215.0, 620.0), 60.0, LEAF);
        pen.leaf((300.0, 715.0), (185.0, 700.0), 50.0, DEEP_LEAF);
    } else {
        let clay = [hex(0x9C4A2F), hex(0x3F6B5C), hex(0x355C8A)][pen.chance.below(3)];
        pen.shadow((470.0, 695.0), 560.0);
        pen.fill(&Path::ring((690.0, 510.0), 104.0, 72.0), darker(clay, 0.25));
        let spout =
            Path::ribbon(&[(340.0, 600.0), (255.0, 545.0), (235.0, 440.0), (195.0, 400.0)], (92.0, 34.0));
        pen.shade(&spout, darker(clay, 0.12));
        let pot = Path::smooth(&[
            (360.0, 400.0),
            (480.0, 380.0),
            (600.0, 400.0),
            (700.0, 520.0),
            (660.0, 640.0),
            (580.0, 690.0),
            (380.0, 690.0),
            (300.0, 640.0),
            (262.0, 520.0),
        ]);
        pen.body(&pot, clay);
        let accent = pen.scheme.accent;
        for petal in 0..8 {
            let leaf =
                Path::leaf((480.0, 530.0), (480.0, 452.0), 40.0).turned(petal as f32 * 45.0, (480.0, 545.0));
            pen.within(&pot, &leaf, accent, 0.95);
        }
        pen.fill(&Path::circle((480.0, 545.0), 20.0), lighter(accent, 0.5));
        pen.shade(
            &Path::smooth(&[
                (350.0, 405.0),
                (400.0, 355.0),
                (480.0, 338.0),
                (560.0, 355.0),
                (610.0, 405.0),
                (480.0, 418.0),
            ]),
            lighter(clay, 0.1),
        );
        pen.ball((480.0, 322.0), 28.0, clay);
        pen.shine(&[(325.0, 480.0), (312.0, 550.0), (335.0, 620.0)], 20.0);
        pen.leaf((660.0, 700.0), (770.0, 620.0), 66.0, LEAF);
        pen.leaf((660.0, 700.0), (790.0, 705.0), 56.0, DEEP_LEAF);
    }
}

pub(super) fn beverage(pen: &mut Pen) {
    let drink =
        [hex(0xE8762D), hex(0xD33B4F), hex(0x8DB83A), hex(0xF0B429), hex(0x8C4A2F)][pen.chance.below(5)];
    pen.shadow((480.0, 752.0), 420.0);
    if pen.chance.below(2) == 0 {
        pen.line(&[(500.0, 500.0), (560.0, 300.0), (590.0, 205.0), (660.0, 180.0)], 20.0, pen.scheme.accent);
        let glass = Path::polygon(&[(335.0, 300.0), (625.0, 300.0), (590.0, 752.0), (370.0, 752.0)]);
        pen.tint(&glass, WHITE, 0.6);
        let filled = Path::polygon(&[(348.0, 380.0), (612.0, 380.0), (580.0, 735.0), (380.0, 735.0)]);
        pen.body(&filled, drink);
        for (x, y, turn) in [(415.0, 425.0, 14.0), (520.0, 415.0, -18.0), (470.0, 515.0, 32.0)] {
            let cube = Path::rounded(x - 40.0, y - 40.0, 80.0, 80.0, 14.0).turned(turn, (x, y));
            pen.tint(&cube, WHITE, 0.38);
            pen.tint(&Path::rounded(x - 28.0, y - 30.0, 20.0, 44.0, 8.0).turned(turn, (x, y)), WHITE, 0.5);
        }
        pen.fill(&Path::ellipse((480.0, 300.0), 146.0, 18.0), lighter(drink, 0.75));
        pen.shine(&[(368.0, 360.0), (382.0, 520.0), (396.0, 690.0)], 16.0);
        citrus(pen, (330.0, 320.0), 92.0, hex(0x9CC23C));
    } else {
        let bottle = Path::smooth(&[
            (440.0, 235.0),
            (520.0, 235.0),
            (524.0, 330.0),
            (590.0, 430.0),
            (598.0, 600.0),
            (588.0, 735.0),
            (480.0, 752.0),
            (372.0, 735.0),
            (362.0, 600.0),
            (370.0, 430.0),
            (436.0, 330.0),
        ]);
        pen.body(&bottle, drink);
        pen.shade(&Path::rounded(428.0, 190.0, 104.0, 62.0, 14.0), darker(pen.scheme.ground, 0.1));
        let label = Path::rectangle(340.0, 470.0, 280.0, 180.0);
        pen.within(&bottle, &label, pen.scheme.panel, 1.0);
        let center = (480.0, 560.0);
        pen.fill(&Path::star(center, 12, 66.0, 48.0), pen.scheme.accent);
        citrus(pen, center, 44.0, drink);
        pen.shine(&[(396.0, 420.0), (388.0, 560.0), (394.0, 700.0)], 15.0);
        citrus(pen, (655.0, 690.0), 70.0, drink);
        pen.leaf((300.0, 745.0), (215.0, 640.0), 70.0, LEAF);
    }
}

/// A slice of a citrus fruit.
pub(super) fn citrus(pen: &mut Pen, center: Point, radius: f32, color: Rgb) {
    pen.fill(&Path::circle(center, radius), color);
    pen.fill(&Path::circle(center, radius * 0.88), hex(0xFFF6DC));
    for wedge in 0..8 {
        let piece = Path::smooth(&[
            (radius * 0.12, 0.0),
            (radius * 0.62, -radius * 0.26),
            (radius * 0.8, 0.0),
            (radius * 0.62, radius * 0.26),
        ])
        .moved(center.0, center.1)
        .turned(wedge as f32 * 45.0 + 12.0, center);
        pen.fill(&piece, lighter(color, 0.22));
    }
}

pub(super) fn essential_oil(pen: &mut Pen) {
    let glass = [hex(0x8A4B1C), hex(0x275D6B), hex(0x6B2F4E)][pen.chance.below(3)];
    pen.shadow((480.0, 748.0), 520.0);
    pen.leaf((560.0, 735.0), (770.0, 500.0), 125.0, LEAF);
    pen.leaf((570.0, 745.0), (790.0, 660.0), 105.0, DEEP_LEAF);
    pen.leaf((400.0, 735.0), (190.0, 520.0), 125.0, DEEP_LEAF);
    pen.leaf((390.0, 745.0), (175.0, 670.0), 100.0, LEAF);
    pen.shade(
        &Path::smooth(&[
            (448.0, 300.0),
            (446.0, 220.0),
            (455.0, 175.0),
            (480.0, 165.0),
            (505.0, 175.0),
            (514.0, 220.0),
            (512.0, 300.0),
        ]),
        hex(0x3A3338),
    );
    pen.body(&Path::rounded(418.0, 285.0, 124.0, 80.0, 14.0), pen.scheme.accent);
    for rib in 0..6 {
        pen.tint(
            &Path::rectangle(430.0 + rib as f32 * 19.0, 292.0, 5.0, 66.0),
            darker(pen.scheme.accent, 0.5),
            0.45,
        );
    }
    let bottle = Path::rounded(350.0, 395.0, 260.0, 355.0, 48.0);
    pen.body(&Path::rounded(434.0, 355.0, 92.0, 70.0, 8.0), darker(glass, 0.1));
    pen.body(&bottle, glass);
    pen.fill(&Path::rounded(372.0, 480.0, 216.0, 190.0, 12.0), pen.scheme.panel);
    pen.fill(&Path::rounded(384.0, 492.0, 192.0, 166.0, 8.0), lighter(pen.scheme.panel, 0.5));
    let drop = Path::smooth(&[
        (480.0, 508.0),
        (512.0, 562.0),
        (524.0, 602.0),
        (480.0, 640.0),
        (436.0, 602.0),
        (448.0, 562.0),
    ]);
    pen.shade(&drop, hex(0xE0A030));
    pen.tint(&Path::ellipse((462.0, 598.0), 8.0, 18.0).turned(20.0, (462.0, 598.0)), WHITE, 0.7);
    pen.shine(&[(370.0, 440.0), (362.0, 570.0), (370.0, 710.0)], 13.0);
}
