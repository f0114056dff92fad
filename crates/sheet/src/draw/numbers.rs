//! The few conversions and functions that drawing needs, written so that they give the same result on every machine.
//!
//! IEEE 754 fixes `+`, `-`, `*`, `/`, `sqrt` and `floor` to the last bit; the sine of a platform's library is not fixed,
//! so it is computed here from those alone.

/// The largest whole number not above `value`, held within `i32`.
#[allow(clippy::cast_possible_truncation, reason = "a float cast saturates, and pictures are far smaller than i32")]
pub(super) fn floor(value: f32) -> i32 {
    value.floor() as i32
}

/// `value` rounded to the nearest grey level, held within 0..=255.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range of a byte first")]
pub(super) fn grey(value: f32) -> u8 {
    (value + 0.5).clamp(0.0, 255.0) as u8
}

/// A coordinate as an index; what lies left of or above the picture becomes 0.
pub(super) fn index(coordinate: i32) -> usize {
    usize::try_from(coordinate).unwrap_or(0)
}

/// An index or a length as a coordinate.
pub(super) fn coordinate(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}

/// A public pixel position as a coordinate.
pub(super) fn signed(position: u32) -> i32 {
    i32::try_from(position).unwrap_or(i32::MAX)
}

/// A coordinate as a public pixel position; what lies left of or above the picture becomes 0.
pub(super) fn unsigned(coordinate: i32) -> u32 {
    u32::try_from(coordinate).unwrap_or(0)
}

/// The sine of an angle given in full turns, good to 4 parts in a million.
#[allow(clippy::cast_possible_truncation, reason = "a sine needs no more than the precision of f32")]
pub(super) fn sine(turns: f32) -> f32 {
    let turns = f64::from(turns);
    let turns = turns - turns.floor();
    // Folded into the quarter turn on either side of zero, where five terms of the series are enough.
    let folded = if turns < 0.25 {
        turns
    } else if turns < 0.75 {
        0.5 - turns
    } else {
        turns - 1.0
    };
    let angle = folded * std::f64::consts::TAU;
    let square = angle * angle;
    let series = 1.0 - square / 6.0 * (1.0 - square / 20.0 * (1.0 - square / 42.0 * (1.0 - square / 72.0)));
    (angle * series) as f32
}

/// The cosine of an angle given in full turns.
pub(super) fn cosine(turns: f32) -> f32 {
    sine(turns + 0.25)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sine_is_close_to_the_library_at_every_degree() {
        for degree in -400_i16..=800 {
            let turns = f32::from(degree) / 360.0;
            let expected = (turns * std::f32::consts::TAU).sin();
            assert!((sine(turns) - expected).abs() < 1e-5, "{degree} degrees: {} {expected}", sine(turns));
        }
    }

    #[test]
    fn floats_outside_the_greys_are_held_at_the_ends() {
        assert_eq!((grey(-3.0), grey(0.4), grey(0.6), grey(254.5), grey(900.0)), (0, 0, 1, 255, 255));
    }
}
