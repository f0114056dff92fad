//! The sheets whose numbers count, as the statistics see them: one row for each station, in the order of the register.
//!
//! A station is in only if every place of its counted reading holds a number. Disputed, held, unreadable and incomplete
//! stations count as missing: that can only make a bound weaker.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use testigo_count::geography::{StationIndex, UnitIndex};
use testigo_count::rule::StationState;
use testigo_count::{Count, DocumentHash};

use crate::settings::Settings;

/// One station's sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The official code.
    pub station: String,
    /// The name in samples and lists: the code's parts without leading zeros, joined by `-`.
    pub label: String,
    /// Votes for each candidate.
    pub votes: Vec<u64>,
    /// Votes for all candidates.
    pub valid: u64,
    /// Valid votes as the source states them, where it does.
    pub stated_valid: Option<u64>,
    /// Ballots for no candidate.
    pub void: u64,
    /// Voters of the station, where known.
    pub registered: Option<u64>,
    /// Place in [`Sheets::strata`].
    pub stratum: usize,
    /// Place in [`Sheets::places`].
    pub place: usize,
    /// The station's number within its polling place, where the code ends in one.
    pub number: Option<u32>,
    /// Of every level from the top, the unit's place in [`Sheets::levels`]; `None` where the branch skips it.
    pub units: Vec<Option<usize>>,
}

impl Sheet {
    /// Ballots cast: valid and others.
    #[must_use]
    pub fn cast(&self) -> u64 {
        self.valid + self.void
    }

    /// Registered voters; 0 where they are not known.
    #[must_use]
    pub fn voters(&self) -> u64 {
        self.registered.unwrap_or(0)
    }
}

/// A unit that sheets belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The official code.
    pub code: String,
    /// What is shown.
    pub name: String,
}

/// All sheets that count in one contest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheets {
    /// The election's id.
    pub election: String,
    /// The contest's id.
    pub contest: String,
    /// Candidates' ids in the order of the election file.
    pub candidates: Vec<String>,
    /// Who has most votes on the sheets.
    pub leader: usize,
    /// Who has next most.
    pub runner_up: usize,
    /// One for each station.
    pub rows: Vec<Sheet>,
    /// The strata.
    pub strata: Vec<Group>,
    /// The polling places.
    pub places: Vec<Group>,
    /// The units of every level from the top, as far as a sheet belongs to them.
    pub levels: Vec<Vec<Group>>,
    /// Stations there are: the larger of declared and listed.
    pub expected: u64,
    /// Counted stations that were left out because a place of their reading holds no number.
    pub incomplete: usize,
    /// Results files that sheets were read from.
    pub files: Vec<DocumentHash>,
    /// Sheets read from pictures, not from a results file.
    pub from_pictures: usize,
    /// Stations with more than one reading from one results file.
    pub doubled_rows: usize,
}

/// Sums over sheets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// Sheets.
    pub sheets: u64,
    /// Votes for each candidate.
    pub votes: Vec<u64>,
    /// Votes for all candidates.
    pub valid: u64,
    /// Ballots for no candidate.
    pub void: u64,
    /// Voters, as far as known.
    pub registered: u64,
}

impl Sums {
    /// Ballots cast.
    #[must_use]
    pub fn cast(&self) -> u64 {
        self.valid + self.void
    }
}

/// Why nothing can be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SheetsError {
    /// A bound needs a lead.
    #[error("contest `{0}` has fewer than two candidates, so there is nothing to compare")]
    OneCandidate(String),
    /// Nothing counts.
    #[error("no station counts in contest `{0}` yet\nhint: `testigo tally` shows in which state the stations are")]
    NothingCounts(String),
}

/// Gives every unit of a level a place, in order of first appearance.
#[derive(Default)]
struct Numbered {
    known: HashMap<UnitIndex, usize>,
    groups: Vec<Group>,
}

impl Numbered {
    fn place(&mut self, count: &Count, unit: UnitIndex) -> usize {
        *self.known.entry(unit).or_insert_with(|| {
            let geography = count.geography();
            self.groups
                .push(Group { code: geography.unit_code(unit).to_owned(), name: geography.unit_name(unit).to_owned() });
            self.groups.len() - 1
        })
    }
}

