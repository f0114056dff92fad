//! Every page, drawn from a made-up election: links lead somewhere, names stay text, nothing is inline.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::{BTreeSet, VecDeque};

use common::{HOSTILE, Made, links};
use testigo_count::rule::{Reason, StationState};
use testigo_site::address::{Address, file_of, rendition_path};
use testigo_site::{Body, Site, Source};

fn html(site: &Site, path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let response = site.respond(path, query);
    assert_eq!(response.status, 200, "{path}");
    match response.body {
        Body::Bytes(bytes) => String::from_utf8(bytes).unwrap(),
        other => panic!("{path} is no page but {other:?}"),
    }
}

fn download(site: &Site, path: &str) -> String {
    match site.respond(path, "").body {
        Body::Download(download) => {
            String::from_utf8(download.map(Result::unwrap).collect::<Vec<_>>().concat()).unwrap()
        }
        other => panic!("{path} is no download but {other:?}"),
    }
}

/// The values of all `href` and `src` attributes.
#[test]
fn every_link_leads_somewhere() {
    let made = Made::full();
    let site = made.site();
    let known: BTreeSet<String> = site.addresses().collect();
    let mut seen = BTreeSet::new();
    let mut queue = VecDeque::from(["/".to_owned()]);
    while let Some(link) = queue.pop_front() {
        let path = link.split(['#', '?']).next().unwrap().to_owned();
        if path.is_empty() || path == "/live" || !seen.insert(path.clone()) {
            continue;
        }
        assert!(path.starts_with('/') && !path.starts_with("//"), "{link} leads away from the site");
        let response = site.respond(&path, "");
        assert_eq!(response.status, 200, "{link} leads nowhere");
        let of_server = ["/ledger/", "/receipts/"].iter().any(|start| path.starts_with(start));
        assert!(of_server || known.contains(&path), "{path} is not among the site's addresses");
        match response.body {
            Body::Bytes(bytes) if response.content_type.starts_with("text/html") => {
                queue.extend(links(&String::from_utf8(bytes).unwrap()));
            }
            Body::Rendition(hash) => assert!(made.source.rendition(&hash).is_some(), "{link}"),
            Body::Opening(pixels, hash) => assert!(made.source.opening(&pixels, &hash).is_some(), "{link}"),
            Body::Presentation(name) => assert!(made.source.presentation(&name).is_some(), "{link}"),
            Body::Document(hash) => assert!(made.source.document(&hash).is_some(), "{link}"),
            Body::Torrent => drop(testigo_site::torrent::of_sheets(site.view(), made.source.as_ref()).unwrap()),
            Body::Bytes(_) | Body::Download(_) | Body::Ledger(_) | Body::Receipt(_) | Body::Entry(_) => {}
        }
    }
    for path in &known {
        let response = site.respond(path, "");
        let is_page = response.content_type.starts_with("text/html");
        assert_eq!(response.status, 200, "{path}");
        assert_eq!(file_of(path).ends_with("index.html"), is_page, "{path}");
    }
    for address in site.pages() {
        let path = address.path(&site.view().count);
        assert_eq!(site.respond(&path, "").status, 200, "{path}");
        assert_eq!(Address::parse(&site.view().count, &path), Some(address), "{path}");
    }
    assert!(seen.len() > 100, "only {} addresses were found", seen.len());
}

#[test]
fn names_stay_text_and_nothing_is_inline() {
    let site = Made::full().site();
    let search = format!("/search?q={}", HOSTILE.replace(' ', "+").replace('"', "%22").replace('<', "%3c"));
    let pages = site.pages().map(|address| address.path(&site.view().count)).chain([search]);
    for path in pages {
        let html = html(&site, &path);
        assert!(
            !html.contains("<script>") && !html.contains("alert('x')</script>"),
            "{path} lets a name become a script"
        );
        assert!(!html.contains("<b style"), "{path} lets a name become markup");
        let inline = [" style=\"", " onclick", " onload", " onerror", "<style", "javascript:"];
        assert!(inline.iter().all(|text| !html.contains(text)), "{path} has something inline");
        assert!(!html.contains("http:") && !html.contains("https:"), "{path} names something outside");
    }
}

