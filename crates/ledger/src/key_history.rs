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

impl KeyHistory {
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
