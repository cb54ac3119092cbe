//! What hands make: pots, jewels, carvings and chairs.

use super::pen::{Pen, WHITE, darker, lighter};
use super::textiles::cloth;
use crate::canvas::{Paint, hex, mix};
use crate::path::{Path, Point};

pub(super) fn ceramics(pen: &mut Pen) {
    let clay =
        [hex(0xB4623A), hex(0x3E7C86), hex(0x2F4F7F), hex(0xD9C7A3), hex(0x5E7F54)][pen.chance.below(5)];
    let tall = pen.chance.below(2) == 0;
    let half: Vec<Point> = if tall {
        vec![
            (78.0, 215.0),
            (62.0, 262.0),
            (56.0, 320.0),
            (118.0, 400.0),
            (168.0, 500.0),
            (150.0, 620.0),
            (100.0, 715.0),
            (88.0, 748.0),
        ]
    } else {
        vec![
            (128.0, 300.0),
            (104.0, 345.0),
            (160.0, 400.0),
            (226.0, 490.0),
            (222.0, 590.0),
            (160.0, 690.0),
            (112.0, 728.0),
            (108.0, 748.0),
        ]
    };
    pen.shadow((480.0, 748.0), 420.0);
    let outline = vase(&half);
    if tall {
        pen.leaf((480.0, 240.0), (400.0, 150.0), 34.0, hex(0x7A9A4C));
        pen.leaf((480.0, 240.0), (560.0, 145.0), 34.0, hex(0x7A9A4C));
    }
    pen.body(&outline, clay);
    let light = mix(clay, WHITE, 0.72);
    let belly = if tall { 500.0 } else { 520.0 };
    for (offset, height) in [(-84.0, 9.0), (-66.0, 4.0), (62.0, 4.0), (76.0, 9.0)] {
        pen.within(&outline, &Path::rectangle(230.0, belly + offset, 500.0, height), light, 0.9);
    }
    for index in -5..=5 {
        let x = 480.0 + index as f32 * 74.0;
        let lozenge = Path::star((x, belly), 4, 52.0, 26.0).and(Path::star((x + 37.0, belly), 4, 14.0, 7.0));
        pen.within(&outline, &lozenge, pen.scheme.accent, 0.95);
        pen.within(&outline, &Path::circle((x, belly), 12.0), darker(clay, 0.3), 1.0);
    }
    let (lip, top) = half[0];
    for tooth in -4..=4 {
        let petal = Path::leaf(
            (480.0 + tooth as f32 * 36.0, belly + 185.0),
            (480.0 + tooth as f32 * 44.0, belly + 96.0),
            34.0,
        );
        pen.within(&outline, &petal, light, 0.55);
    }
    pen.fill(&Path::ellipse((480.0, top), lip + 6.0, 20.0), lighter(clay, 0.2));
    pen.fill(&Path::ellipse((480.0, top + 2.0), lip - 10.0, 12.0), darker(clay, 0.6));
    let shine: Vec<Point> = half[3..7].iter().map(|&(x, y)| (480.0 - x * 0.74, y)).collect();
    pen.shine(&shine, 20.0);
}

/// A round vessel from half of its outline.
fn vase(half: &[Point]) -> Path {
    let right = half.iter().map(|&(x, y)| (480.0 + x, y));
    let left = half.iter().rev().map(|&(x, y)| (480.0 - x, y));
    Path::smooth(&right.chain(left).collect::<Vec<_>>())
}

