//! `testigo publish`: the static mirror of an archive.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::OnceLock;

use anyhow::Result;
use clap::Args;
use testigo_archive::ArchiveReader;
use testigo_site::mirror::{PublishReport, PublishStep, Publishing, publish};

use super::import::all_cores;
use crate::terminal::{Progress, counted, grouped};
use crate::{keys, say};

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  testigo publish archive --out site\n\nThe folder can be copied anywhere, served by any web server, or opened from a USB stick; `testigo verify site` checks all of it. Publishing again writes only what has changed and removes what no longer belongs there. docs/mirror-operators.md tells those who keep a copy what to do."
)]
pub struct PublishArguments {
    /// The archive; it may be written to at the same time
    pub dir: PathBuf,
    /// The folder of the mirror: a new or empty one, or one published from the same ledger before
    #[arg(long, value_name = "SITE")]
    pub out: PathBuf,
    /// The ledger's key [default: in the folder TESTIGO_KEYS, or your data folder]
    #[arg(long, value_name = "FILE")]
    pub ledger_key: Option<PathBuf>,
    /// Read every file in SITE again, and put right whatever is not as it should be
    #[arg(long)]
    pub from_scratch: bool,
    /// Files made at a time [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
}

pub fn run(arguments: &PublishArguments) -> Result<ExitCode> {
    let reader = ArchiveReader::open(&arguments.dir)?;
    let signer = keys::of_archive(&arguments.dir, arguments.ledger_key.as_deref())?;
    let progress: OnceLock<Progress> = OnceLock::new();
    let report = publish(&Publishing {
        reader: &reader,
        folder: &arguments.out,
        key: &signer.key,
        from_scratch: arguments.from_scratch,
        jobs: arguments.jobs.map_or_else(all_cores, usize::from),
        progress: &|step| match step {
            PublishStep::Planned(files) => drop(progress.set(Progress::new("files", files))),
            PublishStep::Done => {
                if let Some(progress) = progress.get() {
                    progress.advance(1);
                }
            }
        },
    })?;
    if let Some(progress) = progress.get() {
        progress.finish();
    }
    show(&report, &arguments.out);
    Ok(ExitCode::SUCCESS)
}

fn show(report: &PublishReport, out: &Path) {
    say!("ledger     {}", report.checkpoint.origin);
    say!("head       {} entries, root {}", grouped(report.checkpoint.size.0), report.checkpoint.root);
    say!(
        "mirror     {} in {}, {} MB",
        counted(report.files, "file", "files"),
        out.display(),
        grouped(report.bytes.div_ceil(1_000_000))
    );
    say!("changed    {} written, {} removed", grouped(report.written), grouped(report.removed));
    say!("Check it with `testigo verify {}`.", out.display());
}
