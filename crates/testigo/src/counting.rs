//! From an archive's published entries to the count.

use std::borrow::Cow;

use anyhow::{Context, Result, bail};
use testigo_archive::ArchiveReader;
use testigo_count::fold::Documents;
use testigo_count::geography::UnitIndex;
use testigo_count::{ContestId, Count, DocumentHash};
use testigo_ledger::{Checkpoint, EntryIndex, Hash};

/// Documents as the archive keeps them.
pub struct ArchiveDocuments<'a>(pub &'a ArchiveReader);

impl Documents for ArchiveDocuments<'_> {
    fn document(&self, hash: &DocumentHash) -> Option<Cow<'_, [u8]>> {
        self.0.document(&Hash(*hash.as_bytes())).ok().map(Cow::Owned)
    }
}

/// The count of everything published, with the head that it is the count of.
pub fn load(reader: &ArchiveReader) -> Result<(Count, Checkpoint)> {
    let checkpoint = reader.checkpoint()?;
    let documents = ArchiveDocuments(reader);
    let mut count: Option<Count> = None;
    for entry in reader.entries(EntryIndex(0)..checkpoint.size.next_index())? {
        let (_, entry) = entry?;
        match &mut count {
            None => count = Some(Count::begin(&entry, &documents)?),
            Some(count) => count.append(&entry, &documents)?,
        }
    }
    Ok((count.context("the ledger is empty\nhint: `testigo init` makes its first entry")?, checkpoint))
}

/// Takes into the count what was published since.
pub fn follow(count: &mut Count, reader: &ArchiveReader) -> Result<Checkpoint> {
    let checkpoint = reader.checkpoint()?;
    let documents = ArchiveDocuments(reader);
    for entry in reader.entries(EntryIndex(count.size())..checkpoint.size.next_index())? {
        let (_, entry) = entry?;
        count.append(&entry, &documents)?;
    }
    Ok(checkpoint)
}

/// The contest with this id, or the first one.
pub fn contest(count: &Count, id: Option<&str>) -> Result<usize> {
    let Some(id) = id else { return Ok(0) };
    let found = ContestId::new(id).ok().and_then(|id| count.definition().contest(&id)).map(|(at, _)| at);
    found.with_context(|| {
        let known: Vec<String> = count.definition().contests.iter().map(|contest| contest.id.to_string()).collect();
        format!("there is no contest `{id}`\nhint: this election has {}", known.join(", "))
    })
}

/// The unit that the user means: a code, or `level/code` where several levels have the same code.
pub fn unit(count: &Count, written: Option<&str>) -> Result<UnitIndex> {
    let Some(written) = written else { return Ok(UnitIndex::WHOLE) };
    let (level, code) = match written.split_once('/') {
        Some((level, code)) => (Some(level), code),
        None => (None, written),
    };
    let levels = count.pack().unit_levels().iter().enumerate();
    let found: Vec<(usize, UnitIndex)> = levels
        .filter(|(_, one)| level.is_none_or(|level| one.id.as_str() == level))
        .filter_map(|(at, _)| count.geography().find_unit(at, code).map(|unit| (at, unit)))
        .collect();
    match found.as_slice() {
        [(_, unit)] => Ok(*unit),
        [] => bail!(
            "there is no unit `{written}`\nhint: give the official code, for example of a line of `testigo tally`"
        ),
        several => {
            let choices: Vec<String> =
                several.iter().map(|(at, _)| format!("{}/{code}", count.pack().levels[*at].id)).collect();
            bail!("`{written}` is a unit on several levels\nhint: choose one of {}", choices.join(", "))
        }
    }
}
