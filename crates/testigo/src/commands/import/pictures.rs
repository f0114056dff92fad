//! Pictures of sheets: strip what is not pixels, keep the original apart, mask what is published, log the arrival.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use testigo_archive::{Archive, PixelSecret, RenditionFormat};
use testigo_count::entry::{CommittedPicture, Page, PictureIntakeEntry, SheetEntry};
use testigo_count::pack::Pack;
use testigo_count::{DocumentHash, Entry, EntryIndex, SourceClass};
use testigo_ledger::Hash;
use testigo_sheet::mask::{self, Area, MaskError, Rectangle};
use testigo_sheet::metadata::{self, Stripped};
use testigo_sheet::picture::{GreyPicture, Limits};
use testigo_sheet::proof::{PixelCommitment, PixelKey, Pixels};
use testigo_sheet::qr::{self, Detected, Outcome};

use super::files::{Files, Found};
use crate::commands::read::sheet::stations_of;
use crate::parallel;
use crate::terminal::{Progress, counted, grouped};
use crate::{counting, layout, say};

/// A batch of pictures ends with the one that makes it this many bytes long.
const LARGEST_BATCH_BYTES: usize = 64 << 20;

/// In ten-thousandths.
const WHOLE_PICTURE: [u16; 4] = [0, 0, 10_000, 10_000];

/// A file that was left out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureFault {
    pub name: String,
    pub message: String,
}

/// What became of the pictures.
#[derive(Debug, Default)]
pub struct PicturesReport {
    pub added: usize,
    /// Pictures whose very bytes (without metadata) are here already.
    pub known: usize,
    /// Pictures hidden altogether: no layout of the pack fits them, or they show several sheets.
    pub hidden: usize,
    pub faults: Vec<PictureFault>,
}

impl PicturesReport {
    pub fn print(&self) {
        say!("{} added", counted(self.added as u64, "sheet", "sheets"));
        for (number, one, several) in [
            (self.known, "picture was here already", "pictures were here already"),
            (
                self.hidden,
                "does not look like a sheet that the pack knows: its picture is hidden until a person masks it",
                "do not look like a sheet that the pack knows: their pictures are hidden until a person masks them",
            ),
        ] {
            if number > 0 {
                say!("{:>9} {}", grouped(number as u64), if number == 1 { one } else { several });
            }
        }
        for fault in &self.faults {
            say!("  left out {}: {}", fault.name, fault.message);
        }
        if !self.faults.is_empty() {
            say!("{} left out; everything else is in", counted(self.faults.len() as u64, "file was", "files were"));
        }
        if self.added > 0 {
            say!("hint: `testigo read` reads them");
        }
    }
}

/// All cores that this process may use.
pub fn all_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A picture, prepared apart from the archive so that all cores can help.
struct Prepared {
    name: String,
    stripped: Stripped,
    rendition: mask::Rendition,
    secret: PixelSecret,
    commitment: PixelCommitment,
    opening: Vec<u8>,
    hidden: bool,
}

/// Imports pictures, in batches that become durable together.
pub fn import_pictures(
    archive: &mut Archive,
    sources: &[PathBuf],
    source: SourceClass,
    jobs: usize,
) -> Result<PicturesReport> {
    let (count, _) = counting::load(&archive.reader()?)?;
    let pack = count.pack();
    if pack.sheets.is_empty() {
        bail!(
            "the pack `{}` does not say where a sheet shows personal data, so pictures cannot be published\nhint: add a [[sheet]] with `personal` areas to the pack",
            pack.id
        );
    }
    let limits = Limits::default();
    let mut report = PicturesReport::default();
    let mut files = Files::new(sources, limits.max_bytes);
    let progress = Progress::new("pictures", 0);
    let mut published = Instant::now();
    loop {
        let batch = next_batch(&mut files);
        if batch.is_empty() {
            break;
        }
        let size = batch.len() as u64;
        let prepared = parallel::map(batch, jobs, |found| prepare(found, pack, &limits));
        let mut pictures = Vec::new();
        for one in prepared {
            match one {
                Ok(picture) => pictures.push(picture),
                Err(fault) => report.faults.push(fault),
            }
        }
        store(archive, pictures, source, &mut report)?;
        progress.advance(size);
        if published.elapsed() > Duration::from_secs(2) {
            archive.publish()?;
            published = Instant::now();
        }
    }
    progress.finish();
    archive.publish()?;
    Ok(report)
}

/// As many files as one intake entry takes, and no more bytes than memory should hold.
fn next_batch(files: &mut Files) -> Vec<Found> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    while batch.len() < PictureIntakeEntry::LARGEST_BATCH && bytes < LARGEST_BATCH_BYTES {
        let Some(found) = files.next() else { break };
        bytes += found.content.as_ref().map_or(0, Vec::len);
        batch.push(found);
    }
    batch
}

