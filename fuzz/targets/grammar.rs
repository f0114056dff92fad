//! The text of a code, by the grammars of every pack: refused, or numbers that are within bounds.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use testigo_count::definition::Definition;
use testigo_count::grammar::read_payload;
use testigo_count::pack::Pack;

static PACKS: LazyLock<Vec<(Definition, Pack)>> = LazyLock::new(|| {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs");
    let folders = std::fs::read_dir(packs).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = folders.filter(|folder| folder.join("pack.toml").is_file()).collect();
    folders.sort();
    let read = |folder: &Path| {
        let file = |name: &str| std::fs::read(folder.join(name)).unwrap();
        let definition = Definition::parse("election.toml", &file("election.toml")).unwrap();
        let pack = Pack::parse("pack.toml", &file("pack.toml"), &definition).unwrap();
        (definition, pack)
    };
    folders.iter().map(|folder| read(folder)).collect()
});

fuzz_target!(|payload: &str| {
    for (definition, pack) in PACKS.iter() {
        for numbers in read_payload(&pack.payloads, payload).unwrap_or_default() {
            let contest = definition.contests.iter().find(|contest| contest.id == numbers.contest).unwrap();
            assert_eq!(numbers.votes.len(), contest.selections.len());
            assert!(numbers.votes.iter().all(|cell| cell.value().is_none_or(|value| value <= 999_999_999)));
        }
    }
});
