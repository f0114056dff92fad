//! The walk that the program was made for, on real files: register, results files, scans, and two more countries as
//! data. Where the files are absent, the tests say so and check nothing.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a failed test is a panic; a skipped one says so")]

mod common;

use std::collections::BTreeMap;

use common::{Place, real, real_folder, results};
use serde_json::{Value, json};
use testigo_archive::{Archive, ArchiveReader, Signer};
use testigo_ledger::EntryIndex;

const FIRST: &str = "ve2024/RESULTADOS_2024_CSV_V1.csv.xz";
const SECOND: &str = "ve2024/RESULTADOS_2024_CSV_V2.csv.xz";

/// The votes of a tally, or of a unit in one, by candidate.
fn votes(tally: &Value) -> BTreeMap<String, u64> {
    let votes = tally["candidates"].as_array().unwrap().iter();
    votes.map(|one| (one["id"].as_str().unwrap().to_owned(), one["votes"].as_u64().unwrap())).collect()
}

fn expected(votes: &[(&str, u64)]) -> BTreeMap<String, u64> {
    votes.iter().map(|(id, votes)| ((*id).to_owned(), *votes)).collect()
}

/// The table of all states in the facts about these files, against the children of a tally.
fn compare_states(tally: &Value, facts: &Value, registered: bool) {
    let states = facts["per_state"].as_array().unwrap();
    let children = tally["children"].as_array().unwrap();
    assert_eq!((states.len(), children.len()), (24, 24));
    for (state, child) in states.iter().zip(children) {
        assert_eq!(child["code"], format!("{:02}", state["COD_EDO"].as_u64().unwrap()));
        assert_eq!(child["name"], state["EDO"]);
        assert_eq!(child["counted"], state["mesas"]);
        assert_eq!(child["valid"], state["VOTOS_VALIDOS"]);
        assert_eq!(child["others"][0], json!({ "id": "null", "votes": state["VOTOS_NULOS"] }));
        if registered {
            assert_eq!(child["registered_in_counted"], state["RE"]);
        }
        let votes = votes(child);
        assert_eq!(votes.len(), 10);
        for (candidate, votes) in votes {
            assert_eq!(json!(votes), state[&candidate], "{} {candidate}", child["name"]);
        }
    }
}

#[test]
fn two_published_files_and_sixty_scans() {
    let (Some(first), Some(second), Some(facts)) = (real(FIRST), real(SECOND), real("ve2024/facts.json")) else {
        return;
    };
    let facts: Value = serde_json::from_slice(&facts).unwrap();
    let place = Place::new();
    place.write("V1.csv", first);
    place.write("V2.csv", second);
    place
        .run(&["init", "archive", "--pack", "ve-2024", "--register", "V1.csv"])
        .done()
        .says(&["24,532 stations in the register of 30,026 declared"]);
    place
        .run(&["import", "archive", "V1.csv", "--format", "convzla"])
        .done()
        .says(&["V1.csv: 24,532 rows", "24,532 of stations without numbers before"]);

    let tally = place.tally("archive");
    let first_totals = expected(&[
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
    ]);
    assert_eq!(votes(&tally), first_totals);
    assert_eq!((&tally["valid"], &tally["null"], &tally["blank"]), (&json!(10_659_128), &json!(1_139), &json!(0)));
    let stations = &tally["stations"];
    assert_eq!((&stations["counted"], &stations["expected"]), (&json!(24_532), &json!(30_026)));
    assert_eq!((&stations["received"], &stations["disputed"], &stations["held"]), (&json!(0), &json!(0), &json!(0)));
    assert_eq!(tally["registered"]["declared"], json!(21_392_464));
    assert_eq!(tally["registered"]["in_counted"], json!(17_745_239));
    assert_eq!(tally["ledger"]["size"], json!(place.size("archive")));
    assert_eq!(tally["ledger"]["root"].as_str().unwrap().len(), 64);
    compare_states(&tally, &facts["V1"], true);
    compare_csv(&place, &tally);

    let size = place.size("archive");
    let again = place.run(&["import", "archive", "V1.csv"]).done();
    again.says(&["24,532 are in the ledger already"]);
    assert_eq!(place.size("archive"), size, "importing the same again adds nothing");

    place.run(&["import", "archive", "V2.csv", "--extend-register"]).done().says(&[
        "V2.csv: 25,073 rows",
        "      543 of stations without numbers before",
        "   24,530 agree with what was there",
        "        2 stations have published numbers from before and are not in this file",
        "      543 stations added to the register",
    ]);
    let tally = place.tally("archive");
    assert_eq!((&tally["stations"]["counted"], &tally["stations"]["disputed"]), (&json!(25_075), &json!(0)));
    assert_eq!(tally["registered"]["counted_unknown"], json!(543));
    place.run(&["check", "archive"]).done().says(&["nothing to look at"]);

    scans(&place, &tally);
}

