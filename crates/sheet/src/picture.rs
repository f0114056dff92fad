//! Bounded decoding: what kind of picture is this, and what are its pixels.

/// An 8-bit grey picture, row by row from the top left, without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GreyPicture {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl GreyPicture {
    /// `pixels` holds `width * height` bytes; `None` when it does not.
    #[must_use]
    pub fn new(width: u32, height: u32, pixels: Vec<u8>) -> Option<Self> {
        let expected = usize::try_from(u64::from(width) * u64::from(height)).ok()?;
        (pixels.len() == expected).then_some(Self { width, height, pixels })
    }

    /// Width in pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// All pixels, row by row; 0 is black, 255 is white.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }
}
