//! The fold: entry after entry into the [`Count`].
//!
//! Every entry changes the evidence about a few stations; each of those is then decided anew by the counting rule, and
//! only the difference travels up to the units above it.

mod batch;
mod decide;
mod difference;
mod recount;
mod ruling;
pub mod snapshot;
mod spread;
mod view;

use std::borrow::Cow;

use crate::audits::Audits;
use crate::definition::{Contest, Definition};
use crate::entry::{
    Detail, ElectionEntry, Entry, EntryError, KeyChange, KeyChangeEntry, MaskEntry, Numbers, Outcome, Reading,
    ReadingOf, RegisterEntry, RegisterOrigin, SheetEntry,
};
use crate::geography::{Geography, GeographyError};
use crate::identifier::{DocumentHash, EntryIndex};
use crate::ledger_facts::LedgerFacts;
use crate::officials::Officials;
use crate::pack::Pack;
use crate::readings::{Readers, ReadingIndex, ReadingTable};
use crate::refusal::{Expected, Misplaced, Refusal};
use crate::register::{RegisterRow, read_register};
use crate::rule::Status;
use crate::rulings::Rulings;
use crate::sheets::{Intake, NotMasked, Pictures, SheetIndex, SheetTable};
use crate::source::SourceError;
use crate::totals::{UnitTotals, VoteTotals};

pub use self::view::{RulingView, SheetView};

/// Gives the fold the documents that entries name by their hash.
pub trait Documents {
    /// The bytes with this hash, if they are there. The fold hashes them again.
    fn document(&self, hash: &DocumentHash) -> Option<Cow<'_, [u8]>>;
}

impl Documents for std::collections::BTreeMap<DocumentHash, Vec<u8>> {
    fn document(&self, hash: &DocumentHash) -> Option<Cow<'_, [u8]>> {
        self.get(hash).map(|bytes| Cow::Borrowed(bytes.as_slice()))
    }
}

/// Why the fold cannot go on. Entries that are well-formed but wrong do not stop it: see [`Count::refusals`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// Bytes that are no entry.
    #[error("entry {index}: {error}")]
    Entry {
        /// Which one.
        index: EntryIndex,
        /// What is wrong.
        error: EntryError,
    },
    /// The ledger does not begin with an `election` entry.
    #[error("entry 0 is not an `election` entry")]
    NotAnElection,
    /// A document is not there.
    #[error("the {what} with hash {hash} is missing")]
    MissingDocument {
        /// What it is.
        what: &'static str,
        /// Its hash.
        hash: DocumentHash,
    },
    /// A document has other bytes than its hash says.
    #[error("the {what} with hash {hash} has other bytes: their hash is {found}")]
    AlteredDocument {
        /// What it is.
        what: &'static str,
        /// As the entry has it.
        hash: DocumentHash,
        /// Of the bytes.
        found: DocumentHash,
    },
    /// A document that cannot be read.
    #[error(transparent)]
    Document(#[from] SourceError),
    /// Sums or tables beyond what numbers can hold.
    #[error("entry {0}: a total or a table would overflow")]
    Overflow(EntryIndex),
}

/// The state of an election after some entries: everything that pages, downloads and verifiers say.
#[derive(Debug, Clone, PartialEq)]
pub struct Count {
    definition: Definition,
    pack: Pack,
    election: ElectionEntry,
    entry_zero: Vec<u8>,
    size: u64,
    register_from_results: bool,
    geography: Geography,
    readers: Readers,
    sheets: SheetTable,
    intakes: std::collections::BTreeMap<u64, Intake>,
    rulings: Rulings,
    officials: Officials,
    audits: Audits,
    ledger: LedgerFacts,
    contests: Vec<ContestCount>,
    refusals: Vec<(EntryIndex, Refusal)>,
}

#[derive(Debug, Clone, PartialEq)]
struct ContestCount {
    readings: ReadingTable,
    status: Vec<Status>,
    units: Vec<UnitTotals>,
    votes: VoteTotals,
}

