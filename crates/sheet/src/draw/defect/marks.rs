//! What people and machines leave on top of a code.

use super::{CodePlace, Strength};
use crate::draw::numbers::{cosine, floor, signed, sine};
use crate::draw::pen::Pen;
use crate::draw::random::Random;
use crate::draw::surface::Surface;

/// The code's left, top, width and height as fractions of pixels.
fn frame(code: CodePlace) -> (f32, f32, f32, f32) {
    let area = code.area;
    (signed(area.left) as f32, signed(area.top) as f32, signed(area.width) as f32, signed(area.height) as f32)
}

pub(super) fn pen_strokes(mut surface: Surface, strength: Strength, random: &mut Random, code: CodePlace) -> Surface {
    let (left, top, width, height) = frame(code);
    let count = strength.of([1, 2, 3, 5, 8]);
    for _ in 0..count {
        let pen = Pen { radius: random.range(1.5, 3.5), ink: 36 };
        let mut point =
            |from: f32, to: f32| (left + width * random.range(from, to), top + height * random.range(-0.05, 1.05));
        let (from, bend, to) = (point(-0.1, 0.25), point(0.0, 1.0), point(0.75, 1.1));
        pen.curve(&mut surface, from, bend, to);
    }
    surface
}

/// A round stamp with a double rim and lines of unreadable print, its ink uneven.
pub(super) fn stamp(mut surface: Surface, strength: Strength, random: &mut Random, code: CodePlace) -> Surface {
    let (left, top, width, height) = frame(code);
    let radius = width * strength.of([0.16, 0.22, 0.28, 0.34, 0.42]);
    let ink = strength.of([110, 90, 75, 60, 45]);
    let (x, y) = (left + width * random.range(0.3, 0.7), top + height * random.range(0.3, 0.7));
    let turn = random.range(-0.06, 0.06);
    let (across, down) = (cosine(turn), sine(turn));
    let reach = floor(radius) + 2;
    for row in -reach..=reach {
        for column in -reach..=reach {
            let (column, row) = (column as f32, row as f32);
            let distance = (column * column + row * row).sqrt();
            let rim = (radius - distance - 4.0).abs() < 4.0 || (distance - radius * 0.8).abs() < 2.5;
            let (along, aside) = (column * across + row * down, row * across - column * down);
            let line = (aside / (radius * 0.2)).abs();
            let print =
                line < 2.6 && line % 1.0 < 0.6 && along.abs() < radius * 0.55 && (along / 14.0).abs() % 1.0 < 0.75;
            if rim || print {
                surface.blend(floor(x + column), floor(y + row), ink, random.range(0.65, 1.0));
            }
        }
    }
    surface
}

/// Spots of one grey that grow until they cover the share of the code that belongs to the strength.
pub(super) fn blot(
    mut surface: Surface,
    strength: Strength,
    random: &mut Random,
    code: CodePlace,
    value: u8,
) -> Surface {
    const CELLS: usize = 128;
    let (left, top, width, height) = frame(code);
    let share = strength.of([0.02, 0.05, 0.09, 0.14, 0.2]);
    let mut covered = vec![false; CELLS * CELLS];
    let mut count = 0_usize;
    let mut spot = |surface: &mut Surface, x: f32, y: f32, radius: f32| {
        surface.dot(left + width * x, top + height * y, width * radius, value, 1.0);
        for (cell, covered) in covered.iter_mut().enumerate() {
            let across = ((cell % CELLS) as f32 + 0.5) / CELLS as f32 - x;
            let down = ((cell / CELLS) as f32 + 0.5) / CELLS as f32 - y;
            if !*covered && across * across + down * down < radius * radius {
                *covered = true;
                count += 1;
            }
        }
        count as f32 / (CELLS * CELLS) as f32
    };
    let (mut x, mut y) = (random.range(0.1, 0.9), random.range(0.1, 0.9));
    // A spot always lies with its middle on the code, so it covers something new sooner or later; the limit is for safety.
    for _ in 0..2000 {
        if spot(&mut surface, x, y, random.range(0.02, 0.05)) >= share {
            break;
        }
        (x, y) = if random.chance(0.08) {
            (random.range(0.0, 1.0), random.range(0.0, 1.0))
        } else {
            ((x + random.range(-0.06, 0.06)).clamp(0.0, 1.0), (y + random.range(-0.06, 0.06)).clamp(0.0, 1.0))
        };
    }
    surface
}

/// Finder patterns lose their dark centre of 3 x 3 modules, or all their 7 x 7.
pub(super) fn wiped_finders(mut surface: Surface, strength: Strength, random: &mut Random, code: CodePlace) -> Surface {
    let (left, top, width, height) = frame(code);
    let modules = code.modules.max(1) as f32;
    let (module_width, module_height) = (width / modules, height / modules);
    let (count, size) = strength.of([(1, 4.0), (2, 4.0), (3, 4.0), (2, 8.0), (3, 8.0)]);
    let far = modules - 3.5;
    let mut finders = [(3.5, 3.5), (far, 3.5), (3.5, far)];
    // Which are spared is left to chance.
    finders.swap(0, random.below(3));
    finders.swap(1, 1 + random.below(2));
    for (x, y) in finders.into_iter().take(count) {
        let (from_x, from_y) = (left + (x - size / 2.0) * module_width, top + (y - size / 2.0) * module_height);
        let (wide, tall) = (floor(size * module_width), floor(size * module_height));
        surface.fill(floor(from_x), floor(from_y), wide, tall, 244);
    }
    surface
}
