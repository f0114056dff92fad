//! Proclaimed figures as they were recorded, as a table: a row for each bulletin of each place, those changed later too. Whoever
//! compares by other means starts from here.

use std::sync::Arc;

use testigo_count::entry::{CoverageOf, PercentOf};
use testigo_count::officials::OfficialView;

use super::{Records, Table};
use crate::view::View;

/// The table, where anything was proclaimed for this contest. Shares are in hundredths of a percent, as stated.
#[must_use]
pub fn official(view: &Arc<View>, contest: usize) -> Option<Table> {
    if !has_official(view, contest) {
        return None;
    }
    let definition = view.contest(contest);
    let mut header: Vec<String> = [
        "entry",
        "source",
        "bulletin",
        "announced",
        "level",
        "unit",
        "superseded_by",
        "document",
        "coverage_hundredths",
        "coverage_of",
        "stations",
        "stations_counted",
        "registered",
        "registered_counted",
        "turnout_hundredths",
        "cast",
        "valid",
    ]
    .map(str::to_owned)
    .into();
    header.extend(definition.candidates.iter().map(|candidate| format!("votes.{}", candidate.id)));
    header.push("rest".to_owned());
    header.extend(definition.others.iter().map(|other| format!("other.{}", other.id)));
    header.push("percent_of".to_owned());
    header.extend(definition.candidates.iter().map(|candidate| format!("percent_hundredths.{}", candidate.id)));
    header.push("percent_hundredths_of_rest".to_owned());
    // All rows at once: they lie scattered in the ledger, and there are few.
    Some(Table::new(view, contest, header, 1, rows))
}

/// Whether anything was proclaimed for this contest.
#[must_use]
pub fn has_official(view: &View, contest: usize) -> bool {
    of_contest(view, contest).next().is_some()
}

fn of_contest(view: &View, contest: usize) -> impl Iterator<Item = OfficialView<'_>> {
    let id = &view.contest(contest).id;
    view.count.officials().filter(move |one| one.entry.contest == *id)
}

fn rows(view: &View, contest: usize, _: usize, records: &mut Records) -> Result<(), csv::Error> {
    let definition = view.contest(contest);
    let number = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
    for official in of_contest(view, contest) {
        let entry = official.entry;
        let place = entry.place.as_ref();
        let mut fields = vec![
            official.index.to_string(),
            entry.source.to_string(),
            entry.bulletin.to_string(),
            entry.announced.as_ref().map(ToString::to_string).unwrap_or_default(),
            place.map(|place| place.level.to_string()).unwrap_or_default(),
            place.map(|place| place.code.to_string()).unwrap_or_default(),
            number(official.superseded_by.map(|index| index.0)),
            entry.document.to_string(),
            number(entry.coverage.map(|coverage| u64::from(coverage.hundredths))),
            match entry.coverage.and_then(|coverage| coverage.of) {
                Some(CoverageOf::Registered) => "registered",
                Some(CoverageOf::Stations) => "stations",
                None => "",
            }
            .to_owned(),
            number(entry.stations),
            number(entry.stations_counted),
            number(entry.registered),
            number(entry.registered_counted),
            number(entry.turnout.map(|share| u64::from(share.hundredths))),
            number(entry.cast),
            number(entry.valid),
        ];
        fields.extend(definition.candidates.iter().map(|candidate| number(entry.votes.get(&candidate.id).copied())));
        fields.push(number(entry.rest));
        fields.extend(definition.others.iter().map(|other| number(entry.other.get(&other.id).copied())));
        let percent = entry.percent.as_ref();
        fields.push(
            match percent.and_then(|percent| percent.of) {
                Some(PercentOf::Cast) => "cast",
                Some(PercentOf::Valid) => "valid",
                None => "",
            }
            .to_owned(),
        );
        let share = |hundredths: Option<u32>| number(hundredths.map(u64::from));
        fields.extend(
            definition
                .candidates
                .iter()
                .map(|candidate| share(percent.and_then(|percent| percent.each.get(&candidate.id).copied()))),
        );
        fields.push(share(percent.and_then(|percent| percent.rest)));
        records.write_record(fields)?;
    }
    Ok(())
}
