//! The real scans, where they are at hand.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::path::PathBuf;
use std::time::{Duration, Instant};
use testigo_sheet::jpeg::Jpeg;
use testigo_sheet::mask::{self, Area, Rectangle};
use testigo_sheet::metadata;
use testigo_sheet::picture::{self, Format, Limits};
use testigo_sheet::proof::{PixelKey, Pixels, Published, check};

fn scans() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/ve2024/images");
    let Ok(entries) = std::fs::read_dir(folder) else {
        println!("SKIPPED: no scans in ../shared/data/ve2024/images");
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn stripping_leaves_the_pixels_as_they_are() {
    let limits = Limits::default();
    for path in scans() {
        let bytes = std::fs::read(&path).unwrap();
        let stripped = metadata::strip(&bytes, &limits).unwrap();
        assert!(stripped.bytes.len() <= bytes.len());
        let before = picture::decode_grey(&bytes, &limits).unwrap();
        let after = picture::decode_grey(&stripped.bytes, &limits).unwrap();
        assert!(before == after, "{}", path.display());
        assert_eq!(metadata::strip(&stripped.bytes, &limits).unwrap(), stripped);
    }
}

#[test]
fn masking_hides_the_area_and_changes_nothing_else() {
    let limits = Limits::default();
    let area = Area::new(0, 5_330, 10_000, 3_635).unwrap();
    let code = Area::new(0, 9_020, 10_000, 720).unwrap();
    for path in scans() {
        let stripped = metadata::strip(&std::fs::read(&path).unwrap(), &limits).unwrap();
        let (width, height) = stripped.upright_size();
        let keep = [code.place(width, height)];
        let found = mask::rendition(&stripped, &[area], &keep, &limits).unwrap();
        assert_eq!(found.extension, "jpg");
        let before = stripped.decode_grey(&limits).unwrap();
        let after = picture::decode_grey(&found.bytes, &limits).unwrap();
        let stride = usize::try_from(width).unwrap();
        let rows = before.pixels().chunks_exact(stride).zip(after.pixels().chunks_exact(stride));
        for (y, (before, after)) in (0..).zip(rows) {
            let hidden = (found.masked[0].top..found.masked[0].bottom()).contains(&y);
            let same = if hidden { after.iter().all(|&level| level == 128) } else { before == after };
            assert!(same, "{}: row {y}", path.display());
        }
    }
}

#[test]
fn the_foot_decodes_as_another_decoder_sees_it() {
    for path in scans() {
        let bytes = std::fs::read(&path).unwrap();
        let jpeg = Jpeg::parse(&bytes, &Limits::default()).unwrap();
        let (width, top) = (jpeg.width(), jpeg.height() / 8 * 7);
        let foot = Rectangle { left: 0, top, width, height: jpeg.height() - top };
        let found = jpeg.decode_grey_region(foot).unwrap();
        let other = image::load_from_memory(&bytes).unwrap().crop_imm(0, top, width, foot.height).to_rgb8();
        for (found, other) in found.pixels().iter().zip(other.pixels()) {
            let [red, green, blue] = other.0.map(f64::from);
            let expected = 0.299 * red + 0.587 * green + 0.114 * blue;
            // Where a channel is cut off at black or white, brightness cannot be had back from the colours.
            let cut = (red != green || green != blue) && other.0.iter().any(|&level| level == 0 || level == 255);
            assert!(cut || (f64::from(*found) - expected).abs() < 2.0, "{}: {found} {expected}", path.display());
        }
    }
}

/// With `--nocapture` it also says what proofs cost; `docs/benchmarks.md` has the figures.
#[test]
fn masks_of_real_scans_are_proved_and_keep_nothing_of_what_a_file_names() {
    const CANARY: &[u8] = b"CANARY-OF-A-CAMERA";
    let limits = Limits::default();
    let areas =
        [(0, 520), (5_320, 3_580), (9_760, 240)].map(|(top, height)| Area::new(0, top, 10_000, height).unwrap());
    let mut costs = Vec::new();
    for path in scans() {
        let file = std::fs::read(&path).unwrap();
        let length = u16::try_from(CANARY.len() + 8).unwrap().to_be_bytes();
        // As a camera would: an EXIF block and a comment behind the start, and something after the end.
        let segments = [0xe1, 0xfe].map(|marker| [&[0xff, marker], &length[..], b"Exif\0\0", CANARY].concat()).concat();
        let marked = [&file[..2], &segments, &file[2..], CANARY].concat();
        let stripped = metadata::strip(&marked, &limits).unwrap();
        let pixels = Pixels::of(&stripped, &limits).unwrap();
        let masked = mask::cover(&pixels, &areas, &[]).unwrap();
        let key = PixelKey([3; 32]);
        let order = pixels.best_order(&masked);
        let start = Instant::now();
        let commitment = pixels.commitment(&key, order);
        let commit = start.elapsed();
        let opening = pixels.opening(&key, order, &masked);
        let shown = pixels.masked(&masked).unwrap();
        let published = Published {
            bytes: &shown.bytes,
            format: Format::Jpeg,
            width: shown.width,
            height: shown.height,
            masked: &masked,
        };
        let start = Instant::now();
        assert_eq!(check(&published, &commitment, &opening, &limits), Ok(()), "{}", path.display());
        costs.push((commit, start.elapsed(), opening.len(), shown.bytes.len()));
        for kept in [&stripped.bytes, &shown.bytes, &opening] {
            assert!(!kept.windows(CANARY.len()).any(|window| window == CANARY), "{}", path.display());
        }
    }
    let middle = costs.len() / 2;
    let mut by = |sort: fn(&(Duration, Duration, usize, usize)) -> u128| {
        costs.sort_by_key(sort);
        costs.get(middle).map(sort).unwrap_or_default()
    };
    println!(
        "median of {} scans: commit {} us, verify {} us, opening {} bytes, picture {} bytes; largest opening {:?}",
        middle * 2,
        by(|cost| cost.0.as_micros()),
        by(|cost| cost.1.as_micros()),
        by(|cost| cost.2 as u128),
        by(|cost| cost.3 as u128),
        costs.iter().map(|cost| cost.2).max(),
    );
}
