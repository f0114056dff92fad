//! Which key signs a ledger's heads at which size. A stolen or worn key is replaced by an entry in the ledger itself, signed by a key
//! that was kept offline; from the next head on the new key signs, and what the old one signs from there on is refused.
//!
//! Here stands only what follows for heads. What such an entry looks like, and when it takes effect, is the fold's business.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::key::{KeyError, VerifyingKey};
use crate::note::SignedNote;
use crate::position::{EntryIndex, TreeSize};
use crate::receipt::parse_number;

/// The keys of one ledger, from the first to the one in force. All have the ledger's name.
///
/// Written as lines: the first key; then for each rotation the index of its entry, a space, and the new key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHistory {
    first: VerifyingKey,
    rotations: Vec<(EntryIndex, VerifyingKey)>,
}

/// Why a text is no list of a ledger's keys.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyHistoryError {
    /// Not a key.
    #[error("line {line}: {cause}")]
    Key {
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        cause: KeyError,
    },
    /// Not an index followed by a key.
    #[error(
        "line {line}: the number of an entry, a space and a key are expected, and nothing after the last line feed"
    )]
    Form {
        /// Counted from 1.
        line: usize,
    },
    /// Entries out of order, another ledger's key, or one that was in force before.
    #[error("line {line}: keys follow one another with rising numbers, all with the ledger's name, none twice")]
    Order {
        /// Counted from 1.
        line: usize,
    },
}

/// What the entries of a ledger say of its keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeysInEntries {
    /// The entry that names the key which alone may replace the ledger's.
    pub recovery: Option<EntryIndex>,
    /// Each rotation that took effect: its entry, the key before and the key after, 32 bytes of an Ed25519 public key each.
    pub rotations: Vec<(EntryIndex, [u8; 32], [u8; 32])>,
}

/// Why a ledger's keys are not believed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyChainFault {
    /// The key one trusts is none of the ledger's.
    #[error("the key {trusted} is none of this ledger's keys")]
    Untrusted {
        /// The key.
        trusted: Box<VerifyingKey>,
    },
    /// The list is not what the entries say.
    #[error(
        "the list of keys is not what the entries say: they have {expected} replacements of the ledger's key, beginning with another one after entry {after}"
    )]
    NotInEntries {
        /// Rotations in the entries.
        expected: usize,
        /// The last entry up to which both agree; 0 where they never do.
        after: EntryIndex,
    },
    /// No head vouches for the chain.
    #[error(
        "no head that the key {trusted} signed covers the entry with the recovery key, so that key vouches for none of the later ones"
    )]
    Unvouched {
        /// The key one trusts.
        trusted: Box<VerifyingKey>,
    },
}

impl KeyHistory {
    /// Holds the keys against the entries of the ledger, whose root is the head's. `trusted` is the key one has from elsewhere; `heads` are the
    /// sizes of all heads, each verified with the key at its size.
    pub fn check(
        &self,
        entries: &KeysInEntries,
        heads: impl IntoIterator<Item = TreeSize>,
        trusted: &VerifyingKey,
    ) -> Result<(), KeyChainFault> {
        let unknown = || KeyChainFault::Untrusted { trusted: Box::new(trusted.clone()) };
        let trusted = self.keys().find(|key| *key == trusted).ok_or_else(unknown)?;
        let mut before = self.first.public_bytes();
        let mut after = EntryIndex(0);
        let differs = |after| KeyChainFault::NotInEntries { expected: entries.rotations.len(), after };
        if self.rotations.len() != entries.rotations.len() {
            return Err(differs(after));
        }
        for ((index, key), (entry, previous, public)) in self.rotations.iter().zip(&entries.rotations) {
            if index != entry || *previous != before || *public != key.public_bytes() {
                return Err(differs(after));
            }
            (before, after) = (*public, *entry);
        }
        let vouches =
            |size: TreeSize| entries.recovery.is_some_and(|recovery| size.holds(recovery)) && self.at(size) == trusted;
        if self.rotations.is_empty() || heads.into_iter().any(vouches) {
            return Ok(());
        }
        Err(KeyChainFault::Unvouched { trusted: Box::new(trusted.clone()) })
    }

