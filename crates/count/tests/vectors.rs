//! Test vectors for other people's verifiers: made-up ledgers that meet every type of entry, every state and every reason,
//! and one where anything meets anything, with what follows from them. They stand in `docs/vectors`; `docs/ledger-format.md` says how to read them.
//!
//! `TESTIGO_BLESS=1 cargo test -p testigo-count --test vectors` writes them anew. A change there is a change of the format.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod differential;
mod made_up;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use made_up::{Ledger, PACK, adjudicator, mayor, mayor_by_candidate, reading};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use testigo_count::entry::{
    AnchorEntry, AnchorKind, CommittedPicture, Decision, IntakeEntry, KeyChange, KeyChangeEntry, KeyEntry, MaskEntry,
    Page, PictureIntakeEntry, RegisterEntry, RegisterOrigin, RulingEntry, RulingSignature, SheetEntry, Stated,
};
use testigo_count::identifier::Code;
use testigo_count::identifier::KeyName;
use testigo_count::rule::{Reason, StationState};
use testigo_count::sheets::PageView;
use testigo_count::{
    Cell, ContestId, Count, DocumentHash, Entry, EntryIndex, Numbers, Outcome, ReadingOf, SourceClass, StationId,
};

type Hash = [u8; 32];

fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

/// RFC 6962, section 2.1, as it is written there.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [leaf] => *leaf,
        _ => {
            let left = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(left);
            Sha256::new().chain_update([1]).chain_update(root(left)).chain_update(root(right)).finalize().into()
        }
    }
}

fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn station(id: &str) -> StationId {
    StationId::new(id).unwrap()
}

fn bridge(at: &str, votes: [u32; 2], null: u32) -> Numbers {
    Numbers {
        contest: ContestId::new("bridge").unwrap(),
        votes: votes.map(Cell::Value).to_vec(),
        other: BTreeMap::from([("null".parse().unwrap(), Cell::Value(null))]),
        ..mayor(at, [0; 3], 0, 0)
    }
}

fn with_votes(numbers: Numbers, votes: &[Cell]) -> Numbers {
    Numbers { votes: votes.to_vec(), ..numbers }
}

fn with_other(numbers: Numbers, other: &[(&str, Cell)]) -> Numbers {
    Numbers { other: other.iter().map(|(id, cell)| (id.parse().unwrap(), *cell)).collect(), ..numbers }
}

fn stating(numbers: Numbers, stated: [Option<u32>; 3]) -> Numbers {
    let [valid, cast, registered] = stated.map(|number| number.map(Cell::Value));
    Numbers { stated: Stated { cast, registered, valid }, ..numbers }
}

/// What the two ledgers add to the short words for tests.
trait Words {
    fn correct(&mut self, sheet: EntryIndex, reader: &str, prev: EntryIndex, numbers: Numbers) -> EntryIndex;
    fn fail(&mut self, sheet: EntryIndex, code: &str);
    fn public(&mut self, numbers: Numbers) -> EntryIndex;
    fn move_to(&mut self, sheet: EntryIndex, to: &str) -> EntryIndex;
    fn accept(&mut self, reading: EntryIndex) -> EntryIndex;
    fn people(&mut self, numbers: &Numbers) -> EntryIndex;
    fn add_register(&mut self, text: &str, origin: RegisterOrigin);
}

impl Words for Ledger {
    fn correct(&mut self, sheet: EntryIndex, reader: &str, prev: EntryIndex, numbers: Numbers) -> EntryIndex {
        self.add(reading(reader, ReadingOf::Sheet(sheet), Some(prev), Outcome::Numbers(numbers)))
    }

    fn fail(&mut self, sheet: EntryIndex, code: &str) {
        self.add(reading("qr", ReadingOf::Sheet(sheet), None, Outcome::Failure(Code::new(code).unwrap())));
    }

    fn public(&mut self, numbers: Numbers) -> EntryIndex {
        let sheet = self.sheet(SourceClass::Public);
        self.read(sheet, "qr", numbers);
        sheet
    }

    fn move_to(&mut self, sheet: EntryIndex, to: &str) -> EntryIndex {
        self.rule(Decision::MoveSheet { sheet, station: station(to) }, None)
    }

    fn accept(&mut self, reading: EntryIndex) -> EntryIndex {
        self.rule(Decision::AcceptReading { reading }, None)
    }

    fn people(&mut self, numbers: &Numbers) -> EntryIndex {
        let sheet = self.sheet(SourceClass::Custody);
        for person in ["person:one", "person:two"] {
            self.read(sheet, person, numbers.clone());
        }
        sheet
    }

    fn add_register(&mut self, text: &str, origin: RegisterOrigin) {
        let hash = DocumentHash::of(text.as_bytes());
        self.documents.insert(hash, text.as_bytes().to_vec());
        self.add(Entry::Register(RegisterEntry::new(hash, origin)));
    }
}

