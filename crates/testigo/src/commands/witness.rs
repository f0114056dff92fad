//! `testigo witness`: countersign the heads of other people's ledgers, and have one's own countersigned.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use testigo_archive::{Archive, ArchiveReader, WitnessFiles};
use testigo_ledger::{AddCheckpoint, KeyHistory, TreeSize, VerifyingKey, Witness};

use super::exit;
use crate::terminal::grouped;
use crate::witness::client::{policy_file, read_policy};
use crate::witness::{now, server};
use crate::{keys, say};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  testigo witness new my-witness --name witness.example.org/one
  testigo witness admit my-witness example.org/election+1a2b3c4d+AQ...
  testigo witness serve my-witness --listen 0.0.0.0:8090
  testigo witness use archive witnesses.policy
docs/witnesses.md says how witnesses and archives find each other.")]
pub struct WitnessArguments {
    #[command(subcommand)]
    pub action: WitnessAction,
}

#[derive(Debug, Subcommand)]
pub enum WitnessAction {
    /// Make a witness with a key of its own in a new folder
    New {
        /// The folder
        folder: PathBuf,
        /// Its name, best an address you own, without https://
        #[arg(long)]
        name: String,
    },
    /// Show a witness's public key, the ledgers it knows and the last head of each
    Show {
        /// The witness's folder
        folder: PathBuf,
    },
    /// Countersign a ledger's heads from now on
    Admit {
        /// The witness's folder
        folder: PathBuf,
        /// The ledger's public key, or a copy of its file `ledger/key`
        key: String,
    },
    /// No longer countersign what this key signs; what was countersigned stays remembered
    Dismiss {
        /// The witness's folder
        folder: PathBuf,
        /// The ledger's public key
        key: String,
    },
    /// Answer archives that ask for countersignatures
    Serve {
        /// The witness's folder
        folder: PathBuf,
        /// Address and port; port 0 takes a free one
        #[arg(long, default_value = "127.0.0.1:8090", value_name = "ADDR")]
        listen: SocketAddr,
    },
    /// Countersign the head of an archive or mirror by hand, without a network
    Sign {
        /// The witness's folder
        folder: PathBuf,
        /// An archive or a mirror
        dir: PathBuf,
    },
    /// Have the heads of an archive countersigned by the witnesses of a policy
    Use {
        /// The archive
        dir: PathBuf,
        /// The policy: a line for each witness with name, key and address, a quorum line
        policy: PathBuf,
        /// The ledger's key [default: in the folder TESTIGO_KEYS, or your data folder]
        #[arg(long, value_name = "FILE")]
        ledger_key: Option<PathBuf>,
    },
}

