//! Hiding areas with personal data in what is published.
//!
//! A sheet shows the names, identity numbers and signatures of the people who ran the polling table. What is published
//! of it has those areas blanked, and nothing else changed: in a sequential JPEG the touched blocks are zeroed among the
//! quantised coefficients and all others are written back as they came; any other picture is decoded, filled and stored
//! losslessly as PNG. Where the areas lie is data of a country pack, in ten-thousandths of the sheet's width and height.
//! What is hidden is rounded outwards to whole groups of pixels, so that everything else can be proved unchanged
//! ([`crate::proof`]).
//!
//! In a colour JPEG with subsampled chroma, a decoder that smooths colours lets the blank's grey run one or two pixels
//! into the neighbouring unit's colour. Brightness outside the mask is untouched.

pub use crate::picture::Rectangle;

use crate::metadata::Stripped;
use crate::picture::{Limits, PictureError};
use crate::proof::Pixels;
use thiserror::Error;

/// The whole width or height, in the unit of an [`Area`].
const WHOLE: u16 = 10_000;

/// A rectangle in ten-thousandths of the width and height of a sheet that is seen upright.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Area {
    left: u16,
    top: u16,
    width: u16,
    height: u16,
}

impl Area {
    /// All four in ten-thousandths: of the sheet's width for `left` and `width`, of its height for `top` and `height`.
    ///
    /// # Errors
    /// [`MaskError::NoArea`] when it is empty or reaches beyond the sheet.
    pub fn new(left: u16, top: u16, width: u16, height: u16) -> Result<Self, MaskError> {
        let fits = |start: u16, length: u16| length > 0 && start.checked_add(length).is_some_and(|end| end <= WHOLE);
        if fits(left, width) && fits(top, height) {
            Ok(Self { left, top, width, height })
        } else {
            Err(MaskError::NoArea { left, top, width, height })
        }
    }

    /// The smallest rectangle of whole pixels around the area in an upright picture of this size.
    #[must_use]
    pub fn place(&self, width: u32, height: u32) -> Rectangle {
        let (left, right) = stretch(self.left, self.width, width);
        let (top, bottom) = stretch(self.top, self.height, height);
        Rectangle { left, top, width: right - left, height: bottom - top }
    }
}

/// First pixel and first pixel after, rounded outwards.
fn stretch(start: u16, length: u16, pixels: u32) -> (u32, u32) {
    let whole = u64::from(WHOLE);
    let first = u64::from(start) * u64::from(pixels) / whole;
    let end = (u64::from(start) + u64::from(length)) * u64::from(pixels);
    let end = end.div_ceil(whole);
    // Neither exceeds `pixels`.
    (u32::try_from(first).unwrap_or(pixels), u32::try_from(end).unwrap_or(pixels))
}

/// What is published of a sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendition {
    /// A picture file without metadata; a JPEG states its orientation where that is not upright, and nothing else.
    pub bytes: Vec<u8>,
    /// `jpg` or `png`.
    pub extension: &'static str,
    /// The media type that goes with it.
    pub media_type: &'static str,
    /// Width in pixels as the picture is seen.
    pub width: u32,
    /// Height in pixels as the picture is seen.
    pub height: u32,
    /// What is hidden, in pixels of the picture as it is seen: one rectangle for each area, rounded outwards to what
    /// could be blanked.
    pub masked: Vec<Rectangle>,
}

/// Why a sheet could not be masked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MaskError {
    /// An area that is empty or reaches beyond the sheet.
    #[error(
        "an area of {width} x {height} at {left}, {top} is empty or reaches beyond the sheet, which is 10000 wide and high"
    )]
    NoArea {
        /// Left edge in ten-thousandths.
        left: u16,
        /// Top edge in ten-thousandths.
        top: u16,
        /// Width in ten-thousandths.
        width: u16,
        /// Height in ten-thousandths.
        height: u16,
    },
    /// A mask would hide something that must stay visible.
    #[error(
        "masked area {number} ({masked}, width x height + left + top) would cover {kept}, which must stay visible; \
         make the area smaller"
    )]
    Covers {
        /// Which of the areas, counted from 1.
        number: usize,
        /// The area in pixels, rounded outwards to what can be blanked.
        masked: Rectangle,
        /// The part that must stay visible.
        kept: Rectangle,
    },
    /// The picture itself cannot be read.
    #[error(transparent)]
    Picture(#[from] PictureError),
}

/// Makes what is published of a sheet: the picture with `areas` blanked to mid-grey. `keep`, in pixels of the upright
/// picture, are parts that must stay visible, such as vote cells and codes. Without areas it is a clean copy.
///
/// # Errors
/// [`MaskError::Covers`] when an area, rounded outwards to what can be blanked, touches a part to keep, and
/// [`MaskError::Picture`] when the picture cannot be decoded within `limits`.
pub fn rendition(
    stripped: &Stripped,
    areas: &[Area],
    keep: &[Rectangle],
    limits: &Limits,
) -> Result<Rendition, MaskError> {
    let pixels = Pixels::of(stripped, limits)?;
    let masked = cover(&pixels, areas, keep)?;
    Ok(pixels.masked(&masked)?)
}

/// What will be hidden of a picture so that nothing of `areas` shows: one rectangle for each, rounded outwards to whole
/// groups, in pixels of the picture as it is seen.
///
/// # Errors
/// [`MaskError::Covers`] when one of them touches a part of `keep`.
pub fn cover(pixels: &Pixels, areas: &[Area], keep: &[Rectangle]) -> Result<Vec<Rectangle>, MaskError> {
    let (width, height) = pixels.seen_size();
    let masked: Vec<Rectangle> = areas.iter().filter_map(|area| pixels.around(area.place(width, height))).collect();
    check_kept(&masked, keep)?;
    Ok(masked)
}

fn check_kept(masked: &[Rectangle], keep: &[Rectangle]) -> Result<(), MaskError> {
    for (number, &masked) in (1..).zip(masked) {
        if let Some(&kept) = keep.iter().find(|kept| kept.intersection(&masked).is_some()) {
            return Err(MaskError::Covers { number, masked, kept });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_lies_inside_the_sheet() {
        assert!(Area::new(0, 0, 10_000, 10_000).is_ok());
        assert!(Area::new(9_999, 9_999, 1, 1).is_ok());
        for (left, top, width, height) in [(0, 0, 0, 1), (0, 0, 1, 0), (1, 0, 10_000, 1), (0, 65_535, 1, 1)] {
            assert_eq!(Area::new(left, top, width, height), Err(MaskError::NoArea { left, top, width, height }));
        }
    }

    #[test]
    fn an_area_is_rounded_outwards_to_pixels() {
        let place = |left, top, width, height, size: (u32, u32)| {
            Area::new(left, top, width, height).unwrap().place(size.0, size.1).to_string()
        };
        assert_eq!(place(0, 0, 10_000, 10_000, (628, 6_800)), "628x6800+0+0");
        assert_eq!(place(0, 5_000, 10_000, 2_500, (628, 6_801)), "628x1701+0+3400");
        assert_eq!(place(3_333, 3_333, 1, 1, (100, 10)), "1x1+33+3");
        assert_eq!(place(9_999, 9_999, 1, 1, (3, 3)), "1x1+2+2");
        assert_eq!(place(0, 0, 10_000, 10_000, (u32::MAX, u32::MAX)), format!("{0}x{0}+0+0", u32::MAX));
    }
}
