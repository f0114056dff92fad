//! Sheets that cannot be read, or not for certain: what a person gets to look at.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a failed test is a panic; a skipped one says so")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use common::Place;
use serde_json::Value;

#[test]
fn what_cannot_be_read_is_cut_out_for_a_person_with_what_it_seems_to_say() {
    let place = Place::with_demo();
    let defects = ["--defect", "white-blot:5", "--defect", "wiped-finders:5"];
    place.run(&[&["simulate", "damaged", "--stations", "6", "--seed", "3"][..], &defects].concat()).done();
    let truth: BTreeMap<String, String> = String::from_utf8(place.read("damaged/pictures.csv"))
        .unwrap()
        .lines()
        .skip(1)
        .map(|line| (line.split(',').next().unwrap().to_owned(), line.split('"').nth(1).unwrap().to_owned()))
        .collect();
    place.run(&["import", "archive", "damaged"]).finished();
    let read: Value =
        serde_json::from_str(&place.run(&["read", "archive", "--format", "json", "--memory", "64"]).finished().out)
            .unwrap();
    let unreadable = read["unreadable"].as_array().unwrap();
    let (mut suggested, mut lost) = (0, 0);
    for line in unreadable {
        let crop = place.path(line["crop"].as_str().unwrap());
        assert!(fs::read(&crop).unwrap().starts_with(b"\x89PNG"), "{line}");
        assert_eq!(
            fs::metadata(&crop).unwrap().permissions().mode() & 0o077,
            0,
            "others may look at {}",
            crop.display()
        );
        let file = line["file"].as_str().unwrap();
        let said = truth.iter().find(|(name, _)| name.ends_with(file) || file.ends_with(*name)).unwrap().1;
        match line["suggestion"].as_str() {
            Some(suggestion) => {
                suggested += 1;
                assert_eq!(line["code"], "code-needs-confirmation");
                assert!(truth.values().any(|payload| payload == suggestion), "{suggestion}, and not {said}");
                assert_eq!(fs::read_to_string(crop.with_extension("txt")).unwrap(), suggestion);
            }
            None => {
                lost += 1;
                assert_ne!(line["code"], "code-needs-confirmation");
            }
        }
    }
    assert!(suggested > 0 && lost > 0, "{suggested} suggested, {lost} lost; choose other pictures");
    assert_eq!(read["read"].as_u64().unwrap() + unreadable.len() as u64, 12);
    let again = place.run(&["read", "archive"]).done();
    assert!(again.out.contains("0 sheets tried"), "{}", again.out);
}
