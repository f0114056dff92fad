//! Files with proclaimed figures: what is understood, what is left alone, and what is said about mistakes.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a failed test is a panic, and a skipped one says so")]

mod made_up;

use made_up::Ledger;
use testigo_count::entry::{CoverageOf, OfficialEntry, PercentOf};
use testigo_count::identifier::Code;
use testigo_count::official_file::{OfficialDefaults, OfficialFile, read_official};

fn defaults() -> OfficialDefaults {
    OfficialDefaults { source: Code::new("authority").unwrap(), contest: None, bulletin: None, announced: None }
}

fn read(text: &str) -> OfficialFile {
    read_official("figures", text.as_bytes(), &Ledger::new().count, &defaults()).unwrap()
}

fn one(text: &str) -> OfficialEntry {
    let file = read(text);
    assert_eq!((file.entries.len(), file.faults.as_slice()), (1, &[][..]), "{text}");
    file.entries[0].1.clone()
}

fn votes(entry: &OfficialEntry) -> Vec<(&str, u64)> {
    entry.votes.iter().map(|(id, votes)| (id.as_str(), *votes)).collect()
}

#[test]
fn a_document_says_what_it_says_and_nothing_more() {
    let entry = one(r#"{ "source": "court", "title": "left alone", "bulletins": [ {
        "number": 2, "announced": "2031-05-06T12:00 at noon", "coverage": "\"96.87 %\" of something",
        "votes": { "A": 210, "others_together": 190 }, "null": 12, "other": { "blank": "8" },
        "stated_pct_of_valid": { "A": 52.50, "others_together": 47.5 }, "turnout_pct": null, "cast": 420, "valid": 400,
        "registered": 710, "registered_in_counted_actas": 572, "sources": [ { "url": "https://b.example" }, "https://a.example" ]
    } ] }"#);
    assert_eq!((entry.source.as_str(), entry.bulletin.as_str(), entry.contest.as_str()), ("court", "2", "mayor"));
    assert_eq!(entry.announced.as_ref().unwrap().as_str(), "2031-05-06T12:00");
    let coverage = entry.coverage.unwrap();
    assert_eq!((coverage.decimals, coverage.hundredths, coverage.of), (2, 9_687, None));
    assert_eq!((votes(&entry), entry.rest), (vec![("A", 210)], Some(190)));
    let percent = entry.percent.as_ref().unwrap();
    assert_eq!((percent.decimals, percent.rest, percent.of), (2, Some(4_750), Some(PercentOf::Valid)));
    assert_eq!(percent.each.values().copied().collect::<Vec<_>>(), [5_250]);
    let other: Vec<(&str, u64)> = entry.other.iter().map(|(id, number)| (id.as_str(), *number)).collect();
    assert_eq!(other, [("blank", 8), ("null", 12)]);
    assert_eq!(
        (entry.cast, entry.valid, entry.registered, entry.registered_counted),
        (Some(420), Some(400), Some(710), Some(572))
    );
    assert_eq!((entry.turnout, entry.urls.len(), entry.place), (None, 2, None));
}

#[test]
fn a_table_has_a_row_for_each_place() {
    let text = "\u{feff}bulletin;level;unit;station;A;B;B_pct;null;coverage;coverage_of;remark\r\n\
                1;region;1;;90;60;40,0;2;100;stations;x\r\n1;;21;;10;;;;;;\r\n1;;;11.1;5;0;;;;;\r\n";
    let file = read(text);
    assert_eq!(file.faults, []);
    let places: Vec<String> = file
        .entries
        .iter()
        .map(|(_, entry)| entry.place.as_ref().map_or_else(String::new, |one| format!("{}/{}", one.level, one.code)))
        .collect();
    assert_eq!(places, ["region/1", "town/21", "table/11.1"]);
    let first = &file.entries[0].1;
    assert_eq!(votes(first), [("A", 90), ("B", 60)]);
    assert_eq!(first.coverage.unwrap().of, Some(CoverageOf::Stations));
    assert_eq!(first.percent.as_ref().unwrap().decimals, 1);
    assert_eq!(votes(&file.entries[1].1), [("A", 10)], "what is blank was not given");
    assert!(file.notes.iter().any(|note| note.contains("`remark`")), "{:?}", file.notes);
}

#[test]
fn mistakes_are_named_with_line_and_field_and_leave_the_others_alone() {
    let bulletin = |more: &str| format!("{{\"bulletins\": [\n{{\"number\": 1, \"valid\": 1}},\n{more}\n]}}");
    for (more, field, said) in [
        (r#"{"votes": {"A": 1}}"#, "bulletins[1].number", "missing"),
        (r#"{"number": 2, "votes": {"Z": 1}}"#, "bulletins[1].votes.Z", "it has A, B"),
        (r#"{"number": 2, "votes": {"A": "1.234"}}"#, "bulletins[1].votes.A", "digits"),
        (r#"{"number": 2, "votes": {"A": -1}}"#, "bulletins[1].votes.A", "digits"),
        (r#"{"number": 2, "votes": {"A": 1.5}}"#, "bulletins[1].votes.A", "digits"),
        (r#"{"number": 2, "stated_pct": {"A": 51.234}}"#, "bulletins[1].stated_pct.A", "2 decimals"),
        (r#"{"number": 2, "valid": 1, "contest": "queen"}"#, "bulletins[1].contest", "mayor, bridge"),
        (r#"{"number": 2, "valid": 1, "unit": "99"}"#, "bulletins[1].unit", "LEVEL/CODE"),
        (r#"{"number": 2, "valid": 1, "unit": "planet/1"}"#, "bulletins[1].unit", "no level"),
        (r#"{"number": 2, "valid": 1, "level": "region", "code": "1"}"#, "bulletins[1].level", "no `unit` of it"),
        (r#"{"number": 2, "valid": 1, "announced": "yesterday"}"#, "bulletins[1].announced", "YYYY-MM-DD"),
        (r#"{"number": 2, "valid": 1, "coverage": "80 % or 81 %"}"#, "bulletins[1].coverage", "one percentage"),
        (r#"{"number": 2, "valid": 1, "other": {"spoilt": 1}}"#, "bulletins[1].other.spoilt", "null, blank"),
        (r#"{"number": 2, "remark": "nothing"}"#, "bulletins[1].votes", "no figure"),
        (r#"{"number": 1, "valid": 2}"#, "bulletins[1]", "already"),
        ("7", "bulletins[1]", "object"),
    ] {
        let file = read(&bulletin(more));
        assert_eq!(file.entries.len(), 1, "{more}");
        let fault = file.faults.first().unwrap();
        assert_eq!((fault.line, fault.field.as_str()), (3, field), "{fault}");
        assert!(fault.to_string().contains(said), "{fault}");
    }
    let whole = |text: &str| read_official("figures", text.as_bytes(), &Ledger::new().count, &defaults()).unwrap_err();
    for (text, line, field) in [
        ("", 1, ""),
        ("{}", 1, "bulletins"),
        ("{\"bulletins\": []}", 1, "bulletins"),
        ("{\"bulletins\": [\n{]}", 2, "bulletins.0"),
        ("place,votes\n1,2\n", 1, ""),
        ("A,B\n1,2\n", 1, "bulletin"),
        ("bulletin,A\n", 1, ""),
        ("bulletin,A\n1\n", 2, ""),
    ] {
        let error = whole(text);
        assert_eq!((error.line, error.field.as_str()), (line, field), "{text:?}: {error}");
    }
}