impl Sheets {
    /// Whether there is anything to analyse: a lead, and a sheet that counts with a number in every place.
    #[must_use]
    pub fn exist(count: &Count, contest: usize) -> bool {
        let complete = |station| {
            count.status(contest, station).state == StationState::Counted
                && count
                    .counted_reading(contest, station)
                    .is_some_and(|reading| reading.votes().all(|cell| cell.value().is_some()))
        };
        count.definition().contests[contest].candidates.len() >= 2 && count.geography().stations().any(complete)
    }

    /// The sheets of a contest, a position in the election file.
    ///
    /// # Errors
    /// With fewer than two candidates, or while nothing counts.
    pub fn of(count: &Count, contest: usize, settings: &Settings) -> Result<Self, SheetsError> {
        let definition = &count.definition().contests[contest];
        if definition.candidates.len() < 2 {
            return Err(SheetsError::OneCandidate(definition.id.to_string()));
        }
        let levels = count.pack().unit_levels().len();
        let mut numbered: Vec<Numbered> = (0..levels).map(|_| Numbered::default()).collect();
        let (mut strata, mut places) = (Numbered::default(), Numbered::default());
        let mut rows = Vec::new();
        let mut incomplete = 0;
        let (mut files, mut from_pictures, mut doubled_rows) = (BTreeSet::new(), 0, 0);
        for station in count.geography().stations() {
            doubled_rows += doubled(count, contest, station);
            if count.status(contest, station).state != StationState::Counted {
                continue;
            }
            let Some(reading) = count.counted_reading(contest, station) else { continue };
            if reading.votes().any(|cell| cell.value().is_none()) {
                incomplete += 1;
                continue;
            }
            match reading.published() {
                Some(file) => {
                    files.insert(file);
                }
                None => from_pictures += 1,
            }
            let (votes, others) = count.station_votes(contest, station);
            let geography = count.geography();
            let lowest = geography.station_unit(station).unwrap_or(UnitIndex::WHOLE);
            let mut units = vec![None; levels];
            let mut at_level = vec![UnitIndex::WHOLE; levels];
            for unit in geography.ancestors(lowest) {
                if let Some(level) = geography.unit_level(unit) {
                    units[level] = Some(numbered[level].place(count, unit));
                    at_level[level] = unit;
                }
            }
            // A branch that skips the level of polling places or strata is taken by its own lowest or the whole.
            let of_level = |level: Option<usize>, fallback| {
                level.map(|level| at_level[level]).filter(|unit| *unit != UnitIndex::WHOLE).unwrap_or(fallback)
            };
            let code = geography.station_id(station);
            rows.push(Sheet {
                station: code.to_owned(),
                label: label(code),
                valid: votes.iter().sum(),
                votes,
                stated_valid: reading.stated_valid().value().map(u64::from),
                void: others.iter().sum(),
                registered: geography.registered(station).map(u64::from),
                stratum: strata.place(count, of_level(settings.strata, UnitIndex::WHOLE)),
                place: places.place(count, of_level(settings.places, lowest)),
                number: number_in_place(code),
                units,
            });
        }
        if rows.is_empty() {
            return Err(SheetsError::NothingCounts(definition.id.to_string()));
        }
        if rows.iter().map(|row| row.label.as_str()).collect::<BTreeSet<_>>().len() < rows.len() {
            // Without their zeros two codes look alike.
            rows.iter_mut().for_each(|row| row.label.clone_from(&row.station));
        }
        let mut sheets = Self {
            election: count.definition().id.clone(),
            contest: definition.id.to_string(),
            candidates: definition.candidates.iter().map(|one| one.id.to_string()).collect(),
            leader: 0,
            runner_up: 1,
            rows,
            strata: strata.groups,
            places: places.groups,
            levels: numbered.into_iter().map(|one| one.groups).collect(),
            expected: u64::from(count.expected(contest, UnitIndex::WHOLE).known.unwrap_or_default()),
            incomplete,
            files: files.into_iter().collect(),
            from_pictures,
            doubled_rows,
        };
        sheets.rank();
        Ok(sheets)
    }

