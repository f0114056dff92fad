//! What an opening finishes, what it discards, and what it refuses to go on from.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod common;

use std::fs;
use std::path::Path;

use common::{Place, copy, entries, filled, signer_at};
use testigo_archive::{Archive, ArchiveError, RenditionFormat};
use testigo_ledger::{Hash, TreeSize};

fn replace(with: &Path, place: &Path) {
    fs::remove_dir_all(place).unwrap();
    copy(with, place);
}

fn error(place: &Place) -> ArchiveError {
    Archive::open(&place.archive(), place.signer()).unwrap_err()
}

#[test]
fn appended_entries_are_published_by_the_next_opening() {
    let (place, ..) = filled();
    let mut archive = place.open();
    archive.append(&entries(600, 700)).unwrap();
    drop(archive);
    assert_eq!(place.reader().checkpoint().unwrap().size, TreeSize(600));
    // Tiles of a publication that did not get as far as signing.
    for path in ["tile/0/002.p/188", "tile/entries/002.p/188", "tile/0/002"] {
        let path = place.archive().join("ledger").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"half written").unwrap();
    }
    drop(place.open());
    assert_eq!(place.verify().unwrap().entries, 700);
}

#[test]
fn unacknowledged_originals_and_unfinished_files_are_removed() {
    let (place, _, _, known) = filled();
    let path = |hash: &Hash| place.archive().join("originals").join(&hash.to_string()[..2]).join(hash.to_string());
    let orphan = Hash::of(b"orphan");
    fs::create_dir_all(path(&orphan).parent().unwrap()).unwrap();
    fs::write(path(&orphan), b"picture").unwrap();
    let unfinished = place.archive().join("incoming/12");
    fs::write(&unfinished, b"half a fi").unwrap();

    let mut archive = place.open();
    assert!(path(&known).exists() && !path(&orphan).exists() && !unfinished.exists());
    let forgotten = archive.put_original(b"never acknowledged", None).unwrap().commitment;
    let rendition = archive.put_rendition(b"neither", RenditionFormat::Jpeg).unwrap();
    drop(archive);
    let archive = place.open();
    assert_eq!(archive.original(&forgotten).unwrap(), None);
    assert_eq!(place.reader().rendition_path(&rendition), None);
}

/// Killed between signing and publishing: the head file is ahead, and the same head is signed again.
#[test]
fn a_signed_but_unpublished_head_is_published() {
    let (place, ..) = filled();
    let mut archive = place.open();
    archive.append(&entries(600, 650)).unwrap();
    drop(archive);
    let before = place.root.path().join("before");
    copy(&place.archive(), &before);
    let head = place.open().publish().unwrap();
    let note = place.read("ledger/checkpoint");
    replace(&before, &place.archive());
    assert_eq!(place.last_head().unwrap().unwrap(), head);
    drop(place.open());
    assert_eq!(place.read("ledger/checkpoint"), note);
    place.verify().unwrap();
}

/// Killed between publishing and noting that in the database.
#[test]
fn a_database_that_missed_a_publication_catches_up() {
    let (place, ..) = filled();
    let mut archive = place.open();
    archive.append(&entries(600, 1000)).unwrap();
    drop(archive);
    let database = place.archive().join("archive.db");
    let before = place.root.path().join("before.db");
    fs::copy(&database, &before).unwrap();
    drop(place.open());
    fs::copy(&before, &database).unwrap();
    let mut archive = place.open();
    assert!(!archive.append(&entries(999, 1000)).unwrap()[0].new);
    archive.append(&entries(1000, 1001)).unwrap();
    archive.publish().unwrap();
    assert_eq!(place.verify().unwrap().entries, 1001);
}

#[test]
fn an_older_database_is_refused() {
    let (place, ..) = filled();
    let before = place.root.path().join("before.db");
    fs::copy(place.archive().join("archive.db"), &before).unwrap();
    let mut archive = place.open();
    archive.append(&entries(600, 700)).unwrap();
    archive.publish().unwrap();
    drop(archive);
    let note = place.read("ledger/checkpoint");
    fs::copy(&before, place.archive().join("archive.db")).unwrap();
    let error = error(&place);
    assert!(matches!(error, ArchiveError::DatabaseBehind { found: TreeSize(600), published: TreeSize(700), .. }));
    assert!(error.to_string().contains("an older database was put back"), "{error}");
    assert_eq!(place.read("ledger/checkpoint"), note);
}

