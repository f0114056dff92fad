//! What holds for whole sheets: same seed same bytes, everything lies where it is said to lie, codes can be read, and a
//! defect damages what it says and nothing else.

use proptest::prelude::*;

use super::*;
use crate::picture::{GreyPicture, Rectangle};

const PAYLOAD: &str = "070118029.01!102,4,3,1,3,0,1,0,11,1,0,0,2,1,0,0,0,1,1,1,1!0!0";

fn line(key: &str, figure: u32) -> Line {
    Line {
        key: key.to_owned(),
        label: "Unión del Litoral".to_owned(),
        sublabel: "107".to_owned(),
        figure,
        words: "Cero, Uno, Cero, Dos".to_owned(),
    }
}

fn strip() -> Strip {
    let section = |heading: &str, keys: [&str; 2]| Section {
        heading: heading.to_owned(),
        lines: keys.map(|key| line(key, 102)).into(),
    };
    Strip {
        document: "Acta de escrutinio".to_owned(),
        identifiers: vec!["070118029.01".to_owned()],
        title: "PRESIDENCIA DE ARCADIA".to_owned(),
        facts: vec![Fact { label: "Provincia".to_owned(), value: "COSTA DEL ÑANDÚ".to_owned() }],
        tables: vec![Table {
            columns: ["Candidatura", "NRO.", "Letras"].map(str::to_owned),
            sections: vec![section("AURELIA MONTENEGRO", ["a", "b"]), section("CELSO YÁÑEZ", ["c", "d"])],
            summary: vec![line("valid", 510), line("null", 3)],
        }],
        signatures: SignatureArea {
            heading: "Mesa".to_owned(),
            people: vec!["Member 1".to_owned(), "Member 2".to_owned()],
        },
        codes: vec![QrPrint {
            payload: PAYLOAD.to_owned(),
            correction: ErrorCorrection::Quartile,
            caption: "C71A28CEB5142CA8952C5A3842922CAFF51568F23701DAE738F50D320E668620".to_owned(),
        }],
        seed: 11,
    }
}

fn captured(seed: u64) -> DrawnSheet {
    Capture { seed }.of(&strip().draw().unwrap())
}

fn level(level: u8) -> Strength {
    Strength::new(level).unwrap()
}

/// The payload that a reader from elsewhere finds, so that drawing and reading cannot share a mistake.
fn read(picture: &GreyPicture) -> Option<String> {
    let width = picture.width() as usize;
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, picture.height() as usize, |x, y| {
        picture.pixels()[y * width + x]
    });
    image.detect_grids().iter().find_map(|grid| grid.decode().ok()).map(|(_, payload)| payload)
}

/// The pixels inside an area.
fn pixels(picture: &GreyPicture, area: Rectangle) -> Vec<u8> {
    let width = picture.width() as usize;
    (area.top..area.bottom())
        .flat_map(|row| {
            let start = row as usize * width;
            &picture.pixels()[start + area.left as usize..start + area.right() as usize]
        })
        .copied()
        .collect()
}

/// The area around a code that marks on it may reach.
fn around(code: Rectangle, margin: u32) -> Rectangle {
    Rectangle {
        left: code.left.saturating_sub(margin),
        top: code.top.saturating_sub(margin),
        width: code.width + 2 * margin,
        height: code.height + 2 * margin,
    }
}

