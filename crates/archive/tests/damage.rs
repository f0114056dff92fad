//! One wrong byte in each kind of file: verification names the file and the cause.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod common;

use std::fs;

use common::{Place, copy, filled};
use testigo_archive::{ArchiveReader, Fault, VerifyError, verify_ledger};
use testigo_ledger::{Checkpoint, EntryIndex, Hash, TreeSize, leaf_hash};

fn fault(place: &Place) -> Fault {
    match place.verify() {
        Err(VerifyError::Fault(fault)) => fault,
        other => panic!("expected a fault, got {other:?}"),
    }
}

/// What verification says once a file is changed; the file is put back afterwards.
fn after(place: &Place, path: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let file = place.archive().join(path);
    let right = fs::read(&file).unwrap();
    let mut wrong = right.clone();
    change(&mut wrong);
    assert_ne!(wrong, right);
    fs::write(&file, &wrong).unwrap();
    let message = fault(place).to_string();
    fs::write(&file, right).unwrap();
    let (_, message) = message.split_once("/archive/").unwrap();
    message.to_owned()
}

fn flip(at: usize) -> impl FnOnce(&mut Vec<u8>) {
    move |bytes| bytes[at] ^= 1
}

#[test]
fn every_kind_of_damage_is_named() {
    let (place, document, rendition, _) = filled();
    place.verify().unwrap();
    let rendition = format!("renditions/{}/{rendition}.png", &rendition.to_string()[..2]);
    let entry_300 = format!(
        "ledger/tile/entries/001: entry 300 was changed: it hashes to {}, the signed tree has {} there",
        leaf_hash(b"entry 301"),
        leaf_hash(b"entry 300")
    );
    // Entry 300 is the 45th of its bundle; two bytes of length stand before each entry.
    let in_entry_300 = 44 * (2 + b"entry 256".len()) + 2 + b"entry 30".len();
    for (path, change, expected) in [
        ("ledger/tile/entries/001", Box::new(flip(in_entry_300)) as Box<dyn FnOnce(&mut Vec<u8>)>, entry_300.as_str()),
        (
            "ledger/tile/entries/001",
            Box::new(flip(0)),
            "ledger/tile/entries/001: the bundle ends inside its entry number 1",
        ),
        (
            "ledger/tile/entries/002.p/88",
            Box::new(|bytes| bytes.truncate(bytes.len() - 1)),
            "ledger/tile/entries/002.p/88: the bundle ends inside its entry number 87",
        ),
        (
            "ledger/tile/entries/002.p/88",
            Box::new(|bytes| bytes.extend([0, 0])),
            "ledger/tile/entries/002.p/88: the bundle holds 89 entries where 88 were expected",
        ),
        ("ledger/tile/entries/001.p/45", Box::new(flip(5)), "ledger/tile/entries/001.p/45 differs, from byte 5 on"),
        ("ledger/tile/0/001", Box::new(flip(40)), "ledger/tile/0/001 differs, from byte 40 on"),
        (
            "ledger/tile/0/002.p/88",
            Box::new(|bytes| bytes.truncate(bytes.len() - 1)),
            "ledger/tile/0/002.p/88 differs, from byte 2815 on",
        ),
        ("ledger/tile/0/001.p/45", Box::new(flip(0)), "ledger/tile/0/001.p/45 differs, from byte 0 on"),
        ("ledger/tile/1/000.p/2", Box::new(flip(63)), "ledger/tile/1/000.p/2 differs, from byte 63 on"),
        ("ledger/checkpoint", Box::new(flip(18)), "ledger/checkpoint: the signature of `demo.example/log`"),
        ("ledger/checkpoint", Box::new(|bytes| bytes.truncate(30)), "ledger/checkpoint: the note has no blank line"),
        ("ledger/checkpoints/301", Box::new(flip(30)), "ledger/checkpoints/301: the signature of `demo.example/log`"),
        (&format!("documents/{document}"), Box::new(flip(3)), &format!("documents/{document} has the hash ")),
        (&rendition, Box::new(flip(3)), &format!("{rendition} has the hash ")),
    ] {
        let message = after(&place, path, change);
        assert!(message.starts_with(expected), "{path}: {message}\nexpected: {expected}");
    }
    place.verify().unwrap();
}

