//! `testigo key`: private keys are files outside every archive; what is public about them are entries.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use testigo_archive::{Archive, ArchiveReader, StoredKey, create_key_file, head_file_of};
use testigo_count::entry::{KeyChange, KeyChangeEntry, KeyEntry};
use testigo_count::identifier::KeyName;
use testigo_count::{Count, Entry};
use testigo_ledger::VerifyingKey;

use crate::witness::client::policy_file;
use crate::{counting, keys, say};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  testigo key create ana.key --name ana --passphrase
  testigo key admit archive ana.key
  testigo key create offline.key --name offline --passphrase
  testigo key recovery archive offline.key
  testigo key create new.key --for archive
  testigo key rotate archive --recovery offline.key --new new.key
docs/stolen-key.md is a drill for a stolen key.")]
pub struct KeyArguments {
    #[command(subcommand)]
    pub action: KeyAction,
}

#[derive(Debug, Subcommand)]
pub enum KeyAction {
    /// Make a key in a new file that only you can read
    Create {
        /// The file; outside every archive and its backups
        file: PathBuf,
        /// A pseudonym; it is public
        #[arg(long, required_unless_present = "archive")]
        name: Option<String>,
        /// Make a new key for the ledger of this archive
        #[arg(long = "for", value_name = "DIR", conflicts_with = "name")]
        archive: Option<PathBuf>,
        /// Lock the key with a passphrase
        #[arg(long)]
        passphrase: bool,
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
    /// Let an adjudicator's key sign no further rulings; earlier ones stay
    Revoke {
        /// The archive
        dir: PathBuf,
        /// The adjudicator's name
        name: String,
        /// The ledger's key [default: in the folder TESTIGO_KEYS, or your data folder]
        #[arg(long, value_name = "FILE")]
        ledger_key: Option<PathBuf>,
    },
    /// Name the key, kept offline, that alone may replace the ledger's key; once and for good
    Recovery {
        /// The archive
        dir: PathBuf,
        /// The public half as `key show` prints it, or a key file
        public: String,
        /// The ledger's key [default: in the folder TESTIGO_KEYS, or your data folder]
        #[arg(long, value_name = "FILE")]
        ledger_key: Option<PathBuf>,
    },
    /// Replace the ledger's key, because it was stolen, lost or used long enough
    Rotate {
        /// The archive
        dir: PathBuf,
        /// The recovery key
        #[arg(long, value_name = "FILE")]
        recovery: PathBuf,
        /// The new key, made with `key create FILE --for DIR`
        #[arg(long, value_name = "FILE")]
        new: PathBuf,
        /// The key that is replaced, if it is still there: its memory of what was signed is taken over
        #[arg(long, value_name = "FILE")]
        ledger_key: Option<PathBuf>,
    },
}

pub fn run(arguments: &KeyArguments) -> Result<ExitCode> {
    match &arguments.action {
        KeyAction::Create { file, name, archive, passphrase } => {
            let (name, can) = match (name, archive) {
                (Some(name), _) => (KeyName::new(name.as_str())?.as_str().to_owned(), "rule in this name"),
                (None, Some(dir)) => (ArchiveReader::open(dir)?.keys().origin().to_owned(), "sign for this ledger"),
                (None, None) => bail!("a key needs a name"),
            };
            keys::check_outside_archives(file)?;
            let passphrase = if *passphrase { Some(keys::new_passphrase()?) } else { None };
            let key = create_key_file(file, &name, passphrase.as_deref())?;
            let lock = if passphrase.is_some() { " and its passphrase" } else { "" };
            say!("secret  {} (whoever has it{lock} can {can})", file.display());
            say!("public  {}", key.verifying_key());
        }
        KeyAction::Show { file } => say!("{}", StoredKey::read(file)?.verifying_key()),
        KeyAction::Admit { dir, public, ledger_key } => {
            let key = public_key(public)?;
            let mut archive = Archive::open(dir, keys::of_archive(dir, ledger_key.as_deref())?)?;
            let index = admit(&mut archive, &key)?;
            say!("entry {index}: {} may sign rulings here", key.name());
        }
        KeyAction::Revoke { dir, name, ledger_key } => {
            let change = KeyChange::Revoke { name: KeyName::new(name.as_str())? };
            let mut archive = Archive::open(dir, keys::of_archive(dir, ledger_key.as_deref())?)?;
            let hint = "`testigo key admit` lists nobody else; the names are those of the `key` entries";
            let index = append(&mut archive, Entry::KeyChange(KeyChangeEntry::new(change)), hint)?;
            say!("entry {index}: {name} signs no further rulings here; earlier ones stay");
        }
        KeyAction::Recovery { dir, public, ledger_key } => {
            let change = KeyChange::Recovery { public: STANDARD.encode(public_key(public)?.public_bytes()) };
            let mut archive = Archive::open(dir, keys::of_archive(dir, ledger_key.as_deref())?)?;
            let hint = "a recovery key is named once and for good";
            let index = append(&mut archive, Entry::KeyChange(KeyChangeEntry::new(change)), hint)?;
            say!("entry {index}: only this key can replace the ledger's. Keep it offline, and a copy of it elsewhere");
        }
        KeyAction::Rotate { dir, recovery, new, ledger_key } => rotate(dir, recovery, new, ledger_key.as_deref())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A public key, written out or in a key file.
fn public_key(public: &str) -> Result<VerifyingKey> {
    let path = PathBuf::from(public);
    if path.is_file() {
        return Ok(StoredKey::read(&path)?.verifying_key().clone());
    }
    public.parse::<VerifyingKey>().with_context(|| {
        format!(
            "`{public}` is neither a key file nor a public key\nhint: `testigo key show FILE` prints the public half"
        )
    })
}

/// Appends an entry that the fold does not refuse, and publishes it. Gives its index.
fn append(archive: &mut Archive, entry: Entry, hint: &str) -> Result<u64> {
    let (mut count, _) = counting::load(&archive.reader()?)?;
    let bytes = entry.to_bytes()?;
    try_entry(&mut count, &bytes, hint)?;
    let appended = archive.append(&[bytes])?;
    archive.publish()?;
    appended.first().map(|one| one.index.0).context("the archive gave the entry no place")
}

fn try_entry(count: &mut Count, bytes: &[u8], hint: &str) -> Result<()> {
    let refusals = count.refusals().len();
    count.append(bytes, &std::collections::BTreeMap::new())?;
    match count.refusals().get(refusals) {
        Some((_, refusal)) => bail!("{refusal}\nhint: {hint}"),
        None => Ok(()),
    }
}

fn rotate(dir: &Path, recovery: &Path, new: &Path, ledger_key: Option<&Path>) -> Result<()> {
    let reader = ArchiveReader::open(dir)?;
    let (mut count, _) = counting::load(&reader)?;
    let zero = reader.entries(testigo_ledger::EntryIndex(0)..testigo_ledger::EntryIndex(1))?.next();
    let entry_zero = zero.context("the ledger is empty")??.1;
    let old_file = keys::file_of_archive(dir, ledger_key)?;
    let signer = keys::signer(new)?;
    if head_file_of(&old_file) == signer.head_file {
        bail!(
            "{} is the key that is to be replaced\nhint: make another one with `testigo key create FILE --for {}`",
            new.display(),
            dir.display()
        );
    }
    let encode = |key: &VerifyingKey| STANDARD.encode(key.public_bytes());
    let mut entry = KeyChangeEntry::rotation(encode(reader.verifying_key()), encode(signer.key.verifying_key()));
    let signature = keys::read(recovery)?.sign(&entry.message(&entry_zero)?);
    if let KeyChange::Rotate { signature: field, .. } = &mut entry.change {
        *field = STANDARD.encode(signature);
    }
    let bytes = Entry::KeyChange(entry).to_bytes()?;
    try_entry(
        &mut count,
        &bytes,
        "the recovery key is the one that `testigo key recovery` named; the new key is one that this ledger never had",
    )?;
    let (archive, index) = Archive::rotate(dir, signer, &bytes, Some(&head_file_of(&old_file)))?;
    let head = archive.reader()?.checkpoint()?;
    say!("entry {index}: from the head of {} entries on the ledger is signed by", head.size);
    say!("public  {}", archive.reader()?.verifying_key());
    say!("What the old key signed before stays good; what it signs from here on is refused.");
    if policy_file(&old_file).is_file() {
        say!(
            "hint: tell your witnesses the new key, put it in the log line of your policy, and run `testigo witness use {} POLICY --ledger-key {}`",
            dir.display(),
            new.display()
        );
    }
    say!("hint: publish the new key wherever the old one stands, and keep it where `{}` was", old_file.display());
    Ok(())
}

/// Writes the `key` entry of an adjudicator and publishes it. Gives the entry's index.
pub fn admit(archive: &mut Archive, key: &VerifyingKey) -> Result<u64> {
    let entry = KeyEntry::new(KeyName::new(key.name())?, STANDARD.encode(key.public_bytes()));
    append(archive, Entry::Key(entry), "every adjudicator needs a name and a key of their own")
}
