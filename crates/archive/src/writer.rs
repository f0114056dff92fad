//! The one writer: gives entries their places, keeps what they name, and signs the ledger's heads.
//!
//! The order in which things become durable is: file, row, tile, head file, checkpoint. Each step can be finished or undone from those before it,
//! so a process may be killed anywhere.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use testigo_ledger::{EntryIndex, Hash, KeyHistory, TreeSize};

use crate::database::{Database, OriginalRow, Sequenced};
use crate::error::ArchiveError;
use crate::files::{Staging, Visibility, create_directory, list, read, read_if_there, sync_directory_of};
use crate::layout::{FORMAT_VERSION, Layout, RenditionFormat};
use crate::lock::WriterLock;
use crate::reader::{ArchiveReader, check_format};
use crate::signer::{Signer, random_bytes};

/// The longest entry, in bytes. The format would allow 65,535.
pub const LONGEST_ENTRY: usize = 8_000;
/// Separates commitments to originals from all other hashes.
const COMMITMENT_DOMAIN: &[u8] = b"testigo original v1\n";

/// Where an appended entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Its index.
    pub index: EntryIndex,
    /// False if an entry with exactly these bytes was there before; it is not appended twice.
    pub new: bool,
}

/// What the ledger may say of an original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Original {
    /// SHA-256 of `testigo original v1`, a line feed, 32 random bytes, and the SHA-256 of the original's bytes.
    /// Says nothing about the bytes to whoever does not have the random ones.
    pub commitment: Hash,
    /// Whether an original with exactly these bytes was there before; the commitment is the earlier one.
    pub already_known: bool,
}

/// An original as it came, for the organiser only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredOriginal {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The file's name, where the organiser imported it.
    pub file_name: Option<String>,
}

/// An archive open for writing.
#[derive(Debug)]
pub struct Archive {
    pub(crate) layout: Layout,
    pub(crate) signer: Signer,
    /// The keys of the ledger, the one in force last.
    pub(crate) keys: KeyHistory,
    pub(crate) database: Database,
    /// Files put but not yet durable.
    pub(crate) staging: Staging,
    /// Originals put but not yet recorded.
    pub(crate) originals: Vec<OriginalRow>,
    _lock: WriterLock,
}

impl Archive {
    /// Makes a new archive in a new or empty directory, with its first entry and the documents that entry names, and publishes it.
    /// The ledger's name is the key's.
    pub fn create(
        directory: &Path,
        signer: Signer,
        first_entry: &[u8],
        documents: &[impl AsRef<[u8]>],
    ) -> Result<Self, ArchiveError> {
        check_length(0, first_entry)?;
        let keys = KeyHistory::new(signer.key.verifying_key().clone());
        if let Some(head) = signer.last_head(&keys)? {
            return Err(ArchiveError::KeyUsed { path: signer.head_file, size: head.size });
        }
        let layout = Layout::new(directory);
        fs::create_dir_all(directory).map_err(|source| ArchiveError::io(directory, "created", source))?;
        if !list(directory)?.is_empty() {
            return Err(ArchiveError::NotEmpty { path: directory.to_owned() });
        }
        signer.check_outside(directory)?;
        let lock = WriterLock::take(&layout)?;
        for public in [layout.ledger(), layout.checkpoints(), layout.documents(), layout.renditions()] {
            create_directory(&public, Visibility::Public)?;
        }
        for private in [layout.incoming(), layout.originals()] {
            create_directory(&private, Visibility::Private)?;
        }
        let database = Database::create(&layout.database())?;
        let staging = Staging::new(layout.incoming());
        let mut archive = Self { layout, signer, keys, database, staging, originals: Vec::new(), _lock: lock };
        archive.staging.add(archive.layout.key(), archive.keys.to_string().as_bytes(), Visibility::Public)?;
        for document in documents {
            archive.put_document(document.as_ref())?;
        }
        archive.append(&[first_entry])?;
        // From here on the directory is an archive, which the next opening finishes should this process end now.
        archive.staging.add(archive.layout.format(), format!("{FORMAT_VERSION}\n").as_bytes(), Visibility::Public)?;
        archive.staging.settle()?;
        sync_directory_of(directory)?;
        archive.publish()?;
        Ok(archive)
    }

