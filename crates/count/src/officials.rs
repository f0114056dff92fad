//! Proclaimed figures as the ledger has them. The count stands without them: they are kept beside it, to be compared.

use std::collections::BTreeMap;

use crate::columns::{ColumnReader, ColumnWriter, Damaged};
use crate::definition::Definition;
use crate::entry::{Entry, OfficialEntry};
use crate::identifier::EntryIndex;
use crate::pack::Pack;
use crate::refusal::Refusal;

/// Every official entry that was not refused.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Officials {
    kept: BTreeMap<u64, Kept>,
}

#[derive(Debug, Clone, PartialEq)]
struct Kept {
    entry: OfficialEntry,
    superseded_by: Option<EntryIndex>,
}

/// One official entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfficialView<'a> {
    /// Its place in the ledger.
    pub index: EntryIndex,
    /// What it says.
    pub entry: &'a OfficialEntry,
    /// The entry that changed these figures later, if any.
    pub superseded_by: Option<EntryIndex>,
}

impl Officials {
    /// Takes an entry in.
    pub fn take(
        &mut self,
        index: u64,
        entry: OfficialEntry,
        definition: &Definition,
        pack: &Pack,
    ) -> Result<(), Refusal> {
        let (_, contest) = definition.known_contest(&entry.contest)?;
        if let Some(place) = &entry.place
            && !pack.levels.iter().any(|level| level.id == place.level)
        {
            return Err(Refusal::UnknownLevel(place.level.to_string()));
        }
        let shares = entry.percent.iter().flat_map(|percent| percent.each.keys());
        if let Some(unknown) =
            entry.votes.keys().chain(shares).find(|id| !contest.candidates.iter().any(|one| one.id == **id))
        {
            return Err(Refusal::UnknownCandidate(unknown.to_string()));
        }
        contest.knows_others(entry.other.keys())?;
        // Whatever names no head of a chain about the same figures supersedes nothing: both stand and are shown.
        if let Some(before) = entry.prev.and_then(|prev| self.kept.get_mut(&prev.0))
            && before.superseded_by.is_none()
            && before.entry.is_about_the_same(&entry)
        {
            before.superseded_by = Some(EntryIndex(index));
        }
        self.kept.insert(index, Kept { entry, superseded_by: None });
        Ok(())
    }

    /// All of them, oldest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = OfficialView<'_>> {
        self.kept.iter().map(|(index, kept)| OfficialView {
            index: EntryIndex(*index),
            entry: &kept.entry,
            superseded_by: kept.superseded_by,
        })
    }

    pub fn write(&self, part: &mut ColumnWriter) {
        part.count(self.kept.len());
        for (index, kept) in &self.kept {
            part.number(*index);
            part.number(kept.superseded_by.map_or(0, |by| by.0));
            part.sized(&Entry::Official(Box::new(kept.entry.clone())).to_bytes().unwrap_or_default());
        }
    }

    pub fn read(mut part: ColumnReader<'_>) -> Result<Self, Damaged> {
        let mut officials = Self::default();
        for _ in 0..part.count(3)? {
            let (index, by) = (part.number()?, part.number()?);
            let Ok(Entry::Official(entry)) = Entry::parse(part.sized()?) else { return Err(part.damaged()) };
            // No entry supersedes another from the ledger's first place.
            let superseded_by = (by > 0).then_some(EntryIndex(by));
            officials.kept.insert(index, Kept { entry: *entry, superseded_by });
        }
        part.end()?;
        Ok(officials)
    }
}
