//! The language files: complete, alike, and used.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use testigo_analysis::comparison::Rule;
use testigo_analysis::official::bounds::Unknown;
use testigo_count::check::ALL_CHECKS;
use testigo_count::rulings::REASONS;
use testigo_site::language::{BUILT_IN, Language, places};

/// Families of texts whose keys are made from codes, or that only a script reads (`web/` tests those).
const BY_CODE: [&str; 7] =
    ["audit_against.", "check.", "compare_rule.", "compare_unknown.", "failure.", "recount.", "ruling_reason."];

/// Codes of failures to read a sheet, as the readers give them.
const FAILURES: [&str; 9] = [
    "picture-damaged",
    "code-needs-confirmation",
    "no-code-found",
    "code-outline-lost",
    "code-cut-off",
    "code-too-damaged",
    "code-malformed",
    "code-parts-missing",
    "code-not-accepted",
];

fn texts(language: &Language) -> BTreeMap<&str, Vec<&str>> {
    language.texts().map(|(key, text)| (key, places(text))).collect()
}

#[test]
fn all_languages_have_the_same_keys_and_places() {
    assert_eq!(BUILT_IN.iter().map(Language::code).collect::<Vec<_>>(), ["es", "en"]);
    let first = texts(&BUILT_IN[0]);
    for other in BUILT_IN.iter().skip(1) {
        let other_texts = texts(other);
        for (key, places) in &first {
            // A singular may spell its number out.
            assert_eq!(other_texts.get(key), Some(places), "`{key}` in {}", other.code());
        }
        assert_eq!(first.len(), other_texts.len(), "{} has texts of its own", other.code());
    }
    for language in BUILT_IN.iter() {
        for (key, text) in language.texts() {
            assert!(!text.trim().is_empty(), "`{key}` in {} is empty", language.code());
        }
    }
}

#[test]
fn every_code_has_a_text() {
    for language in BUILT_IN.iter() {
        let has = |key: String| assert_ne!(language.text(&key), key, "{} misses `{key}`", language.code());
        for check in ALL_CHECKS {
            for reader in ["name", "public", "reader", "supervisor"] {
                has(format!("check.{}.{reader}", check.code()));
            }
        }
        for rule in Rule::ALL {
            for how in ["holds", "differs"] {
                has(format!("compare_rule.{}.{how}", rule.word()));
            }
        }
        for against in ["archive", "paper", "official"] {
            for part in ["title", "column", "about", "sentence", "assume", "unknown"] {
                has(format!("audit_against.{against}.{part}"));
            }
        }
        Unknown::ALL.iter().for_each(|unknown| has(format!("compare_unknown.{}", unknown.word())));
        REASONS.iter().for_each(|reason| has(format!("ruling_reason.{reason}")));
        FAILURES.iter().for_each(|failure| has(format!("failure.{failure}")));
    }
}

#[test]
fn every_text_is_used_and_every_used_text_is_there() {
    let mut source = String::new();
    read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut source);
    let known: BTreeSet<&str> = BUILT_IN[0].texts().map(|(key, _)| key).collect();
    let stem = |key: &'static str| key.strip_suffix(".one").or_else(|| key.strip_suffix(".other")).unwrap_or(key);
    let stems: BTreeSet<&str> = BUILT_IN[0].texts().map(|(key, _)| stem(key)).collect();
    let tables: BTreeSet<&str> = known.iter().filter_map(|key| key.split('.').next()).collect();
    for stem in &stems {
        let by_code = BY_CODE.iter().any(|family| stem.starts_with(family));
        assert!(
            by_code || source.contains(&format!("\"{stem}\"")),
            "`{stem}` is in the language files and nowhere used"
        );
    }
    for literal in source.split('"') {
        let plain = literal.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        let is_key =
            plain && literal.split_once('.').is_some_and(|(table, rest)| tables.contains(table) && !rest.is_empty());
        let is_file = [".csv", ".json", ".toml", ".geojson", ".parquet", ".torrent", ".xml"]
            .iter()
            .any(|ending| literal.ends_with(ending));
        assert!(
            !is_key || is_file || stems.contains(literal) || known.contains(literal),
            "`{literal}` is used and in no language file"
        );
    }
}

fn read_all(folder: &Path, source: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, source);
        } else {
            source.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn numbers_shares_and_dates_follow_the_language() {
    let (es, en) = (Language::built_in("es").unwrap(), Language::built_in("en").unwrap());
    for (number, spanish, english) in
        [(0, "0", "0"), (999, "999", "999"), (1_139, "1.139", "1,139"), (7_156_462, "7.156.462", "7,156,462")]
    {
        assert_eq!(es.number(number), spanish);
        assert_eq!(en.number(number), english);
    }
    for (part, whole, spanish) in [
        (7_156_462, 10_659_128, "67,14\u{a0}%"),
        (0, 5, "0,00\u{a0}%"),
        (5, 5, "100,00\u{a0}%"),
        (29_999_999, 30_000_000, "99,99\u{a0}%"),
        (1, 30_000_000, "<0,01\u{a0}%"),
        (3, 2, "150,00\u{a0}%"),
        (1, 0, "no se sabe"),
        (u64::MAX, u64::MAX, "100,00\u{a0}%"),
    ] {
        assert_eq!(es.percent(part, whole), spanish, "{part} of {whole}");
    }
    assert_eq!(en.percent(7_156_462, 10_659_128), "67.14\u{a0}%");
    assert_eq!(es.date("2024-07-28"), "28 de julio de 2024");
    assert_eq!(en.date("2024-07-08"), "8 July 2024");
    assert_eq!(en.date("2024-13-08"), "2024-13-08");
    assert_eq!(es.noun("Mesas"), "mesas");
    assert_eq!(es.noun("TPS"), "TPS");
}
