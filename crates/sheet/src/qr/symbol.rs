//! The fixed facts of a QR symbol of each version (ISO/IEC 18004): sizes, blocks, and which module means what.

/// Symbol version, 1 to 40.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Version(u8);

/// Error correction level, by how much of a symbol may be damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// About 7 %.
    Low,
    /// About 15 %.
    Medium,
    /// About 25 %.
    Quartile,
    /// About 30 %.
    High,
}

/// Check codewords in each block, by level and version (table 9 of the standard).
const CHECKS: [[u8; 40]; 4] = [
    [
        7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26, 28, 30, 30,
        30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
    ],
    [
        10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28, 28,
        28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    ],
    [
        13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24, 28, 28, 26, 30, 28, 30, 30, 30, 30, 28, 30, 30,
        30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
    ],
    [
        17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30, 28, 28, 26, 28, 30, 24, 30, 30, 30, 30, 30, 30,
        30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
    ],
];

/// Number of blocks, by level and version (table 9 of the standard).
const BLOCKS: [[u8; 40]; 4] = [
    [
        1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18,
        19, 19, 20, 21, 22, 24, 25,
    ],
    [
        1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31,
        33, 35, 37, 38, 40, 43, 45, 47, 49,
    ],
    [
        1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12, 17, 16, 18, 21, 20, 23, 23, 25, 27, 29, 34, 34, 35, 38, 40,
        43, 45, 48, 51, 53, 56, 59, 62, 65, 68,
    ],
    [
        1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16, 19, 21, 25, 25, 25, 34, 30, 32, 35, 37, 40, 42, 45, 48,
        51, 54, 57, 60, 63, 66, 70, 74, 77, 81,
    ],
];

impl Version {
    /// `None` unless 1 to 40.
    pub(super) fn new(number: u8) -> Option<Self> {
        (1..=40).contains(&number).then_some(Self(number))
    }

    pub(super) fn all() -> impl Iterator<Item = Self> {
        (1..=40).map(Self)
    }

    pub(super) fn number(self) -> u8 {
        self.0
    }

    /// Modules a side.
    pub(super) fn side(self) -> usize {
        17 + 4 * usize::from(self.0)
    }

    /// Whether the symbol says its version in two areas of its own.
    pub(super) fn has_version_areas(self) -> bool {
        self.0 >= 7
    }

    /// Rows, which are also columns, on which the centres of alignment patterns lie (annex E of the standard).
    pub(super) fn alignment_lines(self) -> Vec<usize> {
        if self.0 == 1 {
            return Vec::new();
        }
        let version = usize::from(self.0);
        let count = version / 7 + 2;
        let spacing = if self.0 == 32 { 26 } else { (version * 4 + count * 2 + 1) / (count * 2 - 2) * 2 };
        let mut lines: Vec<usize> = (0..count - 1).map(|index| self.side() - 7 - index * spacing).collect();
        lines.push(6);
        lines.reverse();
        lines
    }

    /// Centres `(column, row)` of all alignment patterns: where the lines cross, but not on finder patterns.
    pub(super) fn alignment_centres(self) -> Vec<(usize, usize)> {
        let lines = self.alignment_lines();
        let last = self.side() - 7;
        let mut centres = Vec::new();
        for row in &lines {
            for column in &lines {
                let on_finder =
                    matches!((*column, *row), (6, 6)) || (*column, *row) == (last, 6) || (*column, *row) == (6, last);
                if !on_finder {
                    centres.push((*column, *row));
                }
            }
        }
        centres
    }

    /// Check codewords in each block.
    pub(super) fn checks(self, level: Level) -> usize {
        usize::from(CHECKS[level.row()][usize::from(self.0) - 1])
    }

    /// Number of blocks.
    pub(super) fn blocks(self, level: Level) -> usize {
        usize::from(BLOCKS[level.row()][usize::from(self.0) - 1])
    }

