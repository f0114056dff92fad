//! Huffman tables of JPEG: canonical codes of up to 16 bits (T.81, annexes C and K.2).

use super::bits::BitReader;
use super::segment::corrupt;
use crate::picture::PictureError;

/// Bits looked at by the table that delivers one coefficient.
const LOOK: u32 = 10;
/// Bits looked at by the table that skips several coefficients.
const SKIP_LOOK: u32 = 13;

/// More than any block has left: the run of the end-of-block code.
const END: u8 = 64;

/// A table as a file states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Specification {
    /// Number of codes of each length 1 to 16.
    pub(super) counts: [u8; 16],
    /// Symbols in the order of their codes.
    pub(super) symbols: Vec<u8>,
}

impl Specification {
    /// The codes: symbol, code, length in bits.
    fn codes(&self) -> impl Iterator<Item = (u8, u32, u32)> + '_ {
        let mut next = 0_u32;
        let mut symbols = self.symbols.iter().copied();
        (1..=16_u32).zip(self.counts).flat_map(move |(length, count)| {
            let first = next;
            next = (next + u32::from(count)) << 1;
            let symbols: Vec<u8> = symbols.by_ref().take(usize::from(count)).collect();
            (first..).zip(symbols).map(move |(code, symbol)| (symbol, code, length))
        })
    }

    /// Reads the table at the start of `payload`; also says how many bytes it took.
    pub(super) fn read(payload: &[u8], offset: usize) -> Result<(Self, usize), PictureError> {
        let counts: &[u8; 16] =
            payload.first_chunk().ok_or_else(|| corrupt(offset, "a Huffman table has no code lengths"))?;
        let total = counts.iter().map(|&count| usize::from(count)).sum::<usize>();
        let symbols = payload.get(16..16 + total).ok_or_else(|| corrupt(offset, "a Huffman table lacks symbols"))?;
        let table = Self { counts: *counts, symbols: symbols.to_vec() };
        if total > 256 || table.codes().any(|(_, code, length)| code >= 1 << length) {
            return Err(corrupt(offset, "a Huffman table has more codes than fit"));
        }
        Ok((table, 16 + total))
    }
}

/// End of block; also, as other decoders take it, the codes that have no meaning in sequential coding.
fn ends_block(symbol: u8) -> bool {
    symbol & 15 == 0 && symbol != 0xf0
}

/// What a look at the next `LOOK` bits tells.
#[derive(Clone, Copy, Default)]
struct Entry {
    value: i16,
    /// Zeros before the value; `END` for the end of the block.
    run: u8,
    /// Bits of code and magnitude together; 0 where they do not fit into the look.
    length: u8,
}

/// What a look at the next `SKIP_LOOK` bits tells: as many whole coefficients as lie in it.
#[derive(Clone, Copy, Default)]
struct SkipEntry {
    /// Bits of all of them; 0 where not even one fits.
    length: u8,
    /// Coefficients passed.
    advance: u8,
    /// Whether an end of block comes last.
    end: bool,
}

/// A table ready for decoding.
pub(super) struct Decoder {
    entries: Box<[Entry; 1 << LOOK]>,
    /// Symbol and code length by the next 16 bits at most, for codes longer than the look or with long magnitudes.
    symbols: Box<[(u8, u8); 1 << LOOK]>,
    /// Symbol, the least look of 16 bits that begins with its code, and length of each code longer than the look, in order.
    long: Vec<(u8, u32, u32)>,
    skips: Box<[SkipEntry]>,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Decoder").finish_non_exhaustive()
    }
}

