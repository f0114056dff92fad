//! Turns appended entries into the files to write: full bundles and tiles as they fill up, partial ones for the size to be signed.

use thiserror::Error;

use crate::checkpoint::Checkpoint;
use crate::hash::{Hash, empty_root, leaf_hash, root_over};
use crate::position::{EntryIndex, TreeSize};
use crate::tile::{
    BundleError, FULL_WIDTH, LEVELS_PER_TILE, LONGEST_ENTRY, TilePath, TileWidth, hashes_at, parse_bundle, push_entry,
};
use crate::tiled::{TileStore, TiledError, TiledHashes};

/// A file of the ledger: immutable once a checkpoint covers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerFile {
    /// Its name, relative to the ledger's root.
    pub path: TilePath,
    /// All its bytes.
    pub bytes: Vec<u8>,
}

/// An entry too long for its length prefix.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("an entry of {length} bytes does not fit into the ledger: {LONGEST_ENTRY} is the most")]
pub struct EntryTooLong {
    /// The entry's length in bytes.
    pub length: usize,
}

/// Why a ledger cannot be continued from its files.
#[derive(Debug, Error)]
pub enum ResumeError<E: std::error::Error + 'static> {
    /// A tile is missing, unreadable or damaged.
    #[error(transparent)]
    Tile(#[from] TiledError<E>),
    /// The last bundle is damaged.
    #[error("{path} is damaged: {cause}")]
    Bundle {
        /// The bundle.
        path: TilePath,
        /// What is wrong with it.
        cause: BundleError,
    },
    /// The tiles are not those of the checkpoint.
    #[error("the tiles give the root {found} for {size} entries; the checkpoint says {expected}")]
    Root {
        /// The checkpoint's size.
        size: TreeSize,
        /// The checkpoint's root.
        expected: Hash,
        /// What the tiles give.
        found: Hash,
    },
    /// An entry of the last bundle does not hash to its leaf.
    #[error("entry {index} in {path} hashes to {found}; its tile says {expected}")]
    Leaf {
        /// The bundle.
        path: TilePath,
        /// The entry.
        index: EntryIndex,
        /// In the tile.
        expected: Hash,
        /// From the entry's bytes.
        found: Hash,
    },
}

/// The right edge of the tiled ledger: whatever is not yet in a full tile, on every level, and the files made so far.
#[derive(Clone, Debug, Default)]
pub struct Appender {
    size: u64,
    /// The bytes of the last, not yet full bundle.
    bundle: Vec<u8>,
    /// By tile level: the hashes of the last, not yet full tile. Never 256 of them.
    edge: Vec<Vec<Hash>>,
    completed: Vec<LedgerFile>,
}

impl Appender {
    /// An empty ledger.
    pub fn new() -> Self {
        Self::default()
    }

    /// Continues a ledger from its files. All hashes of the right edge together give the root, so the checkpoint vouches for them.
    pub fn resume<S: TileStore>(store: &S, checkpoint: &Checkpoint) -> Result<Self, ResumeError<S::Error>> {
        let size = checkpoint.size;
        let tiles = TiledHashes::new(store, size);
        let mut appender = Self { size: size.0, ..Self::default() };
        for level in 0..LEVELS_PER_TILE {
            let count = hashes_at(size, level);
            let last = count / u64::from(FULL_WIDTH);
            let hashes = match TileWidth::new(count % u64::from(FULL_WIDTH)) {
                Some(width) => tiles.tile(level, last, width)?,
                None => Vec::new(),
            };
            appender.edge.push(hashes);
        }
        let found = appender.root();
        if found != checkpoint.root {
            return Err(ResumeError::Root { size, expected: checkpoint.root, found });
        }
        appender.resume_bundle(store)?;
        Ok(appender)
    }