pub(super) fn jewellery(pen: &mut Pen) {
    let gold = hex(0xD9A93A);
    if pen.chance.below(2) == 0 {
        pen.shadow((480.0, 735.0), 560.0);
        let shell = [hex(0xE7C3B5), hex(0xBFD3D6), hex(0xD8C5DD)][pen.chance.below(3)];
        let fan = Path::scallop((480.0, 430.0), 262.0, 22.0, 0.06);
        let upper = Path::rectangle(180.0, 130.0, 600.0, 440.0);
        pen.canvas.fill_within(&upper, &fan, Paint::Fall(shell, lighter(shell, 0.4)));
        for ray in -5..=5 {
            let rib = Path::ribbon(&[(480.0, 600.0), (480.0 + ray as f32 * 46.0, 230.0)], (5.0, 12.0));
            pen.within(&fan, &rib, darker(shell, 0.25), 0.45);
        }
        let dish = Path::smooth(&[
            (205.0, 590.0),
            (330.0, 560.0),
            (480.0, 552.0),
            (630.0, 560.0),
            (755.0, 590.0),
            (680.0, 690.0),
            (480.0, 738.0),
            (280.0, 690.0),
        ]);
        pen.shade(&dish, darker(shell, 0.12));
        pen.shade(&Path::ellipse((480.0, 605.0), 235.0, 46.0), lighter(shell, 0.6));
        let pearl = [hex(0xF3EBDD), hex(0xE9C878), hex(0x8C8A98)][pen.chance.below(3)];
        pen.ball((480.0, 545.0), 92.0, pearl);
        pen.tint(
            &Path::ellipse((510.0, 590.0), 44.0, 20.0).turned(-25.0, (510.0, 590.0)),
            hex(0xF5C6D6),
            0.4,
        );
    } else {
        let stone = [hex(0x1E8A6B), hex(0xB3243C), hex(0x2D5DA8), hex(0x6B3FA0)][pen.chance.below(4)];
        pen.shadow((480.0, 745.0), 380.0);
        pen.canvas.fill(
            &Path::ring((480.0, 555.0), 190.0, 156.0),
            Paint::Sweep(lighter(gold, 0.45), darker(gold, 0.3)),
        );
        pen.canvas.fill(&Path::ring((480.0, 555.0), 182.0, 176.0), Paint::Tint(WHITE, 0.45));
        pen.body(&Path::scallop((480.0, 330.0), 122.0, 16.0, 0.1), gold);
        let cut = |reach: f32| {
            let corner = |turn: usize| {
                let angle = (turn as f32 * 45.0 + 22.5).to_radians();
                (480.0 + reach * angle.cos(), 330.0 + reach * angle.sin())
            };
            [0, 1, 2, 3, 4, 5, 6, 7].map(corner)
        };
        let (outer, inner) = (cut(94.0), cut(52.0));
        for side in 0..8 {
            let next = (side + 1) % 8;
            let facet = Path::polygon(&[outer[side], outer[next], inner[next], inner[side]]);
            let tone = [0.1, 0.28, 0.4, 0.3, 0.12, 0.0, 0.0, 0.05][side];
            let color = if side >= 4 { lighter(stone, 0.45 - tone) } else { darker(stone, tone) };
            pen.fill(&facet, color);
        }
        pen.shade(&Path::polygon(&inner), lighter(stone, 0.22));
        pen.tint(&Path::polygon(&[inner[4], inner[5], (470.0, 330.0)]), WHITE, 0.5);
        for (x, y, size) in [(610.0, 235.0, 34.0), (345.0, 260.0, 24.0), (655.0, 320.0, 18.0)] {
            pen.fill(&Path::star((x, y), 4, size, size * 0.22), pen.scheme.accent);
        }
    }
}

/// A carved shield with hooks in lime and ochre, and tassels of palm fibre.
pub(super) fn carving(pen: &mut Pen) {
    let wood = [hex(0x9A5B2E), hex(0x7A4326), hex(0xB5793F)][pen.chance.below(3)];
    let (lime, ochre) = (hex(0xF7EEDB), hex(0xB2402A));
    pen.shadow((480.0, 770.0), 320.0);
    for side in [false, true] {
        for strand in 0..9 {
            let reach = strand as f32 * 7.0;
            for top in [330.0, 560.0] {
                let fibre = Path::ribbon(
                    &[(350.0, top), (322.0 - reach, top + 44.0), (318.0 - reach * 0.6, top + 116.0)],
                    (7.0, 3.0),
                );
                let fibre = if side { fibre.mirrored(480.0) } else { fibre };
                pen.fill(&fibre, if strand % 2 == 0 { hex(0xD9B36A) } else { hex(0xB98E45) });
            }
        }
    }
    let shield = Path::smooth(&[
        (480.0, 160.0),
        (548.0, 200.0),
        (606.0, 310.0),
        (622.0, 470.0),
        (604.0, 620.0),
        (550.0, 730.0),
        (480.0, 776.0),
        (410.0, 730.0),
        (356.0, 620.0),
        (338.0, 470.0),
        (354.0, 310.0),
        (412.0, 200.0),
    ]);
    pen.fill(&shield, darker(wood, 0.5));
    let field = Path::smooth(&[
        (480.0, 178.0),
        (538.0, 212.0),
        (590.0, 316.0),
        (606.0, 470.0),
        (589.0, 614.0),
        (540.0, 716.0),
        (480.0, 757.0),
        (420.0, 716.0),
        (371.0, 614.0),
        (354.0, 470.0),
        (370.0, 316.0),
        (422.0, 212.0),
    ]);
    pen.body(&field, wood);
    for side in [false, true] {
        for (y, flip) in [(340.0, 1.0), (480.0, -1.0), (620.0, 1.0)] {
            let hook = [
                (462.0, -52.0),
                (412.0, -46.0),
                (392.0, 0.0),
                (416.0, 42.0),
                (450.0, 26.0),
                (446.0, -8.0),
                (426.0, -6.0),
            ];
            let hook = hook.map(|(x, dy)| (x, y + flip * dy));
            let place = |path: Path| if side { path.mirrored(480.0) } else { path };
            pen.within(&field, &place(Path::ribbon(&hook, (33.0, 20.0))), darker(wood, 0.6), 0.9);
            pen.within(&field, &place(Path::ribbon(&hook, (25.0, 13.0))), lime, 1.0);
            pen.within(&field, &place(Path::ribbon(&hook, (9.0, 4.0))), ochre, 1.0);
        }
    }
    for y in [410.0, 550.0, 690.0] {
        pen.within(&field, &Path::star((480.0, y), 4, 36.0, 20.0), darker(wood, 0.6), 0.9);
        pen.within(&field, &Path::star((480.0, y), 4, 27.0, 14.0), ochre, 1.0);
        pen.within(&field, &Path::circle((480.0, y), 6.0), lime, 1.0);
    }
    let bird = Path::smooth(&[
        (480.0, 206.0),
        (508.0, 226.0),
        (516.0, 258.0),
        (496.0, 280.0),
        (480.0, 288.0),
        (464.0, 280.0),
        (444.0, 258.0),
        (452.0, 226.0),
    ]);
    pen.fill(&bird, lime);
    pen.fill(&Path::ring((464.0, 248.0), 11.0, 5.0).and(Path::ring((496.0, 248.0), 11.0, 5.0)), ochre);
    pen.fill(&Path::leaf((480.0, 254.0), (480.0, 300.0), 20.0), darker(wood, 0.55));
    pen.shine(&[(384.0, 350.0), (374.0, 470.0), (386.0, 590.0)], 10.0);
}

