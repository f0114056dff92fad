//! Where an entry stands, and how many there are: two numbers that are easily taken for each other.

use std::fmt;

/// The place of an entry in the ledger, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryIndex(pub u64);

/// The number of entries in a ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreeSize(pub u64);

impl TreeSize {
    /// The index the next appended entry will have.
    pub fn next_index(self) -> EntryIndex {
        EntryIndex(self.0)
    }

    /// Whether a tree of this size holds the entry.
    pub fn holds(self, index: EntryIndex) -> bool {
        index.0 < self.0
    }
}

impl fmt::Display for EntryIndex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for TreeSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