#[test]
fn every_missing_file_is_named() {
    let (place, ..) = filled();
    for path in [
        "ledger/tile/entries/000",
        "ledger/tile/entries/001.p/45",
        "ledger/tile/entries/002.p/88",
        "ledger/tile/0/001",
        "ledger/tile/0/000.p/1",
        "ledger/tile/1/000.p/1",
        "ledger/tile/1/000.p/2",
        "ledger/checkpoint",
    ] {
        let file = place.archive().join(path);
        let right = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        assert_eq!(fault(&place), Fault::Missing { path: file.clone() });
        fs::write(&file, right).unwrap();
    }
    place.verify().unwrap();
}

#[test]
fn files_that_do_not_belong_are_named() {
    let (place, document, rendition, _) = filled();
    let shelf = rendition.to_string()[..2].to_owned();
    let other_shelf = if shelf == "00" { "01" } else { "00" };
    fs::create_dir(place.archive().join("renditions").join(other_shelf)).unwrap();
    for path in [
        "documents/readme.txt".to_owned(),
        format!("renditions/{shelf}/{rendition}.svg"),
        format!("renditions/{other_shelf}/{rendition}.png"),
        format!("renditions/{rendition}.png"),
        "ledger/checkpoints/007".to_owned(),
    ] {
        let file = place.archive().join(path);
        fs::write(&file, b"masked picture").unwrap();
        assert_eq!(fault(&place), Fault::Stray { path: file.clone() });
        fs::remove_file(file).unwrap();
    }
    let renamed = place.archive().join("documents").join(Hash::of(b"x").to_string());
    fs::rename(place.archive().join("documents").join(document.to_string()), &renamed).unwrap();
    assert_eq!(fault(&place), Fault::Content { path: renamed, found: document });
}

#[test]
fn a_checkpoint_under_another_name_is_named() {
    let (place, ..) = filled();
    let checkpoints = place.archive().join("ledger/checkpoints");
    fs::copy(checkpoints.join("301"), checkpoints.join("302")).unwrap();
    assert_eq!(fault(&place), Fault::CheckpointName { path: checkpoints.join("302"), found: TreeSize(301) });
}

/// An entry and its leaf tile changed to fit each other: only recomputing the root shows it. The earliest head that does not hold
/// narrows down where.
#[test]
fn an_entry_and_its_tiles_changed_together_are_found() {
    let (place, ..) = filled();
    let ledger = place.archive().join("ledger");
    for bundle in ["tile/entries/001", "tile/entries/001.p/45"] {
        let mut bytes = fs::read(ledger.join(bundle)).unwrap();
        bytes[10] ^= 1;
        fs::write(ledger.join(bundle), bytes).unwrap();
    }
    for tile in ["tile/0/001", "tile/0/001.p/45"] {
        let mut bytes = fs::read(ledger.join(tile)).unwrap();
        bytes[..32].copy_from_slice(leaf_hash(b"entry 257").as_bytes());
        fs::write(ledger.join(tile), bytes).unwrap();
    }
    assert!(matches!(
        fault(&place),
        Fault::Root { path, size: TreeSize(301), .. } if path == ledger.join("checkpoints/301")
    ));
}

/// A head signed with the right key over another history.
#[test]
fn a_signed_head_of_another_history_is_found() {
    let (place, ..) = filled();
    let path = place.archive().join("ledger/checkpoints/301");
    let other = Checkpoint { origin: "demo.example/log".to_owned(), size: TreeSize(301), root: Hash([9; 32]) };
    fs::write(&path, other.sign(&place.signer().key).unwrap().to_string()).unwrap();
    assert!(matches!(fault(&place), Fault::Root { path: named, size: TreeSize(301), .. } if named == path));
}

/// What lies beyond the checkpoint is a writer's unfinished work, not damage.
#[test]
fn unfinished_work_is_no_fault() {
    let (place, ..) = filled();
    let before = place.root.path().join("before");
    copy(&place.archive(), &before);
    let mut archive = place.open();
    archive.append(&common::entries(600, 900)).unwrap();
    archive.publish().unwrap();
    drop(archive);
    fs::copy(before.join("ledger/checkpoint"), place.archive().join("ledger/checkpoint")).unwrap();
    let mut last = None;
    let report = verify_ledger(&ArchiveReader::open(&place.archive()).unwrap(), |index, _| last = Some(index)).unwrap();
    assert_eq!((report.entries, last), (600, Some(EntryIndex(599))));
}
