//! A ruling: whether it takes effect, what it is about, and what is decided anew because of it.

use super::{Count, Stop};
use crate::entry::{Decision, RulingEntry};
use crate::geography::StationIndex;
use crate::identifier::EntryIndex;
use crate::readings::ReadingIndex;
use crate::refusal::{Expected, Misplaced, Refusal};
use crate::rulings::{Effect, REASONS, Subject};
use crate::sheets::SheetIndex;

impl Count {
    pub(super) fn ruling(&mut self, index: u32, ruling: &RulingEntry) -> Result<(), Stop> {
        self.rulings.check_signatures(ruling, &self.entry_zero, self.election.counting.signatures)?;
        if !REASONS.contains(&ruling.reason.as_str()) {
            return Err(Refusal::UnknownReason(ruling.reason.clone()).into());
        }
        let begins = self.subjects(&ruling.decision)?;
        let mut touched = Vec::new();
        if let Some(prev) = ruling.prev {
            match self.rulings.end(prev) {
                Some(subjects) => touched.extend(subjects),
                // A superseded ruling that is not in force: a new decision stands beside whatever stands.
                None if begins.is_some() => {}
                None => return Err(Refusal::NotHead(prev).into()),
            }
        } else if begins.is_none() {
            return Err(Refusal::Misplaced(Misplaced::WithdrawalOfNothing).into());
        }
        if let Some((subjects, effect)) = begins {
            touched.extend(subjects.iter().copied());
            self.rulings.begin(index, subjects, effect);
        }
        self.rulings.record(index, ruling, &touched);
        for subject in touched {
            self.settle(subject)?;
        }
        Ok(())
    }

    /// What a decision is about, and what it does there. `None` for a withdrawal.
    fn subjects(&mut self, decision: &Decision) -> Result<Option<(Vec<Subject>, Effect)>, Refusal> {
        let sheet_of = |count: &Self, entry: EntryIndex| {
            count.sheets.by_entry(entry).ok_or(Refusal::Dangling { index: entry, expected: Expected::Sheet })
        };
        Ok(match decision {
            Decision::AcceptReading { reading } => {
                let entry = u32::try_from(reading.0).ok();
                let found = self.contests.iter().enumerate().find_map(|(contest, count)| {
                    entry.and_then(|entry| count.readings.by_entry(entry)).map(|found| (contest, found))
                });
                let (contest, found) =
                    found.ok_or(Refusal::Dangling { index: *reading, expected: Expected::ReadingWithNumbers })?;
                let station = self.contests[contest].readings.station(found);
                Some((vec![Subject::Result { contest, station }], Effect::Accept(found)))
            }
            Decision::RejectSheet { sheet } => Some((vec![Subject::Place(sheet_of(self, *sheet)?)], Effect::Reject)),
            Decision::MoveSheet { sheet, station } => {
                let sheet = sheet_of(self, *sheet)?;
                let unknown = || Refusal::UnknownStation(station.to_string());
                let station = self.geography.find_station(station.as_str()).ok_or_else(unknown)?;
                Some((vec![Subject::Place(sheet)], Effect::Move(station)))
            }
            Decision::WithholdSheet { sheet } => {
                Some((vec![Subject::Picture(sheet_of(self, *sheet)?)], Effect::Withhold))
            }
            Decision::NotInstalled { station } => {
                let unknown = || Refusal::UnknownStation(station.to_string());
                let station = self.geography.find_station(station.as_str()).ok_or_else(unknown)?;
                let contests = 0..self.contests.len();
                Some((contests.map(|contest| Subject::Result { contest, station }).collect(), Effect::NotInstalled))
            }
            Decision::Withdraw => None,
        })
    }

    /// Decides anew whatever a change of the rulings on this subject touches.
    fn settle(&mut self, subject: Subject) -> Result<(), Stop> {
        match subject {
            Subject::Picture(_) => Ok(()),
            Subject::Result { contest, station } => self.change_one(contest, station, |_| {}),
            Subject::Place(sheet) => {
                let target = match self.rulings.effect(subject) {
                    Some(Effect::Move(station)) => Some(station),
                    _ => None,
                };
                let mut stations: Vec<StationIndex> = self.sheets.moved_to(sheet).into_iter().chain(target).collect();
                self.sheets.set_moved(sheet, target);
                for contest in 0..self.contests.len() {
                    for reading in self.readings_of_sheet(contest, sheet) {
                        let old = self.contests[contest].readings.station(reading);
                        stations.push(old);
                        let new = match target {
                            Some(station) => station,
                            None => self.contests[contest].readings.own_station(reading),
                        };
                        stations.push(new);
                        if new != old {
                            self.contests[contest].readings.move_to(reading, new);
                        }
                    }
                }
                stations.sort_unstable();
                stations.dedup();
                stations.into_iter().try_for_each(|station| self.change(station, |_| {}))
            }
        }
    }

    fn readings_of_sheet(&self, contest: usize, sheet: SheetIndex) -> Vec<ReadingIndex> {
        let table = &self.contests[contest].readings;
        table.of_sheet(sheet.0, &self.definition.contests[contest], &self.readers)
    }
}
