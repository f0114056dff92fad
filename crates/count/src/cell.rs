//! One number of a tally sheet: a value, or the exact way in which there is none.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What one place of a sheet says. Nothing but a value is ever treated as a number, least of all as 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// A number of votes, at most [`Cell::LARGEST`].
    Value(u32),
    /// The place is there and empty.
    Blank,
    /// Something stands there that the reader cannot make out.
    Illegible,
    /// This reading says nothing about the place.
    Absent,
}

impl Cell {
    /// The largest number a cell can hold. No polling station has a billion voters; a larger number is a damaged or
    /// hostile payload.
    pub const LARGEST: u32 = 999_999_999;

    const BLANK: u32 = u32::MAX;
    const ILLEGIBLE: u32 = u32::MAX - 1;
    const ABSENT: u32 = u32::MAX - 2;

    /// The number, where there is one.
    #[must_use]
    pub fn value(self) -> Option<u32> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// Four bytes for the columns of the count.
    pub(crate) fn pack(self) -> u32 {
        match self {
            Self::Value(value) => value,
            Self::Blank => Self::BLANK,
            Self::Illegible => Self::ILLEGIBLE,
            Self::Absent => Self::ABSENT,
        }
    }

    /// The opposite of [`Cell::pack`].
    pub(crate) fn unpack(packed: u32) -> Self {
        match packed {
            Self::BLANK => Self::Blank,
            Self::ILLEGIBLE => Self::Illegible,
            Self::ABSENT => Self::Absent,
            value => Self::Value(value),
        }
    }

    /// Whether two readings of one place contradict each other. A reading that says nothing contradicts nobody.
    #[must_use]
    pub fn contradicts(self, other: Self) -> bool {
        self != other && self != Self::Absent && other != Self::Absent
    }

    /// The sum of several places: a value only where each of them is one.
    pub(crate) fn sum(cells: impl IntoIterator<Item = Self>) -> Self {
        let mut total = 0_u32;
        let mut absent = 0_usize;
        let mut count = 0_usize;
        let mut known = true;
        for cell in cells {
            count += 1;
            match cell {
                Self::Value(value) => match total.checked_add(value) {
                    Some(sum) if sum <= Self::LARGEST => total = sum,
                    _ => known = false,
                },
                Self::Absent => absent += 1,
                Self::Blank | Self::Illegible => known = false,
            }
        }
        if absent == count {
            Self::Absent
        } else if known && absent == 0 {
            Self::Value(total)
        } else {
            Self::Illegible
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => value.fmt(formatter),
            Self::Blank => formatter.write_str("blank"),
            Self::Illegible => formatter.write_str("illegible"),
            Self::Absent => formatter.write_str("absent"),
        }
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => serializer.serialize_u32(*value),
            word => serializer.collect_str(word),
        }
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CellVisitor;

        impl Visitor<'_> for CellVisitor {
            type Value = Cell;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "a whole number up to {}, \"blank\", \"illegible\" or \"absent\"", Cell::LARGEST)
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Cell, E> {
                u32::try_from(value)
                    .ok()
                    .filter(|value| *value <= Cell::LARGEST)
                    .map(Cell::Value)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(value), &self))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Cell, E> {
                u64::try_from(value)
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(value), &self))
                    .and_then(|value| self.visit_u64(value))
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Cell, E> {
                match word {
                    "blank" => Ok(Cell::Blank),
                    "illegible" => Ok(Cell::Illegible),
                    "absent" => Ok(Cell::Absent),
                    _ => Err(E::invalid_value(de::Unexpected::Str(word), &self)),
                }
            }
        }

        deserializer.deserialize_any(CellVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_a_value_only_when_every_part_is() {
        let value = Cell::Value;
        for (parts, expected) in [
            (vec![value(2), value(3)], value(5)),
            (vec![value(2), Cell::Blank], Cell::Illegible),
            (vec![value(2), Cell::Absent], Cell::Illegible),
            (vec![Cell::Absent, Cell::Absent], Cell::Absent),
            (vec![value(Cell::LARGEST), value(1)], Cell::Illegible),
        ] {
            assert_eq!(Cell::sum(parts.iter().copied()), expected, "{parts:?}");
        }
    }

    #[test]
    fn packing_keeps_every_cell() {
        for cell in [Cell::Value(0), Cell::Value(Cell::LARGEST), Cell::Blank, Cell::Illegible, Cell::Absent] {
            assert_eq!(Cell::unpack(cell.pack()), cell);
        }
    }

    #[test]
    fn only_two_statements_can_contradict_each_other() {
        assert!(Cell::Value(1).contradicts(Cell::Value(2)));
        assert!(Cell::Value(0).contradicts(Cell::Blank));
        assert!(!Cell::Value(0).contradicts(Cell::Absent));
        assert!(!Cell::Value(7).contradicts(Cell::Value(7)));
    }
}
