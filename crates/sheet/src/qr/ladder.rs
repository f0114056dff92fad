//! From a picture to the first acceptable payload, cheap steps first.
//!
//! Each rung prepares an area of the picture in its own way and reads all symbols it then finds. The plain rung reads
//! nearly everything; the others stand in the order of what they cost and what they gain. All places and the whole
//! picture go through the cheap rungs before any goes through the dear ones.

use super::canvas::{Canvas, Threshold};
use super::decode::Effort;
use super::finder::Middle;
use super::outcome::{Area, Detected, Failure, Outcome, Part, Place, Step};
use super::reader::{self, Found, Miss, Search};
use crate::picture::GreyPicture;

/// What is done to the pixels before a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Preparation {
    None,
    /// Half the size: noise and the dots of black and white scans become grey.
    Halved,
    /// Twice the size: modules of two pixels become readable.
    Doubled,
    /// The mean over a square of that radius.
    Smoothed(usize),
    /// Dark and light exchanged.
    Inverted,
}

struct Rung {
    name: &'static str,
    preparation: Preparation,
    search: Search,
}

const LOCAL: Threshold = Threshold { radius: 4, sixteenths: 15 };
const WIDE: Threshold = Threshold { radius: 14, sixteenths: 16 };
const NARROW: Threshold = Threshold { radius: 2, sixteenths: 14 };

const PLAIN: Search =
    Search { threshold: LOCAL, middle: Middle::Dark, stride: 3, partial: false, effort: Effort::Patient };

/// Cheap rungs, then dear ones.
const RUNGS: [&[Rung]; 3] = [
    &[Rung { name: "plain", preparation: Preparation::None, search: PLAIN }],
    &[
        Rung {
            name: "wide-threshold",
            preparation: Preparation::None,
            search: Search { threshold: WIDE, stride: 2, effort: Effort::Stubborn, ..PLAIN },
        },
        Rung {
            name: "half-scale",
            preparation: Preparation::Halved,
            search: Search { stride: 2, effort: Effort::Stubborn, ..PLAIN },
        },
        Rung {
            name: "ring",
            preparation: Preparation::None,
            search: Search { middle: Middle::Any, stride: 2, effort: Effort::Stubborn, ..PLAIN },
        },
        Rung {
            name: "smooth",
            preparation: Preparation::Smoothed(1),
            search: Search { threshold: WIDE, stride: 2, effort: Effort::Stubborn, ..PLAIN },
        },
        Rung {
            name: "double-scale",
            preparation: Preparation::Doubled,
            search: Search { stride: 2, effort: Effort::Stubborn, ..PLAIN },
        },
    ],
    &[
        Rung {
            name: "narrow-threshold",
            preparation: Preparation::None,
            search: Search { threshold: NARROW, stride: 1, effort: Effort::Stubborn, ..PLAIN },
        },
        Rung {
            name: "partial",
            preparation: Preparation::None,
            search: Search { partial: true, stride: 2, effort: Effort::Stubborn, ..PLAIN },
        },
        Rung {
            name: "smooth-partial",
            preparation: Preparation::Smoothed(2),
            search: Search { threshold: NARROW, partial: true, stride: 2, effort: Effort::Stubborn, ..PLAIN },
        },
        Rung {
            name: "ring-partial",
            preparation: Preparation::None,
            search: Search { middle: Middle::Any, partial: true, stride: 1, effort: Effort::Stubborn, ..PLAIN },
        },
        Rung {
            name: "half-scale-ring",
            preparation: Preparation::Halved,
            search: Search { threshold: WIDE, middle: Middle::Any, partial: true, stride: 1, effort: Effort::Stubborn },
        },
        Rung {
            name: "inverted",
            preparation: Preparation::Inverted,
            search: Search { stride: 2, effort: Effort::Stubborn, ..PLAIN },
        },
    ],
];

/// Pixels a canvas may have; larger pictures are halved until they fit, and none is doubled past it.
const MOST_PIXELS: usize = 24_000_000;

/// Looks at `places` in order, then at the whole picture, and stops at the first payload that `accept` takes. A payload
/// that needs confirmation ends the search only when nothing better comes.
///
/// `places` come from a country pack; `accept` is its grammar. Every code of the area in which the accepted payload
/// stands is read, so that a second acceptable one is reported and not hidden. Never panics; holds at most a few times
/// the picture's size in memory.
pub fn read_sheet(picture: &GreyPicture, places: &[Place], accept: &mut dyn FnMut(&str) -> bool) -> Outcome {
    let mut climb = Climb { seen: Vec::new(), miss: None };
    let areas = || {
        let places = places.iter().enumerate();
        places.map(|(index, place)| (Area::Place(index), *place)).chain([(Area::Whole, Place::WHOLE)])
    };
    for rungs in RUNGS {
        for (area, place) in areas() {
            let Some(canvas) = canvas(picture, place) else {
                continue;
            };
            for rung in rungs {
                let step = Step { area, technique: rung.name };
                climb.take(run(&canvas, rung, step));
                if let Some(index) = climb.accepted(accept, false) {
                    return climb.outcome(index);
                }
            }
        }
    }
    if let Some(index) = climb.accepted(accept, true) {
        return climb.outcome(index);
    }
    Outcome::Unread { failure: climb.failure(picture), seen: climb.seen }
}

