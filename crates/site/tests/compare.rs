//! The page that compares what was proclaimed with the sheets: what it says, and what it must not say.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::Made;
use serde_json::Value;
use testigo_count::entry::{Coverage, CoverageOf, Moment, OfficialEntry, PercentOf, Percentages, Place, StatedShare};
use testigo_count::identifier::Code;
use testigo_count::{ContestId, DocumentHash, Entry, EntryIndex};
use testigo_site::{Body, Site};

/// A bulletin for the mayor with these votes for A and B.
fn bulletin(made: &Made, number: &str, votes: [u64; 2], change: impl FnOnce(&mut OfficialEntry)) -> EntryIndex {
    let document = made.source.keep(b"a page of the court");
    let contest = ContestId::new("mayor").unwrap();
    let mut entry = OfficialEntry::new(contest, number.parse().unwrap(), Code::new("court").unwrap(), document);
    entry.announced = Some(Moment::new("2031-05-05").unwrap());
    entry.votes = [("A", votes[0]), ("B", votes[1])].map(|(id, votes)| (id.parse().unwrap(), votes)).into();
    change(&mut entry);
    made.add(&Entry::Official(Box::new(entry)))
}

fn everything(entry: &mut OfficialEntry) {
    entry.coverage = Some(Coverage { decimals: 0, hundredths: 10_000, of: Some(CoverageOf::Stations) });
}

fn body(site: &Site, path: &str) -> Option<String> {
    let response = site.respond(path, "");
    match response.body {
        Body::Bytes(bytes) if response.status == 200 => Some(String::from_utf8(bytes).unwrap()),
        _ => None,
    }
}

fn json(site: &Site, path: &str) -> Value {
    serde_json::from_str(&body(site, path).unwrap()).unwrap()
}

#[test]
fn nothing_proclaimed_means_no_page() {
    let site = Made::full().site();
    assert!(body(&site, "/compare").is_none() && body(&site, "/compare.json").is_none());
    assert!(!body(&site, "/").unwrap().contains("/compare"));
    assert!(!site.addresses().any(|address| address.contains("compare")));
}

#[test]
fn too_few_votes_for_what_the_sheets_hold_are_said_to_be_missing() {
    let made = Made::full();
    let before = json(&made.site(), "/index.json");
    let votes = |at: usize| before["candidates"][at]["votes"].as_u64().unwrap();
    // 14 stations are declared, and the bulletin says that all are in: no sheet can be outside. One counted sheet has a place
    // without a number and takes no part; it holds 5 for A.
    bulletin(&made, "1", [votes(0) - 12, votes(1)], everything);
    let site = made.site();
    let answer = json(&site, "/compare.json");
    let bounds = &answer["bulletins"][0]["readings"][0]["bounds"][0];
    assert_eq!((&bounds["missing"], &bounds["at_least"]), (&7.into(), &(votes(0) - 5).into()));
    let page = body(&site, "/en/compare").unwrap();
    assert!(
        page.contains("Both cannot be right: if the sheets are genuine, what was proclaimed lacks at least 7 votes")
    );
    assert!(
        page.contains("<svg") && page.contains("role=\"img\"") && page.contains("<desc"),
        "a picture with its words"
    );
    assert!(!page.contains("<script>alert"), "names stay texts");
    for word in ["fraud", "manipul", "anomal", "tamper", "suspicious"] {
        assert!(!page.to_lowercase().contains(word), "`{word}` accuses somebody");
    }
    assert!(body(&site, "/en/").unwrap().contains("Where it differs from what was proclaimed"));
    let spanish = body(&site, "/compare").unwrap();
    assert!(spanish.contains("Las dos cosas no pueden ser ciertas a la vez"));
    // Every address that there is answers, in both languages.
    let compared: Vec<String> = site.addresses().filter(|address| address.contains("compare")).collect();
    assert!(compared.len() >= 4, "{compared:?}");
    assert!(compared.iter().all(|address| body(&site, address).is_some()), "{compared:?}");
}