/// One station for each case, named after it.
const WIDE_REGISTER: &str = "station,registered,region,region_name,town,town_name
from-code,100,1,North,11,\"Aldea, Upper\"
from-code.objected,100,1,North,11,Aldea
from-code.public-agrees,100,1,North,11,Aldea
from-code.file-agrees,100,1,North,11,Aldea
from-code.signed,100,1,North,11,Aldea
from-code.tolerance,100,1,North,11,Aldea
from-code.warnings,100,1,North,11,Aldea
from-code.fuller,100,1,North,12,Borgo
from-code.corrected,100,1,North,12,Borgo
from-code.moved-away,100,1,North,12,Borgo
from-code.rejected-other,100,1,North,12,Borgo
from-code.withdrawn-rejection,100,1,North,12,Borgo
from-code.unknown-registered,,1,North,12,Borgo
from-people,100,2,South,21,\"\"\"Cima\"\"\"
from-people.after-failure,100,2,South,21,Cima
from-people.two-sheets,100,2,South,21,Cima
from-published,100,2,South,21,Cima
from-published.incomplete,100,2,South,21,Cima
from-published.partial-agrees,100,2,South,21,Cima
from-published.fails-check,50,2,South,21,Cima
by-ruling,100,2,South,22,Delta
by-ruling.objected,100,2,South,22,Delta
by-ruling.superseded-ruling,100,2,South,22,Delta
by-ruling.placed.objected,100,2,South,22,Delta
readings-differ,100,2,South,,
readings-differ.fork,100,2,South,,
readings-differ.sum,100,2,South,,
readings-differ.withdrawn,100,2,South,,
rulings-differ,100,,,31,Estero
rulings-differ.same,100,,,31,Estero
rulings-differ.place,100,,,31,Estero
rulings-differ.superseded-reading,100,,,31,Estero
rulings-differ.rejected-reading,100,,,31,Estero
fails-check.E101,100,,,31,Estero
fails-check.E102,100,,,31,Estero
fails-check.E103,100,,,31,Estero
fails-check.E104,100,,,31,Estero
fails-check.overflow,100,,,31,Estero
needs-second-reader,100,,,31,Estero
needs-second-reader.nothing-said,100,,,31,Estero
needs-second-reader.same-person,100,,,31,Estero
only-public,100,,,31,Estero
only-print,100,,,31,Estero
received,100,,,31,Estero
unreadable,100,,,31,Estero
not-installed,100,,,31,Estero
awaited.opened-after-all,100,,,31,Estero
awaited,100,,,31,Estero
awaited.corrected-away,100,,,31,Estero
awaited.rejected,100,,,31,Estero
awaited.moved-away,100,,,31,Estero
";

const ADDED_REGISTER: &str = "region,region_name,town,town_name,registered,station
2,South renamed,23,Fuente,70,added.held-before
2,South,23,Fuente,70,added.nothing-yet
2,South,21,Cima,9999,from-people
";

/// Its second row would give town 11 another region.
const WRONG_REGISTER: &str = "region,region_name,town,town_name,registered,station
2,South,24,Gruta,70,wrong.first-row
9,Far,11,Aldea,70,wrong.second-row
";

fn wide() -> Ledger {
    let pack = format!("{PACK}\n[check.E103]\ntolerance = 1\n\n[check.W204]\non = false\n");
    let mut ledger = Ledger::with(&pack, WIDE_REGISTER);
    for number in [1, 2] {
        ledger.admit(number);
    }
    counted_from_sheets(&mut ledger);
    counted_otherwise(&mut ledger);
    counted_by_ruling(&mut ledger);
    disputed(&mut ledger);
    held(&mut ledger);
    without_numbers(&mut ledger);
    outside_the_register(&mut ledger);
    without_effect(&mut ledger);
    ledger
}

fn counted_from_sheets(ledger: &mut Ledger) {
    let (sheet, _) = ledger.qr(mayor("from-code", [30, 5, 40], 2, 1));
    ledger.read(sheet, "qr", bridge("from-code", [41, 36], 1));
    ledger.qr(mayor("from-code.objected", [30, 5, 40], 2, 1));
    ledger.public(mayor("from-code.objected", [1, 1, 70], 0, 0));
    ledger.qr(mayor("from-code.public-agrees", [30, 5, 40], 2, 1));
    ledger.public(mayor("from-code.public-agrees", [30, 5, 40], 2, 1));
    // The file adds the two lines for Ada up and says nothing about blank ballots.
    ledger.published(b"first file", 2, mayor_by_candidate("from-code.file-agrees", [35, 40], 2));
    ledger.qr(mayor("from-code.file-agrees", [30, 5, 40], 2, 1));
    let signed = ledger.sheet(SourceClass::Signed);
    ledger.read(signed, "qr", mayor("from-code.signed", [30, 5, 40], 2, 1));
    ledger.qr(stating(mayor("from-code.tolerance", [30, 5, 40], 2, 1), [Some(75), Some(79), Some(99)]));
    ledger.qr(stating(mayor("from-code.warnings", [100, 0, 0], 0, 0), [Some(100), Some(100), Some(100)]));
    // Two readings that do not contradict each other: the one that says more about null ballots counts, whichever came first.
    let less = with_other(mayor("from-code.fuller", [30, 5, 40], 0, 0), &[("blank", Cell::Value(1))]);
    ledger.qr(less);
    ledger.qr(with_other(mayor("from-code.fuller", [30, 5, 40], 0, 0), &[("null", Cell::Value(2))]));
    let (sheet, wrong) = ledger.qr(mayor("from-code.corrected", [3, 5, 40], 2, 1));
    ledger.correct(sheet, "qr", wrong, mayor("from-code.corrected", [30, 5, 40], 2, 1));
    let (sheet, wrong) = ledger.qr(mayor("awaited.corrected-away", [30, 5, 40], 2, 1));
    ledger.correct(sheet, "qr", wrong, mayor("from-code.moved-away", [30, 5, 40], 2, 1));
    ledger.qr(mayor("from-code.rejected-other", [30, 5, 40], 2, 1));
    let (forged, _) = ledger.qr(mayor("from-code.rejected-other", [1, 1, 70], 0, 0));
    ledger.rule(Decision::RejectSheet { sheet: forged }, None);
    ledger.rule(Decision::WithholdSheet { sheet: forged }, None);
    let (sheet, _) = ledger.qr(mayor("from-code.withdrawn-rejection", [30, 5, 40], 2, 1));
    let rejection = ledger.rule(Decision::RejectSheet { sheet }, None);
    ledger.rule(Decision::Withdraw, Some(rejection));
    ledger.qr(mayor("from-code.unknown-registered", [300, 5, 40], 2, 1));
}

