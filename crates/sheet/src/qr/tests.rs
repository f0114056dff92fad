//! The reader as a whole: drawn symbols of every size, damaged in known ways, and real scans where there are any.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use qrcodegen::{Mask, QrCode, QrCodeEcc, QrSegment, Version};

use super::{Detected, Failure, Outcome, Part, Place, read_sheet};
use crate::picture::GreyPicture;

const LEVELS: [QrCodeEcc; 4] = [QrCodeEcc::Low, QrCodeEcc::Medium, QrCodeEcc::Quartile, QrCodeEcc::High];

/// A payload like those of tally sheets.
const PAYLOAD: &str =
    "012345678.01!12,0,3,345,0,1,22,0,0,7,118,2,0,0,1,9,0,4,0,0,61,0,2,5,0,0,1,0,3,0,0,0,8,0,21,0,1,2!4!0";

fn encode(payload: &str, level: QrCodeEcc, version: u8) -> QrCode {
    let segments = [QrSegment::make_bytes(payload.as_bytes())];
    QrCode::encode_segments_advanced(&segments, level, Version::new(version), Version::MAX, None, false).unwrap()
}

fn tally_code() -> QrCode {
    encode(PAYLOAD, QrCodeEcc::Quartile, 1)
}

/// How a symbol lies in a picture.
#[derive(Clone, Copy)]
struct Scene {
    size: u32,
    /// Pixels of a module.
    module: f32,
    /// In degrees.
    turn: f32,
    /// By how much the far side is smaller, as a share.
    perspective: f32,
    mirrored: bool,
    paper: f32,
    ink: f32,
    /// Of the symbol's middle from the picture's, in pixels.
    shift: (f32, f32),
}

impl Scene {
    fn of(code: &QrCode, module: f32) -> Self {
        let size = super::numbers::whole((code.size() as f32 + 10.0) * module);
        Self { size, module, turn: 0.0, perspective: 0.0, mirrored: false, paper: 225.0, ink: 45.0, shift: (0.0, 0.0) }
    }

    /// Each pixel is the mean of nine samples of the plane behind it.
    fn draw(&self, code: &QrCode) -> GreyPicture {
        let mut pixels = Vec::new();
        for y in 0..self.size {
            for x in 0..self.size {
                let mut dark = 0.0;
                for sample in 0..9_u8 {
                    let dx = f32::from(sample % 3) / 3.0 + 1.0 / 6.0;
                    let dy = f32::from(sample / 3) / 3.0 + 1.0 / 6.0;
                    if self.is_dark(code, x as f32 + dx, y as f32 + dy) {
                        dark += 1.0 / 9.0;
                    }
                }
                pixels.push(grey(self.paper + (self.ink - self.paper) * dark));
            }
        }
        GreyPicture::new(self.size, self.size, pixels).unwrap()
    }

    fn is_dark(&self, code: &QrCode, x: f32, y: f32) -> bool {
        let half = self.size as f32 / 2.0;
        let (x, y) = (x - half - self.shift.0, y - half - self.shift.1);
        let (sine, cosine) = self.turn.to_radians().sin_cos();
        let (x, y) = (x * cosine + y * sine, y * cosine - x * sine);
        let depth = 1.0 - self.perspective * y / half;
        let side = code.size() as f32;
        let (column, row) = (x / depth / self.module + side / 2.0, y / depth / self.module + side / 2.0);
        let column = if self.mirrored { side - column } else { column };
        let module = |value: f32| super::numbers::nearest(value.floor());
        code.get_module(module(column), module(row))
    }
}

fn grey(value: f32) -> u8 {
    u8::try_from(super::numbers::whole(value + 0.5)).unwrap_or(255)
}

/// Changes every pixel by its place and value.
fn altered(picture: &GreyPicture, change: impl Fn(u32, u32, f32) -> f32) -> GreyPicture {
    let width = picture.width();
    let pixels = picture
        .pixels()
        .iter()
        .zip(0_u32..)
        .map(|(pixel, index)| grey(change(index % width, index / width, f32::from(*pixel))))
        .collect();
    GreyPicture::new(width, picture.height(), pixels).unwrap()
}

/// Numbers between -1 and 1 that only look like chance.
fn noise(x: u32, y: u32, seed: u32) -> f32 {
    let mut value = x.wrapping_mul(0x9e37_79b9) ^ y.wrapping_mul(0x85eb_ca6b) ^ seed.wrapping_mul(0xc2b2_ae35);
    for _ in 0..3 {
        value ^= value >> 15;
        value = value.wrapping_mul(0x2c1b_3c6d);
    }
    (value >> 8) as f32 / 8_388_608.0 - 1.0
}

