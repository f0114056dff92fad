//! The picture as a step of the ladder sees it: a part of the original, perhaps scaled or smoothed, with a local
//! threshold between dark and light.

use super::numbers::{cell, whole};
use super::outcome::Point;
use crate::picture::GreyPicture;

/// Every second byte of eight.
const EVERY_SECOND: u64 = 0x00ff_00ff_00ff_00ff;

/// Side in pixels of the blocks for which one threshold holds.
const BLOCK: usize = 8;

/// Grey pixels with their way back to the original picture.
#[derive(Clone, Debug)]
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) height: usize,
    pixels: Vec<u8>,
    /// Where the canvas lies in the original, in pixels of the original.
    offset: Point,
    /// Pixels of the canvas for one of the original.
    scale: f32,
}

impl Canvas {
    /// Part of a picture; `None` when it is empty or reaches outside.
    pub(super) fn crop(picture: &GreyPicture, left: u32, top: u32, right: u32, bottom: u32) -> Option<Self> {
        let size = |from: u32, to: u32| usize::try_from(to.checked_sub(from)?).ok().filter(|size| *size > 0);
        let (width, height) = (size(left, right)?, size(top, bottom)?);
        let (from, stride) = (usize::try_from(left).ok()?, usize::try_from(picture.width()).ok()?);
        let mut pixels = Vec::with_capacity(width.checked_mul(height)?);
        for row in picture.pixels().chunks_exact(stride).skip(usize::try_from(top).ok()?).take(height) {
            pixels.extend_from_slice(row.get(from..from.checked_add(width)?)?);
        }
        let offset = Point::new(left as f32, top as f32);
        (pixels.len() == width * height).then_some(Self { width, height, pixels, offset, scale: 1.0 })
    }

    /// The position in the original picture.
    pub(super) fn to_original(&self, point: Point) -> Point {
        point.times(1.0 / self.scale).plus(self.offset)
    }

    /// The pixel that holds the position; `None` outside.
    pub(super) fn grey(&self, point: Point) -> Option<u8> {
        let (x, y) = (cell(point.x, self.width)?, cell(point.y, self.height)?);
        self.pixels.get(y * self.width + x).copied()
    }

    /// The pixel at a column and a row; 0 outside.
    #[inline(always)]
    pub(super) fn pixel(&self, column: usize, row: usize) -> u8 {
        self.pixels.get(row * self.width + column).copied().unwrap_or(0)
    }

    /// The brightness at a position between the centres of four pixels; `None` outside.
    pub(super) fn smooth_grey(&self, point: Point) -> Option<f32> {
        let (right, down) = (self.width as f32 - 1.0, self.height as f32 - 1.0);
        if !(0.0..=self.width as f32).contains(&point.x) || !(0.0..=self.height as f32).contains(&point.y) {
            return None;
        }
        let (x, y) = ((point.x - 0.5).clamp(0.0, right), (point.y - 0.5).clamp(0.0, down));
        let (left, top) = (whole(x) as usize, whole(y) as usize);
        let (across, below) = (x - x.floor(), y - y.floor());
        let at =
            |x: usize, y: usize| f32::from(self.pixels[y.min(self.height - 1) * self.width + x.min(self.width - 1)]);
        let upper = at(left, top) * (1.0 - across) + at(left + 1, top) * across;
        let lower = at(left, top + 1) * (1.0 - across) + at(left + 1, top + 1) * across;
        Some(upper * (1.0 - below) + lower * below)
    }

    pub(super) fn contains(&self, point: Point) -> bool {
        point.x >= 0.0 && point.y >= 0.0 && point.x < self.width as f32 && point.y < self.height as f32
    }

    /// Dark and light exchanged.
    pub(super) fn inverted(&self) -> Self {
        Self { pixels: self.pixels.iter().map(|pixel| !pixel).collect(), ..*self }
    }

    /// Half as large, each pixel the mean of four. `None` when nothing would be left.
    pub(super) fn halved(&self) -> Option<Self> {
        let (width, height) = (self.width / 2, self.height / 2);
        if width == 0 || height == 0 {
            return None;
        }
        let mut pixels = Vec::with_capacity(width * height);
        for rows in self.pixels.chunks_exact(self.width * 2) {
            let (upper, lower) = rows.split_at(self.width);
            pixels.extend(upper.chunks_exact(2).zip(lower.chunks_exact(2)).map(|(above, below)| {
                let sum: u16 = above.iter().chain(below).map(|pixel| u16::from(*pixel)).sum();
                u8::try_from((sum + 2) / 4).unwrap_or(u8::MAX)
            }));
        }
        Some(Self { width, height, pixels, offset: self.offset, scale: self.scale / 2.0 })
    }

