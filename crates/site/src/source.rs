//! Where the site gets the ledger, documents and pictures from.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, RwLock};

use testigo_archive::ArchiveReader;
use testigo_count::fold::{Documents, FoldError};
use testigo_count::{Count, DocumentHash, Entry, EntryIndex};
use testigo_ledger::{EntryIndex as LedgerIndex, Hash, Policy, SignedNote, Witnessing};

use crate::language::{Language, LanguageError};
use crate::map::{Boundaries, BoundariesError, Maps, Tiles, TilesError};
use crate::settings::{Settings, SettingsError};
use crate::view::{Head, View, Witnessed};

/// Why the ledger cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The archive cannot be read.
    #[error(transparent)]
    Archive(#[from] testigo_archive::ArchiveError),
    /// The checkpoint's file cannot be read.
    #[error("the checkpoint cannot be read: {0}")]
    Checkpoint(std::io::Error),
    /// The entries cannot be folded.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// The boundaries cannot be drawn.
    #[error("{0}; put the boundaries in place again with `testigo map`")]
    Boundaries(#[from] BoundariesError),
    /// What is said about the site cannot be read.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A language cannot be read.
    #[error(transparent)]
    Language(#[from] LanguageError),
    /// The tiles cannot be drawn.
    #[error(transparent)]
    Tiles(#[from] TilesError),
    /// The ledger has no entry.
    #[error("the ledger is empty; wait for its first entry, or begin it with `testigo init`")]
    Empty,
    /// The ledger has fewer entries than before.
    #[error("the ledger had {before} entries and has {now}: it was replaced; restart the server if that was meant")]
    Shrunk {
        /// Entries before.
        before: u64,
        /// Entries now.
        now: u64,
    },
}

/// A ledger with its documents and pictures.
pub trait Source: Send + Sync + 'static {
    /// The signed head.
    ///
    /// # Errors
    /// When it cannot be read or its signature does not hold.
    fn head(&self) -> Result<Head, SourceError>;

    /// Hands over published entries in order, until one is refused.
    ///
    /// # Errors
    /// When an entry cannot be read, or `take` fails.
    fn entries(
        &self,
        range: Range<u64>,
        take: &mut dyn FnMut(&[u8]) -> Result<(), SourceError>,
    ) -> Result<(), SourceError>;

    /// A document by its hash.
    fn document(&self, hash: &DocumentHash) -> Option<Vec<u8>>;

    /// A picture by its hash.
    fn rendition(&self, hash: &DocumentHash) -> Option<Vec<u8>>;

    /// How long a picture's file is, in bytes.
    fn rendition_length(&self, hash: &DocumentHash) -> Option<u64> {
        self.rendition(hash).map(|bytes| bytes.len() as u64)
    }

    /// The proof of a picture, by the commitment to its pixels and its hash.
    fn opening(&self, _pixels: &DocumentHash, _rendition: &DocumentHash) -> Option<Vec<u8>> {
        None
    }

    /// The receipt for an entry under the last published head.
    fn receipt(&self, _entry: u64) -> Option<Vec<u8>> {
        None
    }

    /// The bytes of an entry, as the ledger holds them.
    fn entry(&self, _entry: u64) -> Option<Vec<u8>> {
        None
    }

    /// A file of the ledger by its name below `ledger/`: bundles, tiles, earlier heads, the key.
    fn ledger_file(&self, name: &str) -> Option<Vec<u8>>;

    /// A file that says how something is shown and counts for nothing, such as [`BOUNDARIES`]; kept beside the ledger.
    fn presentation(&self, _name: &str) -> Option<Vec<u8>> {
        None
    }
}

/// The folder of an archive with files about how something is shown.
pub const PRESENTATION: &str = "presentation";

/// Outlines of units, in the normal form of [`crate::map::Boundaries`].
pub const BOUNDARIES: &str = "boundaries.geojson";

/// What the organiser says about the site, see [`Settings`].
pub const SETTINGS: &str = "site.toml";

/// A folder with languages that the program does not have, `<code>.toml`.
pub const LANGUAGES: &str = "languages";

/// Places in a map of tiles, see [`crate::map::Tiles`].
pub const TILES: &str = "tiles.csv";

/// Folds everything that a source has by now.
///
/// # Errors
/// When the ledger is empty or anything of it cannot be read.
pub fn open_view(source: &dyn Source) -> Result<View, SourceError> {
    let head = source.head()?;
    view_at(source, head)
}

/// Folds what a source had at a head.
///
/// # Errors
/// As [`open_view`].
pub(crate) fn view_at(source: &dyn Source, head: Head) -> Result<View, SourceError> {
    let documents = SourceDocuments(source);
    let mut folding = Folding::new(&documents, None);
    source.entries(0..head.size, &mut |bytes| Ok(folding.take(bytes)?))?;
    let (count, named) = folding.finish();
    let mut view = View::new(count.ok_or(SourceError::Empty)?, head, named, None);
    take_lists(&mut view, &|hash| source.document(hash));
    present(&mut view, &|name| source.presentation(name))?;
    Ok(view)
}

/// Puts into a view what the files say that `find` gives by their names below [`PRESENTATION`].
///
/// # Errors
/// When one of them cannot be read.
pub fn present(view: &mut View, find: &dyn Fn(&str) -> Option<Vec<u8>>) -> Result<(), SourceError> {
    let boundaries = find(BOUNDARIES).map(|bytes| Boundaries::parse(BOUNDARIES, &bytes)).transpose()?;
    let tiles = find(TILES).map(|bytes| Tiles::parse(TILES, &bytes)).transpose()?;
    view.maps = Arc::new(Maps { boundaries: boundaries.unwrap_or_default(), tiles: tiles.unwrap_or_default() });
    let mut presentation = BTreeSet::new();
    if let Some(bytes) = find(SETTINGS) {
        view.settings = Arc::new(Settings::parse(&bytes)?);
        presentation.insert(SETTINGS.to_owned());
    }
    let mut languages = BTreeMap::new();
    for code in &view.count.pack().languages {
        let name = format!("{LANGUAGES}/{code}.toml");
        if let Some(bytes) = find(&name) {
            languages.insert(code.clone(), Language::parse(&name, &String::from_utf8_lossy(&bytes))?);
            presentation.insert(name);
        }
    }
    view.languages = Arc::new(languages);
    view.presentation = Arc::new(presentation);
    Ok(())
}

/// Folds what is new since a view; `None` where nothing is.
///
/// # Errors
/// When anything new cannot be read, or the ledger has become shorter.
pub fn newer_view(source: &dyn Source, view: &View) -> Result<Option<View>, SourceError> {
    let head = source.head()?;
    let before = view.head.size;
    if head.size < before {
        return Err(SourceError::Shrunk { before, now: head.size });
    }
    if head.size == before && head.note == view.head.note {
        return Ok(None);
    }
    let documents = SourceDocuments(source);
    let mut folding = Folding::new(&documents, Some(view.count.clone()));
    source.entries(before..head.size, &mut |bytes| Ok(folding.take(bytes)?))?;
    let (count, named) = folding.finish();
    let mut newer = View::new(count.ok_or(SourceError::Empty)?, head, named, Some(view));
    take_lists(&mut newer, &|hash| source.document(hash));
    Ok(Some(newer))
}

/// Puts the lists of audits into a view, as far as it does not have them and `find` gives them.
pub fn take_lists(view: &mut View, find: &dyn Fn(&DocumentHash) -> Option<Vec<u8>>) {
    let named = view.count.audit_lists().map(|list| list.document);
    let new: Vec<_> =
        named.filter(|hash| !view.lists.contains_key(hash)).filter_map(|hash| Some((hash, find(&hash)?))).collect();
    if !new.is_empty() {
        let mut lists = BTreeMap::clone(&view.lists);
        lists.extend(new);
        view.lists = Arc::new(lists);
    }
}

/// Takes entries into a count one after the other, and remembers the documents that they name: the site offers them all.
pub struct Folding<'a> {
    documents: &'a dyn Documents,
    count: Option<Count>,
    named: BTreeSet<DocumentHash>,
}

impl<'a> Folding<'a> {
    /// Begins with entry 0, or goes on with a count.
    #[must_use]
    pub fn new(documents: &'a dyn Documents, count: Option<Count>) -> Self {
        Self { documents, count, named: BTreeSet::new() }
    }

    /// The next entry.
    ///
    /// # Errors
    /// As [`Count::append`].
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), FoldError> {
        let index = EntryIndex(self.count.as_ref().map_or(0, Count::size));
        let entry = Entry::parse(bytes).map_err(|error| FoldError::Entry { index, error })?;
        self.named.extend(entry.documents());
        match &mut self.count {
            None => self.count = Some(Count::begin(bytes, self.documents)?),
            Some(count) => count.append_entry(entry, self.documents)?,
        }
        Ok(())
    }

    /// The count, if there was any entry, and the documents named by the entries taken here.
    #[must_use]
    pub fn finish(self) -> (Option<Count>, BTreeSet<DocumentHash>) {
        (self.count, self.named)
    }
}

