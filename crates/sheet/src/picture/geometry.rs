//! Rectangles in pixels, and the eight ways a camera may have stored a picture.

use std::fmt;

/// A rectangle in whole pixels from the top left corner of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rectangle {
    /// Pixels left of it.
    pub left: u32,
    /// Pixels above it.
    pub top: u32,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
}

impl Rectangle {
    /// The whole of a picture.
    #[must_use]
    pub fn whole(width: u32, height: u32) -> Self {
        Self { left: 0, top: 0, width, height }
    }

    /// First column to its right.
    #[inline]
    #[must_use]
    pub fn right(&self) -> u32 {
        self.left.saturating_add(self.width)
    }

    /// First row below it.
    #[inline]
    #[must_use]
    pub fn bottom(&self) -> u32 {
        self.top.saturating_add(self.height)
    }

    /// The part that both cover; `None` when that is nothing.
    #[inline]
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let (left, top) = (self.left.max(other.left), self.top.max(other.top));
        let width = self.right().min(other.right()).checked_sub(left)?;
        let height = self.bottom().min(other.bottom()).checked_sub(top)?;
        (width > 0 && height > 0).then_some(Self { left, top, width, height })
    }

    /// What is left of it without `other`: up to four rectangles that do not overlap.
    #[must_use]
    pub fn without(&self, other: &Self) -> Vec<Self> {
        let Some(cut) = self.intersection(other) else { return vec![*self] };
        let above = Self { height: cut.top - self.top, ..*self };
        let below = Self { top: cut.bottom(), height: self.bottom() - cut.bottom(), ..*self };
        let left = Self { left: self.left, width: cut.left - self.left, ..cut };
        let right = Self { left: cut.right(), width: self.right() - cut.right(), ..cut };
        [above, left, right, below].into_iter().filter(|part| part.width > 0 && part.height > 0).collect()
    }

    /// The part inside a picture of this size; `None` when that is nothing.
    #[must_use]
    pub fn within(&self, width: u32, height: u32) -> Option<Self> {
        self.intersection(&Self::whole(width, height))
    }
}

impl fmt::Display for Rectangle {
    /// Width x height + left + top, as in X11 and ImageMagick.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}x{}+{}+{}", self.width, self.height, self.left, self.top)
    }
}

/// How the stored rows and columns of a picture lie when it is seen upright: EXIF 2.32, tag 274, values 1 to 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Orientation(u8);

impl Default for Orientation {
    fn default() -> Self {
        Self::UPRIGHT
    }
}

impl Orientation {
    /// Stored as it is seen.
    pub const UPRIGHT: Self = Self(1);

    /// `None` outside 1 to 8.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        u8::try_from(number).ok().filter(|number| (1..=8).contains(number)).map(Self)
    }

    /// The EXIF value, 1 to 8.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }

    /// Whether stored rows are seen as columns.
    fn transposed(self) -> bool {
        self.0 >= 5
    }

    /// Whether, after transposing, left and right, and top and bottom, are swapped.
    fn mirrored(self) -> (bool, bool) {
        match self.0 {
            2 | 6 => (true, false),
            3 | 7 => (true, true),
            4 | 8 => (false, true),
            _ => (false, false),
        }
    }

    /// Width and height as seen, from those stored.
    #[must_use]
    pub fn upright_size(self, width: u32, height: u32) -> (u32, u32) {
        if self.transposed() { (height, width) } else { (width, height) }
    }

    /// Where a rectangle of a stored picture of `width` x `height` is seen.
    #[must_use]
    pub fn upright_rectangle(self, stored: Rectangle, width: u32, height: u32) -> Rectangle {
        let turned = if self.transposed() { transpose(stored) } else { stored };
        self.mirror(turned, self.upright_size(width, height))
    }

    /// Where a rectangle that is seen in a picture stored as `width` x `height` lies in the stored one.
    #[must_use]
    pub fn stored_rectangle(self, seen: Rectangle, width: u32, height: u32) -> Rectangle {
        let turned = self.mirror(seen, self.upright_size(width, height));
        if self.transposed() { transpose(turned) } else { turned }
    }

    fn mirror(self, area: Rectangle, (width, height): (u32, u32)) -> Rectangle {
        let (sideways, upside_down) = self.mirrored();
        Rectangle {
            left: if sideways { width.saturating_sub(area.right()) } else { area.left },
            top: if upside_down { height.saturating_sub(area.bottom()) } else { area.top },
            ..area
        }
    }
}

fn transpose(area: Rectangle) -> Rectangle {
    Rectangle { left: area.top, top: area.left, width: area.height, height: area.width }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::GreyPicture;

    /// The letter F as EXIF's own drawings show it, stored in each of the eight ways.
    const STORED: [(u16, [&str; 5]); 8] = [
        (1, ["####", "#...", "##..", "#...", "#..."]),
        (2, ["####", "...#", "..##", "...#", "...#"]),
        (3, ["...#", "...#", "..##", "...#", "####"]),
        (4, ["#...", "#...", "##..", "#...", "####"]),
        (5, ["#####", "#.#..", "#....", "#....", ""]),
        (6, ["#....", "#....", "#.#..", "#####", ""]),
        (7, ["....#", "....#", "..#.#", "#####", ""]),
        (8, ["#####", "..#.#", "....#", "....#", ""]),
    ];

    #[test]
    fn a_letter_stored_in_eight_ways_is_seen_the_same() {
        let picture = |rows: &[&str]| {
            let rows: Vec<&str> = rows.iter().copied().filter(|row| !row.is_empty()).collect();
            let width = u32::try_from(rows[0].len()).unwrap();
            let height = u32::try_from(rows.len()).unwrap();
            GreyPicture::new(width, height, rows.concat().into_bytes()).unwrap()
        };
        let upright = picture(&STORED[0].1);
        for (number, rows) in STORED {
            let orientation = Orientation::from_number(number).unwrap();
            assert_eq!(picture(&rows).upright(orientation), upright, "orientation {number}");
        }
        assert_eq!(Orientation::from_number(0), None);
        assert_eq!(Orientation::from_number(9), None);
    }

    #[test]
    fn what_is_cut_out_of_a_rectangle_is_gone_and_the_rest_is_there_once() {
        let whole = Rectangle { left: 2, top: 1, width: 6, height: 5 };
        for cut in [(0, 0, 9, 9), (3, 2, 2, 2), (2, 1, 1, 9), (0, 3, 4, 1), (7, 5, 1, 1), (8, 0, 3, 3), (0, 0, 2, 9)] {
            let cut = Rectangle { left: cut.0, top: cut.1, width: cut.2, height: cut.3 };
            let parts = whole.without(&cut);
            for y in 0..9 {
                for x in 0..9 {
                    let at = Rectangle { left: x, top: y, width: 1, height: 1 };
                    let inside = |area: &Rectangle| area.intersection(&at).is_some();
                    let times = parts.iter().filter(|part| inside(part)).count();
                    assert_eq!(times, usize::from(inside(&whole) && !inside(&cut)), "{cut} at {x}, {y}");
                }
            }
        }
    }

    #[test]
    fn rectangles_go_there_and_back() {
        let area = Rectangle { left: 3, top: 5, width: 11, height: 2 };
        for number in 1..=8 {
            let orientation = Orientation::from_number(number).unwrap();
            let seen = orientation.upright_rectangle(area, 40, 30);
            let (width, height) = orientation.upright_size(40, 30);
            assert_eq!(seen.within(width, height), Some(seen));
            assert_eq!(orientation.stored_rectangle(seen, 40, 30), area, "orientation {number}");
        }
    }
}
