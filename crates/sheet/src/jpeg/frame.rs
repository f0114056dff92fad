//! Frame and scan headers, with the tables each scan uses (T.81, annex B.2).

use super::huffman::{Decoder, Specification};
use super::segment::{Segment, corrupt, marker, segments, unsupported};
use crate::metadata;
use crate::picture::{Orientation, PictureError};
use std::rc::Rc;

/// The quantisation step of each coefficient, in zigzag order.
pub(super) type Quantisation = [u16; 64];

/// The picture as its frame header describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) width: u32,
    pub(super) height: u32,
    /// One (grey) or three.
    pub(super) components: Vec<Component>,
    /// A JFIF marker is there: three components are YCbCr.
    pub(super) jfif: bool,
    /// The colour transform an Adobe marker states.
    pub(super) adobe: Option<u8>,
    /// Columns and rows of minimum coded units when all components are interleaved.
    pub(super) units_wide: u32,
    pub(super) units_high: u32,
}

/// One component of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Component {
    pub(super) id: u8,
    /// Blocks across and down in one interleaved unit.
    pub(super) horizontal: u32,
    pub(super) vertical: u32,
    pub(super) quantisation: Quantisation,
    /// Blocks that hold any of the picture.
    pub(super) blocks_wide: u32,
    pub(super) blocks_high: u32,
    /// Blocks with those that only fill the last units.
    pub(super) padded_wide: u32,
    pub(super) padded_high: u32,
}

impl Component {
    pub(super) fn padded_blocks(&self) -> u64 {
        u64::from(self.padded_wide) * u64::from(self.padded_high)
    }
}

/// One scan: some components, entropy-coded together.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    pub(super) parts: Vec<ScanPart>,
    /// Units between restart markers; 0 for none.
    pub(super) restart_interval: u32,
    pub(super) data: &'a [u8],
    /// Where `data` starts in the file.
    pub(super) offset: usize,
}

/// One component of a scan.
#[derive(Clone, Debug)]
pub(super) struct ScanPart {
    /// Index of the component in the frame.
    pub(super) component: usize,
    pub(super) dc: Rc<Decoder>,
    pub(super) ac: Rc<Decoder>,
}

impl Frame {
    /// Pixels across and down in one interleaved unit.
    pub(super) fn unit_size(&self) -> (u32, u32) {
        let across = self.components.iter().map(|component| component.horizontal).max().unwrap_or(1);
        let down = self.components.iter().map(|component| component.vertical).max().unwrap_or(1);
        (across * 8, down * 8)
    }

    /// Whether the first component is luma, one sample per pixel.
    pub(super) fn has_plain_luma(&self) -> bool {
        let [first, rest @ ..] = self.components.as_slice() else {
            return false;
        };
        if rest.is_empty() {
            return true;
        }
        // As the common decoders decide: a JFIF or Adobe marker, else the letters that some encoders use as ids.
        let ids: Vec<u8> = self.components.iter().map(|component| component.id).collect();
        let rgb = match (self.jfif, self.adobe) {
            (true, _) => false,
            (false, Some(transform)) => transform == 0,
            (false, None) => ids == *b"RGB",
        };
        !rgb && (first.horizontal * 8, first.vertical * 8) == self.unit_size()
    }
}

/// All headers of a file.
#[derive(Debug)]
pub(super) struct Headers<'a> {
    pub(super) frame: Frame,
    pub(super) scans: Vec<Scan<'a>>,
    pub(super) orientation: Orientation,
}

