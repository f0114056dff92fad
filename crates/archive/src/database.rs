//! The database: the sequence of entries and the private facts about originals. All SQL of the project stands here, and none of it
//! is particular to SQLite but the settings of the connection.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Row, params};
use testigo_ledger::{Checkpoint, EntryIndex, Hash, TreeSize, VerifyingKey, leaf_hash};

use crate::error::ArchiveError;
use crate::files::{Visibility, write_new};

/// `entries` says which entries there are, so that none is appended twice; `waiting` holds the bytes of those not yet in a signed bundle.
const SCHEMA: &str = "
    CREATE TABLE head (
        size BIGINT NOT NULL,
        published_size BIGINT NOT NULL,
        published_root BLOB NOT NULL
    );
    CREATE TABLE entries (
        leaf_hash BLOB NOT NULL PRIMARY KEY,
        entry_index BIGINT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE waiting (
        entry_index BIGINT NOT NULL PRIMARY KEY,
        leaf_hash BLOB NOT NULL,
        bytes BLOB NOT NULL
    );
    CREATE TABLE rotations (
        entry_index BIGINT NOT NULL PRIMARY KEY,
        public_key TEXT NOT NULL
    );
    CREATE TABLE originals (
        commitment BLOB NOT NULL PRIMARY KEY,
        content_hash BLOB NOT NULL UNIQUE,
        salt BLOB NOT NULL,
        file_name TEXT
    );
";

const SETTINGS: &str = "
    PRAGMA page_size = 16384;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA cache_size = -65536;
";

/// The keys with which the pixels of originals were committed to. Databases made before that have no such table.
const PIXELS_TABLE: &str = "
    CREATE TABLE IF NOT EXISTS pixels (
        original BLOB NOT NULL PRIMARY KEY,
        pixel_key BLOB NOT NULL,
        orientation BIGINT NOT NULL
    );
";

/// The open database of the one writer.
#[derive(Debug)]
pub(crate) struct Database {
    connection: Connection,
    path: PathBuf,
}

/// How far the sequence goes, and how much of it is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) size: TreeSize,
    pub(crate) published_size: TreeSize,
    pub(crate) published_root: Hash,
}

/// An entry not yet published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WaitingEntry {
    pub(crate) index: EntryIndex,
    pub(crate) bytes: Vec<u8>,
}

/// What is known about an original, all of it private but the commitment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OriginalRow {
    pub(crate) commitment: Hash,
    pub(crate) content_hash: Hash,
    pub(crate) salt: [u8; 32],
    pub(crate) file_name: Option<String>,
    pub(crate) pixels: Option<PixelSecret>,
}

/// What proves a picture's pixels, and must stay private for as long as something of it is hidden.
#[derive(Clone, PartialEq, Eq)]
pub struct PixelSecret {
    /// From it follow the salts of all groups of pixels. 32 random bytes, never used twice.
    pub key: [u8; 32],
    /// Which way up the original is to be seen: the number of EXIF tag 274, which its file no longer states.
    pub orientation: u8,
}

impl std::fmt::Debug for PixelSecret {
    /// Does not show the key.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PixelSecret").field("orientation", &self.orientation).finish_non_exhaustive()
    }
}

/// Whether an entry was appended or already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sequenced {
    pub(crate) index: EntryIndex,
    pub(crate) new: bool,
}

impl Database {
    /// A new database, readable by its owner only.
    pub(crate) fn create(path: &Path) -> Result<Self, ArchiveError> {
        write_new(path, &[], Visibility::Private)?;
        let database = Self::connect(path)?;
        database.run(|connection| {
            connection.execute_batch(&format!("BEGIN; {SCHEMA} {PIXELS_TABLE} COMMIT;"))?;
            let root = testigo_ledger::empty_root();
            connection.execute(
                "INSERT INTO head (size, published_size, published_root) VALUES (0, 0, ?1)",
                params![root.as_bytes()],
            )?;
            Ok(())
        })?;
        Ok(database)
    }

