//! From a picture to the first acceptable payload, cheap steps first.

use super::library::LibraryReader;
use super::{Area, CodeReader, Detected, Failure, Outcome, Place, Step};
use crate::picture::GreyPicture;

/// Looks at `places` in order, then at the whole picture, and stops at the first payload that `accept` takes.
///
/// `places` come from a country pack; `accept` is its grammar. Every code of the area in which the accepted payload
/// stands is read, so that a second acceptable one is reported and not hidden.
pub fn read_sheet(
    picture: &GreyPicture,
    places: &[Place],
    accept: &mut dyn FnMut(&str) -> bool,
) -> Outcome {
    let areas = places
        .iter()
        .enumerate()
        .map(|(index, place)| (Area::Place(index), *place))
        .chain([(Area::Whole, Place::WHOLE)]);
    let mut seen: Vec<Detected> = Vec::new();
    for (area, place) in areas {
        let (left, top, right, bottom) = place.pixels(picture.width(), picture.height());
        let Some(crop) = crop(picture, left, top, right, bottom) else {
            continue;
        };
        for mut detected in LibraryReader.read(&crop) {
            detected.step = Step {
                area,
                technique: "library",
            };
            for corner in &mut detected.corners {
                corner.x += left as f32;
                corner.y += top as f32;
            }
            if seen.iter().all(|other| other.bytes != detected.bytes) {
                seen.push(detected);
            }
        }
        if let Some(index) = seen.iter().position(|detected| accept(&detected.text)) {
            let reading = seen.remove(index);
            return Outcome::Read {
                reading,
                others: seen,
            };
        }
    }
    let failure = if seen.is_empty() {
        Failure::NoCodeFound {
            width: picture.width(),
            height: picture.height(),
        }
    } else {
        Failure::NotAccepted { codes: seen.len() }
    };
    Outcome::Unread { failure, seen }
}

/// Part of a picture; `None` when it is empty or reaches outside.
fn crop(
    picture: &GreyPicture,
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
) -> Option<GreyPicture> {
    let width = right.checked_sub(left).filter(|width| *width > 0)?;
    let height = bottom.checked_sub(top).filter(|height| *height > 0)?;
    let stride = usize::try_from(picture.width()).ok()?;
    let (from, count) = (usize::try_from(left).ok()?, usize::try_from(width).ok()?);
    let mut pixels = Vec::new();
    for row in picture
        .pixels()
        .chunks_exact(stride)
        .skip(usize::try_from(top).ok()?)
        .take(usize::try_from(height).ok()?)
    {
        pixels.extend_from_slice(row.get(from..from.checked_add(count)?)?);
    }
    GreyPicture::new(width, height, pixels)
}