pub(super) fn furniture(pen: &mut Pen) {
    let wood = [hex(0x8A4F28), hex(0x6E3C20), hex(0xA9693A)][pen.chance.below(3)];
    let (pattern, dye) = cloth(pen);
    pen.shadow((480.0, 755.0), 480.0);
    for x in [340.0, 590.0] {
        pen.body(&Path::rounded(x, 560.0, 30.0, 160.0, 8.0), darker(wood, 0.35));
    }
    for x in [318.0, 612.0] {
        pen.body(&Path::rounded(x, 250.0, 32.0, 340.0, 14.0), wood);
        pen.ball((x + 16.0, 245.0), 24.0, wood);
    }
    let crest = Path::smooth(&[
        (318.0, 300.0),
        (350.0, 236.0),
        (420.0, 232.0),
        (480.0, 186.0),
        (540.0, 232.0),
        (610.0, 236.0),
        (642.0, 300.0),
        (560.0, 300.0),
        (480.0, 282.0),
        (400.0, 300.0),
    ]);
    pen.shade(&crest, wood);
    for petal in [-60.0, -30.0, 0.0, 30.0, 60.0] {
        let leaf = Path::leaf((480.0, 288.0), (480.0, 222.0), 26.0).turned(petal, (480.0, 288.0));
        pen.within(&crest, &leaf, pen.scheme.accent, 0.95);
    }
    let back = Path::rounded(376.0, 318.0, 208.0, 190.0, 60.0);
    pen.shade(&Path::rounded(362.0, 304.0, 236.0, 218.0, 70.0), darker(wood, 0.12));
    pen.canvas.fill(&back, Paint::Cloth(&pattern));
    pen.within(&back, &Path::ellipse((430.0, 360.0), 90.0, 60.0), WHITE, 0.14);
    for spindle in [338.0, 604.0] {
        pen.line(&[(spindle, 400.0), (spindle + 8.0, 470.0), (spindle, 540.0)], 12.0, darker(wood, 0.2));
    }
    pen.canvas.fill(&Path::rounded(296.0, 520.0, 368.0, 66.0, 30.0), Paint::Cloth(&pattern));
    let cushion = Path::rounded(296.0, 520.0, 368.0, 66.0, 30.0);
    pen.within(&cushion, &Path::rectangle(290.0, 560.0, 380.0, 30.0), darker(dye, 0.6), 0.45);
    pen.body(&Path::rounded(288.0, 574.0, 384.0, 44.0, 14.0), wood);
    for bead in 0..12 {
        pen.fill(&Path::circle((312.0 + bead as f32 * 30.6, 596.0), 7.0), pen.scheme.accent);
    }
    for side in [false, true] {
        let leg = Path::smooth(&[
            (300.0, 612.0),
            (346.0, 612.0),
            (342.0, 680.0),
            (326.0, 730.0),
            (330.0, 756.0),
            (292.0, 756.0),
            (304.0, 700.0),
        ]);
        let leg = if side { leg.mirrored(480.0) } else { leg };
        pen.body(&leg, wood);
    }
}
