//! Finding and reading the QR codes of a picture (ISO/IEC 18004, model 2).
//!
//! [`read_sheet`] is the way in: it looks where the country pack says the code stands, then everywhere, and returns the
//! first payload that the pack's grammar accepts, or the reason why there is none.
//!
//! The way of a symbol: [`canvas`] prepares pixels and thresholds, [`finder`] finds the corner patterns, [`locate`]
//! combines them, [`grid`] lays the modules over the picture and reads them, [`format`], [`codewords`],
//! [`reed_solomon`] and [`segments`] turn them into a payload. [`ladder`] repeats that with other preparations.

mod adapt;
mod alignment;
mod blots;
mod canvas;
mod codewords;
mod contrast;
mod correlation;
mod decode;
mod finder;
mod format;
mod geometry;
mod grid;
mod ladder;
mod locate;
mod modules;
mod numbers;
mod outcome;
mod reader;
mod reed_solomon;
mod segments;
mod symbol;
#[cfg(test)]
mod tests;

pub use ladder::read_sheet;
pub use outcome::{Area, Correction, Detected, Failure, Outcome, Part, Place, Point, Step};

use crate::picture::GreyPicture;

/// Something that reads the codes of a picture.
pub trait CodeReader {
    /// A stable name, recorded with every reading.
    fn name(&self) -> &'static str;

    /// Every code it finds and can read, in no particular order. Never panics, whatever the pixels.
    fn read(&self, picture: &GreyPicture) -> Vec<Detected>;
}

/// Name of the reader of this module.
const READER: &str = "qr";

/// The reader of this module.
#[derive(Clone, Copy, Debug, Default)]
pub struct QrReader;

impl CodeReader for QrReader {
    fn name(&self) -> &'static str {
        READER
    }

    fn read(&self, picture: &GreyPicture) -> Vec<Detected> {
        ladder::read_all(picture)
    }
}
