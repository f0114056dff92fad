//! A count in one file, to begin from without reading the ledger again.
//!
//! A snapshot is a cache of one's own: verification never uses it, and whoever has the ledger can do without. It holds
//! the evidence in columns (readings, sheets, rulings, register), not the states and totals: those are worked out anew
//! from it, so that no snapshot can say a total that its own readings do not add up to.
//!
//! The file: one line that names format and version; the parts, each eight bytes with its length and so many bytes, of
//! each contest the columns and then the cells; SHA-256 of all before.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::thread;

use sha2::{Digest, Sha256};

use super::{ContestCount, Count, Documents, FoldError, begin_documents};
use crate::audits::Audits;
use crate::columns::{ColumnReader, ColumnWriter, Damaged};
use crate::definition::Contest;
use crate::entry::{CommittedPicture, SourceClass};
use crate::geography::Geography;
use crate::identifier::{DocumentHash, EntryIndex};
use crate::ledger_facts::LedgerFacts;
use crate::officials::Officials;
use crate::readings::{Known, Readers, ReadingTable};
use crate::refusal::Refusal;
use crate::rulings::Rulings;
use crate::sheets::{Intake, Pictures, SheetTable};
use crate::totals::VoteTotals;

/// The first line of the file. A change of what follows changes its number.
const FIRST_LINE: &[u8] = b"testigo count snapshot 4\n";

/// Bytes of the SHA-256 at the end.
const CHECKSUM: usize = 32;

/// Why a file is no snapshot to begin from. The ledger is: delete the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// It begins differently, also when another version of the program wrote it.
    #[error("this is no snapshot of a count that this version of the program can read")]
    OtherFormat,
    /// The bytes have changed since they were written, or are not all there.
    #[error("the snapshot is damaged: its checksum or its length differs")]
    Checksum,
    /// The file cannot be read.
    #[error("the snapshot cannot be read: {0}")]
    Unreadable(io::ErrorKind),
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

impl From<io::Error> for SnapshotError {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error.kind())
    }
}

impl Count {
    /// Writes what [`Count::read_snapshot`] reads.
    ///
    /// # Errors
    /// Only those of `out`.
    pub fn write_snapshot(&self, out: impl Write) -> io::Result<()> {
        let mut file = PartWriter { out, digest: Sha256::new() };
        file.bytes(FIRST_LINE)?;
        file.part(|part| {
            part.sized(&self.entry_zero);
            part.number(self.size);
            part.number(u64::from(self.register_from_results));
            part.count(self.geography.station_count());
        })?;
        file.part(|part| self.geography.write(part))?;
        file.part(|part| self.readers.write(part))?;
        file.part(|part| self.sheets.write(part))?;
        file.part(|part| write_intakes(&self.intakes, part))?;
        file.part(|part| self.rulings.write(part))?;
        file.part(|part| self.officials.write(part))?;
        file.part(|part| self.audits.write(part))?;
        file.part(|part| self.ledger.write(part))?;
        file.part(|part| write_refusals(&self.refusals, part))?;
        for contest in &self.contests {
            file.part(|part| contest.readings.write(part))?;
            file.part_bytes(contest.readings.cells())?;
        }
        file.out.write_all(&file.digest.finalize())?;
        file.out.flush()
    }

    /// The count that [`Count::write_snapshot`] wrote: equal to it, with every state and total worked out anew. Of the
    /// documents, the election file and the pack are needed. `length` is the file's, in bytes.
    ///
    /// # Errors
    /// When the file is anything else, or a document is missing or altered.
    pub fn read_snapshot(input: impl Read, length: u64, documents: &dyn Documents) -> Result<Self, SnapshotError> {
        let (parts, checksum) = read_parts(input, length)?;
        let (checked, read) = thread::scope(|scope| {
            let digest = scope.spawn(|| digest_of(&parts));
            let read = read_columns(&parts, documents);
            (digest.join().is_ok_and(|digest| digest == checksum), read)
        });
        if !checked {
            return Err(SnapshotError::Checksum);
        }
        let mut count = read?;
        let cells = parts.into_iter().skip(PARTS).skip(1).step_by(2);
        for (contest, cells) in count.contests.iter_mut().zip(cells) {
            contest.readings.take_cells(cells).ok_or(SnapshotError::Malformed("cells"))?;
        }
        count.recount().ok_or(SnapshotError::Malformed("totals"))?;
        Ok(count)
    }
}