#[test]
fn every_state_has_a_station_and_its_reason() {
    let site = Made::full().site();
    let count = &site.view().count;
    for state in StationState::ALL {
        let stations = count.stations_in(0, state);
        assert!(!stations.is_empty(), "the made-up election has nothing {}", state.word());
        for language in ["", "/en"] {
            let list = html(&site, &format!("{language}/stations/{}", state.word()));
            for station in &stations {
                let id = count.geography().station_id(*station);
                assert!(
                    list.contains(&format!("{language}/table/{id}\"")),
                    "{id} is not in the list of {}",
                    state.word()
                );
            }
        }
    }
    let held = count.geography().find_station("77.7").unwrap();
    assert_eq!(count.status(0, held).reason, Reason::NotInRegister);
    assert!(html(&site, "/en/table/77.7").contains("the register does not name it"));
    assert!(html(&site, "/en/table/11.3").contains("125 ballots cast and only 100 registered voters"));
    assert!(html(&site, "/en/table/11.2").contains("≠"));
    assert!(html(&site, "/en/table/11.5").contains("Objected to"));
    assert!(html(&site, "/en/table/21.2").contains("superseded later"));
    assert!(html(&site, "/en/table/29.9").contains("illegible"));
    assert!(html(&site, "/en/sheets").contains("It could not be read (code-of-tomorrow)."));
}

#[test]
fn a_withheld_picture_is_nowhere() {
    let made = Made::full();
    let site = made.site();
    let hidden = made.source.keep(b"eleven");
    assert_eq!(site.respond(&rendition_path(&hidden, "jpg"), "").status, 404);
    assert!(!html(&site, "/sheets").contains(&hidden.to_string()));
    let shown = made.source.keep(b"ten");
    assert_eq!(site.respond(&rendition_path(&shown, "jpg"), "").status, 200);
    assert_eq!(site.respond(&rendition_path(&shown, "png"), "").status, 404);
}

#[test]
fn what_is_not_known_is_said_where_it_matters() {
    let site = Made::full().site();
    let home = html(&site, "/en/");
    assert!(home.contains("Of 14\u{a0}tables, the register names 12. The other 2 are counted as awaited"), "{home}");
    assert!(home.contains("The register was made, in whole or in part, from results"));
    let region = html(&site, "/en/region/2");
    assert!(region.contains("Expected: unknown (at least 3)"));
    let (facts, _) = region.split_once("id=\"outlook\"").unwrap();
    assert!(!facts.contains("100.00"), "a unit of unknown size is never complete");
    assert!(region.contains("how many voters are missing here is not known"), "{region}");
}

#[test]
fn search_finds_codes_and_names_without_accents() {
    let site = Made::full().site();
    let hits = |query: &str| html(&site, &format!("/en/search?q={query}"));
    assert!(hits("11.").contains("/en/table/11.9\""));
    assert!(hits("penon").contains("/en/level-data/11\""));
    assert!(hits("ALVAREZ+nor").contains("/en/level-data/11\""), "a word may stand in the name above");
    assert!(hits("%C3%81lvarez").contains("/en/level-data/11\""));
    assert!(hits("varez").contains("Nothing matches"), "only beginnings of words count");
    assert!(hits("%ff%zz%").contains("Nothing matches"));
}

#[test]
fn addresses_that_are_none_are_not_found() {
    let site = Made::full().site();
    for path in [
        "/es",
        "/c/mayor",
        "/c/nothing",
        "/c/bridge/table/11.1",
        "/region",
        "/region/3",
        "/region/1/x",
        "/table/nobody",
        "/page/1",
        "/page/2",
        "/stations/nothing",
        "/stations/awaited/page/2",
        "/data/11",
        "/data/nothing/stations.csv",
        "/renditions/x.jpg",
        "/renditions/xy/x.jpg",
        "/documents/../../etc/passwd",
        "/ledger/../archive.db",
        "/ledger/tile/0/0",
        "/ledger/checkpoints/01",
        "/assets/site.css",
        "/region/1.json.json",
        "/de/",
        "/c/mayor/index.json",
        "/sheets/page/2",
        "/table/11.1/page/2",
        "/..",
        "/%2e%2e/",
    ] {
        assert_eq!(site.respond(path, "").status, 404, "{path}");
    }
    let missing = site.respond("/en/nothing/here", "");
    let Body::Bytes(bytes) = missing.body else { panic!("no page") };
    assert!(String::from_utf8(bytes).unwrap().contains("There is nothing here"));
}

