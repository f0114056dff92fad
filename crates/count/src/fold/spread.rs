//! What a station adds to the units above it, taken out before something about the station changes and added again after; and the room
//! that a new station gets.

use super::{Count, Stop};
use crate::geography::{StationIndex, UnitIndex};
use crate::identifier::StationId;
use crate::rule::Status;
use crate::totals::{ADDED, Change, Part, TAKEN_OUT, UnitTotals};

impl Count {
    pub(super) fn mention(&mut self, contest: usize, station: &StationId) -> Result<StationIndex, Stop> {
        let known = self.geography.station_count();
        // Readings mostly come in the order of the register.
        let guess = self.contests[contest].readings.last_station().next();
        let station = self.geography.mention(station, guess).map_err(|_| Stop::Overflow)?;
        if self.geography.station_count() > known {
            self.admit_station(station)?;
        }
        Ok(station)
    }

    /// Makes room for a station (and its units) that the geography has just got.
    pub(super) fn admit_station(&mut self, station: StationIndex) -> Result<(), Stop> {
        for contest in 0..self.contests.len() {
            self.grow(contest);
            self.add_part(contest, station).ok_or(Stop::Overflow)?;
        }
        Ok(())
    }

    fn grow(&mut self, contest: usize) {
        let count = &mut self.contests[contest];
        count.status.resize(self.geography.station_count(), Status::default());
        count.units.resize(self.geography.unit_count(), UnitTotals::default());
        count.votes.grow(self.geography.unit_count());
        count.readings.grow(self.geography.station_count());
    }

    /// Changes something about a station in all contests.
    pub(super) fn change(&mut self, station: StationIndex, change: impl FnOnce(&mut Self)) -> Result<(), Stop> {
        for contest in 0..self.contests.len() {
            self.remove_part(contest, station).ok_or(Stop::Overflow)?;
        }
        change(self);
        for contest in 0..self.contests.len() {
            self.grow(contest);
            self.contests[contest].status[station.at()] = self.decided(contest, station);
            self.add_part(contest, station).ok_or(Stop::Overflow)?;
        }
        Ok(())
    }

    /// Changes something about a station in one contest.
    pub(super) fn change_one(
        &mut self,
        contest: usize,
        station: StationIndex,
        change: impl FnOnce(&mut Self),
    ) -> Result<(), Stop> {
        let before = self.contests[contest].status[station.at()];
        let (part, votes) = self.part(contest, station, before).ok_or(Stop::Overflow)?;
        change(self);
        let after = self.decided(contest, station);
        if before == after {
            return Ok(());
        }
        self.contests[contest].status[station.at()] = after;
        self.spread(contest, station, &part, votes.as_deref(), &TAKEN_OUT).ok_or(Stop::Overflow)?;
        self.add_part(contest, station).ok_or(Stop::Overflow)
    }

    fn add_part(&mut self, contest: usize, station: StationIndex) -> Option<()> {
        let (part, votes) = self.part(contest, station, self.contests[contest].status[station.at()])?;
        self.spread(contest, station, &part, votes.as_deref(), &ADDED)
    }

    fn remove_part(&mut self, contest: usize, station: StationIndex) -> Option<()> {
        let (part, votes) = self.part(contest, station, self.contests[contest].status[station.at()])?;
        self.spread(contest, station, &part, votes.as_deref(), &TAKEN_OUT)
    }

    fn spread(
        &mut self,
        contest: usize,
        station: StationIndex,
        part: &Part,
        votes: Option<&[u64]>,
        change: &Change,
    ) -> Option<()> {
        // A station that is not in the register belongs to the whole and to nothing below.
        let unit = self.geography.station_unit(station).unwrap_or(UnitIndex::WHOLE);
        let count = &mut self.contests[contest];
        for unit in self.geography.ancestors(unit) {
            count.units[unit.at()].change(part, change)?;
            if let Some(votes) = votes {
                count.votes.change(unit.at(), votes, change)?;
            }
        }
        Some(())
    }
}
