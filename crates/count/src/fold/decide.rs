//! One contest at one station: gathers what is known about it, lets the counting rule decide, and says what the station
//! then adds to the units above it.

use super::Count;
use crate::entry::SourceClass;
use crate::geography::StationIndex;
use crate::readings::{ReadingIndex, ReadingView};
use crate::rule::{self, Circumstances, Evidence, Ruled, Status};
use crate::rulings::{Effect, Subject};
use crate::sheets::{SheetIndex, SheetState};
use crate::totals::Part;

impl Count {
    pub(super) fn decided(&self, contest: usize, station: StationIndex) -> Status {
        self.decided_with(contest, station, &mut Vec::new())
    }

    /// `evidence` is room to work in, for whoever decides many.
    pub(super) fn decided_with<'a>(
        &'a self,
        contest: usize,
        station: StationIndex,
        evidence: &mut Vec<Evidence<'a>>,
    ) -> Status {
        let here = self.circumstances(station);
        evidence.clear();
        evidence.extend(self.evidence(contest, station));
        let ruled = match self.rulings.heads(Subject::Result { contest, station }) {
            [] => Ruled::Nothing,
            [head] => match head.effect {
                Effect::Accept(reading) => Ruled::Accept { reading, entry: head.entry },
                Effect::NotInstalled => Ruled::NotInstalled,
                Effect::Reject | Effect::Move(_) | Effect::Withhold => Ruled::Contradiction,
            },
            _ => Ruled::Contradiction,
        };
        rule::decide(&self.election.counting, evidence, &ruled, &here)
    }

    fn evidence(&self, contest: usize, station: StationIndex) -> impl Iterator<Item = Evidence<'_>> {
        let definition = &self.definition.contests[contest];
        let registered = self.geography.registered(station);
        let live = self.contests[contest].readings.of_station(station, definition, &self.readers);
        live.filter(|reading| !self.is_rejected(reading)).map(move |reading| Evidence {
            reading,
            source: reading.sheet_place().map(|place| self.source_of(SheetIndex(place))),
            pack: &self.pack,
            registered,
        })
    }

    /// A public sheet that a ruling placed stands like one in custody.
    fn source_of(&self, sheet: SheetIndex) -> SourceClass {
        match (self.sheets.source(sheet), self.sheets.moved_to(sheet)) {
            (SourceClass::Public, Some(_)) => SourceClass::Custody,
            (source, _) => source,
        }
    }

    fn is_rejected(&self, reading: &ReadingView<'_>) -> bool {
        reading
            .sheet_place()
            .is_some_and(|place| self.rulings.effect(Subject::Place(SheetIndex(place))) == Some(Effect::Reject))
    }

    fn circumstances(&self, station: StationIndex) -> Circumstances {
        let mut sheets: Vec<SheetIndex> = self.sheets.moved_here(station).collect();
        // A sheet speaks through its readings in any contest.
        for (count, definition) in self.contests.iter().zip(&self.definition.contests) {
            let readings = count.readings.of_station(station, definition, &self.readers);
            sheets.extend(readings.filter_map(|reading| reading.sheet_place().map(SheetIndex)));
        }
        sheets.sort_unstable();
        sheets.dedup();
        let sheets_contradict = sheets.iter().any(|sheet| self.rulings.heads(Subject::Place(*sheet)).len() > 1);
        sheets.retain(|sheet| {
            self.source_of(*sheet) != SourceClass::Public
                && self.rulings.effect(Subject::Place(*sheet)) != Some(Effect::Reject)
        });
        Circumstances {
            listed: self.geography.station_unit(station).is_some(),
            received: !sheets.is_empty(),
            unreadable: !sheets.is_empty()
                && sheets.iter().all(|sheet| self.sheets.state(*sheet) == SheetState::Unreadable),
            sheets_contradict,
        }
    }

    pub(super) fn reading_view(&self, contest: usize, reading: ReadingIndex) -> ReadingView<'_> {
        self.contests[contest].readings.view(reading, &self.definition.contests[contest], &self.readers)
    }

    /// What a station in this state adds to the units above it: candidates, then other ballots; a place without a
    /// number adds nothing.
    pub(super) fn part(
        &self,
        contest: usize,
        station: StationIndex,
        status: Status,
    ) -> Option<(Part, Option<Vec<u64>>)> {
        let Some(reading) = status.counted else { return Some((self.part_of(station, status, false), None)) };
        let definition = &self.definition.contests[contest];
        let mut votes = vec![0; definition.candidates.len() + definition.others.len()];
        let complete = self.reading_view(contest, reading).add_votes(&mut votes)?;
        Some((self.part_of(station, status, !complete), Some(votes)))
    }

    pub(super) fn part_of(&self, station: StationIndex, status: Status, incomplete: bool) -> Part {
        Part {
            status,
            listed: self.geography.station_unit(station).is_some(),
            registered: self.geography.registered(station),
            incomplete,
        }
    }
}
