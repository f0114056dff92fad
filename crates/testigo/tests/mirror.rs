//! Mirrors of a real archive: the same bytes wherever and however often they are made, only what changed when something did, whole again
//! after a kill, and with links that work from any folder.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use common::sheets::{STATIONS, payload, sheet};
use common::{Place, copy_folder};
use testigo_site::torrent::Contents;

fn with_sheets(number: usize) -> Place {
    let place = Place::with_demo();
    for (at, station) in STATIONS.iter().take(number).enumerate() {
        place.write(&format!("scans/{at}.jpg"), sheet(&[&payload(station, 60)]));
    }
    place.run(&["import", "archive", "scans"]).done();
    place.run(&["read", "archive"]).done();
    place.adjudicator("archive", "ana");
    place
}

/// Every file of a folder with its bytes and its number on the disk.
fn contents(place: &Place, folder: &str) -> BTreeMap<String, (Vec<u8>, u64)> {
    let root = place.path(folder);
    let files = place.files(folder).into_iter();
    files
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            let number = fs::metadata(&path).unwrap().ino();
            (name, (fs::read(path).unwrap(), number))
        })
        .collect()
}

fn bytes(contents: &BTreeMap<String, (Vec<u8>, u64)>) -> BTreeMap<&str, &[u8]> {
    contents.iter().map(|(name, (bytes, _))| (name.as_str(), bytes.as_slice())).collect()
}

#[test]
fn a_mirror_is_the_same_wherever_and_however_often_it_is_made() {
    let place = with_sheets(2);
    place.run(&["publish", "archive", "--out", "site"]).done();
    let first = contents(&place, "site");
    let again = place.run(&["publish", "archive", "--out", "site"]).done();
    assert!(again.out.contains("0 written, 0 removed"), "{again}");
    assert_eq!(contents(&place, "site"), first, "no file is touched");

    copy_folder(&place.path("archive"), &place.path("elsewhere/copy"));
    place.run(&["publish", "elsewhere/copy", "--out", "elsewhere/site", "--jobs", "1"]).done();
    let other = contents(&place, "elsewhere/site");
    assert!(bytes(&other) == bytes(&first), "a mirror made from a copy of the archive differs");
    place.run(&["verify", "elsewhere/site"]).done();
}

#[test]
fn a_new_sheet_changes_only_what_is_about_it() {
    let place = with_sheets(2);
    place.run(&["publish", "archive", "--out", "site"]).done();
    let before = contents(&place, "site");
    place.write("late/late.jpg", sheet(&[&payload(STATIONS[4], 40)]));
    place.run(&["import", "archive", "late"]).done();
    place.run(&["read", "archive"]).done();
    place.run(&["publish", "archive", "--out", "site"]).done();
    let after = contents(&place, "site");
    place.run(&["verify", "site"]).done();
    let page = |station: &str| format!("table/{station}/index.html");
    assert_ne!(before[&page(STATIONS[4])], after[&page(STATIONS[4])]);
    for station in [STATIONS[0], STATIONS[3]] {
        for name in [page(station), format!("en/{}", page(station)), format!("table/{station}.json")] {
            assert_eq!(before[&name], after[&name], "{name} is not about the new sheet");
        }
    }
    place.run(&["publish", "archive", "--out", "fresh"]).done();
    assert!(bytes(&contents(&place, "fresh")) == bytes(&after), "a mirror brought up to date differs from a new one");
}

/// How many files were taken for unchanged without being drawn.
fn known(run: &common::Run) -> usize {
    let line = run.out.lines().find_map(|line| line.strip_prefix("unchanged"));
    line.map_or(0, |line| line.split_whitespace().next().unwrap().replace(',', "").parse().unwrap())
}

