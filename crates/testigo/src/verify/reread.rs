//! Reads the code of every sheet again, from its picture as published, and compares the numbers with those in the ledger.

use std::collections::BTreeMap;

use testigo_archive::ArchiveReader;
use testigo_count::{Entry, EntryIndex, Numbers, Outcome, Pack, Reader, Reading, ReadingOf};
use testigo_ledger::Hash;
use testigo_site::mirror::for_each;

use super::wrong::Wrong;
use super::{Folded, RereadPart};
use crate::commands::read::sheet::{SheetOutcome, read_sheet};
use crate::terminal::Progress;

/// Readings of codes, by the sheet they were read from.
#[derive(Debug, Default)]
pub struct Readings {
    by_sheet: BTreeMap<EntryIndex, Vec<Numbers>>,
}

impl Readings {
    /// Keeps an entry if it is such a reading.
    pub fn take(&mut self, entry: &[u8]) {
        let Ok(Entry::Reading(Reading { reader: Reader::Qr, of: ReadingOf::Sheet(sheet), outcome, .. })) =
            Entry::parse(entry)
        else {
            return;
        };
        if let Outcome::Numbers(numbers) = outcome {
            self.by_sheet.entry(sheet).or_default().push(numbers);
        }
    }
}

/// Reads all sheets again whose picture is shown, and not hidden from edge to edge.
pub fn reread(reader: &ArchiveReader, folded: &Folded, jobs: usize) -> Result<RereadPart, Wrong> {
    let count = &folded.view.count;
    let shown = |sheet: EntryIndex| {
        let view = count.sheet_view(count.sheet_by_entry(sheet)?);
        let page = view.pages.first().filter(|_| !view.withheld)?;
        // Of a sheet whose form nobody knows, all is hidden.
        let hidden = page.masked.contains(&[0, 0, page.width, page.height]);
        (!hidden).then(|| (Hash(*page.rendition.as_bytes()), page.media))
    };
    let sheets: Vec<(EntryIndex, Hash, &str, &Vec<Numbers>)> = folded
        .readings
        .by_sheet
        .iter()
        .filter_map(|(sheet, readings)| shown(*sheet).map(|(hash, media)| (*sheet, hash, media, readings)))
        .collect();
    let progress = Progress::new("sheets", sheets.len() as u64);
    let pack = count.pack();
    let checked = for_each(&sheets, jobs, |(sheet, hash, media, readings)| {
        let done = check(reader, pack, *sheet, hash, media, readings);
        progress.advance(1);
        done
    });
    progress.finish();
    let left_out = folded.readings.by_sheet.len().saturating_sub(sheets.len()) as u64;
    Ok(RereadPart {
        sheets: checked?.len() as u64,
        not_shown: left_out,
        readings: sheets.iter().map(|one| one.3.len() as u64).sum(),
    })
}

fn check(
    reader: &ArchiveReader,
    pack: &Pack,
    sheet: EntryIndex,
    hash: &Hash,
    media: &str,
    readings: &[Numbers],
) -> Result<(), Wrong> {
    let shelf: String = hash.to_string().chars().take(2).collect();
    let path = format!("renditions/{shelf}/{hash}.{media}");
    let (bytes, _) = reader
        .rendition(hash)
        .map_err(|error| Wrong::at("missing", &path, &format!("cannot be read: {error}"), super::wrong::COPY))?;
    let meaning =
        "the numbers in the ledger are not those that this program reads from the published picture; look at the sheet";
    let again = match read_sheet(&bytes, pack) {
        SheetOutcome::Payloads(payloads) => payloads,
        SheetOutcome::Failure { reason, .. } => {
            let what = format!(
                "is the picture of sheet entry {sheet}, whose code was read before and cannot be now: {reason}"
            );
            return Err(Wrong::at("reread", &path, &what, meaning));
        }
    };
    let again: Vec<&Numbers> = again.iter().flat_map(|(numbers, _)| numbers).collect();
    match readings.iter().find(|reading| !again.contains(reading)) {
        None => Ok(()),
        Some(other) => {
            let found = again.iter().find(|numbers| numbers.contest == other.contest);
            let shown = |numbers: &Numbers| format!("station {}, votes {}", numbers.station, votes(numbers));
            let what = format!("is the picture of sheet entry {sheet}, whose code says other numbers than its reading");
            Err(Wrong::at("reread", &path, &what, meaning)
                .values(shown(other), found.map_or_else(String::new, |numbers| shown(numbers))))
        }
    }
}

fn votes(numbers: &Numbers) -> String {
    numbers.votes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
