//! What can be read off a count: everything that pages, downloads and verifiers say comes from here.

use super::Count;
use crate::audits::{AuditList, AuditRecord};
use crate::check::{self, Finding};
use crate::definition::Definition;
use crate::entry::{ElectionEntry, Reader, RulingEntry, SourceClass};
use crate::geography::{Geography, StationIndex, UnitIndex};
use crate::identifier::{DocumentHash, EntryIndex, KeyName};
use crate::ledger_facts::{Anchor, RecoveryKey, Rotation};
use crate::officials::OfficialView;
use crate::pack::Pack;
use crate::readings::ReadingView;
use crate::refusal::Refusal;
use crate::rule::{StationState, Status};
use crate::rulings::{Effect, Subject};
use crate::sheets::{Intake, PageView, SheetIndex, SheetState};
use crate::totals::UnitTotals;

impl Count {
    /// How many entries went in.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The election.
    #[must_use]
    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// The pack.
    #[must_use]
    pub fn pack(&self) -> &Pack {
        &self.pack
    }

    /// Entry 0.
    #[must_use]
    pub fn election(&self) -> &ElectionEntry {
        &self.election
    }

    /// The bytes of entry 0, which every ruling's signature covers.
    #[must_use]
    pub fn entry_zero(&self) -> &[u8] {
        &self.entry_zero
    }

    /// Units and stations.
    #[must_use]
    pub fn geography(&self) -> &Geography {
        &self.geography
    }

    /// Whether some of the register was made from results, so that it cannot show what is missing.
    #[must_use]
    pub fn register_from_results(&self) -> bool {
        self.register_from_results
    }

    /// Entries without effect, with the reason.
    #[must_use]
    pub fn refusals(&self) -> &[(EntryIndex, Refusal)] {
        &self.refusals
    }

    /// The key that alone may replace the ledger's, if there is one.
    #[must_use]
    pub fn recovery_key(&self) -> Option<RecoveryKey> {
        self.ledger.recovery()
    }

    /// Replacements of the ledger's key, in order.
    #[must_use]
    pub fn rotations(&self) -> &[Rotation] {
        self.ledger.rotations()
    }

    /// Stamps over earlier heads, in order.
    #[must_use]
    pub fn anchors(&self) -> &[Anchor] {
        self.ledger.anchors()
    }

    /// Names and public keys of the adjudicators who may sign rulings now.
    pub fn adjudicators(&self) -> impl Iterator<Item = (&KeyName, [u8; 32])> {
        self.rulings.keys().map(|(name, key)| (name, key.to_bytes()))
    }

    /// The state of a contest (position in the election file) at a station.
    #[must_use]
    pub fn status(&self, contest: usize, station: StationIndex) -> Status {
        self.contests[contest].status[station.at()]
    }

    /// What a unit's stations add up to, apart from the votes.
    #[must_use]
    pub fn unit_totals(&self, contest: usize, unit: UnitIndex) -> &UnitTotals {
        &self.contests[contest].units[unit.at()]
    }

    /// The votes of a unit: one number for each candidate, then one for each kind of other ballots.
    #[must_use]
    pub fn unit_votes(&self, contest: usize, unit: UnitIndex) -> (&[u64], &[u64]) {
        let row = self.contests[contest].votes.row(unit.at());
        row.split_at(self.definition.contests[contest].candidates.len())
    }

    /// The votes that a station adds to the units above it: candidates, then other ballots; all 0 while nothing counts.
    #[must_use]
    pub fn station_votes(&self, contest: usize, station: StationIndex) -> (Vec<u64>, Vec<u64>) {
        let definition = &self.definition.contests[contest];
        let mut votes = vec![0; definition.candidates.len() + definition.others.len()];
        if let Some(reading) = self.counted_reading(contest, station) {
            // From 0, the numbers of one sheet do not overflow: a row has fewer than 8,000 of them.
            let _ = reading.add_votes(&mut votes);
        }
        let others = votes.split_off(definition.candidates.len());
        (votes, others)
    }