impl Count {
    /// Begins with entry 0 and its documents.
    ///
    /// # Errors
    /// When entry 0 or a document is missing, altered or cannot be read.
    pub fn begin(entry_zero: &[u8], documents: &dyn Documents) -> Result<Self, FoldError> {
        let index = EntryIndex(0);
        let (election, definition, pack) = begin_documents(entry_zero, documents)?;
        let register = fetch(documents, "register", &election.register)?;
        let mut geography = Geography::default();
        read_register("register.csv", &register, &pack, |line, row| {
            geography.list(&row).map(|_| ()).map_err(|error| register_error("register.csv", line, &error))
        })?;
        let contests = definition
            .contests
            .iter()
            .map(|contest| ContestCount {
                readings: ReadingTable::with_room(geography.station_count(), contest),
                status: vec![Status::default(); geography.station_count()],
                units: vec![UnitTotals::default(); geography.unit_count()],
                votes: VoteTotals::new(contest.candidates.len() + contest.others.len(), geography.unit_count()),
            })
            .collect();
        let mut count = Self {
            definition,
            pack,
            register_from_results: election.register_origin == RegisterOrigin::Results,
            election,
            entry_zero: entry_zero.to_vec(),
            size: 1,
            geography,
            readers: Readers::default(),
            sheets: SheetTable::default(),
            intakes: std::collections::BTreeMap::new(),
            rulings: Rulings::default(),
            officials: Officials::default(),
            audits: Audits::default(),
            ledger: LedgerFacts::default(),
            contests,
            refusals: Vec::new(),
        };
        count.recount().ok_or(FoldError::Overflow(index))?;
        Ok(count)
    }

    /// Takes the next entry in.
    ///
    /// # Errors
    /// When the bytes are no entry, a document is missing, or a total would overflow. The count is unchanged then
    /// only in the first two cases; after an overflow it must be thrown away.
    pub fn append(&mut self, bytes: &[u8], documents: &dyn Documents) -> Result<(), FoldError> {
        let index = EntryIndex(self.size);
        let entry = Entry::parse(bytes).map_err(|error| FoldError::Entry { index, error })?;
        self.append_entry(entry, documents)
    }

    /// Takes the next entry in, parsed already.
    ///
    /// # Errors
    /// As [`Count::append`].
    pub fn append_entry(&mut self, entry: Entry, documents: &dyn Documents) -> Result<(), FoldError> {
        let index = EntryIndex(self.size);
        let short = u32::try_from(self.size).map_err(|_| FoldError::Overflow(index))?;
        let done = match entry {
            Entry::Election(_) => Err(Refusal::Misplaced(Misplaced::SecondElection).into()),
            Entry::Register(entry) => self.register(&entry, documents),
            Entry::Intake(entry) => {
                let (source, time) = (entry.source, entry.time);
                self.intake(Intake { source, time, pictures: Pictures::Originals(entry.commitments) })
            }
            Entry::PictureIntake(entry) => {
                let (source, time) = (entry.source, entry.time);
                self.intake(Intake { source, time, pictures: Pictures::WithPixels(entry.pictures) })
            }
            Entry::Sheet(entry) => self.sheet(short, &entry),
            Entry::Mask(entry) => self.mask(short, &entry),
            Entry::Reading(reading) => self.reading(short, &reading),
            Entry::Ruling(ruling) => self.ruling(short, &ruling),
            Entry::Key(key) => self.rulings.admit(&key).map_err(Stop::from),
            Entry::Official(entry) => {
                self.officials.take(self.size, *entry, &self.definition, &self.pack).map_err(Stop::from)
            }
            Entry::Audit(entry) => self.audits.take(self.size, entry, &self.definition).map_err(Stop::from),
            Entry::KeyChange(entry) => self.key_change(&entry).map_err(Stop::from),
            Entry::Anchor(entry) => self.ledger.anchor(self.size, &entry).map_err(Stop::from),
        };
        match done {
            Ok(()) => {}
            Err(Stop::Refused(refusal)) => self.refusals.push((index, refusal)),
            Err(Stop::Overflow) => return Err(FoldError::Overflow(index)),
            Err(Stop::Fold(error)) => return Err(error),
        }
        self.size += 1;
        Ok(())
    }

