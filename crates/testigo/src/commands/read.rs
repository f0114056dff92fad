//! `testigo read`: the numbers of every sheet that has no reading yet, from its code.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use serde::Serialize;
use testigo_archive::Archive;
use testigo_count::grammar::{PayloadError, read_payload};
use testigo_count::identifier::Code;
use testigo_count::pack::Pack;
use testigo_count::rule::StationState;
use testigo_count::sheets::SheetState;
use testigo_count::{Count, Entry, EntryIndex, Numbers, Outcome, Reader, Reading, ReadingOf, StationId};
use testigo_ledger::Hash;
use testigo_sheet::jpeg::Jpeg;
use testigo_sheet::picture::{self, Limits, Rectangle};
use testigo_sheet::qr::{self, Detected};

use super::import::all_cores;
use super::{exit, sentence};
use crate::terminal::{Progress, counted, grouped};
use crate::{counting, keys, layout, parallel, say};

/// Sheets whose readings become durable together.
const BATCH: usize = 64;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  testigo read archive --jobs 2")]
pub struct ReadArguments {
    /// The archive
    pub dir: PathBuf,
    /// How many sheets to read at once [default: all cores]
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
    /// How to answer
    #[arg(long, value_enum, default_value_t)]
    pub format: ReadFormat,
    /// The ledger's key [default: in the folder TESTIGO_KEYS, or your data folder]
    #[arg(long, value_name = "FILE")]
    pub ledger_key: Option<PathBuf>,
}

/// How `read` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ReadFormat {
    /// For people
    #[default]
    Table,
    /// For programs
    Json,
}

/// What became of reading.
#[derive(Debug, Default, Serialize)]
pub struct ReadReport {
    /// Sheets that were tried.
    pub tried: usize,
    /// Sheets with numbers now.
    pub read: usize,
    /// Of those, how their station stands with what else is known.
    pub agree: usize,
    pub differ: Vec<SheetLine>,
    pub held: Vec<SheetLine>,
    /// Sheets without.
    pub unreadable: Vec<SheetLine>,
}

/// One sheet.
#[derive(Debug, Clone, Serialize)]
pub struct SheetLine {
    /// Its `sheet` entry.
    pub sheet: u64,
    /// The organiser's own file name, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The station, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub station: Option<String>,
    /// A stable code.
    pub code: String,
    /// The reason in words.
    pub reason: String,
}

impl ReadReport {
    fn print(&self) {
        say!(
            "{} tried, {} read, {} unreadable",
            counted(self.tried as u64, "sheet", "sheets"),
            grouped(self.read as u64),
            grouped(self.unreadable.len() as u64)
        );
        if self.read > 0 {
            say!(
                "{:>9} agree with everything else known of their station, {} differ, {} held",
                grouped(self.agree as u64),
                self.differ.len(),
                self.held.len()
            );
        }
        for (what, lines) in [("differs", &self.differ), ("held", &self.held), ("unreadable", &self.unreadable)] {
            for line in lines {
                let station = line.station.as_deref().map(|station| format!(" station {station}")).unwrap_or_default();
                let file = line.file.as_deref().map(|file| format!(" ({file})")).unwrap_or_default();
                say!("  {what}: sheet {}{station}{file}: {}: {}", line.sheet, line.code, line.reason);
            }
        }
    }
}

pub fn run(arguments: &ReadArguments) -> Result<ExitCode> {
    let mut archive =
        Archive::open(&arguments.dir, keys::of_archive(&arguments.dir, arguments.ledger_key.as_deref())?)?;
    let report = read_sheets(&mut archive, arguments.jobs.unwrap_or_else(all_cores))?;
    match arguments.format {
        ReadFormat::Json => say!("{}", serde_json::to_string_pretty(&report)?),
        ReadFormat::Table => report.print(),
    }
    Ok(exit(report.unreadable.is_empty()))
}

/// What one sheet gave.
enum SheetOutcome {
    /// Payloads of the pack's grammar, with the step that got them. Several are reported and never chosen between.
    Payloads(Vec<(Vec<Numbers>, String)>),
    Failure {
        code: String,
        reason: String,
    },
}

/// A sheet to be read.
struct Waiting {
    entry: EntryIndex,
    file: Option<String>,
    bytes: Vec<u8>,
}

/// Reads every sheet that nobody has tried yet.
pub fn read_sheets(archive: &mut Archive, jobs: usize) -> Result<ReadReport> {
    read_sheets_from(archive, EntryIndex(0), jobs)
}

