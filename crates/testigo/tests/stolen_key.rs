//! Keys: the drill of `docs/stolen-key.md`, line by line, where every command is run and says what the page says; where keys may lie; passphrases.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test is a panic")]

mod common;

use std::path::Path;
use std::process::Command;

use common::Place;

#[test]
fn the_drill_goes_as_the_page_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/stolen-key.md");
    let page = std::fs::read_to_string(page).unwrap();
    let place = Place::new();
    place.write("passphrase", "correct horse battery staple\n");
    let mut steps: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in page.lines().filter_map(|line| line.strip_prefix("    ")) {
        match line.strip_prefix("$ ") {
            Some(command) => steps.push((command, Vec::new())),
            None => steps.last_mut().unwrap().1.push(line),
        }
    }
    assert!(steps.len() > 25, "the page has {} steps", steps.len());
    for (command, expected) in steps {
        let words: Vec<&str> = command.split(' ').collect();
        let output = match words.as_slice() {
            ["testigo", arguments @ ..] => {
                let mut command = place.command(arguments);
                command.env("TESTIGO_PASSPHRASE_FILE", place.path("passphrase")).output().unwrap()
            }
            [program @ "cp", arguments @ ..] => {
                Command::new(program).args(arguments).current_dir(place.path("")).output().unwrap()
            }
            other => panic!("{other:?} is no step of the drill"),
        };
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        let refusals = ["NOT SIGNED", "WRONG", "error"];
        let refused = expected.iter().any(|line| refusals.iter().any(|word| line.starts_with(word)));
        assert_eq!(output.status.success(), !refused, "$ {command}\n{said}");
        for line in expected {
            assert!(said.contains(line), "$ {command}\nexpected: {line}\nsaid: {said}");
        }
    }
}

#[test]
fn a_key_is_never_made_inside_an_archive() {
    let place = Place::with_demo();
    for file in ["archive/ana.key", "archive/ledger/ana.key"] {
        let refused = place.run(&["key", "create", file, "--name", "ana"]);
        assert!(refused.code == Some(2) && refused.err.contains("inside the archive"), "{}", refused.err);
        assert!(!place.path(file).exists());
    }
    place.run(&["key", "create", "ana.key", "--name", "ana"]).done();
    let secret = String::from_utf8(place.read("ana.key")).unwrap();
    assert!(secret.starts_with("PRIVATE+KEY+ana+"));
    place.run(&["key", "admit", "archive", "ana.key"]).done();
    let secret = secret.trim().splitn(5, '+').last().unwrap().to_owned();
    assert_eq!(secret.len(), 44);
    for path in place.files("archive") {
        let bytes = std::fs::read(&path).unwrap();
        let held = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!held, "{} holds a private key", path.display());
    }
}

/// A locked key asks for its passphrase and signs nothing with another.
#[test]
fn a_locked_adjudicators_key_needs_its_passphrase() {
    let place = Place::with_demo();
    place.write("right", "correct horse battery staple\n");
    place.write("wrong", "correct horse battery stapler\n");
    place.write("short", "horse\n");
    let run = |file: &str, arguments: &[&str]| {
        let output = place.command(arguments).env("TESTIGO_PASSPHRASE_FILE", place.path(file)).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let create = ["key", "create", "ana.key", "--name", "ana", "--passphrase"];
    assert!(run("short", &create).1.contains("fewer than 12 letters"));
    assert_eq!(run("right", &create).0, Some(0));
    place.run(&["key", "admit", "archive", "ana.key"]).done();
    let rule =
        ["rule", "archive", "not-installed", "--station", "010101001.1", "--reason", "not-opened", "--key", "ana.key"];
    let (code, said) = run("wrong", &rule);
    assert!(code == Some(2) && said.contains("the passphrase does not open"), "{said}");
    // Nobody is there to ask.
    let unattended = place.run(&rule);
    assert!(unattended.code == Some(2) && unattended.err.contains("TESTIGO_PASSPHRASE_FILE"), "{}", unattended.err);
}