/// Columns and rows of the pixels in which two pictures of one size differ.
fn differences(one: &GreyPicture, other: &GreyPicture) -> Vec<(u32, u32)> {
    assert_eq!((one.width(), one.height()), (other.width(), other.height()));
    (0..)
        .zip(one.pixels().iter().zip(other.pixels()))
        .filter(|(_, (one, other))| one != other)
        .map(|(at, _): (u32, _)| (at % one.width(), at / one.width()))
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_in_every_release_and_on_every_machine() {
    // A change here is a change of every rehearsal picture: it is meant, or it is a fault.
    let sheet = captured(7);
    let mut sums = vec![
        ("drawn", crc32fast::hash(strip().draw().unwrap().picture.pixels())),
        ("captured", crc32fast::hash(sheet.picture.pixels())),
        ("JPEG", crc32fast::hash(&encode_jpeg(&sheet.picture, 75).unwrap())),
    ];
    for defect in Defect::ALL {
        let mut hasher = crc32fast::Hasher::new();
        for strength in Strength::ALL {
            hasher.update(apply(&sheet.picture, defect, strength, 3, sheet.codes[0]).pixels());
        }
        sums.push((defect.name(), hasher.finalize()));
    }
    let lines: Vec<String> = sums.iter().map(|(name, sum)| format!("{sum:08x} {name}\n")).collect();
    assert_eq!(lines.concat(), include_str!("golden.txt"));
}

#[test]
fn seeds_differ() {
    assert_ne!(captured(1).picture, captured(2).picture);
    let sheet = captured(1);
    let damaged = |seed| apply(&sheet.picture, Defect::WhiteBlot, level(3), seed, sheet.codes[0]);
    assert_ne!(damaged(1), damaged(2));
}

#[test]
fn every_part_has_its_place_and_none_lies_on_the_code() {
    let drawn = strip().draw().unwrap();
    for sheet in [drawn.clone(), captured(1), captured(2), captured(3)] {
        let (width, height) = (sheet.picture.width(), sheet.picture.height());
        let keys = ["a", "b", "c", "d", "valid", "null"];
        for part in keys.iter().flat_map(|key| [Part::Figure((*key).to_owned()), Part::Words((*key).to_owned())]) {
            let area = sheet.area_of(&part).unwrap();
            assert!(pixels(&sheet.picture, area).iter().any(|grey| *grey < 80), "{part:?} has no ink at {area}");
        }
        assert_eq!(sheet.places.len(), 2 * keys.len() + 1);
        let [code] = sheet.codes[..] else { panic!("one code was asked for: {:?}", sheet.codes) };
        assert_eq!(code.area.within(width, height), Some(code.area));
        for (position, place) in sheet.places.iter().enumerate() {
            assert_eq!(place.area.within(width, height), Some(place.area), "{:?}", place.part);
            assert_eq!(place.area.intersection(&code.area), None, "{:?}", place.part);
            for other in &sheet.places[..position] {
                assert_eq!(place.area.intersection(&other.area), None, "{:?} and {:?}", place.part, other.part);
            }
        }
    }
    let personal = drawn.area_of(&Part::Personal).unwrap();
    assert!(personal.top > drawn.area_of(&Part::Words("null".to_owned())).unwrap().bottom());
    assert!(personal.bottom() < drawn.codes[0].area.top);
}

#[test]
fn the_code_fills_its_place_and_is_read_after_any_capture() {
    for seed in 0..12 {
        let sheet = captured(seed);
        let area = sheet.codes[0].area;
        // The outermost modules of the finder patterns are dark: nothing of the code lies outside of its place.
        let quiet = around(area, 12);
        let outside = pixels(&sheet.picture, quiet).len() - pixels(&sheet.picture, area).len();
        let light = |grey: &&u8| **grey > 120;
        let light_inside = pixels(&sheet.picture, area).iter().filter(light).count();
        let light_around = pixels(&sheet.picture, quiet).iter().filter(light).count();
        assert!(light_around - light_inside >= outside * 999 / 1000, "seed {seed}: ink outside of {area}");
        assert_eq!(read(&sheet.picture).as_deref(), Some(PAYLOAD), "seed {seed}");
    }
}

#[test]
fn each_level_of_error_correction_is_read() {
    use ErrorCorrection::{High, Low, Medium, Quartile};
    let mut sizes = Vec::new();
    for correction in [Low, Medium, Quartile, High] {
        let mut strip = strip();
        strip.codes[0].correction = correction;
        let sheet = strip.draw().unwrap();
        assert_eq!(read(&sheet.picture).as_deref(), Some(PAYLOAD), "{correction:?}");
        sizes.push(sheet.codes[0].modules);
    }
    assert!(sizes.is_sorted() && sizes[0] < sizes[3], "more correction needs a larger code: {sizes:?}");
}

#[test]
fn a_sheet_of_several_contests_has_several_tables_and_codes() {
    let mut strip = strip();
    strip.tables.push(Table {
        sections: vec![Section { heading: String::new(), lines: vec![line("other", 7)] }],
        ..Table::default()
    });
    strip.codes.push(QrPrint {
        payload: "second".to_owned(),
        correction: ErrorCorrection::Low,
        caption: String::new(),
    });
    let sheet = strip.draw().unwrap();
    assert!(sheet.area_of(&Part::Figure("other".to_owned())).is_some());
    let [first, second] = sheet.codes[..] else { panic!("two codes were asked for") };
    assert!(second.area.top > first.area.bottom() + 4 * 448 / 29, "the quiet zones stay apart");
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let mut long = strip();
    long.codes[0].payload = "x".repeat(1664);
    assert_eq!(long.draw().unwrap_err(), DrawError::Payload { bytes: 1664, correction: ErrorCorrection::Quartile });
    let mut tall = strip();
    tall.signatures.people = vec!["Member".to_owned(); 300];
    assert!(matches!(tall.draw(), Err(DrawError::TooTall { limit: 65_000, .. })));
    let mut foreign = strip();
    foreign.title = "Выборы".to_owned();
    assert!(matches!(foreign.draw(), Err(DrawError::Character { character: 'В', .. })));
}

#[test]
fn an_empty_strip_is_a_short_sheet() {
    let sheet = Strip::default().draw().unwrap();
    assert!(sheet.places.is_empty() && sheet.codes.is_empty());
    assert!(Capture { seed: 1 }.of(&sheet).picture.height() > sheet.picture.height());
}

#[test]
fn marks_stay_on_the_code_and_grow_with_their_strength() {
    let sheet = captured(4);
    let code = sheet.codes[0];
    for defect in [Defect::PenStrokes, Defect::Stamp, Defect::WhiteBlot, Defect::BlackBlot, Defect::WipedFinders] {
        let mut counts = Vec::new();
        for strength in Strength::ALL {
            let damaged = apply(&sheet.picture, defect, strength, 5, code);
            let changed = differences(&sheet.picture, &damaged);
            let allowed = around(code.area, code.area.width / 4);
            let pixel = |(left, top): &(u32, u32)| Rectangle { left: *left, top: *top, width: 1, height: 1 };
            let stray = changed.iter().find(|at| pixel(at).intersection(&allowed).is_none());
            assert_eq!(stray, None, "{} {}", defect.name(), strength.level());
            counts.push(changed.len());
        }
        assert!(counts[0] > 0 && counts[4] > counts[0], "{}: {counts:?}", defect.name());
    }
}

#[test]
fn blots_cover_the_share_they_promise() {
    let sheet = captured(5);
    let code = sheet.codes[0];
    let all = f64::from(code.area.width) * f64::from(code.area.height);
    for (defect, grey) in [(Defect::WhiteBlot, 244), (Defect::BlackBlot, 22)] {
        for (strength, share) in Strength::ALL.into_iter().zip([0.02, 0.05, 0.09, 0.14, 0.2]) {
            let damaged = apply(&sheet.picture, defect, strength, 8, code);
            let before = pixels(&sheet.picture, code.area);
            let covered = pixels(&damaged, code.area)
                .iter()
                .zip(before)
                .filter(|(after, before)| **after == grey && *before != grey)
                .count() as f64;
            assert!((covered / all - share).abs() < 0.012, "{} {}: {}", defect.name(), strength.level(), covered / all);
        }
    }
}

#[test]
fn wiped_finders_lose_their_centres_and_keep_their_rings() {
    let sheet = strip().draw().unwrap();
    let code = sheet.codes[0];
    let module = code.area.width / code.modules;
    let finders = |picture: &GreyPicture| {
        let far = code.modules - 7;
        [(0, 0), (far, 0), (0, far)].map(|(column, row)| {
            let at = |across: u32, down: u32| Rectangle {
                left: code.area.left + (column + across) * module,
                top: code.area.top + (row + down) * module,
                width: module,
                height: module,
            };
            let dark = |area| pixels(picture, area).iter().all(|grey| *grey < 128);
            (dark(at(3, 3)), dark(at(0, 0)) && dark(at(6, 6)))
        })
    };
    assert_eq!(finders(&sheet.picture), [(true, true); 3]);
    for (strength, wiped, without_ring) in [(1, 1, 0), (2, 2, 0), (3, 3, 0), (4, 2, 2), (5, 3, 3)] {
        let found = finders(&apply(&sheet.picture, Defect::WipedFinders, level(strength), 2, code));
        assert_eq!(found.iter().filter(|(centre, _)| !centre).count(), wiped, "strength {strength}: {found:?}");
        assert_eq!(found.iter().filter(|(_, ring)| !ring).count(), without_ring, "strength {strength}: {found:?}");
    }
}

#[test]
fn a_torn_edge_takes_its_share_of_the_code_and_leaves_the_rest() {
    let sheet = captured(6);
    let code = sheet.codes[0];
    for seed in 0..8 {
        for (strength, share) in Strength::ALL.into_iter().zip([0.04, 0.09, 0.15, 0.23, 0.32]) {
            let damaged = apply(&sheet.picture, Defect::TornEdge, strength, seed, code);
            let mut gone = 0;
            for (before, after) in sheet.picture.pixels().iter().zip(damaged.pixels()) {
                gone += usize::from(before != after && *after == 26);
                assert!(after == before || *after == 26 || after > before, "from {before} to {after}");
            }
            assert!(gone > 0);
            let black = |picture| pixels(picture, code.area).iter().filter(|grey| **grey == 26).count() as f64;
            let all = f64::from(code.area.width) * f64::from(code.area.height);
            let lost = (black(&damaged) - black(&sheet.picture)) / all;
            assert!((lost - share).abs() < 0.03, "seed {seed}, strength {}: {lost}", strength.level());
        }
    }
}

#[test]
fn fading_makes_nothing_darker_and_leaves_less_contrast_with_each_strength() {
    let sheet = captured(8);
    let spread = |picture: &GreyPicture| {
        let mut greys = pixels(picture, sheet.codes[0].area);
        greys.sort_unstable();
        greys[greys.len() * 9 / 10] - greys[greys.len() / 10]
    };
    let mut spreads = vec![spread(&sheet.picture)];
    for strength in Strength::ALL {
        let damaged = apply(&sheet.picture, Defect::Fading, strength, 1, sheet.codes[0]);
        assert!(sheet.picture.pixels().iter().zip(damaged.pixels()).all(|(before, after)| after >= before));
        spreads.push(spread(&damaged));
    }
    assert!(spreads.is_sorted_by(|one, next| one > next), "{spreads:?}");
}

#[test]
fn only_defects_of_shape_change_the_size() {
    let sheet = captured(9);
    let size = |picture: &GreyPicture| (picture.width(), picture.height());
    for defect in Defect::ALL {
        for strength in Strength::ALL {
            let damaged = apply(&sheet.picture, defect, strength, 4, sheet.codes[0]);
            let shape =
                matches!(defect, Defect::Rotation | Defect::Perspective | Defect::LowResolution | Defect::TwoSheets);
            assert!(shape || size(&damaged) == size(&sheet.picture), "{} {}", defect.name(), strength.level());
            assert_ne!(damaged, sheet.picture, "{} {} does nothing", defect.name(), strength.level());
        }
    }
}

#[test]
fn the_weakest_defects_can_still_be_read() {
    // Damage that nobody can read proves nothing about a reader. A common reader needs all finder patterns, so some
    // damage to them defeats it at any strength: of several sheets it must read one.
    let sheets: Vec<DrawnSheet> = (10..16).map(captured).collect();
    let unread: Vec<&str> = Defect::ALL
        .into_iter()
        .filter(|defect| *defect != Defect::WipedFinders)
        .filter(|defect| {
            !(0..).zip(&sheets).any(|(seed, sheet)| {
                let picture = apply(&sheet.picture, *defect, level(1), seed, sheet.codes[0]);
                read(&picture).as_deref() == Some(PAYLOAD)
            })
        })
        .map(Defect::name)
        .collect();
    assert_eq!(unread, [""; 0]);
}

#[test]
fn two_sheets_keep_both_codes() {
    let first = captured(1);
    let mut other = strip();
    other.codes[0].payload = "another sheet".to_owned();
    let second = Capture { seed: 2 }.of(&other.draw().unwrap());
    let pair = beside(&first.picture, &second.picture, 3);
    let halves = first.picture.width();
    let part = |left: u32, width: u32| {
        let area = Rectangle { left, top: 0, width, height: pair.height() };
        GreyPicture::new(width, pair.height(), pixels(&pair, area)).unwrap()
    };
    assert_eq!(read(&part(0, halves)).as_deref(), Some(PAYLOAD));
    assert_eq!(read(&part(halves, pair.width() - halves)).as_deref(), Some("another sheet"));
}

#[test]
fn names_find_their_defects() {
    for defect in Defect::ALL {
        assert_eq!(Defect::by_name(defect.name()), Some(defect));
    }
    assert_eq!(Defect::by_name("tear"), None);
    assert_eq!((Strength::new(0), Strength::new(6)), (None, None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Neither an odd size nor a code that is not where it is said to be may end in a panic.
    #[test]
    fn no_picture_is_too_odd_for_a_defect(
        (width, height) in (0_u32..40, 0_u32..40),
        (left, top, across, down) in (0_u32..60, 0_u32..60, 0_u32..60, 0_u32..60),
        modules in 0_u32..60,
        grey: u8,
        seed: u64,
    ) {
        let picture = GreyPicture::new(width, height, vec![grey; (width * height) as usize]).unwrap();
        let code = CodePlace { area: Rectangle { left, top, width: across, height: down }, modules };
        for defect in Defect::ALL {
            for strength in Strength::ALL {
                let damaged = apply(&picture, defect, strength, seed, code);
                prop_assert_eq!(damaged.pixels().is_empty(), picture.pixels().is_empty());
            }
        }
    }
}