fn blurred(picture: &GreyPicture, radius: i64) -> GreyPicture {
    let (width, height) = (i64::from(picture.width()), i64::from(picture.height()));
    let mut pixels = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let (mut sum, mut count) = (0.0, 0.0);
            for dy in -radius..=radius {
                for dx in -radius..=radius {
                    let (u, v) = (x + dx, y + dy);
                    if dx * dx + dy * dy <= radius * radius && (0..width).contains(&u) && (0..height).contains(&v) {
                        sum += f32::from(picture.pixels()[usize::try_from(v * width + u).unwrap()]);
                        count += 1.0;
                    }
                }
            }
            pixels.push(grey(sum / count));
        }
    }
    GreyPicture::new(picture.width(), picture.height(), pixels).unwrap()
}

fn read(picture: &GreyPicture) -> Outcome {
    read_sheet(picture, &[], &mut |_| true)
}

#[track_caller]
fn expect(picture: &GreyPicture, payload: &str, what: &str) -> Detected {
    match read(picture) {
        Outcome::Read { reading, .. } => {
            assert_eq!(reading.text, payload, "{what}: wrong text by {}", reading.step);
            reading
        }
        Outcome::Unread { failure, .. } => panic!("{what}: {failure}"),
    }
}

#[test]
fn every_version_and_level() {
    for version in 1..=40 {
        for level in LEVELS {
            let payload = if version <= 2 { "7,0,12" } else { "012345678!7,0,12" };
            let code = encode(payload, level, version);
            let reading = expect(&Scene::of(&code, 3.0).draw(&code), payload, &format!("version {version} {level:?}"));
            assert_eq!(reading.version, version);
            let correction = reading.correction.unwrap();
            assert_eq!((correction.errors, correction.erasures), (0, 0), "version {version} {level:?}");
        }
    }
}

#[test]
fn every_turn() {
    let code = tally_code();
    for step in 0..24_u8 {
        let turn = f32::from(step) * 15.0 + 1.0;
        let scene = Scene { turn, size: 560, ..Scene::of(&code, 7.0) };
        let reading = expect(&scene.draw(&code), PAYLOAD, &format!("turned by {turn} degrees"));
        // The top left corner as the code reads turns with it.
        let corner = reading.corners[0];
        let (sine, cosine) = turn.to_radians().sin_cos();
        let reach = -0.5 * 7.0 * code.size() as f32;
        let expected = (280.0 + reach * cosine - reach * sine, 280.0 + reach * sine + reach * cosine);
        assert!((corner.x - expected.0).hypot(corner.y - expected.1) < 4.0, "{corner:?} {expected:?}");
    }
}

#[test]
fn from_its_back_and_light_on_dark() {
    let code = tally_code();
    let plain = Scene { turn: 4.0, ..Scene::of(&code, 6.0) };
    assert!(expect(&Scene { mirrored: true, ..plain }.draw(&code), PAYLOAD, "mirrored").mirrored);
    assert!(expect(&Scene { paper: 30.0, ink: 230.0, ..plain }.draw(&code), PAYLOAD, "inverted").inverted);
}

#[test]
fn seen_from_the_side() {
    let code = tally_code();
    for (perspective, turn) in [(0.1, 0.0), (0.2, 10.0), (0.25, 200.0), (0.3, 90.0)] {
        let scene = Scene { perspective, turn, size: 620, ..Scene::of(&code, 8.0) };
        expect(&scene.draw(&code), PAYLOAD, &format!("perspective {perspective}, turned by {turn}"));
    }
}

#[test]
fn few_pixels_little_contrast_blur_noise_and_shadow() {
    let code = tally_code();
    for module in [2.0, 2.3, 2.6, 3.1] {
        expect(
            &Scene { turn: 1.0, ..Scene::of(&code, module) }.draw(&code),
            PAYLOAD,
            &format!("modules of {module} pixels"),
        );
    }
    let faint = Scene { paper: 200.0, ink: 180.0, ..Scene::of(&code, 6.0) };
    expect(&faint.draw(&code), PAYLOAD, "20 levels of grey");
    let sharp = Scene { turn: 2.0, ..Scene::of(&code, 8.0) }.draw(&code);
    for radius in 1..=5 {
        expect(&blurred(&sharp, radius), PAYLOAD, &format!("blurred by {radius} pixels"));
    }
    for strength in [40.0, 80.0, 120.0] {
        for seed in 0..3 {
            let noisy = altered(&sharp, |x, y, pixel| pixel + strength * noise(x, y, seed));
            expect(&noisy, PAYLOAD, &format!("noise {strength}, {seed}"));
        }
    }
    let shaded = altered(&sharp, |x, y, pixel| pixel * (0.25 + 0.75 * (x + y) as f32 / (2.0 * sharp.width() as f32)));
    expect(&shaded, PAYLOAD, "a shadow");
}

