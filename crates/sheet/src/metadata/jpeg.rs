//! Metadata of JPEG files.

use super::{Stripped, exif};
use crate::jpeg::segment::{Segment, corrupt, marker, segments, unsupported};
use crate::picture::{Format, Limits, Orientation, PictureError};

/// JFIF 1.01, no density, no thumbnail: it only says that three components are YCbCr.
pub(crate) const JFIF: &[u8] = b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0";

pub(super) fn strip(bytes: &[u8], limits: &Limits) -> Result<Stripped, PictureError> {
    let segments = segments(bytes)?;
    let (width, height) = frame_size(&segments)?;
    limits.check_size(Format::Jpeg, width, height, 1)?;
    if !segments.iter().any(|segment| segment.marker == marker::SOS) {
        return Err(corrupt(bytes.len(), "it has headers but no picture data"));
    }
    let mut clean = vec![0xff, marker::SOI];
    if segments.iter().any(|segment| segment.marker == marker::APP0 && segment.payload.starts_with(b"JFIF\0")) {
        write_segment(&mut clean, marker::APP0, JFIF);
    }
    if let Some(transform) = adobe_transform(&segments) {
        write_segment(&mut clean, marker::APP14, &adobe(transform));
    }
    for segment in &segments {
        check_length(segment)?;
        let keep = matches!(segment.marker, marker::DQT | marker::DHT | marker::DAC | marker::DRI | marker::SOS)
            || marker::is_frame(segment.marker);
        if keep {
            write_segment(&mut clean, segment.marker, segment.payload);
            clean.extend_from_slice(segment.entropy);
        }
    }
    clean.extend_from_slice(&[0xff, marker::EOI]);
    Ok(Stripped { format: Format::Jpeg, width, height, bytes: clean, orientation: orientation(&segments) })
}

/// An Adobe marker that states a colour transform and nothing else.
pub(crate) fn adobe(transform: u8) -> Vec<u8> {
    let mut payload = b"Adobe\0\x64\0\0\0\0".to_vec();
    payload.push(transform);
    payload
}

/// Appends a marker segment.
pub(crate) fn write_segment(out: &mut Vec<u8>, code: u8, payload: &[u8]) {
    out.extend_from_slice(&[0xff, code]);
    // A payload was read from, or is shorter than, a segment with a 16-bit length.
    out.extend_from_slice(&u16::try_from(payload.len() + 2).unwrap_or(u16::MAX).to_be_bytes());
    out.extend_from_slice(payload);
}

fn frame_size(segments: &[Segment<'_>]) -> Result<(u32, u32), PictureError> {
    let mut frames = segments.iter().filter(|segment| marker::is_frame(segment.marker));
    let frame = frames.next().ok_or_else(|| corrupt(2, "it has no frame header"))?;
    if let Some(second) = frames.next() {
        return Err(corrupt(second.offset, "it has a second frame header"));
    }
    match frame.payload {
        [_, h0, h1, w0, w1, ..] => {
            let height = u32::from(u16::from_be_bytes([*h0, *h1]));
            let width = u32::from(u16::from_be_bytes([*w0, *w1]));
            if height == 0 {
                return Err(unsupported("a height given only after its first scan"));
            }
            Ok((width, height))
        }
        _ => Err(corrupt(frame.offset, "its frame header is too short")),
    }
}

/// The orientation that the first EXIF block states.
pub(crate) fn orientation(segments: &[Segment<'_>]) -> Orientation {
    segments
        .iter()
        .find(|segment| segment.marker == marker::APP1 && segment.payload.starts_with(b"Exif\0\0"))
        .map(|segment| exif::orientation(segment.payload))
        .unwrap_or_default()
}

/// The colour transform of an Adobe marker (Adobe technical note 5116, section 18).
fn adobe_transform(segments: &[Segment<'_>]) -> Option<u8> {
    segments
        .iter()
        .filter(|segment| segment.marker == marker::APP14 && segment.payload.starts_with(b"Adobe"))
        .find_map(|segment| segment.payload.get(11).copied())
}

/// A table or header that is longer than what it holds could hide something in the rest.
fn check_length(segment: &Segment<'_>) -> Result<(), PictureError> {
    let length = segment.payload.len();
    let byte = |at: usize| segment.payload.get(at).copied().map(usize::from).unwrap_or_default();
    let expected = match segment.marker {
        code if marker::is_frame(code) => 6 + 3 * byte(5),
        marker::SOS => 4 + 2 * byte(0),
        marker::DRI => 2,
        marker::DQT => {
            let mut at = 0;
            while at < length {
                at += if byte(at) >> 4 == 0 { 65 } else { 129 };
            }
            at
        }
        marker::DHT => {
            let mut at = 0;
            while at < length {
                at += 17 + (1..=16).map(|bits| byte(at + bits)).sum::<usize>();
            }
            at
        }
        _ => return Ok(()),
    };
    if expected == length {
        return Ok(());
    }
    let code = segment.marker;
    Err(corrupt(
        segment.offset,
        &format!("segment FF {code:02X} has {length} bytes where its contents take {expected}"),
    ))
}
