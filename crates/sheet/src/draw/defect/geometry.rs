//! Defects of shape: where each pixel of the damaged picture comes from.

use super::{CodePlace, Strength};
use crate::draw::numbers::{coordinate, cosine, floor, grey, index, signed, sine};
use crate::draw::random::Random;
use crate::draw::strip::sides;
use crate::draw::surface::Surface;
use crate::picture::GreyPicture;

/// The table that a sheet lies on.
const TABLE: u8 = 92;

/// A picture whose every pixel comes from where `origin` says, in pixels of `source`, between four of which it is mixed.
fn warp(source: &Surface, width: usize, height: usize, origin: impl Fn(f32, f32) -> (f32, f32)) -> Surface {
    let mut warped = Surface::filled(width, height, TABLE);
    for (y, row) in warped.rows_mut().enumerate() {
        for (x, pixel) in row.iter_mut().enumerate() {
            let (from_x, from_y) = origin(x as f32 + 0.5, y as f32 + 0.5);
            *pixel = sample(source, from_x - 0.5, from_y - 0.5);
        }
    }
    warped
}

fn sample(source: &Surface, x: f32, y: f32) -> u8 {
    let (left, top) = (floor(x), floor(y));
    let (width, height) = sides(source);
    if left < -1 || top < -1 || left >= width || top >= height {
        return TABLE;
    }
    let at = |x: i32, y: i32| f32::from(source.get(x, y).unwrap_or(TABLE));
    let (across, down) = (x - left as f32, y - top as f32);
    let upper = at(left, top) + (at(left + 1, top) - at(left, top)) * across;
    let lower = at(left, top + 1) + (at(left + 1, top + 1) - at(left, top + 1)) * across;
    grey(upper + (lower - upper) * down)
}

pub(super) fn rotation(source: &Surface, strength: Strength, random: &mut Random) -> Surface {
    let degrees = match strength.level() {
        1 => random.sign() * random.range(0.8, 2.0),
        2 => random.sign() * random.range(2.0, 8.0),
        3 => random.sign() * random.range(8.0, 25.0),
        4 => 90.0 * (1.0 + random.below(3) as f32) + random.range(-6.0, 6.0),
        _ => random.range(0.0, 360.0),
    };
    let (sine, cosine) = (sine(degrees / 360.0), cosine(degrees / 360.0));
    let (width, height) = (source.width() as f32, source.height() as f32);
    let wide = width * cosine.abs() + height * sine.abs();
    let tall = width * sine.abs() + height * cosine.abs();
    warp(source, index(floor(wide)).max(1), index(floor(tall)).max(1), |x, y| {
        let (x, y) = (x - wide / 2.0, y - tall / 2.0);
        (width / 2.0 + x * cosine + y * sine, height / 2.0 - x * sine + y * cosine)
    })
}

pub(super) fn perspective(source: &Surface, strength: Strength, random: &mut Random, code: CodePlace) -> Surface {
    // A close picture begins one side of the code above it: over the whole strip even a steep view hardly bends a code.
    let close = strength.level() >= 3;
    let top = if close { signed(code.area.top) - signed(code.area.height) } else { 0 };
    let top = index(top).min(source.height() - 1);
    let (width, height) = (source.width(), source.height() - top);
    let (wide, tall) = (width as f32, height as f32);
    let reach = wide * strength.of([0.05, 0.12, 0.12, 0.22, 0.34]);
    // The corners of the picture, seen on the sheet's plane: outside of the sheet, each by a distance of its own.
    let mut corner = |x: f32, y: f32| {
        let (across, down) = (random.range(0.0, reach), random.range(0.0, reach * 0.7));
        (x * wide + if x > 0.0 { across } else { -across }, top as f32 + y * tall + if y > 0.0 { down } else { -down })
    };
    let corners = [corner(0.0, 0.0), corner(1.0, 0.0), corner(1.0, 1.0), corner(0.0, 1.0)];
    let project = projection(corners);
    warp(source, width, height, |x, y| project(x / wide, y / tall))
}

/// The projective map that takes the corners (0,0), (1,0), (1,1), (0,1) of a square to the given points.
fn projection(corners: [(f32, f32); 4]) -> impl Fn(f32, f32) -> (f32, f32) {
    let [a, b, c, d] = corners;
    let (first, second) = ((b.0 - c.0, b.1 - c.1), (d.0 - c.0, d.1 - c.1));
    let sum = (a.0 - b.0 + c.0 - d.0, a.1 - b.1 + c.1 - d.1);
    let determinant = first.0 * second.1 - second.0 * first.1;
    let across = (sum.0 * second.1 - second.0 * sum.1) / determinant;
    let down = (first.0 * sum.1 - sum.0 * first.1) / determinant;
    move |u, v| {
        let depth = across * u + down * v + 1.0;
        let x = (b.0 - a.0 + across * b.0) * u + (d.0 - a.0 + down * d.0) * v + a.0;
        let y = (b.1 - a.1 + across * b.1) * u + (d.1 - a.1 + down * d.1) * v + a.1;
        (x / depth, y / depth)
    }
}