fn counted_otherwise(ledger: &mut Ledger) {
    ledger.people(&mayor("from-people", [10, 5, 20], 0, 0));
    let sheet = ledger.sheet(SourceClass::Custody);
    ledger.fail(sheet, "no-code-found");
    for person in ["person:one", "person:two"] {
        ledger.read(sheet, person, mayor("from-people.after-failure", [10, 5, 20], 0, 0));
    }
    for person in ["person:one", "person:two"] {
        let sheet = ledger.sheet(SourceClass::Custody);
        ledger.read(sheet, person, mayor("from-people.two-sheets", [10, 5, 20], 0, 0));
    }
    ledger.published(b"first file", 3, mayor_by_candidate("from-published", [35, 40], 2));
    let blank = with_votes(mayor_by_candidate("from-published.incomplete", [0, 0], 2), &[Cell::Value(35), Cell::Blank]);
    ledger.published(b"first file", 4, blank);
    let partial =
        with_votes(mayor_by_candidate("from-published.partial-agrees", [0, 0], 2), &[Cell::Value(35), Cell::Absent]);
    ledger.published(b"second file", 2, partial);
    ledger.published(b"first file", 5, mayor_by_candidate("from-published.partial-agrees", [35, 40], 2));
    ledger.published(b"first file", 6, mayor_by_candidate("from-published.fails-check", [35, 40], 2));
}

fn counted_by_ruling(ledger: &mut Ledger) {
    let (_, too_many) = ledger.qr(mayor("by-ruling", [90, 5, 40], 2, 1));
    ledger.accept(too_many);
    let (_, accepted) = ledger.qr(mayor("by-ruling.objected", [30, 5, 40], 2, 1));
    ledger.accept(accepted);
    ledger.qr(mayor("by-ruling.objected", [1, 5, 40], 2, 1));
    let (_, first) = ledger.qr(mayor("by-ruling.superseded-ruling", [30, 5, 40], 2, 1));
    let (_, second) = ledger.qr(mayor("by-ruling.superseded-ruling", [1, 5, 40], 2, 1));
    let ruling = ledger.accept(first);
    ledger.rule(Decision::AcceptReading { reading: second }, Some(ruling));
    let public = ledger.sheet(SourceClass::Public);
    let read = ledger.read(public, "person:one", mayor("from-code", [10, 5, 20], 0, 0));
    ledger.move_to(public, "by-ruling.placed.objected");
    ledger.accept(read);
    // A later reading of the moved sheet goes with it, whatever station it names.
    ledger.read(public, "person:two", mayor("from-code", [11, 5, 20], 0, 0));
    let (moved, _) = ledger.qr(mayor("awaited.moved-away", [1, 2, 3], 0, 0));
    ledger.move_to(moved, "from-people");
    let back = ledger.rule(Decision::RejectSheet { sheet: moved }, Some(EntryIndex(ledger.count.size() - 1)));
    assert_eq!(back.0 + 1, ledger.count.size());
}

fn disputed(ledger: &mut Ledger) {
    ledger.qr(mayor("readings-differ", [30, 5, 40], 2, 1));
    ledger.published(b"first file", 7, mayor_by_candidate("readings-differ", [36, 40], 2));
    let (sheet, wrong) = ledger.qr(mayor("readings-differ.fork", [3, 5, 40], 2, 1));
    ledger.correct(sheet, "qr", wrong, mayor("readings-differ.fork", [30, 5, 40], 2, 1));
    ledger.correct(sheet, "qr", wrong, mayor("readings-differ.fork", [31, 5, 40], 2, 1));
    // Equal votes, but one states another total than its votes add up to.
    ledger.published(b"first file", 8, mayor_by_candidate("readings-differ.sum", [35, 40], 2));
    ledger.published(
        b"second file",
        3,
        stating(mayor_by_candidate("readings-differ.sum", [35, 40], 2), [Some(76), None, None]),
    );
    let (_, accepted) = ledger.qr(mayor("readings-differ.withdrawn", [30, 5, 40], 2, 1));
    ledger.qr(mayor("readings-differ.withdrawn", [31, 5, 40], 2, 1));
    let ruling = ledger.accept(accepted);
    ledger.rule(Decision::Withdraw, Some(ruling));

    let (_, first) = ledger.qr(mayor("rulings-differ", [30, 5, 40], 2, 1));
    let (_, second) = ledger.qr(mayor("rulings-differ", [31, 5, 40], 2, 1));
    ledger.accept(first);
    ledger.accept(second);
    let (_, twice) = ledger.qr(mayor("rulings-differ.same", [30, 5, 40], 2, 1));
    ledger.accept(twice);
    ledger.accept(twice);
    let (sheet, _) = ledger.qr(mayor("rulings-differ.place", [30, 5, 40], 2, 1));
    ledger.move_to(sheet, "awaited");
    ledger.rule(Decision::RejectSheet { sheet }, None);
    let (sheet, first) = ledger.qr(mayor("rulings-differ.superseded-reading", [30, 5, 40], 2, 1));
    ledger.accept(first);
    ledger.correct(sheet, "qr", first, mayor("rulings-differ.superseded-reading", [31, 5, 40], 2, 1));
    let (sheet, read) = ledger.qr(mayor("rulings-differ.rejected-reading", [30, 5, 40], 2, 1));
    ledger.accept(read);
    ledger.rule(Decision::RejectSheet { sheet }, None);
}

fn held(ledger: &mut Ledger) {
    ledger.qr(stating(mayor("fails-check.E101", [30, 5, 40], 2, 1), [Some(74), None, None]));
    ledger.qr(mayor("fails-check.E102", [90, 5, 40], 2, 1));
    ledger.qr(stating(mayor("fails-check.E103", [30, 5, 40], 2, 1), [None, Some(80), None]));
    ledger
        .qr(with_votes(mayor("fails-check.E104", [0; 3], 2, 1), &[Cell::Value(30), Cell::Illegible, Cell::Value(40)]));
    ledger.qr(mayor("fails-check.overflow", [Cell::LARGEST, Cell::LARGEST, 0], 0, 0));
    let sheet = ledger.sheet(SourceClass::Custody);
    ledger.read(sheet, "person:one", mayor("needs-second-reader", [10, 5, 20], 0, 0));
    let sheet = ledger.people(&mayor("needs-second-reader.same-person", [10, 5, 20], 0, 0));
    let one = EntryIndex(ledger.count.size() - 2);
    let two = EntryIndex(ledger.count.size() - 1);
    // Person two corrects to another station; person one's correction stays.
    ledger.correct(sheet, "person:one", one, mayor("needs-second-reader.same-person", [10, 5, 21], 0, 0));
    ledger.correct(sheet, "person:two", two, mayor("unlisted.people", [10, 5, 21], 0, 0));
    let sheet = ledger.sheet(SourceClass::Custody);
    ledger.read(sheet, "person:one", mayor("needs-second-reader.nothing-said", [10, 5, 20], 0, 0));
    let nothing = with_votes(mayor("needs-second-reader.nothing-said", [0; 3], 0, 0), &[Cell::Absent; 3]);
    ledger.read(sheet, "person:two", nothing);
    ledger.public(mayor("only-public", [10, 5, 20], 0, 0));
    let sheet = ledger.sheet(SourceClass::Custody);
    ledger.read(sheet, "print", mayor("only-print", [10, 5, 20], 0, 0));
}

