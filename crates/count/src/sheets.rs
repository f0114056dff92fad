//! Every captured sheet, in columns: where it came from, its published pictures, what became of reading it.

use std::collections::BTreeMap;

use crate::entry::{Page, SourceClass};
use crate::geography::StationIndex;
use crate::identifier::{DocumentHash, EntryIndex};

/// A sheet's place in the [`SheetTable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SheetIndex(pub(crate) u32);

/// What became of reading a sheet by machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SheetState {
    /// Nobody has tried yet.
    Unread,
    /// There are numbers from it.
    Read,
    /// It was tried, and there are none.
    Unreadable,
}

#[derive(Debug, Clone, PartialEq)]
struct SheetRecord {
    entry: u32,
    first_page: u32,
    pages: u16,
    source: SourceClass,
    /// Position in [`SheetTable::failures`] plus 1; 0 for none.
    failure: u16,
    /// How many readings with numbers nothing superseded.
    readings: u16,
}

#[derive(Debug, Clone, PartialEq)]
struct PageRecord {
    commitment: DocumentHash,
    rendition: DocumentHash,
    width: u32,
    height: u32,
    first_mask: u32,
    masks: u16,
    media: u8,
}

/// Media types of renditions, by the number kept in a page record.
const MEDIA: [&str; 2] = ["jpg", "png"];

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SheetTable {
    sheets: Vec<SheetRecord>,
    pages: Vec<PageRecord>,
    masks: Vec<[u32; 4]>,
    failures: Vec<String>,
    /// Sheets that a ruling moved, with the station they belong to.
    moved: BTreeMap<u32, StationIndex>,
}

impl SheetTable {
    /// Adds a sheet. `None` when the table is full or the sheet has no usable page.
    pub fn push(&mut self, entry: u32, source: SourceClass, pages: &[Page]) -> Option<SheetIndex> {
        let index = SheetIndex(u32::try_from(self.sheets.len()).ok()?);
        let first_page = u32::try_from(self.pages.len()).ok()?;
        let count = u16::try_from(pages.len()).ok().filter(|count| *count > 0)?;
        let media: Vec<u8> = pages
            .iter()
            .map(|page| MEDIA.iter().position(|word| *word == page.media).and_then(|at| u8::try_from(at).ok()))
            .collect::<Option<_>>()?;
        for (page, media) in pages.iter().zip(media) {
            let first_mask = u32::try_from(self.masks.len()).ok()?;
            self.masks.extend_from_slice(&page.masked);
            self.pages.push(PageRecord {
                commitment: page.commitment,
                rendition: page.rendition,
                width: page.width,
                height: page.height,
                first_mask,
                masks: u16::try_from(page.masked.len()).ok()?,
                media,
            });
        }
        self.sheets.push(SheetRecord { entry, first_page, pages: count, source, failure: 0, readings: 0 });
        Some(index)
    }

    pub fn len(&self) -> usize {
        self.sheets.len()
    }

    pub fn by_entry(&self, entry: EntryIndex) -> Option<SheetIndex> {
        let entry = u32::try_from(entry.0).ok()?;
        let at = self.sheets.binary_search_by_key(&entry, |sheet| sheet.entry).ok()?;
        u32::try_from(at).ok().map(SheetIndex)
    }

    pub fn entry(&self, sheet: SheetIndex) -> EntryIndex {
        EntryIndex(u64::from(self.record(sheet).entry))
    }

    pub fn source(&self, sheet: SheetIndex) -> SourceClass {
        self.record(sheet).source
    }

    pub fn state(&self, sheet: SheetIndex) -> SheetState {
        let record = self.record(sheet);
        match (record.readings, record.failure) {
            (0, 0) => SheetState::Unread,
            (0, _) => SheetState::Unreadable,
            _ => SheetState::Read,
        }
    }

    pub fn failure(&self, sheet: SheetIndex) -> Option<&str> {
        let at = usize::from(self.record(sheet).failure).checked_sub(1)?;
        self.failures.get(at).map(String::as_str)
    }

    pub fn set_failure(&mut self, sheet: SheetIndex, code: &str) {
        let known = self.failures.iter().position(|one| one == code);
        let at = known.unwrap_or_else(|| {
            self.failures.push(code.to_owned());
            self.failures.len() - 1
        });
        self.sheets[sheet.0 as usize].failure = u16::try_from(at + 1).unwrap_or(u16::MAX);
    }

    pub fn add_reading(&mut self, sheet: SheetIndex) {
        let readings = &mut self.sheets[sheet.0 as usize].readings;
        *readings = readings.saturating_add(1);
    }

    pub fn remove_reading(&mut self, sheet: SheetIndex) {
        let readings = &mut self.sheets[sheet.0 as usize].readings;
        *readings = readings.saturating_sub(1);
    }

    pub fn moved_to(&self, sheet: SheetIndex) -> Option<StationIndex> {
        self.moved.get(&sheet.0).copied()
    }

    pub fn set_moved(&mut self, sheet: SheetIndex, station: Option<StationIndex>) {
        match station {
            Some(station) => self.moved.insert(sheet.0, station),
            None => self.moved.remove(&sheet.0),
        };
    }

    /// Sheets that were moved to this station.
    pub fn moved_here(&self, station: StationIndex) -> impl Iterator<Item = SheetIndex> {
        self.moved.iter().filter(move |(_, target)| **target == station).map(|(sheet, _)| SheetIndex(*sheet))
    }

    pub fn pages(&self, sheet: SheetIndex) -> impl Iterator<Item = PageView<'_>> {
        let record = self.record(sheet);
        let first = record.first_page as usize;
        self.pages[first..first + usize::from(record.pages)].iter().map(|page| PageView {
            commitment: page.commitment,
            rendition: page.rendition,
            width: page.width,
            height: page.height,
            media: MEDIA[usize::from(page.media)],
            masked: &self.masks[page.first_mask as usize..page.first_mask as usize + usize::from(page.masks)],
        })
    }

    pub fn indices(&self) -> impl Iterator<Item = SheetIndex> + use<> {
        (0..u32::try_from(self.sheets.len()).unwrap_or(u32::MAX)).map(SheetIndex)
    }

    pub fn heap_bytes(&self) -> usize {
        self.sheets.capacity() * size_of::<SheetRecord>()
            + self.pages.capacity() * size_of::<PageRecord>()
            + self.masks.capacity() * size_of::<[u32; 4]>()
    }

    fn record(&self, sheet: SheetIndex) -> &SheetRecord {
        &self.sheets[sheet.0 as usize]
    }
}

/// One published picture of a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageView<'a> {
    /// Salted commitment to the original.
    pub commitment: DocumentHash,
    /// Hash of the published picture, also its file name.
    pub rendition: DocumentHash,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// `jpg` or `png`.
    pub media: &'static str,
    /// Hidden rectangles, `[left, top, right, bottom]` in pixels.
    pub masked: &'a [[u32; 4]],
}
