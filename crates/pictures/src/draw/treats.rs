//! Honey, palm sugar, nuts and snacks.

use super::pen::{DEEP_LEAF, LEAF, Pen, WHITE, darker, lighter};
use crate::canvas::{Paint, Rgb, hex};
use crate::path::{Path, Point};

pub(super) fn snack(pen: &mut Pen) {
    let bag = [hex(0xE2A03F), hex(0xC7503B), hex(0x3F8F8A), hex(0x7A9A3C)][pen.chance.below(4)];
    pen.shadow((480.0, 748.0), 480.0);
    for (x, y, turn, size) in [
        (385.0, 295.0, -30.0, 82.0),
        (470.0, 250.0, 12.0, 92.0),
        (570.0, 290.0, 34.0, 84.0),
        (430.0, 345.0, 8.0, 78.0),
        (530.0, 345.0, -14.0, 80.0),
    ] {
        let chip = Path::scallop((x, y), size, 11.0, 0.1).turned(turn, (x, y));
        pen.shade(&chip, hex(0xF0C268));
        for spot in 0..5 {
            let angle = (spot * 72) as f32 + turn;
            let at = (x + size * 0.5 * angle.to_radians().cos(), y + size * 0.5 * angle.to_radians().sin());
            pen.tint(&Path::ellipse(at, size * 0.12, size * 0.08), hex(0xC4842F), 0.6);
        }
    }
    let mut outline = vec![(300.0, 370.0)];
    outline
        .extend((1..=17).map(|step| (300.0 + step as f32 * 20.0, if step % 2 == 0 { 370.0 } else { 388.0 })));
    outline.extend([(660.0, 370.0), (640.0, 560.0), (662.0, 742.0), (298.0, 742.0), (320.0, 560.0)]);
    let pouch = Path::polygon(&outline);
    pen.body(&pouch, bag);
    pen.within(&pouch, &Path::rectangle(280.0, 396.0, 400.0, 12.0), darker(bag, 0.3), 0.6);
    pen.within(&pouch, &Path::rectangle(280.0, 706.0, 400.0, 12.0), darker(bag, 0.3), 0.6);
    pen.fill(&Path::scallop((480.0, 560.0), 128.0, 14.0, 0.08), pen.scheme.panel);
    pen.fill(&Path::ring((480.0, 560.0), 106.0, 99.0), pen.scheme.ground);
    for turn in 0..6 {
        let leaf =
            Path::leaf((480.0, 545.0), (480.0, 478.0), 40.0).turned(turn as f32 * 60.0, (480.0, 560.0));
        pen.shade(&leaf, pen.scheme.accent);
    }
    pen.ball((480.0, 560.0), 24.0, bag);
    pen.shine(&[(336.0, 440.0), (346.0, 560.0), (332.0, 690.0)], 16.0);
    for (x, y) in [(262.0, 722.0), (700.0, 726.0)] {
        pen.shade(&Path::scallop((x, y), 46.0, 9.0, 0.1), hex(0xEAB85A));
    }
}