impl Decoder {
    pub(super) fn new(table: &Specification) -> Self {
        let mut entries = Box::new([Entry::default(); 1 << LOOK]);
        let mut symbols = Box::new([(0, 0); 1 << LOOK]);
        let mut long = Vec::new();
        for (symbol, code, length) in table.codes() {
            if length > LOOK {
                long.push((symbol, code << (16 - length), length));
                continue;
            }
            let (run, size) = (symbol >> 4, u32::from(symbol & 15));
            let free = LOOK - length;
            for tail in 0..1_u32 << free {
                let index = usize::try_from(code << free | tail).unwrap_or_default();
                if let Some(slot) = symbols.get_mut(index) {
                    *slot = (symbol, u8::try_from(length).unwrap_or_default());
                }
                if size <= free && size < 16 {
                    let value = if size == 0 { 0 } else { extend_u32(tail >> (free - size), size) };
                    if let Some(slot) = entries.get_mut(index) {
                        *slot = Entry {
                            value: i16::try_from(value).unwrap_or_default(),
                            run: if ends_block(symbol) { END } else { run },
                            length: u8::try_from(length + size).unwrap_or_default(),
                        };
                    }
                }
            }
        }
        Self { entries, symbols, long, skips: Box::default() }
    }

    /// Adds the table that [`Self::skip_coefficients`] uses.
    pub(super) fn with_skips(mut self) -> Self {
        self.skips = (0..1_u32 << SKIP_LOOK).map(|bits| self.skip_entry(bits)).collect();
        self
    }

    fn skip_entry(&self, bits: u32) -> SkipEntry {
        let mut found = SkipEntry::default();
        let mut used = 0_u32;
        loop {
            // The look as if followed by zeros; codes that would need those do not count.
            let index = (bits << used & ((1 << SKIP_LOOK) - 1)) >> (SKIP_LOOK - LOOK);
            let slot = usize::try_from(index).ok().and_then(|index| self.symbols.get(index));
            let Some(&(symbol, length)) = slot.filter(|slot| slot.1 != 0) else {
                return found;
            };
            let needed = used + u32::from(length) + u32::from(symbol & 15);
            if needed > SKIP_LOOK {
                return found;
            }
            used = needed;
            found.length = u8::try_from(needed).unwrap_or_default();
            if ends_block(symbol) {
                found.end = true;
                return found;
            }
            found.advance += (symbol >> 4) + 1;
            if found.advance >= END {
                return found;
            }
        }
    }

    /// Symbol and length of a code that is longer than the look.
    #[cold]
    fn long_code(&self, look: usize, position: usize) -> Result<(u8, u32), PictureError> {
        let look = u32::try_from(look).unwrap_or_default();
        let after = self.long.partition_point(|(_, first, _)| *first <= look);
        match after.checked_sub(1).and_then(|index| self.long.get(index)) {
            Some(&(symbol, first, length)) if look - first < 1 << (16 - length) => Ok((symbol, length)),
            _ => Err(corrupt(position, "a code stands in no Huffman table")),
        }
    }

    /// The next symbol.
    #[inline(always)]
    fn symbol(&self, reader: &mut BitReader<'_>) -> Result<u8, PictureError> {
        let look = reader.peek::<16>();
        let (symbol, length) = self.symbols[look >> (16 - LOOK) & ((1 << LOOK) - 1)];
        let (symbol, length) =
            if length > 0 { (symbol, u32::from(length)) } else { self.long_code(look, reader.position())? };
        reader.consume(length);
        Ok(symbol)
    }

    /// The next run of zeros and value, both magnitudes within what 8-bit samples allow (T.81, tables F.1 and F.2).
    #[inline(always)]
    fn next(&self, reader: &mut BitReader<'_>) -> Result<(u8, i16), PictureError> {
        reader.fill();
        let entry = self.entries[reader.peek::<LOOK>() & ((1 << LOOK) - 1)];
        if entry.length > 0 {
            reader.consume(u32::from(entry.length));
            return Ok((entry.run, entry.value));
        }
        let symbol = self.symbol(reader)?;
        let size = u32::from(symbol & 15);
        if size > 11 {
            return Err(too_large(reader.position()));
        }
        let value = i16::try_from(reader.magnitude(size)).unwrap_or_default();
        Ok((if ends_block(symbol) { END } else { symbol >> 4 }, value))
    }

    /// The difference to the previous block's DC coefficient.
    #[inline(always)]
    pub(super) fn difference(&self, reader: &mut BitReader<'_>) -> Result<i32, PictureError> {
        let (_, value) = self.next(reader)?;
        Ok(i32::from(value))
    }

