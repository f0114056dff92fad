//! The ledger's files against a plain model: every leaf and subtree recomputed from the list of entries.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use std::collections::BTreeMap;
use std::convert::Infallible;

use proptest::prelude::*;
use testigo_ledger::tile::{FULL_WIDTH, parse_bundle, parse_hashes};
use testigo_ledger::{
    Appender, BundleError, Checkpoint, ConsistencyProof, EntryIndex, EntryTooLong, Hash, InclusionProof, LedgerFile,
    MemoryTree, ResumeError, SubtreeHashes, TileContent, TilePath, TileStore, TiledError, TiledHashes, TreeSize,
    leaf_hash,
};

#[derive(Default)]
struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    fn add(&mut self, files: Vec<LedgerFile>) {
        for LedgerFile { path, bytes } in files {
            let known = self.0.insert(path.to_string(), bytes.clone());
            assert!(known.is_none_or(|known| known == bytes), "{path} was written twice, differently");
        }
    }
}

impl TileStore for Files {
    type Error = Infallible;

    fn read_tile(&self, path: &TilePath) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.0.get(&path.to_string()).cloned())
    }
}

fn entries(count: u64) -> Vec<Vec<u8>> {
    (0..count).map(|index| format!("entry {index}").into_bytes()).collect()
}

fn head(appender: &Appender) -> Checkpoint {
    Checkpoint { origin: "log".to_owned(), size: appender.size(), root: appender.root() }
}

/// Writes the entries in batches, starting anew from the files before each.
fn write(entries: &[Vec<u8>], batches: &[usize]) -> (Files, Checkpoint) {
    let mut files = Files::default();
    let mut checkpoint = head(&Appender::new());
    let mut rest = entries;
    let mut batches = batches.iter();
    while !rest.is_empty() {
        let count = batches.next().map_or(rest.len(), |batch| (*batch).min(rest.len()));
        let (batch, later) = rest.split_at(count);
        let mut appender = Appender::resume(&files, &checkpoint).unwrap();
        for entry in batch {
            let index = appender.size().next_index();
            assert_eq!(appender.append(entry), Ok(index));
        }
        files.add(appender.take_completed());
        files.add(appender.partial_files());
        checkpoint = head(&appender);
        rest = later;
    }
    (files, checkpoint)
}

fn model(entries: &[Vec<u8>]) -> MemoryTree {
    let mut tree = MemoryTree::new();
    entries.iter().for_each(|entry| tree.append(entry));
    tree
}

fn check_against_model(entries: &[Vec<u8>], files: &Files, checkpoint: &Checkpoint) {
    let tree = model(entries);
    assert_eq!(Some(checkpoint.root), tree.root_at(checkpoint.size));
    for path in TilePath::all(checkpoint.size) {
        let bytes = files.0.get(&path.to_string()).unwrap_or_else(|| panic!("{path} is missing"));
        let first = path.number() * u64::from(FULL_WIDTH);
        match path.content() {
            TileContent::Entries => {
                let start = usize::try_from(first).unwrap();
                let expected: Vec<&[u8]> =
                    entries[start..][..usize::from(path.width().get())].iter().map(Vec::as_slice).collect();
                assert_eq!(parse_bundle(bytes, path.width()).unwrap(), expected, "{path}");
            }
            TileContent::Hashes { level } => {
                for (index, hash) in (first..).zip(parse_hashes(bytes, path.width()).unwrap()) {
                    assert_eq!(hash, tree.subtree_hash(level * 8, index).unwrap(), "{path}");
                }
            }
        }
    }
    assert!(files.0.values().all(|bytes| !bytes.is_empty()));
}

