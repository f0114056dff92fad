//! Everything about one station as JSON.

use std::collections::BTreeMap;

use serde::Serialize;
use testigo_count::check::Severity;
use testigo_count::entry::Decision;
use testigo_count::fold::RulingView;
use testigo_count::geography::{StationIndex, UnitIndex};
use testigo_count::readings::ReadingView;
use testigo_count::tally::{TallyLedger, TallyUnit};
use testigo_count::{Cell, Detail, DocumentHash, EntryIndex};

use super::tables::sheet_state_word;
use crate::view::View;

/// Everything about one station. Field names are part of the public interface.
#[derive(Debug, Serialize)]
pub struct StationDocument<'a> {
    election: &'a str,
    /// Left out in a mirror, where one new entry must not change what it is not about: the head stands in `index.json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    ledger: Option<TallyLedger>,
    station: &'a str,
    /// From the whole down; empty while the station is not in the register.
    units: Vec<TallyUnit>,
    registered: Option<u32>,
    contests: Vec<ContestPart<'a>>,
    sheets: Vec<SheetPart<'a>>,
    rulings: Vec<RulingPart<'a>>,
}

#[derive(Debug, Serialize)]
struct ContestPart<'a> {
    contest: &'a str,
    state: &'static str,
    reason: &'static str,
    received: bool,
    objected: bool,
    /// The entry of the reading that counts.
    counted: Option<EntryIndex>,
    readings: Vec<ReadingPart<'a>>,
}

#[derive(Debug, Serialize)]
struct ReadingPart<'a> {
    entry: EntryIndex,
    reader: String,
    row: Option<u64>,
    sheet: Option<EntryIndex>,
    superseded: bool,
    detail: Detail,
    candidates: BTreeMap<&'a str, Cell>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    lines: BTreeMap<&'a str, Cell>,
    others: BTreeMap<&'a str, Cell>,
    valid: Cell,
    stated: BTreeMap<&'static str, Cell>,
    findings: Vec<FindingPart>,
}

#[derive(Debug, Serialize)]
struct FindingPart {
    check: &'static str,
    severity: &'static str,
    found: u64,
    expected: u64,
}

#[derive(Debug, Serialize)]
struct SheetPart<'a> {
    entry: EntryIndex,
    source: &'static str,
    state: &'static str,
    failure: Option<&'a str>,
    rejected: bool,
    withheld: bool,
    pages: Vec<PagePart>,
}

#[derive(Debug, Serialize)]
struct PagePart {
    commitment: DocumentHash,
    rendition: DocumentHash,
    media: &'static str,
    width: u32,
    height: u32,
    masked: Vec<[u32; 4]>,
}

#[derive(Debug, Serialize)]
struct RulingPart<'a> {
    entry: EntryIndex,
    in_force: bool,
    contest: Option<&'a str>,
    decision: &'a Decision,
    reason: &'a str,
    keys: Vec<&'a str>,
}

/// Puts together everything about one station; `with_head` also says at which head of the ledger.
#[must_use]
pub fn station_document(view: &View, station: StationIndex, with_head: bool) -> StationDocument<'_> {
    let count = &view.count;
    let geography = count.geography();
    let path = geography.station_unit(station).map(|unit| geography.path(unit)).unwrap_or_default();
    let sheets = count.sheets_of_station(station);
    let mut rulings = count.station_rulings(station);
    rulings.extend(sheets.iter().flat_map(|sheet| count.sheet_rulings(*sheet)));
    rulings.sort_by_key(|ruling| (ruling.entry, ruling.contest));
    StationDocument {
        election: &count.definition().id,
        ledger: with_head.then(|| TallyLedger { size: view.head.size, root: view.head.root.clone() }),
        station: geography.station_id(station),
        units: path.into_iter().map(|unit| unit_part(view, unit)).collect(),
        registered: geography.registered(station),
        contests: (0..count.definition().contests.len()).map(|contest| contest_part(view, contest, station)).collect(),
        sheets: sheets
            .iter()
            .map(|sheet| {
                let one = count.sheet_view(*sheet);
                SheetPart {
                    entry: one.entry,
                    source: one.source.word(),
                    state: sheet_state_word(view, *sheet),
                    failure: one.failure,
                    rejected: one.rejected,
                    withheld: one.withheld,
                    pages: one
                        .pages
                        .iter()
                        .map(|page| PagePart {
                            commitment: page.commitment,
                            rendition: page.rendition,
                            media: page.media,
                            width: page.width,
                            height: page.height,
                            masked: page.masked.to_vec(),
                        })
                        .collect(),
                }
            })
            .collect(),
        rulings: rulings.iter().map(|ruling| ruling_part(view, ruling)).collect(),
    }
}

