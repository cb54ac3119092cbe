//! Things to eat that come from the kitchen or in a vessel.

use super::pen::{DEEP_LEAF, LEAF, Pen, WHITE, darker, lighter};
use crate::canvas::{Paint, hex};
use crate::path::Path;

pub(super) fn rice(pen: &mut Pen) {
    let glaze = [hex(0x2F5D7C), hex(0x8C3B2E), hex(0x3D6B4F)][pen.chance.below(3)];
    let grain = [hex(0xFFFDF6), hex(0xFFFDF6), hex(0x7A3042)][pen.chance.below(3)];
    pen.shadow((480.0, 725.0), 560.0);
    for side in [1.0, -1.0] {
        let bend = [(120.0, 470.0), (182.0, 350.0), (222.0, 262.0), (268.0, 236.0), (300.0, 290.0)];
        let bend = bend.map(|(x, y)| (480.0 + side * x, y));
        pen.line(&bend, 7.0, hex(0xB8963A));
        for ear in 0..13 {
            let along = 1.0 + ear as f32 * 0.24;
            let (from, to) = (bend[along as usize], bend[(along as usize + 1).min(4)]);
            let at = (from.0 + (to.0 - from.0) * along.fract(), from.1 + (to.1 - from.1) * along.fract());
            let lean = if ear % 2 == 0 { 34.0 } else { -34.0 };
            let angle = (to.1 - from.1).atan2(to.0 - from.0).to_degrees() + lean;
            let husk = Path::leaf(at, (at.0 + 46.0, at.1), 24.0).turned(angle, at);
            pen.shade(&husk, hex(0xE3B94A));
        }
    }
    let heap = Path::smooth(&[
        (275.0, 500.0),
        (330.0, 395.0),
        (420.0, 330.0),
        (480.0, 315.0),
        (545.0, 332.0),
        (635.0, 400.0),
        (685.0, 500.0),
        (480.0, 560.0),
    ]);
    pen.shade(&heap, grain);
    for _ in 0..90 {
        let at = (pen.chance.between(300.0, 660.0), pen.chance.between(330.0, 490.0));
        let turn = pen.chance.between(0.0, 180.0);
        let one = Path::ellipse(at, 13.0, 5.0).turned(turn, at);
        let shade = pen.chance.between(0.04, 0.2);
        pen.within(&heap, &one, darker(grain, shade), 0.85);
    }
    pen.bowl(480.0, 490.0, 235.0, 205.0, glaze);
}

pub(super) fn food(pen: &mut Pen) {
    pen.shadow((480.0, 735.0), 660.0);
    pen.shade(&Path::ellipse((480.0, 668.0), 305.0, 78.0), hex(0xA9743F));
    pen.fill(&Path::ellipse((480.0, 655.0), 300.0, 70.0), hex(0xC98F52));
    for turn in 0..12 {
        let angle = turn as f32 * 30.0_f32.to_radians();
        let tip = (480.0 + 285.0 * angle.cos(), 655.0 + 66.0 * angle.sin());
        pen.leaf((480.0, 655.0), tip, 90.0, if turn % 2 == 0 { LEAF } else { DEEP_LEAF });
    }
    let rice = [hex(0xF2BE3A), hex(0xFBF3DF)][pen.chance.below(2)];
    let cone = Path::smooth(&[
        (480.0, 230.0),
        (512.0, 270.0),
        (570.0, 430.0),
        (632.0, 610.0),
        (590.0, 655.0),
        (480.0, 668.0),
        (370.0, 655.0),
        (328.0, 610.0),
        (390.0, 430.0),
        (448.0, 270.0),
    ]);
    pen.body(&cone, rice);
    for _ in 0..70 {
        let at = (pen.chance.between(340.0, 620.0), pen.chance.between(260.0, 650.0));
        let turn = pen.chance.between(0.0, 180.0);
        pen.within(&cone, &Path::ellipse(at, 10.0, 4.0).turned(turn, at), lighter(rice, 0.45), 0.6);
    }
    let cap = Path::smooth(&[
        (480.0, 205.0),
        (520.0, 262.0),
        (552.0, 352.0),
        (516.0, 330.0),
        (480.0, 362.0),
        (444.0, 330.0),
        (408.0, 352.0),
        (440.0, 262.0),
    ]);
    pen.shade(&cap, LEAF);
    pen.ball((480.0, 208.0), 20.0, hex(0xC9302C));
    for (x, y) in [(275.0, 640.0), (330.0, 690.0), (632.0, 690.0)] {
        pen.fill(&Path::ellipse((x, y), 44.0, 36.0), WHITE);
        pen.ball((x, y), 22.0, hex(0xF29F1F));
    }
    for (x, y, color) in [
        (690.0, 645.0, 0xC9302C),
        (655.0, 620.0, 0xD94F2B),
        (405.0, 705.0, 0x8C4A2F),
        (480.0, 714.0, 0x9C5530),
        (552.0, 706.0, 0x8C4A2F),
    ] {
        pen.ball((x, y), 34.0, hex(color));
    }
    let chilli = [(268.0, 590.0), (300.0, 600.0), (340.0, 592.0), (366.0, 570.0)];
    pen.fill(&Path::ribbon(&chilli, (22.0, 5.0)), hex(0xC9302C));
}

pub(super) fn salt(pen: &mut Pen) {
    pen.shadow((480.0, 730.0), 620.0);
    let heap = Path::smooth(&[
        (255.0, 520.0),
        (330.0, 430.0),
        (420.0, 340.0),
        (480.0, 285.0),
        (545.0, 345.0),
        (635.0, 435.0),
        (705.0, 520.0),
        (480.0, 570.0),
    ]);
    pen.canvas.fill(&heap, Paint::Sweep(hex(0xFFFFFF), hex(0xC9D6DE)));
    for _ in 0..80 {
        let at = (pen.chance.between(280.0, 680.0), pen.chance.between(310.0, 510.0));
        let (turn, size) = (pen.chance.between(0.0, 90.0), pen.chance.between(5.0, 11.0));
        let crystal = Path::rectangle(at.0 - size, at.1 - size, size * 2.0, size * 2.0).turned(turn, at);
        let tone = [hex(0xFFFFFF), hex(0xAFC3D0), hex(0xE2B8B4)][pen.chance.below(3)];
        pen.within(&heap, &crystal, tone, 0.75);
    }
    let wood = [hex(0xA9743F), hex(0x7D5230), hex(0x4D6A78)][pen.chance.below(3)];
    pen.line(&[(560.0, 450.0), (660.0, 330.0), (740.0, 235.0)], 30.0, hex(0x8A5A33));
    pen.shade(&Path::ellipse((540.0, 472.0), 76.0, 46.0).turned(-48.0, (540.0, 472.0)), hex(0x9C6A3E));
    pen.fill(&Path::ellipse((536.0, 462.0), 58.0, 32.0).turned(-48.0, (536.0, 462.0)), hex(0xF5F9FA));
    pen.bowl(480.0, 510.0, 260.0, 185.0, wood);
    for (x, y, size) in [
        (300.0, 735.0, 16.0),
        (330.0, 748.0, 11.0),
        (652.0, 738.0, 17.0),
        (628.0, 750.0, 11.0),
        (684.0, 748.0, 10.0),
    ] {
        pen.shade(
            &Path::rounded(x - size, y - size, size * 2.0, size * 2.0, 4.0).turned(25.0, (x, y)),
            hex(0xF6FAFB),
        );
    }
}