    /// The reading whose numbers count.
    #[must_use]
    pub fn counted_reading(&self, contest: usize, station: StationIndex) -> Option<ReadingView<'_>> {
        Some(self.reading_view(contest, self.status(contest, station).counted?))
    }

    /// All readings of a station that nothing superseded, oldest first; those of rejected sheets too.
    #[must_use]
    pub fn readings(&self, contest: usize, station: StationIndex) -> Vec<ReadingView<'_>> {
        let definition = &self.definition.contests[contest];
        let table = &self.contests[contest].readings;
        let mut readings: Vec<_> = table.of_station(station, definition, &self.readers).collect();
        readings.sort_by_key(ReadingView::entry);
        readings
    }

    /// All readings that ever belonged to a station, oldest first: superseded ones and those of rejected sheets too.
    #[must_use]
    pub fn readings_ever(&self, contest: usize, station: StationIndex) -> Vec<ReadingView<'_>> {
        let definition = &self.definition.contests[contest];
        let table = &self.contests[contest].readings;
        let mut readings: Vec<_> = table.ever_of_station(station, definition, &self.readers).collect();
        readings.sort_by_key(ReadingView::entry);
        readings
    }

    /// The results files that readings come from, each once.
    pub fn results_files(&self) -> impl Iterator<Item = DocumentHash> {
        self.readers.iter().filter_map(|reader| match reader {
            Reader::Published(file) => Some(*file),
            _ => None,
        })
    }

    /// Every proclaimed figure, oldest first; superseded ones too.
    pub fn officials(&self) -> impl DoubleEndedIterator<Item = OfficialView<'_>> {
        self.officials.all()
    }

    /// Lists that audits draw from, oldest first.
    pub fn audit_lists(&self) -> impl DoubleEndedIterator<Item = AuditList<'_>> {
        self.audits.lists()
    }

    /// What people found in audits, oldest first; corrected records too.
    pub fn audit_records(&self) -> impl DoubleEndedIterator<Item = AuditRecord<'_>> {
        self.audits.records()
    }

    /// Every ruling that was ever taken on a station's result, oldest first.
    #[must_use]
    pub fn station_rulings(&self, station: StationIndex) -> Vec<RulingView<'_>> {
        let contests = 0..self.contests.len();
        let mut rulings: Vec<RulingView<'_>> =
            contests.flat_map(|contest| self.history_of(Subject::Result { contest, station }, Some(contest))).collect();
        rulings.sort_by_key(|ruling| ruling.entry);
        rulings
    }

    /// Every ruling that was ever taken on a sheet's place or picture, oldest first.
    #[must_use]
    pub fn sheet_rulings(&self, sheet: SheetIndex) -> Vec<RulingView<'_>> {
        let place = self.history_of(Subject::Place(sheet), None);
        let mut rulings: Vec<RulingView<'_>> = place.chain(self.history_of(Subject::Picture(sheet), None)).collect();
        rulings.sort_by_key(|ruling| ruling.entry);
        rulings
    }

    fn history_of(&self, subject: Subject, contest: Option<usize>) -> impl Iterator<Item = RulingView<'_>> {
        self.rulings.history(subject).map(move |(entry, ruling, in_force)| RulingView {
            entry: EntryIndex(u64::from(entry)),
            ruling,
            contest,
            in_force,
        })
    }

    /// How many readings with numbers there are in a contest, superseded ones included.
    #[must_use]
    pub fn reading_count(&self, contest: usize) -> usize {
        self.contests[contest].readings.len()
    }

    /// The rules that a reading does not satisfy, worst first.
    #[must_use]
    pub fn findings(&self, contest: usize, reading: ReadingView<'_>) -> Vec<Finding> {
        debug_assert_eq!(reading.contest().id, self.definition.contests[contest].id);
        check::findings(reading, &self.pack, self.geography.registered(reading.station())).collect()
    }

    /// All sheets, in order of arrival.
    pub fn sheets(&self) -> impl Iterator<Item = SheetIndex> {
        self.sheets.indices()
    }

    /// What became of reading a sheet.
    #[must_use]
    pub fn sheet_state(&self, sheet: SheetIndex) -> SheetState {
        self.sheets.state(sheet)
    }

    /// How many sheets there are.
    #[must_use]
    pub fn sheet_count(&self) -> usize {
        self.sheets.len()
    }

    /// The batches in which pictures arrived, in order.
    pub fn intakes(&self) -> impl Iterator<Item = (EntryIndex, &Intake)> {
        self.intakes.iter().map(|(index, intake)| (EntryIndex(*index), intake))
    }

    /// The last entry that changed a mask: another one when any page shows another picture than before.
    #[must_use]
    pub fn last_mask(&self) -> Option<EntryIndex> {
        self.sheets.last_mask()
    }

    /// The sheet of this entry.
    #[must_use]
    pub fn sheet_by_entry(&self, entry: EntryIndex) -> Option<SheetIndex> {
        self.sheets.by_entry(entry)
    }

    /// The sheet that a reading is of; `None` for readings of results files.
    #[must_use]
    pub fn sheet_of(&self, reading: ReadingView<'_>) -> Option<SheetIndex> {
        reading.sheet_place().map(SheetIndex)
    }

    /// The sheets of a station: those its readings come from and those a ruling moved there.
    #[must_use]
    pub fn sheets_of_station(&self, station: StationIndex) -> Vec<SheetIndex> {
        let mut sheets: Vec<SheetIndex> = self.sheets.moved_here(station).collect();
        for contest in 0..self.contests.len() {
            sheets.extend(self.readings(contest, station).into_iter().filter_map(|reading| self.sheet_of(reading)));
        }
        sheets.sort_unstable();
        sheets.dedup();
        sheets
    }

    /// Everything about one sheet.
    #[must_use]
    pub fn sheet_view(&self, sheet: SheetIndex) -> SheetView<'_> {
        SheetView {
            entry: self.sheets.entry(sheet),
            source: self.sheets.source(sheet),
            state: self.sheets.state(sheet),
            failure: self.sheets.failure(sheet),
            moved_to: self.sheets.moved_to(sheet),
            rejected: self.rulings.effect(Subject::Place(sheet)) == Some(Effect::Reject),
            withheld: !self.rulings.heads(Subject::Picture(sheet)).is_empty(),
            pages: self.sheets.pages(sheet).collect(),
        }
    }

    /// Stations in a state, in order of their id. Those not in the register come too where they are held.
    #[must_use]
    pub fn stations_in(&self, contest: usize, state: StationState) -> Vec<StationIndex> {
        let status = &self.contests[contest].status;
        let named =
            |station: &StationIndex| state != StationState::Awaited || self.geography.station_unit(*station).is_some();
        let mut found: Vec<StationIndex> =
            self.geography.stations().filter(|station| status[station.at()].state == state).filter(named).collect();
        found.sort_by(|one, other| self.geography.station_id(*one).cmp(self.geography.station_id(*other)));
        found
    }

    /// Bytes held on the heap, for the figure of memory per station.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let contests = self.contests.iter().map(|count| {
            count.readings.heap_bytes()
                + count.status.capacity() * size_of::<Status>()
                + count.units.capacity() * size_of::<UnitTotals>()
                + count.votes.heap_bytes()
        });
        self.geography.heap_bytes() + self.sheets.heap_bytes() + contests.sum::<usize>()
    }
}

/// Everything public about one sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetView<'a> {
    /// Its `sheet` entry.
    pub entry: EntryIndex,
    /// Where it came from.
    pub source: SourceClass,
    /// What became of reading it.
    pub state: SheetState,
    /// The stable code of the last failure to read it.
    pub failure: Option<&'a str>,
    /// Where a ruling moved it.
    pub moved_to: Option<StationIndex>,
    /// A ruling rejected it.
    pub rejected: bool,
    /// A ruling withholds its picture.
    pub withheld: bool,
    /// Its published pictures.
    pub pages: Vec<PageView<'a>>,
}

/// A ruling that took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RulingView<'a> {
    /// Its entry.
    pub entry: EntryIndex,
    /// What was decided, why, and by whom.
    pub ruling: &'a RulingEntry,
    /// The contest it is about, for rulings on a station's result.
    pub contest: Option<usize>,
    /// Whether nothing has superseded it.
    pub in_force: bool,
}
