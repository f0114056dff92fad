//! Proclaimed figures with the real program: recorded once, changed visibly, verified.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed test is a panic; a skipped one says so"
)]

mod common;

use std::sync::Arc;

use common::{Place, real};
use testigo_archive::ArchiveReader;
use testigo_site::source::open_view;
use testigo_site::{Body, Site};

const FIRST: &str = r#"{ "bulletins": [
  { "number": 1, "announced": "2030-05-20", "coverage": 80, "votes": { "MV": 400, "TO": 500 } },
  { "number": 2, "votes": { "MV": 450, "TO": "many" } }
] }"#;

#[test]
fn figures_are_recorded_once_and_a_change_names_what_it_changes() {
    let place = Place::with_demo();
    place.write("first.json", FIRST);
    let official = |file: &str, more: &[&str]| {
        let arguments = [&["official", "archive", file, "--format", "json"], more].concat();
        place.run(&arguments)
    };
    let report = official("first.json", &[]).finished().json();
    assert_eq!(report["new"][0]["entry"], 1);
    assert!(report["left_out"][0].as_str().unwrap().contains("line 3, field `bulletins[1].votes.TO`"), "{report}");

    place.write("first.json", FIRST.replace("\"many\"", "510"));
    let report = official("first.json", &[]).done().json();
    assert_eq!((&report["known"], &report["new"][0]["entry"]), (&1.into(), &2.into()));
    let again = official("first.json", &[]).done().json();
    assert_eq!((&again["known"], again["new"].as_array().unwrap().len()), (&2.into(), 0));

    place.write("changed.json", FIRST.replace("\"many\"", "530"));
    let changed = official("changed.json", &[]).done().json();
    assert_eq!((&changed["new"][0]["entry"], &changed["new"][0]["supersedes"]), (&3.into(), &2.into()));
    // The earlier file again is no news, unless someone says that the figures were changed back.
    let back = official("first.json", &[]).done().json();
    assert_eq!((back["outdated"].as_array().unwrap().len(), back["new"].as_array().unwrap().len()), (1, 0));
    let back = official("first.json", &["--again"]).done().json();
    assert_eq!((&back["new"][0]["entry"], &back["new"][0]["supersedes"]), (&4.into(), &3.into()));
    place.run(&["verify", "archive"]).done();
}

