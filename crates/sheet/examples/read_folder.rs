//! The payloads of a folder of pictures, one picture after another on one thread: `NAME<TAB>PAYLOAD`, and nothing behind
//! the tab where none was read. Seconds from the first file's bytes to the last payload go to the error output.
//!
//! With `LEFT,TOP,RIGHT,BOTTOM`, in ten-thousandths of the picture as a country pack says where codes stand, JPEG files
//! are read there first, from the luma of that place alone.
//!
//! ```text
//! cargo run --release -p testigo-sheet --example read_folder -- FOLDER [LEFT,TOP,RIGHT,BOTTOM]
//! ```
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::path::PathBuf;
use std::time::Instant;
use testigo_sheet::jpeg::Jpeg;
use testigo_sheet::picture::{self, Limits, Rectangle};
use testigo_sheet::qr::{self, Outcome, Place};

fn place(text: &str) -> Option<Place> {
    let edges: Vec<u16> = text.split(',').map(|edge| edge.parse().ok()).collect::<Option<_>>()?;
    let [left, top, right, bottom] = edges[..] else { return None };
    Place::new(left, top, right, bottom)
}

/// A payload that needs no confirmation.
fn certain(outcome: Outcome) -> Option<String> {
    match outcome {
        Outcome::Read { reading, .. } if !reading.needs_confirmation() => Some(reading.text),
        _ => None,
    }
}

fn read_place(bytes: &[u8], place: Place) -> Option<String> {
    let jpeg = Jpeg::parse(bytes, &Limits::default()).ok()?;
    let orientation = jpeg.orientation();
    let (width, height) = orientation.upright_size(jpeg.width(), jpeg.height());
    let (left, top, right, bottom) = place.pixels(width, height);
    let seen = Rectangle { left, top, width: right - left, height: bottom - top };
    let stored = orientation.stored_rectangle(seen, jpeg.width(), jpeg.height());
    let grey = jpeg.decode_grey_region(stored).ok()?.upright(orientation);
    certain(qr::read_sheet(&grey, &[], &mut |_| true))
}

fn read_whole(bytes: &[u8], places: &[Place]) -> Option<String> {
    let grey = picture::decode_grey(bytes, &Limits::default()).ok()?;
    certain(qr::read_sheet(&grey, places, &mut |_| true))
}

fn main() {
    let folder = std::env::args().nth(1).unwrap();
    let place = std::env::args().nth(2).map(|text| place(&text).unwrap());
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let start = Instant::now();
    let mut answers = Vec::with_capacity(paths.len());
    for path in &paths {
        let bytes = std::fs::read(path).unwrap();
        let from_place = place.and_then(|place| read_place(&bytes, place));
        answers.push(from_place.or_else(|| read_whole(&bytes, place.as_slice())));
    }
    let seconds = start.elapsed().as_secs_f64();
    for (path, payload) in paths.iter().zip(answers) {
        println!("{}\t{}", path.file_name().unwrap().display(), payload.unwrap_or_default());
    }
    eprintln!("{seconds}");
}
