//! Every reading of one contest, in columns.
//!
//! A reading is one row of cells: the votes, then the other ballots, then the three totals that the source may state.
//! Readings of one station form a chain through `next`, newest first, so that looking at a station touches only its own.

use crate::cell::Cell;
use crate::definition::Contest;
use crate::entry::{Detail, Numbers, Reader};
use crate::geography::StationIndex;
use crate::identifier::{DocumentHash, EntryIndex};

/// A reading's place in its contest's [`ReadingTable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReadingIndex(pub(crate) u32);

impl ReadingIndex {
    fn at(self) -> usize {
        self.0 as usize
    }
}

pub(crate) const NONE: u32 = u32::MAX;

/// Three totals follow the votes and the other ballots in a row.
const STATED: usize = 3;

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ReadingTable {
    entry: Vec<u32>,
    /// Where it belongs now.
    station: Vec<u32>,
    /// What it says itself; differs where a ruling moved its sheet.
    own_station: std::collections::BTreeMap<u32, u32>,
    reader: Vec<u32>,
    /// The sheet's place in the sheet table, or the line of the results file.
    of: Vec<u32>,
    detail: Vec<Detail>,
    superseded: Vec<bool>,
    start: Vec<u32>,
    next: Vec<u32>,
    cells: Vec<u32>,
    first_of_station: Vec<u32>,
}

/// Everybody who ever read something, so that a reading names its reader in four bytes.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Readers(Vec<Reader>);

impl Readers {
    pub fn intern(&mut self, reader: &Reader) -> Option<u32> {
        let known = self.0.iter().position(|one| one == reader);
        let at = known.unwrap_or_else(|| {
            self.0.push(reader.clone());
            self.0.len() - 1
        });
        u32::try_from(at).ok()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Reader> {
        self.0.iter()
    }

    pub fn get(&self, index: u32) -> &Reader {
        // Indices come from `intern` alone.
        &self.0[index as usize]
    }
}

/// One reading, seen with the contest it belongs to.
#[derive(Clone, Copy)]
pub struct ReadingView<'a> {
    pub(crate) index: ReadingIndex,
    contest: &'a Contest,
    readers: &'a Readers,
    table: &'a ReadingTable,
}

impl ReadingTable {
    /// Adds a reading whose numbers fit the contest. `None` when the table is full.
    pub fn push(
        &mut self,
        contest: &Contest,
        numbers: &Numbers,
        entry: u32,
        station: StationIndex,
        reader: u32,
        of: u32,
    ) -> Option<ReadingIndex> {
        let index = ReadingIndex(u32::try_from(self.entry.len()).ok().filter(|index| *index != NONE)?);
        let start = u32::try_from(self.cells.len()).ok()?;
        self.cells.extend(numbers.votes.iter().map(|cell| cell.pack()));
        for other in &contest.others {
            self.cells.push(numbers.other.get(&other.id).copied().unwrap_or(Cell::Absent).pack());
        }
        let stated = &numbers.stated;
        self.cells.extend([stated.valid, stated.cast, stated.registered].map(|cell| cell.unwrap_or(Cell::Absent).pack()));
        self.entry.push(entry);
        self.station.push(station.0);
        self.reader.push(reader);
        self.of.push(of);
        self.detail.push(numbers.detail);
        self.superseded.push(false);
        self.start.push(start);
        self.next.push(NONE);
        self.link(index, station);
        Some(index)
    }

    /// Takes the reading out of its station's chain and puts it into another's.
    pub fn move_to(&mut self, reading: ReadingIndex, station: StationIndex) {
        let from = self.station[reading.at()] as usize;
        let after = self.next[reading.at()];
        if self.first_of_station[from] == reading.0 {
            self.first_of_station[from] = after;
        } else {
            let mut at = self.first_of_station[from];
            while at != NONE {
                let next = self.next[at as usize];
                if next == reading.0 {
                    self.next[at as usize] = after;
                }
                at = next;
            }
        }
        let own = self.own_station.get(&reading.0).copied().unwrap_or(self.station[reading.at()]);
        if own == station.0 {
            self.own_station.remove(&reading.0);
        } else {
            self.own_station.insert(reading.0, own);
        }
        self.station[reading.at()] = station.0;
        self.link(reading, station);
    }

