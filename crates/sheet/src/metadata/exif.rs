//! The little that is read from EXIF and TIFF directories: which way up, how large, how many pages.

use crate::picture::Orientation;

const TAG_SUBFILE_TYPE: u16 = 254;
const TAG_WIDTH: u16 = 256;
const TAG_HEIGHT: u16 = 257;
const TAG_ORIENTATION: u16 = 274;

/// More directories than any file has; a chain of them may point back at itself.
const MAX_DIRECTORIES: usize = 256;

/// One directory of a TIFF structure (TIFF 6.0, section 2).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Directory {
    pub(super) orientation: Orientation,
    /// In pixels; 0 where it is not stated.
    pub(super) width: u32,
    pub(super) height: u32,
    /// A reduced copy or a mask of another page (TIFF 6.0, NewSubfileType bits 0 and 2).
    pub(super) secondary: bool,
}

/// The directories of a TIFF structure, as far as their chain can be followed.
pub(super) struct Directories {
    pub(super) found: Vec<Directory>,
    /// Where the next one should be, when that lies beyond the end.
    pub(super) missing: Option<usize>,
}

/// Follows the chain of directories.
pub(super) fn directories(tiff: &[u8]) -> Directories {
    let mut found = Vec::new();
    let Some(reader) = Reader::new(tiff) else {
        return Directories { found, missing: Some(4) };
    };
    let mut next = reader.long(4).ok_or(4);
    while found.len() < MAX_DIRECTORIES {
        match next {
            Ok(0) => return Directories { found, missing: None },
            Ok(offset) => {
                let Some(directory) = reader.directory(offset) else {
                    return Directories { found, missing: Some(offset) };
                };
                found.push(directory.0);
                next = directory.1;
            }
            Err(at) => return Directories { found, missing: Some(at) },
        }
    }
    Directories { found, missing: None }
}

/// The orientation in the first directory of an EXIF block, with or without its `Exif` prefix.
pub(super) fn orientation(exif: &[u8]) -> Orientation {
    let tiff = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    directories(tiff).found.first().map(|directory| directory.orientation).unwrap_or_default()
}

/// The payload of a JPEG APP1 segment that states an orientation and nothing else.
pub(crate) fn minimal(orientation: Orientation) -> Vec<u8> {
    let mut payload = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01".to_vec();
    payload.extend_from_slice(&TAG_ORIENTATION.to_be_bytes());
    payload.extend_from_slice(&[0, 3, 0, 0, 0, 1, 0, orientation.number(), 0, 0, 0, 0, 0, 0]);
    payload
}

struct Reader<'a> {
    bytes: &'a [u8],
    little_endian: bool,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let little_endian = match bytes.get(..4)? {
            b"II\x2a\0" => true,
            b"MM\0\x2a" => false,
            _ => return None,
        };
        Some(Self { bytes, little_endian })
    }

    fn short(&self, at: usize) -> Option<u16> {
        let bytes = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.little_endian { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    fn long(&self, at: usize) -> Option<usize> {
        let bytes = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        usize::try_from(if self.little_endian { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) }).ok()
    }

    /// The directory at `offset`, and where the next one is, or where that should be stated.
    fn directory(&self, offset: usize) -> Option<(Directory, Result<usize, usize>)> {
        let entries = usize::from(self.short(offset)?);
        let mut directory = Directory::default();
        let first = offset.checked_add(2)?;
        for entry in 0..entries {
            let at = first.checked_add(entry * 12)?;
            let (Some(tag), Some(kind)) = (self.short(at), self.short(at + 2)) else { break };
            // Type 3 is a 16-bit number, type 4 a 32-bit one; a single value stands in the entry itself.
            let value = match kind {
                3 => self.short(at + 8).map(usize::from),
                4 => self.long(at + 8),
                _ => None,
            };
            let Some(value) = value else { continue };
            let number = u32::try_from(value).unwrap_or(u32::MAX);
            match tag {
                TAG_ORIENTATION => {
                    let number = u16::try_from(value).ok().and_then(Orientation::from_number);
                    directory.orientation = number.unwrap_or_default();
                }
                TAG_SUBFILE_TYPE => directory.secondary = value & 0b101 != 0,
                TAG_WIDTH => directory.width = number,
                TAG_HEIGHT => directory.height = number,
                _ => {}
            }
        }
        let end = first.checked_add(entries * 12)?;
        Some((directory, self.long(end).ok_or(end)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minimal_block_says_the_orientation() {
        for number in 1..=8 {
            let expected = Orientation::from_number(number).unwrap();
            assert_eq!(orientation(&minimal(expected)), expected);
        }
    }

    #[test]
    fn both_byte_orders_are_read_and_nonsense_is_upright() {
        let little = b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        assert_eq!(orientation(little).number(), 6);
        assert_eq!(orientation(b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x09\0\0\0").number(), 1);
        assert_eq!(orientation(b"II\x2a\0\xff\xff\xff\xff").number(), 1);
        assert_eq!(orientation(b"").number(), 1);
    }

    #[test]
    fn a_chain_that_points_back_at_itself_ends() {
        let looped = b"II\x2a\0\x08\0\0\0\0\0\x08\0\0\0";
        assert_eq!(directories(looped).found.len(), MAX_DIRECTORIES);
    }
}
