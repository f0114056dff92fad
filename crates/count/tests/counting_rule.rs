//! The counting rule, case by case.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a failed test is a panic, and a skipped one says so")]

mod made_up;

use made_up::{Ledger, PACK, mayor, mayor_by_candidate, reading};
use testigo_count::entry::{Decision, RegisterEntry, RegisterOrigin};
use testigo_count::geography::UnitIndex;
use testigo_count::identifier::Code;
use testigo_count::refusal::Refusal;
use testigo_count::rule::{Reason, StationState};
use testigo_count::sheets::SheetState;
use testigo_count::{Cell, Entry, Numbers, Outcome, ReadingOf, SourceClass, StationId};

#[test]
fn nothing_in_is_awaited_and_declared_stations_without_a_name_are_too() {
    let ledger = Ledger::new();
    let tally = ledger.count.tally(0, UnitIndex::WHOLE, String::new());
    assert_eq!((tally.stations.listed, tally.stations.expected, tally.stations.awaited), (7, Some(9), 9));
    let north = ledger.count.geography().find_unit(0, "1").unwrap();
    let north = ledger.count.tally(0, north, String::new());
    assert_eq!((north.stations.listed, north.stations.expected), (3, None), "only the whole was declared");
}

#[test]
fn a_custody_sheet_counts_once_its_code_is_read() {
    let mut ledger = Ledger::new();
    let sheet = ledger.sheet(SourceClass::Custody);
    assert_eq!(ledger.state("11.1"), StationState::Awaited, "nobody knows yet where the sheet belongs");
    ledger.read(sheet, "qr", mayor("11.1", [30, 5, 40], 2, 1));
    let status = ledger.status("11.1");
    assert_eq!((status.state, status.reason, status.received), (StationState::Counted, Reason::FromCode, true));
    assert_eq!(ledger.votes(), [35, 40, 2, 1]);
    // The same sheet says nothing about the bridge, but it is there.
    let station = ledger.count.geography().find_station("11.1").unwrap();
    let bridge = ledger.count.status(1, station);
    assert!(bridge.received);
    assert_eq!(bridge.state, StationState::Received);
}

#[test]
fn a_reading_that_fails_a_check_is_held_and_a_ruling_may_accept_it() {
    let mut ledger = Ledger::new();
    ledger.admit(1);
    let (_, too_many) = ledger.qr(mayor("11.1", [60, 5, 40], 2, 1));
    assert_eq!((ledger.state("11.1"), ledger.status("11.1").reason), (StationState::Held, Reason::FailsCheck));
    assert_eq!(ledger.votes(), [0, 0, 0, 0]);
    ledger.rule(Decision::AcceptReading { reading: too_many }, None);
    assert_eq!((ledger.state("11.1"), ledger.status("11.1").reason), (StationState::Counted, Reason::ByRuling));
    assert_eq!(ledger.votes(), [65, 40, 2, 1]);
}

#[test]
fn readings_that_agree_on_the_coarser_level_do_not_dispute_and_the_finer_one_counts() {
    let mut ledger = Ledger::new();
    ledger.published(b"file", 2, mayor_by_candidate("11.1", [35, 40], 2));
    assert_eq!((ledger.status("11.1").reason, ledger.status("11.1").received), (Reason::FromPublished, false));
    assert_eq!(ledger.votes(), [35, 40, 2, 0]);
    ledger.qr(mayor("11.1", [30, 5, 40], 2, 1));
    assert_eq!((ledger.status("11.1").reason, ledger.status("11.1").received), (Reason::FromCode, true));
    assert_eq!(ledger.votes(), [35, 40, 2, 1], "the file said nothing about blank ballots");
}