    /// The station that the reading itself names.
    pub fn own_station(&self, reading: ReadingIndex) -> StationIndex {
        StationIndex(self.own_station.get(&reading.0).copied().unwrap_or(self.station[reading.at()]))
    }

    /// The readings of one sheet. Looks through all of them: only rulings on sheets ask this.
    pub fn of_sheet(&self, sheet: u32, contest: &Contest, readers: &Readers) -> Vec<ReadingIndex> {
        let all = (0..u32::try_from(self.of.len()).unwrap_or(u32::MAX)).map(ReadingIndex);
        all.filter(|index| self.view(*index, contest, readers).sheet_place() == Some(sheet)).collect()
    }

    fn link(&mut self, reading: ReadingIndex, station: StationIndex) {
        if self.first_of_station.len() <= station.at() {
            self.first_of_station.resize(station.at() + 1, NONE);
        }
        self.next[reading.at()] = self.first_of_station[station.at()];
        self.first_of_station[station.at()] = reading.0;
    }

    pub fn supersede(&mut self, reading: ReadingIndex) {
        self.superseded[reading.at()] = true;
    }

    /// The reading's station, as it stands now.
    pub fn station(&self, reading: ReadingIndex) -> StationIndex {
        StationIndex(self.station[reading.at()])
    }

    /// The reading that this entry made. Entries come in order, so a search by halves finds it.
    pub fn by_entry(&self, entry: u32) -> Option<ReadingIndex> {
        let at = self.entry.binary_search(&entry).ok()?;
        u32::try_from(at).ok().map(ReadingIndex)
    }

    pub fn len(&self) -> usize {
        self.entry.len()
    }

    pub fn view<'a>(&'a self, index: ReadingIndex, contest: &'a Contest, readers: &'a Readers) -> ReadingView<'a> {
        ReadingView { index, contest, readers, table: self }
    }

    /// The readings of one station that nothing superseded, newest first.
    pub fn of_station<'a>(
        &'a self,
        station: StationIndex,
        contest: &'a Contest,
        readers: &'a Readers,
    ) -> impl Iterator<Item = ReadingView<'a>> {
        self.ever_of_station(station, contest, readers).filter(|view| !view.superseded())
    }

    /// All readings of one station, newest first.
    pub fn ever_of_station<'a>(
        &'a self,
        station: StationIndex,
        contest: &'a Contest,
        readers: &'a Readers,
    ) -> impl Iterator<Item = ReadingView<'a>> {
        let first = self.first_of_station.get(station.at()).copied().filter(|first| *first != NONE);
        std::iter::successors(first, |at| Some(self.next[*at as usize]).filter(|next| *next != NONE))
            .map(|at| self.view(ReadingIndex(at), contest, readers))
    }

    pub fn heap_bytes(&self) -> usize {
        4 * (self.entry.capacity()
            + self.station.capacity()
            + self.reader.capacity()
            + self.of.capacity()
            + self.start.capacity()
            + self.next.capacity()
            + self.cells.capacity()
            + self.first_of_station.capacity())
            + self.detail.capacity()
            + self.superseded.capacity()
    }
}

impl<'a> ReadingView<'a> {
    /// The ledger entry that holds the reading.
    #[must_use]
    pub fn entry(&self) -> EntryIndex {
        EntryIndex(u64::from(self.table.entry[self.index.at()]))
    }

