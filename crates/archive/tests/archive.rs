//! An archive in ordinary use.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use common::{Place, entries, filled};
use testigo_archive::{Appended, ArchiveError, LONGEST_ENTRY, RenditionFormat, verify_ledger};
use testigo_ledger::{EntryIndex, Hash, TreeSize};

#[test]
fn keeps_what_it_is_given() {
    let (place, document, rendition, original) = filled();
    let reader = place.reader();
    let checkpoint = reader.checkpoint().unwrap();
    assert_eq!((checkpoint.origin.as_str(), checkpoint.size), ("demo.example/log", TreeSize(600)));
    assert_eq!(reader.verifying_key(), place.signer().key.verifying_key());
    assert_eq!(reader.document(&document).unwrap(), b"results");
    assert_eq!(reader.document(&Hash::of(b"definition")).unwrap(), b"definition");
    assert_eq!(reader.rendition(&rendition).unwrap(), (b"masked picture".to_vec(), RenditionFormat::Png));
    assert!(reader.rendition_path(&rendition).unwrap().0.ends_with(format!("{rendition}.png")));
    assert!(matches!(reader.rendition(&document), Err(ArchiveError::Missing { .. })));
    assert_eq!(reader.rendition_path(&document), None);

    let read = |from, to| {
        let entries = reader.entries(EntryIndex(from)..EntryIndex(to)).unwrap();
        entries.collect::<Result<Vec<_>, _>>().unwrap()
    };
    let all: Vec<Vec<u8>> = [vec![b"first entry".to_vec()], entries(1, 600)].concat();
    for (from, to) in [(0, 600), (0, 0), (0, 1), (255, 257), (256, 512), (599, 600), (600, 600), (400, 300)] {
        let expected: Vec<_> =
            (from..to).map(|index| (EntryIndex(index), all[usize::try_from(index).unwrap()].clone())).collect();
        assert_eq!(read(from, to), expected, "{from} to {to}");
    }
    assert!(matches!(
        reader.entries(EntryIndex(0)..EntryIndex(601)).unwrap_err(),
        ArchiveError::NotPublished { end: EntryIndex(601), size: TreeSize(600) }
    ));

    let archive = place.open();
    let stored = archive.original(&original).unwrap().unwrap();
    assert_eq!(
        (stored.bytes.as_slice(), stored.file_name.as_deref()),
        (&b"picture as it came"[..], Some("sheet 1.jpg"))
    );
    assert_eq!(archive.original_name(&original).unwrap().as_deref(), Some("sheet 1.jpg"));
    assert_eq!(archive.original(&document).unwrap(), None);
}

#[test]
fn verifies_and_says_how_much() {
    let (place, ..) = filled();
    let mut folded = Vec::new();
    let report = verify_ledger(&place.reader(), |index, entry| folded.push((index.0, entry.to_vec()))).unwrap();
    assert_eq!(folded.len(), 600);
    assert_eq!(folded[599], (599, b"entry 599".to_vec()));
    assert_eq!((report.entries, report.checkpoints, report.documents, report.renditions), (600, 4, 3, 1));
    // At 1: one of each. At 301 and at 600: a full and a partial one of each, and a tile above.
    assert_eq!((report.bundles, report.tiles), (1 + 2 + 2, 1 + 3 + 3));
}

#[test]
fn an_entry_is_appended_once() {
    let place = Place::new();
    let mut archive = place.create();
    let appended = archive.append(&[&b"a"[..], b"b", b"a", b"first entry", b""]).unwrap();
    let is = |index, new| Appended { index: EntryIndex(index), new };
    assert_eq!(appended, [is(1, true), is(2, true), is(1, false), is(0, false), is(3, true)]);
    archive.publish().unwrap();
    assert_eq!(archive.append(&[b"b"]).unwrap(), [is(2, false)]);
    let before = archive.publish().unwrap();
    assert_eq!(before, archive.publish().unwrap());
    drop(archive);
    let mut archive = place.open();
    assert_eq!(archive.append(&[&b"b"[..], b"c"]).unwrap(), [is(2, false), is(4, true)]);
    assert_eq!(archive.size().unwrap(), TreeSize(5));
}

