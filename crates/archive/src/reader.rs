//! Reads an archive's public half: no lock, no database, no writing. Works beside a running writer, after a killed one, and on a read-only copy.
//!
//! What is read here is not verified, except that documents and renditions are what their names say; [`crate::verify_ledger`] verifies.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use testigo_ledger::tile::{FULL_WIDTH, parse_bundle};
use testigo_ledger::{
    Checkpoint, CheckpointError, ConsistencyProof, EntryIndex, Hash, InclusionProof, KeyHistory, Policy, Receipt,
    SignedNote, TilePath, TileStore, TileWidth, TiledHashes, TreeSize, VerifyingKey,
};

use crate::error::ArchiveError;
use crate::files::{file_name, list, read, read_hashed, read_if_there};
use crate::layout::{FORMAT_VERSION, Layout, RenditionFormat};
use crate::verify::Fault;
use crate::witnesses::read_policy;

/// An archive open for reading.
#[derive(Clone, Debug)]
pub struct ArchiveReader {
    layout: Layout,
    pub(crate) keys: KeyHistory,
}

impl ArchiveReader {
    /// Whether there is an archive in a directory, of whatever version.
    pub fn is_archive(directory: &Path) -> bool {
        Layout::new(directory).format().exists()
    }

    /// Opens the archive in a directory.
    pub fn open(directory: &Path) -> Result<Self, ArchiveError> {
        check_format(&Layout::new(directory))?;
        Self::open_mirror(directory)
    }

    /// Opens the public half alone, as it stands in a mirror.
    pub fn open_mirror(directory: &Path) -> Result<Self, ArchiveError> {
        let layout = Layout::new(directory);
        Self::read_keys(layout)
    }

    fn read_keys(layout: Layout) -> Result<Self, ArchiveError> {
        let path = layout.key();
        let bytes = read(&path, "it holds the ledger's public key, as the first line of its text; write it again")?;
        let keys = std::str::from_utf8(&bytes).unwrap_or_default().parse();
        Ok(Self { layout, keys: keys.map_err(|source| ArchiveError::KeysInvalid { path, source })? })
    }

    /// Opens an archive or a mirror of one, which has no `format` file.
    pub fn open_public(directory: &Path) -> Result<Self, ArchiveError> {
        let layout = Layout::new(directory);
        if layout.format().exists() || !layout.key().exists() {
            return Self::open(directory);
        }
        Self::read_keys(layout)
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        self.layout.root()
    }

    /// The key that signs the ledger's heads now, as the archive says. To trust it, compare it with what its publisher said elsewhere.
    pub fn verifying_key(&self) -> &VerifyingKey {
        self.keys.current()
    }

    /// All keys that the ledger had, as the archive says. [`testigo_ledger::KeyHistory::check`] holds them against the entries.
    pub fn keys(&self) -> &KeyHistory {
        &self.keys
    }

    /// The policy by which the archive asks witnesses, as it says; `None` if it asks none. Whom to believe is for the reader to say.
    pub fn policy(&self) -> Result<Option<Policy>, ArchiveError> {
        read_policy(&self.layout)
    }

    /// The sizes of all heads published so far, as the names of their files say.
    pub fn head_sizes(&self) -> Result<Vec<TreeSize>, ArchiveError> {
        let head = self.checkpoint()?.size;
        let names = list(&self.layout.checkpoints())?;
        let sizes = names.iter().filter_map(|path| file_name(path).parse().ok().map(TreeSize));
        Ok(sizes.filter(|size| *size < head).chain([head]).collect())
    }

    /// The last published head as it was signed, with the cosignatures of witnesses; its signature checked.
    pub fn signed_checkpoint(&self) -> Result<(Checkpoint, SignedNote), ArchiveError> {
        read_signed_checkpoint(&self.layout.checkpoint(), &self.keys)
    }

    /// The root of the first entries, up to the last published one, as the tiles have it.
    pub fn root_at(&self, size: TreeSize) -> Result<Hash, ArchiveError> {
        let head = self.checkpoint()?.size;
        if size > head {
            return Err(ArchiveError::NotPublished { end: size.next_index(), size: head });
        }
        let tiles = TiledHashes::new(&self.layout, head);
        tiles
            .root_at(size)
            .map_err(|source| ArchiveError::Ledger { path: self.layout.ledger(), source: Box::new(source.into()) })
    }

