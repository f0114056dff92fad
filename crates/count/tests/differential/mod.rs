//! Ledgers drawn by lot, honest ones and ones with odd or hostile entries and documents, through three programs that share no
//! code: this fold, the script that counts in browsers, and the checker in Python. Not a verdict and not a number may differ.
//!
//! With `TESTIGO_SLOW=1` many more are drawn. `TESTIGO_SEED` begins elsewhere.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use testigo_count::entry::{ElectionEntry, RegisterOrigin};
use testigo_count::{Count, Definition, DocumentHash, Entry, Pack};

use super::made_up::{ADDED, Documents, ELECTION, Ledger, REGISTER};
use super::{Lot, drawn, expected, keys, masks, strict, wide};

/// The two other verifiers, each with what runs it.
const OTHERS: [(&str, &str, &[&str]); 2] = [
    ("Python", "python3", &["checker/fold_vectors.py"]),
    ("the browser's script", "node", &["web/check.mjs", "--vectors"]),
];

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[allow(clippy::print_stdout, reason = "the test runner counts lines that say what was skipped")]
fn is_installed(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        println!("skipped: {program} is not installed, so its verifier cannot be compared");
    }
    found
}

/// How many to draw.
fn number(usual: usize, slow: usize) -> usize {
    if std::env::var_os("TESTIGO_SLOW").is_some() { slow } else { usual }
}

fn first_seed() -> u64 {
    std::env::var("TESTIGO_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1)
}

fn write(folder: &Path, entries: &[Vec<u8>], documents: &Documents) {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder.join("documents")).unwrap();
    let lines: Vec<u8> = entries.iter().flat_map(|entry| [entry.as_slice(), b"\n"].concat()).collect();
    std::fs::write(folder.join("entries.jsonl"), lines).unwrap();
    for (hash, bytes) in documents {
        std::fs::write(folder.join("documents").join(hash.to_string()), bytes).unwrap();
    }
}

/// What another verifier says of each folder.
fn verdicts(program: &str, words: &[&str], folders: &[PathBuf]) -> Vec<Value> {
    let output = Command::new(program).current_dir(project()).args(words).args(folders).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {words:?}: {said}");
    let lines: Vec<Value> =
        output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(parsed).collect();
    assert_eq!(lines.len(), folders.len(), "{program}: {said}");
    lines
}

fn parsed(line: &[u8]) -> Value {
    serde_json::from_slice(line).unwrap()
}

/// Tallies stand in no particular order.
fn sorted(mut value: Value) -> Value {
    for contest in value["contests"].as_array_mut().into_iter().flatten() {
        if let Some(tallies) = contest["tallies"].as_array_mut() {
            tallies.sort_by_key(|tally| tally["unit"].to_string());
        }
    }
    value
}

/// The first place where two values differ.
fn difference(one: &Value, other: &Value, place: &str) -> Option<String> {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let names = one.keys().chain(other.keys().filter(|name| !one.contains_key(*name)));
            names.into_iter().find_map(|name| {
                let (one, other) = (one.get(name).unwrap_or(&Value::Null), other.get(name).unwrap_or(&Value::Null));
                difference(one, other, &format!("{place}.{name}"))
            })
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => one
            .iter()
            .zip(other)
            .enumerate()
            .find_map(|(at, (one, other))| difference(one, other, &format!("{place}.{at}"))),
        _ => (one != other).then(|| format!("{place}: {one} here, {other} there")),
    }
}

/// Holds what is expected of each folder against what the others say. A fault is a fault, whatever its words.
fn hold(folder: &Path, drawn: &[Value]) {
    let folders: Vec<PathBuf> = (0..drawn.len()).map(|at| folder.join(at.to_string())).collect();
    for (name, program, words) in OTHERS {
        if !is_installed(program) {
            continue;
        }
        for ((found, expected), folder) in verdicts(program, words, &folders).into_iter().zip(drawn).zip(&folders) {
            if expected.is_null() {
                continue;
            }
            let differs = match (found.get("fault"), expected.get("fault")) {
                (Some(_), Some(_)) => None,
                (None, None) => difference(&sorted(expected.clone()), &sorted(found), ""),
                (there, here) => Some(format!("a fault here: {here:?}, there: {there:?}")),
            };
            if let Some(differs) = differs {
                let kept = std::env::temp_dir().join("testigo-differs");
                let _ = std::fs::remove_dir_all(&kept);
                std::fs::rename(folder, &kept).unwrap();
                panic!("{name} differs at {differs}\nthe ledger is kept in {}", kept.display());
            }
        }
    }
}

