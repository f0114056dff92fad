//! Lets an archive grow again as it once grew, so many entries a second, each under a head of its own: what `bench/run serve_changing` lets
//! a server follow.
//!
//! `replay SOURCE KEY TARGET LEFT`: makes TARGET from the entries of SOURCE but the last LEFT of them, with the key that SOURCE is signed
//! with, and says `ready`. Then reads lines: `RATE SECONDS` appends that many entries a second for so long and answers with how many there
//! are then. Renditions are not copied; numbers are what grows.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that fails is a panic")]

use std::path::Path;
use std::time::{Duration, Instant};

use testigo_archive::{Archive, ArchiveReader, Signer, StoredKey};
use testigo_ledger::EntryIndex;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [source, key, target, left] = words.as_slice() else { panic!("usage: replay SOURCE KEY TARGET LEFT") };
    let StoredKey::Open(key) = StoredKey::read(Path::new(key)).unwrap() else {
        panic!("a key without a passphrase is needed")
    };
    let reader = ArchiveReader::open(Path::new(source)).unwrap();
    let size = reader.checkpoint().unwrap().size.0;
    let entries: Vec<Vec<u8>> =
        reader.entries(EntryIndex(0)..EntryIndex(size)).unwrap().map(|entry| entry.unwrap().1).collect();
    let documents: Vec<Vec<u8>> = std::fs::read_dir(Path::new(source).join("documents"))
        .unwrap()
        .map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect();
    let signer = Signer::new(*key, Path::new(target).with_extension("head"));
    let mut archive = Archive::create(Path::new(target), signer, &entries[0], &documents).unwrap();
    let kept = entries.len() - left.parse::<usize>().unwrap();
    archive.append(&entries[1..kept]).unwrap();
    archive.publish().unwrap();
    println!("ready");
    let mut rest = entries[kept..].iter();
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let (rate, seconds) = line.split_once(' ').unwrap();
        let (rate, seconds): (u32, f64) = (rate.parse().unwrap(), seconds.parse().unwrap());
        let begun = Instant::now();
        let mut steps = 0;
        while begun.elapsed().as_secs_f64() < seconds {
            archive.append(&[rest.next().unwrap()]).unwrap();
            archive.publish().unwrap();
            steps += 1;
            std::thread::sleep((Duration::from_secs(1) * steps / rate).saturating_sub(begun.elapsed()));
        }
        println!("{}", archive.size().unwrap().0);
    }
}
