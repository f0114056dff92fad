//! What an opening finds: work to finish, leftovers to discard, and signs that an older copy of something was put back.

use testigo_ledger::{Checkpoint, Hash, TreeSize, empty_root};

use crate::error::ArchiveError;
use crate::files::{file_name, list, remove_if_there};
use crate::reader::read_checkpoint;
use crate::writer::Archive;

impl Archive {
    /// Holds the three memories of what was published against each other: ledger, database, and the signer's head file.
    pub(crate) fn check_heads(&self) -> Result<(), ArchiveError> {
        let published = self.published()?;
        let head = self.database.head()?;
        let database = self.database.path();
        if head.size < published.size {
            let path = database.to_owned();
            return Err(ArchiveError::DatabaseBehind { path, found: head.size, published: published.size });
        }
        if head.published_size > published.size {
            let path = self.layout.checkpoint();
            return Err(ArchiveError::LedgerBehind { path, found: published.size, published: head.published_size });
        }
        if head.published_size == published.size {
            let remembered = Checkpoint { root: head.published_root, ..published.clone() };
            self.check_same(database, &remembered, published.root)?;
        } else {
            self.check_waiting(&head.published_size, &published)?;
        }
        self.check_signed(&published, head.size).map(drop)
    }

    /// A checkpoint of which the database does not know yet must be over the entries that wait in the database.
    fn check_waiting(&self, from: &TreeSize, published: &Checkpoint) -> Result<(), ArchiveError> {
        let old = match from.0 {
            0 => Checkpoint { origin: published.origin.clone(), size: *from, root: empty_root() },
            _ => read_checkpoint(&self.layout.checkpoint_of(*from), &self.keys)?,
        };
        let mut appender = self.resume(&old)?;
        while appender.size() < published.size {
            let entries = self.waiting(appender.size(), published.size)?;
            for entry in &entries {
                self.push(&mut appender, &entry.bytes)?;
            }
            appender.take_completed();
        }
        self.check_same(&self.layout.checkpoint(), published, appender.root())
    }

    /// The last head signed must lie on the way of this ledger. Where it lies ahead of the checkpoint, [`Self::publish`] compares.
    pub(crate) fn check_signed(
        &self,
        published: &Checkpoint,
        size: TreeSize,
    ) -> Result<Option<Checkpoint>, ArchiveError> {
        let path = &self.signer.head_file;
        let Some(signed) = self.signer.last_head(&self.keys)? else {
            let nothing_signed = published.size.0 == 0;
            return if nothing_signed { Ok(None) } else { Err(ArchiveError::HeadMissing { path: path.clone() }) };
        };
        if signed.size > size {
            return Err(ArchiveError::RolledBack { path: path.clone(), signed: signed.size, found: size });
        }
        if signed.size == published.size {
            self.check_same(path, &signed, published.root)?;
        } else if signed.size < published.size {
            let earlier = self.layout.checkpoint_of(signed.size);
            let earlier = read_checkpoint(&earlier, &self.keys)?;
            self.check_same(path, &signed, earlier.root)?;
        }
        Ok(Some(signed))
    }

    /// Removes unfinished files, and originals that no row knows: their entries were never acknowledged.
    pub(crate) fn discard_leftovers(&self) -> Result<(), ArchiveError> {
        for path in list(&self.layout.incoming())? {
            remove_if_there(&path)?;
        }
        let known = self.database.commitments()?;
        for shelf in list(&self.layout.originals())? {
            for path in list(&shelf)? {
                let is_known = file_name(&path).parse().is_ok_and(|commitment: Hash| known.contains(&commitment));
                if !is_known {
                    remove_if_there(&path)?;
                }
            }
        }
        Ok(())
    }
}