    /// Reads the 63 AC coefficients of a block into `store`, by zigzag position; the position of the last one that is
    /// not zero is returned, 0 when there is none.
    #[inline(always)]
    pub(super) fn coefficients(
        &self,
        reader: &mut BitReader<'_>,
        mut store: impl FnMut(usize, i16),
    ) -> Result<usize, PictureError> {
        let mut last = 0;
        let mut at = 1;
        while at < 64 {
            let (run, value) = self.next(reader)?;
            if run == END {
                break;
            }
            at += usize::from(run);
            if at > 63 {
                return Err(overfull(reader.position()));
            }
            if value != 0 {
                store(at, value);
                last = at;
            }
            at += 1;
        }
        Ok(last)
    }

    /// Passes over the 63 AC coefficients of a block.
    #[inline(always)]
    pub(super) fn skip_coefficients(&self, reader: &mut BitReader<'_>) -> Result<(), PictureError> {
        let mut left = 63_u32;
        while left > 0 {
            reader.fill();
            let entry = self.skips.get(reader.peek::<SKIP_LOOK>()).copied().unwrap_or_default();
            let advance = u32::from(entry.advance);
            // Codes after the 63rd coefficient belong to the next block.
            if entry.length > 0 && (advance < left || (advance == left && !entry.end)) {
                reader.consume(u32::from(entry.length));
                if entry.end {
                    break;
                }
                left -= advance;
                continue;
            }
            let (run, _) = self.next(reader)?;
            if run == END {
                break;
            }
            left = left.checked_sub(u32::from(run) + 1).ok_or_else(|| overfull(reader.position()))?;
        }
        Ok(())
    }
}

#[cold]
fn too_large(position: usize) -> PictureError {
    corrupt(position, "a coefficient is larger than 8-bit samples allow")
}

#[cold]
fn overfull(position: usize) -> PictureError {
    corrupt(position, "a block has more than 64 coefficients")
}

/// The signed value of a magnitude of `size` bits, at least 1 (T.81, table F.1).
#[inline(always)]
pub(super) fn extend(raw: i32, size: u32) -> i32 {
    if raw >> (size - 1) == 0 { raw - (1 << size) + 1 } else { raw }
}

fn extend_u32(raw: u32, size: u32) -> i32 {
    extend(i32::try_from(raw).unwrap_or_default(), size)
}

/// A table ready for encoding.
#[derive(Debug)]
pub(super) struct Encoder {
    pub(super) specification: Specification,
    /// Code and length by symbol; length 0 where the symbol has no code.
    codes: [(u32, u32); 256],
}

impl Encoder {
    /// The shortest codes of at most 16 bits for symbols that occur this often.
    pub(super) fn optimal(frequencies: &[u32; 256]) -> Self {
        let specification = optimal_specification(frequencies);
        let mut codes = [(0, 0); 256];
        for (symbol, code, length) in specification.codes() {
            codes[usize::from(symbol)] = (code, length);
        }
        Self { specification, codes }
    }

    /// Code and length in bits of a symbol that was counted.
    #[inline]
    pub(super) fn code(&self, symbol: u8) -> (u32, u32) {
        self.codes[usize::from(symbol)]
    }
}

