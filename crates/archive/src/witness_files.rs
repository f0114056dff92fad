//! Where a witness keeps its key, the logs it knows, and the last head of each: one directory.
//!
//! | in the directory | what |
//! | --- | --- |
//! | `witness.key` | its private key, for its owner only |
//! | `logs` | a policy whose `log` lines are the logs it countersigns |
//! | `heads/<SHA-256 of a log's name>` | the last head it countersigned |
//! | `lock` | held by the one process that countersigns |

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use testigo_ledger::{CosigningKey, Hash, Policy, VerifyingKey, WitnessStore};

use crate::error::ArchiveError;
use crate::files::{Visibility, create_directory, read_if_there, replace};
use crate::layout::Layout;
use crate::lock::WriterLock;
use crate::signer::random_bytes;

/// The memory of a witness.
#[derive(Debug)]
pub struct WitnessFiles {
    directory: PathBuf,
    /// One comparison with its write at a time; the file lock keeps other processes out.
    writing: Mutex<()>,
    _lock: WriterLock,
}

fn key_file(directory: &Path) -> PathBuf {
    directory.join("witness.key")
}

fn logs_file(directory: &Path) -> PathBuf {
    directory.join("logs")
}

impl WitnessFiles {
    /// Makes a witness in a new directory, which knows no log yet.
    pub fn create(directory: &Path, name: &str) -> Result<CosigningKey, ArchiveError> {
        let path = key_file(directory);
        let invalid = |source| ArchiveError::KeyInvalid { path: path.clone(), source };
        let key = CosigningKey::from_seed(name, random_bytes()?).map_err(invalid)?;
        if path.exists() {
            return Err(ArchiveError::KeyExists { path });
        }
        std::fs::create_dir_all(directory).map_err(|source| ArchiveError::io(directory, "created", source))?;
        create_directory(&directory.join("heads"), Visibility::Public)?;
        let write = |path: &Path, text: &str, visibility| {
            replace(path, &directory.join("incoming"), text.as_bytes(), visibility)
        };
        write(&logs_file(directory), "quorum none\n", Visibility::Public)?;
        write(&path, &format!("{}\n", key.to_secret_text()), Visibility::Private)?;
        Ok(key)
    }

    /// The key of the witness in a directory.
    pub fn key(directory: &Path) -> Result<CosigningKey, ArchiveError> {
        let path = key_file(directory);
        let bytes = read_if_there(&path)?.ok_or_else(|| ArchiveError::NotAWitness { path: directory.to_owned() })?;
        let text = String::from_utf8(bytes).unwrap_or_default();
        text.trim_end().parse().map_err(|source| ArchiveError::KeyInvalid { path, source })
    }

    /// The keys of the logs that it countersigns.
    pub fn logs(directory: &Path) -> Result<Vec<VerifyingKey>, ArchiveError> {
        Ok(read_logs(directory)?.logs().iter().map(|log| log.key.clone()).collect())
    }

    /// Lets a log's key sign heads that the witness countersigns from its next start on. A second key for a name serves while an operator
    /// changes from one to the other.
    pub fn admit(directory: &Path, log: &VerifyingKey) -> Result<(), ArchiveError> {
        let text = format!("log {log}\n{}", read_logs(directory)?.text());
        let path = logs_file(directory);
        Policy::parse(text.as_bytes()).map_err(|source| ArchiveError::PolicyInvalid { path: path.clone(), source })?;
        replace(&path, &directory.join("incoming"), text.as_bytes(), Visibility::Public)
    }

    /// Takes a log's key from those that may sign. What was countersigned stays remembered. Says whether it was there.
    pub fn dismiss(directory: &Path, log: &VerifyingKey) -> Result<bool, ArchiveError> {
        let policy = read_logs(directory)?;
        let key = log.to_string();
        let names = |line: &&str| line.split([' ', '\t']).any(|word| word == key);
        let text: String = policy.text().lines().filter(|line| !names(line)).map(|line| format!("{line}\n")).collect();
        replace(&logs_file(directory), &directory.join("incoming"), text.as_bytes(), Visibility::Public)?;
        Ok(text != policy.text())
    }

    /// Opens the memory, for one process at a time.
    pub fn open(directory: &Path) -> Result<Self, ArchiveError> {
        let lock = WriterLock::take(&Layout::new(directory))?;
        Ok(Self { directory: directory.to_owned(), writing: Mutex::default(), _lock: lock })
    }

    fn head(&self, origin: &str) -> PathBuf {
        self.directory.join("heads").join(Hash::of(origin.as_bytes()).to_string())
    }
}

fn read_logs(directory: &Path) -> Result<Policy, ArchiveError> {
    let path = logs_file(directory);
    let bytes = read_if_there(&path)?.ok_or_else(|| ArchiveError::NotAWitness { path: directory.to_owned() })?;
    Policy::parse(&bytes).map_err(|source| ArchiveError::PolicyInvalid { path, source })
}

impl WitnessStore for WitnessFiles {
    type Error = ArchiveError;

    fn latest(&self, origin: &str) -> Result<Option<Vec<u8>>, ArchiveError> {
        read_if_there(&self.head(origin))
    }

    fn compare_and_persist(&self, origin: &str, expected: Option<&[u8]>, new: &[u8]) -> Result<bool, ArchiveError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.head(origin);
        if read_if_there(&path)?.as_deref() != expected {
            return Ok(false);
        }
        replace(&path, &self.directory.join("incoming"), new, Visibility::Public)?;
        Ok(true)
    }
}
