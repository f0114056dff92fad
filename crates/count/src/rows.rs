//! Rows of cells, each row as narrow as its largest number allows: most stations' numbers fit a byte.

use crate::cell::Cell;

/// Bytes that each cell of a row takes. The three cells without a number take the three largest numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Width {
    One,
    Two,
    Four,
}

impl Width {
    /// The narrowest for a cell.
    fn of(cell: Cell) -> Self {
        // Below the places of the three cells without a number.
        match cell {
            Cell::Value(253..=65_532) => Self::Two,
            Cell::Value(65_533..) => Self::Four,
            _ => Self::One,
        }
    }

    /// 1, 2 or 4.
    pub fn bytes(self) -> usize {
        usize::from(self.number())
    }

    /// Its number in a snapshot.
    pub fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
        }
    }

    /// The opposite of [`Width::number`].
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::One, Self::Two, Self::Four].into_iter().find(|width| width.number() == number)
    }
}

/// The largest number of a row of width one.
const NARROWEST_NUMBERS: u8 = 252;

/// One row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    width: Width,
    bytes: &'a [u8],
}

impl<'a> Row<'a> {
    /// The cell at a place; absent beyond the end.
    pub fn cell(self, at: usize) -> Cell {
        let start = at * self.width.bytes();
        let packed = match (self.width, self.bytes.get(start..start + self.width.bytes())) {
            (Width::One, Some(&[byte])) => widen(u32::from(byte), u32::from(u8::MAX)),
            (Width::Two, Some(&[low, high])) => widen(u32::from(u16::from_le_bytes([low, high])), u32::from(u16::MAX)),
            (_, Some(&[a, b, c, d])) => u32::from_le_bytes([a, b, c, d]),
            _ => return Cell::Absent,
        };
        Cell::unpack(packed)
    }

    /// Hands on the first cells, as far as they are numbers, until one stops it with `None`.
    pub fn try_each_number(self, cells: usize, mut each: impl FnMut(usize, Option<u32>) -> Option<()>) -> Option<()> {
        match self.width {
            Width::One => {
                let mut bytes = self.bytes.iter().take(cells).enumerate();
                bytes.try_for_each(|(at, byte)| each(at, (*byte <= NARROWEST_NUMBERS).then_some(u32::from(*byte))))
            }
            Width::Two | Width::Four => (0..cells).try_for_each(|at| each(at, self.cell(at).value())),
        }
    }

    pub fn len(self) -> usize {
        self.bytes.len() / self.width.bytes()
    }

    /// All cells as they are packed, for an order that does not depend on widths.
    pub fn packed(self) -> impl Iterator<Item = u32> + use<'a> {
        (0..self.len()).map(move |at| self.cell(at).pack())
    }
}

/// From a narrow cell to the four bytes of [`Cell::pack`]: the three largest of each width mean the same.
fn widen(packed: u32, largest: u32) -> u32 {
    if packed > largest - 3 { u32::MAX - (largest - packed) } else { packed }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Rows {
    starts: Vec<u32>,
    widths: Vec<Width>,
    bytes: Vec<u8>,
}

impl Rows {
    /// An empty table with room for so many rows of so many cells, as far as they are narrow.
    pub fn with_room(rows: usize, cells: usize) -> Self {
        Self {
            starts: Vec::with_capacity(rows),
            widths: Vec::with_capacity(rows),
            bytes: Vec::with_capacity(rows.saturating_mul(cells)),
        }
    }

    /// Adds a row. `None` when the table is full.
    pub fn push(&mut self, cells: impl Iterator<Item = Cell> + Clone) -> Option<()> {
        let start = u32::try_from(self.bytes.len()).ok()?;
        let width = cells.clone().map(Width::of).max().unwrap_or(Width::One);
        for cell in cells {
            self.bytes.extend_from_slice(&cell.pack().to_le_bytes()[..width.bytes()]);
        }
        self.starts.push(start);
        self.widths.push(width);
        Some(())
    }

    /// The row at a place that [`Rows::push`] made.
    pub fn row(&self, at: usize) -> Row<'_> {
        let start = self.starts[at] as usize;
        let end = self.starts.get(at + 1).map_or(self.bytes.len(), |end| *end as usize);
        Row { width: self.widths[at], bytes: &self.bytes[start..end] }
    }

    /// The bytes of each cell of each row.
    pub fn widths(&self) -> &[Width] {
        &self.widths
    }

    /// All rows, one after the other.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Rows of these widths and numbers of cells, to which so many bytes belong; [`Rows::take_bytes`] brings them. `None`
    /// where the rows take more or fewer.
    pub fn of_parts(rows: impl ExactSizeIterator<Item = (Width, usize)>, bytes: usize) -> Option<Self> {
        let (mut starts, mut widths) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        let mut end = 0_usize;
        for (width, cells) in rows {
            starts.push(u32::try_from(end).ok()?);
            widths.push(width);
            end = end.checked_add(width.bytes() * cells)?;
        }
        (end == bytes).then_some(Self { starts, widths, bytes: Vec::new() })
    }

    /// `None` where the last row would not begin within them.
    pub fn take_bytes(&mut self, bytes: Vec<u8>) -> Option<()> {
        self.bytes = bytes;
        (self.starts.last().map_or(0, |start| *start as usize) <= self.bytes.len()).then_some(())
    }

    pub fn heap_bytes(&self) -> usize {
        self.starts.capacity() * 4 + self.widths.capacity() + self.bytes.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cell() -> impl Strategy<Value = Cell> {
        prop_oneof![
            (0..=260_u32).prop_map(Cell::Value),
            (65_500..=65_600_u32).prop_map(Cell::Value),
            Just(Cell::Value(Cell::LARGEST)),
            Just(Cell::Blank),
            Just(Cell::Illegible),
            Just(Cell::Absent),
        ]
    }

    proptest! {
        #[test]
        fn every_row_comes_out_as_it_went_in(given in prop::collection::vec(prop::collection::vec(cell(), 0..6), 0..6)) {
            let mut rows = Rows::default();
            for row in &given {
                rows.push(row.iter().copied()).unwrap();
            }
            for (at, row) in given.iter().enumerate() {
                let found: Vec<Cell> = (0..row.len()).map(|place| rows.row(at).cell(place)).collect();
                prop_assert_eq!(&found, row);
                prop_assert_eq!(rows.row(at).len(), row.len());
                prop_assert_eq!(rows.row(at).cell(row.len()), Cell::Absent);
            }
        }
    }

    #[test]
    fn a_row_is_as_narrow_as_its_largest_number() {
        for (largest, bytes) in [(252, 1), (253, 2), (65_532, 2), (65_533, 4), (Cell::LARGEST, 4)] {
            let mut rows = Rows::default();
            rows.push([Cell::Value(largest), Cell::Blank].into_iter()).unwrap();
            assert_eq!(rows.bytes.len(), bytes * 2, "{largest}");
        }
    }
}
