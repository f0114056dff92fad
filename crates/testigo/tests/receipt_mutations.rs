//! A receipt that is changed in every of its parts, once each: whatever is done to it, `receipt check` refuses it, and says why. Among
//! the changes is the head of another history, signed by the ledger's own key.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod common;

use common::mirror::Honest;
use testigo_ledger::tile::parse_bundle;
use testigo_ledger::{Checkpoint, EntryIndex, InclusionProof, MemoryTree, Receipt, SigningKey, TilePath, TreeSize};

/// What is done to a receipt, and what `receipt check` says of it.
type Mutation = (&'static str, &'static str, fn(&str, &Honest) -> String);

/// One letter of a text changed, in the middle of this line.
fn letter_changed(text: &str, line: usize) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let at = lines[line].len() / 2;
    let other = if lines[line][at..].starts_with('A') { "B" } else { "A" };
    lines[line].replace_range(at..=at, other);
    lines.concat()
}

/// The number of the first line after the blank one.
fn checkpoint_line(text: &str) -> usize {
    text.lines().position(str::is_empty).unwrap() + 1
}

const MUTATIONS: &[Mutation] = &[
    ("the kind", "line 1 of the receipt", |text, _| text.replacen("@v1", "@v2", 1)),
    ("the index", "the entry is not in the ledger at 6", |text, _| text.replacen("index 5\n", "index 6\n", 1)),
    ("the index in another form", "line 2 of the receipt", |text, _| text.replacen("index 5\n", "index 05\n", 1)),
    ("an index beyond the head", "the entry is not in the ledger at 9000", |text, _| {
        text.replacen("index 5\n", "index 9000\n", 1)
    }),
    ("something extra that is no base64", "line 2 of the receipt", |text, _| {
        text.replacen("index", "extra ?\nindex", 1)
    }),
    ("the first hash", "the entry is not in the ledger at 5", |text, _| letter_changed(text, 2)),
    ("the last hash", "the entry is not in the ledger at 5", |text, _| letter_changed(text, checkpoint_line(text) - 2)),
    ("a hash cut short", "of the receipt: a hash in base64", |text, _| text.replacen("=\n", "\n", 1)),
    ("a hash less", "the entry is not in the ledger at 5", |text, _| {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        [&lines[..2], &lines[3..]].concat().concat()
    }),
    ("a hash more", "the entry is not in the ledger at 5", |text, _| {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        [&lines[..3], &lines[2..]].concat().concat()
    }),
    ("no checkpoint", "the receipt's checkpoint", |text, _| text.split_once("\n\n").unwrap().0.to_owned() + "\n\n"),
    ("the size in the checkpoint", "signature", |text, site| {
        let size = site.place.size("site");
        text.replacen(&format!("\n{size}\n"), &format!("\n{}\n", size - 1), 1)
    }),
    ("the root in the checkpoint", "signature", |text, _| letter_changed(text, checkpoint_line(text) + 2)),
    ("the signature", "signature", |text, _| letter_changed(text, checkpoint_line(text) + 4)),
    ("the cosignature", "cosignature", |text, _| letter_changed(text, checkpoint_line(text) + 5)),
    ("the cosignature left out", "UNWITNESSED", |text, _| {
        let end = text.trim_end().rfind('\n').unwrap();
        text[..=end].to_owned()
    }),
    ("another key's head", "not signed by", |text, _| {
        let (before, note) = text.split_once("\n\n").unwrap();
        let other = SigningKey::from_seed(common::ORIGIN, [3; 32]).unwrap();
        let head = note.split_once("\n\n").unwrap().0;
        format!("{before}\n\n{}", other.sign_note(&format!("{head}\n")).unwrap())
    }),
];

#[test]
fn a_receipt_changed_in_any_of_its_parts_is_refused() {
    let site = Honest::new();
    let place = &site.place;
    place.run(&["receipt", "make", "site", "5", "--out", "receipts"]).done();
    let text = String::from_utf8(place.read("receipts/5.tlog-proof")).unwrap();
    let entry = place.read("receipts/5.json");
    let check = |bytes: &str, whom: [&str; 2]| {
        place.write("receipts/x.tlog-proof", bytes);
        place.run(&["receipt", "check", "receipts/x.tlog-proof", "--entry", "receipts/x.json", whom[0], whom[1]])
    };
    let (policy, mirror) = (["--policy", "policy"], ["--dir", "site"]);
    place.write("receipts/x.json", &entry);
    check(&text, policy).done().says(&["enough witnesses have seen it there"]);
    check(&text, mirror).done();
    // What stands in `extra` is covered by nothing, so it may be anything.
    check(&text.replacen("index", "extra YW55dGhpbmc=\nindex", 1), policy).done();
    let mut wrong = Vec::new();
    for (what, said, change) in MUTATIONS {
        let changed = change(&text, &site);
        assert_ne!(changed, text, "{what}");
        let run = check(&changed, policy);
        if run.code != Some(1) || !run.out.contains(said) {
            wrong.push(format!("{what}: expected {said}: {run}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), MUTATIONS.len(), wrong.join("\n"));

    let other = String::from_utf8(entry.clone()).unwrap().replacen("\"v\":1", "\"v\":2", 1);
    place.write("receipts/x.json", other);
    check(&text, policy).finished().says(&["WRONG: the entry is not in the ledger at 5, or its bytes were changed"]);

    // The ledger's own key has signed another history, in which a later entry is another one.
    place.write("receipts/x.json", &entry);
    let forked = receipt_of_a_fork(&site);
    check(&forked, mirror).finished().says(&["WRONG: the receipt is of another history"]);
    check(&forked, policy).finished().says(&["UNWITNESSED"]);
}

/// For entry 5, under a head that the real key signed over a tree with another entry 7.
fn receipt_of_a_fork(site: &Honest) -> String {
    let mut tree = MemoryTree::new();
    let size = TreeSize(site.place.size("site"));
    for path in TilePath::all(size).filter(|path| path.to_string().starts_with("tile/entries/")) {
        let bytes = site.read(&format!("ledger/{path}"));
        for entry in parse_bundle(&bytes, path.width()).unwrap() {
            let is_changed = tree.size() == TreeSize(7);
            tree.append(if is_changed { b"another entry" } else { entry });
        }
    }
    let head = Checkpoint { origin: common::ORIGIN.to_owned(), size, root: tree.root_at(size).unwrap() };
    let proof = InclusionProof::prove(&tree, EntryIndex(5), size).unwrap();
    Receipt { extra: None, index: EntryIndex(5), proof, checkpoint: head.sign(&site.key).unwrap() }.to_string()
}