#[test]
fn an_entry_too_long_refuses_the_batch() {
    let place = Place::new();
    let mut archive = place.create();
    let error = archive.append(&[vec![1; LONGEST_ENTRY], vec![2; LONGEST_ENTRY + 1]]).unwrap_err();
    assert!(matches!(error, ArchiveError::EntryTooLong { position: 1, length: 8_001, most: 8_000 }));
    assert_eq!(archive.size().unwrap(), TreeSize(1));
    assert!(archive.append(&[vec![1; LONGEST_ENTRY]]).unwrap()[0].new);
}

#[test]
fn an_original_is_known_again_and_committed_to_with_a_secret() {
    let (place, _, _, first) = filled();
    let mut archive = place.open();
    let again = archive.put_original(b"picture as it came", Some("other name.jpg")).unwrap();
    assert_eq!((again.commitment, again.already_known), (first, true));
    let other = archive.put_original(b"another picture", None).unwrap();
    assert!(!other.already_known);
    let twice = archive.put_original(b"another picture", None).unwrap();
    assert_eq!((twice.commitment, twice.already_known), (other.commitment, true));
    // Found before it is durable as well as after.
    assert_eq!(archive.original(&other.commitment).unwrap().unwrap().bytes, b"another picture");
    archive.sync().unwrap();
    assert_eq!(archive.original(&other.commitment).unwrap().unwrap().bytes, b"another picture");
    assert_eq!(archive.original_name(&other.commitment).unwrap(), None);

    // The same picture in another archive has another commitment.
    let elsewhere = Place::new();
    let commitment = elsewhere.create().put_original(b"picture as it came", None).unwrap().commitment;
    assert_ne!(commitment, first);
    for hash in [Hash::of(b"picture as it came"), Hash::of(b"another picture")] {
        assert!(!place.archive().join("originals").join(&hash.to_string()[..2]).join(hash.to_string()).exists());
    }
}

#[test]
fn private_things_are_for_the_owner_only() {
    let (place, _, rendition, original) = filled();
    let mode = |path: &str| fs::metadata(place.archive().join(path)).unwrap().permissions().mode() & 0o777;
    let shelf = &original.to_string()[..2];
    assert_eq!(mode("archive.db"), 0o600);
    assert_eq!(mode("originals"), 0o700);
    assert_eq!(mode(&format!("originals/{shelf}")), 0o700);
    assert_eq!(mode(&format!("originals/{shelf}/{original}")), 0o600);
    assert_eq!(mode("incoming"), 0o700);
    assert_eq!(mode(&format!("renditions/{}/{rendition}.png", &rendition.to_string()[..2])) & 0o444, 0o444);
    assert_eq!(mode("ledger/checkpoint") & 0o444, 0o444);
}

/// A damaged original, rendition or document is not handed out.
#[test]
fn what_is_read_has_its_hash() {
    let (place, document, rendition, original) = filled();
    let shelf = |hash: &Hash| hash.to_string()[..2].to_owned();
    for path in [
        format!("documents/{document}"),
        format!("renditions/{}/{rendition}.png", shelf(&rendition)),
        format!("originals/{}/{original}", shelf(&original)),
    ] {
        fs::write(place.archive().join(path), b"changed").unwrap();
    }
    assert!(matches!(place.reader().document(&document), Err(ArchiveError::WrongHash { .. })));
    assert!(matches!(place.reader().rendition(&rendition), Err(ArchiveError::WrongHash { .. })));
    let mut archive = place.open();
    assert!(matches!(archive.original(&original), Err(ArchiveError::WrongHash { .. })));
    // Putting a public one again heals it.
    archive.put_document(b"results").unwrap();
    archive.sync().unwrap();
    assert_eq!(place.reader().document(&document).unwrap(), b"results");
}