/// A light or dark disc over a part of the symbol, given in modules.
fn blotted(picture: &GreyPicture, module: f32, centre: (f32, f32), radius: f32, tone: f32) -> GreyPicture {
    // The symbol begins five modules from the edge.
    let (x0, y0) = ((centre.0 + 5.0) * module, (centre.1 + 5.0) * module);
    altered(picture, |x, y, pixel| if (x as f32 - x0).hypot(y as f32 - y0) < radius * module { tone } else { pixel })
}

#[test]
fn blots_over_finder_patterns() {
    let code = tally_code();
    let clean = Scene::of(&code, 8.0).draw(&code);
    let last = code.size() as f32 - 3.5;
    let corners = [(3.5, 3.5), (last, 3.5), (3.5, last)];
    for tone in [20.0, 250.0] {
        for radius in [1.8, 5.0] {
            for corner in corners {
                let damaged = blotted(&clean, 8.0, corner, radius, tone);
                expect(&damaged, PAYLOAD, &format!("blot of {radius} and {tone} at {corner:?}"));
            }
            for other in [corners[1], corners[2]] {
                let damaged = blotted(&blotted(&clean, 8.0, corners[0], radius, tone), 8.0, other, radius, tone);
                expect(&damaged, PAYLOAD, &format!("two blots of {radius} and {tone}, one at {other:?}"));
            }
        }
    }
    let wiped = corners.iter().fold(clean, |picture, corner| blotted(&picture, 8.0, *corner, 1.8, 255.0));
    expect(&wiped, PAYLOAD, "the centres of all three wiped");
}

#[test]
fn erasures_repair_what_errors_would_not() {
    // 8 of 49 columns cut off hold 20 % of the modules: twice what level Q repairs as errors in some of its blocks.
    let code = tally_code();
    let side = code.size() as f32;
    for (shift, what) in [((-1.0, 0.0), "left"), ((1.0, 0.0), "right"), ((0.0, 1.0), "bottom"), ((0.0, -1.0), "top")] {
        let scene = Scene::of(&code, 8.0);
        let by = (5.0 + 0.16 * side) * 8.0;
        let cut = Scene { shift: (by * shift.0, by * shift.1), ..scene }.draw(&code);
        let reading = expect(&cut, PAYLOAD, &format!("cut off at the {what}"));
        assert!(reading.correction.unwrap().erasures > 20, "{what}: {:?}", reading.correction);
    }
}

#[test]
fn what_leaves_doubt_at_little_cost_is_tried_with_more_effort() {
    // As many wrong codewords in one block as it can repair, and nothing to spare; but most of them lie under the blot.
    let code = tally_code();
    let clean = Scene::of(&code, 8.0).draw(&code);
    let size = code.size() as f32;
    for (x, y, radius) in [(0.5, 0.5, 12.5), (0.7, 0.6, 11.5), (0.75, 0.35, 11.25), (0.75, 0.35, 11.5)] {
        let picture = blotted(&clean, 8.0, (x * size, y * size), radius, 255.0);
        let reading = expect(&picture, PAYLOAD, "a white blot");
        assert!(!reading.needs_confirmation(), "blot of {radius} at {x}, {y}: {:?}", reading.correction);
    }
}

