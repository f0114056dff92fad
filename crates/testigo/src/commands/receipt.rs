//! `testigo receipt`: proof for whoever has an entry that it is in the ledger, for good.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use testigo_archive::ArchiveReader;
use testigo_count::Count;
use testigo_ledger::{EntryIndex, Policy, Receipt};

use super::exit;
use crate::terminal::{counted, grouped};
use crate::{counting, say};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  testigo receipt make archive 24560 --out receipts
  testigo receipt make archive --station 010118029.01 --out receipts
  testigo receipt check receipts/24560.tlog-proof --policy trusted.policy")]
pub struct ReceiptArguments {
    #[command(subcommand)]
    pub action: ReceiptAction,
}

#[derive(Debug, Subcommand)]
pub enum ReceiptAction {
    /// Write receipts under the last published head, each beside the entry that it is for
    Make {
        /// The archive or mirror
        dir: PathBuf,
        /// Numbers of entries
        entries: Vec<u64>,
        /// All sheets and readings of this station
        #[arg(long, value_name = "ID")]
        station: Option<String>,
        /// The folder for `<entry>.tlog-proof` and `<entry>.json`
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
    },
    /// Check a receipt, without a network and without the archive
    Check {
        /// The receipt
        file: PathBuf,
        /// The entry's bytes [default: the file beside the receipt that ends in .json]
        #[arg(long, value_name = "FILE")]
        entry: Option<PathBuf>,
        /// Whom you believe: ledgers' keys and witnesses
        #[arg(long, value_name = "FILE", required_unless_present = "dir")]
        policy: Option<PathBuf>,
        /// Or an archive or mirror that you have verified, whose keys you believe
        #[arg(long, value_name = "DIR", conflicts_with = "policy")]
        dir: Option<PathBuf>,
    },
}

pub fn run(arguments: &ReceiptArguments) -> Result<ExitCode> {
    match &arguments.action {
        ReceiptAction::Make { dir, entries, station, out } => make(dir, entries, station.as_deref(), out),
        ReceiptAction::Check { file, entry, policy, dir } => {
            check(file, entry.as_deref(), policy.as_deref(), dir.as_deref())
        }
    }
}

fn make(dir: &Path, entries: &[u64], station: Option<&str>, out: &Path) -> Result<ExitCode> {
    let reader = ArchiveReader::open_public(dir)?;
    let mut entries = entries.to_vec();
    if let Some(station) = station {
        let (count, _) = counting::load(&reader)?;
        entries.extend(entries_of(&count, station)?);
    }
    entries.sort_unstable();
    entries.dedup();
    if entries.is_empty() {
        bail!("no entry was named\nhint: give numbers of entries, or --station ID");
    }
    std::fs::create_dir_all(out).with_context(|| format!("{} cannot be made", out.display()))?;
    for index in &entries {
        let receipt = reader.receipt(EntryIndex(*index))?;
        let bytes =
            reader.entries(EntryIndex(*index)..EntryIndex(index + 1))?.next().context("the entry is missing")??.1;
        for (name, bytes) in [("tlog-proof", receipt.to_string().as_bytes()), ("json", &bytes)] {
            let path = out.join(format!("{index}.{name}"));
            std::fs::write(&path, bytes).with_context(|| format!("{} cannot be written", path.display()))?;
        }
    }
    let head = reader.checkpoint()?;
    say!(
        "{} under the head of {} entries in {}",
        counted(entries.len() as u64, "receipt", "receipts"),
        grouped(head.size.0),
        out.display()
    );
    Ok(ExitCode::SUCCESS)
}

/// The sheets and readings that a station has or ever had.
fn entries_of(count: &Count, station: &str) -> Result<Vec<u64>> {
    let known = count.geography().find_station(station);
    let known = known.with_context(|| format!("there is no station `{station}`\nhint: give its official code"))?;
    let readings = (0..count.definition().contests.len())
        .flat_map(|contest| count.readings_ever(contest, known))
        .map(|reading| reading.entry().0);
    let sheets = count.sheets_of_station(known).into_iter().map(|sheet| count.sheet_view(sheet).entry.0);
    Ok(readings.chain(sheets).collect())
}

fn check(file: &Path, entry: Option<&Path>, policy: Option<&Path>, dir: Option<&Path>) -> Result<ExitCode> {
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()));
    let entry = entry.map_or_else(|| file.with_extension("json"), Path::to_owned);
    let bytes = read(&entry).context("the entry's bytes are needed\nhint: give them with --entry FILE")?;
    let receipt = match Receipt::parse(&read(file)?) {
        Ok(receipt) => receipt,
        Err(error) => {
            say!("WRONG: {}: {error}", file.display());
            return Ok(exit(false));
        }
    };
    let checked = match (policy, dir) {
        (Some(path), _) => {
            let policy = Policy::parse(&read(path)?).with_context(|| format!("{} is no policy", path.display()))?;
            receipt
                .check_with_policy(&bytes, &policy)
                .map(|(head, witnessing)| (head, Some((witnessing, policy.needs_witnesses()))))
        }
        (None, Some(dir)) => {
            let reader = ArchiveReader::open_public(dir)?;
            let checked = receipt.check(&bytes, reader.keys());
            if let Ok(head) = &checked
                && head.size <= reader.checkpoint()?.size
                && head.root != reader.root_at(head.size)?
            {
                say!(
                    "WRONG: the receipt is of another history: its head of {} entries is not the one of {}",
                    grouped(head.size.0),
                    dir.display()
                );
                return Ok(exit(false));
            }
            checked.map(|head| (head, None))
        }
        (None, None) => bail!("whom to believe is not said\nhint: give --policy FILE or --dir DIR"),
    };
    let (head, witnessing) = match checked {
        Ok(checked) => checked,
        Err(fault) => {
            say!("WRONG: {fault}");
            return Ok(exit(false));
        }
    };
    say!("entry      {} of {}, under the head of {} entries", receipt.index, head.origin, grouped(head.size.0));
    match witnessing {
        Some((witnessing, needed)) => {
            let names: Vec<&str> = witnessing.witnesses.iter().map(|(name, _)| name.as_str()).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            say!("witnesses  {names}");
            if !needed || !witnessing.quorum {
                say!(
                    "UNWITNESSED: the entry is in what the ledger's key signed; nobody else says that everyone was shown the same."
                );
                return Ok(exit(!needed));
            }
            say!("The entry is in the ledger, and enough witnesses have seen it there.");
        }
        None => say!("The entry is in the ledger, by the key that was in force at that size."),
    }
    Ok(exit(true))
}
