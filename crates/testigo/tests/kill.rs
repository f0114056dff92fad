//! The real program, killed at random moments while it imports and reads. After every restart all that was published is
//! still there, `verify` passes, and doing it again ends where an undisturbed run ends.
//!
//! A dozen kills by default; 50 of each kind with `TESTIGO_SLOW=1`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a failed test is a panic; the kills are counted")]

mod common;

use std::collections::BTreeMap;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use common::sheets::{STATIONS, payload, sheet};
use common::{Place, results};
use serde_json::Value;

fn kills() -> u32 {
    if std::env::var_os("TESTIGO_SLOW").is_some_and(|slow| slow == "1") { 50 } else { 6 }
}

/// Numbers without a pattern, the same in every run: so the moments are spread, whatever the machine's speed.
struct Moments(u64);

impl Moments {
    /// Between nothing and somewhat more than the whole.
    fn next(&mut self, whole: Duration) -> Duration {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let thousandths = u32::try_from((self.0 >> 33) % 1_100).unwrap();
        whole * thousandths / 1_000
    }
}

/// The published heads of an archive, as files with their bytes.
type Heads = BTreeMap<String, Vec<u8>>;

fn heads(place: &Place, archive: &str) -> Heads {
    let files = place.files(&format!("{archive}/ledger/checkpoints"));
    // A file may be gone again where the writer is between two steps; then it was not published.
    let read = files.into_iter().filter_map(|path| Some((path.to_str()?.to_owned(), std::fs::read(&path).ok()?)));
    read.collect()
}

/// Bytes in the database, its log included: they change when something is written.
fn written(place: &Place, archive: &str) -> u64 {
    let size =
        |end: &str| std::fs::metadata(place.path(&format!("{archive}/archive.db{end}"))).map_or(0, |file| file.len());
    size("") + size("-wal")
}

/// Runs the program and kills it after a while, counted from its start or from its first writing. `None` when it was
/// done before that.
fn killed(place: &Place, arguments: &[&str], after: Duration, from_writing: bool) -> Option<Heads> {
    let archive = arguments[1];
    let before = written(place, archive);
    let mut child = place.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while from_writing && written(place, archive) == before && child.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_millis(1));
    }
    thread::sleep(after);
    let published = heads(place, archive);
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(status.code().is_none_or(|code| code < 2), "{arguments:?} ended by itself with {status}");
    status.code().is_none().then_some(published)
}

/// Nothing that was published is missing: before anybody repairs, and (seen at the next kill or the end) after that.
fn check(place: &Place, archive: &str, published: &Heads, repair: &[&str]) {
    place.run(&["verify", archive]).done();
    place.run(repair).done();
    for (path, bytes) in published {
        assert_eq!(std::fs::read(path).unwrap(), *bytes, "{path} was published");
    }
}

/// A tally without what differs from ledger to ledger.
fn totals(place: &Place, archive: &str) -> Value {
    let mut tally = place.tally(archive);
    tally["ledger"].take();
    tally
}

/// Kills a command again and again, in new archives as it gets done, and lets it finish in each at last.
fn kill_again_and_again(
    place: &Place,
    name: &str,
    prepare: impl Fn(&str),
    command: impl for<'b> Fn(&'b str) -> [&'b str; 3],
) {
    let undisturbed = format!("{name}-undisturbed");
    prepare(&undisturbed);
    let begun = Instant::now();
    place.run(&command(&undisturbed)).done();
    let whole = begun.elapsed();
    let (expected, size) = (totals(place, &undisturbed), place.size(&undisturbed));

    let mut moments = Moments(20_240_728);
    let (mut count, mut rounds, mut half_way) = (0, 0, 0);
    while count < kills() {
        let archive = format!("{name}-{rounds}");
        prepare(&archive);
        let begun_with = place.size(&archive);
        let arguments = command(&archive);
        // One archive is killed at most three times, so that early moments are not the only ones.
        for attempt in 0..3 {
            let from_writing = attempt == 1;
            let moment = moments.next(if from_writing { whole / 4 } else { whole });
            let Some(published) = killed(place, &arguments, moment, from_writing) else { break };
            count += 1;
            // Opening for writing finishes or discards what was half done; nobody can admit a key that is no key.
            check(place, &archive, &published, &["key", "admit", &archive, "ana.key"]);
            let now = place.size(&archive);
            half_way += u32::from(now > begun_with + 1 && now < size);
        }
        place.run(&arguments).done();
        assert_eq!(totals(place, &archive), expected, "{archive}");
        place.run(&["verify", &archive]).done();
        rounds += 1;
    }
    println!("{name}: {count} kills in {rounds} archives, {half_way} of them half way through {whole:?}");
}

#[test]
fn importing_results() {
    let place = Place::new();
    place.run(&["key", "create", "ana.key", "--name", "ana"]).done();
    place.write("results.csv", results::rows(9_000));
    kill_again_and_again(
        &place,
        "results",
        |archive| drop(place.run(&["init", archive, "--pack", results::PACK, "--register", "results.csv"]).done()),
        |archive| ["import", archive, "results.csv"],
    );
}

#[test]
fn importing_pictures() {
    let place = with_scans();
    kill_again_and_again(
        &place,
        "pictures",
        |archive| drop(place.run(&["init", archive, "--pack", "demo", "--register", "register.csv"]).done()),
        |archive| ["import", archive, "scans"],
    );
}

#[test]
fn reading_sheets() {
    let place = with_scans();
    kill_again_and_again(
        &place,
        "sheets",
        |archive| {
            place.run(&["init", archive, "--pack", "demo", "--register", "register.csv"]).done();
            place.run(&["import", archive, "scans"]).done();
        },
        |archive| ["read", archive, "--jobs=2"],
    );
}

/// 130 pictures of sheets, many for the same stations: more than the largest batch.
fn with_scans() -> Place {
    let place = Place::with_demo();
    place.run(&["key", "create", "ana.key", "--name", "ana"]).done();
    for number in 0..130 {
        let station = STATIONS[usize::try_from(number).unwrap() % STATIONS.len()];
        place.write(&format!("scans/{number:03}.jpg"), sheet(&[&payload(station, 30 + number / 6)]));
    }
    place
}