    /// A ledger whose key was never replaced.
    pub fn new(first: VerifyingKey) -> Self {
        Self { first, rotations: Vec::new() }
    }

    /// The same with one more rotation, by the entry at this index. `None` if it does not come after the earlier ones, has another name, or
    /// is a key that this ledger had before.
    pub fn with_rotation(&self, entry: EntryIndex, key: VerifyingKey) -> Option<Self> {
        let later = self.rotations.last().is_none_or(|(last, _)| *last < entry);
        let fresh = self.keys().all(|known| known.public_bytes() != key.public_bytes());
        (later && fresh && key.name() == self.first.name()).then(|| {
            let mut history = self.clone();
            history.rotations.push((entry, key));
            history
        })
    }

    /// The ledger's name.
    pub fn origin(&self) -> &str {
        self.first.name()
    }

    /// All keys, the first one first.
    pub fn keys(&self) -> impl Iterator<Item = &VerifyingKey> {
        std::iter::once(&self.first).chain(self.rotations.iter().map(|(_, key)| key))
    }

    /// The key before any rotation.
    pub fn first(&self) -> &VerifyingKey {
        &self.first
    }

    /// The rotations: the entry of each, and the key that came in force with it.
    pub fn rotations(&self) -> &[(EntryIndex, VerifyingKey)] {
        &self.rotations
    }

    /// The key now in force.
    pub fn current(&self) -> &VerifyingKey {
        self.rotations.last().map_or(&self.first, |(_, key)| key)
    }

    /// The key that must sign a head of this size: of the last rotation that the head covers.
    pub fn at(&self, size: TreeSize) -> &VerifyingKey {
        let covered = self.rotations.iter().rev().find(|(entry, _)| size.holds(*entry));
        covered.map_or(&self.first, |(_, key)| key)
    }

    /// Reads a signed checkpoint and accepts it only by the key in force at its size.
    pub fn open(&self, note: &[u8]) -> Result<Checkpoint, CheckpointError> {
        self.open_note(&SignedNote::parse(note)?)
    }

    /// The same for a note that was taken apart already.
    pub fn open_note(&self, note: &SignedNote) -> Result<Checkpoint, CheckpointError> {
        // The size is believed only once the key that it names has signed it.
        let claimed: Checkpoint = note.text().parse()?;
        Checkpoint::from_note(note, self.at(claimed.size))
    }
}

impl fmt::Display for KeyHistory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.first)?;
        self.rotations.iter().try_for_each(|(entry, key)| writeln!(formatter, "{entry} {key}"))
    }
}

impl FromStr for KeyHistory {
    type Err = KeyHistoryError;

    fn from_str(text: &str) -> Result<Self, KeyHistoryError> {
        let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
        let first = lines.next().unwrap_or_default();
        let mut history = Self::new(first.parse().map_err(|cause| KeyHistoryError::Key { line: 1, cause })?);
        for (line, text) in (2..).zip(lines) {
            let (entry, key) = text.split_once(' ').ok_or(KeyHistoryError::Form { line })?;
            let entry = parse_number(entry).map(EntryIndex).ok_or(KeyHistoryError::Form { line })?;
            let key = key.parse().map_err(|cause| KeyHistoryError::Key { line, cause })?;
            history = history.with_rotation(entry, key).ok_or(KeyHistoryError::Order { line })?;
        }
        Ok(history)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;
    use crate::key::SigningKey;
    use crate::note::NoteError;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed("demo.example/log", [seed; 32]).unwrap()
    }

    fn history() -> KeyHistory {
        let history = KeyHistory::new(key(1).verifying_key().clone());
        let history = history.with_rotation(EntryIndex(10), key(2).verifying_key().clone()).unwrap();
        history.with_rotation(EntryIndex(20), key(3).verifying_key().clone()).unwrap()
    }

