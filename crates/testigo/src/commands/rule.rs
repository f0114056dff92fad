//! `testigo rule`: an adjudicator's signed decision.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use testigo_archive::Archive;
use testigo_count::entry::{Decision, RulingEntry, RulingSignature};
use testigo_count::identifier::KeyName;
use testigo_count::rulings::REASONS;
use testigo_count::{Entry, EntryIndex, StationId};
use testigo_ledger::SigningKey;

use crate::{counting, keys, pictures, say};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  testigo rule archive accept --reading 24600 --reason sheet-inspected --key ana.key
  testigo rule archive reject --sheet 24560 --reason forged-sheet --key ana.key
  testigo rule archive withdraw --supersedes 24710 --reason sheet-inspected --key ana.key
`testigo check DIR` shows disputes with the numbers of their entries.")]
pub struct RuleArguments {
    /// The archive
    pub dir: PathBuf,
    #[command(subcommand)]
    pub decision: RuleDecision,
}

#[derive(Debug, Args)]
pub struct Signing {
    /// A reason code: sheet-inspected, paper-inspected, duplicate-sheet, wrong-station, not-a-sheet, forged-sheet, personal-data, not-opened
    #[arg(long)]
    pub reason: String,
    /// An adjudicator's key file; twice where the pack demands two signatures
    #[arg(long, value_name = "FILE", required = true)]
    pub key: Vec<PathBuf>,
    /// The entry of an earlier ruling that this one takes the place of
    #[arg(long, value_name = "ENTRY")]
    pub supersedes: Option<u64>,
    /// The ledger's key [default: in the folder TESTIGO_KEYS, or your data folder]
    #[arg(long, value_name = "FILE")]
    pub ledger_key: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum RuleDecision {
    /// The numbers of this reading are the station's
    Accept {
        /// The reading's entry
        #[arg(long, value_name = "ENTRY")]
        reading: u64,
        #[command(flatten)]
        signing: Signing,
    },
    /// The sheet's readings neither count nor dispute
    Reject {
        /// The sheet's entry
        #[arg(long, value_name = "ENTRY")]
        sheet: u64,
        #[command(flatten)]
        signing: Signing,
    },
    /// The sheet belongs to this station
    Move {
        /// The sheet's entry
        #[arg(long, value_name = "ENTRY")]
        sheet: u64,
        /// The station's official code
        #[arg(long, value_name = "ID")]
        station: String,
        #[command(flatten)]
        signing: Signing,
    },
    /// The sheet's picture is not shown; its numbers stay
    Withhold {
        /// The sheet's entry
        #[arg(long, value_name = "ENTRY")]
        sheet: u64,
        #[command(flatten)]
        signing: Signing,
    },
    /// The station did not open; it makes no sheet
    NotInstalled {
        /// The station's official code
        #[arg(long, value_name = "ID")]
        station: String,
        #[command(flatten)]
        signing: Signing,
    },
    /// The superseded ruling no longer holds
    Withdraw {
        #[command(flatten)]
        signing: Signing,
    },
}

pub fn run(arguments: &RuleArguments) -> Result<ExitCode> {
    let (decision, signing) = match &arguments.decision {
        RuleDecision::Accept { reading, signing } => {
            (Decision::AcceptReading { reading: EntryIndex(*reading) }, signing)
        }
        RuleDecision::Reject { sheet, signing } => (Decision::RejectSheet { sheet: EntryIndex(*sheet) }, signing),
        RuleDecision::Move { sheet, station, signing } => {
            (Decision::MoveSheet { sheet: EntryIndex(*sheet), station: StationId::new(station.as_str())? }, signing)
        }
        RuleDecision::Withhold { sheet, signing } => (Decision::WithholdSheet { sheet: EntryIndex(*sheet) }, signing),
        RuleDecision::NotInstalled { station, signing } => {
            (Decision::NotInstalled { station: StationId::new(station.as_str())? }, signing)
        }
        RuleDecision::Withdraw { signing } => {
            if signing.supersedes.is_none() {
                bail!("a withdrawal needs --supersedes ENTRY, the ruling that no longer holds");
            }
            (Decision::Withdraw, signing)
        }
    };
    let signers = signing.key.iter().map(|file| keys::read(file)).collect::<Result<Vec<_>, _>>()?;
    let mut archive = Archive::open(&arguments.dir, keys::of_archive(&arguments.dir, signing.ledger_key.as_deref())?)?;
    let index = rule(&mut archive, decision, &signing.reason, signing.supersedes.map(EntryIndex), &signers)?;
    say!("entry {index}: the ruling is in the ledger");
    Ok(ExitCode::SUCCESS)
}

/// Signs a ruling and writes it. Refuses one that the fold would give no effect. Gives the entry's index.
pub fn rule(
    archive: &mut Archive,
    decision: Decision,
    reason: &str,
    supersedes: Option<EntryIndex>,
    signers: &[SigningKey],
) -> Result<u64> {
    if !REASONS.contains(&reason) {
        bail!("`{reason}` is not a reason code\nhint: choose one of {}", REASONS.join(", "));
    }
    let (mut count, _) = counting::load(&archive.reader()?)?;
    let mut ruling = RulingEntry::new(decision, reason.to_owned(), supersedes);
    let message = ruling.message(count.entry_zero())?;
    for key in signers {
        ruling
            .signatures
            .push(RulingSignature { key: KeyName::new(key.name())?, signature: STANDARD.encode(key.sign(&message)) });
    }
    let bytes = Entry::Ruling(ruling).to_bytes()?;
    let refusals = count.refusals().len();
    count.append(&bytes, &std::collections::BTreeMap::new())?;
    if let Some((_, refusal)) = count.refusals().get(refusals) {
        bail!(
            "the ruling would have no effect: {refusal}\nhint: `testigo key admit` lets a key sign here; `testigo check` shows entries"
        );
    }
    let appended = archive.append(&[bytes])?;
    archive.publish()?;
    pictures::tidy(archive, &count)?;
    appended.first().map(|one| one.index.0).context("the archive gave the entry no place")
}
