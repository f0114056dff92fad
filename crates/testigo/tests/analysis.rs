//! `testigo analyse` from outside: what it prints, to whom, and what it does with wrong words.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a failed test is a panic, and a skipped one says so")]

mod common;

use common::{Place, real};
use serde_json::json;

const FIRST: &str = "ve2024/RESULTADOS_2024_CSV_V1.csv.xz";

/// A made-up election with everything that can go wrong in one, read as far as it can be.
fn made_up() -> Place {
    let place = Place::new();
    place.run(&["simulate", "made-up", "--stations", "60", "--seed", "5"]).done();
    place.run(&["init", "archive", "--pack", "demo", "--register", "made-up/register.csv"]).done();
    place.run(&["import", "archive", "made-up/sheets"]);
    place.run(&["read", "archive"]);
    place
}

/// Words that would say more than was computed, in no answer.
fn says_no_more_than_it_knows(text: &str) {
    let lower = text.to_lowercase();
    for word in ["fraud", "clean", "proof", "proves", "anomalous", "stolen", "rigged"] {
        assert!(!lower.contains(word), "`{word}` is in the answer");
    }
}

#[test]
fn a_real_election_in_every_form() {
    let Some(first) = real(FIRST) else { return };
    let place = Place::new();
    place.write("V1.csv", first);
    place.run(&["init", "archive", "--pack", "ve-2024", "--register", "V1.csv"]).done();
    place.run(&["import", "archive", "V1.csv", "--format", "convzla"]).done();

    let table = place.run(&["analyse", "archive", "--no-simulation"]).done().says(&[

        "from 24,532 sheets of 30,026 stations",
        "CERTAIN, if the sheets are genuine",
        "EG leads NM by 3,915,001 on the sheets. 3,647,225 registered voters are on no sheet (Final register, with voters abroad).",
        "Even if every one of them had voted for NM, EG would lead by 267,776: settled.",
        "at least 6,168 of the sheets (25.14 %) would have to be false",
        "ASSUMED",
        "READ THESE SHEETS AGAIN",
        "171302011.01     the same votes as 191001007.01",
        "UNKNOWN",
        "What 5,494 stations without a counted sheet hold",
    ]);
    says_no_more_than_it_knows(&table.out);

    let answer = place.run(&["analyse", "archive", "--no-simulation", "--format", "json"]).done().json();
    assert_eq!(answer["S01_data"]["duplicate_urls"], json!(0));
    assert_eq!(answer["S01_data"]["sha256"], "fd2712796bf8ec77dfe02e07cd864882c93f4079238c2d21b822b7b9a999f8ea");
    assert_eq!(answer["about"]["data"]["ledger"]["size"], json!(place.size("archive")));
    let about = answer["about"]["blocks"].as_object().unwrap();
    for (key, block) in answer.as_object().unwrap() {
        if !["about", "tests", "read_again"].contains(&key.as_str()) {
            assert!(block.is_object() || block.is_array(), "{key}");
            assert_eq!(about[key]["coverage"], "24532 of 30026 stations", "{key}");
        }
    }

    // The same numbers for a notebook, one line each.
    let lines = place.run(&["analyse", "archive", "--no-simulation", "--format", "csv", "--screen", "bounds"]).done();
    let mut reader = csv::Reader::from_reader(lines.out.as_bytes());
    let rows: Vec<(String, String, String)> = reader.deserialize().map(Result::unwrap).collect();
    let key = "S02_bounds.in_country.missing_registered";
    let found = rows.iter().find(|(_, name, _)| name == key).unwrap();
    assert_eq!((found.0.as_str(), found.2.as_str()), ("S02_bounds", "3578014"));
}

#[test]
fn a_made_up_election_with_sheets_of_every_kind() {
    let place = made_up();
    let ask = |seed| place.run(&["analyse", "archive", "--format", "json", "--seed", seed]).done();
    let one = ask("3");
    says_no_more_than_it_knows(&one.out);
    assert_eq!(one.json(), ask("3").json());
    let other = ask("4").json();
    let one = one.json();
    assert_eq!(one["S13_within_centre"], other["S13_within_centre"], "no chance in it");
    assert_ne!(one["S10_last_digit"]["calibrated_null"], other["S10_last_digit"]["calibrated_null"]);
    assert_eq!(one["S01_data"]["tables"], place.tally("archive")["stations"]["counted"]);
    assert_eq!(one["about"]["blocks"]["S10_last_digit"]["seed"], json!(3));
}

#[test]
fn wrong_words() {
    let place = Place::with_demo();
    let complains = |words: &[&str], parts: &[&str]| {
        let run = place.run(&[&["analyse", "archive"], words].concat()).refused();
        assert!(parts.iter().all(|part| run.err.contains(part)), "{run}");
    };
    complains(&[], &["no station counts in contest `president` yet", "hint: `testigo tally`"]);
    complains(&["--screen", "bounds", "nonsense"], &["there is no screen `nonsense`", "robustness"]);
    for (settings, complaint) in [
        ("places = \"village\"", "field `places`: the pack has no level `village`"),
        ("place = \"state\"", "settings.toml: TOML parse error at line 1"),
    ] {
        place.write("settings.toml", settings);
        complains(&["--settings", "settings.toml"], &[complaint]);
    }
}
