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
