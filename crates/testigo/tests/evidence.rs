//! Evidence packs and audits with the real program; packs are checked by the Python checker that lies in them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed test is a panic; a skipped one says so"
)]

mod common;

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::process::Command;

use common::{Place, sheets};

/// An archive with three sheets in it, read.
fn archive() -> Place {
    let place = Place::with_demo();
    for (at, station) in sheets::STATIONS.iter().take(3).enumerate() {
        let payload = sheets::payload(station, 60 + u32::try_from(at).unwrap());
        place.write(&format!("sheets/{at}.jpg"), sheets::sheet(&[&payload]));
    }
    place.run(&["import", "archive", "sheets"]).done();
    place.run(&["read", "archive"]).done();
    place
}

fn unzip(place: &Place, file: &str, into: &str) -> BTreeMap<String, Vec<u8>> {
    let mut zip = zip::ZipArchive::new(Cursor::new(place.read(file))).unwrap();
    let mut files = BTreeMap::new();
    for at in 0..zip.len() {
        let mut one = zip.by_index(at).unwrap();
        let mut bytes = Vec::new();
        one.read_to_end(&mut bytes).unwrap();
        place.write(&format!("{into}/{}", one.name()), &bytes);
        files.insert(one.name().to_owned(), bytes);
    }
    files
}

/// The checker inside the pack, with Python alone.
fn check(place: &Place, folder: &str) -> (bool, String) {
    check_with(place, folder, None)
}

/// The same, with a public key from elsewhere.
fn check_with(place: &Place, folder: &str, key: Option<&str>) -> (bool, String) {
    let done = Command::new("python3")
        .args(["-B", "checker/evidence_check.py", "."])
        .args(key.into_iter().flat_map(|key| ["--key", key]))
        .current_dir(place.path(folder))
        .output()
        .unwrap();
    (done.status.success(), String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned())
}

#[test]
fn a_pack_is_the_same_every_time_and_checks_without_the_program() {
    let place = archive();
    let counted = sheets::STATIONS[0];
    let first = ["evidence", "archive", counted, "--out", "first.zip"];
    place.run(&first).done();
    place.run(&first).refused();
    place.run(&["evidence", "archive", counted, counted, "--out", "second.zip"]).done();
    assert_eq!(place.read("first.zip"), place.read("second.zip"));
    place.run(&["evidence", "archive", "no-such", "--out", "third.zip"]).refused();

    let files = unzip(&place, "first.zip", "pack");
    for wanted in
        ["manifest", "README.txt", "arithmetic.json", "report.es.html", "report.en.pdf", "entries/0.json", "ledger/key"]
    {
        assert!(files.contains_key(wanted), "{wanted} is missing in {:?}", files.keys());
    }
    assert!(files.keys().any(|path| path.starts_with("renditions/")), "the sheet's picture is there");
    assert!(files["report.es.pdf"].starts_with(b"%PDF-1.4") && files["report.es.pdf"].ends_with(b"%%EOF\n"));
    let (right, said) = check(&place, "pack");
    assert!(right, "{said}");

    // Whatever is changed is seen.
    let picture = files.keys().find(|path| path.starts_with("renditions/")).unwrap();
    let reading = files.keys().rfind(|path| path.starts_with("entries/")).unwrap();
    for path in [picture.as_str(), "arithmetic.json", reading.as_str(), "report.en.html", "manifest"] {
        let mut changed = files[path].clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        place.write(&format!("pack/{path}"), &changed);
        let (right, said) = check(&place, "pack");
        assert!(!right && said.contains("WRONG"), "{path}: {said}");
        place.write(&format!("pack/{path}"), &files[path]);
    }
    place.write("pack/extra.txt", "not of the pack");
    assert!(!check(&place, "pack").0);
}