/// What `--format csv` says of every child is what `--format json` says.
fn compare_csv(place: &Place, tally: &Value) {
    let run = place.run(&["tally", "archive", "--format", "csv"]).done();
    let mut reader = csv::Reader::from_reader(run.out.as_bytes());
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    let children = tally["children"].as_array().unwrap();
    assert_eq!(rows.len(), children.len());
    for (row, child) in rows.iter().zip(children) {
        assert_eq!((&json!(row["code"]), &json!(row["name"])), (&child["code"], &child["name"]));
        for column in ["listed", "counted", "disputed", "valid", "registered_in_counted"] {
            assert_eq!(row[column], child[column].to_string(), "{column}");
        }
        for (candidate, votes) in votes(child) {
            assert_eq!(row[&candidate], votes.to_string());
        }
        assert_eq!(row["null"], child["others"][0]["votes"].to_string());
    }
}

/// Sixty scans on top: every one that is read has the numbers of its published row, and the rest is listed.
fn scans(place: &Place, before: &Value) {
    let (Some(folder), Some(truth)) = (real_folder("ve2024/images"), real("ve2024/truth.csv")) else { return };
    let folder = folder.to_str().unwrap();
    place.run(&["import", "archive", folder]).done().says(&["60 sheets added"]);
    let read = place.run(&["read", "archive", "--format", "json"]);
    let report = read.json();
    let (agree, unreadable) = (report["agree"].as_u64().unwrap(), report["unreadable"].as_array().unwrap());
    assert_eq!((&report["differ"], &report["held"], &report["tried"]), (&json!([]), &json!([]), &json!(60)), "{read}");
    assert_eq!(agree, report["read"], "every one that is read agrees");
    assert_eq!(agree + unreadable.len() as u64, 60);
    assert!(agree >= 59, "{read}");
    assert_eq!(read.code, Some(i32::from(!unreadable.is_empty())));
    for sheet in unreadable {
        assert!(!sheet["reason"].as_str().unwrap().is_empty() && !sheet["file"].as_str().unwrap().is_empty());
    }

    let mut reader = csv::Reader::from_reader(truth.as_slice());
    let truth: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    let known = truth.iter().filter(|row| !row["CENTRO"].is_empty());
    let truth: BTreeMap<&str, _> = known.map(|row| (row["image"].as_str(), row)).collect();
    let mut compared = 0;
    for (file, station, of_lines) in readings_by_file(place) {
        let Some(row) = truth.get(file.as_str()) else { continue };
        assert_eq!(station, format!("{:0>9}.{:0>2}", row["CENTRO"], row["MESA"]), "{file}");
        for (candidate, votes) in results::by_candidate(&of_lines) {
            assert_eq!(row[candidate], votes.to_string(), "{file} {candidate}");
        }
        compared += 1;
    }
    assert_eq!(compared, 59, "every scan with a known row was compared");

    let after = place.tally("archive");
    assert_eq!(votes(&after), votes(before), "confirmed, not changed");
    assert_eq!(after["stations"]["received"], json!(60), "each scan is of another station");
    assert_eq!(after["stations"]["counted"], json!(25_075));
    assert_eq!(after["sheets"], json!({ "total": 60, "read": agree, "unreadable": unreadable.len(), "unread": 0 }));
    place.run(&["check", "archive"]).exits(i32::from(!unreadable.is_empty()));
    place.run(&["import", "archive", folder]).done().says(&["0 sheets added", "60 pictures were here already"]);
    place.run(&["verify", "archive"]).done();
}

/// Every reading of a scan: the file's name, the station, the votes of all lines of the ballot.
fn readings_by_file(place: &Place) -> Vec<(String, String, Vec<usize>)> {
    let reader = ArchiveReader::open(&place.path("archive")).unwrap();
    let key = place.files("keys").into_iter().find(|path| path.extension().is_some_and(|end| end == "key")).unwrap();
    let archive = Archive::open(&place.path("archive"), Signer::from_key_file(&key).unwrap()).unwrap();
    let mut files = BTreeMap::new();
    let mut readings = Vec::new();
    for entry in reader.entries(EntryIndex(0)..reader.checkpoint().unwrap().size.next_index()).unwrap() {
        let (index, bytes) = entry.unwrap();
        let entry: Value = serde_json::from_slice(&bytes).unwrap();
        if entry["type"] == "sheet" {
            let commitment = entry["pages"][0]["commitment"].as_str().unwrap().parse().unwrap();
            let name = archive.original_name(&commitment).unwrap().unwrap();
            files.insert(index.0, name.rsplit('/').next().unwrap().to_owned());
        } else if let (Some(sheet), Some(station)) = (entry["sheet"].as_u64(), entry["station"].as_str()) {
            let votes = entry["votes"].as_array().unwrap().iter();
            let votes = votes.map(|cell| usize::try_from(cell.as_u64().unwrap()).unwrap()).collect();
            readings.push((files[&sheet].clone(), station.to_owned(), votes));
        }
    }
    readings
}