#[test]
fn what_does_not_follow_is_not_said() {
    let made = Made::full();
    // Nobody says how much is covered: the figures are far below the sheets, and nothing follows.
    bulletin(&made, "1", [1, 1], |_| {});
    // Half of the stations, of which a few sheets may all be outside.
    bulletin(&made, "2", [1, 1], |entry| {
        entry.coverage = Some(Coverage { decimals: 0, hundredths: 1_000, of: Some(CoverageOf::Stations) });
    });
    let site = made.site();
    let page = body(&site, "/en/compare").unwrap();
    assert!(!page.contains("Both cannot be right"), "{page}");
    assert!(page.contains("The bulletin does not say how much it covers"));
    assert!(page.contains("The bounds worked out here do not rule out that both are right."));
}

#[test]
fn a_later_change_is_shown_with_what_it_changed() {
    let made = Made::full();
    let first = bulletin(&made, "1", [10, 20], everything);
    bulletin(&made, "1", [11, 20], |entry| {
        everything(entry);
        entry.prev = Some(first);
    });
    let site = made.site();
    let answer = json(&site, "/compare.json");
    assert_eq!(answer["bulletins"].as_array().unwrap().len(), 1);
    assert_eq!(answer["changed"][0]["votes"]["A"], serde_json::json!([10, 11]));
    assert!(body(&site, "/en/compare").unwrap().contains("Figures that were changed later"));
}

#[test]
fn places_and_single_stations_are_compared() {
    let made = Made::full();
    let at = |level: &str, code: &str| {
        let place = Place { code: code.parse().unwrap(), level: level.parse().unwrap() };
        move |entry: &mut OfficialEntry| entry.place = Some(place)
    };
    bulletin(&made, "1", [50, 10], at("table", "11.1"));
    bulletin(&made, "1", [50, 11], at("table", "11.5"));
    bulletin(&made, "1", [1, 1], at("table", "11.2"));
    bulletin(&made, "1", [90, 20], at("region", "1"));
    let site = made.site();
    let answer = json(&site, "/compare.json");
    let stations = &answer["single_stations"];
    assert_eq!(
        (&stations["published"], &stations["equal"], &stations["without_sheet"]),
        (&3.into(), &1.into(), &1.into())
    );
    assert_eq!(stations["different"][0]["station"], "11.5");
    assert_eq!(answer["units"][0]["code"], "1");
    assert!(body(&site, "/en/region/1/compare").unwrap().contains("Bulletin 1"));
    assert!(body(&site, "/en/region/1").unwrap().contains("/en/region/1/compare"));
    assert!(body(&site, "/en/region/2/compare").is_none());
    let documents = site.addresses().filter(|address| address.starts_with("/documents/")).collect::<Vec<_>>();
    let kept = DocumentHash::of(b"a page of the court").to_string();
    assert!(documents.iter().any(|address| address.ends_with(&kept)), "the document can be taken along");
}

#[test]
fn can_it_still_change_is_on_every_page_of_a_unit() {
    let site = Made::full().site();
    for (path, said) in [
        // 14 stations are declared and no voters: nobody knows how many are missing.
        ("/en/", "It cannot be said"),
        ("/en/region/1", "how many voters are missing here is not known"),
        ("/en/c/bridge/region/2", "No sheets are counted yet"),
    ] {
        let page = body(&site, path).unwrap();
        assert!(page.contains("Can it still change?") && page.contains(said), "{path}: `{said}` is missing");
    }
}

