//! How a clean print looks after a cheap scanner has drawn it in: never quite straight, evenly lit or white.

use super::code::CodePlace;
use super::numbers::{coordinate, floor, grey, index, signed, sine};
use super::random::Random;
use super::strip::{DrawnSheet, Place, moved};
use super::surface::Surface;
use crate::picture::{GreyPicture, Rectangle};

/// One pass through a scanner. The same seed gives the same pixels from the same sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capture {
    /// Chooses skew, margins, paper tone, light and noise.
    pub seed: u64,
}

/// The furthest that the head and the foot of a strip wander from its middle, in pixels.
const WANDER: f32 = 14.0;

impl Capture {
    /// The sheet as scanned: skewed by less than half a degree, with the lid's edge around it, on grey paper with a faint
    /// pattern. The places go along; a skewed one is given by the upright rectangle around it.
    #[must_use]
    pub fn of(&self, sheet: &DrawnSheet) -> DrawnSheet {
        let source = Surface::of(&sheet.picture);
        let setting = Setting::new(self.seed, &source);
        let sheared = setting.shear(&source);
        let picture = setting.scan(&sheared);
        let (width, height) = (picture.width(), picture.height());
        let land = |area: Rectangle| setting.land(area).within(width, height).unwrap_or(area);
        DrawnSheet {
            picture,
            places: sheet
                .places
                .iter()
                .map(|place| Place { part: place.part.clone(), area: land(place.area) })
                .collect(),
            codes: sheet.codes.iter().map(|code| CodePlace { area: land(code.area), modules: code.modules }).collect(),
        }
    }
}

/// Everything that chance decides, before any pixel is touched.
struct Setting {
    /// Columns of the scan.
    width: usize,
    /// Rows of the scan.
    height: usize,
    /// Rows of the lid above the sheet.
    above: i32,
    /// For each row of the sheet, the column of the scan at which it begins.
    shifts: Vec<f32>,
    /// For each column of the scan, how many rows the sheet has sunk there.
    drops: Vec<f32>,
    /// What the scanner sees around the sheet: its dark lid (0) or a white one (255).
    lid: u8,
    /// The grey of ink.
    dark: i16,
    /// For each column, by how much paper is lighter than ink.
    light: Vec<u16>,
    /// How much darker the paper's printed pattern makes a place, along a diagonal.
    pattern: Vec<i16>,
    /// The sensor's noise, read from a place chosen by chance for each row.
    noise: Vec<i16>,
    seed: u64,
}

const PATTERN_PERIOD: usize = 196;
const NOISE_LENGTH: usize = 1 << 14;

impl Setting {
    fn new(seed: u64, sheet: &Surface) -> Self {
        let mut random = Random::new(seed, "capture");
        let (rows, columns) = (sheet.height() as f32, sheet.width() as f32);
        let largest = (2.0 * WANDER / rows.max(1.0)).min(0.008);
        let slope = largest * (random.fraction() + random.fraction() - 1.0);
        let sway = random.range(0.3, 1.8);
        let (period, phase) = (random.range(1500.0, 4000.0), random.fraction());
        let middle = random.range(0.0, 8.0) + WANDER + 2.0;
        let shifts = (0..sheet.height())
            .map(|row| {
                let row = row as f32;
                middle + slope * (row - rows / 2.0) + sway * sine(row / period + phase)
            })
            .collect();
        let width = sheet.width() + 44;
        let above = 12 + coordinate(random.below(30));
        let below = 12 + random.below(40);
        let drops = (0..width).map(|column| -slope * (column as f32 - columns / 2.0)).collect();
        let dark = random.range(18.0, 44.0);
        let paper = random.range(206.0, 238.0) - dark;
        let (falloff, lean) = (random.range(0.02, 0.09), random.range(-0.04, 0.04));
        let light = (0..width)
            .map(|column| {
                let across = 2.0 * column as f32 / width as f32 - 1.0;
                let gain = 1.0 - falloff * across * across * across * across + lean * across;
                u16::from(grey((paper * gain).min(250.0 - dark)))
            })
            .collect();
        let depth = random.range(2.0, 8.0);
        let pattern = (0..PATTERN_PERIOD + width)
            .map(|at| {
                let wave = sine(at as f32 / PATTERN_PERIOD as f32);
                -i16::from(grey(depth * (wave * 2.0 + 0.5).clamp(0.0, 1.0)))
            })
            .collect();
        let grain = random.range(2.0, 5.0);
        let noise = (0..NOISE_LENGTH + width)
            .map(|_| {
                let sum = random.fraction() + random.fraction() + random.fraction() - 1.5;
                i16::from(grey(64.0 + grain * 1.6 * sum)) - 64
            })
            .collect();
        Self {
            width,
            height: sheet.height() + index(above) + below,
            above,
            shifts,
            drops,
            lid: if random.chance(0.7) { 0 } else { u8::MAX },
            dark: i16::from(grey(dark)),
            light,
            pattern,
            noise,
            seed,
        }
    }

