//! `testigo key`: adjudicators' keys. The secret half is a file outside every archive; the public half is an entry.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use testigo_archive::{Archive, create_key_file, read_key_file};
use testigo_count::Entry;
use testigo_count::entry::KeyEntry;
use testigo_count::identifier::KeyName;
use testigo_ledger::VerifyingKey;

use crate::{counting, keys, say};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  testigo key create ana.key --name ana\n  testigo key admit archive ana.key")]
pub struct KeyArguments {
    #[command(subcommand)]
    pub action: KeyAction,
}

#[derive(Debug, Subcommand)]
pub enum KeyAction {
    /// Make an adjudicator's key in a new file that only you can read
    Create {
        /// The file; outside every archive and its backups
        file: PathBuf,
        /// A pseudonym; it is public
        #[arg(long)]
        name: String,
    },
    /// Show the public half of a key, to hand on
    Show {
        /// The key file
        file: PathBuf,
    },
    /// Let an adjudicator's key sign rulings in an archive
    Admit {
        /// The archive
        dir: PathBuf,
        /// The public half as `key show` prints it, or a key file
        public: String,
        /// The ledger's key [default: in the folder TESTIGO_KEYS, or your data folder]
        #[arg(long, value_name = "FILE")]
        ledger_key: Option<PathBuf>,
    },
}

pub fn run(arguments: &KeyArguments) -> Result<ExitCode> {
    match &arguments.action {
        KeyAction::Create { file, name } => {
            let name = KeyName::new(name.as_str())?;
            let key = create_key_file(file, name.as_str())?;
            say!("secret  {} (whoever has it can rule in this name)", file.display());
            say!("public  {}", key.verifying_key());
        }
        KeyAction::Show { file } => say!("{}", read_key_file(file)?.verifying_key()),
        KeyAction::Admit { dir, public, ledger_key } => {
            let path = PathBuf::from(public);
            let key = if path.is_file() {
                read_key_file(&path)?.verifying_key().clone()
            } else {
                public.parse::<VerifyingKey>().with_context(|| {
                    format!("`{public}` is neither a key file nor a public key\nhint: `testigo key show FILE` prints the public half")
                })?
            };
            let mut archive = Archive::open(dir, keys::of_archive(dir, ledger_key.as_deref())?)?;
            let index = admit(&mut archive, &key)?;
            say!("entry {index}: {} may sign rulings here", key.name());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the `key` entry of an adjudicator and publishes it. Gives the entry's index.
pub fn admit(archive: &mut Archive, key: &VerifyingKey) -> Result<u64> {
    let (mut count, _) = counting::load(&archive.reader()?)?;
    let entry = KeyEntry::new(KeyName::new(key.name())?, STANDARD.encode(key.public_bytes()));
    let bytes = Entry::Key(entry).to_bytes()?;
    let refusals = count.refusals().len();
    count.append(&bytes, &std::collections::BTreeMap::new())?;
    if let Some((_, refusal)) = count.refusals().get(refusals) {
        anyhow::bail!("{refusal}\nhint: every adjudicator needs a name and a key of their own");
    }
    let appended = archive.append(&[bytes])?;
    archive.publish()?;
    appended.first().map(|one| one.index.0).context("the archive gave the entry no place")
}