/// Parts before those of the contests.
const PARTS: usize = 10;

struct PartWriter<W> {
    out: W,
    digest: Sha256,
}

impl<W: Write> PartWriter<W> {
    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.update(bytes);
        self.out.write_all(bytes)
    }

    fn part_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        // No address space is larger than 64 bits.
        self.bytes(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes())?;
        self.bytes(bytes)
    }

    fn part(&mut self, write: impl FnOnce(&mut ColumnWriter)) -> io::Result<()> {
        let mut part = ColumnWriter::default();
        write(&mut part);
        self.part_bytes(&part.into_bytes())
    }
}

/// The parts as they are, none longer than the file, and the checksum that the file claims.
fn read_parts(mut input: impl Read, length: u64) -> Result<(Vec<Vec<u8>>, [u8; CHECKSUM]), SnapshotError> {
    let short = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => SnapshotError::Checksum,
        _ => error.into(),
    };
    let mut first_line = [0; FIRST_LINE.len()];
    input.read_exact(&mut first_line).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => SnapshotError::OtherFormat,
        _ => error.into(),
    })?;
    if first_line != FIRST_LINE {
        return Err(SnapshotError::OtherFormat);
    }
    let mut rest = (FIRST_LINE.len() + CHECKSUM).try_into().ok().and_then(|taken| length.checked_sub(taken));
    let mut parts = Vec::new();
    while rest != Some(0) {
        let mut written = [0; 8];
        input.read_exact(&mut written).map_err(short)?;
        let part = u64::from_le_bytes(written);
        rest = rest.and_then(|rest| rest.checked_sub(8)?.checked_sub(part));
        let size = usize::try_from(part).ok().filter(|_| rest.is_some()).ok_or(SnapshotError::Checksum)?;
        let mut bytes = Vec::with_capacity(size);
        input.by_ref().take(part).read_to_end(&mut bytes)?;
        if bytes.len() != size {
            return Err(SnapshotError::Checksum);
        }
        parts.push(bytes);
    }
    let mut checksum = [0; CHECKSUM];
    input.read_exact(&mut checksum).map_err(short)?;
    match input.read(&mut [0])? {
        0 => Ok((parts, checksum)),
        _ => Err(SnapshotError::Checksum),
    }
}