/// Reads every code of a picture with the cheap rungs.
pub(super) fn read_all(picture: &GreyPicture) -> Vec<Detected> {
    let mut climb = Climb { seen: Vec::new(), miss: None };
    if let Some(canvas) = canvas(picture, Place::WHOLE) {
        for rung in RUNGS.iter().copied().flatten() {
            climb.take(run(&canvas, rung, Step { area: Area::Whole, technique: rung.name }));
            if !climb.seen.is_empty() {
                break;
            }
        }
    }
    climb.seen
}

fn canvas(picture: &GreyPicture, place: Place) -> Option<Canvas> {
    let (left, top, right, bottom) = place.pixels(picture.width(), picture.height());
    let mut canvas = Canvas::crop(picture, left, top, right, bottom)?;
    while canvas.width.saturating_mul(canvas.height) > MOST_PIXELS {
        canvas = canvas.halved()?;
    }
    Some(canvas)
}

fn run(canvas: &Canvas, rung: &Rung, step: Step) -> Found {
    let prepared = match rung.preparation {
        Preparation::None => None,
        Preparation::Halved => canvas.halved(),
        Preparation::Doubled => canvas.doubled(MOST_PIXELS),
        Preparation::Smoothed(radius) => Some(canvas.smoothed(radius)),
        Preparation::Inverted => Some(canvas.inverted()),
    };
    let inverted = rung.preparation == Preparation::Inverted;
    match (&prepared, rung.preparation) {
        (Some(prepared), _) => reader::read(prepared, &rung.search, step, inverted),
        (None, Preparation::None) => reader::read(canvas, &rung.search, step, inverted),
        // The preparation is not possible for a picture of this size.
        (None, _) => Found::default(),
    }
}

/// What the rungs so far gave.
struct Climb {
    /// Different payloads, in the order they were read.
    seen: Vec<Detected>,
    miss: Option<Miss>,
}

impl Climb {
    fn take(&mut self, found: Found) {
        for detected in found.detected {
            let same = |other: &&mut Detected| other.bytes == detected.bytes && other.part == detected.part;
            match self.seen.iter_mut().find(same) {
                // A later step may read with certainty what an earlier one had to guess.
                Some(known) if known.needs_confirmation() && !detected.needs_confirmation() => {
                    *known = detected;
                }
                Some(_) => {}
                None => self.seen.push(detected),
            }
        }
        if let Some(miss) = found.nearest_miss
            && self.miss.as_ref().is_none_or(|old| miss.beats(old))
        {
            self.miss = Some(miss);
        }
        self.join_parts();
    }

    /// The first payload that is accepted, doubtful ones only where asked for.
    fn accepted(&self, accept: &mut dyn FnMut(&str) -> bool, doubtful: bool) -> Option<usize> {
        self.seen.iter().position(|detected| {
            detected.part.is_none() && (doubtful || !detected.needs_confirmation()) && accept(&detected.text)
        })
    }

    fn outcome(mut self, index: usize) -> Outcome {
        let reading = self.seen.remove(index);
        Outcome::Read { reading, others: self.seen }
    }

    /// Replaces the parts of a split payload by the payload once all have been read.
    fn join_parts(&mut self) {
        let keys: Vec<Part> =
            self.seen.iter().filter_map(|detected| detected.part).filter(|part| part.index == 0).collect();
        for key in keys {
            let of_key = |detected: &&Detected| {
                detected.part.is_some_and(|part| part.total == key.total && part.parity == key.parity)
            };
            let mut parts: Vec<Detected> = self.seen.iter().filter(of_key).cloned().collect();
            parts.sort_by_key(|detected| detected.part.map(|part| part.index));
            let complete = parts.len() == usize::from(key.total)
                && parts
                    .iter()
                    .enumerate()
                    .all(|(index, detected)| detected.part.is_some_and(|part| usize::from(part.index) == index));
            if !complete {
                continue;
            }
            let parity = parts.iter().flat_map(|detected| &detected.bytes).fold(0, |parity, byte| parity ^ byte);
            let Some(joined) = join(&parts).filter(|_| parity == key.parity) else {
                continue;
            };
            self.seen.retain(|detected| !of_key(&detected));
            self.seen.push(joined);
        }
    }

    fn failure(&self, picture: &GreyPicture) -> Failure {
        if self.seen.iter().any(|detected| detected.part.is_none()) {
            return Failure::NotAccepted { codes: self.seen.len() };
        }
        let total = self.seen.iter().filter_map(|detected| detected.part).map(|part| part.total).max();
        if let Some(total) = total {
            return Failure::PartsMissing { found: u8::try_from(self.seen.len()).unwrap_or(u8::MAX), total };
        }
        match &self.miss {
            Some(miss) => miss.failure.clone(),
            None => Failure::NoCodeFound { width: picture.width(), height: picture.height() },
        }
    }
}

/// One reading from all parts in order: as weak as its weakest part, standing where the first one stands.
fn join(parts: &[Detected]) -> Option<Detected> {
    let mut joined = parts.first()?.clone();
    joined.part = None;
    for part in parts.iter().skip(1) {
        joined.bytes.extend_from_slice(&part.bytes);
        joined.text.push_str(&part.text);
        joined.correction = match (joined.correction, part.correction) {
            (Some(mut all), Some(one)) => {
                all.errors = all.errors.saturating_add(one.errors);
                all.erasures = all.erasures.saturating_add(one.erasures);
                all.capacity = all.capacity.saturating_add(one.capacity);
                all.spare = all.spare.min(one.spare);
                all.evidence_bits = all.evidence_bits.min(one.evidence_bits);
                Some(all)
            }
            _ => None,
        };
    }
    Some(joined)
}