    /// Who read it.
    #[must_use]
    pub fn reader(&self) -> &'a Reader {
        self.readers.get(self.table.reader[self.index.at()])
    }

    /// The results file it comes from, if it does.
    #[must_use]
    pub fn published(&self) -> Option<DocumentHash> {
        match self.reader() {
            Reader::Published(hash) => Some(*hash),
            _ => None,
        }
    }

    pub(crate) fn of_number(&self) -> u32 {
        self.table.of[self.index.at()]
    }

    /// The line of the results file, for published readings.
    #[must_use]
    pub fn row(&self) -> Option<u64> {
        self.published().map(|_| u64::from(self.of_number()))
    }

    /// The place of its sheet in the sheet table, for readings of sheets.
    pub(crate) fn sheet_place(&self) -> Option<u32> {
        match self.reader() {
            Reader::Published(_) => None,
            _ => Some(self.of_number()),
        }
    }

    /// What its votes count.
    #[must_use]
    pub fn detail(&self) -> Detail {
        self.table.detail[self.index.at()]
    }

    /// Whether a later reading took its place.
    #[must_use]
    pub fn superseded(&self) -> bool {
        self.table.superseded[self.index.at()]
    }

    /// The station it belongs to now.
    #[must_use]
    pub fn station(&self) -> StationIndex {
        self.table.station(self.index)
    }

    fn cell(&self, at: usize) -> Cell {
        Cell::unpack(self.table.cells[self.table.start[self.index.at()] as usize + at])
    }

    fn lines(&self) -> usize {
        match self.detail() {
            Detail::Candidate => self.contest.candidates.len(),
            Detail::Selection => self.contest.selections.len(),
        }
    }

    /// The votes as they were given, one for each candidate or each line of the ballot.
    pub fn votes(&self) -> impl Iterator<Item = Cell> + use<'a> {
        let view = *self;
        (0..view.lines()).map(move |at| view.cell(at))
    }

    /// The votes of a line of the ballot; absent where only candidates were given.
    #[must_use]
    pub fn selection(&self, at: usize) -> Cell {
        match self.detail() {
            Detail::Selection if at < self.lines() => self.cell(at),
            _ => Cell::Absent,
        }
    }

    /// The votes of a candidate, added up over the lines where those were given.
    #[must_use]
    pub fn candidate(&self, candidate: usize) -> Cell {
        match self.detail() {
            Detail::Candidate => self.cell(candidate),
            Detail::Selection => {
                let lines = self.contest.selections.iter().enumerate();
                Cell::sum(lines.filter(|(_, line)| line.candidate == candidate).map(|(at, _)| self.cell(at)))
            }
        }
    }

    /// The ballots of one kind that are for no candidate.
    #[must_use]
    pub fn other(&self, at: usize) -> Cell {
        self.cell(self.lines() + at)
    }

    /// Valid votes as stated.
    #[must_use]
    pub fn stated_valid(&self) -> Cell {
        self.stated(0)
    }

    /// Ballots cast as stated.
    #[must_use]
    pub fn stated_cast(&self) -> Cell {
        self.stated(1)
    }

    /// Registered voters as stated.
    #[must_use]
    pub fn stated_registered(&self) -> Cell {
        self.stated(2)
    }

    fn stated(&self, at: usize) -> Cell {
        debug_assert!(at < STATED);
        self.cell(self.lines() + self.contest.others.len() + at)
    }

    /// All votes for candidates: a value only where every cell is one.
    #[must_use]
    pub fn valid(&self) -> Cell {
        Cell::sum(self.votes())
    }

    /// Whether two readings contradict each other, on the coarser of their levels.
    #[must_use]
    pub fn differs_from(&self, other: &ReadingView<'_>) -> bool {
        let votes = if self.detail() == Detail::Selection && other.detail() == Detail::Selection {
            self.votes().zip(other.votes()).any(|(one, two)| one.contradicts(two))
        } else {
            (0..self.contest.candidates.len()).any(|at| self.candidate(at).contradicts(other.candidate(at)))
        };
        votes
            || (0..self.contest.others.len()).any(|at| self.other(at).contradicts(other.other(at)))
            || self.stated_valid_or_sum().contradicts(other.stated_valid_or_sum())
            || self.stated_cast().contradicts(other.stated_cast())
    }

    /// Whether numbers that are not in the ledger yet would contradict this reading.
    #[must_use]
    pub fn differs_from_numbers(&self, numbers: &Numbers) -> bool {
        let (mut table, readers) = (ReadingTable::default(), Readers::default());
        let pushed = table.push(self.contest, numbers, 0, StationIndex(0), 0, 0);
        pushed.is_none_or(|index| self.differs_from(&table.view(index, self.contest, &readers)))
    }

    /// A stated total that is absent on one side is compared with the sum of the other side's lines.
    fn stated_valid_or_sum(&self) -> Cell {
        match self.stated_valid() {
            Cell::Absent => self.valid(),
            stated => stated,
        }
    }

    /// The numbers in full.
    pub(crate) fn row_cells(&self) -> &'a [u32] {
        let start = self.table.start[self.index.at()] as usize;
        &self.table.cells[start..start + self.lines() + self.contest.others.len() + STATED]
    }
}
