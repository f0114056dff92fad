//! Quantised coefficients of a whole picture, and blanking some of them.

use super::frame::Frame;
use crate::picture::Rectangle;

/// The 64 quantised coefficients of a block in zigzag order, the DC coefficient first and not as a difference.
pub type Block = [i16; 64];

/// All blocks of one component, row by row, with those that only fill the last units of the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plane {
    /// Blocks in a row.
    pub blocks_wide: u32,
    /// Rows of blocks.
    pub blocks_high: u32,
    /// `blocks_wide * blocks_high` blocks.
    pub blocks: Vec<Block>,
}

/// All that the pixels of a sequential JPEG are made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coefficients {
    pub(super) frame: Frame,
    /// One for each component: grey, or luma and two chroma.
    pub(super) planes: Vec<Plane>,
}

impl Coefficients {
    /// Width in pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.frame.width
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.frame.height
    }

    /// One for each component: grey, or luma and two chroma.
    #[must_use]
    pub fn planes(&self) -> &[Plane] {
        &self.planes
    }

    /// Width and height in pixels of the smallest area that can be blanked: 8 x 8 where no component is subsampled,
    /// often 16 x 16 in colour.
    #[must_use]
    pub fn unit_size(&self) -> (u32, u32) {
        self.frame.unit_size()
    }

    /// The smallest rectangle of whole units around `area`, cut to the picture; `None` when it lies outside.
    #[must_use]
    pub fn around(&self, area: Rectangle) -> Option<Rectangle> {
        let units = self.units(area)?;
        let (across, down) = self.unit_size();
        Rectangle {
            left: units.left * across,
            top: units.top * down,
            width: units.width * across,
            height: units.height * down,
        }
        .within(self.width(), self.height())
    }

    /// Blanks every unit that an area touches to flat mid-grey; all other coefficients stay as they are. Blocks that
    /// lie beyond the picture's edge but in a touched unit are blanked too, since they repeat what is at the edge.
    pub fn wipe(&mut self, areas: &[Rectangle]) {
        for units in areas.iter().filter_map(|&area| self.units(area)).collect::<Vec<_>>() {
            for (component, plane) in self.frame.components.iter().zip(&mut self.planes) {
                let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
                let rows = plane.blocks.chunks_exact_mut(count(plane.blocks_wide));
                let first = count(units.top * component.vertical);
                for row in rows.skip(first).take(count(units.height * component.vertical)) {
                    let first = count(units.left * component.horizontal);
                    for block in row.iter_mut().skip(first).take(count(units.width * component.horizontal)) {
                        *block = [0; 64];
                    }
                }
            }
        }
    }

    /// An area in units instead of pixels.
    fn units(&self, area: Rectangle) -> Option<Rectangle> {
        let area = area.within(self.width(), self.height())?;
        let (across, down) = self.unit_size();
        let (left, top) = (area.left / across, area.top / down);
        Some(Rectangle {
            left,
            top,
            width: area.right().div_ceil(across) - left,
            height: area.bottom().div_ceil(down) - top,
        })
    }
}
