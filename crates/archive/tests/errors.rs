//! Everything that can be wrong around an archive gets its own error, and nothing acknowledged is lost.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a failed test is a panic; a skipped one says so")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Place, copy, entries, filled, signer_at};
use testigo_archive::{Archive, ArchiveError, ArchiveReader, Signer, create_key_file, read_key_file, verify_ledger};
use testigo_ledger::{SigningKey, TreeSize};

fn open(place: &Place) -> Result<Archive, ArchiveError> {
    Archive::open(&place.archive(), place.signer())
}

/// A file system of its own kind, where this user may mount one; taken down again in the end.
struct Mount(PathBuf);

impl Mount {
    fn new(path: &Path, options: &str) -> Option<Self> {
        fs::create_dir_all(path).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(path).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self(path.to_owned()))
    }

    fn remount(&self, options: &str) {
        let output = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.0).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_loses_nothing_acknowledged() {
    let place = Place::new();
    let Some(_mount) = Mount::new(&place.archive(), "size=3m") else {
        println!("SKIPPED: no file system can be mounted here, so none can be filled");
        return;
    };
    let mut archive = place.create();
    let mut acknowledged = 1;
    let refused = loop {
        let batch: Vec<Vec<u8>> =
            (0..20u64).map(|number| [acknowledged + number; 500].map(|n| n.to_le_bytes()).concat()).collect();
        match archive.append(&batch) {
            Ok(_) => acknowledged += 20,
            Err(error) => break error,
        }
        if let Err(error) = archive.publish() {
            break error;
        }
    };
    assert!(matches!(refused, ArchiveError::DiskFull { .. }), "{refused}");
    assert!(refused.to_string().contains("make room"), "{refused}");
    let too_large = vec![0; 4 << 20];
    assert!(matches!(archive.put_document(&too_large), Err(ArchiveError::DiskFull { .. })));
    drop(archive);
    // Readers go on.
    verify_ledger(&place.reader(), |_, _| {}).unwrap();
    _mount.remount("size=30m");
    let archive = place.open();
    let size = archive.size().unwrap();
    assert!(size >= TreeSize(acknowledged), "{size} of {acknowledged}");
    assert_eq!(place.verify().unwrap().checkpoint.size, size);
}

#[test]
fn a_read_only_archive_can_be_read_and_verified_but_not_written() {
    let (place, document, ..) = filled();
    let path = place.root.path().join("read only");
    let Some(mount) = Mount::new(&path, "size=20m") else {
        println!("SKIPPED: no file system can be mounted here, so none can be made read-only");
        return;
    };
    let directory = path.join("archive");
    copy(&place.archive(), &directory);
    mount.remount("ro");
    let refused = Archive::open(&directory, place.signer()).unwrap_err();
    assert!(matches!(refused, ArchiveError::NotWritable { .. }), "{refused}");
    assert!(refused.to_string().contains("read-only"), "{refused}");
    assert!(matches!(
        Archive::create(&path.join("new"), signer_at(&path), b"first", &[b""; 0]),
        Err(ArchiveError::NotWritable { .. })
    ));
    let reader = ArchiveReader::open(&directory).unwrap();
    assert_eq!(reader.document(&document).unwrap(), b"results");
    assert_eq!(verify_ledger(&reader, |_, _| {}).unwrap().entries, 600);
}

#[test]
fn a_second_writer_is_refused_while_readers_go_on() {
    let (place, ..) = filled();
    let mut archive = place.open();
    archive.append(&entries(600, 610)).unwrap();
    let refused = open(&place).unwrap_err();
    assert!(matches!(refused, ArchiveError::Locked { .. }), "{refused}");
    assert!(refused.to_string().starts_with(&format!("another process (process {}) is writing", std::process::id())));
    assert_eq!(place.verify().unwrap().entries, 600);
    archive.publish().unwrap();
    assert_eq!(place.verify().unwrap().entries, 610);
    drop(archive);
    drop(place.open());
}