#[test]
fn custody_readings_that_differ_dispute_and_a_ruling_settles_until_it_is_superseded() {
    let mut ledger = Ledger::new();
    ledger.admit(1);
    let (_, first) = ledger.qr(mayor("11.1", [30, 5, 40], 2, 1));
    let (_, second) = ledger.qr(mayor("11.1", [5, 5, 65], 2, 1));
    assert_eq!((ledger.state("11.1"), ledger.status("11.1").reason), (StationState::Disputed, Reason::ReadingsDiffer));
    assert_eq!(ledger.votes(), [0, 0, 0, 0], "neither counts");
    let ruling = ledger.rule(Decision::AcceptReading { reading: second }, None);
    assert_eq!((ledger.state("11.1"), ledger.votes()), (StationState::Counted, vec![10, 65, 2, 1]));
    let other = ledger.rule(Decision::AcceptReading { reading: first }, Some(ruling));
    assert_eq!((ledger.state("11.1"), ledger.votes()), (StationState::Counted, vec![35, 40, 2, 1]));
    ledger.rule(Decision::Withdraw, Some(other));
    assert_eq!((ledger.state("11.1"), ledger.votes()), (StationState::Disputed, vec![0, 0, 0, 0]));
}

#[test]
fn rejecting_one_of_two_sheets_settles_too() {
    let mut ledger = Ledger::new();
    ledger.admit(1);
    ledger.qr(mayor("11.1", [30, 5, 40], 2, 1));
    let (sheet, _) = ledger.qr(mayor("11.1", [5, 5, 65], 2, 1));
    let ruling = ledger.rule(Decision::RejectSheet { sheet }, None);
    assert_eq!((ledger.state("11.1"), ledger.votes()), (StationState::Counted, vec![35, 40, 2, 1]));
    ledger.rule(Decision::Withdraw, Some(ruling));
    assert_eq!(ledger.state("11.1"), StationState::Disputed);
}

#[test]
fn a_public_sheet_objects_and_changes_nothing_until_a_ruling() {
    let mut ledger = Ledger::new();
    ledger.admit(1);
    let (_, counted) = ledger.qr(mayor("11.1", [30, 5, 40], 2, 1));
    let forged = ledger.sheet(SourceClass::Public);
    let reading = ledger.read(forged, "qr", mayor("11.1", [1, 1, 90], 0, 0));
    assert_eq!((ledger.state("11.1"), ledger.status("11.1").objected), (StationState::Counted, true));
    assert_eq!(ledger.votes(), [35, 40, 2, 1]);
    let keep = ledger.rule(Decision::AcceptReading { reading: counted }, None);
    assert_eq!((ledger.status("11.1").objected, ledger.votes()), (false, vec![35, 40, 2, 1]));
    ledger.rule(Decision::AcceptReading { reading }, Some(keep));
    assert_eq!(ledger.votes(), [2, 90, 0, 0]);
}

#[test]
fn a_public_sheet_alone_does_not_count_until_a_ruling_places_it() {
    let mut ledger = Ledger::new();
    ledger.admit(1);
    let sheet = ledger.sheet(SourceClass::Public);
    ledger.read(sheet, "qr", mayor("12.1", [10, 5, 20], 0, 0));
    assert_eq!((ledger.state("12.1"), ledger.status("12.1").reason), (StationState::Held, Reason::OnlyPublic));
    assert!(!ledger.status("12.1").received, "only custody sheets are received");
    ledger.rule(Decision::MoveSheet { sheet, station: StationId::new("12.1").unwrap() }, None);
    assert_eq!((ledger.state("12.1"), ledger.votes()), (StationState::Counted, vec![15, 20, 0, 0]));
}

#[test]
fn moving_a_sheet_moves_its_readings_and_back() {
    let mut ledger = Ledger::new();
    ledger.admit(1);
    let (sheet, _) = ledger.qr(mayor("11.1", [10, 5, 20], 0, 0));
    let ruling = ledger.rule(Decision::MoveSheet { sheet, station: StationId::new("21.1").unwrap() }, None);
    assert_eq!((ledger.state("11.1"), ledger.state("21.1")), (StationState::Awaited, StationState::Counted));
    // A later reading of the moved sheet goes with it.
    ledger.read(sheet, "person:one", mayor("11.1", [10, 5, 20], 0, 0));
    assert_eq!(ledger.state("11.1"), StationState::Awaited);
    ledger.rule(Decision::Withdraw, Some(ruling));
    assert_eq!((ledger.state("11.1"), ledger.state("21.1")), (StationState::Counted, StationState::Awaited));
    assert_eq!(ledger.votes(), [15, 20, 0, 0]);
}