pub(super) fn honey(pen: &mut Pen) {
    let amber = [hex(0xE08A1A), hex(0xC46A12), hex(0xF0A92B)][pen.chance.below(3)];
    pen.shadow((470.0, 748.0), 600.0);
    for (column, row) in [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (2, 1), (1, 2)] {
        let center = (640.0 + column as f32 * 66.0 - (row % 2) as f32 * 33.0, 720.0 - row as f32 * 57.0);
        pen.fill(&hexagon(center, 39.0), darker(amber, 0.25));
        pen.shade(&hexagon(center, 30.0), lighter(amber, 0.25));
    }
    let jar = Path::smooth(&[
        (300.0, 370.0),
        (310.0, 335.0),
        (440.0, 325.0),
        (570.0, 335.0),
        (580.0, 370.0),
        (620.0, 450.0),
        (622.0, 660.0),
        (590.0, 735.0),
        (440.0, 748.0),
        (290.0, 735.0),
        (258.0, 660.0),
        (260.0, 450.0),
    ]);
    pen.body(&jar, lighter(amber, 0.5));
    let level = Path::rectangle(240.0, 430.0, 400.0, 330.0);
    pen.canvas.fill_within(&jar, &level, Paint::Fall(lighter(amber, 0.1), darker(amber, 0.2)));
    pen.within(&jar, &Path::ellipse((440.0, 432.0), 190.0, 20.0), lighter(amber, 0.4), 1.0);
    pen.fill(&Path::rounded(318.0, 505.0, 244.0, 160.0, 18.0), pen.scheme.panel);
    for (x, y) in
        [(0.0, 0.0), (54.0, 0.0), (-54.0, 0.0), (27.0, 47.0), (-27.0, 47.0), (27.0, -47.0), (-27.0, -47.0)]
    {
        pen.shade(&hexagon((440.0 + x, 585.0 + y), 27.0), amber);
    }
    pen.shine(&[(292.0, 460.0), (284.0, 570.0), (300.0, 690.0)], 16.0);
    let lid = pen.scheme.ground;
    pen.body(&Path::rounded(288.0, 268.0, 304.0, 84.0, 22.0), lid);
    for dot in 0..7 {
        pen.fill(&Path::star((316.0 + dot as f32 * 41.0, 310.0), 4, 18.0, 9.0), pen.scheme.accent);
    }
    pen.line(&[(600.0, 480.0), (680.0, 330.0), (740.0, 215.0)], 18.0, hex(0xA36A35));
    for ring in 0..5 {
        let t = ring as f32 * 24.0;
        let center = (612.0 - t * 0.45, 458.0 + t * 0.85);
        let bulge = 46.0 - (ring as f32 - 2.0).abs() * 8.0;
        pen.shade(&Path::ellipse(center, bulge, 13.0).turned(28.0, center), hex(0xB97C42));
    }
    pen.fill(
        &Path::ribbon(&[(560.0, 560.0), (556.0, 620.0), (558.0, 690.0)], (20.0, 9.0)),
        lighter(amber, 0.15),
    );
}

fn hexagon(center: Point, radius: f32) -> Path {
    let corner = |turn: usize| {
        let angle = (turn as f32 * 60.0 + 30.0).to_radians();
        (center.0 + radius * angle.cos(), center.1 + radius * angle.sin())
    };
    Path::polygon(&[0, 1, 2, 3, 4, 5].map(corner))
}

pub(super) fn sweetener(pen: &mut Pen) {
    let sugar = [hex(0x9A5A2B), hex(0x7C4320), hex(0xB87333)][pen.chance.below(3)];
    pen.shadow((480.0, 730.0), 620.0);
    pen.leaf((480.0, 700.0), (170.0, 470.0), 110.0, DEEP_LEAF);
    pen.leaf((480.0, 700.0), (790.0, 480.0), 110.0, LEAF);
    pen.leaf((480.0, 690.0), (300.0, 300.0), 100.0, LEAF);
    pen.leaf((480.0, 690.0), (670.0, 310.0), 100.0, DEEP_LEAF);
    for (x, foot, half) in [(345.0, 715.0, 150.0), (625.0, 715.0, 150.0), (485.0, 560.0, 150.0)] {
        let dome = Path::smooth(&[
            (x - half, foot - 20.0),
            (x - half * 0.88, foot - half * 0.62),
            (x - half * 0.45, foot - half * 1.0),
            (x, foot - half * 1.08),
            (x + half * 0.45, foot - half * 1.0),
            (x + half * 0.88, foot - half * 0.62),
            (x + half, foot - 20.0),
            (x + half * 0.6, foot + 14.0),
            (x, foot + 22.0),
            (x - half * 0.6, foot + 14.0),
        ]);
        pen.body(&dome, sugar);
        for ring in 1..4 {
            let y = foot - half * 0.27 * ring as f32;
            let reach = half * (1.0 - (ring as f32 * 0.26).powi(2)).sqrt();
            let groove = [
                (x - reach, y - 6.0),
                (x - reach * 0.5, y + 10.0),
                (x, y + 15.0),
                (x + reach * 0.5, y + 10.0),
                (x + reach, y - 6.0),
            ];
            pen.within(&dome, &Path::ribbon(&groove, (5.0, 5.0)), darker(sugar, 0.4), 0.55);
        }
        pen.tint(
            &Path::ellipse((x - half * 0.35, foot - half * 0.72), half * 0.22, half * 0.1)
                .turned(-25.0, (x - half * 0.35, foot - half * 0.72)),
            lighter(sugar, 0.6),
            0.6,
        );
    }
    let tie: Rgb = pen.scheme.accent;
    pen.line(&[(335.0, 556.0), (485.0, 580.0), (635.0, 556.0)], 16.0, tie);
    pen.leaf((485.0, 575.0), (420.0, 640.0), 36.0, LEAF);
    pen.leaf((485.0, 575.0), (550.0, 640.0), 36.0, LEAF);
}

