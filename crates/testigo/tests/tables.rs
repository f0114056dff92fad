//! Tables that are not as they should be: results files, registers, packs. Every message says which file, which line
//! and which field; what cannot be taken whole writes nothing.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod common;

use std::fs;
use std::path::Path;

use common::sheets::{self, STATIONS};
use common::{Place, golden};

/// How the columns of the made-up results files below map to the demonstration election.
const MAPPING: &str = r#"id = "table"
encodings = ["utf-8"]
station = [{ column = "STATION" }]

[[numbers]]
contest = "president"
candidates = { MV = "MV", TO = "TO", IQ = "IQ", BY = "BY", LE = "LE" }
others = { null = "NULL", blank = { sum = ["BLANK"], may_be_blank = true } }
stated = { valid = "VALID" }

[register]
registered = { sum = ["VOTERS"], optional = true }

[[register.unit]]
level = "region"
code = [{ column = "STATION", first = 2 }]
name = [{ column = "REGION" }]

[[register.unit]]
level = "place"
code = [{ column = "STATION", first = 10 }]
name = ["Place ", { column = "STATION", first = 10 }]
"#;

const HEADER: &str = "STATION,REGION,VOTERS,MV,TO,IQ,BY,LE,NULL,BLANK,VALID";

/// Good rows for the first stations.
fn rows(stations: usize) -> String {
    STATIONS[..stations].iter().map(|station| format!("{station},North,900,50,40,30,20,10,2,1,150\n")).collect()
}

/// A results file that begins with good rows, with this after them.
fn with(last: &str) -> Vec<u8> {
    format!("{HEADER}\n{}{last}\n", rows(2)).into_bytes()
}

#[test]
fn bad_results_files() {
    let bad_row = |cells: &str| with(&format!("{},{cells}", STATIONS[2]));
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("good.csv", with("")),
        ("negative.csv", bad_row("North,900,-5,40,30,20,10,2,1,150")),
        ("fractional.csv", bad_row("North,900,50.5,40,30,20,10,2,1,150")),
        ("grouped.csv", bad_row("North,900,\"1,050\",40,30,20,10,2,1,150")),
        ("blank.csv", bad_row("North,900,,40,30,20,10,2,1,150")),
        ("blank-that-may-be.csv", bad_row("North,900,50,40,30,20,10,2,,150")),
        ("word.csv", bad_row("North,900,n/a,40,30,20,10,2,1,150")),
        ("a-million-million.csv", bad_row("North,900,1000000000000,40,30,20,10,2,1,150")),
        ("short-row.csv", bad_row("North,900,50,40")),
        ("long-row.csv", bad_row("North,900,50,40,30,20,10,2,1,150,7")),
        (
            "stray-quote.csv",
            format!("{HEADER}\n{},\"North,900,50,40,30,20,10,2,1,150\n{}", STATIONS[0], rows(2)).into_bytes(),
        ),
        ("station-with-blank.csv", with("01 01,North,900,50,40,30,20,10,2,1,150")),
        ("no-station.csv", with(",North,900,50,40,30,20,10,2,1,150")),
        ("same-row-twice.csv", with(&rows(1))),
        ("same-station-twice.csv", with(&rows(1).replace(",50,", ",51,"))),
        ("not-in-the-register.csv", with("0909090909.09,North,900,50,40,30,20,10,2,1,150")),
        ("column-missing.csv", String::from_utf8(with("")).unwrap().replace(",LE,", ",EL,").into_bytes()),
        ("column-twice.csv", String::from_utf8(with("")).unwrap().replace("REGION", "MV").into_bytes()),
        ("semicolons.csv", String::from_utf8(with("")).unwrap().replace(',', ";").into_bytes()),
        ("latin-1.csv", [&with("")[..], b"0101010102.01,Regi\xf3n,900,50,40,30,20,10,2,1,150\n"].concat()),
        ("utf-16.csv", with("").iter().flat_map(|byte| [*byte, 0]).collect()),
        (
            "crlf-and-blank-lines.csv",
            format!("\u{feff}{HEADER}\n\n{}{},North,900,-6,40,30,20,10,2,1,150\n", rows(2), STATIONS[2])
                .replace('\n', "\r\n")
                .into_bytes(),
        ),
        ("empty.csv", Vec::new()),
        ("only-blank-lines.csv", b"\n\n\n".to_vec()),
        ("only-a-header.csv", format!("{HEADER}\n").into_bytes()),
        ("picture.csv", sheets::sheet(&[])),
    ];
    let mut said = String::new();
    for (name, bytes) in files {
        let place = Place::with_demo();
        place.write("mapping.toml", MAPPING);
        place.write(name, bytes);
        let size = place.size("archive");
        let run = place.run(&["import", "archive", name, "--mapping", "mapping.toml"]);
        match run.code {
            Some(2) => assert_eq!(place.size("archive"), size, "{run}"),
            _ => assert!(place.size("archive") >= size, "{run}"),
        }
        said.push_str(&run.to_string());
    }
    golden("bad_results_files", &said);
}

