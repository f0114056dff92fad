//! Bits of entropy-coded data, with byte stuffing and restart markers (T.81, F.1.2.3 and F.2.2.5).

use super::segment::{corrupt, marker};
use crate::picture::PictureError;

/// Reads bits from the most significant end. Past the data, or at a marker, it delivers zeros and remembers so.
///
/// It is copied into the rare paths that are functions of their own and back again, so that where it matters, its fields
/// live in the processor's registers.
#[derive(Clone, Copy)]
pub(super) struct BitReader<'a> {
    data: &'a [u8],
    /// Where `data` starts in the file, for messages.
    offset: usize,
    /// The next byte to load.
    at: usize,
    /// Unread bits, left-aligned.
    buffer: u64,
    /// How many of them count.
    count: u32,
    /// How many of them were made up.
    padding: u32,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(data: &'a [u8], offset: usize) -> Self {
        Self { data, offset, at: 0, buffer: 0, count: 0, padding: 0 }
    }

    /// Where reading has got to in the file.
    #[inline(always)]
    pub(super) fn position(&self) -> usize {
        self.offset + self.at
    }

    /// Makes at least 32 bits ready: enough for any code and the magnitude after it.
    #[inline(always)]
    pub(super) fn fill(&mut self) {
        if self.count < 32 {
            self.load();
        }
    }

    #[inline(always)]
    fn load(&mut self) {
        let next = self.data.get(self.at..).and_then(|rest| rest.first_chunk::<8>());
        if let Some(bytes) = next {
            let word = u64::from_be_bytes(*bytes);
            // No byte is FF, which starts a marker or a stuffed pair. Bits beyond `count` are the next ones anyway, so
            // loading them again later changes nothing.
            if (!word).wrapping_sub(0x0101_0101_0101_0101) & word & 0x8080_8080_8080_8080 == 0 {
                let taken = (63 - self.count) / 8;
                self.buffer |= word >> self.count;
                self.at += usize::try_from(taken).unwrap_or_default();
                self.count += taken * 8;
                return;
            }
        }
        *self = self.loaded_slowly();
    }

    #[cold]
    fn loaded_slowly(mut self) -> Self {
        while self.count <= 56 {
            let byte = match (self.data.get(self.at), self.data.get(self.at + 1)) {
                (Some(0xff), Some(0)) => {
                    self.at += 2;
                    0xff
                }
                (Some(0xff), _) | (None, _) => {
                    self.padding += 8;
                    0
                }
                (Some(&byte), _) => {
                    self.at += 1;
                    byte
                }
            };
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
        self
    }

    /// The next `N` bits without consuming them, 1 to 16.
    #[inline(always)]
    pub(super) fn peek<const N: u32>(&self) -> usize {
        usize::try_from(self.buffer >> (64 - N)).unwrap_or_default()
    }

    #[inline(always)]
    pub(super) fn consume(&mut self, bits: u32) {
        self.buffer <<= bits;
        self.count = self.count.wrapping_sub(bits);
    }

    /// A magnitude of `size` bits, 0 to 15, as a signed number (T.81, figure F.12).
    #[inline(always)]
    pub(super) fn magnitude(&mut self, size: u32) -> i32 {
        if size == 0 {
            return 0;
        }
        let raw = i32::try_from(self.buffer >> (64 - size)).unwrap_or_default();
        self.consume(size);
        super::huffman::extend(raw, size)
    }

    /// Fails once bits have been consumed that the data does not hold.
    #[inline(always)]
    pub(super) fn check(&self) -> Result<(), PictureError> {
        if self.count < self.padding {
            return Err(ends_early(self.position()));
        }
        Ok(())
    }

    /// Drops what is left of the interval and steps over the restart marker that must follow.
    #[inline(never)]
    pub(super) fn restarted(mut self, number: u8) -> Result<Self, PictureError> {
        self.check()?;
        let rest = self.data.get(self.at..).unwrap_or_default();
        let found = rest.windows(2).position(|pair| pair[0] == 0xff && marker::is_restart(pair[1]));
        match found {
            Some(skip) if rest.get(skip + 1) == Some(&(0xd0 + number % 8)) => {
                self.at += skip + 2;
                self.buffer = 0;
                self.count = 0;
                self.padding = 0;
                Ok(self)
            }
            _ => Err(corrupt(self.position(), &format!("restart marker {} is missing", number % 8))),
        }
    }
}

#[cold]
fn ends_early(position: usize) -> PictureError {
    corrupt(position, "the picture data ends before the picture does")
}

/// Writes bits from the most significant end, stuffing a zero after every byte FF.
#[derive(Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    buffer: u64,
    count: u32,
}

impl BitWriter {
    /// Appends the low `count` bits of `bits`, at most 32 and nothing above them set.
    pub(super) fn put(&mut self, bits: u32, count: u32) {
        self.buffer = self.buffer << count | u64::from(bits);
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.buffer >> self.count).to_le_bytes()[0];
            self.bytes.push(byte);
            if byte == 0xff {
                self.bytes.push(0);
            }
        }
    }

    /// Fills the last byte with ones.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let missing = (8 - self.count % 8) % 8;
        self.put((1 << missing) - 1, missing);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(values in prop::collection::vec((0_u32..16).prop_flat_map(|size| (Just(size), 0..1_u32 << size)), 0..300)) {
            let mut writer = BitWriter::default();
            for &(size, value) in &values {
                writer.put(value, size);
            }
            let bytes = writer.finish();
            let mut reader = BitReader::new(&bytes, 0);
            for &(size, value) in &values {
                reader.fill();
                let expected = if size == 0 { 0 } else { super::super::huffman::extend(i32::try_from(value).unwrap(), size) };
                prop_assert_eq!(reader.magnitude(size), expected);
                prop_assert!(reader.check().is_ok());
            }
            // At most seven filling bits are left; a further byte is not there.
            reader.fill();
            reader.consume(8);
            prop_assert!(reader.check().is_err());
        }
    }
}