#[test]
fn failures_say_what_was_seen() {
    let white = GreyPicture::new(300, 200, vec![255; 60_000]).unwrap();
    let Outcome::Unread { failure, .. } = read(&white) else { panic!("read a white picture") };
    assert_eq!(failure, Failure::NoCodeFound { width: 300, height: 200 });

    let code = encode(PAYLOAD, QrCodeEcc::Low, 1);
    let clean = Scene::of(&code, 8.0).draw(&code);
    let middle = code.size() as f32 / 2.0;
    let ruined = blotted(&clean, 8.0, (middle, middle), 9.0, 255.0);
    let Outcome::Unread { failure, .. } = read(&ruined) else { panic!("read a ruined code") };
    assert_eq!(failure.code(), "code-too-damaged", "{failure}");
    assert!(failure.corners().is_some());

    let scene = Scene::of(&code, 8.0);
    let cut = Scene { shift: (0.0, (5.0 + 0.45 * code.size() as f32) * 8.0), ..scene }.draw(&code);
    let Outcome::Unread { failure, .. } = read(&cut) else { panic!("read half a code") };
    assert!(matches!(failure, Failure::CutOff { .. }), "{failure}");

    let refused = read_sheet(&clean, &[], &mut |text| text.starts_with("other"));
    let Outcome::Unread { failure, seen } = refused else { panic!("took a refused payload") };
    assert_eq!(failure, Failure::NotAccepted { codes: 1 });
    assert_eq!(seen.first().map(|detected| detected.text.as_str()), Some(PAYLOAD));
}

/// Two pictures side by side.
fn beside(left: &GreyPicture, right: &GreyPicture) -> GreyPicture {
    let (width, height) = (left.width() + right.width(), left.height().max(right.height()));
    let mut pixels = Vec::new();
    for y in 0..height {
        for picture in [left, right] {
            let stride = usize::try_from(picture.width()).unwrap();
            let start = usize::try_from(y).unwrap() * stride;
            match picture.pixels().get(start..start + stride) {
                Some(row) => pixels.extend_from_slice(row),
                None => pixels.resize(pixels.len() + stride, 225),
            }
        }
    }
    GreyPicture::new(width, height, pixels).unwrap()
}

#[test]
fn two_codes_are_both_reported() {
    let (one, other) = (tally_code(), encode("another payload", QrCodeEcc::Medium, 1));
    let picture = beside(&Scene::of(&one, 6.0).draw(&one), &Scene::of(&other, 9.0).draw(&other));
    let Outcome::Read { reading, others } = read(&picture) else { panic!("nothing read") };
    let mut texts = vec![reading.text];
    texts.extend(others.into_iter().map(|detected| detected.text));
    texts.sort();
    assert_eq!(texts, [PAYLOAD, "another payload"]);
}

#[test]
fn places_are_looked_at_first() {
    let (one, other) = (tally_code(), encode("another payload", QrCodeEcc::Medium, 1));
    let picture = beside(&Scene::of(&one, 6.0).draw(&one), &Scene::of(&other, 9.0).draw(&other));
    let right = Place::new(5500, 0, 10_000, 10_000).unwrap();
    let Outcome::Read { reading, .. } = read_sheet(&picture, &[right], &mut |_| true) else { panic!("nothing read") };
    assert_eq!((reading.text.as_str(), reading.step.to_string().as_str()), ("another payload", "place-1/plain"));
    assert!(reading.corners[0].x > 300.0, "positions are those of the whole picture");
    let Outcome::Read { reading, .. } = read_sheet(&picture, &[right], &mut |text| text == PAYLOAD) else {
        panic!("the other code was not read")
    };
    assert_eq!(reading.step.to_string(), "whole/plain");
}

/// One symbol of a split payload: the header, then a segment of bytes.
fn part_code(bytes: &[u8], part: Part) -> QrCode {
    let mut bits: Vec<bool> = Vec::new();
    let mut push = |value: u32, count: u32| bits.extend((0..count).rev().map(|place| (value >> place) & 1 == 1));
    for (value, count) in
        [(3, 4), (u32::from(part.index), 4), (u32::from(part.total - 1), 4), (u32::from(part.parity), 8), (4, 4)]
    {
        push(value, count);
    }
    push(u32::try_from(bytes.len()).unwrap(), 8);
    for byte in bytes {
        push(u32::from(*byte), 8);
    }
    // Version 4, level M: 64 data codewords.
    bits.resize(64 * 8, false);
    let codewords: Vec<u8> =
        bits.chunks(8).map(|byte| byte.iter().fold(0, |value, bit| value << 1 | u8::from(*bit))).collect();
    QrCode::encode_codewords(Version::new(4), QrCodeEcc::Medium, &codewords, Some(Mask::new(2)))
}