/// Documents of a source, for the fold.
struct SourceDocuments<'a>(&'a dyn Source);

impl Documents for SourceDocuments<'_> {
    fn document(&self, hash: &DocumentHash) -> Option<Cow<'_, [u8]>> {
        self.0.document(hash).map(Cow::Owned)
    }
}

impl Source for ArchiveReader {
    fn head(&self) -> Result<Head, SourceError> {
        // The note is read twice, here and inside `checkpoint`; between the two a newer head may have come.
        let path = self.directory().join("ledger").join("checkpoint");
        loop {
            let note = std::fs::read(&path).map_err(SourceError::Checkpoint)?;
            let checkpoint = self.checkpoint()?;
            if std::fs::read(&path).map_err(SourceError::Checkpoint)? == note {
                return Ok(Head {
                    origin: checkpoint.origin,
                    size: checkpoint.size.0,
                    root: checkpoint.root.to_string(),
                    witnessed: witnessed(self, &note),
                    note,
                });
            }
        }
    }

    fn entries(
        &self,
        range: Range<u64>,
        take: &mut dyn FnMut(&[u8]) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        for entry in ArchiveReader::entries(self, LedgerIndex(range.start)..LedgerIndex(range.end))? {
            take(&entry?.1)?;
        }
        Ok(())
    }