/// Scalars that have been trouble to somebody.
fn odd_value(lot: &mut Lot, size: u64) -> Value {
    let texts = [
        "",
        "x",
        ".",
        "..",
        "absent",
        "blank",
        "illegible",
        "qr",
        "print",
        "person:one",
        "person:",
        "person:..",
        "published:00",
        "mayor",
        "bridge",
        "11.1",
        "23.1",
        "999",
        "null",
        "jpg",
        "png",
        "svg",
        "\u{e9}",
        "\u{2028}",
        "\u{ff21}",
        "\u{10000}",
        "a b",
        "__proto__",
        "constructor",
        "toString",
        "judge-1",
        "judge-2",
        "list",
        "results",
        "selection",
        "candidate",
        "sheet-inspected",
        "not-opened",
        "personal-data",
        "withdraw",
        "accept-reading",
        "AA==",
        "AB==",
        "AAAA",
        "-1",
        "01",
        "1e3",
        "\u{1}",
        "\t",
        "\"",
        "\\",
        "\u{7f}",
        "\u{85}",
    ];
    match lot.draw(12) {
        0 => Value::from(0),
        1 => Value::from(1),
        2 => Value::from(999_999_999),
        3 => Value::from(1_000_000_000),
        4 => Value::from([(1_u64 << 32) - 1, 1 << 32, (1 << 53) - 1, 1 << 53, u64::MAX][lot.draw(5)]),
        5 => Value::from(lot.draw(usize::try_from(size).unwrap() + 2)),
        6 => Value::Bool(lot.draw(2) == 0),
        7 => Value::from(["a"; 65].concat()[..63 + lot.draw(3)].to_owned()),
        8 => Value::from(DocumentHash::of(ADDED.as_bytes()).to_string()),
        9 => Value::from([-1.0, 1.5, 1e300][lot.draw(3)]),
        _ => Value::from(lot.of(&texts)),
    }
}

/// All places in a value, as ways to them.
fn places(value: &Value, way: &str, found: &mut Vec<String>) {
    found.push(way.to_owned());
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, one)| places(one, &format!("{way}/{name}"), found)),
        Value::Array(list) => list.iter().enumerate().for_each(|(at, one)| places(one, &format!("{way}/{at}"), found)),
        _ => {}
    }
}

/// An entry with something changed: a value, a field, or its bytes.
fn oddity(lot: &mut Lot, entries: &[Vec<u8>]) -> Vec<u8> {
    let entry = lot.of(entries);
    let size = u64::try_from(entries.len()).unwrap();
    if lot.draw(5) == 0 {
        return odd_bytes(lot, entry);
    }
    let mut value: Value = serde_json::from_slice(&entry).unwrap();
    for _ in 0..=lot.draw(2) {
        let mut found = Vec::new();
        places(&value, "", &mut found);
        let place = lot.of(&found);
        let odd = odd_value(lot, size);
        let Some(at) = value.pointer_mut(&place) else { continue };
        match (at, lot.draw(5)) {
            (Value::Object(fields), 0) => {
                let name = fields.keys().nth(lot.draw(fields.len().max(1))).cloned();
                name.map(|name| fields.remove(&name));
            }
            (Value::Object(fields), 1 | 2) => {
                let names = [
                    "prev",
                    "row",
                    "sheet",
                    "step",
                    "other",
                    "stated",
                    "failure",
                    "extra",
                    "v",
                    "\u{e9}",
                    "__proto__",
                    "after",
                ];
                fields.insert(lot.of(&names).to_owned(), odd);
            }
            (Value::Array(list), 0) => {
                list.pop();
            }
            (Value::Array(list), 1) => list.push(odd),
            (Value::Array(list), 2) => list.reverse(),
            (at, _) => *at = odd,
        }
    }
    // serde_json sorts keys, and writes what has only one form like everybody else.
    serde_json::to_vec(&value).unwrap()
}