#[test]
fn arguments_of_an_import_that_do_not_fit() {
    let place = Place::with_demo();
    place.write("mapping.toml", MAPPING);
    place.write("broken.toml", MAPPING.replace("MV = \"MV\"", "XX = \"MV\""));
    place.write("good.csv", with(""));
    place.write("bad.csv", "");
    place.write("sheet.jpg", sheets::sheet(&[]));
    let size = place.size("archive");
    let cases: [&[&str]; 8] = [
        &["good.csv"],
        &["good.csv", "--format", "csv"],
        &["good.csv", "--format", "other"],
        &["good.csv", "--mapping", "nowhere.toml"],
        &["good.csv", "--mapping", "broken.toml"],
        &["good.csv", "sheet.jpg"],
        &["nowhere.csv", "--mapping", "mapping.toml"],
        &[],
    ];
    let said: String =
        cases.iter().map(|case| place.run(&[&["import", "archive"], *case].concat()).exits(2).to_string()).collect();
    golden("bad_import_arguments", &said);
    assert_eq!(place.size("archive"), size);

    // Of several results files, the good ones have their turn.
    let both = place.run(&["import", "archive", "bad.csv", "good.csv", "--mapping", "mapping.toml"]).finished();
    golden("a_bad_results_file_among_good_ones", &both.to_string());
    let known = place.run(&["import", "archive", "good.csv", "--mapping", "mapping.toml"]).done();
    known.says(&["2 are in the ledger already"]);
}

#[test]
fn bad_registers() {
    let good = sheets::register();
    let line = |number: usize| good.lines().nth(number).unwrap().to_owned();
    let with = |last: &str| format!("{good}{last}\n");
    let registers: Vec<(&str, Vec<u8>)> = vec![
        ("duplicate.csv", with(&line(1)).into_bytes()),
        ("orphan.csv", with(",,,,,,,,,,0909090909.09,300").into_bytes()),
        ("two-parents.csv", with(&line(1).replace("01,Unit 01,", "02,Unit 02,").replace(".01,", ".09,")).into_bytes()),
        ("negative.csv", with(&line(1).replace(".01,900", ".09,-3")).into_bytes()),
        ("fractional.csv", with(&line(1).replace(".01,900", ".09,3.5")).into_bytes()),
        ("bad-station.csv", with(&line(1).replace(".01,900", ".01/x,900")).into_bytes()),
        ("bad-unit.csv", with(&line(1).replace("0101,Unit", "01 01,Unit").replace(".01,900", ".09,900")).into_bytes()),
        ("short-row.csv", with("01,Unit 01").into_bytes()),
        ("stray-quote.csv", with(&format!("\"{}", line(1))).into_bytes()),
        ("column-missing.csv", good.replace("parish_name", "parish").into_bytes()),
        ("column-unknown.csv", good.replace("parish_name", "priest").into_bytes()),
        ("semicolons.csv", good.replace(',', ";").into_bytes()),
        ("latin-1.csv", [good.as_bytes(), b"01,Regi\xf3n,0101,b,010101,c,01010101,d,0101010101,e,x.1,1\n"].concat()),
        ("other-table.csv", format!("{HEADER}\n{}", rows(2)).into_bytes()),
        ("empty.csv", Vec::new()),
        ("sheet.jpg", sheets::sheet(&[])),
    ];
    let mut said = String::new();
    for (name, bytes) in &registers {
        let place = Place::new();
        place.write(name, bytes);
        let run = place.run(&["init", "archive", "--pack", "demo", "--register", name]).refused();
        said.push_str(&run.to_string());
        assert!(!place.path("archive").exists(), "{run}");
        assert!(!place.path("keys").exists() || place.files("keys").is_empty(), "{run}");
    }
    golden("bad_registers", &said);
}

