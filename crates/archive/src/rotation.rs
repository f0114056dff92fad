//! Replacing the ledger's key: the entry, the list of keys and the new key's memory, in an order in which the process may be killed anywhere.
//!
//! The entry and the key that it puts in force become durable in one transaction; the file `key` follows from that, at once or on the next
//! opening. From then on no head that covers the entry can be signed by the key before.

use std::path::Path;

use testigo_ledger::{EntryIndex, VerifyingKey};

use crate::error::ArchiveError;
use crate::files::{Visibility, read_if_there, replace};
use crate::layout::Layout;
use crate::reader::{ArchiveReader, check_format};
use crate::signer::Signer;
use crate::writer::Archive;

impl Archive {
    /// Appends an entry that puts the new signer's key in force, and publishes it under that key. The key before is not needed: it may be lost.
    /// Its head file is, if it is there, so that the new key remembers what the old one signed last.
    ///
    /// The caller has made sure that the fold does not refuse the entry.
    pub fn rotate(
        directory: &Path,
        signer: Signer,
        entry: &[u8],
        old_head_file: Option<&Path>,
    ) -> Result<(Self, EntryIndex), ArchiveError> {
        check_format(&Layout::new(directory))?;
        signer.check_outside(directory)?;
        let keys = ArchiveReader::open(directory)?.keys;
        let mut archive = Self::open_unchecked(directory, signer, keys)?;
        let not_a_successor = || ArchiveError::NotASuccessor { path: archive.signer.head_file.clone() };
        let next = archive.database.head()?.size.next_index();
        archive.keys.with_rotation(next, archive.new_key()).ok_or_else(not_a_successor)?;
        archive.take_over_memory(old_head_file)?;
        archive.settle()?;
        let key = archive.new_key();
        let sequenced = archive.database.append_with_key(&[], &[entry], Some(&key))?;
        archive.finish_rotations()?;
        archive.publish()?;
        let index = sequenced.first().map_or(next, |one| one.index);
        Ok((archive, index))
    }

    fn new_key(&self) -> VerifyingKey {
        self.signer.key.verifying_key().clone()
    }

    /// What the old key signed last, the new one remembers: of its head file and the published head, the larger.
    fn take_over_memory(&self, old_head_file: Option<&Path>) -> Result<(), ArchiveError> {
        let mut notes = Vec::new();
        for path in old_head_file.into_iter().chain([self.layout.checkpoint().as_path()]) {
            if let Some(note) = read_if_there(path)? {
                let head = self.keys.open(&note);
                let head = head.map_err(|source| ArchiveError::Checkpoint { path: path.to_owned(), source })?;
                notes.push((head.size, note));
            }
        }
        let last = notes.into_iter().max_by_key(|(size, _)| *size);
        let known = self.signer.last_head(&self.keys)?.map(|head| head.size);
        match last {
            Some((size, note)) if known.is_none_or(|known| known < size) => {
                let mut temporary = self.signer.head_file.as_os_str().to_owned();
                temporary.push(".new");
                replace(&self.signer.head_file, Path::new(&temporary), &note, Visibility::Public)
            }
            _ => Ok(()),
        }
    }

    /// Brings the file `key` up to what the database says.
    pub(crate) fn finish_rotations(&mut self) -> Result<(), ArchiveError> {
        let mut keys = self.keys.clone();
        for (index, key) in self.database.rotations()? {
            if keys.rotations().last().is_some_and(|(last, _)| *last >= index) {
                continue;
            }
            let path = self.database.path().to_owned();
            let damaged = |message: String| ArchiveError::CorruptDatabase { path: path.clone(), message };
            let key = key.parse().map_err(|error| damaged(format!("the key of entry {index}: {error}")))?;
            keys = keys
                .with_rotation(index, key)
                .ok_or_else(|| damaged(format!("the key of entry {index} does not follow the one before")))?;
        }
        if keys != self.keys {
            let temporary = self.layout.incoming().join("key");
            replace(&self.layout.key(), &temporary, keys.to_string().as_bytes(), Visibility::Public)?;
            self.keys = keys;
        }
        Ok(())
    }
}