/// Reads all headers of a file.
pub(super) fn read(bytes: &[u8]) -> Result<Headers<'_>, PictureError> {
    let mut tables = Tables::default();
    let mut frame: Option<Frame> = None;
    let mut seen: Vec<usize> = Vec::new();
    let mut scans = Vec::new();
    let (mut jfif, mut adobe) = (false, None);
    let segments = segments(bytes)?;
    let orientation = metadata::jpeg_orientation(&segments);
    for segment in segments {
        match segment.marker {
            marker::DQT => tables.read_quantisation(&segment)?,
            marker::DHT => tables.read_huffman(&segment)?,
            marker::DRI => match *segment.payload {
                [high, low] => tables.restart_interval = u32::from(u16::from_be_bytes([high, low])),
                _ => {
                    return Err(corrupt(segment.offset, "its restart interval does not have 2 bytes"));
                }
            },
            marker::DAC => return Err(unsupported("arithmetic coding")),
            marker::APP0 if segment.payload.starts_with(b"JFIF\0") => jfif = true,
            marker::APP14 if segment.payload.starts_with(b"Adobe") => adobe = segment.payload.get(11).copied(),
            code if marker::is_frame(code) => {
                if frame.is_some() {
                    return Err(corrupt(segment.offset, "it has a second frame header"));
                }
                frame = Some(read_frame(&segment)?);
            }
            marker::SOS => {
                let frame = frame.as_mut().ok_or_else(|| corrupt(segment.offset, "a scan stands before the frame"))?;
                scans.push(read_scan(&segment, frame, &tables, &mut seen)?);
            }
            _ => {}
        }
    }
    let mut frame = frame.ok_or_else(|| corrupt(2, "it has no frame header"))?;
    (frame.jfif, frame.adobe) = (jfif, adobe);
    if seen.len() != frame.components.len() {
        return Err(corrupt(bytes.len(), "a colour component has no scan"));
    }
    Ok(Headers { frame, scans, orientation })
}

fn read_frame(segment: &Segment<'_>) -> Result<Frame, PictureError> {
    match segment.marker {
        0xc0 | 0xc1 => {}
        0xc2 => return Err(unsupported("progressive coding")),
        0xc3 => return Err(unsupported("lossless coding")),
        0xc9..=0xcb | 0xcd..=0xcf => return Err(unsupported("arithmetic coding")),
        _ => return Err(unsupported("hierarchical coding")),
    }
    let [precision, h0, h1, w0, w1, count, rest @ ..] = segment.payload else {
        return Err(corrupt(segment.offset, "its frame header is too short"));
    };
    if *precision != 8 {
        return Err(unsupported(format!("{precision} bits per sample")));
    }
    let height = u32::from(u16::from_be_bytes([*h0, *h1]));
    let width = u32::from(u16::from_be_bytes([*w0, *w1]));
    if height == 0 {
        return Err(unsupported("a height given only after its first scan"));
    }
    if rest.len() != usize::from(*count) * 3 {
        return Err(corrupt(segment.offset, "its frame header does not have the length its components take"));
    }
    if !matches!(*count, 1 | 3) {
        return Err(unsupported(format!("{count} colour components")));
    }
    let mut parts = Vec::new();
    for part in rest.chunks_exact(3) {
        let [id, sampling, table] = *part else {
            continue;
        };
        let (horizontal, vertical) = (u32::from(sampling >> 4), u32::from(sampling & 15));
        if !(1..=4).contains(&horizontal) || !(1..=4).contains(&vertical) || table > 3 {
            return Err(corrupt(segment.offset, "a component has a sampling factor or table that cannot be"));
        }
        // A single component is never interleaved, whatever factors it states.
        parts.push(if *count == 1 { (id, 1, 1, table) } else { (id, horizontal, vertical, table) });
    }
    let across = parts.iter().map(|part| part.1).max().unwrap_or(1);
    let down = parts.iter().map(|part| part.2).max().unwrap_or(1);
    let (units_wide, units_high) = (width.div_ceil(across * 8), height.div_ceil(down * 8));
    let components = parts
        .into_iter()
        .map(|(id, horizontal, vertical, table)| Component {
            id,
            horizontal,
            vertical,
            // The number of the table, until the component's scan says what that table holds.
            quantisation: [u16::from(table); 64],
            blocks_wide: (width * horizontal).div_ceil(across).div_ceil(8),
            blocks_high: (height * vertical).div_ceil(down).div_ceil(8),
            padded_wide: units_wide * horizontal,
            padded_high: units_high * vertical,
        })
        .collect();
    Ok(Frame { width, height, components, jfif: false, adobe: None, units_wide, units_high })
}

