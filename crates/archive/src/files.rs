//! Files that are either whole and on the disk, or not there.
//!
//! A file is first written under `incoming/`; settling syncs it, moves it to its place, and syncs the directories.
//! Many files settle together, so that the disk can work on several at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use testigo_ledger::Hash;

use crate::error::ArchiveError;

/// Files being synced at the same time. The threads only wait, so there are more of them than processors.
const SYNC_THREADS: usize = 16;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visibility {
    /// Anyone.
    Public,
    /// The archive's owner only.
    Private,
}

impl Visibility {
    fn file_mode(self) -> u32 {
        match self {
            Self::Public => 0o644,
            Self::Private => 0o600,
        }
    }

    fn directory_mode(self) -> u32 {
        match self {
            Self::Public => 0o755,
            Self::Private => 0o700,
        }
    }
}

/// Files written but not yet in their places.
#[derive(Debug)]
pub(crate) struct Staging {
    incoming: PathBuf,
    files: BTreeMap<PathBuf, Staged>,
}

#[derive(Debug)]
struct Staged {
    temporary: PathBuf,
    visibility: Visibility,
}

impl Staging {
    pub(crate) fn new(incoming: PathBuf) -> Self {
        Self { incoming, files: BTreeMap::new() }
    }

    /// Writes a file that will stand at `path` once settled.
    pub(crate) fn add(&mut self, path: PathBuf, bytes: &[u8], visibility: Visibility) -> Result<(), ArchiveError> {
        // Unique within the process; the writer's lock keeps other processes out.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let temporary = self.incoming.join(NEXT.fetch_add(1, Ordering::Relaxed).to_string());
        write_new(&temporary, bytes, visibility)?;
        if let Some(replaced) = self.files.insert(path, Staged { temporary, visibility }) {
            remove_if_there(&replaced.temporary)?;
        }
        Ok(())
    }

    /// Where the bytes of a file are until it is settled.
    pub(crate) fn temporary(&self, path: &Path) -> Option<&Path> {
        self.files.get(path).map(|staged| staged.temporary.as_path())
    }

    /// Makes all files durable in their places. On an error none counts as written, and all are forgotten.
    pub(crate) fn settle(&mut self) -> Result<(), ArchiveError> {
        let settled = settle(&self.files);
        match settled {
            Ok(()) => self.files.clear(),
            Err(_) => self.discard(),
        }
        settled
    }