    fn register(&mut self, entry: &RegisterEntry, documents: &dyn Documents) -> Result<(), Stop> {
        let bytes = fetch(documents, "added register", &entry.document).map_err(Stop::Fold)?;
        let mut rows = Vec::new();
        read_register("register", &bytes, &self.pack, |_, row| {
            rows.push(row);
            Ok(())
        })
        .map_err(|error| Refusal::Register(error.to_string()))?;
        let is_listed = |geography: &Geography, row: &RegisterRow| {
            geography
                .find_station(row.station.as_str())
                .is_some_and(|station| geography.station_unit(station).is_some())
        };
        // On a copy first: a document with one wrong row must leave nothing behind.
        let mut trial = self.geography.clone();
        for row in &rows {
            if !is_listed(&trial, row) {
                trial.list(row)?;
            }
        }
        for row in rows {
            if is_listed(&self.geography, &row) {
                continue;
            }
            if let Some(station) = self.geography.find_station(row.station.as_str()) {
                let mut listed = Ok(station);
                self.change(station, |count| listed = count.geography.list(&row))?;
                listed?;
            } else {
                let station = self.geography.list(&row)?;
                self.admit_station(station)?;
            }
        }
        self.register_from_results |= entry.origin == RegisterOrigin::Results;
        Ok(())
    }

    fn key_change(&mut self, entry: &KeyChangeEntry) -> Result<(), Refusal> {
        match &entry.change {
            KeyChange::Recovery { public } => self.ledger.set_recovery(self.size, public),
            KeyChange::Revoke { name } => self.rulings.revoke(name),
            KeyChange::Rotate { .. } => self.ledger.rotate(self.size, entry, &self.entry_zero),
        }
    }

    fn sheet(&mut self, index: u32, entry: &SheetEntry) -> Result<(), Stop> {
        let dangling = Refusal::Dangling { index: entry.intake, expected: Expected::Intake };
        let intake = self.intakes.get(&entry.intake.0).ok_or(dangling)?;
        let mut pixels = Vec::with_capacity(entry.pages.len());
        for (page, picture) in entry.pages.iter().enumerate() {
            let refusal = Refusal::NotInIntake { page: page + 1, intake: entry.intake };
            pixels.push(intake.pixels(&picture.commitment).ok_or(refusal)?);
        }
        let refusal = Refusal::Misplaced(Misplaced::SheetWithoutPage);
        self.sheets.push(index, intake.source, &entry.pages, &pixels).ok_or(refusal)?;
        Ok(())
    }

    fn intake(&mut self, intake: Intake) -> Result<(), Stop> {
        self.intakes.insert(self.size, intake);
        Ok(())
    }

    fn mask(&mut self, index: u32, entry: &MaskEntry) -> Result<(), Stop> {
        let dangling = Refusal::Dangling { index: entry.sheet, expected: Expected::Sheet };
        let sheet = self.sheets.by_entry(entry.sheet).ok_or(dangling)?;
        let misplaced = |cause| match cause {
            NotMasked::NoSuchPage => Misplaced::MaskOfNoPage,
            NotMasked::BesideAnother => Misplaced::MaskBesideAnother,
        };
        self.sheets.remask(sheet, index, entry).map_err(|cause| Refusal::Misplaced(misplaced(cause)).into())
    }

    fn reading(&mut self, index: u32, reading: &Reading) -> Result<(), Stop> {
        let sheet = match reading.of {
            ReadingOf::Row(_) => None,
            ReadingOf::Sheet(entry) => {
                Some(self.sheets.by_entry(entry).ok_or(Refusal::Dangling { index: entry, expected: Expected::Sheet })?)
            }
        };
        match (&reading.outcome, sheet) {
            (Outcome::Failure(code), Some(sheet)) => {
                self.sheets.set_failure(sheet, code.as_str());
                match self.sheets.moved_to(sheet) {
                    Some(station) => self.change(station, |_| {}),
                    None => Ok(()),
                }
            }
            (Outcome::Failure(_), None) => Err(Refusal::Misplaced(Misplaced::UnreadableRow).into()),
            (Outcome::Numbers(numbers), _) => self.numbers(index, reading, numbers, sheet),
        }
    }

