//! What can be found wrong, each with its evidence: where, what, what was expected, what was found, and what that means.

use std::path::Path;

use serde::Serialize;
use testigo_archive::{ArchiveError, Fault};
use testigo_ledger::Hash;

/// The first thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wrong {
    /// A stable code.
    pub code: &'static str,
    /// The file, relative to what is verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What is wrong, as a sentence that names the file.
    pub what: String,
    #[serde(flatten)]
    pub values: Option<Box<Values>>,
    /// What follows from it, and what to do.
    pub meaning: &'static str,
}

/// What should be there, and what is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Values {
    pub expected: String,
    pub found: String,
}

/// Somebody or something changed a copy.
pub const COPY: &str = "this copy is damaged or was changed; take the file from another mirror";
/// The one who publishes did it.
pub const PUBLISHER: &str = "the ledger's key has signed what its own ledger does not give: believe nothing of this publisher but the ledger itself";
/// Somebody rewrote history.
pub const HISTORY: &str = "the ledger is not the one that was signed: entries were changed, removed or slipped in";

impl Wrong {
    pub fn new(code: &'static str, what: impl Into<String>, meaning: &'static str) -> Self {
        Self { code, path: None, what: what.into(), values: None, meaning }
    }

    /// About a file.
    pub fn at(code: &'static str, path: impl Into<String>, what: &str, meaning: &'static str) -> Self {
        let path = path.into();
        Self { what: format!("{path} {what}"), path: Some(path), ..Self::new(code, "", meaning) }
    }

    pub fn values(self, expected: impl ToString, found: impl ToString) -> Self {
        Self { values: Some(Box::new(Values { expected: expected.to_string(), found: found.to_string() })), ..self }
    }

    /// A fault of the ledger's files.
    pub fn of_fault(fault: &Fault, root: &Path) -> Self {
        let (code, path, meaning) = match fault {
            Fault::Checkpoint { path, .. } => (
                "checkpoint",
                path,
                "the signed head was changed, or another key signed it: nothing below it can be believed",
            ),
            Fault::CheckpointName { path, .. } => ("checkpoint-name", path, COPY),
            Fault::Missing { path } => ("missing", path, COPY),
            Fault::Bundle { path, .. } => ("bundle", path, COPY),
            Fault::Entry { path, .. } => ("entry", path, HISTORY),
            Fault::Tile { path, .. } => (
                "tile",
                path,
                "the entries are those that were signed, but proofs made with this file would be wrong; take it from another mirror",
            ),
            Fault::Root { path, .. } => ("root", path, HISTORY),
            Fault::Content { path, .. } => ("content", path, COPY),
            Fault::Stray { path } => ("stray", path, "somebody put it there: it is no part of what the ledger names"),
        };
        let wrong = Self {
            path: Some(relative(path, root)),
            ..Self::new(code, without_root(&fault.to_string(), root), meaning)
        };
        match fault {
            Fault::Entry { expected, found, .. } | Fault::Root { expected, found, .. } => wrong.values(expected, found),
            Fault::Content { path, found } => wrong.values(name_hash(path).unwrap_or_default(), found),
            _ => wrong,
        }
    }

    /// An archive that cannot even be opened.
    pub fn of_archive(error: &ArchiveError, root: &Path) -> Option<Self> {
        let (code, path) = match error {
            ArchiveError::KeyInvalid { path, .. } | ArchiveError::KeysInvalid { path, .. } => ("key", path),
            ArchiveError::Missing { path, .. } => ("missing", path),
            ArchiveError::Checkpoint { path, .. } => ("checkpoint", path),
            ArchiveError::WrongHash { path, .. } => ("content", path),
            ArchiveError::Io { path, action: "read", .. } => ("unreadable", path),
            _ => return None,
        };
        let what = without_root(&error.to_string(), root);
        Some(Self { path: Some(relative(path, root)), ..Self::new(code, what, COPY) })
    }
}

fn name_hash(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.split('.').next()?;
    name.parse::<Hash>().ok().map(|hash| hash.to_string())
}

/// A path with `/`, as it stands in a manifest.
pub fn relative(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

fn without_root(text: &str, root: &Path) -> String {
    text.replace(&format!("{}/", root.display()), "")
}
