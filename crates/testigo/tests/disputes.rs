//! A second sheet for a station that says something else: from custody it disputes, from the public it objects, and
//! only a signed ruling settles it.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod common;

use common::Place;
use common::sheets::{STATIONS, payload, sheet};
use serde_json::Value;

const STATION: &str = STATIONS[0];

/// An archive with one sheet in custody, and another for the same station with other numbers.
fn with_two_sheets(second_source: &str) -> Place {
    let place = Place::with_demo();
    place.adjudicator("archive", "ana");
    place.write("right/a.jpg", sheet(&[&payload(STATION, 90)]));
    place.write("doctored/b.jpg", sheet(&[&payload(STATION, 60)]));
    place.run(&["import", "archive", "right"]).done();
    place.run(&["read", "archive"]).done().says(&["1 sheet tried, 1 read"]);
    place.run(&["import", "archive", "doctored", "--source", second_source]).done();
    place
}

/// State of the stations and votes of the first candidate: the sum of three lines of the ballot.
fn stand(place: &Place) -> (u64, u64, u64, u64) {
    let tally = place.tally("archive");
    let number = |value: &Value| value.as_u64().unwrap();
    let stations = &tally["stations"];
    (
        number(&stations["counted"]),
        number(&stations["disputed"]),
        number(&stations["objected"]),
        number(&tally["candidates"][0]["votes"]),
    )
}

const RIGHT: u64 = 90 + 87 + 84;
const DOCTORED: u64 = 60 + 57 + 54;

/// The entry of the reading whose first candidate has so many votes, from what `check` lists.
fn reading_with(place: &Place, votes: u64) -> String {
    let checks = place.checks("archive");
    let readings = checks.iter().filter_map(|line| line["readings"].as_array()).flatten();
    let votes = format!("MV {votes}");
    let found = readings.clone().find(|reading| reading["votes"][0] == votes.as_str());
    found.unwrap_or_else(|| panic!("no reading with {votes} in {checks:?}"))["entry"].to_string()
}

fn sheet_with(place: &Place, votes: u64) -> String {
    let checks = place.checks("archive");
    let votes = format!("MV {votes}");
    let readings = checks.iter().filter_map(|line| line["readings"].as_array()).flatten();
    readings.clone().find(|reading| reading["votes"][0] == votes.as_str()).unwrap()["sheet"].to_string()
}

/// Rules, and gives the entry of the ruling.
fn rule(place: &Place, arguments: &[&str]) -> String {
    let all = [&["rule", "archive"], arguments, &["--reason", "sheet-inspected", "--key", "ana.key"]].concat();
    let run = place.run(&all).done();
    run.out.split([' ', ':']).nth(1).unwrap().to_owned()
}

#[test]
fn a_doctored_sheet_in_custody_disputes_until_a_ruling() {
    let place = with_two_sheets("custody");
    place.run(&["read", "archive"]).done().says(&[
        "0 agree",
        "1 differ",
        &format!("station {STATION} (doctored/b.jpg): disputed"),
    ]);
    assert_eq!(stand(&place), (0, 1, 0, 0));
    place.run(&["check", "archive"]).finished().says(&["disputed   readings-differ", STATION, "MV 261", "MV 171"]);

    let right = rule(&place, &["accept", "--reading", &reading_with(&place, RIGHT)]);
    assert_eq!(stand(&place), (1, 0, 0, RIGHT));
    let withdrawn = rule(&place, &["withdraw", "--supersedes", &right]);
    assert_eq!(stand(&place), (0, 1, 0, 0), "without the ruling it is disputed again");
    rule(&place, &["accept", "--reading", &reading_with(&place, DOCTORED), "--supersedes", &withdrawn]);
    assert_eq!(stand(&place), (1, 0, 0, DOCTORED), "a ruling settles it the other way too");
    place.run(&["verify", "archive"]).done();
}

#[test]
fn rejecting_the_doctored_sheet_settles_it_too() {
    let place = with_two_sheets("custody");
    place.run(&["read", "archive"]).done();
    let ruling = rule(&place, &["reject", "--sheet", &sheet_with(&place, DOCTORED)]);
    assert_eq!(stand(&place), (1, 0, 0, RIGHT));
    rule(&place, &["withdraw", "--supersedes", &ruling]);
    assert_eq!(stand(&place), (0, 1, 0, 0));
}

#[test]
fn a_doctored_sheet_from_the_public_objects_and_changes_nothing() {
    let place = with_two_sheets("public");
    place.run(&["read", "archive"]).done().says(&["1 differ", "objected"]);
    assert_eq!(stand(&place), (1, 0, 1, RIGHT));
    place.run(&["check", "archive"]).finished().says(&["objected   objected", "public"]);

    let rejected = rule(&place, &["reject", "--sheet", &sheet_with(&place, DOCTORED)]);
    assert_eq!(stand(&place), (1, 0, 0, RIGHT));
    let withdrawn = rule(&place, &["withdraw", "--supersedes", &rejected]);
    assert_eq!(stand(&place), (1, 0, 1, RIGHT), "without the ruling the objection stands again");
    rule(&place, &["accept", "--reading", &reading_with(&place, DOCTORED), "--supersedes", &withdrawn]);
    assert_eq!(stand(&place), (1, 0, 0, DOCTORED), "a ruling can also find the public's sheet right");
}

