//! Writes a mirror into a folder: only what changed, so that what was there before stays readable, the signed list last.
//!
//! Nor is everything drawn again: of a mirror that this program published last, [`Unchanged`] knows what is as it was.
//!
//! While it works, the folder has a subfolder [`UNFINISHED`]. Where a process was killed it stays, and the next one then
//! believes nothing about the files there but what it reads in them.
//!
//! The torrent of the mirror stands beside the folder: it holds the hash of the signed list, so that list cannot hold its hash, and what
//! is not on the list has no business in the folder.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use testigo_archive::{ArchiveError, ArchiveReader, LastMirror};
use testigo_ledger::{Checkpoint, Hash, SigningKey, TreeSize};

use super::manifest::{LONGEST_MANIFEST, Listed, MANIFEST, Manifest, ManifestError};
use super::parallel::for_each;
use super::strangers::strangers;
use super::unchanged::Unchanged;
use super::{Mirror, MirrorError, MirrorFile, is_given};
use crate::address::{file_of, opening_path, rendition_path};
use crate::source::{SourceError, open_view, view_at};
use crate::torrent::{self, Contents, Label, TorrentFile, Unreadable};
use crate::view::{Head, View, Witnessed};

/// The subfolder that a mirror has only while it is being written.
pub const UNFINISHED: &str = ".publishing";

/// What to publish where.
pub struct Publishing<'a> {
    /// The archive.
    pub reader: &'a ArchiveReader,
    /// The folder of the mirror: new, empty, or a mirror of the same ledger.
    pub folder: &'a Path,
    /// The ledger's key, which signs the list of files.
    pub key: &'a SigningKey,
    /// Read every file in the folder again, instead of believing that it is as the last list says.
    pub from_scratch: bool,
    /// The torrent of the mirror, if there is to be one.
    pub torrent: Option<TorrentPlan<'a>>,
    /// Gives the hash of this program, which tells it from others of the same version; without it, everything is drawn. It is asked for
    /// when it is needed: a program takes its time to be hashed.
    pub program: &'a (dyn Fn() -> Option<Hash> + Sync),
    /// Threads.
    pub jobs: usize,
    /// Hears how many files there are, before the first is looked at, and then of each that is done.
    pub progress: &'a (dyn Fn(PublishStep) + Sync),
}

/// A torrent that is to be written.
#[derive(Debug, Clone, Copy)]
pub struct TorrentPlan<'a> {
    /// The file, outside of the folder.
    pub path: &'a Path,
    /// The folder's name for those who get it, trackers, and web servers that have it.
    pub label: &'a Label,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishStep {
    /// There are so many files.
    Planned(u64),
    /// One more file is as it should be.
    Done,
    /// There are so many pieces of the torrent to hash.
    Hashing(u64),
    /// So many more pieces are hashed.
    Hashed(u64),
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishReport {
    /// The head that the mirror shows.
    pub checkpoint: Checkpoint,
    /// Files in the mirror, the manifest among them.
    pub files: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Files that were known to be as they should be, and not made again to see.
    pub known: u64,
    /// Files written.
    pub written: u64,
    /// Files that no longer belong there, removed.
    pub removed: u64,
    /// The torrent, if one was to be written.
    pub torrent: Option<TorrentReport>,
}

/// What became of the torrent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TorrentReport {
    /// Pieces in it.
    pub pieces: u64,
    /// Pieces hashed; the others were known.
    pub hashed: u64,
}

/// Why a mirror could not be written.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The ledger cannot be read or folded.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The archive cannot be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// There is no mirror of this ledger.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    /// The list cannot be signed.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The key is another ledger's.
    #[error("the key is that of `{found}`, the archive is of the ledger `{expected}`")]
    OtherKey {
        /// The ledger's key.
        expected: String,
        /// The key that was given.
        found: String,
    },
    /// The head does not fit its own note, which the reader has just checked.
    #[error("the ledger's head {0} cannot be read")]
    Head(String),
    /// The folder holds something else.
    #[error(
        "{path} is neither empty nor a mirror of the ledger `{origin}`: everything that does not belong to the mirror would be removed there\nhint: choose a new folder with --out, or empty this one"
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// The ledger.
        origin: String,
    },
    /// Another process publishes there.
    #[error("another process is publishing into {path}\nhint: wait until it has finished")]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// A file is another one than a moment ago.
    #[error("{path} was changed while the mirror was being made\nhint: publish again")]
    Changed {
        /// The file.
        path: String,
    },
    /// The torrent would stand in the mirror.
    #[error(
        "{path} is inside the mirror, whose signed list has no place for it\nhint: choose a place beside the folder with --torrent"
    )]
    TorrentInside {
        /// The torrent.
        path: PathBuf,
    },
    /// The file system refuses.
    #[error("{path} cannot be {action}: {error}")]
    Files {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system says.
        error: io::Error,
    },
}

