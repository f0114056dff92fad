//! `testigo publish`: the static mirror of an archive.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::{Context, Result, bail};
use clap::Args;
use testigo_archive::ArchiveReader;
use testigo_ledger::Hash;
use testigo_site::mirror::{PublishReport, PublishStep, Publishing, TorrentPlan, is_path, publish};
use testigo_site::torrent::{Label, name_of_ledger};

use super::import::all_cores;
use crate::terminal::{Progress, counted, grouped};
use crate::{keys, say};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  testigo publish archive --out site\n  testigo publish archive --out site --webseed https://example.org/site/\n\nThe folder can be copied anywhere, served by any web server, or opened from a USB stick; `testigo verify site` checks all of it. Publishing again writes only what has changed and removes what no longer belongs there. Beside the folder a torrent of all of it is written: site.torrent. docs/mirror-operators.md tells those who keep a copy what to do."
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
    /// Where the torrent of the mirror is written [default: SITE.torrent, beside the folder]
    #[arg(long, value_name = "FILE", conflicts_with = "no_torrent")]
    pub torrent: Option<PathBuf>,
    /// Write no torrent
    #[arg(long)]
    pub no_torrent: bool,
    /// A tracker to name in the torrent; without one, those who have the mirror find each other by themselves
    #[arg(long, value_name = "URL", conflicts_with = "no_torrent")]
    pub tracker: Vec<String>,
    /// The address of the mirror on the web, from which torrent programs fetch as well
    #[arg(long, value_name = "URL", conflicts_with = "no_torrent")]
    pub webseed: Vec<String>,
    /// Files made at a time [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
}

pub fn run(arguments: &PublishArguments) -> Result<ExitCode> {
    let reader = ArchiveReader::open(&arguments.dir)?;
    let signer = keys::of_archive(&arguments.dir, arguments.ledger_key.as_deref())?;
    let torrent = match arguments.no_torrent {
        true => None,
        false => Some((torrent_file(arguments)?, label(arguments, reader.verifying_key().name())?)),
    };
    let progress: Mutex<Option<Progress>> = Mutex::default();
    let show_next = |next: Option<Progress>| {
        let before = std::mem::replace(&mut *progress.lock().unwrap_or_else(PoisonError::into_inner), next);
        before.iter().for_each(Progress::finish);
    };
    let advance = |more| {
        progress.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(|progress| progress.advance(more));
    };
    let report = publish(&Publishing {
        reader: &reader,
        folder: &arguments.out,
        key: &signer.key,
        from_scratch: arguments.from_scratch,
        torrent: torrent.as_ref().map(|(path, label)| TorrentPlan { path, label }),
        program: &own_hash,
        jobs: arguments.jobs.map_or_else(all_cores, usize::from),
        progress: &|step| match step {
            PublishStep::Planned(files) => show_next(Some(Progress::new("files", files))),
            PublishStep::Hashing(pieces) => show_next(Some(Progress::new("pieces of the torrent", pieces))),
            PublishStep::Done => advance(1),
            PublishStep::Hashed(pieces) => advance(pieces),
        },
    });
    show_next(None);
    show(&report?, &arguments.out, torrent.as_ref().map(|(path, _)| path.as_path()));
    Ok(ExitCode::SUCCESS)
}

/// Beside the folder of the mirror, and called like it.
fn torrent_file(arguments: &PublishArguments) -> Result<PathBuf> {
    if let Some(path) = &arguments.torrent {
        return Ok(path.clone());
    }
    // A folder called `.` has a name, too.
    let out = std::path::absolute(&arguments.out).ok().filter(|_| arguments.out.file_name().is_none());
    let out = out.as_ref().unwrap_or(&arguments.out);
    let mut name = out.file_name().map(std::ffi::OsStr::to_owned).with_context(|| {
        let out = arguments.out.display();
        format!("{out} has no name that its torrent could be called after\nhint: give --torrent FILE, or --no-torrent")
    })?;
    name.push(".torrent");
    Ok(out.with_file_name(name))
}

/// What the torrent says beside its files. A web server is asked for files below a folder of the torrent's name, so that name is the last
/// one of the mirror's address.
fn label(arguments: &PublishArguments, origin: &str) -> Result<Label> {
    for tracker in &arguments.tracker {
        if !["http://", "https://", "udp://", "wss://"].iter().any(|scheme| tracker.starts_with(scheme)) {
            bail!("--tracker {tracker} is no address of a tracker\nhint: it begins with https://, http:// or udp://");
        }
    }
    let mut name: Option<&str> = None;
    let mut webseeds = Vec::with_capacity(arguments.webseed.len());
    for webseed in &arguments.webseed {
        let address = webseed.trim_end_matches('/');
        let rest = ["https://", "http://"].iter().find_map(|scheme| address.strip_prefix(scheme));
        let folder =
            rest.and_then(|rest| rest.rsplit_once('/')).map(|(_, folder)| folder).filter(|folder| is_path(folder));
        let Some(folder) = folder else {
            bail!(
                "--webseed {webseed} does not end in the name of a folder\nhint: torrent programs need one, as in https://example.org/site/; let the web server answer there, too"
            );
        };
        if name.replace(folder).is_some_and(|before| before != folder) {
            bail!(
                "the addresses given with --webseed end in different names\nhint: a torrent has one name for its folder"
            );
        }
        webseeds.push(address.strip_suffix(folder).unwrap_or(address).to_owned());
    }
    let name = name.map_or_else(|| name_of_ledger(origin), str::to_owned);
    Ok(Label { name, comment: String::new(), trackers: arguments.tracker.clone(), webseeds })
}

/// The hash of this program's own file, if it can be read.
fn own_hash() -> Option<Hash> {
    static HASH: OnceLock<Option<Hash>> = OnceLock::new();
    let work_out = || std::fs::read(std::env::current_exe().ok()?).ok().map(|bytes| Hash::of(&bytes));
    *HASH.get_or_init(work_out)
}

fn show(report: &PublishReport, out: &Path, torrent: Option<&Path>) {
    say!("ledger     {}", report.checkpoint.origin);
    say!("head       {} entries, root {}", grouped(report.checkpoint.size.0), report.checkpoint.root);
    say!(
        "mirror     {} in {}, {} MB",
        counted(report.files, "file", "files"),
        out.display(),
        grouped(report.bytes.div_ceil(1_000_000))
    );
    if report.known > 0 {
        say!(
            "unchanged  {} without being drawn",
            counted(report.known, "file is known to be", "files are known to be")
        );
    }
    say!("changed    {} written, {} removed", grouped(report.written), grouped(report.removed));
    if let Some((made, path)) = report.torrent.zip(torrent) {
        let pieces = counted(made.pieces, "piece", "pieces");
        say!("torrent    {}, {pieces}, {} hashed", path.display(), grouped(made.hashed));
    }
    say!("Check it with `testigo verify {}`.", out.display());
}
