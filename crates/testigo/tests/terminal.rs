//! What the program says when it is asked for help, asked wrongly, or when nobody listens to the end.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a failed test is a panic; a skipped one says so")]

mod common;

use std::fs::OpenOptions;
use std::process::Command;

use common::{Place, Run, golden, results};

/// Every command and subcommand, as the help of the program itself lists them.
fn commands(place: &Place, of: &[&str]) -> Vec<String> {
    let help = place.run(&[of, &["--help"]].concat()).done().out;
    let Some((_, listed)) = help.split_once("Commands:\n") else { return Vec::new() };
    let listed = listed.lines().take_while(|line| line.starts_with("  "));
    // A description that is broken over lines is indented further.
    let names = listed.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn help_of_every_command() {
    let place = Place::new();
    let mut said = place.run(&["--help"]).done().to_string();
    let names = commands(&place, &[]);
    assert!(names.len() >= 12, "{names:?}");
    for name in &names {
        let run = place.run(&[name, "--help"]).done();
        assert!(run.out.contains("Example"), "no example: {run}");
        said.push_str(&run.to_string());
        for inner in commands(&place, &[name]) {
            said.push_str(&place.run(&[name, &inner, "--help"]).done().to_string());
        }
    }
    golden("help", &said);
}

#[test]
fn wrong_arguments() {
    let place = Place::with_demo();
    let cases: [&[&str]; 16] = [
        &[],
        &["count"],
        &["tally"],
        &["tally", "archive", "--colour"],
        &["tally", "archive", "--format", "xml"],
        &["tally", "archive", "--contest", "mayor"],
        &["tally", "archive", "--unit", "99"],
        &["tally", "archive", "--unit", "shire/01"],
        &["read", "archive", "--jobs", "many"],
        &["read", "archive", "--jobs", "-1"],
        &["import", "archive", "register.csv", "--source", "friends"],
        &["rule", "archive", "accept", "--reading", "first", "--reason", "sheet-inspected", "--key", "a.key"],
        &["key", "create", "a.key", "--name", "Ana López"],
        &["key", "admit", "archive", "nonsense"],
        &["serve", "archive", "--listen", "8080"],
        &["init", "archive-2", "--pack", "atlantis"],
    ];
    let said: String = cases.iter().map(|case| place.run(case).exits(2).to_string()).collect();
    golden("wrong_arguments", &said);
}

/// Runs a line of shell in the place, with the program as `$T`.
fn shell(place: &Place, line: &str) -> Run {
    let mut command = Command::new("bash");
    command.args(["-c", line]).current_dir(place.path("")).env("T", env!("CARGO_BIN_EXE_testigo"));
    command.env("HOME", place.path("")).env("TESTIGO_KEYS", place.path("keys"));
    Run::of(&[line], &command.output().unwrap())
}

#[test]
fn a_reader_that_goes_away_is_no_error_and_ends_no_work() {
    let place = Place::new();
    place.write("results.csv", results::rows(2_000));
    place.write("more.csv", results::rows(2_010));
    place.run(&["init", "archive", "--pack", results::PACK, "--register", "results.csv"]).done();
    place.run(&["import", "archive", "results.csv"]).done();

    let read = "$T tally archive --unit state/01 --format json | head -1; echo ${PIPESTATUS[0]}";
    assert_eq!(
        shell(&place, read).done().to_string().split_once('\n').unwrap().1.lines().skip(1).collect::<Vec<_>>(),
        ["{", "0", "[exit code Some(0)]"]
    );
    let run =
        shell(&place, "$T check archive | true; $T --help | true; $T verify archive | head -0; echo ${PIPESTATUS[0]}");
    assert_eq!((run.out.as_str(), run.err.as_str()), ("0\n", ""));

    // Two files are imported although nobody hears of the first.
    let run = shell(&place, "$T import archive results.csv more.csv | true; echo ${PIPESTATUS[0]}");
    assert_eq!((run.out.as_str(), run.err.as_str()), ("0\n", ""));
    assert_eq!(place.tally("archive")["stations"]["held"], 10);
    // What is wrong is in the exit code all the same.
    let run = shell(&place, "$T check archive | true; echo ${PIPESTATUS[0]}");
    assert_eq!((run.out.as_str(), run.err.as_str()), ("1\n", ""));
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error() {
    if OpenOptions::new().write(true).open("/dev/full").is_err() {
        println!("SKIPPED: this system has no /dev/full");
        return;
    }
    let place = Place::with_demo();
    let run = shell(&place, "$T tally archive --format json > /dev/full").finished();
    assert!(run.err.starts_with("error: the answer cannot be written to the end: No space left"), "{run}");
}

#[test]
fn version_and_packs() {
    let place = Place::new();
    place.run(&["--version"]).done().says(&["testigo "]);
    let listed = place.run(&["pack", "list"]).done();
    golden("packs", &listed.out);
    for line in listed.out.lines() {
        let name = line.split_whitespace().next().unwrap();
        place.run(&["pack", "check", name]).done().says(&["is complete and consistent"]);
    }
}