/// Reads every sheet that came with this entry or later and that nobody has tried yet.
pub fn read_sheets_from(archive: &mut Archive, first: EntryIndex, jobs: usize) -> Result<ReadReport> {
    let reader = archive.reader()?;
    let (mut count, _) = counting::load(&reader)?;
    if count.pack().payloads.is_empty() {
        bail!("the pack `{}` describes no code on its sheets, so there is nothing to read", count.pack().id);
    }
    let is_unread =
        |sheet: &_| count.sheet_state(*sheet) == SheetState::Unread && count.sheet_view(*sheet).entry >= first;
    let unread: Vec<_> = count.sheets().filter(is_unread).collect();
    let mut report = ReadReport { tried: unread.len(), ..ReadReport::default() };
    let mut read = Vec::new();
    let pack = count.pack().clone();
    let progress = Progress::new("sheets", unread.len() as u64);
    let mut published = Instant::now();
    for batch in unread.chunks(BATCH) {
        let mut waiting = Vec::with_capacity(batch.len());
        for sheet in batch {
            let view = count.sheet_view(*sheet);
            let page = view.pages.first().context("a sheet without a page")?;
            let original = archive
                .original(&Hash(*page.commitment.as_bytes()))?
                .with_context(|| format!("the original of sheet entry {} is not in this archive", view.entry))?;
            waiting.push(Waiting { entry: view.entry, file: original.file_name, bytes: original.bytes });
        }
        let outcomes = parallel::map(waiting, jobs, |one| {
            let outcome = read_sheet(&one.bytes, &pack);
            (one.entry, one.file, outcome)
        });
        let mut entries = Vec::new();
        for (sheet, file, outcome) in outcomes {
            match outcome {
                SheetOutcome::Payloads(payloads) => {
                    report.read += 1;
                    let station =
                        payloads.iter().flat_map(|(numbers, _)| numbers).map(|one| one.station.clone()).next();
                    read.extend(station.map(|station| ReadSheet { sheet, file, station, codes: payloads.len() }));
                    for (numbers, step) in payloads {
                        for numbers in numbers {
                            entries.push(entry(sheet, Some(Code::new(step.as_str())?), Outcome::Numbers(numbers))?);
                        }
                    }
                }
                SheetOutcome::Failure { code, reason } => {
                    entries.push(entry(sheet, None, Outcome::Failure(Code::new(code.as_str())?))?);
                    report.unreadable.push(SheetLine { sheet: sheet.0, file, station: None, code, reason });
                }
            }
        }
        archive.append(&entries)?;
        if published.elapsed() > Duration::from_secs(2) {
            archive.publish()?;
            published = Instant::now();
        }
        progress.advance(batch.len() as u64);
    }
    progress.finish();
    archive.publish()?;
    counting::follow(&mut count, &reader)?;
    stand(&count, read, &mut report);
    Ok(report)
}

fn entry(sheet: EntryIndex, step: Option<Code>, outcome: Outcome) -> Result<Vec<u8>> {
    let reading = Reading { reader: Reader::Qr, of: ReadingOf::Sheet(sheet), prev: None, step, outcome };
    Ok(Entry::Reading(reading).to_bytes()?)
}

/// Reads one picture: its code, by the pack's grammar.
fn read_sheet(bytes: &[u8], pack: &Pack) -> SheetOutcome {
    match read_places(bytes, pack) {
        Some(codes) => told(&codes, pack),
        None => read_whole(bytes, pack),
    }
}

/// The codes that stand where the pack's layout says, read from a JPEG file without transforming the rest of its pixels,
/// which is most of the work on a sheet. `None` when that gives no certain payload of the pack's grammar: then the whole
/// picture decides. Corners are counted from the place's own.
fn read_places(bytes: &[u8], pack: &Pack) -> Option<Vec<Detected>> {
    let jpeg = Jpeg::parse(bytes, &Limits::default()).ok()?;
    let orientation = jpeg.orientation();
    let (width, height) = orientation.upright_size(jpeg.width(), jpeg.height());
    let places = pack.layout(width, height).map(layout::places).unwrap_or_default();
    places.into_iter().enumerate().find_map(|(index, place)| {
        let (left, top, right, bottom) = place.pixels(width, height);
        let seen = Rectangle { left, top, width: right.saturating_sub(left), height: bottom.saturating_sub(top) };
        let stored = orientation.stored_rectangle(seen, jpeg.width(), jpeg.height());
        let grey = jpeg.decode_grey_region(stored).ok()?.upright(orientation);
        let outcome = qr::read_sheet(&grey, &[], &mut |payload| read_payload(&pack.payloads, payload).is_ok());
        let mut codes = certain(outcome)?;
        for code in &mut codes {
            // What was the whole of the region is a place of the picture.
            code.step.area = qr::Area::Place(index);
        }
        Some(codes)
    })
}