#[test]
fn the_second_file_alone_and_without_extending_the_register() {
    let (Some(first), Some(second), Some(facts)) = (real(FIRST), real(SECOND), real("ve2024/facts.json")) else {
        return;
    };
    let facts: Value = serde_json::from_slice(&facts).unwrap();
    let place = Place::new();
    place.write("V1.csv", first);
    place.write("V2.csv", second);
    place.run(&["init", "archive", "--pack", "ve-2024", "--register", "V2.csv"]).done();
    place.run(&["import", "archive", "V2.csv"]).done();
    let tally = place.tally("archive");
    let votes = votes(&tally);
    assert_eq!((votes["EG"], votes["NM"]), (7_303_480, 3_316_142));
    assert_eq!(tally["null"], json!(1_213));
    compare_states(&tally, &facts["V2"], false);

    // The first file has two stations that the second lacks: without a register entry they are held, never counted.
    place.run(&["import", "archive", "V1.csv"]).done().says(&[
        "   24,530 agree with what was there",
        "        2 of stations that the register does not have: held, not counted",
        "hint: --extend-register adds them",
    ]);
    let held = place.checks("archive");
    let stations: Vec<&Value> = held.iter().map(|line| &line["station"]).collect();
    assert_eq!(stations, [&json!("210510003.01"), &json!("210510003.03")]);
    assert!(held.iter().all(|line| line["code"] == "not-in-register"), "{held:?}");
    let run = place.run(&["import", "archive", "V1.csv", "--extend-register"]).done();
    run.says(&["2 stations added to the register", "24,532 are in the ledger already"]);
    let tally = place.tally("archive");
    assert_eq!((&tally["stations"]["counted"], &tally["stations"]["held"]), (&json!(25_075), &json!(0)));
}

#[test]
fn two_more_countries_by_pack_and_mapping_alone() {
    if let Some(file) = real("other/argentina_cordoba2019_gobernador_mesa.csv.xz") {
        let place = Place::new();
        place.write("results.csv", file);
        place.run(&["init", "archive", "--pack", "cordoba-2019", "--register", "results.csv"]).done();
        place.run(&["import", "archive", "results.csv"]).done();
        let tally = place.tally("archive");
        assert_eq!(tally["stations"]["counted"], json!(8_545));
        assert_eq!(
            (&tally["valid"], &tally["blank"], &tally["null"]),
            (&json!(1_891_285), &json!(116_214), &json!(56_644))
        );
        assert_eq!(votes(&tally)["HPC"], 1_083_435);
        let others: Vec<u64> =
            tally["others"].as_array().unwrap().iter().map(|one| one["votes"].as_u64().unwrap()).collect();
        assert_eq!(1_891_285 + others.iter().sum::<u64>(), 2_077_220, "all voters");
        assert_eq!(others.iter().sum::<u64>() - 116_214, 69_721, "null, appealed and impugned");
    }
    if let Some(file) = real("other/bolivia2020_presidente_partial_20201020.csv.xz") {
        let place = Place::new();
        place.write("results.csv", file);
        place.run(&["init", "archive", "--pack", "bolivia-2020", "--register", "results.csv"]).done();
        place.run(&["import", "archive", "results.csv"]).done();
        let tally = place.tally("archive");
        let totals = [
            ("MAS_IPSP", 1_548_883),
            ("CC", 1_075_654),
            ("CREEMOS", 530_722),
            ("FPV", 50_859),
            ("PAN_BOL", 15_718),
            ("LIBRE_21", 840),
            ("ADN", 276),
            ("JUNTOS", 0),
        ];
        assert_eq!(votes(&tally), expected(&totals));
        assert_eq!(
            (&tally["valid"], &tally["blank"], &tally["null"]),
            (&json!(3_222_952), &json!(43_750), &json!(125_292))
        );
        assert_eq!(tally["registered"]["in_counted"], json!(3_850_979));
        assert_eq!(tally["stations"]["counted"], json!(18_557));
    }
}
