//! A large count need not be folded from the first entry every time: beside the archive, in its folder for what can be
//! made again, stands a snapshot of it. Whoever writes much leaves a new one; whoever only reads begins from it.
//!
//! A snapshot's name holds the size and the root of the ledger that it is the count of. It is begun from only where the
//! archive has a signed head of that size with that root, so that one of other entries is never taken for this one's.
//! Verification neither reads nor needs it.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use testigo_archive::ArchiveReader;
use testigo_count::Count;
use testigo_ledger::{Checkpoint, Hash, TreeSize};

use crate::counting::{self, ArchiveDocuments};

/// Folding fewer entries takes no longer than a blink.
const ENTRIES_BETWEEN: u64 = 100_000;

/// A file that is named as a snapshot.
struct Snapshot {
    size: TreeSize,
    root: Hash,
    path: PathBuf,
}

impl Snapshot {
    fn of(reader: &ArchiveReader, head: &Checkpoint) -> Self {
        let path = reader.cache().join(format!("count-{}-{}", head.size, head.root));
        Self { size: head.size, root: head.root, path }
    }

    fn named(path: PathBuf) -> Option<Self> {
        let (size, root) = path.file_name()?.to_str()?.strip_prefix("count-")?.split_once('-')?;
        Some(Self { size: TreeSize(size.parse().ok()?), root: root.parse().ok()?, path })
    }

    /// The count, if the file is whole and the ledger has these entries.
    fn read(&self, reader: &ArchiveReader) -> Result<Count> {
        let head = reader.checkpoint_at(self.size)?.filter(|head| head.root == self.root);
        head.context("the archive has no signed head of this size and root")?;
        let file = File::open(&self.path)?;
        let length = file.metadata()?.len();
        let count = Count::read_snapshot(file, length, &ArchiveDocuments(reader))?;
        anyhow::ensure!(count.size() == self.size.0, "it is the count of another size");
        Ok(count)
    }
}

/// All snapshots beside an archive, the largest first.
fn all(reader: &ArchiveReader) -> Vec<Snapshot> {
    let files = fs::read_dir(reader.cache()).into_iter().flatten().flatten();
    let mut all: Vec<Snapshot> = files.filter_map(|file| Snapshot::named(file.path())).collect();
    all.sort_by_key(|snapshot| std::cmp::Reverse(snapshot.size));
    all
}

/// The count of the most entries, up to so many, that a sound snapshot has.
pub fn newest(reader: &ArchiveReader, size: TreeSize) -> Option<Count> {
    let mut usable = all(reader).into_iter().filter(|snapshot| snapshot.size <= size);
    usable.find_map(|snapshot| snapshot.read(reader).ok())
}

/// Leaves a snapshot of what is published, where much has come in since the last one, and removes those that are of no
/// use. For whoever holds the archive for writing. That a snapshot cannot be written is no fault of the archive.
pub fn keep(reader: &ArchiveReader) {
    let _ = keep_after(reader, ENTRIES_BETWEEN);
}

fn keep_after(reader: &ArchiveReader, entries: u64) -> Result<()> {
    let head = reader.checkpoint()?;
    let mut last = TreeSize(0);
    for snapshot in all(reader) {
        if last.0 == 0 && snapshot.size <= head.size && snapshot.read(reader).is_ok() {
            last = snapshot.size;
        } else {
            fs::remove_file(&snapshot.path)?;
        }
    }
    if head.size.0.saturating_sub(last.0) < entries {
        return Ok(());
    }
    let (count, head) = counting::load(reader)?;
    let new = Snapshot::of(reader, &head);
    fs::create_dir_all(reader.cache())?;
    let temporary = reader.cache().join("new");
    let written = write(&count, &temporary).and_then(|()| Ok(fs::rename(&temporary, &new.path)?));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
        return written;
    }
    all(reader).into_iter().filter(|old| old.path != new.path).try_for_each(|old| Ok(fs::remove_file(old.path)?))
}