#[test]
fn files_are_right_around_full_tiles() {
    for size in [0, 1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537] {
        let entries = entries(size);
        let (files, checkpoint) = write(&entries, &[]);
        check_against_model(&entries, &files, &checkpoint);
        assert_eq!(files.0.len(), TilePath::all(TreeSize(size)).count(), "nothing but what the size needs");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn batches_and_restarts_do_not_show(
        size in 1u64..1400,
        batches in proptest::collection::vec(0usize..400, 0..12),
    ) {
        let batches: Vec<usize> = batches.into_iter().map(|batch| batch + 1).collect();
        let entries = entries(size);
        let (files, checkpoint) = write(&entries, &batches);
        check_against_model(&entries, &files, &checkpoint);
    }

    #[test]
    fn proofs_from_tiles_hold(size in 1u64..1400, index in any::<u64>(), old in any::<u64>()) {
        let entries = entries(size);
        let (files, checkpoint) = write(&entries, &[300]);
        let tiles = TiledHashes::new(&files, checkpoint.size);
        let tree = model(&entries);
        let index = index % size;
        let entry = &entries[usize::try_from(index).unwrap()];
        let proof = InclusionProof::prove(&tiles, EntryIndex(index), checkpoint.size).unwrap();
        proof.check(entry, EntryIndex(index), checkpoint.size, &checkpoint.root).unwrap();
        let old = TreeSize(old % (size + 1));
        let proof = ConsistencyProof::prove(&tiles, old, checkpoint.size).unwrap();
        proof.check(old, &tree.root_at(old).unwrap(), checkpoint.size, &checkpoint.root).unwrap();
    }
}

#[test]
fn entries_of_any_length_a_bundle_can_hold() {
    let entries = vec![Vec::new(), vec![1; 65_535], Vec::new()];
    let (files, checkpoint) = write(&entries, &[1, 1]);
    check_against_model(&entries, &files, &checkpoint);
    let mut appender = Appender::new();
    assert_eq!(appender.append(&vec![1; 65_536]), Err(EntryTooLong { length: 65_536 }));
    assert_eq!(appender.size(), TreeSize(0));
    assert!(appender.partial_files().is_empty());
}

#[test]
fn a_ledger_is_not_continued_from_damaged_files() {
    let (mut files, checkpoint) = write(&entries(600), &[]);
    let resume = |files: &Files| Appender::resume(files, &checkpoint).map(|appender| appender.size());

    let flip = |files: &mut Files, path: &str| files.0.get_mut(path).unwrap()[10] ^= 1;
    for path in ["tile/0/002.p/88", "tile/1/000.p/2"] {
        flip(&mut files, path);
        assert!(matches!(resume(&files), Err(ResumeError::Root { .. })), "{path}");
        flip(&mut files, path);
    }
    flip(&mut files, "tile/entries/002.p/88");
    assert!(matches!(
        resume(&files),
        Err(ResumeError::Leaf { index: EntryIndex(512), found, expected, .. })
            if found != expected && expected == leaf_hash(b"entry 512")
    ));
    flip(&mut files, "tile/entries/002.p/88");

    files.0.get_mut("tile/entries/002.p/88").unwrap().pop();
    assert!(matches!(resume(&files), Err(ResumeError::Bundle { cause: BundleError::Truncated { entry: 87, .. }, .. })));
    files.0.get_mut("tile/entries/002.p/88").unwrap().push(b'9');
    assert!(resume(&files).is_ok());

    let tile = files.0.remove("tile/0/002.p/88").unwrap();
    assert!(matches!(resume(&files), Err(ResumeError::Tile(TiledError::Missing { .. }))));
    files.0.insert("tile/0/002.p/88".to_owned(), tile[1..].to_vec());
    assert!(matches!(resume(&files), Err(ResumeError::Tile(TiledError::Damaged { .. }))));
}

/// A full tile may have taken the place of a partial one since the checkpoint was read.
#[test]
fn a_full_tile_serves_for_a_partial_one() {
    let all = entries(256);
    let (early, checkpoint) = write(&all[..100], &[]);
    let (late, _) = write(&all, &[]);
    assert!(early.0.contains_key("tile/0/000.p/100") && !late.0.contains_key("tile/0/000.p/100"));
    let tiles = TiledHashes::new(&late, checkpoint.size);
    let proof = InclusionProof::prove(&tiles, EntryIndex(70), checkpoint.size).unwrap();
    proof.check(b"entry 70", EntryIndex(70), checkpoint.size, &checkpoint.root).unwrap();
    let beyond: Result<Hash, _> = tiles.subtree_hash(0, 100);
    assert!(matches!(beyond, Err(TiledError::Beyond { .. })));
}
