//! Damages copies of real sheets in every way that [`Defect`] knows, for measuring readers on them: `OUT/DEFECT-LEVEL/NAME.jpg`
//! and `OUT/pictures.csv` with what the code of each undamaged picture says. Pictures whose code cannot be read as they are
//! are left out. `EVERY` takes one picture out of so many.
//!
//! ```text
//! cargo run --release -p testigo-sheet --example degrade_folder -- FOLDER OUT [EVERY]
//! ```
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use testigo_sheet::draw::{CodePlace, Defect, Strength, apply, encode_jpeg};
use testigo_sheet::picture::{self, GreyPicture, Limits, Rectangle};
use testigo_sheet::qr::{self, Detected, Outcome};

/// JPEG quality of the copies.
const QUALITY: u8 = 60;

/// The upright square around a code.
fn place(code: &Detected, picture: &GreyPicture) -> CodePlace {
    let edge = |of: fn(&qr::Point) -> f32| {
        let all = code.corners.iter().map(of);
        (all.clone().fold(f32::INFINITY, f32::min).max(0.0) as u32, all.fold(0.0, f32::max) as u32)
    };
    let ((left, right), (top, bottom)) = (edge(|point| point.x), edge(|point| point.y));
    let (right, bottom) = (right.min(picture.width()), bottom.min(picture.height()));
    let side = (right - left).min(bottom - top);
    CodePlace { area: Rectangle { left, top, width: side, height: side }, modules: 17 + 4 * u32::from(code.version) }
}

/// The foot of the picture with the code: a quarter of a tall sheet, as whoever photographs the code would have it.
fn foot(picture: GreyPicture) -> GreyPicture {
    let height = picture.height().min(picture.height() / 4 + 400);
    let area = Rectangle { left: 0, top: picture.height() - height, width: picture.width(), height };
    picture.crop(area).unwrap()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (folder, out) = (Path::new(&arguments[0]), Path::new(&arguments[1]));
    let every = arguments.get(2).map_or(1, |every| every.parse().unwrap());
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut table = "file,defect,level,station,payload\n".to_owned();
    for (seed, path) in paths.iter().enumerate().step_by(every) {
        let name = path.file_stem().unwrap().to_string_lossy();
        let Ok(grey) = picture::decode_grey(&fs::read(path).unwrap(), &Limits::default()) else { continue };
        let grey = foot(grey);
        let Outcome::Read { reading, .. } = qr::read_sheet(&grey, &[], &mut |_| true) else { continue };
        let code = place(&reading, &grey);
        for defect in Defect::ALL {
            for strength in Strength::ALL {
                let damaged = apply(&grey, defect, strength, seed as u64, code);
                let kind = format!("{}-{}", defect.name(), strength.level());
                fs::create_dir_all(out.join(&kind)).unwrap();
                fs::write(out.join(&kind).join(format!("{name}.jpg")), encode_jpeg(&damaged, QUALITY).unwrap())
                    .unwrap();
                let (defect, level) = (defect.name(), strength.level());
                writeln!(table, "{kind}/{name}.jpg,{defect},{level},,\"{}\"", reading.text).unwrap();
            }
        }
        println!("{name}");
    }
    fs::write(out.join("pictures.csv"), table).unwrap();
}
