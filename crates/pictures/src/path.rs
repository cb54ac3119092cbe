//! Outlines: closed contours of straight edges, with the curves already flattened.

use std::f32::consts::{PI, TAU};

/// A point, in pixels.
pub(crate) type Point = (f32, f32);

/// One or more closed contours. A contour inside another that runs the other way cuts a hole.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Path {
    pub(crate) contours: Vec<Vec<Point>>,
}

impl Path {
    pub(crate) fn polygon(points: &[Point]) -> Self {
        Self { contours: vec![points.to_vec()] }
    }

    /// A closed curve through all the points.
    pub(crate) fn smooth(points: &[Point]) -> Self {
        let count = points.len();
        let at = |index: usize| points[index % count];
        let mut contour = Vec::with_capacity(count * 10);
        for index in 0..count {
            let around = [at(index + count - 1), at(index), at(index + 1), at(index + 2)];
            contour.extend((0..10).map(|step| catmull_rom(around, step as f32 / 10.0)));
        }
        Self { contours: vec![contour] }
    }

    pub(crate) fn ellipse(center: Point, rx: f32, ry: f32) -> Self {
        let steps = (rx.max(ry).sqrt() * 5.0).clamp(12.0, 96.0) as usize;
        Self::around(center, steps, |angle| (rx * angle.cos(), ry * angle.sin()))
    }

    pub(crate) fn circle(center: Point, radius: f32) -> Self {
        Self::ellipse(center, radius, radius)
    }

    /// A ring: a circle with a hole.
    pub(crate) fn ring(center: Point, outer: f32, inner: f32) -> Self {
        let mut hole = Self::circle(center, inner);
        hole.contours[0].reverse();
        Self::circle(center, outer).and(hole)
    }

    /// A flower-like outline of `lobes` lobes.
    pub(crate) fn scallop(center: Point, radius: f32, lobes: f32, depth: f32) -> Self {
        Self::around(center, 240, |angle| {
            let reach = radius * (1.0 - depth * (1.0 - (angle * lobes / 2.0).sin().abs()));
            (reach * angle.cos(), reach * angle.sin())
        })
    }

    /// A star of `points` points between two radii.
    pub(crate) fn star(center: Point, points: usize, outer: f32, inner: f32) -> Self {
        let step = PI / points as f32;
        let contour = (0..points * 2)
            .map(|index| {
                let reach = if index % 2 == 0 { outer } else { inner };
                let angle = index as f32 * step - PI / 2.0;
                (center.0 + reach * angle.cos(), center.1 + reach * angle.sin())
            })
            .collect();
        Self { contours: vec![contour] }
    }

    pub(crate) fn rectangle(left: f32, top: f32, width: f32, height: f32) -> Self {
        let (right, bottom) = (left + width, top + height);
        Self::polygon(&[(left, top), (right, top), (right, bottom), (left, bottom)])
    }

    pub(crate) fn rounded(left: f32, top: f32, width: f32, height: f32, radius: f32) -> Self {
        let corners = [
            (left + width - radius, top + radius, -0.25),
            (left + width - radius, top + height - radius, 0.0),
            (left + radius, top + height - radius, 0.25),
            (left + radius, top + radius, 0.5),
        ];
        let contour = corners
            .iter()
            .flat_map(|&(x, y, turn)| {
                (0..=8).map(move |step| {
                    let angle = (turn + step as f32 / 32.0) * TAU;
                    (x + radius * angle.cos(), y + radius * angle.sin())
                })
            })
            .collect();
        Self { contours: vec![contour] }
    }

    /// A leaf from its stalk to its tip, `width` across.
    pub(crate) fn leaf(stalk: Point, tip: Point, width: f32) -> Self {
        let (dx, dy) = (tip.0 - stalk.0, tip.1 - stalk.1);
        let length = dx.hypot(dy).max(1.0);
        let across = (-dy / length * width / 2.0, dx / length * width / 2.0);
        let side = |sign: f32| {
            move |step: usize| {
                let t = step as f32 / 16.0;
                let bulge = sign * (PI * t.powf(0.82)).sin();
                (stalk.0 + dx * t + across.0 * bulge, stalk.1 + dy * t + across.1 * bulge)
            }
        };
        let contour = (0..16).map(side(1.0)).chain((1..=16).rev().map(side(-1.0))).collect();
        Self { contours: vec![contour] }
    }