#[test]
fn parts_of_a_payload_are_joined() {
    let bytes = PAYLOAD.as_bytes();
    let parity = bytes.iter().fold(0, |parity, byte| parity ^ byte);
    let draw = |index: u8, bytes: &[u8]| {
        let code = part_code(bytes, Part { index, total: 2, parity });
        Scene::of(&code, 6.0).draw(&code)
    };
    let (first, second) = (draw(0, &bytes[..50]), draw(1, &bytes[50..]));
    expect(&beside(&second, &first), PAYLOAD, "two parts, the second first");
    let Outcome::Unread { failure, seen } = read(&second) else { panic!("half a payload was taken") };
    assert_eq!(failure, Failure::PartsMissing { found: 1, total: 2 });
    assert_eq!(seen[0].part, Some(Part { index: 1, total: 2, parity }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_pixels_are_survived(width in 0..90_u32, height in 0..90_u32, seed in any::<u32>(), coarse in 1..9_u32) {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| grey(127.0 + 160.0 * noise(x / coarse, y / coarse, seed)))).collect();
        let picture = GreyPicture::new(width, height, pixels).unwrap();
        let place = Place::new(0, 5_000, 10_000, 10_000).unwrap();
        // Chance makes no code that error correction lets pass.
        let unread = matches!(read_sheet(&picture, &[place], &mut |_| true), Outcome::Unread { .. });
        prop_assert!(unread);
    }

    #[test]
    fn a_symbol_in_any_noise_is_read_right_or_not_at_all(seed in any::<u32>(), strength in 0.0..300.0_f32, blots in 0..30_u32) {
        let code = tally_code();
        let clean = Scene { turn: 3.0, ..Scene::of(&code, 5.0) }.draw(&code);
        let mut picture = altered(&clean, |x, y, pixel| pixel + strength * noise(x, y, seed));
        for blot in 0..blots {
            let at = |axis: u32| (noise(blot, axis, seed) + 1.0) * code.size() as f32 / 2.0;
            picture = blotted(&picture, 5.0, (at(1), at(2)), 2.5, if blot % 2 == 0 { 20.0 } else { 240.0 });
        }
        if let Outcome::Read { reading, .. } = read(&picture) {
            prop_assert!(reading.text == PAYLOAD || reading.needs_confirmation(), "{:?}", reading);
        }
    }
}

#[test]
fn pictures_without_area_or_depth() {
    for (width, height) in [(0, 0), (0, 7), (7, 0), (1, 1), (1, 4000), (4000, 1), (2, 2)] {
        let area = usize::try_from(width * height).unwrap();
        let picture = GreyPicture::new(width, height, vec![0; area]).unwrap();
        assert!(matches!(read(&picture), Outcome::Unread { failure: Failure::NoCodeFound { .. }, .. }));
    }
}

/// Folders of real scans beside the repository, each with a table of what their codes hold.
fn scan_folders() -> Vec<PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let Ok(entries) = std::fs::read_dir(data) else {
        return Vec::new();
    };
    entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("decode.csv").is_file() && path.join("images").is_dir())
        .collect()
}

#[test]
fn every_complete_real_scan() {
    let folders = scan_folders();
    if folders.is_empty() {
        println!("SKIPPED: no real scans in ../shared/data beside the repository");
    }
    for folder in folders {
        let table = std::fs::read_to_string(folder.join("decode.csv")).unwrap();
        let mut read_right = 0;
        for line in table.lines().skip(1) {
            // image,width,height,bytes, three readers, and the quoted payload, which holds commas.
            let fields: Vec<&str> = line.splitn(8, ',').collect();
            let [name, .., payload] = fields.as_slice() else { panic!("{line}") };
            let payload = payload.trim_matches('"');
            let grey = image::open(folder.join("images").join(name)).unwrap().to_luma8();
            let picture = GreyPicture::new(grey.width(), grey.height(), grey.into_raw()).unwrap();
            let foot = Place::new(0, 8_500, 10_000, 10_000).unwrap();
            let outcome = read_sheet(&picture, &[foot], &mut |text| text.matches(',').count() == 37);
            match (outcome, payload) {
                (Outcome::Read { reading, others }, "") => {
                    println!(
                        "{name}: no other reader reads it; {} by {}, {} others",
                        reading.text,
                        reading.step,
                        others.len()
                    );
                }
                (Outcome::Read { reading, others }, payload) => {
                    assert_eq!(reading.text, payload, "{name}");
                    assert!(others.is_empty() && !reading.needs_confirmation(), "{name}: {:?}", reading.correction);
                    read_right += 1;
                }
                (Outcome::Unread { failure, .. }, "") => println!("{name}: {failure}"),
                (Outcome::Unread { failure, .. }, _) => panic!("{name}: {failure}"),
            }
        }
        println!("{read_right} scans read as other readers read them");
    }
}