fn without_numbers(ledger: &mut Ledger) {
    let sheet = ledger.sheet(SourceClass::Custody);
    ledger.move_to(sheet, "received");
    let sheet = ledger.sheet(SourceClass::Custody);
    ledger.fail(sheet, "no-code-found");
    ledger.move_to(sheet, "unreadable");
    ledger.sheet(SourceClass::Public);
    let sheet = ledger.sheet(SourceClass::Public);
    ledger.fail(sheet, "not-a-sheet");
    ledger.rule(Decision::NotInstalled { station: station("not-installed") }, None);
    let ruling = ledger.rule(Decision::NotInstalled { station: station("awaited.opened-after-all") }, None);
    ledger.rule(Decision::Withdraw, Some(ruling));
    let (sheet, _) = ledger.qr(mayor("awaited.rejected", [30, 5, 40], 2, 1));
    ledger.rule(Decision::RejectSheet { sheet }, None);
    // A sheet of several pictures, one of them without hidden areas.
    let commitments = vec![DocumentHash::of(b"one"), DocumentHash::of(b"two")];
    let intake = ledger.add(Entry::Intake(IntakeEntry::new(commitments.clone(), SourceClass::Custody, 1_935_000_000)));
    let page = |at: usize, masked: Vec<[u32; 4]>| Page {
        commitment: commitments[at],
        height: 1_754,
        masked,
        media: "png".to_owned(),
        rendition: DocumentHash::of(&[u8::try_from(at).unwrap()]),
        width: 1_240,
    };
    let pages = vec![page(0, vec![[0, 900, 1_240, 1_500], [10, 20, 30, 40]]), page(1, Vec::new())];
    let sheet = ledger.add(Entry::Sheet(SheetEntry::new(intake, pages)));
    let numbers = stating(mayor("from-code", [30, 5, 40], 2, 1), [Some(75), Some(78), Some(100)]);
    let Entry::Reading(mut code) = reading("qr", ReadingOf::Sheet(sheet), None, Outcome::Numbers(numbers)) else {
        return;
    };
    code.step = Some(Code::new("second-try").unwrap());
    ledger.add(Entry::Reading(code));
}

/// One of the pictures in `docs/vectors/pixels`, as a page; and the commitment to its pixels.
fn pixel_page(name: &str) -> (Page, DocumentHash) {
    let folder = vectors().join("pixels").join(name);
    let expected: Value = serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let media = expected["media"].as_str().unwrap().to_owned();
    let picture = std::fs::read(folder.join(format!("picture.{media}"))).unwrap();
    let number = |key: &str| u32::try_from(expected[key].as_u64().unwrap()).unwrap();
    let page = Page {
        // The name of the picture without that of its mask.
        commitment: DocumentHash::of(name.split('-').next().unwrap().as_bytes()),
        height: number("height"),
        masked: serde_json::from_value(expected["masked"].clone()).unwrap(),
        media,
        rendition: DocumentHash::of(&picture),
        width: number("width"),
    };
    (page, expected["commitment"].as_str().unwrap().parse().unwrap())
}

fn mask(sheet: EntryIndex, page: u32, name: &str, prev: Option<EntryIndex>) -> Entry {
    let (shown, _) = pixel_page(name);
    let reason = Code::new("personal-data").unwrap();
    Entry::Mask(MaskEntry::new(sheet, page, shown.masked, shown.rendition, reason, prev))
}

/// Pictures whose pixels are committed to, and masks that change. Everything that the sheets show is a picture of
/// `docs/vectors/pixels`, but for one sheet of which nothing is said about pixels, and a withheld one.
fn masks() -> Ledger {
    let mut ledger = Ledger::new();
    ledger.admit(1);
    let (photo, photo_pixels) = pixel_page("photo-corner");
    let (open, strip_pixels) = pixel_page("strip-open");
    let (scan, scan_pixels) = pixel_page("scan-overlap");
    let (deep, deep_pixels) = pixel_page("deep-corner");
    let arrived = |page: &Page, pixels| CommittedPicture { original: page.commitment, pixels };
    let pictures = vec![
        arrived(&photo, photo_pixels),
        arrived(&open, strip_pixels),
        arrived(&scan, scan_pixels),
        arrived(&deep, deep_pixels),
        // The first of those that say the same of an original holds.
        arrived(&scan, photo_pixels),
    ];
    let intake = PictureIntakeEntry::new(pictures, SourceClass::Custody, 1_935_000_600);
    let intake = ledger.add(Entry::PictureIntake(intake));
    let sheet = ledger.add(Entry::Sheet(SheetEntry::new(intake, vec![photo, open])));
    ledger.read(sheet, "qr", mayor("11.1", [30, 5, 40], 2, 1));
    ledger.add(Entry::Sheet(SheetEntry::new(intake, vec![scan.clone()])));
    let first = ledger.add(mask(sheet, 1, "strip-hidden", None));
    let second = ledger.add(mask(sheet, 1, "strip-bands", Some(first)));
    let withheld = ledger.add(Entry::Sheet(SheetEntry::new(intake, vec![deep])));
    ledger.rule(Decision::WithholdSheet { sheet: withheld }, None);
    let old = ledger.sheet(SourceClass::Custody);
    let reason = Code::new("too-much-hidden").unwrap();
    let rendition = DocumentHash::of(b"less hidden");
    ledger.add(Entry::Mask(MaskEntry::new(old, 0, Vec::new(), rendition, reason, None)));
    // Without effect: none of them supersedes what stands, or there is no such page, sheet or picture.
    ledger.add(mask(sheet, 1, "strip-open", None));
    ledger.add(mask(sheet, 1, "strip-open", Some(first)));
    ledger.add(mask(sheet, 2, "strip-open", None));
    ledger.add(mask(sheet, 0, "strip-open", Some(second)));
    ledger.add(mask(intake, 1, "strip-open", None));
    let stranger = Page { commitment: DocumentHash::of(b"another"), ..scan };
    ledger.add(Entry::Sheet(SheetEntry::new(intake, vec![stranger])));
    ledger
}

