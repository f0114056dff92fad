//! Documents are read as `docs/ledger-format.md` says, so that every verifier reads them alike.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod made_up;

use made_up::{ELECTION, PACK};
use testigo_count::{Definition, Pack};

/// What TOML 1.1 allows and TOML 1.0 does not.
#[test]
fn what_only_newer_versions_of_toml_allow_is_refused() {
    assert!(Definition::parse("election.toml", ELECTION.as_bytes()).is_ok());
    let definition = Definition::parse("election.toml", ELECTION.as_bytes()).unwrap();
    assert!(Pack::parse("pack.toml", PACK.as_bytes(), &definition).is_ok());
    for (old, new) in [
        (r#"{ id = "B", name = "Bo" }"#, "{ id = \"B\",\n name = \"Bo\" }"),
        (r#"{ id = "B", name = "Bo" }"#, r#"{ id = "B", name = "Bo", }"#),
        (r#"name = "Bo""#, r#"name = "\x42o""#),
        (r#"name = "Bo""#, r#"name = "B\e""#),
    ] {
        let changed = ELECTION.replace(old, new);
        assert_ne!(changed, ELECTION);
        assert!(Definition::parse("election.toml", changed.as_bytes()).is_err(), "{new}");
    }
}