#[test]
fn two_people_must_agree() {
    let mut ledger = Ledger::new();
    let sheet = ledger.sheet(SourceClass::Custody);
    ledger.read(sheet, "person:one", mayor("12.1", [10, 5, 20], 0, 0));
    assert_eq!(ledger.status("12.1").reason, Reason::NeedsSecondReader);
    ledger.read(sheet, "person:one", mayor("12.1", [10, 5, 20], 0, 0));
    assert_eq!(ledger.state("12.1"), StationState::Held, "the same person twice is one person");
    ledger.read(sheet, "person:two", mayor("12.1", [10, 5, 20], 0, 0));
    assert_eq!((ledger.state("12.1"), ledger.status("12.1").reason), (StationState::Counted, Reason::FromPeople));
    ledger.read(sheet, "person:three", mayor("12.1", [10, 5, 21], 0, 0));
    assert_eq!(ledger.state("12.1"), StationState::Disputed);
}

#[test]
fn two_corrections_of_one_reading_both_stand_in_whatever_order() {
    let mut ledger = Ledger::new();
    let (sheet, first) = ledger.qr(mayor("12.1", [10, 5, 20], 0, 0));
    let corrected =
        |prev, votes| reading("qr", ReadingOf::Sheet(sheet), Some(prev), Outcome::Numbers(mayor("12.1", votes, 0, 0)));
    let second = ledger.add(corrected(first, [11, 5, 20]));
    assert_eq!((ledger.state("12.1"), ledger.votes()), (StationState::Counted, vec![16, 20, 0, 0]));
    let stray = ledger.add(corrected(first, [12, 5, 20]));
    assert_eq!((ledger.state("12.1"), ledger.status("12.1").reason), (StationState::Disputed, Reason::ReadingsDiffer));
    ledger.add(corrected(stray, [11, 5, 20]));
    assert_eq!((ledger.state("12.1"), ledger.votes()), (StationState::Counted, vec![16, 20, 0, 0]));
    assert_eq!((ledger.count.refusals().len(), ledger.count.reading_count(0)), (0, 4));
    let found = ledger.count.geography().find_station("12.1").unwrap();
    let standing: Vec<u64> = ledger.count.readings(0, found).iter().map(|one| one.entry().0).collect();
    assert_eq!(standing, [second.0, stray.0 + 1]);
}

#[test]
fn a_correction_that_names_another_station_leaves_nothing_behind() {
    let mut ledger = Ledger::new();
    let (sheet, first) = ledger.qr(mayor("12.1", [10, 5, 20], 0, 0));
    let numbers = Outcome::Numbers(mayor("11.2", [10, 5, 20], 0, 0));
    ledger.add(reading("qr", ReadingOf::Sheet(sheet), Some(first), numbers));
    assert_eq!((ledger.state("12.1"), ledger.state("11.2")), (StationState::Awaited, StationState::Counted));
    let bridge = |station: &str| ledger.count.status(1, ledger.count.geography().find_station(station).unwrap()).state;
    assert_eq!((bridge("12.1"), bridge("11.2")), (StationState::Awaited, StationState::Received));
}

#[test]
fn who_leaves_places_out_confirms_nobody_and_contradicts_nobody() {
    let mut ledger = Ledger::new();
    let sheet = ledger.sheet(SourceClass::Custody);
    let nothing = Numbers { votes: vec![Cell::Absent; 3], ..mayor("12.1", [0; 3], 0, 0) };
    ledger.read(sheet, "person:one", mayor("12.1", [10, 5, 20], 0, 0));
    ledger.read(sheet, "person:two", nothing);
    assert_eq!((ledger.state("12.1"), ledger.status("12.1").reason), (StationState::Held, Reason::NeedsSecondReader));
    // A file without a column for Bo says nothing about Bo, nor about the sum.
    let partial = Numbers { votes: vec![Cell::Value(35), Cell::Absent], ..mayor_by_candidate("11.1", [0, 0], 2) };
    ledger.published(b"file", 2, partial);
    assert_eq!(
        (ledger.state("11.1"), ledger.count.unit_totals(0, UnitIndex::WHOLE).incomplete),
        (StationState::Counted, 1)
    );
    ledger.qr(mayor("11.1", [30, 5, 40], 2, 1));
    assert_eq!((ledger.status("11.1").reason, ledger.votes()), (Reason::FromCode, vec![35, 40, 2, 1]));
}