/// Publishes the mirror of what an archive has published by now.
///
/// # Errors
/// See [`PublishError`]. What was in the folder stays there, and the next call finishes what this one began.
pub fn publish(publishing: &Publishing<'_>) -> Result<PublishReport, PublishError> {
    let (reader, key) = (publishing.reader, publishing.key);
    let view = Arc::new(open_view(reader)?);
    let head = &view.head;
    let root = head.root.parse().map_err(|_| PublishError::Head(head.root.clone()))?;
    let checkpoint = Checkpoint { origin: head.origin.clone(), size: TreeSize(head.size), root };
    let expected = reader.keys().at(checkpoint.size);
    if key.verifying_key() != expected {
        let (expected, found) = (expected.to_string(), key.verifying_key().to_string());
        return Err(PublishError::OtherKey { expected, found });
    }
    let mirror = Mirror::new(Arc::clone(&view), reader.ledger_files(checkpoint.size)?)?;
    let mut folder = Folder::open(publishing, &checkpoint.origin)?;
    if let Some((sheets, _)) = folder.read_before(&publishing.folder.join("data").join(torrent::SHEETS)) {
        *view.hashed_sheets.lock().unwrap_or_else(PoisonError::into_inner) = Some(sheets);
    }
    folder.unchanged = unchanged(publishing, &folder, &mirror)?;
    (publishing.progress)(PublishStep::Planned(mirror.files().len() as u64));

    // What others refer to stands before what refers to it.
    let is_head = |file: &MirrorFile| file.path == "ledger/checkpoint";
    let (heads, rest): (Vec<&MirrorFile>, Vec<&MirrorFile>) = mirror.files().iter().partition(|file| is_head(file));
    let (pages, kept): (Vec<&MirrorFile>, Vec<&MirrorFile>) =
        rest.into_iter().partition(|file| file.path.ends_with("index.html"));
    let mut files = Vec::with_capacity(mirror.files().len());
    for group in [kept, pages, heads] {
        files.extend(for_each(&group, publishing.jobs, |file| {
            let listed = folder.settle(&mirror, file, reader)?;
            (publishing.progress)(PublishStep::Done);
            Ok::<_, PublishError>(listed)
        })?);
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let mut belongs: Vec<&str> = files.iter().map(|file| file.path.as_str()).chain([MANIFEST]).collect();
    belongs.sort_unstable();
    let removed = folder.remove_all_but(&belongs, publishing.jobs)?;
    let bytes: u64 = files.iter().map(|file| file.size).sum();
    let count = files.len() as u64;
    let manifest = Manifest { checkpoint, program: env!("CARGO_PKG_VERSION").to_owned(), files };
    let note = manifest.sign(key)?.to_string();
    folder.finish(note.as_bytes())?;
    if let Some(program) = (publishing.program)() {
        // An archive on a medium that cannot be written to is published all the same; the next time takes longer.
        let _ = reader.note_mirror(&LastMirror { program, manifest: Hash::of(note.as_bytes()) });
    }
    let torrent = publishing.torrent.map(|plan| folder.write_torrent(publishing, plan, &view, &manifest, &note));
    Ok(PublishReport {
        files: count + 1,
        bytes: bytes + note.len() as u64,
        known: folder.known.load(Ordering::Relaxed),
        written: folder.written.load(Ordering::Relaxed),
        removed,
        torrent: torrent.transpose()?,
        checkpoint: manifest.checkpoint,
    })
}

/// The files of a mirror in the order of its torrent: pictures and what proves them as the ledger has them, then all else.
fn in_torrent_order(view: &View, manifest: &Manifest, note: &str) -> Vec<TorrentFile> {
    let pictures = view.renditions_in_order().map(|(hash, media)| rendition_path(&hash, media));
    let openings = view.openings().map(|(pixels, rendition)| opening_path(&pixels, &rendition));
    let mut seen = BTreeSet::new();
    let mut files: Vec<TorrentFile> = pictures
        .chain(openings)
        .filter_map(|address| manifest.get(&file_of(&address)))
        .filter(|listed| seen.insert(listed.path.as_str()))
        .map(|listed| TorrentFile { path: listed.path.clone(), length: listed.size })
        .collect();
    let rest = manifest.files.iter().filter(|listed| !seen.contains(listed.path.as_str()));
    files.extend(rest.map(|listed| TorrentFile { path: listed.path.clone(), length: listed.size }));
    files.push(TorrentFile { path: MANIFEST.to_owned(), length: note.len() as u64 });
    files
}

/// A line for people, and for the next publishing: it says of which signed list a torrent is.
fn comment_of(checkpoint: &Checkpoint, note: &[u8]) -> String {
    format!("{}, {} entries; SHA-256 of `{MANIFEST}`: {}", checkpoint.origin, checkpoint.size, Hash::of(note))
}

/// What is known to be as the folder's list says, without drawing it.
fn unchanged(
    publishing: &Publishing<'_>,
    folder: &Folder<'_>,
    mirror: &Mirror,
) -> Result<Option<Unchanged>, PublishError> {
    let reader = publishing.reader;
    let Some((before, _)) = &folder.before else { return Ok(None) };
    let head = &before.checkpoint;
    let noted = reader.last_mirror().ok().flatten().filter(|last| last.manifest == folder.list);
    let by_this_program = noted.is_some_and(|last| (publishing.program)() == Some(last.program));
    let goes_on = by_this_program && head.size.0 <= mirror.view().head.size && reader.root_at(head.size)? == head.root;
    if !goes_on {
        return Ok(None);
    }
    let given: Vec<&MirrorFile> = mirror.files().iter().filter(|file| is_given(&file.path)).collect();
    let given = for_each(&given, 1, |file| Ok::<_, PublishError>(listed_now(mirror, file, reader)?.0))?;
    if !before.files.iter().filter(|file| is_given(&file.path)).eq(&given) {
        return Ok(None);
    }
    let head = Head {
        origin: head.origin.clone(),
        size: head.size.0,
        root: head.root.to_string(),
        note: Vec::new(),
        witnessed: Witnessed::Unwitnessed,
    };
    let Some(unchanged) = Unchanged::since(&view_at(reader, head)?, mirror.view()) else { return Ok(None) };
    let samples = for_each(&unchanged.samples(mirror), publishing.jobs, |file| {
        Ok::<_, PublishError>(before.get(&file.path) == Some(&listed_now(mirror, file, reader)?.0))
    })?;
    Ok(samples.into_iter().all(|as_listed| as_listed).then_some(unchanged))
}

/// A file as it should be: what is said of it on the list, and its bytes.
fn listed_now(mirror: &Mirror, file: &MirrorFile, reader: &ArchiveReader) -> Result<(Listed, Vec<u8>), MirrorError> {
    let bytes = mirror.content(file, reader)?;
    Ok((Listed { path: file.path.clone(), size: bytes.len() as u64, hash: Hash::of(&bytes) }, bytes))
}

/// The folder being written.
struct Folder<'a> {
    path: &'a Path,
    /// Held as long as this is: other processes keep out.
    _lock: File,
    /// What the folder holds, unless nobody knows, and what its torrent says of itself.
    before: Option<(Manifest, String)>,
    /// The hash of the list that is there.
    list: Hash,
    /// What is known to be as it was.
    unchanged: Option<Unchanged>,
    made: Mutex<BTreeSet<PathBuf>>,
    next: AtomicU64,
    known: AtomicU64,
    written: AtomicU64,
}

