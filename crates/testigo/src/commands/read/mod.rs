//! `testigo read`: the numbers of every sheet that has no reading yet, from its code.

pub mod sheet;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use serde::Serialize;
use testigo_archive::Archive;
use testigo_count::identifier::Code;
use testigo_count::rule::StationState;
use testigo_count::sheets::SheetState;
use testigo_count::{Count, Entry, EntryIndex, Outcome, Reader, Reading, ReadingOf, StationId};
use testigo_ledger::Hash;

use self::sheet::SheetOutcome;
use super::import::all_cores;
use super::{exit, sentence};
use crate::terminal::{Progress, counted, grouped};
use crate::{counting, keys, parallel, say};

/// Sheets whose readings become durable together, at most.
const BATCH: usize = 64;

/// Mebibytes for pictures unless told otherwise.
pub const DEFAULT_MEMORY: u64 = 1_024;

#[derive(Debug, Args)]
#[command(
    after_help = "A sheet that cannot be read is named with the reason; the part of its picture where the code is or should be is kept \
in the archive's private folder `crops`, with the text of a code that a person should confirm. Interrupted, it goes on where it stopped.

Example:
  testigo read archive --jobs 2"
)]
pub struct ReadArguments {
    /// The archive
    pub dir: PathBuf,
    /// How many sheets to read at once [default: all cores]
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
    /// Memory that pictures being read may take together; a picture that needs more is read alone
    #[arg(long, value_name = "MIB", default_value_t = DEFAULT_MEMORY, value_parser = clap::value_parser!(u64).range(16..))]
    pub memory: u64,
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
    /// The cut of the picture that a person should look at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop: Option<PathBuf>,
    /// What the code seems to say, for a person to confirm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
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
                if let Some(crop) = &line.crop {
                    say!("    look at {}", crop.display());
                }
                if let Some(suggestion) = &line.suggestion {
                    say!("    the code seems to say {suggestion}");
                }
            }
        }
    }
}

pub fn run(arguments: &ReadArguments) -> Result<ExitCode> {
    let mut archive =
        Archive::open(&arguments.dir, keys::of_archive(&arguments.dir, arguments.ledger_key.as_deref())?)?;
    let effort = Effort { jobs: arguments.jobs.unwrap_or_else(all_cores), memory: arguments.memory << 20 };
    let report = read_sheets(&mut archive, effort)?;
    match arguments.format {
        ReadFormat::Json => say!("{}", serde_json::to_string_pretty(&report)?),
        ReadFormat::Table => report.print(),
    }
    Ok(exit(report.unreadable.is_empty()))
}

/// A sheet to be read.
struct Waiting {
    entry: EntryIndex,
    file: Option<String>,
    bytes: Vec<u8>,
}

/// What reading may take of the machine.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Sheets at once.
    pub jobs: usize,
    /// Bytes for their pictures.
    pub memory: u64,
}

impl Effort {
    /// All cores and the usual memory.
    pub fn usual() -> Self {
        Self { jobs: all_cores(), memory: DEFAULT_MEMORY << 20 }
    }
}

/// Reads every sheet that nobody has tried yet.
pub fn read_sheets(archive: &mut Archive, effort: Effort) -> Result<ReadReport> {
    read_sheets_from(archive, EntryIndex(0), effort)
}

/// Reads every sheet that came with this entry or later and that nobody has tried yet.
pub fn read_sheets_from(archive: &mut Archive, first: EntryIndex, effort: Effort) -> Result<ReadReport> {
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
    let mut unread = unread.into_iter().peekable();
    while unread.peek().is_some() {
        let (mut waiting, mut held) = (Vec::new(), 0);
        // Files wait in memory too: a batch is shorter where they are large.
        while waiting.len() < BATCH && held < effort.memory / 4 {
            let Some(sheet) = unread.next() else { break };
            let view = count.sheet_view(sheet);
            let page = view.pages.first().context("a sheet without a page")?;
            let original = archive
                .original(&Hash(*page.commitment.as_bytes()))?
                .with_context(|| format!("the original of sheet entry {} is not in this archive", view.entry))?;
            held += original.bytes.len() as u64;
            waiting.push(Waiting { entry: view.entry, file: original.file_name, bytes: original.bytes });
        }
        let budget = parallel::Budget { jobs: effort.jobs, most: effort.memory };
        let outcomes = parallel::map_within(
            waiting,
            budget,
            |one| sheet::memory(&one.bytes),
            |one| {
                let outcome = sheet::read_sheet(&one.bytes, &pack);
                progress.advance(1);
                (one.entry, one.file, outcome)
            },
        );
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
                SheetOutcome::Failure { code, reason, crop, suggestion } => {
                    entries.push(entry(sheet, None, Outcome::Failure(Code::new(code.as_str())?))?);
                    let crop = match crop {
                        Some(crop) => {
                            Some(archive.put_crop(testigo_ledger::EntryIndex(sheet.0), &crop, suggestion.as_deref())?)
                        }
                        None => None,
                    };
                    report.unreadable.push(SheetLine {
                        sheet: sheet.0,
                        file,
                        station: None,
                        code,
                        reason,
                        crop,
                        suggestion,
                    });
                }
            }
        }
        archive.append(&entries)?;
        if published.elapsed() > Duration::from_secs(2) {
            archive.publish()?;
            published = Instant::now();
        }
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
            crop: None,
            suggestion: None,
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
