//! A large made-up election for the measurement `bench/fold_million.py`.
//!
//! `million make FOLDER STATIONS` writes the documents, the ledger's entries and, for other programs, the same numbers
//! as CSV. `million ledger FOLDER` folds the entries; it prints the seconds from the first byte read to the last
//! unit's total, the number of units, the votes of the whole, the memory that the count holds, and the most that the
//! process had. `million save FOLDER` folds them and writes a snapshot; `million snapshot FOLDER` reads that and prints
//! the same.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a failed test is a panic, and a skipped one says so")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use testigo_count::entry::{ElectionEntry, RegisterOrigin, Stated};
use testigo_count::geography::UnitIndex;
use testigo_count::identifier::{ContestId, StationId};
use testigo_count::{
    Cell, Count, Definition, Detail, DocumentHash, Entry, Numbers, Outcome, Pack, Reader, Reading, ReadingOf,
};

/// Lines of the ballot; each is a candidate of its own, which makes the totals as wide as the readings.
const SELECTIONS: usize = 40;

/// Levels above the station, with the stations in one unit of each.
const LEVELS: [(&str, usize); 4] = [("region", 40_000), ("district", 1_000), ("parish", 100), ("place", 10)];

type Outcomes<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcomes<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["make", folder, stations] => make(Path::new(folder), stations.parse()?),
        ["ledger", folder] => fold_ledger(Path::new(folder)),
        ["save", folder] => save(Path::new(folder)),
        ["snapshot", folder] => read_snapshot(Path::new(folder)),
        _ => Err("million make FOLDER STATIONS | million ledger|save|snapshot FOLDER".into()),
    }
}

/// Votes that look like a count: a few strong lines, many weak ones, the same in every run.
struct Votes(u64);

impl Votes {
    fn below(&mut self, bound: u64) -> u64 {
        // SplitMix64, as in Steele, Lea and Flood (2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn of_one_station(&mut self) -> Outcomes<Vec<u32>> {
        let strength = |line: usize| [200, 90, 40, 12, 4][line.min(4)];
        Ok((0..SELECTIONS).map(|line| u32::try_from(self.below(strength(line)))).collect::<Result<_, _>>()?)
    }
}

fn make(folder: &Path, stations: usize) -> Outcomes<()> {
    let definition = definition_file()?;
    let pack = pack_file()?;
    let register = register_file(stations)?;
    let parsed = Definition::parse("election.toml", definition.as_bytes())?;
    let counting = Pack::parse("pack.toml", pack.as_bytes(), &parsed)?.counting;
    let documents = [("election.toml", definition), ("pack.toml", pack), ("register.csv", register)];
    for (name, text) in &documents {
        fs::write(folder.join(name), text)?;
    }
    let [definition, pack, register] = documents.map(|(_, text)| DocumentHash::of(text.as_bytes()));
    let election = ElectionEntry::new(
        "example.org/million".to_owned(),
        definition,
        pack,
        (register, RegisterOrigin::List),
        counting,
        BTreeMap::new(),
    );

    let mut entries = BufWriter::new(fs::File::create(folder.join("entries"))?);
    let mut table = BufWriter::new(fs::File::create(folder.join("stations.csv"))?);
    write_entry(&mut entries, &Entry::Election(election))?;
    let levels = LEVELS.map(|(level, _)| level).join(",");
    let lines: Vec<String> = (1..=SELECTIONS).map(|line| format!("s{line:02}")).collect();
    writeln!(table, "station,{levels},{}", lines.join(","))?;
    let published = Reader::Published(DocumentHash::of(b"stations.csv"));
    let contest = ContestId::new("c")?;
    let mut votes = Votes(1);
    for station in 0..stations {
        let votes = votes.of_one_station()?;
        let id = format!("{station:07}");
        let units = LEVELS.map(|(_, size)| (station / size).to_string()).join(",");
        let cells: Vec<String> = votes.iter().map(u32::to_string).collect();
        writeln!(table, "{id},{units},{}", cells.join(","))?;
        let numbers = Numbers {
            contest: contest.clone(),
            station: StationId::new(id)?,
            detail: Detail::Selection,
            votes: votes.into_iter().map(Cell::Value).collect(),
            other: BTreeMap::new(),
            stated: Stated::default(),
        };
        let reading = Reading {
            reader: published.clone(),
            of: ReadingOf::Row(u64::try_from(station + 2)?),
            prev: None,
            step: None,
            outcome: Outcome::Numbers(numbers),
        };
        write_entry(&mut entries, &Entry::Reading(reading))?;
    }
    entries.flush()?;
    table.flush()?;
    Ok(())
}