pub(super) fn nuts(pen: &mut Pen) {
    pen.shadow((480.0, 720.0), 600.0);
    if pen.chance.below(2) == 0 {
        pen.leaf((470.0, 420.0), (250.0, 230.0), 130.0, LEAF);
        pen.leaf((500.0, 420.0), (720.0, 250.0), 130.0, DEEP_LEAF);
        for (x, y, turn, size) in
            [(340.0, 600.0, -24.0, 1.0), (625.0, 610.0, 158.0, 1.0), (485.0, 480.0, 66.0, 1.18)]
        {
            let at = |dx: f32, dy: f32| (x + dx * size, y + dy * size);
            let place = |path: Path| path.turned(turn, (x, y));
            let kidney = Path::smooth(&[
                at(-142.0, 30.0),
                at(-128.0, -62.0),
                at(-50.0, -118.0),
                at(50.0, -106.0),
                at(124.0, -40.0),
                at(146.0, 48.0),
                at(112.0, 104.0),
                at(58.0, 92.0),
                at(34.0, 34.0),
                at(-18.0, 10.0),
                at(-66.0, 52.0),
                at(-112.0, 74.0),
            ]);
            pen.shade(&place(kidney), hex(0xE8C58A));
            let light = [at(-104.0, -34.0), at(-46.0, -84.0), at(30.0, -78.0)];
            pen.tint(&place(Path::ribbon(&light, (24.0, 12.0))), WHITE, 0.5);
            let seam = [at(-112.0, 34.0), at(-40.0, -28.0), at(48.0, -16.0), at(92.0, 56.0)];
            pen.tint(&place(Path::ribbon(&seam, (6.0, 4.0))), hex(0xA9783C), 0.6);
        }
    } else {
        for (x, y, turn) in [(330.0, 590.0, -32.0), (640.0, 595.0, 28.0), (485.0, 430.0, 78.0)] {
            let place = |path: Path| path.turned(turn, (x, y));
            let shell = place(Path::smooth(&[
                (x - 165.0, y),
                (x - 120.0, y - 68.0),
                (x - 40.0, y - 62.0),
                (x + 5.0, y - 46.0),
                (x + 60.0, y - 66.0),
                (x + 135.0, y - 66.0),
                (x + 172.0, y),
                (x + 135.0, y + 66.0),
                (x + 60.0, y + 66.0),
                (x + 5.0, y + 46.0),
                (x - 40.0, y + 62.0),
                (x - 120.0, y + 68.0),
            ]));
            pen.shade(&shell, hex(0xD9A45E));
            for row in -2..=2 {
                let dy = row as f32 * 24.0;
                let rib = [
                    (x - 160.0, y + dy * 0.6),
                    (x - 80.0, y + dy * 1.1),
                    (x + 5.0, y + dy * 0.75),
                    (x + 95.0, y + dy * 1.1),
                    (x + 168.0, y + dy * 0.6),
                ];
                pen.within(&shell, &place(Path::ribbon(&rib, (5.0, 5.0))), hex(0x9A6A30), 0.6);
            }
            for column in -3..=3 {
                let dx = column as f32 * 46.0;
                pen.within(
                    &shell,
                    &place(Path::ribbon(
                        &[(x + dx, y - 70.0), (x + dx + 8.0, y), (x + dx, y + 70.0)],
                        (4.0, 4.0),
                    )),
                    hex(0x9A6A30),
                    0.45,
                );
            }
        }
        pen.ball((500.0, 660.0), 46.0, hex(0xB5533A));
        pen.ball((430.0, 690.0), 40.0, hex(0xC4654A));
    }
}
