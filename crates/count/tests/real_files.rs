//! Real results files, through pack and mapping, entries and fold, against their known totals.
//!
//! The files are other people's and not in the project; where they are absent, the tests say so and check nothing.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a failed test is a panic, and a skipped one says so")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use testigo_count::entry::{ElectionEntry, RegisterEntry, RegisterOrigin};
use testigo_count::geography::UnitIndex;
use testigo_count::mapping::Mapping;
use testigo_count::register::write_register;
use testigo_count::rule::StationState;
use testigo_count::{Count, Definition, DocumentHash, Entry, Outcome, Pack, Reader, Reading, ReadingOf};

type Documents = BTreeMap<DocumentHash, Vec<u8>>;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn real(file: &str) -> Option<Vec<u8>> {
    let path = workspace().join("../shared/data").join(file);
    let Ok(packed) = std::fs::read(&path) else {
        println!("skipped: {file} is not here; it is not part of the project");
        return None;
    };
    let mut bytes = Vec::new();
    lzma_rs::xz_decompress(&mut packed.as_slice(), &mut bytes).unwrap();
    Some(bytes)
}

struct Election {
    pack: Pack,
    mapping: Mapping,
    documents: Documents,
    files: [Vec<u8>; 2],
}

impl Election {
    fn load(pack: &str, mapping: &str) -> Self {
        let folder = workspace().join("packs").join(pack);
        let read = |file: &str| std::fs::read(folder.join(file)).unwrap();
        let (election, rules) = (read("election.toml"), read("pack.toml"));
        let definition = Definition::parse("election.toml", &election).unwrap();
        let parsed = Pack::parse("pack.toml", &rules, &definition).unwrap();
        let file = format!("mappings/{mapping}.toml");
        let mapping = Mapping::parse(&file, &read(&file), &definition, &parsed).unwrap();
        Self { pack: parsed, mapping, documents: Documents::new(), files: [election, rules] }
    }

    fn keep(&mut self, bytes: Vec<u8>) -> DocumentHash {
        let hash = DocumentHash::of(&bytes);
        self.documents.insert(hash, bytes);
        hash
    }

    fn begin(&mut self, register: &[u8]) -> Count {
        let rows = self.mapping.read_register("register", register).unwrap();
        let register = write_register(&self.pack, &rows).unwrap();
        let [election, rules] = self.files.clone();
        let entry = ElectionEntry::new(
            "example.org/test".to_owned(),
            self.keep(election),
            self.keep(rules),
            (self.keep(register), RegisterOrigin::Results),
            self.pack.counting.clone(),
            BTreeMap::new(),
        );
        Count::begin(&Entry::Election(entry).to_bytes().unwrap(), &self.documents).unwrap()
    }

    fn import(&mut self, count: &mut Count, file: &[u8]) {
        let hash = DocumentHash::of(file);
        let results = self.mapping.read_results("results", file).unwrap();
        assert_eq!(results.faults, []);
        for row in results.rows {
            for numbers in row.numbers {
                let reading = Reading {
                    reader: Reader::Published(hash),
                    of: ReadingOf::Row(row.line),
                    prev: None,
                    step: None,
                    outcome: Outcome::Numbers(numbers),
                };
                count.append(&Entry::Reading(reading).to_bytes().unwrap(), &self.documents).unwrap();
            }
        }
    }

    fn extend(&mut self, count: &mut Count, file: &[u8]) {
        let rows = self.mapping.read_register("register", file).unwrap();
        let document = write_register(&self.pack, &rows).unwrap();
        let entry = RegisterEntry::new(self.keep(document), RegisterOrigin::Results);
        count.append(&Entry::Register(entry).to_bytes().unwrap(), &self.documents).unwrap();
    }

    fn votes(&self, count: &Count) -> Vec<(String, u64)> {
        let tally = count.tally(0, UnitIndex::WHOLE, String::new());
        tally.candidates.into_iter().chain(tally.others).map(|one| (one.id, one.votes)).collect()
    }
}

fn expect(found: &[(String, u64)], expected: &[(&str, u64)]) {
    for (id, votes) in expected {
        assert_eq!(found.iter().find(|(name, _)| name == id).map(|(_, votes)| *votes), Some(*votes), "{id}");
    }
}

