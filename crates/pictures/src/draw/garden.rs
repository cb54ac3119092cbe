//! What grows: fruit, vegetables, tobacco and herbs.

use super::drinks::citrus;
use super::pen::{DEEP_LEAF, LEAF, Pen, WHITE, darker, lighter};
use crate::canvas::{Paint, Rgb, hex};
use crate::path::Path;

pub(super) fn fruit(pen: &mut Pen) {
    pen.shadow((480.0, 725.0), 600.0);
    match pen.chance.below(3) {
        0 => {
            pen.leaf((430.0, 330.0), (260.0, 230.0), 105.0, LEAF);
            pen.leaf((430.0, 330.0), (560.0, 190.0), 95.0, DEEP_LEAF);
            pen.line(&[(430.0, 360.0), (434.0, 320.0), (452.0, 280.0)], 16.0, hex(0x6E4A2A));
            pen.ball((415.0, 525.0), 192.0, hex(0xF08A24));
            for _ in 0..26 {
                let at = (pen.chance.between(290.0, 540.0), pen.chance.between(400.0, 660.0));
                pen.tint(&Path::circle(at, 4.0), darker(hex(0xF08A24), 0.35), 0.35);
            }
            citrus(pen, (635.0, 600.0), 128.0, hex(0xF08A24));
        }
        1 => {
            for (x, y, size) in [(345.0, 560.0, 150.0), (630.0, 575.0, 138.0)] {
                pen.ball((x, y), size, hex(0x5B1F46));
                for petal in 0..4 {
                    let turn = petal as f32 * 90.0 + 45.0;
                    let crown = (x, y - size * 0.78);
                    let leaf = Path::ellipse((crown.0 + size * 0.3, crown.1), size * 0.32, size * 0.2)
                        .turned(turn * 0.6 - 60.0, crown);
                    pen.shade(&leaf, LEAF);
                }
                pen.line(&[(x, y - size * 0.8), (x + 4.0, y - size * 1.15)], 18.0, hex(0x6E4A2A));
            }
            let center = (490.0, 615.0);
            pen.fill(&Path::circle(center, 122.0), hex(0x5B1F46));
            pen.fill(&Path::circle(center, 104.0), hex(0xB5455F));
            for wedge in 0..6 {
                let piece = Path::ellipse((center.0 + 42.0, center.1), 40.0, 30.0)
                    .turned(wedge as f32 * 60.0 + 30.0, center);
                pen.shade(&piece, hex(0xFFF8EE));
            }
        }
        _ => {
            for (turn, color) in [
                (-52.0, DEEP_LEAF),
                (52.0, DEEP_LEAF),
                (-30.0, LEAF),
                (30.0, LEAF),
                (-12.0, DEEP_LEAF),
                (12.0, DEEP_LEAF),
                (0.0, LEAF),
            ] {
                let blade = Path::leaf((480.0, 385.0), (480.0, 170.0), 66.0).turned(turn, (480.0, 400.0));
                pen.shade(&blade, color);
            }
            let body = Path::ellipse((480.0, 550.0), 152.0, 190.0);
            pen.body(&body, hex(0xE9A52C));
            for row in -5..=5_i32 {
                for slant in [-1.0, 1.0] {
                    let y = 550.0 + row as f32 * 62.0;
                    let scale = [(320.0, y - 95.0 * slant), (480.0, y + 12.0), (640.0, y + 95.0 * slant)];
                    pen.within(&body, &Path::ribbon(&scale, (7.0, 7.0)), hex(0xA8641A), 0.7);
                }
            }
            pen.within(&body, &Path::ellipse((425.0, 490.0), 46.0, 100.0), WHITE, 0.16);
        }
    }
}

