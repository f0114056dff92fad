//! Where the ledger's key is kept: never inside the archive, so that a copy of the archive holds no secret.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use testigo_archive::{ArchiveReader, Signer, StoredKey, Witnesses, create_key_file, head_file_of};
use testigo_ledger::SigningKey;

use crate::witness::client::{HttpWitnesses, policy_file, read_policy};

/// Names a file whose first line is the passphrase of locked keys, for programs that run unattended.
const PASSPHRASE_FILE: &str = "TESTIGO_PASSPHRASE_FILE";

/// The folder of keys: `TESTIGO_KEYS`, else `testigo/keys` in the user's data folder.
pub fn folder() -> Result<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("TESTIGO_KEYS")
        .or_else(|| variable("XDG_DATA_HOME").map(|folder| folder.join("testigo/keys")))
        .or_else(|| variable("HOME").map(|folder| folder.join(".local/share/testigo/keys")))
        .context("there is no place for the ledger's key\nhint: set TESTIGO_KEYS to a folder outside the archive, or give --ledger-key FILE")
}

/// The file of a ledger's key, by the ledger's name.
pub fn file_for(origin: &str) -> Result<PathBuf> {
    let name: String =
        origin.chars().map(|one| if one.is_ascii_alphanumeric() || "-.".contains(one) { one } else { '_' }).collect();
    Ok(folder()?.join(format!("{name}.key")))
}

/// The file of an archive's key: the one given, or where it is kept by the ledger's name.
pub fn file_of_archive(directory: &Path, file: Option<&Path>) -> Result<PathBuf> {
    match file {
        Some(path) => Ok(path.to_owned()),
        None => file_for(ArchiveReader::open(directory)?.verifying_key().name()),
    }
}

/// Refuses a place inside an archive: whoever copies the archive, or restores a copy of it, would copy the key too.
pub fn check_outside_archives(file: &Path) -> Result<()> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(parent) = parent.canonicalize() else { return Ok(()) };
    match parent.ancestors().find(|folder| folder.join("format").is_file() && folder.join("ledger").is_dir()) {
        Some(archive) => bail!(
            "{} lies inside the archive {}\nhint: keep keys elsewhere; whoever copies the archive must not get them",
            file.display(),
            archive.display()
        ),
        None => Ok(()),
    }
}

/// Makes the key of a new ledger.
pub fn create(origin: &str, file: Option<&Path>) -> Result<(Signer, PathBuf)> {
    let path = match file {
        Some(path) => path.to_owned(),
        None => file_for(origin)?,
    };
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent).with_context(|| format!("{} cannot be made", parent.display()))?;
    }
    let key = create_key_file(&path, origin, None)?;
    Ok((Signer::new(key, head_file_of(&path)), path))
}

/// The key of an archive that is there already, with its memory and its witnesses.
pub fn of_archive(directory: &Path, file: Option<&Path>) -> Result<Signer> {
    signer(&file_of_archive(directory, file)?).with_context(|| {
        format!(
            "{} needs its ledger's key\nhint: give --ledger-key FILE, or set TESTIGO_KEYS to the folder it is in",
            directory.display()
        )
    })
}

/// The key in a file, with what is kept beside it: the head it signed last, and the witnesses it asks.
pub fn signer(path: &Path) -> Result<Signer> {
    let mut signer = Signer::new(read(path)?, head_file_of(path));
    let policy = policy_file(path);
    if policy.is_file() {
        let witnesses: Arc<dyn Witnesses> = Arc::new(HttpWitnesses::new(read_policy(&policy)?));
        signer.witnesses = Some(witnesses);
    }
    Ok(signer)
}

/// The key in a file, unlocked where it is locked.
pub fn read(path: &Path) -> Result<SigningKey> {
    match StoredKey::read(path)? {
        StoredKey::Open(key) => Ok(*key),
        StoredKey::Locked(locked) => {
            let passphrase = passphrase(&format!("Passphrase of {}: ", path.display()))?;
            Ok(locked.unlock(&passphrase)?)
        }
    }
}

/// A passphrase: from the file that `TESTIGO_PASSPHRASE_FILE` names, else from the terminal, unseen.
pub fn passphrase(prompt: &str) -> Result<String> {
    if let Some(path) = std::env::var_os(PASSPHRASE_FILE).filter(|path| !path.is_empty()).map(PathBuf::from) {
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("{}, which {PASSPHRASE_FILE} names, cannot be read", path.display()))?;
        return Ok(text.lines().next().unwrap_or_default().to_owned());
    }
    if !std::io::stdin().is_terminal() {
        bail!(
            "a passphrase is needed, and nobody is there to type it\nhint: set {PASSPHRASE_FILE} to a file whose first line it is"
        );
    }
    rpassword::prompt_password(prompt).context("the passphrase could not be read")
}

/// A new passphrase, typed twice.
pub fn new_passphrase() -> Result<String> {
    let first = passphrase("New passphrase, four or more words: ")?;
    if first.chars().count() < 12 {
        bail!(
            "the passphrase has fewer than 12 letters\nhint: four or more words drawn by lot are easy to keep and hard to guess"
        );
    }
    if std::env::var_os(PASSPHRASE_FILE).is_none() && passphrase("The same once more: ")? != first {
        bail!("the two are not the same; no key was made");
    }
    Ok(first)
}
