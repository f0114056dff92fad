//! `testigo official`: proclaimed figures into the ledger, each with the document it stands in.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Serialize;
use testigo_archive::Archive;
use testigo_count::entry::OfficialEntry;
use testigo_count::identifier::Code;
use testigo_count::official_file::{OfficialDefaults, OfficialFile, read_official};
use testigo_count::{Count, DocumentHash, Entry, EntryIndex, SourceError};

use super::init::read_file;
use super::{Answer, exit};
use crate::terminal::counted;
use crate::{counting, keys, note, say};

/// Longer files than this are no bulletin; a row for each of a million stations fits.
const LONGEST_FILE: usize = 256 << 20;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  testigo official archive bulletins.json
  testigo official archive by-state.csv --bulletin 2 --announced 2024-08-02 --source court
docs/official-figures.md describes both forms. The file itself is kept in the archive, public.")]
pub struct OfficialArguments {
    /// The archive
    pub dir: PathBuf,
    /// Proclaimed figures: JSON, or CSV with a row for each unit
    pub file: PathBuf,
    /// A short word for who proclaimed them, where the file does not say
    #[arg(long, value_name = "CODE", default_value = "authority")]
    pub source: String,
    /// The contest, where the file does not say [default: the first]
    #[arg(long, value_name = "ID")]
    pub contest: Option<String>,
    /// Which bulletin, where a table does not say
    #[arg(long, value_name = "ID")]
    pub bulletin: Option<String>,
    /// When it was announced, where the file does not say: YYYY-MM-DD or YYYY-MM-DDTHH:MM
    #[arg(long, value_name = "TIME")]
    pub announced: Option<String>,
    /// Record these figures as a change back to what this very file said before
    #[arg(long)]
    pub again: bool,
    /// How to answer
    #[arg(long, value_enum, default_value_t)]
    pub format: Answer,
    /// The ledger's key [default: in the folder TESTIGO_KEYS, or your data folder]
    #[arg(long, value_name = "FILE")]
    pub ledger_key: Option<PathBuf>,
}

/// What became of a file.
#[derive(Debug, Default, Serialize)]
struct Report {
    file: String,
    document: String,
    bulletins: usize,
    new: Vec<Recorded>,
    known: usize,
    /// Known, and changed since by another file.
    outdated: Vec<String>,
    notes: Vec<String>,
    left_out: Vec<String>,
}

/// An entry that was written.
#[derive(Debug, Serialize)]
struct Recorded {
    entry: u64,
    what: String,
    supersedes: Option<EntryIndex>,
}

pub fn run(arguments: &OfficialArguments) -> Result<ExitCode> {
    let (name, bytes) = read_file(&arguments.file)?;
    if bytes.len() > LONGEST_FILE {
        bail!("{name} has more than {} MiB; it is no file of proclaimed figures", LONGEST_FILE >> 20);
    }
    let defaults = OfficialDefaults {
        source: Code::new(arguments.source.as_str()).context("--source")?,
        contest: arguments.contest.as_deref().map(str::parse).transpose().context("--contest")?,
        bulletin: arguments.bulletin.clone(),
        announced: arguments.announced.clone(),
    };
    let mut archive =
        Archive::open(&arguments.dir, keys::of_archive(&arguments.dir, arguments.ledger_key.as_deref())?)?;
    let (count, _) = counting::load(&archive.reader()?)?;
    let file = read_official(&name, &bytes, &count, &defaults)?;
    if file.entries.is_empty() {
        let faults: Vec<String> = file.faults.iter().map(SourceError::to_string).collect();
        bail!("{}\nhint: nothing was recorded", faults.join("\n"));
    }
    let report = record(&mut archive, &count, &name, &bytes, file, arguments.again)?;
    match arguments.format {
        Answer::Json => say!("{}", serde_json::to_string_pretty(&report)?),
        Answer::Text => print(&report),
    }
    Ok(exit(report.left_out.is_empty()))
}

