//! The tree against an independent implementation, and against damage.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof as OracleConsistency, InclusionProof as OracleInclusion, RootHash};
use proptest::prelude::*;
use sha2_oracle::Sha256;
use testigo_ledger::{
    ConsistencyProof, EntryIndex, Frontier, Hash, InclusionProof, MemoryTree, ProofError, ProveError, TreeSize,
    empty_root,
};

type Oracle = MemoryBackedTree<Sha256, Vec<u8>>;

fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

fn bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

fn oracle_root(root: Hash, size: TreeSize) -> RootHash<Sha256> {
    RootHash::new(root.0.into(), size.0)
}

/// Roots, inclusion and consistency at one size, each judged by the oracle and each of ours by us.
fn compare(tree: &MemoryTree, oracle: &Oracle, indices: &[u64], olds: &[u64]) {
    let size = tree.size();
    let root = tree.root_at(size).unwrap();
    assert_eq!(root.0[..], oracle.root().as_bytes()[..], "root at {size}");
    let head = oracle_root(root, size);
    for &index in indices {
        let proof = InclusionProof::prove(tree, EntryIndex(index), size).unwrap();
        proof.check(&entry(index), EntryIndex(index), size, &root).unwrap();
        head.verify_inclusion(&entry(index), index, &OracleInclusion::try_from_bytes(bytes(&proof.0)).unwrap())
            .unwrap();
    }
    for &old in olds {
        let old_root = tree.root_at(TreeSize(old)).unwrap();
        let proof = ConsistencyProof::prove(tree, TreeSize(old), size).unwrap();
        proof.check(TreeSize(old), &old_root, size, &root).unwrap();
        if old > 0 {
            let theirs = OracleConsistency::try_from_bytes(bytes(&proof.0)).unwrap();
            head.verify_consistency(&oracle_root(old_root, TreeSize(old)), &theirs).unwrap();
        }
    }
}

#[test]
fn every_small_tree_agrees_with_the_oracle() {
    let (mut tree, mut oracle, mut frontier) = (MemoryTree::new(), Oracle::new(), Frontier::new());
    assert_eq!(frontier.root(), empty_root());
    for size in 1..=70 {
        tree.append(&entry(size - 1));
        oracle.push(entry(size - 1));
        frontier.append(&entry(size - 1));
        assert_eq!((frontier.size(), Some(frontier.root())), (TreeSize(size), tree.root_at(TreeSize(size))));
        let all: Vec<u64> = (0..size).collect();
        compare(&tree, &oracle, &all, &all);
    }
}

#[test]
fn trees_around_full_tiles_agree_with_the_oracle() {
    let (mut tree, mut oracle, mut frontier) = (MemoryTree::new(), Oracle::new(), Frontier::new());
    // The oracle has no root for nothing.
    assert_eq!(tree.root_at(TreeSize(0)), Some(empty_root()));
    for size in 1..=100_000 {
        tree.append(&entry(size - 1));
        oracle.push(entry(size - 1));
        frontier.append(&entry(size - 1));
        if [1, 2, 255, 256, 257, 65_535, 65_536, 65_537, 100_000].contains(&size) {
            assert_eq!(Some(frontier.root()), tree.root_at(TreeSize(size)));
            let marks =
                [0, 1, 2, 3, 127, 128, 254, 255, 256, 257, 511, 512, 4095, 32_768, 65_535, 65_536, 65_537, 99_999];
            let marks: Vec<u64> = marks.into_iter().filter(|mark| *mark < size).collect();
            compare(&tree, &oracle, &marks, &marks);
        }
    }
}

#[test]
fn every_damaged_or_misapplied_proof_is_refused() {
    let mut tree = MemoryTree::new();
    (0..20).for_each(|index| tree.append(&entry(index)));
    let roots: Vec<Hash> = (0..=20).map(|size| tree.root_at(TreeSize(size)).unwrap()).collect();
    let root_of = |size: u64| &roots[usize::try_from(size).unwrap()];
    for size in 1..=20 {
        for index in 0..size {
            let proof = InclusionProof::prove(&tree, EntryIndex(index), TreeSize(size)).unwrap();
            for damaged in damages(&proof.0) {
                let verdict =
                    InclusionProof(damaged).check(&entry(index), EntryIndex(index), TreeSize(size), root_of(size));
                assert!(verdict.is_err(), "{index} of {size}");
            }
            for other in (0..20).filter(|other| *other != index) {
                assert!(proof.check(&entry(index), EntryIndex(other), TreeSize(size), root_of(size)).is_err());
                assert!(proof.check(&entry(other), EntryIndex(index), TreeSize(size), root_of(size)).is_err());
            }
        }
        for old in 1..size {
            let proof = ConsistencyProof::prove(&tree, TreeSize(old), TreeSize(size)).unwrap();
            for damaged in damages(&proof.0) {
                let verdict =
                    ConsistencyProof(damaged).check(TreeSize(old), root_of(old), TreeSize(size), root_of(size));
                assert!(verdict.is_err(), "{old} to {size}");
            }
            let other = empty_root();
            assert!(proof.check(TreeSize(old), &other, TreeSize(size), root_of(size)).is_err());
            assert!(proof.check(TreeSize(old), root_of(old), TreeSize(size), &other).is_err());
        }
    }
}

