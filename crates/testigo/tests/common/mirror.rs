//! A mirror with everything in it that a mirror can have, whose parts tests change.

use std::fs;

use testigo_ledger::SigningKey;
use testigo_ledger::cosignature::{CosignatureTime, CosigningKey};

use super::sheets::{STATIONS, payload, sheet};
use super::{KEY, Place, results};

/// Entries more than one full tile.
const ROWS: usize = 280;

/// The mirror, which nobody has changed yet, and the key of its ledger.
pub struct Honest {
    pub place: Place,
    pub key: SigningKey,
}

impl Honest {
    pub fn new() -> Self {
        let place = Place::with_demo();
        place.write("scans/0.jpg", sheet(&[&payload(STATIONS[0], 60)]));
        place.write("scans/1.jpg", sheet(&[&payload(STATIONS[1], 60), &payload(STATIONS[1], 70)]));
        place.run(&["import", "archive", "scans"]).done();
        place.run(&["read", "archive"]).done();
        place.write("mapping.toml", results::DEMO_MAPPING);
        let rows: String =
            (0..ROWS).map(|row| format!("09010101{:02}.{:02},80,40\n", row / 90, row % 90 + 1)).collect();
        place.write("results.csv", format!("STATION,YES,NO\n{rows}"));
        place.run(&["import", "archive", "results.csv", "--mapping", "mapping.toml"]);
        place.adjudicator("archive", "ana");
        let ruling = ["--station", STATIONS[5], "--reason", "not-opened", "--key", "ana.key"];
        place.run(&[&["rule", "archive", "not-installed"], &ruling[..]].concat()).done();
        assert!(place.size("archive") > 256 + 20, "{} entries", place.size("archive"));

        // A witness has seen the head.
        let witness = CosigningKey::from_seed("witness.example", [9; 32]).unwrap();
        let note = String::from_utf8(place.read("archive/ledger/checkpoint")).unwrap();
        let text = note.split_inclusive('\n').take(3).collect::<String>();
        let cosignature = witness.cosign(&text, CosignatureTime(1_935_000_000)).to_string();
        place.write("archive/ledger/checkpoint", format!("{note}{cosignature}"));
        let log = fs::read_to_string(place.path("archive/ledger/key")).unwrap();
        let policy = format!("log {}\nwitness w1 {}\nquorum w1\n", log.lines().next().unwrap(), witness.cosigner_key());
        place.write("policy", policy);

        place.run(&["publish", "archive", "--out", "site"]).done();
        let key = fs::read_to_string(place.path(KEY)).unwrap().trim().parse().unwrap();
        Self { place, key }
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        self.place.read(&format!("site/{name}"))
    }
}