    /// Which modules are fixed by function, row by row: finders, separators, timing, alignment, format and version.
    pub(super) fn function_modules(self) -> Vec<bool> {
        let side = self.side();
        let mut reserved = vec![false; side * side];
        let mut fill = |left: usize, top: usize, width: usize, height: usize| {
            for row in top..top + height {
                reserved[row * side + left..row * side + left + width].fill(true);
            }
        };
        fill(0, 0, 9, 9);
        fill(side - 8, 0, 8, 9);
        fill(0, side - 8, 9, 8);
        fill(0, 6, side, 1);
        fill(6, 0, 1, side);
        for (column, row) in self.alignment_centres() {
            fill(column - 2, row - 2, 5, 5);
        }
        if self.has_version_areas() {
            fill(side - 11, 0, 3, 6);
            fill(0, side - 11, 6, 3);
        }
        reserved
    }

    /// Indexes `row * side + column` of the modules that hold codewords, in the order of their bits: pairs of columns
    /// from the right, upwards and downwards in turn, past the vertical timing pattern.
    pub(super) fn data_modules(self) -> Vec<usize> {
        let side = self.side();
        let reserved = self.function_modules();
        let mut order = Vec::with_capacity(side * side);
        let mut upwards = true;
        let mut right = side - 1;
        loop {
            for step in 0..side {
                let row = if upwards { side - 1 - step } else { step };
                for column in [right, right - 1] {
                    if !reserved[row * side + column] {
                        order.push(row * side + column);
                    }
                }
            }
            upwards = !upwards;
            right = match right {
                8 => 5,
                1 => break,
                _ => right - 2,
            };
        }
        order
    }
}

impl Level {
    fn row(self) -> usize {
        match self {
            Level::Low => 0,
            Level::Medium => 1,
            Level::Quartile => 2,
            Level::High => 3,
        }
    }

    /// By the two bits of the format information.
    pub(super) fn from_bits(bits: u16) -> Self {
        match bits & 3 {
            0 => Level::Medium,
            1 => Level::Low,
            2 => Level::High,
            _ => Level::Quartile,
        }
    }
}

/// Whether data mask `mask` (0 to 7) inverts the module (table 10 of the standard).
pub(super) fn is_masked(mask: u8, column: usize, row: usize) -> bool {
    match mask {
        0 => (row + column).is_multiple_of(2),
        1 => row.is_multiple_of(2),
        2 => column.is_multiple_of(3),
        3 => (row + column).is_multiple_of(3),
        4 => (row / 2 + column / 3).is_multiple_of(2),
        5 => (row * column).is_multiple_of(6),
        6 => ((row * column) % 2 + (row * column) % 3).is_multiple_of(2),
        _ => ((row + column) % 2 + (row * column) % 3).is_multiple_of(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alignment_lines_are_those_of_the_standard() {
        for (version, lines) in [
            (2, vec![6, 18]),
            (7, vec![6, 22, 38]),
            (8, vec![6, 24, 42]),
            (14, vec![6, 26, 46, 66]),
            (32, vec![6, 34, 60, 86, 112, 138]),
            (36, vec![6, 24, 50, 76, 102, 128, 154]),
            (40, vec![6, 30, 58, 86, 114, 142, 170]),
        ] {
            assert_eq!(Version::new(version).unwrap().alignment_lines(), lines, "version {version}");
        }
    }

    #[test]
    fn codewords_are_those_of_the_standard() {
        for (version, codewords) in [(1, 26), (2, 44), (6, 172), (7, 196), (8, 242), (14, 581), (32, 2465), (40, 3706)]
        {
            assert_eq!(Version::new(version).unwrap().data_modules().len() / 8, codewords, "version {version}");
        }
    }

    #[test]
    fn every_block_holds_data() {
        for version in Version::all() {
            for level in [Level::Low, Level::Medium, Level::Quartile, Level::High] {
                assert!(
                    version.data_modules().len() / 8 / version.blocks(level) > version.checks(level),
                    "{version:?} {level:?}"
                );
            }
        }
    }
}