impl<'a> Folder<'a> {
    fn open(publishing: &Publishing<'a>, origin: &str) -> Result<Self, PublishError> {
        let path = publishing.folder;
        let unfinished = path.join(UNFINISHED);
        let interrupted = unfinished.exists();
        let note = read_if_there(&path.join(MANIFEST))?;
        let before = note.as_deref().and_then(|note| Manifest::open(note, publishing.key.verifying_key()).ok());
        let empty = fs::read_dir(path).map_or(true, |mut entries| entries.next().is_none());
        // A first attempt may have been killed before it had a list; and a list may have been damaged.
        let same_key = || is_same(&path.join("ledger/key"), publishing.reader.keys().to_string().as_bytes());
        let ours = before.is_some() || interrupted && note.is_none() || same_key();
        if !ours && !empty {
            return Err(PublishError::Foreign { path: path.to_owned(), origin: origin.to_owned() });
        }
        if let Some(plan) = publishing.torrent {
            let inside = |parent: PathBuf| fs::canonicalize(path).is_ok_and(|path| parent.starts_with(path));
            if plan.path.parent().and_then(|parent| fs::canonicalize(parent).ok()).is_some_and(inside) {
                return Err(PublishError::TorrentInside { path: plan.path.to_owned() });
            }
        }
        create_directory(&unfinished)?;
        let lock_path = unfinished.join("lock");
        let lock = File::create(&lock_path).map_err(failed(&lock_path, "written"))?;
        if lock.try_lock().is_err() {
            return Err(PublishError::Busy { path: path.to_owned() });
        }
        Ok(Self {
            path,
            _lock: lock,
            list: Hash::of(note.as_deref().unwrap_or_default()),
            unchanged: None,
            before: before.filter(|_| !interrupted && !publishing.from_scratch).zip(note).map(|(before, note)| {
                let comment = comment_of(&before.checkpoint, &note);
                (before, comment)
            }),
            made: Mutex::default(),
            next: AtomicU64::new(0),
            known: AtomicU64::new(0),
            written: AtomicU64::new(0),
        })
    }

