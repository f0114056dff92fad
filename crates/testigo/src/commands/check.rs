//! `testigo check`: everything that a person should look at, worst first.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde::Serialize;
use testigo_archive::ArchiveReader;
use testigo_count::check::{Finding, Severity};
use testigo_count::readings::ReadingView;
use testigo_count::rule::StationState;
use testigo_count::sheets::SheetState;
use testigo_count::{Count, Reader};
use testigo_site::language::Language;

use super::{exit, sentence};
use crate::terminal::{counted, grouped};
use crate::{counting, say};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  testigo check archive --format json")]
pub struct CheckArguments {
    /// The archive
    pub dir: PathBuf,
    /// How to answer
    #[arg(long, value_enum, default_value_t)]
    pub format: CheckFormat,
}

/// How `check` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum CheckFormat {
    /// For people
    #[default]
    Table,
    /// For programs
    Json,
}

/// Something to look at.
#[derive(Debug, Serialize)]
struct Line {
    /// `error`, `warning` or a station's state.
    severity: &'static str,
    /// A stable code: of a check, a state, or a reason.
    code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    contest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    station: Option<String>,
    /// The entry it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<u64>,
    message: String,
    /// Readings to choose from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    readings: Vec<ReadingLine>,
}

#[derive(Debug, Serialize)]
struct ReadingLine {
    entry: u64,
    reader: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sheet: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
    votes: Vec<String>,
}

pub fn run(arguments: &CheckArguments) -> Result<ExitCode> {
    let reader = ArchiveReader::open(&arguments.dir)?;
    let (count, checkpoint) = counting::load(&reader)?;
    let mut lines = Vec::new();
    for contest in 0..count.definition().contests.len() {
        stations(&count, contest, &mut lines);
    }
    sheets(&count, &mut lines);
    for (entry, refusal) in count.refusals() {
        lines.push(Line {
            severity: "error",
            code: "no-effect".to_owned(),
            contest: None,
            station: None,
            entry: Some(entry.0),
            message: refusal.to_string(),
            readings: Vec::new(),
        });
    }
    let rank = |line: &Line| {
        ["disputed", "error", "objected", "held", "unreadable", "warning"].iter().position(|one| *one == line.severity)
    };
    lines.sort_by_key(|line| rank(line).unwrap_or(usize::MAX));
    match arguments.format {
        CheckFormat::Json => {
            let answer = serde_json::json!({
                "ledger": { "size": checkpoint.size.0, "root": checkpoint.root.to_string() },
                "checks": lines,
            });
            say!("{}", serde_json::to_string_pretty(&answer)?);
        }
        CheckFormat::Table => print(&lines),
    }
    Ok(exit(lines.is_empty()))
}

fn print(lines: &[Line]) {
    for line in lines {
        let station = line.station.as_deref().map(|station| format!(" station {station}")).unwrap_or_default();
        let contest = line.contest.as_deref().map(|contest| format!(" ({contest})")).unwrap_or_default();
        let entry = line.entry.map(|entry| format!(" entry {entry}")).unwrap_or_default();
        say!("{:<10} {:<20}{station}{contest}{entry}: {}", line.severity, line.code, line.message);
        for reading in &line.readings {
            let sheet = reading.sheet.map(|sheet| format!(", sheet {sheet}")).unwrap_or_default();
            let source = reading.source.map(|source| format!(", {source}")).unwrap_or_default();
            say!(
                "             reading {} by {}{sheet}{source}: {}",
                reading.entry,
                short(&reading.reader),
                reading.votes.join("  ")
            );
        }
    }
    match lines.len() as u64 {
        0 => say!("nothing to look at"),
        several => say!("{} to look at", counted(several, "thing", "things")),
    }
}

fn short(reader: &str) -> String {
    match reader.split_once(':') {
        Some(("published", hash)) => format!("published:{}…", hash.chars().take(8).collect::<String>()),
        _ => reader.to_owned(),
    }
}

fn stations(count: &Count, contest: usize, lines: &mut Vec<Line>) {
    let name = count.definition().contests[contest].id.to_string();
    for station in count.geography().stations() {
        let status = count.status(contest, station);
        let id = count.geography().station_id(station).to_owned();
        let line = |severity, code: &str, message: &str, readings| Line {
            severity,
            code: code.to_owned(),
            contest: Some(name.clone()),
            station: Some(id.clone()),
            entry: None,
            message: message.to_owned(),
            readings,
        };
        let all =
            || count.readings(contest, station).into_iter().map(|one| reading_line(count, contest, one)).collect();
        match status.state {
            StationState::Disputed => lines.push(line(
                "disputed",
                status.reason.word(),
                &sentence(&format!("reason.{}", status.reason.word())),
                all(),
            )),
            StationState::Held => {
                let message = sentence(&format!("reason.{}", status.reason.word()));
                lines.push(line("held", status.reason.word(), &message, all()));
            }
            StationState::Counted if status.objected => {
                lines.push(line("objected", "objected", &sentence("list.objected.sentence"), all()))
            }
            _ => {}
        }
        for reading in count.readings(contest, station) {
            for finding in count.findings(contest, reading) {
                let severity = match finding.check.severity() {
                    Severity::Error => "error",
                    Severity::Warning => "warning",
                };
                let message = check_sentence(finding);
                lines.push(Line {
                    entry: Some(reading.entry().0),
                    ..line(severity, finding.check.code(), &message, Vec::new())
                });
            }
        }
    }
}

/// What a check found, for whoever may rule on it.
fn check_sentence(finding: Finding) -> String {
    let key = format!("check.{}.supervisor", finding.check);
    let (found, expected) = (grouped(finding.found), grouped(finding.expected));
    let places = [("found", found.as_str()), ("expected", expected.as_str())];
    Language::built_in("en").map_or_else(|| key.clone(), |english| english.fill(&key, &places))
}

fn sheets(count: &Count, lines: &mut Vec<Line>) {
    for sheet in count.sheets().filter(|sheet| count.sheet_state(*sheet) == SheetState::Unreadable) {
        let view = count.sheet_view(sheet);
        if view.rejected {
            continue;
        }
        let failure = view.failure.unwrap_or_default();
        lines.push(Line {
            severity: "unreadable",
            code: failure.to_owned(),
            contest: None,
            station: view.moved_to.map(|station| count.geography().station_id(station).to_owned()),
            entry: Some(view.entry.0),
            message: sentence(&format!("failure.{failure}")),
            readings: Vec::new(),
        });
    }
}

fn reading_line(count: &Count, contest: usize, reading: ReadingView<'_>) -> ReadingLine {
    let definition = &count.definition().contests[contest];
    let candidates = definition.candidates.iter().enumerate();
    let sheet = count.sheet_of(reading).map(|sheet| count.sheet_view(sheet));
    ReadingLine {
        entry: reading.entry().0,
        reader: match reading.reader() {
            Reader::Published(hash) => format!("published:{hash}"),
            other => other.to_string(),
        },
        sheet: sheet.as_ref().map(|sheet| sheet.entry.0),
        source: sheet.as_ref().map(|sheet| sheet.source.word()),
        votes: candidates.map(|(at, candidate)| format!("{} {}", candidate.id, reading.candidate(at))).collect(),
    }
}