/// One after the other, each behind its length in two bytes, as in the entry bundles of a tiled log.
fn write_entry(file: &mut impl Write, entry: &Entry) -> Outcomes<()> {
    let bytes = entry.to_bytes()?;
    file.write_all(&u16::try_from(bytes.len())?.to_be_bytes())?;
    file.write_all(&bytes)?;
    Ok(())
}

fn fold_ledger(folder: &Path) -> Outcomes<()> {
    let started = Instant::now();
    let count = fold(folder)?;
    answer(&count, started)
}

fn save(folder: &Path) -> Outcomes<()> {
    let count = fold(folder)?;
    Ok(count.write_snapshot(fs::File::create(folder.join("count.snapshot"))?)?)
}

fn read_snapshot(folder: &Path) -> Outcomes<()> {
    let started = Instant::now();
    let documents = documents(folder, &["election.toml", "pack.toml"])?;
    let file = fs::File::open(folder.join("count.snapshot"))?;
    let length = file.metadata()?.len();
    let count = Count::read_snapshot(file, length, &documents)?;
    answer(&count, started)
}

fn documents(folder: &Path, names: &[&str]) -> Outcomes<BTreeMap<DocumentHash, Vec<u8>>> {
    let mut documents = BTreeMap::new();
    for name in names {
        let bytes = fs::read(folder.join(name))?;
        documents.insert(DocumentHash::of(&bytes), bytes);
    }
    Ok(documents)
}

fn fold(folder: &Path) -> Outcomes<Count> {
    let documents = documents(folder, &["election.toml", "pack.toml", "register.csv"])?;
    let bytes = fs::read(folder.join("entries"))?;
    let mut rest = bytes.as_slice();
    let first = next_entry(&mut rest).ok_or("no entries")?;
    let mut count = Count::begin(first, &documents)?;
    let mut entries = Vec::new();
    while let Some(entry) = next_entry(&mut rest) {
        entries.push(entry);
    }
    count.append_all(&entries, &documents)?;
    Ok(count)
}

fn next_entry<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk::<2>()?;
    let (entry, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *rest = after;
    Some(entry)
}

fn answer(count: &Count, started: Instant) -> Outcomes<()> {
    let (total, _) = count.unit_votes(0, UnitIndex::WHOLE);
    let seconds = started.elapsed().as_secs_f64();
    let stations = count.unit_totals(0, UnitIndex::WHOLE).counted;
    let units = count.geography().unit_count();
    let heap = count.heap_bytes();
    writeln!(
        std::io::stdout(),
        "{{\"seconds\":{seconds},\"units\":{units},\"total\":{total:?},\"counted\":{stations},\"heap\":{heap},\
         \"peak\":{}}}",
        peak_memory()?
    )?;
    Ok(())
}

/// The most bytes that the process had in memory at once, where the system tells.
fn peak_memory() -> Outcomes<u64> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.map(|line| line.trim().trim_end_matches(" kB").parse::<u64>()).transpose()?;
    Ok(kilobytes.unwrap_or(0) * 1024)
}

fn definition_file() -> Outcomes<String> {
    let mut text = "id = \"million\"\ntitle = \"A large election\"\ndate = \"2030-01-01\"\nplace = \"Elsewhere\"\n\
                    [[contest]]\nid = \"c\"\ntitle = \"Contest\"\ncandidates = [\n"
        .to_owned();
    for line in 1..=SELECTIONS {
        writeln!(text, "{{ id = \"s{line:02}\", name = \"Line {line}\" }},")?;
    }
    text.push_str("]\n");
    Ok(text)
}

fn pack_file() -> Outcomes<String> {
    let mut text = "id = \"million\"\nformat = 1\ntitle = \"A large election\"\nlanguages = [\"en\"]\n\
                    [counting]\nqr_from_custody = true\npeople = 2\nsignatures = 1\nsingle_published = true\n"
        .to_owned();
    for level in LEVELS.map(|(level, _)| level).into_iter().chain(["table"]) {
        writeln!(text, "[[level]]\nid = \"{level}\"\nname = \"{level}\"\nplural = \"{level}s\"")?;
    }
    Ok(text)
}

fn register_file(stations: usize) -> Outcomes<String> {
    let mut text = "station,registered".to_owned();
    for (level, _) in LEVELS {
        write!(text, ",{level},{level}_name")?;
    }
    text.push('\n');
    for station in 0..stations {
        write!(text, "{station:07},{}", 900)?;
        for (level, size) in LEVELS {
            let unit = station / size;
            write!(text, ",{unit},{level} {unit}")?;
        }
        text.push('\n');
    }
    Ok(text)
}
