//! The tables: stations, units, readings, sheets, entries without effect.

use std::sync::Arc;

use testigo_count::geography::{StationIndex, UnitIndex};
use testigo_count::rule::StationState;
use testigo_count::sheets::{SheetIndex, SheetState};
use testigo_count::{Cell, Detail};

use super::{Records, Table};
use crate::view::View;

/// One row for each station: where it is, its state, and its votes where they count.
#[must_use]
pub fn stations(view: &Arc<View>, contest: usize) -> Table {
    let mut header = unit_columns(view);
    header.extend(
        [
            "station",
            "registered",
            "status",
            "reason",
            "received",
            "objected",
            "counted_reader",
            "counted_entry",
            "valid",
        ]
        .map(str::to_owned),
    );
    header.extend(vote_columns(view, contest));
    Table::new(view, contest, header, view.places.stations().len(), station_row)
}

fn station_row(view: &View, contest: usize, row: usize, records: &mut Records) -> Result<(), csv::Error> {
    let Some(station) = view.places.stations().get(row).copied() else { return Ok(()) };
    let count = &view.count;
    let status = count.status(contest, station);
    let counted = count.counted_reading(contest, station);
    let mut fields = unit_fields(view, station);
    fields.push(count.geography().station_id(station).to_owned());
    fields.push(optional(count.geography().registered(station)));
    fields.push(status.state.word().to_owned());
    fields.push(status.reason.word().to_owned());
    fields.push(yes_no(status.received));
    fields.push(yes_no(status.objected));
    fields.push(counted.map(|reading| reading.reader().to_string()).unwrap_or_default());
    fields.push(counted.map(|reading| reading.entry().to_string()).unwrap_or_default());
    fields.push(counted.map(|reading| field(reading.valid())).unwrap_or_default());
    // What does not count is left empty: it is not 0.
    for at in 0..view.contest(contest).candidates.len() {
        fields.push(counted.map(|reading| field(reading.candidate(at))).unwrap_or_default());
    }
    for at in 0..view.contest(contest).others.len() {
        fields.push(counted.map(|reading| field(reading.other(at))).unwrap_or_default());
    }
    records.write_record(fields)
}

/// One row for each unit, the whole first.
#[must_use]
pub fn units(view: &Arc<View>, contest: usize) -> Table {
    let mut header: Vec<String> =
        ["level", "code", "name", "parent_level", "parent_code", "expected", "listed"].map(str::to_owned).into();
    header.extend(
        [
            "received",
            "counted",
            "disputed",
            "held",
            "unread",
            "unreadable",
            "not_installed",
            "awaited",
            "objected",
            "incomplete",
        ]
        .map(str::to_owned),
    );
    header.extend(["registered_listed", "registered_in_counted", "valid"].map(str::to_owned));
    header.extend(vote_columns(view, contest));
    Table::new(view, contest, header, view.places.units().len(), unit_row)
}

fn unit_row(view: &View, contest: usize, row: usize, records: &mut Records) -> Result<(), csv::Error> {
    let Some(unit) = view.places.units().get(row).copied() else { return Ok(()) };
    let count = &view.count;
    let geography = count.geography();
    let level = |unit: UnitIndex| {
        let at = geography.unit_level(unit);
        at.and_then(|at| count.pack().levels.get(at)).map(|level| level.id.to_string()).unwrap_or_default()
    };
    let parent = geography.unit_parent(unit);
    let totals = count.unit_totals(contest, unit);
    let name = match unit {
        UnitIndex::WHOLE => count.definition().place.in_language(view.language_code(0)),
        unit => geography.unit_name(unit),
    };
    let mut fields = vec![
        level(unit),
        geography.unit_code(unit).to_owned(),
        name.to_owned(),
        parent.map(level).unwrap_or_default(),
        parent.map(|parent| geography.unit_code(parent).to_owned()).unwrap_or_default(),
        optional(count.expected(contest, unit).known),
    ];
    fields.extend(
        [
            totals.listed,
            totals.received,
            totals.counted,
            totals.disputed,
            totals.held,
            totals.unread,
            totals.unreadable,
            totals.not_installed,
            count.awaited(contest, unit),
            totals.objected,
            totals.incomplete,
        ]
        .map(|number| number.to_string()),
    );
    let (votes, others) = count.unit_votes(contest, unit);
    fields.extend(
        [totals.registered_listed, totals.registered_in_counted, votes.iter().sum()]
            .map(|number: u64| number.to_string()),
    );
    fields.extend(votes.iter().chain(others).map(u64::to_string));
    records.write_record(fields)
}

/// One row for each reading with numbers, superseded ones included, by station.
#[must_use]
pub fn readings(view: &Arc<View>, contest: usize) -> Table {
    let mut header: Vec<String> =
        ["station", "entry", "reader", "row", "sheet", "superseded", "counts", "detail"].map(str::to_owned).into();
    header.extend(vote_columns(view, contest));
    header.extend(["stated_valid", "stated_cast", "stated_registered"].map(str::to_owned));
    header.extend(view.contest(contest).selections.iter().map(|line| format!("line.{}", line.id)));
    Table::new(view, contest, header, view.places.stations().len(), reading_rows)
}