    fn document(&self, hash: &DocumentHash) -> Option<Vec<u8>> {
        ArchiveReader::document(self, &Hash(*hash.as_bytes())).ok()
    }

    fn rendition(&self, hash: &DocumentHash) -> Option<Vec<u8>> {
        ArchiveReader::rendition(self, &Hash(*hash.as_bytes())).ok().map(|(bytes, _)| bytes)
    }

    fn rendition_length(&self, hash: &DocumentHash) -> Option<u64> {
        let (path, _) = self.rendition_path(&Hash(*hash.as_bytes()))?;
        std::fs::metadata(path).ok().map(|found| found.len())
    }

    fn opening(&self, pixels: &DocumentHash, rendition: &DocumentHash) -> Option<Vec<u8>> {
        ArchiveReader::opening(self, &Hash(*pixels.as_bytes()), &Hash(*rendition.as_bytes())).ok().flatten()
    }

    fn receipt(&self, entry: u64) -> Option<Vec<u8>> {
        let receipt = ArchiveReader::receipt(self, LedgerIndex(entry)).ok()?;
        Some(receipt.to_string().into_bytes())
    }

    fn entry(&self, entry: u64) -> Option<Vec<u8>> {
        let (_, bytes) = self.entries(LedgerIndex(entry)..LedgerIndex(entry.checked_add(1)?)).ok()?.next()?.ok()?;
        Some(bytes)
    }