fn digest_of(parts: &[Vec<u8>]) -> [u8; CHECKSUM] {
    let mut digest = Sha256::new_with_prefix(FIRST_LINE);
    for part in parts {
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

/// All but the cells, the states and the totals.
fn read_columns(parts: &[Vec<u8>], documents: &dyn Documents) -> Result<Count, SnapshotError> {
    let Some(([head, geography, readers, sheets, intakes, rulings, officials, audits, ledger, refusals], readings)) =
        parts.split_first_chunk::<PARTS>()
    else {
        return Err(SnapshotError::Malformed("parts"));
    };
    let mut head = ColumnReader::new(head, "first fields");
    let entry_zero = head.sized()?;
    let (election, definition, pack) = begin_documents(entry_zero, documents)?;
    let size = head.number()?;
    let register_from_results = head.number()? != 0;
    let stations: usize = head.small()?;
    head.end()?;
    if stations > geography.len() || readings.len() != definition.contests.len() * 2 {
        return Err(SnapshotError::Malformed("parts"));
    }
    let readers = Readers::read(ColumnReader::new(readers, "readers"))?;
    let (geography, sheets, contests) = thread::scope(|scope| {
        let levels = pack.unit_levels().len();
        let geography = scope.spawn(move || Geography::read(ColumnReader::new(geography, "register"), levels));
        let sheets = SheetTable::read(ColumnReader::new(sheets, "sheets"), stations, size)?;
        let known = Known { size, stations, sheets: sheets.len(), readers: &readers };
        let contests = definition.contests.iter().zip(readings.chunks_exact(2)).map(|(contest, parts)| {
            let [columns, cells] = parts else { return Err(Damaged("parts")) };
            read_contest(ColumnReader::new(columns, "readings"), cells.len(), contest, &known)
        });
        let contests = contests.collect::<Result<_, _>>()?;
        let geography = geography.join().unwrap_or(Err(Damaged("register")))?;
        Ok::<_, Damaged>((geography, sheets, contests))
    })?;
    if geography.station_count() != stations {
        return Err(SnapshotError::Malformed("register"));
    }
    let audits = Audits::read(ColumnReader::new(audits, "audits"), &definition)?;
    Ok(Count {
        definition,
        pack,
        election,
        entry_zero: entry_zero.to_vec(),
        size,
        register_from_results,
        geography,
        readers,
        sheets,
        intakes: read_intakes(ColumnReader::new(intakes, "intakes"))?,
        rulings: Rulings::read(ColumnReader::new(rulings, "rulings"))?,
        officials: Officials::read(ColumnReader::new(officials, "official figures"))?,
        audits,
        ledger: LedgerFacts::read(ColumnReader::new(ledger, "keys and anchors"))?,
        contests,
        refusals: read_refusals(ColumnReader::new(refusals, "refusals"))?,
    })
}

fn read_contest(
    part: ColumnReader<'_>,
    cells: usize,
    contest: &Contest,
    known: &Known<'_>,
) -> Result<ContestCount, Damaged> {
    Ok(ContestCount {
        readings: ReadingTable::read(part, cells, contest, known)?,
        status: Vec::new(),
        units: Vec::new(),
        votes: VoteTotals::new(contest.candidates.len() + contest.others.len(), 0),
    })
}

fn write_intakes(intakes: &BTreeMap<u64, Intake>, part: &mut ColumnWriter) {
    part.count(intakes.len());
    for (entry, intake) in intakes {
        part.number(*entry);
        part.bytes(&[intake.source.number()]);
        part.number(intake.time);
        match &intake.pictures {
            Pictures::Originals(originals) => {
                part.bytes(&[1]);
                part.count(originals.len());
                originals.iter().for_each(|original| part.bytes(original.as_bytes()));
            }
            Pictures::WithPixels(pictures) => {
                part.bytes(&[2]);
                part.count(pictures.len());
                for picture in pictures {
                    part.bytes(picture.original.as_bytes());
                    part.bytes(picture.pixels.as_bytes());
                }
            }
        }
    }
}

fn read_intakes(mut part: ColumnReader<'_>) -> Result<BTreeMap<u64, Intake>, Damaged> {
    let mut intakes = BTreeMap::new();
    for _ in 0..part.count(4)? {
        let entry = part.number()?;
        let source = SourceClass::from_number(part.byte()?).ok_or_else(|| part.damaged())?;
        let time = part.number()?;
        let pictures = match part.byte()? {
            1 => {
                let count = part.count(32)?;
                let originals = (0..count).map(|_| part.array().map(DocumentHash::from_bytes));
                Pictures::Originals(originals.collect::<Result<_, _>>()?)
            }
            2 => {
                let count = part.count(64)?;
                let mut pictures = Vec::with_capacity(count);
                for _ in 0..count {
                    let [original, pixels] = [part.array()?, part.array()?].map(DocumentHash::from_bytes);
                    pictures.push(CommittedPicture { original, pixels });
                }
                Pictures::WithPixels(pictures)
            }
            _ => return Err(part.damaged()),
        };
        intakes.insert(entry, Intake { source, time, pictures });
    }
    part.end()?;
    Ok(intakes)
}

fn write_refusals(refusals: &[(EntryIndex, Refusal)], part: &mut ColumnWriter) {
    part.count(refusals.len());
    for (entry, refusal) in refusals {
        part.number(entry.0);
        refusal.write(part);
    }
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
