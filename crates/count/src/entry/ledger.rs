//! What a ledger says of itself: changes of its keys, and stamps by others that show when a head existed.

use serde::{Deserialize, Serialize};

use super::{AnchorWord, EntryError, KeyKind, canonical};
use crate::identifier::{DocumentHash, KeyName};

/// A change of keys: `key` entries of version 2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "do")]
pub enum KeyChange {
    /// The key, kept offline, that alone may replace the ledger's key.
    Recovery {
        /// The 32 bytes of its Ed25519 public key, standard base64.
        public: String,
    },
    /// An adjudicator's key is good for no ruling that comes later.
    Revoke {
        /// The name in its `key` entry.
        name: KeyName,
    },
    /// The ledger's heads are signed by another key from here on.
    Rotate {
        /// The key that signed until now: 32 bytes, standard base64.
        previous: String,
        /// The key that signs every head which covers this entry: 32 bytes, standard base64.
        public: String,
        /// By the recovery key over [`KeyChangeEntry::message`], standard base64.
        signature: String,
    },
}

/// An entry that changes keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyChangeEntry {
    /// What changes.
    #[serde(flatten)]
    pub change: KeyChange,
    #[serde(rename = "type", default)]
    kind: KeyKind,
    v: u64,
}

impl KeyChangeEntry {
    /// The version of `key` entries that change keys.
    pub(crate) const VERSION: u64 = 2;

    /// An entry with this change.
    #[must_use]
    pub fn new(change: KeyChange) -> Self {
        Self { change, kind: KeyKind::Word, v: Self::VERSION }
    }

    /// A rotation still to be signed.
    #[must_use]
    pub fn rotation(previous: String, public: String) -> Self {
        Self::new(KeyChange::Rotate { previous, public, signature: String::new() })
    }

    /// What the recovery key signs under a rotation: a fixed line, the SHA-256 of entry 0 (so that it holds in one
    /// ledger only), and the canonical entry with an empty signature.
    ///
    /// # Errors
    /// When the entry cannot be written canonically.
    pub fn message(&self, entry_zero: &[u8]) -> Result<Vec<u8>, EntryError> {
        let mut unsigned = self.clone();
        if let KeyChange::Rotate { signature, .. } = &mut unsigned.change {
            signature.clear();
        }
        let mut message = format!("testigo ledger key v1\n{}\n", DocumentHash::of(entry_zero)).into_bytes();
        message.extend(canonical(&unsigned)?);
        Ok(message)
    }
}

/// Who says when a head existed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnchorKind {
    /// A time-stamping authority: the document is its response (RFC 3161).
    Rfc3161,
    /// OpenTimestamps: the document is the proof file.
    OpenTimestamps,
}

impl AnchorKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Rfc3161, Self::OpenTimestamps];

    /// The word in entries and on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Rfc3161 => "rfc3161",
            Self::OpenTimestamps => "opentimestamps",
        }
    }
}

/// A stamp over an earlier head of this ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorEntry {
    /// Hash of the stamp.
    pub document: DocumentHash,
    /// What the stamp is.
    pub kind: AnchorKind,
    /// The number of entries of the head that was stamped. What is stamped is the SHA-256 of its checkpoint's text.
    pub size: u64,
    #[serde(rename = "type", default)]
    word: AnchorWord,
    v: u64,
}

impl AnchorEntry {
    /// A stamp over the head of this size.
    #[must_use]
    pub fn new(kind: AnchorKind, size: u64, document: DocumentHash) -> Self {
        Self { document, kind, size, word: AnchorWord::Word, v: 1 }
    }
}