#[test]
fn results_files_that_cannot_serve_as_a_register() {
    let good = common::results::rows(3);
    let line = good.lines().nth(1).unwrap();
    let files: Vec<(&str, String)> = vec![
        ("duplicate.csv", format!("{good}{line}\r\n")),
        ("negative.csv", good.replace(",900,", ",-900,")),
        ("blank.csv", good.replace(",900,", ",,")),
        ("no-centre.csv", format!("{good}{}\r\n", line.replacen("10101001", "", 1))),
    ];
    let mut said = String::new();
    for (name, text) in files {
        let place = Place::new();
        place.write(name, text);
        let run = place.run(&["init", "archive", "--pack", common::results::PACK, "--register", name]).refused();
        said.push_str(&run.to_string());
        assert!(!place.path("archive").exists(), "{run}");
    }
    golden("bad_registers_from_results", &said);
}

#[test]
fn bad_packs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/demo");
    let good = ["election.toml", "pack.toml"].map(|name| fs::read_to_string(folder.join(name)).unwrap());
    let changes: Vec<(&str, &str, &str, &str)> = vec![
        ("two selections of one id", "election.toml", "id = \"02\", name", "id = \"01\", name"),
        ("two candidates of one id", "election.toml", "id = \"TO\"", "id = \"MV\""),
        ("two contests of one id", "election.toml", "id = \"water\"", "id = \"president\""),
        ("dangling candidate", "election.toml", "candidate = \"LE\"", "candidate = \"EL\""),
        ("unknown field", "election.toml", "date =", "day ="),
        ("another unknown field", "election.toml", "short = \"Valcorba\"", "nick = \"Valcorba\""),
        ("bad date", "election.toml", "2030-05-19", "19 May 2030"),
        ("bad colour", "election.toml", "#0b61a4", "blue"),
        ("id with a blank", "election.toml", "id = \"IQ\"", "id = \"I Q\""),
        (
            "text in one language only",
            "election.toml",
            "title = { es = \"Votos nulos\", en = \"Null votes\" }",
            "title = { es = \"Votos nulos\" }",
        ),
        ("not TOML", "election.toml", "[declared]", "[declared"),
        ("negative number declared", "election.toml", "stations = 412", "stations = -412"),
        ("language promised", "pack.toml", "languages = [\"es\", \"en\"]", "languages = [\"es\", \"en\", \"qu\"]"),
        ("no language", "pack.toml", "languages = [\"es\", \"en\"]", "languages = []"),
        ("unknown field in the pack", "pack.toml", "single_published", "one_published"),
        ("no signature needed", "pack.toml", "signatures = 1", "signatures = 0"),
        ("two levels of one id", "pack.toml", "id = \"province\"", "id = \"region\""),
        ("format of tomorrow", "pack.toml", "format = 1", "format = 2"),
        (
            "grammar without votes",
            "pack.toml",
            "{ votes = \"president\" },\n  \"!\",\n  { other = \"null\", contest = \"president\" },\n  \"!\",\n  { other = \"blank\", contest = \"president\" },\n  \"!\",\n  { votes = \"water\" },",
            "\"x\",",
        ),
        ("grammar with an unknown contest", "pack.toml", "{ votes = \"water\" }", "{ votes = \"fire\" }"),
        (
            "grammar with an unknown kind",
            "pack.toml",
            "{ other = \"null\", contest = \"water\" }",
            "{ other = \"void\", contest = \"water\" }",
        ),
        (
            "grammar with an unknown part",
            "pack.toml",
            "{ digits = 2, name = \"table\" }",
            "{ letters = 2, name = \"table\" }",
        ),
        ("station of unknown digits", "pack.toml", "station = \"{place}.{table}\"", "station = \"{place}.{box}\""),
        ("station without an end", "pack.toml", "station = \"{place}.{table}\"", "station = \"{place}.{table\""),
        ("area upside down", "pack.toml", "codes = [[0, 8000, 10000, 9700]]", "codes = [[0, 9700, 10000, 8000]]"),
        ("area outside", "pack.toml", "codes = [[0, 8000, 10000, 9700]]", "codes = [[0, 8000, 10000, 12000]]"),
        ("shape upside down", "pack.toml", "aspect = [595, 615]", "aspect = [615, 595]"),
    ];
    let mut said = String::new();
    let place = Place::new();
    for (what, file, from, to) in changes {
        let mut files = good.clone();
        let text = &mut files[usize::from(file == "pack.toml")];
        assert!(text.contains(from), "{what}: `{from}` is not in {file}");
        *text = text.replacen(from, to, 1);
        place.write("own/election.toml", &files[0]);
        place.write("own/pack.toml", &files[1]);
        let run = place.run(&["pack", "check", "own"]).refused();
        said.push_str(&format!("\n# {what}{run}"));
        let init = place.run(&["init", "archive", "--pack", "own"]).refused();
        assert_eq!(init.err, run.err);
        assert!(!place.path("archive").exists());
    }
    place.write("own/election.toml", &good[0]);
    place.write("own/pack.toml", [good[1].as_bytes(), b"# Regi\xf3n\n"].concat());
    said.push_str(&format!("\n# not UTF-8{}", place.run(&["pack", "check", "own"]).refused()));
    fs::remove_file(place.path("own/pack.toml")).unwrap();
    said.push_str(&format!("\n# half a pack{}", place.run(&["pack", "check", "own"]).refused()));
    said.push_str(&format!("\n# no pack{}", place.run(&["pack", "check", "other"]).refused()));
    golden("bad_packs", &said);
}

