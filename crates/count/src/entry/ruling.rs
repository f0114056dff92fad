//! Adjudicators: their signed decisions and their keys.

use serde::{Deserialize, Serialize};

use super::{EntryError, KeyKind, RulingKind, canonical};
use crate::identifier::{DocumentHash, EntryIndex, KeyName, StationId};

/// What an adjudicator decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do", deny_unknown_fields)]
pub enum Decision {
    /// The numbers of this reading are the station's.
    AcceptReading {
        /// The reading's entry.
        reading: EntryIndex,
    },
    /// The sheet's readings neither count nor dispute.
    RejectSheet {
        /// The sheet's entry.
        sheet: EntryIndex,
    },
    /// The sheet belongs to this station, whatever its readings say.
    MoveSheet {
        /// The sheet's entry.
        sheet: EntryIndex,
        /// The station.
        station: StationId,
    },
    /// The sheet's picture is not shown.
    WithholdSheet {
        /// The sheet's entry.
        sheet: EntryIndex,
    },
    /// The station did not open; it makes no sheet.
    NotInstalled {
        /// The station.
        station: StationId,
    },
    /// The superseded ruling no longer holds, and nothing takes its place.
    Withdraw,
}

/// A decision with its reason and signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulingEntry {
    /// What was decided.
    pub decision: Decision,
    /// The ruling that this one supersedes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prev: Option<EntryIndex>,
    /// A reason code of the pack or of the built-in list; no free text.
    pub reason: String,
    /// By whom.
    pub signatures: Vec<RulingSignature>,
    #[serde(rename = "type", default)]
    kind: RulingKind,
    v: u64,
}

/// One adjudicator's signature under a ruling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulingSignature {
    /// The name in the `key` entry.
    pub key: KeyName,
    /// Ed25519 over [`RulingEntry::message`], standard base64.
    pub signature: String,
}

impl RulingEntry {
    /// A ruling still to be signed.
    #[must_use]
    pub fn new(decision: Decision, reason: String, prev: Option<EntryIndex>) -> Self {
        Self { decision, prev, reason, signatures: Vec::new(), kind: RulingKind::Word, v: 1 }
    }

    /// What is signed: a fixed line, the SHA-256 of entry 0 (so that a ruling holds in one ledger only), and the
    /// canonical ruling with an empty list of signatures.
    ///
    /// # Errors
    /// When the ruling cannot be written canonically.
    pub fn message(&self, entry_zero: &[u8]) -> Result<Vec<u8>, EntryError> {
        let unsigned = Self { signatures: Vec::new(), ..self.clone() };
        let mut message = format!("testigo ruling v1\n{}\n", DocumentHash::of(entry_zero)).into_bytes();
        message.extend(canonical(&unsigned)?);
        Ok(message)
    }
}

/// An adjudicator's public key, from here on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyEntry {
    /// A pseudonym.
    pub name: KeyName,
    /// The 32 bytes of the Ed25519 public key, standard base64.
    pub public: String,
    /// What the key may do.
    pub role: KeyRole,
    #[serde(rename = "type", default)]
    kind: KeyKind,
    v: u64,
}

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyRole {
    /// Sign rulings.
    Adjudicator,
}

impl KeyEntry {
    /// Admits an adjudicator.
    #[must_use]
    pub fn new(name: KeyName, public: String) -> Self {
        Self { name, public, role: KeyRole::Adjudicator, kind: KeyKind::Word, v: 1 }
    }
}
