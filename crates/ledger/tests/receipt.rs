//! Receipts: they hold for the entry they were made for, and for nothing else.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use testigo_ledger::{
    Checkpoint, CosignatureTime, CosigningKey, EntryIndex, InclusionProof, KeyHistory, MemoryTree, Policy, Receipt,
    ReceiptError, ReceiptFault, SigningKey, TreeSize,
};

const SIZES: [u64; 9] = [1, 2, 255, 256, 257, 65_535, 65_536, 65_537, 100_000];

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed("demo.example/log", [seed; 32]).unwrap()
}

fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

fn receipt(tree: &MemoryTree, index: u64, size: u64, signer: &SigningKey) -> Receipt {
    let size = TreeSize(size);
    let head = Checkpoint { origin: signer.name().to_owned(), size, root: tree.root_at(size).unwrap() };
    Receipt {
        extra: None,
        index: EntryIndex(index),
        proof: InclusionProof::prove(tree, EntryIndex(index), size).unwrap(),
        checkpoint: head.sign(signer).unwrap(),
    }
}

#[test]
fn a_receipt_holds_for_its_entry_alone() {
    let mut tree = MemoryTree::new();
    (0..100_000).for_each(|index| tree.append(&entry(index)));
    let keys = KeyHistory::new(key(3).verifying_key().clone());
    for size in SIZES {
        for index in [0, 1, size / 2, size - 1].into_iter().filter(|index| *index < size) {
            let receipt = receipt(&tree, index, size, &key(3));
            let read = Receipt::parse(receipt.to_string().as_bytes()).unwrap();
            assert_eq!(read, receipt);
            assert_eq!(read.check(&entry(index), &keys).unwrap().size, TreeSize(size));
            let other = read.check(&entry(index + 1), &keys);
            assert!(matches!(other, Err(ReceiptFault::Entry { .. })), "{index} of {size}");
            let elsewhere = Receipt { index: EntryIndex(index + 1), ..read.clone() };
            assert!(elsewhere.check(&entry(index), &keys).is_err());
            for place in 0..read.proof.0.len() {
                let mut damaged = read.clone();
                damaged.proof.0[place].0[place] ^= 1;
                assert!(damaged.check(&entry(index), &keys).is_err());
            }
        }
    }
}

#[test]
fn extra_is_carried_and_vouched_for_by_nobody() {
    let mut tree = MemoryTree::new();
    (0..3).for_each(|index| tree.append(&entry(index)));
    let keys = KeyHistory::new(key(3).verifying_key().clone());
    let plain = receipt(&tree, 1, 3, &key(3));
    let with_extra = Receipt { extra: Some(b"anything".to_vec()), ..plain.clone() };
    assert!(with_extra.to_string().starts_with("c2sp.org/tlog-proof@v1\nextra YW55dGhpbmc=\nindex 1\n"));
    with_extra.check(&entry(1), &keys).unwrap();
    assert_eq!(with_extra.to_string().replace("extra YW55dGhpbmc=\n", ""), plain.to_string());
}

#[test]
fn a_policy_says_who_has_seen_it() {
    let mut tree = MemoryTree::new();
    (0..3).for_each(|index| tree.append(&entry(index)));
    let witness = CosigningKey::from_seed("witness.example/w1", [9; 32]).unwrap();
    let policy = format!("log {}\nwitness w {}\nquorum w\n", key(3).verifying_key(), witness.cosigner_key());
    let policy = Policy::parse(policy.as_bytes()).unwrap();
    let mut receipt = receipt(&tree, 1, 3, &key(3));
    assert!(!receipt.check_with_policy(&entry(1), &policy).unwrap().1.quorum);
    let line = witness.cosign(receipt.checkpoint.text(), CosignatureTime(7));
    receipt.checkpoint.add([line]).unwrap();
    assert!(receipt.check_with_policy(&entry(1), &policy).unwrap().1.quorum);
    assert!(receipt.check_with_policy(&entry(2), &policy).is_err());
}

/// After a rotation: what the old key signed before stays, what it signs later is refused.
#[test]
fn a_replaced_key_vouches_for_old_receipts_only() {
    let mut tree = MemoryTree::new();
    (0..20).for_each(|index| tree.append(&entry(index)));
    let keys = KeyHistory::new(key(3).verifying_key().clone());
    let keys = keys.with_rotation(EntryIndex(9), key(4).verifying_key().clone()).unwrap();
    for size in 1..=20 {
        let covers_rotation = size > 9;
        let by_old = receipt(&tree, 0, size, &key(3)).check(&entry(0), &keys);
        let by_new = receipt(&tree, 0, size, &key(4)).check(&entry(0), &keys);
        assert_eq!((by_old.is_ok(), by_new.is_ok()), (!covers_rotation, covers_rotation), "{size}");
    }
}

#[test]
fn what_is_no_receipt_is_told_with_its_line() {
    let mut tree = MemoryTree::new();
    (0..3).for_each(|index| tree.append(&entry(index)));
    let text = receipt(&tree, 1, 3, &key(3)).to_string();
    let line = |wrong: &str| match Receipt::parse(wrong.as_bytes()) {
        Err(ReceiptError::Line { line, .. }) => line,
        other => panic!("{wrong}: {other:?}"),
    };
    assert_eq!(line(""), 1);
    assert_eq!(line(&text.replace("@v1", "@v2")), 1);
    assert_eq!(line(&text.replace('\n', "\r\n")), 1);
    assert_eq!(line(&text.replace("index 1", "index 01")), 2);
    assert_eq!(line(&text.replace("index 1", "index  1")), 2);
    assert_eq!(line(&text.replace("index 1", "extra ?\nindex 1")), 2);
    assert_eq!(line(&text.replace("index 1", "extra YQ==\nindex")), 3);
    assert_eq!(line(&text.replacen("=\n", "\n", 1)), 3);
    assert_eq!(
        line(&text.replacen("index 1\n", &format!("index 1\n{}", "A".repeat(43) + "=\n").repeat(1), 1).replacen(
            "index 1\n",
            &format!("index 1\n{}", ("A".repeat(43) + "=\n").repeat(70)),
            1
        )),
        67
    );
    let (proof, _) = text.split_once("\n\n").unwrap();
    assert_eq!(line(&format!("{proof}\n")), 5);
    assert!(matches!(Receipt::parse(format!("{proof}\n\n").as_bytes()), Err(ReceiptError::Checkpoint(_))));
    assert_eq!(Receipt::parse(b"\xff"), Err(ReceiptError::NotText));
}
