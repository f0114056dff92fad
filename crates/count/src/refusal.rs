//! Why the fold gives an entry no effect. A wrong entry stops nothing: it stays in the ledger, and what is wrong with it stands beside it.

use std::fmt;

use crate::columns::{ColumnReader, ColumnWriter, Damaged};
use crate::definition::{Contest, Definition};
use crate::identifier::{ContestId, EntryIndex, KeyName, OtherId};
use crate::ledger_facts::KeyFault;

/// What another entry should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// An arrival of pictures.
    Intake,
    /// A captured sheet.
    Sheet,
    /// A reading that is no failure.
    ReadingWithNumbers,
    /// A list to draw an audit's sample from.
    AuditList,
}

impl Expected {
    const ALL: [Self; 4] = [Self::Intake, Self::Sheet, Self::ReadingWithNumbers, Self::AuditList];
}

impl fmt::Display for Expected {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Intake => "an `intake` entry",
            Self::Sheet => "a `sheet` entry",
            Self::ReadingWithNumbers => "a `reading` entry with numbers",
            Self::AuditList => "a list in an `audit` entry",
        })
    }
}

/// What may not stand where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misplaced {
    /// An `election` entry after entry 0.
    SecondElection,
    /// A sheet without a page that can be published.
    SheetWithoutPage,
    /// A failure to read a results file.
    UnreadableRow,
    /// A withdrawal that names no ruling.
    WithdrawalOfNothing,
    /// A list that goes on from one of another contest or without a seed.
    ListAfterNoSeed,
    /// A seed for a list that has one.
    SecondSeed,
    /// A record of an audit whose seed nobody has thrown.
    RecordBeforeSeed,
    /// A mask of a page that the sheet does not have.
    MaskOfNoPage,
    /// A mask that does not supersede the one that stands.
    MaskBesideAnother,
}

impl Misplaced {
    const ALL: [Self; 9] = [
        Self::SecondElection,
        Self::SheetWithoutPage,
        Self::UnreadableRow,
        Self::WithdrawalOfNothing,
        Self::ListAfterNoSeed,
        Self::SecondSeed,
        Self::RecordBeforeSeed,
        Self::MaskOfNoPage,
        Self::MaskBesideAnother,
    ];
}

impl fmt::Display for Misplaced {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::SecondElection => "an `election` entry may only be entry 0",
            Self::SheetWithoutPage => "a sheet needs at least one page of type jpg or png",
            Self::UnreadableRow => "a row of a results file cannot be unreadable",
            Self::WithdrawalOfNothing => "a withdrawal names the ruling that it ends in `prev`",
            Self::MaskOfNoPage => "the sheet has no such page",
            Self::MaskBesideAnother => {
                "a mask names in `prev` the one that stands on its page, or none where none does"
            }
            Self::ListAfterNoSeed => "a list goes on only from a list of the same contest that has its seed",
            Self::SecondSeed => "the list has its seed already",
            Self::RecordBeforeSeed => "nothing is drawn before the list has its seed",
        })
    }
}

