//! Holds the rooms of the workspace to the arrows of `docs/architecture.md`.
//!
//! An import against the arrows, a pure room that reaches for the disk or the clock, or a country's name in the source
//! is found here and not in review. Each test lists every fault it finds, with the file and what to do.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// Every room, and the rooms it may import. A new crate is added here and in `docs/architecture.md`.
const ARROWS: [(&str, &[&str]); 7] = [
    ("count", &[]),
    ("ledger", &[]),
    ("sheet", &[]),
    ("analysis", &["count"]),
    ("archive", &["count", "ledger"]),
    ("site", &["analysis", "archive", "count", "ledger"]),
    ("testigo", &["analysis", "archive", "count", "ledger", "sheet", "site"]),
];

/// Rooms that compute and do nothing else.
const PURE_ROOMS: [&str; 4] = ["analysis", "count", "ledger", "sheet"];

/// What a pure room must not depend on: runtimes, networks, databases, files, clocks, randomness, terminals.
const IMPURE_DEPENDENCIES: &str = "\
    async-std axum chrono clap diesel fs-err futures getrandom hyper jiff memmap2 object_store \
    postgres rand reqwest rusqlite rustix smol sqlx tempfile time tokio tower tracing- \
    subscriber ureq walkdir";

/// What the two rooms that a verification rests on must not even name.
const IMPURE_PATHS: &[&str] =
    &["std::env", "std::fs", "std::net", "std::os", "std::process", "SystemTime", "Instant::now"];

/// Countries as they would be written in English or Spanish, in lower case and without accents. Names that are also
/// ordinary words, first names or typefaces (Chad, Georgia, Jordan, Monaco, Turkey) are left to the reader.
const COUNTRIES: &str = "\
    afghanistan albania alemania algeria angola argentina armenia australia austria azerbaijan \
    bahamas bangladesh barbados belarus belgica belgium belize benin bhutan bolivia bosnia \
    botswana brasil brazil bulgaria burkina burundi cambodia cameroon canada chile china \
    colombia comoros congo cordoba croatia cuba cyprus denmark djibouti ecuador egypt eritrea \
    espana estonia eswatini ethiopia fiji finland france francia gabon gambia germany ghana \
    greece grenada guatemala guinea guyana haiti honduras hungary iceland india indonesia iran \
    iraq ireland israel italia italy jamaica japan kazakhstan kenya kiribati kosovo kuwait \
    kyrgyzstan laos latvia lebanon lesotho liberia libya lithuania luxembourg madagascar \
    malawi malaysia maldives malta mauritania mauritius mexico micronesia moldova mongolia \
    montenegro morocco mozambique myanmar namibia nauru nepal netherlands nicaragua nigeria \
    norway pakistan palestine panama paraguay peru philippines poland portugal qatar romania \
    russia rusia rwanda salvador samoa senegal serbia seychelles singapore slovakia slovenia \
    somalia spain sudan suriname sweden switzerland syria taiwan tajikistan tanzania thailand \
    timor togo tonga tunisia turkmenistan tuvalu uganda ukraine uruguay uzbekistan vanuatu \
    venezuela vietnam yemen zambia zimbabwe";

#[test]
fn every_room_is_on_the_map() {
    let map = read(&root().join("docs/architecture.md"));
    for room in rooms() {
        assert!(
            ARROWS.iter().any(|(name, _)| *name == room),
            "crates/{room} has no line in ARROWS: say there, and in docs/architecture.md, what it may import"
        );
        assert!(map.contains(&format!("`{room}`")), "docs/architecture.md does not speak of the room `{room}`");
    }
}

