//! Recomputes an archive's public half from its bytes, and says what is wrong first.
//!
//! Leaves come from the entries' bytes alone; tiles are only compared. When an entry and its tile disagree, the signed root tells which of them
//! is damaged.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::thread;

use testigo_ledger::tile::{parse_bundle, parse_hashes};
use testigo_ledger::{
    Appender, BundleError, Checkpoint, CheckpointError, EntryIndex, Frontier, Hash, LedgerFile, TileContent, TilePath,
    TileStore, TileWidth, TreeSize, leaf_hash,
};
use thiserror::Error;

use crate::error::ArchiveError;
use crate::files::{file_name, list, read, read_if_there};
use crate::layout::{Layout, RenditionFormat, shelf};
use crate::pictures::opening_of;
use crate::reader::{ArchiveReader, find_bundle, read_checkpoint};

/// What was checked and found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerReport {
    /// The head that was verified.
    pub checkpoint: Checkpoint,
    /// Signed heads found to be beginnings of this one, `checkpoint` itself included.
    pub checkpoints: u64,
    /// Entries hashed.
    pub entries: u64,
    /// Bundles read, partial ones of earlier heads included.
    pub bundles: u64,
    /// Hash tiles compared.
    pub tiles: u64,
    /// Documents hashed.
    pub documents: u64,
    /// Renditions hashed.
    pub renditions: u64,
    /// Openings under a name that an opening has. Their contents are checked by those who know pixels.
    pub openings: u64,
    /// Bytes read.
    pub bytes: u64,
}

/// Something wrong with a file of the archive.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// A head that is none, or not signed by the ledger's key.
    #[error("{path}: {cause}")]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: CheckpointError,
    },
    /// A checkpoint stands under the name of another size.
    #[error("{path} is the checkpoint of {found} entries, not of the number its name says")]
    CheckpointName {
        /// The file.
        path: PathBuf,
        /// The size in it.
        found: TreeSize,
    },
    /// A file that a signed head needs is not there.
    #[error("{path} is missing")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A bundle cannot be taken apart.
    #[error("{path}: {cause}")]
    Bundle {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: BundleError,
    },
    /// An entry is not the one that was signed.
    #[error("{path}: entry {index} was changed: it hashes to {found}, the signed tree has {expected} there")]
    Entry {
        /// The bundle.
        path: PathBuf,
        /// The entry.
        index: EntryIndex,
        /// The leaf in the signed tree.
        expected: Hash,
        /// The hash of the entry's bytes.
        found: Hash,
    },
    /// A file of the ledger is not what the entries make it.
    #[error("{path} differs, from byte {at} on, from what the entries give")]
    Tile {
        /// The file.
        path: PathBuf,
        /// The first byte that differs.
        at: usize,
    },
    /// The entries are not those of a signed head.
    #[error(
        "the first {size} entries have the root {found}; {path} is signed over {expected}: entries were changed, removed or added before entry {size}"
    )]
    Root {
        /// The checkpoint.
        path: PathBuf,
        /// Its size.
        size: TreeSize,
        /// Its root.
        expected: Hash,
        /// The root of the entries.
        found: Hash,
    },
    /// A file is not what its name says.
    #[error("{path} has the hash {found}: the file was changed")]
    Content {
        /// The file, named by the hash expected.
        path: PathBuf,
        /// The hash of its bytes.
        found: Hash,
    },
    /// A file that has no business here.
    #[error("{path} does not belong there: a name made of the file's hash is expected")]
    Stray {
        /// The file.
        path: PathBuf,
    },
}

/// Why an archive could not be found right.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// The first thing found wrong.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The archive could not be read.
    #[error(transparent)]
    Archive(ArchiveError),
}

impl From<ArchiveError> for VerifyError {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Damaged(fault) => Self::Fault(fault),
            ArchiveError::Missing { path, .. } => Self::Fault(Fault::Missing { path }),
            ArchiveError::Checkpoint { path, source } => Self::Fault(Fault::Checkpoint { path, cause: source }),
            other => Self::Archive(other),
        }
    }
}

/// Verifies the ledger, all its heads, documents and renditions. Hands every entry of the published head to `each`, in order, before
/// the root is known to be right: believe what came of them only if this returns `Ok`.
pub fn verify_ledger(reader: &ArchiveReader, each: impl FnMut(EntryIndex, &[u8])) -> Result<LedgerReport, VerifyError> {
    let mut report = verify_entries(reader, each)?;
    let (renditions, bytes) = verify_renditions(reader, 1, &|_| {})?;
    report.renditions = renditions;
    report.bytes += bytes;
    Ok(report)
}