/// Climbs the whole ladder with all of the picture.
fn read_whole(bytes: &[u8], pack: &Pack) -> SheetOutcome {
    let grey = match picture::decode_grey(bytes, &Limits::default()) {
        Ok(grey) => grey,
        Err(error) => {
            return SheetOutcome::Failure { code: "picture-damaged".to_owned(), reason: error.to_string() };
        }
    };
    let places = pack.layout(grey.width(), grey.height()).map(layout::places).unwrap_or_default();
    let mut refused: Option<PayloadError> = None;
    let outcome = qr::read_sheet(&grey, &places, &mut |payload| match read_payload(&pack.payloads, payload) {
        Ok(_) => true,
        Err(error) => {
            refused = Some(error);
            false
        }
    });
    if let qr::Outcome::Unread { failure, .. } = &outcome {
        let reason = match refused {
            Some(error) => format!("a code was read, but it is not that of a sheet: {error}"),
            None => failure.to_string(),
        };
        return SheetOutcome::Failure { code: failure.code().to_owned(), reason };
    }
    match certain(outcome) {
        Some(codes) => told(&codes, pack),
        None => SheetOutcome::Failure {
            code: "code-needs-confirmation".to_owned(),
            reason: "the code could only be repaired with nothing to spare; a person must confirm what it says"
                .to_owned(),
        },
    }
}

/// The accepted code and the others seen beside it, without those that a person must confirm; `None` when the accepted
/// one is such a code, or there is none.
fn certain(outcome: qr::Outcome) -> Option<Vec<Detected>> {
    match outcome {
        qr::Outcome::Read { reading, others } if !reading.needs_confirmation() => {
            Some(std::iter::once(reading).chain(others).filter(|one| !one.needs_confirmation()).collect())
        }
        _ => None,
    }
}

/// What the codes of a picture say of its sheet.
fn told(codes: &[Detected], pack: &Pack) -> SheetOutcome {
    let stations = stations_of(codes, pack);
    if stations.len() > 1 {
        let stations: Vec<&str> = stations.iter().map(StationId::as_str).collect();
        return SheetOutcome::Failure {
            code: "several-sheets".to_owned(),
            reason: format!(
                "the picture has the codes of several stations ({}); each sheet needs a picture of its own",
                stations.join(", ")
            ),
        };
    }
    let payloads = codes
        .iter()
        .filter_map(|one| read_payload(&pack.payloads, &one.text).ok().map(|numbers| (numbers, one.step.to_string())));
    SheetOutcome::Payloads(payloads.collect())
}

/// The stations that the codes of a picture speak of.
pub fn stations_of(codes: &[Detected], pack: &Pack) -> BTreeSet<StationId> {
    let read = codes.iter().filter_map(|code| read_payload(&pack.payloads, &code.text).ok());
    read.flatten().map(|numbers| numbers.station).collect()
}

/// A sheet that was read.
struct ReadSheet {
    sheet: EntryIndex,
    file: Option<String>,
    station: StationId,
    /// Different payloads on it, all for this station.
    codes: usize,
}

/// How the stations of the sheets that were read stand now.
fn stand(count: &Count, read: Vec<ReadSheet>, report: &mut ReadReport) {
    for ReadSheet { sheet, file, station, codes } in read {
        let Some(index) = count.geography().find_station(station.as_str()) else { continue };
        let status = (0..count.definition().contests.len()).map(|contest| count.status(contest, index));
        let line = |code: &str, reason: &str| SheetLine {
            sheet: sheet.0,
            file: file.clone(),
            station: Some(station.to_string()),
            code: code.to_owned(),
            reason: reason.to_owned(),
        };
        let disputed = status.clone().any(|one| one.state == StationState::Disputed);
        let objected = status.clone().any(|one| one.objected);
        let held = status.clone().find(|one| one.state == StationState::Held);
        match held {
            _ if disputed && codes > 1 => report.differ.push(line(
                "disputed",
                "its picture has several codes that say different things; none counts until a ruling",
            )),
            _ if disputed => report.differ.push(line(
                "disputed",
                "it differs from another reading of its station; neither counts until a ruling",
            )),
            _ if objected => report.differ.push(line(
                "objected",
                "a reading of its station differs from the one that counts; nothing changes until a ruling",
            )),
            _ if status.clone().any(|one| one.state == StationState::NotInstalled) => report.differ.push(line(
                "not-installed",
                "a ruling says that its station did not open; nothing changes until another ruling",
            )),
            Some(one) => report.held.push(line(one.reason.word(), &sentence(&format!("reason.{}", one.reason.word())))),
            None => report.agree += 1,
        }
    }
}
