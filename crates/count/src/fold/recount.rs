//! Deciding every station and adding everything up at once, on all processors: for a register or a snapshot just read,
//! and as a check that taking entries in one by one comes to the same.
//!
//! Every thread decides a run of stations and adds each to the unit right above it; then every unit, the last first, is
//! added to the one above it. A register lists neighbours together, so that runs can be cut where no two share a unit;
//! from where it does not, one thread goes on alone.

use std::num::NonZero;
use std::thread;

use super::Count;
use crate::geography::{Run, StationIndex, UnitIndex};
use crate::rule::Status;
use crate::totals::{ADDED, UnitTotals, VoteTotals};

/// Fewer stations are not worth a thread.
const STATIONS_OF_A_THREAD: usize = 20_000;

/// More threads would wait for the memory.
const MOST_THREADS: usize = 8;

/// The part of the tables that a run of stations fills.
struct Sums<'a> {
    first_station: usize,
    status: &'a mut [Status],
    first_unit: usize,
    units: &'a mut [UnitTotals],
    /// So many numbers for each unit.
    width: usize,
    votes: &'a mut [u64],
}

impl Count {
    /// Decides every station anew and adds everything up again: must give the same as taking entries in one by one.
    /// `None` where a total would overflow.
    #[must_use]
    pub fn recounted(&self) -> Option<Self> {
        let mut count = self.clone();
        count.recount()?;
        Some(count)
    }

    pub(super) fn recount(&mut self) -> Option<()> {
        let processors = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
        self.recount_in(self.geography.station_count().div_ceil(STATIONS_OF_A_THREAD).clamp(1, processors))
    }

    fn recount_in(&mut self, threads: usize) -> Option<()> {
        let runs = self.geography.runs(threads);
        for contest in 0..self.contests.len() {
            let units = self.geography.unit_count();
            let mut status = vec![Status::default(); self.geography.station_count()];
            let mut totals = vec![UnitTotals::default(); units];
            let mut votes = VoteTotals::new(self.contests[contest].votes.width(), units);
            self.add_stations(contest, &runs, (&mut status, &mut totals, &mut votes))?;
            for unit in (1..units).rev() {
                let above = self.geography.unit_parent(UnitIndex(u32::try_from(unit).ok()?))?.at();
                let part = totals[unit];
                totals[above].add_unit(&part)?;
                votes.add_unit(above, unit)?;
            }
            let count = &mut self.contests[contest];
            (count.status, count.units, count.votes) = (status, totals, votes);
        }
        Some(())
    }

    fn add_stations(
        &self,
        contest: usize,
        runs: &[Run],
        (status, units, votes): (&mut [Status], &mut [UnitTotals], &mut VoteTotals),
    ) -> Option<()> {
        let width = votes.width();
        let in_order = runs.last().map_or(0, |run| run.stations.end);
        thread::scope(|scope| {
            let (mut status, mut units, mut votes) = (&mut *status, &mut *units, votes.rows_mut());
            let mut working = Vec::new();
            let mut first_unit = 0;
            for run in runs {
                let sums = Sums {
                    first_station: run.stations.start,
                    status: status.split_off_mut(..run.stations.len())?,
                    first_unit,
                    units: units.split_off_mut(..run.units_end - first_unit)?,
                    width,
                    votes: votes.split_off_mut(..(run.units_end - first_unit) * width)?,
                };
                first_unit = run.units_end;
                working.push(scope.spawn(move || {
                    // Fresh memory that is read before it is written costs twice, and makes the other threads wait.
                    sums.votes.fill(0);
                    self.add_run(contest, sums)
                }));
            }
            working.into_iter().try_for_each(|thread| thread.join().ok().flatten())
        })?;
        let status = status.get_mut(in_order..)?;
        if status.is_empty() {
            return Some(());
        }
        self.add_run(
            contest,
            Sums { first_station: in_order, status, first_unit: 0, units, width, votes: votes.rows_mut() },
        )
    }

    fn add_run(&self, contest: usize, sums: Sums<'_>) -> Option<()> {
        let mut evidence = Vec::new();
        for (at, status) in sums.status.iter_mut().enumerate() {
            let station = StationIndex(u32::try_from(sums.first_station + at).ok()?);
            *status = self.decided_with(contest, station, &mut evidence);
            let place = self.geography.station_unit(station).unwrap_or(UnitIndex::WHOLE).at() - sums.first_unit;
            let complete = match status.counted {
                Some(reading) => {
                    let row = sums.votes.get_mut(place * sums.width..(place + 1) * sums.width)?;
                    self.reading_view(contest, reading).add_votes(row)?
                }
                None => true,
            };
            sums.units[place].change(&self.part_of(station, *status, !complete), &ADDED)?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fmt::Write;

    use proptest::prelude::*;

    use super::*;
    use crate::entry::{ElectionEntry, Entry, RegisterOrigin};
    use crate::identifier::DocumentHash;
    use crate::pack::CountingRule;

    const ELECTION: &str = "id = \"x\"\ntitle = \"X\"\ndate = \"2031-05-04\"\nplace = \"Freedonia\"\n[[contest]]\nid = \"c\"\n\
                            title = \"C\"\ncandidates = [{ id = \"A\", name = \"Ada\" }]\n";
    const PACK: &str = "id = \"x\"\nformat = 1\ntitle = \"X\"\nlanguages = [\"en\"]\n\
                        [[level]]\nid = \"town\"\nname = \"Town\"\nplural = \"Towns\"\n\
                        [[level]]\nid = \"place\"\nname = \"Place\"\nplural = \"Places\"\n\
                        [[level]]\nid = \"table\"\nname = \"Table\"\nplural = \"Tables\"\n";

    fn count(register: String) -> Count {
        let texts = [ELECTION.to_owned(), PACK.to_owned(), register];
        let [definition, pack, register] = [0, 1, 2].map(|at: usize| DocumentHash::of(texts[at].as_bytes()));
        let rule = CountingRule::default();
        let origin = (register, RegisterOrigin::List);
        let entry = ElectionEntry::new("example.org/x".to_owned(), definition, pack, origin, rule, BTreeMap::new());
        let documents: BTreeMap<_, _> =
            [definition, pack, register].into_iter().zip(texts.map(String::into_bytes)).collect();
        Count::begin(&Entry::Election(entry).to_bytes().unwrap(), &documents).unwrap()
    }

    proptest! {
        #[test]
        fn any_number_of_threads_comes_to_the_same(
            towns in prop::collection::vec((0..4_u8, 0..3_u8), 0..40),
            in_order: bool,
            threads in 2..6_usize,
        ) {
            let mut towns = towns;
            if in_order {
                towns.sort_unstable();
            }
            let mut register = "station,registered,town,town_name,place,place_name\n".to_owned();
            for (station, (town, place)) in towns.iter().enumerate() {
                let place = if *place == 0 { String::new() } else { format!("{town}.{place}") };
                writeln!(register, "{station},{},{town},,{place},", station * 7).unwrap();
            }
            let alone = count(register);
            let mut shared = alone.clone();
            shared.recount_in(threads).unwrap();
            prop_assert!(shared == alone);
            prop_assert_eq!(alone.unit_totals(0, UnitIndex::WHOLE).listed as usize, towns.len());
        }
    }
}
