//! One writer at a time. The lock is the operating system's and ends with the process that holds it, however that ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek as _, Write as _};

use crate::error::ArchiveError;
use crate::files::read_if_there;
use crate::layout::Layout;

/// Held for as long as it lives.
#[derive(Debug)]
pub(crate) struct WriterLock {
    file: File,
}

impl WriterLock {
    pub(crate) fn take(layout: &Layout) -> Result<Self, ArchiveError> {
        let path = layout.lock();
        let failed = |source| ArchiveError::io(&path, "opened", source);
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = read_if_there(&path)?.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
                let holder = holder.trim().parse::<u32>().map(|id| format!(" (process {id})")).unwrap_or_default();
                return Err(ArchiveError::Locked { path: layout.root().to_owned(), holder });
            }
            Err(TryLockError::Error(source)) => {
                return Err(ArchiveError::io(&path, "locked", source));
            }
        }
        // For the message above only: a number left by a dead process means nothing.
        file.set_len(0).and_then(|()| file.rewind()).map_err(failed)?;
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(Self { file })
    }
}

impl Drop for WriterLock {
    /// Closing the file is not enough: a child process has it too, from the moment it is split off until it runs its own program.
    fn drop(&mut self) {
        // What fails here is made good by the closing that follows, only later.
        let _ = self.file.unlock();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test is a panic")]
mod tests {
    use super::*;

    #[test]
    fn a_lock_given_back_is_free_though_a_child_process_still_has_its_file() {
        let place = tempfile::tempdir().unwrap();
        let layout = Layout::new(place.path());
        let lock = WriterLock::take(&layout).unwrap();
        let of_child = lock.file.try_clone().unwrap();
        assert!(matches!(WriterLock::take(&layout), Err(ArchiveError::Locked { .. })));
        drop(lock);
        drop(WriterLock::take(&layout).unwrap());
        drop(of_child);
    }
}
