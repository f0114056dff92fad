//! Reading TIFF files, which are stored as PNG.

use super::exif;
use crate::picture::{self, Format, Limits, Orientation, PictureError};
use image::DynamicImage;

/// The pixels as stored, and which way up they are seen.
pub(crate) fn decode(bytes: &[u8], limits: &Limits) -> Result<(DynamicImage, Orientation), PictureError> {
    let directories = exif::directories(bytes);
    if let Some(at) = directories.missing {
        let inside = format!("the directory of pictures (byte {at})");
        return Err(PictureError::Truncated { format: Format::Tiff, length: bytes.len(), inside });
    }
    let Some(first) = directories.found.first() else {
        let what = "it lists no pictures".to_owned();
        return Err(PictureError::Corrupt { format: Format::Tiff, offset: 4, what });
    };
    let pages = directories.found.iter().filter(|directory| !directory.secondary).count();
    if pages > 1 {
        return Err(PictureError::SeveralPages { format: Format::Tiff, pages });
    }
    limits.check_size(Format::Tiff, first.width, first.height, 1)?;
    let image = picture::decode_image(bytes, Format::Tiff, limits, 1)?;
    Ok((image, first.orientation))
}
