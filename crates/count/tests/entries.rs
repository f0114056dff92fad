//! What the parser of entries refuses although the types would hold it.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a failed test is a panic, and a skipped one says so")]

use testigo_count::{Entry, EntryError};

const RULE: &str = r#""people":2,"qr_from_custody":true,"signatures":1,"single_published":false"#;

fn election(rule: &str) -> String {
    let hash = "0".repeat(64);
    format!(
        r#"{{"counting":{{{rule}}},"definition":"{hash}","origin":"example.org/a","pack":"{hash}","readers":{{}},"register":"{hash}","register_origin":"list","type":"election","v":1}}"#
    )
}

#[test]
fn rules_that_would_let_one_person_decide_are_refused() {
    assert!(Entry::parse(election(RULE).as_bytes()).is_ok());
    for rule in [RULE.replace("signatures\":1", "signatures\":0"), RULE.replace("people\":2", "people\":1")] {
        assert!(matches!(Entry::parse(election(&rule).as_bytes()), Err(EntryError::Malformed(_))), "{rule}");
    }
}

#[test]
fn times_tell_ten_minutes_and_no_less() {
    let intake = |time: u64| format!(r#"{{"commitments":[],"source":"public","time":{time},"type":"intake","v":1}}"#);
    assert!(Entry::parse(intake(1_935_000_000).as_bytes()).is_ok());
    assert!(matches!(Entry::parse(intake(1_935_000_001).as_bytes()), Err(EntryError::Malformed(_))));
}

#[test]
fn a_failure_supersedes_nothing() {
    let failure =
        |prev: &str| format!(r#"{{"failure":"no-code-found",{prev}"reader":"qr","sheet":3,"type":"reading","v":1}}"#);
    assert!(Entry::parse(failure("").as_bytes()).is_ok());
    assert!(matches!(Entry::parse(failure(r#""prev":4,"#).as_bytes()), Err(EntryError::Malformed(_))));
}
