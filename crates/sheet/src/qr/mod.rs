//! Finding and reading the QR codes of a picture.
//!
//! [`read_sheet`] is the way in: it looks where the country pack says the code stands, then everywhere, and returns the
//! first payload that the pack's grammar accepts, or the reason why there is none.

mod ladder;
mod library;
mod outcome;

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
