//! Files that are no picture, or one that would cost too much: one bad file never stops an import. Whatever it is, it is
//! listed at the end with the reason, and the exit code says so.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a failed test is a panic; a skipped one says so")]

mod common;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use common::files::{cmyk_jpeg, encrypted, grey_png, overlapping, png, sixteen_bit_png, zip};
use common::sheets::{STATIONS, drawn, payload, sheet};
use common::{Place, golden};

/// Address space that is enough for any import, in mebibytes.
const ENOUGH: u32 = 1024;

fn good(station: usize) -> Vec<u8> {
    sheet(&[&payload(STATIONS[station], 60)])
}

#[test]
fn bad_pictures_are_listed_and_the_rest_is_in() {
    let place = Place::with_demo();
    let picture = good(0);
    let pixels = drawn(&[&payload(STATIONS[1], 61)]);
    let header_of = |width: u32, height: u32| {
        let mut file = picture.clone();
        let frame = file.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
        file[frame + 5..frame + 7].copy_from_slice(&u16::try_from(height).unwrap().to_be_bytes());
        file[frame + 7..frame + 9].copy_from_slice(&u16::try_from(width).unwrap().to_be_bytes());
        file
    };
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("good.jpg", picture.clone()),
        ("cut-in-the-middle.jpg", picture[..picture.len() / 2].to_vec()),
        ("cut-in-the-header.jpg", picture[..40].to_vec()),
        ("cut-before-the-end-mark.jpg", picture[..picture.len() - 1].to_vec()),
        ("zero-byte.jpg", Vec::new()),
        ("one-byte.png", vec![0x89]),
        ("fifty-thousand-squared.png", png(50_000, 50_000, 8, 0, &[0; 1_000], &[])),
        ("sixty-five-thousand-squared.jpg", header_of(65_500, 65_500)),
        ("no-height.jpg", header_of(600, 0)),
        ("cut.png", grey_png(&pixels, &[])[..2_000].to_vec()),
        ("wrong-rows.png", png(600, 600, 8, 0, &[0; 1_000], &[])),
        ("palette-missing.png", png(600, 600, 8, 3, &[0; 601 * 600], &[])),
        ("animated.gif", b"GIF89a\x10\x00\x10\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xff\x0bNETSCAPE2.0".to_vec()),
        ("animated.png", grey_png(&pixels, &[(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0])])),
        (
            "animated.webp",
            [&b"RIFF\x24\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x0f\0\0\x0f\0\0ANIM\x06\0\0\0\xff\xff\xff\xff\0\0"[..]]
                .concat(),
        ),
        ("sixteen-bit.png", sixteen_bit_png(&drawn(&[&payload(STATIONS[2], 62)]))),
        ("four-inks.jpg", cmyk_jpeg(75, 180)),
        ("renamed-text.jpg", b"Dear all,\nthe pictures follow tomorrow.\n".to_vec()),
        ("renamed-page.jpg", b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>".to_vec()),
        ("document.pdf", b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n".to_vec()),
        (
            "picture-and-archive.jpg",
            [sheet(&[&payload(STATIONS[3], 63)]), zip(&[("hidden.txt", b"CANARY-IN-THE-TAIL")])].concat(),
        ),
        ("archive-and-picture.jpg", [&zip(&[("inside.jpg", &good(4)[..])]), &b"\n"[..]].concat()),
    ];
    for (name, bytes) in &files {
        place.write(&format!("scans/{name}"), bytes);
    }
    place.write("scans/sub/deeper/good-too.jpg", good(5));
    symlink("nowhere.jpg", place.path("scans/dangling.jpg")).unwrap();
    symlink("..", place.path("scans/sub/up-again")).unwrap();
    symlink("/dev/zero", place.path("scans/endless.jpg")).unwrap();
    let fifo = std::process::Command::new("mkfifo").arg(place.path("scans/pipe.jpg")).status().unwrap();
    assert!(fifo.success());

    let import = place.run_within(ENOUGH, &["import", "archive", "scans"]).finished();
    golden("bad_pictures", &import.out);
    let again = place.run(&["import", "archive", "scans"]).finished();
    golden("bad_pictures_again", &again.out);

    place.run_within(ENOUGH, &["read", "archive"]).finished();
    let tally = place.tally("archive");
    assert_eq!(tally["stations"]["counted"], 5, "all good ones count");
    for file in place.files("archive") {
        let bytes = fs::read(&file).unwrap();
        let canary = bytes.windows(18).any(|window| window == b"CANARY-IN-THE-TAIL");
        assert!(!canary, "{} keeps what was hidden behind a picture", file.display());
    }
    place.run(&["verify", "archive"]).done();
}