    #[test]
    fn the_key_of_a_head_is_that_of_the_last_rotation_it_covers() {
        let history = history();
        for (size, seed) in [(0, 1), (1, 1), (10, 1), (11, 2), (20, 2), (21, 3), (u64::MAX, 3)] {
            assert_eq!(history.at(TreeSize(size)), key(seed).verifying_key(), "{size}");
            let head = Checkpoint { origin: "demo.example/log".to_owned(), size: TreeSize(size), root: Hash([9; 32]) };
            for signer in 1..=3 {
                let opened = history.open(head.sign(&key(signer)).unwrap().to_string().as_bytes());
                if signer == seed {
                    assert_eq!(opened, Ok(head.clone()));
                } else {
                    assert!(matches!(opened, Err(CheckpointError::Note(NoteError::UnknownSigners { .. }))));
                }
            }
        }
        assert_eq!(history.current(), key(3).verifying_key());
    }

    #[test]
    fn a_key_vouches_only_for_what_it_signed_over() {
        let history = history();
        let public = |seed: u8| key(seed).verifying_key().public_bytes();
        let entries = KeysInEntries {
            recovery: Some(EntryIndex(5)),
            rotations: vec![(EntryIndex(10), public(1), public(2)), (EntryIndex(20), public(2), public(3))],
        };
        let check = |entries: &KeysInEntries, heads: &[u64], seed: u8| {
            history.check(entries, heads.iter().copied().map(TreeSize), key(seed).verifying_key())
        };
        for (heads, seed, good) in [
            (&[1, 6, 30][..], 1, true),
            (&[1, 5, 30], 1, false),
            (&[1, 30], 1, false),
            (&[1, 30], 3, true),
            (&[1, 30], 2, false),
            (&[1, 11, 30], 2, true),
        ] {
            assert_eq!(check(&entries, heads, seed).is_ok(), good, "{heads:?} by {seed}");
        }
        let refused = check(&entries, &[6, 30], 4).unwrap_err();
        assert!(matches!(refused, KeyChainFault::Untrusted { .. }));
        for change in 0..6 {
            let mut wrong = entries.clone();
            match change {
                0 => wrong.rotations[0].0 = EntryIndex(11),
                1 => wrong.rotations[0].1 = public(9),
                2 => wrong.rotations[1].2 = public(9),
                3 => drop(wrong.rotations.pop()),
                4 => wrong.rotations.push((EntryIndex(25), public(3), public(4))),
                _ => wrong.rotations.clear(),
            }
            assert!(matches!(check(&wrong, &[6, 30], 1), Err(KeyChainFault::NotInEntries { .. })), "{change}");
        }
        let never = KeyHistory::new(key(1).verifying_key().clone());
        assert_eq!(never.check(&KeysInEntries::default(), [TreeSize(1)], key(1).verifying_key()), Ok(()));
    }

    #[test]
    fn a_history_survives_its_text_and_no_other_is_read() {
        let history = history();
        assert_eq!(history.to_string().parse(), Ok(history.clone()));
        let single = KeyHistory::new(key(1).verifying_key().clone());
        assert_eq!(single.to_string().parse(), Ok(single.clone()));
        assert_eq!(single.to_string(), format!("{}\n", key(1).verifying_key()));
        let other = SigningKey::from_seed("demo.example/other", [4; 32]).unwrap();
        let (first, second, third) = (key(1), key(2), key(3));
        let [first, second, third] = [&first, &second, &third].map(|key| key.verifying_key().to_string());
        for wrong in [
            String::new(),
            format!("{first}\n\n"),
            format!("{first}\n{second}\n"),
            format!("{first}\n010 {second}\n"),
            format!("{first}\n10  {second}\n"),
            format!("{first}\n10 {second}\r\n"),
            format!("{first}\n10 {first}\n"),
            format!("{first}\n10 {second}\n10 {third}\n"),
            format!("{first}\n10 {second}\n9 {third}\n"),
            format!("{first}\n10 {second}\n11 {first}\n"),
            format!("{first}\n10 {}\n", other.verifying_key()),
        ] {
            assert!(wrong.parse::<KeyHistory>().is_err(), "{wrong}");
        }
    }
}
