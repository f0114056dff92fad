//! What a picture may cost, and what can be wrong with it.

use super::{Format, Rectangle};
use thiserror::Error;

/// How much a picture may claim before it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Size of the file in bytes.
    pub max_bytes: u64,
    /// Width times height.
    pub max_pixels: u64,
    /// Bytes of memory that decoding may hold at once, beside the file itself.
    pub max_memory: u64,
}

impl Default for Limits {
    /// 64 MiB, 100 megapixels, 400 MiB: a long strip at 600 dots per inch passes, a decompression bomb does not.
    fn default() -> Self {
        Self { max_bytes: 64 << 20, max_pixels: 100_000_000, max_memory: 400 << 20 }
    }
}

impl Limits {
    pub(crate) fn check_bytes(&self, bytes: &[u8]) -> Result<(), PictureError> {
        let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if found > self.max_bytes {
            return Err(PictureError::TooManyBytes { found, limit: self.max_bytes });
        }
        Ok(())
    }

    /// Checks a size that a header claims, and the memory that decoding it takes at `bytes_per_pixel`.
    pub(crate) fn check_size(
        &self,
        format: Format,
        width: u32,
        height: u32,
        bytes_per_pixel: u64,
    ) -> Result<(), PictureError> {
        let pixels = u64::from(width) * u64::from(height);
        if pixels == 0 {
            return Err(PictureError::NoPixels { format, width, height });
        }
        if pixels > self.max_pixels {
            return Err(PictureError::TooManyPixels { width, height, limit: self.max_pixels });
        }
        let needed = pixels.saturating_mul(bytes_per_pixel);
        if needed > self.max_memory {
            return Err(PictureError::TooMuchMemory { width, height, needed, limit: self.max_memory });
        }
        Ok(())
    }
}

/// Why a file could not be read as a picture. Every variant carries what was found.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PictureError {
    /// A file of zero bytes.
    #[error("the file is empty (0 bytes); copy it again from its source")]
    Empty,
    /// The file is longer than the limit.
    #[error("the file has {found} bytes, more than the {limit} allowed for one picture")]
    TooManyBytes {
        /// Bytes in the file.
        found: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// A file of another kind, known by its first bytes.
    #[error("this is {found}, not a JPEG, PNG, TIFF or WebP picture; {advice}")]
    Foreign {
        /// What it is, with its article.
        found: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// A file of a kind nobody knows.
    #[error("not a JPEG, PNG, TIFF or WebP picture: the file starts with {start}")]
    Unknown {
        /// The first bytes in hexadecimal.
        start: String,
    },
    /// A picture whose width or height is 0.
    #[error("the {format} says it is {width} x {height} pixels")]
    NoPixels {
        /// The kind of picture.
        format: Format,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// A picture that claims more pixels than allowed.
    #[error("the picture claims {width} x {height} pixels, more than the {limit} allowed; scan at a lower resolution")]
    TooManyPixels {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Width times height allowed.
        limit: u64,
    },
    /// A picture that would take more memory than allowed.
    #[error(
        "decoding {width} x {height} pixels of this kind takes {needed} bytes of memory, more than the {limit} allowed; \
         save it as an 8-bit grey picture"
    )]
    TooMuchMemory {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Bytes needed.
        needed: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// An animation: nobody could say which of its frames is the sheet.
    #[error("the {format} is an animation; save the frame that shows the sheet as a still picture")]
    Animated {
        /// The kind of picture.
        format: Format,
    },
    /// A file with several full pages.
    #[error("the {format} holds {pages} pages; save each page as a picture of its own")]
    SeveralPages {
        /// The kind of picture.
        format: Format,
        /// Number of full pages, thumbnails not counted.
        pages: usize,
    },
    /// A part was asked for that the picture does not have.
    #[error("the area {region} (width x height + left + top) lies outside the picture of {width} x {height} pixels")]
    Outside {
        /// The part, in pixels.
        region: Rectangle,
        /// Width of the picture in pixels.
        width: u32,
        /// Height of the picture in pixels.
        height: u32,
    },
    /// The file stops before the picture does.
    #[error("the {format} is cut short: it ends after {length} bytes, inside {inside}; copy it again from its source")]
    Truncated {
        /// The kind of picture.
        format: Format,
        /// Bytes in the file.
        length: usize,
        /// The part that was being read.
        inside: String,
    },
    /// The file contradicts its format.
    #[error("the {format} is damaged at byte {offset}: {what}")]
    Corrupt {
        /// The kind of picture.
        format: Format,
        /// Where in the file, in bytes from its start.
        offset: usize,
        /// What is wrong there.
        what: String,
    },
    /// The file could not be decoded, and the decoder cannot say where it failed.
    #[error("the {format} cannot be decoded: {what}")]
    Undecodable {
        /// The kind of picture.
        format: Format,
        /// What the decoder said.
        what: String,
    },
    /// A valid file of a kind that is not read.
    #[error("the {format} uses {what}, which is not read here; save it as an ordinary JPEG or PNG")]
    Unsupported {
        /// The kind of picture.
        format: Format,
        /// The feature.
        what: String,
    },
}
