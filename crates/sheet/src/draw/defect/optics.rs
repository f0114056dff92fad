//! Defects of camera, light and storage.

use super::{CodePlace, Strength};
use crate::draw::jpeg::recompress;
use crate::draw::numbers::{coordinate, cosine, grey, index, signed, sine};
use crate::draw::random::Random;
use crate::draw::surface::Surface;
use crate::picture::GreyPicture;

/// Three running means one after the other, which together are close to a Gaussian.
pub(super) fn blur(mut surface: Surface, strength: Strength) -> Surface {
    let radius = strength.of([1, 2, 3, 4, 6]);
    for _ in 0..3 {
        surface = mean_along(&surface, radius, 1, 0);
        surface = mean_along(&surface, radius, 0, 1);
    }
    surface
}

pub(super) fn motion_blur(surface: &Surface, strength: Strength, random: &mut Random) -> Surface {
    let (across, down) = [(1, 0), (0, 1), (1, 1), (1, -1)][random.below(4)];
    let radius = strength.of([2, 4, 6, 9, 13]);
    // A diagonal step is longer.
    let radius = if across * down == 0 { radius } else { (radius * 5 + 3) / 7 };
    mean_along(surface, radius, across, down)
}

/// The mean of each pixel and `radius` others on either side of it along a direction; the rim counts on outside.
fn mean_along(surface: &Surface, radius: i32, across: i32, down: i32) -> Surface {
    let (width, height) = (surface.width(), surface.height());
    let mut mean = Surface::filled(width, height, 0);
    let mut sums = vec![0_u32; width];
    let count = 2 * radius + 1;
    for (y, row) in mean.rows_mut().enumerate() {
        sums.fill(0);
        for step in -radius..=radius {
            let line = index(coordinate(y) + step * down).min(height - 1);
            let line = surface.row(line).unwrap_or_default();
            let shift = step * across;
            let (first, last) = (line.first().copied().unwrap_or(0), line.last().copied().unwrap_or(0));
            let skipped = index(shift).min(width);
            let ahead = index(-shift).min(width);
            let parts = std::iter::repeat_n(&first, ahead)
                .chain(line.get(skipped..width - ahead).unwrap_or_default())
                .chain(std::iter::repeat_n(&last, skipped));
            for (sum, value) in sums.iter_mut().zip(parts) {
                *sum += u32::from(*value);
            }
        }
        for (pixel, sum) in row.iter_mut().zip(&sums) {
            *pixel = grey(*sum as f32 / count as f32);
        }
    }
    mean
}

pub(super) fn jpeg_artefacts(picture: &GreyPicture, mut surface: Surface, strength: Strength) -> Surface {
    let restored = recompress(picture, strength.of([40, 25, 15, 10, 4]));
    surface.pixels_mut().copy_from_slice(&restored);
    surface
}

pub(super) fn noise(mut surface: Surface, strength: Strength, random: &mut Random) -> Surface {
    let deviation = strength.of([10.0, 20.0, 34.0, 50.0, 70.0]);
    let lost = strength.of([0.0, 0.0, 0.0, 0.0, 0.04]);
    for pixel in surface.pixels_mut() {
        // The sum of four fractions has a deviation of the square root of a third.
        let sum = random.fraction() + random.fraction() + random.fraction() + random.fraction() - 2.0;
        *pixel = grey(f32::from(*pixel) + deviation * 1.732 * sum);
        if lost > 0.0 && random.chance(lost) {
            *pixel = if random.chance(0.5) { 0 } else { u8::MAX };
        }
    }
    surface
}

/// Half of the picture, from an edge through the code, gets less light.
pub(super) fn shadow(mut surface: Surface, strength: Strength, random: &mut Random, code: CodePlace) -> Surface {
    let light = strength.of([0.75, 0.58, 0.42, 0.3, 0.2]);
    let softness = random.range(10.0, 60.0);
    let (x, y) = near_middle(random, code);
    let angle = random.fraction();
    let (across, down) = (cosine(angle), sine(angle));
    change_rows(&mut surface, |column, row, value| {
        let depth = ((column - x) * across + (row - y) * down) / softness + 0.5;
        f32::from(value) * (1.0 + (light - 1.0) * depth.clamp(0.0, 1.0))
    });
    surface
}

/// A bright spot: everything under it moves towards white.
pub(super) fn glare(mut surface: Surface, strength: Strength, random: &mut Random, code: CodePlace) -> Surface {
    let radius = code.area.width as f32 * strength.of([0.12, 0.18, 0.26, 0.34, 0.45]);
    let (x, y) = near_middle(random, code);
    let (stretch, angle) = (random.range(0.6, 1.0), random.fraction());
    let (across, down) = (cosine(angle), sine(angle));
    change_rows(&mut surface, |column, row, value| {
        let (along, aside) = ((column - x) * across + (row - y) * down, (row - y) * across - (column - x) * down);
        let distance = (along * along + aside * aside / (stretch * stretch)).sqrt() / radius;
        let share = (1.6 - distance).clamp(0.0, 1.0);
        f32::from(value) + (255.0 - f32::from(value)) * share
    });
    surface
}

/// Stripes where the screen's pixels and the camera's fall in and out of step, in two directions.
pub(super) fn photo_of_screen(mut surface: Surface, strength: Strength, random: &mut Random) -> Surface {
    let depth = strength.of([0.1, 0.2, 0.32, 0.46, 0.62]);
    let (fine, coarse) = (random.range(2.3, 3.6), random.range(11.0, 40.0));
    let tilt = random.range(-0.06, 0.06);
    let (one, two) = (random.fraction(), random.fraction());
    let width = surface.width() as f32;
    let lean = random.range(-0.2, 0.2);
    change_rows(&mut surface, |column, row, value| {
        let grid = sine((column + tilt * row) / fine + one) + sine((row - tilt * column) / fine + two);
        let beat = sine((column * 0.8 + row * 0.6) / coarse + two);
        let gain = 1.0 - depth * (0.5 + 0.15 * grid + 0.35 * beat) + lean * (column / width - 0.5);
        20.0 + f32::from(value) * gain * 0.92
    });
    surface
}

fn change_rows(surface: &mut Surface, change: impl Fn(f32, f32, u8) -> f32) {
    for (y, row) in surface.rows_mut().enumerate() {
        for (x, pixel) in row.iter_mut().enumerate() {
            *pixel = grey(change(x as f32, y as f32, *pixel));
        }
    }
}

/// A point in the middle half of the code.
fn near_middle(random: &mut Random, code: CodePlace) -> (f32, f32) {
    let (left, top) = (signed(code.area.left) as f32, signed(code.area.top) as f32);
    let (width, height) = (code.area.width as f32, code.area.height as f32);
    (left + width * random.range(0.25, 0.75), top + height * random.range(0.25, 0.75))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_of_one_grey_is_that_grey() {
        let surface = Surface::filled(30, 20, 77);
        for (across, down) in [(1, 0), (0, 1), (1, 1), (1, -1)] {
            assert_eq!(mean_along(&surface, 40, across, down).pixels(), surface.pixels());
        }
    }

    #[test]
    fn a_dot_is_spread_along_the_direction() {
        let mut surface = Surface::filled(9, 9, 0);
        surface.set(4, 4, 90);
        let spread = mean_along(&surface, 1, 1, -1);
        for (x, y, expected) in [(4, 4, 30), (3, 5, 30), (5, 3, 30), (3, 3, 0), (5, 5, 0), (4, 3, 0)] {
            assert_eq!(spread.get(x, y), Some(expected), "at {x}, {y}");
        }
    }
}
