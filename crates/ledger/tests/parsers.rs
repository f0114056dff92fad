//! Parsers on anything: no panic, and whatever is accepted is written back as the same bytes.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use proptest::prelude::*;
use testigo_ledger::anchor::{opentimestamps, rfc3161};
use testigo_ledger::tile::parse_bundle;
use testigo_ledger::{
    AddCheckpoint, Checkpoint, ConsistencyProof, CosignatureTime, CosignerKey, CosigningKey, EntryIndex, Hash,
    InclusionProof, KeyHistory, Policy, Receipt, SignedNote, SigningKey, TilePath, TileWidth, TreeSize, VerifyingKey,
};

fn examples() -> Vec<String> {
    let key = SigningKey::from_seed("demo.example/log", [3; 32]).unwrap();
    let checkpoint = Checkpoint { origin: "demo.example/log".to_owned(), size: TreeSize(70_000), root: Hash([8; 32]) };
    let witness = CosigningKey::from_seed("witness.example/w1", [4; 32]).unwrap();
    let mut cosigned = checkpoint.sign(&key).unwrap();
    cosigned.add([witness.cosign(&checkpoint.to_string(), CosignatureTime(1_935_000_000))]).unwrap();
    let history = KeyHistory::new(key.verifying_key().clone());
    let second = SigningKey::from_seed("demo.example/log", [9; 32]).unwrap();
    let receipt = Receipt {
        extra: Some(b"extra".to_vec()),
        index: EntryIndex(7),
        proof: InclusionProof(vec![Hash([1; 32]), Hash([2; 32])]),
        checkpoint: cosigned.clone(),
    };
    let request =
        AddCheckpoint { old: TreeSize(12), proof: ConsistencyProof(vec![Hash([3; 32])]), checkpoint: cosigned.clone() };
    vec![
        checkpoint.sign(&key).unwrap().to_string(),
        cosigned.to_string(),
        receipt.to_string(),
        Receipt { extra: None, ..receipt }.to_string(),
        request.to_string(),
        witness.cosigner_key().to_string(),
        witness.to_secret_text(),
        history.with_rotation(EntryIndex(70), second.verifying_key().clone()).unwrap().to_string(),
        format!("log {}\nwitness w {}\ngroup g any w\nquorum g\n", key.verifying_key(), witness.cosigner_key()),
        checkpoint.to_string(),
        key.verifying_key().to_string(),
        key.to_secret_text(),
        "tile/entries/x001/x234/067.p/12".to_owned(),
        "tile/3/x001/000".to_owned(),
        Hash([8; 32]).to_string(),
    ]
}

/// Arbitrary text, and well-formed text with a few bytes replaced, removed or put in.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let damage = (any::<prop::sample::Index>(), 0..4u8, any::<u8>());
    let damaged =
        (prop::sample::select(examples()), prop::collection::vec(damage, 0..4)).prop_map(|(example, damages)| {
            let mut bytes = example.into_bytes();
            for (place, kind, byte) in damages {
                let place = place.index(bytes.len());
                match kind {
                    0 => bytes[place] = byte,
                    1 => bytes[place] = b"\n 0+/=x.p"[usize::from(byte) % 9],
                    2 => bytes.insert(place, b"\n 0+/=x.p"[usize::from(byte) % 9]),
                    _ if bytes.len() > 1 => drop(bytes.remove(place)),
                    _ => {}
                }
            }
            bytes
        });
    prop_oneof![1 => prop::collection::vec(any::<u8>(), 0..300), 9 => damaged]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn what_is_accepted_is_written_the_same(bytes in text()) {
        if let Ok(note) = SignedNote::parse(&bytes) {
            prop_assert_eq!(note.to_string().into_bytes(), bytes.clone());
        }
        let Ok(text) = std::str::from_utf8(&bytes) else { return Ok(()) };
        if let Ok(checkpoint) = text.parse::<Checkpoint>() {
            prop_assert_eq!(checkpoint.to_string(), text);
        }
        if let Ok(key) = text.parse::<VerifyingKey>() {
            prop_assert_eq!(key.to_string(), text);
        }
        if let Ok(key) = text.parse::<SigningKey>() {
            prop_assert_eq!(key.to_secret_text(), text);
        }
        if let Ok(key) = text.parse::<CosignerKey>() {
            prop_assert_eq!(key.to_string(), text);
        }
        if let Ok(key) = text.parse::<CosigningKey>() {
            prop_assert_eq!(key.to_secret_text(), text);
        }
        if let Ok(receipt) = Receipt::parse(&bytes) {
            prop_assert_eq!(receipt.to_string(), text);
        }
        if let Ok(request) = AddCheckpoint::parse(&bytes) {
            prop_assert_eq!(request.to_string(), text);
        }
        if let Ok(history) = text.parse::<KeyHistory>() {
            let written = history.to_string();
            prop_assert_eq!(written.strip_suffix('\n'), Some(text.strip_suffix('\n').unwrap_or(text)));
        }
        if let Ok(policy) = Policy::parse(&bytes) {
            prop_assert_eq!(policy.text(), text);
        }
        if let Ok(path) = text.parse::<TilePath>() {
            prop_assert_eq!(path.to_string(), text);
        }
        if let Ok(hash) = text.parse::<Hash>() {
            prop_assert_eq!(hash.to_string(), text);
        }
    }

    #[test]
    fn stamps_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), place in any::<prop::sample::Index>()) {
        prop_assert!(rfc3161::read(&bytes).is_err());
        prop_assert!(opentimestamps::read(&bytes).is_err());
        let begin = b"\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94\x01\x08";
        let proof = [&begin[..], &[7; 32], &bytes].concat();
        if let Ok(proof) = opentimestamps::read(&proof) {
            prop_assert_eq!(proof.digest, Hash([7; 32]));
        }
        let mut request = rfc3161::request(&Hash([7; 32]));
        let place = place.index(request.len());
        request.splice(place..place, bytes);
        prop_assert!(rfc3161::read(&request).is_err(), "a request is no response");
    }

    #[test]
    fn a_changed_checkpoint_is_never_believed(bytes in text()) {
        let key = SigningKey::from_seed("demo.example/log", [3; 32]).unwrap();
        let signed = &examples()[0];
        if Checkpoint::open(&bytes, key.verifying_key()).is_ok() {
            // The signature covers the text; only further signatures may stand below it.
            prop_assert!(bytes.starts_with(signed.split("\n\n").next().unwrap().as_bytes()));
        }
    }

    #[test]
    fn bundles_are_taken_apart_or_refused(bytes in prop::collection::vec(0u8..4, 0..600), width in 1u64..=256) {
        let width = TileWidth::new(width).unwrap();
        if let Ok(entries) = parse_bundle(&bytes, width) {
            prop_assert_eq!(entries.len(), usize::from(width.get()));
            prop_assert_eq!(entries.iter().map(|entry| entry.len() + 2).sum::<usize>(), bytes.len());
        }
    }
}