#[test]
fn numbers_too_large_for_a_cell_are_held_against_the_register_too() {
    let mut ledger = Ledger::new();
    ledger.qr(mayor("11.1", [Cell::LARGEST, Cell::LARGEST, Cell::LARGEST], 0, 0));
    assert_eq!((ledger.state("11.1"), ledger.status("11.1").reason), (StationState::Held, Reason::FailsCheck));
}

#[test]
fn an_added_register_with_a_wrong_row_leaves_nothing_behind() {
    let mut ledger = Ledger::new();
    let wrong =
        b"region,region_name,town,town_name,station,registered\n2,South,23,Estero,23.1,70\n9,Far,11,Aldea,11.7,5\n";
    let hash = testigo_count::DocumentHash::of(wrong);
    ledger.documents.insert(hash, wrong.to_vec());
    ledger.add(Entry::Register(RegisterEntry::new(hash, RegisterOrigin::List)));
    assert!(matches!(ledger.count.refusals(), [(_, Refusal::Register(_))]));
    assert_eq!(ledger.count.geography().find_station("23.1"), None);
    assert_eq!(ledger.count.tally(0, UnitIndex::WHOLE, String::new()).children.len(), 3, "North, South and Delta");
}

#[test]
fn a_station_that_is_not_in_the_register_is_held_until_it_is_added() {
    let mut ledger = Ledger::new();
    ledger.qr(mayor("23.1", [10, 5, 20], 1, 0));
    assert_eq!((ledger.state("23.1"), ledger.status("23.1").reason), (StationState::Held, Reason::NotInRegister));
    assert_eq!(ledger.count.unit_totals(0, UnitIndex::WHOLE).held, 1);
    assert_eq!(ledger.votes(), [0, 0, 0, 0]);
    ledger.extend();
    assert_eq!((ledger.state("23.1"), ledger.votes()), (StationState::Counted, vec![15, 20, 1, 0]));
    let station = ledger.count.geography().find_station("21.1").unwrap();
    assert_eq!(ledger.count.geography().registered(station), Some(200), "what is listed already stays as it was");
    assert!(ledger.count.register_from_results());
}

#[test]
fn an_unreadable_sheet_has_no_station_until_a_ruling_gives_it_one() {
    let mut ledger = Ledger::new();
    ledger.admit(1);
    let sheet = ledger.sheet(SourceClass::Custody);
    ledger.add(reading("qr", ReadingOf::Sheet(sheet), None, Outcome::Failure(Code::new("no-code-found").unwrap())));
    let index = ledger.count.sheet_by_entry(sheet).unwrap();
    assert_eq!(ledger.count.sheet_view(index).failure, Some("no-code-found"));
    assert_eq!(ledger.count.sheet_state(index), SheetState::Unreadable);
    ledger.rule(Decision::MoveSheet { sheet, station: StationId::new("22.1").unwrap() }, None);
    assert_eq!(ledger.state("22.1"), StationState::Unreadable);
    for person in ["person:one", "person:two"] {
        ledger.read(sheet, person, mayor("22.1", [1, 2, 3], 0, 0));
    }
    assert_eq!((ledger.state("22.1"), ledger.votes()), (StationState::Counted, vec![3, 3, 0, 0]));
}

#[test]
fn a_station_that_did_not_open() {
    let mut ledger = Ledger::new();
    ledger.admit(1);
    let station = StationId::new("22.1").unwrap();
    let ruling = ledger.rule(Decision::NotInstalled { station }, None);
    assert_eq!(ledger.state("22.1"), StationState::NotInstalled);
    let index = ledger.count.geography().find_station("22.1").unwrap();
    assert_eq!(ledger.count.status(1, index).state, StationState::NotInstalled, "in every contest");
    ledger.rule(Decision::Withdraw, Some(ruling));
    assert_eq!(ledger.state("22.1"), StationState::Awaited);
}