/// Why the fold gives an entry no effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Fewer valid signatures than the pack demands.
    #[error("{found} of {needed} needed signatures by admitted adjudicators are valid")]
    Unsigned {
        /// Valid signatures by different keys.
        found: usize,
        /// As the counting rule says.
        needed: u32,
    },
    /// The entry speaks of another that is not there, or not of the right kind.
    #[error("entry {index} is not {expected}")]
    Dangling {
        /// The index it names.
        index: EntryIndex,
        /// What it should be.
        expected: Expected,
    },
    /// A contest that the election file does not have.
    #[error("there is no contest `{0}`")]
    UnknownContest(String),
    /// Numbers that do not fit the ballot.
    #[error("the ballot has {expected} lines for this contest, the reading {found}")]
    CountOfVotes {
        /// Lines or candidates.
        expected: usize,
        /// Numbers.
        found: usize,
    },
    /// A kind of other ballots that the contest does not have.
    #[error("the contest has no `{0}` in `others`")]
    UnknownOther(String),
    /// A candidate that the contest does not have.
    #[error("the contest has no candidate `{0}`")]
    UnknownCandidate(String),
    /// A level that the pack does not have.
    #[error("the pack has no level `{0}`")]
    UnknownLevel(String),
    /// A picture whose commitment is not in the intake entry.
    #[error("the commitment of page {page} is not in intake entry {intake}")]
    NotInIntake {
        /// From 1.
        page: usize,
        /// The intake entry named.
        intake: EntryIndex,
    },
    /// A withdrawal of a ruling that is not in force.
    #[error("entry {0}, which it withdraws, is not a ruling in force")]
    NotHead(EntryIndex),
    /// A station that nobody ever spoke of.
    #[error("station {0} is not known")]
    UnknownStation(String),
    /// A key that is no Ed25519 public key, or a name that has one already.
    #[error("key `{0}` is malformed or its name is taken")]
    Key(KeyName),
    /// A key that was never admitted, or was revoked before.
    #[error("`{0}` is not the name of a key that may sign rulings")]
    NotAdmitted(KeyName),
    /// A change of the ledger's keys that does not hold.
    #[error("the ledger's keys stay as they are: {0}")]
    LedgerKey(KeyFault),
    /// A stamp over a head that did not exist yet.
    #[error("a stamp over a head of {0} entries can only follow those entries")]
    AnchorAhead(u64),
    /// A reason that is not in the list.
    #[error("`{0}` is not a known reason code")]
    UnknownReason(String),
    /// Something that may not stand there.
    #[error("{0}")]
    Misplaced(Misplaced),
    /// A register part that cannot be read; the text says where.
    #[error("the added register cannot be read: {0}")]
    Register(String),
}

impl Definition {
    /// As [`Definition::contest`], for an entry that must name one that there is.
    pub(crate) fn known_contest(&self, id: &ContestId) -> Result<(usize, &Contest), Refusal> {
        self.contest(id).ok_or_else(|| Refusal::UnknownContest(id.to_string()))
    }
}

impl Contest {
    /// Refuses kinds of ballots for no candidate that the contest does not have.
    pub(crate) fn knows_others<'a>(&self, mut ids: impl Iterator<Item = &'a OtherId>) -> Result<(), Refusal> {
        match ids.find(|id| !self.others.iter().any(|other| other.id == **id)) {
            Some(unknown) => Err(Refusal::UnknownOther(unknown.to_string())),
            None => Ok(()),
        }
    }
}

