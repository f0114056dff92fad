//! The QR code at the foot of a strip.

use qrcodegen::{QrCode, QrCodeEcc, QrSegment, Version};

use super::DrawError;
use super::numbers::{index, unsigned};
use super::surface::Surface;
use crate::picture::Rectangle;

/// How much of a QR code may be lost before it cannot be read (ISO/IEC 18004, table of error correction levels).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorCorrection {
    /// L: about 7 % of the codewords.
    Low,
    /// M: about 15 %.
    Medium,
    /// Q: about 25 %; what polling machines have been seen to print.
    #[default]
    Quartile,
    /// H: about 30 %.
    High,
}

/// Where a QR code stands, without its quiet zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodePlace {
    /// From the first to the last module.
    pub area: Rectangle,
    /// Modules along each side: 21 for version 1, four more for each version after.
    pub modules: u32,
}

/// The size that a code is drawn at, as near as whole pixels per module come to it.
const SIDE: i32 = 448;

/// A payload turned into modules, not yet drawn.
pub(super) struct Code {
    symbol: QrCode,
    /// Pixels along each side of a module.
    module: i32,
}

impl Code {
    /// Byte mode at exactly the asked level, as polling machines print it: an encoder left to itself would mix modes.
    pub(super) fn of(payload: &str, correction: ErrorCorrection) -> Result<Self, DrawError> {
        let level = match correction {
            ErrorCorrection::Low => QrCodeEcc::Low,
            ErrorCorrection::Medium => QrCodeEcc::Medium,
            ErrorCorrection::Quartile => QrCodeEcc::Quartile,
            ErrorCorrection::High => QrCodeEcc::High,
        };
        let segments = [QrSegment::make_bytes(payload.as_bytes())];
        let symbol = QrCode::encode_segments_advanced(&segments, level, Version::MIN, Version::MAX, None, false)
            .map_err(|_| DrawError::Payload { bytes: payload.len(), correction })?;
        let module = ((SIDE + symbol.size() / 2) / symbol.size()).max(2);
        Ok(Self { symbol, module })
    }

    /// Pixels along each side.
    pub(super) fn side(&self) -> i32 {
        self.symbol.size() * self.module
    }

    /// The blank margin of four modules that the standard asks for on every side.
    pub(super) fn quiet_zone(&self) -> i32 {
        4 * self.module
    }

    pub(super) fn draw(&self, surface: &mut Surface, left: i32, top: i32) -> CodePlace {
        surface.extend_to(index(top + self.side() + self.quiet_zone()));
        for row in 0..self.symbol.size() {
            for column in 0..self.symbol.size() {
                if self.symbol.get_module(column, row) {
                    let (x, y) = (left + column * self.module, top + row * self.module);
                    surface.fill(x, y, self.module, self.module, 0);
                }
            }
        }
        let side = unsigned(self.side());
        CodePlace {
            area: Rectangle { left: unsigned(left), top: unsigned(top), width: side, height: side },
            modules: unsigned(self.symbol.size()),
        }
    }
}
