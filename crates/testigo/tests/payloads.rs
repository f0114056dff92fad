//! Codes that are not quite those of a sheet: each has its clear reason in what `read` prints, and none counts.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod common;

use common::results::{self, payload};
use common::sheets::sheet;
use common::{Place, golden};

#[test]
fn every_payload_that_is_not_a_sheets_has_its_reason() {
    let place = Place::new();
    place.write("results.csv", results::rows(30));
    place.run(&["init", "archive", "--pack", results::PACK, "--register", "results.csv"]).done();
    let right = payload(1, 38, "");
    let elsewhere = "https://example.org/menu";
    let pictures: [(&str, Vec<String>); 16] = [
        ("a-right", vec![right.clone()]),
        ("b-37-numbers", vec![payload(2, 37, "")]),
        ("c-39-numbers", vec![payload(3, 39, "")]),
        ("d-a-million-million-votes", vec![payload(4, 38, "1000000000000")]),
        ("e-more-votes-than-voters", vec![payload(5, 38, "99999")]),
        ("f-negative", vec![payload(6, 38, "-5")]),
        ("g-fractional", vec![payload(7, 38, "1.5")]),
        ("h-blank", vec![payload(8, 38, " ")]),
        ("i-not-in-the-register", vec![payload(3000, 38, "")]),
        ("j-something-else", vec![elsewhere.to_owned()]),
        ("k-no-code", Vec::new()),
        ("l-trailing", vec![payload(9, 38, "") + "!0"]),
        ("m-same-code-twice", vec![payload(10, 38, ""), payload(10, 38, "")]),
        ("n-two-stations", vec![payload(11, 38, ""), payload(12, 38, "")]),
        ("o-one-station-two-results", vec![payload(13, 38, ""), payload(13, 38, "22")]),
        ("p-and-something-else", vec![payload(14, 38, ""), elsewhere.to_owned()]),
    ];
    for (name, payloads) in &pictures {
        let payloads: Vec<&str> = payloads.iter().map(String::as_str).collect();
        place.write(&format!("scans/{name}.jpg"), sheet(&payloads));
    }
    place.run(&["import", "archive", "scans"]).done().says(&["16 sheets added"]);
    let read = place.run(&["read", "archive"]).finished();
    golden("read_reasons", &read.out);
    golden("check_after_read", &place.run(&["check", "archive"]).finished().out);
    place.run(&["read", "archive"]).done().says(&["0 sheets tried"]);
    let tally = place.tally("archive");
    assert_eq!(tally["stations"]["counted"], 3);
    place.run(&["verify", "archive"]).done();
}