#[test]
fn older_ledger_files_are_refused() {
    let (place, ..) = filled();
    let ledger = place.archive().join("ledger");
    fs::copy(ledger.join("checkpoints/301"), ledger.join("checkpoint")).unwrap();
    let error = error(&place);
    assert!(
        matches!(error, ArchiveError::LedgerBehind { found: TreeSize(301), published: TreeSize(600), .. }),
        "{error}"
    );
}

#[test]
fn an_older_copy_of_everything_is_refused() {
    let (place, ..) = filled();
    let before = place.root.path().join("before");
    copy(&place.archive(), &before);
    let mut archive = place.open();
    archive.append(&entries(600, 700)).unwrap();
    archive.publish().unwrap();
    drop(archive);
    replace(&before, &place.archive());
    let refused = error(&place);
    assert!(
        matches!(refused, ArchiveError::RolledBack { signed: TreeSize(700), found: TreeSize(600), .. }),
        "{refused}"
    );
    fs::remove_file(place.signer().head_file).unwrap();
    let refused = error(&place);
    assert!(matches!(refused, ArchiveError::HeadMissing { .. }));
    assert!(refused.to_string().contains("copy the archive's ledger/checkpoint there"), "{refused}");
    fs::copy(place.archive().join("ledger/checkpoint"), place.signer().head_file).unwrap();
    drop(place.open());
}

/// Two copies of an archive continued differently: the key signs one of them only, whatever their sizes.
#[test]
fn a_second_history_is_never_signed() {
    for (ours, theirs) in [(50, 50), (50, 80), (50, 20)] {
        let (place, ..) = filled();
        let other = place.root.path().join("other");
        copy(&place.archive(), &other);
        let mut archive = Archive::open(&other, place.signer()).unwrap();
        archive.append(&entries(2000, 2000 + theirs)).unwrap();
        drop(archive);
        let mut archive = place.open();
        archive.append(&entries(1000, 1000 + ours)).unwrap();
        let signed = archive.publish().unwrap();
        drop(archive);
        let refused = Archive::open(&other, place.signer()).unwrap_err();
        let forked = matches!(refused, ArchiveError::Forked { size, expected, .. } if (size, expected) == (signed.size, signed.root));
        let rolled_back = matches!(refused, ArchiveError::RolledBack { .. });
        assert!(if theirs < ours { rolled_back } else { forked }, "{theirs} against {ours}: {refused}");
        let note = fs::read(other.join("ledger/checkpoint")).unwrap();
        assert!(note.starts_with(b"demo.example/log\n600\n"), "nothing was published there");
    }
}

/// The database of one history under the ledger of another, of equal or greater size.
#[test]
fn a_database_of_another_history_is_refused() {
    let (place, ..) = filled();
    let other = place.root.path().join("other");
    copy(&place.archive(), &other);
    fs::create_dir_all(other.join("keys")).unwrap();
    fs::copy(place.signer().head_file, signer_at(&other).head_file).unwrap();
    let elsewhere = place.root.path().join("elsewhere");
    fs::rename(other.join("keys"), place.root.path().join("other keys")).unwrap();
    fs::create_dir(&elsewhere).unwrap();
    fs::rename(place.root.path().join("other keys"), elsewhere.join("keys")).unwrap();
    let mut archive = Archive::open(&other, signer_at(&elsewhere)).unwrap();
    archive.append(&entries(2000, 2100)).unwrap();
    archive.publish().unwrap();
    drop(archive);
    let mut archive = place.open();
    archive.append(&entries(1000, 1100)).unwrap();
    archive.publish().unwrap();
    drop(archive);
    fs::copy(other.join("archive.db"), place.archive().join("archive.db")).unwrap();
    let refused = error(&place);
    assert!(matches!(refused, ArchiveError::Forked { size: TreeSize(700), .. }), "{refused}");
}

/// Damaged tiles at the ledger's right edge would end up under the next signature.
#[test]
fn a_damaged_ledger_is_not_continued() {
    let (place, ..) = filled();
    let mut archive = place.open();
    archive.append(&entries(600, 610)).unwrap();
    let tile = place.archive().join("ledger/tile/0/002.p/88");
    let mut bytes = fs::read(&tile).unwrap();
    bytes[7] ^= 1;
    fs::write(&tile, bytes).unwrap();
    let refused = archive.publish().unwrap_err();
    assert!(matches!(refused, ArchiveError::Ledger { .. }), "{refused}");
    assert_eq!(place.last_head().unwrap().unwrap().size, TreeSize(600));
}