    /// Forgets all files not yet settled.
    pub(crate) fn discard(&mut self) {
        for staged in std::mem::take(&mut self.files).into_values() {
            // Gives room back at once; what cannot be removed now, the next opening removes.
            let _ = fs::remove_file(&staged.temporary);
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        self.discard();
    }
}

fn settle(files: &BTreeMap<PathBuf, Staged>) -> Result<(), ArchiveError> {
    let temporaries: Vec<&Path> = files.values().map(|staged| staged.temporary.as_path()).collect();
    sync_all(&temporaries)?;
    let mut changed = BTreeSet::new();
    for (path, staged) in files {
        create_parent(path, staged.visibility, &mut changed)?;
        fs::rename(&staged.temporary, path).map_err(|source| ArchiveError::io(path, "written", source))?;
    }
    let changed: Vec<&Path> = changed.iter().map(PathBuf::as_path).collect();
    sync_all(&changed)
}

/// Syncs files or directories.
fn sync_all(paths: &[&Path]) -> Result<(), ArchiveError> {
    if let [only] = paths {
        return sync(only);
    }
    thread::scope(|scope| {
        let workers: Vec<_> = paths
            .chunks(paths.len().div_ceil(SYNC_THREADS).max(1))
            .map(|chunk| scope.spawn(move || chunk.iter().try_for_each(|path| sync(path))))
            .collect();
        workers.into_iter().try_for_each(|worker| match worker.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

fn sync(path: &Path) -> Result<(), ArchiveError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|source| ArchiveError::io(path, "synced to the disk", source))
}

/// Makes the directories a file stands in, and notes which directories have to be synced for it.
fn create_parent(path: &Path, visibility: Visibility, changed: &mut BTreeSet<PathBuf>) -> Result<(), ArchiveError> {
    let Some(parent) = path.parent() else {
        return Ok(());
    };
    if !changed.contains(parent) {
        if !parent.exists() {
            create_parent(parent, visibility, changed)?;
            create_directory(parent, visibility)?;
        }
        changed.insert(parent.to_owned());
    }
    Ok(())
}

/// Makes one directory, unless it is there.
pub(crate) fn create_directory(path: &Path, visibility: Visibility) -> Result<(), ArchiveError> {
    match fs::DirBuilder::new().mode(visibility.directory_mode()).create(path) {
        Err(source) if source.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        created => created.map_err(|source| ArchiveError::io(path, "created", source)),
    }
}

/// Writes a file that must not be there yet, without syncing it.
pub(crate) fn write_new(path: &Path, bytes: &[u8], visibility: Visibility) -> Result<(), ArchiveError> {
    let failed = |source| ArchiveError::io(path, "written", source);
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(visibility.file_mode()).open(path).map_err(failed)?;
    file.write_all(bytes).map_err(|source| {
        // Half a file is of no use, and takes room that may have run out.
        let _ = fs::remove_file(path);
        failed(source)
    })
}

/// Puts a file in place of an earlier one, durably: readers see the one or the other, whole.
pub(crate) fn replace(path: &Path, temporary: &Path, bytes: &[u8], visibility: Visibility) -> Result<(), ArchiveError> {
    remove_if_there(temporary)?;
    write_new(temporary, bytes, visibility)?;
    sync(temporary)?;
    fs::rename(temporary, path).map_err(|source| ArchiveError::io(path, "written", source))?;
    sync_directory_of(path)
}

/// Syncs the directory in which a file stands.
pub(crate) fn sync_directory_of(path: &Path) -> Result<(), ArchiveError> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    sync(parent.unwrap_or(Path::new(".")))
}

/// No file that is read here as a whole is longer, in bytes: what strangers put in its place must not fill the memory.
const LONGEST_FILE: u64 = 1 << 30;

/// The bytes of a file; `None` if it is not there.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, ArchiveError> {
    let read = || {
        // Looked at before it is opened: opening a pipe waits for somebody to write to it.
        let found = fs::metadata(path)?;
        if !found.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
        }
        if found.len() > LONGEST_FILE {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is longer than any file may be here"));
        }
        fs::read(path)
    };
    match read() {
        Ok(bytes) => Ok(Some(bytes)),
        Err(source) if matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(source) => Err(ArchiveError::Io { path: path.to_owned(), action: "read", source }),
    }
}

/// The bytes of a file that must be there.
pub(crate) fn read(path: &Path, hint: &'static str) -> Result<Vec<u8>, ArchiveError> {
    read_if_there(path)?.ok_or_else(|| ArchiveError::Missing { path: path.to_owned(), hint })
}

/// The bytes of a file named by their hash.
pub(crate) fn read_hashed(path: &Path, expected: &Hash, hint: &'static str) -> Result<Vec<u8>, ArchiveError> {
    let bytes = read(path, hint)?;
    let found = Hash::of(&bytes);
    if found != *expected {
        return Err(ArchiveError::WrongHash { path: path.to_owned(), expected: *expected, found });
    }
    Ok(bytes)
}

/// Removes a file, if it is there.
pub(crate) fn remove_if_there(path: &Path) -> Result<(), ArchiveError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(ArchiveError::io(path, "removed", source)),
        _ => Ok(()),
    }
}

/// What stands in a directory, sorted; nothing if the directory is not there.
pub(crate) fn list(directory: &Path) -> Result<Vec<PathBuf>, ArchiveError> {
    let failed = |source| ArchiveError::io(directory, "read", source);
    let entries = match fs::read_dir(directory) {
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>().map_err(failed)?;
    paths.sort();
    Ok(paths)
}

/// The last part of a path, if it is text.
pub(crate) fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}
