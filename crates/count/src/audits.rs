//! Audits as the ledger has them: lists, seeds and records, each valid only after what must come before it.

use std::collections::BTreeMap;

use crate::columns::{ColumnReader, ColumnWriter, Damaged};
use crate::definition::Definition;
use crate::entry::{AuditEntry, AuditStep, Entry, Seed};
use crate::identifier::{ContestId, DocumentHash, EntryIndex};
use crate::refusal::{Expected, Misplaced, Refusal};

/// Every audit entry that was not refused.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Audits {
    kept: BTreeMap<u64, AuditEntry>,
    lists: BTreeMap<u64, List>,
    /// Superseded records, each with what superseded it.
    superseded: BTreeMap<u64, u64>,
}

#[derive(Debug, Clone, PartialEq)]
struct List {
    contest: ContestId,
    document: DocumentHash,
    after: Option<u64>,
    /// The entry with the seed and the seed, its own or that of the list it goes on from.
    seed: Option<(u64, Seed)>,
}

/// A list to draw from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditList<'a> {
    /// Its entry.
    pub index: EntryIndex,
    /// The contest.
    pub contest: &'a ContestId,
    /// The document with its stations.
    pub document: DocumentHash,
    /// The list that it adds late stations to.
    pub after: Option<EntryIndex>,
    /// The seed with its entry, once there is one.
    pub seed: Option<(EntryIndex, &'a Seed)>,
}

/// What people found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditRecord<'a> {
    /// Its entry.
    pub index: EntryIndex,
    /// All of it; always a record.
    pub step: &'a AuditStep,
    /// The record that corrects it.
    pub superseded_by: Option<EntryIndex>,
}

impl Audits {
    /// Takes an entry in.
    pub fn take(&mut self, index: u64, entry: AuditEntry, definition: &Definition) -> Result<(), Refusal> {
        match &entry.step {
            AuditStep::List { after, contest, document } => {
                definition.known_contest(contest)?;
                let mut seed = None;
                if let Some(after) = after {
                    let before = self.list(*after)?;
                    if before.contest != *contest || before.seed.is_none() {
                        return Err(Refusal::Misplaced(Misplaced::ListAfterNoSeed));
                    }
                    seed.clone_from(&before.seed);
                }
                let list = List { contest: contest.clone(), document: *document, after: after.map(|one| one.0), seed };
                self.lists.insert(index, list);
            }
            AuditStep::Seed { list, seed } => {
                self.list(*list)?;
                match self.lists.get_mut(&list.0) {
                    Some(list) if list.seed.is_none() => list.seed = Some((index, seed.clone())),
                    _ => return Err(Refusal::Misplaced(Misplaced::SecondSeed)),
                }
            }
            AuditStep::Record { found, list, other, station, .. } => {
                let audited = self.list(*list)?;
                if audited.seed.is_none() {
                    return Err(Refusal::Misplaced(Misplaced::RecordBeforeSeed));
                }
                let (_, contest) = definition.known_contest(&audited.contest)?;
                let expected = contest.candidates.len();
                if let Some(found) = found.as_ref().map(Vec::len).filter(|found| *found != expected) {
                    return Err(Refusal::CountOfVotes { expected, found });
                }
                contest.knows_others(other.keys())?;
                if let Some(prev) = entry.prev.map(|prev| prev.0)
                    && !self.superseded.contains_key(&prev)
                    && let Some(AuditStep::Record { list: its_list, station: its_station, .. }) =
                        self.kept.get(&prev).map(|before| &before.step)
                    && (its_list, its_station) == (list, station)
                {
                    self.superseded.insert(prev, index);
                }
            }
        }
        self.kept.insert(index, entry);
        Ok(())
    }

    fn list(&self, index: EntryIndex) -> Result<&List, Refusal> {
        self.lists.get(&index.0).ok_or(Refusal::Dangling { index, expected: Expected::AuditList })
    }

    /// Lists, oldest first.
    pub fn lists(&self) -> impl DoubleEndedIterator<Item = AuditList<'_>> {
        self.lists.iter().map(|(index, list)| AuditList {
            index: EntryIndex(*index),
            contest: &list.contest,
            document: list.document,
            after: list.after.map(EntryIndex),
            seed: list.seed.as_ref().map(|(index, seed)| (EntryIndex(*index), seed)),
        })
    }

    /// Records, oldest first.
    pub fn records(&self) -> impl DoubleEndedIterator<Item = AuditRecord<'_>> {
        let records = self.kept.iter().filter(|(_, entry)| matches!(entry.step, AuditStep::Record { .. }));
        records.map(|(index, entry)| AuditRecord {
            index: EntryIndex(*index),
            step: &entry.step,
            superseded_by: self.superseded.get(index).copied().map(EntryIndex),
        })
    }

    pub fn write(&self, part: &mut ColumnWriter) {
        part.count(self.kept.len());
        for (index, entry) in &self.kept {
            part.number(*index);
            part.sized(&Entry::Audit(entry.clone()).to_bytes().unwrap_or_default());
        }
    }

    /// Takes all entries in again.
    pub fn read(mut part: ColumnReader<'_>, definition: &Definition) -> Result<Self, Damaged> {
        let mut audits = Self::default();
        for _ in 0..part.count(2)? {
            let index = part.number()?;
            let Ok(Entry::Audit(entry)) = Entry::parse(part.sized()?) else { return Err(part.damaged()) };
            audits.take(index, entry, definition).map_err(|_| part.damaged())?;
        }
        part.end()?;
        Ok(audits)
    }
}