/// The same without the renditions, of which there may be many: for those who look at them otherwise.
pub fn verify_entries(
    reader: &ArchiveReader,
    mut each: impl FnMut(EntryIndex, &[u8]),
) -> Result<LedgerReport, VerifyError> {
    let mut verification = Verification::begin(reader)?;
    // What the entries mean depends on the documents that they name.
    verification.check_documents()?;
    verification.read_entries(&mut each)?;
    Ok(verification.report)
}

/// Hashes all renditions on so many threads. Says how many they are, and how many bytes; tells `progress` of each.
pub fn verify_renditions(
    reader: &ArchiveReader,
    jobs: usize,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<(u64, u64), VerifyError> {
    let mut files = Vec::new();
    for directory in list(&reader.layout().renditions())? {
        if !directory.is_dir() {
            return Err(Fault::Stray { path: directory }.into());
        }
        for path in list(&directory)? {
            let expected = rendition_hash(&path).filter(|hash| shelf(hash) == file_name(&directory));
            files.push((expected.ok_or_else(|| Fault::Stray { path: path.clone() })?, path));
        }
    }
    let share = files.len().div_ceil(jobs.max(1)).max(1);
    let checked: Vec<Result<u64, VerifyError>> = thread::scope(|scope| {
        let workers: Vec<_> = files
            .chunks(share)
            .map(|share| {
                scope.spawn(move || {
                    let mut bytes = 0;
                    for (expected, path) in share {
                        bytes += check_content(path, expected)?;
                        progress(1);
                    }
                    Ok(bytes)
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let bytes: Vec<u64> = checked.into_iter().collect::<Result<_, _>>()?;
    Ok((u64::try_from(files.len()).unwrap_or(u64::MAX), bytes.into_iter().sum()))
}

/// Whether a file is what its name says; its length.
fn check_content(path: &Path, expected: &Hash) -> Result<u64, VerifyError> {
    let bytes = read(path, "it was there a moment ago")?;
    let found = Hash::of(&bytes);
    if found == *expected {
        Ok(u64::try_from(bytes.len()).unwrap_or(0))
    } else {
        Err(Fault::Content { path: path.to_owned(), found }.into())
    }
}

struct Verification<'reader> {
    layout: &'reader Layout,
    /// All signed heads up to the published one, by size.
    heads: BTreeMap<TreeSize, Vec<(PathBuf, Hash)>>,
    /// What the entries give.
    computed: Appender,
    root: Frontier,
    /// What the leaf tiles claim, to tell a damaged entry from a damaged tile. Only believed when its root is the signed one.
    claimed: Frontier,
    /// The first entry that its tile contradicts.
    contradiction: Option<Fault>,
    /// The first file that the entries contradict.
    wrong_file: Option<Fault>,
    /// The first head that the entries contradict.
    wrong_root: Option<Fault>,
    report: LedgerReport,
}

impl<'reader> Verification<'reader> {
    fn begin(reader: &'reader ArchiveReader) -> Result<Self, VerifyError> {
        let layout = reader.layout();
        let checkpoint = reader.checkpoint()?;
        let mut checkpoints = 1;
        let mut heads: BTreeMap<TreeSize, Vec<(PathBuf, Hash)>> = BTreeMap::new();
        for path in list(&layout.checkpoints())? {
            let Some(size) =
                file_name(&path).parse().ok().map(TreeSize).filter(|size| layout.checkpoint_of(*size) == path)
            else {
                return Err(Fault::Stray { path }.into());
            };
            // A writer may be at work: what it publishes meanwhile is not this verification's business.
            if size > checkpoint.size {
                continue;
            }
            let head = read_checkpoint(&path, reader.keys())?;
            if head.size != size {
                return Err(Fault::CheckpointName { path, found: head.size }.into());
            }
            heads.entry(size).or_default().push((path, head.root));
            checkpoints += 1;
        }
        heads.entry(checkpoint.size).or_default().push((layout.checkpoint(), checkpoint.root));
        let report = LedgerReport {
            checkpoint,
            checkpoints,
            entries: 0,
            bundles: 0,
            tiles: 0,
            documents: 0,
            renditions: 0,
            openings: 0,
            bytes: 0,
        };
        Ok(Self {
            layout,
            heads,
            computed: Appender::new(),
            root: Frontier::new(),
            claimed: Frontier::new(),
            contradiction: None,
            wrong_file: None,
            wrong_root: None,
            report,
        })
    }

    fn read_entries(&mut self, each: &mut impl FnMut(EntryIndex, &[u8])) -> Result<(), VerifyError> {
        let size = self.report.checkpoint.size;
        self.check_heads_here()?;
        for wanted in TilePath::all(size).filter(|path| path.content() == TileContent::Entries) {
            let (path, bytes) = find_bundle(self.layout, wanted)?;
            let file = self.layout.tile(&path);
            let mut entries =
                parse_bundle(&bytes, path.width()).map_err(|cause| Fault::Bundle { path: file.clone(), cause })?;
            entries.truncate(usize::from(wanted.width().get()));
            let claims = self.claims(wanted.number(), wanted.width())?;
            for (place, entry) in entries.into_iter().enumerate() {
                let index = self.root.size().next_index();
                let found = leaf_hash(entry);
                let expected = claims.get(place).copied().unwrap_or(found);
                if expected != found && self.contradiction.is_none() {
                    self.contradiction = Some(Fault::Entry { path: file.clone(), index, expected, found });
                }
                self.claimed.append_leaf(expected);
                self.root.append_leaf(found);
                // Entries that come from a bundle always fit into one.
                self.computed.append(entry).map_err(|_| Fault::Missing { path: file.clone() })?;
                each(index, entry);
                self.check_heads_here()?;
            }
            let completed = self.computed.take_completed();
            self.compare(completed)?;
        }
        self.report.entries = size.0;
        self.conclude()
    }

    /// The leaf hashes in a tile; none where the tile is missing or misshapen, which the comparison will find.
    fn claims(&self, number: u64, width: TileWidth) -> Result<Vec<Hash>, ArchiveError> {
        let Some(path) = TilePath::hashes(0, number, width) else {
            return Ok(Vec::new());
        };
        let bytes = self.layout.read_tile(&path)?.unwrap_or_default();
        Ok(parse_hashes(&bytes, width).unwrap_or_default())
    }

    /// At the size of a signed head: its root, and the partial files it needs.
    fn check_heads_here(&mut self) -> Result<(), ArchiveError> {
        let size = self.root.size();
        let Some(heads) = self.heads.get(&size) else {
            return Ok(());
        };
        let found = self.root.root();
        if let Some((path, expected)) = heads.iter().find(|(_, root)| *root != found)
            && self.wrong_root.is_none()
        {
            let (path, expected) = (path.clone(), *expected);
            self.wrong_root = Some(Fault::Root { path, size, expected, found });
        }
        let partial = self.computed.partial_files();
        self.compare(partial)
    }

    fn compare(&mut self, files: Vec<LedgerFile>) -> Result<(), ArchiveError> {
        for LedgerFile { path, bytes } in files {
            let file = self.layout.tile(&path);
            let fault = match read_if_there(&file)? {
                None => Some(Fault::Missing { path: file }),
                Some(found) => {
                    self.report.bytes += u64::try_from(found.len()).unwrap_or(0);
                    first_difference(&found, &bytes).map(|at| Fault::Tile { path: file, at })
                }
            };
            self.wrong_file = self.wrong_file.take().or(fault);
            match path.content() {
                TileContent::Entries => self.report.bundles += 1,
                TileContent::Hashes { .. } => self.report.tiles += 1,
            }
        }
        Ok(())
    }

    /// Names the culprit. Where the leaf tiles have the signed root and the entries do not, it is the entry.
    fn conclude(&mut self) -> Result<(), VerifyError> {
        let signed = &self.report.checkpoint;
        let entries_are_right = self.root.root() == signed.root;
        let tiles_are_right = self.claimed.root() == signed.root;
        let culprit = match (entries_are_right, tiles_are_right) {
            (true, _) => self.wrong_root.take().or(self.wrong_file.take()),
            (false, true) => self.contradiction.take().or(self.wrong_root.take()),
            (false, false) => self.wrong_root.take(),
        };
        culprit.map_or(Ok(()), |fault| Err(fault.into()))
    }

    fn check_documents(&mut self) -> Result<(), VerifyError> {
        for path in list(&self.layout.documents())? {
            let expected = file_name(&path).parse::<Hash>().map_err(|_| Fault::Stray { path: path.clone() })?;
            self.report.bytes += check_content(&path, &expected)?;
            self.report.documents += 1;
        }
        for directory in list(&self.layout.openings())? {
            if !directory.is_dir() {
                return Err(Fault::Stray { path: directory }.into());
            }
            for path in list(&directory)? {
                opening_of(&path).ok_or_else(|| Fault::Stray { path: path.clone() })?;
                self.report.openings += 1;
            }
        }
        Ok(())
    }
}

fn rendition_hash(path: &Path) -> Option<Hash> {
    let (hash, extension) = file_name(path).split_once('.')?;
    RenditionFormat::ALL.iter().find(|format| format.extension() == extension)?;
    hash.parse().ok()
}

fn first_difference(found: &[u8], expected: &[u8]) -> Option<usize> {
    if found == expected {
        return None;
    }
    let common = found.iter().zip(expected).take_while(|(found, expected)| found == expected).count();
    Some(common)
}
