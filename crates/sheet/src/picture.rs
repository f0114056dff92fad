//! Bounded decoding: what kind of picture is this, and what are its pixels.
//!
//! Whatever a stranger sends is opened here first. The kind is decided from the bytes, never from a file name; the
//! sizes a header claims are held against [`Limits`] before anything is allocated; and whatever cannot be read becomes
//! a [`PictureError`] that says what was found and what to do.

mod error;
mod format;
mod geometry;
mod raster;

pub use error::{Limits, PictureError};
pub use format::{Format, sniff};
pub use geometry::{Orientation, Rectangle};

pub(crate) use raster::{decode_image, encode_png};

use crate::jpeg::Jpeg;
use crate::metadata;
use image::{DynamicImage, GrayImage};

/// An 8-bit grey picture, row by row from the top left, without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GreyPicture {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl GreyPicture {
    /// `pixels` holds `width * height` bytes; `None` when it does not.
    #[must_use]
    pub fn new(width: u32, height: u32, pixels: Vec<u8>) -> Option<Self> {
        let expected = usize::try_from(u64::from(width) * u64::from(height)).ok()?;
        (pixels.len() == expected).then_some(Self { width, height, pixels })
    }

    /// Width in pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// All pixels, row by row; 0 is black, 255 is white.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The part inside `area`, cut to the picture; `None` when nothing of it lies inside.
    #[must_use]
    pub fn crop(&self, area: Rectangle) -> Option<Self> {
        let area = area.within(self.width, self.height)?;
        let width = usize::try_from(area.width).ok()?;
        let left = usize::try_from(area.left).ok()?;
        let stride = usize::try_from(self.width).ok()?;
        let mut pixels = Vec::with_capacity(width * usize::try_from(area.height).ok()?);
        for row in self
            .pixels
            .chunks_exact(stride)
            .skip(usize::try_from(area.top).ok()?)
            .take(usize::try_from(area.height).ok()?)
        {
            pixels.extend_from_slice(row.get(left..left + width)?);
        }
        Self::new(area.width, area.height, pixels)
    }

    /// A PNG file of the picture.
    ///
    /// # Errors
    /// When it has no pixels.
    pub fn to_png(self) -> Result<Vec<u8>, PictureError> {
        let (width, height) = (self.width, self.height);
        let none = PictureError::NoPixels { format: Format::Png, width, height };
        let image = GrayImage::from_raw(width, height, self.pixels).filter(|_| width > 0 && height > 0).ok_or(none)?;
        encode_png(&DynamicImage::ImageLuma8(image))
    }

    /// The picture as it is meant to be seen, when it is stored under `orientation`.
    #[must_use]
    pub fn upright(self, orientation: Orientation) -> Self {
        if orientation == Orientation::UPRIGHT {
            return self;
        }
        let Self { width, height, pixels } = self;
        let (size, flips) = (orientation.upright_size(width, height), orientation);
        let mut turned = vec![0; pixels.len()];
        let stride = usize::try_from(size.0).unwrap_or(usize::MAX);
        let mut source = pixels.iter();
        for top in 0..height {
            for left in 0..width {
                let stored = Rectangle { left, top, width: 1, height: 1 };
                let seen = flips.upright_rectangle(stored, width, height);
                let at = usize::try_from(seen.top)
                    .ok()
                    .zip(usize::try_from(seen.left).ok())
                    .map(|(row, column)| row * stride + column);
                if let (Some(target), Some(&level)) = (at.and_then(|at| turned.get_mut(at)), source.next()) {
                    *target = level;
                }
            }
        }
        Self { width: size.0, height: size.1, pixels: turned }
    }
}

/// Width and height that a file claims in its header, as its pixels are stored; `None` where it is no picture.
#[must_use]
pub fn claimed_size(bytes: &[u8]) -> Option<(u32, u32)> {
    raster::claimed_size(bytes, sniff(bytes).ok()?)
}

/// Decodes a JPEG, PNG, TIFF or WebP picture to grey, upright as its EXIF orientation says, transparency over white.
///
/// Grey is the luma of ITU-R BT.601, as JPEG stores it. An animation is refused rather than reduced to one frame,
/// because nobody could say which frame is the sheet.
///
/// # Errors
/// When the bytes are no such picture, are cut short or damaged, or would need more than `limits` allows.
pub fn decode_grey(bytes: &[u8], limits: &Limits) -> Result<GreyPicture, PictureError> {
    limits.check_bytes(bytes)?;
    if sniff(bytes)? == Format::Tiff {
        let (image, orientation) = metadata::decode_tiff(bytes, limits)?;
        return Ok(grey(image).upright(orientation));
    }
    metadata::strip(bytes, limits)?.decode_grey(limits)
}

/// The grey pixels of a file as they are stored, whatever its metadata says.
pub(crate) fn decode_grey_as_stored(
    bytes: &[u8],
    format: Format,
    limits: &Limits,
) -> Result<GreyPicture, PictureError> {
    if format == Format::Jpeg {
        match Jpeg::parse(bytes, limits).and_then(|jpeg| jpeg.decode_grey()) {
            // Kinds that are not read there, and damage that a more lenient decoder may show something of.
            Err(PictureError::Unsupported { .. }) => {}
            Err(damage @ PictureError::Corrupt { .. }) => {
                return decode_image(bytes, format, limits, 1).map(grey).map_err(|_| damage);
            }
            decided => return decided,
        }
    }
    decode_image(bytes, format, limits, 1).map(grey)
}

/// A decoded picture reduced to grey, transparency over white.
pub(crate) fn grey(image: DynamicImage) -> GreyPicture {
    let (width, height) = (image.width(), image.height());
    let pixels = match image {
        DynamicImage::ImageLuma8(image) => image.into_raw(),
        DynamicImage::ImageLumaA8(image) => image.pixels().map(|p| over_white(u32::from(p.0[0]), p.0[1])).collect(),
        DynamicImage::ImageRgb8(image) => image.pixels().map(|p| luma(p.0)).collect(),
        DynamicImage::ImageRgba8(image) => {
            image.pixels().map(|p| over_white(u32::from(luma([p.0[0], p.0[1], p.0[2]])), p.0[3])).collect()
        }
        DynamicImage::ImageLuma16(image) => image.pixels().map(|p| high_byte(p.0[0])).collect(),
        DynamicImage::ImageLumaA16(image) => {
            image.pixels().map(|p| over_white(u32::from(high_byte(p.0[0])), high_byte(p.0[1]))).collect()
        }
        DynamicImage::ImageRgb16(image) => image.pixels().map(|p| luma(p.0.map(high_byte))).collect(),
        DynamicImage::ImageRgba16(image) => image
            .pixels()
            .map(|p| p.0.map(high_byte))
            .map(|[red, green, blue, alpha]| over_white(u32::from(luma([red, green, blue])), alpha))
            .collect(),
        other => other.to_rgb8().pixels().map(|p| luma(p.0)).collect(),
    };
    GreyPicture { width, height, pixels }
}

fn luma([red, green, blue]: [u8; 3]) -> u8 {
    // 0.299 R + 0.587 G + 0.114 B in 65536ths.
    let sum = 19_595 * u32::from(red) + 38_470 * u32::from(green) + 7_471 * u32::from(blue) + 32_768;
    sum.to_le_bytes()[2]
}

fn over_white(level: u32, alpha: u8) -> u8 {
    let alpha = u32::from(alpha);
    u8::try_from((level * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
}

fn high_byte(level: u16) -> u8 {
    level.to_be_bytes()[0]
}