fn outside_the_register(ledger: &mut Ledger) {
    ledger.qr(mayor("unlisted", [10, 5, 20], 0, 0));
    ledger.public(mayor("unlisted.public", [10, 5, 20], 0, 0));
    ledger.published(b"first file", 9, mayor_by_candidate("unlisted.published", [10, 20], 0));
    ledger.qr(mayor("added.held-before", [10, 5, 20], 0, 0));
    ledger.add_register(ADDED_REGISTER, RegisterOrigin::Results);
}

/// Entries that are well-formed and change nothing.
fn without_effect(ledger: &mut Ledger) {
    let sheet = EntryIndex(
        ledger.entries.iter().position(|entry| entry.windows(14).any(|part| part == br#""type":"sheet""#)).unwrap()
            as u64,
    );
    let numbers = || mayor("awaited", [1, 2, 3], 0, 0);
    ledger.add(Entry::parse(&ledger.entries[0].clone()).unwrap());
    ledger.add_register(WRONG_REGISTER, RegisterOrigin::List);
    ledger.add_register("station,registered\nwrong.no-unit,1\n", RegisterOrigin::List);
    ledger.read(EntryIndex(0), "qr", numbers());
    ledger.read(sheet, "qr", Numbers { contest: ContestId::new("sheriff").unwrap(), ..numbers() });
    ledger.read(sheet, "qr", with_votes(numbers(), &[Cell::Value(1); 2]));
    ledger.read(sheet, "qr", with_other(numbers(), &[("spoilt", Cell::Value(1))]));
    ledger.add(reading(
        &format!("published:{}", "0".repeat(64)),
        ReadingOf::Row(2),
        None,
        Outcome::Failure(Code::new("unreadable").unwrap()),
    ));
    ledger.add(Entry::Sheet(SheetEntry::new(EntryIndex(0), Vec::new())));
    let intake = EntryIndex(sheet.0 - 1);
    ledger.add(Entry::Sheet(SheetEntry::new(intake, Vec::new())));
    let page = |media: &str, commitment| Page {
        commitment,
        height: 600,
        masked: Vec::new(),
        media: media.to_owned(),
        rendition: DocumentHash::of(b"rendition"),
        width: 100,
    };
    let Ok(Entry::Intake(known)) = Entry::parse(&ledger.entries[usize::try_from(intake.0).unwrap()]) else { return };
    ledger.add(Entry::Sheet(SheetEntry::new(intake, vec![page("gif", known.commitments[0])])));
    ledger.add(Entry::Sheet(SheetEntry::new(intake, vec![page("jpg", DocumentHash::of(b"another"))])));
    ledger.rule_signed(Decision::RejectSheet { sheet }, None, &[]);
    ledger.rule_signed(Decision::RejectSheet { sheet }, None, &[3]);
    let mut altered = RulingEntry::new(Decision::RejectSheet { sheet }, "sheet-inspected".to_owned(), None);
    altered.signatures =
        vec![RulingSignature { key: KeyName::new("judge-1").unwrap(), signature: format!("{}==", "A".repeat(86)) }];
    ledger.add(Entry::Ruling(altered));
    ledger.rule(Decision::RejectSheet { sheet: EntryIndex(0) }, None);
    ledger.rule(Decision::AcceptReading { reading: sheet }, None);
    ledger.rule(Decision::NotInstalled { station: station("never-mentioned") }, None);
    ledger.rule(Decision::MoveSheet { sheet, station: station("wrong.first-row") }, None);
    ledger.rule(Decision::Withdraw, None);
    ledger.rule(Decision::Withdraw, Some(sheet));
    // A name that is taken, a key that has a name, and no key at all; the same again is fine.
    let key = |name: &str, public: &str| Entry::Key(KeyEntry::new(KeyName::new(name).unwrap(), public.to_owned()));
    let public = |number: u8| {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(adjudicator(number).verifying_key().to_bytes())
    };
    ledger.add(key("judge-1", &public(4)));
    ledger.add(key("judge-5", &public(1)));
    ledger.add(key("judge-6", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
    ledger.add(key("judge-1", &public(1)));
}

/// Every change of keys that holds, and every one that does not. Heads are signed by the key of seed 20 at first.
fn keys() -> Ledger {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use ed25519_dalek::Signer;
    let mut ledger = Ledger::new();
    let sheet = ledger.sheet(SourceClass::Custody);
    let public = |number: u8| STANDARD.encode(adjudicator(number).verifying_key().to_bytes());
    let change = |change| Entry::KeyChange(KeyChangeEntry::new(change));
    let rotate = |ledger: &mut Ledger, from: u8, to: u8, by: u8| {
        let mut entry = KeyChangeEntry::rotation(public(from), public(to));
        let message = entry.message(&ledger.entries[0]).unwrap();
        if let KeyChange::Rotate { signature, .. } = &mut entry.change {
            *signature = STANDARD.encode(adjudicator(by).sign(&message).to_bytes());
        }
        ledger.add(Entry::KeyChange(entry));
    };
    // No recovery key yet; then one, which no second takes the place of, and no weak one could have been.
    rotate(&mut ledger, 20, 21, 30);
    ledger.add(change(KeyChange::Recovery { public: "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned() }));
    ledger.add(change(KeyChange::Recovery { public: public(30) }));
    ledger.add(change(KeyChange::Recovery { public: public(31) }));
    // Signed by another; by nobody; to the recovery key; to itself; then in order, and out of it.
    rotate(&mut ledger, 20, 21, 20);
    ledger.add(Entry::KeyChange(KeyChangeEntry::rotation(public(20), public(21))));
    rotate(&mut ledger, 20, 30, 30);
    rotate(&mut ledger, 20, 20, 30);
    rotate(&mut ledger, 20, 21, 30);
    rotate(&mut ledger, 20, 22, 30);
    rotate(&mut ledger, 21, 20, 30);
    rotate(&mut ledger, 21, 22, 30);
    // An adjudicator's key is revoked: what it signed before stays, what it signs later has no effect.
    let revoke = |name: &str| change(KeyChange::Revoke { name: KeyName::new(name).unwrap() });
    ledger.add(Entry::Key(KeyEntry::new(KeyName::new("judge-7").unwrap(), public(7))));
    ledger.rule_signed(Decision::WithholdSheet { sheet }, None, &[7]);
    ledger.add(revoke("judge-7"));
    ledger.add(revoke("judge-7"));
    ledger.add(revoke("nobody"));
    ledger.rule_signed(Decision::WithholdSheet { sheet }, None, &[7]);
    ledger.add(Entry::Key(KeyEntry::new(KeyName::new("judge-7").unwrap(), public(7))));
    ledger.add(Entry::Key(KeyEntry::new(KeyName::new("judge-8").unwrap(), public(7))));
    // Stamps over a head before them, over the first, and over none and one to come.
    let stamp = DocumentHash::of(b"stamp");
    let size = ledger.count.size();
    ledger.add(Entry::Anchor(AnchorEntry::new(AnchorKind::Rfc3161, size, stamp)));
    ledger.add(Entry::Anchor(AnchorEntry::new(AnchorKind::OpenTimestamps, 1, stamp)));
    ledger.add(Entry::Anchor(AnchorEntry::new(AnchorKind::OpenTimestamps, 0, stamp)));
    ledger.add(Entry::Anchor(AnchorEntry::new(AnchorKind::Rfc3161, size + 4, stamp)));
    ledger
}

/// The rule at its strictest, over the small register that names fewer stations than were declared.
fn strict() -> Ledger {
    let rule = "people = 0\nqr_from_custody = false\nsignatures = 2";
    let mut ledger = Ledger::with_pack(&PACK.replace("single_published = true", rule));
    for number in [1, 2, 3] {
        ledger.admit(number);
    }
    let (_, code) = ledger.qr(mayor("11.1", [30, 5, 40], 2, 1));
    ledger.rule_signed(Decision::AcceptReading { reading: code }, None, &[1]);
    ledger.rule_signed(Decision::AcceptReading { reading: code }, None, &[1, 1]);
    ledger.rule_signed(Decision::AcceptReading { reading: code }, None, &[2, 3, 1]);
    ledger.qr(mayor("11.2", [30, 5, 40], 2, 1));
    ledger.people(&mayor("12.1", [30, 5, 40], 2, 1));
    ledger.published(b"first file", 2, mayor_by_candidate("21.1", [35, 40], 2));
    let sheet = ledger.sheet(SourceClass::Custody);
    ledger.read(sheet, "print", mayor("22.1", [10, 5, 20], 0, 0));
    ledger.published(b"first file", 3, mayor_by_candidate("22.1", [15, 20], 0));
    made_up::proclaimed::proclaim(&mut ledger);
    made_up::proclaimed::audit(&mut ledger);
    ledger
}

/// Numbers that look drawn by lot and are the same everywhere (SplitMix64).
struct Lot(u64);

impl Lot {
    fn draw(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut drawn = self.0;
        drawn = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        drawn = (drawn ^ (drawn >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((drawn ^ (drawn >> 31)) % below as u64).unwrap()
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.draw(choices.len())].clone()
    }

    /// Few different numbers, so that readings often agree; now and then a large one, or none.
    fn cell(&mut self) -> Cell {
        match self.draw(40) {
            0 => Cell::Blank,
            1 => Cell::Illegible,
            2 | 3 => Cell::Absent,
            4 => Cell::Value(Cell::LARGEST),
            5 => Cell::Value(60),
            drawn => Cell::Value(u32::from(drawn > 36)),
        }
    }

    fn numbers(&mut self) -> Numbers {
        let at = self.of(&["11.1", "11.2", "12.1", "21.1", "21.2", "22.1", "29.9", "23.1", "99.9"]);
        let mut numbers = match self.draw(4) {
            0 => mayor_by_candidate(at, [0; 2], 0),
            1 => bridge(at, [0; 2], 0),
            _ => mayor(at, [0; 3], 0, 0),
        };
        if numbers.contest.as_str() == "bridge" && self.draw(2) == 0 {
            numbers.detail = testigo_count::Detail::Candidate;
        }
        for cell in numbers.votes.iter_mut().chain(numbers.other.values_mut()) {
            *cell = self.cell();
        }
        if self.draw(4) == 0 {
            numbers.other.pop_first();
        }
        let mut stated = || (self.draw(8) == 0).then(|| self.cell());
        numbers.stated = Stated { cast: stated(), registered: stated(), valid: stated() };
        numbers
    }
}

/// Anything in any order: most entries hit something, some are refused.
fn drawn(seed: u64, steps: usize) -> Ledger {
    let mut lot = Lot(seed);
    let mut ledger = Ledger::new();
    ledger.admit(1);
    let (mut sheets, mut readings, mut rulings) = (Vec::new(), Vec::new(), vec![EntryIndex(1)]);
    for _ in 0..steps {
        let sheet = match lot.draw(3) {
            0 if !sheets.is_empty() => lot.of(&sheets),
            _ => {
                let sheet = ledger.sheet(lot.of(&[
                    SourceClass::Custody,
                    SourceClass::Custody,
                    SourceClass::Signed,
                    SourceClass::Public,
                ]));
                sheets.push(sheet);
                sheet
            }
        };
        let prev = (lot.draw(4) == 0).then(|| lot.of(&rulings));
        let to = lot.numbers().station;
        match lot.draw(14) {
            0..6 => {
                let reader = lot.of(&["qr", "qr", "qr", "print", "person:one", "person:two", "person:three"]);
                readings.push((ledger.read(sheet, reader, lot.numbers()), sheet, reader));
            }
            6 => ledger.fail(sheet, "no-code-found"),
            7 | 8 => {
                let file = lot.of(&[b"first file", b"other file"]);
                ledger.published(file, 2, lot.numbers());
            }
            9 if !readings.is_empty() => {
                let (prev, sheet, reader) = lot.of(&readings);
                readings.push((ledger.correct(sheet, reader, prev, lot.numbers()), sheet, reader));
            }
            10 if !readings.is_empty() => {
                rulings.push(ledger.rule(Decision::AcceptReading { reading: lot.of(&readings).0 }, prev));
            }
            11 => rulings.push(ledger.rule(Decision::MoveSheet { sheet, station: to }, prev)),
            12 => {
                let decision = lot.of(&[
                    Decision::RejectSheet { sheet },
                    Decision::WithholdSheet { sheet },
                    Decision::NotInstalled { station: to },
                ]);
                rulings.push(ledger.rule(decision, prev));
            }
            13 => {
                let ended = lot.of(&rulings);
                ledger.rule(Decision::Withdraw, Some(ended));
            }
            _ => {}
        }
        if lot.draw(150) == 0 {
            ledger.extend();
        }
    }
    ledger
}

/// All that the document derives from a ledger.
fn expected(ledger: &Ledger) -> Value {
    let count = &ledger.count;
    let leaves: Vec<Hash> = ledger.entries.iter().map(|entry| leaf_hash(entry)).collect();
    let root = hex(&root(&leaves));
    let contests: Vec<Value> =
        (0..count.definition().contests.len()).map(|contest| expected_contest(count, contest, &root)).collect();
    let sheets: Vec<Value> = count
        .sheets()
        .map(|sheet| {
            let view = count.sheet_view(sheet);
            let mut said = json!({
                "entry": view.entry,
                "source": view.source.word(),
                "state": format!("{:?}", view.state).to_lowercase(),
                "moved_to": view.moved_to.map(|station| count.geography().station_id(station)),
                "rejected": view.rejected,
                "withheld": view.withheld,
            });
            if view.pages.iter().any(|page| page.pixels.is_some() || page.mask.is_some()) {
                said["pages"] = view.pages.iter().map(expected_page).collect();
            }
            said
        })
        .collect();
    json!({
        "size": count.size(),
        "root": root,
        "leaves": leaves.iter().map(hex).collect::<Vec<_>>(),
        "refused": count.refusals().iter().map(|(index, _)| index).collect::<Vec<_>>(),
        "register_from_results": count.register_from_results(),
        "recovery_key": count.recovery_key().map(|key| hex(&key.public)),
        "rotations": count.rotations().iter().map(|one| json!({
            "entry": one.entry, "previous": hex(&one.previous), "public": hex(&one.public),
        })).collect::<Vec<_>>(),
        "anchors": count.anchors().iter().map(|one| json!({
            "entry": one.entry, "kind": one.kind.word(), "size": one.size, "document": one.document.to_string(),
        })).collect::<Vec<_>>(),
        "adjudicators": count.adjudicators().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        "sheets": sheets,
        "officials": count
            .officials()
            .map(|one| json!({ "entry": one.index, "superseded_by": one.superseded_by }))
            .collect::<Vec<_>>(),
        "lists": count
            .audit_lists()
            .map(|one| json!({ "entry": one.index, "seed": one.seed.map(|(_, seed)| seed) }))
            .collect::<Vec<_>>(),
        "records": count
            .audit_records()
            .map(|one| json!({ "entry": one.index, "superseded_by": one.superseded_by }))
            .collect::<Vec<_>>(),
        "contests": contests,
    })
}

fn expected_page(page: &PageView<'_>) -> Value {
    json!({
        "rendition": page.rendition,
        "media": page.media,
        "pixels": page.pixels,
        "masked": page.masked,
        "mask": page.mask,
        "superseded": page.superseded,
    })
}

fn expected_contest(count: &Count, contest: usize, root: &str) -> Value {
    let geography = count.geography();
    let mut ids: Vec<_> = geography.stations().collect();
    ids.sort_by_key(|station| geography.station_id(*station));
    let stations: Vec<Value> = ids
        .into_iter()
        .map(|station| {
            let status = count.status(contest, station);
            let (candidates, others) = count.station_votes(contest, station);
            let readings: Vec<Value> = count
                .readings(contest, station)
                .into_iter()
                .map(|reading| {
                    let findings = count.findings(contest, reading);
                    let said =
                        |one: &testigo_count::check::Finding| format!("{} {} {}", one.check, one.found, one.expected);
                    json!({ "entry": reading.entry(), "findings": findings.iter().map(said).collect::<Vec<_>>() })
                })
                .collect();
            json!({
                "station": geography.station_id(station),
                "listed": geography.station_unit(station).is_some(),
                "registered": geography.registered(station),
                "state": status.state.word(),
                "reason": status.reason.word(),
                "received": status.received,
                "objected": status.objected,
                "counted": count.counted_reading(contest, station).map(|reading| reading.entry()),
                "candidates": candidates,
                "others": others,
                "readings": readings,
            })
        })
        .collect();
    let tallies: Vec<_> = geography.units().map(|unit| count.tally(contest, unit, root.to_owned())).collect();
    json!({ "id": count.definition().contests[contest].id.as_str(), "stations": stations, "tallies": tallies })
}

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/vectors")
}

/// Every file of a vector, by its path below the vector's own directory.
fn files(ledger: &Ledger) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let lines: Vec<u8> = ledger.entries.iter().flat_map(|entry| [entry.as_slice(), b"\n"].concat()).collect();
    files.insert("entries.jsonl".to_owned(), lines);
    let mut text = serde_json::to_string_pretty(&expected(ledger)).unwrap();
    text.push('\n');
    files.insert("expected.json".to_owned(), text.into_bytes());
    let spoken: String = ledger.entries.iter().map(|entry| String::from_utf8_lossy(entry)).collect();
    for (hash, bytes) in ledger.documents.iter().filter(|(hash, _)| spoken.contains(&hash.to_string())) {
        files.insert(format!("documents/{hash}"), bytes.clone());
    }
    files
}

fn hold_against(name: &str, ledger: &Ledger) {
    let directory = vectors().join(name);
    let made = files(ledger);
    if std::env::var_os("TESTIGO_BLESS").is_some() {
        let _ = std::fs::remove_dir_all(&directory);
        for (path, bytes) in &made {
            let path = directory.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
    let again =
        "if the format was meant to change, run with TESTIGO_BLESS=1 and change all verifiers in the same commit";
    for (path, bytes) in &made {
        let golden = std::fs::read(directory.join(path)).unwrap_or_default();
        let differs = golden
            .split(|byte| *byte == b'\n')
            .zip(bytes.split(|byte| *byte == b'\n'))
            .position(|(one, other)| one != other);
        assert!(golden == *bytes, "{name}/{path} differs from line {:?} on (from 0); {again}", differs);
    }
    let kept: BTreeSet<String> = ["", "documents/"]
        .iter()
        .flat_map(|folder| {
            let found = std::fs::read_dir(directory.join(folder))
                .unwrap()
                .map(Result::unwrap)
                .filter(|entry| entry.path().is_file());
            found.map(move |entry| format!("{folder}{}", entry.file_name().to_string_lossy()))
        })
        .collect();
    assert_eq!(kept, made.into_keys().collect(), "{again}");
}

#[test]
fn the_wide_ledger_gives_what_the_vectors_say() {
    hold_against("wide", &wide());
}

#[test]
fn the_strict_ledger_gives_what_the_vectors_say() {
    hold_against("strict", &strict());
}

#[test]
fn the_ledger_of_keys_gives_what_the_vectors_say() {
    hold_against("keys", &keys());
}

#[test]
fn the_ledger_of_masks_gives_what_the_vectors_say() {
    hold_against("masks", &masks());
}

#[test]
fn the_drawn_ledger_gives_what_the_vectors_say() {
    hold_against("drawn", &drawn(3, 200));
}

#[test]
fn the_vectors_meet_every_type_of_entry_every_state_and_every_reason() {
    let (wide, strict) = (wide(), strict());
    let mut met: BTreeSet<(StationState, Reason)> = BTreeSet::new();
    for count in [&wide.count, &strict.count] {
        for station in count.geography().stations() {
            let statuses = (0..count.definition().contests.len()).map(|contest| count.status(contest, station));
            met.extend(statuses.map(|status| (status.state, status.reason)));
        }
    }
    let states: BTreeSet<StationState> = met.iter().map(|(state, _)| *state).collect();
    assert_eq!(states, BTreeSet::from(StationState::ALL));
    let reasons: BTreeSet<Reason> = met.iter().map(|(_, reason)| *reason).collect();
    let all = [
        Reason::None,
        Reason::NotInRegister,
        Reason::FailsCheck,
        Reason::NeedsSecondReader,
        Reason::OnlyPublic,
        Reason::OnlyPublished,
        Reason::OnlyPrint,
        Reason::ReadingsDiffer,
        Reason::RulingsDiffer,
        Reason::ByRuling,
        Reason::FromCode,
        Reason::FromPeople,
        Reason::FromPublished,
    ];
    assert_eq!(reasons, BTreeSet::from(all));
    // A station of the wide ledger is called after its state or the reason of it.
    for station in wide.count.geography().stations() {
        let id = wide.count.geography().station_id(station);
        let status = wide.count.status(0, station);
        let case = id.split('.').next().unwrap();
        let expected = match case {
            "added" => continue,
            "unlisted" if id == "unlisted.public" => "awaited",
            "unlisted" => "not-in-register",
            case => case,
        };
        assert!([status.state.word(), status.reason.word()].contains(&expected), "{id}: {status:?}");
        assert_eq!(status.objected, id.ends_with(".objected"), "{id}: {status:?}");
    }
    let kinds: BTreeSet<String> = [&wide, &strict, &keys(), &masks()]
        .into_iter()
        .flat_map(|ledger| ledger.entries.clone())
        .map(|entry| serde_json::from_slice::<Value>(&entry).unwrap()["type"].as_str().unwrap().to_owned())
        .collect();
    let known =
        ["election", "register", "intake", "sheet", "mask", "reading", "ruling", "key", "anchor", "official", "audit"];
    assert_eq!(kinds, known.map(str::to_owned).into());
}

/// The specification shows real entries: each stands in a vector, and its leaf hash is the one written below it.
#[test]
fn the_examples_of_the_specification_are_entries_of_the_vectors() {
    let text = std::fs::read_to_string(vectors().join("../ledger-format.md")).unwrap();
    let ledgers = [wide(), strict(), keys(), masks()];
    let entries = ledgers.iter().flat_map(|ledger| &ledger.entries);
    let entries: BTreeSet<&str> = entries.map(|entry| std::str::from_utf8(entry).unwrap()).collect();
    let mut lines = text.lines().map(str::trim);
    let mut kinds = BTreeSet::new();
    while let Some(line) = lines.next() {
        if line.starts_with('{') && line.contains(r#","v":"#) {
            assert!(entries.contains(line), "not in the vectors: {line}");
            let leaf = lines.next().and_then(|line| line.strip_prefix("leaf hash ")).unwrap_or_default();
            assert_eq!(leaf, hex(&leaf_hash(line.as_bytes())), "below {line}");
            kinds.insert(serde_json::from_str::<Value>(line).unwrap()["type"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(kinds.len(), 11, "an example of every type");
}