#[test]
fn bad_zip_files_are_listed_and_the_rest_is_in() {
    let place = Place::with_demo();
    let zeros = vec![0; 80 << 20];
    let inner = zip(&[("inner.jpg", &good(1))]);
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("a-good.zip", zip(&[("folder/", b""), ("folder/one.jpg", &good(0))])),
        ("b-bomb.zip", zip(&[("bomb.jpg", &zeros), ("beside.jpg", &good(2))])),
        (
            "c-outside.zip",
            zip(&[("../../outside.jpg", &good(3)), ("/etc/outside.jpg", b"x"), ("inside.jpg", &good(4))]),
        ),
        ("d-encrypted.zip", encrypted(zip(&[("secret.jpg", &good(5))]))),
        ("e-nested.zip", zip(&[("inner.zip", &inner)])),
        ("f-cut.zip", zip(&[("cut.jpg", &good(5))])[..2_000].to_vec()),
        ("g-empty.zip", zip(&[])),
        ("h-strange-names.zip", zip(&[("line\nbreak\u{1b}[31m.jpg", b"x"), ("", b"y")])),
        ("i-all-the-same.zip", overlapping(&zip(&[("0000.jpg", &zeros[..40 << 20])]), 2_000)),
    ];
    for (name, bytes) in &files {
        place.write(&format!("scans/{name}"), bytes);
    }
    let import = place.run_within(ENOUGH, &["import", "archive", "scans"]).finished();
    golden("bad_zip_files", &import.out);
    place.run(&["read", "archive"]).done();
    assert_eq!(place.tally("archive")["stations"]["counted"], 3);
    assert!(!place.path("outside.jpg").exists() && !place.path("../outside.jpg").exists());
}

/// The largest pictures that are taken at all, several at a time, stay within the memory that is enough for any import.
#[test]
fn the_largest_pictures_fit_into_bounded_memory() {
    let place = Place::with_demo();
    let white = |samples: usize| {
        let mut rows = vec![255; 10_000 * (1 + 10_000 * samples)];
        rows.iter_mut().step_by(1 + 10_000 * samples).for_each(|filter| *filter = 0);
        rows
    };
    place.write("scans/a.png", png(10_000, 10_000, 8, 0, &white(1), &[]));
    place.write("scans/b.png", png(10_000, 9_999, 8, 2, &white(3)[..9_999 * 30_001], &[]));
    place.write("scans/c.png", png(9_999, 10_000, 16, 0, &vec![0; 10_000 * (1 + 9_999 * 2)], &[]));
    place.write("scans/d.jpg", cmyk_jpeg(800, 800));
    place.write("scans/e.jpg", cmyk_jpeg(800, 799));
    place.run_within(ENOUGH, &["import", "archive", "scans", "--jobs", "2"]).done().says(&["5 sheets added"]);
    place
        .run_within(ENOUGH, &["read", "archive", "--jobs", "2"])
        .finished()
        .says(&["5 sheets tried, 0 read, 5 unreadable"]);
}

#[test]
fn a_folder_without_pictures_says_so() {
    let place = Place::with_demo();
    fs::create_dir(place.path("empty")).unwrap();
    place.write("letters/one.txt", "Dear all");
    let size = place.size("archive");
    golden(
        "no_pictures",
        &["empty", "letters", "nowhere"].map(|source| place.run(&["import", "archive", source]).to_string()).concat(),
    );
    assert_eq!(place.size("archive"), size);
}

#[test]
fn files_that_may_not_be_read_are_listed() {
    let place = Place::with_demo();
    place.write("scans/closed.jpg", good(0));
    place.write("scans/closed-folder/b.jpg", good(1));
    place.write("scans/open.jpg", good(2));
    for name in ["scans/closed.jpg", "scans/closed-folder"] {
        fs::set_permissions(place.path(name), fs::Permissions::from_mode(0o000)).unwrap();
    }
    if fs::read(place.path("scans/closed.jpg")).is_ok() {
        println!("SKIPPED: this user may read everything");
    } else {
        let run = place.run(&["import", "archive", "scans"]).finished();
        golden("closed_files", &run.out);
    }
    fs::set_permissions(place.path("scans/closed-folder"), fs::Permissions::from_mode(0o700)).unwrap();
}