    /// Twice as large, in between by straight lines. `None` when it would have more than `most` pixels.
    pub(super) fn doubled(&self, most: usize) -> Option<Self> {
        let (width, height) = (self.width.checked_mul(2)?, self.height.checked_mul(2)?);
        if width.checked_mul(height)? > most {
            return None;
        }
        // Each new pixel is three parts of the pixel it lies in and one of the neighbour it lies towards, both ways.
        let mut pixels = Vec::with_capacity(width * height);
        let row = |y: usize| &self.pixels[y * self.width..(y + 1) * self.width];
        let mut mixed = vec![0_u16; self.width];
        for y in 0..height {
            let own = y / 2;
            let neighbour = if y % 2 == 0 { own.saturating_sub(1) } else { (own + 1).min(self.height - 1) };
            for (mix, (near, far)) in mixed.iter_mut().zip(row(own).iter().zip(row(neighbour))) {
                *mix = 3 * u16::from(*near) + u16::from(*far);
            }
            let mut push = |near: u16, far: u16| {
                pixels.push(u8::try_from((3 * near + far + 8) / 16).unwrap_or(u8::MAX));
            };
            for (x, near) in mixed.iter().enumerate() {
                push(*near, mixed[x.saturating_sub(1)]);
                push(*near, mixed[(x + 1).min(self.width - 1)]);
            }
        }
        Some(Self { width, height, pixels, offset: self.offset, scale: self.scale * 2.0 })
    }

    /// Each pixel the mean of the square that reaches `radius` pixels to every side of it.
    pub(super) fn smoothed(&self, radius: usize) -> Self {
        let across = box_mean(&self.pixels, self.width, self.height, radius);
        let turned = transpose(&across, self.width, self.height);
        let down = box_mean(&turned, self.height, self.width, radius);
        Self { pixels: transpose(&down, self.height, self.width), ..*self }
    }
}

/// Mean of `2 * radius + 1` neighbours in each row, fewer at its ends.
fn box_mean(pixels: &[u8], width: usize, height: usize, radius: usize) -> Vec<u8> {
    let mut means = Vec::with_capacity(pixels.len());
    for row in pixels.chunks_exact(width).take(height) {
        let mut sum: u32 = row.iter().take(radius).map(|pixel| u32::from(*pixel)).sum();
        let mut count = u32::try_from(radius.min(width)).unwrap_or(u32::MAX);
        for x in 0..width {
            if let Some(entering) = row.get(x + radius) {
                sum += u32::from(*entering);
                count += 1;
            }
            if x > radius {
                sum -= u32::from(row[x - radius - 1]);
                count -= 1;
            }
            means.push(u8::try_from((sum + count / 2) / count.max(1)).unwrap_or(u8::MAX));
        }
    }
    means
}

fn transpose(pixels: &[u8], width: usize, height: usize) -> Vec<u8> {
    let mut turned = vec![0; pixels.len()];
    // In tiles, so that both sides stay in the cache.
    for top in (0..height).step_by(32) {
        for left in (0..width).step_by(32) {
            for y in top..(top + 32).min(height) {
                for x in left..(left + 32).min(width) {
                    turned[x * height + y] = pixels[y * width + x];
                }
            }
        }
    }
    turned
}

/// How the threshold between dark and light is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Threshold {
    /// Blocks to every side whose mean brightness is taken.
    pub(super) radius: usize,
    /// Sixteenths of that mean; less than 16 keeps the noise of blank paper light.
    pub(super) sixteenths: u32,
}

/// For each block of the canvas the brightness under which a pixel is dark.
#[derive(Clone, Debug)]
pub(super) struct Levels {
    columns: usize,
    thresholds: Vec<u8>,
}

