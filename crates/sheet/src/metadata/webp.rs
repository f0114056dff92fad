//! Metadata of WebP files (RFC 9649).

use super::{Stripped, exif};
use crate::picture::{Format, Limits, Orientation, PictureError};

pub(super) fn strip(bytes: &[u8], limits: &Limits) -> Result<Stripped, PictureError> {
    let short = |inside: String| PictureError::Truncated { format: Format::WebP, length: bytes.len(), inside };
    let stated = length_at(bytes, 4).ok_or_else(|| short("its header".to_owned()))?;
    let end = stated.checked_add(8).filter(|&end| end <= bytes.len());
    let end = end.ok_or_else(|| short(format!("the {stated} bytes its header states")))?;
    let (mut image, mut alpha, mut orientation) = (None, None, Orientation::UPRIGHT);
    let mut at = 12;
    while at + 8 <= end {
        let kind = bytes.get(at..at + 4).unwrap_or_default();
        let named = || short(format!("the chunk {} at byte {at}", kind.escape_ascii()));
        let length = length_at(bytes, at + 4).ok_or_else(named)?;
        let next = (at + 8).checked_add(length).filter(|&next| next <= end).ok_or_else(named)?;
        let data = bytes.get(at + 8..next).ok_or_else(named)?;
        match kind {
            b"VP8 " | b"VP8L" if image.is_none() => image = Some((kind, data, at)),
            b"ALPH" if alpha.is_none() => alpha = Some(data),
            b"ANIM" | b"ANMF" => {
                return Err(PictureError::Animated { format: Format::WebP });
            }
            b"EXIF" => orientation = exif::orientation(data),
            _ => {}
        }
        // Chunks start at even offsets.
        at = next + length % 2;
    }
    let (kind, data, at) = image.ok_or_else(|| corrupt(12, "it has no picture chunk"))?;
    let (width, height) = size(kind, data).ok_or_else(|| corrupt(at, "its picture chunk has no valid header"))?;
    limits.check_size(Format::WebP, width, height, 1)?;
    let mut clean = b"RIFF\0\0\0\0WEBP".to_vec();
    if let Some(alpha) = alpha.filter(|_| kind == b"VP8 ") {
        // The extended header: flags (only alpha), three reserved bytes, width and height less one in 24 bits each.
        let mut header = vec![0x10, 0, 0, 0];
        header.extend_from_slice(&(width - 1).to_le_bytes()[..3]);
        header.extend_from_slice(&(height - 1).to_le_bytes()[..3]);
        append(&mut clean, b"VP8X", &header);
        append(&mut clean, b"ALPH", alpha);
    }
    append(&mut clean, kind, data);
    let length = u32::try_from(clean.len() - 8).unwrap_or(u32::MAX).to_le_bytes();
    if let Some(field) = clean.get_mut(4..8) {
        field.copy_from_slice(&length);
    }
    Ok(Stripped { format: Format::WebP, width, height, bytes: clean, orientation })
}

/// Width and height from the start of a lossy (RFC 6386, section 9.1) or lossless (RFC 9649, section 3.4) stream.
fn size(kind: &[u8], data: &[u8]) -> Option<(u32, u32)> {
    let (width, height) = match (kind, data) {
        (b"VP8 ", [_, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..]) => {
            (u32::from(u16::from_le_bytes([*w0, *w1]) & 0x3fff), u32::from(u16::from_le_bytes([*h0, *h1]) & 0x3fff))
        }
        (b"VP8L", [0x2f, b0, b1, b2, b3, ..]) => {
            let bits = u32::from_le_bytes([*b0, *b1, *b2, *b3]);
            ((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1)
        }
        _ => return None,
    };
    (width > 0 && height > 0).then_some((width, height))
}

fn length_at(bytes: &[u8], at: usize) -> Option<usize> {
    let field = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(field)).ok()
}

fn append(out: &mut Vec<u8>, kind: &[u8], data: &[u8]) {
    out.extend_from_slice(kind);
    out.extend_from_slice(&u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(data);
    if data.len() % 2 == 1 {
        out.push(0);
    }
}

fn corrupt(offset: usize, what: &str) -> PictureError {
    PictureError::Corrupt { format: Format::WebP, offset, what: what.to_owned() }
}
