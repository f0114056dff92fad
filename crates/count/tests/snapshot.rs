//! Snapshots: what was written is read, and nothing else is.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a failed test is a panic, and a skipped one says so")]

mod made_up;

use made_up::history::{play, public_view, step};
use made_up::{Documents, ELECTION, Ledger, PACK};
use proptest::prelude::*;
use proptest::sample::Index;
use sha2::{Digest, Sha256};
use testigo_count::fold::FoldError;
use testigo_count::{Count, DocumentHash, SnapshotError};

fn snapshot(count: &Count) -> Vec<u8> {
    let mut bytes = Vec::new();
    count.write_snapshot(&mut bytes).unwrap();
    bytes
}

fn read(bytes: &[u8], documents: &Documents) -> Result<Count, SnapshotError> {
    Count::read_snapshot(bytes, bytes.len() as u64, documents)
}

/// What a hostile hand would do: change something and seal it again.
fn sealed(body: &[u8]) -> Vec<u8> {
    [body, &Sha256::digest(body)].concat()
}

/// Looks at everything that pages look at.
fn look_at(count: &Count) {
    public_view(count);
    for station in count.geography().stations() {
        for contest in 0..count.definition().contests.len() {
            for reading in count.readings_ever(contest, station) {
                let _ = (count.findings(contest, reading), reading.reader(), count.sheet_of(reading));
            }
        }
        let _ = (count.sheets_of_station(station), count.station_rulings(station));
    }
    for sheet in count.sheets() {
        let _ = (count.sheet_view(sheet), count.sheet_rulings(sheet));
    }
    let _ = count.tally(0, testigo_count::geography::UnitIndex::WHOLE, String::new());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_count_comes_out_as_it_went_in(steps in prop::collection::vec(step(), 0..40)) {
        let ledger = play(&steps);
        let bytes = snapshot(&ledger.count);
        let read = read(&bytes, &ledger.documents).unwrap();
        prop_assert_eq!(public_view(&read), public_view(&ledger.count));
        prop_assert!(read == ledger.count);
        prop_assert_eq!(snapshot(&read), bytes);
    }

    #[test]
    fn the_fold_goes_on_from_a_snapshot(steps in prop::collection::vec(step(), 1..40), at: Index) {
        let ledger = play(&steps);
        let at = at.index(ledger.entries.len());
        let mut first = Count::begin(&ledger.entries[0], &ledger.documents).unwrap();
        for entry in &ledger.entries[1..=at] {
            first.append(entry, &ledger.documents).unwrap();
        }
        let mut count = read(&snapshot(&first), &ledger.documents).unwrap();
        for entry in &ledger.entries[at + 1..] {
            count.append(entry, &ledger.documents).unwrap();
        }
        prop_assert!(count == ledger.count);
    }

    #[test]
    fn a_changed_byte_is_found(steps in prop::collection::vec(step(), 0..15), at: Index, change in 1..=u8::MAX) {
        let ledger = play(&steps);
        let mut bytes = snapshot(&ledger.count);
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        let found = read(&bytes, &ledger.documents);
        prop_assert!(matches!(found, Err(SnapshotError::Checksum | SnapshotError::OtherFormat)), "{at}: {found:?}");
    }

    #[test]
    fn a_cut_or_lengthened_file_is_found(steps in prop::collection::vec(step(), 0..15), at: Index, more in 1..40_usize) {
        let ledger = play(&steps);
        let bytes = snapshot(&ledger.count);
        prop_assert!(read(&bytes[..at.index(bytes.len())], &ledger.documents).is_err());
        prop_assert!(read(&[bytes, vec![0; more]].concat(), &ledger.documents).is_err());
    }

    #[test]
    fn hostile_bytes_under_a_right_checksum_never_panic(
        steps in prop::collection::vec(step(), 0..20),
        changes in prop::collection::vec((any::<Index>(), any::<u8>(), 0..4_u8), 1..4),
    ) {
        let ledger = play(&steps);
        let bytes = snapshot(&ledger.count);
        let mut body = bytes[..bytes.len() - 32].to_vec();
        for (at, byte, kind) in changes {
            let at = at.index(body.len());
            match kind {
                0 => body[at] = byte,
                1 => body[at] = body[at].wrapping_add(1),
                2 => body.insert(at, byte),
                _ => {
                    body.remove(at);
                }
            }
        }
        if let Ok(mut count) = read(&sealed(&body), &ledger.documents) {
            look_at(&count);
            for entry in &ledger.entries[1..] {
                let _ = count.append(entry, &ledger.documents);
            }
            look_at(&count);
        }
    }

    #[test]
    fn no_bytes_at_all_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let documents = Ledger::new().documents;
        prop_assert!(read(&bytes, &documents).is_err());
        let body = [b"testigo count snapshot 1\n".as_slice(), &bytes].concat();
        prop_assert!(read(&sealed(&body), &documents).is_err());
    }
}

#[test]
fn the_election_file_and_the_pack_are_needed_and_the_register_is_not() {
    let ledger = Ledger::new();
    let bytes = snapshot(&ledger.count);
    let kept: Documents = [ELECTION, PACK].map(|text| (DocumentHash::of(text.as_bytes()), text.into())).into();
    assert!(read(&bytes, &kept).unwrap() == ledger.count);
    let found = read(&bytes, &Documents::new());
    assert!(matches!(found, Err(SnapshotError::Fold(FoldError::MissingDocument { .. }))), "{found:?}");
}

#[test]
fn proclaimed_figures_and_audits_come_out_as_they_went_in() {
    let mut ledger = Ledger::new();
    made_up::proclaimed::proclaim(&mut ledger);
    made_up::proclaimed::audit(&mut ledger);
    assert!(ledger.count.officials().count() > 8 && ledger.count.audit_records().count() > 4);
    let bytes = snapshot(&ledger.count);
    let read = read(&bytes, &ledger.documents).unwrap();
    assert!(read == ledger.count);
    assert_eq!(snapshot(&read), bytes);
}
