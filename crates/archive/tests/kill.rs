//! A writer killed at random moments loses nothing it acknowledged. The test runs itself again as the writer to be killed.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed test is a panic; the writer acknowledges on its standard output"
)]

mod common;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use common::{Place, signer_at};
use testigo_archive::{Archive, ArchiveError, RenditionFormat, Signer};
use testigo_ledger::{EntryIndex, Hash, SigningKey, TreeSize};

const ROLE: &str = "TESTIGO_TEST_WRITER";
const ROOT: &str = "TESTIGO_TEST_ROOT";
const RUN: &str = "TESTIGO_TEST_RUN";
const KILLS: u64 = 50;
const KILLS_AT_CREATION: u64 = 12;
const KILLS_AT_ROTATION: u64 = 24;

fn main() {
    let variable = |name| std::env::var(name).unwrap_or_default();
    match variable(ROLE).as_str() {
        "append" => write_until_killed(Path::new(&variable(ROOT)), variable(RUN).parse().unwrap()),
        "create" => create(Path::new(&variable(ROOT))),
        "rotate" => rotate(Path::new(&variable(ROOT))),
        _ => {
            a_killed_writer_loses_nothing();
            a_killed_creation_leaves_an_archive_or_none();
            a_killed_rotation_happened_or_did_not();
        }
    }
}

/// Small, fast (SplitMix64), and the same numbers every time; the moments of the kills differ all the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

// The writer to be killed.

fn create(root: &Path) {
    println!("begin");
    Archive::create(&root.join("archive"), signer_at(root), b"first entry", &[b"definition"]).unwrap();
    println!("created");
    thread::sleep(Duration::from_secs(60));
}

fn successor(root: &Path) -> Signer {
    Signer::new(SigningKey::from_seed("demo.example/log", [7; 32]).unwrap(), root.join("keys/new.head"))
}

fn rotate(root: &Path) {
    println!("begin");
    let old = signer_at(root).head_file;
    drop(Archive::rotate(&root.join("archive"), successor(root), b"rotation", Some(&old)).unwrap());
    println!("rotated");
    thread::sleep(Duration::from_secs(60));
}

fn write_until_killed(root: &Path, run: u64) {
    let mut numbers = Numbers(run + 1);
    println!("begin");
    let mut archive = Archive::open(&root.join("archive"), signer_at(root)).unwrap();
    println!("opened");
    for batch in 0.. {
        let mut acknowledged = String::new();
        if numbers.below(3) == 0 {
            let text = format!("picture {run} {batch}");
            let commitment = archive.put_original(text.as_bytes(), None).unwrap().commitment;
            let rendition = archive.put_rendition(text.as_bytes(), RenditionFormat::Jpeg).unwrap();
            acknowledged += &format!("original\t{commitment}\t{text}\nrendition\t{rendition}\t{text}\n");
        }
        let entries: Vec<String> =
            (0..=numbers.below(90)).map(|number| format!("run {run} batch {batch} entry {number}")).collect();
        for (appended, text) in archive.append(&entries).unwrap().iter().zip(&entries) {
            assert!(appended.new);
            acknowledged += &format!("entry\t{}\t{text}\n", appended.index);
        }
        print!("{acknowledged}");
        std::io::stdout().flush().unwrap();
        if numbers.below(2) == 0 {
            let head = archive.publish().unwrap();
            println!("head\t{}\t{}", head.size, head.root);
        }
    }
}

// The judge.

fn start(role: &str, root: &Path, run: u64) -> (Child, Receiver<String>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .env(ROLE, role)
        .env(ROOT, root)
        .env(RUN, run.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
    (child, receiver)
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), None, "the writer ended by itself: {status}");
}

#[derive(Default)]
struct Acknowledged {
    entries: BTreeMap<u64, String>,
    originals: BTreeMap<Hash, String>,
    renditions: BTreeMap<Hash, String>,
    heads: BTreeMap<u64, Hash>,
}

impl Acknowledged {
    fn add(&mut self, line: &str) {
        let parts: Vec<&str> = line.split('\t').collect();
        // A line cut off by the kill was not acknowledged.
        let [kind, name, text] = parts[..] else {
            return;
        };
        match kind {
            "entry" => drop(self.entries.insert(name.parse().unwrap(), text.to_owned())),
            "original" => drop(self.originals.insert(name.parse().unwrap(), text.to_owned())),
            "rendition" => drop(self.renditions.insert(name.parse().unwrap(), text.to_owned())),
            "head" => drop(text.parse().map(|root| self.heads.insert(name.parse().unwrap(), root))),
            other => panic!("unexpected line of the writer: {other}"),
        }
    }