    /// Moves every row sideways, by fractions of a pixel.
    fn shear(&self, sheet: &Surface) -> Surface {
        let mut sheared = Surface::filled(self.width, sheet.height(), self.lid);
        let mut padded = vec![self.lid; self.width + 1];
        for ((y, row), shift) in sheared.rows_mut().enumerate().zip(&self.shifts) {
            let whole = floor(*shift);
            let share = u16::from(grey((shift - whole as f32) * 255.0));
            padded.fill(self.lid);
            let start = index(whole) + 1;
            if let (Some(target), Some(source)) = (padded.get_mut(start..start + sheet.width()), sheet.row(y)) {
                target.copy_from_slice(source);
            }
            let right = padded.get(1..).unwrap_or_default();
            for ((pixel, left), right) in row.iter_mut().zip(&padded).zip(right) {
                *pixel = mix(*right, *left, share);
            }
        }
        sheared
    }

    /// Moves every column down by fractions of a pixel, then gives ink and paper their tones.
    fn scan(&self, sheared: &Surface) -> GreyPicture {
        let mut random = Random::new(self.seed, "scan");
        let mut scanned = Surface::filled(self.width, self.height, 0);
        let lid = vec![self.lid; self.width];
        let mut level = vec![0_u8; self.width];
        // Columns that sank by the same whole number of rows are handled together.
        let mut groups: Vec<(usize, usize, i32)> = Vec::new();
        for (column, drop) in self.drops.iter().enumerate() {
            match groups.last_mut() {
                Some((_, to, whole)) if *whole == floor(*drop) => *to = column + 1,
                _ => groups.push((column, column + 1, floor(*drop))),
            }
        }
        let shares: Vec<u16> = self.drops.iter().map(|drop| u16::from(grey((drop - drop.floor()) * 255.0))).collect();
        let (period, phase, depth) = (random.range(900.0, 2600.0), random.fraction(), random.range(0.01, 0.05));
        for (y, row) in scanned.rows_mut().enumerate() {
            for (from, to, whole) in &groups {
                let source = coordinate(y) - self.above - whole;
                let line = |at: i32| usize::try_from(at).ok().and_then(|at| sheared.row(at)).unwrap_or(&lid);
                let (below, above) = (line(source), line(source - 1));
                let parts =
                    (below.get(*from..*to), above.get(*from..*to), shares.get(*from..*to), level.get_mut(*from..*to));
                if let (Some(below), Some(above), Some(shares), Some(level)) = parts {
                    for (((level, below), above), share) in level.iter_mut().zip(below).zip(above).zip(shares) {
                        *level = mix(*below, *above, *share);
                    }
                }
            }
            let gain = u16::from(grey(255.0 * (1.0 - depth * (1.0 + sine(y as f32 / period + phase)) / 2.0)));
            let pattern = self.pattern.get((y * 2 / 3) % PATTERN_PERIOD..).unwrap_or_default();
            let noise = self.noise.get(random.below(NOISE_LENGTH)..).unwrap_or_default();
            for ((((pixel, level), light), pattern), noise) in
                row.iter_mut().zip(&level).zip(&self.light).zip(pattern).zip(noise)
            {
                let paper = light.wrapping_mul(gain) >> 8;
                let tone = u16::from(*level).wrapping_mul(paper) >> 8;
                let tone = tone.cast_signed().wrapping_add(self.dark).wrapping_add(*pattern).wrapping_add(*noise);
                *pixel = byte(tone);
            }
        }
        scanned.into_picture()
    }

    fn land(&self, area: Rectangle) -> Rectangle {
        let bounds = |values: &mut dyn Iterator<Item = f32>| {
            values.fold((f32::INFINITY, f32::NEG_INFINITY), |(least, most), value| (least.min(value), most.max(value)))
        };
        let rows = self.shifts.iter().skip(index(signed(area.top))).take(index(signed(area.height)));
        let (left, right) = bounds(&mut rows.copied());
        let first = index(signed(area.left) + floor(left));
        let columns = self.drops.iter().skip(first).take(index(signed(area.width)) + 1);
        let (top, bottom) = bounds(&mut columns.copied());
        let above = self.above as f32;
        moved(area, (left, top + above), (right, bottom + above))
    }
}

/// `one` and `other`, the latter with a share in 255ths.
fn mix(one: u8, other: u8, share: u16) -> u8 {
    let sum =
        u16::from(one).wrapping_mul(255 - share).wrapping_add(u16::from(other).wrapping_mul(share)).wrapping_add(128);
    // Division by 255 as a sum of shifts, exact for all sums of two bytes' products.
    let [_, byte] = (sum.wrapping_add(sum >> 8) >> 8).to_be_bytes();
    byte
}

fn byte(value: i16) -> u8 {
    let [_, byte] = value.clamp(0, 255).to_be_bytes();
    byte
}