fn unit_part(view: &View, unit: UnitIndex) -> TallyUnit {
    let geography = view.count.geography();
    let level = geography.unit_level(unit).and_then(|at| view.count.pack().levels.get(at));
    TallyUnit {
        level: level.map(|level| level.id.to_string()).unwrap_or_default(),
        code: geography.unit_code(unit).to_owned(),
        name: match unit {
            UnitIndex::WHOLE => view.count.definition().place.in_language(view.language_code(0)),
            unit => geography.unit_name(unit),
        }
        .to_owned(),
    }
}

fn contest_part(view: &View, contest: usize, station: StationIndex) -> ContestPart<'_> {
    let count = &view.count;
    let status = count.status(contest, station);
    ContestPart {
        contest: view.contest(contest).id.as_str(),
        state: status.state.word(),
        reason: status.reason.word(),
        received: status.received,
        objected: status.objected,
        counted: count.counted_reading(contest, station).map(|reading| reading.entry()),
        readings: count
            .readings_ever(contest, station)
            .into_iter()
            .map(|one| reading_part(view, contest, one))
            .collect(),
    }
}

fn reading_part<'a>(view: &'a View, contest: usize, reading: ReadingView<'a>) -> ReadingPart<'a> {
    let definition = view.contest(contest);
    let candidates = definition.candidates.iter().enumerate();
    let lines = definition.selections.iter().enumerate().filter(|_| reading.detail() == Detail::Selection);
    let others = definition.others.iter().enumerate();
    let stated = [
        ("valid", reading.stated_valid()),
        ("cast", reading.stated_cast()),
        ("registered", reading.stated_registered()),
    ];
    ReadingPart {
        entry: reading.entry(),
        reader: reading.reader().to_string(),
        row: reading.row(),
        sheet: view.count.sheet_of(reading).map(|sheet| view.count.sheet_view(sheet).entry),
        superseded: reading.superseded(),
        detail: reading.detail(),
        candidates: candidates.map(|(at, one)| (one.id.as_str(), reading.candidate(at))).collect(),
        lines: lines.map(|(at, one)| (one.id.as_str(), reading.selection(at))).collect(),
        others: others.map(|(at, one)| (one.id.as_str(), reading.other(at))).collect(),
        valid: reading.valid(),
        stated: stated.into_iter().filter(|(_, cell)| *cell != Cell::Absent).collect(),
        findings: view
            .count
            .findings(contest, reading)
            .into_iter()
            .map(|finding| FindingPart {
                check: finding.check.code(),
                severity: match finding.check.severity() {
                    Severity::Error => "error",
                    Severity::Warning => "warning",
                },
                found: finding.found,
                expected: finding.expected,
            })
            .collect(),
    }
}

fn ruling_part<'a>(view: &'a View, ruling: &RulingView<'a>) -> RulingPart<'a> {
    RulingPart {
        entry: ruling.entry,
        in_force: ruling.in_force,
        contest: ruling.contest.map(|contest| view.contest(contest).id.as_str()),
        decision: &ruling.ruling.decision,
        reason: &ruling.ruling.reason,
        keys: ruling.ruling.signatures.iter().map(|signature| signature.key.as_str()).collect(),
    }
}
