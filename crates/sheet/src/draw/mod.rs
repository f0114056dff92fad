//! Drawing simulated tally sheets, so that everything that reads sheets can be rehearsed and tried without anyone's data.
//!
//! A [`Strip`] says in plain texts and numbers what stands on a sheet, [`Strip::draw`] prints it, [`Capture`] scans it,
//! and a [`Defect`] damages it. All are pure functions: the same input and seed give the same pixels, and [`encode_jpeg`]
//! the same bytes, on every machine. Whatever is computed with fractions uses only operations that IEEE 754 fixes to the
//! last bit.

mod capture;
mod code;
mod defect;
mod jpeg;
mod lettering;
mod numbers;
mod pen;
mod random;
mod strip;
mod surface;
#[cfg(test)]
mod tests;

pub use capture::Capture;
pub use code::{CodePlace, ErrorCorrection};
pub use defect::{Defect, Strength, apply, beside};
pub use jpeg::{JpegSizeError, encode_jpeg};
pub use strip::{DrawnSheet, Fact, Line, Part, Place, QrPrint, Section, SignatureArea, Strip, Table};

/// Why a strip cannot be drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrawError {
    /// A text holds a character that the font lacks.
    #[error("the strip's font has only ISO 8859-1, not {character:?} as in {text:?}; transliterate the text first")]
    Character {
        /// The first such character.
        character: char,
        /// The line of text it stands in.
        text: String,
    },
    /// A payload is longer than the largest QR code holds.
    #[error(
        "a payload of {bytes} bytes does not fit into one QR code at level {correction:?}; shorten it, split it or choose a lower level"
    )]
    Payload {
        /// Length of the payload.
        bytes: usize,
        /// The level it was to be printed at.
        correction: ErrorCorrection,
    },
    /// The strip has more rows than a JPEG file can hold.
    #[error("the strip would be {height} pixels tall, more than {limit}; print fewer lines on one sheet")]
    TooTall {
        /// Rows that the strip needs.
        height: usize,
        /// Rows that it may have.
        limit: usize,
    },
}
