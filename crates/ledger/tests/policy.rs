//! Policies: what is read, what is refused and why, and whose signatures are enough.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use testigo_ledger::policy::{Distrusted, PolicyFault};
use testigo_ledger::{
    Checkpoint, CheckpointError, CosignatureTime, CosigningKey, Hash, NoteError, Policy, SigningKey, TreeSize,
};

fn log(name: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(name, [seed; 32]).unwrap()
}

fn witness(number: u8) -> CosigningKey {
    CosigningKey::from_seed(&format!("witness.example/w{number}"), [100 + number; 32]).unwrap()
}

/// `{log}` and `{w1}` to `{w9}` become keys.
fn text(template: &str) -> String {
    let mut text = template.replace("{log}", &log("demo.example/log", 3).verifying_key().to_string());
    for number in 1..=9 {
        text = text.replace(&format!("{{w{number}}}"), &witness(number).cosigner_key().to_string());
    }
    text
}

fn policy(template: &str) -> Policy {
    Policy::parse(text(template).as_bytes()).unwrap()
}

fn fault(template: &str) -> (usize, PolicyFault) {
    let error = Policy::parse(text(template).as_bytes()).unwrap_err();
    (error.line, error.cause)
}

fn head() -> Checkpoint {
    Checkpoint { origin: "demo.example/log".to_owned(), size: TreeSize(3), root: Hash([8; 32]) }
}

fn cosigned(by: &[u8]) -> Vec<u8> {
    let mut note = head().sign(&log("demo.example/log", 3)).unwrap();
    let text = note.text().to_owned();
    note.add(by.iter().map(|number| witness(*number).cosign(&text, CosignatureTime(u64::from(*number))))).unwrap();
    note.to_string().into_bytes()
}

/// The example of the specification, with keys, comments and every kind of white space.
const TWO_LEVELS: &str = "# who is believed\n\n log\t{log}  https://log.example/ \nwitness X1 {w1}\nwitness X2 {w2} https://two.example/w\n\
    \twitness X3 {w3}\n  # the others\ngroup X-witnesses 2 X1 X2 X3\n\nwitness Y1 {w4}\nwitness Y2 {w5}\nwitness Y3 {w6}\n\
    group Y-witnesses any Y1 Y2 Y3\n\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n";

#[test]
fn groups_of_groups_count_as_the_specification_says() {
    let policy = policy(TWO_LEVELS);
    assert_eq!(policy.logs()[0].url.as_deref(), Some("https://log.example/"));
    assert_eq!(policy.witnesses()[1].url.as_deref(), Some("https://two.example/w"));
    assert!(policy.needs_witnesses());
    // Every set of the six witnesses and one that the policy does not know.
    for set in 0u8..128 {
        let by: Vec<u8> = (1..=7).filter(|number| set & (1 << (number - 1)) != 0).collect();
        let (opened, witnessing) = policy.open(&cosigned(&by)).unwrap();
        assert_eq!(opened, head());
        let x = by.iter().filter(|number| **number <= 3).count();
        let y = by.iter().filter(|number| (4..=6).contains(*number)).count();
        assert_eq!(witnessing.quorum, x >= 2 && y >= 1, "{by:?}");
        assert_eq!(witnessing.witnesses.len(), x + y);
    }
}

#[test]
fn a_single_witness_or_none_may_be_the_quorum() {
    let one = policy("log {log}\nwitness w {w1}\nquorum w\n");
    assert!(one.open(&cosigned(&[1])).unwrap().1.quorum);
    assert!(!one.open(&cosigned(&[2])).unwrap().1.quorum);
    let none = policy("log {log}\nquorum none\n");
    assert!(none.open(&cosigned(&[])).unwrap().1.quorum && !none.needs_witnesses());
    let thresholds = policy("log {log}\nwitness a {w1}\nwitness b {w2}\nwitness c {w3}\ngroup g 3 a b c\nquorum g\n");
    assert!(!thresholds.open(&cosigned(&[1, 2])).unwrap().1.quorum);
    assert!(thresholds.open(&cosigned(&[3, 2, 1])).unwrap().1.quorum);
}