pub(super) fn produce(pen: &mut Pen) {
    pen.shadow((480.0, 728.0), 620.0);
    if pen.chance.below(2) == 0 {
        let skin = [hex(0x9C2F5A), hex(0xC98F4A)][pen.chance.below(2)];
        for (x, y, size) in [(340.0, 580.0, 1.0), (630.0, 590.0, 1.0), (485.0, 555.0, 1.25)] {
            for (lean, color) in [(-46.0, LEAF), (40.0, DEEP_LEAF), (0.0, LEAF)] {
                let shoot =
                    [(x, y - 120.0 * size), (x + lean * 0.4, y - 200.0 * size), (x + lean, y - 290.0 * size)];
                pen.fill(&Path::ribbon(&shoot, (24.0 * size, 6.0)), color);
            }
            let at = |dx: f32, dy: f32| (x + dx * size, y + dy * size);
            let bulb = Path::smooth(&[
                at(0.0, -150.0),
                at(30.0, -100.0),
                at(98.0, -30.0),
                at(104.0, 50.0),
                at(50.0, 112.0),
                at(0.0, 124.0),
                at(-50.0, 112.0),
                at(-104.0, 50.0),
                at(-98.0, -30.0),
                at(-30.0, -100.0),
            ]);
            pen.body(&bulb, skin);
            for bend in [-70.0, -28.0, 28.0, 70.0] {
                let rib = Path::ribbon(&[at(0.0, -140.0), at(bend, 0.0), at(bend * 0.35, 116.0)], (4.0, 4.0));
                pen.within(&bulb, &rib, lighter(skin, 0.5), 0.6);
            }
            for root in [-16.0, 0.0, 16.0] {
                pen.line(
                    &[at(root * 0.5, 120.0), at(root, 134.0), at(root * 1.5, 146.0)],
                    4.0,
                    hex(0xE9D6B0),
                );
            }
        }
    } else {
        for (x, turn, color) in [
            (368.0, -17.0, 0xC9302C),
            (446.0, -5.0, 0xD9402B),
            (532.0, 8.0, 0x4F8A3C),
            (612.0, 20.0, 0xC9302C),
        ] {
            let place = |path: Path| path.turned(turn, (480.0, 660.0));
            let color: Rgb = hex(color);
            let spine = [(x, 360.0), (x + 10.0, 470.0), (x - 6.0, 590.0), (x - 44.0, 700.0)];
            pen.body(&place(Path::ribbon(&spine, (92.0, 10.0))), color);
            pen.tint(
                &place(Path::ribbon(&[(x - 20.0, 370.0), (x - 14.0, 470.0), (x - 24.0, 570.0)], (16.0, 6.0))),
                WHITE,
                0.45,
            );
            pen.shade(
                &place(Path::smooth(&[
                    (x - 50.0, 362.0),
                    (x - 30.0, 318.0),
                    (x, 305.0),
                    (x + 30.0, 318.0),
                    (x + 50.0, 362.0),
                    (x, 346.0),
                ])),
                LEAF,
            );
            pen.fill(
                &place(Path::ribbon(&[(x, 316.0), (x + 4.0, 270.0), (x + 26.0, 235.0)], (17.0, 13.0))),
                DEEP_LEAF,
            );
        }
    }
}

pub(super) fn tobacco(pen: &mut Pen) {
    let tones = if pen.chance.below(2) == 0 {
        [0x6F8F3A, 0x8AA344, 0x58792F]
    } else {
        [0xA9752F, 0x8C5A26, 0xC08D3E]
    };
    pen.shadow((480.0, 740.0), 520.0);
    for (tip, tone, width) in [
        ((225.0, 400.0), 2, 150.0),
        ((735.0, 400.0), 2, 150.0),
        ((320.0, 265.0), 0, 165.0),
        ((640.0, 265.0), 0, 165.0),
        ((480.0, 190.0), 1, 190.0),
    ] {
        pen.leaf((480.0, 690.0), tip, width, hex(tones[tone]));
    }
    for stalk in [-30.0, -12.0, 8.0, 28.0] {
        pen.line(
            &[(480.0 + stalk * 0.6, 640.0), (480.0 + stalk, 700.0), (480.0 + stalk * 1.5, 745.0)],
            17.0,
            darker(hex(tones[0]), 0.3),
        );
    }
    pen.body(&Path::rounded(430.0, 640.0, 100.0, 58.0, 20.0), pen.scheme.accent);
    for turn in 0..3 {
        let y = 653.0 + turn as f32 * 16.0;
        pen.line(&[(436.0, y), (480.0, y + 4.0), (524.0, y)], 4.0, darker(pen.scheme.accent, 0.35));
    }
}

pub(super) fn herbal(pen: &mut Pen) {
    let stone = [hex(0x6B6660), hex(0xA9743F), hex(0x8A4B35)][pen.chance.below(3)];
    pen.shadow((480.0, 735.0), 640.0);
    pen.leaf((330.0, 500.0), (225.0, 305.0), 115.0, LEAF);
    pen.leaf((400.0, 480.0), (330.0, 215.0), 120.0, DEEP_LEAF);
    pen.leaf((470.0, 490.0), (480.0, 235.0), 105.0, LEAF);
    let pestle = Path::ribbon(&[(520.0, 560.0), (600.0, 390.0), (668.0, 262.0)], (58.0, 78.0));
    pen.canvas.fill(&pestle, Paint::Sweep(lighter(stone, 0.3), stone));
    pen.bowl(480.0, 500.0, 220.0, 195.0, stone);
    let root = hex(0xD9A45E);
    for (from, to, thick) in [
        ((600.0, 725.0), (736.0, 702.0), 60.0),
        ((645.0, 715.0), (668.0, 645.0), 44.0),
        ((696.0, 710.0), (730.0, 655.0), 38.0),
    ] {
        pen.shade(
            &Path::ribbon(
                &[from, ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0 - 6.0), to],
                (thick, thick * 0.7),
            ),
            root,
        );
    }
    for x in [628.0, 662.0, 696.0] {
        pen.line(&[(x, 703.0), (x + 6.0, 720.0), (x, 738.0)], 4.0, darker(root, 0.35));
    }
    pen.fill(&Path::ellipse((600.0, 726.0), 21.0, 28.0), hex(0xF0B43C));
    for (x, y) in [(285.0, 722.0), (335.0, 742.0)] {
        for petal in 0..5 {
            let leaf = Path::ellipse((x, y - 17.0), 10.0, 17.0).turned(petal as f32 * 72.0, (x, y));
            pen.fill(&leaf, hex(0xFFFDF6));
        }
        pen.fill(&Path::circle((x, y), 8.0), hex(0xF0B43C));
    }
}