#[test]
fn a_map_of_the_difference_is_there_where_figures_of_all_candidates_were_proclaimed_by_unit() {
    let made = Made::full();
    let region = |code: &str, c: Option<u64>| {
        let place = Place { code: code.parse().unwrap(), level: "region".parse().unwrap() };
        move |entry: &mut OfficialEntry| {
            entry.place = Some(place);
            entry.votes.extend(c.map(|votes| ("C".parse().unwrap(), votes)));
        }
    };
    bulletin(&made, "1", [50, 50], region("2", None));
    let map = "/en/map/region/difference";
    let without = made.site();
    assert!(body(&without, map).is_none(), "no share of a part");
    assert!(!body(&without, "/en/map/region/lead").unwrap().contains("difference"));
    assert!(!without.addresses().any(|address| address.contains("difference")));

    bulletin(&made, "1", [20, 80], region("1", Some(0)));
    let site = made.site();
    let page = body(&site, map).unwrap();
    let numbers = json(&site, "/region/1.json");
    let votes: Vec<u64> = (0..3).map(|at| numbers["candidates"][at]["votes"].as_u64().unwrap()).collect();
    assert_eq!(votes, [100, 20, 10], "of 130: 76.92, 15.38 and 7.69 %");
    let said = "Bo has 80.00 % as proclaimed and 15.38 % on the sheets, 64.6 points more";
    assert!(page.replace('\u{a0}', " ").contains(said), "`{said}` is missing in {page}");
    assert!(page.contains("nothing to compare"), "of the other region");
    assert!(body(&site, "/en/map/region/lead").unwrap().contains(map), "it is offered among the others");
    assert!(site.addresses().any(|address| address == "/map/region/difference"));
    for link in common::links(&page).iter().filter(|link| link.contains("/map/")) {
        assert!(body(&site, link).is_some(), "{link} leads nowhere");
    }
}

#[test]
fn proclaimed_figures_are_a_table_of_their_own() {
    let text = |site: &Site, path: &str| match site.respond(path, "").body {
        Body::Download(pieces) => String::from_utf8(pieces.map(Result::unwrap).collect::<Vec<_>>().concat()).unwrap(),
        _ => panic!("{path} is no table"),
    };
    let made = Made::full();
    assert_eq!(made.site().respond("/data/mayor/official.csv", "").status, 404);
    let first = bulletin(&made, "1", [100, 50], everything);
    let second = bulletin(&made, "1", [90, 60], |entry| {
        everything(entry);
        entry.prev = Some(first);
        entry.announced = None;
        entry.turnout = Some(StatedShare { decimals: 1, hundredths: 5_970 });
    });
    let place = Place { level: "region".parse().unwrap(), code: "1".parse().unwrap() };
    let third = bulletin(&made, "2", [7, 8], |entry| {
        entry.place = Some(place.clone());
        entry.votes.clear();
        let each = [("A".parse().unwrap(), 5_120)].into();
        entry.percent = Some(Percentages { decimals: 1, each, of: Some(PercentOf::Valid), rest: Some(4_880) });
    });
    let site = made.site();
    let table = text(&site, "/data/mayor/official.csv");
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let header = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let field =
        |row: usize, column: &str| rows[row].get(header.iter().position(|name| name == column).unwrap()).unwrap();
    assert_eq!(rows.len(), 3);
    let (first, second, third) = (first.to_string(), second.to_string(), third.to_string());
    for (row, column, value) in [
        (0, "entry", first.as_str()),
        (0, "superseded_by", &second),
        (0, "announced", "2031-05-05"),
        (0, "votes.A", "100"),
        (0, "coverage_of", "stations"),
        (1, "entry", &second),
        (1, "superseded_by", ""),
        (1, "announced", ""),
        (1, "votes.B", "60"),
        (1, "turnout_hundredths", "5970"),
        (2, "entry", &third),
        (2, "level", "region"),
        (2, "unit", "1"),
        (2, "votes.A", ""),
        (2, "percent_of", "valid"),
        (2, "percent_hundredths.A", "5120"),
        (2, "percent_hundredths_of_rest", "4880"),
    ] {
        assert_eq!(field(row, column), value, "row {row}, {column}");
    }
    assert!(body(&site, "/en/data").unwrap().contains("/data/mayor/official.csv"));
    let package = body(&site, "/data/datapackage.json").unwrap();
    assert!(package.contains("mayor/official.csv") && package.contains("mayor/official.parquet"));
}
