//! The right edge of a growing tree: enough to append entries one after the other and to tell the root at any moment, in a few hundred bytes.

use crate::hash::{Hash, empty_root, leaf_hash, node_hash};
use crate::position::TreeSize;

/// The roots of the complete subtrees a tree of this size consists of, largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    subtrees: Vec<Hash>,
}

impl Frontier {
    /// The empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of entries so far.
    pub fn size(&self) -> TreeSize {
        TreeSize(self.size)
    }

    /// Appends an entry by its bytes.
    pub fn append(&mut self, entry: &[u8]) {
        self.append_leaf(leaf_hash(entry));
    }

    /// Appends a leaf whose hash is already known.
    pub fn append_leaf(&mut self, leaf: Hash) {
        let mut node = leaf;
        // Each low one-bit of the size is a complete subtree that the new leaf makes twice as large.
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.subtrees.pop() else {
                break;
            };
            node = node_hash(&left, &node);
        }
        self.subtrees.push(node);
        self.size += 1;
    }

    /// The root over all entries so far.
    pub fn root(&self) -> Hash {
        let mut subtrees = self.subtrees.iter().rev();
        match subtrees.next() {
            None => empty_root(),
            Some(last) => subtrees.fold(*last, |right, left| node_hash(left, &right)),
        }
    }
}