fn odd_bytes(lot: &mut Lot, mut entry: Vec<u8>) -> Vec<u8> {
    let at = lot.draw(entry.len());
    match lot.draw(9) {
        0 => entry[at] ^= 1 << lot.draw(7),
        1 => entry.insert(at, b" \t,:\"0{}[]\\-.e\r\xff\xc3\xa9"[lot.draw(18)]),
        2 => {
            entry.remove(at);
        }
        3 => entry.truncate(at),
        4 => entry.extend_from_slice(b" "),
        5 => {
            let text = String::from_utf8(entry).unwrap().replacen(
                "\"v\":1",
                ["\"v\":1.0", "\"v\":01", "\"v\":1e0", "\"v\":1,\"v\":1", "\"v\":null", "\"v\":-0"][lot.draw(6)],
                1,
            );
            entry = text.into_bytes();
        }
        6 => {
            let text = String::from_utf8(entry).unwrap().replacen(
                "\"type\":\"",
                ["\"type\":\"\\u0072", "\"type\":\"\\ud800", "\"type\":\"\\/"][lot.draw(3)],
                1,
            );
            entry = text.into_bytes();
        }
        7 => entry = [b"{\"a\":".repeat(1 + lot.draw(3000)), b"1".to_vec()].concat(),
        _ => entry = [b"\xef\xbb\xbf".to_vec(), entry].concat(),
    }
    // The vectors are written a line an entry.
    entry.retain(|byte| *byte != b'\n');
    entry
}

/// Keys that are none, or hardly one: of small order, above the field, not on the curve, a second form of a base64.
fn odd_key(lot: &mut Lot) -> String {
    let mut bytes = [0_u8; 32];
    match lot.draw(7) {
        0 => {}
        1 => bytes[0] = 1,
        2 => bytes[0] = 2,
        3 => bytes[0] = 3,
        4 => {
            bytes = [0xff; 32];
            bytes[0] = 0xed + u8::try_from(lot.draw(19)).unwrap();
            bytes[31] = 0x7f;
        }
        5 => {
            bytes[0] = 1;
            bytes[31] = 0x80;
        }
        _ => bytes = std::array::from_fn(|_| u8::try_from(lot.draw(256)).unwrap()),
    }
    let text = STANDARD.encode(bytes);
    if lot.draw(6) == 0 { text.replace('=', "") } else { text }
}

/// A drawn ledger with oddities that change little or nothing, and candidates that would end the fold.
fn with_oddities(seed: u64) -> (Ledger, Vec<Vec<u8>>) {
    let mut lot = Lot(seed);
    // Between what is drawn, the ledgers that meet every type of entry.
    let mut ledger = match lot.draw(7) {
        0 => wide(),
        1 => strict(),
        2 => keys(),
        3 => masks(),
        _ => drawn(seed, 20 + lot.draw(60)),
    };
    let mut faults = Vec::new();
    for _ in 0..40 {
        let entry = match lot.draw(10) {
            0 => format!(
                r#"{{"name":"judge-{}","public":"{}","role":"adjudicator","type":"key","v":1}}"#,
                lot.draw(5),
                odd_key(&mut lot)
            )
            .into_bytes(),
            _ => oddity(&mut lot, &ledger.entries),
        };
        let mut count = ledger.count.clone();
        match count.append(&entry, &ledger.documents) {
            Ok(()) => {
                ledger.count = count;
                ledger.entries.push(entry);
            }
            Err(_) => faults.push(entry),
        }
    }
    (ledger, faults)
}

#[test]
fn drawn_ledgers_with_odd_entries_count_alike_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let drawn: Vec<Value> = (0..number(25, 400))
        .map(|at| {
            let (ledger, faults) = with_oddities(first_seed() + u64::try_from(at).unwrap());
            let path = folder.path().join(at.to_string());
            write(&path, &ledger.entries, &ledger.documents);
            let lines: Vec<u8> = faults.iter().flat_map(|entry| [entry.as_slice(), b"\n"].concat()).collect();
            std::fs::write(path.join("candidates.jsonl"), lines).unwrap();
            let mut expected = expected(&ledger);
            expected["candidates"] = vec![true; faults.len()].into();
            expected
        })
        .collect();
    hold(folder.path(), &drawn);
}

/// Only what the fold needs: the rest of a pack is for programs that set an election up.
const SMALL_PACK: &str = r#"id = "made-up"
format = 1
title = "Made up"
languages = ["en"]

[[level]]
id = "region"
name = "Region"
plural = "Regions"

[[level]]
id = "town"
name = "Town"
plural = { es = "Pueblos", en = "Towns" }

[[level]]
id = "table"
name = "Table"
plural = "Tables"

[check.E103]
tolerance = 2

[check.W202]
on = false
"#;

