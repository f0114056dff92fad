//! What can be wrong with an archive itself: in use, full, read-only, without its key, damaged. Nothing acknowledged is
//! lost, reading and verifying go on, and `verify` names the file that was changed.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a failed test is a panic; a skipped one says so")]

mod common;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use common::sheets::{STATIONS, payload, sheet};
use common::{KEY, Place, Run, copy_folder, results};
use testigo_archive::{Archive, Signer};

/// An archive with two sheets, read, and an adjudicator.
fn filled() -> Place {
    let place = Place::with_demo();
    for (at, station) in STATIONS.iter().take(2).enumerate() {
        place.write(&format!("scans/{at}.jpg"), sheet(&[&payload(station, 60)]));
    }
    place.run(&["import", "archive", "scans"]).done();
    place.run(&["read", "archive"]).done();
    place.adjudicator("archive", "ana");
    place
}

/// Everything that writes, as arguments.
fn writers() -> Vec<Vec<&'static str>> {
    vec![
        vec!["import", "archive", "scans"],
        vec!["read", "archive"],
        vec!["key", "admit", "archive", "ana.key"],
        vec![
            "rule",
            "archive",
            "not-installed",
            "--station",
            STATIONS[5],
            "--reason",
            "not-opened",
            "--key",
            "ana.key",
        ],
    ]
}

/// Everything that only reads still answers.
fn readers_answer(place: &Place) {
    place.run(&["verify", "archive"]).done().says(&["All of it is right"]);
    place.run(&["tally", "archive"]).done();
    place.run(&["check", "archive"]).exits(0);
}

#[track_caller]
fn complains(run: &Run, parts: &[&str]) {
    for part in parts {
        assert!(run.err.contains(part), "`{part}` is missing: {run}");
    }
}

#[test]
fn a_second_writer_is_told_to_wait() {
    let place = filled();
    let key = Signer::from_key_file(&place.path(KEY)).unwrap();
    let first = Archive::open(&place.path("archive"), key).unwrap();
    for arguments in writers() {
        let run = place.run(&arguments).refused();
        let holder = format!("another process (process {}) is writing to archive", std::process::id());
        complains(&run, &[&holder, "Wait until it has finished"]);
    }
    readers_answer(&place);
    drop(first);
    for arguments in writers() {
        place.run(&arguments).done();
    }
}

#[test]
fn a_key_that_is_missing_or_another_ledgers_is_named() {
    let place = filled();
    let size = place.size("archive");
    let aside = place.path("key-aside");
    fs::rename(place.path(KEY), &aside).unwrap();
    for arguments in writers() {
        let run = place.run(&arguments).refused();
        complains(&run, &["archive needs its ledger's key", "example.org_demo.key", "--ledger-key FILE"]);
    }
    readers_answer(&place);

    place.run(&["key", "create", "other.key", "--name", "example.org/other"]).refused();
    place.run(&["key", "create", "other.key", "--name", "other"]).done();
    for arguments in writers() {
        let run = place.run(&[&arguments[..], &["--ledger-key", "other.key"]].concat()).refused();
        complains(&run, &["archive is signed with the key example.org/demo+", "the key given is other+"]);
        let run = place.run(&[&arguments[..], &["--ledger-key", "scans/0.jpg"]].concat()).refused();
        complains(&run, &["scans/0.jpg: this is not a key"]);
    }

    // The key's memory of what it signed is as important as the key.
    fs::rename(&aside, place.path(KEY)).unwrap();
    let head = format!("{KEY}.head");
    let memory = place.read(&head);
    fs::remove_file(place.path(&head)).unwrap();
    complains(&place.run(&["read", "archive"]).refused(), &["example.org_demo.key.head is missing"]);
    place.write(&head, memory);
    place.run(&["read", "archive"]).done();
    assert_eq!(place.size("archive"), size);

    let inside = place.run(&["init", "second", "--pack", "demo", "--ledger-key", "second/own.key"]).refused();
    complains(&inside, &["second"]);
    assert!(!place.path("second/format").exists());
}

#[test]
fn an_older_copy_that_was_put_back_is_not_continued() {
    let place = filled();
    copy_folder(&place.path("archive"), &place.path("older"));
    place
        .run(&[
            "rule",
            "archive",
            "not-installed",
            "--station",
            STATIONS[5],
            "--reason",
            "not-opened",
            "--key",
            "ana.key",
        ])
        .done();
    let run = place.run(&["read", "older"]).refused();
    complains(&run, &["older", "an older copy was put back"]);
    place.run(&["verify", "older"]).done();
}

#[test]
fn a_folder_that_is_no_archive_or_one_of_tomorrow_is_named() {
    let place = filled();
    fs::create_dir(place.path("empty")).unwrap();
    for command in ["tally", "check", "read", "verify", "import"] {
        for folder in ["empty", "nowhere", "register.csv"] {
            let source = if command == "import" { vec!["scans"] } else { Vec::new() };
            let run = place.run(&[&[command, folder], &source[..]].concat()).refused();
            complains(&run, &[folder]);
        }
    }
    place.write("archive/format", "testigo archive 2\n");
    for command in ["tally", "check", "read", "verify"] {
        complains(&place.run(&[command, "archive"]).refused(), &["archive/format says `testigo archive 2`"]);
    }
    let again = place.run(&["init", "archive", "--pack", "demo"]).refused();
    complains(&again, &["archive is not empty", "choose a new folder"]);
}