    /// Finds leader and runner-up anew, after rows have changed. Equal votes stand in the order of the election file.
    pub fn rank(&mut self) {
        let votes = self.sums().votes;
        let mut order: Vec<usize> = (0..votes.len()).collect();
        order.sort_by_key(|candidate| std::cmp::Reverse(votes[*candidate]));
        if let [leader, runner_up, ..] = order[..] {
            (self.leader, self.runner_up) = (leader, runner_up);
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none; [`Sheets::of`] gives none such.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Sums over all sheets.
    #[must_use]
    pub fn sums(&self) -> Sums {
        self.sums_of(self.rows.iter())
    }

    /// Sums over some sheets.
    #[must_use]
    pub fn sums_of<'a>(&self, rows: impl Iterator<Item = &'a Sheet>) -> Sums {
        let mut sums = Sums { votes: vec![0; self.candidates.len()], ..Sums::default() };
        for row in rows {
            sums.sheets += 1;
            for (sum, votes) in sums.votes.iter_mut().zip(&row.votes) {
                *sum += votes;
            }
            sums.valid += row.valid;
            sums.void += row.void;
            sums.registered += row.voters();
        }
        sums
    }

    /// The leader's votes on a sheet.
    #[must_use]
    pub fn lead(&self, row: &Sheet) -> u64 {
        row.votes[self.leader]
    }

    /// The runner-up's votes on a sheet.
    #[must_use]
    pub fn next(&self, row: &Sheet) -> u64 {
        row.votes[self.runner_up]
    }

    /// The leader's id.
    #[must_use]
    pub fn leader_id(&self) -> &str {
        &self.candidates[self.leader]
    }

    /// The runner-up's id.
    #[must_use]
    pub fn runner_up_id(&self) -> &str {
        &self.candidates[self.runner_up]
    }

    /// A candidate's place, by id.
    #[must_use]
    pub fn candidate(&self, id: &str) -> Option<usize> {
        self.candidates.iter().position(|one| one == id)
    }

    /// Whether every sheet has known voters.
    #[must_use]
    pub fn all_registered(&self) -> bool {
        self.rows.iter().all(|row| row.registered.is_some())
    }

    /// Rows by polling place.
    #[must_use]
    pub fn by_place(&self) -> Vec<Vec<usize>> {
        groups(self.places.len(), self.rows.iter().map(|row| row.place))
    }

    /// Rows by stratum.
    #[must_use]
    pub fn by_stratum(&self) -> Vec<Vec<usize>> {
        groups(self.strata.len(), self.rows.iter().map(|row| row.stratum))
    }

    /// A number for every candidate, by id.
    #[must_use]
    pub fn by_id<T>(&self, mut value: impl FnMut(usize) -> T) -> BTreeMap<String, T> {
        self.candidates.iter().enumerate().map(|(at, id)| (id.clone(), value(at))).collect()
    }
}

fn groups(number: usize, places: impl Iterator<Item = usize>) -> Vec<Vec<usize>> {
    let mut groups = vec![Vec::new(); number];
    for (row, place) in places.enumerate() {
        groups[place].push(row);
    }
    groups
}

/// 1 where one results file speaks of the station on more than one row.
fn doubled(count: &Count, contest: usize, station: StationIndex) -> usize {
    let readings = count.readings(contest, station);
    let mut files: Vec<DocumentHash> = readings.iter().filter_map(|reading| reading.published()).collect();
    let all = files.len();
    files.sort_unstable();
    files.dedup();
    usize::from(files.len() < all)
}

/// `010118029.01` as `10118029-1`.
fn label(code: &str) -> String {
    let part = |part: &str| {
        let bare = part.trim_start_matches('0');
        if bare.is_empty() && !part.is_empty() { "0".to_owned() } else { bare.to_owned() }
    };
    code.split('.').map(part).collect::<Vec<_>>().join("-")
}

/// The digits after the last separator.
fn number_in_place(code: &str) -> Option<u32> {
    let (_, last) = code.rsplit_once(['.', '-', '_'])?;
    last.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_lose_leading_zeros_and_nothing_else() {
        for (code, expected) in
            [("010118029.01", "10118029-1"), ("100001001.10", "100001001-10"), ("A-07", "A-07"), ("000.00", "0-0")]
        {
            assert_eq!(label(code), expected);
        }
        assert_eq!(number_in_place("010118029.01"), Some(1));
        assert_eq!(number_in_place("77123"), None);
    }
}
