//! A count in one file, to begin from without reading the ledger again.
//!
//! A snapshot is a cache of one's own: verification never uses it, and whoever has the ledger can do without. It holds
//! the evidence in columns (readings, sheets, rulings, register), not the states and totals: those are worked out anew
//! from it, so that no snapshot can say a total that its own readings do not add up to.
//!
//! The file: one line that names format and version; the parts, each a length and columns; SHA-256 of all before.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::thread;

use sha2::{Digest, Sha256};

use super::{ContestCount, Count, Documents, FoldError, begin_documents};
use crate::columns::{ColumnReader, ColumnWriter, Damaged};
use crate::definition::Contest;
use crate::entry::{IntakeEntry, SourceClass};
use crate::geography::Geography;
use crate::identifier::{DocumentHash, EntryIndex};
use crate::readings::{Known, Readers, ReadingTable};
use crate::rulings::{Refusal, Rulings};
use crate::sheets::SheetTable;
use crate::totals::VoteTotals;

/// The first line of the file. A change of what follows changes its number.
const FIRST_LINE: &[u8] = b"testigo count snapshot 1\n";

/// Bytes of the SHA-256 at the end.
const CHECKSUM: usize = 32;

/// Why a file is no snapshot to begin from. The ledger is: delete the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// It begins differently, also when another version of the program wrote it.
    #[error("this is no snapshot of a count that this version of the program can read")]
    OtherFormat,
    /// The bytes have changed since they were written.
    #[error("the snapshot is damaged: its checksum differs")]
    Checksum,
    /// The bytes are as written, and what was written makes no sense.
    #[error("the snapshot is damaged: its {0} make no sense")]
    Malformed(&'static str),
    /// Entry 0 or a document that it names.
    #[error(transparent)]
    Fold(#[from] FoldError),
}

impl From<Damaged> for SnapshotError {
    fn from(Damaged(what): Damaged) -> Self {
        Self::Malformed(what)
    }
}

impl Count {
    /// Writes what [`Count::read_snapshot`] reads.
    ///
    /// # Errors
    /// Only those of `out`.
    pub fn write_snapshot(&self, mut out: impl Write) -> io::Result<()> {
        let mut body = ColumnWriter::default();
        body.bytes(FIRST_LINE);
        body.count(self.entry_zero.len());
        body.bytes(&self.entry_zero);
        body.number(self.size);
        body.number(u64::from(self.register_from_results));
        body.count(self.geography.station_count());
        body.part(|part| self.geography.write(part));
        body.part(|part| self.readers.write(part));
        body.part(|part| self.sheets.write(part));
        body.part(|part| write_intakes(&self.intakes, part));
        body.part(|part| self.rulings.write(part));
        body.part(|part| {
            part.count(self.refusals.len());
            for (entry, refusal) in &self.refusals {
                part.number(entry.0);
                refusal.write(part);
            }
        });
        for contest in &self.contests {
            body.part(|part| contest.readings.write(part));
        }
        let body = body.into_bytes();
        out.write_all(&body)?;
        out.write_all(&Sha256::digest(&body))
    }

    /// The count that [`Count::write_snapshot`] wrote: equal to it, with every state and total worked out anew. Of the
    /// documents, the election file and the pack are needed.
    ///
    /// # Errors
    /// When the bytes are anything else, or a document is missing or altered.
    pub fn read_snapshot(bytes: &[u8], documents: &dyn Documents) -> Result<Self, SnapshotError> {
        let after = bytes.strip_prefix(FIRST_LINE).ok_or(SnapshotError::OtherFormat)?;
        let (_, checksum) = after.split_last_chunk::<CHECKSUM>().ok_or(SnapshotError::Checksum)?;
        let body = &bytes[..bytes.len() - CHECKSUM];
        let (checked, count) = thread::scope(|scope| {
            let digest = scope.spawn(|| Sha256::digest(body));
            let count = read_body(&body[FIRST_LINE.len()..], documents);
            (digest.join().is_ok_and(|digest| digest[..] == checksum[..]), count)
        });
        if checked { count } else { Err(SnapshotError::Checksum) }
    }
}

fn read_body(body: &[u8], documents: &dyn Documents) -> Result<Count, SnapshotError> {
    let mut input = ColumnReader::new(body, "first fields");
    let length = input.count(1)?;
    let entry_zero = input.bytes(length)?;
    let (election, definition, pack) = begin_documents(entry_zero, documents)?;
    let size = input.number()?;
    let register_from_results = input.number()? != 0;
    let stations: usize = input.small()?;
    let geography = input.part("register")?;
    let readers = Readers::read(input.part("readers")?)?;
    let sheets = input.part("sheets")?;
    let intakes = input.part("intakes")?;
    let rulings = input.part("rulings")?;
    let refusals = input.part("refusals")?;
    let parts = definition.contests.iter().map(|_| input.part("readings")).collect::<Result<Vec<_>, _>>()?;
    input.end()?;
    // Every station takes a byte of the register, so that no table for all of them is larger than the file allows.
    geography.check_holds(stations)?;
    let (geography, sheets, contests) = thread::scope(|scope| {
        let geography = scope.spawn(|| Geography::read(geography, pack.unit_levels().len()));
        let sheets = SheetTable::read(sheets, stations, size)?;
        let known = Known { size, stations, sheets: sheets.len(), readers: &readers };
        let contests = definition.contests.iter().zip(parts);
        let contests = contests.map(|(contest, part)| read_contest(part, contest, &known)).collect::<Result<_, _>>()?;
        let geography = geography.join().unwrap_or(Err(Damaged("register")))?;
        Ok::<_, Damaged>((geography, sheets, contests))
    })?;
    if geography.station_count() != stations {
        return Err(SnapshotError::Malformed("register"));
    }
    let mut count = Count {
        definition,
        pack,
        election,
        entry_zero: entry_zero.to_vec(),
        size,
        register_from_results,
        geography,
        readers,
        sheets,
        intakes: read_intakes(intakes)?,
        rulings: Rulings::read(rulings)?,
        contests,
        refusals: read_refusals(refusals)?,
    };
    count.recount().ok_or(SnapshotError::Malformed("totals"))?;
    Ok(count)
}

fn read_contest(part: ColumnReader<'_>, contest: &Contest, known: &Known<'_>) -> Result<ContestCount, Damaged> {
    Ok(ContestCount {
        readings: ReadingTable::read(part, contest, known)?,
        status: Vec::new(),
        units: Vec::new(),
        votes: VoteTotals::new(contest.candidates.len() + contest.others.len(), 0),
    })
}

fn write_intakes(intakes: &BTreeMap<u64, IntakeEntry>, part: &mut ColumnWriter) {
    part.count(intakes.len());
    for (entry, intake) in intakes {
        part.number(*entry);
        part.bytes(&[intake.source.number()]);
        part.number(intake.time);
        part.count(intake.commitments.len());
        intake.commitments.iter().for_each(|commitment| part.bytes(commitment.as_bytes()));
    }
}

fn read_intakes(mut part: ColumnReader<'_>) -> Result<BTreeMap<u64, IntakeEntry>, Damaged> {
    let mut intakes = BTreeMap::new();
    for _ in 0..part.count(4)? {
        let entry = part.number()?;
        let source = SourceClass::from_number(part.byte()?).ok_or_else(|| part.damaged())?;
        let time = part.number()?;
        let count = part.count(32)?;
        let commitments = (0..count).map(|_| part.array().map(DocumentHash::from_bytes)).collect::<Result<_, _>>()?;
        intakes.insert(entry, IntakeEntry::as_logged(commitments, source, time));
    }
    part.end()?;
    Ok(intakes)
}

fn read_refusals(mut part: ColumnReader<'_>) -> Result<Vec<(EntryIndex, Refusal)>, Damaged> {
    let count = part.count(2)?;
    let mut refusals = Vec::new();
    for _ in 0..count {
        refusals.push((EntryIndex(part.number()?), Refusal::read(&mut part)?));
    }
    part.end()?;
    Ok(refusals)
}
