//! Rulings in force: who may sign, which decision stands for which subject, and what happens when two stand.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};

use crate::columns::{ColumnReader, ColumnWriter, Damaged};
use crate::entry::{Entry, KeyEntry, RulingEntry};
use crate::geography::StationIndex;
use crate::identifier::{EntryIndex, KeyName};
use crate::readings::ReadingIndex;
use crate::refusal::Refusal;
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
            part.sized(&Entry::Ruling(ruling.clone()).to_bytes().unwrap_or_default());
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
            let Ok(Entry::Ruling(ruling)) = Entry::parse(part.sized()?) else { return Err(part.damaged()) };
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