    /// Opens an archive for writing, and finishes or discards what an earlier writer left half done.
    ///
    /// Refuses a key other than the archive's, and anything that looks as if an older copy of the database, of the ledger or of both
    /// had been put back: going on from there would sign a second history.
    pub fn open(directory: &Path, signer: Signer) -> Result<Self, ArchiveError> {
        let layout = Layout::new(directory);
        check_format(&layout)?;
        signer.check_outside(directory)?;
        // Before anything is touched: a wrong key is told at once. A rotation that was half done is finished below.
        let keys = ArchiveReader::open(directory)?.keys;
        if signer.key.name() != keys.origin() {
            return Err(ArchiveError::WrongKey {
                path: directory.to_owned(),
                expected: Box::new(keys.current().clone()),
                found: Box::new(signer.key.verifying_key().clone()),
            });
        }
        let mut archive = Self::open_unchecked(directory, signer, keys)?;
        if archive.keys.current() != archive.signer.key.verifying_key() {
            return Err(ArchiveError::WrongKey {
                path: directory.to_owned(),
                expected: Box::new(archive.keys.current().clone()),
                found: Box::new(archive.signer.key.verifying_key().clone()),
            });
        }
        archive.settle()?;
        archive.publish()?;
        Ok(archive)
    }

    /// Takes the lock and opens the database; finishes a rotation that was half done, and nothing else.
    pub(crate) fn open_unchecked(directory: &Path, signer: Signer, keys: KeyHistory) -> Result<Self, ArchiveError> {
        let layout = Layout::new(directory);
        let lock = WriterLock::take(&layout)?;
        let database = Database::open(&layout.database())?;
        create_directory(&layout.incoming(), Visibility::Private)?;
        let staging = Staging::new(layout.incoming());
        let mut archive = Self { layout, signer, keys, database, staging, originals: Vec::new(), _lock: lock };
        archive.finish_rotations()?;
        Ok(archive)
    }

    /// Holds all memories of what was signed against each other, and finishes or discards what was half done.
    pub(crate) fn settle(&mut self) -> Result<(), ArchiveError> {
        self.check_heads()?;
        self.discard_leftovers()?;
        let published = self.published()?;
        if self.database.head()?.published_size < published.size {
            self.database.mark_published(&published)?;
        }
        self.check_witnesses(&published, self.database.head()?.size)
    }

    /// A reader of the same archive. It sees what is published.
    pub fn reader(&self) -> Result<ArchiveReader, ArchiveError> {
        ArchiveReader::open(self.layout.root())
    }

    /// The number of entries, published or not.
    pub fn size(&self) -> Result<TreeSize, ArchiveError> {
        Ok(self.database.head()?.size)
    }

    /// Keeps a public document under the hash of its bytes. Durable once [`Self::append`] or [`Self::sync`] has returned.
    pub fn put_document(&mut self, bytes: &[u8]) -> Result<Hash, ArchiveError> {
        let hash = Hash::of(bytes);
        self.put_public(self.layout.document(&hash), bytes)?;
        Ok(hash)
    }

    /// Keeps a picture for publication under the hash of its bytes. Durable once [`Self::append`] or [`Self::sync`] has returned.
    /// The caller has masked it and stripped its metadata.
    pub fn put_rendition(&mut self, bytes: &[u8], format: RenditionFormat) -> Result<Hash, ArchiveError> {
        let hash = Hash::of(bytes);
        self.put_public(self.layout.rendition(&hash, format), bytes)?;
        Ok(hash)
    }

    pub(crate) fn put_public(&mut self, path: PathBuf, bytes: &[u8]) -> Result<(), ArchiveError> {
        // A damaged file of that name is replaced by the right one.
        if self.staging.temporary(&path).is_some() || read_if_there(&path)?.is_some_and(|known| known == bytes) {
            return Ok(());
        }
        self.staging.add(path, bytes, Visibility::Public)
    }