fn damages(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut damaged: Vec<Vec<Hash>> = (0..proof.len())
        .map(|place| {
            let mut flipped = proof.to_vec();
            flipped[place].0[place] ^= 1;
            flipped
        })
        .collect();
    damaged.push([proof, &[empty_root()]].concat());
    damaged.extend(proof.split_last().map(|(_, rest)| rest.to_vec()));
    damaged
}

#[test]
fn impossible_requests_are_errors() {
    let mut tree = MemoryTree::new();
    tree.append(b"only");
    let root = tree.root_at(TreeSize(1)).unwrap();
    let nothing = || InclusionProof(Vec::new());
    let beyond = |index, size| ProofError::IndexBeyondTree { index: EntryIndex(index), size: TreeSize(size) };
    for (index, size) in [(0, 0), (1, 1), (5, 1), (u64::MAX, u64::MAX), (u64::MAX, 0)] {
        assert!(matches!(
            InclusionProof::prove(&tree, EntryIndex(index), TreeSize(size)),
            Err(ProveError::Impossible(error)) if error == beyond(index, size)
        ));
        assert_eq!(nothing().check(b"only", EntryIndex(index), TreeSize(size), &root), Err(beyond(index, size)));
    }
    // Larger than what the tree holds: the hashes are not there.
    assert!(matches!(InclusionProof::prove(&tree, EntryIndex(0), TreeSize(u64::MAX)), Err(ProveError::Hashes(_))));
    assert!(matches!(ConsistencyProof::prove(&tree, TreeSize(1), TreeSize(u64::MAX)), Err(ProveError::Hashes(_))));
    assert_eq!(tree.root_at(TreeSize(2)), None);
    // Absurd sizes with long proofs end in a refusal.
    let long = vec![root; 200];
    assert!(InclusionProof(long.clone()).check(b"only", EntryIndex(u64::MAX - 1), TreeSize(u64::MAX), &root).is_err());
    assert!(ConsistencyProof(long.clone()).check(TreeSize(1 << 63), &root, TreeSize(u64::MAX), &root).is_err());
    assert!(ConsistencyProof(long).check(TreeSize(u64::MAX - 1), &root, TreeSize(u64::MAX), &root).is_err());

    let shrinks = ProofError::Shrinks { old: TreeSize(2), new: TreeSize(1) };
    assert_eq!(ConsistencyProof(Vec::new()).check(TreeSize(2), &root, TreeSize(1), &root), Err(shrinks.clone()));
    assert!(
        matches!(ConsistencyProof::prove(&tree, TreeSize(2), TreeSize(1)), Err(ProveError::Impossible(error)) if error == shrinks)
    );
}

#[test]
fn the_empty_tree_and_equal_trees_need_an_empty_proof_and_the_right_roots() {
    let mut tree = MemoryTree::new();
    (0..3).for_each(|index| tree.append(&entry(index)));
    let root = tree.root_at(TreeSize(3)).unwrap();
    let empty = empty_root();
    let check = |old, old_root: &Hash, new, new_root: &Hash, hashes: &[Hash]| {
        ConsistencyProof(hashes.to_vec()).check(TreeSize(old), old_root, TreeSize(new), new_root).is_ok()
    };
    assert!(check(0, &empty, 3, &root, &[]));
    assert!(check(3, &root, 3, &root, &[]));
    assert!(check(0, &empty, 0, &empty, &[]));
    assert!(!check(0, &root, 3, &root, &[]));
    assert!(!check(0, &empty, 3, &root, &[root]));
    assert!(!check(3, &root, 3, &root, &[root]));
    assert!(!check(3, &empty, 3, &root, &[]));
    assert!(!check(0, &root, 0, &root, &[]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_trees_agree_with_the_oracle(size in 1u64..3000, picks in proptest::collection::vec(any::<u64>(), 8)) {
        let (mut tree, mut oracle) = (MemoryTree::new(), Oracle::new());
        for index in 0..size {
            tree.append(&entry(index));
            oracle.push(entry(index));
        }
        let picks: Vec<u64> = picks.into_iter().map(|pick| pick % size).collect();
        compare(&tree, &oracle, &picks, &picks);
    }
}
