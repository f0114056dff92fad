//! The picture that other sites show beside a link to a unit: its name, who leads, how much is counted, three bars.
//!
//! An indexed PNG of 600 x 315 pixels, the least that is shown large; a few kilobytes. Its typeface has the letters of
//! ISO 8859-1; others are written without their marks, or left out where that gives nothing.

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster};
use testigo_count::geography::UnitIndex;

use super::Scene;
use crate::assets::candidate_color;
use crate::language::Share;
use crate::places::folded;
use crate::view::ranked;

const WIDE: usize = 600;
const HIGH: usize = 315;
const MARGIN: usize = 30;
const BARS: usize = 3;

/// Positions in the palette: paper to ink in equal steps, then one colour for each bar.
const INKS: u8 = 8;
const WASH: u8 = INKS + 3;

struct Canvas(Vec<u8>);

impl Canvas {
    /// Writes a line that begins at the left margin; gives back nothing where it would leave the picture.
    fn write(&mut self, text: &str, top: usize, size: RasterHeight, weight: FontWeight, room: usize) {
        let mut left = MARGIN;
        for letter in printable(text) {
            let Some(raster) = get_raster(letter, weight, size) else { continue };
            if left + raster.width() > room {
                return;
            }
            for (y, row) in raster.rows().enumerate() {
                for (x, dark) in row.iter().enumerate() {
                    if let Some(pixel) = self.0.get_mut((top + y) * WIDE + left + x).filter(|_| *dark >= 32) {
                        *pixel = (*dark / 32).min(INKS - 1);
                    }
                }
            }
            left += raster.width();
        }
    }

    fn fill(&mut self, [left, top, width, height]: [usize; 4], color: u8) {
        for y in top..(top + height).min(HIGH) {
            let end = (left + width).min(WIDE);
            if let Some(row) = self.0.get_mut(y * WIDE + left.min(end)..y * WIDE + end) {
                row.fill(color);
            }
        }
    }
}

/// Letters that the typeface has.
fn printable(text: &str) -> Vec<char> {
    let has = |letter: char| get_raster(letter, FontWeight::Regular, RasterHeight::Size20).is_some();
    let letters = text.chars().flat_map(|letter| match letter {
        '\u{a0}' => vec![' '],
        '–' => vec!['-'],
        letter if has(letter) => vec![letter],
        letter => folded(&letter.to_string()).chars().filter(|letter| has(*letter)).collect(),
    });
    letters.collect()
}

/// Breaks a text into lines of at most so many letters.
fn lines(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last().map_or(0, |line| line.chars().count());
        if last > 0 && last + 1 + word.chars().count() > most {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

pub(super) fn draw(scene: Scene<'_>, unit: UnitIndex) -> Option<Vec<u8>> {
    let contest = scene.contest();
    let (votes, _) = scene.view.count.unit_votes(contest, unit);
    let valid: u64 = votes.iter().sum();
    let mut canvas = Canvas(vec![0; WIDE * HIGH]);
    let definition = scene.view.count.definition();
    let head = format!("{} · {}", scene.unit_name(unit), definition.title.in_language(scene.code()));
    canvas.write(&head, 18, RasterHeight::Size20, FontWeight::Regular, WIDE - MARGIN);
    let mut top = 44;
    for line in lines(&scene.leader_sentence(contest, votes), 30).iter().take(2) {
        canvas.write(line, top, RasterHeight::Size32, FontWeight::Bold, WIDE - 10);
        top += 34;
    }
    for line in lines(&scene.coverage_sentence(unit), 48).iter().take(2) {
        canvas.write(line, top + 4, RasterHeight::Size20, FontWeight::Regular, WIDE - MARGIN);
        top += 22;
    }
    let mut palette: Vec<[u8; 3]> = (0..INKS)
        .map(|step| {
            let mix = |paper: u8, ink: u8| {
                let part = u16::from(paper) * u16::from(INKS - 1 - step) + u16::from(ink) * u16::from(step);
                u8::try_from(part / u16::from(INKS - 1)).unwrap_or(u8::MAX)
            };
            [mix(0xff, 0x13), mix(0xff, 0x20), mix(0xff, 0x2c)]
        })
        .collect();
    palette.resize(usize::from(WASH), [0; 3]);
    palette.push([0xee, 0xf1, 0xf4]);
    let whole = WIDE - 2 * MARGIN;
    for (color, at) in (INKS..).zip(ranked(votes).into_iter().take(BARS).filter(|_| valid > 0)) {
        let rank = usize::from(color - INKS);
        let top = HIGH - 16 - (BARS - rank) * 46;
        let share = Share::of(votes[at], valid).map_or(0, Share::hundredths);
        let text = format!("{} {}", scene.candidate_short(contest, at), scene.language.percent(votes[at], valid));
        canvas.write(&text, top, RasterHeight::Size20, FontWeight::Regular, WIDE - MARGIN);
        canvas.fill([MARGIN, top + 23, whole, 14], WASH);
        let length = whole * usize::try_from(share).unwrap_or(0) / 10_000;
        canvas.fill([MARGIN, top + 23, length, 14], color);
        if let Some(place) = palette.get_mut(usize::from(color)) {
            *place = candidate_color(scene.view.contest(contest), at);
        }
    }
    png(&canvas.0, &palette).ok()
}

/// An indexed picture with four bits for each pixel (PNG, third edition).
fn png(pixels: &[u8], palette: &[[u8; 3]]) -> std::io::Result<Vec<u8>> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8; 4], data: &[u8]| {
        let mut sum = Crc::new();
        sum.update(kind);
        sum.update(data);
        file.extend(u32::try_from(data.len()).unwrap_or(0).to_be_bytes());
        file.extend_from_slice(kind);
        file.extend_from_slice(data);
        file.extend(sum.sum().to_be_bytes());
    };
    let size = |number: usize| u32::try_from(number).unwrap_or(0).to_be_bytes();
    let mut head = [size(WIDE), size(HIGH)].concat();
    head.extend([4, 3, 0, 0, 0]);
    chunk(b"IHDR", &head);
    chunk(b"PLTE", &palette.concat());
    // Long runs of one colour shrink as well at the fastest level, and there are thousands of these pictures.
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    let mut rows = Vec::with_capacity(HIGH * (1 + WIDE / 2));
    for row in pixels.chunks(WIDE) {
        rows.push(0);
        rows.extend(row.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]));
    }
    encoder.write_all(&rows)?;
    chunk(b"IDAT", &encoder.finish()?);
    chunk(b"IEND", &[]);
    Ok(file)
}
