//! The JPEG bit stream itself: quantised coefficients in and out, without touching pixels.

pub(crate) mod segment;
