//! What the ledger says of itself: which keys sign its heads, and which of its heads were stamped by others.
//!
//! Nothing here touches a total. Verifiers hold the signed heads against the keys, and the stamps against the heads.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};

use crate::columns::{ColumnReader, ColumnWriter, Damaged};
use crate::entry::{AnchorEntry, AnchorKind, KeyChange, KeyChangeEntry};
use crate::identifier::{DocumentHash, EntryIndex};
use crate::refusal::Refusal;
use crate::rulings::usable_key;

/// The ledger's key was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// The entry. Heads that cover it are signed by the new key.
    pub entry: EntryIndex,
    /// The key before: 32 bytes of an Ed25519 public key.
    pub previous: [u8; 32],
    /// The key from here on.
    pub public: [u8; 32],
}

/// The key that alone may replace the ledger's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoveryKey {
    /// The entry that names it.
    pub entry: EntryIndex,
    /// 32 bytes of an Ed25519 public key.
    pub public: [u8; 32],
}

/// A head was stamped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// The entry.
    pub entry: EntryIndex,
    /// What the stamp is.
    pub kind: AnchorKind,
    /// Entries of the head that was stamped; at least 1, at most `entry`.
    pub size: u64,
    /// Hash of the stamp.
    pub document: DocumentHash,
}

/// Why an entry changes nothing about the ledger's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// Not 32 bytes, no point of the curve, or a weak one.
    #[error("a key in it is no usable Ed25519 public key")]
    Unusable,
    /// There is a recovery key already.
    #[error("the ledger has a recovery key already")]
    SecondRecovery,
    /// There is none.
    #[error("the ledger has no recovery key, so its key cannot be replaced")]
    NoRecovery,
    /// The key to be replaced is not the one in force.
    #[error("the key that it replaces is not the one in force")]
    NotInForce,
    /// The ledger had the new key before, or it is the recovery key.
    #[error("the new key is one that this ledger has or had already")]
    Known,
    /// Not signed by the recovery key.
    #[error("it is not signed by the recovery key")]
    Unsigned,
}

impl KeyFault {
    pub(crate) const ALL: [Self; 6] =
        [Self::Unusable, Self::SecondRecovery, Self::NoRecovery, Self::NotInForce, Self::Known, Self::Unsigned];
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct LedgerFacts {
    recovery: Option<(EntryIndex, VerifyingKey)>,
    rotations: Vec<Rotation>,
    anchors: Vec<Anchor>,
}

impl LedgerFacts {
    /// Takes in the first key that may replace the ledger's.
    pub fn set_recovery(&mut self, index: u64, public: &str) -> Result<(), Refusal> {
        let key = usable(public)?;
        if self.recovery.is_some() {
            return Err(Refusal::LedgerKey(KeyFault::SecondRecovery));
        }
        self.recovery = Some((EntryIndex(index), key));
        Ok(())
    }

    /// Takes in a replacement of the ledger's key; `change` is a [`KeyChange::Rotate`].
    pub fn rotate(&mut self, index: u64, change: &KeyChangeEntry, entry_zero: &[u8]) -> Result<(), Refusal> {
        let KeyChange::Rotate { previous, public, signature } = &change.change else { return Ok(()) };
        let refuse = |fault| Err(Refusal::LedgerKey(fault));
        let (previous, public) = (usable(previous)?, usable(public)?);
        let Some((_, recovery)) = &self.recovery else { return refuse(KeyFault::NoRecovery) };
        if self.rotations.last().is_some_and(|last| last.public != previous.to_bytes()) {
            return refuse(KeyFault::NotInForce);
        }
        let mut had = self.rotations.iter().flat_map(|rotation| [rotation.previous, rotation.public]);
        if public == previous || public == *recovery || had.any(|known| known == public.to_bytes()) {
            return refuse(KeyFault::Known);
        }
        let signature: Option<[u8; 64]> = STANDARD.decode(signature).ok().and_then(|bytes| bytes.try_into().ok());
        let signed = change.message(entry_zero).ok().zip(signature).is_some_and(|(message, signature)| {
            recovery.verify_strict(&message, &Signature::from_bytes(&signature)).is_ok()
        });
        if !signed {
            return refuse(KeyFault::Unsigned);
        }
        let (previous, public) = (previous.to_bytes(), public.to_bytes());
        self.rotations.push(Rotation { entry: EntryIndex(index), previous, public });
        Ok(())
    }

    /// Takes in a stamp.
    pub fn anchor(&mut self, index: u64, entry: &AnchorEntry) -> Result<(), Refusal> {
        if entry.size == 0 || entry.size > index {
            return Err(Refusal::AnchorAhead(entry.size));
        }
        let AnchorEntry { kind, size, document, .. } = *entry;
        self.anchors.push(Anchor { entry: EntryIndex(index), kind, size, document });
        Ok(())
    }

    pub fn recovery(&self) -> Option<RecoveryKey> {
        self.recovery.map(|(entry, key)| RecoveryKey { entry, public: key.to_bytes() })
    }

    pub fn rotations(&self) -> &[Rotation] {
        &self.rotations
    }

    pub fn anchors(&self) -> &[Anchor] {
        &self.anchors
    }
}

fn usable(public: &str) -> Result<VerifyingKey, Refusal> {
    usable_key(public).ok_or(Refusal::LedgerKey(KeyFault::Unusable))
}

/// For snapshots.
impl LedgerFacts {
    pub fn write(&self, part: &mut ColumnWriter) {
        part.count(usize::from(self.recovery.is_some()));
        if let Some((entry, key)) = &self.recovery {
            part.number(entry.0);
            part.bytes(key.as_bytes());
        }
        part.count(self.rotations.len());
        for rotation in &self.rotations {
            part.number(rotation.entry.0);
            part.bytes(&rotation.previous);
            part.bytes(&rotation.public);
        }
        part.count(self.anchors.len());
        for anchor in &self.anchors {
            part.number(anchor.entry.0);
            part.bytes(&[u8::from(anchor.kind == AnchorKind::OpenTimestamps)]);
            part.number(anchor.size);
            part.bytes(anchor.document.as_bytes());
        }
    }

    pub fn read(mut part: ColumnReader<'_>) -> Result<Self, Damaged> {
        let mut facts = Self::default();
        for _ in 0..part.count(33)? {
            let entry = EntryIndex(part.number()?);
            facts.recovery = Some((entry, VerifyingKey::from_bytes(&part.array()?).map_err(|_| part.damaged())?));
        }
        for _ in 0..part.count(64)? {
            let entry = EntryIndex(part.number()?);
            facts.rotations.push(Rotation { entry, previous: part.array()?, public: part.array()? });
        }
        for _ in 0..part.count(34)? {
            let entry = EntryIndex(part.number()?);
            let kind = AnchorKind::ALL.get(usize::from(part.byte()?)).copied().ok_or_else(|| part.damaged())?;
            let (size, document) = (part.number()?, DocumentHash::from_bytes(part.array()?));
            facts.anchors.push(Anchor { entry, kind, size, document });
        }
        part.end()?;
        Ok(facts)
    }
}