    /// That the last published head continues the one of a smaller size.
    pub fn consistency(&self, from: TreeSize) -> Result<ConsistencyProof, ArchiveError> {
        let head = self.checkpoint()?;
        let tiles = TiledHashes::new(&self.layout, head.size);
        ConsistencyProof::prove(&tiles, from, head.size)
            .map_err(|source| ArchiveError::Receipt { index: from.next_index(), source: Box::new(source) })
    }

    /// The receipt for an entry under the last published head.
    pub fn receipt(&self, index: EntryIndex) -> Result<Receipt, ArchiveError> {
        let (head, checkpoint) = self.signed_checkpoint()?;
        if !head.size.holds(index) {
            return Err(ArchiveError::NotPublished { end: EntryIndex(index.0.saturating_add(1)), size: head.size });
        }
        let tiles = TiledHashes::new(&self.layout, head.size);
        let proof = InclusionProof::prove(&tiles, index, head.size)
            .map_err(|source| ArchiveError::Receipt { index, source: Box::new(source) })?;
        Ok(Receipt { extra: None, index, proof, checkpoint })
    }

    /// The last published head, with its signature checked.
    pub fn checkpoint(&self) -> Result<Checkpoint, ArchiveError> {
        read_checkpoint(&self.layout.checkpoint(), &self.keys)
    }

    /// The bytes of published entries, in order.
    pub fn entries(&self, range: Range<EntryIndex>) -> Result<Entries<'_>, ArchiveError> {
        let size = self.checkpoint()?.size;
        if range.end.0 > size.0 {
            return Err(ArchiveError::NotPublished { end: range.end, size });
        }
        Ok(Entries {
            layout: &self.layout,
            size,
            next: range.start.0,
            end: range.end.0,
            bundle: Vec::new().into_iter(),
        })
    }

    /// A document by the hash of its bytes.
    pub fn document(&self, hash: &Hash) -> Result<Vec<u8>, ArchiveError> {
        read_hashed(&self.layout.document(hash), hash, "a document that the ledger names; take it from a mirror")
    }

    /// Where a rendition's file is, and in which format; `None` if there is none.
    pub fn rendition_path(&self, hash: &Hash) -> Option<(PathBuf, RenditionFormat)> {
        RenditionFormat::ALL
            .into_iter()
            .map(|format| (self.layout.rendition(hash, format), format))
            .find(|(path, _)| path.is_file())
    }

    /// A rendition by the hash of its bytes.
    pub fn rendition(&self, hash: &Hash) -> Result<(Vec<u8>, RenditionFormat), ArchiveError> {
        let missing = || (self.layout.rendition(hash, RenditionFormat::Jpeg), RenditionFormat::Jpeg);
        let (path, format) = self.rendition_path(hash).unwrap_or_else(missing);
        Ok((read_hashed(&path, hash, "a picture that the ledger names; take it from a mirror")?, format))
    }

    /// The names, below `ledger/`, of all files that a published head has: itself, every earlier head, the keys, the policy, and the bundles and tiles
    /// of all of them. Sorted.
    pub fn ledger_files(&self, head: TreeSize) -> Result<Vec<String>, ArchiveError> {
        let mut names: BTreeSet<String> = ["checkpoint", "key"].map(str::to_owned).into();
        if self.layout.policy().is_file() {
            names.insert("policy".to_owned());
        }
        names.extend(TilePath::all(head).map(|path| path.to_string()));
        for path in list(&self.layout.checkpoints())? {
            let size = file_name(&path).parse().ok().map(TreeSize).filter(|size| *size <= head);
            if let Some(size) = size.filter(|size| self.layout.checkpoint_of(*size) == path) {
                names.insert(format!("checkpoints/{size}"));
                names.extend(TilePath::all(size).filter(|path| !path.width().is_full()).map(|path| path.to_string()));
            }
        }
        Ok(names.into_iter().collect())
    }

    /// A file of the ledger by such a name; `None` if it is not there.
    pub fn ledger_file(&self, name: &str) -> Result<Option<Vec<u8>>, ArchiveError> {
        read_if_there(&self.layout.ledger().join(name))
    }

    /// What proves a rendition against the commitment to its pixels; `None` if it is not there.
    pub fn opening(&self, pixels: &Hash, rendition: &Hash) -> Result<Option<Vec<u8>>, ArchiveError> {
        read_if_there(&self.layout.opening(pixels, rendition))
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }
}

/// Refuses a directory that is no archive of this version.
pub(crate) fn check_format(layout: &Layout) -> Result<(), ArchiveError> {
    let path = layout.format();
    let not_an_archive = || ArchiveError::NotAnArchive { path: layout.root().to_owned() };
    let bytes = read_if_there(&path)?.ok_or_else(not_an_archive)?;
    let text = String::from_utf8_lossy(&bytes);
    match text.lines().next() {
        Some(FORMAT_VERSION) => Ok(()),
        found => {
            let found = found.unwrap_or_default().chars().take(80).collect();
            Err(ArchiveError::OtherFormat { path, found })
        }
    }
}

