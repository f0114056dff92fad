//! The modules of one symbol as they were seen, each with its clarity.

use super::symbol::Version;

/// A square of modules. Each has a darkness from -1 (clearly light) over 0 (cannot be told) to 1 (clearly dark).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Modules {
    version: Version,
    darkness: Vec<f32>,
    outside: usize,
}

impl Modules {
    /// `darkness` row by row; `None` unless it has the square of the version's side. `outside` says how many of the
    /// modules lie outside the picture.
    pub(super) fn new(version: Version, darkness: Vec<f32>, outside: usize) -> Option<Self> {
        (darkness.len() == version.side() * version.side()).then_some(Self { version, darkness, outside })
    }

    pub(super) fn version(&self) -> Version {
        self.version
    }

    pub(super) fn side(&self) -> usize {
        self.version.side()
    }

    /// How many lie outside the picture.
    pub(super) fn outside(&self) -> usize {
        self.outside
    }

    /// 0 for a module that is not in the symbol.
    pub(super) fn get(&self, column: usize, row: usize) -> f32 {
        if column >= self.side() {
            return 0.0;
        }
        self.darkness.get(row * self.side() + column).copied().unwrap_or(0.0)
    }

    /// By `row * side + column`; 0 for a module that is not in the symbol.
    pub(super) fn at(&self, index: usize) -> f32 {
        self.darkness.get(index).copied().unwrap_or(0.0)
    }

    /// How many modules say the same in every symbol of this version, the finder patterns left aside: those of the timing
    /// and alignment patterns and the version areas.
    pub(super) fn fixed(&self) -> usize {
        let version_areas = if self.version.has_version_areas() { 36 } else { 0 };
        2 * (self.side() - 16) + 25 * self.version.alignment_centres().len() + version_areas
    }

    /// How clear the modules are on the whole, 0 to 1.
    pub(super) fn clarity(&self) -> f32 {
        let sum: f32 = self.darkness.iter().map(|darkness| darkness.abs()).sum();
        sum / self.darkness.len() as f32
    }

    /// The symbol seen from its back.
    pub(super) fn transposed(&self) -> Self {
        let side = self.side();
        let darkness = (0..side * side).map(|index| self.darkness[index % side * side + index / side]).collect();
        Self { version: self.version, darkness, outside: self.outside }
    }

    /// Takes back what blur has mixed in from the four neighbours, `share` of each. Modules that cannot be told stay so.
    pub(super) fn sharpened(&self, share: f32) -> Self {
        let side = self.side();
        let mut darkness = self.darkness.clone();
        for row in 0..side {
            for column in 0..side {
                let own = self.darkness[row * side + column];
                if own == 0.0 {
                    continue;
                }
                // What lies around the symbol is light.
                let neighbour = |column: Option<usize>, row: Option<usize>| match (column, row) {
                    (Some(column), Some(row)) if column < side && row < side => self.darkness[row * side + column],
                    _ => -1.0,
                };
                let around = neighbour(column.checked_sub(1), Some(row))
                    + neighbour(Some(column + 1), Some(row))
                    + neighbour(Some(column), row.checked_sub(1))
                    + neighbour(Some(column), Some(row + 1));
                darkness[row * side + column] = ((own - share * around) / (1.0 - share)).clamp(-1.0, 1.0);
            }
        }
        Self { version: self.version, darkness, outside: self.outside }
    }
}