    /// Puts a file right, if it is not yet.
    fn settle(&self, mirror: &Mirror, file: &MirrorFile, reader: &ArchiveReader) -> Result<Listed, PublishError> {
        let path = self.path.join(&file.path);
        let listed = self.before.as_ref().and_then(|(before, _)| before.get(&file.path));
        // Where the last list is believed, a file of the right length is as it says.
        let listed = listed.filter(|listed| {
            fs::symlink_metadata(&path).is_ok_and(|found| found.is_file() && found.len() == listed.size)
        });
        let is_known = |listed: &Listed| {
            let unchanged = self.unchanged.as_ref().is_some_and(|unchanged| unchanged.holds(mirror, file));
            unchanged || file.named_hash() == Some(listed.hash)
        };
        if let Some(listed) = listed.filter(|listed| is_known(listed)) {
            self.known.fetch_add(1, Ordering::Relaxed);
            return Ok(listed.clone());
        }
        let (new, bytes) = listed_now(mirror, file, reader)?;
        let unchanged = match listed {
            Some(listed) => *listed == new,
            None => self.before.is_none() && is_same(&path, &bytes),
        };
        if !unchanged {
            self.write(&path, &bytes)?;
        }
        Ok(new)
    }

    /// An earlier torrent, where what the last publishing left is believed.
    fn read_before(&self, path: &Path) -> Option<(Contents, String)> {
        self.before.as_ref()?;
        Contents::parse(&read_if_there(path).ok()??)
    }

