//! Every reading of one contest, in columns.
//!
//! A reading is one row of cells: the votes, then the other ballots, then the three totals that the source may state.
//! Readings of one station form a chain through `next`, newest first, so that looking at a station touches only its own;
//! the chains follow from the column of stations alone.

use crate::cell::Cell;
use crate::columns::{ColumnReader, ColumnWriter, Damaged};
use crate::definition::Contest;
use crate::entry::{Detail, Numbers, Reader};
use crate::geography::StationIndex;
use crate::identifier::{DocumentHash, EntryIndex};
use crate::rows::{Row, Rows, Width};

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
    rows: Rows,
    next: Vec<u32>,
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
    /// An empty table with room for one reading of each of so many stations.
    pub fn with_room(stations: usize, contest: &Contest) -> Self {
        let column = || Vec::with_capacity(stations);
        let lines = contest.selections.len().max(contest.candidates.len());
        Self {
            entry: column(),
            station: column(),
            own_station: std::collections::BTreeMap::new(),
            reader: column(),
            of: column(),
            detail: Vec::with_capacity(stations),
            superseded: Vec::with_capacity(stations),
            rows: Rows::with_room(stations, lines + contest.others.len() + STATED),
            next: column(),
            first_of_station: vec![NONE; stations],
        }
    }

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
        let votes = numbers.votes.iter().copied();
        let others = contest.others.iter().map(|other| numbers.other.get(&other.id).copied().unwrap_or(Cell::Absent));
        let stated = [numbers.stated.valid, numbers.stated.cast, numbers.stated.registered];
        self.rows.push(votes.chain(others).chain(stated.into_iter().map(|cell| cell.unwrap_or(Cell::Absent))))?;
        self.entry.push(entry);
        self.station.push(station.0);
        self.reader.push(reader);
        self.of.push(of);
        self.detail.push(numbers.detail);
        self.superseded.push(false);
        self.next.push(NONE);
        self.link(index, station);
        Some(index)
    }

    /// Makes room for stations that were added.
    pub fn grow(&mut self, stations: usize) {
        self.first_of_station.resize(stations.max(self.first_of_station.len()), NONE);
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

    /// The station of the last reading that came in; none before the first.
    pub fn last_station(&self) -> StationIndex {
        self.station.last().map_or(StationIndex(NONE), |station| StationIndex(*station))
    }

    /// The station that the reading itself names.
    pub fn own_station(&self, reading: ReadingIndex) -> StationIndex {
        StationIndex(self.own_station.get(&reading.0).copied().unwrap_or(self.station[reading.at()]))
    }

    /// The readings of one sheet. Looks through all of them: only rulings on sheets ask this.
    pub fn of_sheet(&self, sheet: u32, contest: &Contest, readers: &Readers) -> Vec<ReadingIndex> {
        let all = (0..).map(ReadingIndex).zip(&self.of).filter(|(_, of)| **of == sheet).map(|(index, _)| index);
        all.filter(|index| self.view(*index, contest, readers).sheet_place() == Some(sheet)).collect()
    }

    fn link(&mut self, reading: ReadingIndex, station: StationIndex) {
        self.grow(station.at() + 1);
        let mut newer = None;
        let mut older = self.first_of_station[station.at()];
        while older != NONE && older > reading.0 {
            newer = Some(older);
            older = self.next[older as usize];
        }
        self.next[reading.at()] = older;
        match newer {
            Some(newer) => self.next[newer as usize] = reading.0,
            None => self.first_of_station[station.at()] = reading.0,
        }
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
            + self.next.capacity()
            + self.first_of_station.capacity())
            + self.detail.capacity()
            + self.superseded.capacity()
            + self.rows.heap_bytes()
    }
}

/// How far the numbers in a table of readings may go.
pub(crate) struct Known<'a> {
    /// Entries of the ledger.
    pub size: u64,
    pub stations: usize,
    pub sheets: usize,
    pub readers: &'a Readers,
}

/// Bits beside the width in a snapshot's byte for each reading.
const OF_SELECTIONS: u8 = 8;
const SUPERSEDED: u8 = 16;

/// For snapshots.
impl ReadingTable {
    pub fn write(&self, part: &mut ColumnWriter) {
        part.count(self.len());
        for column in [&self.entry, &self.station, &self.reader, &self.of] {
            part.column(column.iter().copied());
        }
        part.count(self.own_station.len());
        for (reading, station) in &self.own_station {
            part.number(*reading);
            part.number(*station);
        }
        for ((width, detail), superseded) in self.rows.widths().iter().zip(&self.detail).zip(&self.superseded) {
            let detail = if *detail == Detail::Selection { OF_SELECTIONS } else { 0 };
            part.bytes(&[width.number() | detail | if *superseded { SUPERSEDED } else { 0 }]);
        }
    }

    /// All cells, for [`ReadingTable::take_cells`].
    pub fn cells(&self) -> &[u8] {
        self.rows.bytes()
    }

