//! A picture one can draw on.

use super::numbers::{coordinate, grey, index, signed, unsigned};
use crate::picture::GreyPicture;

/// The grey of blank paper on a sheet that was never captured.
pub(super) const WHITE: u8 = 255;

/// Grey pixels that can be changed; drawing outside of them does nothing.
#[derive(Clone)]
pub(super) struct Surface {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Surface {
    pub(super) fn filled(width: usize, height: usize, value: u8) -> Self {
        Self { width, height, pixels: vec![value; width * height] }
    }

    pub(super) fn of(picture: &GreyPicture) -> Self {
        Self {
            width: index(signed(picture.width())),
            height: index(signed(picture.height())),
            pixels: picture.pixels().to_vec(),
        }
    }

    #[expect(
        clippy::expect_used,
        reason = "every constructor makes width x height pixels and nothing resizes one alone"
    )]
    pub(super) fn into_picture(self) -> GreyPicture {
        GreyPicture::new(unsigned(coordinate(self.width)), unsigned(coordinate(self.height)), self.pixels)
            .expect("a surface holds width x height pixels")
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn height(&self) -> usize {
        self.height
    }

    pub(super) fn pixels_mut(&mut self) -> &mut [u8] {
        &mut self.pixels
    }

    #[cfg(test)]
    pub(super) fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The rows from top to bottom; none when the surface is empty.
    pub(super) fn rows_mut(&mut self) -> impl Iterator<Item = &mut [u8]> {
        self.pixels.chunks_exact_mut(self.width.max(1))
    }

    pub(super) fn row(&self, y: usize) -> Option<&[u8]> {
        self.pixels.get(y.checked_mul(self.width)?..)?.get(..self.width)
    }

    /// Adds blank rows at the foot until there are `height` of them.
    pub(super) fn extend_to(&mut self, height: usize) {
        if height > self.height {
            self.pixels.resize(self.width * height, WHITE);
            self.height = height;
        }
    }

    pub(super) fn get(&self, x: i32, y: i32) -> Option<u8> {
        let (x, y) = (usize::try_from(x).ok()?, usize::try_from(y).ok()?);
        if x < self.width && y < self.height { self.pixels.get(y * self.width + x).copied() } else { None }
    }

    fn at(&mut self, x: i32, y: i32) -> Option<&mut u8> {
        let (x, y) = (usize::try_from(x).ok()?, usize::try_from(y).ok()?);
        if x < self.width && y < self.height { self.pixels.get_mut(y * self.width + x) } else { None }
    }

    pub(super) fn set(&mut self, x: i32, y: i32, value: u8) {
        if let Some(pixel) = self.at(x, y) {
            *pixel = value;
        }
    }

    /// Moves a pixel towards `value` by `share` (0 leaves it, 1 replaces it).
    pub(super) fn blend(&mut self, x: i32, y: i32, value: u8, share: f32) {
        if let Some(pixel) = self.at(x, y) {
            let old = f32::from(*pixel);
            *pixel = grey(old + (f32::from(value) - old) * share.clamp(0.0, 1.0));
        }
    }

    pub(super) fn fill(&mut self, left: i32, top: i32, width: i32, height: i32, value: u8) {
        let (from, to) = (index(left).min(self.width), index(left.saturating_add(width)).min(self.width));
        for y in index(top)..index(top.saturating_add(height)).min(self.height) {
            if let Some(part) = self.pixels.get_mut(y * self.width + from..y * self.width + to.max(from)) {
                part.fill(value);
            }
        }
    }

    /// A round dot with a soft rim, its centre given in pixels.
    pub(super) fn dot(&mut self, x: f32, y: f32, radius: f32, value: u8, share: f32) {
        let reach = radius + 1.0;
        for row in super::numbers::floor(y - reach)..=super::numbers::floor(y + reach) {
            for column in super::numbers::floor(x - reach)..=super::numbers::floor(x + reach) {
                let (across, down) = (column as f32 + 0.5 - x, row as f32 + 0.5 - y);
                let inside = radius + 0.5 - (across * across + down * down).sqrt();
                if inside > 0.0 {
                    self.blend(column, row, value, share * inside.min(1.0));
                }
            }
        }
    }

    /// The grey that nine tenths of the pixels do not exceed: the paper, on a sheet that is mostly paper.
    pub(super) fn paper(&self) -> u8 {
        let mut counts = [0_usize; 256];
        for pixel in &self.pixels {
            counts[usize::from(*pixel)] += 1;
        }
        let mut seen = 0;
        for (value, count) in (0..=u8::MAX).zip(counts) {
            seen += count;
            if seen * 10 >= self.pixels.len() * 9 {
                return value;
            }
        }
        WHITE
    }
}