#[test]
fn tables_and_documents_say_the_same_as_the_count() {
    let site = Made::full().site();
    let view = site.view();
    let stations = download(&site, "/data/mayor/stations.csv");
    let mut rows = csv::Reader::from_reader(stations.as_bytes());
    let header = rows.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|one| one == name).unwrap();
    let mut sums = [0_u64; 3];
    let mut number = 0;
    for row in rows.records() {
        let row = row.unwrap();
        number += 1;
        for (sum, candidate) in sums.iter_mut().zip(["A", "B", "C"]) {
            *sum += row[column(&format!("votes.{candidate}"))].parse::<u64>().unwrap_or(0);
        }
        let counted = &row[column("status")] == "counted";
        assert_eq!(row[column("votes.A")].is_empty(), !counted, "what does not count is empty, not 0: {row:?}");
    }
    assert_eq!(number, view.places.stations().len());
    assert_eq!(sums.as_slice(), view.count.unit_votes(0, testigo_count::geography::UnitIndex::WHOLE).0);
    assert!(stations.contains("\"Nor\"\"te <script>"), "a quote inside a name is doubled");
    assert_eq!(download(&site, "/data/mayor/units.csv").lines().count(), view.places.units().len() + 1);
    assert_eq!(download(&site, "/data/mayor/readings.csv").lines().count(), view.count.reading_count(0) + 1);
    assert_eq!(download(&site, "/data/sheets.csv").lines().count(), view.count.sheet_count() + 1);
    assert_eq!(download(&site, "/data/refusals.csv").lines().count(), 2);
    let json: serde_json::Value = serde_json::from_str(&html(&site, "/table/11.1.json")).unwrap();
    assert_eq!(json["contests"][0]["state"], "counted");
    assert_eq!(json["contests"][0]["readings"][0]["candidates"]["A"], 50);
    assert_eq!(json["contests"][1]["readings"][0]["candidates"]["yes"], 40);
    for (path, contest) in
        [("/index.json", "mayor"), ("/data/mayor/tally.json", "mayor"), ("/c/bridge/region/1.json", "bridge")]
    {
        let tally: serde_json::Value = serde_json::from_str(&html(&site, path)).unwrap();
        assert_eq!(tally["contest"], contest);
        assert_eq!(tally["ledger"]["size"], view.head.size);
    }
}

/// Walks the files of the index as a page does: from the whole to longer beginnings, until there are places.
fn places_in_index(site: &Site, word: &str) -> Vec<String> {
    let mut name = "all".to_owned();
    loop {
        let file: serde_json::Value = serde_json::from_str(&html(site, &format!("/find/{name}.json"))).unwrap();
        if let Some(places) = file["places"].as_array() {
            return places.iter().map(|place| place["code"].as_str().unwrap().to_owned()).collect();
        }
        let longer = file["longer"].as_array().unwrap().iter().map(|one| one.as_str().unwrap());
        let Some(next) = longer.filter(|one| word.starts_with(one)).max_by_key(|one| one.len()) else {
            return Vec::new();
        };
        name = format!("-{next}");
    }
}

#[test]
fn every_station_and_unit_is_in_the_index_under_its_code() {
    let site = Made::full().site();
    let view = site.view();
    let geography = view.count.geography();
    let letters =
        |code: &str| code.to_lowercase().chars().filter(|one| one.is_ascii_alphanumeric()).collect::<String>();
    for station in view.places.stations() {
        let code = geography.station_id(*station);
        assert!(places_in_index(&site, &letters(code)).iter().any(|found| found == code), "{code}");
    }
    for unit in view.places.units().iter().skip(1) {
        let code = geography.unit_code(*unit);
        assert!(places_in_index(&site, &letters(code)).iter().any(|found| found == code), "{code}");
    }
    assert!(places_in_index(&site, "zzz").is_empty());
}

#[test]
fn the_feed_the_widget_and_the_picture_say_what_the_page_says() {
    let site = Made::full().site();
    let feed = html(&site, "/en/feed.atom");
    let widget = html(&site, "/en/widget");
    assert!(feed.contains("<feed xmlns=\"http://www.w3.org/2005/Atom\"") && feed.ends_with("</feed>\n"), "{feed}");
    let page = html(&site, "/en");
    let leader = page.split("<h1>").nth(1).unwrap().split("</h1>").next().unwrap();
    assert!(widget.contains(leader) && !widget.contains("<script"), "{widget}");
    assert!(feed.contains(leader.split('&').next().unwrap()), "{leader} is not in {feed}");
    match site.respond("/en/share.png", "").body {
        Body::Bytes(bytes) => assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n"),
        other => panic!("{other:?}"),
    }
}