    /// Keeps a picture as it came, privately, and returns what the ledger may say of it.
    /// Durable once [`Self::append`] or [`Self::sync`] has returned. Give a file name only where the organiser imports the file himself.
    pub fn put_original(&mut self, bytes: &[u8], name: Option<&str>) -> Result<Original, ArchiveError> {
        let content_hash = Hash::of(bytes);
        let staged = self.originals.iter().find(|row| row.content_hash == content_hash).map(|row| row.commitment);
        let known = match staged {
            Some(commitment) => Some(commitment),
            None => self.database.original_with_content(&content_hash)?.map(|row| row.commitment),
        };
        if let Some(commitment) = known {
            return Ok(Original { commitment, already_known: true });
        }
        let salt = random_bytes()?;
        let commitment = commit(&salt, &content_hash);
        self.staging.add(self.layout.original(&commitment), bytes, Visibility::Private)?;
        let file_name = name.map(ToOwned::to_owned);
        self.originals.push(OriginalRow { commitment, content_hash, salt, file_name, pixels: None });
        Ok(Original { commitment, already_known: false })
    }

    /// Keeps, privately, the part of a sheet's picture that a person should look at, with the text that they should confirm; its
    /// path. Durable once [`Self::append`] or [`Self::sync`] has returned.
    pub fn put_crop(&mut self, sheet: EntryIndex, png: &[u8], text: Option<&str>) -> Result<PathBuf, ArchiveError> {
        if let Some(text) = text {
            self.staging.add(self.layout.crop(sheet, "txt"), text.as_bytes(), Visibility::Private)?;
        }
        let path = self.layout.crop(sheet, "png");
        self.staging.add(path.clone(), png, Visibility::Private)?;
        Ok(path)
    }

    /// An original by its commitment; `None` if it is not known here.
    pub fn original(&self, commitment: &Hash) -> Result<Option<StoredOriginal>, ArchiveError> {
        let Some(row) = self.original_row(commitment)? else {
            return Ok(None);
        };
        let path = self.layout.original(commitment);
        let path = self.staging.temporary(&path).map_or(path.clone(), Path::to_owned);
        let bytes = read(&path, "an original; only a backup of this archive can have it")?;
        let found = Hash::of(&bytes);
        if found != row.content_hash || commit(&row.salt, &found) != *commitment {
            return Err(ArchiveError::WrongHash { path, expected: row.content_hash, found });
        }
        Ok(Some(StoredOriginal { bytes, file_name: row.file_name }))
    }

    /// The name an original was imported under, if it is known and has one.
    pub fn original_name(&self, commitment: &Hash) -> Result<Option<String>, ArchiveError> {
        Ok(self.original_row(commitment)?.and_then(|row| row.file_name))
    }

    fn original_row(&self, commitment: &Hash) -> Result<Option<OriginalRow>, ArchiveError> {
        match self.originals.iter().find(|row| row.commitment == *commitment) {
            Some(row) => Ok(Some(row.clone())),
            None => self.database.original(commitment),
        }
    }

    /// Appends entries, in order, all or none. When this returns, they and everything put before are on the disk.
    ///
    /// An entry whose exact bytes are already in the ledger is not appended again. On an error (other than an entry too long) whatever
    /// was put since the last successful call is forgotten too and must be put again.
    pub fn append(&mut self, entries: &[impl AsRef<[u8]>]) -> Result<Vec<Appended>, ArchiveError> {
        for (position, entry) in entries.iter().enumerate() {
            check_length(position, entry.as_ref())?;
        }
        let originals = std::mem::take(&mut self.originals);
        self.staging.settle()?;
        let sequenced = self.database.append(&originals, entries)?;
        Ok(sequenced.into_iter().map(|Sequenced { index, new }| Appended { index, new }).collect())
    }

    /// Makes everything put so far durable without appending anything.
    pub fn sync(&mut self) -> Result<(), ArchiveError> {
        self.append(&[[]; 0]).map(drop)
    }
}

/// The salted commitment to an original.
fn commit(salt: &[u8; 32], content_hash: &Hash) -> Hash {
    let digest = Sha256::new().chain_update(COMMITMENT_DOMAIN).chain_update(salt).chain_update(content_hash.as_bytes());
    Hash(digest.finalize().into())
}

fn check_length(position: usize, entry: &[u8]) -> Result<(), ArchiveError> {
    let length = entry.len();
    if length > LONGEST_ENTRY {
        return Err(ArchiveError::EntryTooLong { position, length, most: LONGEST_ENTRY });
    }
    Ok(())
}