fn read_scan<'a>(
    segment: &Segment<'a>,
    frame: &mut Frame,
    tables: &Tables,
    seen: &mut Vec<usize>,
) -> Result<Scan<'a>, PictureError> {
    let wrong = |what: &str| corrupt(segment.offset, what);
    let Some((&count, rest)) = segment.payload.split_first() else {
        return Err(wrong("its scan header is empty"));
    };
    if rest.len() != usize::from(count) * 2 + 3 || count == 0 {
        return Err(wrong("its scan header does not have the length its components take"));
    }
    let mut parts = Vec::new();
    for part in rest.chunks_exact(2).take(usize::from(count)) {
        let [id, chosen] = *part else { continue };
        let index = frame.components.iter().position(|component| component.id == id);
        let index = index.ok_or_else(|| wrong("a scan names a component that the frame does not have"))?;
        if seen.contains(&index) {
            return Err(wrong("a component is scanned twice"));
        }
        seen.push(index);
        let component = frame.components.get_mut(index).ok_or_else(|| wrong("no such component"))?;
        let quantisation = tables.quantisation.get(usize::from(component.quantisation[0])).copied().flatten();
        component.quantisation = quantisation.ok_or_else(|| wrong("a component's quantisation table is missing"))?;
        let huffman = |tables: &[Option<Rc<Decoder>>; 4], number: u8| {
            let table = tables.get(usize::from(number)).cloned().flatten();
            table.ok_or_else(|| wrong("a component's Huffman table is missing"))
        };
        let (dc, ac) = (huffman(&tables.dc, chosen >> 4)?, huffman(&tables.ac, chosen & 15)?);
        parts.push(ScanPart { component: index, dc, ac });
    }
    let offset = segment.entropy_offset();
    Ok(Scan { parts, restart_interval: tables.restart_interval, data: segment.entropy, offset })
}

#[derive(Default)]
struct Tables {
    quantisation: [Option<Quantisation>; 4],
    dc: [Option<Rc<Decoder>>; 4],
    ac: [Option<Rc<Decoder>>; 4],
    restart_interval: u32,
}

impl Tables {
    fn read_quantisation(&mut self, segment: &Segment<'_>) -> Result<(), PictureError> {
        let mut rest = segment.payload;
        while let Some((&head, values)) = rest.split_first() {
            let wide = head >> 4 != 0;
            let length = if wide { 128 } else { 64 };
            let (Some(values), Some(slot)) = (values.get(..length), self.quantisation.get_mut(usize::from(head & 15)))
            else {
                return Err(corrupt(segment.offset, "a quantisation table is too short or has a wrong number"));
            };
            let mut table = [0; 64];
            for (at, step) in table.iter_mut().enumerate() {
                *step =
                    if wide { u16::from_be_bytes([values[at * 2], values[at * 2 + 1]]) } else { u16::from(values[at]) };
            }
            if table.contains(&0) {
                return Err(corrupt(segment.offset, "a quantisation table has a step of 0"));
            }
            *slot = Some(table);
            rest = rest.get(1 + length..).unwrap_or_default();
        }
        Ok(())
    }

    fn read_huffman(&mut self, segment: &Segment<'_>) -> Result<(), PictureError> {
        let mut rest = segment.payload;
        while let Some((&head, values)) = rest.split_first() {
            let (table, length) = Specification::read(values, segment.offset)?;
            let decoder = Decoder::new(&table);
            let (class, number) = (head >> 4, usize::from(head & 15));
            if class == 0 && table.symbols.iter().any(|&symbol| symbol > 15) {
                return Err(corrupt(segment.offset, "a Huffman table for DC coefficients has symbols above 15"));
            }
            let slot = match class {
                0 => self.dc.get_mut(number),
                1 => self.ac.get_mut(number),
                _ => None,
            };
            let decoder = if class == 1 { decoder.with_skips() } else { decoder };
            *slot.ok_or_else(|| corrupt(segment.offset, "a Huffman table has a wrong number"))? =
                Some(Rc::new(decoder));
            rest = rest.get(1 + length..).unwrap_or_default();
        }
        Ok(())
    }
}