fn reading_rows(view: &View, contest: usize, row: usize, records: &mut Records) -> Result<(), csv::Error> {
    let Some(station) = view.places.stations().get(row).copied() else { return Ok(()) };
    let count = &view.count;
    let definition = view.contest(contest);
    let counted = count.counted_reading(contest, station).map(|reading| reading.entry());
    for reading in count.readings_ever(contest, station) {
        let sheet = count.sheet_of(reading).map(|sheet| count.sheet_view(sheet).entry);
        let mut fields = vec![
            count.geography().station_id(station).to_owned(),
            reading.entry().to_string(),
            reading.reader().to_string(),
            optional(reading.row()),
            optional(sheet),
            yes_no(reading.superseded()),
            yes_no(Some(reading.entry()) == counted),
            match reading.detail() {
                Detail::Candidate => "candidate",
                Detail::Selection => "selection",
            }
            .to_owned(),
        ];
        fields.extend((0..definition.candidates.len()).map(|at| field(reading.candidate(at))));
        fields.extend((0..definition.others.len()).map(|at| field(reading.other(at))));
        fields.extend([reading.stated_valid(), reading.stated_cast(), reading.stated_registered()].map(field));
        fields.extend((0..definition.selections.len()).map(|at| field(reading.selection(at))));
        records.write_record(fields)?;
    }
    Ok(())
}

/// One row for each published picture of each sheet.
#[must_use]
pub fn sheets(view: &Arc<View>) -> Table {
    let header = [
        "sheet",
        "source",
        "state",
        "failure",
        "rejected",
        "withheld",
        "moved_to",
        "page",
        "rendition",
        "media",
        "width",
        "height",
        "commitment",
    ];
    Table::new(view, 0, header.map(str::to_owned).into(), view.count.sheet_count(), sheet_rows)
}

fn sheet_rows(view: &View, _: usize, row: usize, records: &mut Records) -> Result<(), csv::Error> {
    let count = &view.count;
    let Some(sheet) = view.renditions.order().get(row).copied() else { return Ok(()) };
    let sheet_view = count.sheet_view(sheet);
    for (at, page) in sheet_view.pages.iter().enumerate() {
        records.write_record([
            sheet_view.entry.to_string(),
            sheet_view.source.word().to_owned(),
            sheet_state_word(view, sheet).to_owned(),
            sheet_view.failure.unwrap_or_default().to_owned(),
            yes_no(sheet_view.rejected),
            yes_no(sheet_view.withheld),
            sheet_view.moved_to.map(|station| count.geography().station_id(station).to_owned()).unwrap_or_default(),
            (at + 1).to_string(),
            page.rendition.to_string(),
            page.media.to_owned(),
            page.width.to_string(),
            page.height.to_string(),
            page.commitment.to_string(),
        ])?;
    }
    Ok(())
}

/// The word for what became of reading a sheet.
pub(super) fn sheet_state_word(view: &View, sheet: SheetIndex) -> &'static str {
    match view.count.sheet_state(sheet) {
        SheetState::Unread => StationState::Received.word(),
        SheetState::Read => "read",
        SheetState::Unreadable => StationState::Unreadable.word(),
    }
}

/// One row for each entry that has no effect, with the reason.
#[must_use]
pub fn refusals(view: &Arc<View>) -> Table {
    let header = ["entry", "reason"].map(str::to_owned).into();
    Table::new(view, 0, header, view.count.refusals().len(), |view, _, row, records| {
        match view.count.refusals().get(row) {
            Some((entry, refusal)) => records.write_record([entry.to_string(), refusal.to_string()]),
            None => Ok(()),
        }
    })
}

fn unit_columns(view: &View) -> Vec<String> {
    let levels = view.count.pack().unit_levels();
    levels.iter().flat_map(|level| [format!("{}_code", level.id), format!("{}_name", level.id)]).collect()
}

fn unit_fields(view: &View, station: StationIndex) -> Vec<String> {
    let geography = view.count.geography();
    let mut fields = vec![String::new(); view.count.pack().unit_levels().len() * 2];
    if let Some(unit) = geography.station_unit(station) {
        for unit in geography.ancestors(unit) {
            let pair = geography.unit_level(unit).and_then(|level| fields.get_mut(level * 2..level * 2 + 2));
            if let Some([code, name]) = pair {
                geography.unit_code(unit).clone_into(code);
                geography.unit_name(unit).clone_into(name);
            }
        }
    }
    fields
}

fn vote_columns(view: &View, contest: usize) -> impl Iterator<Item = String> + use<'_> {
    let contest = view.contest(contest);
    let candidates = contest.candidates.iter().map(|candidate| format!("votes.{}", candidate.id));
    candidates.chain(contest.others.iter().map(|other| format!("other.{}", other.id)))
}

/// A number, or the word for why there is none; nothing where the reading says nothing.
fn field(cell: Cell) -> String {
    match cell {
        Cell::Absent => String::new(),
        other => other.to_string(),
    }
}

fn optional(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn yes_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}
