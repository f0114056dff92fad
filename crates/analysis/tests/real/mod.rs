//! Real results files as sheets. The files are other people's and not in the project; where they are absent, a test says
//! so and checks nothing.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "every test uses a part; a failed test is a panic"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use testigo_analysis::official::{Bulletin, CoverageOf, Stated};
use testigo_analysis::{Settings, Sheets};
use testigo_count::entry::{ElectionEntry, RegisterOrigin};
use testigo_count::mapping::Mapping;
use testigo_count::register::write_register;
use testigo_count::{Count, Definition, DocumentHash, Entry, Outcome, Pack, Reader, Reading, ReadingOf};

pub const FIRST: &str = "ve2024/RESULTADOS_2024_CSV_V1.csv.xz";
pub const SECOND: &str = "ve2024/RESULTADOS_2024_CSV_V2.csv.xz";

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A real file, unpacked.
pub fn real(file: &str) -> Option<Vec<u8>> {
    let path = workspace().join("../shared/data").join(file);
    let Ok(packed) = std::fs::read(&path) else {
        println!("skipped: {file} is not here; it is not part of the project");
        return None;
    };
    if path.extension().is_none_or(|ending| ending != "xz") {
        return Some(packed);
    }
    let mut bytes = Vec::new();
    lzma_rs::xz_decompress(&mut packed.as_slice(), &mut bytes).unwrap();
    Some(bytes)
}

/// The count of one results file, by a pack and one of its mappings.
pub fn count(pack: &str, mapping: &str, file: &[u8]) -> Count {
    let folder = workspace().join("packs").join(pack);
    let read = |file: &str| std::fs::read(folder.join(file)).unwrap();
    let (election, rules) = (read("election.toml"), read("pack.toml"));
    let definition = Definition::parse("election.toml", &election).unwrap();
    let parsed = Pack::parse("pack.toml", &rules, &definition).unwrap();
    let name = format!("mappings/{mapping}.toml");
    let mapping = Mapping::parse(&name, &read(&name), &definition, &parsed).unwrap();
    let register = write_register(&parsed, &mapping.read_register("register", file).unwrap()).unwrap();
    let mut documents: BTreeMap<DocumentHash, Vec<u8>> = BTreeMap::new();
    let mut keep = |bytes: Vec<u8>| {
        let hash = DocumentHash::of(&bytes);
        documents.insert(hash, bytes);
        hash
    };
    let entry = ElectionEntry::new(
        "example.org/test".to_owned(),
        keep(election),
        keep(rules),
        (keep(register), RegisterOrigin::Results),
        parsed.counting.clone(),
        BTreeMap::new(),
    );
    let mut count = Count::begin(&Entry::Election(entry).to_bytes().unwrap(), &documents).unwrap();
    let hash = DocumentHash::of(file);
    for row in mapping.read_results("results", file).unwrap().rows {
        for numbers in row.numbers {
            let reading = Reading {
                reader: Reader::Published(hash),
                of: ReadingOf::Row(row.line),
                prev: None,
                step: None,
                outcome: Outcome::Numbers(numbers),
            };
            count.append(&Entry::Reading(reading).to_bytes().unwrap(), &documents).unwrap();
        }
    }
    count
}

/// The settings that a pack brings.
pub fn settings(pack: &str, count: &Count) -> Settings {
    let file = workspace().join("packs").join(pack).join("analysis.toml");
    match std::fs::read_to_string(&file) {
        Ok(text) => Settings::parse("analysis.toml", &text, count).unwrap(),
        Err(_) => Settings::of(count),
    }
}

/// The sheets of the first published file.
pub fn first() -> Option<(Sheets, Settings)> {
    let count = count("ve-2024", "convzla", &real(FIRST)?);
    let settings = settings("ve-2024", &count);
    Some((Sheets::of(&count, 0, &settings).unwrap(), settings))
}

/// The two bulletins as the file of proclaimed figures has them.
pub fn bulletins() -> Option<Vec<Bulletin>> {
    let file: serde_json::Value = serde_json::from_slice(&real("ve2024/OFFICIAL.json")?).unwrap();
    let hundredths = |value: &serde_json::Value| {
        let text = value.to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        whole.parse::<u32>().unwrap() * 100 + format!("{fraction:0<2}").parse::<u32>().unwrap()
    };
    let bulletin = |at: usize, decimals: u8, coverage: Stated| {
        let figures = &file["bulletins"][at];
        let pairs = |name: &str| figures[name].as_object().unwrap().clone();
        let percent = if at == 0 { pairs("stated_pct") } else { pairs("stated_pct_of_valid") };
        let rest = "others_together";
        let number = |name: &str| figures[name].as_u64();
        Bulletin {
            id: figures["number"].to_string(),
            votes: pairs("votes")
                .into_iter()
                .filter(|(id, _)| id != rest)
                .map(|(id, votes)| (id, votes.as_u64().unwrap()))
                .collect(),
            rest: figures["votes"][rest].as_u64(),
            percent: percent
                .iter()
                .filter(|(id, _)| *id != rest)
                .map(|(id, share)| (id.clone(), Stated { hundredths: hundredths(share), decimals }))
                .collect(),
            rest_percent: percent.get(rest).map(|share| Stated { hundredths: hundredths(share), decimals }),
            valid: number("valid"),
            void: number("null"),
            cast: number("voters_counted"),
            registered: number("registered"),
            registered_counted: number("registered_in_counted_actas"),
            stations: None,
            stations_counted: None,
            coverage: Some(coverage),
            coverage_of: CoverageOf::Unsaid,
            turnout: Some(Stated {
                hundredths: hundredths(&figures["turnout_pct"]),
                decimals: if at == 0 { 0 } else { 2 },
            }),
        }
    };
    Some(vec![
        bulletin(0, 1, Stated { hundredths: 8_000, decimals: 0 }),
        bulletin(1, 2, Stated { hundredths: 9_687, decimals: 2 }),
    ])
}