#[test]
fn bad_mappings() {
    let changes: Vec<(&str, &str, &str)> = vec![
        ("unknown candidate", "MV = \"MV\"", "XX = \"MV\""),
        ("candidate without a column", "MV = \"MV\", ", ""),
        ("unknown contest", "contest = \"president\"", "contest = \"mayor\""),
        ("unknown kind", "null = \"NULL\"", "void = \"NULL\""),
        ("unknown level", "level = \"place\"", "level = \"hall\""),
        ("unknown encoding", "utf-8", "ebcdic"),
        ("unknown field", "station =", "table ="),
        ("not TOML", "[register]", "[register"),
        ("wide delimiter", "id = \"table\"", "id = \"table\"\ndelimiter = \"::\""),
    ];
    let place = Place::with_demo();
    place.write("good.csv", with(""));
    let size = place.size("archive");
    let mut said = String::new();
    for (what, from, to) in changes {
        assert!(MAPPING.contains(from), "{what}");
        place.write("mapping.toml", MAPPING.replacen(from, to, 1));
        let run = place.run(&["import", "archive", "good.csv", "--mapping", "mapping.toml"]).refused();
        said.push_str(&format!("\n# {what}{run}"));
        assert_eq!(place.size("archive"), size);
    }
    golden("bad_mappings", &said);
}