/// Code lengths by repeatedly joining the two rarest sets of symbols, then shortened to 16 bits. One symbol that is
/// never written takes part, so that no code consists of ones alone (T.81, K.2).
fn optimal_specification(frequencies: &[u32; 256]) -> Specification {
    let mut sets: Vec<(u64, Vec<usize>)> = frequencies
        .iter()
        .enumerate()
        .filter(|&(_, &frequency)| frequency > 0)
        .map(|(symbol, &frequency)| (u64::from(frequency), vec![symbol]))
        .collect();
    sets.push((0, vec![256]));
    let mut depths = [0_usize; 257];
    while sets.len() > 1 {
        // Rarest last; among equals, the one with the higher symbol first, so that the result is the same everywhere.
        sets.sort_by(|a, b| b.cmp(a));
        let (Some(first), Some(second)) = (sets.pop(), sets.pop()) else {
            break;
        };
        let joined: Vec<usize> = first.1.into_iter().chain(second.1).collect();
        for &symbol in &joined {
            depths[symbol] += 1;
        }
        sets.push((first.0 + second.0, joined));
    }
    let mut lengths = [0_usize; 258];
    for &depth in depths.iter().filter(|&&depth| depth > 0) {
        lengths[depth] += 1;
    }
    // Two codes too long become one that is a bit shorter, and one elsewhere is split into two.
    for length in (17..258).rev() {
        while lengths[length] > 0 {
            let Some(shorter) = (1..length - 1).rev().find(|&at| lengths[at] > 0) else {
                break;
            };
            lengths[length] -= 2;
            lengths[length - 1] += 1;
            lengths[shorter + 1] += 2;
            lengths[shorter] -= 1;
        }
    }
    // The symbol that is never written has one of the longest codes.
    if let Some(longest) = lengths.iter_mut().rev().find(|count| **count > 0) {
        *longest -= 1;
    }
    let mut symbols: Vec<usize> = (0..256).filter(|&symbol| frequencies[symbol] > 0).collect();
    symbols.sort_by_key(|&symbol| (depths[symbol], std::cmp::Reverse(frequencies[symbol]), symbol));
    let mut counts = [0; 16];
    for (count, &length) in counts.iter_mut().zip(&lengths[1..]) {
        *count = u8::try_from(length).unwrap_or(u8::MAX);
    }
    let symbols = symbols.into_iter().filter_map(|symbol| u8::try_from(symbol).ok()).collect();
    Specification { counts, symbols }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::bits::BitWriter;
    use proptest::prelude::*;

    fn frequencies() -> impl Strategy<Value = [u32; 256]> {
        prop::collection::vec((any::<u8>(), 0_u32..30), 1..256).prop_map(|counted| {
            let mut frequencies = [0; 256];
            for (symbol, exponent) in counted {
                // Sizes above 11 never occur in 8-bit pictures.
                frequencies[usize::from(symbol & 0xf7)] = 1 << exponent;
            }
            frequencies
        })
    }

    proptest! {
        #[test]
        fn optimal_codes_fit_and_are_read_back(frequencies in frequencies()) {
            let encoder = Encoder::optimal(&frequencies);
            let specification = &encoder.specification;
            let counted = frequencies.iter().filter(|&&frequency| frequency > 0).count();
            prop_assert_eq!(specification.symbols.len(), counted);
            prop_assert_eq!(specification.counts.iter().map(|&count| usize::from(count)).sum::<usize>(), counted);
            prop_assert!(specification.codes().all(|(_, code, length)| code < (1 << length) - 1));

            let mut payload = specification.counts.to_vec();
            payload.extend_from_slice(&specification.symbols);
            let (read, length) = Specification::read(&payload, 0).unwrap();
            prop_assert_eq!((&read, length), (specification, payload.len()));

            let decoder = Decoder::new(&read);
            let mut writer = BitWriter::default();
            for &symbol in &specification.symbols {
                let (code, length) = encoder.code(symbol);
                writer.put(code, length);
            }
            let bytes = writer.finish();
            let mut reader = BitReader::new(&bytes, 0);
            for &symbol in &specification.symbols {
                reader.fill();
                prop_assert_eq!(decoder.symbol(&mut reader).unwrap(), symbol);
            }
        }

        #[test]
        fn skipping_ends_where_reading_ends(
            frequencies in frequencies(),
            bytes in prop::collection::vec(0_u8..=0xfe, 0..400),
        ) {
            let mut frequencies = frequencies;
            frequencies[0] = frequencies[0].max(1 << 20);
            let decoder = Decoder::new(&Encoder::optimal(&frequencies).specification).with_skips();
            let mut reading = BitReader::new(&bytes, 0);
            let mut skipping = BitReader::new(&bytes, 0);
            loop {
                let read = decoder.coefficients(&mut reading, |_, _| {});
                let skipped = decoder.skip_coefficients(&mut skipping);
                // Only reading refuses a value that is too large; both refuse a block that is too full.
                prop_assert!(skipped.is_ok() || read.is_err());
                if read.is_err() || reading.check().is_err() {
                    break;
                }
                reading.fill();
                skipping.fill();
                prop_assert_eq!(reading.peek::<16>(), skipping.peek::<16>());
            }
        }
    }
}
