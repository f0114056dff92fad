//! The page of an audit: what it says, and what it must not say.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::Made;
use serde_json::{Value, json};
use testigo_count::entry::{Against, AuditEntry, AuditStep, Seed};
use testigo_count::{Cell, ContestId, Entry, EntryIndex, StationId};
use testigo_site::{Body, Site};

const LIST: &str = "station,ballots,A,B,C\n11.1,65,50,10,5\n11.5,70,50,10,5\n11.9,70,60,5,5\n21.2,11,10,1,0\n";

fn list(made: &Made, text: &str, after: Option<EntryIndex>) -> EntryIndex {
    let document = made.source.keep(text.as_bytes());
    let step = AuditStep::List { after, contest: ContestId::new("mayor").unwrap(), document };
    made.add(&Entry::Audit(AuditEntry::new(step, None)))
}

fn dice(made: &Made, list: EntryIndex, digits: &str) -> EntryIndex {
    let step = AuditStep::Seed { list, seed: Seed::new(digits).unwrap() };
    made.add(&Entry::Audit(AuditEntry::new(step, None)))
}

fn record(
    made: &Made,
    list: EntryIndex,
    (station, against): (&str, Against),
    found: Option<[u32; 3]>,
    prev: Option<EntryIndex>,
) -> EntryIndex {
    let found = found.map(|votes| votes.map(Cell::Value).to_vec());
    let station = StationId::new(station).unwrap();
    let step = AuditStep::Record { against, found, list, other: Default::default(), station };
    made.add(&Entry::Audit(AuditEntry::new(step, prev)))
}

fn body(site: &Site, path: &str) -> Option<String> {
    let response = site.respond(path, "");
    match response.body {
        Body::Bytes(bytes) if response.status == 200 => Some(String::from_utf8(bytes).unwrap()),
        _ => None,
    }
}

fn document(site: &Site) -> Value {
    serde_json::from_str(&body(site, "/audit.json").unwrap()).unwrap()
}

/// Codes in the order of the draw, from the table.
fn order(site: &Site) -> Vec<String> {
    let table = body(site, "/data/mayor/audit.csv").unwrap();
    let rows = table.lines().skip(1).map(|row| row.split(',').collect::<Vec<_>>());
    rows.map(|row| row[1].to_owned()).collect()
}

#[test]
fn no_list_means_no_page() {
    let site = Made::full().site();
    assert!(["/audit", "/audit.json", "/data/mayor/audit.csv"].iter().all(|path| body(&site, path).is_none()));
    assert!(!body(&site, "/en/").unwrap().contains("/audit"));
    assert!(!site.addresses().any(|address| address.contains("audit")));
}

