//! Rulings in force: who may sign, which decision stands for which subject, and what happens when two stand.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};

use crate::columns::{ColumnReader, ColumnWriter, Damaged};
use crate::entry::{Entry, KeyEntry, RulingEntry};
use crate::geography::StationIndex;
use crate::identifier::{EntryIndex, KeyName};
use crate::ledger_facts::KeyFault;
use crate::readings::ReadingIndex;
use crate::sheets::SheetIndex;

/// Reason codes that every pack has. A ruling holds no free text, so that nothing personal can get into the ledger.
pub const REASONS: [&str; 8] = [
    "sheet-inspected",
    "paper-inspected",
    "duplicate-sheet",
    "wrong-station",
    "not-a-sheet",
    "forged-sheet",
    "personal-data",
    "not-opened",
];

/// What a ruling is about. Two rulings in force on one subject contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// The result of one contest at one station.
    Result { contest: usize, station: StationIndex },
    /// Which station a sheet belongs to, if any.
    Place(SheetIndex),
    /// Whether a sheet's picture is shown.
    Picture(SheetIndex),
}

/// What a ruling in force does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Accept(ReadingIndex),
    NotInstalled,
    Reject,
    Move(StationIndex),
    Withhold,
}

/// A ruling in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub entry: u32,
    pub effect: Effect,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Rulings {
    keys: BTreeMap<KeyName, VerifyingKey>,
    /// Keys that are good for no later ruling. Their names and bytes stay taken.
    revoked: BTreeMap<KeyName, VerifyingKey>,
    heads: BTreeMap<Subject, Vec<Head>>,
    subjects: BTreeMap<u32, Vec<Subject>>,
    /// Every ruling that took effect, also when another has superseded it since.
    taken: BTreeMap<u32, RulingEntry>,
    /// What was ever decided about a subject, oldest first.
    history: BTreeMap<Subject, Vec<u32>>,
}

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

/// A public key in base64, if it is one to sign with.
pub(crate) fn usable_key(public: &str) -> Option<VerifyingKey> {
    let bytes: [u8; 32] = STANDARD.decode(public).ok()?.try_into().ok()?;
    // The library also takes a second way to write some points, under which nobody can sign: those are no keys.
    let is_canonical = |key: &VerifyingKey| key.to_edwards().compress().to_bytes() == bytes;
    VerifyingKey::from_bytes(&bytes).ok().filter(|key| !key.is_weak() && is_canonical(key))
}

impl Rulings {
    pub fn admit(&mut self, entry: &KeyEntry) -> Result<(), Refusal> {
        let refuse = || Refusal::Key(entry.name.clone());
        let key = usable_key(&entry.public).ok_or_else(refuse)?;
        if self.revoked.contains_key(&entry.name) || self.revoked.values().any(|known| *known == key) {
            return Err(refuse());
        }
        if self.keys.get(&entry.name).is_some_and(|known| *known != key)
            || self.keys.values().filter(|known| **known == key).count()
                > usize::from(self.keys.contains_key(&entry.name))
        {
            return Err(refuse());
        }
        self.keys.insert(entry.name.clone(), key);
        Ok(())
    }

    /// A key is good for no ruling from here on; those that it signed before stay.
    pub fn revoke(&mut self, name: &KeyName) -> Result<(), Refusal> {
        let (name, key) = self.keys.remove_entry(name).ok_or_else(|| Refusal::NotAdmitted(name.clone()))?;
        self.revoked.insert(name, key);
        Ok(())
    }

    /// The adjudicators who may sign now.
    pub fn keys(&self) -> impl Iterator<Item = (&KeyName, &VerifyingKey)> {
        self.keys.iter()
    }

    /// Counts the different admitted keys under a ruling.
    pub fn check_signatures(&self, ruling: &RulingEntry, entry_zero: &[u8], needed: u32) -> Result<(), Refusal> {
        let mut valid: Vec<&KeyName> = Vec::new();
        if let Ok(message) = ruling.message(entry_zero) {
            for signature in &ruling.signatures {
                let bytes: Option<[u8; 64]> =
                    STANDARD.decode(&signature.signature).ok().and_then(|bytes| bytes.try_into().ok());
                let good =
                    self.keys.get(&signature.key).zip(bytes).is_some_and(|(key, bytes)| {
                        key.verify_strict(&message, &Signature::from_bytes(&bytes)).is_ok()
                    });
                if good && !valid.contains(&&signature.key) {
                    valid.push(&signature.key);
                }
            }
        }
        if u32::try_from(valid.len()).is_ok_and(|found| found >= needed) {
            Ok(())
        } else {
            Err(Refusal::Unsigned { found: valid.len(), needed })
        }
    }

    /// Ends a ruling that is in force. `None` when it is not.
    pub fn end(&mut self, entry: EntryIndex) -> Option<Vec<Subject>> {
        let entry = u32::try_from(entry.0).ok()?;
        let subjects = self.subjects.remove(&entry)?;
        for subject in &subjects {
            if let Some(heads) = self.heads.get_mut(subject) {
                heads.retain(|head| head.entry != entry);
                if heads.is_empty() {
                    self.heads.remove(subject);
                }
            }
        }
        Some(subjects)
    }

    /// Puts a ruling in force.
    pub fn begin(&mut self, entry: u32, subjects: Vec<Subject>, effect: Effect) {
        for subject in &subjects {
            self.heads.entry(*subject).or_default().push(Head { entry, effect });
        }
        self.subjects.insert(entry, subjects);
    }