#[test]
fn a_mirror_brought_up_to_date_step_by_step_is_the_same_as_a_new_one() {
    let place = with_sheets(3);
    let scan = |name: &str, station: &str, votes| {
        place.write(&format!("{name}/{name}.jpg"), sheet(&[&payload(station, votes)]));
        place.run(&["import", "archive", name]).done();
        place.run(&["read", "archive"]);
    };
    place.run(&["publish", "archive", "--out", "site"]).done();
    let sheet_of = |at: usize| {
        let table = String::from_utf8(place.read("site/data/sheets.csv")).unwrap();
        table.lines().nth(at + 1).unwrap().split(',').next().unwrap().to_owned()
    };
    let rule = |words: &[&str], reason: &str| {
        let end = ["--reason", reason, "--key", "ana.key"];
        place.run(&[&["rule", "archive"], words, &end[..]].concat()).done();
    };
    let steps: [&dyn Fn(); 7] = [
        &|| scan("new", STATIONS[4], 40),
        &|| scan("other", STATIONS[0], 41),
        &|| rule(&["reject", "--sheet", &sheet_of(0)], "duplicate-sheet"),
        &|| rule(&["withhold", "--sheet", &sheet_of(1)], "personal-data"),
        &|| scan("again", STATIONS[1], 60),
        &|| rule(&["move", "--sheet", &sheet_of(2), "--station", STATIONS[3]], "wrong-station"),
        &|| rule(&["not-installed", "--station", STATIONS[5]], "not-opened"),
    ];
    let mut all_known = 0;
    for (at, step) in steps.into_iter().enumerate() {
        step();
        all_known += known(&place.run(&["publish", "archive", "--out", "site"]).done());
        // By another program, as far as the note tells, nothing is taken for unchanged.
        fs::remove_file(place.path("archive/last-mirror")).unwrap();
        let fresh = place.run(&["publish", "archive", "--out", &format!("fresh{at}")]).done();
        assert_eq!(known(&fresh), 0, "{fresh}");
        let (site, fresh) = (contents(&place, "site"), contents(&place, &format!("fresh{at}")));
        let (site, fresh) = (bytes(&site), bytes(&fresh));
        let differing: Vec<_> = site.keys().filter(|name| site.get(*name) != fresh.get(*name)).collect();
        assert!(site == fresh, "after step {at} the mirror differs from a new one: {differing:?}");
    }
    assert!(all_known > 100, "only {all_known} files were taken for unchanged in all steps");
}

#[test]
fn a_mirror_by_another_program_is_drawn_again() {
    let place = with_sheets(1);
    place.run(&["publish", "archive", "--out", "site"]).done();
    let again = place.run(&["publish", "archive", "--out", "site"]).done();
    let before = known(&again);
    let note = String::from_utf8(place.read("archive/last-mirror")).unwrap();
    let mut lines: Vec<&str> = note.lines().collect();
    let other = "0".repeat(64);
    lines[1] = &other;
    place.write("archive/last-mirror", lines.join("\n"));
    let drawn = place.run(&["publish", "archive", "--out", "site"]).done();
    assert!(known(&drawn) < before / 2, "{drawn}");
    place.write("archive/last-mirror", "no note at all");
    place.run(&["publish", "archive", "--out", "site"]).done();
    assert_eq!(known(&place.run(&["publish", "archive", "--out", "site"]).done()), before);
}

#[test]
fn a_withheld_picture_leaves_the_mirror() {
    let place = with_sheets(2);
    place.run(&["publish", "archive", "--out", "site"]).done();
    let table = String::from_utf8(place.read("site/data/sheets.csv")).unwrap();
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    let column = rows.headers().unwrap().iter().position(|name| name == "rendition").unwrap();
    let row = rows.records().next().unwrap().unwrap();
    let (entry, picture) = (row[0].to_owned(), row[column].to_owned());
    let is_there = |place: &Place| contents(place, "site").keys().any(|name| name.contains(&picture));
    assert!(is_there(&place));
    let ruling = ["--sheet", &entry, "--reason", "personal-data", "--key", "ana.key"];
    place.run(&[&["rule", "archive", "withhold"], &ruling[..]].concat()).done();
    place.run(&["publish", "archive", "--out", "site"]).done();
    assert!(!is_there(&place), "the picture {picture} of sheet entry {entry} is still there");
    place.run(&["verify", "site"]).done();
}

