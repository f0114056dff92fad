//! A JPEG file as its marker segments (ITU-T T.81, annex B), every length checked.

use crate::picture::{Format, PictureError};

/// Marker codes, the second byte after `FF` (T.81 table B.1).
pub(crate) mod marker {
    pub(crate) const SOI: u8 = 0xd8;
    pub(crate) const EOI: u8 = 0xd9;
    pub(crate) const SOS: u8 = 0xda;
    pub(crate) const DQT: u8 = 0xdb;
    pub(crate) const DHT: u8 = 0xc4;
    pub(crate) const DAC: u8 = 0xcc;
    pub(crate) const DRI: u8 = 0xdd;
    pub(crate) const APP0: u8 = 0xe0;
    pub(crate) const APP1: u8 = 0xe1;
    pub(crate) const APP14: u8 = 0xee;
    pub(crate) const TEM: u8 = 0x01;

    /// Start of a frame, of any coding process.
    pub(crate) fn is_frame(code: u8) -> bool {
        matches!(code, 0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf)
    }

    /// RST0 to RST7.
    pub(crate) fn is_restart(code: u8) -> bool {
        matches!(code, 0xd0..=0xd7)
    }
}

/// No picture has more segments; a file of empty ones must not fill the memory.
const MAX_SEGMENTS: usize = 4096;

/// No progressive picture has more scans; a file of empty ones must not take for ever.
const MAX_SCANS: usize = 64;

/// One marker segment with what follows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    /// The marker code.
    pub(crate) marker: u8,
    /// Where the marker stands in the file.
    pub(crate) offset: usize,
    /// What the segment holds, without its length field.
    pub(crate) payload: &'a [u8],
    /// After a start of scan: the entropy-coded bytes, stuffing and restart markers included.
    pub(crate) entropy: &'a [u8],
}

impl Segment<'_> {
    /// Where `entropy` starts in the file.
    pub(crate) fn entropy_offset(&self) -> usize {
        self.offset + 4 + self.payload.len()
    }
}

/// Splits a file into its segments, from after SOI to before EOI. Bytes after EOI are left out.
pub(crate) fn segments(bytes: &[u8]) -> Result<Vec<Segment<'_>>, PictureError> {
    let mut segments = Vec::new();
    let mut scans = 0;
    let mut at = 2;
    if !bytes.starts_with(&[0xff, marker::SOI]) {
        return Err(corrupt(0, "it does not start with the marker FF D8"));
    }
    loop {
        let offset = at;
        let inside = || {
            if scans == 0 { "the headers" } else { "the picture data (there is no end marker)" }
        };
        if *bytes.get(at).ok_or_else(|| truncated(bytes, inside()))? != 0xff {
            return Err(corrupt(at, "a marker was expected"));
        }
        while bytes.get(at) == Some(&0xff) {
            at += 1;
        }
        let code = *bytes.get(at).ok_or_else(|| truncated(bytes, inside()))?;
        at += 1;
        if code == marker::EOI {
            return Ok(segments);
        }
        if code == marker::TEM || marker::is_restart(code) {
            continue;
        }
        if code == 0 || code == marker::SOI {
            return Err(corrupt(offset, &format!("marker FF {code:02X} cannot stand here")));
        }
        let short = || truncated(bytes, &format!("the segment FF {code:02X} at byte {offset}"));
        let length = bytes.get(at..at + 2).ok_or_else(short)?;
        let length = usize::from(length[0]) << 8 | usize::from(length[1]);
        if length < 2 {
            return Err(corrupt(offset, &format!("segment FF {code:02X} claims a length of {length}")));
        }
        let payload = bytes.get(at + 2..at + length).ok_or_else(short)?;
        at += length;
        let mut entropy: &[u8] = &[];
        if code == marker::SOS {
            scans += 1;
            let rest = bytes.get(at..).unwrap_or_default();
            let end = entropy_end(rest).ok_or_else(|| truncated(bytes, "the picture data (there is no end marker)"))?;
            entropy = rest.get(..end).unwrap_or_default();
            at += end;
        }
        segments.push(Segment { marker: code, offset: at - entropy.len() - payload.len() - 4, payload, entropy });
        if segments.len() > MAX_SEGMENTS || scans > MAX_SCANS {
            return Err(corrupt(offset, "it has more segments or scans than any picture"));
        }
    }
}

/// The number of bytes before the next marker that is not a restart.
fn entropy_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += next_ff(bytes.get(at..)?)?;
        match *bytes.get(at + 1)? {
            0 => at += 2,
            0xff => at += 1,
            code if marker::is_restart(code) => at += 2,
            _ => return Some(at),
        }
    }
}

/// Where the next byte FF stands. Sixteen bytes at once: most of a large file is looked through here.
fn next_ff(bytes: &[u8]) -> Option<usize> {
    let (chunks, _) = bytes.as_chunks::<16>();
    let clear = chunks.iter().take_while(|chunk| !chunk.iter().fold(false, |any, byte| any | (*byte == 0xff))).count();
    bytes.iter().skip(16 * clear).position(|&byte| byte == 0xff).map(|rest| 16 * clear + rest)
}

pub(crate) fn corrupt(offset: usize, what: &str) -> PictureError {
    PictureError::Corrupt { format: Format::Jpeg, offset, what: what.to_owned() }
}

pub(crate) fn unsupported(what: impl Into<String>) -> PictureError {
    PictureError::Unsupported { format: Format::Jpeg, what: what.into() }
}

pub(crate) fn truncated(bytes: &[u8], inside: &str) -> PictureError {
    PictureError::Truncated { format: Format::Jpeg, length: bytes.len(), inside: inside.to_owned() }
}
