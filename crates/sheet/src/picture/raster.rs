//! Decoding by the `image` crate, with its memory bounded and its failures told as ours.

use super::{Format, Limits, PictureError};
use image::codecs::{jpeg, png, tiff, webp};
use image::{DynamicImage, ImageDecoder, ImageEncoder, ImageError};
use std::io::{Cursor, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Decodes all pixels as they are stored. `copies` is how many further grey pictures of this size the caller will hold.
pub(crate) fn decode_image(
    bytes: &[u8],
    format: Format,
    limits: &Limits,
    copies: u64,
) -> Result<DynamicImage, PictureError> {
    // A decoder that gives up on hostile bytes by panicking must not end an import.
    catch_unwind(AssertUnwindSafe(|| decode(bytes, format, limits, copies))).unwrap_or_else(|_| {
        Err(PictureError::Undecodable { format, what: "the decoder failed on these bytes".to_owned() })
    })
}

/// Width and height in a file's header.
pub(crate) fn claimed_size(bytes: &[u8], format: Format) -> Option<(u32, u32)> {
    let reader = Cursor::new(bytes);
    let claimed = || match format {
        Format::Jpeg => jpeg::JpegDecoder::new(reader).ok().map(|decoder| decoder.dimensions()),
        Format::Png => png::PngDecoder::new(reader).ok().map(|decoder| decoder.dimensions()),
        Format::Tiff => tiff::TiffDecoder::new(reader).ok().map(|decoder| decoder.dimensions()),
        Format::WebP => webp::WebPDecoder::new(reader).ok().map(|decoder| decoder.dimensions()),
    };
    catch_unwind(AssertUnwindSafe(claimed)).ok().flatten()
}

fn decode(bytes: &[u8], format: Format, limits: &Limits, copies: u64) -> Result<DynamicImage, PictureError> {
    let told = |error| explain(error, format, bytes.len());
    let reader = Cursor::new(bytes);
    match format {
        // A progressive picture is held as 16-bit coefficients beside its pixels.
        Format::Jpeg => bounded(jpeg::JpegDecoder::new(reader).map_err(told)?, format, limits, 3, copies, bytes.len()),
        Format::Png => {
            let mut inner = image::Limits::no_limits();
            inner.max_alloc = Some(limits.max_memory);
            let decoder = png::PngDecoder::with_limits(reader, inner).map_err(told)?;
            bounded(decoder, format, limits, 1, copies, bytes.len())
        }
        Format::Tiff => bounded(tiff::TiffDecoder::new(reader).map_err(told)?, format, limits, 2, copies, bytes.len()),
        Format::WebP => bounded(webp::WebPDecoder::new(reader).map_err(told)?, format, limits, 2, copies, bytes.len()),
    }
}

/// `factor` is how many times the decoded size the decoder holds at its peak.
fn bounded(
    mut decoder: impl ImageDecoder,
    format: Format,
    limits: &Limits,
    factor: u64,
    copies: u64,
    length: usize,
) -> Result<DynamicImage, PictureError> {
    let (width, height) = decoder.dimensions();
    let bytes_per_pixel = u64::from(decoder.color_type().bytes_per_pixel());
    limits.check_size(format, width, height, bytes_per_pixel * factor + copies)?;
    let mut inner = image::Limits::no_limits();
    inner.max_alloc = Some(limits.max_memory);
    decoder.set_limits(inner).map_err(|error| explain(error, format, length))?;
    DynamicImage::from_decoder(decoder).map_err(|error| explain(error, format, length))
}

fn explain(error: ImageError, format: Format, length: usize) -> PictureError {
    match error {
        ImageError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            PictureError::Truncated { format, length, inside: "the picture data".to_owned() }
        }
        ImageError::Unsupported(error) => PictureError::Unsupported { format, what: error.to_string() },
        other => PictureError::Undecodable { format, what: other.to_string() },
    }
}

/// Writes a picture as a PNG without any ancillary chunk.
pub(crate) fn encode_png(image: &DynamicImage) -> Result<Vec<u8>, PictureError> {
    let mut bytes = Vec::new();
    png::PngEncoder::new_with_quality(&mut bytes, png::CompressionType::Default, png::FilterType::Adaptive)
        .write_image(image.as_bytes(), image.width(), image.height(), image.color().into())
        .map_err(|error| explain(error, Format::Png, bytes.len()))?;
    Ok(bytes)
}
