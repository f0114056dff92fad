//! `testigo analyse`: what follows from the sheets, in the order of evidence.

mod table;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use testigo_analysis::report::{Facts, Question, SCREENS};
use testigo_analysis::{Settings, Sheets, official};
use testigo_archive::ArchiveReader;
use testigo_count::Count;
use testigo_ledger::Hash;

use super::Format;
use crate::commands::init::read_file;
use crate::packs::PackFiles;
use crate::terminal::Progress;
use crate::{counting, say};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  testigo analyse archive\n  testigo analyse archive --screen bounds robustness\n  testigo analyse archive --format json > analysis.json\n\nA screen says which sheets to read again. It never says that a result is right or wrong."
)]
pub struct AnalyseArguments {
    /// The archive
    pub dir: PathBuf,
    /// The contest [default: the first]
    #[arg(long, value_name = "ID")]
    pub contest: Option<String>,
    /// Only these; a wrong name lists all [default: all]
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub screen: Vec<String>,
    /// A second archive to hold this one against, for example of a later results file
    #[arg(long, value_name = "DIR")]
    pub against: Option<PathBuf>,
    /// For everything simulated: the same number gives the same answer
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Leave out everything simulated, which takes the most time
    #[arg(long)]
    pub no_simulation: bool,
    /// What the statistics need to know beside the ledger [default: the pack's analysis.toml]
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// How to answer
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// An archive with what is known about it.
struct Opened {
    reader: ArchiveReader,
    count: Count,
    settings: Settings,
    root: String,
}

fn open(dir: &Path, settings: Option<&Path>) -> Result<Opened> {
    let reader = ArchiveReader::open(dir)?;
    let (count, checkpoint) = counting::load(&reader)?;
    let settings = read_settings(&count, settings)?;
    Ok(Opened { reader, count, settings, root: checkpoint.root.to_string() })
}

fn read_settings(count: &Count, file: Option<&Path>) -> Result<Settings> {
    let (place, bytes) = match file {
        Some(file) => read_file(file)?,
        None => match PackFiles::find(&count.pack().id).ok().and_then(|files| Some((files.place, files.analysis?))) {
            Some((place, bytes)) => (format!("{place}/analysis.toml"), bytes),
            None => return Ok(Settings::of(count)),
        },
    };
    let text = String::from_utf8(bytes).with_context(|| format!("{place} is not UTF-8 text"))?;
    Ok(Settings::parse(&place, &text, count)?)
}

pub fn run(arguments: &AnalyseArguments) -> Result<ExitCode> {
    let known: Vec<&str> = SCREENS.iter().map(|screen| screen.name).collect();
    if let Some(wrong) = arguments.screen.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("there is no screen `{wrong}`\nhint: there are {}", known.join(", "));
    }
    let opened = open(&arguments.dir, arguments.settings.as_deref())?;
    let contest = counting::contest(&opened.count, arguments.contest.as_deref())?;
    let sheets = Sheets::of(&opened.count, contest, &opened.settings)?;
    let against = match &arguments.against {
        Some(dir) => {
            let other = open(dir, arguments.settings.as_deref())?;
            let contest = counting::contest(&other.count, Some(&sheets.contest))?;
            Some(Sheets::of(&other.count, contest, &other.settings)?)
        }
        None => None,
    };
    let shown: RefCell<Option<(&'static str, Progress, u64)>> = RefCell::new(None);
    let progress = |name: &'static str, done: u64, of: u64| {
        let mut shown = shown.borrow_mut();
        if shown.as_ref().is_none_or(|(last, ..)| *last != name) {
            *shown = Some((name, Progress::new(name, of), 0));
        }
        if let Some((_, line, before)) = shown.as_mut() {
            line.advance(done.saturating_sub(*before));
            *before = done;
            if done == of {
                line.finish();
            }
        }
    };
    let facts = facts(&opened, &sheets);
    let question = Question {
        sheets: &sheets,
        against: against.as_ref(),
        settings: &opened.settings,
        bulletins: &official::bulletins(&opened.count, contest),
        facts: &facts,
        screens: arguments.screen.iter().cloned().collect::<BTreeSet<_>>(),
        seed: arguments.seed,
        simulate: !arguments.no_simulation,
        progress: &progress,
    };
    let analysis = question.answer();
    match arguments.format {
        Format::Json => say!("{}", serde_json::to_string_pretty(&analysis.to_json())?),
        Format::Csv => {
            let table = testigo_site::download::analysis(&analysis).unwrap_or_default();
            say!("{}", String::from_utf8_lossy(&table).trim_end());
        }
        Format::Table => table::print(&opened.count, contest, &sheets, &analysis),
    }
    Ok(ExitCode::SUCCESS)
}

fn facts(opened: &Opened, sheets: &Sheets) -> Facts {
    let sources = sheets.files.iter().map(|file| format!("results file {file}"));
    let pictures = (sheets.from_pictures > 0).then(|| format!("{} sheets read from pictures", sheets.from_pictures));
    let mut doubled = None;
    for file in &sheets.files {
        if let Ok(bytes) = opened.reader.document(&Hash(*file.as_bytes()))
            && let Some(found) = doubled_addresses(&bytes)
        {
            doubled = Some(doubled.unwrap_or(0) + found);
        }
    }
    Facts {
        sources: sources.chain(pictures).collect(),
        root: opened.root.clone(),
        size: opened.count.size(),
        doubled_addresses: doubled,
    }
}

/// Rows of a results file whose web address stands on an earlier row already; `None` where no column holds addresses.
fn doubled_addresses(bytes: &[u8]) -> Option<u64> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let (mut column, mut seen, mut doubled) = (None, HashSet::new(), 0);
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record).ok()? {
        let is_address = |field: &[u8]| field.starts_with(b"https://") || field.starts_with(b"http://");
        let at = *column.get_or_insert(record.iter().position(is_address)?);
        if let Some(address) = record.get(at).filter(|address| is_address(address)) {
            doubled += u64::from(!seen.insert(address.to_vec()));
        }
    }
    column.map(|_| doubled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_whatever_column_they_stand() {
        let file = b"a,b,c\n1,https://x/1,2\n3,https://x/2,4\n5,https://x/1,6\n";
        assert_eq!(doubled_addresses(file), Some(1));
        assert_eq!(doubled_addresses(b"a,b\n1,2\n"), None);
    }
}