#[test]
fn a_folder_of_something_else_is_left_alone() {
    let place = with_sheets(1);
    place.write("home/letter.txt", "dear friend");
    let run = place.run(&["publish", "archive", "--out", "home"]).refused();
    assert!(run.err.contains("home is neither empty nor a mirror"), "{run}");
    assert_eq!(place.read("home/letter.txt"), b"dear friend");
    assert_eq!(place.files("home").len(), 1);
    // Nor is a folder inside the mirror of another ledger.
    place.run(&["init", "other", "--pack", "demo", "--origin", "example.org/other"]).done();
    place.run(&["publish", "archive", "--out", "site"]).done();
    let run = place.run(&["publish", "other", "--out", "site"]).refused();
    assert!(run.err.contains("site is neither empty nor a mirror"), "{run}");
    place.run(&["verify", "site"]).done();
}

#[test]
fn what_a_killed_process_began_the_next_one_finishes() {
    let place = with_sheets(2);
    place.run(&["publish", "archive", "--out", "whole"]).done();
    let whole = contents(&place, "whole");
    let mut interrupted = 0;
    // From the moment on in which it has begun, however long a busy machine takes for that.
    for milliseconds in [0, 1, 3, 6, 10, 15, 25, 40, 60] {
        let mut child = place.command(&["publish", "archive", "--out", "site", "--jobs", "1"]).spawn().unwrap();
        while !place.path("site/.publishing").exists() && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(Duration::from_millis(milliseconds));
        let _ = child.kill();
        child.wait().unwrap();
        if place.path("site/.publishing").exists() {
            interrupted += 1;
            let verdict = place.run(&["verify", "site"]);
            assert_ne!(verdict.code, Some(0), "half a mirror passes for a whole one: {verdict}");
        }
        place.run(&["publish", "archive", "--out", "site"]).done();
        assert!(bytes(&contents(&place, "site")) == bytes(&whole), "killed after {milliseconds} ms");
        // A page of another state, as a killed process may leave it.
        fs::create_dir_all(place.path("site/.publishing")).unwrap();
        fs::write(place.path("site/index.html"), b"<p>half").unwrap();
        fs::write(place.path("site/.publishing/3"), b"<p>half").unwrap();
        place.run(&["publish", "archive", "--out", "site"]).done();
        assert!(bytes(&contents(&place, "site")) == bytes(&whole), "a page left by a killed process stays");
        fs::remove_dir_all(place.path("site")).unwrap();
    }
    assert!(interrupted > 0, "no process was killed while it worked");
}

#[test]
fn every_link_leads_to_a_file_and_none_away() {
    let place = with_sheets(2);
    place.run(&["publish", "archive", "--out", "site"]).done();
    let root = place.path("site");
    let mut checked = 0;
    for path in place.files("site").into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "html")) {
        let html = fs::read_to_string(&path).unwrap();
        for attribute in [" href=\"", " src=\"", " action=\""] {
            for rest in html.split(attribute).skip(1) {
                let link = rest.split('"').next().unwrap().split(['#', '?']).next().unwrap();
                if link.is_empty() {
                    continue;
                }
                assert!(!link.starts_with('/') && !link.contains(':'), "{} links to {link}", path.display());
                let target = path.parent().unwrap().join(link).canonicalize();
                let inside = target.as_ref().is_ok_and(|target| target.starts_with(root.canonicalize().unwrap()));
                assert!(inside && target.unwrap().is_file(), "{} links to {link}", path.display());
                checked += 1;
            }
        }
    }
    assert!(checked > 1_000, "only {checked} links");
}

/// The files that a torrent names, and how many pieces were hashed to make it.
fn torrent(place: &Place, name: &str) -> Vec<String> {
    let (contents, comment) = Contents::parse(&place.read(name)).unwrap();
    assert!(comment.starts_with(common::ORIGIN), "{comment}");
    contents.files().iter().map(|file| file.path.clone()).collect()
}

fn hashed(run: &common::Run) -> u64 {
    let line = run.out.lines().find(|line| line.starts_with("torrent ")).unwrap();
    line.strip_suffix(" hashed").unwrap().rsplit(' ').next().unwrap().replace(',', "").parse().unwrap()
}

