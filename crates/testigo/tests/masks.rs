//! Masks from end to end, with the real program: proved on import, changed, opened for a court, and taken away with the
//! picture when a ruling says so.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod common;

use std::fs;

use common::{ORIGIN, Place};
use serde_json::Value;

/// One sheet, drawn, in and read. Gives the place and the sheet's entry.
fn with_one_sheet() -> (Place, String) {
    let place = Place::new();
    place.run(&["simulate", "made", "--stations", "1", "--honest", "--seed", "3"]).done();
    let init = ["init", "archive", "--pack", "demo", "--register", "made/register.csv", "--origin", ORIGIN];
    place.run(&init).done();
    place.run(&["import", "archive", "made/sheets"]).done().says(&["1 sheet added"]);
    place.run(&["read", "archive"]).done();
    // Entry 0 is the election; the arrival and the sheet come next.
    (place, "2".to_owned())
}

/// The public files of pictures and their proofs, by name.
fn published(place: &Place, folder: &str) -> Vec<String> {
    let files = ["renditions", "openings"].into_iter().flat_map(|shelf| place.files(&format!("{folder}/{shelf}")));
    files.filter(|file| file.is_file()).map(|file| file.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

/// What a refused command says on standard error.
trait Complains {
    fn complains(self, parts: &[&str]);
}

impl Complains for common::Run {
    fn complains(self, parts: &[&str]) {
        assert!(parts.iter().all(|part| self.err.contains(part)), "{parts:?}: {self}");
    }
}

/// The last entry that the ledger has of a type.
fn last(place: &Place, kind: &str) -> Value {
    let bundles = place.files("archive/ledger/tile/entries");
    let bytes: Vec<u8> = bundles.iter().map(|file| fs::read(file).unwrap()).max_by_key(Vec::len).unwrap();
    let (mut entries, mut rest) = (Vec::new(), bytes.as_slice());
    while let [high, low, after @ ..] = rest {
        let (entry, after) = after.split_at(usize::from(*high) << 8 | usize::from(*low));
        entries.push(serde_json::from_slice::<Value>(entry).unwrap());
        rest = after;
    }
    entries.into_iter().rfind(|entry| entry["type"] == kind).unwrap()
}

fn corners(area: &Value) -> String {
    area.as_array().unwrap().iter().map(Value::to_string).collect::<Vec<_>>().join(",")
}

#[test]
fn every_import_is_proved_and_any_change_is_seen() {
    let (place, _) = with_one_sheet();
    place.run(&["verify", "archive"]).done().says(&["1 picture shows the pixels that came in"]);
    let intake = last(&place, "intake");
    assert_eq!((intake["v"].as_u64(), intake["pictures"].as_array().map(Vec::len)), (Some(2), Some(1)));
    let files = published(&place, "archive");
    assert_eq!(files.len(), 2, "{files:?}");
    let opening = place.files("archive/openings").remove(0);
    let right = fs::read(&opening).unwrap();
    let pixels = intake["pictures"][0]["pixels"].as_str().unwrap();
    assert!(opening.file_name().unwrap().to_str().unwrap().starts_with(pixels));
    for (at, cause) in [(3, "does not begin with"), (19, "order"), (40, "not the one that came in")] {
        let mut changed = right.clone();
        changed[at] ^= 0x40;
        fs::write(&opening, changed).unwrap();
        place.run(&["verify", "archive"]).exits(1).says(&["WRONG", cause]);
    }
    fs::write(&opening, [&right[..], b"x"].concat()).unwrap();
    place.run(&["verify", "archive"]).exits(1).says(&["WRONG", "the mask takes"]);
    fs::remove_file(&opening).unwrap();
    place.run(&["verify", "archive"]).exits(1).says(&["WRONG", "its proof", "is missing"]);
    fs::write(&opening, &right).unwrap();
    place.write("archive/openings/00/stranger", "x");
    place.run(&["verify", "archive"]).exits(1).says(&["WRONG", "stranger does not belong there"]);
}

#[test]
fn a_mask_grows_and_shrinks_and_never_covers_figures_or_the_code() {
    let (place, sheet) = with_one_sheet();
    let entry = last(&place, "sheet");
    let (width, height) = (entry["pages"][0]["width"].as_u64().unwrap(), entry["pages"][0]["height"].as_u64().unwrap());
    let before = published(&place, "archive");
    let size = place.size("archive");

    // Figures stand in the upper half, the code at the foot.
    for area in [format!("0,{},{width},{}", height / 4, height / 3), format!("0,{},{width},{height}", height * 8 / 10)]
    {
        place
            .run(&["mask", "archive", &sheet, "--hide", &area])
            .refused()
            .complains(&["would cover figures or the code"]);
    }
    for (area, cause) in [("0,0,9,0", "LEFT,TOP,RIGHT,BOTTOM"), ("90000,0,90010,10", "lies outside"), ("1,2,3", "LEFT")]
    {
        place.run(&["mask", "archive", &sheet, "--hide", area]).refused().complains(&[cause]);
    }
    place.run(&["mask", "archive", "1", "--hide", "0,0,9,9"]).refused().complains(&["entry 1 is no sheet"]);
    place
        .run(&["mask", "archive", &sheet, "--page", "2", "--hide", "0,0,9,9"])
        .refused()
        .complains(&["has 1 pictures"]);
    assert_eq!((place.size("archive"), published(&place, "archive")), (size, before.clone()), "nothing was done");

    place.run(&["mask", "archive", &sheet, "--hide", &format!("0,0,{width},20")]).done().says(&["taken away"]);
    let mask = last(&place, "mask");
    assert_eq!((mask["reason"].as_str(), mask["prev"].as_u64()), (Some("personal-data"), None));
    let masked: Vec<String> = mask["masked"].as_array().unwrap().iter().map(corners).collect();
    let head = masked.iter().find(|area| area.starts_with("0,0,")).unwrap().clone();
    let after = published(&place, "archive");
    assert_eq!(after.len(), 2);
    assert!(after.iter().all(|name| !before.contains(name)), "{before:?} {after:?}");
    place.run(&["verify", "archive"]).done().says(&["1 picture shows the pixels that came in"]);
    place.run(&["mask", "archive", &sheet, "--hide", &head]).done().says(&["nothing to change"]);

    place.run(&["mask", "archive", &sheet, "--show", &head]).done();
    let again = last(&place, "mask");
    assert_eq!(again["reason"], "too-much-hidden");
    assert_eq!(again["rendition"], entry["pages"][0]["rendition"], "the same pixels hidden: the same file");
    assert_eq!(published(&place, "archive"), before);
    place.run(&["verify", "archive"]).done();
    assert_eq!(place.tally("archive")["stations"]["counted"], 1, "a mask changes no count");
}

#[test]
fn a_court_sees_and_checks_what_the_public_does_not() {
    let (place, sheet) = with_one_sheet();
    let area = corners(&last(&place, "sheet")["pages"][0]["masked"][0]);
    place.run(&["mask", "open", "archive", &sheet, "--area", &area, "--out", "court.testigo"]).done().says(&[&area]);
    place
        .run(&["mask", "open", "archive", &sheet, "--area", &area, "--out", "court.testigo"])
        .refused()
        .complains(&["exists"]);
    let check = ["mask", "check", "court.testigo", "--ledger", "archive"];
    place
        .run(&[&check[..], &["--picture", "seen.jpg"]].concat())
        .done()
        .says(&["hidden        nothing", "was committed to"]);
    assert!(place.read("seen.jpg").starts_with(b"\xff\xd8\xff"));
    // A court needs no archive, a mirror will do.
    place.run(&["publish", "archive", "--out", "mirror"]).done();
    place.run(&["mask", "check", "court.testigo", "--ledger", "mirror"]).done().says(&["was committed to"]);
    // What is public is as it was.
    place.run(&["verify", "archive"]).done();

    let right = place.read("court.testigo");
    let change = |from: &str, to: &str| {
        let at = right.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        place.write("court.testigo", [&right[..at], to.as_bytes(), &right[at + from.len()..]].concat());
    };
    change("media jpg", "media gif");
    place.run(&check).refused().complains(&["line 3", "media"]);
    change("size ", "size 1");
    place.run(&check).exits(1).says(&["WRONG", "pixels"]);
    let mut other = right.clone();
    *other.last_mut().unwrap() ^= 1;
    place.write("court.testigo", other);
    place.run(&check).exits(1).says(&["WRONG", "not the one that came in"]);
    let (elsewhere, _) = with_one_sheet();
    elsewhere.write("court.testigo", &right);
    elsewhere.run(&check).exits(1).says(&["WRONG: no sheet of this ledger has the commitment"]);
}

#[test]
fn a_withheld_picture_and_its_proof_are_gone_and_come_back() {
    let (place, sheet) = with_one_sheet();
    place.adjudicator("archive", "ana");
    place.run(&["publish", "archive", "--out", "mirror"]).done();
    let before = published(&place, "archive");
    assert_eq!(published(&place, "mirror"), before, "picture and proof are in the mirror");
    let signed = ["--reason", "personal-data", "--key", "ana.key"];
    place.run(&[&["rule", "archive", "withhold", "--sheet", &sheet][..], &signed].concat()).done();
    let ruling = (place.size("archive") - 1).to_string();

    assert_eq!(published(&place, "archive"), Vec::<String>::new());
    place.run(&["verify", "archive"]).done().says(&["1 picture withheld by rulings"]);
    place.run(&["publish", "archive", "--out", "mirror"]).done();
    assert_eq!(published(&place, "mirror"), Vec::<String>::new());
    let hash = before.iter().find(|name| name.ends_with(".jpg")).unwrap().trim_end_matches(".jpg");
    let pages: Vec<String> = place
        .files("mirror")
        .into_iter()
        .filter(|file| file.extension().is_some_and(|ending| ending == "html"))
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    assert!(pages.iter().all(|page| !page.contains(&format!("{hash}.jpg"))), "a page points to the picture");
    let told = pages.iter().filter(|page| page.contains("the picture shows personal data"));
    assert!(told.count() >= 1, "a page says why the picture is not there");
    assert_eq!(place.tally("archive")["stations"]["counted"], 1, "the numbers stay");

    place.run(&[&["rule", "archive", "withdraw", "--supersedes", &ruling][..], &signed].concat()).done();
    assert_eq!(published(&place, "archive"), before);
    place.run(&["verify", "archive"]).done().says(&["1 picture shows the pixels that came in"]);
    place.run(&["publish", "archive", "--out", "mirror"]).done();
    assert_eq!(published(&place, "mirror"), before);
}