    /// Keeps a ruling that took effect on these subjects, for the history of each.
    pub fn record(&mut self, entry: u32, ruling: &RulingEntry, subjects: &[Subject]) {
        self.taken.insert(entry, ruling.clone());
        for subject in subjects {
            let history = self.history.entry(*subject).or_default();
            if history.last() != Some(&entry) {
                history.push(entry);
            }
        }
    }

    /// Every ruling that was ever taken on a subject, oldest first, and whether it is in force.
    pub fn history(&self, subject: Subject) -> impl Iterator<Item = (u32, &RulingEntry, bool)> {
        let heads = self.heads(subject);
        self.history.get(&subject).into_iter().flatten().filter_map(move |entry| {
            let in_force = heads.iter().any(|head| head.entry == *entry);
            self.taken.get(entry).map(|ruling| (*entry, ruling, in_force))
        })
    }

    /// The rulings in force on a subject; more than one contradict each other.
    pub fn heads(&self, subject: Subject) -> &[Head] {
        self.heads.get(&subject).map_or(&[], Vec::as_slice)
    }

    /// What the one ruling in force on a subject does; `None` where there is none or several.
    pub fn effect(&self, subject: Subject) -> Option<Effect> {
        match self.heads(subject) {
            [head] => Some(head.effect),
            _ => None,
        }
    }
}

/// For snapshots.
impl Rulings {
    pub fn write(&self, part: &mut ColumnWriter) {
        for keys in [&self.keys, &self.revoked] {
            part.count(keys.len());
            for (name, key) in keys {
                part.text(name.as_str());
                part.bytes(key.as_bytes());
            }
        }
        part.count(self.taken.len());
        for (entry, ruling) in &self.taken {
            part.number(*entry);
            let bytes = Entry::Ruling(ruling.clone()).to_bytes().unwrap_or_default();
            part.count(bytes.len());
            part.bytes(&bytes);
        }
        part.count(self.subjects.len());
        for (entry, subjects) in &self.subjects {
            part.number(*entry);
            part.count(subjects.len());
            for subject in subjects {
                subject.write(part);
                let heads = self.heads(*subject).iter();
                heads.filter(|head| head.entry == *entry).for_each(|head| head.effect.write(part));
            }
        }
        part.count(self.history.len());
        for (subject, entries) in &self.history {
            subject.write(part);
            part.count(entries.len());
            entries.iter().for_each(|entry| part.number(*entry));
        }
    }

    pub fn read(mut part: ColumnReader<'_>) -> Result<Self, Damaged> {
        let mut rulings = Self::default();
        for keys in [&mut rulings.keys, &mut rulings.revoked] {
            for _ in 0..part.count(33)? {
                let name = KeyName::new(part.text()?).map_err(|_| part.damaged())?;
                let key = VerifyingKey::from_bytes(&part.array()?).map_err(|_| part.damaged())?;
                keys.insert(name, key);
            }
        }
        for _ in 0..part.count(2)? {
            let entry = part.small()?;
            let length = part.count(1)?;
            let Ok(Entry::Ruling(ruling)) = Entry::parse(part.bytes(length)?) else { return Err(part.damaged()) };
            rulings.taken.insert(entry, ruling);
        }
        // Rulings came in force in the order of their entries.
        for _ in 0..part.count(2)? {
            let entry = part.small()?;
            let mut subjects = Vec::new();
            for _ in 0..part.count(2)? {
                let subject = Subject::read(&mut part)?;
                let effect = Effect::read(&mut part)?;
                rulings.heads.entry(subject).or_default().push(Head { entry, effect });
                subjects.push(subject);
            }
            rulings.subjects.insert(entry, subjects);
        }
        for _ in 0..part.count(2)? {
            let subject = Subject::read(&mut part)?;
            let length = part.count(1)?;
            let entries = (0..length).map(|_| part.small()).collect::<Result<_, _>>()?;
            rulings.history.insert(subject, entries);
        }
        part.end()?;
        Ok(rulings)
    }
}

impl Subject {
    fn write(self, part: &mut ColumnWriter) {
        match self {
            Self::Result { contest, station } => {
                part.bytes(&[0]);
                part.count(contest);
                part.number(station.0);
            }
            Self::Place(sheet) => {
                part.bytes(&[1]);
                part.number(sheet.0);
            }
            Self::Picture(sheet) => {
                part.bytes(&[2]);
                part.number(sheet.0);
            }
        }
    }

    fn read(part: &mut ColumnReader<'_>) -> Result<Self, Damaged> {
        Ok(match part.byte()? {
            0 => Self::Result { contest: part.small()?, station: StationIndex(part.small()?) },
            1 => Self::Place(SheetIndex(part.small()?)),
            2 => Self::Picture(SheetIndex(part.small()?)),
            _ => return Err(part.damaged()),
        })
    }
}

impl Effect {
    fn write(self, part: &mut ColumnWriter) {
        let (kind, index) = match self {
            Self::Accept(reading) => (0, reading.0),
            Self::NotInstalled => (1, 0),
            Self::Reject => (2, 0),
            Self::Move(station) => (3, station.0),
            Self::Withhold => (4, 0),
        };
        part.bytes(&[kind]);
        part.number(index);
    }

    fn read(part: &mut ColumnReader<'_>) -> Result<Self, Damaged> {
        let (kind, index) = (part.byte()?, part.small()?);
        Ok(match kind {
            0 => Self::Accept(ReadingIndex(index)),
            1 => Self::NotInstalled,
            2 => Self::Reject,
            3 => Self::Move(StationIndex(index)),
            4 => Self::Withhold,
            _ => return Err(part.damaged()),
        })
    }
}

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