fn record(
    archive: &mut Archive,
    count: &Count,
    name: &str,
    bytes: &[u8],
    file: OfficialFile,
    again: bool,
) -> Result<Report> {
    let document = DocumentHash::of(bytes);
    let mut report = Report {
        file: name.to_owned(),
        document: document.to_string(),
        bulletins: file.entries.len(),
        notes: file.notes,
        left_out: file.faults.iter().map(SourceError::to_string).collect(),
        ..Report::default()
    };
    let earlier = Earlier::new(count);
    let (mut entries, mut said) = (Vec::new(), Vec::new());
    for (line, mut entry) in file.entries {
        let before = earlier.about(&entry);
        let mut standing = before.iter().filter(|one| one.superseded_by.is_none());
        if standing.clone().any(|one| one.entry.states_the_same(&entry)) {
            report.known += 1;
            continue;
        }
        let outdated = before.iter().find(|one| one.entry.document == document && one.entry.states_the_same(&entry));
        if let Some(outdated) = outdated.filter(|_| !again) {
            report.known += 1;
            report.outdated.push(format!("line {line}: {} (entry {})", title(&entry), outdated.index));
            continue;
        }
        entry.prev = standing.next_back().map(|one| one.index);
        let (what, prev) = (title(&entry), entry.prev);
        match Entry::Official(Box::new(entry)).to_bytes() {
            Ok(bytes) => {
                entries.push(bytes);
                said.push((what, prev));
            }
            Err(error) => report.left_out.push(format!("{name}, line {line}: {error}")),
        }
    }
    if !entries.is_empty() {
        archive.put_document(bytes)?;
        let appended = archive.append(&entries)?;
        archive.publish()?;
        report.new = appended
            .into_iter()
            .zip(said)
            .map(|(appended, (what, supersedes))| Recorded { entry: appended.index.0, what, supersedes })
            .collect();
    }
    Ok(report)
}

/// Official entries by what they are about.
struct Earlier<'a>(
    std::collections::HashMap<(String, String, String, String), Vec<testigo_count::officials::OfficialView<'a>>>,
);

impl<'a> Earlier<'a> {
    fn new(count: &'a Count) -> Self {
        let mut earlier = Self(std::collections::HashMap::new());
        for view in count.officials() {
            earlier.0.entry(Self::key(view.entry)).or_default().push(view);
        }
        earlier
    }

    fn key(entry: &OfficialEntry) -> (String, String, String, String) {
        let place = entry.place.as_ref().map_or_else(String::new, |place| format!("{}/{}", place.level, place.code));
        (entry.contest.to_string(), place, entry.bulletin.to_string(), entry.source.to_string())
    }

    fn about(&self, entry: &OfficialEntry) -> &[testigo_count::officials::OfficialView<'a>] {
        self.0.get(&Self::key(entry)).map_or(&[], Vec::as_slice)
    }
}

/// `bulletin 2 of authority, state/01`.
fn title(entry: &OfficialEntry) -> String {
    let place = entry.place.as_ref().map_or_else(String::new, |place| format!(", {}/{}", place.level, place.code));
    format!("bulletin {} of {}{place}", entry.bulletin, entry.source)
}

fn print(report: &Report) {
    for one in report.new.iter().take(20) {
        match one.supersedes {
            Some(earlier) => say!("entry {}: {}, changes entry {earlier}", one.entry, one.what),
            None => say!("entry {}: {}", one.entry, one.what),
        }
    }
    if report.new.len() > 20 {
        say!("and {} more", report.new.len() - 20);
    }
    if report.known > 0 {
        say!("{} in the ledger already", counted(report.known as u64, "bulletin is", "bulletins are"));
    }
    for one in &report.outdated {
        say!("changed since by another file: {one}");
    }
    if !report.outdated.is_empty() {
        say!("hint: --again records that the figures were changed back");
    }
    for one in &report.notes {
        note!("note: {one}");
    }
    for one in &report.left_out {
        say!("left out: {one}");
    }
    if !report.new.is_empty() {
        say!("the document is kept as {}", report.document);
    }
}
