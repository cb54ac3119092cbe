//! Cinnamon, nutmeg and cloves.

use super::pen::{DEEP_LEAF, LEAF, Pen, WHITE, darker, lighter};
use crate::canvas::hex;
use crate::path::{Path, Point};

pub(super) fn spice(pen: &mut Pen) {
    pen.shadow((480.0, 725.0), 620.0);
    match pen.chance.below(3) {
        0 => {
            for (x, tilt) in [(330.0, -13.0), (410.0, -6.0), (490.0, 2.0), (570.0, 9.0), (640.0, 15.0)] {
                let stick = Path::rounded(x - 34.0, 250.0, 68.0, 430.0, 26.0).turned(tilt, (480.0, 620.0));
                pen.body(&stick, hex(0xA9602F));
                let core =
                    Path::ring((x - 14.0, 272.0), 17.0, 8.0).and(Path::ring((x + 16.0, 272.0), 16.0, 8.0));
                pen.within(&stick, &core.turned(tilt, (480.0, 620.0)), darker(hex(0xA9602F), 0.5), 0.8);
                let grain = Path::ribbon(&[(x - 6.0, 320.0), (x, 450.0), (x - 4.0, 640.0)], (5.0, 4.0))
                    .turned(tilt, (480.0, 620.0));
                pen.tint(&grain, darker(hex(0xA9602F), 0.5), 0.5);
            }
            pen.body(&Path::rounded(372.0, 545.0, 216.0, 46.0, 16.0), pen.scheme.accent);
            pen.body(&Path::rounded(446.0, 530.0, 64.0, 76.0, 20.0), darker(pen.scheme.accent, 0.15));
            star_anise(pen, (290.0, 660.0), 92.0);
            star_anise(pen, (668.0, 672.0), 82.0);
        }
        1 => {
            pen.leaf((440.0, 430.0), (230.0, 245.0), 140.0, DEEP_LEAF);
            pen.leaf((520.0, 430.0), (735.0, 260.0), 140.0, LEAF);
            let fruit = Path::smooth(&[
                (480.0, 300.0),
                (590.0, 340.0),
                (650.0, 480.0),
                (600.0, 640.0),
                (480.0, 700.0),
                (360.0, 640.0),
                (310.0, 480.0),
                (370.0, 340.0),
            ]);
            pen.body(&fruit, hex(0xE9C96B));
            pen.fill(&Path::ellipse((480.0, 505.0), 128.0, 158.0), hex(0xFBF1CF));
            pen.shade(&Path::ellipse((480.0, 510.0), 98.0, 126.0), hex(0x5E3820));
            for lace in [
                [(400.0, 440.0), (440.0, 500.0), (410.0, 590.0)],
                [(480.0, 388.0), (470.0, 500.0), (490.0, 632.0)],
                [(556.0, 430.0), (530.0, 510.0), (556.0, 590.0)],
                [(400.0, 540.0), (480.0, 560.0), (560.0, 520.0)],
                [(430.0, 440.0), (500.0, 450.0), (548.0, 470.0)],
            ] {
                pen.fill(&Path::ribbon(&lace, (24.0, 15.0)), hex(0xC8322B));
            }
            pen.tint(&Path::ellipse((440.0, 440.0), 20.0, 34.0).turned(25.0, (440.0, 440.0)), WHITE, 0.3);
            for (x, y) in [(250.0, 690.0), (320.0, 722.0), (680.0, 712.0)] {
                pen.ball((x, y), 50.0, hex(0x8A5A36));
            }
        }
        _ => {
            for (x, y, turn) in [
                (300.0, 560.0, -38.0),
                (420.0, 470.0, -12.0),
                (545.0, 470.0, 14.0),
                (665.0, 560.0, 38.0),
                (480.0, 610.0, 4.0),
            ] {
                clove(pen, (x, y), turn);
            }
            for _ in 0..16 {
                let at = (pen.chance.between(270.0, 690.0), pen.chance.between(680.0, 730.0));
                let tone = [hex(0x2E2622), hex(0x4A3A2E), hex(0x8C3A26)][pen.chance.below(3)];
                pen.ball(at, 18.0, tone);
            }
        }
    }
}

fn star_anise(pen: &mut Pen, center: Point, radius: f32) {
    for arm in 0..8 {
        let turn = arm as f32 * 45.0 + 10.0;
        let pod = Path::leaf(center, (center.0 + radius, center.1), radius * 0.44).turned(turn, center);
        pen.shade(&pod, hex(0x7A4526));
        let seed = (center.0 + radius * 0.55, center.1);
        pen.fill(&Path::ellipse(seed, radius * 0.15, radius * 0.09).turned(turn, center), hex(0xD9A05A));
    }
    pen.fill(&Path::circle(center, radius * 0.13), hex(0x4E2A16));
}

fn clove(pen: &mut Pen, center: Point, turn: f32) {
    let (x, y) = center;
    let place = |path: Path| path.turned(turn, center);
    let wood = hex(0x6E3B22);
    pen.body(&place(Path::ribbon(&[(x, y - 70.0), (x, y + 40.0), (x + 4.0, y + 140.0)], (58.0, 24.0))), wood);
    for lean in [-58.0, -20.0, 20.0, 58.0] {
        let sepal = Path::leaf((x, y - 60.0), (x + lean * 1.15, y - 142.0), 38.0);
        pen.shade(&place(sepal), lighter(wood, 0.08));
    }
    pen.ball((place(Path::polygon(&[(x, y - 112.0)])).contours[0])[0], 44.0, hex(0x9A5A30));
}
