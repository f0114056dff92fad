//! Removing everything from a picture file that is not its pixels.
//!
//! A photo names its camera, its owner, the place and the minute; a scan names the computer and its user. People have
//! been arrested for such sheets, so nothing of that is ever stored. A list of known metadata would always miss one, so
//! the opposite is done: only the parts that pixels are decoded from are copied, bit for bit, into a new file.
//!
//! - JPEG: quantisation and Huffman tables, frame, scans, restart interval; a fresh JFIF or Adobe marker where the
//!   colours depend on it.
//! - PNG: `IHDR PLTE tRNS IDAT IEND`.
//! - WebP: `VP8 `, `VP8L`, `ALPH`.
//! - TIFF: no browser shows it, and its strips may themselves be files with metadata. It is decoded and written
//!   losslessly as PNG, so the result's format is PNG.
//!
//! Pixel data is copied without being looked into: what somebody hid inside it stays. What is published is written anew
//! from coefficients or pixels ([`crate::mask::rendition`]), so it cannot hold that either.
//!
//! Thumbnails, second pictures and bytes after the end go with the rest; a picture that is at the same time an archive
//! or a document is afterwards only a picture. Which way up a camera held the sheet is kept as a number beside the file.

mod exif;
mod jpeg;
mod png;
mod tiff;
mod webp;

pub(crate) use exif::minimal as minimal_exif;
pub(crate) use jpeg::{JFIF, adobe, orientation as jpeg_orientation, write_segment as write_jpeg_segment};
pub(crate) use tiff::decode as decode_tiff;

use crate::picture::{self, Format, GreyPicture, Limits, Orientation, PictureError};

/// A picture file that holds nothing but its pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stripped {
    /// The kind of `bytes`.
    pub format: Format,
    /// Width in pixels, as stored.
    pub width: u32,
    /// Height in pixels, as stored.
    pub height: u32,
    /// The file.
    pub bytes: Vec<u8>,
    /// Which way up the stored pixels are to be seen. No longer stated in `bytes`.
    pub orientation: Orientation,
}

impl Stripped {
    /// Width and height as the picture is seen, after `orientation`.
    #[must_use]
    pub fn upright_size(&self) -> (u32, u32) {
        self.orientation.upright_size(self.width, self.height)
    }

    /// The picture in grey, as it is seen.
    ///
    /// # Errors
    /// When the pixels are damaged, or would need more memory than `limits` allows.
    pub fn decode_grey(&self, limits: &Limits) -> Result<GreyPicture, PictureError> {
        Ok(picture::decode_grey_as_stored(&self.bytes, self.format, limits)?.upright(self.orientation))
    }
}

/// Copies the pixels of a picture file into a new file that holds nothing else.
///
/// Stripping what was already stripped gives the same bytes (and an upright orientation).
///
/// # Errors
/// When the bytes are no picture read here, are cut short or contradict their format, or exceed `limits`. The pixels
/// themselves are decoded only for TIFF.
pub fn strip(bytes: &[u8], limits: &Limits) -> Result<Stripped, PictureError> {
    limits.check_bytes(bytes)?;
    match picture::sniff(bytes)? {
        Format::Jpeg => jpeg::strip(bytes, limits),
        Format::Png => png::strip(bytes, limits),
        Format::WebP => webp::strip(bytes, limits),
        Format::Tiff => {
            let (image, orientation) = tiff::decode(bytes, limits)?;
            let (width, height) = (image.width(), image.height());
            Ok(Stripped { format: Format::Png, width, height, bytes: picture::encode_png(&image)?, orientation })
        }
    }
}
