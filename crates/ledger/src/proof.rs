//! Proofs about the tree (RFC 6962, section 2.1): that an entry is in it, and that a larger tree only added to a smaller one.
//!
//! A request that no tree can answer (an entry beyond the end, a shrinking ledger) is an error, for the prover as for the checker.

use thiserror::Error;

use crate::hash::{Hash, empty_root, leaf_hash, node_hash};
use crate::position::{EntryIndex, TreeSize};

/// Hashes of complete subtrees: all that making a proof needs to know of a ledger.
pub trait SubtreeHashes {
    /// What can go wrong while looking one up.
    type Error: std::error::Error + 'static;

    /// The hash over the entries from `index * 2^level` up to `(index + 1) * 2^level`.
    fn subtree_hash(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// That an entry is in a tree: the hashes beside its path to the root, leaf's neighbour first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof(pub Vec<Hash>);

/// That a tree begins with the entries of a smaller one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsistencyProof(pub Vec<Hash>);

/// Why a proof does not hold, or cannot exist.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProofError {
    /// The entry is not in a tree of this size.
    #[error("entry {index} is not in a ledger of {size} entries")]
    IndexBeyondTree {
        /// The entry.
        index: EntryIndex,
        /// The tree's size.
        size: TreeSize,
    },
    /// The "older" tree is the larger one.
    #[error("a ledger of {old} entries cannot have grown to {new}")]
    Shrinks {
        /// Size of the older tree.
        old: TreeSize,
        /// Size of the newer tree.
        new: TreeSize,
    },
    /// Hashes missing or left over.
    #[error("the proof has {found} hashes, not the number that these sizes need")]
    WrongLength {
        /// Hashes in the proof.
        found: usize,
    },
    /// The proof leads to another root.
    #[error("the proof leads to the root {found} for {size} entries; expected {expected}")]
    RootMismatch {
        /// The tree whose root differs.
        size: TreeSize,
        /// The root to be shown.
        expected: Hash,
        /// Where the proof leads.
        found: Hash,
    },
}

/// Why a proof could not be made.
#[derive(Debug, Error)]
pub enum ProveError<E: std::error::Error + 'static> {
    /// There is no such proof.
    #[error(transparent)]
    Impossible(#[from] ProofError),
    /// The hashes could not be had.
    #[error("the hashes for a proof could not be read")]
    Hashes(#[source] E),
}

impl InclusionProof {
    /// Makes the proof that an entry is in the tree of the given size.
    pub fn prove<S: SubtreeHashes>(
        hashes: &S,
        index: EntryIndex,
        size: TreeSize,
    ) -> Result<Self, ProveError<S::Error>> {
        if !size.holds(index) {
            return Err(ProofError::IndexBeyondTree { index, size }.into());
        }
        let mut proof = Vec::new();
        let (mut begin, mut end) = (0, size.0);
        while end - begin > 1 {
            let middle = begin + split(end - begin);
            if index.0 < middle {
                proof.push(range_hash(hashes, middle, end).map_err(ProveError::Hashes)?);
                end = middle;
            } else {
                proof.push(range_hash(hashes, begin, middle).map_err(ProveError::Hashes)?);
                begin = middle;
            }
        }
        proof.reverse();
        Ok(Self(proof))
    }

    /// Checks that the entry with these bytes stands at this index of the tree with this size and root.
    pub fn check(&self, entry: &[u8], index: EntryIndex, size: TreeSize, root: &Hash) -> Result<(), ProofError> {
        if !size.holds(index) {
            return Err(ProofError::IndexBeyondTree { index, size });
        }
        let wrong_length = ProofError::WrongLength { found: self.0.len() };
        let (mut node, mut last) = (index.0, size.0 - 1);
        let mut found = leaf_hash(entry);
        for hash in &self.0 {
            if last == 0 {
                return Err(wrong_length);
            }
            if node & 1 == 1 || node == last {
                found = node_hash(hash, &found);
                // A last node without a neighbour rises until it is a right child.
                let rises = node.trailing_zeros();
                node >>= rises;
                last >>= rises;
            } else {
                found = node_hash(&found, hash);
            }
            node >>= 1;
            last >>= 1;
        }
        if last != 0 {
            return Err(wrong_length);
        }
        same_root(size, root, found)
    }
}

impl ConsistencyProof {
    /// Makes the proof that the tree of size `new` begins with the entries of the tree of size `old`.
    pub fn prove<S: SubtreeHashes>(hashes: &S, old: TreeSize, new: TreeSize) -> Result<Self, ProveError<S::Error>> {
        if old > new {
            return Err(ProofError::Shrinks { old, new }.into());
        }
        let mut proof = Vec::new();
        if old.0 == 0 || old == new {
            return Ok(Self(proof));
        }
        let (mut begin, mut end) = (0, new.0);
        while old.0 != end {
            let middle = begin + split(end - begin);
            if old.0 <= middle {
                proof.push(range_hash(hashes, middle, end).map_err(ProveError::Hashes)?);
                end = middle;
            } else {
                proof.push(range_hash(hashes, begin, middle).map_err(ProveError::Hashes)?);
                begin = middle;
            }
        }
        // A smaller tree that is itself a complete subtree of the larger is known to the checker: its root.
        if begin != 0 {
            proof.push(range_hash(hashes, begin, end).map_err(ProveError::Hashes)?);
        }
        proof.reverse();
        Ok(Self(proof))
    }

    /// Checks that the tree with the new size and root begins with the entries of the tree with the old size and root.
    pub fn check(&self, old: TreeSize, old_root: &Hash, new: TreeSize, new_root: &Hash) -> Result<(), ProofError> {
        if old > new {
            return Err(ProofError::Shrinks { old, new });
        }
        let wrong_length = ProofError::WrongLength { found: self.0.len() };
        if old.0 == 0 || old == new {
            // An empty tree is the beginning of every tree, but it has one root only.
            let expected = if old.0 == 0 { &empty_root() } else { new_root };
            same_root(old, expected, *old_root)?;
            if new.0 == 0 {
                same_root(new, &empty_root(), *new_root)?;
            }
            return if self.0.is_empty() { Ok(()) } else { Err(wrong_length) };
        }
        let mut proof = self.0.iter();
        let (mut node, mut last) = (old.0 - 1, new.0 - 1);
        let rises = node.trailing_ones();
        node >>= rises;
        last >>= rises;
        let start = if old.0.is_power_of_two() { old_root } else { proof.next().ok_or(wrong_length.clone())? };
        let (mut found_old, mut found_new) = (*start, *start);
        for hash in proof {
            if last == 0 {
                return Err(wrong_length);
            }
            if node & 1 == 1 || node == last {
                found_old = node_hash(hash, &found_old);
                found_new = node_hash(hash, &found_new);
                let rises = node.trailing_zeros();
                node >>= rises;
                last >>= rises;
            } else {
                found_new = node_hash(&found_new, hash);
            }
            node >>= 1;
            last >>= 1;
        }
        if last != 0 {
            return Err(wrong_length);
        }
        same_root(old, old_root, found_old)?;
        same_root(new, new_root, found_new)
    }
}

fn same_root(size: TreeSize, expected: &Hash, found: Hash) -> Result<(), ProofError> {
    if *expected == found { Ok(()) } else { Err(ProofError::RootMismatch { size, expected: *expected, found }) }
}

/// The largest power of two below `count`, which is at least 2.
fn split(count: u64) -> u64 {
    1 << (u64::BITS - 1 - (count - 1).leading_zeros())
}

/// The root of the first `size` entries.
pub(crate) fn root_at<S: SubtreeHashes>(hashes: &S, size: TreeSize) -> Result<Hash, S::Error> {
    if size.0 == 0 { Ok(empty_root()) } else { range_hash(hashes, 0, size.0) }
}

/// The hash over the entries from `begin` up to `end`, where `begin` is a multiple of the next power of two of their number.
fn range_hash<S: SubtreeHashes>(hashes: &S, begin: u64, end: u64) -> Result<Hash, S::Error> {
    let count = end - begin;
    if count.is_power_of_two() {
        let level = count.trailing_zeros();
        return hashes.subtree_hash(u8::try_from(level).unwrap_or(u8::MAX), begin >> level);
    }
    let middle = begin + split(count);
    Ok(node_hash(&range_hash(hashes, begin, middle)?, &range_hash(hashes, middle, end)?))
}

/// A whole tree's hashes in memory, 64 bytes for each entry: to make many proofs quickly.
#[derive(Clone, Debug, Default)]
pub struct MemoryTree {
    /// By height: the hashes of all complete subtrees.
    levels: Vec<Vec<Hash>>,
}

/// A subtree that is not complete in this tree was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the tree has no complete subtree {index} at height {level}")]
pub struct NoSuchSubtree {
    /// Height above the leaves.
    pub level: u8,
    /// Place within that height.
    pub index: u64,
}

impl MemoryTree {
    /// The empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends an entry by its bytes.
    pub fn append(&mut self, entry: &[u8]) {
        let mut node = leaf_hash(entry);
        for height in 0.. {
            if self.levels.len() == height {
                self.levels.push(Vec::new());
            }
            let Some(row) = self.levels.get_mut(height) else {
                return;
            };
            row.push(node);
            match row.as_slice() {
                [.., left, right] if row.len().is_multiple_of(2) => node = node_hash(left, right),
                _ => return,
            }
        }
    }

    /// The number of entries so far.
    pub fn size(&self) -> TreeSize {
        TreeSize(self.levels.first().and_then(|leaves| u64::try_from(leaves.len()).ok()).unwrap_or(0))
    }

    /// The root of the first `size` entries; `None` if there are fewer.
    pub fn root_at(&self, size: TreeSize) -> Option<Hash> {
        root_at(self, size).ok()
    }
}

impl SubtreeHashes for MemoryTree {
    type Error = NoSuchSubtree;

    fn subtree_hash(&self, level: u8, index: u64) -> Result<Hash, NoSuchSubtree> {
        let row = self.levels.get(usize::from(level));
        let hash = row.and_then(|row| row.get(usize::try_from(index).ok()?));
        hash.copied().ok_or(NoSuchSubtree { level, index })
    }
}