#[test]
fn rooms_import_along_the_arrows_only() {
    let workspace = manifest(&root().join("Cargo.toml"));
    let mut faults = Vec::new();
    for room in rooms() {
        let allowed = ARROWS.iter().find(|(name, _)| *name == room).map_or(&[][..], |(_, allowed)| allowed);
        for imported in packages(&manifest_of(&room), &workspace, Kind::All).iter().filter_map(|name| room_of(name)) {
            if imported != room && !allowed.contains(&imported.as_str()) {
                faults.push(format!("crates/{room}/Cargo.toml imports `{imported}`, allowed are {allowed:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "the thing stands in the wrong room:\n{}", faults.join("\n"));
}

#[test]
fn pure_rooms_depend_on_nothing_that_reaches_outside() {
    let workspace = manifest(&root().join("Cargo.toml"));
    let mut faults = Vec::new();
    for room in rooms().into_iter().filter(|room| PURE_ROOMS.contains(&room.as_str())) {
        for name in packages(&manifest_of(&room), &workspace, Kind::Shipped) {
            if IMPURE_DEPENDENCIES.split(' ').any(|impure| impure == name) {
                faults.push(format!("crates/{room}/Cargo.toml depends on `{name}`: do this in `archive` or `testigo`"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn count_and_ledger_know_no_disk_no_clock_and_no_chance() {
    let mut faults = Vec::new();
    for room in ["count", "ledger"] {
        for (path, line, text) in shipped_lines(&room_folder(room).join("src")) {
            let code = text.split("//").next().unwrap_or_default();
            for word in IMPURE_PATHS.iter().filter(|word| code.contains(*word)) {
                faults.push(format!("{}:{line}: names `{word}`", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "the fold must give everyone the same answer:\n{}", faults.join("\n"));
}

#[test]
fn count_uses_no_floating_point() {
    let faults: Vec<String> = shipped_lines(&room_folder("count").join("src"))
        .into_iter()
        .filter(|(_, _, text)| {
            let code = text.split("//").next().unwrap_or_default();
            words(code).any(|word| word == "f32" || word == "f64")
        })
        .map(|(path, line, _)| format!("{}:{line}", path.display()))
        .collect();
    assert!(faults.is_empty(), "totals are whole numbers; estimates belong in `analysis`:\n{}", faults.join("\n"));
}

#[test]
fn no_country_is_named_in_the_source() {
    let packs = pack_names();
    let mut faults = Vec::new();
    for room in rooms() {
        for folder in ["src", "examples", "benches", "build.rs"] {
            for (path, line, text) in shipped_lines(&room_folder(&room).join(folder)) {
                if let Some(name) = country_in(&text, &packs) {
                    faults.push(format!("{}:{line}: names `{name}`", path.display()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "what is peculiar to a country stands in packs/:\n{}", faults.join("\n"));
}

#[test]
fn country_names_are_recognised_inside_identifiers_and_not_inside_other_words() {
    let packs = BTreeSet::from(["xx-2024".to_owned()]);
    for guilty in
        ["let url = \"https://en.example/Per\u{fa}\";", "struct UruguayPack;", "cuba_total", "packs/xx-2024/pack.toml"]
    {
        assert!(country_in(guilty, &packs).is_some(), "{guilty}");
    }
    for innocent in ["big endian indices", "superuser", "incubate", "machine", "laboratory", "perusal"] {
        assert_eq!(country_in(innocent, &packs), None, "{innocent}");
    }
}

#[test]
fn test_modules_are_left_out_and_what_follows_them_is_not() {
    let source = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n#[cfg(test)]\nmod table;\nfn c() {}\n";
    let kept: Vec<&str> = without_tests(source).map(|(_, text)| text).collect();
    assert_eq!(kept, ["fn a() {}", "fn c() {}"]);
}

#[test]
fn a_renamed_dependency_is_known_by_its_package() {
    let workspace: Table =
        toml::from_str("[workspace.dependencies]\nquick = { package = \"tokio\", version = \"1\" }").unwrap();
    let room: Table = toml::from_str(
        "[dependencies]\nquick.workspace = true\n[target.'cfg(unix)'.dependencies]\nslow = { package = \"axum\", version = \"0\" }\n\
         [dev-dependencies]\ntempfile = \"3\"",
    )
    .unwrap();
    assert_eq!(packages(&room, &workspace, Kind::Shipped), BTreeSet::from(["axum".to_owned(), "tokio".to_owned()]));
    assert!(packages(&room, &workspace, Kind::All).contains("tempfile"));
}

/// Which dependency tables of a manifest are looked at.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Those that end in the program or are needed to build it.
    Shipped,
    /// Those of tests too.
    All,
}

/// The packages a manifest depends on, under the names they are published with.
fn packages(manifest: &Table, workspace: &Table, kind: Kind) -> BTreeSet<String> {
    let mut tables = vec![manifest];
    if let Some(targets) = manifest.get("target").and_then(Value::as_table) {
        tables.extend(targets.values().filter_map(Value::as_table));
    }
    let mut kinds = vec!["dependencies", "build-dependencies"];
    if kind == Kind::All {
        kinds.push("dev-dependencies");
    }
    let shared = workspace.get("workspace").and_then(|table| table.get("dependencies"));
    tables
        .iter()
        .flat_map(|table| kinds.iter().filter_map(|kind| table.get(*kind)?.as_table()))
        .flatten()
        .map(|(name, value)| {
            let inherited = value.get("workspace").and_then(|_| shared?.get(name));
            let package = inherited.unwrap_or(value).get("package").and_then(Value::as_str);
            package.unwrap_or(name).to_owned()
        })
        .collect()
}

/// `testigo-count` is the room `count`; packages from elsewhere are no room.
fn room_of(package: &str) -> Option<String> {
    let room = package.strip_prefix("testigo-").unwrap_or(package);
    (package == "testigo" || room != package).then(|| room.to_owned())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn room_folder(room: &str) -> PathBuf {
    root().join("crates").join(room)
}

fn manifest_of(room: &str) -> Table {
    manifest(&room_folder(room).join("Cargo.toml"))
}

fn manifest(path: &Path) -> Table {
    toml::from_str(&read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The folders in `crates/` that hold a crate.
fn rooms() -> BTreeSet<String> {
    let found: BTreeSet<String> = entries(&root().join("crates"))
        .into_iter()
        .filter(|path| path.join("Cargo.toml").is_file())
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect();
    assert!(found.len() >= 6, "only {found:?} found under crates/");
    found
}

/// The names of the packs of real elections: those whose name holds a year.
fn pack_names() -> BTreeSet<String> {
    entries(&root().join("packs"))
        .into_iter()
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_lowercase()))
        .filter(|name| name.bytes().any(|byte| byte.is_ascii_digit()))
        .collect()
}

/// What stands in a folder, in order; nothing when there is no such folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// Every line of Rust under `path` that is not a test's, with its file (relative to the root) and its number from 1.
fn shipped_lines(path: &Path) -> Vec<(PathBuf, usize, String)> {
    if path.is_dir() {
        return entries(path)
            .iter()
            .filter(|entry| !entry.ends_with("tests.rs"))
            .flat_map(|entry| shipped_lines(entry))
            .collect();
    }
    if path.extension().is_none_or(|extension| extension != "rs") || !path.is_file() {
        return Vec::new();
    }
    let name = path.strip_prefix(root()).unwrap_or(path).to_owned();
    without_tests(&read(path)).map(|(line, text)| (name.clone(), line, text.to_owned())).collect()
}

/// The lines of a formatted source file without its `#[cfg(test)]` modules.
fn without_tests(source: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut lines = source.lines().enumerate().map(|(index, text)| (index + 1, text));
    std::iter::from_fn(move || {
        loop {
            let (number, text) = lines.next()?;
            if text != "#[cfg(test)]" {
                return Some((number, text));
            }
            let opens = lines.next().is_some_and(|(_, item)| item.ends_with('{'));
            while opens && lines.next().is_some_and(|(_, inner)| inner != "}") {}
        }
    })
}

/// The first country or pack a line names. Names of six letters and more count inside an identifier too.
fn country_in(text: &str, packs: &BTreeSet<String>) -> Option<String> {
    let folded = fold_accents(text);
    let country = COUNTRIES
        .split(' ')
        .find(|name| if name.len() >= 6 { folded.contains(*name) } else { words(&folded).any(|word| word == *name) });
    country.map(str::to_owned).or_else(|| packs.iter().find(|name| folded.contains(*name)).cloned())
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !character.is_alphanumeric())
}

fn fold_accents(text: &str) -> String {
    let plain = BTreeMap::from([('á', 'a'), ('é', 'e'), ('í', 'i'), ('ó', 'o'), ('ú', 'u'), ('ñ', 'n'), ('ã', 'a')]);
    text.to_lowercase().chars().map(|character| plain.get(&character).copied().unwrap_or(character)).collect()
}