fn prepare(found: Found, pack: &Pack, limits: &Limits) -> Result<Prepared, PictureFault> {
    let fault = |message: String| PictureFault { name: found.name.clone(), message };
    let bytes = found.content.as_ref().map_err(|message| fault(message.clone()))?;
    let stripped = metadata::strip(bytes, limits).map_err(|error| fault(error.to_string()))?;
    let grey = stripped.decode_grey(limits).map_err(|error| fault(error.to_string()))?;
    let (width, height) = (grey.width(), grey.height());
    let layout = pack.layout(width, height);
    let (code, several) = find_code(&grey, pack);
    let pixels = Pixels::of(&stripped, limits).map_err(|error| fault(error.to_string()))?;
    let areas = |areas: Vec<[u16; 4]>| areas.into_iter().map(layout::area).collect::<Result<Vec<Area>, MaskError>>();
    let kept = areas(pack.kept_areas(width, height, code)).map_err(|error| fault(error.to_string()))?;
    let kept: Vec<Rectangle> = kept.iter().map(|area| area.place(width, height)).collect();
    // Where a picture shows several sheets, nothing says where the personal areas of the second one are.
    let personal = if several { vec![WHOLE_PICTURE] } else { pack.hidden_areas(width, height, code) };
    let covered =
        areas(personal).and_then(|personal| mask::cover(&pixels, &personal, if several { &[] } else { &kept }));
    let (masked, readable) = match covered {
        Ok(masked) => (masked, layout.is_some() && !several),
        // Rounded outwards, the mask would reach over figures: nothing is shown until a person has drawn the mask.
        Err(MaskError::Covers { .. }) => (vec![Rectangle::whole(width, height)], false),
        Err(error) => return Err(fault(error.to_string())),
    };
    let secret = PixelSecret::new(stripped.orientation.number()).map_err(|error| fault(error.to_string()))?;
    let key = PixelKey(secret.key);
    let order = pixels.best_order(&masked);
    let commitment = pixels.commitment(&key, order);
    let opening = pixels.opening(&key, order, &masked);
    let rendition = pixels.masked(&masked).map_err(|error| fault(error.to_string()))?;
    Ok(Prepared { name: found.name, stripped, rendition, secret, commitment, opening, hidden: !readable })
}

/// The box around the code of a sheet, in ten-thousandths, and whether the picture has the codes of several sheets. It
/// tells which way up the sheet lies; reading it is a step of its own.
pub fn find_code(grey: &GreyPicture, pack: &Pack) -> (Option<[u16; 4]>, bool) {
    let (width, height) = (grey.width(), grey.height());
    let places = pack.layout(width, height).map(layout::places).unwrap_or_default();
    let (corners, several) = match qr::read_sheet(grey, &places, &mut |_| true) {
        Outcome::Read { reading, others } => {
            let corners = reading.corners;
            let codes: Vec<Detected> = std::iter::once(reading).chain(others).collect();
            (Some(corners), stations_of(&codes, pack).len() > 1)
        }
        Outcome::Unread { failure, .. } => (failure.corners(), false),
    };
    (corners.map(|corners| layout::code_box(&corners, width, height)), several)
}

fn store(
    archive: &mut Archive,
    pictures: Vec<Prepared>,
    source: SourceClass,
    report: &mut PicturesReport,
) -> Result<()> {
    let (mut pages, mut arrived) = (Vec::new(), Vec::new());
    for picture in pictures {
        // Only the organiser's own files keep their names, and only privately: a sender's file name can be a trace.
        let name = (source != SourceClass::Public).then_some(picture.name.as_str());
        let original = archive.put_original(&picture.stripped.bytes, name)?;
        if original.already_known {
            report.known += 1;
            continue;
        }
        let format = match picture.rendition.extension {
            "jpg" => RenditionFormat::Jpeg,
            _ => RenditionFormat::Png,
        };
        let rendition = archive.put_rendition(&picture.rendition.bytes, format)?;
        let pixels = Hash(picture.commitment.0);
        archive.put_opening(&pixels, &rendition, &picture.opening)?;
        archive.put_pixel_secret(&original.commitment, picture.secret);
        arrived.push(CommittedPicture {
            original: DocumentHash::from_bytes(original.commitment.0),
            pixels: DocumentHash::from_bytes(pixels.0),
        });
        report.hidden += usize::from(picture.hidden);
        let rectangles = picture.rendition.masked.iter();
        pages.push(Page {
            commitment: DocumentHash::from_bytes(original.commitment.0),
            height: picture.rendition.height,
            masked: rectangles.map(layout::corners).collect(),
            media: picture.rendition.extension.to_owned(),
            rendition: DocumentHash::from_bytes(rendition.0),
            width: picture.rendition.width,
        });
    }
    if pages.is_empty() {
        return Ok(());
    }
    report.added += pages.len();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock stands before 1970")?.as_secs();
    let intake = PictureIntakeEntry::new(arrived, source, now);
    // The one writer knows the next index; arrival and sheets become durable together or not at all.
    let index = EntryIndex(archive.size()?.0);
    let mut entries = vec![Entry::PictureIntake(intake).to_bytes()?];
    for page in pages {
        entries.push(Entry::Sheet(SheetEntry::new(index, vec![page])).to_bytes()?);
    }
    archive.append(&entries)?;
    Ok(())
}
