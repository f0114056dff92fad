//! What kind of file this is, from its first bytes.

use super::PictureError;
use std::fmt;

/// The kinds of picture that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// ITU-T T.81.
    Jpeg,
    /// W3C Portable Network Graphics.
    Png,
    /// TIFF 6.0.
    Tiff,
    /// RFC 9649.
    WebP,
}

impl Format {
    /// The usual file name extension, without a dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Tiff => "tif",
            Self::WebP => "webp",
        }
    }

    /// The media type (RFC 6838).
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Tiff => "image/tiff",
            Self::WebP => "image/webp",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Tiff => "TIFF",
            Self::WebP => "WebP",
        })
    }
}

const SAVE_AS: &str = "save or export it as JPEG or PNG";
const UNPACK: &str = "unpack it and bring in the pictures inside";
const LOOK: &str = "look at what the sender meant to send";

/// Signatures of other kinds of file: offset, bytes, name, advice.
const FOREIGN: &[(usize, &[u8], &str, &str)] = &[
    (0, b"GIF87a", "a GIF", SAVE_AS),
    (0, b"GIF89a", "a GIF", SAVE_AS),
    (0, b"BM", "a BMP", SAVE_AS),
    (0, b"PK\x03\x04", "a ZIP archive", UNPACK),
    (0, b"PK\x05\x06", "an empty ZIP archive", LOOK),
    (0, b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", UNPACK),
    (0, b"\x1f\x8b", "a gzip archive", UNPACK),
    (4, b"ftypavif", "an AVIF", SAVE_AS),
    (4, b"ftypheic", "a HEIC photo", SAVE_AS),
    (4, b"ftypheix", "a HEIC photo", SAVE_AS),
    (4, b"ftypmif1", "a HEIF photo", SAVE_AS),
    (4, b"ftypmsf1", "a HEIF photo", SAVE_AS),
    (4, b"ftyp", "a video", LOOK),
    (0, b"II\x2b\x00", "a BigTIFF", SAVE_AS),
    (0, b"MM\x00\x2b", "a BigTIFF", SAVE_AS),
    (0, b"8BPS", "a Photoshop file", SAVE_AS),
    (0, b"\xff\x0a", "a JPEG XL", SAVE_AS),
    (0, b"\x00\x00\x00\x0cJXL ", "a JPEG XL", SAVE_AS),
    (0, b"\x00\x00\x00\x0cjP  ", "a JPEG 2000", SAVE_AS),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000", SAVE_AS),
    (0, b"RIFF", "a sound or video file", LOOK),
    (0, b"\x00\x00\x01\x00", "an icon", SAVE_AS),
    (0, b"MZ", "a Windows program", LOOK),
    (0, b"\x7fELF", "a program", LOOK),
];

/// Tells the kind of picture from the first bytes alone.
///
/// # Errors
/// [`PictureError::Empty`], [`PictureError::Foreign`] for a known kind that is not a picture read here, and
/// [`PictureError::Unknown`] for the rest.
pub fn sniff(bytes: &[u8]) -> Result<Format, PictureError> {
    if bytes.is_empty() {
        return Err(PictureError::Empty);
    }
    if bytes.starts_with(b"\xff\xd8\xff") {
        return Ok(Format::Jpeg);
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Ok(Format::Png);
    }
    if bytes.starts_with(b"II\x2a\x00") || bytes.starts_with(b"MM\x00\x2a") {
        return Ok(Format::Tiff);
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Ok(Format::WebP);
    }
    for &(offset, signature, found, advice) in FOREIGN {
        if bytes.get(offset..).is_some_and(|rest| rest.starts_with(signature)) {
            return Err(PictureError::Foreign { found, advice });
        }
    }
    if let Some((found, advice)) = text(bytes) {
        return Err(PictureError::Foreign { found, advice });
    }
    let start = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    Err(PictureError::Unknown { start })
}

/// Documents and markup, which may have blanks or other bytes before their signature.
fn text(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let head: Vec<u8> = bytes.iter().take(1024).map(u8::to_ascii_lowercase).collect();
    let has = |needle: &[u8]| head.windows(needle.len()).any(|window| window == needle);
    if has(b"%pdf-") {
        return Some(("a PDF document", "export its pages as pictures"));
    }
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
    let first = head.iter().position(|byte| !byte.is_ascii_whitespace())?;
    if head.get(first) != Some(&b'<') {
        return None;
    }
    if has(b"<svg") {
        Some(("an SVG drawing", SAVE_AS))
    } else if has(b"<html") || has(b"<!doctype html") || has(b"<head") || has(b"<script") {
        Some(("a web page", LOOK))
    } else if has(b"<?xml") {
        Some(("an XML document", LOOK))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_a_file_by_its_first_bytes() {
        let cases: &[(&[u8], Result<Format, &str>)] = &[
            (b"\xff\xd8\xff\xe0", Ok(Format::Jpeg)),
            (b"\x89PNG\r\n\x1a\n", Ok(Format::Png)),
            (b"II\x2a\x00", Ok(Format::Tiff)),
            (b"MM\x00\x2a", Ok(Format::Tiff)),
            (b"RIFF\0\0\0\0WEBPVP8 ", Ok(Format::WebP)),
            (b"RIFF\0\0\0\0WAVEfmt ", Err("a sound or video file")),
            (b"GIF89a\xff\xd8\xff", Err("a GIF")),
            (b"  \n<svg xmlns='http://www.w3.org/2000/svg'>", Err("an SVG drawing")),
            (b"<?xml version='1.0'?><svg>", Err("an SVG drawing")),
            (b"<?xml version='1.0'?><rss>", Err("an XML document")),
            (b"\xef\xbb\xbf<!DOCTYPE HTML><p>", Err("a web page")),
            (b"%PDF-1.7", Err("a PDF document")),
            (b"\n\nleading bytes %PDF-1.4", Err("a PDF document")),
            (b"PK\x03\x04", Err("a ZIP archive")),
            (b"\0\0\0\x18ftypheic", Err("a HEIC photo")),
            (b"\0\0\0\x18ftypisom", Err("a video")),
        ];
        for (bytes, expected) in cases {
            match (sniff(bytes), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, *expected),
                (Err(PictureError::Foreign { found, .. }), Err(expected)) => {
                    assert_eq!(found, *expected)
                }
                (found, expected) => panic!("{bytes:?}: {found:?}, expected {expected:?}"),
            }
        }
        assert_eq!(sniff(b""), Err(PictureError::Empty));
        assert_eq!(sniff(b"hello"), Err(PictureError::Unknown { start: "68 65 6c 6c 6f".into() }));
    }
}