impl Levels {
    pub(super) fn new(canvas: &Canvas, threshold: Threshold) -> Self {
        let (columns, rows) = (canvas.width.div_ceil(BLOCK), canvas.height.div_ceil(BLOCK));
        // Sums over everything above and to the left of each block corner: brightness and pixels.
        let stride = columns + 1;
        let mut sums = vec![(0_u64, 0_u64); stride * (rows + 1)];
        for (block_row, band) in canvas.pixels.chunks(canvas.width * BLOCK).enumerate() {
            // Pairs of pixels side by side are added up in lanes of 16 bits, which a block of eight rows cannot overflow.
            let mut lanes = vec![0_u64; canvas.width / BLOCK];
            let mut brightness = vec![0_u32; columns];
            for line in band.chunks_exact(canvas.width) {
                let (blocks, rest) = line.as_chunks::<BLOCK>();
                for (lane, block) in lanes.iter_mut().zip(blocks) {
                    let pixels = u64::from_le_bytes(*block);
                    *lane += (pixels & EVERY_SECOND) + (pixels >> 8 & EVERY_SECOND);
                }
                if let Some(last) = brightness.last_mut() {
                    *last += rest.iter().map(|pixel| u32::from(*pixel)).sum::<u32>();
                }
            }
            for (sum, lane) in brightness.iter_mut().zip(&lanes) {
                *sum += [0, 16, 32, 48]
                    .map(|shift| u32::try_from(lane >> shift & 0xffff).unwrap_or_default())
                    .iter()
                    .sum::<u32>();
            }
            let lines = (band.len() / canvas.width) as u64;
            let (mut total, mut area) = (0, 0);
            for (column, sum) in brightness.iter().enumerate() {
                let columns_here = BLOCK.min(canvas.width - column * BLOCK) as u64;
                total += u64::from(*sum);
                area += lines * columns_here;
                let above = sums[block_row * stride + column + 1];
                sums[(block_row + 1) * stride + column + 1] = (above.0 + total, above.1 + area);
            }
        }
        let mut thresholds = Vec::with_capacity(columns * rows);
        for row in 0..rows {
            let (top, bottom) = (row.saturating_sub(threshold.radius), (row + threshold.radius + 1).min(rows));
            for column in 0..columns {
                let (left, right) =
                    (column.saturating_sub(threshold.radius), (column + threshold.radius + 1).min(columns));
                let at = |row: usize, column: usize| sums[row * stride + column];
                let (a, b, c, d) = (at(top, left), at(top, right), at(bottom, left), at(bottom, right));
                let brightness = d.0 + a.0 - b.0 - c.0;
                let area = d.1 + a.1 - b.1 - c.1;
                let level = brightness * u64::from(threshold.sixteenths) / (16 * area.max(1));
                thresholds.push(u8::try_from(level).unwrap_or(u8::MAX));
            }
        }
        Self { columns, thresholds }
    }

    /// The threshold at a pixel of the canvas.
    pub(super) fn at(&self, x: usize, y: usize) -> u8 {
        self.thresholds.get(y / BLOCK * self.columns + x / BLOCK).copied().unwrap_or(0)
    }

    /// Whether a pixel is dark; `None` outside the canvas.
    pub(super) fn is_dark(&self, canvas: &Canvas, x: usize, y: usize) -> Option<bool> {
        if x >= canvas.width {
            return None;
        }
        canvas.pixels.get(y * canvas.width + x).map(|pixel| *pixel < self.at(x, y))
    }

    /// Whether the position is dark; `None` outside the canvas.
    pub(super) fn is_dark_at(&self, canvas: &Canvas, point: Point) -> Option<bool> {
        self.is_dark(canvas, cell(point.x, canvas.width)?, cell(point.y, canvas.height)?)
    }