/// For snapshots.
impl Refusal {
    pub(crate) fn write(&self, part: &mut ColumnWriter) {
        let place = |at: Option<usize>| at.and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX);
        match self {
            Self::Unsigned { found, needed } => {
                part.bytes(&[0]);
                part.count(*found);
                part.number(*needed);
            }
            Self::Dangling { index, expected } => {
                part.bytes(&[1, place(Expected::ALL.iter().position(|one| one == expected))]);
                part.number(index.0);
            }
            Self::UnknownContest(text) => {
                part.bytes(&[2]);
                part.text(text);
            }
            Self::CountOfVotes { expected, found } => {
                part.bytes(&[3]);
                part.count(*expected);
                part.count(*found);
            }
            Self::UnknownOther(text) => {
                part.bytes(&[4]);
                part.text(text);
            }
            Self::NotInIntake { page, intake } => {
                part.bytes(&[5]);
                part.count(*page);
                part.number(intake.0);
            }
            Self::NotHead(entry) => {
                part.bytes(&[6]);
                part.number(entry.0);
            }
            Self::UnknownStation(text) => {
                part.bytes(&[7]);
                part.text(text);
            }
            Self::Key(name) => {
                part.bytes(&[8]);
                part.text(name.as_str());
            }
            Self::UnknownReason(text) => {
                part.bytes(&[9]);
                part.text(text);
            }
            Self::Misplaced(misplaced) => {
                part.bytes(&[10, place(Misplaced::ALL.iter().position(|one| one == misplaced))]);
            }
            Self::Register(text) => {
                part.bytes(&[11]);
                part.text(text);
            }
            Self::UnknownCandidate(text) => {
                part.bytes(&[12]);
                part.text(text);
            }
            Self::UnknownLevel(text) => {
                part.bytes(&[13]);
                part.text(text);
            }
            Self::NotAdmitted(name) => {
                part.bytes(&[14]);
                part.text(name.as_str());
            }
            Self::LedgerKey(fault) => {
                part.bytes(&[15, place(KeyFault::ALL.iter().position(|one| one == fault))]);
            }
            Self::AnchorAhead(size) => {
                part.bytes(&[16]);
                part.number(*size);
            }
        }
    }

    pub(crate) fn read(part: &mut ColumnReader<'_>) -> Result<Self, Damaged> {
        let kind = part.byte()?;
        Ok(match kind {
            0 => Self::Unsigned { found: part.small()?, needed: part.small()? },
            1 => {
                let expected = Expected::ALL.get(usize::from(part.byte()?)).ok_or_else(|| part.damaged())?;
                Self::Dangling { index: EntryIndex(part.number()?), expected: *expected }
            }
            3 => Self::CountOfVotes { expected: part.small()?, found: part.small()? },
            5 => Self::NotInIntake { page: part.small()?, intake: EntryIndex(part.number()?) },
            6 => Self::NotHead(EntryIndex(part.number()?)),
            8 => Self::Key(KeyName::new(part.text()?).map_err(|_| part.damaged())?),
            10 => Self::Misplaced(*Misplaced::ALL.get(usize::from(part.byte()?)).ok_or_else(|| part.damaged())?),
            2 => Self::UnknownContest(part.text()?.to_owned()),
            4 => Self::UnknownOther(part.text()?.to_owned()),
            7 => Self::UnknownStation(part.text()?.to_owned()),
            9 => Self::UnknownReason(part.text()?.to_owned()),
            11 => Self::Register(part.text()?.to_owned()),
            12 => Self::UnknownCandidate(part.text()?.to_owned()),
            13 => Self::UnknownLevel(part.text()?.to_owned()),
            14 => Self::NotAdmitted(KeyName::new(part.text()?).map_err(|_| part.damaged())?),
            15 => Self::LedgerKey(*KeyFault::ALL.get(usize::from(part.byte()?)).ok_or_else(|| part.damaged())?),
            16 => Self::AnchorAhead(part.number()?),
            _ => return Err(part.damaged()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_comes_out_of_a_snapshot_as_it_went_in() {
        let text = || "text".to_owned();
        let mut refusals = vec![
            Refusal::Unsigned { found: 1, needed: 2 },
            Refusal::UnknownContest(text()),
            Refusal::CountOfVotes { expected: 38, found: 37 },
            Refusal::UnknownOther(text()),
            Refusal::NotInIntake { page: 1, intake: EntryIndex(7) },
            Refusal::NotHead(EntryIndex(1 << 40)),
            Refusal::UnknownStation(text()),
            Refusal::Key(KeyName::new("judge").unwrap()),
            Refusal::UnknownReason(text()),
            Refusal::Register(text()),
            Refusal::UnknownCandidate(text()),
            Refusal::UnknownLevel(text()),
            Refusal::NotAdmitted(KeyName::new("judge").unwrap()),
            Refusal::AnchorAhead(1 << 40),
        ];
        refusals.extend(KeyFault::ALL.map(Refusal::LedgerKey));
        refusals.extend(Expected::ALL.map(|expected| Refusal::Dangling { index: EntryIndex(300), expected }));
        refusals.extend(Misplaced::ALL.map(Refusal::Misplaced));
        for refusal in refusals {
            let mut part = ColumnWriter::default();
            refusal.write(&mut part);
            let bytes = part.into_bytes();
            let mut part = ColumnReader::new(&bytes, "refusals");
            assert_eq!(Refusal::read(&mut part), Ok(refusal));
            part.end().unwrap();
        }
    }
}
