//! Taking many entries in: each is parsed by itself, so all processors do that; folding them goes one after the other.

use std::num::NonZero;
use std::thread;

use super::{Count, Documents, FoldError};
use crate::entry::{Entry, EntryError};
use crate::identifier::EntryIndex;

/// Fewer entries are not worth a thread.
const ENTRIES_OF_A_THREAD: usize = 256;

/// Parsed entries of one round, which are larger than their bytes.
const ENTRIES_OF_A_ROUND: usize = 8_192;

impl Count {
    /// Takes the next entries in: the same as [`Count::append`] for each.
    ///
    /// # Errors
    /// As [`Count::append`], at the first entry that is wrong; those before it are in.
    pub fn append_all<Bytes: AsRef<[u8]> + Sync>(
        &mut self,
        entries: &[Bytes],
        documents: &dyn Documents,
    ) -> Result<(), FoldError> {
        for round in entries.chunks(ENTRIES_OF_A_ROUND) {
            for entry in parsed(round) {
                let index = EntryIndex(self.size);
                self.append_entry(entry.map_err(|error| FoldError::Entry { index, error })?, documents)?;
            }
        }
        Ok(())
    }
}

fn parsed<Bytes: AsRef<[u8]> + Sync>(entries: &[Bytes]) -> Vec<Result<Entry, EntryError>> {
    let parse = |some: &[Bytes]| some.iter().map(|bytes| Entry::parse(bytes.as_ref())).collect::<Vec<_>>();
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let share = entries.len().div_ceil(processors).max(ENTRIES_OF_A_THREAD);
    let Some((mine, others)) = entries.split_at_checked(share) else { return parse(entries) };
    thread::scope(|scope| {
        let working: Vec<_> = others.chunks(share).map(|some| scope.spawn(move || parse(some))).collect();
        let mut all = parse(mine);
        for (thread, some) in working.into_iter().zip(others.chunks(share)) {
            // Parsing does not panic; if it did, doing it here would show where.
            all.extend(thread.join().unwrap_or_else(|_| parse(some)));
        }
        all
    })
}