    fn check(&self, place: &Place) {
        // Beside the dead writer, before anything is repaired.
        place.verify().unwrap();
        let archive = place.open();
        let report = place.verify().unwrap();
        let reader = place.reader();
        let size = report.checkpoint.size;
        assert_eq!(size, archive.size().unwrap(), "everything is published on opening");
        let entries: Vec<Vec<u8>> =
            reader.entries(EntryIndex(0)..size.next_index()).unwrap().map(|entry| entry.unwrap().1).collect();
        for (index, text) in &self.entries {
            assert_eq!(entries[usize::try_from(*index).unwrap()], text.as_bytes(), "entry {index}");
        }
        for (commitment, text) in &self.originals {
            assert_eq!(archive.original(commitment).unwrap().unwrap().bytes, text.as_bytes());
        }
        for (hash, text) in &self.renditions {
            assert_eq!(reader.rendition(hash).unwrap().0, text.as_bytes());
        }
        for (size, root) in &self.heads {
            let note = String::from_utf8(place.read(&format!("ledger/checkpoints/{size}"))).unwrap();
            let key = reader.verifying_key();
            let head = testigo_ledger::Checkpoint::open(note.as_bytes(), key).unwrap();
            assert_eq!((head.size, head.root), (TreeSize(*size), *root), "a published head stays");
        }
        let leftovers = std::fs::read_dir(place.archive().join("incoming")).unwrap().count();
        assert_eq!(leftovers, 0, "unfinished files are removed");
    }
}

fn a_killed_writer_loses_nothing() {
    let place = Place::new();
    drop(place.create());
    let mut acknowledged = Acknowledged::default();
    let mut numbers = Numbers(20_240_728);
    let mut killed_while_opening = 0;
    for run in 0..KILLS {
        let (child, lines) = start("append", place.root.path(), run);
        let mut opened = false;
        // One in five is killed while it opens, the others while they write.
        let awaited = if numbers.below(5) == 0 { "begin" } else { "opened" };
        let pause = if awaited == "begin" { 1 << numbers.below(16) } else { numbers.below(250_000) };
        for line in lines.iter().by_ref() {
            opened |= line == "opened";
            if line == awaited {
                break;
            }
        }
        thread::sleep(Duration::from_micros(pause));
        kill(child);
        for line in lines {
            opened |= line == "opened";
            acknowledged.add(&line);
        }
        killed_while_opening += u32::from(!opened);
        acknowledged.check(&place);
    }
    println!(
        "{KILLS} kills, {killed_while_opening} of them while opening: {} entries, {} originals, {} heads acknowledged, all there",
        acknowledged.entries.len(),
        acknowledged.originals.len(),
        acknowledged.heads.len()
    );
    assert!(!acknowledged.entries.is_empty() && !acknowledged.originals.is_empty() && !acknowledged.heads.is_empty());
}

/// The moment the directory becomes an archive is one moment: before it the key has signed nothing and serves for another try.
fn a_killed_creation_leaves_an_archive_or_none() {
    let mut numbers = Numbers(7);
    let mut archives = 0;
    for run in 0..KILLS_AT_CREATION {
        let place = Place::new();
        let (child, lines) = start("create", place.root.path(), run);
        assert_eq!(lines.recv().unwrap(), "begin");
        thread::sleep(Duration::from_micros(1 << numbers.below(18)));
        kill(child);
        match Archive::open(&place.archive(), place.signer()) {
            Ok(archive) => {
                archives += 1;
                assert_eq!(archive.size().unwrap(), TreeSize(1));
                assert_eq!(place.verify().unwrap().documents, 1);
            }
            Err(ArchiveError::NotAnArchive { .. }) => {
                assert_eq!(place.last_head().unwrap(), None);
                let elsewhere = place.root.path().join("elsewhere");
                Archive::create(&elsewhere, place.signer(), b"first entry", &[b"definition"]).unwrap();
            }
            Err(error) => panic!("{error}"),
        }
    }
    println!(
        "{KILLS_AT_CREATION} kills at creation: {archives} archives, {} tries again",
        KILLS_AT_CREATION - archives
    );
}

/// One key or the other can go on, never both, and what either leaves verifies.
fn a_killed_rotation_happened_or_did_not() {
    let mut numbers = Numbers(11);
    let mut happened = 0;
    for run in 0..KILLS_AT_ROTATION {
        let place = Place::new();
        let mut archive = place.create();
        archive.append(&common::entries(0, 5)).unwrap();
        drop(archive);
        let (child, lines) = start("rotate", place.root.path(), run);
        assert_eq!(lines.recv().unwrap(), "begin");
        thread::sleep(Duration::from_micros(numbers.below(60_000)));
        kill(child);
        let rotated = lines.iter().any(|line| line == "rotated");
        match Archive::open(&place.archive(), successor(place.root.path())) {
            Ok(archive) => {
                happened += 1;
                assert_eq!(archive.size().unwrap(), TreeSize(7));
                drop(archive);
                assert!(matches!(Archive::open(&place.archive(), place.signer()), Err(ArchiveError::WrongKey { .. })));
                assert_eq!(place.reader().keys().rotations()[0].0, EntryIndex(6));
            }
            Err(ArchiveError::WrongKey { .. }) => {
                assert!(!rotated, "an acknowledged rotation stays");
                assert_eq!(place.open().size().unwrap(), TreeSize(6));
                rotate_again(&place);
            }
            Err(error) => panic!("{error}"),
        }
        assert_eq!(place.verify().unwrap().entries, 7);
    }
    println!("{KILLS_AT_ROTATION} kills at rotation: {happened} had happened, the others were done again");
}

fn rotate_again(place: &Place) {
    let old = place.signer().head_file;
    drop(Archive::rotate(&place.archive(), successor(place.root.path()), b"rotation", Some(&old)).unwrap());
}
