//! Every captured sheet, in columns: where it came from, its published pictures, what became of reading it.

use std::collections::{BTreeMap, BTreeSet};

use crate::columns::{ColumnReader, ColumnWriter, Damaged};
use crate::entry::{CommittedPicture, MaskEntry, Page, SourceClass};
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

/// A batch of pictures that arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Intake {
    /// Where they came from.
    pub source: SourceClass,
    /// Seconds since 1970, a multiple of ten minutes.
    pub time: u64,
    pub(crate) pictures: Pictures,
}

/// What was committed to of each picture.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Pictures {
    /// The original.
    Originals(Vec<DocumentHash>),
    /// The original and the pixels.
    WithPixels(Vec<CommittedPicture>),
}

impl Intake {
    /// How many pictures arrived.
    #[must_use]
    pub fn picture_count(&self) -> usize {
        match &self.pictures {
            Pictures::Originals(originals) => originals.len(),
            Pictures::WithPixels(pictures) => pictures.len(),
        }
    }

    /// The commitment to the pixels of the picture with this commitment to its original; `None` when the picture is not
    /// among those that arrived, `Some(None)` when nothing was said of its pixels.
    pub(crate) fn pixels(&self, original: &DocumentHash) -> Option<Option<DocumentHash>> {
        match &self.pictures {
            Pictures::Originals(originals) => originals.contains(original).then_some(None),
            Pictures::WithPixels(pictures) => {
                pictures.iter().find(|picture| picture.original == *original).map(|picture| Some(picture.pixels))
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
struct PageRecord {
    commitment: DocumentHash,
    pixels: Option<DocumentHash>,
    rendition: DocumentHash,
    width: u32,
    height: u32,
    first_mask: u32,
    masks: u16,
    media: u8,
}

/// What a page shows since its mask was changed.
#[derive(Debug, Clone, PartialEq)]
struct Remasked {
    /// The `mask` entry in force.
    entry: u32,
    rendition: DocumentHash,
    masked: Vec<[u32; 4]>,
    /// What was shown before, oldest first.
    superseded: Vec<DocumentHash>,
}

/// Why a mask changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotMasked {
    NoSuchPage,
    BesideAnother,
}

/// Media types of renditions, by the number kept in a page record.
const MEDIA: [&str; 2] = ["jpg", "png"];

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SheetTable {
    sheets: Vec<SheetRecord>,
    pages: Vec<PageRecord>,
    masks: Vec<[u32; 4]>,
    /// By place in `pages`: few masks are ever changed.
    remasked: BTreeMap<u32, Remasked>,
    failures: Vec<String>,
    /// Sheets that a ruling moved, with the station they belong to.
    moved: BTreeMap<SheetIndex, StationIndex>,
    /// The same by station.
    arrived: BTreeSet<(StationIndex, SheetIndex)>,
}

impl SheetTable {
    /// Adds a sheet with the commitment to the pixels of each page. `None` when the table is full or the sheet has no
    /// usable page.
    pub fn push(
        &mut self,
        entry: u32,
        source: SourceClass,
        pages: &[Page],
        pixels: &[Option<DocumentHash>],
    ) -> Option<SheetIndex> {
        let index = SheetIndex(u32::try_from(self.sheets.len()).ok()?);
        let first_page = u32::try_from(self.pages.len()).ok()?;
        let count = u16::try_from(pages.len()).ok().filter(|count| *count > 0)?;
        let media: Vec<u8> = pages
            .iter()
            .map(|page| MEDIA.iter().position(|word| *word == page.media).and_then(|at| u8::try_from(at).ok()))
            .collect::<Option<_>>()?;
        for ((page, media), pixels) in pages.iter().zip(media).zip(pixels) {
            let first_mask = u32::try_from(self.masks.len()).ok()?;
            self.masks.extend_from_slice(&page.masked);
            self.pages.push(PageRecord {
                commitment: page.commitment,
                pixels: *pixels,
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

    /// Shows another picture of a page from now on.
    pub fn remask(&mut self, sheet: SheetIndex, entry: u32, mask: &MaskEntry) -> Result<(), NotMasked> {
        let record = self.record(sheet);
        if mask.page >= u32::from(record.pages) {
            return Err(NotMasked::NoSuchPage);
        }
        let page = record.first_page + mask.page;
        let (before, mut superseded) = match self.remasked.get(&page) {
            Some(standing) if mask.prev == Some(EntryIndex(u64::from(standing.entry))) => {
                (standing.rendition, standing.superseded.clone())
            }
            None if mask.prev.is_none() => (self.pages[page as usize].rendition, Vec::new()),
            _ => return Err(NotMasked::BesideAnother),
        };
        superseded.push(before);
        superseded.retain(|one| *one != mask.rendition);
        let remasked = Remasked { entry, rendition: mask.rendition, masked: mask.masked.clone(), superseded };
        self.remasked.insert(page, remasked);
        Ok(())
    }

    /// The last `mask` entry in force: another one when any page shows another picture than before.
    pub fn last_mask(&self) -> Option<EntryIndex> {
        self.remasked.values().map(|now| EntryIndex(u64::from(now.entry))).max()
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
        self.moved.get(&sheet).copied()
    }

    pub fn set_moved(&mut self, sheet: SheetIndex, station: Option<StationIndex>) {
        let before = match station {
            Some(station) => self.moved.insert(sheet, station),
            None => self.moved.remove(&sheet),
        };
        if let Some(before) = before {
            self.arrived.remove(&(before, sheet));
        }
        self.arrived.extend(station.map(|station| (station, sheet)));
    }

    /// Sheets that were moved to this station.
    pub fn moved_here(&self, station: StationIndex) -> impl Iterator<Item = SheetIndex> {
        let all = (station, SheetIndex(0))..=(station, SheetIndex(u32::MAX));
        self.arrived.range(all).map(|(_, sheet)| *sheet)
    }

    pub fn pages(&self, sheet: SheetIndex) -> impl Iterator<Item = PageView<'_>> {
        let record = self.record(sheet);
        let first = record.first_page as usize;
        let pages = &self.pages[first..first + usize::from(record.pages)];
        (record.first_page..).zip(pages).map(|(place, page)| {
            let as_it_came = &self.masks[page.first_mask as usize..page.first_mask as usize + usize::from(page.masks)];
            let remasked = self.remasked.get(&place);
            PageView {
                commitment: page.commitment,
                pixels: page.pixels,
                rendition: remasked.map_or(page.rendition, |now| now.rendition),
                width: page.width,
                height: page.height,
                media: MEDIA[usize::from(page.media)],
                masked: remasked.map_or(as_it_came, |now| &now.masked),
                mask: remasked.map(|now| EntryIndex(u64::from(now.entry))),
                superseded: remasked.map_or(&[], |now| &now.superseded),
            }
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

/// For snapshots.
impl SheetTable {
    pub fn write(&self, part: &mut ColumnWriter) {
        part.count(self.failures.len());
        self.failures.iter().for_each(|failure| part.text(failure));
        part.count(self.sheets.len());
        part.column(self.sheets.iter().map(|sheet| sheet.entry));
        for sheet in &self.sheets {
            part.bytes(&[sheet.source.number()]);
            part.number(sheet.pages);
            part.number(sheet.failure);
            part.number(sheet.readings);
        }
        part.count(self.pages.len());
        for page in &self.pages {
            part.bytes(page.commitment.as_bytes());
            part.bytes(page.rendition.as_bytes());
            part.bytes(&[page.media, u8::from(page.pixels.is_some())]);
            page.pixels.iter().for_each(|pixels| part.bytes(pixels.as_bytes()));
            part.number(page.width);
            part.number(page.height);
            part.number(page.masks);
        }
        part.count(self.masks.len());
        self.masks.iter().flatten().for_each(|edge| part.number(*edge));
        part.count(self.remasked.len());
        for (page, now) in &self.remasked {
            part.number(*page);
            part.number(now.entry);
            part.bytes(now.rendition.as_bytes());
            part.count(now.masked.len());
            now.masked.iter().flatten().for_each(|edge| part.number(*edge));
            part.count(now.superseded.len());
            now.superseded.iter().for_each(|rendition| part.bytes(rendition.as_bytes()));
        }
        part.count(self.moved.len());
        for (sheet, station) in &self.moved {
            part.number(sheet.0);
            part.number(station.0);
        }
    }

    pub fn read(mut part: ColumnReader<'_>, stations: usize, size: u64) -> Result<Self, Damaged> {
        let mut table = Self::default();
        for _ in 0..part.count(1)? {
            table.failures.push(part.text()?.to_owned());
        }
        let sheets = part.count(4)?;
        let entries = part.column(sheets)?;
        part.check(entries.is_sorted_by(|one, other| one < other))?;
        part.check(entries.last().is_none_or(|last| u64::from(*last) < size))?;
        let mut first_page = 0_u32;
        for entry in entries {
            let source = SourceClass::from_number(part.byte()?).ok_or_else(|| part.damaged())?;
            let pages: u16 = part.small()?;
            let (failure, readings) = (part.small()?, part.small()?);
            table.sheets.push(SheetRecord { entry, first_page, pages, source, failure, readings });
            first_page = first_page.checked_add(u32::from(pages)).ok_or_else(|| part.damaged())?;
        }
        let pages = part.count(69)?;
        part.check(pages == first_page as usize)?;
        let mut first_mask = 0_u32;
        for _ in 0..pages {
            let commitment = DocumentHash::from_bytes(part.array()?);
            let rendition = DocumentHash::from_bytes(part.array()?);
            let media = part.byte()?;
            part.check(usize::from(media) < MEDIA.len())?;
            let pixels = match part.byte()? {
                0 => None,
                1 => Some(DocumentHash::from_bytes(part.array()?)),
                _ => return Err(part.damaged()),
            };
            let (width, height, masks) = (part.small()?, part.small()?, part.small()?);
            table.pages.push(PageRecord { commitment, pixels, rendition, width, height, first_mask, masks, media });
            first_mask = first_mask.checked_add(u32::from(masks)).ok_or_else(|| part.damaged())?;
        }
        let masks = part.count(4)?;
        part.check(masks == first_mask as usize)?;
        for _ in 0..masks {
            table.masks.push([part.small()?, part.small()?, part.small()?, part.small()?]);
        }
        for _ in 0..part.count(36)? {
            let (page, entry): (u32, u32) = (part.small()?, part.small()?);
            part.check((page as usize) < pages && u64::from(entry) < size)?;
            let rendition = DocumentHash::from_bytes(part.array()?);
            let mut masked = Vec::new();
            for _ in 0..part.count(4)? {
                masked.push([part.small()?, part.small()?, part.small()?, part.small()?]);
            }
            let mut superseded = Vec::new();
            for _ in 0..part.count(32)? {
                superseded.push(DocumentHash::from_bytes(part.array()?));
            }
            table.remasked.insert(page, Remasked { entry, rendition, masked, superseded });
        }
        for _ in 0..part.count(2)? {
            let (sheet, station): (u32, u32) = (part.small()?, part.small()?);
            part.check((sheet as usize) < sheets && (station as usize) < stations)?;
            table.set_moved(SheetIndex(sheet), Some(StationIndex(station)));
        }
        part.end()?;
        Ok(table)
    }
}

/// One published picture of a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageView<'a> {
    /// Salted commitment to the original.
    pub commitment: DocumentHash,
    /// Salted commitment to the pixels, made on arrival; `None` for pictures that came before there was one.
    pub pixels: Option<DocumentHash>,
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
    /// The `mask` entry that says so, where it is not the `sheet` entry.
    pub mask: Option<EntryIndex>,
    /// Pictures that were published of this page earlier, with another mask; they are published no longer.
    pub superseded: &'a [DocumentHash],
}
