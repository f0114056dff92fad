//! Hashes of subtrees, looked up in tiles: what a writer needs to make proofs without reading every entry again.
//!
//! For making proofs only. What comes out is as good as the tiles; whoever wants to know recomputes from the entries.

use thiserror::Error;

use crate::hash::{Hash, root_over};
use crate::position::TreeSize;
use crate::proof::{SubtreeHashes, root_at};
use crate::tile::{BundleError, FULL_WIDTH, LEVELS_PER_TILE, TilePath, TileWidth, hashes_at, parse_hashes};

/// Whatever holds the ledger's files: a directory, an object store, a map in a test.
pub trait TileStore {
    /// What can go wrong while reading.
    type Error: std::error::Error + 'static;

    /// The bytes of a file; `None` if there is no such file.
    fn read_tile(&self, path: &TilePath) -> Result<Option<Vec<u8>>, Self::Error>;
}

/// Why the hashes in tiles could not be had.
#[derive(Debug, Error)]
pub enum TiledError<E: std::error::Error + 'static> {
    /// The store failed.
    #[error("{path} could not be read")]
    Store {
        /// The file asked for.
        path: TilePath,
        /// What the store said.
        source: E,
    },
    /// The file is not there, neither partial nor full.
    #[error("{path} is missing")]
    Missing {
        /// The file asked for.
        path: TilePath,
    },
    /// The file is not what its name says.
    #[error("{path} is damaged: {cause}")]
    Damaged {
        /// The file.
        path: TilePath,
        /// What is wrong with it.
        cause: BundleError,
    },
    /// A subtree beyond the tree's right edge was asked for.
    #[error("there is no complete subtree {index} at level {level} in a tree of {size} entries")]
    Beyond {
        /// Height above the leaves.
        level: u8,
        /// Place within the level.
        index: u64,
        /// The tree's size.
        size: TreeSize,
    },
}

/// The hashes of a tree of `size` entries, read from its tiles.
pub struct TiledHashes<'store, S> {
    store: &'store S,
    size: TreeSize,
}

impl<'store, S: TileStore> TiledHashes<'store, S> {
    /// Looks into the tiles of a tree of this size.
    pub fn new(store: &'store S, size: TreeSize) -> Self {
        Self { store, size }
    }

    /// The root of the first `size` entries, which must not be more than the tree has.
    pub fn root_at(&self, size: TreeSize) -> Result<Hash, TiledError<S::Error>> {
        root_at(self, size)
    }

    /// The hashes in a tile. Where a partial tile has given way to a longer one, the full tile's beginning serves as well.
    pub(crate) fn tile(&self, level: u8, number: u64, width: TileWidth) -> Result<Vec<Hash>, TiledError<S::Error>> {
        let beyond = || TiledError::Beyond { level, index: number, size: self.size };
        let path = TilePath::hashes(level, number, width).ok_or_else(beyond)?;
        for candidate in [path, path.full()] {
            let read =
                self.store.read_tile(&candidate).map_err(|source| TiledError::Store { path: candidate, source })?;
            let Some(bytes) = read else { continue };
            let mut hashes = parse_hashes(&bytes, candidate.width())
                .map_err(|cause| TiledError::Damaged { path: candidate, cause })?;
            hashes.truncate(usize::from(width.get()));
            return Ok(hashes);
        }
        Err(TiledError::Missing { path })
    }
}

impl<S: TileStore> SubtreeHashes for TiledHashes<'_, S> {
    type Error = TiledError<S::Error>;

    fn subtree_hash(&self, level: u8, index: u64) -> Result<Hash, Self::Error> {
        let beyond = || TiledError::Beyond { level, index, size: self.size };
        let (tile_level, height) = (level / LEVELS_PER_TILE, level % LEVELS_PER_TILE);
        let count = 1u64 << height;
        let first = index.checked_mul(count).ok_or_else(beyond)?;
        let (number, start) = (first / u64::from(FULL_WIDTH), first % u64::from(FULL_WIDTH));
        let in_tile = hashes_at(self.size, tile_level).saturating_sub(number.saturating_mul(u64::from(FULL_WIDTH)));
        let width = TileWidth::new(in_tile.min(u64::from(FULL_WIDTH))).ok_or_else(beyond)?;
        let hashes = self.tile(tile_level, number, width)?;
        let range = usize::try_from(start).ok().zip(usize::try_from(start + count).ok());
        range.and_then(|(start, end)| hashes.get(start..end)).and_then(root_over).ok_or_else(beyond)
    }
}