    /// Opens a database and checks that it is whole.
    pub(crate) fn open(path: &Path) -> Result<Self, ArchiveError> {
        if !path.exists() {
            let hint = "restore it from a backup that is not older than the ledger";
            return Err(ArchiveError::Missing { path: path.to_owned(), hint });
        }
        let database = Self::connect(path)?;
        let answer: String =
            database.run(|connection| connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)))?;
        if answer != "ok" {
            return Err(ArchiveError::CorruptDatabase { path: path.to_owned(), message: answer });
        }
        // Databases made before keys could be replaced have no such table.
        database.run(|connection| {
            connection.execute_batch(
                "CREATE TABLE IF NOT EXISTS rotations (entry_index BIGINT NOT NULL PRIMARY KEY, public_key TEXT NOT NULL)",
            )
        })?;
        database.run(|connection| connection.execute_batch(PIXELS_TABLE))?;
        Ok(database)
    }

    fn connect(path: &Path) -> Result<Self, ArchiveError> {
        let connection = Connection::open(path).map_err(|error| sorted(path, error))?;
        let database = Self { connection, path: path.to_owned() };
        database.run(|connection| connection.execute_batch(SETTINGS))?;
        Ok(database)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn run<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, ArchiveError> {
        work(&self.connection).map_err(|error| sorted(&self.path, error))
    }

    pub(crate) fn head(&self) -> Result<Head, ArchiveError> {
        self.run(|connection| {
            connection.query_row("SELECT size, published_size, published_root FROM head", [], head_of)
        })
    }

    /// Records originals and entries, durably, all or none. An entry whose bytes are already there keeps its place.
    pub(crate) fn append(
        &mut self,
        originals: &[OriginalRow],
        entries: &[impl AsRef<[u8]>],
    ) -> Result<Vec<Sequenced>, ArchiveError> {
        self.append_with_key(originals, entries, None)
    }

    /// The same; the last entry puts a new key of the ledger in force.
    pub(crate) fn append_with_key(
        &mut self,
        originals: &[OriginalRow],
        entries: &[impl AsRef<[u8]>],
        key: Option<&VerifyingKey>,
    ) -> Result<Vec<Sequenced>, ArchiveError> {
        let sequence = |connection: &mut Connection| -> rusqlite::Result<Vec<Sequenced>> {
            let transaction = connection.transaction()?;
            let mut sequenced = Vec::with_capacity(entries.len());
            {
                let mut size: u64 = transaction.query_row("SELECT size FROM head", [], |row| row.get(0))?;
                let mut original = transaction.prepare_cached(
                    "INSERT INTO originals (commitment, content_hash, salt, file_name) VALUES (?1, ?2, ?3, ?4)",
                )?;
                let mut pixels = transaction
                    .prepare_cached("INSERT INTO pixels (original, pixel_key, orientation) VALUES (?1, ?2, ?3)")?;
                for row in originals {
                    original.execute(params![row.commitment.0, row.content_hash.0, row.salt, row.file_name])?;
                    if let Some(secret) = &row.pixels {
                        pixels.execute(params![row.commitment.0, secret.key, secret.orientation])?;
                    }
                }
                let mut known = transaction.prepare_cached(
                    "INSERT INTO entries (leaf_hash, entry_index) VALUES (?1, ?2) ON CONFLICT (leaf_hash) DO NOTHING",
                )?;
                let mut place = transaction.prepare_cached("SELECT entry_index FROM entries WHERE leaf_hash = ?1")?;
                let mut waiting = transaction
                    .prepare_cached("INSERT INTO waiting (entry_index, leaf_hash, bytes) VALUES (?1, ?2, ?3)")?;
                for entry in entries {
                    let bytes = entry.as_ref();
                    let leaf = leaf_hash(bytes);
                    let new = known.execute(params![leaf.0, size])? == 1;
                    let index = if new {
                        waiting.execute(params![size, leaf.0, bytes])?;
                        size += 1;
                        size - 1
                    } else {
                        place.query_row(params![leaf.0], |row| row.get(0))?
                    };
                    sequenced.push(Sequenced { index: EntryIndex(index), new });
                }
                if let Some((key, rotation)) = key.zip(sequenced.last()).filter(|(_, rotation)| rotation.new) {
                    let rotate = "INSERT INTO rotations (entry_index, public_key) VALUES (?1, ?2)";
                    transaction.execute(rotate, params![rotation.index.0, key.to_string()])?;
                }
                transaction.execute("UPDATE head SET size = ?1", params![size])?;
            }
            transaction.commit()?;
            Ok(sequenced)
        };
        sequence(&mut self.connection).map_err(|error| sorted(&self.path, error))
    }

    /// The entries that put a new key in force, with that key's text, in order.
    pub(crate) fn rotations(&self) -> Result<Vec<(EntryIndex, String)>, ArchiveError> {
        self.run(|connection| {
            let mut statement =
                connection.prepare("SELECT entry_index, public_key FROM rotations ORDER BY entry_index")?;
            statement.query_map([], |row| Ok((EntryIndex(row.get(0)?), row.get(1)?)))?.collect()
        })
    }

    /// Up to `limit` unpublished entries from an index on, in order, each checked against the hash stored with it.
    pub(crate) fn waiting(&self, from: EntryIndex, limit: u32) -> Result<Vec<WaitingEntry>, ArchiveError> {
        let rows: Vec<(WaitingEntry, Hash)> = self.run(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT entry_index, leaf_hash, bytes FROM waiting WHERE entry_index >= ?1 ORDER BY entry_index LIMIT ?2",
            )?;
            let rows = statement.query_map(params![from.0, limit], |row| {
                let entry = WaitingEntry { index: EntryIndex(row.get(0)?), bytes: row.get(2)? };
                Ok((entry, Hash(row.get(1)?)))
            })?;
            rows.collect()
        })?;
        rows.into_iter()
            .map(|(entry, expected)| {
                let found = leaf_hash(&entry.bytes);
                let (path, index) = (self.path.clone(), entry.index);
                if found == expected {
                    Ok(entry)
                } else {
                    Err(ArchiveError::DamagedRow { path, index, expected, found })
                }
            })
            .collect()
    }

    /// Records that everything below a checkpoint's size is published and need not be kept here.
    pub(crate) fn mark_published(&mut self, checkpoint: &Checkpoint) -> Result<(), ArchiveError> {
        let mark = |connection: &mut Connection| -> rusqlite::Result<()> {
            let transaction = connection.transaction()?;
            transaction.execute(
                "UPDATE head SET published_size = ?1, published_root = ?2",
                params![checkpoint.size.0, checkpoint.root.0],
            )?;
            let size: u64 = transaction.query_row("SELECT size FROM head", [], |row| row.get(0))?;
            if checkpoint.size.0 == size {
                // Nothing waits any more: emptying a table costs much less than deleting its rows.
                transaction.execute("DELETE FROM waiting", [])?;
            } else {
                transaction.execute("DELETE FROM waiting WHERE entry_index < ?1", params![checkpoint.size.0])?;
            }
            transaction.commit()
        };
        mark(&mut self.connection).map_err(|error| sorted(&self.path, error))
    }

    pub(crate) fn original_with_content(&self, content_hash: &Hash) -> Result<Option<OriginalRow>, ArchiveError> {
        self.run(|connection| {
            let query = "SELECT commitment, content_hash, salt, file_name FROM originals WHERE content_hash = ?1";
            connection.prepare_cached(query)?.query_row(params![content_hash.0], original_of).optional()
        })
    }

    pub(crate) fn original(&self, commitment: &Hash) -> Result<Option<OriginalRow>, ArchiveError> {
        self.run(|connection| {
            let query = "SELECT commitment, content_hash, salt, file_name FROM originals WHERE commitment = ?1";
            connection.prepare_cached(query)?.query_row(params![commitment.0], original_of).optional()
        })
    }

    pub(crate) fn pixel_secret(&self, original: &Hash) -> Result<Option<PixelSecret>, ArchiveError> {
        self.run(|connection| {
            let query = "SELECT pixel_key, orientation FROM pixels WHERE original = ?1";
            let secret = |row: &Row<'_>| Ok(PixelSecret { key: row.get(0)?, orientation: row.get(1)? });
            connection.prepare_cached(query)?.query_row(params![original.0], secret).optional()
        })
    }

    pub(crate) fn commitments(&self) -> Result<HashSet<Hash>, ArchiveError> {
        self.run(|connection| {
            let mut statement = connection.prepare("SELECT commitment FROM originals")?;
            let rows = statement.query_map([], |row| Ok(Hash(row.get(0)?)))?;
            rows.collect()
        })
    }
}

fn head_of(row: &Row<'_>) -> rusqlite::Result<Head> {
    Ok(Head { size: TreeSize(row.get(0)?), published_size: TreeSize(row.get(1)?), published_root: Hash(row.get(2)?) })
}

fn original_of(row: &Row<'_>) -> rusqlite::Result<OriginalRow> {
    Ok(OriginalRow {
        commitment: Hash(row.get(0)?),
        content_hash: Hash(row.get(1)?),
        salt: row.get(2)?,
        file_name: row.get(3)?,
        pixels: None,
    })
}

/// Sorts a failure of the database by what the user can do about it.
fn sorted(path: &Path, error: rusqlite::Error) -> ArchiveError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            ArchiveError::CorruptDatabase { path, message: error.to_string() }
        }
        Some(ErrorCode::DiskFull) => ArchiveError::DiskFull { path },
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            ArchiveError::NotWritable { path }
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            ArchiveError::Locked { path: path.parent().unwrap_or(&path).to_owned(), holder: String::new() }
        }
        _ => ArchiveError::Database { path, source: error },
    }
}