    /// A line along a curve through the points, with round ends; its width goes from the first value of
    /// `widths` to the second.
    pub(crate) fn ribbon(points: &[Point], widths: (f32, f32)) -> Self {
        let last = points.len() - 1;
        let mut spine = Vec::with_capacity(last * 10 + 1);
        for index in 0..last {
            let around = [
                points[index.saturating_sub(1)],
                points[index],
                points[index + 1],
                points[(index + 2).min(last)],
            ];
            spine.extend((0..10).map(|step| catmull_rom(around, step as f32 / 10.0)));
        }
        spine.push(points[last]);

        let end = spine.len() - 1;
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for (index, &(x, y)) in spine.iter().enumerate() {
            let (before, after) = (spine[index.saturating_sub(1)], spine[(index + 1).min(end)]);
            let angle = (after.1 - before.1).atan2(after.0 - before.0);
            let half = (widths.0 + (widths.1 - widths.0) * index as f32 / end as f32) / 2.0;
            let offset = |turn: f32| (x + half * (angle + turn).cos(), y + half * (angle + turn).sin());
            if index == 0 {
                left.extend((0..6).map(|step| offset(PI + PI / 2.0 * step as f32 / 6.0)));
                right.extend((0..6).map(|step| offset(PI - PI / 2.0 * step as f32 / 6.0)));
            }
            left.push(offset(-PI / 2.0));
            right.push(offset(PI / 2.0));
            if index == end {
                left.extend((1..6).map(|step| offset(-PI / 2.0 + PI / 2.0 * step as f32 / 6.0)));
                right.extend((1..6).map(|step| offset(PI / 2.0 - PI / 2.0 * step as f32 / 6.0)));
            }
        }
        left.extend(right.into_iter().rev());
        Self { contours: vec![left] }
    }

    pub(crate) fn and(mut self, other: Self) -> Self {
        self.contours.extend(other.contours);
        self
    }

    pub(crate) fn moved(self, dx: f32, dy: f32) -> Self {
        self.mapped(|(x, y)| (x + dx, y + dy))
    }

    /// Turned clockwise about a point.
    pub(crate) fn turned(self, degrees: f32, about: Point) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        self.mapped(|(x, y)| {
            let (dx, dy) = (x - about.0, y - about.1);
            (about.0 + dx * cos - dy * sin, about.1 + dx * sin + dy * cos)
        })
    }

    /// Mirrored at a vertical line.
    pub(crate) fn mirrored(self, axis: f32) -> Self {
        self.mapped(|(x, y)| (2.0 * axis - x, y))
    }

    /// The smallest box around it: left, top, right, bottom.
    pub(crate) fn bounds(&self) -> (f32, f32, f32, f32) {
        self.contours
            .iter()
            .flatten()
            .fold((f32::MAX, f32::MAX, f32::MIN, f32::MIN), |(left, top, right, bottom), &(x, y)| {
                (left.min(x), top.min(y), right.max(x), bottom.max(y))
            })
    }

    fn around(center: Point, steps: usize, reach: impl Fn(f32) -> Point) -> Self {
        let contour = (0..steps)
            .map(|step| {
                let (x, y) = reach(step as f32 / steps as f32 * TAU);
                (center.0 + x, center.1 + y)
            })
            .collect();
        Self { contours: vec![contour] }
    }

    fn mapped(mut self, map: impl Fn(Point) -> Point) -> Self {
        for point in self.contours.iter_mut().flatten() {
            *point = map(*point);
        }
        self
    }
}

/// The point at `t` between the second and the third of four points of a curve.
fn catmull_rom([a, b, c, d]: [Point; 4], t: f32) -> Point {
    let blend = |a: f32, b: f32, c: f32, d: f32| {
        b + 0.5 * t * (c - a + t * (2.0 * a - 5.0 * b + 4.0 * c - d + t * (3.0 * (b - c) + d - a)))
    };
    (blend(a.0, b.0, c.0, d.0), blend(a.1, b.1, c.1, d.1))
}