    fn ledger_file(&self, name: &str) -> Option<Vec<u8>> {
        ArchiveReader::ledger_file(self, name).ok().flatten()
    }

    fn presentation(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.directory().join(PRESENTATION).join(name)).ok()
    }
}

/// By the archive's own policy. What cannot be read counts for nothing: unwitnessed is never shown as good.
fn witnessed(reader: &ArchiveReader, note: &[u8]) -> Witnessed {
    let policy = reader.policy().ok().flatten().filter(Policy::needs_witnesses);
    let witnessing = policy.zip(SignedNote::parse(note).ok()).and_then(|(policy, note)| policy.witnessing(&note).ok());
    match witnessing {
        Some(Witnessing { witnesses, quorum: true }) => {
            Witnessed::By(u64::try_from(witnesses.len()).unwrap_or(u64::MAX))
        }
        _ => Witnessed::Unwitnessed,
    }
}

/// A ledger in memory, for tests and examples. Its root is the hash of its last entry, and it is not signed.
#[derive(Debug, Default)]
pub struct MemorySource {
    entries: RwLock<Vec<Vec<u8>>>,
    files: RwLock<BTreeMap<DocumentHash, Vec<u8>>>,
    presentation: RwLock<BTreeMap<String, Vec<u8>>>,
}

impl MemorySource {
    /// Keeps a document or a picture and gives its hash.
    pub fn keep(&self, bytes: &[u8]) -> DocumentHash {
        let hash = DocumentHash::of(bytes);
        if let Ok(mut files) = self.files.write() {
            files.insert(hash, bytes.to_vec());
        }
        hash
    }

    /// Keeps a file about how something is shown.
    pub fn present(&self, name: &str, bytes: &[u8]) {
        if let Ok(mut presentation) = self.presentation.write() {
            presentation.insert(name.to_owned(), bytes.to_vec());
        }
    }

    /// Appends an entry and gives its index.
    pub fn append(&self, entry: Vec<u8>) -> u64 {
        self.entries.write().map_or(0, |mut entries| {
            entries.push(entry);
            u64::try_from(entries.len() - 1).unwrap_or(u64::MAX)
        })
    }

    fn file(&self, hash: &DocumentHash) -> Option<Vec<u8>> {
        self.files.read().ok()?.get(hash).cloned()
    }
}

impl Source for MemorySource {
    fn head(&self) -> Result<Head, SourceError> {
        let entries = self.entries.read().map_err(|_| SourceError::Empty)?;
        let last = entries.last().ok_or(SourceError::Empty)?;
        let size = u64::try_from(entries.len()).unwrap_or(u64::MAX);
        let root = DocumentHash::of(last).to_string();
        let note = format!("memory\n{size}\n{root}\n").into_bytes();
        Ok(Head { origin: "memory".to_owned(), size, root, note, witnessed: Witnessed::Unwitnessed })
    }

    fn entries(
        &self,
        range: Range<u64>,
        take: &mut dyn FnMut(&[u8]) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        let entries = self.entries.read().map_err(|_| SourceError::Empty)?;
        let skipped = usize::try_from(range.start).unwrap_or(usize::MAX);
        let wanted = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
        entries.iter().skip(skipped).take(wanted).try_for_each(|entry| take(entry))
    }

    fn document(&self, hash: &DocumentHash) -> Option<Vec<u8>> {
        self.file(hash)
    }

    fn rendition(&self, hash: &DocumentHash) -> Option<Vec<u8>> {
        self.file(hash)
    }

    fn ledger_file(&self, _: &str) -> Option<Vec<u8>> {
        None
    }

    fn presentation(&self, name: &str) -> Option<Vec<u8>> {
        self.presentation.read().ok()?.get(name).cloned()
    }
}
