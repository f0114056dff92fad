//! Where the ledger's key is kept: never inside the archive, so that a copy of the archive holds no secret.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use testigo_archive::{ArchiveReader, Signer, create_key_file};

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

/// Makes the key of a new ledger.
pub fn create(origin: &str, file: Option<&Path>) -> Result<(Signer, PathBuf)> {
    let path = match file {
        Some(path) => path.to_owned(),
        None => file_for(origin)?,
    };
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent).with_context(|| format!("{} cannot be made", parent.display()))?;
    }
    create_key_file(&path, origin)?;
    Ok((Signer::from_key_file(&path)?, path))
}

/// The key of an archive that is there already.
pub fn of_archive(directory: &Path, file: Option<&Path>) -> Result<Signer> {
    let path = match file {
        Some(path) => path.to_owned(),
        None => file_for(ArchiveReader::open(directory)?.verifying_key().name())?,
    };
    Signer::from_key_file(&path).with_context(|| {
        format!(
            "{} needs its ledger's key\nhint: give --ledger-key FILE, or set TESTIGO_KEYS to the folder it is in",
            directory.display()
        )
    })
}
