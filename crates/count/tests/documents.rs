//! Documents are read as `docs/ledger-format.md` says, so that every verifier reads them alike.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod made_up;

use made_up::{ELECTION, PACK};
use testigo_count::sheet_layout::Figure;
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

/// Where a pack says that a sheet prints a number, there is such a number, and it is not hidden.
#[test]
fn places_of_numbers_are_held_against_the_election() {
    let definition = Definition::parse("election.toml", ELECTION.as_bytes()).unwrap();
    let parse = |figures: &str| {
        let sheet =
            "[[sheet]]\nid = \"strip\"\nvotes = [[0, 1000, 10000, 5000]]\npersonal = [[0, 5100, 10000, 8000]]\n";
        Pack::parse("pack.toml", format!("{PACK}\n{sheet}{figures}\n").as_bytes(), &definition)
    };
    let pack = parse(
        "[sheet.figures.mayor]\nB = [0, 2000, 10000, 3000]\nA = [0, 1000, 10000, 2000]\nnull = [0, 4000, 10000, 4500]",
    )
    .unwrap();
    let found: Vec<_> =
        pack.sheets[0].figures.iter().map(|place| (place.contest, place.figure, place.area[1])).collect();
    assert_eq!(
        found,
        [(0, Figure::Candidate(0), 1_000), (0, Figure::Candidate(1), 2_000), (0, Figure::Other(0), 4_000)]
    );
    for (figures, message) in [
        ("[sheet.figures.nobody]\nA = [0, 1000, 10000, 2000]", "the election has no contest `nobody`"),
        (
            "[sheet.figures.mayor]\nZ = [0, 1000, 10000, 2000]",
            "contest `mayor` has no candidate and no other number `Z`",
        ),
        (
            "[sheet.figures.mayor]\nA = [0, 2000, 10000, 1000]",
            "an area is [left, top, right, bottom] in ten-thousandths",
        ),
        ("[sheet.figures.mayor]\nA = [0, 4900, 10000, 5200]", "this number is printed in an area that is to be hidden"),
    ] {
        let error = parse(figures).unwrap_err().to_string();
        assert!(error.contains(message) && error.contains("sheet.figures") && error.contains("line"), "{error}");
    }
}
