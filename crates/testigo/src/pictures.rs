//! Published pictures between the count, which says what is shown of each sheet, and the archive, which has the files:
//! proofs are checked, and what is no longer shown is taken away.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use testigo_archive::{Archive, ArchiveReader};
use testigo_count::sheets::PageView;
use testigo_count::{Count, DocumentHash, EntryIndex};
use testigo_ledger::Hash;
use testigo_sheet::picture::{Format, Limits, Rectangle};
use testigo_sheet::proof::{self, PixelCommitment, Published};

use crate::parallel;

/// What was checked of the pictures that are shown.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct ProofReport {
    /// Pictures whose visible pixels are those that came in.
    pub proved: usize,
    /// Pictures of which nothing was said when they came in.
    pub unproved: usize,
    /// Pictures that a ruling withholds.
    pub withheld: usize,
}

/// Renditions that a withheld sheet shows: they are shown nowhere.
pub fn withheld(count: &Count) -> BTreeSet<DocumentHash> {
    let views = count.sheets().map(|sheet| count.sheet_view(sheet));
    views.filter(|view| view.withheld).flat_map(|view| view.pages).map(|page| page.rendition).collect()
}

/// Checks that every picture that is shown is there, and that its mask hides nothing but what the ledger says. Calls
/// `advance` after each. On a fault, says the first.
pub fn check_all(
    reader: &ArchiveReader,
    count: &Count,
    jobs: usize,
    advance: impl Fn() + Sync,
) -> Result<ProofReport, String> {
    let withheld = withheld(count);
    let mut report = ProofReport::default();
    let mut shown: Vec<(usize, EntryIndex, PageView<'_>)> = Vec::new();
    for view in count.sheets().map(|sheet| count.sheet_view(sheet)) {
        for page in view.pages {
            if withheld.contains(&page.rendition) {
                report.withheld += 1;
            } else {
                shown.push((shown.len(), view.entry, page));
            }
        }
    }
    report.unproved = shown.iter().filter(|(_, _, page)| page.pixels.is_none()).count();
    report.proved = shown.len() - report.unproved;
    // Nothing behind the first fault matters.
    let first_fault = AtomicUsize::new(usize::MAX);
    let found = parallel::map(shown, jobs, |(number, sheet, page)| {
        if number > first_fault.load(Ordering::Relaxed) {
            return None;
        }
        let fault = check_page(reader, &page).err();
        advance();
        let cause = fault?;
        first_fault.fetch_min(number, Ordering::Relaxed);
        Some(format!("the picture {} of sheet entry {sheet}: {cause}", page.rendition))
    });
    found.into_iter().flatten().next().map_or(Ok(report), Err)
}

/// Checks one picture that is shown.
fn check_page(reader: &ArchiveReader, page: &PageView<'_>) -> Result<(), String> {
    let rendition = Hash(*page.rendition.as_bytes());
    let Some(pixels) = page.pixels else {
        return reader.rendition_path(&rendition).map(drop).ok_or_else(|| "it is missing".to_owned());
    };
    let (bytes, _) = reader.rendition(&rendition).map_err(|error| error.to_string())?;
    let opening = reader.opening(&Hash(*pixels.as_bytes()), &rendition).map_err(|error| error.to_string())?;
    let opening = opening.ok_or_else(|| format!("its proof openings/.../{pixels}.{rendition} is missing"))?;
    let masked: Vec<Rectangle> = page.masked.iter().map(|area| rectangle(*area)).collect();
    let format = if page.media == "png" { Format::Png } else { Format::Jpeg };
    let published = Published { bytes: &bytes, format, width: page.width, height: page.height, masked: &masked };
    proof::check(&published, &PixelCommitment(*pixels.as_bytes()), &opening, &Limits::default())
        .map_err(|error| error.to_string())
}

/// `[left, top, right, bottom]` as an entry has it. One that is none becomes empty, which no picture's mask is.
pub fn rectangle([left, top, right, bottom]: [u32; 4]) -> Rectangle {
    Rectangle { left, top, width: right.saturating_sub(left), height: bottom.saturating_sub(top) }
}

/// Takes away what is published and no longer shown: pictures that a mask has superseded for good, those that a ruling
/// withholds for as long as it does. Gives how many files went and came back. Does the same again after a crash.
pub fn tidy(archive: &mut Archive, count: &Count) -> Result<(usize, usize)> {
    let (mut gone, mut back) = (0, 0);
    let withheld = withheld(count);
    let hash = |hash: &DocumentHash| Hash(*hash.as_bytes());
    let pages: Vec<PageView<'_>> = count.sheets().flat_map(|sheet| count.sheet_view(sheet).pages).collect();
    let shown: BTreeSet<DocumentHash> = pages.iter().map(|page| page.rendition).collect();
    let put_away: BTreeSet<Hash> = archive.withheld_renditions()?.into_iter().collect();
    for page in &pages {
        for superseded in page.superseded {
            if !shown.contains(superseded) {
                gone += archive.remove_rendition(&hash(superseded))?;
            }
            if let Some(pixels) = &page.pixels {
                gone += archive.remove_opening(&hash(pixels), &hash(superseded))?;
            }
        }
        let (rendition, pixels) = (hash(&page.rendition), page.pixels.as_ref().map(hash));
        if withheld.contains(&page.rendition) {
            gone += archive.withhold_rendition(&rendition, pixels.as_ref())?;
        } else if put_away.contains(&rendition) {
            back += archive.restore_rendition(&rendition, pixels.as_ref())?;
        }
    }
    Ok((gone, back))
}