#[test]
fn whoever_is_not_in_the_policy_is_not_believed() {
    let policy = policy("log {log}\nwitness w {w1}\nquorum w\n");
    let unknown =
        |result| matches!(result, Err(Distrusted::Checkpoint(CheckpointError::Note(NoteError::UnknownSigners { .. }))));
    let foreign = head().sign(&log("demo.example/log", 4)).unwrap().to_string();
    assert!(unknown(policy.open(foreign.as_bytes())));
    // k - 1 stolen witness keys make no quorum, and a spoilt line spoils the note.
    let note = String::from_utf8(cosigned(&[1])).unwrap();
    let time = note.find("witness.example").unwrap() + "witness.example/w1 ".len() + 9;
    let mut wrong = note.clone().into_bytes();
    wrong[time] = if wrong[time] == b'A' { b'B' } else { b'A' };
    assert!(matches!(policy.open(&wrong), Err(Distrusted::Cosignature(_))));
    let changed = note.replacen("\n3\n", "\n4\n", 1);
    assert!(matches!(
        policy.open(changed.as_bytes()),
        Err(Distrusted::Checkpoint(CheckpointError::Note(NoteError::BadSignature { .. })))
    ));
    let empty = Policy::parse(b"quorum none\n").unwrap();
    assert!(unknown(empty.open(&cosigned(&[]))));
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    use PolicyFault::{
        DuplicateKey, DuplicateName, ForbiddenByte, Form, Key, Keyword, NamedNone, NoQuorum, SecondMembership,
        SecondQuorum, Threshold, Unfinished, UnknownName,
    };
    let w = "witness a {w1}\nwitness b {w2}\n";
    let named = |name: &str| name.to_owned();
    for (template, line, expected) in [
        (named("quorum none"), 1, Unfinished),
        (named(""), 1, NoQuorum),
        (named("# nothing\n"), 1, NoQuorum),
        (named("quorum none\r\n"), 1, ForbiddenByte),
        (named("#\nquorum none # \u{7f}\n"), 2, ForbiddenByte),
        (named("\nfriend {w1}\n"), 2, Keyword { found: named("friend") }),
        (named("log\nquorum none\n"), 1, Form { form: "log <key> [<url>]" }),
        (named("log {log} a b\nquorum none\n"), 1, Form { form: "log <key> [<url>]" }),
        (named("log {log}\nlog {log}\nquorum none\n"), 2, DuplicateKey { name: named("demo.example/log") }),
        (named("witness a\nquorum none\n"), 1, Form { form: "witness <name> <key> [<url>]" }),
        (named("witness none {w1}\nquorum none\n"), 1, NamedNone),
        (format!("{w}witness a {{w3}}\nquorum none\n"), 3, DuplicateName { name: named("a") }),
        (format!("{w}witness c {{w1}}\nquorum none\n"), 3, DuplicateKey { name: named("c") }),
        (format!("{w}group a any b\nquorum none\n"), 3, DuplicateName { name: named("a") }),
        (format!("{w}group g any\nquorum g\n"), 3, Form { form: "group <name> <any, all or a number> <name>..." }),
        (format!("{w}group g any a g\nquorum g\n"), 3, UnknownName { name: named("g") }),
        (format!("{w}group g any a none\nquorum g\n"), 3, UnknownName { name: named("none") }),
        (format!("{w}group g any a a\nquorum g\n"), 3, SecondMembership { name: named("a") }),
        (format!("{w}group g any a\ngroup h any a b\nquorum g\n"), 4, SecondMembership { name: named("a") }),
        (format!("{w}group g 0 a b\nquorum g\n"), 3, Threshold { found: named("0"), members: 2 }),
        (format!("{w}group g 3 a b\nquorum g\n"), 3, Threshold { found: named("3"), members: 2 }),
        (format!("{w}group g 02 a b\nquorum g\n"), 3, Threshold { found: named("02"), members: 2 }),
        (format!("{w}group g +1 a b\nquorum g\n"), 3, Threshold { found: named("+1"), members: 2 }),
        (format!("quorum a\n{w}"), 1, UnknownName { name: named("a") }),
        (format!("{w}quorum a\nquorum b\n"), 4, SecondQuorum),
        (format!("{w}quorum a b\n"), 3, Form { form: "quorum <name, or none>" }),
    ] {
        assert_eq!(fault(&template), (line, expected), "{template}");
    }
    // A witness's key in a log's place, and the other way round.
    assert!(matches!(fault("log {w1}\nquorum none\n"), (1, Key(_))));
    assert!(matches!(fault("witness w {log}\nquorum none\n"), (1, Key(_))));
    // The same key bytes under two names are one log.
    let twin = format!("log {{log}}\nlog {}\nquorum none\n", log("demo.example/twin", 3).verifying_key());
    assert!(matches!(fault(&twin), (2, DuplicateKey { .. })));
}
