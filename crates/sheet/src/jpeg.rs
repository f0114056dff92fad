//! The JPEG bit stream itself: quantised coefficients in and out, without touching pixels.
//!
//! Two things need this. A published sheet must hide some areas while everything else stays exactly as it came in, so
//! blocks are blanked among the quantised coefficients and all others are written back unchanged. And a code at the
//! foot of a long strip must be read without the cost of decoding the strip: the Huffman codes of the rest have to be
//! walked through, but neither kept nor transformed.
//!
//! Read here: baseline and extended sequential Huffman coding (ITU-T T.81), 8 bits per sample, one or three components,
//! any sampling factors, restart intervals, interleaved or separate scans. Everything else (progressive, arithmetic,
//! lossless, four components) is [`PictureError::Unsupported`] and left to the general decoder.

mod bits;
mod canonical;
mod coefficients;
mod encode;
mod frame;
mod huffman;
mod scan;
pub(crate) mod segment;
mod transform;

pub use coefficients::{Block, Coefficients, Plane};

use crate::picture::{Format, GreyPicture, Limits, Orientation, PictureError, Rectangle};
use frame::{Frame, Headers};

/// A JPEG file whose headers are understood and whose entropy-coded data is not decoded yet.
#[derive(Debug)]
pub struct Jpeg<'a>(Headers<'a>);

impl<'a> Jpeg<'a> {
    /// Reads the headers.
    ///
    /// # Errors
    /// When the file is cut short, contradicts itself, exceeds `limits`, or uses a coding that is not read here.
    pub fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Self, PictureError> {
        limits.check_bytes(bytes)?;
        let headers = frame::read(bytes)?;
        limits.check_size(Format::Jpeg, headers.frame.width, headers.frame.height, 1)?;
        Ok(Self(headers))
    }

    /// Width in pixels, as stored.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.0.frame.width
    }

    /// Height in pixels, as stored.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.0.frame.height
    }

    /// Which way up the stored pixels are to be seen.
    #[must_use]
    pub fn orientation(&self) -> Orientation {
        self.0.orientation
    }

    /// Decodes all quantised coefficients.
    ///
    /// # Errors
    /// When the entropy-coded data is damaged, or the coefficients need more memory than `limits` allows.
    pub fn coefficients(&self, limits: &Limits) -> Result<Coefficients, PictureError> {
        let needed = self.0.frame.components.iter().map(|component| component.padded_blocks() * 128).sum::<u64>();
        if needed > limits.max_memory {
            let Frame { width, height, .. } = self.0.frame;
            return Err(PictureError::TooMuchMemory { width, height, needed, limit: limits.max_memory });
        }
        scan::coefficients(&self.0.frame, &self.0.scans)
    }

    /// Decodes the luma of the part of the stored picture inside `region`, cut to the picture. Blocks outside are skipped
    /// without being transformed, and nothing is read below the region's last block row.
    ///
    /// # Errors
    /// When the region lies outside the picture, the entropy-coded data is damaged before the region's end, or the
    /// picture has no luma of full resolution (it is stored as RGB).
    pub fn decode_grey_region(&self, region: Rectangle) -> Result<GreyPicture, PictureError> {
        scan::grey_region(&self.0.frame, &self.0.scans, region)
    }

    /// Decodes the luma of the whole picture, as stored.
    ///
    /// # Errors
    /// As [`Self::decode_grey_region`].
    pub fn decode_grey(&self) -> Result<GreyPicture, PictureError> {
        self.decode_grey_region(Rectangle::whole(self.width(), self.height()))
    }
}