#[test]
fn each_step_is_told_with_what_it_fixed() {
    let made = Made::full();
    let first = list(&made, LIST, None);
    let site = made.site();
    let page = body(&site, "/en/audit").unwrap();
    assert!(page.contains("the dice have not been thrown yet") && !page.contains("Looked at"), "{page}");
    assert!(page.contains(&testigo_count::DocumentHash::of(LIST.as_bytes()).to_string()));
    assert!(body(&site, "/c/bridge/audit").is_none(), "the other contest has none");

    dice(&made, first, "20310504");
    let site = made.site();
    assert!(body(&site, "/en/audit").unwrap().contains("nobody has recorded anything yet"));
    let drawn = order(&site);
    assert_eq!(drawn.len(), 4);

    // Nothing differs at the first; the second cannot be looked at.
    let listed = |code: &str| match code {
        "11.9" => [60, 5, 5],
        "21.2" => [10, 1, 0],
        _ => [50, 10, 5],
    };
    record(&made, first, (&drawn[0], Against::Paper), Some(listed(&drawn[0])), None);
    let site = made.site();
    let page = body(&site, "/en/audit").unwrap();
    assert!(page.contains("1 of 4\u{a0}tables were compared with sheets on paper; 1 say the same."), "{page}");
    assert!(page.contains(&format!("Next in the order: <a href=\"/en/table/{0}\">{0}</a>", drawn[1])), "{page}");
    assert!(page.contains("If more than"), "{page}");
    let wrong = record(&made, first, (&drawn[1], Against::Paper), Some([0, 0, 1]), None);
    record(&made, first, (&drawn[1], Against::Paper), None, Some(wrong));
    record(&made, first, (&drawn[3], Against::Paper), Some([1, 2, 3]), None);
    let site = made.site();
    let page = body(&site, "/en/audit").unwrap();
    for said in [
        "nothing to look at",
        "no upper bound for the number of differences",
        "Some were recorded ahead of their turn",
        "Records that were corrected",
        "For the whole election nothing follows",
        "1 found",
    ] {
        assert!(page.contains(said), "`{said}` is missing: {page}");
    }
    for word in ["fraud", "manipul", "anomal", "tamper", "suspicious", "<script>alert"] {
        assert!(!page.to_lowercase().contains(word), "`{word}`");
    }
    let answer = document(&site);
    let one = &answer["courses"][0]["audits"][0];
    assert_eq!((&one["against"], &one["outcome_on_the_list"]["sample"]), (&json!("paper"), &json!(2)));
    assert_eq!(one["outcome_on_the_list"]["missing"], json!(1));
    assert_eq!(answer["courses"][0]["records"].as_array().unwrap().len(), 4);
    let table = body(&site, "/data/mayor/audit.csv").unwrap();
    assert!(table.contains(&format!("4,{}", drawn[3])) && table.contains("paper,different,1,2,3"), "{table}");
    assert!(body(&site, "/en/").unwrap().contains("Audit by chance: 2 of 4"));
    // Everything that is offered is there.
    let offered: Vec<String> = site.addresses().filter(|address| address.contains("audit")).collect();
    assert_eq!(offered.len(), 4, "{offered:?}");
    assert!(offered.iter().all(|address| body(&site, address).is_some()), "{offered:?}");
}

#[test]
fn pictures_that_are_not_there_are_the_worst_error_against_the_archive() {
    let made = Made::full();
    let first = list(&made, LIST, None);
    dice(&made, first, "7");
    // 11.9 and 21.2 have no picture.
    let drawn = order(&made.site());
    let with_picture = drawn.iter().rev().find(|code| ["11.1", "11.5"].contains(&code.as_str())).unwrap();
    record(&made, first, (with_picture, Against::Archive), Some([50, 10, 5]), None);
    let page = body(&made.site(), "/audit").unwrap();
    let before = drawn.iter().position(|code| code == with_picture).unwrap();
    let without = drawn.iter().take(before).filter(|code| ["11.9", "21.2"].contains(&code.as_str())).count();
    assert!(without > 0, "{drawn:?}");
    assert_eq!(page.matches("<td>nada que mirar</td>").count(), without, "{page}");
}

#[test]
fn late_stations_and_discarded_audits_leave_a_trace() {
    let made = Made::full();
    let first = list(&made, LIST, None);
    dice(&made, first, "1");
    let second = list(&made, &LIST.replace("11.9,70,60,5,5\n", ""), None);
    dice(&made, second, "2");
    list(&made, LIST, Some(second));
    let site = made.site();
    let page = body(&site, "/en/audit").unwrap();
    assert!(page.contains("Other audits of the same contest"));
    assert!(page.contains("1\u{a0}table came in later"), "{page}");
    let answer = document(&site);
    assert_eq!(answer["courses"].as_array().unwrap().len(), 2);
    assert_eq!(answer["courses"][1]["lists"][1]["added"], json!(1));
    assert_eq!(answer["courses"][1]["seed"]["digits"], json!("2"));
}

#[test]
fn a_document_that_is_no_list_is_said_to_be_none() {
    let made = Made::full();
    list(&made, "no list", None);
    let site = made.site();
    assert!(body(&site, "/en/audit").unwrap().contains("cannot be read here"));
    assert!(body(&site, "/data/mayor/audit.csv").is_none());
    assert!(
        site.addresses().filter(|address| address.contains("audit")).all(|address| body(&site, &address).is_some())
    );
}
