//! Writing coefficients back as a baseline file: the same numbers, in Huffman codes made for them.

use super::bits::BitWriter;
use super::coefficients::{Block, Coefficients, Plane};
use super::frame::Component;
use super::huffman::Encoder;
use super::segment::{corrupt, marker};
use crate::metadata;
use crate::picture::{Orientation, PictureError};

/// Most blocks that one interleaved unit may have (T.81, B.2.3).
const MAX_UNIT_BLOCKS: u32 = 10;

impl Coefficients {
    /// A JPEG file of these coefficients without any metadata, except for an orientation that is not upright.
    ///
    /// # Errors
    /// When two neighbouring blocks differ by more than 8-bit samples can.
    pub fn encode(&self, orientation: Orientation) -> Result<Vec<u8>, PictureError> {
        let frame = &self.frame;
        let mut out = vec![0xff, marker::SOI];
        if frame.jfif {
            metadata::write_jpeg_segment(&mut out, marker::APP0, metadata::JFIF);
        }
        if orientation != Orientation::UPRIGHT {
            metadata::write_jpeg_segment(&mut out, marker::APP1, &metadata::minimal_exif(orientation));
        }
        if let Some(transform) = frame.adobe {
            metadata::write_jpeg_segment(&mut out, marker::APP14, &metadata::adobe(transform));
        }
        let wide = frame.components.iter().any(|component| component.quantisation.iter().any(|&step| step > 255));
        for (number, component) in (0_u8..).zip(&frame.components) {
            let mut payload = vec![number | if wide { 0x10 } else { 0 }];
            for step in component.quantisation {
                let [high, low] = step.to_be_bytes();
                if wide {
                    payload.push(high);
                }
                payload.push(low);
            }
            metadata::write_jpeg_segment(&mut out, marker::DQT, &payload);
        }
        let [h0, h1] = u16::try_from(frame.height).unwrap_or(u16::MAX).to_be_bytes();
        let [w0, w1] = u16::try_from(frame.width).unwrap_or(u16::MAX).to_be_bytes();
        let mut payload = vec![8, h0, h1, w0, w1, u8::try_from(frame.components.len()).unwrap_or_default()];
        for (number, component) in (0_u8..).zip(&frame.components) {
            let sampling = u8::try_from(component.horizontal << 4 | component.vertical).unwrap_or(0x11);
            payload.extend_from_slice(&[component.id, sampling, number]);
        }
        // Steps of 16 bits are allowed only in the extended process.
        metadata::write_jpeg_segment(&mut out, if wide { 0xc1 } else { 0xc0 }, &payload);

        let indices: Vec<usize> = (0..frame.components.len()).collect();
        let blocks: u32 = frame.components.iter().map(|component| component.horizontal * component.vertical).sum();
        if blocks <= MAX_UNIT_BLOCKS {
            self.encode_scan(&indices, &mut out)?;
        } else {
            for index in &indices {
                self.encode_scan(std::slice::from_ref(index), &mut out)?;
            }
        }
        out.extend_from_slice(&[0xff, marker::EOI]);
        Ok(out)
    }

    /// Appends the tables and the data of one scan.
    fn encode_scan(&self, indices: &[usize], out: &mut Vec<u8>) -> Result<(), PictureError> {
        let mut counts = [([0_u32; 256], [0_u32; 256]); 2];
        self.for_each_symbol(indices, |class, dc, symbol, _, _| {
            let (dcs, acs) = &mut counts[class];
            let count = &mut (if dc { dcs } else { acs })[usize::from(symbol)];
            *count = count.saturating_add(1);
        })?;
        let tables = counts.map(|(dc, ac)| (Encoder::optimal(&dc), Encoder::optimal(&ac)));
        let used = if indices.iter().any(|&index| class(index) == 1) { 0..2 } else { 0..1 };
        let used = if indices.iter().all(|&index| class(index) == 1) { 1..2 } else { used };
        for number in used {
            let (dc, ac) = &tables[number];
            for (kind, table) in [(0, dc), (0x10, ac)] {
                let mut payload = vec![kind | u8::try_from(number).unwrap_or_default()];
                payload.extend_from_slice(&table.specification.counts);
                payload.extend_from_slice(&table.specification.symbols);
                metadata::write_jpeg_segment(out, marker::DHT, &payload);
            }
        }
        let mut payload = vec![u8::try_from(indices.len()).unwrap_or_default()];
        for &index in indices {
            let id = self.frame.components.get(index).map(|component| component.id).unwrap_or_default();
            payload.extend_from_slice(&[id, if class(index) == 0 { 0 } else { 0x11 }]);
        }
        payload.extend_from_slice(&[0, 63, 0]);
        metadata::write_jpeg_segment(out, marker::SOS, &payload);
        let mut writer = BitWriter::default();
        self.for_each_symbol(indices, |class, dc, symbol, magnitude, size| {
            let (dcs, acs) = &tables[class];
            let (code, length) = (if dc { dcs } else { acs }).code(symbol);
            writer.put(code << size | magnitude, length + size);
        })?;
        out.extend_from_slice(&writer.finish());
        Ok(())
    }

