//! Replacing the ledger's key. `kill.rs` kills the process while it does.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod common;

use std::fs;

use common::{Place, copy, entries, filled};
use testigo_archive::{Archive, ArchiveError, Signer};
use testigo_ledger::{EntryIndex, SigningKey, TreeSize};

fn successor(place: &Place, seed: u8) -> Signer {
    let key = SigningKey::from_seed("demo.example/log", [seed; 32]).unwrap();
    Signer::new(key, place.root.path().join(format!("keys/new{seed}.head")))
}

fn rotate(place: &Place, seed: u8) -> Result<(Archive, EntryIndex), ArchiveError> {
    let old = place.signer().head_file;
    Archive::rotate(&place.archive(), successor(place, seed), format!("rotation to {seed}").as_bytes(), Some(&old))
}

#[test]
fn the_new_key_signs_every_head_that_covers_the_entry() {
    let (place, ..) = filled();
    let (mut archive, index) = rotate(&place, 7).unwrap();
    assert_eq!(index, EntryIndex(600));
    archive.append(&entries(700, 710)).unwrap();
    archive.publish().unwrap();
    drop(archive);
    let report = place.verify().unwrap();
    assert_eq!((report.entries, report.checkpoints), (611, 6), "1, 301, 600, 601, 611, and `checkpoint`");
    let keys = place.reader().keys().clone();
    assert_eq!(keys.rotations().len(), 1);
    let first = place.signer();
    assert_eq!(keys.at(TreeSize(600)), first.key.verifying_key());
    assert_eq!(keys.at(TreeSize(601)), successor(&place, 7).key.verifying_key());

    // The old key signs nothing any more, and says why.
    let refused = Archive::open(&place.archive(), place.signer()).unwrap_err();
    assert!(matches!(refused, ArchiveError::WrongKey { .. }), "{refused}");
    drop(Archive::open(&place.archive(), successor(&place, 7)).unwrap());
    // A head by the old key in the place of one by the new is seen.
    let head = testigo_ledger::Checkpoint { ..place.reader().checkpoint().unwrap() };
    let path = place.archive().join("ledger/checkpoint");
    fs::write(&path, head.sign(&first.key).unwrap().to_string()).unwrap();
    assert!(place.verify().is_err());
}

#[test]
fn the_old_key_may_be_lost_and_its_memory_is_taken_over() {
    let (place, ..) = filled();
    let before = place.root.path().join("before");
    copy(&place.archive(), &before);
    let mut archive = place.open();
    archive.append(&entries(600, 650)).unwrap();
    archive.publish().unwrap();
    drop(archive);
    fs::remove_dir_all(place.archive()).unwrap();
    copy(&before, &place.archive());
    // With the old key's memory the older copy is noticed; without it nobody can.
    let refused = rotate(&place, 7).unwrap_err();
    assert!(matches!(refused, ArchiveError::RolledBack { .. } | ArchiveError::Checkpoint { .. }), "{refused}");
    fs::remove_file(place.root.path().join("keys/new7.head")).unwrap();
    let (archive, index) = Archive::rotate(&place.archive(), successor(&place, 8), b"rotation", None).unwrap();
    assert_eq!((index, archive.size().unwrap()), (EntryIndex(600), TreeSize(601)));
}

#[test]
fn a_key_is_followed_by_a_new_one_of_the_same_name_only() {
    let (place, ..) = filled();
    drop(rotate(&place, 7).unwrap());
    for (name, seed) in [("demo.example/log", 3), ("demo.example/log", 7), ("demo.example/other", 9)] {
        let key = SigningKey::from_seed(name, [seed; 32]).unwrap();
        let signer = Signer::new(key, place.root.path().join("keys/other.head"));
        let refused = Archive::rotate(&place.archive(), signer, b"again", None).unwrap_err();
        assert!(matches!(refused, ArchiveError::NotASuccessor { .. }), "{name} {seed}: {refused}");
    }
    assert_eq!(place.verify().unwrap().entries, 601);
}
