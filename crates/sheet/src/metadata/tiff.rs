//! Reading TIFF files, which are stored as PNG.

use super::exif;
use crate::picture::{self, Format, Limits, Orientation, PictureError};
use image::DynamicImage;

/// The pixels as stored, and which way up they are seen.
pub(crate) fn decode(
    bytes: &[u8],
    limits: &Limits,
) -> Result<(DynamicImage, Orientation), PictureError> {
    let directories = exif::directories(bytes);
    let Some(first) = directories.first() else {
        let inside = "its header (the first directory lies beyond the end)".to_owned();
        return Err(PictureError::Truncated {
            format: Format::Tiff,
            length: bytes.len(),
            inside,
        });
    };
    let pages = directories
        .iter()
        .filter(|directory| !directory.secondary)
        .count();
    if pages > 1 {
        return Err(PictureError::SeveralPages {
            format: Format::Tiff,
            pages,
        });
    }
    let image = picture::decode_image(bytes, Format::Tiff, limits, 1)?;
    Ok((image, first.orientation))
}
