//! The key that signs a ledger's heads, and its memory of the last head it signed.
//!
//! The memory stands beside the key, never in the archive: restoring an old copy of the archive must not make the key forget.
//! It is the signed checkpoint itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use testigo_ledger::{Checkpoint, KeyHistory, SignedNote, SigningKey};

use crate::error::ArchiveError;
use crate::files::{Visibility, read_if_there, replace};
use crate::key_file::StoredKey;
use crate::witnesses::Witnesses;

/// A key with its memory.
#[derive(Clone, Debug)]
pub struct Signer {
    /// The ledger's key. Its name is the ledger's name.
    pub key: SigningKey,
    /// Where the last signed head is kept.
    pub head_file: PathBuf,
    /// Who is asked to countersign heads before they are published.
    pub witnesses: Option<Arc<dyn Witnesses>>,
}

impl Signer {
    /// A key with its memory in this file, and without witnesses.
    pub fn new(key: SigningKey, head_file: PathBuf) -> Self {
        Self { key, head_file, witnesses: None }
    }

    /// The key in a file, with its memory in the file of the same name plus `.head`.
    pub fn from_key_file(path: &Path) -> Result<Self, ArchiveError> {
        Ok(Self::new(read_key_file(path)?, head_file_of(path)))
    }

    /// The last head this key signed, or took over from the key before it; `None` if there is none.
    pub fn last_head(&self, keys: &KeyHistory) -> Result<Option<Checkpoint>, ArchiveError> {
        let Some(note) = read_if_there(&self.head_file)? else {
            return Ok(None);
        };
        keys.open(&note).map(Some).map_err(|source| ArchiveError::Checkpoint { path: self.head_file.clone(), source })
    }

    /// Refuses a place inside the archive.
    pub(crate) fn check_outside(&self, archive: &Path) -> Result<(), ArchiveError> {
        let parent = self.head_file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let (parent, archive) = (fs::canonicalize(parent), fs::canonicalize(archive));
        if let (Ok(parent), Ok(archive)) = (parent, archive)
            && parent.starts_with(archive)
        {
            return Err(ArchiveError::HeadInsideArchive { path: self.head_file.clone() });
        }
        Ok(())
    }

    /// Signs a head and remembers it before anyone can see it. The caller has checked that it continues the last one.
    pub(crate) fn sign(&self, checkpoint: &Checkpoint) -> Result<SignedNote, ArchiveError> {
        let note = checkpoint
            .sign(&self.key)
            .map_err(|source| ArchiveError::Checkpoint { path: self.head_file.clone(), source })?;
        let mut temporary = self.head_file.as_os_str().to_owned();
        temporary.push(".new");
        replace(&self.head_file, Path::new(&temporary), note.to_string().as_bytes(), Visibility::Public)?;
        Ok(note)
    }
}

/// Where the memory of the key in a file is kept.
pub fn head_file_of(key_file: &Path) -> PathBuf {
    let mut head_file = key_file.as_os_str().to_owned();
    head_file.push(".head");
    head_file.into()
}

/// Reads a private key from its file. One that is locked needs [`StoredKey`].
pub fn read_key_file(path: &Path) -> Result<SigningKey, ArchiveError> {
    match StoredKey::read(path)? {
        StoredKey::Open(key) => Ok(*key),
        StoredKey::Locked(_) => Err(ArchiveError::KeyLocked { path: path.to_owned() }),
    }
}

/// 32 bytes nobody can guess.
pub(crate) fn random_bytes() -> Result<[u8; 32], ArchiveError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| ArchiveError::Randomness { message: error.to_string() })?;
    Ok(bytes)
}
