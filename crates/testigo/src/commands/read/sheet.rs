//! One picture: what its codes say by the pack's grammar, or why not, with what a person should look at.

use std::collections::BTreeSet;

use testigo_count::grammar::{PayloadError, read_payload};
use testigo_count::pack::Pack;
use testigo_count::{Numbers, StationId};
use testigo_sheet::jpeg::Jpeg;
use testigo_sheet::picture::{self, GreyPicture, Limits, Rectangle};
use testigo_sheet::qr::{self, Detected, Place, Point};

use crate::layout;

/// Bytes that reading takes for each pixel at its height: the grey picture, its working copy, and that one enlarged.
const BYTES_FOR_PIXEL: u64 = 8;

/// The margin of a crop around its code, as a share of the code's longer side.
const MARGIN: f32 = 0.25;

/// What one sheet gave.
pub enum SheetOutcome {
    /// Payloads of the pack's grammar, with the step that got them. Several are reported and never chosen between.
    Payloads(Vec<(Vec<Numbers>, String)>),
    /// None, or none that may count.
    Failure {
        /// A stable code.
        code: String,
        /// In words.
        reason: String,
        /// A PNG file of where the code is or should be.
        crop: Option<Vec<u8>>,
        /// What a code says that a person must confirm.
        suggestion: Option<String>,
    },
}

/// About how many bytes reading a picture takes.
pub fn memory(bytes: &[u8]) -> u64 {
    let pixels = picture::claimed_size(bytes).map_or(0, |(width, height)| u64::from(width) * u64::from(height));
    pixels.saturating_mul(BYTES_FOR_PIXEL).saturating_add(bytes.len() as u64)
}

/// Reads one picture: its code, by the pack's grammar.
pub fn read_sheet(bytes: &[u8], pack: &Pack) -> SheetOutcome {
    match read_places(bytes, pack) {
        Some(codes) => told(&codes, pack),
        None => read_whole(bytes, pack),
    }
}

/// The codes that stand where the pack's layout says, read from a JPEG file without transforming the rest of its pixels,
/// which is most of the work on a sheet. `None` when that gives no certain payload of the pack's grammar: then the whole
/// picture decides. Corners are counted from the place's own.
fn read_places(bytes: &[u8], pack: &Pack) -> Option<Vec<Detected>> {
    let jpeg = Jpeg::parse(bytes, &Limits::default()).ok()?;
    let orientation = jpeg.orientation();
    let (width, height) = orientation.upright_size(jpeg.width(), jpeg.height());
    let places = pack.layout(width, height).map(layout::places).unwrap_or_default();
    places.into_iter().enumerate().find_map(|(index, place)| {
        let (left, top, right, bottom) = place.pixels(width, height);
        let seen = Rectangle { left, top, width: right.saturating_sub(left), height: bottom.saturating_sub(top) };
        let stored = orientation.stored_rectangle(seen, jpeg.width(), jpeg.height());
        let grey = jpeg.decode_grey_region(stored).ok()?.upright(orientation);
        let outcome = qr::read_sheet(&grey, &[], &mut |payload| read_payload(&pack.payloads, payload).is_ok());
        let mut codes = certain(outcome)?;
        for code in &mut codes {
            // What was the whole of the region is a place of the picture.
            code.step.area = qr::Area::Place(index);
        }
        Some(codes)
    })
}

