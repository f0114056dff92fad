//! The drill of `docs/stolen-key.md`, line by line: every command is run, and says what the page says.
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
