//! Test vectors for other people's verifiers: small masked pictures with their openings. They stand in
//! `docs/vectors/pixels`; `docs/ledger-format.md` says how to read them.
//!
//! `TESTIGO_BLESS=1 cargo test -p testigo-sheet --test proof_vectors` writes them anew. A change there is a change of the
//! format, unless only the files are packed otherwise.

#![allow(clippy::unwrap_used)]

mod definition;

use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, GrayImage, ImageFormat, RgbImage, RgbaImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use serde_json::{Value, json};
use std::io::Cursor;
use testigo_sheet::mask::{self, Area};
use testigo_sheet::metadata;
use testigo_sheet::picture::{Format, Limits, Orientation, Rectangle};
use testigo_sheet::proof::{PixelCommitment, PixelKey, Pixels, Published, TreeOrder, check};

fn level(x: u32, y: u32) -> u8 {
    u8::try_from((x * 7 + y * 3 + x * y / 16) % 256).unwrap()
}

/// The picture files, without metadata, with the way up in which they are seen.
fn pictures() -> Vec<(&'static str, Vec<u8>, u16)> {
    let grey = |width, height| GrayImage::from_fn(width, height, |x, y| [level(x, y)].into());
    let colour = |width, height| RgbImage::from_fn(width, height, |x, y| [level(x, y), level(y, x), 90].into());
    let mut strip = Vec::new();
    JpegEncoder::new_with_quality(&mut strip, 60).encode_image(&grey(150, 333)).unwrap();
    let mut photo = Vec::new();
    let mut encoder = Encoder::new(&mut photo, 60);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.encode(colour(200, 130).as_raw(), 200, 130, ColorType::Rgb).unwrap();
    let png = |image: DynamicImage| {
        let mut bytes = Vec::new();
        image.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
        bytes
    };
    let deep =
        png(DynamicImage::ImageRgba8(RgbaImage::from_fn(70, 40, |x, y| [level(x, y), 3, 4, level(y, x)].into()))
            .to_rgba16()
            .into());
    vec![
        ("strip", strip, 1),
        ("photo", photo, 6),
        ("scan", png(DynamicImage::ImageLuma8(grey(150, 100))), 1),
        ("deep", deep, 1),
    ]
}

