//! What can go wrong with an archive, where, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use testigo_ledger::{
    CheckpointError, EntryIndex, Hash, KeyError, KeyHistoryError, PolicyError, ProveError, ResumeError, TiledError,
    TreeSize, VerifyingKey,
};
use thiserror::Error;

use crate::layout::FORMAT_VERSION;
use crate::verify::Fault;

/// Why an archive could not be opened, read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The directory has no `format` file.
    #[error("{path} is not an archive: there is no file `format` in it. Give the directory that `testigo init` made")]
    NotAnArchive {
        /// The directory.
        path: PathBuf,
    },
    /// The archive was made by another version.
    #[error(
        "{path} says `{found}`; this program reads `{FORMAT_VERSION}`. Use the program's version that made the archive"
    )]
    OtherFormat {
        /// The `format` file.
        path: PathBuf,
        /// Its first line.
        found: String,
    },
    /// A directory for a new archive already has something in it.
    #[error("{path} is not empty. Choose a new directory, or empty this one if an interrupted `init` left it")]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// Another process writes.
    #[error(
        "another process{holder} is writing to {path}. Wait until it has finished, or stop it; reading and verifying need no waiting"
    )]
    Locked {
        /// The archive.
        path: PathBuf,
        /// The other process, if it said who it is: ` (process 123)`, or nothing.
        holder: String,
    },
    /// No room left on the disk.
    #[error("the disk is full: {path} could not be written. Nothing acknowledged is lost; make room and do it again")]
    DiskFull {
        /// The file being written.
        path: PathBuf,
    },
    /// No permission to write, or a read-only file system.
    #[error("{path} cannot be written: the folder or disk is read-only, or belongs to someone else")]
    NotWritable {
        /// The file being written.
        path: PathBuf,
    },
    /// A file that should be there is not.
    #[error("{path} is missing: {hint}")]
    Missing {
        /// The file.
        path: PathBuf,
        /// What to do.
        hint: &'static str,
    },
    /// Any other failure of the file system.
    #[error("{path} could not be {action}: {source}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What was tried, as in "read".
        action: &'static str,
        /// The system's answer.
        source: io::Error,
    },
    /// The database's bytes are damaged.
    #[error(
        "the database {path} is damaged ({message}). Restore it from a backup that is not older than the ledger, or start anew from the ledger and the originals"
    )]
    CorruptDatabase {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        message: String,
    },
    /// Any other failure of the database.
    #[error("the database {path} failed: {source}")]
    Database {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The signer has another key than the archive.
    #[error("the archive {path} is signed with the key {expected}; the key given is {found}")]
    WrongKey {
        /// The archive.
        path: PathBuf,
        /// The archive's key.
        expected: Box<VerifyingKey>,
        /// The signer's key.
        found: Box<VerifyingKey>,
    },
    /// There is no key file.
    #[error(
        "there is no key at {path}. Give the key file this archive was made with; `testigo key create` makes one for a new archive"
    )]
    KeyMissing {
        /// The key file.
        path: PathBuf,
    },
    /// A key is never overwritten.
    #[error("{path} exists already and a key is never overwritten. Choose another name")]
    KeyExists {
        /// The key file.
        path: PathBuf,
    },
    /// The file holds no key.
    #[error("{path}: {source}")]
    KeyInvalid {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyError,
    },
    /// The key needs its passphrase.
    #[error("{path} is locked with a passphrase, and none was given")]
    KeyLocked {
        /// The key file.
        path: PathBuf,
    },
    /// The passphrase does not open the key.
    #[error("the passphrase does not open {path}, or the file was changed. Nothing was signed; try again")]
    WrongPassphrase {
        /// The key file.
        path: PathBuf,
    },
    /// A locked key file that is not whole.
    #[error("{path} begins like a locked key and is not whole. Take it from where you keep its copy")]
    LockedKeyDamaged {
        /// The key file.
        path: PathBuf,
    },
    /// No witness in this directory.
    #[error("{path} is no witness: there is no `witness.key` and `logs` in it. `testigo witness new` makes one")]
    NotAWitness {
        /// The directory.
        path: PathBuf,
    },
    /// The key has already signed a ledger.
    #[error(
        "the key has already signed a ledger of {size} entries, as {path} says. A key serves one ledger: make a new key for a new archive"
    )]
    KeyUsed {
        /// The head file.
        path: PathBuf,
        /// The size it says.
        size: TreeSize,
    },
    /// The file that remembers what was signed is gone.
    #[error(
        "{path} is missing: it remembers the last head this key signed, so that it never signs two that contradict each other. \
         Put it back; or, if you are certain that no newer head was ever signed, copy the archive's ledger/checkpoint there"
    )]
    HeadMissing {
        /// The head file.
        path: PathBuf,
    },
    /// The head file would be restored together with the archive.
    #[error(
        "{path} lies inside the archive. Keep the key and the head file beside it elsewhere: whoever restores or copies the archive must not touch them"
    )]
    HeadInsideArchive {
        /// The head file.
        path: PathBuf,
    },
    /// The archive is older than what its key has signed.
    #[error(
        "the archive ends at {found} entries, but its key has already signed {signed} (as {path} says): an older copy was put back. \
         Find the newer one; going on from this one would rewrite history"
    )]
    RolledBack {
        /// The head file.
        path: PathBuf,
        /// Entries signed.
        signed: TreeSize,
        /// Entries in the archive.
        found: TreeSize,
    },
    /// The database is older than the ledger, or of another ledger.
    #[error(
        "the database {path} knows {found} entries, but the ledger has published {published}: an older database was put back. \
         Restore one that is not older than the ledger; going on from this one would rewrite history"
    )]
    DatabaseBehind {
        /// The database.
        path: PathBuf,
        /// Entries in the database.
        found: TreeSize,
        /// Entries in the published checkpoint.
        published: TreeSize,
    },
    /// The ledger's files are older than the database.
    #[error(
        "the checkpoint {path} has {found} entries, but {published} were already published: older ledger files were put back. Restore the newer ones"
    )]
    LedgerBehind {
        /// The checkpoint.
        path: PathBuf,
        /// Its size.
        found: TreeSize,
        /// The published size the database remembers.
        published: TreeSize,
    },
    /// Two different histories.
    #[error(
        "{path} says that the first {size} entries have the root {expected}; the archive's have {found}. \
         These are two different histories: nothing is signed"
    )]
    Forked {
        /// What remembers the other history.
        path: PathBuf,
        /// The size at which they differ.
        size: TreeSize,
        /// The root remembered.
        expected: Hash,
        /// The root computed.
        found: Hash,
    },
    /// Not a checkpoint of this ledger.
    #[error("{path}: {source}")]
    Checkpoint {
        /// The checkpoint's file.
        path: PathBuf,
        /// What is wrong with it.
        source: CheckpointError,
    },
    /// The ledger's files are damaged.
    #[error(
        "the ledger in {path} cannot be continued: {source}. `testigo verify` says more; restore the damaged file from a mirror"
    )]
    Ledger {
        /// The ledger's directory.
        path: PathBuf,
        /// What is wrong.
        source: Box<ResumeError<ArchiveError>>,
    },
    /// An entry is too long.
    #[error(
        "entry number {position} of the batch has {length} bytes; {most} is the most. Longer things are documents, named by their hash"
    )]
    EntryTooLong {
        /// Its place in the batch, from 0.
        position: usize,
        /// Its length in bytes.
        length: usize,
        /// The longest allowed.
        most: usize,
    },
    /// A file's content is not what was written or what its name says.
    #[error("{path} has the hash {found} where {expected} was expected: the file is damaged")]
    WrongHash {
        /// The file.
        path: PathBuf,
        /// The hash expected.
        expected: Hash,
        /// The hash of its bytes.
        found: Hash,
    },
    /// A file of the ledger is damaged.
    #[error(transparent)]
    Damaged(Fault),
    /// What was just written reads back differently.
    #[error(
        "{path} reads back differently from what was written: nothing was signed. Check the disk and memory of this machine"
    )]
    ReadBack {
        /// The file.
        path: PathBuf,
    },
    /// A row of the database does not have its hash.
    #[error(
        "entry {index} in the database {path} has the hash {found} where {expected} was stored with it: the database is damaged"
    )]
    DamagedRow {
        /// The database.
        path: PathBuf,
        /// The entry.
        index: EntryIndex,
        /// The stored hash.
        expected: Hash,
        /// The hash of its bytes.
        found: Hash,
    },
    /// Entries beyond the published ones were asked for.
    #[error("entries up to {end} were asked for, but only {size} are published")]
    NotPublished {
        /// The end of what was asked for.
        end: EntryIndex,
        /// Entries published.
        size: TreeSize,
    },
    /// The file with the ledger's keys cannot be read.
    #[error("{path}: {source}. Take it from a mirror; `testigo verify` holds it against the entries")]
    KeysInvalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyHistoryError,
    },
    /// The policy cannot be read.
    #[error("{path}: {source}")]
    PolicyInvalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: PolicyError,
    },
    /// A witness remembers a longer ledger.
    #[error(
        "the witness `{witness}` remembers a head of {known} entries signed by this ledger's key, but this archive ends at {found}: an older \
         copy was put back, or someone else signs with the key. Nothing is signed. Find the newer copy; if there is none, see docs/stolen-key.md"
    )]
    WitnessAhead {
        /// What the policy calls the witness.
        witness: String,
        /// Entries of the head it remembers.
        known: TreeSize,
        /// Entries here.
        found: TreeSize,
    },
    /// A witness remembers another history.
    #[error(
        "the witness `{witness}` remembers that the first {size} entries have the root {expected}, signed by this ledger's key; this archive's \
         have {found}. These are two different histories: nothing is signed. See docs/stolen-key.md"
    )]
    WitnessForked {
        /// What the policy calls the witness.
        witness: String,
        /// The size at which they differ.
        size: TreeSize,
        /// The root it remembers.
        expected: Hash,
        /// The root here.
        found: Hash,
    },
    /// The tiles do not give a proof.
    #[error("the receipt for entry {index} cannot be made: {source}. `testigo verify` says more")]
    Receipt {
        /// The entry.
        index: EntryIndex,
        /// What is wrong.
        source: Box<ProveError<TiledError<ArchiveError>>>,
    },
    /// A new key that is not one.
    #[error(
        "{path} cannot take the place of the ledger's key: it must have the ledger's name, and the ledger must not have had it before"
    )]
    NotASuccessor {
        /// The new key's head file.
        path: PathBuf,
    },
    /// No randomness to be had.
    #[error("the system gave no random bytes: {message}")]
    Randomness {
        /// What it said.
        message: String,
    },
}

impl ArchiveError {
    /// Sorts a failure of the file system by what the user can do about it.
    pub(crate) fn io(path: &Path, action: &'static str, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::DiskFull { path }
            }
            io::ErrorKind::ReadOnlyFilesystem => Self::NotWritable { path },
            io::ErrorKind::PermissionDenied if action != "read" => Self::NotWritable { path },
            _ => Self::Io { path, action, source },
        }
    }
}
