//! Rulings in force: who may sign, which decision stands for which subject, and what happens when two stand.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};

use crate::entry::{KeyEntry, RulingEntry};
use crate::geography::StationIndex;
use crate::identifier::{EntryIndex, KeyName};
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
    heads: BTreeMap<Subject, Vec<Head>>,
    subjects: BTreeMap<u32, Vec<Subject>>,
    /// Every ruling that took effect, also when another has superseded it since.
    taken: BTreeMap<u32, RulingEntry>,
    /// What was ever decided about a subject, oldest first.
    history: BTreeMap<Subject, Vec<u32>>,
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
        expected: &'static str,
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
    /// A picture whose commitment is not in the intake entry.
    #[error("the commitment of page {page} is not in intake entry {intake}")]
    NotInIntake {
        /// From 1.
        page: usize,
        /// The intake entry named.
        intake: EntryIndex,
    },
    /// A reading supersedes one that is not the head of its chain; both stand.
    #[error("entry {0}, which it supersedes, is not the head of its chain; both stand")]
    NotHead(EntryIndex),
    /// A station that nobody ever spoke of.
    #[error("station {0} is not known")]
    UnknownStation(String),
    /// A key that is no Ed25519 public key, or a name that has one already.
    #[error("key `{0}` is malformed or its name is taken")]
    Key(KeyName),
    /// A reason that is not in the list.
    #[error("`{0}` is not a known reason code")]
    UnknownReason(String),
    /// A second entry 0, or a page of an unknown kind.
    #[error("{0}")]
    Misplaced(&'static str),
    /// A register part that cannot be read; the text says where.
    #[error("the added register cannot be read: {0}")]
    Register(String),
}

impl Rulings {
    pub fn admit(&mut self, entry: &KeyEntry) -> Result<(), Refusal> {
        let refuse = || Refusal::Key(entry.name.clone());
        let bytes: [u8; 32] = STANDARD.decode(&entry.public).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(refuse)?;
        let key = VerifyingKey::from_bytes(&bytes).ok().filter(|key| !key.is_weak()).ok_or_else(refuse)?;
        if self.keys.get(&entry.name).is_some_and(|known| *known != key) || self.keys.values().filter(|known| **known == key).count() > usize::from(self.keys.contains_key(&entry.name)) {
            return Err(refuse());
        }
        self.keys.insert(entry.name.clone(), key);
        Ok(())
    }

    /// The adjudicators so far.
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
                let good = self.keys.get(&signature.key).zip(bytes).is_some_and(|(key, bytes)| {
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