#[test]
fn a_torrent_beside_the_mirror_names_all_of_it() {
    let place = with_sheets(2);
    let publish = ["publish", "archive", "--out", "site"];
    let first = place.run(&publish).done();
    let bytes = place.read("site.torrent");
    let mut names = torrent(&place, "site.torrent");
    assert!(names[0].starts_with("renditions/"), "{:?}", &names[..3]);
    names.sort();
    assert_eq!(names, contents(&place, "site").into_keys().collect::<Vec<_>>());

    // Nothing new: no piece is hashed, and the file is not touched.
    let written = fs::metadata(place.path("site.torrent")).unwrap().ino();
    assert_eq!(hashed(&place.run(&publish).done()), 0);
    assert_eq!(fs::metadata(place.path("site.torrent")).unwrap().ino(), written);
    // Elsewhere, and from scratch: the same bytes.
    copy_folder(&place.path("archive"), &place.path("elsewhere/copy"));
    let other = ["publish", "elsewhere/copy", "--out", "elsewhere/mirror/", "--jobs", "1"];
    assert_eq!(hashed(&place.run(&other).done()), hashed(&first));
    assert!(place.read("elsewhere/mirror.torrent") == bytes);
    assert_eq!(hashed(&place.run(&[&publish[..], &["--from-scratch"]].concat()).done()), hashed(&first));
    assert!(place.read("site.torrent") == bytes);

    // What comes later stands behind the pictures that were there.
    place.write("late/late.jpg", sheet(&[&payload(STATIONS[4], 40), &payload(STATIONS[5], 40)]));
    place.run(&["import", "archive", "late"]).done();
    let before = torrent(&place, "site/data/sheets.torrent");
    place.run(&publish).done();
    let after = torrent(&place, "site/data/sheets.torrent");
    assert_eq!((&after[..before.len()], after.len()), (&before[..], before.len() + 1));
    place.run(&[&publish[..2], &["--out", "fresh"]].concat()).done();
    assert!(place.read("fresh.torrent") == place.read("site.torrent"));
    place.run(&["verify", "site"]).done();
    // A torrent of another state, as a killed process leaves it, is believed in nothing.
    place.write("site.torrent", &bytes);
    place.run(&publish).done();
    assert!(place.read("fresh.torrent") == place.read("site.torrent"));
}

#[test]
fn a_torrent_names_trackers_and_web_servers_only_when_told_to() {
    let place = with_sheets(1);
    let publish = ["publish", "archive", "--out", "site"];
    let with = |options: &[&str]| place.run(&[&publish[..], options].concat());
    with(&["--no-torrent"]).done();
    assert!(!place.path("site.torrent").exists());
    with(&[]).done();
    let plain = String::from_utf8_lossy(&place.read("site.torrent")).into_owned();
    assert!(plain.contains("4:name16:example.org_demo12:piece length"), "{}", &plain[..80]);
    assert!(!plain.contains("announce") && !plain.contains("url-list"));
    let options = ["--tracker", "udp://tracker.example:1337", "--webseed", "https://a.example/all/copy/"];
    with(&[&options[..], &["--webseed", "http://b.example/copy"]].concat()).done();
    let told = String::from_utf8_lossy(&place.read("site.torrent")).into_owned();
    assert!(told.starts_with("d8:announce26:udp://tracker.example:133713:announce-listll26:"), "{}", &told[..80]);
    assert!(told.contains("4:name4:copy12:piece length"));
    assert!(told.ends_with("8:url-listl22:https://a.example/all/17:http://b.example/ee"));
    for (options, said) in [
        (&["--webseed", "https://a.example/"][..], "does not end in the name of a folder"),
        (&["--webseed", "ftp://a.example/site"], "does not end in the name of a folder"),
        (&["--webseed", "https://a.example/x", "--webseed", "https://a.example/y"], "end in different names"),
        (&["--tracker", "tracker.example"], "is no address of a tracker"),
        (&["--torrent", "site/all.torrent"], "site/all.torrent is inside the mirror"),
        (&["--torrent", "site/data/all.torrent"], "is inside the mirror"),
    ] {
        let run = with(options).refused();
        assert!(run.err.contains(said), "{run}");
    }
    with(&["--torrent", "other/name.torrent"]).refused();
    place.run(&["verify", "site"]).done();
}
