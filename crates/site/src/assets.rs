//! The one style sheet and the one script, addressed by their content so that browsers keep them for good.

use std::fmt::Write;

use testigo_count::{Candidate, Contest, Definition, DocumentHash};

/// A file that never changes under its address.
#[derive(Debug)]
pub struct Asset {
    /// Root-relative.
    pub path: String,
    /// Media type.
    pub content_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Paper of the light and the dark page, as the style sheet has them: colours must stand out from both.
const LIGHT_PAPER: [u8; 3] = [0xff, 0xff, 0xff];
const DARK_PAPER: [u8; 3] = [0x10, 0x17, 0x1e];

/// WCAG 2.2, 1.4.11: parts of a picture need this contrast to what is beside them.
const NEEDED_CONTRAST: f64 = 3.0;

/// For candidates to whom the pack gives no colour; none of them red or green.
const COLORS: [[u8; 3]; 8] = [
    [0x2b, 0x6c, 0xb0],
    [0xb7, 0x6e, 0x00],
    [0x7a, 0x51, 0x95],
    [0x3d, 0x7e, 0x83],
    [0x8a, 0x6d, 0x3b],
    [0x5d, 0x6d, 0x7e],
    [0xa0, 0x4f, 0x78],
    [0x46, 0x5a, 0x9c],
];

/// The style sheet with the colours of this election's candidates.
#[must_use]
pub fn style(definition: &Definition) -> Asset {
    let mut light = String::new();
    let mut dark = String::new();
    for (contest_at, contest) in definition.contests.iter().enumerate() {
        for (at, candidate) in contest.candidates.iter().enumerate() {
            let color = own_color(candidate, at);
            let class = color_class(contest_at, at);
            let _ = write!(light, ".{class}{{--k:{}}}", hexadecimal(legible(color, LIGHT_PAPER)));
            let _ = write!(dark, ".{class}{{--k:{}}}", hexadecimal(legible(color, DARK_PAPER)));
        }
    }
    let bytes = format!("{}{light}@media(prefers-color-scheme:dark){{{dark}}}", include_str!("../assets/site.css"))
        .into_bytes();
    asset("site", "css", "text/css; charset=utf-8", bytes)
}

/// The script: newer results without loading the page again, and sorting of tables. Pages work without it.
#[must_use]
pub fn script() -> Asset {
    asset("site", "js", "text/javascript; charset=utf-8", include_bytes!("../assets/site.js").to_vec())
}

/// The script of the recount page, built from `web/`: a verifier of its own, loaded on that page only.
#[must_use]
pub fn recount() -> Asset {
    asset("recount", "js", "text/javascript; charset=utf-8", include_bytes!("../assets/recount.js").to_vec())
}

fn own_color(candidate: &Candidate, at: usize) -> [u8; 3] {
    candidate.color.as_deref().and_then(parse_color).unwrap_or(COLORS[at % COLORS.len()])
}

/// A candidate's colour on white paper.
#[must_use]
pub fn candidate_color(contest: &Contest, at: usize) -> [u8; 3] {
    contest.candidates.get(at).map_or(DARK_PAPER, |candidate| legible(own_color(candidate, at), LIGHT_PAPER))
}

/// The class that carries a candidate's colour.
#[must_use]
pub fn color_class(contest: usize, candidate: usize) -> String {
    format!("k{contest}-{candidate}")
}

fn asset(name: &str, ending: &str, content_type: &'static str, bytes: Vec<u8>) -> Asset {
    let hash = DocumentHash::of(&bytes).to_string();
    Asset { path: format!("/assets/{name}-{}.{ending}", &hash[..12]), content_type, bytes }
}

fn parse_color(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let part = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    Some([part(0)?, part(2)?, part(4)?])
}

fn hexadecimal([red, green, blue]: [u8; 3]) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// The colour, moved away from the paper in small steps until it can be told from it.
fn legible(mut color: [u8; 3], paper: [u8; 3]) -> [u8; 3] {
    let towards: u8 = if luminance(paper) > 0.5 { 0 } else { 255 };
    for _ in 0..24 {
        if contrast(color, paper) >= NEEDED_CONTRAST {
            break;
        }
        color = color.map(|part| {
            let step = u8::try_from(u16::from(part.abs_diff(towards)).div_ceil(12)).unwrap_or(u8::MAX);
            if towards == 0 { part.saturating_sub(step) } else { part.saturating_add(step) }
        });
    }
    color
}

/// Contrast ratio of WCAG 2.2.
fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Relative luminance of WCAG 2.2.
fn luminance(color: [u8; 3]) -> f64 {
    let [red, green, blue] = color.map(|part| {
        let share = f64::from(part) / 255.0;
        if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}
