//! Walking through entropy-coded data, block by block in the order it is coded (T.81, A.2 and E.2.3).

use super::bits::BitReader;
use super::coefficients::{Coefficients, Plane};
use super::frame::{Frame, Scan, ScanPart};
use super::segment::{corrupt, unsupported};
use super::transform;
use crate::picture::{Format, GreyPicture, PictureError, Rectangle};

/// Largest DC coefficient of 8-bit samples, with room for sloppy encoders.
const MAX_DC: i32 = 2047;

/// Where a block stands in its component.
struct Place {
    column: u32,
    row: u32,
}

/// One block of a unit.
struct UnitBlock<'a> {
    part: &'a ScanPart,
    /// Which of the scan's components.
    number: usize,
    /// Where it stands in the unit, and how many blocks of its component a unit has across and down.
    column: u32,
    row: u32,
    across: u32,
    down: u32,
}

/// Calls `visit` for every block of a scan until, at the start of a row of units, `last_row` of the first component is
/// passed. The `i32` is the DC coefficient of the component's previous block.
#[inline(always)]
fn walk(
    frame: &Frame,
    scan: &Scan<'_>,
    last_row: u32,
    mut visit: impl FnMut(&mut BitReader<'_>, &ScanPart, &Place, &mut i32) -> Result<(), PictureError>,
) -> Result<(), PictureError> {
    let mut unit: Vec<UnitBlock<'_>> = Vec::new();
    let (mut wide, mut high) = (frame.units_wide, frame.units_high);
    for (number, part) in scan.parts.iter().enumerate() {
        let component = frame.components.get(part.component);
        let component = component.ok_or_else(|| corrupt(scan.offset, "a scan names no component"))?;
        let (mut across, mut down) = (component.horizontal, component.vertical);
        if scan.parts.len() == 1 {
            (wide, high) = (component.blocks_wide, component.blocks_high);
            (across, down) = (1, 1);
        }
        for row in 0..down {
            unit.extend((0..across).map(|column| UnitBlock { part, number, column, row, across, down }));
        }
    }
    let mut reader = BitReader::new(scan.data, scan.offset);
    // A frame read here has at most three components.
    let mut previous = [0_i32; 4];
    let mut until_restart = scan.restart_interval;
    let mut restarts = 0_u8;
    for unit_row in 0..high {
        if unit.first().is_some_and(|first| unit_row * first.down > last_row) {
            return Ok(());
        }
        for unit_column in 0..wide {
            if scan.restart_interval > 0 {
                if until_restart == 0 {
                    reader = reader.restarted(restarts)?;
                    restarts = restarts.wrapping_add(1);
                    previous = [0; 4];
                    until_restart = scan.restart_interval;
                }
                until_restart -= 1;
            }
            for block in &unit {
                let place = Place {
                    column: unit_column.wrapping_mul(block.across).wrapping_add(block.column),
                    row: unit_row.wrapping_mul(block.down).wrapping_add(block.row),
                };
                visit(&mut reader, block.part, &place, &mut previous[block.number & 3])?;
            }
        }
        reader.check()?;
    }
    Ok(())
}

/// Adds a difference to the previous DC coefficient.
#[inline(always)]
fn next_dc(reader: &mut BitReader<'_>, part: &ScanPart, previous: &mut i32) -> Result<i16, PictureError> {
    *previous += part.dc.difference(reader)?;
    match i16::try_from(*previous) {
        Ok(dc) if previous.abs() <= MAX_DC => Ok(dc),
        _ => Err(out_of_range(reader.position())),
    }
}

#[cold]
fn out_of_range(position: usize) -> PictureError {
    corrupt(position, "a block is brighter or darker than 8-bit samples allow")
}

/// Decodes everything.
pub(super) fn coefficients(frame: &Frame, scans: &[Scan<'_>]) -> Result<Coefficients, PictureError> {
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let mut planes: Vec<Plane> = frame
        .components
        .iter()
        .map(|component| Plane {
            blocks_wide: component.padded_wide,
            blocks_high: component.padded_high,
            blocks: vec![[0; 64]; size(component.padded_blocks())],
        })
        .collect();
    for scan in scans {
        walk(frame, scan, u32::MAX, |reader, part, place, previous| {
            let block = planes.get_mut(part.component).and_then(|plane| {
                let at = u64::from(place.row) * u64::from(plane.blocks_wide) + u64::from(place.column);
                plane.blocks.get_mut(size(at))
            });
            let block = block.ok_or_else(|| corrupt(reader.position(), "a block lies outside the picture"))?;
            block[0] = next_dc(reader, part, previous)?;
            part.ac.coefficients(reader, |at, value| block[at & 63] = value)?;
            Ok(())
        })?;
    }
    Ok(Coefficients { frame: frame.clone(), planes })
}

/// Decodes the luma inside a rectangle.
pub(super) fn grey_region(frame: &Frame, scans: &[Scan<'_>], region: Rectangle) -> Result<GreyPicture, PictureError> {
    let Frame { width, height, .. } = *frame;
    let region = region.within(width, height).ok_or(PictureError::Outside { region, width, height })?;
    if !frame.has_plain_luma() {
        return Err(unsupported("colours without a brightness channel"));
    }
    let scan = scans.iter().find(|scan| scan.parts.iter().any(|part| part.component == 0));
    let (Some(scan), Some(luma)) = (scan, frame.components.first()) else {
        return Err(corrupt(0, "its luma has no scan"));
    };
    let steps = transform::steps(&luma.quantisation);
    let columns = region.left / 8..region.right().div_ceil(8);
    let rows = region.top / 8..region.bottom().div_ceil(8);
    let mut canvas = Canvas::new(region);
    let mut block = [0.0_f32; 64];
    walk(frame, scan, rows.end - 1, |reader, part, place, previous| {
        if part.component != 0 {
            part.dc.difference(reader)?;
            return part.ac.skip_coefficients(reader);
        }
        let dc = next_dc(reader, part, previous)?;
        if !rows.contains(&place.row) || !columns.contains(&place.column) {
            return part.ac.skip_coefficients(reader);
        }
        let dc = steps[0] * f32::from(dc);
        let last = part.ac.coefficients(reader, |at, value| {
            block[transform::place(at)] = steps[at & 63] * f32::from(value);
        })?;
        if last == 0 {
            canvas.draw(place, &transform::flat(dc));
        } else {
            block[0] = dc;
            canvas.draw(place, &transform::pixels(&block, last));
            block = [0.0; 64];
        }
        Ok(())
    })?;
    canvas.finish()
}

/// The pixels of a region, drawn block by block.
struct Canvas {
    region: Rectangle,
    pixels: Vec<u8>,
}

impl Canvas {
    fn new(region: Rectangle) -> Self {
        let size = u64::from(region.width) * u64::from(region.height);
        Self { region, pixels: vec![0; usize::try_from(size).unwrap_or_default()] }
    }

    #[inline(always)]
    fn draw(&mut self, place: &Place, block: &[[u8; 8]; 8]) {
        let (left, top) = (place.column * 8, place.row * 8);
        let Some(seen) = (Rectangle { left, top, width: 8, height: 8 }).intersection(&self.region) else { return };
        let size = |number: u32| usize::try_from(number).unwrap_or_default();
        let stride = size(self.region.width);
        let mut at = size(seen.top - self.region.top) * stride + size(seen.left - self.region.left);
        let (x, y, width) = (size(seen.left - left), size(seen.top - top), size(seen.width));
        for source in block.iter().skip(y).take(size(seen.height)) {
            match self.pixels.get_mut(at..at + width) {
                // The common case with a length the compiler knows.
                Some(row) if width == 8 => row.copy_from_slice(source),
                Some(row) => row.copy_from_slice(&source[x..x + width]),
                None => {}
            }
            at += stride;
        }
    }

    fn finish(self) -> Result<GreyPicture, PictureError> {
        let Rectangle { width, height, .. } = self.region;
        GreyPicture::new(width, height, self.pixels).ok_or(PictureError::NoPixels {
            format: Format::Jpeg,
            width,
            height,
        })
    }
}