    fn numbers(
        &mut self,
        index: u32,
        reading: &Reading,
        numbers: &Numbers,
        sheet: Option<SheetIndex>,
    ) -> Result<(), Stop> {
        let (contest, definition) = self.definition.known_contest(&numbers.contest)?;
        fits(definition, numbers)?;
        let reader = self.readers.intern(&reading.reader).ok_or(Stop::Overflow)?;
        let of = match (reading.of, sheet) {
            (ReadingOf::Row(line), _) => u32::try_from(line).map_err(|_| Stop::Overflow)?,
            (_, Some(sheet)) => sheet.0,
            (ReadingOf::Sheet(_), None) => return Err(Stop::Overflow),
        };
        let own_station = self.mention(contest, &numbers.station)?;
        let station = sheet.and_then(|sheet| self.sheets.moved_to(sheet)).unwrap_or(own_station);
        // Whoever supersedes what is not the head of its chain takes nothing out: both stand, and dispute where they differ.
        let superseded = reading.prev.and_then(|prev| self.head_of_chain(contest, prev, reader, of));
        let old = superseded.map(|superseded| self.contests[contest].readings.station(superseded));
        if let (Some(superseded), Some(old)) = (superseded, old) {
            self.change_one(contest, old, |count| count.contests[contest].readings.supersede(superseded))?;
            if let Some(sheet) = sheet {
                self.sheets.remove_reading(sheet);
            }
        }
        if let Some(sheet) = sheet {
            self.sheets.add_reading(sheet);
        }
        let mut added = true;
        self.change_one(contest, station, |count| {
            let Self { definition, contests, .. } = count;
            let table = &mut contests[contest].readings;
            let pushed = table.push(&definition.contests[contest], numbers, index, own_station, reader, of);
            added = pushed.is_some();
            if let Some(reading) = pushed.filter(|_| station != own_station) {
                table.move_to(reading, station);
            }
        })?;
        if !added {
            return Err(Stop::Overflow);
        }
        // A sheet makes its station received in every contest, also in those it says nothing about; a correction that
        // names another station takes that along.
        if sheet.is_some() {
            for other in (0..self.contests.len()).filter(|other| *other != contest) {
                for station in old.into_iter().chain([station]) {
                    self.change_one(other, station, |_| {})?;
                }
            }
        }
        Ok(())
    }

    fn head_of_chain(&self, contest: usize, prev: EntryIndex, reader: u32, of: u32) -> Option<ReadingIndex> {
        let table = &self.contests[contest].readings;
        let found = table.by_entry(u32::try_from(prev.0).ok()?)?;
        let view = table.view(found, &self.definition.contests[contest], &self.readers);
        let same = view.reader() == self.readers.get(reader) && view.of_number() == of;
        (same && !view.superseded()).then_some(found)
    }
}

/// Why an entry was not taken in.
enum Stop {
    Refused(Refusal),
    Overflow,
    Fold(FoldError),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<GeographyError> for Stop {
    fn from(error: GeographyError) -> Self {
        match error {
            GeographyError::TooMany => Self::Overflow,
            error => Self::Refused(Refusal::Register(error.to_string())),
        }
    }
}

fn fits(contest: &Contest, numbers: &Numbers) -> Result<(), Refusal> {
    let expected = match numbers.detail {
        Detail::Candidate => contest.candidates.len(),
        Detail::Selection => contest.selections.len(),
    };
    let found = numbers.votes.len();
    if found != expected {
        return Err(Refusal::CountOfVotes { expected, found });
    }
    contest.knows_others(numbers.other.keys())
}

/// Entry 0 with the election file and the pack that it names.
fn begin_documents(
    entry_zero: &[u8],
    documents: &dyn Documents,
) -> Result<(ElectionEntry, Definition, Pack), FoldError> {
    let parsed = Entry::parse(entry_zero).map_err(|error| FoldError::Entry { index: EntryIndex(0), error })?;
    let Entry::Election(election) = parsed else { return Err(FoldError::NotAnElection) };
    let definition = fetch(documents, "election file", &election.definition)?;
    let definition = Definition::parse("election.toml", &definition)?;
    let pack = fetch(documents, "pack", &election.pack)?;
    let pack = Pack::parse("pack.toml", &pack, &definition)?;
    Ok((election, definition, pack))
}

fn fetch<'a>(
    documents: &'a dyn Documents,
    what: &'static str,
    hash: &DocumentHash,
) -> Result<Cow<'a, [u8]>, FoldError> {
    let bytes = documents.document(hash).ok_or(FoldError::MissingDocument { what, hash: *hash })?;
    let found = DocumentHash::of(&bytes);
    if found == *hash { Ok(bytes) } else { Err(FoldError::AlteredDocument { what, hash: *hash, found }) }
}

/// Says where in a register a station or unit is wrong.
fn register_error(file: &str, line: u64, error: &GeographyError) -> SourceError {
    let field = match error {
        GeographyError::Twice(_) => "station",
        GeographyError::TwoParents { .. } | GeographyError::TooMany => "",
    };
    SourceError {
        file: file.to_owned(),
        line: usize::try_from(line).unwrap_or(usize::MAX),
        field: field.to_owned(),
        message: error.to_string(),
    }
}