pub fn run(arguments: &WitnessArguments) -> Result<ExitCode> {
    match &arguments.action {
        WitnessAction::New { folder, name } => {
            let key = WitnessFiles::create(folder, name)?;
            say!("witness  {}", key.cosigner_key());
            say!("folder   {} (whoever has it can countersign in this name)", folder.display());
        }
        WitnessAction::Show { folder } => show(folder)?,
        WitnessAction::Admit { folder, key } => {
            let key = parse(key)?;
            WitnessFiles::admit(folder, &key)?;
            say!("heads of {} signed by {} are countersigned from the next start on", key.name(), key.id());
        }
        WitnessAction::Dismiss { folder, key } => {
            let key = parse(key)?;
            if !WitnessFiles::dismiss(folder, &key)? {
                bail!("{} does not know this key\nhint: `testigo witness show` lists those it knows", folder.display());
            }
            say!("nothing signed by {} is countersigned from the next start on", key.id());
        }
        WitnessAction::Serve { folder, listen } => server::serve(open(folder)?, *listen)?,
        WitnessAction::Sign { folder, dir } => return sign(folder, dir),
        WitnessAction::Use { dir, policy, ledger_key } => {
            return have_countersigned(dir, policy, ledger_key.as_deref());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A ledger's public key: written out, or the one in force in a file `ledger/key`.
fn parse(key: &str) -> Result<VerifyingKey> {
    if Path::new(key).is_file() {
        let text = std::fs::read_to_string(key).with_context(|| format!("{key} cannot be read"))?;
        let keys: KeyHistory = text.parse().with_context(|| format!("{key} holds no ledger's keys"))?;
        return Ok(keys.current().clone());
    }
    key.parse().with_context(|| {
        format!("`{key}` is no ledger's public key\nhint: it stands in the file ledger/key of the archive or mirror")
    })
}

fn open(folder: &Path) -> Result<Witness<WitnessFiles>> {
    let (key, logs) = (WitnessFiles::key(folder)?, WitnessFiles::logs(folder)?);
    if logs.is_empty() {
        bail!("{} knows no ledger yet\nhint: `testigo witness admit {0} KEY`", folder.display());
    }
    Ok(Witness::new(key, logs, WitnessFiles::open(folder)?))
}

fn show(folder: &Path) -> Result<()> {
    say!("witness  {}", WitnessFiles::key(folder)?.cosigner_key());
    for key in WitnessFiles::logs(folder)? {
        say!("ledger   {key}");
    }
    for path in std::fs::read_dir(folder.join("heads")).into_iter().flatten().flatten() {
        let note = std::fs::read(path.path()).unwrap_or_default();
        let head = testigo_ledger::SignedNote::parse(&note).ok().and_then(|note| note.text().parse().ok());
        if let Some(testigo_ledger::Checkpoint { origin, size, root }) = head {
            say!("head     {origin}: {} entries, root {root}", grouped(size.0));
        }
    }
    Ok(())
}

/// Proves from the folder's own tiles that its head continues what the witness remembers.
fn sign(folder: &Path, dir: &Path) -> Result<ExitCode> {
    let witness = open(folder)?;
    let reader = ArchiveReader::open_public(dir)?;
    let (head, checkpoint) = reader.signed_checkpoint()?;
    let remembered = witness.latest(&testigo_ledger::Hash::of(head.origin.as_bytes()).to_string())?;
    let known = remembered.as_deref().map(testigo_ledger::SignedNote::parse).transpose()?;
    let known: Option<testigo_ledger::Checkpoint> = known.map(|note| note.text().parse()).transpose()?;
    let old = known.map_or(TreeSize(0), |known| known.size);
    if old > head.size {
        say!(
            "NOT SIGNED: this witness has seen {} entries of {}, the folder has {}",
            grouped(old.0),
            head.origin,
            grouped(head.size.0)
        );
        return Ok(exit(false));
    }
    let request = AddCheckpoint { old, proof: reader.consistency(old)?, checkpoint };
    match witness.add_checkpoint(&request, now()) {
        Ok(line) => {
            say!("{}", line.trim_end());
            Ok(exit(true))
        }
        Err(refused) => {
            say!("NOT SIGNED: {refused}");
            Ok(exit(false))
        }
    }
}

fn have_countersigned(dir: &Path, policy: &Path, ledger_key: Option<&Path>) -> Result<ExitCode> {
    let key_file = keys::file_of_archive(dir, ledger_key)?;
    let read = read_policy(policy)?;
    let key = ArchiveReader::open(dir)?.verifying_key().clone();
    if !read.logs().iter().any(|log| log.key == key) {
        bail!("{} does not believe this ledger's key\nhint: give it the line: log {key}", policy.display());
    }
    if !read.needs_witnesses() {
        bail!("{} asks for no witness\nhint: its quorum line names a witness or a group of them", policy.display());
    }
    std::fs::write(policy_file(&key_file), read.text())
        .with_context(|| format!("{} cannot be written", policy_file(&key_file).display()))?;
    let archive = Archive::open(dir, keys::of_archive(dir, ledger_key)?)?;
    let (head, note) = archive.reader()?.signed_checkpoint()?;
    let witnessing = read.witnessing(&note)?;
    let names: Vec<&str> = witnessing.witnesses.iter().map(|(name, _)| name.as_str()).collect();
    say!("head       {} entries, root {}", grouped(head.size.0), head.root);
    say!("witnesses  {}", if names.is_empty() { "none has answered yet".to_owned() } else { names.join(", ") });
    say!(
        "{}",
        if witnessing.quorum {
            "These are enough: the head is witnessed."
        } else {
            "Too few: the head is UNWITNESSED until more of them sign."
        }
    );
    Ok(exit(witnessing.quorum))
}
