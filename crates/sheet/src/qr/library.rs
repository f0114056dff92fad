//! The reader of an existing library behind [`CodeReader`].

use super::{Area, CodeReader, Detected, Point, Step};
use crate::picture::GreyPicture;

/// The QR reader of the `rxing` library.
pub struct LibraryReader;

impl CodeReader for LibraryReader {
    fn name(&self) -> &'static str {
        "rxing"
    }

    fn read(&self, picture: &GreyPicture) -> Vec<Detected> {
        let (width, height) = (picture.width(), picture.height());
        if width == 0 || height == 0 {
            return Vec::new();
        }
        let pixels = picture.pixels().to_vec();
        // The library indexes without checks in places and may panic on hostile pictures. It gets its own copy of the
        // pixels and keeps no state between calls, so nothing half changed outlives an unwinding.
        let found = std::panic::catch_unwind(move || {
            let mut hints = rxing::DecodeHints::default();
            hints.PossibleFormats = Some(std::collections::HashSet::from([
                rxing::BarcodeFormat::QR_CODE,
            ]));
            rxing::helpers::detect_multiple_in_luma_with_hints(pixels, width, height, &mut hints)
        });
        let Ok(Ok(found)) = found else {
            return Vec::new();
        };
        found
            .iter()
            .map(|result| {
                let points: Vec<Point> = result
                    .getPoints()
                    .iter()
                    .map(|point| Point {
                        x: point.x,
                        y: point.y,
                    })
                    .collect();
                Detected {
                    bytes: result.getText().as_bytes().to_vec(),
                    text: result.getText().to_owned(),
                    corners: std::array::from_fn(|index| {
                        points.get(index).copied().unwrap_or_default()
                    }),
                    reader: self.name(),
                    step: Step {
                        area: Area::Whole,
                        technique: "library",
                    },
                    version: 0,
                    correction: None,
                    part: None,
                    mirrored: false,
                    inverted: false,
                }
            })
            .collect()
    }
}