/// A mirror need not keep partial bundles that were outgrown, and a checkpoint may be read just before one is.
#[test]
fn a_longer_bundle_serves_for_a_shorter() {
    let (place, ..) = filled();
    let ledger = place.archive().join("ledger");
    let all = place.reader().entries(EntryIndex(0)..EntryIndex(301)).unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    fs::copy(ledger.join("checkpoints/301"), ledger.join("checkpoint")).unwrap();
    fs::remove_file(ledger.join("tile/entries/001.p/45")).unwrap();
    let read = || place.reader().entries(EntryIndex(0)..EntryIndex(301)).unwrap().collect::<Result<Vec<_>, _>>();
    assert_eq!(read().unwrap(), all, "from the full bundle");

    let full = fs::read(ledger.join("tile/entries/001")).unwrap();
    let entry = 2 + b"entry 256".len();
    fs::write(ledger.join("tile/entries/001.p/50"), &full[..50 * entry]).unwrap();
    fs::write(ledger.join("tile/entries/001.p/44"), &full[..44 * entry]).unwrap();
    fs::remove_file(ledger.join("tile/entries/001")).unwrap();
    assert_eq!(read().unwrap(), all, "from a longer partial bundle");
    fs::remove_file(ledger.join("tile/entries/001.p/50")).unwrap();
    assert!(matches!(read(), Err(ArchiveError::Missing { path, .. }) if path.ends_with("tile/entries/001.p/45")));
}

/// As many entries as a nation's result file has, in one batch. Prints how long it took; asserts no time.
#[test]
fn takes_a_nation_in_one_batch() {
    let place = Place::new();
    let mut archive = place.create();
    let entries: Vec<String> = (0..24_532).map(|number| format!("{number:0400}")).collect();
    let start = Instant::now();
    archive.append(&entries).unwrap();
    let appended = start.elapsed();
    archive.publish().unwrap();
    let published = start.elapsed();
    let report = place.verify().unwrap();
    println!(
        "24,532 entries of 400 bytes: appended after {appended:?}, published after {published:?}, verified in {:?}",
        start.elapsed() - published
    );
    assert_eq!(report.entries, 24_533);
}

/// Readers need no lock and never see a ledger in between.
#[test]
fn reads_and_verifies_beside_a_writer() {
    const BATCHES: u64 = 40;
    let place = Place::new();
    let mut archive = place.create();
    let written = AtomicBool::new(false);
    let sizes = thread::scope(|scope| {
        let verifier = scope.spawn(|| {
            let mut sizes = Vec::new();
            while !written.load(Ordering::Relaxed) {
                let mut seen = 0;
                let reader = place.reader();
                let report = verify_ledger(&reader, |_, _| seen += 1).unwrap();
                assert_eq!(report.checkpoint.size, TreeSize(seen));
                let end = reader.checkpoint().unwrap().size.next_index();
                let entries = reader.entries(EntryIndex(0)..end).unwrap();
                assert_eq!(u64::try_from(entries.map(Result::unwrap).count()).unwrap(), end.0);
                sizes.push(seen);
            }
            sizes
        });
        for batch in 0..BATCHES {
            archive.put_document(format!("document {batch}").as_bytes()).unwrap();
            archive.put_rendition(format!("picture {batch}").as_bytes(), RenditionFormat::Png).unwrap();
            archive.append(&entries(batch * 30 + 1, batch * 30 + 31)).unwrap();
            archive.publish().unwrap();
        }
        written.store(true, Ordering::Relaxed);
        verifier.join().unwrap()
    });
    assert!(sizes.is_sorted() && !sizes.is_empty());
    assert_eq!(place.verify().unwrap().checkpoint.size, TreeSize(1 + 30 * BATCHES));
}
