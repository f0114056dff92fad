//! `testigo read`: the numbers of every sheet that has no reading yet, from its code.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use serde::Serialize;
use testigo_archive::Archive;
use testigo_count::grammar::{PayloadError, read_payload};
use testigo_count::pack::Pack;
use testigo_count::rule::StationState;
use testigo_count::sheets::SheetState;
use testigo_count::{Count, Entry, EntryIndex, Numbers, Outcome, Reader, Reading, ReadingOf};
use testigo_ledger::Hash;
use testigo_sheet::picture::{self, Limits};
use testigo_sheet::qr;

use super::exit;
use super::import::all_cores;
use crate::terminal::{Progress, grouped};
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
        say!("{} sheets tried, {} read, {} unreadable", grouped(self.tried as u64), grouped(self.read as u64), grouped(self.unreadable.len() as u64));
        if self.read > 0 {
            say!("{:>9} agree with everything else known of their station, {} differ, {} held", grouped(self.agree as u64), self.differ.len(), self.held.len());
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
    let mut archive = Archive::open(&arguments.dir, keys::of_archive(&arguments.dir, arguments.ledger_key.as_deref())?)?;
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
    Failure { code: String, reason: String },
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
    let is_unread = |sheet: &_| count.sheet_state(*sheet) == SheetState::Unread && count.sheet_view(*sheet).entry >= first;
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
                    for (numbers, step) in payloads {
                        for numbers in numbers {
                            read.push((sheet, file.clone(), numbers.station.clone()));
                            entries.push(entry(sheet, Some(step.clone()), Outcome::Numbers(numbers))?);
                        }
                    }
                }
                SheetOutcome::Failure { code, reason } => {
                    entries.push(entry(sheet, None, Outcome::Failure(code.clone()))?);
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

fn entry(sheet: EntryIndex, step: Option<String>, outcome: Outcome) -> Result<Vec<u8>> {
    let reading = Reading { reader: Reader::Qr, of: ReadingOf::Sheet(sheet), prev: None, step, outcome };
    Ok(Entry::Reading(reading).to_bytes()?)
}

/// Reads one picture: its code, by the pack's grammar.
fn read_sheet(bytes: &[u8], pack: &Pack) -> SheetOutcome {
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
    match outcome {
        qr::Outcome::Read { reading, others } => {
            if reading.needs_confirmation() {
                return SheetOutcome::Failure {
                    code: "code-needs-confirmation".to_owned(),
                    reason: "the code could only be repaired with nothing to spare; a person must confirm what it says".to_owned(),
                };
            }
            let all = std::iter::once(reading).chain(others);
            let payloads = all.filter_map(|one| {
                read_payload(&pack.payloads, &one.text).ok().map(|numbers| (numbers, one.step.to_string()))
            });
            SheetOutcome::Payloads(payloads.collect())
        }
        qr::Outcome::Unread { failure, .. } => {
            let reason = match refused {
                Some(error) => format!("a code was read, but it is not that of a sheet: {error}"),
                None => failure.to_string(),
            };
            SheetOutcome::Failure { code: failure.code().to_owned(), reason }
        }
    }
}

/// How the stations of the sheets that were read stand now.
fn stand(count: &Count, read: Vec<(EntryIndex, Option<String>, testigo_count::StationId)>, report: &mut ReadReport) {
    let mut read = read;
    read.dedup_by(|one, other| one.0 == other.0 && one.2 == other.2);
    for (sheet, file, station) in read {
        let Some(index) = count.geography().find_station(station.as_str()) else { continue };
        let status = (0..count.definition().contests.len()).map(|contest| count.status(contest, index));
        let line = |code: &str, reason: &str| SheetLine {
            sheet: sheet.0,
            file: file.clone(),
            station: Some(station.to_string()),
            code: code.to_owned(),
            reason: reason.to_owned(),
        };
        let worst = status.clone().find(|one| one.state == StationState::Disputed || one.objected);
        let held = status.clone().find(|one| one.state == StationState::Held);
        match (worst, held) {
            (Some(one), _) if one.state == StationState::Disputed => report.differ.push(line(
                "disputed",
                "it differs from another reading of its station; neither counts until a ruling",
            )),
            (Some(_), _) => report.differ.push(line(
                "objected",
                "a reading of its station differs from the one that counts; nothing changes until a ruling",
            )),
            (None, Some(one)) => report.held.push(line(one.reason.word(), "its numbers do not count yet")),
            (None, None) => report.agree += 1,
        }
    }
}
