//! Sheets of the made-up demonstration election: their payloads, and pictures of them.

use testigo_sheet::draw::{Capture, ErrorCorrection, Line, QrPrint, Section, Strip, Table, encode_jpeg};
use testigo_sheet::picture::GreyPicture;

/// The stations of [`register`].
pub const STATIONS: [&str; 6] =
    ["0101010101.01", "0101010101.02", "0101010102.01", "0101010201.01", "0201010101.01", "0201010101.02"];

/// A register with two regions and [`STATIONS`], of 900 voters each.
pub fn register() -> String {
    let mut csv = "region,region_name,province,province_name,municipality,municipality_name,parish,parish_name,place,\
                   place_name,station,registered\n"
        .to_owned();
    for station in STATIONS {
        let units: Vec<String> =
            [2, 4, 6, 8, 10].iter().map(|digits| format!("{0},Unit {0}", &station[..*digits])).collect();
        csv.push_str(&format!("{},{station},900\n", units.join(",")));
    }
    csv
}

/// What the code of a sheet says: eleven lines of the ballot from `first` down, then null, blank, and the question.
pub fn payload(station: &str, first: u32) -> String {
    let votes: Vec<String> = (0..11).map(|line| (first.saturating_sub(line * 3)).to_string()).collect();
    payload_of(station, &votes)
}

/// The same with votes as they are written.
pub fn payload_of(station: &str, votes: &[String]) -> String {
    format!("S1!{station}!{}!3!1!80,40!2!2", votes.join(","))
}

/// A strip with a code for each payload, as a drawn picture.
pub fn drawn(payloads: &[&str]) -> GreyPicture {
    let figures = payloads.iter().enumerate().map(|(at, payload)| Line {
        key: at.to_string(),
        label: "Line".to_owned(),
        sublabel: String::new(),
        figure: u32::try_from(payload.len()).unwrap(),
        words: String::new(),
    });
    let strip = Strip {
        document: "TALLY SHEET".to_owned(),
        title: "DEMONSTRATION".to_owned(),
        tables: vec![Table {
            columns: ["LINE".to_owned(), "VOTES".to_owned(), "IN WORDS".to_owned()],
            sections: vec![Section { heading: String::new(), lines: figures.collect() }],
            summary: Vec::new(),
        }],
        codes: payloads
            .iter()
            .map(|payload| QrPrint {
                payload: (*payload).to_owned(),
                correction: ErrorCorrection::Quartile,
                caption: String::new(),
            })
            .collect(),
        ..Strip::default()
    };
    Capture { seed: 7 }.of(&strip.draw().unwrap()).picture
}

/// The same as the bytes of a JPEG file.
pub fn sheet(payloads: &[&str]) -> Vec<u8> {
    encode_jpeg(&drawn(payloads), 60).unwrap()
}
