//! How a picture is divided: groups of pixels that are hidden or shown as a whole, and the order in which the tree over
//! them divides.

use crate::picture::{Orientation, Rectangle};

/// The smallest pieces of a picture that can be hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grid {
    /// The picture as it is stored, in pixels.
    pub(super) width: u32,
    pub(super) height: u32,
    /// How it is to be turned to be seen.
    pub(super) orientation: Orientation,
    /// A group, in pixels of the stored picture.
    pub(super) group_width: u16,
    pub(super) group_height: u16,
}

/// How the tree divides an area of groups in two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TreeOrder {
    /// Between rows as long as there are several. Bands across the whole width take few hashes to open.
    RowsFirst,
    /// Across the side that is longer in pixels. Any rectangle takes not too many hashes to open.
    LongerSideFirst,
}

impl TreeOrder {
    /// Both.
    pub const ALL: [Self; 2] = [Self::RowsFirst, Self::LongerSideFirst];

    /// Its byte in a commitment and in an opening.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::RowsFirst => 0,
            Self::LongerSideFirst => 1,
        }
    }

    /// The opposite of [`Self::number`].
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.number() == number)
    }
}

/// An area of groups, counted in groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Grid {
    pub(super) fn columns(&self) -> u32 {
        self.width.div_ceil(u32::from(self.group_width).max(1))
    }

    pub(super) fn rows(&self) -> u32 {
        self.height.div_ceil(u32::from(self.group_height).max(1))
    }

    pub(super) fn whole(&self) -> Part {
        Part { left: 0, top: 0, width: self.columns(), height: self.rows() }
    }

    /// Width and height as the picture is seen.
    pub(super) fn seen_size(&self) -> (u32, u32) {
        self.orientation.upright_size(self.width, self.height)
    }

    /// A rectangle of the picture as it is seen, where it is stored.
    pub(super) fn stored(&self, seen: Rectangle) -> Rectangle {
        self.orientation.stored_rectangle(seen, self.width, self.height)
    }

    /// A part in pixels of the picture as it is stored, cut to the picture.
    pub(super) fn pixels(&self, part: Part) -> Rectangle {
        let (across, down) = (u32::from(self.group_width), u32::from(self.group_height));
        let whole = Rectangle {
            left: part.left.saturating_mul(across),
            top: part.top.saturating_mul(down),
            width: part.width.saturating_mul(across),
            height: part.height.saturating_mul(down),
        };
        whole.within(self.width, self.height).unwrap_or(Rectangle { width: 0, height: 0, ..whole })
    }

    /// A part in pixels of the picture as it is seen.
    pub(super) fn seen(&self, part: Part) -> Rectangle {
        self.orientation.upright_rectangle(self.pixels(part), self.width, self.height)
    }

    /// The groups that a rectangle of the seen picture touches; `None` when it lies outside.
    pub(super) fn touched(&self, seen: Rectangle) -> Option<Part> {
        let (width, height) = self.seen_size();
        let area = self.stored(seen.within(width, height)?);
        let (across, down) = (u32::from(self.group_width).max(1), u32::from(self.group_height).max(1));
        let (left, top) = (area.left / across, area.top / down);
        Some(Part {
            left,
            top,
            width: area.right().div_ceil(across) - left,
            height: area.bottom().div_ceil(down) - top,
        })
    }
}

impl Grid {
    /// The groups that lie inside a rectangle of the seen picture as a whole; `None` when there are none.
    pub(super) fn inside(&self, seen: Rectangle) -> Option<Part> {
        let (width, height) = self.seen_size();
        let area = self.stored(seen.within(width, height)?);
        let span = |from: u32, to: u32, length: u32, group: u16| {
            let group = u32::from(group).max(1);
            // The last group may be cut by the picture's edge.
            let end = if to >= length { length.div_ceil(group) } else { to / group };
            let start = from.div_ceil(group);
            Some((start, end.checked_sub(start).filter(|count| *count > 0)?))
        };
        let (left, width) = span(area.left, area.right(), self.width, self.group_width)?;
        let (top, height) = span(area.top, area.bottom(), self.height, self.group_height)?;
        Some(Part { left, top, width, height })
    }
}

impl Part {
    pub(super) fn is_one(&self) -> bool {
        self.width <= 1 && self.height <= 1
    }

    /// Its two halves: first the upper or left one, which has the largest power of two of rows or columns below all.
    pub(super) fn halves(&self, grid: &Grid, order: TreeOrder) -> (Self, Self) {
        let across = u64::from(self.width) * u64::from(grid.group_width);
        let down = u64::from(self.height) * u64::from(grid.group_height);
        let rows = match order {
            TreeOrder::RowsFirst => self.height > 1,
            TreeOrder::LongerSideFirst => self.height > 1 && (self.width == 1 || down >= across),
        };
        if rows {
            let first = largest_power_below(self.height);
            let second = Self { top: self.top + first, height: self.height - first, ..*self };
            (Self { height: first, ..*self }, second)
        } else {
            let first = largest_power_below(self.width);
            let second = Self { left: self.left + first, width: self.width - first, ..*self };
            (Self { width: first, ..*self }, second)
        }
    }
}

