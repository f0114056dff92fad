//! A published picture holds pixels and nothing else. Whatever a file could hold beside them (a thumbnail, a profile that
//! changes colours, bytes after the end) would not be covered by the commitment, so it makes the file wrong.

use super::PixelError;
use crate::jpeg::segment::{marker, segments};
use crate::metadata::{JFIF, adobe, minimal_exif};
use crate::picture::{Format, Orientation};

/// Refuses a file with anything beside pixels, or with something in another place than its format's writer puts it.
pub(super) fn check_only_pixels(bytes: &[u8], format: Format) -> Result<(), PixelError> {
    match format {
        Format::Jpeg => check_jpeg(bytes),
        Format::Png => check_png(bytes),
        other => Err(PixelError::NotPublished { format: other }),
    }
}

fn foreign(offset: usize, what: String) -> PixelError {
    PixelError::Foreign { offset, what }
}

/// Where in a file one is: segments come in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum JpegPart {
    Start,
    Jfif,
    Exif,
    Adobe,
    Steps,
    Frame,
    Scans,
}

fn check_jpeg(bytes: &[u8]) -> Result<(), PixelError> {
    let mut part = JpegPart::Start;
    // SOI and EOI.
    let mut length = 4;
    let mut tables = 0_u8;
    for segment in segments(bytes)? {
        let payload = segment.payload;
        let (found, right, repeats) = match segment.marker {
            marker::APP0 => (JpegPart::Jfif, payload == JFIF, false),
            marker::APP1 => (JpegPart::Exif, (2..=8).any(|number| is_exif(payload, number)), false),
            marker::APP14 => {
                (JpegPart::Adobe, payload.last().is_some_and(|transform| payload == adobe(*transform)), false)
            }
            marker::DQT => {
                let right = is_table(payload, tables);
                tables = tables.saturating_add(1);
                (JpegPart::Steps, right, true)
            }
            0xc0 | 0xc1 => (JpegPart::Frame, uses_tables(payload, tables), false),
            marker::DHT | marker::SOS => (JpegPart::Scans, part >= JpegPart::Frame, true),
            _ => (JpegPart::Start, false, false),
        };
        let in_order = if repeats { found >= part } else { found > part };
        if !right || !in_order {
            return Err(foreign(segment.offset, format!("the segment FF {:02X}", segment.marker)));
        }
        part = found;
        length += 4 + payload.len() + segment.entropy.len();
        if segment.entropy.windows(2).any(|pair| pair[0] == 0xff && pair[1] != 0) {
            return Err(foreign(segment.offset, "a marker inside the picture data".to_owned()));
        }
    }
    if length != bytes.len() {
        return Err(foreign(length, "bytes between or after its segments".to_owned()));
    }
    Ok(())
}

fn is_exif(payload: &[u8], number: u16) -> bool {
    Orientation::from_number(number).is_some_and(|orientation| payload == minimal_exif(orientation))
}

/// Whether a segment holds the one quantisation table of this number.
fn is_table(payload: &[u8], number: u8) -> bool {
    let length = payload.first().map(|head| if head >> 4 == 0 { 65 } else { 129 });
    length == Some(payload.len()) && payload.first().is_some_and(|head| head & 15 == number)
}

/// Whether the components of a frame use these tables, each its own: the first number 0, the second number 1.
fn uses_tables(frame: &[u8], tables: u8) -> bool {
    let components = frame.get(6..).unwrap_or_default().chunks(3);
    components.map(|component| component.get(2).copied()).eq((0..tables).map(Some))
}

fn check_png(bytes: &[u8]) -> Result<(), PixelError> {
    const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
    if !bytes.starts_with(SIGNATURE) {
        return Err(foreign(0, "a start that is not a PNG's".to_owned()));
    }
    let mut at = SIGNATURE.len();
    let mut before: &[u8] = b"";
    while before != b"IEND" {
        let short = || foreign(at, "a chunk that is cut short".to_owned());
        let head = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()).ok_or_else(short)?;
        let (length, kind) = head.split_at(4);
        let length = length.try_into().map(u32::from_be_bytes).ok().and_then(|length| usize::try_from(length).ok());
        let end = length.and_then(|length| (at + 8).checked_add(length)?.checked_add(4)).ok_or_else(short)?;
        let data = bytes.get(at + 8..end - 4).ok_or_else(short)?;
        let right = match kind {
            b"IHDR" => before.is_empty() && matches!(*data, [_, _, _, _, _, _, _, _, 8 | 16, 0 | 2 | 4 | 6, 0, 0, 0]),
            b"IDAT" => matches!(before, b"IHDR" | b"IDAT"),
            b"IEND" => before == b"IDAT" && data.is_empty(),
            _ => false,
        };
        if !right {
            return Err(foreign(at, format!("the chunk {}", kind.escape_ascii())));
        }
        before = kind;
        at = end;
    }
    if at != bytes.len() {
        return Err(foreign(at, "bytes after its end".to_owned()));
    }
    Ok(())
}
