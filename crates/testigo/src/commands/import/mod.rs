//! `testigo import`: pictures of sheets, or a results file, into the ledger.
//!
//! One bad file never stops an import: it is listed at the end, and the exit code says so.

mod files;
mod pictures;
mod results;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use testigo_archive::Archive;
use testigo_count::SourceClass;

use super::exit;
use crate::{keys, say};

pub use pictures::{all_cores, find_code, import_pictures};
pub use results::import_results;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  testigo import archive scans/ more-scans.zip
  testigo import archive results.csv --format own
  testigo import archive results.csv --mapping my-mapping.toml --extend-register")]
pub struct ImportArguments {
    /// The archive
    pub dir: PathBuf,
    /// Pictures, folders and ZIP files of pictures; or results files
    #[arg(required = true, value_name = "SOURCE")]
    pub sources: Vec<PathBuf>,
    /// The form of a results file: the name of one of the pack's mappings, or `csv` with --mapping
    #[arg(long, value_name = "NAME")]
    pub format: Option<String>,
    /// A mapping file that says what the columns of a results file mean
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// Add stations that the register does not have, from the results file's own columns
    #[arg(long)]
    pub extend_register: bool,
    /// Where the pictures come from
    #[arg(long, value_enum, default_value_t = Source::Custody)]
    pub source: Source,
    /// How many pictures to work on at once [default: all cores]
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
    /// The ledger's key [default: in the folder TESTIGO_KEYS, or your data folder]
    #[arg(long, value_name = "FILE")]
    pub ledger_key: Option<PathBuf>,
}

/// Where pictures come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Source {
    /// Your own, or from people you invited
    Custody,
    /// From anyone: never counts or disputes by itself
    Public,
}

impl Source {
    /// The class in the ledger.
    pub fn class(self) -> SourceClass {
        match self {
            Self::Custody => SourceClass::Custody,
            Self::Public => SourceClass::Public,
        }
    }
}

pub fn run(arguments: &ImportArguments) -> Result<ExitCode> {
    if let Some(missing) = arguments.sources.iter().find(|source| std::fs::symlink_metadata(source).is_err()) {
        bail!("there is no file or folder {}\nhint: nothing was imported", missing.display());
    }
    let mut archive =
        Archive::open(&arguments.dir, keys::of_archive(&arguments.dir, arguments.ledger_key.as_deref())?)?;
    let is_table = |path: &PathBuf| {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
        matches!(ending.as_str(), "csv" | "tsv" | "txt")
    };
    if arguments.format.is_none() && arguments.mapping.is_none() && !arguments.sources.iter().any(is_table) {
        let jobs = arguments.jobs.unwrap_or_else(pictures::all_cores);
        let report = import_pictures(&mut archive, &arguments.sources, arguments.source.class(), jobs)?;
        report.print();
        return Ok(exit(report.faults.is_empty()));
    }
    if !arguments.sources.iter().all(|path| is_table(path) || arguments.format.is_some() || arguments.mapping.is_some())
    {
        bail!("pictures and results files cannot be imported together\nhint: give them in two commands");
    }
    let mut all_well = true;
    for source in &arguments.sources {
        let report = import_results(
            &mut archive,
            source,
            arguments.format.as_deref(),
            arguments.mapping.as_deref(),
            arguments.extend_register,
        );
        match report {
            Ok(report) => {
                report.print();
                all_well &= report.faults.is_empty();
            }
            // With several files, the others still have their turn.
            Err(error) if arguments.sources.len() > 1 => {
                all_well = false;
                say!("left out {}: {error:#}", source.display());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(exit(all_well))
}
