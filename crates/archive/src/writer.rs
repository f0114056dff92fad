//! The one writer: gives entries their places, keeps what they name, and signs the ledger's heads.
//!
//! The order in which things become durable is: file, row, tile, head file, checkpoint. Each step can be finished or undone from those before it,
//! so a process may be killed anywhere.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use testigo_ledger::tile::{FULL_WIDTH, parse_bundle};
use testigo_ledger::{
    Appender, Checkpoint, EntryIndex, Hash, LedgerFile, ResumeError, TilePath, TileStore,
    TileWidth, TreeSize, empty_root,
};

use crate::database::{Database, OriginalRow, Sequenced};
use crate::error::ArchiveError;
use crate::files::{
    Staging, Visibility, create_directory, file_name, list, read, read_if_there, remove_if_there,
    replace, sync_directory_of,
};
use crate::layout::{FORMAT_VERSION, Layout, RenditionFormat};
use crate::lock::WriterLock;
use crate::reader::{ArchiveReader, check_format, read_checkpoint};
use crate::signer::{Signer, random_bytes};

/// The longest entry, in bytes. The format would allow 65,535.
pub const LONGEST_ENTRY: usize = 8_000;
/// Entries read from the database at a time.
const ENTRIES_AT_A_TIME: u32 = 16_384;
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
    layout: Layout,
    signer: Signer,
    database: Database,
    /// Files put but not yet durable.
    staging: Staging,
    /// Originals put but not yet recorded.
    originals: Vec<OriginalRow>,
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
        if let Some(head) = signer.last_head()? {
            return Err(ArchiveError::KeyUsed {
                path: signer.head_file,
                size: head.size,
            });
        }
        let layout = Layout::new(directory);
        fs::create_dir_all(directory)
            .map_err(|source| ArchiveError::io(directory, "created", source))?;
        if !list(directory)?.is_empty() {
            return Err(ArchiveError::NotEmpty {
                path: directory.to_owned(),
            });
        }
        signer.check_outside(directory)?;
        let lock = WriterLock::take(&layout)?;
        for public in [
            layout.ledger(),
            layout.checkpoints(),
            layout.documents(),
            layout.renditions(),
        ] {
            create_directory(&public, Visibility::Public)?;
        }
        for private in [layout.incoming(), layout.originals()] {
            create_directory(&private, Visibility::Private)?;
        }
        let database = Database::create(&layout.database())?;
        let staging = Staging::new(layout.incoming());
        let mut archive = Self {
            layout,
            signer,
            database,
            staging,
            originals: Vec::new(),
            _lock: lock,
        };
        let key = format!("{}\n", archive.signer.key.verifying_key());
        archive
            .staging
            .add(archive.layout.key(), key.as_bytes(), Visibility::Public)?;
        for document in documents {
            archive.put_document(document.as_ref())?;
        }
        archive.append(&[first_entry])?;
        // From here on the directory is an archive, which the next opening finishes should this process end now.
        archive.staging.add(
            archive.layout.format(),
            format!("{FORMAT_VERSION}\n").as_bytes(),
            Visibility::Public,
        )?;
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
        let reader = ArchiveReader::open(directory)?;
        if reader.verifying_key() != signer.key.verifying_key() {
            return Err(ArchiveError::WrongKey {
                path: directory.to_owned(),
                expected: Box::new(reader.verifying_key().clone()),
                found: Box::new(signer.key.verifying_key().clone()),
            });
        }
        let lock = WriterLock::take(&layout)?;
        let database = Database::open(&layout.database())?;
        create_directory(&layout.incoming(), Visibility::Private)?;
        let staging = Staging::new(layout.incoming());
        let mut archive = Self {
            layout,
            signer,
            database,
            staging,
            originals: Vec::new(),
            _lock: lock,
        };
        archive.check_heads()?;
        archive.discard_leftovers()?;
        let published = archive.published()?;
        if archive.database.head()?.published_size < published.size {
            archive.database.mark_published(&published)?;
        }
        archive.publish()?;
        Ok(archive)
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
    pub fn put_rendition(
        &mut self,
        bytes: &[u8],
        format: RenditionFormat,
    ) -> Result<Hash, ArchiveError> {
        let hash = Hash::of(bytes);
        self.put_public(self.layout.rendition(&hash, format), bytes)?;
        Ok(hash)
    }

    fn put_public(&mut self, path: PathBuf, bytes: &[u8]) -> Result<(), ArchiveError> {
        // A damaged file of that name is replaced by the right one.
        if self.staging.temporary(&path).is_some()
            || read_if_there(&path)?.is_some_and(|known| known == bytes)
        {
            return Ok(());
        }
        self.staging.add(path, bytes, Visibility::Public)
    }

    /// Keeps a picture as it came, privately, and returns what the ledger may say of it.
    /// Durable once [`Self::append`] or [`Self::sync`] has returned. Give a file name only where the organiser imports the file himself.
    pub fn put_original(
        &mut self,
        bytes: &[u8],
        name: Option<&str>,
    ) -> Result<Original, ArchiveError> {
        let content_hash = Hash::of(bytes);
        let staged = self
            .originals
            .iter()
            .find(|row| row.content_hash == content_hash)
            .map(|row| row.commitment);
        let known = match staged {
            Some(commitment) => Some(commitment),
            None => self
                .database
                .original_with_content(&content_hash)?
                .map(|row| row.commitment),
        };
        if let Some(commitment) = known {
            return Ok(Original {
                commitment,
                already_known: true,
            });
        }
        let salt = random_bytes()?;
        let commitment = commit(&salt, &content_hash);
        self.staging.add(
            self.layout.original(&commitment),
            bytes,
            Visibility::Private,
        )?;
        self.originals.push(OriginalRow {
            commitment,
            content_hash,
            salt,
            file_name: name.map(ToOwned::to_owned),
        });
        Ok(Original {
            commitment,
            already_known: false,
        })
    }

    /// An original by its commitment; `None` if it is not known here.
    pub fn original(&self, commitment: &Hash) -> Result<Option<StoredOriginal>, ArchiveError> {
        let Some(row) = self.original_row(commitment)? else {
            return Ok(None);
        };
        let path = self.layout.original(commitment);
        let path = self
            .staging
            .temporary(&path)
            .map_or(path.clone(), Path::to_owned);
        let bytes = read(
            &path,
            "an original; only a backup of this archive can have it",
        )?;
        let found = Hash::of(&bytes);
        if found != row.content_hash || commit(&row.salt, &found) != *commitment {
            return Err(ArchiveError::WrongHash {
                path,
                expected: row.content_hash,
                found,
            });
        }
        Ok(Some(StoredOriginal {
            bytes,
            file_name: row.file_name,
        }))
    }

    /// The name an original was imported under, if it is known and has one.
    pub fn original_name(&self, commitment: &Hash) -> Result<Option<String>, ArchiveError> {
        Ok(self.original_row(commitment)?.and_then(|row| row.file_name))
    }

    fn original_row(&self, commitment: &Hash) -> Result<Option<OriginalRow>, ArchiveError> {
        match self
            .originals
            .iter()
            .find(|row| row.commitment == *commitment)
        {
            Some(row) => Ok(Some(row.clone())),
            None => self.database.original(commitment),
        }
    }

    /// Appends entries, in order, all or none. When this returns, they and everything put before are on the disk.
    ///
    /// An entry whose exact bytes are already in the ledger is not appended again. On an error, whatever was put since the last
    /// successful call is forgotten too and must be put again.
    pub fn append(&mut self, entries: &[impl AsRef<[u8]>]) -> Result<Vec<Appended>, ArchiveError> {
        for (position, entry) in entries.iter().enumerate() {
            check_length(position, entry.as_ref())?;
        }
        let originals = std::mem::take(&mut self.originals);
        self.staging.settle()?;
        let sequenced = self.database.append(&originals, entries)?;
        Ok(sequenced
            .into_iter()
            .map(|Sequenced { index, new }| Appended { index, new })
            .collect())
    }

    /// Makes everything put so far durable without appending anything.
    pub fn sync(&mut self) -> Result<(), ArchiveError> {
        self.append(&[[]; 0]).map(drop)
    }

    /// Publishes all entries: bundles and tiles, synced and read back, then the signed checkpoint. Does nothing if there are no new ones.
    pub fn publish(&mut self) -> Result<Checkpoint, ArchiveError> {
        let old = self.published()?;
        let size = self.database.head()?.size;
        if size == old.size && size.0 > 0 {
            return Ok(old);
        }
        let signed = self.check_signed(&old, size)?;
        let mut appender = self.resume(&old)?;
        let mut staging = Staging::new(self.layout.incoming());
        while appender.size() < size {
            let next = appender.size().next_index();
            let entries = self.database.waiting(next, ENTRIES_AT_A_TIME)?;
            if entries.first().is_none_or(|entry| entry.index != next) {
                let (path, found) = (self.database.path().to_owned(), appender.size());
                return Err(ArchiveError::DatabaseBehind {
                    path,
                    found,
                    published: size,
                });
            }
            for entry in &entries {
                self.push(&mut appender, &entry.bytes)?;
                self.check_passes(signed.as_ref(), &appender)?;
            }
            stage(&mut staging, &self.layout, appender.take_completed())?;
        }
        stage(&mut staging, &self.layout, appender.partial_files())?;
        staging.settle()?;

        let new = Checkpoint {
            origin: self.signer.key.name().to_owned(),
            size,
            root: appender.root(),
        };
        self.read_back(&old, &new)?;
        let note = self.signer.sign(&new)?.to_string();
        let temporary = self.layout.incoming().join("checkpoint");
        for path in [self.layout.checkpoint_of(size), self.layout.checkpoint()] {
            replace(&path, &temporary, note.as_bytes(), Visibility::Public)?;
        }
        self.database.mark_published(&new)?;
        Ok(new)
    }

    /// The published head; that of the empty ledger if nothing was published yet.
    fn published(&self) -> Result<Checkpoint, ArchiveError> {
        let path = self.layout.checkpoint();
        if !path.exists() && self.database.head()?.published_size.0 == 0 {
            return Ok(Checkpoint {
                origin: self.signer.key.name().to_owned(),
                size: TreeSize(0),
                root: empty_root(),
            });
        }
        read_checkpoint(&path, self.signer.key.verifying_key())
    }

    fn resume(&self, checkpoint: &Checkpoint) -> Result<Appender, ArchiveError> {
        Appender::resume(&self.layout, checkpoint).map_err(|source| self.damaged(source))
    }

    fn damaged(&self, source: ResumeError<ArchiveError>) -> ArchiveError {
        ArchiveError::Ledger {
            path: self.layout.ledger(),
            source: Box::new(source),
        }
    }

    fn push(&self, appender: &mut Appender, entry: &[u8]) -> Result<(), ArchiveError> {
        let too_long = |_| ArchiveError::EntryTooLong {
            position: 0,
            length: entry.len(),
            most: LONGEST_ENTRY,
        };
        appender.append(entry).map(drop).map_err(too_long)
    }

    /// A head once signed must be passed through on the way to the next.
    fn check_passes(
        &self,
        signed: Option<&Checkpoint>,
        appender: &Appender,
    ) -> Result<(), ArchiveError> {
        match signed {
            Some(head) if head.size == appender.size() => {
                self.check_same(&self.signer.head_file, head, appender.root())
            }
            _ => Ok(()),
        }
    }

    fn check_same(&self, path: &Path, head: &Checkpoint, found: Hash) -> Result<(), ArchiveError> {
        if head.root == found {
            return Ok(());
        }
        Err(ArchiveError::Forked {
            path: path.to_owned(),
            size: head.size,
            expected: head.root,
            found,
        })
    }

    /// Computes everything since the old checkpoint again, from the bytes of the files just written.
    fn read_back(&self, old: &Checkpoint, new: &Checkpoint) -> Result<(), ArchiveError> {
        let mut appender = self.resume(old)?;
        while appender.size() < new.size {
            let number = appender.size().0 / u64::from(FULL_WIDTH);
            let first = number * u64::from(FULL_WIDTH);
            let width = TileWidth::new((new.size.0 - first).min(u64::from(FULL_WIDTH)))
                .unwrap_or(TileWidth::FULL);
            let path = TilePath::entries(number, width);
            let damaged = || ArchiveError::ReadBack {
                path: self.layout.tile(&path),
            };
            let bytes = self.layout.read_tile(&path)?.ok_or_else(damaged)?;
            let entries = parse_bundle(&bytes, width).map_err(|_| damaged())?;
            let known = usize::try_from(appender.size().0 - first).map_err(|_| damaged())?;
            for entry in entries.into_iter().skip(known) {
                self.push(&mut appender, entry)?;
            }
            self.compare(&appender.take_completed())?;
        }
        self.compare(&appender.partial_files())?;
        if appender.root() == new.root {
            Ok(())
        } else {
            Err(ArchiveError::ReadBack {
                path: self.layout.ledger(),
            })
        }
    }

    fn compare(&self, files: &[LedgerFile]) -> Result<(), ArchiveError> {
        for file in files {
            if self.layout.read_tile(&file.path)?.as_ref() != Some(&file.bytes) {
                return Err(ArchiveError::ReadBack {
                    path: self.layout.tile(&file.path),
                });
            }
        }
        Ok(())
    }

    /// Holds the three memories of what was published against each other: ledger, database, and the signer's head file.
    fn check_heads(&self) -> Result<(), ArchiveError> {
        let published = self.published()?;
        let head = self.database.head()?;
        let database = self.database.path();
        if head.size < published.size {
            let path = database.to_owned();
            return Err(ArchiveError::DatabaseBehind {
                path,
                found: head.size,
                published: published.size,
            });
        }
        if head.published_size > published.size {
            let path = self.layout.checkpoint();
            return Err(ArchiveError::LedgerBehind {
                path,
                found: published.size,
                published: head.published_size,
            });
        }
        if head.published_size == published.size {
            let remembered = Checkpoint {
                root: head.published_root,
                ..published.clone()
            };
            self.check_same(database, &remembered, published.root)?;
        } else {
            self.check_waiting(&head.published_size, &published)?;
        }
        self.check_signed(&published, head.size).map(drop)
    }

    /// A checkpoint of which the database does not know yet must be over the entries that wait in the database.
    fn check_waiting(&self, from: &TreeSize, published: &Checkpoint) -> Result<(), ArchiveError> {
        let old = match from.0 {
            0 => Checkpoint {
                origin: published.origin.clone(),
                size: *from,
                root: empty_root(),
            },
            _ => read_checkpoint(
                &self.layout.checkpoint_of(*from),
                self.signer.key.verifying_key(),
            )?,
        };
        let mut appender = self.resume(&old)?;
        while appender.size() < published.size {
            let missing = published.size.0 - appender.size().0;
            let limit = u32::try_from(missing)
                .unwrap_or(u32::MAX)
                .min(ENTRIES_AT_A_TIME);
            let entries = self.database.waiting(appender.size().next_index(), limit)?;
            if entries
                .first()
                .is_none_or(|entry| entry.index != appender.size().next_index())
            {
                let (path, found) = (self.database.path().to_owned(), appender.size());
                return Err(ArchiveError::DatabaseBehind {
                    path,
                    found,
                    published: published.size,
                });
            }
            for entry in &entries {
                self.push(&mut appender, &entry.bytes)?;
            }
            appender.take_completed();
        }
        self.check_same(&self.layout.checkpoint(), published, appender.root())
    }

    /// The last head signed must lie on the way of this ledger. Where it lies ahead of the checkpoint, [`Self::publish`] compares.
    fn check_signed(
        &self,
        published: &Checkpoint,
        size: TreeSize,
    ) -> Result<Option<Checkpoint>, ArchiveError> {
        let path = &self.signer.head_file;
        let Some(signed) = self.signer.last_head()? else {
            let nothing_signed = published.size.0 == 0;
            return if nothing_signed {
                Ok(None)
            } else {
                Err(ArchiveError::HeadMissing { path: path.clone() })
            };
        };
        if signed.size > size {
            return Err(ArchiveError::RolledBack {
                path: path.clone(),
                signed: signed.size,
                found: size,
            });
        }
        if signed.size == published.size {
            self.check_same(path, &signed, published.root)?;
        } else if signed.size < published.size {
            let earlier = self.layout.checkpoint_of(signed.size);
            let earlier = read_checkpoint(&earlier, self.signer.key.verifying_key())?;
            self.check_same(path, &signed, earlier.root)?;
        }
        Ok(Some(signed))
    }

    /// Removes unfinished files, and originals that no row knows: their entries were never acknowledged.
    fn discard_leftovers(&self) -> Result<(), ArchiveError> {
        for path in list(&self.layout.incoming())? {
            remove_if_there(&path)?;
        }
        let known = self.database.commitments()?;
        for shelf in list(&self.layout.originals())? {
            for path in list(&shelf)? {
                let is_known = file_name(&path)
                    .parse()
                    .is_ok_and(|commitment: Hash| known.contains(&commitment));
                if !is_known {
                    remove_if_there(&path)?;
                }
            }
        }
        Ok(())
    }
}

/// The salted commitment to an original.
fn commit(salt: &[u8; 32], content_hash: &Hash) -> Hash {
    let digest = Sha256::new()
        .chain_update(COMMITMENT_DOMAIN)
        .chain_update(salt)
        .chain_update(content_hash.as_bytes());
    Hash(digest.finalize().into())
}

fn check_length(position: usize, entry: &[u8]) -> Result<(), ArchiveError> {
    let length = entry.len();
    if length > LONGEST_ENTRY {
        return Err(ArchiveError::EntryTooLong {
            position,
            length,
            most: LONGEST_ENTRY,
        });
    }
    Ok(())
}

fn stage(
    staging: &mut Staging,
    layout: &Layout,
    files: Vec<LedgerFile>,
) -> Result<(), ArchiveError> {
    files
        .iter()
        .try_for_each(|file| staging.add(layout.tile(&file.path), &file.bytes, Visibility::Public))
}