/// Reads a checkpoint's file and checks its signature.
pub(crate) fn read_checkpoint(path: &Path, keys: &KeyHistory) -> Result<Checkpoint, ArchiveError> {
    read_signed_checkpoint(path, keys).map(|(checkpoint, _)| checkpoint)
}

fn read_signed_checkpoint(path: &Path, keys: &KeyHistory) -> Result<(Checkpoint, SignedNote), ArchiveError> {
    let bytes =
        read(path, "copy the newest of ledger/checkpoints there; if there is none, open the archive for writing once")?;
    let note = SignedNote::parse(&bytes).map_err(CheckpointError::from);
    note.and_then(|note| Ok((keys.open_note(&note)?, note)))
        .map_err(|source| ArchiveError::Checkpoint { path: path.to_owned(), source })
}

impl TileStore for Layout {
    type Error = ArchiveError;

    fn read_tile(&self, path: &TilePath) -> Result<Option<Vec<u8>>, ArchiveError> {
        read_if_there(&self.tile(path))
    }
}

/// Entries being read, bundle by bundle.
#[derive(Debug)]
pub struct Entries<'reader> {
    layout: &'reader Layout,
    size: TreeSize,
    next: u64,
    end: u64,
    bundle: std::vec::IntoIter<Vec<u8>>,
}

impl Iterator for Entries<'_> {
    type Item = Result<(EntryIndex, Vec<u8>), ArchiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.end {
            return None;
        }
        if self.bundle.len() == 0 {
            let number = self.next / u64::from(FULL_WIDTH);
            let skipped = usize::try_from(self.next % u64::from(FULL_WIDTH)).ok()?;
            match bundle_of(self.layout, number, self.size) {
                Ok(entries) => {
                    self.bundle = entries.into_iter();
                    self.bundle.by_ref().take(skipped).for_each(drop);
                }
                Err(error) => {
                    self.end = self.next;
                    return Some(Err(error));
                }
            }
        }
        let index = EntryIndex(self.next);
        self.next += 1;
        self.bundle.next().map(|entry| Ok((index, entry)))
    }
}

/// The entries of a bundle that a ledger of this size has, from the file of that width or of a greater one.
fn bundle_of(layout: &Layout, number: u64, size: TreeSize) -> Result<Vec<Vec<u8>>, ArchiveError> {
    let first = number.saturating_mul(u64::from(FULL_WIDTH));
    let count = size.0.saturating_sub(first).min(u64::from(FULL_WIDTH));
    let width = TileWidth::new(count).unwrap_or(TileWidth::FULL);
    let wanted = TilePath::entries(number, width);
    let (path, bytes) = find_bundle(layout, wanted)?;
    let mut entries: Vec<Vec<u8>> = parse_bundle(&bytes, path.width())
        .map_err(|cause| ArchiveError::Damaged(Fault::Bundle { path: layout.tile(&path), cause }))?
        .into_iter()
        .map(<[u8]>::to_vec)
        .collect();
    entries.truncate(usize::from(width.get()));
    Ok(entries)
}

/// The bundle wanted, or else one with the same entries and more: a mirror need not keep partial bundles that were outgrown.
pub(crate) fn find_bundle(layout: &Layout, wanted: TilePath) -> Result<(TilePath, Vec<u8>), ArchiveError> {
    for path in [wanted, wanted.full()] {
        if let Some(bytes) = layout.read_tile(&path)? {
            return Ok((path, bytes));
        }
    }
    if let Some(directory) = layout.tile(&wanted).parent().filter(|_| !wanted.width().is_full()) {
        let widths = list(directory)?.into_iter().filter_map(|path| TileWidth::new(file_name(&path).parse().ok()?));
        let longer = widths.filter(|width| *width > wanted.width()).min();
        if let Some(path) = longer.map(|width| TilePath::entries(wanted.number(), width)) {
            let bytes = layout.read_tile(&path)?;
            return bytes.map(|bytes| (path, bytes)).ok_or_else(|| missing_bundle(layout, &wanted));
        }
    }
    Err(missing_bundle(layout, &wanted))
}

fn missing_bundle(layout: &Layout, path: &TilePath) -> ArchiveError {
    ArchiveError::Missing { path: layout.tile(path), hint: "entries of the ledger; take the file from a mirror" }
}