    /// A table to which so many bytes of cells belong, still without them: they are too many to be copied, or to wait for.
    pub fn read(
        mut part: ColumnReader<'_>,
        cells: usize,
        contest: &Contest,
        known: &Known<'_>,
    ) -> Result<Self, Damaged> {
        let length = part.count(1)?;
        let entry = part.column(length)?;
        let station = part.column(length)?;
        let reader = part.column(length)?;
        let of = part.column(length)?;
        let within = |index: u32, bound: usize| (index as usize) < bound;
        part.check(entry.is_sorted_by(|one, other| one < other))?;
        part.check(entry.last().is_none_or(|last| u64::from(*last) < known.size))?;
        part.check(station.iter().all(|station| within(*station, known.stations)))?;
        let is_published: Vec<bool> = known.readers.iter().map(|one| matches!(one, Reader::Published(_))).collect();
        part.check(reader.iter().zip(&of).all(|(reader, of)| match is_published.get(*reader as usize) {
            Some(published) => *published || within(*of, known.sheets),
            None => false,
        }))?;
        let mut own_station = std::collections::BTreeMap::new();
        for _ in 0..part.count(2)? {
            let (reading, station) = (part.small()?, part.small()?);
            part.check(within(reading, length) && within(station, known.stations))?;
            own_station.insert(reading, station);
        }
        let flags = part.bytes(length)?;
        part.check(flags.iter().all(|flags| Width::from_number(flags & !(OF_SELECTIONS | SUPERSEDED)).is_some()))?;
        part.end()?;
        let detail = |flags: u8| if flags & OF_SELECTIONS == 0 { Detail::Candidate } else { Detail::Selection };
        let widths = flags.iter().map(|flags| {
            let width = Width::from_number(flags & !(OF_SELECTIONS | SUPERSEDED)).unwrap_or(Width::Four);
            (width, cells_of(contest, detail(*flags)))
        });
        let rows = Rows::of_parts(widths, cells).ok_or_else(|| part.damaged())?;
        let mut first_of_station = vec![NONE; known.stations];
        let mut next = Vec::with_capacity(length);
        for (reading, station) in (0..).zip(&station) {
            next.push(std::mem::replace(&mut first_of_station[*station as usize], reading));
        }
        Ok(Self {
            entry,
            station,
            own_station,
            reader,
            of,
            detail: flags.iter().map(|flags| detail(*flags)).collect(),
            superseded: flags.iter().map(|flags| flags & SUPERSEDED != 0).collect(),
            rows,
            next,
            first_of_station,
        })
    }

    /// `None` where they are not as many as [`ReadingTable::read`] was told.
    pub fn take_cells(&mut self, cells: Vec<u8>) -> Option<()> {
        self.rows.take_bytes(cells)
    }
}

/// For snapshots.
impl Readers {
    pub fn write(&self, part: &mut ColumnWriter) {
        part.count(self.0.len());
        self.0.iter().for_each(|reader| part.text(&reader.to_string()));
    }

    pub fn read(mut part: ColumnReader<'_>) -> Result<Self, Damaged> {
        let mut readers = Vec::new();
        for _ in 0..part.count(1)? {
            readers.push(part.text()?.parse().map_err(|_| part.damaged())?);
        }
        part.end()?;
        Ok(Self(readers))
    }
}

fn cells_of(contest: &Contest, detail: Detail) -> usize {
    lines_of(contest, detail) + contest.others.len() + STATED
}

fn lines_of(contest: &Contest, detail: Detail) -> usize {
    match detail {
        Detail::Candidate => contest.candidates.len(),
        Detail::Selection => contest.selections.len(),
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

    pub(crate) fn contest(&self) -> &'a Contest {
        self.contest
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
        self.row_cells().cell(at)
    }

    fn lines(&self) -> usize {
        lines_of(self.contest, self.detail())
    }

    /// The votes as they were given, one for each candidate or each line of the ballot.
    pub fn votes(&self) -> impl Iterator<Item = Cell> + use<'a> {
        let row = self.row_cells();
        (0..self.lines()).map(move |at| row.cell(at))
    }

    /// Adds the votes to sums of all candidates and other ballots; a place without a number adds nothing. Gives whether
    /// every vote is a number; `None` on overflow.
    pub(crate) fn add_votes(&self, sums: &mut [u64]) -> Option<bool> {
        let lines = self.lines();
        let row = self.row_cells();
        let (candidates, others) = sums.split_at_mut_checked(self.contest.candidates.len())?;
        let mut complete = true;
        let mut add = |candidate: usize, number: Option<u32>| {
            complete &= number.is_some();
            let sum = candidates.get_mut(candidate)?;
            *sum = sum.checked_add(u64::from(number.unwrap_or(0)))?;
            Some(())
        };
        match self.detail() {
            Detail::Candidate => row.try_each_number(lines, add)?,
            Detail::Selection => {
                row.try_each_number(lines, |at, number| add(self.contest.selections.get(at)?.candidate, number))?;
            }
        }
        for (at, sum) in others.iter_mut().enumerate() {
            *sum = sum.checked_add(row.cell(lines + at).value().map_or(0, u64::from))?;
        }
        Some(complete)
    }

    /// The candidate for whom a vote of [`ReadingView::votes`] counts.
    pub(crate) fn candidate_of(&self, vote: usize) -> usize {
        match self.detail() {
            Detail::Candidate => vote,
            Detail::Selection => self.contest.selections[vote].candidate,
        }
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
            (0..self.contest.candidates.len()).any(|at| self.stated_votes(at).contradicts(other.stated_votes(at)))
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
            Cell::Absent if self.votes().any(|cell| cell == Cell::Absent) => Cell::Absent,
            Cell::Absent => self.valid(),
            stated => stated,
        }
    }

    /// The votes of a candidate, where the reading says something about each of the candidate's lines.
    fn stated_votes(&self, candidate: usize) -> Cell {
        let lines = self.contest.selections.iter().enumerate().filter(|(_, line)| line.candidate == candidate);
        if self.detail() == Detail::Selection && lines.map(|(at, _)| self.cell(at)).any(|cell| cell == Cell::Absent) {
            Cell::Absent
        } else {
            self.candidate(candidate)
        }
    }

    /// The numbers in full.
    pub(crate) fn row_cells(&self) -> Row<'a> {
        self.table.rows.row(self.index.at())
    }
}
