//! What the archive's tests share: a place to work in and an archive of the given size in it.
#![allow(dead_code, clippy::unwrap_used, reason = "every test uses a part; a failed test is a panic")]

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use testigo_archive::{
    Archive, ArchiveError, ArchiveReader, LedgerReport, RenditionFormat, Signer, VerifyError, verify_ledger,
};
use testigo_ledger::{Checkpoint, Hash, KeyHistory, SigningKey};

/// A directory for an archive and, beside it, one for its key.
pub struct Place {
    pub root: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("keys")).unwrap();
        Self { root }
    }

    pub fn archive(&self) -> PathBuf {
        self.root.path().join("archive")
    }

    pub fn signer(&self) -> Signer {
        signer_at(self.root.path())
    }

    pub fn last_head(&self) -> Result<Option<Checkpoint>, ArchiveError> {
        let signer = self.signer();
        signer.last_head(&KeyHistory::new(signer.key.verifying_key().clone()))
    }

    pub fn create(&self) -> Archive {
        Archive::create(&self.archive(), self.signer(), b"first entry", &[b"definition", b"register__"]).unwrap()
    }

    pub fn open(&self) -> Archive {
        Archive::open(&self.archive(), self.signer()).unwrap()
    }

    pub fn reader(&self) -> ArchiveReader {
        ArchiveReader::open(&self.archive()).unwrap()
    }

    pub fn verify(&self) -> Result<LedgerReport, VerifyError> {
        verify_ledger(&ArchiveReader::open(&self.archive())?, |_, _| {})
    }

    pub fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.archive().join(path)).unwrap()
    }
}

pub fn signer_at(root: &Path) -> Signer {
    let key = SigningKey::from_seed("demo.example/log", [3; 32]).unwrap();
    Signer::new(key, root.join("keys/log.head"))
}

pub fn entries(from: u64, to: u64) -> Vec<Vec<u8>> {
    (from..to).map(|number| format!("entry {number}").into_bytes()).collect()
}

/// An archive of 600 entries published at 1, 301 and 600, with a document, a rendition and an original beside the first documents.
pub fn filled() -> (Place, Hash, Hash, Hash) {
    let place = Place::new();
    let mut archive = place.create();
    let document = archive.put_document(b"results").unwrap();
    let rendition = archive.put_rendition(b"masked picture", RenditionFormat::Png).unwrap();
    let original = archive.put_original(b"picture as it came", Some("sheet 1.jpg")).unwrap().commitment;
    archive.append(&entries(1, 301)).unwrap();
    archive.publish().unwrap();
    archive.append(&entries(301, 600)).unwrap();
    archive.publish().unwrap();
    (place, document, rendition, original)
}

/// Copies a directory with everything in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}
