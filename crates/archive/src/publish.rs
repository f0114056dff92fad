//! From entries that are safe to entries that are public: bundles and tiles, read back from the disk, then the signed head.

use std::path::Path;

use testigo_ledger::tile::{FULL_WIDTH, parse_bundle};
use testigo_ledger::{
    Appender, Checkpoint, EntryIndex, Hash, LedgerFile, TilePath, TileStore, TileWidth, TreeSize, empty_root,
};

use crate::database::WaitingEntry;
use crate::error::ArchiveError;
use crate::files::{Staging, Visibility};
use crate::layout::Layout;
use crate::reader::read_checkpoint;
use crate::writer::{Archive, LONGEST_ENTRY};

/// Entries read from the database at a time.
const ENTRIES_AT_A_TIME: u32 = 16_384;

impl Archive {
    /// Publishes all entries: bundles and tiles, synced and read back, then the signed checkpoint, with the signatures of the witnesses that
    /// answer. If there are no new ones, asks witnesses again where they were too few, and does nothing else.
    pub fn publish(&mut self) -> Result<Checkpoint, ArchiveError> {
        let old = self.published()?;
        let size = self.database.head()?.size;
        if size == old.size && size.0 > 0 {
            self.complete(&old)?;
            return Ok(old);
        }
        self.check_key(size)?;
        let signed = self.check_signed(&old, size)?;
        let mut appender = self.resume(&old)?;
        let mut staging = Staging::new(self.layout.incoming());
        while appender.size() < size {
            let entries = self.waiting(appender.size(), size)?;
            for entry in &entries {
                self.push(&mut appender, &entry.bytes)?;
                self.check_passes(signed.as_ref(), &appender)?;
            }
            stage(&mut staging, &self.layout, appender.take_completed())?;
        }
        stage(&mut staging, &self.layout, appender.partial_files())?;
        staging.settle()?;

        let new = Checkpoint { origin: self.signer.key.name().to_owned(), size, root: appender.root() };
        self.read_back(&old, &new)?;
        let note = self.gather(self.signer.sign(&new)?, &old, &new)?;
        self.write_policy()?;
        self.write_head(size, &note)?;
        self.database.mark_published(&new)?;
        Ok(new)
    }

    /// Only the key in force at a size may sign a head of that size.
    fn check_key(&self, size: TreeSize) -> Result<(), ArchiveError> {
        let expected = self.keys.at(size);
        if expected == self.signer.key.verifying_key() {
            return Ok(());
        }
        Err(ArchiveError::WrongKey {
            path: self.layout.root().to_owned(),
            expected: Box::new(expected.clone()),
            found: Box::new(self.signer.key.verifying_key().clone()),
        })
    }

    /// The next unpublished entries, some but not all up to a size.
    pub(crate) fn waiting(&self, from: TreeSize, end: TreeSize) -> Result<Vec<WaitingEntry>, ArchiveError> {
        let limit = u32::try_from(end.0 - from.0).unwrap_or(u32::MAX).min(ENTRIES_AT_A_TIME);
        let entries = self.database.waiting(from.next_index(), limit)?;
        let indices = (from.0..).map(EntryIndex);
        if entries.is_empty() || !entries.iter().map(|entry| entry.index).eq(indices.take(entries.len())) {
            let path = self.database.path().to_owned();
            let message = format!("entries from {from} on are missing");
            return Err(ArchiveError::CorruptDatabase { path, message });
        }
        Ok(entries)
    }

    /// The published head; that of the empty ledger if nothing was published yet.
    pub(crate) fn published(&self) -> Result<Checkpoint, ArchiveError> {
        let path = self.layout.checkpoint();
        if !path.exists() && self.database.head()?.published_size.0 == 0 {
            return Ok(Checkpoint { origin: self.signer.key.name().to_owned(), size: TreeSize(0), root: empty_root() });
        }
        read_checkpoint(&path, &self.keys)
    }

    pub(crate) fn resume(&self, checkpoint: &Checkpoint) -> Result<Appender, ArchiveError> {
        let path = self.layout.ledger();
        Appender::resume(&self.layout, checkpoint)
            .map_err(|source| ArchiveError::Ledger { path, source: Box::new(source) })
    }

    pub(crate) fn push(&self, appender: &mut Appender, entry: &[u8]) -> Result<(), ArchiveError> {
        let too_long = |_| ArchiveError::EntryTooLong { position: 0, length: entry.len(), most: LONGEST_ENTRY };
        appender.append(entry).map(drop).map_err(too_long)
    }

    /// A head once signed must be passed through on the way to the next.
    fn check_passes(&self, signed: Option<&Checkpoint>, appender: &Appender) -> Result<(), ArchiveError> {
        match signed {
            Some(head) if head.size == appender.size() => {
                self.check_same(&self.signer.head_file, head, appender.root())
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn check_same(&self, path: &Path, head: &Checkpoint, found: Hash) -> Result<(), ArchiveError> {
        if head.root == found {
            return Ok(());
        }
        Err(ArchiveError::Forked { path: path.to_owned(), size: head.size, expected: head.root, found })
    }

    /// Computes everything since the old checkpoint again, from the bytes of the files just written.
    fn read_back(&self, old: &Checkpoint, new: &Checkpoint) -> Result<(), ArchiveError> {
        let mut appender = self.resume(old)?;
        while appender.size() < new.size {
            let number = appender.size().0 / u64::from(FULL_WIDTH);
            let first = number * u64::from(FULL_WIDTH);
            let width = TileWidth::new((new.size.0 - first).min(u64::from(FULL_WIDTH))).unwrap_or(TileWidth::FULL);
            let path = TilePath::entries(number, width);
            let damaged = || ArchiveError::ReadBack { path: self.layout.tile(&path) };
            let bytes = self.layout.read_tile(&path)?.ok_or_else(damaged)?;
            let entries = parse_bundle(&bytes, width).map_err(|_| damaged())?;
            let known = usize::try_from(appender.size().0 - first).map_err(|_| damaged())?;
            for entry in entries.into_iter().skip(known) {
                self.push(&mut appender, entry)?;
            }
            self.compare(&appender.take_completed())?;
        }
        self.compare(&appender.partial_files())?;
        if appender.root() == new.root { Ok(()) } else { Err(ArchiveError::ReadBack { path: self.layout.ledger() }) }
    }

    fn compare(&self, files: &[LedgerFile]) -> Result<(), ArchiveError> {
        for file in files {
            if self.layout.read_tile(&file.path)?.as_ref() != Some(&file.bytes) {
                return Err(ArchiveError::ReadBack { path: self.layout.tile(&file.path) });
            }
        }
        Ok(())
    }
}

fn stage(staging: &mut Staging, layout: &Layout, files: Vec<LedgerFile>) -> Result<(), ArchiveError> {
    files.iter().try_for_each(|file| staging.add(layout.tile(&file.path), &file.bytes, Visibility::Public))
}