    /// Calls `emit` with the table class, whether it is a DC symbol, the symbol, its magnitude bits and their number.
    fn for_each_symbol(
        &self,
        indices: &[usize],
        mut emit: impl FnMut(usize, bool, u8, u32, u32),
    ) -> Result<(), PictureError> {
        let frame = &self.frame;
        let parts: Vec<(usize, &Component, &Plane)> = indices
            .iter()
            .filter_map(|&index| Some((index, frame.components.get(index)?, self.planes.get(index)?)))
            .collect();
        let single = parts.len() == 1;
        let (wide, high) = match parts.as_slice() {
            [(_, component, _)] => (component.blocks_wide, component.blocks_high),
            _ => (frame.units_wide, frame.units_high),
        };
        let mut previous = [0_i32; 4];
        for unit_row in 0..high {
            for unit_column in 0..wide {
                for (&(index, component, plane), previous) in parts.iter().zip(&mut previous) {
                    let (across, down) = if single { (1, 1) } else { (component.horizontal, component.vertical) };
                    for row in unit_row * down..(unit_row + 1) * down {
                        for column in unit_column * across..(unit_column + 1) * across {
                            let at = u64::from(row) * u64::from(plane.blocks_wide) + u64::from(column);
                            let block = usize::try_from(at).ok().and_then(|at| plane.blocks.get(at));
                            let block = block.ok_or_else(|| corrupt(0, "a block lies outside the picture"))?;
                            block_symbols(block, previous, |dc, symbol, magnitude, size| {
                                emit(class(index), dc, symbol, magnitude, size);
                            })?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// The first component has tables of its own, the two for colour share theirs.
fn class(index: usize) -> usize {
    index.min(1)
}

/// The symbols of one block (T.81, F.1.2.1 and F.1.2.2).
#[inline(always)]
fn block_symbols(
    block: &Block,
    previous: &mut i32,
    mut emit: impl FnMut(bool, u8, u32, u32),
) -> Result<(), PictureError> {
    let dc = i32::from(block[0]);
    let (size, magnitude) = magnitude(dc - *previous);
    *previous = dc;
    if size > 11 {
        return Err(corrupt(0, "two neighbouring blocks differ more than 8-bit samples can"));
    }
    emit(true, u8::try_from(size).unwrap_or_default(), magnitude, size);
    let mut run = 0_u8;
    for &value in &block[1..] {
        if value == 0 {
            run += 1;
            continue;
        }
        while run >= 16 {
            emit(false, 0xf0, 0, 0);
            run -= 16;
        }
        let (size, bits) = self::magnitude(i32::from(value));
        emit(false, run << 4 | u8::try_from(size).unwrap_or_default(), bits, size);
        run = 0;
    }
    if run > 0 {
        emit(false, 0, 0, 0);
    }
    Ok(())
}

/// Number of bits and the bits that stand for a signed value.
#[inline(always)]
fn magnitude(value: i32) -> (u32, u32) {
    let size = 32 - value.unsigned_abs().leading_zeros();
    let bits = if value < 0 { (value - 1).cast_unsigned() & ((1 << size) - 1) } else { value.cast_unsigned() };
    (size, bits)
}