    /// Writes the torrent of the mirror as it is now.
    fn write_torrent(
        &self,
        publishing: &Publishing<'_>,
        plan: TorrentPlan<'_>,
        view: &View,
        manifest: &Manifest,
        note: &str,
    ) -> Result<TorrentReport, PublishError> {
        let files = in_torrent_order(view, manifest, note);
        let before = self.read_before(plan.path).zip(self.before.as_ref());
        let before = before.filter(|((_, said), (_, comment))| said == comment).map(|((torrent, _), (listed, _))| {
            // The list is not on itself.
            let is_kept = |path: &str| match path {
                MANIFEST => listed == manifest,
                path => listed.get(path) == manifest.get(path),
            };
            let same = |(old, new): (&TorrentFile, &TorrentFile)| old.path == new.path && is_kept(&new.path);
            let same = torrent.files().iter().zip(&files).take_while(|pair| same(*pair)).count();
            (torrent, same)
        });
        (publishing.progress)(PublishStep::Hashing(Contents::pieces_of(&files)));
        let hashed = AtomicU64::new(0);
        let contents = Contents::hash(
            files,
            before.as_ref().map(|(torrent, same)| (torrent, *same)),
            publishing.jobs,
            &|path| fs::read(self.path.join(path)).ok(),
            &|pieces| {
                hashed.fetch_add(pieces, Ordering::Relaxed);
                (publishing.progress)(PublishStep::Hashed(pieces));
            },
        )
        .map_err(|Unreadable(path)| PublishError::Changed { path })?;
        let comment = comment_of(&manifest.checkpoint, note.as_bytes());
        let bytes = contents.to_torrent(&Label { comment, ..plan.label.clone() });
        if !is_same(plan.path, &bytes) {
            let mut new = plan.path.as_os_str().to_owned();
            new.push(".new");
            let new = PathBuf::from(new);
            fs::write(&new, &bytes).map_err(failed(&new, "written"))?;
            fs::rename(&new, plan.path).map_err(failed(plan.path, "written"))?;
        }
        Ok(TorrentReport { pieces: contents.pieces() as u64, hashed: hashed.into_inner() })
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), PublishError> {
        let temporary = self.path.join(UNFINISHED).join(self.next.fetch_add(1, Ordering::Relaxed).to_string());
        fs::write(&temporary, bytes).map_err(failed(&temporary, "written"))?;
        self.make_way(path)?;
        fs::rename(&temporary, path).map_err(failed(path, "written"))?;
        self.written.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Makes the folders of a file, in place of whatever is no folder there, and removes a folder in place of the file.
    fn make_way(&self, path: &Path) -> Result<(), PublishError> {
        let Some(parent) = path.parent() else { return Ok(()) };
        if !self.made.lock().unwrap_or_else(PoisonError::into_inner).contains(parent) {
            if fs::create_dir_all(parent).is_err() {
                let inside = parent.strip_prefix(self.path).unwrap_or(parent);
                let mut folder = self.path.to_owned();
                for name in inside {
                    folder.push(name);
                    if fs::symlink_metadata(&folder).is_ok_and(|found| !found.is_dir()) {
                        fs::remove_file(&folder).map_err(failed(&folder, "removed"))?;
                    }
                }
                fs::create_dir_all(parent).map_err(failed(parent, "made"))?;
            }
            self.made.lock().unwrap_or_else(PoisonError::into_inner).insert(parent.to_owned());
        }
        if fs::symlink_metadata(path).is_ok_and(|found| found.is_dir()) {
            fs::remove_dir_all(path).map_err(failed(path, "removed"))?;
        }
        Ok(())
    }

    /// Removes what does not belong to the mirror; says how many files.
    fn remove_all_but(&self, belongs: &[&str], jobs: usize) -> Result<u64, PublishError> {
        let unreadable = |(folder, error): (String, io::Error)| failed(&self.path.join(folder), "read")(error);
        let strangers = strangers(self.path, belongs, jobs).map_err(unreadable)?;
        let strangers = strangers.into_iter().filter(|one| one.path != UNFINISHED);
        strangers.map(|one| remove(&one.place, one.is_folder).map_err(failed(&one.place, "removed"))).sum()
    }

    /// Everything is on the disk before the list that speaks of it.
    fn finish(&self, manifest: &[u8]) -> Result<(), PublishError> {
        let path = self.path.join(MANIFEST);
        sync(self.path)?;
        if !is_same(&path, manifest) {
            self.write(&path, manifest)?;
            sync(self.path)?;
        }
        let unfinished = self.path.join(UNFINISHED);
        fs::remove_dir_all(&unfinished).map_err(failed(&unfinished, "removed"))
    }
}

fn failed<'a>(path: &'a Path, action: &'static str) -> impl Fn(io::Error) -> PublishError + 'a {
    move |error| PublishError::Files { path: path.to_owned(), action, error }
}

/// Removes a file, or a folder with all that is in it; says how many files that were.
fn remove(place: &Path, is_folder: bool) -> io::Result<u64> {
    if !is_folder {
        return fs::remove_file(place).map(|()| 1);
    }
    let mut removed = 0;
    for entry in fs::read_dir(place)? {
        let entry = entry?;
        removed += remove(&entry.path(), entry.file_type()?.is_dir())?;
    }
    fs::remove_dir(place).map(|()| removed)
}

fn create_directory(path: &Path) -> Result<(), PublishError> {
    fs::create_dir_all(path).map_err(failed(path, "made"))
}

/// Whether a file has just these bytes.
fn is_same(path: &Path, bytes: &[u8]) -> bool {
    let same_length =
        fs::symlink_metadata(path).is_ok_and(|found| found.is_file() && u64::try_from(bytes.len()) == Ok(found.len()));
    same_length && fs::read(path).is_ok_and(|found| found == bytes)
}

/// The manifest that is there, if it is not longer than one can be.
fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, PublishError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Ok(found) if usize::try_from(found.len()).is_ok_and(|length| length <= LONGEST_MANIFEST) => {
            fs::read(path).map(Some).map_err(failed(path, "read"))
        }
        Ok(_) => Ok(Some(Vec::new())),
        Err(error) => Err(failed(path, "read")(error)),
    }
}

/// Everything written to the file system of a folder is on the disk afterwards.
fn sync(folder: &Path) -> Result<(), PublishError> {
    let directory = File::open(folder).map_err(failed(folder, "opened"))?;
    #[cfg(target_os = "linux")]
    let synced = rustix::fs::syncfs(&directory).map_err(io::Error::from);
    #[cfg(not(target_os = "linux"))]
    let synced = directory.sync_all();
    synced.map_err(failed(folder, "synced to the disk"))
}
