//! How long the steps of reading JPEG files take on the processor, each against the general decoder's whole decoding of the same files.
//!
//! ```text
//! cargo run --release -p testigo-sheet --example jpeg_speed -- FOLDER
//! ```
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::hint::black_box;
use std::time::Instant;
use testigo_sheet::jpeg::Jpeg;
use testigo_sheet::metadata;
use testigo_sheet::picture::{self, Limits, Rectangle};

const ROUNDS: u32 = 5;

type Step = (&'static str, fn(&[u8]));

/// Seconds this thread has had the processor, so that other programs do not count; elsewhere than on Linux, seconds.
fn clock(start: Instant) -> f64 {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let on_processor = statistics.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    on_processor.map_or_else(|| start.elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
}

fn jpeg(bytes: &[u8]) -> Jpeg<'_> {
    Jpeg::parse(bytes, &Limits::default()).unwrap()
}

fn main() {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "../shared/data/ve2024/images".to_owned());
    let files: Vec<Vec<u8>> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .filter(|bytes| Jpeg::parse(bytes, &Limits::default()).is_ok())
        .collect();
    let steps: &[Step] = &[
        ("general decoder, all pixels", |bytes| {
            black_box(image::load_from_memory_with_format(bytes, image::ImageFormat::Jpeg).unwrap());
        }),
        ("headers", |bytes| {
            black_box(jpeg(bytes));
        }),
        ("entropy decoding, nothing kept", |bytes| {
            let jpeg = jpeg(bytes);
            // One pixel at the foot: every block is passed over.
            let foot = Rectangle { left: 0, top: jpeg.height() - 1, width: 1, height: 1 };
            black_box(jpeg.decode_grey_region(foot).unwrap());
        }),
        ("entropy decoding, coefficients kept", |bytes| {
            black_box(jpeg(bytes).coefficients(&Limits::default()).unwrap());
        }),
        ("luma of the lowest eighth", |bytes| {
            let jpeg = jpeg(bytes);
            let height = jpeg.height() / 8;
            let foot = Rectangle { left: 0, top: jpeg.height() - height, width: jpeg.width(), height };
            black_box(jpeg.decode_grey_region(foot).unwrap());
        }),
        ("luma of everything", |bytes| {
            black_box(jpeg(bytes).decode_grey().unwrap());
        }),
        ("stripped, grey, upright", |bytes| {
            black_box(picture::decode_grey(bytes, &Limits::default()).unwrap());
        }),
        ("metadata stripped", |bytes| {
            black_box(metadata::strip(bytes, &Limits::default()).unwrap());
        }),
    ];
    let start = Instant::now();
    let mut first = None;
    println!("{} files, best of {ROUNDS} rounds", files.len());
    for (name, step) in steps {
        let best = (0..ROUNDS)
            .map(|_| {
                let before = clock(start);
                files.iter().for_each(|bytes| step(bytes));
                clock(start) - before
            })
            .fold(f64::INFINITY, f64::min);
        let per_file = best * 1000.0 / f64::from(u32::try_from(files.len()).unwrap());
        let ratio = best / *first.get_or_insert(best);
        println!("{name:<38} {per_file:8.3} ms a file  {ratio:5.2}");
    }
}
