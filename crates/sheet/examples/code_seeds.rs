//! Cuts the codes out of pictures, in the form that the fuzz target `code` takes: one byte for the width less one, then a
//! bit for every pixel.
//!
//! ```text
//! cargo run --release -p testigo-sheet --example code_seeds -- PICTURE... FOLDER
//! ```
#![allow(clippy::expect_used, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use std::path::Path;
use testigo_sheet::picture::{self, Limits};
use testigo_sheet::qr::{self, Outcome};

/// Side of the squares that come out, in pixels.
const SIDE: u32 = 96;

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments.pop().expect("a folder");
    for path in arguments {
        let bytes = std::fs::read(&path).expect("a picture");
        let Ok(grey) = picture::decode_grey(&bytes, &Limits::default()) else { continue };
        let Outcome::Read { reading: code, .. } = qr::read_sheet(&grey, &[], &mut |_| true) else { continue };
        let [left, top] = [code.corners[0].x - 8.0, code.corners[0].y - 8.0];
        let [right, bottom] = [code.corners[2].x + 8.0, code.corners[2].y + 8.0];
        let shade = |x: f32, y: f32| {
            let (x, y) = ((x.max(0.0) as u32).min(grey.width() - 1), (y.max(0.0) as u32).min(grey.height() - 1));
            grey.pixels()[(y * grey.width() + x) as usize]
        };
        let mut out = vec![u8::try_from(SIDE - 1).expect("below 256")];
        for index in 0..SIDE * SIDE / 8 {
            let bits = (0..8).fold(0, |bits, bit| {
                let (column, row) = ((index * 8 + bit) % SIDE, (index * 8 + bit) / SIDE);
                let share = |place: u32| (place as f32 + 0.5) / SIDE as f32;
                let (x, y) = (left + (right - left) * share(column), top + (bottom - top) * share(row));
                bits << 1 | u8::from(shade(x, y) < 128)
            });
            out.push(bits);
        }
        let name =
            Path::new(&path).with_extension("").iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("-");
        std::fs::write(Path::new(&folder).join(name.trim_start_matches(['/', '-'])), out).expect("a file is written");
    }
}
