//! The data of a symbol as the sequence of segments it is (ISO/IEC 18004 section 7.4): numbers, letters, bytes, kanji,
//! with character set designators and the header of a split payload.

use super::outcome::Part;
use super::symbol::Version;

/// What a symbol holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    pub(super) text: String,
    pub(super) part: Option<Part>,
}

/// The 45 characters of alphanumeric mode.
const ALPHANUMERIC: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// ECI designator of Latin-1.
const ECI_LATIN_1: u32 = 3;

struct Bits<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl Bits<'_> {
    fn left(&self) -> usize {
        self.bytes.len() * 8 - self.position
    }

    /// Up to 32 bits, highest first.
    fn take(&mut self, count: usize) -> Result<u32, &'static str> {
        if count > self.left() {
            return Err("a segment is longer than the symbol");
        }
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes[self.position / 8];
            value = (value << 1) | u32::from((byte >> (7 - self.position % 8)) & 1);
            self.position += 1;
        }
        Ok(value)
    }

    fn take_byte(&mut self, count: usize) -> Result<u8, &'static str> {
        u8::try_from(self.take(count)?).map_err(|_| "a byte is out of range")
    }
}

/// Collects bytes, and text in the character sets they came in.
#[derive(Default)]
struct Collected {
    bytes: Vec<u8>,
    /// From which byte on which designator holds.
    designators: Vec<(usize, u32)>,
}

/// Reads the data codewords of a symbol. The error says what is malformed.
pub(super) fn parse(data: &[u8], version: Version) -> Result<Content, &'static str> {
    let mut bits = Bits { bytes: data, position: 0 };
    let mut collected = Collected::default();
    let mut part = None;
    // Character counts grow with the version in three steps.
    let size = match version.number() {
        0..=9 => 0,
        10..=26 => 1,
        _ => 2,
    };
    while bits.left() >= 4 {
        match bits.take(4)? {
            0 => break,
            1 => numeric(&mut bits, [10, 12, 14][size], &mut collected.bytes)?,
            2 => alphanumeric(&mut bits, [9, 11, 13][size], &mut collected.bytes)?,
            3 => {
                let (index, last) = (bits.take_byte(4)?, bits.take_byte(4)?);
                if index > last {
                    return Err("a part of a split payload is numbered past the last");
                }
                part = Some(Part { index, total: last + 1, parity: bits.take_byte(8)? });
            }
            4 => {
                let count = bits.take([8, 16, 16][size])?;
                for _ in 0..count {
                    let byte = bits.take_byte(8)?;
                    collected.bytes.push(byte);
                }
            }
            // GS1 in first position: says something about the content, adds none.
            5 => {}
            7 => {
                let designator = designator(&mut bits)?;
                collected.designators.push((collected.bytes.len(), designator));
            }
            8 => kanji(&mut bits, [8, 10, 12][size], &mut collected.bytes)?,
            // An industry's application indicator, as above.
            9 => {
                bits.take(8)?;
            }
            _ => return Err("a segment of unknown mode"),
        }
    }
    let text = collected.text();
    Ok(Content { bytes: collected.bytes, text, part })
}

