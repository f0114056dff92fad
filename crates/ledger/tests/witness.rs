//! The witness's rules: every status, every sequence of requests against a plain model, and requests at the same time.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Mutex;

use proptest::prelude::*;
use testigo_ledger::witness::SIZE_TYPE;
use testigo_ledger::{
    AddCheckpoint, Checkpoint, ConsistencyProof, CosignatureTime, CosigningKey, Hash, MemoryTree, NoteSignature,
    SignedNote, SigningKey, TreeSize, Witness, WitnessAnswer, WitnessStore, empty_root,
};

#[derive(Debug, Default)]
struct Memory(Mutex<BTreeMap<String, Vec<u8>>>);

impl WitnessStore for Memory {
    type Error = Infallible;

    fn latest(&self, origin: &str) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.0.lock().unwrap().get(origin).cloned())
    }

    fn compare_and_persist(&self, origin: &str, expected: Option<&[u8]>, new: &[u8]) -> Result<bool, Infallible> {
        let mut notes = self.0.lock().unwrap();
        let same = notes.get(origin).map(Vec::as_slice) == expected;
        if same {
            notes.insert(origin.to_owned(), new.to_vec());
        }
        Ok(same)
    }
}

const LOG: &str = "demo.example/log";

fn log_key() -> SigningKey {
    SigningKey::from_seed(LOG, [3; 32]).unwrap()
}

fn witness() -> Witness<Memory> {
    let key = CosigningKey::from_seed("witness.example/w1", [4; 32]).unwrap();
    let other = SigningKey::from_seed("other.example/log", [5; 32]).unwrap();
    Witness::new(key, vec![other.verifying_key().clone(), log_key().verifying_key().clone()], Memory::default())
}

/// A history: entries that differ from the honest ones from `fork` on.
fn tree(size: u64, fork: u64) -> MemoryTree {
    let mut tree = MemoryTree::new();
    for index in 0..size {
        tree.append(format!("{} {index}", if index < fork { "entry" } else { "another" }).as_bytes());
    }
    tree
}

fn signed(tree: &MemoryTree, size: u64) -> SignedNote {
    let root = tree.root_at(TreeSize(size)).unwrap();
    Checkpoint { origin: LOG.to_owned(), size: TreeSize(size), root }.sign(&log_key()).unwrap()
}

fn request(tree: &MemoryTree, old: u64, size: u64) -> AddCheckpoint {
    let proof = ConsistencyProof::prove(tree, TreeSize(old), TreeSize(size)).unwrap_or(ConsistencyProof(Vec::new()));
    AddCheckpoint { old: TreeSize(old), proof, checkpoint: signed(tree, size) }
}

fn ask(witness: &Witness<Memory>, request: &AddCheckpoint) -> WitnessAnswer {
    witness.answer_add_checkpoint(request.to_string().as_bytes(), CosignatureTime(1_935_000_000))
}

fn origin_hash() -> String {
    Hash::of(LOG.as_bytes()).to_string()
}

#[test]
fn an_honest_log_is_cosigned_from_size_to_size() {
    let witness = witness();
    let tree = tree(300, u64::MAX);
    assert_eq!(witness.latest(&origin_hash()).unwrap(), None);
    let mut old = 0;
    for size in [0, 1, 1, 2, 255, 256, 257, 257, 300] {
        let request = request(&tree, old, size);
        let answer = ask(&witness, &request);
        assert_eq!((answer.status, answer.content_type), (200, "text/plain; charset=utf-8"), "{old} to {size}");
        let line = String::from_utf8(answer.body).unwrap();
        let cosigned = format!("{}{line}", request.checkpoint);
        let note = SignedNote::parse(cosigned.as_bytes()).unwrap();
        let key = witness.key().cosigner_key();
        assert_eq!(key.cosigned(&note), Ok(Some(CosignatureTime(1_935_000_000))));
        // Whoever asks for the latest head gets it with both signatures.
        assert_eq!(witness.latest(&origin_hash()).unwrap(), Some(cosigned.into_bytes()));
        old = size;
    }
    assert_eq!(witness.latest(&Hash::of(b"other.example/log").to_string()).unwrap(), None);
    assert_eq!(witness.latest("").unwrap(), None);
}

