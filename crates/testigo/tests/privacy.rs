//! Marks planted where a picture names its sender: none of them is anywhere in the archive after a public import.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod common;

use std::fs;

use common::Place;
use common::files::{grey_png, zip};
use common::sheets::{STATIONS, drawn, payload, sheet};

/// Planted as camera, serial number, place, comment, thumbnail, and in the bytes after the end.
const MARKS: [&str; 7] =
    ["CANARYMAKE", "CANARYSERIAL", "CANARYGPS", "CANARYCOMMENT", "CANARYTHUMB", "CANARYXMP", "CANARYTAIL"];
/// In the names of files, folders and ZIP entries.
const NAME: &str = "CANARYNAME";

/// An APP or comment segment.
fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], content].concat()
}

/// EXIF with a maker, a serial number, a place and a thumbnail, each a mark.
fn exif() -> Vec<u8> {
    let [make, serial, gps, _, thumbnail, ..] = MARKS;
    let mut tiff = b"II\x2a\0\x08\0\0\0".to_vec();
    let texts = [(0x010f_u16, make), (0xa431, serial), (0x001d, gps), (0x0201, thumbnail)];
    let mut place = 8 + 2 + texts.len() * 12 + 4;
    tiff.extend(u16::try_from(texts.len()).unwrap().to_le_bytes());
    for (tag, text) in texts {
        tiff.extend(tag.to_le_bytes());
        tiff.extend(2_u16.to_le_bytes());
        tiff.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
        tiff.extend(u32::try_from(place).unwrap().to_le_bytes());
        place += text.len();
    }
    tiff.extend([0; 4]);
    tiff.extend(texts.iter().flat_map(|(_, text)| text.bytes()));
    [b"Exif\0\0", &tiff[..]].concat()
}

fn marked_jpeg(station: &str) -> Vec<u8> {
    let picture = sheet(&[&payload(station, 60)]);
    let xmp = [b"http://ns.adobe.com/xap/1.0/\0", MARKS[5].as_bytes()].concat();
    let head = [segment(0xe1, &exif()), segment(0xe1, &xmp), segment(0xfe, MARKS[3].as_bytes())].concat();
    [&picture[..2], &head, &picture[2..], MARKS[6].as_bytes()].concat()
}

fn marked_png(station: &str) -> Vec<u8> {
    let comment = [b"Comment\0", MARKS[3].as_bytes()].concat();
    let exif = exif();
    let extra: [(&[u8; 4], &[u8]); 2] = [(b"tEXt", &comment), (b"eXIf", &exif[6..])];
    [&grey_png(&drawn(&[&payload(station, 61)]), &extra)[..], MARKS[6].as_bytes()].concat()
}

/// Imports marked pictures from a folder and a ZIP file, reads them, and gives the marks that are left, with the file.
fn left_behind(source: &str) -> Vec<String> {
    let place = Place::with_demo();
    let files = [marked_jpeg(STATIONS[0]), marked_png(STATIONS[1]), marked_jpeg(STATIONS[2])];
    for mark in &MARKS[..5] {
        let there = files.iter().any(|file| file.windows(mark.len()).any(|window| window == mark.as_bytes()));
        assert!(there, "{mark} was planted");
    }
    place.write(&format!("{NAME}/{NAME}.jpg"), &files[0]);
    place.write(&format!("{NAME}/{NAME}.png"), &files[1]);
    place.write(&format!("{NAME}/{NAME}.zip"), zip(&[(&format!("{NAME}.jpg"), &files[2])]));
    place.run(&["import", "archive", NAME, "--source", source]).done().says(&["3 sheets added"]);
    let read = place.run(&["read", "archive", "--format", "json"]).done();
    assert_eq!(read.json()["read"], 3, "the pixels are as they were: {read}");
    place.run(&["verify", "archive"]).done();

    let mut left = Vec::new();
    for file in [place.files("archive"), place.files("keys")].concat() {
        let bytes = fs::read(&file).unwrap();
        for mark in MARKS.iter().chain([&NAME]) {
            if bytes.windows(mark.len()).any(|window| window == mark.as_bytes()) {
                let name = file.strip_prefix(place.path("")).unwrap().display();
                left.push(format!("{mark} in {name}"));
            }
        }
    }
    left
}

#[test]
fn nothing_of_a_public_sender_is_kept() {
    assert_eq!(left_behind("public"), Vec::<String>::new());
}

#[test]
fn of_the_organisers_own_pictures_only_the_file_names_are_kept_and_only_privately() {
    let left = left_behind("custody");
    let private = left.iter().all(|one| one.starts_with(&format!("{NAME} in archive/archive.db")));
    assert!(!left.is_empty() && private, "{left:?}");
}