fn numeric(bits: &mut Bits<'_>, count_bits: usize, bytes: &mut Vec<u8>) -> Result<(), &'static str> {
    let mut count = bits.take(count_bits)?;
    while count > 0 {
        let digits = count.min(3);
        let value = bits.take([0, 4, 7, 10][digits as usize])?;
        if value >= 10_u32.pow(digits) {
            return Err("a group of digits is out of range");
        }
        for place in (0..digits).rev() {
            bytes.push(b'0' + u8::try_from(value / 10_u32.pow(place) % 10).unwrap_or(0));
        }
        count -= digits;
    }
    Ok(())
}

fn alphanumeric(bits: &mut Bits<'_>, count_bits: usize, bytes: &mut Vec<u8>) -> Result<(), &'static str> {
    let mut count = bits.take(count_bits)?;
    let mut push = |value: u32| -> Result<(), &'static str> {
        let character = ALPHANUMERIC.get(value as usize).ok_or("a letter is out of range")?;
        bytes.push(*character);
        Ok(())
    };
    while count >= 2 {
        let value = bits.take(11)?;
        push(value / 45)?;
        push(value % 45)?;
        count -= 2;
    }
    if count == 1 {
        push(bits.take(6)?)?;
    }
    Ok(())
}

/// Two bytes of Shift JIS each.
fn kanji(bits: &mut Bits<'_>, count_bits: usize, bytes: &mut Vec<u8>) -> Result<(), &'static str> {
    for _ in 0..bits.take(count_bits)? {
        let value = bits.take(13)?;
        let folded = (value / 0xc0) * 0x100 + value % 0xc0;
        let code = folded + if folded < 0x1f00 { 0x8140 } else { 0xc140 };
        let code = u16::try_from(code).map_err(|_| "a kanji is out of range")?;
        bytes.extend_from_slice(&code.to_be_bytes());
    }
    Ok(())
}

/// One to three bytes, as the leading bits say.
fn designator(bits: &mut Bits<'_>) -> Result<u32, &'static str> {
    let first = bits.take(8)?;
    if first & 0x80 == 0 {
        Ok(first)
    } else if first & 0xc0 == 0x80 {
        Ok(((first & 0x3f) << 8) | bits.take(8)?)
    } else if first & 0xe0 == 0xc0 {
        Ok(((first & 0x1f) << 16) | bits.take(16)?)
    } else {
        Err("a character set designator is out of range")
    }
}

impl Collected {
    fn text(&self) -> String {
        let mut text = String::new();
        let mut from = 0;
        let mut designator = None;
        let ends = self.designators.iter().map(|(at, next)| (*at, Some(*next)));
        for (to, next) in ends.chain([(self.bytes.len(), None)]) {
            let piece = self.bytes.get(from..to).unwrap_or_default();
            match std::str::from_utf8(piece) {
                Ok(valid) if designator != Some(ECI_LATIN_1) => text.push_str(valid),
                _ => text.extend(piece.iter().map(|byte| char::from(*byte))),
            }
            (from, designator) = (to, next);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Packs `(value, bits)` pairs into bytes.
    fn pack(fields: &[(u32, usize)]) -> Vec<u8> {
        let bits: Vec<u8> = fields
            .iter()
            .flat_map(|(value, count)| (0..*count).rev().map(move |place| u8::from((value >> place) & 1 == 1)))
            .collect();
        bits.chunks(8).map(|chunk| chunk.iter().enumerate().fold(0, |byte, (i, bit)| byte | (bit << (7 - i)))).collect()
    }

    fn read(fields: &[(u32, usize)]) -> Result<Content, &'static str> {
        parse(&pack(fields), Version::new(1).unwrap())
    }

    #[test]
    fn the_examples_of_the_standard() {
        let digits = read(&[(1, 4), (8, 10), (12, 10), (345, 10), (67, 7), (0, 4)]).unwrap();
        assert_eq!(digits.text, "01234567");
        let letters = read(&[(2, 4), (5, 9), (462, 11), (1849, 11), (2, 6), (0, 4)]).unwrap();
        assert_eq!(letters.text, "AC-42");
        let kanji = read(&[(8, 4), (2, 8), (0xd9f, 13), (0x1aaa, 13), (0, 4)]).unwrap();
        assert_eq!(kanji.bytes, [0x93, 0x5f, 0xe4, 0xaa]);
    }

    #[test]
    fn a_split_payload_tells_its_place() {
        let content = read(&[(3, 4), (1, 4), (3, 4), (0xa5, 8), (4, 4), (1, 8), (u32::from(b'x'), 8)]).unwrap();
        assert_eq!(content.part, Some(Part { index: 1, total: 4, parity: 0xa5 }));
        assert_eq!(content.text, "x");
    }

    #[test]
    fn bytes_are_text_in_the_set_they_name() {
        let utf8 = read(&[(7, 4), (26, 8), (4, 4), (2, 8), (0xc3, 8), (0xb1, 8)]).unwrap();
        assert_eq!(utf8.text, "ñ");
        let latin = read(&[(7, 4), (3, 8), (4, 4), (2, 8), (0xc3, 8), (0xb1, 8)]).unwrap();
        assert_eq!(latin.text, "Ã±");
        let unnamed = read(&[(4, 4), (1, 8), (0xf1, 8)]).unwrap();
        assert_eq!(unnamed.text, "ñ");
    }

    #[test]
    fn malformed_content_is_named() {
        assert_eq!(read(&[(4, 4), (200, 8), (1, 8)]), Err("a segment is longer than the symbol"));
        assert_eq!(read(&[(1, 4), (3, 10), (1001, 10)]), Err("a group of digits is out of range"));
        assert_eq!(read(&[(6, 4), (0, 8)]), Err("a segment of unknown mode"));
        assert_eq!(read(&[(3, 4), (5, 4), (3, 4), (0, 8)]), Err("a part of a split payload is numbered past the last"));
    }

    proptest! {
        #[test]
        fn never_panics(data in prop::collection::vec(any::<u8>(), 0..400), version in 1..=40_u8) {
            let _ = parse(&data, Version::new(version).unwrap());
        }
    }
}