#[test]
fn a_doctored_sheet_contradicts_a_published_row_in_the_same_way() {
    for (source, expected) in [("custody", (1, 1, 0)), ("public", (2, 0, 1))] {
        let place = Place::new();
        place.write("results.csv", common::results::rows(2));
        place.run(&["init", "archive", "--pack", common::results::PACK, "--register", "results.csv"]).done();
        place.run(&["import", "archive", "results.csv"]).done();
        let (counted, disputed, objected, votes) = stand(&place);
        assert_eq!((counted, disputed, objected), (2, 0, 0));
        place.write("doctored.jpg", sheet(&[&common::results::payload(1, 38, "7")]));
        place.run(&["import", "archive", "doctored.jpg", "--source", source]).done();
        place.run(&["read", "archive"]).done();
        let (counted, disputed, objected, after) = stand(&place);
        assert_eq!((counted, disputed, objected), expected, "{source}");
        assert_eq!(after == votes, source == "public");
        // A sheet with the very numbers of the row confirms it.
        place.write("right.jpg", sheet(&[&common::results::payload(0, 38, "")]));
        place.run(&["import", "archive", "right.jpg", "--source", source]).done();
        place
            .run(&["read", "archive"])
            .done()
            .says(&["1 agree with everything else known of their station, 0 differ, 0 held"]);
    }
}

#[test]
fn a_ruling_that_is_not_signed_by_an_admitted_key_writes_nothing() {
    let place = with_two_sheets("custody");
    place.run(&["read", "archive"]).done();
    let reading = reading_with(&place, RIGHT);
    let size = place.size("archive");
    let base = ["rule", "archive", "accept", "--reading", &reading, "--reason", "sheet-inspected"];
    let refusals = [
        (vec![], "--key <FILE>"),
        (vec!["--key", "nobody.key"], "there is no key at nobody.key"),
        (vec!["--key", "stranger.key"], "0 of 1 needed signatures by admitted adjudicators are valid"),
        (vec!["--key", "impostor.key"], "0 of 1 needed signatures"),
    ];
    place.run(&["key", "create", "stranger.key", "--name", "stranger"]).done();
    place.run(&["key", "create", "impostor.key", "--name", "ana"]).done();
    for (key, message) in refusals {
        let run = place.run(&[&base[..], &key].concat()).exits(2);
        assert!(run.err.contains(message) && run.out.is_empty(), "`{message}` is missing: {run}");
        assert_eq!(place.size("archive"), size, "{run}");
    }
    let wrong = [
        (vec!["accept", "--reading", &reading, "--reason", "because"], "not a reason code"),
        (vec!["accept", "--reading", "0", "--reason", "sheet-inspected"], "0"),
        (vec!["accept", "--reading", "99999", "--reason", "sheet-inspected"], "99999"),
        (vec!["reject", "--sheet", &reading, "--reason", "sheet-inspected"], "sheet"),
        (vec!["move", "--sheet", "3", "--station", "a b", "--reason", "wrong-station"], "station id"),
        (vec!["withdraw", "--reason", "sheet-inspected"], "--supersedes"),
        (vec!["withdraw", "--supersedes", "1", "--reason", "sheet-inspected"], "1"),
    ];
    for (arguments, message) in wrong {
        let run = place.run(&[&["rule", "archive"], &arguments[..], &["--key", "ana.key"]].concat()).refused();
        assert!(run.err.contains(message), "`{message}` is missing: {run}");
        assert_eq!(place.size("archive"), size, "{run}");
    }
}

#[test]
fn other_rulings() {
    let place = Place::with_demo();
    place.adjudicator("archive", "ana");
    place.write("a.jpg", sheet(&[&payload(STATION, 90)]));
    place.run(&["import", "archive", "a.jpg"]).done();
    place.run(&["read", "archive"]).done();
    assert_eq!(stand(&place), (1, 0, 0, RIGHT));
    // Entries: election, key, intake, sheet, two readings.
    let sheet = "3";
    let moved = rule(&place, &["move", "--sheet", sheet, "--station", STATIONS[1]]);
    let region = place.run(&["tally", "archive", "--unit", "place/0101010101", "--format", "json"]).done().json();
    let states: Vec<&str> =
        region["children"].as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["awaited", "counted"]);
    rule(&place, &["withdraw", "--supersedes", &moved]);
    assert_eq!(stand(&place), (1, 0, 0, RIGHT));

    let closed = rule(&place, &["not-installed", "--station", STATIONS[5]]);
    assert_eq!(place.tally("archive")["stations"]["not_installed"], 1);
    rule(&place, &["withdraw", "--supersedes", &closed]);
    assert_eq!(place.tally("archive")["stations"]["not_installed"], 0);

    rule(&place, &["withhold", "--sheet", sheet]);
    assert_eq!(stand(&place), (1, 0, 0, RIGHT), "a picture that is not shown keeps its numbers");
    place.run(&["verify", "archive"]).done();
}
