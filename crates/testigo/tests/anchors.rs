//! Stamps over heads: by a real time-stamping authority of one's own (`openssl ts`), and by the proof format of OpenTimestamps.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed test is a panic, and a skipped one says so"
)]

mod common;

use std::process::Command;

use common::Place;

const AUTHORITY: &str = "
[tsa]
default_tsa = tsa_config
[tsa_config]
dir = .
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
signer_key = tsa.secret
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
[req]
distinguished_name = name
[name]
[ext]
extendedKeyUsage = critical,timeStamping
basicConstraints = CA:FALSE
";

fn openssl(place: &Place, arguments: &[&str]) -> (bool, String) {
    let output = Command::new("openssl").args(arguments).current_dir(place.path("")).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

fn done(place: &Place, arguments: &[&str]) {
    let (right, said) = openssl(place, arguments);
    assert!(right, "openssl {arguments:?}\n{said}");
}

#[test]
fn a_time_stamp_is_over_its_head_and_no_other() {
    if Command::new("openssl").arg("version").output().is_err() {
        println!("skipped: openssl is not installed");
        return;
    }
    let place = Place::with_demo();
    place.write("tsa.cnf", AUTHORITY);
    place.write("serial", "01\n");
    let subject = ["-subj", "/CN=made-up authority", "-config", "tsa.cnf", "-extensions", "ext"];
    let make =
        ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "tsa.secret", "-out", "tsa.pem", "-days", "3000"];
    done(&place, &[&make[..], &subject].concat());

    place.run(&["anchor", "request", "archive", "--out", "head.tsq"]).done();
    let (_, shown) = openssl(&place, &["ts", "-query", "-in", "head.tsq", "-text"]);
    assert!(shown.contains("Hash Algorithm: sha256"), "{shown}");
    done(&place, &["ts", "-reply", "-config", "tsa.cnf", "-queryfile", "head.tsq", "-out", "head.tsr"]);

    let added = place.run(&["anchor", "add", "archive", "head.tsr"]).done();
    assert!(added.out.starts_with("entry 1: the head of 1 entries, rfc3161: time 20"), "{}", added.out);
    let checked = place.run(&["anchor", "check", "archive", "--out", "stamps"]).done();
    assert!(checked.out.contains("Every stamp is over the head it names"), "{}", checked.out);

    // The outside check: over this head's text the token holds, over another it does not.
    let verify =
        |text: &str| openssl(&place, &["ts", "-verify", "-data", text, "-in", "stamps/1.tsr", "-CAfile", "tsa.pem"]);
    let (right, said) = verify("stamps/1.txt");
    assert!(right, "{said}");
    place.run(&["anchor", "request", "archive", "--out", "later.tsq"]).done();
    assert!(!verify("later.txt").0, "another head");

    // A stamp over something else is not taken.
    place.write("other.txt", "another text\n");
    done(&place, &["ts", "-query", "-data", "other.txt", "-sha256", "-out", "other.tsq"]);
    done(&place, &["ts", "-reply", "-config", "tsa.cnf", "-queryfile", "other.tsq", "-out", "other.tsr"]);
    let refused = place.run(&["anchor", "add", "archive", "other.tsr"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("which is no head of this ledger"), "{}", refused.err);
    for wrong in ["head.tsq", "other.txt"] {
        let refused = place.run(&["anchor", "add", "archive", wrong]);
        assert!(refused.code == Some(2) && refused.err.contains("is no stamp"), "{}", refused.err);
    }

    // A damaged stamp in the archive is found.
    let stamp = place.read("stamps/1.tsr");
    let document =
        place.files("archive/documents").into_iter().find(|path| std::fs::read(path).unwrap() == stamp).unwrap();
    std::fs::write(&document, &stamp[..stamp.len() - 1]).unwrap();
    let found = place.run(&["anchor", "check", "archive"]);
    assert!(found.code == Some(1) && found.out.contains("WRONG"), "{}", found.out);
}

/// A proof that a calendar could give: the head's hash, a nonce, hashed, and the promise.
#[test]
fn an_opentimestamps_proof_is_kept_and_held_against_its_head() {
    let place = Place::with_demo();
    place.run(&["anchor", "request", "archive", "--out", "head.tsq"]).done();
    let text = place.read("head.txt");
    let mut proof = b"\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94\x01\x08".to_vec();
    proof.extend(testigo_ledger::Hash::of(&text).0);
    proof.extend([0xf0, 2, 1, 2, 0x08, 0x00, 0x83, 0xdf, 0xe3, 0x0d, 0x2e, 0xf9, 0x0c, 0x8e]);
    let calendar = b"https://calendar.example.org";
    proof.extend([29, 28]);
    proof.extend(calendar);
    place.write("head.txt.ots", &proof);
    let added = place.run(&["anchor", "add", "archive", "head.txt.ots"]).done();
    assert_eq!(added.out, "entry 1: the head of 1 entries, opentimestamps: promised by https://calendar.example.org\n");
    let checked = place.run(&["anchor", "check", "archive", "--out", "stamps"]).done();
    assert_eq!((place.read("stamps/1.txt"), place.read("stamps/1.txt.ots")), (text, proof));
    assert!(checked.out.contains("Every stamp"), "{}", checked.out);
    place.run(&["verify", "archive"]).done();
}
