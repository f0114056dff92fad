//! Conversions between real positions and whole numbers, in one place because each of them cuts something off.

/// The whole part of a value that is not negative; 0 for negative values and what is no number, capped at the top.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, as documented")]
pub(super) fn whole(value: f32) -> u32 {
    value as u32
}

/// The pixel or cell that holds a position; `None` outside `0..length`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to lie within the length")]
pub(super) fn cell(position: f32, length: usize) -> Option<usize> {
    (position >= 0.0 && position < length as f32).then(|| (position as usize).min(length - 1))
}

/// The nearest whole number, saturating; 0 for what is no number.
#[expect(clippy::cast_possible_truncation, reason = "saturates, as documented")]
pub(super) fn nearest(value: f32) -> i32 {
    value.round() as i32
}

/// Binary places of a fixed-point position: a 4,096th of a pixel, and pictures of up to half a million pixels a side.
const PLACES: u32 = 12;

/// A position or a distance in fixed point, saturating.
#[expect(clippy::cast_possible_truncation, reason = "saturates, as documented")]
pub(super) fn fixed(value: f32) -> i32 {
    (value * (1 << PLACES) as f32).clamp(-1e9, 1e9) as i32
}

/// The pixel that holds a fixed-point position; the first one for negative positions.
#[inline(always)]
#[expect(clippy::cast_sign_loss, reason = "negative positions become 0, as documented")]
pub(super) fn unfixed(value: i32) -> usize {
    (value >> PLACES).max(0) as usize
}

/// A fixed-point distance in pixels.
pub(super) fn real(value: i32) -> f32 {
    value as f32 / (1 << PLACES) as f32
}