/// The largest power of two below a number above 1.
fn largest_power_below(number: u32) -> u32 {
    1 << (31 - number.saturating_sub(1).max(1).leading_zeros())
}

/// Which groups are hidden. Counts of hidden groups, summed up from the top left corner, tell in one step how many of a
/// part are.
#[derive(Clone, Debug)]
pub(super) struct Hidden {
    columns: usize,
    /// One more row and column than the grid, the first of each being zero.
    sums: Vec<u32>,
}

impl Hidden {
    pub(super) fn new(grid: &Grid, parts: &[Part]) -> Self {
        let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let (columns, rows) = (size(grid.columns()) + 1, size(grid.rows()) + 1);
        let mut sums = vec![0_u32; columns.saturating_mul(rows)];
        for part in parts {
            for row in part.top..part.top + part.height {
                let first = (size(row) + 1) * columns + size(part.left) + 1;
                if let Some(hidden) = sums.get_mut(first..first + size(part.width)) {
                    hidden.fill(1);
                }
            }
        }
        for at in columns..sums.len() {
            if at % columns > 0 {
                sums[at] += sums[at - 1] + sums[at - columns] - sums[at - columns - 1];
            }
        }
        Self { columns, sums }
    }

    /// How many groups of a part are hidden.
    pub(super) fn count(&self, part: Part) -> u32 {
        let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let sum = |column: u32, row: u32| self.sums[size(row) * self.columns + size(column)];
        let (right, bottom) = (part.left + part.width, part.top + part.height);
        sum(right, bottom) + sum(part.left, part.top) - sum(part.left, bottom) - sum(right, part.top)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grid(width: u32, height: u32) -> Grid {
        Grid { width, height, orientation: Orientation::UPRIGHT, group_width: 64, group_height: 16 }
    }

    #[test]
    fn a_part_divides_at_the_largest_power_of_two_below() {
        for (number, below) in [(2, 1), (3, 2), (4, 2), (5, 4), (8, 4), (9, 8), (1 << 31, 1 << 30), (u32::MAX, 1 << 31)]
        {
            assert_eq!(largest_power_below(number), below, "{number}");
        }
        let grid = grid(640, 160);
        let part = |left, top, width, height| Part { left, top, width, height };
        let whole = grid.whole();
        assert_eq!(whole, part(0, 0, 10, 10));
        assert_eq!(whole.halves(&grid, TreeOrder::RowsFirst), (part(0, 0, 10, 8), part(0, 8, 10, 2)));
        assert_eq!(whole.halves(&grid, TreeOrder::LongerSideFirst), (part(0, 0, 8, 10), part(8, 0, 2, 10)));
        // As wide as high in pixels: between rows.
        let square = part(0, 0, 1, 4);
        assert_eq!(square.halves(&grid, TreeOrder::LongerSideFirst), (part(0, 0, 1, 2), part(0, 2, 1, 2)));
    }

    proptest! {
        #[test]
        fn every_group_is_met_once_whatever_the_order(
            (width, height) in (1_u32..900, 1_u32..300),
            order in prop::sample::select(TreeOrder::ALL.to_vec()),
        ) {
            let grid = grid(width, height);
            let mut met = vec![0_u8; (grid.columns() * grid.rows()) as usize];
            let mut waiting = vec![grid.whole()];
            while let Some(part) = waiting.pop() {
                if part.is_one() {
                    met[(part.top * grid.columns() + part.left) as usize] += 1;
                } else {
                    let (one, other) = part.halves(&grid, order);
                    waiting.extend([one, other]);
                }
            }
            prop_assert!(met.iter().all(|times| *times == 1));
        }

        #[test]
        fn what_is_hidden_is_counted_as_it_is_drawn(
            parts in prop::collection::vec((0_u32..9, 0_u32..9, 1_u32..9, 1_u32..9), 0..5),
            asked in (0_u32..9, 0_u32..9, 1_u32..9, 1_u32..9),
        ) {
            let grid = grid(64 * 10, 16 * 10);
            let part = |(left, top, width, height): (u32, u32, u32, u32)| Part {
                left, top, width: width.min(10 - left), height: height.min(10 - top),
            };
            let parts: Vec<Part> = parts.into_iter().map(part).collect();
            let asked = part(asked);
            let inside = |part: &Part, x: u32, y: u32| {
                (part.left..part.left + part.width).contains(&x) && (part.top..part.top + part.height).contains(&y)
            };
            let places = (0..10).flat_map(|y| (0..10).map(move |x| (x, y)));
            let drawn = places.filter(|(x, y)| inside(&asked, *x, *y) && parts.iter().any(|part| inside(part, *x, *y)));
            prop_assert_eq!(Hidden::new(&grid, &parts).count(asked) as usize, drawn.count());
        }
    }
}
