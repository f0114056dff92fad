//! Witnesses that follow the real rules, in memory: what is published with their signatures, and what is never signed.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod common;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use common::{Place, copy, entries, filled};
use testigo_archive::{Archive, ArchiveError, Cosigned, Prove, RememberedHead, Signer, Witnesses};
use testigo_ledger::{
    AddCheckpoint, CosignatureTime, CosigningKey, Hash, Policy, SignedNote, SigningKey, TreeSize, Witness, WitnessStore,
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

/// Three witnesses; those switched off do not answer.
#[derive(Debug)]
struct Three {
    witnesses: Vec<(Witness<Memory>, AtomicBool)>,
    policy: Policy,
}

impl Three {
    fn new(log: &SigningKey) -> Arc<Self> {
        let key = |number: u8| CosigningKey::from_seed(&format!("witness.example/w{number}"), [number; 32]).unwrap();
        let mut policy = format!("log {}\n", log.verifying_key());
        for number in 1..=3 {
            policy += &format!("witness w{number} {}\n", key(number).cosigner_key());
        }
        policy += "group enough 2 w1 w2 w3\nquorum enough\n";
        let witness = |number| Witness::new(key(number), vec![log.verifying_key().clone()], Memory::default());
        let witnesses = (1..=3).map(|number| (witness(number), AtomicBool::new(true))).collect();
        Arc::new(Self { witnesses, policy: Policy::parse(policy.as_bytes()).unwrap() })
    }

    fn switch(&self, on: [bool; 3]) {
        self.witnesses.iter().zip(on).for_each(|((_, state), on)| state.store(on, Ordering::Relaxed));
    }

    fn answering(&self) -> impl Iterator<Item = (String, &Witness<Memory>)> {
        let named = (1..).zip(&self.witnesses).map(|(number, one)| (format!("w{number}"), one));
        named.filter(|(_, (_, on))| on.load(Ordering::Relaxed)).map(|(name, (witness, _))| (name, witness))
    }
}

impl Witnesses for Three {
    fn policy(&self) -> &Policy {
        &self.policy
    }

    fn latest(&self, origin: &str) -> Vec<RememberedHead> {
        let hash = Hash::of(origin.as_bytes()).to_string();
        let heads = self.answering().filter_map(|(witness, one)| Some((witness, one.latest(&hash).unwrap()?)));
        heads.map(|(witness, note)| RememberedHead { witness, note }).collect()
    }

    fn cosign(&self, head: &SignedNote, known: TreeSize, prove: &Prove<'_>) -> Cosigned {
        let mut cosigned = Cosigned::default();
        for (name, witness) in self.answering() {
            let ask = |old: TreeSize| {
                let request = AddCheckpoint { old, proof: prove(old)?, checkpoint: head.clone() };
                Some(witness.answer_add_checkpoint(request.to_string().as_bytes(), CosignatureTime(7)))
            };
            let mut answer = ask(known).unwrap();
            if answer.status == 409 {
                let size = String::from_utf8(answer.body.clone()).unwrap().trim().parse().unwrap();
                answer = ask(TreeSize(size)).unwrap_or(answer);
            }
            if answer.status == 200 {
                let text = String::from_utf8(answer.body).unwrap();
                cosigned.lines.extend(testigo_ledger::note::parse_signatures(&text).unwrap());
            } else {
                let note = witness.latest(&Hash::of(b"demo.example/log").to_string()).unwrap().unwrap();
                cosigned.objections.push(RememberedHead { witness: name, note });
            }
        }
        cosigned
    }
}

fn signer(place: &Place, witnesses: &Arc<Three>) -> Signer {
    Signer { witnesses: Some(Arc::clone(witnesses) as Arc<dyn Witnesses>), ..place.signer() }
}

fn quorum(place: &Place) -> (usize, bool) {
    let reader = place.reader();
    let (_, note) = reader.signed_checkpoint().unwrap();
    let witnessing = reader.policy().unwrap().unwrap().witnessing(&note).unwrap();
    (witnessing.witnesses.len(), witnessing.quorum)
}

#[test]
fn heads_carry_the_signatures_of_those_who_answer() {
    let place = Place::new();
    drop(place.create());
    let witnesses = Three::new(&place.signer().key);
    let mut archive = Archive::open(&place.archive(), signer(&place, &witnesses)).unwrap();
    assert_eq!(quorum(&place), (3, true), "the head that was there gets its signatures on opening");
    for (on, expected, size) in
        [([true; 3], (3, true), 301), ([true, false, true], (2, true), 400), ([false, true, false], (1, false), 401)]
    {
        witnesses.switch(on);
        archive.append(&entries(archive.size().unwrap().0, size)).unwrap();
        assert_eq!(archive.publish().unwrap().size, TreeSize(size), "published with or without a quorum");
        assert_eq!(quorum(&place), expected, "{size}");
        assert_eq!(place.read("ledger/checkpoint"), place.read(&format!("ledger/checkpoints/{size}")));
    }
    witnesses.switch([true; 3]);
    archive.publish().unwrap();
    assert_eq!(quorum(&place), (3, true), "an unwitnessed head is completed when they answer again");
    drop(archive);
    assert_eq!(place.verify().unwrap().checkpoints, 5);
}

#[test]
fn an_older_copy_of_everything_even_of_the_key_is_refused() {
    let (place, ..) = filled();
    let witnesses = Three::new(&place.signer().key);
    drop(Archive::open(&place.archive(), signer(&place, &witnesses)).unwrap());
    let before = place.root.path().join("before");
    copy(&place.archive(), &before);
    let head_file = place.signer().head_file;
    let head = fs::read(&head_file).unwrap();
    let mut archive = Archive::open(&place.archive(), signer(&place, &witnesses)).unwrap();
    archive.append(&entries(600, 700)).unwrap();
    archive.publish().unwrap();
    drop(archive);
    fs::remove_dir_all(place.archive()).unwrap();
    copy(&before, &place.archive());
    fs::write(&head_file, head).unwrap();
    let refused = Archive::open(&place.archive(), signer(&place, &witnesses)).unwrap_err();
    assert!(
        matches!(&refused, ArchiveError::WitnessAhead { known: TreeSize(700), found: TreeSize(600), .. }),
        "{refused}"
    );
    assert!(refused.to_string().contains("Nothing is signed"), "{refused}");
    assert!(place.read("ledger/checkpoint").starts_with(b"demo.example/log\n600\n"));
    // A witness that does not answer cannot warn; those that do, do.
    witnesses.switch([false, false, true]);
    assert!(Archive::open(&place.archive(), signer(&place, &witnesses)).is_err());
}

/// Whoever stole the key signs another continuation first. The archive does not publish a second history, and says so.
#[test]
fn a_second_history_is_not_published() {
    for (theirs, ours) in [(100, 50), (50, 50), (50, 100)] {
        let (place, ..) = filled();
        let witnesses = Three::new(&place.signer().key);
        let mut archive = Archive::open(&place.archive(), signer(&place, &witnesses)).unwrap();
        let stolen = place.root.path().join("stolen");
        copy(&place.archive(), &stolen.join("archive"));
        copy(&place.root.path().join("keys"), &stolen.join("keys"));
        let thief = Signer { head_file: stolen.join("keys/log.head"), ..signer(&place, &witnesses) };
        let mut fork = Archive::open(&stolen.join("archive"), thief).unwrap();
        fork.append(&entries(5000, 5000 + theirs)).unwrap();
        fork.publish().unwrap();
        archive.append(&entries(600, 600 + ours)).unwrap();
        let refused = archive.publish().unwrap_err();
        let expected = matches!(refused, ArchiveError::WitnessAhead { .. } if theirs > ours)
            || matches!(refused, ArchiveError::WitnessForked { size, .. } if theirs <= ours && size == TreeSize(600 + theirs));
        assert!(expected, "{theirs} against {ours}: {refused}");
        assert!(place.read("ledger/checkpoint").starts_with(b"demo.example/log\n600\n"), "nothing was published");
        // Nothing accepted is lost.
        assert_eq!(archive.size().unwrap(), TreeSize(600 + ours));
        drop(archive);
        assert!(Archive::open(&place.archive(), signer(&place, &witnesses)).is_err());
    }
}

/// A head that was signed and countersigned when the process was killed, before it was published.
#[test]
fn a_head_that_only_witnesses_have_is_published() {
    let (place, ..) = filled();
    let witnesses = Three::new(&place.signer().key);
    let mut archive = Archive::open(&place.archive(), signer(&place, &witnesses)).unwrap();
    archive.append(&entries(600, 650)).unwrap();
    drop(archive);
    let before = place.root.path().join("before");
    copy(&place.archive(), &before);
    drop(Archive::open(&place.archive(), signer(&place, &witnesses)).unwrap());
    fs::remove_dir_all(place.archive()).unwrap();
    copy(&before, &place.archive());
    drop(Archive::open(&place.archive(), signer(&place, &witnesses)).unwrap());
    assert_eq!(place.verify().unwrap().entries, 650);
    assert_eq!(quorum(&place), (3, true));
}

/// A witness cannot stop an archive with a head that the ledger's key never signed.
#[test]
fn an_objection_without_a_signature_is_no_objection() {
    #[derive(Debug)]
    struct Liar(Policy);
    impl Witnesses for Liar {
        fn policy(&self) -> &Policy {
            &self.0
        }
        fn latest(&self, _: &str) -> Vec<RememberedHead> {
            let other = SigningKey::from_seed("demo.example/log", [99; 32]).unwrap();
            let text = "demo.example/log\n999999\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
            let note = other.sign_note(text).unwrap().to_string().into_bytes();
            let head = |note| RememberedHead { witness: "liar".to_owned(), note };
            vec![head(note), head(b"no note".to_vec())]
        }
        fn cosign(&self, _: &SignedNote, _: TreeSize, _: &Prove<'_>) -> Cosigned {
            Cosigned { lines: Vec::new(), objections: self.latest("") }
        }
    }
    let (place, ..) = filled();
    let policy = Three::new(&place.signer().key).policy.clone();
    let liar = Signer { witnesses: Some(Arc::new(Liar(policy))), ..place.signer() };
    let mut archive = Archive::open(&place.archive(), liar).unwrap();
    archive.append(&entries(600, 601)).unwrap();
    archive.publish().unwrap();
    assert_eq!(quorum(&place), (0, false));
}