    /// Columns of a row at which the colour changes, beginning with the first dark pixel; the row's length ends it.
    /// So the runs `edges[0]..edges[1]`, `edges[2]..edges[3]` ... are dark.
    pub(super) fn edges(&self, canvas: &Canvas, row: usize, edges: &mut Vec<usize>) {
        edges.clear();
        let start = row * canvas.width;
        let Some(line) = canvas.pixels.get(start..start + canvas.width) else {
            return;
        };
        let block_start = row / BLOCK * self.columns;
        let Some(thresholds) = self.thresholds.get(block_start..block_start + self.columns) else {
            return;
        };
        let mut before = 0_u8;
        let mut chunks = line.chunks_exact(BLOCK);
        let mut column = 0;
        for (chunk, threshold) in chunks.by_ref().zip(thresholds) {
            let Ok(bytes) = <[u8; BLOCK]>::try_from(chunk) else {
                break;
            };
            let dark = below(u64::from_le_bytes(bytes), *threshold);
            let mut changes = dark ^ ((dark << 1) | before);
            while changes != 0 {
                edges.push(column + changes.trailing_zeros() as usize);
                changes &= changes - 1;
            }
            before = dark >> 7;
            column += BLOCK;
        }
        let threshold = thresholds.last().copied().unwrap_or(0);
        for (index, pixel) in chunks.remainder().iter().enumerate() {
            let dark = u8::from(*pixel < threshold);
            if dark != before {
                edges.push(column + index);
                before = dark;
            }
        }
        edges.push(canvas.width);
    }
}

/// Bit `i` tells whether byte `i` of `bytes` is less than `threshold`: eight comparisons at once.
fn below(bytes: u64, threshold: u8) -> u8 {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let limit = u64::from(threshold) * 0x0101_0101_0101_0101;
    // High bit of each byte of `difference`: the low seven bits of the byte are not less than those of the threshold.
    let difference = (bytes | HIGH) - (limit & !HIGH);
    let less = ((!bytes & limit) | (!(bytes ^ limit) & !difference)) & HIGH;
    ((less >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56).to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn canvas(width: usize, height: usize, pixels: Vec<u8>) -> Canvas {
        Canvas { width, height, pixels, offset: Point::default(), scale: 1.0 }
    }

    proptest! {
        #[test]
        fn eight_comparisons_at_once_are_the_eight(bytes in any::<[u8; 8]>(), threshold in any::<u8>()) {
            let bits = below(u64::from_le_bytes(bytes), threshold);
            for (index, byte) in bytes.iter().enumerate() {
                prop_assert_eq!((bits >> index) & 1 == 1, *byte < threshold);
            }
        }

        #[test]
        fn edges_are_where_the_colour_changes((width, pixels) in (1..70_usize).prop_flat_map(|width|
            (Just(width), prop::collection::vec(any::<u8>(), width * 3)))) {
            let canvas = canvas(width, 3, pixels);
            let levels = Levels::new(&canvas, Threshold { radius: 2, sixteenths: 16 });
            let mut edges = Vec::new();
            for y in 0..3 {
                levels.edges(&canvas, y, &mut edges);
                let mut expected = Vec::new();
                let mut before = false;
                for x in 0..width {
                    let dark = levels.is_dark(&canvas, x, y).unwrap();
                    if dark != before {
                        expected.push(x);
                    }
                    before = dark;
                }
                expected.push(width);
                prop_assert_eq!(&edges, &expected);
            }
        }

        #[test]
        fn every_preparation_keeps_its_size((width, height, radius, pixels) in (1..40_usize, 1..40_usize, 0..50_usize)
            .prop_flat_map(|(w, h, r)| (Just(w), Just(h), Just(r), prop::collection::vec(any::<u8>(), w * h)))) {
            let canvas = canvas(width, height, pixels);
            prop_assert_eq!(canvas.smoothed(radius).pixels.len(), width * height);
            let doubled = canvas.doubled(usize::MAX).unwrap();
            prop_assert_eq!(doubled.pixels.len(), 4 * width * height);
            if let Some(halved) = canvas.halved() {
                prop_assert_eq!(halved.pixels.len(), halved.width * halved.height);
            }
        }
    }

    #[test]
    fn positions_find_their_way_back() {
        let picture = GreyPicture::new(20, 30, vec![9; 600]).unwrap();
        let canvas = Canvas::crop(&picture, 4, 10, 20, 30).unwrap().halved().unwrap();
        assert_eq!((canvas.width, canvas.height), (8, 10));
        assert_eq!(canvas.to_original(Point::new(3.0, 2.0)), Point::new(10.0, 14.0));
        assert!(Canvas::crop(&picture, 4, 4, 21, 8).is_none());
        assert!(Canvas::crop(&picture, 4, 4, 4, 8).is_none());
    }

    #[test]
    fn smoothing_takes_means() {
        let smooth = canvas(5, 1, vec![0, 0, 90, 0, 0]).smoothed(1);
        assert_eq!(smooth.pixels, [0, 30, 30, 30, 0]);
    }
}
