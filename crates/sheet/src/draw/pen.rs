//! Curves as a pen leaves them.

use super::random::Random;
use super::surface::Surface;

/// A pen of a given tip on a surface.
pub(super) struct Pen {
    /// Half the width of the line, in pixels.
    pub(super) radius: f32,
    pub(super) ink: u8,
}

type Point = (f32, f32);

impl Pen {
    /// A curve from `from` to `to`, bent towards `bend` (a quadratic Bézier curve).
    pub(super) fn curve(&self, surface: &mut Surface, from: Point, bend: Point, to: Point) {
        let length = (bend.0 - from.0).abs() + (bend.1 - from.1).abs() + (to.0 - bend.0).abs() + (to.1 - bend.1).abs();
        let step = 1.0 / (length / self.radius.max(1.0)).clamp(4.0, 4000.0);
        let mut along = 0.0;
        while along <= 1.0 {
            let rest = 1.0 - along;
            let mix = |a: f32, b: f32, c: f32| rest * rest * a + 2.0 * rest * along * b + along * along * c;
            surface.dot(mix(from.0, bend.0, to.0), mix(from.1, bend.1, to.1), self.radius, self.ink, 0.8);
            along += step;
        }
    }

    /// An illegible scribble that fills about `width` x `height` pixels: it is drawn by chance and is nobody's hand.
    pub(super) fn scribble(
        &self,
        surface: &mut Surface,
        random: &mut Random,
        left: f32,
        top: f32,
        width: f32,
        height: f32,
    ) {
        let loops = 5 + random.below(5);
        let stride = width / loops as f32;
        let mut from = (left, top + height * random.range(0.4, 0.8));
        for turn in 0..loops {
            let next = left + stride * (turn + 1) as f32;
            let to = (next - stride * random.range(0.0, 0.7), top + height * random.range(0.35, 0.85));
            let rise = if turn % 2 == 0 { random.range(-0.3, 0.2) } else { random.range(0.8, 1.2) };
            let bend = (next + stride * random.range(-0.2, 0.8), top + height * rise);
            self.curve(surface, from, bend, to);
            from = to;
        }
        if random.chance(0.6) {
            let level = top + height * random.range(0.7, 1.0);
            self.curve(surface, (left, level), (left + width / 2.0, level - height * 0.3), (left + width, level));
        }
    }
}
