//! How numbers leave this crate: whole numbers exactly, others with twelve significant digits, so that the same archive
//! gives the same text on every machine.

use serde_json::{Number, Value};

/// Significant digits of a published number that is not whole.
pub const DIGITS: usize = 12;

/// The nearest number with [`DIGITS`] significant digits.
#[must_use]
pub fn rounded(number: f64) -> f64 {
    if !number.is_finite() || number == 0.0 {
        return number;
    }
    format!("{number:.*e}", DIGITS - 1).parse().unwrap_or(number)
}

/// Rounds every number of an answer that is not whole.
pub fn publish(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            if let Some(exact) = number.as_f64().and_then(|number| Number::from_f64(rounded(number))) {
                *number = exact;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(publish),
        Value::Object(fields) => fields.values_mut().for_each(publish),
        _ => {}
    }
}

/// A count as a floating number. Exact below 2^53, which no election reaches.
#[must_use]
pub fn real(count: u64) -> f64 {
    count as f64
}

/// A length as a floating number.
#[must_use]
pub fn size(length: usize) -> f64 {
    length as f64
}

/// A difference of two counts.
#[must_use]
pub fn difference(one: u64, other: u64) -> i64 {
    i64::try_from(i128::from(one) - i128::from(other)).unwrap_or(if one > other { i64::MAX } else { i64::MIN })
}

/// Adds the signed and the unsigned without overflow.
#[must_use]
pub fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The whole number not above, for numbers from 0 to 2^53.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
pub fn floor(number: f64) -> u64 {
    number.floor().clamp(0.0, 9_007_199_254_740_992.0) as u64
}

/// The whole number not below, for numbers from 0 to 2^53.
#[must_use]
pub fn ceiling(number: f64) -> u64 {
    floor(number.ceil())
}

/// Sum over many numbers with a correction for what rounding loses (Neumaier), so that the order matters little.
#[must_use]
pub fn sum(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let (mut total, mut lost) = (0.0_f64, 0.0_f64);
    for number in numbers {
        let next = total + number;
        lost += if total.abs() >= number.abs() { (total - next) + number } else { (number - next) + total };
        total = next;
    }
    total + lost
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn whole_numbers_stay_and_others_are_rounded() {
        let mut value = json!({ "a": 7_156_462, "b": [0.123_456_789_012_345_67, 1e-300], "c": "0.1", "d": 2.0 });
        publish(&mut value);
        assert_eq!(value.to_string(), r#"{"a":7156462,"b":[0.123456789012,1e-300],"c":"0.1","d":2.0}"#);
    }

    #[test]
    fn small_parts_are_not_lost_in_a_sum() {
        assert!((sum([1e16, 1.0, -1e16, 1.0]) - 2.0).abs() < f64::EPSILON);
    }

    #[test]
    fn differences_have_a_sign() {
        assert_eq!(difference(3, 5), -2);
        assert_eq!((floor(2.9), ceiling(2.1), floor(-1.0)), (2, 3, 0));
    }
}