#[test]
fn rulings_without_the_right_signatures_have_no_effect() {
    let mut ledger = Ledger::new();
    let (_, reading) = ledger.qr(mayor("11.1", [60, 5, 40], 2, 1));
    let accept = Decision::AcceptReading { reading };
    ledger.rule(accept.clone(), None);
    assert_eq!(ledger.state("11.1"), StationState::Held, "the key is not admitted");
    ledger.admit(1);
    ledger.rule_signed(accept.clone(), None, &[]);
    ledger.rule_signed(accept.clone(), None, &[2]);
    assert_eq!(ledger.state("11.1"), StationState::Held);
    assert_eq!(ledger.count.refusals().len(), 3);
    assert!(matches!(ledger.count.refusals()[0].1, Refusal::Unsigned { found: 0, needed: 1 }));
    ledger.rule(accept, None);
    assert_eq!(ledger.state("11.1"), StationState::Counted);
    ledger.rule(Decision::Withdraw, None);
    assert!(matches!(ledger.count.refusals()[3].1, Refusal::Misplaced(_)), "a withdrawal of nothing");
}

#[test]
fn a_pack_may_demand_two_signatures_by_different_people() {
    let pack = PACK.replace("single_published = true", "signatures = 2");
    let mut ledger = Ledger::with_pack(&pack);
    ledger.admit(1);
    ledger.admit(2);
    let (_, reading) = ledger.qr(mayor("11.1", [60, 5, 40], 2, 1));
    let accept = Decision::AcceptReading { reading };
    ledger.rule_signed(accept.clone(), None, &[1]);
    ledger.rule_signed(accept.clone(), None, &[1, 1]);
    assert_eq!(ledger.state("11.1"), StationState::Held);
    ledger.rule_signed(accept, None, &[1, 2]);
    assert_eq!(ledger.state("11.1"), StationState::Counted);
    ledger.published(b"file", 2, mayor_by_candidate("11.2", [1, 2], 0));
    assert_eq!(ledger.status("11.2").reason, Reason::OnlyPublished, "this pack does not let files count");
}

#[test]
fn two_rulings_in_force_on_one_subject_dispute_it() {
    let mut ledger = Ledger::new();
    ledger.admit(1);
    let (_, first) = ledger.qr(mayor("11.1", [30, 5, 40], 2, 1));
    let (_, second) = ledger.qr(mayor("11.1", [5, 5, 65], 2, 1));
    ledger.rule(Decision::AcceptReading { reading: first }, None);
    let stray = ledger.rule(Decision::AcceptReading { reading: second }, None);
    assert_eq!((ledger.state("11.1"), ledger.status("11.1").reason), (StationState::Disputed, Reason::RulingsDiffer));
    ledger.rule(Decision::Withdraw, Some(stray));
    assert_eq!((ledger.state("11.1"), ledger.votes()), (StationState::Counted, vec![35, 40, 2, 1]));
}

#[test]
fn what_differs_after_a_ruling_objects() {
    let mut ledger = Ledger::new();
    ledger.admit(1);
    let (_, first) = ledger.qr(mayor("11.1", [30, 5, 40], 2, 1));
    ledger.rule(Decision::AcceptReading { reading: first }, None);
    ledger.qr(mayor("11.1", [5, 5, 65], 2, 1));
    assert_eq!((ledger.state("11.1"), ledger.status("11.1").objected), (StationState::Counted, true));
    assert_eq!(ledger.votes(), [35, 40, 2, 1]);
}

#[test]
fn a_mask_replaces_what_is_shown_and_nothing_else() {
    let mut ledger = Ledger::new();
    let sheet = ledger.sheet_with_pixels();
    ledger.read(sheet, "qr", mayor("11.1", [30, 5, 40], 2, 1));
    let page = |ledger: &Ledger| {
        let sheet = ledger.count.sheet_by_entry(sheet).unwrap();
        let page = ledger.count.sheet_view(sheet).pages[0];
        (page.rendition, page.masked.to_vec(), page.mask, page.superseded.to_vec(), page.pixels)
    };
    let before = page(&ledger);
    assert_eq!((before.2, before.3.as_slice(), ledger.count.last_mask()), (None, [].as_slice(), None));
    assert!(before.4.is_some());
    let first = ledger.mask(sheet);
    let second = ledger.mask(sheet);
    let after = page(&ledger);
    assert_eq!((after.1.as_slice(), after.2), ([[0, 200, 100, 500]].as_slice(), Some(second)));
    assert_eq!((after.3.len(), after.3[0], after.4), (2, before.0, before.4));
    assert_ne!(after.0, before.0);
    assert_eq!((ledger.votes(), ledger.count.last_mask()), (vec![35, 40, 2, 1], Some(second)));
    assert!(first < second && ledger.count.refusals().is_empty());
}