fn write(count: &Count, path: &Path) -> Result<()> {
    Ok(count.write_snapshot(BufWriter::new(File::create(path)?))?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use testigo_archive::Archive;
    use testigo_count::entry::Stated;
    use testigo_count::{Cell, Detail, DocumentHash, Entry, Numbers, Outcome, Reader, Reading, ReadingOf, StationId};

    use super::*;
    use crate::commands::init;
    use crate::packs::PackFiles;

    fn archive(folder: &Path, name: &str) -> Archive {
        let files = PackFiles::find("demo").unwrap();
        let (directory, key) = (folder.join(name), folder.join(format!("{name}.key")));
        init::create(&directory, &files, None, Some("example.org/demo"), Some(&key)).unwrap().archive
    }

    /// Publishes so many readings of a results file.
    fn grow(archive: &mut Archive, lines: std::ops::Range<u64>, votes: u32) {
        let (count, _) = counting::load(&archive.reader().unwrap()).unwrap();
        let contest = &count.definition().contests[0];
        let entries: Vec<Vec<u8>> = lines
            .map(|line| {
                let numbers = Numbers {
                    contest: contest.id.clone(),
                    station: StationId::new(format!("s{line}")).unwrap(),
                    detail: Detail::Candidate,
                    votes: vec![Cell::Value(votes); contest.candidates.len()],
                    other: BTreeMap::new(),
                    stated: Stated::default(),
                };
                let reading = Reading {
                    reader: Reader::Published(DocumentHash::of(b"results")),
                    of: ReadingOf::Row(line),
                    prev: None,
                    step: None,
                    outcome: Outcome::Numbers(numbers),
                };
                Entry::Reading(reading).to_bytes().unwrap()
            })
            .collect();
        archive.append(&entries).unwrap();
        archive.publish().unwrap();
    }

    fn folded(reader: &ArchiveReader) -> Count {
        let size = reader.checkpoint().unwrap().size;
        let mut entries = reader.entries(testigo_ledger::EntryIndex(0)..size.next_index()).unwrap();
        let mut count = Count::begin(&entries.next().unwrap().unwrap().1, &ArchiveDocuments(reader)).unwrap();
        entries.for_each(|entry| count.append(&entry.unwrap().1, &ArchiveDocuments(reader)).unwrap());
        count
    }

    #[test]
    fn a_count_begins_from_the_newest_sound_snapshot_and_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let mut archive = archive(folder.path(), "one");
        let reader = archive.reader().unwrap();
        grow(&mut archive, 2..30, 7);
        keep_after(&reader, 100).unwrap();
        assert!(all(&reader).is_empty(), "too few entries for a snapshot");
        keep_after(&reader, 10).unwrap();
        grow(&mut archive, 30..35, 7);
        keep_after(&reader, 10).unwrap();
        let [snapshot] = all(&reader).try_into().unwrap_or_else(|_| panic!("one snapshot is kept"));
        assert_eq!(snapshot.size, TreeSize(29));
        assert_eq!(newest(&reader, TreeSize(34)).unwrap().size(), 29);
        assert!(newest(&reader, TreeSize(28)).is_none(), "a reader of less must not see more");
        assert!(counting::load(&reader).unwrap().0 == folded(&reader));

        let mut bytes = fs::read(&snapshot.path).unwrap();
        bytes[400] ^= 1;
        fs::write(&snapshot.path, bytes).unwrap();
        assert!(newest(&reader, TreeSize(34)).is_none(), "a damaged snapshot is ignored");
        assert!(counting::load(&reader).unwrap().0 == folded(&reader));
        keep_after(&reader, 100).unwrap();
        assert!(all(&reader).is_empty(), "a damaged snapshot is removed");
        keep_after(&reader, 10).unwrap();
        assert_eq!(newest(&reader, TreeSize(34)).unwrap().size(), 34);
        testigo_archive::verify_ledger(&reader, |_, _| ()).unwrap();
    }

    #[test]
    fn a_snapshot_of_other_entries_is_never_begun_from() {
        let folder = tempfile::tempdir().unwrap();
        let (mut one, mut other) = (archive(folder.path(), "one"), archive(folder.path(), "other"));
        grow(&mut one, 2..30, 7);
        grow(&mut other, 2..30, 8);
        let (one, other) = (one.reader().unwrap(), other.reader().unwrap());
        keep_after(&one, 10).unwrap();
        fs::create_dir(other.cache()).unwrap();
        for snapshot in all(&one) {
            fs::copy(&snapshot.path, other.cache().join(snapshot.path.file_name().unwrap())).unwrap();
        }
        assert!(newest(&other, TreeSize(29)).is_none());
        let name = Snapshot::of(&other, &other.checkpoint().unwrap()).path;
        assert_eq!(all(&other).len(), 1);
        keep_after(&other, 10).unwrap();
        let kept: Vec<PathBuf> = all(&other).into_iter().map(|snapshot| snapshot.path).collect();
        assert_eq!(kept, [name]);
        assert!(counting::load(&other).unwrap().0 == folded(&other));
    }
}