#[test]
fn a_damaged_database_is_named() {
    let (place, ..) = filled();
    let database = place.archive().join("archive.db");
    let right = fs::read(&database).unwrap();
    let mut wrong = right.clone();
    wrong[..16].fill(b'x');
    fs::write(&database, &wrong).unwrap();
    let refused = open(&place).unwrap_err();
    assert!(matches!(refused, ArchiveError::CorruptDatabase { .. }), "{refused}");

    // The first byte of a page says what kind of page it is.
    let mut wrong = right.clone();
    let last_page = wrong.len() - 16_384;
    (16_384..=last_page).step_by(16_384).for_each(|page| wrong[page] = 0x55);
    fs::write(&database, &wrong).unwrap();
    let refused = open(&place).unwrap_err();
    assert!(matches!(refused, ArchiveError::CorruptDatabase { .. }), "{refused}");

    fs::remove_file(&database).unwrap();
    assert!(matches!(open(&place), Err(ArchiveError::Missing { path, .. }) if path == database));
    fs::write(&database, &right).unwrap();
    drop(open(&place).unwrap());
}

#[test]
fn a_missing_or_wrong_key_is_named() {
    let (place, ..) = filled();
    let path = place.root.path().join("keys/other");
    let missing = Signer::from_key_file(&path).unwrap_err();
    assert!(matches!(missing, ArchiveError::KeyMissing { .. }));
    assert!(missing.to_string().contains("testigo key create"), "{missing}");

    let key = create_key_file(&path, "demo.example/log", None).unwrap();
    assert_eq!(read_key_file(&path).unwrap().verifying_key(), key.verifying_key());
    assert_eq!(
        fs::metadata(&path).map(|file| std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o777).unwrap(),
        0o600
    );
    assert!(matches!(create_key_file(&path, "demo.example/log", None), Err(ArchiveError::KeyExists { .. })));
    assert!(matches!(
        create_key_file(&path.with_extension("new"), "two words", None),
        Err(ArchiveError::KeyInvalid { .. })
    ));
    let other = Signer::from_key_file(&path).unwrap();
    assert_eq!(other.head_file, place.root.path().join("keys/other.head"));
    let refused = Archive::open(&place.archive(), other).unwrap_err();
    assert!(matches!(refused, ArchiveError::WrongKey { .. }), "{refused}");

    fs::write(&path, "PRIVATE+KEY+secret").unwrap();
    let refused = read_key_file(&path).unwrap_err().to_string();
    assert!(refused.contains("keys/other: this is not a key") && !refused.contains("secret"), "{refused}");
}

#[test]
fn a_key_serves_one_ledger() {
    let (place, ..) = filled();
    let refused = Archive::create(&place.root.path().join("second"), place.signer(), b"first", &[b""; 0]).unwrap_err();
    assert!(matches!(refused, ArchiveError::KeyUsed { size: TreeSize(600), .. }), "{refused}");
}

#[test]
fn the_head_file_stays_outside() {
    let (place, ..) = filled();
    let inside = Signer { head_file: place.archive().join("log.head"), ..place.signer() };
    assert!(matches!(Archive::open(&place.archive(), inside), Err(ArchiveError::HeadInsideArchive { .. })));
    let key = SigningKey::from_seed("demo.example/other", [4; 32]).unwrap();
    let new = place.root.path().join("new");
    let inside = Signer::new(key, new.join("log.head"));
    assert!(matches!(Archive::create(&new, inside, b"first", &[b""; 0]), Err(ArchiveError::HeadInsideArchive { .. })));
}

#[test]
fn only_an_archive_of_this_version_is_opened() {
    let (place, ..) = filled();
    let refused = ArchiveReader::open(place.root.path()).unwrap_err();
    assert!(matches!(refused, ArchiveError::NotAnArchive { .. }), "{refused}");
    assert!(matches!(ArchiveReader::open(&place.root.path().join("nowhere")), Err(ArchiveError::NotAnArchive { .. })));
    fs::write(place.archive().join("format"), "testigo archive 2\n").unwrap();
    let refused = open(&place).unwrap_err();
    assert!(matches!(&refused, ArchiveError::OtherFormat { found, .. } if found == "testigo archive 2"), "{refused}");
    assert!(matches!(ArchiveReader::open(&place.archive()), Err(ArchiveError::OtherFormat { .. })));
}

#[test]
fn a_new_archive_needs_an_empty_directory() {
    let place = Place::new();
    fs::create_dir(place.archive()).unwrap();
    fs::write(place.archive().join("file"), "").unwrap();
    let refused = Archive::create(&place.archive(), place.signer(), b"first", &[b""; 0]).unwrap_err();
    assert!(matches!(refused, ArchiveError::NotEmpty { .. }), "{refused}");
    fs::remove_file(place.archive().join("file")).unwrap();
    drop(Archive::create(&place.archive(), place.signer(), b"first", &[b""; 0]).unwrap());
}