/// A pack that was made after the ledger's key was replaced checks with the new key, and says so to who has the old one.
#[test]
fn a_pack_outlives_the_keys_that_were_replaced() {
    let place = archive();
    let counted = sheets::STATIONS[0];
    let key = || String::from_utf8(place.read("archive/ledger/key")).unwrap();
    let old = key().trim().to_owned();
    place.run(&["key", "create", "offline.key", "--name", "offline"]).done();
    place.run(&["key", "recovery", "archive", "offline.key"]).done();
    place.run(&["evidence", "archive", counted, "--out", "before.zip"]).done();
    place.run(&["key", "create", "new.key", "--for", "archive"]).done();
    place.run(&["key", "rotate", "archive", "--recovery", "offline.key", "--new", "new.key"]).done();
    let with_the_old_key = place.run(&["evidence", "archive", counted, "--out", "refused.zip"]);
    with_the_old_key.refused();
    let make = ["evidence", "archive", counted, "--ledger-key", "new.key", "--out", "after.zip"];
    place.run(&make).done();
    let new = key().lines().last().unwrap().split_once(' ').unwrap().1.to_owned();

    unzip(&place, "before.zip", "before");
    assert!(check_with(&place, "before", Some(&old)).0, "what was signed before stays good");
    let files = unzip(&place, "after.zip", "after");
    assert_eq!(files["ledger/key"], key().into_bytes());
    for key in [None, Some(new.as_str())] {
        let (right, said) = check_with(&place, "after", key);
        assert!(right, "{said}");
    }
    let (right, said) = check_with(&place, "after", Some(&old));
    assert!(!right && said.contains("was replaced"), "{said}");
    // A key that no entry made the ledger's.
    let forged = String::from_utf8(files["ledger/key"].clone()).unwrap().replace(&new, &old);
    place.write("after/ledger/key", forged);
    assert!(!check_with(&place, "after", None).0);
}

/// What was proclaimed for a station and what an audit found there stand in its report.
#[test]
fn a_report_has_what_was_proclaimed_and_what_an_audit_found() {
    let place = archive();
    let counted = sheets::STATIONS[0];
    place.write("one.csv", format!("bulletin,station,MV,TO\n1,{counted},12,34\n"));
    place.run(&["official", "archive", "one.csv"]).done();
    place.run(&["audit", "archive", "draw"]).done();
    place.run(&["audit", "archive", "draw", "--seed", "5"]).done();
    place.run(&["audit", "archive", "record", counted, "--against", "paper", "--missing"]).done();
    place.run(&["evidence", "archive", counted, "--out", "pack.zip"]).done();
    let files = unzip(&place, "pack.zip", "pack");
    let report = String::from_utf8(files["report.en.html"].clone()).unwrap();
    assert!(report.contains("Proclaimed for this place, bulletin 1") && report.contains(" 34."), "{report}");
    assert!(report.contains("Against sheets on paper") && report.contains("nothing to look at"), "{report}");
    let readme = String::from_utf8(files["README.txt"].clone()).unwrap();
    assert!(readme.lines().all(|line| line.chars().count() <= 90), "{readme}");
    assert!(check(&place, "pack").0);
}

#[test]
fn an_audit_takes_its_steps_in_order_and_nothing_else() {
    let place = archive();
    place.run(&["audit", "archive", "risk"]).refused();
    place.run(&["audit", "archive", "draw", "--seed", "314159"]).refused();
    place.run(&["audit", "archive", "draw"]).done().says(&["its hash is"]);
    place.run(&["audit", "archive", "risk"]).refused();
    place.run(&["audit", "archive", "draw", "--seed", "dice"]).refused();
    let drawn = place.run(&["audit", "archive", "draw", "--seed", "314159", "--format", "json"]).done().json();
    place.run(&["audit", "archive", "draw", "--seed", "271828"]).refused();
    let order: Vec<String> =
        drawn["drawn"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect();
    assert!(!order.is_empty());
    let again = place.run(&["audit", "archive", "draw", "--format", "json"]).done().json();
    assert_eq!(again, drawn, "anybody draws the same");

    let record = |station: &str, more: &[&str]| {
        place.run(&[&["audit", "archive", "record", station, "--against", "paper"], more].concat())
    };
    record(&order[0], &[]).refused();
    record("no-such", &["--same"]).refused();
    record(&order[0], &["--votes", "MV=1"]).refused();
    record(&order[0], &["--same"]).done();
    let risk = || place.run(&["audit", "archive", "risk", "--against", "paper", "--format", "json"]).done().json();
    let audit = |answer: &serde_json::Value| answer["audits"][0]["outcome_on_the_list"].clone();
    let one = audit(&risk());
    assert_eq!((&one["sample"], &one["different"], &one["missing"]), (&1.into(), &0.into(), &0.into()));
    if let Some(second) = order.get(1) {
        record(second, &["--missing"]).done();
        let worst = audit(&risk());
        assert_eq!((&worst["sample"], &worst["missing"]), (&2.into(), &1.into()));
        assert!(worst["kaplan_markov"].as_f64() > one["kaplan_markov"].as_f64());
    }
    place.run(&["verify", "archive"]).done();
}
