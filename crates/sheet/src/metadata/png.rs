//! Metadata of PNG files.

use super::{Stripped, exif};
use crate::picture::{Format, Limits, Orientation, PictureError};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

pub(super) fn strip(bytes: &[u8], limits: &Limits) -> Result<Stripped, PictureError> {
    let mut clean = SIGNATURE.to_vec();
    let mut at = SIGNATURE.len();
    let mut header: Option<Header> = None;
    let mut orientation = Orientation::UPRIGHT;
    let mut data = 0_usize;
    loop {
        let chunk = Chunk::read(bytes, at)?;
        let offset = at;
        at += 12 + chunk.data.len();
        match (chunk.kind, header) {
            (b"IHDR", None) => {
                let found = Header::read(&chunk, offset)?;
                limits.check_size(Format::Png, found.width, found.height, 1)?;
                header = Some(found);
            }
            (_, None) => return Err(corrupt(offset, "its first chunk is not IHDR")),
            (b"IHDR", Some(_)) => return Err(corrupt(offset, "it has a second IHDR")),
            (b"PLTE", Some(header)) if !header.palette_fits(chunk.data.len()) => {
                return Err(corrupt(offset, "its palette does not fit the picture"));
            }
            (b"tRNS", Some(header)) if !header.transparency_fits(chunk.data.len()) => {
                return Err(corrupt(offset, "its transparency does not fit the picture"));
            }
            (b"IDAT", Some(_)) => data += chunk.data.len(),
            (b"IEND", Some(header)) => {
                if data == 0 {
                    return Err(corrupt(offset, "it has no picture data"));
                }
                append(&mut clean, chunk.kind, &[]);
                let Header { width, height, .. } = header;
                return Ok(Stripped { format: Format::Png, width, height, bytes: clean, orientation });
            }
            (b"acTL", Some(_)) => {
                return Err(PictureError::Animated { format: Format::Png });
            }
            (b"eXIf", Some(_)) => orientation = exif::orientation(chunk.data),
            _ => {}
        }
        match chunk.kind {
            b"IHDR" | b"PLTE" | b"tRNS" | b"IDAT" => append(&mut clean, chunk.kind, chunk.data),
            // Bit 5 of the first letter: 0 means that the pixels cannot be understood without this chunk.
            [first, ..] if first & 0x20 == 0 => {
                let what = format!("the chunk {}", chunk.kind.escape_ascii());
                return Err(PictureError::Unsupported { format: Format::Png, what });
            }
            _ => {}
        }
    }
}

#[derive(Clone, Copy)]
struct Header {
    width: u32,
    height: u32,
    colour_type: u8,
}

impl Header {
    fn read(chunk: &Chunk<'_>, offset: usize) -> Result<Self, PictureError> {
        match *chunk.data {
            [w0, w1, w2, w3, h0, h1, h2, h3, _, colour_type, _, _, _] => Ok(Self {
                width: u32::from_be_bytes([w0, w1, w2, w3]),
                height: u32::from_be_bytes([h0, h1, h2, h3]),
                colour_type,
            }),
            _ => Err(corrupt(offset, "its IHDR does not have 13 bytes")),
        }
    }

    fn palette_fits(self, length: usize) -> bool {
        !matches!(self.colour_type, 0 | 4) && length.is_multiple_of(3) && length <= 768
    }

    fn transparency_fits(self, length: usize) -> bool {
        match self.colour_type {
            0 => length == 2,
            2 => length == 6,
            3 => length <= 256,
            _ => false,
        }
    }
}

struct Chunk<'a> {
    kind: &'a [u8; 4],
    data: &'a [u8],
}

impl<'a> Chunk<'a> {
    fn read(bytes: &'a [u8], at: usize) -> Result<Self, PictureError> {
        let short = |inside: String| PictureError::Truncated { format: Format::Png, length: bytes.len(), inside };
        let word = |at: usize| -> Option<[u8; 4]> { bytes.get(at..at.checked_add(4)?)?.try_into().ok() };
        let no_chunk = || short(format!("the chunk at byte {at} (there is no IEND)"));
        let length = usize::try_from(u32::from_be_bytes(word(at).ok_or_else(no_chunk)?)).map_err(|_| no_chunk())?;
        let kind: &[u8; 4] = bytes.get(at + 4..at + 8).and_then(|kind| kind.try_into().ok()).ok_or_else(no_chunk)?;
        let named = || short(format!("the chunk {} at byte {at}", kind.escape_ascii()));
        let end = (at + 8).checked_add(length).ok_or_else(named)?;
        let data = bytes.get(at + 8..end).ok_or_else(named)?;
        let stated = u32::from_be_bytes(word(end).ok_or_else(named)?);
        let computed = checksum(kind, data);
        // What is dropped anyway need not be whole.
        let kept = matches!(kind, b"IHDR" | b"PLTE" | b"tRNS" | b"IDAT" | b"IEND");
        if kept && stated != computed {
            let kind = kind.escape_ascii();
            return Err(corrupt(at, &format!("chunk {kind} has checksum {computed:08x} where {stated:08x} is stated")));
        }
        Ok(Self { kind, data })
    }
}

fn append(out: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    // A chunk was read with a 32-bit length.
    out.extend_from_slice(&u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(kind);
    out.extend_from_slice(data);
    out.extend_from_slice(&checksum(kind, data).to_be_bytes());
}

fn checksum(kind: &[u8; 4], data: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(kind);
    hasher.update(data);
    hasher.finalize()
}

fn corrupt(offset: usize, what: &str) -> PictureError {
    PictureError::Corrupt { format: Format::Png, offset, what: what.to_owned() }
}