#[test]
fn a_damaged_database_is_named() {
    let place = filled();
    let right = place.read("archive/archive.db");
    place.write("archive/archive.db", [&b"x".repeat(100)[..], &right[100..]].concat());
    for arguments in writers() {
        let run = place.run(&arguments).refused();
        complains(&run, &["the database archive/archive.db is damaged"]);
    }
    readers_answer(&place);
    fs::remove_file(place.path("archive/archive.db")).unwrap();
    complains(&place.run(&["read", "archive"]).refused(), &["archive/archive.db is missing"]);
    place.write("archive/archive.db", &right);
    place.run(&["read", "archive"]).done();
}

/// Every file that the public gets, changed, cut and removed: `verify` ends with 1 and says which file it is.
#[test]
fn verify_names_the_file_that_was_changed() {
    let place = filled();
    place.write("mapping.toml", results::DEMO_MAPPING);
    place.write("results.csv", format!("STATION,YES,NO\n{},80,40\n", STATIONS[0]));
    place.run(&["import", "archive", "results.csv", "--mapping", "mapping.toml"]).done();
    place.run(&["verify", "archive"]).done();
    let root = place.path("archive");
    let folders = ["archive/ledger", "archive/documents", "archive/renditions"];
    let files: Vec<PathBuf> = folders.iter().flat_map(|folder| place.files(folder)).collect();
    assert!(files.len() > 12, "{files:?}");
    let newest = format!("ledger/checkpoints/{}", place.size("archive"));
    for file in files {
        let name = file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let right = fs::read(&file).unwrap();
        let mut flipped = right.clone();
        flipped[right.len() / 2] ^= 1;
        let cut = &right[..right.len() - 1];
        for (what, wrong) in
            [("changed", Some(&flipped[..])), ("cut", Some(cut)), ("emptied", Some(&[])), ("gone", None)]
        {
            match wrong {
                Some(wrong) => fs::write(&file, wrong).unwrap(),
                None => fs::remove_file(&file).unwrap(),
            }
            let run = place.run(&["verify", "archive"]);
            let harmless = match what {
                // A line feed less at the end of the key's line is the same key.
                "cut" => name == "ledger/key",
                // A mirror need not keep heads that were outgrown, nor the partial files only they need.
                "gone" => name.starts_with("ledger/checkpoints/") || run.code == Some(0) && name.contains(".p/"),
                _ => false,
            };
            if harmless {
                assert_eq!(run.code, Some(0), "{what} {name}: {run}");
            } else {
                assert_eq!(run.code, Some(1), "{what} {name}: {run}");
                // Documents and renditions are known by the hash that is their name.
                let known_as =
                    if name.starts_with("ledger") { &name[..] } else { file.file_stem().unwrap().to_str().unwrap() };
                assert!(run.out.contains("WRONG: ") && run.out.contains(known_as), "{what} {name}: {run}");
            }
            fs::write(&file, &right).unwrap();
        }
    }
    assert!(place.path("archive").join(newest).exists());
    place.write("archive/documents/stray.txt", "hello");
    place.run(&["verify", "archive"]).finished().says(&["documents/stray.txt does not belong there"]);
    fs::remove_file(place.path("archive/documents/stray.txt")).unwrap();
    place.run(&["verify", "archive"]).done();
}

/// A file system of its own, where this user may mount one.
struct Mount(PathBuf);

impl Mount {
    fn new(path: PathBuf, options: &str) -> Option<Self> {
        fs::create_dir_all(&path).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&path).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(path));
        }
        println!("SKIPPED: no file system can be mounted here, so none can be full or read-only");
        None
    }

    fn remount(&self, options: &str) {
        let output = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.0).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_loses_nothing() {
    let place = Place::new();
    let Some(disk) = Mount::new(place.path("disk"), "size=2m") else { return };
    place.write("results.csv", results::rows(6_000));
    place.write("register.csv", results::rows(500));
    place.run(&["init", "disk/archive", "--pack", results::PACK, "--register", "register.csv"]).done();
    let before = place.size("disk/archive");
    let run = place.run(&["import", "disk/archive", "results.csv"]).refused();
    complains(&run, &["the disk is full: ", "make room and do it again"]);
    place.run(&["verify", "disk/archive"]).done();
    assert!(place.size("disk/archive") >= before);
    let mut fill = fs::File::create(place.path("disk/fill")).unwrap();
    while std::io::Write::write_all(&mut fill, &[1; 4096]).is_ok() {}
    let full = place.run(&["init", "disk/other", "--pack", results::PACK, "--register", "results.csv"]).refused();
    complains(&full, &["the disk is full: "]);
    assert_eq!(place.files("keys").len(), 2, "the key of the archive that could not be made is gone");

    fs::remove_file(place.path("disk/fill")).unwrap();
    disk.remount("size=60m");
    place.run(&["import", "disk/archive", "results.csv", "--extend-register"]).done();
    assert_eq!(place.tally("disk/archive")["stations"]["counted"], 6_000);
    place.run(&["verify", "disk/archive"]).done();
}

#[test]
fn a_read_only_archive_answers_and_is_not_written() {
    let place = filled();
    let Some(disk) = Mount::new(place.path("disk"), "size=20m") else { return };
    copy_folder(&place.path("archive"), &place.path("disk/archive"));
    disk.remount("ro");
    fs::remove_dir_all(place.path("archive")).unwrap();
    std::os::unix::fs::symlink("disk/archive", place.path("archive")).unwrap();
    for arguments in writers() {
        complains(&place.run(&arguments).refused(), &["cannot be written: the folder or disk is read-only"]);
    }
    readers_answer(&place);
    complains(&place.run(&["init", "disk/new", "--pack", "demo"]).refused(), &["disk/new", "read-only"]);
}
