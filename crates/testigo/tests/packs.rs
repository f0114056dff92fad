//! The pack that `docs/packs.md` writes down is one: it is checked, an archive is made with it, a code and a results file are read by it.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod common;

use common::Place;
use serde_json::Value;

/// The blocks of TOML below each heading that names a file.
fn files() -> Vec<(String, String)> {
    let text = include_str!("../../../docs/packs.md");
    let sections = text.split("\n## ").skip(1);
    sections
        .filter_map(|section| {
            let (heading, rest) = section.split_once('\n')?;
            let toml = rest.split_once("```toml\n")?.1.split_once("```")?.0;
            let name = if heading == "The site" { "site.toml" } else { heading };
            Some((name.to_owned(), toml.to_owned()))
        })
        .collect()
}

#[test]
fn the_pack_of_the_documents_works() {
    let place = Place::new();
    let files = files();
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["election.toml", "pack.toml", "mappings/table.toml", "site.toml"]);
    std::fs::create_dir_all(place.path("my-pack/mappings")).unwrap();
    for (name, toml) in &files {
        place.write(&format!("my-pack/{name}"), toml);
    }
    let run = place.run(&["pack", "check", "my-pack"]).done();
    assert!(run.out.contains("ward / table") && run.out.contains("mayor: 2 candidates, 3 ballot lines"), "{run}");

    place.write(
        "results.csv",
        "WARD,TABLE,RUIZ,ODE,ODE_LATE,NULL,VALID,VOTERS\n1,1,50,20,3,1,73,200\n1,2,40,60,0,2,100,300\n2,1,70,10,1,0,81,400\n",
    );
    place.run(&["init", "archive", "--pack", "my-pack", "--register", "results.csv"]).done();
    place.run(&["import", "archive", "results.csv", "--mapping", "my-pack/mappings/table.toml"]).done();
    let tally: Value = serde_json::from_str(&place.run(&["tally", "archive", "--format", "json"]).done().out).unwrap();
    assert_eq!(tally["stations"]["listed"], 3);
    // The pack lets no results file count alone.
    assert_eq!((&tally["stations"]["counted"], &tally["stations"]["held"]), (&0.into(), &3.into()));
    let ward: Value =
        serde_json::from_str(&place.run(&["tally", "archive", "--unit", "ward/01", "--format", "json"]).done().out)
            .unwrap();
    assert_eq!(ward["children"].as_array().unwrap().len(), 2);

    // Sheets are drawn and read by it.
    place.run(&["simulate", "made", "--pack", "my-pack", "--stations", "40", "--seed", "4"]).done();
    place.run(&["init", "rehearsal", "--pack", "my-pack", "--register", "made/register.csv"]).done();
    place.run(&["import", "rehearsal", "made/sheets"]).done();
    let run = place.run(&["read", "rehearsal", "--format", "json"]);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    let tally: Value =
        serde_json::from_str(&place.run(&["tally", "rehearsal", "--format", "json"]).done().out).unwrap();
    assert!(tally["stations"]["counted"].as_u64().unwrap() >= 20, "{tally} {report}");
}