    fn resume_bundle<S: TileStore>(&mut self, store: &S) -> Result<(), ResumeError<S::Error>> {
        let number = self.size / u64::from(FULL_WIDTH);
        let Some(width) = TileWidth::new(self.size % u64::from(FULL_WIDTH)) else {
            return Ok(());
        };
        let path = TilePath::entries(number, width);
        let bytes = store
            .read_tile(&path)
            .map_err(|source| TiledError::Store { path, source })?
            .ok_or(TiledError::Missing { path })?;
        let entries = parse_bundle(&bytes, width).map_err(|cause| ResumeError::Bundle { path, cause })?;
        let leaves = self.edge.first().map_or(&[][..], Vec::as_slice);
        for ((index, entry), expected) in (number * u64::from(FULL_WIDTH)..).map(EntryIndex).zip(entries).zip(leaves) {
            let found = leaf_hash(entry);
            if found != *expected {
                return Err(ResumeError::Leaf { path, index, expected: *expected, found });
            }
        }
        self.bundle = bytes;
        Ok(())
    }

    /// The number of entries so far.
    pub fn size(&self) -> TreeSize {
        TreeSize(self.size)
    }

    /// Appends an entry of at most 65,535 bytes and says where it stands.
    pub fn append(&mut self, entry: &[u8]) -> Result<EntryIndex, EntryTooLong> {
        push_entry(&mut self.bundle, entry).ok_or(EntryTooLong { length: entry.len() })?;
        let index = EntryIndex(self.size);
        self.size += 1;
        if self.size.is_multiple_of(u64::from(FULL_WIDTH)) {
            let path = TilePath::entries(index.0 / u64::from(FULL_WIDTH), TileWidth::FULL);
            self.completed.push(LedgerFile { path, bytes: std::mem::take(&mut self.bundle) });
        }
        self.push_hash(leaf_hash(entry));
        Ok(index)
    }

    /// Puts a leaf into its tile, and where that fills a tile, its root into the tile above, and so on.
    fn push_hash(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for level in 0..LEVELS_PER_TILE {
            let place = usize::from(level);
            if self.edge.len() <= place {
                self.edge.push(Vec::new());
            }
            let Some(hashes) = self.edge.get_mut(place) else {
                return;
            };
            hashes.push(hash);
            if hashes.len() < usize::from(FULL_WIDTH) {
                return;
            }
            let full = std::mem::take(hashes);
            let number = (hashes_at(TreeSize(self.size), level) - 1) / u64::from(FULL_WIDTH);
            if let Some(path) = TilePath::hashes(level, number, TileWidth::FULL) {
                self.completed.push(LedgerFile { path, bytes: tile_bytes(&full) });
            }
            let Some(root) = root_over(&full) else { return };
            hash = root;
        }
    }

    /// Takes the full bundles and tiles completed since the last call.
    pub fn take_completed(&mut self) -> Vec<LedgerFile> {
        std::mem::take(&mut self.completed)
    }

    /// The partial bundle and tiles that a checkpoint of this size needs beside the full ones.
    pub fn partial_files(&self) -> Vec<LedgerFile> {
        let mut files = Vec::new();
        if let Some(width) = TileWidth::new(self.size % u64::from(FULL_WIDTH)) {
            let path = TilePath::entries(self.size / u64::from(FULL_WIDTH), width);
            files.push(LedgerFile { path, bytes: self.bundle.clone() });
        }
        for (level, hashes) in (0..LEVELS_PER_TILE).zip(&self.edge) {
            let number = hashes_at(TreeSize(self.size), level) / u64::from(FULL_WIDTH);
            let width = u64::try_from(hashes.len()).ok().and_then(TileWidth::new);
            if let Some(path) = width.and_then(|width| TilePath::hashes(level, number, width)) {
                files.push(LedgerFile { path, bytes: tile_bytes(hashes) });
            }
        }
        files
    }

    /// The root over all entries so far.
    pub fn root(&self) -> Hash {
        // From the leaves up: what is not in a full tile is the last, incomplete node of the row above.
        let mut incomplete = None;
        for hashes in &self.edge {
            let row: Vec<Hash> = hashes.iter().copied().chain(incomplete).collect();
            incomplete = root_over(&row);
        }
        incomplete.unwrap_or_else(empty_root)
    }
}

fn tile_bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}