/// A document with something changed somewhere.
fn odd_document(lot: &mut Lot, text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=lot.draw(3) {
        if bytes.is_empty() {
            break;
        }
        let at = lot.draw(bytes.len());
        let lines: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        match lot.draw(8) {
            0 => {
                bytes.remove(at);
            }
            1 => {
                let odd: [&[u8]; 22] = [
                    b"\r",
                    b"\n",
                    b"\r\n",
                    b"\t",
                    b" ",
                    b"\"",
                    b"\"\"",
                    b",",
                    b"\xef\xbb\xbf",
                    b"\0",
                    b"\xff",
                    b"0",
                    b"9",
                    b"-",
                    b"+",
                    b"_",
                    b".",
                    b"#",
                    b"'",
                    b"=",
                    "\u{e9}".as_bytes(),
                    "\u{2028}".as_bytes(),
                ];
                let odd = lot.of(&odd);
                bytes.splice(at..at, odd.iter().copied());
            }
            2 => {
                let mut lines = lines;
                let line = lot.of(&lines);
                lines.insert(lot.draw(lines.len()), line);
                bytes = lines.join(&b'\n');
            }
            3 => {
                let mut lines = lines;
                lines.remove(lot.draw(lines.len()));
                bytes = lines.join(&b'\n');
            }
            4 => {
                let end = ["\r\n", "\r", "\n\n"][lot.draw(3)];
                bytes = lines.join(end.as_bytes());
            }
            5 => {
                let odd = lot.of(&[
                    "1.0",
                    "0x1",
                    "1_0",
                    "true",
                    "\"1\"",
                    "9223372036854775808",
                    "4294967296",
                    "-1",
                    "[]",
                    "{}",
                    "1979-05-27",
                    "inf",
                ]);
                let text = String::from_utf8_lossy(&bytes).replacen(['1', '2', '9'], odd, 1 + lot.draw(2));
                bytes = text.into_bytes();
            }
            6 => {
                let (from, to) = lot.of(&[
                    ("\"A\"", "\"B\""),
                    ("Ada", "A\\u0064a"),
                    ("Ada", "\\ud800"),
                    ("Ada", "\\U0001F600"),
                    ("\"Bo\"", "'Bo'"),
                    ("\"Bo\"", "\"\"\"Bo\"\"\""),
                    ("{ id", "{\nid"),
                    (" }", ", }"),
                    ("12", "11"),
                    ("South", "\"South\""),
                    ("South", "So\"uth"),
                    ("South", "\"So\nuth\""),
                    ("11.1", "11.2"),
                    ("100", "+0100"),
                    ("100", "1000000000"),
                    ("100", ""),
                    ("region", "Region"),
                    ("en", "es"),
                    ("title", "[declared]\ntitle"),
                    ("E103", "E109"),
                ]);
                let text = String::from_utf8_lossy(&bytes).replacen(from, to, 1);
                bytes = text.into_bytes();
            }
            _ => bytes.truncate(at.max(1)),
        }
    }
    bytes
}

#[test]
fn odd_documents_are_read_alike_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let definition = Definition::parse("election.toml", ELECTION.as_bytes()).unwrap();
    let counting = Pack::parse("pack.toml", SMALL_PACK.as_bytes(), &definition).unwrap().counting;
    let mut read = 0;
    let drawn: Vec<Value> = (0..number(200, 4_000))
        .map(|at| {
            let mut lot = Lot(first_seed() + u64::try_from(at).unwrap());
            let mut texts = [ELECTION, SMALL_PACK, REGISTER].map(|text| text.as_bytes().to_vec());
            let which = lot.draw(3);
            texts[which] = odd_document(&mut lot, [ELECTION, SMALL_PACK, REGISTER][which]);
            let documents: Documents = texts.iter().map(|text| (DocumentHash::of(text), text.clone())).collect();
            let [definition, pack, register] = texts.each_ref().map(|text| DocumentHash::of(text));
            let entry = ElectionEntry::new(
                "example.org/made-up".to_owned(),
                definition,
                pack,
                (register, RegisterOrigin::List),
                counting.clone(),
                std::collections::BTreeMap::new(),
            );
            let entries = vec![Entry::Election(entry).to_bytes().unwrap()];
            write(&folder.path().join(at.to_string()), &entries, &documents);
            match Count::begin(&entries[0], &documents) {
                Ok(count) => {
                    read += 1;
                    expected(&Ledger { entries, documents, count })
                }
                // Verifiers may leave unread what only sets an election up, so the program alone may refuse a pack.
                Err(_) if which == 1 => Value::Null,
                Err(error) => serde_json::json!({ "fault": error.to_string() }),
            }
        })
        .collect();
    assert!(read * 10 > drawn.len() && read < drawn.len(), "{read} of {} could be read", drawn.len());
    hold(folder.path(), &drawn);
}