/// Climbs the whole ladder with all of the picture.
fn read_whole(bytes: &[u8], pack: &Pack) -> SheetOutcome {
    let grey = match picture::decode_grey(bytes, &Limits::default()) {
        Ok(grey) => grey,
        Err(error) => {
            let (code, reason) = ("picture-damaged".to_owned(), error.to_string());
            return SheetOutcome::Failure { code, reason, crop: None, suggestion: None };
        }
    };
    let places = pack.layout(grey.width(), grey.height()).map(layout::places).unwrap_or_default();
    let mut refused: Option<PayloadError> = None;
    let outcome = qr::read_sheet(&grey, &places, &mut |payload| match read_payload(&pack.payloads, payload) {
        Ok(_) => true,
        Err(error) => {
            refused = Some(error);
            false
        }
    });
    match outcome {
        qr::Outcome::Unread { failure, .. } => {
            let reason = match refused {
                Some(error) => format!("a code was read, but it is not that of a sheet: {error}"),
                None => failure.to_string(),
            };
            let crop = crop(&grey, failure.corners().as_ref(), &places);
            SheetOutcome::Failure { code: failure.code().to_owned(), reason, crop, suggestion: None }
        }
        qr::Outcome::Read { reading, .. } if reading.needs_confirmation() => SheetOutcome::Failure {
            code: "code-needs-confirmation".to_owned(),
            reason: "the code could only be repaired with nothing to spare; a person must confirm what it says"
                .to_owned(),
            crop: crop(&grey, Some(&reading.corners), &places),
            suggestion: Some(reading.text),
        },
        read => told(&certain(read).unwrap_or_default(), pack),
    }
}

/// What a person should look at: the code where it was found, else where the pack says it stands, else everything.
fn crop(grey: &GreyPicture, corners: Option<&[Point; 4]>, places: &[Place]) -> Option<Vec<u8>> {
    let around = corners.and_then(|corners| around(grey, corners));
    let place = places.first().map(|place| {
        let (left, top, right, bottom) = place.pixels(grey.width(), grey.height());
        Rectangle { left, top, width: right.saturating_sub(left), height: bottom.saturating_sub(top) }
    });
    let area = around.or(place).unwrap_or_else(|| Rectangle::whole(grey.width(), grey.height()));
    grey.crop(area)?.to_png().ok()
}

/// The part of a picture around the corners of a code; `None` where none of it is in the picture.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Held to the picture's size first.
fn around(grey: &GreyPicture, corners: &[Point; 4]) -> Option<Rectangle> {
    let range = |of: fn(&Point) -> f32| {
        let all = corners.iter().map(of);
        (all.clone().fold(f32::INFINITY, f32::min), all.fold(f32::NEG_INFINITY, f32::max))
    };
    let ((left, right), (top, bottom)) = (range(|point| point.x), range(|point| point.y));
    let margin = MARGIN * (right - left).max(bottom - top);
    let held = |edge: f32, most: u32| edge.clamp(0.0, most as f32) as u32;
    let (left, right) = (held(left - margin, grey.width()), held(right + margin, grey.width()));
    let (top, bottom) = (held(top - margin, grey.height()), held(bottom + margin, grey.height()));
    let area = Rectangle { left, top, width: right.checked_sub(left)?, height: bottom.checked_sub(top)? };
    (area.width > 0 && area.height > 0).then_some(area)
}

/// The accepted code and the others seen beside it, without those that a person must confirm; `None` when the accepted
/// one is such a code, or there is none.
fn certain(outcome: qr::Outcome) -> Option<Vec<Detected>> {
    match outcome {
        qr::Outcome::Read { reading, others } if !reading.needs_confirmation() => {
            Some(std::iter::once(reading).chain(others).filter(|one| !one.needs_confirmation()).collect())
        }
        _ => None,
    }
}

/// What the codes of a picture say of its sheet.
fn told(codes: &[Detected], pack: &Pack) -> SheetOutcome {
    let stations = stations_of(codes, pack);
    if stations.len() > 1 {
        let stations: Vec<&str> = stations.iter().map(StationId::as_str).collect();
        return SheetOutcome::Failure {
            code: "several-sheets".to_owned(),
            reason: format!(
                "the picture has the codes of several stations ({}); each sheet needs a picture of its own",
                stations.join(", ")
            ),
            crop: None,
            suggestion: None,
        };
    }
    let payloads = codes
        .iter()
        .filter_map(|one| read_payload(&pack.payloads, &one.text).ok().map(|numbers| (numbers, one.step.to_string())));
    SheetOutcome::Payloads(payloads.collect())
}

/// The stations that the codes of a picture speak of.
pub fn stations_of(codes: &[Detected], pack: &Pack) -> BTreeSet<StationId> {
    let read = codes.iter().filter_map(|code| read_payload(&pack.payloads, &code.text).ok());
    read.flatten().map(|numbers| numbers.station).collect()
}