const V1: &[(&str, u64)] = &[
    ("EG", 7_156_462),
    ("NM", 3_241_461),
    ("LM", 84_446),
    ("JABE", 19_966),
    ("JOBR", 21_583),
    ("AE", 49_603),
    ("CF", 12_321),
    ("DC", 10_308),
    ("EM", 25_570),
    ("BERA", 37_408),
    ("null", 1_139),
];

#[test]
fn two_published_files_of_one_election_agree_and_extend_each_other() {
    let (Some(first), Some(second)) =
        (real("ve2024/RESULTADOS_2024_CSV_V1.csv.xz"), real("ve2024/RESULTADOS_2024_CSV_V2.csv.xz"))
    else {
        return;
    };
    let mut election = Election::load("ve-2024", "convzla");
    let mut count = election.begin(&first);
    election.import(&mut count, &first);
    let tally = count.tally(0, UnitIndex::WHOLE, String::new());
    expect(&election.votes(&count), V1);
    assert_eq!(tally.valid, 10_659_128);
    assert_eq!((tally.stations.counted, tally.stations.expected), (24_532, Some(30_026)));
    assert_eq!((tally.stations.awaited, tally.stations.received), (5_494, 0));
    assert_eq!(tally.registered.in_counted, 17_745_239);
    assert_eq!(tally.children.len(), 24);
    let capital = count.geography().find_unit(0, "01").unwrap();
    let capital = count.tally(0, capital, String::new());
    assert_eq!((capital.stations.counted, capital.stations.expected), (1_534, None));
    assert_eq!((capital.candidates[0].votes, capital.candidates[1].votes, capital.null), (462_138, 230_649, Some(93)));

    election.import(&mut count, &second);
    expect(&election.votes(&count), V1);
    assert_eq!(count.stations_in(0, StationState::Held).len(), 543);
    election.extend(&mut count, &second);
    let tally = count.tally(0, UnitIndex::WHOLE, String::new());
    assert_eq!((tally.stations.counted, tally.stations.disputed, tally.stations.held), (25_075, 0, 0));
    assert_eq!(count.recounted().as_ref(), Some(&count));
    println!("{} bytes on the heap for each of {} stations", count.heap_bytes() / 25_075, 25_075);

    let mut alone = election.begin(&second);
    election.import(&mut alone, &second);
    expect(&election.votes(&alone), &[("EG", 7_303_480), ("NM", 3_316_142), ("null", 1_213)]);
}

#[test]
fn a_file_that_counts_blank_votes_as_valid() {
    let Some(file) = real("other/argentina_cordoba2019_gobernador_mesa.csv.xz") else { return };
    let mut election = Election::load("cordoba-2019", "mesa");
    let mut count = election.begin(&file);
    election.import(&mut count, &file);
    let tally = count.tally(0, UnitIndex::WHOLE, String::new());
    assert_eq!((tally.stations.counted, tally.valid, tally.blank), (8_545, 1_891_285, Some(116_214)));
    expect(&election.votes(&count), &[("HPC", 1_083_435), ("impugned", 4_629), ("null", 56_644), ("appealed", 8_448)]);
}

#[test]
fn a_count_that_was_still_running() {
    let Some(file) = real("other/bolivia2020_presidente_partial_20201020.csv.xz") else { return };
    let mut election = Election::load("bolivia-2020", "mesa");
    let mut count = election.begin(&file);
    election.import(&mut count, &file);
    let tally = count.tally(0, UnitIndex::WHOLE, String::new());
    assert_eq!((tally.stations.counted, tally.valid), (18_557, 3_222_952));
    assert_eq!(tally.registered.in_counted, 3_850_979);
    expect(
        &election.votes(&count),
        &[
            ("MAS_IPSP", 1_548_883),
            ("CC", 1_075_654),
            ("CREEMOS", 530_722),
            ("FPV", 50_859),
            ("PAN_BOL", 15_718),
            ("LIBRE_21", 840),
            ("ADN", 276),
            ("JUNTOS", 0),
            ("blank", 43_750),
            ("null", 125_292),
        ],
    );
}