/// From an empty archive to the page: the gaps of both bulletins under both meanings of their coverage, the weaker as the
/// headline, and the worst case with its conditions. The numbers are those of an independent computation.
#[test]
fn the_real_bulletins_against_the_real_sheets() {
    let results = real("ve2024/RESULTADOS_2024_CSV_V1.csv.xz");
    let (Some(results), Some(official)) = (results, real("ve2024/OFFICIAL.json")) else { return };
    let place = Place::new();
    place.write("V1.csv", results);
    place.write("OFFICIAL.json", official);
    place.run(&["init", "archive", "--pack", "ve-2024", "--register", "V1.csv"]).done();
    place.run(&["import", "archive", "V1.csv"]).done();
    let recorded = place.run(&["official", "archive", "OFFICIAL.json"]).done();
    assert!(recorded.err.contains("field `opposition`"), "{recorded}");
    place.run(&["official", "archive", "OFFICIAL.json"]).done().says(&["2 bulletins are in the ledger already"]);

    let answer = place.run(&["compare", "archive", "--format", "json"]).done().json();
    let bulletins = answer["comparison"]["bulletins"].as_array().unwrap();
    let bound = |bulletin: usize, meaning: &str, candidate: u64| {
        let readings = bulletins[bulletin]["readings"].as_array().unwrap();
        let reading = readings.iter().find(|one| one["meaning"] == meaning).unwrap();
        let bounds = reading["bounds"].as_array().unwrap();
        let found = bounds.iter().find(|one| one["candidate"] == candidate).unwrap();
        (reading["outside"].as_u64().unwrap(), found["missing"].as_u64().unwrap(), found["too_many"].as_u64().unwrap())
    };
    // González is the first candidate of the election file, Maduro the second.
    assert_eq!(bound(1, "stations", 0), (941, 1_370_253, 0));
    assert_eq!(bound(1, "stations", 1), (941, 0, 969_983));
    assert_eq!(bound(1, "registered", 0).0, 667_374);
    assert!(bound(1, "registered", 0).1 > 1_370_253 && bound(1, "registered", 1).2 > 969_983);
    assert_eq!(bound(0, "stations", 0), (6_155, 139_854, 0));
    assert!(bound(0, "registered", 0).1 > 139_854);
    let headline = &bulletins[1]["headline"][0];
    assert_eq!((&headline["missing"], &headline["missing_under"]), (&1_370_253.into(), &"stations".into()));
    let outlook = &answer["outlook"];
    assert_eq!((&outlook["verdict"], &outlook["lead"]), (&"won".into(), &3_915_001.into()));
    assert_eq!(outlook["missing"]["voters"], 3_647_225);
    assert_eq!(outlook["false_sheets"]["swapped"], 6_168);

    // By table, 100 % covered or not, a state can be compared, too.
    place.run(&["compare", "archive", "--unit", "01"]).refused();
    let csv = place.run(&["compare", "archive", "--format", "csv"]).done().out;
    assert!(csv.lines().count() > 20 && csv.contains("1370253"), "{csv}");

    let view = open_view(&ArchiveReader::open(&place.path("archive")).unwrap()).unwrap();
    let site = Site::new(Arc::new(view), false);
    let page = |path: &str| match site.respond(path, "").body {
        Body::Bytes(bytes) => String::from_utf8(bytes).unwrap(),
        other => panic!("{path}: {other:?}"),
    };
    for (path, parts) in [
        (
            "/compare",
            ["1.370.253", "969.983", "139.854", "1.445.943", "524.118", "3.647.225", "<svg", "data-due=\"2024-07-30\""],
        ),
        (
            "/en/compare",
            ["1,370,253", "969,983", "139,854", "1,445,943", "524,118", "3,647,225", "<svg", "data-due=\"2024-07-30\""],
        ),
    ] {
        let text = page(path);
        for part in parts {
            assert!(text.contains(part), "`{part}` is missing on {path}");
        }
    }
    let analysis = page("/en/analysis");
    for part in [
        "2 pairs of sheets",
        "about once in 134,375,309 times",
        "no verdict",
        "267,776",
        "all 8 tests",
        "Last two digits the same: Nicolás Maduro",
        "5.77",
        "href=\"/en/compare\"",
    ] {
        assert!(analysis.contains(part), "`{part}` is missing in the analysis");
    }
    assert!(page("/en/").contains("/en/compare"), "the home page leads there");
    assert!(site.addresses().any(|address| address == "/data/president/compare.csv"));
}

/// Figures of a unit and of single stations, and nothing where nothing was proclaimed.
#[test]
fn places_and_single_stations_are_compared_too() {
    let place = Place::with_demo();
    place.run(&["compare", "archive"]).refused();
    let units = place.run(&["tally", "archive", "--format", "json"]).done().json();
    let unit = &units["children"][0];
    let written = format!("{}/{}", unit["level"].as_str().unwrap(), unit["code"].as_str().unwrap());
    place.write("places.csv", format!("bulletin,unit,MV,TO\n1,{written},10,20\n"));
    place.run(&["official", "archive", "places.csv"]).done();
    let whole = place.run(&["compare", "archive", "--format", "json"]).done().json();
    assert_eq!(whole["comparison"]["units"][0]["code"], unit["code"]);
    assert_eq!(whole["outlook"]["verdict"], "nothing");
    let below = place.run(&["compare", "archive", "--unit", &written, "--format", "json"]).done().json();
    let bulletin = &below["comparison"]["bulletins"][0];
    assert_eq!(bulletin["lines"][1]["proclaimed"], 20);
    assert_eq!(bulletin["headline"].as_array().unwrap().len(), 0, "no sheet counts yet");
}
