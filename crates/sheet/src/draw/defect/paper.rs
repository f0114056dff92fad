//! Defects of the paper and of what is printed on it.

use super::{CodePlace, Strength};
use crate::draw::numbers::{coordinate, cosine, floor, grey, index, signed, sine};
use crate::draw::random::Random;
use crate::draw::surface::Surface;

/// What lies behind a torn sheet.
const BEHIND: u8 = 26;

/// Print becomes lighter, unevenly over the strip; at the higher strengths some dots of the print head are dead.
pub(super) fn fading(mut surface: Surface, strength: Strength, random: &mut Random) -> Surface {
    let left_over = strength.of([0.62, 0.44, 0.3, 0.2, 0.12]);
    let paper = f32::from(surface.paper());
    let (period, phase, tilt) = (random.range(500.0, 1500.0), random.fraction(), random.range(-1.0, 1.0));
    let dead = strength.of([0.0, 0.0, 0.01, 0.02, 0.04]);
    let columns: Vec<f32> = (0..surface.width()).map(|_| if random.chance(dead) { 0.3 } else { 1.0 }).collect();
    for (y, row) in surface.rows_mut().enumerate() {
        for ((x, pixel), column) in row.iter_mut().enumerate().zip(&columns) {
            let uneven = 1.0 + 0.3 * sine((y as f32 + tilt * x as f32) / period + phase);
            let value = f32::from(*pixel);
            if value < paper {
                *pixel = grey(paper + (value - paper) * left_over * uneven * column);
            }
        }
    }
    surface
}

/// Creases from side to side through the code: a broken line, light on one side of it and shade on the other.
pub(super) fn fold(mut surface: Surface, strength: Strength, random: &mut Random, code: CodePlace) -> Surface {
    let half = strength.of([1.5_f32, 2.5, 4.0, 5.5, 7.5]);
    let count = strength.of([1, 1, 2, 2, 3]);
    let (width, height) = (coordinate(surface.width()), code.area.height as f32);
    for _ in 0..count {
        let upright = random.chance(0.3);
        let (across, down) = (random.range(0.15, 0.85), random.range(0.15, 0.85));
        let slope = random.range(-0.08, 0.08);
        let (from, to) = if upright {
            (signed(code.area.top).saturating_sub(60), signed(code.area.bottom()).saturating_add(60))
        } else {
            (0, width)
        };
        let reach = 60.0;
        for along in from..to {
            let middle = if upright {
                code.area.left as f32 + code.area.width as f32 * across + slope * along as f32 * 0.2
            } else {
                code.area.top as f32 + height * down + slope * along as f32
            };
            for offset in floor(-reach)..=floor(reach) {
                let distance = offset as f32;
                let aside = floor(middle) + offset;
                let (x, y) = if upright { (aside, along) } else { (along, aside) };
                if distance.abs() <= half {
                    // The coating is cracked: mostly bare paper, with specks of what was printed.
                    if random.chance(0.8) {
                        surface.blend(x, y, 226, 0.85);
                    } else {
                        surface.blend(x, y, 60, 0.5);
                    }
                } else {
                    let share = 0.35 * (1.0 - distance.abs() / reach);
                    surface.blend(x, y, if distance > 0.0 { 40 } else { u8::MAX }, share * half / 8.0);
                }
            }
        }
    }
    surface
}

/// Everything beyond a ragged line is gone. The line is laid so that it takes the share of the code that belongs to the
/// strength: from the left, the right, a lower corner or the foot.
pub(super) fn torn_edge(mut surface: Surface, strength: Strength, random: &mut Random, code: CodePlace) -> Surface {
    let share = strength.of([0.04, 0.09, 0.15, 0.23, 0.32]);
    // The direction in which the paper is missing, in turns clockwise from the right.
    let angle = [0.0, 0.125, 0.25, 0.375, 0.5][random.below(5)] + random.range(-0.02, 0.02);
    let (across, down) = (cosine(angle), sine(angle));
    let (left, top) = (signed(code.area.left) as f32, signed(code.area.top) as f32);
    let (width, height) = (code.area.width as f32, code.area.height as f32);
    let depth = |x: f32, y: f32| x * across + y * down;
    let mut depths: Vec<f32> = (0..64 * 64_u16)
        .map(|cell| {
            let (column, row) = (f32::from(cell % 64) + 0.5, f32::from(cell / 64) + 0.5);
            depth(left + width * column / 64.0, top + height * row / 64.0)
        })
        .collect();
    depths.sort_by(f32::total_cmp);
    let kept = index(floor(depths.len() as f32 * (1.0 - share)));
    let edge = depths.get(kept).copied().unwrap_or(f32::INFINITY);
    let teeth: Vec<f32> = ragged(random, 512);
    for (y, row) in surface.rows_mut().enumerate() {
        for (x, pixel) in row.iter_mut().enumerate() {
            let (x, y) = (x as f32, y as f32);
            let along = index(floor((y * across - x * down) / 3.0 + 40_960.0));
            let beyond = depth(x, y) - edge - teeth[along % teeth.len()];
            if beyond > 0.0 {
                *pixel = BEHIND;
            } else if beyond > -4.0 {
                // Torn paper shows its white fibres.
                *pixel = grey(f32::from(*pixel).max(238.0 + 3.0 * beyond));
            }
        }
    }
    surface
}

/// A line that wanders a few pixels to either side and comes back to where it began.
fn ragged(random: &mut Random, count: usize) -> Vec<f32> {
    let mut at = 0.0_f32;
    (0..count)
        .map(|position| {
            at = (at + random.range(-2.5, 2.5)).clamp(-9.0, 9.0);
            let left = (count - position) as f32;
            at * (left / 8.0).min(1.0)
        })
        .collect()
}