pub(super) fn curl(source: &Surface, strength: Strength, random: &mut Random, code: CodePlace) -> Surface {
    let height = strength.of([3.0, 7.0, 12.0, 18.0, 26.0]);
    let side = code.area.height.max(50) as f32;
    let (long, short) = (random.range(1.6, 2.6) * side, random.range(1.0, 1.6) * side);
    let (one, two, three) = (random.fraction(), random.fraction(), random.fraction());
    warp(source, source.width(), source.height(), |x, y| {
        let sideways = height * sine(y / long + one);
        let lengthwise = height * (sine(x / long + two) + 0.5 * sine(y / short + three));
        (x + sideways, y + lengthwise)
    })
}

/// Each pixel of the smaller picture is the mean of those that fall into it.
pub(super) fn low_resolution(source: &Surface, strength: Strength) -> Surface {
    let percent = strength.of([66_usize, 46, 32, 22, 16]);
    let (width, height) = ((source.width() * percent / 100).max(1), (source.height() * percent / 100).max(1));
    let mut small = Surface::filled(width, height, 0);
    for (y, row) in small.rows_mut().enumerate() {
        let lines = y * source.height() / height..((y + 1) * source.height()).div_ceil(height);
        for (x, pixel) in row.iter_mut().enumerate() {
            let columns = x * source.width() / width..((x + 1) * source.width()).div_ceil(width);
            let (mut sum, mut count) = (0_u32, 0_u32);
            for line in lines.clone() {
                for value in source.row(line).and_then(|row| row.get(columns.clone())).unwrap_or_default() {
                    sum += u32::from(*value);
                    count += 1;
                }
            }
            *pixel = grey(sum as f32 / count.max(1) as f32);
        }
    }
    small
}

pub(super) fn two_sheets(source: &Surface, strength: Strength, random: &mut Random) -> Surface {
    let share = strength.of([0.12, 0.3, 0.55, 0.8, 1.0]);
    let visible = index(floor(source.width() as f32 * share));
    let right = random.chance(0.5);
    let sunk = coordinate(random.below(source.height() / 12 + 1));
    pair(source, source, visible, right, sunk)
}

/// Two sheets in one picture, the second at the right of the first and a little lower.
#[must_use]
pub fn beside(first: &GreyPicture, second: &GreyPicture, seed: u64) -> GreyPicture {
    let (first, second) = (Surface::of(first), Surface::of(second));
    let sunk = coordinate(Random::new(seed, "beside").below(first.height() / 12 + 1));
    pair(&first, &second, second.width(), true, sunk).into_picture()
}

/// The first sheet whole, and beside it `visible` columns of the second, those that adjoin the first.
fn pair(first: &Surface, second: &Surface, visible: usize, right: bool, sunk: i32) -> Surface {
    const GAP: usize = 18;
    let width = first.width() + GAP + visible;
    let height = first.height().max(second.height() + index(sunk));
    let mut picture = Surface::filled(width, height, TABLE);
    let (first_left, second_left, cut) = if right {
        (0, first.width() + GAP, 0)
    } else {
        (visible + GAP, 0, second.width() - visible.min(second.width()))
    };
    for (y, row) in picture.rows_mut().enumerate() {
        if let (Some(to), Some(from)) = (row.get_mut(first_left..first_left + first.width()), first.row(y)) {
            to.copy_from_slice(from);
        }
        let line = usize::try_from(coordinate(y) - sunk).ok().and_then(|line| second.row(line));
        let part = line.and_then(|line| line.get(cut..cut + visible));
        if let (Some(to), Some(from)) = (row.get_mut(second_left..second_left + visible), part) {
            to.copy_from_slice(from);
        }
    }
    picture
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_projection_goes_through_its_corners() {
        let corners = [(3.0, 4.0), (100.0, -7.0), (120.0, 90.0), (-10.0, 110.0)];
        let project = projection(corners);
        for ((u, v), corner) in [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)].into_iter().zip(corners) {
            let (x, y) = project(u, v);
            assert!((x - corner.0).abs() < 0.01 && (y - corner.1).abs() < 0.01, "({u}, {v}) to ({x}, {y})");
        }
    }

    #[test]
    fn a_map_to_the_same_place_changes_nothing() {
        let mut source = Surface::filled(20, 10, 200);
        source.fill(4, 3, 7, 5, 13);
        assert_eq!(warp(&source, 20, 10, |x, y| (x, y)).pixels(), source.pixels());
    }
}
