//! Ed25519 at its edges: the verdicts of `docs/vectors/signatures.json`, which every verifier here shares.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use std::path::Path;

use serde_json::Value;
use testigo_ledger::VerifyingKey;

fn bytes(digits: &Value) -> Vec<u8> {
    let digits = digits.as_str().unwrap();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn every_signature_of_the_vectors_gets_its_verdict() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/vectors/signatures.json");
    let vectors: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert!(vectors.iter().any(|one| one["valid"] == true) && vectors.len() > 10);
    for one in &vectors {
        let key = VerifyingKey::from_public_bytes("test", &bytes(&one["key"]).try_into().unwrap());
        let valid = key.is_ok_and(|key| key.verifies(&bytes(&one["message"]), &bytes(&one["signature"])));
        assert_eq!(valid, one["valid"] == true, "{}", one["why"]);
    }
}

#[test]
fn a_point_written_with_y_above_the_field_is_no_key() {
    // 2^255 - 19 + 3 is 3, and 3 is the y of a point of large order; only one of the two ways to write it is a key.
    let canonical = std::array::from_fn(|at| if at == 0 { 3 } else { 0 });
    let mut second = [0xff; 32];
    second[0] = 0xf0;
    second[31] = 0x7f;
    assert!(VerifyingKey::from_public_bytes("test", &canonical).is_ok());
    assert!(VerifyingKey::from_public_bytes("test", &second).is_err());
}