/// What is hidden of each of them: name, picture, areas in ten-thousandths.
const MASKS: [(&str, &str, &[[u16; 4]]); 6] = [
    ("strip-bands", "strip", &[[0, 0, 10_000, 500], [0, 5_300, 10_000, 3_000]]),
    ("strip-open", "strip", &[]),
    ("strip-hidden", "strip", &[[0, 0, 10_000, 10_000]]),
    ("photo-corner", "photo", &[[5_000, 6_000, 4_000, 3_500]]),
    ("scan-overlap", "scan", &[[0, 2_000, 5_000, 4_000], [4_000, 4_000, 6_000, 1_000]]),
    ("deep-corner", "deep", &[[0, 0, 1_000, 1_000]]),
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The files of one vector, by name.
fn vector(picture: &str, areas: &[[u16; 4]]) -> Vec<(String, Vec<u8>)> {
    let limits = Limits::default();
    let (_, bytes, number) = pictures().into_iter().find(|(name, _, _)| *name == picture).unwrap();
    let mut stripped = metadata::strip(&bytes, &limits).unwrap();
    stripped.orientation = Orientation::from_number(number).unwrap();
    let pixels = Pixels::of(&stripped, &limits).unwrap();
    let areas: Vec<Area> =
        areas.iter().map(|[left, top, width, height]| Area::new(*left, *top, *width, *height).unwrap()).collect();
    let masked = mask::cover(&pixels, &areas, &[]).unwrap();
    let key = PixelKey(definition::sha256(&[b"a key for examples: ", picture.as_bytes()]));
    let order = if picture == "strip" { TreeOrder::RowsFirst } else { pixels.best_order(&masked) };
    let opening = pixels.opening(&key, order, &masked);
    let shown = pixels.clone().masked(&masked).unwrap();

    // Everything said about the tree comes from the definition, not from the program.
    let open = pixels.masked(&[]).unwrap().bytes;
    let defined = match shown.extension {
        "jpg" => definition::jpeg(&open, order.number()),
        _ => definition::png(&open, order.number()),
    };
    let stored: Vec<Rectangle> = masked
        .iter()
        .map(|area| stripped.orientation.stored_rectangle(*area, stripped.width, stripped.height))
        .collect();
    let (root, commitment, by_definition) = defined.commit(&key.0, &stored);
    assert_eq!(opening, by_definition);
    let corners: Vec<Value> =
        masked.iter().map(|area| json!([area.left, area.top, area.right(), area.bottom()])).collect();
    // Hidden groups are blank here, as whoever has only the file sees them.
    let seen = match shown.extension {
        "jpg" => definition::jpeg(&shown.bytes, order.number()),
        _ => definition::png(&shown.bytes, order.number()),
    };
    let seen: Vec<u8> = seen.groups.concat().concat();
    let expected = json!({
        "commitment": hex(&commitment),
        "media": shown.extension,
        "width": shown.width,
        "height": shown.height,
        "masked": corners,
        "key": hex(&key.0),
        "head": hex(&defined.head),
        "root": hex(&root),
        "columns": defined.groups[0].len(),
        "rows": defined.groups.len(),
        "groups": hex(&definition::sha256(&[&seen])),
    });
    let mut text = serde_json::to_string_pretty(&expected).unwrap();
    text.push('\n');
    vec![
        (format!("picture.{}", shown.extension), shown.bytes),
        ("opening".to_owned(), opening),
        ("expected.json".to_owned(), text.into_bytes()),
    ]
}

#[test]
fn pictures_and_openings_are_those_of_the_vectors() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/vectors/pixels");
    for (name, picture, areas) in MASKS {
        for (file, bytes) in vector(picture, areas) {
            let path = folder.join(name).join(&file);
            if std::env::var_os("TESTIGO_BLESS").is_some() {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(&path, &bytes).unwrap();
            }
            let golden = std::fs::read(&path).unwrap_or_default();
            assert!(
                golden == bytes,
                "{name}/{file} differs; if the format was meant to change, run with TESTIGO_BLESS=1"
            );
        }
    }
}

/// What a verifier does that has nothing but the files.
#[test]
fn the_vectors_verify_and_no_two_can_be_swapped() {
    if std::env::var_os("TESTIGO_BLESS").is_some() {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/vectors/pixels");
    let read = |name: &str| {
        let expected: Value =
            serde_json::from_slice(&std::fs::read(folder.join(name).join("expected.json")).unwrap()).unwrap();
        let picture = format!("picture.{}", expected["media"].as_str().unwrap());
        let opening = std::fs::read(folder.join(name).join("opening")).unwrap();
        (expected, std::fs::read(folder.join(name).join(picture)).unwrap(), opening)
    };
    for (name, ..) in MASKS {
        let (expected, picture, _) = read(name);
        let number = |key: &str| u32::try_from(expected[key].as_u64().unwrap()).unwrap();
        let masked: Vec<Rectangle> = expected["masked"]
            .as_array()
            .unwrap()
            .iter()
            .map(|area| {
                let [left, top, right, bottom] =
                    [0, 1, 2, 3].map(|at| u32::try_from(area[at].as_u64().unwrap()).unwrap());
                Rectangle { left, top, width: right - left, height: bottom - top }
            })
            .collect();
        let hash = expected["commitment"].as_str().unwrap();
        let commitment = std::array::from_fn(|at| u8::from_str_radix(&hash[at * 2..at * 2 + 2], 16).unwrap());
        for (other, ..) in MASKS {
            let (_, _, opening) = read(other);
            let published = Published {
                bytes: &picture,
                format: if expected["media"] == "jpg" { Format::Jpeg } else { Format::Png },
                width: number("width"),
                height: number("height"),
                masked: &masked,
            };
            let found = check(&published, &PixelCommitment(commitment), &opening, &Limits::default());
            assert_eq!(found.is_ok(), name == other, "{name} with the opening of {other}: {found:?}");
        }
    }
}
