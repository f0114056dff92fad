//! Proclaimed figures with the real program: recorded once, changed visibly, verified.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod common;

use common::Place;

const FIRST: &str = r#"{ "bulletins": [
  { "number": 1, "announced": "2030-05-20", "coverage": 80, "votes": { "MV": 400, "TO": 500 } },
  { "number": 2, "votes": { "MV": 450, "TO": "many" } }
] }"#;

#[test]
fn figures_are_recorded_once_and_a_change_names_what_it_changes() {
    let place = Place::with_demo();
    place.write("first.json", FIRST);
    let official = |file: &str, more: &[&str]| {
        let arguments = [&["official", "archive", file, "--format", "json"], more].concat();
        place.run(&arguments)
    };
    let report = official("first.json", &[]).finished().json();
    assert_eq!(report["new"][0]["entry"], 1);
    assert!(report["left_out"][0].as_str().unwrap().contains("line 3, field `bulletins[1].votes.TO`"), "{report}");

    place.write("first.json", FIRST.replace("\"many\"", "510"));
    let report = official("first.json", &[]).done().json();
    assert_eq!((&report["known"], &report["new"][0]["entry"]), (&1.into(), &2.into()));
    let again = official("first.json", &[]).done().json();
    assert_eq!((&again["known"], again["new"].as_array().unwrap().len()), (&2.into(), 0));

    place.write("changed.json", FIRST.replace("\"many\"", "530"));
    let changed = official("changed.json", &[]).done().json();
    assert_eq!((&changed["new"][0]["entry"], &changed["new"][0]["supersedes"]), (&3.into(), &2.into()));
    // The earlier file again is no news, unless someone says that the figures were changed back.
    let back = official("first.json", &[]).done().json();
    assert_eq!((back["outdated"].as_array().unwrap().len(), back["new"].as_array().unwrap().len()), (1, 0));
    let back = official("first.json", &["--again"]).done().json();
    assert_eq!((&back["new"][0]["entry"], &back["new"][0]["supersedes"]), (&4.into(), &3.into()));
    place.run(&["verify", "archive"]).done();
}