/// Each refusal has its status; nothing is remembered of a head that was refused.
#[test]
fn every_refusal_has_its_status() {
    let honest = tree(400, u64::MAX);
    let forked = tree(400, 50);
    let body = |request: &AddCheckpoint| request.to_string();
    let good = body(&request(&honest, 100, 200));
    let other_log = Checkpoint { origin: "third.example/log".to_owned(), size: TreeSize(1), root: Hash([1; 32]) };
    let other_log = other_log.sign(&SigningKey::from_seed("third.example/log", [7; 32]).unwrap()).unwrap();
    let thief = SigningKey::from_seed(LOG, [8; 32]).unwrap();
    let stolen =
        Checkpoint { origin: LOG.to_owned(), size: TreeSize(200), root: honest.root_at(TreeSize(200)).unwrap() };
    let stolen = stolen.sign(&thief).unwrap();
    let proof = ConsistencyProof::prove(&honest, TreeSize(100), TreeSize(200)).unwrap();
    let with = |old: u64, proof: &ConsistencyProof, checkpoint: SignedNote| {
        body(&AddCheckpoint { old: TreeSize(old), proof: proof.clone(), checkpoint })
    };
    let none = ConsistencyProof(Vec::new());
    let mut spoilt = signed(&honest, 200);
    spoilt.add([NoteSignature { key_id: log_key().verifying_key().id(), ..stolen.signatures()[0].clone() }]).unwrap();
    let zero = Checkpoint { origin: LOG.to_owned(), size: TreeSize(0), root: Hash([1; 32]) }.sign(&log_key()).unwrap();
    let cases: Vec<(&str, String, u16)> = vec![
        ("unknown log", with(0, &none, other_log), 404),
        ("another key", with(100, &proof, stolen.clone()), 403),
        ("a wrong line under a known key", with(100, &proof, spoilt), 403),
        ("a changed size", good.replacen("\n200\n", "\n201\n", 1), 403),
        ("old above new", with(201, &none, signed(&honest, 200)), 400),
        ("rollback", with(100, &none, signed(&honest, 60)), 400),
        ("rollback, told as fresh", with(60, &none, signed(&honest, 60)), 409),
        ("rollback, told as new", with(0, &none, signed(&honest, 60)), 409),
        ("stale", with(99, &proof, signed(&honest, 200)), 409),
        ("not yet seen", with(150, &proof, signed(&honest, 200)), 409),
        ("split view at the same size", with(100, &none, signed(&forked, 100)), 422),
        ("rewritten history", body(&request(&forked, 100, 200)), 422),
        ("rewritten history with the honest proof", with(100, &proof, signed(&forked, 200)), 422),
        ("no proof", with(100, &none, signed(&honest, 200)), 422),
        (
            "a proof too long",
            with(100, &ConsistencyProof([&proof.0[..], &[empty_root()]].concat()), signed(&honest, 200)),
            422,
        ),
        ("a proof where none is needed", with(100, &proof, signed(&honest, 100)), 422),
        ("nothing", String::new(), 400),
        ("no old line", good.replacen("old ", "new ", 1), 400),
        ("old with zeros", good.replacen("old 100", "old 0100", 1), 400),
        ("carriage returns", good.replace('\n', "\r\n"), 400),
        ("no blank line", good.replacen("\n\ndemo", "\ndemo", 1), 400),
        ("64 proof lines", with(100, &ConsistencyProof(vec![empty_root(); 64]), signed(&honest, 200)), 400),
        ("63 proof lines", with(100, &ConsistencyProof(vec![empty_root(); 63]), signed(&honest, 200)), 422),
        ("unpadded proof", good.replacen("=\n", "\n", 1), 400),
        ("no signature", good.rsplit_once("\n\n").unwrap().0.to_owned() + "\n\n", 400),
    ];
    let witness = witness();
    assert_eq!(ask(&witness, &request(&honest, 0, 100)).status, 200);
    let before = witness.latest(&origin_hash()).unwrap();
    for (what, body, status) in cases {
        let answer = witness.answer_add_checkpoint(body.as_bytes(), CosignatureTime(7));
        assert_eq!(answer.status, status, "{what}: {}", String::from_utf8_lossy(&answer.body));
        if status == 409 {
            assert_eq!((answer.content_type, &answer.body[..]), (SIZE_TYPE, &b"100\n"[..]), "{what}");
        }
        assert_eq!(witness.latest(&origin_hash()).unwrap(), before, "{what}");
    }
    assert_eq!(witness.answer_add_checkpoint(good.as_bytes(), CosignatureTime(7)).status, 200);
    let fresh = self::witness();
    let answer = ask(&fresh, &AddCheckpoint { old: TreeSize(0), proof: none.clone(), checkpoint: zero });
    assert_eq!(answer.status, 422, "an empty ledger has one root only");
    let answer = ask(&fresh, &AddCheckpoint { old: TreeSize(0), proof, checkpoint: signed(&honest, 200) });
    assert_eq!(answer.status, 422, "from nothing the proof is empty");
}

/// Two requests at once: whatever comes between reading and writing, a remembered head never gets smaller.
#[test]
fn requests_at_the_same_time_never_roll_back() {
    let witness = witness();
    let tree = tree(200, u64::MAX);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (witness, tree) = (&witness, &tree);
            scope.spawn(move || {
                let mut highest = 0;
                for step in 1..=25 {
                    let size = step * 8 - thread;
                    let mut old = 0;
                    loop {
                        if old > size {
                            break;
                        }
                        let answer = ask(witness, &request(tree, old, size));
                        match answer.status {
                            200 => break,
                            409 => old = String::from_utf8(answer.body).unwrap().trim().parse().unwrap(),
                            status => panic!("{status}"),
                        }
                    }
                    let note = witness.latest(&origin_hash()).unwrap().unwrap();
                    let known: Checkpoint = SignedNote::parse(&note).unwrap().text().parse().unwrap();
                    assert!(known.size.0 >= highest);
                    highest = known.size.0;
                }
            });
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Any requests out of an honest and a forked history, against a model that knows both.
    #[test]
    fn only_one_history_is_ever_cosigned(requests in prop::collection::vec((any::<bool>(), 0u64..60, 0u64..60), 1..30)) {
        let witness = witness();
        let (honest, forked) = (tree(60, u64::MAX), tree(60, 20));
        let mut known: Option<(bool, u64)> = None;
        for (fork, old, size) in requests {
            let tree = if fork { &forked } else { &honest };
            let last = known.map_or(0, |(_, size)| size);
            // Below the fork both histories are one.
            let consistent = known.is_none_or(|(was, at)| was == fork || at <= 20);
            let expected = match () {
                () if old > size => 400,
                () if old != last => 409,
                () if !consistent => 422,
                () => 200,
            };
            prop_assert_eq!(ask(&witness, &request(tree, old, size)).status, expected);
            if expected == 200 {
                let fork = if size <= 20 { false } else { fork };
                known = Some((fork, size));
            }
        }
    }
}
